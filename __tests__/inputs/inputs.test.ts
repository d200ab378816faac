import { sessionPolicy } from '../../src/aws/iam.ts'
import type { CredentialSource } from '../../src/aws/session-request.ts'
import { builtInDefinition } from '../../src/definition/built-in.ts'
import { defineTables } from '../../src/definition/definition.ts'
import { aTable, aTarget, theTables } from '../support/builders.ts'
import { key, problemsOf, provisioner, read, type Texts, token } from './reading.ts'

const role: Texts = { 'role-to-assume': provisioner }

it('has a default for everything but the environment and the region', () => {
  expect(read()).toStrictEqual({
    command: 'apply',
    policy: { destroy: false, allow: [] },
    failOnDrift: false,
    sampleItems: true,
    environment: { name: 'dev', production: false },
    productionRule: 'not production: no part of its name is prod, production, prd or live',
    region: 'ap-south-1',
    roles: [],
    credentialSource: { kind: 'default-chain', reason: expect.any(String) },
    sessionTags: new Map(),
    roleDurationSeconds: 3600,
    roleSessionName: 'tenant-tables',
    audience: 'sts.amazonaws.com',
    allowedAccountIds: [],
    tableNamePrefix: '',
    deletionProtection: 'auto',
    pointInTimeRecovery: 'auto',
    tags: new Map(),
    timeoutSeconds: 1800,
    sdkSettings: { endpoints: [], warnings: [] },
    waitForIndexes: true,
    definition: builtInDefinition,
    definitions: theTables(),
    definitionNotices: [],
  })
})

it('keeps every input that is given', () => {
  const variables = { ...key, GITHUB_REPOSITORY_ID: '2', GITHUB_RUN_ID: '42' }
  const given: Texts = {
    command: 'plan',
    environment: 'eu-Live',
    'aws-region': 'us-gov-west-1',
    'role-to-assume': 'arn:aws:iam::111111111111:role/hub\r\n\n  arn:aws:iam::222222222222:role/provisioner',
    'role-external-id': 'tenant-tables',
    'role-source-identity': 'true',
    'role-session-tags': 'cost=1',
    'role-duration-seconds': '900',
    'role-session-name': 'deploy@acme',
    audience: 'https://example.com',
    'allowed-account-ids': '111111111111, 222222222222\n333333333333,',
    'table-name-prefix': 'x-',
    'deletion-protection': 'true',
    'point-in-time-recovery': 'false',
    tags: 'team=core',
    'timeout-seconds': '60',
    'wait-for-indexes': 'false',
    allow: 'change-environment\n remove-deletion-protection \nchange-environment',
    'expected-plan': ' {"formatVersion":1}\n',
    'expected-plan-digest': 'A'.repeat(64),
    'fail-on-drift': 'true',
    comment: 'true',
    'github-token': 'secret',
  }
  expect(read(given, variables)).toStrictEqual({
    command: 'plan',
    // Sorted and without repetitions: the same permissions give the same plan.
    policy: { destroy: false, allow: ['remove-deletion-protection', 'change-environment'] },
    failOnDrift: true,
    sampleItems: false,
    environment: { name: 'eu-Live', production: true },
    productionRule: 'production, because its name has the part "Live"',
    region: 'us-gov-west-1',
    roles: [
      { arn: 'arn:aws:iam::111111111111:role/hub', partition: 'aws', account: '111111111111' },
      { arn: 'arn:aws:iam::222222222222:role/provisioner', partition: 'aws', account: '222222222222' },
    ],
    credentialSource: { kind: 'access-key' },
    externalId: 'tenant-tables',
    sourceIdentity: '2.42',
    sessionTags: new Map([['cost', '1']]),
    roleDurationSeconds: 900,
    roleSessionName: 'deploy@acme',
    audience: 'https://example.com',
    allowedAccountIds: ['111111111111', '222222222222', '333333333333'],
    tableNamePrefix: 'x-',
    deletionProtection: 'true',
    pointInTimeRecovery: 'false',
    tags: new Map([['team', 'core']]),
    timeoutSeconds: 60,
    sdkSettings: { endpoints: [], warnings: [] },
    waitForIndexes: false,
    definition: builtInDefinition,
    definitions: theTables({
      environment: { name: 'eu-Live', production: true },
      tableNamePrefix: 'x-',
      deletionProtection: 'true',
      pointInTimeRecovery: 'false',
      tags: new Map([['team', 'core']]),
    }),
    definitionNotices: [],
    expectedPlan: { json: '{"formatVersion":1}' },
    expectedPlanDigest: 'a'.repeat(64),
    gitHubToken: 'secret',
  })
})

it('reports all problems at once in the order of action.yml, after the inputs that it does not have', () => {
  const inputs = {
    'timeout-seconds': '1.5',
    tags: 'no separator',
    destroy: 'true',
    'sample-items': 'maybe',
    'fail-on-drift': 'true',
    'role-duration-seconds': '60',
    'table-name-prefix': 'a/b-',
    environment: '',
  }
  const variables = { INPUT_ENVIROMENT: 'prod', INPUT_REGION: 'x', INPUT_TOKEN: 'x', AWS_USE_FIPS_ENDPOINT: 'x' }
  expect(problemsOf(inputs, variables).map((problem) => problem.split(' ')[0])).toEqual([
    'enviroment',
    'region',
    'environment',
    'role-duration-seconds',
    'table-name-prefix',
    'table-name-prefix',
    'tags',
    'timeout-seconds',
    'fail-on-drift',
    'fail-on-drift',
    'sample-items',
    'destroy',
    'AWS_USE_FIPS_ENDPOINT',
  ])
})

it.each<[Texts, boolean]>([
  [{ environment: 'prod-eu' }, true],
  [{ environment: 'main', production: 'true' }, true],
  [{ environment: 'EU-LIVE', 'production-environments': 'Live, eu-live\nstage' }, true],
  [{ environment: 'Main EU', 'production-environments': 'main eu,x' }, true],
  [{ environment: 'live-test', production: 'false' }, false],
  [{ environment: 'dev', 'production-environments': 'Live, eu-live\nstage' }, false],
])('protects production, and writes no sample items there: %j', (inputs, production) => {
  const found = read({ command: 'verify', ...inputs })
  expect([found.environment.production, found.sampleItems]).toEqual([production, !production])
  for (const { properties } of defineTables(found.definition, found)) {
    const { DeletionProtectionEnabled, PointInTimeRecoverySpecification: recovery } = properties
    expect([DeletionProtectionEnabled, recovery?.PointInTimeRecoveryEnabled]).toEqual(
      production ? [true, true] : [undefined, undefined],
    )
  }
})

it.each([
  ['true', 'prod', true],
  ['false', 'dev', false],
])(
  'verifies with sample items or without, as sample-items: %s says, in any environment',
  (choice, environment, expected) => {
    expect(read({ command: 'verify', 'sample-items': choice, environment }).sampleItems).toBe(expected)
  },
)

it.each<[Texts, boolean]>([
  [{ command: 'destroy', 'confirm-destroy': 'tenant\nusers' }, true],
  [{ command: 'plan', destroy: 'true' }, true],
  [{ command: 'plan' }, false],
  [{ command: 'apply' }, false],
  [{ command: 'verify' }, false],
])('plans to delete tables only with command: destroy, or with a plan of it: %j', (inputs, expected) => {
  expect(read(inputs).policy.destroy).toBe(expected)
})

it.each([
  ['{"formatVersion":1}', { json: '{"formatVersion":1}' }],
  // As PowerShell reads it from a file with a byte order mark.
  ['\ufeff{"formatVersion":1}', { json: '{"formatVersion":1}' }],
  ['plans/plan.json', { path: 'plans/plan.json' }],
  ['', undefined],
])('reads an expected-plan as JSON or as a path: %j', (text, expected) => {
  expect(read({ 'expected-plan': text }).expectedPlan).toEqual(expected)
})

it.each<[Texts, string | undefined]>([
  [{ 'github-token': 'secret' }, undefined],
  [{ comment: 'true', 'github-token': 'secret' }, 'secret'],
  // The comment is optional, so a missing token is no problem with the inputs.
  [{ comment: 'true', 'github-token': ' \n' }, ''],
])('has a token only where a comment is wanted: %j', (inputs, expected) => {
  expect(read(inputs).gitHubToken).toBe(expected)
})

describe('the region', () => {
  const both = { AWS_REGION: 'eu-west-1', AWS_DEFAULT_REGION: 'us-east-1' }

  it.each<[string, Texts, string]>([
    ['ap-south-1', both, 'ap-south-1'],
    ['', both, 'eu-west-1'],
    ['', { AWS_DEFAULT_REGION: 'us-gov-west-1' }, 'us-gov-west-1'],
    [' ', { AWS_REGION: ' ', AWS_DEFAULT_REGION: ' us-east-1 ' }, 'us-east-1'],
  ])('of the input %j and the variables %j is %s', (region, variables, expected) => {
    expect(read({ 'aws-region': region }, variables).region).toBe(expected)
  })

  it('must be given by the input or a variable', () => {
    const missing =
      'aws-region is missing, and neither AWS_REGION nor AWS_DEFAULT_REGION is set. Give the region of the tables, such as ap-south-1.'
    expect(problemsOf({ 'aws-region': '' })).toEqual([missing])
    expect(problemsOf({ 'aws-region': '' }, { AWS_REGION: ' ', AWS_DEFAULT_REGION: ' ' })).toEqual([missing])
  })

  it('that is wrong is reported with the variable that it is taken from, and not replaced', () => {
    expect(problemsOf({ 'aws-region': '' }, { ...both, AWS_REGION: 'evil.example/' })).toEqual([
      'aws-region is empty, so it is taken from AWS_REGION, which must be the name of an AWS region, such as ap-south-1, but is "evil.example/".',
    ])
    expect(problemsOf({ 'aws-region': 'Mumbai' }, both)).toHaveLength(1)
  })
})

describe('the source of the first credentials', () => {
  const job = { GITHUB_ACTIONS: 'true' }
  const mayNot = 'the job lacks "permissions: { id-token: write }"'
  const noKey = 'the environment has no access key'
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } = key
  const { ACTIONS_ID_TOKEN_REQUEST_URL, ACTIONS_ID_TOKEN_REQUEST_TOKEN } = token
  const secretOnly = 'the environment has AWS_SECRET_ACCESS_KEY without AWS_ACCESS_KEY_ID'
  const from = (source: string): Texts => ({ ...role, 'credential-source': source })

  it.each<[Texts, Texts, CredentialSource]>([
    [role, { ...key, ...token }, { kind: 'access-key' }],
    [role, token, { kind: 'oidc' }],
    [role, { ...token, AWS_ACCESS_KEY_ID }, { kind: 'oidc' }],
    [role, { ...job, AWS_SECRET_ACCESS_KEY }, { kind: 'default-chain', reason: `${secretOnly}, and ${mayNot}` }],
    [{}, token, { kind: 'default-chain', reason: `${noKey}, and there is no role to assume with an OIDC token` }],
    [role, job, { kind: 'default-chain', reason: `${noKey}, and ${mayNot}` }],
    // A terminal has no job that could have permissions.
    [role, {}, { kind: 'default-chain', reason: noKey }],
    [{}, {}, { kind: 'default-chain', reason: noKey }],
    // Both variables are needed: the address, and the token that GitHub demands there.
    [role, { ...job, ACTIONS_ID_TOKEN_REQUEST_URL }, { kind: 'default-chain', reason: `${noKey}, and ${mayNot}` }],
    [role, { ...job, ACTIONS_ID_TOKEN_REQUEST_TOKEN }, { kind: 'default-chain', reason: `${noKey}, and ${mayNot}` }],
    [from('oidc'), { ...key, ...token }, { kind: 'oidc' }],
    [from('environment'), { ...key, ...token }, { kind: 'access-key' }],
    [
      from('environment'),
      token,
      { kind: 'default-chain', reason: 'credential-source is environment, which has no access key' },
    ],
  ])('of %j with the variables %j is %j', (inputs, variables, source) => {
    expect(read(inputs, variables).credentialSource).toEqual(source)
  })
})

it.each<[Texts, string]>([
  [{ GITHUB_REPOSITORY: 'acme/app', GITHUB_RUN_ID: '1234567890' }, 'acme-app-1234567890'],
  // The characters that STS takes stay; the others become one hyphen.
  [{ GITHUB_REPOSITORY: 'acme/a.b,c=d+e@f_g//h!?i', GITHUB_RUN_ID: '1' }, 'acme-a.b,c=d+e@f_g-h-i-1'],
  // STS takes 64 characters. The repository is cut before the run's id is.
  [{ GITHUB_REPOSITORY: `acme/${'x'.repeat(100)}`, GITHUB_RUN_ID: '1234567890' }, `acme-${'x'.repeat(48)}-1234567890`],
  [{ GITHUB_REPOSITORY: 'acme/app', GITHUB_RUN_ID: '7'.repeat(70) }, '7'.repeat(64)],
  [{ GITHUB_REPOSITORY: 'acme/app' }, 'tenant-tables'],
  [{ GITHUB_RUN_ID: '1' }, 'tenant-tables'],
])('names the sessions of a run with the variables %j %s', (variables, name) => {
  expect(read({}, variables).roleSessionName).toBe(name)
})

it.each([
  ['true', '2.42'],
  ['deploy@acme', 'deploy@acme'],
  ['false', undefined],
  ['', undefined],
])('gives the sessions with role-source-identity: %s the source identity %s', (text, identity) => {
  const variables = { ...key, GITHUB_REPOSITORY_ID: '2', GITHUB_RUN_ID: '42' }
  expect(read({ ...role, 'role-source-identity': text }, variables).sourceIdentity).toBe(identity)
})

it('requests tokens for the STS of the partition, unless an audience is given', () => {
  expect(read({ 'aws-region': 'cn-north-1' }).audience).toBe('sts.amazonaws.com.cn')
  expect(read({ 'aws-region': 'cn-north-1', audience: 'x' }).audience).toBe('x')
})

describe('a restricted session', () => {
  const policyOf = (inputs: Texts) =>
    read(
      {
        ...role,
        'restrict-session': 'true',
        'confirm-destroy': 'x-tenant\nx-users',
        'table-name-prefix': 'x-',
        ...inputs,
      },
      key,
    ).sessionPolicy ?? ''

  it('is restricted to the tables of the run and to what its command needs', () => {
    const statementOf = (command: string) => JSON.parse(policyOf({ command })).Statement[0]
    expect(statementOf('plan')).toEqual({
      Effect: 'Allow',
      Action: ['dynamodb:DescribeContinuousBackups', 'dynamodb:DescribeTable', 'dynamodb:ListTagsOfResource'],
      Resource: ['x-tenant', 'x-users'].map((name) => `arn:aws:dynamodb:ap-south-1:222222222222:table/${name}`),
    })
    const counts = ['apply', 'verify', 'destroy'].map((command) => statementOf(command).Action.length)
    expect(counts).toEqual([6, 7, 4])
    const policy = policyOf({ command: 'apply', 'point-in-time-recovery': 'true' })
    expect(JSON.parse(policy).Statement[0].Action).toContain('dynamodb:UpdateContinuousBackups')
    expect(read(role, key).sessionPolicy).toBeUndefined()
  })

  it('may only read where verify writes no sample items', () => {
    expect(policyOf({ command: 'verify', 'sample-items': 'false' })).toBe(policyOf({ command: 'plan' }))
  })

  it('has a policy that STS takes, whatever the prefix and the region are', () => {
    const prefix = 'x'.repeat(249)
    // No legal name of a region is longer.
    const region = `${'a'.repeat(8)}${`-${'b'.repeat(20)}`.repeat(3)}-99`
    for (const command of ['apply', 'plan', 'verify', 'destroy']) {
      const confirmed = `${prefix}tenant\n${prefix}users`
      const policy = policyOf({
        command,
        'aws-region': region,
        'table-name-prefix': prefix,
        'confirm-destroy': confirmed,
      })
      expect(policy.length).toBeLessThan(2049)
    }
  })

  it('is refused with its length where STS would not take the policy', () => {
    const policyOf = (name: string) => sessionPolicy('apply', aTarget(), [{ ...aTable(), name }])
    const longest = 'x'.repeat(2048 - policyOf('').length)
    expect(policyOf(longest)).toHaveLength(2048)
    expect(() => policyOf(`${longest}x`)).toThrow(
      'restrict-session makes a session policy of 2049 characters, but STS takes 2048.',
    )
  })
})
