/** The plan as JSON, its digest, and a reviewed plan read back from that JSON. Pure. */
import { createHash } from 'node:crypto'
import { isTableName } from '../table/table.ts'
import { count, shorten } from '../text/readable.ts'
import { describeStep } from './description.ts'
import { type Plan, stepKinds } from './plan.ts'

/** Grows when a reader of the old form would go wrong. The form is docs/schemas/plan.schema.json. */
export const formatVersion = 2

/** The plan on one line of JSON: the same plan gives the same text, byte for byte. */
export function renderPlanDocument(plan: Plan): string {
  const { target, policy, tables, steps, refusals, notices } = plan
  return JSON.stringify({
    formatVersion,
    digest: digestPlan(plan),
    target,
    policy,
    tables,
    steps: steps.map((step) => ({ ...stepKinds[step.action], ...step, description: describeStep(step) })),
    refusals,
    notices,
  })
}

/** What a review holds a run to: the steps, and the tables that they are for. */
export interface ReviewedPlan {
  readonly account: string
  readonly partition: string
  readonly region: string
  readonly environment: string
  readonly production: boolean
  readonly destroy: boolean
  readonly tables: readonly { readonly name: string; readonly id?: string }[]
  readonly steps: readonly ReviewedStep[]
  /** By code and table. A plan that has any is never performed. */
  readonly refusals: readonly string[]
}

export interface ReviewedStep {
  readonly action: string
  readonly table: string
  /** Everything about the step, in one order: two steps are the same where these are. */
  readonly canonical: string
  readonly description: string
}

/** What there is to review of a plan. */
export function reviewable({ target, policy, tables, steps, refusals }: Plan): ReviewedPlan {
  const { account, partition, region, environment } = target
  return {
    account,
    partition,
    region,
    environment: environment.name,
    production: environment.production,
    destroy: policy.destroy,
    tables: tables.map(({ name, id }) => ({ name, ...(id === undefined ? {} : { id }) })),
    steps: steps.map((step) => ({
      action: step.action,
      table: step.table,
      canonical: canonicalStep({ ...step }),
      description: describeStep(step),
    })),
    refusals: refusals.flatMap((refusal) => readRefusal(refusal)),
  }
}

/** SHA-256 in hexadecimal over account, region, environment, tables with their ids, steps, and what is refused. */
export function digestPlan(plan: Plan): string {
  return digestReviewed(reviewable(plan))
}

export function digestReviewed({ steps, ...reviewed }: ReviewedPlan): string {
  const content = canonical({ ...reviewed, steps: steps.map((step) => step.canonical) })
  return createHash('sha256').update(content).digest('hex')
}

/** What a step's JSON holds for readers, and what follows from the rest. */
const derived: ReadonlySet<string> = new Set(['class', 'usualDuration', 'description'])

function canonicalStep(step: Readonly<Record<string, unknown>>): string {
  return canonical(Object.fromEntries(Object.entries(step).filter(([name]) => !derived.has(name))))
}

/** JSON with the names of every object in one order. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`)
  return `{${members.join(',')}}`
}

/** What the documented fallbacks make of an empty output of the plan job. */
export function isFallback(given: string): boolean {
  return given === '{}' || given === 'no-plan'
}

/** Why a documented fallback, `{}` or `no-plan`, arrived in the place of what the plan job gave out, and what to do. */
export const emptyOutput =
  "the plan job's output is empty; GitHub drops outputs that contain a masked value, such as an account id. Keep the account id out of the secrets, or hand over the file that plan-file names as an artifact; and check that this job needs the plan job, and that it was not skipped"

/**
 * Reads the JSON that `renderPlanDocument` writes.
 *
 * @returns in words what is wrong with it, where something is
 */
export function readPlanDocument(json: string): ReviewedPlan | string {
  let document: unknown
  try {
    document = JSON.parse(json)
  } catch {
    // What was found there is not shown: it may be any file of the job.
    return 'is not JSON'
  }
  if (!isObject(document)) return 'is not a JSON object'
  if (Object.keys(document).length === 0) return `is {}: ${emptyOutput}`
  if (document.formatVersion !== formatVersion) {
    const found = typeof document.formatVersion === 'number' ? document.formatVersion : typeof document.formatVersion
    return `has the formatVersion ${found}, but this version reads ${formatVersion}`
  }
  const { target, policy, tables, steps, refusals, digest } = document
  if (
    !isObject(target) ||
    !isObject(policy) ||
    !Array.isArray(tables) ||
    !Array.isArray(steps) ||
    !Array.isArray(refusals)
  ) {
    return 'lacks target, policy, tables, steps or refusals'
  }
  const { account, partition, region, environment } = target
  if (
    !isText(account) ||
    !isText(partition) ||
    !isText(region) ||
    !isObject(environment) ||
    !isText(environment.name) ||
    typeof environment.production !== 'boolean'
  ) {
    return 'has a target without account, partition, region or environment'
  }
  if (typeof policy.destroy !== 'boolean') return 'does not say whether it destroys'
  const readTables = tables.flatMap((each: unknown) => readTable(each))
  let readSteps: readonly ReviewedStep[]
  try {
    readSteps = steps.flatMap((each: unknown) => readStep(each))
  } catch {
    return 'has a step that is nested too deep'
  }
  if (readTables.length < tables.length) return 'has a table without a name, or with one that no table can have'
  if (readSteps.length < steps.length) return 'has a step without an action or a table'
  const reviewed: ReviewedPlan = {
    account,
    partition,
    region,
    environment: environment.name,
    production: environment.production,
    destroy: policy.destroy,
    tables: readTables,
    steps: readSteps,
    refusals: refusals.flatMap((each: unknown) => readRefusal(each)),
  }
  if (refusals.length > 0)
    return `was refused, for ${count(refusals.length, 'reason')}: a refused plan is never performed`
  return digest === digestReviewed(reviewed) ? reviewed : 'was changed since it was made: its digest does not match'
}

function readTable(value: unknown): ReviewedPlan['tables'] {
  if (!isObject(value) || !isText(value.name) || !isTableName(value.name)) return []
  return [{ name: value.name, ...(isText(value.id) ? { id: value.id } : {}) }]
}

function readStep(value: unknown): readonly ReviewedStep[] {
  if (!isObject(value) || !isText(value.action) || !isText(value.table)) return []
  const { action, table } = value
  const description = shorten(isText(value.description) ? value.description : `${action} "${table}"`)
  return [{ action, table, canonical: canonicalStep(value), description }]
}

/** What holds a run to a review is no part of the plan that is held. */
function readRefusal(value: unknown): readonly string[] {
  if (!isObject(value) || value.code === 'not-as-reviewed') return []
  return [`${value.code} ${value.table ?? ''}`]
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}
