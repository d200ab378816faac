/** The sandbox over HTTP, asked by the real SDK clients. */
import {
  CreateTableCommand,
  DeleteItemCommand,
  DescribeTableCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
} from '@aws-sdk/client-dynamodb'
import {
  AssumeRoleCommand,
  AssumeRoleWithWebIdentityCommand,
  GetCallerIdentityCommand,
  STSClient,
} from '@aws-sdk/client-sts'
import type { Fault } from '../../sandbox/faults.ts'
import type { SandboxOptions } from '../../sandbox/options.ts'
import { sequentialDepth } from '../../sandbox/request-log.ts'
import { type Sandbox, startSandbox } from '../../sandbox/sandbox.ts'
import { externalId, hubAccessKey, hubRole, provisionerRole, twoAccounts } from '../../sandbox/two-accounts.ts'

let now: number
let sandbox: Sandbox

async function start(options: SandboxOptions = {}): Promise<void> {
  now = Date.now()
  sandbox = await startSandbox({ ...twoAccounts('dev'), now: () => now, ...options })
}

afterEach(() => sandbox.close())

type Keys = { readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken?: string }
const hubKey: Keys = hubAccessKey
const sts = (credentials: Keys = hubKey) =>
  new STSClient({ endpoint: sandbox.url, region: 'ap-south-1', maxAttempts: 1, credentials })
const dynamoDb = (credentials: Keys = hubKey, region = 'ap-south-1') =>
  new DynamoDBClient({ endpoint: sandbox.url, region, maxAttempts: 1, credentials, accountIdEndpointMode: 'disabled' })

async function idToken(audience = 'sts.amazonaws.com'): Promise<string> {
  const { ACTIONS_ID_TOKEN_REQUEST_URL: url, ACTIONS_ID_TOKEN_REQUEST_TOKEN: token } = sandbox.environment
  const response = await fetch(`${url}&audience=${audience}`, { headers: { authorization: `Bearer ${token}` } })
  return ((await response.json()) as { value: string }).value
}

async function assumeHub(WebIdentityToken: string, changes: object = {}) {
  return await sts().send(
    new AssumeRoleWithWebIdentityCommand({ RoleArn: hubRole, RoleSessionName: 'job', WebIdentityToken, ...changes }),
  )
}

async function assumeProvisioner(credentials: Keys = hubKey, changes: object = {}) {
  return await sts(credentials).send(
    new AssumeRoleCommand({ RoleArn: provisionerRole, RoleSessionName: 'job', ExternalId: externalId, ...changes }),
  )
}

function keysOf({
  Credentials,
}: {
  Credentials?:
    | { AccessKeyId?: string | undefined; SecretAccessKey?: string | undefined; SessionToken?: string | undefined }
    | undefined
}): Keys {
  return {
    accessKeyId: Credentials?.AccessKeyId ?? '',
    secretAccessKey: Credentials?.SecretAccessKey ?? '',
    sessionToken: Credentials?.SessionToken ?? '',
  }
}

describe('STS', () => {
  it('gives a session of the hub role for a token of the job, and of the provisioner for that session', async () => {
    await start()
    const hub = await assumeHub(await idToken())
    expect(hub.AssumedRoleUser?.Arn).toBe('arn:aws:sts::111111111111:assumed-role/github-hub/job')
    const provisioner = await assumeProvisioner(keysOf(hub))
    expect(provisioner.AssumedRoleUser?.Arn).toBe(
      'arn:aws:sts::222222222222:assumed-role/tenant-tables-provisioner/job',
    )
    const identity = await sts(keysOf(provisioner)).send(new GetCallerIdentityCommand({}))
    expect([identity.Account, identity.Arn]).toEqual(['222222222222', provisioner.AssumedRoleUser?.Arn])
  })

  it('refuses a token of another audience, another job, another maker, or another time', async () => {
    await start()
    await expect(assumeHub(await idToken('other'))).rejects.toMatchObject({ name: 'AccessDenied' })
    await expect(assumeHub('a.b.c')).rejects.toMatchObject({ name: expect.stringMatching(/^InvalidIdentityToken/) })
    const token = await idToken()
    now += 300_000
    await expect(assumeHub(token)).rejects.toMatchObject({ name: expect.stringMatching(/^ExpiredToken/) })
    await sandbox.close()
    await start({ oidcClaims: { sub: 'repo:acme@1/app@2:environment:staging' } })
    await expect(assumeHub(await idToken())).rejects.toMatchObject({ name: 'AccessDenied' })
  })

  it('gives no token to somebody who is not the job', async () => {
    await start()
    const response = await fetch(`${sandbox.url}/oidc/token?audience=x`, { headers: { authorization: 'Bearer guess' } })
    expect(response.status).toBe(401)
  })

  it('refuses a wrong external id, an unknown role, and a caller that the role does not trust', async () => {
    await start({
      roles: [
        { arn: hubRole, principals: ['arn:aws:iam::333333333333:root', 'arn:aws:iam::111111111111:role/other'] },
        { arn: provisionerRole, principals: ['arn:aws:iam::111111111111:root'], externalId },
      ],
    })
    await expect(assumeProvisioner()).resolves.toBeDefined()
    const denied = {
      name: 'AccessDenied',
      message: expect.stringContaining('is not authorized to perform: sts:AssumeRole'),
    }
    await expect(assumeProvisioner(hubKey, { ExternalId: 'wrong' })).rejects.toMatchObject(denied)
    await expect(assumeProvisioner(hubKey, { RoleArn: hubRole })).rejects.toMatchObject(denied)
    await expect(assumeProvisioner(hubKey, { RoleArn: `${hubRole}-2` })).rejects.toMatchObject(denied)
  })

  it('holds role chaining to an hour, sessions to their role, and names to their pattern', async () => {
    await start()
    const hub = keysOf(await assumeHub(await idToken()))
    const invalid = (message: RegExp) => ({ name: 'ValidationError', message: expect.stringMatching(message) })
    await expect(assumeProvisioner(hub, { DurationSeconds: 3601 })).rejects.toMatchObject(invalid(/role chaining/))
    await expect(assumeProvisioner(hubKey, { DurationSeconds: 3601 })).rejects.toMatchObject(
      invalid(/MaxSessionDuration/),
    )
    await expect(assumeProvisioner(hubKey, { DurationSeconds: 899 })).rejects.toMatchObject(invalid(/durationSeconds/))
    await expect(assumeProvisioner(hubKey, { RoleSessionName: 'a b' })).rejects.toMatchObject(
      invalid(/roleSessionName/),
    )
  })

  it('knows no key that it did not give, and none that ran out', async () => {
    await start()
    const stranger = { accessKeyId: 'AKIASTRANGER', secretAccessKey: 'x' }
    const session = keysOf(await assumeProvisioner())
    const who = (keys: Keys) => sts(keys).send(new GetCallerIdentityCommand({}))
    const read = (keys: Keys) => dynamoDb(keys).send(new DescribeTableCommand({ TableName: 'users' }))
    await expect(who(stranger)).rejects.toMatchObject({ name: 'InvalidClientTokenId' })
    await expect(read(stranger)).rejects.toMatchObject({ name: 'UnrecognizedClientException' })
    await expect(read({ ...session, sessionToken: 'another' })).rejects.toMatchObject({
      name: 'UnrecognizedClientException',
    })
    await expect(read(session)).rejects.toMatchObject({ name: 'ResourceNotFoundException' })
    now += 3_600_000
    await expect(who(session)).rejects.toMatchObject({ name: 'ExpiredToken' })
    await expect(read(session)).rejects.toMatchObject({ name: 'ExpiredTokenException' })
  })
})

const create = new CreateTableCommand({
  TableName: 'users',
  AttributeDefinitions: [{ AttributeName: 'tenant_id', AttributeType: 'S' }],
  KeySchema: [{ AttributeName: 'tenant_id', KeyType: 'HASH' }],
  BillingMode: 'PAY_PER_REQUEST',
  Tags: [{ Key: 'team', Value: 'core' }],
})

it('keeps every account and every region apart', async () => {
  await start()
  const target = keysOf(await assumeProvisioner())
  await dynamoDb(target).send(create)
  const look = (keys: Keys, region: string) =>
    dynamoDb(keys, region).send(new DescribeTableCommand({ TableName: 'users' }))
  expect((await look(target, 'ap-south-1')).Table?.TableArn).toBe(
    'arn:aws:dynamodb:ap-south-1:222222222222:table/users',
  )
  await expect(look(target, 'eu-west-1')).rejects.toMatchObject({ name: 'ResourceNotFoundException' })
  await expect(look(hubKey, 'ap-south-1')).rejects.toMatchObject({ name: 'ResourceNotFoundException' })
})

describe('items', () => {
  const tenant_id = { S: 'a' }

  it('are kept, found, refused by conditions, and lost with their table', async () => {
    await start()
    const client = dynamoDb()
    const put = () =>
      client.send(
        new PutItemCommand({
          TableName: 'users',
          Item: { tenant_id, name: { S: 'A' } },
          ConditionExpression: 'attribute_not_exists(tenant_id)',
        }),
      )
    await expect(put()).rejects.toMatchObject({ name: 'ResourceNotFoundException' })
    await client.send(create)
    await expect(put()).rejects.toMatchObject({ name: 'ResourceNotFoundException' })
    now += 60_000
    await Promise.all([put(), client.send(new GetItemCommand({ TableName: 'users', Key: { tenant_id } }))])
    await expect(put()).rejects.toMatchObject({ name: 'ConditionalCheckFailedException' })
    const found = await client.send(
      new QueryCommand({
        TableName: 'users',
        KeyConditionExpression: 'tenant_id = :t',
        ExpressionAttributeValues: { ':t': tenant_id },
      }),
    )
    expect(found.Items).toEqual([{ tenant_id, name: { S: 'A' } }])
    const hands = sandbox.account('111111111111', 'ap-south-1')
    await hands.call('DeleteTable', { TableName: 'users' })
    now += 60_000
    await client.send(create)
    now += 60_000
    expect((await client.send(new ScanCommand({ TableName: 'users' }))).Count).toBe(0)
    await put()
    await client.send(new DeleteItemCommand({ TableName: 'users', Key: { tenant_id } }))
    expect((await client.send(new ScanCommand({ TableName: 'users' }))).Count).toBe(0)
  })
})

describe('hands', () => {
  it('bring a table to states, and tags, that only AWS can', async () => {
    await start()
    const hands = sandbox.account('111111111111', 'ap-south-1')
    await dynamoDb().send(create)
    now += 60_000
    hands.forceStatus('users', 'ARCHIVED')
    expect(await hands.call('DescribeTable', { TableName: 'users' })).toMatchObject({
      Table: { TableStatus: 'ARCHIVED' },
    })
    hands.forceStatus('users', undefined)
    hands.tagAsAws('users', 'aws:cloudformation:stack-name', 'JobWork')
    expect(hands.table('users')?.tags.get('aws:cloudformation:stack-name')).toBe('JobWork')
    expect(() => hands.forceStatus('none', 'ARCHIVED')).toThrow('There is no table "none"')
    await sandbox.reset()
    expect(sandbox.account('111111111111', 'ap-south-1').table('users')).toBeUndefined()
  })
})

describe('the request log', () => {
  it('tells each request with the IAM actions that AWS checks for it', async () => {
    await start()
    await dynamoDb().send(create)
    await assumeProvisioner()
    await idToken()
    const resource = 'arn:aws:dynamodb:ap-south-1:111111111111:table/users'
    expect(
      sandbox.requests.map(({ service, operation, actions, account, table, status }) => ({
        service,
        operation,
        actions,
        account,
        table,
        status,
      })),
    ).toEqual([
      {
        service: 'dynamodb',
        operation: 'CreateTable',
        actions: [
          { action: 'dynamodb:CreateTable', resource },
          { action: 'dynamodb:TagResource', resource },
        ],
        account: '111111111111',
        table: 'users',
        status: 200,
      },
      {
        service: 'sts',
        operation: 'AssumeRole',
        actions: [{ action: 'sts:AssumeRole', resource: provisionerRole }],
        account: '111111111111',
        table: undefined,
        status: 200,
      },
      { service: 'oidc', operation: 'GetToken', actions: [], account: '', table: undefined, status: 200 },
    ])
    sandbox.clearRequests()
    expect(sandbox.requests).toEqual([])
  })

  it('tells how many requests had to wait for one before them', async () => {
    await start({ latencyMilliseconds: 25, connectionMilliseconds: 5 })
    const client = dynamoDb()
    const look = () => client.send(new DescribeTableCommand({ TableName: 'users' })).catch(() => undefined)
    await look()
    await Promise.all([look(), look(), look()])
    expect(sandbox.requests).toHaveLength(4)
    expect(sequentialDepth(sandbox.requests)).toBe(2)
  })
})

describe('faults', () => {
  const look = () => dynamoDb().send(new DescribeTableCommand({ TableName: 'users' }))
  const usually = { name: 'ResourceNotFoundException' }
  const faults: readonly [Fault, object][] = [
    [{ kind: 'throttle' }, { name: 'ThrottlingException', message: 'Rate exceeded' }],
    [
      { kind: 'error', errorName: 'InternalServerError' },
      { name: 'InternalServerError', $metadata: { httpStatusCode: 500 } },
    ],
    [{ kind: 'error', status: 503, message: 'busy' }, { $metadata: { httpStatusCode: 503 } }],
    [{ kind: 'html' }, { $metadata: { httpStatusCode: 503 } }],
    [{ kind: 'reset' }, { message: expect.stringContaining('socket hang up') }],
    [{ kind: 'cut' }, { message: expect.stringContaining('aborted') }],
    [{ kind: 'lost-answer' }, { message: expect.stringContaining('socket hang up') }],
    [{ kind: 'delay', milliseconds: 1 }, usually],
  ]

  it.each(faults)('%j hits one request, and is then over', async (fault, error) => {
    await start()
    sandbox.faults.add(fault)
    await expect(look()).rejects.toMatchObject(error)
    await expect(look()).rejects.toMatchObject(usually)
  })

  it('hit what they name, after so many, so many times', async () => {
    await start()
    sandbox.faults.add({
      kind: 'throttle',
      service: 'dynamodb',
      operation: 'DescribeTable',
      table: 'users',
      after: 1,
      times: 2,
    })
    sandbox.faults.add({ kind: 'throttle', operation: 'CreateTable' })
    const seen: string[] = []
    for (let calls = 0; calls < 4; calls += 1) await look().catch((error: Error) => seen.push(error.name))
    expect(seen).toEqual([usually.name, 'ThrottlingException', 'ThrottlingException', usually.name])
    sandbox.faults.clear()
    await expect(dynamoDb().send(create)).resolves.toBeDefined()
  })

  it('a lost answer is to something that was done', async () => {
    await start()
    sandbox.faults.add({ kind: 'lost-answer', operation: 'CreateTable' })
    await expect(dynamoDb().send(create)).rejects.toThrow('socket hang up')
    expect(sandbox.account('111111111111', 'ap-south-1').table('users')).toBeDefined()
  })

  it('are in the names of STS where they hit STS', async () => {
    await start()
    sandbox.faults.add({ kind: 'throttle', service: 'sts' })
    await expect(sts().send(new GetCallerIdentityCommand({}))).rejects.toMatchObject({ name: 'Throttling' })
  })
})
