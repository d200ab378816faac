/** Clocks for tests: none of them makes a test wait for real. */
import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import type { Clock } from '../../src/run.ts'

export interface VirtualClock extends Clock {
  /** Every sleep that was asked for, in milliseconds, in the order of asking. */
  readonly sleeps: readonly number[]
}

/**
 * Time stands still while something runs, and jumps to the next sleeper when nothing does. For code whose calls answer
 * without real input and output: while a real request is under way, this clock would run on.
 */
export function virtualClock(options: { readonly now?: number; readonly random?: () => number } = {}): VirtualClock {
  let now = options.now ?? Date.UTC(2026, 0, 1)
  let sleepers: { readonly at: number; readonly wake: () => void }[] = []
  let scheduled = false
  const sleeps: number[] = []
  const schedule = () => {
    if (scheduled || sleepers.length === 0) return
    scheduled = true
    setImmediate(() => {
      scheduled = false
      const next = sleepers.reduce<(typeof sleepers)[number] | undefined>(
        (earliest, each) => (earliest === undefined || each.at < earliest.at ? each : earliest),
        undefined,
      )
      if (next !== undefined) {
        sleepers = sleepers.filter((each) => each !== next)
        now = next.at
        next.wake()
      }
      schedule()
    })
  }
  return {
    sleeps,
    now: () => now,
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
        sleepers.push(sleeper)
        schedule()
      })
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
