import { defineTables, type Fields } from '../../src/definition/definition.ts'
import { noticesOf } from '../../src/definition/notices.ts'

const none = { defaults: {}, tables: new Map() }

function noticesFor({
  environment = 'dev',
  environments = [],
  fields = {},
}: {
  readonly environment?: string
  readonly environments?: readonly string[]
  readonly fields?: Fields
}) {
  const definition = {
    tenantKey: 'tenant_id',
    defaults: {},
    tables: new Map([
      [
        'users',
        {
          KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
          AttributeDefinitions: [
            { AttributeName: 'id', AttributeType: 'N' },
            { AttributeName: 'email', AttributeType: 'S' },
            { AttributeName: 'age', AttributeType: 'N' },
          ],
          ...fields,
        },
      ],
    ]),
    environments: new Map(environments.map((name) => [name, none])),
  }
  const target = { name: environment, production: environment === 'production' }
  const tables = defineTables(definition, {
    environment: target,
    tableNamePrefix: '',
    deletionProtection: 'auto',
    pointInTimeRecovery: 'auto',
    tags: new Map(),
  })
  return noticesOf(definition, target, tables)
}

it('says nothing about a definition without environments, or with the environment of the run', () => {
  expect(noticesFor({})).toEqual([])
  expect(noticesFor({ environment: 'PROD', environments: ['prod'] })).toEqual([])
})

it('warns of an environment whose name looks like production misspelt, where no environments are defined', () => {
  const message = 'The environment "prodction" is not production. Did you mean "production"?'
  expect(noticesFor({ environment: 'prodction' })).toEqual([{ level: 'warning', message }])
  expect(noticesFor({ environment: 'staging' })).toEqual([])
  expect(noticesFor({ environment: 'production' })).toEqual([])
})

it('gives a notice with the known environments, or a warning where the name seems misspelt', () => {
  const found = 'so its tables and defaults apply as they are.'
  expect(noticesFor({ environments: ['production', 'staging'] })).toEqual([
    {
      level: 'notice',
      message: `The definition file has no environment "dev", ${found} It has "production", "staging".`,
    },
  ])
  expect(noticesFor({ environment: 'prodution', environments: ['production'] })).toEqual([
    {
      level: 'warning',
      message: `The definition file has no environment "prodution", ${found} Did you mean "production"?`,
    },
  ])
})

it.each([
  ['expires_at', true, undefined],
  ['email', true, ', whose type is S. DynamoDB deletes only items whose attribute is a number, so it deletes none.'],
  ['email', false, undefined],
  ['id', true, ', which is part of the primary key: the time of an item can never be changed.'],
  // A key of an index may be a time.
  ['age', true, undefined],
])('warns of a time to live by %s that deletes no item, or cannot be set: enabled %s', (name, Enabled, expected) => {
  const start = `Time to live of "users" uses the attribute "${name}"`
  expect(noticesFor({ fields: { TimeToLiveSpecification: { Enabled, AttributeName: name } } })).toEqual(
    expected === undefined ? [] : [{ level: 'warning', message: `${start}${expected}` }],
  )
})
