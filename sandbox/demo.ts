/** `npm run demo`: the committed bundle, as GitHub would start it, through the whole life of two tables. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { fileURLToPath } from 'node:url'
import { sequentialDepth } from './request-log.ts'
import { type Sandbox, startSandbox } from './sandbox.ts'
import { externalId, hubRole, provisionerRole, twoAccounts } from './two-accounts.ts'

// From lib/sandbox, where this is compiled to.
const bundle = fileURLToPath(new URL('../../dist/index.js', import.meta.url))

const inputs: Readonly<Record<string, string>> = {
  environment: 'dev',
  'aws-region': 'ap-south-1',
  'role-to-assume': `${hubRole}\n${provisionerRole}`,
  'role-external-id': externalId,
  'allowed-account-ids': '222222222222',
  tags: 'team=planner',
}

interface Step {
  readonly exitCode: number
  readonly outputs: ReadonlyMap<string, string>
  readonly summary: string
}

interface Expected {
  readonly exitCode: number
  readonly writes: number
}

interface Chapter extends Expected {
  readonly title: string
  readonly expected: Expected
  readonly calls: number
  readonly depth: number
}

/** One `uses:` step: the inputs as INPUT_ variables, a file each for outputs and summary, and nothing else of ours. */
async function runStep(sandbox: Sandbox, own: Readonly<Record<string, string>>): Promise<Step> {
  const folder = await mkdtemp(join(tmpdir(), 'tenant-tables-demo-'))
  const outputFile = join(folder, 'output')
  const summaryFile = join(folder, 'summary')
  await Promise.all([writeFile(outputFile, ''), writeFile(summaryFile, '')])
  const step = spawn(process.execPath, ['--no-warnings', bundle], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      PATH: process.env.PATH,
      ...sandbox.environment,
      ...Object.fromEntries(
        Object.entries({ ...inputs, ...own }).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value]),
      ),
      GITHUB_ACTIONS: 'true',
      GITHUB_OUTPUT: outputFile,
      GITHUB_STEP_SUMMARY: summaryFile,
      GITHUB_REPOSITORY: 'acme/app',
      GITHUB_RUN_ID: '1234567890',
    },
  })
  const exited = once(step, 'exit')
  for await (const line of createInterface({ input: step.stdout })) {
    const shown = asGitHubShows(line)
    if (shown !== undefined) console.log(shown)
  }
  const [exitCode] = (await exited) as [number]
  const outputs = readOutputs(await readFile(outputFile, 'utf8'))
  const summary = await readFile(summaryFile, 'utf8')
  await rm(folder, { recursive: true })
  return { exitCode, outputs, summary }
}

/** What a step hands to later steps and to people. */
function tell({ outputs, summary }: Step): void {
  heading('Outputs')
  for (const [name, value] of outputs) {
    console.log(`${name} = ${value.length > 160 ? `${value.slice(0, 160)}…` : value}`)
  }
  heading('Job summary, as text')
  console.log(asText(summary))
}

/** Masks are commands to the runner, which shows none of them; groups are titles that fold, and annotations words. */
function asGitHubShows(line: string): string | undefined {
  if (line.startsWith('::add-mask::') || line.startsWith('::endgroup::')) return undefined
  const [, level = '', message = ''] = /^::(error|warning|notice) [^:]*::(.*)$/.exec(line) ?? []
  if (level !== '') return `${level}: ${message.replaceAll('%0A', '\n').replaceAll('%25', '%')}`
  return line.startsWith('::group::') ? `▼ ${line.slice('::group::'.length)}` : line
}

/** `name<<delimiter`, lines, `delimiter`: the form in which outputs are handed to GitHub. */
function readOutputs(file: string): ReadonlyMap<string, string> {
  const entries = file.matchAll(/^([^\n]+)<<(\S+)\n([\s\S]*?)\n\2$/gm)
  return new Map([...entries].map(([, name = '', , value = '']) => [name, value]))
}

/** What GitHub would render, roughly: entities shown as characters, tags and emphasis left out. */
function asText(markdown: string): string {
  return markdown
    .replace(/<\/?code>|\*\*/g, '')
    .replace(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)))
    .trim()
}

function heading(title: string): void {
  console.log(`\n--- ${title} ---`)
}

// A round trip like that to a region nearby.
const sandbox = await startSandbox({ ...twoAccounts('dev'), latencyMilliseconds: 40 })
const account = sandbox.account('222222222222', 'ap-south-1')
const chapters: Chapter[] = []

/** Runs the step, and keeps what came of it beside what was expected. */
async function chapter(title: string, expected: Expected, own: Readonly<Record<string, string>>): Promise<Step> {
  console.log(`\n== ${title} ==`)
  sandbox.clearRequests()
  const step = await runStep(sandbox, own)
  const calls = sandbox.requests.filter(({ service }) => service !== 'oidc')
  chapters.push({
    title,
    expected,
    exitCode: step.exitCode,
    calls: calls.length,
    depth: sequentialDepth(calls),
    writes: calls.filter(({ operation }) => !/^(Assume|Describe|List|Get|Query)/.test(operation)).length,
  })
  return step
}

try {
  const plan = await chapter(
    '1. Plan: account 222222222222 has no tables',
    { exitCode: 0, writes: 0 },
    { command: 'plan' },
  )
  const reviewed = plan.outputs.get('plan') ?? ''
  const applied = await chapter(
    '2. Apply, held to that plan',
    { exitCode: 0, writes: 2 },
    { 'expected-plan': reviewed },
  )
  tell(applied)
  await chapter('3. Plan again: nothing to do', { exitCode: 0, writes: 0 }, { command: 'plan' })

  console.log('\n== 4. Somebody else gives the table "users" to another team, past the action ==')
  const tags = Object.fromEntries(account.table('users')?.tags ?? [])
  account.setTags('users', { ...tags, team: 'somebody else' })
  const drift = { command: 'plan', 'fail-on-drift': 'true' }
  await chapter('5. Plan that fails on drift', { exitCode: 1, writes: 0 }, drift)
  await chapter('6. Apply: the tag is put back', { exitCode: 0, writes: 1 }, {})
  // A tenant and three users, in and out.
  await chapter('7. Verify: sample items in, found, and out', { exitCode: 0, writes: 8 }, { command: 'verify' })
  const confirmed = { command: 'destroy', 'confirm-destroy': 'tenant\nusers' }
  await chapter('8. Destroy: the names of the tables are typed in', { exitCode: 0, writes: 2 }, confirmed)

  heading('What came of it')
  for (const { title, exitCode, calls, depth, writes } of chapters) {
    console.log(
      `${title.padEnd(50)} exit code ${exitCode}, ${calls} AWS calls in ${depth} round trips, ${writes} of them writes`,
    )
  }
  console.log(`tenant: ${applied.outputs.get('tenant-table-arn')}`)
  console.log(`users:  ${applied.outputs.get('users-table-arn')}`)
  const isGone = account.table('tenant') === undefined && account.table('users') === undefined
  const isAsExpected = chapters.every(
    ({ expected, exitCode, writes }) => exitCode === expected.exitCode && writes === expected.writes,
  )
  if (isGone && isAsExpected) {
    console.log('As it should be: reviewed, made, left alone, mended, proved, and gone.')
  } else {
    console.error('This is not as it should be.')
    process.exitCode = 1
  }
} finally {
  await sandbox.close()
}
