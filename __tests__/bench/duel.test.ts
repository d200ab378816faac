import { type DuelOptions, duel } from '../../bench/duel.ts'
import type { Contestant } from '../../bench/measure.ts'

const contestant = (name: string): Contestant => ({ name, command: '', words: [], environment: {}, folder: '' })

/** Measures the walls that are given for each contestant, round by round, and writes down what was asked in which order. */
function aDuel(walls: Readonly<Record<string, readonly number[]>>, memoryRounds = 0) {
  const asked: string[] = []
  const left = new Map(Object.entries(walls).map(([name, values]) => [name, [...values]]))
  let requests = 0
  const options: DuelOptions = {
    contestants: Object.keys(walls).map(contestant),
    yardsticks: ['a'],
    rounds: (walls.a?.length ?? 0) - 1,
    memoryRounds,
    counter: {
      begin: () => {
        requests = 0
      },
      end: () => ({ requests }),
    },
    wall: async ({ name }) => {
      asked.push(`wall ${name}`)
      requests = name === 'a' ? 3 : 7
      return left.get(name)?.shift() ?? Number.NaN
    },
    peak: async ({ name }) => {
      asked.push(`peak ${name}`)
      return name === 'a' ? 50 : 70
    },
  }
  return { options, asked }
}

it('contestants run in turn in every round, and memory is measured in rounds of its own afterwards', async () => {
  const { options, asked } = aDuel({ a: [1, 1, 1], b: [1, 1, 1], c: [1, 1, 1] }, 2)
  await duel(options)

  const round = (kind: string) => ['a', 'b', 'c'].map((name) => `${kind} ${name}`)
  expect(asked).toEqual([...round('wall'), ...round('wall'), ...round('wall'), ...round('peak'), ...round('peak')])
})

it('the first round is not counted', async () => {
  const { options } = aDuel({ a: [900, 100, 100], b: [9, 200, 200] })
  const [first] = await duel(options)

  expect(first?.wallMilliseconds).toEqual({ median: 100, mean: 100, least: 100, most: 100 })
})

it('ratios are taken pair by pair, so a machine that grows slower does not change them', async () => {
  const { options } = aDuel({ a: [1, 100, 200, 400], b: [1, 150, 300, 600] })
  const [first, second] = await duel(options)

  expect(first?.ratios.a).toEqual({ median: 1, mean: 1, least: 1, most: 1 })
  expect(second?.ratios.a).toEqual({ median: 1.5, mean: 1.5, least: 1.5, most: 1.5 })
  expect(second?.wallMilliseconds.median).toBe(300)
})

it('requests are counted for each contestant', async () => {
  const rows = await duel(aDuel({ a: [1, 1], b: [1, 1] }).options)

  expect(rows.map(({ requests }) => requests)).toEqual([3, 7])
})

it('without memory rounds no peak is claimed', async () => {
  const rows = await duel(aDuel({ a: [1, 1], b: [1, 1] }).options)

  expect(rows.map((row) => 'peakMegabytes' in row)).toEqual([false, false])
})
