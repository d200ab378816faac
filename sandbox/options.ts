/** The options of a sandbox. Imports nothing. */

export interface SandboxOptions {
  /** The clock of all states, sessions and limits, in milliseconds since the epoch. Default: the system's. */
  readonly now?: () => number
  readonly timings?: Partial<Timings>
  /** Port on 127.0.0.1. Default: 0, any free port. */
  readonly port?: number
  readonly roles?: readonly Role[]
  /** Access keys of users, or of sessions that the sandbox did not issue. */
  readonly accessKeys?: readonly AccessKey[]
  /** Claims of the job's OIDC token, such as `sub`. */
  readonly oidcClaims?: Readonly<Record<string, string>>
  /** Duration that is added to every request, in milliseconds. Default 0. */
  readonly latencyMilliseconds?: number
  /** Duration of the handshake of a connection, in milliseconds from its start. Default 0. */
  readonly connectionMilliseconds?: number
  /** Largest number of concurrent table writes in all accounts. AWS throttles further ones. Default: unlimited. */
  readonly writesAtOnce?: number
  /**
   * Whether each connection is limited to four DescribeTimeToLive calls, plus one every two seconds of `now`, as measured
   * on AWS (DDB-TABLE-403). Further calls are throttled. Default: false.
   */
  readonly limitsTimeToLiveReads?: boolean
  /**
   * Largest accepted difference between the date of a signature and `now`, in milliseconds. Default: five minutes, as on
   * AWS; unlimited if `now` is given, because SDK clients sign by the system's clock.
   */
  readonly signatureLifetimeMilliseconds?: number
  /** Tokens, pull requests and commits of GitHub's API. Default: none. */
  readonly gitHub?: GitHubOptions
  /**
   * The KMS keys that exist, besides those that AWS manages for DynamoDB. Default: every id is that of a key, and every
   * alias that of the key whose id follows `alias/`.
   */
  readonly keys?: readonly KmsKey[]
}

/** A KMS key of a customer. */
export interface KmsKey {
  readonly account: string
  readonly region: string
  readonly id: string
  /** Such as `alias/tables`. */
  readonly aliases?: readonly string[]
  /** Default SYMMETRIC_DEFAULT, the only one that DynamoDB uses. */
  readonly spec?: string
  readonly isDisabled?: boolean
  /** Actions that no policy allows, such as `kms:CreateGrant`. */
  readonly deniedActions?: readonly string[]
}

/** A role and its trust policy. */
export interface Role {
  readonly arn: string
  /** ARNs of trusted users, roles (for their sessions), or accounts (`arn:aws:iam::111111111111:root`). */
  readonly principals?: readonly string[]
  readonly externalId?: string
  /** Trusts GitHub's OIDC tokens with exactly these `aud` and `sub` claims. */
  readonly webIdentity?: { readonly audience: string; readonly subject: string }
  /** Default 3600. */
  readonly maxSessionSeconds?: number
}

export interface AccessKey {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
  /** ARN of the user or role session that owns the key. */
  readonly principal: string
  /** Milliseconds since the epoch. */
  readonly expiresAt?: number
}

/** The repositories are those that a pull request or a commit names. */
export interface GitHubOptions {
  readonly tokens?: readonly GitHubToken[]
  readonly pullRequests?: readonly PullRequest[]
  /** Commits outside of all pull requests. */
  readonly commits?: readonly { readonly repository: string; readonly sha: string }[]
}

export interface GitHubUser {
  /** Such as `github-actions[bot]`. */
  readonly login: string
  readonly type: 'Bot' | 'User'
}

/** A token and the author of what is written with it. It is valid for all repositories. */
export interface GitHubToken extends GitHubUser {
  readonly token: string
  /** `permissions:` of the workflow. */
  readonly permissions: {
    readonly contents?: 'read' | 'write'
    readonly 'pull-requests'?: 'read' | 'write'
  }
}

export interface PullRequest {
  /** Such as `acme/app`. */
  readonly repository: string
  readonly number: number
  readonly state: 'open' | 'closed' | 'merged'
  readonly headSha: string
  /** Commits of its branch other than the head. Default: none. */
  readonly commits?: readonly string[]
  /** The repository of its branch, such as a fork. Default: `repository`. */
  readonly headRepository?: string
  /** The merge commit; while the pull request is open, GitHub's test merge, on which `pull_request` jobs run. */
  readonly mergeCommitSha?: string
  /** The base branch. Default `main`. */
  readonly base?: string
}

/** Durations of AWS, in milliseconds. */
export interface Timings {
  readonly creating: number
  /** CREATING with any number of global indexes in CreateTable. */
  readonly creatingWithIndexes: number
  /** UPDATING after a change of stream or table class, or the deletion of an index. */
  readonly updating: number
  /** UPDATING after the first switch to on demand. */
  readonly billingModeUpdating: number
  /** UPDATING after a later switch to on demand. */
  readonly billingModeAgainUpdating: number
  readonly provisionedUpdating: number
  readonly throughputUpdating: number
  /** After the removal of an on-demand maximum, DescribeTable shows -1 for this time. */
  readonly onDemandThroughputLag: number
  readonly deleting: number
  readonly indexCreating: number
  /** The first part of `indexCreating`, without backfill and with the table UPDATING. */
  readonly indexAllocating: number
  readonly indexUpdating: number
  readonly encryptionUpdating: number
  /** From a change of encryption until DescribeTable shows the new key. */
  readonly encryptionKeyShown: number
  /** UPDATING of warm throughput after its first increase. */
  readonly warmThroughputUpdating: number
  readonly warmThroughputAgainUpdating: number
  /** After CreateTable, DescribeContinuousBackups is TableNotFoundException for this time. */
  readonly backupsMissing: number
  /** After ACTIVE, UpdateContinuousBackups is refused for this time. */
  readonly backupsUnavailable: number
  /** After ACTIVE, continuous backups are DISABLED for this time, unless recovery is changed. */
  readonly backupsDisabled: number
  /** After DeleteTable, the calls for backups accept the table for this time. */
  readonly backupsForgotten: number
  /** After CreateTable, the calls for tags do not find the table for this time, unless it is ACTIVE. */
  readonly tagsUnreadable: number
  /** After a tag write, ListTagsOfResource shows the old tags for this time. */
  readonly tagsLag: number
  /** After a tag write, only a write that contains it is accepted for this time. */
  readonly tagsLock: number
  /** After DeleteTable, the calls for tags find the table for this time. */
  readonly tagsForgotten: number
  /** From a change of deletion protection until the next one is accepted. */
  readonly deletionProtectionCooldown: number
  /** After CreateTable, UpdateTimeToLive does not find the table for this time. */
  readonly timeToLiveMissing: number
  /** ENABLING and DISABLING. An upper bound: polls once a second saw neither. */
  readonly timeToLiveSettling: number
  /** From an accepted change of time to live until the next one is accepted. */
  readonly timeToLiveCooldown: number
  /** After a replica is added, the table is UPDATING and does not list it for this time. */
  readonly replicaUnlisted: number
  /** From the request until the replica of an empty table is ACTIVE. */
  readonly replicaCreating: number
  /** UPDATING of the table after a change that applies to all replicas. */
  readonly replicaUpdating: number
  /** From the request until the table no longer lists the replica. */
  readonly replicaDeleting: number
}

/** The middle of each range that was measured on AWS. */
export const measuredTimings: Timings = {
  creating: 6000,
  creatingWithIndexes: 18_000,
  updating: 4500,
  billingModeUpdating: 150_000,
  billingModeAgainUpdating: 4500,
  provisionedUpdating: 80_000,
  throughputUpdating: 1500,
  onDemandThroughputLag: 1000,
  deleting: 4000,
  indexCreating: 600_000,
  indexAllocating: 40_000,
  indexUpdating: 3000,
  encryptionUpdating: 22_000,
  encryptionKeyShown: 8500,
  warmThroughputUpdating: 400_000,
  warmThroughputAgainUpdating: 2000,
  backupsMissing: 3000,
  backupsUnavailable: 2000,
  backupsDisabled: 3000,
  backupsForgotten: 1100,
  tagsUnreadable: 5500,
  tagsLag: 1900,
  tagsLock: 1650,
  tagsForgotten: 1400,
  deletionProtectionCooldown: 15_000,
  timeToLiveMissing: 2600,
  timeToLiveSettling: 2000,
  timeToLiveCooldown: 1_860_000,
  replicaUnlisted: 6500,
  replicaCreating: 25_000,
  replicaUpdating: 36_000,
  replicaDeleting: 160_000,
}
