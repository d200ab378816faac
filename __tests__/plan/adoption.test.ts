import type { Disruption, Plan } from '../../src/plan/plan.ts'
import { planTables } from '../../src/plan/planner.ts'
import type { Tags } from '../../src/table/properties/tags.ts'
import type { ReadyTable } from '../../src/table/table.ts'
import { aTable, aTarget, production, ready, theTables } from '../support/builders.ts'

const [tenant, users] = theTables({ environment: production })
const target = aTarget({ environment: production })
const untagged: Tags = new Map()

function plan(changes: Partial<ReadyTable>, allow: readonly Disruption[] = [], desired = users): Plan {
  const observed = new Map([
    ['tenant', ready(tenant)],
    ['users', ready(desired, changes)],
  ])
  return planTables(target, [tenant, desired], observed, { destroy: false, allow })
}

const codes = ({ refusals }: Plan) => refusals.map(({ code }) => code)
const actions = ({ steps }: Plan) => steps.map(({ action }) => action)

it.each<[string, Tags]>([
  ['no tags', untagged],
  ['tags of someone else', new Map([['team', 'data']])],
  ['only the tag of its environment', new Map([['tenant-tables:environment', 'prod']])],
  ['the tag of another tool', new Map([...users.tags, ['tenant-tables:managed-by', 'terraform']])],
])('an existing table with %s is refused, and nothing else is said of it', (_, tags) => {
  const found = plan({ tags, billingMode: 'PROVISIONED', deletionProtection: false })
  expect([codes(found), actions(found), found.notices]).toEqual([['adopt-table'], [], []])
  expect(found.refusals[0]?.table).toBe('users')
})

it('the refusal lists what adoption would change, the tags of the table, and how to find out whose it is', () => {
  const { refusals } = plan({
    billingMode: 'PROVISIONED',
    deletionProtection: false,
    pointInTimeRecovery: { enabled: false },
    tags: new Map([
      ['team', 'data'],
      ['Name', 'reports'],
    ]),
  })
  expect(refusals).toEqual([
    {
      table: 'users',
      code: 'adopt-table',
      reason:
        'The table "users" exists, but does not carry the tag tenant-tables:managed-by = tenant-tables, so this action neither created nor adopted it. Adoption would change: deletion protection off -> on, point-in-time recovery off -> on, 35 days, tag tenant-tables:environment = prod, tag tenant-tables:managed-by = tenant-tables, billing mode PROVISIONED -> PAY_PER_REQUEST. Its tags may name its owner: Name = reports, team = data.',
      remedy:
        'Find out who owns the table. Whether a CloudFormation stack holds it, this command says in account 222222222222: aws cloudformation describe-stack-resources --physical-resource-id users --region ap-south-1 (a ValidationError means that no stack holds it). If a stack holds it, let go of it in this order: set DeletionPolicy: Retain (CDK: RemovalPolicy.RETAIN) on the table and deploy the stack; then remove the table from the stack and deploy it again. A table that was restored from a backup, a replica of a table in another region, and a table whose tags were removed do not carry the tag either. To leave the table alone, choose another table-name-prefix. Or, to adopt the table, for the one run that does, add this line to allow: adopt-table',
    },
  ])
  expect(plan({ tags: untagged }).refusals[0]?.reason).toMatch(/It has no tags that could name its owner\.$/)
})

it('the refusal stays short, however many and long the tags are', () => {
  const many = (value: string) => new Map(Array.from({ length: 48 }, (_, index) => [`key-${index + 10}`, value]))
  const [, desired] = theTables({ environment: production, tags: many('x'.repeat(256)) })
  const { refusals } = plan({ tags: many('y'.repeat(1000)) }, [], desired)
  const reason = refusals[0]?.reason ?? ''
  expect(reason).toContain(`key-10 = ${'y'.repeat(256)}… (1000 characters), key-11 = `)
  expect(reason).toMatch(/ and 43 more tags\.$/)
  expect(reason).toMatch(/ and 40 more changes\. Its tags/)
  expect(reason.length).toBeLessThan(8000)
})

it('with its line of allow the table is adopted by one tag write, with all tags that differ, and needs no line after that', () => {
  const [, desired] = theTables({ environment: production, tags: new Map([['team', 'core']]) })
  const tags = new Map([
    ['team', 'data'],
    ['owner', 'somebody'],
  ])
  const allowed = plan({ tags, billingMode: 'PROVISIONED', deletionProtection: false }, ['adopt-table'], desired)
  expect([codes(allowed), actions(allowed)]).toEqual([
    [],
    ['enable-deletion-protection', 'adopt-table', 'set-billing-mode'],
  ])
  expect(allowed.steps[1]).toEqual({
    action: 'adopt-table',
    table: 'users',
    tags: [
      { key: 'team', from: 'data', to: 'core' },
      { key: 'tenant-tables:environment', to: 'prod' },
      { key: 'tenant-tables:managed-by', to: 'tenant-tables' },
    ],
  })
  expect(allowed.notices).toMatchObject([{ table: 'users', level: 'notice', code: 'adopted' }])
  const adopted = plan({ tags: new Map([...tags, ...desired.tags]) }, [], desired)
  expect([codes(adopted), actions(adopted), adopted.notices]).toEqual([[], [], []])
})

describe('a table of another environment that this action did not create', () => {
  const tags = new Map([['tenant-tables:environment', 'staging']])

  it.each<[readonly Disruption[], readonly string[]]>([
    [[], ['change-environment', 'adopt-table']],
    [['change-environment'], ['adopt-table']],
    [['adopt-table'], ['change-environment']],
    [['change-environment', 'adopt-table'], []],
  ])('with %j in allow is refused for %j', (allow, refused) => {
    const found = plan({ tags, billingMode: 'PROVISIONED' }, allow)
    expect(codes(found)).toEqual(refused)
    expect(actions(found)).toEqual(refused.length > 0 ? [] : ['change-environment', 'set-billing-mode'])
  })

  it('is handed over and adopted by one tag write', () => {
    expect(plan({ tags }, ['change-environment', 'adopt-table']).steps).toEqual([
      {
        action: 'change-environment',
        table: 'users',
        from: 'staging',
        to: 'prod',
        tags: [
          { key: 'tenant-tables:environment', from: 'staging', to: 'prod' },
          { key: 'tenant-tables:managed-by', to: 'tenant-tables' },
        ],
      },
    ])
  })
})

it('a table with another key is refused for its key alone, because adoption cannot help', () => {
  for (const allow of [[], ['adopt-table']] as const) {
    expect(codes(plan({ tags: untagged, keys: tenant.keys }, allow))).toEqual(['different-keys'])
  }
})

it('a table that is managed already gets its other tags back without a line of allow', () => {
  const tags = new Map([['tenant-tables:managed-by', 'tenant-tables']])
  expect(actions(plan({ tags }))).toEqual(['tag-table'])
})

it('what adoption needs besides from allow is refused once the adoption is allowed', () => {
  const desired = aTable({ tags: users.tags, deletionProtection: false })
  const changes = { tags: untagged, deletionProtection: true }
  expect(codes(plan(changes, [], desired))).toEqual(['adopt-table'])
  expect(plan(changes, [], desired).refusals[0]?.reason).toContain('deletion protection on -> off')
  expect(codes(plan(changes, ['adopt-table'], desired))).toEqual(['remove-deletion-protection'])
})
