/**
 * Verifies the tables: they match their definitions, and sample items can be written, found by their partition key alone,
 * and deleted.
 */
import type { DynamoDb } from '../aws/dynamodb.ts'
import { DynamoDbError } from '../aws/dynamodb-errors.ts'
import type { ItemStore } from '../aws/item-store.ts'
import { type Item, makeSamples, pick, problemsOfItem, renderItem, type TableSamples } from '../definition/items.ts'
import { describeError } from '../errors/description.ts'
import { isOutcomeUnknown, RemedyError, StoppedError } from '../errors/errors.ts'
import { describeSteps } from '../plan/description.ts'
import type { Plan } from '../plan/plan.ts'
import { cleaningRun, type Run } from '../run/run.ts'
import type { ObservedTable, ObservedTables, TableDefinition } from '../table/table.ts'
import { shorten } from '../text/readable.ts'
import type { Verification } from './outcome.ts'
import { poll } from './poll.ts'
import { changesInProgressOn } from './work.ts'

export interface VerificationWork {
  readonly plan: Plan
  readonly definitions: readonly TableDefinition[]
  readonly observed: ObservedTables
  readonly sampleItems: boolean
  readonly dynamoDb: Pick<DynamoDb, 'itemsWithin'>
  readonly run: Run
}

/** Never throws: the verification has the error. Refusals are reported with the plan. */
export async function verifyTables(work: VerificationWork): Promise<Verification> {
  const { plan, sampleItems } = work
  if (plan.refusals.length > 0) return { sampleItems: false }
  try {
    assertAsDefined(plan)
  } catch (error) {
    return { sampleItems, itemState: 'unwritten', error }
  }
  return sampleItems ? await verifySampleItems(work) : { sampleItems }
}

/** @throws {RemedyError} if the plan has steps */
export function assertAsDefined({ steps }: Plan): void {
  if (steps.length === 0) return
  throw new RemedyError(
    `The tables are not as they are defined: ${describeSteps(steps)}.`,
    'Find out who changed them, then run command: apply, which brings them to their definition.',
  )
}

interface Sample {
  readonly of: TableSamples
  readonly item: Item
  readonly key: Item
  /** `unknown`: a try of the write has no response. It may arrive late, even after the deletion of the item. */
  state: 'unsent' | 'unknown' | 'written'
}

async function verifySampleItems({
  definitions,
  observed,
  dynamoDb: { itemsWithin },
  run,
}: VerificationWork): Promise<Verification> {
  const tables = makeSamples(definitions, run.clock.uuid, run.clock.now()).map((of) => ({
    ...of,
    indexes: of.indexes.filter(({ name }) => !isBeingBuilt(name, observed.get(of.table))),
  }))
  const all = tables.flatMap((of) => of.samples.map((sample): Sample => ({ ...sample, of, state: 'unsent' })))
  let failure: unknown
  try {
    const items = itemsWithin(run)
    await assertReadable(items, tables)
    // A run that is killed cannot report its items any more, so their keys are logged before they are written.
    run.log.info(`Sample items, to be deleted again: writing ${all.map(nameSample).join('; ')}`)
    await settleAll(all.map((sample) => write(items, sample)))
    await assertFound(items, tables)
    await assertIndexed(items, tables, run)
  } catch (error) {
    failure = error
  }
  const left = await deleteAll(itemsWithin(cleaningRun(run)), all)
  const warnings = all.filter(({ state }) => state === 'unknown').map(warnOfLateWrite)
  const verification = { sampleItems: true, ...(warnings.length === 0 ? {} : { warnings }) }
  if (left.length > 0) return { ...verification, error: explainLeftItems(left, failure, warnings.length === 0) }
  if (failure === undefined) return verification
  const itemState = all.every(({ state }) => state === 'unsent') ? 'unwritten' : 'deleted'
  return { ...verification, itemState, error: failure }
}

/** DynamoDB refuses a Query on an index that is being built. */
function isBeingBuilt(index: string, table: ObservedTable | undefined): boolean {
  return changesInProgressOn(table).some(({ part, name }) => part === 'index' && name === index)
}

/** Sends each kind of read before the first write, so that a read that is not allowed fails before an item exists. */
async function assertReadable(items: ItemStore, tables: readonly TableSamples[]): Promise<void> {
  await Promise.all(
    tables.flatMap(({ table, samples: [first], otherPartition, indexes }) =>
      first === undefined
        ? []
        : [
            items.get(table, first.key),
            items.query(table, otherPartition),
            ...indexes.map(({ name, partitionKey }) => items.query(table, pick(first.item, partitionKey), name)),
          ],
    ),
  )
}

/** Like `Promise.all`, but waits for all works before it throws: a work in progress may still write. */
async function settleAll(works: readonly Promise<unknown>[]): Promise<void> {
  const settled = await Promise.allSettled(works)
  const failed = settled.find((each) => each.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}

async function write(items: ItemStore, sample: Sample): Promise<void> {
  const { of, item } = sample
  assertShape(of, item)
  sample.state = 'unknown'
  try {
    const written = await items.putIfAbsent(of.table, item, of.partitionKey)
    if (!written.isOutcomeUnknown) sample.state = 'written'
  } catch (error) {
    if (!isOutcomeUnknown(error)) sample.state = 'unsent'
    // The key is new, so the item is our own: an earlier try without a response wrote it.
    const isOwn = error instanceof DynamoDbError && error.code === 'ConditionalCheckFailedException'
    if (!isOwn || sample.state === 'unsent') throw error
  }
}

async function assertFound(items: ItemStore, tables: readonly TableSamples[]): Promise<void> {
  await Promise.all(
    tables.map(async (of) => {
      const { table, samples, partitionKey, otherPartition } = of
      const partition = pick(samples[0]?.item ?? {}, [partitionKey])
      const [ofPartition, ofOtherPartition, ...read] = await Promise.all([
        items.query(table, partition),
        items.query(table, otherPartition),
        ...samples.map(({ key }) => items.get(table, key)),
      ])
      const written = samples.map(({ item }) => item)
      assertSame(`all items of "${table}" with ${renderItem(partition)}`, ofPartition, written)
      assertSame(`all items of "${table}" with another ${partitionKey}`, ofOtherPartition, [])
      for (const [index, { item, key }] of samples.entries()) {
        const found = read[index] ?? {}
        assertSame(`the item ${renderItem(key)} of "${table}"`, [found], [item])
        assertShape(of, found)
      }
    }),
  )
}

/** The longest wait for an item in an index, which usually shows it within a second. In seconds. */
const longestIndexLag = 60

/** Finds each sample item in each declared index. */
async function assertIndexed(items: ItemStore, tables: readonly TableSamples[], run: Run): Promise<void> {
  const queries = tables.flatMap(({ table, indexes, samples }) =>
    indexes.flatMap((index) => samples.map((sample) => ({ table, ...index, ...sample }))),
  )
  await Promise.all(
    queries.map(async ({ table, name, partitionKey, item, key }) => {
      const sample = `the item ${renderItem(key)} of "${table}"`
      await poll(
        {
          goal: `${sample} to appear in its index "${name}"`,
          firstPoll: 0,
          timeout: longestIndexLag,
          explainTimeout: () =>
            new RemedyError(
              `A Query on the index "${name}" does not find ${sample}.`,
              'Run again. If the index still does not show the item, report it to AWS.',
            ),
        },
        run,
        async () => {
          const shown = await items.query(table, pick(item, partitionKey), name)
          const isShown = shown.some((each) => renderItem(pick(each, Object.keys(key))) === renderItem(key))
          return isShown ? { done: undefined } : { status: 'not there yet' }
        },
      )
    }),
  )
}

function assertSame(name: string, found: readonly Item[], expected: readonly Item[]): void {
  if (comparable(found) === comparable(expected)) return
  const shown = (items: readonly Item[]) => shorten(`[${items.map(renderItem).join(',')}]`)
  throw new RemedyError(
    `The response for ${name} does not match what was written: expected ${shown(expected)}, found ${shown(found)}.`,
    'Find out what else writes into this table, such as a stream or a trigger, then run again.',
  )
}

/** The same text for the same items, whatever the order of items and attributes. */
function comparable(items: readonly Item[]): string {
  return items
    .map((item) => renderItem(pick(item, Object.keys(item).sort())))
    .sort()
    .join()
}

function assertShape({ kind }: TableSamples, item: Item): void {
  const problems = kind === undefined ? [] : problemsOfItem(kind, item)
  if (problems.length === 0) return
  throw new RemedyError(
    `An item of ${kind} does not have the shape of docs/schemas: ${problems.join('; ')}.`,
    'This is a mistake of the action. Please report it.',
  )
}

interface LeftItem {
  readonly sample: Sample
  readonly error: unknown
}

/** @returns the items that may still be in the table */
async function deleteAll(items: ItemStore, samples: readonly Sample[]): Promise<readonly LeftItem[]> {
  const left = await Promise.all(
    samples
      .filter(({ state }) => state !== 'unsent')
      .map(async (sample): Promise<readonly LeftItem[]> => {
        const { key, state } = sample
        const { table } = sample.of
        try {
          await items.delete(table, key)
          // A write without a response may have arrived after the deletion.
          if (state === 'unknown' && (await items.get(table, key)) !== undefined) await items.delete(table, key)
          return []
        } catch (error) {
          return [{ sample, error }]
        }
      }),
  )
  return left.flat()
}

/** `{"tenant_id":"..."} in "tenant"` */
function nameSample({ of, key }: Sample): string {
  return `${renderItem(key)} in "${of.table}"`
}

function warnOfLateWrite(sample: Sample): string {
  return `A write of the sample item ${nameSample(sample)} has no response. Delete the item by hand if that write arrives after the deletion.`
}

function explainLeftItems(left: readonly LeftItem[], failure: unknown, isNothingElseLeft: boolean): RemedyError {
  const cause = left[0]?.error
  // Both may have the same remedy, such as a permission.
  const described = (failure === undefined ? [cause] : [cause, failure]).map(describeError)
  const remedies = new Set(described.flatMap(({ remedy = '' }) => (remedy === '' ? [] : [remedy])))
  return new RemedyError(
    `${failure === undefined ? '' : `${describeWithCause(failure)} `}Sample items could not be deleted: ${left.map(({ sample }) => nameSample(sample)).join('; ')}.`,
    ['Delete these items by hand.', ...(isNothingElseLeft ? ['Nothing else was left behind.'] : []), ...remedies].join(
      ' ',
    ),
    { cause, statements: [...new Set(described.flatMap(({ statements }) => statements))] },
  )
}

/** The message of an error with its first cause, for an error that is not the first one of the report. */
function describeWithCause(error: unknown): string {
  const { message, causes } = describeError(error)
  return causes[0] === undefined || error instanceof StoppedError ? message : `${message} (${causes[0]})`
}
