/** What an application may do that works for one tenant at a time. Pure, and imports nothing. */

/** An IAM policy as it is written in JSON. */
export interface PolicyDocument {
  readonly Version: '2012-10-17'
  readonly Statement: readonly PolicyStatement[]
}

export interface PolicyStatement {
  readonly Effect: 'Allow'
  readonly Action: readonly string[]
  readonly Resource: readonly string[]
  /** Operator to context key to what the key must be. All of them must hold. */
  readonly Condition: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>
}

/**
 * Every action that names the partition key of each item that it touches, and no other. A transaction is
 * checked as the actions of its items; ConditionCheckItem is one of them.
 *
 * Scan names no key. PartiQL may do without one, and then it is a scan.
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
 * It says nothing of `dynamodb:Attributes`, `Select` or `ReturnValues`. They choose what of an item is shown, and
 * every item that a call can reach is the tenant's own; also the one that comes back when a condition fails.
 *
 * @param tableArns ARNs of tables, at least one. Nothing below a table is opened: the leading key of an index is
 *   the index's own, such as an e-mail address, and a stream holds the items of all tenants.
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
 */
export function tenantAccessPolicy(tableArns: readonly string[]): PolicyDocument {
  return {
    // In the version that IAM takes without this line, variables are not replaced.
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Action: itemActions.map((action) => `dynamodb:${action}`),
        Resource: tableArns,
        Condition: {
          // All values, for a batch names many keys. Equal, and not like: "a*" would let "a" read "a-b".
          // biome-ignore lint/suspicious/noTemplateCurlyInString: IAM replaces it.
          'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': ['${aws:PrincipalTag/tenant_id}'] },
          Null: {
            // "For all values" holds when there is none.
            'dynamodb:LeadingKeys': 'false',
            // Without the tag the variable has no value, and equals no key. This says so, and does not rest on it.
            'aws:PrincipalTag/tenant_id': 'false',
          },
        },
      },
    ],
  }
}
