/** The request log: IAM actions, errors, times and round trips. */
import { sequentialDepth } from '../../sandbox/request-log.ts'
import { arnOf, aTable, type Harness, hub, refusal, region, startHarness, target, userKey } from './harness.ts'

let harness: Harness

beforeAll(async () => {
  const role = { arn: `arn:aws:iam::${target}:role/provisioner`, principals: [userKey(hub).principal] }
  harness = await startHarness({ roles: [role], latencyMilliseconds: 20, connectionMilliseconds: 5 })
})
beforeEach(() => harness.sandbox.clearRequests())
afterAll(() => harness.close())

const actions = () => harness.sandbox.requests.flatMap((request) => request.actions)

/** The permissions that DynamoDB requires of the caller on a key of the account. */
const keyActions = [
  'kms:CreateGrant',
  'kms:Decrypt',
  'kms:DescribeKey',
  'kms:Encrypt',
  'kms:GenerateDataKey',
  'kms:GenerateDataKeyWithoutPlaintext',
  'kms:ReEncryptFrom',
  'kms:ReEncryptTo',
]

describe('the IAM actions', () => {
  it('of CreateTable include those of its tags, resource policy and key', async () => {
    const KMSMasterKeyId = `arn:aws:kms:${region}:${target}:key/mine`
    const context = { 'kms:ViaService': `dynamodb.${region}.amazonaws.com`, 'kms:ResourceAliases': [] }
    await harness.dynamoDb().createTable(
      aTable({
        Tags: [{ Key: 'team', Value: 'core' }],
        ResourcePolicy: '{}',
        SSESpecification: { Enabled: true, SSEType: 'KMS', KMSMasterKeyId },
      }),
    )
    const resource = arnOf('tenant')
    expect(actions()).toEqual([
      { action: 'dynamodb:CreateTable', resource },
      { action: 'dynamodb:TagResource', resource },
      { action: 'dynamodb:PutResourcePolicy', resource },
      ...keyActions.map((action) => ({ action, resource: KMSMasterKeyId, context })),
    ])
  })

  it('name the table of an ARN, the index of a query, and all tables for ListTables', async () => {
    const aws = harness.dynamoDb()
    await refusal(aws.listTagsOfResource({ ResourceArn: arnOf('users') }))
    await refusal(aws.describeTable({ TableName: arnOf('users') }))
    await refusal(aws.query({ TableName: 'users', IndexName: 'by-email', KeyConditionExpression: 'email = :email' }))
    await aws.listTables()
    expect(actions()).toEqual([
      { action: 'dynamodb:ListTagsOfResource', resource: arnOf('users') },
      { action: 'dynamodb:DescribeTable', resource: arnOf('users') },
      { action: 'dynamodb:Query', resource: `${arnOf('users')}/index/by-email` },
      { action: 'dynamodb:ListTables', resource: arnOf('*') },
    ])
  })

  it('of AssumeRole include those of tags and source identity', async () => {
    const resource = `arn:aws:iam::${target}:role/provisioner`
    await harness.sts().assumeRole({
      RoleArn: resource,
      RoleSessionName: 'a-job',
      SourceIdentity: 'deployer',
      Tags: [{ Key: 'repository', Value: 'acme/app' }],
    })
    expect(actions()).toEqual([
      { action: 'sts:AssumeRole', resource },
      { action: 'sts:TagSession', resource },
      { action: 'sts:SetSourceIdentity', resource },
    ])
  })
})

it('logs the account and error of a rejected request, and no token', async () => {
  await refusal(harness.sts().assumeRole({ RoleArn: 'arn:aws:iam::333333333333:role/none', RoleSessionName: 'a-job' }))
  await refusal(
    harness.sts().assumeRoleWithWebIdentity({
      RoleArn: 'arn:aws:iam::333333333333:role/none',
      RoleSessionName: 'a-job',
      WebIdentityToken: 'a.secret.token',
    }),
  )
  await refusal(harness.dynamoDb({ ...userKey(hub), accessKeyId: 'AKIAUNKNOWN' }).listTables())

  expect(
    harness.sandbox.requests.map(({ service, account, status, error }) => [service, account, status, error]),
  ).toEqual([
    ['sts', hub, 403, 'AccessDenied'],
    ['sts', '', 400, 'InvalidIdentityToken'],
    ['dynamodb', '', 400, 'UnrecognizedClientException'],
  ])
  expect(JSON.stringify(harness.sandbox.requests)).not.toContain('a.secret.token')
})

it('numbers requests, logs monotonic times, and can be cleared', async () => {
  const aws = harness.dynamoDb()
  await aws.listTables()
  await aws.listTables()
  const [first, second] = harness.sandbox.requests
  expect((second?.id ?? 0) - (first?.id ?? 0)).toBe(1)
  expect(second?.start).toBeGreaterThanOrEqual(first?.end ?? Number.POSITIVE_INFINITY)
  harness.sandbox.clearRequests()
  expect(harness.sandbox.requests).toEqual([])
})

describe('the sequential depth', () => {
  it('is the longest chain of requests in which each started after the previous one ended', () => {
    const request = (start: number, end: number) => ({ start, end })
    expect(sequentialDepth([])).toBe(0)
    expect(sequentialDepth([request(0, 10), request(0, 10), request(5, 15)])).toBe(1)
    // The first request lasts as long as the chain of the second and third.
    expect(sequentialDepth([request(0, 100), request(0, 10), request(10, 20), request(100, 110)])).toBe(3)
  })

  it('is two for one request and then three concurrent ones', async () => {
    const aws = harness.dynamoDb()
    await aws.listTables()
    await Promise.all([aws.listTables(), aws.listTables(), aws.listTables()])
    expect(harness.sandbox.requests).toHaveLength(4)
    expect(sequentialDepth(harness.sandbox.requests)).toBe(2)
  })
})
