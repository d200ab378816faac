import { observeTables } from '../../src/apply/observe.ts'
import type { DynamoDb } from '../../src/aws/dynamodb.ts'
import type { DescribedTable } from '../../src/aws/dynamodb-answers.ts'
import type { Tags } from '../../src/table/properties/tags.ts'
import type { ObservedTable, ReadyTable } from '../../src/table/table.ts'
import { aTarget, ready, theTables } from '../support/builders.ts'
import { aRun, describedFrom, type FakeRun, modelDynamoDb } from '../support/fakes.ts'

const target = aTarget()
const [tenant, users] = theTables()

/** Counts what is asked, and answers from the model unless told otherwise. */
function counting(dynamoDb: DynamoDb, changes: Partial<DynamoDb> = {}) {
  const calls: string[] = []
  const counted: DynamoDb = {
    ...dynamoDb,
    ...changes,
  }
  const count =
    <Argument, Answer>(name: string, call: (argument: Argument) => Promise<Answer>) =>
    (argument: Argument) => {
      calls.push(`${name} ${String(argument)}`)
      return call(argument)
    }
  return {
    calls,
    dynamoDb: {
      ...counted,
      describeTable: count('describeTable', counted.describeTable),
      describeRecovery: count('describeRecovery', counted.describeRecovery),
      listTags: count('listTags', counted.listTags),
    },
  }
}

it('reads every table with three calls, all of them before the first answer', async () => {
  const model = modelDynamoDb(new Map([['users', ready(users)]]))
  const { dynamoDb, calls } = counting(model.dynamoDb)
  const observing = observeTables(dynamoDb, target, [tenant, users], aRun())
  const atOnce = [...calls]
  expect((await observing).observed).toEqual(
    new Map<string, ObservedTable>([
      ['tenant', { status: 'absent' }],
      ['users', ready(users)],
    ]),
  )
  expect(atOnce).toEqual([
    'describeTable tenant',
    'describeRecovery tenant',
    'listTags arn:aws:dynamodb:ap-south-1:222222222222:table/tenant',
    'describeTable users',
    'describeRecovery users',
    'listTags arn:aws:dynamodb:ap-south-1:222222222222:table/users',
  ])
  expect(calls).toEqual(atOnce)
})

it('waits while somebody changes a table, and then reads it anew', async () => {
  const settled = describedFrom(ready(users))
  const looks: DescribedTable[] = [
    { ...settled, tableStatus: 'CREATING', phase: 'changing' },
    { ...settled, tableStatus: 'CREATING', phase: 'changing' },
    settled,
  ]
  const model = modelDynamoDb(new Map([['users', ready(users)]]))
  const { dynamoDb, calls } = counting(model.dynamoDb, { describeTable: async () => looks.shift() ?? settled })
  const run = aRun()
  expect((await observeTables(dynamoDb, target, [users], run)).observed).toEqual(new Map([['users', ready(users)]]))
  expect(calls.map((call) => call.split(' ')[0])).toEqual([
    'describeTable',
    'describeRecovery',
    'listTags',
    'describeTable',
    'describeTable',
    'describeTable',
    'describeRecovery',
    'listTags',
  ])
  expect(run.lines).toEqual(['users: a change is under way; waiting until it is done'])
})

it('looks again, a second later, at a table so young that its tags or backups are missing', async () => {
  const model = modelDynamoDb(new Map([['users', ready(users)]]))
  let looks = 0
  const { dynamoDb } = counting(model.dynamoDb, {
    describeRecovery: async () => (++looks === 1 ? undefined : { enabled: false }),
    listTags: async () => (looks <= 2 ? undefined : users.tags),
  })
  const run = aRun()
  expect((await observeTables(dynamoDb, target, [users], run)).observed).toEqual(new Map([['users', ready(users)]]))
  expect(run.clock.sleeps).toEqual([1000, 1000])
})

describe('a table that has become ACTIVE while it was read', () => {
  const none = new Map<string, string>()

  it.each<[string, readonly (Tags | undefined)[], number, readonly number[]]>([
    ['is asked for its tags again, for before it showed none', [none], 4, []],
    ['is looked at again where they cannot be read even then', [none, undefined], 7, [1000]],
    ['is believed to have none when it says so twice', [none, none], 4, []],
  ])('%s', async (_, shown, reads, sleeps) => {
    const answers = [...shown]
    const { dynamoDb, calls } = counting(modelDynamoDb(new Map([['users', ready(users)]])).dynamoDb, {
      listTags: async () => (answers.length > 0 ? answers.shift() : users.tags),
    })
    const run = aRun()
    const tags = shown[1] ?? users.tags
    expect((await observeTables(dynamoDb, target, [users], run)).observed).toEqual(
      new Map([['users', ready(users, { tags })]]),
    )
    expect([calls.length, run.clock.sleeps]).toEqual([reads, sleeps])
  })
})

describe('a table without tags', () => {
  const none = new Map<string, string>()
  const aged = (run: FakeRun, seconds: number) =>
    ready(users, { tags: none, createdAt: run.clock.now() - seconds * 1000 })

  it.each([0, 59, -30])('that is %i s old is read again until its tags show', async (seconds) => {
    const run = aRun()
    const table = aged(run, seconds)
    let reads = 0
    const { dynamoDb } = counting(modelDynamoDb(new Map([['users', table]])).dynamoDb, {
      listTags: async () => (++reads <= 6 ? none : users.tags),
    })
    const { observed, lookedAt } = await observeTables(dynamoDb, target, [users], run)
    expect(observed).toEqual(new Map([['users', { ...table, tags: users.tags }]]))
    expect([run.clock.sleeps, lookedAt]).toEqual([[1000, 1000, 1000], run.clock.now()])
    expect(run.lines).toEqual(['users: less than a minute old and without tags; reading them again for up to 10 s'])
  })

  it('that is young is believed to have none after ten seconds', async () => {
    const run = aRun()
    const table = aged(run, 5)
    const { dynamoDb } = modelDynamoDb(new Map([['users', table]]))
    expect((await observeTables(dynamoDb, target, [users], run)).observed).toEqual(new Map([['users', table]]))
    expect(run.clock.sleeps).toEqual(Array(10).fill(1000))
  })

  it.each<[string, (run: FakeRun) => ReadyTable]>([
    ['a minute old', (run) => aged(run, 60)],
    ['of an age that the endpoint does not give', () => ready(users, { tags: none })],
    ['young, and has tags of someone else', (run) => ({ ...aged(run, 5), tags: new Map([['team', 'b']]) })],
  ])('that is %s is not read again', async (_, make) => {
    const run = aRun()
    const table = make(run)
    const { dynamoDb } = modelDynamoDb(new Map([['users', table]]))
    expect((await observeTables(dynamoDb, target, [users], run)).observed).toEqual(new Map([['users', table]]))
    expect(run.clock.sleeps).toEqual([])
  })
})

it('tells a state that no waiting mends at once', async () => {
  const { dynamoDb } = modelDynamoDb(new Map([['users', { status: 'unavailable', tableStatus: 'ARCHIVED' }]]))
  expect((await observeTables(dynamoDb, target, [users], aRun())).observed).toEqual(
    new Map([['users', { status: 'unavailable', tableStatus: 'ARCHIVED' }]]),
  )
})

it('fails on a read that is not allowed, though the table is absent: nothing may be written first', async () => {
  const denied = new Error('denied')
  const { dynamoDb } = counting(modelDynamoDb().dynamoDb, {
    listTags: async () => {
      throw denied
    },
  })
  await expect(observeTables(dynamoDb, target, [users], aRun())).rejects.toBe(denied)
})

it('stops waiting for a young table when the run is stopped', async () => {
  const run = aRun()
  const cancelled = new Error('cancelled')
  const { dynamoDb } = counting(modelDynamoDb(new Map([['users', ready(users)]])).dynamoDb, {
    listTags: async () => {
      run.stopNow(cancelled)
      return undefined
    },
  })
  await expect(observeTables(dynamoDb, target, [users], run)).rejects.toBe(cancelled)
})

it('calls a table absent that is gone when the change under way has ended', async () => {
  const settled = describedFrom(ready(users))
  const looks: (DescribedTable | undefined)[] = [{ ...settled, tableStatus: 'UPDATING', phase: 'changing' }]
  const { dynamoDb } = counting(modelDynamoDb().dynamoDb, { describeTable: async () => looks.shift() })
  expect((await observeTables(dynamoDb, target, [users], aRun())).observed).toEqual(
    new Map([['users', { status: 'absent' }]]),
  )
})
