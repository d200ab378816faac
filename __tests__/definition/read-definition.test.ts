import fc from 'fast-check'
import { safeParse } from 'valibot'
import { stringify } from 'yaml'
import { type Definition, defineTables } from '../../src/definition/definition.ts'
import { notManaged, tableFields } from '../../src/definition/fields.ts'
import { readDefinition } from '../../src/definition/read-definition.ts'
import { planTables } from '../../src/plan/planner.ts'
import { properties } from '../../src/table/properties/index.ts'
import { untrustedText } from '../fuzz/arbitraries.ts'
import { aTarget, strictPolicy } from '../support/builders.ts'
import { definitionOf, example, fileOf, index, keys, problemsOf, problemsWith, strings } from './reading.ts'

it('reads a file into layers', () => {
  const { tables, defaults, environments, tenantKey } = definitionOf(example)
  expect([...tables.keys()]).toEqual(['users'])
  expect(Object.keys(tables.get('users') ?? {}).sort()).toEqual([
    'AttributeDefinitions',
    'GlobalSecondaryIndexes',
    'KeySchema',
    'TimeToLiveSpecification',
  ])
  expect(defaults).toEqual({ Tags: [{ Key: 'team', Value: 'planner' }] })
  expect(environments).toEqual(
    new Map([
      [
        'production',
        {
          defaults: {
            PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true, RecoveryPeriodInDays: 14 },
          },
          tables: new Map(),
        },
      ],
      ['staging', { defaults: {}, tables: new Map([['users', { OnDemandThroughput: { MaxReadRequestUnits: 100 } }]]) }],
    ]),
  )
  expect(tenantKey).toBe('tenant_id')
  expect(definitionOf(`tenantKey: org\n${example}`).tenantKey).toBe('org')
})

it('reads JSON with the address of its schema', () => {
  expect([...definitionOf(fileOf({}, { $schema: './definition.schema.json' })).tables.keys()]).toEqual(['orders'])
})

it('reports all problems at once, in the order of the file, each with its line and column', () => {
  const text = `tables:
  users:
    KeySchema: [{ AttributeName: tenant_id, KeyType: Hash }]
    AttributeDefinition: [{ AttributeName: tenant_id, AttributeType: S }]
    BillingMode: on-demand
    WarmThroughput: {}
  orders:
    KeySchema: [{ AttributeName: id, KeyType: HASH }]
    AttributeDefinitions:
      - AttributeName: id
        AttributeType: S
      - AttributeName: x
        AttributeType: String
enviroments: {}
`
  expect(problemsOf(text)).toEqual([
    'tables.yml:3:54: tables.users.KeySchema[0].KeyType: must be HASH or RANGE, but is "Hash". Did you mean HASH?',
    'tables.yml:4:5: tables.users.AttributeDefinition: is not known here. Did you mean AttributeDefinitions?',
    'tables.yml:5:18: tables.users.BillingMode: must be PAY_PER_REQUEST or PROVISIONED, but is "on-demand". Did you mean PAY_PER_REQUEST?',
    'tables.yml:6:5: tables.users.WarmThroughput: is not managed yet. Remove it: the action leaves this setting as it is.',
    'tables.yml:13:24: tables.orders.AttributeDefinitions[1].AttributeType: must be S, N or B, but is "String". Did you mean S?',
    'tables.yml:14:1: enviroments: is not known here. Did you mean environments?',
  ])
})

it('applies the rules to the fields that have their form, beside those that do not', () => {
  expect(problemsWith({ AttributeDefinitions: strings('id', 'at', 'x'), TableClass: 'standard' })).toEqual([
    'tables.orders.AttributeDefinitions[2]: defines "x", which no key uses. Define the attributes of keys only: all others need no definition.',
    'tables.orders.TableClass: must be STANDARD or STANDARD_INFREQUENT_ACCESS, but is "standard". Did you mean STANDARD?',
  ])
})

it('concludes nothing from a field that is wrong or misspelt', () => {
  const email = { AttributeDefinitions: strings('id', 'at', 'email') }
  expect(problemsWith({ ...email, GlobalSecondaryIndices: [index('gsi', keys('email'))] })).toEqual([
    'tables.orders.GlobalSecondaryIndices: is not known here. Did you mean GlobalSecondaryIndexes?',
  ])
  expect(problemsWith({ ...email, GlobalSecondaryIndexes: 'by-email' })).toHaveLength(1)
})

const wrongForm: readonly (readonly [string, object, string])[] = [
  ['a text for a list', { Tags: 'a=b' }, 'Tags: must be a list of at most 48 items, but is "a=b".'],
  [
    'a list for a mapping',
    { SSESpecification: [] },
    'SSESpecification: must be a mapping of names to values, but is an empty list.',
  ],
  ['nothing', { KeySchema: null }, 'KeySchema: must be a list of 1 to 2 items, but is empty.'],
  ['no items', { KeySchema: [] }, 'KeySchema: must be a list of 1 to 2 items, but is an empty list.'],
  [
    'too many items',
    { KeySchema: keys('id', 'at', 'x') },
    'KeySchema: must be a list of 1 to 2 items, but is a list of 3 items.',
  ],
  [
    'a number for a text',
    { Tags: [{ Key: 'year', Value: 2026 }] },
    'Tags[0].Value: must be a text, but is 2026. Put it in quotes.',
  ],
  [
    'a text for true',
    { DeletionProtectionEnabled: 'yes' },
    'DeletionProtectionEnabled: must be true or false, but is "yes".',
  ],
  [
    'a text for a number',
    { ProvisionedThroughput: { ReadCapacityUnits: '1', WriteCapacityUnits: 1 } },
    'ProvisionedThroughput.ReadCapacityUnits: must be a whole number of at least 1, but is "1".',
  ],
  [
    'no units',
    { ProvisionedThroughput: { ReadCapacityUnits: 0, WriteCapacityUnits: 1 } },
    'ProvisionedThroughput.ReadCapacityUnits: must be a whole number of at least 1, but is 0.',
  ],
  [
    'half a unit',
    { ProvisionedThroughput: { ReadCapacityUnits: 1.5, WriteCapacityUnits: 1 } },
    'ProvisionedThroughput.ReadCapacityUnits: must be a whole number of at least 1, but is 1.5.',
  ],
  [
    'a missing unit',
    { ProvisionedThroughput: { ReadCapacityUnits: 1 } },
    'ProvisionedThroughput: WriteCapacityUnits is missing. It must be a whole number of at least 1.',
  ],
  [
    'a maximum of 0',
    { OnDemandThroughput: { MaxReadRequestUnits: 0 } },
    'OnDemandThroughput.MaxReadRequestUnits: must be at least 1, or -1 for no maximum, but is 0.',
  ],
  [
    'a maximum below -1',
    { OnDemandThroughput: { MaxReadRequestUnits: -2 } },
    'OnDemandThroughput.MaxReadRequestUnits: must be a whole number of at least -1, but is -2.',
  ],
  [
    'a period over 35 days',
    { PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true, RecoveryPeriodInDays: 36 } },
    'PointInTimeRecoverySpecification.RecoveryPeriodInDays: must be a whole number from 1 to 35, but is 36.',
  ],
  [
    'time to live without an attribute',
    { TimeToLiveSpecification: { Enabled: true } },
    'TimeToLiveSpecification: needs AttributeName, the attribute that holds the time, because Enabled is true.',
  ],
  [
    'an attribute of no name',
    { TimeToLiveSpecification: { Enabled: true, AttributeName: '' } },
    'TimeToLiveSpecification.AttributeName: must be a text of 1 to 255 characters, but is "".',
  ],
  [
    'a name of two letters',
    { TableName: 'ab' },
    'TableName: must be 3 to 255 letters, digits and _ . - and nothing else, but is "ab".',
  ],
  [
    'a name with a slash',
    { TableName: 'a/b/c' },
    'TableName: must be 3 to 255 letters, digits and _ . - and nothing else, but is "a/b/c".',
  ],
  [
    'an index of two letters',
    { GlobalSecondaryIndexes: [index('ab', keys('at'))] },
    'GlobalSecondaryIndexes[0].IndexName: must be 3 to 255 letters, digits and _ . - and nothing else, but is "ab".',
  ],
  [
    '21 projected attributes',
    {
      GlobalSecondaryIndexes: [
        index('gsi', keys('at'), {
          Projection: {
            ProjectionType: 'INCLUDE',
            NonKeyAttributes: Array.from({ length: 21 }, (_, place) => `a${place}`),
          },
        }),
      ],
    },
    'GlobalSecondaryIndexes[0].Projection.NonKeyAttributes: must be a list of 1 to 20 items, but is a list of 21 items.',
  ],
  [
    'no projection',
    { GlobalSecondaryIndexes: [{ IndexName: 'gsi', KeySchema: keys('at') }] },
    'GlobalSecondaryIndexes[0]: Projection is missing. It must be a mapping of names to values.',
  ],
  [
    'a key of no kind',
    { SSESpecification: { SSEEnabled: true, KMSMasterKeyId: 'my key' } },
    'SSESpecification.KMSMasterKeyId: must be a key id, an alias such as alias/tables, or the ARN of either, but is "my key".',
  ],
  [
    'another type of encryption',
    { SSESpecification: { SSEEnabled: true, SSEType: 'AES256' } },
    'SSESpecification.SSEType: must be KMS, but is "AES256".',
  ],
  [
    'a tag of AWS',
    { Tags: [{ Key: 'AWS:x', Value: '' }] },
    'Tags[0].Key: must be a key that does not begin with aws: or tenant-tables:, which are reserved, but is "AWS:x".',
  ],
  [
    'a tag of the action',
    { Tags: [{ Key: 'tenant-tables:environment', Value: 'x' }] },
    'Tags[0].Key: must be a key that does not begin with aws: or tenant-tables:, which are reserved, but is "tenant-tables:environment".',
  ],
  [
    'a tag without a key',
    { Tags: [{ Key: '', Value: 'x' }] },
    'Tags[0].Key: must be a text that is not empty, but is "".',
  ],
  [
    'a tag with a character that AWS refuses',
    { Tags: [{ Key: 'a', Value: 'b<c' }] },
    'Tags[0].Value: must be at most 256 letters, digits, spaces and _ . : / = + - @, but is "b<c".',
  ],
]

it.each(wrongForm)('refuses %s', (_, fields, problem) => {
  const found = problemsWith(fields)
  // A key of three elements needs more definitions; only the first problem is of interest here.
  expect(found).toContain(`tables.orders.${problem}`)
})

it('counts the bytes of an attribute, not its characters', () => {
  const name = 'é'.repeat(128)
  const table = { KeySchema: keys(name), AttributeDefinitions: strings(name) }
  expect(problemsWith(table)).toContain(
    `tables.orders.AttributeDefinitions[0].AttributeName: must be a text of at most 255 bytes in UTF-8, but is "${name.slice(0, 120)}"… (128 characters).`,
  )
  const shorter = name.slice(1)
  expect(problemsWith({ KeySchema: keys(shorter), AttributeDefinitions: strings(shorter) })).toEqual([])
})

it.each([
  ['key_schema', 'Did you mean KeySchema?'],
  ['attributedefinitions', 'Did you mean AttributeDefinitions?'],
  ['GlobalSecondaryIndex', 'Did you mean GlobalSecondaryIndexes?'],
  ['TimeToLive', 'Did you mean TimeToLiveSpecification?'],
  ['Stream', 'Did you mean StreamSpecification?'],
  ['DeletionProtection', 'Did you mean DeletionProtectionEnabled?'],
  ['PITR', 'Did you mean PointInTimeRecoverySpecification?'],
  ['ttl', 'Did you mean TimeToLiveSpecification?'],
  ['GSIs', 'Did you mean GlobalSecondaryIndexes?'],
  ['Encryption', 'Did you mean SSESpecification?'],
  ['PartitionKey', 'Give KeySchema and AttributeDefinitions.'],
  ['Properties', 'Write the properties directly under the name of the table.'],
  ['<<', 'YAML 1.2 has no merge keys. Write the fields out, or put them under "defaults:".'],
  ['Nonsense', expect.stringMatching(/^Here may stand TableName, AttributeDefinitions, .*BillingMode/)],
])('explains the unknown field %s', (name, hint) => {
  const [problem = '', ...more] = problemsWith({ [name]: {} })
  expect(more).toEqual([])
  const [start, rest] = problem.split(': is not known here. ')
  expect(start).toMatch(/^tables\.orders(\.\w+|\["<<"\])$/)
  expect(rest).toEqual(hint)
})

it.each([
  [{ SSESpecification: { Enabled: true } }, 'SSESpecification.Enabled', 'SSEEnabled'],
  [
    { PointInTimeRecoverySpecification: { Enabled: true } },
    'PointInTimeRecoverySpecification.Enabled',
    'PointInTimeRecoveryEnabled',
  ],
  [{ AttributeDefinitions: [{ Name: 'id', AttributeType: 'S' }] }, 'AttributeDefinitions[0].Name', 'AttributeName'],
  [
    { TimeToLiveSpecification: { Enabled: true, AttributName: 'x' } },
    'TimeToLiveSpecification.AttributName',
    'AttributeName',
  ],
  [{ StreamSpecification: { ViewType: 'KEYS_ONLY' } }, 'StreamSpecification.ViewType', 'StreamViewType'],
])('explains the unknown member in %j', (fields, path, name) => {
  expect(problemsWith(fields)).toContain(`tables.orders.${path}: is not known here. Did you mean ${name}?`)
})

it.each<readonly [string, object]>([
  ...notManaged.map((name) => [name, { [name]: {} }] as const),
  [
    'GlobalSecondaryIndexes[0].WarmThroughput',
    { GlobalSecondaryIndexes: [index('gsi', keys('at'), { WarmThroughput: {} })] },
  ],
  ['StreamSpecification.ResourcePolicy', { StreamSpecification: { StreamViewType: 'KEYS_ONLY', ResourcePolicy: {} } }],
])('reports %s as not managed yet, by its name', (path, fields) => {
  expect(problemsWith(fields)).toEqual([
    `tables.orders.${path}: is not managed yet. Remove it: the action leaves this setting as it is.`,
  ])
})

it('reports every unknown member of a mapping', () => {
  expect(problemsWith({ One: 1, Two: 2, Three: 3 })).toHaveLength(3)
})

it.each(['__proto__', 'constructor', 'toString'])(
  'refuses %s as the name of a table, a field and an environment',
  (name) => {
    const text = `tables: { orders: { "${name}": 1 },\n  "${name}": {} }\nenvironments: { "${name}": {} }\n"${name}": 1`
    expect(problemsOf(text)).toEqual([
      expect.stringContaining(`tables.yml:1:21: tables.orders.${name}: is not known here.`),
      `tables.yml:2:3: tables.${name}: is a name that cannot be used here. Choose another one.`,
      `tables.yml:3:17: environments.${name}: is a name that cannot be used here. Choose another one.`,
      expect.stringContaining(`tables.yml:4:1: ${name}: is not known here.`),
    ])
  },
)

it.each([
  ['[]', ['tables.yml:1:1: must be a mapping of names to values, but is an empty list.']],
  ['text', ['tables.yml:1:1: must be a mapping of names to values, but is a text.']],
  ['defaults: {}', ['tables.yml:1:1: tables is missing. It must be a mapping of names to values.']],
  ['tables: {}', ['tables.yml:1:1: tables: is empty. Give at least one table.']],
  ['tables: []', ['tables.yml:1:1: tables: must be a mapping of names to values, but is an empty list.']],
  [
    'tables:\n  "a b": {}',
    [expect.stringContaining('tables.yml:2:3: tables["a b"]: must be letters, digits and _ . -, but is "a b".')],
  ],
])('refuses the file %j', (text, problems) => {
  expect(problemsOf(text)).toEqual(problems)
})

it('refuses a name in the defaults, which every table would have', () => {
  expect(problemsWith({}, { defaults: { TableName: 'abc' } })).toEqual([
    'defaults.TableName: is the name of one table. Give it under "tables:".',
  ])
})

it('refuses environments that are one without case, and tables that the file does not have', () => {
  expect(problemsWith({}, { environments: { prod: { tables: { order: {} } }, Prod: {} } })).toEqual([
    'environments.prod.tables.order: is no table of this file. Did you mean orders? Declare the table under "tables:", and here what differs.',
    'environments.Prod: is the environment "prod" again: environments are compared without case. Give one of the two.',
  ])
})

it('shows invisible characters of the file as escapes', () => {
  expect(problemsWith({ 'Tags\u202e': 1 })).toEqual([
    expect.stringContaining('tables.orders["Tags\\\\u{202e}"]: is not known here.'),
  ])
})

it.each([
  ['DB_PASSWORD=hunter2supersecret\nAPI_TOKEN=hunter2supersecret'],
  ['[http]\n\textraheader = AUTHORIZATION: basic hunter2supersecret'],
  ['a: "hunter2supersecret'],
  ['a: &hunter2supersecret [*hunter2supersecret, "hunter2supersecret"'],
  ['{"password": "hunter2supersecret"}'],
])('shows no value of a file that is no definition: %j', (text) => {
  const read = readDefinition(text, 'tables.yml')
  expect(read).toEqual({ problems: expect.arrayContaining([expect.stringMatching(/^tables\.yml:\d+:\d+: /)]) })
  expect(JSON.stringify(read)).not.toMatch(/: [^&*]*hunter2supersecret/)
})

it('takes a name as it stands in the file, so that the environment 1.10 is not 1.1', () => {
  const { environments } = definitionOf(`${example}  1.10: {}\n  012: {}\n  "0x1": {}\n`)
  expect([...environments.keys()]).toEqual(['production', 'staging', '1.10', '012', '0x1'])
})

it.each([
  ['tables', 10_000, 0, 'tables: has 10000 tables, but a file may have 2500. Split it.'],
  ['environments', 1500, 1000, 'environments: has 1000 environments for 1500 tables, which are more'],
])('refuses a file with too many %s at once', (_, tables, environments, message) => {
  const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`name${index}`, {}]))
  const text = JSON.stringify({ tables: many(tables), environments: many(environments) })
  expect(readDefinition(text, 'tables.yml')).toEqual({ problems: [expect.stringContaining(message)] })
})

it('shows the first 50 problems, and how many there are', () => {
  const problems = problemsWith(Object.fromEntries(Array.from({ length: 60 }, (_, place) => [`x${place}`, 1])))
  expect(problems).toHaveLength(51)
  expect(problems.at(-1)).toBe('and 10 more problems.')
  const thousands = problemsWith(Object.fromEntries(Array.from({ length: 3000 }, (_, place) => [`x${place}`, 1])))
  expect([thousands.length, thousands.at(-1)]).toEqual([51, 'and many more problems.'])
})

describe('any file', () => {
  const runs = Number(process.env.FUZZ_RUNS ?? 100)
  const place = /^tables\.yml:[1-9]\d*:[1-9]\d*: \S/

  /** The rules for every file, whatever is in it. */
  function check(text: string): Definition | undefined {
    const read = readDefinition(text, 'tables.yml')
    if ('definition' in read) {
      expect(read).not.toHaveProperty('problems')
      return read.definition
    }
    expect(read.problems.length).toBeGreaterThan(0)
    for (const problem of read.problems) expect(problem).toMatch(place)
    return undefined
  }

  it('is a definition or has problems, each with line and column: text', () => {
    fc.assert(
      fc.property(untrustedText, fc.nat({ max: example.length }), (text, at) => {
        check(text)
        check(example.slice(0, at) + text + example.slice(at))
        check(example.slice(0, at) + example.slice(at + text.length))
      }),
      { numRuns: runs },
    )
  })

  it('is a definition or has problems, each with line and column: values', () => {
    const names = ['tables', 'defaults', 'environments', 'users', 'dev', '__proto__', '', ...Object.keys(tableFields)]
    const { value } = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        fc.constantFrom<unknown>(null, true, 0, -1, 1.5, '', 'S', 'HASH', 'users', 'PROVISIONED'),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(fc.constantFrom(...names), tie('value'), { maxKeys: 4 }),
      ),
    }))
    const file = fc.record({ tables: fc.dictionary(fc.constantFrom('users', 'orders'), value), rest: value })
    fc.assert(
      fc.property(file, ({ tables, rest }) => {
        check(JSON.stringify({ tables, environments: rest, defaults: rest }))
      }),
      { numRuns: runs },
    )
  })

  it('that is accepted gives values that the schemas of the properties accept, and a plan', () => {
    let accepted = 0
    fc.assert(
      fc.property(legalFile, fc.constantFrom('dev', 'production', 'other'), (file, name) => {
        const definition = check(stringify(file))
        if (definition === undefined) return
        accepted += 1
        const environment = { name, production: name === 'production' }
        const tables = defineTables(definition, {
          environment,
          tableNamePrefix: 'x-',
          deletionProtection: 'auto',
          pointInTimeRecovery: 'auto',
          tags: new Map([['team', 'core']]),
        })
        for (const table of tables) {
          for (const { name: property, schema } of properties) {
            const value = table.properties[property]
            if (value !== undefined) expect(safeParse(schema, value).issues).toBeUndefined()
          }
        }
        expect(
          planTables(aTarget({ environment }), tables, new Map(), strictPolicy).steps.length,
        ).toBeGreaterThanOrEqual(tables.length)
      }),
      { numRuns: runs },
    )
    expect(accepted).toBeGreaterThan(runs / 10)
  })
})

const attributes = ['id', 'at', 'email', 'role']
const someUnits = fc.record({
  ReadCapacityUnits: fc.integer({ min: 1, max: 9 }),
  WriteCapacityUnits: fc.integer({ min: 1, max: 9 }),
})
const projection = fc.oneof(
  fc.constantFrom({ ProjectionType: 'ALL' }, { ProjectionType: 'KEYS_ONLY' }),
  fc
    .uniqueArray(fc.constantFrom('a', 'b', 'c'), { minLength: 1 })
    .map((NonKeyAttributes) => ({ ProjectionType: 'INCLUDE', NonKeyAttributes })),
)

/** Fields of a table that are legal together, apart from some that are not. */
const legalTable = fc
  .record({
    sort: fc.boolean(),
    globals: fc.array(fc.record({ key: fc.subarray(attributes, { minLength: 1 }), projection }), { maxLength: 3 }),
    locals: fc.array(fc.record({ key: fc.constantFrom('at', 'email', 'role'), projection }), { maxLength: 2 }),
    types: fc.array(fc.constantFrom('S', 'N', 'B'), { minLength: 4, maxLength: 4 }),
    units: fc.option(someUnits, { nil: undefined }),
    rest: fc.record(
      {
        TableClass: fc.constantFrom('STANDARD', 'STANDARD_INFREQUENT_ACCESS'),
        DeletionProtectionEnabled: fc.boolean(),
        PointInTimeRecoverySpecification: fc.constantFrom<object>(
          { PointInTimeRecoveryEnabled: false },
          { PointInTimeRecoveryEnabled: true, RecoveryPeriodInDays: 3 },
          { PointInTimeRecoveryEnabled: false, RecoveryPeriodInDays: 3 },
        ),
        StreamSpecification: fc.constantFrom<object>({ StreamViewType: 'KEYS_ONLY' }, { StreamEnabled: false }, {}),
        SSESpecification: fc.constantFrom<object>(
          { SSEEnabled: false },
          { SSEEnabled: true, KMSMasterKeyId: 'alias/x' },
        ),
        TimeToLiveSpecification: fc.constantFrom<object>({ Enabled: false }, { Enabled: true, AttributeName: 'ttl' }),
        Tags: fc.constantFrom([{ Key: 'zone', Value: '1' }], []),
      },
      { requiredKeys: [] },
    ),
  })
  .map(({ sort, globals, locals, types, units, rest }) => {
    const used = new Set([
      'id',
      ...(sort ? ['at'] : []),
      ...globals.flatMap(({ key }) => key),
      ...(sort ? locals.map(({ key }) => key) : []),
    ])
    const throughput = units === undefined ? {} : { ProvisionedThroughput: units }
    return {
      KeySchema: keys('id', ...(sort ? ['at'] : [])),
      AttributeDefinitions: attributes.flatMap((AttributeName, place) =>
        used.has(AttributeName) ? [{ AttributeName, AttributeType: types[place] }] : [],
      ),
      GlobalSecondaryIndexes: globals.map(({ key, projection: Projection }, place) => ({
        ...index(`gsi${place}`, keys(...key)),
        Projection,
        ...throughput,
      })),
      ...(sort
        ? {
            LocalSecondaryIndexes: locals.map(({ key, projection: Projection }, place) => ({
              ...index(`lsi${place}`, keys('id', key)),
              Projection,
            })),
          }
        : {}),
      ...throughput,
      ...rest,
    }
  })

it('reports all problems of a template of CloudFormation, also beside a !Ref', () => {
  const text = `Resources: {}
tables:
  orders:
    KeySchema: [{ AttributeName: id, KeyType: HASH }]
    AttributeDefinitions: [{ AttributeName: id, AttributeType: S }]
    TableName: !Ref Name
    BillingMod: !Sub PAY_PER_REQUEST
`
  const tag = 'which is not read. Functions of CloudFormation, such as !Ref, are not evaluated: write the value itself.'
  expect(problemsOf(text)).toEqual([
    'tables.yml:1:1: Resources: is not known here. This is a template of CloudFormation. Write the Properties of each AWS::DynamoDB::Table under "tables:", below its name.',
    `tables.yml:6:16: tables.orders.TableName: has the tag !Ref, ${tag}`,
    'tables.yml:7:5: tables.orders.BillingMod: is not known here. Did you mean BillingMode?',
    `tables.yml:7:17: tables.orders.BillingMod: has the tag !Sub, ${tag}`,
  ])
})

const legalFile = fc.record({
  tables: fc.record({ users: legalTable, orders: legalTable }, { requiredKeys: ['users'] }),
  defaults: fc.constantFrom({}, { Tags: [{ Key: 'team', Value: 'planner' }] }, { DeletionProtectionEnabled: false }),
  environments: fc.constantFrom(
    {},
    { dev: { tables: { users: { BillingMode: 'PAY_PER_REQUEST' } } } },
    { Production: { defaults: { PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true } } } },
  ),
})
