/** Untrusted text and answers, often similar enough to real ones to pass the first check. */
import fc from 'fast-check'

/** Text with a meaning in a log, a file command, Markdown, HTML or on GitHub. */
const fragments = [
  ...words('::error::x ::add-mask:: ::stop-commands::w ##[error]x ##[ :: # : ::set-output+name=a::b'),
  ...['\n', '\r', '\r\n', '\u2028', '\u0085', '\t', '\0', '\u001b[31m', '\ufeff', '\u00a0', ' ', '     '],
  ...['\u202e', '\u200b', '\ud83d', '\ude00', '😀', 'ﷺ', 'é', 'e\u0301', '٣', 'ß', 'İ'],
  ...words('-+ *+ 1.+ 2)+ --- === >+ #+ ``` ` ~~~ | \\ [x](y) ![x](y) **').concat('+ '),
  ...words('<img+src=x+onerror=y> </code></td> <!-- --> < &#64; &lt; [^1] $x$ :rocket:'),
  ...words('@octocat #1 https://evil.example www.evil.example a@evil.example mailto:a@b.example'),
  ...words('%0A %25 $& $1 __proto__ constructor EOF ghadelimiter_ a<<EOF a=b , = " \' { ['),
]

/** Splits a line of fragments. `+` stands for a space in a fragment. */
function words(line: string): string[] {
  return line.split(' ').map((word) => word.replaceAll('+', ' '))
}

const fragment = fc.constantFrom(...fragments)
/** UTF-16 code units, also halves of surrogate pairs, which fast-check does not generate. */
const utf16 = fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit))

export const untrustedText: fc.Arbitrary<string> = fc.oneof(
  { weight: 4, arbitrary: fc.array(fc.oneof(fragment, fc.string({ maxLength: 4 })), { maxLength: 8 }).map(joined) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 30 }) },
  { weight: 1, arbitrary: fc.string({ unit: utf16, maxLength: 30 }) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(
        fragment,
        fc.oneof({ weight: 9, arbitrary: fc.nat({ max: 30 }) }, { weight: 1, arbitrary: fc.nat({ max: 600 }) }),
      )
      .map(([each, times]) => each.repeat(times)),
  },
)

/** A sample as it is, with a fragment, without a character, or joined to another sample. */
export function near(samples: readonly string[]): fc.Arbitrary<string> {
  const sample = fc.constantFrom(...samples)
  const at = fc.nat({ max: 80 })
  return fc.oneof(
    { weight: 3, arbitrary: sample },
    fc.tuple(sample, at, fragment).map(([text, place, put]) => text.slice(0, place) + put + text.slice(place)),
    fc.tuple(sample, at).map(([text, place]) => text.slice(0, place) + text.slice(place + 1)),
    fc.tuple(sample, fc.constantFrom('\n', ',', '\r\n', ' '), sample).map(joined),
  )
}

export const anyJson: fc.Arbitrary<unknown> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom<unknown>(null, true, false, 0, -1, 1e21, '', 'x', [], {}, [null], [[]], [{}]),
  },
  { weight: 2, arbitrary: fc.jsonValue({ maxDepth: 2 }) },
  { weight: 1, arbitrary: untrustedText },
)

interface Edit {
  readonly at: number
  readonly kind: 'replace' | 'delete' | 'double'
  readonly by: unknown
}

/** The answer as it is, with members replaced, removed or doubled, or something else. */
export function mutated(answer: unknown, by: fc.Arbitrary<unknown> = anyJson): fc.Arbitrary<unknown> {
  const edit = fc.record({
    at: fc.nat({ max: 200 }),
    kind: fc.constantFrom('replace', 'delete', 'double' as const),
    by,
  })
  return fc.oneof(
    { weight: 8, arbitrary: fc.array(edit, { maxLength: 3 }).map((edits) => edits.reduce(change, answer)) },
    { weight: 1, arbitrary: by },
  )
}

type Container = Record<string, unknown> | unknown[]

function change(answer: unknown, { at, kind, by }: Edit): unknown {
  if (typeof answer !== 'object' || answer === null) return by
  const copy = copied(answer) as Container
  const places: [Container, string][] = []
  const walk = (container: Container) => {
    for (const [name, value] of Object.entries(container)) {
      places.push([container, name])
      if (isContainer(value)) walk(value)
    }
  }
  walk(copy)
  const [container, name] = places[at % places.length] ?? []
  if (container === undefined || name === undefined) return by
  const index = Array.isArray(container) ? Number(name) : undefined
  if (Array.isArray(container) && index !== undefined) {
    container.splice(index, 1, ...{ replace: [by], delete: [], double: [container[index], container[index]] }[kind])
  } else if (!Array.isArray(container)) {
    if (kind === 'delete') delete container[name]
    else Object.defineProperty(container, name, { value: by, enumerable: true, configurable: true, writable: true })
  }
  return copy
}

function copied(value: unknown): unknown {
  if (!isContainer(value)) return value
  if (Array.isArray(value)) return value.map(copied)
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, copied(member)]))
}

function isContainer(value: unknown): value is Container {
  return typeof value === 'object' && value !== null && !(value instanceof Date)
}

function joined(parts: readonly string[]): string {
  return parts.join('')
}

/** Values that a client may throw: names of AWS, codes of Node, and anything else. */
export const oddError: fc.Arbitrary<unknown> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc
      .record({
        name: fc.oneof(
          fc.constantFrom('AccessDenied', 'AccessDeniedException', 'ThrottlingException', 'ExpiredTokenException'),
          fc.constantFrom('ResourceNotFoundException', 'LimitExceededException', 'ValidationError', 'SyntaxError'),
          untrustedText,
        ),
        message: fc.oneof(
          fc.constantFrom('', 'try again after x', 'Try again after 2026-01-01T00:00:09Z.'),
          untrustedText,
        ),
        code: fc.constantFrom(undefined, 'ECONNRESET', 'ENOTFOUND', 5),
        $metadata: fc.constantFrom<unknown>(undefined, null, 5, {}, { httpStatusCode: 503 }, { httpStatusCode: 'x' }),
      })
      .map((members) => Object.assign(new Error(members.message), members)),
  },
  { weight: 1, arbitrary: fc.constantFrom<unknown>(undefined, null, 'text', 5, {}, { name: 5, message: {} }) },
)
