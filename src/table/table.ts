/** A table as it is declared, and as AWS holds it. Both in one normal form: a value for each property. */
import type { PropertyValues } from './properties/index.ts'
import type { Blocker } from './property.ts'
import type { UnmanagedSetting } from './unmanaged.ts'

/** The values of a table. In a definition an omitted property is left as AWS has it: omitted is not `false`. */
export type TableValues = Pick<PropertyValues, 'KeySchema' | 'Tags'> & Partial<PropertyValues>

/** The definition of a table: the values that it must have. */
export interface TableDefinition {
  /** The name by which outputs know the table, such as `users`. */
  readonly logicalName: string
  /** The name in DynamoDB, prefix included. */
  readonly name: string
  readonly properties: TableValues
  /** The same in the words of CloudFormation, with every layer of the definition. */
  readonly fields: Readonly<Record<string, unknown>>
}

/** A copy of the table in another region. DynamoDB replicates every change of an item between the two. */
export interface Replica {
  readonly region: string
  /** DynamoDB's ReplicaStatus. */
  readonly status: string
}

/** A change that goes on beside the status of the table itself, which is ACTIVE meanwhile. */
export interface ChangeInProgress {
  readonly part: Exclude<Blocker, 'table'>
  /** The name of the index, or the region of the replica. */
  readonly name?: string
  /** DynamoDB's status, such as `CREATING`. */
  readonly status: string
}

/** An existing table whose settings can be read and changed. */
export interface ReadyTable {
  readonly status: 'ready'
  readonly arn: string
  /** DynamoDB's TableId. Absent if the endpoint gives none (moto). */
  readonly id?: string
  /** Milliseconds since the epoch. Absent if the endpoint gives none. */
  readonly createdAt?: number
  readonly streamArn?: string
  readonly properties: TableValues
  /** Sorted by region. */
  readonly replicas: readonly Replica[]
  readonly changesInProgress: readonly ChangeInProgress[]
  readonly unmanaged: readonly UnmanagedSetting[]
}

export type ObservedTable =
  | { readonly status: 'absent' }
  | ReadyTable
  /** A state that does not end by itself, such as ARCHIVED, or DELETING, which ends with the table gone. */
  | { readonly status: 'unavailable'; readonly tableStatus: string; readonly id?: string }

/** Observed tables by their full name. */
export type ObservedTables = ReadonlyMap<string, ObservedTable>
