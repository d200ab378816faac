/**
 * A sample of runs with a definition file that are killed or cancelled at a call: the next run completes the work. The
 * matrix kills them at every call.
 */
import { startEmulator } from '../support/emulator.ts'
import type { RecordingRunner } from '../support/recording-runner.ts'
import { findDifferences, findLosses, missingExplanations, readAccount } from './checks.ts'
import { fileScenarios } from './file-scenarios.ts'
import { filesOf, type Inputs, inputsOf, planInputs, type Scenario, timings } from './scenarios.ts'

const { sandbox, hands, clock, runAction, reset, close } = await startEmulator({ timings })
afterAll(() => close())

const until = async (isSo: (now: number) => boolean) => {
  while (!isSo(clock.now())) clock.pass(1000)
}

async function begin({ prepare }: Scenario): Promise<void> {
  await reset()
  await prepare?.({ hands, until })
  sandbox.clearRequests()
}

/** Calls of each scenario, from the first to the last one. */
const samples = 4

type End = 'killed' | 'cancelled'

/** From the n-th call on no request of a killed run arrives. That call is performed, or not. */
const endedAt = (end: End, at: number, moment: 'before' | 'after') => (runner: RecordingRunner) => {
  let seen = 0
  return (when: 'before' | 'after') => {
    if (when === 'before') seen += 1
    const isTheCall = seen === at && when === moment
    if (end === 'cancelled' && isTheCall) runner.interrupt()
    if (end === 'killed' && (seen > at || isTheCall)) throw new Error('The process was killed')
  }
}

const run = (scenario: Scenario, inputs: Inputs, watch?: ReturnType<typeof endedAt>) =>
  runAction(inputs, { files: filesOf(scenario), ...(watch === undefined ? {} : { watch }) })

describe.each(fileScenarios.map((scenario) => [scenario.name, scenario] as const))('%s', (_, scenario) => {
  it.each<End>(['killed', 'cancelled'])(
    'a run that is %s is completed by the next run, and repeats no change of an index or stream',
    async (end) => {
      await begin(scenario)
      const { errors } = await run(scenario, inputsOf(scenario))
      expect(errors).toEqual([])
      const calls = sandbox.requests.length
      expect(calls).toBeGreaterThan(9)
      for (let sample = 1; sample <= samples; sample += 1) {
        const at = Math.ceil((sample * calls) / samples)
        const moment = sample % 2 === 0 ? 'before' : 'after'
        await begin(scenario)
        const before = await readAccount(hands, scenario)
        const first = await run(scenario, inputsOf(scenario), endedAt(end, at, moment))
        const second = await run(scenario, inputsOf(scenario))
        const plan = await run(scenario, planInputs(scenario))
        const problems = [
          ...(end === 'cancelled' ? missingExplanations(scenario, first) : []),
          ...findDifferences(scenario, second, plan, hands),
          ...findLosses({
            scenario,
            before,
            after: await readAccount(hands, scenario),
            requests: sandbox.requests,
            messages: [...first.lines, ...first.errors].join(),
          }),
        ]
        expect({ at, moment, problems }).toEqual({ at, moment, problems: [] })
      }
    },
    120_000,
  )
})
