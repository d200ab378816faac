/** The state of each account and region, and direct access to it for tests. */
import { partition } from '@aws-sdk/core/client'
import { type BudgetName, exhaustBudget } from './budgets.ts'
import { ControlPlane } from './control-plane.ts'
import { Items, itemOperations } from './items.ts'
import { Keys } from './kms.ts'
import type { Timings } from './options.ts'
import type { Place } from './parameters.ts'
import type { Shape, TableRecord } from './table-record.ts'

/** Direct access to one account and region, past HTTP: the same rules, without credentials, and not logged. */
export interface AccountHands {
  /** Performs one DynamoDB operation. Its errors have AWS's names. */
  call(operation: string, input: Shape): Promise<Shape>
  /** The sandbox's own record of the table. */
  table(name: string): TableRecord | undefined
  /** Sets a status that only AWS can set, such as ARCHIVED. `undefined` removes it. */
  setTableStatus(name: string, status: string | undefined): void
  /**
   * Sets the status of a table's replica in another region, until it is set again. Adds the replica if there is none.
   * `undefined` removes the status: an added replica is then ACTIVE.
   */
  setReplicaStatus(name: string, regionName: string, status: string | undefined): void
  /** Spends a budget of changes, so that AWS refuses the next change of this kind. */
  exhaustBudget(name: string, budget: BudgetName): void
  /** Makes AWS refuse the next change of time to live, as if someone else had just changed it. */
  lockTimeToLive(name: string): void
  /** Lets an alias, such as `alias/tables`, name the key of this id from now on. */
  setKeyAlias(alias: string, id: string): void
  /** Replaces all tags at once, without lag and lock. Tags that only AWS can set are allowed. */
  setTags(name: string, tags: Readonly<Record<string, string>>): void
}

interface Account {
  readonly controlPlane: ControlPlane
  readonly items: Items
}

export class Accounts {
  readonly #timings: Timings
  readonly #now: () => number
  readonly #accounts = new Map<string, Account>()
  readonly #keys: Keys

  constructor(timings: Timings, now: () => number, keys = new Keys()) {
    this.#timings = timings
    this.#now = now
    this.#keys = keys
  }

  async call(account: string, region: string, operation: string, input: Shape): Promise<Shape> {
    const { controlPlane, items } = this.#find(account, region)
    return itemOperations.has(operation) ? await items.call(operation, input) : controlPlane.call(operation, input)
  }

  hands(account: string, region: string): AccountHands {
    const known = (name: string) => {
      const record = this.#find(account, region).controlPlane.find(name)
      if (record === undefined) throw new Error(`There is no table "${name}"`)
      return record
    }
    return {
      call: (operation, input) => this.call(account, region, operation, input),
      table: (name) => this.#find(account, region).controlPlane.find(name),
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
      setKeyAlias: (alias, id) => this.#keys.setAlias(placeOf(account, region), alias, id),
      setTags: (name, tags) => {
        const record = known(name)
        record.tags = new Map(Object.entries(tags))
        record.tagsBefore = record.tags
      },
    }
  }

  /** Deletes all tables and items. */
  async reset(): Promise<void> {
    const closing = [...this.#accounts.values()].map(({ items }) => items.close())
    this.#accounts.clear()
    await Promise.all(closing)
  }

  #find(account: string, region: string): Account {
    const place = `${account}/${region}`
    const found = this.#accounts.get(place)
    if (found !== undefined) return found
    const controlPlane = new ControlPlane(placeOf(account, region), this.#timings, this.#now, this.#keys)
    const created = { controlPlane, items: new Items(controlPlane) }
    this.#accounts.set(place, created)
    return created
  }
}

export function placeOf(account: string, region: string): Place {
  return { account, region, partition: partition(region).name }
}
