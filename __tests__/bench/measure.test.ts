/** How the bench starts a contestant and what it measures of it. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { searchPath } from '../../bench/contestants.ts'
import { type Contestant, measurePeak, measureWall, parsePeak, spreadOf } from '../../bench/measure.ts'
import { isOnPath } from '../support/moto.ts'

const folder = mkdtempSync(join(tmpdir(), 'bench-measure-'))

afterAll(() => rmSync(folder, { recursive: true }))

function contestant(file: string, source: string): Contestant {
  writeFileSync(join(folder, file), source)
  const environment = { PATH: searchPath(), OWN: 'given' }
  return { name: file, command: process.execPath, words: [join(folder, file), 'word'], environment, folder }
}

/** A CommonJS script, as configure-aws-credentials is, that writes down how it was started. */
const recorder = () =>
  contestant(
    'recorder.cjs',
    `require('node:fs').writeFileSync('record.json', JSON.stringify({
      flags: process.execArgv,
      words: process.argv.slice(2),
      environment: process.env,
      folder: process.cwd(),
      parent: process.ppid,
      stack: new Error().stack,
    }))`,
  )
const record = () => JSON.parse(readFileSync(join(folder, 'record.json'), 'utf8'))

describe('a run whose time is measured', () => {
  it('is started as it is given: no flag, its own environment alone, and no process in between', async () => {
    const { environment, words } = recorder()
    await measureWall(recorder())

    expect(record()).toMatchObject({ flags: [], words: words.slice(1), folder, parent: process.pid })
    // macOS adds a variable of its own.
    expect(record().environment).toMatchObject(environment)
    expect(record().environment.NODE_OPTIONS).toBeUndefined()
  })

  it('loads a CommonJS entry by the CommonJS loader, as `node FILE` does, and not by the ESM loader', async () => {
    await measureWall(recorder())

    expect(record().stack).toContain('node:internal/modules/cjs')
    expect(record().stack).not.toContain('node:internal/modules/esm')
  })

  it('takes at least as long as the process lives', async () => {
    const slow = contestant('slow.cjs', 'setTimeout(() => {}, 300)')

    expect(await measureWall(slow)).toBeGreaterThanOrEqual(300)
  })

  it('is an error with the end of the output where the process fails', async () => {
    const failing = contestant('failing.cjs', 'console.log("what went wrong"); process.exitCode = 3')

    await expect(measureWall(failing)).rejects.toThrow('failing.cjs ended with 3:\nwhat went wrong')
  })

  it('is an error where there is no such command', async () => {
    await expect(measureWall({ ...recorder(), command: 'no-such-command' })).rejects.toThrow('ENOENT')
  })
})

// CI has Python, because moto needs it. Without it the bench measures no memory.
const withPython = isOnPath('python3') ? describe : describe.skip

withPython('a run whose memory is measured (NOT RUN where python3 is missing)', () => {
  it('is started with the same words, environment and folder as a run whose time is measured', async () => {
    await measureWall(recorder())
    const { parent, environment, ...timed } = record()
    await measurePeak(recorder())

    expect(record()).toMatchObject(timed)
    expect(record().parent).not.toBe(parent)
    expect(record().environment).toMatchObject({ OWN: environment.OWN, PATH: environment.PATH })
    expect(record().environment.NODE_OPTIONS).toBeUndefined()
  })

  it('has the peak that a process reaches in its last moment', async () => {
    const late = contestant('late.cjs', 'process.on("exit", () => Buffer.alloc(200 * 1024 * 1024, 1))')
    const peak = await measurePeak(late)

    expect(peak).toBeGreaterThan(200)
    expect(peak).toBeLessThan(400)
  })

  it('does not count the memory of the process that measures', async () => {
    const ballast = Buffer.alloc(300 * 1024 * 1024, 1)
    const small: Contestant = { ...recorder(), command: 'sh', words: ['-c', ':'] }

    expect(await measurePeak(small)).toBeLessThan(60)
    expect(ballast.length).toBeGreaterThan(0)
  })

  it('is an error with the end of the output where the process fails', async () => {
    const failing = contestant('failing.cjs', 'console.error("what went wrong"); process.exitCode = 3')

    await expect(measurePeak(failing)).rejects.toThrow('failing.cjs ended with 3:\nwhat went wrong')
  })
})

it('a report of kilobytes is read as megabytes', () => expect(parsePeak('73728')).toBe(72))

it.each(['', '0', '-1', '12 kB', '1e5'])('a report that is no number of kilobytes is an error: %j', (report) => {
  expect(() => parsePeak(report)).toThrow(`The observer reported no peak memory, but ${JSON.stringify(report)}`)
})

it('the median of an even number of values is the middle of the two in the middle', () => {
  expect(spreadOf([4, 1, 3, 10])).toEqual({ median: 3.5, mean: 4.5, least: 1, most: 10 })
})
