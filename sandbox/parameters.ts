/** What requests may say: parameters read, or refused as DynamoDB would. */
import { AwsError, validationError } from './errors.ts'
import type { Timings } from './options.ts'
import type { Shape, TableRecord } from './table-record.ts'

export interface Place {
  readonly account: string
  readonly region: string
  readonly partition: string
}

/** Where and when a table is, and how long things take there. */
export interface Circumstances {
  readonly place: Place
  readonly timings: Timings
  readonly now: () => number
}

export type Input = Readonly<Record<string, unknown>>

export const mostTags = 50

/** A table's name, or the name in an ARN of this place. */
export function readTableName(place: Place, input: Input): string {
  const given = String(input.TableName ?? '')
  const [, name = given] = /:table\/([^/]+)$/.exec(given) ?? []
  if (!/^[a-zA-Z0-9_.-]{3,255}$/.test(name)) {
    throw validationError(
      `TableName must be at least 3 characters long and at most 255, and satisfy [a-zA-Z0-9_.-]+, but is "${name}"`,
    )
  }
  if (given !== name && given !== tableArn(place, name)) {
    throw new AwsError('ResourceNotFoundException', `Requested resource not found: ${given}`)
  }
  return name
}

export function tableArn({ partition, region, account }: Place, table: string): string {
  return `arn:${partition}:dynamodb:${region}:${account}:table/${table}`
}

export function checkKeys(keySchema: readonly Shape[]): void {
  const [hash, range, ...more] = keySchema
  if (hash?.KeyType !== 'HASH' || (range !== undefined && range.KeyType !== 'RANGE') || more.length > 0) {
    throw validationError('Invalid KeySchema: one HASH key, and then at most one RANGE key')
  }
}

/** Every attribute that a key of the table or of an index needs must be defined. */
export function checkDefined(used: ReadonlySet<unknown>, definitions: readonly Shape[]): void {
  const defined = new Set(definitions.map(({ AttributeName }) => AttributeName))
  for (const name of used) {
    if (!defined.has(name)) throw validationError(`Some index key attributes are not defined: ${name}`)
  }
}

export function checkIndexCounts(globalIndexes: number, localIndexes: number): void {
  if (globalIndexes > 20 || localIndexes > 5) {
    throw validationError(
      `One or more parameter values were invalid: ${globalIndexes > 20 ? 'GlobalSecondaryIndex count exceeds the per-table limit of 20' : 'Number of LocalSecondaryIndexes exceeds per-table limit of 5'}`,
    )
  }
}

/** The capacity of a table or of an index, which is there exactly where the billing mode wants it. */
export function readThroughput(value: unknown, onDemand: boolean, owner: string): TableRecord['throughput'] {
  const given = value as TableRecord['throughput'] | undefined
  if (onDemand && given !== undefined) {
    throw validationError(
      `Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST: ${owner}`,
    )
  }
  if (!onDemand && given === undefined) {
    throw validationError(
      `ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED: ${owner}`,
    )
  }
  return given ?? { ReadCapacityUnits: 0, WriteCapacityUnits: 0 }
}

export function readTags(value: unknown): ReadonlyMap<string, string> {
  const tags = shapes(value).map(({ Key, Value }) => [String(Key), String(Value)] as const)
  for (const [key, tag] of tags) {
    checkReserved(key)
    if (key.length < 1 || key.length > 128 || tag.length > 256) {
      throw validationError(`Tag is too long or empty: ${key}`)
    }
  }
  const byKey = new Map(tags)
  if (byKey.size !== tags.length) throw validationError('Tag keys must be unique')
  if (byKey.size > mostTags) throw validationError(`Too many tags: a resource may have ${mostTags}`)
  return byKey
}

export function checkReserved(tagKey: string): void {
  if (/^aws:/i.test(tagKey)) throw validationError(`Tag keys that begin with aws: are reserved: ${tagKey}`)
}

/** Every stream that is turned on is a new one, with an ARN of its own. */
export function readStream(table: string, now: number, specification: Shape): NonNullable<TableRecord['stream']> {
  return {
    enabled: true,
    viewType: String(specification.StreamViewType),
    arn: `${table}/stream/${new Date(now).toISOString().replace('Z', '')}`,
  }
}

/** Users give an id, an alias or an ARN of either; it comes back as the ARN of a key. undefined is the key that AWS owns. */
export function readKeyArn(
  { partition, region, account }: Place,
  specification: Shape | undefined,
): string | undefined {
  if (specification?.Enabled !== true) return undefined
  const given = String(specification.KMSMasterKeyId ?? 'alias/aws/dynamodb')
  if (given.includes(':key/')) return given
  const id = given
    .split(':')
    .at(-1)
    ?.replace(/^(alias|key)\//, '')
  return `arn:${partition}:kms:${region}:${account}:key/${id}`
}

export function shapes(value: unknown): readonly Shape[] {
  return Array.isArray(value) ? value : []
}
