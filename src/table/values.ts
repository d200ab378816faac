/** Values by their properties. */
import { type PropertyName, type PropertyValues, properties } from './properties/index.ts'
import type { Property } from './property.ts'

/** A property and its value. */
export interface PropertyValue {
  readonly property: Property<PropertyName>
  readonly value: unknown
}

/** The values that are present, in the order of the properties. */
export function propertyValues(values: Partial<PropertyValues>): readonly PropertyValue[] {
  return properties.flatMap((property) => {
    const value = values[property.name]
    return value === undefined ? [] : [{ property, value }]
  })
}
