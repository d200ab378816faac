import { jest } from '@jest/globals'
import { StoppedError } from '../../src/errors/errors.ts'
import { type Run, systemClock, unlessAborted, withinDeadline } from '../../src/run/run.ts'
import { virtualClock } from '../support/clock.ts'

const log = { info: () => undefined, startGroup: () => undefined, endGroup: () => undefined }

function options(interrupted = new AbortController()) {
  return { clock: virtualClock(), log, timeoutSeconds: 60, interrupted: interrupted.signal }
}

it('stops the work at the deadline, and ends calls under way a second later', async () => {
  const start = options()
  const began = start.clock.now()
  const stopped = withinDeadline(start, async (run) => {
    await run.clock.sleep(3_600_000, run.stop)
  })
  await expect(stopped).rejects.toMatchObject({
    name: 'StoppedError',
    message: 'The run did not finish within its 60 seconds.',
  })
  expect(start.clock.now() - began).toBe(60_000)

  const hanging = withinDeadline(options(), async ({ abort }) => {
    await new Promise((_, reject) => abort.addEventListener('abort', () => reject(abort.reason)))
  })
  await expect(hanging).rejects.toMatchObject({ message: 'The run did not finish within its 60 seconds.' })
})

it('stops the work when the run is interrupted, also before it begins', async () => {
  const interruption = new AbortController()
  const stopped = withinDeadline(options(interruption), async (run) => {
    interruption.abort()
    await run.clock.sleep(1000, run.stop)
  })
  await expect(stopped).rejects.toMatchObject({ message: 'The run was cancelled.' })

  const before = withinDeadline(options(interruption), async ({ stop }) => stop.throwIfAborted())
  await expect(before).rejects.toBeInstanceOf(StoppedError)
})

it('keeps the first reason to stop', async () => {
  const interruption = new AbortController()
  const stopped = withinDeadline(options(interruption), async (run) => {
    await run.clock.sleep(120_000, run.stop).catch(() => interruption.abort())
    run.stop.throwIfAborted()
  })
  await expect(stopped).rejects.toMatchObject({ message: expect.stringContaining('60 seconds') })
})

it('returns the result of the work, and ends the waits that the work left', async () => {
  const interruption = new AbortController()
  let run: Run | undefined
  let left: Promise<void> | undefined
  const result = await withinDeadline(options(interruption), async (given) => {
    run = given
    left = given.clock.sleep(3_600_000, given.stop)
    left.catch(() => undefined)
    return 'done'
  })
  interruption.abort()
  expect([result, run?.abort.aborted]).toEqual(['done', true])
  await expect(left).rejects.toThrow('The run is over.')
})

it('stops waiting for work that takes no signal when the run aborts, names it, and starts none after that', async () => {
  const aborting = new AbortController()
  const run = { ...options(), stop: aborting.signal, abort: aborting.signal, leave: aborting.signal }
  await expect(unlessAborted(run, async () => 'in time', 'a word')).resolves.toBe('in time')
  const hanging = unlessAborted(run, () => new Promise(() => undefined), 'a word')
  const reason = new StoppedError('Too late.', 'Run again.')
  aborting.abort(reason)
  await expect(hanging).rejects.toMatchObject({ message: 'Too late. It was waiting for a word.' })
  const work = jest.fn(async () => 'late')
  await expect(unlessAborted(run, work, 'a word')).rejects.toBe(reason)
  expect(work).not.toHaveBeenCalled()
})

it('the system clock sleeps, ignores changes of the machine’s clock, and rejects with the reason of its signal', async () => {
  const { signal } = new AbortController()
  await systemClock.sleep(1, signal)
  expect(systemClock.now()).toBeGreaterThan(Date.UTC(2026, 0, 1))
  const now = jest.spyOn(Date, 'now').mockReturnValue(0)
  expect(systemClock.now()).toBeGreaterThan(Date.UTC(2026, 0, 1))
  now.mockRestore()
  expect(systemClock.random()).toBeLessThan(1)
  const reason = new Error('enough')
  await expect(systemClock.sleep(60_000, AbortSignal.abort(reason))).rejects.toBe(reason)
})
