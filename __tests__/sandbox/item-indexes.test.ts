/** Queries of indexes. */
import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { aTable, type Harness, refusal, startHarness } from './harness.ts'

let harness: Harness

beforeEach(async () => {
  harness = await startHarness()
})
afterEach(() => harness.close())

const byEmail = {
  IndexName: 'by-email',
  KeySchema: [{ AttributeName: 'email', KeyType: 'HASH' as const }],
  Projection: { ProjectionType: 'ALL' as const },
}
const attributes = ['tenant_id', 'email'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' as const }))
const user: Record<string, AttributeValue> = { tenant_id: { S: 'a' }, email: { S: 'a@example.com' } }
const put = () => harness.dynamoDb().putItem({ TableName: 'tenant', Item: user })
const find = () =>
  harness.dynamoDb().query({
    TableName: 'tenant',
    IndexName: 'by-email',
    KeyConditionExpression: 'email = :email',
    ExpressionAttributeValues: { ':email': { S: 'a@example.com' } },
  })

it('queries an index that was created with the table', async () => {
  await harness.dynamoDb().createTable(aTable({ AttributeDefinitions: attributes, GlobalSecondaryIndexes: [byEmail] }))
  harness.advance(60)
  await put()
  expect((await find()).Items).toEqual([user])
})

it('queries an index that was added later once it is ACTIVE, also for older items', async () => {
  const aws = harness.dynamoDb()
  await aws.createTable(aTable())
  harness.advance(60)
  await put()
  await aws.updateTable({
    TableName: 'tenant',
    AttributeDefinitions: attributes,
    GlobalSecondaryIndexUpdates: [{ Create: byEmail }],
  })
  expect(await refusal(find())).toMatch(/^ValidationException/)
  harness.advance(3600)
  expect((await find()).Items).toEqual([user])
  await aws.updateTable({ TableName: 'tenant', GlobalSecondaryIndexUpdates: [{ Delete: { IndexName: 'by-email' } }] })
  harness.advance(60)
  expect(await refusal(find())).toMatch(/^ValidationException/)
  expect((await aws.scan({ TableName: 'tenant' })).Items).toEqual([user])
})

it('accepts the ARN of a table as its name', async () => {
  await harness.dynamoDb().createTable(aTable())
  harness.advance(60)
  await put()
  const TableName = harness.sandbox.account('222222222222', 'ap-south-1').table('tenant')?.arn
  expect((await harness.dynamoDb().scan({ TableName })).Count).toBe(1)
})

describe('an index with several attributes in its partition key', () => {
  const schema = [
    { AttributeName: 'tenant_id', KeyType: 'HASH' as const },
    { AttributeName: 'role', KeyType: 'HASH' as const },
    { AttributeName: 'joined_year', KeyType: 'RANGE' as const },
    { AttributeName: 'joined_month', KeyType: 'RANGE' as const },
  ]
  const byRole = {
    IndexName: 'by-role',
    KeySchema: schema,
    Projection: { ProjectionType: 'INCLUDE' as const, NonKeyAttributes: ['name'] },
  }
  const person = (id: string, more: Record<string, AttributeValue> = {}): Record<string, AttributeValue> => ({
    tenant_id: { S: id },
    role: { S: 'OWNER' },
    joined_year: { N: '2026' },
    joined_month: { N: '3' },
    ...more,
  })
  const query = (KeyConditionExpression: string, more: object = {}) =>
    harness.dynamoDb().query({
      TableName: 'tenant',
      IndexName: 'by-role',
      KeyConditionExpression,
      ExpressionAttributeNames: { '#role': 'role' },
      ExpressionAttributeValues: { ':tenant': { S: 'a' }, ':role': { S: 'OWNER' } },
      ...more,
    })
  const partition = 'tenant_id = :tenant AND #role = :role'

  beforeEach(async () => {
    const aws = harness.dynamoDb()
    await aws.createTable(
      aTable({
        AttributeDefinitions: [
          { AttributeName: 'tenant_id', AttributeType: 'S' },
          { AttributeName: 'role', AttributeType: 'S' },
          { AttributeName: 'joined_year', AttributeType: 'N' },
          { AttributeName: 'joined_month', AttributeType: 'N' },
        ],
        GlobalSecondaryIndexes: [byRole],
      }),
    )
    harness.advance(60)
    const { joined_month: _, ...withoutMonth } = person('c')
    for (const Item of [person('a', { name: { S: 'A' }, email: { S: 'a@example.com' } }), person('b'), withoutMonth]) {
      await aws.putItem({ TableName: 'tenant', Item })
    }
  })

  it('finds the items that have the whole partition key, with the projected attributes', async () => {
    expect((await query(partition)).Items).toEqual([person('a', { name: { S: 'A' } })])
    const values = { ':tenant': { S: 'a' }, ':role': { S: 'OWNER' }, ':year': { N: '2027' } }
    expect((await query(`${partition} AND joined_year = :year`, { ExpressionAttributeValues: values })).Items).toEqual(
      [],
    )
  })

  it('does not have an item that lacks an attribute of its key', async () => {
    const values = { ':tenant': { S: 'c' }, ':role': { S: 'OWNER' } }
    expect((await query(partition, { ExpressionAttributeValues: values })).Items).toEqual([])
  })

  it('refuses a Query without one of the partition attributes, and a consistent one', async () => {
    const without = {
      ExpressionAttributeNames: undefined,
      ExpressionAttributeValues: { ':tenant': { S: 'a' } },
    }
    expect(await refusal(query('tenant_id = :tenant', without))).toMatch(
      /^ValidationException: Query condition missed key schema element: role/,
    )
    expect(await refusal(query(partition, { ConsistentRead: true }))).toMatch(/^ValidationException: Consistent reads/)
  })
})
