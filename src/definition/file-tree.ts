/** The text of a definition file as a tree of values with their places. Loads `yaml`, so it is imported late. */
import { isAlias, isMap, isScalar, isSeq, LineCounter, type ParsedNode, parseAllDocuments, visit } from 'yaml'
import type { Path } from './definition.ts'

/** Both count from 1. */
export interface Position {
  readonly line: number
  readonly column: number
}

/** A value of YAML or JSON. */
export interface FileNode extends Position {
  readonly value: null | boolean | number | string | readonly FileNode[] | FileMembers
}

export type FileMembers = ReadonlyMap<string, FileMember>

/** A member of a mapping: the place of its name, and its value. */
export interface FileMember extends Position {
  readonly node: FileNode
}

export interface FileProblem extends Position {
  /** Empty for a problem with the text, which has no path. */
  readonly path: Path
  readonly message: string
}

export interface FileTree {
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
  const lines = new LineCounter()
  try {
    return parseDocuments(text, lines)
  } catch (error) {
    const message = error instanceof RangeError ? tooDeep : 'is no YAML that can be read.'
    return { root: undefined, problems: [{ line: 1, column: 1, path: [], message }] }
  }
}

function parseDocuments(text: string, lines: LineCounter): FileTree {
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
  const at = (offset: number): Position => {
    const { line, col } = lines.linePos(offset)
    // A place after the last line break of the file counts as the first character of that line.
    return { line: Math.max(1, line), column: Math.max(1, col) }
  }
  const problems: FileProblem[] = []
  const tags: { readonly offset: number; readonly tag: string }[] = []
  const report = (offset: number, message: string, path: Path = []) => problems.push({ ...at(offset), path, message })
  const [first, second] = documents
  for (const { errors, warnings } of documents) {
    for (const { code, message, pos } of [...errors, ...warnings]) {
      // The parser calls itself for each level, and reports every level above the last one that it can read.
      if (/call stack/i.test(message))
        return { root: undefined, problems: [{ ...at(pos[0]), path: [], message: tooDeep }] }
      if (code === 'TAG_RESOLVE_FAILED') tags.push({ offset: pos[0], tag: text.slice(...pos) })
      else report(pos[0], `is no YAML that can be read. ${withoutContent(message)}`)
    }
  }
  if (first?.directives?.yaml.explicit && first.directives.yaml.version !== '1.2') {
    report(
      0,
      `has the directive %YAML ${first.directives.yaml.version}, but only YAML 1.2 is read. Remove the directive.`,
    )
  }
  if (second !== undefined) {
    report(second.range[0], 'has a second document, but a definition is one document. Remove the line with ---.')
  }
  if (first === undefined || first.contents === null) {
    report(0, 'is empty. Give the tables under "tables:"; examples/tables.yml has the built-in two.')
    return { root: undefined, problems }
  }
  // A tag stands before its value, and values are converted in their order: each tag is looked at once.
  tags.sort((left, right) => right.offset - left.offset)
  const reportTagsBefore = (offset: number, path: Path) => {
    for (let last = tags.at(-1); last !== undefined && last.offset < offset; last = tags.at(-1)) {
      tags.pop()
      report(last.offset, explainTag(last.tag), path)
    }
  }
  if (problems.length > 0) {
    reportTagsBefore(text.length, [])
    return { root: undefined, problems }
  }

  // Bound once: to resolve each alias by itself, the parser would search the whole document each time.
  const anchors = new Map<string, ParsedNode>()
  const targets = new Map<unknown, ParsedNode | undefined>()
  visit(first, {
    Node: (_, node) => {
      if (isAlias(node)) targets.set(node, anchors.get(node.source))
      else if (node.anchor !== undefined) anchors.set(node.anchor, node as ParsedNode)
    },
  })
  let nodes = 0
  /** The nodes that contain the node, for an alias to one of them. */
  const open = new Set<unknown>()
  const convert = (node: ParsedNode | null, offset: number, path: Path): FileNode => {
    const position = at(node?.range[0] ?? offset)
    reportTagsBefore(node?.range[0] ?? offset, path)
    nodes += 1
    if (nodes > mostNodes) {
      if (nodes === mostNodes + 1)
        report(offset, `has more than ${mostNodes} values, counting each use of an alias.`, path)
      return { ...position, value: null }
    }
    if (path.length > mostLevels || open.has(node)) {
      report(offset, open.has(node) ? 'contains itself by an alias.' : tooDeep, path)
      return { ...position, value: null }
    }
    if (isAlias(node)) {
      const target = targets.get(node)
      if (target !== undefined) return convert(target, node.range[0], path)
      report(
        node.range[0],
        `uses the alias *${node.source}, but nothing before it has the anchor &${node.source}.`,
        path,
      )
      return { ...position, value: null }
    }
    open.add(node)
    const value = convertValue(node, path)
    open.delete(node)
    return { ...position, value }
  }
  const convertValue = (node: ParsedNode | null, path: Path): FileNode['value'] => {
    if (isMap(node)) {
      const members = new Map<string, FileMember>()
      for (const { key, value } of node.items) {
        const keyNode = key as ParsedNode
        const offset = keyNode.range?.[0] ?? node.range[0]
        if (!isScalar(keyNode) || typeof keyNode.value === 'object') {
          report(offset, 'has a key that is no text.', path)
          continue
        }
        // The text as it stands: as a number, the environment 1.10 would be 1.1.
        const name = keyNode.source ?? String(keyNode.value)
        if (members.has(name)) report(offset, 'is given twice. Remove one of the two.', [...path, name])
        members.set(name, { ...at(offset), node: convert(value as ParsedNode | null, offset, [...path, name]) })
      }
      return members
    }
    if (isSeq(node)) {
      return node.items.map((item, index) => convert(item as ParsedNode, node.range[0], [...path, index]))
    }
    const value: unknown = isScalar(node) ? node.value : null
    return typeof value === 'bigint' ? String(value) : (value as FileNode['value'])
  }
  const root = convert(first.contents, 0, [])
  reportTagsBefore(text.length, [])
  return { root, problems }
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
