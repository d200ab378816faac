/** Holds the plan made now to the one that was reviewed. Pure: what reads a file is passed in. */

import { InvalidInputsError } from '../errors/errors.ts'
import { count, quote, shorten } from '../text/readable.ts'
import { digestPlan, digestReviewed, type ReviewedPlan, readPlanDocument, reviewable } from './document.ts'
import type { Command, Plan, Refusal } from './plan.ts'

/** A reviewed plan, as it stands in the workflow: the JSON itself, or where it lies. */
export type ExpectedPlan = { readonly json: string } | { readonly path: string }

/** The inputs that name a reviewed plan. */
export interface ExpectedPlanInputs {
  readonly expectedPlan?: ExpectedPlan
  /** SHA-256 in lower case. */
  readonly expectedPlanDigest?: string
}

/** What was reviewed: the plan, its digest, both or nothing. */
export interface Review {
  readonly plan?: ReviewedPlan
  readonly digest?: string
}

/** @throws {InvalidInputsError} where there is no reviewed plan to be read, before anything is called */
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
 * What a run that writes is held to, in a sentence; empty for one that does not, and is held to nothing.
 *
 * @param made the plan of this run, once it is made
 */
export function describeReview({ plan, digest }: Review, command: Command, made?: Plan): string {
  if (plan === undefined && digest !== undefined && made?.steps.length === 0 && digestPlan(made) !== digest) {
    return `Nothing is to be done in account ${made.target.account}, region ${made.target.region}, so nothing was held to the digest ${digest} of a reviewed plan, which is of another plan.`
  }
  if (plan !== undefined) return `Held to the reviewed plan ${digestReviewed(plan)}.`
  if (digest !== undefined) return `Held to the digest ${digest} of a reviewed plan.`
  return command === 'apply' || command === 'destroy' ? 'Not held to a reviewed plan.' : ''
}

const reviewAgain = 'Review the plan that was made now, and hold the run to that one.'

/**
 * The same plan, with a refusal for each thing in which it is neither the reviewed plan nor what is left of it.
 *
 * What is left of a plan: some of its steps, on the same tables. A run that died can so be run again.
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
      reason: `The plan made now has the digest ${digest}, but ${expected} was reviewed.`,
      remedy: `${reviewAgain} To go on with what is left of a plan, give the plan itself as expected-plan.`,
    },
  ]
}

function comparePlans(plan: Plan, reviewed: ReviewedPlan): readonly Refusal[] {
  const now = reviewable(plan)
  const purposes = comparePurposes(now, reviewed)
  // Another account's tables have other ids, and another purpose other steps: to list those would say nothing more.
  if (purposes.length > 0) return purposes
  const reviewedSteps = new Set(reviewed.steps.map(({ canonical }) => canonical))
  const stepsNow = new Set(now.steps.map(({ canonical }) => canonical))
  const unreviewed = now.steps.filter(({ canonical }) => !reviewedSteps.has(canonical))
  const refusals = [
    ...compareTables(now, reviewed),
    ...unreviewed.map(({ table, description }) =>
      refuse(`Needed now, but not in the reviewed plan: ${description}.`, table),
    ),
  ]
  if (refusals.length === 0) return []
  const gone = reviewed.steps.filter(({ canonical }) => !stepsNow.has(canonical))
  return readable([
    ...refusals,
    ...gone.map(({ table, description }) => refuse(`In the reviewed plan, but not needed now: ${description}.`, table)),
  ])
}

/** Not more than anybody would read: a file that is given as a plan may hold any number of tables and steps. */
const mostDifferences = 50

function readable(refusals: readonly Refusal[]): readonly Refusal[] {
  const more = refusals.length - mostDifferences
  if (more <= 0) return refusals
  return [...refusals.slice(0, mostDifferences), refuse(`There are ${count(more, 'more difference')}.`)]
}

function comparePurposes(now: ReviewedPlan, reviewed: ReviewedPlan): readonly Refusal[] {
  const paths = ['account', 'partition', 'region', 'environment', 'production', 'destroy'] as const
  return (
    paths
      .filter((path) => now[path] !== reviewed[path])
      // What is production follows from the environment.
      .filter((path) => path !== 'production' || now.environment === reviewed.environment)
      .map((path) => {
        switch (path) {
          case 'destroy':
            return refuse(
              `The reviewed plan ${reviewed.destroy ? 'deletes the tables' : 'brings the tables to their definition'}, but this run ${now.destroy ? 'deletes them' : 'does not delete them'}.`,
            )
          case 'production':
            return refuse(
              `In the reviewed plan the environment is ${reviewed.production ? '' : 'not '}production, but in this run it is ${now.production ? '' : 'not '}production.`,
            )
          default:
            return refuse(
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
    if (before === undefined) return refuse(`The reviewed plan does not know the table "${name}".`, name)
    if (after === undefined)
      return refuse(`The reviewed plan is for the table "${name}" too, which this run is not.`, name)
    // A table that is gone shows in the steps: it must be created, or need not be deleted any more.
    if (after.id === before.id || after.id === undefined) return []
    const isCreated = reviewed.steps.some(({ kind, table }) => kind === 'create' && table === name)
    if (isCreated && before.id === undefined) return []
    return refuse(
      before.id === undefined
        ? `The table "${name}" was not there when the plan was reviewed, and is there now.`
        : `The table "${name}" is not the one that was reviewed: it had the id ${shorten(before.id)}, and now has ${after.id}.`,
      name,
    )
  })
}

function refuse(reason: string, table?: string): Refusal {
  return { ...(table === undefined ? {} : { table }), code: 'not-as-reviewed', reason, remedy: reviewAgain }
}
