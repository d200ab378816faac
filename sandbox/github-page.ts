/** GitHub's view of a comment or a job summary, as a page that needs no network. */
import { micromark } from 'micromark'
import { gfm, gfmHtml } from 'micromark-extension-gfm'

export type ColorScheme = 'light' | 'dark'

interface Page {
  /** Stands in the bar above the content, as in `github-actions bot commented`. Plain text. */
  readonly title: string
  readonly markdown: string
  /** Default: the scheme that the reader's browser asks for. */
  readonly scheme?: ColorScheme
}

/**
 * Converts GitHub-flavoured Markdown to HTML, with alerts. HTML in the Markdown is kept: pass only Markdown of this
 * action, which escapes untrusted text.
 */
export function renderGitHubMarkdown(markdown: string): string {
  const html = micromark(markdown, {
    allowDangerousHtml: true,
    extensions: [gfm()],
    htmlExtensions: [gfmHtml()],
  })
  return html.replace(alert, (_, kind: string, separator: string) => {
    const name = kind.toLowerCase()
    const title = `${name.charAt(0).toUpperCase()}${name.slice(1)}`
    const icon = `<svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true"><path d="${icons[name]}"/></svg>`
    return `<blockquote class="alert ${name}">\n<p class="alert-title">${icon} ${title}</p>${separator === '\n' ? '\n<p>' : ''}`
  })
}

/** Renders a complete HTML page: the Markdown in GitHub's frame, fonts and colours. */
export function renderGitHubPage({ title, markdown, scheme }: Page): string {
  return `<!doctype html>
<html lang="en"${scheme === undefined ? '' : ` data-scheme="${scheme}"`}>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escapeText(title)}</title>
<style>${style}</style>
</head>
<body>
<article>
<header>${escapeText(title)}</header>
<main>
${renderGitHubMarkdown(markdown)}
</main>
</article>
</body>
</html>
`
}

/** An alert is a quote whose first line is its kind, alone. GitHub renders it only outside of lists and quotes. */
const alert = /<blockquote>\n<p>\[!(NOTE|TIP|IMPORTANT|WARNING|CAUTION)\](\n|<\/p>)/g

/** Octicons (MIT), which GitHub shows in alerts. */
const info =
  'M0 8a8 8 0 1 1 16 0A8 8 0 0 1 0 8Zm8-6.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13ZM6.5 7.75A.75.75 0 0 1 7.25 7h1a.75.75 0 0 1 .75.75v2.75h.25a.75.75 0 0 1 0 1.5h-2a.75.75 0 0 1 0-1.5h.25v-2h-.25a.75.75 0 0 1-.75-.75ZM8 6a1 1 0 1 1 0-2 1 1 0 0 1 0 2Z'
const triangle =
  'M6.457 1.047c.659-1.234 2.427-1.234 3.086 0l6.082 11.378A1.75 1.75 0 0 1 14.082 15H1.918a1.75 1.75 0 0 1-1.543-2.575Zm1.763.707a.25.25 0 0 0-.44 0L1.698 13.132a.25.25 0 0 0 .22.368h12.164a.25.25 0 0 0 .22-.368Zm.53 3.996v2.5a.75.75 0 0 1-1.5 0v-2.5a.75.75 0 0 1 1.5 0ZM9 11a1 1 0 1 1-2 0 1 1 0 0 1 2 0Z'
const octagon =
  'M4.47.22A.749.749 0 0 1 5 0h6c.199 0 .389.079.53.22l4.25 4.25c.141.14.22.331.22.53v6a.749.749 0 0 1-.22.53l-4.25 4.25A.749.749 0 0 1 11 16H5a.749.749 0 0 1-.53-.22L.22 11.53A.749.749 0 0 1 0 11V5c0-.199.079-.389.22-.53Zm.84 1.28L1.5 5.31v5.38l3.81 3.81h5.38l3.81-3.81V5.31L10.69 1.5ZM8 4a.75.75 0 0 1 .75.75v3.5a.75.75 0 0 1-1.5 0v-3.5A.75.75 0 0 1 8 4Zm0 8a1 1 0 1 1 0-2 1 1 0 0 1 0 2Z'
const icons: Readonly<Record<string, string>> = {
  note: info,
  tip: info,
  important: info,
  warning: triangle,
  caution: octagon,
}

const dark = `
  --text: #f0f6fc; --muted: #9198a1; --page: #0d1117; --bar: #151b23; --border: #3d444d; --row: #151b23;
  --code: #656c7633; --block: #151b23; --link: #4493f8;
  --note: #4493f8; --tip: #3fb950; --important: #ab7df8; --warning: #d29922; --caution: #f85149;
  color-scheme: dark;`

/** The colours and sizes of GitHub's own style sheet for Markdown. */
const style = `
:root {
  --text: #1f2328; --muted: #59636e; --page: #ffffff; --bar: #f6f8fa; --border: #d1d9e0; --row: #f6f8fa;
  --code: #818b981f; --block: #f6f8fa; --link: #0969da;
  --note: #0969da; --tip: #1a7f37; --important: #8250df; --warning: #9a6700; --caution: #cf222e;
  color-scheme: light;
}
@media (prefers-color-scheme: dark) { :root:not([data-scheme]) {${dark} } }
:root[data-scheme='dark'] {${dark} }
* { box-sizing: border-box; }
body {
  margin: 0; padding: 16px; background: var(--page); color: var(--text);
  font: 14px/1.5 -apple-system, BlinkMacSystemFont, 'Segoe UI', 'Noto Sans', Helvetica, Arial, sans-serif, 'Apple Color Emoji', 'Segoe UI Emoji', 'Noto Color Emoji';
}
article { max-width: 980px; margin: 0 auto; border: 1px solid var(--border); border-radius: 6px; }
header { padding: 8px 16px; background: var(--bar); color: var(--muted); border-bottom: 1px solid var(--border); border-radius: 6px 6px 0 0; }
main { padding: 16px; overflow-wrap: break-word; }
main > :first-child { margin-top: 0; }
main > :last-child { margin-bottom: 0; }
p, ul, ol, table, pre, details, blockquote { margin: 0 0 16px; }
h1, h2, h3, h4 { margin: 24px 0 16px; font-weight: 600; line-height: 1.25; }
h1, h2 { padding-bottom: .3em; border-bottom: 1px solid var(--border); }
h1 { font-size: 2em; }
h2 { font-size: 1.5em; }
h3 { font-size: 1.25em; }
h4 { font-size: 1em; }
ul, ol { padding-left: 2em; }
a { color: var(--link); text-decoration: none; }
a:hover { text-decoration: underline; }
code, pre { font-family: ui-monospace, SFMono-Regular, 'SF Mono', Menlo, Consolas, 'Liberation Mono', monospace; font-size: 85%; }
code { padding: .2em .4em; background: var(--code); border-radius: 6px; white-space: break-spaces; }
pre { padding: 16px; overflow: auto; background: var(--block); border-radius: 6px; line-height: 1.45; color: var(--text); }
pre code { padding: 0; background: none; font-size: 100%; white-space: pre; }
table { display: block; width: max-content; max-width: 100%; overflow: auto; border-collapse: collapse; }
th, td { padding: 6px 13px; border: 1px solid var(--border); }
th { font-weight: 600; }
tr:nth-child(2n) td { background: var(--row); }
blockquote { padding: 0 1em; color: var(--muted); border-left: .25em solid var(--border); }
blockquote > :last-child { margin-bottom: 0; }
.alert { padding: 8px 16px; color: inherit; border-color: var(--color); }
.alert-title { display: flex; align-items: center; gap: 8px; font-weight: 500; line-height: 1; color: var(--color); }
.alert svg { fill: currentColor; }
.note { --color: var(--note); }
.tip { --color: var(--tip); }
.important { --color: var(--important); }
.warning { --color: var(--warning); }
.caution { --color: var(--caution); }
summary { cursor: pointer; }
details > summary + * { margin-top: 8px; }
`

function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}
