import type { Disruption, Plan, Policy } from '../../src/plan/plan.ts'
import { planTables } from '../../src/plan/planner.ts'
import { disruptions } from '../../src/plan/policy.ts'
import type { ObservedTable, ObservedTables, TableDefinition } from '../../src/table/table.ts'
import type { Target } from '../../src/table/target.ts'
import { aTable, aTarget, managedOnly, production, ready, theTables } from '../support/builders.ts'

const inProduction = aTarget({ environment: production })
const [, users] = theTables()

function plan(
  desired: TableDefinition,
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
  tags: new Map([...managedOnly, ['tenant-tables:environment', 'staging']]),
})

describe.each<[Disruption, TableDefinition, ObservedTable]>([
  ['remove-deletion-protection', unprotected, protectedTable],
  ['remove-point-in-time-recovery', unrecoverable, recoverable],
  ['change-environment', users, ofStaging],
  ['adopt-table', users, ready(users, { tags: new Map() })],
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
  const [, desired] = theTables({ tags: new Map([['team', 'core']]) })
  const observed = ready(desired, { ...ofStaging, tags: new Map([...ofStaging.tags, ['team', 'other']]) })
  const { steps } = planTables(aTarget(), [desired], new Map([['users', observed]]), {
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
        { key: 'team', from: 'other', to: 'core' },
        { key: 'tenant-tables:environment', from: 'staging', to: 'dev' },
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
    tags: managedOnly,
  })
  const desired = aTable({ deletionProtection: false, pointInTimeRecovery: { enabled: false } })
  expect(plan(desired, observed, ['remove-deletion-protection', 'remove-point-in-time-recovery']).steps).toEqual([
    'tag-table',
    'set-billing-mode',
    'remove-point-in-time-recovery',
    'remove-deletion-protection',
  ])
})

describe('a line of allow that nothing in the plan needs', () => {
  const planWith = (observed: ObservedTables, policy: Policy, desired = users) =>
    planTables(aTarget(), [desired], observed, policy)
  const every: Policy = { destroy: false, allow: disruptions }
  const unneeded = ({ notices }: Plan) => notices.filter(({ code }) => code === 'unneeded-allow')

  it('is a notice about the whole plan, one for each line', () => {
    expect(unneeded(planWith(new Map([['users', ready(users)]]), every))).toEqual(
      disruptions.map((line) => ({
        level: 'notice',
        code: 'unneeded-allow',
        message: expect.stringContaining(`allow has the line ${line}, but nothing in this plan needs it.`),
      })),
    )
  })

  it('is a notice also where the tables are created, and where they are to be deleted', () => {
    const allow = ['adopt-table'] as const
    expect(unneeded(planWith(new Map(), { destroy: false, allow }))).toHaveLength(1)
    expect(unneeded(planWith(new Map([['users', ready(users)]]), { destroy: true, allow }))).toHaveLength(1)
  })

  it('is no notice where a step needs it, and none about the second line that a change of the environment may need', () => {
    const untagged = new Map([['users', ready(users, { tags: new Map() })]])
    expect(unneeded(planWith(untagged, { destroy: false, allow: ['adopt-table'] }))).toEqual([])
    const ofNobody = new Map([['users', ready(users, { tags: new Map([['tenant-tables:environment', 'staging']]) })]])
    const both = ['change-environment', 'adopt-table'] as const
    expect(unneeded(planWith(ofNobody, { destroy: false, allow: both }))).toEqual([])
    const ofStagingOnly = planWith(new Map([['users', ofStaging]]), { destroy: false, allow: both })
    expect(unneeded(ofStagingOnly).map(({ message }) => message)).toEqual([expect.stringContaining('adopt-table')])
  })

  it('is no notice where production needs it to be without protection, though there is no step for it', () => {
    const bare = aTable({ deletionProtection: false, pointInTimeRecovery: { enabled: false } })
    const allow = ['remove-deletion-protection', 'remove-point-in-time-recovery'] as const
    const plan = planTables(inProduction, [bare], new Map([['users', ready(bare)]]), { destroy: false, allow })
    expect([plan.steps, unneeded(plan)]).toEqual([[], []])
  })

  it('is no notice beside a refusal, because what needs it may be hidden by the refusal', () => {
    const observed = new Map([['users', ready(users, { deletionProtection: true, tags: new Map() })]])
    const allow = ['remove-deletion-protection'] as const
    const plan = planWith(observed, { destroy: false, allow }, unprotected)
    expect([plan.refusals.map(({ code }) => code), plan.notices]).toEqual([['adopt-table'], []])
  })
})
