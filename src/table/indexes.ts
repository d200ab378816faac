/** The secondary indexes of a table, global and local ones in one form. */
import type { KeySchema } from './properties/key-schema.ts'
import type { TableValues } from './table.ts'

export interface TableIndex {
  readonly name: string
  /** The partition key, which may have several attributes, then the sort key. */
  readonly keys: KeySchema
  /** A local index can be read consistently, and has the partition key of the table. */
  readonly isLocal: boolean
}

/** The indexes in the values of a definition or of an observed table: global ones, then local ones. */
export function indexesOf(values: Partial<TableValues>): readonly TableIndex[] {
  const { GlobalSecondaryIndexes = [], LocalSecondaryIndexes = [] } = values as IndexValues
  const read = (isLocal: boolean) => (index: IndexValue) => ({ name: index.IndexName, keys: index.KeySchema, isLocal })
  return [...GlobalSecondaryIndexes.map(read(false)), ...LocalSecondaryIndexes.map(read(true))]
}

interface IndexValue {
  readonly IndexName: string
  readonly KeySchema: KeySchema
}

interface IndexValues {
  readonly GlobalSecondaryIndexes?: readonly IndexValue[]
  readonly LocalSecondaryIndexes?: readonly IndexValue[]
}

/** The names of the attributes that make up a partition key. */
export function partitionKeyOf(keys: KeySchema): readonly string[] {
  return keys.flatMap(({ AttributeName, KeyType }) => (KeyType === 'HASH' ? [AttributeName] : []))
}
