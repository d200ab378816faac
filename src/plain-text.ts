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

/** The text of UTF-8, without a byte order mark; undefined for bytes in another encoding. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  // Without its mark, UTF-16 of ASCII is valid UTF-8 as well, with a zero after each character or before it.
  if (isUtf16(bytes)) return undefined
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}

/** Of bytes that are not UTF-8. */
export function nameEncoding(bytes: Uint8Array): string {
  return isUtf16(bytes) ? 'UTF-16' : 'in an unknown encoding'
}

/** By its byte order mark, or because one of the first two bytes is zero, as with every ASCII character of UTF-16. */
function isUtf16([first, second]: Uint8Array): boolean {
  const hasMark = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)
  return hasMark || (first === 0) !== (second === 0)
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
