/**
 * Measures one contestant. Wall time and peak memory are measured in separate runs, without additional flags, so that
 * nothing observes a timed run.
 */
import { spawn } from 'node:child_process'
import { performance } from 'node:perf_hooks'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'

export interface Contestant {
  readonly name: string
  /** The version as the tool prints it. */
  readonly version?: string
  /** Found by the PATH of `environment`. */
  readonly command: string
  readonly words: readonly string[]
  /** The complete environment: nothing of this process's environment is added. */
  readonly environment: Readonly<Record<string, string>>
  /** The working directory. */
  readonly folder: string
}

/**
 * Measures from the start of the process to its exit, in milliseconds.
 *
 * @throws {Error} if the process fails, with the end of its output
 */
export async function measureWall(contestant: Contestant): Promise<number> {
  return await run(contestant)
}

/**
 * A Python script, because Python's standard library returns the result of wait4 and most systems have Python. On Linux,
 * a child's peak starts with the memory of its parent, so the parent must be smaller than the contestant.
 * ru_maxrss is in kilobytes on Linux and in bytes on macOS.
 */
const observer = `import os, resource, subprocess, sys
exit_code = subprocess.call(sys.argv[1:])
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
os.write(3, str(peak // 1024 if sys.platform == "darwin" else peak).encode())
sys.exit(exit_code)
`

/**
 * Measures the peak resident memory of the contestant's largest process, in megabytes (ru_maxrss of wait4). Needs python3
 * in the contestant's PATH.
 *
 * @throws {Error} if the process fails, with the end of its output
 */
export async function measurePeak(contestant: Contestant): Promise<number> {
  const words = ['-c', observer, contestant.command, ...contestant.words]
  let report: Promise<string> | undefined
  await run({ ...contestant, command: 'python3', words }, (pipe) => {
    report = text(pipe)
  })
  return parsePeak((await report) ?? '')
}

/** Converts the observer's kilobytes to megabytes. */
export function parsePeak(report: string): number {
  if (!/^[1-9]\d*$/.test(report))
    throw new Error(`The observer must report peak memory in kilobytes, but reported ${JSON.stringify(report)}`)
  return Number(report) / 1024
}

/** Reads the output through pipes, as the runner does. The observer writes to file descriptor 3. */
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
    // At exit, the pipes may still contain output.
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
