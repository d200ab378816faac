import { escapeLine } from '../../src/github/log.ts'
import { markdownOf } from '../../src/report/markdown.ts'
import { visible } from '../../src/text/readable.ts'
import { renderAsGitHub } from '../support/github-markdown.ts'

const { code, text, block } = markdownOf((each) => each)

describe('inline code', () => {
  it.each([
    ['a|b', '<code>a&#124;b</code>'],
    ['`x`', '<code>&#96;x&#96;</code>'],
    ['<img src=x>', '<code>&#60;img src=x&#62;</code>'],
    ['*_~[a](b)', '<code>&#42;&#95;&#126;&#91;a&#93;(b)</code>'],
    ['a\nb', '<code>a&#92;u&#123;a&#125;b</code>'],
    ['https://x www.x mailto:x', '<code>https&#58;//x www&#46;x mailto&#58;x</code>'],
    ['WWW.x MailTo:x xmpp:x', '<code>WWW&#46;x MailTo&#58;x xmpp&#58;x</code>'],
    ['a@b.example', '<code>a<wbr>&#64;b.example</code>'],
    ['Übung 日本 1', '<code>Übung 日本 1</code>'],
    ['e\u0301', '<code>e\u0301</code>'],
    [`a ,;.:'"()/=?%+-b_c`, `<code>a ,;.:'"()/=?%+-b_c</code>`],
    [' a  b ', '<code>&#92;u&#123;20&#125;a&#92;u&#123;20&#125; b&#92;u&#123;20&#125;</code>'],
  ])('starts no markup, link or mention: %j', (value, markdown) => expect(code(value)).toBe(markdown))

  it('is cut after 256 characters', () => {
    expect(code('x'.repeat(256))).toBe(`<code>${'x'.repeat(256)}</code>`)
    expect(code('x'.repeat(300))).toBe(`<code>${'x'.repeat(256)}&#8230; (300 characters)</code>`)
  })
})

describe('a sentence', () => {
  it('notifies no one and links no issue', () => {
    expect(text('@acme #1 a&b GHSA-1 gh-2')).toBe('&#64;&#8203;acme &#35;&#8203;1 a&#38;b GHSA&#8203;-1 gh&#8203;-2')
  })

  it.each(['0_www.evil.example', 'a_mailto:b@c.example', 'a_http://evil.example', 'a_gh-1'])(
    'links nothing after an underscore: %s',
    (link) => expect(renderAsGitHub(text(link)).links).toEqual([]),
  )

  it.each(['- a', '+ a', '= a', ' a', '1. a', '12) a', '#', '> a'])('starts no list, heading or quote: %j', (value) => {
    expect(renderAsGitHub(text(value))).toMatchObject({ elements: ['p'], text: value.replace('#', '#\u200b') })
  })

  it('keeps a token as it is, so that GitHub finds and hides a secret that it alone knows', () => {
    const secret = 'github_pat_11AAAAAAA0_abcdefghijklmnopqrstuvwxyz'
    expect(text(`Not an ARN: ${secret}`)).toContain(secret)
    expect(text('_a_ __b__ c_ _d')).not.toMatch(/_/)
  })

  it('is escaped in linear time', () => {
    const digits = '1'.repeat(1_000_000)
    expect(text(digits)).toBe(digits)
  })
})

describe('text in any place', () => {
  // Letters and marks that no font draws, a space that is not U+0020, and a mark that covers its neighbour.
  const blank = ['\u3164', '\uffa0', '\u115f', '\u1160', '\u034f', '\ufe0f', '\u{e0100}', '\u17b4', '\u180b', '\u2800']

  it.each([...blank, '\u00a0', '\u20dd'].map((character) => [(character.codePointAt(0) ?? 0).toString(16), character]))(
    'shows an invisible character as its number: U+%s',
    (number, character) => {
      expect(escapeLine(`prod${character}`)).toBe(`prod\\u{${number}}`)
      for (const show of [code, text]) {
        expect(renderAsGitHub(show(`prod${character}`)).text.trim()).toBe(`prod\\u{${number}}`)
      }
    },
  )

  it('shows control and direction characters, and separators, as their numbers', () => {
    expect(visible('a\u202eb\u0000\r\u2028\u2029')).toBe('a\\u{202e}b\\u{0}\\u{d}\\u{2028}\\u{2029}')
  })

  it('keeps marks within their line, and leaves human languages as they are', () => {
    expect(code(`x${'\u0301'.repeat(60)}`)).not.toMatch(/\p{M}{5}/u)
    expect(text('\u0301x')).not.toMatch(/^\p{M}/u)
    expect(text('Đặng Thị Hòa, שָׁלוֹם, ที่นี่, 会社')).toBe('Đặng Thị Hòa, שָׁלוֹם, ที่นี่, 会社')
  })

  it('loses its secrets before it is cut or escaped', () => {
    const secret = `${'s_'.repeat(150)}end`
    const redacting = markdownOf((each) => each.replaceAll(secret, '***'))
    expect(redacting.code(`a ${secret}`)).toBe('<code>a &#42;&#42;&#42;</code>')
    expect(redacting.shortText(`a ${secret}`)).toBe('a &#42;&#42;&#42;')
    expect(redacting.block([secret])).toBe('```text\n***\n```')
  })
})

describe('a code block', () => {
  it.each([
    '```',
    '````\n<img src=x>',
    '~~~',
    '</code></pre><script>',
    '@octocat #1 a@b.example',
    '<!-- x -->',
    '    ',
  ])('shows and copies any line exactly: %j', (value) => {
    const { blocks, elements, links } = renderAsGitHub(block([`sub: ${value}`, 'end']))
    expect(blocks).toEqual([`sub: ${value.replaceAll('\n', '\\u{a}')}\nend`])
    expect([elements, links]).toEqual([['pre', 'code'], []])
  })

  it('cuts a line after 8192 characters', () => {
    expect(block(['x'.repeat(10_000)])).toBe(`\`\`\`text\n${'x'.repeat(8192)}… (10000 characters)\n\`\`\``)
  })
})
