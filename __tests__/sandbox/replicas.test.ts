/** Replicas, as the table's own region reports them. */
import { arn, createEmulator, type Emulator, name, provisioned } from './emulator.ts'
import { aTable, refusal, region, startHarness, target } from './harness.ts'

let emulator: Emulator

beforeEach(() => {
  emulator = createEmulator()
})

const create = (RegionName: string) => ({ ReplicaUpdates: [{ Create: { RegionName } }] })
const remove = (RegionName: string) => ({ ReplicaUpdates: [{ Delete: { RegionName } }] })
const inUse = 'ResourceInUseException: The resource which you are attempting to change is in use.'
const source =
  'ValidationException: Replica cannot be deleted because it has acted as a source region for new replica(s) being added to the table in the last 24 hours.'

/** Creates a table with an ACTIVE replica in eu-west-1. */
function withReplica(): void {
  emulator.settled()
  emulator.update(create('eu-west-1'))
  emulator.advance(25)
}

describe('adding a replica', () => {
  it('lists it after 6.5 seconds as CREATING on an ACTIVE table, then as ACTIVE (226)', () => {
    emulator.settled()
    expect(emulator.update(create('eu-west-1'))).toMatchObject({
      TableStatus: 'UPDATING',
      GlobalTableVersion: '2019.11.21',
      Replicas: [],
    })
    emulator.advance(6.5)
    expect(emulator.table()).toMatchObject({
      TableStatus: 'ACTIVE',
      Replicas: [{ RegionName: 'eu-west-1', ReplicaStatus: 'CREATING' }],
    })
    emulator.advance(18.5)
    expect(emulator.table().Replicas).toEqual([{ RegionName: 'eu-west-1', ReplicaStatus: 'ACTIVE' }])
  })

  it('enables a stream, and keeps one that is enabled already (221, 305)', () => {
    withReplica()
    expect(emulator.table().StreamSpecification).toEqual({ StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' })
    emulator = createEmulator()
    emulator.settled({ StreamSpecification: { StreamEnabled: true, StreamViewType: 'KEYS_ONLY' } })
    emulator.update(create('eu-west-1'))
    expect(emulator.table().StreamSpecification.StreamViewType).toBe('KEYS_ONLY')
  })

  it.each([
    ['in the region of the table', create('ap-south-1'), 'Cannot add or delete the local region'],
    ['in a region with a replica', create('eu-west-1'), 'one or more replicas already existed as tables'],
    [
      'together with another replica',
      { ReplicaUpdates: [{ Create: { RegionName: 'eu-west-2' } }, { Create: { RegionName: 'eu-west-3' } }] },
      'more than one create or delete replica actions not allowed',
    ],
    [
      'together with its deletion',
      { ReplicaUpdates: [{ Create: { RegionName: 'eu-west-2' }, Delete: { RegionName: 'eu-west-2' } }] },
      'more than one type of replica actions not allowed',
    ],
    ['without an action', { ReplicaUpdates: [{}] }, 'There are no actions specified'],
    [
      'together with another change',
      { ...create('eu-west-2'), DeletionProtectionEnabled: true },
      'Replica modification must be the only operation in the request',
    ],
  ])('is rejected %s (203, 223, 224, 265)', (_, input, message) => {
    withReplica()
    expect(emulator.refusedUpdate(input)).toMatch(/^ValidationException/)
    expect(emulator.refusedUpdate(input)).toContain(message)
  })

  it('is rejected on a provisioned table without auto scaling of writes (288)', () => {
    emulator.settled(provisioned)
    expect(emulator.refusedUpdate(create('eu-west-1'))).toContain('should either be Pay-Per-Request or AutoScaled')
  })

  it('is accepted twice in one request (223)', () => {
    emulator.settled()
    emulator.update({ ReplicaUpdates: [...create('eu-west-1').ReplicaUpdates, ...create('eu-west-1').ReplicaUpdates] })
  })
})

describe('deleting a replica', () => {
  it('keeps the table UPDATING for 36 seconds, then the replica DELETING on an ACTIVE table (204, 228)', () => {
    withReplica()
    expect(emulator.update(remove('eu-west-1'))).toMatchObject({
      TableStatus: 'UPDATING',
      Replicas: [{ ReplicaStatus: 'ACTIVE' }],
    })
    emulator.advance(36)
    expect(emulator.table()).toMatchObject({
      TableStatus: 'ACTIVE',
      Replicas: [{ RegionName: 'eu-west-1', ReplicaStatus: 'DELETING' }],
    })
    expect(emulator.refusedUpdate(remove('eu-west-1'))).toBe(inUse)
    expect(emulator.refusedUpdate(create('eu-west-1'))).toContain('already existed as tables')
    emulator.advance(124)
    expect(emulator.table()).not.toHaveProperty('Replicas')
    emulator.call('DeleteTable')
  })

  it('is rejected if there is none in the region (203)', () => {
    withReplica()
    expect(emulator.refusedUpdate(remove('eu-west-2'))).toMatch(
      /^ValidationException: .*not part of the global table.*\[eu-west-2\]/,
    )
  })
})

describe('a table with an ACTIVE replica', () => {
  it('rejects disabling its stream (222)', () => {
    withReplica()
    expect(emulator.refusedUpdate({ StreamSpecification: { StreamEnabled: false } })).toContain(
      'Disabling Stream is not allowed for a Global Table replica.',
    )
  })

  it('is UPDATING for 36 seconds after a change of deletion protection (230)', () => {
    withReplica()
    expect(emulator.update({ DeletionProtectionEnabled: true })).toMatchObject({
      TableStatus: 'UPDATING',
      DeletionProtectionEnabled: true,
    })
    expect(emulator.refusedUpdate({ TableClass: 'STANDARD_INFREQUENT_ACCESS' })).toBe(inUse)
    emulator.advance(36)
    expect(emulator.table().TableStatus).toBe('ACTIVE')
  })

  it('cannot be deleted for 24 hours after the replica was added (266)', () => {
    withReplica()
    emulator.advance(24 * 3600 - 26)
    expect(emulator.refusal('DeleteTable')).toBe(source)
    emulator.advance(1)
    emulator.call('DeleteTable')
  })
})

describe('a replica that is CREATING, UPDATING or DELETING', () => {
  it('blocks UpdateTable of an ACTIVE table (227, 228)', () => {
    emulator.settled()
    emulator.update(create('eu-west-1'))
    emulator.advance(10)
    expect(emulator.table().TableStatus).toBe('ACTIVE')
    for (const change of [
      { DeletionProtectionEnabled: true },
      { TableClass: 'STANDARD_INFREQUENT_ACCESS' },
      { SSESpecification: { Enabled: true } },
      provisioned,
      create('eu-west-2'),
    ]) {
      expect(emulator.refusedUpdate(change)).toBe(inUse)
    }
  })

  it('does not block tags, recovery and time to live before it is listed (227)', () => {
    emulator.settled()
    emulator.update(create('eu-west-1'))
    emulator.call('TagResource', { ResourceArn: arn, Tags: [{ Key: 'a', Value: '1' }] })
    emulator.call('UpdateContinuousBackups', {
      ...name,
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
    })
    emulator.call('UpdateTimeToLive', { ...name, TimeToLiveSpecification: { Enabled: true, AttributeName: 'at' } })
  })
})

describe('setReplicaStatus', () => {
  it.each(['CREATING', 'UPDATING', 'DELETING'])(
    'sets a replica to %s, which blocks UpdateTable and DeleteTable',
    async (status) => {
      const harness = await startHarness()
      try {
        const account = harness.sandbox.account(target, region)
        const aws = harness.dynamoDb()
        await aws.createTable(aTable())
        harness.advance(60)
        const shown = async () => (await aws.describeTable({ TableName: 'tenant' })).Table

        account.setReplicaStatus('tenant', 'eu-west-1', status)
        expect(await shown()).toMatchObject({
          TableStatus: 'ACTIVE',
          Replicas: [{ RegionName: 'eu-west-1', ReplicaStatus: status }],
        })
        const isProtected = { TableName: 'tenant', DeletionProtectionEnabled: true }
        expect(await refusal(aws.updateTable(isProtected))).toBe(inUse)
        expect(await refusal(aws.deleteTable({ TableName: 'tenant' }))).toBe(inUse)

        account.setReplicaStatus('tenant', 'eu-west-1', undefined)
        expect((await shown())?.Replicas).toEqual([{ RegionName: 'eu-west-1', ReplicaStatus: 'ACTIVE' }])
        await aws.updateTable(isProtected)
      } finally {
        await harness.close()
      }
    },
  )

  it('sets a replica to CREATION_FAILED or REGION_DISABLED, which block nothing', async () => {
    const harness = await startHarness()
    try {
      const account = harness.sandbox.account(target, region)
      const aws = harness.dynamoDb()
      await aws.createTable(aTable())
      harness.advance(60)
      account.setReplicaStatus('tenant', 'eu-west-1', 'CREATION_FAILED')
      account.setReplicaStatus('tenant', 'eu-west-2', 'REGION_DISABLED')
      await aws.updateTable({ TableName: 'tenant', DeletionProtectionEnabled: true })
    } finally {
      await harness.close()
    }
  })
})
