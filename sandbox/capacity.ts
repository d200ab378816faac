/** Billing mode and throughput of a table and of its global indexes. */
import { spendBudget } from './budgets.ts'
import { internalFailure, invalidParameter, notFound, validationError } from './errors.ts'
import { billingModeInEffect, inUse, refuseWhileUpdating } from './jobs.ts'
import { type Input, type OperationContext, shapes } from './parameters.ts'
import { type IndexRecord, indexStatusOf, type Shape, type TableRecord } from './table-record.ts'
import { onDemandWarmThroughput, raiseWarmThroughput, warmUnitsOf } from './warm-throughput.ts'

type Throughput = TableRecord['throughput']

/** Reads ProvisionedThroughput of CreateTable, which only the billing mode PROVISIONED takes, and requires. */
export function readThroughput(input: Input): Throughput {
  const given = input.ProvisionedThroughput as Throughput | undefined
  if (input.BillingMode === 'PAY_PER_REQUEST') {
    if (given !== undefined) throw throughputOnDemand()
  } else if (given === undefined) {
    throw invalidParameter(
      'ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED',
    )
  }
  return given ?? { ReadCapacityUnits: 0, WriteCapacityUnits: 0 }
}

/** @param minimum 1 for CreateTable; -1 for UpdateTable, where -1 removes a maximum */
export function readOnDemandThroughput(input: Input, isOnDemand: boolean, minimum: -1 | 1): Shape | undefined {
  const given = input.OnDemandThroughput as Shape | undefined
  if (given === undefined) return undefined
  for (const [name, units] of Object.entries(given)) {
    if (!isOnDemand) {
      throw invalidParameter(
        `${name} for OnDemandThroughput cannot be specified when the table BillingMode is PROVISIONED`,
      )
    }
    if (Number(units) < minimum || units === 0) {
      throw invalidParameter(`Requested ${name} for OnDemandThroughput for table is outside of valid range`)
    }
  }
  return given
}

/**
 * Checks a change of BillingMode, ProvisionedThroughput, OnDemandThroughput or of the throughput of indexes.
 *
 * @returns a function that makes the change; undefined for a no-op, such as PAY_PER_REQUEST on an on-demand table
 */
export function setCapacity(context: OperationContext, record: TableRecord, input: Input): (() => void) | undefined {
  const inEffect = billingModeInEffect(record, context.now())
  const asked = input.BillingMode ?? record.billingMode
  if (asked === 'PROVISIONED') return setProvisioned(context, record, input, inEffect === 'PAY_PER_REQUEST')
  if (input.ProvisionedThroughput !== undefined) {
    throw input.BillingMode === undefined
      ? throughputOnDemand()
      : invalidParameter('ProvisionedThroughput cannot be specified when BillingMode is PAY_PER_REQUEST')
  }
  for (const { IndexName } of indexUpdates(input)) {
    findIndex(record, String(IndexName))
    throw invalidParameter(
      `The only Updates for index: ${IndexName} when TableThroughputMode is PAY_PER_REQUEST can be to OnDemandThroughput, WarmThroughput`,
    )
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
  const maximum = readOnDemandThroughput(input, true, -1)
  const isEmpty = maximum !== undefined && Object.keys(maximum).length === 0
  if (isEmpty && input.BillingMode === undefined) throw internalFailure()
  if (maximum !== undefined && !isEmpty) refuseWhileUpdating(record, now, 'onDemandThroughput')
  if (isSwitch) refuseWhileUpdating(record, now, 'throughput')
  if (!isSwitch && (maximum === undefined || isEmpty)) return undefined
  const spend = isSwitch ? spendBudget(record, now, 'onDemand') : undefined
  return () => {
    if (maximum !== undefined) limitOnDemand(record, maximum)
    if (spend === undefined) return
    spend()
    const isFirst = record.lastOnDemand === undefined
    const at = now + (isFirst ? context.timings.billingModeUpdating : context.timings.billingModeAgainUpdating)
    record.billingMode = 'PAY_PER_REQUEST'
    const apply = (each: TableRecord) => {
      each.lastOnDemand = at
      each.warmThroughput = raiseWarmThroughput(each.warmThroughput, onDemandWarmThroughput)
    }
    record.pending = [...record.pending, { kind: 'throughput', at, apply, billingModeBefore: 'PROVISIONED' }]
  }
}

/** Merges the given members into the present ones; -1 removes a member. */
function limitOnDemand(record: TableRecord, maximum: Shape): void {
  const merged = Object.entries({ ...record.onDemandThroughput, ...maximum }).filter(([, units]) => units !== -1)
  if (merged.length > 0) record.onDemandThroughput = Object.fromEntries(merged)
  else delete record.onDemandThroughput
}

function setProvisioned(context: OperationContext, record: TableRecord, input: Input, isSwitch: boolean): () => void {
  const now = context.now()
  const given = input.ProvisionedThroughput as Throughput | undefined
  if (input.BillingMode === 'PROVISIONED' && given === undefined) {
    throw invalidParameter('ProvisionedThroughput must be specified when BillingMode is PROVISIONED')
  }
  readOnDemandThroughput(input, false, -1)
  if (given !== undefined) refuseWhileUpdating(record, now, 'throughput')
  const indexes = indexThroughputs(record, input, now)
  if (isSwitch) {
    for (const { shape } of record.globalIndexes) {
      if (!indexes.has(shape.IndexName)) {
        throw invalidParameter(`ProvisionedThroughput must be specified for index: ${shape.IndexName}`)
      }
    }
    return () => switchToProvisioned(context, record, given ?? record.throughput, indexes)
  }
  if (given !== undefined) refuseSame('the table', given, record.throughput)
  for (const [name, throughput] of indexes) {
    refuseSame(`the index ${name}`, throughput, findIndex(record, name).shape.ProvisionedThroughput as Throughput)
  }
  return () => {
    changeIndexes(record, indexes, now + context.timings.indexUpdating)
    if (given === undefined) return
    const apply = (each: TableRecord) => {
      each.throughput = given
      each.warmThroughput = raiseWarmThroughput(each.warmThroughput, warmUnitsOf(given))
    }
    record.pending = [...record.pending, { kind: 'throughput', at: now + context.timings.throughputUpdating, apply }]
  }
}

/** Applies every setting at once, and removes the on-demand maximum. */
function switchToProvisioned(
  context: OperationContext,
  record: TableRecord,
  throughput: Throughput,
  indexes: ReadonlyMap<string, Throughput>,
): void {
  record.billingMode = 'PROVISIONED'
  record.throughput = throughput
  record.globalIndexes = record.globalIndexes.map((index) => ({
    ...index,
    shape: { ...index.shape, ProvisionedThroughput: indexes.get(index.shape.IndexName) },
  }))
  delete record.onDemandThroughput
  const at = context.now() + context.timings.provisionedUpdating
  record.pending = [
    ...record.pending,
    { kind: 'throughput', at, apply: () => {}, billingModeBefore: 'PAY_PER_REQUEST' },
  ]
}

function changeIndexes(record: TableRecord, indexes: ReadonlyMap<string, Throughput>, at: number): void {
  record.globalIndexes = record.globalIndexes.map((index) => {
    const throughput = indexes.get(index.shape.IndexName)
    return throughput === undefined
      ? index
      : { ...index, change: { at, shape: { ...index.shape, ProvisionedThroughput: throughput } } }
  })
}

function indexUpdates(input: Input): readonly Shape[] {
  return shapes(input.GlobalSecondaryIndexUpdates).flatMap(({ Update }) =>
    Update === undefined ? [] : [Update as Shape],
  )
}

/** Reads the new throughputs, by index name. */
function indexThroughputs(record: TableRecord, input: Input, now: number): ReadonlyMap<string, Throughput> {
  return new Map(
    indexUpdates(input).map(({ IndexName, ProvisionedThroughput }) => {
      const name = String(IndexName)
      const index = findIndex(record, name)
      const status = indexStatusOf(index, now)
      const isAllocating = index.backfillsFrom !== undefined && now < index.backfillsFrom
      const where = `Table: ${record.name} Index: ${name}`
      if (status === 'DELETING') throw inUse(record, `Index is being deleted. ${where}`)
      if (status === 'UPDATING') throw inUse(record, `Index is being updated. ${where}`)
      if (isAllocating) throw inUse(record, `Index is being created but is not backfilling yet. ${where}`)
      if (ProvisionedThroughput === undefined) {
        throw validationError(`The sandbox supports only ProvisionedThroughput in an update of an index: ${name}`)
      }
      return [name, ProvisionedThroughput as Throughput]
    }),
  )
}

function findIndex(record: TableRecord, name: string): IndexRecord {
  if (record.localIndexes.some(({ IndexName }) => IndexName === name)) {
    throw invalidParameter(`Cannot update an index that is not a GlobalSecondaryIndex: ${name}`)
  }
  const index = record.globalIndexes.find(({ shape }) => shape.IndexName === name)
  if (index === undefined) throw notFound(`Index ${name} for table ${record.name}`)
  return index
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
