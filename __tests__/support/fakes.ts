/** Stand-ins for what the effectful files talk to. */
import type { DescribedTable, DynamoDb } from '../../src/dynamodb.ts'
import type { Step } from '../../src/plan.ts'
import type { Run } from '../../src/run.ts'
import { type ObservedTable, type ObservedTables, type ReadyTable, tableArn } from '../../src/table.ts'
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
  const lines: string[] = []
  return {
    clock,
    lines,
    log: { info: (line) => void lines.push(line), startGroup: () => undefined, endGroup: () => undefined },
    stop: stopping.signal,
    abort: aborting.signal,
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
      unmanaged: [],
    }
  }
  if (before?.status !== 'ready') throw new Error(`"${step.table}" is not there`)
  switch (step.action) {
    case 'enable-deletion-protection':
      return { ...before, deletionProtection: step.to }
    case 'tag-table':
      return { ...before, tags: new Map([...before.tags, ...step.tags.map(({ key, to }) => [key, to] as const)]) }
    case 'set-billing-mode':
      return { ...before, billingMode: step.to }
    case 'set-point-in-time-recovery':
      return { ...before, pointInTimeRecovery: step.to }
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
      enableDeletionProtection: (table) =>
        write({ action: 'enable-deletion-protection', table, from: false, to: true }),
      setBillingMode: (table, to) => write({ action: 'set-billing-mode', table, from: 'PROVISIONED', to }),
      setRecovery: async (table, to) => {
        if (to.enabled) await write({ action: 'set-point-in-time-recovery', table, from: { enabled: false }, to })
      },
      tagTable: (arn, tags) => write({ action: 'tag-table', table: nameIn(arn), tags }),
    },
  }
}

export function describedFrom({ status: _, pointInTimeRecovery: __, tags: ___, ...table }: ReadyTable): DescribedTable {
  return { ...table, tableStatus: 'ACTIVE', phase: 'settled' }
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
    unmanaged: [],
  }
}
