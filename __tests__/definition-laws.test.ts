/**
 * The laws over random definition files with every property. Each run is one of `main`, against the sandbox in virtual
 * time. DEFINITION_RUNS is the number of examples.
 */
import fc from 'fast-check'
import { disruptionNames } from '../src/plan/policy.ts'
import { appliedOnto, type Fields, fileOf, twoDefinitions } from './support/definition-files.ts'
import { type Finished, inTurn, type Participant, World } from './support/race.ts'

const numRuns = Number(process.env.DEFINITION_RUNS || 15)
const everyLine = disruptionNames.join('\n')

type Inputs = Readonly<Record<string, string>>

function participant(table: Fields, inputs: Inputs = {}, changes: Partial<Participant> = {}): Participant {
  return {
    inputs: { environment: 'dev', 'definition-file': 'tables.yml', 'timeout-seconds': '21600', ...inputs },
    files: { 'tables.yml': fileOf(table) },
    start: 0,
    ways: [0],
    random: 0.5,
    ...changes,
  }
}

async function run(world: World, table: Fields, inputs: Inputs = {}, changes: Partial<Participant> = {}) {
  const [finished] = await world.race(inTurn(), [participant(table, inputs, changes)])
  if (finished === undefined) throw new Error('The run did not end')
  return finished
}

/** The writes to tables, without the reads. */
function writesOf({ calls }: Finished): readonly string[] {
  return calls.map(({ operation }) => operation).filter((operation) => !/^(Describe|List)/.test(operation))
}

const isRefused = ({ lines }: Finished) => lines.some((line) => line.startsWith('! refused'))

/** A day of virtual time, after which every budget but that of table classes is full again. */
const month = 31 * 24 * 3_600_000

/** Applies a definition again until AWS defers no change. */
async function applyUntilDone(world: World, table: Fields): Promise<Finished> {
  for (let tries = 1; ; tries += 1) {
    const applied = await run(world, table, { allow: everyLine })
    const isDeferred = applied.lines.some((line) => line.includes('deferred by AWS'))
    if (!isDeferred || tries === 5) return applied
    await world.wait(month)
  }
}

async function expectAsDefined(world: World, table: Fields): Promise<void> {
  const { errors, outputs, lines } = await run(world, table, { command: 'plan' })
  expect([errors, outputs['has-changes'], lines.filter((line) => /^[!+~-] /.test(line))]).toEqual([[], 'false', []])
}

describe('a random definition', () => {
  it('is created by one run, after which the plan is empty and a second run writes nothing', async () => {
    await fc.assert(
      fc.asyncProperty(twoDefinitions, async ([table]) => {
        const world = new World()
        const first = await run(world, table, { allow: 'remove-deletion-protection' })
        expect(first.errors).toEqual([])
        expect(writesOf(first).filter((operation) => operation === 'CreateTable')).toHaveLength(1)
        const second = await run(world, table)
        expect([second.errors, second.outputs['has-changes'], writesOf(second)]).toEqual([[], 'false', []])
        const plan = await run(world, table, { command: 'plan' })
        expect([plan.outputs['has-changes'], plan.outputs.plan]).toEqual(['false', second.outputs.plan])
      }),
      { numRuns },
    )
  }, 600_000)

  it('is reached from any other one of the same table, or refused before any write', async () => {
    let reached = 0
    let changed = 0
    await fc.assert(
      fc.asyncProperty(twoDefinitions, async ([before, after]) => {
        const world = new World()
        expect((await run(world, before)).errors).toEqual([])
        await world.wait(month)
        const plan = await run(world, after, { command: 'plan', allow: everyLine })
        const applied = await applyUntilDone(world, after)
        if (isRefused(plan)) {
          expect([isRefused(applied), writesOf(applied)]).toEqual([true, []])
          return
        }
        reached += 1
        if (plan.outputs['has-changes'] === 'true') changed += 1
        expect(applied.errors).toEqual([])
        await expectAsDefined(world, after)
        // Everything that the definition omits, other indexes included, is as it was before.
        await expectAsDefined(world, appliedOnto(before, after))
      }),
      { numRuns },
    )
    expect(changed).toBeGreaterThan(reached / 2)
  }, 600_000)

  it('is reached by the next run after one that was cancelled at any time', async () => {
    let cancelled = 0
    const seconds = fc.oneof(fc.nat({ max: 40_000 }), fc.nat({ max: 3_600_000 }))
    await fc.assert(
      fc.asyncProperty(twoDefinitions, seconds, async ([before, after], cancelledAfter) => {
        const world = new World()
        expect((await run(world, before)).errors).toEqual([])
        await world.wait(month)
        fc.pre(!isRefused(await run(world, after, { command: 'plan', allow: everyLine })))
        const first = await run(world, after, { allow: everyLine }, { cancelledAfter })
        if (first.errors.some((message) => message.includes('cancelled'))) cancelled += 1
        expect((await applyUntilDone(world, after)).errors).toEqual([])
        await expectAsDefined(world, after)
      }),
      { numRuns },
    )
    expect(cancelled).toBeGreaterThan(numRuns / 5)
  }, 600_000)

  it('is reached by two runs at once, or each reports the conflict, and the next run finishes', async () => {
    await fc.assert(
      fc.asyncProperty(
        twoDefinitions,
        fc.array(fc.nat({ max: 900 }), { minLength: 2, maxLength: 9 }),
        fc.nat({ max: 30_000 }),
        async ([before, after], ways, start) => {
          const world = new World()
          expect((await run(world, before)).errors).toEqual([])
          await world.wait(month)
          const allow = { allow: everyLine }
          fc.pre(!isRefused(await run(world, after, { command: 'plan', ...allow })))
          const both = await world.race(inTurn(), [
            participant(after, allow, { ways }),
            participant(after, allow, { ways: ways.toReversed(), start }),
          ])
          for (const { errors } of both) {
            for (const message of errors) expect(message).toContain('To fix: ')
          }
          expect((await applyUntilDone(world, after)).errors).toEqual([])
          await expectAsDefined(world, after)
        },
      ),
      { numRuns },
    )
  }, 600_000)

  // At 150, 1150 and 2150 ms both runs send the change, and DynamoDB calls the later one invalid.
  it.each([0, 150, 1150, 2150, 3000])(
    'with time to live is created by two runs, of which one starts %i ms later, and both succeed',
    async (start) => {
      const table = {
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
        TimeToLiveSpecification: { Enabled: true, AttributeName: 'expires_at' },
      }
      const world = new World()
      const both = await world.race(inTurn(), [participant(table), participant(table, {}, { start })])
      expect(both.map(({ errors }) => errors)).toEqual([[], []])
      await expectAsDefined(world, table)
    },
  )
})
