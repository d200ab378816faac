/** Untrusted text made readable. Imports nothing. */

/**
 * Writes characters that do not show, or show as something else, as `\u{202e}`: control and format characters, blank
 * letters, unusual spaces, and combining marks that are piled up or stand alone.
 */
export function visible(value: string): string {
  return value.replace(
    /[\p{C}\p{DI}\p{Me}\u2800]|(?! )\p{Z}|(?<=\p{M}{4})\p{M}|^\p{M}/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  )
}

/** The longest value of a tag, in characters: a tag is never cut, so a secret in it can be found whole. */
const longestShown = 256

/** The beginning of a long text, and its length. */
export function shorten(value: string, most = longestShown): string {
  if (value.length <= most) return value
  const withoutHalfPair = value.slice(0, most).replace(/[\ud800-\udbff]$/, '')
  return `${withoutHalfPair}… (${value.length} characters)`
}

/** `1 step`, `2 steps` */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}

/** `a, b, c and 2 more tags`; `a, b, c` where there are at most `most` items. */
export function listSome(items: readonly string[], most: number, noun: string): string {
  const more = items.length - most
  return `${items.slice(0, most).join(', ')}${more > 0 ? ` and ${count(more, noun)}` : ''}`
}

/** Quotes a value as JSON, which shows its spaces and control characters. A long value is cut. */
export function quote(value: string): string {
  return value.length > 120
    ? `${JSON.stringify(value.slice(0, 120))}… (${value.length} characters)`
    : JSON.stringify(value)
}
