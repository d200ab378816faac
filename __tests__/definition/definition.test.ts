import { builtInDefinition } from '../../src/definition/built-in.ts'
import {
  type Definition,
  defineEverywhere,
  defineTables,
  environmentNamed,
  type Fields,
  nameTables,
  type TableRequest,
} from '../../src/definition/definition.ts'
import type { TagMap } from '../../src/table/properties/tags.ts'
import { production, tagged } from '../support/builders.ts'

const key = {
  KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
  AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'N' }],
}

interface Layers {
  readonly defaults?: Fields
  readonly table?: Fields
  readonly environmentDefaults?: Fields
  readonly environmentTable?: Fields
}

/** A definition of one table, `orders`, with fields in each layer. The environment is `Staging`. */
function layered({ defaults = {}, table = {}, environmentDefaults = {}, environmentTable = {} }: Layers): Definition {
  return {
    tenantKey: 'tenant_id',
    defaults,
    tables: new Map([['orders', { ...key, ...table }]]),
    environments: new Map([
      ['Staging', { defaults: environmentDefaults, tables: new Map([['orders', environmentTable]]) }],
    ]),
  }
}

const settings = {
  tableNamePrefix: '',
  deletionProtection: 'auto',
  pointInTimeRecovery: 'auto',
  tags: new Map(),
} as const

function define(definition: Definition, changes: Partial<TableRequest> = {}) {
  const [table] = defineTables(definition, {
    ...settings,
    environment: { name: 'staging', production: false },
    ...changes,
  })
  if (table === undefined) throw new Error('There is a table')
  return table
}

const on = (days: number) => ({ PointInTimeRecoveryEnabled: true, RecoveryPeriodInDays: days })

it.each<[string, Layers, number]>([
  ['defaults', { defaults: { PointInTimeRecoverySpecification: on(1) } }, 1],
  [
    'the defaults of the environment',
    {
      defaults: { PointInTimeRecoverySpecification: on(1) },
      environmentDefaults: { PointInTimeRecoverySpecification: on(2) },
    },
    2,
  ],
  [
    'the table',
    {
      defaults: { PointInTimeRecoverySpecification: on(1) },
      environmentDefaults: { PointInTimeRecoverySpecification: on(2) },
      table: { PointInTimeRecoverySpecification: on(3) },
    },
    3,
  ],
  [
    'the table of the environment',
    {
      defaults: { PointInTimeRecoverySpecification: on(1) },
      environmentDefaults: { PointInTimeRecoverySpecification: on(2) },
      table: { PointInTimeRecoverySpecification: on(3) },
      environmentTable: { PointInTimeRecoverySpecification: on(4) },
    },
    4,
  ],
])('takes a property from its highest layer: %s', (_, layers, days) => {
  expect(define(layered(layers)).properties.PointInTimeRecoverySpecification).toEqual(on(days))
})

it('replaces the whole value of a property, not its members', () => {
  const { fields, properties } = define(
    layered({
      defaults: { PointInTimeRecoverySpecification: on(7) },
      table: { PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: false } },
    }),
  )
  expect(properties.PointInTimeRecoverySpecification).toStrictEqual({ PointInTimeRecoveryEnabled: false })
  expect(fields.PointInTimeRecoverySpecification).toStrictEqual({ PointInTimeRecoveryEnabled: false })
})

it('merges tags by key, from the input to the table of the environment, under the own tags of the action', () => {
  const tags = (...pairs: readonly string[]) => ({
    Tags: pairs.map((pair) => ({ Key: pair.slice(0, 1), Value: pair.slice(1) })),
  })
  const definition = layered({
    defaults: tags('b1', 'c1', 'd1', 'e1'),
    environmentDefaults: tags('c2', 'd2', 'e2'),
    table: tags('d3', 'e3'),
    environmentTable: tags('e4'),
  })
  const given: TagMap = new Map([
    ['a', '0'],
    ['b', '0'],
    ['tenant-tables:managed-by', 'me'],
  ])
  const expected = tagged({
    ...{ a: '0', b: '1', c: '2', d: '3', e: '4' },
    'tenant-tables:environment': 'staging',
    'tenant-tables:managed-by': 'tenant-tables',
  })
  const { properties, fields } = define(definition, { tags: given })
  expect(properties.Tags).toEqual(expected)
  expect(fields.Tags).toEqual(expected)
})

describe('a layer that sets BillingMode', () => {
  const index = {
    IndexName: 'by-id',
    KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    Projection: { ProjectionType: 'ALL' },
  }
  const units = { ReadCapacityUnits: 1, WriteCapacityUnits: 1 }
  const provisioned = {
    BillingMode: 'PROVISIONED',
    ProvisionedThroughput: units,
    GlobalSecondaryIndexes: [{ ...index, ProvisionedThroughput: units }],
  }

  it('drops the throughput of lower layers, also that of indexes', () => {
    const { fields } = define(layered({ table: provisioned, environmentTable: { BillingMode: 'PAY_PER_REQUEST' } }))
    expect(fields).toMatchObject({ BillingMode: 'PAY_PER_REQUEST', GlobalSecondaryIndexes: [index] })
    expect(fields).not.toHaveProperty('ProvisionedThroughput')
    expect(fields).not.toHaveProperty('GlobalSecondaryIndexes.0.ProvisionedThroughput')
  })

  it('drops on-demand maximums of lower layers', () => {
    const { fields } = define(
      layered({
        table: {
          OnDemandThroughput: { MaxReadRequestUnits: 1 },
          GlobalSecondaryIndexes: [{ ...index, OnDemandThroughput: { MaxReadRequestUnits: 1 } }],
        },
        environmentTable: { BillingMode: 'PROVISIONED', ProvisionedThroughput: units },
      }),
    )
    expect(fields).not.toHaveProperty('OnDemandThroughput')
    expect(fields).toMatchObject({ ProvisionedThroughput: units, GlobalSecondaryIndexes: [index] })
  })

  it('keeps the throughput of its own and of higher layers', () => {
    const { fields } = define(
      layered({
        defaults: { BillingMode: 'PAY_PER_REQUEST' },
        table: provisioned,
        environmentTable: { TableClass: 'STANDARD' },
      }),
    )
    expect(fields).toMatchObject(provisioned)
  })

  it('leaves the values of the layers as they are', () => {
    const definition = layered({ table: provisioned, environmentTable: { BillingMode: 'PAY_PER_REQUEST' } })
    const before = structuredClone(definition)
    define(definition)
    expect(definition).toEqual(before)
  })
})

it('matches environments without case, and takes no layer of another environment', () => {
  const definition = layered({ environmentDefaults: { DeletionProtectionEnabled: true } })
  const protectionIn = (name: string) =>
    define(definition, { environment: { name, production: false } }).properties.DeletionProtectionEnabled
  expect(['staging', 'STAGING', 'Staging', 'dev', ''].map(protectionIn)).toEqual([
    true,
    true,
    true,
    undefined,
    undefined,
  ])
  expect(environmentNamed(definition, 'sTAGING')).toBe('Staging')
  expect(environmentNamed(definition, 'dev')).toBeUndefined()
})

describe('the protection of production', () => {
  const inProduction = (layers: Layers) => define(layered(layers), { environment: production }).properties

  it('applies on top of a definition that does not name it', () => {
    expect(inProduction({})).toMatchObject({
      DeletionProtectionEnabled: true,
      PointInTimeRecoverySpecification: on(35),
    })
  })

  it('leaves the value to a definition that names it, in any layer', () => {
    expect(inProduction({ defaults: { PointInTimeRecoverySpecification: on(14) } })).toMatchObject({
      DeletionProtectionEnabled: true,
      PointInTimeRecoverySpecification: on(14),
    })
    // The planner refuses it without a line of `allow`.
    expect(inProduction({ table: { DeletionProtectionEnabled: false } })).toMatchObject({
      DeletionProtectionEnabled: false,
    })
  })
})

it('names a table by TableName, else by its logical name, with the prefix before it', () => {
  const definition = layered({
    table: { TableName: 'customer-orders' },
    environmentTable: { TableName: 'test-orders' },
  })
  const names = (environment: string) => nameTables(definition, { environment, tableNamePrefix: 'x-' })
  expect([names('dev'), names('staging')]).toEqual([['x-customer-orders'], ['x-test-orders']])
  expect(nameTables(builtInDefinition, { environment: 'dev', tableNamePrefix: '' })).toEqual(['tenant', 'users'])
  const { logicalName, name, fields } = define(definition, { tableNamePrefix: 'x-' })
  expect([logicalName, name, fields.TableName]).toEqual(['orders', 'x-test-orders', 'x-test-orders'])
})

it('gives the keys their types, and keeps the fields in the words of CloudFormation', () => {
  const { properties, fields } = define(layered({}))
  expect(properties.KeySchema).toEqual([{ AttributeName: 'id', AttributeType: 'N', KeyType: 'HASH' }])
  expect(fields).toEqual({ ...key, TableName: 'orders', Tags: properties.Tags })
})

it('declares nothing that no layer names', () => {
  expect(Object.keys(define(layered({})).properties).sort()).toEqual(['KeySchema', 'Tags'])
})

it('defines the tables of every environment, as production and as another one', () => {
  const definition = layered({ environmentTable: { TableName: 'test-orders' } })
  expect(
    defineEverywhere(definition, settings).map(({ name, properties }) => [name, properties.DeletionProtectionEnabled]),
  ).toEqual([
    ['orders', undefined],
    ['orders', true],
    ['test-orders', undefined],
    ['test-orders', true],
  ])
})
