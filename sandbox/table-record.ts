/** One table of the sandbox, and what time makes of it: states are computed when somebody looks, never by timers. */
import type { Timings } from './options.ts'
import { describeWarmThroughput, type WarmThroughput } from './warm-throughput.ts'

export type Shape = Readonly<Record<string, unknown>>

export interface IndexRecord {
  readonly shape: Shape & { readonly IndexName: string }
  readonly activeAt: number
  /** Set while it is being deleted. */
  readonly goneAt?: number
  /** Added to a table that was there: only these have Backfilling. */
  readonly isLater?: boolean
}

/** A change that DynamoDB has taken and will show once it is done. */
interface PendingChange {
  readonly at: number
  readonly apply: (record: TableRecord) => void
}

export interface TableRecord {
  readonly name: string
  readonly id: string
  readonly arn: string
  readonly createdAt: number
  readonly activeAt: number
  goneAt?: number
  forcedStatus?: string
  attributeDefinitions: readonly Shape[]
  readonly keySchema: readonly Shape[]
  readonly localIndexes: readonly Shape[]
  globalIndexes: readonly IndexRecord[]
  billingMode: 'PAY_PER_REQUEST' | 'PROVISIONED'
  /** BillingModeSummary stays for a table that was on demand once. */
  lastOnDemand?: number
  throughput: { readonly ReadCapacityUnits: number; readonly WriteCapacityUnits: number }
  onDemandThroughput?: Shape
  warmThroughput: WarmThroughput
  deletionProtection: boolean
  protectionChangedAt?: number
  stream?: { readonly enabled: boolean; readonly viewType: string; readonly arn: string }
  /** No key is the one that AWS owns. The key before shows until the new one does, and both before all is settled. */
  encryption?: {
    readonly keyArn: string | undefined
    readonly keyBefore?: string | undefined
    readonly keyShownAt: number
    readonly settledAt: number
  }
  tableClass: string
  updatingUntil: number
  /** When changes were made of which AWS allows only so many, by their kind. */
  readonly spent: Map<string, readonly number[]>
  pending: readonly PendingChange[]
  tags: ReadonlyMap<string, string>
  /** What ListTagsOfResource still shows until the write shows. */
  tagsBefore: ReadonlyMap<string, string>
  tagsShownAt: number
  tagsLockedUntil: number
  recovery: { readonly enabled: boolean; readonly days: number; readonly since: number }
  timeToLive: { readonly enabled: boolean; readonly attribute?: string; readonly changedAt?: number }
}

export type TableStatus = 'CREATING' | 'UPDATING' | 'DELETING' | 'ACTIVE' | string

export function statusOf(record: TableRecord, now: number): TableStatus {
  if (record.forcedStatus !== undefined) return record.forcedStatus
  if (record.goneAt !== undefined) return 'DELETING'
  if (now < record.activeAt) return 'CREATING'
  return now < record.updatingUntil ? 'UPDATING' : 'ACTIVE'
}

/** Lets everything happen that is due. */
export function settle(record: TableRecord, now: number): void {
  const due = record.pending.filter(({ at }) => at <= now)
  record.pending = record.pending.filter(({ at }) => at > now)
  for (const { apply } of due) apply(record)
  const indexes = record.globalIndexes.filter(({ goneAt }) => goneAt === undefined || goneAt > now)
  if (indexes.length === record.globalIndexes.length) return
  record.globalIndexes = indexes
  const used = keyAttributes(record)
  record.attributeDefinitions = record.attributeDefinitions.filter(({ AttributeName }) => used.has(AttributeName))
}

/** The attributes that a key of the table or of an index needs. */
export function keyAttributes(table: {
  readonly keySchema: readonly Shape[]
  readonly localIndexes: readonly Shape[]
  readonly globalIndexes: readonly Pick<IndexRecord, 'shape'>[]
}): ReadonlySet<unknown> {
  const indexes = [...table.localIndexes, ...table.globalIndexes.map(({ shape }) => shape)]
  const schemas = indexes.map(({ KeySchema }) => (KeySchema ?? []) as readonly Shape[])
  return new Set([table.keySchema, ...schemas].flat().map(({ AttributeName }) => AttributeName))
}

/** What DescribeTable says. */
export function describe(record: TableRecord, now: number): Shape {
  const onDemand = record.billingMode === 'PAY_PER_REQUEST'
  const throughput = onDemand ? { ReadCapacityUnits: 0, WriteCapacityUnits: 0 } : record.throughput
  return {
    TableName: record.name,
    TableId: record.id,
    TableArn: record.arn,
    TableStatus: statusOf(record, now),
    CreationDateTime: record.createdAt / 1000,
    AttributeDefinitions: record.attributeDefinitions,
    KeySchema: record.keySchema,
    ProvisionedThroughput: { NumberOfDecreasesToday: 0, ...throughput },
    ...(record.lastOnDemand === undefined
      ? {}
      : {
          BillingModeSummary: {
            BillingMode: record.billingMode,
            LastUpdateToPayPerRequestDateTime: record.lastOnDemand / 1000,
          },
        }),
    ...(onDemand && record.onDemandThroughput !== undefined ? { OnDemandThroughput: record.onDemandThroughput } : {}),
    DeletionProtectionEnabled: record.deletionProtection,
    WarmThroughput: describeWarmThroughput(record.warmThroughput, now),
    ItemCount: 0,
    TableSizeBytes: 0,
    ...(record.localIndexes.length === 0 ? {} : { LocalSecondaryIndexes: record.localIndexes }),
    ...(record.globalIndexes.length === 0
      ? {}
      : {
          GlobalSecondaryIndexes: record.globalIndexes.map(({ shape, activeAt, goneAt, isLater }) => ({
            ...shape,
            IndexStatus: goneAt !== undefined ? 'DELETING' : now < activeAt ? 'CREATING' : 'ACTIVE',
            ...(isLater === true ? { Backfilling: now < activeAt } : {}),
            IndexArn: `${record.arn}/index/${shape.IndexName}`,
            ProvisionedThroughput: {
              NumberOfDecreasesToday: 0,
              ...(onDemand ? throughput : (shape.ProvisionedThroughput as Shape)),
            },
          })),
        }),
    ...(record.stream === undefined
      ? {}
      : {
          // A disabled stream's ARN lingers.
          LatestStreamArn: record.stream.arn,
          ...(record.stream.enabled
            ? { StreamSpecification: { StreamEnabled: true, StreamViewType: record.stream.viewType } }
            : {}),
        }),
    ...describeEncryption(record, now),
    ...(record.tableClass === 'STANDARD' ? {} : { TableClassSummary: { TableClass: record.tableClass } }),
  }
}

function describeEncryption({ encryption }: TableRecord, now: number): Shape {
  if (encryption === undefined) return {}
  const isChanging = now < encryption.settledAt
  const key = now < encryption.keyShownAt ? encryption.keyBefore : encryption.keyArn
  // Nothing is said of the key that AWS owns.
  if (!isChanging && key === undefined) return {}
  return {
    SSEDescription: {
      Status: isChanging ? 'UPDATING' : 'ENABLED',
      ...(key === undefined ? {} : { SSEType: 'KMS', KMSMasterKeyArn: key }),
    },
  }
}

/** What ListTagsOfResource shows: undefined where it does not know the table yet. */
export function shownTags(record: TableRecord, now: number, timings: Timings): ReadonlyMap<string, string> | undefined {
  if (statusOf(record, now) === 'CREATING') {
    return now < record.createdAt + timings.tagsUnreadable ? undefined : new Map()
  }
  return now < record.tagsShownAt ? record.tagsBefore : record.tags
}
