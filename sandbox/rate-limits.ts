/** DynamoDB's rate limits. A request above a limit is ThrottlingException. */
import type { SandboxOptions } from './options.ts'

const limitedWrites = new Set(['CreateTable', 'UpdateTable', 'DeleteTable', 'TagResource', 'UntagResource'])

const readBurst = 4
const millisecondsPerRead = 2000

interface Bucket {
  readonly reads: number
  readonly at: number
}

export class RateLimits {
  readonly #writesAtOnce: number
  readonly #limitsReads: boolean
  readonly #now: () => number
  readonly #buckets = new WeakMap<object, Bucket>()
  #writes = 0

  constructor({ writesAtOnce, limitsTimeToLiveReads }: SandboxOptions, now: () => number) {
    this.#writesAtOnce = writesAtOnce ?? Number.POSITIVE_INFINITY
    this.#limitsReads = limitsTimeToLiveReads ?? false
    this.#now = now
  }

  /** Counts a request. The caller calls `end` after the response. */
  begin(
    operation: string | undefined,
    connection: object,
  ): { readonly isThrottled: boolean; readonly end: () => void } {
    if (operation === 'DescribeTimeToLive' && this.#limitsReads) {
      return { isThrottled: !this.#takeRead(connection), end: () => {} }
    }
    if (operation === undefined || !limitedWrites.has(operation)) return { isThrottled: false, end: () => {} }
    this.#writes += 1
    return {
      isThrottled: this.#writes > this.#writesAtOnce,
      end: () => {
        this.#writes -= 1
      },
    }
  }

  /** @returns false if the connection has no read left */
  #takeRead(connection: object): boolean {
    const now = this.#now()
    const { reads, at } = this.#buckets.get(connection) ?? { reads: readBurst, at: now }
    const available = Math.min(readBurst, reads + (now - at) / millisecondsPerRead)
    const isAllowed = available >= 1
    this.#buckets.set(connection, { reads: isAllowed ? available - 1 : available, at: now })
    return isAllowed
  }
}
