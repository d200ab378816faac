/** DescribeTimeToLive and UpdateTimeToLive. Numbers such as (143) are findings: see `control-context.ts`. */
import { refuseWithoutKey } from './encryption.ts'
import { notFound, validationError } from './errors.ts'
import { inUse } from './jobs.ts'
import type { Input, OperationContext } from './parameters.ts'
import { replicaStatusOf } from './replica-record.ts'
import { type Shape, statusOf, type TableRecord } from './table-record.ts'

/** AWS appends this to the message of a global table (442). */
const globalTableSuffix =
  ' (Service: AmazonDynamoDBv2; Status Code: 400; Error Code: ValidationException; Request ID: SANDBOX; Proxy: null)'

export function describeTimeToLive({ now }: OperationContext, record: TableRecord): Shape {
  const status = statusOf(record, now())
  if (status === 'CREATING' || status === 'DELETING') {
    throw validationError(
      `Cannot describe time to live while table is in ${status} state: Current table state is ${status}`,
    )
  }
  const { enabled, attribute, settledAt } = record.timeToLive
  const isSettled = now() >= settledAt
  return {
    TimeToLiveDescription: {
      TimeToLiveStatus: isSettled ? (enabled ? 'ENABLED' : 'DISABLED') : enabled ? 'ENABLING' : 'DISABLING',
      // A table whose time to live was disabled reads like one that never had it (144).
      ...(enabled || !isSettled ? { AttributeName: attribute } : {}),
    },
  }
}

/**
 * Enables or disables time to live. The content of the change is checked before the time of the last one (143, 147).
 * A table that is UPDATING (116) or DELETING (118, 455) accepts it.
 *
 * @throws {AwsError} ResourceNotFoundException, later ResourceInUseException, while the table is CREATING (115)
 * @throws {AwsError} ValidationException for a change that AWS refuses
 */
export function updateTimeToLive({ timings, now }: OperationContext, record: TableRecord, input: Input): Shape {
  if (statusOf(record, now()) === 'CREATING') {
    throw now() < record.createdAt + timings.timeToLiveMissing
      ? notFound(`Table: ${record.name} not found`)
      : inUse(record, `Table ${record.name} is being created`)
  }
  refuseWithoutKey(record, now())
  refuseWhileReplicaIsAdded(record, now())
  const { Enabled, AttributeName } = input.TimeToLiveSpecification as Shape
  const { enabled, attribute, lockedUntil } = record.timeToLive
  if (enabled && AttributeName !== attribute) {
    throw validationError(`TimeToLive is active on a different AttributeName: current AttributeName is ${attribute}`)
  }
  if (Enabled === enabled) throw validationError(`TimeToLive is already ${enabled ? 'enabled' : 'disabled'}`)
  if (now() < lockedUntil) {
    throw validationError(
      `Time to live has been modified multiple times within a fixed interval${record.replicas.length === 0 ? '' : globalTableSuffix}`,
    )
  }
  record.timeToLive = {
    enabled: Enabled === true,
    attribute: String(AttributeName),
    settledAt: now() + timings.timeToLiveSettling,
    lockedUntil: now() + timings.timeToLiveCooldown,
  }
  return { TimeToLiveSpecification: { Enabled, AttributeName } }
}

/** Time to live applies to all replicas. AWS refuses a change while a replica is listed as CREATING (227, 306). */
function refuseWhileReplicaIsAdded(record: TableRecord, now: number): void {
  const added = record.replicas.find(
    (replica) => replica.listedAt <= now && replicaStatusOf(replica, now) === 'CREATING',
  )
  if (added === undefined) return
  throw validationError(
    `Create/Update/Delete of replica is not allowed while the replica is being added to table with name: ‘${record.name}’ in region: ‘${added.regionName}’.`,
  )
}
