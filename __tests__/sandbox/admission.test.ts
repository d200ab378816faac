/** What DynamoDB accepts, and what not, while it is at work on a table. Ids are DDB-TABLE findings. */
import { aPlane, arn, globalIndex, name, type Plane, provisioned, units } from './plane.ts'

let plane: Plane

beforeEach(() => {
  plane = aPlane()
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

/** Everything but the change itself that is accepted while a table is UPDATING. */
function expectAccepted(): void {
  plane.update(encrypted)
  plane.update(isProtected)
  plane.call('TagResource', { ResourceArn: arn, Tags: [{ Key: 'a', Value: '1' }] })
  plane.call('UpdateTimeToLive', { ...name, TimeToLiveSpecification: { Enabled: true, AttributeName: 'at' } })
  plane.call('UpdateContinuousBackups', {
    ...name,
    PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
  })
}

describe('while encryption is UPDATING (065, 069, 120)', () => {
  beforeEach(() => {
    plane.settled()
    plane.update(encrypted)
  })

  it('DeleteTable is rejected', () => {
    plane.seconds(21.9)
    expect(plane.table()).toMatchObject({ TableStatus: 'ACTIVE', SSEDescription: { Status: 'UPDATING' } })
    expect(plane.refusal('DeleteTable')).toMatch(inUse)
    expect(plane.refusal('DeleteTable')).toContain(beingUpdated)
    plane.seconds(0.1)
    plane.call('DeleteTable')
  })

  it('the same encryption is accepted, and any other is rejected', () => {
    plane.update(encrypted)
    expect(plane.refusedUpdate({ SSESpecification: { Enabled: false } })).toMatch(
      'Server-Side Encryption is still being updated',
    )
  })

  it.each([
    ['deletion protection', isProtected],
    ['a stream', stream],
    ['a table class', infrequent],
    ['warm throughput', warm],
    ['an index', newIndex],
  ])('UpdateTable accepts %s', (_, change) => void plane.update(change))
})

describe('while warm throughput is UPDATING (069, 179, 459)', () => {
  beforeEach(() => {
    plane.settled()
    expect(plane.update(warm)).toMatchObject({
      TableStatus: 'ACTIVE',
      WarmThroughput: { ReadUnitsPerSecond: 12_000, Status: 'UPDATING' },
    })
  })

  it('DeleteTable is rejected', () => {
    plane.seconds(399)
    expect(plane.refusal('DeleteTable')).toContain(beingUpdated)
    plane.seconds(1)
    plane.call('DeleteTable')
  })

  it('a second increase is accepted, and replaces the first one at the time of its end', () => {
    plane.seconds(1)
    plane.update({ WarmThroughput: { ReadUnitsPerSecond: 14_000 } })
    plane.seconds(398)
    expect(plane.table().WarmThroughput).toMatchObject({ ReadUnitsPerSecond: 12_000, Status: 'UPDATING' })
    plane.seconds(1)
    expect(plane.table().WarmThroughput).toMatchObject({ ReadUnitsPerSecond: 14_000, Status: 'ACTIVE' })
  })

  it('the value in progress is accepted, and a lower one is rejected (049, 061)', () => {
    plane.update({ WarmThroughput: { ReadUnitsPerSecond: 12_000 } })
    expect(plane.refusedUpdate({ WarmThroughput: { ReadUnitsPerSecond: 11_999 } })).toMatch(
      'decreasing WarmThroughput is not supported',
    )
  })

  it.each([
    ['deletion protection', isProtected],
    ['encryption', encrypted],
    ['a maximum on demand', maximum],
    ['an index', newIndex],
  ])('UpdateTable accepts %s', (_, change) => void plane.update(change))

  it('a further increase takes seconds once the first one is complete (121)', () => {
    plane.seconds(400)
    plane.update({ WarmThroughput: { ReadUnitsPerSecond: 14_000 } })
    plane.seconds(2)
    expect(plane.table().WarmThroughput).toMatchObject({ ReadUnitsPerSecond: 14_000, Status: 'ACTIVE' })
  })
})

describe('a table that is UPDATING', () => {
  const jobs: readonly (readonly [
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

  it.each(jobs)(
    'because of %s accepts protection, encryption, tags, recovery and time to live',
    (_, settings, job, takes) => {
      plane.settled(settings)
      expect(plane.update(job).TableStatus).toBe('UPDATING')
      expectAccepted()
      plane.seconds(takes - 0.1)
      expect(plane.table()).toMatchObject({ TableStatus: 'UPDATING', DeletionProtectionEnabled: true })
      plane.seconds(0.1)
      expect(plane.table().TableStatus).toBe('ACTIVE')
    },
  )

  it.each(jobs)(
    'because of %s rejects DeleteTable and changes of its stream, class, capacity and indexes',
    (_, settings, job) => {
      plane.settled(settings)
      plane.update(job)
      expect(plane.refusal('DeleteTable')).toMatch(inUse)
      const others = [stream, infrequent].filter((other) => other !== job)
      for (const other of others) expect(plane.refusedUpdate(other)).toMatch(inUse)
      const isOnDemand = plane.table().BillingModeSummary?.BillingMode === 'PAY_PER_REQUEST'
      const index = creation(isOnDemand ? {} : { ProvisionedThroughput: units(1) })
      if (job !== newIndex) expect(plane.refusedUpdate(index)).toMatch(inUse)
      const capacity = isOnDemand ? provisioned : { ProvisionedThroughput: units(7) }
      expect(plane.refusedUpdate(capacity)).toMatch(inUse)
    },
  )

  it('rejects a maximum on demand (450)', () => {
    plane.settled()
    plane.update(stream)
    expect(plane.refusedUpdate(maximum)).toMatch(inUse)
  })

  it.each([
    ['stream', stream],
    ['class', infrequent],
    ['billing mode', provisioned],
  ])('because of its %s accepts more warm throughput (119, 369, 450)', (_, job) => {
    plane.settled()
    plane.update(job)
    plane.update(warm)
  })

  it('because of a new index answers more warm throughput with InternalServerError (458)', () => {
    plane.settled()
    plane.update(newIndex)
    expect(plane.refusedUpdate(warm)).toBe(
      'InternalServerError: Table is under system maintenance, please try again later',
    )
  })
})

describe('while an index is CREATING on a table that is ACTIVE (148, 149, 150)', () => {
  beforeEach(() => {
    plane.settled()
    plane.update(newIndex)
  })

  const provisionedWithIndex = {
    ...provisioned,
    GlobalSecondaryIndexUpdates: [{ Update: { IndexName: 'by-email', ProvisionedThroughput: units(1) } }],
  }
  const dropped = { GlobalSecondaryIndexUpdates: [{ Delete: { IndexName: 'by-email' } }] }

  it('the index backfills after 40 seconds, and is ACTIVE after ten minutes', () => {
    const [{ Backfilling }] = plane.table().GlobalSecondaryIndexes
    expect(Backfilling).toBe(false)
    plane.seconds(40)
    expect(plane.table()).toMatchObject({
      TableStatus: 'ACTIVE',
      GlobalSecondaryIndexes: [{ IndexStatus: 'CREATING', Backfilling: true }],
    })
    plane.seconds(560)
    expect(plane.table().GlobalSecondaryIndexes[0].IndexStatus).toBe('ACTIVE')
    expect(plane.table().GlobalSecondaryIndexes[0]).not.toHaveProperty('Backfilling')
  })

  it('DeleteTable is rejected until the index is ACTIVE', () => {
    plane.seconds(599)
    expect(plane.refusal('DeleteTable')).toContain(
      'Cannot delete table while indexes are being created, updated, or deleted.',
    )
    plane.seconds(1)
    plane.call('DeleteTable')
  })

  it('the index can be deleted once it backfills', () => {
    plane.seconds(39)
    expect(plane.refusedUpdate(dropped)).toMatch('Index creation is in resource allocation phase')
    plane.seconds(1)
    plane.update(dropped)
    expect(plane.table().GlobalSecondaryIndexes[0].IndexStatus).toBe('DELETING')
    expect(plane.refusedUpdate(dropped)).toMatch('Index is being deleted. Table: users Index: by-email')
    expect(plane.refusedUpdate(newIndex)).toMatch('Index is being deleted. Table: users Index: by-email')
    expect(plane.refusal('DeleteTable')).toContain('Cannot delete table while indexes are')
    plane.seconds(4.5)
    expect(plane.table()).not.toHaveProperty('GlobalSecondaryIndexes')
  })

  it('UpdateTable accepts other changes while the index backfills (163)', () => {
    plane.seconds(40)
    plane.update(provisionedWithIndex)
  })
})

describe('while the throughput of an index changes (135, 150)', () => {
  it('the table is ACTIVE, and DeleteTable is rejected', () => {
    plane.settled({
      ...provisioned,
      GlobalSecondaryIndexes: [globalIndex('one', { ProvisionedThroughput: units(1) })],
    })
    const change = (count: number) => ({
      GlobalSecondaryIndexUpdates: [{ Update: { IndexName: 'one', ProvisionedThroughput: units(count) } }],
    })
    expect(plane.update(change(2))).toMatchObject({
      TableStatus: 'ACTIVE',
      GlobalSecondaryIndexes: [{ IndexStatus: 'UPDATING', ProvisionedThroughput: units(1) }],
    })
    expect(plane.refusal('DeleteTable')).toContain('Cannot delete table while indexes are')
    expect(plane.refusedUpdate(change(3))).toMatch('Index is being updated. Table: users Index: one')
    plane.seconds(3)
    expect(plane.table().GlobalSecondaryIndexes).toMatchObject([
      { IndexStatus: 'ACTIVE', ProvisionedThroughput: units(2) },
    ])
  })
})

describe('a table that is INACCESSIBLE_ENCRYPTION_CREDENTIALS (325, 333, 334)', () => {
  const disabled = /^ValidationException: KMS key disabled error: .*key\/mine is disabled/

  beforeEach(() => {
    plane.settled({
      SSESpecification: { Enabled: true, SSEType: 'KMS', KMSMasterKeyId: 'mine' },
      Tags: [{ Key: 'a', Value: '1' }],
    })
    plane.record().forcedStatus = 'INACCESSIBLE_ENCRYPTION_CREDENTIALS'
  })

  it('can be described, with its tags, recovery and time to live', () => {
    expect(plane.table().TableStatus).toBe('INACCESSIBLE_ENCRYPTION_CREDENTIALS')
    expect(plane.call('ListTagsOfResource', { ResourceArn: arn }).Tags).toEqual([{ Key: 'a', Value: '1' }])
    expect(plane.call('DescribeContinuousBackups').ContinuousBackupsDescription.ContinuousBackupsStatus).toBe('ENABLED')
    expect(plane.call('DescribeTimeToLive').TimeToLiveDescription).toEqual({ TimeToLiveStatus: 'DISABLED' })
  })

  it('accepts tags, recovery, protection, a stream and another class', () => {
    plane.call('TagResource', { ResourceArn: arn, Tags: [{ Key: 'b', Value: '1' }] })
    plane.call('UpdateContinuousBackups', {
      ...name,
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
    })
    plane.update(isProtected)
    plane.update(stream)
    plane.seconds(5)
    plane.update(infrequent)
  })

  it('rejects time to live and another encryption', () => {
    const expire = { ...name, TimeToLiveSpecification: { Enabled: true, AttributeName: 'at' } }
    expect(plane.refusal('UpdateTimeToLive', expire)).toMatch(disabled)
    expect(plane.refusedUpdate({ SSESpecification: { Enabled: false } })).toMatch(disabled)
  })

  it('can be deleted', () => {
    plane.call('DeleteTable')
    expect(plane.table().TableStatus).toBe('DELETING')
  })
})

it('a status that a test sets is rejected as on AWS: ARCHIVED by every update, UPDATING by all but protection', () => {
  plane.settled()
  plane.record().forcedStatus = 'ARCHIVED'
  expect(plane.refusedUpdate(isProtected)).toMatch(/^ResourceInUseException: .*Table is ARCHIVED: users$/)
  plane.record().forcedStatus = 'UPDATING'
  expect(plane.refusedUpdate(infrequent)).toContain(beingUpdated)
  expect(plane.refusal('DeleteTable')).toContain(beingUpdated)
  plane.update(isProtected)
})
