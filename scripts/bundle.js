/**
 * Bundles lib/src/index.js into a folder: `node scripts/bundle.js dist`.
 *
 * What is not ASCII is written as an escape. A character that could hide or turn what a reviewer reads cannot be in the
 * bundle then; and V8 keeps a source of ASCII in half the memory, 3 MB less in every run.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const [folder] = process.argv.slice(2)
if (folder === undefined) throw new Error('Which folder is the bundle to be in?')
const words = ['build', 'lib/src/index.js', '--license', 'licenses.txt', '--quiet', '-o', folder]
execFileSync(join('node_modules', '.bin', 'ncc'), words, { stdio: 'inherit' })

const bundle = join(folder, 'index.js')
const source = readFileSync(bundle, 'utf8')
// Most of them are quotation marks in comments; in strings and patterns the escape means the same.
writeFileSync(
  bundle,
  source.replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`),
)
