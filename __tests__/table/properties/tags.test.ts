import type { ListTagsOfResourceOutput } from '@aws-sdk/client-dynamodb'
import * as v from 'valibot'
import { isManaged, isOfOtherEnvironment, sortTags, type Tags, tags } from '../../../src/table/properties/tags.ts'
import type { Ask } from '../../../src/table/request.ts'
import { parseValue } from '../../../src/table/response.ts'
import { comparison, managedOnly, tagged } from '../../support/builders.ts'

const own = tagged({ 'tenant-tables:environment': 'dev', 'tenant-tables:managed-by': 'tenant-tables' })
const ofDev = tagged({ 'tenant-tables:environment': 'dev' })
const managed = managedOnly
const ofEnvironment = (name: string) => tagged({ 'tenant-tables:environment': name })
const numbered = (count: number) =>
  tagged(Object.fromEntries(Array.from({ length: count }, (_, at) => [`k${at}`, 'v'])))

const changes = (from: Tags, to: Tags) => tags.changes(from, to, comparison)

describe('changes', () => {
  it('writes tags that are missing or have another value, and ignores undeclared tags', () => {
    const from = [...tagged({ a: 'old', other: 'y', same: 'x' }), ...managed]
    expect(changes(from, tagged({ a: '2', b: '1', same: 'x' }))).toEqual([
      { kind: 'update', from: tagged({ a: 'old' }), to: tagged({ a: '2', b: '1' }), risk: 'safe' },
    ])
    expect(changes(from, tagged({ a: 'old', same: 'x' }))).toEqual([])
  })

  it('distinguishes an empty value from an absent tag', () => {
    const empty = tagged({ a: '' })
    expect(changes(managed, empty)).toMatchObject([{ from: [], to: empty }])
    expect(changes([...empty, ...managed], tagged({ a: 'x' }))).toMatchObject([{ from: empty, to: tagged({ a: 'x' }) }])
  })

  it('leaves the tag of the environment as it is where only the case differs', () => {
    expect(changes([...ofEnvironment('DEV'), ...managed], own)).toEqual([])
    expect(changes(managed, own)).toEqual([{ kind: 'update', from: [], to: ofDev, risk: 'safe' }])
  })

  it.each<[string, Tags, readonly string[]]>([
    ['of another environment', [...ofEnvironment('staging'), ...managed], ['change-environment']],
    ['that this action did not create', ofDev, ['adopt-table']],
    ['that another tool manages', tagged({ 'tenant-tables:managed-by': 'terraform' }), ['adopt-table']],
    ['without tags', [], ['adopt-table']],
    [
      'of another environment and not created by this action',
      ofEnvironment('qa'),
      ['change-environment', 'adopt-table'],
    ],
  ])('needs lines of allow to write the tags of a table %s', (_, from, allow) => {
    expect(changes(from, own)).toMatchObject([{ kind: 'update', risk: { allow } }])
  })

  it('needs no line of allow for an environment that the definition does not name', () => {
    const from = [...ofEnvironment('staging'), ...managed]
    expect(changes(from, managed)).toEqual([])
    expect(changes(from, [...managed, ...tagged({ team: 'x' })])).toMatchObject([{ risk: 'safe' }])
  })

  it('writes all tags that differ at once, also where they change the environment', () => {
    const from = [...ofEnvironment('staging'), ...managed, ...tagged({ team: 'other' })]
    const to = [...own, ...tagged({ team: 'core' })]
    expect(changes(from, to)).toMatchObject([{ to: [...ofDev, ...tagged({ team: 'core' })] }])
  })

  it('is impossible beyond 50 tags, those of AWS not counted', () => {
    const aws = tagged({ 'aws:reserved': 'x' })
    expect(changes([...numbered(48), ...managed, ...aws], own)).toMatchObject([{ kind: 'update' }])
    expect(changes([...numbered(49), ...managed], own)).toEqual([
      {
        kind: 'impossible',
        reason: 'The table "users" would carry 51 tags: 2 declared ones beside 49 others. DynamoDB allows 50.',
        remedy: 'Declare fewer tags, or remove unneeded tags from the table.',
      },
    ])
  })
})

it('sends TagResource with the ARN of the table', () => {
  expect(tags.request?.({ name: 'users', arn: 'arn' }, { from: own, to: own })).toEqual({
    operation: 'TagResource',
    input: { ResourceArn: 'arn', Tags: own },
  })
})

it('refuses two values of one key, and a key without characters', () => {
  for (const wrong of [[...own, ...ofDev], [{ Key: '', Value: 'x' }]]) expect(v.is(tags.schema, wrong)).toBe(false)
  expect(v.is(tags.schema, own)).toBe(true)
})

it('sorts tags by code unit, in whatever order they arrive', () => {
  const all = ['Z', 'a', 'Ä', '__proto__', '10', '9', 'constructor'].map((Key) => ({ Key, Value: 'v' }))
  const sorted = ['10', '9', 'Z', '__proto__', 'a', 'constructor', 'Ä']
  for (const order of [all, all.toReversed()]) expect(sortTags(order).map(({ Key }) => Key)).toEqual(sorted)
})

it.each([
  ['aws:reserved', true],
  ['AWS:x', true],
  ['aws', false],
  ['awsome', false],
  ['my-aws:x', false],
])("knows whether %s is one of AWS's own tags, which it does not report: %s", (key, isOwn) => {
  const reported = [{ path: `tags.${key}`, value: 'v' }]
  expect(tags.unmanaged?.([{ Key: key, Value: 'v' }], [])).toEqual(isOwn ? [] : reported)
})

it('knows whose table it is by the two tags of this action', () => {
  expect([isManaged(own), isManaged(ofDev), isManaged([])]).toEqual([true, false, false])
  expect(['DEV', 'qa'].map((name) => isOfOtherEnvironment(own, name))).toEqual([false, true])
  expect(isOfOtherEnvironment(managed, 'qa')).toBe(false)
})

describe('reading', () => {
  const asked: unknown[] = []
  /** Reads the pages one by one; the last one again and again. */
  const readFrom = async (...pages: readonly (ListTagsOfResourceOutput | undefined)[]) => {
    asked.length = 0
    const ask = (async (_: unknown, { NextToken }: { NextToken?: string }) => {
      asked.push(NextToken)
      return pages[Math.min(asked.length, pages.length) - 1]
    }) as Ask
    if (tags.reading.kind !== 'asked') throw new Error('Tags have a call of their own')
    const value = await tags.reading.ask(ask, { name: 'users', arn: 'arn' })
    return value === undefined ? undefined : parseValue('Tags', tags.schema, value)
  }

  it('reads all pages, sorts the tags, and takes the last value of a key', async () => {
    const first = { Tags: [...tagged({ b: 'old' })], NextToken: 'more' }
    const second = { Tags: [{ Key: 'b', Value: '' }, ...tagged({ a: '1' })] }
    await expect(readFrom(first, second)).resolves.toEqual(tagged({ a: '1', b: '' }))
    expect(asked).toEqual([undefined, 'more'])
  })

  it('stops paging where a token repeats', async () => {
    await expect(readFrom({ Tags: [], NextToken: 'again' })).resolves.toEqual([])
    expect(asked).toEqual([undefined, 'again'])
  })

  it('is undefined, not an incomplete set, where the table disappears between two pages', async () => {
    await expect(readFrom({ Tags: [...managed], NextToken: 'more' }, undefined)).resolves.toBeUndefined()
  })

  it.each<[string, ListTagsOfResourceOutput]>([
    ['Tags is no list', {}],
    ['Tags: 0.Key: ', { Tags: [{ Key: undefined, Value: 'x' }] }],
    ['Tags: 0.Value: ', { Tags: [{ Key: 'team', Value: undefined }] }],
  ])('does not read a wrong answer as a table without tags: %s', async (message, answer) => {
    await expect(readFrom(answer)).rejects.toThrow(message)
  })
})
