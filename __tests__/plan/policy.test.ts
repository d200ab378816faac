import { nameStep } from '../../src/plan/description.ts'
import type { Plan, Policy } from '../../src/plan/plan.ts'
import { planTables } from '../../src/plan/planner.ts'
import { disruptionNames } from '../../src/plan/policy.ts'
import type { ObservedTable, ObservedTables, TableDefinition } from '../../src/table/table.ts'
import type { Target } from '../../src/table/target.ts'
import {
  aTable,
  aTarget,
  managedOnly,
  production,
  provisioned,
  ready,
  tagged,
  theTables,
  withTags,
} from '../support/builders.ts'

const inProduction = aTarget({ environment: production })
const [, users] = theTables()

function plan(
  definition: TableDefinition,
  observed: ObservedTable,
  allow: readonly string[],
  target: Target = aTarget(),
) {
  const policy: Policy = { destroy: false, allow }
  const { steps, refusals, notices } = planTables(target, [definition], new Map([[definition.name, observed]]), policy)
  return {
    steps,
    names: steps.map(nameStep),
    refusals: refusals.map(({ code }) => code),
    reasons: refusals.map(({ reason }) => reason),
    remedies: refusals.map(({ remedy }) => remedy),
    warnings: notices.filter(({ level }) => level === 'warning').map(({ message }) => message),
  }
}

const recoveryOff = { PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: false } }
const recoveryOn = {
  PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true, RecoveryPeriodInDays: 35 },
}
const unprotected = aTable({ DeletionProtectionEnabled: false })
const unrecoverable = aTable(recoveryOff)
const bare = aTable({ DeletionProtectionEnabled: false, ...recoveryOff })
const protectedTable = ready(users, { DeletionProtectionEnabled: true })
const recoverable = ready(users, recoveryOn)
const Tags = withTags(managedOnly, { 'tenant-tables:environment': 'staging' })
const ofStaging = ready(users, { DeletionProtectionEnabled: true, Tags })

describe.each<[string, TableDefinition, ObservedTable]>([
  ['remove-deletion-protection', unprotected, protectedTable],
  ['remove-point-in-time-recovery', unrecoverable, recoverable],
  ['change-environment', users, ofStaging],
  ['adopt-table', users, ready(users, { Tags: [] })],
])('%s', (disruption, definition, observed) => {
  it('is refused with the line to add, also where the other lines are in allow', () => {
    const others = disruptionNames.filter((each) => each !== disruption)
    const found = plan(definition, observed, others)
    expect([found.steps, found.refusals]).toEqual([[], [disruption]])
    expect(found.remedies[0]).toMatch(new RegExp(`add this line to allow: ${disruption}$`))
  })

  it('is a step where its line is in allow', () => {
    const found = plan(definition, observed, [disruption])
    expect([found.steps, found.refusals]).toMatchObject([[{ kind: 'update', risk: { allow: [disruption] } }], []])
  })
})

it('explains before the change that the restore window is lost: in the refusal, or in a warning where it is allowed', () => {
  const refused = plan(unrecoverable, recoverable, [])
  expect(refused.reasons).toEqual([expect.stringContaining('loses the restore window')])
  expect(refused.warnings).toEqual([])
  expect(plan(unrecoverable, recoverable, ['remove-point-in-time-recovery']).warnings).toEqual([
    expect.stringMatching(/its restore window \(on, 35 days\) is lost/),
  ])
})

it('moves a table to another environment by one write of all its tags, and keeps its protection', () => {
  const [, definition] = theTables({ tags: new Map([['team', 'core']]) })
  const observed = ready(definition, { ...ofStaging.properties, Tags: withTags(Tags, { team: 'other' }) })
  expect(plan(definition, observed, ['change-environment']).steps).toEqual([
    {
      kind: 'update',
      table: 'users',
      property: 'Tags',
      from: tagged({ team: 'other', 'tenant-tables:environment': 'staging' }),
      to: tagged({ team: 'core', 'tenant-tables:environment': 'dev' }),
      risk: { allow: ['change-environment'] },
    },
  ])
})

it('does not report the other changes of a table of another environment', () => {
  const observed = ready(users, { ...ofStaging.properties, BillingMode: provisioned })
  expect(plan(unprotected, observed, [])).toMatchObject({ steps: [], refusals: ['change-environment'], warnings: [] })
})

describe('production', () => {
  const both = ['remove-deletion-protection', 'remove-point-in-time-recovery']
  const [, { properties }] = theTables({ environment: production })
  const inProductionBare = aTable({ ...bare.properties, Tags: properties.Tags })

  it.each<[string, ObservedTable]>([
    ['an absent table', { status: 'absent' }],
    ['a table that has neither', ready(inProductionBare)],
  ])('has no protection and no recovery only where allow has both lines: %s', (_, observed) => {
    const refusalsWith = (allow: readonly string[]) => plan(inProductionBare, observed, allow, inProduction).refusals
    expect(refusalsWith([])).toEqual(both)
    for (const line of both) expect(refusalsWith([line])).toEqual(both.filter((each) => each !== line))
    expect(refusalsWith(both)).toEqual([])
  })

  it('needs no line of allow for protection and recovery', () => {
    const [, definition] = theTables({ environment: production })
    expect(plan(definition, { status: 'absent' }, [], inProduction).refusals).toEqual([])
  })
})

it('turns protection off after every other change', () => {
  const observed = ready(users, {
    DeletionProtectionEnabled: true,
    BillingMode: provisioned,
    ...recoveryOn,
    Tags: managedOnly,
  })
  expect(plan(bare, observed, ['remove-deletion-protection', 'remove-point-in-time-recovery']).names).toEqual([
    'update Tags of "users"',
    'update BillingMode of "users"',
    'update PointInTimeRecoverySpecification of "users"',
    'update DeletionProtectionEnabled of "users"',
  ])
})

describe('a line of allow that nothing in the plan needs', () => {
  const planWith = (observed: ObservedTables, policy: Policy, definition = users) =>
    planTables(aTarget(), [definition], observed, policy)
  const unneeded = ({ notices }: Plan) => notices.filter(({ code }) => code === 'unneeded-allow')

  it('is a notice about the whole plan, one for each line', () => {
    const every: Policy = { destroy: false, allow: disruptionNames }
    expect(unneeded(planWith(new Map([['users', ready(users)]]), every))).toEqual(
      disruptionNames.map((line) => ({
        level: 'notice',
        code: 'unneeded-allow',
        message: expect.stringContaining(`allow has the line ${line}, but nothing in this plan needs it.`),
      })),
    )
  })

  it('says for delete-index that the definition must declare GlobalSecondaryIndexes', () => {
    const [notice] = unneeded(planWith(new Map(), { destroy: false, allow: ['delete-index'] }))
    expect(notice?.message).toContain(
      'if the definition declares GlobalSecondaryIndexes without it: [] deletes every index.',
    )
  })

  it('is a notice also where the tables are created or deleted', () => {
    const allow = ['adopt-table']
    expect(unneeded(planWith(new Map(), { destroy: false, allow }))).toHaveLength(1)
    expect(unneeded(planWith(new Map([['users', ready(users)]]), { destroy: true, allow }))).toHaveLength(1)
  })

  it('is no notice where a step needs it, as one of the two lines that a change of the environment may need', () => {
    const both = ['change-environment', 'adopt-table']
    const untagged = new Map([['users', ready(users, { Tags: [] })]])
    expect(unneeded(planWith(untagged, { destroy: false, allow: ['adopt-table'] }))).toEqual([])
    const unmanaged = ready(users, { Tags: tagged({ 'tenant-tables:environment': 'staging' }) })
    expect(unneeded(planWith(new Map([['users', unmanaged]]), { destroy: false, allow: both }))).toEqual([])
    const managed = planWith(new Map([['users', ofStaging]]), { destroy: false, allow: both })
    expect(unneeded(managed)).toMatchObject([{ message: expect.stringContaining('adopt-table') }])
  })

  it('is no notice where a table of production is without protection by it, though no step needs it', () => {
    const allow = ['remove-deletion-protection', 'remove-point-in-time-recovery']
    const found = planTables(inProduction, [bare], new Map([['users', ready(bare)]]), { destroy: false, allow })
    expect([found.steps, unneeded(found)]).toEqual([[], []])
  })

  it('is no notice beside a refusal, because the refusal may hide the change that needs it', () => {
    const observed = new Map([['users', ready(users, { DeletionProtectionEnabled: true, Tags: [] })]])
    const allow = ['remove-deletion-protection']
    const found = planWith(observed, { destroy: false, allow }, unprotected)
    expect([found.refusals.map(({ code }) => code), found.notices]).toEqual([['adopt-table'], []])
  })
})
