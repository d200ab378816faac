/** Steps and their results as plain text. */

import { describeKeys, describeRecovery } from '../table/table.ts'
import { count, shorten } from '../text/readable.ts'
import type { Step, StepResult } from './plan.ts'

export interface Change {
  readonly setting: string
  /** Absent where there was nothing before. */
  readonly from?: string
  readonly to: string
}

/** What a step changes, setting by setting. */
export function changesOf(step: Step): readonly Change[] {
  switch (step.action) {
    case 'create-table':
      return [
        { setting: 'key', to: describeKeys(step.keys) },
        { setting: 'billing mode', to: step.billingMode },
        { setting: 'deletion protection', to: onOrOff(step.deletionProtection) },
        ...tagChanges(step.tags),
      ]
    case 'enable-deletion-protection':
    case 'remove-deletion-protection':
      return [{ setting: 'deletion protection', from: onOrOff(step.from), to: onOrOff(step.to) }]
    case 'tag-table':
    case 'adopt-table':
    case 'change-environment':
      return tagChanges(step.tags)
    case 'set-billing-mode':
      return [{ setting: 'billing mode', from: step.from, to: step.to }]
    case 'set-point-in-time-recovery':
    case 'remove-point-in-time-recovery':
      return [{ setting: 'point-in-time recovery', from: describeRecovery(step.from), to: describeRecovery(step.to) }]
    case 'delete-table':
      return [{ setting: 'table', from: 'present, with its items', to: 'deleted' }]
  }
}

function tagChanges(tags: readonly { key: string; from?: string; to: string }[]): readonly Change[] {
  return tags.map(({ key, ...change }) => ({ setting: `tag ${key}`, ...change }))
}

function onOrOff(value: boolean): string {
  return value ? 'on' : 'off'
}

/** One line of plain text: `set-billing-mode "users": billing mode PROVISIONED -> PAY_PER_REQUEST` */
export function describeStep(step: Step): string {
  return `${nameStep(step)}: ${changesOf(step).map(describeChange).join(', ')}`
}

/** `billing mode PROVISIONED -> PAY_PER_REQUEST` */
export function describeChange({ setting, from, to }: Change): string {
  return from === undefined ? `${setting} = ${shorten(to)}` : `${setting} ${shorten(from)} -> ${shorten(to)}`
}

/** Step by step, but not more than anybody would read. */
export function describeSteps(steps: readonly Step[]): string {
  const most = 10
  const more = steps.length > most ? `; and ${count(steps.length - most, 'more step')}` : ''
  return `${steps.slice(0, most).map(describeStep).join('; ')}${more}`
}

/** A step without its settings: `create-table "users"` */
export function nameStep({ action, table }: Step): string {
  return `${action} "${table}"`
}

/** What became of a step; `planned` where nothing has yet. */
export function describeResult(result: StepResult | undefined): string {
  switch (result?.status) {
    case undefined:
      return 'planned'
    case 'applied':
      return `applied in ${result.seconds.toFixed(1)} s`
    case 'dropped':
      return 'done by another run'
    case 'deferred':
      return 'deferred by AWS'
    case 'failed':
      return result.sent ? 'sent, end not seen' : 'failed'
    case 'skipped':
      return 'not begun'
  }
}
