/** The fields of a table in a definition file: CloudFormation's properties, their forms and their limits. */
import * as v from 'valibot'
import { properties } from '../table/properties/index.ts'
import { attributeName, attributeType } from '../table/properties/key-schema.ts'
import { namePattern, nameRule } from '../table/target.ts'
import { declarationOf } from './definition.ts'

/** Fields that are no property of their own. Messages of `v.regex` and `v.check` complete the sentence `must be ...`. */
const ownFields: Readonly<Record<string, v.GenericSchema>> = {
  TableName: v.pipe(v.string(), v.regex(namePattern, nameRule)),
  AttributeDefinitions: v.pipe(
    v.array(v.strictObject({ AttributeName: attributeName, AttributeType: attributeType })),
    v.minLength(1),
  ),
}

/** One sentence for editors, in the place of the description of the property. */
const descriptions: Readonly<Record<string, string>> = {
  TableName: 'the name in DynamoDB, without table-name-prefix. Default: the logical name.',
  AttributeDefinitions: 'The type of each key attribute of the table and of its indexes: S, N or B. No others.',
  BillingMode: 'PAY_PER_REQUEST (on demand) or PROVISIONED. Omitted: on demand at creation, then left as it is.',
  ProvisionedThroughput: 'Capacity units a second of a provisioned table. Each global index needs its own.',
  StreamSpecification: 'The stream of changes: StreamViewType turns it on, StreamEnabled: false turns it off.',
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
