/** Values for tests: each is whole and plain, and a test names only what it is about. */
import type { TableDescription } from '@aws-sdk/client-dynamodb'
import { builtInDefinition } from '../../src/definition/built-in.ts'
import { defineTables, type TableRequest } from '../../src/definition/definition.ts'
import type { InputSource } from '../../src/inputs/inputs.ts'
import type { Policy } from '../../src/plan/plan.ts'
import { isProvisioned } from '../../src/table/properties/billing-mode.ts'
import type { GlobalIndex } from '../../src/table/properties/global-secondary-indexes.ts'
import { type PropertyName, type PropertyValues, properties } from '../../src/table/properties/index.ts'
import type { KeyAttribute } from '../../src/table/properties/key-schema.ts'
import { managedByTag, managedByValue, sortTags, type Tags } from '../../src/table/properties/tags.ts'
import type { Comparison, Property } from '../../src/table/property.ts'
import { sortByName } from '../../src/table/secondary-index.ts'
import type { ReadyTable, TableDefinition, TableValues } from '../../src/table/table.ts'
import type { Environment, Target } from '../../src/table/target.ts'
import { tableArn } from '../../src/table/target.ts'
import { readOnDemandThroughput } from '../../src/table/throughput.ts'
import { propertyValues } from '../../src/table/values.ts'

export const development: Environment = { name: 'dev', production: false }
export const production: Environment = { name: 'prod', production: true }

export function aTarget(changes: Partial<Target> = {}): Target {
  return { account: '222222222222', partition: 'aws', region: 'ap-south-1', environment: development, ...changes }
}

/** The policy of a run that deletes nothing and makes no disruptive change. */
export const strictPolicy: Policy = { destroy: false, allow: [] }

/** The built-in tables as an environment asks for them: tenant, then users. */
export function theTables(changes: Partial<TableRequest> = {}): readonly [TableDefinition, TableDefinition] {
  const [tenant, users] = defineTables(builtInDefinition, {
    environment: development,
    tableNamePrefix: '',
    deletionProtection: 'auto',
    pointInTimeRecovery: 'auto',
    tags: new Map(),
    ...changes,
  })
  if (tenant === undefined || users === undefined) throw new Error('There are two built-in tables')
  return [tenant, users]
}

/** The properties that the built-in tables declare in production. */
export function builtInProperties(): readonly PropertyName[] {
  return propertyValues(theTables({ environment: production })[0].properties).map(({ property }) => property.name)
}

/** The users table of a development environment, with other values. */
export function aTable(changes: ValueChanges = {}): TableDefinition {
  return define(theTables()[1], changes)
}

/** The observed billing mode of a table that someone changed to provisioned capacity. */
export const provisioned: PropertyValues['BillingMode'] = {
  ProvisionedThroughput: { ReadCapacityUnits: 5, WriteCapacityUnits: 5 },
}

/** A comparison for a property that depends on no other. */
export const comparison: Comparison = { table: 'users', declared: {}, observed: {} }

/** The tags of a table that this action created or adopted, without the tag of an environment. */
export const managedOnly: Tags = [{ Key: managedByTag, Value: managedByValue }]

/** A definition with other values. A value of undefined omits the property. */
export function define(definition: TableDefinition, changes: ValueChanges): TableDefinition {
  return { ...definition, properties: withValues(definition.properties, changes) }
}

export type ValueChanges = { readonly [Name in PropertyName]?: PropertyValues[Name] | undefined }

function withValues(values: TableValues, changes: ValueChanges): TableValues {
  const all = Object.entries({ ...values, ...changes }).filter(([, value]) => value !== undefined)
  return Object.fromEntries(all) as unknown as TableValues
}

/** The values of a new table whose definition omits them. */
export const newTableValues: Partial<PropertyValues> = Object.fromEntries(
  properties.flatMap(({ name, creation, reading }) => {
    const sent = creation.kind === 'in-create-table' ? creation.otherwise : creation.initial
    // DynamoDB omits what nobody set. A key is never omitted.
    const value = sent ?? (reading.kind === 'described' && name !== 'KeySchema' ? reading.of({}) : undefined)
    return value === undefined ? [] : [[name, value]]
  }),
)

/** The same without the properties that are read only if a definition declares them. */
export const initialValues: Partial<PropertyValues> = Object.fromEntries(
  Object.entries(newTableValues).filter(([name]) =>
    properties.some(
      (each) => each.name === name && !(each.reading.kind === 'asked' && each.reading.when === 'declared'),
    ),
  ),
)

/** A table in AWS that matches its definition, apart from the changes: values by property, and other facts. */
export function ready(
  definition: TableDefinition,
  {
    arn,
    id,
    createdAt,
    streamArn,
    replicas = [],
    changesInProgress = [],
    unmanaged = [],
    ...values
  }: Partial<ReadyTable> & ValueChanges = {},
): ReadyTable {
  return {
    status: 'ready',
    arn: arn ?? tableArn(aTarget(), definition.name),
    id: id ?? `id-of-${definition.name}`,
    ...(createdAt === undefined ? {} : { createdAt }),
    ...(streamArn === undefined ? {} : { streamArn }),
    properties: withIndexThroughput(withValues({ ...initialValues, ...definition.properties }, values)),
    replicas,
    changesInProgress,
    unmanaged,
  }
}

/** The values as DynamoDB shows them: the throughput of an index follows the billing mode of its table. */
export function withIndexThroughput(values: TableValues): TableValues {
  const { BillingMode, GlobalSecondaryIndexes } = values
  if (GlobalSecondaryIndexes === undefined) return values
  const indexes = GlobalSecondaryIndexes.map(({ ProvisionedThroughput, OnDemandThroughput, ...index }) =>
    isProvisioned(BillingMode)
      ? { ...index, ProvisionedThroughput: ProvisionedThroughput ?? BillingMode.ProvisionedThroughput }
      : { ...index, OnDemandThroughput: readOnDemandThroughput(OnDemandThroughput) },
  )
  return { ...values, GlobalSecondaryIndexes: sortByName(indexes) }
}

/** A global index by one attribute, as a definition declares it. */
export function globalIndex(
  AttributeName: string,
  changes: Partial<GlobalIndex> = {},
  AttributeType: KeyAttribute['AttributeType'] = 'S',
): GlobalIndex {
  return {
    IndexName: `by-${AttributeName}`,
    KeySchema: [{ AttributeName, AttributeType, KeyType: 'HASH' }],
    Projection: { ProjectionType: 'KEYS_ONLY' },
    ...changes,
  }
}

/** The value of a property that DescribeTable has, in this answer. */
export function readDescribed({ name, reading }: Pick<Property, 'name' | 'reading'>, table: TableDescription): unknown {
  if (reading.kind !== 'described') throw new Error(`${name} is no field of DescribeTable`)
  return reading.of(table)
}

/** Tags by key. */
export function tagged(tags: Readonly<Record<string, string>>): Tags {
  return sortTags(Object.entries(tags).map(([Key, Value]) => ({ Key, Value })))
}

/** The same tags and others. */
export function withTags(before: Tags, tags: Readonly<Record<string, string>>): Tags {
  return sortTags([...before.filter(({ Key }) => !(Key in tags)), ...tagged(tags)])
}

/** A workflow's inputs; environment and region are given unless said otherwise. */
export function sourceOf(
  inputs: Readonly<Record<string, string>> = {},
  variables: Readonly<Record<string, string>> = {},
): InputSource {
  const given: Readonly<Record<string, string>> = { environment: 'dev', 'aws-region': 'ap-south-1', ...inputs }
  return {
    input: (name) => given[name] ?? '',
    variables,
    sharedConfig: { configFile: {}, credentialsFile: {} },
    definitionFile: undefined,
    partitionOf: (region) => (region.startsWith('cn-') ? 'aws-cn' : 'aws'),
  }
}
