/** Settings that someone else may have made, and that a run only reports. */
import type { Replica } from './table.ts'

/** A setting that DynamoDB reports, that no definition mentions, and that differs from a new table's. */
export interface UnmanagedSetting {
  /** Such as `tableClass`. */
  readonly path: string
  readonly value: string
}

export function readUnmanaged(replicas: readonly Replica[]): readonly UnmanagedSetting[] {
  return replicas
    .filter(({ status }) => status !== 'DELETING')
    .map(({ region }) => ({ path: 'replica', value: region }))
}
