/** The fields of a definition file are those of CloudFormation, and the published JSON Schema is made of them. */
import { readFileSync } from 'node:fs'
import { loadAwsServiceSpecSync } from '@aws-cdk/aws-service-spec'
import { Ajv } from 'ajv'
import { parse } from 'yaml'
import { definitionJsonSchema } from '../../scripts/generate.ts'
import { notManaged, notManagedMembers, tableFields } from '../../src/definition/fields.ts'
import { fileOf, keys, problemsOf, strings } from './reading.ts'

interface JsonSchema {
  readonly type?: string
  readonly description?: string
  readonly enum?: readonly string[]
  readonly const?: string
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
  readonly items?: JsonSchema
  readonly $defs?: Readonly<Record<string, JsonSchema>>
}

const schema = definitionJsonSchema() as JsonSchema
const tableSchema = schema.$defs?.table as JsonSchema
const validate = new Ajv({ allErrors: true }).compile(schema)

/** A type of CloudFormation, as the service specification has it. */
type SpecType =
  | { readonly type: 'array'; readonly element: SpecType }
  | { readonly type: 'ref'; readonly reference: { readonly $ref: string } }
  | { readonly type: 'union'; readonly types: readonly SpecType[] }
  | { readonly type: 'string'; readonly allowedValues?: readonly string[] }
  | { readonly type: 'boolean' | 'integer' | 'number' | 'json' | 'tag' }

interface SpecProperty {
  readonly type: SpecType
  readonly required?: boolean
}

type SpecProperties = Readonly<Record<string, SpecProperty>>

const database = loadAwsServiceSpecSync()
const table = database.lookup('resource', 'cloudFormationType', 'equals', 'AWS::DynamoDB::Table').only()
const specification = table.properties as unknown as SpecProperties

function membersOf({ reference }: { readonly reference: { readonly $ref: string } }): SpecProperties {
  return database.get('typeDefinition', reference.$ref).properties as unknown as SpecProperties
}

/** Lists where the JSON Schema differs from the specification of CloudFormation. */
function* differences(path: string, { type }: SpecProperty, given: JsonSchema | undefined): Generator<string> {
  if (given === undefined) yield `${path} is not in the schema`
  else if (type.type === 'union') yield* differences(path, { type: type.types[0] as SpecType }, given)
  else if (type.type === 'array') {
    if (given.type !== 'array') yield `${path} is a list`
    yield* differences(path, { type: type.element }, given.items)
  } else if (type.type === 'ref') {
    yield* memberDifferences(path, membersOf(type), given)
  } else if (type.type === 'tag') {
    const text: SpecProperty = { type: { type: 'string' }, required: true }
    yield* memberDifferences(path, { Key: text, Value: text }, given)
  } else if (type.type !== (given.type ?? typeof given.const)) {
    yield `${path} is ${type.type}, but the schema has ${given.type}`
  } else if (type.type === 'string' && type.allowedValues !== undefined) {
    if (JSON.stringify(type.allowedValues) !== JSON.stringify(given.enum)) yield `${path} has other values`
  }
}

function* memberDifferences(path: string, members: SpecProperties, given: JsonSchema): Generator<string> {
  const unmanaged = notManagedMembers[path] ?? []
  const managed = Object.keys(members).filter((name) => !unmanaged.includes(name))
  const unknown = [...unmanaged, ...Object.keys(given.properties ?? {})].filter((name) => !(name in members))
  for (const name of unknown) yield `${path}.${name} is not of CloudFormation`
  for (const name of managed) {
    const member = members[name] as SpecProperty
    yield* differences(`${path}.${name}`, member, given.properties?.[name])
    if (member.required && !given.required?.includes(name)) yield `${path}.${name} is required`
  }
}

describe('the fields of a table', () => {
  it('are those of AWS::DynamoDB::Table, each either managed or listed as not managed', () => {
    const names = Object.keys(specification).sort()
    expect(names.length).toBeGreaterThan(15)
    expect([...Object.keys(tableFields), ...notManaged].sort()).toEqual(names)
  })

  it('have the members and the types of CloudFormation', () => {
    const found = Object.entries(tableSchema.properties ?? {}).flatMap(([name, given]) => [
      ...differences(name, specification[name] as SpecProperty, given),
    ])
    expect(found).toEqual([
      // CloudFormation has no form for a stream that is off.
      'StreamSpecification.StreamEnabled is not of CloudFormation',
      'StreamSpecification.StreamViewType is required',
    ])
  })

  it('are compared down to their last member', () => {
    const without = (name: string) => {
      const { [name]: _, ...properties } = tableSchema.properties?.GlobalSecondaryIndexes?.items?.properties ?? {}
      return { type: 'array', items: { properties, required: ['IndexName', 'KeySchema', 'Projection'] } }
    }
    const compare = (given: JsonSchema) => [
      ...differences('GlobalSecondaryIndexes', specification.GlobalSecondaryIndexes as SpecProperty, given),
    ]
    expect(compare(without('Projection'))).toEqual(['GlobalSecondaryIndexes.Projection is not in the schema'])
    expect(compare(without(''))).toEqual([])
  })

  it('each have a description for editors', () => {
    const descriptions = Object.entries(tableSchema.properties ?? {}).map(([name, { description = '' }]) => [
      name,
      description,
    ])
    expect(descriptions.filter(([, description]) => (description?.length ?? 0) < 20)).toEqual([])
  })
})

it('the top-level keys of a file are tables, layers and the tenant key: account, region, environment and allow are inputs', () => {
  const names = ['$schema', 'defaults', 'environments', 'tables', 'tenantKey']
  expect(Object.keys(schema.properties ?? {}).sort()).toEqual(names)
  expect(problemsOf(fileOf({}, { allow: ['delete-index'] }))).toEqual([
    expect.stringContaining(
      'allow: is not known here. Here may stand $schema, tenantKey, defaults, tables, environments.',
    ),
  ])
})

describe('the JSON Schema of a definition file', () => {
  it('is published as the schemas of the fields make it', () => {
    const published = readFileSync('docs/schemas/definition.schema.json', 'utf8')
    expect(JSON.parse(published)).toEqual(schema)
  })

  it.each(['examples/tables.yml', 'examples/all-properties.yml'])('accepts %s', (path) => {
    expect([validate(parse(readFileSync(path, 'utf8'))), validate.errors]).toEqual([true, null])
  })

  const orders = { KeySchema: keys('id'), AttributeDefinitions: strings('id') }

  it.each<[string, object]>([
    ['a misspelt field', { tables: { orders: { ...orders, KeySchemas: [] } } }],
    ['a misspelt member', { tables: { orders: { ...orders, SSESpecification: { SSEEnabled: true, Enabled: true } } } }],
    ['a wrong value', { tables: { orders: { ...orders, TableClass: 'standard' } } }],
    ['a name in the defaults', { tables: { orders }, defaults: { TableName: 'abc' } }],
    [
      'a wrong field of an environment',
      { tables: { orders }, environments: { dev: { tables: { orders: { x: 1 } } } } },
    ],
    ['no tables', { defaults: {} }],
  ])('refuses %s', (_, file) => {
    expect(validate({ tables: { orders } })).toBe(true)
    expect(validate(file)).toBe(false)
  })

  it('is the one that the examples name for editors', () => {
    for (const path of ['examples/tables.yml', 'examples/all-properties.yml']) {
      expect(readFileSync(path, 'utf8')).toMatch(
        /^# yaml-language-server: \$schema=\.\.\/docs\/schemas\/definition\.schema\.json\n/,
      )
    }
  })
})
