/** A sample of the signals that `npm run faults` sends at every call: each scenario and each signal, at calls spread over the run. */
import { openSignalBed, type SignalBed, signalScenarios, signals } from './signals.ts'

let bed: SignalBed

beforeAll(async () => {
  bed = await openSignalBed()
})
afterAll(() => bed.close())

it.each(
  signalScenarios.map((scenario, index) => {
    const signal = signals[index % signals.length]
    if (signal === undefined) throw new Error('There is no signal')
    return { name: scenario.name, how: signal.name, scenario, signal, index }
  }),
)(
  '$name, $how',
  async ({ scenario, signal, index }) => {
    // The shortest run, a plan with its comment, makes eleven calls or more.
    const call = 1 + ((index * 5) % 11)
    const { wasSent, milliseconds: _, ...problems } = await bed.runCase({ scenario, signal, call })
    expect({ call, wasSent, ...problems }).toEqual({ call, wasSent: true, unexplained: [], lost: [], leaked: [] })
  },
  30_000,
)
