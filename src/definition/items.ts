/** The shape of the items in the built-in tables: one schema for the check of items and for the published JSON Schema. */
import * as v from 'valibot'
import { quote } from '../text/readable.ts'

/** All attributes of an item, which are all strings in the built-in tables. */
export type Item = Readonly<Record<string, string>>

export const roles = ['OWNER', 'SUPERVISOR', 'OPERATOR'] as const

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
const role = text(`one of ${roles.join(', ')}`, new RegExp(`^(${roles.join('|')})$`))
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
export type ItemOf<Kind extends ItemKind> = Readonly<v.InferOutput<(typeof itemSchemas)[Kind]>>

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
