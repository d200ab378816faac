import {
  AssumeRoleCommand,
  AssumeRoleWithWebIdentityCommand,
  GetCallerIdentityCommand,
  STSClient,
} from '@aws-sdk/client-sts'
import { mockClient } from 'aws-sdk-client-mock'
import type { CredentialPorts } from '../../src/aws/credentials.ts'
import { openSession } from '../../src/aws/session.ts'
import { renderError } from '../../src/errors/description.ts'
import { RemedyError, StoppedError } from '../../src/errors/errors.ts'
import { type Inputs, readInputs } from '../../src/inputs/inputs.ts'
import { UnreachableError } from '../../src/network/unreachable.ts'
import { sourceOf } from '../support/builders.ts'
import { aRun } from '../support/fakes.ts'

const hub = 'arn:aws:iam::111111111111:role/hub'
const provisioner = 'arn:aws:iam::222222222222:role/provisioner'
const key = { AWS_ACCESS_KEY_ID: 'AKIA-OF-THE-JOB', AWS_SECRET_ACCESS_KEY: 'secret-of-the-job' }
const token = { ACTIONS_ID_TOKEN_REQUEST_URL: 'https://token.example', ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'x' }
const claims = {
  iss: 'https://token.actions.githubusercontent.com',
  sub: 'repo:acme@1/app@2:environment:dev',
  aud: 'sts.amazonaws.com',
  job_workflow_ref: 'acme/app/.github/workflows/a.yml@refs/heads/main',
}
const sts = mockClient(STSClient)

beforeEach(() => sts.reset())

/** The response of STS for a role; each secret names its role. */
function sessionOf(role: string, changes: object = {}) {
  const [, , , , account = '', path = ''] = role.split(':')
  const name = path.split('/').at(-1)
  return {
    Credentials: {
      AccessKeyId: `key-of-${name}`,
      SecretAccessKey: `secret-of-${name}`,
      SessionToken: `token-of-${name}`,
      Expiration: new Date(Date.UTC(2026, 0, 1, 1)),
    },
    AssumedRoleUser: { Arn: `arn:aws:sts::${account}:assumed-role/${name}/session`, AssumedRoleId: 'x' },
    ...changes,
  }
}

function refusal(name: string, message = 'as AWS says'): Error {
  return Object.assign(new Error(message), { name })
}

function open(
  inputs: Record<string, string>,
  environment: Record<string, string> = {},
  changes: Partial<CredentialPorts> = {},
) {
  const order: string[] = []
  const origins: string[] = []
  const used: (string | undefined)[] = []
  let tokens = 0
  const ports: CredentialPorts = {
    connectSts: (credentials) => {
      used.push(credentials?.accessKeyId)
      return new STSClient({ region: 'ap-south-1' })
    },
    fetchIdToken: async () => {
      tokens += 1
      return `header.${Buffer.from(JSON.stringify({ ...claims, jti: tokens })).toString('base64url')}.signature-${tokens}`
    },
    accessKey: () => ({ accessKeyId: key.AWS_ACCESS_KEY_ID, secretAccessKey: key.AWS_SECRET_ACCESS_KEY }),
    defaultChain: async () => ({
      accessKeyId: 'key-of-chain',
      secretAccessKey: 'secret-of-chain',
      sessionToken: 'token-of-chain',
    }),
    mask: (secret, origin) => {
      order.push(secret)
      origins.push(origin)
    },
    ...changes,
  }
  const request: Inputs = readInputs(sourceOf(inputs, environment))
  const run = aRun()
  return { session: openSession(request, ports, run), masked: order, origins, used, run, tokens: () => tokens }
}

describe('a role chain', () => {
  it('gives the source identity to the first role that is assumed with credentials, and tags, external id and restriction to the last role', async () => {
    const environment = { ...key, GITHUB_REPOSITORY_ID: '2', GITHUB_RUN_ID: '42' }
    const inputs = {
      'role-to-assume': `${hub}\n${provisioner}`,
      'role-source-identity': 'true',
      'role-session-tags': 'team=planner',
      'role-external-id': 'id',
      'restrict-session': 'true',
      command: 'plan',
    }
    sts.on(AssumeRoleCommand).callsFake(({ RoleArn }) => sessionOf(RoleArn))
    const { session, used } = open(inputs, environment)
    await session
    const calls = sts.commandCalls(AssumeRoleCommand).map(({ args }) => args[0].input)
    expect(calls.map(({ SourceIdentity, Tags, ExternalId }) => ({ SourceIdentity, Tags, ExternalId }))).toEqual([
      { SourceIdentity: '2.42', Tags: undefined, ExternalId: undefined },
      { SourceIdentity: undefined, Tags: [{ Key: 'team', Value: 'planner' }], ExternalId: 'id' },
    ])
    expect(used).toEqual(['AKIA-OF-THE-JOB', 'key-of-hub'])
    expect(calls[0]?.Policy).toBeUndefined()
    expect(JSON.parse(calls[1]?.Policy ?? '').Statement[0].Resource).toHaveLength(2)
  })

  it('gives the source identity to the role after the token, which has its own, and restricts only the last session', async () => {
    sts.on(AssumeRoleWithWebIdentityCommand).callsFake(({ RoleArn }) => sessionOf(RoleArn))
    sts.on(AssumeRoleCommand).callsFake(({ RoleArn }) => sessionOf(RoleArn))
    const inputs = { 'role-source-identity': 'deploy', 'restrict-session': 'true' }
    await open({ ...inputs, 'role-to-assume': `${hub}\n${provisioner}` }, token).session
    await open({ 'role-to-assume': provisioner, 'restrict-session': 'true' }, token).session
    const [role] = sts.commandCalls(AssumeRoleCommand).map(({ args }) => args[0].input)
    expect(role).toMatchObject({ SourceIdentity: 'deploy', Policy: expect.stringContaining('table/users') })
    const policies = sts.commandCalls(AssumeRoleWithWebIdentityCommand).map(({ args }) => args[0].input.Policy)
    expect(policies).toEqual([undefined, expect.stringContaining('table/users')])
  })

  it('starts from the token where there is no access key, and assumes each role with the session before it', async () => {
    sts.on(AssumeRoleWithWebIdentityCommand).resolves(sessionOf(hub))
    sts.on(AssumeRoleCommand).resolves(sessionOf(provisioner))
    const { session, masked, used } = open(
      { 'role-to-assume': `${hub}\n${provisioner}`, 'role-external-id': 'tenant-tables', 'role-session-name': 'me' },
      token,
    )
    expect((await session).awsAccount).toEqual({ partition: 'aws', account: '222222222222' })
    expect(await (await session).credentials()).toEqual({
      accessKeyId: 'key-of-provisioner',
      secretAccessKey: 'secret-of-provisioner',
      sessionToken: 'token-of-provisioner',
      expiration: new Date(Date.UTC(2026, 0, 1, 1)),
    })
    expect(sts.calls().map(({ args }) => args[0].input)).toEqual([
      {
        RoleArn: hub,
        RoleSessionName: 'me',
        DurationSeconds: 3600,
        WebIdentityToken: expect.stringContaining('signature-1'),
      },
      { RoleArn: provisioner, RoleSessionName: 'me', DurationSeconds: 3600, ExternalId: 'tenant-tables' },
    ])
    expect(used).toEqual([undefined, 'key-of-hub'])
    expect(masked.slice(1)).toEqual([
      'key-of-hub',
      'secret-of-hub',
      'token-of-hub',
      'key-of-provisioner',
      'secret-of-provisioner',
      'token-of-provisioner',
    ])
    expect(masked[0]).toContain('signature-1')
  })

  it('is walked again with a new token when the SDK asks for credentials again', async () => {
    sts.on(AssumeRoleWithWebIdentityCommand).resolves(sessionOf(hub))
    const { session, tokens } = open({ 'role-to-assume': hub }, token)
    const { credentials } = await session
    await credentials()
    expect([tokens(), sts.calls().length]).toEqual([1, 1])
    await credentials()
    expect([tokens(), sts.calls().length]).toEqual([2, 2])
  })

  it('is empty where no role is given: the first credentials are masked, then STS identifies them', async () => {
    const events: string[] = []
    sts.on(GetCallerIdentityCommand).callsFake(async () => {
      events.push('identify')
      return { Arn: 'arn:aws-cn:iam::333333333333:user/me' }
    })
    const { session } = open({}, key, { mask: (secret) => void events.push(secret) })
    expect((await session).awsAccount).toEqual({ partition: 'aws-cn', account: '333333333333' })
    expect(await (await session).credentials()).toMatchObject({ accessKeyId: 'AKIA-OF-THE-JOB' })
    expect(events).toEqual(['AKIA-OF-THE-JOB', 'secret-of-the-job', 'identify'])
  })

  it('fails when it is walked again and leads to another account', async () => {
    sts.on(GetCallerIdentityCommand).resolvesOnce({ Arn: 'arn:aws:iam::333333333333:user/me' })
    const { session } = open({}, key)
    const { credentials } = await session
    await credentials()
    sts.on(GetCallerIdentityCommand).resolves({ Arn: 'arn:aws:iam::333333333333:user/me' })
    await credentials()
    sts.on(GetCallerIdentityCommand).resolves({ Arn: 'arn:aws:iam::444444444444:user/other' })
    await expect(credentials()).rejects.toMatchObject({
      message:
        'The session expired, and the credentials now lead to account 444444444444, but this run works in 333333333333.',
    })
  })

  it('masks each secret before the call that sends it, and makes no other calls', async () => {
    const events: string[] = []
    sts.on(AssumeRoleWithWebIdentityCommand).callsFake(async () => {
      events.push('with token')
      return sessionOf(hub)
    })
    sts.on(AssumeRoleCommand).callsFake(async () => {
      events.push('with role')
      return sessionOf(provisioner)
    })
    const mask = (secret: string) => void events.push(`mask ${secret.replace(/^header.*/, 'the token')}`)
    await open({ 'role-to-assume': `${hub}\n${provisioner}` }, token, { mask }).session
    expect(events).toEqual([
      'mask the token',
      'with token',
      'mask key-of-hub',
      'mask secret-of-hub',
      'mask token-of-hub',
      'with role',
      'mask key-of-provisioner',
      'mask secret-of-provisioner',
      'mask token-of-provisioner',
    ])
  })

  it.each([
    ['has no expiration', undefined],
    ['has an expiration that is not a date', '' as unknown as Date],
  ])('accepts a session that %s', async (_, Expiration) => {
    const Credentials = { ...sessionOf(hub).Credentials, Expiration }
    sts.on(AssumeRoleCommand).resolves(sessionOf(hub, { Credentials }))
    const { credentials } = await open({ 'role-to-assume': hub }, key).session
    expect(await credentials()).toEqual({
      accessKeyId: 'key-of-hub',
      secretAccessKey: 'secret-of-hub',
      sessionToken: 'token-of-hub',
    })
    expect(await credentials()).not.toHaveProperty('expiration')
  })

  it('ignores the expiration of a new session that seems to expire already, because the clock is wrong', async () => {
    const ending = (minutes: number) => {
      const Expiration = new Date(Date.UTC(2026, 0, 1) + minutes * 60_000)
      return sessionOf(hub, { Credentials: { ...sessionOf(hub).Credentials, Expiration } })
    }
    sts.on(AssumeRoleCommand).resolvesOnce(ending(5)).resolvesOnce(ending(-20)).resolves(ending(6))
    const { credentials } = await open({ 'role-to-assume': hub }, key).session
    const ends = [await credentials(), await credentials(), await credentials()].map(({ expiration }) => expiration)
    expect(ends).toEqual([undefined, undefined, new Date(Date.UTC(2026, 0, 1, 0, 6))])
  })

  it('refuses a response of STS without credentials', async () => {
    const Credentials = { ...sessionOf(hub).Credentials, SessionToken: undefined }
    sts.on(AssumeRoleCommand).resolves(sessionOf(hub, { Credentials }))
    await expect(open({ 'role-to-assume': hub }, key).session).rejects.toThrow('without credentials')
  })

  it('requests a token for the audience of the inputs, and aborts its calls with the run', async () => {
    sts.on(AssumeRoleWithWebIdentityCommand).resolves(sessionOf(hub))
    const asked: unknown[] = []
    const { session, run } = open({ 'role-to-assume': hub, audience: 'my-audience' }, token, {
      fetchIdToken: async (...args) => {
        asked.push(args)
        return 'a.b.c'
      },
    })
    await session
    expect(asked).toEqual([['my-audience', run.abort]])
    const args: readonly unknown[] = sts.calls()[0]?.args ?? []
    expect(args[1]).toEqual({ abortSignal: run.abort })
  })

  it('fails with the same message when a role is refused while it is walked again', async () => {
    sts.on(AssumeRoleCommand).resolvesOnce(sessionOf(hub)).rejects(refusal('AccessDenied'))
    const { credentials } = await open({ 'role-to-assume': hub }, key).session
    await credentials()
    await expect(credentials()).rejects.toThrow(`STS did not let these credentials assume ${hub}.`)
  })

  it.each([
    [
      { 'role-to-assume': hub },
      key,
      'AKIA-OF-THE-JOB',
      /^Credentials: the access key in the environment, then hub in 111111111111$/,
    ],
    [{}, key, 'AKIA-OF-THE-JOB', /^Credentials: the access key in the environment$/],
    [{ 'role-to-assume': hub }, token, undefined, /^Credentials: the job's OIDC token, then hub in 111111111111$/],
    [
      { 'role-to-assume': hub },
      {},
      'key-of-chain',
      /^Credentials: the AWS SDK's default chain \(the environment has no access key\), then hub in 111111111111$/,
    ],
    [{}, {}, 'key-of-chain', /^Credentials: the AWS SDK's default chain \(the environment has no access key\)$/],
  ])(
    'starts from the first credentials, and logs the chain in one line, with the reason for the default chain: %j',
    async (inputs, environment, keyId, words) => {
      sts.on(AssumeRoleWithWebIdentityCommand).resolves(sessionOf(hub))
      sts.on(AssumeRoleCommand).resolves(sessionOf(hub))
      sts.on(GetCallerIdentityCommand).resolves({ Arn: 'arn:aws:iam::111111111111:user/me' })
      const { session, run, used } = open(inputs, environment)
      await session
      expect(used).toEqual([keyId])
      expect(run.lines).toEqual([expect.stringMatching(words)])
    },
  )
})

describe('an access key id of 12 digits', () => {
  const accessKeyId = '222222222222'
  const emulated = { accessKeyId, secretAccessKey: 'secret-of-emulator', sessionToken: 'token-of-emulator' }
  const Credentials = { ...sessionOf(provisioner).Credentials, AccessKeyId: accessKeyId }
  beforeEach(() => {
    sts.on(GetCallerIdentityCommand).resolves({ Arn: 'arn:aws:iam::222222222222:root' })
    sts.on(AssumeRoleCommand).resolves(sessionOf(provisioner, { Credentials }))
    sts.on(AssumeRoleWithWebIdentityCommand).resolves(sessionOf(provisioner, { Credentials }))
  })

  it.each<[string, Record<string, string>, Record<string, string>]>([
    ['the environment', {}, { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: 'secret-of-emulator' }],
    ["the SDK's default chain", {}, {}],
    ['STS for a role', { 'role-to-assume': provisioner }, key],
    ['STS for a token', { 'role-to-assume': provisioner }, token],
  ])('is not masked where it comes from %s, because it is an account id', async (_, inputs, environment) => {
    const { session, masked, origins } = open(inputs, environment, {
      accessKey: () => (inputs['role-to-assume'] ? { ...emulated, accessKeyId: 'AKIA-OF-THE-JOB' } : emulated),
      defaultChain: async () => emulated,
    })
    await session
    expect(masked).not.toContain(accessKeyId)
    expect(masked.filter((secret) => /^(secret|token)-of-/.test(secret)).length).toBeGreaterThanOrEqual(2)
    for (const origin of origins) expect(origin).toMatch(/^[A-Z_]+$|^(the job's OIDC token|.* of .*)$/)
  })
})

it('does not mask an access key that is a short word, because GitHub would drop every output that contains it', async () => {
  sts.on(GetCallerIdentityCommand).resolves({ Arn: 'arn:aws:iam::222222222222:root' })
  const short = { accessKeyId: 'test', secretAccessKey: 'test' }
  const { session, masked } = open({}, {}, { defaultChain: async () => short })
  await session
  expect(masked).toEqual([])
})

it('masks each secret with a name that may be printed', async () => {
  sts.on(AssumeRoleCommand).resolves(sessionOf(provisioner))
  const named = async (inputs: Record<string, string>, environment: Record<string, string>) => {
    const { session, masked, origins } = open(inputs, environment)
    await session.catch(() => undefined)
    return masked.map((secret, index) => [secret.replace(/^header.*/, 'the token'), origins[index]])
  }
  expect(await named({ 'role-to-assume': provisioner }, key)).toEqual([
    ['AKIA-OF-THE-JOB', 'AWS_ACCESS_KEY_ID'],
    ['secret-of-the-job', 'AWS_SECRET_ACCESS_KEY'],
    ['key-of-provisioner', `access key id of the session of ${provisioner}`],
    ['secret-of-provisioner', `secret access key of the session of ${provisioner}`],
    ['token-of-provisioner', `session token of the session of ${provisioner}`],
  ])
  expect(await named({ 'role-to-assume': provisioner }, {})).toContainEqual([
    'token-of-chain',
    "session token of the AWS SDK's default chain",
  ])
  expect(await named({ 'role-to-assume': provisioner }, token)).toEqual([['the token', "the job's OIDC token"]])
})

describe('the account', () => {
  it('must be an allowed one', async () => {
    sts.on(GetCallerIdentityCommand).resolves({ Arn: 'arn:aws:iam::333333333333:user/me' })
    await expect(open({ 'allowed-account-ids': '333333333333' }, key).session).resolves.toBeDefined()
    await expect(open({ 'allowed-account-ids': '222222222222' }, key).session).rejects.toMatchObject({
      message: 'The credentials lead to account 333333333333, which is not among allowed-account-ids: 222222222222.',
    })
  })

  it('of the last role is read from the response to AssumeRole; that of a hub may be another one', async () => {
    sts.on(AssumeRoleCommand, { RoleArn: hub }).resolves(sessionOf(hub))
    sts.on(AssumeRoleCommand, { RoleArn: provisioner }).resolves(sessionOf(provisioner))
    const { session } = open({ 'role-to-assume': `${hub}\n${provisioner}`, 'allowed-account-ids': '222222222222' }, key)
    expect((await session).awsAccount).toEqual({ partition: 'aws', account: '222222222222' })
    expect([sts.calls().length, sts.commandCalls(GetCallerIdentityCommand).length]).toEqual([2, 0])
  })

  it('must be in the response of STS', async () => {
    sts.on(GetCallerIdentityCommand).resolves({})
    sts.on(AssumeRoleCommand).resolves(sessionOf(provisioner, { AssumedRoleUser: undefined }))
    await expect(open({}, key).session).rejects.toThrow('did not report which account')
    await expect(open({ 'role-to-assume': provisioner }, key).session).rejects.toThrow('did not report which account')
  })
})

describe('a refusal', () => {
  it('of the token makes one call, and shows the claims of the token and the likeliest cause', async () => {
    sts.on(AssumeRoleWithWebIdentityCommand).rejects(refusal('AccessDenied'))
    const { session } = open({ 'role-to-assume': hub }, token)
    const error = await session.catch((thrown: unknown) => thrown)
    if (!(error instanceof RemedyError)) throw new Error('It was not refused')
    expect(sts.calls()).toHaveLength(1)
    expect(error.message).toBe(`STS did not let this job assume ${hub}.`)
    expect(error.facts).toEqual([
      { name: 'role', value: hub },
      ...Object.entries(claims).map(([name, value]) => ({ name, value })),
    ])
    expect(error.remedy).toMatch(
      /^Check that the role exists in account 111111111111, and that it trusts the token's sub: the job must name the GitHub environment that the role trusts.*\. A change in IAM takes up to a minute to arrive\./,
    )
    expect(error.statements).toEqual([
      expect.stringContaining(`"token.actions.githubusercontent.com:sub":"${claims.sub}"`),
    ])
    expect(renderError(error)).not.toContain('signature')
  })

  it.each(['AccessDenied', 'ExpiredTokenException', 'InvalidIdentityToken', 'ValidationError'])(
    '%s of the token holds neither the token nor a part of it',
    async (name) => {
      sts.on(AssumeRoleWithWebIdentityCommand).rejects(refusal(name))
      const tokens: string[] = []
      const mask = (secret: string) => void tokens.push(secret)
      const { session, run } = open({ 'role-to-assume': hub }, token, { mask })
      const error = await session.catch((thrown: unknown) => thrown)
      const parts = tokens.flatMap((each) => each.split('.'))
      expect(parts).toEqual(['header', expect.stringMatching(/^ey/), 'signature-1'])
      const told = [renderError(error), JSON.stringify(error), ...run.lines].join('\n')
      expect(told).toContain(hub)
      for (const part of parts) expect(told).not.toContain(part)
    },
  )

  it('of a token of GitHub Enterprise Server names that provider', async () => {
    const own = { ...claims, iss: 'https://ghe.example.com/_services/token' }
    const claim = Buffer.from(JSON.stringify(own)).toString('base64url')
    const refused = (name: string) => {
      sts.on(AssumeRoleWithWebIdentityCommand).rejects(refusal(name))
      return open({ 'role-to-assume': hub }, token, { fetchIdToken: async () => `a.${claim}.c` }).session
    }
    await expect(refused('AccessDenied')).rejects.toMatchObject({
      statements: [expect.stringContaining('oidc-provider/ghe.example.com/_services/token"')],
    })
    await expect(refused('InvalidIdentityToken')).rejects.toMatchObject({
      remedy: expect.stringContaining('OIDC provider https://ghe.example.com/_services/token in'),
    })
  })

  it('of a token of a branch asks nobody to trust that branch, but for a role that only plans', async () => {
    sts.on(AssumeRoleWithWebIdentityCommand).rejects(refusal('AccessDenied'))
    const sub = 'repo:acme@1/app@2:pull_request'
    const claim = Buffer.from(JSON.stringify({ ...claims, sub })).toString('base64url')
    const refused = (command: string) =>
      open({ 'role-to-assume': hub, command }, token, { fetchIdToken: async () => `a.${claim}.c` }).session
    await expect(refused('apply')).rejects.toMatchObject({
      remedy: expect.stringMatching(/^Check that the role exists .* the job must name .*should trust no other sub\.$/),
      statements: [],
    })
    await expect(refused('plan')).rejects.toMatchObject({ statements: [expect.stringContaining(sub)] })
  })

  it('of a role asks for sts:TagSession only for the role with tags, and for sts:SetSourceIdentity for every role', async () => {
    sts.on(AssumeRoleCommand).rejects(refusal('AccessDenied'))
    const named = { 'role-source-identity': 'deploy', 'role-session-tags': 'a=b' }
    const statementOf = async (roles: string) => {
      const error = await open({ 'role-to-assume': roles, ...named }, key).session.catch((thrown: unknown) => thrown)
      return error instanceof RemedyError ? error.statements.map((each) => JSON.parse(each)) : error
    }
    expect(await statementOf(`${hub}\n${provisioner}`)).toEqual([
      { Effect: 'Allow', Action: ['sts:AssumeRole', 'sts:SetSourceIdentity'], Resource: hub },
    ])
    await expect(open({ 'role-to-assume': provisioner, ...named }, key).session).rejects.toMatchObject({
      remedy: expect.stringContaining('sts:SetSourceIdentity and sts:TagSession'),
    })
    expect(await statementOf(provisioner)).toEqual([
      { Effect: 'Allow', Action: ['sts:AssumeRole', 'sts:SetSourceIdentity', 'sts:TagSession'], Resource: provisioner },
    ])
  })

  it('of a token without a sub shows no condition', async () => {
    sts.on(AssumeRoleWithWebIdentityCommand).rejects(refusal('AccessDenied'))
    const claim = Buffer.from(JSON.stringify({ aud: 'x', sub: 1 })).toString('base64url')
    const { session } = open({ 'role-to-assume': hub }, token, { fetchIdToken: async () => `a.${claim}.c` })
    await expect(session).rejects.toMatchObject({
      message: `STS did not let this job assume ${hub}.`,
      facts: [
        { name: 'role', value: hub },
        { name: 'aud', value: 'x' },
      ],
      remedy: 'Correct what AWS reports below, then run again.',
    })
  })

  it.each(['no token', `a.${Buffer.from('1').toString('base64url')}.c`])(
    'of a token that cannot be decoded has a remedy: %s',
    async (unreadable) => {
      sts.on(AssumeRoleWithWebIdentityCommand).rejects(refusal('InvalidIdentityToken', 'not valid'))
      const { session } = open({ 'role-to-assume': hub }, token, { fetchIdToken: async () => unreadable })
      await expect(session).rejects.toMatchObject({ remedy: expect.stringContaining('OIDC provider') })
    },
  )

  it('of a role names the caller’s policy, the trust policy and the external id', async () => {
    sts.on(AssumeRoleCommand).rejects(refusal('AccessDenied', 'User: x is not authorized'))
    await expect(open({ 'role-to-assume': provisioner }, key).session).rejects.toMatchObject({
      message: `STS did not let these credentials assume ${provisioner}.`,
      remedy: expect.stringMatching(
        /^Check that the role exists in account 222222222222\. If the trust policy .*give role-external-id\. Name the role .*allow sts:AssumeRole on it in the caller's policy\. A change in IAM takes up to a minute to arrive\./,
      ),
    })
    await expect(open({ 'role-to-assume': provisioner, 'role-external-id': 'id' }, key).session).rejects.toMatchObject({
      remedy: expect.stringContaining('the same external id'),
    })
    expect(sts.calls()).toHaveLength(2)
  })

  it.each([
    ['ExpiredToken', 'clock'],
    ['RegionDisabledException', 'opt-in region'],
    ['InvalidClientTokenId', 'key is active'],
    ['ValidationError', '3600'],
    ['PackedPolicyTooLarge', 'role-session-tags'],
    ['MalformedInput', 'what AWS reports'],
  ])('named %s has its own remedy', async (name, words) => {
    sts.on(AssumeRoleCommand).rejects(refusal(name))
    await expect(open({ 'role-to-assume': provisioner }, key).session).rejects.toMatchObject({
      remedy: expect.stringContaining(words),
    })
    sts.on(GetCallerIdentityCommand).rejects(refusal(name))
    await expect(open({}, key).session).rejects.toMatchObject({ remedy: expect.stringContaining(words) })
  })

  it('is final, but a failure that passes is repeated with a new token', async () => {
    sts
      .on(AssumeRoleWithWebIdentityCommand)
      .rejectsOnce(refusal('IDPCommunicationErrorException'))
      .resolves(sessionOf(hub))
    const { session, tokens } = open({ 'role-to-assume': hub }, token)
    await session
    expect(tokens()).toBe(2)
    const sent = sts.commandCalls(AssumeRoleWithWebIdentityCommand).map(({ args }) => args[0].input.WebIdentityToken)
    expect(sent).toEqual([expect.stringContaining('signature-1'), expect.stringContaining('signature-2')])
  })

  it('is not reported for a failure that passes: the call is repeated', async () => {
    const failure = refusal('ThrottlingException')
    sts.on(AssumeRoleCommand).rejectsOnce(failure).resolves(sessionOf(hub))
    await open({ 'role-to-assume': hub }, key).session
    sts.on(GetCallerIdentityCommand).rejectsOnce(failure).resolves({ Arn: 'arn:aws:iam::333333333333:user/me' })
    await open({}, key).session
    expect(sts.calls()).toHaveLength(4)
  })

  it('of a second token by GitHub is not reported as a refusal of the first token', async () => {
    sts.on(AssumeRoleWithWebIdentityCommand).rejects(refusal('IDPCommunicationErrorException'))
    let asked = 0
    const { session } = open({ 'role-to-assume': hub }, token, {
      fetchIdToken: async () => {
        if (++asked === 1) return 'a.b.c'
        throw refusal('IdTokenError', 'status 403')
      },
    })
    await expect(session).rejects.toThrow('GitHub did not give this job an OIDC token.')
  })

  it('of a token by GitHub is not reported as a refusal by STS', async () => {
    const fetchIdToken = () => Promise.reject(refusal('IdTokenError', 'status 403'))
    await expect(open({ 'role-to-assume': hub }, token, { fetchIdToken }).session).rejects.toMatchObject({
      message: 'GitHub did not give this job an OIDC token.',
      remedy: expect.stringContaining('id-token: write'),
    })
    expect(sts.calls()).toEqual([])
  })
})

describe('an error without an answer of STS', () => {
  it.each([
    new UnreachableError('sts.example cannot be resolved.', 'Check aws-region.', 'ENOTFOUND', 'x'),
    new StoppedError('The run was cancelled.', 'Run it again.'),
  ])('is thrown unchanged where its remedy is known: %s', async (known) => {
    sts.on(AssumeRoleCommand).rejects(known)
    sts.on(AssumeRoleWithWebIdentityCommand).rejects(known)
    sts.on(GetCallerIdentityCommand).rejects(known)
    const reject = () => Promise.reject(known)
    await expect(open({ 'role-to-assume': provisioner }, key).session).rejects.toBe(known)
    await expect(open({ 'role-to-assume': hub }, token).session).rejects.toBe(known)
    await expect(open({}, key).session).rejects.toBe(known)
    await expect(open({ 'role-to-assume': hub }, token, { fetchIdToken: reject }).session).rejects.toBe(known)
    await expect(open({}, {}, { defaultChain: reject }).session).rejects.toBe(known)
  })

  const unsent = 'The AWS SDK sent no request. Correct the setting that it names below, then run again.'
  it.each<[string, Error, string]>([
    [
      'AWS or the network on the way to it failed. Run again.',
      Object.assign(refusal('Unknown', 'Unknown'), { $metadata: { httpStatusCode: 503 } }),
      'Unknown: a response with status 503 that is not in the format of AWS',
    ],
    [
      'Another server answered instead of STS. Check AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_STS, and any proxy or firewall on the way.',
      Object.assign(refusal('SyntaxError', 'Unexpected token <'), { $metadata: { httpStatusCode: 200 } }),
      'SyntaxError: Unexpected token <',
    ],
    [unsent, new Error('expect legacy, got fast'), 'Error: expect legacy, got fast'],
    [unsent, refusal('EndpointError', 'Invalid Configuration'), 'EndpointError: Invalid Configuration'],
    [unsent, Object.assign(new TypeError('Invalid URL'), { code: 'ERR_INVALID_URL' }), 'TypeError: Invalid URL'],
  ])('is not reported as a refusal: %s', async (remedy, failure, cause) => {
    sts.on(AssumeRoleCommand).rejects(failure)
    sts.on(AssumeRoleWithWebIdentityCommand).rejects(failure)
    sts.on(GetCallerIdentityCommand).rejects(failure)
    const told = async (...given: Parameters<typeof open>) => renderError(await open(...given).session.catch((e) => e))
    const unasked = (request: string) => `STS could not be asked to ${request}.\nTo fix: ${remedy}\nCaused by: ${cause}`
    expect(await told({ 'role-to-assume': provisioner }, key)).toBe(unasked(`assume ${provisioner}`))
    expect(await told({ 'role-to-assume': hub }, token)).toBe(unasked(`assume ${hub}`))
    expect(await told({}, key)).toBe(unasked('identify the credentials'))
  })

  it.each(
    [
      Object.assign(refusal('IdTokenError', 'status 503'), { status: 503 }),
      Object.assign(refusal('Error', 'socket hang up'), { code: 'ECONNRESET' }),
      refusal('TimeoutError', 'no answer'),
    ].map((failure) => [failure.message, failure] as const),
  )('names no missing permission where GitHub failed: %s', async (_, failure) => {
    const fetchIdToken = () => Promise.reject(failure)
    await expect(open({ 'role-to-assume': hub }, token, { fetchIdToken }).session).rejects.toMatchObject({
      message: 'GitHub did not give this job an OIDC token.',
      remedy: expect.not.stringContaining('id-token'),
    })
  })
})

describe('a denial whose policy AWS names', () => {
  const organization = 'Ask the administrators of the AWS organization'
  it.each([
    ['with an explicit deny in an identity-based policy', 'kind "identity-based policy" denies the call'],
    ['with an explicit deny in a resource-based policy', 'trust policy of a role'],
    ['with an explicit deny in the role trust policy', 'Change the trust policy of the role'],
    ['with an explicit deny in a service control policy: arn:aws:organizations::1:policy/o-1/p-1', organization],
    ['with an explicit deny in a resource control policy', organization],
    ['because no service control policy allows the sts:AssumeRole action', organization],
    ['with an explicit deny in a permissions boundary', "permissions boundary of the caller's role"],
    ['because no permissions boundary allows the sts:AssumeRole action', 'permissions boundary of the'],
    ['with an explicit deny', 'A Deny statement in a policy denies the call'],
    ['with an explicit deny in a sessions policy', 'inline-session-policy'],
    ['because no session policy allows the sts:AssumeRole action', 'inline-session-policy'],
    ['because no VPC endpoint policy allows the sts:AssumeRole action', 'of the VPC endpoint'],
  ])(
    'is explained by that policy, and offers no Allow statement, which would not help: %s',
    async (words, explained) => {
      const denied = refusal(
        'AccessDenied',
        `User: x is not authorized to perform: sts:AssumeRole on resource: y ${words}`,
      )
      sts.on(AssumeRoleCommand).rejects(denied)
      sts.on(AssumeRoleWithWebIdentityCommand).rejects(denied)
      for (const by of [key, token]) {
        await expect(open({ 'role-to-assume': hub }, by).session).rejects.toMatchObject({
          message: expect.stringMatching(/^STS did not let /),
          remedy: expect.stringMatching(
            new RegExp(`${explained}.* A change in IAM takes up to a minute to arrive\\.$`),
          ),
          statements: [],
        })
      }
    },
  )

  it('shows the Allow statement where only that is missing', async () => {
    sts.on(AssumeRoleCommand).rejects(refusal('AccessDenied', 'because no identity-based policy allows the action'))
    await expect(open({ 'role-to-assume': provisioner }, key).session).rejects.toMatchObject({
      statements: [JSON.stringify({ Effect: 'Allow', Action: ['sts:AssumeRole'], Resource: provisioner })],
    })
  })

  it('asks for the external id where the trust policy does not allow the call', async () => {
    const words = 'because no resource-based policy allows the sts:AssumeRole action'
    sts.on(AssumeRoleCommand).rejects(refusal('AccessDenied', words))
    await expect(open({ 'role-to-assume': provisioner }, key).session).rejects.toMatchObject({
      remedy: expect.stringMatching(/trust policy of a role\. If the trust policy asks for an external id, give/),
      statements: [],
    })
  })
})
