/** The session that a run asks for: where the first credentials come from, and which roles follow. */
import type { TagMap } from '../table/properties/tags.ts'

export interface Role {
  readonly arn: string
  readonly partition: string
  readonly account: string
}

/** Where the first credentials come from, and why, in words for the log. */
export interface CredentialSource {
  readonly kind: 'access-key' | 'oidc' | 'default-chain'
  readonly reason: string
}

/** The role chain that a run asks STS for. */
export interface SessionRequest {
  /** Assumed in this order; the last one works on the tables. Empty: the first credentials do. */
  readonly roles: readonly Role[]
  readonly credentialSource: CredentialSource
  readonly externalId?: string
  /** Given to the first role that is assumed with credentials; the sessions after it inherit it. */
  readonly sourceIdentity?: string
  /** Given to the last role. */
  readonly sessionTags: TagMap
  /** What the last session may do at most, as JSON; absent where its role alone decides. */
  readonly sessionPolicy?: string
  readonly roleDurationSeconds: number
  readonly roleSessionName: string
  readonly audience: string
  /** Empty: any account. */
  readonly allowedAccountIds: readonly string[]
}
