import { index, keys, problemsOf, problemsWith, strings } from './reading.ts'

const definitions = (...names: readonly string[]) => ({ AttributeDefinitions: strings('id', 'at', ...names) })
const units = { ReadCapacityUnits: 1, WriteCapacityUnits: 1 }
const most = { MaxReadRequestUnits: 1 }
const include = (...NonKeyAttributes: readonly string[]) => ({
  Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes },
})
const names = (count: number, start = 'a') => Array.from({ length: count }, (_, place) => `${start}${place}`)
const globals = (...GlobalSecondaryIndexes: readonly object[]) => ({ GlobalSecondaryIndexes })
const locals = (...LocalSecondaryIndexes: readonly object[]) => ({ LocalSecondaryIndexes })
const tags = (count: number, start = 'k') => names(count, start).map((Key) => ({ Key, Value: 'v' }))

const hashFirst = 'has no partition key in the first place. Begin with the element of KeyType HASH.'

it.each<[string, object]>([
  ['a sort key', {}],
  [
    'four partition and four sort keys of a global index',
    {
      ...definitions(...names(8)),
      ...globals(index('gsi', keys(...names(8).map((name, place) => (place < 4 ? `#${name}` : name))))),
    },
  ],
  ['a global index with the key of the table', globals(index('gsi', keys('id', 'at')))],
  ['a local index with the sort key of the table', locals(index('lsi', keys('id', 'at')))],
  [
    '20 global and 5 local indexes',
    {
      ...globals(...names(20, 'gsi').map((name) => index(name, keys('at')))),
      ...locals(...names(5, 'lsi').map((name) => index(name, keys('id', 'at')))),
    },
  ],
  [
    '100 projected attributes',
    globals(...names(5, 'gsi').map((name) => index(name, keys('at'), include(...names(20))))),
  ],
  ['a projection of a key attribute', globals(index('gsi', keys('at'), include('id')))],
  ['an empty list of indexes', globals()],
  [
    'on-demand maximums',
    {
      OnDemandThroughput: { MaxReadRequestUnits: -1 },
      ...globals(index('gsi', keys('at'), { OnDemandThroughput: most })),
    },
  ],
  [
    'provisioned units without a mode',
    { ProvisionedThroughput: units, ...globals(index('gsi', keys('at'), { ProvisionedThroughput: units })) },
  ],
  [
    'a recovery period',
    { PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true, RecoveryPeriodInDays: 1 } },
  ],
  ['a stream by its view type', { StreamSpecification: { StreamViewType: 'NEW_IMAGE' } }],
  ['no stream', { StreamSpecification: { StreamEnabled: false } }],
  ['a key of KMS', { SSESpecification: { SSEEnabled: true, SSEType: 'KMS', KMSMasterKeyId: 'alias/tables' } }],
  ['the key that AWS owns', { SSESpecification: { SSEEnabled: false } }],
  [
    'time to live by an attribute that is not defined',
    { TimeToLiveSpecification: { Enabled: true, AttributeName: 'ttl' } },
  ],
  ['48 tags', { Tags: tags(48) }],
])('accepts %s', (_, fields) => {
  expect(problemsWith(fields)).toEqual([])
})

it.each<[string, object, readonly string[]]>([
  [
    'no key',
    { KeySchema: undefined },
    ['tables.orders: KeySchema is missing, here and in the defaults. Give the primary key of the table.'],
  ],
  [
    'no types',
    { AttributeDefinitions: undefined },
    ['tables.orders: AttributeDefinitions is missing, here and in the defaults. Give the type of each key attribute.'],
  ],
  [
    'a key that begins with RANGE',
    {
      KeySchema: [
        { AttributeName: 'id', KeyType: 'RANGE' },
        { AttributeName: 'at', KeyType: 'HASH' },
      ],
    },
    [`tables.orders.KeySchema[0].KeyType: ${hashFirst}`],
  ],
  [
    'two partition keys',
    { KeySchema: keys('#id', '#at') },
    [
      'tables.orders.KeySchema[1].KeyType: is a second partition key. A table has one HASH, then at most one RANGE; only global indexes have more.',
    ],
  ],
  [
    'one attribute twice in a key',
    { KeySchema: keys('id', 'id'), AttributeDefinitions: strings('id') },
    ['tables.orders.KeySchema[1].AttributeName: has the attribute "id" a second time.'],
  ],
  [
    'a global key that begins with RANGE',
    globals(index('gsi', [{ AttributeName: 'at', KeyType: 'RANGE' }])),
    [`tables.orders.GlobalSecondaryIndexes[0].KeySchema[0].KeyType: ${hashFirst}`],
  ],
  [
    'HASH after RANGE',
    { ...definitions('x'), ...globals(index('gsi', keys('#id', 'at', '#x'))) },
    [
      'tables.orders.GlobalSecondaryIndexes[0].KeySchema[2].KeyType: is HASH after a RANGE. Give all HASH elements first.',
    ],
  ],
  [
    'five partition keys of an index',
    { ...definitions(...names(5)), ...globals(index('gsi', keys(...names(5).map((name) => `#${name}`)))) },
    [
      'tables.orders.GlobalSecondaryIndexes[0].KeySchema: has 5 elements of KeyType HASH. A global index has at most 4.',
    ],
  ],
  [
    'five sort keys of an index',
    { ...definitions(...names(5)), ...globals(index('gsi', keys('id', ...names(5)))) },
    [
      'tables.orders.GlobalSecondaryIndexes[0].KeySchema: has 5 elements of KeyType RANGE. A global index has at most 4.',
    ],
  ],
  [
    'one attribute twice in the key of an index',
    globals(index('gsi', keys('at', 'at'))),
    ['tables.orders.GlobalSecondaryIndexes[0].KeySchema[1].AttributeName: has the attribute "at" a second time.'],
  ],
  [
    'a local index without a sort key of the table',
    { KeySchema: keys('id'), ...locals(index('lsi', keys('id', 'at'))) },
    [
      'tables.orders.LocalSecondaryIndexes: needs a table with a sort key, but KeySchema has only a partition key. Use a global index.',
    ],
  ],
  [
    'a local index with another partition key',
    locals(index('lsi', keys('at', 'id'))),
    [
      'tables.orders.LocalSecondaryIndexes[0].KeySchema: must be the partition key of the table, "id", as HASH, then one RANGE.',
    ],
  ],
  [
    'a local index without a sort key',
    locals(index('lsi', keys('id'))),
    [
      'tables.orders.LocalSecondaryIndexes[0].KeySchema: must be the partition key of the table, "id", as HASH, then one RANGE.',
    ],
  ],
  [
    'a local index with two sort keys',
    { ...definitions('x'), ...locals(index('lsi', keys('id', 'at', 'x'))) },
    [
      'tables.orders.LocalSecondaryIndexes[0].KeySchema: must be the partition key of the table, "id", as HASH, then one RANGE.',
    ],
  ],
  [
    'one definition twice',
    { AttributeDefinitions: strings('id', 'at', 'id') },
    ['tables.orders.AttributeDefinitions[2].AttributeName: has the attribute "id" a second time.'],
  ],
  [
    'a key attribute without a type',
    globals(index('gsi', keys('email'))),
    [
      'tables.orders.GlobalSecondaryIndexes[0].KeySchema[0].AttributeName: is "email", which AttributeDefinitions lacks. Add it there, with its type S, N or B.',
    ],
  ],
  [
    'a type that no key uses',
    definitions('email'),
    [
      'tables.orders.AttributeDefinitions[2]: defines "email", which no key uses. Define the attributes of keys only: all others need no definition.',
    ],
  ],
  [
    '21 global indexes',
    globals(...names(21, 'gsi').map((name) => index(name, keys('at')))),
    ['tables.orders.GlobalSecondaryIndexes: has 21 indexes. A table has at most 20 of them.'],
  ],
  [
    '6 local indexes',
    locals(...names(6, 'lsi').map((name) => index(name, keys('id', 'at')))),
    ['tables.orders.LocalSecondaryIndexes: has 6 indexes. A table has at most 5 of them.'],
  ],
  [
    'two global indexes of one name',
    globals(index('same', keys('at')), index('same', keys('id'))),
    ['tables.orders.GlobalSecondaryIndexes[1].IndexName: has the name of an index, "same" a second time.'],
  ],
  [
    'a global and a local index of one name',
    { ...globals(index('same', keys('at'))), ...locals(index('same', keys('id', 'at'))) },
    ['tables.orders.LocalSecondaryIndexes[0].IndexName: has the name of an index, "same" a second time.'],
  ],
  [
    'INCLUDE without attributes',
    globals(index('gsi', keys('at'), { Projection: { ProjectionType: 'INCLUDE' } })),
    [
      'tables.orders.GlobalSecondaryIndexes[0].Projection: is INCLUDE without NonKeyAttributes. Give 1 to 20 attributes.',
    ],
  ],
  [
    'attributes without INCLUDE',
    globals(index('gsi', keys('at'), { Projection: { ProjectionType: 'ALL', NonKeyAttributes: ['x'] } })),
    [
      'tables.orders.GlobalSecondaryIndexes[0].Projection.NonKeyAttributes: goes only with ProjectionType INCLUDE, but the type is ALL.',
    ],
  ],
  [
    'one projected attribute twice',
    globals(index('gsi', keys('at'), include('x', 'x'))),
    ['tables.orders.GlobalSecondaryIndexes[0].Projection.NonKeyAttributes[1]: has the attribute "x" a second time.'],
  ],
  [
    '101 projected attributes',
    {
      ...globals(...names(5, 'gsi').map((name) => index(name, keys('at'), include(...names(20))))),
      ...locals(index('lsi', keys('id', 'at'), include('x'))),
    },
    [
      'tables.orders.LocalSecondaryIndexes[0].Projection.NonKeyAttributes: with this index, the indexes of the table project 101 attributes. DynamoDB allows 100 over all indexes of a table.',
    ],
  ],
  [
    'PROVISIONED without units',
    { BillingMode: 'PROVISIONED' },
    [
      'tables.orders.BillingMode: is PROVISIONED without ProvisionedThroughput. Give both in one place: BillingMode drops the throughput of lower layers.',
    ],
  ],
  [
    'units on demand',
    { BillingMode: 'PAY_PER_REQUEST', ProvisionedThroughput: units },
    [
      'tables.orders.ProvisionedThroughput: goes only with BillingMode PROVISIONED, but BillingMode is PAY_PER_REQUEST.',
    ],
  ],
  [
    'a maximum with units',
    { ProvisionedThroughput: units, OnDemandThroughput: most },
    [
      'tables.orders.OnDemandThroughput: goes only with BillingMode PAY_PER_REQUEST, but ProvisionedThroughput makes the table PROVISIONED.',
    ],
  ],
  [
    'an index without units of its own',
    { BillingMode: 'PROVISIONED', ProvisionedThroughput: units, ...globals(index('gsi', keys('at'))) },
    [
      'tables.orders.GlobalSecondaryIndexes[0]: needs a ProvisionedThroughput of its own, because BillingMode is PROVISIONED.',
    ],
  ],
  [
    'a maximum of an index with units',
    {
      ProvisionedThroughput: units,
      ...globals(index('gsi', keys('at'), { ProvisionedThroughput: units, OnDemandThroughput: most })),
    },
    [
      'tables.orders.GlobalSecondaryIndexes[0].OnDemandThroughput: goes only with BillingMode PAY_PER_REQUEST, but ProvisionedThroughput makes the table PROVISIONED.',
    ],
  ],
  [
    'units of an index without those of the table',
    globals(index('gsi', keys('at'), { ProvisionedThroughput: units })),
    [
      'tables.orders.GlobalSecondaryIndexes[0].ProvisionedThroughput: goes only with ProvisionedThroughput of the table, but the table has no ProvisionedThroughput.',
    ],
  ],
  [
    'maximums without a member',
    { OnDemandThroughput: {}, ...globals(index('gsi', keys('at'), { OnDemandThroughput: {} })) },
    [
      'tables.orders.OnDemandThroughput: has no member. Give MaxReadRequestUnits, MaxWriteRequestUnits or both.',
      'tables.orders.GlobalSecondaryIndexes[0].OnDemandThroughput: has no member. Give MaxReadRequestUnits, MaxWriteRequestUnits or both.',
    ],
  ],
  [
    'units of an index on demand',
    { BillingMode: 'PAY_PER_REQUEST', ...globals(index('gsi', keys('at'), { ProvisionedThroughput: units })) },
    [
      'tables.orders.GlobalSecondaryIndexes[0].ProvisionedThroughput: goes only with ProvisionedThroughput of the table, but BillingMode is PAY_PER_REQUEST.',
    ],
  ],
  [
    'a recovery period without recovery',
    { PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: false, RecoveryPeriodInDays: 1 } },
    [
      'tables.orders.PointInTimeRecoverySpecification.RecoveryPeriodInDays: goes only with PointInTimeRecoveryEnabled: true.',
    ],
  ],
  [
    'a key without encryption by it',
    { SSESpecification: { SSEEnabled: false, SSEType: 'KMS', KMSMasterKeyId: 'alias/x' } },
    [
      'tables.orders.SSESpecification.SSEType: goes only with SSEEnabled: true.',
      'tables.orders.SSESpecification.KMSMasterKeyId: goes only with SSEEnabled: true.',
    ],
  ],
  [
    'a view type without a stream',
    { StreamSpecification: { StreamEnabled: false, StreamViewType: 'KEYS_ONLY' } },
    ['tables.orders.StreamSpecification.StreamViewType: does not go with StreamEnabled: false.'],
  ],
  [
    'a stream without a view type',
    { StreamSpecification: { StreamEnabled: true } },
    ['tables.orders.StreamSpecification: needs a StreamViewType; or StreamEnabled: false, to have no stream.'],
  ],
  [
    'time to live without an attribute',
    { TimeToLiveSpecification: { Enabled: true } },
    [
      'tables.orders.TimeToLiveSpecification: needs AttributeName, the attribute that holds the time, because Enabled is true.',
    ],
  ],
  ['one tag twice', { Tags: [...tags(2), ...tags(1)] }, ['tables.orders.Tags[2].Key: has the key "k0" a second time.']],
])('refuses %s', (_, fields, problems) => {
  expect(problemsWith(fields)).toEqual(problems)
})

describe('over several layers', () => {
  it('checks the fields that a table has in the end', () => {
    const defaults = { AttributeDefinitions: strings('id', 'at') }
    expect(problemsWith({ AttributeDefinitions: undefined }, { defaults })).toEqual([])
    expect(problemsWith({ KeySchema: undefined }, { defaults: { KeySchema: keys('id') } })).toEqual([
      'tables.orders.AttributeDefinitions[1]: defines "at", which no key uses. Define the attributes of keys only: all others need no definition.',
    ])
  })

  it('reports what only an environment breaks, in the layer that has the field', () => {
    const gsi = { ...definitions('email'), ...globals(index('gsi', keys('email'))) }
    const environments = { staging: { tables: { orders: globals() } }, dev: {} }
    expect(problemsWith(gsi, { environments })).toEqual([
      'tables.orders.AttributeDefinitions[2]: defines "email", which no key uses. Define the attributes of keys only: all others need no definition. This is so in the environment "staging".',
    ])
    expect(problemsWith({}, { environments: { staging: { defaults: globals(index('gsi', keys('x'))) } } })).toEqual([
      'environments.staging.defaults.GlobalSecondaryIndexes[0].KeySchema[0].AttributeName: is "x", which AttributeDefinitions lacks. Add it there, with its type S, N or B.',
    ])
  })

  it('reports once what every environment has', () => {
    expect(problemsWith(definitions('email'), { environments: { dev: {}, staging: {} } })).toHaveLength(1)
  })

  it('expects the throughput of indexes again from a layer that sets BillingMode', () => {
    const provisioned = {
      ProvisionedThroughput: units,
      ...globals(index('gsi', keys('at'), { ProvisionedThroughput: units })),
    }
    const staging = { tables: { orders: { BillingMode: 'PROVISIONED', ProvisionedThroughput: units } } }
    expect(problemsWith(provisioned, { environments: { staging } })).toEqual([
      'tables.orders.GlobalSecondaryIndexes[0]: needs a ProvisionedThroughput of its own, because BillingMode is PROVISIONED. This is so in the environment "staging".',
    ])
  })

  it('reports a value that is wrong by itself also where no table gets it', () => {
    const defaults = { StreamSpecification: { StreamEnabled: true } }
    expect(problemsWith({ StreamSpecification: { StreamEnabled: false } }, { defaults })).toEqual([
      'defaults.StreamSpecification: needs a StreamViewType; or StreamEnabled: false, to have no stream.',
    ])
  })

  it('counts the tags of all layers, and each key once', () => {
    expect(problemsWith({ Tags: tags(30) }, { defaults: { Tags: tags(40) } })).toEqual([])
    expect(problemsWith({ Tags: tags(30) }, { defaults: { Tags: tags(19, 'x') } })).toEqual([
      'tables.orders.Tags: makes 49 tags with those of lower layers. A table has at most 50, and the action adds 2.',
    ])
  })
})

it('refuses two tables of one name, also if they meet in one environment only', () => {
  const table =
    'KeySchema: [{ AttributeName: id, KeyType: HASH }], AttributeDefinitions: [{ AttributeName: id, AttributeType: S }]'
  const file = (name: string, rest: string) =>
    `tables:\n  one: { ${table} }\n  two: { ${table}, TableName: ${name} }\n${rest}`
  expect(problemsOf(file('one', ''))).toEqual([
    'tables.yml:3:137: tables.two.TableName: gives the table the name "one", which "one" has too.',
  ])
  expect(problemsOf(file('x-2', 'environments: { dev: { tables: { two: { TableName: one } } } }'))).toEqual([
    'tables.yml:4:52: environments.dev.tables.two.TableName: gives the table the name "one", which "one" has too.',
  ])
})

it('refuses a logical name that is too short for a table, unless the table has a TableName', () => {
  const table =
    'KeySchema: [{ AttributeName: id, KeyType: HASH }], AttributeDefinitions: [{ AttributeName: id, AttributeType: S }]'
  expect(problemsOf(`tables: { ab: { ${table} } }`)).toEqual([
    'tables.yml:1:11: tables.ab: is no name for a table, which has 3 characters or more. Add a TableName.',
  ])
  expect(problemsOf(`tables: { ab: { ${table}, TableName: abc } }`)).toEqual([])
})
