/** UpdateTable. All checks of a request come before its first change. */
import { spendBudget } from './budgets.ts'
import { setCapacity } from './capacity.ts'
import { setEncryption } from './encryption.ts'
import { AwsError, internalFailure, invalidParameter, validationError } from './errors.ts'
import { changeIndexes, checkIndexUpdates } from './indexes.ts'
import { refuseUnlessUsable, refuseWhileUpdating } from './jobs.ts'
import { createStream, type Input, type OperationContext, shapes } from './parameters.ts'
import { updateReplicas } from './replicas.ts'
import { describe, type Shape, type TableRecord } from './table-record.ts'
import { growWarmThroughput } from './warm-throughput.ts'

/**
 * Checks one concern of a request.
 *
 * @returns a function that makes the change; undefined for a no-op that AWS accepts
 */
type Update = (context: OperationContext, record: TableRecord, input: Input) => (() => void) | undefined

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
  context: OperationContext,
  record: TableRecord,
  concerns: readonly ConcernName[],
  input: Input,
): Shape {
  const now = context.now()
  refuseUnlessUsable(record, now)
  const changes = concerns.map((concern) => updates[concern](context, record, input))
  for (const change of changes) change?.()
  const isNoOp = changes.every((change) => change === undefined)
  const description = describe(record, now)
  // AWS responds UPDATING to a no-op, except to one of deletion protection.
  const isSaidToUpdate = isNoOp && concerns[0] !== 'DeletionProtectionEnabled'
  return { TableDescription: { ...description, ...(isSaidToUpdate ? { TableStatus: 'UPDATING' } : {}) } }
}

/** In the order in which AWS checks them. */
const exclusive = {
  ReplicaUpdates: 'Replica modification',
  SSESpecification: 'Server-Side Encryption modification',
  TableClass: 'TableClass modification',
  DeletionProtectionEnabled: 'DeletionProtection modification',
  WarmThroughput: 'WarmThroughput',
} as const

/** Reads the concerns of an UpdateTable. Invalid combinations are refused before the table is looked up. */
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
  // AWS ignores an empty WarmThroughput next to another concern.
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

/** Takes effect at once. A refusal names the time at which the next change is accepted. */
function setDeletionProtection(context: OperationContext, record: TableRecord, input: Input): (() => void) | undefined {
  const now = context.now()
  const isAsked = input.DeletionProtectionEnabled === true
  refuseWhileUpdating(record, now, 'deletionProtection')
  if (isAsked === record.deletionProtection) return undefined
  const cooldown = context.timings.deletionProtectionCooldown
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
    record.pending = [
      ...record.pending,
      { kind: 'replica', at: now + context.timings.replicaUpdating, apply: () => {} },
    ]
  }
}

/** A no-op does not spend the budget, but is refused too once the budget is spent. */
function setTableClass(context: OperationContext, record: TableRecord, input: Input): (() => void) | undefined {
  const now = context.now()
  const name = String(input.TableClass)
  refuseWhileUpdating(record, now, 'tableClass')
  const spend = spendBudget(record, now, 'tableClass')
  const isLost = record.pending.some(({ kind, at, isHidden }) => kind === 'tableClass' && at > now && isHidden)
  if (isLost || name === (record.tableClass?.name ?? 'STANDARD')) return undefined
  const at = now + context.timings.updating
  return () => {
    spend()
    const apply = (each: TableRecord) => {
      each.tableClass = { name, changedAt: at }
    }
    record.pending = [...record.pending, { kind: 'tableClass', at, apply }]
  }
}

/** The table stays ACTIVE during an increase. */
function setWarmThroughput(context: OperationContext, record: TableRecord, input: Input): () => void {
  const now = context.now()
  if (isEmpty(input.WarmThroughput)) throw internalFailure()
  refuseWhileUpdating(record, now, 'warmThroughput')
  const grown = growWarmThroughput(record.warmThroughput, input.WarmThroughput as Shape, now, context.timings)
  return () => {
    record.warmThroughput = grown
  }
}

/** Is visible at once. The view type can only be changed by disabling and enabling the stream. */
function setStream(context: OperationContext, record: TableRecord, input: Input): () => void {
  const now = context.now()
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
    record.pending = [...record.pending, { kind: 'stream', at: now + context.timings.updating, apply: () => {} }]
  }
}
