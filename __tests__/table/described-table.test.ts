import type { DescribeTableOutput, TableDescription } from '@aws-sdk/client-dynamodb'
import { describeStatus, readDescription, type SettledTable } from '../../src/table/described-table.ts'
import type { ChangeInProgress } from '../../src/table/table.ts'

const arn = 'arn:aws:dynamodb:ap-south-1:222222222222:table/users'

const active: TableDescription = {
  TableName: 'users',
  TableArn: arn,
  TableId: 'id',
  TableStatus: 'ACTIVE',
  KeySchema: [
    { AttributeName: 'user_id', KeyType: 'RANGE' },
    { AttributeName: 'tenant_id', KeyType: 'HASH' },
  ],
  AttributeDefinitions: [
    { AttributeName: 'user_id', AttributeType: 'N' },
    { AttributeName: 'tenant_id', AttributeType: 'S' },
  ],
  ProvisionedThroughput: { ReadCapacityUnits: 5, WriteCapacityUnits: 3, NumberOfDecreasesToday: 0 },
}
const noMaximum = { MaxReadRequestUnits: -1, MaxWriteRequestUnits: -1 }
const { KeySchema: _, AttributeDefinitions: __, ...withoutKey } = active

const read = (answer: DescribeTableOutput) => readDescription({ name: 'users', arn }, answer)
const readActive = (changes: TableDescription = {}) => read({ Table: { ...active, ...changes } })

function readSettled(changes: TableDescription = {}): SettledTable {
  const described = readActive(changes)
  if (described.phase !== 'settled') throw new Error(`The table is ${described.phase}`)
  return described
}

/** The message of the error, and that of its cause. */
function problemOf(answer: DescribeTableOutput): string {
  try {
    read(answer)
  } catch (error) {
    expect(error).toMatchObject({
      message: 'The answer of DynamoDB to DescribeTable on "users" cannot be read.',
      remedy: expect.stringContaining('AWS_ENDPOINT_URL'),
    })
    return ((error as Error).cause as Error).message
  }
  throw new Error('The answer was read')
}

/** The values of properties that nobody set. */
const unset = {
  TableClass: 'STANDARD',
  StreamSpecification: { StreamEnabled: false },
  SSESpecification: { SSEEnabled: false },
}

it('reads a table into normal form: partition key first, absent billing is provisioned, absent protection is off', () => {
  expect(readActive()).toEqual({
    tableStatus: 'ACTIVE',
    phase: 'settled',
    changesInProgress: [],
    arn,
    id: 'id',
    described: {
      KeySchema: [
        { AttributeName: 'tenant_id', AttributeType: 'S', KeyType: 'HASH' },
        { AttributeName: 'user_id', AttributeType: 'N', KeyType: 'RANGE' },
      ],
      DeletionProtectionEnabled: false,
      BillingMode: { ProvisionedThroughput: { ReadCapacityUnits: 5, WriteCapacityUnits: 3 } },
      OnDemandThroughput: noMaximum,
      ...unset,
    },
    replicas: [],
    unmanaged: [],
  })
})

it('reads a table on demand that is protected and has neither sort key nor id', () => {
  const described = readActive({
    TableId: undefined,
    KeySchema: [{ AttributeName: 'tenant_id', KeyType: 'HASH' }],
    BillingModeSummary: { BillingMode: 'PAY_PER_REQUEST' },
    ProvisionedThroughput: { ReadCapacityUnits: 0, WriteCapacityUnits: 0 },
    DeletionProtectionEnabled: true,
    CreationDateTime: new Date(Date.UTC(2026, 0, 1)),
  })
  expect(described).toStrictEqual({
    tableStatus: 'ACTIVE',
    phase: 'settled',
    changesInProgress: [],
    arn,
    createdAt: Date.UTC(2026, 0, 1),
    described: {
      KeySchema: [{ AttributeName: 'tenant_id', AttributeType: 'S', KeyType: 'HASH' }],
      DeletionProtectionEnabled: true,
      BillingMode: 'PAY_PER_REQUEST',
      OnDemandThroughput: noMaximum,
      ...unset,
    },
    replicas: [],
    unmanaged: [],
  })
})

it.each<[string, TableDescription['TableStatus']]>([
  ['changing', 'CREATING'],
  ['changing', 'UPDATING'],
  ['unavailable', 'DELETING'],
  ['unavailable', 'ARCHIVING'],
  ['unavailable', 'ARCHIVED'],
  ['unavailable', 'INACCESSIBLE_ENCRYPTION_CREDENTIALS'],
])('reads a table as %s while it is %s, also without its key', (phase, TableStatus) => {
  expect(read({ Table: { ...withoutKey, TableStatus } })).toEqual({
    tableStatus: TableStatus,
    phase,
    changesInProgress: [],
    arn,
    id: 'id',
  })
})

it.each<[TableDescription, readonly ChangeInProgress[]]>([
  [
    {
      GlobalSecondaryIndexes: [
        { IndexName: 'by-email', IndexStatus: 'CREATING' },
        { IndexName: 'i', IndexStatus: 'ACTIVE' },
        { IndexName: 'j' },
      ],
    },
    [{ part: 'index', name: 'by-email', status: 'CREATING' }],
  ],
  [
    { GlobalSecondaryIndexes: [{ IndexName: 'i', IndexStatus: 'ACTIVE', WarmThroughput: { Status: 'UPDATING' } }] },
    [{ part: 'warm throughput', name: 'i', status: 'UPDATING' }],
  ],
  [
    {
      Replicas: [
        { RegionName: 'eu-west-1', ReplicaStatus: 'DELETING' },
        { RegionName: 'eu-west-2', ReplicaStatus: 'UPDATING' },
        { RegionName: 'eu-west-3', ReplicaStatus: 'ACTIVE' },
      ],
    },
    [
      { part: 'replica', name: 'eu-west-1', status: 'DELETING' },
      { part: 'replica', name: 'eu-west-2', status: 'UPDATING' },
    ],
  ],
  [{ SSEDescription: { Status: 'ENABLED' } }, []],
  [{ SSEDescription: { Status: 'UPDATING' } }, [{ part: 'encryption', status: 'UPDATING' }]],
  [{ SSEDescription: { Status: 'ENABLING' } }, [{ part: 'encryption', status: 'ENABLING' }]],
  [{ SSEDescription: { Status: 'DISABLING' } }, [{ part: 'encryption', status: 'DISABLING' }]],
  [{ WarmThroughput: { Status: 'UPDATING' } }, [{ part: 'warm throughput', status: 'UPDATING' }]],
  // These states do not end by themselves, so no step waits for them.
  [{ Replicas: [{ RegionName: 'eu-west-1', ReplicaStatus: 'CREATION_FAILED' }] }, []],
  [{ Replicas: [{ RegionName: 'eu-west-1', ReplicaStatus: 'REGION_DISABLED' }] }, []],
])('finds the changes in progress on an ACTIVE table with %j', (changes, expected) => {
  expect(readActive(changes)).toMatchObject({ phase: 'settled', changesInProgress: expected })
})

it('describes the status of the table and its changes in progress in words', () => {
  const described = readActive({
    Replicas: [{ RegionName: 'eu-west-1', ReplicaStatus: 'CREATING' }],
    SSEDescription: { Status: 'UPDATING' },
  })
  expect(describeStatus(described)).toBe('ACTIVE, replica eu-west-1 CREATING, encryption UPDATING')
})

it('reports a stream only while it is on, because its ARN stays in the answer', () => {
  const LatestStreamArn = `${arn}/stream/1`
  const on = readSettled({
    LatestStreamArn,
    StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' },
  })
  expect(on.streamArn).toBe(LatestStreamArn)
  const off = readSettled({ LatestStreamArn, StreamSpecification: { StreamEnabled: false } })
  expect(off.streamArn).toBeUndefined()
})

it('lists the settings that no definition mentions, in a fixed order', () => {
  const { unmanaged } = readSettled({
    GlobalSecondaryIndexes: [{ IndexName: 'z' }, { IndexName: 'a' }],
    LocalSecondaryIndexes: [{ IndexName: 'local' }],
    Replicas: [
      { RegionName: 'eu-west-1', ReplicaStatus: 'ACTIVE' },
      { RegionName: 'eu-west-2', ReplicaStatus: 'DELETING' },
    ],
  })
  expect(unmanaged.map(({ path, value }) => `${path}=${value}`)).toEqual([
    'globalIndex=a',
    'globalIndex=z',
    'localIndex=local',
    'replica=eu-west-1',
  ])
})

it('lists the replicas of other regions with their status, sorted by region', () => {
  const { unmanaged, replicas } = readSettled({
    Replicas: [
      { RegionName: 'us-east-1', ReplicaStatus: 'CREATION_FAILED' },
      { RegionName: 'ap-south-1', ReplicaStatus: 'ACTIVE' },
      { RegionName: 'eu-west-1', ReplicaStatus: 'ACTIVE' },
    ],
  })
  expect(replicas).toEqual([
    { region: 'eu-west-1', status: 'ACTIVE' },
    { region: 'us-east-1', status: 'CREATION_FAILED' },
  ])
  expect(unmanaged).toEqual([
    { path: 'replica', value: 'eu-west-1' },
    { path: 'replica', value: 'us-east-1' },
  ])
})

it.each(
  Object.entries({
    account: 'arn:aws:dynamodb:ap-south-1:333333333333:table/users',
    region: 'arn:aws:dynamodb:eu-west-1:222222222222:table/users',
    partition: 'arn:aws-cn:dynamodb:ap-south-1:222222222222:table/users',
    name: 'arn:aws:dynamodb:ap-south-1:222222222222:table/tenant',
  }),
)('refuses the ARN of a table of another %s, and names both', (_, other) => {
  expect(problemOf({ Table: { ...active, TableArn: other } })).toBe(
    `Table: TableArn: Invalid type: Expected "${arn}" but received "${other}"`,
  )
})

it.each<[string, DescribeTableOutput['Table']]>([
  ['Table: Invalid type: Expected Object but received undefined', undefined],
  ['TableArn: ', { ...active, TableArn: undefined }],
  ['TableArn: ', { ...active, TableStatus: 'DELETING', TableArn: undefined }],
  ['TableStatus: ', { ...active, TableStatus: undefined }],
  ['KeySchema: ', withoutKey],
  ['KeySchema: ', { ...active, KeySchema: [] }],
  ['one HASH, then at most one RANGE', { ...active, KeySchema: [{ AttributeName: 'tenant_id', KeyType: 'RANGE' }] }],
  ['0.KeyType: ', { ...active, KeySchema: [{ AttributeName: 'tenant_id', KeyType: undefined }] }],
  ['0.AttributeName: ', { ...active, KeySchema: [{ AttributeName: undefined, KeyType: 'HASH' }] }],
  ['1.AttributeType: ', { ...active, AttributeDefinitions: active.AttributeDefinitions?.slice(1) }],
  ['BillingMode: ', { ...active, BillingModeSummary: {} }],
  ['BillingMode: ', { ...active, ProvisionedThroughput: undefined }],
  ['OnDemandThroughput: MaxReadRequestUnits', { ...active, OnDemandThroughput: { MaxReadRequestUnits: 0 } }],
  ['GlobalSecondaryIndexes.0.IndexName: ', { ...active, GlobalSecondaryIndexes: [{}] }],
  ['LocalSecondaryIndexes.0.IndexName: ', { ...active, LocalSecondaryIndexes: [{}] }],
  ['Replicas.0.RegionName: ', { ...active, Replicas: [{ ReplicaStatus: 'ACTIVE' }] }],
  ['Replicas.0.ReplicaStatus: ', { ...active, Replicas: [{ RegionName: 'eu-west-1' }] }],
  ['LatestStreamArn: ', { ...active, LatestStreamArn: `${arn.replace('222', '333')}/stream/1` }],
  ['CreationDateTime: ', { ...active, CreationDateTime: new Date(Number.NaN) }],
])('names the field that DynamoDB cannot have sent: %s', (problem, Table) => {
  expect(problemOf({ Table })).toContain(problem)
})
