/** The fields of a table in a definition file: CloudFormation's properties, their forms and their limits. */
import * as v from 'valibot'
import { properties } from '../table/properties/index.ts'
import { tableNamePattern } from '../table/target.ts'
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
