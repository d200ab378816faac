import type { TableDescription } from '@aws-sdk/client-dynamodb'
import { admission, completionOf, deletion, indexesBefore, type TableWait, waitForTable } from '../../src/apply/wait.ts'
import type { Step } from '../../src/plan/plan.ts'
import type { PropertyName } from '../../src/table/properties/index.ts'
import { override } from '../support/apply.ts'
import { aTable, aTarget, ready } from '../support/builders.ts'
import { aRun, descriptionOf, type FakeRun, modelDynamoDb } from '../support/fakes.ts'

const active = descriptionOf('users', ready(aTable()))
const creating: TableDescription = { ...active, TableStatus: 'CREATING' }

const update = (property: PropertyName): Step => {
  return { kind: 'update', table: 'users', property, from: undefined, to: undefined, risk: 'safe' }
}
const waitAfter = (step: Step): TableWait => {
  const wait = completionOf(step)
  if (wait === undefined) throw new Error('The step has a wait')
  return wait
}
const creation = waitAfter({ kind: 'create', table: 'users', to: {} })
const changeOfBillingMode = waitAfter(update('BillingMode'))

/** Waits for a table that DescribeTable shows like this, read after read; the last one repeats. */
async function waiting(
  wait: TableWait,
  shown: readonly (TableDescription | undefined)[],
  run: FakeRun = aRun(),
  id?: string,
) {
  let reads = 0
  const dynamoDb = override(modelDynamoDb(), { describe: () => shown[Math.min(reads++, shown.length - 1)] })
  const described = await waitForTable({ dynamoDb, target: aTarget(), run }, 'users', wait, id)
  return { status: described?.tableStatus, reads }
}

it('has a first poll, a time in which the table may be missing, and a time-out for each kind of wait', () => {
  const times = ({ firstPoll, mayBeMissing = 0, timeout }: TableWait) => [firstPoll, mayBeMissing, timeout]
  const waits = [creation, changeOfBillingMode, deletion, admission('update Tags of "users"', 0.4, () => true)]
  expect(waits.map(times)).toEqual([
    [3, 20, 600],
    [1, 0, 1800],
    [1, 0, 600],
    [0.4, 0, 21_600],
  ])
})

it.each<PropertyName>(['DeletionProtectionEnabled', 'PointInTimeRecoverySpecification', 'Tags'])(
  'needs no wait for a change of %s',
  (property) => expect(completionOf(update(property))).toBeUndefined(),
)

describe('the wait for an index', () => {
  const indexChange = (from: readonly object[], to: readonly object[]): TableWait =>
    waitAfter({ kind: 'update', table: 'users', property: 'GlobalSecondaryIndexes', from, to, risk: 'slow' })
  const withIndex = (IndexName: string, IndexStatus: 'CREATING' | 'ACTIVE'): TableDescription => ({
    ...active,
    GlobalSecondaryIndexes: [
      {
        IndexName,
        IndexStatus,
        KeySchema: [{ AttributeName: 'tenant_id', KeyType: 'HASH' }],
        Projection: { ProjectionType: 'ALL' },
      },
    ],
  })
  const byEmail = { IndexName: 'by-email' }

  it('names the index, polls about every 12 s for a build, and may outlast the run only for a build', () => {
    const waits = [indexChange([], [byEmail]), indexChange([byEmail], []), indexChange([byEmail], [byEmail])]
    expect(waits.map(({ goal, interval, timeout, isIndexBuild }) => [goal, interval, timeout, isIndexBuild])).toEqual([
      ['build its index by-email', 12, 21_600, true],
      ['delete its index by-email', undefined, 600, undefined],
      ['change the throughput of its index by-email', undefined, 600, undefined],
    ])
  })

  it('ends when that index is built, whatever other index is being built', async () => {
    const build = indexChange([], [byEmail])
    const shown = [{ ...active, TableStatus: 'UPDATING' as const }, withIndex('by-email', 'CREATING')]
    expect(await waiting(build, [...shown, withIndex('by-date', 'CREATING')])).toEqual({ status: 'ACTIVE', reads: 3 })
    expect(await waiting(build, [...shown, withIndex('by-email', 'ACTIVE')])).toEqual({ status: 'ACTIVE', reads: 3 })
  })

  it('before another step ends when no index changes, or when the step need not wait', async () => {
    const shown = [withIndex('by-date', 'CREATING'), withIndex('by-date', 'ACTIVE')]
    expect((await waiting(indexesBefore('a step'), shown)).reads).toBe(2)
    expect(
      (
        await waiting(
          indexesBefore('a step', () => true),
          shown,
        )
      ).reads,
    ).toBe(1)
  })
})

it('reads a new table after 3 s, and then about every half second', async () => {
  const run = aRun()
  expect(await waiting(creation, [creating, creating, active], run)).toEqual({ status: 'ACTIVE', reads: 3 })
  expect(run.clock.sleeps).toEqual([3000, 450, 450])
})

it('does not count a new table as deleted where it is not found for a moment', async () => {
  expect(await waiting(creation, [undefined, undefined, active])).toEqual({ status: 'ACTIVE', reads: 3 })
})

it('counts a new table as deleted where it is not found for 20 s', async () => {
  const run = aRun()
  const { status, reads } = await waiting(creation, [undefined], run)
  expect(status).toBeUndefined()
  expect(reads).toBeGreaterThan(15)
})

it('counts a table as deleted at the first read that does not find it, where it existed before', async () => {
  expect(await waiting(creation, [creating, undefined, active])).toEqual({ reads: 2 })
  expect(await waiting(changeOfBillingMode, [undefined, active])).toEqual({ reads: 1 })
  expect(await waiting(creation, [undefined, active], aRun(), 'id-of-users')).toEqual({ reads: 1 })
})

it('ends for a table in a state that no waiting changes', async () => {
  const archived: TableDescription = { ...active, TableStatus: 'ARCHIVED' }
  expect(await waiting(creation, [creating, archived])).toEqual({ status: 'ARCHIVED', reads: 2 })
})

it('ends a deletion only where the table does not exist any more', async () => {
  expect(await waiting(deletion, [active, { ...active, TableStatus: 'DELETING' }, undefined])).toEqual({ reads: 3 })
})

it('counts a table without an id as the same one in every read', async () => {
  const { TableId: _, ...nameless } = creating
  expect(await waiting(creation, [nameless, nameless, { ...nameless, TableStatus: 'ACTIVE' }])).toMatchObject({
    status: 'ACTIVE',
  })
})

it('fails where another table of the same name takes its place', async () => {
  const another = { ...creating, TableId: 'another' }
  await expect(waiting(creation, [creating, another])).rejects.toThrow('"users" was deleted and created again')
  await expect(waiting(creation, [another], aRun(), 'id-of-users')).rejects.toThrow('deleted and created again')
})

it('fails at the time-out with the status, the usual duration and what to check', async () => {
  await expect(waiting(creation, [creating])).rejects.toMatchObject({
    message:
      'Waited 600 s for the table "users" to be created, which usually takes 5 to 7 s, with indexes up to 22 s. It is CREATING.',
    remedy: 'Check in the AWS console what the table "users" is doing, then run again: the run continues from there.',
  })
  await expect(waiting({ ...creation, mayBeMissing: 1000 }, [undefined])).rejects.toThrow('It is missing.')
})
