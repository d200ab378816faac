/**
 * Between the read of a table and the write that relies on it, another process may tag the table for another environment,
 * or delete it and create another one of its name. The run changes nothing of that table, and reports it.
 */
import { AwsError } from '../../sandbox/errors.ts'
import type { Shape } from '../../sandbox/table-record.ts'
import { StaleReadError } from '../../src/aws/dynamodb-errors.ts'
import { apply, cancelled, failure, observedAs } from '../support/apply.ts'
import { aTarget, managedOnly, production, provisioned, ready, theTables } from '../support/builders.ts'
import { type Finished, inTurn, World } from '../support/race.ts'

const definitions = theTables()
const [, users] = definitions
const untagged = { definitions, observed: observedAs(definitions, { users: { Tags: managedOnly } }) }

describe('a table that was deleted and created again', () => {
  const recreated = { message: expect.stringContaining('"users" was deleted and created again by someone else') }

  it('gets no write that was planned for the old table', async () => {
    let tries = 0
    const { outcome, results } = await apply(untagged, (model) => ({
      write: async () => {
        tries += 1
        model.change('users', ready(users, { id: 'another', Tags: managedOnly }))
        throw failure('ResourceInUseException')
      },
    }))
    expect([tries, results]).toEqual([1, ['update Tags of "users": failed']])
    expect(outcome.error).toMatchObject(recreated)
  })

  it('ends the wait for a change of the old table, whose outcome is unknown', async () => {
    const observed = observedAs(definitions, { users: { BillingMode: provisioned } })
    let reads = 0
    const { outcome } = await apply({ definitions, observed }, () => ({
      describe: (_, table) => table && { ...table, TableId: `id-${++reads}`, TableStatus: 'UPDATING' },
    }))
    expect(outcome.steps[0]?.result).toEqual({ status: 'failed', isOutcomeUnknown: true, error: outcome.error })
    expect(outcome.error).toMatchObject(recreated)
  })

  it('gets no protective step either', async () => {
    const [, protectedUsers] = theTables({ environment: production })
    const unprotected = {
      DeletionProtectionEnabled: false,
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: false },
      BillingMode: provisioned,
    } as const
    const { results, model } = await apply(
      {
        target: aTarget({ environment: production }),
        definitions: [protectedUsers],
        observed: observedAs([protectedUsers], { users: unprotected }),
      },
      (it, { clock }) => ({
        write: async (step, send, sendBefore) => {
          if (step.includes('DeletionProtection')) {
            it.change('users', ready(protectedUsers, { ...unprotected, id: 'another' }))
            throw failure('ResourceInUseException')
          }
          if (clock.now() > sendBefore) throw new StaleReadError('UpdateContinuousBackups', 'users')
          await send()
        },
      }),
    )
    expect(results).toEqual([
      'update DeletionProtectionEnabled of "users": skipped',
      'update PointInTimeRecoverySpecification of "users": failed',
      'update BillingMode of "users": skipped',
    ])
    expect(model.writes).toEqual([])
  })
})

describe('the age of the read behind a write', () => {
  it('stays below ten seconds where the write waits for its turn and reads take no time', async () => {
    const allowed: number[] = []
    await apply(untagged, (_, { clock, stop }) => ({
      write: async (_, __, sendBefore) => {
        allowed.push((sendBefore - clock.now()) / 1000)
        if (allowed.length >= 7) return
        // The other calls take as long as a call may, so that the turn of this one comes too late.
        await clock.sleep(sendBefore - clock.now() + 1, stop)
        throw new StaleReadError('TagResource', 'users')
      },
    }))
    expect(allowed).toHaveLength(7)
    expect(Math.max(...allowed)).toBeLessThanOrEqual(10)
  })

  /** Changes tags over a network where each read of a table takes that long, and stops after so many reads. */
  async function tagOnSlowNetwork(secondsOfRead: number, mostReads: number) {
    const ages: number[] = []
    let reads = 0
    const observed = observedAs([users], { users: { Tags: managedOnly } })
    const { outcome, model } = await apply({ definitions: [users], observed, readAt: 0 }, (_, run) => {
      let readAt = 0
      return {
        describe: async (_, table) => {
          run.stop.throwIfAborted()
          readAt = run.clock.now()
          reads += 1
          if (reads >= mostReads) run.stopNow(cancelled)
          await run.clock.sleep(secondsOfRead * 1000, new AbortController().signal)
          return table
        },
        write: async (_, send, sendBefore) => {
          ages.push((sendBefore - readAt) / 1000)
          if (run.clock.now() > sendBefore) throw new StaleReadError('TagResource', 'users')
          await send()
        },
      }
    })
    return { ages, writes: model.writes, outcome }
  }

  it('may grow where reads take longer, so that a run on a slow network ends', async () => {
    const { ages, writes, outcome } = await tagOnSlowNetwork(17, 30)
    expect([outcome.error, writes]).toEqual([undefined, ['update Tags of "users"']])
    expect(ages.slice(1)).toEqual([5, 10, 20])
  })

  it('stays below forty seconds, however slow the network is', async () => {
    const { ages, writes } = await tagOnSlowNetwork(41, 10)
    expect(writes).toEqual([])
    expect(ages.slice(1)).toEqual([5, 10, 20, ...Array(7).fill(40)])
  })
})

type Ask = (operation: string, input: Shape) => Promise<Shape>

/** A sandbox in which another process may act before a call arrives. The call fails with what `intervene` throws. */
class ContestedWorld extends World {
  intervene: (operation: string, table: string, ask: Ask) => Promise<void> = async () => undefined

  override async ask(operation: string, input: Shape): Promise<Shape> {
    const table = String(input.TableName ?? String(input.ResourceArn).split('/')[1])
    const ask: Ask = (otherOperation, otherInput) => super.ask(otherOperation, otherInput)
    await this.intervene(operation, table, ask)
    return await ask(operation, input)
  }
}

const tagsOf = (environment: string) => [
  { Key: 'tenant-tables:environment', Value: environment },
  { Key: 'tenant-tables:managed-by', Value: 'tenant-tables' },
]

function creation(table: string, Tags: readonly Shape[]): Shape {
  const { KeySchema: keys } = theTables()[table === 'users' ? 1 : 0].properties
  return {
    TableName: table,
    AttributeDefinitions: keys.map(({ KeyType: _, ...attribute }) => attribute),
    KeySchema: keys.map(({ AttributeType: _, ...key }) => key),
    BillingMode: 'PAY_PER_REQUEST',
    Tags,
  }
}

const recovery = { PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true } }
const never = new AbortController().signal

/** A change of "tenant" by another process. */
type Intervention = (world: World, ask: Ask) => Promise<void>

const adopt: Intervention = async (_, ask) => {
  const ResourceArn = 'arn:aws:dynamodb:ap-south-1:222222222222:table/tenant'
  await ask('TagResource', { ResourceArn, Tags: tagsOf('staging') })
}

const recreate: Intervention = async (world, ask) => {
  await ask('DeleteTable', { TableName: 'tenant' })
  await world.clock.sleep(60_000, never)
  await ask('CreateTable', creation('tenant', tagsOf('staging')))
  await world.clock.sleep(60_000, never)
  await ask('UpdateContinuousBackups', { TableName: 'tenant', ...recovery })
}

interface Moment {
  readonly name: string
  readonly tags: readonly Shape[]
  readonly recovery?: true
  readonly protection?: true
  readonly inputs: Readonly<Record<string, string>>
  /** The call that is delayed once, during which the other process acts. */
  readonly operation: string
  readonly table: string
  /** A table that the run creates. */
  readonly absent?: string
  /** The other process acts only after the run has sent this operation. */
  readonly after?: string
  readonly intervention: Intervention
  /** The error that the delayed call gets. Default: ThrottlingException. */
  readonly error?: string
  /** A review of the plan would find a new table by itself. */
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
const undeclared = [{ Key: 'team', Value: 'b' }]
const slowUsers = { operation: 'DescribeTable', table: 'users' }
const slow = (operation: string) => ({ operation, table: 'tenant' })

const moments: readonly Moment[] = [
  {
    name: 'a deletion, where the read of another table is slow and the table was recreated',
    ...{ tags: tagsOf('dev'), inputs: destroy, ...slowUsers, intervention: recreate },
  },
  {
    name: 'a deletion, where the read of another table is slow and the table was adopted',
    ...{ tags: tagsOf('dev'), inputs: destroy, ...slowUsers, intervention: adopt },
  },
  {
    name: 'tags, where the read of another table is slow',
    ...{ tags: undeclared, inputs: dev, ...slowUsers, intervention: adopt },
  },
  {
    name: 'recovery off, where the read of another table is slow',
    ...{ tags: tagsOf('dev'), recovery: true, inputs: withoutRecovery, ...slowUsers, intervention: recreate },
  },
  {
    name: 'tags, after the wait for the creation of another table',
    ...{ tags: undeclared, inputs: dev, absent: 'users', after: 'CreateTable' },
    ...{ ...slow('DescribeTable'), intervention: adopt },
  },
  {
    name: 'a deletion, where a part of the read is old',
    ...{ tags: tagsOf('dev'), inputs: destroy, ...slow('DescribeTable'), intervention: recreate, isUnreviewed: true },
  },
  {
    name: 'tags that were throttled',
    ...{ tags: undeclared, inputs: dev, ...slow('TagResource'), intervention: adopt },
  },
  {
    name: 'recovery off that was throttled',
    ...{ tags: tagsOf('dev'), recovery: true, inputs: withoutRecovery },
    ...{ ...slow('UpdateContinuousBackups'), intervention: recreate },
  },
  {
    name: 'protection off that was throttled',
    ...{ tags: tagsOf('dev'), protection: true, inputs: withoutProtection },
    ...{ ...slow('UpdateTable'), intervention: adopt },
  },
  {
    name: 'a deletion whose session had expired',
    ...{ tags: tagsOf('dev'), inputs: destroy, intervention: adopt },
    ...{ ...slow('DeleteTable'), error: 'ExpiredTokenException' },
  },
]

it.each(moments)('a whole run does not send a write to a table of another environment: $name', async (moment) => {
  const world = await worldOf(moment)
  const { plan = '', 'plan-digest': digest = '' } = await planOf(moment, world)
  const review = moment.isUnreviewed ? {} : { 'expected-plan': plan, 'expected-plan-digest': digest }
  let left: unknown
  let isAfter = moment.after === undefined
  world.intervene = async (operation, table, ask) => {
    isAfter ||= operation === moment.after
    const isDelayed = isAfter && operation === moment.operation && table === moment.table
    if (!isDelayed || left !== undefined) return
    await moment.intervention(world, ask)
    left = stateOfTenant(world)
    await world.clock.sleep(8000, never)
    throw new AwsError(moment.error ?? 'ThrottlingException', 'as AWS says')
  }
  const run = await runAlone(world, { ...moment.inputs, ...review })
  expect(left).toMatchObject({ tags: { 'tenant-tables:environment': 'staging' } })
  expect([stateOfTenant(world), run.exitCode]).toEqual([left, 1])
  expect(run.errors.join()).toMatch(/[Ss]omeone else.*\nTo fix: /s)
})

it('a whole run does not delete a table that was adopted eight seconds before, after a change by hand', async () => {
  const world = await worldOf({ tags: tagsOf('dev') })
  const reads = { users: 0, tenant: 0, tagsOfTenant: 0 }
  let isAdopted = false
  world.intervene = async (operation, table, ask) => {
    if (table === 'tenant' && operation === 'ListTagsOfResource') reads.tagsOfTenant += 1
    if (operation !== 'DescribeTable') return
    if (table === 'users') {
      reads.users += 1
      if (reads.users > 1) return
      // 1. The first read of "users" is throttled for longer than a read is valid.
      await world.clock.sleep(8000, never)
      throw new AwsError('ThrottlingException', 'as AWS says')
    }
    reads.tenant += 1
    if (reads.tenant === 2) {
      // 2. The read for the deletion finds a change by hand. The run waits seven seconds for it.
      const StreamSpecification = { StreamEnabled: true, StreamViewType: 'KEYS_ONLY' }
      await ask('UpdateTable', { TableName: 'tenant', StreamSpecification })
    } else if (reads.tenant === 3) {
      await world.clock.sleep(6000, never)
    } else if (reads.tagsOfTenant >= 3 && reads.tenant >= 5 && !isAdopted) {
      // 3. In the next read the tags arrive at once, DescribeTable is throttled, and staging adopts the table meanwhile.
      isAdopted = true
      await world.clock.sleep(1000, never)
      await adopt(world, ask)
      await world.clock.sleep(7000, never)
      throw new AwsError('ThrottlingException', 'as AWS says')
    }
  }
  const { calls } = await runAlone(world, destroy)
  expect(isAdopted).toBe(true)
  const deletions = calls.filter(({ operation, table }) => operation === 'DeleteTable' && table === 'tenant')
  expect(deletions.map(({ before }) => before?.tags['tenant-tables:environment'])).not.toContain('staging')
})

async function worldOf({
  tags,
  recovery: isRecoveryOn,
  protection,
  absent,
}: Pick<Moment, 'tags' | 'recovery' | 'protection' | 'absent'>): Promise<ContestedWorld> {
  const world = new ContestedWorld()
  for (const table of ['tenant', 'users'].filter((name) => name !== absent)) {
    await world.ask('CreateTable', { ...creation(table, tags), DeletionProtectionEnabled: protection ?? false })
    await world.wait(60_000)
    if (isRecoveryOn) await world.ask('UpdateContinuousBackups', { TableName: table, ...recovery })
  }
  // DynamoDB accepts a second change of deletion protection only after a while.
  await world.wait(600_000)
  return world
}

async function planOf({ inputs }: Moment, world: World): Promise<Readonly<Record<string, string>>> {
  const purpose = inputs.command === 'destroy' ? { destroy: 'true' } : {}
  return (await runAlone(world, { ...inputs, ...purpose, command: 'plan' })).outputs
}

async function runAlone(world: World, inputs: Readonly<Record<string, string>>): Promise<Finished> {
  const [run] = await world.race(inTurn(), [{ start: 0, ways: [0], random: 0.5, inputs }])
  if (run === undefined) throw new Error('One run took part')
  return run
}

function stateOfTenant(world: World): unknown {
  const { id, tags, deletionProtection, recovery: state } = world.seen('tenant') ?? {}
  return { id, tags, deletionProtection, recovery: state }
}
