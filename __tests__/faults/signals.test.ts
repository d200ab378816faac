/** A sample of the signals that `npm run faults` sends at every call: each scenario and each signal. */
import { signalScenarios, signals, startSignalRuns } from './signals.ts'

const runs = await startSignalRuns()
afterAll(() => runs.close())

it.each(
  signalScenarios.map((scenario, index) => {
    const signal = signals[index % signals.length]
    if (signal === undefined) throw new Error('There is no signal')
    return { name: scenario.name, how: signal.name, scenario, signal, index }
  }),
)(
  'a process that is $how loses nothing, and the next run completes the work: $name',
  async ({ scenario, signal, index }) => {
    // Every run makes at least eleven calls.
    const call = 1 + ((index * 5) % 11)
    const { wasSent, milliseconds: _, ...problems } = await runs.runCase({ scenario, signal, call })
    expect({ call, wasSent, ...problems }).toEqual({ call, wasSent: true, unexplained: [], lost: [], leaked: [] })
  },
  30_000,
)
