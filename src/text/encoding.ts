/** Bytes of a file as text. */

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
