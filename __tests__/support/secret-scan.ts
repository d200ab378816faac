/** Finds secrets in text, in every encoding. Pure. */

/**
 * Finds every secret that the text holds: plain, or in base64 or base64url, alone or inside a longer encoded text, and each
 * of these with characters escaped for a URL, a workflow command or Markdown. Lines with a masking command may hold secrets.
 *
 * @returns a line for each occurrence; empty where there is none
 */
export function leaksIn(written: string, secrets: readonly string[]): readonly string[] {
  const scanned = written
    .split('\n')
    .filter((line) => !line.startsWith('::add-mask::'))
    .join('\n')
  const unescaped = unescapeAll(bytesOf(scanned))
  return [...new Set(secrets)].flatMap((secret) =>
    formsOf(secret).flatMap(({ name, text }) => {
      if (scanned.includes(text)) return [`${name}: ${secret}`]
      return isEscapedIn(text, scanned, unescaped) ? [`${name}, escaped: ${secret}`] : []
    }),
  )
}

/** A character for each byte of UTF-8, because a URL escapes bytes. */
function bytesOf(text: string): string {
  return Buffer.from(text).toString('latin1')
}

/** Removes the escapes of URLs, workflow commands and Markdown, also nested ones. */
function unescapeAll(bytes: string): string {
  const unescaped = bytes
    .replace(/%([0-9a-f]{2})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
    .replace(/&#(\d+);/g, (_, point: string) => bytesOf(String.fromCodePoint(Number(point))))
    .replaceAll(bytesOf('\u200b'), '')
  return unescaped === bytes ? bytes : unescapeAll(unescaped)
}

function isEscapedIn(secret: string, written: string, unescaped: string): boolean {
  const bytes = bytesOf(secret)
  if (unescaped.includes(bytes)) return true
  // A `%` before the secret may have made an escape of its first two characters.
  return unescaped.includes(bytes.slice(2)) && spelling(secret).test(written)
}

/** Matches each character as itself, or as the escapes of its bytes, nested any number of times. */
function spelling(secret: string): RegExp {
  const characters = [...secret].map((character) => {
    const escapes = [...Buffer.from(character)].map((byte) => {
      const digits = [...byte.toString(16).padStart(2, '0')]
      return `%(?:25)*${digits.map((digit) => `[${digit}${digit.toUpperCase()}]`).join('')}`
    })
    return `(?:${character.replace(/[^\p{L}\p{N}]/u, '\\$&')}|${escapes.join('')})`
  })
  return new RegExp(characters.join(''), 's')
}

interface Form {
  readonly name: string
  readonly text: string
}

/** The encoded forms of a secret. URL encoding is not among them: the text is decoded instead, because any character may be escaped. */
function formsOf(secret: string): readonly Form[] {
  const encoded = [0, 1, 2].map((offset) => base64At(secret, offset))
  return [
    { name: 'plain', text: secret },
    ...encoded.map((text, offset) => ({ name: `base64 at byte ${offset} of three`, text })),
    ...encoded.flatMap((text, offset) => {
      const url = text.replaceAll('+', '-').replaceAll('/', '_')
      return url === text ? [] : [{ name: `base64url at byte ${offset} of three`, text: url }]
    }),
  ]
}

/**
 * The characters of base64 that depend on the text alone. Each stands for six bits.
 *
 * @param offset the number of bytes between a multiple of three and the text
 */
function base64At(text: string, offset: number): string {
  const bytes = Buffer.concat([Buffer.alloc(offset), Buffer.from(text)])
  return bytes.toString('base64').slice(Math.ceil((offset * 8) / 6), Math.floor((bytes.length * 8) / 6))
}
