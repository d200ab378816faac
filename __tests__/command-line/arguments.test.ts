import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { mayStandAlone, readArguments } from '../../src/command-line/arguments.ts'
import { renderHelp } from '../../src/command-line/help.ts'
import { declarations, inputNames } from '../../src/inputs/declarations.ts'
import { readInputs } from '../../src/inputs/inputs.ts'
import type { InputDeclaration } from '../../src/inputs/parsers.ts'
import { sourceOf } from '../support/builders.ts'

const read = (words: string, variables = {}) => readArguments(words.split(' '), variables)
const inputsOf = (words: string) => {
  const result = read(words)
  if (result.kind !== 'run') throw new Error(JSON.stringify(result))
  return result.inputs
}
const problemsOf = (words: string, variables = {}) => {
  const result = read(words, variables)
  return result.kind === 'wrong' ? result.problems : []
}

it('takes the first argument for the command, and the flags for inputs, in both forms', () => {
  expect(inputsOf('plan --environment dev --aws-region=ap-south-1 --table-name-prefix=a=--b')).toEqual({
    command: 'plan',
    environment: 'dev',
    'aws-region': 'ap-south-1',
    'table-name-prefix': 'a=--b',
  })
})

it('takes a flag that stands alone for true', () => {
  expect(inputsOf('plan --fail-on-drift --comment=false --wait-for-indexes false --production')).toEqual({
    command: 'plan',
    'fail-on-drift': 'true',
    comment: 'false',
    'wait-for-indexes': 'false',
    production: 'true',
  })
  expect(inputNames.filter(mayStandAlone)).toEqual([
    ...['production', 'restrict-session', 'deletion-protection', 'point-in-time-recovery', 'wait-for-indexes'],
    ...['fail-on-drift', 'comment', 'sample-items', 'destroy'],
  ])
})

it('joins the values of a repeated flag by lines', () => {
  expect(inputsOf('destroy --confirm-destroy tenant --environment dev --confirm-destroy=users')).toEqual({
    command: 'destroy',
    environment: 'dev',
    'confirm-destroy': 'tenant\nusers',
  })
})

it('lets exactly those flags be repeated whose inputs have lines', () => {
  const repeatable = inputNames.filter(
    (name) => name !== 'github-token' && problemsOf(`plan --${name}=a --${name}=b`).length === 0,
  )
  expect(repeatable).toEqual([
    ...['production-environments', 'role-to-assume', 'role-session-tags', 'allowed-account-ids', 'tags', 'allow'],
    'confirm-destroy',
  ])
  for (const name of repeatable) {
    // No value of such an input is rejected for having two lines.
    const reported: string[] = []
    const { parse: parseInput }: InputDeclaration<unknown> = declarations[name]
    const context = { name, variables: {}, definition: undefined, report: (problem: string) => reported.push(problem) }
    parseInput('a\nb', context)
    expect(reported.filter((problem) => problem.includes('\\n'))).toEqual([])
  }
  expect(problemsOf('plan --aws-region a --aws-region b')).toEqual([
    '--aws-region is given 2 times, but takes one value. Give it once.',
  ])
})

it.each([['help'], ['--help'], ['-h'], ['plan --help'], ['plan --unknown --help'], ['help plan']])(
  'shows the help for %j',
  (words) => {
    expect(read(words)).toEqual({ kind: 'help' })
  },
)

it('shows the version', () => {
  expect(read('--version')).toEqual({ kind: 'version' })
})

const choices = 'Begin with one of apply, plan, verify, destroy, policy.'

it.each([
  ['plan --enviroment dev', ['--enviroment is not a flag. Did you mean --environment?']],
  ['plan --aws_region=x', ['--aws_region is not a flag. Did you mean --aws-region?']],
  ['plan --Environment dev', ['--Environment is not a flag. Did you mean --environment?']],
  ['plan --region x', ['--region is not a flag. Did you mean --aws-region?']],
  ['plan --profile work', ['--profile is not a flag. Set the environment variable AWS_PROFILE.']],
  ['plan --token ghs_secret', ['--token is not a flag. Set the environment variable GITHUB_TOKEN.']],
  ['plan --def tables.yml', ['--def is not a flag. Did you mean --definition-file?']],
  [
    'plan --aws-session-token x',
    ['--aws-session-token is not a flag. Set the environment variable AWS_SESSION_TOKEN.'],
  ],
  ['plan --verbose', ['--verbose is not a flag. The log is always complete.']],
  ['plan -v', ['-v is not a flag. Did you mean --version?']],
  ['apply dev', ['"dev" follows no flag. Did you mean --environment dev?']],
  [
    'apply dev --environment prod',
    ['"dev" follows no flag. Repeat the flag for each value, such as --tags team=a --tags zone=b.'],
  ],
  ['apply --dry-run', ['--dry-run is not a flag. Did you mean the command plan?']],
  ['plan --colour', ['--colour is not a flag. --help lists the flags.']],
  ['plan -abc', ['-a is not a flag. --help lists the flags.']],
  ['plan -environment', ['-e is not a flag. --help lists the flags.']],
  ['plan --constructor x', ['--constructor is not a flag. --help lists the flags.']],
  ['plan --__proto__ x', ['--__proto__ is not a flag. --help lists the flags.']],
  ['plan --aws-region', ['--aws-region has no value. Write --aws-region=VALUE.']],
  ['plan --aws-region --comment', ['--aws-region has no value. Write --aws-region=VALUE.']],
  ['plan --command apply', ['--command is not a flag. Give the command as the first argument.']],
  ['--environment dev', [`The command is missing. ${choices}`]],
  ['plam', [`"plam" is not a command. ${choices}`]],
  ['Plan', [`"Plan" is not a command. ${choices}`]],
  [
    'plan --tags a=b c=d',
    ['"c=d" follows no flag. Repeat the flag for each value, such as --tags team=a --tags zone=b.'],
  ],
  [
    'plan -- dev',
    [
      '"--" follows no flag. Repeat the flag for each value, such as --tags team=a --tags zone=b.',
      '"dev" follows no flag. Repeat the flag for each value, such as --tags team=a --tags zone=b.',
    ],
  ],
])('explains what is wrong with %j', (words, problems) => {
  expect(problemsOf(words)).toEqual(problems)
})

it('finds everything that is wrong at once', () => {
  expect(problemsOf('plam --enviroment dev --aws-region --foo x y')).toHaveLength(5)
})

it.each(['plan --github-token ghs_secret', 'plan --github-token=ghs_secret', 'plan --gh-token ghs_secret'])(
  'does not take a token from the command line, and does not show it: %s',
  (words) => {
    const [problem = '', ...more] = problemsOf(words)
    expect(more).toEqual([])
    expect(problem).toContain('Set the environment variable GITHUB_TOKEN.')
    expect(problem).not.toContain('secret')
  },
)

it('refuses inputs in environment variables beside flags, unless they are empty', () => {
  expect(problemsOf('plan --environment dev', { INPUT_ENVIRONMENT: 'prod', INPUT_TAGS: ' ' })).toEqual([
    'The environment has INPUT_ENVIRONMENT, but a command takes its inputs from flags only. Unset it, or leave all arguments out.',
  ])
  expect(problemsOf('plan --environment dev', { INPUT_ENVIRONMENT: 'prod', INPUT_TAGS: 'a=b' })).toEqual([
    'The environment has INPUT_ENVIRONMENT, INPUT_TAGS, but a command takes its inputs from flags only. Unset them, or leave all arguments out.',
  ])
})

describe('the help', () => {
  const action = readFileSync('action.yml', 'utf8')
  const help = renderHelp(action)
  const inputs = Object.entries(
    (parse(action) as { inputs: Record<string, { description: string; default: string }> }).inputs,
  )
  const unwrapped = help.replace(/\n +/g, ' ')

  it.each(inputs.filter(([name]) => name !== 'command'))('has the description of %s', (name, { description }) => {
    expect(unwrapped).toContain(description)
    if (name === 'github-token') expect(help).not.toContain(`--${name}`)
    else expect(help).toMatch(new RegExp(`^  --${name}[ [\\n]`, 'm'))
  })

  it('has the defaults, and says of every command what it does', () => {
    for (const [name, { default: byDefault }] of inputs) {
      if (byDefault === '' || name === 'command' || name === 'github-token') continue
      expect(help).toMatch(new RegExp(`^  --${name}\\S* ?.*default: ${byDefault}`, 'm'))
    }
    for (const command of declarations.command.choices ?? []) {
      expect(help).toMatch(new RegExp(`^  ${command} +[a-z].*\\.$`, 'm'))
    }
  })

  it('has two examples, which are right', () => {
    const [, examples = ''] = /\nExamples:\n([\s\S]*?)\n\n/.exec(help.replace(/\\\n +/g, '')) ?? []
    const commands = examples.split('\n').map((line) => inputsOf(line.replace(/^ {2}tenant-tables /, '')))
    expect(commands).toEqual([
      { command: 'plan', environment: 'dev', 'aws-region': 'ap-south-1' },
      expect.objectContaining({ command: 'apply', tags: 'team=planner', 'role-to-assume': expect.any(String) }),
    ])
    for (const inputs of commands) expect(() => readInputs(sourceOf(inputs, {}))).not.toThrow()
  })

  it('begins with what the action does, as package.json does', () => {
    const { description } = JSON.parse(readFileSync('package.json', 'utf8'))
    expect(parse(action).description).toBe(description)
    expect(help.replaceAll('\n', ' ').startsWith(`${description}  Usage: `)).toBe(true)
  })

  it('has lines of at most 90 characters', () => {
    expect(help.split('\n').filter((line) => line.length > 90)).toEqual([])
  })
})
