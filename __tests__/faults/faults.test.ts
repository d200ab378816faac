/**
 * A sample of the matrix that `npm run faults` runs in full: each scenario with some of the faults, and each fault in some of
 * the scenarios, at calls all over the run.
 */
import { type Case, callFaults, startFaultRuns } from './matrix.ts'
import { scenarios } from './scenarios.ts'

const runs = await startFaultRuns()
afterAll(() => runs.close())

it.each(scenarios.map((scenario, index) => [scenario.name, scenario, index] as const))(
  'explains every fault, converges afterwards and loses nothing: %s',
  async (_, scenario, index) => {
    const calls = await runs.countCalls(scenario)
    expect(calls).toBeGreaterThan(9)
    // A run with a definition file makes more calls, so it takes fewer of the faults.
    const share = scenario.definition === undefined ? 2 : 3
    const faults = callFaults.filter((_, at) => (at + index) % share === 0)
    const cases = faults.map((callFault, at): Case => {
      return { scenario, callFault, call: 1 + ((at * 7 + scenario.name.length) % calls) }
    })
    for (const each of cases) {
      const { unexplained, lost, leaked } = await runs.runCase(each)
      const { call, callFault } = each
      const problems = { unexplained, lost, leaked }
      expect({ call, ...callFault, problems }).toEqual({
        call,
        ...callFault,
        problems: { unexplained: [], lost: [], leaked: [] },
      })
    }
  },
  60_000,
)
