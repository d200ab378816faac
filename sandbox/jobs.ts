/** Refusals while a change of the table is in progress. TableStatus alone does not decide them. */
import { AwsError } from './errors.ts'
import { isReplicaChanging } from './replica-record.ts'
import { type BillingMode, indexStatusOf, type JobKind, statusOf, type TableRecord } from './table-record.ts'

/** The part of a table that an UpdateTable changes. */
export type Concern =
  | 'deletionProtection'
  | 'encryption'
  | 'warmThroughput'
  | 'throughput'
  | 'onDemandThroughput'
  | 'stream'
  | 'tableClass'
  | 'index'
  | 'replica'

const verbs: Partial<Record<Concern, string>> = {
  throughput: 'change table IOPS',
  onDemandThroughput: 'OnDemandThroughput cannot be updated',
  stream: 'change stream status',
  tableClass: 'update table class',
  index: 'create or delete an index',
  replica: 'add or delete a replica',
}

const jobs: Readonly<Record<JobKind, string>> = {
  throughput: 'table IOPS are being updated',
  stream: 'stream status is being updated',
  tableClass: 'a table class update is in progress',
  indexCreation: 'an index is being created',
  indexDeletion: 'an index is being deleted',
  replica: 'a replica is being updated',
}

/** The changes during which AWS refuses an on-demand maximum, in its words (DDB-TABLE-119, 286, 369, 375, 458). */
const onDemandBlockers: Readonly<Record<JobKind, string>> = {
  throughput: 'BillingMode update is in progress',
  stream: 'stream status update is in progress',
  tableClass: 'TableClass update is in progress',
  indexCreation: 'index creation is in progress',
  indexDeletion: 'index deletion is in progress',
  replica: 'a replica update is in progress',
}

/** ResourceInUseException, until the change in progress is complete. AWS omits the detail for a table with replicas. */
export function inUse(record: TableRecord, detail: string): AwsError {
  return new AwsError(
    'ResourceInUseException',
    record.replicas.length > 0
      ? 'The resource which you are attempting to change is in use.'
      : `Attempt to change a resource which is still in use: ${detail}`,
  )
}

/** @throws {AwsError} ResourceInUseException while the table is CREATING, DELETING, or in a status such as ARCHIVED */
export function refuseUnlessUsable(record: TableRecord, now: number): void {
  const status = statusOf(record, now)
  if (status === 'CREATING') throw inUse(record, `Table is being created: ${record.name}`)
  if (status === 'DELETING') throw inUse(record, `Table is being deleted: ${record.name}`)
  if (!['ACTIVE', 'UPDATING', 'INACCESSIBLE_ENCRYPTION_CREDENTIALS'].includes(status)) {
    throw inUse(record, `Table is ${status}: ${record.name}`)
  }
}

/**
 * Refuses a change while another one is in progress. While the table is UPDATING, deletion protection, encryption and
 * warm throughput are accepted; while a replica changes, nothing is.
 *
 * @throws {AwsError} ResourceInUseException
 */
export function refuseWhileUpdating(record: TableRecord, now: number, concern: Concern): void {
  refuseWhileReplicasChange(record, now)
  const job = record.pending.find(({ at, isHidden }) => at > now && !isHidden)
  if (concern === 'warmThroughput' && job?.kind === 'indexCreation') {
    throw new AwsError('InternalServerError', 'Table is under system maintenance, please try again later', 500)
  }
  const verb = verbs[concern]
  if (verb === undefined) return
  if (job !== undefined) {
    if (concern === 'onDemandThroughput') throw inUse(record, `${verb} while ${onDemandBlockers[job.kind]}`)
    const isSame = concern === 'throughput' && job.kind === 'throughput'
    const detail = isSame ? 'Table IOPS are currently being updated.' : `Can't ${verb} when ${jobs[job.kind]}.`
    throw inUse(record, `${detail} Table: ${record.name}`)
  }
  if (statusOf(record, now) === 'UPDATING') throw beingUpdated(record)
}

export function refuseWhileReplicasChange(record: TableRecord, now: number): void {
  if (isReplicaChanging(record.replicas, now)) throw inUse(record, '')
}

/** Refuses DeleteTable while a change is in progress, also on an ACTIVE table. The tag lock is checked elsewhere. */
export function refuseDeletionWhileChanging(record: TableRecord, now: number): void {
  if (record.globalIndexes.some((index) => indexStatusOf(index, now) !== 'ACTIVE')) {
    throw inUse(record, 'Cannot delete table while indexes are being created, updated, or deleted.')
  }
  if (record.pending.some(({ kind, at }) => kind === 'stream' && at > now)) {
    throw inUse(record, 'Cannot delete table while stream is being enabled/disabled.')
  }
  const isGrowing = now < record.warmThroughput.settledAt
  if (statusOf(record, now) === 'UPDATING' || isEncryptionChanging(record, now) || isGrowing) {
    throw beingUpdated(record)
  }
}

export function isEncryptionChanging({ encryption }: TableRecord, now: number): boolean {
  return encryption !== undefined && now < encryption.settledAt
}

/** The billing mode that DynamoDB compares requests with: during a switch, the old one. */
export function billingModeInEffect(record: TableRecord, now: number): BillingMode {
  const job = record.pending.find(({ at, billingModeBefore }) => at > now && billingModeBefore !== undefined)
  return job?.billingModeBefore ?? record.billingMode
}

function beingUpdated(record: TableRecord): AwsError {
  return inUse(record, `Table: ${record.name} is in the process of being updated.`)
}
