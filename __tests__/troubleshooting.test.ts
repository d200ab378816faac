/** docs/troubleshooting.md has an entry for every message of the action, and no other entry. */
import { readdirSync, readFileSync } from 'node:fs'
import { findMessages, findRemedies, type Message } from './support/messages.ts'

const lines = readFileSync('docs/troubleshooting.md', 'utf8').split('\n')

/** The beginnings of messages: the code in a heading, and in the first cells of a table of messages or reasons. */
const entries = lines.flatMap((line, index) => {
  const above = lines.slice(0, index + 1)
  const [head = ''] = above.slice(above.findLastIndex((each) => !each.startsWith('|')) + 1)
  const isRow = /^\| (?:message|reason) \|/.test(head) && line.startsWith('| `')
  const text = line.startsWith('### ') ? line : isRow ? (line.split(/(?<!\\) \|/)[0] ?? '') : ''
  return [...text.matchAll(/`([^`]+)`/g)].map(([, entry = '']) => entry.replaceAll('\\|', '|'))
})

/** Texts that are printed only inside of a message that has an entry, or after it. */
const continuations: readonly string[] = [
  'Begin with one of ….',
  '… --help lists the flags.',
  '… Did you mean the command plan?',
  '… Did you mean --…?',
  '… Set the environment variable ….',
  '… It must be ….',
  '… Put it in quotes.',
  '… Did you mean …?',
  'Did you mean …?',
  '… It has ….',
  '… , whose type is …. DynamoDB deletes only items whose attribute is a number, so it deletes none.',
  '… , which is part of the primary key: the time of an item can never be changed.',
  '…:…:…: and ….',
  '… This is so in the environment ….',
  '… It was waiting for ….',
  '…\nTo fix: Give the job "permissions: { pull-requests: write, contents: read }". A pull request from a fork has a token that can only read.',
  '… a table has at most …, and the action adds …. Give … or fewer',
  '…, but is …. Give an account id, or leave it out.',
  '…, but is ….',
  '…, but has ….…',
  '… : it answered with status …',
  '… …. Give the output plan of the run that was reviewed, as it is.',
  'There are ….',
  '… Turning it off loses the restore window: turned on again, the window starts empty.',
  'Changes of items until the new stream is on are in neither. The new stream has another ARN, to which its consumers must be moved',
  'Adoption would change: ….',
  'It has no tags that could name its owner.',
  'Its tags may name its owner: ….',
  'An index is deleted if the definition declares GlobalSecondaryIndexes without it: [] deletes every index.',
]

const found = findMessages()
const messages = found.filter(({ text }) => !continuations.includes(text))

/** The longest entry that the message begins with. */
function entryOf({ text }: Message): string | undefined {
  const [longest] = entries.filter((entry) => text.startsWith(entry)).sort((left, right) => right.length - left.length)
  return longest
}

it('every error, refusal and warning in the sources has an entry that it begins with', () => {
  expect(messages.length).toBeGreaterThan(200)
  const missing = messages.filter((message) => entryOf(message) === undefined)
  expect(missing.map(({ file, text }) => `${file}: ${text}`)).toEqual([])
})

it('every entry is the beginning of a message that exists', () => {
  expect(new Set(entries).size).toBe(entries.length)
  const used = new Set(messages.map(entryOf))
  expect(entries.filter((entry) => !used.has(entry))).toEqual([])
})

it('every remedy begins with a capital letter, as the other sentences of a message do', () => {
  const remedies = findRemedies()
  expect(remedies.length).toBeGreaterThan(30)
  expect(remedies.filter(({ text }) => /^[a-z]/.test(text))).toEqual([])
  expect(found.filter(({ text }) => /To fix: [a-z]/.test(text))).toEqual([])
})

it('every text that needs no entry exists', () => {
  const texts = found.map(({ text }) => text)
  expect(continuations.filter((text) => !texts.includes(text))).toEqual([])
})

it('the search in the syntax tree finds every error, reason and problem that a search in the text finds', () => {
  const texts = found.map(({ text }) => text)
  const written = readdirSync('src', { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.startsWith('report'))
    .flatMap((file) => [
      ...readFileSync(`src/${file}`, 'utf8').matchAll(
        /(?:new (?:Remedy|Stopped|GitHub)Error\(\s*|\b(?:reason|message): |\breport\([^'"`\n]*)(['"`])([^'"`$\\]{20,})/g,
      ),
    ])
    .map(([, , beginning = '']) => beginning)
    // The source of credentials and the rule for production, in the log.
    .filter((text) => !/^credential-source is/.test(text))
  expect(written.length).toBeGreaterThan(60)
  expect(written.filter((beginning) => !texts.some((text) => text.includes(beginning)))).toEqual([])
})
