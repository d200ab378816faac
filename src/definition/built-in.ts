/** The built-in tables, and what an environment asks of them. */
import {
  type DesiredTable,
  type Environment,
  environmentTag,
  type Keys,
  managedByTag,
  managedByValue,
  type PointInTimeRecovery,
  type Tags,
} from '../table/table.ts'

/** `auto` follows the environment; the others are the user's word. */
export type Setting = 'auto' | 'true' | 'false'

export interface TableRequest {
  readonly environment: Environment
  readonly tableNamePrefix: string
  readonly deletionProtection: Setting
  readonly pointInTimeRecovery: Setting
  /** The user's own, without those that the action adds. */
  readonly tags: Tags
}

interface BuiltInTable {
  readonly logicalName: 'tenant' | 'users'
  readonly keys: Keys
}

/** Every record belongs to a tenant; all users of a tenant are one Query. */
export const builtInTables: readonly BuiltInTable[] = [
  { logicalName: 'tenant', keys: { partitionKey: { name: 'tenant_id', type: 'S' } } },
  {
    logicalName: 'users',
    keys: { partitionKey: { name: 'tenant_id', type: 'S' }, sortKey: { name: 'user_id', type: 'S' } },
  },
]

/** DynamoDB's longest restore window. */
const recoveryPeriodDays = 35

/** The tags that the action adds to the user's. */
export function ownTags(environment: Environment): Tags {
  return new Map([
    [environmentTag, environment.name],
    [managedByTag, managedByValue],
  ])
}

export function desiredTables(request: TableRequest): readonly DesiredTable[] {
  const deletionProtection = wanted(request.deletionProtection, request.environment)
  const recovery = wanted(request.pointInTimeRecovery, request.environment)
  return builtInTables.map(({ logicalName, keys }) => ({
    logicalName,
    name: `${request.tableNamePrefix}${logicalName}`,
    keys,
    billingMode: 'PAY_PER_REQUEST',
    ...(deletionProtection === undefined ? {} : { deletionProtection }),
    ...(recovery === undefined ? {} : { pointInTimeRecovery: recoverySetting(recovery) }),
    tags: new Map([...request.tags, ...ownTags(request.environment)]),
  }))
}

/** Outside production `auto` asks for nothing, so that what someone turned on by hand stays on. */
function wanted(setting: Setting, environment: Environment): boolean | undefined {
  if (setting === 'auto') return environment.production ? true : undefined
  return setting === 'true'
}

function recoverySetting(enabled: boolean): PointInTimeRecovery {
  return enabled ? { enabled, recoveryPeriodDays } : { enabled }
}
