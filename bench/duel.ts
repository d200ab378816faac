/** Runs contestants in turn (A B C A B C) and compares runs of the same round, because machines get slower and faster. */
import { type Contestant, measurePeak, measureWall, type Spread, spreadOf } from './measure.ts'

export interface Row {
  readonly name: string
  readonly version?: string
  readonly wallMilliseconds: Spread
  /** Wall time divided by that of another row in the same round. The key is the name of the other row. */
  readonly ratios: Readonly<Record<string, Spread>>
  /** Peak memory of the largest process; absent if it was not measured. */
  readonly peakMegabytes?: Spread
  readonly requests: number
  /** The longest chain of requests one after another; absent if only their number is known. */
  readonly depth?: number
}

/** Counts the requests of one run. */
export interface RequestCounter {
  readonly begin: () => void
  readonly end: () => Pick<Row, 'requests' | 'depth'>
}

export interface DuelOptions {
  readonly contestants: readonly Contestant[]
  /** Names of the rows with which all rows are compared. */
  readonly yardsticks: readonly string[]
  readonly rounds: number
  /** Number of separate rounds that measure memory. */
  readonly memoryRounds: number
  readonly counter: RequestCounter
  readonly wall?: (contestant: Contestant) => Promise<number>
  readonly peak?: (contestant: Contestant) => Promise<number>
}

/** Measures all contestants. A first round, which warms caches, is not counted. */
export async function duel(options: DuelOptions): Promise<readonly Row[]> {
  const { contestants, yardsticks, rounds, memoryRounds, counter, wall = measureWall, peak = measurePeak } = options
  const counted = new Map<string, Pick<Row, 'requests' | 'depth'>>()
  const walls = await inTurn(contestants, rounds + 1, async (contestant) => {
    counter.begin()
    const milliseconds = await wall(contestant)
    counted.set(contestant.name, counter.end())
    return milliseconds
  })
  const peaks = await inTurn(contestants, memoryRounds, peak)
  const counting = (name: string) => walls.get(name)?.slice(1) ?? []
  return contestants.map(({ name, version }) => ({
    name,
    ...(version === undefined ? {} : { version }),
    wallMilliseconds: spreadOf(counting(name)),
    ratios: Object.fromEntries(
      yardsticks.map((yardstick) => [yardstick, spreadOf(ratiosPairByPair(counting(name), counting(yardstick)))]),
    ),
    ...(memoryRounds === 0 ? {} : { peakMegabytes: spreadOf(peaks.get(name) ?? []) }),
    ...(counted.get(name) ?? { requests: 0 }),
  }))
}

async function inTurn(
  contestants: readonly Contestant[],
  rounds: number,
  measure: (contestant: Contestant) => Promise<number>,
): Promise<ReadonlyMap<string, readonly number[]>> {
  const measured = new Map<string, number[]>(contestants.map(({ name }) => [name, []]))
  for (let round = 0; round < rounds; round += 1) {
    for (const contestant of contestants) measured.get(contestant.name)?.push(await measure(contestant))
  }
  return measured
}

function ratiosPairByPair(own: readonly number[], base: readonly number[]): readonly number[] {
  return own.map((value, round) => value / (base[round] ?? Number.NaN))
}
