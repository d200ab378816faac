/** Injected faults. */
import type { RequestedOperation, Service } from './request-log.ts'

/**
 * - `delay`: the request waits `milliseconds`, and is then performed
 * - `throttle`: ThrottlingException "Rate exceeded"; for GitHub, its secondary rate limit with `retry-after: 1`
 * - `error`: an error in the service's format, with `errorName` (not for GitHub), `message` and `status` (default 500)
 * - `html`: an HTML page, as of a proxy, with `status` (default 503)
 * - `answer`: `body` with `status` (default 200); nothing is performed
 * - `reset`: the connection is closed, and nothing is performed
 * - `cut`: the request is performed, and the connection closed after half of the response
 * - `lost-answer`: the request is performed, and the connection closed before the response
 */
export type FaultKind = 'delay' | 'throttle' | 'error' | 'html' | 'answer' | 'reset' | 'cut' | 'lost-answer'

export interface Fault {
  readonly kind: FaultKind
  readonly service?: Service
  readonly operation?: string
  readonly table?: string
  /** Number of matching requests that pass first. Default 0. */
  readonly after?: number
  /** Number of matching requests that fail after that. Default 1. */
  readonly times?: number
  readonly milliseconds?: number
  readonly status?: number
  readonly errorName?: string
  readonly message?: string
  readonly body?: string
}

export interface FaultSwitch {
  add(fault: Fault): void
  clear(): void
}

export class Faults implements FaultSwitch {
  #armed: { readonly fault: Fault; seen: number }[] = []

  add(fault: Fault): void {
    this.#armed.push({ fault, seen: 0 })
  }

  clear(): void {
    this.#armed = []
  }

  /** Finds the first fault that applies to the request. Each fault counts every request that it matches. */
  next(request: RequestedOperation): Fault | undefined {
    let hit: Fault | undefined
    for (const armed of this.#armed) {
      const { service, operation, table, after = 0, times = 1 } = armed.fault
      const matches =
        (service ?? request.service) === request.service &&
        (operation ?? request.operation) === request.operation &&
        (table ?? request.table) === request.table
      if (!matches) continue
      armed.seen += 1
      if (hit === undefined && armed.seen > after && armed.seen <= after + times) hit = armed.fault
    }
    return hit
  }
}
