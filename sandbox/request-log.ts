/** What was asked of the sandbox, in the order of arrival, with the IAM actions that AWS would have checked. */

export type Service = 'sts' | 'dynamodb' | 'oidc' | 'github'

export interface LoggedRequest {
  readonly id: number
  readonly service: Service
  readonly operation: string
  readonly actions: readonly IamAction[]
  readonly account: string
  readonly region: string
  readonly table?: string
  /** The request's parameters, tokens left out. */
  readonly input: Readonly<Record<string, unknown>>
  /** Milliseconds on a clock that only runs forward: when its connection was opened, when it came, when it was answered. */
  readonly connected: number
  readonly start: number
  readonly end: number
  readonly status: number
  /** Whether it was done, whatever was answered. */
  readonly isDone: boolean
  /** AWS's name of the error that was answered; of GitHub's, which have none, the message. */
  readonly error?: string
}

/** What a request asks for, as far as faults and those who watch tell requests apart. */
export type RequestedOperation = Pick<LoggedRequest, 'service' | 'operation' | 'table'>

export interface IamAction {
  readonly action: string
  readonly resource: string
}

/** IAM actions are not operations: a table made with tags needs the right to tag as well. */
export function iamActions(
  { service, operation, input }: Pick<LoggedRequest, 'service' | 'operation' | 'input'>,
  tableArn: string,
): readonly IamAction[] {
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
    // And more on the key, which are not asked at once.
    ...(KMSMasterKeyId === undefined ? [] : actions(['kms:CreateGrant', 'kms:DescribeKey'], String(KMSMasterKeyId))),
  ]
}

/** How many requests had to wait for one before them: the length of the longest chain in which each began after the one before ended. */
export function sequentialDepth(requests: readonly Pick<LoggedRequest, 'start' | 'end'>[]): number {
  let depth = 0
  let ended = Number.NEGATIVE_INFINITY
  // Taking the one that ends first each time gives the longest chain.
  for (const { start, end } of [...requests].sort((left, right) => left.end - right.end)) {
    if (start < ended) continue
    depth += 1
    ended = end
  }
  return depth
}
