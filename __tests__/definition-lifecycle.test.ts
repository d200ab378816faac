/**
 * Whole lives of the tables of two definition files, against the sandbox: created, changed by hand in every property that
 * DynamoDB can change, repaired, verified and deleted, in each kind of environment.
 */
import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { nameStep } from '../src/plan/description.ts'
import type { Step } from '../src/plan/plan.ts'
import { example } from './definition/reading.ts'
import { startEmulator } from './support/emulator.ts'

type Shape = Readonly<Record<string, unknown>>

const { sandbox, hands, clock, runAction, reset, close } = await startEmulator()
beforeEach(() => reset())
afterAll(() => close())

const whole = readFileSync('examples/all-properties.yml', 'utf8')
const usersKey = '11111111-2222-4333-8444-555555555555'
const otherKey = '22222222-2222-4333-8444-555555555555'
const keyArn = (id: string) => `arn:aws:kms:ap-south-1:222222222222:key/${id}`

it('docs/definition.md shows the first of these files', () => {
  const documented = /```yaml\n(# \.github\/tables\.yml\n[\s\S]*?)```/.exec(readFileSync('docs/definition.md', 'utf8'))
  expect(parse(documented?.[1] ?? '')).toEqual(parse(example))
})

/** One environment and what its definition is. */
interface Life {
  readonly file: string
  readonly environment: string
  /** The names of the tables in AWS. */
  readonly tables: readonly string[]
  /** The requests of a run that finds nothing to do: the token, two roles, a key by its alias, and the reads. */
  readonly requestsOfEmptyRun: number
  /** The steps of the first plan, by name. */
  readonly creation: readonly string[]
  /** The state that the first apply must reach. */
  readonly created: Readonly<Record<string, Shape>>
  /** Changes by hand of everything that the definition declares and DynamoDB can change, by the calls of an administrator. */
  readonly drift: readonly Call[]
  /** Changes by hand of what the definition leaves open, made before the run that repairs the drift. */
  readonly own: readonly Call[]
  /** The parts of the tables, as `readTable` has them, that the calls in `own` change. */
  readonly kept: Readonly<Record<string, Shape>>
  readonly allow?: string
  /** The steps of the plan after the drift, by name. */
  readonly repairs: readonly string[]
}

type Call = readonly [operation: string, table: string, input: Shape]

/** Everything that can be read of a table, apart from times, sizes, ids of streams and warm throughput. */
async function readTable(TableName: string) {
  const ResourceArn = `arn:aws:dynamodb:ap-south-1:222222222222:table/${TableName}`
  const [described, backups, timeToLive, tags] = await Promise.all([
    hands.call('DescribeTable', { TableName }),
    hands.call('DescribeContinuousBackups', { TableName }),
    hands.call('DescribeTimeToLive', { TableName }),
    hands.call('ListTagsOfResource', { ResourceArn }),
  ])
  const table = described.Table as Shape & { TableId: string; TableStatus: string }
  const recovery = (backups.ContinuousBackupsDescription as { PointInTimeRecoveryDescription: Shape })
    .PointInTimeRecoveryDescription
  const encryption = table.SSEDescription as Shape | undefined
  const stream = table.StreamSpecification as Shape | undefined
  const { TimeToLiveStatus, AttributeName } = timeToLive.TimeToLiveDescription as Shape
  return {
    id: table.TableId,
    status: table.TableStatus,
    key: describeKeys(table.KeySchema),
    attributes: (table.AttributeDefinitions as Shape[])
      .map(({ AttributeName: name, AttributeType }) => `${name} ${AttributeType}`)
      .sort(),
    billing: (table.BillingModeSummary as Shape | undefined)?.BillingMode ?? 'PROVISIONED',
    units: describeUnits(table),
    tableClass: (table.TableClassSummary as Shape | undefined)?.TableClass ?? 'STANDARD',
    protection: table.DeletionProtectionEnabled,
    recovery: recovery.PointInTimeRecoveryStatus === 'ENABLED' ? recovery.RecoveryPeriodInDays : 'off',
    encryption: encryption?.KMSMasterKeyArn ?? 'AWS owned key',
    stream: stream?.StreamEnabled === true ? stream.StreamViewType : 'off',
    timeToLive: TimeToLiveStatus === 'ENABLED' ? AttributeName : TimeToLiveStatus,
    tags: Object.fromEntries((tags.Tags as { Key: string; Value: string }[]).map(({ Key, Value }) => [Key, Value])),
    global: describeIndexes(table.GlobalSecondaryIndexes),
    local: describeIndexes(table.LocalSecondaryIndexes),
  }
}

function describeKeys(schema: unknown): string {
  return (schema as Shape[]).map(({ AttributeName, KeyType }) => `${AttributeName} ${KeyType}`).join(', ')
}

function describeIndexes(indexes: unknown): Readonly<Record<string, string>> {
  const described = ((indexes ?? []) as Shape[]).map((index) => {
    const { ProjectionType, NonKeyAttributes = [] } = index.Projection as Shape
    const projected = [ProjectionType, ...(NonKeyAttributes as string[])].join(' ')
    return [
      String(index.IndexName),
      [describeKeys(index.KeySchema), projected, describeUnits(index)].filter(Boolean).join('; '),
    ] as const
  })
  return Object.fromEntries(described.sort(([left], [right]) => (left < right ? -1 : 1)))
}

/** Units that are provisioned, or the most units of on demand; empty for neither. */
function describeUnits({ ProvisionedThroughput, OnDemandThroughput }: Shape): string {
  const { ReadCapacityUnits: read, WriteCapacityUnits: write } = (ProvisionedThroughput ?? {}) as Shape
  const { MaxReadRequestUnits: mostRead, MaxWriteRequestUnits: mostWrite } = (OnDemandThroughput ?? {}) as Shape
  return [
    ...(read ? [`${read} read and ${write} write units`] : []),
    ...(mostRead ? [`at most ${mostRead} read`] : []),
    ...(mostWrite ? [`at most ${mostWrite} written`] : []),
  ].join(', ')
}

async function change(calls: readonly Call[]): Promise<void> {
  for (const [operation, TableName, input] of calls) {
    const ResourceArn = `arn:aws:dynamodb:ap-south-1:222222222222:table/${TableName}`
    await hands.call(operation, operation.includes('Resource') ? { ResourceArn, ...input } : { TableName, ...input })
    // Longer than any change takes, and than DynamoDB refuses the next one.
    clock.pass(3_600_000)
  }
}

const recoveryStep = (table: string) => `update PointInTimeRecoverySpecification of "${table}"`
const tags = (environment: string, more: Shape = {}) => ({
  'tenant-tables:environment': environment,
  'tenant-tables:managed-by': 'tenant-tables',
  team: 'planner',
  ...more,
})
const untag: Shape = { TagKeys: ['team'] }
const units = { ReadCapacityUnits: 1, WriteCapacityUnits: 1 }
const noTimeToLive = { TimeToLiveSpecification: { Enabled: false, AttributeName: 'expires_at' } }
const recoveryOf = (PointInTimeRecoverySpecification: Shape) => ({ PointInTimeRecoverySpecification })
const deletionOf = (IndexName: string) => ({ GlobalSecondaryIndexUpdates: [{ Delete: { IndexName } }] })
const creationOf = (IndexName: string, AttributeName: string) => ({
  AttributeDefinitions: [{ AttributeName, AttributeType: 'S' }],
  GlobalSecondaryIndexUpdates: [
    {
      Create: {
        IndexName,
        KeySchema: [{ AttributeName, KeyType: 'HASH' }],
        Projection: { ProjectionType: 'KEYS_ONLY' },
      },
    },
  ],
})

/** The only table of the short file in an environment that it does not name, apart from the tag of the environment. */
const shortUsers = {
  status: 'ACTIVE',
  key: 'tenant_id HASH, user_id RANGE',
  attributes: ['email S', 'tenant_id S', 'user_id S'],
  billing: 'PAY_PER_REQUEST',
  units: '',
  tableClass: 'STANDARD',
  protection: false,
  recovery: 'off',
  encryption: 'AWS owned key',
  stream: 'off',
  timeToLive: 'expires_at',
  global: { 'by-email': 'email HASH; KEYS_ONLY' },
  local: {},
}
const shortDrift: readonly Call[] = [
  ['UntagResource', 'users', untag],
  ['UpdateTimeToLive', 'users', noTimeToLive],
  ['UpdateTable', 'users', deletionOf('by-email')],
]
const shortRepairs = [
  'update Tags of "users"',
  'update TimeToLiveSpecification of "users"',
  'update GlobalSecondaryIndexes by-email of "users"',
]
/** Everything that the example leaves open, except billing, protection and recovery. */
const shortOwn: readonly Call[] = [
  ['TagResource', 'users', { Tags: [{ Key: 'owner', Value: 'another-team' }] }],
  ['UpdateTable', 'users', { TableClass: 'STANDARD_INFREQUENT_ACCESS' }],
  ['UpdateTable', 'users', { StreamSpecification: { StreamEnabled: true, StreamViewType: 'KEYS_ONLY' } }],
  ['UpdateTable', 'users', { SSESpecification: { Enabled: true, SSEType: 'KMS', KMSMasterKeyId: otherKey } }],
  ['UpdateTable', 'users', creationOf('by-hand', 'name')],
]
const shortKept = (environment: string) => ({
  tags: tags(environment, { owner: 'another-team' }),
  tableClass: 'STANDARD_INFREQUENT_ACCESS',
  stream: 'KEYS_ONLY',
  encryption: keyArn(otherKey),
  attributes: ['email S', 'name S', 'tenant_id S', 'user_id S'],
  global: { 'by-email': 'email HASH; KEYS_ONLY', 'by-hand': 'name HASH; KEYS_ONLY' },
})
const onRecovery: Call = [
  'UpdateContinuousBackups',
  'users',
  recoveryOf({ PointInTimeRecoveryEnabled: true, RecoveryPeriodInDays: 3 }),
]
const onProtection: Call = ['UpdateTable', 'users', { DeletionProtectionEnabled: true }]
const timeToLiveStep = 'update TimeToLiveSpecification of "users"'
const ofExample = {
  creation: ['create "users"', timeToLiveStep],
  file: example,
  tables: ['users'],
  requestsOfEmptyRun: 7,
}

/** The table "users" of the whole file where no environment changes it, apart from its tags. */
const wholeUsers = {
  ...shortUsers,
  attributes: ['created_at N', 'email S', 'role S', 'tenant_id S', 'user_id S'],
  units: 'at most 1000 read, at most 500 written',
  protection: true,
  recovery: 7,
  encryption: keyArn(usersKey),
  stream: 'NEW_AND_OLD_IMAGES',
  global: {
    'by-email': 'email HASH; KEYS_ONLY; at most 100 read',
    'by-role': 'tenant_id HASH, role HASH, created_at RANGE; INCLUDE name',
  },
  local: { 'by-creation': 'tenant_id HASH, created_at RANGE; ALL' },
}
const wholeOrders = {
  ...shortUsers,
  key: 'order_id HASH',
  attributes: ['customer S', 'order_id S'],
  protection: true,
  timeToLive: 'DISABLED',
}
const provisionedOrders = {
  ...wholeOrders,
  billing: 'PROVISIONED',
  units: '5 read and 5 write units',
  global: { 'by-customer': 'customer HASH; ALL; 5 read and 1 write units' },
}
const onDemandOrders = {
  ...wholeOrders,
  tableClass: 'STANDARD_INFREQUENT_ACCESS',
  recovery: 35,
  global: { 'by-customer': 'customer HASH; ALL' },
}
const usersDrift: readonly Call[] = [
  ['UntagResource', 'users', { TagKeys: ['team', 'data'] }],
  ['UpdateContinuousBackups', 'users', recoveryOf({ PointInTimeRecoveryEnabled: true, RecoveryPeriodInDays: 1 })],
  ['UpdateTable', 'users', { TableClass: 'STANDARD_INFREQUENT_ACCESS' }],
  ['UpdateTimeToLive', 'users', noTimeToLive],
  ['UpdateTable', 'users', deletionOf('by-role')],
  // This also ends the on-demand maximums of the table and of its index.
  [
    'UpdateTable',
    'users',
    {
      BillingMode: 'PROVISIONED',
      ProvisionedThroughput: units,
      GlobalSecondaryIndexUpdates: [{ Update: { IndexName: 'by-email', ProvisionedThroughput: units } }],
    },
  ],
]
const protectionDrift: readonly Call[] = ['users', 'customer-orders'].map((table) => [
  'UpdateTable',
  table,
  { DeletionProtectionEnabled: false },
])
const keyAndStreamDrift: readonly Call[] = [
  ['UpdateTable', 'users', { SSESpecification: { Enabled: true, SSEType: 'KMS', KMSMasterKeyId: otherKey } }],
  ['UpdateTable', 'users', { StreamSpecification: { StreamEnabled: false } }],
]
const ordersDrift: readonly Call[] = [
  ['UntagResource', 'customer-orders', untag],
  ['UpdateTable', 'customer-orders', { ProvisionedThroughput: { ReadCapacityUnits: 7, WriteCapacityUnits: 5 } }],
  [
    'UpdateTable',
    'customer-orders',
    {
      GlobalSecondaryIndexUpdates: [
        {
          Update: { IndexName: 'by-customer', ProvisionedThroughput: { ReadCapacityUnits: 5, WriteCapacityUnits: 2 } },
        },
      ],
    },
  ],
]
const wholeOwn: readonly Call[] = [
  ['TagResource', 'users', { Tags: [{ Key: 'owner', Value: 'another-team' }] }],
  ['UpdateTable', 'customer-orders', { StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' } }],
  ['UpdateTable', 'customer-orders', { SSESpecification: { Enabled: true } }],
  [
    'UpdateTimeToLive',
    'customer-orders',
    { TimeToLiveSpecification: { Enabled: true, AttributeName: 'delivered_at' } },
  ],
]
const ordersKept = {
  stream: 'NEW_IMAGE',
  encryption: keyArn('00000000-0000-4000-8000-0000000000aa'),
  timeToLive: 'delivered_at',
}
const infrequentOrders: Call = ['UpdateTable', 'customer-orders', { TableClass: 'STANDARD_INFREQUENT_ACCESS' }]
/** Protections of all tables come before any other change. */
const protectionStep = (table: string) => `update DeletionProtectionEnabled of "${table}"`
const repairsOfUsers = [
  'update Tags of "users"',
  'update TableClass of "users"',
  'update BillingMode of "users"',
  'update OnDemandThroughput of "users"',
  'update StreamSpecification of "users"',
  'update SSESpecification of "users"',
  'update TimeToLiveSpecification of "users"',
  'update GlobalSecondaryIndexes by-email of "users"',
  'update GlobalSecondaryIndexes by-role of "users"',
]
const repairsOfProvisionedOrders = [
  'update Tags of "customer-orders"',
  'update BillingMode of "customer-orders"',
  'update GlobalSecondaryIndexes by-customer of "customer-orders"',
]
const ofWhole = {
  creation: ['create "users"', recoveryStep('users'), timeToLiveStep, 'create "customer-orders"'],
  file: whole,
  tables: ['users', 'customer-orders'],
}
const wholeWithoutEnvironment = (environment: string): Life => ({
  ...ofWhole,
  environment,
  requestsOfEmptyRun: 11,
  created: {
    users: { ...wholeUsers, tags: tags(environment, { data: 'personal' }) },
    'customer-orders': { ...provisionedOrders, tags: tags(environment) },
  },
  drift: [...usersDrift, ...keyAndStreamDrift, ...ordersDrift, ...protectionDrift],
  own: [...wholeOwn, infrequentOrders],
  kept: {
    users: { tags: tags(environment, { data: 'personal', owner: 'another-team' }) },
    'customer-orders': { ...ordersKept, tableClass: 'STANDARD_INFREQUENT_ACCESS' },
  },
  repairs: [
    protectionStep('users'),
    recoveryStep('users'),
    protectionStep('customer-orders'),
    ...repairsOfUsers,
    ...repairsOfProvisionedOrders,
  ],
})

const lives: readonly Life[] = [
  {
    ...ofExample,
    environment: 'staging',
    created: { users: { ...shortUsers, units: 'at most 100 read', tags: tags('staging') } },
    drift: [...shortDrift, ['UpdateTable', 'users', { OnDemandThroughput: { MaxReadRequestUnits: 7 } }]],
    own: [...shortOwn, onRecovery, onProtection],
    kept: { users: { ...shortKept('staging'), recovery: 3, protection: true } },
    repairs: shortRepairs.toSpliced(1, 0, 'update OnDemandThroughput of "users"'),
  },
  {
    ...ofExample,
    environment: 'production',
    creation: ['create "users"', recoveryStep('users'), timeToLiveStep],
    created: { users: { ...shortUsers, protection: true, recovery: 14, tags: tags('production') } },
    drift: [...shortDrift, onRecovery, ['UpdateTable', 'users', { DeletionProtectionEnabled: false }]],
    own: [...shortOwn, ['UpdateTable', 'users', { OnDemandThroughput: { MaxReadRequestUnits: 7 } }]],
    kept: { users: { ...shortKept('production'), units: 'at most 7 read' } },
    repairs: [
      'update DeletionProtectionEnabled of "users"',
      'update PointInTimeRecoverySpecification of "users"',
      ...shortRepairs,
    ],
  },
  {
    ...ofExample,
    environment: 'qa',
    created: { users: { ...shortUsers, tags: tags('qa') } },
    drift: shortDrift,
    own: [...shortOwn, onRecovery, onProtection],
    kept: { users: { ...shortKept('qa'), recovery: 3, protection: true } },
    repairs: shortRepairs,
  },
  wholeWithoutEnvironment('staging'),
  wholeWithoutEnvironment('qa'),
  {
    ...ofWhole,
    environment: 'production',
    creation: [...ofWhole.creation, recoveryStep('customer-orders')],
    requestsOfEmptyRun: 11,
    created: {
      users: { ...wholeUsers, tags: tags('production', { data: 'personal', backup: 'daily' }) },
      'customer-orders': { ...onDemandOrders, tags: tags('production', { backup: 'daily' }) },
    },
    drift: [
      ...usersDrift,
      ...keyAndStreamDrift,
      ['UntagResource', 'customer-orders', untag],
      ['UpdateContinuousBackups', 'customer-orders', recoveryOf({ PointInTimeRecoveryEnabled: false })],
      ['UpdateTable', 'customer-orders', { TableClass: 'STANDARD' }],
      ['UpdateTable', 'customer-orders', deletionOf('by-customer')],
      ['UpdateTable', 'customer-orders', { BillingMode: 'PROVISIONED', ProvisionedThroughput: units }],
      ...protectionDrift,
    ],
    own: wholeOwn,
    kept: {
      users: { tags: tags('production', { data: 'personal', backup: 'daily', owner: 'another-team' }) },
      'customer-orders': ordersKept,
    },
    repairs: [
      protectionStep('users'),
      recoveryStep('users'),
      protectionStep('customer-orders'),
      recoveryStep('customer-orders'),
      ...repairsOfUsers,
      'update Tags of "customer-orders"',
      'update TableClass of "customer-orders"',
      'update BillingMode of "customer-orders"',
      'update GlobalSecondaryIndexes by-customer of "customer-orders"',
    ],
  },
  {
    ...ofWhole,
    environment: 'Dev',
    requestsOfEmptyRun: 10,
    created: {
      users: {
        ...wholeUsers,
        protection: false,
        encryption: 'AWS owned key',
        stream: 'off',
        tags: tags('Dev', { data: 'personal' }),
      },
      'customer-orders': { ...provisionedOrders, protection: false, tags: tags('Dev') },
    },
    drift: [
      ...usersDrift,
      ['UpdateTable', 'users', { SSESpecification: { Enabled: true, SSEType: 'KMS', KMSMasterKeyId: otherKey } }],
      ['UpdateTable', 'users', { StreamSpecification: { StreamEnabled: true, StreamViewType: 'KEYS_ONLY' } }],
      ...ordersDrift,
      ...protectionDrift.map(([operation, table]): Call => [operation, table, { DeletionProtectionEnabled: true }]),
    ],
    own: [...wholeOwn, infrequentOrders],
    kept: {
      users: { tags: tags('Dev', { data: 'personal', owner: 'another-team' }) },
      'customer-orders': { ...ordersKept, tableClass: 'STANDARD_INFREQUENT_ACCESS' },
    },
    allow: 'end-stream\nremove-deletion-protection',
    // Protection that goes off comes last.
    repairs: [
      recoveryStep('users'),
      ...repairsOfUsers,
      protectionStep('users'),
      ...repairsOfProvisionedOrders,
      protectionStep('customer-orders'),
    ],
  },
]

const item = {
  tenant_id: { S: '3f0c6f0e-3a39-4f0e-9d0f-4f5a3d1c8b11' },
  user_id: { S: 'a1c1f9d2-1111-4c6f-8b1a-000000000001' },
  email: { S: 'a@example.com' },
  created_at: { N: '1' },
}
const itemsOf = async (TableName: string) => (await hands.call('Scan', { TableName })).Items

const path = '.github/tables.yml'
const nameOf = ({ file, environment }: Life) =>
  `${file === example ? 'the file of the documentation' : 'examples/all-properties.yml'} in ${environment}`

describe.each(lives.map((life) => [nameOf(life), life] as const))('%s', (_, life) => {
  const { environment, tables, file } = life
  const run = async (inputs: Readonly<Record<string, string>> = {}, text = file) => {
    sandbox.clearRequests()
    return await runAction(
      { environment, 'definition-file': path, 'timeout-seconds': '21600', ...inputs },
      { files: { [path]: text } },
    )
  }
  const stepNames = ({ outputs }: { readonly outputs: Readonly<Record<string, string>> }) =>
    (JSON.parse(outputs.plan ?? '').steps as Step[]).map(nameStep)
  const readTables = async () =>
    Object.fromEntries(await Promise.all(tables.map(async (name) => [name, await readTable(name)] as const)))
  const expectEmptyPlan = async () => {
    const { exitCode, errors, outputs } = await run({ command: 'plan' })
    expect([exitCode, errors, outputs['has-changes'], stepNames({ outputs })]).toEqual([0, [], 'false', []])
    expect(sandbox.requests.map(({ operation }) => operation)).toHaveLength(life.requestsOfEmptyRun)
    expect(sandbox.requests.filter(({ error }) => error !== undefined)).toEqual([])
  }
  const prepare = async () => {
    hands.setKeyAlias('alias/users', usersKey)
    await hands.call('CreateTable', {
      TableName: 'of-another-team',
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      BillingMode: 'PAY_PER_REQUEST',
    })
    clock.pass(60_000)
    const applied = await run()
    expect([applied.exitCode, applied.errors]).toEqual([0, []])
    clock.pass(60_000)
  }

  it('goes through plan, apply, drift by hand in every property, apply and verify', async () => {
    hands.setKeyAlias('alias/users', usersKey)
    const planned = await run({ command: 'plan' })
    expect([planned.exitCode, stepNames(planned)]).toEqual([0, life.creation])
    await prepare()
    const created = await readTables()
    expect(created).toEqual(
      Object.fromEntries(tables.map((name) => [name, { id: expect.any(String), ...life.created[name] }])),
    )
    await expectEmptyPlan()
    const another = await readTable('of-another-team')
    await hands.call('PutItem', { TableName: 'users', Item: item })

    await change(life.drift)
    const drifted = await run({ command: 'plan', allow: life.allow ?? '' })
    expect(drifted.errors).toEqual([])
    expect(stepNames(drifted)).toEqual(life.repairs)
    await change(life.own)
    const repaired = await run({ allow: life.allow ?? '', 'expected-plan': drifted.outputs.plan ?? '' })
    expect([repaired.exitCode, repaired.errors]).toEqual([0, []])
    expect(stepNames(repaired)).toEqual(life.repairs)
    clock.pass(60_000)
    expect(await readTables()).toEqual(
      Object.fromEntries(tables.map((name) => [name, { ...created[name], ...life.kept[name] }])),
    )
    expect(await readTable('of-another-team')).toEqual(another)
    await expectEmptyPlan()

    const verified = await run({ command: 'verify' })
    expect([verified.exitCode, verified.errors]).toEqual([0, []])
    expect(await itemsOf('users')).toEqual([item])
  }, 30_000)

  it(
    environment === 'production' ? 'destroys no table' : 'destroys these tables, once their protection is off',
    async () => {
      await prepare()
      const before = await readTables()
      const destruction = { command: 'destroy', 'confirm-destroy': tables.join('\n') }
      if (environment === 'production') {
        const { exitCode, errors, outputs } = await run(destruction)
        expect([exitCode, outputs.changed]).toEqual([1, 'false'])
        expect(errors.join()).toContain('"production" is a production environment')
        expect(await readTables()).toEqual(before)
        return
      }
      const open = file.replace('DeletionProtectionEnabled: true', 'DeletionProtectionEnabled: false')
      if (tables.some((name) => before[name]?.protection === true)) {
        const refused = await run(destruction)
        expect([refused.exitCode, refused.outputs.changed]).toEqual([1, 'false'])
        expect(refused.errors.join()).toContain('has deletion protection on')
        expect(await readTables()).toEqual(before)
        expect((await run({ allow: 'remove-deletion-protection' }, open)).errors).toEqual([])
      }
      const { exitCode, errors, outputs } = await run(destruction, open)
      expect([exitCode, errors, outputs['changes-count']]).toEqual([0, [], String(tables.length)])
      expect(tables.map((name) => hands.table(name))).toEqual(tables.map(() => undefined))
      expect(await readTable('of-another-team')).toMatchObject({ status: 'ACTIVE' })
      const again = await run(destruction, open)
      expect([again.exitCode, again.outputs['has-changes']]).toEqual([0, 'false'])
    },
  )
})
