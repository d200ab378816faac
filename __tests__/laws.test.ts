/** The laws, over states that nobody thought of. */
import fc from 'fast-check'
import { applyPlan } from '../src/apply.ts'
import { desiredTables } from '../src/definitions.ts'
import type { DynamoDb } from '../src/dynamodb.ts'
import { planTables, type Step, stepsOf } from '../src/plan.ts'
import type { DesiredTable, Environment, ObservedTable, ObservedTables, ReadyTable, Target } from '../src/table.ts'
import { aTarget, ready } from './support/builders.ts'
import { aRun, modelDynamoDb, performStep } from './support/fakes.ts'

const tagKey = fc.oneof(
  fc.constantFrom('team', '__proto__', 'constructor', 'tenant-tables:managed-by', 'aws:cloudformation:stack-name'),
  fc.string({ minLength: 1, maxLength: 5 }),
)
const tags = fc.array(fc.tuple(tagKey, fc.string({ maxLength: 5 })), { maxLength: 4 }).map((pairs) => new Map(pairs))
const environment: fc.Arbitrary<Environment> = fc.constantFrom(
  { name: 'dev', production: false },
  { name: 'Prod', production: true },
)
const setting = fc.constantFrom('auto', 'true', 'false' as const)

interface World {
  readonly target: Target
  readonly desired: readonly DesiredTable[]
  readonly observed: ObservedTables
}

/** What somebody may have made of a table, near the definition often enough to be interesting. */
function observedFor(table: DesiredTable): fc.Arbitrary<ObservedTable> {
  const usual = <Value>(value: Value, others: fc.Arbitrary<Value>) =>
    fc.oneof({ weight: 4, arbitrary: fc.constant(value) }, { weight: 1, arbitrary: others })
  const key = fc.record({ name: fc.constantFrom('tenant_id', 'id'), type: fc.constantFrom('S', 'N', 'B' as const) })
  const present = fc
    .record({
      keys: usual(table.keys, fc.record({ partitionKey: key, sortKey: key })),
      billingMode: fc.constantFrom('PAY_PER_REQUEST', 'PROVISIONED' as const),
      deletionProtection: fc.boolean(),
      pointInTimeRecovery: fc.oneof(
        fc.constant({ enabled: false } as const),
        fc.record({ enabled: fc.constant(true as const), recoveryPeriodDays: fc.constantFrom(7, 35) }),
      ),
      ownTags: fc.subarray([...table.tags]),
      environmentTag: usual<string | undefined>(undefined, fc.constantFrom('DEV', 'prod', 'staging')),
      otherTags: tags,
    })
    .map(({ ownTags, environmentTag, otherTags, ...state }): ReadyTable => {
      const all = new Map([...otherTags, ...ownTags])
      if (environmentTag !== undefined) all.set('tenant-tables:environment', environmentTag)
      return ready(table, { ...state, tags: all })
    })
  const unavailable = fc
    .constantFrom('DELETING', 'ARCHIVED')
    .map((tableStatus) => ({ status: 'unavailable' as const, tableStatus }))
  return fc.oneof(
    { weight: 3, arbitrary: fc.constant({ status: 'absent' } as const) },
    { weight: 12, arbitrary: present },
    { weight: 1, arbitrary: unavailable },
  )
}

const world: fc.Arbitrary<World> = fc
  .record({
    environment,
    tableNamePrefix: fc.constantFrom('', 'x-'),
    deletionProtection: setting,
    pointInTimeRecovery: setting,
    tags,
  })
  .chain((request) => {
    const desired = desiredTables(request)
    return fc.tuple(...desired.map(observedFor)).map((states) => ({
      target: aTarget({ environment: request.environment }),
      desired,
      observed: new Map(desired.map(({ name }, index) => [name, states[index] ?? { status: 'absent' }])),
    }))
  })

const samples = { numRuns: 1000 }

it('law 1: after its steps the next plan is empty, and there were steps', () => {
  let withSteps = 0
  fc.assert(
    fc.property(world, ({ target, desired, observed }) => {
      const plan = planTables(target, desired, observed)
      fc.pre(plan.refusals.length === 0)
      if (plan.steps.length > 0) withSteps += 1
      const reached = performSteps(plan.steps, observed)
      const next = planTables(target, desired, reached)
      expect({ steps: next.steps, refusals: next.refusals }).toEqual({ steps: [], refusals: [] })
    }),
    samples,
  )
  expect(withSteps).toBeGreaterThan(samples.numRuns / 2)
})

it('law 1: applying twice is applying once', async () => {
  let writes = 0
  await fc.assert(
    fc.asyncProperty(world, async ({ target, desired, observed }) => {
      const model = modelDynamoDb(observed)
      const run = aRun()
      const plan = planTables(target, desired, observed)
      fc.pre(plan.refusals.length === 0)
      const first = await applyPlan({ dynamoDb: model.dynamoDb, target, desired, observed, plan, run })
      expect(first.error).toBeUndefined()
      writes += model.writes.length
      const once = model.tables()
      const again = planTables(target, desired, first.observed)
      await applyPlan({ dynamoDb: model.dynamoDb, target, desired, observed: first.observed, plan: again, run })
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
  'tag-table',
  'set-billing-mode',
  'set-point-in-time-recovery',
]

it('law 2: the steps of a table are in the order that DynamoDB can take, none of them twice', () => {
  let several = 0
  fc.assert(
    fc.property(world, ({ target, desired, observed }) => {
      const plan = planTables(target, desired, observed)
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
    fc.asyncProperty(world, async ({ target, desired, observed }) => {
      const plan = planTables(target, desired, observed)
      fc.pre(plan.refusals.length === 0)
      const model = modelDynamoDb(observed)
      await applyPlan({ dynamoDb: model.dynamoDb, target, desired, observed, plan, run: aRun() })
      for (const { name } of desired) {
        expect(model.writes.filter(({ table }) => table === name)).toEqual(stepsOf(plan, name).map(asWrite))
      }
      steps += plan.steps.length
    }),
    { numRuns: 100 },
  )
  expect(steps).toBeGreaterThan(50)
})

it('law 3: one refusal, and nothing is written to any table', async () => {
  let refusedWithSteps = 0
  await fc.assert(
    fc.asyncProperty(world, async ({ target, desired, observed }) => {
      const plan = planTables(target, desired, observed)
      fc.pre(plan.refusals.length > 0)
      if (plan.steps.length > 0) refusedWithSteps += 1
      const touched = () => {
        throw new Error('DynamoDB was called')
      }
      const dynamoDb = new Proxy({}, { get: () => touched }) as DynamoDb
      const outcome = await applyPlan({ dynamoDb, target, desired, observed, plan, run: aRun() })
      expect(outcome.error).toBeUndefined()
      expect(outcome.steps.every(({ result }) => result.status === 'skipped')).toBe(true)
    }),
    { numRuns: 200 },
  )
  expect(refusedWithSteps).toBeGreaterThan(20)
})

it('law 4: no step deletes or makes anew: only what is absent is created, and what is there stays the same table', () => {
  let changed = 0
  fc.assert(
    fc.property(world, ({ target, desired, observed }) => {
      // Plans with refusals too: what is printed must not threaten with what is never done.
      const plan = planTables(target, desired, observed)
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
    fc.property(world, ({ target, desired, observed }) => {
      const plan = planTables(target, desired, observed)
      fc.pre(plan.refusals.length === 0)
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
    fc.property(world, ({ target, desired, observed }) => {
      const shuffled = (map: ReadonlyMap<string, string>) => new Map([...map].reverse())
      const others = new Map(
        [...observed]
          .reverse()
          .map(([name, table]) => [name, table.status === 'ready' ? { ...table, tags: shuffled(table.tags) } : table]),
      )
      const again = desired.map((table) => ({ ...table, tags: shuffled(table.tags) }))
      expect(JSON.stringify(planTables(target, again, others))).toBe(
        JSON.stringify(planTables(target, desired, observed)),
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
