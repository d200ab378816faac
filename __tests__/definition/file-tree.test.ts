import { locate, parseFile, plainValue } from '../../src/definition/file-tree.ts'

/** The value of a file without problems. */
function readValue(text: string): unknown {
  const { root, problems } = parseFile(text)
  expect(problems).toEqual([])
  return root === undefined ? undefined : plainValue(root)
}

function problemsIn(text: string): readonly string[] {
  return parseFile(text).problems.map(({ line, column, path, message }) =>
    [`${line}:${column}`, path.join('.'), message].filter(Boolean).join(' '),
  )
}

it.each([
  ['YAML in blocks', 'a:\n  - b: 1\n    c: true\n  - x\n'],
  ['YAML in one line', '{ a: [{ b: 1, c: true }, x] }'],
  ['JSON', '{"a": [{"b": 1, "c": true}, "x"]}'],
  [
    'JSON that is indented by tabs, with line ends of Windows',
    '{\r\n\t"a": [\r\n\t\t{"b": 1, "c": true},\r\n\t\t"x"\r\n\t]\r\n}\r\n',
  ],
  ['an anchor and an alias', '{ a: [&one { b: 1, c: true }, x] }'],
])('reads %s', (_, text) => {
  expect(readValue(text)).toEqual({ a: [{ b: 1, c: true }, 'x'] })
})

it('reads the scalars of YAML 1.2: yes, dates and numbers with a leading zero are not what they are in YAML 1.1', () => {
  expect(readValue('[yes, on, 2026-01-31, 010, null, ~, 1.5, "1"]')).toEqual([
    'yes',
    'on',
    '2026-01-31',
    10,
    null,
    null,
    1.5,
    '1',
  ])
})

it('replaces an alias by the last anchor of that name before it', () => {
  expect(readValue('a: &x 1\nb: *x\nc: &x 2\nd: *x\n')).toEqual({ a: 1, b: 1, c: 2, d: 2 })
})

it.each([
  ['an empty file', '', ['1:1 is empty. Give the tables under "tables:"; examples/tables.yml has the built-in two.']],
  ['comments alone', '# tables:\n', [expect.stringContaining('is empty.')]],
  ['a repeated key', 'a: 1\nb: { c: 1, "c": 2 }\n', ['2:12 b.c is given twice. Remove one of the two.']],
  ['a key that is a list', '? [a]\n: 1\n', ['1:3 has a key that is no text.']],
  ['a tag of CloudFormation', 'a: !Ref x\n', [expect.stringContaining('1:4 a has the tag !Ref, which is not read.')]],
  [
    'a tag that makes bytes',
    'a: !!binary aGk=\n',
    [expect.stringContaining('1:4 a has the tag !!binary, which is not read.')],
  ],
  [
    'a second document',
    'a: 1\n---\nb: 2\n',
    ['2:1 has a second document, but a definition is one document. Remove the line with ---.'],
  ],
  [
    'another version of YAML',
    '%YAML 1.1\n---\na: yes\n',
    ['1:1 has the directive %YAML 1.1, but only YAML 1.2 is read. Remove the directive.'],
  ],
  ['an alias without its anchor', 'a: *x\n', ['1:4 a uses the alias *x, but nothing before it has the anchor &x.']],
  ['an alias to what contains it', 'a: &x { b: *x }\n', ['1:12 a.b contains itself by an alias.']],
  ['a tab as indentation', 'a:\n\tb: 1\n', ['2:1 is no YAML that can be read. Tabs are not allowed as indentation.']],
  ['a list without its end', 'a: [1\n', [expect.stringMatching(/^2:1 is no YAML that can be read. Flow sequence/)]],
  ['31 levels', `${'['.repeat(32)}${']'.repeat(32)}`, [expect.stringContaining('has more than 30 levels.')]],
])('refuses %s', (_, text, problems) => {
  expect(problemsIn(text)).toEqual(problems)
})

describe('a file that is made to cost time or memory', () => {
  it.each([
    ['lists in lists', '['.repeat(50_000)],
    ['mappings in mappings', '{a: '.repeat(20_000)],
    ['sequences on one line', '- '.repeat(50_000)],
  ])('is refused for its levels: %s', (_, text) => {
    expect(problemsIn(text)).toEqual([expect.stringContaining('has more than 30 levels.')])
  })

  it('is refused for its values: ten aliases to ten aliases, nine times', () => {
    const levels = Array.from(
      { length: 9 },
      (_, level) => `a${level + 1}: &a${level + 1} [${`*a${level}, `.repeat(10)}]`,
    )
    expect(problemsIn(['a0: &a0 x', ...levels].join('\n'))).toEqual([
      expect.stringContaining('has more than 50000 values, counting each use of an alias.'),
    ])
  })

  it('is refused for its tags, each of which is reported with its path', () => {
    const problems = problemsIn(`a: [${'!b c,'.repeat(40_000)}]`)
    expect(problems).toHaveLength(40_000)
    expect(problems.at(-1)).toContain(' a.39999 has the tag !b, which is not read.')
  })

  it('is refused for its values: many aliases to one value', () => {
    expect(problemsIn(`a: &a x\nb: [${'*a,'.repeat(50_001)}]`)).toEqual([
      expect.stringContaining('has more than 50000 values'),
    ])
  })
})

it.each<[readonly (string | number)[], boolean, number, number]>([
  [[], false, 1, 1],
  // A scalar is found itself, a list or a mapping by its name.
  [['tables', 'users', 'TableName'], false, 3, 16],
  [['tables', 'users', 'TableName'], true, 3, 5],
  [['tables', 'users', 'KeySchema'], false, 4, 5],
  [['tables', 'users', 'KeySchema', 0], false, 5, 9],
  [['tables', 'users', 'KeySchema', 0, 'KeyType'], false, 6, 18],
  // A missing value has the place of the value that lacks it.
  [['tables', 'users', 'KeySchema', 0, 'AttributeType'], false, 5, 9],
  [['tables', 'orders', 'KeySchema', 0], false, 1, 1],
])('finds the place of %j', (path, isOfName, line, column) => {
  const block =
    'tables:\n  users:\n    TableName: abc\n    KeySchema:\n      - AttributeName: id\n        KeyType: HASH'
  const { root } = parseFile(block)
  if (root === undefined) throw new Error('The file is legal')
  expect(locate(root, path, isOfName)).toEqual({ line, column })
})
