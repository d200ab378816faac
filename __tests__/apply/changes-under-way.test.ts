/** A step waits for the change that blocks its call, and for no other: DynamoDB decides what it accepts. */
import { applyPlan } from '../../src/apply/apply.ts'
import { isBlockedBy } from '../../src/apply/conflict.ts'
import type { ChangeUnderWay, DescribedTable } from '../../src/aws/dynamodb-answers.ts'
import { DynamoDbError } from '../../src/aws/dynamodb-errors.ts'
import { StoppedError } from '../../src/errors/errors.ts'
import type { Plan, Step } from '../../src/plan/plan.ts'
import { planTables } from '../../src/plan/planner.ts'
import { aTarget, production, ready, theTables } from '../support/builders.ts'
import { aRun, describedFrom, type FakeRun, type Model, modelDynamoDb } from '../support/fakes.ts'

const target = aTarget({ environment: production })
const [tenant, users] = theTables({ environment: production })
const observed = new Map([
  ['tenant', ready(tenant)],
  ['users', ready(users, { deletionProtection: false })],
] as const)

function inUse(operation: string): DynamoDbError {
  const cause = Object.assign(new Error('Attempt to change a resource which is still in use'), {
    name: 'ResourceInUseException',
    $metadata: { httpStatusCode: 400 },
  })
  return new DynamoDbError(operation, 'users', cause, false)
}

const creatingReplica: ChangeUnderWay = { part: 'replica', name: 'eu-west-1', status: 'CREATING' }

interface Blocked {
  readonly seconds: number
  /** What DescribeTable shows meanwhile. */
  readonly shown: readonly ChangeUnderWay[]
  readonly cancelAfter?: number
}

async function applyWhileBlocked({ seconds, shown, cancelAfter }: Blocked) {
  const model: Model = modelDynamoDb(observed)
  const run: FakeRun = aRun()
  const began = run.clock.now()
  const isBlocked = () => run.clock.now() - began < seconds * 1000
  let sent = 0
  const plan: Plan = planTables(target, [tenant, users], observed)
  const outcome = await applyPlan({
    dynamoDb: {
      ...model.dynamoDb,
      describeTable: async (table) => {
        if (cancelAfter !== undefined && run.clock.now() - began >= cancelAfter * 1000) {
          run.stopNow(new StoppedError('The run did not finish within its 60 seconds.', 'Run it again.'))
        }
        const described = await model.dynamoDb.describeTable(table)
        return described === undefined || table !== 'users' || !isBlocked()
          ? described
          : { ...described, changesUnderWay: shown }
      },
      setDeletionProtection: async (table, enabled, sendBefore) => {
        sent += 1
        if (isBlocked()) throw inUse('UpdateTable')
        await model.dynamoDb.setDeletionProtection(table, enabled, sendBefore)
      },
    },
    target,
    desired: [tenant, users],
    observed,
    lookedAt: began,
    plan,
    run,
  })
  return { outcome, sent, lines: run.lines, took: (run.clock.now() - began) / 1000 }
}

it('waits 40 s for a replica that is being created, with progress, and then changes the table', async () => {
  const { outcome, sent, lines, took } = await applyWhileBlocked({ seconds: 40, shown: [creatingReplica] })
  expect([outcome.error, outcome.steps.map(({ result }) => result.status)]).toEqual([undefined, ['applied']])
  // One refusal by DynamoDB, then reads alone until the replica is there.
  expect(sent).toBe(2)
  expect(took).toBeLessThan(45)
  expect(lines.join('\n')).toMatch(
    /users: waiting for it to accept enable-deletion-protection "users": someone else is changing the table, 1\d s so far .*; it is ACTIVE, replica eu-west-1 CREATING/,
  )
})

it('waits for a change that AWS does not report, with ever longer pauses, until DynamoDB accepts the call', async () => {
  const { outcome, sent } = await applyWhileBlocked({ seconds: 600, shown: [] })
  expect(outcome.error).toBeUndefined()
  expect(sent).toBeGreaterThan(10)
  expect(sent).toBeLessThan(90)
})

it('says at the deadline that someone else is changing the table, and what is under way', async () => {
  const { outcome } = await applyWhileBlocked({ seconds: 3600, shown: [creatingReplica], cancelAfter: 60 })
  expect(outcome.error).toMatchObject({
    message: expect.stringMatching(
      /It was waiting for the table "users" to accept enable-deletion-protection "users": someone else is changing the table, which .*; it is ACTIVE, replica eu-west-1 CREATING\./,
    ),
  })
  expect(outcome.steps[0]?.result).toMatchObject({ status: 'failed', sent: false })
})

it('waits for an encryption change before it deletes a table', async () => {
  const dev = aTarget()
  const own = theTables()
  const tables = new Map(own.map((table) => [table.name, ready(table)]))
  const model = modelDynamoDb(tables)
  const run = aRun()
  const began = run.clock.now()
  const isBlocked = () => run.clock.now() - began < 20_000
  let sent = 0
  const outcome = await applyPlan({
    dynamoDb: {
      ...model.dynamoDb,
      describeTable: async (table) => {
        const described = await model.dynamoDb.describeTable(table)
        const changesUnderWay: readonly ChangeUnderWay[] = [{ part: 'encryption', status: 'UPDATING' }]
        return described === undefined || !isBlocked() ? described : { ...described, changesUnderWay }
      },
      deleteTable: async (table, sendBefore) => {
        sent += 1
        if (isBlocked()) throw inUse('DeleteTable')
        await model.dynamoDb.deleteTable(table, sendBefore)
      },
    },
    target: dev,
    desired: own,
    observed: tables,
    lookedAt: began,
    plan: planTables(dev, own, tables, { destroy: true, allow: [] }),
    run,
  })
  expect([outcome.error, sent]).toEqual([undefined, 4])
})

const settled = describedFrom(ready(users))
const withChange = (part: ChangeUnderWay['part']): DescribedTable => ({
  ...settled,
  changesUnderWay: [{ part, status: 'UPDATING' }],
})

it.each<[Step['action'], readonly string[]]>([
  ['enable-deletion-protection', ['replica']],
  ['remove-deletion-protection', ['replica']],
  ['set-billing-mode', ['index', 'replica']],
  ['set-point-in-time-recovery', []],
  ['tag-table', []],
  ['delete-table', ['index', 'replica', 'encryption', 'warm throughput']],
])('%s is blocked by a change of: %j', (action, expected) => {
  const step = { action, table: 'users' } as Step
  const parts = ['index', 'replica', 'encryption', 'warm throughput'] as const
  expect(parts.filter((part) => isBlockedBy(step, withChange(part)))).toEqual(expected)
  expect(isBlockedBy(step, settled)).toBe(false)
  expect(isBlockedBy(step, { ...settled, tableStatus: 'CREATING' })).toBe(true)
})

it.each<[Step['action'], boolean]>([
  ['enable-deletion-protection', false],
  ['set-point-in-time-recovery', false],
  ['tag-table', false],
  ['set-billing-mode', true],
  ['delete-table', true],
])('%s is blocked while the table itself is UPDATING: %s', (action, expected) => {
  expect(isBlockedBy({ action, table: 'users' } as Step, { ...settled, tableStatus: 'UPDATING' })).toBe(expected)
})
