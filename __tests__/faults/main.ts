/**
 * `npm run faults` runs the matrix of faults, then the signals. `npm run faults -- matrix` and `npm run faults -- signals`
 * run one of the two. A name after that selects a scenario: `npm run faults -- matrix "drift: billing"`.
 */
import { type CaseResult, callFaults, startFaultRuns } from './matrix.ts'
import { scenarios } from './scenarios.ts'
import { type SignalResult, shareRuns, signalScenarios, signals, startSignalRuns } from './signals.ts'

/** The number of processes at once that two cores let end in time. */
const sideBySide = 6

const [part, only] = process.argv.slice(2)
const isWanted = ({ name }: { readonly name: string }) => only === undefined || name === only

if (part !== 'signals') await runMatrix()
if (part !== 'matrix') await runSignals()

async function runMatrix(): Promise<void> {
  const runs = await startFaultRuns()
  const all: CaseResult[] = []
  try {
    printRow(['scenario', 'calls', 'cases', 'succeeded at once', 'converged', 'lost', 'unexplained', 'leaked'])
    printRow(Array.from({ length: 8 }, () => '---'))
    for (const scenario of scenarios.filter(isWanted)) {
      const calls = await runs.countCalls(scenario)
      const own: CaseResult[] = []
      for (const [callFault, call] of pairs(callFaults, calls)) {
        const result = await runs.runCase({ scenario, callFault, call })
        own.push(result)
        printProblems(`${scenario.name}, call ${call} ${callFault.name}`, result)
      }
      printRow([scenario.name, calls, ...matrixCells(own)])
      all.push(...own)
    }
    printRow(['all', '', ...matrixCells(all)])
  } finally {
    await runs.close()
  }
}

function matrixCells(results: readonly CaseResult[]): readonly number[] {
  return [
    results.length,
    results.filter(({ succeeded }) => succeeded).length,
    results.filter(({ unexplained }) => unexplained.length === 0).length,
    ...problemCells(results),
  ]
}

async function runSignals(): Promise<void> {
  const sandboxes = await Promise.all(Array.from({ length: sideBySide }, startSignalRuns))
  const withRuns = shareRuns(sandboxes)
  const all: SignalResult[] = []
  try {
    printRow(['scenario', 'calls', 'killed', 'cancelled', 'slowest end', 'converged', 'lost', 'unexplained', 'leaked'])
    printRow(Array.from({ length: 9 }, () => '---'))
    // No sandbox waits for the end of a scenario; each row is printed when its scenario is complete.
    const rows = signalScenarios.filter(isWanted).map(async (scenario) => {
      const calls = await withRuns((runs) => runs.countCalls(scenario))
      const own = await Promise.all(
        pairs(signals, calls).map(async ([signal, call]) => {
          const result = await withRuns((runs) => runs.runCase({ scenario, signal, call }))
          printProblems(`${scenario.name}, ${signal.name}, call ${call}`, result)
          return result
        }),
      )
      return { scenario, calls, own }
    })
    for (const each of rows) {
      const { scenario, calls, own } = await each
      printRow([scenario.name, calls, ...signalCells(own)])
      all.push(...own)
    }
    printRow(['all', '', ...signalCells(all)])
  } finally {
    await Promise.all(sandboxes.map((runs) => runs.close()))
  }
}

function signalCells(results: readonly SignalResult[]): readonly (string | number)[] {
  // Polls come at random times, so a run may make a call or two fewer than the counted one.
  const sent = results.filter(({ wasSent }) => wasSent)
  const ends = sent.flatMap(({ milliseconds }) => milliseconds ?? [])
  return [
    sent.length - ends.length,
    ends.length,
    `${(Math.max(0, ...ends) / 1000).toFixed(2)} s`,
    sent.filter(({ unexplained }) => unexplained.length === 0).length,
    ...problemCells(results),
  ]
}

interface Problems {
  readonly lost: readonly string[]
  readonly unexplained: readonly string[]
  readonly leaked: readonly string[]
}

function problemCells(results: readonly Problems[]): readonly number[] {
  return (['lost', 'unexplained', 'leaked'] as const).map(
    (kind) => results.filter((result) => result[kind].length > 0).length,
  )
}

function printProblems(where: string, { lost, unexplained, leaked }: Problems): void {
  for (const problem of [...lost, ...unexplained, ...leaked]) {
    console.error(`${where}: ${problem}`)
    process.exitCode = 1
  }
}

function printRow(cells: readonly (string | number)[]): void {
  console.log(`| ${cells.join(' | ')} |`)
}

/** Each way with each number of a call, from 1 up. */
function pairs<Way>(ways: readonly Way[], calls: number): readonly (readonly [Way, number])[] {
  return ways.flatMap((way) => Array.from({ length: calls }, (_, index) => [way, index + 1] as const))
}
