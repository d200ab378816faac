/** Item operations. */
import type { DynamoDB } from '@aws-sdk/client-dynamodb'
import { aTable, type Harness, hub, refusal, refusalName, region, startHarness, target, userKey } from './harness.ts'

let harness: Harness
let aws: DynamoDB

beforeAll(async () => {
  harness = await startHarness()
})
beforeEach(async () => {
  await harness.sandbox.reset()
  aws = harness.dynamoDb()
})
afterAll(() => harness.close())

const tenant_id = { S: '3f0c6f0e' }
const TableName = 'users'
const users = aTable({
  TableName,
  AttributeDefinitions: [
    { AttributeName: 'tenant_id', AttributeType: 'S' },
    { AttributeName: 'user_id', AttributeType: 'S' },
  ],
  KeySchema: [
    { AttributeName: 'tenant_id', KeyType: 'HASH' },
    { AttributeName: 'user_id', KeyType: 'RANGE' },
  ],
})
const user = (id: string) => ({ tenant_id, user_id: { S: id } })

async function createTable(client = aws): Promise<void> {
  await client.createTable(users)
  harness.advance(6)
}

it('returns all users of a tenant in one Query, sorted by id', async () => {
  await createTable()
  await aws.batchWriteItem({
    RequestItems: { users: [{ PutRequest: { Item: user('b') } }, { PutRequest: { Item: user('a') } }] },
  })
  await aws.putItem({ TableName, Item: { ...user('c'), tenant_id: { S: 'another' } } })

  const { Items } = await aws.query({
    TableName,
    KeyConditionExpression: 'tenant_id = :tenant',
    ExpressionAttributeValues: { ':tenant': tenant_id },
  })

  expect(Items).toEqual([user('a'), user('b')])
})

it('rejects a write whose condition is false, and keeps the item', async () => {
  await createTable()
  const put = (role: string) =>
    aws.putItem({
      TableName,
      Item: { ...user('a'), role: { S: role } },
      ConditionExpression: 'attribute_not_exists(user_id)',
    })
  await put('OWNER')
  expect(await refusalName(put('OPERATOR'))).toBe('ConditionalCheckFailedException')
  expect((await aws.getItem({ TableName, Key: user('a') })).Item).toEqual({ ...user('a'), role: { S: 'OWNER' } })
})

it('rejects an item without a key attribute', async () => {
  await createTable()
  expect(await refusalName(aws.putItem({ TableName, Item: { tenant_id } }))).toBe('ValidationException')
})

it('does not find a table that is missing, CREATING or DELETING', async () => {
  const get = () => refusal(aws.getItem({ TableName, Key: user('a') }))
  const unknown = 'ResourceNotFoundException: Requested resource not found'
  expect(await get()).toBe(unknown)
  await aws.createTable(users)
  expect(await get()).toBe(unknown)
  harness.advance(6)
  await aws.putItem({ TableName, Item: user('a') })
  await aws.deleteTable({ TableName })
  expect(await get()).toBe(unknown)
})

it('accepts items while the table is UPDATING', async () => {
  await createTable()
  await aws.updateTable({ TableName, StreamSpecification: { StreamEnabled: true, StreamViewType: 'KEYS_ONLY' } })
  expect((await aws.describeTable({ TableName })).Table?.TableStatus).toBe('UPDATING')
  await aws.putItem({ TableName, Item: user('a') })
  expect((await aws.scan({ TableName })).Items).toEqual([user('a')])
})

it('deletes items with their table: a recreated table is empty', async () => {
  await createTable()
  await aws.putItem({ TableName, Item: user('a') })
  await aws.deleteTable({ TableName })
  harness.advance(4)
  await createTable()
  expect((await aws.scan({ TableName })).Items).toEqual([])
})

it('keeps the items of accounts apart', async () => {
  const other = harness.dynamoDb(userKey(hub))
  await Promise.all([aws.createTable(users), other.createTable(users)])
  harness.advance(6)
  await aws.putItem({ TableName, Item: user('a') })
  expect((await other.scan({ TableName })).Items).toEqual([])
})

it('accepts concurrent writes as the first item operations of a table', async () => {
  await createTable()
  const ids = ['a', 'b', 'c', 'd']
  await Promise.all(ids.map((id) => aws.putItem({ TableName, Item: user(id) })))
  expect((await aws.scan({ TableName })).Items).toEqual(ids.map(user))
})

it('accepts direct writes, without credentials and not logged', async () => {
  await createTable()
  harness.sandbox.clearRequests()
  await harness.sandbox.account(target, region).call('PutItem', { TableName, Item: user('a') })
  expect(harness.sandbox.requests).toEqual([])
  expect((await aws.getItem({ TableName, Key: user('a') })).Item).toEqual(user('a'))
})

it('does not change the environment of the process', async () => {
  const { AWS_REGION } = process.env
  process.env.AWS_REGION = 'eu-west-1'
  try {
    await createTable()
    await aws.putItem({ TableName, Item: user('a') })
    expect([process.env.AWS_REGION, process.env.AWS_ACCOUNT_ID]).toEqual(['eu-west-1', undefined])
  } finally {
    if (AWS_REGION === undefined) delete process.env.AWS_REGION
    else process.env.AWS_REGION = AWS_REGION
  }
})
