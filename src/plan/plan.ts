/** The vocabulary of plans: steps, refusals, notices, and what became of the steps. Pure. */

import type {
  BillingMode,
  Keys,
  ObservedTable,
  ObservedTables,
  PointInTimeRecovery,
  Target,
  UnmanagedSetting,
} from '../table/table.ts'
import type { TagChange } from './diff.ts'

/** One change to one table: one AWS call and the wait that ends it. */
export type Step =
  | {
      readonly action: 'create-table'
      readonly table: string
      readonly keys: Keys
      readonly billingMode: 'PAY_PER_REQUEST'
      readonly deletionProtection: boolean
      readonly tags: readonly TagChange[]
    }
  | { readonly action: 'enable-deletion-protection'; readonly table: string; readonly from: false; readonly to: true }
  | { readonly action: 'tag-table'; readonly table: string; readonly tags: readonly TagChange[] }
  | {
      readonly action: 'set-billing-mode'
      readonly table: string
      readonly from: BillingMode
      readonly to: 'PAY_PER_REQUEST'
    }
  | {
      readonly action: 'set-point-in-time-recovery'
      readonly table: string
      readonly from: PointInTimeRecovery
      readonly to: PointInTimeRecovery & { readonly enabled: true }
    }
  | DisruptiveStep
  | { readonly action: 'delete-table'; readonly table: string }

/**
 * Takes something away that protects, or that others rely on, or takes over a table that this action did not create.
 * `allow` opens each kind by its action.
 */
export type DisruptiveStep =
  /** Tags a table that this action did not create as its own: one write of all tags that differ, for DynamoDB's lock. */
  | { readonly action: 'adopt-table'; readonly table: string; readonly tags: readonly TagChange[] }
  | {
      readonly action: 'change-environment'
      readonly table: string
      readonly from: string
      readonly to: string
      /** All tags that differ, the environment's among them: a second write in a row would meet DynamoDB's lock. */
      readonly tags: readonly TagChange[]
    }
  | {
      readonly action: 'remove-point-in-time-recovery'
      readonly table: string
      readonly from: PointInTimeRecovery
      readonly to: PointInTimeRecovery & { readonly enabled: false }
    }
  | { readonly action: 'remove-deletion-protection'; readonly table: string; readonly from: true; readonly to: false }

/** What `allow` may name. */
export type Disruption = DisruptiveStep['action']

/** Over what a step reaches: `slow` keeps a table busy for minutes, `disruptive` takes something away or over. */
export type StepClass = 'create' | 'update' | 'slow' | 'disruptive'

interface StepKind {
  readonly class: StepClass
  /** How long AWS usually takes, where that is long enough to plan for. */
  readonly usualDuration?: string
}

/** By action. The durations were measured on AWS. */
export const stepKinds: Readonly<Record<Step['action'], StepKind>> = {
  'create-table': { class: 'create' },
  'enable-deletion-protection': { class: 'update' },
  'tag-table': { class: 'update' },
  'set-billing-mode': { class: 'slow', usualDuration: '2 to 3 minutes the first time' },
  'set-point-in-time-recovery': { class: 'update' },
  'adopt-table': { class: 'disruptive' },
  'change-environment': { class: 'disruptive' },
  'remove-point-in-time-recovery': { class: 'disruptive' },
  'remove-deletion-protection': { class: 'disruptive' },
  'delete-table': { class: 'disruptive' },
}

const protectiveActions: ReadonlySet<Step['action']> = new Set([
  'enable-deletion-protection',
  'set-point-in-time-recovery',
])

/** Protects items from loss. No other step, and no failure of one, may delay it. */
export function isProtective({ action }: Step): boolean {
  return protectiveActions.has(action)
}

/**
 * The steps in the rounds in which they are performed: each round begins when the one before it has ended on all tables.
 * Protection of the tables that exist comes first, then new tables with their protection, then everything else.
 */
export function roundsOf(steps: readonly Step[]): readonly (readonly Step[])[] {
  const created = new Set(steps.filter(({ action }) => action === 'create-table').map(({ table }) => table))
  const roundOf = (step: Step) => {
    if (created.has(step.table)) return 1
    return isProtective(step) ? 0 : 2
  }
  return [0, 1, 2].map((round) => steps.filter((step) => roundOf(step) === round))
}

export type Command = 'apply' | 'plan' | 'verify' | 'destroy'

/** What the run is for, and what it may do on the way. */
export interface Policy {
  /** The tables are to be gone, not to be as defined. */
  readonly destroy: boolean
  readonly allow: readonly Disruption[]
}

/** Something that the run will not do. One refusal anywhere means that nothing is written anywhere. */
export interface Refusal {
  /** Absent where it is about the whole plan. */
  readonly table?: string
  readonly code:
    | 'table-unavailable'
    | 'different-keys'
    | 'too-many-tags'
    /** Not opened by `allow`. */
    | Disruption
    | 'destroy-in-production'
    | 'destroy-of-other-environment'
    | 'destroy-of-untagged'
    | 'destroy-of-protected'
    | 'destroy-of-replicated'
    | 'not-as-reviewed'
  readonly reason: string
  readonly remedy: string
}

/** Something to know that needs no step. */
export interface Notice {
  /** Absent where it is about the whole plan. */
  readonly table?: string
  readonly level: 'notice' | 'warning'
  readonly code:
    | 'adopted'
    | 'replica-unavailable'
    | 'deletion-protection-kept'
    | 'point-in-time-recovery-kept'
    | 'restore-window-lost'
    | 'being-deleted'
    | 'system-backup-stays'
    | 'unneeded-allow'
  readonly message: string
}

/** A declared table as it was observed. */
export interface PlannedTable {
  readonly logicalName: string
  readonly name: string
  /** As AWS told it; for a table that is absent, what it will be. */
  readonly arn: string
  readonly id?: string
  readonly streamArn?: string
  readonly status: ObservedTable['status']
  readonly unmanaged: readonly UnmanagedSetting[]
}

export interface Plan {
  readonly target: Target
  readonly policy: Policy
  readonly tables: readonly PlannedTable[]
  readonly steps: readonly Step[]
  readonly refusals: readonly Refusal[]
  readonly notices: readonly Notice[]
}

/** What `verify` came to. */
export interface Verification {
  /** Whether sample items went through the tables. */
  readonly sampleItems: boolean
  /** What became of them before the error; absent where some are left, which the error names. */
  readonly fate?: 'unwritten' | 'deleted'
  /** What people should know though all was well. */
  readonly warnings?: readonly string[]
  readonly error?: unknown
}

/** The steps of one table, in their order. */
export function stepsOf(plan: Pick<Plan, 'steps'>, table: string): readonly Step[] {
  return plan.steps.filter((step) => step.table === table)
}

export type StepResult =
  | { readonly status: 'applied'; readonly seconds: number }
  /** Another run did it first. */
  | { readonly status: 'dropped' }
  /** AWS limits how often this may change, and the limit is reached. Nothing was changed. */
  | { readonly status: 'deferred'; readonly error: unknown }
  /** `sent`: DynamoDB took the call, or may have, but its end was not seen. */
  | { readonly status: 'failed'; readonly sent: boolean; readonly error: unknown }
  | { readonly status: 'skipped' }

export interface StepOutcome {
  readonly step: Step
  readonly result: StepResult
}

export interface Outcome {
  /** One for each step of the plan, in its order. */
  readonly steps: readonly StepOutcome[]
  /** As seen after the last step; as before the first where the apply failed. */
  readonly observed: ObservedTables
  /** Why the apply did not reach the definition. */
  readonly error?: unknown
}
