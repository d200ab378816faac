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
  /** Between two probes in the first 20 seconds, in seconds. Absent: 0.45, for a wait of seconds. */
  readonly interval?: number | undefined
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
  const { goal, usual, firstPoll, interval = 0.45, timeout, explainTimeout, remedy } = polling
  const start = clock.now()
  const elapsed = () => (clock.now() - start) / 1000
  const inWords = usual === undefined ? goal : `${goal}, which usually takes ${usual}`
  const sleep = (seconds: number, status?: string) =>
    clock.sleep(seconds * 1000, stop).catch((reason: unknown) => {
      throw stoppedBy(reason, status === undefined ? inWords : `${inWords}; it is ${status}`, { remedy })
    })
  let nextProgress = progressEverySeconds
  if (firstPoll > 0) await sleep(firstPoll)
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
 * The time until the next probe. For 20 seconds it is the given interval. Then it grows to 2.5 s, and after five minutes,
 * which only index builds and replicas take, to 12 s, unless the given interval is longer. Each time varies by up to 30
 * percent, so that runs that wait at the same time stay apart.
 *
 * @param elapsed since the wait began, in seconds
 * @param interval in seconds
 * @param random from 0 to 1
 * @returns seconds
 */
export function pollInterval(elapsed: number, interval: number, random: number): number {
  const grown = elapsed < 300 ? Math.min(2.5, elapsed / 25) : 12
  return Math.max(interval, elapsed < 20 ? 0 : grown) * (0.7 + 0.6 * random)
}
