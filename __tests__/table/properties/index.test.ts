/** Rules that every property keeps, so that a new one cannot forget any. */
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import * as v from 'valibot'
import { definitionPage } from '../../../scripts/generate.ts'
import * as commands from '../../../src/aws/commands.ts'
import { declarationOf } from '../../../src/definition/definition.ts'
import { notManaged } from '../../../src/definition/fields.ts'
import { disruptionNames } from '../../../src/plan/policy.ts'
import { properties, propertyNamed } from '../../../src/table/properties/index.ts'
import type { Change, Property } from '../../../src/table/property.ts'
import type { Ask } from '../../../src/table/request.ts'
import { comparison } from '../../support/builders.ts'
import { valuesOf } from '../../support/schema-values.ts'

const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8')
const address = { name: 'users', arn: 'arn:aws:dynamodb:ap-south-1:222222222222:table/users' }

/** Changes in place between random values. */
function someChanges({ schema, changes }: Property): readonly Change[] {
  const pair = fc.tuple(valuesOf(schema), valuesOf(schema))
  return fc
    .sample(pair, 100)
    .flatMap(([from, to]) => changes(from, to, comparison))
    .filter((change) => change.kind === 'update')
}

describe.each(properties.map((property) => [property.name, property] as const))('%s', (_, property) => {
  const { schema, actions, disruptions = [] } = property

  it('has random values that its schema accepts, which differ', () => {
    const values = fc.sample(valuesOf(schema), 100)
    expect(values.filter((value) => !v.is(schema, value))).toEqual([])
    expect(new Set(values.map((value) => JSON.stringify(value))).size).toBeGreaterThan(1)
  })

  it('does not differ from itself, and has settings with a name and a value', () => {
    fc.assert(
      fc.property(valuesOf(schema), (value) => {
        expect(property.changes(value, structuredClone(value), comparison)).toEqual([])
        for (const setting of property.settings(value)) {
          const { group = '', name, value } = setting
          expect([`${group}${name}`, value]).toEqual([expect.stringMatching(/./), expect.any(String)])
        }
      }),
    )
  })

  it('declares for each of its changes the call, the IAM action, the line of allow and the wait', () => {
    const changes = someChanges(property)
    expect(changes.length > 0).toBe(property.request !== undefined)
    for (const change of changes) {
      const { from, to, risk } = change
      const { operation, input } = property.request?.(address, change) ?? {}
      expect(actions.write).toContain(`dynamodb:${operation}`)
      expect(Object.values(input ?? {})).toContain('ResourceArn' in (input ?? {}) ? address.arn : address.name)
      expect([...property.settings(from), ...property.settings(to)].length).toBeGreaterThan(0)
      if (typeof risk === 'object')
        expect(disruptions.map((each) => each.name)).toEqual(expect.arrayContaining([...risk.allow]))
      if (risk === 'slow') {
        const waits = property.waits ?? []
        expect(waits.some(({ appliesTo }) => appliesTo === undefined || appliesTo(change))).toBe(true)
      }
    }
  })

  it('reads by calls whose IAM actions it names', async () => {
    const operations: string[] = []
    const ask = (async (operation: string) => void operations.push(operation)) as Ask
    const value = property.reading.kind === 'asked' ? await property.reading.ask(ask, address) : undefined
    if (property.reading.kind === 'described') operations.push('DescribeTable')
    expect(value).toBeUndefined()
    expect(actions.read).toEqual(operations.map((operation) => `dynamodb:${operation}`))
  })

  it('names only IAM actions whose commands are in the bundle', () => {
    const named = [...actions.read, ...actions.write, ...(actions.create ?? [])]
    const missing = named.filter((action) => !(`${action.replace('dynamodb:', '')}Command` in commands))
    expect(missing).toEqual([])
  })
})

const initialValues = properties.flatMap(({ name, schema, creation }) => {
  const value = creation.kind === 'in-create-table' ? creation.otherwise : creation.initial
  return value === undefined ? [] : [[name, schema, value] as const]
})

it.each(initialValues)('%s gives a new table a value that its schema accepts', (_, schema, value) => {
  expect(v.is(schema, value)).toBe(true)
})

const protections = properties.flatMap(({ name, protection, changes }) =>
  protection === undefined ? [] : [[name, protection, changes] as const],
)

it.each(protections)('%s is turned on safely, and off by the disruption that it names', (_, protection, changes) => {
  const { isOn, inProduction, off, input, removal } = protection
  expect([isOn(inProduction), isOn(off)]).toEqual([true, false])
  expect(changes(off, inProduction, comparison)).toMatchObject([{ risk: 'safe' }])
  expect(changes(inProduction, off, comparison)).toMatchObject([{ risk: { allow: [removal] } }])
  expect(disruptionNames).toContain(removal)
  expect(read('action.yml')).toContain(`\n  ${input}:`)
})

it('each property and each disruption has a name of its own', () => {
  for (const names of [properties.map(({ name }) => name), disruptionNames]) {
    expect(new Set(names).size).toBe(names.length)
  }
})

it('finds a property by its name', () => {
  expect(properties.map(({ name }) => propertyNamed(name))).toEqual(properties)
  expect(() => propertyNamed('TableColor' as 'Tags')).toThrow('There is no property TableColor')
})

it('the page of properties is generated from the sources, and names every property and line of allow', () => {
  const page = read('docs/definition.md')
  // `npm run schemas` writes it.
  expect(page).toBe(definitionPage(page))
  const rows = page.split('\n').filter((line) => line.startsWith('| `'))
  for (const property of properties) {
    const fields = Object.keys(declarationOf(property).fields).map((field) => `\`${field}\``)
    expect(rows.filter((row) => row.startsWith(`| ${fields.join('<br>')} |`))).toHaveLength(1)
  }
  for (const line of disruptionNames) expect(rows.join()).toContain(`\`${line}\`: to `)
  for (const action of ['dynamodb:UpdateTable', 'kms:DescribeKey', 'kms:CreateGrant']) {
    expect(rows.join()).toContain(`\`${action}\``)
  }
  for (const name of notManaged) expect(page).toContain(`\`${name}\``)
})
