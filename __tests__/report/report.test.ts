import { InvalidInputsError, RemedyError } from '../../src/errors/errors.ts'
import { describeStep } from '../../src/plan/description.ts'
import { digestPlan } from '../../src/plan/document.ts'
import type { Outcome, Plan, StepResult, Verification } from '../../src/plan/plan.ts'
import { planTables } from '../../src/plan/planner.ts'
import { markdownOf } from '../../src/report/markdown.ts'
import {
  describeProgress,
  performedSteps,
  type RunResult,
  renderPlanLines,
  summarise,
} from '../../src/report/report.ts'
import { renderSummary } from '../../src/report/summary.ts'
import { visible } from '../../src/text/readable.ts'
import { aTarget, managedOnly, production, ready, theTables } from '../support/builders.ts'

const { code, text } = markdownOf((each) => each)

const target = aTarget({ environment: production })
const [tenant, users] = theTables({ environment: production })
const drifted = ready(users, {
  deletionProtection: false,
  billingMode: 'PROVISIONED',
  pointInTimeRecovery: { enabled: false },
  tags: managedOnly,
})
const plan = planTables(
  target,
  [tenant, users],
  new Map([
    ['tenant', ready(tenant)],
    ['users', drifted],
  ]),
)

function outcomeOf(of: Plan, results: readonly StepResult[], error?: unknown): Outcome {
  return {
    steps: of.steps.map((step, index) => ({ step, result: results[index] ?? { status: 'skipped' } })),
    observed: new Map(),
    ...(error === undefined ? {} : { error }),
  }
}

it('tells a step in one line, from what to what', () => {
  expect(plan.steps.map(describeStep)).toEqual([
    'enable-deletion-protection "users": deletion protection off -> on',
    'set-point-in-time-recovery "users": point-in-time recovery off -> on, 35 days',
    'tag-table "users": tag tenant-tables:environment = prod',
    'set-billing-mode "users": billing mode PROVISIONED -> PAY_PER_REQUEST',
  ])
})

it('tells of a table that is created everything that it gets, and cuts what is long', () => {
  const absent = planTables(
    target,
    theTables({ environment: production, tags: new Map([['a', 'x'.repeat(257)]]) }),
    new Map(),
  )
  expect(absent.steps.slice(2).map(describeStep)).toEqual([
    `create-table "users": key = tenant_id (S), user_id (S), billing mode = PAY_PER_REQUEST, deletion protection = on, tag a = ${'x'.repeat(256)}… (257 characters), tag tenant-tables:environment = prod, tag tenant-tables:managed-by = tenant-tables`,
    'set-point-in-time-recovery "users": point-in-time recovery off -> on, 35 days',
  ])
})

it('counts as performed what was applied, and what DynamoDB took without an end that was seen', () => {
  const error = new Error('x')
  const outcome = outcomeOf(plan, [
    { status: 'applied', seconds: 1 },
    { status: 'dropped' },
    { status: 'failed', sent: true, error },
    { status: 'failed', sent: false, error },
  ])
  expect(performedSteps(outcome)).toEqual([outcome.steps[0], outcome.steps[2]])
  expect(performedSteps(outcomeOf(plan, []))).toEqual([])
  expect(performedSteps(undefined)).toEqual([])
})

it('tells how many of the tables are there', () => {
  expect(renderPlanLines(planTables(target, [tenant, users], new Map([['tenant', ready(tenant)]])))[0]).toBe(
    '2 tables defined, 1 found.',
  )
})

it('tells a plan line by line: steps, refusals with remedies, notices, what is unmanaged', () => {
  const other = ready(users, { keys: tenant.keys })
  const kept = ready(tenant, { tags: new Map([...tenant.tags, ['owner', 'x'.repeat(257)]]) })
  const lines = renderPlanLines(
    planTables(
      target,
      [tenant, users],
      new Map([
        ['tenant', kept],
        ['users', other],
      ]),
    ),
  )
  expect(lines).toEqual([
    '2 tables defined, 2 found.',
    expect.stringMatching(/^! refused: The table "users" has the key tenant_id \(S\), but/),
    expect.stringMatching(/^ {2}to fix: Choose another table-name-prefix/),
    `  unmanaged on "tenant", left as it is: tags.owner = ${'x'.repeat(256)}… (257 characters)`,
  ])
  const nothing = planTables(target, [tenant], new Map([['tenant', ready(tenant, { tags: tenant.tags })]]))
  expect(renderPlanLines(nothing)).toEqual(['1 table defined, 1 found.', 'Nothing to do.'])
  expect(renderPlanLines(plan)[1]).toBe('~ enable-deletion-protection "users": deletion protection off -> on')
})

describe('in one sentence', () => {
  const applied: StepResult = { status: 'applied', seconds: 1 }
  const dropped: StepResult = { status: 'dropped' }
  const empty = planTables(target, [tenant], new Map([['tenant', ready(tenant)]]))
  const refused = planTables(
    target,
    [tenant],
    new Map([['tenant', { status: 'unavailable', tableStatus: 'DELETING' }]]),
  )
  const cases: readonly [string, RunResult][] = [
    ['Nothing was done.', {}],
    ['Failed before anything was written.', { error: new Error('x') }],
    ['Failed.', { plan, error: new Error('x') }],
    [
      'Refused, for 1 reason. Nothing was written.',
      { command: 'apply', plan: refused, outcome: outcomeOf(refused, []) },
    ],
    ['4 steps planned. Nothing was changed.', { command: 'plan', plan }],
    [
      'The tables are as defined. Nothing was changed.',
      { command: 'apply', plan: empty, outcome: outcomeOf(empty, []) },
    ],
    ['4 steps applied.', { command: 'apply', plan, outcome: outcomeOf(plan, [applied, applied, applied, applied]) }],
    [
      '3 steps applied, 1 done by another run.',
      { command: 'apply', plan, outcome: outcomeOf(plan, [applied, dropped, applied, applied]) },
    ],
    ['4 steps applied.', { command: 'apply', plan }],
    ['Failed after 1 of 4 steps.', { command: 'apply', plan, outcome: outcomeOf(plan, [applied], new Error('x')) }],
  ]
  it.each(cases)('%s', (sentence, result) => expect(summarise(result)).toBe(sentence))
})

describe('the job summary', () => {
  it('holds the target, every change with its result, the ARNs, and what to know', () => {
    const adopted = planTables(
      target,
      [tenant],
      new Map([
        [
          'tenant',
          ready(tenant, {
            tags: new Map([['zone', 'a']]),
          }),
        ],
      ]),
      { destroy: false, allow: ['adopt-table'] },
    )
    const outcome = outcomeOf(adopted, [{ status: 'applied', seconds: 0.25 }])
    expect(
      renderSummary({ command: 'apply', target, plan: adopted, outcome }, (text) => text),
    ).toBe(`## Tenant Tables: apply of <code>prod</code>

**1 step applied.**

Account <code>222222222222</code>, region <code>ap-south-1</code>, environment <code>prod</code> (production)

### Changes

| Table | Step | Setting | From | To | Result |
| --- | --- | --- | --- | --- | --- |
| <code>tenant</code> | <code>adopt-table</code> **disruptive** | tag tenant-tables:environment |  | <code>prod</code> | applied in 0.3 s |
| <code>tenant</code> | <code>adopt-table</code> **disruptive** | tag tenant-tables:managed-by |  | <code>tenant-tables</code> |  |

### Tables

| Table | Before the run |
| --- | --- |
| <code>tenant</code> | ready |

\`\`\`text
arn:aws:dynamodb:ap-south-1:222222222222:table/tenant
\`\`\`

### To know

- The table "tenant" exists already and its keys match: it is adopted, with its items.
- Unmanaged on <code>tenant</code>, left as it is: <code>tags.zone</code> = <code>a</code>

Plan digest <code>${digestPlan(adopted)}</code>
`)
  })

  it('has no section without something in it', () => {
    const [table] = theTables()
    const at = aTarget()
    const nothing = planTables(at, [table], new Map([['tenant', ready(table)]]))
    expect(
      renderSummary({ command: 'plan', target: at, plan: nothing }, (text) => text),
    ).toBe(`## Tenant Tables: plan of <code>dev</code>

**The tables are as defined. Nothing was changed.**

Account <code>222222222222</code>, region <code>ap-south-1</code>, environment <code>dev</code> (not production)

### Tables

| Table | Before the run |
| --- | --- |
| <code>tenant</code> | ready |

\`\`\`text
arn:aws:dynamodb:ap-south-1:222222222222:table/tenant
\`\`\`

Plan digest <code>${digestPlan(nothing)}</code>
`)
  })

  it('shows from what to what a setting was changed', () => {
    expect(renderSummary({ command: 'plan', target, plan }, (text) => text)).toContain(
      '| <code>users</code> | <code>set-billing-mode</code> | billing mode | <code>PROVISIONED</code> | <code>PAY_PER_REQUEST</code> | planned |',
    )
  })

  it('holds refusals with their remedies', () => {
    const refused = planTables(
      target,
      [tenant],
      new Map([['tenant', { status: 'unavailable', tableStatus: 'DELETING' }]]),
    )
    expect(renderSummary({ command: 'plan', target, plan: refused }, (text) => text)).toContain(
      '### Refused\n\n- The table "tenant" is DELETING. **To fix:** Wait until it is gone',
    )
  })

  it('tells of a failure what happened, what to do, what was done before it, and what was not', () => {
    const error = new RemedyError('It broke.', 'Mend it.', { cause: new Error('deep down') })
    const outcome = outcomeOf(
      plan,
      [{ status: 'applied', seconds: 1 }, { status: 'dropped' }, { status: 'failed', sent: true, error }],
      error,
    )
    const summary = renderSummary({ command: 'apply', target, plan, outcome }, (text) => text)
    expect(summary.split('### Failed')[1]).toBe(`

- It broke.
- **To fix:** Mend it.
- Done before: enable-deletion-protection "users". Done by another run: set-point-in-time-recovery "users". Sent to DynamoDB, end not seen: tag-table "users". Not begun: set-billing-mode "users".

Caused by:

\`\`\`text
Error: deep down
\`\`\`
`)
    for (const words of ['applied in 1.0 s', 'done by another run', 'sent, end not seen', 'not begun']) {
      expect(summary).toContain(`| ${words} |`)
    }
    const failed = outcomeOf(plan, [{ status: 'failed', sent: false, error }], error)
    expect(renderSummary({ command: 'apply', target, plan, outcome: failed }, (text) => text)).toContain('| failed |')
    expect(renderSummary({ command: 'plan', target, plan }, (text) => text)).toContain('| planned |')
  })

  it('is there for a run that never came to a plan', () => {
    expect(renderSummary({ error: new Error('no inputs') }, (text) => text)).toBe(`## Tenant Tables: run

**Failed before anything was written.**

### Failed

- Error: no inputs
`)
  })

  it('lists every wrong input', () => {
    expect(
      renderSummary({ error: new InvalidInputsError(['a must be b.', 'c must be d.']) }, (text) => text),
    ).toContain('### Failed\n\n- 2 inputs are wrong.\n  - a must be b.\n  - c must be d.\n')
  })

  it('stays under the 1 MiB that GitHub shows, with the longest and strangest tags there can be', () => {
    const strange = '\u202e'.repeat(100)
    const tags = new Map(Array.from({ length: 48 }, (_, index) => [`${index}${strange}`, `${strange}${index}`]))
    const [first, second] = theTables({ tags })
    const others = new Map([...managedOnly, ...[...tags].map(([key]) => [key, strange] as const)])
    const largest = planTables(
      target,
      [first, second],
      new Map([
        ['tenant', ready(first, { tags: others })],
        ['users', ready(second, { tags: others })],
      ]),
    )
    expect(largest.steps).toHaveLength(2)
    expect(Buffer.byteLength(renderSummary({ command: 'plan', target, plan: largest }, (text) => text))).toBeLessThan(
      1024 * 1024,
    )
  })
})

describe('what was done before a failure', () => {
  const error = new Error('x')
  const done = { status: 'applied', seconds: 1 } as const
  it.each<[string, readonly StepResult[]]>([
    [
      'Failed: enable-deletion-protection "users". Done before: nothing. Not begun: set-point-in-time-recovery "users", tag-table "users", set-billing-mode "users".',
      [{ status: 'failed', sent: false, error }],
    ],
    [
      'Done before: enable-deletion-protection "users", set-point-in-time-recovery "users", tag-table "users". Sent to DynamoDB, end not seen: set-billing-mode "users".',
      [done, done, done, { status: 'failed', sent: true, error }],
    ],
    [
      'Failed: set-billing-mode "users". Done before: enable-deletion-protection "users", set-point-in-time-recovery "users", tag-table "users".',
      [done, done, done, { status: 'failed', sent: false, error }],
    ],
    [
      'Done before: enable-deletion-protection "users", set-point-in-time-recovery "users", tag-table "users". Deferred by AWS: set-billing-mode "users".',
      [done, done, done, { status: 'deferred', error }],
    ],
  ])('%s', (sentence, results) => expect(describeProgress({ outcome: outcomeOf(plan, results) })).toBe(sentence))

  it.each<[string, Verification]>([
    ['No sample item was written.', { sampleItems: true, fate: 'unwritten', error }],
    ['The sample items were deleted again.', { sampleItems: true, fate: 'deleted', error }],
    // The error names those that are left, and of none nothing need be told.
    ['', { sampleItems: true, error }],
    ['', { sampleItems: false, fate: 'unwritten', error }],
  ])('of a verification: %j', (sentence, verification) => {
    expect(describeProgress({ verification })).toBe(sentence)
  })
})

describe('foreign text', () => {
  it.each([
    ['a|b', '<code>a&#124;b</code>'],
    ['`x`', '<code>&#96;x&#96;</code>'],
    ['<img src=x>', '<code>&#60;img src=x&#62;</code>'],
    ['*_~[a](b)', '<code>&#42;&#95;&#126;&#91;a&#93;(b)</code>'],
    ['a\nb', '<code>a&#92;u&#123;a&#125;b</code>'],
    ['https://x www.x mailto:x', '<code>https&#58;//x www&#46;x mailto&#58;x</code>'],
    ['WWW.x MailTo:x xmpp:x', '<code>WWW&#46;x MailTo&#58;x xmpp&#58;x</code>'],
    ['a@b.example', '<code>a<wbr>&#64;b.example</code>'],
    ['Übung 日本 1', '<code>Übung 日本 1</code>'],
    ['e\u0301', '<code>e\u0301</code>'],
    [`a ,;.:'"()/=?%+-b`, `<code>a ,;.:'"()/=?%+-b</code>`],
  ])('becomes code that starts nothing: %j', (value, markdown) => expect(code(value)).toBe(markdown))

  it('in a sentence notifies nobody and links nothing', () => {
    expect(text('@acme #1 a&b')).toBe('&#64;&#8203;acme &#35;&#8203;1 a&#38;b')
  })

  it('shows the characters that do not show, and is cut where it is long', () => {
    expect(visible('a\u202eb\u0000\r\u2028\u2029')).toBe('a\\u{202e}b\\u{0}\\u{d}\\u{2028}\\u{2029}')
    expect(code('x'.repeat(256))).toBe(`<code>${'x'.repeat(256)}</code>`)
    expect(code('x'.repeat(300))).toBe(`<code>${'x'.repeat(256)}&#8230; (300 characters)</code>`)
  })
})
