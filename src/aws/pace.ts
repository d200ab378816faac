/** Limits how many calls are under way at once: the more there are, the more of them an account throttles. */
import { classifyFailure } from './failures.ts'

/** Makes a call when its turn comes; rejects when the signal fires first. */
export type Pace = <Answer>(signal: AbortSignal, send: () => Promise<Answer>) => Promise<Answer>

/** Additive increase, multiplicative decrease, as in TCP: a throttled call halves the limit, other calls raise it up to `most`. */
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
  const waitForTurn = () =>
    new Promise<void>((resolve) => {
      turns.push(resolve)
      giveTurns()
    })
  return async (signal, send) => {
    await waitForTurn()
    try {
      // When the signal fires, the calls under way end, and every turn comes at once.
      signal.throwIfAborted()
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
