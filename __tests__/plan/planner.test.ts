import { nameStep } from '../../src/plan/description.ts'
import type { Plan } from '../../src/plan/plan.ts'
import { planTables } from '../../src/plan/planner.ts'
import type { ObservedTable, TableDefinition } from '../../src/table/table.ts'
import {
  aTable,
  aTarget,
  define,
  managedOnly,
  production,
  provisioned,
  ready,
  strictPolicy,
  tagged,
  theTables,
  withTags,
} from '../support/builders.ts'

const [tenant, users] = theTables()
const target = aTarget()
const inProduction = aTarget({ environment: production })
const absent: ObservedTable = { status: 'absent' }
const recoveryOff = { PointInTimeRecoveryEnabled: false }
const recoveryFor = (days: number) => ({ PointInTimeRecoveryEnabled: true, RecoveryPeriodInDays: days })
/** A table as production must not have it. */
const unprotected = {
  DeletionProtectionEnabled: false,
  PointInTimeRecoverySpecification: recoveryOff,
  BillingMode: provisioned,
} as const

function plan(definition: TableDefinition, observed: ObservedTable, at = target): Plan {
  return planTables(at, [definition], new Map([[definition.name, observed]]), strictPolicy)
}

const codes = ({ refusals }: Plan) => refusals.map(({ code }) => code)

it('creates an absent table with everything that CreateTable accepts', () => {
  const { KeySchema, Tags } = users.properties
  expect(plan(users, absent)).toEqual({
    target,
    policy: strictPolicy,
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
        kind: 'create',
        table: 'users',
        to: { KeySchema, DeletionProtectionEnabled: false, Tags, BillingMode: 'PAY_PER_REQUEST' },
      },
    ],
    refusals: [],
    notices: [],
  })
})

it('creates a table of production protected, and turns its recovery on after the creation', () => {
  const [table] = theTables({ environment: production })
  expect(plan(table, absent, inProduction).steps).toMatchObject([
    { kind: 'create', to: { DeletionProtectionEnabled: true } },
    { kind: 'update', property: 'PointInTimeRecoverySpecification', from: recoveryOff, to: recoveryFor(35) },
  ])
})

it('plans no step for a new table whose definition declares the value that CreateTable gives it', () => {
  const table = aTable({ PointInTimeRecoverySpecification: recoveryOff })
  expect(plan(table, absent).steps.map(({ kind }) => kind)).toEqual(['create'])
})

it.each([target, inProduction])('has nothing to do where the table matches its definition: $environment.name', (at) => {
  const [, table] = theTables({ environment: at.environment })
  const { steps, refusals, notices } = plan(table, ready(table), at)
  expect({ steps, refusals, notices }).toEqual({ steps: [], refusals: [], notices: [] })
})

it('takes a table that was not observed for absent', () => {
  const { steps } = planTables(target, [tenant, users], new Map(), strictPolicy)
  expect(steps.map(nameStep)).toEqual(['create "tenant"', 'create "users"'])
})

it('plans deletion protection and recovery before tags, and the billing mode last', () => {
  const [, table] = theTables({ environment: production, tags: new Map([['team', 'core']]) })
  const observed = ready(table, {
    DeletionProtectionEnabled: false,
    BillingMode: provisioned,
    PointInTimeRecoverySpecification: recoveryFor(7),
    Tags: withTags(table.properties.Tags, { team: 'other' }),
  })
  const step = { kind: 'update', table: 'users', risk: 'safe' }
  expect(plan(table, observed, inProduction).steps).toEqual([
    { ...step, property: 'DeletionProtectionEnabled', from: false, to: true },
    { ...step, property: 'PointInTimeRecoverySpecification', from: recoveryFor(7), to: recoveryFor(35) },
    { ...step, property: 'Tags', from: tagged({ team: 'other' }), to: tagged({ team: 'core' }) },
    { ...step, property: 'BillingMode', from: provisioned, to: 'PAY_PER_REQUEST', risk: 'slow' },
  ])
})

it('plans the protection of every existing table first, then new tables with their recovery, then everything else', () => {
  const [first, second] = theTables({ environment: production })
  const observed = new Map([
    ['tenant', ready(first, unprotected)],
    ['users', ready(second, unprotected)],
  ])
  const { steps } = planTables(inProduction, [{ ...first, name: 'new' }, first, second], observed, strictPolicy)
  expect(steps.map(nameStep)).toEqual([
    'update DeletionProtectionEnabled of "tenant"',
    'update PointInTimeRecoverySpecification of "tenant"',
    'update DeletionProtectionEnabled of "users"',
    'update PointInTimeRecoverySpecification of "users"',
    'create "new"',
    'update PointInTimeRecoverySpecification of "new"',
    'update BillingMode of "tenant"',
    'update BillingMode of "users"',
  ])
})

it('leaves properties alone that the definition omits', () => {
  const observed = ready(users, { DeletionProtectionEnabled: true, BillingMode: provisioned })
  expect(plan(define(users, { BillingMode: undefined }), observed).steps).toEqual([])
})

it('does not change its arguments', () => {
  const definition = define(users, { Tags: [...tagged({ z: '1', a: '2' }), ...users.properties.Tags] })
  const observed = ready(users, { Tags: [...tagged({ y: '1' }), ...managedOnly], BillingMode: provisioned })
  const before = structuredClone([definition, observed])
  expect(plan(definition, observed).steps.length).toBeGreaterThan(0)
  expect([definition, observed]).toEqual(before)
})

describe('refuses', () => {
  it('a table with another key, and plans no step for it', () => {
    const observed = ready(users, { KeySchema: tenant.properties.KeySchema, Tags: [], BillingMode: provisioned })
    const found = plan(users, observed)
    expect(found.refusals).toEqual([
      {
        table: 'users',
        code: 'impossible-change',
        reason:
          'The table "users" has the key tenant_id (S), but its definition declares tenant_id (S), user_id (S). DynamoDB cannot change the key of a table.',
        remedy: expect.stringContaining('table-name-prefix'),
      },
    ])
    expect([found.steps, found.notices]).toEqual([[], []])
  })

  it('more than 50 tags in all', () => {
    const others = Object.fromEntries(Array.from({ length: 49 }, (_, index) => [`k${index}`, 'v']))
    expect(plan(users, ready(users, { Tags: withTags(managedOnly, others) }))).toMatchObject({
      steps: [],
      refusals: [{ code: 'impossible-change', reason: expect.stringContaining('would carry 51 tags') }],
    })
  })

  it('a table of another environment, without advice on how to change it to the definition', () => {
    const Tags = withTags(managedOnly, { 'tenant-tables:environment': 'staging' })
    const observed = ready(users, { Tags, DeletionProtectionEnabled: true })
    expect(plan(aTable({ DeletionProtectionEnabled: false }), observed)).toMatchObject({
      steps: [],
      refusals: [{ code: 'change-environment', reason: expect.stringContaining('"staging"') }],
    })
  })

  it.each([
    ['DELETING', 'Wait'],
    ['ARCHIVING', 'backup'],
    ['ARCHIVED', 'backup'],
    ['INACCESSIBLE_ENCRYPTION_CREDENTIALS', 'KMS'],
    ['REPLICATION_NOT_AUTHORIZED', 'replication role'],
    ['SOMETHING_NEW', 'ACTIVE'],
  ])('a table that is %s, with what to do, and compares nothing else', (tableStatus, remedy) => {
    expect(plan(users, { status: 'unavailable', tableStatus })).toMatchObject({
      steps: [],
      refusals: [{ code: 'table-unavailable', remedy: expect.stringContaining(remedy) }],
      notices: [],
    })
  })

  it('to turn protection off, and to create or keep tables of production without it', () => {
    const table = aTable({ DeletionProtectionEnabled: false, PointInTimeRecoverySpecification: recoveryOff })
    const protectedTable = ready(table, {
      DeletionProtectionEnabled: true,
      PointInTimeRecoverySpecification: recoveryFor(35),
    })
    const both = ['remove-deletion-protection', 'remove-point-in-time-recovery']
    expect(codes(plan(table, absent))).toEqual([])
    expect(codes(plan(table, ready(table)))).toEqual([])
    expect(codes(plan(table, protectedTable))).toEqual(both.toReversed())
    expect(codes(plan(table, absent, inProduction))).toEqual(both)
    expect(codes(plan(table, ready(table), inProduction))).toEqual(both)
    expect(plan(table, protectedTable, inProduction)).toMatchObject({
      steps: [],
      refusals: both.toReversed().map((code) => ({ code })),
    })
  })

  it('to turn protection off with a reason that names the table and the environment', () => {
    const table = aTable({ DeletionProtectionEnabled: false, PointInTimeRecoverySpecification: recoveryOff })
    const observed = ready(table, {
      DeletionProtectionEnabled: true,
      PointInTimeRecoverySpecification: recoveryFor(35),
    })
    expect(plan(table, observed, inProduction).refusals).toEqual([
      {
        table: 'users',
        code: 'remove-point-in-time-recovery',
        reason:
          'point-in-time-recovery is to be off, but for the table "users" it is on, 35 days, and "prod" is a production environment. Turning it off loses the restore window: turned on again, the window starts empty.',
        remedy:
          'Leave point-in-time-recovery out of the definition file, or set the input to auto: that keeps it on. Or, to turn it off, add this line to allow: remove-point-in-time-recovery',
      },
      {
        table: 'users',
        code: 'remove-deletion-protection',
        reason:
          'deletion-protection is to be off, but for the table "users" it is on, and "prod" is a production environment.',
        remedy:
          'Leave deletion-protection out of the definition file, or set the input to auto: that keeps it on. Or, to turn it off, add this line to allow: remove-deletion-protection',
      },
    ])
    expect(plan(table, observed).refusals[1]).toMatchObject({
      reason: 'deletion-protection is to be off, but for the table "users" it is on.',
      remedy: expect.stringContaining('that keeps it as it is.'),
    })
    expect(plan(table, ready(table), inProduction).refusals[0]).toEqual({
      table: 'users',
      code: 'remove-deletion-protection',
      reason:
        'deletion-protection is to be off, but "prod" is a production environment, where "users" must have it on.',
      remedy:
        'Turn it on: DeletionProtectionEnabled in the definition file, or the input deletion-protection without one. Or, to leave it off, add this line to allow: remove-deletion-protection',
    })
  })
})

describe('reports', () => {
  it.each(['CREATION_FAILED', 'REGION_DISABLED', 'INACCESSIBLE_ENCRYPTION_CREDENTIALS'])(
    'a replica that is %s, a state that does not end by itself, as a warning',
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
    expect(plan(users, ready(users, { replicas: [{ region: 'eu-west-1', status }] })).notices).toEqual([])
  })

  it('protection that the definition does not declare, which stays on', () => {
    const observed = ready(users, {
      DeletionProtectionEnabled: true,
      PointInTimeRecoverySpecification: recoveryFor(7),
    })
    const { steps, notices } = plan(users, observed)
    expect(steps).toEqual([])
    const kept = { table: 'users', level: 'notice', code: 'protection-kept' }
    expect(notices).toEqual([
      {
        ...kept,
        message: expect.stringMatching(/^The table "users" has deletion protection: on\. .* it stays as it is\.$/),
      },
      { ...kept, message: expect.stringMatching(/^The table "users" has point-in-time recovery: 7 days\. /) },
    ])
  })

  it('the ARN, id and stream that AWS gave a table, and none that it did not give', () => {
    const { id: _, ...withoutId } = ready(users, { arn: 'arn:as-read' })
    const table = { logicalName: 'users', name: 'users', arn: 'arn:as-read', status: 'ready', unmanaged: [] }
    expect(plan(users, withoutId).tables).toStrictEqual([table])
    expect(plan(users, { ...withoutId, id: 'id', streamArn: 'arn:stream' }).tables).toStrictEqual([
      { ...table, id: 'id', streamArn: 'arn:stream' },
    ])
  })

  it('settings and tags that the definition does not mention, in a fixed order', () => {
    const observed = ready(users, {
      unmanaged: [{ path: 'stream', value: 'NEW_IMAGE' }],
      Tags: withTags(users.properties.Tags, { zone: '1', 'aws:x': 'y', cost: '2' }),
    })
    expect(plan(users, observed).tables).toMatchObject([
      {
        unmanaged: [
          { path: 'stream', value: 'NEW_IMAGE' },
          { path: 'tags.cost', value: '2' },
          { path: 'tags.zone', value: '1' },
        ],
      },
    ])
  })
})
