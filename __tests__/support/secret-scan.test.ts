import { markdownOf } from '../../src/report/markdown.ts'
import { leaksIn } from './secret-scan.ts'

const { code, text } = markdownOf((each) => each)

// Its base64 has both characters that differ in base64url, at each of the three offsets.
const secret = 'wJalr+XUtnFEMI/K7MD?>~?>~??>~bPxRfiCYKEY'

const forms: readonly (readonly [string, string])[] = [
  ['plain', secret],
  ['base64', Buffer.from(secret).toString('base64')],
  ['base64url', Buffer.from(secret).toString('base64url')],
  ['URL encoding', encodeURIComponent(secret)],
  ['URL encoding in lower case', encodeURIComponent(secret).replace(/%../g, (code) => code.toLowerCase())],
  ['URL encoding inside a workflow command', encodeURIComponent(secret).replaceAll('%', '%25')],
  ['Markdown', text(secret)],
  ['code of Markdown', code(secret)],
  ['base64 inside a URL', encodeURIComponent(Buffer.from(secret).toString('base64'))],
  ...['', 'a', 'ab', 'abc'].flatMap((before) =>
    ['', 'z', 'yz'].flatMap((after) =>
      (['base64', 'base64url'] as const).map(
        (encoding) =>
          [
            `${encoding} of "${before}", it and "${after}"`,
            Buffer.from(`${before}${secret}${after}`).toString(encoding),
          ] as const,
      ),
    ),
  ),
]

/** Escapes every character, also those that need no escape in a URL. */
function escapeAll(text: string, times: number): string {
  const escaped = [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')
  return times === 1 ? escaped : escapeAll(escaped, times - 1)
}

const spellings: readonly (readonly [string, string, string])[] = [
  ['URL encoding, "/" left as it is', secret, encodeURIComponent(secret).replaceAll('%2F', '/')],
  ['URL encoding of every character', secret, escapeAll(secret, 1)],
  ['URL encoding of every character, three times over', secret, escapeAll(secret, 3)],
  ['URL encoding of a character of several bytes', 'pässword/😀', encodeURIComponent('pässword/😀').toLowerCase()],
  ['URL encoding after a "%"', 'abcd/efgh/ijkl', '%abcd%2fefgh/ijkl'],
  ['URL encoding after a "%4"', 'abcd/efgh/ijkl', '%4abcd%2fefgh/ijkl'],
]

it.each(spellings)('finds a secret in %s, and not where its end is missing', (_, hidden, form) => {
  expect(leaksIn(`before\nname=${form};more\nafter`, [hidden])).not.toEqual([])
  expect(leaksIn(`before\nname=${form.slice(0, -4)};more\nafter`, [hidden])).toEqual([])
})

it.each(forms)('finds a secret in %s', (_, form) => {
  expect(leaksIn(`before\nname=${form};more\nafter`, ['another-secret-of-the-job', secret])).not.toEqual([])
})

it('finds no secret in the first halves of its encodings', () => {
  const others = forms.map(([, form]) => form.slice(0, form.length / 2)).join('\n')
  expect(leaksIn(others, [secret])).toEqual([])
})

it('allows a secret in a masking command only', () => {
  expect(leaksIn(`::add-mask::${secret}\nmasked`, [secret])).toEqual([])
  expect(leaksIn(`::add-mask::${secret}\n ::add-mask::${secret}`, [secret])).toEqual([`plain: ${secret}`])
})

it('reports each encoding of a secret once', () => {
  const both = Buffer.from(secret).toString('base64')
  expect(leaksIn(`${secret} ${both} ${both}`, [secret, secret])).toEqual([
    `plain: ${secret}`,
    `base64 at byte 0 of three: ${secret}`,
  ])
})
