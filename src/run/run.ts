/** The parts that every effect of a run shares: clock, randomness, the signals to stop, and the log. */
import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { StoppedError, stoppedBy } from '../errors/errors.ts'

export interface Clock {
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** Rejects with the signal's reason when the signal fires first. */
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>
  /** A random number from 0 (included) to 1 (not included). */
  readonly random: () => number
  /** A new random UUID. */
  readonly uuid: () => string
}

export const systemClock: Clock = {
  // Monotonic: waits are measured by it, and must not depend on changes of the machine's clock.
  now: () => Math.round(performance.timeOrigin + performance.now()),
  sleep: async (milliseconds, signal) => {
    try {
      await wait(milliseconds, undefined, { signal })
    } catch {
      throw signal.reason
    }
  },
  random: Math.random,
  uuid: randomUUID,
}

/** The meaning of a line or of a result for its reader: what was asked for, something that remains to do, or a failure. */
export type Tone = 'success' | 'attention' | 'failure'

/** Accepts untrusted text: an implementation must escape it. */
export interface Log {
  /** @param tone shown as a colour where the log has colours */
  readonly info: (line: string, tone?: Tone) => void
  readonly startGroup: (title: string) => void
  readonly endGroup: () => void
}

export interface Run {
  readonly clock: Clock
  readonly log: Log
  /** Fires when no new call may start and every wait must end. Its reason is a StoppedError. */
  readonly stop: AbortSignal
  /** Fires a second after `stop`, and ends the calls that are still under way. */
  readonly abort: AbortSignal
  /** Fires some seconds after `stop`. Until then, sample items may still be deleted. */
  readonly leave: AbortSignal
}

/**
 * The longest deadline that the input allows, because a GitHub job lasts at most six hours. A wait for a change by
 * someone else ends with it.
 */
export const longestRunSeconds = 21_600

export interface RunOptions {
  readonly clock: Clock
  readonly log: Log
  /** The deadline of the whole run. */
  readonly timeoutSeconds: number
  /** Fires on SIGINT or SIGTERM. */
  readonly interrupted: AbortSignal
}

/** A cancelled job has 7.5 s until SIGTERM. This action promises to end after 2 s; calls under way get half of that. */
const graceMilliseconds = 1000

/** A run that has sample items to delete ends after 5 s: enough time for a call or two, and before SIGTERM. */
const leaveMilliseconds = 4300

/** Does the work under one deadline. When the work is done or fails, ends every call and wait that it started. */
export async function withinDeadline<Result>(
  options: RunOptions,
  work: (run: Run) => Promise<Result>,
): Promise<Result> {
  const { clock, log, timeoutSeconds, interrupted } = options
  const stopping = new AbortController()
  const aborting = new AbortController()
  const leaving = new AbortController()
  const ended = new AbortController()
  const stop = (reason: StoppedError) => {
    if (stopping.signal.aborted) return
    stopping.abort(reason)
    actAfter(graceMilliseconds, clock, ended.signal, () => aborting.abort(reason))
    actAfter(leaveMilliseconds, clock, ended.signal, () => leaving.abort(reason))
  }
  const interrupt = () =>
    stop(new StoppedError('The run was cancelled.', 'Run it again: it continues where this run stopped.'))

  actAfter(timeoutSeconds * 1000, clock, ended.signal, () =>
    stop(
      new StoppedError(
        `The run did not finish within its ${timeoutSeconds} seconds.`,
        'Run it again: it continues where this run stopped. If it needs longer, raise timeout-seconds.',
      ),
    ),
  )
  interrupted.addEventListener('abort', interrupt)
  if (interrupted.aborted) interrupt()
  try {
    return await work({ clock, log, stop: stopping.signal, abort: aborting.signal, leave: leaving.signal })
  } finally {
    interrupted.removeEventListener('abort', interrupt)
    ended.abort()
    // Calls and waits that failed work has left must end too.
    const over = new StoppedError('The run is over.', 'No action is needed.')
    stopping.abort(over)
    aborting.abort(over)
    leaving.abort(over)
  }
}

/** Acts after a time, unless the signal fires first. */
function actAfter(milliseconds: number, clock: Clock, ended: AbortSignal, act: () => void): void {
  clock.sleep(milliseconds, ended).then(act, () => undefined)
}

/** A copy of the run for deleting sample items: it ends at `leave`. */
export function cleaningRun(run: Run): Run {
  return { ...run, stop: run.leave, abort: run.leave }
}

/** Does a part of a run under a deadline of its own. */
export async function withinSeconds<Result>(
  run: Run,
  seconds: number,
  reason: StoppedError,
  work: (run: Run) => Promise<Result>,
): Promise<Result> {
  const over = new AbortController()
  const ended = new AbortController()
  actAfter(seconds * 1000, run.clock, ended.signal, () => over.abort(reason))
  const sooner = (signal: AbortSignal) => AbortSignal.any([signal, over.signal])
  try {
    return await work({ ...run, stop: sooner(run.stop), abort: sooner(run.abort) })
  } finally {
    ended.abort()
  }
}

/**
 * Does work that takes no signal, and stops waiting for it when the run aborts.
 *
 * @param waitingFor completes the sentence `It was waiting for ...`
 */
export async function unlessAborted<Result>(
  { abort }: Run,
  work: () => Promise<Result>,
  waitingFor: string,
): Promise<Result> {
  abort.throwIfAborted()
  const aborted = new Promise<never>((_, reject) => {
    abort.addEventListener('abort', () => reject(stoppedBy(abort.reason, waitingFor)), { once: true })
  })
  return await Promise.race([work(), aborted])
}
