/** Settings that someone else may have made, and that a run only reports. */
import type { TableDescription } from '@aws-sdk/client-dynamodb'
import type { Replica } from './table.ts'

/** A setting that DynamoDB reports, that no definition mentions, and that differs from a new table's. */
export interface UnmanagedSetting {
  /** Such as `globalIndex`. */
  readonly path: string
  readonly value: string
}

/** In a fixed order. */
export function readUnmanaged(table: TableDescription, replicas: readonly Replica[]): readonly UnmanagedSetting[] {
  const names = (indexes: readonly { IndexName?: string | undefined }[] = []) =>
    indexes.map(({ IndexName }) => String(IndexName)).sort()
  const settings: readonly (readonly [string, string])[] = [
    ...names(table.GlobalSecondaryIndexes).map((name) => ['globalIndex', name] as const),
    ...names(table.LocalSecondaryIndexes).map((name) => ['localIndex', name] as const),
    ...replicas.filter(({ status }) => status !== 'DELETING').map(({ region }) => ['replica', region] as const),
  ]
  return settings.map(([path, value]) => ({ path, value }))
}
