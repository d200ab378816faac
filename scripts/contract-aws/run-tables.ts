/** The tables of one run of `npm run contract:aws`: how they are marked, found and deleted. */
import {
  DeleteTableCommand,
  DescribeTableCommand,
  type DynamoDBClient,
  ListTablesCommand,
  ListTagsOfResourceCommand,
  type TableDescription,
  UpdateTableCommand,
} from '@aws-sdk/client-dynamodb'
import type { Clock } from '../../src/run/run.ts'

/** Names one run. Every table that it creates has the prefix and the tag. */
export interface RunMark {
  readonly prefix: string
  readonly tag: { readonly Key: string; readonly Value: string }
}

export function markOf(run: string): RunMark {
  return { prefix: `tenant-tables-contract-${run}-`, tag: { Key: 'tenant-tables-contract', Value: run } }
}

export interface Deletion {
  readonly deleted: readonly string[]
  /** Tables that were not deleted, each with the reason. */
  readonly left: ReadonlyMap<string, string>
}

/** An index takes up to 17 minutes to build, and a table cannot be deleted meanwhile. */
const longestWaitSeconds = 1800

/** A request that AWS accepted before the run was stopped may create a table after the first list. */
const listAgainSeconds = 5

/** DynamoDB shows tags up to 6 seconds late. */
const tagSeconds = 10

const never = new AbortController().signal
const isNamed = (error: unknown, ...names: readonly string[]) => error instanceof Error && names.includes(error.name)

/** Lists the tables of the account and region whose name has the prefix. */
export async function listTables(client: DynamoDBClient, prefix: string): Promise<readonly string[]> {
  const names: string[] = []
  let from: string | undefined
  do {
    const page = await client.send(new ListTablesCommand(from === undefined ? {} : { ExclusiveStartTableName: from }))
    names.push(...(page.TableNames ?? []).filter((name) => name.startsWith(prefix)))
    from = page.LastEvaluatedTableName
  } while (from !== undefined)
  return names
}

/**
 * Deletes every table that has the prefix and the tag of the run, with its deletion protection, and waits until they are
 * gone. A table with the prefix, but without the tag, stays.
 */
export async function deleteRunTables(
  client: DynamoDBClient,
  mark: RunMark,
  clock: Clock,
  print: (line: string) => void = () => undefined,
): Promise<Deletion> {
  const deleted = new Set<string>()
  const left = new Map<string, string>()
  for (let emptyLists = 0; emptyLists < 2; ) {
    const names = (await listTables(client, mark.prefix)).filter((name) => !left.has(name))
    emptyLists = names.length === 0 ? emptyLists + 1 : 0
    await Promise.all(
      names.map(async (name) => {
        const reason = await deleteTable(client, name, mark, clock).catch((error: unknown) => String(error))
        if (reason === undefined) deleted.add(name)
        else left.set(name, reason)
        print(reason === undefined ? `Deleted ${name}` : `Not deleted: ${name}: ${reason}`)
      }),
    )
    if (names.length === 0 && emptyLists < 2) await clock.sleep(listAgainSeconds * 1000, never)
  }
  return { deleted: [...deleted].sort(), left }
}

/** @returns why the table stays; undefined when it is gone */
async function deleteTable(
  client: DynamoDBClient,
  name: string,
  mark: RunMark,
  clock: Clock,
): Promise<string | undefined> {
  let reason = ''
  for (let seconds = 0; seconds < longestWaitSeconds; seconds += 1) {
    const table = await describe(client, name)
    if (table === undefined) return undefined
    reason = `it is ${table.TableStatus} after ${seconds} seconds`
    if (table.TableStatus === 'ACTIVE') {
      if (await hasTag(client, table, mark)) reason = (await tryToDelete(client, name, table)) ?? reason
      else if (seconds >= tagSeconds) return `it does not have the tag ${mark.tag.Key} = ${mark.tag.Value}`
    }
    await clock.sleep(1000, never)
  }
  return reason
}

async function describe(client: DynamoDBClient, name: string): Promise<TableDescription | undefined> {
  try {
    return (await client.send(new DescribeTableCommand({ TableName: name }))).Table
  } catch (error) {
    if (isNamed(error, 'ResourceNotFoundException')) return undefined
    throw error
  }
}

async function hasTag(client: DynamoDBClient, { TableArn }: TableDescription, { tag }: RunMark): Promise<boolean> {
  try {
    const { Tags = [] } = await client.send(new ListTagsOfResourceCommand({ ResourceArn: TableArn }))
    return Tags.some(({ Key, Value }) => Key === tag.Key && Value === tag.Value)
  } catch (error) {
    if (isNamed(error, 'ResourceNotFoundException')) return false
    throw error
  }
}

/** @returns the error of a request that is to be repeated; undefined when it was accepted */
async function tryToDelete(
  client: DynamoDBClient,
  TableName: string,
  { DeletionProtectionEnabled }: TableDescription,
): Promise<string | undefined> {
  try {
    if (DeletionProtectionEnabled) {
      await client.send(new UpdateTableCommand({ TableName, DeletionProtectionEnabled: false }))
    } else {
      await client.send(new DeleteTableCommand({ TableName }))
    }
    return undefined
  } catch (error) {
    const passing = [
      'ResourceInUseException',
      'ResourceNotFoundException',
      'LimitExceededException',
      'ThrottlingException',
    ]
    // The protection may have been turned on since the read.
    const isProtected = isNamed(error, 'ValidationException') && String(error).includes('protected against deletion')
    if (isProtected || isNamed(error, ...passing)) return String(error)
    throw error
  }
}
