/**
 * DynamoDB's control plane for one account and region: the rules that a reconciler can break.
 *
 * Written from what was measured on AWS; what only this sandbox says is unconfirmed.
 */
import { randomUUID } from 'node:crypto'
import { AwsError, validationError } from './errors.ts'
import type { Timings } from './options.ts'
import {
  describe,
  type IndexRecord,
  type Shape,
  settle,
  shownTags,
  statusOf,
  type TableRecord,
} from './table-record.ts'

export interface Place {
  readonly account: string
  readonly region: string
  readonly partition: string
}

type Input = Readonly<Record<string, unknown>>
type Operation = (plane: ControlPlane, input: Input) => Shape

const mostTags = 50
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

  names(): readonly string[] {
    return [...this.#tables.keys()].filter((name) => this.find(name) !== undefined).sort()
  }

  put(record: TableRecord): void {
    this.#tables.set(record.name, record)
  }

  arnOf(table: string): string {
    const { partition, region, account } = this.place
    return `arn:${partition}:dynamodb:${region}:${account}:table/${table}`
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
  ListTables: (plane) => ({ TableNames: plane.names() }),
  UpdateTable: updateTable,
  DescribeContinuousBackups: describeContinuousBackups,
  UpdateContinuousBackups: updateContinuousBackups,
  DescribeTimeToLive: describeTimeToLive,
  UpdateTimeToLive: updateTimeToLive,
  ListTagsOfResource: listTags,
  TagResource: tagResource,
  UntagResource: untagResource,
}

function known(plane: ControlPlane, input: Input): TableRecord {
  const name = tableName(input)
  const record = plane.find(name)
  if (record === undefined) {
    throw new AwsError('ResourceNotFoundException', `Requested resource not found: Table: ${name} not found`)
  }
  return record
}

function createTable(plane: ControlPlane, input: Input): Shape {
  const name = tableName(input)
  const now = plane.now()
  const keySchema = shapes(input.KeySchema)
  const attributeDefinitions = shapes(input.AttributeDefinitions)
  const globalIndexes = shapes(input.GlobalSecondaryIndexes)
  const localIndexes = shapes(input.LocalSecondaryIndexes)
  checkKeys(keySchema, attributeDefinitions, [...globalIndexes, ...localIndexes])
  if (globalIndexes.length > 20 || localIndexes.length > 5) {
    throw validationError('One or more parameter values were invalid: too many secondary indexes')
  }
  const tags = readTags(input.Tags)
  if (plane.find(name) !== undefined) {
    throw new AwsError('ResourceInUseException', `Table already exists: ${name}`)
  }
  const onDemand = input.BillingMode === 'PAY_PER_REQUEST'
  const throughput = readThroughput(input.ProvisionedThroughput, onDemand)
  const activeAt = now + plane.timings.creating
  const stream = input.StreamSpecification as Shape | undefined
  const encryption = input.SSESpecification as Shape | undefined
  const record: TableRecord = {
    name,
    id: randomUUID(),
    arn: plane.arnOf(name),
    createdAt: now,
    activeAt,
    attributeDefinitions,
    keySchema,
    localIndexes,
    // Indexes made with the table become ACTIVE with it.
    globalIndexes: globalIndexes.map((shape) => ({ shape: shape as IndexRecord['shape'], activeAt })),
    billingMode: onDemand ? 'PAY_PER_REQUEST' : 'PROVISIONED',
    ...(onDemand ? { lastOnDemand: now } : {}),
    throughput,
    deletionProtection: input.DeletionProtectionEnabled === true,
    ...(stream?.StreamEnabled === true ? { stream: newStream(plane, name, stream) } : {}),
    ...(encryption?.Enabled === true ? { encryption: { keyArn: keyArn(plane, encryption), settledAt: 0 } } : {}),
    tableClass: String(input.TableClass ?? 'STANDARD'),
    updatingUntil: 0,
    pending: [],
    tags,
    tagsBefore: new Map(),
    tagsShownAt: 0,
    tagsLockedUntil: 0,
    recovery: { enabled: false, days: 35, since: now },
    timeToLive: { status: 'DISABLED' },
  }
  plane.put(record)
  return { TableDescription: describe(record, now) }
}

function deleteTable(plane: ControlPlane, input: Input): Shape {
  const record = known(plane, input)
  const now = plane.now()
  if (statusOf(record, now) !== 'ACTIVE') {
    throw new AwsError(
      'ResourceInUseException',
      `Attempt to change a resource which is still in use: Table: ${record.name}`,
    )
  }
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

/** What one UpdateTable may hold: each of these only by itself. */
const concerns = [
  ['DeletionProtectionEnabled'],
  ['SSESpecification'],
  ['TableClass'],
  ['WarmThroughput'],
  ['ReplicaUpdates'],
  ['StreamSpecification'],
  ['GlobalSecondaryIndexUpdates', 'AttributeDefinitions'],
  ['BillingMode', 'ProvisionedThroughput', 'OnDemandThroughput'],
] as const

function updateTable(plane: ControlPlane, input: Input): Shape {
  const record = known(plane, input)
  const now = plane.now()
  const asked = concerns.filter((names) => names.some((name) => input[name] !== undefined))
  const [concern] = asked
  if (concern === undefined) throw validationError('At least one of the parameters of UpdateTable is required')
  if (asked.length > 1) {
    throw validationError(
      `One or more parameter values were invalid: ${concern[0]} must be the only operation in the request`,
    )
  }
  const status = statusOf(record, now)
  // Deletion protection is taken on a table at work, but nothing is while it is made or taken away.
  if (status !== 'ACTIVE' && !(status === 'UPDATING' && concern[0] === 'DeletionProtectionEnabled')) {
    throw new AwsError(
      'ResourceInUseException',
      `Attempt to change a resource which is still in use: Table is being ${status === 'CREATING' ? 'created' : 'updated'}: ${record.name}`,
    )
  }
  // The answer shows the table as it was: what is asked for shows later.
  const before = { ...describe(record, now), TableStatus: 'UPDATING' }
  switch (concern[0]) {
    case 'DeletionProtectionEnabled':
      setDeletionProtection(plane, record, input.DeletionProtectionEnabled === true)
      break
    case 'BillingMode':
      setBilling(plane, record, input)
      break
    case 'StreamSpecification':
      setStream(plane, record, input.StreamSpecification as Shape)
      break
    case 'SSESpecification':
      record.encryption = {
        keyArn: keyArn(plane, input.SSESpecification as Shape),
        settledAt: now + plane.timings.encryptionUpdating,
      }
      break
    case 'TableClass':
      change(plane, record, plane.timings.updating, (each) => {
        each.tableClass = String(input.TableClass)
      })
      break
    case 'GlobalSecondaryIndexUpdates':
      updateIndexes(plane, record, input)
      break
    default:
      throw validationError(`The sandbox does not know ${concern[0]}`)
  }
  return { TableDescription: before }
}

function change(plane: ControlPlane, record: TableRecord, takes: number, apply: (record: TableRecord) => void): void {
  const at = plane.now() + takes
  record.updatingUntil = at
  record.pending = [...record.pending, { at, apply }]
}

function setDeletionProtection(plane: ControlPlane, record: TableRecord, enabled: boolean): void {
  const now = plane.now()
  const next = (record.protectionChangedAt ?? Number.NEGATIVE_INFINITY) + plane.timings.deletionProtectionCooldown
  if (now < next) {
    throw new AwsError(
      'ThrottlingException',
      `Deletion protection was changed a moment ago. Please try again after ${new Date(next).toISOString()}`,
    )
  }
  record.protectionChangedAt = now
  record.deletionProtection = enabled
}

function setBilling(plane: ControlPlane, record: TableRecord, input: Input): void {
  const onDemand = (input.BillingMode ?? record.billingMode) === 'PAY_PER_REQUEST'
  const throughput = readThroughput(input.ProvisionedThroughput, onDemand)
  if (onDemand && record.billingMode === 'PAY_PER_REQUEST') {
    throw validationError(`The table is on demand already: ${record.name}`)
  }
  const same =
    record.billingMode === 'PROVISIONED' &&
    throughput.ReadCapacityUnits === record.throughput.ReadCapacityUnits &&
    throughput.WriteCapacityUnits === record.throughput.WriteCapacityUnits
  if (!onDemand && same) {
    throw validationError(
      'The provisioned throughput for the table will not change. The requested value equals the current value.',
    )
  }
  change(plane, record, onDemand ? plane.timings.billingModeUpdating : plane.timings.updating, (each) => {
    each.billingMode = onDemand ? 'PAY_PER_REQUEST' : 'PROVISIONED'
    if (onDemand) each.lastOnDemand = plane.now()
    else each.throughput = throughput
  })
}

function setStream(plane: ControlPlane, record: TableRecord, specification: Shape): void {
  const enabled = specification.StreamEnabled === true
  if (enabled === (record.stream?.enabled ?? false)) {
    throw validationError(enabled ? 'Table already has an enabled stream' : 'Table has no stream to disable')
  }
  change(plane, record, plane.timings.updating, (each) => {
    if (enabled) each.stream = newStream(plane, each.name, specification)
    else if (each.stream !== undefined) each.stream = { ...each.stream, enabled: false }
  })
}

function updateIndexes(plane: ControlPlane, record: TableRecord, input: Input): void {
  const now = plane.now()
  const updates = shapes(input.GlobalSecondaryIndexUpdates)
  const busy = record.globalIndexes.some(({ activeAt, goneAt }) => activeAt > now || goneAt !== undefined)
  if (updates.length !== 1 || busy) {
    throw new AwsError(
      'LimitExceededException',
      'Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table',
    )
  }
  const [update = {}] = updates
  const created = update.Create as IndexRecord['shape'] | undefined
  const deleted = update.Delete as { readonly IndexName: string } | undefined
  const isNamed = (name: string) => record.globalIndexes.some(({ shape }) => shape.IndexName === name)
  if (created !== undefined) {
    if (isNamed(created.IndexName)) throw validationError(`Index already exists: ${created.IndexName}`)
    record.attributeDefinitions = mergeDefinitions(record.attributeDefinitions, shapes(input.AttributeDefinitions))
    record.globalIndexes = [...record.globalIndexes, { shape: created, activeAt: now + plane.timings.indexCreating }]
  } else if (deleted !== undefined) {
    if (!isNamed(deleted.IndexName)) {
      throw new AwsError('ResourceNotFoundException', `Requested resource not found: Index: ${deleted.IndexName}`)
    }
    record.globalIndexes = record.globalIndexes.map((index) =>
      index.shape.IndexName === deleted.IndexName ? { ...index, goneAt: now + plane.timings.updating } : index,
    )
  }
  record.updatingUntil = now + plane.timings.updating
}

/** DynamoDB takes a second type for a known attribute, and ignores it. */
function mergeDefinitions(present: readonly Shape[], added: readonly Shape[]): readonly Shape[] {
  const names = new Set(present.map(({ AttributeName }) => AttributeName))
  return [...present, ...added.filter(({ AttributeName }) => !names.has(AttributeName))]
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
  const name = tableName(input)
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
  const { status, attribute } = record.timeToLive
  return {
    TimeToLiveDescription: {
      TimeToLiveStatus: status,
      ...(attribute === undefined ? {} : { AttributeName: attribute }),
    },
  }
}

function updateTimeToLive(plane: ControlPlane, input: Input): Shape {
  const record = known(plane, input)
  const now = plane.now()
  const { Enabled, AttributeName } = (input.TimeToLiveSpecification ?? {}) as Shape
  const isOn = record.timeToLive.status === 'ENABLED'
  if (now < (record.timeToLive.changedAt ?? Number.NEGATIVE_INFINITY) + plane.timings.timeToLiveCooldown) {
    throw validationError('Time to live has been modified multiple times within a fixed interval')
  }
  if (Enabled === isOn) throw validationError(`TimeToLive is already ${isOn ? 'enabled' : 'disabled'}`)
  if (!Enabled && AttributeName !== record.timeToLive.attribute) {
    throw validationError('TimeToLive is active on a different AttributeName')
  }
  record.timeToLive = Enabled
    ? { status: 'ENABLED', attribute: String(AttributeName), changedAt: now }
    : { status: 'DISABLED', changedAt: now }
  return { TimeToLiveSpecification: { Enabled, AttributeName } }
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

function tableName(input: Input): string {
  const [, name = String(input.TableName ?? '')] = /:table\/([^/]+)/.exec(String(input.TableName ?? '')) ?? []
  if (!/^[a-zA-Z0-9_.-]{3,255}$/.test(name)) {
    throw validationError(
      `TableName must be at least 3 characters long and at most 255, and satisfy [a-zA-Z0-9_.-]+, but is "${name}"`,
    )
  }
  return name
}

function checkKeys(keySchema: readonly Shape[], definitions: readonly Shape[], indexes: readonly Shape[]): void {
  const [hash, range, ...more] = keySchema
  if (hash?.KeyType !== 'HASH' || (range !== undefined && range.KeyType !== 'RANGE') || more.length > 0) {
    throw validationError('Invalid KeySchema: one HASH key, and then at most one RANGE key')
  }
  const used = new Set(
    [...keySchema, ...indexes.flatMap(({ KeySchema }) => shapes(KeySchema))].map(({ AttributeName }) => AttributeName),
  )
  const defined = new Set(definitions.map(({ AttributeName }) => AttributeName))
  for (const name of used) {
    if (!defined.has(name)) throw validationError(`Some index key attributes are not defined: ${name}`)
  }
  if (defined.size !== used.size) {
    throw validationError(
      'Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions',
    )
  }
}

function readThroughput(value: unknown, onDemand: boolean): TableRecord['throughput'] {
  const given = value as TableRecord['throughput'] | undefined
  if (onDemand && given !== undefined) {
    throw validationError(
      'Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST',
    )
  }
  if (!onDemand && given === undefined) {
    throw validationError(
      'ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED',
    )
  }
  return given ?? { ReadCapacityUnits: 0, WriteCapacityUnits: 0 }
}

function readTags(value: unknown): ReadonlyMap<string, string> {
  const tags = shapes(value).map(({ Key, Value }) => [String(Key), String(Value)] as const)
  for (const [key, tag] of tags) {
    if (/^aws:/i.test(key)) throw validationError(`Tag keys that begin with aws: are reserved: ${key}`)
    if (key.length < 1 || key.length > 128 || tag.length > 256)
      throw validationError(`Tag is too long or empty: ${key}`)
  }
  const byKey = new Map(tags)
  if (byKey.size !== tags.length) throw validationError('Tag keys must be unique')
  if (byKey.size > mostTags) throw validationError(`Too many tags: a resource may have ${mostTags}`)
  return byKey
}

function newStream(plane: ControlPlane, table: string, specification: Shape): NonNullable<TableRecord['stream']> {
  return {
    enabled: true,
    viewType: String(specification.StreamViewType),
    arn: `${plane.arnOf(table)}/stream/${new Date(plane.now()).toISOString().replace('Z', '')}`,
  }
}

function keyArn(plane: ControlPlane, specification: Shape): string {
  const { partition, region, account } = plane.place
  const given = String(specification.KMSMasterKeyId ?? 'alias/aws/dynamodb')
  return given.startsWith('arn:') ? given : `arn:${partition}:kms:${region}:${account}:key/${given}`
}

function shapes(value: unknown): readonly Shape[] {
  return Array.isArray(value) ? value : []
}
