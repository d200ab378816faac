/** A sample of the matrix that `npm run faults` runs whole: each scenario, each kind of fault, at calls spread over the run. */
import { breaks, type Case, type FaultBed, openBed } from './matrix.ts'
import { scenarios } from './scenarios.ts'

let bed: FaultBed

beforeAll(async () => {
  bed = await openBed()
})
afterAll(() => bed.close())

it.each(scenarios.map((scenario) => [scenario.name, scenario] as const))(
  '%s: whatever breaks, it ends explained, converges, and loses nothing',
  async (_, scenario) => {
    const calls = await bed.countCalls(scenario)
    expect(calls).toBeGreaterThan(9)
    const cases = breaks.map((broken, index): Case => {
      return { scenario, broken, call: 1 + ((index * 7 + scenario.name.length) % calls) }
    })
    for (const each of cases) {
      const { unexplained, lost, leaked } = await bed.runCase(each)
      const { call, broken } = each
      expect({ call, broken: broken.name, unexplained, lost, leaked }).toEqual({
        call,
        broken: broken.name,
        unexplained: [],
        lost: [],
        leaked: [],
      })
    }
  },
  30_000,
)
