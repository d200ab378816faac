/** How many calls may be under way at once: an account throttles some of many, and more of them the more there are. */
import { classifyFailure } from './failures.ts'

/** Makes a call when its turn has come; gives up waiting for it when the signal fires. */
export type Pace = <Answer>(signal: AbortSignal, send: () => Promise<Answer>) => Promise<Answer>

/**
 * Additive increase, multiplicative decrease, as TCP does it: half as many after a call that was throttled, and back to
 * `most` one by one over calls that were not.
 */
export function adaptivePace(most: number): Pace {
  let allowed = most
  let underWay = 0
  const turns: (() => void)[] = []
  const giveTurns = () => {
    while (underWay < Math.floor(allowed) && turns.length > 0) {
      underWay += 1
      turns.shift()?.()
    }
  }
  const waitForTurn = (signal: AbortSignal) =>
    new Promise<void>((resolve, reject) => {
      const giveUp = () => {
        turns.splice(turns.indexOf(turn), 1)
        reject(signal.reason)
      }
      const turn = () => {
        signal.removeEventListener('abort', giveUp)
        resolve()
      }
      if (signal.aborted) return reject(signal.reason)
      signal.addEventListener('abort', giveUp)
      turns.push(turn)
      giveTurns()
    })
  return async (signal, send) => {
    await waitForTurn(signal)
    try {
      const answer = await send()
      allowed = Math.min(most, allowed + 1 / allowed)
      return answer
    } catch (error) {
      if (classifyFailure(error) === 'throttled') allowed = Math.max(1, allowed / 2)
      throw error
    } finally {
      underWay -= 1
      giveTurns()
    }
  }
}
