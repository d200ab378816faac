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

describe('while a table that is ACTIVE changes its encryption (065, 069, 120)', () => {
  beforeEach(() => {
    plane.settled()
    plane.update(encrypted)
  })

  it('it cannot be deleted', () => {
    plane.seconds(21.9)
    expect(plane.table()).toMatchObject({ TableStatus: 'ACTIVE', SSEDescription: { Status: 'UPDATING' } })
    expect(plane.refusal('DeleteTable')).toMatch(inUse)
    expect(plane.refusal('DeleteTable')).toContain(beingUpdated)
    plane.seconds(0.1)
    plane.call('DeleteTable')
  })

  it('it takes the same encryption, and no other', () => {
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
  ])('it takes %s', (_, change) => void plane.update(change))
})

describe('while a table that is ACTIVE raises its warm throughput (069, 179, 459)', () => {
  beforeEach(() => {
    plane.settled()
    expect(plane.update(warm)).toMatchObject({
      TableStatus: 'ACTIVE',
      WarmThroughput: { ReadUnitsPerSecond: 12_000, Status: 'UPDATING' },
    })
  })

  it('it cannot be deleted', () => {
    plane.seconds(399)
    expect(plane.refusal('DeleteTable')).toContain(beingUpdated)
    plane.seconds(1)
    plane.call('DeleteTable')
  })

  it('it takes more, which is what comes of it when the first increase would have been done', () => {
    plane.seconds(1)
    plane.update({ WarmThroughput: { ReadUnitsPerSecond: 14_000 } })
    plane.seconds(398)
    expect(plane.table().WarmThroughput).toMatchObject({ ReadUnitsPerSecond: 12_000, Status: 'UPDATING' })
    plane.seconds(1)
    expect(plane.table().WarmThroughput).toMatchObject({ ReadUnitsPerSecond: 14_000, Status: 'ACTIVE' })
  })

  it('it takes what is still in effect, and no less (049, 061)', () => {
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
  ])('it takes %s', (_, change) => void plane.update(change))

  it('it takes a further increase within seconds, once it is done (121)', () => {
    plane.seconds(400)
    plane.update({ WarmThroughput: { ReadUnitsPerSecond: 14_000 } })
    plane.seconds(2)
    expect(plane.table().WarmThroughput).toMatchObject({ ReadUnitsPerSecond: 14_000, Status: 'ACTIVE' })
  })
})

describe('while a table is UPDATING', () => {
  const jobs: readonly (readonly [
    string,
    Readonly<Record<string, unknown>>,
    Readonly<Record<string, unknown>>,
    number,
  ])[] = [
    ['its stream', {}, stream, 4.5],
    ['its class', {}, infrequent, 4.5],
    ['its throughput', provisioned, { ProvisionedThroughput: units(6) }, 1.5],
    ['to provisioned for the first time', {}, provisioned, 80],
    ['to on demand for the first time', provisioned, { BillingMode: 'PAY_PER_REQUEST' }, 150],
    ['for a new index', {}, newIndex, 40],
  ]

  it.each(jobs)('%s, it takes protection, encryption, tags, recovery and time to live', (_, settings, job, takes) => {
    plane.settled(settings)
    expect(plane.update(job).TableStatus).toBe('UPDATING')
    expectAccepted()
    plane.seconds(takes - 0.1)
    expect(plane.table()).toMatchObject({ TableStatus: 'UPDATING', DeletionProtectionEnabled: true })
    plane.seconds(0.1)
    expect(plane.table().TableStatus).toBe('ACTIVE')
  })

  it.each(jobs)('%s, it cannot be deleted, and takes no other change of what it is made of', (_, settings, job) => {
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
  })

  it('its stream, class or billing mode, it takes no maximum on demand (450)', () => {
    plane.settled()
    plane.update(stream)
    expect(plane.refusedUpdate(maximum)).toMatch(inUse)
  })

  it.each([
    ['stream', stream],
    ['class', infrequent],
    ['billing mode', provisioned],
  ])('its %s, it takes more warm throughput (119, 369, 450)', (_, job) => {
    plane.settled()
    plane.update(job)
    plane.update(warm)
  })

  it('for a new index, it answers an increase of warm throughput as a fault of its own (458)', () => {
    plane.settled()
    plane.update(newIndex)
    expect(plane.refusedUpdate(warm)).toBe(
      'InternalServerError: Table is under system maintenance, please try again later',
    )
  })
})

describe('while an index is built on a table that is ACTIVE (148, 149, 150)', () => {
  beforeEach(() => {
    plane.settled()
    plane.update(newIndex)
  })

  const provisionedWithIndex = {
    ...provisioned,
    GlobalSecondaryIndexUpdates: [{ Update: { IndexName: 'by-email', ProvisionedThroughput: units(1) } }],
  }
  const dropped = { GlobalSecondaryIndexUpdates: [{ Delete: { IndexName: 'by-email' } }] }

  it('it backfills after 40 seconds, and is ACTIVE after ten minutes', () => {
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

  it('the table cannot be deleted until then', () => {
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

  it('the table takes other changes while it backfills (163)', () => {
    plane.seconds(40)
    plane.update(provisionedWithIndex)
  })
})

describe('while the throughput of an index changes (135, 150)', () => {
  it('the table is ACTIVE, and cannot be deleted', () => {
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

describe('a table whose key cannot be used (325, 333, 334)', () => {
  const disabled = /^ValidationException: KMS key disabled error: .*key\/mine is disabled/

  beforeEach(() => {
    plane.settled({
      SSESpecification: { Enabled: true, SSEType: 'KMS', KMSMasterKeyId: 'mine' },
      Tags: [{ Key: 'a', Value: '1' }],
    })
    plane.record().forcedStatus = 'INACCESSIBLE_ENCRYPTION_CREDENTIALS'
  })

  it('can be read, with its tags, its recovery and its time to live', () => {
    expect(plane.table().TableStatus).toBe('INACCESSIBLE_ENCRYPTION_CREDENTIALS')
    expect(plane.call('ListTagsOfResource', { ResourceArn: arn }).Tags).toEqual([{ Key: 'a', Value: '1' }])
    expect(plane.call('DescribeContinuousBackups').ContinuousBackupsDescription.ContinuousBackupsStatus).toBe('ENABLED')
    expect(plane.call('DescribeTimeToLive').TimeToLiveDescription).toEqual({ TimeToLiveStatus: 'DISABLED' })
  })

  it('takes tags, recovery, protection, a stream and another class', () => {
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

  it('takes no time to live, and no other encryption', () => {
    const expire = { ...name, TimeToLiveSpecification: { Enabled: true, AttributeName: 'at' } }
    expect(plane.refusal('UpdateTimeToLive', expire)).toMatch(disabled)
    expect(plane.refusedUpdate({ SSESpecification: { Enabled: false } })).toMatch(disabled)
  })

  it('can be deleted', () => {
    plane.call('DeleteTable')
    expect(plane.table().TableStatus).toBe('DELETING')
  })
})

it('a table in a state that no change ends takes none', () => {
  plane.settled()
  plane.record().forcedStatus = 'ARCHIVED'
  expect(plane.refusedUpdate(isProtected)).toMatch(/^ResourceInUseException: .*Table is ARCHIVED: users$/)
  plane.record().forcedStatus = 'UPDATING'
  expect(plane.refusedUpdate(infrequent)).toContain(beingUpdated)
  expect(plane.refusal('DeleteTable')).toContain(beingUpdated)
  plane.update(isProtected)
})
