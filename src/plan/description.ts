/** Steps as plain text. */
import { propertyNamed } from '../table/properties/index.ts'
import type { Setting, Wait } from '../table/property.ts'
import { propertyValues } from '../table/values.ts'
import { count, shorten } from '../text/readable.ts'
import type { Step, UpdateStep } from './plan.ts'

/** One setting from one value to another. */
export interface SettingChange extends Pick<Setting, 'group' | 'name'> {
  /** Absent if there was nothing before. */
  readonly from?: string
  readonly to: string
}

/** The settings that a step changes, one by one. */
export function settingChanges(step: Step): readonly SettingChange[] {
  switch (step.kind) {
    case 'create':
      return propertyValues(step.to).flatMap(({ property, value }) =>
        property.settings(value).map(({ value: to, ...setting }) => ({ ...setting, to })),
      )
    case 'update': {
      const { settings } = propertyNamed(step.property)
      const before = new Map(settings(step.from).map((setting) => [nameSetting(setting), setting]))
      const after = new Map(settings(step.to).map((setting) => [nameSetting(setting), setting]))
      return [...new Map([...before, ...after])].map(([key, { value: _, ...setting }]) => {
        const from = before.get(key)?.value
        return { ...setting, ...(from === undefined ? {} : { from }), to: after.get(key)?.value ?? 'deleted' }
      })
    }
    case 'delete':
      return [{ name: 'table', from: 'present, with its items', to: 'deleted' }]
  }
}

/** `update BillingMode of "users": billing PROVISIONED -> PAY_PER_REQUEST` */
export function describeStep(step: Step): string {
  return `${nameStep(step)}: ${settingChanges(step).map(describeSettingChange).join(', ')}`
}

/** `billing PROVISIONED -> PAY_PER_REQUEST`, or `tag team = planner` */
export function describeSettingChange({ from, to, ...setting }: SettingChange): string {
  const name = nameSetting(setting)
  return from === undefined ? `${name} = ${shorten(to)}` : `${name} ${shorten(from)} -> ${shorten(to)}`
}

/** `billing`, `tag team` */
function nameSetting({ group, name }: Pick<Setting, 'group' | 'name'>): string {
  return group === undefined ? name : `${group} ${name}`
}

/** `create "users"`, `update BillingMode of "users"`, `update GlobalSecondaryIndexes by-email of "users"` or `delete "users"` */
export function nameStep(step: Step): string {
  if (step.kind !== 'update') return `${step.kind} "${step.table}"`
  return ['update', step.property, partOf(step), `of "${step.table}"`].filter(Boolean).join(' ')
}

/** The part of a property that the step changes, such as the name of an index; undefined for a property without parts. */
export function partOf(step: UpdateStep): string | undefined {
  return propertyNamed(step.property).part?.(step)
}

const mostSteps = 10

/** The first steps, one after the other, and the number of the others. */
export function describeSteps(steps: readonly Step[]): string {
  const more = steps.length - mostSteps
  const shown = steps.slice(0, mostSteps).map(describeStep).join('; ')
  return more > 0 ? `${shown}; and ${count(more, 'more step')}` : shown
}

/** How long AWS usually takes for a slow step, in words; undefined for every other step. */
export function usualDuration(step: Step): string | undefined {
  return step.kind === 'update' && step.risk === 'slow' ? declaredWait(step)?.usual : undefined
}

/** The wait that completes an update. Most need none: DynamoDB performs them at once, and the closing read checks them. */
export function declaredWait(step: UpdateStep): Wait | undefined {
  return propertyNamed(step.property).waits?.find(({ appliesTo }) => appliesTo === undefined || appliesTo(step))
}
