/** The measurements of `npm run contract:aws`, of a sandbox whose durations are known, in virtual time. */
import { measuredTimings } from '../../sandbox/options.ts'
import {
  type MeasuredName,
  measureDurations,
  measured,
  pollMilliseconds,
  samples,
  slowPollMilliseconds,
} from '../../scripts/contract-aws/measurements.ts'
import { markOf } from '../../scripts/contract-aws/run-tables.ts'
import { type Administered, startAdministered } from './administrator.ts'

const names = Object.keys(measured) as readonly MeasuredName[]
const slow = ['billingModeUpdating', 'provisionedUpdating', 'indexAllocating', 'indexCreating']
const once: readonly string[] = ['creatingWithIndexes', ...slow]
// Other durations than the sandbox has by default.
const timings: Readonly<Partial<Record<string, number>>> = {
  ...Object.fromEntries(names.map((name, index) => [name, Math.round(measuredTimings[name] * 1.3) + index * 10])),
  indexAllocating: 31_000,
  indexCreating: 97_000,
}
const mark = markOf('a-test')

let emulator: Administered['emulator']
let client: Administered['client']

beforeAll(async () => {
  ;({ emulator, client } = await startAdministered(timings))
})
afterEach(() => emulator.reset())
afterAll(() => emulator.close())

const never = new AbortController().signal

it('measures each duration to the time between two requests', async () => {
  const { clock } = emulator
  const { durations, problems } = await emulator.perform(() => measureDurations({ client, mark, clock, stop: never }))

  expect(problems).toEqual([])
  expect([...durations.keys()].sort()).toEqual([...names].sort())
  for (const [name, values] of durations) {
    expect([name, values.length]).toEqual([name, once.includes(name) ? 1 : samples])
    const precision = slow.includes(name) ? slowPollMilliseconds : pollMilliseconds
    for (const value of values) {
      expect([name, Math.abs(value - (timings[name] ?? 0)) <= precision || value]).toEqual([name, true])
    }
  }
})

it('says what was not measured, and measures the rest', async () => {
  const { clock, sandbox } = emulator
  sandbox.faults.add({
    kind: 'error',
    operation: 'UpdateContinuousBackups',
    errorName: 'AccessDeniedException',
    status: 400,
    message: 'no',
  })
  const { durations, problems } = await emulator.perform(() => measureDurations({ client, mark, clock, stop: never }))

  expect(problems).toEqual(['tables without indexes: AccessDeniedException: no'])
  expect([durations.has('indexCreating'), durations.has('tagsLag')]).toEqual([true, false])
})

it('ends every wait when it is stopped', async () => {
  const { clock } = emulator
  const stop = new AbortController()
  const stopped = emulator.perform(() => measureDurations({ client, mark, clock, stop: stop.signal }))
  void clock.sleep(8000, never).then(() => stop.abort(new Error('stopped')))
  const { problems } = await stopped
  expect(problems).toHaveLength(4)
  expect(problems.join()).toMatch(/^(.*: Error: stopped,?)+$/)
})
