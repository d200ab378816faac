/** A step that DynamoDB does not accept: another run was faster, a change is in progress, or the tags are locked. */
import type { TableDescription } from '@aws-sdk/client-dynamodb'
import { blockersOf, conflictOf, delayAfterConflict } from '../../src/apply/conflict.ts'
import type { Step } from '../../src/plan/plan.ts'
import { type DescribedTable, readDescription } from '../../src/table/described-table.ts'
import type { PropertyName } from '../../src/table/properties/index.ts'
import type { ReadyTable } from '../../src/table/table.ts'
import { addressOf } from '../../src/table/target.ts'
import {
  apply,
  cancelled,
  failure,
  type Overrides,
  observedAs,
  type Situation,
  tagsAreLocked,
} from '../support/apply.ts'
import { aTarget, managedOnly, production, provisioned, ready, theTables, withTags } from '../support/builders.ts'
import { descriptionOf, type FakeRun, type Model } from '../support/fakes.ts'

const target = aTarget({ environment: production })
const definitions = theTables({ environment: production })
const [tenant, users] = definitions
const inUse = failure('ResourceInUseException')

const withUsers = (changes: Parameters<typeof ready>[1]): Situation => ({
  target,
  definitions,
  observed: observedAs(definitions, { users: changes ?? {} }),
})
const usersAbsent: Situation = { target, definitions, observed: observedAs([tenant]) }

/** Fails the first try of one step, after a change of the model. */
const failingOnce =
  (failing: string, error: Error, change: (model: Model) => void = () => undefined) =>
  (model: Model): Overrides => {
    let isFirst = true
    return {
      write: async (step, send) => {
        if (step !== failing || !isFirst) return await send()
        isFirst = false
        change(model)
        throw error
      },
    }
  }

describe('a creation that meets another run', () => {
  const beside = (found: ReadyTable, error = inUse) =>
    apply(
      usersAbsent,
      failingOnce('create "users"', error, (model) => model.change('users', found)),
    )

  it('is dropped, and the other steps of the table are performed', async () => {
    const { outcome, results } = await beside(
      ready(users, { PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: false } }),
    )
    expect(outcome.error).toBeUndefined()
    expect(results).toEqual(['create "users": dropped', 'update PointInTimeRecoverySpecification of "users": applied'])
  })

  it('is dropped with every other step that the other run performed', async () => {
    const { results, model } = await beside(ready(users))
    expect(results).toEqual(['create "users": dropped', 'update PointInTimeRecoverySpecification of "users": dropped'])
    expect(model.writes).toEqual([])
  })

  it('counts as applied where an earlier try of it had no response', async () => {
    const { results } = await beside(ready(users), failure('ResourceInUseException', { isOutcomeUnknown: true }))
    expect(results).toEqual(['create "users": applied', 'update PointInTimeRecoverySpecification of "users": dropped'])
  })

  it('fails where the table now needs a step that was not planned', async () => {
    const { outcome, results } = await beside(ready(users, { Tags: managedOnly }))
    expect(results).toEqual(['create "users": failed', 'update PointInTimeRecoverySpecification of "users": dropped'])
    expect(outcome.error).toMatchObject({
      message: expect.stringContaining('steps that were not planned: update Tags of "users"'),
      remedy: expect.stringContaining('Run again'),
    })
  })

  it('fails where the table must now be refused', async () => {
    const { outcome, model } = await beside(ready(users, { KeySchema: tenant.properties.KeySchema }))
    expect(outcome.error).toMatchObject({
      message: expect.stringMatching(
        /^Someone else changed the table during this run\. .* has the key tenant_id \(S\)/,
      ),
    })
    expect(model.writes).toEqual([])
  })

  it('fails after six tries where the conflict stays', async () => {
    let tries = 0
    const { outcome, run } = await apply(usersAbsent, () => ({
      write: async () => {
        tries += 1
        throw inUse
      },
    }))
    expect([tries, run.clock.sleeps]).toEqual([6, [400, 800, 1600, 3200, 6400]])
    expect(outcome.steps[0]?.result).toEqual({ status: 'failed', isOutcomeUnknown: false, error: inUse })
  })

  it('names the other run, and that nothing was accepted, where the run is stopped before the next try', async () => {
    const { outcome } = await apply(usersAbsent, (_, run) => ({
      write: async () => {
        run.stopNow(cancelled)
        throw inUse
      },
    }))
    const error = cancelled.whileWaitingFor('someone else, who is changing the table "users"')
    expect(outcome.steps.map(({ result }) => result)).toEqual([
      { status: 'failed', isOutcomeUnknown: false, error },
      { status: 'skipped' },
    ])
  })
})

describe('a change that DynamoDB calls invalid', () => {
  const unprotected = withUsers({ DeletionProtectionEnabled: false })
  const step = 'update DeletionProtectionEnabled of "users"'
  const invalid = failure('ValidationException')

  it('is dropped where the next read shows that another process made it', async () => {
    const { outcome, results, model } = await apply(
      unprotected,
      failingOnce(step, invalid, (it) => it.change('users', ready(users))),
    )
    expect([outcome.error, results, model.writes]).toEqual([undefined, [`${step}: dropped`], []])
  })

  it('fails without a second try where the table still needs it', async () => {
    let tries = 0
    const { outcome, run } = await apply(unprotected, () => ({
      write: async () => {
        tries += 1
        throw invalid
      },
    }))
    expect([tries, run.clock.sleeps]).toEqual([1, [400]])
    expect(outcome.steps[0]?.result).toEqual({ status: 'failed', isOutcomeUnknown: false, error: invalid })
  })
})

describe('tags that are locked by another write', () => {
  const untagged = withUsers({ Tags: managedOnly })
  const step = 'update Tags of "users"'

  it('are read again, so that the table is not taken from another environment', async () => {
    const { outcome, model, run } = await apply(
      untagged,
      failingOnce(step, tagsAreLocked, (it) =>
        it.change('users', ready(users, { Tags: withTags(managedOnly, { 'tenant-tables:environment': 'staging' }) })),
      ),
    )
    expect(outcome.error).toMatchObject({ message: expect.stringContaining('belongs to the environment "staging"') })
    expect([model.writes, run.clock.sleeps]).toEqual([[], [4000]])
  })

  it('are not written again where the other write made them match', async () => {
    const { results } = await apply(
      untagged,
      failingOnce(step, tagsAreLocked, (model) => model.change('users', ready(users))),
    )
    expect(results).toEqual([`${step}: dropped`])
  })

  it('are written where they still differ', async () => {
    expect((await apply(untagged, failingOnce(step, tagsAreLocked))).results).toEqual([`${step}: applied`])
  })

  it('are not written again where a later read shows the old ones: the step was planned and printed', async () => {
    let reads = 0
    const { outcome, results } = await apply(withUsers({ Tags: managedOnly, BillingMode: provisioned }), (model) => ({
      write: async (name, send) => {
        if (name === step) {
          model.change('users', ready(users, { BillingMode: provisioned }))
          throw tagsAreLocked
        }
        if (reads === 1) throw inUse
        await send()
      },
      listTags: (table, tags) => (table === 'users' && ++reads === 2 ? managedOnly : tags),
    }))
    expect([outcome.error, results]).toEqual([
      undefined,
      [`${step}: dropped`, 'update BillingMode of "users": applied'],
    ])
  })
})

it('does not mistake its own tags, which show late, for a change by someone else', async () => {
  let reads = 0
  const { outcome, results } = await apply(withUsers({ Tags: managedOnly, BillingMode: provisioned }), (model) => ({
    ...failingOnce('update BillingMode of "users"', inUse)(model),
    listTags: (table, tags) => (table === 'users' && ++reads === 1 ? managedOnly : tags),
  }))
  expect(outcome.error).toBeUndefined()
  expect(results).toEqual(['update Tags of "users": applied', 'update BillingMode of "users": applied'])
})

it('counts throttled tries and broken connections apart, so that many of one kind do not use up the other', async () => {
  let tries = 0
  const { outcome } = await apply(withUsers({ Tags: managedOnly }), () => ({
    write: async (_, send) => {
      tries += 1
      if (tries <= 8) throw failure('ThrottlingException')
      if (tries === 9) throw failure('TimeoutError', { isOutcomeUnknown: true, httpStatusCode: 0 })
      await send()
    },
  }))
  expect([outcome.error, tries]).toEqual([undefined, 10])
})

describe('a step that a change in progress blocks', () => {
  const unprotected = withUsers({ DeletionProtectionEnabled: false })
  const creatingReplica: Partial<TableDescription> = {
    Replicas: [{ RegionName: 'eu-west-1', ReplicaStatus: 'CREATING' }],
  }

  /** Blocks every write to "users" for some seconds, in which DescribeTable shows the change. */
  const blocked =
    (seconds: number, shown: Partial<TableDescription>, sent: string[] = []) =>
    (_: Model, { clock }: FakeRun): Overrides => {
      const start = clock.now()
      const isBlocked = () => clock.now() - start < seconds * 1000
      return {
        describe: (name, table) => (table && name === 'users' && isBlocked() ? { ...table, ...shown } : table),
        write: async (step, send) => {
          sent.push(step)
          if (isBlocked()) throw inUse
          await send()
        },
      }
    }

  it('is sent again when a replica of the table is created, with progress in the log', async () => {
    const sent: string[] = []
    const { outcome, run, results } = await apply(unprotected, blocked(40, creatingReplica, sent))
    expect([outcome.error, results]).toEqual([undefined, ['update DeletionProtectionEnabled of "users": applied']])
    // After the refusal, reads alone until the replica is ACTIVE.
    expect(sent).toHaveLength(2)
    expect(run.clock.sleeps.reduce((sum, each) => sum + each, 0)).toBeLessThan(45_000)
    expect(run.lines.join('\n')).toMatch(
      /Waiting for the table "users" to accept update DeletionProtectionEnabled of "users": someone else is changing the table, .*: 1\d s so far; it is ACTIVE, replica eu-west-1 CREATING/,
    )
  })

  it('is sent again with growing delays where AWS does not report the change', async () => {
    const sent: string[] = []
    const { outcome } = await apply(unprotected, blocked(600, {}, sent))
    expect(outcome.error).toBeUndefined()
    expect(sent.length).toBeGreaterThan(10)
    expect(sent.length).toBeLessThan(90)
  })

  it('is sent again when the table itself is not UPDATING any more', async () => {
    const { outcome, results } = await apply(
      withUsers({ BillingMode: provisioned }),
      blocked(30, { TableStatus: 'UPDATING' }),
    )
    expect([outcome.error, results]).toEqual([undefined, ['update BillingMode of "users": applied']])
    expect(outcome.observed).toEqual(observedAs(definitions))
  })

  it('names the change that it waits for where the run is stopped', async () => {
    const { outcome } = await apply(unprotected, (model, run) => {
      const { write, describe } = blocked(3600, creatingReplica)(model, run)
      return {
        ...(write && { write }),
        describe: (name, table) => {
          if (run.clock.now() >= Date.UTC(2026, 0, 1, 0, 1)) run.stopNow(cancelled)
          return describe?.(name, table)
        },
      }
    })
    expect(outcome.steps[0]?.result).toMatchObject({ status: 'failed', isOutcomeUnknown: false, error: outcome.error })
    expect(outcome.error).toMatchObject({
      message: expect.stringMatching(
        /It was waiting for the table "users" to accept update DeletionProtectionEnabled of "users": someone else is changing the table, which .*; it is ACTIVE, replica eu-west-1 CREATING\./,
      ),
    })
  })

  it('is sent again after a change of the encryption where it is a deletion', async () => {
    const own = theTables()
    const sent: string[] = []
    const encryption = { SSEDescription: { Status: 'UPDATING' } } as const
    const { outcome } = await apply(
      { definitions: own, observed: observedAs(own), policy: { destroy: true, allow: [] } },
      blocked(20, encryption, sent),
    )
    expect(outcome.error).toBeUndefined()
    expect(sent.filter((step) => step === 'delete "users"')).toHaveLength(2)
  })

  it('lets recovery go first where a replica blocks deletion protection, which takes UpdateTable', async () => {
    const unprotectedUsers = observedAs([users], {
      users: {
        DeletionProtectionEnabled: false,
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: false },
      },
    })
    let recoveredAt = Number.NaN
    const { outcome, results } = await apply(
      { target, definitions: [users], observed: unprotectedUsers },
      (model, run) => {
        const { write, describe } = blocked(600, creatingReplica)(model, run)
        const start = run.clock.now()
        return {
          ...(describe && { describe }),
          write: async (step, send, sendBefore) => {
            if (!step.includes('PointInTimeRecovery')) return await write?.(step, send, sendBefore)
            recoveredAt = run.clock.now() - start
            await send()
          },
        }
      },
    )
    expect([outcome.error, recoveredAt, results]).toEqual([
      undefined,
      0,
      [
        'update DeletionProtectionEnabled of "users": applied',
        'update PointInTimeRecoverySpecification of "users": applied',
      ],
    ])
  })
})

it('protects a table whose tags someone else changed, and sends no other step that was not planned so', async () => {
  const [first] = theTables({ environment: production, tags: new Map([['team', 'a']]) })
  const unprotected = {
    DeletionProtectionEnabled: false,
    PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: false },
    BillingMode: provisioned,
  } as const
  const old = withTags(first.properties.Tags, { team: 'old' })
  const changed = withTags(old, { team: 'b' })
  const { results, outcome, model } = await apply(
    { target, definitions: [first], observed: observedAs([first], { tenant: { ...unprotected, Tags: old } }) },
    failingOnce('update DeletionProtectionEnabled of "tenant"', inUse, (it) =>
      it.change('tenant', ready(first, { ...unprotected, Tags: changed })),
    ),
  )
  expect(results).toEqual([
    'update DeletionProtectionEnabled of "tenant": applied',
    'update PointInTimeRecoverySpecification of "tenant": applied',
    'update Tags of "tenant": failed',
    'update BillingMode of "tenant": skipped',
  ])
  expect(model.tables().get('tenant')).toEqual(ready(first, { BillingMode: provisioned, Tags: changed }))
  expect(outcome.error).toMatchObject({
    message: expect.stringContaining('steps that were not planned: update Tags of "tenant": tag team b -> a'),
  })
})

describe('a limit on indexes', () => {
  const step: Step = {
    kind: 'update',
    table: 'users',
    property: 'GlobalSecondaryIndexes',
    from: [],
    to: [{ IndexName: 'by-email' }],
    risk: 'slow',
  }
  const limit = (message: string) =>
    failure('LimitExceededException', { message: `Subscriber limit exceeded: ${message}` })

  it('passes where another index is being built or deleted: the table is read until that is complete', () => {
    const error = limit('Only 1 online index can be created or deleted simultaneously per table')
    const conflict = { reason: 'blocked-by-index', error } as const
    expect(conflictOf(step, error)).toEqual(conflict)
    // Growing delays, although the error is classified as passing.
    expect([1, 10].map((times) => delayAfterConflict(conflict, Array(times).fill(conflict), 0, 0.5))).toEqual([
      400, 10_000,
    ])
  })

  it('is final where the table has 20 indexes', () => {
    const error = limit('Number of global secondary indexes exceeds per-table limit of 20')
    expect([conflictOf(step, error), error.kind]).toEqual([undefined, 'final'])
  })
})

describe('blockersOf', () => {
  const describedAs = (changes: Partial<TableDescription>): DescribedTable =>
    readDescription(addressOf(aTarget(), 'users'), { Table: { ...descriptionOf('users', ready(users)), ...changes } })
  const inProgress: Readonly<Record<string, Partial<TableDescription>>> = {
    table: { TableStatus: 'UPDATING' },
    index: {
      GlobalSecondaryIndexes: [
        {
          IndexName: 'by-tenant',
          KeySchema: [{ AttributeName: 'tenant_id', KeyType: 'HASH' }],
          Projection: { ProjectionType: 'ALL' },
          IndexStatus: 'CREATING',
        },
      ],
    },
    replica: { Replicas: [{ RegionName: 'eu-west-1', ReplicaStatus: 'DELETING' }] },
    encryption: { SSEDescription: { Status: 'UPDATING' } },
    'warm throughput': { WarmThroughput: { Status: 'UPDATING' } },
  }

  it.each<[PropertyName | 'deletion', readonly string[]]>([
    ['DeletionProtectionEnabled', ['replica']],
    ['BillingMode', ['table', 'index', 'replica']],
    ['PointInTimeRecoverySpecification', []],
    ['Tags', []],
    ['deletion', ['table', 'index', 'replica', 'encryption', 'warm throughput']],
  ])('names for %s the changes in progress of %j, and a table that is CREATING', (name, expected) => {
    const step: Step =
      name === 'deletion'
        ? { kind: 'delete', table: 'users' }
        : { kind: 'update', table: 'users', property: name, from: undefined, to: undefined, risk: 'safe' }
    const blockers = Object.values(inProgress).map((shown) => blockersOf(step, describedAs(shown)))
    expect(blockers.flat()).toEqual(expected)
    expect(blockersOf(step, describedAs({}))).toEqual([])
    expect(blockersOf(step, describedAs({ TableStatus: 'CREATING' }))).toEqual(['table'])
  })
})
