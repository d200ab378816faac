/** Tags as a workflow writes them: one `key=value` a line. */
import { ownTags } from '../definition/built-in.ts'
import { type TagMap } from '../table/properties/tags.ts'
import { type Environment } from '../table/target.ts'
import { mostTags } from '../table/properties/tags.ts'
import { quote } from '../text/readable.ts'
import { type InputReader, literalForm } from './input-reader.ts'

/** What AWS allows in a tag's value, and in its key; but no letter that does not show: it would make two names look alike. */
const tagCharacters = /^(?:(?!\p{DI})[\p{L}\p{Z}\p{N}_.:/=+\-@])*$/u

/** AWS counts characters, not the units that JavaScript counts. */
export function isTagText(text: string, most: number): boolean {
  return [...text].length <= most && tagCharacters.test(text)
}

export function readTags(read: InputReader, environment: Environment): TagMap {
  const tags = readTagLines(read, 'tags')
  const own = ownTags(environment).size
  if (tags.size + own > mostTags) {
    read.problem(
      'tags',
      `tags has ${tags.size} tags, but a table carries ${mostTags} at most, and ${own} are the action's own. Give ${mostTags - own} or fewer.`,
    )
  }
  return tags
}

function isSameToSts(left: string, right: string): boolean {
  return left.toLowerCase() === right.toLowerCase()
}

/** STS takes no more, as many as a table does. */
export function readSessionTags(read: InputReader): TagMap {
  const tags = readTagLines(read, 'role-session-tags')
  if (tags.size > mostTags) {
    read.problem('role-session-tags', `role-session-tags has ${tags.size} tags, but STS takes ${mostTags} at most.`)
  }
  return tags
}

/**
 * Whether a line is several lines that YAML joined: its value contains a space and then `key=`. Spaces around `=` are no
 * part of a tag: `a = b=c` is one tag, but `a= b=c` is `a` without a value, and then `b`.
 */
function isJoined(line: string): boolean {
  const separator = line.indexOf('=')
  const value = line.slice(separator + 1)
  return /\s[^\s=]+\s*=(?!=)/.test(/\s/.test(line[separator - 1] ?? '') ? value.trimStart() : value)
}

/** One `key=value` a line. */
function readTagLines(read: InputReader, name: 'tags' | 'role-session-tags'): TagMap {
  const tags = new Map<string, string>()
  for (const line of read.lines(name)) {
    const separator = line.indexOf('=')
    const key = line.slice(0, separator).trim()
    const value = line.slice(separator + 1).trim()
    if (separator < 1 || key === '') {
      read.problem(name, `${name} must have key=value on each line, but has ${quote(line)}.`)
    } else if (isJoined(line)) {
      read.problem(
        name,
        `${name} has several key=value on one line: ${quote(line)}. ${literalForm(name)} A value that itself contains a space and then a word with = is refused.`,
      )
    } else if (/^(aws|tenant-tables):/i.test(key)) {
      read.problem(
        name,
        `${name} has the key ${quote(key)}, but keys that begin with aws: or tenant-tables: are reserved.`,
      )
    } else if (tags.has(key)) {
      read.problem(name, `${name} has the key ${quote(key)} twice. Give each key once.`)
    } else if (name === 'role-session-tags' && [...tags.keys()].some((each) => isSameToSts(each, key))) {
      read.problem(
        name,
        `${name} has the key ${quote(key)} in upper and lower case, which is one key to STS. Give each key once.`,
      )
    } else if (!isTagText(key, 128)) {
      read.problem(
        name,
        `${name} has the key ${quote(key)}, but a key may have 128 letters, digits, spaces and _ . : / = + - @ at most.`,
      )
    } else if (!isTagText(value, 256)) {
      read.problem(
        name,
        `${name} gives ${quote(key)} the value ${quote(value)}, but a value may have 256 letters, digits, spaces and _ . : / = + - @ at most.`,
      )
    } else {
      tags.set(key, value)
    }
  }
  return tags
}
