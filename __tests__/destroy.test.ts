import { planTables } from '../src/planner.ts'
import type { ObservedTable, ReadyTable, Target } from '../src/table.ts'
import { aTarget, development, production, ready, theTables } from './support/builders.ts'

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

it('leaves nothing as it is of what goes away', () => {
  const { tables } = destruction(changed({ unmanaged: [{ path: 'stream', value: 'NEW_IMAGE' }] }))
  expect(tables.map(({ unmanaged }) => unmanaged)).toEqual([[], []])
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

it('tells of the backup that AWS keeps of a table with point-in-time recovery, and of the stack that made it', () => {
  const { notices } = destruction(
    changed({
      pointInTimeRecovery: { enabled: true, recoveryPeriodDays: 35 },
      tags: new Map([...users.tags, ['aws:cloudformation:stack-name', 'JobWork']]),
    }),
  )
  expect(notices).toMatchObject([
    { code: 'made-by-stack', level: 'warning', message: expect.stringContaining('JobWork') },
    { code: 'system-backup-stays', message: expect.stringContaining('35 days') },
  ])
})
