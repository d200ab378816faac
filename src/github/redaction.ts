/** The secrets that a run knows, found in a text in the spellings in which someone else may hand them back. Pure. */
import { RemedyError } from '../errors/errors.ts'

/** In bytes. A shorter secret may well be a common word: hiding it would hide more than it protects. */
const shortest = 8

const percent = '%'.charCodeAt(0)

/** One text that gives a secret away. */
interface Form {
  readonly bytes: Uint8Array
  /** Where the secret came from. */
  readonly origin: string
}

/** Offsets in bytes. */
interface Occurrence {
  readonly start: number
  readonly end: number
  readonly origin: string
}

export class KnownSecrets {
  readonly #formsByFirstByte = new Map<number, Form[]>()

  /** @param origin names the secret where its value must not be shown, such as `AWS_SECRET_ACCESS_KEY` */
  add(secret: string, origin: string): void {
    for (const text of formsOf(secret)) {
      const bytes = Buffer.from(text)
      const first = bytes[0] ?? 0
      this.#formsByFirstByte.set(first, [...(this.#formsByFirstByte.get(first) ?? []), { bytes, origin }])
    }
  }

  /** The origin of a secret that the text holds; undefined where it holds none. */
  findOrigin(text: string): string | undefined {
    return this.#find(Buffer.from(text))[0]?.origin
  }

  /** The text with `***` in the place of every secret, and otherwise unchanged. */
  redact(text: string): string {
    const bytes = Buffer.from(text)
    let redacted = ''
    let end = 0
    for (const occurrence of this.#find(bytes)) {
      // One secret may be part of another, or begin in it: both are hidden to their last character.
      if (occurrence.start >= end) redacted += `${bytes.toString('utf8', end, occurrence.start)}***`
      end = Math.max(end, occurrence.end)
    }
    // Also keeps what has no form in UTF-8, such as half of a surrogate pair.
    return redacted === '' ? text : redacted + bytes.toString('utf8', end)
  }

  /** By where they start. */
  #find(text: Buffer): readonly Occurrence[] {
    // Without a `%` every form is written as it is, and a search for each is many times faster.
    if (!text.includes(percent)) return this.#findAsWritten(text)
    const decoded = decode(text)
    const found: Occurrence[] = []
    const findAt = (start: number, first: number) => {
      for (const { bytes, origin } of this.#formsByFirstByte.get(first) ?? []) {
        const end = endOf(bytes, text, start, decoded)
        if (end !== undefined) found.push({ start, end, origin })
      }
    }
    for (const [start, byte] of text.entries()) {
      findAt(start, byte)
      if (byte === percent) findAt(start, decoded.bytes[start] ?? byte)
    }
    return found
  }

  #findAsWritten(text: Buffer): readonly Occurrence[] {
    const found: Occurrence[] = []
    for (const { bytes, origin } of [...this.#formsByFirstByte.values()].flat()) {
      for (let start = text.indexOf(bytes); start !== -1; start = text.indexOf(bytes, start + 1)) {
        found.push({ start, end: start + bytes.length, origin })
      }
    }
    return found.sort((left, right) => left.start - right.start)
  }
}

/**
 * The failure of a run whose outputs would hold a secret. They cannot be written changed: an ARN with `***` in it names
 * nothing, and a plan would not have its digest any more.
 */
export function secretInOutputs(outputs: readonly string[], origins: readonly string[]): RemedyError {
  const names = outputs.join(', ')
  const secrets = [...new Set(origins)].join(', ')
  return new RemedyError(
    `The secret ${secrets} occurs in what later steps would read: ${names}.`,
    'Choose another value for the secret, or take it out of the table names, tags and environment. A real secret that stands in a tag or a name is known to everyone who can read the account: replace it.',
  )
}

/** As it is, and in base64 or base64url, alone or inside a longer text that was encoded as a whole. */
function formsOf(secret: string): readonly string[] {
  if (Buffer.byteLength(secret) < shortest) return []
  const encoded = [0, 1, 2].map((offset) => base64At(secret, offset))
  const asUrl = encoded.map((text) => text.replaceAll('+', '-').replaceAll('/', '_'))
  return [...new Set([secret, ...encoded, ...asUrl])].filter((form) => form.length >= shortest)
}

/** The characters that base64 makes of it alone, where it begins so many bytes after a multiple of three: each stands for six bits. */
function base64At(secret: string, offset: number): string {
  const bytes = Buffer.concat([Buffer.alloc(offset), Buffer.from(secret)])
  return bytes.toString('base64').slice(Math.ceil((offset * 8) / 6), Math.floor((bytes.length * 8) / 6))
}

/** For each place of a text the byte that its spelling stands for, however often that was encoded, and where it ends. */
interface Decoded {
  readonly bytes: Uint8Array
  readonly ends: Uint32Array
}

/**
 * Decodes a text that was percent-encoded once or several times over, from each of its places on. A `%` that begins no
 * escape stands for itself.
 *
 * From the end, since the digits of an escape may be escapes themselves. So each digit is read once, and the time is
 * linear in the length of the text, however deep the escapes are.
 */
function decode(text: Uint8Array): Decoded {
  const bytes = Uint8Array.from(text)
  const ends = new Uint32Array(text.length)
  for (let start = text.length - 1; start >= 0; start -= 1) {
    ends[start] = start + 1
    if (text[start] !== percent) continue
    for (const escaped of escapesAt(start, { bytes, ends })) {
      bytes[start] = escaped.byte
      ends[start] = escaped.end
    }
  }
  return { bytes, ends }
}

/** What a `%` may begin: `%25`, and decoded once more `%252f`. What follows it must be decoded already. */
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

/** NaN where there is no digit. */
function hexadecimal(byte = 0): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const letter = byte | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : Number.NaN
}

/** Where a spelling of the form that starts there ends: each of its bytes is written as itself or as an escape. */
function endOf(form: Uint8Array, text: Uint8Array, start: number, decoded: Decoded): number | undefined {
  // More than one only where the form has a `%`, which may be an escape of its own or begin the one of the next byte.
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
