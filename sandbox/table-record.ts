/** The record of one table. Its state is computed from the clock on every read, without timers. */
import { describeReplicas, type ReplicaRecord } from './replica-record.ts'
import { describeThroughput, type Throughput, type ThroughputChanges } from './throughput-changes.ts'
import {
  describeWarmThroughput,
  onDemandWarmThroughput,
  raiseUnits,
  type WarmThroughput,
  type WarmUnits,
  warmUnitsOf,
} from './warm-throughput.ts'

export type Shape = Readonly<Record<string, unknown>>

export interface IndexRecord {
  readonly shape: Shape & { readonly IndexName: string }
  readonly activeAt: number
  /** When backfilling begins; undefined for an index created with the table, which does not backfill. */
  readonly backfillsFrom?: number
  /** When the deletion ends; set while the index is DELETING. */
  readonly goneAt?: number
  readonly throughputChanges?: ThroughputChanges
  /** The highest warm throughput before the present capacity. Absent for an index whose capacity never changed. */
  readonly warmed?: WarmUnits
  /** A change in progress: the index is UPDATING until `at`, and then has these members. */
  readonly change?: { readonly at: number } & Pick<IndexRecord, 'shape' | 'throughputChanges' | 'warmed'>
}

/** The kind of a change that keeps a table UPDATING. */
export type JobKind = 'throughput' | 'stream' | 'tableClass' | 'indexCreation' | 'indexDeletion' | 'replica'

export type BillingMode = 'PAY_PER_REQUEST' | 'PROVISIONED'

/** An accepted change that completes at a later time. */
export interface PendingChange {
  readonly kind: JobKind
  readonly at: number
  /** Applies the part of the change that becomes visible with its completion. */
  readonly apply: (record: TableRecord) => void
  /** The old billing mode during a switch. DescribeTable shows the new one at once. */
  readonly billingModeBefore?: BillingMode
  /** The table is ACTIVE during the change, and a further change of the same kind is accepted and lost. */
  readonly isHidden?: boolean
}

export interface TableRecord {
  readonly name: string
  readonly id: string
  readonly arn: string
  readonly createdAt: number
  readonly activeAt: number
  deletedAt?: number
  goneAt?: number
  forcedStatus?: string
  attributeDefinitions: readonly Shape[]
  readonly keySchema: readonly Shape[]
  readonly localIndexes: readonly Shape[]
  globalIndexes: readonly IndexRecord[]
  billingMode: BillingMode
  /** When the table last became on demand. From then on, DescribeTable shows BillingModeSummary. */
  lastOnDemand?: number
  throughput: Throughput
  throughputChanges?: ThroughputChanges
  /** A removed maximum is -1. DescribeTable shows it until `onDemandThroughputShownAt`, and then omits it. */
  onDemandThroughput?: Shape
  onDemandThroughputShownAt?: number
  warmThroughput: WarmThroughput
  deletionProtection: boolean
  protectionChangedAt?: number
  stream?: { readonly enabled: boolean; readonly viewType: string; readonly arn: string }
  /** An undefined key is the AWS-owned key. DescribeTable shows `keyBefore` until `keyShownAt`, UPDATING until `settledAt`. */
  encryption?: {
    readonly keyArn: string | undefined
    readonly keyBefore?: string | undefined
    readonly keyShownAt: number
    readonly settledAt: number
  }
  /** Absent until a request names a class, even the default one. */
  tableClass?: { readonly name: string; readonly changedAt?: number }
  /** The times of changes with a budget, by budget name. */
  readonly spent: Map<string, readonly number[]>
  pending: readonly PendingChange[]
  tags: ReadonlyMap<string, string>
  /** The tags that ListTagsOfResource shows until `tagsShownAt`. */
  tagsBefore: ReadonlyMap<string, string>
  tagsShownAt: number
  tagsLockedUntil: number
  /** The tags of the write that holds the lock. */
  tagsInFlight: ReadonlyMap<string, string>
  replicas: readonly ReplicaRecord[]
  recovery: { readonly enabled: boolean; readonly days: number; readonly since: number }
  timeToLive: {
    readonly enabled: boolean
    readonly attribute?: string
    /** When ENABLING becomes ENABLED, and DISABLING DISABLED. */
    readonly settledAt: number
    /** When the next change is accepted. DescribeTimeToLive does not show it. */
    readonly lockedUntil: number
  }
}

export type TableStatus = 'CREATING' | 'UPDATING' | 'DELETING' | 'ACTIVE' | string

export function statusOf(record: TableRecord, now: number): TableStatus {
  if (record.forcedStatus !== undefined) return record.forcedStatus
  if (record.goneAt !== undefined) return 'DELETING'
  if (now < record.activeAt) return 'CREATING'
  return record.pending.some(({ at, isHidden }) => at > now && !isHidden) ? 'UPDATING' : 'ACTIVE'
}

export function indexStatusOf({ activeAt, goneAt, change }: IndexRecord, now: number): string {
  if (goneAt !== undefined) return 'DELETING'
  if (now < activeAt) return 'CREATING'
  return change === undefined ? 'ACTIVE' : 'UPDATING'
}

/** Completes every change that is due. */
export function settle(record: TableRecord, now: number): void {
  const due = record.pending.filter(({ at }) => at <= now)
  record.pending = record.pending.filter(({ at }) => at > now)
  for (const { apply } of due) apply(record)
  record.replicas = record.replicas.filter(({ goneAt }) => goneAt === undefined || goneAt > now)
  record.globalIndexes = record.globalIndexes.map((index) => {
    const { change, ...rest } = index
    if (change === undefined || change.at > now) return index
    const { at: _, ...changed } = change
    return { ...rest, ...changed }
  })
  const indexes = record.globalIndexes.filter(({ goneAt }) => goneAt === undefined || goneAt > now)
  if (indexes.length === record.globalIndexes.length) return
  record.globalIndexes = indexes
  const used = keyAttributes(record)
  record.attributeDefinitions = record.attributeDefinitions.filter(({ AttributeName }) => used.has(AttributeName))
}

/** Lists the key attributes of the table and of its indexes. */
export function keyAttributes(table: {
  readonly keySchema: readonly Shape[]
  readonly localIndexes: readonly Shape[]
  readonly globalIndexes: readonly Pick<IndexRecord, 'shape'>[]
}): ReadonlySet<unknown> {
  const indexes = [...table.localIndexes, ...table.globalIndexes.map(({ shape }) => shape)]
  const schemas = indexes.map(({ KeySchema }) => (KeySchema ?? []) as readonly Shape[])
  return new Set([table.keySchema, ...schemas].flat().map(({ AttributeName }) => AttributeName))
}

/** Returns the table as DescribeTable shows it. */
export function describe(record: TableRecord, now: number): Shape {
  const onDemand = record.billingMode === 'PAY_PER_REQUEST'
  return {
    TableName: record.name,
    TableId: record.id,
    TableArn: record.arn,
    TableStatus: statusOf(record, now),
    CreationDateTime: record.createdAt / 1000,
    AttributeDefinitions: [...record.attributeDefinitions].sort((left, right) =>
      String(left.AttributeName) < String(right.AttributeName) ? -1 : 1,
    ),
    KeySchema: record.keySchema,
    ProvisionedThroughput: describeThroughput(onDemand ? undefined : record.throughput, record.throughputChanges, now),
    ...describeBillingMode(record),
    ...describeOnDemandThroughput(record, now),
    DeletionProtectionEnabled: record.deletionProtection,
    WarmThroughput: describeWarmThroughput(record.warmThroughput, now),
    ItemCount: 0,
    TableSizeBytes: 0,
    ...(record.localIndexes.length === 0
      ? {}
      : { LocalSecondaryIndexes: record.localIndexes.map((shape) => describeIndex(record, shape)) }),
    ...(record.globalIndexes.length === 0
      ? {}
      : { GlobalSecondaryIndexes: record.globalIndexes.map((index) => describeGlobalIndex(record, index, now)) }),
    ...(record.stream === undefined
      ? {}
      : {
          // DescribeTable keeps showing the ARN of a disabled stream.
          LatestStreamArn: record.stream.arn,
          LatestStreamLabel: record.stream.arn.split('/').at(-1),
          ...(record.stream.enabled
            ? { StreamSpecification: { StreamEnabled: true, StreamViewType: record.stream.viewType } }
            : {}),
        }),
    ...describeEncryption(record, now),
    ...describeTableClass(record),
    ...describeReplicas(record.replicas, now),
  }
}

/** DescribeTable shows a removed maximum as -1 for about a second (DDB-TABLE-182). */
function describeOnDemandThroughput(record: TableRecord, now: number): Shape {
  const { billingMode, onDemandThroughput = {}, onDemandThroughputShownAt: shownAt = 0 } = record
  const shown = Object.entries(onDemandThroughput).filter(([, units]) => units !== -1 || now < shownAt)
  if (billingMode !== 'PAY_PER_REQUEST' || shown.length === 0) return {}
  return { OnDemandThroughput: Object.fromEntries(shown) }
}

function describeBillingMode({ billingMode, lastOnDemand }: TableRecord): Shape {
  if (billingMode === 'PROVISIONED' && lastOnDemand === undefined) return {}
  return {
    BillingModeSummary: {
      BillingMode: billingMode,
      ...(lastOnDemand === undefined ? {} : { LastUpdateToPayPerRequestDateTime: lastOnDemand / 1000 }),
    },
  }
}

function describeIndex({ arn }: TableRecord, shape: Shape): Shape {
  const { NonKeyAttributes, ...projection } = shape.Projection as Shape
  return {
    ...shape,
    Projection: {
      ...projection,
      ...(NonKeyAttributes === undefined ? {} : { NonKeyAttributes: [...(NonKeyAttributes as string[])].sort() }),
    },
    IndexArn: `${arn}/index/${shape.IndexName}`,
    IndexSizeBytes: 0,
    ItemCount: 0,
  }
}

function describeGlobalIndex(record: TableRecord, index: IndexRecord, now: number): Shape {
  const onDemand = record.billingMode === 'PAY_PER_REQUEST'
  const status = indexStatusOf(index, now)
  const throughput = onDemand ? undefined : (index.shape.ProvisionedThroughput as Throughput | undefined)
  const warm = throughput === undefined ? onDemandWarmThroughput : warmUnitsOf(throughput)
  return {
    ...describeIndex(record, index.shape),
    IndexStatus: status,
    ...(status === 'CREATING' && index.backfillsFrom !== undefined ? { Backfilling: now >= index.backfillsFrom } : {}),
    ProvisionedThroughput: describeThroughput(throughput, index.throughputChanges, now),
    WarmThroughput: { ...raiseUnits(index.warmed ?? warm, warm), Status: 'ACTIVE' },
  }
}

function describeEncryption({ encryption }: TableRecord, now: number): Shape {
  if (encryption === undefined) return {}
  const isChanging = now < encryption.settledAt
  const key = now < encryption.keyShownAt ? encryption.keyBefore : encryption.keyArn
  // DescribeTable shows no SSEDescription for the AWS-owned key.
  if (!isChanging && key === undefined) return {}
  return {
    SSEDescription: {
      Status: isChanging ? 'UPDATING' : 'ENABLED',
      ...(key === undefined ? {} : { SSEType: 'KMS', KMSMasterKeyArn: key }),
    },
  }
}

function describeTableClass({ tableClass }: TableRecord): Shape {
  if (tableClass === undefined) return {}
  const { name, changedAt } = tableClass
  return {
    TableClassSummary: {
      TableClass: name,
      ...(changedAt === undefined ? {} : { LastUpdateDateTime: changedAt / 1000 }),
    },
  }
}
