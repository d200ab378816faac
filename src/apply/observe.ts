/** Reads tables. A change in progress is waited for, so that no plan relies on a transient state. */
import type { DynamoDb } from '../aws/dynamodb.ts'
import { RemedyError } from '../errors/errors.ts'
import { longestRunSeconds, type Run } from '../run/run.ts'
import { type DescribedTable, describeStatus, readDescription } from '../table/described-table.ts'
import { type PropertyName, properties } from '../table/properties/index.ts'
import { tags } from '../table/properties/tags.ts'
import type { Property } from '../table/property.ts'
import { explainUnreadable, parseValue } from '../table/response.ts'
import type {
  ChangeInProgress,
  ObservedTable,
  ObservedTables,
  ReadyTable,
  TableDefinition,
  TableValues,
} from '../table/table.ts'
import { addressOf, type TableAddress, type Target } from '../table/target.ts'
import { propertyValues } from '../table/values.ts'
import { poll } from './poll.ts'

export interface Observation<Observed = ObservedTables> {
  readonly observed: Observed
  /**
   * The start time of the read (of several reads, the earliest), by the clock of the run. Later changes may be missing.
   */
  readonly readAt: number
}

/** Reads all tables at once. */
export async function observeTables(
  dynamoDb: DynamoDb,
  target: Target,
  definitions: readonly TableDefinition[],
  run: Run,
): Promise<Observation> {
  const observations = await Promise.all(
    definitions.map(async (definition) => ({
      name: definition.name,
      ...(await observeTable(dynamoDb, target, definition, run)),
    })),
  )
  return {
    observed: new Map(observations.map(({ name, observed }) => [name, observed])),
    readAt: Math.min(...observations.map(({ readAt }) => readAt)),
  }
}

/**
 * A newer table may not show the tags that it was created with. They show when it is ACTIVE: after 4.5 to 7 seconds,
 * with indexes after up to 22 seconds.
 */
const youthMilliseconds = 60_000

/** Tags show late after a write, by 3 s and sometimes more. */
const mostTagLagMilliseconds = 10_000

/** Reads one table, and repeats the read until the table is in no transient state. */
export async function observeTable(
  dynamoDb: DynamoDb,
  target: Target,
  { name, properties: declared }: TableDefinition,
  run: Run,
): Promise<Observation<ObservedTable>> {
  const address = addressOf(target, name)
  let isChanging = false
  let tagsMissingSince: number | undefined
  return await poll<Observation<ObservedTable>>(
    {
      goal: `the table "${name}" to be ready, with no change in progress`,
      usual: 'seconds, and up to 3 minutes for a billing mode',
      firstPoll: 0,
      interval: 1,
      timeout: longestRunSeconds,
      explainTimeout: (status) =>
        new RemedyError(`The table "${name}" is ${status}.`, 'Run again when the change is complete.'),
    },
    run,
    async () => {
      if (isChanging) {
        const described = await describeTable(dynamoDb, address)
        if (described !== undefined && isUnsettled(described, declared)) return { status: describeStatus(described) }
      }
      const readAt = run.clock.now()
      const table = await readTable(dynamoDb, address, declared)
      isChanging = table.status === 'changing'
      if (table.status === 'changing') {
        run.log.info(`${name}: a change is in progress; waiting until it is complete`)
        return { status: table.progress }
      }
      if (table.status === 'young') return { status: 'so new that its tags or backups cannot be read yet' }
      if (table.status !== 'ready' || table.properties.Tags.length > 0) return { done: { observed: table, readAt } }
      // Another run of this action may have just created the table, and its tags do not show yet.
      const now = run.clock.now()
      tagsMissingSince ??= now
      const isSettled = now - tagsMissingSince >= mostTagLagMilliseconds || !isYoung(table, tagsMissingSince)
      return isSettled ? { done: { observed: table, readAt } } : { status: 'less than a minute old and without tags' }
    },
  )
}

function isYoung({ createdAt }: ReadyTable, now: number): boolean {
  return createdAt !== undefined && now - createdAt < youthMilliseconds
}

/** The result of one read, transient states included. */
type TableRead =
  | ObservedTable
  | { readonly status: 'changing'; readonly progress: string }
  /** ACTIVE so recently that a property cannot be read yet. This takes seconds. */
  | { readonly status: 'young' }

/**
 * Sends all reads of a table side by side. DescribeTable alone decides whether the table exists: if it does not, the other
 * answers are ignored. A read that is not allowed fails the run also then, so that a missing permission shows before
 * anything is written.
 */
async function readTable(
  dynamoDb: DynamoDb,
  address: TableAddress,
  declared: Partial<TableValues>,
): Promise<TableRead> {
  const asked = askedProperties(declared)
  const [described, ...values] = await Promise.all([
    describeTable(dynamoDb, address),
    ...asked.map((property) => askProperty(dynamoDb, address, property)),
  ])
  if (described === undefined) return { status: 'absent' }
  if (isUnsettled(described, declared)) return { status: 'changing', progress: describeStatus(described) }
  if (described.phase !== 'settled') {
    const { tableStatus, id } = described
    return { status: 'unavailable', tableStatus, ...(id === undefined ? {} : { id }) }
  }
  const read = new Map(asked.map(({ name }, index) => [name, values[index]]))
  // The table may have become ACTIVE after its tags were read: until then it shows none.
  if (isEmpty(read.get('Tags'))) read.set('Tags', await askProperty(dynamoDb, address, tags))
  if ([...read.values()].includes(undefined)) return { status: 'young' }
  const { tableStatus: _, phase: __, described: fields, ...table } = described
  return {
    status: 'ready',
    ...table,
    properties: { ...fields, ...Object.fromEntries(read) } as unknown as TableValues,
  }
}

/** Returns true while DescribeTable may show old values of the table, or of a property that the definition declares. */
function isUnsettled({ phase, changesInProgress }: DescribedTable, declared: Partial<TableValues>): boolean {
  const awaited = propertyValues(declared).map(({ property }) => property.settlesWith)
  const mayBeOld = ({ part, status }: ChangeInProgress) =>
    awaited.includes(part) ||
    // An index shows its old throughput for the 2 to 6 s of a change. One that is CREATING shows its own already.
    (part === 'index' && status === 'UPDATING' && declared.GlobalSecondaryIndexes !== undefined)
  return phase === 'changing' || (phase === 'settled' && changesInProgress.some(mayBeOld))
}

function isEmpty(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0
}

/** The properties that are read by a separate call. */
function askedProperties(declared: Partial<TableValues>): readonly Property<PropertyName>[] {
  return properties.filter(
    ({ name, reading }) => reading.kind === 'asked' && (reading.when === 'always' || declared[name] !== undefined),
  )
}

/** The number of calls that read all tables once, side by side. */
export function countReads(definitions: readonly TableDefinition[]): number {
  return definitions.reduce((sum, { properties: declared }) => sum + 1 + askedProperties(declared).length, 0)
}

/** @returns undefined if the table does not exist, or is too new */
async function askProperty(
  dynamoDb: DynamoDb,
  address: TableAddress,
  { name, reading, schema, actions }: Property<PropertyName>,
): Promise<unknown> {
  if (reading.kind !== 'asked') return undefined
  const [operation = ''] = actions.read.map((action) => action.replace('dynamodb:', ''))
  try {
    const value = await reading.ask(dynamoDb.ask, address)
    return value === undefined ? undefined : parseValue(name, schema, value)
  } catch (cause) {
    throw explainUnreadable(operation, address.name, cause)
  }
}

/** @returns undefined if the table does not exist */
export async function describeTable(dynamoDb: DynamoDb, address: TableAddress): Promise<DescribedTable | undefined> {
  const answer = await dynamoDb.ask('DescribeTable', { TableName: address.name })
  return answer === undefined ? undefined : readDescription(address, answer)
}
