import { digestPlan, readPlanDocument, renderPlanDocument, reviewable } from '../../src/plan/document.ts'
import { type Plan, stepsOf } from '../../src/plan/plan.ts'
import { planTables } from '../../src/plan/planner.ts'
import { describeReview, holdToReview, type Review, readReview } from '../../src/plan/review.ts'
import type { ObservedTables } from '../../src/table/table.ts'
import { aTarget, development, production, ready, theTables } from '../support/builders.ts'

const target = aTarget({ environment: production })
const desired = theTables({ environment: production })
const [tenant, users] = desired

const planFor = (observed: ObservedTables, destroy = false) =>
  planTables(target, desired, observed, { destroy, allow: [] })

function reviewOf(plan: Plan): Review {
  const reviewed = readPlanDocument(renderPlanDocument(plan))
  if (typeof reviewed === 'string') throw new Error(reviewed)
  return { plan: reviewed }
}

const reasons = (plan: Plan, review: Review) => holdToReview(plan, review).refusals.map(({ reason }) => reason)

const drifted = ready(users, { deletionProtection: false, billingMode: 'PROVISIONED' })
const before = planFor(new Map([['users', drifted]]))
const complete = planFor(new Map(desired.map((table) => [table.name, ready(table)])))

it('the plan that was reviewed is not refused, and stays as it is', () => {
  expect(before.steps.length).toBeGreaterThan(3)
  expect(holdToReview(before, reviewOf(before))).toBe(before)
})

it('what is left of the reviewed plan is not refused: the ids of tables that it creates are not known before', () => {
  const left = planFor(
    new Map([
      ['tenant', ready(tenant, { id: 'new', pointInTimeRecovery: { enabled: false } })],
      ['users', ready(users, { billingMode: 'PROVISIONED' })],
    ]),
  )
  expect(left.steps.map(({ action }) => action)).toEqual(['set-point-in-time-recovery', 'set-billing-mode'])
  expect(reasons(left, reviewOf(before))).toEqual([])
  expect([complete.steps, reasons(complete, reviewOf(before))]).toEqual([[], []])
})

it('what is left of a plan that does nothing but create them is not refused either', () => {
  const dev = theTables({ environment: development })
  const plan = (observed: ObservedTables) =>
    planTables(aTarget({ environment: development }), dev, observed, { destroy: false, allow: [] })
  const [made] = dev
  const created = plan(new Map())
  expect(created.steps.map(({ action }) => action)).toEqual(['create-table', 'create-table'])
  const left = plan(new Map([[made.name, ready(made)]]))
  expect([left.steps.length, reasons(left, reviewOf(created))]).toEqual([1, []])
})

it('a step that was not reviewed is refused, with what is new and what is gone, step by step', () => {
  const observed = ready(users, { deletionProtection: false, pointInTimeRecovery: { enabled: false } })
  const now = planFor(
    new Map([
      ['tenant', ready(tenant, { id: 'new' })],
      ['users', observed],
    ]),
  )
  expect(reasons(now, reviewOf(before))).toEqual([
    'Needed now, but not in the reviewed plan: set-point-in-time-recovery "users": point-in-time recovery off -> on, 35 days.',
    expect.stringContaining('In the reviewed plan, but not needed now: create-table "tenant"'),
    expect.stringContaining('In the reviewed plan, but not needed now: set-point-in-time-recovery "tenant"'),
    'In the reviewed plan, but not needed now: set-billing-mode "users": billing mode PROVISIONED -> PAY_PER_REQUEST.',
  ])
})

it('a step on a table that was made anew meanwhile is refused, even where the steps are the same', () => {
  const now = planFor(new Map([['users', { ...drifted, id: 'another' }]]))
  expect(now.steps).toEqual(before.steps)
  expect(reasons(now, reviewOf(before))).toEqual([
    'The table "users" is not the one that was reviewed: it had the id id-of-users, and now has another.',
  ])
})

it('a table that was lost meanwhile is not made anew', () => {
  expect(reasons(planFor(new Map()), reviewOf(before))[0]).toContain('create-table "users"')
})

it('a table that appeared where none was planned to be made is refused', () => {
  const archived = planFor(new Map([['users', { status: 'unavailable', tableStatus: 'ARCHIVED' }]]))
  expect(reasons(complete, { plan: { ...reviewable(archived), refusals: [] } })[0]).toBe(
    'The table "users" was not there when the plan was reviewed, and is there now.',
  )
})

const elsewhere = (changes: Parameters<typeof aTarget>[0]) =>
  planTables(aTarget({ environment: production, ...changes }), desired, new Map())

it.each<[string, Plan, RegExp]>([
  [
    'account',
    elsewhere({ account: '333333333333' }),
    /for the account "222222222222", but this run is for "333333333333"/,
  ],
  ['region', elsewhere({ region: 'eu-west-1' }), /region/],
  ['partition', elsewhere({ partition: 'aws-cn' }), /partition/],
  ['environment', elsewhere({ environment: development }), /for the environment "prod", but this run is for "dev"/],
  ['purpose', planFor(new Map(), true), /brings the tables to their definition, but this run deletes them/],
])('a plan for another %s is refused by that first of all', (_, now, reason) => {
  const found = holdToReview(now, reviewOf(before)).refusals.filter(({ code }) => code === 'not-as-reviewed')
  expect(found.map((refusal) => refusal.reason)).toEqual([expect.stringMatching(reason)])
})

it('a plan for other tables is refused', () => {
  const prefixed = theTables({ environment: production, tableNamePrefix: 'x-' })
  const now = planTables(target, prefixed, new Map(prefixed.map((table) => [table.name, ready(table)])))
  expect(reasons(now, reviewOf(before)).slice(0, 4)).toEqual([
    expect.stringContaining('for the table "tenant" too'),
    expect.stringContaining('for the table "users" too'),
    expect.stringContaining('does not know the table "x-tenant"'),
    expect.stringContaining('does not know the table "x-users"'),
  ])
})

it('a reviewed destruction deletes the tables that were reviewed, what is left of them, and no others', () => {
  const inDevelopment = theTables()
  const plan = (observed: ObservedTables) =>
    planTables(aTarget(), inDevelopment, observed, { destroy: true, allow: [] })
  const both = plan(new Map(inDevelopment.map((table) => [table.name, ready(table)])))
  const one = plan(new Map([['users', ready(inDevelopment[1])]]))
  expect([both.steps.length, one.steps.length]).toEqual([2, 1])
  expect(reasons(one, reviewOf(both))).toEqual([])
  expect(reasons(both, reviewOf(one))[0]).toContain('"tenant" was not there when the plan was reviewed')
  const anew = plan(new Map([['users', ready(inDevelopment[1], { id: 'another' })]]))
  expect(stepsOf(anew, 'users')).toHaveLength(1)
  expect(reasons(anew, reviewOf(both))[0]).toContain('now has another')
})

describe('the digest alone', () => {
  it('lets the same plan pass, and an empty one', () => {
    expect(reasons(before, { digest: digestPlan(before) })).toEqual([])
    expect(reasons(complete, { digest: digestPlan(before) })).toEqual([])
  })

  it('refuses any other, what is left of the plan too', () => {
    const left = planFor(new Map([['users', ready(users)]]))
    expect(left.steps.length).toBeGreaterThan(0)
    expect(reasons(left, { digest: digestPlan(before) })).toEqual([
      `The plan made now has the digest ${digestPlan(left)}, but ${digestPlan(before)} was reviewed.`,
    ])
  })
})

it('nothing reviewed holds to nothing', () => {
  expect(holdToReview(before, {})).toBe(before)
})

it('a run that writes says what it was held to, and that it was held to nothing', () => {
  expect(describeReview(reviewOf(before), 'apply')).toBe(`Held to the reviewed plan ${digestPlan(before)}.`)
  expect(describeReview({ digest: 'abc' }, 'destroy')).toBe('Held to the digest abc of a reviewed plan.')
  expect(['apply', 'destroy', 'plan', 'verify'].map((command) => describeReview({}, command as 'apply'))).toEqual([
    'Not held to a reviewed plan.',
    'Not held to a reviewed plan.',
    '',
    '',
  ])
})

it('a run that finds nothing to do elsewhere does not say that it was held to a digest', () => {
  const elsewhereGone = planTables(aTarget({ environment: development, region: 'eu-west-1' }), desired, new Map(), {
    destroy: true,
    allow: [],
  })
  const digest = digestPlan(before)
  expect(holdToReview(elsewhereGone, { digest }).refusals).toEqual([])
  expect(describeReview({ digest }, 'destroy', elsewhereGone)).toBe(
    `Nothing is to be done in account 222222222222, region eu-west-1, so nothing was held to the digest ${digest} of a reviewed plan, which is of another plan.`,
  )
  expect(describeReview({ digest: digestPlan(elsewhereGone) }, 'destroy', elsewhereGone)).toContain(
    'Held to the digest',
  )
  expect(describeReview({ digest }, 'apply', before)).toContain('Held to the digest')
})

it('what was not production when it was reviewed is not worked on as production, nor the other way round', () => {
  const live = (isProduction: boolean) =>
    planTables(aTarget({ environment: { name: 'live', production: isProduction } }), desired, new Map())
  expect(reasons(live(false), reviewOf(live(true)))).toEqual([
    'In the reviewed plan the environment is production, but in this run it is not production.',
  ])
  expect(reasons(live(true), reviewOf(live(false)))).toHaveLength(1)
  expect(holdToReview(live(false), { digest: digestPlan(live(true)) }).refusals).toHaveLength(1)
})

it('refusals of the plan stay beside those of the review', () => {
  const other = planFor(new Map([['users', ready(users, { keys: tenant.keys })]]))
  expect(holdToReview(other, { digest: '0'.repeat(64) }).refusals.map(({ code }) => code)).toEqual([
    'different-keys',
    'not-as-reviewed',
  ])
})

describe('the reviewed plan is read', () => {
  const inputs = {
    command: 'apply',
    policy: { destroy: false, allow: [] },
    failOnDrift: false,
    sampleItems: true,
  } as const
  const noFile = () => Promise.reject(new Error('no file was to be read'))
  const json = renderPlanDocument(before)
  const digest = digestPlan(before)

  it('from the input itself, or from the file that it names', async () => {
    await expect(readReview({}, noFile)).resolves.toEqual({})
    await expect(readReview({ ...inputs, expectedPlan: { json } }, noFile)).resolves.toEqual(reviewOf(before))
    const readFile = async (path: string) => (path === 'plan.json' ? json : '')
    const fromFile = readReview({ ...inputs, expectedPlan: { path: 'plan.json' } }, readFile)
    await expect(fromFile).resolves.toEqual(reviewOf(before))
  })

  it('with its digest, which must be its own', async () => {
    await expect(readReview({ ...inputs, expectedPlanDigest: digest }, noFile)).resolves.toEqual({ digest })
    const both = readReview({ ...inputs, expectedPlan: { json }, expectedPlanDigest: digest }, noFile)
    await expect(both).resolves.toEqual({ ...reviewOf(before), digest })
    const other = readReview({ ...inputs, expectedPlan: { json }, expectedPlanDigest: '0'.repeat(64) }, noFile)
    await expect(other).rejects.toMatchObject({
      problems: [expect.stringContaining('Give the plan and the digest of one run')],
    })
  })

  it('which is none where it was refused, and has a digest of its own', async () => {
    const refused = planFor(new Map([['users', ready(users, { keys: tenant.keys })]]))
    const expectedPlan = { json: renderPlanDocument(refused) }
    await expect(readReview({ ...inputs, expectedPlan }, noFile)).rejects.toMatchObject({
      problems: [
        expect.stringMatching(/^expected-plan was refused, for 1 reason: a refused plan is never performed\./),
      ],
    })
    expect(digestPlan({ ...refused, refusals: [] })).not.toBe(digestPlan(refused))
  })

  it('and where it is the fallback for an empty output, that is what is reported', async () => {
    const expected = expect.stringMatching(
      /^expected-plan( is the file "a", which)? is \{\}: the plan job's output is empty; GitHub drops outputs .* Give the output plan/,
    )
    const inInput = readReview({ ...inputs, expectedPlan: { json: '{}' } }, noFile)
    await expect(inInput).rejects.toMatchObject({ problems: [expected] })
    const inFile = readReview({ ...inputs, expectedPlan: { path: 'a' } }, async () => '{}')
    await expect(inFile).rejects.toMatchObject({ problems: [expected] })
  })

  it('and what is no plan is a wrong input, by its place', async () => {
    await expect(readReview({ ...inputs, expectedPlan: { json: '{' } }, noFile)).rejects.toMatchObject({
      problems: [expect.stringMatching(/^expected-plan is not JSON/)],
    })
    await expect(readReview({ ...inputs, expectedPlan: { path: 'a' } }, async () => 'x')).rejects.toMatchObject({
      problems: [expect.stringMatching(/^expected-plan is the file "a", which is not JSON/)],
    })
  })
})
