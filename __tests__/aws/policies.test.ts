import { makePolicies, type PolicyRequest } from '../../src/aws/policies.ts'
import { aTable, theTables } from '../support/builders.ts'

const role = (account: string, partition = 'aws') => ({
  arn: `arn:${partition}:iam::${account}:role/x`,
  partition,
  account,
})

function make(request: Partial<PolicyRequest>, definitions = theTables() as readonly ReturnType<typeof aTable>[]) {
  const given = { roles: [], allowedAccountIds: [], region: '', sampleItems: true, ...request }
  return makePolicies(given, definitions)
}

const arnsOf = (request: Partial<PolicyRequest>) => make(request).policies.plan.Statement[0]?.Resource

it.each<[string, Partial<PolicyRequest>, string]>([
  ['the account of the last role', { roles: [role('1'), role('2')], region: 'eu-west-1' }, 'aws:dynamodb:eu-west-1:2'],
  ['the only allowed account', { allowedAccountIds: ['3'], region: 'eu-west-1' }, 'aws:dynamodb:eu-west-1:3'],
  ['no account of several', { allowedAccountIds: ['3', '4'], region: 'eu-west-1' }, 'aws:dynamodb:eu-west-1:*'],
  ['the partition of the role', { roles: [role('2', 'aws-cn')] }, 'aws-cn:dynamodb:*:2'],
  ['the partition of the region', { region: 'cn-north-1' }, 'aws-cn:dynamodb:cn-north-1:*'],
  ['the partition aws', {}, 'aws:dynamodb:*:*'],
])('names %s', (_, request, place) => {
  expect(arnsOf(request)).toEqual([`arn:${place}:table/tenant`, `arn:${place}:table/users`])
})

it('reports what is not known, and nothing else', () => {
  expect(make({ roles: [role('2')], region: 'eu-west-1' }).notices).toEqual([])
  expect(make({ roles: [role('2', 'aws-cn')] }).notices).toEqual([
    'No region is known, so the policies are for all regions of the partition aws-cn. Give aws-region.',
  ])
  expect(make({ region: 'eu-west-1' }).notices).toEqual([
    'No account is known, so the policies have * in its place. Give role-to-assume, or one account in allowed-account-ids.',
  ])
})

it('allows verify only reads where it writes no sample items', () => {
  const { plan, verify } = make({ sampleItems: false }).policies
  expect(verify).toEqual(plan)
  expect(make({}).policies.verify).not.toEqual(plan)
})

it('has one statement for tables that need the same actions, and each table once', () => {
  const [tenant, users] = theTables()
  const expiring = { ...aTable({ TimeToLiveSpecification: { Enabled: true, AttributeName: 'expires_at' } }), name: 'x' }
  const { apply } = make({ region: 'eu-west-1' }, [tenant, expiring, users]).policies
  const named = apply.Statement.map(({ Resource }) => Resource.map((arn) => arn.split('/')[1]))
  expect(named).toEqual([['tenant', 'users'], ['x']])
  expect(apply.Statement.map(({ Action }) => Action.includes('dynamodb:UpdateTimeToLive'))).toEqual([false, true])
})

it('takes several definitions of one table together', () => {
  const protectedTable = aTable({ PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true } })
  const { apply } = make({ region: 'eu-west-1' }, [aTable(), protectedTable]).policies
  expect(apply.Statement).toEqual([
    expect.objectContaining({
      Action: expect.arrayContaining(['dynamodb:UpdateContinuousBackups']),
      Resource: ['arn:aws:dynamodb:eu-west-1:*:table/users'],
    }),
  ])
})

it('names each policy that is over a limit of AWS, by its length without white space', () => {
  const many = (count: number) =>
    Array.from({ length: count }, (_, index) => ({ ...aTable(), name: `a-table-with-a-long-name-${index}` }))
  const known = { roles: [role('2')], region: 'eu-west-1' }
  expect(make(known, many(20)).notices).toEqual([])
  const over = make(known, many(40))
  const { length } = JSON.stringify(over.policies.apply)
  expect(over.notices).toContain(
    `The policy apply has ${length} characters, but a session policy of STS takes 2048: restrict-session cannot be used with command: apply.`,
  )
  expect(over.notices.filter((notice) => notice.includes('managed policy'))).toEqual([])
  const larger = make(known, many(120))
  expect(larger.notices.filter((notice) => notice.includes('a managed policy of IAM takes 6144'))).toHaveLength(4)
})
