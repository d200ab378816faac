/** Proves the tables: they are as defined, and sample items go in, are found by their tenant alone, and go out again. */
import type { DynamoDb } from '../aws/dynamodb.ts'
import { DynamoDbError } from '../aws/dynamodb-errors.ts'
import type { ItemStore } from '../aws/item-store.ts'
import { type Item, type ItemKind, makeSampleItems, problemsOfItem } from '../definition/items.ts'
import { describeError } from '../errors/description.ts'
import { isOutcomeUnknown, RemedyError, StoppedError } from '../errors/errors.ts'
import { describeSteps } from '../plan/description.ts'
import type { Plan } from '../plan/plan.ts'
import { cleaningRun, type Run } from '../run/run.ts'
import { shorten } from '../text/readable.ts'
import type { Verification } from './outcome.ts'

export interface VerificationWork {
  readonly plan: Plan
  readonly sampleItems: boolean
  readonly itemsWithin: DynamoDb['itemsWithin']
  readonly run: Run
}

/** Never throws: what failed is in the verification. Refusals are the plan's to tell. */
export async function verifyTables(work: VerificationWork): Promise<Verification> {
  const { plan, sampleItems } = work
  if (plan.refusals.length > 0) return { sampleItems: false }
  const samples: Sample[] = []
  try {
    assertAsDefined(plan)
    const warnings = sampleItems ? await roundTrip(work, samples) : []
    return { sampleItems, ...(warnings.length === 0 ? {} : { warnings }) }
  } catch (error) {
    if (error instanceof LeftItemsError) return { sampleItems, error }
    return { sampleItems, itemState: samples.every(({ state }) => state === 'unsent') ? 'unwritten' : 'deleted', error }
  }
}

/** @throws {RemedyError} where the plan has steps */
export function assertAsDefined({ steps }: Plan): void {
  if (steps.length === 0) return
  throw new RemedyError(
    `The tables are not as they are defined: ${describeSteps(steps)}.`,
    'Find out who changed them, and run command: apply to bring them to their definition.',
  )
}

interface Sample {
  readonly kind: ItemKind
  readonly table: string
  readonly item: Item
  readonly key: Item
  /** `unknown`: sent, and no answer was seen. */
  state: 'unsent' | 'unknown' | 'written'
  /** A write whose answer was lost may still arrive, after the item was deleted. */
  mayComeLate?: boolean
}

/** What was written may still be there. */
class LeftItemsError extends RemedyError {
  override readonly name = 'LeftItemsError'
}

/**
 * @param samples is filled with what is made, for who asks afterwards what became of it
 * @returns what people should know
 * @throws {LeftItemsError} where some may still be there; anything else where none are
 */
async function roundTrip(work: VerificationWork, samples: Sample[]): Promise<readonly string[]> {
  const { run } = work
  const items = work.itemsWithin(run)
  const made = makeSampleItems(run.clock.uuid, run.clock.now())
  const sampleOf = (kind: ItemKind, item: typeof made.tenant | (typeof made.users)[number]): Sample => {
    return { kind, table: tableOf(work.plan, kind), item, key: keyOf(item), state: 'unsent' }
  }
  samples.push(sampleOf('tenant', made.tenant), ...made.users.map((item) => sampleOf('users', item)))
  await assertReadable(items, samples, made.otherTenantId)
  // A run that is killed names nothing any more, so they are named before they are there.
  run.log.info(`Sample items, to be deleted again: writing ${samples.map(nameSample).join('; ')}`)
  let failure: unknown
  try {
    await settleAll(samples.map((sample) => write(items, sample)))
    await assertFound(items, work.plan, samples, made.otherTenantId)
  } catch (error) {
    failure = error
  }
  const left = await deleteAll(work.itemsWithin(cleaningRun(run)), samples)
  const late = samples.filter(({ mayComeLate }) => mayComeLate)
  const warnings = late.map(
    (sample) =>
      `The answer to a write of the sample item ${nameSample(sample)} was lost. It was deleted; should that write arrive after all, delete it by hand.`,
  )
  if (left.length === 0 && failure === undefined) return warnings
  if (left.length === 0) {
    throw warnings.length === 0
      ? failure
      : new RemedyError(describeError(failure).message, [...warnings, remedyOf(failure)].join(' ').trim(), {
          cause: failure,
          facts: describeError(failure).facts,
          statements: describeError(failure).statements,
        })
  }
  // Both may have ended for one reason.
  const reasons = [left[0]?.error, failure]
  throw new LeftItemsError(
    `${failure === undefined ? '' : `${tellWithCause(failure)} `}Sample items could not be deleted: ${left.map(({ sample }) => nameSample(sample)).join('; ')}.`,
    [
      'Delete these items by hand.',
      ...(warnings.length === 0 ? ['Nothing else was left behind.'] : warnings),
      ...new Set(reasons.map(remedyOf).filter((each) => each !== '')),
    ].join(' '),
    { cause: left[0]?.error, statements: [...new Set(reasons.flatMap((each) => describeError(each).statements))] },
  )
}

/** A read that is not allowed is told before anything is written: nobody has these keys yet, and nobody that tenant. */
async function assertReadable(items: ItemStore, samples: readonly Sample[], otherTenantId: string): Promise<void> {
  const tenant = samples.find(({ kind }) => kind === 'tenant')
  const user = samples.find(({ kind }) => kind === 'users')
  if (tenant === undefined || user === undefined) return
  await Promise.all([
    items.get(tenant.table, tenant.key),
    items.get(user.table, user.key),
    items.query(user.table, 'tenant_id', otherTenantId),
  ])
}

/** As `Promise.all`, but no work goes on behind a failure: what is still under way may write. */
async function settleAll(works: readonly Promise<unknown>[]): Promise<void> {
  const settled = await Promise.allSettled(works)
  const failed = settled.find((each) => each.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}

async function write(items: ItemStore, sample: Sample): Promise<void> {
  assertShape(sample.kind, sample.item)
  sample.state = 'unknown'
  try {
    const { mayComeLate } = await items.putIfAbsent(sample.table, sample.item, 'tenant_id')
    sample.mayComeLate = mayComeLate
    sample.state = 'written'
  } catch (error) {
    if (!isOutcomeUnknown(error)) {
      sample.state = 'unsent'
      throw error
    }
    sample.mayComeLate = true
    // An earlier try, whose answer was lost, wrote it: nobody else has a key this fresh.
    const isOwn = error instanceof DynamoDbError && error.code === 'ConditionalCheckFailedException'
    if (!isOwn) throw error
    sample.state = 'written'
  }
}

async function assertFound(
  items: ItemStore,
  plan: Plan,
  samples: readonly Sample[],
  otherTenantId: string,
): Promise<void> {
  const usersTable = tableOf(plan, 'users')
  const users = samples.filter(({ kind }) => kind === 'users')
  const tenantId = users[0]?.item.tenant_id ?? ''
  const [found, foreign, ...read] = await Promise.all([
    items.query(usersTable, 'tenant_id', tenantId),
    items.query(usersTable, 'tenant_id', otherTenantId),
    ...samples.map(({ table, key }) => items.get(table, key)),
  ])
  assertSame(
    `All users of the tenant ${tenantId} in "${usersTable}"`,
    sorted(found),
    sorted(users.map(({ item }) => item)),
  )
  assertSame(`All users of another tenant in "${usersTable}"`, foreign, [])
  for (const [index, { kind, table, item, key }] of samples.entries()) {
    const seen = read[index] ?? {}
    assertSame(`The item ${JSON.stringify(key)} of "${table}"`, [seen], [item])
    assertShape(kind, seen)
  }
}

function assertSame(what: string, found: readonly Item[], expected: readonly Item[]): void {
  const canonical = (items: readonly Item[]) => JSON.stringify(items.map((item) => Object.entries(item).sort()))
  if (canonical(found) === canonical(expected)) return
  throw new RemedyError(
    `${what} came back otherwise than it was written: expected ${shorten(JSON.stringify(expected))}, found ${shorten(JSON.stringify(found))}.`,
    'Find out what else writes into this table, such as a stream or a trigger, then run again.',
  )
}

function assertShape(kind: ItemKind, item: Item): void {
  const problems = problemsOfItem(kind, item)
  if (problems.length === 0) return
  throw new RemedyError(
    `An item of ${kind} is not in the shape of docs/schemas: ${problems.join('; ')}.`,
    'This is a mistake of the action. Please report it.',
  )
}

/** Its cause has no place of its own, behind another error. */
function tellWithCause(error: unknown): string {
  const { message, causes } = describeError(error)
  return causes[0] === undefined || error instanceof StoppedError ? message : `${message} (${causes[0]})`
}

/** What would have let the deletion through, such as a permission by its name. */
function remedyOf(error: unknown): string {
  return describeError(error).remedy ?? ''
}

interface LeftItem {
  readonly sample: Sample
  readonly error: unknown
}

/** @returns those that may still be there */
async function deleteAll(items: ItemStore, samples: readonly Sample[]): Promise<readonly LeftItem[]> {
  const left = await Promise.all(
    samples
      .filter(({ state }) => state !== 'unsent')
      .map(async (sample): Promise<readonly LeftItem[]> => {
        try {
          await items.delete(sample.table, sample.key)
          // A write without an answer may arrive after the deletion. A look that finds it deletes it for good.
          if (sample.state === 'unknown' && (await items.get(sample.table, sample.key)) !== undefined) {
            await items.delete(sample.table, sample.key)
          }
          return []
        } catch (error) {
          return [{ sample, error }]
        }
      }),
  )
  return left.flat()
}

function nameSample({ table, key }: Sample): string {
  return `${JSON.stringify(key)} in "${table}"`
}

function tableOf({ tables }: Plan, logicalName: ItemKind): string {
  const found = tables.find((table) => table.logicalName === logicalName)
  if (found === undefined) throw new Error(`There is no table ${logicalName} in the plan`)
  return found.name
}

function keyOf({
  tenant_id,
  user_id,
}: Readonly<Record<'tenant_id', string> & Partial<Record<'user_id', string>>>): Item {
  return { tenant_id, ...(user_id === undefined ? {} : { user_id }) }
}

function sorted(items: readonly Item[]): readonly Item[] {
  return [...items].sort((left, right) => ((left.user_id ?? '') < (right.user_id ?? '') ? -1 : 1))
}
