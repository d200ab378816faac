/** Any number of tables: the cost grows with their number and no faster, and what an account throttles is respected. */
import { measureScale, type ScaleMeasurement } from '../bench/scale.ts'

const timings = { creating: 0, backupsMissing: 0, backupsUnavailable: 0, tagsUnreadable: 0 }

describe('2, 20 and 200 tables', () => {
  let measured: readonly ScaleMeasurement[]

  beforeAll(async () => {
    measured = []
    for (const tables of [2, 20, 200]) {
      measured = [...measured, await measureScale(tables, { timings, writesAtOnce: 6 })]
    }
  }, 60_000)

  it('are three reads each where there is nothing to do', () => {
    expect(measured.map(({ noOp }) => noOp.calls)).toEqual([6, 60, 600])
  })

  it('are three reads, a creation, a look and three reads each where there is none', () => {
    // A look more each at most, where the machine is slow.
    for (const { tables, firstRun } of measured) {
      expect(firstRun.calls).toBeGreaterThanOrEqual(8 * tables)
      expect(firstRun.calls).toBeLessThanOrEqual(10 * tables)
    }
  })

  it('never have more writes under way than an account takes', () => {
    expect(measured.map(({ firstRun }) => firstRun.throttled)).toEqual([0, 0, 0])
  })
})

it('an account that takes less still converges, and is asked less and less', async () => {
  const { firstRun, noOp } = await measureScale(20, { timings, writesAtOnce: 2, latencyMilliseconds: 5 })
  expect(firstRun.throttled).toBeGreaterThan(0)
  expect(firstRun.throttled).toBeLessThan(40)
  expect(noOp.calls).toBe(60)
}, 60_000)
