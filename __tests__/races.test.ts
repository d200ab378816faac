/**
 * Runs at the same time, in every order that fast-check thinks of: which request arrives first, which answer comes late,
 * who begins when. RACES_RUNS is how many races a property gets; RACES_SEED, the seed of a failure, repeats it and finds
 * a smaller one.
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

/** In what a table differs from its definition in production. */
const drifts = ['billing', 'tags', 'protection', 'recovery', 'adoption'] as const
type Drift = (typeof drifts)[number]
type Before = 'absent' | readonly Drift[]

/** Of a table that someone else created, that lost its environment, or that is as defined. */
function tagsBefore(has: (drift: Drift) => boolean, environment: string): Readonly<Record<string, string>> {
  if (has('adoption')) return { team: 'b' }
  if (has('tags')) return { 'tenant-tables:managed-by': 'tenant-tables', team: 'b' }
  return { ...own(environment), team: 'a' }
}

/** What a run is given where it may meet tables that someone else created. */
const adopting = { tags: 'team=a', allow: 'adopt-table' }

/** Makes the tables as they were found, each with an item in it. */
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
/** At once, at any time, or as a table becomes ACTIVE that was made at once. */
const start = fc.oneof(fc.constant(0), fc.nat({ max: 12_000 }), fc.integer({ min: 5300, max: 6100 }))

/** Somebody whose calls may be slow, and who may come late, but whose calls never time out. */
function participant(inputs: Readonly<Record<string, string>>): fc.Arbitrary<Participant> {
  return fc.record({
    inputs: fc.constant(inputs),
    start,
    ways: fc.array(way, { minLength: 1, maxLength: 9 }),
    random: fc.constantFrom(0, 0.5, 0.99),
  })
}

/** So many of them, of each kind in turn. */
function participants(
  count: number,
  ...kinds: readonly Readonly<Record<string, string>>[]
): fc.Arbitrary<readonly Participant[]> {
  return fc.tuple(...Array.from({ length: count }, (_, index) => participant(kinds[index % kinds.length] ?? {})))
}

/** A property of races, each told call by call where it fails. */
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
        const tell = (told: World) => {
          world = told
        }
        try {
          await check(given, scheduler, tell)
        } catch (error) {
          throw new Error(
            `${error instanceof Error ? error.message : error}\n\n${world?.calls.map(describe_).join('\n')}`,
          )
        }
        races += 1
        calls += world?.calls.length ?? 0
      }),
      { numRuns: Math.max(2, Math.ceil(runs * share)), ...(seed ? { seed: Number(seed) } : { endOnFailure: true }) },
    )
  }, 3_600_000)
}

function describe_({ participant, operation, table, arrived, error, before }: Call): string {
  return `${arrived} run ${participant}: ${operation} ${table} (${before?.status ?? 'absent'}): ${error ?? 'done'}`
}

const isWrite = ({ operation }: Call) => !/^(Describe|List|Get|Query)/.test(operation)
const isTableWrite = (call: Call) => isWrite(call) && !/Item$/.test(call.operation)
const isDone = ({ error }: Call) => error === undefined

/** What the calls changed; a write that asks for what is there already changes nothing. */
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

/** Success, or an error that says what to do; and both before any wait gives up. */
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

/** What the log says of the steps is what the calls did; who met another one's work says so. */
function expectHonestLog(run: Finished, { calls }: World): void {
  for (const line of run.lines) {
    const [, action = '', table, end] = /^([\w ]+) "(.+)": (applied|done by another run)/.exec(line) ?? []
    if (end === undefined) continue
    const sent = run.calls.filter((call) => call.operation === operations.get(action) && call.table === table)
    if (end === 'applied') expect([line, sent.some(isDone)]).toEqual([line, true])
    const isOthers = ({ participant, operation, table: its }: Call) =>
      participant !== run.calls[0]?.participant && operation === operations.get(action) && its === table
    if (end === 'done by another run') expect([line, calls.filter(isOthers).some(isDone)]).toEqual([line, true])
  }
  const refused = run.calls.filter((call) => isTableWrite(call) && !isDone(call))
  for (const { operation, table, error } of refused) {
    const isTold =
      run.exitCode === 1 ||
      run.lines.some(
        (line) =>
          line.includes(table) &&
          /done by another run|a change is in progress|Trying again|reading the table again/.test(line),
      )
    const isDoneLater = run.calls.some((call) => call.operation === operation && call.table === table && isDone(call))
    expect([operation, table, error, isTold || isDoneLater]).toEqual([operation, table, error, true])
  }
}

/**
 * No table is changed by a look at it that began more than 5 s before, nor by one that had not ended. A look is two round
 * trips at most; who takes longer than that for one may take twice as long as it is.
 */
function expectFreshLooks({ calls }: Finished, ways: readonly number[] = []): void {
  const freshness = Math.max(5000, 2 * 4 * Math.max(0, ...ways))
  const looks = ['DescribeTable', 'ListTagsOfResource', 'DescribeContinuousBackups']
  for (const write of calls.filter((call) => isTableWrite(call) && call.operation !== 'CreateTable')) {
    const fresh = calls.filter(
      ({ table, sentAt, answered = Number.POSITIVE_INFINITY }) =>
        table === write.table && sentAt >= write.sentAt - freshness && answered < write.sent,
    )
    const missing = looks.filter((look) => !fresh.some(({ operation }) => operation === look))
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

/** Before `moment`; what was asked and not answered by then is not known. */
function lastAnswer(run: Finished | undefined, operation: string, table: string, moment = Number.POSITIVE_INFINITY) {
  return run?.calls.findLast(
    (call) => call.operation === operation && call.table === table && (call.answered ?? moment) < moment,
  )
}

function shownTags(call: Call | undefined): Readonly<Record<string, string>> {
  const tags = (call?.answer.Tags ?? []) as readonly { readonly Key: string; readonly Value: string }[]
  return Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value]))
}

/** Who claims success saw the tables as they should be, and tells the ids of those. */
function expectHonestSuccess(run: Finished, definition: Definition): void {
  if (run.exitCode === 1) return
  const told = JSON.parse(run.outputs.tables ?? '{}') as Record<string, { id?: string }>
  for (const name of names) {
    const described = lastAnswer(run, 'DescribeTable', name)?.before
    expect([name, told[name]?.id]).toEqual([name, described?.id])
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

/** One run that nobody is beside. */
async function alone(world: World, inputs: Readonly<Record<string, string>>): Promise<Finished> {
  const [run] = await world.race(inTurn(), [{ ...inTime, inputs }])
  if (run === undefined) throw new Error('One took part')
  return run
}

const lasting = (world: World) =>
  names.map((name) => {
    const { id: _, recovery, ...seen } = world.seen(name) ?? { id: '', recovery: undefined }
    return { ...seen, recovery: recovery?.enabled, days: recovery?.days, items: world.items(name) }
  })

describe.each([2, 8])('%i runs at once', (count) => {
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
      tell: (world: World) => void,
    ) => {
      const one = await worldWith(befores, environment)
      await alone(one, inputs)
      const world = await worldWith(befores, environment)
      tell(world)
      const ids = names.map((name) => world.seen(name)?.id)
      const finished = await world.race(order, given)
      const definition = { environment, protection: environment === 'prod', recovery: environment === 'prod' }
      for (const [index, run] of finished.entries()) {
        expectExplained(run)
        expectHonestLog(run, world)
        expectFreshLooks(run, given[index]?.ways)
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
      'make absent tables once',
      share,
      fc.oneof(raceIn('dev', absent, own), raceIn('prod', absent, own)),
      expectAsOneRun,
    )
    holds(
      'mend drift once',
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
    'to the definition and to nothing end with whole tables, or none, and nobody claims what is not so',
    share * 1.5,
    settings.chain((added) => {
      const apply = { environment: 'dev', ...adopting, ...added }
      return fc.record({
        apply: fc.constant(apply),
        befores: fc.tuple(anyBefore, anyBefore),
        given: participants(count, apply, destroy),
      })
    }),
    async ({ apply, befores, given }, order, tell) => {
      const world = await worldWith(befores, 'dev')
      tell(world)
      const definition = {
        environment: 'dev',
        protection: 'deletion-protection' in apply,
        recovery: 'point-in-time-recovery' in apply,
      }
      const finished = await world.race(order, given)
      for (const [index, run] of finished.entries()) {
        expectExplained(run)
        expectHonestLog(run, world)
        expectFreshLooks(run, given[index]?.ways)
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
        // Only a run that failed leaves something undone, and it says what.
        const isTold = (run: Finished) =>
          run.command === 'apply' && run.errors.some((error) => error.includes(`"${name}"`))
        const isUntouched = finished.every(
          ({ calls: made }) => !made.some((call) => isTableWrite(call) && call.table === name),
        )
        expect([name, seen, isUntouched || finished.some(isTold)]).toEqual([name, seen, true])
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
    'for two environments never take a table that was seen to be of the other',
    share,
    fc.record({
      befores: fc.tuple(before, before),
      given: participants(count, { environment: 'dev', ...adopting }, { environment: 'staging', ...adopting }),
    }),
    async ({ befores, given }, order, tell) => {
      const world = await worldWith(befores, 'dev')
      tell(world)
      const ids = names.map((name) => world.seen(name)?.id)
      const finished = await world.race(order, given)
      const environmentOf = (seen: Seen | undefined) => seen?.tags['tenant-tables:environment']
      for (const [index, run] of finished.entries()) {
        expectExplained(run)
        expectHonestLog(run, world)
        expectFreshLooks(run, given[index]?.ways)
        expectHonestSuccess(run, { environment: run.environment, protection: false, recovery: false })
        if (run.exitCode === 1) expect(run.errors.join()).toMatch(/belongs to the environment/)
      }
      for (const { participant: index, operation, table, sent } of world.calls.filter(isDone)) {
        const run = finished[index]
        expect(operation).not.toBe('DeleteTable')
        if (operation !== 'TagResource') continue
        const known = lastAnswer(run, 'ListTagsOfResource', table, sent)
        expect([undefined, run?.environment]).toContain(shownTags(known)['tenant-tables:environment'])
        // Refused writes of tags tell that somebody has just written some, so they are looked at first.
        const isBlind = run?.calls.some(
          (call) =>
            call.operation === 'TagResource' &&
            call.table === table &&
            !isDone(call) &&
            call.sent > (known?.sent ?? 0) &&
            call.sent < sent,
        )
        expect([run?.environment, isBlind]).toEqual([run?.environment, false])
        // The tags of a table that is made with them show as soon as it is ACTIVE.
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
    'that verify do not meet each other’s items',
    share,
    participants(count, verify),
    async (given, order, tell) => {
      const world = await worldWith([[], []], 'dev')
      tell(world)
      const finished = await world.race(order, given)
      expectNothingLeft(world, finished)
      expect(finished.map(({ errors }) => errors)).toEqual(finished.map(() => []))
      expect(names.map((name) => world.items(name))).toEqual([[item], [item]])
    },
  )

  holds(
    'that verify beside those that apply prove the definition, or say what is missing',
    share,
    fc.record({
      befores: fc.tuple(anyBefore, anyBefore),
      given: participants(count, { environment: 'dev', ...adopting }, verify),
    }),
    async ({ befores, given }, order, tell) => {
      const world = await worldWith(befores, 'dev')
      tell(world)
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
    'that verify beside those that destroy say that the tables went away',
    share / 2,
    participants(count, destroy, verify),
    async (given, order, tell) => {
      const world = await worldWith([[], []], 'dev')
      tell(world)
      const finished = await world.race(order, given)
      expectNothingLeft(world, finished)
      expect(finished.filter(({ command }) => command === 'destroy').map(({ errors }) => errors.join())).toEqual(
        Array(count / 2).fill(''),
      )
      expect(names.map((name) => world.seen(name))).toEqual([undefined, undefined])
    },
  )
})

it('a run whose tags are read just before a table becomes ACTIVE, and the rest just after, sees whose it is', async () => {
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

it('a destruction that sees the tables of another run in the place of those it deleted says so, and leaves them', async () => {
  const world = await worldWith([[], []], 'dev')
  const [destroyed, applied] = await world.race(inTurn(), [
    // Six reads and two deletions go at once; the looks that follow arrive when other tables are there.
    {
      ...inTime,
      inputs: { command: 'destroy', environment: 'dev', 'confirm-destroy': 'tenant\nusers' },
      ways: [...Array(16).fill(0), 4500, 4500],
    },
    { ...inTime, inputs: { environment: 'dev' }, start: 4100 },
  ])
  const toldAnew = expect.stringMatching(/was deleted and created again by someone else[\s\S]*To fix: /)
  expect(destroyed?.errors).toEqual([toldAnew, toldAnew])
  expect(destroyed?.seconds).toBeLessThan(20)
  expect([applied?.errors, names.map((name) => world.seen(name)?.status)]).toEqual([[], ['ACTIVE', 'ACTIVE']])
})

it('a destruction that waits for tables that somebody else deletes says so when others take their place', async () => {
  const world = await worldWith([[], []], 'dev')
  const destroy = { command: 'destroy', environment: 'dev', 'confirm-destroy': 'tenant\nusers' }
  const [, waited] = await world.race(inTurn(), [
    { ...inTime, inputs: destroy },
    // Both of its looks find the tables DELETING, and nothing to do; those that follow arrive when other tables are there.
    { ...inTime, inputs: destroy, start: 500, ways: [...Array(12).fill(0), 4500, 4500] },
    { ...inTime, inputs: { environment: 'dev' }, start: 4100 },
  ])
  expect(waited?.errors).toEqual([
    expect.stringMatching(/was deleted and created again by someone else[\s\S]*To fix: /),
  ])
  expect(waited?.seconds).toBeLessThan(20)
  expect(names.map((name) => world.seen(name)?.status)).toEqual(['ACTIVE', 'ACTIVE'])
})

it('a race that is run again goes the same way, call for call', async () => {
  const race = async () => {
    const world = await worldWith(['absent', ['billing', 'adoption']], 'prod')
    const given = fc.tuple(fc.scheduler(), participants(8, { environment: 'prod', ...adopting }))
    const [[order, those] = [inTurn(), []]] = fc.sample(given, { seed: 7, numRuns: 1 })
    await world.race(order, those)
    return world.calls.map(describe_)
  }
  const once = await race()
  expect(once.length).toBeGreaterThan(300)
  expect(await race()).toEqual(once)
})

afterAll(() => console.log(`races: ${races} races, ${calls} calls`))
