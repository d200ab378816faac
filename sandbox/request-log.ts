/** What was asked of the sandbox, in the order of arrival, with the IAM actions that AWS would have checked. */

export interface LoggedRequest {
  readonly id: number
  readonly service: 'sts' | 'dynamodb' | 'oidc'
  readonly operation: string
  readonly actions: readonly IamAction[]
  readonly account: string
  readonly region: string
  readonly table?: string
  /** The request's parameters, tokens left out. */
  readonly input: Readonly<Record<string, unknown>>
  /** Milliseconds on a clock that only runs forward. */
  readonly start: number
  readonly end: number
  readonly status: number
  /** AWS's name of the error that was answered. */
  readonly error?: string
}

export interface IamAction {
  readonly action: string
  readonly resource: string
}

/** IAM actions are not operations: a table made with tags needs the right to tag as well. */
export function iamActions(
  operation: string,
  input: Readonly<Record<string, unknown>>,
  arn: string,
): readonly IamAction[] {
  const resource = typeof input.IndexName === 'string' ? `${arn}/index/${input.IndexName}` : arn
  const actions = [{ action: `dynamodb:${operation}`, resource }]
  if (operation === 'CreateTable' && Array.isArray(input.Tags) && input.Tags.length > 0) {
    actions.push({ action: 'dynamodb:TagResource', resource })
  }
  if (operation === 'CreateTable' && input.ResourcePolicy !== undefined) {
    actions.push({ action: 'dynamodb:PutResourcePolicy', resource })
  }
  return actions
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
