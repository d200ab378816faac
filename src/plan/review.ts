/** Compares the plan of this run with a reviewed plan. */
import { InvalidInputsError } from '../errors/errors.ts'
import { count, quote, shorten } from '../text/readable.ts'
import { digestPlan, digestReviewed, type ReviewedPlan, readPlanDocument, reviewable } from './document.ts'
import type { Command, Plan, Refusal } from './plan.ts'

/** The input `expected-plan`: the JSON of a reviewed plan, or the path of a file with it. */
export type ExpectedPlan = { readonly json: string } | { readonly path: string }

/** The inputs that name a reviewed plan. */
export interface ExpectedPlanInputs {
  readonly expectedPlan?: ExpectedPlan
  /** SHA-256 in lower case. */
  readonly expectedPlanDigest?: string
}

/** A reviewed plan, its digest, both or neither. */
export interface Review {
  readonly plan?: ReviewedPlan
  readonly digest?: string
}

/** @throws {InvalidInputsError} if the input is not a reviewed plan, before any call */
export async function readReview(
  { expectedPlan, expectedPlanDigest: digest }: ExpectedPlanInputs,
  readFile: (path: string) => Promise<string>,
): Promise<Review> {
  if (expectedPlan === undefined) return digest === undefined ? {} : { digest }
  const isFile = 'path' in expectedPlan
  const plan = readPlanDocument(isFile ? await readFile(expectedPlan.path) : expectedPlan.json)
  const origin = isFile ? `expected-plan is the file ${quote(expectedPlan.path)}, which` : 'expected-plan'
  if (typeof plan === 'string') {
    throw new InvalidInputsError([`${origin} ${plan}. Give the output plan of the run that was reviewed, as it is.`])
  }
  if (digest !== undefined && digest !== digestReviewed(plan)) {
    throw new InvalidInputsError([
      `${origin} has the digest ${digestReviewed(plan)}, but expected-plan-digest is ${digest}. Give the plan and the digest of one run.`,
    ])
  }
  return { plan, ...(digest === undefined ? {} : { digest }) }
}

/**
 * Describes the comparison in a sentence. Empty for a run that writes nothing and has no reviewed plan.
 *
 * @param made the plan of this run, if there is one
 */
export function describeReview({ plan, digest }: Review, command: Command, made?: Plan): string {
  if (plan !== undefined) return `Compared with the reviewed plan ${digestReviewed(plan)}.`
  if (digest === undefined) {
    return command === 'apply' || command === 'destroy' ? 'Not compared with a reviewed plan.' : ''
  }
  if (made?.steps.length === 0 && digestPlan(made) !== digest) {
    const { account, region } = made.target
    return `There is nothing to do in account ${account}, region ${region}. The reviewed plan has another digest, ${digest}, which does not matter: this run writes nothing.`
  }
  return `Compared with the digest ${digest} of a reviewed plan.`
}

const reviewAgain = 'Review the plan of this run, and run again with that one.'

/**
 * Adds refusals for differences from the reviewed plan: another target, another table, a step that was not reviewed.
 * Lists at most 50.
 *
 * Steps of the reviewed plan may be missing, so that a run that was interrupted can be repeated with the same reviewed
 * plan. With only a digest, the plan must have that digest, or have no steps.
 */
export function holdToReview(plan: Plan, review: Review): Plan {
  const refusals = review.plan === undefined ? compareDigests(plan, review.digest) : comparePlans(plan, review.plan)
  return refusals.length === 0 ? plan : { ...plan, refusals: [...plan.refusals, ...refusals] }
}

function compareDigests(plan: Plan, expected: string | undefined): readonly Refusal[] {
  if (expected === undefined || plan.steps.length === 0) return []
  const digest = digestPlan(plan)
  if (digest === expected) return []
  return [
    {
      code: 'not-as-reviewed',
      reason: `The plan of this run has the digest ${digest}, but the reviewed plan has ${expected}.`,
      remedy: `${reviewAgain} To continue a plan that was performed in part, give the plan itself as expected-plan.`,
    },
  ]
}

function comparePlans(plan: Plan, reviewed: ReviewedPlan): readonly Refusal[] {
  const now = reviewable(plan)
  const purposes = comparePurposes(now, reviewed)
  // For another target or purpose, the tables and the steps differ too. A list of them would say nothing new.
  if (purposes.length > 0) return purposes
  const reviewedSteps = new Set(reviewed.steps.map(({ canonical }) => canonical))
  const stepsNow = new Set(now.steps.map(({ canonical }) => canonical))
  const unreviewed = now.steps.filter(({ canonical }) => !reviewedSteps.has(canonical))
  const refusals = [
    ...compareTables(now, reviewed),
    ...unreviewed.map(({ table, description }) =>
      refuseDifference(`In the plan of this run, but not in the reviewed plan: ${description}.`, table),
    ),
  ]
  if (refusals.length === 0) return []
  const missing = reviewed.steps.filter(({ canonical }) => !stepsNow.has(canonical))
  return shortenList([
    ...refusals,
    ...missing.map(({ table, description }) =>
      refuseDifference(`In the reviewed plan, but not in the plan of this run: ${description}.`, table),
    ),
  ])
}

/** A reviewed plan may have any number of tables and steps. */
const mostDifferences = 50

function shortenList(refusals: readonly Refusal[]): readonly Refusal[] {
  const more = refusals.length - mostDifferences
  if (more <= 0) return refusals
  return [...refusals.slice(0, mostDifferences), refuseDifference(`There are ${count(more, 'more difference')}.`)]
}

function comparePurposes(now: ReviewedPlan, reviewed: ReviewedPlan): readonly Refusal[] {
  const paths = ['account', 'partition', 'region', 'environment', 'production', 'destroy'] as const
  return (
    paths
      .filter((path) => now[path] !== reviewed[path])
      // In another environment, production may differ too.
      .filter((path) => path !== 'production' || now.environment === reviewed.environment)
      .map((path) => {
        switch (path) {
          case 'destroy':
            return refuseDifference(
              `The reviewed plan ${reviewed.destroy ? 'deletes the tables' : 'brings the tables to their definition'}, but this run ${now.destroy ? 'deletes them' : 'does not delete them'}.`,
            )
          case 'production':
            return refuseDifference(
              `In the reviewed plan the environment is ${reviewed.production ? '' : 'not '}production, but in this run it is ${now.production ? '' : 'not '}production.`,
            )
          default:
            return refuseDifference(
              `The reviewed plan is for the ${path} ${quote(reviewed[path])}, but this run is for ${quote(now[path])}.`,
            )
        }
      })
  )
}

function compareTables(now: ReviewedPlan, reviewed: ReviewedPlan): readonly Refusal[] {
  const names = new Set([...reviewed.tables, ...now.tables].map(({ name }) => name))
  return [...names].flatMap((name) => {
    const before = reviewed.tables.find((table) => table.name === name)
    const after = now.tables.find((table) => table.name === name)
    if (before === undefined) return refuseDifference(`The reviewed plan does not have the table "${name}".`, name)
    if (after === undefined)
      return refuseDifference(`The reviewed plan has the table "${name}", but this run does not.`, name)
    // The steps show that a table is missing: it must be created, or need not be deleted.
    if (after.id === before.id || after.id === undefined) return []
    const isCreated = reviewed.steps.some(({ kind, table }) => kind === 'create' && table === name)
    if (isCreated && before.id === undefined) return []
    return refuseDifference(
      before.id === undefined
        ? `The table "${name}" did not exist when the plan was made, but exists now.`
        : `The table "${name}" is not the one of the reviewed plan: it had the id ${shorten(before.id)}, and now has ${after.id}.`,
      name,
    )
  })
}

function refuseDifference(reason: string, table?: string): Refusal {
  return { ...(table === undefined ? {} : { table }), code: 'not-as-reviewed', reason, remedy: reviewAgain }
}
