import { RemedyError } from '../../src/errors/errors.ts'
import { digestPlan } from '../../src/plan/document.ts'
import type { Outcome, Plan } from '../../src/plan/plan.ts'
import { planTables } from '../../src/plan/planner.ts'
import { holdToReview } from '../../src/plan/review.ts'
import { longestComment, markComment, renderComment } from '../../src/report/comment.ts'
import type { RunResult } from '../../src/report/report.ts'
import { renderSummary } from '../../src/report/summary.ts'
import { aTarget, managedOnly, production, ready, theTables } from '../support/builders.ts'
import { renderAsGitHub } from '../support/github-markdown.ts'

const target = aTarget({ environment: production })
const desired = theTables({ environment: production })
const [tenant, users] = desired
const runUrl = 'https://github.com/acme/app/actions/runs/7'
const mark = markComment(target, '')

function comment(result: RunResult): string {
  return renderComment({ result: { target, ...result }, mark, runUrl, redact: (text) => text })
}

const drifted = planTables(
  target,
  desired,
  new Map([
    ['tenant', ready(tenant)],
    ['users', ready(users, { deletionProtection: false, billingMode: 'PROVISIONED' })],
  ]),
)

/** Everything that Markdown, HTML and GitHub give a meaning to, as the values of tags. */
const hostile: readonly string[] = [
  'a | b | c',
  '`code` ``` ```',
  '<img src=x onerror=alert(1)>',
  '</code></td><script>alert(1)</script>',
  '<!-- tenant-tables 0 -->',
  '@acme/admins @octocat',
  '#1 acme/app#2 GH-3',
  'https://evil.example www.evil.example a@evil.example',
  '[link](javascript:alert(1)) ![image](https://evil.example/x.png)',
  '**bold** _em_ ~~gone~~',
  '&lt;b&gt; &#64;octocat',
  ':rocket: $x^2$ $$y$$',
  '\u202e'.repeat(256),
  '\u0000\u001b[31m\r\n## heading\n- item',
  '\\| \\` \\<b\\>',
]

function hostilePlan(): Plan {
  const tags = new Map(hostile.map((value, index) => [`k${index}${value.slice(0, 40)}`, value]))
  const wanted = new Map(hostile.map((value, index) => [`w${index}`, value]))
  const [, table] = theTables({ environment: production, tags: wanted })
  const observed = ready(table, {
    tags: new Map([...managedOnly, ...tags, ...[...wanted].map(([key, value]) => [key, `${value}!`] as const)]),
  })
  return planTables(target, [table], new Map([['users', observed]]))
}

describe('holds', () => {
  const body = comment({ command: 'plan', plan: drifted })
  const seen = renderAsGitHub(body)

  it('its mark, which is not shown, at the very beginning', () => {
    expect(body.startsWith(mark)).toBe(true)
    expect(seen.text).not.toContain('tenant-tables ')
  })

  it('target, result in a sentence, digest, and a link to the run', () => {
    expect(seen.text).toContain('Tenant Tables: plan of prod')
    expect(seen.text).toContain('2 steps planned. Nothing was changed.')
    expect(seen.text).toContain('Account 222222222222, region ap-south-1, environment prod (production)')
    expect(seen.text).toContain(`Plan digest ${digestPlan(drifted)} · the run`)
    expect(seen.links).toEqual([runUrl])
  })

  it('which rule decided whether the environment is production', () => {
    const productionRule = 'production, because its name has the part "prod"'
    expect(renderAsGitHub(comment({ command: 'plan', plan: drifted, productionRule })).text).toContain(
      'environment prod (production, because its name has the part "prod")',
    )
  })

  it('a line for each table, those without a change folded', () => {
    expect(seen.text).toContain('users (ready): 2 steps: enable-deletion-protection, set-billing-mode')
    expect(seen.html).toMatch(
      /<summary>1 table unchanged<\/summary>[\s\S]*tenant[\s\S]*nothing to do[\s\S]*<\/details>/,
    )
  })

  it('every change from what to what, and slow steps with how long they take', () => {
    expect(seen.rows).toEqual([
      ['Table', 'Step', 'Setting', 'From', 'To', 'Result'],
      ['users', 'enable-deletion-protection', 'deletion protection', 'off', 'on', 'planned'],
      ['users', 'set-billing-mode', 'billing mode', 'PROVISIONED', 'PAY_PER_REQUEST', 'planned'],
    ])
    expect(seen.text).toContain('set-billing-mode on users usually takes 2 to 3 minutes the first time')
  })

  it('refusals with their remedies', () => {
    const refused = planTables(target, [users], new Map([['users', ready(users, { keys: tenant.keys })]]))
    const { text } = renderAsGitHub(comment({ command: 'apply', plan: refused }))
    expect(text).toContain('users (ready): refused, for 1 reason')
    expect(text).toMatch(/DynamoDB cannot change the key of a table\. To fix: Choose another table-name-prefix/)
  })

  it('disruptive steps, called so', () => {
    const at = aTarget()
    const own = theTables()
    const plan = planTables(at, own, new Map(own.map((table) => [table.name, ready(table)])), {
      destroy: true,
      allow: [],
    })
    const { html } = renderAsGitHub(comment({ command: 'plan', target: at, plan }))
    expect(html.match(/<strong>disruptive<\/strong>/g)).toHaveLength(2)
  })

  it('the result of an apply, and how far one got that failed', () => {
    const [protect, bill] = drifted.steps
    if (protect === undefined || bill === undefined) throw new Error('Two steps were expected')
    const error = new RemedyError('It broke.', 'Mend it.', { cause: new Error('deep') })
    const outcome: Outcome = {
      steps: [
        { step: protect, result: { status: 'applied', seconds: 1.5 } },
        { step: bill, result: { status: 'failed', sent: true, error } },
      ],
      observed: new Map(),
      error,
    }
    const failed = renderAsGitHub(comment({ command: 'apply', plan: drifted, outcome }))
    expect(failed.text).toContain('Failed after 1 of 2 steps.')
    expect(failed.rows.map((row) => row.at(-1))).toEqual(['Result', 'applied in 1.5 s', 'sent, end not seen'])
    expect(failed.text).toContain('It broke.')
    expect(failed.text).toContain('To fix: Mend it.')
    expect(failed.text).toContain('Done before: enable-deletion-protection "users"')
  })

  it('why a run failed that made no plan', () => {
    expect(renderAsGitHub(comment({ command: 'apply', error: new Error('no access') })).text).toContain('no access')
  })
})

describe('foreign text', () => {
  const plan = hostilePlan()
  const body = comment({ command: 'plan', plan })
  const seen = renderAsGitHub(body)

  it('starts nothing: no element, link or image that is not ours', () => {
    expect(plan.steps[0]).toMatchObject({ action: 'tag-table' })
    const ours = [
      'h2',
      'p',
      'strong',
      'code',
      'ul',
      'li',
      'h3',
      'table',
      'thead',
      'tr',
      'th',
      'tbody',
      'td',
      'details',
      'summary',
      'a',
      'wbr',
    ]
    expect(seen.elements.filter((element) => !ours.includes(element))).toEqual([])
    expect(seen.links).toEqual([runUrl])
  })

  it('ends no cell and no row', () => {
    expect(new Set(seen.rows.map((row) => row.length))).toEqual(new Set([6]))
    // The tag of the environment is missing too.
    expect(seen.rows).toHaveLength(1 + hostile.length + 1)
  })

  it('names and links nobody: every @ and # outside of code is followed by a space of no width', () => {
    const outsideCode = seen.html.replace(/<code>[\s\S]*?<\/code>/g, '').replace(/<!--[\s\S]*?-->/g, '')
    expect(outsideCode.replace(/&#8203;/g, '\u200b')).not.toMatch(/[@#](?![\u200b\d])/)
  })

  it('links no e-mail address, which GitHub does in code too: before every @ there is a place to break the line', () => {
    const inCode = seen.html.match(/<code>[\s\S]*?<\/code>/g)?.join() ?? ''
    expect(inCode).toContain('a<wbr>@evil.example')
    expect(inCode).not.toMatch(/(?<!<wbr>)@/)
  })

  it('has no character that hides or turns what follows', () => {
    expect(body.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u)
    expect(seen.text).toContain('\\u{202e}\\u{202e}')
  })

  it('cannot be taken for the mark of another comment', () => {
    expect(body.match(/<!--/g)).toHaveLength(1)
  })
})

describe('what people copy from it, or from the summary,', () => {
  const role = 'arn:aws:iam::222222222222:role/deploy@acme.example'
  const statement = { Effect: 'Allow', Action: ['sts:AssumeRole'], Resource: role }
  const facts = [
    { name: 'role', value: role },
    { name: 'sub', value: 'repo:acme@1/app@2:environment:GH-1 #2' },
    { name: 'job_workflow_ref', value: 'acme/app/.github/workflows/a_b__c.yml@refs/heads/main' },
  ]
  const caller = `arn:aws:sts::111111111111:assumed-role/hub/${'me@acme.example'.repeat(20)}`
  const cause = Object.assign(new Error(`User: ${caller} is not authorized`), { name: 'AccessDenied' })
  const failed = (changes: object = {}): RunResult => {
    const options = { facts, statements: [JSON.stringify(statement)], cause, ...changes }
    return { command: 'apply', plan: drifted, error: new RemedyError('It broke.', 'Mend it.', options) }
  }
  const pages = (result: RunResult) => [comment(result), renderSummary(result, (text) => text)]

  it('stands in code blocks to the letter: facts, statements with their indentation, and what AWS says', () => {
    for (const page of pages(failed())) {
      expect(renderAsGitHub(page).blocks.slice(-3)).toEqual([
        facts.map(({ name, value }) => `${name}: ${value}`).join('\n'),
        JSON.stringify(statement, undefined, 2),
        `AccessDenied: User: ${caller} is not authorized`,
      ])
      expect(page).toContain('\n```json\n{\n  "Effect": "Allow",\n')
    }
  })

  it('is the ARN of each table, in the summary', () => {
    const arns = ['tenant', 'users'].map((name) => `arn:aws:dynamodb:ap-south-1:222222222222:table/${name}`)
    const summary = renderSummary({ command: 'plan', target, plan: drifted }, (text) => text)
    expect(renderAsGitHub(summary).blocks).toEqual([arns.join('\n')])
  })

  it.each([
    '```',
    '````\n<img src=x>',
    '~~~',
    '</code></pre><script>',
    '@octocat #1 GH-1 a@b.example',
    '<!-- x -->',
    '    ',
  ])('starts nothing and ends no block: %j', (text) => {
    const hostileFacts = [{ name: 'sub', value: text }]
    const wrong = failed({
      facts: hostileFacts,
      statements: [JSON.stringify({ Resource: text })],
      cause: new Error(text),
    })
    for (const page of pages(wrong)) {
      const { blocks, elements, links, html } = renderAsGitHub(page)
      const shown = text.replaceAll('\n', '\\u{a}')
      expect(blocks.slice(-3)).toEqual([
        `sub: ${shown}`,
        JSON.stringify({ Resource: text }, undefined, 2),
        `Error: ${shown}`,
      ])
      expect(elements).not.toEqual(expect.arrayContaining([expect.stringMatching(/^(img|script)$/)]))
      expect(links.filter((link) => link !== runUrl)).toEqual([])
      expect(html.replace(/<pre>[\s\S]*?<\/pre>/g, '').replace(/<!-- tenant-tables .*?-->/, '')).not.toMatch(
        /octocat|<!--/,
      )
    }
  })

  it('holds no secret, and nothing that does not show', () => {
    const wrong = failed({ facts: [{ name: 'sub', value: 'repo:\u202e:a-long-secret' }] })
    const summary = renderSummary(wrong, (text) => text.replaceAll('a-long-secret', '***'))
    expect(renderAsGitHub(summary).blocks[1]).toBe('sub: repo:\\u{202e}:***')
  })

  it('is cut where it is longer than anything of the kind, and left out where the comment would be too long', () => {
    const long = { facts: [{ name: 'sub', value: 'x'.repeat(10_000) }] }
    expect(renderAsGitHub(comment(failed(long))).blocks[0]).toBe(`sub: ${'x'.repeat(8187)}… (10005 characters)`)
    const many = Array.from({ length: 10 }, (_, index) => ({ name: `fact-${index}`, value: 'x'.repeat(8000) }))
    const body = comment(failed({ facts: many }))
    expect([body.length <= longestComment, body.includes('It broke.'), body.includes('fact-0')]).toEqual([
      true,
      true,
      false,
    ])
  })
})

describe('over the limit it gives up, in this order,', () => {
  const tagsOf = (count: number, value: string) =>
    new Map(Array.from({ length: count }, (_, index) => [`key-${index}`, value]))

  function planWith(unmanaged: number, wanted: number, value: string): Plan {
    const tables = theTables({ environment: production, tags: tagsOf(wanted, value) })
    const found = tables.map((table) => {
      const others = [...tagsOf(unmanaged, value)].map(([key, each]) => [`other-${key}`, each] as const)
      const before = [...tagsOf(wanted, value)].map(([key, each]) => [key, `${each}!`] as const)
      return [table.name, ready(table, { tags: new Map([...managedOnly, ...others, ...before]) })] as const
    })
    return planTables(target, tables, new Map(found))
  }

  const long = '\u202e'.repeat(256)

  it.each<[string, Plan, RegExp, RegExp]>([
    ['nothing where all fits', planWith(1, 1, 'x'), /to know<\/summary>/, /shortened/],
    ['the notes', planWith(48, 2, long), /\| Setting \|/, /to know<\/summary>/],
    ['the settings', planWith(0, 48, long), /tag&#45;table|tag-table/, /\| Setting \|/],
  ])('%s', (_, plan, present, absent) => {
    const body = comment({ command: 'plan', plan })
    expect(body.length).toBeLessThanOrEqual(longestComment)
    expect(body).toMatch(present)
    expect(body).not.toMatch(absent)
    expect(body).toContain(digestPlan(plan))
  })

  it('the steps, then the ends of refusals, then their number; totals and digest stay', () => {
    const plan = planWith(0, 48, long)
    const refused = (count: number, length: number): Plan => ({
      ...plan,
      refusals: Array.from({ length: count }, (_, index) => ({
        table: 'users',
        code: 'not-as-reviewed',
        reason: `reason ${index} ${'&'.repeat(length)}`,
        remedy: 'Review again.',
      })),
    })
    for (const [count, length] of [
      [1, 100],
      [40, 400],
      [400, 400],
      [5000, 10],
    ] as const) {
      const cut = refused(count, length)
      const body = comment({ command: 'apply', plan: cut })
      const { text } = renderAsGitHub(body)
      expect(body.length).toBeLessThanOrEqual(longestComment)
      expect(text).toContain(`Refused, for ${count} reason`)
      expect(text).toContain('reason 0 ')
      expect(text).toContain(digestPlan(cut))
      const shown = text.match(/reason \d+ /g)?.length ?? 0
      if (shown < count) expect(text).toContain(`and ${count - shown} more refusal`)
    }
  })

  it('the causes of a failure', () => {
    const error = new Error('x'.repeat(100_000), { cause: new Error('y'.repeat(100_000)) })
    const body = comment({ command: 'apply', plan: drifted, error })
    expect(body.length).toBeLessThanOrEqual(longestComment)
    expect(body).toContain('Failed')
  })
})

it('has a mark of its own for each account, region, environment and prefix, and no other', () => {
  const marks = [
    markComment(target, ''),
    markComment(target, 'x-'),
    markComment(aTarget({ environment: production, account: '333333333333' }), ''),
    markComment(aTarget({ environment: production, region: 'eu-west-1' }), ''),
    markComment(aTarget(), ''),
  ]
  expect(new Set(marks).size).toBe(5)
  expect(markComment(aTarget({ environment: { name: 'PROD', production: true } }), '')).toBe(marks[0])
  expect(markComment(aTarget({ environment: { name: '--><b>', production: false } }), '-->')).toMatch(
    /^<!-- tenant-tables [0-9a-f]{32} -->$/,
  )
})

it('a plan that is not the reviewed one is told in the comment, step by step', () => {
  const held = holdToReview(drifted, { digest: '0'.repeat(64) })
  expect(renderAsGitHub(comment({ command: 'apply', plan: held })).text).toContain(`but ${'0'.repeat(64)} was reviewed`)
})

it('without a run there is no link', () => {
  const body = renderComment({ result: { target, command: 'plan', plan: drifted }, mark, redact: (text) => text })
  expect(renderAsGitHub(body).links).toEqual([])
})
