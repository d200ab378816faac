/** Throughput of a table and of its global indexes: provisioned units, and the maximum of on-demand capacity. */
import * as v from 'valibot'
import type { Setting, ValueChange } from './property.ts'

/** Capacity units a second, of a table or an index that is provisioned. */
export interface Throughput {
  readonly ReadCapacityUnits: number
  readonly WriteCapacityUnits: number
}

const units = v.pipe(v.number(), v.integer(), v.minValue(1))

export const throughputSchema = v.strictObject({ ReadCapacityUnits: units, WriteCapacityUnits: units })

export function isSameThroughput(left: Throughput | undefined, right: Throughput): boolean {
  return left?.ReadCapacityUnits === right.ReadCapacityUnits && left.WriteCapacityUnits === right.WriteCapacityUnits
}

/** `5 read and 5 write units` */
export function describeThroughput({ ReadCapacityUnits: reads, WriteCapacityUnits: writes }: Throughput): string {
  return `${reads} read and ${writes} write units`
}

/**
 * The most request units a second of a table or an index that is on demand. -1: no maximum. In a definition an absent
 * member is left as AWS has it; an observed value has both.
 */
export interface OnDemandThroughput {
  readonly MaxReadRequestUnits?: number | undefined
  readonly MaxWriteRequestUnits?: number | undefined
}

const noMaximum = -1

const maximum = v.pipe(
  v.number(),
  v.integer(),
  v.minValue(noMaximum),
  v.check((most) => most !== 0, 'at least 1, or -1 for no maximum'),
)

export const onDemandThroughputSchema = v.strictObject({
  MaxReadRequestUnits: v.optional(maximum),
  MaxWriteRequestUnits: v.optional(maximum),
})

const members = ['MaxReadRequestUnits', 'MaxWriteRequestUnits'] as const

type Member = (typeof members)[number]

/** DynamoDB omits a member without a maximum. For about a second after the removal of a maximum it shows -1. */
export function readOnDemandThroughput(given: OnDemandThroughput = {}): OnDemandThroughput {
  return pickMaximums(given, members)
}

/** The members that differ, before and after; undefined if none does. */
export function changedMaximums(
  from: OnDemandThroughput,
  to: OnDemandThroughput,
): ValueChange<OnDemandThroughput> | undefined {
  const differing = declaredIn(to).filter((member) => maximumIn(from, member) !== to[member])
  if (differing.length === 0) return undefined
  return { from: pickMaximums(from, differing), to: pickMaximums(to, differing) }
}

/** The maximums that a new table or index gets; undefined if there is none. CreateTable does not accept -1. */
export function initialMaximums(declared: OnDemandThroughput): OnDemandThroughput | undefined {
  const limited = limitedIn(declared)
  return limited.length === 0 ? undefined : pickMaximums(declared, limited)
}

/** The observed maximums that the definition does not mention. */
export function undeclaredMaximums(
  observed: OnDemandThroughput,
  declared: OnDemandThroughput = {},
): OnDemandThroughput {
  const undeclared = limitedIn(observed).filter((member) => declared[member] === undefined)
  return pickMaximums(observed, undeclared)
}

/** One setting for each member that is present. */
export function maximumSettings(value: OnDemandThroughput): readonly Setting[] {
  return declaredIn(value).map((name) => {
    const most = maximumIn(value, name)
    return { name, value: most === noMaximum ? 'no maximum' : String(most) }
  })
}

function declaredIn(value: OnDemandThroughput): readonly Member[] {
  return members.filter((member) => value[member] !== undefined)
}

function limitedIn(value: OnDemandThroughput): readonly Member[] {
  return members.filter((member) => maximumIn(value, member) !== noMaximum)
}

function maximumIn(value: OnDemandThroughput, member: Member): number {
  return value[member] ?? noMaximum
}

function pickMaximums(value: OnDemandThroughput, names: readonly Member[]): OnDemandThroughput {
  return Object.fromEntries(names.map((name) => [name, maximumIn(value, name)]))
}
