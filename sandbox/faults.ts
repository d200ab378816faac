/** What goes wrong on purpose. */
import type { RequestedOperation, Service } from './request-log.ts'

/**
 * - `delay`: the answer comes late
 * - `throttle`: ThrottlingException "Rate exceeded"; of GitHub, its secondary rate limit, to be tried again in a second
 * - `error`: an answer of the service's own kind, with `errorName` (which GitHub's do not have) and `status`
 * - `html`: a page of something in between, with `status` 503 unless told
 * - `answer`: nothing is done, and `body` is answered, with `status` 200 unless told
 * - `reset`: the connection is lost before anything is done
 * - `cut`: half of the answer, then the connection is lost
 * - `lost-answer`: everything is done, but nothing is answered
 */
export type FaultKind = 'delay' | 'throttle' | 'error' | 'html' | 'answer' | 'reset' | 'cut' | 'lost-answer'

export interface Fault {
  readonly kind: FaultKind
  readonly service?: Service
  readonly operation?: string
  readonly table?: string
  /** How many matching requests pass first. Default 0. */
  readonly after?: number
  /** How many requests it hits then. Default 1. */
  readonly times?: number
  readonly milliseconds?: number
  readonly status?: number
  readonly errorName?: string
  readonly message?: string
  readonly body?: string
}

/** Where faults are switched on and off. */
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

  /** The first fault that hits this request. Each fault counts every request that it matches. */
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
