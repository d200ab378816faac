/** DescribeTimeToLive and UpdateTimeToLive. The numbers in brackets are DDB-TABLE findings. */
import type { DynamoDB } from '@aws-sdk/client-dynamodb'
import { createEmulator, type Emulator, name, provisioned, users } from './emulator.ts'
import { arnOf, aTable, type Harness, refusal, region, startHarness, target } from './harness.ts'

let emulator: Emulator

beforeEach(() => {
  emulator = createEmulator()
})

const change = (Enabled: boolean, AttributeName = 'expires_at') => ({
  ...name,
  TimeToLiveSpecification: { Enabled, AttributeName },
})
const set = (Enabled: boolean, AttributeName?: string) =>
  emulator.call('UpdateTimeToLive', change(Enabled, AttributeName))
const refused = (Enabled: boolean, AttributeName?: string) =>
  emulator.refusal('UpdateTimeToLive', change(Enabled, AttributeName))
const shown = () => emulator.call('DescribeTimeToLive').TimeToLiveDescription

const missing = 'ResourceNotFoundException: Requested resource not found: Table: users not found'
const cooldown = 'ValidationException: Time to live has been modified multiple times within a fixed interval'
const alreadyEnabled = 'ValidationException: TimeToLive is already enabled'
const alreadyDisabled = 'ValidationException: TimeToLive is already disabled'

describe('DescribeTimeToLive', () => {
  it('shows ENABLING and DISABLING for two seconds, and the attribute unless DISABLED (144, 145)', () => {
    emulator.settled()
    expect(shown()).toEqual({ TimeToLiveStatus: 'DISABLED' })
    set(true)
    expect(shown()).toEqual({ TimeToLiveStatus: 'ENABLING', AttributeName: 'expires_at' })
    emulator.advance(2)
    expect(shown()).toEqual({ TimeToLiveStatus: 'ENABLED', AttributeName: 'expires_at' })
    emulator.advance(1858)
    set(false)
    expect(shown()).toEqual({ TimeToLiveStatus: 'DISABLING', AttributeName: 'expires_at' })
    emulator.advance(2)
    expect(shown()).toEqual({ TimeToLiveStatus: 'DISABLED' })
  })

  it.each(['CREATING', 'DELETING'])('rejects a table that is %s with a ValidationException (115, 118)', (status) => {
    if (status === 'CREATING') emulator.call('CreateTable', users)
    else {
      emulator.settled()
      emulator.call('DeleteTable')
    }
    expect(emulator.refusal('DescribeTimeToLive')).toBe(
      `ValidationException: Cannot describe time to live while table is in ${status} state: Current table state is ${status}`,
    )
  })

  it('works from the moment the table is ACTIVE (115)', () => {
    emulator.call('CreateTable', users)
    emulator.advance(6)
    expect(shown()).toEqual({ TimeToLiveStatus: 'DISABLED' })
  })
})

describe('UpdateTimeToLive', () => {
  it('returns the specification of the request, without a status (145)', () => {
    emulator.settled()
    expect(set(true)).toEqual({ TimeToLiveSpecification: { Enabled: true, AttributeName: 'expires_at' } })
    expect(emulator.table().TableStatus).toBe('ACTIVE')
  })

  it('accepts the partition key as the attribute (146)', () => {
    emulator.settled()
    set(true, 'tenant_id')
  })

  it('accepts one change in 31 minutes, although the status settles within seconds (143)', () => {
    emulator.settled()
    set(true)
    emulator.advance(1859)
    expect(shown().TimeToLiveStatus).toBe('ENABLED')
    expect(refused(false)).toBe(cooldown)
    // The refused change does not extend the interval, and the accepted one starts the next.
    emulator.advance(1)
    set(false)
    expect(refused(true)).toBe(cooldown)
  })

  it('checks the content of a change before the time of the last one (143, 146, 147)', () => {
    emulator.settled()
    expect(refused(false)).toBe(alreadyDisabled)
    set(true)
    expect(refused(true)).toBe(alreadyEnabled)
    const otherAttribute =
      'ValidationException: TimeToLive is active on a different AttributeName: current AttributeName is expires_at'
    expect(refused(true, 'other')).toBe(otherAttribute)
    expect(refused(false, 'other')).toBe(otherAttribute)
    emulator.advance(1860)
    expect(refused(true)).toBe(alreadyEnabled)
    expect(refused(true, 'other')).toBe(otherAttribute)
    set(false)
    expect(refused(false)).toBe(alreadyDisabled)
  })

  it('needs two intervals to change the attribute: disable, then enable (147)', () => {
    emulator.settled()
    set(true)
    emulator.advance(1860)
    set(false)
    expect(refused(true, 'other')).toBe(cooldown)
    emulator.advance(1860)
    set(true, 'other')
    emulator.advance(2)
    expect(shown()).toEqual({ TimeToLiveStatus: 'ENABLED', AttributeName: 'other' })
  })

  it('does not find a table that was just created, then rejects it as in use until it is ACTIVE (115)', () => {
    emulator.call('CreateTable', users)
    expect(refused(true)).toBe(missing)
    emulator.advance(2.6)
    expect(refused(true)).toBe(
      'ResourceInUseException: Attempt to change a resource which is still in use: Table users is being created',
    )
    emulator.advance(3.4)
    set(true)
  })

  it.each([
    ['table class', {}, { TableClass: 'STANDARD_INFREQUENT_ACCESS' }],
    ['billing mode', {}, provisioned],
  ])('is accepted while the table is UPDATING because of its %s (116)', (_, settings, update) => {
    emulator.settled(settings)
    expect(emulator.update(update).TableStatus).toBe('UPDATING')
    set(true)
  })

  it('is accepted while the table is DELETING, and applies to nothing afterwards (118, 455)', () => {
    emulator.settled()
    emulator.call('DeleteTable')
    set(true)
    expect(refused(true)).toBe(alreadyEnabled)
    emulator.advance(4)
    expect(refused(true)).toBe(missing)
    expect(emulator.refusal('DescribeTimeToLive')).toBe(missing)
    // A recreated table has no time to live, and no interval to wait for (377, 455).
    emulator.settled()
    expect(shown()).toEqual({ TimeToLiveStatus: 'DISABLED' })
    set(true)
  })

  it('is rejected while a listed replica is CREATING, and accepted before it is listed and after (227, 306)', () => {
    emulator.settled()
    emulator.update({ ReplicaUpdates: [{ Create: { RegionName: 'eu-west-1' } }] })
    set(true)
    emulator.advance(6.5)
    expect(refused(false)).toBe(
      'ValidationException: Create/Update/Delete of replica is not allowed while the replica is being added to table with name: ‘users’ in region: ‘eu-west-1’.',
    )
    emulator.advance(1860)
    set(false)
  })

  it('names the service behind the refusal in the message of a global table (442)', () => {
    emulator.settled()
    emulator.update({ ReplicaUpdates: [{ Create: { RegionName: 'eu-west-1' } }] })
    emulator.advance(60)
    set(true)
    expect(refused(false)).toMatch(`${cooldown} (Service: AmazonDynamoDBv2; Status Code: 400; `)
  })
})

describe('over HTTP', () => {
  const TableName = 'tenant'
  const enable = { TableName, TimeToLiveSpecification: { Enabled: true, AttributeName: 'expires_at' } }
  let harness: Harness
  let aws: DynamoDB

  beforeEach(async () => {
    harness = await startHarness({ limitsTimeToLiveReads: true })
    aws = harness.dynamoDb()
    await aws.createTable(aTable())
    harness.advance(60)
  })
  afterEach(() => harness.close())

  it('logs one IAM action for each call', async () => {
    harness.sandbox.clearRequests()
    await aws.describeTimeToLive({ TableName })
    await aws.updateTimeToLive(enable)
    expect(harness.sandbox.requests.flatMap(({ actions }) => actions)).toEqual([
      { action: 'dynamodb:DescribeTimeToLive', resource: arnOf(TableName) },
      { action: 'dynamodb:UpdateTimeToLive', resource: arnOf(TableName) },
    ])
  })

  it('can be locked by a test, as by a change of someone else', async () => {
    harness.sandbox.account(target, region).lockTimeToLive(TableName)
    const { TimeToLiveDescription } = await aws.describeTimeToLive({ TableName })
    expect(TimeToLiveDescription).toEqual({ TimeToLiveStatus: 'DISABLED' })
    expect(await refusal(aws.updateTimeToLive(enable))).toBe(cooldown)
    harness.advance(1860)
    await aws.updateTimeToLive(enable)
  })

  it('can be limited to four reads on a connection, and one more every two seconds (360, 403)', async () => {
    const read = (client = aws) => client.describeTimeToLive({ TableName })
    for (let count = 0; count < 4; count += 1) await read()
    expect(await refusal(read())).toBe('ThrottlingException: Rate exceeded')
    await read(harness.dynamoDb())
    harness.advance(2)
    await read()
    expect(await refusal(read())).toBe('ThrottlingException: Rate exceeded')
  })
})
