/** The vocabulary of plans: steps, refusals and notices. */
import type { PropertyName, PropertyValues } from '../table/properties/index.ts'
import type { Risk } from '../table/property.ts'
import type { ObservedTable } from '../table/table.ts'
import type { Target } from '../table/target.ts'
import type { UnmanagedSetting } from '../table/unmanaged.ts'
import { sortBy } from '../text/sort.ts'

/** The commands that work on tables. */
export type TableCommand = 'apply' | 'plan' | 'verify' | 'destroy'

/** `policy` makes the IAM policies of the others, and calls nothing. */
export type Command = TableCommand | 'policy'

/** One call that changes a table, and the wait that completes it. */
export type Step = CreateStep | UpdateStep | DeleteStep

export interface CreateStep {
  readonly kind: 'create'
  readonly table: string
  /** The values that CreateTable sends. */
  readonly to: Partial<PropertyValues>
}

/** One property from one value to another. */
export interface UpdateStep {
  readonly kind: 'update'
  readonly table: string
  readonly property: PropertyName
  readonly from: unknown
  readonly to: unknown
  readonly risk: Risk
}

export interface DeleteStep {
  readonly kind: 'delete'
  readonly table: string
}

/** The purpose of the run, and the disruptive changes that it may make. */
export interface Policy {
  /** The tables are to be deleted instead of brought to their definition. */
  readonly destroy: boolean
  /** The lines of the input `allow`, in the order of `disruptionNames`. */
  readonly allow: readonly string[]
}

/** Something that the run will not do. One refusal anywhere means that nothing is written anywhere. */
export interface Refusal {
  /** Absent if the refusal is about the whole plan. */
  readonly table?: string
  /** One of `refusalCodes`, or the name of a disruption that `allow` lacks. */
  readonly code: string
  readonly reason: string
  readonly remedy: string
}

export const refusalCodes = [
  'table-unavailable',
  'impossible-change',
  'destroy-in-production',
  'destroy-of-other-environment',
  'destroy-of-untagged',
  'destroy-of-other-key',
  'destroy-of-protected',
  'destroy-of-replicated',
  'not-as-reviewed',
] as const

/** Information for people that needs no step. */
export interface Notice {
  /** Absent if the notice is about the whole plan. */
  readonly table?: string
  readonly level: 'notice' | 'warning'
  readonly code: (typeof noticeCodes)[number]
  readonly message: string
}

export const noticeCodes = [
  'adopted',
  'protection-kept',
  'consequence',
  'index-building',
  'replica-unavailable',
  'being-deleted',
  'system-backup-stays',
  'unneeded-allow',
] as const

/** A defined table as it was observed. */
export interface PlannedTable {
  readonly logicalName: string
  readonly name: string
  /** The ARN. For an absent table, the ARN that it will have. */
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

/** The steps of one table, in their order. */
export function stepsOf(plan: Pick<Plan, 'steps'>, table: string): readonly Step[] {
  return plan.steps.filter((step) => step.table === table)
}

/** Returns a function that returns true for a step that is one of these. */
export function isOneOf(steps: readonly Step[]): (step: Step) => boolean {
  const known = new Set(steps.map(canonicalJson))
  return (step) => known.has(canonicalJson(step))
}

/**
 * Writes JSON without spaces, with the members of every object sorted by name. Two steps are the same if these texts are
 * equal.
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const present = Object.entries(value).filter(([, member]) => member !== undefined)
  const members = sortBy(present, ([name]) => name).map(
    ([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`,
  )
  return `{${members.join(',')}}`
}
