/**
 * The policy, asked every question that matters, by an evaluator of IAM policies that is not ours.
 * Whether AWS sends the keys of a request as assumed here only AWS can show.
 */
import { runSimulation } from '@cloud-copilot/iam-simulate'
import fc from 'fast-check'
import type { PolicyDocument } from '../../src/aws/iam.ts'
import { tenantAccessPolicy, tenantResources } from '../../src/aws/tenant-access.ts'
import type { KeySchema } from '../../src/table/properties/key-schema.ts'
import type { PolicyStatement } from '../../src/table/property.ts'
import type { TableValues } from '../../src/table/table.ts'

const account = '222222222222'
const tables = ['tenant', 'users'].map((name) => `arn:aws:dynamodb:ap-south-1:${account}:table/${name}`)
const [tenantTable = '', usersTable = ''] = tables
const policy = policyFor({ tables, indexes: [] })

function policyFor(resources: Parameters<typeof tenantAccessPolicy>[0], tenantKey = 'tenant_id'): PolicyDocument {
  const made = tenantAccessPolicy(resources, tenantKey)
  if (made === undefined) throw new Error('There is no policy')
  return made
}

const own = '6f1c9a52-0b7e-4d3f-9c1a-2e8d5b7f4a60'
const foreign = 'b04e7d18-5a93-4c62-8f0d-71c3e9a6d2b5'
// biome-ignore lint/suspicious/noTemplateCurlyInString: IAM's variable, as it is written in the policy.
const variable = '${aws:PrincipalTag/tenant_id}'

const transactionActions = ['GetItem', 'PutItem', 'UpdateItem', 'DeleteItem', 'ConditionCheckItem']
const batchActions = ['BatchGetItem', 'BatchWriteItem']
const itemActions = [...transactionActions, ...batchActions, 'Query']

interface Request {
  readonly action: string
  readonly resource: string
  /** The session's tag; undefined for a session without it. */
  readonly tenant: string | undefined
  /** The partition keys of the items that the request names. */
  readonly keys?: readonly string[]
  readonly transaction?: 'TransactGetItems' | 'TransactWriteItems'
  /** The name of the session's tag; `tenant_id` unless given. */
  readonly tag?: string
}

/** Each of these actions on both tables. */
function onBothTables(actions: readonly string[], request: Omit<Request, 'action' | 'resource'>): readonly Request[] {
  return tables.flatMap((resource) => actions.map((action) => ({ ...request, action, resource })))
}

/** The item actions of a transaction, as they are checked one by one. */
function inTransaction(keys: readonly string[]): readonly Request[] {
  return onBothTables(transactionActions, { tenant: own, keys }).map((request) => {
    const transaction = request.action === 'GetItem' ? 'TransactGetItems' : 'TransactWriteItems'
    // IAM knows no enclosing operation for ConditionCheckItem: it is never outside of a transaction.
    return request.action === 'ConditionCheckItem' ? request : { ...request, transaction }
  })
}

async function isAllowed(asked: PolicyDocument, request: Request): Promise<boolean> {
  const { tenant, keys, transaction, tag = 'tenant_id' } = request
  const simulation = await runSimulation(
    {
      request: {
        principal: `arn:aws:sts::${account}:assumed-role/application/session`,
        action: `dynamodb:${request.action}`,
        resource: { resource: request.resource, accountId: account },
        contextVariables: {
          ...(tenant === undefined ? {} : { [`aws:PrincipalTag/${tag}`]: tenant }),
          ...(keys === undefined ? {} : { 'dynamodb:LeadingKeys': [...keys] }),
          ...(transaction === undefined ? {} : { 'dynamodb:EnclosingOperation': transaction }),
        },
      },
      identityPolicies: [{ name: 'tenant-access', policy: asked }],
      serviceControlPolicies: [],
      resourceControlPolicies: [],
    },
    {},
  )
  // A question that the simulator did not understand would be answered with a denial too.
  if (simulation.resultType === 'error') throw new Error(JSON.stringify(simulation.errors))
  const results = simulation.resultType === 'single' ? [simulation.result] : simulation.results
  expect(results.map(({ ignoredContextKeys }) => ignoredContextKeys)).toEqual([[]])
  return simulation.overallResult === 'Allowed'
}

/** Requests that must never be allowed, by the rule that forbids them. */
const forbidden: Readonly<Record<string, readonly Request[]>> = {
  'another tenant': onBothTables(itemActions, { tenant: own, keys: [foreign] }),
  'a tenant whose id begins with the own id': onBothTables(itemActions, { tenant: own, keys: [`${own}0`] }),
  'a tenant whose id is the beginning of the own id': onBothTables(itemActions, {
    tenant: own,
    keys: [own.slice(0, -1)],
  }),
  'the own id in another case': onBothTables(itemActions, { tenant: own, keys: [own.toUpperCase()] }),
  'a batch with a foreign key among its own': [
    ...onBothTables(batchActions, { tenant: own, keys: [own, foreign] }),
    ...onBothTables(batchActions, { tenant: own, keys: [foreign, own] }),
  ],
  'the foreign item of a transaction': inTransaction([foreign]),
  'a transaction checked as one, with a foreign key among its own': inTransaction([own, foreign]),
  'a request that names no key': onBothTables(itemActions, { tenant: own }),
  'a session without the tag': [
    ...onBothTables(itemActions, { tenant: undefined, keys: [own] }),
    ...onBothTables(itemActions, { tenant: undefined, keys: [variable] }),
    ...onBothTables(itemActions, { tenant: undefined }),
  ],
  'a session whose tag is empty': onBothTables(itemActions, { tenant: '', keys: [own] }),
  'a session whose tag is a star, for all but the tenant "*"': onBothTables(itemActions, { tenant: '*', keys: [own] }),
  'a session whose tag is a pattern': onBothTables(itemActions, { tenant: `${own.slice(0, -1)}?`, keys: [own] }),
  'a session whose tag is the variable itself': onBothTables(itemActions, { tenant: variable, keys: [own] }),
  'the name of the variable as a key': onBothTables(itemActions, { tenant: own, keys: [variable] }),
  Scan: onBothTables(['Scan'], { tenant: own }),
  'PartiQL, even on the own items': onBothTables(['PartiQLSelect', 'PartiQLInsert', 'PartiQLUpdate', 'PartiQLDelete'], {
    tenant: own,
    keys: [own],
  }),
  'an index': [
    { action: 'Query', resource: `${usersTable}/index/by-email`, tenant: own, keys: [own] },
    { action: 'Scan', resource: `${usersTable}/index/by-email`, tenant: own },
    { action: 'PartiQLSelect', resource: `${usersTable}/index/by-email`, tenant: own, keys: [own] },
  ],
  'a stream': ['DescribeStream', 'GetShardIterator', 'GetRecords'].map((action) => ({
    action,
    resource: `${usersTable}/stream/2026-01-01T00:00:00.000`,
    tenant: own,
  })),
  'another table': [
    `${usersTable}-archive`,
    usersTable.slice(0, -1),
    tenantTable.replace('/tenant', '/orders'),
  ].flatMap((resource) => itemActions.map((action) => ({ action, resource, tenant: own, keys: [own] }))),
  'the same table in another account or region': [
    usersTable.replace(account, '333333333333'),
    usersTable.replace('ap-south-1', 'eu-west-1'),
  ].flatMap((resource) => itemActions.map((action) => ({ action, resource, tenant: own, keys: [own] }))),
  'work on the table itself': onBothTables(
    [
      ...['CreateTable', 'DeleteTable', 'DescribeTable', 'UpdateTable', 'UpdateTimeToLive', 'UpdateContinuousBackups'],
      ...['TagResource', 'UntagResource', 'PutResourcePolicy', 'EnableKinesisStreamingDestination', 'ImportTable'],
      ...['CreateBackup', 'ExportTableToPointInTime', 'RestoreTableToPointInTime'],
      ...['ReadDataForReplication', 'WriteDataForReplication'],
    ],
    { tenant: own },
  ),
}

/** The rules that this policy breaks. */
async function brokenBy(asked: PolicyDocument): Promise<readonly string[]> {
  const broken: string[] = []
  for (const [rule, requests] of Object.entries(forbidden)) {
    const answers = await Promise.all(requests.map((request) => isAllowed(asked, request)))
    if (answers.includes(true)) broken.push(rule)
  }
  return broken
}

it('is this policy, and no more', () => {
  expect(policy).toEqual({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Action: itemActions.map((action) => `dynamodb:${action}`).sort(),
        Resource: tables,
        Condition: {
          'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': [variable] },
          Null: { 'dynamodb:LeadingKeys': 'false', 'aws:PrincipalTag/tenant_id': 'false' },
        },
      },
    ],
  })
})

describe('allows', () => {
  it.each(onBothTables(itemActions, { tenant: own, keys: [own] }))(
    '$action of the own tenant on $resource',
    async (request) => expect(await isAllowed(policy, request)).toBe(true),
  )

  it.each(onBothTables(batchActions, { tenant: own, keys: [own, own] }))(
    '$action of several items of the own tenant on $resource',
    async (request) => expect(await isAllowed(policy, request)).toBe(true),
  )

  it.each(inTransaction([own]))('$action of the own tenant in a transaction on $resource', async (request) =>
    expect(await isAllowed(policy, request)).toBe(true),
  )
})

describe('denies', () => {
  it.each(Object.entries(forbidden))('%s', async (_, requests) => {
    expect(requests.length).toBeGreaterThan(0)
    const allowed: Request[] = []
    for (const request of requests) if (await isAllowed(policy, request)) allowed.push(request)
    expect(allowed).toEqual([])
  })
})

describe('would leak', () => {
  const [statement] = policy.Statement as readonly [PolicyStatement]
  const { 'ForAllValues:StringEquals': leadingKeys = {}, Null: present = {} } = statement.Condition ?? {}
  const { 'aws:PrincipalTag/tenant_id': taggedSession = '', 'dynamodb:LeadingKeys': namedKey = '' } = present

  const changed = (changes: Partial<PolicyStatement>): PolicyDocument => ({
    ...policy,
    Statement: [{ ...statement, ...changes }],
  })
  const without = (Condition: NonNullable<PolicyStatement['Condition']>) => changed({ Condition })
  const foreignKeys = [
    'another tenant',
    'a tenant whose id begins with the own id',
    'a tenant whose id is the beginning of the own id',
    'the own id in another case',
    'a batch with a foreign key among its own',
    'the foreign item of a transaction',
    'a transaction checked as one, with a foreign key among its own',
  ]
  const withoutLeadingKeys = without({ Null: present })

  it.each<[mutation: string, mutated: PolicyDocument, broken: readonly string[]]>([
    [
      'without the comparison of keys',
      withoutLeadingKeys,
      [
        ...foreignKeys,
        'a session whose tag is empty',
        'a session whose tag is a star, for all but the tenant "*"',
        'a session whose tag is a pattern',
        'a session whose tag is the variable itself',
        'the name of the variable as a key',
      ],
    ],
    [
      'without a key that must be named',
      without({ 'ForAllValues:StringEquals': leadingKeys, Null: { 'aws:PrincipalTag/tenant_id': taggedSession } }),
      ['a request that names no key'],
    ],
    [
      'without both of Null',
      without({ 'ForAllValues:StringEquals': leadingKeys }),
      ['a request that names no key', 'a session without the tag'],
    ],
    [
      'with a prefix for an id',
      without({ 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': [`${variable}*`] }, Null: present }),
      ['a tenant whose id begins with the own id'],
    ],
    [
      'with an id that is equal but for its case',
      without({ 'ForAllValues:StringEqualsIgnoreCase': leadingKeys, Null: present }),
      ['the own id in another case'],
    ],
    [
      'with any key that is the own one',
      without({ 'ForAnyValue:StringEquals': leadingKeys, Null: present }),
      ['a batch with a foreign key among its own', 'a transaction checked as one, with a foreign key among its own'],
    ],
    [
      'with PartiQL',
      changed({ Action: [...statement.Action, 'dynamodb:PartiQL*'] }),
      ['PartiQL, even on the own items'],
    ],
    [
      'with Scan, and no key that must be named',
      {
        ...policy,
        Statement: [
          {
            ...statement,
            Action: ['dynamodb:Scan'],
            Condition: { 'ForAllValues:StringEquals': leadingKeys },
          },
        ],
      },
      ['Scan'],
    ],
    [
      'with what lies below the table',
      changed({ Resource: tables.flatMap((table) => [table, `${table}/*`]) }),
      ['an index'],
    ],
    [
      'with a wildcard for the name',
      changed({ Resource: [`arn:aws:dynamodb:ap-south-1:${account}:table/*`] }),
      ['an index', 'another table'],
    ],
    [
      'on every resource',
      changed({ Resource: ['*'] }),
      ['an index', 'another table', 'the same table in another account or region'],
    ],
    [
      'without conditions, with every action on the tables and what lies below them',
      changed({
        Action: ['dynamodb:*'],
        Resource: tables.flatMap((table) => [table, `${table}/*`]),
        Condition: {},
      }),
      Object.keys(forbidden).filter(
        (rule) => !['another table', 'the same table in another account or region'].includes(rule),
      ),
    ],
    [
      // The simulator replaces variables whatever the version. So this is what AWS reads where Version is missing:
      // IAM's way to write a dollar sign.
      'without Version, in which the variable stays as it is written',
      without({
        // biome-ignore lint/suspicious/noTemplateCurlyInString: as IAM writes it.
        'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': [variable.replace('$', '${$}')] },
        Null: present,
      }),
      ['the name of the variable as a key'],
    ],
  ])('%s', async (_, mutated, broken) => {
    expect(mutated).not.toEqual(policy)
    expect(await brokenBy(mutated)).toEqual(broken)
  })

  it('to a session without the tag only when two conditions are gone: each of them stops it', async () => {
    const rule = 'a session without the tag'
    const withoutTaggedSession = without({
      'ForAllValues:StringEquals': leadingKeys,
      Null: { 'dynamodb:LeadingKeys': namedKey },
    })
    const withoutEither = without({ Null: { 'dynamodb:LeadingKeys': namedKey } })
    expect(await brokenBy(withoutTaggedSession)).toEqual([])
    expect(await brokenBy(withoutLeadingKeys)).not.toContain(rule)
    expect(await brokenBy(withoutEither)).toContain(rule)
  })
})

describe('of any definition', () => {
  const attributes = ['tenant_id', 'order_id', 'email', 'TENANT_ID', 'tenantId']
  const keysOf = (hash: readonly string[], range: readonly string[]): KeySchema => [
    ...hash.map((AttributeName) => ({ AttributeName, AttributeType: 'S', KeyType: 'HASH' }) as const),
    ...range.map((AttributeName) => ({ AttributeName, AttributeType: 'S', KeyType: 'RANGE' }) as const),
  ]
  /** A key of one to three attributes of each kind; often the tenant alone. */
  const keys = (most: number, tenantKey: string) => {
    const some = (minLength: number) => fc.uniqueArray(fc.constantFrom(...attributes), { minLength, maxLength: most })
    const hash = fc.oneof(fc.constant([tenantKey]), some(1))
    return fc
      .tuple(hash, some(0))
      .map(([left, right]) => keysOf(left, right.filter((each) => !left.includes(each)).slice(0, most)))
  }
  const indexes = (most: number, tenantKey: string) => fc.array(keys(most, tenantKey), { maxLength: 3 })
  const definition = fc.constantFrom('tenant_id', 'tenantId').chain((tenantKey) =>
    fc.record({
      tenantKey: fc.constant(tenantKey),
      tables: fc.array(fc.record({ keys: keys(1, tenantKey), indexes: indexes(3, tenantKey) }), {
        minLength: 1,
        maxLength: 4,
      }),
    }),
  )

  const isTenants = (key: KeySchema, tenantKey: string) =>
    key
      .filter(({ KeyType }) => KeyType === 'HASH')
      .map(({ AttributeName }) => AttributeName)
      .join() === tenantKey

  it('allows all that a tenant needs where the tenant is the whole partition key, and nothing anywhere else', async () => {
    const counts = { policies: 0, none: 0, open: 0, closed: 0 }
    const tenantKey = 'tenant_id'
    const [byTenants, byOrders] = [keysOf([tenantKey], []), keysOf(['order_id'], [])]
    const closedTable = { tenantKey, tables: [{ keys: byOrders, indexes: [] }] }
    const openTable = { tenantKey, tables: [{ keys: byTenants, indexes: [byOrders] }] }
    await fc.assert(
      fc.asyncProperty(definition, async ({ tenantKey, tables: drawn }) => {
        const accessed = drawn.map(({ keys: KeySchema, indexes: all }, at) => ({
          arn: `${usersTable}-${at}`,
          declared: {
            KeySchema,
            GlobalSecondaryIndexes: all.map((index, number) => ({ IndexName: `by-${number}`, KeySchema: index })),
          } as unknown as TableValues,
        }))
        const made = tenantAccessPolicy(tenantResources(accessed, tenantKey), tenantKey)
        const places = drawn.flatMap(({ keys: key, indexes: all }, at) => [
          { resource: `${usersTable}-${at}`, actions: itemActions, isOpen: isTenants(key, tenantKey) },
          ...all.map((index, number) => ({
            resource: `${usersTable}-${at}/index/by-${number}`,
            actions: ['Query'],
            isOpen: isTenants(index, tenantKey),
          })),
        ])
        expect(made !== undefined).toBe(places.some(({ isOpen }) => isOpen))
        if (made === undefined) {
          counts.none += 1
          return
        }
        counts.policies += 1
        for (const { resource, actions, isOpen } of places) {
          counts[isOpen ? 'open' : 'closed'] += 1
          for (const action of actions) {
            const ask = (tenant: string | undefined, leading: readonly string[]) =>
              isAllowed(made, { action, resource, tenant, keys: leading, tag: tenantKey })
            const asked = [ask(own, [own]), ask(own, [foreign]), ask(own, [own, foreign]), ask(undefined, [own])]
            expect([resource, action, await Promise.all(asked)]).toEqual([
              resource,
              action,
              [isOpen, false, false, false],
            ])
          }
          const asker = { resource, tenant: own, tag: tenantKey }
          expect(await isAllowed(made, { ...asker, action: 'Scan' })).toBe(false)
          expect(await isAllowed(made, { ...asker, action: 'PartiQLSelect', keys: [own] })).toBe(false)
        }
      }),
      // The examples have a policy and none, and places of both kinds, whatever is drawn.
      { numRuns: 25, examples: [[closedTable], [openTable]] },
    )
    for (const count of Object.values(counts)) expect(count).toBeGreaterThan(0)
  }, 120_000)

  const byTenant = (key: KeySchema) =>
    ({
      KeySchema: keysOf(['order_id'], []),
      GlobalSecondaryIndexes: [{ IndexName: 'by-tenant', KeySchema: key }],
    }) as unknown as TableValues

  it.each<[string, TableValues, TableValues | undefined, number]>([
    ['a table that does not exist yet', { ...aTable(['tenant_id']) }, undefined, 1],
    ['a table that exists with another key', { ...aTable(['tenant_id']) }, aTable(['id']), 0],
    ['an index that does not exist yet', byTenant(keysOf(['tenant_id'], [])), aTable(['order_id']), 1],
    [
      'an index that exists with another key',
      byTenant(keysOf(['tenant_id'], [])),
      byTenant(keysOf(['tenant_id', 'email'], [])),
      0,
    ],
    ['an index that exists and is not declared', aTable(['order_id']), byTenant(keysOf(['tenant_id'], [])), 0],
  ])('%s', (_, declared, observed, count) => {
    const { tables: found, indexes: inTables } = tenantResources(
      [{ arn: usersTable, declared, ...(observed === undefined ? {} : { observed }) }],
      'tenant_id',
    )
    expect(found.length + inTables.length).toBe(count)
  })

  it('is none where no session can have a tag with the name of the tenant key', () => {
    for (const tenantKey of ['a}*', '', 'a'.repeat(129), 'a"b', 'a*'])
      expect(tenantAccessPolicy({ tables, indexes: [] }, tenantKey)).toBeUndefined()
    expect(JSON.stringify(policyFor({ tables, indexes: [] }, 'Tenant-ID'))).toContain('aws:PrincipalTag/Tenant-ID}')
  })

  function aTable(hash: readonly string[]): TableValues {
    return { KeySchema: keysOf(hash, []) } as unknown as TableValues
  }
})
