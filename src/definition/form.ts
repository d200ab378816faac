/** Checks the form of a definition file against its schemas, and explains what does not have it. */
import type * as v from 'valibot'
import { count, quote } from '../text/readable.ts'
import { findSimilarWords } from '../text/similar.ts'
import type { Path } from './definition.ts'
import { definitionSchema, notManaged, notManagedMembers } from './fields.ts'
import { type FileNode, isList, isMembers } from './file-tree.ts'
import type { Problem } from './rules.ts'

/** A schema or an action of a pipe, as valibot holds it. */
interface SchemaNode {
  readonly kind: 'schema' | 'validation' | 'metadata' | 'transformation'
  readonly type: string
  readonly pipe?: readonly SchemaNode[]
  readonly requirement?: unknown
  /** The rule of a check in words, if it has words of its own. */
  readonly message?: string
  readonly options?: readonly unknown[]
  readonly entries?: Readonly<Record<string, SchemaNode>>
  readonly value?: SchemaNode
  readonly item?: SchemaNode
  readonly wrapped?: SchemaNode
  readonly literal?: unknown
}

/** The schema itself, and the checks of its pipes. */
function unwrap(schema: unknown): { readonly root: SchemaNode; readonly checks: readonly SchemaNode[] } {
  const node = schema as SchemaNode
  if (node.wrapped !== undefined) return unwrap(node.wrapped)
  if (node.pipe === undefined) return { root: node, checks: [] }
  const [first, ...actions] = node.pipe
  const { root, checks } = unwrap(first)
  return { root, checks: [...checks, ...actions.filter(({ kind }) => kind === 'validation')] }
}

/** Finds members that do not belong where they are, and lists in the place of mappings, which valibot takes. */
export function* findMisplaced(node: FileNode, schema: unknown, path: Path): Generator<Problem> {
  const { root } = unwrap(schema)
  const { value } = node
  const members = root.entries
  if (isList(value)) {
    if (members !== undefined || root.type === 'record') {
      yield { path, message: `must be ${describeExpected(schema)}, but is ${describeFound(value)}.` }
    } else if (root.item !== undefined) {
      for (const [index, item] of value.entries()) yield* findMisplaced(item, root.item, [...path, index])
    }
  }
  if (!isMembers(value)) return
  for (const [name, { node: member }] of value) {
    const below = [...path, name]
    if (root.type === 'record') {
      // Names that every object of JavaScript has.
      if (name in {})
        yield { path: below, message: 'is a name that cannot be used here. Choose another one.', isOfName: true }
      else yield* findMisplaced(member, root.value, below)
    } else if (members !== undefined) {
      const found = Object.hasOwn(members, name) ? members[name] : undefined
      if (found === undefined)
        yield { path: below, message: explainUnknown(name, path, Object.keys(members)), isOfName: true }
      else yield* findMisplaced(member, found, below)
    }
  }
}

/** Hints for names of other tools and for parts of a CloudFormation template, which people write for a field. */
const otherWords: Readonly<Record<string, string>> = {
  '<<': 'YAML 1.2 has no merge keys. Write the fields out, or put them under "defaults:".',
  encryption: 'Did you mean SSESpecification?',
  gsi: 'Did you mean GlobalSecondaryIndexes?',
  gsis: 'Did you mean GlobalSecondaryIndexes?',
  hashkey: 'Give KeySchema and AttributeDefinitions.',
  indexes: 'Did you mean GlobalSecondaryIndexes?',
  lsi: 'Did you mean LocalSecondaryIndexes?',
  lsis: 'Did you mean LocalSecondaryIndexes?',
  partitionkey: 'Give KeySchema and AttributeDefinitions.',
  pitr: 'Did you mean PointInTimeRecoverySpecification?',
  properties: 'Write the properties directly under the name of the table.',
  resources:
    'This is a template of CloudFormation. Write the Properties of each AWS::DynamoDB::Table under "tables:", below its name.',
  rangekey: 'Give KeySchema and AttributeDefinitions.',
  sortkey: 'Give KeySchema and AttributeDefinitions.',
  ttl: 'Did you mean TimeToLiveSpecification?',
}

/** @param names those that may stand there */
function explainUnknown(name: string, place: Path, names: readonly string[]): string {
  const property = propertyAt(place)
  const unmanaged = property === '' ? notManaged : notManagedMembers[property ?? '']
  if (property !== undefined && unmanaged?.includes(name)) {
    return 'is not managed yet. Remove it: the action leaves this setting as it is.'
  }
  if (property === '' && name === 'TableName') return 'is the name of one table. Give it under "tables:".'
  const words = name.toLowerCase().replace(/[-_\s]/g, '')
  const known = property === '' || name === '<<' || words === 'resources' ? otherWords[words] : undefined
  // Other APIs have the same member with less words, such as `Enabled` for `SSEEnabled`.
  const [longer, ...others] = names.filter((each) => {
    const folded = each.toLowerCase()
    return words.length > 3 && (folded.startsWith(words) || folded.endsWith(words))
  })
  const similar = findSimilarWords(name, names) ?? (others.length === 0 ? longer : undefined)
  const hint = known ?? (similar === undefined ? `Here may stand ${names.join(', ')}.` : `Did you mean ${similar}?`)
  return `is not known here. ${hint}`
}

/** The names of a property and of its members, empty for a table or the defaults; undefined outside of those. */
function propertyAt(place: Path): string | undefined {
  const inEnvironment = place[0] === 'environments' ? place.slice(2) : place
  const inner = { defaults: 1, tables: 2 }[String(inEnvironment[0])]
  if (inner === undefined || inEnvironment.length < inner) return undefined
  return inEnvironment
    .slice(inner)
    .filter((step) => typeof step === 'string')
    .join('.')
}

export function describeIssue(issue: v.BaseIssue<unknown>): Problem {
  const path = (issue.path ?? []).map(({ key }) => key as string | number)
  if (issue.type === 'strict_object' && issue.received === 'undefined') {
    const schema = schemaAt(path)
    const wanted = schema === undefined ? '' : ` It must be ${describeExpected(schema)}.`
    return { path: path.slice(0, -1), message: `${String(path.at(-1))} is missing.${wanted}` }
  }
  const isOfName = issue.path?.at(-1)?.origin === 'key'
  const schema = isOfName ? undefined : schemaAt(path)
  const expected = isOwnMessage(issue) || schema === undefined ? issue.message : describeExpected(schema)
  // A file whose root is a text is another file of the job, such as one with secrets.
  const found = path.length === 0 && typeof issue.input === 'string' ? 'a text' : describeFound(issue.input)
  return { path, message: `must be ${expected}, but is ${found}.${explainValue(issue.input, schema)}` }
}

/** The messages of valibot itself begin with `Invalid`. */
function isOwnMessage({ type, message }: v.BaseIssue<unknown>): boolean {
  return (type === 'check' || type === 'regex') && !message.startsWith('Invalid')
}

/** The schema of the value at a path of names and indexes. */
function schemaAt(path: Path): SchemaNode | undefined {
  let node: SchemaNode | undefined = unwrap(definitionSchema).root
  for (const step of path) {
    const { root } = unwrap(node)
    node = typeof step === 'number' ? root.item : (root.entries?.[step] ?? root.value)
    if (node === undefined) return undefined
  }
  return node
}

/** Completes the sentence `must be ...`. */
function describeExpected(schema: unknown): string {
  const { root, checks } = unwrap(schema)
  const limit = (type: string) => checks.find((check) => check.type === type)?.requirement as number | undefined
  switch (root.type) {
    case 'literal':
      return String(root.literal)
    case 'picklist':
      return joinWords((root.options ?? []).map(String))
    case 'boolean':
      return 'true or false'
    case 'number':
      return `a whole number${describeRange(limit('min_value'), limit('max_value'))}`
    case 'string':
      return (
        checks.find(({ type }) => type === 'regex')?.message ??
        `a text${describeLength(limit('min_length'), limit('max_length'), 'characters')}`
      )
    case 'array':
      return `a list${describeLength(limit('min_length'), limit('max_length'), 'items')}`
    default:
      return 'a mapping of names to values'
  }
}

function describeRange(min: number | undefined, max: number | undefined): string {
  if (min !== undefined && max !== undefined) return ` from ${min} to ${max}`
  return min === undefined ? '' : ` of at least ${min}`
}

function describeLength(min: number | undefined, max: number | undefined, noun: string): string {
  if (max !== undefined) return min === undefined ? ` of at most ${max} ${noun}` : ` of ${min} to ${max} ${noun}`
  return min === undefined ? '' : ` that is not empty`
}

/** `S, N or B` */
function joinWords(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`
}

function describeFound(value: unknown): string {
  if (value === null || value === undefined) return 'empty'
  if (typeof value === 'string') return quote(value)
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : `a list of ${count(value.length, 'item')}`
  return typeof value === 'object' ? 'a mapping' : String(value)
}

/** Legal values by the words that people write for them. */
const otherValues: Readonly<Record<string, string>> = {
  binary: 'B',
  number: 'N',
  ondemand: 'PAY_PER_REQUEST',
  partition: 'HASH',
  sort: 'RANGE',
  standardia: 'STANDARD_INFREQUENT_ACCESS',
  string: 'S',
}

function explainValue(value: unknown, schema: SchemaNode | undefined): string {
  if (schema === undefined) return ''
  const { type, options = [] } = unwrap(schema).root
  if (type === 'string' && (typeof value === 'number' || typeof value === 'boolean')) return ' Put it in quotes.'
  if (type !== 'picklist' || typeof value !== 'string') return ''
  const names = options.map(String)
  const word = otherValues[value.toLowerCase().replace(/[-_\s]/g, '')] ?? ''
  const similar = names.includes(word) ? word : findSimilarWords(value, names)
  return similar === undefined ? '' : ` Did you mean ${similar}?`
}
