/** Tags. Reads lag writes. The calls find a new table late, and lose a deleted table before DescribeTable does. */
import { limitExceeded, notFound, validationError } from './errors.ts'
import { inUse } from './jobs.ts'
import type { Input, OperationContext } from './parameters.ts'
import { shapes } from './parameters.ts'
import { type Shape, statusOf, type TableRecord } from './table-record.ts'

const maximumTags = 50
const tagCharacters = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u

/** @throws {AwsError} ValidationException for the first invalid tag */
export function readTags(value: unknown): ReadonlyMap<string, string> {
  const tags = shapes(value)
  for (const { Key, Value } of tags) {
    checkTagKey(Key)
    if (typeof Value !== 'string' || Value.length > 256 || !tagCharacters.test(Value)) {
      throw validationError(`The Tag Value provided is invalid, Value: ${Value ?? null}`)
    }
  }
  const keys = tags.map(({ Key }) => Key as string)
  const twice = keys.find((key, index) => keys.indexOf(key) !== index)
  if (twice !== undefined) {
    throw validationError(`Duplicate Tag Keys provided as input: Duplicate Tag Key found ${twice}`)
  }
  checkTagCount(keys)
  return new Map(tags.map(({ Key, Value }) => [Key as string, Value as string]))
}

function checkTagKey(key: unknown): void {
  if (typeof key !== 'string' || key.length < 1 || key.length > 128 || !tagCharacters.test(key)) {
    throw validationError(`The Tag Key provided is invalid, Key: ${key ?? null}`)
  }
  if (/^aws:/i.test(key)) throw validationError(`Tag Key cannot be prefixed with aws:, Key: ${key}`)
}

function checkTagCount(keys: readonly string[]): void {
  if (keys.filter((key) => !key.startsWith('aws:')).length > maximumTags) {
    throw validationError('Number of Tags exceed the current limit for the provided ResourceArn')
  }
}

/** Lists all tags on one page, as AWS does for up to 50. NextToken is ignored. */
export function listTags(context: OperationContext, record: TableRecord): Shape {
  refuseUnlessKnown(context, record)
  const now = context.now()
  const isYoung = statusOf(record, now) === 'CREATING'
  const shown = now < record.tagsShownAt ? record.tagsBefore : record.tags
  return { Tags: isYoung ? [] : [...shown].map(([Key, Value]) => ({ Key, Value })) }
}

export function tagResource(context: OperationContext, record: TableRecord, input: Input): Shape {
  const added = readTags(input.Tags)
  if (added.size === 0) throw validationError('Atleast one Tag needs to be provided as Input.')
  refuseUnlessKnown(context, record)
  if (statusOf(record, context.now()) === 'CREATING') throw inUse(record, `Table is being created: ${record.name}`)
  return writeTags(context, record, new Map([...record.tags, ...added]), added)
}

export function untagResource(context: OperationContext, record: TableRecord, input: Input): Shape {
  const keys = input.TagKeys as readonly string[]
  if (keys.length === 0) throw validationError('Atleast one Tag Key needs to be provided as Input.')
  for (const key of keys) checkTagKey(key)
  checkTagCount(keys)
  refuseUnlessKnown(context, record)
  if (statusOf(record, context.now()) === 'CREATING') return {}
  return writeTags(context, record, new Map([...record.tags].filter(([key]) => !keys.includes(key))))
}

/**
 * Writes tags and locks them for a time. During the lock, only a write that contains the locking one is accepted.
 *
 * @param set the tags of a TagResource; undefined for UntagResource
 */
function writeTags(
  context: OperationContext,
  record: TableRecord,
  tags: ReadonlyMap<string, string>,
  set?: ReadonlyMap<string, string>,
): Shape {
  const now = context.now()
  if (isTagLocked(record, now)) {
    const inFlight = [...record.tagsInFlight]
    const isContained = inFlight.length > 0 && inFlight.every(([key, value]) => set?.get(key) === value)
    if (!isContained) throw limitExceeded(`Table tags are being updated: ${record.name}`)
  }
  if (isSame(tags, record.tags)) return {}
  if (statusOf(record, now) === 'DELETING') throw inUse(record, `Table is being deleted: ${record.name}`)
  checkTagCount([...tags.keys()])
  if (now >= record.tagsShownAt) record.tagsBefore = record.tags
  record.tags = tags
  record.tagsInFlight = set ?? new Map()
  record.tagsShownAt = now + context.timings.tagsLag
  record.tagsLockedUntil = now + context.timings.tagsLock
  return {}
}

export function isTagLocked({ tagsLockedUntil }: TableRecord, now: number): boolean {
  return now < tagsLockedUntil
}

function isSame(left: ReadonlyMap<string, string>, right: ReadonlyMap<string, string>): boolean {
  return left.size === right.size && [...left].every(([key, value]) => right.get(key) === value)
}

/** @throws {AwsError} ResourceNotFoundException at the beginning of CREATING and at the end of DELETING */
function refuseUnlessKnown({ timings, now }: OperationContext, record: TableRecord): void {
  const status = statusOf(record, now())
  const isTooYoung = status === 'CREATING' && now() < record.createdAt + timings.tagsUnreadable
  const isForgotten =
    status === 'DELETING' && record.deletedAt !== undefined && now() >= record.deletedAt + timings.tagsForgotten
  if (isTooYoung || isForgotten) throw notFound(`ResourceArn: ${record.arn} not found`)
}
