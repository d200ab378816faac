/** Warm throughput: always reported, and never less than it was. */
import { invalidParameter } from './errors.ts'
import type { Timings } from './options.ts'

type Shape = Readonly<Record<string, unknown>>

interface Units {
  readonly ReadUnitsPerSecond: number
  readonly WriteUnitsPerSecond: number
}

export interface WarmThroughput {
  /** What is in effect until `settledAt`. */
  readonly before: Units
  readonly units: Units
  readonly settledAt: number
}

/** Of every table on demand, unless it has more. */
export const onDemandWarmThroughput: Units = { ReadUnitsPerSecond: 12_000, WriteUnitsPerSecond: 4000 }

/** @param least what the capacity of the table comes with */
export function createWarmThroughput(
  asked: unknown,
  least: Units,
  leastName: string,
  settledAt: number,
): WarmThroughput {
  const units = { ...least, ...((asked ?? {}) as Partial<Units>) }
  for (const name of unitNames) {
    if (units[name] < least[name]) {
      throw invalidParameter(`Requested ${name} for WarmThroughput for table is lower than ${leastName}`)
    }
  }
  return { before: units, units, settledAt: asked === undefined ? 0 : settledAt }
}

/**
 * An increase of the units in effect. The first one takes minutes, later ones seconds; one that is asked for meanwhile
 * takes the place of what was asked for before, and does not prolong it.
 */
export function growWarmThroughput(
  present: WarmThroughput,
  asked: Shape,
  now: number,
  timings: Timings,
): WarmThroughput {
  const isGrowing = now < present.settledAt
  const inEffect = isGrowing ? present.before : present.units
  const units = { ...inEffect, ...(asked as Partial<Units>) }
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

/** What more capacity brings with it, at once. */
export function raiseWarmThroughput(present: WarmThroughput, least: Units): WarmThroughput {
  const raise = (units: Units): Units => ({
    ReadUnitsPerSecond: Math.max(units.ReadUnitsPerSecond, least.ReadUnitsPerSecond),
    WriteUnitsPerSecond: Math.max(units.WriteUnitsPerSecond, least.WriteUnitsPerSecond),
  })
  return { ...present, before: raise(present.before), units: raise(present.units) }
}

export function warmUnitsOf(throughput: {
  readonly ReadCapacityUnits: number
  readonly WriteCapacityUnits: number
}): Units {
  return { ReadUnitsPerSecond: throughput.ReadCapacityUnits, WriteUnitsPerSecond: throughput.WriteCapacityUnits }
}

export function describeWarmThroughput({ before, units, settledAt }: WarmThroughput, now: number): Shape {
  return now < settledAt ? { ...before, Status: 'UPDATING' } : { ...units, Status: 'ACTIVE' }
}

const unitNames = ['ReadUnitsPerSecond', 'WriteUnitsPerSecond'] as const
