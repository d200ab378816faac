/** Definitions and observed tables -> a plan. The same arguments give the same plan, byte for byte. */
import { declaredBuilds } from '../table/properties/global-secondary-indexes.ts'
import { type PropertyName, type PropertyValues, properties } from '../table/properties/index.ts'
import { isManaged } from '../table/properties/tags.ts'
import type { Change, Comparison, Property } from '../table/property.ts'
import type { ObservedTable, ObservedTables, ReadyTable, TableDefinition } from '../table/table.ts'
import { type Target, tableArn } from '../table/target.ts'
import { propertyValues } from '../table/values.ts'
import { describeSettingChange, nameStep, settingChanges } from './description.ts'
import { planDestruction, refuseProduction } from './destroy.ts'
import { isOneOf, type Notice, type Plan, type PlannedTable, type Policy, type Refusal, type Step } from './plan.ts'
import { isAllowed, linesNeededBy, noticeUnneededLines, refuseStep, requireProtection } from './policy.ts'
import { warnOfReplicas } from './replicas.ts'
import { inOrder, roundsOf } from './rounds.ts'

/**
 * Works out the steps that bring the observed tables to their definitions, or that delete them if the policy says so:
 * round by round, and in a round table by table in the order of the definitions.
 *
 * Tables without a definition are left alone: other users of the account may own them.
 *
 * @param planned the steps of the plan that is being applied. An optional change that is not one of them is left out.
 *   Absent for a new plan
 */
export function planTables(
  target: Target,
  definitions: readonly TableDefinition[],
  observed: ObservedTables,
  policy: Policy,
  planned?: readonly Step[],
): Plan {
  // Made once: an account may have 2,500 tables.
  const isPlanned = planned === undefined ? () => true : isOneOf(planned)
  const tables = definitions.map((definition): TablePlan => {
    const found = observed.get(definition.name) ?? { status: 'absent' }
    const table = describePlanned(target, definition, found)
    return { ...nothing, table, ...planTable(target, definition, found, policy, isPlanned) }
  })
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

interface TablePlan extends Pick<Plan, 'steps' | 'refusals' | 'notices'> {
  readonly table: PlannedTable
  /** The lines of `allow` that the table needs. */
  readonly lines: readonly string[]
}

const nothing = { steps: [], refusals: [], notices: [], lines: [] } as const

/** The parts of the plan of a table that are not empty. */
type Decisions = Partial<Omit<TablePlan, 'table'>>

function planTable(
  target: Target,
  definition: TableDefinition,
  observed: ObservedTable,
  policy: Policy,
  isPlanned: (step: Step) => boolean,
): Decisions {
  if (policy.destroy) return planDestruction(target, definition, observed)
  switch (observed.status) {
    case 'absent':
      return planCreation(target, definition, policy)
    case 'unavailable':
      return { refusals: [refuseUnavailable(definition.name, observed.tableStatus)] }
    case 'ready':
      return planUpdate(target, definition, observed, policy, isPlanned)
  }
}

function planCreation(target: Target, definition: TableDefinition, policy: Policy): Decisions {
  const { name: table, properties: declared } = definition
  const created = properties.flatMap(({ name, creation }) => {
    if (creation.kind !== 'in-create-table') return []
    const value = declared[name] ?? creation.otherwise
    return value === undefined ? [] : [[name, value]]
  })
  const to: Partial<PropertyValues> = Object.fromEntries(created)
  const later = propertyValues(declared).flatMap(({ property, value }) => {
    if (property.creation.kind !== 'after-creation') return []
    const changes = property.changes(property.creation.initial, value, { table, declared, observed: to })
    return changes.flatMap((change) => (change.kind === 'impossible' ? [] : [toStep(property, table, change)]))
  })
  const steps = inOrder([{ kind: 'create', table, to }, ...later])
  return { steps, ...requireProtection(target, definition, undefined, policy) }
}

function planUpdate(
  target: Target,
  definition: TableDefinition,
  observed: ReadyTable,
  policy: Policy,
  isPlanned: (step: Step) => boolean,
): Decisions {
  const { name: table, properties: declared } = definition
  const { properties: values, replicas } = observed
  const comparison: Comparison = { table, declared, observed: values, replicas }
  const differences = propertyValues(declared).flatMap(({ property, value }) => {
    const from = values[property.name]
    // A declared property is always read: without its value the plan would hide a difference.
    if (from === undefined) throw new TypeError(`${property.name} of "${table}" was not read`)
    return property
      .changes(from, value, comparison)
      .map((change) => (change.kind === 'impossible' ? change : { ...change, step: toStep(property, table, change) }))
  })
  const impossible = differences.filter((each) => each.kind === 'impossible')
  const changes = differences
    .filter((each) => each.kind === 'update')
    .filter(({ isOptional, step }) => !isOptional || (isAllowed(step, policy) && isPlanned(step)))
  const needed = inOrder(changes.map(({ step }) => step))
  const inWords = needed.flatMap(settingChanges).map(describeSettingChange)
  const disruptive = needed.flatMap((step) => refuseStep(step, policy, { target, comparison, changes: inWords }))
  // A table of another owner is refused for that alone: the other remedies would be wrong advice. A table that cannot be
  // changed to its definition is not offered for adoption.
  const ownership = disruptive.filter(
    ({ code }) => code === 'change-environment' || (code === 'adopt-table' && impossible.length === 0),
  )
  if (impossible.length + ownership.length > 0) {
    const refusals = impossible.map(({ reason, remedy }) => ({ table, code: 'impossible-change', reason, remedy }))
    return { refusals: [...refusals, ...ownership] }
  }
  const unprotected = requireProtection(target, definition, observed, policy)
  // Steps with the same name change the same part, such as an index, which is built again only after its deletion.
  const withheld = needed.filter((step) => !isAllowed(step, policy)).map(nameStep)
  const steps = needed.filter((step) => !withheld.includes(nameStep(step)))
  return {
    steps,
    refusals: [...disruptive, ...unprotected.refusals],
    notices: noticesFor(
      target,
      definition,
      observed,
      changes.flatMap(({ step, warning }) => (warning !== undefined && isAllowed(step, policy) ? [warning] : [])),
    ),
    lines: [...steps.flatMap(linesNeededBy), ...unprotected.lines],
  }
}

function toStep({ name: property }: Property<PropertyName>, table: string, { kind, from, to, risk }: Change): Step {
  return { kind, table, property, from, to, risk }
}

function refuseUnavailable(table: string, tableStatus: string): Refusal {
  const refuse = (remedy: string, why = ''): Refusal => ({
    table,
    code: 'table-unavailable',
    reason: `The table "${table}" is ${tableStatus}.${why}`,
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
        ' DynamoDB archives a table whose encryption key could not be used for seven days.',
      )
    case 'INACCESSIBLE_ENCRYPTION_CREDENTIALS':
      return refuse(
        "Enable the KMS key and the table's grant on it again, then run again.",
        " DynamoDB cannot use the table's KMS key.",
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
  consequences: readonly string[],
): readonly Notice[] {
  const notice = (code: Notice['code'], message: string): Notice => ({ table, level: 'notice', code, message })
  const kept = propertyValues(observed.properties).filter(
    ({ property: { name, protection }, value }) => declared[name] === undefined && protection?.isOn(value),
  )
  return [
    ...warnOfReplicas(target, table, observed),
    ...declaredBuilds(declared, observed.changesInProgress).map((index) =>
      notice(
        'index-building',
        `The index "${index}" of "${table}" is being built, and counts as present. An apply waits until it is built, unless wait-for-indexes is false.`,
      ),
    ),
    ...(isManaged(observed.properties.Tags)
      ? []
      : [notice('adopted', `The table "${table}" exists and its key matches: it is adopted, with its items.`)]),
    ...kept.map(({ property, value }) => {
      const settings = property.settings(value).map((setting) => `${setting.name}: ${setting.value}`)
      return notice(
        'protection-kept',
        `The table "${table}" has ${settings.join(', ')}. The environment does not ask for it, so it stays as it is.`,
      )
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
