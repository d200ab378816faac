/** What is not done without leave: each kind of disruption is opened by its name, a line of `allow`. Pure. */
import type { Disruption, DisruptiveStep, Policy, Refusal, Step } from './plan.ts'
import { type DesiredTable, describeRecovery, type ReadyTable, type Target } from './table.ts'

/** In the order in which they are told. */
export const disruptions: readonly Disruption[] = [
  'remove-deletion-protection',
  'remove-point-in-time-recovery',
  'change-environment',
]

/** Makes the tables as defined, and takes nothing away. */
export const strictPolicy: Policy = { destroy: false, allow: [] }

export function isDisruptive(step: Step): step is DisruptiveStep {
  return disruptions.some((disruption) => disruption === step.action)
}

export function isAllowed(step: Step, { allow }: Policy): boolean {
  return !isDisruptive(step) || allow.includes(step.action)
}

/** Why the step is not done, and the line that would open it. */
export function refuseStep(step: DisruptiveStep, target: Target): Refusal {
  const { table, action } = step
  return { table, code: action, ...explain(step, target) }
}

function explain(step: DisruptiveStep, target: Target): Pick<Refusal, 'reason' | 'remedy'> {
  const { table, action } = step
  switch (action) {
    case 'change-environment':
      return {
        reason: `The table "${table}" belongs to the environment "${step.from}", as its tag tenant-tables:environment says, but this run is for "${step.to}".`,
        remedy: `Choose another table-name-prefix for "${step.to}", or check that the role leads to the right account. ${lineToAdd(action, `to hand the table over to "${step.to}"`)}`,
      }
    case 'remove-deletion-protection':
      return {
        reason: `deletion-protection is false, but it is on for the table "${table}"${inProduction(target)}.`,
        remedy: `Set deletion-protection to auto, which keeps it ${keptBy(target)}. ${lineToAdd(action, 'to turn it off')}`,
      }
    case 'remove-point-in-time-recovery':
      return {
        reason: `point-in-time-recovery is false, but it is ${describeRecovery(step.from)}, for the table "${table}"${inProduction(target)}. To turn it off loses the restore window: turned on again, it begins anew.`,
        remedy: `Set point-in-time-recovery to auto, which keeps it ${keptBy(target)}. ${lineToAdd(action, 'to turn it off')}`,
      }
  }
}

function inProduction({ environment }: Target): string {
  return environment.production ? `, and "${environment.name}" is a production environment` : ''
}

function keptBy({ environment }: Target): string {
  return environment.production ? 'on' : 'as it is'
}

function lineToAdd(disruption: Disruption, purpose: string): string {
  return `Or, ${purpose}, add this line to allow: ${disruption}`
}

/** Production without protection takes leave too, where there is nothing to be turned off. */
export function refuseUnprotected(
  target: Target,
  desired: DesiredTable,
  ready: ReadyTable | undefined,
  { allow }: Policy,
): readonly Refusal[] {
  if (!target.environment.production) return []
  const settings = [
    {
      code: 'remove-deletion-protection',
      input: 'deletion-protection',
      isOff: desired.deletionProtection === false && ready?.deletionProtection !== true,
    },
    {
      code: 'remove-point-in-time-recovery',
      input: 'point-in-time-recovery',
      isOff: desired.pointInTimeRecovery?.enabled === false && ready?.pointInTimeRecovery.enabled !== true,
    },
  ] as const
  return settings
    .filter(({ code, isOff }) => isOff && !allow.includes(code))
    .map(({ code, input }) => ({
      table: desired.name,
      code,
      reason: `${input} is false, but "${target.environment.name}" is a production environment, where "${desired.name}" must have it on.`,
      remedy: `Set ${input} to auto or true. ${lineToAdd(code, 'to leave it off')}`,
    }))
}
