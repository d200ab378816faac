/** The log of what was asked: the actions that IAM would have checked, and who waited for whom. */
import { sequentialDepth } from '../../sandbox/request-log.ts'
import { arnOf, aTable, hub, refusal, region, startWorld, target, userKey, type World } from './world.ts'

let world: World

beforeAll(async () => {
  const role = { arn: `arn:aws:iam::${target}:role/provisioner`, principals: [userKey(hub).principal] }
  world = await startWorld({ roles: [role], latencyMilliseconds: 20 })
})
beforeEach(() => world.sandbox.clearRequests())
afterAll(() => world.close())

const actions = () => world.sandbox.requests.flatMap((request) => request.actions)

describe('the IAM actions', () => {
  it('of a table made with tags, a resource policy and a key are more than CreateTable', async () => {
    const KMSMasterKeyId = `arn:aws:kms:${region}:${target}:key/mine`
    await world.dynamoDb().createTable(
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
      { action: 'kms:CreateGrant', resource: KMSMasterKeyId },
      { action: 'kms:DescribeKey', resource: KMSMasterKeyId },
    ])
  })

  it('are on the table that an ARN names, on the index that is queried, and on every table for a list', async () => {
    const aws = world.dynamoDb()
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

  it('of a session with tags and a source identity are more than AssumeRole', async () => {
    const resource = `arn:aws:iam::${target}:role/provisioner`
    await world.sts().assumeRole({
      RoleArn: resource,
      RoleSessionName: 'a-job',
      SourceIdentity: 'somebody',
      Tags: [{ Key: 'repository', Value: 'acme/app' }],
    })
    expect(actions()).toEqual([
      { action: 'sts:AssumeRole', resource },
      { action: 'sts:TagSession', resource },
      { action: 'sts:SetSourceIdentity', resource },
    ])
  })
})

it('says who was refused what, and keeps no token', async () => {
  await refusal(world.sts().assumeRole({ RoleArn: 'arn:aws:iam::333333333333:role/none', RoleSessionName: 'a-job' }))
  await refusal(
    world.sts().assumeRoleWithWebIdentity({
      RoleArn: 'arn:aws:iam::333333333333:role/none',
      RoleSessionName: 'a-job',
      WebIdentityToken: 'a.secret.token',
    }),
  )
  await refusal(world.dynamoDb({ ...userKey(hub), accessKeyId: 'AKIAUNKNOWN' }).listTables())

  expect(
    world.sandbox.requests.map(({ service, account, status, error }) => [service, account, status, error]),
  ).toEqual([
    ['sts', hub, 403, 'AccessDenied'],
    ['sts', '', 400, 'InvalidIdentityToken'],
    ['dynamodb', '', 400, 'UnrecognizedClientException'],
  ])
  expect(JSON.stringify(world.sandbox.requests)).not.toContain('a.secret.token')
})

it('numbers requests on a clock that runs forward, and forgets them when asked', async () => {
  const aws = world.dynamoDb()
  await aws.listTables()
  await aws.listTables()
  const [first, second] = world.sandbox.requests
  expect((second?.id ?? 0) - (first?.id ?? 0)).toBe(1)
  expect(second?.start).toBeGreaterThanOrEqual(first?.end ?? Number.POSITIVE_INFINITY)
  world.sandbox.clearRequests()
  expect(world.sandbox.requests).toEqual([])
})

describe('the sequential depth', () => {
  it('is the longest chain in which each began after the one before ended', () => {
    const request = (start: number, end: number) => ({ start, end })
    expect(sequentialDepth([])).toBe(0)
    expect(sequentialDepth([request(0, 10), request(0, 10), request(5, 15)])).toBe(1)
    // The long one takes the time of the two short ones.
    expect(sequentialDepth([request(0, 100), request(0, 10), request(10, 20), request(100, 110)])).toBe(3)
  })

  it('is true of real requests when each takes 20 ms: three side by side after one are two', async () => {
    const aws = world.dynamoDb()
    await aws.listTables()
    await Promise.all([aws.listTables(), aws.listTables(), aws.listTables()])
    expect(world.sandbox.requests).toHaveLength(4)
    expect(sequentialDepth(world.sandbox.requests)).toBe(2)
  })
})
