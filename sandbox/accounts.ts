/** What is in each account and region, apart from all others, and the hands that reach in. */
import { partition } from '@aws-sdk/core/client'
import { type BudgetName, exhaustBudget } from './budgets.ts'
import { ControlPlane } from './control-plane.ts'
import { Items, itemOperations } from './items.ts'
import type { Timings } from './options.ts'
import type { Shape, TableRecord } from './table-record.ts'

/** Another person's hands: the same rules, no credentials, nothing logged. */
export interface AccountHands {
  /** Performs one DynamoDB operation. An error has AWS's name for it. */
  call(operation: string, input: Shape): Promise<Shape>
  /** The table as the sandbox keeps it. */
  table(name: string): TableRecord | undefined
  /** Puts a table into a state that only AWS can bring it to, such as ARCHIVED; undefined takes it back. */
  setTableStatus(name: string, status: string | undefined): void
  /**
   * Puts the replica of a table in another region into a status, which no time ends, and adds the replica where the table
   * has none there; undefined takes the status back, and lets an added replica be ACTIVE.
   */
  setReplicaStatus(name: string, regionName: string, status: string | undefined): void
  /** Makes as many changes of a kind as AWS accepts, so that it refuses the next one. */
  exhaustBudget(name: string, budget: BudgetName): void
  /** Makes AWS refuse the next change of time to live, as if it had just been changed by someone else. */
  lockTimeToLive(name: string): void
  /** Replaces all tags at once, with no lag and no lock. May set those that only AWS can. */
  setTags(name: string, tags: Readonly<Record<string, string>>): void
}

interface Account {
  readonly plane: ControlPlane
  readonly items: Items
}

export class Accounts {
  readonly #timings: Timings
  readonly #now: () => number
  readonly #accounts = new Map<string, Account>()

  constructor(timings: Timings, now: () => number) {
    this.#timings = timings
    this.#now = now
  }

  async call(account: string, region: string, operation: string, input: Shape): Promise<Shape> {
    const { plane, items } = this.#find(account, region)
    return itemOperations.has(operation) ? await items.call(operation, input) : plane.call(operation, input)
  }

  hands(account: string, region: string): AccountHands {
    const known = (name: string) => {
      const record = this.#find(account, region).plane.find(name)
      if (record === undefined) throw new Error(`There is no table "${name}"`)
      return record
    }
    return {
      call: (operation, input) => this.call(account, region, operation, input),
      table: (name) => this.#find(account, region).plane.find(name),
      setTableStatus: (name, status) => {
        const record = known(name)
        if (status === undefined) delete record.forcedStatus
        else record.forcedStatus = status
      },
      setReplicaStatus: (name, regionName, status) => {
        const record = known(name)
        const found = record.replicas.find((replica) => replica.regionName === regionName)
        const { forcedStatus: _, ...replica } = found ?? { regionName, listedAt: 0, activeAt: 0 }
        record.replicas = [
          ...record.replicas.filter((each) => each !== found),
          { ...replica, ...(status === undefined ? {} : { forcedStatus: status }) },
        ]
      },
      exhaustBudget: (name, budget) => exhaustBudget(known(name), this.#now(), budget),
      lockTimeToLive: (name) => {
        const record = known(name)
        record.timeToLive = { ...record.timeToLive, lockedUntil: this.#now() + this.#timings.timeToLiveCooldown }
      },
      setTags: (name, tags) => {
        const record = known(name)
        record.tags = new Map(Object.entries(tags))
        record.tagsBefore = record.tags
      },
    }
  }

  /** Forgets everything. */
  async reset(): Promise<void> {
    const closing = [...this.#accounts.values()].map(({ items }) => items.close())
    this.#accounts.clear()
    await Promise.all(closing)
  }

  #find(account: string, region: string): Account {
    const place = `${account}/${region}`
    const found = this.#accounts.get(place)
    if (found !== undefined) return found
    const plane = new ControlPlane({ account, region, partition: partition(region).name }, this.#timings, this.#now)
    const made = { plane, items: new Items(plane) }
    this.#accounts.set(place, made)
    return made
  }
}
