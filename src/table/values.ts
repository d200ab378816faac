/** Values by their properties. */
import { type PropertyName, type PropertyValues, properties } from './properties/index.ts'
import type { Property } from './property.ts'
import type { Request } from './request.ts'
import type { TableAddress } from './target.ts'

/** A property and its value. */
interface PropertyValue {
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

/** The call that creates a table. */
export function createRequest({ name: TableName }: TableAddress, values: Partial<PropertyValues>): Request {
  const inputs = propertyValues(values).map(({ property: { creation }, value }) =>
    creation.kind === 'in-create-table' ? creation.input(value) : {},
  )
  // Each property with a key gives the types of its attributes. DynamoDB takes each attribute once.
  const types = inputs.flatMap(({ AttributeDefinitions = [] }) => AttributeDefinitions)
  const AttributeDefinitions = [...new Map(types.map((type) => [type.AttributeName, type])).values()]
  return { operation: 'CreateTable', input: Object.assign({ TableName }, ...inputs, { AttributeDefinitions }) }
}
