/** UpdateTable over HTTP, by the real SDK client: one concern to a call, changes that show late, and spent budgets. */
import type { DynamoDB, GlobalSecondaryIndex, UpdateTableCommandInput } from '@aws-sdk/client-dynamodb'
import { aTable, refusal, refusalName, startWorld, type World } from './world.ts'

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

const TableName = 'tenant'
const look = async () => (await aws.describeTable({ TableName })).Table ?? {}
const update = (changes: Partial<UpdateTableCommandInput>) => aws.updateTable({ TableName, ...changes })
const units = (count: number) => ({ ReadCapacityUnits: count, WriteCapacityUnits: count })

/** A table that is ACTIVE and old enough for everything. */
async function settled(changes: Parameters<typeof aTable>[0] = {}): Promise<void> {
  await aws.createTable(aTable(changes))
  world.pass(60)
}

function anIndex(IndexName: string, changes: Partial<GlobalSecondaryIndex> = {}): GlobalSecondaryIndex {
  return {
    IndexName,
    KeySchema: [{ AttributeName: 'tenant_id', KeyType: 'HASH' }],
    Projection: { ProjectionType: 'ALL' },
    ...changes,
  }
}

const createIndex = (index: GlobalSecondaryIndex) => ({ GlobalSecondaryIndexUpdates: [{ Create: index }] })

describe('one concern', () => {
  const stream = { StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' } } as const
  const onDemand = { BillingMode: 'PAY_PER_REQUEST' } as const
  const provisioned = { BillingMode: 'PROVISIONED', ProvisionedThroughput: units(5) } as const

  it.each<[string, Partial<UpdateTableCommandInput>]>([
    ['deletion protection', { DeletionProtectionEnabled: true }],
    ['encryption', { SSESpecification: { Enabled: true } }],
    ['the table class', { TableClass: 'STANDARD' }],
    ['warm throughput', { WarmThroughput: { ReadUnitsPerSecond: 13_000 } }],
    ['replicas', { ReplicaUpdates: [] }],
  ])('alone in its call: %s', async (_, concern) => {
    await settled()
    for (const other of [stream, provisioned, createIndex(anIndex('one'))]) {
      expect(await refusal(update({ ...concern, ...other }))).toMatch(
        /^ValidationException: .* must be the only operation in the request$/,
      )
    }
  })

  it('a stream goes with on-demand billing, and with nothing else', async () => {
    await settled(provisioned)
    expect(await refusalName(update({ ...stream, ...provisioned }))).toBe('ValidationException')
    expect(await refusalName(update({ ...stream, ...createIndex(anIndex('one')) }))).toBe('ValidationException')
    await update({ ...stream, ...onDemand })
    world.pass(150)
    expect(await look()).toMatchObject({
      TableStatus: 'ACTIVE',
      StreamSpecification: stream.StreamSpecification,
      BillingModeSummary: onDemand,
    })
  })

  it('an on-demand maximum goes with on-demand billing, and not with an index', async () => {
    const maximum = { OnDemandThroughput: { MaxReadRequestUnits: 10, MaxWriteRequestUnits: 20 } }
    await settled()
    expect(await refusalName(update({ ...maximum, ...createIndex(anIndex('one')) }))).toBe('ValidationException')
    expect(await refusalName(update({ ...maximum, ...provisioned }))).toBe('ValidationException')
    await update({ ...maximum, ...onDemand })
    world.pass(2)
    expect(await look()).toMatchObject(maximum)
  })

  it('an on-demand maximum may be there from the beginning', async () => {
    await settled({ OnDemandThroughput: { MaxReadRequestUnits: 1 } })
    expect((await look()).OnDemandThroughput).toEqual({ MaxReadRequestUnits: 1 })
  })
})

describe('capacity', () => {
  const index = anIndex('one', { ProvisionedThroughput: units(3) })
  const indexUnits = (count: number) => ({
    GlobalSecondaryIndexUpdates: [{ Update: { IndexName: 'one', ProvisionedThroughput: units(count) } }],
  })

  it('of every index is asked for on the way from on-demand', async () => {
    await settled({ GlobalSecondaryIndexes: [anIndex('one')] })
    const provisioned = { BillingMode: 'PROVISIONED', ProvisionedThroughput: units(5) } as const
    expect(await refusal(update(provisioned))).toMatch(/^ValidationException: .*PROVISIONED: one$/)

    await update({ ...provisioned, ...indexUnits(4) })
    world.pass(2)

    expect(await look()).toMatchObject({
      ProvisionedThroughput: units(5),
      GlobalSecondaryIndexes: [{ ProvisionedThroughput: units(4) }],
    })
  })

  it('of an index changes by itself, but not to what it is, and not where there is no such index', async () => {
    const provisioned = { BillingMode: 'PROVISIONED', ProvisionedThroughput: units(5) } as const
    await settled({ ...provisioned, GlobalSecondaryIndexes: [index] })
    expect(await refusal(update(indexUnits(3)))).toMatch('will not change')
    const unknown = { GlobalSecondaryIndexUpdates: [{ Update: { IndexName: 'two', ProvisionedThroughput: units(1) } }] }
    expect(await refusalName(update(unknown))).toBe('ResourceNotFoundException')

    await update(indexUnits(4))
    world.pass(2)

    expect(await look()).toMatchObject({
      ProvisionedThroughput: units(5),
      GlobalSecondaryIndexes: [{ ProvisionedThroughput: units(4) }],
    })
  })

  it('is shown as zeros on demand, on the table and on its indexes', async () => {
    await settled({ BillingMode: 'PROVISIONED', ProvisionedThroughput: units(5), GlobalSecondaryIndexes: [index] })
    expect((await look()).BillingModeSummary).toBeUndefined()
    await update({ BillingMode: 'PAY_PER_REQUEST' })
    world.pass(150)
    expect(await look()).toMatchObject({
      ProvisionedThroughput: units(0),
      GlobalSecondaryIndexes: [{ ProvisionedThroughput: units(0) }],
    })
  })
})

describe('encryption', () => {
  const key = (id: string) => `arn:aws:kms:ap-south-1:222222222222:key/${id}`
  const encrypt = (KMSMasterKeyId: string) => update({ SSESpecification: { Enabled: true, KMSMasterKeyId } })
  const shown = async () => (await look()).SSEDescription

  it('shows the old key for eight and a half seconds, and is settled after 22, on a table that is ACTIVE', async () => {
    await settled({ SSESpecification: { Enabled: true, KMSMasterKeyId: 'first' } })
    await encrypt('second')

    expect((await look()).TableStatus).toBe('ACTIVE')
    expect(await shown()).toEqual({ Status: 'UPDATING', SSEType: 'KMS', KMSMasterKeyArn: key('first') })
    world.pass(8.5)
    expect(await shown()).toEqual({ Status: 'UPDATING', SSEType: 'KMS', KMSMasterKeyArn: key('second') })
    world.pass(13.5)
    expect(await shown()).toEqual({ Status: 'ENABLED', SSEType: 'KMS', KMSMasterKeyArn: key('second') })
  })

  it('says nothing of the key that AWS owns, once it is back', async () => {
    await settled({ SSESpecification: { Enabled: true } })
    await update({ SSESpecification: { Enabled: false } })
    world.pass(8.5)
    expect(await shown()).toEqual({ Status: 'UPDATING' })
    world.pass(13.5)
    expect(await shown()).toBeUndefined()
  })

  it.each(['mine', 'key/mine', 'alias/mine', 'arn:aws:kms:ap-south-1:222222222222:alias/mine', key('mine')])(
    'gives the ARN of a key back for %s, and encrypts again with the same one',
    async (given) => {
      await settled({ SSESpecification: { Enabled: true, KMSMasterKeyId: 'mine' } })
      await encrypt(given)
      world.pass(10)
      expect(await shown()).toMatchObject({ Status: 'UPDATING', KMSMasterKeyArn: key('mine') })
    },
  )
})

describe('a budget that cannot be read', () => {
  it('is two table classes in thirty days, the same class counted', async () => {
    await settled()
    for (let changes = 0; changes < 2; changes += 1) {
      await update({ TableClass: 'STANDARD' })
      world.pass(60)
    }
    const third = () => update({ TableClass: 'STANDARD_INFREQUENT_ACCESS' })
    expect(await refusal(third())).toMatch(
      /^LimitExceededException: .*TableClass are limited to 2 times in 30 day\(s\)/,
    )
    world.pass(30 * 24 * 3600 - 120)
    await third()
  })

  it('is four encryptions a day, and then one in six hours', async () => {
    await settled()
    const encrypt = () => update({ SSESpecification: { Enabled: true } })
    for (let changes = 0; changes < 4; changes += 1) {
      await encrypt()
      world.pass(60)
    }
    expect(await refusal(encrypt())).toMatch(/^LimitExceededException: .*Encryption mode changes are limited/)
    world.pass(6 * 3600 - 60)
    await encrypt()
    expect(await refusalName(encrypt())).toBe('LimitExceededException')
  })

  it('is four switches to on-demand in 24 hours', async () => {
    await settled()
    const provisioned = { BillingMode: 'PROVISIONED', ProvisionedThroughput: units(5) } as const
    for (let switches = 0; switches < 4; switches += 1) {
      await update(provisioned)
      world.pass(60)
      await update({ BillingMode: 'PAY_PER_REQUEST' })
      world.pass(150)
    }
    await update(provisioned)
    world.pass(60)
    expect(await refusalName(update({ BillingMode: 'PAY_PER_REQUEST' }))).toBe('LimitExceededException')
    world.pass(24 * 3600)
    await update({ BillingMode: 'PAY_PER_REQUEST' })
  })
})

describe('an index', () => {
  const byEmail = anIndex('by-email', { KeySchema: [{ AttributeName: 'email', KeyType: 'HASH' }] })
  const email = (type: 'S' | 'N') => ({ AttributeName: 'email', AttributeType: type }) as const
  const tenantId = { AttributeName: 'tenant_id', AttributeType: 'S' } as const
  const definitions = async () => (await look()).AttributeDefinitions

  it('made with its table is ACTIVE with it, after 18 seconds, and never backfills', async () => {
    await aws.createTable(aTable({ GlobalSecondaryIndexes: [anIndex('one')] }))
    world.pass(17)
    expect((await look()).TableStatus).toBe('CREATING')
    world.pass(1)
    const { TableStatus, GlobalSecondaryIndexes: [index] = [] } = await look()
    expect([TableStatus, index?.IndexStatus, index?.Backfilling]).toEqual(['ACTIVE', 'ACTIVE', undefined])
  })

  it('added later takes ten minutes and backfills, while the table is ACTIVE and takes no other one', async () => {
    await settled()
    await update(createIndex(anIndex('one')))
    world.pass(10)
    expect(await look()).toMatchObject({
      TableStatus: 'ACTIVE',
      GlobalSecondaryIndexes: [{ IndexStatus: 'CREATING', Backfilling: true }],
    })
    expect(await refusal(update(createIndex(anIndex('two'))))).toMatch(/^LimitExceededException: .*Only 1 online index/)
    world.pass(590)
    expect(await look()).toMatchObject({ GlobalSecondaryIndexes: [{ IndexStatus: 'ACTIVE', Backfilling: false }] })
  })

  it('is one to a call', async () => {
    await settled()
    const both = { GlobalSecondaryIndexUpdates: [{ Create: anIndex('one') }, { Create: anIndex('two') }] }
    expect(await refusalName(update(both))).toBe('LimitExceededException')
  })

  it('brings the attributes of its keys and takes them away; others are dropped, and a second type is ignored', async () => {
    await settled()
    expect(await refusal(update(createIndex(byEmail)))).toMatch(/^ValidationException: .*not defined: email/)
    const unused = { AttributeName: 'unused', AttributeType: 'S' } as const
    const redeclared = { ...tenantId, AttributeType: 'N' } as const
    await update({ ...createIndex(byEmail), AttributeDefinitions: [redeclared, email('S'), unused] })
    world.pass(700)
    expect(await definitions()).toEqual([tenantId, email('S')])

    await update({ GlobalSecondaryIndexUpdates: [{ Delete: { IndexName: 'by-email' } }] })
    world.pass(10)
    expect(await definitions()).toEqual([tenantId])

    await update({ ...createIndex(byEmail), AttributeDefinitions: [email('N')] })
    expect(await definitions()).toEqual([tenantId, email('N')])
  })

  it('is one of 20 at most, in either call', async () => {
    const indexes = Array.from({ length: 21 }, (_, count) => anIndex(`index-${count}`))
    expect(await refusalName(aws.createTable(aTable({ GlobalSecondaryIndexes: indexes })))).toBe('ValidationException')
    await settled({ GlobalSecondaryIndexes: indexes.slice(1) })
    expect(await refusal(update(createIndex(anIndex('more'))))).toMatch(/^ValidationException: .*limit of 20/)
  })
})
