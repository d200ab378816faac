/** A secret in the forms in which somebody else may hand it back: the runner masks its log, but not what we write into files. Pure. */

/** What is shorter would hide more than it protects. */
const shortest = 8

/**
 * Plain, as in a URL, and in base64 or base64url, alone or inside a longer text that was encoded as a whole.
 * Empty for a secret that is too short to be told from other text.
 */
export function formsOf(secret: string): readonly string[] {
  if (secret.length < shortest) return []
  const encoded = [0, 1, 2].map((offset) => base64At(secret, offset))
  const asUrl = encoded.map((text) => text.replaceAll('+', '-').replaceAll('/', '_'))
  const forms = [secret, encodeURIComponent(secret), ...encoded, ...asUrl]
  return [...new Set(forms)].filter((form) => form.length >= shortest)
}

/** The text with every one of the forms taken out, the longest first: one may be a part of another. */
export function redact(text: string, forms: Iterable<string>): string {
  let redacted = text
  for (const form of [...forms].sort((left, right) => right.length - left.length))
    redacted = redacted.replaceAll(form, '***')
  return redacted
}

/** The characters that base64 makes of it alone, where it begins so many bytes after a multiple of three: each stands for six bits. */
function base64At(secret: string, offset: number): string {
  const bytes = Buffer.concat([Buffer.alloc(offset), Buffer.from(secret)])
  return bytes.toString('base64').slice(Math.ceil((offset * 8) / 6), Math.floor((bytes.length * 8) / 6))
}
