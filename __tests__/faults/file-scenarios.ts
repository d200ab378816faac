/** The scenarios of the fault tests with a definition file. */
import type { FileDefinition, Preparation, Scenario } from './scenarios.ts'

type Shape = Readonly<Record<string, unknown>>

const firstKey = '11111111-2222-4333-8444-555555555555'
const arnOfKey = (id: string) => `arn:aws:kms:ap-south-1:222222222222:key/${id}`
const ownTags = { 'tenant-tables:environment': 'dev', 'tenant-tables:managed-by': 'tenant-tables' }

/** The keys of both tables, in which no scenario differs. */
const users = `
  users:
    KeySchema: [{ AttributeName: tenant_id, KeyType: HASH }, { AttributeName: user_id, KeyType: RANGE }]
    AttributeDefinitions:
      - { AttributeName: tenant_id, AttributeType: S }
      - { AttributeName: user_id, AttributeType: S }
      - { AttributeName: email, AttributeType: S }
      - { AttributeName: created_at, AttributeType: N }
    LocalSecondaryIndexes:
      - IndexName: by-creation
        KeySchema: [{ AttributeName: tenant_id, KeyType: HASH }, { AttributeName: created_at, KeyType: RANGE }]
        Projection: { ProjectionType: KEYS_ONLY }`
const orders = `
  orders:
    KeySchema: [{ AttributeName: order_id, KeyType: HASH }]
    AttributeDefinitions:
      - { AttributeName: order_id, AttributeType: S }
      - { AttributeName: customer, AttributeType: S }`

const everything = `
tables:${users}
    BillingMode: PAY_PER_REQUEST
    OnDemandThroughput: { MaxReadRequestUnits: 1000 }
    TableClass: STANDARD_INFREQUENT_ACCESS
    DeletionProtectionEnabled: true
    PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true, RecoveryPeriodInDays: 7 }
    SSESpecification: { SSEEnabled: true, SSEType: KMS, KMSMasterKeyId: alias/users }
    StreamSpecification: { StreamViewType: NEW_IMAGE }
    TimeToLiveSpecification: { Enabled: true, AttributeName: expires_at }
    GlobalSecondaryIndexes:
      - IndexName: by-email
        KeySchema: [{ AttributeName: email, KeyType: HASH }, { AttributeName: created_at, KeyType: RANGE }]
        Projection: { ProjectionType: INCLUDE, NonKeyAttributes: [name] }
        OnDemandThroughput: { MaxReadRequestUnits: 100 }
    Tags: [{ Key: data, Value: personal }]${orders}
    ProvisionedThroughput: { ReadCapacityUnits: 5, WriteCapacityUnits: 2 }
    GlobalSecondaryIndexes:
      - IndexName: by-customer
        KeySchema: [{ AttributeName: customer, KeyType: HASH }]
        Projection: { ProjectionType: ALL }
        ProvisionedThroughput: { ReadCapacityUnits: 3, WriteCapacityUnits: 1 }
`
const plainUsers = {
  keys: ['tenant_id HASH S', 'user_id RANGE S'],
  billing: 'PAY_PER_REQUEST',
  tableClass: 'STANDARD',
  protection: false,
  local: ['by-creation: tenant_id HASH, created_at RANGE; KEYS_ONLY'],
  global: [] as string[],
  tags: ownTags,
}
const plainOrders = { ...plainUsers, keys: ['order_id HASH S'], local: [] }
const wholeUsers = {
  ...plainUsers,
  maximums: '1000 read',
  tableClass: 'STANDARD_INFREQUENT_ACCESS',
  protection: true,
  recoveryDays: 7,
  key: arnOfKey(firstKey),
  stream: 'NEW_IMAGE',
  timeToLive: 'expires_at',
  global: ['by-email: email HASH, created_at RANGE; INCLUDE name; 100 read'],
  tags: { ...ownTags, data: 'personal' },
}
const wholeOrders = {
  ...plainOrders,
  billing: 'PROVISIONED 5/2',
  global: ['by-customer: customer HASH; ALL; 3/1'],
}
const whole = (changes: readonly string[]): FileDefinition => ({
  text: everything,
  tables: { users: wholeUsers, orders: wholeOrders },
  changes,
})

const plainDefinition: FileDefinition = {
  text: `
tables:${users.replace(/\n.*email.*/, '')}
    TableClass: STANDARD
    DeletionProtectionEnabled: false
    PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: false }
    SSESpecification: { SSEEnabled: false }
    StreamSpecification: { StreamEnabled: false }
    TimeToLiveSpecification: { Enabled: false }
    OnDemandThroughput: { MaxReadRequestUnits: -1 }
    GlobalSecondaryIndexes: []${orders}
    BillingMode: PAY_PER_REQUEST
    GlobalSecondaryIndexes:
      - IndexName: by-customer
        KeySchema: [{ AttributeName: customer, KeyType: HASH }]
        Projection: { ProjectionType: ALL }
`,
  tables: {
    users: { ...plainUsers, tags: { ...ownTags, data: 'personal' } },
    orders: { ...plainOrders, global: ['by-customer: customer HASH; ALL'] },
  },
  changes: ['users: Delete by-email', 'users: stream off'],
}

const rebuilding: FileDefinition = {
  text: `
tables:${users}
    GlobalSecondaryIndexes:
      - IndexName: by-email
        KeySchema: [{ AttributeName: email, KeyType: HASH }]
        Projection: { ProjectionType: ALL }
      - IndexName: by-creation-day
        KeySchema: [{ AttributeName: created_at, KeyType: HASH }]
        Projection: { ProjectionType: KEYS_ONLY }
`,
  tables: {
    users: {
      ...plainUsers,
      global: ['by-creation-day: created_at HASH; KEYS_ONLY', 'by-email: email HASH; ALL'],
    },
  },
  changes: [
    'users: Create by-creation-day',
    'users: Delete by-email',
    'users: Create by-email',
    'users: Delete by-name',
  ],
}

const attribute = (AttributeName: string, AttributeType = 'S') => ({ AttributeName, AttributeType })
const key = (...names: readonly string[]) =>
  names.map((AttributeName, at) => ({ AttributeName, KeyType: at === 0 ? 'HASH' : 'RANGE' }))
const index = (IndexName: string, KeySchema: readonly Shape[], Projection: Shape, more: Shape = {}) => ({
  IndexName,
  KeySchema,
  Projection,
  ...more,
})
const keysOnly = { ProjectionType: 'KEYS_ONLY' }

/** Creates tables as someone else did, with an item each and the tags of the action. */
async function createTables({ hands, until }: Preparation, given: readonly Shape[]): Promise<void> {
  hands.setKeyAlias('alias/users', firstKey)
  for (const input of given) await hands.call('CreateTable', input)
  const names = given.map(({ TableName }) => String(TableName))
  await until((now) => names.every((name) => (hands.table(name)?.activeAt ?? now) < now - 10_000))
  for (const TableName of names) {
    const { keySchema = [] } = hands.table(TableName) ?? {}
    const keys = keySchema.map(({ AttributeName }) => [AttributeName, { S: 'item-of-another-team' }])
    const more = { email: { S: 'a@example.com' }, created_at: { N: '1' }, customer: { S: 'c' } }
    await hands.call('PutItem', { TableName, Item: { ...more, ...Object.fromEntries(keys) } })
  }
}

const localIndex = index('by-creation', key('tenant_id', 'created_at'), keysOnly)
const usersInput = {
  TableName: 'users',
  AttributeDefinitions: [attribute('tenant_id'), attribute('user_id'), attribute('created_at', 'N')],
  KeySchema: key('tenant_id', 'user_id'),
  BillingMode: 'PAY_PER_REQUEST',
  LocalSecondaryIndexes: [localIndex],
  Tags: Object.entries(ownTags).map(([Key, Value]) => ({ Key, Value })),
}
const ordersInput = {
  TableName: 'orders',
  AttributeDefinitions: [attribute('order_id'), attribute('customer')],
  KeySchema: key('order_id'),
  ProvisionedThroughput: { ReadCapacityUnits: 4, WriteCapacityUnits: 4 },
  GlobalSecondaryIndexes: [
    index(
      'by-customer',
      key('customer'),
      { ProjectionType: 'ALL' },
      {
        ProvisionedThroughput: { ReadCapacityUnits: 4, WriteCapacityUnits: 4 },
      },
    ),
  ],
  Tags: usersInput.Tags,
}
const byEmail = index('by-email', key('email', 'created_at'), { ProjectionType: 'INCLUDE', NonKeyAttributes: ['name'] })
const wholeUsersInput = {
  ...usersInput,
  AttributeDefinitions: [...usersInput.AttributeDefinitions, attribute('email')],
  OnDemandThroughput: { MaxReadRequestUnits: 1000 },
  TableClass: 'STANDARD_INFREQUENT_ACCESS',
  SSESpecification: { Enabled: true, SSEType: 'KMS', KMSMasterKeyId: firstKey },
  StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' },
  GlobalSecondaryIndexes: [{ ...byEmail, OnDemandThroughput: { MaxReadRequestUnits: 100 } }],
  Tags: [...usersInput.Tags, { Key: 'data', Value: 'personal' }],
}
const wholeOrdersInput = {
  ...ordersInput,
  ProvisionedThroughput: { ReadCapacityUnits: 5, WriteCapacityUnits: 2 },
  GlobalSecondaryIndexes: [
    index(
      'by-customer',
      key('customer'),
      { ProjectionType: 'ALL' },
      {
        ProvisionedThroughput: { ReadCapacityUnits: 3, WriteCapacityUnits: 1 },
      },
    ),
  ],
}

/** The tables of the first file, without protection. */
async function createWhole(given: Preparation): Promise<void> {
  await createTables(given, [wholeUsersInput, wholeOrdersInput])
  const { hands } = given
  await hands.call('UpdateTimeToLive', {
    TableName: 'users',
    TimeToLiveSpecification: { Enabled: true, AttributeName: 'expires_at' },
  })
  await hands.call('UpdateContinuousBackups', {
    TableName: 'users',
    PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true, RecoveryPeriodInDays: 7 },
  })
  // DynamoDB refuses the next change of time to live for a while.
  const since = hands.table('users')?.timeToLive.lockedUntil ?? 0
  await given.until((now) => now > since)
}

export const fileScenarios: readonly Scenario[] = [
  {
    name: 'file: create tables with every property',
    inputs: {},
    definition: whole([]),
    prepare: async ({ hands }) => hands.setKeyAlias('alias/users', firstKey),
  },
  {
    name: 'file: change every property',
    inputs: {},
    definition: whole(['users: stream on', 'users: Create by-email']),
    prepare: (given) => createTables(given, [usersInput, ordersInput]),
  },
  {
    name: 'file: turn every property off',
    inputs: {
      allow: 'end-stream\nremove-deletion-protection\nremove-point-in-time-recovery\ndelete-index',
    },
    definition: plainDefinition,
    prepare: async (given) => {
      await createWhole(given)
      await given.hands.call('UpdateTable', { TableName: 'users', DeletionProtectionEnabled: true })
    },
  },
  {
    name: 'file: create, rebuild and delete an index',
    inputs: { allow: 'rebuild-index\ndelete-index' },
    definition: rebuilding,
    prepare: (given) =>
      createTables(given, [
        {
          ...usersInput,
          AttributeDefinitions: [...usersInput.AttributeDefinitions, attribute('email'), attribute('name')],
          GlobalSecondaryIndexes: [index('by-email', key('email'), keysOnly), index('by-name', key('name'), keysOnly)],
        },
      ]),
  },
  {
    name: 'file: verify',
    inputs: { command: 'verify' },
    definition: whole([]),
    prepare: async (given) => {
      await createWhole(given)
      await given.hands.call('UpdateTable', { TableName: 'users', DeletionProtectionEnabled: true })
    },
  },
  {
    name: 'file: destroy',
    inputs: { command: 'destroy', 'confirm-destroy': 'users\norders' },
    definition: whole([]),
    prepare: createWhole,
  },
]
