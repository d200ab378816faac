/**
 * The vocabulary of tables, in one normal form for what is asked for and for what AWS holds.
 * Imports nothing.
 */

export type KeyType = 'S' | 'N' | 'B'

export interface KeyAttribute {
  readonly name: string
  readonly type: KeyType
}

/** The primary key. It can never be changed on a table that exists. */
export interface Keys {
  readonly partitionKey: KeyAttribute
  readonly sortKey?: KeyAttribute
}

export type BillingMode = 'PAY_PER_REQUEST' | 'PROVISIONED'

export type PointInTimeRecovery =
  | { readonly enabled: false }
  | { readonly enabled: true /** 1 to 35. */; readonly recoveryPeriodDays: number }

/** As DynamoDB allows it. */
export function isTableName(text: string): boolean {
  return /^[a-zA-Z0-9_.-]{3,255}$/.test(text)
}

/** A map, not an object: `__proto__` is a legal tag key. */
export type Tags = ReadonlyMap<string, string>

export interface Environment {
  readonly name: string
  readonly production: boolean
}

/** One account, region and environment. */
export interface Target {
  readonly account: string
  readonly partition: string
  readonly region: string
  readonly environment: Environment
}

/** What a table should be. What is left out here is left as AWS has it: omitted is not `false`. */
export interface DesiredTable {
  /** The name by which outputs know the table, such as `users`. */
  readonly logicalName: string
  /** The name in DynamoDB, prefix included. */
  readonly name: string
  readonly keys: Keys
  readonly billingMode: 'PAY_PER_REQUEST'
  readonly deletionProtection?: boolean
  readonly pointInTimeRecovery?: PointInTimeRecovery
  /** Those that the table must carry. Others on the table are left alone. */
  readonly tags: Tags
}

/** A setting that DynamoDB reports, that no definition mentions, and that differs from a new table's. */
export interface UnmanagedSetting {
  readonly path: string
  readonly value: string
}

/** A copy of a table in another region. DynamoDB replicates every change of an item between the two. */
export interface Replica {
  readonly region: string
  /** DynamoDB's ReplicaStatus. */
  readonly status: string
}

/** What AWS holds of a table that can be worked with. */
export interface ReadyTable {
  readonly status: 'ready'
  readonly arn: string
  /** Absent where the endpoint gives none (moto). */
  readonly id?: string
  /** Milliseconds since the epoch. Absent where the endpoint gives none. */
  readonly createdAt?: number
  readonly streamArn?: string
  readonly keys: Keys
  readonly billingMode: BillingMode
  readonly deletionProtection: boolean
  readonly pointInTimeRecovery: PointInTimeRecovery
  readonly tags: Tags
  /** In other regions, sorted by region. */
  readonly replicas: readonly Replica[]
  readonly unmanaged: readonly UnmanagedSetting[]
}

export type ObservedTable =
  | { readonly status: 'absent' }
  | ReadyTable
  /** Neither usable nor on its way to be: being deleted, archived, locked out of its key. */
  | { readonly status: 'unavailable'; readonly tableStatus: string; readonly id?: string }

/** Observed tables by their full name. */
export type ObservedTables = ReadonlyMap<string, ObservedTable>

export const environmentTag = 'tenant-tables:environment'
export const managedByTag = 'tenant-tables:managed-by'
export const managedByValue = 'tenant-tables'

/** Whether this action created or adopted a table with these tags. */
export function isManaged(tags: Tags): boolean {
  return tags.get(managedByTag) === managedByValue
}

/** DynamoDB's limit; its own `aws:` tags do not count. */
export const mostTags = 50

/** AWS's own tags can neither be set nor removed, and do not count towards the limit. */
export function isAwsTag(key: string): boolean {
  return key.toLowerCase().startsWith('aws:')
}

/** Environments are compared without case, the tag included. */
export function isSameEnvironment(left: string, right: string): boolean {
  return left.toLowerCase() === right.toLowerCase()
}

/** The ARN that a table of this name has, or will have. */
export function tableArn(target: Pick<Target, 'account' | 'partition' | 'region'>, name: string): string {
  return `arn:${target.partition}:dynamodb:${target.region}:${target.account}:table/${name}`
}

/** `tenant_id (S), user_id (S)` */
export function describeKeys(keys: Keys): string {
  return [keys.partitionKey, keys.sortKey]
    .flatMap((key) => (key === undefined ? [] : `${key.name} (${key.type})`))
    .join(', ')
}

/** `off` or `on, 35 days` */
export function describeRecovery(recovery: PointInTimeRecovery): string {
  return recovery.enabled ? `on, ${recovery.recoveryPeriodDays} days` : 'off'
}

const passingStatuses: ReadonlySet<string> = new Set(['CREATING', 'UPDATING', 'DELETING', 'ENABLING', 'DISABLING'])

/** Whether DynamoDB ends this status of a table, index, replica or encryption by itself. */
export function isPassing(status: string): boolean {
  return passingStatuses.has(status)
}
