import { builtInDefinition } from '../../src/definition/built-in.ts'
import { ownTags, type TableRequest } from '../../src/definition/definition.ts'
import { development, production, tagged, theTables } from '../support/builders.ts'

const on = {
  DeletionProtectionEnabled: true,
  PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true, RecoveryPeriodInDays: 35 },
}
const off = {
  DeletionProtectionEnabled: false,
  PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: false },
}

/** The declared protection of the first table. */
function protectionOf(changes: Partial<TableRequest>) {
  const { KeySchema: _, BillingMode: __, Tags: ___, ...protection } = theTables(changes)[0].properties
  return protection
}

it('defines the tables tenant and users, whose records belong to a tenant', () => {
  const tenantId = { AttributeName: 'tenant_id', AttributeType: 'S', KeyType: 'HASH' }
  const userId = { AttributeName: 'user_id', AttributeType: 'S', KeyType: 'RANGE' }
  const shared = {
    BillingMode: 'PAY_PER_REQUEST',
    Tags: tagged({ 'tenant-tables:environment': 'dev', 'tenant-tables:managed-by': 'tenant-tables' }),
  }
  expect(theTables().map(({ fields: _, ...table }) => table)).toStrictEqual([
    { logicalName: 'tenant', name: 'tenant', properties: { KeySchema: [tenantId], ...shared } },
    { logicalName: 'users', name: 'users', properties: { KeySchema: [tenantId, userId], ...shared } },
  ])
})

it('puts the prefix before the name in AWS, but not before the logical name', () => {
  const tables = theTables({ tableNamePrefix: 'jobwork-' })
  expect(tables.map(({ logicalName, name }) => [logicalName, name])).toEqual([
    ['tenant', 'jobwork-tenant'],
    ['users', 'jobwork-users'],
  ])
  expect([...builtInDefinition.tables.keys()]).toEqual(['tenant', 'users'])
})

it('declares deletion protection and the longest restore window in production', () => {
  expect(protectionOf({ environment: production })).toEqual(on)
})

it('declares no protection in other environments, so that protection that someone turned on stays on', () => {
  expect(protectionOf({ environment: development })).toStrictEqual({})
})

it.each([development, production])('declares the protection that the inputs say, also in $name', (environment) => {
  const given = (setting: 'true' | 'false') =>
    protectionOf({ environment, deletionProtection: setting, pointInTimeRecovery: setting })
  expect(given('true')).toEqual(on)
  expect(given('false')).toStrictEqual(off)
})

it('declares each protection independently of the other', () => {
  expect(protectionOf({ deletionProtection: 'true' })).toStrictEqual({ DeletionProtectionEnabled: true })
  const { PointInTimeRecoverySpecification } = off
  expect(protectionOf({ pointInTimeRecovery: 'false' })).toStrictEqual({ PointInTimeRecoverySpecification })
})

it("gives every table the tags of the user and the action's own, which replace tags of the same key", () => {
  const tags = new Map([
    ['zone', '1'],
    ['__proto__', 'x'],
    ['tenant-tables:managed-by', 'me'],
  ])
  const expected = [
    { Key: '__proto__', Value: 'x' },
    { Key: 'tenant-tables:environment', Value: 'prod' },
    { Key: 'tenant-tables:managed-by', Value: 'tenant-tables' },
    { Key: 'zone', Value: '1' },
  ]
  const tables = theTables({ environment: production, tags })
  expect(tables.map(({ properties }) => properties.Tags)).toEqual([expected, expected])
  expect(ownTags(production).size).toBe(2)
  expect(tags.get('tenant-tables:managed-by')).toBe('me')
})
