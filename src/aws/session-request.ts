/** The session that a run asks for: the source of the first credentials, and the roles to assume. */
import type { Command } from '../plan/plan.ts'
import type { TagMap } from '../table/properties/tags.ts'

export interface AwsAccount {
  readonly partition: string
  readonly account: string
}

export interface Role extends AwsAccount {
  readonly arn: string
}

/** The source of the first credentials. The default chain has many members, so the log gives the reason for it. */
export type CredentialSource =
  | { readonly kind: 'access-key' | 'oidc' }
  | { readonly kind: 'default-chain'; readonly reason: string }

export interface SessionRequest {
  /** The trust policy that an error recommends depends on it. */
  readonly command: Command
  /** Assumed in this order; the last one works on the tables. Empty: the first credentials do. */
  readonly roles: readonly Role[]
  readonly credentialSource: CredentialSource
  readonly externalId?: string
  /** Given to the first role that is assumed with credentials; the sessions after it inherit it. */
  readonly sourceIdentity?: string
  /** Given to the last role. */
  readonly sessionTags: TagMap
  /** Limits the last session, as JSON; absent if its role alone decides. */
  readonly sessionPolicy?: string
  readonly roleDurationSeconds: number
  readonly roleSessionName: string
  readonly audience: string
  /** Empty: any account. */
  readonly allowedAccountIds: readonly string[]
}

/** Describes the credentials in one line of the log. */
export function describeChain({ credentialSource, roles }: SessionRequest): string {
  const names = roles.map(({ arn, account }) => `${arn.slice(arn.indexOf('/') + 1)} in ${account}`)
  return [describeSource(credentialSource), ...names].join(', then ')
}

function describeSource(source: CredentialSource): string {
  switch (source.kind) {
    case 'oidc':
      return "the job's OIDC token"
    case 'access-key':
      return 'the access key in the environment'
    case 'default-chain':
      return `the AWS SDK's default chain (${source.reason})`
  }
}
