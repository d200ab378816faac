/** Reads a definition file: into a definition, or into every problem with its line and column. Loaded late. */
import * as v from 'valibot'
import { isSameEnvironment } from '../table/target.ts'
import { count, quote, visible } from '../text/readable.ts'
import { findSimilarWords } from '../text/similar.ts'
import { type Definition, defaultTenantKey, type Fields, type FieldsOfTables, type Path } from './definition.ts'
import { definitionSchema, notManaged, notManagedMembers } from './fields.ts'
import { type FileNode, isList, isMembers, locate, parseFile, plainValue } from './file-tree.ts'
import { findBrokenRules, type Problem, startsWith } from './rules.ts'

export type ReadDefinition =
  | { readonly definition: Definition }
  /** Each begins with file, line and column. */
  | { readonly problems: readonly string[] }

/** A file of thousands of problems is no definition. */
const mostProblems = 50

/** The default quota of an account. */
const mostTables = 2500

/** Each table is checked in each environment. */
const mostCombinations = 10_000

/**
 * Reads the text of a definition file.
 *
 * @param file the path, as problems name it
 */
export function readDefinition(text: string, file: string): ReadDefinition {
  const { root, problems } = parseFile(text)
  const { found, definition } = root === undefined ? { found: [], definition: undefined } : checkFile(root)
  // A value that could not be read has no form either.
  const isRead = ({ path }: Problem) =>
    !problems.some((problem) => problem.path.length > 0 && startsWith(path, problem.path))
  const placed = found.filter(isRead).map((problem) => ({
    ...problem,
    ...(root === undefined ? start : locate(root, problem.path, problem.isOfName)),
  }))
  const all = [...problems, ...placed].sort((left, right) => left.line - right.line || left.column - right.column)
  if (all.length === 0 && definition !== undefined) return { definition }
  const lines = all.map(
    ({ line, column, path, message }) =>
      `${file}:${line}:${column}: ${path.length === 0 ? '' : `${formatPath(path)}: `}${message}`,
  )
  const more = lines.length - mostProblems
  const shown = lines.slice(0, mostProblems)
  const { line, column } = all[mostProblems] ?? start
  return { problems: more > 0 ? [...shown, `${file}:${line}:${column}: and ${count(more, 'more problem')}.`] : shown }
}

const start = { line: 1, column: 1 }

/** `tables.users.GlobalSecondaryIndexes[0].IndexName` */
export function formatPath(path: Path): string {
  const steps = path.map((step) => {
    if (typeof step === 'number') return `[${step}]`
    return /^[\w$-]{1,255}$/.test(step) ? `.${step}` : `[${quote(visible(step))}]`
  })
  return steps.join('').replace(/^\./, '')
}

interface CheckedFile {
  readonly found: readonly Problem[]
  readonly definition: Definition | undefined
}

function checkFile(root: FileNode): CheckedFile {
  const value = plainValue(root)
  const tooLarge = findTooLarge(asObject(value))
  // Further checks of such a file would take minutes, which neither the deadline nor a signal could end.
  if (tooLarge.length > 0) return { found: tooLarge, definition: undefined }
  const misplaced = takeSome(findMisplaced(root, definitionSchema, []))
  const result = v.safeParse(definitionSchema, value, { abortPipeEarly: true })
  const issues = takeSome(result.issues ?? [])
    // Members that do not belong there are found above: valibot reports the first one only.
    .filter(({ type, expected }) => !(type === 'strict_object' && expected === 'never'))
    .map(describeIssue)
    .filter(({ path }) => !misplaced.some((problem) => startsWith(path, problem.path)))
  const ofForm = [...misplaced, ...issues]
  // Defaults of the schemas are filled in only if every value has its form.
  const definition = toDefinition(asObject(result.success ? result.output : value))
  const wrong = ofForm.map(({ path }) => path)
  const isEmpty = definition.tables.size === 0 && wrong.every((place) => place[0] !== 'tables' && place.length > 0)
  const empty = isEmpty ? [{ path: ['tables'], message: 'is empty. Give at least one table.' }] : []
  const broken = [...takeSome(findEnvironmentProblems(definition)), ...findBrokenRules(definition, wrong)]
  return { found: [...ofForm, ...empty, ...broken], definition }
}

/** More than are shown: the comparison of problems with each other takes quadratic time. */
function takeSome<Found>(all: Iterable<Found>): readonly Found[] {
  const some: Found[] = []
  for (const each of all) {
    if (some.length > 2 * mostProblems) break
    some.push(each)
  }
  return some
}

function findTooLarge({ tables, environments }: Fields): readonly Problem[] {
  const [tableCount, environmentCount] = [tables, environments].map((each) => Object.keys(asObject(each)).length) as [
    number,
    number,
  ]
  if (tableCount > mostTables) {
    return [{ path: ['tables'], message: `has ${tableCount} tables, but a file may have ${mostTables}. Split it.` }]
  }
  if (tableCount * environmentCount <= mostCombinations) return []
  return [
    {
      path: ['environments'],
      message: `has ${environmentCount} environments for ${tableCount} tables, which are more than ${mostCombinations} combinations. Split the file.`,
    },
  ]
}

/** Ignores what does not have its form: it is reported as a problem, and the definition is not used. */
function toDefinition({ tenantKey, environments, ...fields }: Fields): Definition {
  return {
    ...toFieldsOfTables(fields),
    tenantKey: typeof tenantKey === 'string' ? tenantKey : defaultTenantKey,
    environments: new Map(
      Object.entries(asObject(environments)).map(([name, each]) => [name, toFieldsOfTables(asObject(each))]),
    ),
  }
}

function toFieldsOfTables({ defaults, tables }: Fields): FieldsOfTables {
  return {
    defaults: asObject(defaults),
    tables: new Map(Object.entries(asObject(tables)).map(([name, fields]) => [name, asObject(fields)])),
  }
}

function asObject(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {}
}

/** Environments are compared without case, and only differ from the tables that the file has. */
function* findEnvironmentProblems({ environments, tables }: Definition): Generator<Problem> {
  const names = [...environments.keys()]
  for (const [index, name] of names.entries()) {
    const other = names.slice(0, index).find((each) => isSameEnvironment(each, name))
    if (other !== undefined) {
      yield {
        path: ['environments', name],
        message: `is the environment ${quote(other)} again: environments are compared without case. Give one of the two.`,
        isOfName: true,
      }
    }
    for (const table of environments.get(name)?.tables.keys() ?? []) {
      if (tables.has(table)) continue
      const message = `is no table of this file. ${suggest(table, [...tables.keys()])}Declare the table under "tables:", and here what differs.`
      yield { path: ['environments', name, 'tables', table], message, isOfName: true }
    }
  }
}

function suggest(written: string, names: readonly string[]): string {
  const similar = findSimilarWords(written, names)
  return similar === undefined || similar === written ? '' : `Did you mean ${similar}? `
}

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
function* findMisplaced(node: FileNode, schema: unknown, path: Path): Generator<Problem> {
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

/** What people write for a field: names of other tools, and parts of a CloudFormation template. */
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
  const known = property === '' || name === '<<' ? otherWords[words] : undefined
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

function describeIssue(issue: v.BaseIssue<unknown>): Problem {
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

/** What people write for a value of a field with few values. */
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
  const { type, options = [] } = unwrap(schema ?? { kind: 'schema', type: '' }).root
  if (type === 'string' && (typeof value === 'number' || typeof value === 'boolean')) return ' Put it in quotes.'
  if (type !== 'picklist' || typeof value !== 'string') return ''
  const names = options.map(String)
  const word = otherValues[value.toLowerCase().replace(/[-_\s]/g, '')] ?? ''
  const similar = names.includes(word) ? word : findSimilarWords(value, names)
  return similar === undefined ? '' : ` Did you mean ${similar}?`
}
