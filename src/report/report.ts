/** Plan and outcome -> plain words, and lines for the log. Pure. */
import { renderError } from '../errors/description.ts'
import { StoppedError } from '../errors/errors.ts'
import { describeStep, nameStep } from '../plan/description.ts'
import {
  type Command,
  type Outcome,
  type Plan,
  type Step,
  type StepOutcome,
  type StepResult,
  stepKinds,
  type Verification,
} from '../plan/plan.ts'
import type { Target } from '../table/target.ts'
import type { UnmanagedSetting } from '../table/unmanaged.ts'
import { count, shorten } from '../text/readable.ts'

/** What a run came to, as far as it came; filled while it goes, so that an error loses nothing. */
export interface RunResult {
  command?: Command
  /** Which rule decided whether the environment is production, in words. */
  productionRule?: string
  /** About the inputs. */
  warnings?: readonly string[]
  /** What the run is held to, in a sentence. */
  review?: string
  target?: Target
  plan?: Plan
  outcome?: Outcome
  verification?: Verification
  error?: unknown
}

/** The plan as lines of plain text, a line a step; foreign text in it is not yet harmless to a log. */
export function renderPlanLines(plan: Plan): readonly string[] {
  const present = plan.tables.filter(({ status }) => status === 'ready').length
  return [
    `${count(plan.tables.length, 'table')} defined, ${present} found.`,
    ...plan.steps.map((step) => `${markOf(step)} ${describeStep(step)}${describeClass(step)}`),
    ...plan.refusals.flatMap(({ reason, remedy }) => [`! refused: ${reason}`, `  to fix: ${remedy}`]),
    ...plan.notices.map(({ message }) => `  ${message}`),
    ...plan.tables.flatMap(({ name, unmanaged }) =>
      unmanaged.map(
        (setting) =>
          `  unmanaged on "${name}", ${describeTreatment(plan, setting)}: ${setting.path} = ${shorten(setting.value)}`,
      ),
    ),
    ...(plan.steps.length === 0 && plan.refusals.length === 0 ? ['Nothing to do.'] : []),
  ]
}

/** What the plan makes of a setting that the definition does not mention. */
export function describeTreatment({ policy }: Pick<Plan, 'policy'>, { path }: UnmanagedSetting): string {
  if (!policy.destroy) return 'left as it is'
  switch (path) {
    case 'replica':
      return 'not deleted with the table'
    case 'encryptionKey':
      return 'goes away with the table, but not the KMS key itself'
    default:
      return 'goes away with the table'
  }
}

/** `+` makes, `~` changes, `-` takes away. */
function markOf({ action }: Step): string {
  return { create: '+', update: '~', slow: '~', disruptive: '-' }[stepKinds[action].class]
}

function describeClass({ action }: Step): string {
  const { class: stepClass, usualDuration } = stepKinds[action]
  if (stepClass === 'disruptive') return ' (disruptive)'
  return usualDuration === undefined ? '' : ` (${stepClass}: usually ${usualDuration})`
}

/** One sentence on what the run came to. */
export function summarise(result: RunResult): string {
  const { plan, outcome, verification, error, command } = result
  if (plan !== undefined && plan.refusals.length > 0) {
    return `Refused, for ${count(plan.refusals.length, 'reason')}. Nothing was written.`
  }
  if (outcome !== undefined && plan !== undefined && (error !== undefined || outcome.error !== undefined)) {
    const resultsOf = (status: StepResult['status']) =>
      outcome.steps.filter(({ result }) => result.status === status).length
    const deferred = resultsOf('deferred')
    const isDeferredAlone = error === undefined && deferred > 0 && outcome.error === firstDeferral(outcome)
    const done = `${resultsOf('applied')} of ${count(plan.steps.length, 'step')}`
    return isDeferredAlone ? `${done} applied, ${deferred} deferred by AWS.` : `Failed after ${done}.`
  }
  if (verification !== undefined) {
    if (error !== undefined || verification.error !== undefined) return 'Verification failed.'
    return verification.sampleItems
      ? 'The tables are as defined, and sample items were written, found and deleted again.'
      : 'The tables are as defined. No sample items were written.'
  }
  if (error !== undefined && plan !== undefined && plan.steps.length > 0 && command === 'plan') {
    return `Drift: ${count(plan.steps.length, 'step')} planned. Nothing was changed.`
  }
  if (error !== undefined) return plan === undefined ? 'Failed before anything was written.' : 'Failed.'
  if (plan === undefined) return 'Nothing was done.'
  if (plan.steps.length === 0) return `${describeState(plan, outcome)} Nothing was changed.`
  if (command === 'plan') return `${count(plan.steps.length, 'step')} planned. Nothing was changed.`
  const dropped = outcome?.steps.filter(({ result: { status } }) => status === 'dropped').length ?? 0
  return `${count(plan.steps.length - dropped, 'step')} applied${dropped > 0 ? `, ${dropped} done by another run` : ''}.`
}

function firstDeferral({ steps }: Outcome): unknown {
  return steps.flatMap(({ result }) => (result.status === 'deferred' ? [result.error] : []))[0]
}

/** Of tables that need no step. */
function describeState({ policy, tables }: Plan, outcome: Outcome | undefined): string {
  if (!policy.destroy) return 'The tables are as defined.'
  const isGone = ({ name, status }: Plan['tables'][number]) =>
    (outcome?.observed.get(name)?.status ?? status) === 'absent'
  return tables.every(isGone)
    ? 'There are no such tables in this account and region.'
    : 'The tables are gone or being deleted.'
}

/** Everything that failed, the failure that ended the run first. */
export function failuresOf({ error: thrown, outcome, verification }: RunResult): readonly unknown[] {
  const ended = thrown ?? outcome?.error ?? verification?.error
  if (ended === undefined) return []
  const ofSteps =
    outcome?.steps.flatMap(({ result }) =>
      result.status === 'failed' || result.status === 'deferred' ? [result.error] : [],
    ) ?? []
  // What else was stopped ended for the same reason.
  const others = ofSteps.filter((error) => !(ended instanceof StoppedError && error instanceof StoppedError))
  // What two tables met alike, such as a session that cannot be had any more, is one failure.
  const byText = new Map([...others, ended].map((error) => [renderError(error), error]))
  byText.delete(renderError(ended))
  return [ended, ...byText.values()]
}

/** What was done before an error, and what was not, in words that follow it; empty where there was nothing to do yet. */
export function describeProgress({ outcome, verification }: RunResult): string {
  if (outcome !== undefined) return describeOutcome(outcome)
  if (verification === undefined || !verification.sampleItems || verification.fate === undefined) return ''
  return { unwritten: 'No sample item was written.', deleted: 'The sample items were deleted again.' }[
    verification.fate
  ]
}

function describeOutcome(outcome: Outcome): string {
  const named = (status: StepResult['status']) =>
    outcome.steps.filter(({ result }) => result.status === status).map(({ step }) => nameStep(step))
  const failed = (sent: boolean) =>
    outcome.steps
      .filter(({ result }) => result.status === 'failed' && result.sent === sent)
      .map(({ step }) => nameStep(step))
  return [
    ...(failed(false).length > 0 ? [`Failed: ${failed(false).join(', ')}.`] : []),
    `Done before: ${named('applied').join(', ') || 'nothing'}.`,
    ...(named('dropped').length > 0 ? [`Done by another run: ${named('dropped').join(', ')}.`] : []),
    ...(named('deferred').length > 0 ? [`Deferred by AWS: ${named('deferred').join(', ')}.`] : []),
    ...(failed(true).length > 0 ? [`Sent to DynamoDB, end not seen: ${failed(true).join(', ')}.`] : []),
    ...(named('skipped').length > 0 ? [`Not begun: ${named('skipped').join(', ')}.`] : []),
  ].join(' ')
}

/** The outcome's steps that changed something, or may have. */
export function performedSteps(outcome: Outcome | undefined): readonly StepOutcome[] {
  return (
    outcome?.steps.filter(({ result }) => result.status === 'applied' || (result.status === 'failed' && result.sent)) ??
    []
  )
}
