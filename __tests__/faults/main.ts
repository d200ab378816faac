/**
 * `npm run faults`: the whole matrix, then every signal. `npm run faults -- matrix` and `npm run faults -- signals` run one of the
 * two; a name after that, as in `npm run faults -- matrix "drift: billing"`, one scenario of it.
 */
import { breaks, type CaseResult, openBed } from './matrix.ts'
import { scenarios } from './scenarios.ts'
import { openSignalBed, type SignalResult, shareBeds, signalScenarios, signals } from './signals.ts'

/** So many processes at once leave room for each to end in time, on two cores. */
const sideBySide = 6

const [part, only] = process.argv.slice(2)
const isWanted = ({ name }: { readonly name: string }) => only === undefined || name === only

if (part !== 'signals') await runMatrix()
if (part !== 'matrix') await runSignals()

async function runMatrix(): Promise<void> {
  const bed = await openBed()
  const all: CaseResult[] = []
  try {
    tellRow(['scenario', 'calls', 'cases', 'succeeded at once', 'converged', 'lost', 'unexplained', 'leaked'])
    tellRow(Array.from({ length: 8 }, () => '---'))
    for (const scenario of scenarios.filter(isWanted)) {
      const calls = await bed.countCalls(scenario)
      const own: CaseResult[] = []
      for (const [broken, call] of pairs(breaks, calls)) {
        const result = await bed.runCase({ scenario, broken, call })
        own.push(result)
        tellProblems(`${scenario.name}, call ${call} ${broken.name}`, result)
      }
      tellRow([scenario.name, calls, ...matrixCells(own)])
      all.push(...own)
    }
    tellRow(['all', '', ...matrixCells(all)])
  } finally {
    await bed.close()
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
  const beds = await Promise.all(Array.from({ length: sideBySide }, openSignalBed))
  const withBed = shareBeds(beds)
  const all: SignalResult[] = []
  try {
    tellRow(['scenario', 'calls', 'killed', 'cancelled', 'slowest end', 'converged', 'lost', 'unexplained', 'leaked'])
    tellRow(Array.from({ length: 9 }, () => '---'))
    // No bed waits until a scenario is through; each is told when it is.
    const underWay = signalScenarios.filter(isWanted).map(async (scenario) => {
      const calls = await withBed((bed) => bed.countCalls(scenario))
      const own = await Promise.all(
        pairs(signals, calls).map(async ([signal, call]) => {
          const result = await withBed((bed) => bed.runCase({ scenario, signal, call }))
          tellProblems(`${scenario.name}, call ${call} ${signal.name}`, result)
          return result
        }),
      )
      return { scenario, calls, own }
    })
    for (const each of underWay) {
      const { scenario, calls, own } = await each
      tellRow([scenario.name, calls, ...signalCells(own)])
      all.push(...own)
    }
    tellRow(['all', '', ...signalCells(all)])
  } finally {
    await Promise.all(beds.map((bed) => bed.close()))
  }
}

function signalCells(results: readonly SignalResult[]): readonly (string | number)[] {
  // Looks come at random times, so a run may make a call or two less than the one that was counted.
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

function tellProblems(where: string, { lost, unexplained, leaked }: Problems): void {
  for (const problem of [...lost, ...unexplained, ...leaked]) {
    console.error(`${where}: ${problem}`)
    process.exitCode = 1
  }
}

function tellRow(cells: readonly (string | number)[]): void {
  console.log(`| ${cells.join(' | ')} |`)
}

/** Each way with each call, from 1 up. */
function pairs<Way>(ways: readonly Way[], calls: number): readonly (readonly [Way, number])[] {
  return ways.flatMap((way) => Array.from({ length: calls }, (_, index) => [way, index + 1] as const))
}
