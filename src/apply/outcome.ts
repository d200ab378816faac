/** The result of an apply or a verify. */
import type { Step } from '../plan/plan.ts'
import type { Tone } from '../run/run.ts'
import type { ObservedTables } from '../table/table.ts'

export type StepResult =
  /** `isStillBuilding`: the build of an index has begun, and goes on after the run. */
  | { readonly status: 'applied'; readonly seconds: number; readonly isStillBuilding?: true }
  /** When the table was read again, it no longer needed the step: another run or a person made the change first. */
  | { readonly status: 'dropped' }
  /** AWS limits how often the property may change, and the limit is reached. Nothing was changed. */
  | { readonly status: 'deferred'; readonly error: unknown }
  /** An index is being built, and the run does not wait for it. Nothing was changed. */
  | { readonly status: 'postponed' }
  /**
   * If the outcome is unknown, the call was sent and may have taken effect. `isAccepted`: AWS accepted it, and the run was
   * stopped while AWS performed it.
   */
  | {
      readonly status: 'failed'
      readonly isOutcomeUnknown: boolean
      readonly isAccepted?: true
      readonly error: unknown
    }
  | { readonly status: 'skipped' }

export interface StepOutcome {
  readonly step: Step
  readonly result: StepResult
}

export interface Outcome {
  /** One for each step of the plan, in its order. */
  readonly steps: readonly StepOutcome[]
  /** As observed after the last step; as observed before the first step if the apply failed. */
  readonly observed: ObservedTables
  /** The reason why the tables do not match their definitions. */
  readonly error?: unknown
}

export interface Verification {
  /** True if sample items were written and read. */
  readonly sampleItems: boolean
  /** The state of the sample items at the error. Absent if some are left in the tables; the error names them. */
  readonly itemState?: 'unwritten' | 'deleted'
  /** Sample items that a write without a response may write again after their deletion. */
  readonly warnings?: readonly string[]
  readonly error?: unknown
}

/** The states of a step in words, in the order in which a failed run names them. */
export const states = {
  failed: 'failed',
  applied: 'applied',
  dropped: 'done by another run',
  deferred: 'deferred by AWS',
  postponed: 'left for the next run',
  accepted: 'begun, not finished',
  unknown: 'sent, outcome unknown',
  skipped: 'not started',
} as const

export function stateOf(result: StepResult): keyof typeof states {
  if (result.status !== 'failed') return result.status
  if (result.isAccepted) return 'accepted'
  return result.isOutcomeUnknown ? 'unknown' : 'failed'
}

/** The state of a step in words; `planned` if it has no result yet. */
export function describeResult(result: StepResult | undefined): string {
  if (result === undefined) return 'planned'
  if (result.status === 'postponed') return `${states.postponed}: an index is being built`
  if (result.status !== 'applied') return states[stateOf(result)]
  return result.isStillBuilding ? 'begun; the build goes on after the run' : `applied in ${result.seconds.toFixed(1)} s`
}

/** Steps that another run completed are as good as applied. */
export function toneOf({ status }: StepResult): Tone {
  if (status === 'failed') return 'failure'
  return status === 'applied' || status === 'dropped' ? 'success' : 'attention'
}

/** Returns true if the step changed a table, or may have changed it. */
export function mayHaveChanged({ result }: StepOutcome): boolean {
  return result.status === 'applied' || (result.status === 'failed' && result.isOutcomeUnknown)
}
