/** The laws, over states that nobody thought of. */
import fc from 'fast-check'
import { applyPlan } from '../src/apply/apply.ts'
import type { DynamoDb } from '../src/aws/dynamodb.ts'
import { DynamoDbError } from '../src/aws/dynamodb-errors.ts'
import { isProtective, type Policy, type Step, stepKinds, stepsOf } from '../src/plan/plan.ts'
import { planTables } from '../src/plan/planner.ts'
import { disruptions } from '../src/plan/policy.ts'
import type { TableDefinition, ObservedTables } from '../src/table/table.ts'
import { aRun, modelDynamoDb, performStep } from './support/fakes.ts'
import { world } from './support/worlds.ts'

const samples = { numRuns: 1000 }

it('law 1: after its steps the next plan is empty, and there were steps', () => {
  let withSteps = 0
  fc.assert(
    fc.property(world, ({ target, desired, observed, policy }) => {
      const plan = planTables(target, desired, observed, policy)
      fc.pre(plan.refusals.length === 0)
      if (plan.steps.length > 0) withSteps += 1
      const reached = performSteps(plan.steps, observed)
      const next = planTables(target, desired, reached, policy)
      expect({ steps: next.steps, refusals: next.refusals }).toEqual({ steps: [], refusals: [] })
    }),
    samples,
  )
  expect(withSteps).toBeGreaterThan(samples.numRuns / 2)
})

it('law 1: applying twice is applying once', async () => {
  let writes = 0
  await fc.assert(
    fc.asyncProperty(world, async ({ target, desired, observed, policy }) => {
      const model = modelDynamoDb(observed)
      const run = aRun()
      const plan = planTables(target, desired, observed, policy)
      fc.pre(plan.refusals.length === 0)
      // What is being deleted is gone soon, here as on AWS.
      for (const [name, table] of observed) if (table.status === 'unavailable') model.change(name, { status: 'absent' })
      const first = await applyPlan({
        dynamoDb: model.dynamoDb,
        target,
        desired,
        observed,
        lookedAt: run.clock.now(),
        plan,
        run,
      })
      expect(first.error).toBeUndefined()
      writes += model.writes.length
      const once = model.tables()
      const again = planTables(target, desired, first.observed, policy)
      await applyPlan({
        dynamoDb: model.dynamoDb,
        target,
        desired,
        observed: first.observed,
        lookedAt: run.clock.now(),
        plan: again,
        run,
      })
      expect(model.tables()).toEqual(once)
      expect(model.writes).toHaveLength(plan.steps.length)
    }),
    { numRuns: 100 },
  )
  expect(writes).toBeGreaterThan(50)
})

/** What DynamoDB can take first comes first; two steps of one kind would be one step too many. */
const order: readonly Step['action'][] = [
  'create-table',
  'enable-deletion-protection',
  'set-point-in-time-recovery',
  'tag-table',
  'adopt-table',
  'change-environment',
  'set-billing-mode',
  'remove-point-in-time-recovery',
  'remove-deletion-protection',
  'delete-table',
]

it('law 2: the steps of a table are in the order that DynamoDB can take, none of them twice', () => {
  let several = 0
  fc.assert(
    fc.property(world, ({ target, desired, observed, policy }) => {
      const plan = planTables(target, desired, observed, policy)
      for (const { name } of desired) {
        const actions = stepsOf(plan, name).map(({ action }) => action)
        if (actions.length > 1) several += 1
        expect(actions).toEqual(order.filter((action) => actions.includes(action)))
      }
    }),
    samples,
  )
  expect(several).toBeGreaterThan(samples.numRuns / 4)
})

it('law 2: what is performed is the plan, step for step, each table in its order', async () => {
  let steps = 0
  await fc.assert(
    fc.asyncProperty(world, async ({ target, desired, observed, policy }) => {
      const plan = planTables(target, desired, observed, policy)
      fc.pre(plan.refusals.length === 0)
      const model = modelDynamoDb(observed)
      const run = aRun()
      await applyPlan({ dynamoDb: model.dynamoDb, target, desired, observed, lookedAt: run.clock.now(), plan, run })
      for (const { name } of desired) {
        expect(model.writes.filter(({ table }) => table === name)).toEqual(stepsOf(plan, name).map(asWrite))
      }
      steps += plan.steps.length
    }),
    { numRuns: 100 },
  )
  expect(steps).toBeGreaterThan(50)
})

it('protection of existing tables is planned before every other step, and sent though any other step fails', async () => {
  let protectiveSteps = 0
  let failures = 0
  await fc.assert(
    fc.asyncProperty(world, fc.boolean(), fc.nat(), async ({ target, desired, observed, policy }, isDeferred, seed) => {
      const plan = planTables(target, desired, observed, policy)
      fc.pre(plan.refusals.length === 0)
      const exists = ({ table }: Step) => observed.get(table)?.status === 'ready'
      const protective = plan.steps.filter((step) => isProtective(step) && exists(step))
      expect(plan.steps.slice(0, protective.length)).toEqual(protective)

      const model = modelDynamoDb(observed)
      const cause = Object.assign(new Error(isDeferred ? 'Next update can be made at noon' : 'no'), {
        name: 'LimitExceededException',
        $metadata: { httpStatusCode: 400 },
      })
      let calls = seed
      const sometimes = <Arguments extends readonly unknown[]>(send: (...given: Arguments) => Promise<void>) => {
        return async (...given: Arguments): Promise<void> => {
          calls += 1
          if (calls % 2 === 0) return await send(...given)
          failures += 1
          throw new DynamoDbError('any', 'any', cause, false)
        }
      }
      const { createTable, tagTable, setBillingMode } = model.dynamoDb
      const run = aRun()
      await applyPlan({
        dynamoDb: {
          ...model.dynamoDb,
          createTable: sometimes(createTable),
          tagTable: sometimes(tagTable),
          setBillingMode: sometimes(setBillingMode),
        },
        target,
        desired,
        observed,
        lookedAt: run.clock.now(),
        plan,
        run,
      })
      const sent = model.writes.map(({ action, table }) => `${action} ${table}`)
      expect(sent).toEqual(expect.arrayContaining(protective.map(({ action, table }) => `${action} ${table}`)))
      protectiveSteps += protective.length
    }),
    { numRuns: 300 },
  )
  expect([protectiveSteps > 50, failures > 50]).toEqual([true, true])
})

it('law 12: a table that this action neither created nor adopted keeps a plan from being performed until allow says so', () => {
  let [refused, adopted] = [0, 0]
  fc.assert(
    fc.property(world, ({ target, desired, observed, policy }) => {
      fc.pre(!policy.destroy)
      const plan = planTables(target, desired, observed, policy)
      const isForeign = ({ name }: TableDefinition) => {
        const table = observed.get(name)
        return table?.status === 'ready' && table.tags.get('tenant-tables:managed-by') !== 'tenant-tables'
      }
      for (const { name } of desired.filter(isForeign)) {
        const codes = plan.refusals.filter(({ table }) => table === name).map(({ code }) => code)
        const isAllowed = policy.allow.includes('adopt-table')
        if (isAllowed) expect(codes).not.toContain('adopt-table')
        else expect(codes.some((code) => code === 'adopt-table' || code === 'different-keys')).toBe(true)
        if (isAllowed && plan.refusals.length === 0) adopted += 1
        if (codes.includes('adopt-table')) {
          expect(stepsOf(plan, name)).toEqual([])
          refused += 1
        }
      }
    }),
    samples,
  )
  expect(Math.min(refused, adopted)).toBeGreaterThan(10)
})

it('law 3: one refusal, and nothing is written to any table', async () => {
  let refusedWithSteps = 0
  await fc.assert(
    fc.asyncProperty(world, async ({ target, desired, observed, policy }) => {
      const plan = planTables(target, desired, observed, policy)
      fc.pre(plan.refusals.length > 0)
      if (plan.steps.length > 0) refusedWithSteps += 1
      const touched = () => {
        throw new Error('DynamoDB was called')
      }
      const dynamoDb = new Proxy({}, { get: () => touched }) as DynamoDb
      const run = aRun()
      const outcome = await applyPlan({ dynamoDb, target, desired, observed, lookedAt: run.clock.now(), plan, run })
      expect(outcome.error).toBeUndefined()
      expect(outcome.steps.every(({ result }) => result.status === 'skipped')).toBe(true)
    }),
    { numRuns: 200 },
  )
  expect(refusedWithSteps).toBeGreaterThan(20)
})

it('law 4: no step to a definition deletes or makes anew: only what is absent is created, and what is there stays', () => {
  let changed = 0
  fc.assert(
    fc.property(world, ({ target, desired, observed, policy }) => {
      fc.pre(!policy.destroy)
      // Plans with refusals too: what is printed must not threaten with what is never done.
      const plan = planTables(target, desired, observed, policy)
      for (const { name } of desired) {
        const before = observed.get(name)
        const steps = stepsOf(plan, name)
        if (before?.status === 'unavailable') expect(steps).toEqual([])
        if (before?.status === 'ready') {
          const after = performSteps(steps, observed).get(name)
          expect(after).toMatchObject({ status: 'ready', id: before.id, arn: before.arn, keys: before.keys })
          if (steps.length > 0) changed += 1
        }
        if (before?.status === 'absent') expect(steps[0]?.action).toBe('create-table')
      }
    }),
    samples,
  )
  expect(changed).toBeGreaterThan(samples.numRuns / 4)
})

it('law 5: what the definition does not mention stays as it is', () => {
  let withSteps = 0
  fc.assert(
    fc.property(world, ({ target, desired, observed, policy }) => {
      const plan = planTables(target, desired, observed, policy)
      fc.pre(plan.refusals.length === 0 && !policy.destroy)
      if (plan.steps.length > 0) withSteps += 1
      const reached = performSteps(plan.steps, observed)
      for (const table of desired) {
        const before = observed.get(table.name)
        const after = reached.get(table.name)
        if (before?.status !== 'ready' || after?.status !== 'ready') continue
        if (table.deletionProtection === undefined) expect(after.deletionProtection).toBe(before.deletionProtection)
        if (table.pointInTimeRecovery === undefined)
          expect(after.pointInTimeRecovery).toEqual(before.pointInTimeRecovery)
        for (const [key, value] of before.tags) if (!table.tags.has(key)) expect(after.tags.get(key)).toBe(value)
        expect([after.unmanaged, after.streamArn]).toEqual([before.unmanaged, before.streamArn])
      }
    }),
    samples,
  )
  expect(withSteps).toBeGreaterThan(samples.numRuns / 2)
})

it('law 9: the same request and the same account give the same plan, byte for byte', () => {
  fc.assert(
    fc.property(world, ({ target, desired, observed, policy }) => {
      const shuffled = (map: ReadonlyMap<string, string>) => new Map([...map].reverse())
      const others = new Map(
        [...observed]
          .reverse()
          .map(([name, table]) => [name, table.status === 'ready' ? { ...table, tags: shuffled(table.tags) } : table]),
      )
      const again = desired.map((table) => ({ ...table, tags: shuffled(table.tags) }))
      expect(JSON.stringify(planTables(target, again, others, policy))).toBe(
        JSON.stringify(planTables(target, desired, observed, policy)),
      )
    }),
    samples,
  )
})

function performSteps(steps: readonly Step[], observed: ObservedTables): ObservedTables {
  return steps.reduce(performStep, observed)
}

function asWrite({ action, table }: Step) {
  return { action, table }
}

it('nothing is taken away without its line of allow, and with it just that', () => {
  const seen = new Set<string>()
  fc.assert(
    fc.property(world, ({ target, desired, observed, policy }) => {
      fc.pre(!policy.destroy)
      const taken = (allow: Policy['allow']) =>
        planTables(target, desired, observed, { destroy: false, allow }).steps.flatMap((step) =>
          stepKinds[step.action].class === 'disruptive' ? [step.action] : [],
        )
      expect(taken([])).toEqual([])
      for (const action of taken(policy.allow)) {
        expect(policy.allow).toContain(action)
        seen.add(action)
      }
      const { steps } = planTables(target, desired, observed, policy)
      for (const { table } of steps) {
        const before = observed.get(table)
        if (before?.status === 'ready' && before.tags.get('tenant-tables:managed-by') !== 'tenant-tables')
          expect(policy.allow).toContain('adopt-table')
      }
    }),
    samples,
  )
  expect([...seen].sort()).toEqual([...disruptions].sort())
})

it('what is deleted is this environment’s own, tagged, unprotected and not production; and after it nothing is left', () => {
  let deleted = 0
  fc.assert(
    fc.property(world, ({ target, desired, observed }) => {
      const policy = { destroy: true, allow: [...disruptions] }
      const plan = planTables(target, desired, observed, policy)
      if (target.environment.production)
        expect(plan.refusals.map(({ code }) => code)).toContain('destroy-in-production')
      fc.pre(plan.refusals.length === 0)
      for (const step of plan.steps) {
        const before = observed.get(step.table)
        expect([step.action, before?.status]).toEqual(['delete-table', 'ready'])
        if (before?.status !== 'ready') continue
        deleted += 1
        expect(before.deletionProtection).toBe(false)
        expect(before.tags.get('tenant-tables:environment')?.toLowerCase()).toBe(target.environment.name.toLowerCase())
        expect(before.tags.get('tenant-tables:managed-by')).toBe('tenant-tables')
        expect(before.replicas.filter(({ status }) => status !== 'DELETING')).toEqual([])
      }
      const reached = performSteps(plan.steps, observed)
      expect(planTables(target, desired, reached, policy).steps).toEqual([])
    }),
    samples,
  )
  expect(deleted).toBeGreaterThan(20)
})
