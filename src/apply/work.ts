/** The input of an apply, and the identity of the tables in it. */
import type { DynamoDb } from '../aws/dynamodb.ts'
import type { Plan } from '../plan/plan.ts'
import type { Run } from '../run/run.ts'
import type { ChangeInProgress, ObservedTable, TableDefinition } from '../table/table.ts'
import type { Target } from '../table/target.ts'
import type { Observation } from './observe.ts'

export interface Work extends Observation {
  readonly dynamoDb: DynamoDb
  readonly target: Target
  readonly definitions: readonly TableDefinition[]
  readonly plan: Plan
  /** False: the run ends when the last build of an index has begun, and the next run carries on. */
  readonly waitForIndexes: boolean
  readonly run: Run
}

/** DynamoDB's TableId; undefined if the table does not exist, or if the endpoint gives none. */
export function idOf(table: ObservedTable | undefined): string | undefined {
  return table === undefined || table.status === 'absent' ? undefined : table.id
}

export function changesInProgressOn(table: ObservedTable | undefined): readonly ChangeInProgress[] {
  return table?.status === 'ready' ? table.changesInProgress : []
}

/** Returns true if someone deleted the planned table and created another one of its name. */
export function isReplaced(work: Work, table: string, observed: ObservedTable | undefined): boolean {
  const before = idOf(work.observed.get(table))
  return before !== undefined && observed?.status === 'ready' && observed.id !== before
}
