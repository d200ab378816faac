/** Performs the steps of one table: sends each, waits for it, and reads the table again after a conflict. */
import { DynamoDbError, StaleReadError } from '../aws/dynamodb-errors.ts'
import { isOutcomeUnknown, RemedyError, StoppedError, stoppedBy } from '../errors/errors.ts'
import { errorMessage } from '../errors/thrown.ts'
import { nameStep } from '../plan/description.ts'
import type { Step } from '../plan/plan.ts'
import { isProtective } from '../plan/rounds.ts'
import type { Run } from '../run/run.ts'
import type { DescribedTable } from '../table/described-table.ts'
import { propertyNamed } from '../table/properties/index.ts'
import type { Request } from '../table/request.ts'
import type { ChangeInProgress, TableDefinition } from '../table/table.ts'
import { addressOf, type TableAddress } from '../table/target.ts'
import { createRequest } from '../table/values.ts'
import {
  delayAfterConflict,
  isBlocked,
  isBlockedBy,
  isBlockedByIndex,
  isBusy,
  isConflict,
  isIndexLock,
} from './conflict.ts'
import { describeResult, type StepResult, toneOf } from './outcome.ts'
import { planAgain } from './plan-again.ts'
import { admission, indexesBefore, type TableWait, waitForTable, waitOf } from './wait.ts'
import { idOf, type Work } from './work.ts'

/** One table in the course of an apply. */
export interface TableProgress {
  readonly definition: TableDefinition
  readonly steps: readonly StepProgress[]
  /** The start time of the read that the next write relies on. */
  readAt: number
  /** The number of consecutive reads that took longer than `freshnessMilliseconds`. */
  slowReads: number
  /**
   * No more steps are sent to the table: its creation failed, or a step ended with an error that is not a
   * DynamoDbError, such as a failed wait, a replaced table or the stop of the run.
   */
  isAbandoned: boolean
  /** As the last read showed them, and the build that this run has begun and does not wait for. */
  changesInProgress: readonly ChangeInProgress[]
  /** The last read shows that the table needs a step that was not planned. Only protective steps may still start. */
  unplanned?: RemedyError | undefined
}

interface StepProgress {
  readonly step: Step
  /** The conflicts of the step so far. */
  readonly conflicts: DynamoDbError[]
  /** The table must be read before the next try. */
  mustRead?: MustRead | undefined
  result?: StepResult
}

interface MustRead {
  readonly status: 'must-read'
  /** Absent if nothing was sent because the last read was too old. */
  readonly conflict?: DynamoDbError
  readonly seconds: number
}

/** A write may rely on a read for this time. After it the table may have been replaced or tagged differently. */
const freshnessMilliseconds = 5000

/** Each consecutive slow read doubles the freshness up to this maximum, so that a run on a slow network ends. */
const mostFreshnessMilliseconds = 40_000

/** @param failures the failures of all tables; failures of this table are added to it */
export async function performSteps(
  work: Work,
  table: TableProgress,
  round: readonly Step[],
  failures: unknown[],
): Promise<void> {
  for (let next = nextStep(work, table, round, failures); next !== undefined; ) {
    const { step } = next
    const deferral = deferralBefore(table, step)
    if (deferral !== undefined) {
      record(work.run, table, next, deferral, failures)
    } else if (isPostponed(work, table, step, table.changesInProgress)) {
      record(work.run, table, next, { status: 'postponed' }, failures)
    } else if (table.unplanned !== undefined && !isProtective(step)) {
      record(work.run, table, next, failed(next, table.unplanned), failures)
    } else if (next.mustRead !== undefined) {
      await readAgain(work, table, next, next.mustRead, failures)
    } else if (isBlockedByIndex(step, table.changesInProgress)) {
      await waitForIndexes(work, table, next, failures)
    } else {
      await tryStep(work, table, next, failures)
    }
    next = nextStep(work, table, round, failures)
  }
}

/** The result of a deferred step of the table without which DynamoDB does not accept this one. */
function deferralBefore({ steps }: TableProgress, step: Step): StepResult | undefined {
  const follows = step.kind === 'update' ? (propertyNamed(step.property).follows ?? []) : []
  return steps.find(
    (each) => each.result?.status === 'deferred' && each.step.kind === 'update' && follows.includes(each.step.property),
  )?.result
}

/** Records the steps whose outcome is unknown because another step failed before the table was read again. */
export function recordUnknownOutcomes(run: Run, table: TableProgress, failures: unknown[]): void {
  for (const progress of table.steps) {
    if (progress.result !== undefined) continue
    const conflict = progress.mustRead?.conflict ?? progress.conflicts.at(-1)
    if (conflict === undefined || !(hasUnknownOutcome(progress) || conflict.isOutcomeUnknown)) continue
    record(run, table, progress, { status: 'failed', isOutcomeUnknown: true, error: conflict }, failures)
  }
}

function nextStep(
  { run: { stop } }: Work,
  table: TableProgress,
  round: readonly Step[],
  failures: readonly unknown[],
): StepProgress | undefined {
  if (table.isAbandoned) return undefined
  const remaining = table.steps.filter(({ result }) => result === undefined)
  // Protection of a new table follows its creation, and is never sent to a table that this run did not create or read.
  const exists = !remaining.some(({ step }) => step.kind === 'create')
  const mayStart = ({ step }: StepProgress) => failures.length === 0 || (isProtective(step) && exists && !stop.aborted)
  const candidates = remaining.filter((progress) => round.includes(progress.step) && mayStart(progress))
  const isWaiting = ({ mustRead }: StepProgress) => mustRead?.conflict !== undefined
  const [first] = candidates
  if (first === undefined || !isProtective(first.step) || !isWaiting(first)) return first
  // If the first protective step must wait, the next protective step starts: a replica blocks deletion protection, but
  // not point-in-time recovery.
  return candidates.find((progress) => isProtective(progress.step) && !isWaiting(progress)) ?? first
}

/** Returns true if an earlier try of the step had no response, so that a conflict may be its own write. */
function hasUnknownOutcome({ conflicts }: StepProgress): boolean {
  return conflicts.some(isOutcomeUnknown)
}

function failed(progress: StepProgress, error: unknown): StepResult {
  return { status: 'failed', isOutcomeUnknown: hasUnknownOutcome(progress), error }
}

function record(
  { log }: Run,
  table: TableProgress,
  progress: StepProgress,
  result: StepResult,
  failures: unknown[],
): void {
  progress.result = result
  if (result.status === 'failed') failures.push(result.error)
  if (result.status === 'failed' || result.status === 'deferred') {
    table.isAbandoned ||= progress.step.kind === 'create' || !(result.error instanceof DynamoDbError)
  }
  log.info(`${nameStep(progress.step)}: ${describeResult(result)}`, toneOf(result))
}

/**
 * Returns true if the step is left for the next run: an index is being built, which blocks the step, and the run ends
 * when its last build has begun. Earlier builds are waited for.
 */
function isPostponed(
  { waitForIndexes }: Work,
  { steps }: TableProgress,
  step: Step,
  changesInProgress: readonly ChangeInProgress[],
): boolean {
  const isBuilding = changesInProgress.some(({ part, status }) => part === 'index' && status === 'CREATING')
  const isLast = !steps.some((each) => each.result === undefined && isBuild(each.step))
  return !waitForIndexes && isBuilding && isLast && step.kind === 'update' && isBlockedByIndex(step, changesInProgress)
}

/** Returns true for a step that begins the build of an index. */
function isBuild(step: Step): boolean {
  return waitOf(step)?.isOptional === true
}

/** Waits for index changes before which DynamoDB does not accept the step. The table must be read again after it. */
async function waitForIndexes(
  { dynamoDb, target, observed, run }: Work,
  table: TableProgress,
  progress: StepProgress,
  failures: unknown[],
): Promise<void> {
  const { step } = progress
  try {
    const id = idOf(observed.get(step.table))
    await waitForTable(dynamoDb, addressOf(target, step.table), indexesBefore(nameStep(step)), run, id)
    table.changesInProgress = []
    progress.mustRead = { status: 'must-read', seconds: 0 }
  } catch (error) {
    record(run, table, progress, failed(progress, error), failures)
  }
}

async function tryStep(work: Work, table: TableProgress, progress: StepProgress, failures: unknown[]): Promise<void> {
  const fresh = Math.min(mostFreshnessMilliseconds, freshnessMilliseconds * 2 ** Math.max(0, table.slowReads - 1))
  const attempt = await attemptStep(work, table, progress.step, table.readAt + fresh)
  if (attempt.status !== 'must-read') {
    const isUnknown = attempt.status === 'failed' && (attempt.isOutcomeUnknown || hasUnknownOutcome(progress))
    record(work.run, table, progress, isUnknown ? { ...attempt, isOutcomeUnknown: true } : attempt, failures)
    return
  }
  progress.mustRead = attempt
  // After a conflict the table may be another one, so no other step may rely on the old read.
  if (attempt.conflict !== undefined) table.readAt = Number.NEGATIVE_INFINITY
}

async function attemptStep(
  work: Work,
  table: TableProgress,
  step: Step,
  sendBefore: number,
): Promise<StepResult | MustRead> {
  const { dynamoDb, target, run } = work
  const start = run.clock.now()
  const seconds = () => (run.clock.now() - start) / 1000
  const address = addressOf(target, step.table)
  let isAccepted = false
  try {
    await dynamoDb.write(requestOf(step, address), step.kind === 'create' ? undefined : sendBefore)
    isAccepted = true
    const wait = waitOf(step)
    if (isBuild(step) && !work.waitForIndexes && isLastBuild(table, step)) {
      table.changesInProgress = [{ part: 'index', status: 'CREATING' }]
      return { status: 'applied', seconds: seconds(), isStillBuilding: true }
    }
    if (wait !== undefined) await completeStep(work, step, address, wait)
    return { status: 'applied', seconds: seconds() }
  } catch (error) {
    if (error instanceof StaleReadError) return { status: 'must-read', seconds: seconds() }
    if (!isAccepted && error instanceof DynamoDbError) {
      if (isConflict(step, error)) return { status: 'must-read', conflict: error, seconds: seconds() }
      if (error.kind === 'deferred') return { status: 'deferred', error }
    }
    if (isAccepted && error instanceof StoppedError) {
      return { status: 'failed', isOutcomeUnknown: true, isAccepted, error }
    }
    return { status: 'failed', isOutcomeUnknown: isAccepted || isOutcomeUnknown(error), error }
  }
}

function requestOf(step: Step, address: TableAddress): Request {
  switch (step.kind) {
    case 'create':
      return createRequest(address, step.to)
    case 'update': {
      const { name, request } = propertyNamed(step.property)
      if (request === undefined) throw new TypeError(`${name} cannot be changed`)
      return request(address, step)
    }
    case 'delete':
      return { operation: 'DeleteTable', input: { TableName: address.name } }
  }
}

/** Returns true if no other build of an index follows on the table. */
function isLastBuild({ steps }: TableProgress, step: Step): boolean {
  return !steps.some((each) => each.result === undefined && each.step !== step && isBuild(each.step))
}

async function completeStep(
  { dynamoDb, observed, run }: Work,
  step: Step,
  address: TableAddress,
  wait: TableWait,
): Promise<void> {
  const described = await waitForTable(dynamoDb, address, wait, run, idOf(observed.get(step.table)))
  if (step.kind === 'delete' || described?.phase === 'settled') return
  throw new RemedyError(
    `The table "${step.table}" is ${described?.tableStatus ?? 'deleted'} after this run changed it: another process deleted or locked it.`,
    'Find out who else works on this table, then run again.',
  )
}

/**
 * Waits after a conflict, reads the table again, and records the result of the steps that the table no longer needs.
 */
async function readAgain(
  work: Work,
  table: TableProgress,
  progress: StepProgress,
  { conflict, seconds }: MustRead,
  failures: unknown[],
): Promise<void> {
  const { clock } = work.run
  progress.mustRead = undefined
  const earlier = [...progress.conflicts]
  if (conflict !== undefined) progress.conflicts.push(conflict)
  try {
    if (conflict !== undefined) await waitAfterConflict(work, table, progress.step, conflict, earlier)
    const { needed, readAt, changesInProgress, unplanned } = await planAgain(work, table.definition, table.steps)
    table.readAt = readAt
    table.changesInProgress = changesInProgress
    table.unplanned = unplanned
    table.slowReads = clock.now() - readAt > freshnessMilliseconds ? table.slowReads + 1 : 0
    for (const each of table.steps.filter(({ result }) => result === undefined)) {
      if (needed.includes(each.step) || (unplanned !== undefined && !isProtective(each.step))) continue
      // If an earlier answer was lost, the change that the read shows may be our own write.
      const result: StepResult = hasUnknownOutcome(each) ? { status: 'applied', seconds } : { status: 'dropped' }
      record(work.run, table, each, result, failures)
    }
  } catch (error) {
    record(work.run, table, progress, failed(progress, error), failures)
  }
}

/** @throws the conflict itself if a longer wait would not help, or the StoppedError of the run */
async function waitAfterConflict(
  work: Work,
  table: TableProgress,
  step: Step,
  conflict: DynamoDbError,
  earlier: readonly DynamoDbError[],
): Promise<void> {
  const { dynamoDb, target, run } = work
  const { clock, log, stop } = run
  const delay = delayAfterConflict(step, conflict, earlier, clock.now(), clock.random())
  if (delay === undefined) throw conflict
  const message = `${conflict.code}: ${errorMessage(conflict.cause)}`
  log.info(`${nameStep(step)}: reading the table again in ${(delay / 1000).toFixed(1)} s: ${message}`)
  if (isBlocked(step, conflict)) {
    const isLeft = ({ changesInProgress }: DescribedTable) => isPostponed(work, table, step, changesInProgress)
    const name = nameStep(step)
    const wait = isIndexLock(conflict)
      ? indexesBefore(name, isLeft)
      : admission(name, delay / 1000, (described) => isLeft(described) || !isBlockedBy(step, described))
    await waitForTable(dynamoDb, addressOf(target, step.table), wait, run)
    return
  }
  await clock.sleep(delay, stop).catch((reason: unknown) => {
    const awaited = isBusy(conflict)
      ? `DynamoDB to accept ${nameStep(step)}`
      : `someone else, who is changing the table "${step.table}"`
    throw stoppedBy(reason, awaited, { cause: conflict.cause })
  })
}
