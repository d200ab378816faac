/** What a sandbox is made of. Imports nothing. */

export interface SandboxOptions {
  /** Milliseconds since the epoch; the only clock that states and sessions follow. Default: the system's. */
  readonly now?: () => number
  readonly timings?: Partial<Timings>
  /** 0, the default, takes any free port. The address is always 127.0.0.1. */
  readonly port?: number
  readonly roles?: readonly Role[]
  /** Keys that a job may have in its environment. */
  readonly accessKeys?: readonly AccessKey[]
  /** Claims of the job's OIDC token, such as `sub`. */
  readonly oidcClaims?: Readonly<Record<string, string>>
  /** What every request costs at least, in milliseconds. Default 0. */
  readonly latencyMilliseconds?: number
  /** What opening a connection costs, in milliseconds, from the moment it is asked for. Default 0. */
  readonly connectionMilliseconds?: number
  /** How many writes to tables may be under way, in all accounts; more are throttled, as on AWS. Default: any number. */
  readonly writesAtOnce?: number
  /**
   * Whether a connection is limited to four calls of DescribeTimeToLive, and one more every two seconds of `now`, as
   * measured on AWS (DDB-TABLE-403). Further calls are throttled. Default: false.
   */
  readonly limitsTimeToLiveReads?: boolean
  /**
   * How far from `now` a signature may be dated, in milliseconds. Default: five minutes, as on AWS, where the sandbox
   * follows the system's clock; no limit where `now` is given, because SDK clients date by the system's clock alone.
   */
  readonly signatureLifetimeMilliseconds?: number
  /** What GitHub's API holds, and for whom. Default: nothing, for nobody. */
  readonly gitHub?: GitHubOptions
}

/** A role and whom it trusts. */
export interface Role {
  readonly arn: string
  /** ARNs of roles whose sessions may assume it, of users, or of an account (`arn:aws:iam::111111111111:root`). */
  readonly principals?: readonly string[]
  readonly externalId?: string
  /** Trusts a token of GitHub's with exactly these claims. */
  readonly webIdentity?: { readonly audience: string; readonly subject: string }
  /** Default 3600. */
  readonly maxSessionSeconds?: number
}

export interface AccessKey {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
  /** ARN of the user, or of the role's session, whose key it is. */
  readonly principal: string
  /** Milliseconds since the epoch. */
  readonly expiresAt?: number
}

/** Repositories are there by being named in a pull request, or by a commit. */
export interface GitHubOptions {
  readonly tokens?: readonly GitHubToken[]
  readonly pullRequests?: readonly PullRequest[]
  /** Commits that no pull request brought. */
  readonly commits?: readonly { readonly repository: string; readonly sha: string }[]
}

export interface GitHubUser {
  /** Such as `github-actions[bot]`. */
  readonly login: string
  readonly type: 'Bot' | 'User'
}

/** A token, and who writes with it. It opens every repository here. */
export interface GitHubToken extends GitHubUser {
  readonly token: string
  /** As a workflow grants them. */
  readonly permissions: {
    readonly contents?: 'read' | 'write'
    readonly 'pull-requests'?: 'read' | 'write'
  }
}

export interface PullRequest {
  /** As `acme/app`. */
  readonly repository: string
  readonly number: number
  readonly state: 'open' | 'closed' | 'merged'
  readonly headSha: string
  /** Commits that its branch holds besides the head. Default: none. */
  readonly commits?: readonly string[]
  /** Where its branch is, such as a fork. Default: `repository`. */
  readonly headRepository?: string
  /** What merging made; while it is open, the merge that GitHub tries, which `pull_request` jobs run on. */
  readonly mergeCommitSha?: string
  /** The branch that it is for. Default `main`. */
  readonly base?: string
}

/** How long AWS takes for things, in milliseconds. */
export interface Timings {
  readonly creating: number
  /** With global indexes in CreateTable, however many. */
  readonly creatingWithIndexes: number
  /** Of a stream, a table class, and the deletion of an index. */
  readonly updating: number
  /** The first time that a table becomes on demand. */
  readonly billingModeUpdating: number
  /** When it becomes on demand again. */
  readonly billingModeAgainUpdating: number
  readonly provisionedUpdating: number
  readonly throughputUpdating: number
  readonly deleting: number
  readonly indexCreating: number
  /** The first part of it, in which the table is UPDATING and nothing is backfilled yet. */
  readonly indexAllocating: number
  readonly indexUpdating: number
  readonly encryptionUpdating: number
  /** After a change of encryption the old key is shown for so long. */
  readonly encryptionKeyShown: number
  /** The first increase. */
  readonly warmThroughputUpdating: number
  readonly warmThroughputAgainUpdating: number
  /** After CreateTable, DescribeContinuousBackups knows no such table for so long. */
  readonly backupsMissing: number
  /** After ACTIVE, point-in-time recovery cannot be changed for so long. */
  readonly backupsUnavailable: number
  /** After ACTIVE, continuous backups are DISABLED for so long, unless recovery is changed. */
  readonly backupsDisabled: number
  /** After DeleteTable, the backups of the table are known for so long. */
  readonly backupsForgotten: number
  /** After CreateTable, the tags of a table that is not yet ACTIVE cannot be read for so long. */
  readonly tagsUnreadable: number
  /** After a tag write the old tags are shown for so long. */
  readonly tagsLag: number
  /** After a tag write only one that contains it is accepted for so long. */
  readonly tagsLock: number
  /** After DeleteTable, the tags of the table are known for so long. */
  readonly tagsForgotten: number
  readonly deletionProtectionCooldown: number
  /** After CreateTable, UpdateTimeToLive is ResourceNotFoundException for this time, then ResourceInUseException until ACTIVE. */
  readonly timeToLiveMissing: number
  /** ENABLING and DISABLING. An upper bound: polls once a second saw neither. */
  readonly timeToLiveSettling: number
  /** From an accepted change of time to live until the next one is accepted. */
  readonly timeToLiveCooldown: number
  /** After a replica is added, the table does not list it and is UPDATING for so long. */
  readonly replicaUnlisted: number
  /** From the request to ACTIVE; of an empty table. */
  readonly replicaCreating: number
  /** How long a change that concerns replicas keeps the table UPDATING. */
  readonly replicaUpdating: number
  /** From the request until the table lists the replica no more. */
  readonly replicaDeleting: number
}

/** Middles of what was measured on AWS. */
export const measuredTimings: Timings = {
  creating: 6000,
  creatingWithIndexes: 18_000,
  updating: 4500,
  billingModeUpdating: 150_000,
  billingModeAgainUpdating: 4500,
  provisionedUpdating: 80_000,
  throughputUpdating: 1500,
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
