/** The only polling loop: repeats a probe until it is done, the time is over, or the run must stop. */
import { stoppedBy } from '../errors/errors.ts'
import type { Run } from '../run/run.ts'

/** The result of one probe: done, or not yet, with the present status for the log and for errors. */
export type Probe<Result> = { readonly done: Result } | { readonly status: string }

export interface Polling {
  /** The goal of the wait, such as `the table "users" to be created`. */
  readonly goal: string
  /** The usual duration in words. */
  readonly usual?: string
  /** In seconds. */
  readonly firstPoll: number
  /** In milliseconds, at the beginning. An interval below ten seconds grows after 20 seconds. */
  readonly interval: number
  /** In seconds. The wait fails when a probe that began after this time is not done. */
  readonly timeout: number
  /** Makes the error of a wait that took longer than `timeout`. */
  readonly explainTimeout: (status: string) => Error
  /** A remedy for a run that must stop during the wait, besides running again. */
  readonly remedy?: string
}

const progressEverySeconds = 15

/** @throws the error of a probe, of the time-out, or the StoppedError of the run */
export async function poll<Result>(
  polling: Polling,
  { clock, log, stop }: Run,
  probe: () => Promise<Probe<Result>>,
): Promise<Result> {
  const { goal, usual, firstPoll, interval, timeout, explainTimeout, remedy } = polling
  const start = clock.now()
  const elapsed = () => (clock.now() - start) / 1000
  const inWords = usual === undefined ? goal : `${goal}, which usually takes ${usual}`
  const sleep = (milliseconds: number, status?: string) =>
    clock.sleep(milliseconds, stop).catch((reason: unknown) => {
      throw stoppedBy(reason, status === undefined ? inWords : `${inWords}; it is ${status}`, { remedy })
    })
  let nextProgress = progressEverySeconds
  if (firstPoll > 0) await sleep(firstPoll * 1000)
  for (;;) {
    const begun = elapsed()
    const result = await probe()
    if ('done' in result) return result.done
    if (begun >= timeout) throw explainTimeout(result.status)
    if (elapsed() >= nextProgress) {
      nextProgress = elapsed() + progressEverySeconds
      log.info(`Waiting for ${inWords}: ${Math.round(elapsed())} s so far; it is ${result.status}`)
    }
    await sleep(pollInterval(elapsed(), interval, clock.random()), result.status)
  }
}

/**
 * The time until the next probe: short while most waits end, then longer and longer.
 *
 * @param elapsedSeconds since the wait began
 * @param interval in milliseconds, at the beginning
 * @param random from 0 to 1; keeps runs that wait at the same time apart
 * @returns milliseconds
 */
export function pollInterval(elapsedSeconds: number, interval: number, random: number): number {
  // Only index builds and replicas take this long.
  if (elapsedSeconds >= 300 || interval >= longestInterval) return longestInterval + 5000 * random
  if (elapsedSeconds < 20) return interval * (0.7 + 0.6 * random)
  return Math.min(3000, 1000 + (elapsedSeconds - 20) * 100) - 200 * random
}

/** In milliseconds, before up to 5 s of jitter. */
const longestInterval = 10_000
