/** The rules of the house, as imports. */
import { readdirSync, readFileSync } from 'node:fs'

const sources = new URL('../src/', import.meta.url)
const files = readdirSync(sources).filter((name) => name.endsWith('.ts'))

function importsOf(file: string): readonly string[] {
  return importsIn(readFileSync(new URL(file, sources), 'utf8'))
}

function importsIn(source: string): readonly string[] {
  return [...source.matchAll(/(?:from|import)\s*\(?\s*(?:\/\*.*?\*\/\s*)?'([^']+)'/g)].map(([, name = '']) => name)
}

/** No SDK, no clock, no environment: these are values in, values out. */
const pure = [
  'table.ts',
  'errors.ts',
  'failures.ts',
  'definitions.ts',
  'plain-text.ts',
  'redaction.ts',
  'markdown.ts',
  'input-reader.ts',
  'production.ts',
  'unknown-inputs.ts',
  'command-inputs.ts',
  'tag-inputs.ts',
  'session-inputs.ts',
  'sdk-settings.ts',
  'inputs.ts',
  'place.ts',
  'items.ts',
  'diff.ts',
  'plan.ts',
  'permissions.ts',
  'denials.ts',
  'unreachable.ts',
  'credential-errors.ts',
  'default-chain-errors.ts',
  'adoption.ts',
  'policy.ts',
  'replicas.ts',
  'destroy.ts',
  'planner.ts',
  'plan-document.ts',
  'review.ts',
  'report.ts',
  'summary.ts',
  'comment.ts',
  'pull-request.ts',
  'tenant-access.ts',
]

/** A hash of what it is given is nothing but that. */
const pureModules = ['node:crypto']

it.each(pure)('%s is pure: it imports only what is pure', (file) => {
  const allowed = [...pure.map((name) => `./${name}`), ...pureModules]
  expect(importsOf(file).filter((name) => !allowed.includes(name))).toEqual([])
  const source = readFileSync(new URL(file, sources), 'utf8')
  expect(source).not.toMatch(/\b(process|Date\.now|Math\.random|setTimeout|fetch)\b[.(]/)
})

it.each([
  ['table.ts', []],
  ['errors.ts', []],
  ['plain-text.ts', []],
  ['tenant-access.ts', []],
  ['pull-request.ts', []],
])('%s imports nothing', (file, imports) => expect(importsOf(file)).toEqual(imports))

it.each([
  ['@aws-sdk/client-dynamodb', ['dynamodb-answers.ts', 'dynamodb.ts', 'item-store.ts']],
  ['@aws-sdk/client-sts', ['connections.ts', 'credentials.ts']],
  ['@actions/core', ['runner.ts']],
  ['@actions/github', ['github.ts']],
])('%s is imported by %j alone', (name, only) => {
  // What lies below a package, such as `@actions/core/lib/command`, is the package too.
  const isOfPackage = (from: string) => from === name || from.startsWith(`${name}/`)
  expect(files.filter((file) => importsOf(file).some(isOfPackage))).toEqual(only)
})

it('imports are found in every form that they have', () => {
  const source =
    "import type { A } from 'a'\nimport {\n  B,\n} from 'b'\nimport 'c'\nexport * from 'd'\nawait import('e')\nawait import(/* late */ 'f')"
  expect(importsIn(source)).toEqual(['a', 'b', 'c', 'd', 'e', 'f'])
})

it("DynamoDB's SDK is loaded by dynamodb.ts, late; others name its types", () => {
  const importing = (pattern: RegExp) =>
    files.filter((file) => pattern.test(readFileSync(new URL(file, sources), 'utf8')))
  expect(importing(/^import (?!type )[^;]*? from '@aws-sdk\/client-dynamodb'/m)).toEqual([])
  expect(importing(/import\((\/\*.*?\*\/ )?'@aws-sdk\/client-dynamodb'/)).toEqual(['dynamodb.ts'])
})

it('Octokit is loaded when a comment is wanted, and not before', () => {
  expect(readFileSync(new URL('github.ts', sources), 'utf8')).not.toMatch(/from '@(actions\/github|octokit)/)
})

it('a table is deleted in one place, for one step, which only a plan to destroy has', () => {
  const naming = (pattern: RegExp) => files.filter((file) => pattern.test(readFileSync(new URL(file, sources), 'utf8')))
  expect(naming(/\bDeleteTable(Command|Input)\b/)).toEqual(['dynamodb.ts'])
  expect(naming(/\.deleteTable\(/)).toEqual(['apply.ts'])
  expect(naming(/action: 'delete-table', table/)).toEqual(['destroy.ts'])
})

it('main.ts reads in one look', () => {
  const lines = readFileSync(new URL('main.ts', sources), 'utf8').split('\n')
  const code = lines.filter((line) => line.trim() !== '' && !/^\s*(import|\/?\*\*?)/.test(line))
  expect(code.length).toBeLessThan(40)
})
