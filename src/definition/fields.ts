/** The fields of a table in a definition file: CloudFormation's properties, their forms and their limits. */
import * as v from 'valibot'
import { properties } from '../table/properties/index.ts'
import { tableNamePattern } from '../table/target.ts'
import { throughputSchema } from '../table/throughput.ts'
import { declarationOf } from './definition.ts'

/**
 * Messages of `v.regex` and `v.check` complete the sentence `must be ...`.
 */
export const nameRule = '3 to 255 letters, digits and _ . - and nothing else'
const name = v.pipe(v.string(), v.regex(tableNamePattern, nameRule))

const longestAttributeName = 255

/** DynamoDB counts bytes of UTF-8. It takes any character, and keeps spaces. */
const attributeName = v.pipe(
  v.string(),
  v.minLength(1),
  v.maxLength(longestAttributeName),
  v.check(
    (text) => new TextEncoder().encode(text).length <= longestAttributeName,
    'a text of at most 255 bytes in UTF-8',
  ),
)

const keyElement = v.strictObject({
  AttributeName: attributeName,
  KeyType: v.pipe(v.picklist(['HASH', 'RANGE']), v.description('HASH: partition key. RANGE: sort key.')),
})

/** A sort key alone has another place in each kind of key, so the order of key elements is checked in rules.ts. */
function keyOf(mostElements: number) {
  return v.pipe(v.array(keyElement), v.minLength(1), v.maxLength(mostElements))
}

const projection = v.pipe(
  v.strictObject({
    ProjectionType: v.picklist(['ALL', 'KEYS_ONLY', 'INCLUDE']),
    NonKeyAttributes: v.optional(
      v.pipe(
        v.array(attributeName),
        v.minLength(1),
        v.maxLength(20),
        v.description('With ProjectionType INCLUDE: the attributes that the index holds in addition to the keys.'),
      ),
    ),
  }),
  v.description('The attributes that the index holds.'),
)

const provisioned = v.pipe(
  throughputSchema,
  v.description('Capacity units a second. On a table without BillingMode, this makes it PROVISIONED.'),
)

/** CloudFormation writes "no maximum" as -1. */
const requestUnits = v.pipe(
  v.number(),
  v.integer(),
  v.minValue(-1),
  v.check((units) => units !== 0, 'at least 1, or -1 for no maximum'),
)

const onDemand = v.pipe(
  v.strictObject({ MaxReadRequestUnits: v.optional(requestUnits), MaxWriteRequestUnits: v.optional(requestUnits) }),
  v.description('The highest on-demand throughput, in request units a second. -1: no maximum.'),
)

/** An id, an ARN or an alias of a KMS key, in any partition. */
const kmsKey = new RegExp(
  ['^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:(?:key/(?:ID)|alias/(?:NAME))$', '^alias/(?:NAME)$', '^(?:ID)$']
    .join('|')
    .replaceAll('ID', '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32}')
    .replaceAll('NAME', '[a-zA-Z0-9/_-]{1,250}'),
)

/** The forms of properties that have no file in src/table/properties yet. */
const pendingFields: Readonly<Record<string, v.GenericSchema>> = {
  ProvisionedThroughput: provisioned,
  OnDemandThroughput: onDemand,
  TableClass: v.picklist(['STANDARD', 'STANDARD_INFREQUENT_ACCESS']),
  StreamSpecification: v.strictObject({
    StreamEnabled: v.optional(v.boolean()),
    StreamViewType: v.optional(v.picklist(['KEYS_ONLY', 'NEW_IMAGE', 'OLD_IMAGE', 'NEW_AND_OLD_IMAGES'])),
  }),
  SSESpecification: v.strictObject({
    SSEEnabled: v.boolean(),
    SSEType: v.optional(v.picklist(['KMS'])),
    KMSMasterKeyId: v.optional(
      v.pipe(
        v.string(),
        v.regex(kmsKey, 'a key id, an alias such as alias/tables, or the ARN of either'),
        v.description('Id, alias or ARN of the KMS key. Without it: the key that AWS manages for DynamoDB.'),
      ),
    ),
  }),
  GlobalSecondaryIndexes: v.array(
    v.strictObject({
      IndexName: name,
      KeySchema: keyOf(8),
      Projection: projection,
      ProvisionedThroughput: v.optional(provisioned),
      OnDemandThroughput: v.optional(onDemand),
    }),
  ),
  LocalSecondaryIndexes: v.array(v.strictObject({ IndexName: name, KeySchema: keyOf(2), Projection: projection })),
}

/** Fields that are no property of their own. */
const ownFields: Readonly<Record<string, v.GenericSchema>> = {
  TableName: name,
  AttributeDefinitions: v.pipe(
    v.array(v.strictObject({ AttributeName: attributeName, AttributeType: v.picklist(['S', 'N', 'B']) })),
    v.minLength(1),
  ),
}

/** One sentence for editors. A property whose fields are several has one for each of them here. */
const descriptions: Readonly<Record<string, string>> = {
  TableName: 'the name in DynamoDB, without table-name-prefix. Default: the logical name.',
  AttributeDefinitions: 'The type of each key attribute of the table and of its indexes: S, N or B. No others.',
  BillingMode: 'PAY_PER_REQUEST (on demand) or PROVISIONED. Omitted: on demand at creation, then left as it is.',
  ProvisionedThroughput: 'Capacity units a second of a provisioned table. Each global index needs its own.',
  OnDemandThroughput: 'The highest throughput of an on-demand table, in request units a second. -1: no maximum.',
  TableClass: 'STANDARD or STANDARD_INFREQUENT_ACCESS.',
  StreamSpecification: 'The stream of changes: StreamViewType turns it on, StreamEnabled: false turns it off.',
  SSESpecification: 'Encryption with a KMS key. SSEEnabled: false is the key that AWS owns.',
  GlobalSecondaryIndexes: 'At most 20. An index that the list lacks is reported, and deleted only by `allow`.',
  LocalSecondaryIndexes: 'At most 5, each with the partition key of the table. Fixed at creation.',
}

/** Properties of AWS::DynamoDB::Table that this action does not manage. A definition that has one is refused. */
export const notManaged: readonly string[] = [
  'ContributorInsightsSpecification',
  'ImportSourceSpecification',
  'KinesisStreamSpecification',
  'ResourcePolicy',
  'VectorIndexes',
  'WarmThroughput',
]

/** The same for members of properties, by the path of the property without indexes. */
export const notManagedMembers: Readonly<Record<string, readonly string[]>> = {
  GlobalSecondaryIndexes: ['ContributorInsightsSpecification', 'WarmThroughput'],
  StreamSpecification: ['ResourcePolicy', 'Tags'],
}

const schemas: Readonly<Record<string, v.GenericSchema>> = {
  ...ownFields,
  ...pendingFields,
  ...Object.fromEntries(properties.flatMap((property) => Object.entries(declarationOf(property).fields))),
}

/** Every field that a table may have, with its description. */
export const tableFields: Readonly<Record<string, v.GenericSchema>> = Object.fromEntries(
  Object.entries(schemas).map(([field, schema]): [string, v.GenericSchema] => {
    const described = properties.find(({ name: each }) => each === field)?.description
    return [field, v.pipe(schema, v.description(descriptions[field] ?? described ?? field))]
  }),
)

/** Two tables cannot have the same name, so only a table names itself. */
const { TableName: _, ...defaultFields } = tableFields

function fieldsOf(fields: Readonly<Record<string, v.GenericSchema>>) {
  return v.strictObject(
    Object.fromEntries(Object.entries(fields).map(([field, schema]) => [field, v.optional(schema)])),
  )
}

export const tableSchema = v.pipe(
  fieldsOf(tableFields),
  v.description("A table, in the words of CloudFormation's AWS::DynamoDB::Table. What is omitted is left as it is."),
)
export const defaultsSchema = v.pipe(fieldsOf(defaultFields), v.description('Fields of every table.'))

export const tablesSchema = v.pipe(
  v.record(v.pipe(v.string(), v.regex(/^[a-zA-Z0-9_.-]{1,255}$/, 'letters, digits and _ . -')), tableSchema),
  v.description(
    'Tables by the logical names that outputs know them by. Those of an environment have only what differs.',
  ),
)
const environmentName = v.pipe(v.string(), v.minLength(1), v.maxLength(256))

/** The whole file. */
export const definitionSchema = v.strictObject({
  $schema: v.optional(v.pipe(v.string(), v.description('The address of this schema, for editors of JSON.'))),
  tenantKey: v.optional(
    v.pipe(attributeName, v.description('The attribute whose value is the tenant of an item. Default: tenant_id.')),
  ),
  defaults: v.optional(defaultsSchema),
  tables: tablesSchema,
  environments: v.optional(
    v.pipe(
      v.record(
        environmentName,
        v.strictObject({
          defaults: v.optional(defaultsSchema),
          tables: v.optional(tablesSchema),
        }),
      ),
      v.description('Differences of environments, by the input `environment`, in any case.'),
    ),
  ),
})
