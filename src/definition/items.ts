/**
 * The shape of the items in the built-in tables: checked at run time here, published as JSON Schema for applications.
 */
import { quote } from '../text/readable.ts'

/** All attributes of an item, which are all strings in the built-in tables. */
export type Item = Readonly<Record<string, string>>

export const roles = ['OWNER', 'SUPERVISOR', 'OPERATOR'] as const

interface AttributeKind {
  /** Completes the sentence `must be ...`. */
  readonly expected: string
  readonly pattern: RegExp
  /** A further check that a pattern cannot express. */
  readonly accepts?: (value: string) => boolean
  readonly schema: Readonly<Record<string, unknown>>
}

const uuid = kind(
  'a UUID in lower case',
  /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/,
  // Without the format: it would allow upper case, which is another key to DynamoDB.
)
const text = kind('a text that is not blank', /\S/)
const code = kind(
  'upper-case letters, digits and hyphens, at most 32 characters, such as DD-DEMO',
  /^[A-Z0-9]+(-[A-Z0-9]+)*$/,
  { maxLength: 32 },
)
const email = kind('an e-mail address', /^[^\s@]+@[^\s@]+$/)
const role = kind(`one of ${roles.join(', ')}`, new RegExp(`^(${roles.join('|')})$`), { enum: roles })
const time: AttributeKind = {
  ...kind(
    'a time in UTC by ISO 8601, such as 2026-01-31T12:00:00Z',
    /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?(Z|\+00:00)$/,
    { format: 'date-time' },
  ),
  // `new Date` reads 31 February as 3 March, so the date is compared with the text.
  accepts: (value) => new Date(value).toJSON()?.slice(0, 10) === value.slice(0, 10),
}

function kind(expected: string, pattern: RegExp, schema: AttributeKind['schema'] = {}): AttributeKind {
  const { maxLength } = schema
  return {
    expected,
    pattern,
    schema,
    ...(typeof maxLength === 'number' ? { accepts: (value) => value.length <= maxLength } : {}),
  }
}

/** Every attribute is required; an application may add others. */
export const itemShapes = {
  tenant: { tenant_id: uuid, name: text, code, created_at: time },
  users: {
    tenant_id: uuid,
    user_id: uuid,
    cognito_sub: uuid,
    name: text,
    email,
    role,
    created_at: time,
    updated_at: time,
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, AttributeKind>>>>

export type ItemKind = keyof typeof itemShapes
export type ItemOf<Kind extends ItemKind> = { readonly [Attribute in keyof (typeof itemShapes)[Kind]]: string }

/** Lists the problems of an item, one for each wrong attribute. Empty if the item is valid. */
export function problemsOfItem(itemKind: ItemKind, item: Readonly<Record<string, unknown>>): readonly string[] {
  const shape: Readonly<Record<string, AttributeKind>> = itemShapes[itemKind]
  return Object.entries(shape).flatMap(([name, { expected, pattern, accepts }]) => {
    const value = Object.hasOwn(item, name) ? item[name] : undefined
    if (value === undefined) return [`${name} is missing`]
    if (typeof value !== 'string') return [`${name} must be a string, but is ${JSON.stringify(value) ?? typeof value}`]
    return pattern.test(value) && (accepts?.(value) ?? true)
      ? []
      : [`${name} must be ${expected}, but is ${quote(value)}`]
  })
}

/** JSON Schema, draft 2020-12; docs/schemas holds it for applications. */
export function schemaOfItem(itemKind: ItemKind): Readonly<Record<string, unknown>> {
  const shape: Readonly<Record<string, AttributeKind>> = itemShapes[itemKind]
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: `An item of the ${itemKind} table`,
    type: 'object',
    required: Object.keys(shape),
    properties: Object.fromEntries(
      Object.entries(shape).map(([name, { expected, pattern, schema }]) => [
        name,
        { type: 'string', description: `Must be ${expected}.`, pattern: pattern.source, ...schema },
      ]),
    ),
  }
}

/** One tenant, and one user in each role: everything that a sample round trip writes. */
export interface SampleItems {
  readonly tenant: ItemOf<'tenant'>
  readonly users: readonly ItemOf<'users'>[]
  /** The id of a tenant that has no users. */
  readonly otherTenantId: string
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
    users: roles.map((userRole) => ({
      tenant_id,
      user_id: freshUuid(),
      cognito_sub: freshUuid(),
      name: `Sample ${userRole.toLowerCase()}`,
      // A domain that no mail ever reaches: RFC 2606.
      email: `${userRole.toLowerCase()}@tenant-tables.invalid`,
      role: userRole,
      created_at,
      updated_at: created_at,
    })),
    otherTenantId: freshUuid(),
  }
}
