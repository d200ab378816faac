/** The failures of a run, and how far it came before them. */
import { type Outcome, stateOf, states } from '../apply/outcome.ts'
import { renderError } from '../errors/description.ts'
import { StoppedError } from '../errors/errors.ts'
import { nameStep } from '../plan/description.ts'
import type { RunResult } from './result.ts'

/** Every failure once. The failure that ended the run comes first. */
export function failuresOf({ error, outcome, verification }: RunResult): readonly unknown[] {
  const first = error ?? outcome?.error ?? verification?.error
  if (first === undefined) return []
  const ofSteps = outcome?.steps.flatMap(({ result }) => ('error' in result ? [result.error] : [])) ?? []
  // A stop ends every step in progress for the same reason.
  const others = ofSteps.filter((each) => !(first instanceof StoppedError && each instanceof StoppedError))
  // Two tables may meet the same failure, such as a session that cannot be renewed.
  return [...new Map([first, ...others].map((each) => [renderError(each), each])).values()]
}

/** The steps that were done before a failure, and those that were not; empty if the run had not come to any. */
export function describeProgress({ outcome, verification }: RunResult): string {
  if (outcome !== undefined) return describeOutcome(outcome)
  if (!verification?.sampleItems) return ''
  const { itemState } = verification
  if (itemState === 'unwritten') return 'No sample item was written.'
  // Absent if some are left, which the error names.
  return itemState === undefined ? '' : 'The sample items were deleted again.'
}

function describeOutcome({ steps }: Outcome): string {
  const parts = Object.entries(states).flatMap(([state, words]) => {
    const named = steps.filter(({ result }) => stateOf(result) === state).map(({ step }) => nameStep(step))
    if (state === 'applied') return [`Done before: ${named.join(', ') || 'nothing'}.`]
    return named.length === 0 ? [] : [`${words.charAt(0).toUpperCase()}${words.slice(1)}: ${named.join(', ')}.`]
  })
  return parts.join(' ')
}
