/** Markdown in which foreign text starts nothing. Pure. */
import { shorten, visible } from '../text/readable.ts'

/** Takes secrets out of what others said. */
export type Redact = (text: string) => string

/** Foreign text as Markdown. Of every text its secrets are taken out first: once it is cut or escaped, none is found. */
export interface Markdown {
  /** Code that shows every character and starts nothing: no markup, mention, link or table cell. Cut where it is long. */
  readonly code: (value: string) => string
  /**
   * Lines to copy, in a code block: GitHub shows and copies each to the letter. A line that is longer than any ARN, claim
   * or statement is cut.
   */
  readonly block: (lines: readonly string[], language?: 'text' | 'json') => string
  /** In a sentence. */
  readonly text: (value: string) => string
  /** The same, cut where it is long. */
  readonly shortText: (value: string) => string
}

export function markdownOf(redact: Redact): Markdown {
  return {
    code: (value) => inCode(shorten(visible(redact(value))).replace(/^ | $| (?= )/g, '\\u{20}')),
    block: (lines, language = 'text') =>
      fenced(
        lines.map((line) => shorten(visible(redact(line)), longestLine)),
        language,
      ),
    text: (value) => inSentence(visible(redact(value))),
    shortText: (value) => inSentence(shorten(visible(redact(value)))),
  }
}

/** In characters. */
const longestLine = 8192

/** Ends with the first line of as many backticks as it begins with: more than stand together anywhere in it. */
function fenced(lines: readonly string[], language: string): string {
  const text = lines.join('\n')
  const longest = [...text.matchAll(/`+/g)].reduce((most, [run]) => Math.max(most, run.length), 2)
  const fence = '`'.repeat(longest + 1)
  return `${fence}${language}\n${text}\n${fence}`
}

/** Where a line may break, GitHub makes no link of an e-mail address; the place is not copied with the rest. */
function inCode(value: string): string {
  return `<code>${entities(value).replaceAll('&#64;', '<wbr>&#64;')}</code>`
}

/** A zero-width space keeps `@`, `#` and `GH-` from notifying people and linking issues. */
function inSentence(value: string): string {
  return entities(value)
    .replace(/&#(64|35);|(?<![\p{L}\p{N}])(?:gh(?=-\d)|ghsa(?=-))/giu, '$&&#8203;')
    .replace(/^[\s+=-]|(?<=^\d{1,9})[.)]/, (character) => `&#${character.codePointAt(0)};`)
}

/**
 * What Markdown, HTML or GitHub may give a meaning to in the middle of a line becomes an entity, which never has one.
 * So do the characters that would make a link of an address. In a word `_` has none, and GitHub takes a secret that it
 * alone knows out of a summary only where it stands as it is.
 */
function entities(value: string): string {
  return value.replace(
    /[^\p{L}\p{N}\p{M} ,;.:'"()/=?%+_-]|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])|:(?=\/\/)|(?<=www)\.|(?<=mailto|xmpp):/giu,
    (character) => {
      return `&#${character.codePointAt(0)};`
    },
  )
}

/** Cells are Markdown already. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

/** What is not needed at first sight. The title is Markdown already, the lines too. */
export function folded(title: string, lines: readonly string[]): string {
  return `<details><summary>${title}</summary>\n\n${lines.join('\n')}\n\n</details>`
}
