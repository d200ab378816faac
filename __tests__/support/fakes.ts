/** Stand-ins for DynamoDB and for the run. */
import type {
  AttributeDefinition,
  CreateTableInput,
  GlobalSecondaryIndex,
  IndexStatus,
  SSESpecification,
  TableDescription,
  UpdateTableInput,
} from '@aws-sdk/client-dynamodb'
import type { DynamoDb } from '../../src/aws/dynamodb.ts'
import type { ItemStore } from '../../src/aws/item-store.ts'
import { type Item, pick, renderItem } from '../../src/definition/items.ts'
import { nameStep } from '../../src/plan/description.ts'
import type { Step, UpdateStep } from '../../src/plan/plan.ts'
import type { Run } from '../../src/run/run.ts'
import { type BillingMode, isProvisioned } from '../../src/table/properties/billing-mode.ts'
import type { GlobalIndex, GlobalIndexes } from '../../src/table/properties/global-secondary-indexes.ts'
import { type PropertyName, properties } from '../../src/table/properties/index.ts'
import { readKeys } from '../../src/table/properties/key-schema.ts'
import { sortTags, type Tags, tagValue } from '../../src/table/properties/tags.ts'
import type { Ask, InputOf, Operation, OutputOf, Request } from '../../src/table/request.ts'
import { indexInput, keyDefinitions } from '../../src/table/secondary-index.ts'
import type { ObservedTable, ObservedTables, ReadyTable, TableValues } from '../../src/table/table.ts'
import { tableArn } from '../../src/table/target.ts'
import { type OnDemandThroughput, readOnDemandThroughput, type Throughput } from '../../src/table/throughput.ts'
import { aTarget, initialValues, withIndexThroughput } from './builders.ts'
import { type VirtualClock, virtualClock } from './clock.ts'

export interface FakeRun extends Run {
  readonly clock: VirtualClock
  readonly lines: string[]
  /** Acts as SIGINT or the deadline: first no new call, then no call at all. */
  readonly stopNow: (reason: Error) => void
  readonly abortNow: (reason: Error) => void
}

export function aRun(clock: VirtualClock = virtualClock()): FakeRun {
  const stopping = new AbortController()
  const aborting = new AbortController()
  const leaving = new AbortController()
  const lines: string[] = []
  return {
    clock,
    lines,
    log: { info: (line) => void lines.push(line), startGroup: () => undefined, endGroup: () => undefined },
    stop: stopping.signal,
    abort: aborting.signal,
    leave: leaving.signal,
    stopNow: (reason) => stopping.abort(reason),
    abortNow: (reason) => {
      stopping.abort(reason)
      aborting.abort(reason)
    },
  }
}

/** Performs a step on observed tables: the meaning of a plan, apart from the calls. */
export function performStep(observed: ObservedTables, step: Step, newTable = initialValues): ObservedTables {
  const before = observed.get(step.table)
  return new Map(observed).set(step.table, performOn(before, step, newTable))
}

function performOn(before: ObservedTable | undefined, step: Step, newTable: typeof initialValues): ObservedTable {
  if (step.kind === 'create') {
    if (before?.status === 'ready') throw new Error(`"${step.table}" exists already`)
    return {
      status: 'ready',
      arn: tableArn(aTarget(), step.table),
      id: `new-id-of-${step.table}`,
      properties: withIndexThroughput({ ...newTable, ...step.to } as unknown as TableValues),
      replicas: [],
      changesInProgress: [],
      unmanaged: [],
    }
  }
  if (before?.status !== 'ready') throw new Error(`"${step.table}" does not exist`)
  if (step.kind === 'delete') return { status: 'absent' }
  const properties = withIndexThroughput({ ...before.properties, ...valuesAfter(before.properties, step) })
  return { ...before, properties }
}

/** The values that an update changes. */
function valuesAfter(before: TableValues, { property, from, to }: UpdateStep): Partial<TableValues> {
  switch (property) {
    case 'Tags':
      return { Tags: mergeTags(before.Tags, to as Tags) }
    case 'OnDemandThroughput':
      return { OnDemandThroughput: { ...before.OnDemandThroughput, ...(to as OnDemandThroughput) } }
    case 'GlobalSecondaryIndexes':
      return { GlobalSecondaryIndexes: indexesAfter(before.GlobalSecondaryIndexes, from, to) }
    case 'BillingMode': {
      const mode = to as BillingMode
      if (!isProvisioned(mode)) return { BillingMode: mode }
      const { ProvisionedThroughput } = mode
      return { BillingMode: { ProvisionedThroughput }, OnDemandThroughput: readOnDemandThroughput() }
    }
    default:
      return { [property]: to }
  }
}

/** The change creates, deletes or updates one index. */
function indexesAfter(before: GlobalIndexes = [], from: unknown, to: unknown): GlobalIndexes {
  const [[old], [index]] = [from, to] as [GlobalIndexes, GlobalIndexes]
  const present = before.find(({ IndexName }) => IndexName === (old ?? index)?.IndexName)
  if ((old === undefined) !== (present === undefined)) throw new Error('DynamoDB refuses such a change of an index')
  const others = before.filter((each) => each !== present)
  return index === undefined ? others : [...others, { ...present, ...index }]
}

function mergeTags(before: Tags, written: Tags): Tags {
  return sortTags([...before.filter(({ Key }) => tagValue(written, Key) === undefined), ...written])
}

/** A write as a test compares it: `create "users"`, `update BillingMode of "users"`. */
export type Write = ReturnType<typeof nameStep>

export interface Model {
  readonly dynamoDb: DynamoDb
  readonly writes: Write[]
  readonly tables: () => ObservedTables
  /** A change by someone else. */
  readonly change: (table: string, to: ObservedTable) => void
}

/** DynamoDB at its simplest: every write is complete at once, and shows at once. */
export function modelDynamoDb(observed: ObservedTables = new Map()): Model {
  let tables = observed
  const writes: Write[] = []
  return {
    writes,
    tables: () => tables,
    change: (table, to) => {
      tables = new Map(tables).set(table, to)
    },
    dynamoDb: {
      ask: (async (operation: Operation, input: object) => answerFor(operation, input, tables)) as Ask,
      write: async (request) => {
        const step = stepOf(request)
        writes.push(nameStep(step))
        tables = performStep(tables, step)
      },
      itemsWithin: () => modelItems(),
    },
  }
}

/** The key that AWS manages for DynamoDB in the account of the model. */
export const awsManagedKey = 'arn:aws:kms:ap-south-1:222222222222:key/00000000-0000-4000-8000-0000000000aa'

/** The step that a write performs. An UpdateTable changes one property. */
export function stepOf({ operation, input }: Request): Step {
  const mode = 'ProvisionedThroughput' in input ? { BillingMode: 'PROVISIONED' } : {}
  const given = { ...mode, ...input } as Input
  const table = tableIn(given)
  if (operation === 'DeleteTable') return { kind: 'delete', table }
  const changed = properties.filter(({ name }) => name in given)
  const valuesIn = Object.fromEntries(changed.map(({ name }) => [name, valueIn(given, name)]))
  if (operation === 'CreateTable') return { kind: 'create', table, to: valuesIn }
  if ('GlobalSecondaryIndexUpdates' in given && !('BillingMode' in given)) return indexStepOf(table, given)
  const [property] = changed
  if (property === undefined) throw new Error(`${operation} changes no property`)
  return { kind: 'update', table, property: property.name, from: undefined, to: valuesIn[property.name], risk: 'safe' }
}

type Input = Partial<CreateTableInput & UpdateTableInput> & Readonly<Record<string, unknown>>

/** The value of a property in an input, in the form of the property. */
function valueIn(given: Input, name: PropertyName): unknown {
  const { AttributeDefinitions, BillingMode, ProvisionedThroughput } = given
  switch (name) {
    case 'BillingMode':
      return ProvisionedThroughput === undefined ? BillingMode : { ProvisionedThroughput }
    case 'KeySchema':
      return readKeys(given.KeySchema, AttributeDefinitions)
    case 'GlobalSecondaryIndexes':
    case 'LocalSecondaryIndexes':
      return withKeyTypes(given[name] as readonly GlobalSecondaryIndex[], AttributeDefinitions)
    case 'SSESpecification': {
      const { Enabled, KMSMasterKeyId = awsManagedKey } = given[name] as SSESpecification
      return Enabled ? { SSEEnabled: true, KMSMasterKeyId } : { SSEEnabled: false }
    }
    default:
      return given[name]
  }
}

function indexStepOf(table: string, input: Input): Step {
  const { Create, Update, Delete } = input.GlobalSecondaryIndexUpdates?.[0] ?? {}
  return {
    kind: 'update',
    table,
    property: 'GlobalSecondaryIndexes',
    from: [Update, Delete].flatMap((each) => (each === undefined ? [] : [{ IndexName: each.IndexName }])),
    to: Create === undefined ? [Update].filter(Boolean) : withKeyTypes([Create], input.AttributeDefinitions),
    risk: 'safe',
  }
}

function withKeyTypes(
  indexes: readonly Pick<GlobalSecondaryIndex, 'KeySchema'>[],
  definitions: readonly AttributeDefinition[] | undefined,
): readonly object[] {
  return indexes.map((index) => ({ ...index, KeySchema: readKeys(index.KeySchema, definitions) }))
}

function tableIn({ TableName, ResourceArn }: { readonly TableName?: unknown; readonly ResourceArn?: unknown }): string {
  return String(TableName ?? String(ResourceArn).split('/')[1])
}

/** The answer of DynamoDB to a read, in its own form; undefined for a table that does not exist. */
export function answerFor(operation: Operation, input: object, tables: ObservedTables): object | undefined {
  const name = tableIn(input)
  const table = tables.get(name)
  if (table === undefined || table.status === 'absent') return undefined
  if (operation === 'DescribeTable') return { Table: descriptionOf(name, table) }
  if (table.status !== 'ready') return undefined
  const answer = answers[operation]
  if (answer === undefined) throw new Error(`The model does not answer ${operation}`)
  return answer(table.properties)
}

/** The answers to the reads of properties that have calls of their own. */
const answers: { readonly [Name in Operation]?: (values: TableValues) => object } = {
  ListTagsOfResource: ({ Tags }) => ({ Tags }),
  DescribeContinuousBackups: ({ PointInTimeRecoverySpecification: recovery }) => ({
    ContinuousBackupsDescription: {
      PointInTimeRecoveryDescription: {
        PointInTimeRecoveryStatus: recovery?.PointInTimeRecoveryEnabled ? 'ENABLED' : 'DISABLED',
        RecoveryPeriodInDays: recovery?.RecoveryPeriodInDays,
      },
    },
  }),
  DescribeTimeToLive: ({ TimeToLiveSpecification: timeToLive }) => ({
    TimeToLiveDescription: timeToLive?.Enabled
      ? { TimeToLiveStatus: 'ENABLED', AttributeName: timeToLive.AttributeName }
      : { TimeToLiveStatus: 'DISABLED' },
  }),
}

/** DescribeTable's description of a table. */
export function descriptionOf(name: string, table: Exclude<ObservedTable, { status: 'absent' }>): TableDescription {
  const common = { TableName: name, TableArn: tableArn(aTarget(), name), TableId: table.id }
  if (table.status === 'unavailable') return { ...common, TableStatus: table.tableStatus as 'DELETING' }
  const { KeySchema, OnDemandThroughput, DeletionProtectionEnabled, TableClass } = table.properties
  const { BillingMode, StreamSpecification, SSESpecification: encryption } = table.properties
  const { GlobalSecondaryIndexes = [], LocalSecondaryIndexes = [] } = table.properties
  return {
    ...common,
    TableStatus: 'ACTIVE',
    KeySchema: KeySchema.map(({ AttributeName, KeyType }) => ({ AttributeName, KeyType })),
    AttributeDefinitions: keyDefinitions([{ KeySchema }, ...GlobalSecondaryIndexes, ...LocalSecondaryIndexes]),
    GlobalSecondaryIndexes: GlobalSecondaryIndexes.map((index) => describeGlobalIndex(table, index)),
    LocalSecondaryIndexes: LocalSecondaryIndexes.map(indexInput),
    BillingModeSummary: { BillingMode: isProvisioned(BillingMode) ? 'PROVISIONED' : BillingMode },
    ProvisionedThroughput: isProvisioned(BillingMode) ? BillingMode.ProvisionedThroughput : noUnits,
    OnDemandThroughput,
    DeletionProtectionEnabled,
    CreationDateTime: table.createdAt === undefined ? undefined : new Date(table.createdAt),
    TableClassSummary: TableClass === undefined ? undefined : { TableClass: TableClass as 'STANDARD' },
    StreamSpecification: StreamSpecification?.StreamEnabled
      ? (StreamSpecification as { StreamEnabled: true; StreamViewType: 'KEYS_ONLY' })
      : undefined,
    SSEDescription: encryption?.SSEEnabled
      ? { Status: 'ENABLED', KMSMasterKeyArn: encryption.KMSMasterKeyId ?? awsManagedKey }
      : undefined,
    LatestStreamArn: table.streamArn,
    Replicas: table.replicas.map(({ region, status }) => ({ RegionName: region, ReplicaStatus: status as 'ACTIVE' })),
  }
}

const noUnits: Throughput = { ReadCapacityUnits: 0, WriteCapacityUnits: 0 }

function describeGlobalIndex({ changesInProgress }: ReadyTable, index: GlobalIndex) {
  const change = changesInProgress.find(({ part, name }) => part === 'index' && name === index.IndexName)
  const { ProvisionedThroughput = noUnits, OnDemandThroughput } = index
  const IndexStatus = (change?.status ?? 'ACTIVE') as IndexStatus
  return { ...indexInput(index), IndexStatus, ProvisionedThroughput, OnDemandThroughput }
}

/** Reads of a port by operation, each instead of the port's own. */
export type Answers = { readonly [Name in Operation]?: (input: InputOf<Name>) => Promise<OutputOf<Name> | undefined> }

/** The port with other answers to some reads, and another way to write. */
export function withAnswers(dynamoDb: DynamoDb, answers: Answers, write: DynamoDb['write'] = dynamoDb.write): DynamoDb {
  return {
    ...dynamoDb,
    write,
    ask: ((operation, input) => {
      const answer = answers[operation] as ((given: typeof input) => ReturnType<typeof dynamoDb.ask>) | undefined
      return answer === undefined ? dynamoDb.ask(operation, input) : answer(input)
    }) as Ask,
  }
}

export interface ItemModel extends ItemStore {
  readonly kept: ReadonlyMap<string, Item>
}

/** Items at their simplest. @param keys the names of all key attributes, of which an item may lack some */
export function modelItems(keys: readonly string[] = ['tenant_id', 'user_id']): ItemModel {
  const kept = new Map<string, Item>()
  const place = (table: string, item: Item) => JSON.stringify([table, renderItem(pick(item, keys))])
  return {
    kept,
    putIfAbsent: async (table, item) => {
      if (kept.has(place(table, item))) throw new Error('There is such an item')
      kept.set(place(table, item), item)
      return { isOutcomeUnknown: false }
    },
    get: async (table, key) => kept.get(place(table, key)),
    query: async (table, partition) =>
      [...kept].flatMap(([at, item]) =>
        JSON.parse(at)[0] === table && renderItem(pick(item, Object.keys(partition))) === renderItem(partition)
          ? [item]
          : [],
      ),
    delete: async (table, key) => void kept.delete(place(table, key)),
  }
}
