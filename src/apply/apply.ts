/** Performs the steps of a plan and reports the result of each. */
import { RemedyError } from '../errors/errors.ts'
import { describeSteps } from '../plan/description.ts'
import { isSameStep, type Plan, type Step, stepsOf } from '../plan/plan.ts'
import { planTables } from '../plan/planner.ts'
import { roundsOf } from '../plan/rounds.ts'
import type { ObservedTable, ObservedTables, TableDefinition } from '../table/table.ts'
import { addressOf } from '../table/target.ts'
import { observeTables } from './observe.ts'
import type { Outcome } from './outcome.ts'
import { poll } from './poll.ts'
import { performSteps, recordUnknownOutcomes, type TableProgress } from './table-steps.ts'
import { deletion, tableReplaced, waitForTable } from './wait.ts'
import { idOf, isReplaced, type Work } from './work.ts'

/**
 * Performs the rounds of the plan one after the other; in a round the tables side by side, and the steps of one table in
 * order. After a failure only protective steps start, and steps in progress are finished. A deferred step stops no other.
 *
 * Never throws: the outcome has the result of every step.
 */
export async function applyPlan(work: Work): Promise<Outcome> {
  const { plan, definitions, observed, run } = work
  const tables = definitions.map((definition) => beginTable(work, definition))
  if (plan.refusals.length === 0 && plan.steps.length + disappearingTables(work, observed).length > 0) {
    run.log.startGroup(plan.policy.destroy ? 'Destroy' : 'Apply')
    const failures: unknown[] = []
    for (const round of roundsOf(plan.steps)) {
      await Promise.all(tables.map((table) => performSteps(work, table, round, failures)))
    }
    for (const table of tables) recordUnknownOutcomes(run, table, failures)
    run.log.endGroup()
    if (failures.length > 0) return outcomeOf(plan, tables, observed, failures[0])
    const deferred = deferredSteps(tables)
    try {
      const confirmed = await confirmTables(
        work,
        deferred.map(({ step }) => step),
      )
      return outcomeOf(plan, tables, confirmed, deferred[0]?.error)
    } catch (error) {
      return outcomeOf(plan, tables, observed, error)
    }
  }
  return outcomeOf(plan, tables, observed)
}

function beginTable({ plan, readAt }: Work, definition: TableDefinition): TableProgress {
  const steps = stepsOf(plan, definition.name).map((step) => ({ step, conflicts: [] }))
  return { definition, steps, readAt, slowReads: 0, isAbandoned: false }
}

function outcomeOf(plan: Plan, tables: readonly TableProgress[], observed: ObservedTables, error?: unknown): Outcome {
  const results = new Map(tables.flatMap(({ steps }) => steps).map(({ step, result }) => [step, result]))
  return {
    steps: plan.steps.map((step) => ({ step, result: results.get(step) ?? { status: 'skipped' } })),
    observed,
    ...(error === undefined ? {} : { error }),
  }
}

function deferredSteps(tables: readonly TableProgress[]) {
  return tables
    .flatMap(({ steps }) => steps)
    .flatMap(({ step, result }) => (result?.status === 'deferred' ? [{ step, error: result.error }] : []))
}

/** The tables of a plan to destroy that another run, or an earlier one of this workflow, has begun to delete. */
function disappearingTables({ definitions, plan: { policy } }: Work, observed: ObservedTables): readonly string[] {
  if (!policy.destroy) return []
  return definitions.map(({ name }) => name).filter((name) => isBeingDeleted(observed.get(name)))
}

function isBeingDeleted(table: ObservedTable | undefined): boolean {
  return table?.status === 'unavailable' && table.tableStatus === 'DELETING'
}

/** DynamoDB shows old tags for up to 3 s after a write, and sometimes for longer. */
const longestLagSeconds = 10

/**
 * Reads the tables until they match their definitions, apart from deferred steps.
 *
 * @throws {RemedyError} when they still differ after the longest lag
 */
async function confirmTables(work: Work, deferred: readonly Step[]): Promise<ObservedTables> {
  const { target, definitions, plan, run } = work
  return await poll<ObservedTables>(
    {
      goal: 'the state of the tables to match their definitions',
      firstPoll: 0,
      interval: 1000,
      timeout: longestLagSeconds,
      explainTimeout: (status) =>
        new RemedyError(
          `Every step was performed, but the state of the tables is still ${status}.`,
          'Find out who else changes these tables, then run again.',
        ),
    },
    run,
    async () => {
      const confirmed = await observeAfterDeletions(work)
      for (const { name } of definitions) {
        if (isReplaced(work, name, confirmed.get(name))) throw tableReplaced(name)
      }
      const { steps, refusals } = planTables(target, definitions, confirmed, plan.policy)
      const needed = steps.filter((step) => !deferred.some(isSameStep(step)))
      if (needed.length + refusals.length === 0) return { done: confirmed }
      const differences = [
        ...(needed.length > 0 ? [describeSteps(needed)] : []),
        ...refusals.map(({ reason }) => reason.replace(/\.$/, '')),
      ]
      return { status: `different: ${differences.join('; ')}` }
    },
  )
}

/** Reads the tables again until no deletion of the plan is in progress: a late read may still show one that was complete. */
async function observeAfterDeletions(work: Work): Promise<ObservedTables> {
  const { dynamoDb, target, definitions, run } = work
  for (;;) {
    const { observed } = await observeTables(dynamoDb, target, definitions, run)
    const disappearing = disappearingTables(work, observed)
    if (disappearing.length === 0) return observed
    await Promise.all(
      disappearing.map((table) =>
        waitForTable(dynamoDb, addressOf(target, table), deletion, run, idOf(observed.get(table))),
      ),
    )
  }
}
