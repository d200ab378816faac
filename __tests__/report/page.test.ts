/** The job summary and the pull request comment, by a renderer that is not ours. */
import { parse } from 'yaml'
import type { StepResult } from '../../src/apply/outcome.ts'
import { makePolicies } from '../../src/aws/policies.ts'
import { defineTables } from '../../src/definition/definition.ts'
import { InvalidInputsError, RemedyError } from '../../src/errors/errors.ts'
import { digestPlan } from '../../src/plan/document.ts'
import type { Plan, Refusal } from '../../src/plan/plan.ts'
import { planTables } from '../../src/plan/planner.ts'
import { longestComment, markComment, renderComment } from '../../src/report/comment.ts'
import { renderSummary } from '../../src/report/page.ts'
import type { RunResult } from '../../src/report/result.ts'
import type { ObservedTable } from '../../src/table/table.ts'
import type { Target } from '../../src/table/target.ts'
import { definitionOf } from '../definition/reading.ts'
import {
  aTarget,
  define,
  globalIndex,
  managedOnly,
  production,
  ready,
  strictPolicy,
  tagged,
  theTables,
  withTags,
} from '../support/builders.ts'
import { renderAsGitHub } from '../support/github-markdown.ts'
import { applied, driftedPlan, emptyPlan, outcomeOf, refusedPlan, target, tenant } from './results.ts'

const runUrl = 'https://github.com/acme/app/actions/runs/7'
const listUrl = 'https://ap-south-1.console.aws.amazon.com/dynamodbv2/home?region=ap-south-1#tables'
const usersUrl = listUrl.replace('#tables', '#table?name=users')
const mark = markComment(target, '')
const asItIs = (text: string) => text

function comment(result: RunResult): string {
  return renderComment({ result: { target, ...result }, mark, commit: '0123456789abcdef', runUrl, redact: asItIs })
}

function summary(result: RunResult): string {
  return renderSummary({ target, ...result }, asItIs, { commit: '0123456789abcdef', runUrl })
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
  const plan = planTables(target, [table], new Map([['users', observed]]), strictPolicy)
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
  const review = 'Not compared with a reviewed plan.'

  it.each(pages({ command: 'plan', plan: driftedPlan, productionRule, review }))(
    'says in two lines how the run ended, where, by which run and for which commit: %s',
    (_, page) => {
      const [title, place] = page.split('\n').filter((line) => line !== '' && line !== mark)
      expect(title).toBe('### 🟡 prod: 4 changes planned, nothing written yet')
      expect(place).toBe(
        `<code>222222222222</code> · [ap-south-1](${listUrl}) · environment <code>prod</code> 🔒 · [run 7](${runUrl}) · <code>0123456</code>`,
      )
    },
  )

  it.each(pages({ command: 'plan', plan: driftedPlan, productionRule, review }))(
    'shows tables and ARNs, every value, the rule for production, review and digest folded: %s',
    (_, page) => {
      const { html, blocks, text } = renderAsGitHub(page.slice(page.indexOf('<details>')))
      expect(html).toContain('<summary>Details: 2 tables, 2 values, digest</summary>')
      expect(renderAsGitHub(page).rows.slice(-3)).toEqual([
        ['Table', 'Before the run', 'Plan'],
        ['tenant', 'ready', 'unchanged'],
        ['users', 'ready', '4 changes'],
      ])
      expect(blocks).toEqual([
        'arn:aws:dynamodb:ap-south-1:222222222222:table/tenant\narn:aws:dynamodb:ap-south-1:222222222222:table/users',
        digestPlan(driftedPlan),
      ])
      expect(text).toContain('users, tag zone: a → b\nusers, new tag tenant-tables:environment: prod')
      expect(text).toContain('The environment is production, because its name has the part "prod".')
      expect(text).toContain(review)
    },
  )

  it.each(pages({ command: 'plan', plan: driftedPlan }))(
    'has a row for each step, with its icon, from its old to its new value: %s',
    (_, page) => {
      expect(renderAsGitHub(page).rows.slice(0, 5)).toEqual([
        ['', 'Table', 'Change'],
        ['✏️', 'users', 'deletion protection: off → on'],
        ['✏️', '', 'point-in-time recovery: off → 35 days'],
        ['✏️', '', 'tags: 1 added, zone: a → b'],
        ['🐢', '', 'billing: PROVISIONED, 5 read and 5 write units → PAY_PER_REQUEST (2 to 3 minutes the first time)'],
      ])
    },
  )

  it.each(pages({ command: 'apply', plan: driftedPlan, outcome }))(
    'has a column for the results after an apply: %s',
    (_, page) => {
      const results = renderAsGitHub(page).rows.map(([, , , result]) => result)
      expect(results.slice(0, 5)).toEqual(['Result', '✅ applied in 1.0\u00a0s', ...Array(3).fill('not started')])
    },
  )

  it('shows a new table in one row, an index with its key, and marks steps that are disruptive', () => {
    const [table] = theTables({ environment: production, tags: new Map([['team', 'a']]) })
    const index = globalIndex('email')
    const indexed = define(table, { GlobalSecondaryIndexes: [index] })
    const rowsOf = (observed: ObservedTable, allow: readonly string[] = []) => {
      const plan = planTables(target, [indexed], new Map([['tenant', observed]]), { destroy: false, allow })
      return renderAsGitHub(summary({ command: 'plan', plan }))
        .rows.slice(1)
        .filter(([icon = '']) => !/\w/.test(icon))
    }
    expect(rowsOf({ status: 'absent' })).toEqual([
      ['➕', 'tenant', 'create: key tenant_id (S), deletion protection on, billing PAY_PER_REQUEST, 3 tags, 1 index'],
      ['✏️', '', 'point-in-time recovery: off → 35 days'],
    ])
    expect(rowsOf(ready(indexed, { GlobalSecondaryIndexes: [] }))).toEqual([
      ['🐢', 'tenant', 'new index by-email: email (S); keys only (8 to 17 minutes, longer with many items)'],
    ])
    expect(rowsOf(ready(indexed, { Tags: tagged({ team: 'a' }) }), ['adopt-table'])).toEqual([
      ['⚠️', 'tenant', 'tags: 2 added (disruptive, by adopt-table)'],
    ])
  })

  it('shows five of many changed tags, and counts the others', () => {
    const tags = (value: string) => new Map(Array.from({ length: 8 }, (_, index) => [`k${index}`, value]))
    const [table] = theTables({ environment: production, tags: tags('new') })
    const [before] = theTables({ environment: production, tags: tags('old') })
    const plan = planTables(target, [table], new Map([['tenant', ready(before)]]), strictPolicy)
    const { rows } = renderAsGitHub(summary({ command: 'plan', plan }))
    const shown = Array.from({ length: 5 }, (_, index) => `k${index}: old → new`)
    expect(rows[1]?.[2]).toBe(`tags: ${shown.join(', ')} and 3 more tags`)
  })

  it.each(pages({ command: 'plan', plan: hostilePlan() }))(
    'shows refusals, then changes, then notices as alerts, and unmanaged settings folded: %s',
    (_, page) => {
      const { html, blocks } = renderAsGitHub(page)
      const [shown = '', folded = ''] = html.split('<details>')
      expect(shown).toMatch(/"alert caution"[\s\S]*To fix:[\s\S]*<table>[\s\S]*"alert warning"[\s\S]*"alert note"/)
      expect(folded).toContain(`${hostile.length} unmanaged settings, digest</summary>`)
      expect(folded).toMatch(/<code>users<\/code>, left as it is: <code>a \| b/)
      expect(blocks[0]).toBe('arn:aws:dynamodb:ap-south-1:222222222222:table/users')
    },
  )

  it.each(pages({ command: 'apply', plan: refusedPlan }))('shows a refusal with its remedy: %s', (_, page) => {
    const { text, blocks } = renderAsGitHub(page)
    expect(text).toMatch(/DynamoDB cannot change the key of a table\.\s+To fix: Choose another table-name-prefix/)
    expect(text).toMatch(/users\s+ready\s+refused/)
    expect(blocks).toHaveLength(2)
  })

  it('shows a line of allow that would permit refused changes in a block, once', () => {
    const tables = theTables({ environment: production })
    const found = new Map(tables.map((table) => [table.name, ready(table, { Tags: tagged({}) })]))
    const plan = planTables(target, tables, found, strictPolicy)
    expect(plan.refusals).toHaveLength(2)
    const page = summary({ command: 'plan', plan })
    expect(page).toContain(' in this run, add this line to allow:\n>\n> ```text\n> adopt-table\n> ```\n')
    expect(renderAsGitHub(page).blocks.filter((block) => block === 'adopt-table')).toHaveLength(1)
  })

  it('shows a failure with its remedy and its causes, and the progress in the column of results', () => {
    const error = new RemedyError('It broke.', 'Fix it.', { cause: new Error('deep down') })
    const failed: StepResult = { status: 'failed', isOutcomeUnknown: true, error }
    const plan = { ...driftedPlan, steps: driftedPlan.steps.slice(0, 2) }
    const page = summary({ command: 'apply', plan, outcome: outcomeOf(plan, [applied, failed], error) })
    expect(page.split('\n\n').slice(2, 3)).toEqual([
      `> [!CAUTION]
> **Failed:** It broke.
>
> **To fix:** Fix it.
>
> Caused by:
>
> \`\`\`text
> Error: deep down
> \`\`\``,
    ])
    expect(renderAsGitHub(page).rows[2]?.[3]).toBe('❌ sent, outcome unknown')
  })

  it('says what became of the sample items of a verification that failed', () => {
    const verification = {
      sampleItems: true,
      itemState: 'deleted',
      error: new RemedyError('It broke.', 'Fix it.'),
    } as const
    expect(summary({ command: 'verify', plan: emptyPlan, verification })).toContain(
      '> **To fix:** Fix it.\n>\n> The sample items were deleted again.\n',
    )
  })

  it('lists every wrong input of a run that came to no plan', () => {
    expect(renderSummary({ error: new InvalidInputsError(['a must be b.', 'c must be d.']) }, asItIs, {})).toBe(
      `### 🔴 Tenant Tables: failed before anything was written

> [!CAUTION]
> **Failed:** The inputs have 2 problems.
>
> - a must be b.
> - c must be d.
`,
    )
  })

  it('is three lines for a run that has nothing to report', () => {
    const page = summary({ command: 'apply', plan: emptyPlan, outcome: outcomeOf(emptyPlan, []) })
    expect(page.slice(0, page.indexOf('</summary>')).split('\n').filter(Boolean)).toEqual([
      '### ✅ prod: as defined, nothing changed',
      expect.stringMatching(/^<code>222222222222<\/code> · /),
      '<details><summary>Details: 1 table, digest',
    ])
    expect(page.endsWith('</details>\n')).toBe(true)
  })

  it('shows a policy for each command, folded, and what they do not know', () => {
    const { policies, notices } = makePolicies(
      { roles: [], allowedAccountIds: [], region: 'ap-south-1', sampleItems: true },
      [tenant],
    )
    const page = renderSummary({ command: 'policy', policies, notices }, asItIs, {})
    const { html, blocks } = renderAsGitHub(page)
    expect([...html.matchAll(/<summary>(.*?)<\/summary>/g)].map(([, title]) => title)).toEqual(
      ['apply', 'plan', 'verify', 'destroy'].map((command) => `Policy for ${command}`),
    )
    expect(blocks.map((block) => JSON.parse(block))).toEqual(Object.values(policies))
    expect(html).toMatch(/"alert note"[\s\S]*No account is known/)
  })

  it('shows two different values as different', () => {
    const shown = (owner: string) => {
      const [table] = theTables({ tags: new Map([['owner', owner]]) })
      const observed = ready(table, { Tags: withTags(table.properties.Tags, { owner: 'payments' }) })
      const plan = planTables(aTarget(), [table], new Map([['tenant', observed]]), strictPolicy)
      return renderAsGitHub(summary({ command: 'plan', plan })).rows[1]?.[2]
    }
    expect(shown('payments\u3164')).toBe('tag owner: payments → payments\\u{3164}')
    expect(shown('payments ')).toBe('tag owner: payments → payments\\u{20}')
  })
})

describe('a link', () => {
  const urlsOf = (changes: Partial<Target>, rest: Partial<RunResult> = {}) =>
    renderAsGitHub(summary({ plan: driftedPlan, target: { ...target, ...changes }, ...rest })).links.filter(
      (link) => link !== runUrl,
    )

  it.each([
    ['aws', 'ap-south-1', 'ap-south-1.console.aws.amazon.com'],
    ['aws-cn', 'cn-north-1', 'cn-north-1.console.amazonaws.cn'],
    ['aws-us-gov', 'us-gov-west-1', 'us-gov-west-1.console.amazonaws-us-gov.com'],
    ['aws-eusc', 'eusc-de-east-1', 'eusc-de-east-1.console.amazonaws-eusc.eu'],
  ])('leads to the tables and to each changed table in the console of the partition %s', (partition, region, host) => {
    const page = `https://${host}/dynamodbv2/home?region=${region}`
    expect(urlsOf({ partition, region })).toEqual([`${page}#tables`, `${page}#table?name=users`])
  })

  it('is absent where the console is not known, and where an endpoint may be that of an emulator', () => {
    expect(urlsOf({ partition: 'aws-iso', region: 'us-iso-east-1' })).toEqual([])
    const endpoint = { url: 'http://127.0.0.1:4566', setting: 'AWS_ENDPOINT_URL' }
    expect(urlsOf({}, { endpoints: [{ ...endpoint, service: 'DynamoDB' }] })).toEqual([])
    expect(urlsOf({}, { endpoints: [{ ...endpoint, service: 'STS' }] })).toHaveLength(2)
  })

  it.each(['evil) [x](https://evil.example', 'a b', '\u202e', 'x>y'])(
    'is absent where a name would end it: region %j',
    (region) => expect(urlsOf({ region })).toEqual([]),
  )

  it('is absent where the address holds a secret', () => {
    const result = { target, plan: driftedPlan }
    const redact = (text: string) => text.replaceAll('users', '***')
    expect(renderAsGitHub(renderSummary(result, redact, {})).links).toEqual([listUrl])
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
      const [, folded = ''] = page.split('<details>')
      expect(folded).toContain('<summary>Details: 1 table, definition, digest</summary>')
      expect(folded).toContain('Definition by .github/tables.yml in this environment:')
      const shown = blocksOf(page).at(-1) ?? ''
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
    for (const [, page] of pages(result)) expect(blocksOf(page)).toHaveLength(2)
  })

  const wild = hostile.map((text, index) => ({
    ...theTables()[0],
    logicalName: `${index}${text}`,
    fields: { TableName: text, Tags: [{ Key: text, Value: text }], [text]: [text] },
  }))

  it.each(pages({ command: 'plan', plan: emptyPlan, definitions: wild, definitionFile: hostile.join(' ') }))(
    'starts no markup and ends no block, whatever its texts are: %s',
    (_, page) => {
      const { blocks, elements, links, html } = renderAsGitHub(page)
      expect(blocks).toHaveLength(3)
      expect(blocks[2]?.split('\n').filter((line) => line.startsWith('"'))).toHaveLength(hostile.length)
      expect(elements.filter((element) => ['img', 'script'].includes(element))).toEqual([])
      expect(links).toEqual([listUrl, runUrl])
      const outsideCode = html.replace(/<code[\s\S]*?<\/code>|<[^>]*>/g, '')
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
  it('starts with its mark, which is not shown', () => {
    const body = comment({ command: 'plan', plan: driftedPlan })
    const { text, links } = renderAsGitHub(body)
    expect(body.startsWith(`${mark}\n`)).toBe(true)
    expect(text).not.toContain('tenant-tables ')
    expect(links).toEqual([listUrl, runUrl, usersUrl])
  })

  it('names no run and no commit where they are not known', () => {
    const result = { target, command: 'plan', plan: driftedPlan } as const
    const body = renderComment({ result, mark, redact: asItIs })
    expect(body).toMatch(/ · environment <code>prod<\/code> 🔒\n/)
    expect(renderAsGitHub(body).links).toEqual([listUrl, usersUrl])
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
    const ours = [
      'h3',
      'p',
      'strong',
      'code',
      'ul',
      'li',
      'table',
      'thead',
      'tr',
      'th',
      'tbody',
      'td',
      'pre',
      'a',
      'wbr',
    ]
    const others = ['details', 'summary', 'blockquote', 'svg', 'path']
    expect(seen.elements.filter((element) => ![...ours, ...others].includes(element))).toEqual([])
    expect(seen.links).toEqual([listUrl, runUrl, usersUrl])
  })

  it('ends no cell, no row, no alert and no block', () => {
    // The changed tags are one step. The last two rows are the table of tables.
    expect(seen.rows.map((row) => row.length)).toEqual([3, 3, 3, 3])
    expect(seen.html.match(/<blockquote class="alert/g)).toHaveLength(3)
    // ARNs and digest.
    expect(seen.blocks.map((block) => block.split('\n').length)).toEqual([1, 1])
    // Every tag and that of the environment; every unmanaged setting.
    expect(seen.html.match(/<li>/g)).toHaveLength(hostile.length + 1 + hostile.length)
  })

  it('mentions no one and links no issue: a zero-width space follows every @ and # outside code', () => {
    const outsideCode = seen.html.replace(/<code[\s\S]*?<\/code>|<[^>]*>/g, '')
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
      expect(renderAsGitHub(page).blocks.slice(0, 3)).toEqual([
        facts.map(({ name, value }) => `${name}: ${value}`).join('\n'),
        JSON.stringify(statement, undefined, 2),
        `AccessDenied: User: ${role} is not authorized`,
      ])
      expect(page).toContain('\n> ```json\n> {\n>   "Effect": "Allow",\n')
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
  )('start nothing and end no block: %s', (_, page) => {
    const { blocks, elements, links, html } = renderAsGitHub(page)
    // Facts, statements and causes; then ARNs and digest.
    expect(blocks).toHaveLength(1 + hostile.length + 1 + 2)
    expect(elements.filter((element) => ['img', 'script'].includes(element))).toEqual([])
    expect(links).toEqual([listUrl, runUrl, usersUrl])
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

  it('is shortened to verdict, place, totals, digest, and where the whole plan is', () => {
    const tags = new Map(Array.from({ length: 48 }, (_, index) => [`key-${index}`, long]))
    const tables = theTables({ environment: production, tags })
    const found = new Map(tables.map((table) => [table.name, ready(table, { Tags: managedOnly })]))
    const plan = planTables(target, tables, found, strictPolicy)
    const body = comment({ command: 'plan', plan })
    expect(body.length).toBeLessThanOrEqual(longestComment)
    expect(body).toBe(`${mark}

### 🟡 prod: 2 changes planned, nothing written yet

<code>222222222222</code> · [ap-south-1](${listUrl}) · environment <code>prod</code> 🔒 · [run 7](${runUrl}) · <code>0123456</code>

This report is shortened to GitHub's limit. The plan has 2 steps and 0 refusals. The whole plan is in the job summary of [the run](${runUrl}).

Plan digest <code>${digestPlan(plan)}</code>
`)
    expect(renderAsGitHub(summary({ command: 'plan', plan })).html.match(/<li>/g)?.length).toBeGreaterThan(96)
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
    expect(text).toContain(`prod: refused for ${count} reason`)
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
      expect(Buffer.byteLength(renderSummary({ ...result, ...changes }, asItIs, {}))).toBeLessThanOrEqual(1024 * 1024)
      expect(body).toContain('- Refused: reason 0')
    }
  })

  it('refers from the summary to the log', () => {
    expect(
      renderSummary({ error: new Error('x'.repeat(1024 * 1024)) }, asItIs, {}),
    ).toBe(`### 🔴 Tenant Tables: failed before anything was written

This report is shortened to GitHub's limit. The whole plan is in the log.

- Failed: Error: ${'x'.repeat(249)}&#8230; (1048583 characters)
`)
  })
})
