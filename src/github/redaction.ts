/** The secrets that a run knows, found in every spelling in which AWS, GitHub or a proxy may return them. Pure. */
import { RemedyError } from '../errors/errors.ts'

/** In bytes. A shorter secret may be a common word: hiding it would hide more than it protects. */
const shortestSecret = 8

const percent = '%'.charCodeAt(0)

/** Offsets in bytes. */
interface Occurrence {
  readonly start: number
  readonly end: number
  readonly origin: string
}

/** A text that reveals a secret. */
interface Form {
  readonly bytes: Uint8Array
  readonly origin: string
}

export class KnownSecrets {
  readonly #formsByFirstByte = new Map<number, readonly Form[]>()

  /** @param origin the name of the secret for messages, such as `AWS_SECRET_ACCESS_KEY` */
  add(secret: string, origin: string): void {
    for (const form of formsOf(secret)) {
      const bytes = Buffer.from(form)
      const first = bytes[0] ?? 0
      this.#formsByFirstByte.set(first, [...(this.#formsByFirstByte.get(first) ?? []), { bytes, origin }])
    }
  }

  /** The origin of a secret that the text holds; undefined where it holds none. */
  findOrigin(text: string): string | undefined {
    return this.#find(Buffer.from(text))[0]?.origin
  }

  /** Writes `***` for every secret, and leaves the rest of the text as it is. */
  redact(text: string): string {
    const bytes = Buffer.from(text)
    let redacted = ''
    let end = 0
    for (const occurrence of this.#find(bytes)) {
      // Secrets may overlap: both are hidden to their last character.
      if (occurrence.start >= end) redacted += `${bytes.toString('utf8', end, occurrence.start)}***`
      end = Math.max(end, occurrence.end)
    }
    // A text without a secret keeps what UTF-8 cannot hold, such as half of a surrogate pair.
    return redacted === '' ? text : redacted + bytes.toString('utf8', end)
  }

  /** Sorted by start. */
  #find(text: Uint8Array): readonly Occurrence[] {
    const decoded = decode(text)
    const found: Occurrence[] = []
    const findAt = (start: number, first: number | undefined) => {
      for (const { bytes, origin } of this.#formsByFirstByte.get(first ?? 0) ?? []) {
        const end = endOf(bytes, text, start, decoded)
        if (end !== undefined) found.push({ start, end, origin })
      }
    }
    for (const [start, byte] of text.entries()) {
      findAt(start, byte)
      if (byte === percent) findAt(start, decoded.bytes[start])
    }
    return found
  }
}

/** The failure of a run whose outputs would hold a secret. They are never redacted: a changed ARN or plan is wrong. */
export function secretInOutputs(outputs: readonly string[], origins: readonly string[]): RemedyError {
  const secrets = [...new Set(origins)].join(', ')
  return new RemedyError(
    `The secret ${secrets} occurs in what later steps would read: ${outputs.join(', ')}.`,
    'Choose another value for the secret, or remove it from the table names, tags and environment. A real secret in a tag or a name is known to everyone who can read the account: replace it.',
  )
}

/** The secret as it is, and in base64 and base64url, alone or inside a longer text that was encoded as a whole. */
function formsOf(secret: string): readonly string[] {
  if (Buffer.byteLength(secret) < shortestSecret) return []
  const encoded = [0, 1, 2].map((offset) => base64At(secret, offset))
  const forUrls = encoded.map((text) => text.replaceAll('+', '-').replaceAll('/', '_'))
  return [secret, ...encoded, ...forUrls].filter((form) => form.length >= shortestSecret)
}

/**
 * The characters of base64 that depend on the secret alone. Each stands for six bits.
 *
 * @param offset the number of bytes between a multiple of three and the secret
 */
function base64At(secret: string, offset: number): string {
  const bytes = Buffer.concat([Buffer.alloc(offset), Buffer.from(secret)])
  return bytes.toString('base64').slice(Math.ceil((offset * 8) / 6), Math.floor((bytes.length * 8) / 6))
}

/** For each place of a text: the byte that its escape stands for, decoded as often as possible, and where it ends. */
interface Decoded {
  readonly bytes: Uint8Array
  readonly ends: Uint32Array
}

/**
 * Decodes a text that was percent-encoded once or several times, from each place on. A `%` that starts no escape stands for
 * itself. Works from the end, because the digits of an escape may be escapes themselves: so the time is linear.
 */
function decode(text: Uint8Array): Decoded {
  const bytes = Uint8Array.from(text)
  const ends = new Uint32Array(text.length)
  for (let start = text.length - 1; start >= 0; start -= 1) {
    ends[start] = start + 1
    if (text[start] !== percent) continue
    for (const { byte, end } of escapesAt(start, { bytes, ends })) {
      bytes[start] = byte
      ends[start] = end
    }
  }
  return { bytes, ends }
}

/** The escapes that a `%` may start: `%25`, and decoded again `%252f`. The text after it must be decoded already. */
function* escapesAt(start: number, { bytes, ends }: Decoded): Generator<{ byte: number; end: number }> {
  let byte = percent
  let end = start + 1
  while (byte === percent) {
    const low = ends[end] ?? end
    byte = 16 * hexadecimal(bytes[end]) + hexadecimal(bytes[low])
    if (Number.isNaN(byte)) return
    end = ends[low] ?? low
    yield { byte, end }
  }
}

/** The value of a digit; NaN for any other byte. */
function hexadecimal(byte = 0): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const letter = byte | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : Number.NaN
}

/** The end of the form, where the text holds it at this place: each byte as itself or as an escape. */
function endOf(form: Uint8Array, text: Uint8Array, start: number, decoded: Decoded): number | undefined {
  // Several places only where the form itself has a `%`, which may also start the escape of the next byte.
  let places = [start]
  for (const byte of form) {
    const next: number[] = []
    for (const place of places) {
      if (text[place] === byte) next.push(place + 1)
      if (text[place] !== percent) continue
      for (const escaped of escapesAt(place, decoded)) if (escaped.byte === byte) next.push(escaped.end)
    }
    if (next.length === 0) return undefined
    places = next
  }
  return Math.max(...places)
}
