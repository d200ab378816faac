/** The checks after a case: nothing is lost, the next run converges, and a failure is explained. */
import type { AccountHands, LoggedRequest, Sandbox } from '../../sandbox/sandbox.ts'
import type { Shape, TableRecord } from '../../sandbox/table-record.ts'
import { nameStep } from '../../src/plan/description.ts'
import type { Step } from '../../src/plan/plan.ts'
import { type Scenario, tablesOf } from './scenarios.ts'

/** The content of the account. */
export interface AccountContent {
  /** The ids by table name; undefined where the table does not exist. */
  readonly ids: ReadonlyMap<string, string | undefined>
  /** As JSON. */
  readonly items: readonly string[]
}

export async function readAccount(hands: AccountHands, scenario: Scenario): Promise<AccountContent> {
  const tables = tablesOf(scenario)
  const items = await Promise.all(
    tables.map(async (TableName) => {
      // A table that is DELETING cannot be scanned.
      const scanned = await hands.call('Scan', { TableName }).catch(() => undefined)
      return ((scanned?.Items ?? []) as readonly unknown[]).map((item) => JSON.stringify(item))
    }),
  )
  return { ids: new Map(tables.map((name) => [name, hands.table(name)?.id])), items: items.flat() }
}

export interface Aftermath {
  readonly scenario: Scenario
  readonly before: AccountContent
  readonly after: AccountContent
  /** All requests of the case. */
  readonly requests: readonly LoggedRequest[]
  /** Whether a request may arrive late: a late deletion of an index deletes one that was rebuilt meanwhile. */
  readonly mayArriveLate?: boolean
  /** The messages of the run. People can delete an item by hand that a message names. */
  readonly messages: string
}

/** Finds tables and items that are lost, created twice, or left behind. */
export function findLosses({
  scenario,
  before,
  after,
  requests,
  mayArriveLate = false,
  messages,
}: Aftermath): readonly string[] {
  const lost: string[] = []
  const isDestroy = scenario.inputs.command === 'destroy'
  const done = requests.filter(({ isDone }) => isDone)
  for (const name of tablesOf(scenario)) {
    const id = before.ids.get(name)
    const created = done.filter(({ operation, table }) => operation === 'CreateTable' && table === name).length
    if (created > (id === undefined ? 1 : 0)) lost.push(`"${name}" was created ${created} times`)
    if (!isDestroy && id !== undefined && after.ids.get(name) !== id) lost.push(`"${name}" was replaced`)
  }
  lost.push(...unplannedChanges(scenario, done, mayArriveLate))
  if (isDestroy) return lost
  if (done.some(({ operation }) => operation === 'DeleteTable')) lost.push('a table was deleted')
  for (const item of before.items) if (!after.items.includes(item)) lost.push(`the item is lost: ${item}`)
  for (const item of after.items) {
    const isLeft = !before.items.includes(item) && !messages.includes(keyOf(item))
    if (isLeft) lost.push(`the item was left behind: ${item}`)
  }
  return lost
}

/** Finds changes of indexes and streams that the scenario does not need, or that were made twice. */
function unplannedChanges(
  { definition }: Scenario,
  done: readonly LoggedRequest[],
  mayRepeat: boolean,
): readonly string[] {
  const changes = done.filter(({ operation }) => operation === 'UpdateTable').flatMap(costlyChanges)
  return changes
    .filter(
      (change, at) => !(definition?.changes ?? []).includes(change) || (changes.indexOf(change) !== at && !mayRepeat),
    )
    .map((change) => `"${change}" was made without need`)
}

/** The changes of one UpdateTable that items, queries or consumers depend on, such as `users: Create by-email`. */
function costlyChanges({ table, input }: LoggedRequest): readonly string[] {
  const { GlobalSecondaryIndexUpdates: updates = [], StreamSpecification: stream } = input as {
    readonly GlobalSecondaryIndexUpdates?: readonly Readonly<Record<string, { readonly IndexName: string }>>[]
    readonly StreamSpecification?: { readonly StreamEnabled: boolean }
  }
  return [
    ...updates.flatMap((update) =>
      Object.entries(update).flatMap(([kind, { IndexName }]) =>
        kind === 'Update' ? [] : [`${table}: ${kind} ${IndexName}`],
      ),
    ),
    ...(stream === undefined ? [] : [`${table}: stream ${stream.StreamEnabled ? 'on' : 'off'}`]),
  ]
}

/** The part of an item's key that is unique. */
function keyOf(item: string): string {
  const { user_id, tenant_id, order_id } = JSON.parse(item) as Readonly<Record<string, { readonly S: string }>>
  return (user_id ?? tenant_id ?? order_id)?.S ?? item
}

/** The end of a run. */
export interface End {
  readonly exitCode: number | null
  readonly errors: readonly string[]
  readonly outputs: Readonly<Record<string, string>>
}

/** Finds differences from the definition after a run without a fault and a plan. */
export function findDifferences(
  scenario: Scenario,
  { exitCode, errors }: End,
  { outputs }: End,
  hands: AccountHands,
): readonly string[] {
  return [
    ...(exitCode === 0 ? [] : [`did not converge: ${errors.join()}`]),
    ...(outputs['has-changes'] === 'false' ? [] : [`the plan is not empty: ${outputs.plan}`]),
    ...tablesOf(scenario).flatMap((name) => {
      const isOfFile = scenario.definition !== undefined
      const found = JSON.stringify((isOfFile ? wholeShapeOf : shapeOf)(hands.table(name)))
      const wanted = JSON.stringify(isOfFile ? definedByFile(scenario, name) : definitionOf(scenario, name))
      return found === wanted ? [] : [`"${name}" is not as defined: ${found} instead of ${wanted}`]
    }),
  ]
}

/** The table that the scenario must reach, by the README and not by the code of the action; undefined for no table. */
function definitionOf({ inputs }: Scenario, name: string): unknown {
  if (inputs.command === 'destroy') return undefined
  const isProduction = inputs['production-environments'] !== undefined
  const tags = [
    ['tenant-tables:environment', inputs.environment ?? 'dev'],
    ['tenant-tables:managed-by', 'tenant-tables'],
    ...(inputs.tags ?? '').split('\n').flatMap((line) => (line === '' ? [] : [line.split('=')])),
  ]
  return {
    keys: ['tenant_id HASH S', ...(name === 'users' ? ['user_id RANGE S'] : [])],
    billingMode: 'PAY_PER_REQUEST',
    deletionProtection: isProduction,
    recoveryDays: isProduction ? 35 : undefined,
    tags: tags.sort(),
  }
}

/** The same properties of a table in the sandbox, without the tags of another team. */
function shapeOf(record: TableRecord | undefined): unknown {
  if (record === undefined) return undefined
  const { keySchema, attributeDefinitions, billingMode, deletionProtection, recovery, tags } = record
  const typeOf = (key: unknown) =>
    attributeDefinitions.find(({ AttributeName }) => AttributeName === key)?.AttributeType
  return {
    keys: keySchema.map(({ AttributeName, KeyType }) => `${AttributeName} ${KeyType} ${typeOf(AttributeName)}`),
    billingMode,
    deletionProtection,
    recoveryDays: recovery.enabled ? recovery.days : undefined,
    tags: [...tags].filter(([key]) => key !== 'owner').sort(),
  }
}

function definedByFile({ inputs, definition }: Scenario, name: string): unknown {
  return inputs.command === 'destroy' ? undefined : inOrder(definition?.tables[name] ?? {})
}

/** A table in the words of `file-scenarios.ts`. What is off or absent is left out. */
function wholeShapeOf(record: TableRecord | undefined): unknown {
  if (record === undefined) return undefined
  const { billingMode, throughput, recovery, stream, timeToLive, encryption } = record
  const isProvisioned = billingMode === 'PROVISIONED'
  const units = isProvisioned ? ` ${unitsOf({ ...throughput })}` : ''
  const { keys } = shapeOf(record) as { keys: readonly string[] }
  const maximums = maximumsOf(record.onDemandThroughput)
  return inOrder({
    keys,
    billing: `${billingMode}${units}`,
    ...(maximums === '' ? {} : { maximums }),
    tableClass: record.tableClass?.name ?? 'STANDARD',
    protection: record.deletionProtection,
    ...(recovery.enabled ? { recoveryDays: recovery.days } : {}),
    ...(encryption?.keyArn === undefined ? {} : { key: encryption.keyArn }),
    ...(stream?.enabled ? { stream: stream.viewType } : {}),
    ...(timeToLive.enabled ? { timeToLive: timeToLive.attribute } : {}),
    local: record.localIndexes.map(describeIndex).sort(),
    global: record.globalIndexes.map(({ shape }) => describeIndex(isProvisioned ? shape : onDemand(shape))).sort(),
    tags: Object.fromEntries(record.tags),
  })
}

/** The record keeps the units that an index had before its table was on demand. */
function onDemand({ ProvisionedThroughput: _, ...index }: Shape): Shape {
  return index
}

/** `by-email: email HASH; INCLUDE name; 3/1` */
function describeIndex({ IndexName, KeySchema, Projection, ProvisionedThroughput, OnDemandThroughput }: Shape): string {
  const { ProjectionType, NonKeyAttributes = [] } = Projection as Shape
  const keys = (KeySchema as readonly Shape[]).map(({ AttributeName, KeyType }) => `${AttributeName} ${KeyType}`)
  const parts = [
    keys.join(', '),
    [ProjectionType, ...(NonKeyAttributes as readonly string[])].join(' '),
    ...(ProvisionedThroughput === undefined ? [] : [unitsOf(ProvisionedThroughput as Shape)]),
    maximumsOf(OnDemandThroughput as Shape | undefined),
  ]
  return `${IndexName}: ${parts.filter(Boolean).join('; ')}`
}

function unitsOf({ ReadCapacityUnits, WriteCapacityUnits }: Shape): string {
  return ReadCapacityUnits ? `${ReadCapacityUnits}/${WriteCapacityUnits}` : ''
}

function maximumsOf({ MaxReadRequestUnits: read, MaxWriteRequestUnits: write }: Shape = {}): string {
  return [...(Number(read) > 0 ? [`${read} read`] : []), ...(Number(write) > 0 ? [`${write} written`] : [])].join(', ')
}

function inOrder(shape: Shape): Shape {
  const sorted = Object.entries(shape).sort(([left], [right]) => (left < right ? -1 : 1))
  const nested = (value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value) ? inOrder(value as Shape) : value
  return Object.fromEntries(sorted.map(([name, value]) => [name, nested(value)]))
}

/** Every failure here is that of a call, which the error must name, or a cancellation. */
const namesFailure =
  /\b(?:Describe|List|Create|Update|Delete|Tag|Put|Get|Query)\w* on "|\b(?:assume|answered for) arn:aws:|OIDC token|The run was cancelled\./

/**
 * Finds missing facts in the errors of a failed run: the failure, the remedy, and the result of each planned step.
 *
 * @param mayArriveLate whether a late request of the run itself may have made a difference
 */
export function missingExplanations(
  { inputs }: Scenario,
  { exitCode, errors, outputs }: End,
  mayArriveLate = false,
): readonly string[] {
  if (exitCode === 0) return []
  const messages = errors.join('\n')
  const { command = 'apply' } = inputs
  const writes = command === 'apply' || command === 'destroy'
  const { steps } = JSON.parse(outputs.plan || '{"steps":[]}') as { steps: Step[] }
  const isLateDifference = mayArriveLate && messages.includes('the state of the tables is still different')
  const begun = writes ? steps.map(nameStep) : []
  return [
    ...(namesFailure.test(messages) || isLateDifference ? [] : [`the failure is not named: ${messages}`]),
    ...(messages.includes('To fix: ') ? [] : [`no remedy: ${messages || 'no error at all'}`]),
    ...(begun.length === 0 || messages.includes('Done before: ') ? [] : [`the progress is not reported: ${messages}`]),
    ...begun
      .filter((step) => !messages.includes(step))
      .map((step) => `the result of ${step} is not reported: ${messages}`),
  ]
}

/**
 * The secrets that a case can know: those of the sandbox's options, and those that it issues from now on. It issues
 * thousands in all cases together.
 *
 * @param given the number of secrets in the options
 */
export function secretsFromNow(sandbox: Sandbox, given: number): () => readonly string[] {
  const known = sandbox.secrets.length
  return () => [...sandbox.secrets.slice(0, given), ...sandbox.secrets.slice(known)]
}
