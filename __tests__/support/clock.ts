/** Clocks for tests: none of them makes a test wait for real. */
import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import type { Clock } from '../../src/run/run.ts'

export interface VirtualClock extends Clock {
  /** Every sleep that was asked for, in milliseconds, in the order of asking. */
  readonly sleeps: readonly number[]
}

export interface PassingClock extends VirtualClock {
  /** Lets time pass at once, as if everything had been slow. */
  readonly pass: (milliseconds: number) => void
}

/**
 * Time stands still while something runs, and jumps to the next sleeper when nothing does. For code whose calls answer
 * without real input and output: while a real request is under way, this clock would run on, unless `quiet` waits for it.
 */
export function virtualClock(
  options: {
    readonly now?: number
    readonly random?: () => number
    /** Resolves when nothing runs. Default: at the next turn of the event loop. */
    readonly quiet?: () => Promise<void>
  } = {},
): PassingClock {
  let now = options.now ?? Date.UTC(2026, 0, 1)
  /** In the order of their waking. */
  let sleepers: { readonly at: number; readonly wake: () => void }[] = []
  let scheduled = false
  const sleeps: number[] = []
  /** After all who wake no later. */
  const placeOf = (at: number) => {
    let [from, to] = [0, sleepers.length]
    while (from < to) {
      const middle = (from + to) >> 1
      if ((sleepers[middle]?.at ?? at) <= at) from = middle + 1
      else to = middle
    }
    return from
  }
  const schedule = () => {
    if (scheduled || sleepers.length === 0) return
    scheduled = true
    const wakeNext = () => {
      scheduled = false
      const next = sleepers.shift()
      if (next !== undefined) {
        now = Math.max(now, next.at)
        next.wake()
      }
      schedule()
    }
    if (options.quiet === undefined) setImmediate(wakeNext)
    else void options.quiet().then(wakeNext)
  }
  return {
    sleeps,
    now: () => now,
    pass: (milliseconds) => {
      now += milliseconds
    },
    random: options.random ?? (() => 0.5),
    uuid: randomUUID,
    sleep: (milliseconds, signal) => {
      sleeps.push(milliseconds)
      return new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason)
        const giveUp = () => {
          sleepers = sleepers.filter((each) => each !== sleeper)
          reject(signal.reason)
        }
        const wake = () => {
          signal.removeEventListener('abort', giveUp)
          resolve()
        }
        const sleeper = { at: now + milliseconds, wake }
        signal.addEventListener('abort', giveUp)
        sleepers.splice(placeOf(sleeper.at), 0, sleeper)
        schedule()
      })
    },
  }
}

/** Time that passes when it is told to, for tests that decide what comes first. */
export interface HeldClock extends Clock {
  /** Jumps to the next sleepers and wakes all that are due then; false where nobody sleeps. */
  readonly pass: () => boolean
}

export function heldClock(): HeldClock {
  let now = Date.UTC(2026, 0, 1)
  let uuids = 0
  const sleepers = new Set<{ readonly at: number; readonly wake: () => void }>()
  return {
    now: () => now,
    random: () => 0.5,
    // Counted, so that the same test makes the same items again.
    uuid: () => `00000000-0000-4000-8000-${String(++uuids).padStart(12, '0')}`,
    sleep: (milliseconds, signal) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason)
        const giveUp = () => {
          sleepers.delete(sleeper)
          reject(signal.reason)
        }
        const wake = () => {
          sleepers.delete(sleeper)
          signal.removeEventListener('abort', giveUp)
          resolve()
        }
        const sleeper = { at: now + milliseconds, wake }
        signal.addEventListener('abort', giveUp)
        sleepers.add(sleeper)
      }),
    pass: () => {
      if (sleepers.size === 0) return false
      now = Math.min(...[...sleepers].map(({ at }) => at))
      for (const sleeper of [...sleepers]) if (sleeper.at <= now) sleeper.wake()
      return true
    },
  }
}

/** Real time, so many times faster: for tests that talk to a real server. */
export function fastClock(factor: number): Clock {
  const start = Date.now()
  return {
    now: () => start + (Date.now() - start) * factor,
    random: Math.random,
    uuid: randomUUID,
    sleep: async (milliseconds, signal) => {
      try {
        await wait(milliseconds / factor, undefined, { signal })
      } catch {
        throw signal.reason
      }
    },
  }
}
