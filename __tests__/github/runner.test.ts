import { execFileSync } from 'node:child_process'
import { EventEmitter } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { gitHubRunner, harmless, logGroup } from '../../src/github/runner.ts'
import { parseCommands, parseOutputs } from '../support/runner.ts'
import { leaksIn } from '../support/secret-scan.ts'

const write = process.stdout.write
// The toolkit asks once for the name of this file.
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

function aYoungRunner() {
  const emitter = Object.assign(new EventEmitter(), {
    env: process.env,
    exitCode: undefined as number | undefined,
    stdout: new EventEmitter(),
    stderr: new EventEmitter(),
  })
  return { runner: gitHubRunner(emitter as unknown as NodeJS.Process), emitter }
}

async function aRunner() {
  const made = aYoungRunner()
  await made.runner.load()
  return made
}

it('keeps what it is told until the toolkit is there, and tells it in order then', async () => {
  const { runner, emitter } = aYoungRunner()
  runner.log.info('first a-long-secret')
  runner.mask('a-long-secret', 'ORIGIN')
  runner.fail('Title', 'failed')
  expect([printed, emitter.exitCode]).toEqual(['', 1])
  await runner.load()
  await runner.load()
  expect(printed).toBe('first ***\n::add-mask::a-long-secret\n::error title=Title::failed\n')
})

it('reads an input as the toolkit does: by its name in upper case, without the space around it', async () => {
  const { getInput } = await import('@actions/core')
  const { runner } = aYoungRunner()
  process.env['INPUT_ROLE-TO-ASSUME'] = '  a\n b\u00a0\n'
  expect(runner.input('role-to-assume')).toBe(getInput('role-to-assume'))
  expect(runner.input('role-to-assume')).toBe('a\n b')
  delete process.env['INPUT_ROLE-TO-ASSUME']
  expect(runner.input('role-to-assume')).toBe(getInput('role-to-assume'))
})

it.each([
  '::error::x',
  '  ::add-mask::x',
  '##[error]x',
  'text ##[add-mask]x',
  'a\n::error::x',
  'a\r::error::x',
  'a\u2028::error::x',
  '\u0085::error::x',
  ':::error::x',
])('a line of foreign text starts no command: %j', (line) => {
  expect(parseCommands(harmless(line))).toEqual([])
  expect(harmless(line)).not.toMatch(/[\n\r\u2028]/)
})

it.each([
  ['right-to-left override', 'admin\u202Etxt.exe', 'admin\\u{202e}txt.exe'],
  ['isolate', 'a\u2066b\u2069', 'a\\u{2066}b\\u{2069}'],
  ['line separator', 'a\u2028b', 'a\\u{2028}b'],
  ['escape sequence', '\u001b[31mred', '\\u{1b}[31mred'],
  ['zero-width space', 'a\u200bb', 'a\\u{200b}b'],
])('writes out what does not show: %s', (_, line, shown) => {
  expect(harmless(line)).toBe(shown)
})

it('keeps what two colons or a bracket mean to a reader', () => {
  expect(['::error::x', '  ::x::', 'a ##[group]b##[c'].map(harmless)).toEqual([
    ': :error::x',
    '  : :x::',
    'a # #[group]b# #[c',
  ])
})

it('a harmless line stays as it is', () => {
  const line = 'users: create-table done in 3.0 s :: arn:aws:dynamodb'
  expect(harmless(line)).toBe(line)
})

it('masks a secret once, before anything shows it, and no empty one', async () => {
  const { runner } = await aRunner()
  runner.mask('', 'ORIGIN')
  runner.mask('a-long-secret', 'ORIGIN')
  runner.mask('a-long-secret', 'ORIGIN')
  expect(printed).toBe('::add-mask::a-long-secret\n')
})

it('knows the token among the inputs as a secret once it is read, without a masking command, and no other input', async () => {
  const { runner } = await aRunner()
  Object.assign(process.env, { 'INPUT_GITHUB-TOKEN': ' ghs_of_the_job ', INPUT_ENVIRONMENT: 'development' })
  expect([runner.input('environment'), runner.input('github-token')]).toEqual(['development', 'ghs_of_the_job'])
  for (const name of ['INPUT_GITHUB-TOKEN', 'INPUT_ENVIRONMENT']) delete process.env[name]
  expect(printed).toBe('')
  expect(runner.findSecret('is ghs_of_the_job')).toBe('github-token')
})

it('prints no secret, neither in lines nor in annotations nor in the summary', async () => {
  const { runner } = await aRunner()
  runner.mask('a-long-secret', 'ORIGIN')
  // Masked as well, but so short that hiding it would hide half of every text.
  runner.mask('a', 'ORIGIN')
  printed = ''
  runner.log.info('it is a-long-secret')
  logGroup(runner.log, 'a-long-secret', ['a line'])
  runner.notice('Title', 'a-long-secret')
  runner.warning('Title', 'a-long-secret\nsecond line')
  await runner.writeSummary('a-long-secret')
  expect(printed.split('\n')).toEqual([
    'it is ***',
    '::group::***',
    'a line',
    '::endgroup::',
    '::notice title=Title::***',
    '::warning title=Title::***%0Asecond line',
    '',
  ])
  expect(readFileSync(summary, 'utf8')).toBe('***')
})

it('lets foreign text start no command, neither in a line nor in a title nor in an annotation', async () => {
  const { runner } = await aRunner()
  const foreign = '::set-output name=a::b\n##[error]c'
  runner.log.info(foreign)
  logGroup(runner.log, foreign, [foreign])
  for (const level of ['notice', 'warning', 'fail'] as const) runner[level]('Title', foreign)
  expect(parseCommands(printed).map(({ command }) => command)).toEqual([
    'group',
    'endgroup',
    'notice',
    'warning',
    'error',
  ])
  expect(printed).not.toContain('##[')
})

it('takes out a secret before it cuts an annotation', async () => {
  const { runner } = await aRunner()
  runner.mask('a-long-secret', 'ORIGIN')
  printed = ''
  runner.fail('Title', `${'x'.repeat(4090)}a-long-secret`)
  const [error] = parseCommands(printed)
  expect(error?.message).toBe(`${'x'.repeat(4090)}***`)
})

it('keeps an annotation of 4,096 characters whole', async () => {
  const { runner } = await aRunner()
  runner.notice('Title', 'x'.repeat(4096))
  expect(parseCommands(printed)[0]?.message).toBe('x'.repeat(4096))
})

it('cuts what happened before what to do about it', async () => {
  const { runner } = await aRunner()
  runner.fail('Title', `${'x'.repeat(5000)}\nTo fix: do this.`)
  const [error] = parseCommands(printed)
  expect(error?.message).toHaveLength(4096)
  expect(error?.message).toMatch(/^x+…\nTo fix: do this\.$/)
})

it('leaves a quarter of an annotation to what happened, however long the rest is', async () => {
  const { runner } = await aRunner()
  runner.fail('Title', `${'x'.repeat(5000)}\n${'y'.repeat(5000)}`)
  expect(parseCommands(printed)[0]?.message).toBe(`${'x'.repeat(1023)}…\n${'y'.repeat(3070)}…`)
})

it('hides the whole of a secret that another one is a part of', async () => {
  const { runner } = await aRunner()
  for (const secret of ['a-secret', 'a-secret-and-more']) runner.mask(secret, 'ORIGIN')
  printed = ''
  runner.log.info('it is a-secret-and-more')
  expect(printed).toBe('it is ***\n')
})

it('hides secrets of 8 bytes and more', async () => {
  const { runner } = await aRunner()
  for (const secret of ['7777777', '88888888']) runner.mask(secret, 'ORIGIN')
  printed = ''
  runner.log.info('7777777 88888888 88888888')
  expect(printed).toBe('7777777 *** ***\n')
})

it('fails the step with an annotation of 4,096 characters at most', async () => {
  const { runner, emitter } = await aRunner()
  runner.fail('Title', 'x'.repeat(5000))
  expect(emitter.exitCode).toBe(1)
  const [error] = parseCommands(printed)
  expect([error?.command, error?.message.length]).toEqual(['error', 4096])
})

it('writes outputs to the file, and reads inputs as the runner gives them', async () => {
  const { runner } = await aRunner()
  runner.setOutput('users-table-arn', 'arn')
  expect(readFileSync(join(folder, 'GITHUB_OUTPUT'), 'utf8')).toMatch(/^users-table-arn<<(\S+)\narn\n\1\n$/)
  process.env['INPUT_AWS-REGION'] = ' ap-south-1 '
  expect(runner.input('aws-region')).toBe('ap-south-1')
  delete process.env['INPUT_AWS-REGION']
  expect(runner.environment).toBe(process.env)
})

it('writes no summary where there is no file for one', async () => {
  delete process.env.GITHUB_STEP_SUMMARY
  await expect((await aRunner()).runner.writeSummary('text')).resolves.toBeUndefined()
})

it.each(['SIGINT', 'SIGTERM'])('tells of %s', async (signal) => {
  const { runner, emitter } = await aRunner()
  expect(runner.interrupted.aborted).toBe(false)
  emitter.emit(signal)
  expect(runner.interrupted.aborted).toBe(true)
  // Without a listener the next one would end the process at once.
  expect(emitter.listenerCount(signal)).toBe(1)
})

it('goes on when nobody reads its log any more', async () => {
  const { runner, emitter } = await aRunner()
  const gone = Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })
  expect(emitter.stdout.emit('error', gone)).toBe(true)
  expect(emitter.stderr.emit('error', gone)).toBe(true)
  runner.setOutput('users-table-arn', 'arn')
  expect(readFileSync(join(folder, 'GITHUB_OUTPUT'), 'utf8')).toContain('users-table-arn')
})

// Of such bytes that base64 makes + and / of it, wherever it begins.
const awkward = 'a/?>>~??long+secret'

it.each([
  ['a URL', encodeURIComponent(awkward)],
  ...['', ':', '::'].flatMap((before) => [
    [`base64 after "${before}"`, Buffer.from(`${before}${awkward}~~>`).toString('base64')],
    [`base64url after "${before}"`, Buffer.from(`${before}${awkward}~~>`).toString('base64url')],
  ]),
])('a secret in %s is not shown either', async (_, form = '') => {
  const { runner } = await aRunner()
  runner.mask(awkward, 'ORIGIN')
  runner.fail('Title', `AWS says ${form}`)
  await runner.writeSummary(`AWS says ${form}`)
  expect(() => runner.setOutput('said', form)).toThrow('The secret ORIGIN occurs')
  await expect(runner.writeTemporaryFile('said.json', form)).rejects.toThrow('RUNNER_TEMP is not set')
  process.env.RUNNER_TEMP = folder
  await expect(runner.writeTemporaryFile('said.json', form)).rejects.toThrow('The secret ORIGIN occurs')
  delete process.env.RUNNER_TEMP
  const written = [
    printed,
    ...[join(folder, 'GITHUB_OUTPUT'), summary].map((file) => readFileSync(file, 'utf8')),
  ].join()
  expect(leaksIn(written, [awkward])).toEqual([])
  expect(written.match(/AWS says \S*\*\*\*/g)).toHaveLength(2)
  expect(leaksIn(form, [awkward])).not.toEqual([])
})

it('writes no output that holds a secret, neither as it is nor changed, and names the secret without its value', async () => {
  const { runner } = await aRunner()
  runner.mask('a-long-secret', 'AWS_SECRET_ACCESS_KEY')
  expect(runner.findSecret('it is a-long-secret')).toBe('AWS_SECRET_ACCESS_KEY')
  expect(runner.findSecret('it is not')).toBeUndefined()
  expect(() => runner.setOutput('plan', 'it is a-long-secret')).toThrow(
    'The secret AWS_SECRET_ACCESS_KEY occurs in what later steps would read: output plan.',
  )
  expect(readFileSync(join(folder, 'GITHUB_OUTPUT'), 'utf8')).toBe('')
})

describe('outside GitHub', () => {
  beforeEach(() => {
    delete process.env.GITHUB_ACTIONS
  })

  async function printEverything() {
    const { runner, emitter } = aYoungRunner()
    runner.mask('a-long-secret', 'ORIGIN')
    await runner.load()
    runner.mask('another-long-secret', 'ORIGIN')
    logGroup(runner.log, 'Plan', ['a line with a-long-secret'])
    runner.notice('Title', 'a notice')
    runner.warning('Title', 'a warning')
    runner.fail('Title', 'it failed\nTo fix: mend it')
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
        'To fix: mend it',
        'users-table-arn=arn:aws:dynamodb:x',
        '',
      ])
      expect(printed).not.toContain('::')
      expect(emitter.exitCode).toBe(1)
    },
  )

  it('writes outputs and summary into the files that are named, all the same', async () => {
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

describe('a file that an input names', () => {
  const inside = () => join(folder, 'workspace')

  beforeEach(() => {
    for (const name of ['workspace', 'temporary', 'elsewhere']) mkdirSync(join(folder, name))
    process.env.GITHUB_WORKSPACE = inside()
    process.env.RUNNER_TEMP = join(folder, 'temporary')
    writeFileSync(join(folder, 'elsewhere', 'plan.json'), 'elsewhere')
  })

  afterEach(() => {
    for (const name of ['GITHUB_WORKSPACE', 'RUNNER_TEMP', 'GITHUB_EVENT_PATH']) delete process.env[name]
  })

  it('is read from the workspace, by a path in it too, and from RUNNER_TEMP', async () => {
    mkdirSync(join(inside(), 'plans'))
    writeFileSync(join(inside(), 'plans', '..plan.json'), 'a')
    writeFileSync(join(folder, 'temporary', 'plan.json'), 'b')
    const { runner } = await aRunner()
    await expect(runner.readFile('plans/..plan.json')).resolves.toBe('a')
    await expect(runner.readFile(join(inside(), 'plans', '..plan.json'))).resolves.toBe('a')
    await expect(runner.readFile(join(folder, 'temporary', 'plan.json'))).resolves.toBe('b')
  })

  it.each([
    ['by its path', () => join(folder, 'elsewhere', 'plan.json')],
    ['by climbing', () => '../elsewhere/plan.json'],
    [
      'by a link',
      () => {
        symlinkSync(join(folder, 'elsewhere', 'plan.json'), join(inside(), 'link.json'))
        return 'link.json'
      },
    ],
    ['and neither is the folder itself', () => '.'],
  ])('is not read from elsewhere: %s', async (_, path) => {
    await expect((await aRunner()).runner.readFile(path())).rejects.toMatchObject({
      name: 'RemedyError',
      message: expect.stringContaining('lies outside of the workspace'),
    })
  })

  it('that is not there, is a folder, or is too large is told', async () => {
    const { runner } = await aRunner()
    mkdirSync(join(inside(), 'plans'))
    writeFileSync(join(inside(), 'large.json'), 'x'.repeat(1024 * 1024 + 1))
    await expect(runner.readFile('plan.json')).rejects.toThrow('The file "plan.json" cannot be read: ENOENT.')
    await expect(runner.readFile('plans')).rejects.toThrow('"plans" is no file.')
    await expect(runner.readFile('large.json')).rejects.toThrow('1048577 bytes')
  })

  it('that is a pipe is told, and not waited for', async () => {
    const { runner } = await aRunner()
    execFileSync('mkfifo', [join(inside(), 'pipe')])
    await expect(runner.readFile('pipe')).rejects.toThrow('"pipe" is no file.')
  })

  it.each([
    ['UTF-16, little-endian', Buffer.from('\ufeff{}', 'utf16le'), 'is UTF-16, not UTF-8'],
    ['UTF-16, big-endian', Buffer.from('\ufeff{}', 'utf16le').swap16(), 'is UTF-16, not UTF-8'],
    ['UTF-16 without a byte order mark', Buffer.from('{}', 'utf16le'), 'is UTF-16, not UTF-8'],
    ['big-endian UTF-16 without a byte order mark', Buffer.from('{}', 'utf16le').swap16(), 'is UTF-16, not UTF-8'],
    ['Latin-1', Buffer.from('{"team":"Zürich"}', 'latin1'), 'is in an unknown encoding, not UTF-8'],
  ])('in %s is named as such, with what to do', async (_, content, words) => {
    writeFileSync(join(inside(), 'plan.json'), content)
    const { runner } = await aRunner()
    await expect(runner.readFile('plan.json')).rejects.toMatchObject({
      name: 'RemedyError',
      message: expect.stringContaining(`The file "plan.json" ${words}.`),
      remedy: expect.stringContaining('Save it as UTF-8.'),
    })
  })

  it('in UTF-8 is read without its byte order mark, and otherwise to the letter', async () => {
    const { runner } = await aRunner()
    for (const text of ['{"team":"Zürich 会社 😀"}', '', '\u{feff}']) {
      writeFileSync(join(inside(), 'plan.json'), `\ufeff${text}`)
      await expect(runner.readFile('plan.json')).resolves.toBe(text)
    }
  })

  it('is written into a folder of its own each time, for this user alone', async () => {
    const { runner } = await aRunner()
    const [first, second] = [
      await runner.writeTemporaryFile('plan.json', 'one'),
      await runner.writeTemporaryFile('plan.json', 'other'),
    ]
    expect(first).not.toBe(second)
    expect(readFileSync(first ?? '', 'utf8')).toBe('one')
    expect(statSync(first ?? '').mode & 0o777).toBe(0o600)
  })

  it('is not written outside of GitHub', async () => {
    delete process.env.RUNNER_TEMP
    delete process.env.GITHUB_ACTIONS
    await expect((await aRunner()).runner.writeTemporaryFile('plan.json', 'x')).resolves.toBeUndefined()
  })

  it('is an error on GitHub where RUNNER_TEMP is not set', async () => {
    delete process.env.RUNNER_TEMP
    process.env.GITHUB_ACTIONS = 'true'
    await expect((await aRunner()).runner.writeTemporaryFile('plan.json', 'x')).rejects.toMatchObject({
      message: 'RUNNER_TEMP is not set.',
      remedy: expect.stringContaining('RUNNER_TEMP'),
    })
  })

  it('is read where the other folder does not exist', async () => {
    const missing = join(folder, 'missing')
    writeFileSync(join(inside(), 'plan.json'), 'in the workspace')
    writeFileSync(join(folder, 'temporary', 'other.json'), 'in RUNNER_TEMP')
    const { runner } = await aRunner()
    for (const temporary of [missing, '', undefined, join(inside(), 'plan.json', 'below')]) {
      if (temporary === undefined) delete process.env.RUNNER_TEMP
      else process.env.RUNNER_TEMP = temporary
      await expect(runner.readFile('plan.json')).resolves.toBe('in the workspace')
      await expect(runner.readFile('../elsewhere/plan.json')).rejects.toThrow('lies outside of the workspace')
    }
    process.env.RUNNER_TEMP = join(folder, 'temporary')
    process.env.GITHUB_WORKSPACE = missing
    await expect(runner.readFile(join(folder, 'temporary', 'other.json'))).resolves.toBe('in RUNNER_TEMP')
    await expect(runner.readFile(join(inside(), 'plan.json'))).rejects.toThrow('lies outside of the workspace')
  })

  it('is not read where neither folder exists', async () => {
    process.env.GITHUB_WORKSPACE = join(folder, 'missing')
    process.env.RUNNER_TEMP = join(folder, 'missing')
    const { runner } = await aRunner()
    await expect(runner.readFile('plan.json')).rejects.toMatchObject({ name: 'RemedyError' })
    await expect(runner.readFile(join(folder, 'elsewhere', 'plan.json'))).rejects.toMatchObject({ name: 'RemedyError' })
  })

  it.each([
    ['does not exist', () => join(folder, 'missing')],
    ['is a file', () => join(folder, 'elsewhere', 'plan.json')],
  ])('is not written where RUNNER_TEMP %s', async (_, path) => {
    process.env.RUNNER_TEMP = path()
    await expect((await aRunner()).runner.writeTemporaryFile('plan.json', 'x')).rejects.toMatchObject({
      code: expect.stringMatching(/^(ENOENT|ENOTDIR)$/),
    })
  })

  it('the event is what GitHub says of it', async () => {
    process.env.GITHUB_EVENT_PATH = join(folder, 'event.json')
    writeFileSync(join(folder, 'event.json'), '{"pull_request":{"number":7}}')
    await expect((await aRunner()).runner.readEvent()).resolves.toEqual({ pull_request: { number: 7 } })
    writeFileSync(join(folder, 'event.json'), '\ufeff{"pull_request":{"number":7}}')
    await expect((await aRunner()).runner.readEvent()).resolves.toEqual({ pull_request: { number: 7 } })
  })

  it.each([
    ['is not named', undefined, undefined],
    ['does not exist', 'missing.json', undefined],
    ['is a folder', 'elsewhere', undefined],
    ['is no JSON', 'event.json', 'no JSON'],
    ['is UTF-16', 'event.json', Buffer.from('\ufeff{}', 'utf16le')],
  ])('the event is an error where its file %s', async (_, name, content) => {
    if (name !== undefined) process.env.GITHUB_EVENT_PATH = join(folder, name)
    if (name !== undefined && content !== undefined) writeFileSync(join(folder, name), content)
    await expect((await aRunner()).runner.readEvent()).rejects.toMatchObject({
      name: 'RemedyError',
      message: expect.stringMatching(/^The event file ".*" cannot be read\.$/),
      remedy: expect.stringContaining('GITHUB_EVENT_PATH'),
      cause: expect.anything(),
    })
  })
})
