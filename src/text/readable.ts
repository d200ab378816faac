/** Makes untrusted text safe to read, and shortens text. Imports nothing. */

/**
 * Writes characters that are invisible or look like others as escapes such as `\u{202e}`: control and format characters,
 * blank letters, spaces other than U+0020, and combining marks that are stacked or have no base character.
 */
export function visible(value: string): string {
  return value.replace(
    /[\p{C}\p{DI}\p{Me}\u2800]|(?! )\p{Z}|(?<=\p{M}{4})\p{M}|^\p{M}/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  )
}

/** The longest value of a tag, so that a tag is never cut: half of a secret would not be recognised, nor hidden. */
const longest = 256

/** Cuts a long text, and adds its length. */
export function shorten(value: string, most = longest): string {
  return value.length > most
    ? `${value.slice(0, most).replace(/[\ud800-\udbff]$/, '')}… (${value.length} characters)`
    : value
}

/** `1 step`, `2 steps`, `3 indexes` */
export function count(number: number, noun: string): string {
  return `${number} ${number === 1 ? noun : plural(noun)}`
}

export function plural(noun: string): string {
  return `${noun}${noun.endsWith('x') ? 'es' : 's'}`
}

/** `a, b, c and 2 more tags`; all items if there are no more than `most`. */
export function listSome(items: readonly string[], most: number, noun: string): string {
  const more = items.length - most
  return `${items.slice(0, most).join(', ')}${more > 0 ? ` and ${count(more, noun)}` : ''}`
}

/** Quotes a value as JSON, so that spaces and control characters are visible; cuts a long value. */
export function quote(value: string): string {
  return value.length > 120
    ? `${JSON.stringify(value.slice(0, 120))}… (${value.length} characters)`
    : JSON.stringify(value)
}
