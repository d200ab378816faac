/** The result of a run in one sentence. */
import type { Outcome, StepResult, Verification } from '../apply/outcome.ts'
import type { Plan } from '../plan/plan.ts'
import { count } from '../text/readable.ts'
import type { RunResult } from './result.ts'

/** Bounded in length: holds no untrusted text. */
export function describeVerdict({ command, plan, policies, outcome, verification, error }: RunResult): string {
  if (policies !== undefined && error === undefined) return 'Made the policies. AWS was not called.'
  if (plan === undefined) return error === undefined ? 'Nothing was done.' : 'Failed before anything was written.'
  if (plan.refusals.length > 0) return `Refused, for ${count(plan.refusals.length, 'reason')}. Nothing was written.`
  if (verification !== undefined) return describeVerification(verification, error)
  if (outcome !== undefined && (error ?? outcome.error) !== undefined) return describeFailedOutcome(outcome, error)
  const steps = count(plan.steps.length, 'step')
  if (error !== undefined) {
    return command === 'plan' && plan.steps.length > 0 ? `Drift: ${steps} planned. Nothing was changed.` : 'Failed.'
  }
  if (plan.steps.length === 0) return `${describeTables(plan, outcome)} Nothing was changed.`
  if (command === 'plan') return `${steps} planned. Nothing was changed.`
  const [dropped, postponed] =
    outcome === undefined ? [0, 0] : [countSteps(outcome, 'dropped'), countSteps(outcome, 'postponed')]
  const others = [
    ...(dropped > 0 ? [`${dropped} done by another run`] : []),
    ...(postponed > 0 ? [`${postponed} left for the next run`] : []),
  ]
  return `${[`${count(plan.steps.length - dropped - postponed, 'step')} applied`, ...others].join(', ')}.`
}

function describeVerification(verification: Verification, error: unknown): string {
  if ((error ?? verification.error) !== undefined) return 'Verification failed.'
  return verification.sampleItems
    ? 'The tables are as defined, and sample items were written, found and deleted again.'
    : 'The tables are as defined. No sample items were written.'
}

function describeFailedOutcome(outcome: Outcome, error: unknown): string {
  const applied = `${countSteps(outcome, 'applied')} of ${count(outcome.steps.length, 'step')}`
  const isDeferral = outcome.steps.some(({ result }) => result.status === 'deferred' && result.error === outcome.error)
  return error === undefined && isDeferral
    ? `${applied} applied, ${countSteps(outcome, 'deferred')} deferred by AWS.`
    : `Failed after ${applied}.`
}

function countSteps({ steps }: Outcome, status: StepResult['status']): number {
  return steps.filter(({ result }) => result.status === status).length
}

/** Describes tables that need no step. */
function describeTables({ policy, tables }: Plan, outcome: Outcome | undefined): string {
  if (!policy.destroy) return 'The tables are as defined.'
  return tables.every(({ name, status }) => (outcome?.observed.get(name)?.status ?? status) === 'absent')
    ? 'There are no such tables in this account and region.'
    : 'The tables are gone or being deleted.'
}
