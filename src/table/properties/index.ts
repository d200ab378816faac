/** The properties of a table, in the order in which their changes are applied. */
import type { Property } from '../property.ts'
import { billingMode } from './billing-mode.ts'
import { deletionProtection } from './deletion-protection.ts'
import { keySchema } from './key-schema.ts'
import { onDemandThroughput } from './on-demand-throughput.ts'
import { pointInTimeRecovery } from './point-in-time-recovery.ts'
import { sseSpecification } from './sse-specification.ts'
import { streamSpecification } from './stream-specification.ts'
import { tableClass } from './table-class.ts'
import { tags } from './tags.ts'
import { timeToLive } from './time-to-live.ts'

const declared = [
  keySchema,
  deletionProtection,
  pointInTimeRecovery,
  tags,
  tableClass,
  billingMode,
  onDemandThroughput,
  streamSpecification,
  sseSpecification,
  timeToLive,
] as const

type Declared = (typeof declared)[number]

export type PropertyName = Declared['name']

/** A value for each property, in CloudFormation's form. */
export type PropertyValues = {
  readonly [Each in Declared as Each['name']]: Each extends Property<string, infer Value> ? Value : never
}

/**
 * All properties as one list, without the types of their values. Code that uses it treats every property the same way.
 */
export const properties: readonly Property<PropertyName>[] = declared

export function propertyNamed(name: PropertyName): Property<PropertyName> {
  const found = properties.find((property) => property.name === name)
  if (found === undefined) throw new TypeError(`There is no property ${name}`)
  return found
}
