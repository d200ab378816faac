/** Writes that DynamoDB did not accept or did not answer: whether to read the table again, and when. */
import type { DynamoDbError } from '../aws/dynamodb-errors.ts'
import type { FailureKind } from '../aws/failures.ts'
import { retryDelay } from '../aws/retry.ts'
import { errorMessage } from '../errors/thrown.ts'
import type { Step } from '../plan/plan.ts'
import type { DescribedTable } from '../table/described-table.ts'
import { propertyNamed } from '../table/properties/index.ts'
import type { Blocker } from '../table/property.ts'

/**
 * Whether the table must be read before the step is tried again: another run was faster, a change is in progress, or the
 * table may have been replaced or tagged for another environment meanwhile.
 */
export function isConflict({ kind }: Step, error: DynamoDbError): boolean {
  if (isInUse(error) || isTagLock(error)) return true
  // CreateTable cannot hit a wrong table, so the port has repeated it already.
  if (kind !== 'create' && isBusy(error)) return true
  return kind === 'delete' && error.code === 'ResourceNotFoundException'
}

function isInUse({ code }: DynamoDbError): boolean {
  return code === 'ResourceInUseException'
}

/** Someone else is changing the table, so DynamoDB accepts the call later. For a creation it means that the table exists. */
export function isBlocked({ kind }: Step, error: DynamoDbError): boolean {
  return kind !== 'create' && isInUse(error)
}

/** DeleteTable is accepted only while nothing is in progress. Measured on AWS. */
const deletionBlockers: readonly Blocker[] = ['table', 'index', 'replica', 'encryption', 'warm throughput']

/** Whether a change in progress on the table keeps DynamoDB from accepting the step. */
export function isBlockedBy(step: Step, { tableStatus, changesInProgress }: DescribedTable): boolean {
  const blockers = step.kind === 'update' ? propertyNamed(step.property).blockedBy : deletionBlockers
  return (
    tableStatus === 'CREATING' ||
    (tableStatus === 'UPDATING' && blockers.includes('table')) ||
    changesInProgress.some(({ part }) => blockers.includes(part))
  )
}

/** DynamoDB did not accept the call for now, or its answer was lost. */
export function isBusy({ kind }: DynamoDbError): boolean {
  return kind === 'throttled' || kind === 'unavailable' || kind === 'not-ready'
}

/** Another run's changes may come first so often. After that the conflict counts as lasting. */
const mostConflicts = 5

/** In milliseconds. A change that AWS does not report may take minutes, and each try costs a write. */
const longestDelayWhileBlocked = 10_000

/**
 * The delay before the table is read again.
 *
 * @param earlier conflicts of the same step
 * @returns milliseconds; undefined where waiting any longer would not help
 */
export function delayAfterConflict(
  step: Step,
  error: DynamoDbError,
  earlier: readonly DynamoDbError[],
  now: number,
  random: number,
): number | undefined {
  const times = 1 + earlier.filter((each) => causeOf(each) === causeOf(error)).length
  if (isBusy(error)) return retryDelay(error.cause, times, now, random)
  if (isBlocked(step, error)) return Math.min(longestDelayWhileBlocked, 200 * 2 ** times) * (0.5 + random)
  if (times > mostConflicts) return undefined
  // Two runs that met must not meet again.
  const jitter = 0.5 + random
  return isTagLock(error) ? tagLockMilliseconds + 1000 * jitter : 200 * 2 ** times * jitter
}

/** Each kind of failure is counted on its own; all changes by other runs are counted together. */
function causeOf(error: DynamoDbError): FailureKind | 'another run' {
  return isBusy(error) ? error.kind : 'another run'
}

/** Measured on AWS: for so long a tag write locks the tags, and the old ones may still show. */
const tagLockMilliseconds = 3000

function isTagLock(error: DynamoDbError): boolean {
  return error.code === 'LimitExceededException' && errorMessage(error.cause).includes('Table tags are being updated')
}
