/** The plan as JSON: its schema, its digest, and a reviewed plan read back from that JSON. */
import { createHash } from 'node:crypto'
import * as v from 'valibot'
import { properties } from '../table/properties/index.ts'
import { namePattern } from '../table/target.ts'
import { count, shorten } from '../text/readable.ts'
import { describeStep } from './description.ts'
import { canonicalJson, noticeCodes, type Plan, refusalCodes, type Step } from './plan.ts'
import { disruptionNames } from './policy.ts'

/** Increases when a reader of the previous format would misread the new one. */
export const formatVersion = 3

const text = v.pipe(v.string(), v.minLength(1))
export const tableName = v.pipe(v.string(), v.regex(namePattern))
const lines = v.array(v.picklist(disruptionNames))
const described = { table: tableName, description: v.pipe(v.string(), v.description('The step in words.')) }

const createStep = v.strictObject({
  kind: v.literal('create'),
  ...described,
  to: v.pipe(
    v.strictObject(
      Object.fromEntries(
        properties.flatMap(({ name, schema, creation }) =>
          creation.kind === 'in-create-table' ? [[name, v.optional(schema)]] : [],
        ),
      ),
    ),
    v.description('The values that CreateTable sends.'),
  ),
  risk: v.literal('safe'),
})

export const risk = v.union([v.picklist(['safe', 'slow']), v.strictObject({ allow: lines })])

const updateSteps = properties
  .filter(({ request }) => request !== undefined)
  .map(({ name, schema }) =>
    v.strictObject({
      kind: v.literal('update'),
      ...described,
      property: v.literal(name),
      from: schema,
      to: schema,
      risk,
    }),
  )

const deleteStep = v.strictObject({ kind: v.literal('delete'), ...described, risk: v.literal('destructive') })

const optionalTable = v.optional(v.pipe(tableName, v.description('Absent where it is about the whole plan.')))

/** The form of the plan, published as docs/schemas/plan.schema.json. */
export const planSchema = v.strictObject({
  formatVersion: v.literal(formatVersion),
  digest: v.pipe(
    v.string(),
    v.regex(/^[0-9a-f]{64}$/),
    v.description('SHA-256 over the target, the tables, the steps and the refusals: the output plan-digest.'),
  ),
  target: v.strictObject({
    account: v.pipe(v.string(), v.regex(/^[0-9]{12}$/)),
    partition: text,
    region: text,
    environment: v.strictObject({ name: text, production: v.boolean() }),
  }),
  policy: v.strictObject({
    destroy: v.pipe(v.boolean(), v.description('Whether the run deletes the tables.')),
    allow: v.pipe(lines, v.description('The disruptive changes that the run may make.')),
  }),
  tables: v.array(
    v.strictObject({
      logicalName: text,
      name: tableName,
      arn: v.pipe(text, v.description('For a table that is absent, the ARN that it will have.')),
      id: v.optional(v.pipe(text, v.description("DynamoDB's TableId."))),
      streamArn: v.optional(text),
      status: v.picklist(['absent', 'ready', 'unavailable']),
      unmanaged: v.pipe(
        v.array(v.strictObject({ path: v.string(), value: v.string() })),
        v.description('Settings that the definition does not mention.'),
      ),
    }),
  ),
  steps: v.pipe(
    v.array(v.variant('kind', [createStep, v.variant('property', updateSteps), deleteStep])),
    v.description('In the order in which they are performed. Tables are worked on side by side.'),
  ),
  refusals: v.pipe(
    v.array(
      v.strictObject({
        table: optionalTable,
        code: v.picklist([...refusalCodes, ...disruptionNames]),
        reason: v.string(),
        remedy: v.string(),
      }),
    ),
    v.description('One refusal means that nothing is written.'),
  ),
  notices: v.array(
    v.strictObject({
      table: optionalTable,
      level: v.picklist(['notice', 'warning']),
      code: v.picklist(noticeCodes),
      message: v.string(),
    }),
  ),
})

/** The parts of a plan that a review compares. Made from the plan of this run, or from a reviewed plan. */
export interface ReviewedPlan {
  readonly account: string
  readonly partition: string
  readonly region: string
  readonly environment: string
  readonly production: boolean
  readonly destroy: boolean
  readonly tables: readonly { readonly name: string; readonly id?: string | undefined }[]
  readonly steps: readonly ReviewedStep[]
  /** Each is the code, a space and the table; the table may be empty. */
  readonly refusals: readonly string[]
}

export interface ReviewedStep {
  readonly kind: Step['kind']
  readonly table: string
  /** The canonical JSON of kind, table, property, values and risk. */
  readonly canonical: string
  readonly description: string
}

/** The plan on one line of JSON. The same plan gives the same text, byte for byte. */
export function renderPlanDocument(plan: Plan): string {
  const { target, policy, tables, steps, refusals, notices } = plan
  return JSON.stringify({
    formatVersion,
    digest: digestPlan(plan),
    target,
    policy,
    tables,
    steps: steps.map(documentStep),
    refusals,
    notices,
  })
}

function documentStep(step: Step) {
  const description = describeStep(step)
  switch (step.kind) {
    case 'create':
      return { ...step, risk: 'safe', description }
    case 'update':
      return { ...step, description }
    case 'delete':
      return { ...step, risk: 'destructive', description }
  }
}

export function reviewable(plan: Plan): ReviewedPlan {
  return reviewed({ ...plan, steps: plan.steps.map(documentStep) })
}

/** The parts of a plan that the digest covers. */
interface Content {
  readonly target: Plan['target']
  readonly policy: Pick<Plan['policy'], 'destroy'>
  readonly tables: ReviewedPlan['tables']
  readonly steps: readonly { readonly kind: Step['kind']; readonly table: string; readonly description: string }[]
  readonly refusals: readonly { readonly code: string; readonly table?: string | undefined }[]
}

function reviewed(plan: Content): ReviewedPlan {
  const { target, policy, tables, steps, refusals } = plan
  const { account, partition, region, environment } = target
  return {
    account,
    partition,
    region,
    environment: environment.name,
    production: environment.production,
    destroy: policy.destroy,
    tables: tables.map(({ name, id }) => ({ name, id })),
    steps: steps.map(({ description, ...step }) => ({
      kind: step.kind,
      table: step.table,
      canonical: canonicalJson(step),
      description,
    })),
    // The comparison with a reviewed plan is no part of the plan that is compared.
    refusals: refusals
      .filter(({ code }) => code !== 'not-as-reviewed')
      .map(({ code, table = '' }) => `${code} ${table}`),
  }
}

/**
 * Returns the SHA-256, in hexadecimal, over account, partition, region, environment, production, destroy, tables with
 * their ids, steps and refusals.
 */
export function digestPlan(plan: Plan): string {
  return digestReviewed(reviewable(plan))
}

export function digestReviewed({ steps, ...plan }: ReviewedPlan): string {
  const content = canonicalJson({ ...plan, steps: steps.map((step) => step.canonical) })
  return createHash('sha256').update(content).digest('hex')
}

/**
 * Returns true for the fallback values `{}` and `no-plan` of the documented workflows. They mean that the output of the
 * plan job was empty.
 */
export function isFallback(given: string): boolean {
  return given === '{}' || given === 'no-plan'
}

/** Explains an empty output of the plan job, and what to do. */
export const emptyOutput =
  "the plan job's output is empty; GitHub drops outputs that contain a masked value, such as an account id. Keep the account id out of the secrets, or hand over the file that plan-file names as an artifact; and check that this job needs the plan job, and that it was not skipped"

/**
 * Reads the JSON that `renderPlanDocument` writes.
 *
 * @returns the problem in words, if there is one. No content is shown: it may be any file of the job.
 */
export function readPlanDocument(json: string): ReviewedPlan | string {
  let document: unknown
  try {
    document = JSON.parse(json)
  } catch {
    return 'is not JSON'
  }
  if (typeof document !== 'object' || document === null || Array.isArray(document)) return 'is not a JSON object'
  if (Object.keys(document).length === 0) return `is {}: ${emptyOutput}`
  const found = 'formatVersion' in document ? document.formatVersion : undefined
  if (found !== formatVersion) {
    const shown = typeof found === 'number' ? found : typeof found
    return `has the formatVersion ${shown}, but this version of the action reads ${formatVersion}: make the plan again`
  }
  const { success, issues, output } = v.safeParse(planSchema, document)
  if (!success) {
    const problems = issues.slice(0, 3).map(describeProblem)
    return `does not have the form of docs/schemas/plan.schema.json: ${problems.join('; ')}`
  }
  if (output.refusals.length > 0) {
    return `was refused, for ${count(output.refusals.length, 'reason')}: a refused plan is never performed`
  }
  // The digest does not cover descriptions, so they may have any length.
  const steps = output.steps.map((step) => ({ ...step, description: shorten(step.description) }))
  const plan = reviewed({ ...output, steps })
  return output.digest === digestReviewed(plan) ? plan : 'was changed since it was made: its digest does not match'
}

/** Names only what the schema itself contains, not the name of an unknown member. */
function describeProblem(issue: v.InferIssue<typeof planSchema>): string {
  const path = v.getDotPath(issue)?.split('.') ?? []
  const place = (names: readonly string[]) => names.join('.') || 'the plan'
  if (issue.expected === 'never') return `${place(path.slice(0, -1))} has an unknown member`
  if (issue.received === 'undefined') return `${place(path)} is missing`
  return `${place(path)} must be ${issue.expected ?? issue.message}`
}
