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
import type { Item } from '../definition/items.ts'
import { RemedyError } from '../errors/errors.ts'
import { isPassing, type KeyAttribute, type Keys, type PointInTimeRecovery, type ReadyTable, type Replica, type Tags } from '../table/table.ts'
import { type UnmanagedSetting } from '../table/unmanaged.ts'

interface Description {
  /** DynamoDB's TableStatus. */
  readonly tableStatus: string
  readonly arn: string
  readonly id?: string
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
export function describeChanges({ tableStatus, changesUnderWay }: Description): string {
  const parts = changesUnderWay.map(({ part, name, status }) =>
    [part, ...(name === undefined ? [] : [name]), status].join(' '),
  )
  return [tableStatus, ...parts].join(', ')
}

/** A table that can be worked with. */
export interface SettledTable extends Description, Omit<ReadyTable, 'status' | 'pointInTimeRecovery' | 'tags'> {
  readonly phase: 'settled'
}

/**
 * A table whose settings say nothing: while it is `changing`, which is worth waiting for, they may be those from before;
 * while it is `unavailable`, which no waiting changes, AWS leaves some out, such as the keys while it is DELETING.
 */
interface UnsettledTable extends Description {
  readonly phase: 'changing' | 'unavailable'
}

/** What DescribeTable says of a table. */
export type DescribedTable = SettledTable | UnsettledTable

/**
 * @param arn that the table must have: of the run's account, partition and region, and of this name
 * @throws {RemedyError} where DynamoDB could not have answered so; as the other readings do
 */
export function readDescription(table: string, arn: string, answer: DescribeTableOutput): DescribedTable {
  return understood('DescribeTable', table, () => describe(ofType('Table', 'object', answer.Table), arn))
}

export function readRecovery(table: string, answer: DescribeContinuousBackupsOutput): PointInTimeRecovery {
  return understood('DescribeContinuousBackups', table, () => {
    // ContinuousBackupsStatus is ENABLED on every table; only the recovery's own status tells.
    const { PointInTimeRecoveryStatus, RecoveryPeriodInDays } =
      answer.ContinuousBackupsDescription?.PointInTimeRecoveryDescription ?? {}
    const status = oneOf('PointInTimeRecoveryStatus', ['ENABLED', 'DISABLED'], PointInTimeRecoveryStatus)
    if (status === 'DISABLED') return { enabled: false }
    // Endpoints older than this setting leave it out: then it is DynamoDB's default.
    return { enabled: true, recoveryPeriodDays: ofType('RecoveryPeriodInDays', 'number', RecoveryPeriodInDays ?? 35) }
  })
}

export function readTagPage(
  arn: string,
  page: ListTagsOfResourceOutput,
): { readonly tags: Tags; readonly nextToken?: string } {
  return understood('ListTagsOfResource', arn, () => {
    const tags = new Map(
      listOf('Tags', page.Tags).map(({ Key, Value }) => [
        textOf('the Key of a tag', Key),
        ofType(`the Value of the tag ${Key}`, 'string', Value),
      ]),
    )
    const { NextToken } = page
    return { tags, ...(NextToken === undefined ? {} : { nextToken: ofType('NextToken', 'string', NextToken) }) }
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
    const items = listOf('Items', Items).map(stringsOf)
    return {
      items,
      ...(LastEvaluatedKey === undefined ? {} : { last: ofType('LastEvaluatedKey', 'object', LastEvaluatedKey) }),
    }
  })
}

function stringsOf(item: Readonly<Record<string, AttributeValue>>): Item {
  return Object.fromEntries(
    Object.entries(ofType('an item', 'object', item)).flatMap(([name, { S }]) =>
      S === undefined ? [] : [[name, ofType(name, 'string', S)]],
    ),
  )
}

function describe(table: TableDescription, arn: string): DescribedTable {
  const description: Description = {
    tableStatus: textOf('TableStatus', table.TableStatus),
    arn: oneOf('TableArn', [arn], table.TableArn),
    ...(!table.TableId ? {} : { id: ofType('TableId', 'string', table.TableId) }),
    changesUnderWay: findChangesUnderWay(table),
  }
  const phase = phaseOf(table)
  if (phase === 'unavailable') return { ...description, phase }
  const keys = describeKeySchema(table)
  if (phase === 'changing') return { ...description, phase }
  const replicas = describeReplicas(table, arn)
  const { CreationDateTime, StreamSpecification, BillingModeSummary } = table
  return {
    ...description,
    phase,
    ...(CreationDateTime === undefined ? {} : { createdAt: timeOf('CreationDateTime', CreationDateTime) }),
    // A disabled stream's ARN lingers, and leads nowhere.
    ...(StreamSpecification?.StreamEnabled ? { streamArn: streamArnOf(table, arn) } : {}),
    keys,
    // Without a summary the table was never on demand.
    billingMode:
      BillingModeSummary === undefined
        ? 'PROVISIONED'
        : oneOf('BillingMode', ['PAY_PER_REQUEST', 'PROVISIONED'], BillingModeSummary.BillingMode),
    deletionProtection: ofType('DeletionProtectionEnabled', 'boolean', table.DeletionProtectionEnabled ?? false),
    replicas,
    unmanaged: describeUnmanaged(table, replicas),
  }
}

/** It goes to the outputs, so it must be of this table. */
function streamArnOf({ LatestStreamArn }: TableDescription, arn: string): string {
  const streamArn = textOf('LatestStreamArn', LatestStreamArn)
  if (streamArn.startsWith(`${arn}/stream/`)) return streamArn
  throw new TypeError(`LatestStreamArn must begin with ${arn}/stream/, but is ${JSON.stringify(streamArn)}`)
}

/** In other regions: some endpoints list the table's own region, too. */
function describeReplicas(table: TableDescription, arn: string): readonly Replica[] {
  const [, , , ownRegion] = arn.split(':')
  return listOf('Replicas', table.Replicas ?? [])
    .map(({ RegionName, ReplicaStatus }) => ({
      region: textOf('the RegionName of a replica', RegionName),
      status: textOf(`the ReplicaStatus of the replica in ${RegionName}`, ReplicaStatus),
    }))
    .filter(({ region }) => region !== ownRegion)
    .sort((left, right) => (left.region < right.region ? -1 : 1))
}

function phaseOf(table: TableDescription): DescribedTable['phase'] {
  if (table.TableStatus === 'CREATING' || table.TableStatus === 'UPDATING') return 'changing'
  return table.TableStatus === 'ACTIVE' ? 'settled' : 'unavailable'
}

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
    status !== undefined && isPassing(status)
      ? [{ part, ...(name === undefined ? {} : { name: textOf(`the name of the ${part}`, name) }), status }]
      : [],
  )
}

function describeKeySchema(table: TableDescription): Keys {
  const types = listOf('AttributeDefinitions', table.AttributeDefinitions)
  const attributes = listOf('KeySchema', table.KeySchema).map(({ AttributeName, KeyType }) => {
    const name = textOf('an AttributeName of KeySchema', AttributeName)
    const definition = types.find((each) => each.AttributeName === name)
    return {
      keyType: oneOf(`the KeyType of ${name}`, ['HASH', 'RANGE'], KeyType),
      attribute: { name, type: oneOf(`the AttributeType of ${name}`, ['S', 'N', 'B'], definition?.AttributeType) },
    }
  })
  const ofKeyType = (wanted: string): readonly KeyAttribute[] =>
    attributes.filter(({ keyType }) => keyType === wanted).map(({ attribute }) => attribute)
  const [partitionKey, secondPartitionKey] = ofKeyType('HASH')
  const [sortKey, secondSortKey] = ofKeyType('RANGE')
  if (partitionKey === undefined || secondPartitionKey !== undefined || secondSortKey !== undefined) {
    throw new TypeError(`KeySchema must have one HASH and at most one RANGE, but is ${JSON.stringify(table.KeySchema)}`)
  }
  return { partitionKey, ...(sortKey === undefined ? {} : { sortKey }) }
}

/** What someone may have set by hand, in a fixed order. */
function describeUnmanaged(table: TableDescription, replicas: readonly Replica[]): readonly UnmanagedSetting[] {
  const names = (member: string, indexes: readonly { IndexName?: string | undefined }[] | undefined) =>
    listOf(member, indexes ?? [])
      .map(({ IndexName }) => textOf(`an IndexName of ${member}`, IndexName))
      .sort()
  const { StreamSpecification: stream, TableClassSummary: tableClass, SSEDescription: encryption } = table
  return [
    ...names('GlobalSecondaryIndexes', table.GlobalSecondaryIndexes).map((value) => ({ path: 'globalIndex', value })),
    ...names('LocalSecondaryIndexes', table.LocalSecondaryIndexes).map((value) => ({ path: 'localIndex', value })),
    ...(stream?.StreamEnabled ? [{ path: 'stream', value: textOf('StreamViewType', stream.StreamViewType) }] : []),
    ...(tableClass === undefined ? [] : [{ path: 'tableClass', value: textOf('TableClass', tableClass.TableClass) }]),
    ...(encryption?.KMSMasterKeyArn === undefined
      ? []
      : [{ path: 'encryptionKey', value: ofType('KMSMasterKeyArn', 'string', encryption.KMSMasterKeyArn) }]),
    ...replicas.filter(({ status }) => status !== 'DELETING').map(({ region }) => ({ path: 'replica', value: region })),
  ].filter(({ path, value }) => path !== 'tableClass' || value !== 'STANDARD')
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

/**
 * The SDK hands on members of a wrong type as they came.
 *
 * @param member of the answer, for the error
 */
function ofType<Value>(
  member: string,
  type: 'string' | 'number' | 'boolean' | 'object',
  value: Value | null | undefined,
): Value {
  if (value === undefined || value === null || typeof value !== type) throw wrong(member, `of type ${type}`, value)
  return value
}

function textOf(member: string, value: string | undefined): string {
  if (value === '') throw wrong(member, 'a text that is not empty', value)
  return ofType(member, 'string', value)
}

function listOf<Value>(member: string, value: readonly Value[] | undefined): readonly Value[] {
  if (!Array.isArray(value)) throw wrong(member, 'a list', value)
  return value
}

/** @returns milliseconds since the epoch */
function timeOf(member: string, value: Date): number {
  if (!(value instanceof Date) || Number.isNaN(value.getTime())) throw wrong(member, 'a time', value)
  return value.getTime()
}

function oneOf<Value extends string>(member: string, allowed: readonly Value[], value: string | undefined): Value {
  const found = allowed.find((each) => each === value)
  if (found === undefined) throw wrong(member, allowed.join(' or '), value)
  return found
}

function wrong(member: string, expected: string, found: unknown): TypeError {
  return new TypeError(
    `${member} must be ${expected}, but ${found === undefined ? 'is missing' : `is ${JSON.stringify(found)}`}`,
  )
}
