/** Performs the steps of a plan, waits for each, and always says how far it got. */
import { delayAfterConflict, isBusy, isConflict } from './conflict.ts'
import type { DynamoDb } from './dynamodb.ts'
import { DynamoDbError, mayHaveBeenDone, StaleLookError } from './dynamodb-errors.ts'
import { errorMessage, RemedyError, stoppedWhileWaitingFor, unreachable } from './errors.ts'
import { type Observation, observeTable, observeTables } from './observe.ts'
import { type Outcome, type Plan, type Step, type StepOutcome, type StepResult, stepsOf } from './plan.ts'
import { planTables } from './planner.ts'
import { describeResult, describeSteps, nameStep } from './report.ts'
import { stoppedBy } from './retry.ts'
import type { Run } from './run.ts'
import { type DesiredTable, type ObservedTable, type ObservedTables, type Target, tableArn } from './table.ts'
import {
  type WaitProfile,
  waitForBillingMode,
  waitForCreation,
  waitForDeletion,
  waitForUpdate,
  waitUntilSettled,
} from './wait.ts'

export interface Work extends Observation {
  readonly dynamoDb: DynamoDb
  readonly target: Target
  readonly desired: readonly DesiredTable[]
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

/** In milliseconds: no write relies on a look that began longer ago. By then the table may be another one, or another's. */
const freshness = 5000

/**
 * Where looks themselves take longer, one after the other, the next one may: twice as long each time, so that a run on a
 * slow line ends, and no longer than this.
 */
const mostFreshness = 40_000

async function applyTable(work: Work, desired: DesiredTable, progress: Progress): Promise<void> {
  const { clock, log } = work.run
  const planned = stepsOf(work.plan, desired.name)
  let remaining = planned
  let lookedAt = work.lookedAt
  /** Of the first of the remaining steps. */
  let conflicts: readonly DynamoDbError[] = []
  let slowLooks = 0
  const isAnswerLost = () => conflicts.some(mayHaveBeenDone)
  const record = (step: Step, result: StepResult) => {
    progress.results.set(step, result)
    if (result.status === 'failed') progress.errors.push(result.error)
    log.info(`${nameStep(step)}: ${describeResult(result)}`)
  }
  for (let step = remaining[0]; step !== undefined && progress.errors.length === 0; step = remaining[0]) {
    const fresh = Math.min(mostFreshness, freshness * 2 ** Math.max(0, slowLooks - 1))
    const attempt = await attemptStep(work, step, lookedAt + fresh)
    if (attempt.status !== 'look-again') {
      record(step, attempt.status === 'failed' ? { ...attempt, sent: attempt.sent || isAnswerLost() } : attempt)
      remaining = remaining.slice(1)
      conflicts = []
      continue
    }
    const { conflict, seconds } = attempt
    const earlier = conflicts
    if (conflict !== undefined) conflicts = [...conflicts, conflict]
    try {
      if (conflict !== undefined) await waitAfterConflict(work, step, conflict, earlier)
      const done = planned.filter((each) => progress.results.has(each))
      const look = await planAgain(work, desired, { remaining, done })
      const { needed } = look
      lookedAt = look.lookedAt
      slowLooks = clock.now() - lookedAt > freshness ? slowLooks + 1 : 0
      // What DynamoDB calls invalid, and what is needed all the same, is no conflict but a mistake.
      if (conflict?.code === 'ValidationException' && needed.includes(step)) throw conflict
      for (const each of remaining.filter((left) => !needed.includes(left))) {
        // Who got no answer the first time may well have met his own work.
        const isOwn = each === step && isAnswerLost()
        record(each, isOwn ? { status: 'applied', seconds } : { status: 'dropped' })
      }
      if (needed[0] !== step) conflicts = []
      remaining = needed
    } catch (error) {
      record(step, { status: 'failed', sent: isAnswerLost(), error })
    }
  }
  const [begun] = remaining
  if (begun !== undefined && !progress.results.has(begun) && isAnswerLost()) {
    // Another table failed before it could be seen what became of it.
    record(begun, { status: 'failed', sent: true, error: conflicts.at(-1) })
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
    return { status: 'failed', sent: taken || mayHaveBeenDone(error), error }
  }
}

/** @throws the conflict itself where waiting any longer would help nobody, or the run's StoppedError */
async function waitAfterConflict(
  { run: { clock, log, stop } }: Work,
  step: Step,
  conflict: DynamoDbError,
  earlier: readonly DynamoDbError[],
): Promise<void> {
  const delay = delayAfterConflict(conflict, earlier, clock.now(), clock.random())
  if (delay === undefined) throw conflict
  const what = `${conflict.code}: ${errorMessage(conflict.cause)}`
  log.info(`${nameStep(step)}: looking again in ${(delay / 1000).toFixed(1)} s: ${what}`)
  await clock.sleep(delay, stop).catch((reason: unknown) => {
    const waitedFor = isBusy(conflict)
      ? `DynamoDB to take ${nameStep(step)}`
      : `somebody else, who is at work on the table "${step.table}"`
    throw stoppedBy(reason, conflict.cause, waitedFor)
  })
}

/** This run's steps on one table. */
interface OwnSteps {
  readonly remaining: readonly Step[]
  /** By this run, or by another one. */
  readonly done: readonly Step[]
}

interface LookForSteps {
  /** Of the remaining steps. */
  readonly needed: readonly Step[]
  readonly lookedAt: number
}

/**
 * What is left of the steps by another look. Steps may only go: what was not printed is not performed.
 *
 * @throws {RemedyError} when the table now needs a step that was not planned, or must be refused
 */
async function planAgain(work: Work, desired: DesiredTable, { remaining, done }: OwnSteps): Promise<LookForSteps> {
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
    throw new RemedyError(
      `Somebody else changed the table while this run was at work. ${refusal.reason}`,
      refusal.remedy,
    )
  }
  const same = (left: Step) => (right: Step) => JSON.stringify(left) === JSON.stringify(right)
  // What was done already may not show yet; the closing look waits for it.
  const unplanned = plan.steps.filter((step) => ![...remaining, ...done].some(same(step)))
  if (unplanned.length > 0) {
    throw new RemedyError(
      `Somebody else changed the table "${desired.name}" while this run was at work, so that it now needs what was not planned: ${describeSteps(unplanned)}.`,
      'Run again, so that these steps are planned and printed before they are performed.',
    )
  }
  return { needed: remaining.filter((step) => plan.steps.some(same(step))), lookedAt }
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

/** Tags and recovery need no wait: DynamoDB takes them on a table at work, and the closing look proves them. */
const waitProfiles: Readonly<Record<Step['action'], WaitProfile | undefined>> = {
  'create-table': waitForCreation,
  'enable-deletion-protection': waitForUpdate,
  'tag-table': undefined,
  'set-billing-mode': waitForBillingMode,
  'set-point-in-time-recovery': undefined,
  'adopt-table': undefined,
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
    const { observed, lookedAt } = await observeTables(dynamoDb, target, desired, run)
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
