/**
 * DynamoDB's control plane for one account and region: the rules that a reconciler can break.
 *
 * Written from what was measured on AWS; what only this sandbox says is unconfirmed.
 */
import { randomUUID } from 'node:crypto'
import { AwsError, validationError } from './errors.ts'
import { listTables } from './list-tables.ts'
import type { Timings } from './options.ts'
import {
  checkDefined,
  checkIndexCounts,
  checkKeys,
  checkReserved,
  type Input,
  mostTags,
  type Place,
  readKeyArn,
  readStream,
  readTableName,
  readTags,
  readThroughput,
  shapes,
  tableArn,
} from './parameters.ts'
import { checkRoomForTable } from './quotas.ts'
import {
  describe,
  type IndexRecord,
  keyAttributes,
  type Shape,
  settle,
  shownTags,
  statusOf,
  type TableRecord,
} from './table-record.ts'
import { updateTable } from './update-table.ts'
import { growWarmThroughput } from './warm-throughput.ts'

export type { Place }

type Operation = (plane: ControlPlane, input: Input) => Shape

const tagsPerPage = 10

export class ControlPlane {
  readonly place: Place
  readonly timings: Timings
  readonly now: () => number
  readonly #tables = new Map<string, TableRecord>()

  constructor(place: Place, timings: Timings, now: () => number) {
    this.place = place
    this.timings = timings
    this.now = now
  }

  /** The table as it is now; undefined where there is none, or no longer. */
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

  /** All tables as they are now. */
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
    if (perform === undefined) throw new AwsError('UnknownOperationException', `The sandbox has no ${operation}`)
    return perform(this, input)
  }
}

const operations: Readonly<Record<string, Operation>> = {
  CreateTable: createTable,
  DescribeTable: (plane, input) => ({ Table: describe(known(plane, input), plane.now()) }),
  DeleteTable: deleteTable,
  ListTables: (plane, input) => listTables(plane.names(), input),
  UpdateTable: (plane, input) => updateTable(plane, known(plane, input), input),
  DescribeContinuousBackups: describeContinuousBackups,
  UpdateContinuousBackups: updateContinuousBackups,
  DescribeTimeToLive: describeTimeToLive,
  UpdateTimeToLive: updateTimeToLive,
  ListTagsOfResource: listTags,
  TagResource: tagResource,
  UntagResource: untagResource,
}

function known(plane: ControlPlane, input: Input): TableRecord {
  const name = readTableName(plane.place, input)
  const record = plane.find(name)
  if (record === undefined) {
    throw new AwsError('ResourceNotFoundException', `Requested resource not found: Table: ${name} not found`)
  }
  return record
}

function refuseInUse(record: TableRecord, now: number, statuses: readonly string[]): void {
  const status = statusOf(record, now)
  if (statuses.includes(status)) {
    throw new AwsError(
      'ResourceInUseException',
      `Attempt to change a resource which is still in use: Table ${record.name} is ${status}`,
    )
  }
}

function createTable(plane: ControlPlane, input: Input): Shape {
  const name = readTableName(plane.place, input)
  const now = plane.now()
  const keySchema = shapes(input.KeySchema)
  const attributeDefinitions = shapes(input.AttributeDefinitions)
  const globalIndexes = shapes(input.GlobalSecondaryIndexes)
  const localIndexes = shapes(input.LocalSecondaryIndexes)
  checkKeys(keySchema)
  const indexes = globalIndexes.map((shape) => ({ shape: shape as IndexRecord['shape'] }))
  const used = keyAttributes({ keySchema, localIndexes, globalIndexes: indexes })
  checkDefined(used, attributeDefinitions)
  if (attributeDefinitions.length !== used.size) {
    throw validationError(
      'Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions',
    )
  }
  checkIndexCounts(globalIndexes.length, localIndexes.length)
  const tags = readTags(input.Tags)
  if (plane.find(name) !== undefined) {
    throw new AwsError('ResourceInUseException', `Table already exists: ${name}`)
  }
  const onDemand = input.BillingMode === 'PAY_PER_REQUEST'
  const throughput = readThroughput(input.ProvisionedThroughput, onDemand, name)
  for (const { shape } of indexes) readThroughput(shape.ProvisionedThroughput, onDemand, shape.IndexName)
  checkRoomForTable(plane.records(), plane.now(), indexes.length + localIndexes.length > 0)
  const { creating, creatingWithIndexes } = plane.timings
  const activeAt = now + (indexes.length > 0 ? creatingWithIndexes : creating)
  const arn = tableArn(plane.place, name)
  const stream = input.StreamSpecification as Shape | undefined
  const keyArn = readKeyArn(plane.place, input.SSESpecification as Shape | undefined)
  const record: TableRecord = {
    name,
    id: randomUUID(),
    arn,
    createdAt: now,
    activeAt,
    attributeDefinitions,
    keySchema,
    localIndexes,
    // Indexes made with the table become ACTIVE with it.
    globalIndexes: indexes.map((index) => ({ ...index, activeAt })),
    billingMode: onDemand ? 'PAY_PER_REQUEST' : 'PROVISIONED',
    ...(onDemand ? { lastOnDemand: now } : {}),
    throughput,
    ...(onDemand && input.OnDemandThroughput !== undefined
      ? { onDemandThroughput: input.OnDemandThroughput as Shape }
      : {}),
    warmThroughput: growWarmThroughput(input.WarmThroughput, 0),
    deletionProtection: input.DeletionProtectionEnabled === true,
    ...(stream?.StreamEnabled === true ? { stream: readStream(arn, now, stream) } : {}),
    ...(keyArn === undefined ? {} : { encryption: { keyArn, keyShownAt: 0, settledAt: 0 } }),
    tableClass: String(input.TableClass ?? 'STANDARD'),
    updatingUntil: 0,
    spent: new Map(),
    pending: [],
    tags,
    tagsBefore: new Map(),
    tagsShownAt: 0,
    tagsLockedUntil: 0,
    recovery: { enabled: false, days: 35, since: now },
    timeToLive: { enabled: false },
  }
  plane.put(record)
  return { TableDescription: describe(record, now) }
}

function deleteTable(plane: ControlPlane, input: Input): Shape {
  const record = known(plane, input)
  const now = plane.now()
  refuseInUse(record, now, ['CREATING', 'UPDATING', 'DELETING'])
  if (record.deletionProtection) {
    throw validationError(
      'Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.',
    )
  }
  if (now < record.tagsLockedUntil) {
    throw new AwsError('ResourceInUseException', `Table tags are being updated: ${record.name}`)
  }
  record.goneAt = now + plane.timings.deleting
  return { TableDescription: describe(record, now) }
}

function describeContinuousBackups(plane: ControlPlane, input: Input): Shape {
  const record = knownToBackups(plane, input)
  const { enabled, days, since } = record.recovery
  return {
    ContinuousBackupsDescription: {
      // ENABLED on every table; only the recovery's own status tells.
      ContinuousBackupsStatus: 'ENABLED',
      PointInTimeRecoveryDescription: {
        PointInTimeRecoveryStatus: enabled ? 'ENABLED' : 'DISABLED',
        ...(enabled
          ? {
              RecoveryPeriodInDays: days,
              EarliestRestorableDateTime: since / 1000,
              LatestRestorableDateTime: plane.now() / 1000,
            }
          : {}),
      },
    },
  }
}

function updateContinuousBackups(plane: ControlPlane, input: Input): Shape {
  const record = knownToBackups(plane, input)
  const now = plane.now()
  if (now < record.activeAt + plane.timings.backupsUnavailable) {
    throw new AwsError(
      'ContinuousBackupsUnavailableException',
      `Backups are being enabled for the table: ${record.name}`,
    )
  }
  const specification = (input.PointInTimeRecoverySpecification ?? {}) as Shape
  const enabled = specification.PointInTimeRecoveryEnabled === true
  const days = specification.RecoveryPeriodInDays
  if (!enabled && days !== undefined) throw validationError('RecoveryPeriodInDays goes with enabling only')
  if (days !== undefined && !(Number(days) >= 1 && Number(days) <= 35)) {
    throw validationError(`RecoveryPeriodInDays must be from 1 to 35: ${days}`)
  }
  record.recovery = {
    enabled,
    days: Number(days ?? 35),
    // Off and on again begins a new restore window.
    since: enabled && record.recovery.enabled ? record.recovery.since : now,
  }
  return describeContinuousBackups(plane, input)
}

function knownToBackups(plane: ControlPlane, input: Input): TableRecord {
  const name = readTableName(plane.place, input)
  const record = plane.find(name)
  const missing =
    record === undefined ||
    plane.now() < record.createdAt + plane.timings.backupsMissing ||
    statusOf(record, plane.now()) === 'ARCHIVED'
  if (missing) throw new AwsError('TableNotFoundException', `Table not found: ${name}`)
  return record
}

function describeTimeToLive(plane: ControlPlane, input: Input): Shape {
  const record = known(plane, input)
  if (statusOf(record, plane.now()) === 'CREATING') {
    throw validationError('Cannot describe time to live while table is in CREATING state')
  }
  const { enabled, attribute } = record.timeToLive
  const isChanging = isTimeToLiveChanging(plane, record)
  return {
    TimeToLiveDescription: {
      TimeToLiveStatus: isChanging ? (enabled ? 'ENABLING' : 'DISABLING') : enabled ? 'ENABLED' : 'DISABLED',
      // The name is left out once it is off.
      ...(enabled || isChanging ? { AttributeName: attribute } : {}),
    },
  }
}

function updateTimeToLive(plane: ControlPlane, input: Input): Shape {
  const record = known(plane, input)
  const now = plane.now()
  refuseInUse(record, now, ['CREATING', 'DELETING'])
  const { Enabled, AttributeName } = (input.TimeToLiveSpecification ?? {}) as Shape
  const isOn = record.timeToLive.enabled
  if (isTimeToLiveChanging(plane, record)) {
    throw validationError('Time to live has been modified multiple times within a fixed interval')
  }
  if (Enabled === isOn) throw validationError(`TimeToLive is already ${isOn ? 'enabled' : 'disabled'}`)
  if (!Enabled && AttributeName !== record.timeToLive.attribute) {
    throw validationError('TimeToLive is active on a different AttributeName')
  }
  record.timeToLive = { enabled: Enabled === true, attribute: String(AttributeName), changedAt: now }
  return { TimeToLiveSpecification: { Enabled, AttributeName } }
}

/** AWS takes up to an hour, and takes no other change meanwhile. */
function isTimeToLiveChanging(plane: ControlPlane, { timeToLive }: TableRecord): boolean {
  return plane.now() < (timeToLive.changedAt ?? Number.NEGATIVE_INFINITY) + plane.timings.timeToLiveCooldown
}

function listTags(plane: ControlPlane, input: Input): Shape {
  const record = knownByArn(plane, input)
  const tags = shownTags(record, plane.now(), plane.timings)
  if (tags === undefined) throw new AwsError('ResourceNotFoundException', `Requested resource not found: ${record.arn}`)
  const from = Number(input.NextToken ?? 0)
  const page = [...tags].slice(from, from + tagsPerPage)
  return {
    Tags: page.map(([Key, Value]) => ({ Key, Value })),
    ...(from + tagsPerPage < tags.size ? { NextToken: String(from + tagsPerPage) } : {}),
  }
}

function tagResource(plane: ControlPlane, input: Input): Shape {
  return writeTags(plane, input, (tags) => new Map([...tags, ...readTags(input.Tags)]))
}

function untagResource(plane: ControlPlane, input: Input): Shape {
  const keys = new Set(input.TagKeys as readonly string[])
  for (const key of keys) checkReserved(key)
  return writeTags(plane, input, (tags) => new Map([...tags].filter(([key]) => !keys.has(key))))
}

function writeTags(
  plane: ControlPlane,
  input: Input,
  write: (tags: ReadonlyMap<string, string>) => ReadonlyMap<string, string>,
): Shape {
  const record = knownByArn(plane, input)
  const now = plane.now()
  if (statusOf(record, now) === 'CREATING') {
    throw new AwsError('ResourceNotFoundException', `Requested resource not found: ${record.arn}`)
  }
  refuseInUse(record, now, ['DELETING'])
  if (now < record.tagsLockedUntil) {
    throw new AwsError('LimitExceededException', 'Table tags are being updated')
  }
  const tags = write(record.tags)
  if ([...tags.keys()].filter((key) => !key.startsWith('aws:')).length > mostTags) {
    throw validationError(`Too many tags: a resource may have ${mostTags}`)
  }
  record.tagsBefore = record.tags
  record.tags = tags
  record.tagsShownAt = now + plane.timings.tagsLag
  record.tagsLockedUntil = now + plane.timings.tagsLock
  return {}
}

function knownByArn(plane: ControlPlane, input: Input): TableRecord {
  const arn = String(input.ResourceArn ?? '')
  const [, name] = /:table\/([^/]+)$/.exec(arn) ?? []
  const record = name === undefined ? undefined : plane.find(name)
  if (record?.arn !== arn) throw new AwsError('ResourceNotFoundException', `Requested resource not found: ${arn}`)
  return record
}
