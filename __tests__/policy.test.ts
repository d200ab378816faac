import type { Disruption, Policy } from '../src/plan.ts'
import { planTables } from '../src/planner.ts'
import { disruptions } from '../src/policy.ts'
import type { DesiredTable, ObservedTable, Target } from '../src/table.ts'
import { aTable, aTarget, production, ready, theTables } from './support/builders.ts'

const inProduction = aTarget({ environment: production })
const [, users] = theTables()

function plan(
  desired: DesiredTable,
  observed: ObservedTable,
  allow: readonly Disruption[],
  target: Target = aTarget(),
) {
  const policy: Policy = { destroy: false, allow }
  const { steps, refusals, notices } = planTables(target, [desired], new Map([[desired.name, observed]]), policy)
  return {
    steps: steps.map(({ action }) => action),
    refusals: refusals.map(({ code }) => code),
    remedies: refusals.map(({ remedy }) => remedy),
    warnings: notices.filter(({ level }) => level === 'warning').map(({ message }) => message),
  }
}

const unprotected = aTable({ deletionProtection: false })
const unrecoverable = aTable({ pointInTimeRecovery: { enabled: false } })
const protectedTable = ready(users, { deletionProtection: true })
const recoverable = ready(users, { pointInTimeRecovery: { enabled: true, recoveryPeriodDays: 35 } })
const ofStaging = ready(users, {
  deletionProtection: true,
  tags: new Map([['tenant-tables:environment', 'staging']]),
})

describe.each<[Disruption, DesiredTable, ObservedTable]>([
  ['remove-deletion-protection', unprotected, protectedTable],
  ['remove-point-in-time-recovery', unrecoverable, recoverable],
  ['change-environment', users, ofStaging],
])('%s', (disruption, desired, observed) => {
  it('is a refusal that quotes the line to add, also where the others are allowed', () => {
    const others = disruptions.filter((each) => each !== disruption)
    const found = plan(desired, observed, others)
    expect([found.steps, found.refusals]).toEqual([[], [disruption]])
    expect(found.remedies[0]).toMatch(new RegExp(`add this line to allow: ${disruption}$`))
  })

  it('is a step where it is allowed', () => {
    const found = plan(desired, observed, [disruption])
    expect([found.steps, found.refusals]).toEqual([[disruption], []])
  })
})

it('to lose the restore window is told before: by the refusal, and with leave by a warning', () => {
  const refused = planTables(aTarget(), [unrecoverable], new Map([['users', recoverable]]))
  expect(refused.refusals[0]?.reason).toContain('loses the restore window')
  expect(plan(unrecoverable, recoverable, ['remove-point-in-time-recovery']).warnings).toEqual([
    expect.stringMatching(/its restore window \(on, 35 days\) is lost/),
  ])
})

it('a table that changes its environment keeps its protection, and gets all its tags in one write', () => {
  const { steps } = planTables(aTarget(), [users], new Map([['users', ofStaging]]), {
    destroy: false,
    allow: ['change-environment'],
  })
  expect(steps).toEqual([
    {
      action: 'change-environment',
      table: 'users',
      from: 'staging',
      to: 'dev',
      tags: [
        { key: 'tenant-tables:environment', from: 'staging', to: 'dev' },
        { key: 'tenant-tables:managed-by', to: 'tenant-tables' },
      ],
    },
  ])
})

it('a table of another environment is not told what else it would need', () => {
  const observed = ready(users, { ...ofStaging, billingMode: 'PROVISIONED' })
  expect(plan(unprotected, observed, [])).toMatchObject({ steps: [], refusals: ['change-environment'], warnings: [] })
})

describe('production', () => {
  const both = ['remove-deletion-protection', 'remove-point-in-time-recovery'] as const
  const bare = aTable({
    deletionProtection: false,
    pointInTimeRecovery: { enabled: false },
    tags: theTables({ environment: production })[1].tags,
  })

  it.each<[string, ObservedTable]>([
    ['a table that is absent', { status: 'absent' }],
    ['a table that has neither', ready(bare)],
  ])('goes without protection and recovery only where both are allowed: %s', (_, observed) => {
    expect(plan(bare, observed, [], inProduction).refusals).toEqual(both)
    expect(plan(bare, observed, ['remove-deletion-protection'], inProduction).refusals).toEqual([both[1]])
    expect(plan(bare, observed, ['remove-point-in-time-recovery'], inProduction).refusals).toEqual([both[0]])
    expect(plan(bare, observed, both, inProduction).refusals).toEqual([])
  })

  it('needs no leave for what it asks for', () => {
    const [, desired] = theTables({ environment: production })
    expect(plan(desired, { status: 'absent' }, [], inProduction).refusals).toEqual([])
  })
})

it('protection is taken away after all else', () => {
  const observed = ready(users, {
    deletionProtection: true,
    billingMode: 'PROVISIONED',
    pointInTimeRecovery: { enabled: true, recoveryPeriodDays: 35 },
    tags: new Map(),
  })
  const desired = aTable({ deletionProtection: false, pointInTimeRecovery: { enabled: false } })
  expect(plan(desired, observed, ['remove-deletion-protection', 'remove-point-in-time-recovery']).steps).toEqual([
    'tag-table',
    'set-billing-mode',
    'remove-point-in-time-recovery',
    'remove-deletion-protection',
  ])
})
