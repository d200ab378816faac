/** The order in which the steps of a plan are performed. */
import { properties, propertyNamed } from '../table/properties/index.ts'
import type { Step } from './plan.ts'

/**
 * Returns true if the step turns a protection on. Such steps start first, and start even after another step failed.
 * Protection of a new table starts after its creation.
 */
export function isProtective(step: Step): boolean {
  return step.kind === 'update' && propertyNamed(step.property).protection?.isOn(step.to) === true
}

/**
 * Splits the steps into three rounds: protection of existing tables, then new tables with their protection, then
 * everything else. A round begins when the one before it has ended on all tables.
 */
export function roundsOf(steps: readonly Step[]): readonly (readonly Step[])[] {
  const created = new Set(steps.filter(({ kind }) => kind === 'create').map(({ table }) => table))
  const roundOf = (step: Step) => {
    if (created.has(step.table)) return 1
    return isProtective(step) ? 0 : 2
  }
  return [0, 1, 2].map((round) => steps.filter((step) => roundOf(step) === round))
}

/**
 * Sorts the steps of one table: its creation, protection that is added, all other changes, and protection that is removed
 * last, so that a run that dies before the end leaves it on.
 */
export function inOrder(steps: readonly Step[]): readonly Step[] {
  const positionOf = (step: Step): number => {
    if (step.kind !== 'update') return -1
    const { protection } = propertyNamed(step.property)
    const position = properties.findIndex(({ name }) => name === step.property)
    if (protection === undefined) return properties.length + position
    return protection.isOn(step.to) ? position : 3 * properties.length - position
  }
  return steps.toSorted((left, right) => positionOf(left) - positionOf(right))
}
