/** `npm run demo`: the committed bundle, as GitHub would start it, twice, against the sandbox's two accounts. */
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
}

/** One `uses:` step: the inputs as INPUT_ variables, a file each for outputs and summary, and nothing else of ours. */
async function runStep(sandbox: Sandbox): Promise<Step> {
  const folder = await mkdtemp(join(tmpdir(), 'tenant-tables-demo-'))
  const outputFile = join(folder, 'output')
  const summaryFile = join(folder, 'summary')
  await Promise.all([writeFile(outputFile, ''), writeFile(summaryFile, '')])
  const step = spawn(process.execPath, ['--no-warnings', bundle], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      PATH: process.env.PATH,
      ...sandbox.environment,
      ...Object.fromEntries(Object.entries(inputs).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value])),
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

  heading('Outputs')
  for (const [name, value] of outputs)
    console.log(`${name} = ${value.length > 160 ? `${value.slice(0, 160)}…` : value}`)
  heading('Job summary, as text')
  console.log(asText(summary))
  return { exitCode, outputs }
}

/** Masks are commands to the runner, which shows none of them; groups are titles that fold. */
function asGitHubShows(line: string): string | undefined {
  if (line.startsWith('::add-mask::') || line.startsWith('::endgroup::')) return undefined
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
try {
  console.log('== First run: account 222222222222 has no tables ==')
  const first = await runStep(sandbox)
  sandbox.clearRequests()
  console.log('\n== Second run: the same step again ==')
  const second = await runStep(sandbox)

  heading('What came of it')
  const calls = sandbox.requests.filter(({ service }) => service !== 'oidc')
  console.log(`first run:  exit code ${first.exitCode}, changed = ${first.outputs.get('changed')}`)
  console.log(`second run: exit code ${second.exitCode}, changed = ${second.outputs.get('changed')}`)
  const writes = calls.filter(({ operation }) => !/^(Assume|Describe|List)/.test(operation)).length
  console.log(
    `second run: ${calls.length} AWS calls in ${sequentialDepth(calls)} round trips one after another, ${writes} of them writes`,
  )
  console.log(`tenant: ${second.outputs.get('tenant-table-arn')}`)
  console.log(`users:  ${second.outputs.get('users-table-arn')}`)
  const asExpected =
    first.exitCode === 0 &&
    second.exitCode === 0 &&
    first.outputs.get('changed') === 'true' &&
    second.outputs.get('changed') === 'false' &&
    writes === 0
  if (asExpected) {
    console.log('As it should be: the first run made both tables, the second wrote nothing.')
  } else {
    console.error('This is not as it should be.')
    process.exitCode = 1
  }
} finally {
  await sandbox.close()
}
