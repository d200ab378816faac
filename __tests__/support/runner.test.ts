import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import {
  parseCommands,
  parseOutputs,
  type RunnerOptions,
  type RunnerResult,
  runAction,
  type StartedRun,
} from './runner.ts'

describe('runAction', () => {
  let folder: string

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'support-test-'))
  })

  afterAll(async () => {
    await rm(folder, { recursive: true, force: true })
  })

  async function run(script: string, options: Partial<RunnerOptions> = {}): Promise<RunnerResult> {
    const entry = join(await mkdtemp(join(folder, 'entry-')), 'entry.mjs')
    await writeFile(entry, `import fs from 'node:fs'\n${script}`)
    return runAction({ inputs: {}, entry, actionFile: join(folder, 'missing.yml'), ...options })
  }

  it('returns everything that the run wrote, and how it ended', async () => {
    const result = await run(`
      console.log('to stdout')
      console.error('::notice::to stderr')
      fs.appendFileSync(process.env.GITHUB_OUTPUT, 'plain=a=b\\nlong<<END\\nfirst\\nsecond\\nEND\\n')
      fs.appendFileSync(process.env.GITHUB_STEP_SUMMARY, 'summary text')
      fs.appendFileSync(process.env.GITHUB_STATE, 'state text')
      fs.appendFileSync(process.env.GITHUB_ENV, 'environment text')
      fs.appendFileSync(process.env.GITHUB_PATH, 'path text')
      fs.writeFileSync('in-workspace', 'workspace text')
      fs.writeFileSync(process.env.HOME + '/.hidden', 'home text')
      process.exitCode = 3`)
    expect(result).toMatchObject({
      exitCode: 3,
      signal: null,
      stdout: 'to stdout\n',
      stderr: '::notice::to stderr\n',
      outputs: { plain: 'a=b', long: 'first\nsecond' },
      summary: 'summary text',
      state: 'state text',
      environmentFile: 'environment text',
      pathFile: 'path text',
      commands: [{ command: 'notice', properties: {}, message: 'to stderr' }],
    })
    expect(result.milliseconds).toBeGreaterThan(0)
    expect(result).not.toHaveProperty('millisecondsAfterInterrupt')
    for (const text of ['to stdout', 'to stderr', 'first\nsecond', 'summary text', 'state text', 'environment text']) {
      expect(result.written).toContain(text)
    }
    for (const text of ['path text', 'in-workspace', 'workspace text', '.hidden', 'home text']) {
      expect(result.written).toContain(text)
    }
  })

  it('passes on PATH and nothing else of its own environment, and leaves no folder behind', async () => {
    process.env.LEAKED_FROM_THE_TESTS = 'leaked'
    let result: RunnerResult
    try {
      result = await run('console.log(JSON.stringify({ ...process.env, cwd: process.cwd() }))', {
        environment: { GITHUB_JOB: 'other', EXTRA: 'more' },
      })
    } finally {
      delete process.env.LEAKED_FROM_THE_TESTS
    }
    const seen: Record<string, string> = JSON.parse(result.stdout)
    expect(seen).toMatchObject({
      AWS_EC2_METADATA_DISABLED: 'true',
      CI: 'true',
      EXTRA: 'more',
      GITHUB_ACTIONS: 'true',
      GITHUB_JOB: 'other',
      GITHUB_REPOSITORY: 'acme/app',
      GITHUB_RUN_ATTEMPT: '1',
      GITHUB_RUN_ID: '1234567890',
      PATH: process.env.PATH,
      cwd: seen.GITHUB_WORKSPACE,
    })
    const known = /^(PATH|HOME|TMPDIR|CI|EXTRA|cwd|AWS_EC2_METADATA_DISABLED|(GITHUB|RUNNER)_\w+)$/
    expect(Object.keys(seen).filter((name) => !known.test(name))).toEqual([])
    expect(existsSync(seen.GITHUB_WORKSPACE ?? '')).toBe(false)
    expect(existsSync(seen.HOME ?? '')).toBe(false)
  })

  // Without GITHUB_ACTIONS the bundle prints for a terminal, and masks nothing.
  it.each(['sandbox/demo.ts', '__tests__/support/runner.ts'])('%s sets GITHUB_ACTIONS, as the runner does', (file) => {
    const source = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8')
    expect(source).toContain('index.js')
    expect(source).toContain("GITHUB_ACTIONS: 'true'")
  })

  it('sets every declared input, to its default unless it is given, whatever the case of its name', async () => {
    const actionFile = join(folder, 'action.yml')
    await writeFile(
      actionFile,
      [
        'inputs:',
        '  wait-timeout-seconds: { description: a number, default: 300 }',
        '  dry run: { description: a boolean, default: true }',
        '  Environment: { description: is given, default: none }',
        '  region: { description: has no default, required: true }',
        `  token: { description: an expression, default: "\${{ github.token }}" }`,
        `  label: { description: two, default: "\${{ github.repository }} at \${{github.ref_name}}" }`,
      ].join('\n'),
    )
    const result = await run(
      `console.log(JSON.stringify(Object.fromEntries(Object.entries(process.env).filter(([name]) => name.startsWith('INPUT_')))))`,
      { actionFile, inputs: { environment: ' prod ', undeclared: 'kept' } },
    )
    expect(JSON.parse(result.stdout)).toEqual({
      'INPUT_WAIT-TIMEOUT-SECONDS': '300',
      INPUT_DRY_RUN: 'true',
      INPUT_ENVIRONMENT: ' prod ',
      INPUT_REGION: '',
      INPUT_TOKEN: 'ghs_aTokenThatOpensNothing',
      INPUT_LABEL: 'acme/app at main',
      INPUT_UNDECLARED: 'kept',
    })
  })

  it('rejects a default with an expression that it cannot evaluate', async () => {
    const actionFile = join(folder, 'expression.yml')
    await writeFile(actionFile, `inputs:\n  folder:\n    default: \${{ runner.temp }}\n`)
    await expect(run('', { actionFile })).rejects.toThrow(
      `The default of input "folder" holds \${{ runner.temp }}, which is not known here`,
    )
  })

  it('sends one SIGINT when a predicate of the output is true, and measures the time until the run ends', async () => {
    const result = await run(
      `let interrupts = 0
      process.on('SIGINT', () => {
        interrupts += 1
        setTimeout(() => { console.log('stopped after', interrupts); process.exit(5) }, 150)
      })
      setInterval(() => console.log('ready'), 20)`,
      { interruptWhen: (output) => output.includes('ready') },
    )
    expect(result).toMatchObject({ exitCode: 5, signal: null })
    expect(result.stdout).toContain('stopped after 1')
    expect(result.millisecondsAfterInterrupt).toBeGreaterThan(140)
    expect(result.millisecondsAfterInterrupt).toBeLessThan(result.milliseconds)
  })

  it('kills the run when a predicate of the output is true, and returns what was written before', async () => {
    const result = await run(
      `fs.appendFileSync(process.env.GITHUB_OUTPUT, 'done=1\\n')
      process.on('SIGINT', () => {})
      setInterval(() => console.log('ready'), 20)`,
      { killWhen: (output) => output.includes('ready') },
    )
    expect(result).toMatchObject({ exitCode: null, signal: 'SIGKILL', outputs: { done: '1' } })
  })

  it('provides the process, so that a test can end it', async () => {
    const script = `process.on('SIGINT', () => process.exit(5))
      setInterval(() => console.log('ready'), 20)`
    const endBy = (signal: 'SIGINT' | 'SIGKILL') => {
      let started: StartedRun | undefined
      let isGone = false
      return run(script, {
        onStart: (process) => {
          started = process
          process.exited.then(() => {
            isGone = true
          })
        },
        // The script must have set up what SIGINT does.
        killWhen: (output) => {
          if (output.includes('ready')) started?.kill(signal)
          return false
        },
      }).then((result) => ({ ...result, isGone }))
    }
    const interrupted = await endBy('SIGINT')
    expect(interrupted).toMatchObject({ exitCode: 5, signal: null, isGone: true })
    expect(interrupted.millisecondsAfterInterrupt).toBeGreaterThan(0)
    const killed = await endBy('SIGKILL')
    expect(killed).toMatchObject({ exitCode: null, signal: 'SIGKILL', isGone: true })
    expect(killed).not.toHaveProperty('millisecondsAfterInterrupt')
  })

  it('kills a run that takes too long, and its error holds the output', async () => {
    const running = run(`console.log('half way'); setInterval(() => {}, 1000)`, { timeoutMilliseconds: 500 })
    await expect(running).rejects.toThrow(/took more than 0\.5 s[\s\S]*half way/)
  })

  it('fails for a missing entry, a missing node, and a predicate that throws', async () => {
    await expect(runAction({ inputs: {}, entry: join(folder, 'none.js') })).rejects.toThrow('npm run build')
    await expect(run('', { node: join(folder, 'none') })).rejects.toThrow('ENOENT')
    const interruptWhen = () => {
      throw new Error('a bug in the test')
    }
    const running = run(`console.log('ready'); setInterval(() => {}, 1000)`, { interruptWhen })
    await expect(running).rejects.toThrow('a bug in the test')
  })
})

describe('parseOutputs', () => {
  it('reads lines and heredocs, and takes the last value of a name', () => {
    const text = 'a=1\n\nb<<=END=\nx<<y\n\nz=1\n=END=\nempty<<E\nE\nreturn=kept\r\na=2<<3\n__proto__=4'
    expect(Object.entries(parseOutputs(text))).toEqual([
      ['a', '2<<3'],
      ['b', 'x<<y\n\nz=1'],
      ['empty', ''],
      ['return', 'kept\r'],
      ['__proto__', '4'],
    ])
  })

  it.each(['name', '<<END', '=value', 'name<<', 'name<<END\nvalue\nEND '])(
    'fails where the runner fails: %j',
    (text) => {
      expect(() => parseOutputs(text)).toThrow()
    },
  )
})

describe('parseCommands', () => {
  it('unescapes messages and properties, each by its own rule', () => {
    const text = '  ::Error file=a%2Cb%3A%25,title=,line=3::100%25 of%0Atwo%0D lines%3A %2C::'
    expect(parseCommands(text)).toEqual([
      {
        command: 'error',
        properties: { file: 'a,b:%', line: '3' },
        message: '100% of\ntwo\r lines%3A %2C::',
      },
    ])
  })

  it('finds commands of the older syntax anywhere in a line, also after an unknown command of the newer one', () => {
    const text = '::made-up::text ##[set-output name=a%5D;b=c]value%3B%0A\nnot ##[closed\n##[none]##[error]late'
    expect(parseCommands(text)).toEqual([
      { command: 'set-output', properties: { name: 'a]', b: 'c' }, message: 'value;\n' },
    ])
  })

  it('ends a line at a carriage return, and finds no command of the newer syntax within a line', () => {
    const text = 'progress\r::warning::one\r\n::debug::two\nsaid ::error::three\n::error no end'
    expect(parseCommands(text).map(({ command, message }) => [command, message])).toEqual([
      ['warning', 'one'],
      ['debug', 'two'],
    ])
  })

  it('obeys nothing between stop-commands and its word', () => {
    const text = '::stop-commands::Word\n::error::no\n##[error]no\n::word::\n::error::yes'
    expect(parseCommands(text).map(({ command }) => command)).toEqual(['stop-commands', 'word', 'error'])
  })
})

describe('the process of a test', () => {
  it.each([
    () => connect(9, 'example.invalid'),
    () => connect({ host: '192.0.2.1', port: 9 }),
    () => connect({ host: '::ffff:192.0.2.1', port: 9 }),
    () => connectTls({ host: 'localhost.example.invalid', port: 9 }),
  ])('cannot connect to another machine: %s', (leave) => {
    expect(leave).toThrow('which is not this machine')
  })

  it.each(['127.0.0.1', 'localhost'])('can connect to this machine: %s', async (host) => {
    const server = createServer().listen(0, host)
    await once(server, 'listening')
    const socket = connect((server.address() as AddressInfo).port, host)
    await once(socket, 'connect')
    socket.destroy()
    server.close()
  })
})
