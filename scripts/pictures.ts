/**
 * `npm run pictures`: makes docs/pictures from a comment of the action itself. CHROMIUM names the browser, `chromium` by
 * default.
 *
 * A plan for two tables of production runs against the sandbox: the table of tenants was made by hand, and that of users
 * is missing.
 */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { recordingRunner } from '../__tests__/support/recording-runner.ts'
import { type ColorScheme, renderGitHubPage } from '../sandbox/github-page.ts'
import { type AccountHands, startSandbox } from '../sandbox/sandbox.ts'
import { externalId, hubRole, provisionerRole, twoAccounts } from '../sandbox/two-accounts.ts'
import { partitionOf } from '../src/aws/connections.ts'
import { readInputs } from '../src/inputs/inputs.ts'
import { reconcile } from '../src/main.ts'
import { defaultTimeOuts } from '../src/network/network.ts'
import { markComment, renderComment } from '../src/report/comment.ts'
import { mergeResults, type RunResult } from '../src/report/result.ts'
import { systemClock, withinDeadline } from '../src/run/run.ts'

const inputs = {
  command: 'plan',
  environment: 'production',
  'aws-region': 'ap-south-1',
  'role-to-assume': `${hubRole}\n${provisionerRole}`,
  'role-external-id': externalId,
  tags: 'team=identity\ncost-centre=4711',
  allow: 'adopt-table',
}

/** Runs the plan, and renders the comment that it would write. The same text every time. */
export async function makeComment(): Promise<string> {
  let passed = 0
  const now = () => Date.now() + passed
  const sandbox = await startSandbox({ ...twoAccounts(inputs.environment), now })
  const before = process.env.AWS_ENDPOINT_URL
  process.env.AWS_ENDPOINT_URL = sandbox.url
  try {
    await createByHand(sandbox.account('222222222222', inputs['aws-region']))
    passed = 60_000
    const runner = recordingRunner(inputs, sandbox.environment)
    const { input, variables, log, interrupted } = runner
    const sharedConfig = { configFile: {}, credentialsFile: {} }
    const read = readInputs({ input, variables, partitionOf, sharedConfig, definitionFile: undefined })
    const clock = { ...systemClock, now }
    const results: RunResult[] = []
    await withinDeadline({ clock, log, interrupted, timeoutSeconds: read.timeoutSeconds }, (run) =>
      reconcile(read, runner, run, defaultTimeOuts, (reached) => void results.push(reached)),
    )
    const result = mergeResults(results)
    if (result.target === undefined) throw new Error('The run reached no account.')
    return renderComment({
      result: asOnAws(result),
      mark: markComment(result.target, ''),
      runUrl: 'https://github.com/acme/app/actions/runs/4242',
      commit: 'abcdef0123456789abcdef0123456789abcdef01',
      redact: runner.redact,
    })
  } finally {
    if (before === undefined) delete process.env.AWS_ENDPOINT_URL
    else process.env.AWS_ENDPOINT_URL = before
    await sandbox.close()
  }
}

async function createByHand(account: AccountHands): Promise<void> {
  await account.call('CreateTable', {
    TableName: 'tenant',
    AttributeDefinitions: [{ AttributeName: 'tenant_id', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'tenant_id', KeyType: 'HASH' }],
    ProvisionedThroughput: { ReadCapacityUnits: 5, WriteCapacityUnits: 5 },
    Tags: [{ Key: 'team', Value: 'platform' }],
  })
  // The digest of the plan covers the id, which is random otherwise.
  Object.assign(account.table('tenant') ?? {}, { id: '11111111-2222-3333-4444-555555555555' })
}

/** Adds the links to the console of AWS, which a run against an emulator leaves out. */
function asOnAws(result: RunResult): RunResult {
  return { ...result, endpoints: [] }
}

export const folder = 'docs/pictures'
export const pictures = ['comment-light.png', 'comment-dark.png'] as const

/** SHA-256, in hexadecimal digits */
export function hashOf(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex')
}

const width = 860

/** Takes a picture of the whole page. The browser is asked for the height first: it pictures its window. */
function takePicture(markdown: string, scheme: ColorScheme, file: string): void {
  const temporary = mkdtempSync(join(tmpdir(), 'tenant-tables-pictures-'))
  const page = join(temporary, 'page.html')
  const browse = (...options: readonly string[]) =>
    execFileSync(
      process.env.CHROMIUM || 'chromium',
      [
        ...['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--hide-scrollbars'],
        ...['--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-quic'],
        `--user-data-dir=${join(temporary, 'profile')}`,
        ...options,
        pathToFileURL(page).href,
      ],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
    )
  try {
    const html = renderGitHubPage({ title: 'github-actions bot commented', markdown, scheme })
    const measure = '<script>document.body.dataset.height = document.documentElement.scrollHeight</script>'
    writeFileSync(page, html.replace('</body>', `${measure}</body>`))
    const height = /data-height="(\d+)"/.exec(browse(`--window-size=${width},100`, '--dump-dom'))?.[1]
    writeFileSync(page, html)
    browse(`--window-size=${width},${height}`, `--screenshot=${file}`)
  } finally {
    rmSync(temporary, { recursive: true })
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const comment = await makeComment()
  writeFileSync(join(folder, 'comment.md'), comment)
  for (const scheme of ['light', 'dark'] as const) takePicture(comment, scheme, join(folder, `comment-${scheme}.png`))
  const hashes = pictures.map((name) => [name, hashOf(readFileSync(join(folder, name)))])
  const hashOfSource = { 'comment.md': hashOf(comment), ...Object.fromEntries(hashes) }
  writeFileSync(join(folder, 'hashes.json'), `${JSON.stringify(hashOfSource, undefined, 2)}\n`)
}
