/** Which code the committed bundle runs: its own files and modules of Node, and none that it makes from text. */
import { readdirSync, readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { join } from 'node:path'
import { transform } from 'esbuild'
import { type Sandbox, startSandbox } from '../../sandbox/sandbox.ts'
import { externalId, hubRole, provisionerRole, twoAccounts } from '../../sandbox/two-accounts.ts'
import { repository, runAction } from '../support/runner.ts'

const folder = join(repository, 'dist')
const names = readdirSync(folder).filter((name) => name.endsWith('.js'))

/** Each file of the bundle without comments, which quote all kinds of code. */
const sources = await Promise.all(
  names.map(async (name) => {
    const source = readFileSync(join(folder, name), 'utf8')
    return { name, code: (await transform(source, { minifyWhitespace: true, legalComments: 'none' })).code }
  }),
)
const occurrences = (pattern: RegExp) =>
  sources.flatMap(({ name, code }) => (code.match(pattern) ?? []).map((match) => `${name}: ${match}`))

describe('the bundle', () => {
  it('makes no code from text', () => {
    expect(occurrences(/\b(?:eval|Function)\(/g)).toEqual([])
    expect(occurrences(/\bfunction\b/g).length).toBeGreaterThan(100)
  })

  it('imports its own files only, by one expression, which webpack writes', () => {
    expect(occurrences(/\bimport\([^"'].{0,30}|\bimport\(["'].{0,60}/g)).toEqual([
      expect.stringMatching(/^index\.js: import\("\.\/"\+__nccwpck_require__\.u\(chunkId\)\)/),
    ])
    // Two texts of errors name a package to require.
    expect(occurrences(/(?<![["'\w.])require\(/g)).toEqual([])
  })

  it('loads modules of Node only, and of those that start code: processes for credential_process, and no worker', () => {
    const loaded = sources.flatMap(({ code }) => [
      ...code.matchAll(/__WEBPACK_EXTERNAL_createRequire\(import\.meta\.url\)\("([^"]+)"\)/g),
    ])
    expect(loaded.length).toBe(occurrences(/createRequire\(/g).length)
    const modules = loaded.map(([, name = '']) => name.replace(/^node:/, ''))
    expect(modules.filter((name) => !isBuiltin(name))).toEqual([])
    const starters = ['child_process', 'cluster', 'inspector', 'module', 'repl', 'vm', 'wasi', 'worker_threads']
    expect(modules.filter((name) => starters.includes(name)).sort()).toEqual(['child_process', 'worker_threads'])

    const [, id = ''] =
      /(\d+):\(?module=>\{[^{}]*"node:child_process"/.exec(sources.map(({ code }) => code).join()) ?? []
    const users = sources.filter(({ code }) => new RegExp(`_require__\\(${id}\\)`).test(code))
    expect([id, users.map(({ code }) => code.includes('credential_process'))]).toEqual([expect.any(String), [true]])
    expect(users.map(({ name }) => name)).not.toContain('index.js')
    // undici asks whether a value can be sent to a worker.
    expect(occurrences(/\bnew (?:\w+\.)?Worker\(/g)).toEqual([])
  })
})

it('no package of the bundle runs a script when it is installed, and each one has a hash in the lock file', () => {
  const { packages } = JSON.parse(readFileSync(join(repository, 'package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<
      Record<string, { readonly dev?: true; readonly hasInstallScript?: true; readonly integrity?: string }>
    >
  }
  const installed = Object.entries(packages).filter(([path]) => path !== '')
  const bundled = installed.filter(([, { dev }]) => dev === undefined)
  expect(bundled.length).toBeGreaterThan(50)
  expect(bundled.filter(([, { hasInstallScript }]) => hasInstallScript)).toEqual([])
  expect(installed.filter(([, { integrity }]) => !integrity?.startsWith('sha512-'))).toEqual([])
})

describe('a Node that makes no code from text', () => {
  const environment = { NODE_OPTIONS: '--disallow-code-generation-from-strings' }
  const token = 'ghs_writerOfCommentsOfTheSandbox'
  let sandbox: Sandbox

  beforeAll(async () => {
    sandbox = await startSandbox({
      ...twoAccounts('production'),
      timings: { creating: 100, creatingWithIndexes: 100, backupsMissing: 0, backupsUnavailable: 0, tagsUnreadable: 0 },
      gitHub: {
        tokens: [{ token, login: 'github-actions[bot]', type: 'Bot', permissions: { 'pull-requests': 'write' } }],
        pullRequests: [{ repository: 'acme/app', number: 7, state: 'open', headSha: 'a'.repeat(40) }],
      },
    })
  })
  afterAll(() => sandbox.close())

  it('runs the bundle with every part of it: a definition file, a role chain, tables, a KMS key and a comment', async () => {
    const definition = readFileSync(join(repository, 'examples/all-properties.yml'), 'utf8')
    const run = (command: string) =>
      runAction({
        inputs: {
          command,
          environment: 'production',
          'aws-region': 'ap-south-1',
          'role-to-assume': `${hubRole}\n${provisionerRole}`,
          'role-external-id': externalId,
          'definition-file': 'tables.yml',
          comment: 'true',
          'github-token': token,
        },
        environment: { ...sandbox.environment, ...environment, GITHUB_EVENT_NAME: 'pull_request' },
        event: { pull_request: { number: 7 } },
        workspaceFiles: { 'tables.yml': definition },
      })
    for (const command of ['apply', 'plan']) {
      const { exitCode, commands } = await run(command)
      const problems = commands.filter((each) => ['warning', 'error'].includes(each.command))
      expect([command, exitCode, problems]).toEqual([command, 0, []])
    }
    expect(new Set(sandbox.requests.map(({ service }) => service))).toEqual(
      new Set(['oidc', 'sts', 'dynamodb', 'kms', 'github']),
    )
  })

  it('fails an action that makes code from text', async () => {
    const { exitCode, stderr } = await runAction({
      inputs: {},
      environment,
      entry: join(repository, '__tests__/support/makes-code.cjs'),
    })
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining('Code generation from strings disallowed')])
  })
})
