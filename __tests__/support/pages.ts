/** The Markdown pages of the repository: their headings, links and code blocks, for tests. */
import { readdirSync, readFileSync } from 'node:fs'

const root = new URL('../../', import.meta.url)

/** Folders whose content is downloaded or built. */
const skipped = ['node_modules', 'dist', 'lib', 'coverage', '.git']

/** The paths of every page, from the root of the repository. */
export const pages: readonly string[] = pagesBelow('')

function pagesBelow(folder: string): readonly string[] {
  return readdirSync(new URL(folder, root), { withFileTypes: true })
    .flatMap((entry) => {
      if (entry.isDirectory()) return skipped.includes(entry.name) ? [] : pagesBelow(`${folder}${entry.name}/`)
      return entry.name.endsWith('.md') ? [`${folder}${entry.name}`] : []
    })
    .sort()
}

/** @param path from the root of the repository */
export function read(path: string): string {
  return readFileSync(new URL(path, root), 'utf8')
}

export interface CodeBlock {
  readonly page: string
  /** Line of the page that opens the block, from 1. */
  readonly line: number
  /** Empty if the page names none. */
  readonly language: string
  readonly text: string
  /** The heading above the block, without its signs. */
  readonly heading: string
  /** The text of the page after the block. */
  readonly next: string
}

/** Every fenced code block of a page, in order. */
export function codeBlocksOf(page: string): readonly CodeBlock[] {
  const text = read(page)
  return [...text.matchAll(/^( *)```(.*)\n([\s\S]*?)^\1```$/gm)].map((match) => {
    const [fenced, indent = '', language = '', block = ''] = match
    const before = text.slice(0, match.index)
    return {
      page,
      line: before.split('\n').length,
      language,
      text: block.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
      heading: headingsIn(before).at(-1) ?? '',
      next: text.slice(match.index + fenced.length),
    }
  })
}

/** @throws {Error} if the page has no block, or several blocks, of the language under the heading */
export function codeBlockUnder(page: string, heading: string, language: string): string {
  const blocks = codeBlocksOf(page).filter((block) => block.heading === heading && block.language === language)
  const [{ text } = { text: undefined }] = blocks
  if (text === undefined || blocks.length > 1) {
    throw new Error(`${page} has ${blocks.length} blocks of ${language} under the heading "${heading}", not one.`)
  }
  return text
}

/** The rows of the tables under a heading and its subheadings, as cells, without the headers of the tables. */
export function rowsUnder(page: string, heading: string): readonly (readonly string[])[] {
  const lines = withoutCode(read(page)).split('\n')
  const start = lines.findIndex((line) => /^#+ /.test(line) && line.replace(/^#+ /, '') === heading)
  if (start === -1) throw new Error(`${page} has no heading "${heading}".`)
  const level = lines[start]?.indexOf(' ') ?? 0
  const length = lines.slice(start + 1).findIndex((line) => new RegExp(`^#{1,${level}} `).test(line))
  const section = lines.slice(start + 1, length === -1 ? undefined : start + 1 + length)
  const isRow = (line = '') => line.startsWith('|')
  return section
    .filter((line, index) => isRow(line) && isRow(section[index - 1]) && !/^[|\s-]+$/.test(line))
    .map((row) => row.split('|').slice(1, -1))
    .map((cells) => cells.map((cell) => cell.trim()))
}

/** The anchors that GitHub gives the headings of a page. A heading that is repeated gets a number. */
export function anchorsOf(page: string): ReadonlySet<string> {
  const anchors = new Set<string>()
  for (const heading of headingsIn(read(page))) {
    const anchor = heading
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-')
    let repeated = 0
    while (anchors.has(repeated === 0 ? anchor : `${anchor}-${repeated}`)) repeated += 1
    anchors.add(repeated === 0 ? anchor : `${anchor}-${repeated}`)
  }
  return anchors
}

/** The targets of all links and pictures of a page that are not addresses of the web. */
export function relativeLinksOf(page: string): readonly string[] {
  const text = withoutCode(read(page))
  const inMarkdown = text.matchAll(/\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g)
  const references = text.matchAll(/^\[[^\]]+\]:\s*<?(\S+?)>?(?:\s|$)/gm)
  const inHtml = text.matchAll(/\b(?:href|src|srcset)="([^"\s]+)[^"]*"/g)
  return [...inMarkdown, ...references, ...inHtml]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target))
}

function headingsIn(text: string): readonly string[] {
  return [...withoutCode(text).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => heading)
}

function withoutCode(text: string): string {
  return text.replace(/^( *)```[\s\S]*?(?:^\1```$|(?![\s\S]))/gm, '')
}
