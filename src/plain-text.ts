/** Foreign text made fit to be read. Imports nothing. */

/** Control, format and unassigned characters (line breaks, right-to-left overrides) are shown as `\u{202e}`. */
export function visible(value: string): string {
  return value.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`)
}

/** The beginning of what is long, with its length. */
export function shorten(value: string): string {
  return value.length > 200
    ? `${value.slice(0, 200).replace(/[\ud800-\udbff]$/, '')}… (${value.length} characters)`
    : value
}

/** `1 step`, `2 steps` */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}

/** Quoted as JSON, so that spaces and control characters can be seen; long values are shown by their beginning. */
export function quote(value: string): string {
  return value.length > 120
    ? `${JSON.stringify(value.slice(0, 120))}… (${value.length} characters)`
    : JSON.stringify(value)
}
