/**
 * `npm run demo`: runs the committed bundle as GitHub's runner does, ten times, and checks the end of each run. Writes the
 * pull request comment and a job summary as pages into demo/.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters, styleText } from 'node:util'
import { renderGitHubPage } from './github-page.ts'
import { measuredTimings, type Timings } from './options.ts'
import { type Sandbox, startSandbox } from './sandbox.ts'
import { externalId, hubRole, provisionerRole, twoAccounts } from './two-accounts.ts'

// Relative to lib/sandbox, the folder of the compiled demo.
const bundle = fileURLToPath(new URL('../../dist/index.js', import.meta.url))
const pages = fileURLToPath(new URL('../../demo/', import.meta.url))

const { stdout, env } = process
const isColoured = env.NO_COLOR ? false : env.FORCE_COLOR ? env.FORCE_COLOR !== '0' : stdout.isTTY
/** Lines of steps are cut to a terminal, and nowhere else. */
const lineWidth = stdout.columns ?? Number.POSITIVE_INFINITY
/** Sentences are wrapped. */
const width = Math.min(lineWidth, 120)
const indent = 2

const definitionFile = `tables:
  tenant:
    KeySchema: [{ AttributeName: tenant_id, KeyType: HASH }]
    AttributeDefinitions: [{ AttributeName: tenant_id, AttributeType: S }]
  users:
    KeySchema: [{ AttributeName: tenant_id, KeyType: HASH }, { AttributeName: user_id, KeyType: RANGE }]
    AttributeDefinitions:
      - { AttributeName: tenant_id, AttributeType: S }
      - { AttributeName: user_id, AttributeType: S }
      - { AttributeName: email, AttributeType: S }
    GlobalSecondaryIndexes:
      - { IndexName: by-email, KeySchema: [{ AttributeName: email, KeyType: HASH }], Projection: { ProjectionType: ALL } }
    TimeToLiveSpecification: { AttributeName: expires_at, Enabled: true }
`

const pullRequest = { repository: 'acme/app', number: 7, headSha: '5f2c8e1d7b9a4c3e6f0d1a2b3c4d5e6f7a8b9c0d' } as const
const gitHubToken = 'ghs_tokenOfTheDemo'

/** Durations of AWS are shortened, so that an index is built before the action asks for it a second time. */
const shortened = 600
const timings = Object.fromEntries(
  Object.entries(measuredTimings).map(([name, milliseconds]) => [name, milliseconds / shortened]),
) as unknown as Timings

function startDemoSandbox(): Promise<Sandbox> {
  return startSandbox({
    ...twoAccounts('dev'),
    timings,
    gitHub: {
      tokens: [
        {
          token: gitHubToken,
          login: 'github-actions[bot]',
          type: 'Bot',
          permissions: { contents: 'read', 'pull-requests': 'write' },
        },
      ],
      pullRequests: [{ ...pullRequest, state: 'open' }],
    },
  })
}

type Inputs = Readonly<Record<string, string>>

const sharedInputs: Inputs = {
  environment: 'dev',
  'aws-region': 'ap-south-1',
  'role-to-assume': `${hubRole}\n${provisionerRole}`,
  'role-external-id': externalId,
  'allowed-account-ids': '222222222222',
  tags: 'team=planner',
}

interface Step {
  readonly title: string
  readonly inputs: Inputs
  readonly expected: { readonly exitCode: number; readonly writes: number }
  /** The content of `.github/tables.yml` in the workspace. */
  readonly definition?: string
  /** The part of the log to print. The first error is printed too. */
  readonly shows: 'plan' | 'applied steps'
}

interface StepResult {
  readonly outputs: ReadonlyMap<string, string>
  readonly summary: string
}

function listInputs(inputs: Inputs): string {
  return Object.entries(inputs)
    .map(([name, value]) => `${name}: ${value.replaceAll('\n', ' and ')}`)
    .join(', ')
}

type Print = (line: string) => void

/** The steps that did not end as expected, by title. */
const unexpected: string[] = []

/** Runs one `uses:` step as the runner does: with INPUT_ variables, and files for the event, outputs and job summary. */
async function runStep(sandbox: Sandbox, print: Print, step: Step): Promise<StepResult> {
  const { title, inputs, expected, definition, shows } = step
  print('')
  print(paint('bold', title))
  const folder = await mkdtemp(join(tmpdir(), 'tenant-tables-demo-'))
  const file = (name: string) => join(folder, name)
  await mkdir(file('.github'))
  await Promise.all([
    writeFile(file('output'), ''),
    writeFile(file('summary'), ''),
    writeFile(file('event'), JSON.stringify({ pull_request: { number: 7, head: { sha: pullRequest.headSha } } })),
    ...(definition === undefined ? [] : [writeFile(file('.github/tables.yml'), definition)]),
  ])
  const given = {
    ...sharedInputs,
    ...(definition === undefined ? {} : { 'definition-file': '.github/tables.yml' }),
    ...inputs,
  }
  sandbox.clearRequests()
  const child = spawn(process.execPath, ['--no-warnings', bundle], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      PATH: env.PATH,
      ...sandbox.environment,
      ...Object.fromEntries(Object.entries(given).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value])),
      GITHUB_ACTIONS: 'true',
      GITHUB_EVENT_NAME: 'pull_request',
      GITHUB_EVENT_PATH: file('event'),
      GITHUB_OUTPUT: file('output'),
      GITHUB_REPOSITORY: pullRequest.repository,
      GITHUB_RUN_ID: '1234567890',
      GITHUB_SERVER_URL: 'https://github.com',
      GITHUB_SHA: pullRequest.headSha,
      GITHUB_STEP_SUMMARY: file('summary'),
      GITHUB_WORKSPACE: folder,
      RUNNER_TEMP: folder,
    },
  })
  const exited = once(child, 'exit')
  const verdict = await printLog(createInterface({ input: child.stdout }), shows, print)
  const [exitCode] = (await exited) as [number]
  const writes = sandbox.requests.filter(({ operation }) => isWrite(operation)).length
  const end = paint('dim', `(exit code ${exitCode}, ${writes === 1 ? '1 write' : `${writes} writes`})`)
  for (const line of wrapLine(`${verdict} ${end}`, indent)) print(line)
  if (exitCode !== expected.exitCode || writes !== expected.writes) {
    const wanted = `exit code ${expected.exitCode} and ${expected.writes} writes`
    print(paint('red', `  Not as expected: ${wanted}.`))
    unexpected.push(title)
  }
  const [outputs, summary] = await Promise.all([readFile(file('output'), 'utf8'), readFile(file('summary'), 'utf8')])
  await rm(folder, { recursive: true })
  return { outputs: readOutputs(outputs), summary }
}

function isWrite(operation: string): boolean {
  return /^(Create|Update|Delete|Tag|Untag|Put|Transact)/.test(operation) && !operation.endsWith('Comment')
}

/**
 * Prints the first or the second group of lines that folds in GitHub's log, and the first error.
 *
 * @returns the last line, which is the verdict
 */
async function printLog(lines: AsyncIterable<string>, shows: Step['shows'], print: Print): Promise<string> {
  let groups = 0
  let errors = 0
  let isInGroup = false
  let last = ''
  for await (const line of lines) {
    const [, command, message = ''] = /^::([a-z-]+)[^:]*::(.*)$/.exec(line) ?? []
    if (command === 'group') groups += 1
    if (command === 'group' || command === 'endgroup') isInGroup = command === 'group'
    else if (command === 'error') {
      errors += 1
      if (errors === 1) printError(message, print)
    } else if (command === undefined && !isInGroup) last = line
    else if (command === undefined && groups === (shows === 'plan' ? 1 : 2)) {
      // The line of a step may be long, and its beginning says what it does. A sentence is printed whole.
      const isStep = /^[+~-] /.test(stripVTControlCharacters(line))
      for (const each of isStep ? [fitLine(`  ${line}`)] : wrapLine(line, indent)) print(each)
    }
  }
  if (errors > 1) print(paint('red', `  … and ${errors - 1} more`))
  return last
}

/** Prints the beginning of an error: what happened, and what to do. */
function printError(message: string, print: Print): void {
  const lines = message.replaceAll('%0A', '\n').replaceAll('%25', '%').split('\n')
  for (const line of lines.slice(0, 3).flatMap((each) => wrapLine(each, indent))) print(paint('red', line))
}

/** Breaks a line at spaces to the width, around its colours. Every part begins with `margin` spaces. */
function wrapLine(line: string, margin: number): readonly string[] {
  const parts: string[] = []
  for (const word of (isColoured ? line : stripVTControlCharacters(line)).trimStart().split(' ')) {
    const longer = `${parts.at(-1) ?? ''} ${word}`
    if (parts.length > 0 && stripVTControlCharacters(longer).length <= width) parts[parts.length - 1] = longer
    else parts.push(' '.repeat(margin) + word)
  }
  return parts
}

/** Cuts a line to the terminal, around its colours; without colours on a terminal that shows none. */
function fitLine(line: string): string {
  if (!isColoured) return cut(stripVTControlCharacters(line), lineWidth)
  let left = lineWidth
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are control sequences.
  const parts = line.split(/(\u001b\[[\d;]*m)/).map((part, index) => {
    if (index % 2 === 1) return part
    const shown = cut(part, left)
    left -= shown.length
    return shown
  })
  return parts.join('')
}

function cut(text: string, most: number): string {
  return text.length <= most ? text : most === 0 ? '' : `${text.slice(0, most - 1)}…`
}

function paint(style: Parameters<typeof styleText>[0], text: string): string {
  return isColoured ? styleText(style, text) : text
}

/** Parses GITHUB_OUTPUT: `name<<delimiter`, lines, `delimiter`. */
function readOutputs(file: string): ReadonlyMap<string, string> {
  const entries = file.matchAll(/^([^\n]+)<<(\S+)\n([\s\S]*?)\n\2$/gm)
  return new Map([...entries].map(([, name = '', , value = '']) => [name, value]))
}

/** Shows what a plan, a review and a definition file do. Writes the pages. */
async function showDevelopment(sandbox: Sandbox, print: Print): Promise<void> {
  const plan = await runStep(sandbox, print, {
    title: '1. Plan: account 222222222222 has no tables yet',
    inputs: { command: 'plan' },
    shows: 'plan',
    expected: { exitCode: 0, writes: 0 },
  })
  const approved = { 'expected-plan': plan.outputs.get('plan') ?? '' }
  await runStep(sandbox, print, {
    title: '2. Apply exactly that plan',
    inputs: approved,
    expected: { exitCode: 0, writes: 2 },
    shows: 'applied steps',
  })
  const account = sandbox.account('222222222222', 'ap-south-1')
  account.setTags('users', { ...Object.fromEntries(account.table('users')?.tags ?? []), team: 'someone-else' })
  await runStep(sandbox, print, {
    title: '3. Someone changed a tag by hand: the nightly plan fails on drift',
    inputs: { command: 'plan', 'fail-on-drift': 'true' },
    shows: 'plan',
    expected: { exitCode: 1, writes: 0 },
  })
  await runStep(sandbox, print, {
    title: '4. The plan approved in step 1 no longer matches: apply refuses to do anything else',
    inputs: approved,
    expected: { exitCode: 1, writes: 0 },
    shows: 'applied steps',
  })
  await runStep(sandbox, print, {
    title: '5. Apply repairs the drift',
    inputs: {},
    expected: { exitCode: 0, writes: 1 },
    shows: 'applied steps',
  })
  const extension = await runStep(sandbox, print, {
    title: '6. A pull request adds a definition file with an index and a time to live: plan, and a comment',
    inputs: { command: 'plan', comment: 'true', 'github-token': gitHubToken },
    shows: 'plan',
    definition: definitionFile,
    expected: { exitCode: 0, writes: 0 },
  })
  const { summary } = await runStep(sandbox, print, {
    title: '7. Apply builds the index',
    inputs: { 'expected-plan': extension.outputs.get('plan') ?? '' },
    definition: definitionFile,
    expected: { exitCode: 0, writes: 2 },
    shows: 'applied steps',
  })
  const [comment] = sandbox.gitHub.comments(pullRequest.repository, pullRequest.number)
  await mkdir(pages, { recursive: true })
  const write = (name: string, title: string, markdown: string) =>
    writeFile(join(pages, name), renderGitHubPage({ title, markdown }))
  await write('comment.html', 'github-actions bot commented', comment?.body ?? '')
  await write('summary.html', 'tables summary', summary)
}

async function showProduction(sandbox: Sandbox, print: Print): Promise<void> {
  const production = { environment: 'production', 'table-name-prefix': 'prod-' }
  await runStep(sandbox, print, {
    title: `8. Production gets deletion protection and point-in-time recovery (${listInputs(production)})`,
    inputs: production,
    shows: 'plan',
    expected: { exitCode: 0, writes: 4 },
  })
  await runStep(sandbox, print, {
    title: '9. A definition file gives "users" another sort key, which only a new table could have: refused',
    inputs: production,
    definition: definitionFile.replaceAll('user_id', 'created_at'),
    shows: 'applied steps',
    expected: { exitCode: 1, writes: 0 },
  })
  await runStep(sandbox, print, {
    title: '10. Destroy refuses production, also when the names of the tables are typed in',
    inputs: { ...production, command: 'destroy', 'confirm-destroy': 'prod-tenant\nprod-users' },
    expected: { exitCode: 1, writes: 0 },
    shows: 'applied steps',
  })
}

const start = performance.now()
const introduction = [
  'Ten runs of the committed bundle, each as GitHub would start it, against an emulator of two AWS accounts.',
  `Only 127.0.0.1 is called. What takes AWS a minute takes the emulator ${60_000 / shortened} ms: "applied in 1.0 s" is the time that passed here, "usually 8 to 17 minutes" that of AWS.`,
  `Inputs of every run, unless its title names others: ${listInputs(sharedInputs)}.`,
]
for (const line of introduction.flatMap((each) => wrapLine(each, 0))) console.log(line)
const [development, production] = await Promise.all([startDemoSandbox(), startDemoSandbox()])
try {
  // Both at once, to save time; printed one after the other.
  const later: string[] = []
  await Promise.all([showDevelopment(development, console.log), showProduction(production, (line) => later.push(line))])
  for (const line of later) console.log(line)
  console.log('')
  if (unexpected.length === 0) {
    const seconds = Math.round((performance.now() - start) / 1000)
    console.log(paint('green', `All ten runs ended as expected, in ${seconds} s.`))
  } else {
    console.log(paint('red', `${unexpected.length} of ten runs did not end as expected.`))
    process.exitCode = 1
  }
  const [comment, summary] = ['comment.html', 'summary.html'].map((name) => relative('.', join(pages, name)))
  console.log(`Open in a browser: ${comment} is the comment of step 6, and ${summary} the job summary of step 7.`)
} finally {
  await Promise.all([development.close(), production.close()])
}
