/** Foreign text made fit to be read. Imports nothing. */

/**
 * What does not show, or shows as something else, is written as `\u{202e}`: control and format characters, letters that are
 * blank, spaces that are no space, marks that are piled up or have nothing to stand on.
 */
export function visible(value: string): string {
  return value.replace(
    /[\p{C}\p{DI}\p{Me}\u2800]|(?! )\p{Z}|(?<=\p{M}{4})\p{M}|^\p{M}/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  )
}

/** As many as a tag's value has at most, which is so never cut: of half a secret nobody would know that it is one. */
const longest = 256

/** The beginning of what is long, with its length. */
export function shorten(value: string, most = longest): string {
  return value.length > most
    ? `${value.slice(0, most).replace(/[\ud800-\udbff]$/, '')}… (${value.length} characters)`
    : value
}

/** `1 step`, `2 steps` */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}

/** `a, b, c and 2 more tags`; without an end where there are no more than `most`. */
export function listSome(items: readonly string[], most: number, noun: string): string {
  const more = items.length - most
  return `${items.slice(0, most).join(', ')}${more > 0 ? ` and ${count(more, noun)}` : ''}`
}

/** Quoted as JSON, so that spaces and control characters can be seen; long values are shown by their beginning. */
export function quote(value: string): string {
  return value.length > 120
    ? `${JSON.stringify(value.slice(0, 120))}… (${value.length} characters)`
    : JSON.stringify(value)
}
