/** A reviewed plan from a file of the job: untrusted, and up to 1 MiB long. */
import { renderPlanDocument } from '../../src/plan/document.ts'
import type { Plan } from '../../src/plan/plan.ts'
import { planTables } from '../../src/plan/planner.ts'
import { holdToReview, readReview } from '../../src/plan/review.ts'
import { aTarget, ready, strictPolicy, theTables } from '../support/builders.ts'

const definitions = theTables()
const plan = planTables(
  aTarget(),
  definitions,
  new Map(definitions.map((table) => [table.name, ready(table)])),
  strictPolicy,
)

/** Holds the plan to one that has the right digest, and also the tables of these names. */
async function heldTo(names: readonly string[]): Promise<Plan> {
  const [table] = plan.tables
  if (table === undefined) throw new Error('A table was expected')
  const reviewed = renderPlanDocument({
    ...plan,
    tables: [...plan.tables, ...names.map((name) => ({ ...table, name }))],
  })
  return holdToReview(plan, await readReview({ expectedPlan: { path: 'p' } }, async () => reviewed))
}

it('gives at most 50 refusals, and the number of the other differences', async () => {
  const held = await heldTo(Array.from({ length: 20_000 }, (_, index) => `table-${index}`))
  expect(held.refusals).toHaveLength(51)
  expect(held.refusals.at(-1)).toMatchObject({ reason: 'There are 19950 more differences.' })
})

it('is refused with a table name that DynamoDB does not allow, without a quote of it', async () => {
  const error = await heldTo(['1'.repeat(100_000)]).catch((reason: unknown) => reason)
  expect(error).toMatchObject({ name: 'InvalidInputsError', problems: [expect.not.stringContaining('111')] })
})
