/** A definition file in whole runs, against the sandbox: sample items, outputs, policies and comments of any table. */
import { provisionerRole } from '../sandbox/two-accounts.ts'
import { startEmulator } from './support/emulator.ts'

const repository = 'acme/app'
const writer = 'ghs_writerOfComments'
const { sandbox, runAction, reset, close } = await startEmulator({
  gitHub: {
    tokens: [
      {
        token: writer,
        login: 'github-actions[bot]',
        type: 'Bot',
        permissions: { contents: 'read', 'pull-requests': 'write' },
      },
    ],
    pullRequests: [{ repository, number: 7, state: 'open', headSha: 'aaaa' }],
  },
})
beforeEach(() => reset())
afterAll(() => close())

const events = `
tenantKey: account
tables:
  events:
    TableName: all-events
    KeySchema: [{ AttributeName: hash, KeyType: HASH }, { AttributeName: at, KeyType: RANGE }]
    AttributeDefinitions: [{ AttributeName: hash, AttributeType: B }, { AttributeName: at, AttributeType: N }]
  counts:
    KeySchema: [{ AttributeName: number, KeyType: HASH }]
    AttributeDefinitions: [{ AttributeName: number, AttributeType: N }]
  accounts:
    KeySchema: [{ AttributeName: account, KeyType: HASH }]
    AttributeDefinitions: [{ AttributeName: account, AttributeType: S }]
    TimeToLiveSpecification: { AttributeName: expires_at, Enabled: true }
environments:
  staging:
    tables:
      counts: { PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true } }
`
const users = `
tables:
  users:
    KeySchema: [{ AttributeName: tenant_id, KeyType: HASH }, { AttributeName: user_id, KeyType: RANGE }]
    AttributeDefinitions: [{ AttributeName: tenant_id, AttributeType: S }, { AttributeName: user_id, AttributeType: S }]
`
const files = { 'events.yml': events, 'users.yml': users }
const arnOf = (table: string) => `arn:aws:dynamodb:ap-south-1:222222222222:table/${table}`
const run = (inputs: Readonly<Record<string, string>>, event?: unknown) =>
  runAction(
    { 'definition-file': 'events.yml', ...inputs },
    {
      files,
      event,
      environment: { GITHUB_EVENT_NAME: 'pull_request', GITHUB_SERVER_URL: 'https://github.com' },
    },
  )

it('creates the tables, gives each in the output tables, and the policy for those of the tenants', async () => {
  const { exitCode, errors, outputs } = await run({})
  expect([exitCode, errors]).toEqual([0, []])
  const tables = JSON.parse(outputs.tables ?? '')
  expect(tables).toEqual({
    events: { name: 'all-events', arn: arnOf('all-events'), id: expect.any(String) },
    counts: { name: 'counts', arn: arnOf('counts'), id: expect.any(String) },
    accounts: { name: 'accounts', arn: arnOf('accounts'), id: expect.any(String) },
  })
  expect(Object.keys(outputs).filter((name) => /-table-/.test(name))).toEqual([])
  const { Statement } = JSON.parse(outputs['tenant-access-policy'] ?? '')
  expect(Statement.map((each: { Resource: unknown }) => each.Resource)).toEqual([[arnOf('accounts')]])
  expect(JSON.stringify(Statement)).toContain('aws:PrincipalTag/account}')
  const second = await run({})
  expect([second.outputs['has-changes'], second.outputs.tables]).toEqual(['false', outputs.tables])
})

it('writes, finds and deletes a sample item with keys of every type', async () => {
  expect((await run({})).errors).toEqual([])
  sandbox.clearRequests()
  const { exitCode, errors, warnings, lines } = await run({ command: 'verify' })
  expect([exitCode, errors, warnings]).toEqual([0, [], []])
  expect(lines).toContainEqual(
    expect.stringMatching(
      /^Sample items, to be deleted again: writing \{"hash":\{"B":"[^"]+"\},"at":\d+\} in "all-events"; \{"number":\d+\} in "counts"; \{"account":"[^"]+"\} in "accounts"$/,
    ),
  )
  const written = sandbox.requests.filter(({ operation }) => operation === 'PutItem')
  expect(written.map(({ input, table }) => [table, input.Item])).toEqual([
    ['all-events', { hash: { B: expect.any(String) }, at: { N: expect.any(String) } }],
    ['counts', { number: { N: expect.any(String) } }],
    ['accounts', { account: { S: expect.any(String) } }],
  ])
  for (const table of ['all-events', 'counts', 'accounts']) {
    const { Items } = await sandbox.account('222222222222', 'ap-south-1').call('Scan', { TableName: table })
    expect(Items).toEqual([])
  }
})

it('has a comment of its own beside that of another file', async () => {
  const comment = { command: 'plan', comment: 'true', 'github-token': writer }
  const event = { pull_request: { number: 7 } }
  for (const file of ['events.yml', 'users.yml', 'events.yml', 'users.yml']) {
    expect((await run({ ...comment, 'definition-file': file }, event)).warnings).toEqual([])
  }
  await run({ ...comment, 'definition-file': '' }, event)
  const bodies = sandbox.gitHub.comments(repository, 7).map(({ body }) => body)
  expect(bodies).toEqual([
    expect.stringContaining('all-events'),
    expect.not.stringContaining('all-events'),
    expect.stringContaining('table/tenant'),
  ])
})

describe('command: policy', () => {
  const policiesOf = async (inputs: Readonly<Record<string, string>>) => {
    const { exitCode, errors, outputs } = await run({ command: 'policy', ...inputs })
    expect([exitCode, errors, sandbox.requests]).toEqual([0, [], []])
    return JSON.parse(outputs.policies ?? '') as Record<
      string,
      { Statement: { Action: string[]; Resource: string[] }[] }
    >
  }
  const tablesWith = (policy: { Statement: { Action: string[]; Resource: string[] }[] } | undefined, action: string) =>
    policy?.Statement.flatMap(({ Action, Resource }) => (Action.includes(action) ? Resource : [])).sort()

  it('covers the tables of one environment, with what their properties need', async () => {
    const { apply, plan } = await policiesOf({ environment: 'dev' })
    const all = [arnOf('accounts'), arnOf('all-events'), arnOf('counts')]
    expect(tablesWith(apply, 'dynamodb:CreateTable')).toEqual(all)
    expect(tablesWith(apply, 'dynamodb:UpdateTimeToLive')).toEqual([arnOf('accounts')])
    expect(tablesWith(plan, 'dynamodb:DescribeTimeToLive')).toEqual([arnOf('accounts')])
    expect(tablesWith(apply, 'dynamodb:UpdateContinuousBackups')).toEqual([])
    const ofStaging = await policiesOf({ environment: 'Staging' })
    expect(tablesWith(ofStaging.apply, 'dynamodb:UpdateContinuousBackups')).toEqual([arnOf('counts')])
  })

  it('covers all environments without one, production included', async () => {
    const { apply } = await policiesOf({ environment: '' })
    expect(tablesWith(apply, 'dynamodb:UpdateContinuousBackups')).toEqual([
      arnOf('accounts'),
      arnOf('all-events'),
      arnOf('counts'),
    ])
  })
})

it('restricts the session to the tables of the file and to what their properties need', async () => {
  expect((await run({ 'restrict-session': 'true' })).errors).toEqual([])
  const sent = sandbox.requests.findLast(
    ({ operation, input }) => operation === 'AssumeRole' && input.RoleArn === provisionerRole,
  )
  const { outputs } = await run({ command: 'policy' })
  expect(JSON.parse(String(sent?.input.Policy))).toEqual(JSON.parse(outputs.policies ?? '').apply)
})
