/**
 * Runs one contestant exactly as it is given. Wall time and peak memory are taken in separate runs: nothing observes a
 * run that is timed, and no flag is added to either.
 */
import { spawn } from 'node:child_process'
import { performance } from 'node:perf_hooks'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'

export interface Contestant {
  readonly name: string
  /** As the tool prints it. */
  readonly version?: string
  /** Looked up in the PATH of `environment`. */
  readonly command: string
  readonly words: readonly string[]
  /** The whole of it: nothing of this process's own environment is added. */
  readonly environment: Readonly<Record<string, string>>
  /** The working directory. */
  readonly folder: string
}

/**
 * From the start of the process to its exit, in milliseconds.
 *
 * @throws {Error} where the process fails, with the end of its output
 */
export async function measureWall(contestant: Contestant): Promise<number> {
  return await run(contestant)
}

/**
 * Python, because its standard library hands on what wait4 reports and nearly every system has it. A child's peak begins
 * with that of the process that starts it, so a starter larger than the contestant would hide the contestant's own.
 * Linux counts in kilobytes, macOS in bytes.
 */
const observer = `import os, resource, subprocess, sys
exit_code = subprocess.call(sys.argv[1:])
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
os.write(3, str(peak // 1024 if sys.platform == "darwin" else peak).encode())
sys.exit(exit_code)
`

/**
 * Peak resident memory of the contestant's largest process, in megabytes, as the system counts it when the process has
 * ended (wait4's ru_maxrss). Needs python3 in the contestant's PATH.
 *
 * @throws {Error} where the process fails, with the end of its output
 */
export async function measurePeak(contestant: Contestant): Promise<number> {
  const words = ['-c', observer, contestant.command, ...contestant.words]
  let report: Promise<string> | undefined
  await run({ ...contestant, command: 'python3', words }, (pipe) => {
    report = text(pipe)
  })
  return parsePeak((await report) ?? '')
}

/** Kilobytes, as the observer reports them, to megabytes. */
export function parsePeak(report: string): number {
  if (!/^[1-9]\d*$/.test(report)) throw new Error(`The observer reported no peak memory, but ${JSON.stringify(report)}`)
  return Number(report) / 1024
}

/** Output goes to pipes that are read, as the runner does it. File descriptor 3 is the observer's. */
async function run(
  { name, command, words, environment, folder }: Contestant,
  readReport?: (pipe: Readable) => void,
): Promise<number> {
  let output = ''
  const start = performance.now()
  const child = spawn(command, words, {
    cwd: folder,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe', ...(readReport === undefined ? [] : ['pipe' as const])],
  })
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (piece: string) => {
      output = (output + piece).slice(-2000)
    })
  }
  readReport?.(child.stdio[3] as Readable)
  return await new Promise((resolve, reject) => {
    let wall = 0
    child.on('error', reject)
    child.on('exit', () => {
      wall = performance.now() - start
    })
    // Not at exit: the pipes may still hold output then.
    child.on('close', (exitCode) => {
      if (exitCode === 0) resolve(wall)
      else reject(new Error(`${name} ended with ${exitCode}:\n${output}`))
    })
  })
}

export interface Spread {
  readonly median: number
  readonly mean: number
  readonly least: number
  readonly most: number
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((left, right) => left - right)
  const at = (index: number) => sorted[index] ?? Number.NaN
  const middle = (sorted.length - 1) / 2
  return {
    median: (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2,
    mean: values.reduce((sum, value) => sum + value, 0) / values.length,
    least: at(0),
    most: at(sorted.length - 1),
  }
}
