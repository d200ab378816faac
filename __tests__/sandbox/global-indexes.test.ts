/** Global indexes that UpdateTable adds and deletes. */
import type { DynamoDB, GlobalSecondaryIndex } from '@aws-sdk/client-dynamodb'
import { aTable, type Harness, refusal, startHarness } from './harness.ts'

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

const TableName = 'tenant'
const anIndex = (IndexName: string, changes: Partial<GlobalSecondaryIndex> = {}): GlobalSecondaryIndex => ({
  IndexName,
  KeySchema: [{ AttributeName: 'tenant_id', KeyType: 'HASH' }],
  Projection: { ProjectionType: 'ALL' },
  ...changes,
})
const create = (index: GlobalSecondaryIndex) =>
  aws.updateTable({
    TableName,
    AttributeDefinitions: (index.KeySchema ?? []).map(({ AttributeName }) => ({ AttributeName, AttributeType: 'S' })),
    GlobalSecondaryIndexUpdates: [{ Create: index }],
  })
const remove = (IndexName: string) =>
  aws.updateTable({ TableName, GlobalSecondaryIndexUpdates: [{ Delete: { IndexName } }] })
const table = async () => (await aws.describeTable({ TableName })).Table ?? {}
const units = (count: number) => ({ ReadCapacityUnits: count, WriteCapacityUnits: count })

async function settled(changes: Parameters<typeof aTable>[0] = {}): Promise<void> {
  await aws.createTable(aTable(changes))
  harness.advance(60)
}

it('is allocated for 40 seconds, in which the table is UPDATING, and then filled while the table is ACTIVE (148)', async () => {
  await settled()
  await create(anIndex('one'))
  harness.advance(39)
  expect(await table()).toMatchObject({
    TableStatus: 'UPDATING',
    GlobalSecondaryIndexes: [{ IndexStatus: 'CREATING', Backfilling: false }],
  })
  harness.advance(1)
  expect(await table()).toMatchObject({
    TableStatus: 'ACTIVE',
    GlobalSecondaryIndexes: [{ IndexStatus: 'CREATING', Backfilling: true }],
  })
  harness.advance(560)
  const { GlobalSecondaryIndexes: [index] = [] } = await table()
  expect([index?.IndexStatus, index?.Backfilling]).toEqual(['ACTIVE', undefined])
})

it('cannot be deleted while it is allocated, and can be while it is filled (149)', async () => {
  await settled()
  await create(anIndex('one'))
  expect(await refusal(remove('one'))).toMatch(
    /^ResourceInUseException: .*Index creation is in resource allocation phase\. Retry deletion during backfilling phase or when the index is active\. Table: tenant Index: one$/,
  )
  harness.advance(40)
  expect((await remove('one')).TableDescription).toMatchObject({
    TableStatus: 'UPDATING',
    GlobalSecondaryIndexes: [{ IndexStatus: 'DELETING' }],
  })
  harness.advance(4.5)
  expect((await table()).GlobalSecondaryIndexes).toBeUndefined()
})

it('is deleted from a table with deletion protection, and created again under its name once it is gone (166)', async () => {
  await settled({ DeletionProtectionEnabled: true, GlobalSecondaryIndexes: [anIndex('one')] })
  await remove('one')
  expect(await refusal(create(anIndex('one')))).toMatch(/^ResourceInUseException: .*Index is being deleted/)
  harness.advance(4.5)
  await create(anIndex('one', { Projection: { ProjectionType: 'KEYS_ONLY' } }))
  expect(await table()).toMatchObject({ GlobalSecondaryIndexes: [{ Projection: { ProjectionType: 'KEYS_ONLY' } }] })
})

it('accepts up to four attributes of each kind in a key (417)', async () => {
  await settled()
  const keys = (kind: 'HASH' | 'RANGE', count: number) =>
    Array.from({ length: count }, (_, number) => ({ AttributeName: `${kind}-${number}`, KeyType: kind }))
  expect(await refusal(create(anIndex('five', { KeySchema: keys('HASH', 5) })))).toContain(
    'The KeySchema exceeds the maximum allowed number of HASH key attributes',
  )
  const KeySchema = [...keys('HASH', 4), ...keys('RANGE', 4)]
  await create(anIndex('eight', { KeySchema }))
  expect((await table()).GlobalSecondaryIndexes?.[0]?.KeySchema).toEqual(KeySchema)
})

it('gets a maximum on demand, at least 1, and none with provisioned capacity (128, 418)', async () => {
  await settled()
  for (const MaxReadRequestUnits of [0, -1]) {
    expect(await refusal(create(anIndex('one', { OnDemandThroughput: { MaxReadRequestUnits } })))).toContain(
      'Requested MaxReadRequestUnits for OnDemandThroughput for index : one is outside of valid range',
    )
  }
  const OnDemandThroughput = { MaxReadRequestUnits: 50 }
  await create(anIndex('one', { OnDemandThroughput }))
  expect((await table()).GlobalSecondaryIndexes?.[0]?.OnDemandThroughput).toEqual(OnDemandThroughput)
  await harness.sandbox.reset()
  await settled({ BillingMode: 'PROVISIONED', ProvisionedThroughput: units(5) })
  const index = anIndex('one', { OnDemandThroughput, ProvisionedThroughput: units(1) })
  expect(await refusal(create(index))).toMatch(
    /MaxReadRequestUnits for OnDemandThroughput for index : one cannot be specified when .*BillingMode is PROVISIONED/,
  )
})

it('keeps the units of an index within the quota of the account (170)', async () => {
  await settled({ BillingMode: 'PROVISIONED', ProvisionedThroughput: units(5) })
  expect(await refusal(create(anIndex('one', { ProvisionedThroughput: units(40_001) })))).toMatch(
    /^LimitExceededException: The requested ReadCapacityUnits for index one, 40001, is above the per index maximum/,
  )
})

it('keeps the table from deletion until every index is ACTIVE (150)', async () => {
  await settled()
  await create(anIndex('one'))
  harness.advance(599)
  expect(await refusal(aws.deleteTable({ TableName }))).toContain(
    'Cannot delete table while indexes are being created, updated, or deleted.',
  )
  harness.advance(1)
  await aws.deleteTable({ TableName })
})
