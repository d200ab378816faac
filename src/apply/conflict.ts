/** Decides after a write that DynamoDB refused or did not answer whether to read the table again, and when. */
import type { DynamoDbError } from '../aws/dynamodb-errors.ts'
import { oneIndexAtATime } from '../aws/failures.ts'
import { retryDelay } from '../aws/retry.ts'
import { errorMessage } from '../errors/thrown.ts'
import type { Step } from '../plan/plan.ts'
import { propertyNamed } from '../table/properties/index.ts'
import type { Blocker } from '../table/property.ts'
import type { ChangeInProgress } from '../table/table.ts'

/** A failed write after which the table must be read before anything else is sent to it. */
export interface Conflict {
  readonly reason: ConflictReason
  readonly error: DynamoDbError
}

/**
 * - `outdated`: another process was faster. The table of a creation exists, or that of a deletion does not.
 * - `invalid`: DynamoDB calls the change invalid. Another process may have made it: DynamoDB has a message of its own for
 *   each property, such as `TimeToLive is already enabled`.
 * - `tags-locked`: another process has just written the tags, perhaps those of another environment.
 * - `blocked-by-index`: DynamoDB builds or deletes another global index of the table.
 * - `blocked`: another change of the table is in progress.
 * - `busy`: DynamoDB did not accept the call at this time, or its response was lost.
 */
type ConflictReason = 'outdated' | 'invalid' | 'tags-locked' | 'blocked-by-index' | 'blocked' | 'busy'

/** @returns undefined if the step fails with this error */
export function conflictOf(step: Step, error: DynamoDbError): Conflict | undefined {
  const reason = reasonOf(step, error)
  return reason && { reason, error }
}

function reasonOf({ kind: step }: Step, { code, kind, cause }: DynamoDbError): ConflictReason | undefined {
  if (code === 'ResourceInUseException') return step === 'create' ? 'outdated' : 'blocked'
  if (code === 'LimitExceededException') {
    if (errorMessage(cause).includes('Table tags are being updated')) return 'tags-locked'
    // Another limit on indexes is a quota.
    if (errorMessage(cause).includes(oneIndexAtATime)) return 'blocked-by-index'
  }
  const isBusy = kind === 'throttled' || kind === 'unavailable' || kind === 'not-ready'
  // CreateTable fails on a table that exists, so `DynamoDb.write` itself repeats it, without a read.
  if (isBusy) return step === 'create' ? undefined : 'busy'
  if (step === 'delete' && code === 'ResourceNotFoundException') return 'outdated'
  return step === 'update' && code === 'ValidationException' && kind === 'final' ? 'invalid' : undefined
}

/** DeleteTable is accepted only while nothing is in progress. Measured on AWS. */
const deletionBlockers: readonly Blocker[] = ['table', 'index', 'replica', 'encryption', 'warm throughput']

/**
 * Returns the changes in progress on a table that prevent DynamoDB from accepting the step.
 *
 * @param table ACTIVE if it has no `tableStatus`
 */
export function blockersOf(
  step: Step,
  table: { readonly tableStatus?: string; readonly changesInProgress: readonly ChangeInProgress[] },
): readonly Blocker[] {
  const blockers = step.kind === 'update' ? propertyNamed(step.property).blockedBy(step) : deletionBlockers
  const isTableBlocking =
    table.tableStatus === 'CREATING' || (table.tableStatus === 'UPDATING' && blockers.includes('table'))
  const parts = table.changesInProgress.map(({ part }) => part).filter((part) => blockers.includes(part))
  return isTableBlocking ? ['table', ...parts] : parts
}

/** The maximum number of conflicts with other runs for one step. After that the step fails. */
const mostConflicts = 5

/** In milliseconds. A change that AWS does not report may take minutes, and each try costs a write. */
const longestDelayWhileBlocked = 10_000

/** Measured on AWS: the time after a tag write during which the tags are locked and a read may return the old ones. */
const tagLockMilliseconds = 3000

/**
 * The delay before the table is read again.
 *
 * @param conflicts those of the step so far, the last one included. Each kind is counted for itself, so that throttled
 * tries do not use up those of a broken connection
 * @returns milliseconds; undefined if a longer wait would not help
 */
export function delayAfterConflict(
  { reason, error }: Conflict,
  conflicts: readonly Conflict[],
  now: number,
  random: number,
): number | undefined {
  const times = conflicts.filter((each) => each.reason === reason && each.error.kind === error.kind).length
  // Random delays, so that two runs do not conflict again at the same time.
  const jitter = 0.5 + random
  switch (reason) {
    case 'blocked-by-index':
    case 'blocked':
      return Math.min(longestDelayWhileBlocked, 200 * 2 ** times) * jitter
    case 'busy':
      return retryDelay(error.kind, error.cause, times, now, random)
    case 'tags-locked':
      return times > mostConflicts ? undefined : tagLockMilliseconds + 1000 * jitter
    case 'invalid':
    case 'outdated':
      return times > mostConflicts ? undefined : 200 * 2 ** times * jitter
  }
}
