import { type DuelOptions, duel } from '../../bench/duel.ts'
import type { Contestant } from '../../bench/measure.ts'

const contestant = (name: string): Contestant => ({ name, command: '', words: [], environment: {}, folder: '' })

/** Options with the given wall times by contestant and round, and a record of the measurements in their order. */
function createDuel(walls: Readonly<Record<string, readonly number[]>>, memoryRounds = 0) {
  const measured: string[] = []
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
      measured.push(`wall ${name}`)
      requests = name === 'a' ? 3 : 7
      return left.get(name)?.shift() ?? Number.NaN
    },
    peak: async ({ name }) => {
      measured.push(`peak ${name}`)
      return name === 'a' ? 50 : 70
    },
  }
  return { options, measured }
}

it('runs contestants in turn in every round, then measures memory in separate rounds', async () => {
  const { options, measured } = createDuel({ a: [1, 1, 1], b: [1, 1, 1], c: [1, 1, 1] }, 2)
  await duel(options)

  const round = (kind: string) => ['a', 'b', 'c'].map((name) => `${kind} ${name}`)
  expect(measured).toEqual([...round('wall'), ...round('wall'), ...round('wall'), ...round('peak'), ...round('peak')])
})

it('does not count the first round', async () => {
  const { options } = createDuel({ a: [900, 100, 100], b: [9, 200, 200] })
  const [first] = await duel(options)

  expect(first?.wallMilliseconds).toEqual({ median: 100, mean: 100, least: 100, most: 100 })
})

it('takes ratios within a round, so that a machine that gets slower does not change them', async () => {
  const { options } = createDuel({ a: [1, 100, 200, 400], b: [1, 150, 300, 600] })
  const [first, second] = await duel(options)

  expect(first?.ratios.a).toEqual({ median: 1, mean: 1, least: 1, most: 1 })
  expect(second?.ratios.a).toEqual({ median: 1.5, mean: 1.5, least: 1.5, most: 1.5 })
  expect(second?.wallMilliseconds.median).toBe(300)
})

it('counts the requests of each contestant', async () => {
  const rows = await duel(createDuel({ a: [1, 1], b: [1, 1] }).options)

  expect(rows.map(({ requests }) => requests)).toEqual([3, 7])
})

it('reports no peak memory without memory rounds', async () => {
  const rows = await duel(createDuel({ a: [1, 1], b: [1, 1] }).options)

  expect(rows.map((row) => 'peakMegabytes' in row)).toEqual([false, false])
})
