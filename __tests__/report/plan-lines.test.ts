import type { Plan } from '../../src/plan/plan.ts'
import { planTables } from '../../src/plan/planner.ts'
import { renderPlanLines } from '../../src/report/plan-lines.ts'
import type { SecondaryIndex } from '../../src/table/secondary-index.ts'
import { aTable, aTarget, provisioned, ready, strictPolicy, theTables } from '../support/builders.ts'
import { driftedPlan, emptyPlan, refusedPlan, target, users } from './results.ts'

it('shows each step on a line, with a sign for its kind, its values, and how long a slow one usually takes', () => {
  expect(renderPlanLines(planTables(target, [users], new Map(), strictPolicy))).toEqual([
    '1 table defined, 0 found.',
    '+ create "users": key = tenant_id (S), user_id (S), deletion protection = on, tag tenant-tables:environment = prod, tag tenant-tables:managed-by = tenant-tables, tag zone = b, billing = PAY_PER_REQUEST',
    expect.stringMatching(/^~ update PointInTimeRecoverySpecification of "users"/),
  ])
  expect(renderPlanLines(driftedPlan)).toEqual([
    '2 tables defined, 2 found.',
    '~ update DeletionProtectionEnabled of "users": deletion protection off -> on',
    '~ update PointInTimeRecoverySpecification of "users": point-in-time recovery off -> 35 days',
    '~ update Tags of "users": tag zone a -> b, tag tenant-tables:environment = prod',
    '~ update BillingMode of "users": billing PROVISIONED, 5 read and 5 write units -> PAY_PER_REQUEST (slow: usually 2 to 3 minutes the first time)',
  ])
})

it('marks deletions and changes that need allow as disruptive', () => {
  const own = theTables()
  const found = new Map(own.map((table) => [table.name, ready(table)]))
  const deleted = planTables(aTarget(), own, found, { destroy: true, allow: [] })
  expect(renderPlanLines(deleted)[1]).toBe('- delete "tenant": table present, with its items -> deleted (disruptive)')
  const adopted = planTables(aTarget(), [own[0]], new Map([['tenant', ready(own[0], { Tags: [] })]]), {
    destroy: false,
    allow: ['adopt-table'],
  })
  expect(renderPlanLines(adopted)[1]).toMatch(/^- update Tags of "tenant": .* \(disruptive\)$/)
})

it('counts the refusals, which are error annotations, and shows notices, and unmanaged settings cut where they are long', () => {
  expect(renderPlanLines(refusedPlan)).toEqual([
    '1 table defined, 1 found.',
    '! refused, for 1 reason: see the errors below',
  ])
  const noticed: Plan = {
    ...emptyPlan,
    notices: [{ level: 'notice', code: 'consequence', message: 'A notice.' }],
    tables: emptyPlan.tables.map((table) => ({ ...table, unmanaged: [{ path: 'stream', value: 'x'.repeat(257) }] })),
  }
  expect(renderPlanLines(noticed)).toEqual([
    '1 table defined, 1 found.',
    '  A notice.',
    `  unmanaged on "tenant", left as it is: stream = ${'x'.repeat(256)}… (257 characters)`,
    'Nothing to do.',
  ])
})

it('says which undeclared index is deleted by the plan', () => {
  const index = (IndexName: string): SecondaryIndex => ({
    IndexName,
    KeySchema: [{ AttributeName: 'email', AttributeType: 'S', KeyType: 'HASH' }],
    Projection: { ProjectionType: 'ALL' },
  })
  const linesWith = (allow: readonly string[]) => {
    const definition = aTable({ GlobalSecondaryIndexes: [] })
    const found = new Map([['users', ready(definition, { GlobalSecondaryIndexes: [index('by-email')] })]])
    return renderPlanLines(planTables(aTarget(), [definition], found, { destroy: false, allow }))
  }
  expect(linesWith([])).toContain('  unmanaged on "users", left as it is: globalIndex = by-email')
  expect(linesWith(['delete-index'])).toEqual(
    expect.arrayContaining([
      '- update GlobalSecondaryIndexes by-email of "users": index by-email email (S); all attributes -> deleted (disruptive)',
      '  unmanaged on "users", deleted by this plan: globalIndex = by-email',
    ]),
  )
})

it('says that a change to provisioned capacity removes the on-demand maximums that the definition does not mention', () => {
  const definition = aTable({ BillingMode: provisioned })
  const OnDemandThroughput = { MaxReadRequestUnits: 100, MaxWriteRequestUnits: -1 }
  const onDemand = ready(definition, { BillingMode: 'PAY_PER_REQUEST', OnDemandThroughput })
  const lines = renderPlanLines(planTables(aTarget(), [definition], new Map([['users', onDemand]]), strictPolicy))
  expect(lines).toContain('  unmanaged on "users", removed by this plan: onDemandThroughput = MaxReadRequestUnits 100')
})

it('says which unmanaged settings are deleted with a table', () => {
  const unmanaged = ['globalIndex', 'encryptionKey', 'replica'].map((path) => ({ path, value: 'x' }))
  const plan: Plan = {
    ...emptyPlan,
    policy: { destroy: true, allow: [] },
    tables: emptyPlan.tables.map((table) => ({ ...table, unmanaged })),
  }
  expect(renderPlanLines(plan).slice(1, 4)).toEqual([
    '  unmanaged on "tenant", deleted with the table: globalIndex = x',
    '  unmanaged on "tenant", deleted with the table, but not the KMS key itself: encryptionKey = x',
    '  unmanaged on "tenant", not deleted with the table: replica = x',
  ])
})
