import { planTables } from '../../src/plan/planner.ts'
import { renderComment } from '../../src/report/comment.ts'
import { renderPlanLines } from '../../src/report/plan-lines.ts'
import { renderSummary } from '../../src/report/summary.ts'
import type { ObservedTable, ReadyTable } from '../../src/table/table.ts'
import type { Target } from '../../src/table/target.ts'
import { aTarget, development, production, ready, theTables } from '../support/builders.ts'
import { renderAsGitHub } from '../support/github-markdown.ts'

const desired = theTables()
const [tenant, users] = desired

function destruction(observed: ObservedTable, target: Target = aTarget()) {
  const tables = new Map<string, ObservedTable>([
    ['tenant', ready(tenant)],
    ['users', observed],
  ])
  return planTables(target, desired, tables, { destroy: true, allow: [] })
}

const changed = (changes: Partial<ReadyTable>) => ready(users, changes)
const tagged = (...tags: readonly (readonly [string, string])[]) => changed({ tags: new Map(tags) })

it('deletes the declared tables that are there, and nothing else', () => {
  expect(destruction(ready(users)).steps).toEqual([
    { action: 'delete-table', table: 'tenant' },
    { action: 'delete-table', table: 'users' },
  ])
  expect(destruction({ status: 'absent' }).steps).toEqual([{ action: 'delete-table', table: 'tenant' }])
})

it.each<[string, ObservedTable, string]>([
  ['protected', changed({ deletionProtection: true }), 'destroy-of-protected'],
  [
    'of another environment',
    tagged(...users.tags, ['tenant-tables:environment', 'staging']),
    'destroy-of-other-environment',
  ],
  ['without tags', tagged(), 'destroy-of-untagged'],
  ['without the tag of this action', tagged(['tenant-tables:environment', 'dev']), 'destroy-of-untagged'],
  ['without the tag of its environment', tagged(['tenant-tables:managed-by', 'tenant-tables']), 'destroy-of-untagged'],
  [
    'of another environment, without the tag of this action',
    tagged(['tenant-tables:environment', 'staging']),
    'destroy-of-other-environment',
  ],
  ['another one, with other keys', changed({ keys: tenant.keys }), 'different-keys'],
  ['archived', { status: 'unavailable', tableStatus: 'ARCHIVED' }, 'table-unavailable'],
])('refuses a table that is %s', (_, observed, code) => {
  const { steps, refusals } = destruction(observed)
  expect(refusals).toMatchObject([{ table: 'users', code }])
  expect(refusals[0]?.remedy).not.toBe('')
  // The other table's step stays to be read; a refusal anywhere keeps it from being performed.
  expect(steps).toEqual([{ action: 'delete-table', table: 'tenant' }])
})

it.each([production, { name: 'PROD', production: true }, { name: 'live', production: true }])(
  'refuses production whatever its tables say: %j',
  (environment) => {
    const target = aTarget({ environment })
    const [, own] = theTables({ environment })
    const { refusals } = planTables(target, [own], new Map([['users', ready(own, { deletionProtection: false })]]), {
      destroy: true,
      allow: ['remove-deletion-protection'],
    })
    expect(refusals).toMatchObject([
      { code: 'destroy-in-production', remedy: expect.stringContaining('is not production, set production: false') },
    ])
  },
)

it('keeps in the plan what goes away with the table, and says so in the log, the summary and the comment', () => {
  const unmanaged = [
    { path: 'globalIndex', value: 'by-name' },
    { path: 'stream', value: 'NEW_IMAGE' },
    { path: 'encryptionKey', value: 'arn:key' },
  ]
  const plan = destruction(changed({ unmanaged }))
  expect(plan.tables.map((table) => table.unmanaged)).toEqual([[], unmanaged])
  expect(renderPlanLines(plan).slice(-3)).toEqual([
    '  unmanaged on "users", deleted with the table: globalIndex = by-name',
    '  unmanaged on "users", deleted with the table: stream = NEW_IMAGE',
    '  unmanaged on "users", deleted with the table, but not the KMS key itself: encryptionKey = arn:key',
  ])
  const result = { command: 'plan', target: aTarget(), plan } as const
  const redact = (text: string) => text
  for (const shown of [renderSummary(result, redact), renderComment({ result, mark: '', redact })]) {
    const { text } = renderAsGitHub(shown)
    expect(text).toContain('Unmanaged on users, deleted with the table: stream = NEW_IMAGE')
    expect(text).not.toContain('left as it is')
  }
})

it('names the line of allow by which a table without the tag of this action is adopted', () => {
  const remedyOf = (observed: ObservedTable) => destruction(observed).refusals[0]?.remedy
  expect(remedyOf(tagged())).toContain('with this line in allow: adopt-table')
  // An apply puts back the tag of the environment, and needs no line for that.
  expect(remedyOf(tagged(['tenant-tables:managed-by', 'tenant-tables']))).not.toContain('adopt-table')
})

describe('a table with replicas in other regions', () => {
  const replicated = (...states: readonly (readonly [string, string])[]) =>
    changed({ replicas: states.map(([region, status]) => ({ region, status })) })

  it('is not deleted, because they would stay: the refusal names each of them, and how to delete one', () => {
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
    expect(steps).toEqual([{ action: 'delete-table', table: 'tenant' }])
  })

  it('is deleted where all of them are being deleted already', () => {
    const { refusals, steps } = destruction(replicated(['eu-west-1', 'DELETING'], ['us-west-2', 'DELETING']))
    expect(refusals).toEqual([])
    expect(steps).toHaveLength(2)
  })

  it('is refused for its deletion protection too', () => {
    const observed = changed({ deletionProtection: true, replicas: [{ region: 'eu-west-1', status: 'ACTIVE' }] })
    expect(destruction(observed).refusals.map(({ code }) => code)).toEqual([
      'destroy-of-protected',
      'destroy-of-replicated',
    ])
  })

  it('says of a replica that it does not go away with the table', () => {
    const plan = destruction(changed({ unmanaged: [{ path: 'replica', value: 'eu-west-1' }] }))
    expect(renderPlanLines(plan)).toContain('  unmanaged on "users", not deleted with the table: replica = eu-west-1')
  })
})

it('compares environments without case', () => {
  expect(destruction(ready(users), aTarget({ environment: { ...development, name: 'DEV' } })).refusals).toEqual([])
})

it('has nothing to do where all is gone, or going', () => {
  const gone = planTables(aTarget(), desired, new Map(), { destroy: true, allow: [] })
  expect([gone.steps, gone.refusals, gone.notices]).toEqual([[], [], []])
  const going = destruction({ status: 'unavailable', tableStatus: 'DELETING' })
  expect([going.refusals, going.notices]).toMatchObject([[], [{ code: 'being-deleted' }]])
})

it('tells of the backup that AWS keeps of a table with point-in-time recovery', () => {
  const { notices } = destruction(changed({ pointInTimeRecovery: { enabled: true, recoveryPeriodDays: 35 } }))
  expect(notices).toMatchObject([{ code: 'system-backup-stays', message: expect.stringContaining('35 days') }])
})
