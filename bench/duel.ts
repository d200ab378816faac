/** Contestants in turn, A B C A B C: a machine that grows slower slows all of them, and ratios are taken round by round. */
import { type Contestant, measurePeak, measureWall, type Spread, spreadOf } from './measure.ts'

export interface Row {
  readonly name: string
  readonly version?: string
  readonly wallMilliseconds: Spread
  /** Wall time divided by that of another row in the same round, by the name of that row. */
  readonly ratios: Readonly<Record<string, Spread>>
  /** Of the largest process; absent where it could not be measured. */
  readonly peakMegabytes?: Spread
  readonly requests: number
  /** Requests one after another; absent where only their number is known. */
  readonly depth?: number
}

/** Counts the requests of one run. */
export interface RequestCounter {
  readonly begin: () => void
  readonly end: () => Pick<Row, 'requests' | 'depth'>
}

export interface DuelOptions {
  readonly contestants: readonly Contestant[]
  /** Names of the rows that all are compared with. */
  readonly yardsticks: readonly string[]
  readonly rounds: number
  /** Runs that measure memory alone. */
  readonly memoryRounds: number
  readonly counter: RequestCounter
  readonly wall?: (contestant: Contestant) => Promise<number>
  readonly peak?: (contestant: Contestant) => Promise<number>
}

/** A first round is not counted: it warms caches. */
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
