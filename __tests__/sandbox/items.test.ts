/** Items over HTTP: a real database behind the control plane's word on which tables there are. */
import type { DynamoDB } from '@aws-sdk/client-dynamodb'
import { aTable, hub, refusal, refusalName, region, startWorld, target, userKey, type World } from './world.ts'

let world: World
let aws: DynamoDB

beforeAll(async () => {
  world = await startWorld()
})
beforeEach(async () => {
  await world.sandbox.reset()
  aws = world.dynamoDb()
})
afterAll(() => world.close())

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
const aUser = (id: string) => ({ tenant_id, user_id: { S: id } })

async function makeTable(client = aws): Promise<void> {
  await client.createTable(users)
  world.pass(6)
}

it('finds all users of a tenant by one Query, in the order of their ids', async () => {
  await makeTable()
  await aws.batchWriteItem({
    RequestItems: { users: [{ PutRequest: { Item: aUser('b') } }, { PutRequest: { Item: aUser('a') } }] },
  })
  await aws.putItem({ TableName, Item: { ...aUser('c'), tenant_id: { S: 'another' } } })

  const { Items } = await aws.query({
    TableName,
    KeyConditionExpression: 'tenant_id = :tenant',
    ExpressionAttributeValues: { ':tenant': tenant_id },
  })

  expect(Items).toEqual([aUser('a'), aUser('b')])
})

it('refuses a write whose condition does not hold, and keeps what was there', async () => {
  await makeTable()
  const put = (role: string) =>
    aws.putItem({
      TableName,
      Item: { ...aUser('a'), role: { S: role } },
      ConditionExpression: 'attribute_not_exists(user_id)',
    })
  await put('OWNER')
  expect(await refusalName(put('OPERATOR'))).toBe('ConditionalCheckFailedException')
  expect((await aws.getItem({ TableName, Key: aUser('a') })).Item).toEqual({ ...aUser('a'), role: { S: 'OWNER' } })
})

it('refuses an item without its keys', async () => {
  await makeTable()
  expect(await refusalName(aws.putItem({ TableName, Item: { tenant_id } }))).toBe('ValidationException')
})

it('has no items where the table is missing, CREATING or DELETING', async () => {
  const get = () => refusal(aws.getItem({ TableName, Key: aUser('a') }))
  const unknown = 'ResourceNotFoundException: Requested resource not found'
  expect(await get()).toBe(unknown)
  await aws.createTable(users)
  expect(await get()).toBe(unknown)
  world.pass(6)
  await aws.putItem({ TableName, Item: aUser('a') })
  await aws.deleteTable({ TableName })
  expect(await get()).toBe(unknown)
})

it('takes items while the table is UPDATING', async () => {
  await makeTable()
  await aws.updateTable({ TableName, StreamSpecification: { StreamEnabled: true, StreamViewType: 'KEYS_ONLY' } })
  expect((await aws.describeTable({ TableName })).Table?.TableStatus).toBe('UPDATING')
  await aws.putItem({ TableName, Item: aUser('a') })
  expect((await aws.scan({ TableName })).Items).toEqual([aUser('a')])
})

it('loses the items with their table: the next one of that name is empty', async () => {
  await makeTable()
  await aws.putItem({ TableName, Item: aUser('a') })
  await aws.deleteTable({ TableName })
  world.pass(4)
  await makeTable()
  expect((await aws.scan({ TableName })).Items).toEqual([])
})

it('keeps the items of accounts apart', async () => {
  const other = world.dynamoDb(userKey(hub))
  await Promise.all([aws.createTable(users), other.createTable(users)])
  world.pass(6)
  await aws.putItem({ TableName, Item: aUser('a') })
  expect((await other.scan({ TableName })).Items).toEqual([])
})

it('makes the table once, though its first items come all at once', async () => {
  await makeTable()
  const ids = ['a', 'b', 'c', 'd']
  await Promise.all(ids.map((id) => aws.putItem({ TableName, Item: aUser(id) })))
  expect((await aws.scan({ TableName })).Items).toEqual(ids.map(aUser))
})

it('can be written in process, without credentials and without a trace in the log', async () => {
  await makeTable()
  world.sandbox.clearRequests()
  await world.sandbox.account(target, region).call('PutItem', { TableName, Item: aUser('a') })
  expect(world.sandbox.requests).toEqual([])
  expect((await aws.getItem({ TableName, Key: aUser('a') })).Item).toEqual(aUser('a'))
})

it('leaves the environment of the process as it was', async () => {
  const { AWS_REGION } = process.env
  process.env.AWS_REGION = 'eu-west-1'
  try {
    await makeTable()
    await aws.putItem({ TableName, Item: aUser('a') })
    expect([process.env.AWS_REGION, process.env.AWS_ACCOUNT_ID]).toEqual(['eu-west-1', undefined])
  } finally {
    if (AWS_REGION === undefined) delete process.env.AWS_REGION
    else process.env.AWS_REGION = AWS_REGION
  }
})
