/** The IAM policy for an application whose sessions work for one tenant at a time. Imports nothing. */

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

/**
 * The permission policy of an application's role: a session that carries the tag `tenant_id` reads and writes
 * the items of that tenant, whole, and nothing else. For tables whose partition key is `tenant_id`.
 *
 * It has no condition on `dynamodb:Attributes`, `Select` or `ReturnValues`. They only select parts of an item, and
 * every item that a call can return belongs to the tenant, also the item that is returned when a condition fails.
 *
 * @param tableArns ARNs of tables, at least one. Indexes and streams are not included: an index may have another
 *   partition key, such as an e-mail address, and a stream contains the items of all tenants.
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
 */
export function tenantAccessPolicy(tableArns: readonly string[]) {
  return {
    // In the version that IAM takes without this line, variables are not replaced.
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Action: itemActions.map((action) => `dynamodb:${action}`),
        Resource: tableArns,
        Condition: {
          // `ForAllValues`, because a batch names many keys. `StringEquals`, not `StringLike`: with "a*" the tenant "a"
          // could read "a-b".
          // biome-ignore lint/suspicious/noTemplateCurlyInString: IAM replaces it.
          'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': ['${aws:PrincipalTag/tenant_id}'] },
          Null: {
            // `ForAllValues` is also true if there are no values, so this condition requires one.
            'dynamodb:LeadingKeys': 'false',
            // Without the tag the variable has no value, so it matches no key. This condition requires the tag
            // explicitly, so that the policy does not depend on that rule.
            'aws:PrincipalTag/tenant_id': 'false',
          },
        },
      },
    ],
  }
}
