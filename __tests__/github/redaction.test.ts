import { KnownSecrets, secretInOutputs } from '../../src/github/redaction.ts'
import { leaksIn } from '../support/secret-scan.ts'

const token = 'IQoJb3JpZ2luX2VjEAb/se+session/token==0123456789'

function knowing(...secrets: readonly string[]): KnownSecrets {
  const known = new KnownSecrets()
  for (const [index, secret] of secrets.entries()) known.add(secret, `ORIGIN-${index}`)
  return known
}

/** Every byte as an escape. */
function escapeAll(text: string): string {
  return [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')
}

const lowerCase = (text: string) => text.replace(/%../g, (digits) => digits.toLowerCase())

it.each([
  ['as it is', token],
  ['URL-encoded', encodeURIComponent(token)],
  ['URL-encoded with lower-case digits', lowerCase(encodeURIComponent(token))],
  ['URL-encoded with digits of both cases', encodeURIComponent(token).replace('%2F', '%2f')],
  ['URL-encoded, "/" left as it is', encodeURIComponent(token).replaceAll('%2F', '/')],
  ['URL-encoded, "+" and "=" left as they are', encodeURIComponent(token).replace(/%2B|%3D/g, decodeURIComponent)],
  ['with every character escaped', escapeAll(token)],
  ['URL-encoded twice', encodeURIComponent(encodeURIComponent(token))],
  ['URL-encoded twice, with lower-case digits', lowerCase(encodeURIComponent(encodeURIComponent(token)))],
  ['URL-encoded three times', encodeURIComponent(encodeURIComponent(encodeURIComponent(token)))],
  ['in base64', Buffer.from(token).toString('base64')],
  ['in base64 of a longer text', Buffer.from(`x${token}`).toString('base64url')],
  ['in URL-encoded base64', lowerCase(encodeURIComponent(Buffer.from(`>>>${token}`).toString('base64')))],
])('hides a secret %s', (_, spelled) => {
  const known = knowing(token)
  const said = `AWS says: token=${spelled}; 100%, %zz, %2, a%2fb`
  const redacted = known.redact(said)
  expect(redacted).toMatch(/^AWS says: token=[\w%]*\*\*\*[\w%=]*; 100%, %zz, %2, a%2fb$/)
  expect(leaksIn(redacted, [token])).toEqual([])
  expect(known.findOrigin(said)).toBe('ORIGIN-0')
})

it('hides only the secret, and keeps every other byte of the text', () => {
  const around = '%2f %2F % %zz %e9 %C3%A9 é 😀 %25 %252f 100%'
  expect(knowing(token).redact(`${around}&${encodeURIComponent(token)}&${around}`)).toBe(`${around}&***&${around}`)
})

it.each(['', 'plain', '%', '%%%', '%2', '%zz', 'half a pair \ud83d', `not ${token.slice(0, -1)}`, '%25%32%35'])(
  'leaves a text without a secret as it is: %j',
  (text) => {
    expect(knowing(token).redact(text)).toBe(text)
    expect(knowing(token).findOrigin(text)).toBeUndefined()
  },
)

it('hides a secret of characters of several bytes, whichever of them are escaped', () => {
  const password = 'pässwörd/会社/😀'
  for (const spelled of [password, encodeURI(password), lowerCase(encodeURIComponent(password)), escapeAll(password)]) {
    expect(knowing(password).redact(`a ${spelled} é`)).toBe('a *** é')
  }
  expect(knowing(password).redact('a p%c3%a4sswörd/%e4%bc%9a社/😀 é')).toBe('a *** é')
})

it.each([
  ['%', 'abcd/efghijkl'],
  ['%4', 'abcd/efghijkl'],
  ['%2', '5252/efghijkl'],
  ['100%25', '25ab/efghijkl'],
])('hides a secret after %j, which could read its first characters as the digits of an escape', (before, secret) => {
  for (const spelled of [secret, secret.replace('/', '%2f'), escapeAll(secret)]) {
    expect(knowing(secret).redact(`${before}${spelled} rest`)).toBe(`${before}*** rest`)
  }
})

it.each(['p%40ss%word', '100%-secret', 'secret-of-100%', 'secret-of-%4', '%25%25%25%25'])(
  'hides a secret that has a percent sign itself: %j',
  (secret) => {
    for (const spelled of [secret, encodeURIComponent(secret), escapeAll(secret)]) {
      const redacted = knowing(secret).redact(`a ${spelled}12 b`)
      expect(redacted).toBe('a ***12 b')
    }
  },
)

it('hides each of two secrets that overlap, or that contain one another, to its last character', () => {
  const known = knowing('abcdefgh12', 'gh12345678', 'h1234567')
  expect(known.redact('x abcdefgh12345678 abcdefgh12 h1234567x')).toBe('x *** *** ***x')
})

it('does not hide secrets of fewer than 8 bytes', () => {
  expect(knowing('1234567').redact('1234567 MTIzNDU2Nw==')).toBe('1234567 MTIzNDU2Nw==')
  expect(knowing('1234567é').redact('1234567é')).toBe('***')
})

it('names the origin of a secret, and the outputs that would hold it with what to do', () => {
  const known = knowing('first-secret', 'second-secret')
  expect(known.findOrigin('a second%2dsecret')).toBe('ORIGIN-1')
  known.add('second-secret', 'ANOTHER')
  expect(known.findOrigin('a second-secret')).toBe('ORIGIN-1')
  const found = [
    { output: 'output plan', origin: 'A' },
    { output: 'output tables', origin: 'B' },
    { output: 'output users', origin: 'A' },
  ]
  expect(secretInOutputs(found)).toMatchObject({
    name: 'RemedyError',
    message: 'The secret A, B occurs in what later steps would read: output plan, output tables, output users.',
    remedy: expect.stringContaining('Choose another value for the secret'),
  })
})

const mebibyte = 1024 * 1024

it.each([
  ['percent signs', '%'],
  ['escapes of percent signs', '%25'],
  ['escapes of digits', '%%32%35'],
  ['beginnings of the secret', token.slice(0, -1)],
  ['escaped beginnings of the secret', escapeAll(token.slice(0, -1))],
  ['one escape, escaped as often as it can be', '25'],
])('reads 1 MiB of %s in linear time', (_, piece) => {
  const text = `%${piece.repeat(mebibyte / piece.length)}`
  // In quadratic time it would take hours.
  expect(knowing(token).redact(text)).toBe(text)
})
