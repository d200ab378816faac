/** Changes that AWS accepts only a number of times. AWS does not show how many are left. */
import { limitExceeded } from './errors.ts'
import type { TableRecord } from './table-record.ts'
import { exhaustDecreases } from './throughput-changes.ts'

const hour = 3_600_000

interface Budget {
  readonly times: number
  readonly hours: number
  /** Once the budget is spent, one more change is accepted this many hours after the last one. */
  readonly thenOneInHours?: number
  readonly message: (last: number, next: number) => string
}

const budgets = {
  tableClass: {
    times: 2,
    hours: 30 * 24,
    message: () => 'Updates to TableClass are limited to 2 times in 30 day(s).',
  },
  encryption: {
    times: 4,
    hours: 24,
    thenOneInHours: 6,
    message: (last, next) =>
      `Encryption mode changes are limited in the 24h window ending at ${new Date(last + 24 * hour).toISOString()}. After the first 4 change, each subsequent change in the same window can be performed at most once every 21600 seconds. Number of updates today: 4. Last change at ${new Date(last).toISOString()}. Next changes can be made at ${new Date(next).toISOString()}.`,
  },
  // The message was recorded when the limit was 1. The documented limit is 4.
  onDemand: {
    times: 4,
    hours: 24,
    message: (last, next) =>
      `Update to PayPerRequest mode are limited to 4 times in 1 day(s). Last update at ${javaDate(last)}. Next update can be made at ${javaDate(next)}`,
  },
} satisfies Readonly<Record<string, Budget>>

type CountedBudget = keyof typeof budgets

export type BudgetName = CountedBudget | 'decreases'

/**
 * Checks that a budget has a change left.
 *
 * @returns a function that spends one change
 * @throws {AwsError} LimitExceededException if the budget is spent
 */
export function spendBudget(record: TableRecord, now: number, name: CountedBudget): () => void {
  const { times, hours, thenOneInHours, message }: Budget = budgets[name]
  const recent = changesWithin(record, now, name, hours)
  if (recent.length >= times) {
    const last = Math.max(...recent)
    const next =
      thenOneInHours === undefined ? (recent.at(-times) ?? last) + hours * hour : last + thenOneInHours * hour
    if (now < next) throw limitExceeded(message(last, next))
  }
  return () => {
    record.spent.set(name, [...recent, now])
  }
}

/** Spends the whole budget now. Decreases have one for the table and one for each of its indexes. */
export function exhaustBudget(record: TableRecord, now: number, name: BudgetName): void {
  if (name === 'decreases') {
    record.throughputChanges = exhaustDecreases(record.throughputChanges, now)
    record.globalIndexes = record.globalIndexes.map((index) => ({
      ...index,
      throughputChanges: exhaustDecreases(index.throughputChanges, now),
    }))
    return
  }
  record.spent.set(name, new Array(budgets[name].times).fill(now))
}

function changesWithin(record: TableRecord, now: number, name: CountedBudget, hours: number): readonly number[] {
  return (record.spent.get(name) ?? []).filter((at) => at > now - hours * hour)
}

/** `Sun Feb 24 03:07:45 UTC 2019` */
function javaDate(time: number): string {
  const [, weekday, day, month, year, clock] =
    /^(\w+), (\d+) (\w+) (\d+) (\S+)/.exec(new Date(time).toUTCString()) ?? []
  return `${weekday} ${month} ${day} ${clock} UTC ${year}`
}
