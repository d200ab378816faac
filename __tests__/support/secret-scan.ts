/** Finds secrets in what was written, however they were packed. Pure. */

/**
 * Every secret that the text holds: plain, in base64 or base64url, alone or anywhere inside a longer text that was encoded
 * as a whole, and each of these with its characters escaped as in a URL, a workflow command or Markdown. Masking commands are how the runner is told a
 * secret, so their lines are not looked at.
 *
 * @returns a line for each find; empty where there is none
 */
export function leaksIn(written: string, secrets: readonly string[]): readonly string[] {
  const looked = written
    .split('\n')
    .filter((line) => !line.startsWith('::add-mask::'))
    .join('\n')
  const unescaped = unescapeAll(bytesOf(looked))
  return [...new Set(secrets)].flatMap((secret) =>
    formsOf(secret).flatMap(({ name, text }) => {
      if (looked.includes(text)) return [`${name}: ${secret}`]
      return isEscapedIn(text, looked, unescaped) ? [`${name}, escaped: ${secret}`] : []
    }),
  )
}

/** A character for each byte of UTF-8, because a URL escapes bytes. */
function bytesOf(text: string): string {
  return Buffer.from(text).toString('latin1')
}

/** As it was before a URL, a workflow command, Markdown or several of them one in the other escaped it. */
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
  // A `%` right before the secret may have taken its first two characters for its own digits.
  return unescaped.includes(bytes.slice(2)) && spelling(secret).test(written)
}

/** Each character as it is, or as the escapes of its bytes, escaped any number of times over. */
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

/** The URL encoded ones are found by decoding what was written, since which characters are escaped is up to the writer. */
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
 * What base64 makes of a text that begins so many bytes after a multiple of three, as far as neither what stands before it
 * nor what follows has a part in it: a character stands for six bits.
 */
function base64At(text: string, offset: number): string {
  const bytes = Buffer.concat([Buffer.alloc(offset), Buffer.from(text)])
  return bytes.toString('base64').slice(Math.ceil((offset * 8) / 6), Math.floor((bytes.length * 8) / 6))
}
