/** Disruptive changes need a line of the input `allow`, by their names. */
import { properties, propertyNamed } from '../table/properties/index.ts'
import type { Comparison, Disruption } from '../table/property.ts'
import type { ReadyTable, TableDefinition } from '../table/table.ts'
import type { Target } from '../table/target.ts'
import { propertyValues } from '../table/values.ts'
import type { Notice, Policy, Refusal, Step } from './plan.ts'

const allDisruptions = properties.flatMap(({ disruptions = [] }) => disruptions)

/** Everything that `allow` may name, in the order in which plans and messages list it. */
export const disruptionNames: readonly string[] = allDisruptions.map(({ name }) => name)

/** The lines of `allow` that the step needs. */
export function linesNeededBy(step: Step): readonly string[] {
  return step.kind === 'update' && typeof step.risk === 'object' ? step.risk.allow : []
}

/** Returns true if the step removes protection or items, or takes over a table. */
export function isDisruptive(step: Step): boolean {
  return step.kind === 'delete' || linesNeededBy(step).length > 0
}

export function isAllowed(step: Step, { allow }: Policy): boolean {
  return linesNeededBy(step).every((line) => allow.includes(line))
}

/** The table that a disruptive step would change. */
interface Context {
  readonly target: Target
  readonly comparison: Comparison
  /** Every change that the table needs, as plain text. */
  readonly changes: readonly string[]
}

/** A refusal for each line of `allow` that the step needs and that is missing. */
export function refuseStep(
  step: Step,
  { allow }: Policy,
  { target, comparison, changes }: Context,
): readonly Refusal[] {
  if (step.kind !== 'update') return []
  const { name, disruptions = [] } = propertyNamed(step.property)
  const observed = comparison.observed[name]
  const situation = { target, table: step.table, observed, changes, change: step, comparison }
  return disruptions
    .filter((disruption) => linesNeededBy(step).includes(disruption.name) && !allow.includes(disruption.name))
    .map((disruption) => {
      const { reason, remedy } = disruption.explain(situation)
      return { table: step.table, code: disruption.name, reason, remedy: `${remedy} ${lineToAdd(disruption)}` }
    })
}

function lineToAdd({ name, purpose }: Pick<Disruption, 'name' | 'purpose'>): string {
  return `Or, ${purpose}, add this line to allow: ${name}`
}

/**
 * Finds the protections that a production environment would lack: the definition turns them off, and the table does not
 * have them on. To leave one off needs a line of `allow` too.
 *
 * @returns the lines that the table needs, and a refusal for each that is missing
 */
export function requireProtection(
  { environment }: Target,
  { name: table, properties: declared }: TableDefinition,
  observed: ReadyTable | undefined,
  { allow }: Policy,
): { readonly lines: readonly string[]; readonly refusals: readonly Refusal[] } {
  const lacking = propertyValues(declared).flatMap(({ property: { name, protection }, value }) => {
    if (!environment.production || protection === undefined || protection.isOn(value)) return []
    const before = observed?.properties[name]
    return before !== undefined && protection.isOn(before) ? [] : [{ ...protection, property: name }]
  })
  return {
    lines: lacking.map(({ removal }) => removal),
    refusals: lacking
      .filter(({ removal }) => !allow.includes(removal))
      .map(({ property, input, removal }) => ({
        table,
        code: removal,
        reason: `${input} is to be off, but "${environment.name}" is a production environment, where "${table}" must have it on.`,
        remedy: `Turn it on: ${property} in the definition file, or the input ${input} without one. ${lineToAdd({ name: removal, purpose: 'to leave it off' })}`,
      })),
  }
}

/**
 * Makes a notice for each line of `allow` that no step needs. Such a line would permit a later change without a
 * decision.
 */
export function noticeUnneededLines({ allow }: Policy, needed: readonly string[]): readonly Notice[] {
  return allow
    .filter((line) => !needed.includes(line))
    .map((line) => {
      const found = `allow has the line ${line}, but nothing in this plan needs it.`
      const { condition } = allDisruptions.find(({ name }) => name === line) ?? {}
      const remedy = 'Remove the line: it would permit the next such change without a decision.'
      return { level: 'notice', code: 'unneeded-allow', message: [found, condition, remedy].filter(Boolean).join(' ') }
    })
}
