/** Decodes the bytes of a file. */

/** Decodes UTF-8, without its byte order mark; undefined for bytes in another encoding. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  // UTF-16 of ASCII text without a byte order mark is also valid UTF-8, with a zero byte before or after each character.
  if (isUtf16(bytes)) return undefined
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}

/** Names the encoding of bytes that are not UTF-8. */
export function nameEncoding(bytes: Uint8Array): string {
  return isUtf16(bytes) ? 'UTF-16' : 'in an unknown encoding'
}

/** Detects UTF-16 by its byte order mark, or by one zero among the first two bytes, as in ASCII text. */
function isUtf16([first, second]: Uint8Array): boolean {
  const hasMark = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)
  return hasMark || (first === 0) !== (second === 0)
}
