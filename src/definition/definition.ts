/** The definition of all tables, in CloudFormation's words, and the merging of its layers into one for each table. */
import { deletionProtection } from '../table/properties/deletion-protection.ts'
import { properties } from '../table/properties/index.ts'
import type { KeyAttribute } from '../table/properties/key-schema.ts'
import { pointInTimeRecovery } from '../table/properties/point-in-time-recovery.ts'
import {
  environmentTag,
  managedByTag,
  managedByValue,
  sortTags,
  type Tag,
  type TagMap,
} from '../table/properties/tags.ts'
import type { AttributeTypes, Declaration, Property } from '../table/property.ts'
import type { TableDefinition, TableValues } from '../table/table.ts'
import { type Environment, isSameEnvironment } from '../table/target.ts'

/** Properties of a table by CloudFormation's names, in CloudFormation's forms. */
export type Fields = Readonly<Record<string, unknown>>

/** Fields for every table, and fields for single tables by their logical names. */
export interface FieldsOfTables {
  readonly defaults: Fields
  readonly tables: ReadonlyMap<string, Fields>
}

/** The built-in tables, or a definition file without problems. */
export interface Definition extends FieldsOfTables {
  /** By the names of the environments, as the file writes them. */
  readonly environments: ReadonlyMap<string, FieldsOfTables>
  /** The attribute whose value is the tenant of an item. */
  readonly tenantKey: string
}

export const defaultTenantKey = 'tenant_id'

/** A place in a definition file: names of members and indexes of lists. */
export type Path = readonly (string | number)[]

/** Fields of one place in the definition. */
interface Layer {
  readonly path: Path
  readonly fields: Fields
}

/** The value of a field after all layers, and the place of the highest layer that declares it. */
interface MergedField {
  readonly path: Path
  readonly value: unknown
}

/** Fields of a table by their names. */
export type MergedFields = ReadonlyMap<string, MergedField>

/** `auto` follows the environment; the others are explicit. */
type ProtectionSetting = 'auto' | 'true' | 'false'

/** The inputs that a definition is merged with. */
export interface TableRequest {
  readonly environment: Environment
  readonly tableNamePrefix: string
  readonly deletionProtection: ProtectionSetting
  readonly pointInTimeRecovery: ProtectionSetting
  /** The tags of the user, without those that the action adds. */
  readonly tags: TagMap
}

/** The tags that the action adds to the user's. */
export function ownTags(environment: Environment): TagMap {
  return new Map([
    [environmentTag, environment.name],
    [managedByTag, managedByValue],
  ])
}

/** Finds the environment of the definition that has this name, in any case. */
export function environmentNamed({ environments }: Definition, name: string): string | undefined {
  return [...environments.keys()].find((each) => isSameEnvironment(each, name))
}

/** The names of all environments, and an empty one, which stands for those that the definition does not have. */
export function environmentNames({ environments }: Definition): readonly string[] {
  return ['', ...environments.keys()]
}

/**
 * The layers of a table, from the lowest to the highest.
 *
 * @param environment as the definition writes it; undefined for an environment that the definition does not have
 */
export function layersOf(
  definition: Definition,
  environment: string | undefined,
  logicalName: string,
): readonly Layer[] {
  const ofEnvironment = environment === undefined ? undefined : definition.environments.get(environment)
  const above: Path = environment === undefined ? [] : ['environments', environment]
  return [
    { path: ['defaults'], fields: definition.defaults },
    { path: [...above, 'defaults'], fields: ofEnvironment?.defaults ?? {} },
    { path: ['tables', logicalName], fields: definition.tables.get(logicalName) ?? {} },
    { path: [...above, 'tables', logicalName], fields: ofEnvironment?.tables.get(logicalName) ?? {} },
  ]
}

/** The layers of all tables and environments, each once. */
export function allLayers(definition: Definition): readonly Layer[] {
  const within = (above: Path, { defaults, tables }: FieldsOfTables) => [
    { path: [...above, 'defaults'], fields: defaults },
    ...[...tables].map(([name, fields]) => ({ path: [...above, 'tables', name], fields })),
  ]
  return [
    ...within([], definition),
    ...[...definition.environments].flatMap(([name, each]) => within(['environments', name], each)),
  ]
}

/**
 * Merges layers: a higher layer replaces the whole value of a field. Tags are merged by key. A layer that sets the billing
 * mode drops the throughput of lower layers, also that of indexes, because it belongs to the other mode.
 */
export function mergeLayers(layers: readonly Layer[]): MergedFields {
  const merged = new Map<string, MergedField>()
  for (const { path, fields } of layers) {
    if (fields.BillingMode !== undefined) dropThroughput(merged)
    for (const [name, value] of Object.entries(fields)) {
      const lower = name === 'Tags' ? merged.get(name)?.value : undefined
      merged.set(name, { path: [...path, name], value: lower === undefined ? value : mergeTags(lower, value) })
    }
  }
  return merged
}

function dropThroughput(merged: Map<string, MergedField>): void {
  merged.delete('ProvisionedThroughput')
  merged.delete('OnDemandThroughput')
  const indexes = merged.get('GlobalSecondaryIndexes')
  if (indexes === undefined) return
  const value = (indexes.value as readonly Fields[]).map(
    ({ ProvisionedThroughput: _, OnDemandThroughput: __, ...index }) => index,
  )
  merged.set('GlobalSecondaryIndexes', { ...indexes, value })
}

function mergeTags(lower: unknown, higher: unknown): readonly Tag[] {
  const all = [...(lower as readonly Tag[]), ...(higher as readonly Tag[])]
  return [...new Map(all.map((tag) => [tag.Key, tag])).values()]
}

/** The names of the tables in DynamoDB, in the order of the definition. */
export function nameTables(
  definition: Definition,
  { environment, tableNamePrefix }: { readonly environment: string; readonly tableNamePrefix: string },
): readonly string[] {
  const named = environmentNamed(definition, environment)
  return [...definition.tables.keys()].map((logicalName) => {
    const { TableName = logicalName } = valuesOf(mergeLayers(layersOf(definition, named, logicalName)))
    return `${tableNamePrefix}${TableName}`
  })
}

/**
 * The definition of each table in an environment. The tags of the inputs are the lowest layer. The protections of the
 * environment apply unless the definition names the property. The action's own tags replace tags of the same key.
 */
export function defineTables(definition: Definition, request: TableRequest): readonly TableDefinition[] {
  const { environment, tableNamePrefix } = request
  const named = environmentNamed(definition, environment.name)
  const ofInputs: Layer = { path: [], fields: { Tags: listTags(request.tags) } }
  return [...definition.tables.keys()].map((logicalName) => {
    const merged = valuesOf(mergeLayers([ofInputs, ...layersOf(definition, named, logicalName)]))
    const { TableName = logicalName, Tags, ...declared } = merged
    const name = `${tableNamePrefix}${TableName}`
    const fields: Fields = {
      TableName: name,
      ...declared,
      ...protect(deletionProtection, request.deletionProtection, environment, declared),
      ...protect(pointInTimeRecovery, request.pointInTimeRecovery, environment, declared),
      Tags: sortTags(mergeTags(Tags, listTags(ownTags(environment)))),
    }
    return { logicalName, name, properties: normalizeFields(fields), fields }
  })
}

/**
 * The tables in every environment of the definition, as production and as another environment. Several definitions may be
 * of the same table.
 */
export function defineEverywhere(
  definition: Definition,
  request: Omit<TableRequest, 'environment'>,
): readonly TableDefinition[] {
  return environmentNames(definition).flatMap((name) =>
    [false, true].flatMap((production) => defineTables(definition, { ...request, environment: { name, production } })),
  )
}

/** The fields without their places. */
export function valuesOf(merged: MergedFields): Fields {
  return Object.fromEntries([...merged].map(([name, { value }]) => [name, value]))
}

function listTags(tags: TagMap): readonly Tag[] {
  return [...tags].map(([Key, Value]) => ({ Key, Value }))
}

/** The field of a protection. Outside production `auto` declares none: a protection that someone turned on stays on. */
function protect<Value>(
  { name, protection }: Property<string, Value>,
  setting: ProtectionSetting,
  { production }: Environment,
  declared: Fields,
): Fields {
  const isOpen = setting === 'auto' && (!production || declared[name] !== undefined)
  if (protection === undefined || isOpen) return {}
  return { [name]: setting === 'false' ? protection.off : protection.inProduction }
}

/** The form of a property in a definition: that of its schema under its own name, unless it has another one. */
export function declarationOf({ name, schema, declaration }: Property): Declaration {
  return declaration ?? { fields: { [name]: schema }, normalize: ({ [name]: value }) => value }
}

function normalizeFields(fields: Fields): TableValues {
  const definitions = (fields.AttributeDefinitions ?? []) as readonly Omit<KeyAttribute, 'KeyType'>[]
  const types: AttributeTypes = new Map(
    definitions.map(({ AttributeName, AttributeType }) => [AttributeName, AttributeType]),
  )
  const values = properties.flatMap((property) => {
    const declaration = declarationOf(property)
    const given = Object.entries(fields).filter(([name]) => Object.hasOwn(declaration.fields, name))
    const value = given.length === 0 ? undefined : declaration.normalize(Object.fromEntries(given), types)
    return value === undefined ? [] : [[property.name, value]]
  })
  return Object.fromEntries(values) as TableValues
}
