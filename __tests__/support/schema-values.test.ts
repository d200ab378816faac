import fc from 'fast-check'
import * as v from 'valibot'
import { valuesOf } from './schema-values.ts'

it.each<[string, v.GenericSchema]>([
  ['boolean', v.boolean()],
  ['picklist', v.picklist(['a', 'b'])],
  ['alternatives', v.union([v.literal('a'), v.strictObject({ a: v.literal(1) })])],
  ['integers within bounds', v.pipe(v.number(), v.integer(), v.minValue(3), v.maxValue(4))],
  ['text within lengths', v.pipe(v.string(), v.minLength(2), v.maxLength(3))],
  ['text of a pattern', v.pipe(v.string(), v.regex(/^[a-f]+$/), v.maxLength(4))],
  ['lists within lengths', v.pipe(v.array(v.boolean()), v.minLength(1), v.maxLength(2), v.description('a list'))],
  ['objects with optional members', v.strictObject({ a: v.boolean(), b: v.optional(v.boolean()) })],
  [
    'values that a function accepts',
    v.pipe(
      v.string(),
      v.check((text) => text.length % 2 === 0),
    ),
  ],
])('generates %s that the schema accepts', (_, schema) => {
  const values = fc.sample(valuesOf(schema), 200)
  expect(values.filter((value) => !v.is(schema, value))).toEqual([])
  expect(new Set(values.map((value) => JSON.stringify(value))).size).toBeGreaterThan(1)
})

it('generates objects with and without their optional members', () => {
  const values = fc.sample(valuesOf(v.strictObject({ a: v.optional(v.boolean()) })), 100)
  expect(new Set(values.map((value) => 'a' in value)).size).toBe(2)
})

it.each<[string, v.GenericSchema]>([
  ['the schema date', v.date()],
  ['multiple_of of the schema number', v.pipe(v.number(), v.integer(), v.multipleOf(3))],
  ['email of the schema string', v.array(v.strictObject({ to: v.pipe(v.string(), v.email()) }))],
  ['numbers that are not integers', v.number()],
])('names what it cannot generate: %s', (name, schema) => {
  expect(() => valuesOf(schema)).toThrow(name)
})
