/** The measurements of `npm run contract:aws`, of a sandbox whose durations are known, in virtual time. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { measuredTimings, type Timings } from '../../sandbox/options.ts'
import { twoAccounts } from '../../sandbox/two-accounts.ts'
import {
  type MeasuredName,
  measureDurations,
  measured,
  pollMilliseconds,
  samples,
  slowPollMilliseconds,
} from '../../scripts/contract-aws/measurements.ts'
import { deleteRunTables, listTables, markOf } from '../../scripts/contract-aws/run-tables.ts'
import { type Emulator, startEmulator } from '../support/emulator.ts'

const key = { accessKeyId: 'AKIASANDBOXADMIN0001', secretAccessKey: 'sandbox/target/administrator/secret/key0' }
const names = Object.keys(measured) as readonly MeasuredName[]
const slow = ['billingModeUpdating', 'provisionedUpdating', 'indexAllocating', 'indexCreating']
const once: readonly string[] = ['creatingWithIndexes', ...slow]
// Other durations than the sandbox has by default.
const timings: Readonly<Partial<Record<string, number>>> = {
  ...Object.fromEntries(names.map((name, index) => [name, Math.round(measuredTimings[name] * 1.3) + index * 10])),
  indexAllocating: 31_000,
  indexCreating: 97_000,
}
const mark = markOf('a-test')

let emulator: Emulator
let client: DynamoDBClient

beforeAll(async () => {
  const options = twoAccounts('dev')
  const principal = 'arn:aws:iam::222222222222:user/administrator'
  emulator = await startEmulator({ timings, accessKeys: [...(options.accessKeys ?? []), { ...key, principal }] })
  client = new DynamoDBClient({
    region: 'ap-south-1',
    endpoint: emulator.sandbox.url,
    credentials: key,
    maxAttempts: 1,
  })
})
afterEach(() => emulator.reset())
afterAll(() => emulator.close())

const never = new AbortController().signal

it('measures each duration to the time between two requests', async () => {
  const { clock } = emulator
  const { durations, problems } = await emulator.perform(() => measureDurations({ client, mark, clock, stop: never }))

  expect(problems).toEqual([])
  expect([...durations.keys()].sort()).toEqual([...names].sort())
  for (const [name, values] of durations) {
    expect([name, values.length]).toEqual([name, once.includes(name) ? 1 : samples])
    const precision = slow.includes(name) ? slowPollMilliseconds : pollMilliseconds
    for (const value of values) {
      expect([name, Math.abs(value - (timings[name] ?? 0)) <= precision || value]).toEqual([name, true])
    }
  }
})

it('says what was not measured, and measures the rest', async () => {
  const { clock, sandbox } = emulator
  sandbox.faults.add({
    kind: 'error',
    operation: 'UpdateContinuousBackups',
    errorName: 'AccessDeniedException',
    status: 400,
    message: 'no',
  })
  const { durations, problems } = await emulator.perform(() => measureDurations({ client, mark, clock, stop: never }))

  expect(problems).toEqual(['tables without indexes: AccessDeniedException: no'])
  expect([durations.has('indexCreating'), durations.has('tagsLag')]).toEqual([true, false])
})

it('ends every wait when it is stopped', async () => {
  const { clock } = emulator
  const stop = new AbortController()
  const stopped = emulator.perform(() => measureDurations({ client, mark, clock, stop: stop.signal }))
  void clock.sleep(8000, never).then(() => stop.abort(new Error('stopped')))
  const { problems } = await stopped
  expect(problems).toHaveLength(4)
  expect(problems.join()).toMatch(/^(.*: Error: stopped,?)+$/)
})

describe('the deletion of the tables of a run', () => {
  const create = (TableName: string, changes: object = {}) =>
    emulator.hands.call('CreateTable', {
      TableName,
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      BillingMode: 'PAY_PER_REQUEST',
      ...changes,
    })
  const remove = () => emulator.perform(() => deleteRunTables(client, mark, emulator.clock))

  it('deletes protected tables and young ones, and waits until they are gone', async () => {
    await create(`${mark.prefix}one`, { Tags: [mark.tag], DeletionProtectionEnabled: true })
    emulator.clock.pass(60_000)
    await create(`${mark.prefix}two`, { Tags: [mark.tag] })

    const { deleted, left } = await remove()

    expect([deleted, [...left]]).toEqual([[`${mark.prefix}one`, `${mark.prefix}two`], []])
    expect(await listTables(client, '')).toEqual([])
  })

  it('leaves every table without its prefix, and names the ones without its tag', async () => {
    const other = markOf('another')
    await create('users', { Tags: [mark.tag] })
    await create(`${other.prefix}users`, { Tags: [other.tag] })
    await create(`${mark.prefix}untagged`)
    await create(`${mark.prefix}of-another`, { Tags: [other.tag] })

    const { deleted, left } = await remove()

    const reason = 'it does not have the tag tenant-tables-contract = a-test'
    expect([deleted, [...left.values()]]).toEqual([[], [reason, reason]])
    expect([...(await listTables(client, ''))].sort()).toEqual(
      [`${mark.prefix}of-another`, `${mark.prefix}untagged`, `${other.prefix}users`, 'users'].sort(),
    )
  })

  it('deletes a table that AWS creates after the first list', async () => {
    emulator.afterRequest(
      ({ operation }) => operation === 'ListTables',
      () => void create(`${mark.prefix}late`, { Tags: [mark.tag] }),
    )
    expect((await remove()).deleted).toEqual([`${mark.prefix}late`])
  })

  it('waits for an index that is being built', async () => {
    await create(`${mark.prefix}one`, { Tags: [mark.tag] })
    emulator.clock.pass(60_000)
    await emulator.hands.call('UpdateTable', {
      TableName: `${mark.prefix}one`,
      AttributeDefinitions: [
        { AttributeName: 'id', AttributeType: 'S' },
        { AttributeName: 'at', AttributeType: 'S' },
      ],
      GlobalSecondaryIndexUpdates: [
        {
          Create: {
            IndexName: 'at',
            KeySchema: [{ AttributeName: 'at', KeyType: 'HASH' }],
            Projection: { ProjectionType: 'ALL' },
          },
        },
      ],
    })
    expect((await remove()).deleted).toEqual([`${mark.prefix}one`])
  })

  it('goes on with the other tables when one cannot be deleted, and says why', async () => {
    for (const name of ['one', 'two']) await create(`${mark.prefix}${name}`, { Tags: [mark.tag] })
    emulator.sandbox.faults.add({
      ...{ kind: 'error', operation: 'DeleteTable', table: `${mark.prefix}one` },
      ...{ errorName: 'AccessDeniedException', status: 400, message: 'not for you' },
    })
    const { deleted, left } = await remove()
    expect([deleted, [...left]]).toEqual([
      [`${mark.prefix}two`],
      [[`${mark.prefix}one`, 'AccessDeniedException: not for you']],
    ])
  })
})
