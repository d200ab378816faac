/** What goes wrong on purpose: what each kind looks like to the SDK, what was done meanwhile, and what the log says. */
import type { DynamoDB } from '@aws-sdk/client-dynamodb'
import type { Fault } from '../../sandbox/faults.ts'
import { arnOf, aTable, refusal, region, startWorld, target, type World } from './world.ts'

let world: World
let aws: DynamoDB

beforeAll(async () => {
  world = await startWorld({ oidcClaims: { sub: 'repo:acme@1/app@2:ref:refs/heads/main' } })
})
beforeEach(async () => {
  await world.sandbox.reset()
  world.sandbox.faults.clear()
  world.sandbox.clearRequests()
  aws = world.dynamoDb()
})
afterAll(() => world.close())

const create = () => aws.createTable(aTable())
const isMade = () => world.sandbox.account(target, region).table('tenant') !== undefined
const logged = () => world.sandbox.requests.map(({ operation, status, error }) => [operation, status, error])

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
])('%j: done or not, as it says', async (fault, isDone, said, status) => {
  world.sandbox.faults.add(fault)

  expect(await refusal(create())).toMatch(said)

  expect(isMade()).toBe(isDone)
  expect(world.sandbox.requests.map((request) => request.status)).toEqual([status])
})

it('a delayed answer comes late, and is right', async () => {
  world.sandbox.faults.add({ kind: 'delay', milliseconds: 20 })
  expect(await create()).toMatchObject({ TableDescription: { TableStatus: 'CREATING' } })
  const [request] = world.sandbox.requests
  expect((request?.end ?? 0) - (request?.start ?? 0)).toBeGreaterThanOrEqual(19)
})

it('hits after so many that it matches, so many times, and is then over', async () => {
  world.sandbox.faults.add({ kind: 'throttle', operation: 'DescribeTable', table: 'tenant', after: 1, times: 2 })
  await create()
  const names: string[] = []
  for (let looks = 0; looks < 4; looks += 1) {
    // None of these is matched, so none of these is counted.
    await aws.listTables()
    await refusal(aws.describeTable({ TableName: 'users' }))
    names.push((await refusal(aws.describeTable({ TableName: 'tenant' }))).slice(0, 10))
  }
  expect(names).toEqual(['no refusal', 'Throttling', 'Throttling', 'no refusal'])
})

it('one request is hit by one fault, and counted by every one', async () => {
  world.sandbox.faults.add({ kind: 'throttle' })
  world.sandbox.faults.add({ kind: 'error', after: 1 })
  expect(await refusal(create())).toMatch('ThrottlingException')
  expect(await refusal(create())).toMatch('InternalServerError')
  await create()
})

it('finds a table by the ARN of a tag call', async () => {
  world.sandbox.faults.add({ kind: 'throttle', table: 'tenant' })
  expect(await refusal(aws.listTagsOfResource({ ResourceArn: arnOf('users') }))).toMatch('ResourceNotFoundException')
  expect(await refusal(aws.listTagsOfResource({ ResourceArn: arnOf('tenant') }))).toMatch('ThrottlingException')
})

it('hits only the service that it names, in that service’s words', async () => {
  world.sandbox.faults.add({ kind: 'throttle', service: 'sts' })
  world.sandbox.faults.add({ kind: 'throttle', service: 'oidc' })
  await create()
  expect(await refusal(world.sts().getCallerIdentity({}))).toBe('Throttling: Rate exceeded')
  await world.oidcToken()
  expect(logged()).toEqual([
    ['CreateTable', 200, undefined],
    ['GetCallerIdentity', 400, 'Throttling'],
    ['GetToken', 429, 'ThrottlingException'],
  ])
})

it('is logged with who called and what IAM would have checked, like any request', async () => {
  world.sandbox.faults.add({ kind: 'throttle' })
  await refusal(create())
  expect(world.sandbox.requests).toMatchObject([
    {
      account: target,
      region,
      table: 'tenant',
      error: 'ThrottlingException',
      actions: [{ action: 'dynamodb:CreateTable', resource: arnOf('tenant') }],
    },
  ])
})

it('is over when all are cleared', async () => {
  world.sandbox.faults.add({ kind: 'reset', times: 100 })
  world.sandbox.faults.clear()
  await create()
  expect(isMade()).toBe(true)
})
