import type { TableDescription } from '@aws-sdk/client-dynamodb'
import { countReads, observeTables } from '../../src/apply/observe.ts'
import type { DynamoDb } from '../../src/aws/dynamodb.ts'
import { RemedyError } from '../../src/errors/errors.ts'
import type { Tags } from '../../src/table/properties/tags.ts'
import type { ObservedTable } from '../../src/table/table.ts'
import { cancelled, type Overrides, observedAs, override } from '../support/apply.ts'
import { aTarget, ready, tagged, theTables } from '../support/builders.ts'
import { aRun, descriptionOf, type FakeRun, modelDynamoDb, withAnswers } from '../support/fakes.ts'

const target = aTarget()
const definitions = theTables()
const [tenant, users] = definitions
const active = descriptionOf('users', ready(users))

/** Reads "users", and records each call. */
function observeUsers(table: ObservedTable, overrides: Overrides = {}, run: FakeRun = aRun()) {
  const { dynamoDb, calls } = recorded(override(modelDynamoDb(new Map([['users', table]])), overrides))
  const observing = observeTables(dynamoDb, target, [users], run).then(({ observed, readAt }) => ({
    users: observed.get('users'),
    readAt,
  }))
  return { observing, calls, run }
}

function recorded(dynamoDb: DynamoDb) {
  const calls: string[] = []
  const ask = ((operation, input) => {
    calls.push(operation)
    return dynamoDb.ask(operation, input)
  }) as DynamoDb['ask']
  return { calls, dynamoDb: { ...dynamoDb, ask } }
}

const reads = ['DescribeTable', 'DescribeContinuousBackups', 'ListTagsOfResource']

it('sends the reads of all tables before the first answer, and no other', async () => {
  const { dynamoDb, calls } = recorded(modelDynamoDb(observedAs([users])).dynamoDb)
  const observing = observeTables(dynamoDb, target, definitions, aRun())
  expect(calls).toEqual([...reads, ...reads])
  expect((await observing).observed).toEqual(
    new Map<string, ObservedTable>([
      ['tenant', { status: 'absent' }],
      ['users', ready(users)],
    ]),
  )
  expect(calls).toHaveLength(countReads([tenant, users]))
})

it('waits while a table changes, by DescribeTable alone, and then reads it again', async () => {
  const shown: TableDescription[] = [
    { ...active, TableStatus: 'CREATING' },
    { ...active, TableStatus: 'CREATING' },
  ]
  const { observing, calls, run } = observeUsers(ready(users), { describe: (_, table) => shown.shift() ?? table })
  expect(await observing).toEqual({ users: ready(users), readAt: run.clock.now() })
  expect(calls).toEqual([...reads, 'DescribeTable', 'DescribeTable', ...reads])
  expect(run.lines).toEqual(['users: a change is in progress; waiting until it is complete'])
})

it('reads a table as absent that was deleted after a change', async () => {
  const shown: TableDescription[] = [{ ...active, TableStatus: 'UPDATING' }]
  const { observing } = observeUsers({ status: 'absent' }, { describe: () => shown.shift() })
  expect(await observing).toMatchObject({ users: { status: 'absent' } })
})

it('returns a state that no waiting changes at once', async () => {
  const archived: ObservedTable = { status: 'unavailable', tableStatus: 'ARCHIVED', id: 'id-of-users' }
  const { observing, run } = observeUsers(archived)
  expect([(await observing).users, run.clock.sleeps]).toEqual([archived, []])
})

it('fails on a read that is not allowed also where the table is absent, so that it fails before any write', async () => {
  const denied = new RemedyError('Denied.', 'Allow it.')
  const { observing } = observeUsers({ status: 'absent' }, { listTags: () => Promise.reject(denied) })
  await expect(observing).rejects.toBe(denied)
})

it('fails where DynamoDB names another table than the one that was asked for', async () => {
  const { observing } = observeUsers(ready(users), {
    describe: (_, table) => table && { ...table, TableArn: 'arn:aws:dynamodb:ap-south-1:111111111111:table/users' },
  })
  await expect(observing).rejects.toThrow('The answer of DynamoDB to DescribeTable on "users" cannot be read.')
})

describe('a table that has just become ACTIVE', () => {
  it('is read again every second until its backups and tags can be read', async () => {
    const model = modelDynamoDb(observedAs([users]))
    let asked = 0
    const dynamoDb = withAnswers(override(model, { listTags: (_, tags) => (asked <= 2 ? undefined : tags) }), {
      DescribeContinuousBackups: async (input) => {
        asked += 1
        return asked === 1 ? undefined : await model.dynamoDb.ask('DescribeContinuousBackups', input)
      },
    })
    const run = aRun()
    expect((await observeTables(dynamoDb, target, [users], run)).observed).toEqual(observedAs([users]))
    expect(run.clock.sleeps).toEqual([1000, 1000])
  })

  it.each<[string, readonly (Tags | undefined)[], number, readonly number[]]>([
    ['is asked for its tags again where it shows none', [[]], 4, []],
    ['is read again where its tags cannot be read the second time', [[], undefined], 7, [1000]],
    ['has no tags where it shows none twice', [[], []], 4, []],
  ])('%s', async (_, shown, count, sleeps) => {
    const answers = [...shown]
    const { observing, calls, run } = observeUsers(ready(users), {
      listTags: (_, tags) => (answers.length > 0 ? answers.shift() : tags),
    })
    expect((await observing).users).toEqual(ready(users, { Tags: shown[1] ?? users.properties.Tags }))
    expect([calls.length, run.clock.sleeps]).toEqual([count, sleeps])
  })

  it('is waited for no longer where the run is stopped', async () => {
    const run = aRun()
    const stop = () => run.stopNow(cancelled)
    const { observing } = observeUsers(ready(users), { listTags: () => void stop() as undefined }, run)
    await expect(observing).rejects.toMatchObject({
      message: expect.stringMatching(
        /^The run was cancelled\. It was waiting for the table "users" to be ready, .*so new/,
      ),
    })
  })
})

describe('a table without tags', () => {
  const aged = (seconds: number, run: FakeRun) =>
    ready(users, { Tags: [], createdAt: run.clock.now() - seconds * 1000 })

  it.each([0, 59, -30])('that is %i s old is read again until its tags show', async (seconds) => {
    const run = aRun()
    let count = 0
    const listTags: Overrides['listTags'] = () => (++count <= 6 ? [] : users.properties.Tags)
    const { observing } = observeUsers(aged(seconds, run), { listTags }, run)
    const start = run.clock.now()
    expect(await observing).toEqual({
      users: ready(users, { createdAt: start - seconds * 1000 }),
      readAt: start + 3000,
    })
    expect(run.clock.sleeps).toEqual([1000, 1000, 1000])
  })

  it('that is young has none where it shows none for ten seconds', async () => {
    const run = aRun()
    const table = aged(5, run)
    const { observing } = observeUsers(table, {}, run)
    expect((await observing).users).toEqual(table)
    expect(run.clock.sleeps).toEqual(Array(10).fill(1000))
  })

  it.each<[string, (run: FakeRun) => ObservedTable]>([
    ['that is a minute old', (run) => aged(60, run)],
    ['whose age the endpoint does not give', () => ready(users, { Tags: [] })],
    ['but with tags of someone else', (run) => ({ ...aged(5, run), ...ready(users, { Tags: tagged({ team: 'b' }) }) })],
  ])('%s is read once', async (_, make) => {
    const run = aRun()
    const table = make(run)
    const { observing } = observeUsers(table, {}, run)
    expect((await observing).users).toEqual(table)
    expect(run.clock.sleeps).toEqual([])
  })
})
