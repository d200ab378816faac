/** Tables from CreateTable to their end, as the sandbox keeps them. Ids such as 017 are DDB-TABLE findings. */
import { aPlane, arn, globalIndex, name, type Plane, provisioned, units, users } from './plane.ts'

let plane: Plane

beforeEach(() => {
  plane = aPlane()
})

const create = (changes: Record<string, unknown>) => ({ ...users, ...changes })
const refusedCreation = (changes: Record<string, unknown>) => plane.refusal('CreateTable', create(changes))

describe('a table that does not exist', () => {
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
  ])('is reported by %s', (operation, input, error) => {
    expect(plane.refusal(operation, { ...name, ...input })).toMatch(error)
  })

  it('is reported by ListTagsOfResource', () => {
    expect(plane.refusal('ListTagsOfResource', { ResourceArn: arn })).toBe(
      `ResourceNotFoundException: Requested resource not found: ResourceArn: ${arn} not found`,
    )
  })

  it('is reported only after the request itself is valid (070)', () => {
    const zero = { ReadCapacityUnits: 1, WriteCapacityUnits: 0 }
    expect(plane.refusedUpdate({ ProvisionedThroughput: zero })).toMatch(/^ValidationException/)
    expect(plane.refusedUpdate({})).toMatch(/^ValidationException: At least one of/)
  })
})

describe('a new table', () => {
  it('is CREATING for six seconds, and rejects UpdateTable and DeleteTable (001, 005)', () => {
    plane.call('CreateTable', users)
    expect(plane.table().TableStatus).toBe('CREATING')
    const inUse = /^ResourceInUseException: .*Table is being created: users$/
    expect(plane.refusedUpdate({ DeletionProtectionEnabled: true })).toMatch(inUse)
    expect(plane.refusal('DeleteTable')).toMatch(inUse)
    expect(plane.refusal('CreateTable', users)).toMatch(inUse)
    plane.seconds(6)
    expect(plane.table().TableStatus).toBe('ACTIVE')
    expect(plane.refusal('CreateTable', users)).toBe('ResourceInUseException: Table already exists: users')
    expect(refusedCreation({ KeySchema: [] })).toMatch(/^ValidationException/)
  })

  it('with global indexes is CREATING for 18 seconds, and its indexes are ACTIVE with it (138, 148)', () => {
    plane.call('CreateTable', create({ GlobalSecondaryIndexes: [globalIndex('one')] }))
    plane.seconds(17)
    expect(plane.table()).toMatchObject({
      TableStatus: 'CREATING',
      GlobalSecondaryIndexes: [{ IndexStatus: 'CREATING' }],
    })
    plane.seconds(1)
    const { TableStatus, GlobalSecondaryIndexes } = plane.table()
    expect([TableStatus, GlobalSecondaryIndexes[0].IndexStatus]).toEqual(['ACTIVE', 'ACTIVE'])
    expect(GlobalSecondaryIndexes[0]).not.toHaveProperty('Backfilling')
  })
})

describe('CreateTable', () => {
  const range = (AttributeName: string) => ({ AttributeName, KeyType: 'RANGE' })
  const hash = (AttributeName: string) => ({ AttributeName, KeyType: 'HASH' })
  const definitions = (...names: string[]) => names.map((each) => ({ AttributeName: each, AttributeType: 'S' }))
  /** A table with a sort key, so that it may have local indexes. */
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
    ['a sort key alone', { KeySchema: [range('tenant_id')] }, 'The first KeySchemaElement is not a HASH key type'],
    [
      'two partition keys',
      { KeySchema: [hash('tenant_id'), hash('b')] },
      'The second KeySchemaElement is not a RANGE key type',
    ],
    [
      'the same key twice',
      { KeySchema: [hash('tenant_id'), range('tenant_id')] },
      'Some index key attribute have no definition',
    ],
    ['no definitions', { AttributeDefinitions: [] }, 'Some index key attribute have no definition'],
    [
      'an attribute defined twice',
      { AttributeDefinitions: definitions('tenant_id', 'tenant_id') },
      'Attribute Name is duplicated: tenant_id',
    ],
    [
      'a key that is not defined',
      { AttributeDefinitions: definitions('other') },
      'Some index key attributes are not defined in AttributeDefinitions. Keys: [tenant_id], AttributeDefinitions: [other]',
    ],
    [
      'an attribute that no key uses',
      { AttributeDefinitions: definitions('tenant_id', 'more') },
      'Number of attributes in KeySchema does not exactly match',
    ],
    [
      'an attribute that no key uses, beside an index',
      {
        AttributeDefinitions: definitions('tenant_id', 'more'),
        GlobalSecondaryIndexes: [globalIndex('one')],
      },
      'Some AttributeDefinitions are not used. AttributeDefinitions: [tenant_id, more], keys used: [tenant_id]',
    ],
    [
      'throughput on demand',
      { ProvisionedThroughput: units(1) },
      'Neither ReadCapacityUnits nor WriteCapacityUnits can be specified',
    ],
    ['provisioned without throughput', { BillingMode: 'PROVISIONED' }, 'must both be specified when BillingMode'],
    ['no billing mode and no throughput', { BillingMode: undefined }, 'must both be specified when BillingMode'],
    [
      'a maximum on demand where billing is provisioned',
      { ...provisioned, OnDemandThroughput: { MaxReadRequestUnits: 1 } },
      'MaxReadRequestUnits for OnDemandThroughput cannot be specified',
    ],
    ['a maximum of 0', { OnDemandThroughput: { MaxReadRequestUnits: 0 } }, 'outside of valid range'],
    ['a maximum of -1', { OnDemandThroughput: { MaxWriteRequestUnits: -1 } }, 'outside of valid range'],
    [
      'less warm throughput than a table on demand has',
      { WarmThroughput: { ReadUnitsPerSecond: 1 } },
      'lower than initial throughput for OnDemand',
    ],
    [
      'less warm throughput than it provides',
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
      'two indexes of one name',
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
      'a local index by another partition key',
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
      'a global index by a sort key alone',
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
      'a global index with the same key twice',
      { GlobalSecondaryIndexes: [globalIndex('one', { KeySchema: [hash('tenant_id'), range('tenant_id')] })] },
      'multiple key attributes with the same name',
    ],
    [
      'a projection of no type',
      { GlobalSecondaryIndexes: [globalIndex('one', { Projection: {} })] },
      'Unknown ProjectionType: null',
    ],
    [
      'INCLUDE without attributes',
      { GlobalSecondaryIndexes: [globalIndex('one', { Projection: { ProjectionType: 'INCLUDE' } })] },
      'ProjectionType is INCLUDE, but NonKeyAttributes is not specified',
    ],
    [
      'ALL with attributes',
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
      'throughput of an index on demand',
      { GlobalSecondaryIndexes: [globalIndex('one', { ProvisionedThroughput: units(1) })] },
      'ProvisionedThroughput should not be specified for index: one',
    ],
    [
      'an index without throughput where billing is provisioned',
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
      'a key without its type',
      { SSESpecification: { Enabled: true, KMSMasterKeyId: 'mine' } },
      'SSEType KMS is required if KMSMasterKeyId is specified',
    ],
    [
      'a type of encryption that is off',
      { SSESpecification: { Enabled: false, SSEType: 'KMS' } },
      'SSEType can not be specified if Enabled is false',
    ],
    [
      'a key of encryption that is off',
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
    expect(plane.refusal('DescribeTable')).toMatch(/^ResourceNotFoundException/)
  })

  const key = 'arn:aws:kms:ap-south-1:222222222222:key/mine'

  it('creates indexes, a stream, encryption and a class', () => {
    plane.settled({
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
    expect(plane.table()).toMatchObject({
      TableArn: arn,
      // Sorted by name (125).
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
    expect(plane.table().BillingModeSummary).toBeUndefined()
  })

  it('returns warm throughput only if the request has it (033)', () => {
    const { TableDescription } = plane.call('CreateTable', users)
    expect(TableDescription).not.toHaveProperty('WarmThroughput')
    const warm = { ReadUnitsPerSecond: 13_000, WriteUnitsPerSecond: 5000 }
    const answer = plane.call('CreateTable', { ...users, TableName: 'warm', WarmThroughput: warm })
    expect(answer.TableDescription.WarmThroughput).toEqual({ ...warm, Status: 'UPDATING' })
    plane.seconds(6)
    expect(plane.call('DescribeTable', { TableName: 'warm' }).Table.WarmThroughput.Status).toBe('ACTIVE')
  })

  it('returns a table class that was given, even the default one (026)', () => {
    plane.settled({ TableClass: 'STANDARD' })
    expect(plane.table().TableClassSummary).toEqual({ TableClass: 'STANDARD' })
    plane.call('CreateTable', create({ TableName: 'other' }))
    expect(plane.call('DescribeTable', { TableName: 'other' }).Table.TableClassSummary).toBeUndefined()
  })

  it('accepts an empty list of tags, and empty encryption (044, 110)', () => {
    plane.settled({ Tags: [], SSESpecification: {} })
    expect(plane.table().SSEDescription).toBeUndefined()
  })
})

describe('an ARN as a table name', () => {
  it('is accepted (011)', () => {
    plane.settled()
    expect(plane.call('DescribeTable', { TableName: arn }).Table.TableName).toBe('users')
    expect(plane.refusal('DescribeTable', { TableName: arn.replace('users', 'gone') })).toMatch('Table: gone not found')
  })

  it.each([
    ['another account', arn.replace('222222222222', '333333333333'), 'AccessDeniedException: Access is denied'],
    ['another region', arn.replace('ap-south-1', 'us-east-1'), 'ValidationException: .*Invalid AWS region'],
    ['an index', `${arn}/index/one`, 'ValidationException'],
    ['a stream', `${arn}/stream/2026-01-01T00:00:00.000`, 'ValidationException'],
    ['another service', 'arn:aws:s3:::bucket', 'ValidationException'],
  ])('is rejected if it is of %s (011)', (_, TableName, error) => {
    plane.settled()
    expect(plane.refusal('DescribeTable', { TableName })).toMatch(new RegExp(`^${error}`))
  })
})

describe('DeleteTable', () => {
  it('rejects a protected table with the message of AWS', () => {
    plane.settled({ DeletionProtectionEnabled: true })
    expect(plane.refusal('DeleteTable')).toBe(
      'ValidationException: Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.',
    )
  })

  it('leaves a table DELETING for four seconds, and the next table of the name has another id', () => {
    plane.settled()
    const { TableId } = plane.table()
    plane.call('DeleteTable')
    expect(plane.table().TableStatus).toBe('DELETING')
    const inUse = /^ResourceInUseException: .*Table is being deleted: users$/
    expect(plane.refusal('DeleteTable')).toMatch(inUse)
    expect(plane.refusedUpdate({ DeletionProtectionEnabled: true })).toMatch(inUse)
    expect(plane.refusal('CreateTable', users)).toBe('ResourceInUseException: Table already exists: users')
    expect(plane.call('ListTables', {}).TableNames).toEqual(['users'])
    plane.seconds(4)
    expect(plane.call('ListTables', {}).TableNames).toEqual([])
    plane.settled()
    expect(plane.table().TableId).not.toBe(TableId)
  })

  it('ends the budgets and waiting times of the table (377)', () => {
    plane.settled()
    const expire = { ...name, TimeToLiveSpecification: { Enabled: true, AttributeName: 'expires_at' } }
    plane.call('UpdateTimeToLive', expire)
    plane.update({ DeletionProtectionEnabled: true })
    plane.seconds(15)
    plane.update({ DeletionProtectionEnabled: false })
    plane.call('DeleteTable')
    plane.seconds(4)
    plane.call('CreateTable', users)
    plane.seconds(6)
    plane.update({ DeletionProtectionEnabled: true })
    plane.call('UpdateTimeToLive', expire)
  })
})

it('an unknown operation is UnknownOperationException', () => {
  expect(plane.refusal('ExportTableToPointInTime')).toMatch('UnknownOperationException')
})
