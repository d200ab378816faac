/** What every effect of a run shares: time, chance, the wish to stop, and the log. */
import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { StoppedError } from '../errors/errors.ts'

export interface Clock {
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** Rejects with the signal's reason when the signal fires first. */
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>
  /** From 0 up to, not including, 1. */
  readonly random: () => number
  /** A UUID that nobody has. */
  readonly uuid: () => string
}

export const systemClock: Clock = {
  // Goes on evenly, whoever sets the machine's clock meanwhile: waits are measured by it.
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

/** Foreign text may be given: whoever implements this makes it harmless. */
export interface Log {
  readonly info: (line: string) => void
  readonly startGroup: (title: string) => void
  readonly endGroup: () => void
}

export interface Run {
  readonly clock: Clock
  readonly log: Log
  /** Fires when no new call may start and every wait must end. Its reason is a StoppedError. */
  readonly stop: AbortSignal
  /** Fires a moment later, when calls still under way are given up. */
  readonly abort: AbortSignal
  /** Fires some seconds after `stop`: until then, what the run left behind may be put away. */
  readonly leave: AbortSignal
}

export interface RunOptions {
  readonly clock: Clock
  readonly log: Log
  /** One deadline over everything the run does. */
  readonly timeoutSeconds: number
  /** Fires on SIGINT or SIGTERM. */
  readonly interrupted: AbortSignal
}

/** A cancelled job has 7.5 s until SIGTERM, and we promise to be gone after 2: half of that goes to calls under way. */
const graceMilliseconds = 1000

/** Whoever has something to put away is gone after 5 s: long enough for a call or two, and before SIGTERM. */
const leaveMilliseconds = 4300

/** Does the work under one deadline, and ends everything that it started when it is done or fails. */
export async function withinDeadline<Result>(
  options: RunOptions,
  work: (run: Run) => Promise<Result>,
): Promise<Result> {
  const { clock, log, timeoutSeconds, interrupted } = options
  const stopping = new AbortController()
  const aborting = new AbortController()
  const leaving = new AbortController()
  const ended = new AbortController()
  const after = (milliseconds: number, then: () => void) => {
    // A rejection only says that the work ended first.
    clock.sleep(milliseconds, ended.signal).then(then, () => undefined)
  }
  const stop = (reason: StoppedError) => {
    if (stopping.signal.aborted) return
    stopping.abort(reason)
    after(graceMilliseconds, () => aborting.abort(reason))
    after(leaveMilliseconds, () => leaving.abort(reason))
  }
  const interrupt = () =>
    stop(new StoppedError('The run was cancelled.', 'Run it again: it goes on from what was reached.'))

  after(timeoutSeconds * 1000, () =>
    stop(
      new StoppedError(
        `The run did not finish within its ${timeoutSeconds} seconds.`,
        'Run it again: it goes on from what was reached. If it needs longer, raise timeout-seconds.',
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
    // What the work left behind when it failed must neither call nor wait any more.
    const over = new StoppedError('The run is over.', 'Nothing is to be done.')
    stopping.abort(over)
    aborting.abort(over)
    leaving.abort(over)
  }
}

/** The same run for those who put away what it left behind: it is not stopped before it has to leave. */
export function cleaningRun(run: Run): Run {
  return { ...run, stop: run.leave, abort: run.leave }
}

/** A part of a run that is given up sooner than the run. */
export async function withinSeconds<Result>(
  run: Run,
  seconds: number,
  reason: StoppedError,
  work: (run: Run) => Promise<Result>,
): Promise<Result> {
  const over = new AbortController()
  const ended = new AbortController()
  run.clock.sleep(seconds * 1000, ended.signal).then(
    () => over.abort(reason),
    () => undefined,
  )
  const sooner = (signal: AbortSignal) => AbortSignal.any([signal, over.signal])
  try {
    return await work({ ...run, stop: sooner(run.stop), abort: sooner(run.abort) })
  } finally {
    ended.abort()
  }
}

/**
 * Waits for something that cannot be told to give up, but no longer than the run may last.
 *
 * @param waitingFor what it is, for the error of a run that ends meanwhile
 */
export async function unlessAborted<Result>(
  { abort }: Run,
  work: Promise<Result>,
  waitingFor?: string,
): Promise<Result> {
  if (abort.aborted) {
    // Nobody waits for it any more, so its failure is nobody's either.
    work.catch(() => undefined)
    throw abort.reason
  }
  return await new Promise<Result>((resolve, reject) => {
    const giveUp = () => {
      const { reason } = abort
      const isExplained = waitingFor !== undefined && reason instanceof StoppedError
      reject(isExplained ? reason.whileWaitingFor(waitingFor) : reason)
    }
    abort.addEventListener('abort', giveUp)
    work.then(resolve, reject).finally(() => abort.removeEventListener('abort', giveUp))
  })
}
