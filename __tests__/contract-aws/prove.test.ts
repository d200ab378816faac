/** `npm run contract:aws` as a process, against the sandbox and moto: what it leaves in the account, and what it writes. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { build } from 'esbuild'
import { type Sandbox, startSandbox, type Watcher } from '../../sandbox/sandbox.ts'
import { administratorAccessKey } from '../../sandbox/two-accounts.ts'
import { markOf } from '../../scripts/contract-aws/run-tables.ts'
import { fastClock } from '../support/clock.ts'
import { startMoto } from '../support/moto.ts'
import { repository } from '../support/runner.ts'

const speed = 50
const account = '222222222222'
const region = 'ap-south-1'
const entry = `${repository}lib/contract-aws/test-main.js`
const evidence = `${repository}lib/contract-aws/emulator-evidence.md`
const mark = markOf('of-a-test')
const ofRun = ['--yes-in', account, '--run', 'of-a-test', '--speed', String(speed)]
const oneCase = ['--only', 'creates both tables in production']

let sandbox: Sandbox

beforeAll(async () => {
  await build({
    entryPoints: [`${repository}scripts/contract-aws/main.ts`],
    outfile: entry,
    ...{ bundle: true, packages: 'external', platform: 'node', format: 'esm' },
  })
  sandbox = await startSandbox({
    now: fastClock(speed).now,
    timings: {
      indexCreating: 60_000,
      indexAllocating: 10_000,
      billingModeUpdating: 20_000,
      provisionedUpdating: 20_000,
    },
    accessKeys: [administratorAccessKey],
  })
})
beforeEach(async () => {
  rmSync(evidence, { force: true })
  await sandbox.reset()
  sandbox.faults.clear()
  sandbox.clearRequests()
})
afterAll(() => sandbox.close())

interface Ended {
  readonly exitCode: number | null
  readonly output: string
}

async function start(words: readonly string[], environment = {}, onStart: (child: ChildProcess) => void = () => {}) {
  const child = spawn(process.execPath, ['--no-warnings', entry, ...words], {
    cwd: repository,
    env: {
      ...process.env,
      AWS_REGION: region,
      AWS_ENDPOINT_URL: sandbox.url,
      AWS_ACCESS_KEY_ID: administratorAccessKey.accessKeyId,
      AWS_SECRET_ACCESS_KEY: administratorAccessKey.secretAccessKey,
      ...environment,
    },
  })
  onStart(child)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (data) => (output += data))
  const exitCode = await new Promise<number | null>((done) => child.once('close', done))
  return { exitCode, output } satisfies Ended
}

const hands = () => sandbox.account(account, region)
const tables = async () => (await hands().call('ListTables', {})).TableNames
const operations = () => sandbox.requests.map(({ operation }) => operation)
const createTable = (TableName: string, changes: object = {}) =>
  hands().call('CreateTable', {
    TableName,
    AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    BillingMode: 'PAY_PER_REQUEST',
    ...changes,
  })

it('calls nothing without --yes-in, and prints the cost and how it is computed', async () => {
  const { exitCode, output } = await start([])
  expect([exitCode, operations()]).toEqual([1, []])
  expect(output).toMatch(/--yes-in ACCOUNT_ID[\s\S]*Cost: at most \$0\.0\d,[\s\S]*1000 write requests at/)
})

it('reads the account and writes nothing if it is not that of --yes-in', async () => {
  const { exitCode, output } = await start(['--yes-in', '333333333333'])
  expect([exitCode, operations()]).toEqual([1, ['GetCallerIdentity']])
  expect(output).toContain('The credentials belong to account 222222222222, but --yes-in is 333333333333.')
})

it('writes nothing if there are tables of a run with the same name', async () => {
  await createTable(`${mark.prefix}users`)
  const { exitCode, output } = await start(ofRun)
  expect([exitCode, operations()]).toEqual([1, ['GetCallerIdentity', 'ListTables']])
  expect(output).toContain(`There are tables of this run already: ${mark.prefix}users.`)
})

it('runs the cases and measures, deletes its tables and no other, and writes what it found', async () => {
  await createTable('users')
  const { exitCode, output } = await start([...ofRun, ...oneCase])

  expect([exitCode, output]).toEqual([0, expect.stringContaining('Passed.')])
  expect(output.indexOf('Cost: at most')).toBeLessThan(output.indexOf('✓ creates both tables in production'))
  expect(await tables()).toEqual(['users'])
  const created = sandbox.requests.filter(({ operation }) => operation === 'CreateTable')
  expect(created.length).toBeGreaterThan(6)
  for (const { input } of created) {
    expect([input.TableName, input.Tags]).toEqual([
      expect.stringMatching(`^${mark.prefix}`),
      expect.arrayContaining([mark.tag]),
    ])
  }
  const page = readFileSync(evidence, 'utf8')
  expect(page).toMatch(/^# Proof on an emulator, not on AWS\n/)
  expect(page).toMatch(/1 passed, 0 failed, \d\d not run, with `--only`\./)
  expect(page).toMatch(/\| creates both tables in production with [^|]* \| passed \| \d+ \|/)
  expect(page).toMatch(
    /\| an index added to an empty table: until the index is ACTIVE \| \d+(\.\d)? \| 600 \| `indexCreating` \|/,
  )
  expect(page).not.toContain('not measured')
  expect(page).toContain('| ********2222 | 127.0.0.1 |')
  expect(page).not.toContain(account)
})

it('deletes its tables and exits with 1 if a case fails', async () => {
  sandbox.faults.add({
    ...{ kind: 'error', operation: 'UpdateContinuousBackups', table: `${mark.prefix}case-users`, times: 99 },
    ...{ errorName: 'AccessDeniedException', status: 400, message: 'not for you' },
  })
  const { exitCode, output } = await start([...ofRun, ...oneCase])

  expect([exitCode, output]).toEqual([1, expect.stringContaining('✕ creates both tables in production')])
  expect(operations()).toContain('DeleteTable')
  expect(await tables()).toEqual([])
  expect(readFileSync(evidence, 'utf8')).toMatch(/\| creates both tables in production with [^|]* \| failed \|/)
})

it.each(['SIGINT', 'SIGTERM'] as const)(
  'deletes its tables, writes no evidence and exits with 1 after %s',
  async (signal) => {
    let child: ChildProcess | undefined
    const interrupt: Watcher = (moment, { operation, table }) => {
      if (moment === 'after' && operation === 'UpdateContinuousBackups' && table === `${mark.prefix}case-users`) {
        child?.kill(signal)
      }
    }
    const stop = sandbox.watch(interrupt)
    const { exitCode, output } = await start([...ofRun, ...oneCase], {}, (started) => {
      child = started
    })
    stop()

    expect([exitCode, output]).toEqual([1, expect.stringContaining(`${signal}: stopping`)])
    expect(operations()).toContain('UpdateContinuousBackups')
    expect(await tables()).toEqual([])
    expect(existsSync(evidence)).toBe(false)
  },
)

it('with --delete-only deletes the tables of a run that was killed', async () => {
  await createTable(`${mark.prefix}case-users`, { DeletionProtectionEnabled: true, Tags: [mark.tag] })
  await createTable('users', { Tags: [mark.tag] })
  const { exitCode } = await start([...ofRun, '--delete-only'])
  expect([exitCode, await tables()]).toEqual([0, ['users']])
})

it('exits with 1 and names a table that it could not delete', async () => {
  await createTable(`${mark.prefix}case-users`)
  const { exitCode, output } = await start([...ofRun, '--delete-only'])
  expect([exitCode, output]).toEqual([1, expect.stringContaining(`Not deleted: ${mark.prefix}case-users: it does not`)])
})

it('the README says that nothing has run on AWS itself exactly as long as docs/aws-evidence.md does not exist', () => {
  const sentences = readFileSync(`${repository}README.md`, 'utf8').replace(/\s+/g, ' ').split('. ')
  const isSaid = sentences.some((sentence) => /\b(not|nothing|never)\b.*\bAWS itself\b/i.test(sentence))
  expect(isSaid).toBe(!existsSync(`${repository}docs/aws-evidence.md`))
})

const moto = await startMoto()
if (moto === undefined) {
  it('runs on moto', () => {
    if (process.env.CI) throw new Error("moto_server is missing: pip install 'moto[server]==5.2.1'")
    console.warn("NOT RUN: contract:aws on moto. moto_server is missing: pip install 'moto[server]==5.2.1'")
  })
} else {
  afterAll(() => moto.stop())

  it('runs on moto', async () => {
    const words = ['--yes-in', '123456789012', '--speed', '50', ...oneCase]
    const environment = { AWS_ENDPOINT_URL: moto.url, AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE' }
    const { exitCode, output } = await start(words, environment)
    expect([exitCode, output]).toEqual([0, expect.stringContaining('✓ creates both tables in production')])
    expect(output.match(/^Deleted /gm)?.length).toBeGreaterThan(2)
  })
}
