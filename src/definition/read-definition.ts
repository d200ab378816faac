/** Reads a definition file: into a definition, or into every problem with its line and column. Loaded late. */
import * as v from 'valibot'
import { isSameEnvironment } from '../table/target.ts'
import { count, quote, visible } from '../text/readable.ts'
import { findSimilarWords } from '../text/similar.ts'
import { type Definition, defaultTenantKey, type Fields, type FieldsOfTables, type Path } from './definition.ts'
import { definitionSchema } from './fields.ts'
import { type FileNode, locate, parseFile, plainValue } from './file-tree.ts'
import { describeIssue, findMisplaced } from './form.ts'
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
  const isRead = ({ path, isOfName }: Problem) =>
    isOfName === true || !problems.some((problem) => problem.path.length > 0 && startsWith(path, problem.path))
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
  if (more <= 0) return { problems: shown }
  // Checks end after some more: a greater number is not known.
  const number = more > mostProblems ? 'many more problems' : count(more, 'more problem')
  return { problems: [...shown, `${file}:${line}:${column}: and ${number}.`] }
}

const start = { line: 1, column: 1 }

/** `tables.users.GlobalSecondaryIndexes[0].IndexName` */
function formatPath(path: Path): string {
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
  const sizeOf = (mapping: unknown) => Object.keys(asObject(mapping)).length
  const [tableCount, environmentCount] = [sizeOf(tables), sizeOf(environments)]
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
