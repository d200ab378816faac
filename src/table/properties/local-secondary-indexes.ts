import type { TableDescription } from '@aws-sdk/client-dynamodb'
import * as v from 'valibot'
import type { Impossible, Property } from '../property.ts'
import {
  declaredIndexMembers,
  describeIndex,
  hasDistinctNames,
  indexesNotIn,
  indexInput,
  indexMembers,
  isSameIndex,
  keyDefinitions,
  normalizeIndex,
  readIndex,
  type SecondaryIndex,
  sortByName,
} from '../secondary-index.ts'

/** Sorted by name. */
export type LocalIndexes = readonly SecondaryIndex[]

const declaredIndexes = v.array(v.strictObject(declaredIndexMembers))

/** The local secondary indexes, which have the partition key of the table. DynamoDB fixes them at creation. */
export const localSecondaryIndexes: Property<'LocalSecondaryIndexes', LocalIndexes> = {
  name: 'LocalSecondaryIndexes',
  description: 'Local secondary indexes: keys and projection of each. Fixed at creation.',
  schema: v.pipe(
    v.array(v.strictObject(indexMembers)),
    v.check((indexes) => hasDistinctNames(indexes), 'each IndexName once'),
  ),
  declaration: {
    fields: { LocalSecondaryIndexes: declaredIndexes },
    normalize: ({ LocalSecondaryIndexes }, types) =>
      sortByName((LocalSecondaryIndexes as DeclaredIndexes).map((index) => normalizeIndex(index, types))),
  },
  reading: { kind: 'described', of: readIndexes },
  creation: {
    kind: 'in-create-table',
    input: (indexes) =>
      // DynamoDB refuses an empty list.
      indexes.length === 0
        ? {}
        : { LocalSecondaryIndexes: indexes.map(indexInput), AttributeDefinitions: keyDefinitions(indexes) },
  },
  changes: (from, to, { table }) => to.flatMap((declared) => refuseDifference(table, from, declared)),
  settings: (indexes) =>
    indexes.map((index) => ({ group: 'local index', name: index.IndexName, value: describeIndex(index) })),
  unmanaged: (observed, declared = []) =>
    indexesNotIn(observed, declared).map(({ IndexName }) => ({ path: 'localIndex', value: IndexName })),
  blockedBy: () => [],
  actions: { read: ['dynamodb:DescribeTable'], write: [] },
}

type DeclaredIndexes = v.InferOutput<typeof declaredIndexes>

function readIndexes({ LocalSecondaryIndexes = [], AttributeDefinitions }: TableDescription): unknown {
  return sortByName(LocalSecondaryIndexes.map((index) => readIndex(index, AttributeDefinitions)))
}

function refuseDifference(table: string, observed: LocalIndexes, declared: SecondaryIndex): readonly Impossible[] {
  const { IndexName } = declared
  const present = observed.find((index) => index.IndexName === IndexName)
  if (present !== undefined && isSameIndex(present, declared)) return []
  return [
    {
      kind: 'impossible',
      reason: `The definition of "${table}" declares the local index "${IndexName}" with ${describeIndex(declared)}, but the table has ${present === undefined ? 'no such index' : `it with ${describeIndex(present)}`}. DynamoDB fixes local indexes when it creates a table.`,
      remedy: `${present === undefined ? `Remove "${IndexName}" from the definition` : 'Declare the index as it is'}, or declare a global index instead. For the local index choose another table-name-prefix, so that new tables are created beside this one.`,
    },
  ]
}
