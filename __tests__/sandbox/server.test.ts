/** The sandbox over HTTP, asked by the real SDK clients. */
import { CreateTableCommand, DescribeTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts'
import type { SandboxOptions } from '../../sandbox/options.ts'
import { sequentialDepth } from '../../sandbox/request-log.ts'
import { type Sandbox, startSandbox } from '../../sandbox/sandbox.ts'
import { externalId, hubAccessKey, provisionerRole, twoAccounts } from '../../sandbox/two-accounts.ts'

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

it('is asked once for what is final, however far its time is from ours', async () => {
  await start()
  now += 3_600_000
  const { url: endpoint } = sandbox
  const client = new DynamoDBClient({ endpoint, region: 'ap-south-1', maxAttempts: 2, credentials: hubKey })
  await expect(client.send(new DescribeTableCommand({ TableName: 'users' }))).rejects.toMatchObject({
    name: 'ResourceNotFoundException',
  })
  expect(sandbox.requests).toHaveLength(1)
})

describe('hands', () => {
  it('bring a table to states, and tags, that only AWS can', async () => {
    await start()
    const hands = sandbox.account('111111111111', 'ap-south-1')
    await dynamoDb().send(create)
    now += 60_000
    hands.setTableStatus('users', 'ARCHIVED')
    expect(await hands.call('DescribeTable', { TableName: 'users' })).toMatchObject({
      Table: { TableStatus: 'ARCHIVED' },
    })
    hands.setTableStatus('users', undefined)
    hands.setTags('users', { 'aws:reserved': 'x' })
    expect(hands.table('users')?.tags.get('aws:reserved')).toBe('x')
    expect(() => hands.setTableStatus('none', 'ARCHIVED')).toThrow('There is no table "none"')
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
