/** GitHub-flavoured Markdown as a reader on GitHub sees it, rendered by a third-party library. */
import { renderGitHubMarkdown } from '../../sandbox/github-page.ts'

export interface RenderedMarkdown {
  readonly html: string
  /** Opening tags in the order of their appearance, each once. */
  readonly elements: readonly string[]
  readonly links: readonly string[]
  /** The rows of every table, as the text of their cells. */
  readonly rows: readonly (readonly string[])[]
  /** The text of every code block, as its copy button copies it. */
  readonly blocks: readonly string[]
  /** The text without tags and comments, with entities decoded. */
  readonly text: string
}

export function renderAsGitHub(markdown: string): RenderedMarkdown {
  // GitHub renders HTML and then removes what it does not allow. A page may contain none that GitHub would keep.
  const html = renderGitHubMarkdown(markdown)
  const shown = html.replace(/<!--[\s\S]*?-->/g, '')
  const elements = [...shown.matchAll(/<([a-z][a-z0-9]*)/gi)].map(([, name = '']) => name.toLowerCase())
  const rows = [...shown.matchAll(/<tr>([\s\S]*?)<\/tr>/g)].map(([, row = '']) =>
    [...row.matchAll(/<t[hd]>([\s\S]*?)<\/t[hd]>/g)].map(([, cell = '']) => textOf(cell)),
  )
  return {
    html,
    elements: [...new Set(elements)],
    links: [...shown.matchAll(/\b(?:href|src)="([^"]*)"/g)].map(([, link = '']) => link),
    rows,
    blocks: [...shown.matchAll(/<pre><code[^>]*>([\s\S]*?)<\/code><\/pre>/g)].map(([, block = '']) =>
      textOf(block).replace(/\n$/, ''),
    ),
    text: textOf(shown),
  }
}

const named: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"' }

function textOf(html: string): string {
  return html
    .replace(/<[^>]*>/g, '')
    .replace(/&(?:#(\d+)|(\w+));/g, (entity, code: string | undefined, name: string | undefined) =>
      code === undefined ? (named[name ?? ''] ?? entity) : String.fromCodePoint(Number(code)),
    )
}
