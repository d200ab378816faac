/** Definitions and observed tables -> a plan. The same arguments give the same plan, byte for byte. */

import { declaredBuilds } from '../table/properties/global-secondary-indexes.ts'
import { type PropertyName, type PropertyValues, properties } from '../table/properties/index.ts'
import { isManaged } from '../table/properties/tags.ts'
import type { Change, Comparison, Impossible, Property } from '../table/property.ts'
import type { ObservedTable, ObservedTables, ReadyTable, TableDefinition } from '../table/table.ts'
import { type Target, tableArn } from '../table/target.ts'
import { propertyValues } from '../table/values.ts'
import { describeSettingChange, nameStep, settingChanges } from './description.ts'
import { planDestruction, refuseProduction } from './destroy.ts'
import {
  isSameStep,
  type Notice,
  type Plan,
  type PlannedTable,
  type Policy,
  type Refusal,
  type Step,
  strictPolicy,
} from './plan.ts'
import { isAllowed, linesNeededBy, noticeUnneededLines, refuseStep, refuseUnprotected, unprotected } from './policy.ts'
import { warnOfReplicas } from './replicas.ts'
import { inOrder, roundsOf } from './rounds.ts'

/**
 * Works out the steps that bring the observed tables to their definitions, or that delete them if the policy says so:
 * round by round, and in a round table by table in the order of the definitions.
 *
 * Tables without a definition are left alone: other users of the account may own them.
 *
 * @param planned the steps of the plan that is being applied, to which no other optional change is added; undefined for
 *   a new plan
 */
export function planTables(
  target: Target,
  definitions: readonly TableDefinition[],
  observed: ObservedTables,
  policy: Policy = strictPolicy,
  planned?: readonly Step[],
): Plan {
  const tables = definitions.map((definition) =>
    planTable(target, definition, observed.get(definition.name) ?? { status: 'absent' }, policy, planned),
  )
  const refusals = [
    ...(policy.destroy ? refuseProduction(target) : []),
    ...tables.flatMap((tablePlan) => tablePlan.refusals),
  ]
  const needed = tables.flatMap(({ lines }) => lines)
  return {
    target,
    policy,
    tables: tables.map(({ table }) => table),
    steps: roundsOf(tables.flatMap(({ steps }) => steps)).flat(),
    refusals,
    notices: [
      ...tables.flatMap(({ notices }) => notices),
      // While a table is refused, it is not known which lines it needs.
      ...(refusals.length > 0 ? [] : noticeUnneededLines(policy, needed)),
    ],
  }
}

interface TablePlan {
  readonly table: PlannedTable
  readonly steps: readonly Step[]
  readonly refusals: readonly Refusal[]
  readonly notices: readonly Notice[]
  /** The lines of `allow` that the table needs. */
  readonly lines: readonly string[]
}

const nothing = { steps: [], refusals: [], notices: [], lines: [] } as const

function planTable(
  target: Target,
  definition: TableDefinition,
  observed: ObservedTable,
  policy: Policy,
  planned: readonly Step[] | undefined,
): TablePlan {
  const table = describePlanned(target, definition, observed)
  if (policy.destroy) return { ...nothing, table, ...planDestruction(target, definition, observed) }
  switch (observed.status) {
    case 'absent':
      return { table, ...planCreation(target, definition, policy) }
    case 'unavailable':
      return { ...nothing, table, refusals: [refuseUnavailable(definition.name, observed.tableStatus)] }
    case 'ready':
      return { table, ...planUpdate(target, definition, observed, policy, planned) }
  }
}

type Decisions = Omit<TablePlan, 'table'>

function planCreation(target: Target, definition: TableDefinition, policy: Policy): Decisions {
  const { name: table, properties: declared } = definition
  const created = properties.flatMap(({ name, creation }) => {
    const value = declared[name] ?? (creation.kind === 'in-create-table' ? creation.otherwise : undefined)
    return creation.kind === 'in-create-table' && value !== undefined ? [[name, value]] : []
  })
  const to: Partial<PropertyValues> = Object.fromEntries(created)
  const later = propertyValues(declared).flatMap(({ property, value }) =>
    property.creation.kind === 'after-creation'
      ? toSteps(property, table, property.changes(property.creation.initial, value, { table, declared, observed: to }))
      : [],
  )
  const off = unprotected(target, definition, undefined)
  return {
    steps: inOrder([{ kind: 'create', table, to }, ...later]),
    refusals: refuseUnprotected(target, table, off, policy),
    notices: [],
    lines: off.map(({ removal }) => removal),
  }
}

function planUpdate(
  target: Target,
  definition: TableDefinition,
  observed: ReadyTable,
  policy: Policy,
  planned: readonly Step[] | undefined,
): Decisions {
  const { name: table, properties: declared } = definition
  const { properties: values, replicas } = observed
  const comparison: Comparison = { table, declared, observed: values, replicas }
  const differences = propertyValues(declared).map(({ property, value }) => {
    const from = observed.properties[property.name]
    // A declared property is always read: without its value the plan would hide a difference.
    if (from === undefined) throw new TypeError(`${property.name} of "${table}" was not read`)
    const changes = property.changes(from, value, comparison)
    const isWanted = (change: Change) =>
      isAllowed(change, policy) && (planned === undefined || toSteps(property, table, [change]).every(isIn(planned)))
    const found = changes.filter((each) => each.kind === 'impossible' || !each.isOptional || isWanted(each))
    return { property, found }
  })
  const impossible = differences.flatMap(({ found }) => found.filter((each) => each.kind === 'impossible'))
  const needed = inOrder(differences.flatMap(({ property, found }) => toSteps(property, table, found)))
  const changes = needed.flatMap(settingChanges).map(describeSettingChange)
  const disruptive = needed.flatMap((step) => refuseStep(step, policy, { target, comparison, changes }))
  // Advice on a table that belongs to someone else would be wrong. Adoption is no remedy for one that cannot be changed
  // to its definition.
  const ownership = disruptive.filter(
    ({ code }) => code === 'change-environment' || (code === 'adopt-table' && impossible.length === 0),
  )
  const blocking = [...impossible.map((each) => refuseImpossible(table, each)), ...ownership]
  if (blocking.length > 0) return { ...nothing, refusals: blocking }
  const off = unprotected(target, definition, observed)
  // The steps of one part depend on each other: an index is built again only after its deletion.
  const withheld = needed.filter((step) => !isAllowed(step, policy)).map(nameStep)
  const steps = needed.filter((step) => !withheld.includes(nameStep(step)))
  return {
    steps,
    refusals: [...disruptive, ...refuseUnprotected(target, table, off, policy)],
    notices: noticesFor(
      target,
      definition,
      observed,
      differences.flatMap(({ found }) => found.filter((each) => each.kind === 'update' && isAllowed(each, policy))),
    ),
    lines: [...steps.flatMap(linesNeededBy), ...off.map(({ removal }) => removal)],
  }
}

function isIn(steps: readonly Step[]): (step: Step) => boolean {
  return (step) => steps.some(isSameStep(step))
}

function toSteps(
  { name: property }: Property<PropertyName>,
  table: string,
  changes: readonly (Change | Impossible)[],
): readonly Step[] {
  return changes.flatMap((change) => {
    if (change.kind === 'impossible') return []
    const { kind, from, to, risk } = change
    return [{ kind, table, property, from, to, risk }]
  })
}

function refuseImpossible(table: string, { reason, remedy }: Impossible): Refusal {
  return { table, code: 'impossible-change', reason, remedy }
}

function refuseUnavailable(table: string, tableStatus: string): Refusal {
  const reason = `The table "${table}" is ${tableStatus}.`
  const refuse = (remedy: string, why = ''): Refusal => ({
    table,
    code: 'table-unavailable',
    reason: [reason, why].join(' ').trim(),
    remedy,
  })
  switch (tableStatus) {
    case 'DELETING':
      return refuse(
        'Wait until it is deleted, then run again: the run creates the table, without the items of the old one.',
      )
    case 'ARCHIVING':
    case 'ARCHIVED':
      return refuse(
        'Restore the backup that DynamoDB made of it under another name, or delete it by hand, then run again.',
        'DynamoDB archives a table whose encryption key could not be used for seven days.',
      )
    case 'INACCESSIBLE_ENCRYPTION_CREDENTIALS':
      return refuse(
        "Enable the KMS key and the table's grant on it again, then run again.",
        "DynamoDB cannot use the table's KMS key.",
      )
    case 'REPLICATION_NOT_AUTHORIZED':
      return refuse('Give the replication role of the global table its permissions back, then run again.')
    default:
      return refuse('Bring it back to ACTIVE, then run again.')
  }
}

function noticesFor(
  target: Target,
  { name: table, properties: declared }: TableDefinition,
  observed: ReadyTable,
  changes: readonly (Change | Impossible)[],
): readonly Notice[] {
  const kept = propertyValues(observed.properties).filter(
    ({ property: { name, protection }, value }) => declared[name] === undefined && protection?.isOn(value),
  )
  const consequences = changes.flatMap((change) =>
    change.kind === 'update' && change.warning !== undefined ? [change.warning] : [],
  )
  return [
    ...warnOfReplicas(target, table, observed),
    ...declaredBuilds(declared, observed.changesInProgress).map(
      (index): Notice => ({
        table,
        level: 'notice',
        code: 'index-building',
        message: `The index "${index}" of "${table}" is being built, and counts as present. An apply waits until it is built, unless wait-for-indexes is false.`,
      }),
    ),
    ...(isManaged(observed.properties.Tags)
      ? []
      : [
          {
            table,
            level: 'notice',
            code: 'adopted',
            message: `The table "${table}" exists and its key matches: it is adopted, with its items.`,
          } as const,
        ]),
    ...kept.map(({ property, value }): Notice => {
      const settings = property.settings(value).map((setting) => `${setting.name}: ${setting.value}`)
      return {
        table,
        level: 'notice',
        code: 'protection-kept',
        message: `The table "${table}" has ${settings.join(', ')}. The environment does not ask for it, so it stays as it is.`,
      }
    }),
    ...consequences.map((message): Notice => ({ table, level: 'warning', code: 'consequence', message })),
  ]
}

function describePlanned(target: Target, definition: TableDefinition, observed: ObservedTable): PlannedTable {
  const { logicalName, name, properties: declared } = definition
  if (observed.status !== 'ready') {
    return { logicalName, name, arn: tableArn(target, name), status: observed.status, unmanaged: [] }
  }
  const { arn, id, streamArn, status, unmanaged } = observed
  const undeclared = propertyValues(observed.properties).flatMap(
    ({ property, value }) => property.unmanaged?.(value, declared[property.name]) ?? [],
  )
  return {
    logicalName,
    name,
    arn,
    ...(id === undefined ? {} : { id }),
    ...(streamArn === undefined ? {} : { streamArn }),
    status,
    unmanaged: [...unmanaged, ...undeclared],
  }
}
