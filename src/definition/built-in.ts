/** The built-in tables: the definition of a run without a definition file. examples/tables.yml is the same as a file. */
import { type Definition, defaultTenantKey } from './definition.ts'

const tenantKey = { AttributeName: 'tenant_id', KeyType: 'HASH' }
const tenantType = { AttributeName: 'tenant_id', AttributeType: 'S' }

/** Every item belongs to a tenant. One Query returns all users of a tenant. */
export const builtInDefinition: Definition = {
  tenantKey: defaultTenantKey,
  defaults: { BillingMode: 'PAY_PER_REQUEST' },
  tables: new Map([
    ['tenant', { KeySchema: [tenantKey], AttributeDefinitions: [tenantType] }],
    [
      'users',
      {
        KeySchema: [tenantKey, { AttributeName: 'user_id', KeyType: 'RANGE' }],
        AttributeDefinitions: [tenantType, { AttributeName: 'user_id', AttributeType: 'S' }],
      },
    ],
  ]),
  environments: new Map(),
}
