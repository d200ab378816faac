import { type Polling, poll, pollInterval } from '../../src/apply/poll.ts'
import { cancelled } from '../support/apply.ts'
import { aRun } from '../support/fakes.ts'

const polling: Polling = {
  goal: 'the oven to be hot',
  usual: '5 s',
  firstPoll: 3,
  interval: 0.5,
  timeout: 100,
  remedy: 'Check the plug.',
  explainTimeout: (status) => new Error(`It is ${status}.`),
}

/** A probe with these results one after the other; the last one repeats. */
function probing<Result>(...results: readonly Result[]) {
  let count = 0
  return { probe: async () => results[Math.min(count++, results.length - 1)] as Result, probes: () => count }
}

it('returns the result of the first probe that is done, and sleeps before each probe', async () => {
  const run = aRun()
  const { probe } = probing({ status: 'cold' }, { status: 'warm' }, { done: 'hot' })
  await expect(poll(polling, run, probe)).resolves.toBe('hot')
  expect(run.clock.sleeps).toEqual([3000, 500, 500])
})

it('probes at once where the first poll is after 0 s', async () => {
  const run = aRun()
  await expect(poll({ ...polling, firstPoll: 0 }, run, async () => ({ done: 'hot' }))).resolves.toBe('hot')
  expect(run.clock.sleeps).toEqual([])
})

it('polls at the given interval for 20 s, then less and less often, and every 12 s after five minutes', () => {
  const intervals = [0, 19.9, 20, 50, 100, 299.9, 300].map((seconds) => pollInterval(seconds, 0.45, 0.5))
  expect(intervals).toEqual([0.45, 0.45, 0.8, 2, 2.5, 2.5, 12])
})

it('varies each interval by up to 30 percent', () => {
  expect(pollInterval(5, 10, 0)).toBeCloseTo(7)
  expect(pollInterval(300, 10, 1)).toBeCloseTo(15.6)
})

it('never shortens the given interval while it waits', () => {
  expect([0, 20, 100, 300].map((seconds) => pollInterval(seconds, 1, 0.5))).toEqual([1, 1, 2.5, 12])
  expect([0, 100, 400].map((seconds) => pollInterval(seconds, 12, 0.5))).toEqual([12, 12, 12])
})

it('fails after the first probe that began after the time-out', async () => {
  const run = aRun()
  const start = run.clock.now()
  const { probe, probes } = probing({ status: 'cold' })
  await expect(poll({ ...polling, firstPoll: 1, timeout: 2 }, run, probe)).rejects.toThrow('It is cold.')
  expect([probes(), run.clock.now() - start]).toEqual([3, 2000])
})

it('probes again where the last probe took longer than the time-out: it may show the time when it began', async () => {
  const run = aRun()
  let probes = 0
  const probe = async () => {
    probes += 1
    if (probes > 1) return { done: 'hot' }
    await run.clock.sleep(200_000, run.stop)
    return { status: 'cold' }
  }
  await expect(poll(polling, run, probe)).resolves.toBe('hot')
})

it('passes on the error of a probe', async () => {
  await expect(poll(polling, aRun(), () => Promise.reject(new Error('broken')))).rejects.toThrow('broken')
})

it('logs every 15 s how long it has waited, how long that usually takes, and the status', async () => {
  const run = aRun()
  await expect(poll(polling, run, async () => ({ status: 'cold' }))).rejects.toThrow('It is cold.')
  const line = /^Waiting for the oven to be hot, which usually takes 5 s: (\d+) s so far; it is cold$/
  const seconds = run.lines.map((each) => Number(line.exec(each)?.[1]))
  expect(seconds[0]).toBe(15)
  expect(Math.min(...seconds.slice(1).map((each, index) => each - (seconds[index] ?? 0)))).toBeGreaterThanOrEqual(15)
  expect(seconds.at(-1)).toBeGreaterThan(80)
})

it('names what it waits for where the run is stopped before the first probe', async () => {
  const run = aRun()
  run.stopNow(cancelled)
  await expect(poll(polling, run, async () => ({ done: 'hot' }))).rejects.toEqual(
    cancelled.whileWaitingFor('the oven to be hot, which usually takes 5 s', 'Check the plug.'),
  )
})

it('names the status of the last probe where the run is stopped after it', async () => {
  const run = aRun()
  const waiting = poll(polling, run, async () => {
    run.stopNow(cancelled)
    return { status: 'cold' }
  })
  await expect(waiting).rejects.toMatchObject({
    message: 'The run was cancelled. It was waiting for the oven to be hot, which usually takes 5 s; it is cold.',
    remedy: 'Run it again. Check the plug.',
  })
})
