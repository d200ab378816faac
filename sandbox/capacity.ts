/** Billing mode and throughput of a table and of its global indexes. */
import { spendBudget } from './budgets.ts'
import { AwsError, internalFailure, invalidParameter, limitExceeded, notFound, validationError } from './errors.ts'
import { billingModeInEffect, inUse, refuseWhileUpdating } from './jobs.ts'
import { type Input, type OperationContext, type Place, shapes } from './parameters.ts'
import { type IndexRecord, indexStatusOf, type Shape, type TableRecord } from './table-record.ts'
import { addChange, addDecrease, shownDuring, type Throughput, unitNames } from './throughput-changes.ts'
import { onDemandWarmThroughput, raiseUnits, raiseWarmThroughput, warmUnitsOf } from './warm-throughput.ts'

/** The table, or an index as the messages about on-demand maximums name it. */
type Owner = 'table' | `index : ${string}`

/** Reads ProvisionedThroughput of CreateTable, which only the billing mode PROVISIONED takes, and requires. */
export function readThroughput(place: Place, input: Input): Throughput {
  const given = input.ProvisionedThroughput as Throughput | undefined
  if (input.BillingMode === 'PAY_PER_REQUEST') {
    if (given !== undefined) throw throughputOnDemand()
  } else if (given === undefined) {
    throw invalidParameter(
      'ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED',
    )
  }
  for (const { IndexName, ProvisionedThroughput } of shapes(input.GlobalSecondaryIndexes)) {
    refuseAboveQuota(place, ProvisionedThroughput as Throughput | undefined, String(IndexName))
  }
  refuseAboveQuota(place, given)
  return given ?? { ReadCapacityUnits: 0, WriteCapacityUnits: 0 }
}

/** Reads OnDemandThroughput of CreateTable, and checks that of its indexes. */
export function readOnDemandThroughput(place: Place, input: Input, isOnDemand: boolean): Shape | undefined {
  for (const { IndexName, OnDemandThroughput } of shapes(input.GlobalSecondaryIndexes)) {
    checkMaximums(place, OnDemandThroughput, `index : ${IndexName}`, isOnDemand, 1)
  }
  checkMaximums(place, input.OnDemandThroughput, 'table', isOnDemand, 1)
  return isEmpty(input.OnDemandThroughput) ? undefined : (input.OnDemandThroughput as Shape | undefined)
}

/**
 * @param given OnDemandThroughput of the table or of an index
 * @param minimum 1 at creation; -1 in an update, where -1 removes a maximum
 */
function checkMaximums(place: Place, given: unknown, owner: Owner, isOnDemand: boolean, minimum: -1 | 1): void {
  for (const [name, units] of Object.entries((given ?? {}) as Shape)) {
    if (!isOnDemand) {
      const of = owner === 'table' ? '' : ` for ${owner}`
      throw invalidParameter(
        `${name} for OnDemandThroughput${of} cannot be specified when the table BillingMode is PROVISIONED`,
      )
    }
    if (Number(units) < minimum || units === 0) {
      throw invalidParameter(`Requested ${name} for OnDemandThroughput for ${owner} is outside of valid range`)
    }
    if (Number(units) > unitsQuota) {
      const quota = name.includes('Read') ? 'TableMaxReadCapacityUnits' : 'TableMaxWriteCapacityUnits'
      throw limitExceeded(
        `Requested ${name} for OnDemandThroughput for ${owner} exceeds ${quota} of the account in region ${place.region}`,
      )
    }
  }
}

/** The default quota of a table and, separately, of each index (DDB-TABLE-170). */
const unitsQuota = 40_000

/** @param index absent for the units of the table */
function refuseAboveQuota({ region }: Place, units: Throughput | undefined, index?: string): void {
  const name = unitNames.find((each) => units !== undefined && units[each] > unitsQuota)
  if (name === undefined) return
  const [asked, kind] = index === undefined ? [name, 'table'] : [`${name} for index ${index}`, 'index']
  throw new AwsError(
    'LimitExceededException',
    `The requested ${asked}, ${units?.[name]}, is above the per ${kind} maximum for the account in ${region}. Per table maximum: ${unitsQuota}. Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits.`,
  )
}

/**
 * Checks a change of BillingMode, ProvisionedThroughput, OnDemandThroughput or of the throughput of indexes.
 *
 * @returns a function that makes the change; undefined for a no-op, such as PAY_PER_REQUEST on an on-demand table
 */
export function setCapacity(context: OperationContext, record: TableRecord, input: Input): (() => void) | undefined {
  const now = context.now()
  const inEffect = billingModeInEffect(record, now)
  const { BillingMode: asked, ProvisionedThroughput: throughput, OnDemandThroughput: maximum } = input
  const isAlone = asked === undefined && throughput === undefined && indexUpdates(input).length === 0
  if (isEmpty(maximum) && isAlone) throw internalFailure()
  // During a switch, an on-demand maximum is compared with the old billing mode, everything else with the new one.
  const mode = asked ?? (maximum === undefined ? record.billingMode : inEffect)
  if (mode === 'PROVISIONED') return setProvisioned(context, record, input, inEffect === 'PAY_PER_REQUEST')
  if (throughput !== undefined) {
    if (asked !== undefined) {
      throw invalidParameter('ProvisionedThroughput cannot be specified when BillingMode is PAY_PER_REQUEST')
    }
    if (inEffect === 'PROVISIONED') refuseWhileUpdating(record, now, 'throughput')
    throw throughputOnDemand()
  }
  return setOnDemand(context, record, input, inEffect === 'PROVISIONED')
}

function setOnDemand(
  context: OperationContext,
  record: TableRecord,
  input: Input,
  isSwitch: boolean,
): (() => void) | undefined {
  const now = context.now()
  const { place, timings } = context
  const maximum = isEmpty(input.OnDemandThroughput) ? undefined : (input.OnDemandThroughput as Shape | undefined)
  checkMaximums(place, maximum, 'table', true, -1)
  const indexes = indexMaximums(place, record, input, now)
  if (maximum !== undefined) refuseWhileUpdating(record, now, 'onDemandThroughput')
  if (isSwitch) refuseWhileUpdating(record, now, 'throughput')
  if (!isSwitch && maximum === undefined && indexes.size === 0) return undefined
  const spend = isSwitch ? spendBudget(record, now, 'onDemand') : undefined
  return () => {
    if (maximum !== undefined) {
      record.onDemandThroughput = { ...record.onDemandThroughput, ...maximum }
      record.onDemandThroughputShownAt = now + timings.onDemandThroughputLag
    }
    // The new maximum of an index is shown at once, while the index is UPDATING.
    changeIndexes(record, ({ shape }) => {
      const given = indexes.get(shape.IndexName)
      if (given === undefined) return undefined
      const changed = { ...shape, OnDemandThroughput: { ...(shape.OnDemandThroughput as Shape), ...given } }
      return { shape: changed, change: { at: now + timings.indexUpdating, shape: withoutRemoved(changed) } }
    })
    if (spend === undefined) return
    spend()
    const isFirst = record.lastOnDemand === undefined
    const at = now + (isFirst ? timings.billingModeUpdating : timings.billingModeAgainUpdating)
    record.billingMode = 'PAY_PER_REQUEST'
    const apply = (each: TableRecord) => {
      each.lastOnDemand = at
      each.warmThroughput = raiseWarmThroughput(each.warmThroughput, onDemandWarmThroughput)
      // Measured on AWS: the switch counts as a decrease of each index, and not of the table (DDB-TABLE-153).
      changeIndexes(each, ({ shape, throughputChanges, warmed }) => {
        if (shape.ProvisionedThroughput === undefined) return undefined
        const before = warmUnitsOf(shape.ProvisionedThroughput as Throughput)
        return {
          throughputChanges: addDecrease(throughputChanges, now),
          warmed: raiseUnits(warmed ?? before, before),
        }
      })
    }
    record.pending = [...record.pending, { kind: 'throughput', at, apply, billingModeBefore: 'PROVISIONED' }]
  }
}

function setProvisioned(context: OperationContext, record: TableRecord, input: Input, isSwitch: boolean): () => void {
  const now = context.now()
  const { place, timings } = context
  const given = input.ProvisionedThroughput as Throughput | undefined
  if (input.BillingMode === 'PROVISIONED' && given === undefined) {
    throw invalidParameter('ProvisionedThroughput must be specified when BillingMode is PROVISIONED')
  }
  checkMaximums(place, input.OnDemandThroughput, 'table', false, -1)
  const indexes = indexThroughputs(place, record, input, now)
  if (given !== undefined) refuseWhileUpdating(record, now, 'throughput')
  refuseAboveQuota(place, given)
  if (isSwitch) {
    for (const { shape } of record.globalIndexes) {
      if (!indexes.has(shape.IndexName)) {
        throw invalidParameter(`ProvisionedThroughput must be specified for index: ${shape.IndexName}`)
      }
    }
    return () => switchToProvisioned(context, record, given ?? record.throughput, indexes)
  }
  const indexChanges = new Map(
    [...indexes].map(([name, units]) => {
      const { shape, throughputChanges } = findIndex(record, name)
      const present = shape.ProvisionedThroughput as Throughput
      refuseSame(`the index ${name}`, units, present)
      return [name, addChange(throughputChanges, present, units, now)]
    }),
  )
  if (given !== undefined) refuseSame('the table', given, record.throughput)
  const changes = given === undefined ? undefined : addChange(record.throughputChanges, record.throughput, given, now)
  return () => {
    changeIndexes(record, ({ shape, throughputChanges, warmed }) => {
      const [units, after] = [indexes.get(shape.IndexName), indexChanges.get(shape.IndexName)]
      if (units === undefined || after === undefined) return undefined
      const before = warmUnitsOf(shape.ProvisionedThroughput as Throughput)
      return {
        throughputChanges: shownDuring(throughputChanges, after),
        change: {
          at: now + timings.indexUpdating,
          shape: { ...shape, ProvisionedThroughput: units },
          throughputChanges: after,
          warmed: raiseUnits(warmed ?? before, before),
        },
      }
    })
    if (given === undefined || changes === undefined) return
    record.throughputChanges = shownDuring(record.throughputChanges, changes)
    const apply = (each: TableRecord) => {
      each.throughput = given
      each.throughputChanges = changes
      each.warmThroughput = raiseWarmThroughput(each.warmThroughput, warmUnitsOf(given))
    }
    record.pending = [...record.pending, { kind: 'throughput', at: now + timings.throughputUpdating, apply }]
  }
}

/** Applies every setting at once, and removes the on-demand maximums of the table and its indexes. */
function switchToProvisioned(
  { now: clock, timings }: OperationContext,
  record: TableRecord,
  throughput: Throughput,
  indexes: ReadonlyMap<string, Throughput>,
): void {
  const now = clock()
  record.billingMode = 'PROVISIONED'
  record.throughput = throughput
  changeIndexes(record, (index) => {
    const { OnDemandThroughput: _, ...rest } = index.shape
    const shape = { ...rest, ProvisionedThroughput: indexes.get(index.shape.IndexName) }
    const warmed = raiseUnits(index.warmed ?? onDemandWarmThroughput, onDemandWarmThroughput)
    return { shape, warmed, change: { at: now + timings.indexUpdating, shape } }
  })
  delete record.onDemandThroughput
  record.pending = [
    ...record.pending,
    {
      kind: 'throughput',
      at: now + timings.provisionedUpdating,
      apply: () => {},
      billingModeBefore: 'PAY_PER_REQUEST',
    },
  ]
}

/** @param changesOf the members of an index that change; undefined for an index that does not change */
function changeIndexes(record: TableRecord, changesOf: (index: IndexRecord) => Partial<IndexRecord> | undefined): void {
  record.globalIndexes = record.globalIndexes.map((index) => ({ ...index, ...changesOf(index) }))
}

function indexUpdates(input: Input): readonly Shape[] {
  return shapes(input.GlobalSecondaryIndexUpdates).flatMap(({ Update }) =>
    Update === undefined ? [] : [Update as Shape],
  )
}

/** Reads the new units of indexes, by index name. */
function indexThroughputs(
  place: Place,
  record: TableRecord,
  input: Input,
  now: number,
): ReadonlyMap<string, Throughput> {
  return new Map(
    indexUpdates(input).map(({ IndexName, ProvisionedThroughput, OnDemandThroughput }) => {
      const name = String(IndexName)
      refuseUnlessUpdatable(record, findIndex(record, name), now)
      checkMaximums(place, OnDemandThroughput, `index : ${name}`, false, -1)
      if (ProvisionedThroughput === undefined) {
        throw validationError(`The sandbox does not support WarmThroughput in an update of an index: ${name}`)
      }
      refuseAboveQuota(place, ProvisionedThroughput as Throughput, name)
      return [name, ProvisionedThroughput as Throughput]
    }),
  )
}

/** Reads the new on-demand maximums of indexes, by index name (DDB-TABLE-135, 152, 154, 456). */
function indexMaximums(place: Place, record: TableRecord, input: Input, now: number): ReadonlyMap<string, Shape> {
  return new Map(
    indexUpdates(input).map(({ IndexName, OnDemandThroughput, WarmThroughput, ProvisionedThroughput }) => {
      const name = String(IndexName)
      const index = findIndex(record, name)
      if (WarmThroughput !== undefined) {
        throw validationError(`The sandbox does not support WarmThroughput in an update of an index: ${name}`)
      }
      if (ProvisionedThroughput !== undefined || OnDemandThroughput === undefined || isEmpty(OnDemandThroughput)) {
        throw invalidParameter(
          `The only Updates for index: ${name} when TableThroughputMode is PAY_PER_REQUEST can be to OnDemandThroughput, WarmThroughput`,
        )
      }
      checkMaximums(place, OnDemandThroughput, `index : ${name}`, true, -1)
      refuseUnlessUpdatable(record, index, now)
      return [name, OnDemandThroughput as Shape]
    }),
  )
}

/** @throws {AwsError} ResourceInUseException while another change of the index is in progress */
function refuseUnlessUpdatable(record: TableRecord, index: IndexRecord, now: number): void {
  const status = indexStatusOf(index, now)
  const isAllocating = index.backfillsFrom !== undefined && now < index.backfillsFrom
  const where = `Table: ${record.name} Index: ${index.shape.IndexName}`
  if (status === 'DELETING') throw inUse(record, `Index is being deleted. ${where}`)
  if (status === 'UPDATING') throw inUse(record, `Index is being updated. ${where}`)
  if (isAllocating) throw inUse(record, `Index is being created but is not backfilling yet. ${where}`)
}

function findIndex(record: TableRecord, name: string): IndexRecord {
  if (record.localIndexes.some(({ IndexName }) => IndexName === name)) {
    throw invalidParameter(`Cannot update an index that is not a GlobalSecondaryIndex: ${name}`)
  }
  const index = record.globalIndexes.find(({ shape }) => shape.IndexName === name)
  if (index === undefined) throw notFound(`Index ${name} for table ${record.name}`)
  return index
}

/** Removes the on-demand maximums that a request set to -1. */
function withoutRemoved({ OnDemandThroughput, ...shape }: IndexRecord['shape']): IndexRecord['shape'] {
  const kept = Object.entries(OnDemandThroughput as Shape).filter(([, units]) => units !== -1)
  return { ...shape, ...(kept.length === 0 ? {} : { OnDemandThroughput: Object.fromEntries(kept) }) } as typeof shape &
    IndexRecord['shape']
}

function refuseSame(owner: string, asked: Throughput, present: Throughput): void {
  const { ReadCapacityUnits: reads, WriteCapacityUnits: writes } = present
  if (asked.ReadCapacityUnits !== reads || asked.WriteCapacityUnits !== writes) return
  throw validationError(
    `The provisioned throughput for ${owner} will not change. The requested value equals the current value. Current ReadCapacityUnits provisioned for ${owner}: ${reads}. Requested ReadCapacityUnits: ${reads}. Current WriteCapacityUnits provisioned for ${owner}: ${writes}. Requested WriteCapacityUnits: ${writes}.`,
  )
}

function throughputOnDemand(): Error {
  return invalidParameter(
    'Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST',
  )
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0
}
