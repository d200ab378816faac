import { nameStep } from '../../src/plan/description.ts'
import type { Plan } from '../../src/plan/plan.ts'
import { planTables } from '../../src/plan/planner.ts'
import type { Tags } from '../../src/table/properties/tags.ts'
import {
  aTable,
  aTarget,
  production,
  provisioned,
  ready,
  tagged,
  theTables,
  type ValueChanges,
  withTags,
} from '../support/builders.ts'

const [tenant, users] = theTables({ environment: production })
const target = aTarget({ environment: production })
const ofStaging = tagged({ 'tenant-tables:environment': 'staging' })

function plan(changes: ValueChanges, allow: readonly string[] = [], definition = users): Plan {
  const observed = new Map([
    ['tenant', ready(tenant)],
    ['users', ready(definition, changes)],
  ])
  return planTables(target, [tenant, definition], observed, { destroy: false, allow })
}

const codes = ({ refusals }: Plan) => refusals.map(({ code }) => code)
const names = ({ steps }: Plan) => steps.map(nameStep)

it.each<[string, Tags]>([
  ['no tags', []],
  ['tags of someone else', tagged({ team: 'data' })],
  ['only the tag of its environment', tagged({ 'tenant-tables:environment': 'prod' })],
  ['the tag of another tool', withTags(users.properties.Tags, { 'tenant-tables:managed-by': 'terraform' })],
])('refuses an existing table with %s, and reports nothing else about it', (_, Tags) => {
  const found = plan({ Tags, BillingMode: provisioned, DeletionProtectionEnabled: false })
  expect([codes(found), found.steps, found.notices]).toEqual([['adopt-table'], [], []])
  expect(found.refusals[0]?.table).toBe('users')
})

it('lists in the refusal what adoption would change, the tags of the table, and how to find its owner', () => {
  const { refusals } = plan({
    BillingMode: provisioned,
    DeletionProtectionEnabled: false,
    PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: false },
    Tags: tagged({ team: 'data', Name: 'reports' }),
  })
  expect(refusals).toEqual([
    {
      table: 'users',
      code: 'adopt-table',
      reason:
        'The table "users" exists, but does not carry the tag tenant-tables:managed-by = tenant-tables, so this action neither created nor adopted it. Adoption would change: deletion protection off -> on, point-in-time recovery off -> 35 days, tag tenant-tables:environment = prod, tag tenant-tables:managed-by = tenant-tables, billing PROVISIONED, 5 read and 5 write units -> PAY_PER_REQUEST. Its tags may name its owner: Name = reports, team = data.',
      remedy:
        'Find out who owns the table. Whether a CloudFormation stack holds it, this command says in account 222222222222: aws cloudformation describe-stack-resources --physical-resource-id users --region ap-south-1 (a ValidationError means that no stack holds it). If a stack holds it, take it out of the stack in this order: set DeletionPolicy: Retain (CDK: RemovalPolicy.RETAIN) on the table and deploy the stack; then remove the table from the stack and deploy it again. A table that was restored from a backup, a replica of a table in another region, and a table whose tags were removed do not carry the tag either. To leave the table alone, choose another table-name-prefix. Or, to adopt the table in this run, add this line to allow: adopt-table',
    },
  ])
  expect(plan({ Tags: [] }).refusals[0]?.reason).toMatch(/It has no tags that could name its owner\.$/)
})

it('keeps the refusal short, however many and however long the tags are', () => {
  const many = (value: string) => Array.from({ length: 48 }, (_, index) => [`key-${index + 10}`, value] as const)
  const [, definition] = theTables({ environment: production, tags: new Map(many('x'.repeat(256))) })
  const { refusals } = plan({ Tags: tagged(Object.fromEntries(many('y'.repeat(1000)))) }, [], definition)
  const reason = refusals[0]?.reason ?? ''
  expect(reason).toContain(`key-10 = ${'y'.repeat(256)}… (1000 characters), key-11 = `)
  expect(reason).toMatch(/ and 43 more tags\.$/)
  expect(reason).toMatch(/ and 40 more changes\. Its tags/)
  expect(reason.length).toBeLessThan(8000)
})

it('adopts the table by one write of all tags that differ where allow has the line, which the next run does not need', () => {
  const [, definition] = theTables({ environment: production, tags: new Map([['team', 'core']]) })
  const Tags = tagged({ team: 'data', owner: 'someone' })
  const allowed = plan(
    { Tags, BillingMode: provisioned, DeletionProtectionEnabled: false },
    ['adopt-table'],
    definition,
  )
  expect(codes(allowed)).toEqual([])
  expect(names(allowed)).toEqual([
    'update DeletionProtectionEnabled of "users"',
    'update Tags of "users"',
    'update BillingMode of "users"',
  ])
  expect(allowed.steps[1]).toEqual({
    kind: 'update',
    table: 'users',
    property: 'Tags',
    from: tagged({ team: 'data' }),
    to: definition.properties.Tags,
    risk: { allow: ['adopt-table'] },
  })
  expect(allowed.notices).toMatchObject([{ table: 'users', level: 'notice', code: 'adopted' }])
  const adopted = plan({ Tags: withTags(definition.properties.Tags, { owner: 'someone' }) }, [], definition)
  expect([codes(adopted), adopted.steps, adopted.notices]).toEqual([[], [], []])
})

describe('a table of another environment that this action did not create', () => {
  it.each<[readonly string[], readonly string[]]>([
    [[], ['change-environment', 'adopt-table']],
    [['change-environment'], ['adopt-table']],
    [['adopt-table'], ['change-environment']],
    [['change-environment', 'adopt-table'], []],
  ])('with %j in allow is refused for %j', (allow, refused) => {
    const found = plan({ Tags: ofStaging, BillingMode: provisioned }, allow)
    expect(codes(found)).toEqual(refused)
    expect(names(found)).toEqual(refused.length > 0 ? [] : ['update Tags of "users"', 'update BillingMode of "users"'])
  })

  it('is moved to the environment and adopted by one tag write', () => {
    expect(plan({ Tags: ofStaging }, ['change-environment', 'adopt-table']).steps).toEqual([
      {
        kind: 'update',
        table: 'users',
        property: 'Tags',
        from: ofStaging,
        to: users.properties.Tags,
        risk: { allow: ['change-environment', 'adopt-table'] },
      },
    ])
  })
})

it('refuses a table with another key for its key alone, because adoption does not help', () => {
  for (const allow of [[], ['adopt-table']]) {
    expect(codes(plan({ Tags: [], KeySchema: tenant.properties.KeySchema }, allow))).toEqual(['impossible-change'])
  }
})

it('restores the other tags of a managed table without a line of allow', () => {
  expect(names(plan({ Tags: tagged({ 'tenant-tables:managed-by': 'tenant-tables' }) }))).toEqual([
    'update Tags of "users"',
  ])
})

it('refuses what else needs a line of allow once the adoption is allowed', () => {
  const definition = aTable({ Tags: users.properties.Tags, DeletionProtectionEnabled: false })
  const changes = { Tags: [], DeletionProtectionEnabled: true }
  const refused = plan(changes, [], definition)
  expect(codes(refused)).toEqual(['adopt-table'])
  expect(refused.refusals[0]?.reason).toContain('deletion protection on -> off')
  expect(codes(plan(changes, ['adopt-table'], definition))).toEqual(['remove-deletion-protection'])
})
