/** A plan that nothing disturbs: the order of its steps, their waits, a failure, and the closing read. */
import { applyPlan } from '../../src/apply/apply.ts'
import type { Step } from '../../src/plan/plan.ts'
import { planTables } from '../../src/plan/planner.ts'
import { apply, cancelled, failure, type Overrides, observedAs } from '../support/apply.ts'
import { aTarget, managedOnly, production, provisioned, ready, strictPolicy, theTables } from '../support/builders.ts'
import { aRun, modelDynamoDb } from '../support/fakes.ts'

const target = aTarget({ environment: production })
const definitions = theTables({ environment: production })
const [tenant, users] = definitions
const inProduction = { target, definitions }

const denied = failure('AccessDeniedException')
const deferred = failure('LimitExceededException', {
  message:
    'Subscriber limit exceeded: Update to PayPerRequest mode are limited to once in 1 day(s). Last update at Wed Nov 25 18:29:23 UTC 2026. Next update can be made at Thu Nov 26 18:29:23 UTC 2026',
})

describe('the steps of a plan', () => {
  it('are all performed, on the tables side by side and on one table in order', async () => {
    const { outcome, results, model } = await apply(inProduction)
    expect(outcome.error).toBeUndefined()
    expect(results).toEqual([
      'create "tenant": applied',
      'update PointInTimeRecoverySpecification of "tenant": applied',
      'create "users": applied',
      'update PointInTimeRecoverySpecification of "users": applied',
    ])
    expect(model.writes).toEqual([
      'create "tenant"',
      'create "users"',
      'update PointInTimeRecoverySpecification of "tenant"',
      'update PointInTimeRecoverySpecification of "users"',
    ])
    expect(outcome.observed).toEqual(model.tables())
  })

  it('are waited for where they change the billing mode, and not where they change deletion protection', async () => {
    const observed = observedAs(definitions, {
      tenant: { BillingMode: provisioned },
      users: { DeletionProtectionEnabled: false },
    })
    const { outcome, run } = await apply({ ...inProduction, observed })
    expect(outcome.error).toBeUndefined()
    expect(run.clock.sleeps).toEqual([1000])
    expect(outcome.steps.map(({ step, result }) => [step.table, result])).toEqual([
      ['users', { status: 'applied', seconds: 0 }],
      ['tenant', { status: 'applied', seconds: 1 }],
    ])
  })

  it('are not performed where the plan has none', async () => {
    const observed = observedAs(definitions)
    const { outcome, model, run } = await apply({ ...inProduction, observed })
    expect([outcome, model.writes, run.clock.sleeps]).toEqual([{ steps: [], observed }, [], []])
  })

  it('are not performed where the plan has a refusal', async () => {
    const observed = observedAs([users], { users: { KeySchema: tenant.properties.KeySchema } })
    const { outcome, results, model } = await apply({ ...inProduction, observed })
    expect(results).toEqual([
      'create "tenant": skipped',
      'update PointInTimeRecoverySpecification of "tenant": skipped',
    ])
    expect([outcome.error, model.writes]).toEqual([undefined, []])
  })

  it('are not sent where their property cannot be changed', async () => {
    const observed = observedAs(definitions)
    const { dynamoDb, writes } = modelDynamoDb(observed)
    const run = aRun()
    const step: Step = { kind: 'update', table: 'users', property: 'KeySchema', from: [], to: [], risk: 'safe' }
    const plan = { ...planTables(target, definitions, observed, strictPolicy), steps: [step] }
    const outcome = await applyPlan({
      dynamoDb,
      target,
      definitions,
      observed,
      readAt: run.clock.now(),
      plan,
      waitForIndexes: true,
      run,
    })
    expect([outcome.error, writes]).toEqual([new TypeError('KeySchema cannot be changed'), []])
  })

  it('read two tables that take 8 s to be created with at most 45 calls, and end half a second after them', async () => {
    let calls = 0
    let createdAt = 0
    const { outcome, run } = await apply({}, (_, { clock }) => {
      const isCreating = () => clock.now() - createdAt < 8000
      return {
        write: async (_, send) => {
          calls += 1
          createdAt = clock.now()
          await send()
        },
        describe: (_, table) => {
          calls += 1
          return table && isCreating() ? { ...table, TableStatus: 'CREATING' } : table
        },
        // The tags and the backups are read side by side.
        listTags: (_, tags) => {
          calls += 2
          return tags
        },
      }
    })
    expect(outcome.error).toBeUndefined()
    // The role chain takes two calls, and the reads before the plan take six.
    expect(calls + 8).toBeLessThanOrEqual(45)
    expect(run.clock.now() - createdAt - 8000).toBeLessThanOrEqual(500)
  })
})

describe('after a failure', () => {
  it('only protective steps start, and steps in progress are finished', async () => {
    const { outcome, results, model, run } = await apply(inProduction, (_, { clock }) => {
      const start = clock.now()
      return {
        write: async (step, send) => {
          if (step === 'create "users"') throw denied
          await send()
        },
        describe: (_, table) =>
          table && clock.now() - start <= 6000 ? { ...table, TableStatus: 'CREATING' as const } : table,
      }
    })
    expect(results).toEqual([
      'create "tenant": applied',
      'update PointInTimeRecoverySpecification of "tenant": applied',
      'create "users": failed',
      'update PointInTimeRecoverySpecification of "users": skipped',
    ])
    expect(outcome.error).toBe(denied)
    expect(model.writes).toEqual(['create "tenant"', 'update PointInTimeRecoverySpecification of "tenant"'])
    expect(run.clock.sleeps).toEqual([3000, ...Array(7).fill(450)])
  })

  it.each([
    ['does not exist', 'deleted', undefined],
    ['is ARCHIVED', 'ARCHIVED', 'ARCHIVED' as const],
  ])('a table that %s after its creation gets no other step', async (_, word, TableStatus) => {
    const { outcome, results } = await apply({ ...inProduction, observed: observedAs([tenant]) }, () => ({
      describe: (_, table) => TableStatus && table && { ...table, TableStatus },
    }))
    expect(results).toEqual(['create "users": failed', 'update PointInTimeRecoverySpecification of "users": skipped'])
    expect(outcome.error).toMatchObject({ message: expect.stringContaining(`"users" is ${word} after this run`) })
  })
})

describe('protective steps', () => {
  const unprotected = {
    DeletionProtectionEnabled: false,
    PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: false },
    BillingMode: provisioned,
  } as const
  const drifted = observedAs(definitions, { tenant: unprotected, users: unprotected })

  const refusing =
    (property: string, error: Error): (() => Overrides) =>
    () => ({
      write: async (step, send) => {
        if (step.startsWith(property)) throw error
        await send()
      },
    })

  it('are performed though AWS defers the billing change of both tables, whose next time is reported', async () => {
    const { outcome, model, results } = await apply(
      { ...inProduction, observed: drifted },
      refusing('update BillingMode', deferred),
    )
    expect(results).toEqual([
      'update DeletionProtectionEnabled of "tenant": applied',
      'update PointInTimeRecoverySpecification of "tenant": applied',
      'update DeletionProtectionEnabled of "users": applied',
      'update PointInTimeRecoverySpecification of "users": applied',
      'update BillingMode of "tenant": deferred',
      'update BillingMode of "users": deferred',
    ])
    expect(outcome.error).toMatchObject({
      message:
        'UpdateTable on "users" is deferred: AWS limits how often this may change, and allows the next change at Thu Nov 26 18:29:23 UTC 2026.',
      remedy: 'Run again after Thu Nov 26 18:29:23 UTC 2026. The other steps do not wait for it.',
    })
    // The closing read took place, so the outputs show the tables as they are now.
    expect(outcome.observed).toEqual(model.tables())
    expect(outcome.observed).toEqual(
      observedAs(definitions, { tenant: { BillingMode: provisioned }, users: { BillingMode: provisioned } }),
    )
  })

  it('are sent before the first other step, in whatever order the tables are defined', async () => {
    const observed = observedAs(definitions, { tenant: { Tags: managedOnly }, users: unprotected })
    const { model } = await apply({ ...inProduction, observed }, (_, { clock, stop }) => ({
      // The slowest call of all: the tags of the other table must still wait for it.
      write: async (step, send) => {
        if (step.includes('PointInTimeRecovery')) await clock.sleep(4000, stop)
        await send()
      },
    }))
    expect(model.writes).toEqual([
      'update DeletionProtectionEnabled of "users"',
      'update PointInTimeRecoverySpecification of "users"',
      'update Tags of "tenant"',
      'update BillingMode of "users"',
    ])
  })

  it('are performed after a failed protective step, and no other step is', async () => {
    const { outcome, results } = await apply(
      { ...inProduction, observed: drifted },
      refusing('update DeletionProtectionEnabled', denied),
    )
    expect(results).toEqual([
      'update DeletionProtectionEnabled of "tenant": failed',
      'update PointInTimeRecoverySpecification of "tenant": applied',
      'update DeletionProtectionEnabled of "users": failed',
      'update PointInTimeRecoverySpecification of "users": applied',
      'update BillingMode of "tenant": skipped',
      'update BillingMode of "users": skipped',
    ])
    expect(outcome.error).toBe(denied)
  })

  it('are not sent to a new table whose creation did not start because another table failed', async () => {
    const { results, model } = await apply(
      { ...inProduction, observed: observedAs([tenant], { tenant: unprotected }) },
      refusing('update DeletionProtectionEnabled', denied),
    )
    expect(results).toEqual([
      'update DeletionProtectionEnabled of "tenant": failed',
      'update PointInTimeRecoverySpecification of "tenant": applied',
      'create "users": skipped',
      'update PointInTimeRecoverySpecification of "users": skipped',
      'update BillingMode of "tenant": skipped',
    ])
    expect(model.writes).toEqual(['update PointInTimeRecoverySpecification of "tenant"'])
  })

  it('are not sent to a new table whose creation AWS deferred', async () => {
    const { results } = await apply({ ...inProduction, observed: observedAs([tenant]) }, refusing('create', deferred))
    expect(results).toEqual(['create "users": deferred', 'update PointInTimeRecoverySpecification of "users": skipped'])
  })

  it('are not sent after the run was stopped', async () => {
    const { results, model } = await apply({ ...inProduction, observed: drifted }, (_, run) => ({
      write: async () => {
        run.stopNow(cancelled)
        throw cancelled
      },
    }))
    expect([results.filter((result) => result.endsWith('applied')), model.writes]).toEqual([[], []])
  })
})

it('performs the steps of other tables after a deferred step', async () => {
  const observed = observedAs(definitions, {
    tenant: { BillingMode: provisioned },
    users: { BillingMode: provisioned, Tags: managedOnly },
  })
  const { results } = await apply({ ...inProduction, observed }, () => ({
    write: async (step, send) => {
      if (step === 'update BillingMode of "tenant"') throw deferred
      await send()
    },
  }))
  expect(results).toEqual([
    'update BillingMode of "tenant": deferred',
    'update Tags of "users": applied',
    'update BillingMode of "users": applied',
  ])
})

describe('the closing read', () => {
  const untagged = { ...inProduction, observed: observedAs(definitions, { users: { Tags: managedOnly } }) }

  it('waits for tags that show late', async () => {
    let reads = 0
    const { outcome, run } = await apply(untagged, () => ({
      listTags: (table, tags) => (table === 'users' && ++reads <= 2 ? managedOnly : tags),
    }))
    expect(outcome.error).toBeUndefined()
    expect(run.clock.sleeps).toEqual([1000, 1000])
  })

  it('is repeated where it took longer than tags show late: it shows the time when it began', async () => {
    let reads = 0
    const { outcome, run } = await apply(untagged, (_, { clock }) => ({
      listTags: async (table, tags) => {
        if (table !== 'users' || ++reads > 1) return tags
        await clock.sleep(30_000, new AbortController().signal)
        return managedOnly
      },
    }))
    expect(outcome.error).toBeUndefined()
    expect([reads, run.clock.sleeps[0]]).toEqual([2, 30_000])
  })

  it('fails where the tables still differ after ten seconds', async () => {
    const { outcome, results, run } = await apply(untagged, () => ({ write: async () => undefined }))
    expect(results).toEqual(['update Tags of "users": applied'])
    expect(outcome.error).toMatchObject({
      message:
        'Every step was performed, but the state of the tables is still different: update Tags of "users": tag tenant-tables:environment = prod.',
      remedy: 'Find out who else changes these tables, then run again.',
    })
    expect(run.clock.sleeps).toEqual(Array(10).fill(1000))
  })

  it('fails where a table must now be refused', async () => {
    const { outcome } = await apply(untagged, (model) => ({
      write: async () => model.change('tenant', { status: 'unavailable', tableStatus: 'DELETING' }),
    }))
    expect(outcome.error).toMatchObject({ message: expect.stringContaining('The table "tenant" is DELETING.') })
  })

  it('fails where a table was deleted and created again, though the new one matches its definition', async () => {
    const { outcome, results } = await apply(untagged, (model) => ({
      write: async () => model.change('users', ready(users, { id: 'another' })),
    }))
    expect(results).toEqual(['update Tags of "users": applied'])
    expect(outcome.error).toMatchObject({ message: expect.stringContaining('"users" was deleted and created again') })
  })

  it('names every difference that it waited for where the run is stopped', async () => {
    const { outcome, results } = await apply(untagged, (model, run) => ({
      write: async () => {
        model.change('tenant', { status: 'unavailable', tableStatus: 'ARCHIVED' })
        run.stopNow(cancelled)
      },
    }))
    expect([results, outcome.observed]).toEqual([['update Tags of "users": applied'], untagged.observed])
    expect(outcome.error).toMatchObject({
      message: expect.stringMatching(
        /^The run was cancelled\. It was waiting for the state of the tables to match their definitions; it is different: update Tags of "users": .*; The table "tenant" is ARCHIVED\. .*seven days\.$/,
      ),
    })
  })
})
