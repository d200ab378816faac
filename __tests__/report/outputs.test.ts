import type { Outcome, StepResult } from '../../src/apply/outcome.ts'
import { makePolicies } from '../../src/aws/policies.ts'
import { tenantAccessPolicy } from '../../src/aws/tenant-access.ts'
import { digestPlan, renderPlanDocument } from '../../src/plan/document.ts'
import { planTables } from '../../src/plan/planner.ts'
import { outputsOf } from '../../src/report/outputs.ts'
import type { RunResult } from '../../src/report/result.ts'
import type { ObservedTables, TableDefinition } from '../../src/table/table.ts'
import { aTable, aTarget, ready, strictPolicy, theTables } from '../support/builders.ts'
import { applied, outcomeOf } from './results.ts'

const target = aTarget()
const [tenant, users] = theTables()
const definitions = [tenant, users]
const plan = planTables(target, definitions, new Map(), strictPolicy)
const known = { target, definitions, tenantKey: 'tenant_id' }
const present = new Map(definitions.map((table) => [table.name, ready(table)]))
const arnOf = (table: string) => `arn:aws:dynamodb:ap-south-1:222222222222:table/${table}`
const tablesOf = (outputs: Readonly<Record<string, string>>) => JSON.parse(outputs.tables ?? '')

it('gives no output before the account is known, and account and region after that', () => {
  expect(outputsOf({ error: new Error('x') })).toEqual({})
  expect(outputsOf({ target, error: new Error('x') })).toEqual({
    'aws-account-id': '222222222222',
    'aws-region': 'ap-south-1',
  })
})

it('gives every output after a plan, with the ARNs that absent tables will have', () => {
  expect(outputsOf({ command: 'plan', ...known, plan })).toEqual({
    'aws-account-id': '222222222222',
    'aws-region': 'ap-south-1',
    'tenant-table-name': 'tenant',
    'tenant-table-arn': arnOf('tenant'),
    'users-table-name': 'users',
    'users-table-arn': arnOf('users'),
    tables: JSON.stringify({
      tenant: { name: 'tenant', arn: arnOf('tenant') },
      users: { name: 'users', arn: arnOf('users') },
    }),
    'has-changes': 'true',
    'changes-count': '2',
    changed: 'false',
    plan: renderPlanDocument(plan),
    'plan-digest': digestPlan(plan),
    'tenant-access-policy': JSON.stringify(
      tenantAccessPolicy({ tables: [arnOf('tenant'), arnOf('users')], indexes: [] }, 'tenant_id'),
    ),
  })
})

it('gives ARNs, ids and streams as AWS returned them, also those of new tables', () => {
  const observed = new Map([
    ['tenant', ready(tenant, { streamArn: 'arn:stream' })],
    ['users', ready(users, { arn: 'arn:as-aws-says' })],
  ])
  const outcome: Outcome = { ...outcomeOf(plan, [applied, { status: 'dropped' }]), observed }
  const outputs = outputsOf({ command: 'apply', target, plan, outcome })
  expect([outputs['users-table-arn'], outputs.changed]).toEqual(['arn:as-aws-says', 'true'])
  expect(tablesOf(outputs)).toEqual({
    tenant: { name: 'tenant', arn: arnOf('tenant'), id: 'id-of-tenant', streamArn: 'arn:stream' },
    users: { name: 'users', arn: 'arn:as-aws-says', id: 'id-of-users' },
  })
})

it('gives no id of a table that the run deleted, even if the run failed after that', () => {
  const destruction = planTables(target, definitions, present, { destroy: true, allow: [] })
  const failed: StepResult = { status: 'failed', isOutcomeUnknown: false, error: new Error('no') }
  const outcome: Outcome = { ...outcomeOf(destruction, [applied, failed], new Error('no')), observed: present }
  const tables = tablesOf(outputsOf({ command: 'destroy', target, plan: destruction, outcome }))
  expect([tables.tenant.id, tables.users.id]).toEqual([undefined, 'id-of-users'])
})

it.each<[string, StepResult]>([
  ['true', applied],
  ['true', { status: 'failed', isOutcomeUnknown: true, error: new Error('x') }],
  ['false', { status: 'failed', isOutcomeUnknown: false, error: new Error('x') }],
  ['false', { status: 'dropped' }],
  ['false', { status: 'skipped' }],
])('sets changed to %s where the only step that started was %j', (changed, result) => {
  expect(outputsOf({ target, plan, outcome: outcomeOf(plan, [result]) }).changed).toBe(changed)
})

it('counts the steps of the plan as changes', () => {
  const one = outputsOf({
    target,
    plan: planTables(target, definitions, new Map([['users', ready(users)]]), strictPolicy),
  })
  expect([one['has-changes'], one['changes-count']]).toEqual(['true', '1'])
  const none = outputsOf({ target, plan: planTables(target, definitions, present, strictPolicy) })
  expect([none['has-changes'], none['changes-count'], none.changed]).toEqual(['false', '0', 'false'])
})

describe('a definition of other tables', () => {
  const withIndexes = (table: TableDefinition, ...names: readonly string[]) => {
    const KeySchema = [{ AttributeName: 'tenant_id', AttributeType: 'S', KeyType: 'HASH' }] as const
    const Projection = { ProjectionType: 'ALL' } as const
    const GlobalSecondaryIndexes = names.map((IndexName) => ({ IndexName, KeySchema, Projection }))
    return { ...table, properties: { ...table.properties, GlobalSecondaryIndexes } }
  }
  const orders = { ...aTable({ KeySchema: [{ AttributeName: 'id', AttributeType: 'N', KeyType: 'HASH' }] }) }
  const defined = { ...orders, logicalName: 'orders', name: 'x-orders' }
  const resultOf = (table: TableDefinition, observed: ObservedTables): RunResult => ({
    target,
    definitions: [table],
    tenantKey: 'tenant_id',
    observed,
    plan: planTables(target, [table], observed, strictPolicy),
  })

  it('gives every table in tables, and no output of a table that action.yml does not declare', () => {
    const outputs = outputsOf(resultOf(defined, new Map()))
    expect(tablesOf(outputs)).toEqual({ orders: { name: 'x-orders', arn: arnOf('x-orders') } })
    expect(Object.keys(outputs).filter((name) => /-table-/.test(name))).toEqual([])
  })

  it('gives no policy for applications where no partition key is the tenant', () => {
    expect(outputsOf(resultOf(defined, new Map()))).not.toHaveProperty('tenant-access-policy')
  })

  it('gives the policy for an index whose partition key is the tenant', () => {
    const outputs = outputsOf(resultOf(withIndexes(defined, 'by-tenant'), new Map()))
    const { Statement } = JSON.parse(outputs['tenant-access-policy'] ?? '')
    expect(Statement).toEqual([
      expect.objectContaining({ Action: ['dynamodb:Query'], Resource: [`${arnOf('x-orders')}/index/by-tenant`] }),
    ])
  })

  it('gives the names of the indexes that the table has after the run, sorted', () => {
    const before = ready(defined)
    const after = ready(withIndexes(defined, 'by-tenant', 'by-day'))
    const planned = resultOf(defined, new Map([['x-orders', after]]))
    expect(tablesOf(outputsOf(planned)).orders.indexNames).toEqual(['by-day', 'by-tenant'])
    const result = resultOf(defined, new Map([['x-orders', before]]))
    expect(tablesOf(outputsOf(result)).orders).not.toHaveProperty('indexNames')
    const outcome = { ...outcomeOf(plan, []), observed: new Map([['x-orders', after]]) }
    expect(tablesOf(outputsOf({ ...result, outcome })).orders.indexNames).toEqual(['by-day', 'by-tenant'])
  })
})

it('gives the policies of command: policy, and nothing else', () => {
  const { policies } = makePolicies({ roles: [], allowedAccountIds: [], region: '', sampleItems: true }, definitions)
  const outputs = outputsOf({ command: 'policy', policies })
  expect(Object.keys(outputs)).toEqual(['policies'])
  expect(Object.keys(JSON.parse(outputs.policies ?? ''))).toEqual(['apply', 'plan', 'verify', 'destroy'])
})
