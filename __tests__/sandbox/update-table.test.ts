/** UpdateTable over HTTP, by the real SDK client: one concern to a call, changes that show late, and spent budgets. */
import type { DynamoDB, GlobalSecondaryIndex, UpdateTableCommandInput } from '@aws-sdk/client-dynamodb'
import { aTable, refusal, refusalName, region, startWorld, target, type World } from './world.ts'

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

const createIndex = (index: GlobalSecondaryIndex) => ({
  AttributeDefinitions: [{ AttributeName: 'tenant_id', AttributeType: 'S' as const }],
  GlobalSecondaryIndexUpdates: [{ Create: index }],
})

describe('one concern', () => {
  const stream = { StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' } } as const
  const onDemand = { BillingMode: 'PAY_PER_REQUEST' } as const
  const provisioned = { BillingMode: 'PROVISIONED', ProvisionedThroughput: units(5) } as const

  it.each<[string, Partial<UpdateTableCommandInput>]>([
    ['deletion protection', { DeletionProtectionEnabled: true }],
    ['encryption', { SSESpecification: { Enabled: true } }],
    ['the table class', { TableClass: 'STANDARD' }],
    ['warm throughput', { WarmThroughput: { ReadUnitsPerSecond: 13_000 } }],
    ['replicas', { ReplicaUpdates: [{ Create: { RegionName: 'eu-west-1' } }] }],
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

  it.each<[string, Partial<UpdateTableCommandInput>, string]>([
    [
      'encryption before the class',
      { SSESpecification: { Enabled: true }, TableClass: 'STANDARD' },
      'Server-Side Encryption',
    ],
    ['the class before protection', { TableClass: 'STANDARD', DeletionProtectionEnabled: true }, 'TableClass'],
    [
      'protection before warm throughput',
      { DeletionProtectionEnabled: true, WarmThroughput: { ReadUnitsPerSecond: 13_000 } },
      'DeletionProtection',
    ],
  ])('of several AWS names %s (433)', async (_, changes, named) => {
    await settled()
    expect(await refusal(update(changes))).toContain(`were invalid: ${named}`)
  })

  it('empty warm throughput, and an empty maximum, are no concern beside another one, and a fault alone (437, 456)', async () => {
    await settled()
    await update({ WarmThroughput: {}, DeletionProtectionEnabled: true })
    await update({ OnDemandThroughput: {}, ...onDemand })
    expect(await refusal(update({ WarmThroughput: {} }))).toMatch(/^InternalFailure/)
    expect(await refusal(update({ OnDemandThroughput: {} }))).toMatch(/^InternalFailure/)
  })

  it('an empty list of index updates is none, and wrong beside another concern (015, 359)', async () => {
    await settled()
    const none = { GlobalSecondaryIndexUpdates: [] }
    expect(await refusal(update(none))).toMatch(/^ValidationException: At least one of/)
    expect(await refusal(update({ ...none, DeletionProtectionEnabled: true }))).toMatch(
      'List of GlobalSecondaryIndexUpdates is empty',
    )
  })

  it.each([
    ['nothing', {}, 'One of GlobalSecondaryIndexUpdate.Update'],
    [
      'two things',
      { Delete: { IndexName: 'one' }, Update: { IndexName: 'one' } },
      'Only one global secondary index action is allowed',
    ],
  ])('an index update does not say %s (160)', async (_, indexUpdate, message) => {
    await settled()
    expect(await refusal(update({ GlobalSecondaryIndexUpdates: [indexUpdate] }))).toContain(message)
  })

  it('one index is updated once in a call (160)', async () => {
    await settled()
    const twice = [{ Delete: { IndexName: 'one' } }, { Create: anIndex('one') }]
    expect(await refusal(update({ GlobalSecondaryIndexUpdates: twice }))).toContain(
      'Only one global secondary index update per index is allowed simultaneously. Index: one',
    )
  })
})

describe('a maximum on demand', () => {
  const onDemand = { BillingMode: 'PAY_PER_REQUEST' } as const
  const maximum = { OnDemandThroughput: { MaxReadRequestUnits: 10, MaxWriteRequestUnits: 20 } }
  const shown = async () => (await look()).OnDemandThroughput

  it('goes with on-demand billing, and not with an index or a stream (433)', async () => {
    await settled()
    expect(await refusalName(update({ ...maximum, ...createIndex(anIndex('one')) }))).toBe('ValidationException')
    expect(
      await refusal(update({ ...maximum, StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' } })),
    ).toContain('can only be combined with BillingMode')
    await update({ ...maximum, ...onDemand })
    expect(await look()).toMatchObject({ TableStatus: 'ACTIVE', ...maximum })
  })

  it('may be there from the beginning', async () => {
    await settled({ OnDemandThroughput: { MaxReadRequestUnits: 1 } })
    expect(await shown()).toEqual({ MaxReadRequestUnits: 1 })
  })

  it('is set at once, member by member, and taken away by -1 (051, 178, 361)', async () => {
    await settled()
    expect((await update(maximum)).TableDescription).toMatchObject({ TableStatus: 'ACTIVE', ...maximum })
    await update({ OnDemandThroughput: { MaxReadRequestUnits: 30 } })
    expect(await shown()).toEqual({ MaxReadRequestUnits: 30, MaxWriteRequestUnits: 20 })
    await update({ OnDemandThroughput: { MaxReadRequestUnits: -1 } })
    expect(await shown()).toEqual({ MaxWriteRequestUnits: 20 })
    await update({ OnDemandThroughput: { MaxWriteRequestUnits: -1 } })
    expect(await shown()).toBeUndefined()
  })

  it.each([0, -2])('is not %i', async (MaxReadRequestUnits) => {
    await settled()
    expect(await refusal(update({ OnDemandThroughput: { MaxReadRequestUnits } }))).toContain('outside of valid range')
  })

  it('is refused where billing is provisioned, and gone with on-demand billing (059, 153)', async () => {
    const provisioned = { BillingMode: 'PROVISIONED', ProvisionedThroughput: units(5) } as const
    await settled(maximum)
    await update(provisioned)
    world.pass(80)
    expect(await shown()).toBeUndefined()
    expect(await refusal(update(maximum))).toContain(
      'MaxReadRequestUnits for OnDemandThroughput cannot be specified when the table BillingMode is PROVISIONED',
    )
  })
})

describe('billing', () => {
  const onDemand = { BillingMode: 'PAY_PER_REQUEST' } as const
  const provisioned = { BillingMode: 'PROVISIONED', ProvisionedThroughput: units(5) } as const

  it('on demand sent again is accepted, returns UPDATING, and changes nothing (057, 156, 383)', async () => {
    await settled()
    const before = await look()
    expect((await update(onDemand)).TableDescription?.TableStatus).toBe('UPDATING')
    expect(await look()).toEqual(before)
    await update({ StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' } })
    await update(onDemand)
  })

  it('provisioned sent again is rejected (057)', async () => {
    await settled(provisioned)
    expect(await refusal(update({ BillingMode: 'PROVISIONED' }))).toContain(
      'ProvisionedThroughput must be specified when BillingMode is PROVISIONED',
    )
    expect(await refusal(update(provisioned))).toMatch('will not change')
    expect(await refusal(update({ ProvisionedThroughput: units(5) }))).toMatch('will not change')
    await update({ ...provisioned, ProvisionedThroughput: units(6) })
  })

  it('shows the mode that it changes to at once, and takes minutes the first time (064)', async () => {
    await settled(provisioned)
    const answer = await update(onDemand)
    for (const table of [answer.TableDescription, await look()]) {
      expect(table).toMatchObject({
        TableStatus: 'UPDATING',
        BillingModeSummary: onDemand,
        ProvisionedThroughput: units(0),
        WarmThroughput: { ReadUnitsPerSecond: 5 },
      })
      expect(table?.BillingModeSummary?.LastUpdateToPayPerRequestDateTime).toBeUndefined()
    }
    world.pass(149)
    expect((await look()).TableStatus).toBe('UPDATING')
    world.pass(1)
    expect(await look()).toMatchObject({
      TableStatus: 'ACTIVE',
      BillingModeSummary: { ...onDemand, LastUpdateToPayPerRequestDateTime: expect.any(Date) },
      WarmThroughput: { ReadUnitsPerSecond: 12_000, WriteUnitsPerSecond: 4000 },
    })
  })

  it('takes seconds when the table was on demand before (056, 452)', async () => {
    await settled()
    await update(provisioned)
    world.pass(80)
    expect(await look()).toMatchObject({ TableStatus: 'ACTIVE', BillingModeSummary: { BillingMode: 'PROVISIONED' } })
    await update(onDemand)
    world.pass(4.5)
    expect((await look()).TableStatus).toBe('ACTIVE')
  })

  it('that is on its way to provisioned takes on demand, and loses it (452)', async () => {
    await settled()
    await update(provisioned)
    await update(onDemand)
    world.pass(80)
    expect(await look()).toMatchObject({ TableStatus: 'ACTIVE', BillingModeSummary: { BillingMode: 'PROVISIONED' } })
  })

  it('that is on its way to on demand takes no other capacity, on demand again included (369, 452)', async () => {
    await settled(provisioned)
    await update(onDemand)
    for (const change of [onDemand, provisioned]) {
      expect(await refusal(update(change))).toMatch(
        /^ResourceInUseException: .*Table IOPS are currently being updated. Table: tenant$/,
      )
    }
  })

  it('takes throughput only where it is provisioned (056, 059)', async () => {
    await settled()
    expect(await refusal(update({ ...onDemand, ProvisionedThroughput: units(5) }))).toContain(
      'ProvisionedThroughput cannot be specified when BillingMode is PAY_PER_REQUEST',
    )
    expect(await refusal(update({ ProvisionedThroughput: units(5) }))).toContain(
      'Neither ReadCapacityUnits nor WriteCapacityUnits can be specified',
    )
  })
})

describe('deletion protection', () => {
  it('is in the answer of UpdateTable, and the table stays ACTIVE (017)', async () => {
    await settled()
    const isProtected = { TableStatus: 'ACTIVE', DeletionProtectionEnabled: true }
    expect((await update({ DeletionProtectionEnabled: true })).TableDescription).toMatchObject(isProtected)
    expect(await look()).toMatchObject(isProtected)
  })

  it('accepts one change in 15 seconds, and the error has the time of the next change (003, 464)', async () => {
    await settled()
    const changedAt = world.now()
    await update({ DeletionProtectionEnabled: true })
    world.pass(14)
    const next = new Date(changedAt + 15_000).toISOString()
    expect(await refusal(update({ DeletionProtectionEnabled: false }))).toBe(
      `ThrottlingException: Deletion protection setting for table tenant modified within the previous 15000 milliseconds. Please try again after ${next}`,
    )
    world.pass(1)
    await update({ DeletionProtectionEnabled: false })
    expect((await look()).DeletionProtectionEnabled).toBe(false)
  })

  it('sent again is accepted, and delays no change (018, 383)', async () => {
    await settled({ DeletionProtectionEnabled: true })
    expect((await update({ DeletionProtectionEnabled: true })).TableDescription?.TableStatus).toBe('ACTIVE')
    await update({ DeletionProtectionEnabled: false })
  })
})

describe('a stream', () => {
  const on = { StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' } } as const
  const off = { StreamSpecification: { StreamEnabled: false } } as const

  it('shows at once, while the table is UPDATING (180)', async () => {
    await settled()
    expect((await update(on)).TableDescription).toMatchObject({ TableStatus: 'UPDATING', ...on })
    expect(await look()).toMatchObject({ TableStatus: 'UPDATING', ...on })
    world.pass(4.5)
    expect(await look()).toMatchObject({ TableStatus: 'ACTIVE', ...on })
  })

  it('that is off leaves its ARN behind, and is another one when it is on again (050, 362)', async () => {
    await settled(on)
    const { LatestStreamArn: first, LatestStreamLabel: label } = await look()
    expect(first).toBe(`${(await look()).TableArn}/stream/${label}`)
    await update(off)
    expect(await look()).toMatchObject({ LatestStreamArn: first })
    expect((await look()).StreamSpecification).toBeUndefined()
    world.pass(10)
    await update(on)
    expect((await look()).LatestStreamArn).not.toBe(first)
  })

  it('is not turned on twice, nor to another view, nor off where there is none (018, 050)', async () => {
    await settled()
    expect(await refusal(update(off))).toMatch('Table has no stream to disable: TableName: tenant')
    await update(on)
    world.pass(10)
    for (const StreamViewType of ['NEW_IMAGE', 'KEYS_ONLY'] as const) {
      expect(await refusal(update({ StreamSpecification: { StreamEnabled: true, StreamViewType } }))).toMatch(
        'Table already has an enabled stream: TableName: tenant',
      )
    }
  })

  it('is turned on with a view type, and off without (050)', async () => {
    await settled()
    expect(await refusal(update({ StreamSpecification: { StreamEnabled: true } }))).toContain(
      'If stream is being enabled then UpdateViewType is required',
    )
    await update(on)
    world.pass(10)
    const offWithType = { StreamSpecification: { StreamEnabled: false, StreamViewType: 'NEW_IMAGE' } } as const
    expect(await refusal(update(offWithType))).toContain(
      'If stream is being disabled, then UpdateViewType must not be specified',
    )
  })
})

describe('the table class', () => {
  it('shows when the table is ACTIVE again, and when it changed (284)', async () => {
    await settled()
    const { TableDescription } = await update({ TableClass: 'STANDARD_INFREQUENT_ACCESS' })
    expect(TableDescription?.TableClassSummary).toBeUndefined()
    world.pass(4.5)
    expect(await look()).toMatchObject({
      TableStatus: 'ACTIVE',
      TableClassSummary: { TableClass: 'STANDARD_INFREQUENT_ACCESS', LastUpdateDateTime: expect.any(Date) },
    })
  })

  it('that is the present one is accepted, and only seems to update the table (177, 383)', async () => {
    await settled()
    expect((await update({ TableClass: 'STANDARD' })).TableDescription?.TableStatus).toBe('UPDATING')
    expect((await look()).TableStatus).toBe('ACTIVE')
    expect((await look()).TableClassSummary).toBeUndefined()
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
    expect(await refusal(update(provisioned))).toMatch(
      /^ValidationException: .*ProvisionedThroughput must be specified for index: one$/,
    )

    await update({ ...provisioned, ...indexUnits(4) })
    world.pass(80)

    expect(await look()).toMatchObject({
      ProvisionedThroughput: units(5),
      GlobalSecondaryIndexes: [{ ProvisionedThroughput: units(4) }],
    })
  })

  it('of an index changes by itself, but not to what it is, and not where there is no such index', async () => {
    const provisioned = { BillingMode: 'PROVISIONED', ProvisionedThroughput: units(5) } as const
    await settled({ ...provisioned, GlobalSecondaryIndexes: [index] })
    expect(await refusal(update(indexUnits(3)))).toMatch('throughput for the index one will not change')
    const unknown = { GlobalSecondaryIndexUpdates: [{ Update: { IndexName: 'two', ProvisionedThroughput: units(1) } }] }
    expect(await refusal(update(unknown))).toBe(
      'ResourceNotFoundException: Requested resource not found: Index two for table tenant',
    )

    await update(indexUnits(4))
    world.pass(3)

    expect(await look()).toMatchObject({
      ProvisionedThroughput: units(5),
      GlobalSecondaryIndexes: [{ ProvisionedThroughput: units(4) }],
    })
  })

  it('of an index on demand cannot be changed (152)', async () => {
    await settled({ GlobalSecondaryIndexes: [anIndex('one')] })
    expect(await refusal(update(indexUnits(1)))).toContain('The only Updates for index: one when TableThroughputMode')
  })

  it('of the table shows when the table is ACTIVE again, with as much warm throughput (058, 060, 061)', async () => {
    await settled({ BillingMode: 'PROVISIONED', ProvisionedThroughput: units(5) })
    const { TableDescription } = await update({ ProvisionedThroughput: units(8) })
    expect(TableDescription).toMatchObject({ TableStatus: 'UPDATING', ProvisionedThroughput: units(5) })
    world.pass(1.5)
    const warm = { ReadUnitsPerSecond: 8, WriteUnitsPerSecond: 8, Status: 'ACTIVE' }
    expect(await look()).toMatchObject({ TableStatus: 'ACTIVE', ProvisionedThroughput: units(8), WarmThroughput: warm })
    await update({ ProvisionedThroughput: units(1) })
    world.pass(1.5)
    expect(await look()).toMatchObject({ ProvisionedThroughput: units(1), WarmThroughput: warm })
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
  const withKey = (KMSMasterKeyId: string) => ({ Enabled: true, SSEType: 'KMS', KMSMasterKeyId }) as const
  const encrypt = (KMSMasterKeyId: string) => update({ SSESpecification: withKey(KMSMasterKeyId) })
  const shown = async () => (await look()).SSEDescription

  it('shows the old key for eight and a half seconds, and is settled after 22, on a table that is ACTIVE', async () => {
    await settled({ SSESpecification: withKey('first') })
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

  it.each(['mine', 'key/mine', 'alias/mine', 'arn:aws:kms:ap-south-1:222222222222:alias/mine'])(
    'gives the ARN of a key back for %s, and encrypts again with the same one (082)',
    async (given) => {
      await settled({ SSESpecification: withKey('mine') })
      await encrypt(given)
      world.pass(10)
      expect(await shown()).toMatchObject({ Status: 'UPDATING', KMSMasterKeyArn: key('mine') })
    },
  )

  it('with the key that is in use, given by its ARN, is refused (082)', async () => {
    await settled({ SSESpecification: withKey('mine') })
    expect(await refusal(encrypt(key('mine')))).toMatch(
      /^ValidationException: .*Table is already encrypted with given KMSMasterKeyId/,
    )
  })

  it('that is off is not turned off (047)', async () => {
    await settled()
    expect(await refusal(update({ SSESpecification: { Enabled: false } }))).toMatch(
      /^ValidationException: .*Table is already encrypted by default/,
    )
  })

  it('shows no key for eight and a half seconds when it is turned on (361)', async () => {
    await settled()
    const { TableDescription } = await update({ SSESpecification: { Enabled: true } })
    expect(TableDescription).toMatchObject({ TableStatus: 'ACTIVE', SSEDescription: { Status: 'UPDATING' } })
    expect(await shown()).toEqual({ Status: 'UPDATING' })
    world.pass(8.5)
    expect(await shown()).toMatchObject({ Status: 'UPDATING', SSEType: 'KMS', KMSMasterKeyArn: expect.any(String) })
  })
})

describe('a budget of changes', () => {
  const infrequent = () => update({ TableClass: 'STANDARD_INFREQUENT_ACCESS' })
  const standard = () => update({ TableClass: 'STANDARD' })

  it('allows two table classes in thirty days, and rejects the present class too once it is spent (283)', async () => {
    await settled()
    await standard()
    await infrequent()
    world.pass(60)
    await infrequent()
    await standard()
    world.pass(60)
    for (const change of [infrequent, standard]) {
      expect(await refusal(change())).toBe(
        'LimitExceededException: Subscriber limit exceeded: Updates to TableClass are limited to 2 times in 30 day(s).',
      )
    }
    world.pass(30 * 24 * 3600 - 120)
    await infrequent()
  })

  it('allows four encryption changes a day, and then one in six hours (081)', async () => {
    await settled()
    const encrypt = () => update({ SSESpecification: { Enabled: true } })
    for (let changes = 0; changes < 4; changes += 1) {
      await encrypt()
      world.pass(60)
    }
    const next = new Date(world.now() + 6 * 3_600_000 - 60_000).toISOString()
    expect(await refusal(encrypt())).toMatch(/^LimitExceededException: .*Encryption mode changes are limited/)
    expect(await refusal(encrypt())).toContain(`Next changes can be made at ${next}.`)
    world.pass(6 * 3600 - 60)
    await encrypt()
    world.pass(22)
    expect(await refusalName(encrypt())).toBe('LimitExceededException')
  })

  it('allows four switches to on demand in 24 hours, and the error has the time of the next one', async () => {
    await settled()
    const provisioned = { BillingMode: 'PROVISIONED', ProvisionedThroughput: units(5) } as const
    const onDemand = { BillingMode: 'PAY_PER_REQUEST' } as const
    await update(provisioned)
    world.pass(80)
    const first = world.now()
    for (let switches = 0; switches < 4; switches += 1) {
      await update(onDemand)
      world.pass(60)
      await update(provisioned)
      world.pass(80)
    }
    const javaDate = (time: number) => {
      const [weekday, day, month, year, clock] = new Date(time).toUTCString().replace(',', '').split(' ')
      return `${weekday} ${month} ${day} ${clock} UTC ${year}`
    }
    const day = 24 * 3_600_000
    expect(await refusal(update(onDemand))).toBe(
      `LimitExceededException: Subscriber limit exceeded: Update to PayPerRequest mode are limited to 4 times in 1 day(s). Last update at ${javaDate(world.now() - 140_000)}. Next update can be made at ${javaDate(first + day)}`,
    )
    world.pass((first + day - world.now()) / 1000)
    await update(onDemand)
  })

  it('can be spent by a test through exhaustBudget', async () => {
    await settled({ BillingMode: 'PROVISIONED', ProvisionedThroughput: units(5) })
    world.sandbox.account(target, region).exhaustBudget(TableName, 'onDemand')
    expect(await refusal(update({ BillingMode: 'PAY_PER_REQUEST' }))).toMatch(
      /^LimitExceededException: .*Next update can be made at \w{3} \w{3} \d\d \d\d:\d\d:\d\d UTC \d{4}$/,
    )
  })
})

describe('an index', () => {
  const byEmail = anIndex('by-email', { KeySchema: [{ AttributeName: 'email', KeyType: 'HASH' }] })
  const email = (type: 'S' | 'N') => ({ AttributeName: 'email', AttributeType: type }) as const
  const tenantId = { AttributeName: 'tenant_id', AttributeType: 'S' } as const
  const definitions = async () => (await look()).AttributeDefinitions

  it('is added to a table that takes no other one meanwhile (159)', async () => {
    await settled()
    const { TableDescription } = await update(createIndex(anIndex('one')))
    expect(TableDescription).toMatchObject({
      TableStatus: 'UPDATING',
      GlobalSecondaryIndexes: [{ IndexStatus: 'CREATING', Backfilling: false }],
    })
    const onlyOne =
      'LimitExceededException: Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table'
    expect(await refusal(update(createIndex(anIndex('two'))))).toBe(onlyOne)
    world.pass(599)
    expect(await refusal(update(createIndex(anIndex('two'))))).toBe(onlyOne)
    world.pass(1)
    await update(createIndex(anIndex('two')))
  })

  it('is one to a call (159)', async () => {
    await settled()
    const both = {
      ...createIndex(anIndex('one')),
      GlobalSecondaryIndexUpdates: [{ Create: anIndex('one') }, { Create: anIndex('two') }],
    }
    expect(await refusalName(update(both))).toBe('LimitExceededException')
  })

  it('that is there is not made, and one that is not there is not deleted (137, 161)', async () => {
    await settled({ GlobalSecondaryIndexes: [anIndex('one')] })
    expect(await refusal(update(createIndex(anIndex('one'))))).toMatch(
      /^ValidationException: .*Attempting to create an index which already exists/,
    )
    expect(await refusal(update({ GlobalSecondaryIndexUpdates: [{ Delete: { IndexName: 'two' } }] }))).toBe(
      'ResourceNotFoundException: Requested resource not found: Index two for table tenant',
    )
  })

  it('that is local is neither made, updated nor deleted later (137)', async () => {
    await settled({
      AttributeDefinitions: [email('S'), tenantId],
      KeySchema: [
        { AttributeName: 'tenant_id', KeyType: 'HASH' },
        { AttributeName: 'email', KeyType: 'RANGE' },
      ],
      LocalSecondaryIndexes: [
        anIndex('local', {
          KeySchema: [
            { AttributeName: 'tenant_id', KeyType: 'HASH' },
            { AttributeName: 'email', KeyType: 'RANGE' },
          ],
        }),
      ],
    })
    for (const [indexUpdate, message] of [
      [{ Delete: { IndexName: 'local' } }, 'Cannot delete an index that is not a GlobalSecondaryIndex: local'],
      [{ Update: { IndexName: 'local' } }, 'Cannot update an index that is not a GlobalSecondaryIndex: local'],
      [{ Create: anIndex('local') }, 'Attempting to create an index which already exists'],
    ] as const) {
      expect(await refusal(update({ GlobalSecondaryIndexUpdates: [indexUpdate] }))).toContain(message)
    }
  })

  it('brings the attributes of its keys and takes them away; others are dropped, and a second type is ignored (151, 162)', async () => {
    await settled()
    const create = { GlobalSecondaryIndexUpdates: [{ Create: byEmail }] }
    expect(await refusal(update(create))).toMatch(/AttributeDefinitions is not specified for index: by-email$/)
    expect(await refusal(update(createIndex(byEmail)))).toMatch(
      /^ValidationException: .*not defined in AttributeDefinitions. Keys: \[email\], AttributeDefinitions: \[tenant_id\]$/,
    )
    const unused = { AttributeName: 'unused', AttributeType: 'S' } as const
    const redeclared = { ...tenantId, AttributeType: 'N' } as const
    await update({ ...create, AttributeDefinitions: [redeclared, email('S'), unused] })
    world.pass(700)
    expect(await definitions()).toEqual([email('S'), tenantId])

    await update({ GlobalSecondaryIndexUpdates: [{ Delete: { IndexName: 'by-email' } }] })
    world.pass(10)
    expect(await definitions()).toEqual([tenantId])

    await update({ ...create, AttributeDefinitions: [email('N')] })
    expect(await definitions()).toEqual([email('N'), tenantId])
  })

  it('has throughput where billing is provisioned, and only there (152)', async () => {
    await settled()
    const index = (changes: Partial<GlobalSecondaryIndex>) => update(createIndex(anIndex('one', changes)))
    expect(await refusal(index({ ProvisionedThroughput: units(1) }))).toContain(
      'should not be specified for index: one',
    )
    await update({ BillingMode: 'PROVISIONED', ProvisionedThroughput: units(5) })
    world.pass(80)
    expect(await refusal(index({}))).toContain(
      'Both ReadCapacityUnits and WriteCapacityUnits must be specified for index: one',
    )
    await index({ ProvisionedThroughput: units(1) })
  })

  it('is made with a switch to on demand in one call (174)', async () => {
    await settled({ BillingMode: 'PROVISIONED', ProvisionedThroughput: units(5) })
    await update({ ...createIndex(anIndex('one')), BillingMode: 'PAY_PER_REQUEST' })
    world.pass(600)
    expect(await look()).toMatchObject({
      TableStatus: 'ACTIVE',
      BillingModeSummary: { BillingMode: 'PAY_PER_REQUEST' },
      GlobalSecondaryIndexes: [{ IndexStatus: 'ACTIVE' }],
    })
  })

  it('is one of 20 at most, which the two calls say each in its own way (169)', async () => {
    const indexes = Array.from({ length: 21 }, (_, count) => anIndex(`index-${count}`))
    expect(await refusalName(aws.createTable(aTable({ GlobalSecondaryIndexes: indexes })))).toBe('ValidationException')
    await settled({ GlobalSecondaryIndexes: indexes.slice(1) })
    expect(await refusal(update(createIndex(anIndex('more'))))).toBe(
      'LimitExceededException: Subscriber limit exceeded: Number of global secondary indexes exceeds per-table limit of 20',
    )
  })
})
