import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import fc from 'fast-check'
import { itemJsonSchema } from '../../scripts/generate.ts'
import { type ItemKind, itemSchemas, makeSampleItems, problemsOfItem } from '../../src/definition/items.ts'

const samples = makeSampleItems(randomUUID, Date.UTC(2026, 0, 31, 12))
const [owner] = samples.users
if (owner === undefined) throw new Error('An owner was expected')
const valid = { tenant: samples.tenant, users: owner }
const kinds = Object.keys(itemSchemas) as ItemKind[]

const ajv = new Ajv2020({ allErrors: true })
formats.default(ajv)
const read = (kind: ItemKind) =>
  JSON.parse(readFileSync(new URL(`../../docs/schemas/${kind}-item.schema.json`, import.meta.url), 'utf8'))
const published = { tenant: ajv.compile(read('tenant')), users: ajv.compile(read('users')) }

it.each(kinds)('publishes the schema of the code as JSON Schema: %s', (kind) => {
  expect(read(kind)).toEqual(itemJsonSchema(kind))
})

it('makes a tenant and a user in each role as samples, each with new ids and in the published shape', () => {
  expect(samples.users.map(({ role }) => role)).toEqual(['OWNER', 'SUPERVISOR', 'OPERATOR'])
  expect(samples.tenant).toMatchObject({ code: 'DD-DEMO', created_at: '2026-01-31T12:00:00.000Z' })
  const ids = [samples.tenant.tenant_id, ...samples.users.flatMap(({ user_id, email }) => [user_id, email])]
  expect(new Set(ids).size).toBe(7)
  expect(problemsOfItem('tenant', samples.tenant)).toEqual([])
  expect(published.tenant(samples.tenant)).toBe(true)
  for (const user of samples.users) {
    expect(user.tenant_id).toBe(samples.tenant.tenant_id)
    expect(problemsOfItem('users', user)).toEqual([])
    expect(published.users(user)).toBe(true)
  }
})

it.each<[string, unknown]>([
  ['tenant_id', '6f9619ff-8b86-d011-b42d-00c04fc964f'],
  ['tenant_id', '6F9619FF-8B86-D011-B42D-00C04FC964FF'],
  ['role', 'owner'],
  ['role', 'ADMIN'],
  ['created_at', '2026-01-31'],
  ['created_at', '2026-01-31T12:00:00'],
  ['created_at', '2026-01-31T12:00:00+05:30'],
  ['created_at', '2026-02-30T12:00:00Z'],
  ['created_at', '2026-13-01T12:00:00Z'],
  ['created_at', '2026-01-31T24:00:00Z'],
  ['email', 'nobody'],
  ['name', ' '],
  ['name', 7],
  ['name', null],
  ['user_id', undefined],
])('refuses a user whose %s is %j, by the code and by the published schema', (attribute, value) => {
  const item: Record<string, unknown> = { ...valid.users, [attribute]: value }
  if (value === undefined) delete item[attribute]
  expect(problemsOfItem('users', item)).toEqual([expect.stringContaining(attribute)])
  expect(published.users(item)).toBe(false)
})

it.each(['2026-01-31T12:00:00Z', '2024-02-29T23:59:59.123456+00:00', '2026-12-01T00:00:00.1Z'])(
  'accepts the time in UTC %s',
  (created_at) => {
    expect(problemsOfItem('users', { ...valid.users, created_at })).toEqual([])
    expect(published.users({ ...valid.users, created_at })).toBe(true)
  },
)

it('accepts attributes that an application adds, and ignores inherited members', () => {
  expect(problemsOfItem('tenant', { ...valid.tenant, plan: 'gold' })).toEqual([])
  expect(problemsOfItem('tenant', Object.create(valid.tenant))).toHaveLength(4)
})

it('accepts and refuses the same values in the code and in the published schema', () => {
  const years = { noInvalidDate: true, min: new Date('1000-01-01'), max: new Date('9999-12-31') }
  const value = fc.oneof(
    fc.string(),
    fc.uuid(),
    fc.constantFrom('OWNER', 'SUPERVISOR', 'DD-DEMO', 'a@b', ...Object.values(valid.users)),
    fc.date(years).map((date) => date.toISOString()),
    fc.jsonValue(),
  )
  let accepted = 0
  for (const kind of kinds) {
    const attribute = fc.constantFrom(...Object.keys(itemSchemas[kind].entries))
    fc.assert(
      fc.property(attribute, value, (name, given) => {
        const item = { ...valid[kind], [name]: given }
        const isFine = problemsOfItem(kind, item).length === 0
        if (isFine) accepted += 1
        expect(published[kind](item)).toBe(isFine)
      }),
      { numRuns: 2000 },
    )
  }
  expect(accepted).toBeGreaterThan(200)
})
