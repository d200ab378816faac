/** Markdown in which foreign text starts nothing. Pure. */
import { shorten, visible } from './plain-text.ts'

/** Foreign text as Markdown code that shows every character and starts nothing: no markup, mention, link or table cell. */
export function code(value: string): string {
  return inCode(shorten(visible(value)))
}

/** The same, however long it is: what is to be copied must be whole. */
export function wholeCode(value: string): string {
  return inCode(visible(value))
}

/** Where a line may break, GitHub makes no link of an e-mail address; the place is not copied with the rest. */
function inCode(value: string): string {
  return `<code>${entities(value).replaceAll('&#64;', '<wbr>&#64;')}</code>`
}

/** Foreign text in a sentence. A zero-width space keeps `@`, `#` and `GH-` from notifying people and linking issues. */
export function text(value: string): string {
  return entities(visible(value))
    .replace(/&#(64|35);|\bgh(sa)?(?=-)/gi, '$&&#8203;')
    .replace(/^[\s+=-]|(?<=^\d+)[.)]/, (character) => `&#${character.codePointAt(0)};`)
}

/**
 * What Markdown, HTML or GitHub may give a meaning to in the middle of a line becomes an entity, which never has one.
 * So do the characters that would make a link of an address.
 */
function entities(value: string): string {
  return value.replace(
    /[^\p{L}\p{N}\p{M} ,;.:'"()/=?%+-]|:(?=\/\/)|(?<=\bwww)\.|(?<=\b(?:mailto|xmpp)):/giu,
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
