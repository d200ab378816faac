/** The deletion of tables: its refusals, and the step for a table that may be deleted. */
import { isProductionByRule } from '../definition/production.ts'
import { describeKeys } from '../table/properties/key-schema.ts'
import { describeRecovery } from '../table/properties/point-in-time-recovery.ts'
import {
  describeOtherEnvironment,
  environmentTag,
  isManaged,
  isOfOtherEnvironment,
  managedByTag,
  tagValue,
} from '../table/properties/tags.ts'
import type { ObservedTable, ReadyTable, TableDefinition } from '../table/table.ts'
import type { Target } from '../table/target.ts'
import type { Notice, Plan, Refusal } from './plan.ts'
import { refuseReplicated } from './replicas.ts'

/** The parts of the plan that are not empty. */
type Destruction = Partial<Pick<Plan, 'steps' | 'refusals' | 'notices'>>

/** Production is never deleted, whatever is confirmed and whatever its tags say. */
export function refuseProduction({ environment }: Target): readonly Refusal[] {
  if (!environment.production) return []
  const { name } = environment
  const remedyForName = isProductionByRule(name)
    ? ''
    : ` If "${name}" is not production, set production: false, and take the name out of production-environments.`
  return [
    {
      code: 'destroy-in-production',
      reason: `"${name}" is a production environment, whose tables are never deleted by this action.`,
      remedy: `Check the input environment. Tables of production are deleted by hand, or not at all.${remedyForName}`,
    },
  ]
}

/**
 * Plans the deletion of a table. Refuses it unless the table has both tags of this action, belongs to this environment,
 * has the defined key, no deletion protection and no replicas.
 */
export function planDestruction(target: Target, definition: TableDefinition, observed: ObservedTable): Destruction {
  const table = definition.name
  switch (observed.status) {
    case 'absent':
      return {}
    case 'unavailable':
      return observed.tableStatus === 'DELETING'
        ? { notices: [beingDeleted(table)] }
        : { refusals: [refuseUnknownOwner(table, observed.tableStatus)] }
    case 'ready': {
      const refusals = refuseReady(target, definition, observed)
      if (refusals.length > 0) return { refusals }
      return { steps: [{ kind: 'delete', table }], notices: noticesFor(table, observed) }
    }
  }
}

function refuseReady(target: Target, definition: TableDefinition, observed: ReadyTable): readonly Refusal[] {
  const foreign = refuseForeign(target, definition, observed)
  if (foreign !== undefined) return [foreign]
  return [...refuseProtected(definition.name, observed), ...refuseReplicated(target, definition.name, observed)]
}

/** Refuses a table that is not the defined one of this environment. */
function refuseForeign(
  { environment }: Target,
  { name: table, properties: { KeySchema: definedKeys } }: TableDefinition,
  { properties: { KeySchema: keys, Tags: tags } }: ReadyTable,
): Refusal | undefined {
  if (isOfOtherEnvironment(tags, environment.name)) {
    return {
      table,
      code: 'destroy-of-other-environment',
      reason: describeOtherEnvironment(table, tags, environment.name),
      remedy: 'Check environment, table-name-prefix, and that the role leads to the right account.',
    }
  }
  if (tagValue(tags, environmentTag) === undefined || !isManaged(tags)) {
    return {
      table,
      code: 'destroy-of-untagged',
      reason: `The table "${table}" does not carry both tags, ${environmentTag} and ${managedByTag}, so this action neither created nor adopted it, or its tags were removed.`,
      remedy: `If it belongs to "${environment.name}", run command: apply first, which tags it${isManaged(tags) ? '' : ', with this line in allow: adopt-table'}. Else choose another table-name-prefix, or delete the table by hand.`,
    }
  }
  if (describeKeys(definedKeys) !== describeKeys(keys)) {
    return {
      table,
      code: 'destroy-of-other-key',
      reason: `The table "${table}" has the key ${describeKeys(keys)}, but its definition has ${describeKeys(definedKeys)}: it is not the defined table.`,
      remedy: 'Check table-name-prefix; or delete the table by hand.',
    }
  }
  return undefined
}

function refuseProtected(table: string, { properties }: ReadyTable): readonly Refusal[] {
  if (!properties.DeletionProtectionEnabled) return []
  return [
    {
      table,
      code: 'destroy-of-protected',
      reason: `The table "${table}" has deletion protection on.`,
      remedy:
        'To delete it, turn its protection off first: run command: apply with DeletionProtectionEnabled: false in the definition file, or without a file with the input deletion-protection: false, and with this line in allow: remove-deletion-protection',
    },
  ]
}

function noticesFor(table: string, { properties }: ReadyTable): readonly Notice[] {
  const recovery = properties.PointInTimeRecoverySpecification
  if (!recovery?.PointInTimeRecoveryEnabled) return []
  return [
    {
      table,
      level: 'notice',
      code: 'system-backup-stays',
      message: `Point-in-time recovery of "${table}" is ${describeRecovery(recovery)}, so AWS keeps a system backup of it for 35 days after the deletion. The table can be restored from that backup.`,
    },
  ]
}

function beingDeleted(table: string): Notice {
  return { table, level: 'notice', code: 'being-deleted', message: `The table "${table}" is being deleted already.` }
}

function refuseUnknownOwner(table: string, tableStatus: string): Refusal {
  return {
    table,
    code: 'table-unavailable',
    reason: `The table "${table}" is ${tableStatus}, so its tags cannot show who owns it.`,
    remedy: 'Bring it back to ACTIVE and run again, or delete it by hand.',
  }
}
