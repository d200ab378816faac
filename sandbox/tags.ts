/** Tags: an own store beside the table's, which learns of a table late, forgets it early, and shows writes late. */
import { limitExceeded, notFound, validationError } from './errors.ts'
import { inUse } from './jobs.ts'
import type { Circumstances, Input } from './parameters.ts'
import { shapes } from './parameters.ts'
import { type Shape, statusOf, type TableRecord } from './table-record.ts'

const mostTags = 50
const tagCharacters = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u

/** @throws {AwsError} ValidationException for the first tag that is wrong; then none of them is set */
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
  if (keys.filter((key) => !key.startsWith('aws:')).length > mostTags) {
    throw validationError('Number of Tags exceed the current limit for the provided ResourceArn')
  }
}

/** All of them, on one page: a table has 50 at most. A NextToken means nothing, whatever it is. */
export function listTags(plane: Circumstances, record: TableRecord): Shape {
  refuseUnlessKnown(plane, record)
  const now = plane.now()
  const isYoung = statusOf(record, now) === 'CREATING'
  const shown = now < record.tagsShownAt ? record.tagsBefore : record.tags
  return { Tags: isYoung ? [] : [...shown].map(([Key, Value]) => ({ Key, Value })) }
}

export function tagResource(plane: Circumstances, record: TableRecord, input: Input): Shape {
  const added = readTags(input.Tags)
  if (added.size === 0) throw validationError('Atleast one Tag needs to be provided as Input.')
  refuseUnlessKnown(plane, record)
  if (statusOf(record, plane.now()) === 'CREATING') throw inUse(record, `Table is being created: ${record.name}`)
  return writeTags(plane, record, new Map([...record.tags, ...added]), added)
}

export function untagResource(plane: Circumstances, record: TableRecord, input: Input): Shape {
  const keys = input.TagKeys as readonly string[]
  if (keys.length === 0) throw validationError('Atleast one Tag Key needs to be provided as Input.')
  for (const key of keys) checkTagKey(key)
  checkTagCount(keys)
  refuseUnlessKnown(plane, record)
  if (statusOf(record, plane.now()) === 'CREATING') return {}
  return writeTags(plane, record, new Map([...record.tags].filter(([key]) => !keys.includes(key))))
}

/**
 * A write that changes something locks the tags for a while. Meanwhile only one that sets at least the same is accepted.
 *
 * @param set what the write sets; undefined where it only takes away
 */
function writeTags(
  plane: Circumstances,
  record: TableRecord,
  tags: ReadonlyMap<string, string>,
  set?: ReadonlyMap<string, string>,
): Shape {
  const now = plane.now()
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
  record.tagsShownAt = now + plane.timings.tagsLag
  record.tagsLockedUntil = now + plane.timings.tagsLock
  return {}
}

export function isTagLocked({ tagsLockedUntil }: TableRecord, now: number): boolean {
  return now < tagsLockedUntil
}

function isSame(left: ReadonlyMap<string, string>, right: ReadonlyMap<string, string>): boolean {
  return left.size === right.size && [...left].every(([key, value]) => right.get(key) === value)
}

/** @throws {AwsError} ResourceNotFoundException while the table is too young, or too far on its way to be gone */
function refuseUnlessKnown({ timings, now }: Circumstances, record: TableRecord): void {
  const status = statusOf(record, now())
  const isTooYoung = status === 'CREATING' && now() < record.createdAt + timings.tagsUnreadable
  const isForgotten =
    status === 'DELETING' && record.deletedAt !== undefined && now() >= record.deletedAt + timings.tagsForgotten
  if (isTooYoung || isForgotten) throw notFound(`ResourceArn: ${record.arn} not found`)
}
