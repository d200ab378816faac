/** The plan as lines of the log. */
import { describeStep, partOf, usualDuration } from '../plan/description.ts'
import { type Plan, type Step, stepsOf } from '../plan/plan.ts'
import { isDisruptive } from '../plan/policy.ts'
import type { UnmanagedSetting } from '../table/unmanaged.ts'
import { count, shorten } from '../text/readable.ts'

/** Plain text, a line for each step, notice and unmanaged setting. The log must escape untrusted text in it. */
export function renderPlanLines(plan: Plan): readonly string[] {
  const { tables, steps, refusals, notices } = plan
  const found = tables.filter(({ status }) => status === 'ready').length
  return [
    `${count(tables.length, 'table')} defined, ${found} found.`,
    ...steps.map((step) => `${markOf(step)} ${describeStep(step)}${describeRisk(step)}`),
    // Each refusal is an error annotation, which the log shows too.
    ...(refusals.length === 0 ? [] : [`! refused, for ${count(refusals.length, 'reason')}: see the errors below`]),
    ...notices.map(({ message }) => `  ${message}`),
    ...tables.flatMap(({ name, unmanaged }) =>
      unmanaged.map(
        (setting) =>
          `  unmanaged on "${name}", ${describeTreatment(plan, name, setting)}: ${setting.path} = ${shorten(setting.value)}`,
      ),
    ),
    ...(steps.length === 0 && refusals.length === 0 ? ['Nothing to do.'] : []),
  ]
}

function markOf(step: Step): '+' | '~' | '-' {
  if (step.kind === 'create') return '+'
  return isDisruptive(step) ? '-' : '~'
}

/** ` (disruptive)` or ` (slow: usually 2 to 3 minutes)`; empty for every other step. */
function describeRisk(step: Step): string {
  if (isDisruptive(step)) return ' (disruptive)'
  const duration = usualDuration(step)
  return duration === undefined ? '' : ` (slow: usually ${duration})`
}

const treatmentsByDestroy: Readonly<Record<string, string>> = {
  replica: 'not deleted with the table',
  encryptionKey: 'deleted with the table, but not the KMS key itself',
}

/** The treatment of a setting that the definition does not mention, such as `left as it is`. */
export function describeTreatment(plan: Plan, table: string, { path, value }: UnmanagedSetting): string {
  const updates = stepsOf(plan, table).filter((step) => step.kind === 'update')
  if (path === 'globalIndex' && updates.some((step) => isDisruptive(step) && partOf(step) === value)) {
    return 'deleted by this plan'
  }
  // DynamoDB removes the maximums of a table that becomes provisioned.
  if (path === 'onDemandThroughput' && updates.some(({ property }) => property === 'BillingMode')) {
    return 'removed by this plan'
  }
  return plan.policy.destroy ? (treatmentsByDestroy[path] ?? 'deleted with the table') : 'left as it is'
}
