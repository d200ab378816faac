import type { AttributeDefinition, KeySchemaElement } from '@aws-sdk/client-dynamodb'
import * as v from 'valibot'
import type { AttributeTypes, Property } from '../property.ts'

/** The partition key, then the sort key. Each with its type, which CloudFormation keeps in AttributeDefinitions. */
export type KeySchema = readonly KeyAttribute[]

export type KeyAttribute = Readonly<v.InferOutput<typeof keyAttribute>>

const longestAttributeName = 255

/** DynamoDB counts bytes of UTF-8. It takes any character, and keeps spaces. */
export const attributeName = v.pipe(
  v.string(),
  v.minLength(1),
  v.maxLength(longestAttributeName),
  v.check((name) => Buffer.byteLength(name) <= longestAttributeName, 'a text of at most 255 bytes in UTF-8'),
)

export const attributeType = v.picklist(['S', 'N', 'B'])

const keyMembers = { AttributeName: attributeName, KeyType: v.picklist(['HASH', 'RANGE']) }

export const keyAttribute = v.strictObject({ ...keyMembers, AttributeType: attributeType })

/** A key as CloudFormation has it. The types are in AttributeDefinitions. */
export const keyElements = v.array(v.strictObject(keyMembers))

/** Gives each attribute of a key its type. All of them have one in AttributeDefinitions. */
export function withTypes(keys: v.InferOutput<typeof keyElements>, types: AttributeTypes): KeySchema {
  return keys.map(({ AttributeName, KeyType }) => {
    const AttributeType = types.get(AttributeName)
    if (AttributeType === undefined) throw new TypeError(`${AttributeName} has no type`)
    return { AttributeName, AttributeType, KeyType }
  })
}

/** The primary key of the table. DynamoDB fixes it at creation. */
export const keySchema: Property<'KeySchema', KeySchema> = {
  name: 'KeySchema',
  description:
    'The primary key: a partition key and at most one sort key. AttributeDefinitions has their types. Fixed at creation.',
  schema: v.pipe(
    v.array(keyAttribute),
    v.minLength(1),
    v.maxLength(2),
    v.check(
      ([first, second]) =>
        first?.KeyType === 'HASH' && second?.KeyType !== 'HASH' && second?.AttributeName !== first.AttributeName,
      'one HASH, then at most one RANGE of another name',
    ),
  ),
  declaration: {
    fields: { KeySchema: v.pipe(keyElements, v.minLength(1), v.maxLength(2)) },
    normalize: ({ KeySchema }, types) => withTypes(KeySchema as v.InferOutput<typeof keyElements>, types),
  },
  reading: {
    kind: 'described',
    of: ({ KeySchema, AttributeDefinitions }) => readKeys(KeySchema, AttributeDefinitions),
  },
  creation: {
    kind: 'in-create-table',
    input: (keys) => ({
      KeySchema: keys.map(({ AttributeName, KeyType }) => ({ AttributeName, KeyType })),
      AttributeDefinitions: keys.map(({ AttributeName, AttributeType }) => ({ AttributeName, AttributeType })),
    }),
  },
  changes: (from, to, { table }) =>
    describeKeys(from) === describeKeys(to)
      ? []
      : [
          {
            kind: 'impossible',
            reason: `The table "${table}" has the key ${describeKeys(from)}, but its definition declares ${describeKeys(to)}. DynamoDB cannot change the key of a table.`,
            remedy: `Choose another table-name-prefix, so that new tables are created beside this one; or move the items elsewhere and delete "${table}" by hand.`,
          },
        ],
  settings: (keys) => [{ name: 'key', value: describeKeys(keys) }],
  blockedBy: () => [],
  actions: { read: ['dynamodb:DescribeTable'], write: [] },
}

/** `tenant_id (S), user_id (S)` */
export function describeKeys(keys: KeySchema): string {
  return keys.map(({ AttributeName, AttributeType }) => `${AttributeName} (${AttributeType})`).join(', ')
}

/** Reads the key of a table or of an index. DynamoDB lists the partition key first; some emulators do not. */
export function readKeys(
  keys: readonly KeySchemaElement[] = [],
  definitions: readonly AttributeDefinition[] = [],
): readonly unknown[] {
  return keys
    .map(({ AttributeName, KeyType }) => ({
      AttributeName,
      AttributeType: definitions.find((each) => each.AttributeName === AttributeName)?.AttributeType,
      KeyType,
    }))
    .sort((left, right) => (left.KeyType === right.KeyType ? 0 : left.KeyType === 'HASH' ? -1 : 1))
}
