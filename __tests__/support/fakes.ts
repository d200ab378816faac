/** Stand-ins for what the effectful files talk to. */
import type { DynamoDb } from '../../src/aws/dynamodb.ts'
import type { SettledTable } from '../../src/aws/dynamodb-answers.ts'
import type { ItemStore } from '../../src/aws/item-store.ts'
import type { Item } from '../../src/definition/items.ts'
import type { Step } from '../../src/plan/plan.ts'
import type { Run } from '../../src/run/run.ts'
import { type ObservedTable, type ObservedTables, type ReadyTable } from '../../src/table/table.ts'
import { environmentTag, managedByTag } from '../../src/table/properties/tags.ts'
import { tableArn } from '../../src/table/target.ts'
import { aTarget } from './builders.ts'
import { type VirtualClock, virtualClock } from './clock.ts'

export interface FakeRun extends Run {
  readonly clock: VirtualClock
  readonly lines: string[]
  /** What SIGINT or the deadline does: first no new call, then no call at all. */
  readonly stopNow: (reason: Error) => void
  readonly abortNow: (reason: Error) => void
}

export function aRun(clock: VirtualClock = virtualClock()): FakeRun {
  const stopping = new AbortController()
  const aborting = new AbortController()
  const leaving = new AbortController()
  const lines: string[] = []
  return {
    clock,
    lines,
    log: { info: (line) => void lines.push(line), startGroup: () => undefined, endGroup: () => undefined },
    stop: stopping.signal,
    abort: aborting.signal,
    leave: leaving.signal,
    stopNow: (reason) => stopping.abort(reason),
    abortNow: (reason) => {
      stopping.abort(reason)
      aborting.abort(reason)
    },
  }
}

/** What a step makes of the tables: the meaning of a plan, told apart from how it is performed. */
export function performStep(observed: ObservedTables, step: Step): ObservedTables {
  const before = observed.get(step.table)
  return new Map(observed).set(step.table, performOn(before, step))
}

function performOn(before: ObservedTable | undefined, step: Step): ObservedTable {
  if (step.action === 'create-table') {
    if (before?.status === 'ready') throw new Error(`"${step.table}" is there already`)
    return {
      status: 'ready',
      arn: tableArn(aTarget(), step.table),
      id: `new-id-of-${step.table}`,
      keys: step.keys,
      billingMode: step.billingMode,
      deletionProtection: step.deletionProtection,
      pointInTimeRecovery: { enabled: false },
      tags: new Map(step.tags.map(({ key, to }) => [key, to])),
      replicas: [],
      unmanaged: [],
    }
  }
  if (before?.status !== 'ready') throw new Error(`"${step.table}" is not there`)
  switch (step.action) {
    case 'enable-deletion-protection':
    case 'remove-deletion-protection':
      return { ...before, deletionProtection: step.to }
    case 'tag-table':
    case 'adopt-table':
    case 'change-environment':
      return { ...before, tags: new Map([...before.tags, ...step.tags.map(({ key, to }) => [key, to] as const)]) }
    case 'set-billing-mode':
      return { ...before, billingMode: step.to }
    case 'set-point-in-time-recovery':
    case 'remove-point-in-time-recovery':
      return { ...before, pointInTimeRecovery: step.to }
    case 'delete-table':
      return { status: 'absent' }
  }
}

export interface Model {
  readonly dynamoDb: DynamoDb
  readonly writes: { readonly action: Step['action']; readonly table: string }[]
  readonly tables: () => ObservedTables
  /** Another person's hands. */
  readonly change: (table: string, to: ObservedTable) => void
}

/** DynamoDB at its simplest: every write is done at once, and shows at once. */
export function modelDynamoDb(observed: ObservedTables = new Map()): Model {
  let tables = observed
  const writes: Model['writes'][number][] = []
  const ready = (name: string): ReadyTable | undefined => {
    const table = tables.get(name)
    return table?.status === 'ready' ? table : undefined
  }
  const write = async (step: Step): Promise<void> => {
    writes.push({ action: step.action, table: step.table })
    tables = performStep(tables, step)
  }
  const nameIn = (arn: string) => arn.split('/')[1] ?? ''
  return {
    writes,
    tables: () => tables,
    change: (table, to) => {
      tables = new Map(tables).set(table, to)
    },
    dynamoDb: {
      describeTable: async (name) => {
        const table = tables.get(name)
        if (table?.status === 'unavailable') {
          return { ...describedFrom(blank(name)), tableStatus: table.tableStatus, phase: 'unavailable' }
        }
        return table?.status === 'ready' ? describedFrom(table) : undefined
      },
      describeRecovery: async (name) => ready(name)?.pointInTimeRecovery,
      listTags: async (arn) => ready(nameIn(arn))?.tags,
      createTable: (step) => write({ ...step, action: 'create-table', billingMode: 'PAY_PER_REQUEST' }),
      setDeletionProtection: (table, enabled) =>
        write(
          enabled
            ? { action: 'enable-deletion-protection', table, from: false, to: true }
            : { action: 'remove-deletion-protection', table, from: true, to: false },
        ),
      setBillingMode: (table, to) => write({ action: 'set-billing-mode', table, from: 'PROVISIONED', to }),
      setRecovery: (table, to) =>
        write(
          to.enabled
            ? { action: 'set-point-in-time-recovery', table, from: { enabled: false }, to }
            : { action: 'remove-point-in-time-recovery', table, from: { enabled: true, recoveryPeriodDays: 35 }, to },
        ),
      tagTable: (arn, tags) => {
        const table = nameIn(arn)
        const environment = tags.find(({ key }) => key === environmentTag)
        if (environment?.from !== undefined) {
          return write({ action: 'change-environment', table, from: environment.from, to: environment.to, tags })
        }
        return write({
          action: tags.some(({ key }) => key === managedByTag) ? 'adopt-table' : 'tag-table',
          table,
          tags,
        })
      },
      deleteTable: (table) => write({ action: 'delete-table', table }),
      itemsWithin: () => modelItems(),
    },
  }
}

export interface ItemModel extends ItemStore {
  readonly kept: ReadonlyMap<string, Item>
}

/** Items at their simplest. */
export function modelItems(): ItemModel {
  const kept = new Map<string, Item>()
  const place = (table: string, { tenant_id, user_id }: Item) => JSON.stringify([table, tenant_id, user_id])
  return {
    kept,
    putIfAbsent: async (table, item) => {
      if (kept.has(place(table, item))) throw new Error('There is such an item')
      kept.set(place(table, item), item)
      return { mayComeLate: false }
    },
    get: async (table, key) => kept.get(place(table, key)),
    query: async (table, partitionKey, value) =>
      [...kept].flatMap(([at, item]) => (JSON.parse(at)[0] === table && item[partitionKey] === value ? [item] : [])),
    delete: async (table, key) => void kept.delete(place(table, key)),
  }
}

export function describedFrom({ status: _, pointInTimeRecovery: __, tags: ___, ...table }: ReadyTable): SettledTable {
  return { ...table, tableStatus: 'ACTIVE', phase: 'settled', changesUnderWay: [] }
}

function blank(name: string): ReadyTable {
  return {
    status: 'ready',
    arn: tableArn(aTarget(), name),
    keys: { partitionKey: { name: 'tenant_id', type: 'S' } },
    billingMode: 'PAY_PER_REQUEST',
    deletionProtection: false,
    pointInTimeRecovery: { enabled: false },
    tags: new Map(),
    replicas: [],
    unmanaged: [],
  }
}
