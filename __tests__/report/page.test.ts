/** The job summary and the pull request comment, by a renderer that is not ours. */
import { parse } from 'yaml'
import type { StepResult } from '../../src/apply/outcome.ts'
import { defineTables } from '../../src/definition/definition.ts'
import { InvalidInputsError, RemedyError } from '../../src/errors/errors.ts'
import { digestPlan } from '../../src/plan/document.ts'
import type { Plan, Refusal } from '../../src/plan/plan.ts'
import { planTables } from '../../src/plan/planner.ts'
import { longestComment, markComment, renderComment } from '../../src/report/comment.ts'
import { renderSummary } from '../../src/report/page.ts'
import type { RunResult } from '../../src/report/result.ts'
import { definitionOf } from '../definition/reading.ts'
import { aTarget, managedOnly, production, ready, tagged, theTables, withTags } from '../support/builders.ts'
import { renderAsGitHub } from '../support/github-markdown.ts'
import { applied, driftedPlan, emptyPlan, outcomeOf, refusedPlan, target, tenant } from './results.ts'

const runUrl = 'https://github.com/acme/app/actions/runs/7'
const mark = markComment(target, '')
const asItIs = (text: string) => text

function comment(result: RunResult): string {
  return renderComment({ result: { target, ...result }, mark, commit: '0123456789abcdef', runUrl, redact: asItIs })
}

function summary(result: RunResult): string {
  return renderSummary({ target, ...result }, asItIs)
}

/** Both pages. */
function pages(result: RunResult): readonly (readonly [string, string])[] {
  return [
    ['comment', comment(result)],
    ['summary', summary(result)],
  ]
}

/** Everything that Markdown, HTML and GitHub give a meaning to. */
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

/** Every hostile text as a tag's value, before and after, and in every other place of a plan. */
function hostilePlan(): Plan {
  const wanted = new Map(hostile.map((value, index) => [`w${index}`, value]))
  const before = Object.fromEntries([...wanted].map(([key, value]) => [key, `${value}!`]))
  const [, table] = theTables({ environment: production, tags: wanted })
  const unmanaged = hostile.map((value) => ({ path: value, value }))
  const observed = ready(table, { Tags: withTags(managedOnly, before), unmanaged })
  const plan = planTables(target, [table], new Map([['users', observed]]))
  const said = hostile.join(' ')
  return {
    ...plan,
    refusals: [{ code: 'impossible-change', reason: said, remedy: said }],
    notices: (['notice', 'warning'] as const).map((level) => ({ level, code: 'consequence', message: said })),
  }
}

describe('a page', () => {
  const productionRule = 'production, because its name has the part "prod"'
  const outcome = outcomeOf(driftedPlan, [applied])

  it.each(pages({ command: 'plan', plan: driftedPlan, productionRule, review: 'Not held to a reviewed plan.' }))(
    'shows verdict, target, the rule for production, review and digest: %s',
    (_, page) => {
      const { text } = renderAsGitHub(page)
      expect(text).toContain('Tenant Tables: plan of prod')
      expect(text).toContain('4 steps planned. Nothing was changed.')
      expect(text).toContain(`Account 222222222222, region ap-south-1, environment prod (${productionRule})`)
      expect(text).toContain('Not held to a reviewed plan.')
      expect(text).toContain(`Plan digest ${digestPlan(driftedPlan)}`)
    },
  )

  it.each(pages({ command: 'apply', plan: driftedPlan, outcome }))(
    'shows each setting from its old to its new value with its result: %s',
    (_, page) => {
      expect(renderAsGitHub(page).rows.slice(0, 5)).toEqual([
        ['Table', 'Step', 'Setting', 'From', 'To', 'Result'],
        ['users', 'update', 'DeletionProtectionEnabled', 'false', 'true', 'applied in 1.0 s'],
        ['users', 'update', 'PointInTimeRecoverySpecification', 'off', 'on, 35 days', 'not started'],
        ['users', 'update', 'tag tenant-tables:environment', '', 'prod', 'not started'],
        [
          'users',
          'update (slow: usually 2 to 3 minutes the first time)',
          'BillingMode',
          'PROVISIONED, 5 read and 5 write units',
          'PAY_PER_REQUEST',
          'not started',
        ],
      ])
    },
  )

  it('shows the result of a step once, beside its first setting, and marks a disruptive step', () => {
    const plan = planTables(target, [tenant], new Map([['tenant', ready(tenant, { Tags: tagged({ zone: 'a' }) })]]), {
      destroy: false,
      allow: ['adopt-table'],
    })
    const { rows } = renderAsGitHub(summary({ command: 'apply', plan, outcome: outcomeOf(plan, [applied]) }))
    expect(rows.slice(1, 3)).toEqual([
      ['tenant', 'update (disruptive)', 'tag tenant-tables:environment', '', 'prod', 'applied in 1.0 s'],
      ['tenant', 'update (disruptive)', 'tag tenant-tables:managed-by', '', 'tenant-tables', ''],
    ])
  })

  it.each(pages({ command: 'plan', plan: hostilePlan() }))(
    'shows refusals and warnings at once, and tables, ARNs, notices and unmanaged settings folded: %s',
    (_, page) => {
      const { html, blocks } = renderAsGitHub(page)
      const [shown = '', folded = ''] = html.split('<details>')
      expect(shown).toMatch(/<h3>Refused<\/h3>[\s\S]*To fix:[\s\S]*<h3>Changes<\/h3>[\s\S]*<h3>Warnings<\/h3>/)
      expect(folded).toContain(`<summary>1 table, ${1 + hostile.length} notes</summary>`)
      expect(folded).toMatch(/<td><code>users<\/code><\/td>\s*<td>ready<\/td>/)
      expect(folded).toMatch(/Unmanaged on <code>users<\/code>, left as it is: <code>a \| b/)
      expect(blocks).toEqual(['arn:aws:dynamodb:ap-south-1:222222222222:table/users'])
    },
  )

  it.each(pages({ command: 'apply', plan: refusedPlan }))('shows a refusal with its remedy: %s', (_, page) => {
    expect(renderAsGitHub(page).text).toMatch(
      /DynamoDB cannot change the key of a table\. To fix: Choose another table-name-prefix/,
    )
  })

  it('shows a failure with its remedy, the progress before it, and its causes', () => {
    const error = new RemedyError('It broke.', 'Fix it.', { cause: new Error('deep down') })
    const failed: StepResult = { status: 'failed', isOutcomeUnknown: true, error }
    const plan = { ...driftedPlan, steps: driftedPlan.steps.slice(0, 2) }
    const page = summary({ command: 'apply', plan, outcome: outcomeOf(plan, [applied, failed], error) })
    expect(page.split('### Failed')[1]).toBe(
      `

- It broke.
- **To fix:** Fix it.
- Done before: update DeletionProtectionEnabled of "users". Sent, outcome unknown: update PointInTimeRecoverySpecification of "users".

Caused by:

\`\`\`text
Error: deep down
\`\`\`

Plan digest <code>${digestPlan(plan)}</code>
`,
    )
  })

  it('lists every wrong input of a run that came to no plan', () => {
    expect(renderSummary({ error: new InvalidInputsError(['a must be b.', 'c must be d.']) }, asItIs)).toBe(
      `## Tenant Tables: run

**Failed before anything was written.**

### Failed

- 2 inputs are wrong.
  - a must be b.
  - c must be d.
`,
    )
  })

  it('has no empty section', () => {
    expect(summary({ command: 'plan', plan: emptyPlan })).toBe(`## Tenant Tables: plan of <code>prod</code>

**The tables are as defined. Nothing was changed.**

Account <code>222222222222</code>, region <code>ap-south-1</code>, environment <code>prod</code> (production)

<details><summary>1 table</summary>

| Table | Before the run |
| --- | --- |
| <code>tenant</code> | ready |

\`\`\`text
arn:aws:dynamodb:ap-south-1:222222222222:table/tenant
\`\`\`

</details>

Plan digest <code>${digestPlan(emptyPlan)}</code>
`)
  })

  it('shows two different values as different', () => {
    const shown = (owner: string) => {
      const [table] = theTables({ tags: new Map([['owner', owner]]) })
      const observed = ready(table, { Tags: withTags(table.properties.Tags, { owner: 'payments' }) })
      const plan = planTables(aTarget(), [table], new Map([['tenant', observed]]))
      const [, , , from, to = ''] = renderAsGitHub(summary({ command: 'plan', plan })).rows[1] ?? []
      return [from, to.replace(/\s+/g, ' ').trim()]
    }
    expect(shown('payments\u3164')).toEqual(['payments', 'payments\\u{3164}'])
    expect(shown('payments ')).toEqual(['payments', 'payments\\u{20}'])
  })
})

describe('the definition of a file', () => {
  const file = `
defaults: { Tags: [{ Key: team, Value: planner }] }
tables:
  orders:
    KeySchema: [{ AttributeName: id, KeyType: HASH }]
    AttributeDefinitions: [{ AttributeName: id, AttributeType: S }]
environments:
  PROD: { tables: { orders: { TableClass: STANDARD_INFREQUENT_ACCESS } } }
`
  const definitionFile = '.github/tables.yml'
  const definitions = defineTables(definitionOf(file), {
    environment: production,
    tableNamePrefix: 'x-',
    deletionProtection: 'auto',
    pointInTimeRecovery: 'auto',
    tags: new Map(),
  })
  const blocksOf = (page: string) => renderAsGitHub(page).blocks

  it.each(pages({ command: 'plan', plan: emptyPlan, definitions, definitionFile }))(
    'is shown by a plan as it results for the environment, folded, and copies as YAML: %s',
    (_, page) => {
      expect(page).toContain('<details><summary>Definition by .github/tables.yml in this environment</summary>')
      const [, shown = ''] = blocksOf(page)
      expect(shown).toBe(`"orders":
  TableName: "x-orders"
  AttributeDefinitions:
    - { "AttributeName": "id", "AttributeType": "S" }
  KeySchema:
    - { "AttributeName": "id", "KeyType": "HASH" }
  TableClass: "STANDARD_INFREQUENT_ACCESS"
  DeletionProtectionEnabled: true
  PointInTimeRecoverySpecification: { "PointInTimeRecoveryEnabled": true, "RecoveryPeriodInDays": 35 }
  Tags:
    - { "Key": "team", "Value": "planner" }
    - { "Key": "tenant-tables:environment", "Value": "prod" }
    - { "Key": "tenant-tables:managed-by", "Value": "tenant-tables" }`)
      expect(parse(shown)).toEqual({ orders: definitions[0]?.fields })
    },
  )

  it.each([
    ['of the built-in tables', { command: 'plan', plan: emptyPlan, definitions }],
    ['of an apply', { command: 'apply', plan: emptyPlan, definitions, definitionFile }],
  ] satisfies [string, RunResult][])('is not on the page %s', (_, result) => {
    for (const [, page] of pages(result)) expect(blocksOf(page)).toHaveLength(1)
  })

  const wild = hostile.map((text, index) => ({
    ...theTables()[0],
    logicalName: `${index}${text}`,
    fields: { TableName: text, Tags: [{ Key: text, Value: text }], [text]: [text] },
  }))

  it.each(pages({ command: 'plan', plan: emptyPlan, definitions: wild, definitionFile: hostile.join(' ') }))(
    'starts no markup and ends no block, whatever its texts are: %s',
    (name, page) => {
      const { blocks, elements, links, html } = renderAsGitHub(page)
      expect(blocks).toHaveLength(2)
      expect(blocks[1]?.split('\n').filter((line) => line.startsWith('"'))).toHaveLength(hostile.length)
      expect(elements.filter((element) => ['img', 'script'].includes(element))).toEqual([])
      expect(links).toEqual(name === 'comment' ? [runUrl] : [])
      const outsideCode = html.replace(/<code[\s\S]*?<\/code>/g, '').replace(/<!--[\s\S]*?-->/g, '')
      expect(outsideCode.replace(/&#8203;/g, '\u200b')).not.toMatch(/[@#](?![\u200b\d])/)
    },
  )

  it.each([
    ['is left out of a comment that it would make too long, and the changes stay', emptyPlan, 'left out', true],
    ['is not in a shortened comment', { ...driftedPlan, refusals: tooManyRefusals() }, 'is shortened', false],
  ])('%s', (_, plan, notice, hasTables) => {
    const [table] = definitions
    const many = Array.from({ length: 700 }, () => table as NonNullable<typeof table>)
    const body = comment({ command: 'plan', plan, definitions: many, definitionFile })
    expect(body.length).toBeLessThanOrEqual(longestComment)
    expect(body).toContain(notice)
    expect(body).not.toContain('AttributeDefinitions')
    expect(body.includes('| Table | Before the run |')).toBe(hasTables)
  })
})

function tooManyRefusals(): readonly Refusal[] {
  const refusal = { code: 'not-as-reviewed', reason: 'x'.repeat(400), remedy: 'Review again.' } as const
  return Array.from({ length: 400 }, () => refusal)
}

describe('a comment', () => {
  it('starts with its mark, which is not shown, and ends with commit and run', () => {
    const body = comment({ command: 'plan', plan: driftedPlan })
    const { text, links } = renderAsGitHub(body)
    expect(body.startsWith(`${mark}\n`)).toBe(true)
    expect(text).not.toContain('tenant-tables ')
    expect(text.trim()).toMatch(/ · commit 0123456 · the run$/)
    expect(links).toEqual([runUrl])
  })

  it('has no link and no commit where they are not known', () => {
    const result = { target, command: 'plan', plan: driftedPlan } as const
    const { links, text } = renderAsGitHub(renderComment({ result, mark, redact: asItIs }))
    expect(links).toEqual([])
    expect(text.trim()).toMatch(/Plan digest [0-9a-f]{64}$/)
  })

  it('has a mark of its own for each account, region, environment, prefix and definition file', () => {
    const marks = [
      mark,
      markComment(target, 'x-'),
      markComment({ ...target, account: '333333333333' }, ''),
      markComment({ ...target, region: 'eu-west-1' }, ''),
      markComment(aTarget(), ''),
      markComment(target, '', '.github/tables.yml'),
      markComment(target, '', '.github/orders.yml'),
      markComment(target, '.github/tables.yml'),
    ]
    expect(new Set(marks).size).toBe(marks.length)
    // The mark of a run without a file must not change: earlier versions wrote comments with it.
    expect(mark).toBe('<!-- tenant-tables 8082417125bd749d142ed41a7b4ed6e7 -->')
    expect(markComment(aTarget({ environment: { name: 'PROD', production: true } }), '')).toBe(mark)
    expect(markComment(aTarget({ environment: { name: '--><b>', production: false } }), '-->')).toMatch(
      /^<!-- tenant-tables [0-9a-f]{32} -->$/,
    )
  })
})

describe.each(pages({ command: 'plan', plan: hostilePlan() }))('untrusted text in a %s', (name, page) => {
  const seen = renderAsGitHub(page)

  it('starts no element, link or image', () => {
    const ours = ['h2', 'p', 'strong', 'code', 'ul', 'li', 'h3', 'table', 'thead', 'tr', 'th', 'tbody', 'td', 'pre']
    const folding = ['details', 'summary', 'wbr', ...(name === 'comment' ? ['a'] : [])]
    expect(seen.elements.filter((element) => ![...ours, ...folding].includes(element))).toEqual([])
    expect(seen.links).toEqual(name === 'comment' ? [runUrl] : [])
  })

  it('ends no cell and no row', () => {
    // The tag of the environment is missing, too. The last two rows are the table of tables.
    expect(seen.rows.map((row) => row.length)).toEqual([...Array(1 + hostile.length + 1).fill(6), 2, 2])
  })

  it('mentions no one and links no issue: a zero-width space follows every @ and # outside code', () => {
    const outsideCode = seen.html.replace(/<code[\s\S]*?<\/code>/g, '').replace(/<!--[\s\S]*?-->/g, '')
    expect(outsideCode.replace(/&#8203;/g, '\u200b')).not.toMatch(/[@#](?![\u200b\d])/)
  })

  it('links no e-mail address in code, as GitHub does where no line may break before the @', () => {
    const inCode = seen.html.match(/<code>[\s\S]*?<\/code>/g)?.join() ?? ''
    expect(inCode).toContain('a<wbr>@evil.example')
    expect(inCode).not.toMatch(/(?<!<wbr>)@/)
  })

  it('has no character that hides or reverses the text after it', () => {
    expect(page.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u)
    expect(seen.text).toContain('\\u{202e}\\u{202e}')
  })

  it('cannot be taken for the mark of another comment', () => {
    expect(page.match(/<!--/g) ?? []).toHaveLength(name === 'comment' ? 1 : 0)
  })
})

describe('values that people copy', () => {
  const role = 'arn:aws:iam::222222222222:role/deploy@acme.example'
  const statement = { Effect: 'Allow', Action: ['sts:AssumeRole'], Resource: role }
  const facts = [
    { name: 'role', value: role },
    { name: 'sub', value: 'repo:acme@1/app@2:environment:GH-1 #2' },
  ]
  const cause = Object.assign(new Error(`User: ${role} is not authorized`), { name: 'AccessDenied' })
  const statements = [JSON.stringify(statement)]
  const error = new RemedyError('It broke.', 'Fix it.', { facts, statements, cause })

  it.each(pages({ command: 'apply', plan: driftedPlan, error }))(
    'stand in code blocks exactly: facts, statements with their indentation, and causes: %s',
    (_, page) => {
      expect(renderAsGitHub(page).blocks.slice(-3)).toEqual([
        facts.map(({ name, value }) => `${name}: ${value}`).join('\n'),
        JSON.stringify(statement, undefined, 2),
        `AccessDenied: User: ${role} is not authorized`,
      ])
      expect(page).toContain('\n```json\n{\n  "Effect": "Allow",\n')
    },
  )

  it.each(
    pages({
      command: 'apply',
      plan: driftedPlan,
      error: new RemedyError('It broke.', 'Fix it.', {
        facts: hostile.map((value) => ({ name: 'sub', value })),
        statements: hostile.map((Resource) => JSON.stringify({ Resource })),
        cause: new Error(hostile.join('\n')),
      }),
    }),
  )('start nothing and end no block: %s', (name, page) => {
    const { blocks, elements, links, html } = renderAsGitHub(page)
    expect(blocks).toHaveLength(1 + 1 + hostile.length + 1)
    expect(elements.filter((element) => ['img', 'script'].includes(element))).toEqual([])
    expect(links).toEqual(name === 'comment' ? [runUrl] : [])
    expect(html.replace(/<pre>[\s\S]*?<\/pre>/g, '')).not.toMatch(/octocat|evil/)
  })
})

describe('a page over the limit', () => {
  const long = '\u202e'.repeat(256)
  const refusals = (count: number, length: number): readonly Refusal[] =>
    Array.from({ length: count }, (_, index) => ({
      code: 'not-as-reviewed',
      reason: `reason ${index} ${'&'.repeat(length)}`,
      remedy: 'Review again.',
    }))

  it('is shortened to verdict, target, totals, digest, and where the whole plan is', () => {
    const tags = new Map(Array.from({ length: 48 }, (_, index) => [`key-${index}`, long]))
    const tables = theTables({ environment: production, tags })
    const found = new Map(tables.map((table) => [table.name, ready(table, { Tags: managedOnly })]))
    const plan = planTables(target, tables, found)
    const body = comment({ command: 'plan', plan })
    expect(body.length).toBeLessThanOrEqual(longestComment)
    expect(body).toBe(`${mark}

## Tenant Tables: plan of <code>prod</code>

**2 steps planned. Nothing was changed.**

Account <code>222222222222</code>, region <code>ap-south-1</code>, environment <code>prod</code> (production)

This report is shortened to GitHub's limit. The plan has 2 steps and 0 refusals. The whole plan is in the job summary of [the run](${runUrl}).

Plan digest <code>${digestPlan(plan)}</code> · commit <code>0123456</code> · [the run](${runUrl})
`)
    const whole = summary({ command: 'plan', plan })
    expect(renderAsGitHub(whole).rows.length).toBeGreaterThan(96)
  })

  it.each([
    [1, 100_000],
    [40, 400],
    [400, 400],
    [5000, 10],
  ])('shows the first of %i refusals of %i characters, and counts the others', (count, length) => {
    const plan: Plan = { ...driftedPlan, refusals: refusals(count, length) }
    const body = comment({ command: 'apply', plan })
    const { text } = renderAsGitHub(body)
    expect(body.length).toBeLessThanOrEqual(longestComment)
    expect(text).toContain(`Refused, for ${count} reason`)
    expect(text).toContain('Refused: reason 0 ')
    const shown = text.match(/reason \d+ /g)?.length ?? 0
    if (shown < count) {
      expect(text).toContain(`and ${count - shown} more reason`)
      // No room is wasted: the next line would not have fitted.
      expect(body.length).toBeGreaterThan(longestComment - 6000)
    }
  })

  it('shows refusals before failures, each cut with its remedy', () => {
    const plan: Plan = { ...driftedPlan, refusals: refusals(1, 300) }
    const error = new RemedyError('x'.repeat(100_000), 'y'.repeat(100_000), { cause: new Error('z') })
    const body = comment({ command: 'apply', plan, error })
    expect(body.split('\n').filter((line) => line.startsWith('- '))).toEqual([
      expect.stringMatching(/^- Refused: reason 0 .*&#8230; \(309 characters\) \*\*To fix:\*\* Review again\.$/),
      `- Failed: ${'x'.repeat(256)}&#8230; (100000 characters) **To fix:** ${'y'.repeat(256)}&#8230; (100000 characters)`,
    ])
  })

  it('fits even if every untrusted text is as long as it can be', () => {
    const name = long.slice(0, 255)
    const longTarget = aTarget({ environment: { name, production: true }, region: long, account: long })
    const plan: Plan = { ...driftedPlan, refusals: refusals(1000, 500) }
    const result: RunResult = { target: longTarget, plan, productionRule: long, review: long }
    const error = new InvalidInputsError(Array.from({ length: 500 }, () => long))
    for (const changes of [{}, { error }]) {
      const body = renderComment({ result: { ...result, ...changes }, mark, runUrl, redact: asItIs })
      expect(body.length).toBeLessThanOrEqual(longestComment)
      expect(Buffer.byteLength(renderSummary({ ...result, ...changes }, asItIs))).toBeLessThanOrEqual(1024 * 1024)
      expect(body).toContain('- Refused: reason 0')
    }
  })

  it('refers from the summary to the log', () => {
    expect(renderSummary({ error: new Error('x'.repeat(1024 * 1024)) }, asItIs)).toBe(`## Tenant Tables: run

**Failed before anything was written.**

This report is shortened to GitHub's limit. The whole plan is in the log.

- Failed: Error: ${'x'.repeat(249)}&#8230; (1048583 characters)
`)
  })
})
