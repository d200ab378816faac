/** Decides after a write that DynamoDB refused or did not answer whether to read the table again, and when. */
import type { DynamoDbError } from '../aws/dynamodb-errors.ts'
import type { FailureKind } from '../aws/failures.ts'
import { retryDelay } from '../aws/retry.ts'
import { errorMessage } from '../errors/thrown.ts'
import type { Step } from '../plan/plan.ts'
import type { DescribedTable } from '../table/described-table.ts'
import { propertyNamed } from '../table/properties/index.ts'
import type { Blocker } from '../table/property.ts'
import type { ChangeInProgress } from '../table/table.ts'

/**
 * Returns true if the table must be read before the step is tried again: another run changed it first, a change is in
 * progress, or the table may have been replaced or tagged for another environment.
 */
export function isConflict({ kind }: Step, error: DynamoDbError): boolean {
  if (isInUse(error) || isTagLock(error) || isIndexLock(error)) return true
  // CreateTable cannot change a wrong table, so the port itself repeats it, without a new read.
  if (kind !== 'create' && isBusy(error)) return true
  return kind === 'delete' && error.code === 'ResourceNotFoundException'
}

function isInUse({ code }: DynamoDbError): boolean {
  return code === 'ResourceInUseException'
}

/**
 * Returns true if the table is being changed, so that DynamoDB accepts the call later. ResourceInUseException for a
 * creation means that the table exists.
 */
export function isBlocked({ kind }: Step, error: DynamoDbError): boolean {
  return kind !== 'create' && (isInUse(error) || isIndexLock(error))
}

/** DynamoDB builds or deletes one global index of a table at a time. Another limit on indexes is a quota. */
export function isIndexLock({ code, cause }: DynamoDbError): boolean {
  return code === 'LimitExceededException' && errorMessage(cause).includes('Only 1 online index')
}

/** DeleteTable is accepted only while nothing is in progress. Measured on AWS. */
const deletionBlockers: readonly Blocker[] = ['table', 'index', 'replica', 'encryption', 'warm throughput']

/** The changes in progress on a table during which DynamoDB does not accept the step. */
export function blockersOf(step: Step): readonly Blocker[] {
  if (step.kind !== 'update') return deletionBlockers
  const property = propertyNamed(step.property)
  return property.blockersOf?.(step) ?? property.blockedBy
}

/** Returns true if the build or the deletion of an index prevents DynamoDB from accepting the step. */
export function isBlockedByIndex(step: Step, changesInProgress: readonly ChangeInProgress[]): boolean {
  return blockersOf(step).includes('index') && changesInProgress.some(({ part }) => part === 'index')
}

/** Returns true if a change in progress on the table prevents DynamoDB from accepting the step. */
export function isBlockedBy(step: Step, { tableStatus, changesInProgress }: DescribedTable): boolean {
  const blockers = blockersOf(step)
  return (
    tableStatus === 'CREATING' ||
    (tableStatus === 'UPDATING' && blockers.includes('table')) ||
    changesInProgress.some(({ part }) => blockers.includes(part))
  )
}

/** Returns true if DynamoDB did not accept the call at this time, or its response was lost. */
export function isBusy({ kind }: DynamoDbError): boolean {
  return kind === 'throttled' || kind === 'unavailable' || kind === 'not-ready'
}

/** The maximum number of conflicts with other runs for one step. After that the step fails. */
const mostConflicts = 5

/** In milliseconds. A change that AWS does not report may take minutes, and each try costs a write. */
const longestDelayWhileBlocked = 10_000

/**
 * The delay before the table is read again.
 *
 * @param earlier conflicts of the same step
 * @returns milliseconds; undefined if a longer wait would not help
 */
export function delayAfterConflict(
  step: Step,
  error: DynamoDbError,
  earlier: readonly DynamoDbError[],
  now: number,
  random: number,
): number | undefined {
  const times = 1 + earlier.filter((each) => causeOf(each) === causeOf(error)).length
  if (isBlocked(step, error)) return Math.min(longestDelayWhileBlocked, 200 * 2 ** times) * (0.5 + random)
  if (isBusy(error)) return retryDelay(error.kind, error.cause, times, now, random)
  if (times > mostConflicts) return undefined
  // Random delays, so that two runs do not conflict again at the same time.
  const jitter = 0.5 + random
  return isTagLock(error) ? tagLockMilliseconds + 1000 * jitter : 200 * 2 ** times * jitter
}

/** Returns the group in which the failure is counted: its own kind, or one group for all changes by other runs. */
function causeOf(error: DynamoDbError): FailureKind | 'another run' {
  return isBusy(error) ? error.kind : 'another run'
}

/** Measured on AWS: the time after a tag write during which the tags are locked and a read may return the old ones. */
const tagLockMilliseconds = 3000

function isTagLock(error: DynamoDbError): boolean {
  return error.code === 'LimitExceededException' && errorMessage(error.cause).includes('Table tags are being updated')
}
