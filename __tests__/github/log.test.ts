import { cutAnnotation, escapeLine, hasColours, paint } from '../../src/github/log.ts'
import { parseCommands } from '../support/runner.ts'

it.each([
  '::error::x',
  '  ::add-mask::x',
  '##[error]x',
  'text ##[add-mask]x',
  'a\n::error::x',
  'a\r::error::x',
  'a\u2028::error::x',
  '\u0085::error::x',
  ':::error::x',
])('keeps a line from starting a workflow command: %j', (line) => {
  expect(parseCommands(escapeLine(line))).toEqual([])
  expect(escapeLine(line)).not.toMatch(/[\n\r\u2028]/)
})

it.each([
  ['a right-to-left override', 'admin\u202Etxt.exe', 'admin\\u{202e}txt.exe'],
  ['an isolate', 'a\u2066b\u2069', 'a\\u{2066}b\\u{2069}'],
  ['a line separator', 'a\u2028b', 'a\\u{2028}b'],
  ['an escape sequence', '\u001b[31mred', '\\u{1b}[31mred'],
  ['a zero-width space', 'a\u200bb', 'a\\u{200b}b'],
])('writes out %s', (_, line, shown) => {
  expect(escapeLine(line)).toBe(shown)
})

it('keeps colons and brackets readable, and every other line as it is', () => {
  const line = 'users: update BillingMode done in 3.0 s :: arn:aws:dynamodb'
  expect(['::error::x', '  ::x::', 'a ##[group]b##[c', line].map(escapeLine)).toEqual([
    ': :error::x',
    '  : :x::',
    'a # #[group]b# #[c',
    line,
  ])
})

it.each([
  ['success', '\u001b[32mdone\u001b[0m'],
  ['attention', '\u001b[33mdone\u001b[0m'],
  ['failure', '\u001b[31mdone\u001b[0m'],
  [undefined, 'done'],
] as const)('gives a line of the tone %s its colour', (tone, painted) => {
  expect(paint('done', tone)).toBe(painted)
})

it.each([
  [true, 'on GitHub', { GITHUB_ACTIONS: 'true' }, false],
  [true, 'in a terminal', {}, true],
  [false, 'in a file', {}, false],
  [true, 'in a file where FORCE_COLOR is set', { FORCE_COLOR: '1' }, false],
  [false, 'in a terminal where FORCE_COLOR is 0', { FORCE_COLOR: '0' }, true],
  [false, 'where NO_COLOR is set, whatever else is', { NO_COLOR: '1', FORCE_COLOR: '1', GITHUB_ACTIONS: 'true' }, true],
  [true, 'in a terminal where NO_COLOR is empty', { NO_COLOR: '' }, true],
])('has colours: %s %s', (has, _, variables, isTerminal) => {
  expect(hasColours(variables, isTerminal)).toBe(has)
})

describe('an annotation', () => {
  it('of 4096 characters is shown whole', () => {
    expect(cutAnnotation(['x'.repeat(4096)])).toBe('x'.repeat(4096))
    expect(cutAnnotation(['x'.repeat(4097)])).toBe(`${'x'.repeat(4095)}…`)
  })

  it('loses the end of its first line, which says what happened, before the lines that say what to do', () => {
    const cut = cutAnnotation(['x'.repeat(5000), 'To fix: do this.'])
    expect(cut).toHaveLength(4096)
    expect(cut).toMatch(/^x+…\nTo fix: do this\.$/)
  })

  it('keeps a quarter for the first line, however long the others are', () => {
    expect(cutAnnotation(['x'.repeat(5000), 'y'.repeat(5000)])).toBe(`${'x'.repeat(1023)}…\n${'y'.repeat(3070)}…`)
  })
})
