/** What must be as it was after a case, and what must have been reached. */
import type { AccountHands, LoggedRequest, Sandbox } from '../../sandbox/sandbox.ts'
import type { TableRecord } from '../../sandbox/table-record.ts'
import { nameStep } from '../../src/plan/description.ts'
import type { Step } from '../../src/plan/plan.ts'
import { type Scenario, tables } from './scenarios.ts'

/** What the account holds. */
export interface Holdings {
  /** Of each table; undefined where there is none. */
  readonly ids: ReadonlyMap<string, string | undefined>
  /** As JSON. */
  readonly items: readonly string[]
}

export async function holdingsOf(hands: AccountHands): Promise<Holdings> {
  const items = await Promise.all(
    tables.map(async (TableName) => {
      // A table that is being deleted shows none.
      const scanned = await hands.call('Scan', { TableName }).catch(() => undefined)
      return ((scanned?.Items ?? []) as readonly unknown[]).map((item) => JSON.stringify(item))
    }),
  )
  return { ids: new Map(tables.map((name) => [name, hands.table(name)?.id])), items: items.flat() }
}

export interface Aftermath {
  readonly scenario: Scenario
  readonly before: Holdings
  readonly after: Holdings
  /** All of the case. */
  readonly requests: readonly LoggedRequest[]
  /** Where people look for what was left: an item that is named there can be put away by somebody. */
  readonly told: string
}

/** Tables and items that are gone, made twice, or left behind. */
export function lossesOf({ scenario, before, after, requests, told }: Aftermath): readonly string[] {
  const lost: string[] = []
  const isDestroy = scenario.inputs.command === 'destroy'
  const done = requests.filter(({ isDone }) => isDone)
  for (const name of tables) {
    const id = before.ids.get(name)
    const created = done.filter(({ operation, table }) => operation === 'CreateTable' && table === name).length
    if (created > (id === undefined ? 1 : 0)) lost.push(`"${name}" was made ${created} times`)
    if (!isDestroy && id !== undefined && after.ids.get(name) !== id) lost.push(`"${name}" is another table`)
  }
  if (isDestroy) return lost
  if (done.some(({ operation }) => operation === 'DeleteTable')) lost.push('a table was deleted')
  for (const item of before.items) if (!after.items.includes(item)) lost.push(`the item is gone: ${item}`)
  for (const item of after.items) {
    const isLeft = !before.items.includes(item) && !told.includes(keyOf(item))
    if (isLeft) lost.push(`the item was left behind: ${item}`)
  }
  return lost
}

/** What nobody else has in its place. */
function keyOf(item: string): string {
  const { user_id, tenant_id } = JSON.parse(item) as Readonly<Record<string, { readonly S: string }>>
  return (user_id ?? tenant_id)?.S ?? item
}

/** How a run ended. */
export interface End {
  readonly exitCode: number | null
  readonly errors: readonly string[]
  readonly outputs: Readonly<Record<string, string>>
}

/** What is not as it should be after a run that nobody disturbed, and a look at what it reached. */
export function divergencesOf(
  scenario: Scenario,
  { exitCode, errors }: End,
  { outputs }: End,
  hands: AccountHands,
): readonly string[] {
  return [
    ...(exitCode === 0 ? [] : [`did not converge: ${errors.join()}`]),
    ...(outputs['has-changes'] === 'false' ? [] : [`something is left to do: ${outputs.plan}`]),
    ...tables.flatMap((name) => {
      const found = JSON.stringify(shapeOf(hands.table(name)))
      const wanted = JSON.stringify(definitionOf(scenario, name))
      return found === wanted ? [] : [`"${name}" is not as defined: ${found} instead of ${wanted}`]
    }),
  ]
}

/** What the scenario is to reach, not as the action plans it but as the README has it; undefined for no table. */
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

/** The same of a table as the sandbox keeps it, tags of somebody else left out. */
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

/** What fails here is a call, of which the operation and what it was for is told, or somebody stopped the run. */
const tellsWhat =
  /\b(?:Describe|List|Create|Update|Delete|Tag|Put|Get|Query)\w* on "|\b(?:assume|answered for) arn:aws:|OIDC token|The run was cancelled\./

/** Whoever runs the action must know after a failure what failed, what to do, and of each step of the plan what became of it. */
export function untoldOf({ inputs }: Scenario, { exitCode, errors, outputs }: End): readonly string[] {
  if (exitCode === 0) return []
  const told = errors.join('\n')
  const { command = 'apply' } = inputs
  const writes = command === 'apply' || command === 'destroy'
  const { steps } = JSON.parse(outputs.plan || '{"steps":[]}') as { steps: Step[] }
  const begun = writes ? steps.map(nameStep) : []
  return [
    ...(tellsWhat.test(told) ? [] : [`not told what failed: ${told}`]),
    ...(told.includes('To fix: ') ? [] : [`no remedy: ${told || 'no error at all'}`]),
    ...(begun.length === 0 || told.includes('Done before: ') ? [] : [`not told what was done: ${told}`]),
    ...begun.filter((step) => !told.includes(step)).map((step) => `not told what became of ${step}: ${told}`),
  ]
}

/**
 * The secrets of a case that begins now. Those that the sandbox issued to the cases before are left out: no run of this one
 * can know them, and there are thousands in the end.
 *
 * @param given how many it began with, for all cases
 */
export function secretsFromNow(sandbox: Sandbox, given: number): () => readonly string[] {
  const known = sandbox.secrets.length
  return () => [...sandbox.secrets.slice(0, given), ...sandbox.secrets.slice(known)]
}
