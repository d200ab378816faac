import { hub, key, problemsOf, read, type Texts } from './reading.ts'

const lines = (count: number) => Array.from({ length: count }, (_, index) => `key-${index}=value`).join('\n')

it.each<[string, Readonly<Record<string, string>>]>([
  ['team=core\n\n zone = a \r\nempty=', { team: 'core', zone: 'a', empty: '' }],
  // The first equals sign ends the key.
  ['formula=a=b', { formula: 'a=b' }],
  ['formula = a=b', { formula: 'a=b' }],
  ['formula=a = b', { formula: 'a = b' }],
  ['formula= = b', { formula: '= b' }],
  ['filter=a==b', { filter: 'a==b' }],
  ['padding=YQ== ', { padding: 'YQ==' }],
  ['title=one two three', { title: 'one two three' }],
  ['title=a=b and c', { title: 'a=b and c' }],
  ['sum=1 + 1 == 2', { sum: '1 + 1 == 2' }],
  ['key=of YQ==', { key: 'of YQ==' }],
  ['cost center=42', { 'cost center': '42' }],
  ['my-aws:x=1\naws=2\nmy-tenant-tables:y=3', { 'my-aws:x': '1', aws: '2', 'my-tenant-tables:y': '3' }],
  ['Ü 1_.:/+-@=a_.:/=+-@ 日本', { 'Ü 1_.:/+-@': 'a_.:/=+-@ 日本' }],
  [`${'k'.repeat(128)}=${'v'.repeat(256)}`, { ['k'.repeat(128)]: 'v'.repeat(256) }],
  // AWS counts code points, not UTF-16 units.
  [`${'𠀀'.repeat(128)}=${'𠀀'.repeat(256)}`, { ['𠀀'.repeat(128)]: '𠀀'.repeat(256) }],
])('reads the tags of %j', (tags, expected) => {
  expect(read({ tags }).tags).toEqual(new Map(Object.entries(expected)))
})

it('reads the tag key __proto__', () => {
  expect([...read({ tags: '__proto__=x' }).tags]).toEqual([['__proto__', 'x']])
})

const characters = 'letters, digits, spaces and _ . : / = + - @.'

it.each([
  ['=value', 'must have key=value on each line, but has "=value".'],
  ['word', 'must have key=value on each line, but has "word".'],
  ['aws:x=1', 'has the key "aws:x", but keys that begin with aws: or tenant-tables: are reserved.'],
  ['AWS:x=1', 'has the key "AWS:x", but keys that begin with aws: or tenant-tables: are reserved.'],
  ['tenant-tables:a=x', 'has the key "tenant-tables:a", but keys that begin with aws: or tenant-tables: are reserved.'],
  ['a=1\na=2', 'has the key "a" twice. Give each key once.'],
  ['a<b=1', `has the key "a<b", but a key may have at most 128 ${characters}`],
  ['a\u3164b=1', `has the key "a\u3164b", but a key may have at most 128 ${characters}`],
  [`${'k'.repeat(129)}=1`, `(129 characters), but a key may have at most 128 ${characters}`],
  ['k=a|b', `has the key "k" with the value "a|b", but a value may have at most 256 ${characters}`],
  [`k=${'v'.repeat(257)}`, `(257 characters), but a value may have at most 256 ${characters}`],
])('refuses the tags %j', (tags, problem) => {
  expect(problemsOf({ tags })).toEqual([expect.stringMatching(/^tags (has|must have) /)])
  expect(problemsOf({ tags })).toEqual([expect.stringContaining(problem)])
  expect(problemsOf({ 'role-to-assume': hub, 'role-session-tags': tags }, key)).toEqual([
    expect.stringContaining(problem),
  ])
})

it.each([
  'team=platform cost-center=42',
  'team=platform cost center=42',
  'team = platform cost-center = 42',
  'team=platform\tcost-center=42',
  'team=platform team=platform',
  'team=core platform owner=a b zone=c',
  'empty= team=core',
  'note=a b=',
  'note=the cost = 5',
  'team=platform, cost-center=42',
])('refuses tags that YAML joined into one line: %j', (line) => {
  const problem = `tags has several key=value on one line: ${JSON.stringify(line)}. Write "tags: |" and each value on a line of its own; without "|" YAML joins the lines into one. A value that has a space and then a word with = is refused.`
  expect(problemsOf({ tags: line })).toEqual([problem])
  expect(problemsOf({ tags: `zone=a\n${line}\n` })).toEqual([problem])
})

it('reports every tag that is wrong', () => {
  expect(problemsOf({ tags: 'word\naws:x=1\ngood=1\nk=a|b' })).toHaveLength(3)
})

it('allows 48 tags for a table, because the action adds two, and 50 for a session', () => {
  const ofSession = (count: number): Texts => ({ 'role-to-assume': hub, 'role-session-tags': lines(count) })
  expect(read({ tags: lines(48) }).tags.size).toBe(48)
  expect(problemsOf({ tags: lines(49) })).toEqual([
    'tags has 49 tags, but a table has at most 50, and the action adds 2. Give 48 or fewer.',
  ])
  expect(read(ofSession(50), key).sessionTags.size).toBe(50)
  expect(problemsOf(ofSession(51), key)).toEqual(['role-session-tags has 51 tags, but STS takes at most 50.'])
})

it('refuses for a session two keys that differ in case only, which are one key to STS', () => {
  expect(read({ tags: 'Team=a\nteam=b' }).tags.size).toBe(2)
  expect(problemsOf({ 'role-to-assume': hub, 'role-session-tags': 'Team=a\nteam=b' }, key)).toEqual([
    'role-session-tags has the key "team" in upper and lower case, which is one key to STS. Give each key once.',
  ])
})
