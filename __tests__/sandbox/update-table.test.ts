/** UpdateTable: combinations of parameters, times of changes, and budgets. */
import type { DynamoDB, GlobalSecondaryIndex, UpdateTableCommandInput } from '@aws-sdk/client-dynamodb'
import { aTable, type Harness, refusal, refusalName, region, startHarness, target } from './harness.ts'

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
const table = async () => (await aws.describeTable({ TableName })).Table ?? {}
const update = (changes: Partial<UpdateTableCommandInput>) => aws.updateTable({ TableName, ...changes })
const units = (count: number) => ({ ReadCapacityUnits: count, WriteCapacityUnits: count })

/** Creates a table and advances 60 seconds, after which it accepts every operation. */
async function settled(changes: Parameters<typeof aTable>[0] = {}): Promise<void> {
  await aws.createTable(aTable(changes))
  harness.advance(60)
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

describe('UpdateTable', () => {
  const stream = { StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' } } as const
  const onDemand = { BillingMode: 'PAY_PER_REQUEST' } as const
  const provisioned = { BillingMode: 'PROVISIONED', ProvisionedThroughput: units(5) } as const

  it.each<[string, Partial<UpdateTableCommandInput>]>([
    ['deletion protection', { DeletionProtectionEnabled: true }],
    ['encryption', { SSESpecification: { Enabled: true } }],
    ['table class', { TableClass: 'STANDARD' }],
    ['warm throughput', { WarmThroughput: { ReadUnitsPerSecond: 13_000 } }],
    ['replicas', { ReplicaUpdates: [{ Create: { RegionName: 'eu-west-1' } }] }],
  ])('accepts a change of %s only without another change', async (_, concern) => {
    await settled()
    for (const other of [stream, provisioned, createIndex(anIndex('one'))]) {
      expect(await refusal(update({ ...concern, ...other }))).toMatch(
        /^ValidationException: .* must be the only operation in the request$/,
      )
    }
  })

  it('accepts a stream together with on-demand billing, and with no other change', async () => {
    await settled(provisioned)
    expect(await refusalName(update({ ...stream, ...provisioned }))).toBe('ValidationException')
    expect(await refusalName(update({ ...stream, ...createIndex(anIndex('one')) }))).toBe('ValidationException')
    await update({ ...stream, ...onDemand })
    harness.advance(150)
    expect(await table()).toMatchObject({
      TableStatus: 'ACTIVE',
      StreamSpecification: stream.StreamSpecification,
      BillingModeSummary: onDemand,
    })
  })

  it.each<[string, Partial<UpdateTableCommandInput>, string]>([
    [
      'encryption before table class',
      { SSESpecification: { Enabled: true }, TableClass: 'STANDARD' },
      'Server-Side Encryption',
    ],
    ['table class before protection', { TableClass: 'STANDARD', DeletionProtectionEnabled: true }, 'TableClass'],
    [
      'protection before warm throughput',
      { DeletionProtectionEnabled: true, WarmThroughput: { ReadUnitsPerSecond: 13_000 } },
      'DeletionProtection',
    ],
  ])('names %s in the error (433)', async (_, changes, named) => {
    await settled()
    expect(await refusal(update(changes))).toContain(`were invalid: ${named}`)
  })

  it('ignores an empty WarmThroughput or OnDemandThroughput with another change, and fails without one (437, 456)', async () => {
    await settled()
    await update({ WarmThroughput: {}, DeletionProtectionEnabled: true })
    await update({ OnDemandThroughput: {}, ...onDemand })
    expect(await refusal(update({ WarmThroughput: {} }))).toMatch(/^InternalFailure/)
    expect(await refusal(update({ OnDemandThroughput: {} }))).toMatch(/^InternalFailure/)
  })

  it('rejects an empty list of index updates, with a message that depends on other changes (015, 359)', async () => {
    await settled()
    const none = { GlobalSecondaryIndexUpdates: [] }
    expect(await refusal(update(none))).toMatch(/^ValidationException: At least one of/)
    expect(await refusal(update({ ...none, DeletionProtectionEnabled: true }))).toMatch(
      'List of GlobalSecondaryIndexUpdates is empty',
    )
  })

  it.each([
    ['no action', {}, 'One of GlobalSecondaryIndexUpdate.Update'],
    [
      'two actions',
      { Delete: { IndexName: 'one' }, Update: { IndexName: 'one' } },
      'Only one global secondary index action is allowed',
    ],
  ])('rejects an index update with %s (160)', async (_, indexUpdate, message) => {
    await settled()
    expect(await refusal(update({ GlobalSecondaryIndexUpdates: [indexUpdate] }))).toContain(message)
  })

  it('rejects two updates of one index (160)', async () => {
    await settled()
    const twice = [{ Delete: { IndexName: 'one' } }, { Create: anIndex('one') }]
    expect(await refusal(update({ GlobalSecondaryIndexUpdates: twice }))).toContain(
      'Only one global secondary index update per index is allowed simultaneously. Index: one',
    )
  })
})

describe('an on-demand maximum', () => {
  const onDemand = { BillingMode: 'PAY_PER_REQUEST' } as const
  const maximum = { OnDemandThroughput: { MaxReadRequestUnits: 10, MaxWriteRequestUnits: 20 } }
  const shown = async () => (await table()).OnDemandThroughput

  it('is accepted together with on-demand billing, and not with an index or a stream (433)', async () => {
    await settled()
    expect(await refusalName(update({ ...maximum, ...createIndex(anIndex('one')) }))).toBe('ValidationException')
    expect(
      await refusal(update({ ...maximum, StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' } })),
    ).toContain('can only be combined with BillingMode')
    await update({ ...maximum, ...onDemand })
    expect(await table()).toMatchObject({ TableStatus: 'ACTIVE', ...maximum })
  })

  it('is accepted by CreateTable', async () => {
    await settled({ OnDemandThroughput: { MaxReadRequestUnits: 1 } })
    expect(await shown()).toEqual({ MaxReadRequestUnits: 1 })
  })

  it('is set at once and by member, and removed by -1 (051, 178, 361)', async () => {
    await settled()
    expect((await update(maximum)).TableDescription).toMatchObject({ TableStatus: 'ACTIVE', ...maximum })
    await update({ OnDemandThroughput: { MaxReadRequestUnits: 30 } })
    expect(await shown()).toEqual({ MaxReadRequestUnits: 30, MaxWriteRequestUnits: 20 })
    await update({ OnDemandThroughput: { MaxReadRequestUnits: -1 } })
    harness.advance(1)
    expect(await shown()).toEqual({ MaxWriteRequestUnits: 20 })
    await update({ OnDemandThroughput: { MaxWriteRequestUnits: -1 } })
    harness.advance(1)
    expect(await shown()).toBeUndefined()
  })

  it('that is removed is shown as -1 for a second (182)', async () => {
    await settled(maximum)
    const removed = { MaxReadRequestUnits: -1, MaxWriteRequestUnits: 20 }
    const { TableDescription } = await update({ OnDemandThroughput: { MaxReadRequestUnits: -1 } })
    expect([TableDescription?.OnDemandThroughput, await shown()]).toEqual([removed, removed])
  })

  it('above the quota of the account is rejected (154)', async () => {
    const above = { OnDemandThroughput: { MaxReadRequestUnits: 40_001 } }
    const message =
      'LimitExceededException: Subscriber limit exceeded: Requested MaxReadRequestUnits for OnDemandThroughput for table exceeds TableMaxReadCapacityUnits of the account in region ap-south-1'
    expect(await refusal(aws.createTable(aTable(above)))).toBe(message)
    await settled()
    expect(await refusal(update(above))).toBe(message)
  })

  it('is compared with the old billing mode during a switch (369)', async () => {
    await settled()
    await update({ BillingMode: 'PROVISIONED', ProvisionedThroughput: units(5) })
    expect(await refusal(update(maximum))).toBe(
      'ResourceInUseException: Attempt to change a resource which is still in use: OnDemandThroughput cannot be updated while BillingMode update is in progress',
    )
    harness.advance(80)
    await update(onDemand)
    expect(await refusal(update(maximum))).toContain('cannot be specified when the table BillingMode is PROVISIONED')
  })

  it('that is empty fails on a provisioned table too (437)', async () => {
    await settled({ BillingMode: 'PROVISIONED', ProvisionedThroughput: units(5) })
    expect(await refusal(update({ OnDemandThroughput: {} }))).toMatch(/^InternalFailure/)
  })

  describe('of an index', () => {
    const limit = (OnDemandThroughput: object, IndexName = 'one') => ({
      GlobalSecondaryIndexUpdates: [{ Update: { IndexName, OnDemandThroughput } }],
    })
    const indexed = { GlobalSecondaryIndexes: [anIndex('one', { OnDemandThroughput: { MaxReadRequestUnits: 5 } })] }
    const index = async () => (await table()).GlobalSecondaryIndexes?.[0]

    it('is set by member and shown at once, while the index is UPDATING for seconds (135, 154)', async () => {
      await settled(indexed)
      const { TableDescription } = await update(limit({ MaxWriteRequestUnits: 6 }))
      const shownAs = { OnDemandThroughput: { MaxReadRequestUnits: 5, MaxWriteRequestUnits: 6 } }
      expect(TableDescription).toMatchObject({
        TableStatus: 'ACTIVE',
        GlobalSecondaryIndexes: [{ IndexStatus: 'UPDATING', ...shownAs }],
      })
      expect(await refusal(update(limit({ MaxWriteRequestUnits: 7 })))).toBe(
        'ResourceInUseException: Attempt to change a resource which is still in use: Index is being updated. Table: tenant Index: one',
      )
      harness.advance(3)
      expect(await index()).toMatchObject({ IndexStatus: 'ACTIVE', ...shownAs })
      await update(limit({ MaxWriteRequestUnits: 6 }))
    })

    it('is removed by -1 (456)', async () => {
      await settled(indexed)
      await update(limit({ MaxReadRequestUnits: -1 }))
      harness.advance(3)
      expect(await index()).not.toHaveProperty('OnDemandThroughput')
    })

    it('is removed by a switch to provisioned, during which the index is UPDATING for seconds (152, 153)', async () => {
      await settled(indexed)
      const capacity = { BillingMode: 'PROVISIONED', ProvisionedThroughput: units(5) } as const
      const Update = { IndexName: 'one', ProvisionedThroughput: units(4) }
      await update({ ...capacity, GlobalSecondaryIndexUpdates: [{ Update }] })
      expect(await index()).toMatchObject({ IndexStatus: 'UPDATING', ProvisionedThroughput: units(4) })
      harness.advance(80)
      expect(await index()).toMatchObject({ IndexStatus: 'ACTIVE', WarmThroughput: { ReadUnitsPerSecond: 12_000 } })
      expect(await index()).not.toHaveProperty('OnDemandThroughput')
      expect(await refusal(update(limit({ MaxReadRequestUnits: 5 })))).toContain(
        'MaxReadRequestUnits for OnDemandThroughput for index : one cannot be specified when the table BillingMode is PROVISIONED',
      )
    })

    it.each<[string, object, string]>([
      ['is 0', limit({ MaxReadRequestUnits: 0 }), 'for OnDemandThroughput for index : one is outside of valid range'],
      [
        'is above the quota',
        limit({ MaxWriteRequestUnits: 40_001 }),
        'for index : one exceeds TableMaxWriteCapacityUnits',
      ],
      ['is empty (456)', limit({}), 'The only Updates for index: one when TableThroughputMode is PAY_PER_REQUEST'],
      ['is that of an unknown index', limit({}, 'two'), 'Index two for table tenant'],
    ])('is rejected if it %s', async (_, change, message) => {
      await settled(indexed)
      expect(await refusal(update(change))).toContain(message)
    })

    it('is rejected at creation if it is -1, or if the table is provisioned (128)', async () => {
      const create = (maximum: object, changes: object = {}, indexChanges: object = {}) =>
        refusal(
          aws.createTable(
            aTable({
              GlobalSecondaryIndexes: [anIndex('one', { OnDemandThroughput: maximum, ...indexChanges })],
              ...changes,
            }),
          ),
        )
      expect(await create({ MaxReadRequestUnits: -1 })).toContain('for index : one is outside of valid range')
      const ProvisionedThroughput = units(5)
      expect(
        await create(
          { MaxReadRequestUnits: 1 },
          { BillingMode: 'PROVISIONED', ProvisionedThroughput },
          { ProvisionedThroughput },
        ),
      ).toContain('cannot be specified when the table BillingMode is PROVISIONED')
    })
  })

  it.each([0, -2])('is rejected if it is %i', async (MaxReadRequestUnits) => {
    await settled()
    expect(await refusal(update({ OnDemandThroughput: { MaxReadRequestUnits } }))).toContain('outside of valid range')
  })

  it('is rejected with provisioned billing, and removed by a switch to it (059, 153)', async () => {
    const provisioned = { BillingMode: 'PROVISIONED', ProvisionedThroughput: units(5) } as const
    await settled(maximum)
    await update(provisioned)
    harness.advance(80)
    expect(await shown()).toBeUndefined()
    expect(await refusal(update(maximum))).toContain(
      'MaxReadRequestUnits for OnDemandThroughput cannot be specified when the table BillingMode is PROVISIONED',
    )
  })
})

describe('billing', () => {
  const onDemand = { BillingMode: 'PAY_PER_REQUEST' } as const
  const provisioned = { BillingMode: 'PROVISIONED', ProvisionedThroughput: units(5) } as const

  it('on demand again is accepted, returns UPDATING, and changes nothing (057, 156, 383)', async () => {
    await settled()
    const before = await table()
    expect((await update(onDemand)).TableDescription?.TableStatus).toBe('UPDATING')
    expect(await table()).toEqual(before)
    await update({ StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' } })
    await update(onDemand)
  })

  it('provisioned again with the same throughput is rejected (057)', async () => {
    await settled(provisioned)
    expect(await refusal(update({ BillingMode: 'PROVISIONED' }))).toContain(
      'ProvisionedThroughput must be specified when BillingMode is PROVISIONED',
    )
    expect(await refusal(update(provisioned))).toMatch('will not change')
    expect(await refusal(update({ ProvisionedThroughput: units(5) }))).toMatch('will not change')
    await update({ ...provisioned, ProvisionedThroughput: units(6) })
  })

  it('shows on demand at once, and takes minutes the first time (064)', async () => {
    await settled(provisioned)
    const response = await update(onDemand)
    for (const description of [response.TableDescription, await table()]) {
      expect(description).toMatchObject({
        TableStatus: 'UPDATING',
        BillingModeSummary: onDemand,
        ProvisionedThroughput: units(0),
        WarmThroughput: { ReadUnitsPerSecond: 5 },
      })
      expect(description?.BillingModeSummary?.LastUpdateToPayPerRequestDateTime).toBeUndefined()
    }
    harness.advance(149)
    expect((await table()).TableStatus).toBe('UPDATING')
    harness.advance(1)
    expect(await table()).toMatchObject({
      TableStatus: 'ACTIVE',
      BillingModeSummary: { ...onDemand, LastUpdateToPayPerRequestDateTime: expect.any(Date) },
      WarmThroughput: { ReadUnitsPerSecond: 12_000, WriteUnitsPerSecond: 4000 },
    })
  })

  it('takes seconds if the table was on demand before (056, 452)', async () => {
    await settled()
    await update(provisioned)
    harness.advance(80)
    expect(await table()).toMatchObject({ TableStatus: 'ACTIVE', BillingModeSummary: { BillingMode: 'PROVISIONED' } })
    await update(onDemand)
    harness.advance(4.5)
    expect((await table()).TableStatus).toBe('ACTIVE')
  })

  it('accepts and ignores on demand during a switch to provisioned (452)', async () => {
    await settled()
    await update(provisioned)
    await update(onDemand)
    harness.advance(80)
    expect(await table()).toMatchObject({ TableStatus: 'ACTIVE', BillingModeSummary: { BillingMode: 'PROVISIONED' } })
  })

  it('rejects every change of capacity, also on demand again, during a switch to on demand (369, 452)', async () => {
    await settled(provisioned)
    await update(onDemand)
    for (const change of [onDemand, provisioned, { ProvisionedThroughput: units(7) }]) {
      expect(await refusal(update(change))).toMatch(
        /^ResourceInUseException: .*Table IOPS are currently being updated. Table: tenant$/,
      )
    }
  })

  it('accepts throughput only if it is provisioned (056, 059)', async () => {
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
  it('is in the response of UpdateTable, and the table stays ACTIVE (017)', async () => {
    await settled()
    const isProtected = { TableStatus: 'ACTIVE', DeletionProtectionEnabled: true }
    expect((await update({ DeletionProtectionEnabled: true })).TableDescription).toMatchObject(isProtected)
    expect(await table()).toMatchObject(isProtected)
  })

  it('can be changed once in 15 seconds, and the error names the time of the next change (003, 464)', async () => {
    await settled()
    const changedAt = harness.now()
    await update({ DeletionProtectionEnabled: true })
    harness.advance(14)
    const next = new Date(changedAt + 15_000).toISOString()
    expect(await refusal(update({ DeletionProtectionEnabled: false }))).toBe(
      `ThrottlingException: Deletion protection setting for table tenant modified within the previous 15000 milliseconds. Please try again after ${next}`,
    )
    harness.advance(1)
    await update({ DeletionProtectionEnabled: false })
    expect((await table()).DeletionProtectionEnabled).toBe(false)
  })

  it('again is accepted, and starts no cooldown (018, 383)', async () => {
    await settled({ DeletionProtectionEnabled: true })
    expect((await update({ DeletionProtectionEnabled: true })).TableDescription?.TableStatus).toBe('ACTIVE')
    await update({ DeletionProtectionEnabled: false })
  })
})

describe('a stream', () => {
  const on = { StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' } } as const
  const off = { StreamSpecification: { StreamEnabled: false } } as const

  it('is shown at once, while the table is UPDATING (180)', async () => {
    await settled()
    expect((await update(on)).TableDescription).toMatchObject({ TableStatus: 'UPDATING', ...on })
    expect(await table()).toMatchObject({ TableStatus: 'UPDATING', ...on })
    harness.advance(4.5)
    expect(await table()).toMatchObject({ TableStatus: 'ACTIVE', ...on })
  })

  it('keeps its ARN when disabled, and gets another ARN when enabled again (050, 362)', async () => {
    await settled(on)
    const { LatestStreamArn: first, LatestStreamLabel: label } = await table()
    expect(first).toBe(`${(await table()).TableArn}/stream/${label}`)
    await update(off)
    expect(await table()).toMatchObject({ LatestStreamArn: first })
    expect((await table()).StreamSpecification).toBeUndefined()
    harness.advance(10)
    await update(on)
    expect((await table()).LatestStreamArn).not.toBe(first)
  })

  it('cannot be enabled twice, changed to another view type, or disabled if there is none (018, 050)', async () => {
    await settled()
    expect(await refusal(update(off))).toMatch('Table has no stream to disable: TableName: tenant')
    await update(on)
    harness.advance(10)
    for (const StreamViewType of ['NEW_IMAGE', 'KEYS_ONLY'] as const) {
      expect(await refusal(update({ StreamSpecification: { StreamEnabled: true, StreamViewType } }))).toMatch(
        'Table already has an enabled stream: TableName: tenant',
      )
    }
  })

  it('requires a view type to be enabled, and none to be disabled (050)', async () => {
    await settled()
    expect(await refusal(update({ StreamSpecification: { StreamEnabled: true } }))).toContain(
      'If stream is being enabled then UpdateViewType is required',
    )
    await update(on)
    harness.advance(10)
    const offWithType = { StreamSpecification: { StreamEnabled: false, StreamViewType: 'NEW_IMAGE' } } as const
    expect(await refusal(update(offWithType))).toContain(
      'If stream is being disabled, then UpdateViewType must not be specified',
    )
  })
})

describe('the table class', () => {
  it('is shown once the table is ACTIVE again, with the time of the change (284)', async () => {
    await settled()
    const { TableDescription } = await update({ TableClass: 'STANDARD_INFREQUENT_ACCESS' })
    expect(TableDescription?.TableClassSummary).toBeUndefined()
    harness.advance(4.5)
    expect(await table()).toMatchObject({
      TableStatus: 'ACTIVE',
      TableClassSummary: { TableClass: 'STANDARD_INFREQUENT_ACCESS', LastUpdateDateTime: expect.any(Date) },
    })
  })

  it('again is accepted, returns UPDATING, and changes nothing (177, 383)', async () => {
    await settled()
    expect((await update({ TableClass: 'STANDARD' })).TableDescription?.TableStatus).toBe('UPDATING')
    expect((await table()).TableStatus).toBe('ACTIVE')
    expect((await table()).TableClassSummary).toBeUndefined()
  })
})

describe('throughput', () => {
  const index = anIndex('one', { ProvisionedThroughput: units(3) })
  const indexUnits = (count: number) => ({
    GlobalSecondaryIndexUpdates: [{ Update: { IndexName: 'one', ProvisionedThroughput: units(count) } }],
  })

  it('of every index is required for a switch to provisioned', async () => {
    await settled({ GlobalSecondaryIndexes: [anIndex('one')] })
    const provisioned = { BillingMode: 'PROVISIONED', ProvisionedThroughput: units(5) } as const
    expect(await refusal(update(provisioned))).toMatch(
      /^ValidationException: .*ProvisionedThroughput must be specified for index: one$/,
    )

    await update({ ...provisioned, ...indexUnits(4) })
    harness.advance(80)

    expect(await table()).toMatchObject({
      ProvisionedThroughput: units(5),
      GlobalSecondaryIndexes: [{ ProvisionedThroughput: units(4) }],
    })
  })

  it('of an index can be changed; the same throughput and an unknown index are rejected', async () => {
    const provisioned = { BillingMode: 'PROVISIONED', ProvisionedThroughput: units(5) } as const
    await settled({ ...provisioned, GlobalSecondaryIndexes: [index] })
    expect(await refusal(update(indexUnits(3)))).toMatch('throughput for the index one will not change')
    const unknown = { GlobalSecondaryIndexUpdates: [{ Update: { IndexName: 'two', ProvisionedThroughput: units(1) } }] }
    expect(await refusal(update(unknown))).toBe(
      'ResourceNotFoundException: Requested resource not found: Index two for table tenant',
    )

    await update(indexUnits(4))
    harness.advance(3)

    expect(await table()).toMatchObject({
      ProvisionedThroughput: units(5),
      GlobalSecondaryIndexes: [{ ProvisionedThroughput: units(4) }],
    })
  })

  it.each<[string, Partial<UpdateTableCommandInput>, Partial<GlobalSecondaryIndex>, string]>([
    [
      'a table',
      { ProvisionedThroughput: units(40_001) },
      {},
      'The requested ReadCapacityUnits, 40001, is above the per table maximum',
    ],
    [
      'an index',
      {},
      { ProvisionedThroughput: units(40_001) },
      'The requested ReadCapacityUnits for index one, 40001, is above the per index maximum',
    ],
  ])(
    'of %s above the quota is rejected at creation and later (170)',
    async (_, tableUnits, indexUnitsAsked, message) => {
      const capacity = { BillingMode: 'PROVISIONED', ProvisionedThroughput: units(5) } as const
      const create = { ...capacity, ...tableUnits, GlobalSecondaryIndexes: [{ ...index, ...indexUnitsAsked }] }
      const full = `LimitExceededException: ${message} for the account in ap-south-1. Per table maximum: 40000. Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits.`
      expect(await refusal(aws.createTable(aTable(create)))).toBe(full)
      await settled({ ...capacity, GlobalSecondaryIndexes: [index] })
      const later = 'ProvisionedThroughput' in tableUnits ? tableUnits : indexUnits(40_001)
      expect(await refusal(update(later))).toBe(full)
    },
  )

  it('of an index cannot be changed with on-demand billing (152)', async () => {
    await settled({ GlobalSecondaryIndexes: [anIndex('one')] })
    expect(await refusal(update(indexUnits(1)))).toContain('The only Updates for index: one when TableThroughputMode')
  })

  it('of the table is shown once the table is ACTIVE again, and raises warm throughput (058, 060, 061)', async () => {
    await settled({ BillingMode: 'PROVISIONED', ProvisionedThroughput: units(5) })
    const { TableDescription } = await update({ ProvisionedThroughput: units(8) })
    expect(TableDescription).toMatchObject({ TableStatus: 'UPDATING', ProvisionedThroughput: units(5) })
    harness.advance(1.5)
    const warm = { ReadUnitsPerSecond: 8, WriteUnitsPerSecond: 8, Status: 'ACTIVE' }
    expect(await table()).toMatchObject({
      TableStatus: 'ACTIVE',
      ProvisionedThroughput: units(8),
      WarmThroughput: warm,
    })
    await update({ ProvisionedThroughput: units(1) })
    harness.advance(1.5)
    expect(await table()).toMatchObject({ ProvisionedThroughput: units(1), WarmThroughput: warm })
  })

  it('is shown as zeros with on-demand billing, for the table and its indexes', async () => {
    await settled({ BillingMode: 'PROVISIONED', ProvisionedThroughput: units(5), GlobalSecondaryIndexes: [index] })
    expect((await table()).BillingModeSummary).toBeUndefined()
    await update({ BillingMode: 'PAY_PER_REQUEST' })
    harness.advance(150)
    expect(await table()).toMatchObject({
      ProvisionedThroughput: units(0),
      GlobalSecondaryIndexes: [{ ProvisionedThroughput: units(0) }],
    })
  })
})

describe('encryption', () => {
  const key = (id: string) => `arn:aws:kms:ap-south-1:222222222222:key/${id}`
  const withKey = (KMSMasterKeyId: string) => ({ Enabled: true, SSEType: 'KMS', KMSMasterKeyId }) as const
  const encrypt = (KMSMasterKeyId: string) => update({ SSESpecification: withKey(KMSMasterKeyId) })
  const shown = async () => (await table()).SSEDescription

  it('shows the old key for 8.5 seconds, and is UPDATING for 22 seconds, while the table is ACTIVE', async () => {
    await settled({ SSESpecification: withKey('first') })
    await encrypt('second')

    expect((await table()).TableStatus).toBe('ACTIVE')
    expect(await shown()).toEqual({ Status: 'UPDATING', SSEType: 'KMS', KMSMasterKeyArn: key('first') })
    harness.advance(8.5)
    expect(await shown()).toEqual({ Status: 'UPDATING', SSEType: 'KMS', KMSMasterKeyArn: key('second') })
    harness.advance(13.5)
    expect(await shown()).toEqual({ Status: 'ENABLED', SSEType: 'KMS', KMSMasterKeyArn: key('second') })
  })

  it('is not shown for the AWS-owned key', async () => {
    await settled({ SSESpecification: { Enabled: true } })
    await update({ SSESpecification: { Enabled: false } })
    harness.advance(8.5)
    expect(await shown()).toEqual({ Status: 'UPDATING' })
    harness.advance(13.5)
    expect(await shown()).toBeUndefined()
  })

  it.each(['mine', 'key/mine', 'alias/mine', 'arn:aws:kms:ap-south-1:222222222222:alias/mine'])(
    'shows the ARN of the key for %s, and encrypts again with the same key (082)',
    async (given) => {
      await settled({ SSESpecification: withKey('mine') })
      await encrypt(given)
      harness.advance(10)
      expect(await shown()).toMatchObject({ Status: 'UPDATING', KMSMasterKeyArn: key('mine') })
    },
  )

  it('with the ARN of the present key is rejected (082)', async () => {
    await settled({ SSESpecification: withKey('mine') })
    expect(await refusal(encrypt(key('mine')))).toMatch(
      /^ValidationException: .*Table is already encrypted with given KMSMasterKeyId/,
    )
  })

  it('that is disabled cannot be disabled (047)', async () => {
    await settled()
    expect(await refusal(update({ SSESpecification: { Enabled: false } }))).toMatch(
      /^ValidationException: .*Table is already encrypted by default/,
    )
  })

  it('shows no key for 8.5 seconds after it is enabled (361)', async () => {
    await settled()
    const { TableDescription } = await update({ SSESpecification: { Enabled: true } })
    expect(TableDescription).toMatchObject({ TableStatus: 'ACTIVE', SSEDescription: { Status: 'UPDATING' } })
    expect(await shown()).toEqual({ Status: 'UPDATING' })
    harness.advance(8.5)
    expect(await shown()).toMatchObject({ Status: 'UPDATING', SSEType: 'KMS', KMSMasterKeyArn: expect.any(String) })
  })
})

describe('a budget of changes', () => {
  const infrequent = () => update({ TableClass: 'STANDARD_INFREQUENT_ACCESS' })
  const standard = () => update({ TableClass: 'STANDARD' })

  it('allows two changes of table class in 30 days, and then rejects the present class too (283)', async () => {
    await settled()
    await standard()
    await infrequent()
    harness.advance(60)
    await infrequent()
    await standard()
    harness.advance(60)
    for (const change of [infrequent, standard]) {
      expect(await refusal(change())).toBe(
        'LimitExceededException: Subscriber limit exceeded: Updates to TableClass are limited to 2 times in 30 day(s).',
      )
    }
    harness.advance(30 * 24 * 3600 - 120)
    await infrequent()
  })

  it('allows four changes of encryption in 24 hours, and then one in six hours (081)', async () => {
    await settled()
    const encrypt = () => update({ SSESpecification: { Enabled: true } })
    for (let changes = 0; changes < 4; changes += 1) {
      await encrypt()
      harness.advance(60)
    }
    const next = new Date(harness.now() + 6 * 3_600_000 - 60_000).toISOString()
    expect(await refusal(encrypt())).toMatch(/^LimitExceededException: .*Encryption mode changes are limited/)
    expect(await refusal(encrypt())).toContain(`Next changes can be made at ${next}.`)
    harness.advance(6 * 3600 - 60)
    await encrypt()
    harness.advance(22)
    expect(await refusalName(encrypt())).toBe('LimitExceededException')
  })

  it('allows four switches to on demand in 24 hours, and the error names the time of the next one', async () => {
    await settled()
    const provisioned = { BillingMode: 'PROVISIONED', ProvisionedThroughput: units(5) } as const
    const onDemand = { BillingMode: 'PAY_PER_REQUEST' } as const
    await update(provisioned)
    harness.advance(80)
    const first = harness.now()
    for (let switches = 0; switches < 4; switches += 1) {
      await update(onDemand)
      harness.advance(60)
      await update(provisioned)
      harness.advance(80)
    }
    const javaDate = (time: number) => {
      const [weekday, day, month, year, clock] = new Date(time).toUTCString().replace(',', '').split(' ')
      return `${weekday} ${month} ${day} ${clock} UTC ${year}`
    }
    const day = 24 * 3_600_000
    expect(await refusal(update(onDemand))).toBe(
      `LimitExceededException: Subscriber limit exceeded: Update to PayPerRequest mode are limited to 4 times in 1 day(s). Last update at ${javaDate(harness.now() - 140_000)}. Next update can be made at ${javaDate(first + day)}`,
    )
    harness.advance((first + day - harness.now()) / 1000)
    await update(onDemand)
  })

  describe('of decreases', () => {
    const provisioned = { BillingMode: 'PROVISIONED', ProvisionedThroughput: units(10) } as const
    const indexUnits = (count: number) => ({
      GlobalSecondaryIndexUpdates: [{ Update: { IndexName: 'one', ProvisionedThroughput: units(count) } }],
    })
    const set = (count: number, writes = count) =>
      update({ ProvisionedThroughput: { ReadCapacityUnits: count, WriteCapacityUnits: writes } })
    const spend = async (first = 9) => {
      for (const count of [first, first - 1, first - 2, first - 3]) {
        await set(count)
        harness.advance(5)
      }
    }
    const capacity = async () => (await table()).ProvisionedThroughput

    beforeEach(() => {
      const day = 24 * 3600
      harness.advance(day - ((harness.now() / 1000) % day))
    })

    it('allows four in a day, and the error names the time of the next one (157, 184, 326)', async () => {
      await settled(provisioned)
      await spend()
      const message =
        /^LimitExceededException: Subscriber limit exceeded: Provisioned throughput decreases are limited within a given UTC day\. After the first 4 decreases, each subsequent decrease in the same UTC day can be performed at most once every 3600 seconds\. Number of decreases today: 4\. Last decrease at \w+, \w+ \d+, \d{4} at 12:01:15 AM Coordinated Universal Time\. Next decrease can be made at \w+, \w+ \d+, \d{4} at 1:01:15 AM Coordinated Universal Time\.$/
      expect(await refusal(set(5))).toMatch(message)
      expect(await refusal(set(5, 9))).toMatch(message)
      await set(7)
    })

    it('allows one more an hour after the last one, and then none again (326)', async () => {
      await settled(provisioned)
      await spend()
      harness.advance(3594)
      expect(await refusalName(set(5))).toBe('LimitExceededException')
      harness.advance(1)
      await set(5)
      harness.advance(5)
      expect(await refusal(set(4))).toContain('Number of decreases today: 5.')
    })

    it('starts anew at midnight UTC, and keeps the time of the last decrease (185)', async () => {
      await settled(provisioned)
      harness.advance(23.5 * 3600)
      await spend()
      expect(await refusal(set(5))).toMatch(/Next decrease can be made at .* at 12:00:00 AM Coordinated/)
      harness.advance(3600)
      expect(await capacity()).toMatchObject({ NumberOfDecreasesToday: 0, LastDecreaseDateTime: expect.any(Date) })
      await spend(5)
    })

    it('is shown by DescribeTable: the time at once, the count with the units (058, 060, 184)', async () => {
      await settled(provisioned)
      expect(await capacity()).toEqual({ ...units(10), NumberOfDecreasesToday: 0 })
      const first = { LastDecreaseDateTime: new Date(harness.now()) }
      const { TableDescription } = await set(9)
      expect(TableDescription?.ProvisionedThroughput).toEqual({ ...units(10), NumberOfDecreasesToday: 0, ...first })
      harness.advance(1.5)
      expect(await capacity()).toEqual({ ...units(9), NumberOfDecreasesToday: 1, ...first })
      const second = { LastIncreaseDateTime: new Date(harness.now()) }
      await set(10)
      harness.advance(1.5)
      expect(await capacity()).toEqual({ ...units(10), NumberOfDecreasesToday: 1, ...first, ...second })
    })

    it('is separate for each index, and neither decreases if one of them is rejected (157)', async () => {
      await settled({ ...provisioned, GlobalSecondaryIndexes: [anIndex('one', { ProvisionedThroughput: units(9) })] })
      await spend()
      expect(await refusalName(update({ ProvisionedThroughput: units(5), ...indexUnits(8) }))).toBe(
        'LimitExceededException',
      )
      for (const count of [8, 7, 6, 5]) {
        await update(indexUnits(count))
        harness.advance(5)
      }
      expect((await table()).GlobalSecondaryIndexes).toMatchObject([
        {
          ProvisionedThroughput: { ...units(5), NumberOfDecreasesToday: 4 },
          WarmThroughput: { ReadUnitsPerSecond: 9 },
        },
      ])
      expect(await refusal(update(indexUnits(4)))).toContain('Next decrease can be made at')
    })

    it('counts a switch to on demand as a decrease of each index, and not of the table (153)', async () => {
      await settled({ ...provisioned, GlobalSecondaryIndexes: [anIndex('one', { ProvisionedThroughput: units(9) })] })
      await update({ BillingMode: 'PAY_PER_REQUEST' })
      harness.advance(150)
      expect(await table()).toMatchObject({
        ProvisionedThroughput: { NumberOfDecreasesToday: 0 },
        GlobalSecondaryIndexes: [{ ProvisionedThroughput: { NumberOfDecreasesToday: 1 } }],
      })
    })

    it('can be spent by a test through exhaustBudget, for the table and its indexes', async () => {
      await settled({ ...provisioned, GlobalSecondaryIndexes: [anIndex('one', { ProvisionedThroughput: units(9) })] })
      harness.sandbox.account(target, region).exhaustBudget(TableName, 'decreases')
      for (const decrease of [{ ProvisionedThroughput: units(5) }, indexUnits(5)]) {
        expect(await refusal(update(decrease))).toContain('Next decrease can be made at')
      }
    })
  })

  it('can be spent by a test through exhaustBudget', async () => {
    await settled({ BillingMode: 'PROVISIONED', ProvisionedThroughput: units(5) })
    harness.sandbox.account(target, region).exhaustBudget(TableName, 'onDemand')
    expect(await refusal(update({ BillingMode: 'PAY_PER_REQUEST' }))).toMatch(
      /^LimitExceededException: .*Next update can be made at \w{3} \w{3} \d\d \d\d:\d\d:\d\d UTC \d{4}$/,
    )
  })
})

describe('an index', () => {
  const byEmail = anIndex('by-email', { KeySchema: [{ AttributeName: 'email', KeyType: 'HASH' }] })
  const email = (type: 'S' | 'N') => ({ AttributeName: 'email', AttributeType: type }) as const
  const tenantId = { AttributeName: 'tenant_id', AttributeType: 'S' } as const
  const definitions = async () => (await table()).AttributeDefinitions

  it('is CREATING for ten minutes, in which no other index can be created (159)', async () => {
    await settled()
    const { TableDescription } = await update(createIndex(anIndex('one')))
    expect(TableDescription).toMatchObject({
      TableStatus: 'UPDATING',
      GlobalSecondaryIndexes: [{ IndexStatus: 'CREATING', Backfilling: false }],
    })
    const onlyOne =
      'LimitExceededException: Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table'
    expect(await refusal(update(createIndex(anIndex('two'))))).toBe(onlyOne)
    harness.advance(599)
    expect(await refusal(update(createIndex(anIndex('two'))))).toBe(onlyOne)
    harness.advance(1)
    await update(createIndex(anIndex('two')))
  })

  it('must be the only new index of a request (159)', async () => {
    await settled()
    const both = {
      ...createIndex(anIndex('one')),
      GlobalSecondaryIndexUpdates: [{ Create: anIndex('one') }, { Create: anIndex('two') }],
    }
    expect(await refusalName(update(both))).toBe('LimitExceededException')
  })

  it('cannot be created if it exists, or deleted if it does not (137, 161)', async () => {
    await settled({ GlobalSecondaryIndexes: [anIndex('one')] })
    expect(await refusal(update(createIndex(anIndex('one'))))).toMatch(
      /^ValidationException: .*Attempting to create an index which already exists/,
    )
    expect(await refusal(update({ GlobalSecondaryIndexUpdates: [{ Delete: { IndexName: 'two' } }] }))).toBe(
      'ResourceNotFoundException: Requested resource not found: Index two for table tenant',
    )
  })

  it('that is local cannot be created, updated or deleted (137)', async () => {
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

  it('adds and removes definitions of its key attributes; unused ones and other types are ignored (151, 162)', async () => {
    await settled()
    const create = { GlobalSecondaryIndexUpdates: [{ Create: byEmail }] }
    expect(await refusal(update(create))).toMatch(/AttributeDefinitions is not specified for index: by-email$/)
    expect(await refusal(update(createIndex(byEmail)))).toMatch(
      /^ValidationException: .*not defined in AttributeDefinitions. Keys: \[email\], AttributeDefinitions: \[tenant_id\]$/,
    )
    const unused = { AttributeName: 'unused', AttributeType: 'S' } as const
    const redeclared = { ...tenantId, AttributeType: 'N' } as const
    await update({ ...create, AttributeDefinitions: [redeclared, email('S'), unused] })
    harness.advance(700)
    expect(await definitions()).toEqual([email('S'), tenantId])

    await update({ GlobalSecondaryIndexUpdates: [{ Delete: { IndexName: 'by-email' } }] })
    harness.advance(10)
    expect(await definitions()).toEqual([tenantId])

    await update({ ...create, AttributeDefinitions: [email('N')] })
    expect(await definitions()).toEqual([email('N'), tenantId])
  })

  it('requires throughput with provisioned billing, and none with on-demand billing (152)', async () => {
    await settled()
    const index = (changes: Partial<GlobalSecondaryIndex>) => update(createIndex(anIndex('one', changes)))
    expect(await refusal(index({ ProvisionedThroughput: units(1) }))).toContain(
      'should not be specified for index: one',
    )
    await update({ BillingMode: 'PROVISIONED', ProvisionedThroughput: units(5) })
    harness.advance(80)
    expect(await refusal(index({}))).toContain(
      'Both ReadCapacityUnits and WriteCapacityUnits must be specified for index: one',
    )
    await index({ ProvisionedThroughput: units(1) })
  })

  it('can be created together with a switch to on demand (174)', async () => {
    await settled({ BillingMode: 'PROVISIONED', ProvisionedThroughput: units(5) })
    await update({ ...createIndex(anIndex('one')), BillingMode: 'PAY_PER_REQUEST' })
    harness.advance(600)
    expect(await table()).toMatchObject({
      TableStatus: 'ACTIVE',
      BillingModeSummary: { BillingMode: 'PAY_PER_REQUEST' },
      GlobalSecondaryIndexes: [{ IndexStatus: 'ACTIVE' }],
    })
  })

  it('is rejected if the table has 20 global indexes (169)', async () => {
    await settled({ GlobalSecondaryIndexes: Array.from({ length: 20 }, (_, count) => anIndex(`index-${count}`)) })
    expect(await refusal(update(createIndex(anIndex('more'))))).toBe(
      'LimitExceededException: Subscriber limit exceeded: Number of global secondary indexes exceeds per-table limit of 20',
    )
  })
})
