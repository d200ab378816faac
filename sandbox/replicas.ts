/** Replicas in other regions. One is added or deleted at a time. */
import { invalidParameter, validationError } from './errors.ts'
import { refuseWhileReplicasChange, refuseWhileUpdating } from './jobs.ts'
import { createStream, type Input, type OperationContext, shapes } from './parameters.ts'
import type { ReplicaRecord } from './replica-record.ts'
import type { Shape, TableRecord } from './table-record.ts'

const day = 24 * 3_600_000

/** Checks ReplicaUpdates: first the list itself, then whether the table can be changed now. */
export function updateReplicas(context: OperationContext, record: TableRecord, input: Input): () => void {
  const now = context.now()
  const updates = shapes(input.ReplicaUpdates)
  const [update = {}, ...more] = updates
  const actions = ['Create', 'Update', 'Delete'].filter((name) => update[name] !== undefined)
  if (actions.length > 1) {
    throw validationError('Update table operation with more than one type of replica actions not allowed')
  }
  // AWS accepts identical actions as one.
  if (more.some((other) => JSON.stringify(other) !== JSON.stringify(update))) {
    throw validationError('Update table operation with more than one create or delete replica actions not allowed')
  }
  const [action] = actions
  if (action === undefined || action === 'Update') {
    throw validationError('There are no actions specified in the Replica Update Action of the request.')
  }
  const region = String((update[action] as Shape).RegionName)
  if (region === context.place.region) {
    throw validationError(
      'Cannot add or delete the local region through ReplicaUpdates. Use CreateTable, DeleteTable, or UpdateTable as required.',
    )
  }
  const listed = record.replicas.find((replica) => replica.regionName === region && replica.listedAt <= now)
  return action === 'Create'
    ? addReplica(context, record, region, listed)
    : deleteReplica(context, record, region, listed)
}

function addReplica(
  { timings, now: clock }: OperationContext,
  record: TableRecord,
  regionName: string,
  listed: ReplicaRecord | undefined,
): () => void {
  const now = clock()
  if (listed !== undefined) {
    throw validationError(
      `Failed to create a the new replica of table with name: '${record.name}' because one or more replicas already existed as tables.`,
    )
  }
  refuseWhileUpdating(record, now, 'replica')
  if (record.billingMode === 'PROVISIONED') {
    throw invalidParameter('Table write capacity should either be Pay-Per-Request or AutoScaled.')
  }
  const listedAt = now + timings.replicaUnlisted
  return () => {
    record.replicas = [
      ...record.replicas,
      { regionName, addedAt: now, listedAt, activeAt: now + timings.replicaCreating },
    ]
    record.pending = [...record.pending, { kind: 'replica', at: listedAt, apply: () => {} }]
    // Replication enables a stream if the table has none.
    if (record.stream?.enabled !== true) record.stream = createStream(record.arn, now, 'NEW_AND_OLD_IMAGES')
  }
}

function deleteReplica(
  { timings, now: clock }: OperationContext,
  record: TableRecord,
  regionName: string,
  listed: ReplicaRecord | undefined,
): () => void {
  const now = clock()
  if (listed === undefined) {
    throw validationError(
      `Update global table operation failed because one or more replicas were not part of the global table. Please retry the request without these replicas: [${regionName}].`,
    )
  }
  refuseWhileUpdating(record, now, 'replica')
  const deletingAt = now + timings.replicaUpdating
  return () => {
    record.replicas = record.replicas.map((replica) =>
      replica === listed ? { ...replica, deletingAt, goneAt: now + timings.replicaDeleting } : replica,
    )
    record.pending = [...record.pending, { kind: 'replica', at: deletingAt, apply: () => {} }]
  }
}

/** @throws {AwsError} ValidationException for a day after a replica was added; ResourceInUseException while one changes */
export function refuseDeletionForReplicas(record: TableRecord, now: number): void {
  if (record.replicas.some(({ addedAt }) => addedAt !== undefined && now < addedAt + day)) {
    throw validationError(
      'Replica cannot be deleted because it has acted as a source region for new replica(s) being added to the table in the last 24 hours.',
    )
  }
  refuseWhileReplicasChange(record, now)
}
