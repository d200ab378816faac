import { EventEmitter } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { logGroup } from '../../src/github/log.ts'
import { commandRunner, gitHubRunner } from '../../src/github/runner.ts'
import { parseCommands, parseOutputs } from '../support/runner.ts'
import { leaksIn } from '../support/secret-scan.ts'

const write = process.stdout.write
// The toolkit reads the name of the summary once in a process.
const summary = join(mkdtempSync(join(tmpdir(), 'summary-')), 'summary')
let folder: string
let printed: string

afterAll(() => rmSync(dirname(summary), { recursive: true }))

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'runner-'))
  printed = ''
  process.stdout.write = ((chunk: unknown) => {
    printed += String(chunk)
    return true
  }) as typeof process.stdout.write
  process.env.GITHUB_ACTIONS = 'true'
  process.env.GITHUB_OUTPUT = join(folder, 'GITHUB_OUTPUT')
  process.env.GITHUB_STEP_SUMMARY = summary
  for (const file of [process.env.GITHUB_OUTPUT, summary]) writeFileSync(file, '')
})

afterEach(() => {
  process.stdout.write = write
  rmSync(folder, { recursive: true })
  for (const name of ['GITHUB_ACTIONS', 'GITHUB_OUTPUT', 'GITHUB_STEP_SUMMARY']) delete process.env[name]
})

function aProcess() {
  return Object.assign(new EventEmitter(), {
    env: process.env,
    exitCode: undefined as number | undefined,
    stdout: new EventEmitter(),
    stderr: new EventEmitter(),
  })
}

function aRunnerBeforeLoading() {
  const emitter = aProcess()
  return { runner: gitHubRunner(emitter as unknown as NodeJS.Process), emitter }
}

async function aRunner() {
  const made = aRunnerBeforeLoading()
  await made.runner.load()
  return made
}

it('keeps what is written before the toolkit is loaded, and writes it in order then', async () => {
  const { runner, emitter } = aRunnerBeforeLoading()
  runner.log.info('first a-long-secret')
  runner.mask('a-long-secret', 'ORIGIN')
  runner.fail('Title', 'failed')
  expect([printed, emitter.exitCode]).toEqual(['', 1])
  await runner.load()
  await runner.load()
  expect(printed).toBe('first ***\n::add-mask::a-long-secret\n::error title=Title::failed\n')
})

it('colours a line after it is escaped: text cannot bring a colour or a command of its own', async () => {
  const { runner } = await aRunner()
  runner.log.info('::error::\u001b[32mdone', 'failure')
  expect(printed).toBe('\u001b[31m: :error::\\u{1b}[32mdone\u001b[0m\n')
  expect(parseCommands(printed)).toEqual([])
})

it('reads an input as the toolkit does: by its name in upper case, without surrounding space', async () => {
  const { getInput } = await import('@actions/core')
  const { runner } = aRunnerBeforeLoading()
  process.env['INPUT_ROLE-TO-ASSUME'] = '  a\n b\u00a0\n'
  expect(runner.input('role-to-assume')).toBe(getInput('role-to-assume'))
  expect(runner.input('role-to-assume')).toBe('a\n b')
  delete process.env['INPUT_ROLE-TO-ASSUME']
  expect(runner.input('role-to-assume')).toBe(getInput('role-to-assume'))
})

it('masks a secret once, before anything shows it, and no empty one', async () => {
  const { runner } = await aRunner()
  runner.mask('', 'ORIGIN')
  runner.mask('a-long-secret', 'ORIGIN')
  runner.mask('a-long-secret', 'ORIGIN')
  expect(printed).toBe('::add-mask::a-long-secret\n')
})

it('knows the token among the inputs as a secret without a masking command, and no other input', async () => {
  const { runner } = await aRunner()
  Object.assign(process.env, { 'INPUT_GITHUB-TOKEN': ' ghs_of_the_job ', INPUT_ENVIRONMENT: 'development' })
  expect([runner.input('environment'), runner.input('github-token')]).toEqual(['development', 'ghs_of_the_job'])
  for (const name of ['INPUT_GITHUB-TOKEN', 'INPUT_ENVIRONMENT']) delete process.env[name]
  expect(printed).toBe('')
  expect(runner.findSecret('is ghs_of_the_job')).toBe('github-token')
  expect(runner.findSecret('is development')).toBeUndefined()
})

it('knows the keys and tokens of the environment as secrets from the start, before the definition file is read', async () => {
  const names = ['AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN', 'ACTIONS_ID_TOKEN_REQUEST_TOKEN']
  for (const name of names) process.env[name] = `secret-in-${name}`
  const { runner } = await aRunner()
  for (const name of names) delete process.env[name]
  expect(names.map((name) => runner.findSecret(`is secret-in-${name}`))).toEqual(names)
})

it('prints no secret in lines, groups, annotations and the summary', async () => {
  const { runner } = await aRunner()
  runner.mask('a-long-secret', 'ORIGIN')
  // Masked as well, but so short that hiding it would hide half of every text.
  runner.mask('a', 'ORIGIN')
  printed = ''
  runner.log.info('it is a-long-secret')
  logGroup(runner.log, 'a-long-secret', ['a line', ''])
  runner.notice('Title', 'a-long-secret')
  runner.warning('Title', 'a-long-secret\nsecond line')
  // The secret is removed before the text is cut.
  runner.fail('Title', `${'x'.repeat(4090)}a-long-secret`)
  await runner.writeSummary('a-long-secret')
  expect(printed.split('\n')).toEqual([
    'it is ***',
    '::group::***',
    'a line',
    '::endgroup::',
    '::notice title=Title::***',
    '::warning title=Title::***%0Asecond line',
    `::error title=Title::${'x'.repeat(4090)}***`,
    '',
  ])
  expect(readFileSync(summary, 'utf8')).toBe('***')
})

it('lets untrusted text start no command in a line, a title or an annotation', async () => {
  const { runner } = await aRunner()
  const untrusted = '::set-output name=a::b\n##[error]c'
  runner.log.info(untrusted)
  logGroup(runner.log, untrusted, [untrusted])
  for (const level of ['notice', 'warning', 'fail'] as const) runner[level]('Title', untrusted)
  const commands = parseCommands(printed).map(({ command }) => command)
  expect(commands).toEqual(['group', 'endgroup', 'notice', 'warning', 'error'])
  expect(printed).not.toContain('##[')
})

it('fails the step with an annotation of at most 4096 characters', async () => {
  const { runner, emitter } = await aRunner()
  runner.fail('Title', 'x'.repeat(5000))
  expect(emitter.exitCode).toBe(1)
  expect(parseCommands(printed)).toMatchObject([{ command: 'error', message: `${'x'.repeat(4095)}…` }])
})

it('writes outputs to the file that the runner names', async () => {
  const { runner } = await aRunner()
  runner.setOutput('users-table-arn', 'arn')
  expect(readFileSync(join(folder, 'GITHUB_OUTPUT'), 'utf8')).toMatch(/^users-table-arn<<(\S+)\narn\n\1\n$/)
})

it('writes no summary where there is no file for one', async () => {
  delete process.env.GITHUB_STEP_SUMMARY
  await expect((await aRunner()).runner.writeSummary('text')).resolves.toBeUndefined()
})

it.each(['SIGINT', 'SIGTERM'])('fires interrupted on %s, and keeps the process alive', async (signal) => {
  const { runner, emitter } = await aRunner()
  expect(runner.interrupted.aborted).toBe(false)
  emitter.emit(signal)
  expect(runner.interrupted.aborted).toBe(true)
  // Without a listener, the next signal would end the process at once.
  expect(emitter.listenerCount(signal)).toBe(1)
})

it('continues when nothing reads its log any more', async () => {
  const { runner, emitter } = await aRunner()
  const gone = Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })
  expect(emitter.stdout.emit('error', gone)).toBe(true)
  expect(emitter.stderr.emit('error', gone)).toBe(true)
  runner.setOutput('users-table-arn', 'arn')
  expect(readFileSync(join(folder, 'GITHUB_OUTPUT'), 'utf8')).toContain('users-table-arn')
})

// Its bytes give + and / in base64 at every offset.
const awkward = 'a/?>>~??long+secret'

it.each([
  ['a URL', encodeURIComponent(awkward)],
  ...['', ':', '::'].flatMap((before) => [
    [`base64 after "${before}"`, Buffer.from(`${before}${awkward}~~>`).toString('base64')],
    [`base64url after "${before}"`, Buffer.from(`${before}${awkward}~~>`).toString('base64url')],
  ]),
])('shows no secret and writes none to outputs and files, in %s', async (_, form = '') => {
  const { runner } = await aRunner()
  runner.mask(awkward, 'ORIGIN')
  runner.fail('Title', `AWS says ${form}`)
  await runner.writeSummary(`AWS says ${form}`)
  expect(() => runner.setOutput('said', form)).toThrow(
    'The secret ORIGIN occurs in what later steps would read: output said.',
  )
  await expect(runner.writeTemporaryFile('said.json', form)).rejects.toThrow('The secret ORIGIN occurs')
  const files = [join(folder, 'GITHUB_OUTPUT'), summary].map((file) => readFileSync(file, 'utf8'))
  const written = [printed, ...files].join()
  expect(files[0]).toBe('')
  expect(leaksIn(written, [awkward])).toEqual([])
  expect(written.match(/AWS says \S*\*\*\*/g)).toHaveLength(2)
  expect(leaksIn(form, [awkward])).not.toEqual([])
})

describe('outside GitHub', () => {
  beforeEach(() => {
    delete process.env.GITHUB_ACTIONS
  })

  async function printEverything() {
    const { runner, emitter } = aRunnerBeforeLoading()
    runner.mask('a-long-secret', 'ORIGIN')
    await runner.load()
    runner.mask('another-long-secret', 'ORIGIN')
    logGroup(runner.log, 'Plan', ['a line with a-long-secret'])
    runner.notice('Title', 'a notice')
    runner.warning('Title', 'a warning')
    runner.fail('Title', 'it failed\nTo fix: fix it')
    runner.setOutput('users-table-arn', 'arn:aws:dynamodb:x')
    return { runner, emitter }
  }

  it.each([undefined, '', 'false', '1'])(
    'prints plain lines and no workflow command, with GITHUB_ACTIONS %j',
    async (value) => {
      if (value !== undefined) process.env.GITHUB_ACTIONS = value
      delete process.env.GITHUB_OUTPUT
      const { emitter } = await printEverything()
      expect(printed.split('\n')).toEqual([
        'Plan',
        'a line with ***',
        'Notice: a notice',
        'Warning: a warning',
        'Error: it failed',
        'To fix: fix it',
        'users-table-arn=arn:aws:dynamodb:x',
        '',
      ])
      expect(emitter.exitCode).toBe(1)
    },
  )

  it('writes outputs and summary into the files that the environment names', async () => {
    const { runner } = await printEverything()
    await runner.writeSummary('a summary')
    expect(parseOutputs(readFileSync(join(folder, 'GITHUB_OUTPUT'), 'utf8'))).toEqual({
      'users-table-arn': 'arn:aws:dynamodb:x',
    })
    expect(readFileSync(summary, 'utf8')).toBe('a summary')
    expect(printed).not.toContain('users-table-arn')
  })

  it('prints no output that holds a secret', async () => {
    delete process.env.GITHUB_OUTPUT
    const { runner } = await printEverything()
    expect(() => runner.setOutput('plan', 'it is a-long-secret')).toThrow('The secret ORIGIN occurs')
    expect(leaksIn(printed, ['a-long-secret', 'another-long-secret'])).toEqual([])
  })

  it('lets an output of several lines start no command', async () => {
    delete process.env.GITHUB_OUTPUT
    const { runner } = await aRunner()
    runner.setOutput('tables', 'a\n::error::b')
    expect(printed).toBe('tables=a\\u{a}::error::b\n')
  })
})

describe('a command', () => {
  async function printAsCommand(isTTY: boolean) {
    const log: string[] = []
    const emitter = Object.assign(aProcess(), {
      stdout: Object.assign(new EventEmitter(), { isTTY }),
      stderr: Object.assign(new EventEmitter(), { write: (text: string) => log.push(text) }),
    })
    const runner = commandRunner(emitter as unknown as NodeJS.Process, process.env)
    runner.mask('a-long-secret', 'ORIGIN')
    await runner.load()
    logGroup(runner.log, 'Plan', ['a line with a-long-secret'])
    runner.warning('Title', 'a warning')
    runner.fail('Title', 'it failed\nTo fix: ::error::fix it')
    runner.setOutput('plan', 'x'.repeat(200))
    return { log: log.join(''), exitCode: emitter.exitCode }
  }

  it('writes the log to stderr and the outputs to stdout, without workflow commands on GitHub too', async () => {
    const { log, exitCode } = await printAsCommand(false)
    expect(log).toBe('Plan\na line with ***\nWarning: a warning\nError: it failed\nTo fix: ::error::fix it\n')
    expect([printed, exitCode]).toEqual([`plan=${'x'.repeat(200)}\n`, 1])
    expect(parseOutputs(readFileSync(join(folder, 'GITHUB_OUTPUT'), 'utf8'))).toEqual({ plan: 'x'.repeat(200) })
  })

  it('shows only the beginning of a long output on a terminal', async () => {
    await printAsCommand(true)
    expect(printed).toBe(`plan=${'x'.repeat(120)}… (200 characters)\n`)
  })
})
