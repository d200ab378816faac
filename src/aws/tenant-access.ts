/** The IAM policy for an application whose sessions work for one tenant at a time. */
import { indexesOf, partitionKeyOf, type TableIndex } from '../table/indexes.ts'
import type { KeySchema } from '../table/properties/key-schema.ts'
import type { PolicyStatement } from '../table/property.ts'
import type { TableValues } from '../table/table.ts'
import { indexArn, type PolicyDocument } from './iam.ts'

/**
 * The actions whose request names the partition key of every item. A transaction is checked as the actions of its
 * items, such as ConditionCheckItem.
 *
 * Scan is not included, because it names no key. PartiQL is not included, because a statement without a key is a scan.
 */
const itemActions = [
  'BatchGetItem',
  'BatchWriteItem',
  'ConditionCheckItem',
  'DeleteItem',
  'GetItem',
  'PutItem',
  'Query',
  'UpdateItem',
]

/** A table for which a policy may be made. */
export interface AccessedTable {
  readonly arn: string
  readonly declared: TableValues
  /** Absent if the table does not exist yet. */
  readonly observed?: TableValues
}

/** ARNs of tables and of indexes. */
export interface TenantResources {
  readonly tables: readonly string[]
  readonly indexes: readonly string[]
}

/**
 * The resources whose whole partition key is the tenant of an item: tables, and declared indexes, also those of other
 * tables. A table or an index that exists with another key than declared is not included.
 */
export function tenantResources(tables: readonly AccessedTable[], tenantKey: string): TenantResources {
  const isTenants = (keys: KeySchema) => JSON.stringify(partitionKeyOf(keys)) === JSON.stringify([tenantKey])
  const isExisting = (observed: TableValues | undefined, { name, keys, isLocal }: TableIndex) =>
    indexesOf(observed ?? {}).every(
      (index) => index.name !== name || (isTenants(index.keys) === isTenants(keys) && index.isLocal === isLocal),
    )
  const withTenant = ({ declared, observed = declared }: AccessedTable) =>
    isTenants(declared.KeySchema) && isTenants(observed.KeySchema)
  return {
    tables: tables.filter(withTenant).map(({ arn }) => arn),
    indexes: tables.flatMap(({ arn, declared, observed }) =>
      indexesOf(declared)
        .filter((index) => isTenants(index.keys) && isExisting(observed, index))
        .map(({ name }) => indexArn(arn, name)),
    ),
  }
}

/** The characters of a session tag. Others, such as `}`, would change the policy. */
const tagKey = /^[\p{L}\p{Z}\p{N}_.:/=+@-]{1,128}$/u

/**
 * The permission policy of an application's role. A session has a tag with the name of the tenant key, such as
 * `tenant_id`. It may read and write all attributes of the items of that tenant, and nothing else. In an index it finds
 * those items with the attributes that the index holds.
 *
 * It has no condition on `dynamodb:Attributes`, `Select` or `ReturnValues`. They only select parts of an item, and
 * every item that a call can return belongs to the tenant, also the item that is returned when a condition fails.
 *
 * Streams are not included, because a stream contains the items of all tenants. An index whose partition key is not the
 * tenant alone is not included, because `dynamodb:LeadingKeys` has the values of that key, such as an e-mail address.
 *
 * @returns undefined without a table and an index, because IAM takes no policy without a statement, and if no session can
 *   have a tag of this name
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
 */
export function tenantAccessPolicy(
  { tables, indexes }: TenantResources,
  tenantKey: string,
): PolicyDocument | undefined {
  const tag = `aws:PrincipalTag/${tenantKey}`
  const allow = (actions: readonly string[], Resource: readonly string[]): readonly PolicyStatement[] =>
    Resource.length === 0
      ? []
      : [
          {
            Effect: 'Allow',
            Action: actions.map((action) => `dynamodb:${action}`),
            Resource,
            Condition: {
              // `ForAllValues`, because a batch names many keys. `StringEquals`, not `StringLike`: with "a*" the tenant
              // "a" could read "a-b".
              'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': [`\${${tag}}`] },
              Null: {
                // `ForAllValues` is also true if there are no values, so this condition requires one.
                'dynamodb:LeadingKeys': 'false',
                // Without the tag the variable has no value, so it matches no key. This condition requires the tag
                // explicitly, so that the policy does not depend on that rule.
                [tag]: 'false',
              },
            },
          },
        ]
  if (!tagKey.test(tenantKey)) return undefined
  // The only call on an index, apart from Scan and PartiQL, is Query.
  const Statement = [...allow(itemActions, tables), ...allow(['Query'], indexes)]
  // In the version that IAM takes without this line, variables are not replaced.
  return Statement.length === 0 ? undefined : { Version: '2012-10-17', Statement }
}
