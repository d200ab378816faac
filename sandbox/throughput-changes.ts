/** The changes of the provisioned units of a table or an index, and the budget of decreases. */
import { limitExceeded } from './errors.ts'

type Shape = Readonly<Record<string, unknown>>

export interface Throughput {
  readonly ReadCapacityUnits: number
  readonly WriteCapacityUnits: number
}

/** Times in milliseconds since the epoch. */
export interface ThroughputChanges {
  readonly decreases: readonly number[]
  readonly lastDecrease?: number
  readonly lastIncrease?: number
}

export const unitNames = ['ReadCapacityUnits', 'WriteCapacityUnits'] as const

const hour = 3_600_000
const day = 24 * hour
const decreasesPerDay = 4

const none: ThroughputChanges = { decreases: [] }

/**
 * Adds a change. Four decreases are accepted in a day (UTC), and then one more an hour after the last one. A decrease of
 * both kinds of units counts once; one decrease next to an increase counts too (DDB-TABLE-157, 184, 326).
 *
 * @throws {AwsError} LimitExceededException if the budget of decreases is spent
 */
export function addChange(
  changes: ThroughputChanges = none,
  from: Throughput,
  to: Throughput,
  now: number,
): ThroughputChanges {
  const isIncrease = unitNames.some((name) => to[name] > from[name])
  const increased = isIncrease ? { ...changes, lastIncrease: now } : changes
  if (unitNames.every((name) => to[name] >= from[name])) return increased
  const today = decreasesToday(changes, now)
  const last = Math.max(...today)
  const next = Math.min(last + hour, startOfDay(now) + day)
  if (today.length >= decreasesPerDay && now < next) {
    throw limitExceeded(
      `Provisioned throughput decreases are limited within a given UTC day. After the first ${decreasesPerDay} decreases, each subsequent decrease in the same UTC day can be performed at most once every 3600 seconds. Number of decreases today: ${today.length}. Last decrease at ${longDate(last)}. Next decrease can be made at ${longDate(next)}.`,
    )
  }
  return addDecrease(increased, now)
}

export function addDecrease(changes: ThroughputChanges = none, now: number): ThroughputChanges {
  return { ...changes, decreases: [...changes.decreases, now], lastDecrease: now }
}

/** Spends the whole budget of decreases now. */
export function exhaustDecreases(changes: ThroughputChanges = none, now: number): ThroughputChanges {
  return { ...changes, decreases: new Array(decreasesPerDay).fill(now), lastDecrease: now }
}

/** The changes while one is in progress: its time is shown at once, its count with its units. */
export function shownDuring(before: ThroughputChanges = none, after: ThroughputChanges): ThroughputChanges {
  return { ...after, decreases: before.decreases }
}

/** ProvisionedThroughput of DescribeTable. @param throughput undefined on demand, which is shown as zeros */
export function describeThroughput(
  throughput: Throughput | undefined,
  changes: ThroughputChanges = none,
  now: number,
): Shape {
  const { lastIncrease, lastDecrease } = changes
  return {
    NumberOfDecreasesToday: decreasesToday(changes, now).length,
    ...(lastIncrease === undefined ? {} : { LastIncreaseDateTime: lastIncrease / 1000 }),
    ...(lastDecrease === undefined ? {} : { LastDecreaseDateTime: lastDecrease / 1000 }),
    ...(throughput ?? { ReadCapacityUnits: 0, WriteCapacityUnits: 0 }),
  }
}

function decreasesToday({ decreases }: ThroughputChanges, now: number): readonly number[] {
  return decreases.filter((at) => at >= startOfDay(now))
}

function startOfDay(now: number): number {
  return Math.floor(now / day) * day
}

const dateFormat = new Intl.DateTimeFormat('en-US', { dateStyle: 'full', timeStyle: 'full', timeZone: 'UTC' })

/** `Thursday, October 8, 2026 at 11:20:48 PM Coordinated Universal Time` */
function longDate(time: number): string {
  return dateFormat.format(time).replaceAll('\u202f', ' ')
}
