/**
 * DynamoDB's control plane for one account and region.
 *
 * The rules follow measurements on AWS; a rule without such a source is unconfirmed. Numbers in comments and test names,
 * such as 143, are DDB-TABLE findings of `docs/api-quirks/` in aws-controllers-k8s/dynamodb-controller.
 */
import { randomUUID } from 'node:crypto'
import { backupsNotFound, describeContinuousBackups, updateContinuousBackups } from './backups.ts'
import { readOnDemandThroughput, readThroughput } from './capacity.ts'
import { checkRequest } from './constraints.ts'
import { readEncryptionKey } from './encryption.ts'
import { AwsError, invalidParameter, limitExceeded, notFound, validationError } from './errors.ts'
import { checkSchema } from './indexes.ts'
import { inUse, refuseDeletionWhileChanging, refuseUnlessUsable } from './jobs.ts'
import { Keys } from './kms.ts'
import type { Timings } from './options.ts'
import { createStream, type Input, type Place, readTableName, readTaggedTable, shapes, tableArn } from './parameters.ts'
import { refuseDeletionForReplicas } from './replicas.ts'
import { describe, type IndexRecord, type Shape, settle, statusOf, type TableRecord } from './table-record.ts'
import { isTagLocked, listTags, readTags, tagResource, untagResource } from './tags.ts'
import { describeTimeToLive, updateTimeToLive } from './time-to-live.ts'
import { readConcerns, updateTable } from './update-table.ts'
import { createWarmThroughput, onDemandWarmThroughput, warmUnitsOf } from './warm-throughput.ts'

export type { Place }

const maximumNamesPerPage = 100
const maximumTables = 2500
const maximumInProgress = 500
const maximumInProgressWithIndexes = 250

type Operation = (controlPlane: ControlPlane, input: Input) => Shape

export class ControlPlane {
  readonly place: Place
  readonly timings: Timings
  readonly now: () => number
  readonly keys: Keys
  readonly #tables = new Map<string, TableRecord>()

  constructor(place: Place, timings: Timings, now: () => number, keys = new Keys()) {
    this.keys = keys
    this.place = place
    this.timings = timings
    this.now = now
  }

  /** The present state of the table; undefined if it does not exist. */
  find(name: string): TableRecord | undefined {
    const record = this.#tables.get(name)
    if (record === undefined) return undefined
    settle(record, this.now())
    if (record.goneAt !== undefined && record.goneAt <= this.now()) {
      this.#tables.delete(name)
      return undefined
    }
    return record
  }

  /** The present state of all tables. */
  records(): readonly TableRecord[] {
    return [...this.#tables.keys()].flatMap((name) => this.find(name) ?? [])
  }

  names(): readonly string[] {
    return this.records()
      .map(({ name }) => name)
      .sort()
  }

  put(record: TableRecord): void {
    this.#tables.set(record.name, record)
  }

  call(operation: string, input: Input): Shape {
    const perform = operations[operation]
    if (perform === undefined)
      throw new AwsError('UnknownOperationException', `The sandbox does not support ${operation}`)
    // AWS reports an invalid table name alone, whatever else is invalid in the request.
    if (typeof input.TableName === 'string') readTableName(this.place, input)
    checkRequest(operation, input)
    return perform(this, input)
  }
}

const operations: Readonly<Record<string, Operation>> = {
  CreateTable: createTable,
  DescribeTable: (controlPlane, input) => ({ Table: describe(known(controlPlane, input), controlPlane.now()) }),
  DeleteTable: deleteTable,
  ListTables: (controlPlane, input) => listTables(controlPlane.names(), input),
  UpdateTable: (controlPlane, input) => {
    const concerns = readConcerns(input)
    return updateTable(controlPlane, known(controlPlane, input), concerns, input)
  },
  DescribeContinuousBackups: (controlPlane, input) =>
    describeContinuousBackups(controlPlane, knownToBackups(controlPlane, input)),
  UpdateContinuousBackups: (controlPlane, input) =>
    updateContinuousBackups(controlPlane, knownToBackups(controlPlane, input), input),
  DescribeTimeToLive: (controlPlane, input) => describeTimeToLive(controlPlane, known(controlPlane, input)),
  UpdateTimeToLive: (controlPlane, input) => updateTimeToLive(controlPlane, known(controlPlane, input), input),
  ListTagsOfResource: (controlPlane, input) => listTags(controlPlane, knownByArn(controlPlane, input)),
  TagResource: (controlPlane, input) => tagResource(controlPlane, knownByArn(controlPlane, input), input),
  UntagResource: (controlPlane, input) => untagResource(controlPlane, knownByArn(controlPlane, input), input),
}

function known(controlPlane: ControlPlane, input: Input): TableRecord {
  const name = readTableName(controlPlane.place, input)
  const record = controlPlane.find(name)
  if (record === undefined) throw notFound(`Table: ${name} not found`)
  return record
}

function knownToBackups(controlPlane: ControlPlane, input: Input): TableRecord {
  const name = readTableName(controlPlane.place, input)
  const record = controlPlane.find(name)
  if (record === undefined) throw backupsNotFound(name)
  return record
}

function knownByArn(controlPlane: ControlPlane, input: Input): TableRecord {
  const record = controlPlane.find(readTaggedTable(controlPlane.place, input))
  if (record === undefined) throw notFound(`ResourceArn: ${input.ResourceArn} not found`)
  return record
}

/** @param names sorted names of all tables */
function listTables(names: readonly string[], input: Input): Shape {
  const limit = Number(input.Limit ?? maximumNamesPerPage)
  const start = String(input.ExclusiveStartTableName ?? '')
  const rest = names.filter((name) => name > start)
  const page = rest.slice(0, limit)
  return { TableNames: page, ...(page.length < rest.length ? { LastEvaluatedTableName: page.at(-1) } : {}) }
}

function createTable(controlPlane: ControlPlane, input: Input): Shape {
  const name = readTableName(controlPlane.place, input)
  const now = controlPlane.now()
  checkSchema(input)
  const isOnDemand = input.BillingMode === 'PAY_PER_REQUEST'
  const throughput = readThroughput(controlPlane.place, input)
  const maximum = readOnDemandThroughput(controlPlane.place, input, isOnDemand)
  const stream = readStreamType(input)
  const givenKey = readEncryptionKey(input.SSESpecification)
  const tags = readTags(input.Tags)
  refuseExisting(controlPlane, name)
  const key = givenKey === undefined ? undefined : controlPlane.keys.use(controlPlane.place, givenKey)
  const indexes = shapes(input.GlobalSecondaryIndexes)
  checkTableQuotas(controlPlane.records(), now, indexes.length + shapes(input.LocalSecondaryIndexes).length > 0)
  const activeAt = now + (indexes.length > 0 ? controlPlane.timings.creatingWithIndexes : controlPlane.timings.creating)
  const warmThroughput = isOnDemand
    ? createWarmThroughput(
        input.WarmThroughput,
        onDemandWarmThroughput,
        'initial throughput for OnDemand. See: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html#on-demand-capacity-mode-initial',
        activeAt,
      )
    : createWarmThroughput(input.WarmThroughput, warmUnitsOf(throughput), 'capacity of ProvisionedThroughput', activeAt)
  const arn = tableArn(controlPlane.place, name)
  const record: TableRecord = {
    name,
    id: randomUUID(),
    arn,
    createdAt: now,
    activeAt,
    attributeDefinitions: shapes(input.AttributeDefinitions),
    keySchema: shapes(input.KeySchema),
    localIndexes: shapes(input.LocalSecondaryIndexes),
    // Indexes created with the table become ACTIVE with it.
    globalIndexes: indexes.map((shape) => ({ shape: shape as IndexRecord['shape'], activeAt })),
    billingMode: isOnDemand ? 'PAY_PER_REQUEST' : 'PROVISIONED',
    ...(isOnDemand ? { lastOnDemand: now } : {}),
    throughput,
    ...(maximum === undefined ? {} : { onDemandThroughput: maximum }),
    warmThroughput,
    deletionProtection: input.DeletionProtectionEnabled === true,
    ...(stream === undefined ? {} : { stream: createStream(arn, now, stream) }),
    ...(key === undefined ? {} : { encryption: { keyArn: key, keyShownAt: 0, settledAt: 0 } }),
    ...(input.TableClass === undefined ? {} : { tableClass: { name: String(input.TableClass) } }),
    spent: new Map(),
    pending: [],
    tags,
    tagsBefore: new Map(),
    tagsShownAt: 0,
    tagsLockedUntil: 0,
    tagsInFlight: new Map(),
    replicas: [],
    recovery: { enabled: false, days: 35, since: now },
    timeToLive: { enabled: false, settledAt: 0, lockedUntil: 0 },
  }
  controlPlane.put(record)
  const { WarmThroughput, ...description } = describe(record, now)
  return { TableDescription: { ...description, ...(input.WarmThroughput === undefined ? {} : { WarmThroughput }) } }
}

function readStreamType(input: Input): string | undefined {
  const { StreamEnabled, StreamViewType } = (input.StreamSpecification ?? {}) as Shape
  if (StreamEnabled === true && StreamViewType === undefined) {
    throw invalidParameter('Table is being created with a stream enabled, UpdateViewType is required')
  }
  if (StreamEnabled === false && StreamViewType !== undefined) {
    throw invalidParameter('Table is being created with a stream disabled, UpdateViewType should not be specified')
  }
  return StreamEnabled === true ? String(StreamViewType) : undefined
}

/** @throws {AwsError} LimitExceededException if another table exceeds a quota */
function checkTableQuotas(records: readonly TableRecord[], now: number, hasIndexes: boolean): void {
  const inProgress = records.filter((record) => ['CREATING', 'UPDATING', 'DELETING'].includes(statusOf(record, now)))
  const withIndexes = inProgress.filter(
    ({ globalIndexes, localIndexes }) => globalIndexes.length > 0 || localIndexes.length > 0,
  )
  if (records.length >= maximumTables) {
    throw limitExceeded(`the quota of ${maximumTables} tables is used up`)
  }
  if (hasIndexes && withIndexes.length >= maximumInProgressWithIndexes) {
    throw limitExceeded(`only ${maximumInProgressWithIndexes} indexed tables can be created at once`)
  }
  if (inProgress.length >= maximumInProgress) {
    throw limitExceeded(`only ${maximumInProgress} tables can be created, updated, or deleted simultaneously`)
  }
}

function refuseExisting(controlPlane: ControlPlane, name: string): void {
  const record = controlPlane.find(name)
  if (record === undefined) return
  if (statusOf(record, controlPlane.now()) === 'CREATING') throw inUse(record, `Table is being created: ${name}`)
  throw new AwsError('ResourceInUseException', `Table already exists: ${name}`)
}

function deleteTable(controlPlane: ControlPlane, input: Input): Shape {
  const record = known(controlPlane, input)
  const now = controlPlane.now()
  refuseUnlessUsable(record, now)
  refuseDeletionForReplicas(record, now)
  refuseDeletionWhileChanging(record, now)
  if (record.deletionProtection) {
    throw validationError(
      'Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.',
    )
  }
  if (isTagLocked(record, now)) throw inUse(record, `Table tags are being updated: ${record.name}`)
  delete record.forcedStatus
  record.deletedAt = now
  record.goneAt = now + controlPlane.timings.deleting
  return { TableDescription: describe(record, now) }
}
