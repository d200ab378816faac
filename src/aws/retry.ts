/** Repeats failed calls, for every service. */
import { stoppedBy } from '../errors/errors.ts'
import { errorMessage, errorName, isErrorLike } from '../errors/thrown.ts'
import type { Run } from '../run/run.ts'
import { classifyFailure, type FailureKind } from './failures.ts'

const mostTriesWhileUnavailable = 8

/**
 * The milliseconds to wait before the next try; undefined if the call must not be repeated. A throttled or unavailable
 * service gets exponential delays with full jitter, up to a limit.
 *
 * @param tries the number of failures of this kind, from 1 up
 */
export function retryDelay(
  kind: FailureKind,
  error: unknown,
  tries: number,
  now: number,
  random: number,
): number | undefined {
  switch (kind) {
    case 'final':
    case 'deferred':
      return undefined
    case 'throttled':
      return delayGivenBy(error, now, random) ?? random * Math.min(20_000, 250 * 2 ** tries)
    case 'not-ready':
      return Math.min(3000, 800 + 50 * Math.max(0, tries - 20)) + 200 * random
    case 'misdated':
      // The SDK has corrected its clock by the first response, so a second refusal has another reason.
      return tries === 1 ? 0 : undefined
    case 'unavailable':
      return tries < mostTriesWhileUnavailable ? random * Math.min(5000, 100 * 2 ** tries) : undefined
  }
}

/**
 * Repeats a call until it succeeds, fails with a final error, or the run must stop.
 *
 * @param send one try; must end when the signal fires
 * @param waitingFor completes the sentence `It was waiting for ...` of a StoppedError
 * @param isTriedAgain false if the caller must read the table before the next try; called with its time
 * @throws the last error unchanged, or the run's StoppedError with the last error as its cause
 */
export async function retry<Answer>(
  { clock, log, stop, abort }: Run,
  send: (signal: AbortSignal) => Promise<Answer>,
  waitingFor: () => string,
  isTriedAgain: (kind: FailureKind, at: number) => boolean = () => true,
): Promise<Answer> {
  const triesByKind = new Map<FailureKind, number>()
  for (;;) {
    if (stop.aborted) throw stoppedBy(stop.reason, waitingFor())
    try {
      return await send(abort)
    } catch (error) {
      const { reason } = abort.aborted ? abort : stop
      if (abort.aborted || error === reason) throw stoppedBy(reason, waitingFor(), { cause: error })
      const kind = classifyFailure(error)
      // Counted by kind: a throttled account must not use up the few tries of a broken connection.
      const tries = (triesByKind.get(kind) ?? 0) + 1
      triesByKind.set(kind, tries)
      const delay = retryDelay(kind, error, tries, clock.now(), clock.random())
      if (delay === undefined || !isTriedAgain(kind, clock.now() + delay)) throw error
      log.info(`Trying again in ${(delay / 1000).toFixed(1)} s: ${errorName(error)}: ${errorMessage(error)}`)
      await clock.sleep(delay, stop).catch((reason: unknown) => {
        throw stoppedBy(reason, waitingFor(), { cause: error })
      })
    }
  }
}

/** The delay until the time that the service gave: GitHub in `retryAt`, DynamoDB after a change of protection in its message. */
function delayGivenBy(error: unknown, now: number, random: number): number | undefined {
  const [, time = ''] = /try again after (.+?)\.?$/i.exec(errorMessage(error)) ?? []
  const at = isErrorLike(error) && 'retryAt' in error ? Number(error.retryAt) : Date.parse(time)
  // A second more, because the time is in whole seconds. At most a minute, because the clock of the machine may be wrong.
  return Number.isNaN(at) ? undefined : Math.min(60_000, Math.max(0, at - now)) + 1000 + 500 * random
}
