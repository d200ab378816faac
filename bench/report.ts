/** Renders docs/performance.md, its charts, and the speed block of the README. Pure. */
import type { Row } from './duel.ts'
import type { Spread } from './measure.ts'
import { loginAlone, thisActionName } from './names.ts'
import type { Duel, Results } from './results.ts'

/** The default number of rounds. With fewer, the README makes no claim. */
export const roundsForAClaim = 15

export function renderDocument(results: Results): string {
  const { noOp, creations, moto, scale, rounds } = results
  return `# Performance

Written by \`npm run bench\` on ${results.date}: ${results.machine}, ${rounds} rounds.
${rounds < roundsForAClaim ? `\n> [!WARNING]\n> ${rounds} rounds are a test of the bench. They are too few to cite.\n` : ''}
<picture>
  <source media="(prefers-color-scheme: dark)" srcset="performance-dark.svg">
  <img alt="Wall time of a run without changes" src="performance-light.svg">
</picture>

## Method

\`\`\`sh
CONFIGURE_AWS_CREDENTIALS=/checkout/of/configure-aws-credentials/dist/index.js TERRAFORM_PLUGINS=/folder/of/plugins npm run bench
\`\`\`

- Each program is started as the runner or a user starts it. Actions: \`node FILE\`, with every input of their
  \`action.yml\` and the runner's variables in the environment. Scripts and tools: their command only.
- Wall time is the time from the start of the process to its exit. The programs run in turn (A B C A B C). The first round
  is not counted. Ratios compare runs of the same round. Cells show the median and, in brackets, minimum to maximum.
- Peak memory is that of the program's largest process, as the system reports it to the parent process. It is measured
  in separate runs.
- Every request takes at least the latency of its profile. The token endpoint, STS and DynamoDB have separate addresses,
  so that each needs its own connections, as on AWS. There is no TLS, so the times do not include its processor time.
- Times depend on the machine. The number of requests and the depth (the longest chain of requests one after another) do
  not, and tests assert them. Most of a run is loading and most of the floor is waiting, so the ratio between them is
  larger on a slower processor.

## Run without changes: summary

GitHub's runner starts the action with Node 24. A ratio above 1 means that this action takes less time.

${renderSummary(noOp)}

${noOp.map((profile) => `## Run without changes: ${renderProfile(profile)}\n\n${renderDuel(profile)}`).join('\n\n')}

The floor is a lower bound: it logs in and makes the same six reads with \`node:http\` and its own signatures. It checks and
prints nothing, and opens each connection when it is needed. This action opens its connections to DynamoDB while it waits
for STS. The SDK script is not bundled. configure-aws-credentials only logs in. Its post step, which the runner starts at
the end of the job, is not measured.

## First run, with tables CREATING for ${creations[0]?.creatingSeconds} s

${table(
  ['', 'time after ACTIVE, s: mean', 'median (range)', 'requests'],
  creations.map(({ name, wasteSeconds, requests }) => [
    name,
    wasteSeconds.mean.toFixed(2),
    spread(wasteSeconds, 2),
    spread(requests, 0),
  ]),
)}
${moto === undefined ? '' : `\n## Other tools, run without changes, on moto: ${renderProfile(moto)}\n\n${renderDuel(moto)}\n\nMeasured in half as many rounds, with the tools of this machine. Measured on moto, because the sandbox has no\nCloudFormation. The other tools assume no role, so this action makes one request more.\n`}
## Many tables

${table(
  ['tables', 'first run: requests', 'throttled', 'wall, s', 'run without changes: requests', 'depth', 'wall, s'],
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

Each table is CREATING for one second, in an account that throttles more than six concurrent writes. These runs are in the
process of the bench, so their times do not include starting and loading.

The sandbox itself takes ${spread(results.sandboxMilliseconds, 1)} ms for a request.
`
}

export function renderProfile({ login, latencyMilliseconds, connectionMilliseconds, node }: Duel): string {
  const connection = connectionMilliseconds === 0 ? '' : `, ${connectionMilliseconds} ms a connection`
  return `${login}, ${latencyMilliseconds} ms a request${connection}, Node ${node}`
}

/** One row for each profile, which compares this action with the floor and with the login alone. */
function renderSummary(duels: readonly Duel[]): string {
  return table(
    ['profile', 'this action, ms', 'login alone, ms', 'login alone ÷ this action', 'floor ÷ this action'],
    duels.map((profile) => {
      const [lowest] = profile.rows
      const login = rowNamed(profile, loginAlone)
      return [
        renderProfile(profile),
        cell(rowNamed(profile, thisActionName)?.wallMilliseconds, 0),
        cell(login?.wallMilliseconds, 0),
        cell(login?.ratios[thisActionName], 2),
        cell(lowest?.ratios[thisActionName], 2),
      ]
    }),
  )
}

export function renderDuel({ rows }: Pick<Duel, 'rows'>): string {
  const yardsticks = Object.keys(rows[0]?.ratios ?? {})
  return table(
    ['', 'wall, ms', ...yardsticks.map((name) => `÷ ${shortName(name)}`), 'peak, MB', 'requests', 'depth'],
    rows.map(({ name, version, wallMilliseconds, ratios, peakMegabytes, requests, depth }) => [
      version === undefined ? name : `${name} (${version})`,
      cell(wallMilliseconds, 0),
      ...yardsticks.map((yardstick) => cell(ratios[yardstick], 2)),
      cell(peakMegabytes, 0),
      String(requests),
      depth === undefined ? '' : String(depth),
    ]),
  )
}

/** The part of a name before its explanation. */
function shortName(name: string): string {
  return name.split(/[:,]/)[0] ?? name
}

function rowNamed({ rows }: Pick<Duel, 'rows'>, name: string): Row | undefined {
  return rows.find((row) => row.name === name)
}

const speedBlock = /(<!-- speed: written by npm run bench -->\n)[\s\S]*?(<!-- end of speed -->)/

/** @throws {Error} if the README has no speed block */
export function replaceSpeed(readme: string, results: Results): string {
  if (!speedBlock.test(readme))
    throw new Error('README.md has no block between "<!-- speed: ..." and "<!-- end of speed -->"')
  return readme.replace(speedBlock, (_, begin: string, end: string) => `${begin}${renderSpeed(results)}\n${end}`)
}

/** The README's speed block, from the results with the runner's Node version. */
export function renderSpeed({ noOp, rounds }: Results): string {
  const where = '[All results](docs/performance.md), by `npm run bench` on emulators.'
  const logins = noOp
    .filter(({ node }) => node === noOp[0]?.node)
    .map((profile) => rowNamed(profile, loginAlone)?.ratios[thisActionName]?.median)
    .filter((ratio) => ratio !== undefined)
  if (rounds < roundsForAClaim || logins.length === 0) return where
  const [least, most] = [Math.min(...logins), Math.max(...logins)]
  return `Speed: configure-aws-credentials, which only logs in, takes ${least.toFixed(2)} to ${most.toFixed(2)} times as long as a whole run of this action without
changes (medians, by network and credentials). ${where}`
}

function cell(value: Spread | undefined, digits: number): string {
  return value === undefined ? '' : spread(value, digits)
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

/** A bar chart of wall time in the first profile, on the sandbox and then on moto. */
export function renderChart({ noOp, moto }: Results, theme: keyof typeof themes): string {
  const { text, bar, own, back } = themes[theme]
  const [profile] = noOp
  const rows: readonly Row[] = [
    ...(profile?.rows ?? []),
    ...(moto?.rows ?? []).map((row) => ({ ...row, name: `${row.name} (moto)` })),
  ]
  const longest = Math.max(...rows.map(({ wallMilliseconds }) => wallMilliseconds.median))
  const lines = rows.map(({ name, wallMilliseconds: { median } }, index) => {
    const y = 40 + index * 28
    const width = Math.max(1, (median / longest) * 380)
    return `  <text x="270" y="${y + 14}" text-anchor="end">${escapeXml(name)}</text>
  <rect x="280" y="${y}" width="${width.toFixed(1)}" height="20" rx="3" fill="${name.startsWith(thisActionName) ? own : bar}"/>
  <text x="${(288 + width).toFixed(1)}" y="${y + 14}">${median.toFixed(0)} ms</text>`
  })
  const height = 52 + rows.length * 28
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 740 ${height}" font-family="system-ui, sans-serif" font-size="13" fill="${text}">
  <title>Wall time of a run without changes, of this action and other programs</title>
  <rect width="740" height="${height}" fill="${back}"/>
  <text x="16" y="24" font-weight="600">Median wall time of a run without changes: ${profile === undefined ? '' : escapeXml(renderProfile(profile))}</text>
${lines.join('\n')}
</svg>
`
}

function escapeXml(value: string): string {
  return value.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`)
}
