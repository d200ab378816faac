import {
  CreateTableCommand,
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  DynamoDBClient,
  ListTagsOfResourceCommand,
  type TableDescription,
  type Tag,
  UpdateContinuousBackupsCommand,
} from '@aws-sdk/client-dynamodb'
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { mockClient } from 'aws-sdk-client-mock'
import { clientOptionsFor } from '../src/aws/connections.ts'
import { loadDynamoDb } from '../src/aws/dynamodb.ts'
import { main } from '../src/main.ts'
import { type VirtualClock, virtualClock } from './support/clock.ts'
import { aRun } from './support/fakes.ts'
import { recordingRunner } from './support/recording-runner.ts'

const sts = mockClient(STSClient)
const dynamoDb = mockClient(DynamoDBClient)
const key = { AWS_ACCESS_KEY_ID: 'AKIA-OF-THE-JOB', AWS_SECRET_ACCESS_KEY: 'secret-of-the-job' }
const session = {
  AccessKeyId: 'AKIA-OF-THE-ROLE',
  SecretAccessKey: 'secret-of-the-role',
  SessionToken: 'token-of-the-role',
}
const inputs = {
  environment: 'dev',
  'aws-region': 'ap-south-1',
  'role-to-assume': 'arn:aws:iam::222222222222:role/provisioner',
}

// Connections are opened before there is a call to be mocked: to a port of this machine where nobody listens.
process.env.AWS_ENDPOINT_URL_DYNAMODB = 'http://127.0.0.1:9'

// The SDK reads the files of its configuration once, in real time, while the clock of these tests would run on.
beforeAll(async () => {
  const clientOptions = clientOptionsFor('ap-south-1', new NodeHttpHandler())
  await loadDynamoDb({ clientOptions, waiting: Promise.resolve(), openEarly: () => undefined }, 0, aRun())
})
beforeEach(() => {
  sts.reset()
  dynamoDb.reset()
  sts.on(AssumeRoleCommand).resolves({
    Credentials: { ...session, Expiration: new Date(Date.UTC(2100, 0)) },
    AssumedRoleUser: { Arn: 'arn:aws:sts::222222222222:assumed-role/provisioner/s', AssumedRoleId: 'x' },
  })
  dynamoDb.rejects(Object.assign(new Error('not found'), { name: 'ResourceNotFoundException' }))
})

async function run(
  given: Record<string, string>,
  clock: VirtualClock = virtualClock(),
  variables: Readonly<Record<string, string>> = {},
  files: Readonly<Record<string, string>> = {},
) {
  const runner = recordingRunner(given, { ...key, ...variables })
  Object.assign(runner.recorded.files, files)
  await main(runner, clock)
  return runner.recorded
}

const arnOf = (table: string) => `arn:aws:dynamodb:ap-south-1:222222222222:table/${table}`

/**
 * An account whose tables can be made, and are CREATING for six seconds; `tables` are there from the beginning.
 *
 * @returns what DescribeTable says, for the test to change
 */
function account(clock: VirtualClock, tables: readonly TableDescription[] = []): Map<string, TableDescription> {
  const described = new Map(tables.map((table) => [table.TableName ?? '', table]))
  const madeAt = new Map<string, number>()
  const recovering = new Map<string, number | undefined>()
  const tags = new Map<string, Tag[]>()
  const find = (name = '') => {
    const table = described.get(name)
    if (table === undefined) throw Object.assign(new Error('not found'), { name: 'ResourceNotFoundException' })
    return table
  }
  dynamoDb.on(DescribeTableCommand).callsFake(({ TableName }) => {
    const young = clock.now() - (madeAt.get(TableName) ?? 0) < 6000
    return { Table: { TableStatus: young ? 'CREATING' : 'ACTIVE', ...find(TableName) } }
  })
  dynamoDb.on(DescribeContinuousBackupsCommand).callsFake(({ TableName }) => {
    find(TableName)
    const on = recovering.has(TableName)
    return {
      ContinuousBackupsDescription: {
        ContinuousBackupsStatus: 'ENABLED',
        PointInTimeRecoveryDescription: {
          PointInTimeRecoveryStatus: on ? 'ENABLED' : 'DISABLED',
          RecoveryPeriodInDays: recovering.get(TableName),
        },
      },
    }
  })
  dynamoDb.on(ListTagsOfResourceCommand).callsFake(({ ResourceArn }) => {
    find(ResourceArn.split('/')[1])
    return { Tags: tags.get(ResourceArn) ?? [] }
  })
  dynamoDb.on(CreateTableCommand).callsFake(({ TableName, BillingMode, Tags, ...rest }) => {
    described.set(TableName, {
      ...rest,
      TableName,
      TableArn: arnOf(TableName),
      TableId: `id-of-${TableName}`,
      BillingModeSummary: { BillingMode },
    })
    madeAt.set(TableName, clock.now())
    tags.set(arnOf(TableName), Tags)
    return {}
  })
  dynamoDb
    .on(UpdateContinuousBackupsCommand)
    .callsFake(({ TableName, PointInTimeRecoverySpecification: { RecoveryPeriodInDays } }) => {
      recovering.set(find(TableName).TableName ?? '', RecoveryPeriodInDays)
      return {}
    })
  return described
}

/** The operations that were called, reads aside. */
function writes() {
  return dynamoDb
    .calls()
    .map(({ args }) => args[0].constructor.name.replace('Command', ''))
    .filter((name) => !/^(Describe|List)/.test(name))
}

it('makes both tables, and a second run changes nothing with one call a hop and three reads a table', async () => {
  const clock = virtualClock()
  account(clock)
  const first = await run({ ...inputs, environment: 'production' }, clock)
  expect(first.errors).toEqual([])
  expect(first.summary).toMatch(/^### ✅ production: 4 changes applied\n/)
  expect([first.exitCode, first.outputs['changes-count'], first.outputs.changed]).toEqual([0, '4', 'true'])
  expect(writes()).toEqual(['CreateTable', 'CreateTable', 'UpdateContinuousBackups', 'UpdateContinuousBackups'])
  expect(JSON.parse(first.outputs.tables ?? '')).toEqual({
    tenant: { name: 'tenant', arn: arnOf('tenant'), id: 'id-of-tenant' },
    users: { name: 'users', arn: arnOf('users'), id: 'id-of-users' },
  })

  sts.resetHistory()
  dynamoDb.resetHistory()
  const second = await run({ ...inputs, environment: 'production' }, clock)
  expect([second.exitCode, second.outputs['has-changes'], second.outputs.changed]).toEqual([0, 'false', 'false'])
  expect([sts.calls().length, dynamoDb.calls().length, writes()]).toEqual([1, 6, []])
  expect(second.outputs.tables).toBe(first.outputs.tables)
})

it('writes nothing to any table where one of them must be refused', async () => {
  const clock = virtualClock()
  account(clock, [
    {
      TableName: 'users',
      TableArn: arnOf('users'),
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      ProvisionedThroughput: { ReadCapacityUnits: 1, WriteCapacityUnits: 1 },
    },
  ])
  const { exitCode, outputs, errors } = await run(inputs, clock)
  expect([exitCode, outputs.changed, outputs['tenant-table-arn']]).toEqual([1, 'false', arnOf('tenant')])
  expect(errors).toEqual([expect.stringContaining('The table "users" has the key id (S)')])
  // The seventh asks a table without tags once more for them.
  expect([writes(), dynamoDb.calls().length]).toEqual([[], 7])
})

it.each<[string, Record<string, string>]>([
  ['a plan of the destruction', { command: 'plan', destroy: 'true' }],
  ['the destruction', { command: 'destroy', 'confirm-destroy': 'tenant\nusers' }],
])('deletes no table with a replica: %s names its region', async (_, command) => {
  const clock = virtualClock()
  const described = account(clock)
  expect((await run(inputs, clock)).errors).toEqual([])
  const Replicas = [{ RegionName: 'eu-west-1', ReplicaStatus: 'ACTIVE' as const }]
  described.set('users', { ...described.get('users'), Replicas })
  dynamoDb.resetHistory()
  const { exitCode, errors } = await run({ ...inputs, ...command }, clock)
  expect([exitCode, errors]).toEqual([
    1,
    [expect.stringMatching(/eu-west-1 \(ACTIVE\)[\s\S]*To fix: Delete the replicas/)],
  ])
  expect(writes()).toEqual([])
})

it.each<[string, TableDescription, string]>([
  ['leaves the ARN of a table out', { TableArn: undefined }, 'TableArn: Invalid type'],
  [
    'names a table of another account',
    { TableArn: 'arn:aws:dynamodb:ap-south-1:333333333333:table/users' },
    'but received "arn:aws:dynamodb:ap-south-1:333333333333:table/users"',
  ],
  ['leaves the key of a table out', { KeySchema: undefined }, 'KeySchema: Invalid length'],
])('fails on an endpoint that %s, and hands on no ARN and no policy', async (_, change, found) => {
  const clock = virtualClock()
  const described = account(clock)
  expect((await run(inputs, clock)).errors).toEqual([])
  described.set('users', { ...described.get('users'), ...change })
  dynamoDb.resetHistory()
  const { exitCode, outputs, errors } = await run(inputs, clock)
  expect([exitCode, outputs]).toEqual([1, { 'aws-account-id': '222222222222', 'aws-region': 'ap-south-1' }])
  expect(errors).toEqual([expect.stringContaining('AWS_ENDPOINT_URL_DYNAMODB')])
  expect(errors[0]).toContain(found)
  expect(writes()).toEqual([])
})

it('makes what a first run did not reach, and nothing twice', async () => {
  const clock = virtualClock()
  account(clock)
  const brief = await run({ ...inputs, environment: 'production', 'timeout-seconds': '4' }, clock)
  expect([brief.exitCode, brief.outputs.changed]).toEqual([1, 'true'])
  expect(brief.errors[0]).toContain('did not finish within its 4 seconds')
  expect(brief.errors[0]).toContain('Begun, not finished: create "tenant", create "users".')
  const second = await run({ ...inputs, environment: 'production' }, clock)
  expect([second.exitCode, second.errors]).toEqual([0, []])
  expect(writes()).toEqual(['CreateTable', 'CreateTable', 'UpdateContinuousBackups', 'UpdateContinuousBackups'])
})

it('keeps every secret of the session masked and out of all that it publishes', async () => {
  const clock = virtualClock()
  account(clock)
  const { masked, ...told } = await run(inputs, clock)
  expect(masked).toEqual([key.AWS_ACCESS_KEY_ID, key.AWS_SECRET_ACCESS_KEY, ...Object.values(session)])
  for (const secret of masked) expect(JSON.stringify(told)).not.toContain(secret)
})

describe('an access key id that is the account id, as emulators take it,', () => {
  const emulated = { AWS_ACCESS_KEY_ID: '222222222222', AWS_SECRET_ACCESS_KEY: 'secret-of-the-job' }
  const { 'role-to-assume': _, ...direct } = inputs
  beforeEach(() => sts.on(GetCallerIdentityCommand).resolves({ Arn: 'arn:aws:iam::222222222222:root' }))

  it('is neither masked nor redacted, and the plan of the run is held to itself', async () => {
    const clock = virtualClock()
    account(clock)
    const planned = await run({ ...direct, command: 'plan' }, clock, emulated)
    expect([planned.exitCode, planned.errors]).toEqual([0, []])
    const reviewed = { 'expected-plan': planned.outputs.plan ?? '' }
    const applied = await run({ ...direct, ...reviewed }, clock, emulated)
    expect([applied.exitCode, applied.errors, applied.outputs.changed]).toEqual([0, [], 'true'])
    expect(applied.masked).toEqual(['secret-of-the-job'])
    expect(applied.outputs['aws-account-id']).toBe('222222222222')
    expect(applied.outputs['users-table-arn']).toBe(arnOf('users'))
    expect(applied.outputs['tenant-access-policy']).toContain(arnOf('users'))
    expect(applied.lines.join('\n')).not.toContain('***')
    expect(applied.summary).not.toContain('***')
  })
})

describe('a secret that occurs in what an output must hold', () => {
  const { 'role-to-assume': _, ...direct } = inputs
  const emulated = { AWS_ACCESS_KEY_ID: '222222222222', AWS_SECRET_ACCESS_KEY: 'secret-of-the-job' }
  const session = { ...emulated, AWS_SESSION_TOKEN: 'token-of-the-job' }
  const prefixed = (prefix: string) => ({ ...direct, 'table-name-prefix': `${prefix}-` })
  beforeEach(() => sts.on(GetCallerIdentityCommand).resolves({ Arn: 'arn:aws:iam::222222222222:root' }))

  it.each<[string, Record<string, string>, Record<string, string>, RegExp]>([
    [
      'AWS_SECRET_ACCESS_KEY',
      direct,
      { ...emulated, AWS_SECRET_ACCESS_KEY: '222222222222' },
      /output aws-account-id, /,
    ],
    ['AWS_SECRET_ACCESS_KEY', prefixed('secret-of-the-job'), emulated, /output users-table-arn, output tables, /],
    ['AWS_SESSION_TOKEN', prefixed('token-of-the-job'), session, /output tables, output plan, /],
    ['AWS_SESSION_TOKEN', { ...direct, tags: 'owner=token-of-the-job' }, session, /: output plan\.$/],
    ['AWS_ACCESS_KEY_ID', prefixed('AKIA-OF-THE-JOB'), key, /output plan, /],
    [
      'github-token',
      { ...prefixed('ghs_of_the_job'), comment: 'true', 'github-token': 'ghs_of_the_job' },
      emulated,
      /output tables, /,
    ],
    ['github-token', { ...prefixed('ghs_of_the_job'), 'github-token': 'ghs_of_the_job' }, emulated, /output tables, /],
    [
      'secret access key of the session of arn:aws:iam::222222222222:role/provisioner',
      { ...inputs, 'table-name-prefix': 'secret-of-the-role-' },
      key,
      /output tables, /,
    ],
  ])('stops the run before any write, and is named as %s: %j', async (origin, given, environment, outputs) => {
    for (const command of ['plan', 'apply']) {
      dynamoDb.resetHistory()
      const clock = virtualClock()
      account(clock)
      const { masked, ...told } = await run({ ...given, command }, clock, environment)
      expect([told.exitCode, writes()]).toEqual([1, []])
      const [message = ''] = told.errors[0]?.split('\n') ?? []
      expect(message).toMatch(new RegExp(`^The secret ${origin} occurs in what later steps would read: .*`))
      expect(message).toMatch(outputs)
      expect(told.outputs).not.toHaveProperty('plan')
      expect(JSON.stringify(told.outputs)).not.toContain('***')
      expect(told.files).toEqual({})
      expect(told.summary).toMatch(/^### 🔴 .*: failed before anything was written\n/)
    }
  })
})

it('plans absent tables with one call a hop and three reads a table, and writes nothing', async () => {
  const { exitCode, outputs } = await run({ ...inputs, command: 'plan' })
  expect([exitCode, outputs['changes-count'], outputs['aws-account-id']]).toEqual([0, '2', '222222222222'])
  expect([sts.calls().length, dynamoDb.calls().length]).toEqual([1, 6])
})

it('calls nothing after wrong inputs', async () => {
  const { exitCode, outputs, errors } = await run({})
  expect([exitCode, outputs, errors.length]).toEqual([1, {}, 1])
  expect([sts.calls(), dynamoDb.calls()]).toEqual([[], []])
})

it('calls nothing after a misspelt input, which would be ignored', async () => {
  const { exitCode, outputs, errors } = await run(inputs, virtualClock(), { INPUT_REGION: 'eu-west-1' })
  expect([exitCode, outputs]).toEqual([1, {}])
  expect(errors).toEqual([expect.stringContaining('region is not an input of this action. Did you mean aws-region?')])
  expect([sts.calls(), dynamoDb.calls()]).toEqual([[], []])
})

describe('a definition file', () => {
  const given = { ...inputs, command: 'plan', 'definition-file': '.github/tables.yml' }
  const orders = (fields: string) =>
    `tables:\n  orders:\n    KeySchema: [{ AttributeName: id, KeyType: HASH }]\n    AttributeDefinitions: [{ AttributeName: id, AttributeType: N }]\n${fields}`
  const runWith = (file: string) => run(given, virtualClock(), {}, { '.github/tables.yml': file })

  it('is the whole definition of a run', async () => {
    const { exitCode, outputs, lines, notices } = await runWith(orders('environments: { production: {} }\n'))
    expect([exitCode, outputs['changes-count']]).toEqual([0, '1'])
    expect(lines).toContainEqual(expect.stringContaining('+ create "orders": key = id (N)'))
    expect(notices).toEqual([
      'The definition file has no environment "dev", so its tables and defaults apply as they are. It has "production".',
    ])
  })

  it('is shown by a plan in the summary, merged for the environment, and not where there is none', async () => {
    const { summary } = await runWith(
      orders('    TableClass: STANDARD\nenvironments: { DEV: { tables: { orders: { TableName: dev-orders } } } }\n'),
    )
    expect(summary).toContain('Definition by .github/tables.yml in this environment')
    expect(summary).toContain('\n"orders":\n  TableName: "dev-orders"\n')
    expect(summary).toContain('\n  TableClass: "STANDARD"\n')
    expect((await run({ ...inputs, command: 'plan' })).summary).not.toContain('Definition by')
  })

  it('with problems fails before the first call, and names each place', async () => {
    const { exitCode, errors } = await runWith(orders('    Tags: 1\n    BillingMode: on demand\n'))
    expect([exitCode, errors.length]).toEqual([1, 1])
    const [, ...problems] = errors[0]?.split('\n').map((line) => line.replace(/^[\s-]+/, '')) ?? []
    expect(problems).toEqual([
      '.github/tables.yml:5:11: tables.orders.Tags: must be a list of at most 48 items, but is 1.',
      '.github/tables.yml:6:18: tables.orders.BillingMode: must be PAY_PER_REQUEST or PROVISIONED, but is "on demand". Did you mean PAY_PER_REQUEST?',
    ])
    expect([sts.calls(), dynamoDb.calls()]).toEqual([[], []])
  })
})

it('warns once of all other inputs that it does not have, and runs', async () => {
  const given = { INPUT_TOKEN: 'x', 'INPUT_NODE-VERSION': '24', INPUT_PATH: '' }
  const warning = 'The action does not have these inputs and ignores them: "node-version", "token".'
  const { exitCode, warnings } = await run({ ...inputs, command: 'plan' }, virtualClock(), given)
  expect([exitCode, warnings]).toEqual([0, [warning]])
  const stopped = await run({}, virtualClock(), given)
  expect([stopped.exitCode, stopped.warnings]).toEqual([1, [warning]])
})

it('warns of a setting that the run does not read, and also when the run fails', async () => {
  const given = { AWS_CA_BUNDLE: '/ca.pem' }
  const warning = expect.stringMatching(/^AWS_CA_BUNDLE is set, but this action does not read it/)
  expect((await run({ ...inputs, command: 'plan' }, virtualClock(), given)).warnings).toEqual([warning])
  dynamoDb.on(ListTagsOfResourceCommand).rejects(Object.assign(new Error('denied'), { name: 'AccessDeniedException' }))
  const { exitCode, warnings } = await run(inputs, virtualClock(), given)
  expect([exitCode, warnings]).toEqual([1, [warning]])
})

it.each(['apply', 'plan', 'verify', 'destroy'])(
  'the first line of the log of %s says where it acts, and after login the account is named',
  async (command) => {
    const given = {
      ...inputs,
      environment: 'stage-2',
      'table-name-prefix': 'x-',
      'confirm-destroy': 'x-tenant\nx-users',
    }
    const { lines } = await run({ ...given, command }, virtualClock(), { AWS_ENDPOINT_URL: 'http://127.0.0.1:9' })
    const where =
      'environment "stage-2" (not production: no part of its name is prod, production, prd or live), region ap-south-1, tables "x-tenant" and "x-users", STS and DynamoDB at http://127.0.0.1:9 (AWS_ENDPOINT_URL)'
    expect(lines[0]).toBe(`Command ${command}: ${where}`)
    expect(lines[1]).toMatch(/^Credentials: /)
    expect(lines.slice(2, lines.indexOf('> Plan'))).toEqual(['Account 222222222222'])
  },
)

it('the summary says which rule made the environment production', async () => {
  const { summary } = await run({ ...inputs, command: 'plan', environment: 'eu-live' })
  expect(summary).toContain('environment <code>eu-live</code> 🔒')
  expect(summary).toContain('The environment is production, because its name has the part "live".')
})

it.each(['prod-eu', 'PRD', 'eu_production', 'live'])('refuses to delete the tables of %s', async (environment) => {
  const clock = virtualClock()
  account(clock)
  const made = await run({ ...inputs, environment }, clock)
  expect([made.exitCode, writes().length]).toEqual([0, 4])
  const { exitCode, errors } = await run(
    { ...inputs, environment, command: 'destroy', 'confirm-destroy': 'tenant\nusers' },
    clock,
  )
  expect([exitCode, writes().length]).toEqual([1, 4])
  expect(errors[0]).toContain(`"${environment}" is a production environment`)
})

it('plans to delete the tables of an environment that is called live, once production: false says what it is', async () => {
  const given = { ...inputs, environment: 'live-test', command: 'plan', destroy: 'true' }
  expect((await run(given)).exitCode).toBe(1)
  expect((await run({ ...given, production: 'false' })).exitCode).toBe(0)
})

it('publishes what it knows when a read is denied, and names the action', async () => {
  dynamoDb.on(ListTagsOfResourceCommand).rejects(Object.assign(new Error('denied'), { name: 'AccessDeniedException' }))
  const { exitCode, outputs, errors } = await run(inputs)
  expect([exitCode, outputs]).toEqual([1, { 'aws-account-id': '222222222222', 'aws-region': 'ap-south-1' }])
  expect(errors[0]).toContain('dynamodb:ListTagsOfResource')
  expect(dynamoDb.commandCalls(CreateTableCommand)).toEqual([])
})

it('tells an apply that failed from its first write on', async () => {
  const denied = { name: 'AccessDeniedException', $metadata: { httpStatusCode: 400 } }
  dynamoDb.on(CreateTableCommand).rejects(Object.assign(new Error('denied'), denied))
  const { exitCode, outputs, errors, lines } = await run(inputs)
  expect([exitCode, outputs.changed, outputs['has-changes']]).toEqual([1, 'false', 'true'])
  expect(errors[0]).toContain('dynamodb:CreateTable and dynamodb:TagResource')
  expect(errors[0]).toContain('Failed: create "tenant", create "users". Done before: nothing.')
  expect(lines).toContain('> Plan')
})

describe('command: policy', () => {
  it('needs no credentials, calls nothing, and gives the policies in the log, the summary and an output', async () => {
    const runner = recordingRunner({ command: 'policy', 'aws-region': 'ap-south-1' }, {})
    await main(runner, virtualClock())
    const { exitCode, outputs, lines, notices, summary } = runner.recorded
    expect([exitCode, Object.keys(outputs)]).toEqual([0, ['policies']])
    expect([sts.calls(), dynamoDb.calls()]).toEqual([[], []])
    expect(lines[0]).toBe('Command policy: every environment, region ap-south-1, tables "tenant" and "users"')
    expect(lines).toEqual(
      expect.arrayContaining(['> Policy apply', '> Policy plan', '> Policy verify', '> Policy destroy']),
    )
    expect(lines.at(-1)).toBe('Tenant Tables: policies made, AWS was not called')
    expect(notices).toEqual([expect.stringMatching(/^No account is known/)])
    const { destroy } = JSON.parse(outputs.policies ?? '')
    expect(destroy.Statement[0].Action).toContain('dynamodb:DeleteTable')
    expect(summary).toContain('### ✅ Tenant Tables: policies made')
    expect(summary).toContain('arn:aws:dynamodb:ap-south-1:*:table/users')
    expect(summary).toContain('No account is known')
  })

  it('stops where a policy would hold a secret', async () => {
    const given = {
      ...inputs,
      command: 'policy',
      'table-name-prefix': 'ghs_of_the_job-',
      'github-token': 'ghs_of_the_job',
    }
    const { exitCode, outputs, errors } = await run(given)
    expect([exitCode, outputs]).toEqual([1, {}])
    expect(errors[0]).toContain('The secret github-token occurs in what later steps would read: output policies.')
  })
})
