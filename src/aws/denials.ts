/** Reads why IAM denied a call. AWS names the reason in the message only, without a code or field. */
import { errorMessage } from '../errors/thrown.ts'

/** A denial that needs another change than an Allow statement in the caller's policies. */
export interface Denial {
  /** The kind of policy, in AWS's words. */
  readonly policy: string
  /** The cause of the denial, and a remedy. */
  readonly explanation: string
}

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

/**
 * Reads the reason of a denial from AWS's message. Returns undefined if an Allow statement for the caller would help,
 * or if the message names no reason.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
 */
export function readDenial(cause: unknown): Denial | undefined {
  const message = errorMessage(cause)
  const explicit = policyIn(/\bexplicit deny in (?:an?|the) ([a-z -]+)/i.exec(message))
  if (explicit !== undefined) {
    return {
      policy: explicit,
      explanation: `A Deny statement in a policy of the kind "${explicit}" denies the call, whatever other policies allow. ${remedies[explicit]}`,
    }
  }
  if (/\bexplicit deny\b/i.test(message)) {
    return {
      policy: 'of a kind that AWS does not name',
      explanation: 'A Deny statement in a policy denies the call, whatever other policies allow.',
    }
  }
  const implicit = policyIn(/\bbecause no ([a-z -]+?) allows\b/i.exec(message))
  if (implicit === undefined || implicit === 'identity-based policy') return undefined
  return {
    policy: implicit,
    explanation: `A policy of the kind "${implicit}" must allow the call too, but does not. ${remedies[implicit]}`,
  }
}

/** The kind of policy that a message names. AWS also writes `sessions policy`. The ARN of the policy may follow. */
function policyIn(found: RegExpExecArray | null): string | undefined {
  const words = found?.[1]?.toLowerCase().replace(/^sessions /, 'session ') ?? ''
  return Object.keys(remedies).find((policy) => words.startsWith(policy))
}
