/** Performs the steps of a plan and reports the result of each. */
import { RemedyError } from '../errors/errors.ts'
import { describeSteps } from '../plan/description.ts'
import { isOneOf, type Plan, type Step } from '../plan/plan.ts'
import { planTables } from '../plan/planner.ts'
import { roundsOf } from '../plan/rounds.ts'
import { declaredBuilds } from '../table/properties/global-secondary-indexes.ts'
import type { ObservedTable, ObservedTables } from '../table/table.ts'
import { observeTables } from './observe.ts'
import type { Outcome } from './outcome.ts'
import { poll } from './poll.ts'
import { beginTable, performSteps, recordUnknownOutcomes, type TableProgress } from './table-steps.ts'
import { builds, deletion, type TableWait, tableReplaced, waitForTable } from './wait.ts'
import { changesInProgressOn, idOf, isReplaced, type Work } from './work.ts'

/**
 * Performs the rounds of the plan one after the other; in a round the tables side by side, and the steps of one table in
 * order. After a failure only protective steps start, and steps in progress are finished. A deferred step stops no other.
 *
 * Never throws: the outcome has the result of every step.
 */
export async function applyPlan(work: Work): Promise<Outcome> {
  const { plan, definitions, observed, run } = work
  const failures: unknown[] = []
  const tables = definitions.map((definition) => beginTable(work, definition, failures))
  const isNothingToDo = plan.steps.length + finalWaits(work, observed).length === 0
  if (plan.refusals.length > 0 || isNothingToDo) return outcomeOf(plan, tables, observed)
  run.log.startGroup(plan.policy.destroy ? 'Destroy' : 'Apply')
  for (const round of roundsOf(plan.steps)) {
    await Promise.all(tables.map((table) => performSteps(table, round)))
  }
  for (const table of tables) recordUnknownOutcomes(table)
  run.log.endGroup()
  if (failures.length > 0) return outcomeOf(plan, tables, observed, failures[0])
  try {
    const confirmed = await confirmTables(work, stepsOfNextRun(tables))
    return outcomeOf(plan, tables, confirmed, firstDeferral(tables))
  } catch (error) {
    return outcomeOf(plan, tables, observed, error)
  }
}

function outcomeOf(plan: Plan, tables: readonly TableProgress[], observed: ObservedTables, error?: unknown): Outcome {
  const results = new Map(tables.flatMap(({ steps }) => steps).map(({ step, result }) => [step, result]))
  return {
    steps: plan.steps.map((step) => ({ step, result: results.get(step) ?? { status: 'skipped' } })),
    observed,
    ...(error === undefined ? {} : { error }),
  }
}

/** The steps that the next run must make. */
function stepsOfNextRun(tables: readonly TableProgress[]): readonly Step[] {
  return tables
    .flatMap(({ steps }) => steps)
    .flatMap(({ step, result }) => (result?.status === 'deferred' || result?.status === 'postponed' ? [step] : []))
}

function firstDeferral(tables: readonly TableProgress[]): unknown {
  const results = tables.flatMap(({ steps }) => steps.map(({ result }) => result))
  return results.find((result) => result?.status === 'deferred')?.error
}

/** A wait that the run ends with, whoever began the change. */
interface FinalWait {
  readonly table: string
  readonly wait: TableWait
}

/** The deletions of a destroy, or the builds of declared indexes, that are in progress. */
function finalWaits({ plan, definitions, waitForIndexes }: Work, observed: ObservedTables): readonly FinalWait[] {
  if (plan.policy.destroy) {
    const disappearing = definitions.filter(({ name }) => isBeingDeleted(observed.get(name)))
    return disappearing.map(({ name }) => ({ table: name, wait: deletion }))
  }
  if (!waitForIndexes) return []
  return definitions.flatMap(({ name: table, properties }) => {
    const names = declaredBuilds(properties, changesInProgressOn(observed.get(table)))
    return names.length === 0 ? [] : [{ table, wait: builds(names) }]
  })
}

function isBeingDeleted(table: ObservedTable | undefined): boolean {
  return table?.status === 'unavailable' && table.tableStatus === 'DELETING'
}

/** DynamoDB shows old tags for up to 3 s after a write, and sometimes for longer. */
const longestLagSeconds = 10

/**
 * Reads the tables until they match their definitions, apart from steps that remain for the next run.
 *
 * @throws {RemedyError} when they still differ after the longest lag
 */
async function confirmTables(work: Work, remaining: readonly Step[]): Promise<ObservedTables> {
  const { target, definitions, plan, run } = work
  return await poll<ObservedTables>(
    {
      goal: 'the state of the tables to match their definitions',
      firstPoll: 0,
      interval: 1,
      timeout: longestLagSeconds,
      explainTimeout: (status) =>
        new RemedyError(
          `Every step was performed, but the state of the tables is still ${status}.`,
          'Find out who else changes these tables, then run again.',
        ),
    },
    run,
    async () => {
      const confirmed = await observeWhenComplete(work)
      for (const { name } of definitions) {
        if (isReplaced(work, name, confirmed.get(name))) throw tableReplaced(name)
      }
      const { steps, refusals } = planTables(target, definitions, confirmed, plan.policy, plan.steps)
      const isRemaining = isOneOf(remaining)
      const needed = steps.filter((step) => !isRemaining(step))
      if (needed.length + refusals.length === 0) return { done: confirmed }
      const differences = [
        ...(needed.length > 0 ? [describeSteps(needed)] : []),
        ...refusals.map(({ reason }) => reason.replace(/\.$/, '')),
      ]
      return { status: `different: ${differences.join('; ')}` }
    },
  )
}

/**
 * Reads the tables again until no deletion of the plan and no build of a declared index is in progress: a late read may
 * still show one that was complete.
 */
async function observeWhenComplete(work: Work): Promise<ObservedTables> {
  const { dynamoDb, target, definitions, run } = work
  for (;;) {
    const { observed } = await observeTables(dynamoDb, target, definitions, run)
    const waits = finalWaits(work, observed)
    if (waits.length === 0) return observed
    await Promise.all(waits.map(({ table, wait }) => waitForTable(work, table, wait, idOf(observed.get(table)))))
  }
}
