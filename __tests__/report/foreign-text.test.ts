/** What others wrote is shown as it is, or written out where it would not show; and never with a secret that was masked. */
import { execFileSync } from 'node:child_process'
import { EventEmitter } from 'node:events'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { InvalidInputsError } from '../../src/errors/errors.ts'
import { publish } from '../../src/github/publish.ts'
import { gitHubRunner, harmless } from '../../src/github/runner.ts'
import { readInputs } from '../../src/inputs/inputs.ts'
import { digestReviewed, formatVersion, type ReviewedPlan } from '../../src/plan/document.ts'
import type { Plan } from '../../src/plan/plan.ts'
import { planTables } from '../../src/plan/planner.ts'
import { holdToReview, readReview } from '../../src/plan/review.ts'
import { markComment, renderComment } from '../../src/report/comment.ts'
import { markdownOf } from '../../src/report/markdown.ts'
import { renderSummary } from '../../src/report/summary.ts'
import { aTarget, ready, sourceOf, theTables } from '../support/builders.ts'
import { renderAsGitHub } from '../support/github-markdown.ts'
import { leaksIn } from '../support/secret-scan.ts'

const target = aTarget()
const desired = theTables()
const { code, text } = markdownOf((each) => each)

function planOfTagged(...tags: (readonly [string, string])[]): Plan {
  const observed = desired.map(
    (table) => [table.name, ready(table, { tags: new Map([...table.tags, ...tags]) })] as const,
  )
  return planTables(target, desired, new Map(observed))
}

describe('what does not show', () => {
  // Letters and marks by Unicode's categories, which no font draws; a space that is none; a mark that covers its neighbour.
  const blank = ['\u3164', '\uffa0', '\u115f', '\u1160', '\u034f', '\ufe0f', '\u{e0100}', '\u17b4', '\u180b', '\u2800']

  it.each([...blank, '\u00a0', '\u20dd'].map((character) => [(character.codePointAt(0) ?? 0).toString(16), character]))(
    'is written out: U+%s',
    (number, character) => {
      expect(harmless(`prod${character}`)).toBe(`prod\\u{${number}}`)
      for (const show of [code, text]) {
        expect(renderAsGitHub(show(`prod${character}`)).text.trim()).toBe(`prod\\u{${number}}`)
      }
    },
  )

  it('makes no two values look the same', () => {
    const drawn = (tag: string) => {
      const tables = theTables({ tags: new Map([['owner', tag]]) })
      const observed = new Map(
        tables.map((table) => [table.name, ready(table, { tags: new Map([...table.tags, ['owner', 'payments']]) })]),
      )
      const plan = planTables(target, tables, observed)
      const comment = renderComment({ result: { command: 'plan', target, plan }, mark: '', redact: (each) => each })
      const [, , , from = '', to = ''] = renderAsGitHub(comment).rows[1] ?? []
      return [from, to.replace(/\s+/g, ' ').trim()]
    }
    expect(drawn('payments\u3164')).toEqual(['payments', 'payments\\u{3164}'])
    expect(drawn('payments ')).toEqual(['payments', 'payments\\u{20}'])
  })

  it('makes no environment that looks like production and is none', () => {
    const read = (environment: string) => () => readInputs({ ...sourceOf({ environment }), partitionOf: () => 'aws' })
    expect(read('production\u3164')).toThrow(InvalidInputsError)
    expect(read('production')()).toMatchObject({ environment: { production: true } })
  })

  it('does not paint over what stands beside it, and leaves people their languages', () => {
    expect(code(`x${'\u0301'.repeat(60)}`)).not.toMatch(/\p{M}{5}/u)
    expect(text('\u0301x')).not.toMatch(/^\p{M}/u)
    expect(text('Đặng Thị Hòa, שָׁלוֹם, ที่นี่, 会社')).toBe('Đặng Thị Hòa, שָׁלוֹם, ที่นี่, 会社')
  })
})

describe('a masked secret', () => {
  const secret = 'github_pat_11AAAAAAA0_abcdefghijklmnopqrstuvwxyz'

  it.each<[string, Plan]>([
    ['an unmanaged tag', planOfTagged(['deploy-token', secret])],
    ['the end of a long one', planOfTagged(['deploy-token', `${'x'.repeat(180)} ${secret}`])],
    ['the tag of another environment, in a refusal', planOfTagged(['tenant-tables:environment', secret])],
    ['a tag of a table that is not adopted, in a refusal', planOfTagged(['tenant-tables:managed-by', secret])],
  ])('is shown nowhere, where it is in %s', async (_, plan) => {
    const folder = mkdtempSync(join(tmpdir(), 'masked-'))
    const files = { GITHUB_OUTPUT: join(folder, 'output'), GITHUB_STEP_SUMMARY: join(folder, 'summary') }
    for (const file of Object.values(files)) writeFileSync(file, '')
    Object.assign(process.env, files)
    const streams = { stdout: new EventEmitter(), stderr: new EventEmitter() }
    const made = Object.assign(new EventEmitter(), { env: { ...process.env, RUNNER_TEMP: folder }, ...streams })
    const runner = gitHubRunner(made as unknown as NodeJS.Process)
    runner.mask(secret, 'ORIGIN')
    const result = { command: 'plan', target, plan } as const
    await publish(result, runner)
    const comment = renderComment({ result, mark: markComment(target, ''), redact: runner.redact })
    const written = [...Object.values(files).map((file) => readFileSync(file, 'utf8')), comment]
    expect(leaksIn(written.join('\n'), [secret, secret.slice(0, 20)])).toEqual([])
    expect(comment).toContain('&#42;&#42;&#42;')
  })

  it('is left as it is where only GitHub knows it, who takes it out of the summary then', () => {
    expect(renderSummary({ error: new Error(`Not an ARN: ${secret}`) }, (each) => each)).toContain(secret)
    expect(text('_a_ __b__ c_ _d')).not.toMatch(/_/)
    for (const link of ['0_www.evil.example', 'a_mailto:b@c.example', 'a_http://evil.example', 'a_gh-1']) {
      expect(renderAsGitHub(text(link)).links).toEqual([])
    }
    expect(text('a_gh-1')).toBe('a_gh&#8203;-1')
  })
})

describe('a file that is given as a plan', () => {
  const plan = planOfTagged()

  /** Below the limit of 1 MiB, and with a digest that is right. */
  async function heldTo(tables: readonly { readonly name: string; readonly id?: string }[]): Promise<Plan> {
    const { account, partition, region, environment } = target
    const given = [...plan.tables.map(({ name, id }) => ({ name, ...(id === undefined ? {} : { id }) })), ...tables]
    const { name, production } = environment
    const purpose = { account, partition, region, environment: name, production, destroy: false }
    const reviewed: ReviewedPlan = { ...purpose, tables: given, steps: [], refusals: [] }
    const document = {
      ...{ formatVersion, digest: digestReviewed(reviewed), target, policy: { destroy: false, allow: [] } },
      ...{ tables: given, steps: [], refusals: [] },
    }
    const review = await readReview({ expectedPlan: { path: 'p' } } as never, async () => JSON.stringify(document))
    return holdToReview(plan, review)
  }

  it('may differ in any number of ways, and as many are told as anybody would read', async () => {
    const held = await heldTo(Array.from({ length: 20_000 }, (_, index) => ({ name: `table-${index}` })))
    expect(held.refusals).toHaveLength(51)
    expect(held.refusals.at(-1)).toMatchObject({ reason: 'There are 19950 more differences.' })
  })

  it('names no table that cannot be', async () => {
    await expect(heldTo([{ name: '1'.repeat(100_000) }])).rejects.toMatchObject({
      problems: [expect.stringContaining('that no table can have')],
    })
  })
})

it('a text of digits is read once, not once for each of them', () => {
  const digits = '1'.repeat(1_000_000)
  // A reader that began anew at each digit would need hours.
  expect(text(digits)).toBe(digits)
  expect(text('12. a')).toBe('12&#46; a')
})

it('a summary that GitHub would not show says less', () => {
  const error = new Error('x'.repeat(1024 * 1024))
  expect(renderSummary({ error }, (each) => each)).toBe(
    '## Tenant Tables: run\n\n**Failed before anything was written.**\n\nThe rest does not fit into a summary. It is in the log.\n',
  )
})

it('the form of the example gives one output, whatever is typed into it', () => {
  const example = readFileSync('examples/verify-and-destroy.yml', 'utf8')
  const [, script = ''] = /run: \|\n((?: {10}.*\n)+)/.exec(example) ?? []
  const output = join(mkdtempSync(join(tmpdir(), 'form-')), 'output')
  const NAMES = 'dev-tenant end-of-names other=x names<<end-of-names dev-users'
  execFileSync('bash', ['-euo', 'pipefail', '-c', script], { env: { ...process.env, NAMES, GITHUB_OUTPUT: output } })
  const [first = '', ...lines] = readFileSync(output, 'utf8').trimEnd().split('\n')
  expect(first).toMatch(/^names<<[0-9a-f]{32}$/)
  expect(lines).toEqual([...NAMES.split(' '), first.slice('names<<'.length)])
})
