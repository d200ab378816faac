/** Injected faults: the error of the SDK, whether the operation was performed, and the log. */
import type { DynamoDB } from '@aws-sdk/client-dynamodb'
import type { Fault } from '../../sandbox/faults.ts'
import { arnOf, aTable, type Harness, refusal, region, startHarness, target } from './harness.ts'

let harness: Harness
let aws: DynamoDB

beforeAll(async () => {
  harness = await startHarness({ oidcClaims: { sub: 'repo:acme@1/app@2:ref:refs/heads/main' } })
})
beforeEach(async () => {
  await harness.sandbox.reset()
  harness.sandbox.faults.clear()
  harness.sandbox.clearRequests()
  aws = harness.dynamoDb()
})
afterAll(() => harness.close())

const create = () => aws.createTable(aTable())
const exists = () => harness.sandbox.account(target, region).table('tenant') !== undefined
const logged = () => harness.sandbox.requests.map(({ operation, status, error }) => [operation, status, error])

it.each<[Fault, boolean, string | RegExp, number]>([
  [{ kind: 'throttle' }, false, 'ThrottlingException: Rate exceeded', 400],
  [{ kind: 'error' }, false, 'InternalServerError: Internal server error', 500],
  [
    { kind: 'error', errorName: 'LimitExceededException', message: 'Subscriber limit exceeded', status: 400 },
    false,
    'LimitExceededException: Subscriber limit exceeded',
    400,
  ],
  [{ kind: 'html' }, false, /^SyntaxError|^Unknown/, 503],
  [{ kind: 'reset' }, false, /socket hang up|ECONNRESET/, 500],
  [{ kind: 'cut' }, true, /aborted/, 200],
  [{ kind: 'lost-answer' }, true, /socket hang up|ECONNRESET/, 200],
])('the fault %j performs the operation: %s', async (fault, isDone, error, status) => {
  harness.sandbox.faults.add(fault)

  expect(await refusal(create())).toMatch(error)

  expect(exists()).toBe(isDone)
  expect(harness.sandbox.requests.map((request) => request.status)).toEqual([status])
})

it('a delay postpones the operation and does not change its response', async () => {
  harness.sandbox.faults.add({ kind: 'delay', milliseconds: 20 })
  expect(await create()).toMatchObject({ TableDescription: { TableStatus: 'CREATING' } })
  const [request] = harness.sandbox.requests
  expect((request?.end ?? 0) - (request?.start ?? 0)).toBeGreaterThanOrEqual(19)
})

it('a fault skips "after" matching requests, then applies "times" times', async () => {
  harness.sandbox.faults.add({ kind: 'throttle', operation: 'DescribeTable', table: 'tenant', after: 1, times: 2 })
  await create()
  const names: string[] = []
  for (let round = 0; round < 4; round += 1) {
    // These two requests do not match, so the fault does not count them.
    await aws.listTables()
    await refusal(aws.describeTable({ TableName: 'users' }))
    names.push((await refusal(aws.describeTable({ TableName: 'tenant' }))).slice(0, 10))
  }
  expect(names).toEqual(['no refusal', 'Throttling', 'Throttling', 'no refusal'])
})

it('only the first matching fault applies to a request, and every matching fault counts it', async () => {
  harness.sandbox.faults.add({ kind: 'throttle' })
  harness.sandbox.faults.add({ kind: 'error', after: 1 })
  expect(await refusal(create())).toMatch('ThrottlingException')
  expect(await refusal(create())).toMatch('InternalServerError')
  await create()
})

it('a fault for a table matches calls that name its ARN', async () => {
  harness.sandbox.faults.add({ kind: 'throttle', table: 'tenant' })
  expect(await refusal(aws.listTagsOfResource({ ResourceArn: arnOf('users') }))).toMatch('ResourceNotFoundException')
  expect(await refusal(aws.listTagsOfResource({ ResourceArn: arnOf('tenant') }))).toMatch('ThrottlingException')
})

it('a fault for a service applies to that service only, with its error names', async () => {
  harness.sandbox.faults.add({ kind: 'throttle', service: 'sts' })
  harness.sandbox.faults.add({ kind: 'throttle', service: 'oidc' })
  await create()
  expect(await refusal(harness.sts().getCallerIdentity({}))).toBe('Throttling: Rate exceeded')
  await harness.oidcToken()
  expect(logged()).toEqual([
    ['CreateTable', 200, undefined],
    ['GetCallerIdentity', 400, 'Throttling'],
    ['GetToken', 429, 'ThrottlingException'],
  ])
})

it('a request with a fault is logged with its account, table and IAM actions', async () => {
  harness.sandbox.faults.add({ kind: 'throttle' })
  await refusal(create())
  expect(harness.sandbox.requests).toMatchObject([
    {
      account: target,
      region,
      table: 'tenant',
      error: 'ThrottlingException',
      actions: [{ action: 'dynamodb:CreateTable', resource: arnOf('tenant') }],
    },
  ])
})

it('clearing removes all faults', async () => {
  harness.sandbox.faults.add({ kind: 'reset', times: 100 })
  harness.sandbox.faults.clear()
  await create()
  expect(exists()).toBe(true)
})
