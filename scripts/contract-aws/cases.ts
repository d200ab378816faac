/** Runs the cases of the contract, in a process of its own, and reads their results. */
import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { RunMark } from './run-tables.ts'

/** The parameters of the cases, which find credentials and endpoints in the environment. */
export interface ContractRun {
  readonly account: string
  readonly region: string
  readonly mark: RunMark
  /** The speed of the clock: 1, except with an emulator whose clock is faster. */
  readonly speed: number
}

export interface CaseResult {
  readonly name: string
  readonly status: 'passed' | 'failed' | 'not run'
  /** By the clock of the run. */
  readonly seconds: number
}

export interface CaseOptions {
  /** A pattern: only the cases whose name matches are run. */
  readonly only: string | undefined
  /** Ends the process of the cases at once: what they have created stays. */
  readonly stop: AbortSignal
}

/** No case waits longer than this, by the clock of the run: an index takes up to 17 minutes to build. */
const longestCaseSeconds = 3600

/**
 * Runs the cases one after the other, because they use the same tables.
 *
 * @returns no result if the process was stopped, or ended before its cases
 */
export async function runCases(run: ContractRun, { only, stop }: CaseOptions): Promise<readonly CaseResult[]> {
  const results = resolve('lib', 'contract-aws', `${run.mark.tag.Value}.json`)
  mkdirSync(resolve('lib', 'contract-aws'), { recursive: true })
  const { default: config } = await import(pathToFileURL(resolve('jest.config.js')).href)
  const cases = {
    ...config,
    rootDir: resolve('.'),
    testMatch: ['<rootDir>/__tests__/contract/aws.contract.ts'],
    // The setup files of the other tests refuse connections to other machines.
    setupFiles: [],
    testTimeout: Math.ceil((longestCaseSeconds * 1000) / run.speed),
  }
  const words = [
    ...['--experimental-vm-modules', '--no-warnings', 'node_modules/jest/bin/jest.js', '--runInBand', '--verbose'],
    ...['--config', JSON.stringify(cases), '--json', '--outputFile', results],
    ...(only === undefined ? [] : ['--testNamePattern', only]),
  ]
  // A process group of its own, so that Ctrl-C reaches this process alone, which then decides.
  const child = spawn(process.execPath, words, {
    detached: true,
    env: { ...process.env, CONTRACT_RUN: JSON.stringify(run) },
    // jest reports on standard error if --outputFile is given, and writes nothing to standard output.
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const kill = () => {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
  }
  stop.addEventListener('abort', kill)
  if (stop.aborted) kill()
  try {
    await new Promise<void>((done, reject) => child.once('close', () => done()).once('error', reject))
    return stop.aborted ? [] : readResults(results, run.speed)
  } finally {
    stop.removeEventListener('abort', kill)
    rmSync(results, { force: true })
  }
}

interface JestResults {
  readonly testResults: readonly {
    readonly assertionResults: readonly {
      readonly ancestorTitles: readonly string[]
      readonly title: string
      readonly status: string
      readonly duration?: number | null
    }[]
  }[]
}

function readResults(path: string, speed: number): readonly CaseResult[] {
  let written: string
  try {
    written = readFileSync(path, 'utf8')
  } catch {
    // The process ended before it wrote its results, and has printed why.
    return []
  }
  const { testResults } = JSON.parse(written) as JestResults
  return testResults.flatMap(({ assertionResults }) =>
    assertionResults.map(({ ancestorTitles, title, status, duration }) => ({
      // The first title is that of the whole contract.
      name: [...ancestorTitles.slice(1), title].join(' '),
      status: status === 'passed' || status === 'failed' ? status : 'not run',
      seconds: Math.round(((duration ?? 0) * speed) / 1000),
    })),
  )
}
