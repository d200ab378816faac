/** `npm run demo`: runs the committed bundle as GitHub's runner does, from creation to deletion of two tables. */
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

// Relative to lib/sandbox, the folder of the compiled demo.
const bundle = fileURLToPath(new URL('../../dist/index.js', import.meta.url))

const inputs: Readonly<Record<string, string>> = {
  environment: 'dev',
  'aws-region': 'ap-south-1',
  'role-to-assume': `${hubRole}\n${provisionerRole}`,
  'role-external-id': externalId,
  'allowed-account-ids': '222222222222',
  tags: 'team=planner',
}

interface StepResult {
  readonly exitCode: number
  readonly outputs: ReadonlyMap<string, string>
  readonly summary: string
}

interface Expected {
  readonly exitCode: number
  readonly writes: number
}

interface Phase extends Expected {
  readonly title: string
  readonly expected: Expected
  readonly calls: number
  readonly depth: number
}

/** Runs one `uses:` step as the runner does: with INPUT_ variables, and a file each for outputs and job summary. */
async function runStep(sandbox: Sandbox, changes: Readonly<Record<string, string>>): Promise<StepResult> {
  const folder = await mkdtemp(join(tmpdir(), 'tenant-tables-demo-'))
  const outputFile = join(folder, 'output')
  const summaryFile = join(folder, 'summary')
  await Promise.all([writeFile(outputFile, ''), writeFile(summaryFile, '')])
  const child = spawn(process.execPath, ['--no-warnings', bundle], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      PATH: process.env.PATH,
      ...sandbox.environment,
      ...Object.fromEntries(
        Object.entries({ ...inputs, ...changes }).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value]),
      ),
      GITHUB_ACTIONS: 'true',
      GITHUB_OUTPUT: outputFile,
      GITHUB_STEP_SUMMARY: summaryFile,
      GITHUB_REPOSITORY: 'acme/app',
      GITHUB_RUN_ID: '1234567890',
      RUNNER_TEMP: folder,
    },
  })
  const exited = once(child, 'exit')
  for await (const line of createInterface({ input: child.stdout })) {
    const shown = formatLogLine(line)
    if (shown !== undefined) console.log(shown)
  }
  const [exitCode] = (await exited) as [number]
  const outputs = readOutputs(await readFile(outputFile, 'utf8'))
  const summary = await readFile(summaryFile, 'utf8')
  await rm(folder, { recursive: true })
  return { exitCode, outputs, summary }
}

function printResult({ outputs, summary }: StepResult): void {
  heading('Outputs')
  for (const [name, value] of outputs) {
    console.log(`${name} = ${value.length > 160 ? `${value.slice(0, 160)}…` : value}`)
  }
  heading('Job summary, as text')
  console.log(toText(summary))
}

/** Formats workflow commands as GitHub's log shows them; undefined for commands that it does not show. */
function formatLogLine(line: string): string | undefined {
  if (line.startsWith('::add-mask::') || line.startsWith('::endgroup::')) return undefined
  const [, level = '', message = ''] = /^::(error|warning|notice) [^:]*::(.*)$/.exec(line) ?? []
  if (level !== '') return `${level}: ${message.replaceAll('%0A', '\n').replaceAll('%25', '%')}`
  return line.startsWith('::group::') ? `▼ ${line.slice('::group::'.length)}` : line
}

/** Parses GITHUB_OUTPUT: `name<<delimiter`, lines, `delimiter`. */
function readOutputs(file: string): ReadonlyMap<string, string> {
  const entries = file.matchAll(/^([^\n]+)<<(\S+)\n([\s\S]*?)\n\2$/gm)
  return new Map([...entries].map(([, name = '', , value = '']) => [name, value]))
}

/** Converts Markdown to text: decodes entities, and removes code tags and emphasis. */
function toText(markdown: string): string {
  return markdown
    .replace(/<\/?code>|\*\*/g, '')
    .replace(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)))
    .trim()
}

function heading(title: string): void {
  console.log(`\n--- ${title} ---`)
}

// A typical round trip to a nearby region.
const sandbox = await startSandbox({ ...twoAccounts('dev'), latencyMilliseconds: 40 })
const account = sandbox.account('222222222222', 'ap-south-1')
const phases: Phase[] = []

/** Runs a step, and records its exit code and calls. */
async function runPhase(
  title: string,
  expected: Expected,
  changes: Readonly<Record<string, string>>,
): Promise<StepResult> {
  console.log(`\n== ${title} ==`)
  sandbox.clearRequests()
  const step = await runStep(sandbox, changes)
  const calls = sandbox.requests.filter(({ service }) => service !== 'oidc')
  phases.push({
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
  const plan = await runPhase(
    '1. Plan: account 222222222222 has no tables',
    { exitCode: 0, writes: 0 },
    { command: 'plan' },
  )
  const reviewed = plan.outputs.get('plan') ?? ''
  const applied = await runPhase(
    '2. Apply exactly that plan',
    { exitCode: 0, writes: 2 },
    { 'expected-plan': reviewed },
  )
  printResult(applied)
  await runPhase('3. Plan again: nothing to do', { exitCode: 0, writes: 0 }, { command: 'plan' })

  console.log('\n== 4. Someone changes the tag "team" of table "users" outside of the action ==')
  const tags = Object.fromEntries(account.table('users')?.tags ?? [])
  account.setTags('users', { ...tags, team: 'another-team' })
  const drift = { command: 'plan', 'fail-on-drift': 'true' }
  await runPhase('5. Plan that fails on drift', { exitCode: 1, writes: 0 }, drift)
  await runPhase('6. Apply: restores the tag', { exitCode: 0, writes: 1 }, {})
  // Writes and deletes a tenant and three users.
  await runPhase('7. Verify: writes, reads and deletes sample items', { exitCode: 0, writes: 8 }, { command: 'verify' })
  const confirmed = { command: 'destroy', 'confirm-destroy': 'tenant\nusers' }
  await runPhase('8. Destroy: confirmed by the names of the tables', { exitCode: 0, writes: 2 }, confirmed)

  heading('Result')
  for (const { title, exitCode, calls, depth, writes } of phases) {
    console.log(
      `${title.padEnd(50)} exit code ${exitCode}, ${calls} AWS calls in ${depth} round trips, ${writes} of them writes`,
    )
  }
  console.log(`tenant: ${applied.outputs.get('tenant-table-arn')}`)
  console.log(`users:  ${applied.outputs.get('users-table-arn')}`)
  const isGone = account.table('tenant') === undefined && account.table('users') === undefined
  const isAsExpected = phases.every(
    ({ expected, exitCode, writes }) => exitCode === expected.exitCode && writes === expected.writes,
  )
  if (isGone && isAsExpected) {
    console.log('Passed: planned, applied, unchanged, repaired, verified and destroyed.')
  } else {
    console.error('Failed: an exit code, a number of writes or the final state differs from the expected one.')
    process.exitCode = 1
  }
} finally {
  await sandbox.close()
}
