/** The log of requests, with the IAM actions that AWS would check for each. */

export type Service = 'sts' | 'dynamodb' | 'kms' | 'oidc' | 'github'

export interface LoggedRequest {
  readonly id: number
  readonly service: Service
  readonly operation: string
  readonly actions: readonly IamAction[]
  readonly account: string
  readonly region: string
  readonly table?: string
  /** The request's parameters, without tokens. */
  readonly input: Readonly<Record<string, unknown>>
  /** Times in milliseconds of a monotonic clock: connection opened, request arrived, response sent. */
  readonly connected: number
  readonly start: number
  readonly end: number
  readonly status: number
  /** Whether the operation was performed, independent of the response. */
  readonly isDone: boolean
  /** AWS's name of the error in the response, or GitHub's message. */
  readonly error?: string
}

/** The part of a request by which faults and watchers select it. */
export type RequestedOperation = Pick<LoggedRequest, 'service' | 'operation' | 'table'>

export interface IamAction {
  readonly action: string
  readonly resource: string
  /** The values of condition keys that are about this action. */
  readonly context?: Readonly<Record<string, string | readonly string[]>>
}

/** A KMS key as IAM knows it. */
export interface IamKey {
  readonly arn: string
  readonly aliases: readonly string[]
}

/** The keys that a request is about, besides its table. */
export interface RequestKeys {
  readonly region: string
  /** Finds the key that a request names; undefined if there is none. */
  readonly find: (given: string) => IamKey | undefined
  /** The key of the customer that encrypts the table. */
  readonly ofTable?: IamKey | undefined
}

/** The actions on a customer's key that DynamoDB requires of the caller who chooses the key for a table. */
const keyActions = [
  'kms:CreateGrant',
  'kms:Decrypt',
  'kms:DescribeKey',
  'kms:Encrypt',
  'kms:GenerateDataKey',
  'kms:GenerateDataKeyWithoutPlaintext',
  'kms:ReEncryptFrom',
  'kms:ReEncryptTo',
]

const itemOperation = /^(?:Batch|Transact)?(?:Get|Put|Update|Delete|Write)Items?$|^(?:Query|Scan)$/

/** Lists the IAM actions of a request. One operation may need several: CreateTable with tags also needs TagResource. */
export function iamActions(
  { service, operation, input }: Pick<LoggedRequest, 'service' | 'operation' | 'input'>,
  tableArn: string,
  keys: RequestKeys = { region: '', find: () => undefined },
): readonly IamAction[] {
  if (service === 'kms') return kmsActions(operation, String(input.KeyId), keys)
  if (service === 'oidc' || service === 'github') return []
  const actions = (names: readonly (string | false)[], resource: string) =>
    names.filter((name) => name !== false).map((name) => ({ action: name, resource }))
  if (service === 'sts') {
    const resource = String(input.RoleArn ?? '*')
    const isTagged = 'Tags.member.1.Key' in input
    return actions(
      [`sts:${operation}`, isTagged && 'sts:TagSession', 'SourceIdentity' in input && 'sts:SetSourceIdentity'],
      resource,
    )
  }
  const resource = typeof input.IndexName === 'string' ? `${tableArn}/index/${input.IndexName}` : tableArn
  const isCreation = operation === 'CreateTable'
  const { KMSMasterKeyId } = (input.SSESpecification ?? {}) as Readonly<Record<string, unknown>>
  return [
    ...actions(
      [
        `dynamodb:${operation}`,
        isCreation && Array.isArray(input.Tags) && input.Tags.length > 0 && 'dynamodb:TagResource',
        isCreation && input.ResourcePolicy !== undefined && 'dynamodb:PutResourcePolicy',
      ],
      resource,
    ),
    ...(KMSMasterKeyId === undefined ? [] : throughDynamoDb(keyActions, String(KMSMasterKeyId), keys)),
    ...(keys.ofTable !== undefined && itemOperation.test(operation)
      ? throughDynamoDb(['kms:Decrypt'], keys.ofTable.arn, keys)
      : []),
  ]
}

/** Actions on a key that DynamoDB makes on behalf of the caller. */
function throughDynamoDb(actions: readonly string[], given: string, { region, find }: RequestKeys) {
  const { arn: resource, aliases } = find(given) ?? { arn: given, aliases: [] }
  const context = { 'kms:ViaService': `dynamodb.${region}.amazonaws.com`, 'kms:ResourceAliases': aliases }
  return actions.map((action) => ({ action, resource, context }))
}

function kmsActions(operation: string, given: string, { find }: RequestKeys): readonly IamAction[] {
  const { arn: resource, aliases } = find(given) ?? { arn: '*', aliases: [] }
  const [, alias] = /(?:^|:)(alias\/.*)$/.exec(given) ?? []
  const context = { 'kms:ResourceAliases': aliases, ...(alias === undefined ? {} : { 'kms:RequestAlias': alias }) }
  return [{ action: `kms:${operation}`, resource, context }]
}

/** Counts round trips: the longest chain of requests in which each started after the previous one ended. */
export function sequentialDepth(requests: readonly Pick<LoggedRequest, 'start' | 'end'>[]): number {
  let depth = 0
  let ended = Number.NEGATIVE_INFINITY
  // Always taking the request that ends first gives the longest chain.
  for (const { start, end } of [...requests].sort((left, right) => left.end - right.end)) {
    if (start < ended) continue
    depth += 1
    ended = end
  }
  return depth
}
