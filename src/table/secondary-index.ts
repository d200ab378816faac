/** The name, the keys and the projection of an index: what global and local indexes have in common. */
import type { AttributeDefinition, GlobalSecondaryIndex } from '@aws-sdk/client-dynamodb'
import * as v from 'valibot'
import { sortBy } from '../text/sort.ts'
import {
  attributeName,
  describeKeys,
  type KeySchema,
  keyAttribute,
  keyElements,
  readKeys,
  withTypes,
} from './properties/key-schema.ts'
import type { AttributeTypes } from './property.ts'
import { namePattern, nameRule } from './target.ts'

/** The attributes that an index has besides its keys and those of the table. */
export interface Projection {
  readonly ProjectionType: 'ALL' | 'KEYS_ONLY' | 'INCLUDE'
  /** Sorted. Present only for INCLUDE. */
  readonly NonKeyAttributes?: readonly string[] | undefined
}

export interface SecondaryIndex {
  readonly IndexName: string
  /** The partition key, then the sort key. Each of them may have several attributes. */
  readonly KeySchema: KeySchema
  readonly Projection: Projection
}

const projection = v.strictObject({
  ProjectionType: v.picklist(['ALL', 'KEYS_ONLY', 'INCLUDE']),
  NonKeyAttributes: v.optional(v.array(attributeName)),
})

/** The members of an index in its normal form. */
export const indexMembers = {
  IndexName: v.pipe(v.string(), v.regex(namePattern, nameRule)),
  KeySchema: v.pipe(v.array(keyAttribute), v.minLength(1)),
  Projection: projection,
}

/** The members of an index as CloudFormation has them. */
export const declaredIndexMembers = {
  IndexName: indexMembers.IndexName,
  KeySchema: v.pipe(keyElements, v.minLength(1)),
  Projection: v.strictObject({
    ProjectionType: projection.entries.ProjectionType,
    // DynamoDB includes at most 20 attributes in one index.
    NonKeyAttributes: v.optional(v.pipe(v.array(attributeName), v.minLength(1), v.maxLength(20))),
  }),
}

const declaredIndex = v.strictObject(declaredIndexMembers)

/** A declared index in its normal form. */
export function normalizeIndex(
  { IndexName, KeySchema, Projection }: v.InferOutput<typeof declaredIndex>,
  types: AttributeTypes,
): SecondaryIndex {
  return { IndexName, KeySchema: withTypes(KeySchema, types), Projection: orderProjection(Projection) }
}

/** A list of indexes has each name once. */
export function hasDistinctNames(indexes: readonly { readonly IndexName: string }[]): boolean {
  return new Set(indexes.map(({ IndexName }) => IndexName)).size === indexes.length
}

export function sortByName<Index extends { readonly IndexName: string | undefined }>(
  indexes: readonly Index[],
): readonly Index[] {
  return sortBy(indexes, ({ IndexName }) => String(IndexName))
}

/** The indexes whose names no index of the other list has. */
export function indexesNotIn<Index extends SecondaryIndex>(
  indexes: readonly Index[],
  others: readonly SecondaryIndex[],
): readonly Index[] {
  const names = others.map(({ IndexName }) => IndexName)
  return indexes.filter(({ IndexName }) => !names.includes(IndexName))
}

/** Reads an index in the form of `SecondaryIndex`. The schema finds what an endpoint that is not AWS omits. */
export function readIndex(
  { IndexName, KeySchema, Projection }: Partial<Pick<GlobalSecondaryIndex, 'IndexName' | 'KeySchema' | 'Projection'>>,
  definitions: readonly AttributeDefinition[] = [],
): { readonly IndexName: string | undefined; readonly KeySchema: unknown; readonly Projection: unknown } {
  return {
    IndexName,
    KeySchema: readKeys(KeySchema, definitions),
    Projection: Projection === undefined ? undefined : orderProjection(Projection),
  }
}

/** An empty list means the same as none. */
function orderProjection<Type>({
  ProjectionType,
  NonKeyAttributes = [],
}: {
  readonly ProjectionType?: Type
  readonly NonKeyAttributes?: readonly string[] | undefined
}) {
  return {
    ProjectionType: ProjectionType as Type,
    ...(NonKeyAttributes.length === 0 ? {} : { NonKeyAttributes: NonKeyAttributes.toSorted() }),
  }
}

/** The index with its members in the order that makes equal indexes equal as JSON. */
export function orderIndex({ IndexName, KeySchema, Projection }: SecondaryIndex): SecondaryIndex {
  return {
    IndexName,
    KeySchema: KeySchema.map(({ AttributeName, AttributeType, KeyType }) => ({
      AttributeName,
      AttributeType,
      KeyType,
    })),
    Projection: orderProjection(Projection),
  }
}

/** Keys and projection of an index in the form of a request. The types of the keys are in AttributeDefinitions. */
export function indexInput({ IndexName, KeySchema, Projection }: SecondaryIndex) {
  const { ProjectionType, NonKeyAttributes } = Projection
  return {
    IndexName,
    KeySchema: KeySchema.map(({ AttributeName, KeyType }) => ({ AttributeName, KeyType })),
    Projection: {
      ProjectionType,
      ...(NonKeyAttributes === undefined ? {} : { NonKeyAttributes: [...NonKeyAttributes] }),
    },
  }
}

/** The types of the key attributes. An attribute of several indexes is repeated. */
export function keyDefinitions(indexes: readonly Pick<SecondaryIndex, 'KeySchema'>[]): AttributeDefinition[] {
  return indexes.flatMap(({ KeySchema }) =>
    KeySchema.map(({ AttributeName, AttributeType }) => ({ AttributeName, AttributeType })),
  )
}

/** Returns true if both indexes have the same keys and the same projection, which DynamoDB cannot change. */
export function isSameIndex(left: SecondaryIndex, right: SecondaryIndex): boolean {
  const fixed = (index: SecondaryIndex) => JSON.stringify({ ...orderIndex(index), IndexName: '' })
  return fixed(left) === fixed(right)
}

/** `tenant_id (S), created_at (N); includes name, role`. Several attributes of one partition key are joined by `+`. */
export function describeIndex({ KeySchema, Projection }: SecondaryIndex): string {
  const describe = (type: 'HASH' | 'RANGE') =>
    KeySchema.filter(({ KeyType }) => KeyType === type).map((key) => describeKeys([key]))
  const keys = [describe('HASH').join(' + '), ...describe('RANGE')]
  return `${keys.join(', ')}; ${describeProjection(Projection)}`
}

function describeProjection({ ProjectionType, NonKeyAttributes = [] }: Projection): string {
  switch (ProjectionType) {
    case 'ALL':
      return 'all attributes'
    case 'KEYS_ONLY':
      return 'keys only'
    case 'INCLUDE':
      return `includes ${NonKeyAttributes.join(', ')}`
  }
}
