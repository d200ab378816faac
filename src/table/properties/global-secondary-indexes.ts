import type { GlobalSecondaryIndex, GlobalSecondaryIndexDescription, TableDescription } from '@aws-sdk/client-dynamodb'
import * as v from 'valibot'
import { longestRunSeconds } from '../../run/run.ts'
import { listSome } from '../../text/readable.ts'
import { indexesOf } from '../indexes.ts'
import type { Change, Comparison, Impossible, Property, Situation, ValueChange } from '../property.ts'
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
  orderIndex,
  readIndex,
  type SecondaryIndex,
  sortByName,
} from '../secondary-index.ts'
import type { ChangeInProgress, TableValues } from '../table.ts'
import {
  changedMaximums,
  describeThroughput,
  initialMaximums,
  isSameThroughput,
  maximumSettings,
  type OnDemandThroughput,
  onDemandThroughputSchema,
  readOnDemandThroughput,
  type Throughput,
  throughputSchema,
} from '../throughput.ts'
import { isProvisioned, isSwitchToProvisioned } from './billing-mode.ts'

/** A global index. Sorted by name in a value. */
export interface GlobalIndex extends SecondaryIndex {
  /** Present on a provisioned table. In a definition an absent throughput is left as AWS has it. */
  readonly ProvisionedThroughput?: Throughput | undefined
  /** Present on an on-demand table. */
  readonly OnDemandThroughput?: OnDemandThroughput | undefined
}

export type GlobalIndexes = readonly GlobalIndex[]

/** The most global indexes of a table. The quota of an account may be higher. */
const mostIndexes = 20

const throughputMembers = {
  ProvisionedThroughput: v.optional(throughputSchema),
  OnDemandThroughput: v.optional(onDemandThroughputSchema),
}

const declaredIndexes = v.array(v.strictObject({ ...declaredIndexMembers, ...throughputMembers }))

/** The wait for the build of an index. Measured on AWS: 507 to 1003 s, also for an empty table. */
export const indexBuild = {
  usual: '8 to 17 minutes, longer with many items',
  interval: 12,
  timeout: longestRunSeconds,
}

/**
 * The global secondary indexes. An index that is on the table but not in a declared list stays, and is reported; so does
 * every index of a table whose definition has no list.
 *
 * Keys and projection of an index are fixed. DynamoDB builds or deletes one index of a table at a time. A table answers
 * reads and writes meanwhile.
 */
export const globalSecondaryIndexes: Property<'GlobalSecondaryIndexes', GlobalIndexes> = {
  name: 'GlobalSecondaryIndexes',
  description:
    'Global secondary indexes: keys, projection and throughput of each. On an existing table, one is built or deleted after the other.',
  schema: v.pipe(
    v.array(v.strictObject({ ...indexMembers, ...throughputMembers })),
    v.check((indexes) => hasDistinctNames(indexes), 'each IndexName once'),
  ),
  declaration: {
    fields: { GlobalSecondaryIndexes: declaredIndexes },
    normalize: ({ GlobalSecondaryIndexes }, types) =>
      sortByName(
        (GlobalSecondaryIndexes as DeclaredIndexes).map((index) =>
          orderMembers({ ...index, ...normalizeIndex(index, types) }),
        ),
      ),
  },
  reading: { kind: 'described', of: readIndexes },
  creation: {
    kind: 'in-create-table',
    input: (indexes) =>
      // DynamoDB refuses an empty list.
      indexes.length === 0
        ? {}
        : { GlobalSecondaryIndexes: indexes.map(inputOf), AttributeDefinitions: keyDefinitions(indexes) },
  },
  changes: changesOf,
  request: ({ name: TableName }, change) => ({
    operation: 'UpdateTable',
    input: { TableName, ...updateFor(change) },
  }),
  settings: (indexes) =>
    indexes.map((index) => ({ group: 'index', name: index.IndexName, value: describeWithThroughput(index) })),
  part: partOf,
  unmanaged: (observed, declared = []) =>
    indexesNotIn(observed, declared).map(({ IndexName }) => ({ path: 'globalIndex', value: IndexName })),
  // DynamoDB changes the throughput of one index while it builds or deletes another.
  blockedBy: (change) => (isThroughputChange(change) ? ['replica'] : ['table', 'index', 'replica']),
  follows: ['BillingMode'],
  waits: [
    {
      appliesTo: ({ from }) => from.length === 0,
      part: 'index',
      isIndexBuild: true,
      goal: 'build its index',
      // An emulator builds an index at once.
      firstPoll: 1,
      ...indexBuild,
    },
    {
      appliesTo: ({ to }) => to.length === 0,
      part: 'index',
      goal: 'delete its index',
      usual: '3 to 6 s',
      firstPoll: 2,
      timeout: 600,
    },
    { part: 'index', goal: 'change the throughput of its index', usual: '2 to 6 s', firstPoll: 2, timeout: 600 },
  ],
  actions: { read: ['dynamodb:DescribeTable'], write: ['dynamodb:UpdateTable'] },
  budget: {
    limit: 'four decreases of the units of an index a day (UTC), then one an hour',
    isSpent: /^LimitExceededException: .*decreases are limited within/is,
  },
  disruptions: [
    {
      name: 'rebuild-index',
      purpose: 'to delete the index and build it again under its name, while queries of it fail',
      explain: explainRebuild,
    },
    {
      name: 'delete-index',
      purpose: 'to delete the indexes that the definition lacks',
      condition:
        'An index is deleted if the definition declares GlobalSecondaryIndexes without it: [] deletes every index.',
      explain: explainFullTable,
    },
  ],
}

type DeclaredIndexes = v.InferOutput<typeof declaredIndexes>

/** The index with its members in the order that makes equal indexes equal as JSON. */
function orderMembers(index: GlobalIndex): GlobalIndex {
  const { ProvisionedThroughput, OnDemandThroughput } = index
  return {
    ...orderIndex(index),
    ...(ProvisionedThroughput === undefined ? {} : { ProvisionedThroughput }),
    ...(OnDemandThroughput === undefined ? {} : { OnDemandThroughput }),
  }
}

/** An index that is DELETING counts as absent, and one that is CREATING as present. */
function readIndexes({ GlobalSecondaryIndexes = [], AttributeDefinitions }: TableDescription): unknown {
  return sortByName(
    GlobalSecondaryIndexes.filter(({ IndexStatus }) => IndexStatus !== 'DELETING').map((index) => ({
      ...readIndex(index, AttributeDefinitions),
      ...readThroughputOf(index),
    })),
  )
}

/** On demand, DynamoDB shows zero provisioned units, and moto none. */
function readThroughputOf({ ProvisionedThroughput = {}, OnDemandThroughput }: GlobalSecondaryIndexDescription) {
  const { ReadCapacityUnits, WriteCapacityUnits } = ProvisionedThroughput
  return ReadCapacityUnits
    ? { ProvisionedThroughput: { ReadCapacityUnits, WriteCapacityUnits } }
    : { OnDemandThroughput: readOnDemandThroughput(OnDemandThroughput) }
}

function inputOf(index: GlobalIndex): GlobalSecondaryIndex {
  const { ProvisionedThroughput, OnDemandThroughput = {} } = index
  const maximums = initialMaximums(OnDemandThroughput)
  return {
    ...indexInput(index),
    ...(ProvisionedThroughput === undefined ? {} : { ProvisionedThroughput: { ...ProvisionedThroughput } }),
    ...(maximums === undefined ? {} : { OnDemandThroughput: maximums }),
  }
}

/** One UpdateTable creates or deletes one index. The types of the keys are sent again: only a creation uses them. */
function updateFor({ from: [before], to: [after] }: ValueChange<GlobalIndexes>) {
  if (after === undefined) {
    return { GlobalSecondaryIndexUpdates: [{ Delete: { IndexName: before?.IndexName } }] }
  }
  if (before === undefined) {
    return {
      AttributeDefinitions: keyDefinitions([after]),
      GlobalSecondaryIndexUpdates: [{ Create: inputOf(after) }],
    }
  }
  const { IndexName, ProvisionedThroughput } = after
  const maximums = changedMaximums(before.OnDemandThroughput ?? {}, after.OnDemandThroughput ?? {})
  return {
    GlobalSecondaryIndexUpdates: [
      {
        Update: {
          IndexName,
          ...(ProvisionedThroughput === undefined ? {} : { ProvisionedThroughput: { ...ProvisionedThroughput } }),
          ...(maximums === undefined ? {} : { OnDemandThroughput: maximums.to }),
        },
      },
    ],
  }
}

function isThroughputChange({ from, to }: ValueChange<GlobalIndexes>): boolean {
  return from.length > 0 && to.length > 0
}

function partOf({ from, to }: ValueChange<GlobalIndexes>): string {
  return [...to, ...from].map(({ IndexName }) => IndexName)[0] ?? ''
}

/** A declared index, and the index of its name on the table as it is when the changes of indexes begin. */
interface Pair {
  readonly declared: GlobalIndex
  readonly present: GlobalIndex
}

/**
 * Changes of throughput, then creations, then deletions, so that queries that move from one index to another find one of
 * the two. A rebuild under the same name deletes first, and so does a table that has no room for another index.
 */
function changesOf(
  from: GlobalIndexes,
  to: GlobalIndexes,
  comparison: Comparison,
): readonly (Change<GlobalIndexes> | Impossible)[] {
  const pairs = to.flatMap((declared) =>
    from
      .filter(({ IndexName }) => IndexName === declared.IndexName)
      .map((index) => ({ declared, present: afterBillingMode(index, declared, comparison) })),
  )
  const created = indexesNotIn(to, from)
  const rebuilt = pairs.filter(({ declared, present }) => !isSameIndex(declared, present))
  const built = [...created, ...rebuilt.map(({ declared }) => declared)]
  const kept = pairs.filter((pair) => !rebuilt.includes(pair))
  const undeclared = indexesNotIn(from, to)
  const impossible = [
    ...built.flatMap((index) => [...refuseBuild(index, comparison), ...refuseKeyTypes(index, undeclared, comparison)]),
    ...kept.flatMap((pair) => refuseThroughput(pair, comparison)),
  ]
  if (impossible.length > 0) return impossible
  const isFull = from.length + created.length > mostIndexes
  const deletions = undeclared.map((index, position) =>
    deletionOf(index, 'delete-index', !isFull || position > 0, comparison),
  )
  const deletionOfRebuilt = ({ present }: Pair) => deletionOf(present, 'rebuild-index', false, comparison)
  const inTheWay = rebuilt.filter((pair) => isInTheWay(pair, built))
  return [
    ...kept.flatMap(throughputChange),
    ...(isFull ? deletions : []),
    ...inTheWay.map(deletionOfRebuilt),
    ...created.map(creationOf),
    ...rebuilt.flatMap((pair) => [
      ...(inTheWay.includes(pair) ? [] : [deletionOfRebuilt(pair)]),
      creationOf(pair.declared),
    ]),
    ...(isFull ? [] : deletions),
  ]
}

/**
 * The index after the change of billing mode that comes first, if there is one. To provisioned, that change sets the
 * units of every index; to on demand, the maximums are gone.
 */
function afterBillingMode(
  index: GlobalIndex,
  { ProvisionedThroughput }: GlobalIndex,
  comparison: Comparison,
): GlobalIndex {
  if (isSwitchToProvisioned(comparison)) return { ...orderIndex(index), ProvisionedThroughput }
  const isOnDemand = comparison.declared.BillingMode === 'PAY_PER_REQUEST'
  return isOnDemand && index.ProvisionedThroughput !== undefined
    ? { ...orderIndex(index), OnDemandThroughput: readOnDemandThroughput() }
    : index
}

/** @returns true if the table has provisioned capacity when the changes of indexes begin */
function isTableProvisioned({ declared, observed }: Comparison): boolean {
  return isProvisioned(declared.BillingMode ?? observed.BillingMode)
}

function creationOf(index: GlobalIndex): Change<GlobalIndexes> {
  return { kind: 'update', from: [], to: [orderMembers(index)], risk: 'slow' }
}

/**
 * The deletion of an index, as a step without its throughput: an earlier step or another run may change that.
 *
 * @param isOptional true unless the table has no room for a declared index before this deletion
 */
function deletionOf(
  index: GlobalIndex,
  disruption: 'delete-index' | 'rebuild-index',
  isOptional: boolean,
  { table }: Comparison,
): Change<GlobalIndexes> {
  const consequence =
    disruption === 'delete-index'
      ? 'is deleted: queries of it fail from then on'
      : `is deleted and built again: queries of it fail until it is built, which usually takes ${indexBuild.usual}`
  return {
    kind: 'update',
    from: [orderIndex(index)],
    to: [],
    risk: { allow: [disruption] },
    ...(isOptional ? { isOptional } : {}),
    warning: `The index "${index.IndexName}" of "${table}" ${consequence}.`,
  }
}

/** Both throughputs are compared only where they are declared: DynamoDB refuses units that do not change. */
function throughputChange({ declared, present }: Pair): readonly Change<GlobalIndexes>[] {
  const units = declared.ProvisionedThroughput
  const hasOtherUnits = units !== undefined && !isSameThroughput(present.ProvisionedThroughput, units)
  const maximums = changedMaximums(present.OnDemandThroughput ?? {}, declared.OnDemandThroughput ?? {})
  if (!hasOtherUnits && maximums === undefined) return []
  const [from, to] = hasOtherUnits
    ? [{ ProvisionedThroughput: present.ProvisionedThroughput }, { ProvisionedThroughput: units }]
    : [{ OnDemandThroughput: maximums?.from }, { OnDemandThroughput: maximums?.to }]
  const index = orderIndex(present)
  return [{ kind: 'update', from: [{ ...index, ...from }], to: [{ ...index, ...to }], risk: 'safe' }]
}

/** A new index takes the kind of throughput that the table has when it is built. */
function refuseBuild(index: GlobalIndex, comparison: Comparison): readonly Impossible[] {
  const { IndexName, ProvisionedThroughput, OnDemandThroughput = {} } = index
  if (isTableProvisioned(comparison) && ProvisionedThroughput === undefined) {
    return [
      {
        kind: 'impossible',
        reason: `The table "${comparison.table}" has provisioned capacity, but its definition declares no ProvisionedThroughput for the new index "${IndexName}". DynamoDB builds an index of such a table only with units of its own.`,
        remedy: `Declare ProvisionedThroughput for "${IndexName}" and for the table, or declare BillingMode: PAY_PER_REQUEST.`,
      },
    ]
  }
  const present = { ...orderIndex(index), ...(isTableProvisioned(comparison) ? { ProvisionedThroughput } : {}) }
  return refuseThroughput({ declared: { ...index, OnDemandThroughput }, present }, comparison)
}

/** Refuses a throughput of the other billing mode, which DynamoDB does not accept. */
function refuseThroughput({ declared, present }: Pair, comparison: Comparison): readonly Impossible[] {
  const { IndexName, ProvisionedThroughput, OnDemandThroughput = {} } = declared
  const isOnDemand = !isTableProvisioned(comparison)
  const hasOther = isOnDemand
    ? ProvisionedThroughput !== undefined && !isSameThroughput(present.ProvisionedThroughput, ProvisionedThroughput)
    : changedMaximums(present.OnDemandThroughput ?? {}, OnDemandThroughput) !== undefined
  if (!hasOther) return []
  const [has, name, mode] = isOnDemand
    ? (['is on demand', 'ProvisionedThroughput', 'PROVISIONED, with ProvisionedThroughput for the table'] as const)
    : (['has provisioned capacity', 'OnDemandThroughput', 'PAY_PER_REQUEST'] as const)
  return [
    {
      kind: 'impossible',
      reason: `The table "${comparison.table}" ${has}, but its definition declares ${name} for the index "${IndexName}". DynamoDB does not accept it.`,
      remedy: `Declare BillingMode: ${mode}, or remove ${name} of the index from the definition.`,
    },
  ]
}

/**
 * Refuses a key attribute whose type another index gives otherwise. DynamoDB keeps one type for each attribute of a
 * table, and ignores another one without an error: the new index would get the wrong key.
 */
function refuseKeyTypes(
  index: GlobalIndex,
  staying: GlobalIndexes,
  { table, observed }: Comparison,
): readonly Impossible[] {
  const { LocalSecondaryIndexes: local = [] } = observed
  return index.KeySchema.flatMap(({ AttributeName, AttributeType }) => {
    const other = [...staying, ...local].find((each) => typeIn(each, AttributeName, AttributeType) !== AttributeType)
    if (other === undefined) return []
    const type = typeIn(other, AttributeName, AttributeType)
    const isGlobal = !local.includes(other)
    return [
      {
        kind: 'impossible',
        reason: `The definition of "${table}" declares the attribute "${AttributeName}" with the type ${AttributeType} for the index "${index.IndexName}", but the index "${other.IndexName}" of the table has it with the type ${type}. DynamoDB keeps one type for each attribute.`,
        remedy: `Declare the type ${type}, or another attribute${isGlobal ? `; or delete the index "${other.IndexName}" by hand, then run again` : ''}.`,
      },
    ]
  })
}

function typeIn(index: SecondaryIndex, attribute: string, otherwise: string): string {
  return index.KeySchema.find(({ AttributeName }) => AttributeName === attribute)?.AttributeType ?? otherwise
}

/** Returns true if the old keys give an attribute another type than a new index does, so that they must go first. */
function isInTheWay({ declared, present }: Pair, built: GlobalIndexes): boolean {
  return built.some(
    (index) =>
      index !== declared &&
      index.KeySchema.some(
        ({ AttributeName, AttributeType }) => typeIn(present, AttributeName, AttributeType) !== AttributeType,
      ),
  )
}

function explainRebuild({ table, observed, change, comparison }: Situation<GlobalIndexes>) {
  const name = partOf(change)
  const [before, after] = [observed, comparison.declared.GlobalSecondaryIndexes ?? []].map((indexes) =>
    indexes.filter(({ IndexName }) => IndexName === name).map(describeIndex),
  )
  return {
    reason: `The index "${name}" of "${table}" has ${before}, but its definition declares ${after}. DynamoDB can change neither keys nor projection of an index.`,
    remedy: `Declare "${name}" as it is, and beside it the new index under another name, such as "${freeName(name, comparison)}". When that is built, let the readers use it; then remove "${name}" from the definition, and run with the line delete-index in allow.`,
  }
}

/** `by-email-2`, or the first number that is free. */
function freeName(name: string, { declared, observed }: Comparison): string {
  const taken = new Set([declared, observed].flatMap(indexesOf).map((index) => index.name))
  const longest = 250
  for (let number = 2; ; number += 1) {
    const free = `${name.slice(0, longest)}-${number}`
    if (!taken.has(free)) return free
  }
}

function explainFullTable({ table, observed, comparison }: Situation<GlobalIndexes>) {
  const declared = comparison.declared.GlobalSecondaryIndexes ?? []
  const names = (indexes: GlobalIndexes) =>
    listSome(
      indexes.map(({ IndexName }) => `"${IndexName}"`),
      mostIndexes,
      'more',
    )
  return {
    reason: `The table "${table}" has no room for the declared ${names(indexesNotIn(declared, observed))}: it has ${observed.length} global indexes, and DynamoDB allows ${mostIndexes}. Not declared, so left alone: ${names(indexesNotIn(observed, declared))}.`,
    remedy: 'Declare fewer indexes, or delete an index that nothing uses by hand.',
  }
}

/** `email (S); keys only; 5 read and 5 write units` */
function describeWithThroughput(index: GlobalIndex): string {
  const { ProvisionedThroughput, OnDemandThroughput = {} } = index
  return [
    describeIndex(index),
    ...(ProvisionedThroughput === undefined ? [] : [describeThroughput(ProvisionedThroughput)]),
    ...maximumSettings(OnDemandThroughput)
      .filter(({ value }) => value !== 'no maximum')
      .map(({ name, value }) => `${name} ${value}`),
  ].join('; ')
}

/** The names of the declared indexes that DynamoDB is building. */
export function declaredBuilds(
  { GlobalSecondaryIndexes = [] }: Partial<TableValues>,
  changesInProgress: readonly ChangeInProgress[],
): readonly string[] {
  return GlobalSecondaryIndexes.map(({ IndexName }) => IndexName).filter((declared) =>
    changesInProgress.some(({ part, name, status }) => part === 'index' && name === declared && status === 'CREATING'),
  )
}
