/** The secrets that a run knows, found in every spelling in which AWS, GitHub or a proxy may return them. */
import { RemedyError } from '../errors/errors.ts'

/** In bytes. A shorter secret may be a common word: hiding it would hide more than it protects. */
const shortestSecret = 8

/** A part of a text, by offsets. */
interface Span {
  readonly start: number
  readonly end: number
}

export class KnownSecrets {
  /** The origin of each form of a secret. */
  readonly #origins = new Map<string, string>()

  /** @param origin the name of the secret for messages, such as `AWS_SECRET_ACCESS_KEY` */
  add(secret: string, origin: string): void {
    for (const form of formsOf(secret)) if (!this.#origins.has(form)) this.#origins.set(form, origin)
  }

  /** The origin of a secret that the text holds; undefined if it holds none. */
  findOrigin(text: string): string | undefined {
    return this.#find(text)[0]?.origin
  }

  /** Writes `***` for every secret, and leaves the rest of the text as it is. */
  redact(text: string): string {
    let redacted = ''
    let end = 0
    for (const occurrence of this.#find(text)) {
      // Secrets may overlap: both are hidden to their last character.
      if (occurrence.start >= end) redacted += `${text.slice(end, occurrence.start)}***`
      end = Math.max(end, occurrence.end)
    }
    return redacted + text.slice(end)
  }

  /** Sorted by start. */
  #find(text: string): readonly (Span & { readonly origin: string })[] {
    // Most texts contain no `%`, so nothing in them is percent-encoded. A plain search is much faster than a pattern.
    const occurrences = text.includes('%') ? encodedOccurrences : plainOccurrences
    return [...this.#origins]
      .flatMap(([form, origin]) => occurrences(text, form).map((span) => ({ ...span, origin })))
      .sort((left, right) => left.start - right.start)
  }
}

function plainOccurrences(text: string, form: string): readonly Span[] {
  const spans: Span[] = []
  for (let start = text.indexOf(form); start !== -1; start = text.indexOf(form, start + 1)) {
    spans.push({ start, end: start + form.length })
  }
  return spans
}

function encodedOccurrences(text: string, form: string): readonly Span[] {
  return [...text.matchAll(patternOf(form))].map(({ index, 0: found }) => ({ start: index, end: index + found.length }))
}

/** Matches the form with each character as itself or percent-encoded, once or again: `/`, `%2F`, `%252f`. */
function patternOf(form: string): RegExp {
  const characters = [...form].map((character) => {
    const escapes = [...Buffer.from(character)].map((byte) => `%(?:25)*${hexadecimal(byte)}`)
    // The escape comes first: a literal `%` would leave its digits.
    return `(?:${escapes.join('')}|${character.replace(/[\\^$.*+?()[\]{}|/]/, '\\$&')})`
  })
  return new RegExp(characters.join(''), 'gu')
}

/** Two digits of either case, as a pattern. */
function hexadecimal(byte: number): string {
  const digits = byte.toString(16).padStart(2, '0')
  return digits.replace(/[a-f]/g, (digit) => `[${digit}${digit.toUpperCase()}]`)
}

/** The failure of a run whose outputs would hold a secret. They are never redacted: a changed ARN or plan is wrong. */
export function secretInOutputs(found: readonly { readonly output: string; readonly origin: string }[]): RemedyError {
  const secrets = [...new Set(found.map(({ origin }) => origin))].join(', ')
  const outputs = found.map(({ output }) => output).join(', ')
  return new RemedyError(
    `The secret ${secrets} occurs in what later steps would read: ${outputs}.`,
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
