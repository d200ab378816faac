/** TagResource, UntagResource and ListTagsOfResource. */
import { arn, createEmulator, type Emulator, name, users } from './emulator.ts'

let emulator: Emulator

beforeEach(() => {
  emulator = createEmulator()
})

type Tags = Readonly<Record<string, string>>

const list = (tags: Tags) => Object.entries(tags).map(([Key, Value]) => ({ Key, Value }))
const tag = (tags: Tags) => emulator.call('TagResource', { ResourceArn: arn, Tags: list(tags) })
const untag = (...TagKeys: string[]) => emulator.call('UntagResource', { ResourceArn: arn, TagKeys })
const refusedTag = (tags: Tags) => emulator.refusal('TagResource', { ResourceArn: arn, Tags: list(tags) })
const refusedUntag = (...TagKeys: string[]) => emulator.refusal('UntagResource', { ResourceArn: arn, TagKeys })
const shown = (input: object = {}): Tags => {
  const { Tags } = emulator.call('ListTagsOfResource', { ResourceArn: arn, ...input })
  return Object.fromEntries((Tags as { Key: string; Value: string }[]).map(({ Key, Value }) => [Key, Value]))
}
const fifty = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`k${index}`, '1']))
const locked = 'LimitExceededException: Subscriber limit exceeded: Table tags are being updated: users'
const tooMany = 'ValidationException: Number of Tags exceed the current limit for the provided ResourceArn'
const notFound = `ResourceNotFoundException: Requested resource not found: ResourceArn: ${arn} not found`

describe('the tags of a new table', () => {
  it('are not found at first, then empty, then complete with ACTIVE (101)', () => {
    emulator.call('CreateTable', { ...users, Tags: list({ team: 'core' }) })
    expect(emulator.refusal('ListTagsOfResource', { ResourceArn: arn })).toBe(notFound)
    expect(refusedTag({ a: '1' })).toBe(notFound)
    expect(refusedUntag('a')).toBe(notFound)
    emulator.advance(5.6)
    expect(shown()).toEqual({})
    expect(refusedTag({ a: '1' })).toMatch(/^ResourceInUseException: .*Table is being created: users$/)
    untag('team')
    emulator.advance(0.4)
    expect(shown()).toEqual({ team: 'core' })
    tag({ a: '1' })
  })
})

describe('the tag lock after a tag write', () => {
  beforeEach(() => emulator.settled({ Tags: list({ committed: '1' }) }))

  it('rejects other tag writes and DeleteTable for 1.65 seconds (103, 172, 440)', () => {
    tag({ a: '1' })
    expect(refusedTag({ b: '1' })).toBe(locked)
    expect(refusedTag({ a: '2' })).toBe(locked)
    expect(refusedUntag('a')).toBe(locked)
    expect(emulator.refusal('DeleteTable')).toMatch(/^ResourceInUseException: .*Table tags are being updated: users$/)
    emulator.advance(1.64)
    expect(refusedTag({ b: '1' })).toBe(locked)
    emulator.advance(0.01)
    tag({ b: '1' })
    emulator.advance(1.65)
    emulator.call('DeleteTable')
  })

  it('rejects a no-op that does not contain the locking write (440)', () => {
    tag({ a: '1' })
    expect(refusedTag({ committed: '1' })).toBe(locked)
    expect(refusedUntag('absent')).toBe(locked)
  })

  it('accepts an identical write and a superset (440)', () => {
    tag({ a: '1' })
    tag({ a: '1' })
    tag({ a: '1', b: '2', committed: '1' })
    expect(refusedTag({ a: '1' })).toBe(locked)
    emulator.advance(2)
    expect(shown()).toEqual({ a: '1', b: '2', committed: '1' })
  })

  it('rejects every tag write after UntagResource', () => {
    untag('committed')
    expect(refusedTag({ committed: '1' })).toBe(locked)
    expect(refusedUntag('committed')).toBe(locked)
  })

  it('does not start after a no-op (172, 441)', () => {
    tag({ committed: '1' })
    untag('absent')
    tag({ a: '1' })
  })

  it('does not block UpdateTable, recovery and time to live (172)', () => {
    tag({ a: '1' })
    emulator.update({ DeletionProtectionEnabled: true })
    emulator.call('UpdateTimeToLive', { ...name, TimeToLiveSpecification: { Enabled: true, AttributeName: 'at' } })
    emulator.call('UpdateContinuousBackups', {
      ...name,
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
    })
  })
})

describe('ListTagsOfResource', () => {
  it('returns the old tags for 1.9 seconds after a write (102)', () => {
    emulator.settled()
    tag({ a: '1' })
    emulator.advance(1.8)
    expect(shown()).toEqual({})
    emulator.advance(0.1)
    expect(shown()).toEqual({ a: '1' })
    untag('a')
    expect(shown()).toEqual({ a: '1' })
    emulator.advance(1.9)
    expect(shown()).toEqual({})
  })

  it('returns 50 tags on one page, and ignores an invalid NextToken (073, 108)', () => {
    emulator.settled({ Tags: list(fifty) })
    const answer = emulator.call('ListTagsOfResource', { ResourceArn: arn, NextToken: 'nonsense' })
    expect(answer).toEqual({ Tags: list(fifty) })
  })
})

describe('a tag', () => {
  beforeEach(() => emulator.settled())

  it('accepts letters of any script, digits, spaces, + - = . _ : / @, and an empty value (106, 372)', () => {
    const tags = { 'ключ 1': 'a+b-c=d.e_f:g/h@i', ' leading': '', ['k'.repeat(128)]: 'v'.repeat(256), 'myaws:x': '1' }
    tag(tags)
    emulator.advance(2)
    expect(shown()).toEqual(tags)
  })

  it.each<[string, Tags, string]>([
    ['# in its key', { 'bad#char': '1' }, 'The Tag Key provided is invalid, Key: bad#char'],
    ['# in its value', { a: 'bad#char' }, 'The Tag Value provided is invalid, Value: bad#char'],
    ['% in its value', { a: '100%' }, 'The Tag Value provided is invalid, Value: 100%'],
    ['an empty key', { '': '1' }, 'The Tag Key provided is invalid, Key: '],
    ['a key of 129 characters', { ['k'.repeat(129)]: '1' }, `The Tag Key provided is invalid, Key: ${'k'.repeat(129)}`],
    [
      'a value of 257 characters',
      { a: 'v'.repeat(257) },
      `The Tag Value provided is invalid, Value: ${'v'.repeat(257)}`,
    ],
    ['a key prefix of AWS', { 'AWS:x': '1' }, 'Tag Key cannot be prefixed with aws:, Key: AWS:x'],
  ])('with %s is rejected together with the other tags of the request (105, 106, 107, 110)', (_, tags, message) => {
    expect(refusedTag({ good: '1', ...tags })).toBe(`ValidationException: ${message}`)
    emulator.advance(2)
    expect(shown()).toEqual({})
    const creation = { ...users, TableName: 'other', Tags: list({ good: '1', ...tags }) }
    expect(emulator.refusal('CreateTable', creation)).toBe(`ValidationException: ${message}`)
  })

  it('without a value, without a key, or twice in a request is rejected (107)', () => {
    const refusal = (...Tags: object[]) => emulator.refusal('TagResource', { ResourceArn: arn, Tags })
    expect(refusal({ Key: 'a' })).toBe('ValidationException: The Tag Value provided is invalid, Value: null')
    expect(refusal({ Value: '1' })).toBe('ValidationException: The Tag Key provided is invalid, Key: null')
    expect(refusal({ Key: 'a', Value: '1' }, { Key: 'a', Value: '2' })).toBe(
      'ValidationException: Duplicate Tag Keys provided as input: Duplicate Tag Key found a',
    )
  })

  it('is required in TagResource and UntagResource (107)', () => {
    expect(refusedTag({})).toBe('ValidationException: Atleast one Tag needs to be provided as Input.')
    expect(refusedUntag()).toBe('ValidationException: Atleast one Tag Key needs to be provided as Input.')
  })

  it('with a key prefix of AWS or an invalid key cannot be removed (105)', () => {
    expect(refusedUntag('aws:x')).toBe('ValidationException: Tag Key cannot be prefixed with aws:, Key: aws:x')
    expect(refusedUntag('k'.repeat(129))).toMatch(/^ValidationException: The Tag Key provided is invalid/)
  })
})

describe('the limit of 50 tags', () => {
  it('applies to the tags after the write and to the request itself (108)', () => {
    emulator.settled({ Tags: list(fifty) })
    expect(refusedTag({ more: '1' })).toBe(tooMany)
    expect(refusedTag({ k1: '2', more: '1' })).toBe(tooMany)
    tag({ k1: '2' })
    emulator.advance(2)
    expect(refusedUntag(...Object.keys(fifty), 'more')).toBe(tooMany)
    expect(emulator.refusal('CreateTable', { ...users, TableName: 'other', Tags: list({ ...fifty, more: '1' }) })).toBe(
      tooMany,
    )
  })
})

describe('an ARN in a tag operation', () => {
  it.each([
    ['is not an ARN', 'not-an-arn', "ValidationException: .*ARNs must start with 'arn:': not-an-arn"],
    ['is the name of a table', 'users', "ValidationException: .*ARNs must start with 'arn:': users"],
    ['is of another account', arn.replace('222222222222', '000000000000'), 'AccessDeniedException: Access is denied'],
    ['is of another region', arn.replace('ap-south-1', 'eu-west-1'), 'ValidationException'],
    ['is of another service', 'arn:aws:s3:::bucket', 'ValidationException: .*not a DynamoDB resource arn'],
    ['is of a stream', `${arn}/stream/2026-01-01T00:00:00.000`, 'ResourceNotFoundException'],
    ['is in upper case', arn.replace('users', 'USERS'), 'ResourceNotFoundException'],
  ])('that %s is rejected (071)', (_, ResourceArn, refusal) => {
    emulator.settled()
    for (const [operation, input] of [
      ['ListTagsOfResource', {}],
      ['TagResource', { Tags: list({ a: '1' }) }],
      ['UntagResource', { TagKeys: ['a'] }],
    ] as const) {
      expect(emulator.refusal(operation, { ResourceArn, ...input })).toMatch(new RegExp(`^${refusal}`))
    }
  })
})

describe('a table that is DELETING', () => {
  beforeEach(() => {
    emulator.settled({ Tags: list({ a: '1' }) })
    emulator.call('DeleteTable')
  })

  it('returns its tags for 1.4 seconds, and is then not found by tag operations (104, 374, 455)', () => {
    emulator.advance(1.3)
    expect(shown()).toEqual({ a: '1' })
    emulator.advance(0.1)
    expect(emulator.table().TableStatus).toBe('DELETING')
    expect(emulator.refusal('ListTagsOfResource', { ResourceArn: arn })).toBe(notFound)
    expect(refusedTag({ a: '2' })).toBe(notFound)
    expect(refusedUntag('a')).toBe(notFound)
  })

  it('accepts a no-op, and rejects other tag writes (104, 374)', () => {
    tag({ a: '1' })
    expect(refusedTag({ a: '2' })).toMatch(/^ResourceInUseException: .*Table is being deleted: users$/)
  })
})

it('a table that is UPDATING accepts tag writes (104)', () => {
  emulator.settled()
  emulator.update({ StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' } })
  expect(emulator.table().TableStatus).toBe('UPDATING')
  tag({ a: '1' })
  emulator.advance(2)
  expect(shown()).toEqual({ a: '1' })
})
