/**
 * Items: the shape of those in the built-in tables, as one schema for the check of items and for the published JSON Schema,
 * and sample items for any table.
 */
import * as v from 'valibot'
import { indexesOf, partitionKeyOf } from '../table/indexes.ts'
import { describeKeys, type KeyAttribute } from '../table/properties/key-schema.ts'
import type { TableDefinition } from '../table/table.ts'
import { quote } from '../text/readable.ts'

/** A string, a number or bytes: DynamoDB's types S, N and B, those that a key may have. */
export type AttributeValue = string | number | Uint8Array

/** All attributes of an item. */
export type Item = Readonly<Record<string, AttributeValue>>

/** The item as JSON. Bytes are written as `{"B":"..."}` in base64, as the AWS CLI takes them. */
export function renderItem(item: Item): string {
  return JSON.stringify(
    Object.fromEntries(
      Object.entries(item).map(([name, value]) => [
        name,
        typeof value === 'object' ? { B: Buffer.from(value).toString('base64') } : value,
      ]),
    ),
  )
}

const userRoles = ['OWNER', 'SUPERVISOR', 'OPERATOR'] as const

/** @param rule completes the sentence `must be ...` */
function text(rule: string, pattern: RegExp) {
  return v.pipe(v.string(), v.regex(pattern, rule), v.description(`Must be ${rule}.`))
}

// A UUID in upper case is another key to DynamoDB.
const uuid = text('a UUID in lower case', /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/)
const name = text('a text that is not blank', /\S/)
const codeRule = 'upper-case letters, digits and hyphens, at most 32 characters, such as DD-DEMO'
const code = v.pipe(text(codeRule, /^[A-Z0-9]+(-[A-Z0-9]+)*$/), v.maxLength(32, codeRule))
const email = text('an e-mail address', /^[^\s@]+@[^\s@]+$/)
const role = text(`one of ${userRoles.join(', ')}`, new RegExp(`^(${userRoles.join('|')})$`))
const timeRule = 'a time in UTC by ISO 8601, such as 2026-01-31T12:00:00Z'
const time = v.pipe(
  text(
    timeRule,
    /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?(Z|\+00:00)$/,
  ),
  // `new Date` reads 31 February as 3 March, so the date is compared with the text.
  v.check((value) => new Date(value).toJSON()?.slice(0, 10) === value.slice(0, 10), timeRule),
)

/** Every attribute is required; an application may add others. */
export const itemSchemas = {
  tenant: v.object({ tenant_id: uuid, name, code, created_at: time }),
  users: v.object({
    tenant_id: uuid,
    user_id: uuid,
    cognito_sub: uuid,
    name,
    email,
    role,
    created_at: time,
    updated_at: time,
  }),
} as const

export type ItemKind = keyof typeof itemSchemas
type ItemOf<Kind extends ItemKind> = Readonly<v.InferOutput<(typeof itemSchemas)[Kind]>>

/** Lists the problems of an item, the first of each wrong attribute. Empty if the item is valid. */
export function problemsOfItem(itemKind: ItemKind, item: Readonly<Record<string, unknown>>): readonly string[] {
  const { issues = [] } = v.safeParse(itemSchemas[itemKind], { ...item }, { abortPipeEarly: true })
  return issues.map((issue) => {
    const attribute = v.getDotPath(issue) ?? 'the item'
    const found = issue.path?.at(-1)?.value
    if (found === undefined) return `${attribute} is missing`
    if (typeof found !== 'string') return `${attribute} must be a string, but is ${JSON.stringify(found)}`
    return `${attribute} must be ${issue.message}, but is ${quote(found)}`
  })
}

/** One tenant, and one user in each role: the sample items of the built-in tables. */
export interface SampleItems {
  readonly tenant: ItemOf<'tenant'>
  readonly users: readonly ItemOf<'users'>[]
}

/**
 * @param freshUuid makes a new UUID at each call, so that the key of a sample item cannot be the key of another item
 * @param now milliseconds since the epoch
 */
export function makeSampleItems(freshUuid: () => string, now: number): SampleItems {
  const tenant_id = freshUuid()
  const created_at = new Date(now).toISOString()
  return {
    tenant: { tenant_id, name: 'Tenant Tables sample', code: 'DD-DEMO', created_at },
    users: userRoles.map((userRole) => {
      const user_id = freshUuid()
      return {
        tenant_id,
        user_id,
        cognito_sub: freshUuid(),
        name: `Sample ${userRole.toLowerCase()}`,
        // A domain that no mail ever reaches: RFC 2606. With the id, because an index may be queried by it.
        email: `${userRole.toLowerCase()}-${user_id}@tenant-tables.invalid`,
        role: userRole,
        created_at,
        updated_at: created_at,
      }
    }),
  }
}

/** The attributes whose values are not new in every item of a kind. A Query by one may return many other items. */
const repeatedAttributes: { readonly [Kind in ItemKind]: readonly string[] } = {
  tenant: ['name', 'code', 'created_at'],
  users: ['name', 'role', 'created_at', 'updated_at'],
}

/** The sample items of one table. All of them have the same new partition key. */
export interface TableSamples {
  readonly table: string
  /** The kind of the items whose shape they have. Absent for a table that is not built in. */
  readonly kind?: ItemKind
  readonly partitionKey: string
  readonly samples: readonly { readonly item: Item; readonly key: Item }[]
  /** A new partition key that no item has. */
  readonly otherPartition: Item
  /** The declared indexes that can be queried by a new value. */
  readonly indexes: readonly { readonly name: string; readonly partitionKey: readonly string[] }[]
}

/**
 * Makes sample items for each table. A table with the name and the key of a built-in one gets items of its shape, and any
 * other table one item of its key attributes. All items also have the key attributes of the declared indexes, so that they
 * appear in these.
 */
export function makeSamples(
  definitions: readonly TableDefinition[],
  freshUuid: () => string,
  now: number,
): readonly TableSamples[] {
  const builtIn = makeSampleItems(freshUuid, now)
  return definitions.map((definition) => {
    const { name: table, properties } = definition
    const kind = kindOf(definition)
    const indexes = indexesOf(properties)
    const attributes = [...properties.KeySchema, ...indexes.flatMap(({ keys }) => keys)]
    const fill = (item: Item): Item => ({ ...freshValues(attributes, freshUuid), ...item })
    const items: readonly Item[] = kind === undefined ? [fill({})] : [builtIn[kind]].flat().map(fill)
    const [partitionKey = ''] = partitionKeyOf(properties.KeySchema)
    const keyNames = properties.KeySchema.map(({ AttributeName }) => AttributeName)
    return {
      table,
      ...(kind === undefined ? {} : { kind }),
      partitionKey,
      samples: items.map((item) => ({ item, key: pick(item, keyNames) })),
      otherPartition: pick(freshValues(properties.KeySchema, freshUuid), [partitionKey]),
      indexes: indexes
        .map(({ name, keys }) => ({ name, partitionKey: partitionKeyOf(keys) }))
        .filter(
          (index) => kind === undefined || !index.partitionKey.every((each) => repeatedAttributes[kind].includes(each)),
        ),
    }
  })
}

/** The keys of the built-in tables. */
const builtInKeys: { readonly [Kind in ItemKind]: string } = {
  tenant: 'tenant_id (S)',
  users: 'tenant_id (S), user_id (S)',
}

/** The kind of a table with the logical name and the key of a built-in one. An index may need an attribute of another type. */
function kindOf({ logicalName, properties }: TableDefinition): ItemKind | undefined {
  const kind = (['tenant', 'users'] as const).find((each) => each === logicalName)
  if (kind === undefined || builtInKeys[kind] !== describeKeys(properties.KeySchema)) return undefined
  const attributes = indexesOf(properties).flatMap(({ keys }) => keys)
  const fits = attributes.every(
    ({ AttributeName, AttributeType }) =>
      AttributeType === 'S' || !Object.hasOwn(itemSchemas[kind].entries, AttributeName),
  )
  return fits ? kind : undefined
}

function freshValues(attributes: readonly KeyAttribute[], freshUuid: () => string): Item {
  return Object.fromEntries(
    attributes.map(({ AttributeName, AttributeType }) => [AttributeName, freshValue(AttributeType, freshUuid())]),
  )
}

function freshValue(type: KeyAttribute['AttributeType'], uuid: string): AttributeValue {
  const digits = uuid.replaceAll('-', '')
  if (type === 'S') return uuid
  // The last 13 digits of a UUID are random, and 52 bits are a number that JavaScript holds exactly.
  return type === 'N' ? Number.parseInt(digits.slice(-13), 16) : Uint8Array.from(Buffer.from(digits, 'hex'))
}

/** The attributes of these names, in this order. */
export function pick(item: Item, names: readonly string[]): Item {
  return Object.fromEntries(names.flatMap((name) => (item[name] === undefined ? [] : [[name, item[name]]])))
}
