/** Which files of the bundle a run reads: without the other files it must end in the same way. */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sequentialDepth } from '../../sandbox/request-log.ts'
import { type Sandbox, startSandbox } from '../../sandbox/sandbox.ts'
import { externalId, hubAccessKey, provisionerRole, twoAccounts } from '../../sandbox/two-accounts.ts'
import { node24 } from '../support/node24.ts'
import { repository, runAction } from '../support/runner.ts'

const inputs = {
  environment: 'dev',
  'aws-region': 'ap-south-1',
  'role-to-assume': provisionerRole,
  'role-external-id': externalId,
}
const node24Path = await node24()
const nodes = [
  ['this Node', process.execPath],
  ...(node24Path === undefined ? [] : [['Node 24', node24Path] as const]),
] as const

let sandbox: Sandbox
let folder: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'loading-'))
  sandbox = await startSandbox({
    ...twoAccounts('dev'),
    timings: { creating: 100, backupsMissing: 0, backupsUnavailable: 0, tagsUnreadable: 0, tagsLag: 0, tagsLock: 0 },
  })
  await run(process.execPath, join(repository, 'dist', 'index.js'), {})
})
afterAll(async () => {
  await sandbox.close()
  rmSync(folder, { recursive: true })
})

const run = (
  node: string,
  entry: string,
  given: Readonly<Record<string, string>>,
  workspaceFiles: Readonly<Record<string, string>> = {},
) =>
  runAction({
    node,
    entry,
    workspaceFiles,
    inputs: { ...inputs, ...given },
    environment: {
      ...sandbox.environment,
      AWS_ACCESS_KEY_ID: hubAccessKey.accessKeyId,
      AWS_SECRET_ACCESS_KEY: hubAccessKey.secretAccessKey,
    },
  })

/** A copy of the bundle without the files that hold one of these modules. */
function bundleWithout(...modules: readonly string[]): string {
  const copy = mkdtempSync(join(folder, 'dist-'))
  cpSync(join(repository, 'dist'), copy, { recursive: true })
  for (const module of modules) {
    const holders = readdirSync(copy).filter((name) => readFileSync(join(copy, name), 'utf8').includes(module))
    const [holder, ...more] = holders.filter((name) => name.endsWith('.js'))
    if (holder === undefined || more.length > 0 || holder === 'index.js') {
      throw new Error(`One file of the bundle other than index.js must hold ${module}: ${holders.join(', ')}`)
    }
    rmSync(join(copy, holder))
  }
  return join(copy, 'index.js')
}

const comment = '/@actions/github/lib/'
const providers = '/@aws-sdk/credential-provider-ini/'
const dynamoDb = '/@aws-sdk/client-dynamodb/'
const kms = '/@aws-sdk/client-kms/'
const definition = '/src/definition/read-definition.js'
const yaml = 'LineCounter = LineCounter'

describe.each(nodes)('the bundle under %s', (_, node) => {
  it('reads neither KMS, the comment, the credential providers nor the reader of definition files when it has nothing to do', async () => {
    sandbox.clearRequests()
    // Without a latency, calls that are sent side by side could be answered one after the other.
    sandbox.setLatency(200)
    const result = await run(node, bundleWithout(kms, comment, providers, definition, yaml), {})
    sandbox.setLatency(0)
    // A call to STS, then three reads of each table.
    expect(sandbox.requests).toHaveLength(7)
    expect(sequentialDepth(sandbox.requests)).toBe(2)
    expect([result.exitCode, result.outputs['has-changes']]).toEqual([0, 'false'])
    expect(result.commands.map(({ command }) => command)).not.toContain('warning')
  })

  it('reads the file of the comment for a comment, and warns where it is missing', async () => {
    const result = await run(node, bundleWithout(comment), {
      comment: 'true',
      'github-token': 'ghs_aTokenThatOpensNothing',
    })
    const warnings = result.commands.filter(({ command }) => command === 'warning').map(({ message }) => message)
    expect([result.exitCode, warnings]).toEqual([0, [expect.stringContaining('comment')]])
  })

  it('reads the reader of definition files for a definition file, and finds nothing to do with the built-in tables', async () => {
    const given = { 'definition-file': 'tables.yml' }
    const files = { 'tables.yml': readFileSync(join(repository, 'examples', 'tables.yml'), 'utf8') }
    const result = await run(node, join(repository, 'dist', 'index.js'), given, files)
    expect([result.exitCode, result.outputs['has-changes']]).toEqual([0, 'false'])
    for (const missing of [definition, yaml]) {
      const { exitCode, commands } = await run(node, bundleWithout(missing), given, files)
      const errors = commands.filter(({ command }) => command === 'error').map(({ message }) => message)
      expect([exitCode, errors]).toEqual([1, [expect.stringContaining('Cannot find module')]])
    }
  })

  it('fails with an error annotation where the file of DynamoDB is missing', async () => {
    const result = await run(node, bundleWithout(dynamoDb), {})
    const errors = result.commands.filter(({ command }) => command === 'error').map(({ message }) => message)
    expect([result.exitCode, errors]).toEqual([1, [expect.stringContaining('Cannot find module')]])
  })
})
