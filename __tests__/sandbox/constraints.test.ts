/** Validation of requests against DynamoDB's API model: types, sizes and enumerations. */
import { arn, createEmulator, type Emulator, globalIndex, name, users } from './emulator.ts'

let emulator: Emulator

beforeEach(() => {
  emulator = createEmulator()
})

const oneError = (value: string, path: string, rule: string) =>
  `ValidationException: 1 validation error detected: Value ${value} at '${path}' failed to satisfy constraint: Member must ${rule}`

it.each<[string, string, Record<string, unknown>, string]>([
  [
    'a table name of two characters',
    'CreateTable',
    { ...users, TableName: 'ab' },
    oneError("'ab'", 'tableName', 'have length greater than or equal to 3'),
  ],
  [
    'a table name of 256 characters',
    'CreateTable',
    { ...users, TableName: 'a'.repeat(256) },
    oneError(`'${'a'.repeat(256)}'`, 'tableName', 'have length less than or equal to 255'),
  ],
  [
    'a table name with a semicolon',
    'DescribeTable',
    { TableName: 'invalid;name' },
    oneError("'invalid;name'", 'tableName', 'satisfy regular expression pattern: [a-zA-Z0-9_.-]+'),
  ],
  [
    'no table name',
    'DescribeTable',
    {},
    "ValidationException: The parameter 'TableName' is required but was not present in the request",
  ],
  [
    'an empty key schema',
    'CreateTable',
    { ...users, KeySchema: [] },
    oneError("'[]'", 'keySchema', 'have length greater than or equal to 1'),
  ],
  ['no key schema', 'CreateTable', { ...users, KeySchema: undefined }, oneError('null', 'keySchema', 'not be null')],
  [
    'a key schema of three attributes',
    'CreateTable',
    { ...users, KeySchema: ['a', 'b', 'c'].map((AttributeName) => ({ AttributeName, KeyType: 'HASH' })) },
    oneError(
      "'[KeySchemaElement(attributeName=a, keyType=HASH), KeySchemaElement(attributeName=b, keyType=HASH), KeySchemaElement(attributeName=c, keyType=HASH)]'",
      'keySchema',
      'have length less than or equal to 2',
    ),
  ],
  [
    'an unknown key type',
    'CreateTable',
    { ...users, KeySchema: [{ AttributeName: 'tenant_id', KeyType: 'INVALID' }] },
    oneError("'INVALID'", 'keySchema.1.member.keyType', 'satisfy enum value set: [HASH, RANGE]'),
  ],
  [
    'an unknown attribute type',
    'CreateTable',
    { ...users, AttributeDefinitions: [{ AttributeName: 'tenant_id', AttributeType: 'BOOL' }] },
    oneError("'BOOL'", 'attributeDefinitions.1.member.attributeType', 'satisfy enum value set: [B, N, S]'),
  ],
  [
    'an unknown billing mode',
    'CreateTable',
    { ...users, BillingMode: 'FREE' },
    oneError("'FREE'", 'billingMode', 'satisfy enum value set: [PROVISIONED, PAY_PER_REQUEST]'),
  ],
  [
    'an unknown view type',
    'CreateTable',
    { ...users, StreamSpecification: { StreamEnabled: true, StreamViewType: 'new_image' } },
    oneError(
      "'new_image'",
      'streamSpecification.streamViewType',
      'satisfy enum value set: [OLD_IMAGE, KEYS_ONLY, NEW_AND_OLD_IMAGES, NEW_IMAGE]',
    ),
  ],
  [
    'an unknown encryption type',
    'CreateTable',
    { ...users, SSESpecification: { Enabled: true, SSEType: 'kms' } },
    oneError("'kms'", 'sSESpecification.sSEType', 'satisfy enum value set: [AES256, KMS]'),
  ],
  [
    'an unknown table class',
    'UpdateTable',
    { ...name, TableClass: '' },
    oneError("''", 'tableClass', 'satisfy enum value set: [STANDARD, STANDARD_INFREQUENT_ACCESS]'),
  ],
  [
    'an index without a projection',
    'CreateTable',
    { ...users, GlobalSecondaryIndexes: [globalIndex('one', { Projection: undefined })] },
    oneError('null', 'globalSecondaryIndexes.1.member.projection', 'not be null'),
  ],
  [
    'an index name of two characters',
    'CreateTable',
    { ...users, GlobalSecondaryIndexes: [globalIndex('ab')] },
    oneError("'ab'", 'globalSecondaryIndexes.1.member.indexName', 'have length greater than or equal to 3'),
  ],
  [
    'a projection of an empty list of attributes',
    'CreateTable',
    {
      ...users,
      GlobalSecondaryIndexes: [globalIndex('one', { Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: [] } })],
    },
    oneError(
      "'[]'",
      'globalSecondaryIndexes.1.member.projection.nonKeyAttributes',
      'have length greater than or equal to 1',
    ),
  ],
  [
    'no write capacity',
    'UpdateTable',
    { ...name, ProvisionedThroughput: { ReadCapacityUnits: 1 } },
    oneError('null', 'provisionedThroughput.writeCapacityUnits', 'not be null'),
  ],
  [
    'an empty list of replica updates',
    'UpdateTable',
    { ...name, ReplicaUpdates: [] },
    oneError("'[]'", 'replicaUpdates', 'have length greater than or equal to 1'),
  ],
  [
    'time to live with an empty attribute name',
    'UpdateTimeToLive',
    { ...name, TimeToLiveSpecification: { Enabled: true, AttributeName: '' } },
    oneError("''", 'timeToLiveSpecification.attributeName', 'have length greater than or equal to 1'),
  ],
  [
    'time to live without an attribute name',
    'UpdateTimeToLive',
    { ...name, TimeToLiveSpecification: { Enabled: false } },
    oneError('null', 'timeToLiveSpecification.attributeName', 'not be null'),
  ],
  [
    'a recovery period of 36 days',
    'UpdateContinuousBackups',
    { ...name, PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true, RecoveryPeriodInDays: 36 } },
    oneError("'36'", 'pointInTimeRecoverySpecification.recoveryPeriodInDays', 'have value less than or equal to 35'),
  ],
  ['a page size of 0', 'ListTables', { Limit: 0 }, oneError("'0'", 'limit', 'have value greater than or equal to 1')],
  [
    'a page size of 101',
    'ListTables',
    { Limit: 101 },
    oneError("'101'", 'limit', 'have value less than or equal to 100'),
  ],
  [
    'an invalid table name and an empty key schema, of which the error names the table name only',
    'CreateTable',
    { ...users, TableName: '..', KeySchema: [] },
    oneError("'..'", 'tableName', 'have length greater than or equal to 3'),
  ],
  ['no ARN', 'ListTagsOfResource', { ResourceArn: undefined }, oneError('null', 'resourceArn', 'not be null')],
])('a request with %s is rejected', (_, operation, input, refusal) =>
  expect(emulator.refusal(operation, input)).toBe(refusal),
)

it.each([0, -1])('a throughput of %i is rejected, and the error names both members (038, 128)', (count) => {
  const rule = 'failed to satisfy constraint: Member must have value greater than or equal to 1'
  const ProvisionedThroughput = { ReadCapacityUnits: count, WriteCapacityUnits: count }
  for (const operation of ['CreateTable', 'UpdateTable']) {
    const input = operation === 'CreateTable' ? { ...users, ProvisionedThroughput } : { ...name, ProvisionedThroughput }
    expect(emulator.refusal(operation, input)).toBe(
      `ValidationException: 2 validation errors detected: Value '${count}' at 'provisionedThroughput.writeCapacityUnits' ${rule}; Value '${count}' at 'provisionedThroughput.readCapacityUnits' ${rule}`,
    )
  }
})

it.each<[string, string, Record<string, unknown>, string]>([
  [
    'a number instead of a string',
    'CreateTable',
    { ...users, BillingMode: 1 },
    'NUMBER_VALUE cannot be converted to String',
  ],
  [
    'a boolean instead of a string',
    'ListTagsOfResource',
    { ResourceArn: true },
    'TRUE_VALUE cannot be converted to String',
  ],
  ['a string instead of a number', 'ListTables', { Limit: '10' }, 'STRING_VALUE cannot be converted to Long'],
  [
    'a string instead of a boolean',
    'UpdateTable',
    { ...name, DeletionProtectionEnabled: 'yes' },
    'STRING_VALUE cannot be converted to Boolean',
  ],
  [
    'a structure instead of a string',
    'UntagResource',
    { ResourceArn: arn, TagKeys: [{}] },
    'Start of structure or map found where not expected',
  ],
  ['a string instead of a list', 'TagResource', { ResourceArn: arn, Tags: 'team' }, 'Expected list or null'],
  [
    'a list instead of a structure',
    'UpdateTable',
    { ...name, SSESpecification: [] },
    'Unrecognized collection type class java.util.LinkedHashMap',
  ],
])('%s is a SerializationException', (_, operation, input, message) => {
  expect(emulator.refusal(operation, input)).toBe(`SerializationException: ${message}`)
})

it('a null member counts as absent', () => {
  emulator.call('CreateTable', { ...users, SSESpecification: null, Tags: null })
})
