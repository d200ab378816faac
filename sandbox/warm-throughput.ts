/** Warm throughput, which AWS always reports and never decreases. */
import { invalidParameter } from './errors.ts'
import type { Timings } from './options.ts'

type Shape = Readonly<Record<string, unknown>>

export interface WarmUnits {
  readonly ReadUnitsPerSecond: number
  readonly WriteUnitsPerSecond: number
}

export interface WarmThroughput {
  /** In effect until `settledAt`. */
  readonly before: WarmUnits
  readonly units: WarmUnits
  readonly settledAt: number
}

/** The minimum of an on-demand table. */
export const onDemandWarmThroughput: WarmUnits = { ReadUnitsPerSecond: 12_000, WriteUnitsPerSecond: 4000 }

/** @param minimum given by the capacity of the table */
export function createWarmThroughput(
  asked: unknown,
  minimum: WarmUnits,
  minimumName: string,
  settledAt: number,
): WarmThroughput {
  const units = { ...minimum, ...((asked ?? {}) as Partial<WarmUnits>) }
  for (const name of unitNames) {
    if (units[name] < minimum[name]) {
      throw invalidParameter(`Requested ${name} for WarmThroughput for table is lower than ${minimumName}`)
    }
  }
  return { before: units, units, settledAt: asked === undefined ? 0 : settledAt }
}

/**
 * Increases warm throughput. The first increase takes minutes, later ones seconds. A request during an increase replaces
 * its target, and keeps its end.
 */
export function growWarmThroughput(
  present: WarmThroughput,
  asked: Shape,
  now: number,
  timings: Timings,
): WarmThroughput {
  const isGrowing = now < present.settledAt
  const inEffect = isGrowing ? present.before : present.units
  const units = { ...inEffect, ...(asked as Partial<WarmUnits>) }
  for (const name of unitNames) {
    if (units[name] < inEffect[name]) {
      throw invalidParameter(
        `Requested ${name} for WarmThroughput for table is lower than current WarmThroughput, decreasing WarmThroughput is not supported`,
      )
    }
  }
  if (isGrowing) return { ...present, units }
  const isFirst = unitNames.every((name) => inEffect[name] <= onDemandWarmThroughput[name])
  const isMore = unitNames.some((name) => units[name] > inEffect[name])
  const takes = isFirst && isMore ? timings.warmThroughputUpdating : timings.warmThroughputAgainUpdating
  return { before: inEffect, units, settledAt: now + takes }
}

/** Raises warm throughput to the minimum of a new capacity, at once. */
export function raiseWarmThroughput(present: WarmThroughput, minimum: WarmUnits): WarmThroughput {
  return { ...present, before: raiseUnits(present.before, minimum), units: raiseUnits(present.units, minimum) }
}

export function raiseUnits(units: WarmUnits, minimum: WarmUnits): WarmUnits {
  return {
    ReadUnitsPerSecond: Math.max(units.ReadUnitsPerSecond, minimum.ReadUnitsPerSecond),
    WriteUnitsPerSecond: Math.max(units.WriteUnitsPerSecond, minimum.WriteUnitsPerSecond),
  }
}

export function warmUnitsOf(throughput: {
  readonly ReadCapacityUnits: number
  readonly WriteCapacityUnits: number
}): WarmUnits {
  return { ReadUnitsPerSecond: throughput.ReadCapacityUnits, WriteUnitsPerSecond: throughput.WriteCapacityUnits }
}

export function describeWarmThroughput({ before, units, settledAt }: WarmThroughput, now: number): Shape {
  return now < settledAt ? { ...before, Status: 'UPDATING' } : { ...units, Status: 'ACTIVE' }
}

const unitNames = ['ReadUnitsPerSecond', 'WriteUnitsPerSecond'] as const
