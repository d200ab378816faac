/**
 * Concurrent runs, with the arrival of requests, the delay of responses and the start of runs in orders that fast-check
 * generates. RACES_RUNS is the number of races of a property. RACES_SEED repeats a failure from its seed and shrinks it.
 */
import fc from 'fast-check'
import { properties } from '../src/table/properties/index.ts'
import { type Call, type Finished, inTurn, type Order, type Participant, type Seen, World } from './support/race.ts'

const runs = Number(process.env.RACES_RUNS || 10)
const seed = process.env.RACES_SEED
let races = 0
let calls = 0

const names = ['tenant', 'users'] as const
const own = (environment: string) => ({
  'tenant-tables:environment': environment,
  'tenant-tables:managed-by': 'tenant-tables',
})
const item = { tenant_id: { S: 'acme' }, user_id: { S: 'ada' }, name: { S: 'Ada' } }

/** The differences of a table from its definition in production. */
const drifts = ['billing', 'tags', 'protection', 'recovery', 'adoption'] as const
type Drift = (typeof drifts)[number]
type Before = 'absent' | readonly Drift[]

/** The tags of a table that someone else created, that lost the tag of its environment, or that is as defined. */
function tagsBefore(has: (drift: Drift) => boolean, environment: string): Readonly<Record<string, string>> {
  if (has('adoption')) return { team: 'b' }
  if (has('tags')) return { 'tenant-tables:managed-by': 'tenant-tables', team: 'b' }
  return { ...own(environment), team: 'a' }
}

/** The inputs of a run that may find tables that someone else created. */
const adopting = { tags: 'team=a', allow: 'adopt-table' }

/** Creates the tables as the runs find them, each with an item. */
async function worldWith(befores: readonly Before[], environment: string): Promise<World> {
  const world = new World()
  for (const [index, before] of befores.entries()) {
    const name = names[index]
    if (name === undefined || before === 'absent') continue
    const has = (drift: Drift) => before.includes(drift)
    const keys = name === 'users' ? ['tenant_id', 'user_id'] : ['tenant_id']
    const isProduction = environment === 'prod'
    const tags = tagsBefore(has, environment)
    await world.ask('CreateTable', {
      TableName: name,
      AttributeDefinitions: keys.map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
      KeySchema: keys.map((AttributeName, at) => ({ AttributeName, KeyType: at === 0 ? 'HASH' : 'RANGE' })),
      ...(has('billing')
        ? { BillingMode: 'PROVISIONED', ProvisionedThroughput: { ReadCapacityUnits: 1, WriteCapacityUnits: 1 } }
        : { BillingMode: 'PAY_PER_REQUEST' }),
      DeletionProtectionEnabled: isProduction !== has('protection'),
      Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
    })
    await world.wait(60_000)
    if (isProduction !== has('recovery')) {
      await world.ask('UpdateContinuousBackups', {
        TableName: name,
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      })
    }
    await world.ask('PutItem', { TableName: name, Item: item })
  }
  return world
}

const way = fc.oneof(
  { weight: 6, arbitrary: fc.constant(0) },
  { weight: 1, arbitrary: fc.nat({ max: 600 }) },
  { weight: 2, arbitrary: fc.nat({ max: 4500 }) },
)
/** At once, at any time, or about when a table that was created at once becomes ACTIVE. */
const start = fc.oneof(fc.constant(0), fc.nat({ max: 12_000 }), fc.integer({ min: 5300, max: 6100 }))

/** A run that may start late and whose calls may be slow, but never time out. */
function participant(inputs: Readonly<Record<string, string>>): fc.Arbitrary<Participant> {
  return fc.record({
    inputs: fc.constant(inputs),
    start,
    ways: fc.array(way, { minLength: 1, maxLength: 9 }),
    random: fc.constantFrom(0, 0.5, 0.99),
  })
}

/** @param kinds of inputs, which the runs get in turn */
function participants(
  count: number,
  ...kinds: readonly Readonly<Record<string, string>>[]
): fc.Arbitrary<readonly Participant[]> {
  return fc.tuple(...Array.from({ length: count }, (_, index) => participant(kinds[index % kinds.length] ?? {})))
}

/** Checks a property of races. A failure prints every call of its race. */
function holds<Setup>(
  name: string,
  share: number,
  setup: fc.Arbitrary<Setup>,
  check: (setup: Setup, order: Order, tell: (world: World) => void) => Promise<void>,
): void {
  it(name, async () => {
    await fc.assert(
      fc.asyncProperty(setup, fc.scheduler(), async (given, scheduler) => {
        let world: World | undefined
        const begin = (started: World) => {
          world = started
        }
        try {
          await check(given, scheduler, begin)
        } catch (error) {
          throw new Error(
            `${error instanceof Error ? error.message : error}\n\n${world?.calls.map(describeCall).join('\n')}`,
          )
        }
        races += 1
        calls += world?.calls.length ?? 0
      }),
      { numRuns: Math.max(2, Math.ceil(runs * share)), ...(seed ? { seed: Number(seed) } : { endOnFailure: true }) },
    )
  }, 3_600_000)
}

function describeCall({ participant, operation, table, arrived, error, before }: Call): string {
  return `${arrived} run ${participant}: ${operation} ${table} (${before?.status ?? 'absent'}): ${error ?? 'done'}`
}

const isWrite = ({ operation }: Call) => !/^(Describe|List|Get|Query)/.test(operation)
const isTableWrite = (call: Call) => isWrite(call) && !/Item$/.test(call.operation)
const isDone = ({ error }: Call) => error === undefined

/** The changes that calls made. A write of the present value changes nothing. */
function effects(made: readonly Call[]): readonly string[] {
  const settings = ['billingMode', 'pending', 'deletionProtection', 'recovery', 'tags'] as const
  return made
    .filter((call) => isTableWrite(call) && isDone(call))
    .flatMap(({ operation, table, before, after }) => {
      if (operation === 'CreateTable' || operation === 'DeleteTable') return [`${operation} ${table}`]
      const changed = settings.filter(
        (setting) => JSON.stringify(before?.[setting]) !== JSON.stringify(after?.[setting]),
      )
      return changed.map((setting) => `${setting} of ${table}`)
    })
    .sort()
}

/** Expects success or an error with a remedy, before any wait times out. */
function expectExplained(run: Finished): void {
  expect(run.seconds).toBeLessThan(600)
  expect(run.errors.length > 0).toBe(run.exitCode === 1)
  for (const error of run.errors) expect(error).toMatch(/\nTo fix: /)
}

/** The operation of a step, by the step's name without the table. */
const operations = new Map([
  ['create', 'CreateTable'],
  ['delete', 'DeleteTable'],
  ...properties.map(({ name, actions }) => [`update ${name} of`, actions.write[0]?.split(':')[1]] as const),
])

/** Expects that the log reports each step as the calls performed it, and names steps that another run performed. */
function expectHonestLog(run: Finished, { calls }: World): void {
  for (const line of run.lines) {
    const [, action = '', table, end] = /^([\w ]+) "(.+)": (applied|done by another run)/.exec(line) ?? []
    if (end === undefined) continue
    const sent = run.calls.filter((call) => call.operation === operations.get(action) && call.table === table)
    if (end === 'applied') expect([line, sent.some(isDone)]).toEqual([line, true])
    const isOfOtherRun = ({ participant, operation, table: its }: Call) =>
      participant !== run.calls[0]?.participant && operation === operations.get(action) && its === table
    if (end === 'done by another run') expect([line, calls.filter(isOfOtherRun).some(isDone)]).toEqual([line, true])
  }
  const refused = run.calls.filter((call) => isTableWrite(call) && !isDone(call))
  for (const { operation, table, error } of refused) {
    const isReported =
      run.exitCode === 1 ||
      run.lines.some(
        (line) =>
          line.includes(table) &&
          /done by another run|a change is in progress|Trying again|reading the table again/.test(line),
      )
    const isDoneLater = run.calls.some((call) => call.operation === operation && call.table === table && isDone(call))
    expect([operation, table, error, isReported || isDoneLater]).toEqual([operation, table, error, true])
  }
}

/**
 * Expects that each write on an existing table follows a complete read of it that began at most 5 s before. A run whose
 * reads take longer than that may use a read for twice as long as it takes.
 */
function expectFreshReads({ calls }: Finished, ways: readonly number[] = []): void {
  const freshness = Math.max(5000, 2 * 4 * Math.max(0, ...ways))
  const reads = ['DescribeTable', 'ListTagsOfResource', 'DescribeContinuousBackups']
  for (const write of calls.filter((call) => isTableWrite(call) && call.operation !== 'CreateTable')) {
    const fresh = calls.filter(
      ({ table, sentAt, answered = Number.POSITIVE_INFINITY }) =>
        table === write.table && sentAt >= write.sentAt - freshness && answered < write.sent,
    )
    const missing = reads.filter((read) => !fresh.some(({ operation }) => operation === read))
    expect([write.operation, write.table, write.sent, missing]).toEqual([write.operation, write.table, write.sent, []])
  }
}

interface Definition {
  readonly environment: string
  readonly protection: boolean
  readonly recovery: boolean
}

function isAsDefined(seen: Seen | undefined, { environment, protection, recovery }: Definition): boolean {
  return (
    seen?.status === 'ACTIVE' &&
    seen.billingMode === 'PAY_PER_REQUEST' &&
    (!protection || seen.deletionProtection) &&
    (!recovery || seen.recovery.enabled) &&
    Object.entries({ ...own(environment), team: 'a' }).every(([key, value]) => seen.tags[key] === value)
  )
}

/** The last call that was answered before `moment`. */
function lastAnswer(run: Finished | undefined, operation: string, table: string, moment = Number.POSITIVE_INFINITY) {
  return run?.calls.findLast(
    (call) => call.operation === operation && call.table === table && (call.answered ?? moment) < moment,
  )
}

function shownTags(call: Call | undefined): Readonly<Record<string, string>> {
  const tags = (call?.answer.Tags ?? []) as readonly { readonly Key: string; readonly Value: string }[]
  return Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value]))
}

/** Expects that a successful run has read the tables as they must be, and outputs the ids of these. */
function expectHonestSuccess(run: Finished, definition: Definition): void {
  if (run.exitCode === 1) return
  const reported = JSON.parse(run.outputs.tables ?? '{}') as Record<string, { id?: string }>
  for (const name of names) {
    const described = lastAnswer(run, 'DescribeTable', name)?.before
    expect([name, reported[name]?.id]).toEqual([name, described?.id])
    if (run.command === 'destroy') {
      expect([name, described]).toEqual([name, undefined])
      continue
    }
    const backups = lastAnswer(run, 'DescribeContinuousBackups', name)?.before
    const tags = shownTags(lastAnswer(run, 'ListTagsOfResource', name))
    const seen = described && backups && { ...described, recovery: backups.recovery, tags }
    expect([name, seen, isAsDefined(seen, definition)]).toEqual([name, seen, true])
  }
}

const inTime: Omit<Participant, 'inputs'> = { start: 0, ways: [0], random: 0.5 }

/** Runs the action once, without concurrent runs. */
async function alone(world: World, inputs: Readonly<Record<string, string>>): Promise<Finished> {
  const [run] = await world.race(inTurn(), [{ ...inTime, inputs }])
  if (run === undefined) throw new Error('There is one run')
  return run
}

const lasting = (world: World) =>
  names.map((name) => {
    const { id: _, recovery, ...seen } = world.seen(name) ?? { id: '', recovery: undefined }
    return { ...seen, recovery: recovery?.enabled, days: recovery?.days, items: world.items(name) }
  })

describe.each([2, 8])('%i concurrent runs', (count) => {
  const share = count === 2 ? 1 : 0.25

  describe('to the same definition', () => {
    const expectAsOneRun = async (
      {
        environment,
        inputs,
        befores,
        given,
      }: {
        environment: string
        inputs: Readonly<Record<string, string>>
        befores: readonly Before[]
        given: readonly Participant[]
      },
      order: Order,
      begin: (world: World) => void,
    ) => {
      const one = await worldWith(befores, environment)
      await alone(one, inputs)
      const world = await worldWith(befores, environment)
      begin(world)
      const ids = names.map((name) => world.seen(name)?.id)
      const finished = await world.race(order, given)
      const definition = { environment, protection: environment === 'prod', recovery: environment === 'prod' }
      for (const [index, run] of finished.entries()) {
        expectExplained(run)
        expectHonestLog(run, world)
        expectFreshReads(run, given[index]?.ways)
        expectHonestSuccess(run, definition)
      }
      expect(finished.map(({ exitCode, errors }) => [exitCode, errors])).toEqual(finished.map(() => [0, []]))
      expect(effects(world.calls)).toEqual(effects(one.calls))
      await world.wait(300_000)
      await one.wait(300_000)
      expect(lasting(world)).toEqual(lasting(one))
      for (const [index, name] of names.entries()) if (ids[index]) expect(world.seen(name)?.id).toBe(ids[index])
      const { outputs, exitCode } = await alone(world, inputs)
      expect([exitCode, outputs['has-changes']]).toEqual([0, 'false'])
    }
    const raceIn = (environment: string, before: fc.Arbitrary<Before>, given: Readonly<Record<string, string>>) => {
      const inputs = { environment, ...given }
      return fc.record({
        environment: fc.constant(environment),
        inputs: fc.constant(inputs),
        befores: fc.tuple(before, before),
        given: participants(count, inputs),
      })
    }
    const absent = fc.constant<Before>('absent')

    // Tables that another run of this action creates need no line of allow.
    const own = { tags: 'team=a' }
    holds(
      'create absent tables once',
      share,
      fc.oneof(raceIn('dev', absent, own), raceIn('prod', absent, own)),
      expectAsOneRun,
    )
    holds(
      'repair drift once',
      share,
      raceIn(
        'prod',
        fc.oneof({ weight: 1, arbitrary: absent }, { weight: 4, arbitrary: fc.subarray([...drifts]) }),
        adopting,
      ),
      expectAsOneRun,
    )
  })

  const destroy = { command: 'destroy', environment: 'dev', 'confirm-destroy': 'tenant\nusers' }
  const settings = fc.constantFrom<Readonly<Record<string, string>>>(
    {},
    { 'deletion-protection': 'true' },
    { 'point-in-time-recovery': 'true' },
  )
  const anyBefore = fc.oneof(fc.constant<Before>('absent'), fc.subarray([...drifts]))

  holds(
    'of apply and destroy leave defined tables or none, and report no success that they did not reach',
    share * 1.5,
    settings.chain((added) => {
      const apply = { environment: 'dev', ...adopting, ...added }
      return fc.record({
        apply: fc.constant(apply),
        befores: fc.tuple(anyBefore, anyBefore),
        given: participants(count, apply, destroy),
      })
    }),
    async ({ apply, befores, given }, order, begin) => {
      const world = await worldWith(befores, 'dev')
      begin(world)
      const definition = {
        environment: 'dev',
        protection: 'deletion-protection' in apply,
        recovery: 'point-in-time-recovery' in apply,
      }
      const finished = await world.race(order, given)
      for (const [index, run] of finished.entries()) {
        expectExplained(run)
        expectHonestLog(run, world)
        expectFreshReads(run, given[index]?.ways)
        expectHonestSuccess(run, definition)
      }
      for (const { participant: index, operation, before } of world.calls.filter(isDone)) {
        if (operation !== 'DeleteTable') continue
        expect(finished[index]?.command).toBe('destroy')
        expect([before?.tags, before?.deletionProtection]).toEqual([expect.objectContaining(own('dev')), false])
      }
      await world.wait(300_000)
      for (const name of names) {
        const seen = world.seen(name)
        if (seen === undefined || isAsDefined(seen, definition)) continue
        // Only a failed run leaves differences, and its error names them.
        const isReported = (run: Finished) =>
          run.command === 'apply' && run.errors.some((error) => error.includes(`"${name}"`))
        const isUntouched = finished.every(
          ({ calls: made }) => !made.some((call) => isTableWrite(call) && call.table === name),
        )
        expect([name, seen, isUntouched || finished.some(isReported)]).toEqual([name, seen, true])
      }
      const clean = await alone(world, apply)
      expect([clean.exitCode, clean.errors]).toEqual([0, []])
      expect((await alone(world, apply)).outputs['has-changes']).toBe('false')
    },
  )

  const before = fc.oneof(
    fc.constant<Before>('absent'),
    fc.subarray<Drift>(['billing', 'tags', 'adoption'], { minLength: 1 }),
  )
  holds(
    'for two environments never change a table that they read as that of the other',
    share,
    fc.record({
      befores: fc.tuple(before, before),
      given: participants(count, { environment: 'dev', ...adopting }, { environment: 'staging', ...adopting }),
    }),
    async ({ befores, given }, order, begin) => {
      const world = await worldWith(befores, 'dev')
      begin(world)
      const ids = names.map((name) => world.seen(name)?.id)
      const finished = await world.race(order, given)
      const environmentOf = (seen: Seen | undefined) => seen?.tags['tenant-tables:environment']
      for (const [index, run] of finished.entries()) {
        expectExplained(run)
        expectHonestLog(run, world)
        expectFreshReads(run, given[index]?.ways)
        expectHonestSuccess(run, { environment: run.environment, protection: false, recovery: false })
        if (run.exitCode === 1) expect(run.errors.join()).toMatch(/belongs to the environment/)
      }
      for (const { participant: index, operation, table, sent } of world.calls.filter(isDone)) {
        const run = finished[index]
        expect(operation).not.toBe('DeleteTable')
        if (operation !== 'TagResource') continue
        const known = lastAnswer(run, 'ListTagsOfResource', table, sent)
        expect([undefined, run?.environment]).toContain(shownTags(known)['tenant-tables:environment'])
        // A refused write of tags means that another run has just written tags, so they must be read first.
        const isBlind = run?.calls.some(
          (call) =>
            call.operation === 'TagResource' &&
            call.table === table &&
            !isDone(call) &&
            call.sent > (known?.sent ?? 0) &&
            call.sent < sent,
        )
        expect([run?.environment, isBlind]).toEqual([run?.environment, false])
        // Tags that CreateTable sets show when the table is ACTIVE.
        const made = world.calls.find(
          (call) => call.operation === 'CreateTable' && call.table === table && isDone(call),
        )
        const isKnown = made !== undefined && known !== undefined && made.arrived < known.arrived
        expect([run?.environment, isKnown && made.after?.tags['tenant-tables:environment']]).toEqual([
          run?.environment,
          isKnown && run?.environment,
        ])
      }
      await world.wait(300_000)
      for (const [index, name] of names.entries()) {
        const made = world.calls.filter(
          (call) => call.operation === 'CreateTable' && call.table === name && isDone(call),
        )
        expect(made).toHaveLength(ids[index] === undefined ? 1 : 0)
        if (ids[index] !== undefined) expect([world.seen(name)?.id, world.items(name)]).toEqual([ids[index], [item]])
      }
      for (const environment of ['dev', 'staging']) {
        const isOwn = names.map((name) => environmentOf(world.seen(name)) === environment)
        const clean = await alone(world, { environment, tags: 'team=a' })
        expect([environment, isOwn, clean.exitCode]).toEqual([environment, isOwn, isOwn.includes(false) ? 1 : 0])
        expectExplained(clean)
        expect(clean.calls.filter((call) => isOwn.includes(false) && isWrite(call))).toEqual([])
      }
    },
  )

  const verify = { command: 'verify', environment: 'dev', ...adopting }
  const expectNothingLeft = (world: World, finished: readonly Finished[]) => {
    for (const run of finished) {
      expectExplained(run)
      if (run.command !== 'verify') continue
      expect(run.calls.filter(isTableWrite)).toEqual([])
      if (run.exitCode === 0) expectHonestSuccess(run, { environment: 'dev', protection: false, recovery: false })
    }
    for (const name of names) expect(world.items(name).filter(({ tenant_id }) => tenant_id?.S !== 'acme')).toEqual([])
  }

  holds(
    'of verify do not read the sample items of each other',
    share,
    participants(count, verify),
    async (given, order, begin) => {
      const world = await worldWith([[], []], 'dev')
      begin(world)
      const finished = await world.race(order, given)
      expectNothingLeft(world, finished)
      expect(finished.map(({ errors }) => errors)).toEqual(finished.map(() => []))
      expect(names.map((name) => world.items(name))).toEqual([[item], [item]])
    },
  )

  holds(
    'of verify and apply verify the definition or report the differences',
    share,
    fc.record({
      befores: fc.tuple(anyBefore, anyBefore),
      given: participants(count, { environment: 'dev', ...adopting }, verify),
    }),
    async ({ befores, given }, order, begin) => {
      const world = await worldWith(befores, 'dev')
      begin(world)
      const finished = await world.race(order, given)
      expectNothingLeft(world, finished)
      for (const { command, exitCode, errors } of finished) {
        if (exitCode === 1)
          expect([command, ...errors]).toEqual(['verify', expect.stringContaining('not as they are defined')])
      }
      expect((await alone(world, verify)).exitCode).toBe(0)
    },
  )

  holds(
    'of verify and destroy report deleted tables',
    share / 2,
    participants(count, destroy, verify),
    async (given, order, begin) => {
      const world = await worldWith([[], []], 'dev')
      begin(world)
      const finished = await world.race(order, given)
      expectNothingLeft(world, finished)
      expect(finished.filter(({ command }) => command === 'destroy').map(({ errors }) => errors.join())).toEqual(
        Array(count / 2).fill(''),
      )
      expect(names.map((name) => world.seen(name))).toEqual([undefined, undefined])
    },
  )
})

it('a run reads the tags of a young table again when it becomes ACTIVE during the read', async () => {
  const world = new World()
  const [made, refused] = await world.race(inTurn(), [
    { ...inTime, inputs: { environment: 'dev' } },
    { ...inTime, inputs: { environment: 'staging' }, start: 5700, ways: [400, 400, 0, 400, 400, 0] },
  ])
  expect([made?.errors, refused?.calls.filter(isWrite)]).toEqual([[], []])
  expect(
    refused?.calls.slice(0, 2).map(({ operation, before, answer }) => [operation, before?.status, answer]),
  ).toEqual(Array(2).fill(['ListTagsOfResource', 'CREATING', { Tags: [] }]))
  expect(refused?.errors).toEqual(Array(2).fill(expect.stringContaining('belongs to the environment "dev"')))
})

it('a destroy reports tables that another run created in place of the deleted ones, and leaves them alone', async () => {
  const world = await worldWith([[], []], 'dev')
  const [destroyed, applied] = await world.race(inTurn(), [
    // Six reads and two deletions are sent at once. The polls that follow arrive when the new tables exist.
    {
      ...inTime,
      inputs: { command: 'destroy', environment: 'dev', 'confirm-destroy': 'tenant\nusers' },
      ways: [...Array(16).fill(0), 4500, 4500],
    },
    { ...inTime, inputs: { environment: 'dev' }, start: 4100 },
  ])
  const isReplaced = expect.stringMatching(/was deleted and created again by someone else[\s\S]*To fix: /)
  expect(destroyed?.errors).toEqual([isReplaced, isReplaced])
  expect(destroyed?.seconds).toBeLessThan(20)
  expect([applied?.errors, names.map((name) => world.seen(name)?.status)]).toEqual([[], ['ACTIVE', 'ACTIVE']])
})

it('a destroy that waits for the deletion by another run reports the tables that replace the deleted ones', async () => {
  const world = await worldWith([[], []], 'dev')
  const destroy = { command: 'destroy', environment: 'dev', 'confirm-destroy': 'tenant\nusers' }
  const [, waited] = await world.race(inTurn(), [
    { ...inTime, inputs: destroy },
    // Both of its reads find the tables DELETING. The polls that follow arrive when the new tables exist.
    { ...inTime, inputs: destroy, start: 500, ways: [...Array(12).fill(0), 4500, 4500] },
    { ...inTime, inputs: { environment: 'dev' }, start: 4100 },
  ])
  expect(waited?.errors).toEqual([
    expect.stringMatching(/was deleted and created again by someone else[\s\S]*To fix: /),
  ])
  expect(waited?.seconds).toBeLessThan(20)
  expect(names.map((name) => world.seen(name)?.status)).toEqual(['ACTIVE', 'ACTIVE'])
})

it('the same race makes the same calls again', async () => {
  const race = async () => {
    const world = await worldWith(['absent', ['billing', 'adoption']], 'prod')
    const given = fc.tuple(fc.scheduler(), participants(8, { environment: 'prod', ...adopting }))
    const [[order, runs] = [inTurn(), []]] = fc.sample(given, { seed: 7, numRuns: 1 })
    await world.race(order, runs)
    return world.calls.map(describeCall)
  }
  const once = await race()
  expect(once.length).toBeGreaterThan(300)
  expect(await race()).toEqual(once)
})

afterAll(() => console.log(`races: ${races} races, ${calls} calls`))
