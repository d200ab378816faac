import type { Plan } from '../../src/plan/plan.ts'
import { planTables } from '../../src/plan/planner.ts'
import { renderPlanLines } from '../../src/report/plan-lines.ts'
import { aTarget, ready, theTables } from '../support/builders.ts'
import { driftedPlan, emptyPlan, refusedPlan, target, users } from './results.ts'

it('shows each step on a line, with a sign for its kind, its values, and how long a slow one usually takes', () => {
  expect(renderPlanLines(planTables(target, [users], new Map()))).toEqual([
    '1 table defined, 0 found.',
    '+ create "users": KeySchema = tenant_id (S), user_id (S), DeletionProtectionEnabled = true, tag tenant-tables:environment = prod, tag tenant-tables:managed-by = tenant-tables, BillingMode = PAY_PER_REQUEST',
    expect.stringMatching(/^~ update PointInTimeRecoverySpecification of "users"/),
  ])
  expect(renderPlanLines(driftedPlan)).toEqual([
    '2 tables defined, 2 found.',
    '~ update DeletionProtectionEnabled of "users": DeletionProtectionEnabled false -> true',
    '~ update PointInTimeRecoverySpecification of "users": PointInTimeRecoverySpecification off -> on, 35 days',
    '~ update Tags of "users": tag tenant-tables:environment = prod',
    '~ update BillingMode of "users": BillingMode PROVISIONED, 5 read and 5 write units -> PAY_PER_REQUEST (slow: usually 2 to 3 minutes the first time)',
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

it('shows refusals with their remedies, notices, and unmanaged settings cut where they are long', () => {
  expect(renderPlanLines(refusedPlan)).toEqual([
    '1 table defined, 1 found.',
    expect.stringMatching(/^! refused: The table "users" has the key tenant_id \(S\), but/),
    expect.stringMatching(/^ {2}to fix: Choose another table-name-prefix/),
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
