/** Performs the steps of a plan, waits for each, and always says how far it got. */

import type { DynamoDb } from '../aws/dynamodb.ts'
import type { DescribedTable } from '../aws/dynamodb-answers.ts'
import { DynamoDbError, StaleLookError } from '../aws/dynamodb-errors.ts'
import { stoppedBy } from '../aws/retry.ts'
import { isOutcomeUnknown, RemedyError, stoppedWhileWaitingFor, unreachable } from '../errors/errors.ts'
import { errorMessage } from '../errors/thrown.ts'
import { describeResult, describeSteps, nameStep } from '../plan/description.ts'
import {
  isProtective,
  type Outcome,
  type Plan,
  roundsOf,
  type Step,
  type StepOutcome,
  type StepResult,
  stepsOf,
} from '../plan/plan.ts'
import { planTables } from '../plan/planner.ts'
import type { Run } from '../run/run.ts'
import { type TableDefinition, type ObservedTable, type ObservedTables } from '../table/table.ts'
import { type Target, tableArn } from '../table/target.ts'
import { delayAfterConflict, isBlocked, isBlockedBy, isBusy, isConflict } from './conflict.ts'
import { type Observation, observeTable, observeTables } from './observe.ts'
import {
  type WaitProfile,
  waitForAdmission,
  waitForBillingMode,
  waitForCreation,
  waitForDeletion,
  waitUntilSettled,
} from './poll.ts'

export interface Work extends Observation {
  readonly dynamoDb: DynamoDb
  readonly target: Target
  readonly desired: readonly TableDefinition[]
  readonly plan: Plan
  readonly run: Run
}

/**
 * Performs the rounds of the plan one after the other; in a round the tables side by side, and the steps of one table in
 * order. After a failure only protective steps begin, and steps under way are finished. A deferred step stops no other.
 * Never throws: the outcome says what became of every step.
 */
export async function applyPlan(work: Work): Promise<Outcome> {
  const { plan, desired, observed, run } = work
  const progress: Progress = { results: new Map(), errors: [], deferrals: [] }
  if (plan.refusals.length === 0 && plan.steps.length + disappearingTables(work, observed).length > 0) {
    run.log.startGroup(plan.policy.destroy ? 'Destroy' : 'Apply')
    const tables = desired.map((table): TableProgress => beginTable(work, table))
    for (const round of roundsOf(plan.steps)) {
      await Promise.all(tables.map((table) => applySteps(work, table, round, progress)))
    }
    run.log.endGroup()
    if (progress.errors.length === 0) {
      try {
        const confirmed = await confirmTables(work, deferredSteps(progress))
        return { steps: outcomes(plan, progress), observed: confirmed, ...errorOf(progress.deferrals) }
      } catch (error) {
        progress.errors.push(error)
      }
    }
  }
  return { steps: outcomes(plan, progress), observed, ...errorOf(progress.errors) }
}

interface Progress {
  readonly results: Map<Step, StepResult>
  readonly errors: unknown[]
  /** What AWS said of the steps that are deferred. */
  readonly deferrals: unknown[]
}

function errorOf([error]: readonly unknown[]): { readonly error?: unknown } {
  return error === undefined ? {} : { error }
}

function deferredSteps({ results }: Progress): readonly Step[] {
  return [...results].flatMap(([step, { status }]) => (status === 'deferred' ? [step] : []))
}

/** One table in the course of an apply. */
interface TableProgress {
  readonly desired: TableDefinition
  /** All steps of the plan on this table. */
  readonly planned: readonly Step[]
  remaining: readonly Step[]
  /** When the read began that the next write relies on. */
  lookedAt: number
  /** In a row: reads that took longer than they are good for. */
  slowLooks: number
  /** The table is not there, or not the one that was planned for: nothing more is sent to it. */
  isAbandoned: boolean
  /** Why only protective steps may still begin: by the last read the table needs a step that was not planned. */
  unplanned: RemedyError | undefined
}

function beginTable({ plan, lookedAt }: Work, desired: TableDefinition): TableProgress {
  const planned = stepsOf(plan, desired.name)
  return { desired, planned, remaining: planned, lookedAt, slowLooks: 0, isAbandoned: false, unplanned: undefined }
}

function outcomes(plan: Plan, progress: Progress): readonly StepOutcome[] {
  return plan.steps.map((step) => ({ step, result: progress.results.get(step) ?? { status: 'skipped' } }))
}

/** In milliseconds: no write relies on a look that began longer ago. By then the table may be another one, or another's. */
const freshness = 5000

/**
 * Where looks themselves take longer, one after the other, the next one may: twice as long each time, so that a run on a
 * slow line ends, and no longer than this.
 */
const mostFreshness = 40_000

async function applySteps(work: Work, table: TableProgress, round: readonly Step[], progress: Progress): Promise<void> {
  const { clock, log, stop } = work.run
  const conflicts = new Map<Step, readonly DynamoDbError[]>()
  const conflictsOf = (step: Step) => conflicts.get(step) ?? []
  const isAnswerLost = (step: Step) => conflictsOf(step).some(isOutcomeUnknown)
  /** Steps before whose next try the table must be read again. */
  const unresolved = new Map<Step, LookAgain>()
  const record = (step: Step, result: StepResult) => {
    progress.results.set(step, result)
    table.remaining = table.remaining.filter((each) => each !== step)
    if (result.status === 'failed') progress.errors.push(result.error)
    if (result.status === 'deferred') progress.deferrals.push(result.error)
    if (result.status === 'failed' || result.status === 'deferred') {
      table.isAbandoned ||= step.action === 'create-table' || !(result.error instanceof DynamoDbError)
    }
    log.info(`${nameStep(step)}: ${describeResult(result)}`)
  }
  // Recovery of a new table follows its creation, and never goes to a table that this run did not create or read.
  const isThere = () => !table.remaining.some(({ action }) => action === 'create-table')
  const mayBegin = (step: Step) =>
    !table.isAbandoned && (progress.errors.length === 0 || (isProtective(step) && isThere() && !stop.aborted))
  const mustWait = (step: Step) => unresolved.get(step)?.conflict !== undefined
  const nextStep = () => {
    const steps = table.remaining.filter((step) => round.includes(step) && mayBegin(step))
    // A protective step that must wait lets the next one go first: what blocks deletion protection does not block recovery.
    const [first] = steps
    if (first === undefined || !isProtective(first) || !mustWait(first)) return first
    return steps.find((step) => isProtective(step) && !mustWait(step)) ?? first
  }
  for (let step = nextStep(); step !== undefined; step = nextStep()) {
    if (table.unplanned !== undefined && !isProtective(step)) {
      record(step, { status: 'failed', sent: isAnswerLost(step), error: table.unplanned })
      continue
    }
    const again = unresolved.get(step)
    unresolved.delete(step)
    if (again === undefined) {
      const fresh = Math.min(mostFreshness, freshness * 2 ** Math.max(0, table.slowLooks - 1))
      const attempt = await attemptStep(work, step, table.lookedAt + fresh)
      if (attempt.status === 'look-again') {
        unresolved.set(step, attempt)
        // A conflict says that the table may be another one by now.
        if (attempt.conflict !== undefined) table.lookedAt = Number.NEGATIVE_INFINITY
      } else {
        record(step, attempt.status === 'failed' ? { ...attempt, sent: attempt.sent || isAnswerLost(step) } : attempt)
      }
      continue
    }
    const { conflict, seconds } = again
    const earlier = conflictsOf(step)
    if (conflict !== undefined) conflicts.set(step, [...earlier, conflict])
    try {
      if (conflict !== undefined) await waitAfterConflict(work, step, conflict, earlier)
      const { needed, lookedAt, unplanned } = await planAgain(work, table)
      table.lookedAt = lookedAt
      table.unplanned = unplanned
      table.slowLooks = clock.now() - lookedAt > freshness ? table.slowLooks + 1 : 0
      const isDone = (left: Step) => !needed.includes(left) && (unplanned === undefined || isProtective(left))
      for (const each of table.remaining.filter(isDone)) {
        // If the first response was lost, this conflict may be our own write.
        record(each, isAnswerLost(each) ? { status: 'applied', seconds } : { status: 'dropped' })
      }
    } catch (error) {
      record(step, { status: 'failed', sent: isAnswerLost(step), error })
    }
  }
  for (const step of table.remaining) {
    const conflict = unresolved.get(step)?.conflict ?? conflictsOf(step).at(-1)
    if (conflict === undefined || !(isAnswerLost(step) || isOutcomeUnknown(conflict))) continue
    // Another step failed before this run could read what became of this one.
    record(step, { status: 'failed', sent: true, error: conflict })
  }
}

/** Nothing was done that this run knows of, and before it tries again it must see what the table is now. */
interface LookAgain {
  readonly status: 'look-again'
  /** undefined where the look before was too old to send anything */
  readonly conflict?: DynamoDbError
  readonly seconds: number
}

async function attemptStep(work: Work, step: Step, sendBefore: number): Promise<StepResult | LookAgain> {
  const { clock } = work.run
  const start = clock.now()
  const seconds = () => (clock.now() - start) / 1000
  let taken = false
  try {
    await sendStep(work, step, sendBefore)
    taken = true
    await awaitStep(work, step)
    return { status: 'applied', seconds: seconds() }
  } catch (error) {
    if (error instanceof StaleLookError) return { status: 'look-again', seconds: seconds() }
    if (!taken && error instanceof DynamoDbError && isConflict(step, error)) {
      return { status: 'look-again', conflict: error, seconds: seconds() }
    }
    if (!taken && error instanceof DynamoDbError && error.kind === 'deferred') return { status: 'deferred', error }
    return { status: 'failed', sent: taken || isOutcomeUnknown(error), error }
  }
}

/** @throws the conflict itself where waiting any longer would not help, or the run's StoppedError */
async function waitAfterConflict(
  work: Work,
  step: Step,
  conflict: DynamoDbError,
  earlier: readonly DynamoDbError[],
): Promise<void> {
  const {
    dynamoDb,
    run,
    run: { clock, log, stop },
  } = work
  const delay = delayAfterConflict(step, conflict, earlier, clock.now(), clock.random())
  if (delay === undefined) throw conflict
  const what = `${conflict.code}: ${errorMessage(conflict.cause)}`
  log.info(`${nameStep(step)}: reading the table again in ${(delay / 1000).toFixed(1)} s: ${what}`)
  if (isBlocked(step, conflict)) {
    const isOver = (described: DescribedTable) => !isBlockedBy(step, described)
    const profile = waitForAdmission(nameStep(step), delay / 1000, isOver)
    await waitUntilSettled(dynamoDb, step.table, profile, run)
    return
  }
  await clock.sleep(delay, stop).catch((reason: unknown) => {
    const waitedFor = isBusy(conflict)
      ? `DynamoDB to take ${nameStep(step)}`
      : `someone else, who is changing the table "${step.table}"`
    throw stoppedBy(reason, conflict.cause, waitedFor)
  })
}

interface LookForSteps {
  /** Of the remaining steps. */
  readonly needed: readonly Step[]
  readonly lookedAt: number
  /** The table now needs a step that was not planned. */
  readonly unplanned: RemedyError | undefined
}

/**
 * Reads the table again, and returns which of the remaining steps it still needs. Steps that were not printed are not
 * performed.
 *
 * @throws {RemedyError} when the table must now be refused
 */
async function planAgain(work: Work, { desired, planned, remaining }: TableProgress): Promise<LookForSteps> {
  const {
    dynamoDb,
    target,
    plan: { policy },
    run,
  } = work
  const { observed, lookedAt } = await observeTable(dynamoDb, target, desired.name, run)
  assertSameTable(work, desired.name, observed)
  const plan = planTables(target, [desired], new Map([[desired.name, observed]]), policy)
  const [refusal] = plan.refusals
  if (refusal !== undefined) {
    throw new RemedyError(`Someone else changed the table during this run. ${refusal.reason}`, refusal.remedy)
  }
  // A step that was performed may not show yet; the closing read waits for it.
  const unplanned = plan.steps.filter((step) => !planned.some(isSameStep(step)))
  return {
    needed: remaining.filter((step) => plan.steps.some(isSameStep(step))),
    lookedAt,
    unplanned: unplanned.length === 0 ? undefined : needsMoreThanPlanned(desired.name, unplanned),
  }
}

function needsMoreThanPlanned(table: string, unplanned: readonly Step[]): RemedyError {
  return new RemedyError(
    `Someone else changed the table "${table}" during this run, and it now needs steps that were not planned: ${describeSteps(unplanned)}.`,
    'Run again, so that these steps are planned and printed before they are performed.',
  )
}

function isSameStep(left: Step): (right: Step) => boolean {
  return (right) => JSON.stringify(left) === JSON.stringify(right)
}

async function sendStep({ dynamoDb, target }: Work, step: Step, sendBefore: number): Promise<void> {
  switch (step.action) {
    case 'create-table':
      return await dynamoDb.createTable(step)
    case 'enable-deletion-protection':
    case 'remove-deletion-protection':
      return await dynamoDb.setDeletionProtection(step.table, step.to, sendBefore)
    case 'tag-table':
    case 'adopt-table':
    case 'change-environment':
      return await dynamoDb.tagTable(tableArn(target, step.table), step.tags, sendBefore)
    case 'set-billing-mode':
      return await dynamoDb.setBillingMode(step.table, step.to, sendBefore)
    case 'set-point-in-time-recovery':
    case 'remove-point-in-time-recovery':
      return await dynamoDb.setRecovery(step.table, step.to, sendBefore)
    case 'delete-table':
      return await dynamoDb.deleteTable(step.table, sendBefore)
    default:
      return unreachable(step)
  }
}

async function awaitStep(work: Work, step: Step): Promise<void> {
  const profile = waitProfiles[step.action]
  if (profile === undefined) return
  const described = await waitUntilSettled(work.dynamoDb, step.table, profile, work.run, idOf(work, step.table))
  if (step.action === 'delete-table' || described?.phase === 'settled') return
  throw new RemedyError(
    `The table "${step.table}" is ${described?.tableStatus ?? 'gone'} after ${step.action}: somebody else took it away, or locked it.`,
    'Find out who else works on this table, then run again.',
  )
}

/** @throws {RemedyError} where somebody deleted the table that this run planned for, and made another of its name */
function assertSameTable(work: Work, table: string, observed: ObservedTable | undefined): void {
  const before = idOf(work, table)
  if (before === undefined || observed?.status !== 'ready' || observed.id === before) return
  throw new RemedyError(
    `The table "${table}" was deleted and made anew by somebody else while this run was at work. What was planned was for the table of before.`,
    'Find out who else works on this table, then run again: the new table is looked at, and planned for, from the beginning.',
  )
}

/** Of a table that is not made by this run. */
function idOf({ observed }: Pick<Work, 'observed'>, table: string): string | undefined {
  const before = observed.get(table)
  return before === undefined || before.status === 'absent' ? undefined : before.id
}

/** Where the tables are to be gone: those that another run, or this one before it died, has begun to delete. */
function disappearingTables({ desired, plan: { policy } }: Work, observed: ObservedTables): readonly string[] {
  if (!policy.destroy) return []
  return desired.map(({ name }) => name).filter((name) => isBeingDeleted(observed.get(name)))
}

function isBeingDeleted(table: ObservedTable | undefined): boolean {
  return table?.status === 'unavailable' && table.tableStatus === 'DELETING'
}

/**
 * Protection, recovery and tags need no wait: DynamoDB accepts them while a table is UPDATING, and the closing read
 * checks them.
 */
const waitProfiles: Readonly<Record<Step['action'], WaitProfile | undefined>> = {
  'create-table': waitForCreation,
  'enable-deletion-protection': undefined,
  'tag-table': undefined,
  'set-billing-mode': waitForBillingMode,
  'set-point-in-time-recovery': undefined,
  'adopt-table': undefined,
  'change-environment': undefined,
  'remove-point-in-time-recovery': undefined,
  'remove-deletion-protection': undefined,
  'delete-table': waitForDeletion,
}

/** DynamoDB shows old tags for up to 3 s after a write, and now and then for longer. */
const lagSeconds = 10

/**
 * Observes again, and again while what is written may not show yet, and until what goes away is gone. Deferred steps
 * are still needed.
 *
 * @throws {RemedyError} when the tables still differ from their definition after that
 */
async function confirmTables(work: Work, deferred: readonly Step[]): Promise<ObservedTables> {
  const { dynamoDb, target, desired, plan, run } = work
  const start = run.clock.now()
  for (;;) {
    // A look that took long may show what was there when it began.
    const { observed, lookedAt } = await observeTables(dynamoDb, target, desired, run)
    for (const { name } of desired) assertSameTable(work, name, observed.get(name))
    const { steps: needed, refusals } = planTables(target, desired, observed, plan.policy)
    const steps = needed.filter((step) => !deferred.some(isSameStep(step)))
    if (steps.length === 0 && refusals.length === 0) {
      const disappearing = disappearingTables(work, observed)
      if (disappearing.length === 0) return observed
      await Promise.all(
        disappearing.map((table) => waitUntilSettled(dynamoDb, table, waitForDeletion, run, idOf({ observed }, table))),
      )
      continue
    }
    const left = [...(steps.length > 0 ? [describeSteps(steps)] : []), ...refusals.map(({ reason }) => reason)].join(
      '; ',
    )
    if (lookedAt - start >= lagSeconds * 1000) {
      throw new RemedyError(
        `Every step was performed, but the tables still differ from their definition: ${left}`,
        'Find out who else changes these tables, then run again.',
      )
    }
    await run.clock.sleep(1000, run.stop).catch(stoppedWhileWaitingFor(`what was written to show: ${left}`))
  }
}
