/** GitHub's Markdown, with untrusted text that starts no markup, link, mention or table cell. */
import { shorten, visible } from '../text/readable.ts'

/** Removes secrets from a text. */
export type Redact = (text: string) => string

/** Untrusted text as Markdown. Secrets are removed first: in text that was cut or escaped, they are not found. */
export interface Markdown {
  /** Inline code that shows every character. Long values are cut. */
  readonly code: (value: string) => string
  /** A code block, which GitHub shows and copies exactly. Lines longer than any ARN, claim or statement are cut. */
  readonly block: (lines: readonly string[], language?: 'text' | 'json' | 'yaml') => string
  /** Text for a sentence. */
  readonly text: (value: string) => string
  /** The same, cut if it is long. */
  readonly shortText: (value: string) => string
  /** A link; its label alone if there is no address, or one that Markdown cannot hold as it is. @param label as Markdown */
  readonly link: (label: string, url: string | undefined) => string
}

/** An address without a character that ends a link. */
const linkable = /^https?:\/\/[\w.:/?=#-]+$/

/** In characters. */
const longestLine = 8192

export function markdownOf(redact: Redact): Markdown {
  const clean = (value: string) => visible(redact(value))
  return {
    code: (value) => inlineCode(shorten(clean(value))),
    block: (lines, language = 'text') =>
      codeBlock(lines.map((line) => shorten(clean(line), longestLine)).join('\n'), language),
    text: (value) => sentence(clean(value)),
    shortText: (value) => sentence(shorten(clean(value))),
    link: (label, url = '') => (linkable.test(url) && redact(url) === url ? `[${label}](${url})` : label),
  }
}

/** GitHub makes no link of an e-mail address in which a line may break. `<wbr>` is not copied with the text. */
function inlineCode(value: string): string {
  // HTML shows several spaces as one, and none at the ends.
  const spaced = value.replace(/^ | $| (?= )/g, '\\u{20}')
  return `<code>${escapeMarkup(spaced).replaceAll('&#64;', '<wbr>&#64;')}</code>`
}

/** The fence has more backticks than any run of backticks in the text. */
function codeBlock(text: string, language: string): string {
  const longest = [...text.matchAll(/`+/g)].reduce((most, [run]) => Math.max(most, run.length), 2)
  const fence = '`'.repeat(longest + 1)
  return `${fence}${language}\n${text}\n${fence}`
}

/** A zero-width space after `@`, `#`, `GH` and `GHSA` keeps GitHub from notifying people and linking issues. */
function sentence(value: string): string {
  return escapeMarkup(value)
    .replace(/&#(64|35);|(?<![\p{L}\p{N}])(?:gh(?=-\d)|ghsa(?=-))/giu, '$&&#8203;')
    .replace(/^[\s+=-]|(?<=^\d{1,9})[.)]/, toEntity)
}

/**
 * Writes every character that may start markup or a link as an entity. `_` starts no markup inside a word, and stays:
 * GitHub removes secrets that it alone knows, such as a token with `_`, only if they are written as they are.
 */
function escapeMarkup(value: string): string {
  return value.replace(
    /[^\p{L}\p{N}\p{M} ,;.:'"()/=?%+_-]|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])|:(?=\/\/)|(?<=www)\.|(?<=mailto|xmpp):/giu,
    toEntity,
  )
}

function toEntity(character: string): string {
  return `&#${character.codePointAt(0)};`
}

/** @param head and rows as Markdown */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

/** A quote that GitHub shows with an icon and a colour. It must not be inside a list or another quote. @param body as Markdown */
export function alert(kind: 'NOTE' | 'WARNING' | 'CAUTION', body: string): string {
  const lines = body.split('\n').map((line) => (line === '' ? '>' : `> ${line}`))
  return [`> [!${kind}]`, ...lines].join('\n')
}

/** A part that readers unfold. Title and body as Markdown. */
export function folded(title: string, body: string): string {
  return `<details><summary>${title}</summary>\n\n${body}\n\n</details>`
}
