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

it('reads an item consistently, and only its strings', async () => {
  answers = [{ Item: { tenant_id: { S: 'a' }, count: { N: '1' } } }, {}]
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
  expect(await items.query('users', 'tenant_id', 'a')).toEqual([{ user_id: '1' }, { user_id: '2' }])
  const input = {
    TableName: 'users',
    ConsistentRead: true,
    KeyConditionExpression: '#key = :value',
    ExpressionAttributeNames: { '#key': 'tenant_id' },
    ExpressionAttributeValues: { ':value': { S: 'a' } },
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
