/** Performs the steps of a plan, waits for each, and always says how far it got. */
import { type DynamoDb, DynamoDbError } from './dynamodb.ts'
import { errorMessage, errorName, RemedyError, StoppedError, stoppedWhileWaitingFor, unreachable } from './errors.ts'
import { observeTable, observeTables } from './observe.ts'
import { type Outcome, type Plan, type Step, type StepOutcome, type StepResult, stepsOf } from './plan.ts'
import { planTables } from './planner.ts'
import { describeResult, describeSteps, nameStep } from './report.ts'
import { retryDelay } from './retry.ts'
import type { Clock, Run } from './run.ts'
import { type DesiredTable, type ObservedTable, type ObservedTables, type Target, tableArn } from './table.ts'
import {
  type WaitProfile,
  waitForBillingMode,
  waitForCreation,
  waitForDeletion,
  waitForUpdate,
  waitUntilSettled,
} from './wait.ts'

export interface Work {
  readonly dynamoDb: DynamoDb
  readonly target: Target
  readonly desired: readonly DesiredTable[]
  readonly observed: ObservedTables
  readonly plan: Plan
  readonly run: Run
}

/**
 * Tables side by side, the steps of one table in order. After a failure no step begins, and those under way are
 * finished. Never throws: the outcome tells what became of every step.
 */
export async function applyPlan(work: Work): Promise<Outcome> {
  const { plan, desired, observed, run } = work
  const progress: Progress = { results: new Map(), errors: [] }
  if (plan.refusals.length === 0 && plan.steps.length + disappearingTables(work, observed).length > 0) {
    run.log.startGroup(plan.policy.destroy ? 'Destroy' : 'Apply')
    await Promise.all(desired.map((table) => applyTable(work, table, progress)))
    run.log.endGroup()
    if (progress.errors.length === 0) {
      try {
        return { steps: outcomes(plan, progress), observed: await confirmTables(work) }
      } catch (error) {
        progress.errors.push(error)
      }
    }
  }
  const [error] = progress.errors
  return { steps: outcomes(plan, progress), observed, ...(error === undefined ? {} : { error }) }
}

interface Progress {
  readonly results: Map<Step, StepResult>
  readonly errors: unknown[]
}

function outcomes(plan: Plan, progress: Progress): readonly StepOutcome[] {
  return plan.steps.map((step) => ({ step, result: progress.results.get(step) ?? { status: 'skipped' } }))
}

/** How often another run's work may come in between before it looks like a lasting conflict. */
const mostConflicts = 5

async function applyTable(work: Work, desired: DesiredTable, progress: Progress): Promise<void> {
  const record = (step: Step, result: StepResult) => {
    progress.results.set(step, result)
    if (result.status === 'failed') progress.errors.push(result.error)
    work.run.log.info(`${nameStep(step)}: ${describeResult(result)}`)
  }
  let remaining = stepsOf(work.plan, desired.name)
  let conflicts = 0
  const lost = new Set<Step>()
  for (let step = remaining[0]; step !== undefined && progress.errors.length === 0; step = remaining[0]) {
    const attempt = await attemptStep(work, step)
    if (attempt.status !== 'conflict') {
      record(step, attempt)
      remaining = remaining.slice(1)
      continue
    }
    conflicts += 1
    if (attempt.error.afterLostAnswer) lost.add(step)
    const applied = stepsOf(work.plan, desired.name).filter((each) => progress.results.get(each)?.status === 'applied')
    const again = await afterConflict(
      work,
      desired,
      { step, remaining, applied, isAnswerLost: lost.has(step) },
      attempt,
      conflicts,
    )
    if ('status' in again) {
      record(step, again)
    } else {
      for (const each of remaining) {
        if (!again.needed.includes(each)) record(each, each === step ? again.result : { status: 'dropped' })
      }
      remaining = again.needed
    }
  }
}

/** Somebody else is at work on the table, so DynamoDB did not take the call. */
interface Conflict {
  readonly status: 'conflict'
  readonly error: DynamoDbError
  readonly seconds: number
}

async function attemptStep(work: Work, step: Step): Promise<StepResult | Conflict> {
  const { clock } = work.run
  const start = clock.now()
  const seconds = () => (clock.now() - start) / 1000
  let taken = false
  try {
    await sendStep(work, step)
    taken = true
    await awaitStep(work, step)
    return { status: 'applied', seconds: seconds() }
  } catch (error) {
    if (!taken && isConflict(step, error)) return { status: 'conflict', error, seconds: seconds() }
    return { status: 'failed', sent: taken || mayHaveBeenDone(error), error }
  }
}

/** This run's steps on one table. */
interface OwnSteps {
  readonly remaining: readonly Step[]
  readonly applied: readonly Step[]
}

/** The call was under way when the run was stopped, or nobody knows what became of it. */
function mayHaveBeenDone(error: unknown): boolean {
  if (error instanceof DynamoDbError) return error.mayHaveBeenDone
  return error instanceof StoppedError && errorName(error.cause) === 'AbortError'
}

/** The steps that are still needed, and what became of the one that met the conflict in case it is not. */
async function afterConflict(
  work: Work,
  desired: DesiredTable,
  steps: OwnSteps & { readonly step: Step; readonly isAnswerLost: boolean },
  { error, seconds }: Conflict,
  conflicts: number,
): Promise<
  { readonly needed: readonly Step[]; readonly result: StepResult } | Extract<StepResult, { status: 'failed' }>
> {
  const { step, isAnswerLost } = steps
  const failed = { status: 'failed', sent: isAnswerLost, error } as const
  const { clock, log, stop } = work.run
  const delay = delayAfterConflict(error, conflicts, clock)
  if (delay === undefined) return failed
  try {
    if (isBusy(error)) log.info(`${nameStep(step)}: looking again in ${(delay / 1000).toFixed(1)} s: ${error.code}`)
    await clock
      .sleep(delay, stop)
      .catch(
        stoppedWhileWaitingFor(
          isBusy(error)
            ? `DynamoDB to take ${nameStep(step)}`
            : `somebody else, who is at work on the table "${desired.name}"`,
        ),
      )
    const needed = await planAgain(work, desired, steps)
    // What DynamoDB calls invalid, and what is needed all the same, is no conflict but a mistake.
    if (error.code === 'ValidationException' && needed.includes(step)) return failed
    // Who got no answer the first time may well have met his own work.
    return { needed, result: isAnswerLost ? { status: 'applied', seconds } : { status: 'dropped' } }
  } catch (failure) {
    return { ...failed, error: failure }
  }
}

/** In milliseconds; undefined where waiting any longer would help nobody. */
function delayAfterConflict(error: DynamoDbError, conflicts: number, clock: Clock): number | undefined {
  if (isBusy(error)) return retryDelay(error.cause, conflicts, clock.now(), clock.random())
  if (conflicts > mostConflicts) return undefined
  // Runs that met each other must not meet again. Never at once, which would use the few tries up.
  const jitter = 0.5 + clock.random()
  return isTagLock(error) ? tagLockMilliseconds + 1000 * jitter : 200 * 2 ** conflicts * jitter
}

/** DynamoDB did not take the call, or its answer did not come: the table need not be the same when it is sent again. */
function isBusy({ kind }: DynamoDbError): boolean {
  return kind === 'throttled' || kind === 'unavailable'
}

/** For so long a tag write locks the tags, and the old ones may still be shown. */
const tagLockMilliseconds = 3000

/**
 * A run beside ours was faster, or a change is under way. Nothing is sent again before another look: with tags the
 * table may meanwhile belong to another environment, and to a table on demand a change to on demand is invalid.
 */
function isConflict(step: Step, error: unknown): error is DynamoDbError {
  if (!(error instanceof DynamoDbError)) return false
  if (error.code === 'ResourceInUseException' || isTagLock(error)) return true
  if (step.action === 'delete-table') return error.code === 'ResourceNotFoundException' || isBusy(error)
  return step.action === 'set-billing-mode' && error.code === 'ValidationException'
}

function isTagLock(error: DynamoDbError): boolean {
  return error.code === 'LimitExceededException' && errorMessage(error.cause).includes('Table tags are being updated')
}

/**
 * What is left of the steps after somebody else's work. Steps may only go: what was not printed is not performed.
 *
 * @throws {RemedyError} when the table now needs a step that was not planned, or must be refused
 */
async function planAgain(
  work: Work,
  desired: DesiredTable,
  { remaining, applied }: OwnSteps,
): Promise<readonly Step[]> {
  const {
    dynamoDb,
    target,
    plan: { policy },
    run,
  } = work
  const observed = await observeTable(dynamoDb, target, desired.name, run)
  assertSameTable(work, desired.name, observed)
  const plan = planTables(target, [desired], new Map([[desired.name, observed]]), policy)
  const [refusal] = plan.refusals
  if (refusal !== undefined) {
    throw new RemedyError(
      `Somebody else changed the table while this run was at work. ${refusal.reason}`,
      refusal.remedy,
    )
  }
  const same = (left: Step) => (right: Step) => JSON.stringify(left) === JSON.stringify(right)
  // What this run has done already may not show yet; the closing look waits for it.
  const unplanned = plan.steps.filter((step) => ![...remaining, ...applied].some(same(step)))
  if (unplanned.length > 0) {
    throw new RemedyError(
      `Somebody else changed the table "${desired.name}" while this run was at work, so that it now needs what was not planned: ${describeSteps(unplanned)}.`,
      'Run again, so that these steps are planned and printed before they are performed.',
    )
  }
  return remaining.filter((step) => plan.steps.some(same(step)))
}

async function sendStep({ dynamoDb, target }: Work, step: Step): Promise<void> {
  switch (step.action) {
    case 'create-table':
      return await dynamoDb.createTable(step)
    case 'enable-deletion-protection':
    case 'remove-deletion-protection':
      return await dynamoDb.setDeletionProtection(step.table, step.to)
    case 'tag-table':
    case 'change-environment':
      return await dynamoDb.tagTable(tableArn(target, step.table), step.tags)
    case 'set-billing-mode':
      return await dynamoDb.setBillingMode(step.table, step.to)
    case 'set-point-in-time-recovery':
    case 'remove-point-in-time-recovery':
      return await dynamoDb.setRecovery(step.table, step.to)
    case 'delete-table':
      return await dynamoDb.deleteTable(step.table)
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

/** Tags and recovery need no wait: DynamoDB takes them on a table at work, and the closing look proves them. */
const waitProfiles: Readonly<Record<Step['action'], WaitProfile | undefined>> = {
  'create-table': waitForCreation,
  'enable-deletion-protection': waitForUpdate,
  'tag-table': undefined,
  'set-billing-mode': waitForBillingMode,
  'set-point-in-time-recovery': undefined,
  'change-environment': undefined,
  'remove-point-in-time-recovery': undefined,
  'remove-deletion-protection': waitForUpdate,
  'delete-table': waitForDeletion,
}

/** DynamoDB shows old tags for up to 3 s after a write, and now and then for longer. */
const lagSeconds = 10

/**
 * Observes again, and again while what is written may not show yet, and until what goes away is gone.
 *
 * @throws {RemedyError} when the tables still differ from their definition after that
 */
async function confirmTables(work: Work): Promise<ObservedTables> {
  const { dynamoDb, target, desired, plan, run } = work
  const start = run.clock.now()
  for (;;) {
    // A look that took long may show what was there when it began.
    const lookedAt = run.clock.now()
    const observed = await observeTables(dynamoDb, target, desired, run)
    for (const { name } of desired) assertSameTable(work, name, observed.get(name))
    const { steps, refusals } = planTables(target, desired, observed, plan.policy)
    if (steps.length === 0 && refusals.length === 0) {
      const disappearing = disappearingTables(work, observed)
      if (disappearing.length === 0) return observed
      await Promise.all(
        disappearing.map((table) => waitUntilSettled(dynamoDb, table, waitForDeletion, run, idOf({ observed }, table))),
      )
      continue
    }
    if (lookedAt - start >= lagSeconds * 1000) {
      const left = [...(steps.length > 0 ? [describeSteps(steps)] : []), ...refusals.map(({ reason }) => reason)]
      throw new RemedyError(
        `Every step was performed, but the tables still differ from their definition: ${left.join('; ')}`,
        'Find out who else changes these tables, then run again.',
      )
    }
    await run.clock
      .sleep(1000, run.stop)
      .catch(stoppedWhileWaitingFor(`what was written to show: ${describeSteps(steps)}`))
  }
}
