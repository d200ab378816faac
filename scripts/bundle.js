/**
 * Bundles lib/src/index.js into a folder: `node scripts/bundle.js dist`.
 *
 * 1. esbuild bundles our sources, @actions/core and the AWS SDK into lib/bundle. It drops exports that nothing uses, which
 *    ncc does not: it keeps 12 of DynamoDB's operations, and of @actions/core nothing that needs its HTTP client.
 * 2. ncc bundles lib/bundle, and the packages that esbuild leaves out, into the folder: index.js, and a file for each part
 *    that is loaded later.
 * 3. This script writes licenses.txt, and escapes what is not ASCII. A character that hides or reorders text for a reviewer
 *    cannot be in the bundle then, and V8 keeps a source of ASCII in half the memory.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'

const [folder] = process.argv.slice(2)
if (folder === undefined) throw new Error('Name the folder for the bundle: node scripts/bundle.js FOLDER')
const modules = join('lib', 'bundle')
for (const old of [modules, folder]) rmSync(old, { recursive: true, force: true })

/**
 * hpagent, undici and yaml are CommonJS and require modules of Node, which esbuild does not support in an ES module. The others
 * need undici. None has an effect when it is loaded, so esbuild may drop an import that is not used.
 */
const leftToNcc = {
  name: 'left-to-ncc',
  setup: ({ onResolve }) =>
    onResolve({ filter: /^(@actions\/(exec|github|http-client)|hpagent|yaml)(\/|$)/ }, ({ path }) => ({
      path,
      external: true,
      sideEffects: false,
    })),
}

const { metafile, outputFiles } = await build({
  entryPoints: ['lib/src/index.js'],
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'es2023',
  // The ES modules of the SDK: in its CommonJS files esbuild does not see which exports are unused.
  mainFields: ['module', 'main'],
  conditions: ['module'],
  outdir: modules,
  chunkNames: '[hash]',
  metafile: true,
  write: false,
  plugins: [leftToNcc],
})
mkdirSync(modules, { recursive: true })
for (const { path, text } of outputFiles) {
  if (text.includes('var __require =')) throw new Error(`Leave to ncc what requires modules of Node: see ${path}.`)
  // The dynamic imports of the SDK itself, most of them of credential providers: one file of the bundle, not ten.
  writeFileSync(path, text.replaceAll('import("./', 'import(/* webpackChunkName: "providers" */ "./'))
}

const report = join('lib', 'ncc-report.json')
const words = ['build', join(modules, 'index.js'), '--stats-out', report, '--no-cache', '--quiet', '-o', folder]
execFileSync(join('node_modules', '.bin', 'ncc'), words, { stdio: 'inherit' })

// ncc itself would write the licences of one file of the bundle only.
const withParts = (part) => [part.name ?? '', ...(part.modules ?? []).flatMap(withParts)]
const bundled = [...Object.keys(metafile.inputs), ...withParts(JSON.parse(readFileSync(report, 'utf8')))]
const packages = new Set(
  bundled.flatMap((path) => /node_modules\/(?:.*\/node_modules\/)?(?:@[^/]+\/)?[^/]+/.exec(path) ?? []),
)
const licenses = [...packages].sort().map((path) => {
  const { name, license } = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'))
  if (license === undefined) throw new Error(`${path}/package.json names no licence. Check whether it may be bundled.`)
  const text = readdirSync(path).find((file) => /^licen[cs]e/i.test(file))
  return [name, license, ...(text === undefined ? [] : [readFileSync(join(path, text), 'utf8').trim()])].join('\n')
})
writeFileSync(join(folder, 'licenses.txt'), `${licenses.join('\n\n')}\n`)

for (const file of readdirSync(folder).filter((name) => name.endsWith('.js'))) {
  const path = join(folder, file)
  const source = readFileSync(path, 'utf8')
  // ncc writes this for a module that it does not find.
  if (source.includes('eval("require")'))
    throw new Error(`ncc did not find a module: search eval("require") in ${path}.`)
  // Most are quotation marks in comments. In strings and patterns the escape means the same.
  const ascii = source.replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
  writeFileSync(path, ascii)
}
