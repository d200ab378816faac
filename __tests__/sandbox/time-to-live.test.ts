/** DescribeTimeToLive and UpdateTimeToLive. The numbers in brackets are DDB-TABLE findings. */
import { aPlane, name, type Plane, provisioned, users } from './plane.ts'
import { arnOf, aTable, refusal, refusalName, region, startWorld, target } from './world.ts'

let plane: Plane

beforeEach(() => {
  plane = aPlane()
})

const change = (Enabled: boolean, AttributeName = 'expires_at') => ({
  ...name,
  TimeToLiveSpecification: { Enabled, AttributeName },
})
const set = (Enabled: boolean, AttributeName?: string) => plane.call('UpdateTimeToLive', change(Enabled, AttributeName))
const refused = (Enabled: boolean, AttributeName?: string) =>
  plane.refusal('UpdateTimeToLive', change(Enabled, AttributeName))
const shown = () => plane.call('DescribeTimeToLive').TimeToLiveDescription

const missing = 'ResourceNotFoundException: Requested resource not found: Table: users not found'
const cooldown = 'ValidationException: Time to live has been modified multiple times within a fixed interval'
const alreadyEnabled = 'ValidationException: TimeToLive is already enabled'
const alreadyDisabled = 'ValidationException: TimeToLive is already disabled'

describe('DescribeTimeToLive', () => {
  it('shows ENABLING and DISABLING for two seconds, and the attribute unless DISABLED (144, 145)', () => {
    plane.settled()
    expect(shown()).toEqual({ TimeToLiveStatus: 'DISABLED' })
    set(true)
    expect(shown()).toEqual({ TimeToLiveStatus: 'ENABLING', AttributeName: 'expires_at' })
    plane.seconds(2)
    expect(shown()).toEqual({ TimeToLiveStatus: 'ENABLED', AttributeName: 'expires_at' })
    plane.seconds(1858)
    set(false)
    expect(shown()).toEqual({ TimeToLiveStatus: 'DISABLING', AttributeName: 'expires_at' })
    plane.seconds(2)
    expect(shown()).toEqual({ TimeToLiveStatus: 'DISABLED' })
  })

  it.each(['CREATING', 'DELETING'])('rejects a table that is %s with a ValidationException (115, 118)', (status) => {
    if (status === 'CREATING') plane.call('CreateTable', users)
    else {
      plane.settled()
      plane.call('DeleteTable')
    }
    expect(plane.refusal('DescribeTimeToLive')).toBe(
      `ValidationException: Cannot describe time to live while table is in ${status} state: Current table state is ${status}`,
    )
  })

  it('works from the moment the table is ACTIVE (115)', () => {
    plane.call('CreateTable', users)
    plane.seconds(6)
    expect(shown()).toEqual({ TimeToLiveStatus: 'DISABLED' })
  })
})

describe('UpdateTimeToLive', () => {
  it('returns the specification of the request, without a status (145)', () => {
    plane.settled()
    expect(set(true)).toEqual({ TimeToLiveSpecification: { Enabled: true, AttributeName: 'expires_at' } })
    expect(plane.table().TableStatus).toBe('ACTIVE')
  })

  it('accepts the partition key as the attribute (146)', () => {
    plane.settled()
    set(true, 'tenant_id')
  })

  it('accepts one change in 31 minutes, although the status settles within seconds (143)', () => {
    plane.settled()
    set(true)
    plane.seconds(1859)
    expect(shown().TimeToLiveStatus).toBe('ENABLED')
    expect(refused(false)).toBe(cooldown)
    // The refused change does not extend the interval, and the accepted one starts the next.
    plane.seconds(1)
    set(false)
    expect(refused(true)).toBe(cooldown)
  })

  it('checks the content of a change before the time of the last one (143, 146, 147)', () => {
    plane.settled()
    expect(refused(false)).toBe(alreadyDisabled)
    set(true)
    expect(refused(true)).toBe(alreadyEnabled)
    const otherAttribute =
      'ValidationException: TimeToLive is active on a different AttributeName: current AttributeName is expires_at'
    expect(refused(true, 'other')).toBe(otherAttribute)
    expect(refused(false, 'other')).toBe(otherAttribute)
    plane.seconds(1860)
    expect(refused(true)).toBe(alreadyEnabled)
    expect(refused(true, 'other')).toBe(otherAttribute)
    set(false)
    expect(refused(false)).toBe(alreadyDisabled)
  })

  it('needs two intervals to change the attribute: disable, then enable (147)', () => {
    plane.settled()
    set(true)
    plane.seconds(1860)
    set(false)
    expect(refused(true, 'other')).toBe(cooldown)
    plane.seconds(1860)
    set(true, 'other')
    plane.seconds(2)
    expect(shown()).toEqual({ TimeToLiveStatus: 'ENABLED', AttributeName: 'other' })
  })

  it('does not find a table that was just created, then rejects it as in use until it is ACTIVE (115)', () => {
    plane.call('CreateTable', users)
    expect(refused(true)).toBe(missing)
    plane.seconds(2.6)
    expect(refused(true)).toBe(
      'ResourceInUseException: Attempt to change a resource which is still in use: Table users is being created',
    )
    plane.seconds(3.4)
    set(true)
  })

  it.each([
    ['table class', {}, { TableClass: 'STANDARD_INFREQUENT_ACCESS' }],
    ['billing mode', {}, provisioned],
  ])('is accepted while the table is UPDATING because of its %s (116)', (_, settings, update) => {
    plane.settled(settings)
    expect(plane.update(update).TableStatus).toBe('UPDATING')
    set(true)
  })

  it('is accepted while the table is DELETING, and applies to nothing afterwards (118, 455)', () => {
    plane.settled()
    plane.call('DeleteTable')
    set(true)
    expect(refused(true)).toBe(alreadyEnabled)
    plane.seconds(4)
    expect(refused(true)).toBe(missing)
    expect(plane.refusal('DescribeTimeToLive')).toBe(missing)
    // A recreated table has no time to live, and no interval to wait for (377, 455).
    plane.settled()
    expect(shown()).toEqual({ TimeToLiveStatus: 'DISABLED' })
    set(true)
  })

  it('is rejected while a listed replica is CREATING, and accepted before it is listed and after (227, 306)', () => {
    plane.settled()
    plane.update({ ReplicaUpdates: [{ Create: { RegionName: 'eu-west-1' } }] })
    set(true)
    plane.seconds(6.5)
    expect(refused(false)).toBe(
      'ValidationException: Create/Update/Delete of replica is not allowed while the replica is being added to table with name: ‘users’ in region: ‘eu-west-1’.',
    )
    plane.seconds(1860)
    set(false)
  })

  it('names the service behind the refusal in the message of a global table (442)', () => {
    plane.settled()
    plane.update({ ReplicaUpdates: [{ Create: { RegionName: 'eu-west-1' } }] })
    plane.seconds(60)
    set(true)
    expect(refused(false)).toMatch(`${cooldown} (Service: AmazonDynamoDBv2; Status Code: 400; `)
  })
})

describe('over HTTP', () => {
  it('logs one IAM action for each call', async () => {
    const world = await startWorld()
    try {
      const aws = world.dynamoDb()
      await aws.createTable(aTable())
      world.pass(60)
      world.sandbox.clearRequests()
      await aws.describeTimeToLive({ TableName: 'tenant' })
      await aws.updateTimeToLive({
        TableName: 'tenant',
        TimeToLiveSpecification: { Enabled: true, AttributeName: 'expires_at' },
      })
      expect(world.sandbox.requests.flatMap(({ actions }) => actions)).toEqual([
        { action: 'dynamodb:DescribeTimeToLive', resource: arnOf('tenant') },
        { action: 'dynamodb:UpdateTimeToLive', resource: arnOf('tenant') },
      ])
    } finally {
      await world.close()
    }
  })

  it('can be locked by a test, as by a change of someone else', async () => {
    const world = await startWorld()
    try {
      const aws = world.dynamoDb()
      await aws.createTable(aTable())
      world.pass(60)
      world.sandbox.account(target, region).lockTimeToLive('tenant')
      const { TimeToLiveDescription } = await aws.describeTimeToLive({ TableName: 'tenant' })
      expect(TimeToLiveDescription).toEqual({ TimeToLiveStatus: 'DISABLED' })
      const enable = {
        TableName: 'tenant',
        TimeToLiveSpecification: { Enabled: true, AttributeName: 'expires_at' },
      }
      expect(await refusal(aws.updateTimeToLive(enable))).toBe(cooldown)
      world.pass(1860)
      await aws.updateTimeToLive(enable)
    } finally {
      await world.close()
    }
  })

  it('throttles the fifth read on one connection when asked to, and allows one more every two seconds (360, 403)', async () => {
    const world = await startWorld({ limitsTimeToLiveReads: true })
    try {
      const aws = world.dynamoDb()
      await aws.createTable(aTable())
      world.pass(60)
      const read = (client = aws) => client.describeTimeToLive({ TableName: 'tenant' })
      for (let count = 0; count < 4; count += 1) await read()
      expect(await refusal(read())).toBe('ThrottlingException: Rate exceeded')
      await read(world.dynamoDb())
      world.pass(2)
      await read()
      expect(await refusalName(read())).toBe('ThrottlingException')
    } finally {
      await world.close()
    }
  })
})
