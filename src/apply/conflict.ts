/** Writes that DynamoDB did not take, or did not answer: whether to look again, and when. Pure. */
import type { ChangeUnderWay, DescribedTable } from '../aws/dynamodb-answers.ts'
import type { DynamoDbError } from '../aws/dynamodb-errors.ts'
import type { FailureKind } from '../aws/failures.ts'
import { retryDelay } from '../aws/retry.ts'
import { errorMessage } from '../errors/thrown.ts'
import type { Step } from '../plan/plan.ts'

/**
 * Another run was faster, a change is under way, or the table may be another one when the write is sent again: with new
 * tags, for example, it may belong to another environment.
 */
export function isConflict({ action }: Step, error: DynamoDbError): boolean {
  if (isInUse(error) || isTagLock(error)) return true
  // A creation hits an absent table or none, so it was tried again without a look, as often as that helps.
  if (action !== 'create-table' && isBusy(error)) return true
  return action === 'delete-table' && error.code === 'ResourceNotFoundException'
}

function isInUse({ code }: DynamoDbError): boolean {
  return code === 'ResourceInUseException'
}

/** Someone else is changing the table, so DynamoDB accepts the call later. A creation waits for nothing: the table exists. */
export function isBlocked({ action }: Step, error: DynamoDbError): boolean {
  return action !== 'create-table' && isInUse(error)
}

/** By DynamoDB's rules, measured on AWS. A call that is in none of these rules waits for the table to be created, no more. */
const blockedBy: Readonly<Partial<Record<Step['action'], readonly ChangeUnderWay['part'][]>>> = {
  'enable-deletion-protection': ['replica'],
  'remove-deletion-protection': ['replica'],
  'set-billing-mode': ['index', 'replica'],
  'delete-table': ['index', 'replica', 'encryption', 'warm throughput'],
}

/** These calls are not accepted while the table itself is UPDATING. */
const blockedByUpdate: ReadonlySet<Step['action']> = new Set(['set-billing-mode', 'delete-table'])

/** What is under way on the table that keeps DynamoDB from accepting the step's call. */
export function isBlockedBy({ action }: Step, { tableStatus, changesUnderWay }: DescribedTable): boolean {
  return (
    tableStatus === 'CREATING' ||
    (tableStatus === 'UPDATING' && blockedByUpdate.has(action)) ||
    changesUnderWay.some(({ part }) => blockedBy[action]?.includes(part))
  )
}

/** DynamoDB did not accept the call for now, or its answer was lost. */
export function isBusy({ kind }: DynamoDbError): boolean {
  return kind === 'throttled' || kind === 'unavailable' || kind === 'not-ready'
}

/** How often another run's work may come in between before it counts as a lasting conflict. */
const mostConflicts = 5

/** A change that AWS does not report may take minutes, and each try costs a write. */
const longestDelayWhileBlocked = 10_000

/**
 * How long to wait before the table is read again.
 *
 * @param earlier conflicts that the same step has met
 * @returns milliseconds; undefined where waiting any longer would help nobody
 */
export function delayAfterConflict(
  step: Step,
  error: DynamoDbError,
  earlier: readonly DynamoDbError[],
  now: number,
  random: number,
): number | undefined {
  const times = 1 + earlier.filter((each) => patienceFor(each) === patienceFor(error)).length
  if (isBusy(error)) return retryDelay(error.cause, times, now, random)
  if (isBlocked(step, error)) return Math.min(longestDelayWhileBlocked, 200 * 2 ** times) * (0.5 + random)
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
