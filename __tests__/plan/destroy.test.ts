import { planTables } from '../../src/plan/planner.ts'
import { renderComment } from '../../src/report/comment.ts'
import { renderSummary } from '../../src/report/page.ts'
import type { ObservedTable, ReadyTable } from '../../src/table/table.ts'
import type { Target } from '../../src/table/target.ts'
import {
  aTarget,
  development,
  production,
  ready,
  tagged,
  theTables,
  type ValueChanges,
  withTags,
} from '../support/builders.ts'
import { renderAsGitHub } from '../support/github-markdown.ts'

const definitions = theTables()
const [tenant, users] = definitions

function destruction(observed: ObservedTable, target: Target = aTarget()) {
  const tables = new Map<string, ObservedTable>([
    ['tenant', ready(tenant)],
    ['users', observed],
  ])
  return planTables(target, definitions, tables, { destroy: true, allow: [] })
}

const changed = (changes: Partial<ReadyTable> & ValueChanges) => ready(users, changes)
const withOnly = (tags: Readonly<Record<string, string>>) => changed({ Tags: tagged(tags) })
const ofDev = { 'tenant-tables:environment': 'dev' }
const ofStaging = { 'tenant-tables:environment': 'staging' }
const managed = { 'tenant-tables:managed-by': 'tenant-tables' }

it('deletes the defined tables that exist, and nothing else', () => {
  expect(destruction(ready(users)).steps).toEqual([
    { kind: 'delete', table: 'tenant' },
    { kind: 'delete', table: 'users' },
  ])
  expect(destruction({ status: 'absent' }).steps).toEqual([{ kind: 'delete', table: 'tenant' }])
})

it.each<[string, ObservedTable, string]>([
  ['protected', changed({ DeletionProtectionEnabled: true }), 'destroy-of-protected'],
  [
    'of another environment',
    changed({ Tags: withTags(users.properties.Tags, ofStaging) }),
    'destroy-of-other-environment',
  ],
  ['without tags', withOnly({}), 'destroy-of-untagged'],
  ['without the tag of this action', withOnly(ofDev), 'destroy-of-untagged'],
  ['without the tag of its environment', withOnly(managed), 'destroy-of-untagged'],
  ['of another environment, without the tag of this action', withOnly(ofStaging), 'destroy-of-other-environment'],
  [
    'not the defined one, because its key differs',
    changed({ KeySchema: tenant.properties.KeySchema }),
    'destroy-of-other-key',
  ],
  ['archived', { status: 'unavailable', tableStatus: 'ARCHIVED' }, 'table-unavailable'],
])('refuses a table that is %s', (_, observed, code) => {
  const { steps, refusals } = destruction(observed)
  expect(refusals).toMatchObject([{ table: 'users', code }])
  expect(refusals[0]?.remedy).not.toBe('')
  // The step of the other table stays in the plan to be read; one refusal means that no step is performed.
  expect(steps).toEqual([{ kind: 'delete', table: 'tenant' }])
})

const advice = ' If "live" is not production, set production: false, and take the name out of production-environments.'

it.each([
  [production, ''],
  // The input production cannot be false for these names.
  [{ name: 'PROD', production: true }, ''],
  [{ name: 'live', production: true }, advice],
])('refuses production, whatever the tags of its tables are: %j', (environment, otherwise) => {
  const target = aTarget({ environment })
  const [, own] = theTables({ environment })
  const observed = new Map([['users', ready(own, { DeletionProtectionEnabled: false })]])
  const policy = { destroy: true, allow: ['remove-deletion-protection'] }
  const { refusals } = planTables(target, [own], observed, policy)
  expect(refusals).toMatchObject([
    {
      code: 'destroy-in-production',
      remedy: `Check the input environment. Tables of production are deleted by hand, or not at all.${otherwise}`,
    },
  ])
})

it('lists the settings that are deleted with the table in the plan, the summary and the comment', () => {
  const unmanaged = [
    { path: 'globalIndex', value: 'by-name' },
    { path: 'stream', value: 'NEW_IMAGE' },
  ]
  const plan = destruction(changed({ unmanaged }))
  expect(plan.tables.map((table) => table.unmanaged)).toEqual([[], unmanaged])
  const result = { command: 'plan', target: aTarget(), plan } as const
  const redact = (text: string) => text
  for (const shown of [renderSummary(result, redact, {}), renderComment({ result, mark: '', redact })]) {
    const { text } = renderAsGitHub(shown)
    expect(text).toContain('users, deleted with the table: stream = NEW_IMAGE')
    expect(text).not.toContain('left as it is')
  }
})

it('names the line of allow by which a table without the tag of this action is adopted', () => {
  const remedyOf = (observed: ObservedTable) => destruction(observed).refusals[0]?.remedy
  expect(remedyOf(withOnly({}))).toContain('with this line in allow: adopt-table')
  // An apply restores the tag of the environment without a line of allow.
  expect(remedyOf(withOnly(managed))).not.toContain('adopt-table')
})

describe('a table with replicas in other regions', () => {
  const replicated = (...states: readonly (readonly [string, string])[]) =>
    changed({ replicas: states.map(([region, status]) => ({ region, status })) })

  it('is not deleted, because the replicas would stay: the refusal names them and the command that deletes one', () => {
    const { refusals, steps } = destruction(
      replicated(['eu-west-1', 'ACTIVE'], ['us-east-1', 'CREATION_FAILED'], ['us-west-2', 'DELETING']),
    )
    expect(refusals).toEqual([
      {
        table: 'users',
        code: 'destroy-of-replicated',
        reason:
          'The table "users" has replicas that would stay when it is deleted: eu-west-1 (ACTIVE), us-east-1 (CREATION_FAILED).',
        remedy:
          'Delete the replicas first, one at a time, and run again when they are gone: aws dynamodb update-table --table-name users --region ap-south-1 --replica-updates "Delete={RegionName=eu-west-1}"',
      },
    ])
    expect(steps).toEqual([{ kind: 'delete', table: 'tenant' }])
  })

  it('is deleted where all its replicas are being deleted already', () => {
    const { refusals, steps } = destruction(replicated(['eu-west-1', 'DELETING'], ['us-west-2', 'DELETING']))
    expect(refusals).toEqual([])
    expect(steps).toHaveLength(2)
  })

  it('is refused for its deletion protection as well', () => {
    const observed = changed({ DeletionProtectionEnabled: true, replicas: [{ region: 'eu-west-1', status: 'ACTIVE' }] })
    expect(destruction(observed).refusals.map(({ code }) => code)).toEqual([
      'destroy-of-protected',
      'destroy-of-replicated',
    ])
  })
})

it('compares environments without regard to case', () => {
  expect(destruction(ready(users), aTarget({ environment: { ...development, name: 'DEV' } })).refusals).toEqual([])
})

it('has nothing to do where the tables are absent, or being deleted', () => {
  const gone = planTables(aTarget(), definitions, new Map(), { destroy: true, allow: [] })
  expect([gone.steps, gone.refusals, gone.notices]).toEqual([[], [], []])
  const going = destruction({ status: 'unavailable', tableStatus: 'DELETING' })
  expect([going.refusals, going.notices]).toMatchObject([[], [{ code: 'being-deleted' }]])
})

it('reports the backup that AWS keeps of a table with point-in-time recovery', () => {
  const recovery = { PointInTimeRecoveryEnabled: true, RecoveryPeriodInDays: 35 }
  const { notices } = destruction(changed({ PointInTimeRecoverySpecification: recovery }))
  expect(notices).toMatchObject([{ code: 'system-backup-stays', message: expect.stringContaining('35 days') }])
})
