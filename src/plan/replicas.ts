/** Replicas of a table in other regions: refusals and warnings. */
import { isTransient } from '../table/described-table.ts'
import type { ReadyTable, Replica } from '../table/table.ts'
import type { Target } from '../table/target.ts'
import type { Notice, Refusal } from './plan.ts'

/**
 * Refuses to delete a table that has replicas. DeleteTable deletes the table of one region: the replicas would stay, with
 * their items and their cost, and no run of this action would find them.
 */
export function refuseReplicated({ region }: Target, table: string, { replicas }: ReadyTable): readonly Refusal[] {
  const staying = replicas.filter(({ status }) => status !== 'DELETING')
  const [first] = staying
  if (first === undefined) return []
  return [
    {
      table,
      code: 'destroy-of-replicated',
      reason: `The table "${table}" has replicas that would stay when it is deleted: ${staying.map(({ region: where, status }) => `${where} (${status})`).join(', ')}.`,
      remedy: `Delete the replicas first, one at a time, and run again when they are gone: ${deletionOf(first, table, region)}`,
    },
  ]
}

/** A warning for each replica in a state that does not end by itself. */
export function warnOfReplicas({ region }: Target, table: string, { replicas }: ReadyTable): readonly Notice[] {
  return replicas
    .filter(({ status }) => status !== 'ACTIVE' && !isTransient(status))
    .map((replica) => ({
      table,
      level: 'warning',
      code: 'replica-unavailable',
      message: `The replica of "${table}" in ${replica.region} is ${replica.status}, a state that does not end by itself. ${adviceFor(replica, table, region)}`,
    }))
}

function adviceFor(replica: Replica, table: string, region: string): string {
  switch (replica.status) {
    case 'CREATION_FAILED':
      return `DynamoDB could not create it. Delete it, then add it again: ${deletionOf(replica, table, region)}`
    case 'REGION_DISABLED':
      return `Enable the region ${replica.region} in the account again. After 20 hours DynamoDB takes the replica out of the global table, and no longer replicates to it.`
    default:
      return 'Check the replica in the AWS console.'
  }
}

function deletionOf(replica: Replica, table: string, region: string): string {
  return `aws dynamodb update-table --table-name ${table} --region ${region} --replica-updates "Delete={RegionName=${replica.region}}"`
}
