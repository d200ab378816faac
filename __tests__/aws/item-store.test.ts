import {
  DeleteItemCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
} from '@aws-sdk/client-dynamodb'
import { mockClient } from 'aws-sdk-client-mock'
import * as commands from '../../src/aws/commands.ts'
import { itemStore } from '../../src/aws/item-store.ts'

const client = new DynamoDBClient({ region: 'ap-south-1' })
const aws = mockClient(client)
const { signal } = new AbortController()

/** Sends each operation until it succeeds. */
const items = itemStore(commands, client, async (_, __, send) => {
  for (;;) {
    const answer = await send(signal).then(
      (value) => ({ value }),
      () => undefined,
    )
    if (answer !== undefined) return answer.value
  }
})

beforeEach(() => aws.reset())

it('writes an item only where the table has no item with its key', async () => {
  aws.on(PutItemCommand).resolves({})
  const written = await items.putIfAbsent('users', { tenant_id: 'a', user_id: '1' }, 'tenant_id')
  expect(written).toEqual({ isOutcomeUnknown: false })
  expect(aws.commandCalls(PutItemCommand)[0]?.args[0].input).toEqual({
    TableName: 'users',
    Item: { tenant_id: { S: 'a' }, user_id: { S: '1' } },
    ConditionExpression: 'attribute_not_exists(#key)',
    ExpressionAttributeNames: { '#key': 'tenant_id' },
  })
})

it.each<[string, boolean, object]>([
  ['without a response', true, { code: 'ECONNRESET' }],
  ['with an internal error', true, { name: 'InternalServerError', $metadata: { httpStatusCode: 500 } }],
  ['that was refused', false, { name: 'ThrottlingException', $metadata: { httpStatusCode: 400 } }],
])('reports the outcome of a write after a try %s: unknown is %s', async (_, isOutcomeUnknown, error) => {
  aws
    .on(PutItemCommand)
    .rejectsOnce(Object.assign(new Error('as AWS says'), error))
    .resolves({})
  expect(await items.putIfAbsent('users', { tenant_id: 'a' }, 'tenant_id')).toEqual({ isOutcomeUnknown })
  expect(aws.calls()).toHaveLength(2)
})

it('writes and reads numbers and bytes', async () => {
  const stored = { text: { S: 'a' }, count: { N: '4503599627370495' }, hash: { B: Uint8Array.of(0, 255) } }
  const item = { text: 'a', count: 4503599627370495, hash: Uint8Array.of(0, 255) }
  aws.on(PutItemCommand).resolves({})
  aws.on(GetItemCommand).resolves({ Item: stored })
  await items.putIfAbsent('hashes', item, 'hash')
  expect(aws.commandCalls(PutItemCommand)[0]?.args[0].input.Item).toEqual(stored)
  expect(await items.get('hashes', { hash: Uint8Array.of(0, 255) })).toEqual(item)
})

it('queries an index by all attributes of its partition key', async () => {
  aws.on(QueryCommand).resolves({ Items: [] })
  await items.query('orders', { tenant_id: 'a', day: 20260101 }, 'by-day')
  expect(aws.commandCalls(QueryCommand)[0]?.args[0].input).toEqual({
    TableName: 'orders',
    IndexName: 'by-day',
    KeyConditionExpression: '#key0 = :value0 AND #key1 = :value1',
    ExpressionAttributeNames: { '#key0': 'tenant_id', '#key1': 'day' },
    ExpressionAttributeValues: { ':value0': { S: 'a' }, ':value1': { N: '20260101' } },
  })
})

it('reads an item consistently, without attributes of other types', async () => {
  aws.on(GetItemCommand).resolves({ Item: { tenant_id: { S: 'a' }, names: { SS: ['1'] } } })
  expect(await items.get('users', { tenant_id: 'a' })).toEqual({ tenant_id: 'a' })
  expect(aws.commandCalls(GetItemCommand)[0]?.args[0].input).toEqual({
    TableName: 'users',
    Key: { tenant_id: { S: 'a' } },
    ConsistentRead: true,
  })
})

it('returns undefined for an item that does not exist', async () => {
  aws.on(GetItemCommand).resolves({})
  expect(await items.get('users', { tenant_id: 'a' })).toBeUndefined()
})

it('reads all pages of one partition consistently', async () => {
  aws
    .on(QueryCommand)
    .resolvesOnce({ Items: [{ user_id: { S: '1' } }], LastEvaluatedKey: { user_id: { S: '1' } } })
    .resolvesOnce({ Items: [{ user_id: { S: '2' } }] })
  expect(await items.query('users', { tenant_id: 'a' })).toEqual([{ user_id: '1' }, { user_id: '2' }])
  const query = {
    TableName: 'users',
    ConsistentRead: true,
    KeyConditionExpression: '#key0 = :value0',
    ExpressionAttributeNames: { '#key0': 'tenant_id' },
    ExpressionAttributeValues: { ':value0': { S: 'a' } },
  }
  expect(aws.commandCalls(QueryCommand).map(({ args }) => args[0].input)).toEqual([
    query,
    { ...query, ExclusiveStartKey: { user_id: { S: '1' } } },
  ])
})

it('deletes an item by its key', async () => {
  aws.on(DeleteItemCommand).resolves({})
  await items.delete('users', { tenant_id: 'a' })
  expect(aws.commandCalls(DeleteItemCommand)[0]?.args[0].input).toEqual({
    TableName: 'users',
    Key: { tenant_id: { S: 'a' } },
  })
})

it.each<[operation: string, answer: object]>([
  ['GetItem', { Item: { tenant_id: null } }],
  ['GetItem', { Item: { tenant_id: { S: 5 } } }],
  ['GetItem', { Item: 'x' }],
  ['Query', {}],
  ['Query', { Items: [null] }],
  ['Query', { Items: 'x' }],
  ['Query', { Items: [{ tenant_id: { S: ['x'] } }] }],
])('rejects an answer to %s that DynamoDB could not have given: %j', async (operation, answer) => {
  aws.resolves(answer)
  const read =
    operation === 'GetItem' ? items.get('users', { tenant_id: 'a' }) : items.query('users', { tenant_id: 'a' })
  await expect(read).rejects.toMatchObject({
    name: 'RemedyError',
    message: `The answer of DynamoDB to ${operation} on "users" cannot be read.`,
    remedy: expect.stringContaining('AWS_ENDPOINT_URL'),
  })
})
