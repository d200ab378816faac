import { verifyTables } from '../../src/apply/verify.ts'
import { DynamoDbError } from '../../src/aws/dynamodb-errors.ts'
import type { ItemStore } from '../../src/aws/item-store.ts'
import type { Item } from '../../src/definition/items.ts'
import { renderError } from '../../src/errors/description.ts'
import { planTables } from '../../src/plan/planner.ts'
import type { ObservedTables } from '../../src/table/table.ts'
import { aTarget, ready, theTables } from '../support/builders.ts'
import { aRun, modelItems } from '../support/fakes.ts'

const desired = theTables()
const asDefined: ObservedTables = new Map(desired.map((table) => [table.name, ready(table)]))

interface Changes {
  readonly observed?: ObservedTables
  readonly sampleItems?: boolean
  readonly items?: Partial<ItemStore>
  readonly cleaningItems?: Partial<ItemStore>
}

async function verify({ observed = asDefined, sampleItems = true, items = {}, cleaningItems = {} }: Changes = {}) {
  const model = modelItems()
  const run = aRun()
  const calls: string[] = []
  const call = (name: string, table: string) => void calls.push(`${name} ${table}`)
  const logged = (store: ItemStore): ItemStore => ({
    putIfAbsent: async (table, item, partitionKey) => {
      call('put', table)
      return await store.putIfAbsent(table, item, partitionKey)
    },
    get: async (table, key) => {
      call('get', table)
      return await store.get(table, key)
    },
    query: async (table, partitionKey, value) => {
      call('query', table)
      return await store.query(table, partitionKey, value)
    },
    delete: async (table, key) => {
      call('delete', table)
      await store.delete(table, key)
    },
  })
  const verification = await verifyTables({
    plan: planTables(aTarget(), desired, observed),
    sampleItems,
    // What is written and read ends with the run; what is deleted goes on a while.
    itemsWithin: (within) => logged({ ...model, ...(within === run ? items : cleaningItems) }),
    run,
  })
  return { verification, calls, model, error: verification.error === undefined ? '' : renderError(verification.error) }
}

function dynamoDbError(name: string, answerLost: boolean, httpStatusCode = 400): DynamoDbError {
  const cause = Object.assign(new Error('x'), { name, $metadata: { httpStatusCode } })
  return new DynamoDbError('PutItem', 'users', cause, answerLost)
}

const count = (calls: readonly string[], call: string) => calls.filter((each) => each === call).length

it('writes a tenant and a user of each role, finds them by their tenant alone, and deletes them again', async () => {
  const { verification, calls, model } = await verify()
  expect(verification).toEqual({ sampleItems: true })
  // What may not be read is found out before anything is written.
  expect(calls.slice(0, 3)).toEqual(['get tenant', 'get users', 'query users'])
  expect(calls.slice(3, 7)).toEqual(['put tenant', 'put users', 'put users', 'put users'])
  expect(count(calls.slice(7), 'query users')).toBe(2)
  expect([count(calls.slice(7), 'get tenant'), count(calls.slice(7), 'get users')]).toEqual([1, 3])
  expect(calls.slice(-4)).toEqual(['delete tenant', 'delete users', 'delete users', 'delete users'])
  expect(model.kept.size).toBe(0)
})

it('touches no item where none is wanted', async () => {
  const { verification, calls } = await verify({ sampleItems: false })
  expect([verification, calls]).toEqual([{ sampleItems: false }, []])
})

it('touches no item where the plan is not empty, and says what is not as defined', async () => {
  const observed = new Map([...asDefined, ['users', ready(desired[1], { billingMode: 'PROVISIONED' })] as const])
  const { error, calls } = await verify({ observed })
  expect(calls).toEqual([])
  expect(error).toContain('The tables are not as they are defined: set-billing-mode "users"')
  expect(error).toContain('To fix: Find out who changed them, and run command: apply')
})

it('leaves refusals to the plan, and touches no item', async () => {
  const observed = new Map([...asDefined, ['users', { status: 'unavailable', tableStatus: 'ARCHIVED' }] as const])
  const { verification, calls } = await verify({ observed })
  expect([verification, calls]).toEqual([{ sampleItems: false }, []])
})

/** The reads before anything is written find nothing; those after it fail. */
const failingAfter = (reads: number, nothing: unknown, message: string) => {
  let seen = 0
  return async () => {
    seen += 1
    if (seen > reads) throw new Error(message)
    return nothing as never
  }
}

it.each<[string, Partial<ItemStore>]>([
  ['an item', { get: () => Promise.reject(dynamoDbError('AccessDeniedException', false)) }],
  ['items of a tenant', { query: () => Promise.reject(dynamoDbError('AccessDeniedException', false)) }],
])('writes nothing where it may not read %s', async (_, items) => {
  const { error, calls } = await verify({ items })
  expect(error).toContain('AccessDeniedException')
  expect(calls.sort()).toEqual(['get tenant', 'get users', 'query users'])
})

it.each<[string, Partial<ItemStore>, 'unwritten' | 'deleted' | undefined]>([
  ['nothing may be read', { get: () => Promise.reject(dynamoDbError('AccessDeniedException', false)) }, 'unwritten'],
  [
    'every write is refused',
    { putIfAbsent: () => Promise.reject(dynamoDbError('AccessDeniedException', false)) },
    'unwritten',
  ],
  ['nothing is found', { query: async () => [] }, 'deleted'],
  ['nothing can be deleted', { delete: () => Promise.reject(new Error('broken')) }, undefined],
])('tells what became of the sample items where %s', async (_, items, fate) => {
  const { verification } = await verify({ items, cleaningItems: items })
  expect(verification).toEqual({ sampleItems: true, ...(fate === undefined ? {} : { fate }), error: expect.anything() })
})

it('hands on the statement that would have allowed what was denied, whatever else it has to tell', async () => {
  const denied = () => Promise.reject(dynamoDbError('AccessDeniedException', false))
  let queries = 0
  const query = async () => (++queries > 1 ? await denied() : [])
  const { error } = await verify({ items: { putIfAbsent: async () => ({ mayComeLate: true }), query } })
  expect(error).toMatch(/delete it by hand[\s\S]*\nThe statement to add: \{/)
  const left = await verify({ items: { get: failingAfter(2, undefined, 'broken') }, cleaningItems: { delete: denied } })
  expect(left.error).toMatch(/could not be deleted[\s\S]*\nThe statement to add: \{/)
})

it('shows the beginning of what another hand made long, so that the summary is not too long for GitHub', async () => {
  const long = { tenant_id: 'a', user_id: 'b', added: 'x'.repeat(390_000) }
  const { error } = await verify({ items: { query: async () => [long] } })
  expect(error).toMatch(/came back otherwise/)
  expect(error.length).toBeLessThan(2000)
})

it.each<[string, Partial<ItemStore>, RegExp]>([
  ['a user is not found by Query', { query: async () => [] }, /^All users of the tenant .* came back otherwise/],
  ['an item cannot be read back', { get: async () => undefined }, /^The item .* came back otherwise/],
  ['a read fails', { get: failingAfter(2, undefined, 'broken') }, /broken/],
  ['a write fails', { putIfAbsent: () => Promise.reject(new Error('broken')) }, /broken/],
])('fails where %s, and deletes what it wrote', async (_, items, message) => {
  const { error, model, calls } = await verify({ items })
  expect(error).toMatch(message)
  expect(model.kept.size).toBe(0)
  expect(calls.filter((call) => call.startsWith('delete'))).toHaveLength(4)
})

it('fails where another tenant is shown users, or an item comes back changed', async () => {
  const model = modelItems()
  const everybody: Partial<ItemStore> = {
    putIfAbsent: model.putIfAbsent,
    get: model.get,
    query: async () => [...model.kept.values()].filter(({ user_id }) => user_id !== undefined),
  }
  expect((await verify({ items: everybody })).error).toMatch(/^All users of another tenant/)
  const kept = modelItems()
  const changed: Partial<ItemStore> = {
    putIfAbsent: (table, item, key) => kept.putIfAbsent(table, { ...item, name: 'somebody else' }, key),
    get: kept.get,
    query: kept.query,
  }
  expect((await verify({ items: changed })).error).toContain('somebody else')
})

it('names by key what could not be deleted, and why, and says first what failed before', async () => {
  const { error, model } = await verify({
    cleaningItems: {
      delete: (table: string) => (table === 'tenant' ? Promise.reject(new Error('no')) : Promise.resolve()),
    },
  })
  const [left] = [...model.kept.values()].filter(({ user_id }) => user_id === undefined)
  expect(left).toBeDefined()
  expect(error).toContain(`Sample items could not be deleted: {"tenant_id":"${left?.tenant_id}"} in "tenant".`)
  expect(error).toContain('Caused by: Error: no')
  const both = await verify({
    items: { query: failingAfter(1, [], 'first') },
    cleaningItems: { delete: () => Promise.reject(new Error('second')) },
  })
  expect(both.error).toMatch(
    /^Error: first Sample items could not be deleted: .*; .*; .*; .*\n[\s\S]*Caused by: Error: second/,
  )
})

it('names a write that may come late beside what could not be deleted, and does not say that nothing else is left', async () => {
  let queries = 0
  const { error } = await verify({
    items: {
      putIfAbsent: async (table) => ({ mayComeLate: table === 'tenant' }),
      // The first one only proves that it is allowed.
      query: async () => {
        queries += 1
        if (queries > 1) throw dynamoDbError('AccessDeniedException', false)
        return []
      },
    },
    cleaningItems: {
      delete: (table: string) => (table === 'users' ? Promise.reject(new Error('no')) : Promise.resolve()),
    },
  })
  expect(error).toMatch(/^PutItem on "users" failed\. \(AccessDeniedException: x\) Sample items could not be deleted: /)
  expect(error).toMatch(/The answer to a write of the sample item \{.*\} in "tenant" was lost/)
  expect(error).not.toContain('Nothing else')
  expect(error).toContain('"Action":["dynamodb:PutItem"]')
})

describe('a write', () => {
  it('that is refused because there is such an item is nobody’s to delete', async () => {
    const { calls, error } = await verify({
      items: { putIfAbsent: () => Promise.reject(dynamoDbError('ConditionalCheckFailedException', false)) },
    })
    expect(error).toContain('ConditionalCheckFailedException')
    expect(calls.filter((call) => call.startsWith('delete'))).toEqual([])
  })

  it('that was tried again, so that the first try may come late, is named in a warning', async () => {
    const model = modelItems()
    const { verification } = await verify({
      items: {
        ...model,
        putIfAbsent: async (table, item, key) => {
          await model.putIfAbsent(table, item, key)
          return { mayComeLate: table === 'tenant' }
        },
      },
      cleaningItems: model,
    })
    expect(verification).toEqual({
      sampleItems: true,
      warnings: [
        expect.stringMatching(/^The answer to a write of the sample item \{"tenant_id":".*"\} in "tenant" was lost/),
      ],
    })
  })

  it('whose answer nobody understood may have been done, and is deleted', async () => {
    const { error, calls } = await verify({
      items: { putIfAbsent: () => Promise.reject(dynamoDbError('SyntaxError', true, 200)) },
    })
    expect(error).toContain('SyntaxError')
    expect(calls.filter((call) => call.startsWith('delete'))).toHaveLength(4)
  })

  it('whose answer was lost, and that finds its own item at the next try, is written', async () => {
    const model = modelItems()
    const lost: Partial<ItemStore> = {
      ...model,
      putIfAbsent: async (table, item, key) => {
        await model.putIfAbsent(table, item, key)
        throw dynamoDbError('ConditionalCheckFailedException', true)
      },
    }
    const { error, calls } = await verify({ items: lost, cleaningItems: model })
    expect([error, model.kept.size]).toEqual(['', 0])
    expect(calls.filter((call) => call.startsWith('delete'))).toHaveLength(4)
  })

  it('that is still under way when another one fails is waited for, and its item is deleted', async () => {
    const model = modelItems()
    const underWay: Promise<unknown>[] = []
    const { verification } = await verify({
      items: {
        ...model,
        putIfAbsent: (table, item, key) => {
          if (table === 'tenant') return Promise.reject(dynamoDbError('AccessDeniedException', false))
          // Later than everything that a run does which does not wait for it.
          const late = new Promise((resolve) => setImmediate(resolve)).then(() => model.putIfAbsent(table, item, key))
          underWay.push(late)
          return late
        },
      },
      cleaningItems: model,
    })
    await Promise.all(underWay)
    expect(underWay).toHaveLength(3)
    expect(verification).toMatchObject({ fate: 'deleted', error: { code: 'AccessDeniedException' } })
    expect(model.kept.size).toBe(0)
  })

  it('that arrives after its item was deleted is deleted once more', async () => {
    const model = modelItems()
    let late: (() => Promise<void>) | undefined
    const { error } = await verify({
      items: {
        putIfAbsent: async (table, item: Item, key) => {
          if (table !== 'tenant') return await model.putIfAbsent(table, item, key)
          late = async () => void (await model.putIfAbsent(table, item, key))
          throw dynamoDbError('TimeoutError', true)
        },
      },
      cleaningItems: {
        ...model,
        delete: async (table, key) => {
          await model.delete(table, key)
          const arrive = table === 'tenant' ? late : undefined
          late = undefined
          await arrive?.()
        },
      },
    })
    expect(error).toContain('TimeoutError')
    expect(model.kept.size).toBe(0)
  })
})
