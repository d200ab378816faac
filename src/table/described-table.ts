/** The answer of DescribeTable, in the terms of this action. */
import type { DescribeTableOutput, TableDescription } from '@aws-sdk/client-dynamodb'
import * as v from 'valibot'
import { sortBy } from '../text/sort.ts'
import { properties } from './properties/index.ts'
import { explainUnreadable, parseValue } from './response.ts'
import type { ChangeInProgress, ReadyTable, Replica } from './table.ts'
import type { TableAddress } from './target.ts'
import { readUnmanaged } from './unmanaged.ts'

interface Description {
  /** DynamoDB's TableStatus. */
  readonly tableStatus: string
  readonly arn: string
  readonly id?: string
  readonly changesInProgress: readonly ChangeInProgress[]
}

/** A table whose values can be relied on. Properties that have calls of their own are read elsewhere. */
export interface SettledTable extends Description, Omit<ReadyTable, 'status' | 'properties'> {
  readonly phase: 'settled'
  readonly described: Readonly<Record<string, unknown>>
}

/**
 * A table whose values cannot be relied on. While it is `changing`, they may be the old ones. While it is `unavailable`,
 * DynamoDB omits some, such as the key of a table that is DELETING.
 */
interface UnsettledTable extends Description {
  readonly phase: 'changing' | 'unavailable'
}

export type DescribedTable = SettledTable | UnsettledTable

/**
 * @throws {RemedyError} if DynamoDB could not have answered so, such as a table of another account
 */
export function readDescription({ name, arn }: TableAddress, answer: DescribeTableOutput): DescribedTable {
  try {
    parseValue('Table', tableSchema(arn), answer.Table)
    return describe(answer.Table ?? {}, arn)
  } catch (cause) {
    throw explainUnreadable('DescribeTable', name, cause)
  }
}

const status = v.pipe(v.string(), v.minLength(1))

/** The form that this file and the readings of properties rely on. An endpoint that is not AWS may answer anything. */
function tableSchema(arn: string) {
  return v.object({
    TableStatus: status,
    TableArn: v.literal(arn),
    TableId: v.optional(v.string()),
    CreationDateTime: v.optional(v.date()),
    LatestStreamArn: v.optional(v.pipe(v.string(), v.startsWith(`${arn}/stream/`))),
    StreamSpecification: v.optional(v.object({ StreamViewType: v.optional(v.string()) })),
    TableClassSummary: v.optional(v.object({ TableClass: v.optional(v.string()) })),
    SSEDescription: v.optional(v.object({ KMSMasterKeyArn: v.optional(v.string()) })),
    Replicas: v.optional(v.array(v.object({ RegionName: v.string(), ReplicaStatus: status }))),
  })
}

function describe(table: TableDescription, arn: string): DescribedTable {
  const { TableId: id, TableStatus: tableStatus = '', CreationDateTime, StreamSpecification, LatestStreamArn } = table
  const description: Description = {
    tableStatus,
    arn,
    ...(id ? { id } : {}),
    changesInProgress: findChangesInProgress(table),
  }
  if (tableStatus === 'CREATING' || tableStatus === 'UPDATING') return { ...description, phase: 'changing' }
  if (tableStatus !== 'ACTIVE') return { ...description, phase: 'unavailable' }
  const replicas = readReplicas(table, arn)
  return {
    ...description,
    phase: 'settled',
    ...(CreationDateTime === undefined ? {} : { createdAt: CreationDateTime.getTime() }),
    // The ARN of a disabled stream stays in the answer.
    ...(StreamSpecification?.StreamEnabled && LatestStreamArn ? { streamArn: LatestStreamArn } : {}),
    described: Object.fromEntries(
      properties.flatMap(({ name, reading, schema }) =>
        reading.kind === 'described' ? [[name, parseValue(name, schema, reading.of(table))]] : [],
      ),
    ),
    replicas,
    unmanaged: readUnmanaged(replicas),
  }
}

/** The replicas in other regions. Some endpoints also list the region of the table itself. */
function readReplicas(table: TableDescription, arn: string): readonly Replica[] {
  const [, , , ownRegion] = arn.split(':')
  const replicas = (table.Replicas ?? [])
    .map(({ RegionName: region = '', ReplicaStatus = '' }) => ({ region, status: ReplicaStatus }))
    .filter(({ region }) => region !== ownRegion)
  return sortBy(replicas, ({ region }) => region)
}

const transientStatuses: ReadonlySet<string> = new Set(['CREATING', 'UPDATING', 'DELETING', 'ENABLING', 'DISABLING'])

/** Returns true if DynamoDB ends this status of a table, index, replica or encryption by itself. */
export function isTransient(status: string): boolean {
  return transientStatuses.has(status)
}

function findChangesInProgress(table: TableDescription): readonly ChangeInProgress[] {
  const parts = [
    ...(table.GlobalSecondaryIndexes ?? []).flatMap(({ IndexName: name, IndexStatus, WarmThroughput }) => [
      { part: 'index', name, status: IndexStatus } as const,
      { part: 'warm throughput', name, status: WarmThroughput?.Status } as const,
    ]),
    ...(table.Replicas ?? []).map(
      ({ RegionName: name, ReplicaStatus: status }) => ({ part: 'replica', name, status }) as const,
    ),
    { part: 'encryption', name: undefined, status: table.SSEDescription?.Status } as const,
    { part: 'warm throughput', name: undefined, status: table.WarmThroughput?.Status } as const,
  ]
  return parts.flatMap(({ part, name, status }) =>
    status !== undefined && isTransient(status) ? [{ part, ...(name === undefined ? {} : { name }), status }] : [],
  )
}

/** `ACTIVE, replica eu-west-1 CREATING` */
export function describeStatus({ tableStatus, changesInProgress }: Description): string {
  const parts = changesInProgress.map(({ part, name, status }) => [part, name, status].filter(Boolean).join(' '))
  return [tableStatus, ...parts].join(', ')
}
