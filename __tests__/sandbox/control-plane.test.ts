/** CreateTable, DescribeTable, ListTables and DeleteTable. */
import { arn, createEmulator, type Emulator, globalIndex, name, provisioned, units, users } from './emulator.ts'

let emulator: Emulator

beforeEach(() => {
  emulator = createEmulator()
})

const create = (changes: Record<string, unknown>) => ({ ...users, ...changes })
const refusedCreation = (changes: Record<string, unknown>) => emulator.refusal('CreateTable', create(changes))

describe('a missing table', () => {
  it.each([
    ['DescribeTable', {}, 'ResourceNotFoundException: Requested resource not found: Table: users not found'],
    ['DescribeTimeToLive', {}, 'ResourceNotFoundException'],
    [
      'UpdateTimeToLive',
      { TimeToLiveSpecification: { Enabled: true, AttributeName: 'expires_at' } },
      'ResourceNotFoundException',
    ],
    ['DescribeContinuousBackups', {}, 'TableNotFoundException: Table not found: users'],
    [
      'UpdateContinuousBackups',
      { PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true } },
      'TableNotFoundException',
    ],
    ['UpdateTable', { DeletionProtectionEnabled: true }, 'ResourceNotFoundException'],
    ['DeleteTable', {}, 'ResourceNotFoundException'],
  ])('is an error of %s', (operation, input, error) => {
    expect(emulator.refusal(operation, { ...name, ...input })).toMatch(error)
  })

  it('is an error of ListTagsOfResource', () => {
    expect(emulator.refusal('ListTagsOfResource', { ResourceArn: arn })).toBe(
      `ResourceNotFoundException: Requested resource not found: ResourceArn: ${arn} not found`,
    )
  })

  it('is reported only if the request itself is valid (070)', () => {
    const zero = { ReadCapacityUnits: 1, WriteCapacityUnits: 0 }
    expect(emulator.refusedUpdate({ ProvisionedThroughput: zero })).toMatch(/^ValidationException/)
    expect(emulator.refusedUpdate({})).toMatch(/^ValidationException: At least one of/)
  })
})

describe('a new table', () => {
  it('is CREATING for six seconds, and rejects UpdateTable and DeleteTable (001, 005)', () => {
    emulator.call('CreateTable', users)
    expect(emulator.table().TableStatus).toBe('CREATING')
    const inUse = /^ResourceInUseException: .*Table is being created: users$/
    expect(emulator.refusedUpdate({ DeletionProtectionEnabled: true })).toMatch(inUse)
    expect(emulator.refusal('DeleteTable')).toMatch(inUse)
    expect(emulator.refusal('CreateTable', users)).toMatch(inUse)
    emulator.advance(6)
    expect(emulator.table().TableStatus).toBe('ACTIVE')
    expect(emulator.refusal('CreateTable', users)).toBe('ResourceInUseException: Table already exists: users')
    expect(refusedCreation({ KeySchema: [] })).toMatch(/^ValidationException/)
  })

  it('with global indexes is CREATING for 18 seconds, and its indexes become ACTIVE with it (138, 148)', () => {
    emulator.call('CreateTable', create({ GlobalSecondaryIndexes: [globalIndex('one')] }))
    emulator.advance(17)
    expect(emulator.table()).toMatchObject({
      TableStatus: 'CREATING',
      GlobalSecondaryIndexes: [{ IndexStatus: 'CREATING' }],
    })
    emulator.advance(1)
    const { TableStatus, GlobalSecondaryIndexes } = emulator.table()
    expect([TableStatus, GlobalSecondaryIndexes[0].IndexStatus]).toEqual(['ACTIVE', 'ACTIVE'])
    expect(GlobalSecondaryIndexes[0]).not.toHaveProperty('Backfilling')
  })
})

describe('CreateTable', () => {
  const range = (AttributeName: string) => ({ AttributeName, KeyType: 'RANGE' })
  const hash = (AttributeName: string) => ({ AttributeName, KeyType: 'HASH' })
  const definitions = (...names: string[]) => names.map((each) => ({ AttributeName: each, AttributeType: 'S' }))
  /** A table with a sort key, which local indexes require. */
  const withLocal = (...indexes: object[]) => ({
    AttributeDefinitions: definitions('tenant_id', 'user_id', 'email'),
    KeySchema: [hash('tenant_id'), range('user_id')],
    LocalSecondaryIndexes: indexes,
  })
  const localIndex = (KeySchema: object[], IndexName = 'local') => ({
    IndexName,
    KeySchema,
    Projection: { ProjectionType: 'ALL' },
  })
  const byEmail = [hash('tenant_id'), range('email')]

  it.each<[string, Record<string, unknown>, string]>([
    [
      'a sort key without a partition key',
      { KeySchema: [range('tenant_id')] },
      'The first KeySchemaElement is not a HASH key type',
    ],
    [
      'two partition keys',
      { KeySchema: [hash('tenant_id'), hash('b')] },
      'The second KeySchemaElement is not a RANGE key type',
    ],
    [
      'the same key attribute twice',
      { KeySchema: [hash('tenant_id'), range('tenant_id')] },
      'Some index key attribute have no definition',
    ],
    ['no attribute definitions', { AttributeDefinitions: [] }, 'Some index key attribute have no definition'],
    [
      'an attribute defined twice',
      { AttributeDefinitions: definitions('tenant_id', 'tenant_id') },
      'Attribute Name is duplicated: tenant_id',
    ],
    [
      'a key attribute without a definition',
      { AttributeDefinitions: definitions('other') },
      'Some index key attributes are not defined in AttributeDefinitions. Keys: [tenant_id], AttributeDefinitions: [other]',
    ],
    [
      'a definition that no key uses',
      { AttributeDefinitions: definitions('tenant_id', 'more') },
      'Number of attributes in KeySchema does not exactly match',
    ],
    [
      'a definition that no key uses, with an index',
      {
        AttributeDefinitions: definitions('tenant_id', 'more'),
        GlobalSecondaryIndexes: [globalIndex('one')],
      },
      'Some AttributeDefinitions are not used. AttributeDefinitions: [tenant_id, more], keys used: [tenant_id]',
    ],
    [
      'provisioned throughput with on-demand billing',
      { ProvisionedThroughput: units(1) },
      'Neither ReadCapacityUnits nor WriteCapacityUnits can be specified',
    ],
    [
      'provisioned billing without throughput',
      { BillingMode: 'PROVISIONED' },
      'must both be specified when BillingMode',
    ],
    ['no billing mode and no throughput', { BillingMode: undefined }, 'must both be specified when BillingMode'],
    [
      'an on-demand maximum with provisioned billing',
      { ...provisioned, OnDemandThroughput: { MaxReadRequestUnits: 1 } },
      'MaxReadRequestUnits for OnDemandThroughput cannot be specified',
    ],
    ['an on-demand maximum of 0', { OnDemandThroughput: { MaxReadRequestUnits: 0 } }, 'outside of valid range'],
    ['an on-demand maximum of -1', { OnDemandThroughput: { MaxWriteRequestUnits: -1 } }, 'outside of valid range'],
    [
      'less warm throughput than the initial one of an on-demand table',
      { WarmThroughput: { ReadUnitsPerSecond: 1 } },
      'lower than initial throughput for OnDemand',
    ],
    [
      'less warm throughput than the provisioned throughput',
      { ...provisioned, WarmThroughput: { ReadUnitsPerSecond: 1 } },
      'ReadUnitsPerSecond for WarmThroughput for table is lower than',
    ],
    ['an empty list of global indexes', { GlobalSecondaryIndexes: [] }, 'List of GlobalSecondaryIndexes is empty'],
    ['an empty list of local indexes', { LocalSecondaryIndexes: [] }, 'List of LocalSecondaryIndexes is empty'],
    [
      '21 global indexes',
      { GlobalSecondaryIndexes: Array.from({ length: 21 }, (_, index) => globalIndex(`index-${index}`)) },
      'GlobalSecondaryIndex count exceeds the per-table limit of 20',
    ],
    [
      'six local indexes',
      withLocal(...Array.from({ length: 6 }, (_, index) => localIndex(byEmail, `local-${index}`))),
      'Number of LocalSecondaryIndexes exceeds per-table limit of 5',
    ],
    [
      'two indexes with the same name',
      { ...withLocal(localIndex(byEmail, 'same')), GlobalSecondaryIndexes: [globalIndex('same')] },
      'Duplicate index name: same',
    ],
    [
      'a local index on a table without a sort key',
      {
        AttributeDefinitions: definitions('tenant_id', 'email'),
        LocalSecondaryIndexes: [localIndex(byEmail)],
      },
      'Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex',
    ],
    [
      'a local index with another partition key',
      withLocal(localIndex([hash('email'), range('user_id')])),
      'Index KeySchema does not have the same leading hash key as table KeySchema for index: local. index hash key: email, table hash key: tenant_id',
    ],
    [
      'a local index without a sort key',
      {
        ...withLocal(localIndex([hash('tenant_id')])),
        AttributeDefinitions: definitions('tenant_id', 'user_id'),
      },
      'Index KeySchema does not have a range key for index: local',
    ],
    [
      'a global index without a partition key',
      { GlobalSecondaryIndexes: [globalIndex('one', { KeySchema: [range('tenant_id')] })] },
      'The first KeySchemaElement is not a HASH key type',
    ],
    [
      'a global index with a partition key after a sort key',
      {
        AttributeDefinitions: definitions('tenant_id', 'a', 'b'),
        GlobalSecondaryIndexes: [globalIndex('one', { KeySchema: [hash('tenant_id'), range('a'), hash('b')] })],
      },
      'All HASH key attributes must precede RANGE key attributes',
    ],
    [
      'a global index with five partition keys',
      {
        AttributeDefinitions: definitions('tenant_id', 'a', 'b', 'c', 'd'),
        GlobalSecondaryIndexes: [globalIndex('one', { KeySchema: ['tenant_id', 'a', 'b', 'c', 'd'].map(hash) })],
      },
      'exceeds the maximum allowed number of HASH key attributes',
    ],
    [
      'a global index with the same key attribute twice',
      { GlobalSecondaryIndexes: [globalIndex('one', { KeySchema: [hash('tenant_id'), range('tenant_id')] })] },
      'multiple key attributes with the same name',
    ],
    [
      'a projection without a type',
      { GlobalSecondaryIndexes: [globalIndex('one', { Projection: {} })] },
      'Unknown ProjectionType: null',
    ],
    [
      'a projection INCLUDE without attributes',
      { GlobalSecondaryIndexes: [globalIndex('one', { Projection: { ProjectionType: 'INCLUDE' } })] },
      'ProjectionType is INCLUDE, but NonKeyAttributes is not specified',
    ],
    [
      'a projection ALL with attributes',
      {
        GlobalSecondaryIndexes: [
          globalIndex('one', { Projection: { ProjectionType: 'ALL', NonKeyAttributes: ['a'] } }),
        ],
      },
      'ProjectionType is ALL, but NonKeyAttributes is specified',
    ],
    [
      'an attribute projected twice',
      {
        GlobalSecondaryIndexes: [
          globalIndex('one', { Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: ['a', 'a'] } }),
        ],
      },
      'Duplicate element in NonKeyAttributes: a',
    ],
    [
      'throughput of an index with on-demand billing',
      { GlobalSecondaryIndexes: [globalIndex('one', { ProvisionedThroughput: units(1) })] },
      'ProvisionedThroughput should not be specified for index: one',
    ],
    [
      'an index without throughput with provisioned billing',
      { ...provisioned, GlobalSecondaryIndexes: [globalIndex('one')] },
      'ProvisionedThroughput is not specified for index: one',
    ],
    [
      'a stream without a view type',
      { StreamSpecification: { StreamEnabled: true } },
      'Table is being created with a stream enabled, UpdateViewType is required',
    ],
    [
      'a view type without a stream',
      { StreamSpecification: { StreamEnabled: false, StreamViewType: 'NEW_IMAGE' } },
      'Table is being created with a stream disabled, UpdateViewType should not be specified',
    ],
    [
      'an encryption key without a type',
      { SSESpecification: { Enabled: true, KMSMasterKeyId: 'mine' } },
      'SSEType KMS is required if KMSMasterKeyId is specified',
    ],
    [
      'an encryption type with encryption disabled',
      { SSESpecification: { Enabled: false, SSEType: 'KMS' } },
      'SSEType can not be specified if Enabled is false',
    ],
    [
      'an encryption key with encryption disabled',
      { SSESpecification: { Enabled: false, KMSMasterKeyId: 'mine' } },
      'KMSMasterKeyId can not be specified if Enabled is false',
    ],
    [
      'encryption with AES256',
      { SSESpecification: { Enabled: true, SSEType: 'AES256' } },
      'SSEType AES256 is not supported',
    ],
  ])('rejects %s, and creates nothing', (_, changes, message) => {
    const refusal = refusedCreation(changes)
    expect(refusal).toMatch(/^ValidationException: /)
    expect(refusal).toContain(message)
    expect(emulator.refusal('DescribeTable')).toMatch(/^ResourceNotFoundException/)
  })

  const key = 'arn:aws:kms:ap-south-1:222222222222:key/mine'

  it('creates indexes, a stream, encryption and a table class', () => {
    emulator.settled({
      AttributeDefinitions: definitions('user_id', 'tenant_id', 'email'),
      KeySchema: [hash('tenant_id'), range('user_id')],
      GlobalSecondaryIndexes: [
        globalIndex('index', {
          ProvisionedThroughput: { ReadCapacityUnits: 2, WriteCapacityUnits: 3 },
          Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: ['z', 'a'] },
        }),
      ],
      LocalSecondaryIndexes: [localIndex(byEmail)],
      StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' },
      SSESpecification: { Enabled: true, SSEType: 'KMS', KMSMasterKeyId: key },
      TableClass: 'STANDARD_INFREQUENT_ACCESS',
      ...provisioned,
    })
    expect(emulator.table()).toMatchObject({
      TableArn: arn,
      // AWS sorts them by name (125).
      AttributeDefinitions: definitions('email', 'tenant_id', 'user_id'),
      GlobalSecondaryIndexes: [
        {
          IndexName: 'index',
          IndexStatus: 'ACTIVE',
          IndexArn: `${arn}/index/index`,
          Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: ['a', 'z'] },
          ProvisionedThroughput: { ReadCapacityUnits: 2, WriteCapacityUnits: 3 },
          WarmThroughput: { ReadUnitsPerSecond: 2, WriteUnitsPerSecond: 3, Status: 'ACTIVE' },
        },
      ],
      LocalSecondaryIndexes: [{ IndexName: 'local', IndexArn: `${arn}/index/local`, ItemCount: 0 }],
      StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' },
      LatestStreamArn: expect.stringContaining(`${arn}/stream/`),
      SSEDescription: { Status: 'ENABLED', KMSMasterKeyArn: key },
      TableClassSummary: { TableClass: 'STANDARD_INFREQUENT_ACCESS' },
      WarmThroughput: { ReadUnitsPerSecond: 5, WriteUnitsPerSecond: 5, Status: 'ACTIVE' },
    })
    expect(emulator.table().BillingModeSummary).toBeUndefined()
  })

  it('returns warm throughput only if the request has it (033)', () => {
    const { TableDescription } = emulator.call('CreateTable', users)
    expect(TableDescription).not.toHaveProperty('WarmThroughput')
    const warm = { ReadUnitsPerSecond: 13_000, WriteUnitsPerSecond: 5000 }
    const answer = emulator.call('CreateTable', { ...users, TableName: 'warm', WarmThroughput: warm })
    expect(answer.TableDescription.WarmThroughput).toEqual({ ...warm, Status: 'UPDATING' })
    emulator.advance(6)
    expect(emulator.call('DescribeTable', { TableName: 'warm' }).Table.WarmThroughput.Status).toBe('ACTIVE')
  })

  it('stores a given table class, even the default one (026)', () => {
    emulator.settled({ TableClass: 'STANDARD' })
    expect(emulator.table().TableClassSummary).toEqual({ TableClass: 'STANDARD' })
    emulator.call('CreateTable', create({ TableName: 'other' }))
    expect(emulator.call('DescribeTable', { TableName: 'other' }).Table.TableClassSummary).toBeUndefined()
  })

  it('accepts an empty list of tags and an empty SSESpecification (044, 110)', () => {
    emulator.settled({ Tags: [], SSESpecification: {} })
    expect(emulator.table().SSEDescription).toBeUndefined()
  })
})

describe('an ARN as a table name', () => {
  it('is accepted (011)', () => {
    emulator.settled()
    expect(emulator.call('DescribeTable', { TableName: arn }).Table.TableName).toBe('users')
    expect(emulator.refusal('DescribeTable', { TableName: arn.replace('users', 'gone') })).toMatch(
      'Table: gone not found',
    )
  })

  it.each([
    ['another account', arn.replace('222222222222', '333333333333'), 'AccessDeniedException: Access is denied'],
    ['another region', arn.replace('ap-south-1', 'us-east-1'), 'ValidationException: .*Invalid AWS region'],
    ['an index', `${arn}/index/one`, 'ValidationException'],
    ['a stream', `${arn}/stream/2026-01-01T00:00:00.000`, 'ValidationException'],
    ['another service', 'arn:aws:s3:::bucket', 'ValidationException'],
  ])('of %s is rejected (011)', (_, TableName, error) => {
    emulator.settled()
    expect(emulator.refusal('DescribeTable', { TableName })).toMatch(new RegExp(`^${error}`))
  })
})

describe('DeleteTable', () => {
  it('rejects a protected table with the message of AWS', () => {
    emulator.settled({ DeletionProtectionEnabled: true })
    expect(emulator.refusal('DeleteTable')).toBe(
      'ValidationException: Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.',
    )
  })

  it('leaves the table DELETING for four seconds; a recreated table has another id', () => {
    emulator.settled()
    const { TableId } = emulator.table()
    emulator.call('DeleteTable')
    expect(emulator.table().TableStatus).toBe('DELETING')
    const inUse = /^ResourceInUseException: .*Table is being deleted: users$/
    expect(emulator.refusal('DeleteTable')).toMatch(inUse)
    expect(emulator.refusedUpdate({ DeletionProtectionEnabled: true })).toMatch(inUse)
    expect(emulator.refusal('CreateTable', users)).toBe('ResourceInUseException: Table already exists: users')
    expect(emulator.call('ListTables', {}).TableNames).toEqual(['users'])
    emulator.advance(4)
    expect(emulator.call('ListTables', {}).TableNames).toEqual([])
    emulator.settled()
    expect(emulator.table().TableId).not.toBe(TableId)
  })

  it('ends the cooldown of deletion protection (377)', () => {
    emulator.settled()
    emulator.update({ DeletionProtectionEnabled: true })
    emulator.advance(15)
    emulator.update({ DeletionProtectionEnabled: false })
    emulator.call('DeleteTable')
    emulator.advance(4)
    emulator.call('CreateTable', users)
    emulator.advance(6)
    emulator.update({ DeletionProtectionEnabled: true })
  })
})

it('an unsupported operation is UnknownOperationException', () => {
  expect(emulator.refusal('ExportTableToPointInTime')).toMatch('UnknownOperationException')
})
