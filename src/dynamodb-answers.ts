/** What DynamoDB's answers say of a table and its items, in our words. Pure: the SDK gives it nothing but types. */
import type {
  AttributeValue,
  DescribeContinuousBackupsOutput,
  DescribeTableOutput,
  GetItemOutput,
  ListTagsOfResourceOutput,
  QueryOutput,
  TableDescription,
} from '@aws-sdk/client-dynamodb'
import { RemedyError } from './errors.ts'
import type { Item } from './items.ts'
import type { KeyAttribute, Keys, KeyType, PointInTimeRecovery, ReadyTable, Tags, UnmanagedSetting } from './table.ts'

/** What DescribeTable says of a table. */
export interface DescribedTable extends Omit<ReadyTable, 'status' | 'pointInTimeRecovery' | 'tags'> {
  /** DynamoDB's TableStatus. */
  readonly tableStatus: string
  /** `changing`: wait, because what is read may be the old value; `unavailable`: waiting does not change it. */
  readonly phase: 'settled' | 'changing' | 'unavailable'
  /** In progress beside the table's own status: the table is ACTIVE meanwhile, but does not accept every call. */
  readonly changesUnderWay: readonly ChangeUnderWay[]
}

export interface ChangeUnderWay {
  readonly part: 'index' | 'replica' | 'encryption' | 'warm throughput'
  /** Of the index, or the region of the replica. */
  readonly name?: string
  /** Such as `CREATING`, in DynamoDB's words. */
  readonly status: string
}

/** `ACTIVE, replica eu-west-1 CREATING` */
export function describeChanges({
  tableStatus,
  changesUnderWay,
}: Pick<DescribedTable, 'tableStatus' | 'changesUnderWay'>): string {
  const parts = changesUnderWay.map(({ part, name, status }) =>
    [part, ...(name === undefined ? [] : [name]), status].join(' '),
  )
  return [tableStatus, ...parts].join(', ')
}

/** @throws {RemedyError} where DynamoDB could not have answered so; as the other readings do */
export function readDescription(table: string, answer: DescribeTableOutput): DescribedTable {
  return understood('DescribeTable', table, () => describe(ofType('object', answer.Table ?? undefined)))
}

export function readRecovery(table: string, answer: DescribeContinuousBackupsOutput): PointInTimeRecovery {
  return understood('DescribeContinuousBackups', table, () => {
    // ContinuousBackupsStatus is ENABLED on every table; only the recovery's own status tells.
    const recovery = answer.ContinuousBackupsDescription?.PointInTimeRecoveryDescription
    if (recovery?.PointInTimeRecoveryStatus !== 'ENABLED') return { enabled: false }
    return { enabled: true, recoveryPeriodDays: ofType('number', recovery.RecoveryPeriodInDays ?? 35) }
  })
}

export function readTagPage(
  arn: string,
  page: ListTagsOfResourceOutput,
): { readonly tags: Tags; readonly nextToken?: string } {
  return understood('ListTagsOfResource', arn, () => {
    const named = (page.Tags ?? []).filter(({ Key }) => Key !== undefined)
    const tags = new Map(named.map(({ Key, Value }) => [ofType('string', Key), ofType('string', Value ?? '')]))
    return { tags, ...(page.NextToken === undefined ? {} : { nextToken: ofType('string', page.NextToken) }) }
  })
}

/** @returns undefined where there is none */
export function readItem(table: string, { Item }: GetItemOutput): Item | undefined {
  return understood('GetItem', table, () => (Item === undefined ? undefined : stringsOf(Item)))
}

/** @returns the items of the page, and the key that the next one begins after */
export function readItemPage(
  table: string,
  { Items, LastEvaluatedKey }: QueryOutput,
): { readonly items: readonly Item[]; readonly last?: Record<string, AttributeValue> } {
  return understood('Query', table, () => {
    const items = (Items ?? []).map(stringsOf)
    return { items, ...(LastEvaluatedKey === undefined ? {} : { last: ofType('object', LastEvaluatedKey) }) }
  })
}

function stringsOf(item: Readonly<Record<string, AttributeValue>>): Item {
  return Object.fromEntries(
    Object.entries(ofType('object', item)).flatMap(([name, { S }]) =>
      S === undefined ? [] : [[name, ofType('string', S)]],
    ),
  )
}

function describe(table: TableDescription): DescribedTable {
  return {
    tableStatus: ofType('string', table.TableStatus ?? 'UNKNOWN'),
    phase: phaseOf(table),
    changesUnderWay: findChangesUnderWay(table),
    arn: ofType('string', table.TableArn ?? ''),
    ...(!table.TableId ? {} : { id: ofType('string', table.TableId) }),
    // A disabled stream's ARN lingers, and leads nowhere.
    ...(table.StreamSpecification?.StreamEnabled && table.LatestStreamArn !== undefined
      ? { streamArn: ofType('string', table.LatestStreamArn) }
      : {}),
    keys: describeKeySchema(table),
    // Without a summary the table was never on demand.
    billingMode: ofType('string', table.BillingModeSummary?.BillingMode ?? 'PROVISIONED'),
    deletionProtection: ofType('boolean', table.DeletionProtectionEnabled ?? false),
    unmanaged: describeUnmanaged(table),
  }
}

function phaseOf(table: TableDescription): DescribedTable['phase'] {
  if (table.TableStatus === 'CREATING' || table.TableStatus === 'UPDATING') return 'changing'
  return table.TableStatus === 'ACTIVE' ? 'settled' : 'unavailable'
}

/** These end by themselves. CREATION_FAILED, REGION_DISABLED and their like do not. */
const passingStatuses: ReadonlySet<unknown> = new Set(['CREATING', 'UPDATING', 'DELETING', 'ENABLING', 'DISABLING'])

function findChangesUnderWay(table: TableDescription): readonly ChangeUnderWay[] {
  const parts = [
    ...(table.GlobalSecondaryIndexes ?? []).flatMap(({ IndexName: name, IndexStatus: status, WarmThroughput }) => [
      { part: 'index' as const, name, status },
      { part: 'warm throughput' as const, name, status: WarmThroughput?.Status },
    ]),
    ...(table.Replicas ?? []).map(({ RegionName: name, ReplicaStatus: status }) => ({
      part: 'replica' as const,
      name,
      status,
    })),
    { part: 'encryption' as const, name: undefined, status: table.SSEDescription?.Status },
    { part: 'warm throughput' as const, name: undefined, status: table.WarmThroughput?.Status },
  ]
  return parts.flatMap(({ part, name, status }) =>
    status !== undefined && passingStatuses.has(status)
      ? [{ part, ...(name === undefined ? {} : { name: ofType('string', name) }), status }]
      : [],
  )
}

function describeKeySchema(table: TableDescription): Keys {
  const attribute = (keyType: string): KeyAttribute | undefined => {
    const name = table.KeySchema?.find((element) => element.KeyType === keyType)?.AttributeName
    const definition = table.AttributeDefinitions?.find((each) => each.AttributeName === name)
    return name === undefined
      ? undefined
      : { name: ofType('string', name), type: ofType('string', (definition?.AttributeType ?? '?') as KeyType) }
  }
  const sortKey = attribute('RANGE')
  return {
    partitionKey: attribute('HASH') ?? { name: '', type: 'S' },
    ...(sortKey === undefined ? {} : { sortKey }),
  }
}

/** What someone may have set by hand, in a fixed order. */
function describeUnmanaged(table: TableDescription): readonly UnmanagedSetting[] {
  const names = (indexes: readonly { IndexName?: string | undefined }[] | undefined) =>
    (indexes ?? []).map(({ IndexName }) => IndexName ?? '').sort()
  const stream = table.StreamSpecification
  const tableClass = table.TableClassSummary?.TableClass ?? 'STANDARD'
  const replicas = (table.Replicas ?? []).map(({ RegionName }) => RegionName ?? '').sort()
  return [
    ...names(table.GlobalSecondaryIndexes).map((value) => ({ path: 'globalIndex', value })),
    ...names(table.LocalSecondaryIndexes).map((value) => ({ path: 'localIndex', value })),
    ...(stream?.StreamEnabled ? [{ path: 'stream', value: stream.StreamViewType ?? '' }] : []),
    ...(tableClass === 'STANDARD' ? [] : [{ path: 'tableClass', value: tableClass }]),
    ...(table.SSEDescription?.KMSMasterKeyArn === undefined
      ? []
      : [{ path: 'encryptionKey', value: table.SSEDescription.KMSMasterKeyArn }]),
    ...replicas.map((value) => ({ path: 'replica', value })),
  ].map(({ path, value }) => ({ path, value: ofType('string', value) }))
}

/**
 * An endpoint that is not AWS may answer anything.
 *
 * @throws {RemedyError} where what it answered cannot be read
 */
export function understood<Value>(operation: string, resource: string, read: () => Value): Value {
  try {
    return read()
  } catch (cause) {
    throw new RemedyError(
      `DynamoDB's answer to ${operation} on "${resource}" cannot be understood.`,
      'Check what AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_DYNAMODB point at.',
      { cause },
    )
  }
}

/** The SDK hands on members of a wrong type as they came. */
function ofType<Value>(type: 'string' | 'number' | 'boolean' | 'object', value: Value | undefined): Value {
  if (value === undefined || typeof value !== type)
    throw new TypeError(`Expected ${type}, but found ${JSON.stringify(value)}`)
  return value
}
