/** Differences -> steps and refusals. Pure: the same arguments give the same plan, byte for byte. */

import {
  type DesiredTable,
  describeKeys,
  describeRecovery,
  isAwsTag,
  isManaged,
  mostTags,
  type ObservedTable,
  type ObservedTables,
  type ReadyTable,
  type Target,
  tableArn,
} from '../table/table.ts'
import { planDestruction, refuseProduction } from './destroy.ts'
import { type Difference, diffTable, tagChanges } from './diff.ts'
import {
  type Disruption,
  type Notice,
  type Plan,
  type PlannedTable,
  type Policy,
  type Refusal,
  roundsOf,
  type Step,
} from './plan.ts'
import {
  isAllowed,
  linesNeededBy,
  noticeUnneededLines,
  refuseStep,
  refuseUnprotected,
  strictPolicy,
  unprotectedSettings,
} from './policy.ts'
import { warnOfReplicas } from './replicas.ts'

/**
 * Works out the steps that turn the observed tables into the desired ones, or that delete them where the policy says so,
 * round by round, and in a round table by table in the order given.
 *
 * Tables that exist but are not desired are left alone: we do not know who else uses the account.
 */
export function planTables(
  target: Target,
  desired: readonly DesiredTable[],
  observed: ObservedTables,
  policy: Policy = strictPolicy,
): Plan {
  const planned = desired.map((table) =>
    planTable(target, table, observed.get(table.name) ?? { status: 'absent' }, policy),
  )
  const refusals = [
    ...(policy.destroy ? refuseProduction(target) : []),
    ...planned.flatMap(({ refusals: ofTable }) => ofTable),
  ]
  const needed = planned.flatMap(({ lines }) => lines)
  return {
    target,
    policy,
    tables: planned.map(({ table }) => table),
    steps: roundsOf(planned.flatMap(({ steps }) => steps)).flat(),
    refusals,
    notices: [
      ...planned.flatMap(({ notices }) => notices),
      // What a refused table needs from `allow` may show only after the refusal is resolved.
      ...(refusals.length > 0 ? [] : noticeUnneededLines(policy, needed)),
    ],
  }
}

interface TablePlan {
  readonly table: PlannedTable
  readonly steps: readonly Step[]
  readonly refusals: readonly Refusal[]
  readonly notices: readonly Notice[]
  /** Of `allow`, that the plan for this table needs. */
  readonly lines: readonly Disruption[]
}

function planTable(target: Target, desired: DesiredTable, observed: ObservedTable, policy: Policy): TablePlan {
  const table = describePlanned(target, desired, observed)
  if (policy.destroy) return { table, ...planDestruction(target, desired, observed), lines: [] }
  const ready = observed.status === 'ready' ? observed : undefined
  const decisions = diffTable(desired, observed).flatMap((difference) => decide(desired, difference))
  const needed = decisions.filter((decision) => 'action' in decision)
  const steps = needed.filter((step) => isAllowed(step, policy))
  const refusals = [
    ...decisions.filter((decision) => 'code' in decision),
    // Only what exists can be disrupted.
    ...(ready === undefined
      ? []
      : needed.flatMap((step) => refuseStep(step, policy, { target, ready, steps: needed }))),
  ]
  // Of a table that is not ours to change nothing more is said: no step of it would ever be taken, and no advice on how
  // to make it fit should be.
  const foreign = refusals.filter(({ code }) => foreignCodes(refusals).includes(code))
  if (foreign.length > 0) return { table, steps: [], refusals: foreign, notices: [], lines: [] }
  const unprotected = unprotectedSettings(target, desired, ready)
  return {
    table,
    steps,
    refusals: [
      ...refusals,
      ...refuseUnprotected(target, desired.name, unprotected, policy),
      ...refuseTooManyTags(desired, ready),
    ],
    notices: ready === undefined ? [] : noticesFor(target, desired, ready, steps),
    lines: [...steps.flatMap(linesNeededBy), ...unprotected.map(({ code }) => code)],
  }
}

/** Refusals of a table that is not ours. Adoption is no way out for one that has another key. */
function foreignCodes(refusals: readonly Refusal[]): readonly Refusal['code'][] {
  const hasOtherKey = refusals.some(({ code }) => code === 'different-keys')
  return hasOtherKey ? ['different-keys', 'change-environment'] : ['change-environment', 'adopt-table']
}

/** Each difference becomes a step or a refusal. What a step takes away is the policy's to judge. */
function decide(desired: DesiredTable, difference: Difference): readonly (Step | Refusal)[] {
  const table = desired.name
  switch (difference.path) {
    case 'existence':
      return [
        {
          action: 'create-table',
          table,
          keys: desired.keys,
          billingMode: desired.billingMode,
          deletionProtection: desired.deletionProtection ?? false,
          tags: tagChanges(desired.tags, new Map()),
        },
      ]
    case 'availability':
      return [{ table, code: 'table-unavailable', ...explainUnavailable(table, difference.from) }]
    case 'keys':
      return [
        {
          table,
          code: 'different-keys',
          reason: `The table "${table}" has the key ${describeKeys(difference.from)}, but its definition asks for ${describeKeys(difference.to)}. DynamoDB cannot change the key of a table.`,
          remedy: `Choose another table-name-prefix, so that new tables are made beside this one; or move the items elsewhere and delete "${table}" by hand.`,
        },
      ]
    case 'environment':
      return [
        {
          action: 'change-environment',
          table,
          from: difference.from,
          to: difference.to,
          tags: difference.changes,
        },
      ]
    case 'adoption':
      return [{ action: 'adopt-table', table, tags: difference.changes }]
    case 'deletionProtection':
      return [
        difference.to
          ? { action: 'enable-deletion-protection', table, from: false, to: true }
          : { action: 'remove-deletion-protection', table, from: true, to: false },
      ]
    case 'tags':
      return [{ action: 'tag-table', table, tags: difference.changes }]
    case 'billingMode':
      return [{ action: 'set-billing-mode', table, from: difference.from, to: difference.to }]
    case 'pointInTimeRecovery': {
      const { from, to } = difference
      return [
        to.enabled
          ? { action: 'set-point-in-time-recovery', table, from, to }
          : { action: 'remove-point-in-time-recovery', table, from, to },
      ]
    }
  }
}

function explainUnavailable(table: string, tableStatus: string): Pick<Refusal, 'reason' | 'remedy'> {
  const reason = `The table "${table}" is ${tableStatus}.`
  switch (tableStatus) {
    case 'DELETING':
      return {
        reason,
        remedy: 'Wait until it is gone, then run again: the table will be created anew, without its items.',
      }
    case 'ARCHIVING':
    case 'ARCHIVED':
      return {
        reason: `${reason} DynamoDB archives a table whose encryption key could not be used for seven days.`,
        remedy: 'Restore the backup that DynamoDB made of it under another name, or delete it by hand, then run again.',
      }
    case 'INACCESSIBLE_ENCRYPTION_CREDENTIALS':
      return {
        reason: `${reason} DynamoDB cannot use the table's KMS key.`,
        remedy: "Enable the KMS key and the table's grant on it again, then run again.",
      }
    case 'REPLICATION_NOT_AUTHORIZED':
      return {
        reason,
        remedy: 'Give the replication role of the global table its permissions back, then run again.',
      }
    default:
      return { reason, remedy: 'Bring it back to ACTIVE, then run again.' }
  }
}

function refuseTooManyTags(desired: DesiredTable, ready: ReadyTable | undefined): readonly Refusal[] {
  const found = [...(ready?.tags.keys() ?? [])].filter((key) => !isAwsTag(key))
  const count = new Set([...found, ...desired.tags.keys()]).size
  if (count <= mostTags) return []
  return [
    {
      table: desired.name,
      code: 'too-many-tags',
      reason: `The table "${desired.name}" would carry ${count} tags: ${desired.tags.size} declared ones beside ${count - desired.tags.size} others. DynamoDB allows ${mostTags}.`,
      remedy: 'Declare fewer tags, or remove tags that nobody needs from the table.',
    },
  ]
}

function noticesFor(
  target: Target,
  desired: DesiredTable,
  ready: ReadyTable,
  steps: readonly Step[],
): readonly Notice[] {
  const table = desired.name
  const notices: Notice[] = [...warnOfReplicas(target, table, ready)]
  if (!isManaged(ready.tags)) {
    notices.push({
      table,
      level: 'notice',
      code: 'adopted',
      message: `The table "${table}" exists already and its keys match: it is adopted, with its items.`,
    })
  }
  if (desired.deletionProtection === undefined && ready.deletionProtection) {
    notices.push({
      table,
      level: 'notice',
      code: 'deletion-protection-kept',
      message: `Deletion protection of "${table}" is on, though its environment does not ask for it. It stays on.`,
    })
  }
  if (desired.pointInTimeRecovery === undefined && ready.pointInTimeRecovery.enabled) {
    notices.push({
      table,
      level: 'notice',
      code: 'point-in-time-recovery-kept',
      message: `Point-in-time recovery of "${table}" is ${describeRecovery(ready.pointInTimeRecovery)}, though its environment does not ask for it. It stays on.`,
    })
  }
  if (steps.some(({ action }) => action === 'remove-point-in-time-recovery')) {
    notices.push({
      table,
      level: 'warning',
      code: 'restore-window-lost',
      message: `Point-in-time recovery of "${table}" is turned off, and its restore window (${describeRecovery(ready.pointInTimeRecovery)}) is lost: turned on again, it begins anew.`,
    })
  }
  return notices
}

function describePlanned(target: Target, desired: DesiredTable, observed: ObservedTable): PlannedTable {
  const { logicalName, name } = desired
  if (observed.status !== 'ready') {
    return { logicalName, name, arn: tableArn(target, name), status: observed.status, unmanaged: [] }
  }
  const undeclaredTags = [...observed.tags]
    .filter(([key]) => !desired.tags.has(key) && !isAwsTag(key))
    .map(([key, value]) => ({ path: `tags.${key}`, value }))
    .sort((left, right) => (left.path < right.path ? -1 : 1))
  return {
    logicalName,
    name,
    arn: observed.arn,
    ...(observed.id === undefined ? {} : { id: observed.id }),
    ...(observed.streamArn === undefined ? {} : { streamArn: observed.streamArn }),
    status: observed.status,
    unmanaged: [...observed.unmanaged, ...undeclaredTags],
  }
}
