import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

it('the form of the destroy example writes one output, whatever is typed into it', () => {
  const example = readFileSync('examples/verify-and-destroy.yml', 'utf8')
  const [, script = ''] = /run: \|\n((?: {10}.*\n)+)/.exec(example) ?? []
  const output = join(mkdtempSync(join(tmpdir(), 'form-')), 'output')
  const NAMES = 'dev-tenant end-of-names other=x names<<end-of-names dev-users'
  execFileSync('bash', ['-euo', 'pipefail', '-c', script], { env: { ...process.env, NAMES, GITHUB_OUTPUT: output } })
  const [first = '', ...lines] = readFileSync(output, 'utf8').trimEnd().split('\n')
  expect(first).toMatch(/^names<<[0-9a-f]{32}$/)
  expect(lines).toEqual([...NAMES.split(' '), first.slice('names<<'.length)])
})
