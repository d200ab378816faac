/** Results -> docs/performance.md and its chart. Pure. */
import type { Spread } from './measure.ts'
import type { Duel, Results, Row } from './results.ts'

export function renderDocument(results: Results): string {
  const { noOp, noOpWithConnections, creations, moto, scale } = results
  return `# How fast it is

Made by \`npm run bench\` on ${results.date}: ${results.machine}, ${results.rounds} rounds in turn. Times are medians with
their spread (least to most), and belong to that machine; ratios are taken round by round. Calls and depth (requests one
after another) do not depend on the machine, and are asserted in tests. On a slower processor the ratios to the floor are
larger: [decision 7](decisions/0007-what-makes-it-fast.md#on-a-slower-machine).

<picture>
  <source media="(prefers-color-scheme: dark)" srcset="performance-dark.svg">
  <img alt="Wall time of a run that has nothing to do" src="performance-light.svg">
</picture>

## Nothing to do, one assumed role, ${noOp.latencyMilliseconds} ms a request

${renderDuel(noOp)}

The floor logs in and makes the same six reads with \`node:http\` and signatures by hand. It checks and tells nothing.

## The same, and ${noOpWithConnections.connectionMilliseconds} ms to open a connection

${renderDuel(noOpWithConnections)}

The connections to DynamoDB are opened while STS answers, so they cost the run next to nothing.

## First run, the tables CREATING for ${creations[0]?.creatingSeconds} s

${table(
  ['', 'wasted after ACTIVE, s: mean', 'median and spread', 'calls'],
  creations.map(({ name, wasteSeconds, calls }) => [
    name,
    wasteSeconds.mean.toFixed(2),
    spread(wasteSeconds, 2),
    spread(calls, 0),
  ]),
)}
${moto === undefined ? '' : `\n## Beside the field, on moto behind a proxy of ${moto.latencyMilliseconds} ms, nothing to do\n\n${renderDuel(moto)}\n\nTools that this machine has; on moto, because the sandbox knows no CloudFormation.\n`}
## Many tables

${table(
  ['tables', 'first run: calls', 'throttled', 'wall, s', 'nothing to do: calls', 'depth', 'wall, s'],
  scale.map(({ tables, firstRun, noOp: second }) => [
    String(tables),
    String(firstRun.calls),
    String(firstRun.throttled),
    seconds(firstRun.wallMilliseconds),
    String(second.calls),
    String(second.depth),
    seconds(second.wallMilliseconds),
  ]),
)}

Synthetic tables that take a second to be created, in an account that throttles more than six writes at once.

The sandbox itself takes ${spread(results.sandboxMilliseconds, 1)} ms for a request.
`
}

function renderDuel({ rows }: Duel): string {
  return table(
    ['', 'wall, ms', `÷ ${rows[0]?.name.split(':')[0]}`, 'peak, MB', 'calls', 'depth'],
    rows.map(({ name, wallMilliseconds, ratio, peakMegabytes, calls, depth }) => [
      name,
      spread(wallMilliseconds, 0),
      spread(ratio, 2),
      peakMegabytes === undefined ? '' : spread(peakMegabytes, 0),
      calls === undefined ? '' : String(calls),
      depth === undefined ? '' : String(depth),
    ]),
  )
}

function spread({ median, least, most }: Spread, digits: number): string {
  return `${median.toFixed(digits)} (${least.toFixed(digits)} to ${most.toFixed(digits)})`
}

function seconds(milliseconds: number): string {
  return (milliseconds / 1000).toFixed(2)
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

const themes = {
  light: { text: '#1f2328', bar: '#8c959f', own: '#0969da', back: '#ffffff' },
  dark: { text: '#e6edf3', bar: '#6e7681', own: '#4493f8', back: '#0d1117' },
} as const

/** Bars of wall time, a run that has nothing to do: the sandbox's contestants, then the field's. */
export function renderChart({ noOp, moto }: Results, theme: keyof typeof themes): string {
  const { text, bar, own, back } = themes[theme]
  const rows: readonly Row[] = [
    ...noOp.rows,
    ...(moto?.rows ?? []).map((row) => ({ ...row, name: `${row.name} (moto)` })),
  ]
  const longest = Math.max(...rows.map(({ wallMilliseconds }) => wallMilliseconds.median))
  const lines = rows.map(({ name, wallMilliseconds: { median } }, index) => {
    const y = 40 + index * 28
    const width = Math.max(1, (median / longest) * 380)
    return `  <text x="270" y="${y + 14}" text-anchor="end">${escapeXml(name)}</text>
  <rect x="280" y="${y}" width="${width.toFixed(1)}" height="20" rx="3" fill="${name.startsWith('this action') ? own : bar}"/>
  <text x="${(288 + width).toFixed(1)}" y="${y + 14}">${median.toFixed(0)} ms</text>`
  })
  const height = 52 + rows.length * 28
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 740 ${height}" font-family="system-ui, sans-serif" font-size="13" fill="${text}">
  <title>Wall time of a run that has nothing to do, this action beside others</title>
  <rect width="740" height="${height}" fill="${back}"/>
  <text x="16" y="24" font-weight="600">Wall time of a run that has nothing to do, 40 ms a request (median)</text>
${lines.join('\n')}
</svg>
`
}

function escapeXml(value: string): string {
  return value.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`)
}
