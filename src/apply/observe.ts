/** The port -> observed tables. What is under way is waited for, so that nothing is planned on a passing state. */
import type { DynamoDb } from '../aws/dynamodb.ts'
import { stoppedWhileWaitingFor } from '../errors/errors.ts'
import type { Run } from '../run/run.ts'
import { type TableDefinition, type ObservedTable, type ObservedTables, type ReadyTable } from '../table/table.ts'
import { type Target, tableArn } from '../table/target.ts'
import { waitForOthers, waitUntilSettled } from './poll.ts'

/** What one look at a table says, passing states included. */
export type Look =
  | ObservedTable
  | { readonly status: 'changing' }
  /** ACTIVE so recently that its tags or backups cannot be read yet: a matter of seconds. */
  | { readonly status: 'young' }

/** Side by side, so as many connections. */
export const readsPerTable = 3

export interface Observation<Observed = ObservedTables> {
  readonly observed: Observed
  /** When the look that told it began, the earliest of several: what changed after that may not be in it. By the run's clock. */
  readonly lookedAt: number
}

/** Looks at all tables at once. */
export async function observeTables(
  dynamoDb: DynamoDb,
  target: Target,
  desired: readonly TableDefinition[],
  run: Run,
): Promise<Observation> {
  const looks = await Promise.all(
    desired.map(async ({ name }) => ({ name, ...(await observeTable(dynamoDb, target, name, run)) })),
  )
  return {
    observed: new Map(looks.map(({ name, observed }) => [name, observed])),
    lookedAt: Math.min(...looks.map(({ lookedAt }) => lookedAt)),
  }
}

/** Looks at one table, as often as it takes until the look is no passing state. */
export async function observeTable(
  dynamoDb: DynamoDb,
  target: Target,
  table: string,
  run: Run,
): Promise<Observation<ObservedTable>> {
  let readAgainUntil: number | undefined
  for (let looks = 0; ; looks += 1) {
    const lookedAt = run.clock.now()
    const look = await lookAtTable(dynamoDb, target, table)
    switch (look.status) {
      case 'changing':
        run.log.info(`${table}: a change is under way; waiting until it is done`)
        await waitUntilSettled(dynamoDb, table, waitForOthers, run)
        break
      case 'young':
        if (looks % 15 === 0)
          run.log.info(`${table}: so young that its tags or backups cannot be read yet; looking again`)
        await waitForYoungTable(table, run)
        break
      default: {
        if (look.status !== 'ready' || look.tags.size > 0) return { observed: look, lookedAt }
        const now = run.clock.now()
        if (readAgainUntil === undefined) {
          if (!isYoung(look, now)) return { observed: look, lookedAt }
          run.log.info(`${table}: less than a minute old and without tags; reading them again for up to 10 s`)
          readAgainUntil = now + mostTagLag
        }
        if (now >= readAgainUntil) return { observed: look, lookedAt }
        await waitForYoungTable(table, run)
      }
    }
  }
}

/** In milliseconds. Tags given to CreateTable show once the table is ACTIVE, which takes 5 to 22 s. */
const youth = 60_000

/** In milliseconds. A table without tags is refused, so tags that show late, as after a tag write, are waited for. */
const mostTagLag = 10_000

/** Another run of this action may have just created such a table, and with its tags. */
function isYoung({ createdAt }: ReadyTable, now: number): boolean {
  return createdAt !== undefined && now - createdAt < youth
}

async function waitForYoungTable(table: string, run: Run): Promise<void> {
  await run.clock
    .sleep(900 + 200 * run.clock.random(), run.stop)
    .catch(stoppedWhileWaitingFor(`the tags and backups of the young table "${table}" to be readable`))
}

/**
 * One look: three reads, side by side, and a fourth where there are no tags. DescribeTable alone decides whether the
 * table is there; while it is not, or is young, what the other two say means nothing. A read that is not allowed fails
 * the look in any case, so that a missing permission is told before anything is written.
 */
export async function lookAtTable(dynamoDb: DynamoDb, target: Target, table: string): Promise<Look> {
  const [described, pointInTimeRecovery, tags] = await Promise.all([
    dynamoDb.describeTable(table),
    dynamoDb.describeRecovery(table),
    // The ARN is known beforehand, so this read need not wait for DescribeTable's answer.
    dynamoDb.listTags(tableArn(target, table)),
  ])
  if (described === undefined) return { status: 'absent' }
  if (described.phase !== 'settled') {
    const { phase, tableStatus, id } = described
    if (phase === 'changing') return { status: 'changing' }
    return { status: 'unavailable', tableStatus, ...(id === undefined ? {} : { id }) }
  }
  const { tableStatus: _, phase: __, changesUnderWay: ___, ...state } = described
  if (pointInTimeRecovery === undefined || tags === undefined) return { status: 'young' }
  // Until it is ACTIVE a table shows no tags, whosesoever it is, and it may have become so since they were read.
  const tagsOfActive = tags.size > 0 ? tags : await dynamoDb.listTags(tableArn(target, table))
  return tagsOfActive === undefined
    ? { status: 'young' }
    : { status: 'ready', ...state, pointInTimeRecovery, tags: tagsOfActive }
}
