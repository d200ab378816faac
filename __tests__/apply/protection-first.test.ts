/** Protective steps wait for nothing but each other: no failed, deferred or slow step of any table delays them. */
import { applyPlan } from '../../src/apply/apply.ts'
import type { DynamoDb } from '../../src/aws/dynamodb.ts'
import { DynamoDbError, StaleLookError } from '../../src/aws/dynamodb-errors.ts'
import { describeError } from '../../src/errors/description.ts'
import { StoppedError } from '../../src/errors/errors.ts'
import { planTables } from '../../src/plan/planner.ts'
import { failuresOf } from '../../src/report/failures.ts'
import type { ObservedTables, TableDefinition } from '../../src/table/table.ts'
import { aTarget, production, ready, theTables } from '../support/builders.ts'
import { aRun, type FakeRun, type Model, modelDynamoDb } from '../support/fakes.ts'

const target = aTarget({ environment: production })
const desired = theTables({ environment: production })
const [tenant, users] = desired

const unprotected = {
  deletionProtection: false,
  pointInTimeRecovery: { enabled: false },
  billingMode: 'PROVISIONED',
} as const
const drifted = new Map([
  ['tenant', ready(tenant, unprotected)],
  ['users', ready(users, unprotected)],
] as const)

function refusal(name: string, message = 'as AWS says'): DynamoDbError {
  const cause = Object.assign(new Error(message), { name, $metadata: { httpStatusCode: 400 } })
  return new DynamoDbError('UpdateTable', 'users', cause, false)
}

const spent = refusal(
  'LimitExceededException',
  'Subscriber limit exceeded: Update to PayPerRequest mode are limited to once in 1 day(s). Last update at Wed Nov 25 18:29:23 UTC 2026. Next update can be made at Thu Nov 26 18:29:23 UTC 2026',
)

async function apply(
  observed: ObservedTables,
  changes: (model: Model, run: FakeRun) => Partial<DynamoDb>,
  tables: readonly TableDefinition[] = desired,
) {
  const model = modelDynamoDb(observed)
  const run = aRun()
  const plan = planTables(target, tables, observed)
  const dynamoDb = { ...model.dynamoDb, ...changes(model, run) }
  const outcome = await applyPlan({ dynamoDb, target, desired: tables, observed, lookedAt: run.clock.now(), plan, run })
  const results = outcome.steps.map(({ step, result }) => `${step.action} ${step.table}: ${result.status}`)
  return { outcome, model, run, results }
}

it('turns recovery on though AWS defers the billing change of both tables, and reports the time that AWS gave', async () => {
  const { outcome, model, results } = await apply(drifted, () => ({
    setBillingMode: async () => {
      throw spent
    },
  }))
  expect(results).toEqual([
    'enable-deletion-protection tenant: applied',
    'set-point-in-time-recovery tenant: applied',
    'enable-deletion-protection users: applied',
    'set-point-in-time-recovery users: applied',
    'set-billing-mode tenant: deferred',
    'set-billing-mode users: deferred',
  ])
  expect(model.tables().get('users')).toMatchObject({
    deletionProtection: true,
    pointInTimeRecovery: { enabled: true, recoveryPeriodDays: 35 },
  })
  expect(describeError(outcome.error)).toMatchObject({
    message:
      'UpdateTable on "users" is deferred: AWS limits how often this may change, and allows the next change at Thu Nov 26 18:29:23 UTC 2026.',
    remedy: 'Run again after Thu Nov 26 18:29:23 UTC 2026. The other steps do not wait for it.',
  })
  expect(failuresOf({ outcome })).toHaveLength(1)
  // The closing read was made: outputs are of the tables as they are now.
  expect(outcome.observed.get('tenant')).toMatchObject({ deletionProtection: true, billingMode: 'PROVISIONED' })
})

it('performs the steps of other tables after a deferred step', async () => {
  const observed = new Map([
    ['tenant', ready(tenant, { billingMode: 'PROVISIONED' })],
    ['users', ready(users, { tags: new Map([...users.tags].slice(1)), billingMode: 'PROVISIONED' })],
  ] as const)
  const { results } = await apply(observed, ({ dynamoDb }) => ({
    setBillingMode: async (table, to, sendBefore) => {
      if (table === 'tenant') throw spent
      await dynamoDb.setBillingMode(table, to, sendBefore)
    },
  }))
  expect(results).toEqual([
    'set-billing-mode tenant: deferred',
    'tag-table users: applied',
    'set-billing-mode users: applied',
  ])
})

it('sends every protective step before the first other step, whatever the order of the tables', async () => {
  const untagged = new Map([
    ['tenant', ready(tenant, { tags: new Map([...tenant.tags].slice(1)) })],
    ['users', ready(users, unprotected)],
  ] as const)
  const { model } = await apply(untagged, ({ dynamoDb }, { clock, stop }) => ({
    // The slowest call of all: the tags of the other table must still wait for it.
    setRecovery: async (table, recovery, sendBefore) => {
      await clock.sleep(4000, stop)
      await dynamoDb.setRecovery(table, recovery, sendBefore)
    },
  }))
  expect(model.writes.map(({ action, table }) => `${action} ${table}`)).toEqual([
    'enable-deletion-protection users',
    'set-point-in-time-recovery users',
    'tag-table tenant',
    'set-billing-mode users',
  ])
})

it('turns recovery on though deletion protection is refused, and begins nothing that does not protect', async () => {
  const denied = refusal('AccessDeniedException')
  const { outcome, results } = await apply(drifted, () => ({
    setDeletionProtection: async () => {
      throw denied
    },
  }))
  expect(results).toEqual([
    'enable-deletion-protection tenant: failed',
    'set-point-in-time-recovery tenant: applied',
    'enable-deletion-protection users: failed',
    'set-point-in-time-recovery users: applied',
    'set-billing-mode tenant: skipped',
    'set-billing-mode users: skipped',
  ])
  expect(outcome.error).toBe(denied)
})

it('turns recovery on while deletion protection waits for a replica, which blocks UpdateTable alone', async () => {
  const inUse = refusal('ResourceInUseException')
  let recoveredAt = 0
  const { outcome, results } = await apply(
    new Map([['users', ready(users, { deletionProtection: false, pointInTimeRecovery: { enabled: false } })]]),
    ({ dynamoDb }, { clock }) => {
      const began = clock.now()
      const isBlocked = () => clock.now() - began < 600_000
      return {
        describeTable: async (table) => {
          const described = await dynamoDb.describeTable(table)
          const changesUnderWay = [{ part: 'replica', name: 'eu-west-1', status: 'CREATING' }] as const
          return described === undefined || !isBlocked() ? described : { ...described, changesUnderWay }
        },
        setDeletionProtection: async (table, enabled, sendBefore) => {
          if (isBlocked()) throw inUse
          await dynamoDb.setDeletionProtection(table, enabled, sendBefore)
        },
        setRecovery: async (table, recovery, sendBefore) => {
          recoveredAt = (clock.now() - began) / 1000
          await dynamoDb.setRecovery(table, recovery, sendBefore)
        },
      }
    },
    [users],
  )
  expect([outcome.error, results]).toEqual([
    undefined,
    ['enable-deletion-protection users: applied', 'set-point-in-time-recovery users: applied'],
  ])
  expect(recoveredAt).toBe(0)
})

it('sends no recovery to a new table whose creation has not begun because a step of another table failed', async () => {
  const observed = new Map([['tenant', ready(tenant, unprotected)]] as const)
  const { results, model } = await apply(observed, () => ({
    setDeletionProtection: async () => {
      throw refusal('AccessDeniedException')
    },
  }))
  expect(results).toEqual([
    'enable-deletion-protection tenant: failed',
    'set-point-in-time-recovery tenant: applied',
    'create-table users: skipped',
    'set-point-in-time-recovery users: skipped',
    'set-billing-mode tenant: skipped',
  ])
  expect(model.writes).toEqual([{ action: 'set-point-in-time-recovery', table: 'tenant' }])
})

it('protects a table though someone else changed its tags, and sends no other step that was not planned so', async () => {
  const tables = theTables({ environment: production, tags: new Map([['team', 'a']]) })
  const [first] = tables
  const old = new Map([...first.tags, ['team', 'old']])
  const observed = new Map([['tenant', ready(first, { ...unprotected, tags: old })]])
  let tries = 0
  const { results, outcome, model } = await apply(
    observed,
    (it) => ({
      setDeletionProtection: async (table, enabled, sendBefore) => {
        tries += 1
        if (tries > 1) return await it.dynamoDb.setDeletionProtection(table, enabled, sendBefore)
        it.change('tenant', ready(first, { ...unprotected, tags: new Map([...old, ['team', 'b']]) }))
        throw refusal('ResourceInUseException')
      },
    }),
    [first],
  )
  expect(results).toEqual([
    'enable-deletion-protection tenant: applied',
    'set-point-in-time-recovery tenant: applied',
    'tag-table tenant: failed',
    'set-billing-mode tenant: skipped',
  ])
  expect(model.tables().get('tenant')).toMatchObject({
    deletionProtection: true,
    tags: new Map([...old, ['team', 'b']]),
  })
  expect(outcome.error).toMatchObject({ message: expect.stringContaining('steps that were not planned: tag-table') })
})

it('sends no recovery to a new table whose creation AWS deferred', async () => {
  const { results } = await apply(new Map([['tenant', ready(tenant)]]), () => ({
    createTable: async () => {
      throw spent
    },
  }))
  expect(results).toEqual(['create-table users: deferred', 'set-point-in-time-recovery users: skipped'])
})

it('sends no protective step to a table that was deleted and created again by someone else', async () => {
  const { results, model } = await apply(
    new Map([['users', ready(users, unprotected)]]),
    (it, { clock }) => ({
      setDeletionProtection: async () => {
        it.change('users', ready(users, { ...unprotected, id: 'another' }))
        throw refusal('ResourceInUseException')
      },
      setRecovery: async (table, recovery, sendBefore) => {
        if (clock.now() > sendBefore) throw new StaleLookError('UpdateContinuousBackups', table)
        await it.dynamoDb.setRecovery(table, recovery, sendBefore)
      },
    }),
    [users],
  )
  expect(results).toEqual([
    'enable-deletion-protection users: skipped',
    'set-point-in-time-recovery users: failed',
    'set-billing-mode users: skipped',
  ])
  expect(model.writes).toEqual([])
})

it('sends no protective step after the run was told to stop', async () => {
  const cancelled = new StoppedError('The run was cancelled.', 'Run it again.')
  const { results, model } = await apply(drifted, (_, run) => ({
    setDeletionProtection: async () => {
      run.stopNow(cancelled)
      throw cancelled
    },
  }))
  expect(results.filter((result) => result.endsWith('applied'))).toEqual([])
  expect(model.writes).toEqual([])
})
