/** Settings that someone else may have made, and that a run only reports. */
import type { TableDescription } from '@aws-sdk/client-dynamodb'
import type { Replica } from './table.ts'

/** A setting that DynamoDB reports, that no definition mentions, and that differs from a new table's. */
export interface UnmanagedSetting {
  /** Such as `tableClass`. */
  readonly path: string
  readonly value: string
}

/** In a fixed order. */
export function readUnmanaged(table: TableDescription, replicas: readonly Replica[]): readonly UnmanagedSetting[] {
  const { StreamSpecification: stream, TableClassSummary: tableClass, SSEDescription: encryption } = table
  const settings: readonly (readonly [string, string | undefined])[] = [
    ['stream', stream?.StreamEnabled ? stream.StreamViewType : undefined],
    ['tableClass', tableClass?.TableClass === 'STANDARD' ? undefined : tableClass?.TableClass],
    ['encryptionKey', encryption?.KMSMasterKeyArn],
    ...replicas.filter(({ status }) => status !== 'DELETING').map(({ region }) => ['replica', region] as const),
  ]
  return settings.flatMap(([path, value]) => (value === undefined ? [] : [{ path, value }]))
}
