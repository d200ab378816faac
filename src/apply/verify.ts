/**
 * Verifies the tables: they match their definitions, and sample items can be written, found by their tenant alone, and
 * deleted.
 */
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

/** Never throws: the verification has the error. Refusals are reported with the plan. */
export async function verifyTables(work: VerificationWork): Promise<Verification> {
  const { plan, sampleItems } = work
  if (plan.refusals.length > 0) return { sampleItems: false }
  let samples: Samples | undefined
  try {
    assertAsDefined(plan)
    if (sampleItems) samples = makeSamples(work)
  } catch (error) {
    return { sampleItems, itemState: 'unwritten', error }
  }
  return samples === undefined ? { sampleItems } : await verifySampleItems(work, samples)
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
  readonly kind: ItemKind
  readonly table: string
  readonly item: Item
  readonly key: Item
  /** `unknown`: a try of the write has no response. It may arrive late, even after the deletion of the item. */
  state: 'unsent' | 'unknown' | 'written'
}

interface Samples {
  readonly tenant: Sample
  readonly users: readonly Sample[]
  readonly all: readonly Sample[]
  readonly usersTable: string
  readonly tenantId: string
  /** The ID of a tenant that has no users. */
  readonly otherTenantId: string
}

function makeSamples({ plan, run: { clock } }: VerificationWork): Samples {
  const made = makeSampleItems(clock.uuid, clock.now())
  const { tenant_id: tenantId } = made.tenant
  const makeSample = (kind: ItemKind, item: Item, sortKey: Item): Sample => {
    return { kind, table: tableOf(plan, kind), item, key: { tenant_id: tenantId, ...sortKey }, state: 'unsent' }
  }
  const tenant = makeSample('tenant', made.tenant, {})
  const users = made.users.map((user) => makeSample('users', user, { user_id: user.user_id }))
  return {
    tenant,
    users,
    all: [tenant, ...users],
    usersTable: tableOf(plan, 'users'),
    tenantId,
    otherTenantId: made.otherTenantId,
  }
}

function tableOf({ tables }: Plan, logicalName: ItemKind): string {
  const found = tables.find((table) => table.logicalName === logicalName)
  if (found === undefined) throw new Error(`The plan has no table ${logicalName}`)
  return found.name
}

async function verifySampleItems({ itemsWithin, run }: VerificationWork, samples: Samples): Promise<Verification> {
  let failure: unknown
  try {
    const items = itemsWithin(run)
    await assertReadable(items, samples)
    // A run that is killed cannot report its items any more, so their keys are logged before they are written.
    run.log.info(`Sample items, to be deleted again: writing ${samples.all.map(nameSample).join('; ')}`)
    await settleAll(samples.all.map((sample) => write(items, sample)))
    await assertFound(items, samples)
  } catch (error) {
    failure = error
  }
  const left = await deleteAll(itemsWithin(cleaningRun(run)), samples.all)
  const warnings = samples.all.filter(({ state }) => state === 'unknown').map(warnOfLateWrite)
  const verification = { sampleItems: true, ...(warnings.length === 0 ? {} : { warnings }) }
  if (left.length > 0) return { ...verification, error: explainLeftItems(left, failure, warnings.length === 0) }
  if (failure === undefined) return verification
  const itemState = samples.all.every(({ state }) => state === 'unsent') ? 'unwritten' : 'deleted'
  return { ...verification, itemState, error: failure }
}

/** Sends each kind of read before the first write, so that a read that is not allowed fails before an item exists. */
async function assertReadable(items: ItemStore, { tenant, users, usersTable, otherTenantId }: Samples): Promise<void> {
  await Promise.all([
    ...[tenant, ...users.slice(0, 1)].map(({ table, key }) => items.get(table, key)),
    items.query(usersTable, 'tenant_id', otherTenantId),
  ])
}

/** Like `Promise.all`, but waits for all works before it throws: a work in progress may still write. */
async function settleAll(works: readonly Promise<unknown>[]): Promise<void> {
  const settled = await Promise.allSettled(works)
  const failed = settled.find((each) => each.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}

async function write(items: ItemStore, sample: Sample): Promise<void> {
  assertShape(sample.kind, sample.item)
  sample.state = 'unknown'
  try {
    const written = await items.putIfAbsent(sample.table, sample.item, 'tenant_id')
    if (!written.isOutcomeUnknown) sample.state = 'written'
  } catch (error) {
    if (!isOutcomeUnknown(error)) sample.state = 'unsent'
    // The key is new, so the item is our own: an earlier try without a response wrote it.
    const isOwn = error instanceof DynamoDbError && error.code === 'ConditionalCheckFailedException'
    if (!isOwn || sample.state === 'unsent') throw error
  }
}

async function assertFound(
  items: ItemStore,
  { users, all, usersTable, tenantId, otherTenantId }: Samples,
): Promise<void> {
  const [ofTenant, ofOtherTenant, ...read] = await Promise.all([
    items.query(usersTable, 'tenant_id', tenantId),
    items.query(usersTable, 'tenant_id', otherTenantId),
    ...all.map(({ table, key }) => items.get(table, key)),
  ])
  const written = users.map(({ item }) => item)
  assertSame(`all users of the tenant ${tenantId} in "${usersTable}"`, sorted(ofTenant), sorted(written))
  assertSame(`all users of another tenant in "${usersTable}"`, ofOtherTenant, [])
  for (const [index, { kind, table, item, key }] of all.entries()) {
    const found = read[index] ?? {}
    assertSame(`the item ${JSON.stringify(key)} of "${table}"`, [found], [item])
    assertShape(kind, found)
  }
}

function sorted(items: readonly Item[]): readonly Item[] {
  return [...items].sort((left, right) => ((left.user_id ?? '') < (right.user_id ?? '') ? -1 : 1))
}

function assertSame(name: string, found: readonly Item[], expected: readonly Item[]): void {
  const comparable = (items: readonly Item[]) => JSON.stringify(items.map((item) => Object.entries(item).sort()))
  if (comparable(found) === comparable(expected)) return
  throw new RemedyError(
    `The response for ${name} does not match what was written: expected ${shorten(JSON.stringify(expected))}, found ${shorten(JSON.stringify(found))}.`,
    'Find out what else writes into this table, such as a stream or a trigger, then run again.',
  )
}

function assertShape(kind: ItemKind, item: Item): void {
  const problems = problemsOfItem(kind, item)
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
        const { table, key, state } = sample
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
function nameSample({ table, key }: Sample): string {
  return `${JSON.stringify(key)} in "${table}"`
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
