/** What is not done without leave: each kind of disruption is opened by its name, a line of `allow`. Pure. */

import {
  type DesiredTable,
  describeRecovery,
  environmentTag,
  managedByTag,
  type ReadyTable,
  type Target,
} from '../table/table.ts'
import { explainAdoption } from './adoption.ts'
import type { Disruption, DisruptiveStep, Notice, Policy, Refusal, Step } from './plan.ts'

/** In the order in which they are told. */
export const disruptions: readonly Disruption[] = [
  'remove-deletion-protection',
  'remove-point-in-time-recovery',
  'change-environment',
  'adopt-table',
]

/** Makes the tables as defined, and takes nothing away. */
export const strictPolicy: Policy = { destroy: false, allow: [] }

/** The lines of `allow` that the step needs. To change the environment of a table that is not ours is to adopt it as well. */
export function linesNeededBy(step: Step): readonly Disruption[] {
  if (!isDisruptive(step)) return []
  const adopts = step.action === 'change-environment' && step.tags.some(({ key }) => key === managedByTag)
  return adopts ? [step.action, 'adopt-table'] : [step.action]
}

function isDisruptive(step: Step): step is DisruptiveStep {
  return disruptions.some((disruption) => disruption === step.action)
}

export function isAllowed(step: Step, { allow }: Policy): boolean {
  return linesNeededBy(step).every((line) => allow.includes(line))
}

/** What a refusal says of a table that exists. */
interface Situation {
  readonly target: Target
  readonly ready: ReadyTable
  /** All that the table needs, allowed or not. */
  readonly steps: readonly Step[]
}

/** A refusal for each line of `allow` that the step needs and does not have, with the line that would open it. */
export function refuseStep(step: Step, { allow }: Policy, situation: Situation): readonly Refusal[] {
  return linesNeededBy(step)
    .filter((line) => !allow.includes(line))
    .map((code) => ({ table: step.table, code, ...explain(code, step.table, situation) }))
}

function explain(
  disruption: Disruption,
  table: string,
  { target, ready, steps }: Situation,
): Pick<Refusal, 'reason' | 'remedy'> {
  switch (disruption) {
    case 'change-environment': {
      const wanted = target.environment.name
      return {
        reason: `The table "${table}" belongs to the environment "${ready.tags.get(environmentTag)}", as its tag ${environmentTag} says, but this run is for "${wanted}".`,
        remedy: `Choose another table-name-prefix for "${wanted}", or check that the role leads to the right account. ${lineToAdd(disruption, `to hand the table over to "${wanted}"`)}`,
      }
    }
    case 'adopt-table': {
      const { reason, remedy } = explainAdoption(table, target, ready, steps)
      return { reason, remedy: `${remedy} ${lineToAdd(disruption, 'to adopt the table, for the one run that does')}` }
    }
    case 'remove-deletion-protection':
      return {
        reason: `deletion-protection is false, but it is on for the table "${table}"${inProduction(target)}.`,
        remedy: `Set deletion-protection to auto, which keeps it ${keptBy(target)}. ${lineToAdd(disruption, 'to turn it off')}`,
      }
    case 'remove-point-in-time-recovery':
      return {
        reason: `point-in-time-recovery is false, but it is ${describeRecovery(ready.pointInTimeRecovery)}, for the table "${table}"${inProduction(target)}. To turn it off loses the restore window: turned on again, it begins anew.`,
        remedy: `Set point-in-time-recovery to auto, which keeps it ${keptBy(target)}. ${lineToAdd(disruption, 'to turn it off')}`,
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

/** A setting that production has on, and the line of `allow` that leaves it off. */
interface UnprotectedSetting {
  readonly code: Disruption
  readonly input: string
}

/** Production without protection takes leave too, where there is nothing to be turned off. */
export function unprotectedSettings(
  target: Target,
  desired: DesiredTable,
  ready: ReadyTable | undefined,
): readonly UnprotectedSetting[] {
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
  return settings.filter(({ isOff }) => isOff)
}

export function refuseUnprotected(
  target: Target,
  table: string,
  settings: readonly UnprotectedSetting[],
  { allow }: Policy,
): readonly Refusal[] {
  return settings
    .filter(({ code }) => !allow.includes(code))
    .map(({ code, input }) => ({
      table,
      code,
      reason: `${input} is false, but "${target.environment.name}" is a production environment, where "${table}" must have it on.`,
      remedy: `Set ${input} to auto or true. ${lineToAdd(code, 'to leave it off')}`,
    }))
}

/** A line that stays in the workflow allows the next such change without a decision. */
export function noticeUnneededLines({ allow }: Policy, needed: readonly Disruption[]): readonly Notice[] {
  return allow
    .filter((line) => !needed.includes(line))
    .map((line) => ({
      level: 'notice',
      code: 'unneeded-allow',
      message: `allow has the line ${line}, but nothing in this plan needs it. Remove the line: it would allow the next such change without a decision.`,
    }))
}
