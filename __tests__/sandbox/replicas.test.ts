/** Replicas, as the table's own region reports them. Ids are DDB-TABLE findings. */
import { aPlane, arn, name, type Plane, provisioned } from './plane.ts'
import { aTable, refusal, region, startWorld, target } from './world.ts'

let plane: Plane

beforeEach(() => {
  plane = aPlane()
})

const create = (RegionName: string) => ({ ReplicaUpdates: [{ Create: { RegionName } }] })
const remove = (RegionName: string) => ({ ReplicaUpdates: [{ Delete: { RegionName } }] })
const inUse = 'ResourceInUseException: The resource which you are attempting to change is in use.'
const source =
  'ValidationException: Replica cannot be deleted because it has acted as a source region for new replica(s) being added to the table in the last 24 hours.'

/** A table with a replica in eu-west-1 that is ACTIVE. */
function withReplica(): void {
  plane.settled()
  plane.update(create('eu-west-1'))
  plane.seconds(25)
}

describe('a replica that is added by UpdateTable', () => {
  it('is not shown at first, then CREATING on a table that is ACTIVE, then ACTIVE (226)', () => {
    plane.settled()
    expect(plane.update(create('eu-west-1'))).toMatchObject({
      TableStatus: 'UPDATING',
      GlobalTableVersion: '2019.11.21',
      Replicas: [],
    })
    plane.seconds(6.5)
    expect(plane.table()).toMatchObject({
      TableStatus: 'ACTIVE',
      Replicas: [{ RegionName: 'eu-west-1', ReplicaStatus: 'CREATING' }],
    })
    plane.seconds(18.5)
    expect(plane.table().Replicas).toEqual([{ RegionName: 'eu-west-1', ReplicaStatus: 'ACTIVE' }])
  })

  it('turns a stream on, and keeps one that is on already (221, 305)', () => {
    withReplica()
    expect(plane.table().StreamSpecification).toEqual({ StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' })
    plane = aPlane()
    plane.settled({ StreamSpecification: { StreamEnabled: true, StreamViewType: 'KEYS_ONLY' } })
    plane.update(create('eu-west-1'))
    expect(plane.table().StreamSpecification.StreamViewType).toBe('KEYS_ONLY')
  })

  it.each([
    ['in the region of the table', create('ap-south-1'), 'Cannot add or delete the local region'],
    ['where there is one', create('eu-west-1'), 'one or more replicas already existed as tables'],
    [
      'with another one',
      { ReplicaUpdates: [{ Create: { RegionName: 'eu-west-2' } }, { Create: { RegionName: 'eu-west-3' } }] },
      'more than one create or delete replica actions not allowed',
    ],
    [
      'and deleting it at once',
      { ReplicaUpdates: [{ Create: { RegionName: 'eu-west-2' }, Delete: { RegionName: 'eu-west-2' } }] },
      'more than one type of replica actions not allowed',
    ],
    ['by no action', { ReplicaUpdates: [{}] }, 'There are no actions specified'],
    [
      'with another change',
      { ...create('eu-west-2'), DeletionProtectionEnabled: true },
      'Replica modification must be the only operation in the request',
    ],
  ])('is rejected %s (203, 223, 224, 265)', (_, input, message) => {
    withReplica()
    expect(plane.refusedUpdate(input)).toMatch(/^ValidationException/)
    expect(plane.refusedUpdate(input)).toContain(message)
  })

  it('is rejected on a provisioned table without automatic scaling of writes (288)', () => {
    plane.settled(provisioned)
    expect(plane.refusedUpdate(create('eu-west-1'))).toContain('should either be Pay-Per-Request or AutoScaled')
  })

  it('may be named twice in a request (223)', () => {
    plane.settled()
    plane.update({ ReplicaUpdates: [...create('eu-west-1').ReplicaUpdates, ...create('eu-west-1').ReplicaUpdates] })
  })
})

describe('a replica that is deleted by UpdateTable', () => {
  it('keeps the table UPDATING, then is DELETING on a table that is ACTIVE (204, 228)', () => {
    withReplica()
    expect(plane.update(remove('eu-west-1'))).toMatchObject({
      TableStatus: 'UPDATING',
      Replicas: [{ ReplicaStatus: 'ACTIVE' }],
    })
    plane.seconds(36)
    expect(plane.table()).toMatchObject({
      TableStatus: 'ACTIVE',
      Replicas: [{ RegionName: 'eu-west-1', ReplicaStatus: 'DELETING' }],
    })
    expect(plane.refusedUpdate(remove('eu-west-1'))).toBe(inUse)
    expect(plane.refusedUpdate(create('eu-west-1'))).toContain('already existed as tables')
    plane.seconds(124)
    expect(plane.table()).not.toHaveProperty('Replicas')
    plane.call('DeleteTable')
  })

  it('must exist (203)', () => {
    withReplica()
    expect(plane.refusedUpdate(remove('eu-west-2'))).toMatch(
      /^ValidationException: .*not part of the global table.*\[eu-west-2\]/,
    )
  })
})

describe('a table with a replica that is ACTIVE', () => {
  it('rejects turning its stream off (222)', () => {
    withReplica()
    expect(plane.refusedUpdate({ StreamSpecification: { StreamEnabled: false } })).toContain(
      'Disabling Stream is not allowed for a Global Table replica.',
    )
  })

  it('is UPDATING for 36 seconds after a change of its protection (230)', () => {
    withReplica()
    expect(plane.update({ DeletionProtectionEnabled: true })).toMatchObject({
      TableStatus: 'UPDATING',
      DeletionProtectionEnabled: true,
    })
    expect(plane.refusedUpdate({ TableClass: 'STANDARD_INFREQUENT_ACCESS' })).toBe(inUse)
    plane.seconds(36)
    expect(plane.table().TableStatus).toBe('ACTIVE')
  })

  it('cannot be deleted for 24 hours after it was the source of the replica (266)', () => {
    withReplica()
    plane.seconds(24 * 3600 - 26)
    expect(plane.refusal('DeleteTable')).toBe(source)
    plane.seconds(1)
    plane.call('DeleteTable')
  })
})

describe('a replica that is CREATING, UPDATING or DELETING', () => {
  it('blocks UpdateTable while the table is ACTIVE (227, 228)', () => {
    plane.settled()
    plane.update(create('eu-west-1'))
    plane.seconds(10)
    expect(plane.table().TableStatus).toBe('ACTIVE')
    for (const change of [
      { DeletionProtectionEnabled: true },
      { TableClass: 'STANDARD_INFREQUENT_ACCESS' },
      { SSESpecification: { Enabled: true } },
      provisioned,
      create('eu-west-2'),
    ]) {
      expect(plane.refusedUpdate(change)).toBe(inUse)
    }
  })

  it('does not block tags, recovery and time to live (227)', () => {
    plane.settled()
    plane.update(create('eu-west-1'))
    plane.call('TagResource', { ResourceArn: arn, Tags: [{ Key: 'a', Value: '1' }] })
    plane.call('UpdateContinuousBackups', {
      ...name,
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
    })
    plane.call('UpdateTimeToLive', { ...name, TimeToLiveSpecification: { Enabled: true, AttributeName: 'at' } })
  })
})

describe('setReplicaStatus', () => {
  it.each(['CREATING', 'UPDATING', 'DELETING'])(
    'sets a replica to %s, which blocks UpdateTable and DeleteTable',
    async (status) => {
      const world = await startWorld()
      try {
        const hands = world.sandbox.account(target, region)
        const aws = world.dynamoDb()
        await aws.createTable(aTable())
        world.pass(60)
        const shown = async () => (await aws.describeTable({ TableName: 'tenant' })).Table

        hands.setReplicaStatus('tenant', 'eu-west-1', status)
        expect(await shown()).toMatchObject({
          TableStatus: 'ACTIVE',
          Replicas: [{ RegionName: 'eu-west-1', ReplicaStatus: status }],
        })
        const isProtected = { TableName: 'tenant', DeletionProtectionEnabled: true }
        expect(await refusal(aws.updateTable(isProtected))).toBe(inUse)
        expect(await refusal(aws.deleteTable({ TableName: 'tenant' }))).toBe(inUse)

        hands.setReplicaStatus('tenant', 'eu-west-1', undefined)
        expect((await shown())?.Replicas).toEqual([{ RegionName: 'eu-west-1', ReplicaStatus: 'ACTIVE' }])
        await aws.updateTable(isProtected)
      } finally {
        await world.close()
      }
    },
  )

  it('sets a replica to a status that blocks nothing', async () => {
    const world = await startWorld()
    try {
      const hands = world.sandbox.account(target, region)
      const aws = world.dynamoDb()
      await aws.createTable(aTable())
      world.pass(60)
      hands.setReplicaStatus('tenant', 'eu-west-1', 'CREATION_FAILED')
      hands.setReplicaStatus('tenant', 'eu-west-2', 'REGION_DISABLED')
      await aws.updateTable({ TableName: 'tenant', DeletionProtectionEnabled: true })
    } finally {
      await world.close()
    }
  })
})
