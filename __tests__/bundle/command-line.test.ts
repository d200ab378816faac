/** The committed bundle as a command: with arguments, outside GitHub and in a step of a workflow. */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Sandbox, startSandbox } from '../../sandbox/sandbox.ts'
import { externalId, hubAccessKey, provisionerRole, twoAccounts } from '../../sandbox/two-accounts.ts'
import { declarations, inputNames } from '../../src/inputs/declarations.ts'
import { parseCommands, parseOutputs, repository } from '../support/runner.ts'
import { leaksIn } from '../support/secret-scan.ts'

const bundle = join(repository, 'dist', 'index.js')
const target = `--environment dev --aws-region ap-south-1 --role-to-assume ${provisionerRole} --role-external-id ${externalId}`
const users = 'arn:aws:dynamodb:ap-south-1:222222222222:table/users'

const page = readFileSync(join(repository, 'docs', 'command-line.md'), 'utf8')

let sandbox: Sandbox
let folder: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'command-'))
  sandbox = await startSandbox({
    ...twoAccounts('dev'),
    timings: { creating: 100, backupsMissing: 0, backupsUnavailable: 0, tagsUnreadable: 0, tagsLag: 0, tagsLock: 0 },
  })
})
afterAll(async () => {
  await sandbox.close()
  rmSync(folder, { recursive: true })
})

interface Options {
  readonly environment?: Readonly<Record<string, string>>
  readonly script?: string
}

/** Runs the bundle in a folder of its own, with the environment of a user who has an access key. */
async function run(words: string | readonly string[], { environment = {}, script = bundle }: Options = {}) {
  const args = typeof words === 'string' ? words.split(' ').filter((word) => word !== '') : words
  return await start(process.execPath, ['--no-warnings', script, ...args], environment)
}

async function start(program: string, args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const child = spawn(program, args, {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env.PATH,
      HOME: folder,
      ...sandbox.environment,
      AWS_ACCESS_KEY_ID: hubAccessKey.accessKeyId,
      AWS_SECRET_ACCESS_KEY: hubAccessKey.secretAccessKey,
      ...environment,
    },
  })
  const read = async (stream: AsyncIterable<string>) => {
    let text = ''
    for await (const part of stream) text += part
    return text
  }
  const exited = new Promise<number | null>((resolve) => child.on('close', resolve))
  const [stdout, stderr, exitCode] = await Promise.all([
    read(child.stdout.setEncoding('utf8')),
    read(child.stderr.setEncoding('utf8')),
    exited,
  ])
  return { exitCode, stdout, stderr }
}

/** The outputs in stdout, where every line must be one. */
function outputsIn(stdout: string): Readonly<Record<string, string>> {
  const lines = stdout.trimEnd().split('\n')
  return Object.fromEntries(
    lines.map((line) => {
      const [, name, value] = /^([a-z-]+)=(.*)$/.exec(line) ?? []
      if (name === undefined || value === undefined) throw new Error(`This line is not an output: ${line}`)
      return [name, value]
    }),
  )
}

const writes = () => sandbox.requests.filter(({ operation }) => /^(Create|Update|Tag|Delete)/.test(operation)).length

it('plans, applies that plan, and then has nothing to do: the log on stderr, the outputs on stdout, no secret on either', async () => {
  const planned = await run(`plan ${target} --tags team=planner --tags zone=a`)
  expect([planned.exitCode, writes()]).toEqual([0, 0])
  const plan = outputsIn(planned.stdout)
  expect([plan['has-changes'], plan['changes-count'], plan['users-table-arn']]).toEqual(['true', '2', users])
  expect(JSON.parse(plan.plan ?? '').digest).toBe(plan['plan-digest'])
  expect(planned.stderr).toContain('create "users"')

  writeFileSync(join(folder, 'plan.json'), plan.plan ?? '')
  const approved = `--expected-plan plan.json --expected-plan-digest=${plan['plan-digest']}`
  const applied = await run(`apply ${target} --tags team=planner --tags zone=a ${approved}`)
  expect([applied.exitCode, outputsIn(applied.stdout).changed, writes()]).toEqual([0, 'true', 2])

  const again = await run(`plan ${target} --tags team=planner --tags zone=a --fail-on-drift`)
  expect([again.exitCode, outputsIn(again.stdout)['has-changes'], writes()]).toEqual([0, 'false', 2])

  expect(sandbox.secrets.length).toBeGreaterThanOrEqual(9)
  for (const { stdout, stderr } of [planned, applied, again]) {
    expect(leaksIn(stdout + stderr, sandbox.secrets)).toEqual([])
    expect(parseCommands(stdout + stderr)).toEqual([])
  }
}, 30_000)

it('exits with 1 for drift that must fail, and prints the outputs', async () => {
  const { exitCode, stdout, stderr } = await run(`plan ${target} --tags team=another --fail-on-drift`)
  expect([exitCode, outputsIn(stdout)['changes-count']]).toEqual([1, '2'])
  expect(stderr).toMatch(/^Error: The tables are not as they are defined/m)
})

it.each([
  ['plan --enviroment dev', '- --enviroment is not a flag. Did you mean --environment?'],
  ['plan', '- environment is required, but is empty.'],
  [`plan ${target} --timeout-seconds soon`, '- timeout-seconds must be a whole number'],
  [`plan ${target} --expected-plan ../plan.json`, 'cannot be read: ENOENT'],
])('exits with 1 before any call, and says why: %s', async (words, problem) => {
  sandbox.clearRequests()
  const { exitCode, stdout, stderr } = await run(words)
  expect([exitCode, stdout, sandbox.requests]).toEqual([1, '', []])
  expect(stderr).toContain(problem)
})

it.each<[string, Readonly<Record<string, string>>]>([
  ['Set AWS_PROFILE, or AWS_ACCESS_KEY_ID', {}],
  ['Check AWS_PROFILE', { AWS_PROFILE: 'no-such-profile' }],
])('advises a terminal without credentials, and does not speak of a job: %s', async (remedy, environment) => {
  const none = Object.fromEntries(
    ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'ACTIONS_ID_TOKEN_REQUEST_URL'].map((name) => [name, '']),
  )
  const { exitCode, stderr } = await run('plan --environment dev --aws-region ap-south-1', {
    environment: { ...none, ...environment },
  })
  expect(exitCode).toBe(1)
  expect(stderr).toContain("\nCredentials: the AWS SDK's default chain (the environment has no access key)\n")
  expect(stderr).toContain(`\nTo fix: ${remedy}`)
  expect(stderr).not.toMatch(/\bjob\b|id-token|OIDC/)
})

it('shows no secret of its environment, nor a token that was given as a flag, among wrong arguments', async () => {
  const token = 'ghs_aTokenThatOpensNothing'
  const { stdout, stderr } = await run(`plan ${hubAccessKey.secretAccessKey} --github-token ${token} ::error::x`, {
    environment: { GITHUB_TOKEN: token },
  })
  expect(leaksIn(stdout + stderr, [hubAccessKey.secretAccessKey, token])).toEqual([])
  expect(stderr).toContain('"***" follows no flag.')
})

it('does not mix inputs of the environment with flags', async () => {
  sandbox.clearRequests()
  const { exitCode, stderr } = await run(`plan ${target}`, { environment: { INPUT_ENVIRONMENT: 'prod' } })
  expect([exitCode, sandbox.requests]).toEqual([1, []])
  expect(stderr).toContain('The environment has INPUT_ENVIRONMENT, but')
})

it('is a command in a step of a workflow too, whose later steps get its outputs', async () => {
  const files = { output: join(folder, 'output'), summary: join(folder, 'summary') }
  for (const file of Object.values(files)) writeFileSync(file, '')
  const { exitCode, stdout, stderr } = await run(`plan ${target}`, {
    environment: { GITHUB_ACTIONS: 'true', GITHUB_OUTPUT: files.output, GITHUB_STEP_SUMMARY: files.summary },
  })
  expect([exitCode, parseCommands(stdout + stderr)]).toEqual([0, []])
  expect(parseOutputs(readFileSync(files.output, 'utf8'))).toEqual(outputsIn(stdout))
  expect(readFileSync(files.summary, 'utf8')).toContain('arn:aws:dynamodb:ap-south-1:222222222222:table/tenant')
  expect(leaksIn(stdout + stderr, sandbox.secrets)).toEqual([])
})

it('runs the examples of its page, one after the other', async () => {
  await sandbox.reset()
  sandbox.clearRequests()
  symlinkSync(join(repository, 'dist'), join(folder, 'dist'))
  const examples = [...page.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, lines = '']) => lines)
  expect(examples).toHaveLength(2)
  const { exitCode, stderr } = await start('sh', ['-ec', examples.join('\n')])
  expect([exitCode, writes()]).toEqual([0, 2])
  expect(stderr).toContain('reviewed plan')
}, 30_000)

describe('the help', () => {
  it('has every input, and is printed for a link to the script too, as npm makes it', async () => {
    const link = join(folder, 'tenant-tables')
    symlinkSync(bundle, link)
    const { exitCode, stdout, stderr } = await run('--help', { script: link })
    expect([exitCode, stderr]).toEqual([0, ''])
    for (const name of inputNames) expect(stdout).toContain(name === 'command' ? 'Commands:' : name)
    for (const command of declarations.command.choices ?? []) expect(stdout).toContain(`\n  ${command} `)
    expect(page).toContain(`\`\`\`text\n${stdout}\`\`\``)
  })

  it.each<[string, Readonly<Record<string, string>>, boolean]>([
    ['is printed on a terminal without arguments and inputs', {}, true],
    ['is not printed on a terminal of a runner', { GITHUB_ACTIONS: 'true' }, false],
    ['is not printed on a terminal with inputs in the environment', { INPUT_COMMAND: 'plan' }, false],
  ])('%s', async (_, environment, isPrinted) => {
    const terminal = ['--no-warnings', '--import', 'data:text/javascript,process.stdout.isTTY=true']
    const { exitCode, stdout } = await start(process.execPath, [...terminal, bundle], environment)
    expect([exitCode, stdout.includes('Usage: tenant-tables')]).toEqual([isPrinted ? 0 : 1, isPrinted])
    expect(stdout.includes('environment is required')).toBe(!isPrinted)
  })

  it('is not printed without arguments where a script reads stdout: a run without inputs fails', async () => {
    const { exitCode, stdout } = await run('')
    expect([exitCode, stdout]).toEqual([1, expect.stringContaining('environment is required')])
  })
})

it('prints the version of package.json', async () => {
  const { version } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'))
  expect(await run('--version')).toEqual({ exitCode: 0, stdout: `${version}\n`, stderr: '' })
})

it('is the command tenant-tables of the package', () => {
  const { name, bin } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'))
  expect([name, bin]).toEqual(['tenant-tables', { 'tenant-tables': 'dist/index.js' }])
  expect(readFileSync(bundle, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/)
})
