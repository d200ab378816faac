/** Random values that a valibot schema accepts, so that the tests generate a new property without knowing it. */
import fc from 'fast-check'
import type { GenericSchema } from 'valibot'

/** A schema or an action of a pipe, as valibot holds it. */
interface SchemaNode {
  readonly kind: 'schema' | 'validation' | 'metadata' | 'transformation'
  readonly type: string
  readonly pipe?: readonly SchemaNode[]
  readonly requirement?: unknown
  readonly options?: readonly unknown[]
  readonly literal?: unknown
  readonly entries?: Readonly<Record<string, SchemaNode>>
  readonly item?: SchemaNode
  readonly wrapped?: SchemaNode
}

/** @throws {Error} that names a kind of schema or a check which has no generator */
export function valuesOf<Value>(schema: GenericSchema<unknown, Value>): fc.Arbitrary<Value> {
  return valuesOfNode(schema as unknown as SchemaNode) as fc.Arbitrary<Value>
}

/** Generators are made once for each schema: to make one from a pattern takes longer than to draw a value from it. */
const made = new WeakMap<SchemaNode, fc.Arbitrary<unknown>>()

function valuesOfNode(node: SchemaNode): fc.Arbitrary<unknown> {
  const values = made.get(node) ?? makeValues(node)
  made.set(node, values)
  return values
}

/** Returns the requirement of a check, such as 50 for `max_length`, and marks the check as kept. */
type TakeRequirement = <Requirement>(check: string) => Requirement | undefined

function makeValues(node: SchemaNode): fc.Arbitrary<unknown> {
  const [root = node, ...actions] = node.pipe ?? []
  const checks = new Map(actions.filter(({ kind }) => kind !== 'metadata').map((action) => [action.type, action]))
  const take = (<Requirement>(check: string) => {
    const requirement = checks.get(check)?.requirement
    checks.delete(check)
    return requirement as Requirement
  }) as TakeRequirement
  const isAccepted = take<(value: unknown) => boolean>('check') ?? (() => true)
  const values = generators[root.type]?.(root, take)
  if (values === undefined) throw new Error(`No generator for values of the schema ${root.type}`)
  const [unsupported] = checks.keys()
  if (unsupported !== undefined) throw new Error(`No generator for ${unsupported} of the schema ${root.type}`)
  return values.filter(isAccepted)
}

/** The most characters or items where the schema sets no limit. */
const longest = 20

const generators: Readonly<Record<string, (node: SchemaNode, take: TakeRequirement) => fc.Arbitrary<unknown>>> = {
  boolean: () => fc.boolean(),
  picklist: ({ options = [] }) => fc.constantFrom(...options),
  literal: ({ literal }) => fc.constant(literal),
  union: ({ options = [] }) => fc.oneof(...options.map((option) => valuesOfNode(option as SchemaNode))),
  number: (_, take) => {
    if (take('integer') === undefined) throw new Error('No generator for numbers that are not integers')
    return fc.integer({ min: take<number>('min_value') ?? -1000, max: take<number>('max_value') ?? 1000 })
  },
  string: (_, take) => {
    const pattern = take<RegExp>('regex')
    const { minLength, maxLength } = lengths(take)
    if (pattern === undefined) return fc.string({ minLength, maxLength })
    return fc.stringMatching(pattern).filter(({ length }) => length >= minLength && length <= maxLength)
  },
  array: ({ item }, take) => fc.array(valuesOfNode(item as SchemaNode), lengths(take)),
  strict_object: ({ entries = {} }) => {
    const members = Object.entries(entries)
    const requiredKeys = members.flatMap(([name, { type }]) => (type === 'optional' ? [] : [name]))
    const values = members.map(([name, entry]) => [name, valuesOfNode(entry.wrapped ?? entry)])
    return fc.record<Record<string, unknown>>(Object.fromEntries(values), { requiredKeys })
  },
}

function lengths(take: TakeRequirement) {
  const minLength = take<number>('min_length') ?? 0
  return { minLength, maxLength: take<number>('max_length') ?? minLength + longest }
}
