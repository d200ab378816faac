import type { Plan, Step } from '../../src/plan/plan.ts'
import { planTables } from '../../src/plan/planner.ts'
import type { Keys, ObservedTable, TableDefinition } from '../../src/table/table.ts'
import { aTable, aTarget, managedOnly, production, ready, theTables } from '../support/builders.ts'

const [tenant, users] = theTables()
const target = aTarget()
const absent: ObservedTable = { status: 'absent' }

function plan(desired: TableDefinition, observed: ObservedTable, at = target): Plan {
  return planTables(at, [desired], new Map([[desired.name, observed]]))
}

const actions = (steps: readonly Step[]) => steps.map(({ action }) => action)

it('creates what is absent, with everything that CreateTable takes', () => {
  expect(plan(users, absent)).toEqual({
    target,
    policy: { destroy: false, allow: [] },
    tables: [
      {
        logicalName: 'users',
        name: 'users',
        arn: 'arn:aws:dynamodb:ap-south-1:222222222222:table/users',
        status: 'absent',
        unmanaged: [],
      },
    ],
    steps: [
      {
        action: 'create-table',
        table: 'users',
        keys: { partitionKey: { name: 'tenant_id', type: 'S' }, sortKey: { name: 'user_id', type: 'S' } },
        billingMode: 'PAY_PER_REQUEST',
        deletionProtection: false,
        tags: [
          { key: 'tenant-tables:environment', to: 'dev' },
          { key: 'tenant-tables:managed-by', to: 'tenant-tables' },
        ],
      },
    ],
    refusals: [],
    notices: [],
  })
})

it('protects in production, and turns recovery on once the table is there', () => {
  const [table] = theTables({ environment: production })
  expect(plan(table, absent).steps).toMatchObject([
    { action: 'create-table', deletionProtection: true },
    { action: 'set-point-in-time-recovery', from: { enabled: false }, to: { enabled: true, recoveryPeriodDays: 35 } },
  ])
})

it('has nothing to do where the table is as defined', () => {
  const { steps, refusals, notices } = plan(users, ready(users))
  expect({ steps, refusals, notices }).toEqual({ steps: [], refusals: [], notices: [] })
})

it('takes a table that it was not told of for absent', () => {
  expect(actions(planTables(target, [tenant, users], new Map()).steps)).toEqual(['create-table', 'create-table'])
})

it('plans deletion protection and recovery before tags, and billing last', () => {
  const [, table] = theTables({ environment: production, tags: new Map([['team', 'core']]) })
  const observed = ready(table, {
    deletionProtection: false,
    billingMode: 'PROVISIONED',
    pointInTimeRecovery: { enabled: true, recoveryPeriodDays: 7 },
    tags: new Map([...table.tags, ['team', 'other']]),
  })
  expect(plan(table, observed).steps).toEqual([
    { action: 'enable-deletion-protection', table: 'users', from: false, to: true },
    {
      action: 'set-point-in-time-recovery',
      table: 'users',
      from: { enabled: true, recoveryPeriodDays: 7 },
      to: { enabled: true, recoveryPeriodDays: 35 },
    },
    { action: 'tag-table', table: 'users', tags: [{ key: 'team', from: 'other', to: 'core' }] },
    { action: 'set-billing-mode', table: 'users', from: 'PROVISIONED', to: 'PAY_PER_REQUEST' },
  ])
})

it('plans the protection of every existing table first, then new tables with their recovery, then everything else', () => {
  const [first, second] = theTables({ environment: production })
  const unprotected = {
    deletionProtection: false,
    billingMode: 'PROVISIONED',
    pointInTimeRecovery: { enabled: false },
  } as const
  const observed = new Map([
    ['tenant', ready(first, unprotected)],
    ['users', ready(second, unprotected)],
  ])
  const { steps } = planTables(
    aTarget({ environment: production }),
    [{ ...first, name: 'new' }, first, second],
    observed,
  )
  expect(steps.map(({ action, table }) => `${action} ${table}`)).toEqual([
    'enable-deletion-protection tenant',
    'set-point-in-time-recovery tenant',
    'enable-deletion-protection users',
    'set-point-in-time-recovery users',
    'create-table new',
    'set-point-in-time-recovery new',
    'set-billing-mode tenant',
    'set-billing-mode users',
  ])
})

it('compares environments without case, and leaves the tag as it is', () => {
  const observed = ready(users, { tags: new Map([...users.tags, ['tenant-tables:environment', 'DEV']]) })
  expect(plan(users, observed).steps).toEqual([])
})

describe('refuses', () => {
  const refusals = (desired: TableDefinition, observed: ObservedTable, at = target) =>
    plan(desired, observed, at).refusals.map(({ code }) => code)

  const otherKeys: readonly [string, Keys][] = [
    ['another partition key', { ...users.keys, partitionKey: { name: 'id', type: 'S' } }],
    ['another key type', { ...users.keys, partitionKey: { name: 'tenant_id', type: 'N' } }],
    ['no sort key', { partitionKey: users.keys.partitionKey }],
    ['another sort key', { ...users.keys, sortKey: { name: 'id', type: 'S' } }],
    ['another sort key type', { ...users.keys, sortKey: { name: 'user_id', type: 'B' } }],
  ]
  it.each(otherKeys)('a table with %s, and plans no step for it', (_, keys) => {
    const observed = ready(users, { keys, tags: new Map() })
    const found = plan(users, observed)
    expect(found.refusals).toMatchObject([{ table: 'users', code: 'different-keys' }])
    expect(found.refusals[0]?.remedy).toContain('table-name-prefix')
    expect([found.steps, found.notices]).toEqual([[], []])
  })

  it('a table of another environment', () => {
    const observed = ready(users, { tags: new Map([...managedOnly, ['tenant-tables:environment', 'staging']]) })
    expect(plan(users, observed)).toMatchObject({
      steps: [],
      refusals: [{ code: 'change-environment', reason: expect.stringContaining('"staging"') }],
    })
  })

  it('a table of another environment without advice on how to make it fit', () => {
    const table = aTable({ deletionProtection: false })
    const observed = ready(users, {
      deletionProtection: true,
      tags: new Map([...managedOnly, ['tenant-tables:environment', 'prod']]),
    })
    expect(refusals(table, observed)).toEqual(['change-environment'])
  })

  it.each([
    ['DELETING', 'Wait'],
    ['ARCHIVING', 'backup'],
    ['ARCHIVED', 'backup'],
    ['INACCESSIBLE_ENCRYPTION_CREDENTIALS', 'KMS'],
    ['REPLICATION_NOT_AUTHORIZED', 'replication role'],
    ['SOMETHING_NEW', 'ACTIVE'],
  ])('a table that is %s, and says what to do', (tableStatus, remedy) => {
    expect(plan(users, { status: 'unavailable', tableStatus })).toMatchObject({
      steps: [],
      refusals: [{ code: 'table-unavailable', remedy: expect.stringContaining(remedy) }],
    })
  })

  it('to take away what is on, and to leave production without it', () => {
    const off = { deletionProtection: false, pointInTimeRecovery: { enabled: false } } as const
    const on = { deletionProtection: true, pointInTimeRecovery: { enabled: true, recoveryPeriodDays: 35 } } as const
    const table = aTable(off)
    const both = ['remove-deletion-protection', 'remove-point-in-time-recovery']
    const inProduction = aTarget({ environment: production })
    expect(refusals(table, absent)).toEqual([])
    expect(refusals(table, ready(table))).toEqual([])
    expect(refusals(table, ready(table, on))).toEqual([...both].reverse())
    expect(refusals(table, absent, inProduction)).toEqual(both)
    expect(refusals(table, ready(table), inProduction)).toEqual(both)
    expect(refusals(table, ready(table, on), inProduction)).toEqual([...both].reverse())
  })

  it('to take away what is on without planning the opposite, and says whether the table or the environment is why', () => {
    const table = aTable({ deletionProtection: false, pointInTimeRecovery: { enabled: false } })
    const on = { deletionProtection: true, pointInTimeRecovery: { enabled: true, recoveryPeriodDays: 35 } } as const
    const inProduction = aTarget({ environment: production })
    const found = plan(table, ready(table, on), inProduction)
    expect(found.steps).toEqual([])
    expect(found.refusals).toEqual([
      {
        table: 'users',
        code: 'remove-point-in-time-recovery',
        reason:
          'point-in-time-recovery is false, but it is on, 35 days, for the table "users", and "prod" is a production environment. To turn it off loses the restore window: turned on again, it begins anew.',
        remedy:
          'Set point-in-time-recovery to auto, which keeps it on. Or, to turn it off, add this line to allow: remove-point-in-time-recovery',
      },
      {
        table: 'users',
        code: 'remove-deletion-protection',
        reason:
          'deletion-protection is false, but it is on for the table "users", and "prod" is a production environment.',
        remedy:
          'Set deletion-protection to auto, which keeps it on. Or, to turn it off, add this line to allow: remove-deletion-protection',
      },
    ])
    expect(plan(table, ready(table), inProduction).refusals[0]).toEqual({
      table: 'users',
      code: 'remove-deletion-protection',
      reason: 'deletion-protection is false, but "prod" is a production environment, where "users" must have it on.',
      remedy:
        'Set deletion-protection to auto or true. Or, to leave it off, add this line to allow: remove-deletion-protection',
    })
  })

  it('more than 50 tags in all, those of AWS not counted', () => {
    const others = (count: number) => new Map(Array.from({ length: count }, (_, index) => [`k${index}`, 'v']))
    const beside = (tags: ReadonlyMap<string, string>) => ready(users, { tags: new Map([...managedOnly, ...tags]) })
    const withTagOfAws = new Map([...others(48), ['aws:reserved', 'x']])
    expect(refusals(users, beside(withTagOfAws))).toEqual([])
    expect(refusals(users, beside(others(49)))).toEqual(['too-many-tags'])
    expect(refusals(aTable({ tags: others(51) }), absent)).toEqual(['too-many-tags'])
    expect(plan(users, beside(others(49))).refusals[0]?.reason).toBe(
      'The table "users" would carry 51 tags: 2 declared ones beside 49 others. DynamoDB allows 50.',
    )
  })
})

describe('tells of', () => {
  const notices = (desired: TableDefinition, observed: ObservedTable) =>
    plan(desired, observed).notices.map(({ code, level }) => `${level} ${code}`)

  it.each(['CREATION_FAILED', 'REGION_DISABLED', 'INACCESSIBLE_ENCRYPTION_CREDENTIALS'])(
    'a replica that is %s, a state that does not pass by itself',
    (status) => {
      const replicas = [
        { region: 'eu-west-1', status },
        { region: 'us-east-1', status: 'ACTIVE' },
      ]
      const found = plan(users, ready(users, { replicas }))
      expect([found.steps, found.refusals]).toEqual([[], []])
      expect(found.notices).toMatchObject([
        {
          table: 'users',
          level: 'warning',
          code: 'replica-unavailable',
          message: expect.stringContaining(`The replica of "users" in eu-west-1 is ${status}`),
        },
      ])
    },
  )

  it('what to do about a replica that failed to be created or whose region is disabled', () => {
    const messageFor = (status: string) =>
      plan(users, ready(users, { replicas: [{ region: 'eu-west-1', status }] })).notices[0]?.message
    expect(messageFor('CREATION_FAILED')).toMatch(
      /add it again: aws dynamodb update-table --table-name users --region ap-south-1 --replica-updates "Delete=\{RegionName=eu-west-1\}"$/,
    )
    expect(messageFor('REGION_DISABLED')).toContain('Enable the region eu-west-1 in the account again.')
  })

  it.each(['ACTIVE', 'CREATING', 'UPDATING', 'DELETING'])('no replica that is %s', (status) => {
    expect(notices(users, ready(users, { replicas: [{ region: 'eu-west-1', status }] }))).toEqual([])
  })

  it('protection and recovery that nobody asked for, which stay on', () => {
    const observed = ready(users, {
      deletionProtection: true,
      pointInTimeRecovery: { enabled: true, recoveryPeriodDays: 7 },
    })
    expect(plan(users, observed).steps).toEqual([])
    expect(notices(users, observed)).toEqual(['notice deletion-protection-kept', 'notice point-in-time-recovery-kept'])
  })

  it('the ARN, id and stream that AWS gave a table, and of none that it did not give', () => {
    const { id: _, ...nameless } = ready(users, { arn: 'arn:as-told' })
    const table = { logicalName: 'users', name: 'users', arn: 'arn:as-told', status: 'ready', unmanaged: [] }
    expect(plan(users, nameless).tables).toStrictEqual([table])
    expect(plan(users, { ...nameless, id: 'id', streamArn: 'arn:stream' }).tables).toStrictEqual([
      { ...table, id: 'id', streamArn: 'arn:stream' },
    ])
  })

  it('settings and tags that the definition does not mention, in a fixed order', () => {
    const observed = ready(users, {
      streamArn: 'arn:stream',
      unmanaged: [{ path: 'stream', value: 'NEW_IMAGE' }],
      tags: new Map([['zone', '1'], ['aws:x', 'y'], ...users.tags, ['cost', '2']]),
    })
    expect(plan(users, observed).tables).toMatchObject([
      {
        streamArn: 'arn:stream',
        unmanaged: [
          { path: 'stream', value: 'NEW_IMAGE' },
          { path: 'tags.cost', value: '2' },
          { path: 'tags.zone', value: '1' },
        ],
      },
    ])
  })
})
