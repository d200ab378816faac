/** The built-in tables, and the protection that an environment gives them. */
import { deletionProtection } from '../table/properties/deletion-protection.ts'
import type { KeySchema } from '../table/properties/key-schema.ts'
import { pointInTimeRecovery } from '../table/properties/point-in-time-recovery.ts'
import { environmentTag, managedByTag, managedByValue, sortTags, type TagMap } from '../table/properties/tags.ts'
import type { Property } from '../table/property.ts'
import type { TableDefinition } from '../table/table.ts'
import type { Environment } from '../table/target.ts'

/** `auto` follows the environment; the others are explicit. */
export type ProtectionSetting = 'auto' | 'true' | 'false'

export interface TableRequest {
  readonly environment: Environment
  readonly tableNamePrefix: string
  readonly deletionProtection: ProtectionSetting
  readonly pointInTimeRecovery: ProtectionSetting
  /** The tags of the user, without those that the action adds. */
  readonly tags: TagMap
}

interface BuiltInTable {
  readonly logicalName: 'tenant' | 'users'
  readonly KeySchema: KeySchema
}

/** The attribute whose value is the tenant of an item. */
export const tenantKey = 'tenant_id'

const tenantId = { AttributeName: tenantKey, AttributeType: 'S', KeyType: 'HASH' } as const

/** Every item belongs to a tenant. One Query returns all users of a tenant. */
export const builtInTables: readonly BuiltInTable[] = [
  { logicalName: 'tenant', KeySchema: [tenantId] },
  {
    logicalName: 'users',
    KeySchema: [tenantId, { AttributeName: 'user_id', AttributeType: 'S', KeyType: 'RANGE' }],
  },
]

/** The tags that the action adds to the user's. */
export function ownTags(environment: Environment): TagMap {
  return new Map([
    [environmentTag, environment.name],
    [managedByTag, managedByValue],
  ])
}

export function defineTables(request: TableRequest): readonly TableDefinition[] {
  const { environment, tableNamePrefix } = request
  // The action's own tags replace tags of the same key.
  const tags = [...new Map([...request.tags, ...ownTags(environment)])].map(([Key, Value]) => ({ Key, Value }))
  return builtInTables.map(({ logicalName, KeySchema }) => ({
    logicalName,
    name: `${tableNamePrefix}${logicalName}`,
    properties: {
      KeySchema,
      BillingMode: 'PAY_PER_REQUEST',
      ...protect(deletionProtection, request.deletionProtection, environment),
      ...protect(pointInTimeRecovery, request.pointInTimeRecovery, environment),
      Tags: sortTags(tags),
    },
  }))
}

/** The tables of every environment, as production and as another one. Several definitions may be of the same table. */
export function defineEverywhere(request: TableRequest): readonly TableDefinition[] {
  return [false, true].flatMap((production) => defineTables({ ...request, environment: { name: '', production } }))
}

/** Outside production `auto` declares nothing, so that a protection that someone turned on stays on. */
function protect<Name extends string, Value>(
  { name, protection }: Property<Name, Value>,
  setting: ProtectionSetting,
  { production }: Environment,
): { readonly [Each in Name]?: Value } {
  if (protection === undefined || (setting === 'auto' && !production)) return {}
  const value = setting === 'false' ? protection.off : protection.inProduction
  return { [name]: value } as { readonly [Each in Name]: Value }
}
