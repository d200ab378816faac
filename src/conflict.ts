/** Writes that DynamoDB did not take, or did not answer: whether to look again, and when. Pure. */
import type { DynamoDbError } from './dynamodb-errors.ts'
import { errorMessage } from './errors.ts'
import type { FailureKind } from './failures.ts'
import type { Step } from './plan.ts'
import { retryDelay } from './retry.ts'

/**
 * A run beside ours was faster, a change is under way, or the table need not be the same when the write is sent again.
 * With tags it may meanwhile belong to another environment, and to a table on demand a change to on demand is invalid.
 */
export function isConflict({ action }: Step, error: DynamoDbError): boolean {
  if (error.code === 'ResourceInUseException' || isTagLock(error)) return true
  // A creation hits an absent table or none, so it was tried again without a look, as often as that helps.
  if (action !== 'create-table' && isBusy(error)) return true
  if (action === 'delete-table') return error.code === 'ResourceNotFoundException'
  return action === 'set-billing-mode' && error.code === 'ValidationException'
}

/** DynamoDB did not take the call, or its answer did not come. */
export function isBusy({ kind }: DynamoDbError): boolean {
  return kind === 'throttled' || kind === 'unavailable' || kind === 'not-ready'
}

/** How often another run's work may come in between before it looks like a lasting conflict. */
const mostConflicts = 5

/**
 * How long to wait before the next look.
 *
 * @param earlier conflicts that the same step has met
 * @returns milliseconds; undefined where waiting any longer would help nobody
 */
export function delayAfterConflict(
  error: DynamoDbError,
  earlier: readonly DynamoDbError[],
  now: number,
  random: number,
): number | undefined {
  const times = 1 + earlier.filter((each) => patienceFor(each) === patienceFor(error)).length
  if (isBusy(error)) return retryDelay(error.cause, times, now, random)
  if (times > mostConflicts) return undefined
  // Runs that met each other must not meet again. Never at once, which would use the few tries up.
  const jitter = 0.5 + random
  return isTagLock(error) ? tagLockMilliseconds + 1000 * jitter : 200 * 2 ** times * jitter
}

/** What DynamoDB could not take is counted by its kind, and all that somebody else did together. */
function patienceFor(error: DynamoDbError): FailureKind | 'others' {
  return isBusy(error) ? error.kind : 'others'
}

/** For so long a tag write locks the tags, and the old ones may still be shown. */
const tagLockMilliseconds = 3000

function isTagLock(error: DynamoDbError): boolean {
  return error.code === 'LimitExceededException' && errorMessage(error.cause).includes('Table tags are being updated')
}
