/** Reads why IAM denied a call. AWS names the reason in the message only, without a code or field. */
import { errorMessage, errorName } from '../errors/thrown.ts'

/** IAM is eventually consistent. */
export const iamDelay = 'A change in IAM takes up to a minute to arrive.'

const askTheOrganization = 'Ask the administrators of the AWS organization: this policy applies to whole accounts.'

/** A remedy for each kind of policy. */
const remedies: Readonly<Record<string, string>> = {
  'identity-based policy': "Narrow the Deny statement in the caller's policies, or remove it.",
  'resource-based policy':
    'Change the policy of the resource that AWS names below: of a table, of a KMS key, or the trust policy of a role.',
  'role trust policy': 'Change the trust policy of the role to assume.',
  'service control policy': askTheOrganization,
  'resource control policy': askTheOrganization,
  'permissions boundary': "Change the permissions boundary of the caller's role.",
  'session policy':
    'Leave restrict-session out, or change the session policy of the credentials, such as inline-session-policy of aws-actions/configure-aws-credentials.',
  'vpc endpoint policy': 'Change the policy of the VPC endpoint that the call goes through.',
}

/** Returns true if IAM denied the call. Services name this error in two ways. */
export function isDenied(cause: unknown): boolean {
  return errorName(cause).startsWith('AccessDenied')
}

/** Returns true if IAM denied the call, and as far as its message says an Allow statement for the caller would help. */
export function isAllowMissing(cause: unknown): boolean {
  return isDenied(cause) && readDenial(cause) === undefined
}

/**
 * Reads the reason of a denial from AWS's message.
 *
 * @returns the kind of policy, if AWS names it, and the cause with a remedy; undefined for any other error, if an Allow
 *   statement for the caller would help, or if the message names no reason
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
 */
export function readDenial(cause: unknown) {
  if (!isDenied(cause)) return undefined
  const message = errorMessage(cause)
  const explicit = /\bexplicit deny\b(?: in (?:an?|the) ([a-z -]+))?/i.exec(message)
  if (explicit !== null) {
    const policy = policyNamed(explicit[1])
    const kind = policy === undefined ? '' : ` of the kind "${policy}"`
    const remedy = policy === undefined ? '' : ` ${remedies[policy]}`
    const explanation = `A Deny statement in a policy${kind} denies the call, whatever other policies allow.${remedy}`
    return { policy, explanation }
  }
  const policy = policyNamed(/\bbecause no ([a-z -]+?) allows\b/i.exec(message)?.[1])
  if (policy === undefined || policy === 'identity-based policy') return undefined
  const explanation = `A policy of the kind "${policy}" must allow the call too, but does not. ${remedies[policy]}`
  return { policy, explanation }
}

/** The kind of policy that a message names. AWS also writes `sessions policy`. The ARN of the policy may follow. */
function policyNamed(words = ''): string | undefined {
  const kind = words.toLowerCase().replace(/^sessions /, 'session ')
  return Object.keys(remedies).find((policy) => kind.startsWith(policy))
}
