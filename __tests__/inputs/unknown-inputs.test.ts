import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { inputNames } from '../../src/inputs/input-reader.ts'
import { commonGuesses, findUnknownInputs } from '../../src/inputs/unknown-inputs.ts'

/** As the runner passes inputs on. */
const variablesOf = (inputs: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(inputs).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value]))
const find = (inputs: Readonly<Record<string, string>>) => findUnknownInputs(variablesOf(inputs), inputNames)
const suggestionFor = (name: string) => /Did you mean (.*?)\?/.exec(find({ [name]: 'x' }).problems[0] ?? '')?.[1]

it('the known inputs are those of action.yml, in its order', () => {
  const { inputs } = parse(readFileSync('action.yml', 'utf8')) as { inputs: Record<string, unknown> }
  expect(inputNames).toEqual(Object.keys(inputs))
})

it('every input of action.yml is known, and other variables are no inputs', () => {
  const all = Object.fromEntries(inputNames.map((name) => [name, 'x']))
  const variables = { ...variablesOf(all), PATH: '/bin', REGION: 'x', MY_INPUT_REGION: 'x', INPUT: 'x' }
  expect(findUnknownInputs(variables, inputNames)).toEqual({ problems: [], warnings: [] })
})

it.each([
  ['enviroment', 'environment'],
  ['enviorment', 'environment'],
  ['environemnt', 'environment'],
  ['environments', 'environment'],
  ['table-name-prefx', 'table-name-prefix'],
  ['tablename-prefix', 'table-name-prefix'],
  ['deletion-protecton', 'deletion-protection'],
  ['delition-protection', 'deletion-protection'],
  ['point-in-time-recover', 'point-in-time-recovery'],
  ['production-enviroments', 'production-environments'],
  ['prodution', 'production'],
  ['role-to-asume', 'role-to-assume'],
  ['allowed-acount-id', 'allowed-account-ids'],
  ['comand', 'command'],
  ['alow', 'allow'],
  ['tag', 'tags'],
  ['confirm-destory', 'confirm-destroy'],
  ['fail-on-drfit', 'fail-on-drift'],
  // As a variable of the job, or by a runner that replaces hyphens.
  ['role_to_assume', 'role-to-assume'],
  ['table_name_prefx', 'table-name-prefix'],
])('the misspelt input %s is a problem that suggests %s', (name, meant) => {
  expect(suggestionFor(name)).toBe(meant)
})

it.each([
  ['table-prefix', 'table-name-prefix'],
  ['region', 'aws-region'],
  ['role-arn', 'role-to-assume'],
  ['role', 'role-to-assume'],
  ['dry-run', 'command: plan'],
  ['dry_run', 'command: plan'],
  ['env', 'environment'],
  ['prefix', 'table-name-prefix'],
  ['account-ids', 'allowed-account-ids'],
  ['aws-role-to-assume', 'role-to-assume'],
  ['point-in-time-recovery-enabled', 'point-in-time-recovery'],
  ['plan', 'command: plan'],
  ['check', 'command: plan'],
  ['is-prod', 'production'],
  ['protection', 'deletion-protection'],
])('the common guess %s is a problem that suggests %s', (name, meant) => {
  expect(suggestionFor(name)).toBe(meant)
})

it.each(['mode', 'action', 'operation'])('an input %s with the value plan suggests command: plan', (name) => {
  expect(find({ [name]: 'plan' }).problems).toEqual([expect.stringContaining('Did you mean command: plan?')])
  expect(find({ [name]: 'fast' }).problems).toEqual([])
})

it('every common guess suggests an input that exists, and is none itself', () => {
  expect(commonGuesses.size).toBeGreaterThan(50)
  for (const [guess, meant] of commonGuesses) {
    expect([guess, inputNames.some((name) => name === guess)]).toEqual([guess, false])
    expect([guess, [...inputNames, 'command: plan']]).toEqual([guess, expect.arrayContaining([meant])])
  }
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
])('an input of other actions, %s, is no misspelling, and is named in a warning', (name) => {
  expect(find({ [name]: 'x' })).toEqual({
    problems: [],
    warnings: [`The action does not have these inputs and ignores them: "${name}".`],
  })
})

it('an input that is set empty counts as not given', () => {
  expect(find({ enviroment: '', region: ' \n', token: '', path: '  ' })).toEqual({ problems: [], warnings: [] })
})

it('an input that the runner passes on in both spellings is no problem, unless their values differ', () => {
  const both = { 'role-to-assume': 'a', role_to_assume: 'a ' }
  expect(find(both)).toEqual({ problems: [], warnings: [] })
  expect(find({ ...both, role_to_assume: 'b' }).problems).toHaveLength(1)
  expect(find({ role_to_assume: 'a' }).problems).toHaveLength(1)
})

it('a problem says what was meant, and how to go on where nothing was', () => {
  expect(find({ enviroment: 'secret-value' }).problems).toEqual([
    'enviroment is not an input of this action. Did you mean environment? If it is not meant for this action, set INPUT_ENVIROMENT to an empty text in the env of this step.',
  ])
})

it('problems and the warning come in one order, whatever the order of the variables is', () => {
  const found = find({ token: 'x', region: 'x', path: 'x', env: 'x' })
  expect(found.problems.map((problem) => problem.split(' ')[0])).toEqual(['env', 'region'])
  expect(found.warnings).toEqual([expect.stringMatching(/: "path", "token"\.$/)])
  expect(find({ env: 'x', path: 'x', region: 'x', token: 'x' })).toEqual(found)
})

it('the warning stays short, however many inputs there are and however long their names are', () => {
  const many = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`${index}${'x'.repeat(5000)}`, 'x']))
  const { problems, warnings } = find(many)
  expect([problems, warnings.length]).toEqual([[], 1])
  expect(warnings[0]).toContain('and 980 more.')
  expect(warnings[0]?.length).toBeLessThan(4096)
})

it('names that hold what does not show are written out', () => {
  expect(find({ 'a\nb\u0000': 'x' }).warnings[0]).toContain('"a\\nb\\u0000"')
  expect(find({ 'environmen\u202et': 'x' }).problems[0]).toMatch(/^environmen\\u\{202e\}t is not an input/)
})
