/** Plans for a table again during an apply: the new plan may only drop steps. */
import { RemedyError } from '../errors/errors.ts'
import { describeSteps } from '../plan/description.ts'
import { isOneOf, type Step } from '../plan/plan.ts'
import { planTables } from '../plan/planner.ts'
import type { ChangeInProgress, TableDefinition } from '../table/table.ts'
import { observeTable } from './observe.ts'
import type { StepResult } from './outcome.ts'
import { tableReplaced } from './wait.ts'
import { changesInProgressOn, isReplaced, type Work } from './work.ts'

export interface NewPlan {
  /** The remaining steps that the table still needs. */
  readonly needed: readonly Step[]
  readonly readAt: number
  readonly changesInProgress: readonly ChangeInProgress[]
  /** The table needs a step that was not planned. */
  readonly unplanned: RemedyError | undefined
}

/**
 * Reads the table and plans for it again. Steps that were not printed are not performed.
 *
 * @param steps of the table, with the results of those that have one
 * @throws {RemedyError} when the table must now be refused
 */
export async function planAgain(
  work: Work,
  definition: TableDefinition,
  steps: readonly { readonly step: Step; readonly result?: StepResult }[],
): Promise<NewPlan> {
  const { dynamoDb, target, plan, run } = work
  const { name } = definition
  const { observed, readAt } = await observeTable(dynamoDb, target, definition, run)
  if (isReplaced(work, name, observed)) throw tableReplaced(name)
  const planned = steps.map(({ step }) => step)
  const now = planTables(target, [definition], new Map([[name, observed]]), plan.policy, planned)
  const [refusal] = now.refusals
  if (refusal !== undefined) {
    throw new RemedyError(`Someone else changed the table during this run. ${refusal.reason}`, refusal.remedy)
  }
  // A step that was performed may not show yet: the closing read waits for it.
  const isPlanned = isOneOf(planned)
  const unplanned = now.steps.filter((step) => !isPlanned(step))
  // No remaining step makes sense on a table that someone else deleted.
  if (unplanned.some(({ kind }) => kind === 'create')) throw needsMoreThanPlanned(name, unplanned)
  const remaining = steps.filter(({ result }) => result === undefined).map(({ step }) => step)
  return {
    needed: remaining.filter(isOneOf(now.steps)),
    readAt,
    changesInProgress: changesInProgressOn(observed),
    unplanned: unplanned.length === 0 ? undefined : needsMoreThanPlanned(name, unplanned),
  }
}

function needsMoreThanPlanned(table: string, unplanned: readonly Step[]): RemedyError {
  return new RemedyError(
    `Someone else changed the table "${table}" during this run, and it now needs steps that were not planned: ${describeSteps(unplanned)}.`,
    'Run again, so that these steps are planned and printed before they are performed.',
  )
}
