/** Values for tests: each is whole and plain, and a test names only what it is about. */
import { defineTables, type TableRequest } from '../../src/definition/built-in.ts'
import type { InputSource } from '../../src/inputs/inputs.ts'
import type { TableDefinition, ReadyTable, Tags } from '../../src/table/table.ts'
import type { Environment, Target } from '../../src/table/target.ts'
import { managedByTag, managedByValue } from '../../src/table/properties/tags.ts'
import { tableArn } from '../../src/table/target.ts'

export const development: Environment = { name: 'dev', production: false }
export const production: Environment = { name: 'prod', production: true }

export function aTarget(changes: Partial<Target> = {}): Target {
  return { account: '222222222222', partition: 'aws', region: 'ap-south-1', environment: development, ...changes }
}

/** The built-in tables as an environment asks for them: tenant, then users. */
export function theTables(changes: Partial<TableRequest> = {}): readonly [TableDefinition, TableDefinition] {
  const [tenant, users] = defineTables({
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

/** The users table of a development environment. */
export function aTable(changes: Partial<TableDefinition> = {}): TableDefinition {
  return { ...theTables()[1], ...changes }
}

/** Of a table that this action created or adopted, with no other tag: its tag of the environment is missing. */
export const managedOnly: Tags = new Map([[managedByTag, managedByValue]])

/** A table in AWS that is just as defined. */
export function ready(desired: TableDefinition, changes: Partial<ReadyTable> = {}): ReadyTable {
  return {
    status: 'ready',
    arn: tableArn(aTarget(), desired.name),
    id: `id-of-${desired.name}`,
    keys: desired.keys,
    billingMode: desired.billingMode,
    deletionProtection: desired.deletionProtection ?? false,
    pointInTimeRecovery: desired.pointInTimeRecovery ?? { enabled: false },
    tags: desired.tags,
    replicas: [],
    unmanaged: [],
    ...changes,
  }
}

/** A workflow's inputs; environment and region are given unless said otherwise. */
export function sourceOf(
  inputs: Readonly<Record<string, string>> = {},
  environment: Readonly<Record<string, string>> = {},
): InputSource {
  const given: Readonly<Record<string, string>> = { environment: 'dev', 'aws-region': 'ap-south-1', ...inputs }
  return {
    input: (name) => given[name] ?? '',
    environment,
    partitionOf: (region) => (region.startsWith('cn-') ? 'aws-cn' : 'aws'),
  }
}
