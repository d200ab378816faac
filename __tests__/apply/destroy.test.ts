/** The deletion of tables, alone and beside another run. */

import type { ObservedTables } from '../../src/table/table.ts'
import { apply, failure, type Overrides, observedAs } from '../support/apply.ts'
import { ready, theTables } from '../support/builders.ts'
import type { FakeRun, Model } from '../support/fakes.ts'

const definitions = theTables()
const [, users] = definitions
const policy = { destroy: true, allow: [] }
const all = observedAs(definitions)
const deleting = { status: 'unavailable', tableStatus: 'DELETING' } as const
const usersDeleting: ObservedTables = new Map([['users', deleting]])

const destroy = (observed: ObservedTables, overrides?: (model: Model, run: FakeRun) => Overrides) =>
  apply({ definitions, observed, policy }, overrides)

/** Replaces the deletion of "users"; that of "tenant" succeeds. */
const deletingUsers =
  (write: (model: Model, send: () => Promise<void>, sendBefore: number) => Promise<void> | void) =>
  (model: Model): Overrides => ({
    write: async (step, send, sendBefore) =>
      step === 'delete "users"' ? await write(model, send, sendBefore) : await send(),
  })

it('deletes the tables and waits until they do not exist', async () => {
  let reads = 0
  const { outcome, results, run } = await destroy(all, () => ({
    describe: (name, table) => {
      const shown = table ?? { TableName: name, TableArn: `arn:aws:dynamodb:ap-south-1:222222222222:table/${name}` }
      reads += 1
      return reads < 5 ? { ...shown, TableId: `id-of-${name}`, TableStatus: 'DELETING' } : table
    },
  }))
  expect([outcome.error, results]).toEqual([undefined, ['delete "tenant": applied', 'delete "users": applied']])
  expect([...outcome.observed.values()]).toEqual([{ status: 'absent' }, { status: 'absent' }])
  expect(run.clock.sleeps).toEqual([1000, 1000, 450, 450, 450, 450])
})

it('waits for a table that is being deleted already, without a step for it', async () => {
  let reads = 0
  const { outcome, model, run } = await destroy(usersDeleting, (it) => ({
    describe: (_, table) => {
      reads += 1
      if (reads < 4) return table
      it.change('users', { status: 'absent' })
      return undefined
    },
  }))
  expect([outcome.error, model.writes, outcome.steps]).toEqual([undefined, [], []])
  expect(run.clock.sleeps.length).toBeGreaterThan(1)
})

it('waits again where a later read still shows the deletion', async () => {
  const { outcome } = await destroy(usersDeleting, (model, { clock }) => {
    const start = clock.now()
    let reads = 0
    return {
      describe: (name, table) => {
        if (name !== 'users') return table
        const isComplete = clock.now() - start >= 20_000
        if (isComplete) reads += 1
        if (reads < 3 && reads !== 1) return table
        if (reads >= 3) model.change('users', { status: 'absent' })
        return undefined
      },
    }
  })
  expect(outcome.error).toBeUndefined()
})

it('fails where a table that is being deleted stays', async () => {
  const { outcome } = await destroy(usersDeleting)
  expect(outcome.error).toMatchObject({
    message: expect.stringContaining('Waited 600 s for the table "users" to be deleted'),
  })
})

it('sends no call where no table exists', async () => {
  const { outcome } = await destroy(new Map(), () => ({
    describe: () => Promise.reject(new Error('DynamoDB was called')),
  }))
  expect(outcome.error).toBeUndefined()
})

describe('beside another run', () => {
  it.each(['ResourceNotFoundException', 'ResourceInUseException'])(
    'drops the deletion that the other run has performed: %s',
    async (code) => {
      const { outcome, results } = await destroy(
        all,
        deletingUsers((model) => {
          model.change('users', { status: 'absent' })
          throw failure(code)
        }),
      )
      expect([outcome.error, results]).toEqual([undefined, ['delete "tenant": applied', 'delete "users": dropped']])
    },
  )

  it('waits until the deletion by the other run is complete', async () => {
    const { outcome, results, run } = await destroy(all, (model, { clock }) => {
      let begun = Number.POSITIVE_INFINITY
      return {
        ...deletingUsers(() => {
          begun = clock.now()
          model.change('users', deleting)
          throw failure('ResourceInUseException')
        })(model),
        describe: (name, table) => {
          if (name === 'tenant' || clock.now() - begun < 4000) return table
          model.change('users', { status: 'absent' })
          return undefined
        },
      }
    })
    expect([outcome.error, results]).toEqual([undefined, ['delete "tenant": applied', 'delete "users": dropped']])
    expect([...outcome.observed.values()]).toEqual([{ status: 'absent' }, { status: 'absent' }])
    expect(run.clock.sleeps.length).toBeGreaterThan(5)
  })

  it('fails where the table is protected meanwhile', async () => {
    const { outcome, results } = await destroy(
      all,
      deletingUsers((model) => {
        model.change('users', ready(users, { DeletionProtectionEnabled: true }))
        throw failure('ResourceInUseException')
      }),
    )
    expect(results).toEqual(['delete "tenant": applied', 'delete "users": failed'])
    expect(outcome.error).toMatchObject({ message: expect.stringContaining('has deletion protection on') })
  })

  it('fails where the table is created again while the deletion is waited for', async () => {
    const { outcome } = await destroy(
      all,
      deletingUsers((model) => model.change('users', ready(users, { id: 'another' }))),
    )
    expect(outcome.error).toMatchObject({ message: expect.stringContaining('"users" was deleted and created again') })
  })

  it.each(['ResourceInUseException', 'ThrottlingException', 'InternalServerError'])(
    'reads the table before it sends a deletion again, and leaves a new table of the same name alone: %s',
    async (code) => {
      let tries = 0
      const { outcome, model, results } = await destroy(
        all,
        deletingUsers((it) => {
          tries += 1
          it.change('users', ready(users, { id: 'another' }))
          throw failure(code)
        }),
      )
      expect([tries, results]).toEqual([1, ['delete "tenant": applied', 'delete "users": failed']])
      expect(outcome.error).toMatchObject({ message: expect.stringContaining('"users" was deleted and created again') })
      expect(model.tables().get('users')).toMatchObject({ id: 'another' })
    },
  )
})

describe('a deletion that DynamoDB does not accept', () => {
  it('is sent again after a change in progress', async () => {
    let tries = 0
    const { results } = await destroy(
      all,
      deletingUsers(async (_, send) => {
        tries += 1
        if (tries < 3) throw failure('ResourceInUseException')
        await send()
      }),
    )
    expect([results, tries]).toEqual([['delete "tenant": applied', 'delete "users": applied'], 3])
  })

  it('is sent again however often the account is throttled, each time after a read', async () => {
    let tries = 0
    const { outcome, results, run } = await destroy(
      all,
      deletingUsers(async (_, send) => {
        tries += 1
        if (tries < 12) throw failure('ThrottlingException')
        await send()
      }),
    )
    expect([outcome.error, results, tries]).toEqual([
      undefined,
      ['delete "tenant": applied', 'delete "users": applied'],
      12,
    ])
    expect(run.lines.filter((line) => line.includes('reading the table again in'))).toHaveLength(11)
  })

  it('fails after eight tries of an unavailable service, with an unknown outcome where one try had no response', async () => {
    let tries = 0
    const { outcome } = await destroy(
      all,
      deletingUsers(() => {
        tries += 1
        throw failure('InternalServerError', { isOutcomeUnknown: tries === 1 })
      }),
    )
    expect(tries).toBe(8)
    expect(outcome.steps[1]?.result).toMatchObject({ status: 'failed', isOutcomeUnknown: true })
  })
})

it('counts a deletion without a response as its own where the next try finds no table', async () => {
  let tries = 0
  const { results } = await destroy(
    all,
    deletingUsers((model) => {
      tries += 1
      if (tries === 1) throw failure('InternalServerError', { isOutcomeUnknown: true })
      model.change('users', { status: 'absent' })
      throw failure('ResourceNotFoundException')
    }),
  )
  expect(results).toEqual(['delete "tenant": applied', 'delete "users": applied'])
})
