/** The rules of DynamoDB that a reconciler can break, as the sandbox keeps them. Time is a number that the test moves. */
import { ControlPlane } from '../../sandbox/control-plane.ts'
import { measuredTimings } from '../../sandbox/options.ts'

let now: number
let plane: ControlPlane
const seconds = (count: number) => {
  now += count * 1000
}

beforeEach(() => {
  now = Date.UTC(2026, 0, 1)
  plane = new ControlPlane(
    { account: '222222222222', region: 'ap-south-1', partition: 'aws' },
    measuredTimings,
    () => now,
  )
})

const arn = 'arn:aws:dynamodb:ap-south-1:222222222222:table/users'
const users = {
  TableName: 'users',
  AttributeDefinitions: [{ AttributeName: 'tenant_id', AttributeType: 'S' }],
  KeySchema: [{ AttributeName: 'tenant_id', KeyType: 'HASH' }],
  BillingMode: 'PAY_PER_REQUEST',
}
const name = { TableName: 'users' }

// biome-ignore lint/suspicious/noExplicitAny: answers are looked into as a caller of the API would
const call = (operation: string, input: Record<string, unknown> = name): any => plane.call(operation, input)
const refusal = (operation: string, input: Record<string, unknown> = name): string => {
  try {
    call(operation, input)
  } catch (error) {
    if (error instanceof Error) return `${error.name}: ${error.message}`
  }
  throw new Error(`${operation} was not refused`)
}
const table = () => call('DescribeTable').Table
const tags = () => call('ListTagsOfResource', { ResourceArn: arn }).Tags
const update = (input: Record<string, unknown>) => call('UpdateTable', { ...name, ...input })
const refusedUpdate = (input: Record<string, unknown>) => refusal('UpdateTable', { ...name, ...input })

/** A table that is ACTIVE and old enough for everything. */
function settled(changes: Record<string, unknown> = {}): void {
  call('CreateTable', { ...users, ...changes })
  seconds(60)
}

describe('a table that is missing', () => {
  it.each([
    ['DescribeTable', 'ResourceNotFoundException'],
    ['DescribeTimeToLive', 'ResourceNotFoundException'],
    ['DescribeContinuousBackups', 'TableNotFoundException'],
    ['UpdateContinuousBackups', 'TableNotFoundException'],
    ['UpdateTable', 'ResourceNotFoundException'],
    ['DeleteTable', 'ResourceNotFoundException'],
  ])('%s says %s', (operation, error) => expect(refusal(operation)).toMatch(error))

  it('ListTagsOfResource says ResourceNotFoundException', () => {
    expect(refusal('ListTagsOfResource', { ResourceArn: arn })).toMatch('ResourceNotFoundException')
    expect(refusal('ListTagsOfResource', { ResourceArn: 'nonsense' })).toMatch('ResourceNotFoundException')
  })
})

describe('a young table', () => {
  beforeEach(() => call('CreateTable', { ...users, Tags: [{ Key: 'team', Value: 'core' }] }))

  it('is CREATING for six seconds, takes no UpdateTable and cannot be deleted', () => {
    expect(table().TableStatus).toBe('CREATING')
    expect(refusedUpdate({ DeletionProtectionEnabled: true })).toMatch(/^ResourceInUseException.*created/)
    expect(refusal('DeleteTable')).toMatch('ResourceInUseException')
    expect(refusal('CreateTable', users)).toMatch('ResourceInUseException: Table already exists')
    seconds(6)
    expect(table().TableStatus).toBe('ACTIVE')
  })

  it('hides its tags, then shows none, and all of them once it is ACTIVE', () => {
    expect(refusal('ListTagsOfResource', { ResourceArn: arn })).toMatch('ResourceNotFoundException')
    expect(refusal('TagResource', { ResourceArn: arn, Tags: [] })).toMatch('ResourceNotFoundException')
    seconds(5.6)
    expect(tags()).toEqual([])
    seconds(0.4)
    expect(tags()).toEqual([{ Key: 'team', Value: 'core' }])
  })

  it('is unknown to backups for three seconds, then off, and takes recovery two seconds after it is ACTIVE', () => {
    expect(refusal('DescribeContinuousBackups')).toMatch('TableNotFoundException')
    seconds(3)
    const recovery = () => call('DescribeContinuousBackups').ContinuousBackupsDescription
    expect(recovery()).toEqual({
      ContinuousBackupsStatus: 'ENABLED',
      PointInTimeRecoveryDescription: { PointInTimeRecoveryStatus: 'DISABLED' },
    })
    seconds(4)
    const enable = { ...name, PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true } }
    expect(refusal('UpdateContinuousBackups', enable)).toMatch('ContinuousBackupsUnavailableException')
    seconds(1)
    call('UpdateContinuousBackups', enable)
    expect(recovery().PointInTimeRecoveryDescription).toMatchObject({
      PointInTimeRecoveryStatus: 'ENABLED',
      RecoveryPeriodInDays: 35,
    })
  })

  it('cannot be asked for its time to live', () => {
    expect(refusal('DescribeTimeToLive')).toMatch('Cannot describe time to live while table is in CREATING state')
  })
})

describe('CreateTable', () => {
  it.each([
    ['a name that is too short', { TableName: 'x' }],
    ['no keys', { KeySchema: [] }],
    [
      'an attribute that no key uses',
      { AttributeDefinitions: [...users.AttributeDefinitions, { AttributeName: 'more', AttributeType: 'S' }] },
    ],
    ['a key that is not defined', { AttributeDefinitions: [] }],
    ['throughput on demand', { ProvisionedThroughput: { ReadCapacityUnits: 1, WriteCapacityUnits: 1 } }],
    ['provisioned without throughput', { BillingMode: 'PROVISIONED' }],
    ["AWS's own tags", { Tags: [{ Key: 'AWS:x', Value: '1' }] }],
    [
      'the same tag twice',
      {
        Tags: [
          { Key: 'a', Value: '1' },
          { Key: 'a', Value: '2' },
        ],
      },
    ],
    ['a tag key that is too long', { Tags: [{ Key: 'k'.repeat(129), Value: '1' }] }],
    ['51 tags', { Tags: Array.from({ length: 51 }, (_, index) => ({ Key: `k${index}`, Value: '1' })) }],
    [
      'six local indexes',
      {
        LocalSecondaryIndexes: Array.from({ length: 6 }, (_, index) => ({
          IndexName: `i${index}`,
          KeySchema: users.KeySchema,
        })),
      },
    ],
  ])('refuses %s', (_, changes) => {
    expect(refusal('CreateTable', { ...users, ...changes })).toMatch('ValidationException')
  })

  const key = 'arn:aws:kms:ap-south-1:222222222222:key/mine'

  it('makes what it is told: indexes with the table, a stream, a key, a class', () => {
    settled({
      GlobalSecondaryIndexes: [
        {
          IndexName: 'index',
          KeySchema: users.KeySchema,
          ProvisionedThroughput: { ReadCapacityUnits: 2, WriteCapacityUnits: 3 },
        },
      ],
      LocalSecondaryIndexes: [{ IndexName: 'local', KeySchema: users.KeySchema }],
      StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' },
      SSESpecification: { Enabled: true, KMSMasterKeyId: key },
      TableClass: 'STANDARD_INFREQUENT_ACCESS',
      BillingMode: 'PROVISIONED',
      ProvisionedThroughput: { ReadCapacityUnits: 1, WriteCapacityUnits: 1 },
    })
    expect(table()).toMatchObject({
      TableArn: arn,
      GlobalSecondaryIndexes: [
        {
          IndexName: 'index',
          IndexStatus: 'ACTIVE',
          ProvisionedThroughput: { ReadCapacityUnits: 2, WriteCapacityUnits: 3 },
        },
      ],
      LocalSecondaryIndexes: [{ IndexName: 'local' }],
      StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' },
      LatestStreamArn: expect.stringContaining(`${arn}/stream/`),
      SSEDescription: { Status: 'ENABLED', KMSMasterKeyArn: key },
      TableClassSummary: { TableClass: 'STANDARD_INFREQUENT_ACCESS' },
    })
    expect(table().BillingModeSummary).toBeUndefined()
  })
})

it('knows a table by its ARN too, but not by that of another account', () => {
  settled()
  expect(call('DescribeTable', { TableName: arn }).Table.TableName).toBe('users')
  expect(refusal('DescribeTable', { TableName: arn.replace('222222222222', '333333333333') })).toMatch(
    'ResourceNotFoundException',
  )
})

describe('UpdateTable', () => {
  it('takes one concern at a time, and no call without any', () => {
    settled()
    expect(refusedUpdate({ DeletionProtectionEnabled: true, TableClass: 'STANDARD' })).toMatch(
      'must be the only operation',
    )
    expect(refusedUpdate({})).toMatch('ValidationException')
    expect(refusedUpdate({ ReplicaUpdates: [] })).toMatch('does not know')
  })

  it('refuses a second protection toggle within 15 seconds, and names the time', () => {
    settled()
    update({ DeletionProtectionEnabled: true })
    seconds(14)
    expect(refusedUpdate({ DeletionProtectionEnabled: false })).toMatch(
      /^ThrottlingException.*try again after 2026-01-01T00:01:15/,
    )
    seconds(1)
    update({ DeletionProtectionEnabled: false })
    expect(table().DeletionProtectionEnabled).toBe(false)
  })

  it('echoes the old values, and is UPDATING until the change shows', () => {
    settled({ BillingMode: 'PROVISIONED', ProvisionedThroughput: { ReadCapacityUnits: 1, WriteCapacityUnits: 1 } })
    const answer = update({ BillingMode: 'PAY_PER_REQUEST' })
    expect(answer.TableDescription).toMatchObject({
      TableStatus: 'UPDATING',
      ProvisionedThroughput: { ReadCapacityUnits: 1 },
    })
    expect(refusedUpdate({ TableClass: 'STANDARD' })).toMatch('ResourceInUseException')
    update({ DeletionProtectionEnabled: true })
    seconds(149)
    expect(table()).toMatchObject({ TableStatus: 'UPDATING', DeletionProtectionEnabled: true })
    seconds(1)
    expect(table()).toMatchObject({ TableStatus: 'ACTIVE', BillingModeSummary: { BillingMode: 'PAY_PER_REQUEST' } })
  })

  it('takes no change that changes nothing', () => {
    settled()
    expect(refusedUpdate({ BillingMode: 'PAY_PER_REQUEST' })).toMatch('ValidationException')
    const throughput = { ReadCapacityUnits: 5, WriteCapacityUnits: 5 }
    update({ BillingMode: 'PROVISIONED', ProvisionedThroughput: throughput })
    seconds(10)
    expect(table().BillingModeSummary).toMatchObject({ BillingMode: 'PROVISIONED' })
    expect(refusedUpdate({ ProvisionedThroughput: throughput })).toMatch('will not change')
    expect(refusedUpdate({ StreamSpecification: { StreamEnabled: false } })).toMatch('no stream')
    update({ StreamSpecification: { StreamEnabled: true, StreamViewType: 'KEYS_ONLY' } })
    seconds(10)
    expect(refusedUpdate({ StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' } })).toMatch(
      'already',
    )
  })

  it("lets a disabled stream's ARN linger, and gives a new one when it is on again", () => {
    settled({ StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' } })
    const first = table().LatestStreamArn
    update({ StreamSpecification: { StreamEnabled: false } })
    seconds(10)
    expect(table()).toMatchObject({ LatestStreamArn: first })
    expect(table().StreamSpecification).toBeUndefined()
    update({ StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' } })
    seconds(10)
    expect(table().LatestStreamArn).not.toBe(first)
  })

  it('is ACTIVE while its encryption changes', () => {
    settled()
    update({ SSESpecification: { Enabled: true } })
    expect(table()).toMatchObject({ TableStatus: 'ACTIVE', SSEDescription: { Status: 'UPDATING' } })
    seconds(22)
    expect(table().SSEDescription.Status).toBe('ENABLED')
  })

  it('builds one index at a time, and the table is ACTIVE meanwhile', () => {
    settled()
    const index = (IndexName: string) => ({
      GlobalSecondaryIndexUpdates: [{ Create: { IndexName, KeySchema: users.KeySchema } }],
    })
    update({ ...index('one'), AttributeDefinitions: users.AttributeDefinitions })
    seconds(5)
    expect(table()).toMatchObject({ TableStatus: 'ACTIVE', GlobalSecondaryIndexes: [{ IndexStatus: 'CREATING' }] })
    expect(refusedUpdate(index('two'))).toMatch('LimitExceededException')
    seconds(600)
    expect(table().GlobalSecondaryIndexes[0].IndexStatus).toBe('ACTIVE')
    expect(refusedUpdate(index('one'))).toMatch('already exists')
    const remove = (IndexName: string) => ({ GlobalSecondaryIndexUpdates: [{ Delete: { IndexName } }] })
    expect(refusedUpdate(remove('two'))).toMatch('ResourceNotFoundException')
    update(remove('one'))
    expect(table().GlobalSecondaryIndexes[0].IndexStatus).toBe('DELETING')
    seconds(5)
    expect(table().GlobalSecondaryIndexes).toBeUndefined()
  })

  it('changes the class of a table', () => {
    settled()
    update({ TableClass: 'STANDARD_INFREQUENT_ACCESS' })
    seconds(5)
    expect(table().TableClassSummary).toEqual({ TableClass: 'STANDARD_INFREQUENT_ACCESS' })
  })
})

describe('tags', () => {
  const tag = (Key: string) => call('TagResource', { ResourceArn: arn, Tags: [{ Key, Value: '1' }] })

  it('show two seconds late, and lock the table for three', () => {
    settled()
    tag('a')
    expect(tags()).toEqual([])
    expect(refusal('TagResource', { ResourceArn: arn, Tags: [] })).toBe(
      'LimitExceededException: Table tags are being updated',
    )
    expect(refusal('DeleteTable')).toMatch('ResourceInUseException')
    seconds(2)
    expect(tags()).toEqual([{ Key: 'a', Value: '1' }])
    seconds(1)
    call('UntagResource', { ResourceArn: arn, TagKeys: ['a'] })
    seconds(2)
    expect(tags()).toEqual([])
  })

  it('come in pages of ten', () => {
    settled({ Tags: Array.from({ length: 12 }, (_, index) => ({ Key: `k${index}`, Value: '1' })) })
    const first = call('ListTagsOfResource', { ResourceArn: arn })
    expect(first.Tags).toHaveLength(10)
    expect(call('ListTagsOfResource', { ResourceArn: arn, NextToken: first.NextToken }).Tags).toHaveLength(2)
  })

  it("of AWS's own are not taken away by others, and not counted", () => {
    settled({ Tags: Array.from({ length: 49 }, (_, index) => ({ Key: `k${index}`, Value: '1' })) })
    const record = plane.find('users')
    if (record !== undefined) record.tags = new Map([...record.tags, ['aws:reserved', 'x']])
    tag('last')
    expect(refusal('UntagResource', { ResourceArn: arn, TagKeys: ['aws:reserved'] })).toMatch(
      /^ValidationException.*reserved/,
    )
  })

  it('are not written to a table that is taken away', () => {
    settled()
    call('DeleteTable')
    expect(refusal('TagResource', { ResourceArn: arn, Tags: [] })).toMatch('ResourceInUseException')
  })

  it('are 50 at most', () => {
    settled({ Tags: Array.from({ length: 50 }, (_, index) => ({ Key: `k${index}`, Value: '1' })) })
    expect(refusal('TagResource', { ResourceArn: arn, Tags: [{ Key: 'more', Value: '1' }] })).toMatch('Too many tags')
  })
})

describe('point-in-time recovery', () => {
  const set = (specification: Record<string, unknown>) => ({ ...name, PointInTimeRecoverySpecification: specification })

  it('keeps its restore window while it is on, and begins a new one after it was off', () => {
    settled()
    const earliest = () =>
      call('DescribeContinuousBackups').ContinuousBackupsDescription.PointInTimeRecoveryDescription
        .EarliestRestorableDateTime
    call('UpdateContinuousBackups', set({ PointInTimeRecoveryEnabled: true, RecoveryPeriodInDays: 7 }))
    const first = earliest()
    seconds(100)
    call('UpdateContinuousBackups', set({ PointInTimeRecoveryEnabled: true, RecoveryPeriodInDays: 35 }))
    expect(earliest()).toBe(first)
    call('UpdateContinuousBackups', set({ PointInTimeRecoveryEnabled: false }))
    seconds(100)
    call('UpdateContinuousBackups', set({ PointInTimeRecoveryEnabled: true }))
    expect(earliest()).toBe(first + 200)
  })

  it.each([
    { PointInTimeRecoveryEnabled: true, RecoveryPeriodInDays: 36 },
    { PointInTimeRecoveryEnabled: false, RecoveryPeriodInDays: 7 },
  ])('refuses %j', (specification) => {
    settled()
    expect(refusal('UpdateContinuousBackups', set(specification))).toMatch('ValidationException')
  })
})

describe('time to live', () => {
  const set = (Enabled: boolean, AttributeName = 'expires_at') => ({
    ...name,
    TimeToLiveSpecification: { Enabled, AttributeName },
  })

  const shown = () => call('DescribeTimeToLive').TimeToLiveDescription

  it('changes once an hour, takes no no-op, and is disabled by its own name', () => {
    settled()
    expect(refusal('UpdateTimeToLive', set(false))).toMatch('already disabled')
    call('UpdateTimeToLive', set(true))
    expect(shown()).toEqual({ TimeToLiveStatus: 'ENABLING', AttributeName: 'expires_at' })
    expect(refusal('UpdateTimeToLive', set(false))).toMatch('multiple times within a fixed interval')
    seconds(3600)
    expect(shown()).toEqual({ TimeToLiveStatus: 'ENABLED', AttributeName: 'expires_at' })
    expect(refusal('UpdateTimeToLive', set(true))).toMatch('already enabled')
    expect(refusal('UpdateTimeToLive', set(false, 'other'))).toMatch('different AttributeName')
    call('UpdateTimeToLive', set(false))
    expect(shown()).toEqual({ TimeToLiveStatus: 'DISABLING', AttributeName: 'expires_at' })
    seconds(3600)
    expect(shown()).toEqual({ TimeToLiveStatus: 'DISABLED' })
  })

  it('is not taken by a table that is made or taken away', () => {
    call('CreateTable', users)
    expect(refusal('UpdateTimeToLive', set(true))).toMatch('ResourceInUseException')
    seconds(60)
    call('DeleteTable')
    expect(refusal('UpdateTimeToLive', set(true))).toMatch('ResourceInUseException')
  })
})

describe('DeleteTable', () => {
  it('refuses a protected table in the words of AWS', () => {
    settled({ DeletionProtectionEnabled: true })
    expect(refusal('DeleteTable')).toBe(
      'ValidationException: Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.',
    )
  })

  it('takes four seconds, in which the table is DELETING and in use, and the next one has another id', () => {
    settled()
    const { TableId } = table()
    call('DeleteTable')
    expect(table().TableStatus).toBe('DELETING')
    expect(refusal('DeleteTable')).toMatch('ResourceInUseException')
    expect(refusal('CreateTable', users)).toMatch('ResourceInUseException')
    expect(call('ListTables').TableNames).toEqual(['users'])
    seconds(4)
    expect(call('ListTables').TableNames).toEqual([])
    settled()
    expect(table().TableId).not.toBe(TableId)
  })
})

it('says so where it does not know an operation', () => {
  expect(refusal('ExportTableToPointInTime')).toMatch('UnknownOperationException')
})
