/** UpdateTable: one concern to a call. What is wrong with a request is found before anything of it is changed. */
import { spendBudget } from './budgets.ts'
import { setCapacity } from './capacity.ts'
import { setEncryption } from './encryption.ts'
import { AwsError, internalFailure, invalidParameter, validationError } from './errors.ts'
import { changeIndexes, checkIndexUpdates } from './indexes.ts'
import { refuseUnlessUsable, refuseWhileUpdating } from './jobs.ts'
import { type Circumstances, createStream, type Input, shapes } from './parameters.ts'
import { updateReplicas } from './replicas.ts'
import { describe, type Shape, type TableRecord } from './table-record.ts'
import { growWarmThroughput } from './warm-throughput.ts'

/**
 * Checks one concern of a request.
 *
 * @returns what makes the change; undefined where the request asks for what is there already, which is accepted
 */
type Update = (plane: Circumstances, record: TableRecord, input: Input) => (() => void) | undefined

type ConcernName = keyof typeof updates

const updates = {
  ReplicaUpdates: updateReplicas,
  SSESpecification: setEncryption,
  TableClass: setTableClass,
  DeletionProtectionEnabled: setDeletionProtection,
  WarmThroughput: setWarmThroughput,
  StreamSpecification: setStream,
  GlobalSecondaryIndexUpdates: changeIndexes,
  BillingMode: setCapacity,
} satisfies Readonly<Record<string, Update>>

export function updateTable(
  plane: Circumstances,
  record: TableRecord,
  concerns: readonly ConcernName[],
  input: Input,
): Shape {
  const now = plane.now()
  refuseUnlessUsable(record, now)
  const changes = concerns.map((concern) => updates[concern](plane, record, input))
  for (const change of changes) change?.()
  const isNoOp = changes.every((change) => change === undefined)
  const description = describe(record, now)
  // A table whose protection is set to what it is already is said to be ACTIVE; otherwise a no-op looks like an update.
  const isSaidToUpdate = isNoOp && concerns[0] !== 'DeletionProtectionEnabled'
  return { TableDescription: { ...description, ...(isSaidToUpdate ? { TableStatus: 'UPDATING' } : {}) } }
}

/** In the order in which AWS names them where there are several. */
const exclusive = {
  ReplicaUpdates: 'Replica modification',
  SSESpecification: 'Server-Side Encryption modification',
  TableClass: 'TableClass modification',
  DeletionProtectionEnabled: 'DeletionProtection modification',
  WarmThroughput: 'WarmThroughput',
} as const

/** What an UpdateTable is about. Found before the table is: a wrong combination is wrong for every table. */
export function readConcerns(input: Input): readonly ConcernName[] {
  const isGiven = (name: string) => input[name] !== undefined
  const indexUpdates = shapes(input.GlobalSecondaryIndexUpdates)
  const isIndexChange = indexUpdates.some(({ Update }) => Update === undefined)
  const isThroughput = isGiven('ProvisionedThroughput') || indexUpdates.some(({ Update }) => Update !== undefined)
  const isOnDemandMaximum = isGiven('OnDemandThroughput')
  const concerns: readonly ConcernName[] = [
    ...(Object.keys(exclusive) as (keyof typeof exclusive)[]).filter(isGiven),
    ...(isGiven('StreamSpecification') ? (['StreamSpecification'] as const) : []),
    ...(isIndexChange ? (['GlobalSecondaryIndexUpdates'] as const) : []),
    ...(isGiven('BillingMode') || isThroughput || isOnDemandMaximum ? (['BillingMode'] as const) : []),
  ]
  // Empty warm throughput counts as none where something else is there.
  const effective =
    concerns.length > 1 && isEmpty(input.WarmThroughput)
      ? concerns.filter((concern) => concern !== 'WarmThroughput')
      : concerns
  const [first] = effective
  if (first === undefined) {
    throw validationError(
      'At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates, SSESpecification, ReplicaUpdates, MultiAccountReplicaReady, ReplicaTransitRoleArn, MultiRegionConsistency, DeletionProtectionEnabled, OnDemandThroughput, WarmThroughput or TableClass is required',
    )
  }
  if (isGiven('GlobalSecondaryIndexUpdates') && indexUpdates.length === 0) {
    throw invalidParameter('List of GlobalSecondaryIndexUpdates is empty')
  }
  if (effective.length > 1 && first in exclusive) {
    throw invalidParameter(`${exclusive[first as keyof typeof exclusive]} must be the only operation in the request`)
  }
  const isStream = isGiven('StreamSpecification')
  if (isOnDemandMaximum && !isEmpty(input.OnDemandThroughput) && (isStream || isIndexChange)) {
    throw invalidParameter('OnDemandThroughput can only be combined with BillingMode in an UpdateTable request')
  }
  if (isStream && (isThroughput || input.BillingMode === 'PROVISIONED')) {
    throw invalidParameter('You cannot modify stream status while updating table IOPS')
  }
  if (isIndexChange && isStream) {
    throw invalidParameter('You cannot create or delete index while changing stream status')
  }
  if (isIndexChange && isGiven('ProvisionedThroughput')) {
    throw invalidParameter('You cannot create or delete index while updating table IOPS')
  }
  checkIndexUpdates(indexUpdates)
  return effective
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0
}

/** At once; AWS names the time from which on another change is accepted. */
function setDeletionProtection(plane: Circumstances, record: TableRecord, input: Input): (() => void) | undefined {
  const now = plane.now()
  const isAsked = input.DeletionProtectionEnabled === true
  refuseWhileUpdating(record, now, 'deletionProtection')
  if (isAsked === record.deletionProtection) return undefined
  const cooldown = plane.timings.deletionProtectionCooldown
  const next = (record.protectionChangedAt ?? Number.NEGATIVE_INFINITY) + cooldown
  if (now < next) {
    throw new AwsError(
      'ThrottlingException',
      `Deletion protection setting for table ${record.name} modified within the previous ${cooldown} milliseconds. Please try again after ${new Date(next).toISOString()}`,
    )
  }
  return () => {
    record.protectionChangedAt = now
    record.deletionProtection = isAsked
    if (record.replicas.length === 0) return
    record.pending = [...record.pending, { kind: 'replica', at: now + plane.timings.replicaUpdating, apply: () => {} }]
  }
}

/** The same class again is not counted, but refused too once the budget is spent. */
function setTableClass(plane: Circumstances, record: TableRecord, input: Input): (() => void) | undefined {
  const now = plane.now()
  const name = String(input.TableClass)
  refuseWhileUpdating(record, now, 'tableClass')
  const spend = spendBudget(record, now, 'tableClass')
  if (name === (record.tableClass?.name ?? 'STANDARD')) return undefined
  const at = now + plane.timings.updating
  return () => {
    spend()
    const apply = (each: TableRecord) => {
      each.tableClass = { name, changedAt: at }
    }
    record.pending = [...record.pending, { kind: 'tableClass', at, apply }]
  }
}

/** The table stays ACTIVE while it grows. */
function setWarmThroughput(plane: Circumstances, record: TableRecord, input: Input): () => void {
  const now = plane.now()
  if (isEmpty(input.WarmThroughput)) throw internalFailure()
  refuseWhileUpdating(record, now, 'warmThroughput')
  const grown = growWarmThroughput(record.warmThroughput, input.WarmThroughput as Shape, now, plane.timings)
  return () => {
    record.warmThroughput = grown
  }
}

/** Shows at once. The view type changes only by way of no stream. */
function setStream(plane: Circumstances, record: TableRecord, input: Input): () => void {
  const now = plane.now()
  const { StreamEnabled: isAsked, StreamViewType: viewType } = input.StreamSpecification as Shape
  if (isAsked === true && viewType === undefined) {
    throw invalidParameter('If stream is being enabled then UpdateViewType is required')
  }
  if (isAsked !== true && viewType !== undefined) {
    throw invalidParameter('If stream is being disabled, then UpdateViewType must not be specified')
  }
  if (isAsked !== true && record.replicas.length > 0) {
    throw invalidParameter('Disabling Stream is not allowed for a Global Table replica.')
  }
  refuseWhileUpdating(record, now, 'stream')
  if (isAsked === (record.stream?.enabled ?? false)) {
    throw validationError(
      `${isAsked ? 'Table already has an enabled stream' : 'Table has no stream to disable'}: TableName: ${record.name}`,
    )
  }
  return () => {
    if (isAsked === true) record.stream = createStream(record.arn, now, String(viewType))
    else if (record.stream !== undefined) record.stream = { ...record.stream, enabled: false }
    record.pending = [...record.pending, { kind: 'stream', at: now + plane.timings.updating, apply: () => {} }]
  }
}
