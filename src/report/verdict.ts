/** The result of a run in one sentence. */
import { type Outcome, type StepResult, states } from '../apply/outcome.ts'
import type { Plan } from '../plan/plan.ts'
import type { Tone } from '../run/run.ts'
import { count } from '../text/readable.ts'
import { failuresOf } from './failures.ts'
import type { RunResult } from './result.ts'

export interface Verdict {
  readonly tone: Tone
  /** The name of the environment, which is untrusted text. */
  readonly subject: string
  /** Follows the subject, as in `dev: 2 changes applied`. Has no untrusted text, so its length is bounded. */
  readonly sentence: string
}

/** A run that fails has the tone `failure`, and no other run has. */
export function describeVerdict(result: RunResult): Verdict {
  return { subject: result.target?.environment.name ?? 'Tenant Tables', ...describeEnd(result) }
}

function describeEnd(result: RunResult): Omit<Verdict, 'subject'> {
  const isFailed = (result.plan?.refusals.length ?? 0) + failuresOf(result).length > 0
  if (isFailed) return { tone: 'failure', sentence: describeFailure(result) }
  const { command, plan, policies, outcome, verification } = result
  if (policies !== undefined) return succeeded('policies made, AWS was not called')
  if (plan === undefined) return succeeded('nothing was done')
  if (verification !== undefined) {
    return succeeded(
      verification.sampleItems
        ? 'as defined; sample items were written, found and deleted again'
        : 'as defined; no sample items were written',
    )
  }
  if (plan.steps.length === 0) return succeeded(`${describeTables(plan, outcome)}, nothing changed`)
  if (command === 'plan' || outcome === undefined) {
    return { tone: 'attention', sentence: `${changesOf(plan)} planned, nothing written yet` }
  }
  const [dropped, postponed] = [countSteps(outcome, 'dropped'), countSteps(outcome, 'postponed')]
  const building = outcome.steps.filter(({ result: step }) => 'isStillBuilding' in step).length
  const others = [
    ...(dropped > 0 ? [`${dropped} ${states.dropped}`] : []),
    ...(postponed > 0 ? [`${postponed} ${states.postponed}`] : []),
    ...(building > 0 ? [`${count(building, 'index build')} still in progress`] : []),
  ]
  return {
    tone: postponed + building > 0 ? 'attention' : 'success',
    sentence: [`${count(plan.steps.length - dropped - postponed, 'change')} applied`, ...others].join(', '),
  }
}

function succeeded(sentence: string): Omit<Verdict, 'subject'> {
  return { tone: 'success', sentence }
}

function describeFailure({ command, plan, outcome, verification, error }: RunResult): string {
  if (plan === undefined) return 'failed before anything was written'
  if (plan.refusals.length > 0) return `refused for ${count(plan.refusals.length, 'reason')}, nothing written`
  if (verification !== undefined) return 'verification failed'
  if (outcome === undefined) {
    return command === 'plan' && plan.steps.length > 0 ? `drift: ${changesOf(plan)} planned, nothing written` : 'failed'
  }
  const applied = `${countSteps(outcome, 'applied')} of ${changesOf(plan)}`
  const isDeferral = outcome.steps.some(({ result }) => result.status === 'deferred' && result.error === outcome.error)
  return error === undefined && isDeferral
    ? `${applied} applied, ${countSteps(outcome, 'deferred')} ${states.deferred}`
    : `failed after ${applied}`
}

function changesOf({ steps }: Plan): string {
  return count(steps.length, 'change')
}

function countSteps({ steps }: Outcome, status: StepResult['status']): number {
  return steps.filter(({ result }) => result.status === status).length
}

/** Describes tables that need no step. */
function describeTables({ policy, tables }: Plan, outcome: Outcome | undefined): string {
  if (!policy.destroy) return 'as defined'
  return tables.every(({ name, status }) => (outcome?.observed.get(name)?.status ?? status) === 'absent')
    ? 'no such tables in this account and region'
    : 'the tables are gone or being deleted'
}
