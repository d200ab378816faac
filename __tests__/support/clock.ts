/** Clocks for tests, in which a sleep takes little or no real time. */
import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import type { Clock } from '../../src/run/run.ts'

export interface VirtualClock extends Clock {
  /** The durations of all sleeps in milliseconds, in the order of their calls. */
  readonly sleeps: readonly number[]
}

export interface PassingClock extends VirtualClock {
  /** Sets the time forward. */
  readonly pass: (milliseconds: number) => void
}

interface Sleeper {
  readonly at: number
  readonly wake: () => void
}

/**
 * The time stands still while code runs, and jumps to the end of the next sleep when none does. A real request does not
 * stop the clock, unless `quiet` waits for it.
 */
export function virtualClock(
  options: {
    readonly now?: number
    readonly random?: () => number
    /** Resolves when no code runs. Default: at the next turn of the event loop. */
    readonly quiet?: () => Promise<void>
  } = {},
): PassingClock {
  let now = options.now ?? Date.UTC(2026, 0, 1)
  /** In the order of their ends. */
  let sleepers: Sleeper[] = []
  let scheduled = false
  const sleeps: number[] = []
  /** The sleeps that each signal ends: one listener for all, because adding one takes as long as there are others. */
  const endedBy = new WeakMap<AbortSignal, Map<Sleeper, (reason: unknown) => void>>()
  const sleepersOf = (signal: AbortSignal) => {
    const known = endedBy.get(signal)
    if (known !== undefined) return known
    const ended = new Map<Sleeper, (reason: unknown) => void>()
    endedBy.set(signal, ended)
    signal.addEventListener('abort', () => {
      sleepers = sleepers.filter((each) => !ended.has(each))
      for (const reject of ended.values()) reject(signal.reason)
    })
    return ended
  }
  /** The index after all sleeps that end no later. */
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
        const ended = sleepersOf(signal)
        const wake = () => {
          ended.delete(sleeper)
          resolve()
        }
        const sleeper = { at: now + milliseconds, wake }
        ended.set(sleeper, reject)
        sleepers.splice(placeOf(sleeper.at), 0, sleeper)
        schedule()
      })
    },
  }
}

/** A clock that a test sets forward, for tests that decide the order of events. */
export interface HeldClock extends Clock {
  /** Jumps to the end of the next sleeps. Returns false where there is none. */
  readonly pass: () => boolean
}

export function heldClock(): HeldClock {
  let now = Date.UTC(2026, 0, 1)
  let uuids = 0
  const sleepers = new Set<{ readonly at: number; readonly wake: () => void }>()
  return {
    now: () => now,
    random: () => 0.5,
    // Counted, so that a repeated test creates the same items.
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

/** A clock that runs faster than real time, for tests with a real server. */
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
