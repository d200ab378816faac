/** The documents that the bench renders. */
import { readFileSync } from 'node:fs'
import { loginAlone, thisActionName } from '../../bench/names.ts'
import { profiles } from '../../bench/profiles.ts'
import { renderChart, renderDocument, renderSpeed, replaceSpeed, roundsForAClaim } from '../../bench/report.ts'
import type { Duel, Results } from '../../bench/results.ts'

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
const published: Results = JSON.parse(read('docs/performance.json'))

describe('the published results', () => {
  it.each([
    ['docs/performance.md', renderDocument(published)],
    ['docs/performance-light.svg', renderChart(published, 'light')],
    ['docs/performance-dark.svg', renderChart(published, 'dark')],
    ['README.md', replaceSpeed(read('README.md'), published)],
  ])('%s matches docs/performance.json (to fix: `npm run bench -- render`)', (path, rendered) => {
    expect(read(path)).toBe(rendered)
  })

  it('contain every profile for each Node version, also OIDC tokens with 150 ms latency and 80 ms handshakes', () => {
    for (const node of new Set(published.noOp.map((duel) => duel.node))) {
      const measured = published.noOp.filter((duel) => duel.node === node)
      expect(
        measured.map(({ login, latencyMilliseconds, connectionMilliseconds }) => ({
          login,
          latencyMilliseconds,
          connectionMilliseconds,
        })),
      ).toEqual(profiles)
    }
    expect(profiles).toContainEqual({ login: 'OIDC token', latencyMilliseconds: 150, connectionMilliseconds: 80 })
  })

  it("begin with the runner's Node version, whose results the README shows", () => {
    expect(published.noOp[0]?.node).toMatch(/^v24\./)
  })

  it('are the only claims on speed in the README', () => {
    const outside = read('README.md').replace(/<!-- speed: [\s\S]*<!-- end of speed -->/, '')
    expect(outside).not.toMatch(/\bfaster\b|times as long/)
  })
})

const spread = (median: number) => ({ median, mean: median, least: median, most: median })

function createResult(ratio: number, node = 'v24.0.0'): Duel {
  const row = (name: string, value: number) => ({
    name,
    wallMilliseconds: spread(value * 100),
    ratios: { [thisActionName]: spread(value) },
    requests: 7,
  })
  return {
    login: 'OIDC token',
    latencyMilliseconds: 40,
    connectionMilliseconds: 0,
    node,
    rows: [row('floor', 0.5), row(thisActionName, 1), row(loginAlone, ratio)],
  }
}

const results = (ratios: readonly number[], changes: Partial<Results> = {}): Results => ({
  ...published,
  rounds: roundsForAClaim,
  noOp: ratios.map((ratio) => createResult(ratio)),
  ...changes,
})

describe('the speed block of the README', () => {
  it('gives the least and the greatest median of the login relative to this action, whichever takes longer', () => {
    const block = (range: string) =>
      expect.stringMatching(
        new RegExp(
          `^Speed: configure-aws-credentials, which only logs in, takes ${range} times as long as a whole run of this action without\nchanges`,
        ),
      )
    expect(renderSpeed(results([1.8, 1.1]))).toEqual(block('1.10 to 1.80'))
    expect(renderSpeed(results([0.7, 1.4]))).toEqual(block('0.70 to 1.40'))
  })

  it('has at most two lines', () => {
    expect(renderSpeed(published).split('\n').length).toBeLessThanOrEqual(2)
  })

  it("uses only results with the runner's Node version", () => {
    const speed = renderSpeed(results([], { noOp: [createResult(1.2), createResult(3, 'v20.0.0')] }))

    expect(speed).toContain('1.20 to 1.20 times')
  })

  it('makes no claim with too few rounds, or if the login was not measured', () => {
    const withoutLogin: Duel = { ...createResult(2), rows: createResult(2).rows.slice(0, 2) }
    for (const few of [results([2], { rounds: roundsForAClaim - 1 }), results([], { noOp: [withoutLogin] })]) {
      expect(renderSpeed(few)).toMatch(/^\[All results\]\(docs\/performance\.md\)/)
      expect(renderSpeed(few)).not.toContain('times')
    }
  })

  it('replaces only its block, and throws if the README has none', () => {
    const readme = 'before\n<!-- speed: written by npm run bench -->\nold $& text\n<!-- end of speed -->\nafter\n'
    const replaced = replaceSpeed(readme, results([2]))

    expect(replaced).toMatch(
      /^before\n<!-- speed: [^\n]+\nSpeed: configure-aws-credentials[\s\S]+\n<!-- end of speed -->\nafter\n$/,
    )
    expect(replaced).not.toContain('old')
    expect(() => replaceSpeed('no block', results([2]))).toThrow('README.md has no block')
  })
})

it('warns in the document of too few rounds', () => {
  expect(renderDocument(results([2], { rounds: 2 }))).toContain('They are too few to cite.')
  expect(renderDocument(results([2]))).not.toContain('too few')
})
