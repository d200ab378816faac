/**
 * Prints the section of CHANGELOG.md for a release: `node scripts/release-notes.js v1.2.3`.
 *
 * Fails if the tag is not the version of package.json, or the changelog has no section for it.
 */
import { readFileSync } from 'node:fs'

const read = (name) => readFileSync(new URL(`../${name}`, import.meta.url), 'utf8')
const [tag = ''] = process.argv.slice(2)
const { version } = JSON.parse(read('package.json'))
if (tag !== `v${version}`) throw new Error(`The tag is ${tag}, but the version of package.json is ${version}.`)

const sections = read('CHANGELOG.md').split(/^## /m)
const section = sections.find((each) => each.startsWith(`[${version}] - `))
if (section === undefined) throw new Error(`CHANGELOG.md has no section "## [${version}] - DATE".`)
const [heading = '', ...lines] = section.split('\n')
if (!/^\[[\d.]+\] - \d{4}-\d\d-\d\d$/.test(heading)) throw new Error(`"## ${heading}" has no date such as 2026-12-31.`)
const notes = lines.join('\n').trim()
if (notes === '') throw new Error(`The section of ${version} in CHANGELOG.md is empty.`)
process.stdout.write(`${notes}\n`)
