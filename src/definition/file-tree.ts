/** The text of a definition file as a tree of values with their places. Loads `yaml`, so it is imported late. */
import type { Document, ParsedNode, YAMLMap } from 'yaml'
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseAllDocuments, visit } from 'yaml'
import type { Path } from './definition.ts'

/** Both count from 1. */
interface Position {
  readonly line: number
  readonly column: number
}

/** A value of YAML or JSON. */
export interface FileNode extends Position {
  readonly value: null | boolean | number | string | readonly FileNode[] | FileMembers
}

type FileMembers = ReadonlyMap<string, FileMember>

/** A member of a mapping: the place of its name, and its value. */
interface FileMember extends Position {
  readonly node: FileNode
}

interface FileProblem extends Position {
  /** Empty for a problem with the text, which has no path. */
  readonly path: Path
  readonly message: string
}

interface FileTree {
  /** Undefined if the text cannot be read as YAML at all. */
  readonly root: FileNode | undefined
  readonly problems: readonly FileProblem[]
}

/** A definition needs seven levels. */
const mostLevels = 30

const tooDeep = `has more than ${mostLevels} levels.`

/** The most values after aliases were replaced, so that a few lines of YAML cannot fill the memory. */
const mostNodes = 50_000

/** Reads YAML 1.2, of which JSON is a part. Never throws. */
export function parseFile(text: string): FileTree {
  try {
    return parseDocuments(text)
  } catch (error) {
    const message = error instanceof RangeError ? tooDeep : 'is no YAML that can be read.'
    return { root: undefined, problems: [{ line: 1, column: 1, path: [], message }] }
  }
}

function parseDocuments(text: string): FileTree {
  const lines = new LineCounter()
  const at = (offset: number): Position => {
    const { line, col } = lines.linePos(offset)
    // A place after the last line break of the file counts as the first character of that line.
    return { line: Math.max(1, line), column: Math.max(1, col) }
  }
  const documents = [
    ...parseAllDocuments(text, {
      version: '1.2',
      schema: 'core',
      merge: false,
      // Repeated keys are found below, in less than quadratic time.
      uniqueKeys: false,
      // Without this, !!binary and !!set would give values that no definition has.
      resolveKnownTags: false,
      prettyErrors: false,
      lineCounter: lines,
      logLevel: 'silent',
    }),
  ]
  const { problems, tags } = checkDocuments(documents, text)
  const [document] = documents
  if (document === undefined || problems.length > 0) {
    const all = [...problems, ...tags]
    return { root: undefined, problems: all.map(({ offset, message }) => ({ ...at(offset), path: [], message })) }
  }
  const reader = new TreeReader(document, tags, at)
  const root = reader.read(document.contents, 0, [])
  reader.reportTagsBefore(text.length, [])
  return { root, problems: reader.problems }
}

/** A problem at a character of the text. */
interface TextProblem {
  readonly offset: number
  readonly message: string
}

/**
 * Finds the problems that keep a text from being read.
 *
 * @returns the problem of each tag apart, because it names the path of the value that follows
 */
function checkDocuments(documents: readonly Document.Parsed[], text: string) {
  const complaints = documents.flatMap(({ errors, warnings }) => [...errors, ...warnings])
  // The parser calls itself for each level, and reports every level above the last one that it can read.
  const deepest = complaints.find(({ message }) => /call stack/i.test(message))
  if (deepest !== undefined) return { problems: [{ offset: deepest.pos[0], message: tooDeep }], tags: [] }
  const problems: TextProblem[] = []
  const tags: TextProblem[] = []
  for (const { code, message, pos } of complaints) {
    const [offset] = pos
    if (code === 'TAG_RESOLVE_FAILED') tags.push({ offset, message: explainTag(text.slice(...pos)) })
    else problems.push({ offset, message: `is no YAML that can be read. ${withoutContent(message)}` })
  }
  const [first, second] = documents
  const { explicit, version } = first?.directives.yaml ?? {}
  if (explicit && version !== '1.2') {
    const message = `has the directive %YAML ${version}, but only YAML 1.2 is read. Remove the directive.`
    problems.push({ offset: 0, message })
  }
  if (second !== undefined) {
    const message = 'has a second document, but a definition is one document. Remove the line with ---.'
    problems.push({ offset: second.range[0], message })
  }
  if (first === undefined || first.contents === null) {
    const message = 'is empty. Give the tables under "tables:"; examples/tables.yml has the built-in two.'
    return { problems: [...problems, { offset: 0, message }], tags: [] }
  }
  return { problems, tags: tags.sort((left, right) => left.offset - right.offset) }
}

/** Reads the values of a document in their order. */
class TreeReader {
  readonly problems: FileProblem[] = []
  /** The tags that have no path yet, the last one first. A tag stands before its value, so each is looked at once. */
  readonly #tags: TextProblem[]
  readonly #at: (offset: number) => Position
  readonly #targets: ReadonlyMap<unknown, ParsedNode>
  /** The nodes that contain the present one, for an alias to one of them. */
  readonly #open = new Set<unknown>()
  #count = 0

  constructor(document: Document.Parsed, tags: readonly TextProblem[], at: (offset: number) => Position) {
    this.#tags = tags.toReversed()
    this.#at = at
    this.#targets = findTargets(document)
  }

  /** @param offset of the name or the list that the node belongs to: some nodes have no place of their own */
  read(node: ParsedNode | null, offset: number, path: Path): FileNode {
    const start = node?.range[0] ?? offset
    const position = this.#at(start)
    const unreadable = { ...position, value: null }
    this.reportTagsBefore(start, path)
    this.#count += 1
    if (this.#count > mostNodes) {
      // Once: every further value is one too many.
      if (this.#count === mostNodes + 1) {
        this.#report(offset, `has more than ${mostNodes} values, counting each use of an alias.`, path)
      }
      return unreadable
    }
    if (path.length > mostLevels || this.#open.has(node)) {
      this.#report(offset, this.#open.has(node) ? 'contains itself by an alias.' : tooDeep, path)
      return unreadable
    }
    if (isAlias(node)) {
      const target = this.#targets.get(node)
      if (target !== undefined) return this.read(target, start, path)
      this.#report(start, `uses the alias *${node.source}, but nothing before it has the anchor &${node.source}.`, path)
      return unreadable
    }
    this.#open.add(node)
    const value = this.#readValue(node, path)
    this.#open.delete(node)
    return { ...position, value }
  }

  reportTagsBefore(offset: number, path: Path): void {
    for (let next = this.#tags.at(-1); next !== undefined && next.offset < offset; next = this.#tags.at(-1)) {
      this.#tags.pop()
      this.#report(next.offset, next.message, path)
    }
  }

  #report(offset: number, message: string, path: Path): void {
    this.problems.push({ ...this.#at(offset), path, message })
  }

  #readValue(node: ParsedNode | null, path: Path): FileNode['value'] {
    if (isMap(node)) return this.#readMembers(node, path)
    if (isSeq(node)) return node.items.map((item, index) => this.read(item, node.range[0], [...path, index]))
    const value: unknown = isScalar(node) ? node.value : null
    return typeof value === 'bigint' ? String(value) : (value as FileNode['value'])
  }

  #readMembers(map: YAMLMap.Parsed, path: Path): FileMembers {
    const members = new Map<string, FileMember>()
    for (const { key, value } of map.items) {
      const offset = key.range?.[0] ?? map.range[0]
      if (!isScalar(key) || typeof key.value === 'object') {
        this.#report(offset, 'has a key that is no text.', path)
        continue
      }
      // The text as it stands: as a number, the environment 1.10 would be 1.1.
      const name = key.source ?? String(key.value)
      const below = [...path, name]
      if (members.has(name)) this.#report(offset, 'is given twice. Remove one of the two.', below)
      members.set(name, { ...this.#at(offset), node: this.read(value, offset, below) })
    }
    return members
  }
}

/** The node of each alias. Bound once: to resolve each alias by itself, the parser would search the whole document. */
function findTargets(document: Document.Parsed): ReadonlyMap<unknown, ParsedNode> {
  const anchors = new Map<string, ParsedNode>()
  const targets = new Map<unknown, ParsedNode>()
  visit(document, {
    Node: (_, node) => {
      const target = isAlias(node) ? anchors.get(node.source) : undefined
      if (target !== undefined) targets.set(node, target)
      if (!isAlias(node) && node.anchor !== undefined) anchors.set(node.anchor, node as ParsedNode)
    },
  })
  return targets
}

/** The parser may quote the file after a colon. The file may be any file of the job, such as one with secrets. */
function withoutContent(message: string): string {
  const [rule = ''] = message.split(/:? *["'`]|: /)
  return `${rule.replace(/\.$/, '')}.`
}

function explainTag(tag: string): string {
  return `has the tag ${tag}, which is not read. Functions of CloudFormation, such as !Ref, are not evaluated: write the value itself.`
}

export function isMembers(value: FileNode['value']): value is FileMembers {
  return value instanceof Map
}

export function isList(value: FileNode['value']): value is readonly FileNode[] {
  return Array.isArray(value)
}

/** The value without places. */
export function plainValue({ value }: FileNode): unknown {
  if (isMembers(value)) {
    return Object.fromEntries([...value].map(([name, { node }]) => [name, plainValue(node)]))
  }
  return isList(value) ? value.map(plainValue) : value
}

/**
 * The place of a scalar, of an item of a list, or of the name of a member that is a list or a mapping; of the nearest one
 * above if it is missing.
 *
 * @param isOfName true for the name of a member, also if its value is a scalar
 */
export function locate(root: FileNode, path: Path, isOfName = false): Position {
  let node = root
  let position: Position = root
  for (const [index, step] of path.entries()) {
    const { value } = node
    const member = isMembers(value) ? value.get(String(step)) : undefined
    const item = isList(value) ? value[Number(step)] : undefined
    if (member === undefined && item === undefined) break
    node = member?.node ?? item ?? node
    const isName = typeof node.value === 'object' || (isOfName && index === path.length - 1)
    position = isName ? (member ?? node) : node
  }
  return { line: position.line, column: position.column }
}
