import type { TableDescription } from '@aws-sdk/client-dynamodb'
import { type ChangeInProgress, describeProgress, readDescription } from '../../src/table/described-table.ts'
import { addressOf } from '../../src/table/target.ts'
import { aTarget } from '../support/builders.ts'

const users = addressOf(aTarget(), 'users')
const { arn } = users

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
  ProvisionedThroughput: { ReadCapacityUnits: 0, WriteCapacityUnits: 0 },
}
const { KeySchema: _, AttributeDefinitions: __, ...withoutKey } = active

const read = (changes: TableDescription = {}) => readDescription(users, { Table: { ...active, ...changes } })

function settled(changes: TableDescription = {}) {
  const table = read(changes)
  if (table.phase !== 'settled') throw new Error(`The table is ${table.phase}`)
  return table
}

/** The problem that the error names. */
function problemOf(answer: { readonly Table?: unknown }): string {
  try {
    readDescription(users, answer as { Table?: TableDescription })
  } catch (error) {
    expect(error).toMatchObject({
      name: 'RemedyError',
      message: 'The answer of DynamoDB to DescribeTable on "users" cannot be read.',
      remedy: expect.stringContaining('AWS_ENDPOINT_URL'),
      cause: expect.any(TypeError),
    })
    return ((error as Error).cause as Error).message
  }
  throw new Error('The answer was accepted')
}

it('reads the partition key first, absent billing as provisioned, and absent deletion protection as off', () => {
  expect(read()).toEqual({
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
      BillingMode: 'PROVISIONED',
      DeletionProtectionEnabled: false,
    },
    replicas: [],
    unmanaged: [],
  })
})

it('reads an on-demand, protected table without a sort key and without an id', () => {
  const { TableId: _, ...withoutId } = active
  const Table: TableDescription = {
    ...withoutId,
    KeySchema: [{ AttributeName: 'tenant_id', KeyType: 'HASH' }],
    BillingModeSummary: { BillingMode: 'PAY_PER_REQUEST' },
    DeletionProtectionEnabled: true,
    CreationDateTime: new Date(Date.UTC(2026, 0, 1)),
  }
  const table = readDescription(users, { Table })
  expect(table).not.toHaveProperty('id')
  expect(table).toMatchObject({
    createdAt: Date.UTC(2026, 0, 1),
    described: {
      KeySchema: [{ AttributeName: 'tenant_id', AttributeType: 'S', KeyType: 'HASH' }],
      BillingMode: 'PAY_PER_REQUEST',
      DeletionProtectionEnabled: true,
    },
  })
})

it.each<[string, TableDescription]>([
  ['settled', { SSEDescription: { Status: 'ENABLED' } }],
  ['settled', { SSEDescription: { Status: 'UPDATING' } }],
  ['settled', { GlobalSecondaryIndexes: [{ IndexName: 'i', IndexStatus: 'CREATING' }] }],
  ['changing', { TableStatus: 'CREATING' }],
  ['changing', { TableStatus: 'UPDATING' }],
  ['unavailable', { TableStatus: 'DELETING' }],
  ['unavailable', { TableStatus: 'ARCHIVING' }],
  ['unavailable', { TableStatus: 'ARCHIVED' }],
  ['unavailable', { TableStatus: 'INACCESSIBLE_ENCRYPTION_CREDENTIALS' }],
])('reads the phase "%s" of a table with %j', (phase, changes) => {
  expect(read(changes).phase).toBe(phase)
})

it.each<[TableDescription, readonly ChangeInProgress[], string]>([
  [
    {
      GlobalSecondaryIndexes: [
        { IndexName: 'by-email', IndexStatus: 'CREATING' },
        { IndexName: 'i', IndexStatus: 'ACTIVE' },
        { IndexName: 'j' },
      ],
    },
    [{ part: 'index', name: 'by-email', status: 'CREATING' }],
    'ACTIVE, index by-email CREATING',
  ],
  [
    { GlobalSecondaryIndexes: [{ IndexName: 'i', IndexStatus: 'ACTIVE', WarmThroughput: { Status: 'UPDATING' } }] },
    [{ part: 'warm throughput', name: 'i', status: 'UPDATING' }],
    'ACTIVE, warm throughput i UPDATING',
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
    'ACTIVE, replica eu-west-1 DELETING, replica eu-west-2 UPDATING',
  ],
  [
    { SSEDescription: { Status: 'ENABLING' } },
    [{ part: 'encryption', status: 'ENABLING' }],
    'ACTIVE, encryption ENABLING',
  ],
  [
    { SSEDescription: { Status: 'DISABLING' } },
    [{ part: 'encryption', status: 'DISABLING' }],
    'ACTIVE, encryption DISABLING',
  ],
  [
    { WarmThroughput: { Status: 'UPDATING' } },
    [{ part: 'warm throughput', status: 'UPDATING' }],
    'ACTIVE, warm throughput UPDATING',
  ],
  // DynamoDB does not end these by itself, so no step waits for them.
  [{ Replicas: [{ RegionName: 'eu-west-1', ReplicaStatus: 'CREATION_FAILED' }] }, [], 'ACTIVE'],
  [{ Replicas: [{ RegionName: 'eu-west-1', ReplicaStatus: 'REGION_DISABLED' }] }, [], 'ACTIVE'],
])('lists the changes in progress of an ACTIVE table with %j', (changes, expected, progress) => {
  const table = settled(changes)
  expect(table.changesInProgress).toEqual(expected)
  expect(describeProgress(table)).toBe(progress)
})

it('reads the ARN of a stream only while the stream is enabled', () => {
  const LatestStreamArn = `${arn}/stream/1`
  const on = settled({ LatestStreamArn, StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' } })
  expect([on.streamArn, on.unmanaged]).toEqual([LatestStreamArn, [{ path: 'stream', value: 'NEW_IMAGE' }]])
  const off = settled({ LatestStreamArn, StreamSpecification: { StreamEnabled: false } })
  expect([off.streamArn, off.unmanaged]).toEqual([undefined, []])
})

it('lists the settings that no definition mentions in a fixed order', () => {
  const { unmanaged } = settled({
    GlobalSecondaryIndexes: [{ IndexName: 'z' }, { IndexName: 'a' }],
    LocalSecondaryIndexes: [{ IndexName: 'local' }],
    TableClassSummary: { TableClass: 'STANDARD_INFREQUENT_ACCESS' },
    SSEDescription: { Status: 'ENABLED', KMSMasterKeyArn: 'arn:key' },
    Replicas: [{ RegionName: 'eu-west-1', ReplicaStatus: 'ACTIVE' }],
  })
  expect(unmanaged.map(({ path, value }) => `${path}=${value}`)).toEqual([
    'globalIndex=a',
    'globalIndex=z',
    'localIndex=local',
    'tableClass=STANDARD_INFREQUENT_ACCESS',
    'encryptionKey=arn:key',
    'replica=eu-west-1',
  ])
})

it('lists the replicas in other regions by region, and not the table itself', () => {
  const { unmanaged, replicas } = settled({
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
  expect(unmanaged.map(({ value }) => value)).toEqual(['eu-west-1', 'us-east-1'])
})

it.each<TableDescription['TableStatus']>(['DELETING', 'ARCHIVED'])(
  'accepts an answer without a key for a table that is %s, because AWS omits it then',
  (TableStatus) => {
    expect(readDescription(users, { Table: { ...withoutKey, TableStatus } })).toEqual({
      tableStatus: TableStatus,
      phase: 'unavailable',
      changesInProgress: [],
      arn,
      id: 'id',
    })
  },
)

const otherArns = {
  account: 'arn:aws:dynamodb:ap-south-1:333333333333:table/users',
  region: 'arn:aws:dynamodb:eu-west-1:222222222222:table/users',
  partition: 'arn:aws-cn:dynamodb:ap-south-1:222222222222:table/users',
  name: 'arn:aws:dynamodb:ap-south-1:222222222222:table/tenant',
}
it.each(Object.entries(otherArns))('rejects a table of another %s, and names both ARNs', (_, TableArn) => {
  expect(problemOf({ Table: { ...active, TableArn } })).toBe(
    `Table: TableArn: Invalid type: Expected "${arn}" but received "${TableArn}"`,
  )
})

it.each<[string, Record<string, unknown>]>([
  ['TableArn', { TableArn: undefined }],
  ['TableArn', { TableStatus: 'DELETING', TableArn: undefined }],
  ['TableStatus', { TableStatus: undefined }],
  ['TableStatus', { TableStatus: '' }],
  ['KeySchema', { KeySchema: undefined }],
  ['KeySchema', { KeySchema: [] }],
  ['KeySchema', { KeySchema: [{ AttributeName: 'tenant_id', KeyType: 'RANGE' }] }],
  ['KeySchema: 0.KeyType', { KeySchema: [{ AttributeName: 'tenant_id' }] }],
  ['KeySchema: 0.AttributeName', { KeySchema: [{ KeyType: 'HASH' }] }],
  ['KeySchema: 0.AttributeType', { AttributeDefinitions: undefined }],
  ['KeySchema: 1.AttributeType', { AttributeDefinitions: [{ AttributeName: 'tenant_id', AttributeType: 'S' }] }],
  ['BillingMode', { BillingModeSummary: {} }],
  ['BillingMode', { BillingModeSummary: { BillingMode: 'FREE' } }],
  ['DeletionProtectionEnabled', { DeletionProtectionEnabled: 'yes' }],
  ['TableClassSummary.TableClass', { TableClassSummary: { TableClass: 5 } }],
  ['GlobalSecondaryIndexes.0.IndexName', { GlobalSecondaryIndexes: [{}] }],
  ['LocalSecondaryIndexes.0.IndexName', { LocalSecondaryIndexes: [{}] }],
  ['Replicas.0.RegionName', { Replicas: [{ ReplicaStatus: 'ACTIVE' }] }],
  ['Replicas.0.ReplicaStatus', { Replicas: [{ RegionName: 'eu-west-1' }] }],
  [`LatestStreamArn: Invalid start: Expected "${arn}/stream/"`, { LatestStreamArn: `${otherArns.account}/stream/1` }],
  ['CreationDateTime', { CreationDateTime: new Date(Number.NaN) }],
])('rejects an ACTIVE table and names the field that DynamoDB could not have answered: %s', (field, changes) => {
  expect(problemOf({ Table: { ...active, ...changes } })).toContain(field)
})

it.each([undefined, null, 'x', 5, []])('rejects an answer whose Table is %j', (Table) => {
  expect(problemOf({ Table })).toContain('Table')
})
