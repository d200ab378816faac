/** UpdateTable: one concern to a call, no-ops refused, and an answer that shows the table as it was. */
import { AwsError, validationError } from './errors.ts'
import {
  type Circumstances,
  checkDefined,
  checkIndexCounts,
  type Input,
  readKeyArn,
  readStream,
  readThroughput,
  shapes,
} from './parameters.ts'
import { describe, type IndexRecord, keyAttributes, type Shape, statusOf, type TableRecord } from './table-record.ts'
import { growWarmThroughput } from './warm-throughput.ts'

/** What the table becomes, and how many milliseconds it is UPDATING until then. */
interface Change {
  readonly takes: number
  readonly apply: (record: TableRecord) => void
}

type Update = (plane: Circumstances, record: TableRecord, input: Input) => Change | undefined

const updates: Readonly<Record<string, Update>> = {
  DeletionProtectionEnabled: setDeletionProtection,
  SSESpecification: setEncryption,
  TableClass: setTableClass,
  WarmThroughput: setWarmThroughput,
  StreamSpecification: setStream,
  GlobalSecondaryIndexUpdates: updateIndexes,
  BillingMode: setCapacity,
}

export function updateTable(plane: Circumstances, record: TableRecord, input: Input): Shape {
  const now = plane.now()
  const concerns = readConcerns(input)
  const status = statusOf(record, now)
  // Deletion protection is taken on a table at work, but nothing is while it is made or taken away.
  if (status !== 'ACTIVE' && !(status === 'UPDATING' && concerns[0] === 'DeletionProtectionEnabled')) {
    throw new AwsError(
      'ResourceInUseException',
      `Attempt to change a resource which is still in use: Table is being ${status === 'CREATING' ? 'created' : 'updated'}: ${record.name}`,
    )
  }
  // The answer shows the table as it was: what is asked for shows later.
  const before = { ...describe(record, now), TableStatus: 'UPDATING' }
  const changes = concerns.map((concern) => {
    const update = updates[concern]
    if (update === undefined) throw validationError(`The sandbox does not know ${concern}`)
    return update(plane, record, input)
  })
  for (const change of changes) {
    if (change === undefined) continue
    const at = now + change.takes
    record.updatingUntil = Math.max(record.updatingUntil, at)
    record.pending = [...record.pending, { at, apply: change.apply }]
  }
  return { TableDescription: before }
}

const alone = ['DeletionProtectionEnabled', 'SSESpecification', 'TableClass', 'WarmThroughput', 'ReplicaUpdates']
const capacity = ['BillingMode', 'ProvisionedThroughput', 'OnDemandThroughput']

/** What an UpdateTable is about: one thing only, but a stream may go with BillingMode=PAY_PER_REQUEST. */
function readConcerns(input: Input): readonly string[] {
  const isGiven = (name: string) => input[name] !== undefined
  const indexUpdates = shapes(input.GlobalSecondaryIndexUpdates)
  const isCapacity = capacity.some(isGiven) || indexUpdates.some(({ Update }) => Update !== undefined)
  const concerns = [
    ...alone.filter(isGiven),
    ...['StreamSpecification'].filter(isGiven),
    ...(indexUpdates.some(({ Update }) => Update === undefined) ? ['GlobalSecondaryIndexUpdates'] : []),
    ...(isCapacity ? ['BillingMode'] : []),
  ]
  if (concerns.length === 0) throw validationError('At least one of the parameters of UpdateTable is required')
  const isStreamOnDemand =
    concerns.join() === 'StreamSpecification,BillingMode' && input.BillingMode === 'PAY_PER_REQUEST'
  if (concerns.length > 1 && !isStreamOnDemand) {
    throw validationError(
      `One or more parameter values were invalid: ${concerns[0]} must be the only operation in the request`,
    )
  }
  return concerns
}

const hour = 3_600_000

/** So many changes in so many hours; some let one more through when the last is long enough ago. */
const budgets = {
  tableClass: { times: 2, hours: 30 * 24, message: 'Updates to TableClass are limited to 2 times in 30 day(s)' },
  encryption: { times: 4, hours: 24, thenOneInHours: 6, message: 'Encryption mode changes are limited' },
  // The words are unconfirmed.
  onDemand: { times: 4, hours: 24, message: 'Updates to PayPerRequest mode are limited to 4 times in 1 day(s)' },
} as const

function spend(record: TableRecord, now: number, name: keyof typeof budgets): void {
  const { times, hours, message, ...rest } = budgets[name]
  const recent = (record.spent.get(name) ?? []).filter((at) => at > now - hours * hour)
  const pause = ('thenOneInHours' in rest ? rest.thenOneInHours : hours) * hour
  if (recent.length >= times && now < Math.max(...recent) + pause) {
    throw new AwsError('LimitExceededException', `Subscriber limit exceeded: ${message}`)
  }
  record.spent.set(name, [...recent, now])
}

function setDeletionProtection(plane: Circumstances, record: TableRecord, input: Input): undefined {
  const now = plane.now()
  const next = (record.protectionChangedAt ?? Number.NEGATIVE_INFINITY) + plane.timings.deletionProtectionCooldown
  if (now < next) {
    throw new AwsError(
      'ThrottlingException',
      `Deletion protection was changed a moment ago. Please try again after ${new Date(next).toISOString()}`,
    )
  }
  record.protectionChangedAt = now
  record.deletionProtection = input.DeletionProtectionEnabled === true
}

/** The table stays ACTIVE meanwhile. The same key again is no error: it is encrypted once more. */
function setEncryption(plane: Circumstances, record: TableRecord, input: Input): undefined {
  const now = plane.now()
  spend(record, now, 'encryption')
  record.encryption = {
    keyArn: readKeyArn(plane.place, input.SSESpecification as Shape),
    keyBefore: record.encryption?.keyArn,
    keyShownAt: now + plane.timings.encryptionKeyShown,
    settledAt: now + plane.timings.encryptionUpdating,
  }
}

function setTableClass(plane: Circumstances, record: TableRecord, input: Input): Change {
  // The same class is no error, but is counted.
  spend(record, plane.now(), 'tableClass')
  return {
    takes: plane.timings.updating,
    apply: (each) => {
      each.tableClass = String(input.TableClass)
    },
  }
}

/** The table stays ACTIVE while it grows. */
function setWarmThroughput(plane: Circumstances, record: TableRecord, input: Input): undefined {
  const settledAt = plane.now() + plane.timings.warmThroughputUpdating
  record.warmThroughput = growWarmThroughput(input.WarmThroughput, settledAt, record.warmThroughput)
}

function setStream(plane: Circumstances, record: TableRecord, input: Input): Change {
  const specification = input.StreamSpecification as Shape
  const enabled = specification.StreamEnabled === true
  if (enabled === (record.stream?.enabled ?? false)) {
    throw validationError(enabled ? 'Table already has an enabled stream' : 'Table has no stream to disable')
  }
  const stream = enabled ? readStream(record.arn, plane.now(), specification) : undefined
  return {
    takes: plane.timings.updating,
    apply: (each) => {
      if (stream !== undefined) each.stream = stream
      else if (each.stream !== undefined) each.stream = { ...each.stream, enabled: false }
    },
  }
}

function setCapacity(plane: Circumstances, record: TableRecord, input: Input): Change {
  return (input.BillingMode ?? record.billingMode) === 'PAY_PER_REQUEST'
    ? setOnDemand(plane, record, input)
    : setProvisioned(plane, record, input)
}

function setOnDemand(plane: Circumstances, record: TableRecord, input: Input): Change {
  const now = plane.now()
  readThroughput(input.ProvisionedThroughput, true, record.name)
  const isSwitch = record.billingMode === 'PROVISIONED'
  if (isSwitch) spend(record, now, 'onDemand')
  else if (input.OnDemandThroughput === undefined && input.StreamSpecification === undefined) {
    throw validationError(`The table is on demand already: ${record.name}`)
  }
  return {
    takes: isSwitch ? plane.timings.billingModeUpdating : plane.timings.updating,
    apply: (each) => {
      each.billingMode = 'PAY_PER_REQUEST'
      if (isSwitch) each.lastOnDemand = now
      if (input.OnDemandThroughput !== undefined) each.onDemandThroughput = input.OnDemandThroughput as Shape
    },
  }
}

function setProvisioned(plane: Circumstances, record: TableRecord, input: Input): Change {
  if (input.OnDemandThroughput !== undefined) throw validationError('OnDemandThroughput goes with PAY_PER_REQUEST only')
  const wasOnDemand = record.billingMode === 'PAY_PER_REQUEST'
  const kept = <Value>(value: Value) => (wasOnDemand ? undefined : value)
  const asked = new Map(
    shapes(input.GlobalSecondaryIndexUpdates).map((each) => {
      const { IndexName, ProvisionedThroughput } = each.Update as Shape
      return [String(IndexName), ProvisionedThroughput]
    }),
  )
  for (const name of asked.keys()) checkIndex(record, name)
  const throughput = readThroughput(input.ProvisionedThroughput ?? kept(record.throughput), false, record.name)
  // On the way from on-demand every index must be given its capacity too.
  const indexes = new Map(
    record.globalIndexes.map(({ shape }) => {
      const given = asked.get(shape.IndexName) ?? kept(shape.ProvisionedThroughput)
      return [shape.IndexName, readThroughput(given, false, shape.IndexName)]
    }),
  )
  const isSame =
    !wasOnDemand &&
    equal(throughput, record.throughput) &&
    record.globalIndexes.every(({ shape }) => equal(indexes.get(shape.IndexName), shape.ProvisionedThroughput))
  if (isSame) {
    throw validationError(
      'The provisioned throughput for the table will not change. The requested value equals the current value.',
    )
  }
  return {
    takes: plane.timings.updating,
    apply: (each) => {
      each.billingMode = 'PROVISIONED'
      each.throughput = throughput
      each.globalIndexes = each.globalIndexes.map((index) => ({
        ...index,
        shape: { ...index.shape, ProvisionedThroughput: indexes.get(index.shape.IndexName) },
      }))
    },
  }
}

function equal(left: unknown, right: unknown): boolean {
  const units = (value: unknown) => {
    const { ReadCapacityUnits, WriteCapacityUnits } = (value ?? {}) as Shape
    return `${ReadCapacityUnits} ${WriteCapacityUnits}`
  }
  return units(left) === units(right)
}

function updateIndexes(plane: Circumstances, record: TableRecord, input: Input): Change {
  const now = plane.now()
  const asked = shapes(input.GlobalSecondaryIndexUpdates)
  const busy = record.globalIndexes.some(({ activeAt, goneAt }) => activeAt > now || goneAt !== undefined)
  if (asked.length !== 1 || busy) {
    throw new AwsError(
      'LimitExceededException',
      'Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table',
    )
  }
  const created = asked[0]?.Create as IndexRecord['shape'] | undefined
  const deleted = asked[0]?.Delete as { readonly IndexName: string } | undefined
  if (created !== undefined) createIndex(plane, record, created, shapes(input.AttributeDefinitions))
  if (deleted !== undefined) {
    checkIndex(record, deleted.IndexName)
    record.globalIndexes = record.globalIndexes.map((index) =>
      index.shape.IndexName === deleted.IndexName ? { ...index, goneAt: now + plane.timings.updating } : index,
    )
  }
  // The table is ACTIVE again long before the index is.
  return { takes: plane.timings.updating, apply: () => {} }
}

function createIndex(
  plane: Circumstances,
  record: TableRecord,
  shape: IndexRecord['shape'],
  definitions: readonly Shape[],
): void {
  if (record.globalIndexes.some((index) => index.shape.IndexName === shape.IndexName)) {
    throw validationError(`Index already exists: ${shape.IndexName}`)
  }
  checkIndexCounts(record.globalIndexes.length + 1, 0)
  readThroughput(shape.ProvisionedThroughput, record.billingMode === 'PAY_PER_REQUEST', shape.IndexName)
  // DynamoDB takes a second type for a known attribute, and ignores it.
  const known = new Set(record.attributeDefinitions.map(({ AttributeName }) => AttributeName))
  const merged = [
    ...record.attributeDefinitions,
    ...definitions.filter(({ AttributeName }) => !known.has(AttributeName)),
  ]
  const globalIndexes = [
    ...record.globalIndexes,
    { shape, activeAt: plane.now() + plane.timings.indexCreating, isLater: true },
  ]
  const used = keyAttributes({ ...record, globalIndexes })
  checkDefined(used, merged)
  // What no key needs is dropped without a word.
  record.attributeDefinitions = merged.filter(({ AttributeName }) => used.has(AttributeName))
  record.globalIndexes = globalIndexes
}

function checkIndex(record: TableRecord, name: string): void {
  if (!record.globalIndexes.some(({ shape }) => shape.IndexName === name)) {
    throw new AwsError('ResourceNotFoundException', `Requested resource not found: Index: ${name}`)
  }
}
