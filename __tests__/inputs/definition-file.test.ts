import { builtInDefinition } from '../../src/definition/built-in.ts'
import { RemedyError } from '../../src/errors/errors.ts'
import { loadDefinitionFile } from '../../src/inputs/definition-file.ts'
import { key, problemsOf, provisioner, read, type Texts } from './reading.ts'

const orders = `
tables:
  orders:
    KeySchema: [{ AttributeName: id, KeyType: HASH }]
    AttributeDefinitions: [{ AttributeName: id, AttributeType: S }]
environments:
  Staging:
    tables:
      orders: { TableName: staging-orders }
`

describe('the file that definition-file names', () => {
  const load = (path: string, readFile: (path: string) => Promise<string> = async () => orders) =>
    loadDefinitionFile((name) => (name === 'definition-file' ? path : ''), readFile)

  it('is not read if the input is empty', async () => {
    const readFile = () => Promise.reject(new Error('a file is read'))
    await expect(load(' ', readFile)).resolves.toBeUndefined()
  })

  it('is read, and its problems name it as the input does', async () => {
    await expect(load(' .github/tables.yml\n')).resolves.toMatchObject({ definition: { tenantKey: 'tenant_id' } })
    await expect(load('.github/tables.yml', async () => 'tables: 1')).resolves.toEqual({
      problems: ['.github/tables.yml:1:9: tables: must be a mapping of names to values, but is 1.'],
    })
  })

  it('is a problem with the inputs if it cannot be read', async () => {
    const readFile = async () => {
      throw new RemedyError('The file "x" is outside the workspace.', 'Give another path.')
    }
    await expect(load('x', readFile)).resolves.toEqual({
      problems: ['definition-file: The file "x" is outside the workspace. Give another path.'],
    })
  })

  it('does not hide an unexpected error', async () => {
    const readFile = async () => {
      throw new TypeError('unexpected')
    }
    await expect(load('x', readFile)).rejects.toThrow('unexpected')
  })
})

it('is the definition of the run', () => {
  expect([...read({}, {}, orders).definition.tables.keys()]).toEqual(['orders'])
  expect(read().definition).toBe(builtInDefinition)
})

it('reports the problems of the file and of all other inputs at once, in the order of action.yml', () => {
  const inputs: Texts = { command: 'Plan', 'timeout-seconds': 'x' }
  expect(problemsOf(inputs, {}, 'tables:\n  users: 1\n  orders: 2\n')).toEqual([
    expect.stringContaining('command must be one of'),
    'tables.yml:2:10: tables.users: must be a mapping of names to values, but is 1.',
    'tables.yml:3:11: tables.orders: must be a mapping of names to values, but is 2.',
    expect.stringContaining('timeout-seconds must be'),
  ])
})

it('concludes nothing about the tables from a file with problems', () => {
  const inputs: Texts = { command: 'destroy', 'confirm-destroy': 'orders', 'table-name-prefix': 'x-', tags: 'a=b' }
  expect(problemsOf(inputs, {}, 'tables: 1')).toEqual([expect.stringContaining('tables.yml:1:9: tables: must be')])
})

it.each<[Texts, readonly string[]]>([
  [{ 'deletion-protection': 'auto', 'point-in-time-recovery': 'auto' }, []],
  [
    { 'deletion-protection': 'true' },
    [
      'deletion-protection is true, but with a definition-file the definition decides. Leave the input out, and set DeletionProtectionEnabled in "tables.yml".',
    ],
  ],
  [
    { 'point-in-time-recovery': 'false' },
    [
      'point-in-time-recovery is false, but with a definition-file the definition decides. Leave the input out, and set PointInTimeRecoverySpecification in "tables.yml".',
    ],
  ],
])('takes the protection from the file alone: %j', (inputs, problems) => {
  expect(problemsOf(inputs, {}, orders)).toEqual(problems)
})

it.each<[string, string, boolean]>([
  ['dev', 'x-orders', true],
  ['STAGING', 'x-staging-orders', true],
  ['STAGING', 'x-orders', false],
  ['dev', 'tenant\nusers', false],
])('in %s, destroy needs the names of the tables in the definition: %j', (environment, names, isRight) => {
  const inputs = { command: 'destroy', environment, 'table-name-prefix': 'x-', 'confirm-destroy': names }
  expect(problemsOf(inputs, {}, orders)).toHaveLength(isRight ? 0 : 1)
})

it('restricts a session to the tables of the definition in the environment', () => {
  const given = {
    'role-to-assume': provisioner,
    'restrict-session': 'true',
    'table-name-prefix': 'x-',
    command: 'plan',
  }
  const resourcesIn = (environment: string) =>
    JSON.parse(read({ ...given, environment }, key, orders).sessionPolicy ?? '').Statement[0].Resource
  const arn = 'arn:aws:dynamodb:ap-south-1:222222222222:table/x-'
  expect([resourcesIn('dev'), resourcesIn('staging')].flat()).toEqual([`${arn}orders`, `${arn}staging-orders`])
})

it('refuses a table-name-prefix for the names of every environment', () => {
  const rule = 'but a name must have 3 to 255 letters, digits and _ . - and nothing else.'
  expect(problemsOf({ 'table-name-prefix': 'a b-' }, {}, orders)).toEqual([
    `table-name-prefix makes the table name "a b-orders", ${rule}`,
    `table-name-prefix makes the table name "a b-staging-orders", ${rule}`,
  ])
  expect(problemsOf({ 'table-name-prefix': 'x'.repeat(245) }, {}, orders)).toEqual([
    expect.stringContaining('(259 characters)'),
  ])
})

it('refuses tags of the input that are too many together with those of the file', () => {
  const tags = (count: number, start: string) => Array.from({ length: count }, (_, index) => `${start}${index}`)
  const file = `${orders}\ndefaults: { Tags: [${tags(40, 'a')
    .map((Key) => `{ Key: ${Key}, Value: x }`)
    .join(', ')}] }`
  const given = (names: readonly string[]) => ({ tags: names.map((name) => `${name}=y`).join('\n') })
  // The same key counts once.
  expect(problemsOf(given([...tags(8, 'b'), 'a0']), {}, file)).toEqual([])
  expect(problemsOf(given(tags(9, 'b')), {}, file)).toEqual([
    'tags has 9 tags, which make 51 with those that the definition and the action give the table "orders". A table has at most 50.',
  ])
})

it('reports an environment that the file does not have', () => {
  expect(read({ environment: 'stagin' }, {}, orders).definitionNotices).toEqual([
    {
      level: 'warning',
      message:
        'The definition file has no environment "stagin", so its tables and defaults apply as they are. Did you mean "Staging"?',
    },
  ])
})
