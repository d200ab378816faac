/** Items by an index, made with the table or later. */
import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { aTable, refusal, startWorld, type World } from './world.ts'

let world: World

beforeEach(async () => {
  world = await startWorld()
})
afterEach(() => world.close())

const byEmail = {
  IndexName: 'by-email',
  KeySchema: [{ AttributeName: 'email', KeyType: 'HASH' as const }],
  Projection: { ProjectionType: 'ALL' as const },
}
const attributes = ['tenant_id', 'email'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' as const }))
const somebody: Record<string, AttributeValue> = { tenant_id: { S: 'a' }, email: { S: 'a@example.com' } }
const put = () => world.dynamoDb().putItem({ TableName: 'tenant', Item: somebody })
const find = () =>
  world.dynamoDb().query({
    TableName: 'tenant',
    IndexName: 'by-email',
    KeyConditionExpression: 'email = :email',
    ExpressionAttributeValues: { ':email': { S: 'a@example.com' } },
  })

it('finds items by an index that was made with the table', async () => {
  await world.dynamoDb().createTable(aTable({ AttributeDefinitions: attributes, GlobalSecondaryIndexes: [byEmail] }))
  world.pass(60)
  await put()
  expect((await find()).Items).toEqual([somebody])
})

it('finds items by a later index once it is built, those that were there before too', async () => {
  const aws = world.dynamoDb()
  await aws.createTable(aTable())
  world.pass(60)
  await put()
  await aws.updateTable({
    TableName: 'tenant',
    AttributeDefinitions: attributes,
    GlobalSecondaryIndexUpdates: [{ Create: byEmail }],
  })
  expect(await refusal(find())).toMatch(/^ValidationException/)
  world.pass(3600)
  expect((await find()).Items).toEqual([somebody])
  await aws.updateTable({ TableName: 'tenant', GlobalSecondaryIndexUpdates: [{ Delete: { IndexName: 'by-email' } }] })
  world.pass(60)
  expect(await refusal(find())).toMatch(/^ValidationException/)
  expect((await aws.scan({ TableName: 'tenant' })).Items).toEqual([somebody])
})

it('takes the ARN of a table for its name', async () => {
  await world.dynamoDb().createTable(aTable())
  world.pass(60)
  await put()
  const TableName = world.sandbox.account('222222222222', 'ap-south-1').table('tenant')?.arn
  expect((await world.dynamoDb().scan({ TableName })).Count).toBe(1)
})
