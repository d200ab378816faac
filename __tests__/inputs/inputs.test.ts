import { sessionPolicy } from '../../src/aws/iam.ts'
import { defineTables } from '../../src/definition/built-in.ts'
import { InvalidInputsError } from '../../src/errors/errors.ts'
import type { InputName } from '../../src/inputs/input-reader.ts'
import { readInputs } from '../../src/inputs/inputs.ts'
import { sourceOf } from '../support/builders.ts'

const hub = 'arn:aws:iam::111111111111:role/hub'
const provisioner = 'arn:aws:iam::222222222222:role/path/to/provisioner'
const token = { ACTIONS_ID_TOKEN_REQUEST_URL: 'https://token.example', ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'secret' }
const key = { AWS_ACCESS_KEY_ID: 'AKIA', AWS_SECRET_ACCESS_KEY: 'secret' }

const read = (inputs: Record<string, string> = {}, environment: Record<string, string> = {}) =>
  readInputs(sourceOf(inputs, environment))

/** Every problem that is told; none where the inputs are right. */
function problems(inputs: Record<string, string>, environment: Record<string, string> = {}): readonly string[] {
  try {
    read(inputs, environment)
    return []
  } catch (error) {
    if (error instanceof InvalidInputsError) return error.problems
    throw error
  }
}

it('has a default for everything but the environment and the region', () => {
  expect(read()).toEqual({
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
  })
})

it('tells all problems at once, each with what was found and what may be', () => {
  const found = problems({
    command: 'delete',
    environment: '',
    'aws-region': 'Mumbai',
    'role-to-assume': 'provisioner',
    'credential-source': 'vault',
    'role-duration-seconds': '60',
    'role-session-name': 'a b',
    'allowed-account-ids': '123',
    'table-name-prefix': 'a/b-',
    'deletion-protection': 'yes',
    'point-in-time-recovery': 'TRUE',
    tags: 'no separator',
    'timeout-seconds': '1.5',
  })

  expect(found.map((problem) => problem.split(' ')[0])).toEqual([
    'environment',
    'table-name-prefix',
    'table-name-prefix',
    'command',
    'aws-region',
    'role-to-assume',
    'credential-source',
    'role-duration-seconds',
    'role-session-name',
    'allowed-account-ids',
    'deletion-protection',
    'point-in-time-recovery',
    'tags',
    'timeout-seconds',
  ])
  expect(found[3]).toBe('command must be one of apply, plan, verify, destroy, but is "delete".')
  expect(found[7]).toBe('role-duration-seconds must be a whole number from 900 to 43200, but is "60".')
})

describe('environment', () => {
  it.each(['prod', 'PROD', 'Production', 'prod-eu', 'eu_PROD', 'live'])('%s is production', (environment) => {
    expect(read({ environment }).environment).toEqual({ name: environment, production: true })
  })

  it('is production where production-environments says so, without case, and prod stays production', () => {
    const list = { 'production-environments': 'Live, eu-live\nstage' }
    const isProduction = (environment: string) => read({ ...list, environment }).environment.production
    expect(['live', 'EU-LIVE', 'Stage', 'prod', 'dev'].map(isProduction)).toEqual([true, true, true, true, false])
  })

  it.each(['dev<script>', 'x'.repeat(257), 'a\u0000b'])('must be a legal tag value: %j is not', (environment) => {
    expect(problems({ environment })).toEqual([expect.stringMatching(/^environment .*letters, digits/)])
  })

  it.each(['Über-Test 1', 'a/b:c+d=e@f_g.h', 'x'.repeat(256)])(
    'may have every character that a tag value may: %s',
    (environment) => {
      expect(read({ environment }).environment.name).toBe(environment)
    },
  )
})

describe('production', () => {
  it('settles what the name does not, and the rule says so', () => {
    const decide = (inputs: Record<string, string>) => {
      const { environment, productionRule } = read(inputs)
      return [environment.production, productionRule]
    }
    expect(decide({ environment: 'main', production: 'true' })).toEqual([
      true,
      'production, because production is true',
    ])
    expect(decide({ environment: 'live-test', production: 'false' })).toEqual([
      false,
      'not production, because production is false',
    ])
    expect(decide({ environment: 'Main', 'production-environments': 'main' })).toEqual([
      true,
      'production, because production-environments lists it',
    ])
    expect(decide({ environment: 'prod-eu', production: 'auto' })).toEqual([
      true,
      'production, because its name has the part "prod"',
    ])
  })

  it.each([
    { environment: 'prod' },
    { environment: 'PRODUCTION' },
    { environment: 'Live-EU', 'production-environments': 'dev2, live-eu' },
  ])('is never false for prod, production or a listed name: %j', (inputs) => {
    expect(problems({ ...inputs, production: 'false' })).toEqual([
      `production is false, but "${inputs.environment}" is production: prod, production and the names in production-environments always are. Leave production out, or choose another environment.`,
    ])
  })

  it.each(['yes', 'TRUE', 'auto,true'])('is auto, true or false: %s is not', (production) => {
    expect(problems({ production })).toEqual([`production must be one of auto, true, false, but is "${production}".`])
  })

  it('decides on everything that depends on it', () => {
    const verify = (inputs: Record<string, string>) => read({ command: 'verify', ...inputs })
    expect(verify({ environment: 'prod-eu' }).sampleItems).toBe(false)
    expect(verify({ environment: 'dev', production: 'true' }).sampleItems).toBe(false)
    expect(verify({ environment: 'live-test', production: 'false' }).sampleItems).toBe(true)
    const protection = (inputs: Record<string, string>) =>
      defineTables(read(inputs)).map(({ deletionProtection, pointInTimeRecovery }) => [
        deletionProtection,
        pointInTimeRecovery?.enabled,
      ])
    expect(protection({ environment: 'eu-production' })).toEqual([
      [true, true],
      [true, true],
    ])
    expect(protection({ environment: 'live-test', production: 'false' })).toEqual([
      [undefined, undefined],
      [undefined, undefined],
    ])
  })
})

describe('an input that the action does not have', () => {
  it('is a problem where it was probably meant to be one of ours, beside all other problems', () => {
    const found = problems({ environment: '' }, { INPUT_ENVIROMENT: 'prod', INPUT_REGION: 'x', INPUT_TOKEN: 'x' })
    expect(found).toEqual([
      expect.stringMatching(/^enviroment is not an input of this action\. Did you mean environment\?/),
      expect.stringMatching(/^region is not an input of this action\. Did you mean aws-region\?/),
      expect.stringMatching(/^environment is required/),
    ])
  })

  it('stops nothing where it resembles none of ours, or is empty', () => {
    expect(problems({}, { INPUT_TOKEN: 'x', 'INPUT_NODE-VERSION': '24', INPUT_PATH: '.', INPUT_REGION: '' })).toEqual(
      [],
    )
  })
})

describe('aws-region', () => {
  it('comes before AWS_REGION, which comes before AWS_DEFAULT_REGION', () => {
    const both = { AWS_REGION: 'eu-west-1', AWS_DEFAULT_REGION: 'us-east-1' }
    expect(read({ 'aws-region': 'ap-south-1' }, both).region).toBe('ap-south-1')
    expect(read({ 'aws-region': '' }, both).region).toBe('eu-west-1')
    expect(read({ 'aws-region': '' }, { AWS_DEFAULT_REGION: 'us-gov-west-1' }).region).toBe('us-gov-west-1')
  })

  it('is asked for where nobody gives it', () => {
    expect(problems({ 'aws-region': '' })).toEqual([expect.stringMatching(/^aws-region is missing/)])
  })

  it.each(['us-gov-west-1', 'us-isob-east-1', 'eusc-de-east-1', 'ap-southeast-7', 'ap-northeast-12'])(
    'may be of any partition: %s',
    (region) => expect(read({ 'aws-region': region }).region).toBe(region),
  )

  // It becomes part of a host name: what could lead elsewhere must not get there.
  it.each([
    'evil.example/ap-south-1',
    'ap-south-1.evil.example',
    'ap-south-1/',
    'ap-south-1@evil.example',
    'ap-south-1\nx',
    'AP-SOUTH-1',
    'ap-south',
    'ap-south-',
    'ap-south-100',
    'ap-1',
    'a-south-1',
    'ap-s-1',
    'toolongword-south-1',
    'ap-a-region-of-many-words-1',
    `ap-${'x'.repeat(21)}-1`,
  ])('must be nothing but the name of a region: %j is not', (region) => {
    expect(problems({ 'aws-region': region })).toEqual([
      `aws-region must be the name of an AWS region, such as ap-south-1, but is ${JSON.stringify(region)}.`,
    ])
  })

  it('that is wrong is not replaced by a variable that is right', () => {
    expect(problems({ 'aws-region': 'Mumbai' }, { AWS_REGION: 'eu-west-1' })).toHaveLength(1)
  })

  it('takes a variable of nothing but spaces for one that is not set', () => {
    const variables = { AWS_REGION: ' ', AWS_DEFAULT_REGION: ' us-east-1 ' }
    expect(read({ 'aws-region': ' ' }, variables).region).toBe('us-east-1')
    expect(problems({ 'aws-region': '' }, { AWS_REGION: ' ', AWS_DEFAULT_REGION: ' ' })).toHaveLength(1)
  })

  it('names the variable that is wrong', () => {
    expect(problems({ 'aws-region': '' }, { AWS_REGION: 'evil.example/' })).toEqual([
      expect.stringMatching(/^AWS_REGION must be the name of an AWS region/),
    ])
  })
})

describe('role-to-assume', () => {
  it('is a chain, one role a line', () => {
    expect(read({ 'role-to-assume': `${hub}\r\n\n  ${provisioner}` }).roles).toEqual([
      { arn: hub, partition: 'aws', account: '111111111111' },
      { arn: provisioner, partition: 'aws', account: '222222222222' },
    ])
  })

  it.each([
    'arn:aws:iam::1:role/x',
    'arn:aws:iam::111111111111:user/x',
    `${hub},${provisioner}`,
    'arn:aws:iam::111111111111:role/a b',
  ])('must hold ARNs of roles: %s is none', (arn) => {
    expect(problems({ 'role-to-assume': arn })).toEqual([expect.stringContaining(JSON.stringify(arn))])
  })

  it.each(['a', 'x'.repeat(64), 'A_1+b=c.d@e-f', 'p.1/q-2/!#$/name'])('may be named as IAM allows: %s', (name) => {
    const arn = `arn:aws:iam::111111111111:role/${name}`
    expect(read({ 'role-to-assume': arn }).roles).toEqual([{ arn, partition: 'aws', account: '111111111111' }])
  })

  it.each(['', 'path/', '/a', 'x'.repeat(65), 'a*'])('must have a name that IAM allows: "%s" is not', (name) => {
    expect(problems({ 'role-to-assume': `arn:aws:iam::111111111111:role/${name}` })).toHaveLength(1)
  })

  it('is told of for each line that is wrong', () => {
    expect(problems({ 'role-to-assume': `one\n${hub}\ntwo` })).toEqual([
      expect.stringContaining('"one"'),
      expect.stringContaining('"two"'),
    ])
  })

  it('must be of the partition of the region', () => {
    expect(problems({ 'role-to-assume': hub, 'aws-region': 'cn-north-1' })).toEqual([
      expect.stringMatching(/partition aws, but the region cn-north-1 is in aws-cn/),
    ])
  })
})

describe('credential-source', () => {
  const kind = (inputs: Record<string, string>, environment: Record<string, string>) =>
    read(inputs, environment).credentialSource.kind
  const role = { 'role-to-assume': hub }

  it('auto takes a whole access key first, then OIDC where there is a role, then the default chain', () => {
    expect(kind(role, { ...key, ...token })).toBe('access-key')
    expect(kind(role, token)).toBe('oidc')
    expect(kind({}, token)).toBe('default-chain')
    expect(kind(role, {})).toBe('default-chain')
  })

  it('auto passes over half a key, and says so', () => {
    const { credentialSource } = read(role, { ...token, AWS_ACCESS_KEY_ID: 'AKIA' })
    expect(credentialSource).toEqual({
      kind: 'oidc',
      reason: expect.stringContaining('AWS_ACCESS_KEY_ID without AWS_SECRET_ACCESS_KEY'),
    })
    expect(read(role, { AWS_SECRET_ACCESS_KEY: 'x' }).credentialSource.reason).toContain(
      'AWS_SECRET_ACCESS_KEY without AWS_ACCESS_KEY_ID',
    )
  })

  it('a job may ask for a token only where it has both the address and the right to', () => {
    expect(kind(role, { ACTIONS_ID_TOKEN_REQUEST_URL: 'https://token.example' })).toBe('default-chain')
    expect(kind(role, { ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'secret' })).toBe('default-chain')
  })

  it.each([
    ['auto', key, 'the environment has an access key'],
    [
      'auto',
      token,
      'the environment has no access key, the job may ask for an OIDC token, and there is a role to assume',
    ],
    ['oidc', token, 'credential-source is oidc'],
    ['environment', key, 'credential-source is environment, which has an access key'],
    [
      'environment',
      {},
      'credential-source is environment, which has no access key, so the AWS SDK looks for credentials',
    ],
  ])('%s with %j gives as its reason: %s', (source, environment, reason) => {
    expect(read({ ...role, 'credential-source': source }, environment).credentialSource.reason).toBe(reason)
  })

  it('auto says why it came to the default chain', () => {
    expect(read(role).credentialSource.reason).toContain('id-token: write')
    expect(read({}, token).credentialSource.reason).toContain('no role to assume')
  })

  it('oidc passes over an access key, and needs a role and a job that may ask for a token', () => {
    expect(kind({ ...role, 'credential-source': 'oidc' }, { ...key, ...token })).toBe('oidc')
    expect(problems({ 'credential-source': 'oidc' })).toEqual([
      expect.stringContaining('role-to-assume is empty'),
      expect.stringContaining('id-token: write'),
    ])
  })

  it('environment never takes the token, and refuses half a key', () => {
    const source = { ...role, 'credential-source': 'environment' }
    expect(kind(source, { ...key, ...token })).toBe('access-key')
    expect(kind(source, token)).toBe('default-chain')
    expect(problems(source, { AWS_ACCESS_KEY_ID: 'AKIA' })).toEqual([
      expect.stringMatching(/^credential-source is environment, but .* Set both, or neither\.$/),
    ])
  })
})

describe('role-external-id', () => {
  const id = { 'role-external-id': 'tenant-tables' }

  it('is for the last of several roles, or for one that an access key assumes', () => {
    expect(read({ ...id, 'role-to-assume': `${hub}\n${provisioner}` }, token).externalId).toBe('tenant-tables')
    expect(read({ ...id, 'role-to-assume': hub }, key).externalId).toBe('tenant-tables')
  })

  it('is refused where the last role is assumed with a token, or where there is no role', () => {
    expect(problems({ ...id, 'role-to-assume': hub }, token)).toEqual([expect.stringContaining('takes no external id')])
    expect(problems(id, key)).toEqual([expect.stringContaining('no role-to-assume')])
  })

  it('may have 2 to 1224 of the characters that STS takes', () => {
    for (const externalId of ['ab', 'x'.repeat(1224), 'a+b=c,d.e@f:g/h-i_J9'])
      expect(read({ 'role-external-id': externalId, 'role-to-assume': hub }, key).externalId).toBe(externalId)
  })

  it('may have no fewer, no more, and no others', () => {
    for (const externalId of ['a', 'x'.repeat(1225), '!ab', 'ab!', 'a b'])
      expect(problems({ 'role-external-id': externalId, 'role-to-assume': hub }, key)).toHaveLength(1)
  })

  it('is not repeated when it is malformed', () => {
    expect(problems({ 'role-external-id': 'not good!', 'role-to-assume': hub }, key)).toEqual([
      'role-external-id must have 2 to 1224 letters, digits and _ + = , . @ : / - and nothing else.',
    ])
  })
})

describe('role-duration-seconds', () => {
  it.each(['899', '43201', '1e3', '-900', '0x400', ''.padEnd(20, '9')])(
    'must be from 900 to 43200: %s is not',
    (seconds) => {
      expect(problems({ 'role-duration-seconds': seconds })).toHaveLength(1)
    },
  )

  it.each(['900', '43200'])('may be from 900 to 43200: %s is', (seconds) => {
    expect(read({ 'role-duration-seconds': seconds }).roleDurationSeconds).toBe(Number(seconds))
  })

  it('may be over an hour for a single role, but not for a chain', () => {
    const long = { 'role-duration-seconds': '43200' }
    expect(read({ ...long, 'role-to-assume': hub }).roleDurationSeconds).toBe(43_200)
    expect(problems({ ...long, 'role-to-assume': `${hub}\n${provisioner}` })).toEqual([
      expect.stringContaining('3600 seconds at most'),
    ])
    expect(read({ 'role-duration-seconds': '3600', 'role-to-assume': `${hub}\n${provisioner}` }).roles).toHaveLength(2)
    expect(problems({ 'role-duration-seconds': '3601', 'role-to-assume': `${hub}\n${provisioner}` })).toHaveLength(1)
  })
})

describe('role-session-name', () => {
  const run = { GITHUB_REPOSITORY: 'acme/app', GITHUB_RUN_ID: '1234567890' }

  it('is made from the repository and the run, in characters that STS takes', () => {
    expect(read({}, run).roleSessionName).toBe('acme-app-1234567890')
  })

  it('keeps the whole id of the run where the repository is long', () => {
    const name = read({}, { ...run, GITHUB_REPOSITORY: `acme/${'x'.repeat(100)}` }).roleSessionName
    expect(name).toMatch(/^acme-x+-1234567890$/)
    expect(name).toHaveLength(64)
  })

  it('keeps the characters that STS takes, and puts one hyphen for those that it does not', () => {
    const repository = 'acme/a.b,c=d+e@f_g//h!?i'
    expect(read({}, { ...run, GITHUB_REPOSITORY: repository }).roleSessionName).toBe(
      'acme-a.b,c=d+e@f_g-h-i-1234567890',
    )
  })

  it('never has more than 64 characters, however long the id of the run is', () => {
    expect(read({}, { ...run, GITHUB_RUN_ID: '7'.repeat(70) }).roleSessionName).toBe('7'.repeat(64))
  })

  it('names the action where the repository or the run is not known', () => {
    expect(read({}, { GITHUB_REPOSITORY: 'acme/app' }).roleSessionName).toBe('tenant-tables')
    expect(read({}, { GITHUB_RUN_ID: '1' }).roleSessionName).toBe('tenant-tables')
  })

  it.each(['ab', 'x'.repeat(64), 'a+b=c,d.e@f-g_H9'])('may be what STS takes: %s', (name) => {
    expect(read({ 'role-session-name': name }).roleSessionName).toBe(name)
  })

  it('is taken as it is given, or refused', () => {
    expect(read({ 'role-session-name': 'deploy@acme' }).roleSessionName).toBe('deploy@acme')
    for (const name of ['x', 'a/b', 'x'.repeat(65)]) {
      expect(problems({ 'role-session-name': name })).toEqual([expect.stringContaining('2 to 64')])
    }
  })
})

it('audience follows the partition, unless it is given', () => {
  expect(read({ 'aws-region': 'cn-north-1' }).audience).toBe('sts.amazonaws.com.cn')
  expect(read({ audience: 'https://example.com' }).audience).toBe('https://example.com')
})

describe('allowed-account-ids', () => {
  it('are between commas or on lines', () => {
    expect(read({ 'allowed-account-ids': '111111111111, 222222222222\n333333333333' }).allowedAccountIds).toEqual([
      '111111111111',
      '222222222222',
      '333333333333',
    ])
  })

  it('may end with a comma', () => {
    expect(read({ 'allowed-account-ids': '111111111111,\n' }).allowedAccountIds).toEqual(['111111111111'])
  })

  it.each(['1111111111111', '11111111111', 'x111111111111', '111111111111x', '1111-1111-1111'])(
    'must have 12 digits and nothing else: %s has not',
    (account) => {
      expect(problems({ 'allowed-account-ids': account })).toEqual([
        `allowed-account-ids must hold account ids of 12 digits, but has "${account}".`,
      ])
    },
  )

  it('are held against the last role before anything is called', () => {
    const chain = { 'role-to-assume': `${hub}\n${provisioner}` }
    expect(problems({ ...chain, 'allowed-account-ids': '111111111111' })).toEqual([
      expect.stringContaining('ends with a role of account 222222222222'),
    ])
    expect(problems({ ...chain, 'allowed-account-ids': '222222222222' })).toEqual([])
  })
})

describe('table-name-prefix', () => {
  it('is put before the names as it is', () => {
    for (const prefix of ['jobwork', 'a_B.c-9', 'x'.repeat(249)]) {
      expect(read({ 'table-name-prefix': prefix }).tableNamePrefix).toBe(prefix)
    }
  })

  it('must leave names that DynamoDB takes, and says which does not', () => {
    // `users` is one letter shorter than `tenant`.
    expect(problems({ 'table-name-prefix': 'x'.repeat(250) })).toEqual([expect.stringContaining('(256 characters)')])
    expect(problems({ 'table-name-prefix': 'a b' })).toEqual([
      expect.stringContaining('"a btenant"'),
      expect.stringContaining('"a busers"'),
    ])
  })
})

describe('tags', () => {
  it('are split at the first equals sign, and may have an empty value', () => {
    expect(read({ tags: 'team=core\n formula = a=b \nempty=\n\n__proto__=x' }).tags).toEqual(
      new Map([
        ['team', 'core'],
        ['formula', 'a=b'],
        ['empty', ''],
        ['__proto__', 'x'],
      ]),
    )
  })

  it.each([
    ['=value', 'key=value'],
    ['word', 'key=value'],
    ['aws:x=1', 'reserved'],
    ['AWS:x=1', 'reserved'],
    ['tenant-tables:environment=x', 'reserved'],
    ['a=1\na=2', 'twice'],
    ['a<b=1', '128'],
    [`${'k'.repeat(129)}=1`, '128'],
    [`k=${'v'.repeat(257)}`, '256'],
    ['k=a|b', '256'],
  ])('refuses %j', (tags, word) => {
    expect(problems({ tags })).toEqual([expect.stringContaining(word)])
  })

  it('may be as long as AWS allows, and have the characters that it allows', () => {
    const longest: readonly [string, string] = ['k'.repeat(128), 'v'.repeat(256)]
    const strangest: readonly [string, string] = ['Ü 1_.:/+-@', 'a_.:/=+-@ 日本']
    const tags = [longest, strangest].map(([name, value]) => `${name}=${value}`).join('\n')
    expect(read({ tags }).tags).toEqual(new Map([longest, strangest]))
  })

  it('may name in the middle what is reserved at the beginning', () => {
    expect(read({ tags: 'my-aws:x=1\naws=2\nmy-tenant-tables:y=3' }).tags.size).toBe(3)
  })

  it('are all told of where several are wrong', () => {
    expect(problems({ tags: 'word\naws:x=1\ngood=1\nk=a|b' })).toHaveLength(3)
  })

  it('are 48 at most, because two more are added', () => {
    const lines = (count: number) => Array.from({ length: count }, (_, index) => `k${index}=v`).join('\n')
    expect(read({ tags: lines(48) }).tags.size).toBe(48)
    expect(problems({ tags: lines(49) })).toEqual([expect.stringContaining('Give 48 or fewer')])
  })
})

describe('lines that YAML has joined into one, as it does after ">" and without a mark', () => {
  const form = (name: string) =>
    `Write "${name}: |" and each value on a line of its own; without "|" YAML joins the lines into one.`
  const folded = (tags: string) =>
    `has several key=value on one line: ${JSON.stringify(tags)}. ${form('tags')} A value that itself contains a space and then a word with = is refused.`

  it.each([
    'team=platform cost-center=42',
    'team=platform cost center=42',
    'team = platform cost-center = 42',
    'team=platform\tcost-center=42',
    'team=platform team=platform',
    'team=core platform owner=a b zone=c',
    'empty= team=core',
    'note=a b=',
    'note=the cost = 5',
    'team=platform, cost-center=42',
  ])('are no tag: %j', (tags) => {
    expect(problems({ tags })).toEqual([`tags ${folded(tags)}`])
    expect(problems({ tags: `zone=a\n${tags}\n` })).toEqual([`tags ${folded(tags)}`])
  })

  it.each([
    ['formula=a=b', 'formula', 'a=b'],
    ['formula = a=b', 'formula', 'a=b'],
    ['formula=a = b', 'formula', 'a = b'],
    ['formula= = b', 'formula', '= b'],
    ['filter=a==b', 'filter', 'a==b'],
    ['padding=YQ== ', 'padding', 'YQ=='],
    ['title=one two three', 'title', 'one two three'],
    ['title=a=b and c', 'title', 'a=b and c'],
    ['sum=1 + 1 == 2', 'sum', '1 + 1 == 2'],
    ['key=of YQ==', 'key', 'of YQ=='],
    ['cost center=42', 'cost center', '42'],
    ['empty=', 'empty', ''],
  ])('are not seen in a value that is legal: %j', (tags, name, value) => {
    expect(read({ tags }).tags).toEqual(new Map([[name, value]]))
  })

  it('are no tag of a session', () => {
    expect(problems({ 'role-to-assume': hub, 'role-session-tags': 'team=a zone=b' }, key)).toEqual([
      expect.stringContaining(
        `role-session-tags has several key=value on one line: "team=a zone=b". ${form('role-session-tags')}`,
      ),
    ])
  })

  it.each<[InputName, Record<string, string>]>([
    ['role-to-assume', { 'role-to-assume': `${hub} ${provisioner}` }],
    ['role-to-assume', { 'role-to-assume': `${hub}, ${provisioner}` }],
    ['allowed-account-ids', { 'allowed-account-ids': '111111111111 222222222222' }],
    ['allow', { allow: 'remove-deletion-protection change-environment' }],
    ['confirm-destroy', { command: 'destroy', 'confirm-destroy': 'tenant users' }],
    ['confirm-destroy', { command: 'destroy', 'confirm-destroy': 'tenant,users' }],
  ])('are no value of %s, and the form with | is shown: %j', (name, inputs) => {
    expect(problems(inputs)).toEqual([expect.stringContaining(form(name))])
  })

  it('are no name of an environment, also where each name has several words', () => {
    const list = { 'production-environments': 'main eu staging' }
    expect(problems({ ...list, environment: 'main eu' })).toEqual([
      expect.stringContaining('or write "production-environments: |" and each name on a line of its own'),
    ])
    expect(read({ ...list, environment: 'Main EU Staging' }).environment.production).toBe(true)
    expect(problems({ ...list, environment: 'main e' })).toEqual([])
  })

  it('are not suspected in a single wrong value', () => {
    for (const inputs of [{ 'role-to-assume': 'x' }, { allow: 'x' }, { 'allowed-account-ids': 'x' }] as const) {
      expect(problems(inputs)).toEqual([expect.not.stringContaining('YAML')])
    }
  })
})

it('timeout-seconds is a whole number from 1 up to six hours', () => {
  for (const seconds of [1, 21_600]) expect(read({ 'timeout-seconds': `${seconds}` }).timeoutSeconds).toBe(seconds)
  for (const seconds of ['0', '21601', 'ten']) expect(problems({ 'timeout-seconds': seconds })).toHaveLength(1)
})

it('white space around a value is no part of it', () => {
  const { command, environment, tableNamePrefix } = read({
    command: ' plan ',
    environment: ' dev\n',
    'table-name-prefix': ' x- ',
  })
  expect([command, environment.name, tableNamePrefix]).toEqual(['plan', 'dev', 'x-'])
})

it('a value that is long is told by its beginning and its length', () => {
  expect(problems({ command: 'x'.repeat(120) })).toEqual([
    `command must be one of apply, plan, verify, destroy, but is "${'x'.repeat(120)}".`,
  ])
  expect(problems({ command: 'x'.repeat(121) })).toEqual([
    `command must be one of apply, plan, verify, destroy, but is "${'x'.repeat(120)}"… (121 characters).`,
  ])
})

describe('what would be lost in silence is refused', () => {
  it.each(['live;eu-live', '["live"]', "'live'"])('production-environments without commas or lines: %s', (list) => {
    expect(problems({ environment: 'live', 'production-environments': list })).toEqual([
      `production-environments must hold names of environments between commas or on lines, but has ${JSON.stringify(list)}.`,
    ])
  })

  it.each(['live staging', 'staging/live', 'Staging: LIVE'])(
    'production-environments that may be one name or several: %s',
    (list) => {
      expect(problems({ environment: 'live', 'production-environments': list })).toEqual([
        `production-environments has ${JSON.stringify(list)}, which holds "live" as a word: is it one name or several? Put commas between names, or write "production-environments: |" and each name on a line of its own; without "|" YAML joins the lines into one.`,
      ])
      expect(problems({ environment: 'dev', 'production-environments': list })).toEqual([])
      expect(problems({ environment: list, 'production-environments': list })).toEqual([])
    },
  )

  it('allowed-account-ids that hold none, which must not come to mean any', () => {
    expect(problems({ 'allowed-account-ids': ',' })).toEqual([expect.stringContaining('holds no account id')])
  })

  it('an audience that no header can carry', () => {
    expect(problems({ audience: 'a b' })).toEqual([expect.stringContaining('no spaces')])
  })
})

describe('from a wrong input nothing else is concluded', () => {
  const wrong = { 'role-to-assume': `${hub}\nbad` }

  it.each([
    ['allowed-account-ids', { 'allowed-account-ids': '222222222222' }],
    ['role-external-id', { 'role-external-id': 'tenant-tables' }],
  ])('a wrong role says nothing of %s', (_, inputs) => {
    expect(problems({ ...wrong, ...inputs }, token)).toEqual([expect.stringContaining('"bad"')])
  })

  it('but a chain is a chain, whatever is wrong with its roles', () => {
    expect(problems({ ...wrong, 'role-duration-seconds': '7200' })).toHaveLength(2)
  })

  it('a wrong credential-source says nothing of the external id', () => {
    const inputs = { 'credential-source': 'Environment', 'role-to-assume': hub, 'role-external-id': 'tenant-tables' }
    expect(problems(inputs, token)).toEqual([expect.stringMatching(/^credential-source must be one of/)])
  })
})

it('characters are counted as AWS counts them', () => {
  expect(read({ tags: `${'𠀀'.repeat(128)}=${'𠀀'.repeat(256)}` }).tags.size).toBe(1)
})

describe('what a session is given', () => {
  const role = 'arn:aws:iam::222222222222:role/provisioner'
  const key = { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' }
  const ofRun = { ...key, GITHUB_REPOSITORY_ID: '2', GITHUB_RUN_ID: '42' }
  const token = { ACTIONS_ID_TOKEN_REQUEST_URL: 'https://x', ACTIONS_ID_TOKEN_REQUEST_TOKEN: 't' }

  it('a source identity is the run, where it is just asked for, and else what is given', () => {
    const identity = (given: string) =>
      read({ 'role-to-assume': role, 'role-source-identity': given }, ofRun).sourceIdentity
    expect([identity('true'), identity('deploy@acme'), identity('false'), identity('')]).toEqual([
      '2.42',
      'deploy@acme',
      undefined,
      undefined,
    ])
    expect(problems({ 'role-to-assume': role, 'role-source-identity': 'true' }, key)).toEqual([
      expect.stringContaining('GITHUB_REPOSITORY_ID or GITHUB_RUN_ID is not set'),
    ])
    expect(problems({ 'role-to-assume': role, 'role-source-identity': 'a b' }, key)).toEqual([
      expect.stringContaining('"a b"'),
    ])
  })

  it('tags are lines of key=value', () => {
    const given = { 'role-to-assume': role, 'role-session-tags': 'team=planner\ncost=1' }
    expect([...read(given, key).sessionTags]).toEqual([
      ['team', 'planner'],
      ['cost', '1'],
    ])
    expect(problems({ 'role-to-assume': role, 'role-session-tags': 'Team=a\nteam=b' }, key)).toEqual([
      'role-session-tags has the key "team" in upper and lower case, which is one key to STS. Give each key once.',
    ])
    const many = (count: number) => Array.from({ length: count }, (_, index) => `key-${index}=a`).join('\n')
    expect(problems({ 'role-to-assume': role, 'role-session-tags': many(51) }, key)).toEqual([
      'role-session-tags has 51 tags, but STS takes 50 at most.',
    ])
    expect(read({ 'role-to-assume': role, 'role-session-tags': many(50) }, key).sessionTags.size).toBe(50)
    expect(problems({ 'role-to-assume': role, 'role-session-tags': 'team' }, key)).toEqual([
      expect.stringMatching(/^role-session-tags must have key=value/),
    ])
  })

  it.each([
    ['without a role', {}, key, /no role-to-assume/],
    [
      'for a role that is assumed with a token alone',
      { 'role-to-assume': role },
      token,
      /OIDC token, which takes none/,
    ],
  ])('is no use %s', (_, inputs, environment, problem) => {
    const given = { ...inputs, 'role-source-identity': 'deploy', 'role-session-tags': 'a=b' }
    expect(problems(given, environment)).toEqual([expect.stringMatching(problem), expect.stringMatching(problem)])
  })

  it('a restriction is to the tables of the run and what its command needs', () => {
    const given = { 'role-to-assume': role, 'restrict-session': 'true', 'table-name-prefix': 'x-' }
    const policy = (command: string) =>
      JSON.parse(read({ ...given, command, 'confirm-destroy': 'x-tenant\nx-users' }, key).sessionPolicy ?? '')
        .Statement[0]
    expect(policy('plan')).toEqual({
      Effect: 'Allow',
      Action: ['dynamodb:DescribeContinuousBackups', 'dynamodb:DescribeTable', 'dynamodb:ListTagsOfResource'],
      Resource: ['x-tenant', 'x-users'].map((name) => `arn:aws:dynamodb:ap-south-1:222222222222:table/${name}`),
    })
    expect([policy('apply'), policy('verify'), policy('destroy')].map(({ Action }) => Action.length)).toEqual([7, 7, 4])
    expect(read({ 'role-to-assume': role }, key).sessionPolicy).toBeUndefined()
    expect(problems({ 'restrict-session': 'true' }, key)).toEqual([expect.stringContaining('no role-to-assume')])
  })

  it('a restriction is to reads alone where verify writes no sample items', () => {
    const given = { 'role-to-assume': role, 'restrict-session': 'true' }
    const [plan, verify] = [{ command: 'plan' }, { command: 'verify', 'sample-items': 'false' }].map(
      (command) => read({ ...given, ...command }, key).sessionPolicy,
    )
    expect(verify).toBe(plan)
  })

  it('a restriction that STS would not take says so, and two tables stay below that with any prefix', () => {
    const long = {
      'role-to-assume': role,
      'restrict-session': 'true',
      'table-name-prefix': 'x'.repeat(249),
      // No name of a region that is taken is longer.
      'aws-region': `${'a'.repeat(8)}${`-${'b'.repeat(20)}`.repeat(3)}-99`,
    }
    for (const command of ['apply', 'plan', 'verify', 'destroy']) {
      const confirmed = ['tenant', 'users'].map((name) => `${long['table-name-prefix']}${name}`).join('\n')
      expect(read({ ...long, command, 'confirm-destroy': confirmed }, key).sessionPolicy?.length).toBeLessThan(2049)
    }
    const longest = 'x'.repeat(2048 - sessionPolicy('apply', ['']).length)
    expect(sessionPolicy('apply', [longest])).toHaveLength(2048)
    expect(() => sessionPolicy('apply', [`${longest}x`])).toThrow('of 2049 characters, but STS takes 2048.')
    expect(() => sessionPolicy('apply', Array(8).fill('x'.repeat(255)))).toThrow(
      'restrict-session makes a session policy of 2341 characters, but STS takes 2048.',
    )
  })

  it('a restriction to tables whose names are too long tells of the names, beside what else is wrong', () => {
    const tooLong = { 'role-to-assume': role, 'restrict-session': 'true', 'table-name-prefix': 'x'.repeat(2000) }
    expect(problems({ ...tooLong, 'timeout-seconds': '0' }, key)).toEqual([
      expect.stringMatching(/^table-name-prefix .*2006 characters/),
      expect.stringMatching(/^table-name-prefix .*2005 characters/),
      expect.stringMatching(/^timeout-seconds /),
    ])
  })

  it.each(['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN'])(
    '%s that was pasted with a line break is told, and not shown',
    (name) => {
      const [problem = '', ...others] = problems({}, { ...key, [name]: 'AKIAEXAMPLE\n' })
      expect(others).toEqual([])
      expect(problem).toContain(`${name} in the environment holds a space, a line break`)
      expect(problem).not.toContain('AKIAEXAMPLE')
    },
  )
})
