/** Holds the imports of src/ to its layers. */
import { readdirSync, readFileSync } from 'node:fs'

const sources = new URL('../src/', import.meta.url)
const files = readdirSync(sources, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .sort()

function sourceOf(file: string): string {
  return readFileSync(new URL(file, sources), 'utf8')
}

interface Import {
  /** A package, or a path from src/. */
  readonly from: string
  readonly isType: boolean
}

function importsIn(source: string, file: string): readonly Import[] {
  const statement = /(?:^(?:import|export) (type )?[^;']*?from |^import |import\s*\(\s*(?:\/\*.*?\*\/\s*)?)'([^']+)'/gm
  return [...source.matchAll(statement)].map(([, type, from = '']) => ({
    from: from.startsWith('.') ? new URL(from, new URL(file, 'file:///')).pathname.slice(1) : from,
    isType: type !== undefined,
  }))
}

/** The folder below src/ that holds the file, or a folder of it; empty for a file of src/ itself. */
function layerOf(path: string): string {
  return path.includes('/') ? path.slice(0, path.indexOf('/')) : ''
}

/** Each folder may import itself and the folders before it. */
const layers = [
  'text',
  'errors',
  'run',
  'table',
  'definition',
  'plan',
  'network',
  'aws',
  'inputs',
  'apply',
  'report',
  'github',
  'command-line',
  // main.ts and index.ts
  '',
]

/** Folders of values in, values out: no SDK, clock, randomness, environment or network. */
const pureFolders = ['text', 'errors', 'table', 'definition', 'plan', 'inputs', 'report']

/** A hash, a validation and a parser depend on their arguments alone. */
const pureModules = ['node:crypto', 'valibot', 'yaml']

it('names a layer for every folder of src', () => {
  const folders = new Set(files.map((file) => layerOf(file)))
  expect([...folders].sort()).toEqual([...layers].sort())
})

it.each(files)('%s imports its own layer and the layers below it only', (file) => {
  const below = layers.slice(0, layers.indexOf(layerOf(file)) + 1)
  const inside = importsIn(sourceOf(file), file).filter(({ from }) => from.endsWith('.ts'))
  expect(inside.filter(({ from }) => !below.includes(layerOf(from)))).toEqual([])
})

it.each(files.filter((file) => pureFolders.includes(layerOf(file))))('%s has no effects', (file) => {
  const effects = importsIn(sourceOf(file), file).filter(
    ({ from, isType }) => !isType && !from.endsWith('.ts') && !pureModules.includes(from),
  )
  expect(effects).toEqual([])
  expect(sourceOf(file)).not.toMatch(/\b(process|Date\.now|Math\.random|setTimeout|fetch)\b[.(]/)
})

it.each([
  ['@aws-sdk/client-dynamodb', ['aws/commands.ts']],
  ['aws/commands.ts', ['aws/dynamodb.ts']],
  ['@aws-sdk/client-kms', ['aws/kms-commands.ts']],
  ['aws/kms-commands.ts', ['aws/kms.ts']],
  ['@aws-sdk/client-sts', ['aws/connections.ts', 'aws/session.ts']],
  ['@actions/core', ['github/toolkit.ts']],
  ['github/toolkit.ts', ['github/runner.ts']],
  ['@actions/github', ['github/api.ts']],
  ['yaml', ['command-line/help.ts', 'definition/file-tree.ts']],
  ['definition/file-tree.ts', ['definition/form.ts', 'definition/read-definition.ts']],
  ['definition/form.ts', ['definition/read-definition.ts']],
  ['definition/fields.ts', ['definition/form.ts', 'definition/read-definition.ts', 'definition/rules.ts']],
  ['definition/rules.ts', ['definition/read-definition.ts']],
  ['definition/read-definition.ts', ['inputs/definition-file.ts']],
  ['command-line/command.ts', ['index.ts']],
  ['command-line/help.ts', ['command-line/command.ts']],
])('%s is loaded by %j only', (name, only) => {
  const isOfPackage = (from: string) => from === name || from.startsWith(`${name}/`)
  const loading = files.filter((file) =>
    importsIn(sourceOf(file), file).some(({ from, isType }) => !isType && isOfPackage(from)),
  )
  expect(loading).toEqual(only)
})

it('finds imports in every form', () => {
  const source =
    "import type { A } from 'a'\nimport {\n  B,\n} from 'b'\nimport 'c'\nexport * from 'd'\nawait import('e')\nawait import(/* late */ 'f')\nimport { g } from '../g/h.ts'"
  expect(importsIn(source, 'x/y.ts').map(({ from }) => from)).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g/h.ts'])
})

it.each([
  './commands.ts',
  './kms-commands.ts',
  './toolkit.ts',
  '@actions/github',
  '../definition/read-definition.ts',
  './command-line/command.ts',
])('%s is loaded by a dynamic import only', (name) => {
  const isStatic = new RegExp(`^import (?!type )[^;']*? from '${name}'`, 'm')
  expect(files.filter((file) => isStatic.test(sourceOf(file)))).toEqual([])
})

it('deletes a table by one step, which only a plan to destroy has', () => {
  const naming = (pattern: RegExp) => files.filter((file) => pattern.test(sourceOf(file)))
  expect(naming(/'DeleteTable'/)).toEqual(['apply/table-steps.ts'])
  expect(naming(/kind: 'delete', table/)).toEqual(['plan/destroy.ts'])
})

it('main.ts fits on one page', () => {
  const lines = sourceOf('main.ts').split('\n')
  const code = lines.filter((line) => line.trim() !== '' && !/^\s*(import|\/?\*\*?)/.test(line))
  expect(code.length).toBeLessThan(40)
})
