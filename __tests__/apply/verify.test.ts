import { verifyTables } from '../../src/apply/verify.ts'
import type { ItemStore } from '../../src/aws/item-store.ts'
import type { Item } from '../../src/definition/items.ts'
import { renderError } from '../../src/errors/description.ts'
import { planTables } from '../../src/plan/planner.ts'
import type { TableDefinition } from '../../src/table/table.ts'
import { cancelled, failure, observedAs } from '../support/apply.ts'
import { aTarget, provisioned, ready, strictPolicy, theTables } from '../support/builders.ts'
import { aRun, type FakeRun, type ItemModel, modelItems } from '../support/fakes.ts'

const builtIn = theTables()

interface Situation {
  readonly definitions?: readonly TableDefinition[]
  readonly observed?: ReturnType<typeof observedAs>
  readonly sampleItems?: boolean
  /** Calls that do not go to the model: those of the run, and those that clean up after it. */
  readonly items?: (model: ItemModel, run: FakeRun) => Partial<ItemStore>
  readonly cleaningItems?: (model: ItemModel) => Partial<ItemStore>
}

async function verify({
  definitions = builtIn,
  observed = observedAs(definitions),
  sampleItems = true,
  items,
  cleaningItems,
}: Situation = {}) {
  const model = modelItems(
    definitions.flatMap(({ properties }) => properties.KeySchema.map((key) => key.AttributeName)),
  )
  const run = aRun()
  const calls: string[] = []
  const recorded = (store: ItemStore): ItemStore => ({
    putIfAbsent: (table, ...given) => {
      calls.push(`put ${table}`)
      return store.putIfAbsent(table, ...given)
    },
    get: (table, key) => {
      calls.push(`get ${table}`)
      return store.get(table, key)
    },
    query: (table, partition, index) => {
      calls.push(`query ${table}${index === undefined ? '' : ` ${index}`}`)
      return store.query(table, partition, index)
    },
    delete: (table, key) => {
      calls.push(`delete ${table}`)
      return store.delete(table, key)
    },
  })
  const [replaced, cleaning] = [items?.(model, run) ?? {}, cleaningItems?.(model) ?? {}]
  const verification = await verifyTables({
    plan: planTables(aTarget(), definitions, observed, strictPolicy),
    definitions,
    observed,
    sampleItems,
    dynamoDb: { itemsWithin: (within) => recorded({ ...model, ...(within === run ? replaced : cleaning) }) },
    run,
  })
  const error = verification.error === undefined ? '' : renderError(verification.error)
  const deletions = calls.filter((call) => call.startsWith('delete'))
  return { verification, error, calls, deletions, model, run }
}

const denied = failure('AccessDeniedException', { operation: 'PutItem' })
const timedOut = failure('TimeoutError', { isOutcomeUnknown: true, httpStatusCode: 0 })
const reject = (error: Error) => () => Promise.reject(error)
const firstReads = ['get tenant', 'query tenant', 'get users', 'query users']

/** Answers like this to the reads before the first write, and fails after them. */
const failingAfter = <Answer>(reads: number, answer: Answer, error: Error) => {
  let count = 0
  return async (): Promise<Answer> => {
    count += 1
    if (count > reads) throw error
    return answer
  }
}

it('writes a tenant and a user of each role, finds them by their tenant alone, and deletes them again', async () => {
  const { verification, calls, model, run } = await verify()
  expect(verification).toEqual({ sampleItems: true })
  // A read that is not allowed fails before anything is written.
  expect(calls.slice(0, 4)).toEqual(firstReads)
  expect(calls.slice(4, 8)).toEqual(['put tenant', 'put users', 'put users', 'put users'])
  expect(calls.slice(8, -4).sort()).toEqual([
    'get tenant',
    ...['get users', 'get users', 'get users'],
    ...['query tenant', 'query tenant', 'query users', 'query users'],
  ])
  expect(calls.slice(-4)).toEqual(['delete tenant', 'delete users', 'delete users', 'delete users'])
  expect(model.kept.size).toBe(0)
  expect(run.lines).toEqual([
    expect.stringMatching(
      /^Sample items, to be deleted again: writing \{"tenant_id":"[^"]+"\} in "tenant"(; \{"tenant_id":"[^"]+","user_id":"[^"]+"\} in "users"){3}$/,
    ),
  ])
})

it.each<[string, Situation, string]>([
  ['where no sample items are wanted', { sampleItems: false }, ''],
  [
    'where the plan has a refusal, which is reported with the plan',
    { observed: new Map([['users', { status: 'unavailable', tableStatus: 'ARCHIVED' }]]) },
    '',
  ],
  [
    'where the tables do not match their definitions',
    { observed: observedAs(builtIn, { users: { BillingMode: provisioned } }) },
    'The tables are not as they are defined: update BillingMode of "users": billing PROVISIONED, 5 read and 5 write units -> PAY_PER_REQUEST.\nTo fix: Find out who changed them, then run command: apply, which brings them to their definition.',
  ],
])('reads and writes no item %s', async (_, situation, expected) => {
  const { error, calls } = await verify(situation)
  expect([calls, error]).toEqual([[], expected])
})

it.each<[string, Partial<ItemStore>]>([
  ['an item', { get: reject(denied) }],
  ['the items of a tenant', { query: reject(denied) }],
])('writes nothing where it may not read %s', async (_, items) => {
  const { error, calls } = await verify({ items: () => items })
  expect(error).toContain('AccessDeniedException')
  expect(calls).toEqual(firstReads)
})

it.each<[string, string | undefined, Partial<ItemStore>]>([
  ['unwritten where a read is denied', 'unwritten', { get: reject(denied) }],
  ['unwritten where every write is denied', 'unwritten', { putIfAbsent: reject(denied) }],
  ['deleted where an item is not found', 'deleted', { query: async () => [] }],
  ['named by the error where no item can be deleted', undefined, { delete: reject(new Error('broken')) }],
])('the sample items of a failed verification are %s', async (_, itemState, items) => {
  const { verification } = await verify({ items: () => items, cleaningItems: () => items })
  const state = itemState === undefined ? {} : { itemState }
  expect(verification).toEqual({ sampleItems: true, ...state, error: expect.any(Error) })
})

it.each<[string, Partial<ItemStore>, RegExp]>([
  [
    'Query does not find a user',
    { query: async () => [] },
    /^The response for all items of "tenant" with \{"tenant_id":"[^"]+"\} does not match what was written/,
  ],
  ['an item cannot be read', { get: async () => undefined }, /^The response for the item .* does not match what was/],
  ['a read fails', { get: failingAfter(2, undefined, new Error('broken')) }, /broken/],
  ['a write fails', { putIfAbsent: reject(new Error('broken')) }, /broken/],
])('fails where %s, and deletes what it wrote', async (_, items, message) => {
  const { error, model, deletions } = await verify({ items: () => items })
  expect(error).toMatch(message)
  expect([model.kept.size, deletions.length]).toEqual([0, 4])
})

it('fails where Query returns users of another tenant', async () => {
  const { error } = await verify({
    items: ({ kept, query }) => ({
      query: async (table, partition) =>
        table === 'tenant'
          ? await query(table, partition)
          : [...kept.values()].filter(({ user_id }) => user_id !== undefined),
    }),
  })
  expect(error).toMatch(/^The response for all items of "users" with another tenant_id does not match/)
})

it('fails where an item comes back changed', async () => {
  const { error } = await verify({
    items: (model) => ({
      putIfAbsent: (table, item, key) => model.putIfAbsent(table, { ...item, name: 'changed' }, key),
    }),
  })
  expect(error).toContain('"name":"changed"')
})

it('shortens items that do not match, so that the summary stays within the limit of GitHub', async () => {
  const long = { tenant_id: 'a', user_id: 'b', added: 'x'.repeat(390_000) }
  const { error } = await verify({ items: () => ({ query: async () => [long] }) })
  expect(error).toMatch(/does not match what was written/)
  expect(error.length).toBeLessThan(2000)
})

describe('a table that is not built in', () => {
  const key = (AttributeName: string, AttributeType: 'S' | 'N' | 'B', KeyType: 'HASH' | 'RANGE' = 'HASH') => ({
    AttributeName,
    AttributeType,
    KeyType,
  })
  const Projection = { ProjectionType: 'ALL' }
  const index = (IndexName: string, ...KeySchema: readonly object[]) => ({ IndexName, KeySchema, Projection })
  /** A table with indexes, which a definition of the built-in tables cannot declare. */
  const aTableOf = (logicalName: string, KeySchema: readonly object[], indexes: object = {}): TableDefinition => {
    const [tenant] = builtIn
    const properties = { ...tenant.properties, KeySchema, ...indexes } as unknown as TableDefinition['properties']
    return { logicalName, name: `x-${logicalName}`, properties, fields: {} }
  }
  const events = aTableOf('events', [key('hash', 'B'), key('at', 'N', 'RANGE')], {
    GlobalSecondaryIndexes: [
      index('by-day', key('day', 'S'), key('place', 'N'), key('at', 'N', 'RANGE')),
      index('by-owner', key('owner', 'S')),
    ],
    LocalSecondaryIndexes: [index('by-size', key('hash', 'B'), key('size', 'N', 'RANGE'))],
  })

  it('gets one item with new keys of the declared types, which each index shows, and which is deleted again', async () => {
    const written: Item[] = []
    const { verification, calls, model, run } = await verify({
      definitions: [events],
      items: (it) => ({
        putIfAbsent: (table, item, partitionKey) => {
          written.push(item)
          return it.putIfAbsent(table, item, partitionKey)
        },
      }),
    })
    expect(verification).toEqual({ sampleItems: true })
    expect(written).toEqual([
      {
        hash: expect.any(Uint8Array),
        at: expect.any(Number),
        day: expect.stringMatching(/^[0-9a-f-]{36}$/),
        place: expect.any(Number),
        owner: expect.stringMatching(/^[0-9a-f-]{36}$/),
        size: expect.any(Number),
      },
    ])
    const indexes = ['query x-events by-day', 'query x-events by-owner', 'query x-events by-size']
    expect(calls).toEqual([
      ...['get x-events', 'query x-events', ...indexes],
      'put x-events',
      ...['query x-events', 'query x-events', 'get x-events'],
      ...indexes,
      'delete x-events',
    ])
    expect(model.kept.size).toBe(0)
    const bytes = Buffer.from(written[0]?.hash as Uint8Array).toString('base64')
    expect(run.lines).toEqual([
      `Sample items, to be deleted again: writing {"hash":{"B":"${bytes}"},"at":${written[0]?.at}} in "x-events"`,
    ])
  })

  it('is not queried by an index that is being built', async () => {
    const building = { part: 'index', name: 'by-owner', status: 'CREATING' } as const
    const table = { ...ready(events), changesInProgress: [building] }
    const { verification, calls } = await verify({ definitions: [events], observed: new Map([[events.name, table]]) })
    expect(verification).toEqual({ sampleItems: true })
    expect(calls).toContain('query x-events by-day')
    expect(calls).not.toContain('query x-events by-owner')
  })

  it('may show the item in an index late', async () => {
    let queries = 0
    const late = (it: ItemModel): Partial<ItemStore> => ({
      query: async (table, partition, name) => {
        queries += 1
        return name === 'by-owner' && queries < 20 ? [] : await it.query(table, partition, name)
      },
    })
    expect((await verify({ definitions: [events], items: late })).verification).toEqual({ sampleItems: true })
    expect(queries).toBe(20)
  })

  it('fails where an index never shows the item, which is deleted', async () => {
    const { error, model, deletions } = await verify({
      definitions: [events],
      items: (it) => ({
        query: async (table, partition, name) => (name === 'by-day' ? [] : await it.query(table, partition, name)),
      }),
    })
    expect(error).toMatch(/^A Query on the index "by-day" does not find the item \{"hash":.*\} of "x-events"\.\n/)
    expect([model.kept.size, deletions.length]).toEqual([0, 1])
  })

  it('gets items of the shape of a built-in one if it has its name and key, with the keys of its indexes', async () => {
    const users = aTableOf('users', [key('tenant_id', 'S'), key('user_id', 'S', 'RANGE')], {
      GlobalSecondaryIndexes: [
        index('by-email', key('email', 'S')),
        index('by-role', key('role', 'S')),
        index('by-plan', key('plan', 'N')),
      ],
    })
    const written: Item[] = []
    const { verification, calls } = await verify({
      definitions: [users],
      items: (it) => ({
        putIfAbsent: (table, item, partitionKey) => {
          written.push(item)
          return it.putIfAbsent(table, item, partitionKey)
        },
      }),
    })
    expect(verification).toEqual({ sampleItems: true })
    expect(written.map(({ role, plan }) => [role, typeof plan])).toEqual([
      ['OWNER', 'number'],
      ['SUPERVISOR', 'number'],
      ['OPERATOR', 'number'],
    ])
    expect(calls).toContain('query x-users by-email')
    // A Query for a role would return the users of all tenants.
    expect(calls).not.toContain('query x-users by-role')
  })

  it.each([
    ['another key', aTableOf('users', [key('tenant_id', 'S')])],
    [
      'an index on an attribute of another type',
      aTableOf('users', [key('tenant_id', 'S'), key('user_id', 'S', 'RANGE')], {
        GlobalSecondaryIndexes: [index('by-time', key('created_at', 'N'))],
      }),
    ],
  ])('gets one item of its key attributes if it has the name of a built-in one and %s', async (_, users) => {
    const { verification, calls } = await verify({ definitions: [users] })
    expect([verification, calls.filter((call) => call === 'put x-users')]).toEqual([
      { sampleItems: true },
      ['put x-users'],
    ])
  })
})

describe('sample items that could not be deleted', () => {
  const keepingTenant = ({ delete: remove }: ItemModel): Partial<ItemStore> => ({
    delete: (table, key) => (table === 'tenant' ? Promise.reject(new Error('no')) : remove(table, key)),
  })

  it('are named by their keys, with the reason', async () => {
    const { error, model } = await verify({ cleaningItems: keepingTenant })
    const [left] = [...model.kept.values()]
    expect(model.kept.size).toBe(1)
    expect(error).toBe(
      [
        `Sample items could not be deleted: {"tenant_id":"${left?.tenant_id}"} in "tenant".`,
        'To fix: Delete these items by hand. Nothing else was left behind.',
        'Caused by: Error: no',
      ].join('\n'),
    )
  })

  it('are named after the failure that came first, with the statements that both denials need', async () => {
    const { error } = await verify({
      items: () => ({ query: failingAfter(2, [], denied) }),
      cleaningItems: () => ({ delete: reject(failure('AccessDeniedException', { operation: 'DeleteItem' })) }),
    })
    expect(error).toMatch(
      /^PutItem on "users" failed\. \(AccessDeniedException: as AWS says\) Sample items could not be deleted: .*; .*; .*; .*\n/,
    )
    expect(error).toContain('"Action":["dynamodb:PutItem"]')
    expect(error).toContain('"Action":["dynamodb:DeleteItem"]')
    expect(error).toContain('Caused by: AccessDeniedException')
  })

  it('are not called the only ones beside a write without a response', async () => {
    const { error, verification } = await verify({
      items: (model) => ({
        putIfAbsent: async (table, item, key) => {
          await model.putIfAbsent(table, item, key)
          return { isOutcomeUnknown: table === 'users' }
        },
      }),
      cleaningItems: keepingTenant,
    })
    expect(error).toMatch(/could not be deleted/)
    expect(error).not.toContain('Nothing else')
    expect(verification.warnings).toHaveLength(3)
  })
})

describe('a write', () => {
  it('that finds an item of someone else does not delete it', async () => {
    const { error, deletions } = await verify({
      items: () => ({ putIfAbsent: reject(failure('ConditionalCheckFailedException')) }),
    })
    expect(error).toContain('ConditionalCheckFailedException')
    expect(deletions).toEqual([])
  })

  it('that was never sent, because the run was stopped during the reads, leaves nothing to delete', async () => {
    const { verification, deletions } = await verify({
      items: (_, run) => ({
        query: async () => {
          run.stopNow(cancelled)
          return []
        },
        putIfAbsent: async () => run.stop.throwIfAborted() as never,
      }),
    })
    expect(verification).toEqual({ sampleItems: true, itemState: 'unwritten', error: cancelled })
    expect(deletions).toEqual([])
  })

  it('whose response cannot be read may have taken effect, so its item is deleted and named in a warning', async () => {
    const unreadable = failure('SyntaxError', { isOutcomeUnknown: true, httpStatusCode: 200 })
    const { verification, deletions } = await verify({ items: () => ({ putIfAbsent: reject(unreadable) }) })
    expect(verification).toMatchObject({ itemState: 'deleted', error: unreadable })
    expect([verification.warnings?.length, deletions.length]).toEqual([4, 4])
  })

  it('whose earlier try has no response is named in a warning, because that try may arrive late', async () => {
    const { verification } = await verify({
      items: (model) => ({
        putIfAbsent: async (table, item, key) => {
          await model.putIfAbsent(table, item, key)
          return { isOutcomeUnknown: table === 'tenant' }
        },
      }),
    })
    expect(verification).toEqual({
      sampleItems: true,
      warnings: [expect.stringMatching(/^A write of the sample item \{"tenant_id":".*"\} in "tenant" has no response/)],
    })
  })

  it('whose next try finds the item of an earlier try without a response has written it', async () => {
    const { error, deletions, model } = await verify({
      items: (it) => ({
        putIfAbsent: async (table, item, key) => {
          await it.putIfAbsent(table, item, key)
          throw failure('ConditionalCheckFailedException', { isOutcomeUnknown: true })
        },
      }),
    })
    expect([error, model.kept.size, deletions.length]).toEqual(['', 0, 4])
  })

  it('in progress when another one fails is waited for, and its item is deleted', async () => {
    const inProgress: Promise<unknown>[] = []
    const { verification, model } = await verify({
      items: (it) => ({
        putIfAbsent: (table, item, key) => {
          if (table === 'tenant') return Promise.reject(denied)
          // Later than everything that does not wait for it.
          const late = new Promise((resolve) => setImmediate(resolve)).then(() => it.putIfAbsent(table, item, key))
          inProgress.push(late)
          return late
        },
      }),
    })
    await Promise.all(inProgress)
    expect(inProgress).toHaveLength(3)
    expect(verification).toEqual({ sampleItems: true, itemState: 'deleted', error: denied })
    expect(model.kept.size).toBe(0)
  })

  it.each([
    ['fails', true],
    ['succeeds at the next try', false],
  ])('that %s and arrives after its item was deleted is deleted once more', async (_, isFailing) => {
    let arrive: (() => Promise<unknown>) | undefined
    const { error, model, deletions } = await verify({
      items: (it) => ({
        putIfAbsent: async (table, item, key) => {
          if (table === 'users') return await it.putIfAbsent(table, item, key)
          arrive = () => it.putIfAbsent(table, item, key)
          if (isFailing) throw timedOut
          await it.putIfAbsent(table, item, key)
          return { isOutcomeUnknown: true }
        },
      }),
      cleaningItems: (it) => ({
        delete: async (table, key) => {
          await it.delete(table, key)
          if (table === 'users') return
          const late = arrive
          arrive = undefined
          await late?.()
        },
      }),
    })
    expect(error).toMatch(isFailing ? /TimeoutError/ : /^$/)
    expect([model.kept.size, deletions.length]).toEqual([0, 5])
  })
})
