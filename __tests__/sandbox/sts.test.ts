/** STS: trust, role chaining, OIDC tokens, and expiry of sessions. */
import { type Harness, hub, type Key, refusal, refusalName, startHarness, target, userKey } from './harness.ts'

const subject = 'repo:acme@1/app@2:environment:dev'
const hubRole = `arn:aws:iam::${hub}:role/ci/github-hub`
const provisioner = `arn:aws:iam::${target}:role/provisioner`
const openRole = `arn:aws:iam::${target}:role/open`

let harness: Harness

beforeAll(async () => {
  harness = await startHarness({
    oidcClaims: { sub: subject, repository: 'acme/app' },
    roles: [
      { arn: hubRole, webIdentity: { audience: 'sts.amazonaws.com', subject }, maxSessionSeconds: 7200 },
      { arn: provisioner, principals: [hubRole, userKey(hub).principal], externalId: 'tenant-tables' },
      { arn: openRole, principals: [`arn:aws:iam::${hub}:root`], maxSessionSeconds: 43_200 },
    ],
  })
})
afterAll(() => harness.close())

const session = { RoleSessionName: 'a-job' }
const provisioning = { ...session, RoleArn: provisioner, ExternalId: 'tenant-tables' }

type Credentials = {
  AccessKeyId?: string | undefined
  SecretAccessKey?: string | undefined
  SessionToken?: string | undefined
}

function keyOf(answer: { Credentials?: Credentials | undefined }): Key {
  const { AccessKeyId = '', SecretAccessKey = '', SessionToken = '' } = answer.Credentials ?? {}
  return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken }
}

async function withToken(WebIdentityToken: string, changes: { RoleArn?: string; DurationSeconds?: number } = {}) {
  return await harness.sts().assumeRoleWithWebIdentity({ ...session, RoleArn: hubRole, WebIdentityToken, ...changes })
}

describe('a role', () => {
  it('is assumed by a trusted caller with the required external id', async () => {
    const answer = await harness.sts().assumeRole(provisioning)

    expect(answer.AssumedRoleUser?.Arn).toBe(`arn:aws:sts::${target}:assumed-role/provisioner/a-job`)
    expect(answer.Credentials?.Expiration?.getTime()).toBe(harness.now() + 3_600_000)
    const { Account, Arn } = await harness.sts(keyOf(answer)).getCallerIdentity({})
    expect({ Account, Arn }).toEqual({ Account: target, Arn: answer.AssumedRoleUser?.Arn })
  })

  it.each([
    ['another external id', { ...provisioning, ExternalId: 'another' }, hub],
    ['no external id', { ...session, RoleArn: provisioner }, hub],
    ['an untrusted caller', provisioning, target],
    ['a caller of an untrusted account', { ...session, RoleArn: openRole }, target],
    ['a missing role', { ...provisioning, RoleArn: `${provisioner}s` }, hub],
  ])('is AccessDenied, without the reason, for %s', async (_, input, account) => {
    expect(await refusal(harness.sts(userKey(account)).assumeRole(input))).toBe(
      `AccessDenied: User: ${userKey(account).principal} is not authorized to perform: sts:AssumeRole on resource: ${input.RoleArn}`,
    )
  })

  it('can trust an account', async () => {
    const answer = await harness.sts().assumeRole({ ...session, RoleArn: openRole })
    expect(answer.AssumedRoleUser?.Arn).toBe(`arn:aws:sts::${target}:assumed-role/open/a-job`)
  })

  it('can trust the sessions of a role with a path', async () => {
    const first = await withToken(await harness.oidcToken())
    const answer = await harness.sts(keyOf(first)).assumeRole(provisioning)
    expect(answer.AssumedRoleUser?.Arn).toBe(`arn:aws:sts::${target}:assumed-role/provisioner/a-job`)
  })

  it.each([
    ['a duration below 15 minutes', { DurationSeconds: 899 }, "Value '899' at 'durationSeconds'"],
    ['a duration above the maximum of the role', { DurationSeconds: 3601 }, 'exceeds the MaxSessionDuration'],
    ['a session name of one character', { RoleSessionName: 'a' }, "Value 'a' at 'roleSessionName'"],
    ['a session name with a slash', { RoleSessionName: 'a/b' }, "Value 'a/b' at 'roleSessionName'"],
    ['a source identity with a space', { SourceIdentity: 'a b' }, "Value 'a b' at 'sourceIdentity'"],
    ['a session policy of 2,049 characters', { Policy: '-'.repeat(2049) }, "at 'policy'"],
  ])('rejects %s', async (_, changes, message) => {
    const error = await refusal(harness.sts().assumeRole({ ...provisioning, ...changes }))
    expect(error).toMatch(/^ValidationError: /)
    expect(error).toContain(message)
  })

  it('accepts a session policy of 2,048 characters', async () => {
    expect(await harness.sts().assumeRole({ ...provisioning, Policy: `{${' '.repeat(2046)}}` })).toHaveProperty(
      'Credentials',
    )
  })
})

describe('role chaining', () => {
  const long = { ...session, RoleArn: openRole, DurationSeconds: 3601 }

  it('limits a session to one hour, also if the role allows more', async () => {
    const first = keyOf(await withToken(await harness.oidcToken()))

    expect(await refusal(harness.sts(first).assumeRole(long))).toBe(
      'ValidationError: The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining',
    )
    expect(await harness.sts(first).assumeRole({ ...long, DurationSeconds: 3600 })).toHaveProperty('Credentials')
  })

  it('is not a call with the key of a user or with an OIDC token', async () => {
    expect(await harness.sts().assumeRole(long)).toHaveProperty('Credentials')
    expect(await withToken(await harness.oidcToken(), { DurationSeconds: 7200 })).toHaveProperty('Credentials')
  })
})

describe('an OIDC token', () => {
  it('assumes a role that trusts its audience and subject', async () => {
    const answer = await withToken(await harness.oidcToken())

    expect(answer).toMatchObject({
      SubjectFromWebIdentityToken: subject,
      Provider: 'https://token.actions.githubusercontent.com',
      Audience: 'sts.amazonaws.com',
      AssumedRoleUser: { Arn: `arn:aws:sts::${hub}:assumed-role/github-hub/a-job` },
    })
  })

  it('is issued only for the request token of the job', async () => {
    const url = `${harness.sandbox.environment.ACTIONS_ID_TOKEN_REQUEST_URL}&audience=sts.amazonaws.com`
    const response = await fetch(url, { headers: { authorization: 'Bearer another' } })
    expect([response.status, await response.json()]).toEqual([401, { message: 'Unauthorized' }])
  })

  it('of another audience is AccessDenied', async () => {
    expect(await refusal(withToken(await harness.oidcToken('another')))).toBe(
      'AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity',
    )
  })

  it('of another subject is AccessDenied', async () => {
    const other = await startHarness({
      oidcClaims: { sub: `${subject}-2` },
      roles: [{ arn: hubRole, webIdentity: { audience: 'sts.amazonaws.com', subject } }],
    })
    const WebIdentityToken = await other.oidcToken()
    const name = await refusalName(
      other.sts().assumeRoleWithWebIdentity({ ...session, RoleArn: hubRole, WebIdentityToken }),
    )
    await other.close()
    expect(name).toBe('AccessDenied')
  })

  it('does not assume a role that trusts only principals', async () => {
    expect(await refusalName(withToken(await harness.oidcToken(), { RoleArn: provisioner }))).toBe('AccessDenied')
  })

  it('expires after five minutes', async () => {
    const token = await harness.oidcToken()
    harness.advance(299)
    expect(await withToken(token)).toHaveProperty('Credentials')
    harness.advance(1)
    expect(await refusalName(withToken(token))).toBe('ExpiredTokenException')
  })

  it('with changed claims is invalid', async () => {
    const [header, payload = '', signature] = (await harness.oidcToken()).split('.')
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString())
    const forged = Buffer.from(JSON.stringify({ ...claims, exp: claims.exp + 600 })).toString('base64url')

    expect(await refusalName(withToken(`${header}.${forged}.${signature}`))).toBe('InvalidIdentityTokenException')
    expect(await refusalName(withToken('not a token'))).toBe('InvalidIdentityTokenException')
  })
})

describe('a session', () => {
  it('expires: ExpiredToken for STS, ExpiredTokenException for DynamoDB', async () => {
    const key = keyOf(await harness.sts().assumeRole({ ...provisioning, DurationSeconds: 900 }))
    harness.advance(899)
    expect(await harness.dynamoDb(key).listTables()).toMatchObject({ TableNames: [] })
    harness.advance(1)

    const message = 'The security token included in the request is expired'
    expect(await refusal(harness.sts(key).getCallerIdentity({}))).toBe(`ExpiredToken: ${message}`)
    expect(await refusal(harness.dynamoDb(key).listTables())).toBe(`ExpiredTokenException: ${message}`)
  })

  it('can be expired by a test, without an effect on keys of users', async () => {
    const key = keyOf(await harness.sts().assumeRole(provisioning))
    harness.sandbox.expireSessions()

    expect(await refusalName(harness.dynamoDb(key).listTables())).toBe('ExpiredTokenException')
    expect(await harness.sts().getCallerIdentity({})).toMatchObject({ Account: hub })
  })

  it('is accepted only with its own session token', async () => {
    const key = keyOf(await harness.sts().assumeRole(provisioning))
    const message = 'The security token included in the request is invalid.'
    const { sessionToken: _, ...without } = key
    for (const wrong of [{ ...key, sessionToken: 'another' }, without, { ...key, accessKeyId: 'ASIAUNKNOWN' }]) {
      expect(await refusal(harness.sts(wrong).getCallerIdentity({}))).toBe(`InvalidClientTokenId: ${message}`)
      expect(await refusal(harness.dynamoDb(wrong).listTables())).toBe(`UnrecognizedClientException: ${message}`)
    }
  })

  it('can be the one in which a job starts, and expires like others', async () => {
    const key = {
      accessKeyId: 'ASIAAMBIENT',
      secretAccessKey: 'ambient',
      sessionToken: 'ambient-token',
      principal: `arn:aws:sts::${hub}:assumed-role/runner/i-1`,
    }
    const other = await startHarness({
      accessKeys: [{ ...key, expiresAt: harness.now() }],
      roles: [{ arn: openRole, principals: [key.principal] }],
    })
    const { principal: _, ...credentials } = key
    const answer = await other.sts(credentials).assumeRole({ ...session, RoleArn: openRole })
    other.advance((harness.now() - other.now()) / 1000)
    const name = await refusalName(other.sts(credentials).getCallerIdentity({}))
    await other.close()

    expect([answer.AssumedRoleUser?.Arn, name]).toEqual([
      `arn:aws:sts::${target}:assumed-role/open/a-job`,
      'ExpiredToken',
    ])
  })

  it('and its OIDC token are secrets of the sandbox', async () => {
    const token = await harness.oidcToken()
    const key = keyOf(await withToken(token))
    expect(harness.sandbox.secrets).toEqual(expect.arrayContaining([token, ...Object.values(key)]))
  })
})

it('rejects an unsupported STS operation', async () => {
  expect(await refusal(harness.sts().getSessionToken({}))).toBe(
    'InvalidAction: The sandbox does not support GetSessionToken',
  )
})
