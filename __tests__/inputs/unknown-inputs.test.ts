import { inputNames } from '../../src/inputs/declarations.ts'
import { commonGuesses, findUnknownInputs } from '../../src/inputs/unknown-inputs.ts'

/** The variables in which the runner passes inputs on. */
const variablesOf = (inputs: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(inputs).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value]))
const find = (inputs: Readonly<Record<string, string>>) => findUnknownInputs(variablesOf(inputs))
const suggestionFor = (name: string) => /Did you mean (.*?)\?/.exec(find({ [name]: 'x' }).problems[0] ?? '')?.[1]

it('knows every input of the action, and takes other variables for no inputs', () => {
  const all = Object.fromEntries(inputNames.map((name) => [name, 'x']))
  const variables = { ...variablesOf(all), PATH: '/bin', REGION: 'x', MY_INPUT_REGION: 'x', INPUT: 'x' }
  expect(findUnknownInputs(variables)).toEqual({ problems: [], warnings: [] })
})

/** Misspelt names, and names that other actions use, by what is meant. Underscores come from variables or from a runner. */
const misnamed = {
  environment: 'enviroment enviorment environemnt environments env',
  'table-name-prefix': 'table-name-prefx tablename-prefix table_name_prefx table-prefix prefix',
  'deletion-protection': 'deletion-protecton delition-protection protection',
  'point-in-time-recovery': 'point-in-time-recover point-in-time-recovery-enabled',
  'production-environments': 'production-enviroments',
  production: 'prodution is-prod',
  'role-to-assume': 'role-to-asume role_to_assume role-arn role aws-role-to-assume',
  'allowed-account-ids': 'allowed-acount-id account-ids',
  command: 'comand commnad',
  'command: plan': 'dry-run dry_run plan check',
  allow: 'alow',
  tags: 'tag',
  'aws-region': 'region',
  'confirm-destroy': 'confirm-destory',
  'fail-on-drift': 'fail-on-drfit',
}

it.each(Object.entries(misnamed).flatMap(([meant, names]) => names.split(' ').map((name) => [name, meant] as const)))(
  'refuses the misspelt or guessed input %s, and suggests %s',
  (name, meant) => {
    expect(suggestionFor(name)).toBe(meant)
  },
)

it.each(['mode', 'action', 'operation'])(
  'refuses an input %s with the value plan, and suggests command: plan',
  (name) => {
    expect(find({ [name]: 'plan' }).problems).toEqual([expect.stringContaining('Did you mean command: plan?')])
    expect(find({ [name]: 'fast' }).problems).toEqual([])
  },
)

it('guesses no name that is an input itself', () => {
  const guesses = Object.values(commonGuesses).flatMap((names) => names.split(' '))
  expect(guesses.length).toBeGreaterThan(50)
  expect(new Set(guesses).size).toBe(guesses.length)
  expect(guesses.filter((guess) => inputNames.some((name) => name === guess))).toEqual([])
})

it.each([
  ...['token', 'node-version', 'path', 'repository', 'ref', 'cache', 'cache-dependency-path', 'working-directory'],
  ...['args', 'name', 'version', 'registry', 'push', 'context', 'file', 'files', 'script', 'commit', 'deploy', 'key'],
  ...['mask-aws-account-id', 'aws-access-key-id', 'aws-secret-access-key', 'aws-session-token', 'role-chaining'],
  ...['role-skip-session-tagging', 'inline-session-policy', 'managed-session-policies', 'output-credentials'],
  ...[
    'tabs',
    'bags',
    'retention-days',
    'if-no-files-found',
    'fetch-depth',
    'submodules',
    'build-args',
    'platforms',
    'constructor',
  ],
])('warns of %s, an input of other actions, and does not take it for a spelling mistake', (name) => {
  expect(find({ [name]: 'x' })).toEqual({
    problems: [],
    warnings: [`The action does not have these inputs and ignores them: "${name}".`],
  })
})

it('takes an empty input for one that is not given', () => {
  expect(find({ enviroment: '', region: ' \n', token: '', path: '  ' })).toEqual({ problems: [], warnings: [] })
})

it('accepts an input that the runner passes on in both spellings, unless their values differ', () => {
  const both = { 'role-to-assume': 'a', role_to_assume: 'a ' }
  expect(find(both)).toEqual({ problems: [], warnings: [] })
  expect(find({ ...both, role_to_assume: 'b' }).problems).toHaveLength(1)
  expect(find({ role_to_assume: 'a' }).problems).toHaveLength(1)
})

it('says which input was meant, and what to do where none was', () => {
  expect(find({ enviroment: 'secret-value' }).problems).toEqual([
    'enviroment is not an input of this action. Did you mean environment? If it is not meant for this action, set INPUT_ENVIROMENT to an empty text in the env of this step.',
  ])
})

it('reports unknown inputs in the same order, whatever the order of the variables is', () => {
  const found = find({ token: 'x', region: 'x', path: 'x', env: 'x' })
  expect(found.problems.map((problem) => problem.split(' ')[0])).toEqual(['env', 'region'])
  expect(found.warnings).toEqual([expect.stringMatching(/: "path", "token"\.$/)])
  expect(find({ env: 'x', path: 'x', region: 'x', token: 'x' })).toEqual(found)
})

it('keeps the warning short, however many inputs there are and however long their names are', () => {
  const many = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`${index}${'x'.repeat(5000)}`, 'x']))
  const { problems, warnings } = find(many)
  expect([problems, warnings.length]).toEqual([[], 1])
  expect(warnings[0]).toContain('and 980 more inputs.')
  expect(warnings[0]?.length).toBeLessThan(4096)
})

it('escapes invisible characters in names', () => {
  expect(find({ 'a\nb\u0000': 'x' }).warnings[0]).toContain('"a\\nb\\u0000"')
  expect(find({ 'environmen\u202et': 'x' }).problems[0]).toMatch(/^environmen\\u\{202e\}t is not an input/)
})
