/** Warm throughput: always reported, and on AWS it grows by itself. */
import { validationError } from './errors.ts'

/** An object as DynamoDB's API has it. */
type Shape = Readonly<Record<string, unknown>>

export interface WarmThroughput {
  readonly ReadUnitsPerSecond: number
  readonly WriteUnitsPerSecond: number
  readonly settledAt: number
}

/** What a table has that nobody asked more for. */
const least: WarmThroughput = { ReadUnitsPerSecond: 12_000, WriteUnitsPerSecond: 4000, settledAt: 0 }

/** What the table is to have from now on; it only grows. */
export function growWarmThroughput(asked: unknown, settledAt: number, present = least): WarmThroughput {
  const given = (asked ?? {}) as Shape
  const read = Number(given.ReadUnitsPerSecond ?? present.ReadUnitsPerSecond)
  const write = Number(given.WriteUnitsPerSecond ?? present.WriteUnitsPerSecond)
  if (read < present.ReadUnitsPerSecond || write < present.WriteUnitsPerSecond) {
    throw validationError('One or more parameter values were invalid: WarmThroughput cannot be decreased')
  }
  return { ReadUnitsPerSecond: read, WriteUnitsPerSecond: write, settledAt }
}

export function describeWarmThroughput({ settledAt, ...units }: WarmThroughput, now: number): Shape {
  return { ...units, Status: now < settledAt ? 'UPDATING' : 'ACTIVE' }
}
