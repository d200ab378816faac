/** One process, timed from outside: wall time from start to exit, processor time and peak memory as the system counts them. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { performance } from 'node:perf_hooks'

export interface Contestant {
  readonly name: string
  readonly command: string
  readonly words: readonly string[]
  readonly environment: Readonly<Record<string, string>>
}

export interface Measurement {
  readonly wallMilliseconds: number
  readonly exitCode: number | null
  /** Of Node processes alone: they report it themselves, at their very end. */
  readonly peakMegabytes?: number
  /** The end of what it wrote to stderr, for a failure. */
  readonly complaint: string
}

/** A line that a Node process writes to stderr when it exits; its units are kilobytes. */
const report = "process.on('exit',()=>process.stderr.write('\\npeak-kilobytes '+process.resourceUsage().maxRSS+'\\n'))"

export async function measure({ command, words, environment }: Contestant): Promise<Measurement> {
  const isNode = command === process.execPath
  const own = isNode ? ['--no-warnings', '--import', `data:text/javascript,${encodeURIComponent(report)}`] : []
  const start = performance.now()
  const child = spawn(command, [...own, ...words], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...environment },
  })
  let complaint = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-2000)
  })
  const [exitCode] = (await once(child, 'close')) as [number | null]
  const wallMilliseconds = performance.now() - start
  const [, kilobytes] = /peak-kilobytes (\d+)/.exec(complaint) ?? []
  return {
    wallMilliseconds,
    exitCode,
    ...(kilobytes === undefined ? {} : { peakMegabytes: Number(kilobytes) / 1024 }),
    complaint: complaint.replace(/\n?peak-kilobytes \d+\n?/, ''),
  }
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
