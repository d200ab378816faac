/** Performs the steps of one table: sends each, waits for it, and reads the table again after a conflict. */
import { DynamoDbError, StaleReadError } from '../aws/dynamodb-errors.ts'
import { isOutcomeUnknown, RemedyError, StoppedError, stoppedBy } from '../errors/errors.ts'
import { errorMessage } from '../errors/thrown.ts'
import { nameStep } from '../plan/description.ts'
import { type Step, stepsOf } from '../plan/plan.ts'
import { isProtective } from '../plan/rounds.ts'
import type { DescribedTable } from '../table/described-table.ts'
import { propertyNamed } from '../table/properties/index.ts'
import type { Request } from '../table/request.ts'
import type { ChangeInProgress, TableDefinition } from '../table/table.ts'
import { addressOf, type TableAddress } from '../table/target.ts'
import { createRequest } from '../table/values.ts'
import { blockersOf, type Conflict, conflictOf, delayAfterConflict } from './conflict.ts'
import { describeResult, type StepResult, toneOf } from './outcome.ts'
import { planAgain } from './plan-again.ts'
import { admission, completionOf, indexesBefore, waitForTable } from './wait.ts'
import { changesInProgressOn, idOf, type Work } from './work.ts'

/** One table in the course of an apply. */
export interface TableProgress {
  readonly work: Work
  readonly definition: TableDefinition
  readonly steps: readonly StepProgress[]
  /** The failures of all tables so far. */
  readonly failures: unknown[]
  /** The start time of the read that the next write relies on; undefined if the table must be read before it. */
  readAt: number | undefined
  /** The number of consecutive reads that took longer than `freshnessMilliseconds`. */
  slowReads: number
  /**
   * No more steps are sent to the table: its creation failed, or a step ended with an error that is not a
   * DynamoDbError, such as a failed wait, a replaced table or the stop of the run.
   */
  isAbandoned: boolean
  /** The changes that the last read showed, and the build of an index that this run began after it. */
  changesInProgress: readonly ChangeInProgress[]
  /** The last read shows that the table needs a step that was not planned. Only protective steps may still start. */
  unplanned: RemedyError | undefined
}

interface StepProgress {
  readonly step: Step
  /** Every failed write of the step that was a conflict. */
  readonly conflicts: Conflict[]
  /** The last conflict, until the run has waited for its end and read the table again. */
  openConflict?: Conflict | undefined
  /** The duration of the last write that failed. */
  seconds: number
  result?: StepResult
}

/** @param failures of all tables; those of this table are added to it */
export function beginTable(work: Work, definition: TableDefinition, failures: unknown[]): TableProgress {
  return {
    work,
    definition,
    steps: stepsOf(work.plan, definition.name).map((step) => ({ step, conflicts: [], seconds: 0 })),
    failures,
    readAt: work.readAt,
    slowReads: 0,
    isAbandoned: false,
    changesInProgress: changesInProgressOn(work.observed.get(definition.name)),
    unplanned: undefined,
  }
}

/** Performs the steps of the table that are in the round, until each has a result or may not start any more. */
export async function performSteps(table: TableProgress, round: readonly Step[]): Promise<void> {
  for (let next = nextStep(table, round); next !== undefined; next = nextStep(table, round)) {
    const result = resultWithoutTry(table, next) ?? (await advanceStep(table, next))
    if (result !== undefined) record(table, next, result)
  }
}

/** Records the steps whose outcome is unknown because another step failed before the table was read again. */
export function recordUnknownOutcomes(table: TableProgress): void {
  for (const progress of remainingSteps(table).filter(hasUnknownOutcome)) {
    record(table, progress, failed(progress, progress.conflicts.at(-1)?.error))
  }
}

function record(table: TableProgress, progress: StepProgress, result: StepResult): void {
  progress.result = result
  if (result.status === 'failed') table.failures.push(result.error)
  if ('error' in result) {
    table.isAbandoned ||= progress.step.kind === 'create' || !(result.error instanceof DynamoDbError)
  }
  table.work.run.log.info(`${nameStep(progress.step)}: ${describeResult(result)}`, toneOf(result))
}

function failed(progress: StepProgress, error: unknown): StepResult {
  return { status: 'failed', isOutcomeUnknown: hasUnknownOutcome(progress), error }
}

/** Returns true if a try of the step had no response, so that it may have taken effect. */
function hasUnknownOutcome({ conflicts }: StepProgress): boolean {
  return conflicts.some(({ error }) => isOutcomeUnknown(error))
}

function remainingSteps({ steps }: TableProgress): readonly StepProgress[] {
  return steps.filter(({ result }) => result === undefined)
}

function nextStep(table: TableProgress, round: readonly Step[]): StepProgress | undefined {
  if (table.isAbandoned) return undefined
  const remaining = remainingSteps(table)
  // Protection of a new table follows its creation, and is never sent to a table that this run did not create or read.
  const exists = !remaining.some(({ step }) => step.kind === 'create')
  const mayProtect = exists && !table.work.run.stop.aborted
  const candidates = remaining.filter(
    ({ step }) => round.includes(step) && (table.failures.length === 0 || (mayProtect && isProtective(step))),
  )
  const [first] = candidates
  if (first?.openConflict === undefined || !isProtective(first.step)) return first
  // If the first protective step must wait, the next protective step starts: a replica blocks deletion protection, but
  // not point-in-time recovery.
  return candidates.find(({ step, openConflict }) => isProtective(step) && openConflict === undefined) ?? first
}

/** Returns the result of a step that the run leaves out; undefined for a step to perform. */
function resultWithoutTry(table: TableProgress, progress: StepProgress): StepResult | undefined {
  const { step } = progress
  const deferral = deferralBefore(table, step)
  if (deferral !== undefined) return deferral
  if (isPostponed(table, step)) return { status: 'postponed' }
  if (table.unplanned !== undefined && !isProtective(step)) return failed(progress, table.unplanned)
  return undefined
}

/** The result of a deferred step of the table without which DynamoDB does not accept this one. */
function deferralBefore({ steps }: TableProgress, step: Step): StepResult | undefined {
  const follows = step.kind === 'update' ? (propertyNamed(step.property).follows ?? []) : []
  return steps.find(
    (each) => each.result?.status === 'deferred' && each.step.kind === 'update' && follows.includes(each.step.property),
  )?.result
}

/**
 * Returns true if the step is left for the next run: an index is being built, which blocks the step, and the run ends
 * when its last build has begun. Earlier builds are waited for.
 */
function isPostponed(table: TableProgress, step: Step, changesInProgress = table.changesInProgress): boolean {
  const isBuilding = changesInProgress.some(({ part, status }) => part === 'index' && status === 'CREATING')
  return (
    isBuilding &&
    !table.work.waitForIndexes &&
    step.kind === 'update' &&
    remainingBuilds(table).length === 0 &&
    blockersOf(step, { changesInProgress }).includes('index')
  )
}

/** Returns true if the run ends before the build that the step has begun: it is the last one of the table. */
function isLeftBuilding(table: TableProgress, step: Step): boolean {
  const [build, ...others] = remainingBuilds(table)
  return !table.work.waitForIndexes && build === step && others.length === 0
}

/** The builds of indexes that have no result yet. */
function remainingBuilds(table: TableProgress): readonly Step[] {
  const remaining = remainingSteps(table).map(({ step }) => step)
  return remaining.filter((step) => completionOf(step)?.isIndexBuild)
}

/**
 * Does what comes next for the step: reads the table again, waits for an index that blocks the step, or sends it.
 *
 * @returns the result of the step, if it was sent or an error ended it
 */
async function advanceStep(table: TableProgress, progress: StepProgress): Promise<StepResult | undefined> {
  const { step, openConflict } = progress
  try {
    if (openConflict !== undefined) {
      await waitAfterConflict(table, progress, openConflict)
      progress.openConflict = undefined
      await readAgain(table)
      // The table still needs the change, so the change itself is wrong.
      if (openConflict.reason === 'invalid' && progress.result === undefined)
        return failed(progress, openConflict.error)
    } else if (table.readAt === undefined) {
      await readAgain(table)
    } else if (blockersOf(step, table).includes('index')) {
      await waitForIndexes(table, step)
    } else {
      return await tryStep(table, progress, table.readAt)
    }
  } catch (error) {
    return failed(progress, error)
  }
  return undefined
}

/** Waits for index changes before which DynamoDB does not accept the step. The table must be read again after it. */
async function waitForIndexes(table: TableProgress, step: Step): Promise<void> {
  const { work } = table
  await waitForTable(work, step.table, indexesBefore(nameStep(step)), idOf(work.observed.get(step.table)))
  table.changesInProgress = []
  table.readAt = undefined
}

/** @returns undefined if the table must be read before the next try */
async function tryStep(table: TableProgress, progress: StepProgress, readAt: number): Promise<StepResult | undefined> {
  const { dynamoDb, target, run } = table.work
  const { step } = progress
  const start = run.clock.now()
  const seconds = () => (run.clock.now() - start) / 1000
  const sendBefore = step.kind === 'create' ? undefined : readAt + freshnessOf(table)
  try {
    await dynamoDb.write(requestOf(step, addressOf(target, step.table)), sendBefore)
  } catch (error) {
    progress.seconds = seconds()
    return resultOfFailedWrite(table, progress, error)
  }
  if (isLeftBuilding(table, step)) {
    // The next step may be one that the build blocks: it is postponed, and not sent.
    table.changesInProgress = [...table.changesInProgress, { part: 'index', status: 'CREATING' }]
    return { status: 'applied', seconds: seconds(), isStillBuilding: true }
  }
  try {
    await completeStep(table, step)
    return { status: 'applied', seconds: seconds() }
  } catch (error) {
    const isStopped = error instanceof StoppedError
    return { status: 'failed', isOutcomeUnknown: true, ...(isStopped ? { isAccepted: true } : {}), error }
  }
}

/** A write may rely on a read for this time. After it the table may have been replaced or tagged differently. */
const freshnessMilliseconds = 5000

/** Each consecutive slow read doubles the freshness up to this maximum, so that a run on a slow network ends. */
const mostFreshnessMilliseconds = 40_000

function freshnessOf({ slowReads }: TableProgress): number {
  return Math.min(mostFreshnessMilliseconds, freshnessMilliseconds * 2 ** Math.max(0, slowReads - 1))
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

/** @returns undefined if the table must be read before the next try */
function resultOfFailedWrite(table: TableProgress, progress: StepProgress, error: unknown): StepResult | undefined {
  if (error instanceof StaleReadError) {
    table.readAt = undefined
    return undefined
  }
  const conflict = error instanceof DynamoDbError ? conflictOf(progress.step, error) : undefined
  if (conflict !== undefined) {
    progress.conflicts.push(conflict)
    progress.openConflict = conflict
    // The table may be another one now, so no other step may rely on the old read.
    table.readAt = undefined
    return undefined
  }
  if (error instanceof DynamoDbError && error.kind === 'deferred') return { status: 'deferred', error }
  return { status: 'failed', isOutcomeUnknown: isOutcomeUnknown(error) || hasUnknownOutcome(progress), error }
}

/** Waits until DynamoDB has performed the step. */
async function completeStep({ work }: TableProgress, step: Step): Promise<void> {
  const wait = completionOf(step)
  if (wait === undefined) return
  const described = await waitForTable(work, step.table, wait, idOf(work.observed.get(step.table)))
  if (step.kind === 'delete' || described?.phase === 'settled') return
  throw new RemedyError(
    `The table "${step.table}" is ${described?.tableStatus ?? 'deleted'} after this run changed it: another process deleted or locked it.`,
    'Find out who else works on this table, then run again.',
  )
}

/** Reads the table again, and records the result of the steps that it no longer needs. */
async function readAgain(table: TableProgress): Promise<void> {
  const { work, definition, steps } = table
  const { needed, readAt, changesInProgress, unplanned } = await planAgain(work, definition, steps)
  table.readAt = readAt
  table.changesInProgress = changesInProgress
  table.unplanned = unplanned
  table.slowReads = work.run.clock.now() - readAt > freshnessMilliseconds ? table.slowReads + 1 : 0
  for (const progress of remainingSteps(table)) {
    const { step, seconds } = progress
    if (needed.includes(step) || (unplanned !== undefined && !isProtective(step))) continue
    // If an earlier answer was lost, the change that the read shows may be our own write.
    record(table, progress, hasUnknownOutcome(progress) ? { status: 'applied', seconds } : { status: 'dropped' })
  }
}

/** @throws the error of the conflict if a longer wait would not help, or the StoppedError of the run */
async function waitAfterConflict(
  table: TableProgress,
  { step, conflicts }: StepProgress,
  conflict: Conflict,
): Promise<void> {
  const { clock, log, stop } = table.work.run
  const { reason, error } = conflict
  const delay = delayAfterConflict(conflict, conflicts, clock.now(), clock.random())
  if (delay === undefined) throw error
  const name = nameStep(step)
  const message = `${error.code}: ${errorMessage(error.cause)}`
  log.info(`${name}: reading the table again in ${(delay / 1000).toFixed(1)} s: ${message}`)
  if (reason === 'blocked' || reason === 'blocked-by-index') {
    const isLeft = (described: DescribedTable) => isPostponed(table, step, described.changesInProgress)
    const wait =
      reason === 'blocked-by-index'
        ? indexesBefore(name, isLeft)
        : admission(name, delay / 1000, (described) => isLeft(described) || blockersOf(step, described).length === 0)
    await waitForTable(table.work, step.table, wait)
    return
  }
  await clock.sleep(delay, stop).catch((stopReason: unknown) => {
    const awaited =
      reason === 'busy' ? `DynamoDB to accept ${name}` : `someone else, who is changing the table "${step.table}"`
    throw stoppedBy(stopReason, awaited, { cause: error.cause })
  })
}
