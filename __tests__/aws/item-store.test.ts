import { itemStore, type SendOperation } from '../../src/aws/item-store.ts'

let sent: { readonly operation: string; readonly input: object }[]
let answers: object[]
let isOutcomeUnknown: boolean

/** Records each operation, and gives the next answer. */
const send = (async (operation: string, input: object, onUnknownOutcome?: () => void) => {
  sent.push({ operation, input })
  if (isOutcomeUnknown) onUnknownOutcome?.()
  return answers.shift() ?? {}
}) as SendOperation
const items = itemStore(send)

beforeEach(() => {
  sent = []
  answers = []
  isOutcomeUnknown = false
})

it.each([false, true])(
  'writes an item only where the table has no item with its key, and reports a try with an unknown outcome: %s',
  async (isUnknown) => {
    isOutcomeUnknown = isUnknown
    const written = await items.putIfAbsent('users', { tenant_id: 'a', user_id: '1' }, 'tenant_id')
    expect(written).toEqual({ isOutcomeUnknown: isUnknown })
    const input = {
      TableName: 'users',
      Item: { tenant_id: { S: 'a' }, user_id: { S: '1' } },
      ConditionExpression: 'attribute_not_exists(#key)',
      ExpressionAttributeNames: { '#key': 'tenant_id' },
    }
    expect(sent).toEqual([{ operation: 'PutItem', input }])
  },
)

it('writes and reads numbers and bytes', async () => {
  const stored = { text: { S: 'a' }, count: { N: '4503599627370495' }, hash: { B: Uint8Array.of(0, 255) } }
  const item = { text: 'a', count: 4503599627370495, hash: Uint8Array.of(0, 255) }
  answers = [{}, { Item: stored }]
  await items.putIfAbsent('hashes', item, 'hash')
  expect(sent[0]?.input).toMatchObject({ Item: stored })
  expect(await items.get('hashes', { hash: Uint8Array.of(0, 255) })).toEqual(item)
})

it('queries an index by all attributes of its partition key', async () => {
  await items.query('orders', { tenant_id: 'a', day: 20260101 }, 'by-day')
  expect(sent[0]?.input).toEqual({
    TableName: 'orders',
    IndexName: 'by-day',
    KeyConditionExpression: '#key0 = :value0 AND #key1 = :value1',
    ExpressionAttributeNames: { '#key0': 'tenant_id', '#key1': 'day' },
    ExpressionAttributeValues: { ':value0': { S: 'a' }, ':value1': { N: '20260101' } },
  })
})

it('reads an item consistently, without attributes of other types', async () => {
  answers = [{ Item: { tenant_id: { S: 'a' }, names: { SS: ['1'] } } }, {}]
  expect(await items.get('users', { tenant_id: 'a' })).toEqual({ tenant_id: 'a' })
  expect(await items.get('users', { tenant_id: 'b' })).toBeUndefined()
  const input = { TableName: 'users', Key: { tenant_id: { S: 'a' } }, ConsistentRead: true }
  expect(sent[0]).toEqual({ operation: 'GetItem', input })
})

it('reads all pages of one partition consistently', async () => {
  answers = [
    { Items: [{ user_id: { S: '1' } }], LastEvaluatedKey: { user_id: { S: '1' } } },
    { Items: [{ user_id: { S: '2' } }] },
  ]
  expect(await items.query('users', { tenant_id: 'a' })).toEqual([{ user_id: '1' }, { user_id: '2' }])
  const input = {
    TableName: 'users',
    ConsistentRead: true,
    KeyConditionExpression: '#key0 = :value0',
    ExpressionAttributeNames: { '#key0': 'tenant_id' },
    ExpressionAttributeValues: { ':value0': { S: 'a' } },
  }
  expect(sent).toEqual([
    { operation: 'Query', input },
    { operation: 'Query', input: { ...input, ExclusiveStartKey: { user_id: { S: '1' } } } },
  ])
})

it('deletes an item by its key', async () => {
  await items.delete('users', { tenant_id: 'a' })
  const input = { TableName: 'users', Key: { tenant_id: { S: 'a' } } }
  expect(sent).toEqual([{ operation: 'DeleteItem', input }])
})
