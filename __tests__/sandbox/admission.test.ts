/** Requests that DynamoDB accepts or rejects while a change of the table is in progress. */
import { arn, createEmulator, type Emulator, globalIndex, name, provisioned, units } from './emulator.ts'

let emulator: Emulator

beforeEach(() => {
  emulator = createEmulator()
})

const stream = { StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' } }
const infrequent = { TableClass: 'STANDARD_INFREQUENT_ACCESS' }
const encrypted = { SSESpecification: { Enabled: true } }
const warm = { WarmThroughput: { ReadUnitsPerSecond: 13_000 } }
const maximum = { OnDemandThroughput: { MaxReadRequestUnits: 10 } }
const isProtected = { DeletionProtectionEnabled: true }
const creation = (throughput: object = {}) => ({
  AttributeDefinitions: [{ AttributeName: 'email', AttributeType: 'S' }],
  GlobalSecondaryIndexUpdates: [
    { Create: globalIndex('by-email', { KeySchema: [{ AttributeName: 'email', KeyType: 'HASH' }], ...throughput }) },
  ],
})
const newIndex = creation()
const inUse = /^ResourceInUseException: Attempt to change a resource which is still in use: /
const beingUpdated = 'Table: users is in the process of being updated.'

/** Makes every change that a table accepts while it is UPDATING. */
function expectAccepted(): void {
  emulator.update(encrypted)
  emulator.update(isProtected)
  emulator.call('TagResource', { ResourceArn: arn, Tags: [{ Key: 'a', Value: '1' }] })
  emulator.call('UpdateTimeToLive', { ...name, TimeToLiveSpecification: { Enabled: true, AttributeName: 'at' } })
  emulator.call('UpdateContinuousBackups', {
    ...name,
    PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
  })
}

it('encryption during a change of table class makes the table ACTIVE, and another class is accepted and lost (287)', () => {
  emulator.settled()
  emulator.update(infrequent)
  emulator.update(encrypted)
  expect(emulator.table()).toMatchObject({ TableStatus: 'ACTIVE', SSEDescription: { Status: 'UPDATING' } })
  expect(emulator.table()).not.toHaveProperty('TableClassSummary')
  expect(emulator.update({ TableClass: 'STANDARD' }).TableStatus).toBe('UPDATING')
  emulator.advance(60)
  expect(emulator.table().TableClassSummary).toMatchObject({ TableClass: 'STANDARD_INFREQUENT_ACCESS' })
  // The lost request does not count.
  emulator.update({ TableClass: 'STANDARD' })
})

describe('while encryption is UPDATING (065, 069, 120)', () => {
  beforeEach(() => {
    emulator.settled()
    emulator.update(encrypted)
  })

  it('DeleteTable is rejected', () => {
    emulator.advance(21.9)
    expect(emulator.table()).toMatchObject({ TableStatus: 'ACTIVE', SSEDescription: { Status: 'UPDATING' } })
    expect(emulator.refusal('DeleteTable')).toMatch(inUse)
    expect(emulator.refusal('DeleteTable')).toContain(beingUpdated)
    emulator.advance(0.1)
    emulator.call('DeleteTable')
  })

  it('UpdateTable accepts the same encryption and rejects any other', () => {
    emulator.update(encrypted)
    expect(emulator.refusedUpdate({ SSESpecification: { Enabled: false } })).toMatch(
      'Server-Side Encryption is still being updated',
    )
  })

  it.each([
    ['deletion protection', isProtected],
    ['a stream', stream],
    ['a table class', infrequent],
    ['warm throughput', warm],
    ['an index', newIndex],
  ])('UpdateTable accepts %s', (_, change) => void emulator.update(change))
})

describe('while warm throughput is UPDATING (069, 179, 459)', () => {
  beforeEach(() => {
    emulator.settled()
    expect(emulator.update(warm)).toMatchObject({
      TableStatus: 'ACTIVE',
      WarmThroughput: { ReadUnitsPerSecond: 12_000, Status: 'UPDATING' },
    })
  })

  it('DeleteTable is rejected', () => {
    emulator.advance(399)
    expect(emulator.refusal('DeleteTable')).toContain(beingUpdated)
    emulator.advance(1)
    emulator.call('DeleteTable')
  })

  it('UpdateTable accepts another increase, which replaces the first one and completes with it', () => {
    emulator.advance(1)
    emulator.update({ WarmThroughput: { ReadUnitsPerSecond: 14_000 } })
    emulator.advance(398)
    expect(emulator.table().WarmThroughput).toMatchObject({ ReadUnitsPerSecond: 12_000, Status: 'UPDATING' })
    emulator.advance(1)
    expect(emulator.table().WarmThroughput).toMatchObject({ ReadUnitsPerSecond: 14_000, Status: 'ACTIVE' })
  })

  it('UpdateTable accepts the present value and rejects a lower one (049, 061)', () => {
    emulator.update({ WarmThroughput: { ReadUnitsPerSecond: 12_000 } })
    expect(emulator.refusedUpdate({ WarmThroughput: { ReadUnitsPerSecond: 11_999 } })).toMatch(
      'decreasing WarmThroughput is not supported',
    )
  })

  it.each([
    ['deletion protection', isProtected],
    ['encryption', encrypted],
    ['an on-demand maximum', maximum],
    ['an index', newIndex],
  ])('UpdateTable accepts %s', (_, change) => void emulator.update(change))

  it('the next increase takes seconds once the first one is complete (121)', () => {
    emulator.advance(400)
    emulator.update({ WarmThroughput: { ReadUnitsPerSecond: 14_000 } })
    emulator.advance(2)
    expect(emulator.table().WarmThroughput).toMatchObject({ ReadUnitsPerSecond: 14_000, Status: 'ACTIVE' })
  })
})

describe('a table that is UPDATING because of', () => {
  const changes: readonly (readonly [
    string,
    Readonly<Record<string, unknown>>,
    Readonly<Record<string, unknown>>,
    number,
  ])[] = [
    ['its stream', {}, stream, 4.5],
    ['its class', {}, infrequent, 4.5],
    ['its throughput', provisioned, { ProvisionedThroughput: units(6) }, 1.5],
    ['its first switch to provisioned', {}, provisioned, 80],
    ['its first switch to on demand', provisioned, { BillingMode: 'PAY_PER_REQUEST' }, 150],
    ['a new index', {}, newIndex, 40],
  ]

  it.each(changes)(
    '%s accepts protection, encryption, tags, recovery and time to live',
    (_, settings, change, seconds) => {
      emulator.settled(settings)
      expect(emulator.update(change).TableStatus).toBe('UPDATING')
      expectAccepted()
      emulator.advance(seconds - 0.1)
      // Encryption hides a change of table class (287).
      const status = change === infrequent ? 'ACTIVE' : 'UPDATING'
      expect(emulator.table()).toMatchObject({ TableStatus: status, DeletionProtectionEnabled: true })
      emulator.advance(0.1)
      expect(emulator.table().TableStatus).toBe('ACTIVE')
    },
  )

  it.each(changes)(
    '%s rejects DeleteTable and changes of its stream, class, capacity and indexes',
    (_, settings, change) => {
      emulator.settled(settings)
      emulator.update(change)
      expect(emulator.refusal('DeleteTable')).toMatch(inUse)
      const others = [stream, infrequent].filter((other) => other !== change)
      for (const other of others) expect(emulator.refusedUpdate(other)).toMatch(inUse)
      const isOnDemand = emulator.table().BillingModeSummary?.BillingMode === 'PAY_PER_REQUEST'
      const index = creation(isOnDemand ? {} : { ProvisionedThroughput: units(1) })
      if (change !== newIndex) expect(emulator.refusedUpdate(index)).toMatch(inUse)
      const capacity = isOnDemand ? provisioned : { ProvisionedThroughput: units(7) }
      expect(emulator.refusedUpdate(capacity)).toMatch(inUse)
    },
  )

  it('its stream rejects an on-demand maximum (450)', () => {
    emulator.settled()
    emulator.update(stream)
    expect(emulator.refusedUpdate(maximum)).toMatch(inUse)
  })

  it.each([
    ['stream', stream],
    ['class', infrequent],
    ['billing mode', provisioned],
  ])('its %s accepts more warm throughput (119, 369, 450)', (_, change) => {
    emulator.settled()
    emulator.update(change)
    emulator.update(warm)
  })

  it('a new index rejects more warm throughput with InternalServerError (458)', () => {
    emulator.settled()
    emulator.update(newIndex)
    expect(emulator.refusedUpdate(warm)).toBe(
      'InternalServerError: Table is under system maintenance, please try again later',
    )
  })
})

describe('while an index is CREATING on a table that is ACTIVE (148, 149, 150)', () => {
  beforeEach(() => {
    emulator.settled()
    emulator.update(newIndex)
  })

  const provisionedWithIndex = {
    ...provisioned,
    GlobalSecondaryIndexUpdates: [{ Update: { IndexName: 'by-email', ProvisionedThroughput: units(1) } }],
  }
  const dropped = { GlobalSecondaryIndexUpdates: [{ Delete: { IndexName: 'by-email' } }] }

  it('the index backfills after 40 seconds, and is ACTIVE after ten minutes', () => {
    const [{ Backfilling }] = emulator.table().GlobalSecondaryIndexes
    expect(Backfilling).toBe(false)
    emulator.advance(40)
    expect(emulator.table()).toMatchObject({
      TableStatus: 'ACTIVE',
      GlobalSecondaryIndexes: [{ IndexStatus: 'CREATING', Backfilling: true }],
    })
    emulator.advance(560)
    expect(emulator.table().GlobalSecondaryIndexes[0].IndexStatus).toBe('ACTIVE')
    expect(emulator.table().GlobalSecondaryIndexes[0]).not.toHaveProperty('Backfilling')
  })

  it('DeleteTable is rejected until the index is ACTIVE', () => {
    emulator.advance(599)
    expect(emulator.refusal('DeleteTable')).toContain(
      'Cannot delete table while indexes are being created, updated, or deleted.',
    )
    emulator.advance(1)
    emulator.call('DeleteTable')
  })

  it('UpdateTable deletes the index only once it backfills', () => {
    emulator.advance(39)
    expect(emulator.refusedUpdate(dropped)).toMatch('Index creation is in resource allocation phase')
    emulator.advance(1)
    emulator.update(dropped)
    expect(emulator.table().GlobalSecondaryIndexes[0].IndexStatus).toBe('DELETING')
    expect(emulator.refusedUpdate(dropped)).toMatch('Index is being deleted. Table: users Index: by-email')
    expect(emulator.refusedUpdate(newIndex)).toMatch('Index is being deleted. Table: users Index: by-email')
    expect(emulator.refusal('DeleteTable')).toContain('Cannot delete table while indexes are')
    emulator.advance(4.5)
    expect(emulator.table()).not.toHaveProperty('GlobalSecondaryIndexes')
  })

  it('UpdateTable accepts a change of billing mode while the index backfills (163)', () => {
    emulator.advance(40)
    emulator.update(provisionedWithIndex)
  })
})

describe('while the throughput of an index is changing (135, 150)', () => {
  it('the table is ACTIVE and rejects DeleteTable', () => {
    emulator.settled({
      ...provisioned,
      GlobalSecondaryIndexes: [globalIndex('one', { ProvisionedThroughput: units(1) })],
    })
    const change = (count: number) => ({
      GlobalSecondaryIndexUpdates: [{ Update: { IndexName: 'one', ProvisionedThroughput: units(count) } }],
    })
    expect(emulator.update(change(2))).toMatchObject({
      TableStatus: 'ACTIVE',
      GlobalSecondaryIndexes: [{ IndexStatus: 'UPDATING', ProvisionedThroughput: units(1) }],
    })
    expect(emulator.refusal('DeleteTable')).toContain('Cannot delete table while indexes are')
    expect(emulator.refusedUpdate(change(3))).toMatch('Index is being updated. Table: users Index: one')
    emulator.advance(3)
    expect(emulator.table().GlobalSecondaryIndexes).toMatchObject([
      { IndexStatus: 'ACTIVE', ProvisionedThroughput: units(2) },
    ])
  })
})

describe('a table that is INACCESSIBLE_ENCRYPTION_CREDENTIALS (325, 333, 334)', () => {
  const disabled = /^ValidationException: KMS key disabled error: .*key\/mine is disabled/

  beforeEach(() => {
    emulator.settled({
      SSESpecification: { Enabled: true, SSEType: 'KMS', KMSMasterKeyId: 'mine' },
      Tags: [{ Key: 'a', Value: '1' }],
    })
    emulator.record().forcedStatus = 'INACCESSIBLE_ENCRYPTION_CREDENTIALS'
  })

  it('can be described, with its tags, recovery and time to live', () => {
    expect(emulator.table().TableStatus).toBe('INACCESSIBLE_ENCRYPTION_CREDENTIALS')
    expect(emulator.call('ListTagsOfResource', { ResourceArn: arn }).Tags).toEqual([{ Key: 'a', Value: '1' }])
    expect(emulator.call('DescribeContinuousBackups').ContinuousBackupsDescription.ContinuousBackupsStatus).toBe(
      'ENABLED',
    )
    expect(emulator.call('DescribeTimeToLive').TimeToLiveDescription).toEqual({ TimeToLiveStatus: 'DISABLED' })
  })

  it('accepts tags, recovery, protection, a stream and another class', () => {
    emulator.call('TagResource', { ResourceArn: arn, Tags: [{ Key: 'b', Value: '1' }] })
    emulator.call('UpdateContinuousBackups', {
      ...name,
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
    })
    emulator.update(isProtected)
    emulator.update(stream)
    emulator.advance(5)
    emulator.update(infrequent)
  })

  it('rejects time to live and another encryption', () => {
    const expire = { ...name, TimeToLiveSpecification: { Enabled: true, AttributeName: 'at' } }
    expect(emulator.refusal('UpdateTimeToLive', expire)).toMatch(disabled)
    expect(emulator.refusedUpdate({ SSESpecification: { Enabled: false } })).toMatch(disabled)
  })

  it('can be deleted', () => {
    emulator.call('DeleteTable')
    expect(emulator.table().TableStatus).toBe('DELETING')
  })
})

it('a table whose status a test sets rejects every update if ARCHIVED, and all but protection if UPDATING', () => {
  emulator.settled()
  emulator.record().forcedStatus = 'ARCHIVED'
  expect(emulator.refusedUpdate(isProtected)).toMatch(/^ResourceInUseException: .*Table is ARCHIVED: users$/)
  emulator.record().forcedStatus = 'UPDATING'
  expect(emulator.refusedUpdate(infrequent)).toContain(beingUpdated)
  expect(emulator.refusal('DeleteTable')).toContain(beingUpdated)
  emulator.update(isProtected)
})
