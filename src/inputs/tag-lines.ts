/** The parser for tags, one `key=value` a line. */
import { isReservedKey, isTagText, type TagMap, tagCharacters } from '../table/properties/tags.ts'
import { quote } from '../text/readable.ts'
import { explainLiteralForm, type InputDeclaration, splitLines } from './parsers.ts'

interface TagLimit {
  readonly most: number
  /** Follows `has 49 tags, but`. */
  readonly reason: string
  /** Keys that differ only in case are one key. */
  readonly foldsCase?: true
}

export function tagLines(limit: TagLimit): InputDeclaration<TagMap> {
  return {
    default: '',
    hasLines: true,
    parse: (text, { name, report }) => {
      const tags = new Map<string, string>()
      for (const line of splitLines(text)) {
        const { key, value } = splitTag(line)
        const problem = findTagProblem(line, name) ?? findRepetition(key, tags, limit.foldsCase)
        if (problem === undefined) tags.set(key, value)
        else report(problem)
      }
      if (tags.size > limit.most) report(`has ${tags.size} tags, but ${limit.reason}.`)
      return tags
    },
  }
}

function splitTag(line: string): { readonly key: string; readonly value: string } {
  const separator = line.indexOf('=')
  return { key: line.slice(0, Math.max(0, separator)).trim(), value: line.slice(separator + 1).trim() }
}

function findTagProblem(line: string, name: string): string | undefined {
  const { key, value } = splitTag(line)
  if (key === '') return `must have key=value on each line, but has ${quote(line)}.`
  if (isJoined(line)) {
    return `has several key=value on one line: ${quote(line)}. ${explainLiteralForm(name)} A value that has a space and then a word with = is refused.`
  }
  if (isReservedKey(key)) {
    return `has the key ${quote(key)}, but keys that begin with aws: or tenant-tables: are reserved.`
  }
  if (!isTagText(key, 128)) return `has the key ${quote(key)}, but a key may have at most 128 ${tagCharacters}.`
  if (isTagText(value, 256)) return undefined
  return `has the key ${quote(key)} with the value ${quote(value)}, but a value may have at most 256 ${tagCharacters}.`
}

/**
 * Checks for several lines that YAML joined: a value with a space and then `key=`. Spaces around `=` are not part of a
 * tag: `a = b=c` is one tag, but `a= b=c` is `a` without a value, then `b`.
 */
function isJoined(line: string): boolean {
  const separator = line.indexOf('=')
  const value = line.slice(separator + 1)
  return /\s[^\s=]+\s*=(?!=)/.test(/\s/.test(line[separator - 1] ?? '') ? value.trimStart() : value)
}

function findRepetition(key: string, tags: TagMap, foldsCase = false): string | undefined {
  if (tags.has(key)) return `has the key ${quote(key)} twice. Give each key once.`
  const isSame = (each: string) => each.toLowerCase() === key.toLowerCase()
  if (!foldsCase || ![...tags.keys()].some(isSame)) return undefined
  return `has the key ${quote(key)} in upper and lower case, which is one key to STS. Give each key once.`
}
