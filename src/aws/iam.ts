/** The IAM actions that each command needs on its tables, and a session that may do no more. Pure. */
import { RemedyError } from '../errors/errors.ts'
import type { Command } from '../plan/plan.ts'

const reads = ['dynamodb:DescribeContinuousBackups', 'dynamodb:DescribeTable', 'dynamodb:ListTagsOfResource']

const beyondReads: Readonly<Record<Command, readonly string[]>> = {
  plan: [],
  apply: ['dynamodb:CreateTable', 'dynamodb:TagResource', 'dynamodb:UpdateContinuousBackups', 'dynamodb:UpdateTable'],
  verify: ['dynamodb:DeleteItem', 'dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:Query'],
  destroy: ['dynamodb:DeleteTable'],
}

/** In the order of their names. */
export function actionsOf(command: Command): readonly string[] {
  return [...reads, ...beyondReads[command]].sort()
}

/** What lets a caller do it, ready to be pasted into a policy. */
export function allowStatement(actions: readonly string[], resource: string): string {
  return JSON.stringify({ Effect: 'Allow', Action: actions, Resource: resource })
}

/** What lets a job of GitHub's assume a role, ready to be pasted into the role's trust policy. */
export function trustStatement(
  { partition, account }: { readonly partition: string; readonly account: string },
  claims: { readonly iss: string; readonly aud: string; readonly sub: string },
): string {
  // GitHub Enterprise Server issues its own.
  const provider = claims.iss.replace(/^https:\/\//, '')
  return JSON.stringify({
    Effect: 'Allow',
    Principal: { Federated: `arn:${partition}:iam::${account}:oidc-provider/${provider}` },
    Action: 'sts:AssumeRoleWithWebIdentity',
    Condition: { StringEquals: { [`${provider}:aud`]: claims.aud, [`${provider}:sub`]: claims.sub } },
  })
}

/** In characters; STS takes no longer one. */
const longestSessionPolicy = 2048

/**
 * An inline session policy: the session may do what both this and its role allow.
 *
 * @throws {RemedyError} where it is longer than STS takes, as with many tables of long names
 */
export function sessionPolicy(command: Command, tableArns: readonly string[]): string {
  const policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: actionsOf(command), Resource: tableArns }],
  })
  if (policy.length <= longestSessionPolicy) return policy
  throw new RemedyError(
    `restrict-session makes a session policy of ${policy.length} characters, but STS takes ${longestSessionPolicy}.`,
    'Choose a shorter table-name-prefix, or leave restrict-session out.',
  )
}
