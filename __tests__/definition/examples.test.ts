import { readFileSync } from 'node:fs'
import { builtInDefinition } from '../../src/definition/built-in.ts'
import { type Definition, defineTables } from '../../src/definition/definition.ts'
import { tableFields } from '../../src/definition/fields.ts'
import { noticesOf } from '../../src/definition/notices.ts'
import { properties } from '../../src/table/properties/index.ts'
import type { Environment } from '../../src/table/target.ts'
import { development, production } from '../support/builders.ts'
import { definitionOf } from './reading.ts'

const example = (name: string) => definitionOf(readFileSync(`examples/${name}`, 'utf8'))

function tablesOf(definition: Definition, environment: Environment) {
  const tables = defineTables(definition, {
    environment,
    tableNamePrefix: 'x-',
    deletionProtection: 'auto',
    pointInTimeRecovery: 'auto',
    tags: new Map([['team', 'core']]),
  })
  expect(noticesOf(definition, environment, tables)).toEqual([])
  return tables
}

it.each([development, production])('examples/tables.yml defines the built-in tables, in $name too', (environment) => {
  expect(tablesOf(example('tables.yml'), environment)).toEqual(tablesOf(builtInDefinition, environment))
})

describe('examples/all-properties.yml', () => {
  const definition = example('all-properties.yml')
  const inDevelopment = tablesOf(definition, development)
  const inProduction = tablesOf(definition, { name: 'Production', production: true })
  const fieldsOf = (tables: typeof inDevelopment) =>
    Object.fromEntries(tables.map(({ logicalName, fields }) => [logicalName, fields]))

  it('has every field, and gives every property a value', () => {
    const all = [...inDevelopment, ...inProduction]
    const fields = new Set(all.flatMap((table) => Object.keys(table.fields)))
    expect([...fields].sort()).toEqual(Object.keys(tableFields).sort())
    const values = new Set(all.flatMap((table) => Object.keys(table.properties)))
    expect([...values].sort()).toEqual(properties.map(({ name }) => name).sort())
  })

  it('differs between its environments as its comments say', () => {
    expect(fieldsOf(inDevelopment)).toMatchObject({
      users: {
        TableName: 'x-users',
        DeletionProtectionEnabled: false,
        SSESpecification: { SSEEnabled: false },
        StreamSpecification: { StreamEnabled: false },
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true, RecoveryPeriodInDays: 7 },
      },
      orders: { TableName: 'x-customer-orders', ProvisionedThroughput: { ReadCapacityUnits: 5 } },
    })
    const { users, orders } = fieldsOf(inProduction)
    // The table is above the defaults of the environment.
    expect(users).toMatchObject({
      DeletionProtectionEnabled: true,
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true, RecoveryPeriodInDays: 7 },
      Tags: [
        { Key: 'backup', Value: 'daily' },
        { Key: 'data', Value: 'personal' },
        { Key: 'team', Value: 'planner' },
        { Key: 'tenant-tables:environment', Value: 'Production' },
        { Key: 'tenant-tables:managed-by', Value: 'tenant-tables' },
      ],
    })
    expect(orders).toMatchObject({
      BillingMode: 'PAY_PER_REQUEST',
      TableClass: 'STANDARD_INFREQUENT_ACCESS',
      PointInTimeRecoverySpecification: { RecoveryPeriodInDays: 35 },
    })
    expect(JSON.stringify(orders)).not.toContain('CapacityUnits')
  })
})
