/** What is in the way of deleting a table, and the steps that delete it where nothing is. Pure. */

import {
  type DesiredTable,
  describeKeys,
  describeRecovery,
  environmentTag,
  isManaged,
  isSameEnvironment,
  managedByTag,
  type ObservedTable,
  type ReadyTable,
  type Target,
} from '../table/table.ts'
import { diffTable } from './diff.ts'
import type { Notice, Refusal, Step } from './plan.ts'
import { refuseReplicated } from './replicas.ts'

export interface Destruction {
  readonly steps: readonly Step[]
  readonly refusals: readonly Refusal[]
  readonly notices: readonly Notice[]
}

/** Production is never destroyed, whatever is confirmed and whatever its tables say. */
export function refuseProduction({ environment }: Target): readonly Refusal[] {
  if (!environment.production) return []
  return [
    {
      code: 'destroy-in-production',
      reason: `"${environment.name}" is a production environment, whose tables are never deleted by this action.`,
      remedy: `Check the input environment. Tables of production are deleted by hand, or not at all. If "${environment.name}" is not production, set production: false; that is refused for prod, production and the names in production-environments.`,
    },
  ]
}

/** Only a table that is plainly this environment's own, and that nobody protected, is deleted. */
export function planDestruction(target: Target, desired: DesiredTable, observed: ObservedTable): Destruction {
  const table = desired.name
  switch (observed.status) {
    case 'absent':
      return { steps: [], refusals: [], notices: [] }
    case 'unavailable':
      return observed.tableStatus === 'DELETING'
        ? { steps: [], refusals: [], notices: [beingDeleted(table)] }
        : { steps: [], refusals: [unavailable(table, observed.tableStatus)], notices: [] }
    case 'ready': {
      const refusals = refusalsFor(target, desired, observed)
      return refusals.length > 0
        ? { steps: [], refusals, notices: [] }
        : { steps: [{ action: 'delete-table', table }], refusals: [], notices: noticesFor(table, observed) }
    }
  }
}

function refusalsFor(target: Target, desired: DesiredTable, observed: ReadyTable): readonly Refusal[] {
  const table = desired.name
  const wanted = target.environment.name
  const environment = observed.tags.get(environmentTag)
  if (environment !== undefined && !isSameEnvironment(environment, wanted)) {
    return [
      {
        table,
        code: 'destroy-of-other-environment',
        reason: `The table "${table}" belongs to the environment "${environment}", as its tag ${environmentTag} says, but this run is for "${wanted}".`,
        remedy: 'Check environment, table-name-prefix, and that the role leads to the right account.',
      },
    ]
  }
  if (environment === undefined || !isManaged(observed.tags)) {
    return [
      {
        table,
        code: 'destroy-of-untagged',
        reason: `The table "${table}" does not carry both tags, ${environmentTag} and ${managedByTag}, so this action neither created nor adopted it, or its tags were removed.`,
        remedy: `If it belongs to "${wanted}", run command: apply first, which tags it${isManaged(observed.tags) ? '' : ', with this line in allow: adopt-table'}. Else choose another table-name-prefix, or delete the table by hand.`,
      },
    ]
  }
  if (diffTable(desired, observed).some(({ path }) => path === 'keys')) {
    return [
      {
        table,
        code: 'different-keys',
        reason: `The table "${table}" has the key ${describeKeys(observed.keys)}, but its definition has ${describeKeys(desired.keys)}: it is not the table that was declared.`,
        remedy: 'Check table-name-prefix; or delete the table by hand.',
      },
    ]
  }
  return [...refuseProtected(table, observed), ...refuseReplicated(target, table, observed)]
}

function refuseProtected(table: string, { deletionProtection }: ReadyTable): readonly Refusal[] {
  if (!deletionProtection) return []
  return [
    {
      table,
      code: 'destroy-of-protected',
      reason: `The table "${table}" has deletion protection on.`,
      remedy:
        'If it is to go, turn its protection off first: run command: apply with deletion-protection: false and with this line in allow: remove-deletion-protection',
    },
  ]
}

function noticesFor(table: string, observed: ReadyTable): readonly Notice[] {
  const notices: Notice[] = []
  if (observed.pointInTimeRecovery.enabled) {
    notices.push({
      table,
      level: 'notice',
      code: 'system-backup-stays',
      message: `Point-in-time recovery of "${table}" is ${describeRecovery(observed.pointInTimeRecovery)}, so AWS keeps a system backup of it for 35 days after it is deleted, from which it can be restored.`,
    })
  }
  return notices
}

function beingDeleted(table: string): Notice {
  return { table, level: 'notice', code: 'being-deleted', message: `The table "${table}" is being deleted already.` }
}

function unavailable(table: string, tableStatus: string): Refusal {
  return {
    table,
    code: 'table-unavailable',
    reason: `The table "${table}" is ${tableStatus}, so it cannot be told whose it is.`,
    remedy: 'Bring it back to ACTIVE and run again, or delete it by hand.',
  }
}
