/** Measurement of wall time and memory of a contestant. */
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

/** A CommonJS script, like configure-aws-credentials, that records how it was started. */
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

describe('measureWall', () => {
  it('starts the contestant directly, without additional flags and variables', async () => {
    const { environment, words } = recorder()
    await measureWall(recorder())

    expect(record()).toMatchObject({ flags: [], words: words.slice(1), folder, parent: process.pid })
    // macOS adds a variable of its own.
    expect(record().environment).toMatchObject(environment)
    expect(record().environment.NODE_OPTIONS).toBeUndefined()
  })

  it('makes Node load a CommonJS file with the CommonJS loader, as `node FILE` does', async () => {
    await measureWall(recorder())

    expect(record().stack).toContain('node:internal/modules/cjs')
    expect(record().stack).not.toContain('node:internal/modules/esm')
  })

  it('measures until the exit of the process', async () => {
    const slow = contestant('slow.cjs', 'setTimeout(() => {}, 300)')

    expect(await measureWall(slow)).toBeGreaterThanOrEqual(300)
  })

  it('throws with the end of the output if the process fails', async () => {
    const failing = contestant('failing.cjs', 'console.log("reason"); process.exitCode = 3')

    await expect(measureWall(failing)).rejects.toThrow('failing.cjs ended with 3:\nreason')
  })

  it('throws if the command is missing', async () => {
    await expect(measureWall({ ...recorder(), command: 'no-such-command' })).rejects.toThrow('ENOENT')
  })
})

// CI must have Python, for moto. Elsewhere, the bench measures no memory without it.
const withPython = isOnPath('python3') || process.env.GITHUB_ACTIONS ? describe : describe.skip

withPython('measurePeak (NOT RUN without python3)', () => {
  it('starts the contestant with the same arguments, environment and folder as measureWall', async () => {
    await measureWall(recorder())
    const { parent, environment, ...timed } = record()
    await measurePeak(recorder())

    expect(record()).toMatchObject(timed)
    expect(record().parent).not.toBe(parent)
    expect(record().environment).toMatchObject({ OWN: environment.OWN, PATH: environment.PATH })
    expect(record().environment.NODE_OPTIONS).toBeUndefined()
  })

  it('includes memory that is allocated at the exit of the process', async () => {
    const late = contestant('late.cjs', 'process.on("exit", () => Buffer.alloc(200 * 1024 * 1024, 1))')
    const peak = await measurePeak(late)

    expect(peak).toBeGreaterThan(200)
    expect(peak).toBeLessThan(400)
  })

  it('excludes the memory of the measuring process', async () => {
    const ballast = Buffer.alloc(300 * 1024 * 1024, 1)
    const small: Contestant = { ...recorder(), command: 'sh', words: ['-c', ':'] }

    expect(await measurePeak(small)).toBeLessThan(60)
    expect(ballast.length).toBeGreaterThan(0)
  })

  it('throws with the end of the output if the process fails', async () => {
    const failing = contestant('failing.cjs', 'console.error("reason"); process.exitCode = 3')

    await expect(measurePeak(failing)).rejects.toThrow('failing.cjs ended with 3:\nreason')
  })
})

it('converts the kilobytes of the observer to megabytes', () => expect(parsePeak('73728')).toBe(72))

it.each(['', '0', '-1', '12 kB', '1e5'])('rejects a report that is not a number of kilobytes: %j', (report) => {
  expect(() => parsePeak(report)).toThrow(
    `The observer must report peak memory in kilobytes, but reported ${JSON.stringify(report)}`,
  )
})

it('takes the mean of the two middle values as the median of an even number of values', () => {
  expect(spreadOf([4, 1, 3, 10])).toEqual({ median: 3.5, mean: 4.5, least: 1, most: 10 })
})
