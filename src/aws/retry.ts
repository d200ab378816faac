/** The one place where calls are tried again, for every service. */

import { StoppedError } from '../errors/errors.ts'
import { errorMessage, errorName } from '../errors/thrown.ts'
import type { Run } from '../run/run.ts'
import { classifyFailure, type FailureKind } from './failures.ts'

const mostTriesWhileUnavailable = 8

/**
 * How long to wait before the next try, in milliseconds; undefined where there must be none.
 *
 * What is busy or broken is tried again with full jitter, under a cap. What is known to take a while is looked at again
 * after that while, and a bit by chance.
 *
 * @param tries how often the call failed in this way, from 1 up
 */
export function retryDelay(error: unknown, tries: number, now: number, random: number): number | undefined {
  switch (classifyFailure(error)) {
    case 'final':
    case 'deferred':
      return undefined
    case 'throttled':
      return timeNamedBy(error, now, random) ?? random * Math.min(20_000, 250 * 2 ** tries)
    case 'not-ready':
      return Math.min(3000, 800 + 50 * Math.max(0, tries - 20)) + 200 * random
    case 'misdated':
      // By the clock that the first answer told, a second refusal is not about the date.
      return tries === 1 ? 0 : undefined
    case 'unavailable':
      return tries < mostTriesWhileUnavailable ? random * Math.min(5000, 100 * 2 ** tries) : undefined
  }
}

/**
 * Makes a call until it succeeds, fails for good, or the run must stop.
 *
 * @param send one try; must give up when the signal fires
 * @param waitingFor what the answer is, for who asks what the run was waiting for when it had to stop
 * @param isTriedAgain false where somebody must look before the same is sent again, by the failure and when that would be
 * @throws the last error as it came, or the run's StoppedError with the last error as its cause
 */
export async function retry<Answer>(
  run: Run,
  send: (signal: AbortSignal) => Promise<Answer>,
  waitingFor?: () => string,
  isTriedAgain: (kind: FailureKind, at: number) => boolean = () => true,
): Promise<Answer> {
  const triesByKind = new Map<FailureKind, number>()
  for (;;) {
    if (run.stop.aborted) throw stoppedBy(run.stop.reason, run.stop.reason, waitingFor?.())
    try {
      return await send(run.abort)
    } catch (error) {
      const reason = run.abort.aborted ? run.abort.reason : run.stop.reason
      if (run.abort.aborted || error === reason) throw stoppedBy(reason, error, waitingFor?.())
      const kind = classifyFailure(error)
      // A busy account must not use up the few tries that a broken connection has.
      const tries = (triesByKind.get(kind) ?? 0) + 1
      triesByKind.set(kind, tries)
      const delay = retryDelay(error, tries, run.clock.now(), run.clock.random())
      if (delay === undefined || !isTriedAgain(kind, run.clock.now() + delay)) throw error
      run.log.info(`Trying again in ${(delay / 1000).toFixed(1)} s: ${errorName(error)}: ${errorMessage(error)}`)
      await run.clock.sleep(delay, run.stop).catch((reason: unknown) => {
        throw stoppedBy(reason, error, waitingFor?.())
      })
    }
  }
}

/** The reason to stop, with what stood in the way when it came. */
export function stoppedBy(reason: unknown, error: unknown, waitingFor: string | undefined): unknown {
  if (!(reason instanceof StoppedError)) return reason
  // Who waited for a turn got the reason itself, and nothing else stood in the way.
  const stopped = error === reason ? reason : reason.after(error)
  return waitingFor === undefined ? stopped : stopped.whileWaitingFor(waitingFor)
}

/** DynamoDB names the time after which a second change of deletion protection is taken. */
function timeNamedBy(error: unknown, now: number, random: number): number | undefined {
  const [, time] = /try again after (.+?)\.?$/i.exec(errorMessage(error)) ?? []
  const at = time === undefined ? Number.NaN : Date.parse(time)
  // A second more, because the time is told in whole seconds; after a minute it is tried, whatever it says.
  return Number.isNaN(at) ? undefined : Math.min(60_000, Math.max(0, at - now)) + 1000 + 500 * random
}
