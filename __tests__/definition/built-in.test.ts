import { builtInTables, defineTables, ownTags, type TableRequest } from '../../src/definition/built-in.ts'
import { development, production } from '../support/builders.ts'

const request: TableRequest = {
  environment: development,
  tableNamePrefix: '',
  deletionProtection: 'auto',
  pointInTimeRecovery: 'auto',
  tags: new Map(),
}

/** What the first table is asked to have; where the definition leaves a setting out, it is undefined here. */
function settings(changes: Partial<TableRequest>) {
  const [table] = defineTables({ ...request, ...changes })
  return { protection: table?.deletionProtection, recovery: table?.pointInTimeRecovery }
}

it('there are two tables, tenant and users, and every record belongs to a tenant', () => {
  expect(defineTables(request)).toStrictEqual([
    {
      logicalName: 'tenant',
      name: 'tenant',
      keys: { partitionKey: { name: 'tenant_id', type: 'S' } },
      billingMode: 'PAY_PER_REQUEST',
      tags: new Map([
        ['tenant-tables:environment', 'dev'],
        ['tenant-tables:managed-by', 'tenant-tables'],
      ]),
    },
    {
      logicalName: 'users',
      name: 'users',
      keys: { partitionKey: { name: 'tenant_id', type: 'S' }, sortKey: { name: 'user_id', type: 'S' } },
      billingMode: 'PAY_PER_REQUEST',
      tags: new Map([
        ['tenant-tables:environment', 'dev'],
        ['tenant-tables:managed-by', 'tenant-tables'],
      ]),
    },
  ])
})

it('the prefix is put before the name in AWS, and not before the name that outputs know', () => {
  const tables = defineTables({ ...request, tableNamePrefix: 'jobwork-' })
  expect(tables.map(({ logicalName, name }) => [logicalName, name])).toEqual([
    ['tenant', 'jobwork-tenant'],
    ['users', 'jobwork-users'],
  ])
  expect(builtInTables.map(({ logicalName }) => logicalName)).toEqual(['tenant', 'users'])
})

it('production asks for protection, and for the longest restore window', () => {
  expect(settings({ environment: production })).toEqual({
    protection: true,
    recovery: { enabled: true, recoveryPeriodDays: 35 },
  })
})

it('elsewhere nothing is asked for, so that what someone turned on stays on: omitted is not false', () => {
  const [table] = defineTables(request)
  expect(Object.keys(table ?? {})).toEqual(['logicalName', 'name', 'keys', 'billingMode', 'tags'])
})

it.each([development, production])('the word of the user comes before the environment: $name', (environment) => {
  const on = { environment, deletionProtection: 'true', pointInTimeRecovery: 'true' } as const
  const off = { environment, deletionProtection: 'false', pointInTimeRecovery: 'false' } as const
  expect(settings(on)).toEqual({ protection: true, recovery: { enabled: true, recoveryPeriodDays: 35 } })
  expect(settings(off)).toStrictEqual({ protection: false, recovery: { enabled: false } })
})

it('each setting is asked for by itself', () => {
  expect(settings({ deletionProtection: 'true' })).toEqual({ protection: true, recovery: undefined })
  expect(settings({ pointInTimeRecovery: 'false' })).toEqual({ protection: undefined, recovery: { enabled: false } })
})

it("every table carries the user's tags and the action's own, which nobody can take over", () => {
  const tags = new Map([
    ['__proto__', 'x'],
    ['tenant-tables:managed-by', 'me'],
  ])
  const wanted = new Map([
    ['__proto__', 'x'],
    ['tenant-tables:environment', 'prod'],
    ['tenant-tables:managed-by', 'tenant-tables'],
  ])
  const tables = defineTables({ ...request, environment: production, tags })
  expect(tables.map((table) => table.tags)).toEqual([wanted, wanted])
  expect(ownTags(production).size).toBe(2)
  expect(tags.get('tenant-tables:managed-by')).toBe('me')
})
