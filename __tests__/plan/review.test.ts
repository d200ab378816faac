import { nameStep } from '../../src/plan/description.ts'
import { digestPlan, readPlanDocument, renderPlanDocument, reviewable } from '../../src/plan/document.ts'
import { type Plan, stepsOf } from '../../src/plan/plan.ts'
import { planTables } from '../../src/plan/planner.ts'
import { describeReview, holdToReview, type Review, readReview } from '../../src/plan/review.ts'
import type { ObservedTables } from '../../src/table/table.ts'
import { aTarget, development, production, provisioned, ready, strictPolicy, theTables } from '../support/builders.ts'

const target = aTarget({ environment: production })
const definitions = theTables({ environment: production })
const [tenant, users] = definitions

const planFor = (observed: ObservedTables, destroy = false) =>
  planTables(target, definitions, observed, { destroy, allow: [] })

function reviewOf(plan: Plan): Review {
  const reviewed = readPlanDocument(renderPlanDocument(plan))
  if (typeof reviewed === 'string') throw new Error(reviewed)
  return { plan: reviewed }
}

const reasons = (plan: Plan, review: Review) => holdToReview(plan, review).refusals.map(({ reason }) => reason)

const recoveryOff = { PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: false } }
const drifted = ready(users, { DeletionProtectionEnabled: false, BillingMode: provisioned })
const before = planFor(new Map([['users', drifted]]))
const complete = planFor(new Map(definitions.map((table) => [table.name, ready(table)])))

it('accepts the reviewed plan as it is', () => {
  expect(before.steps.length).toBeGreaterThan(3)
  expect(holdToReview(before, reviewOf(before))).toBe(before)
})

it('accepts a part of the reviewed plan, with any id of a table that the reviewed plan creates', () => {
  const left = planFor(
    new Map([
      ['tenant', ready(tenant, { id: 'new', ...recoveryOff })],
      ['users', ready(users, { BillingMode: provisioned })],
    ]),
  )
  expect(left.steps.map(nameStep)).toEqual([
    'update PointInTimeRecoverySpecification of "tenant"',
    'update BillingMode of "users"',
  ])
  expect(reasons(left, reviewOf(before))).toEqual([])
  expect([complete.steps, reasons(complete, reviewOf(before))]).toEqual([[], []])
})

it('accepts a part of a reviewed plan that only creates tables', () => {
  const dev = theTables({ environment: development })
  const plan = (observed: ObservedTables) =>
    planTables(aTarget({ environment: development }), dev, observed, strictPolicy)
  const [made] = dev
  const created = plan(new Map())
  expect(created.steps.map(({ kind }) => kind)).toEqual(['create', 'create'])
  const left = plan(new Map([[made.name, ready(made)]]))
  expect([left.steps.length, reasons(left, reviewOf(created))]).toEqual([1, []])
})

it('refuses a step that is not in the reviewed plan, and lists the steps that only one of the plans has', () => {
  const observed = ready(users, { DeletionProtectionEnabled: false, ...recoveryOff })
  const now = planFor(
    new Map([
      ['tenant', ready(tenant, { id: 'new' })],
      ['users', observed],
    ]),
  )
  expect(reasons(now, reviewOf(before))).toEqual([
    'In the plan of this run, but not in the reviewed plan: update PointInTimeRecoverySpecification of "users": point-in-time recovery off -> 35 days.',
    expect.stringContaining('In the reviewed plan, but not in the plan of this run: create "tenant"'),
    expect.stringContaining('not in the plan of this run: update PointInTimeRecoverySpecification of "tenant"'),
    'In the reviewed plan, but not in the plan of this run: update BillingMode of "users": billing PROVISIONED, 5 read and 5 write units -> PAY_PER_REQUEST.',
  ])
})

it('refuses the same steps on a table that was recreated after the review', () => {
  const now = planFor(new Map([['users', { ...drifted, id: 'another' }]]))
  expect(now.steps).toEqual(before.steps)
  expect(reasons(now, reviewOf(before))).toEqual([
    'The table "users" is not the one of the reviewed plan: it had the id id-of-users, and now has another.',
  ])
})

it('refuses to create a table that was deleted after the review', () => {
  expect(reasons(planFor(new Map()), reviewOf(before))[0]).toContain('create "users"')
})

it('refuses a table that exists now, but that the reviewed plan neither has nor creates', () => {
  const archived = planFor(new Map([['users', { status: 'unavailable', tableStatus: 'ARCHIVED' }]]))
  expect(reasons(complete, { plan: { ...reviewable(archived), refusals: [] } })[0]).toBe(
    'The table "users" did not exist when the plan was made, but exists now.',
  )
})

const elsewhere = (changes: Parameters<typeof aTarget>[0]) =>
  planTables(aTarget({ environment: production, ...changes }), definitions, new Map(), strictPolicy)

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
])('refuses a plan for another %s by that difference alone', (_, now, reason) => {
  const found = holdToReview(now, reviewOf(before)).refusals.filter(({ code }) => code === 'not-as-reviewed')
  expect(found.map((refusal) => refusal.reason)).toEqual([expect.stringMatching(reason)])
})

it('refuses a plan for other tables', () => {
  const prefixed = theTables({ environment: production, tableNamePrefix: 'x-' })
  const now = planTables(target, prefixed, new Map(prefixed.map((table) => [table.name, ready(table)])), strictPolicy)
  expect(reasons(now, reviewOf(before)).slice(0, 4)).toEqual([
    'The reviewed plan has the table "tenant", but this run does not.',
    'The reviewed plan has the table "users", but this run does not.',
    'The reviewed plan does not have the table "x-tenant".',
    'The reviewed plan does not have the table "x-users".',
  ])
})

it('accepts the deletion of the reviewed tables or of some of them, but of no other tables', () => {
  const inDevelopment = theTables()
  const plan = (observed: ObservedTables) =>
    planTables(aTarget(), inDevelopment, observed, { destroy: true, allow: [] })
  const both = plan(new Map(inDevelopment.map((table) => [table.name, ready(table)])))
  const one = plan(new Map([['users', ready(inDevelopment[1])]]))
  expect([both.steps.length, one.steps.length]).toEqual([2, 1])
  expect(reasons(one, reviewOf(both))).toEqual([])
  expect(reasons(both, reviewOf(one))[0]).toContain('"tenant" did not exist when the plan was made')
  const recreated = plan(new Map([['users', ready(inDevelopment[1], { id: 'another' })]]))
  expect(stepsOf(recreated, 'users')).toHaveLength(1)
  expect(reasons(recreated, reviewOf(both))[0]).toContain('now has another')
})

describe('a digest without the plan', () => {
  it('accepts the same plan, and an empty plan', () => {
    expect(reasons(before, { digest: digestPlan(before) })).toEqual([])
    expect(reasons(complete, { digest: digestPlan(before) })).toEqual([])
  })

  it('refuses every other plan, also a part of the same plan', () => {
    const left = planFor(new Map([['users', ready(users)]]))
    expect(left.steps.length).toBeGreaterThan(0)
    expect(reasons(left, { digest: digestPlan(before) })).toEqual([
      `The plan of this run has the digest ${digestPlan(left)}, but the reviewed plan has ${digestPlan(before)}.`,
    ])
  })
})

it('accepts every plan where there is no reviewed plan', () => {
  expect(holdToReview(before, {})).toBe(before)
})

it('reports for a run that writes with what it was compared, and that it was not compared', () => {
  expect(describeReview(reviewOf(before), 'apply')).toBe(`Compared with the reviewed plan ${digestPlan(before)}.`)
  expect(describeReview({ digest: 'abc' }, 'destroy')).toBe('Compared with the digest abc of a reviewed plan.')
  expect(['apply', 'destroy', 'plan', 'verify'].map((command) => describeReview({}, command as 'apply'))).toEqual([
    'Not compared with a reviewed plan.',
    'Not compared with a reviewed plan.',
    '',
    '',
  ])
})

it('does not report a comparison with a digest for a run with nothing to do in another region', () => {
  const emptyElsewhere = planTables(
    aTarget({ environment: development, region: 'eu-west-1' }),
    definitions,
    new Map(),
    {
      destroy: true,
      allow: [],
    },
  )
  const digest = digestPlan(before)
  expect(holdToReview(emptyElsewhere, { digest }).refusals).toEqual([])
  expect(describeReview({ digest }, 'destroy', emptyElsewhere)).toBe(
    `There is nothing to do in account 222222222222, region eu-west-1. The reviewed plan has another digest, ${digest}, which does not matter: this run writes nothing.`,
  )
  expect(describeReview({ digest: digestPlan(emptyElsewhere) }, 'destroy', emptyElsewhere)).toContain(
    'Compared with the digest',
  )
  expect(describeReview({ digest }, 'apply', before)).toContain('Compared with the digest')
})

it('refuses a plan whose environment was production at the review and is not now, and the reverse', () => {
  const live = (isProduction: boolean) =>
    planTables(
      aTarget({ environment: { name: 'live', production: isProduction } }),
      definitions,
      new Map(),
      strictPolicy,
    )
  expect(reasons(live(false), reviewOf(live(true)))).toEqual([
    'In the reviewed plan the environment is production, but in this run it is not production.',
  ])
  expect(reasons(live(true), reviewOf(live(false)))).toHaveLength(1)
  expect(holdToReview(live(false), { digest: digestPlan(live(true)) }).refusals).toHaveLength(1)
})

it('keeps the refusals of the plan beside those of the comparison', () => {
  const other = planFor(new Map([['users', ready(users, { KeySchema: tenant.properties.KeySchema })]]))
  expect(holdToReview(other, { digest: '0'.repeat(64) }).refusals.map(({ code }) => code)).toEqual([
    'impossible-change',
    'not-as-reviewed',
  ])
})

describe('reading the reviewed plan', () => {
  const noFile = () => Promise.reject(new Error('No file is expected to be read'))
  const json = renderPlanDocument(before)
  const digest = digestPlan(before)

  it('reads the input itself, or the file that it names', async () => {
    await expect(readReview({}, noFile)).resolves.toEqual({})
    await expect(readReview({ expectedPlan: { json } }, noFile)).resolves.toEqual(reviewOf(before))
    const readFile = async (path: string) => (path === 'plan.json' ? json : '')
    const fromFile = readReview({ expectedPlan: { path: 'plan.json' } }, readFile)
    await expect(fromFile).resolves.toEqual(reviewOf(before))
  })

  it('requires the digest of the plan where both inputs are given', async () => {
    await expect(readReview({ expectedPlanDigest: digest }, noFile)).resolves.toEqual({ digest })
    const both = readReview({ expectedPlan: { json }, expectedPlanDigest: digest }, noFile)
    await expect(both).resolves.toEqual({ ...reviewOf(before), digest })
    const other = readReview({ expectedPlan: { json }, expectedPlanDigest: '0'.repeat(64) }, noFile)
    await expect(other).rejects.toMatchObject({
      problems: [expect.stringContaining('Give the plan and the digest of one run')],
    })
  })

  it('refuses a plan that was refused, which has a digest of its own', async () => {
    const refused = planFor(new Map([['users', ready(users, { KeySchema: tenant.properties.KeySchema })]]))
    const expectedPlan = { json: renderPlanDocument(refused) }
    await expect(readReview({ expectedPlan }, noFile)).rejects.toMatchObject({
      problems: [
        expect.stringMatching(/^expected-plan was refused, for 1 reason: a refused plan is never performed\./),
      ],
    })
    expect(digestPlan({ ...refused, refusals: [] })).not.toBe(digestPlan(refused))
  })

  it('explains the fallback for an empty output', async () => {
    const expected = expect.stringMatching(
      /^expected-plan( is the file "a", which)? is \{\}: the plan job's output is empty; GitHub drops outputs .* Give the output plan/,
    )
    const inInput = readReview({ expectedPlan: { json: '{}' } }, noFile)
    await expect(inInput).rejects.toMatchObject({ problems: [expected] })
    const inFile = readReview({ expectedPlan: { path: 'a' } }, async () => '{}')
    await expect(inFile).rejects.toMatchObject({ problems: [expected] })
  })

  it('names the input or the file that is not a plan', async () => {
    await expect(readReview({ expectedPlan: { json: '{' } }, noFile)).rejects.toMatchObject({
      problems: [expect.stringMatching(/^expected-plan is not JSON/)],
    })
    await expect(readReview({ expectedPlan: { path: 'a' } }, async () => 'x')).rejects.toMatchObject({
      problems: [expect.stringMatching(/^expected-plan is the file "a", which is not JSON/)],
    })
  })
})
