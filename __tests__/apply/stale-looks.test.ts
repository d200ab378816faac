/**
 * Between the look at a table and the write that relies on it, somebody else takes the table: makes it his own by its tags,
 * or deletes it and makes another. Nothing of his is changed, and the run says so.
 */
import { AwsError } from '../../sandbox/errors.ts'
import type { Shape } from '../../sandbox/table-record.ts'
import { applyPlan } from '../../src/apply/apply.ts'
import { StaleLookError } from '../../src/aws/dynamodb-errors.ts'
import { StoppedError } from '../../src/errors/errors.ts'
import { planTables } from '../../src/plan/planner.ts'
import { aTarget, managedOnly, ready, theTables } from '../support/builders.ts'
import { aRun, modelDynamoDb } from '../support/fakes.ts'
import { type Finished, inTurn, World } from '../support/race.ts'

type Ask = (operation: string, input: Shape) => Promise<Shape>

/** A world where something may come in between before any call arrives: what it throws is what the call gets. */
class MeddledWorld extends World {
  meddle: (operation: string, table: string, ask: Ask) => Promise<void> = async () => undefined

  override async ask(operation: string, input: Shape): Promise<Shape> {
    const table = String(input.TableName ?? String(input.ResourceArn).split('/')[1])
    const ask: Ask = (theirOperation, theirInput) => super.ask(theirOperation, theirInput)
    await this.meddle(operation, table, ask)
    return await ask(operation, input)
  }
}

const tagsOf = (environment: string) => [
  { Key: 'tenant-tables:environment', Value: environment },
  { Key: 'tenant-tables:managed-by', Value: 'tenant-tables' },
]

const creation = (table: string, Tags: readonly Shape[]) => {
  const keys = table === 'users' ? ['tenant_id', 'user_id'] : ['tenant_id']
  return {
    TableName: table,
    AttributeDefinitions: keys.map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
    KeySchema: keys.map((AttributeName, at) => ({ AttributeName, KeyType: at === 0 ? 'HASH' : 'RANGE' })),
    BillingMode: 'PAY_PER_REQUEST',
    Tags,
  }
}

const recovering = {
  TableName: 'tenant',
  PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
}

type Meddling = (world: World, ask: Ask) => Promise<void>

const never = new AbortController().signal

const adopts: Meddling = async (_, ask) => {
  const ResourceArn = 'arn:aws:dynamodb:ap-south-1:222222222222:table/tenant'
  await ask('TagResource', { ResourceArn, Tags: tagsOf('staging') })
}

const replaces: Meddling = async (world, ask) => {
  await ask('DeleteTable', { TableName: 'tenant' })
  await world.clock.sleep(60_000, never)
  await ask('CreateTable', creation('tenant', tagsOf('staging')))
  await world.clock.sleep(60_000, never)
  await ask('UpdateContinuousBackups', recovering)
}

interface Moment {
  readonly name: string
  readonly tags: readonly Shape[]
  readonly recovery?: true
  readonly protection?: true
  readonly inputs: Readonly<Record<string, string>>
  /** The call that is held up, once, so that there is time to meddle. */
  readonly operation: string
  readonly table: string
  /** A table that the run creates. */
  readonly absent?: string
  /** Only once the run has sent this. */
  readonly after?: string
  readonly meddling: Meddling
  /** What the call is answered at last. */
  readonly error?: string
  /** Without a review, which would find out about a new table by itself. */
  readonly isUnreviewed?: true
}

const destroy = { command: 'destroy', environment: 'dev', 'confirm-destroy': 'tenant\nusers' }
const dev = { environment: 'dev', allow: 'adopt-table' }
const withoutRecovery = {
  environment: 'dev',
  'point-in-time-recovery': 'false',
  allow: 'remove-point-in-time-recovery',
}
const withoutProtection = { environment: 'dev', 'deletion-protection': 'false', allow: 'remove-deletion-protection' }
const untagged = [{ Key: 'team', Value: 'b' }]
const busyNeighbour = { operation: 'DescribeTable', table: 'users' }
const heldUp = (operation: string) => ({ operation, table: 'tenant' })

const moments: readonly Moment[] = [
  {
    name: 'a deletion, while another table takes long to look at, of a table that was made anew',
    ...{ tags: tagsOf('dev'), inputs: destroy, ...busyNeighbour, meddling: replaces },
  },
  {
    name: 'a deletion, while another table takes long to look at, of a table that was adopted',
    ...{ tags: tagsOf('dev'), inputs: destroy, ...busyNeighbour, meddling: adopts },
  },
  {
    name: 'tags, while another table takes long to look at',
    ...{ tags: untagged, inputs: dev, ...busyNeighbour, meddling: adopts },
  },
  {
    name: 'an end of recovery, while another table takes long to look at',
    ...{ tags: tagsOf('dev'), recovery: true, inputs: withoutRecovery, ...busyNeighbour, meddling: replaces },
  },
  {
    name: 'tags, after the wait for another table to be created',
    ...{ tags: untagged, inputs: dev, absent: 'users', after: 'CreateTable' },
    ...{ ...heldUp('DescribeTable'), meddling: adopts },
  },
  {
    name: 'a deletion by a look of which a part is old',
    ...{ tags: tagsOf('dev'), inputs: destroy, ...heldUp('DescribeTable'), meddling: replaces, isUnreviewed: true },
  },
  {
    name: 'tags that were throttled',
    ...{ tags: untagged, inputs: dev, ...heldUp('TagResource'), meddling: adopts },
  },
  {
    name: 'an end of recovery that was throttled',
    ...{ tags: tagsOf('dev'), recovery: true, inputs: withoutRecovery },
    ...{ ...heldUp('UpdateContinuousBackups'), meddling: replaces },
  },
  {
    name: 'an end of protection that was throttled',
    ...{ tags: tagsOf('dev'), protection: true, inputs: withoutProtection },
    ...{ ...heldUp('UpdateTable'), meddling: adopts },
  },
  {
    name: 'a deletion whose session had ended',
    ...{ tags: tagsOf('dev'), inputs: destroy, meddling: adopts },
    ...{ ...heldUp('DeleteTable'), error: 'ExpiredTokenException' },
  },
]

it.each(moments)('$name', async (moment) => {
  const world = await worldOf(moment)
  const { plan = '', 'plan-digest': digest = '' } = await planOf(moment, world)
  const review = moment.isUnreviewed ? {} : { 'expected-plan': plan, 'expected-plan-digest': digest }
  let theirs: unknown
  let isAfter = moment.after === undefined
  world.meddle = async (operation, table, ask) => {
    isAfter ||= operation === moment.after
    const isHeldUp = isAfter && operation === moment.operation && table === moment.table
    if (!isHeldUp || theirs !== undefined) return
    await moment.meddling(world, ask)
    theirs = lasting(world)
    await world.clock.sleep(8000, never)
    throw new AwsError(moment.error ?? 'ThrottlingException', 'as AWS says')
  }
  const run = await alone(world, { ...moment.inputs, ...review })
  expect(theirs).toMatchObject({ tags: { 'tenant-tables:environment': 'staging' } })
  expect([lasting(world), run.exitCode]).toEqual([theirs, 1])
  expect(run.errors.join()).toMatch(/[Ss]ome(?:body|one) else.*\nTo fix: /s)
})

it('a destroy does not delete a table that was adopted eight seconds before, after somebody had changed it', async () => {
  const world = await worldOf({ tags: tagsOf('dev') })
  let looksAtUsers = 0
  let looksAtTenant = 0
  let tagsOfTenant = 0
  let isAdopted = false
  world.meddle = async (operation, table, ask) => {
    if (table === 'tenant' && operation === 'ListTagsOfResource') tagsOfTenant += 1
    if (operation !== 'DescribeTable') return
    if (table === 'users') {
      looksAtUsers += 1
      if (looksAtUsers > 1) return
      // 1. The plan's look at the neighbour is throttled for longer than a look is good.
      await world.clock.sleep(8000, never)
      throw new AwsError('ThrottlingException', 'as AWS says')
    }
    looksAtTenant += 1
    if (looksAtTenant === 2) {
      // 2. The look made for the deletion meets a change by hand, which the run waits out for seven seconds.
      const StreamSpecification = { StreamEnabled: true, StreamViewType: 'KEYS_ONLY' }
      await ask('UpdateTable', { TableName: 'tenant', StreamSpecification })
    } else if (looksAtTenant === 3) {
      await world.clock.sleep(6000, never)
    } else if (tagsOfTenant >= 3 && looksAtTenant >= 5 && !isAdopted) {
      // 3. The next look: its tags came at once, its DescribeTable is throttled, and staging adopts the table meanwhile.
      isAdopted = true
      await world.clock.sleep(1000, never)
      const ResourceArn = 'arn:aws:dynamodb:ap-south-1:222222222222:table/tenant'
      await ask('TagResource', { ResourceArn, Tags: tagsOf('staging') })
      await world.clock.sleep(7000, never)
      throw new AwsError('ThrottlingException', 'as AWS says')
    }
  }
  const [run] = await world.race(inTurn(), [
    {
      start: 0,
      ways: [0],
      random: 0.5,
      inputs: destroy,
    },
  ])
  const deletions = run?.calls.filter(({ operation, table }) => operation === 'DeleteTable' && table === 'tenant') ?? []
  expect(deletions.map(({ before }) => before?.tags['tenant-tables:environment'])).not.toContain('staging')
})

it('a write that only waits for its turn, with looks that take no time at all, never relies on a look of minutes ago', async () => {
  const target = aTarget()
  const desired = theTables()
  const [tenant, users] = desired
  const observed = new Map([
    ['tenant', ready(tenant)],
    ['users', ready(users, { tags: managedOnly })],
  ])
  const model = modelDynamoDb(observed)
  const run = aRun()
  const allowed: number[] = []
  const dynamoDb = {
    ...model.dynamoDb,
    tagTable: async (arn: string, _: unknown, sendBefore: number) => {
      allowed.push((sendBefore - run.clock.now()) / 1000)
      // What the port does where the turn comes too late; the neighbour's calls take as long as a call may.
      if (allowed.length < 7) {
        await run.clock.sleep(sendBefore - run.clock.now() + 1, run.stop)
        throw new StaleLookError('TagResource', arn)
      }
    },
  }
  await applyPlan({
    dynamoDb,
    target,
    desired,
    observed,
    lookedAt: run.clock.now(),
    plan: planTables(target, desired, observed),
    run,
  })
  expect(Math.max(...allowed)).toBeLessThanOrEqual(10)
})

/** A change of tags on a line where each read of a table takes so long. */
async function tagOnSlowLine(secondsOfRead: number, mostReads: number) {
  const target = aTarget()
  const desired = [theTables()[1]]
  const observed = new Map([['users', ready(desired[0] ?? theTables()[1], { tags: managedOnly })]])
  const model = modelDynamoDb(observed)
  const run = aRun()
  const ages: number[] = []
  let reads = 0
  let readBegan = run.clock.now() - 60_000
  const outcome = await applyPlan({
    dynamoDb: {
      ...model.dynamoDb,
      describeTable: async (table) => {
        run.stop.throwIfAborted()
        readBegan = run.clock.now()
        reads += 1
        if (reads >= mostReads) run.stopNow(new StoppedError('The deadline passed.', 'Run again.'))
        await run.clock.sleep(secondsOfRead * 1000, new AbortController().signal)
        return await model.dynamoDb.describeTable(table)
      },
      tagTable: async (arn, tags, sendBefore) => {
        ages.push((sendBefore - readBegan) / 1000)
        if (run.clock.now() > sendBefore) throw new StaleLookError('TagResource', arn)
        await model.dynamoDb.tagTable(arn, tags, sendBefore)
      },
    },
    target,
    desired,
    observed,
    lookedAt: readBegan,
    plan: planTables(target, desired, observed),
    run,
  })
  return { ages, writes: model.writes, outcome }
}

it('lets a write rely on an older read where reads take longer, so that a run on a slow line ends', async () => {
  const { ages, writes, outcome } = await tagOnSlowLine(17, 30)
  expect([outcome.error, writes.length]).toEqual([undefined, 1])
  expect(ages.slice(1)).toEqual([5, 10, 20])
})

it('lets no write rely on a read that began more than forty seconds ago, however slow the line is', async () => {
  const { ages, writes } = await tagOnSlowLine(41, 10)
  expect(writes).toEqual([])
  expect(ages.slice(1)).toEqual([5, 10, 20, ...Array(7).fill(40)])
})

async function worldOf({
  tags,
  recovery,
  protection,
  absent,
}: Pick<Moment, 'tags' | 'recovery' | 'protection' | 'absent'>): Promise<MeddledWorld> {
  const world = new MeddledWorld()
  for (const table of ['tenant', 'users'].filter((name) => name !== absent)) {
    await world.ask('CreateTable', { ...creation(table, tags), DeletionProtectionEnabled: protection ?? false })
    await world.wait(60_000)
    if (recovery) await world.ask('UpdateContinuousBackups', { ...recovering, TableName: table })
  }
  // A second change of deletion protection takes its time.
  await world.wait(600_000)
  return world
}

async function planOf({ inputs }: Moment, world: World): Promise<Readonly<Record<string, string>>> {
  const purpose = inputs.command === 'destroy' ? { destroy: 'true' } : {}
  return (await alone(world, { ...inputs, ...purpose, command: 'plan' })).outputs
}

async function alone(world: World, inputs: Readonly<Record<string, string>>): Promise<Finished> {
  const [run] = await world.race(inTurn(), [{ start: 0, ways: [0], random: 0.5, inputs }])
  if (run === undefined) throw new Error('One took part')
  return run
}

/** What staging has, as it left it. */
function lasting(world: World): unknown {
  const { id, tags, deletionProtection, recovery } = world.seen('tenant') ?? {}
  return { id, tags, deletionProtection, recovery }
}
