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
