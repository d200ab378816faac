/** The laws, over random states of an account. */
import fc from 'fast-check'
import { applyPlan } from '../src/apply/apply.ts'
import { observeTables } from '../src/apply/observe.ts'
import type { DynamoDb } from '../src/aws/dynamodb.ts'
import { DynamoDbError } from '../src/aws/dynamodb-errors.ts'
import { describeStep, nameStep } from '../src/plan/description.ts'
import { type Plan, type Policy, type Step, stepsOf } from '../src/plan/plan.ts'
import { planTables } from '../src/plan/planner.ts'
import { disruptionNames, isDisruptive, linesNeededBy } from '../src/plan/policy.ts'
import { inOrder, isProtective } from '../src/plan/rounds.ts'
import { properties } from '../src/table/properties/index.ts'
import { environmentTag, isManaged, tagValue } from '../src/table/properties/tags.ts'
import type { ObservedTable, ObservedTables, ReadyTable, TableDefinition } from '../src/table/table.ts'
import { newTableValues } from './support/builders.ts'
import {
  type Answers,
  answerFor,
  aRun,
  descriptionOf,
  modelDynamoDb,
  performStep,
  stepOf,
  withAnswers,
} from './support/fakes.ts'
import { type World, world } from './support/worlds.ts'

const samples = { numRuns: 300 }

/** Enough for cases that few random states have. */
const manySamples = { numRuns: 1000 }

function planFor({ target, desired, observed, policy }: World): Plan {
  return planTables(target, desired, observed, policy)
}

function performSteps(steps: readonly Step[], observed: ObservedTables): ObservedTables {
  return steps.reduce((tables, step) => performStep(tables, step, newTableValues), observed)
}

/** Applies a plan to the model of DynamoDB, or to the port that stands in front of it. */
async function applyTo({ target, desired, observed }: World, plan: Plan, dynamoDb: DynamoDb) {
  const run = aRun()
  return await applyPlan({
    dynamoDb,
    target,
    definitions: desired,
    observed,
    readAt: run.clock.now(),
    plan,
    waitForIndexes: true,
    run,
  })
}

function readyTables({ desired, observed }: World): readonly (readonly [TableDefinition, ReadyTable])[] {
  return desired.flatMap((definition) => {
    const table = observed.get(definition.name)
    return table?.status === 'ready' ? [[definition, table] as const] : []
  })
}

it('law 1: the plan after all steps of a plan is empty', () => {
  let withSteps = 0
  fc.assert(
    fc.property(world, (each) => {
      const plan = planFor(each)
      fc.pre(plan.refusals.length === 0)
      if (plan.steps.length > 0) withSteps += 1
      const next = planFor({ ...each, observed: performSteps(plan.steps, each.observed) })
      expect({ steps: next.steps, refusals: next.refusals }).toEqual({ steps: [], refusals: [] })
    }),
    samples,
  )
  expect(withSteps).toBeGreaterThan(samples.numRuns / 2)
})

it('law 1: applying twice is applying once', async () => {
  let writes = 0
  await fc.assert(
    fc.asyncProperty(world, async (each) => {
      const model = modelDynamoDb(each.observed)
      const plan = planFor(each)
      fc.pre(plan.refusals.length === 0)
      // A table that is being deleted disappears soon.
      for (const [name, table] of each.observed) {
        if (table.status === 'unavailable') model.change(name, { status: 'absent' })
      }
      const first = await applyTo(each, plan, model.dynamoDb)
      expect(first.error).toBeUndefined()
      writes += model.writes.length
      const once = model.tables()
      const again = { ...each, observed: first.observed }
      await applyTo(again, planFor(again), model.dynamoDb)
      expect(model.tables()).toEqual(once)
      expect(model.writes).toHaveLength(plan.steps.length)
    }),
    { numRuns: 100 },
  )
  expect(writes).toBeGreaterThan(50)
})

it('law 2: the steps of a table are its creation, protection, other changes and removed protection, each once', () => {
  const rankOf = (step: Step) => {
    if (step.kind !== 'update') return 0
    if (isProtective(step)) return 1
    return properties.some(({ name, protection }) => name === step.property && protection !== undefined) ? 3 : 2
  }
  let several = 0
  fc.assert(
    fc.property(world, (each) => {
      const plan = planFor(each)
      for (const { name } of each.desired) {
        const steps = stepsOf(plan, name)
        if (steps.length > 1) several += 1
        const ranks = steps.map(rankOf)
        expect(ranks).toEqual(ranks.toSorted((left, right) => left - right))
        expect(new Set(steps.map(describeStep)).size).toBe(steps.length)
        expect(inOrder(steps)).toEqual(steps)
        // Several changes of one property keep their own order.
        const propertyOf = (step: Step) => (step.kind === 'update' ? step.property : undefined)
        const reversed = [...new Set(steps.map(propertyOf))].reverse()
        const shuffled = reversed.flatMap((name) => steps.filter((step) => propertyOf(step) === name))
        expect(inOrder(shuffled)).toEqual(steps)
      }
    }),
    samples,
  )
  expect(several).toBeGreaterThan(samples.numRuns / 4)
})

it('law 2: a run performs the plan step for step, each table in its order', async () => {
  let steps = 0
  await fc.assert(
    fc.asyncProperty(world, async (each) => {
      const plan = planFor(each)
      fc.pre(plan.refusals.length === 0)
      const model = modelDynamoDb(each.observed)
      const sent: Step[] = []
      const write: DynamoDb['write'] = async (request) => {
        sent.push(stepOf(request))
        await model.dynamoDb.write(request)
      }
      await applyTo(each, plan, { ...model.dynamoDb, write })
      for (const { name } of each.desired) {
        expect(stepsOf({ steps: sent }, name).map(writtenValue)).toEqual(stepsOf(plan, name).map(writtenValue))
      }
      steps += plan.steps.length
    }),
    { numRuns: 100 },
  )
  expect(steps).toBeGreaterThan(50)
})

function writtenValue(step: Step) {
  if (step.kind !== 'create') return [nameStep(step), 'to' in step ? step.to : undefined]
  // CreateTable has no empty list of indexes.
  const sent = Object.entries(step.to).filter(([, value]) => !Array.isArray(value) || value.length > 0)
  return [nameStep(step), Object.fromEntries(sent)]
}

it('plans protection of existing tables before every other step, and sends it though any other step fails', async () => {
  let protectiveSteps = 0
  let failures = 0
  await fc.assert(
    fc.asyncProperty(world, fc.boolean(), fc.nat(), async (each, isDeferred, seed) => {
      const plan = planFor(each)
      fc.pre(plan.refusals.length === 0)
      const protective = plan.steps.filter(
        (step) => isProtective(step) && each.observed.get(step.table)?.status === 'ready',
      )
      expect(plan.steps.slice(0, protective.length)).toEqual(protective)

      const model = modelDynamoDb(each.observed)
      const cause = Object.assign(new Error(isDeferred ? 'Next update can be made at noon' : 'no'), {
        name: 'LimitExceededException',
        $metadata: { httpStatusCode: 400 },
      })
      let calls = seed
      const write: DynamoDb['write'] = async (request) => {
        if (!isProtective(stepOf(request))) calls += 1
        if (isProtective(stepOf(request)) || calls % 2 === 0) return await model.dynamoDb.write(request)
        failures += 1
        throw new DynamoDbError('any', 'any', cause, false, 'any')
      }
      await applyTo(each, plan, { ...model.dynamoDb, write })
      expect(model.writes).toEqual(expect.arrayContaining(protective.map(nameStep)))
      protectiveSteps += protective.length
    }),
    { numRuns: 300 },
  )
  expect([protectiveSteps > 50, failures > 50]).toEqual([true, true])
})

it('law 3: one refusal means that nothing is written to any table', async () => {
  let refusedWithSteps = 0
  await fc.assert(
    fc.asyncProperty(world, async (each) => {
      const plan = planFor(each)
      fc.pre(plan.refusals.length > 0)
      if (plan.steps.length > 0) refusedWithSteps += 1
      const call = () => {
        throw new Error('DynamoDB was called')
      }
      const outcome = await applyTo(each, plan, new Proxy({}, { get: () => call }) as DynamoDb)
      expect(outcome.error).toBeUndefined()
      expect(outcome.steps.every(({ result }) => result.status === 'skipped')).toBe(true)
    }),
    { numRuns: 200 },
  )
  expect(refusedWithSteps).toBeGreaterThan(20)
})

it('law 4: no step towards a definition deletes or recreates a table: only absent tables are created', () => {
  let changed = 0
  fc.assert(
    fc.property(world, (each) => {
      fc.pre(!each.policy.destroy)
      // Plans with refusals too: a printed plan must not contain a step that is never performed.
      const plan = planFor(each)
      for (const { name } of each.desired) {
        const before = each.observed.get(name)
        const steps = stepsOf(plan, name)
        if (before?.status === 'unavailable') expect(steps).toEqual([])
        if (before?.status === 'absent') expect(steps[0]?.kind).toBe('create')
        if (before?.status !== 'ready') continue
        const { id, arn, properties: values } = before
        const after = performSteps(steps, each.observed).get(name)
        expect(after).toMatchObject({ status: 'ready', id, arn, properties: { KeySchema: values.KeySchema } })
        if (steps.length > 0) changed += 1
      }
    }),
    samples,
  )
  expect(changed).toBeGreaterThan(samples.numRuns / 4)
})

it('law 5: properties and tags that the definition omits stay as they are', () => {
  let withSteps = 0
  fc.assert(
    fc.property(world, (each) => {
      const plan = planFor(each)
      fc.pre(plan.refusals.length === 0 && !each.policy.destroy)
      if (plan.steps.length > 0) withSteps += 1
      const reached = performSteps(plan.steps, each.observed)
      for (const [{ name: table, properties: declared }, before] of readyTables(each)) {
        const after = reached.get(table)
        if (after?.status !== 'ready') throw new Error(`"${table}" disappeared`)
        const undeclared = properties.filter(({ name }) => declared[name] === undefined)
        for (const { name } of undeclared) {
          expect(withoutThroughput(after.properties[name])).toEqual(withoutThroughput(before.properties[name]))
        }
        for (const { Key, Value } of before.properties.Tags) {
          if (tagValue(declared.Tags, Key) === undefined) expect(tagValue(after.properties.Tags, Key)).toBe(Value)
        }
        expect([after.unmanaged, after.streamArn]).toEqual([before.unmanaged, before.streamArn])
      }
    }),
    samples,
  )
  expect(withSteps).toBeGreaterThan(samples.numRuns / 2)
})

/** A change of the billing mode changes the throughput of indexes, too. */
function withoutThroughput(value: unknown): unknown {
  if (!Array.isArray(value)) return value
  return value.map(({ ProvisionedThroughput: _, OnDemandThroughput: __, ...others }) => others)
}

it('law 9: the same request and the same account give the same plan, byte for byte, in whatever order they arrive', async () => {
  await fc.assert(
    fc.asyncProperty(world, async (each) => {
      const observe = async (definitions: readonly TableDefinition[], answers: Answers) => {
        const dynamoDb = withAnswers(modelDynamoDb(each.observed).dynamoDb, answers)
        return (await observeTables(dynamoDb, each.target, definitions, aRun())).observed
      }
      const plan = planFor({ ...each, observed: await observe(each.desired, {}) })
      const reordered = await observe(each.reordered, {
        ListTagsOfResource: async (input) => reverseLists(answerFor('ListTagsOfResource', input, each.observed)),
        DescribeTable: async ({ TableName: name = '' }) => {
          const table = each.observed.get(name)
          if (table === undefined || table.status === 'absent') return undefined
          return { Table: reverseLists(descriptionOf(name, table)) }
        },
      } as Answers)
      const observed = new Map([...reordered].reverse())
      expect(JSON.stringify(planFor({ ...each, desired: each.reordered, observed }))).toBe(JSON.stringify(plan))
    }),
    { numRuns: 300 },
  )
})

/** The object with each of its lists in reverse order. */
function reverseLists<Answer>(answer: Answer): Answer {
  const members = Object.entries(answer ?? {}).map(([name, value]) => [
    name,
    Array.isArray(value) ? value.toReversed() : value,
  ])
  return answer === undefined ? answer : (Object.fromEntries(members) as Answer)
}

it('law 12: a table that this action neither created nor adopted is refused until allow has adopt-table', () => {
  let [refused, adopted] = [0, 0]
  fc.assert(
    fc.property(world, (each) => {
      fc.pre(!each.policy.destroy)
      const plan = planFor(each)
      for (const [{ name }] of readyTables(each).filter(([, table]) => !isManaged(table.properties.Tags))) {
        const codes = plan.refusals.filter(({ table }) => table === name).map(({ code }) => code)
        const isAllowed = each.policy.allow.includes('adopt-table')
        if (isAllowed) expect(codes).not.toContain('adopt-table')
        else expect(codes.some((code) => code === 'adopt-table' || code === 'impossible-change')).toBe(true)
        if (isAllowed && plan.refusals.length === 0) adopted += 1
        if (codes.includes('adopt-table')) {
          expect(stepsOf(plan, name)).toEqual([])
          refused += 1
        }
      }
    }),
    manySamples,
  )
  expect(Math.min(refused, adopted)).toBeGreaterThan(10)
})

it('plans a disruptive step only where allow has its lines, and needs every line that allow may have', () => {
  const seen = new Set<string>()
  fc.assert(
    fc.property(world, (each) => {
      fc.pre(!each.policy.destroy)
      const disruptive = (allow: Policy['allow']) =>
        planFor({ ...each, policy: { destroy: false, allow } }).steps.filter(isDisruptive)
      expect(disruptive([])).toEqual([])
      for (const line of disruptive(each.policy.allow).flatMap(linesNeededBy)) {
        expect(each.policy.allow).toContain(line)
        seen.add(line)
      }
      const { steps } = planFor(each)
      for (const [{ name }, table] of readyTables(each)) {
        const isAdopted = !isManaged(table.properties.Tags) && stepsOf({ steps }, name).length > 0
        if (isAdopted) expect(each.policy.allow).toContain('adopt-table')
      }
    }),
    manySamples,
  )
  expect([...seen].sort()).toEqual([...disruptionNames].sort())
})

it('deletes only tables of this environment that are tagged, unprotected and without replicas, and never in production', () => {
  let deleted = 0
  const isDeletable = (table: ObservedTable | undefined, environment: string) =>
    table?.status === 'ready' &&
    table.properties.DeletionProtectionEnabled === false &&
    tagValue(table.properties.Tags, environmentTag)?.toLowerCase() === environment.toLowerCase() &&
    isManaged(table.properties.Tags) &&
    table.replicas.every(({ status }) => status === 'DELETING')
  fc.assert(
    fc.property(world, (each) => {
      const { name, production } = each.target.environment
      const destruction = { ...each, policy: { destroy: true, allow: disruptionNames } }
      const plan = planFor(destruction)
      if (production) expect(plan.refusals.map(({ code }) => code)).toContain('destroy-in-production')
      fc.pre(plan.refusals.length === 0)
      for (const step of plan.steps) {
        expect([step.kind, isDeletable(each.observed.get(step.table), name)]).toEqual(['delete', true])
        deleted += 1
      }
      const reached = performSteps(plan.steps, each.observed)
      expect(planFor({ ...destruction, observed: reached }).steps).toEqual([])
    }),
    manySamples,
  )
  expect(deleted).toBeGreaterThan(20)
})
