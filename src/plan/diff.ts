/** Desired and observed -> the paths where they differ. Pure. */
import {
  type BillingMode,
  type DesiredTable,
  environmentTag,
  isManaged,
  isSameEnvironment,
  type Keys,
  type ObservedTable,
  type PointInTimeRecovery,
  type ReadyTable,
  type Tags,
} from '../table/table.ts'

/** One path where a table differs from its definition. */
export type Difference =
  | { readonly path: 'existence'; readonly from: 'absent'; readonly to: 'present' }
  | { readonly path: 'availability' /** DynamoDB's TableStatus. */; readonly from: string; readonly to: 'ACTIVE' }
  | { readonly path: 'keys'; readonly from: Keys; readonly to: Keys }
  | {
      readonly path: 'environment'
      readonly from: string
      readonly to: string
      /** All tags that differ, the environment's own among them. */
      readonly changes: readonly TagChange[]
    }
  /** This action neither created nor adopted the table. The changes are all tags that differ. */
  | { readonly path: 'adoption'; readonly changes: readonly TagChange[] }
  | { readonly path: 'deletionProtection'; readonly from: boolean; readonly to: boolean }
  | { readonly path: 'tags'; readonly changes: readonly TagChange[] }
  | { readonly path: 'billingMode'; readonly from: BillingMode; readonly to: 'PAY_PER_REQUEST' }
  | { readonly path: 'pointInTimeRecovery'; readonly from: PointInTimeRecovery; readonly to: PointInTimeRecovery }

export interface TagChange {
  readonly key: string
  /** Absent where the table does not carry the tag. */
  readonly from?: string
  readonly to: string
}

/** What a table has right after CreateTable, which takes no recovery settings. */
const recoveryOfNewTable: PointInTimeRecovery = { enabled: false }

/**
 * Everything in which the table differs from its definition. Settings that the definition omits never differ.
 *
 * What protects the table comes first: deletion protection, then recovery, which DynamoDB accepts while the table is
 * UPDATING. Tags and the billing mode follow, because AWS may defer a billing change for a day. Protection is removed
 * last, so that a run that dies on the way leaves it on.
 */
export function diffTable(desired: DesiredTable, observed: ObservedTable): readonly Difference[] {
  switch (observed.status) {
    case 'absent': {
      const recovery = diffRecovery(desired, recoveryOfNewTable)
      return [{ path: 'existence', from: 'absent', to: 'present' }, ...(recovery === undefined ? [] : [recovery])]
    }
    case 'unavailable':
      return [{ path: 'availability', from: observed.tableStatus, to: 'ACTIVE' }]
    case 'ready':
      return diffReadyTable(desired, observed)
  }
}

function diffReadyTable(desired: DesiredTable, observed: ReadyTable): readonly Difference[] {
  const differences: Difference[] = []
  if (!isSameKeys(desired.keys, observed.keys))
    differences.push({ path: 'keys', from: observed.keys, to: desired.keys })
  const protection = diffProtection(desired, observed)
  if (protection?.to === true) differences.push(protection)
  const recovery = diffRecovery(desired, observed.pointInTimeRecovery)
  if (recovery?.to.enabled === true) differences.push(recovery)
  const environment = observed.tags.get(environmentTag)
  const wanted = desired.tags.get(environmentTag)
  const changes = tagChanges(desired.tags, observed.tags)
  if (environment !== undefined && wanted !== undefined && !isSameEnvironment(environment, wanted)) {
    differences.push({ path: 'environment', from: environment, to: wanted, changes })
  } else if (!isManaged(observed.tags)) {
    differences.push({ path: 'adoption', changes })
  } else if (changes.length > 0) {
    differences.push({ path: 'tags', changes })
  }
  if (desired.billingMode !== observed.billingMode) {
    differences.push({ path: 'billingMode', from: observed.billingMode, to: desired.billingMode })
  }
  if (recovery?.to.enabled === false) differences.push(recovery)
  if (protection?.to === false) differences.push(protection)
  return differences
}

function diffProtection(
  { deletionProtection: to }: DesiredTable,
  { deletionProtection: from }: ReadyTable,
): Extract<Difference, { path: 'deletionProtection' }> | undefined {
  return to === undefined || to === from ? undefined : { path: 'deletionProtection', from, to }
}

function diffRecovery(
  { pointInTimeRecovery: to }: DesiredTable,
  from: PointInTimeRecovery,
): Extract<Difference, { path: 'pointInTimeRecovery' }> | undefined {
  return to === undefined || isSameRecovery(from, to) ? undefined : { path: 'pointInTimeRecovery', from, to }
}

function isSameRecovery(left: PointInTimeRecovery, right: PointInTimeRecovery): boolean {
  if (left.enabled && right.enabled) return left.recoveryPeriodDays === right.recoveryPeriodDays
  return left.enabled === right.enabled
}

function isSameKeys(left: Keys, right: Keys): boolean {
  return (
    left.partitionKey.name === right.partitionKey.name &&
    left.partitionKey.type === right.partitionKey.type &&
    left.sortKey?.name === right.sortKey?.name &&
    left.sortKey?.type === right.sortKey?.type
  )
}

/** Sorted by code unit, so that a plan reads the same on every machine. */
export function tagChanges(desired: Tags, observed: Tags): readonly TagChange[] {
  return [...desired]
    .filter(([key, to]) => {
      const from = observed.get(key)
      return key === environmentTag && from !== undefined ? !isSameEnvironment(from, to) : from !== to
    })
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([key, to]) => {
      const from = observed.get(key)
      return { key, ...(from === undefined ? {} : { from }), to }
    })
}
