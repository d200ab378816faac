/** Reads definition files as a workflow has them, for tests. */
import type { Definition } from '../../src/definition/definition.ts'
import { readDefinition } from '../../src/definition/read-definition.ts'

/** The example of docs/definition.md: a test compares the two. */
export const example = `
tables:
  users:
    KeySchema: [{ AttributeName: tenant_id, KeyType: HASH }, { AttributeName: user_id, KeyType: RANGE }]
    AttributeDefinitions: [{ AttributeName: tenant_id, AttributeType: S }, { AttributeName: user_id, AttributeType: S }, { AttributeName: email, AttributeType: S }]
    GlobalSecondaryIndexes:
      - { IndexName: by-email, KeySchema: [{ AttributeName: email, KeyType: HASH }], Projection: { ProjectionType: KEYS_ONLY } }
    TimeToLiveSpecification: { AttributeName: expires_at, Enabled: true }
defaults: { Tags: [{ Key: team, Value: planner }] }
environments:
  production: { defaults: { PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true, RecoveryPeriodInDays: 14 } } }
  staging: { tables: { users: { OnDemandThroughput: { MaxReadRequestUnits: 100 } } } }
`

/** The problems of a file with the name `tables.yml`. */
export function problemsOf(text: string): readonly string[] {
  const read = readDefinition(text, 'tables.yml')
  return 'problems' in read ? read.problems : []
}

/** @throws {Error} with the problems of the file */
export function definitionOf(text: string): Definition {
  const read = readDefinition(text, 'tables.yml')
  if ('problems' in read) throw new Error(read.problems.join('\n'))
  return read.definition
}

const base = {
  KeySchema: [
    { AttributeName: 'id', KeyType: 'HASH' },
    { AttributeName: 'at', KeyType: 'RANGE' },
  ],
  AttributeDefinitions: [
    { AttributeName: 'id', AttributeType: 'S' },
    { AttributeName: 'at', AttributeType: 'N' },
  ],
}

/** A file, as JSON on one line, of the table `orders` with a partition and a sort key and other fields. */
export function fileOf(fields: object, rest: object = {}): string {
  return JSON.stringify({ tables: { orders: { ...base, ...fields } }, ...rest })
}

/** The problems of the table `orders` with these fields, without file, line and column. */
export function problemsWith(fields: object, rest: object = {}): readonly string[] {
  return problemsOf(fileOf(fields, rest)).map((problem) => problem.replace(/^tables\.yml:\d+:\d+: /, ''))
}

/** Keys of these names: the first is the partition key. A name with `#` is a partition key too. */
export function keys(...names: readonly string[]) {
  return names.map((name, index) => ({
    AttributeName: name.replace('#', ''),
    KeyType: index === 0 || name.startsWith('#') ? 'HASH' : 'RANGE',
  }))
}

/** Definitions of strings. */
export function strings(...names: readonly string[]) {
  return names.map((AttributeName) => ({ AttributeName, AttributeType: 'S' }))
}

/** An index that holds all attributes. */
export function index(IndexName: string, KeySchema: readonly object[], changes: object = {}) {
  return { IndexName, KeySchema, Projection: { ProjectionType: 'ALL' }, ...changes }
}
