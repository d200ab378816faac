/** Reading of request parameters. Their types are checked before, in `constraints.ts`. */
import { checkTableName } from './constraints.ts'
import { AwsError, invalidParameter, notFound, validationError } from './errors.ts'
import type { Keys } from './kms.ts'
import type { Timings } from './options.ts'
import type { Shape, TableRecord } from './table-record.ts'

export interface Place {
  readonly account: string
  readonly region: string
  readonly partition: string
}

/** The facts that an operation depends on, besides its table and its request. */
export interface OperationContext {
  readonly place: Place
  readonly timings: Timings
  readonly now: () => number
  readonly keys: Keys
}

export type Input = Readonly<Record<string, unknown>>

/** Reads TableName: a name, or an ARN of this account and region. */
export function readTableName(place: Place, input: Input): string {
  const given = input.TableName
  if (given === undefined || given === null) {
    throw validationError("The parameter 'TableName' is required but was not present in the request")
  }
  const name = String(given)
  if (!name.startsWith('arn:')) {
    checkTableName(name)
    return name
  }
  const { table, rest } = readArn(place, name)
  if (table === undefined || rest !== '') throw validationError(`Invalid table ARN: ${name}`)
  return table
}

/** Reads the table name of ResourceArn. Streams and indexes have no tags. */
export function readTaggedTable(place: Place, input: Input): string {
  const arn = String(input.ResourceArn)
  if (!arn.startsWith('arn:')) throw invalidParameter(`ARNs must start with 'arn:': ${arn}`)
  const { table, rest } = readArn(place, arn)
  if (table === undefined) throw invalidParameter(`Provided Arn is not a DynamoDB resource arn: ${arn}`)
  if (rest !== '') throw notFound(`ResourceArn: ${arn} not found`)
  return table
}

/** @throws {AwsError} for an ARN of another region or account */
function readArn(place: Place, arn: string): { readonly table: string | undefined; readonly rest: string } {
  const [, , service, region, account] = arn.split(':')
  const [, table, rest = ''] = /:table\/([^/]+)(.*)$/.exec(arn) ?? []
  if (service !== 'dynamodb' || table === undefined) return { table: undefined, rest }
  if (region !== place.region) {
    throw validationError(`1 validation error detected: Invalid AWS region in '${arn}'`)
  }
  if (account !== place.account) throw new AwsError('AccessDeniedException', 'Access is denied')
  return { table, rest }
}

export function tableArn({ partition, region, account }: Place, table: string): string {
  return `arn:${partition}:dynamodb:${region}:${account}:table/${table}`
}

/** Creates a stream. Enabling a stream always creates a new one, with a new ARN. */
export function createStream(table: string, now: number, viewType: string): NonNullable<TableRecord['stream']> {
  return {
    enabled: true,
    viewType,
    arn: `${table}/stream/${new Date(now).toISOString().replace('Z', '')}`,
  }
}

export function shapes(value: unknown): readonly Shape[] {
  return Array.isArray(value) ? value : []
}
