/** STS as the sandbox has it: trust, role chaining, OIDC tokens, and sessions that end. */
import { hub, type Key, refusal, refusalName, startWorld, target, userKey, type World } from './world.ts'

const subject = 'repo:acme@1/app@2:environment:dev'
const hubRole = `arn:aws:iam::${hub}:role/ci/github-hub`
const provisioner = `arn:aws:iam::${target}:role/provisioner`
const openRole = `arn:aws:iam::${target}:role/open`

let world: World

beforeAll(async () => {
  world = await startWorld({
    oidcClaims: { sub: subject, repository: 'acme/app' },
    roles: [
      { arn: hubRole, webIdentity: { audience: 'sts.amazonaws.com', subject }, maxSessionSeconds: 7200 },
      { arn: provisioner, principals: [hubRole, userKey(hub).principal], externalId: 'tenant-tables' },
      { arn: openRole, principals: [`arn:aws:iam::${hub}:root`], maxSessionSeconds: 43_200 },
    ],
  })
})
afterAll(() => world.close())

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
  return await world.sts().assumeRoleWithWebIdentity({ ...session, RoleArn: hubRole, WebIdentityToken, ...changes })
}

describe('a role', () => {
  it('is assumed by whom it trusts, with the external id it asks for', async () => {
    const answer = await world.sts().assumeRole(provisioning)

    expect(answer.AssumedRoleUser?.Arn).toBe(`arn:aws:sts::${target}:assumed-role/provisioner/a-job`)
    expect(answer.Credentials?.Expiration?.getTime()).toBe(world.now() + 3_600_000)
    const { Account, Arn } = await world.sts(keyOf(answer)).getCallerIdentity({})
    expect({ Account, Arn }).toEqual({ Account: target, Arn: answer.AssumedRoleUser?.Arn })
  })

  it.each([
    ['another external id', { ...provisioning, ExternalId: 'another' }, hub],
    ['no external id', { ...session, RoleArn: provisioner }, hub],
    ['a caller it does not trust', provisioning, target],
    ['a caller of another account than the one it trusts', { ...session, RoleArn: openRole }, target],
    ['a role that does not exist', { ...provisioning, RoleArn: `${provisioner}s` }, hub],
  ])('is refused, with both names and no reason: %s', async (_, input, account) => {
    expect(await refusal(world.sts(userKey(account)).assumeRole(input))).toBe(
      `AccessDenied: User: ${userKey(account).principal} is not authorized to perform: sts:AssumeRole on resource: ${input.RoleArn}`,
    )
  })

  it('may trust a whole account', async () => {
    const answer = await world.sts().assumeRole({ ...session, RoleArn: openRole })
    expect(answer.AssumedRoleUser?.Arn).toBe(`arn:aws:sts::${target}:assumed-role/open/a-job`)
  })

  it('may trust the sessions of a role with a path', async () => {
    const first = await withToken(await world.oidcToken())
    const answer = await world.sts(keyOf(first)).assumeRole(provisioning)
    expect(answer.AssumedRoleUser?.Arn).toBe(`arn:aws:sts::${target}:assumed-role/provisioner/a-job`)
  })

  it.each([
    ['a session of less than 15 minutes', { DurationSeconds: 899 }, "Value '899' at 'durationSeconds'"],
    ['a session longer than the role allows', { DurationSeconds: 3601 }, 'exceeds the MaxSessionDuration'],
    ['a session name of one character', { RoleSessionName: 'a' }, "Value 'a' at 'roleSessionName'"],
    ['a session name with a slash', { RoleSessionName: 'a/b' }, "Value 'a/b' at 'roleSessionName'"],
    ['a source identity with a space', { SourceIdentity: 'a b' }, "Value 'a b' at 'sourceIdentity'"],
    ['a session policy of 2,049 characters', { Policy: '-'.repeat(2049) }, "at 'policy'"],
  ])('refuses %s', async (_, changes, message) => {
    const said = await refusal(world.sts().assumeRole({ ...provisioning, ...changes }))
    expect(said).toMatch(/^ValidationError: /)
    expect(said).toContain(message)
  })

  it('takes a session policy of 2,048 characters', async () => {
    expect(await world.sts().assumeRole({ ...provisioning, Policy: `{${' '.repeat(2046)}}` })).toHaveProperty(
      'Credentials',
    )
  })
})

describe('role chaining', () => {
  const long = { ...session, RoleArn: openRole, DurationSeconds: 3601 }

  it('caps a session at an hour, whatever the role allows', async () => {
    const first = keyOf(await withToken(await world.oidcToken()))

    expect(await refusal(world.sts(first).assumeRole(long))).toBe(
      'ValidationError: The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining',
    )
    expect(await world.sts(first).assumeRole({ ...long, DurationSeconds: 3600 })).toHaveProperty('Credentials')
  })

  it('does not begin with a user or with a token', async () => {
    expect(await world.sts().assumeRole(long)).toHaveProperty('Credentials')
    expect(await withToken(await world.oidcToken(), { DurationSeconds: 7200 })).toHaveProperty('Credentials')
  })
})

describe('an OIDC token', () => {
  it('opens the role that trusts its audience and subject', async () => {
    const answer = await withToken(await world.oidcToken())

    expect(answer).toMatchObject({
      SubjectFromWebIdentityToken: subject,
      Provider: 'https://token.actions.githubusercontent.com',
      Audience: 'sts.amazonaws.com',
      AssumedRoleUser: { Arn: `arn:aws:sts::${hub}:assumed-role/github-hub/a-job` },
    })
  })

  it('is given only to who shows the request token', async () => {
    const url = `${world.sandbox.environment.ACTIONS_ID_TOKEN_REQUEST_URL}&audience=sts.amazonaws.com`
    const response = await fetch(url, { headers: { authorization: 'Bearer another' } })
    expect([response.status, await response.json()]).toEqual([401, { message: 'Unauthorized' }])
  })

  it('of another audience is refused', async () => {
    expect(await refusal(withToken(await world.oidcToken('another')))).toBe(
      'AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity',
    )
  })

  it('of another subject is refused', async () => {
    const other = await startWorld({
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

  it('does not open a role that trusts only principals', async () => {
    expect(await refusalName(withToken(await world.oidcToken(), { RoleArn: provisioner }))).toBe('AccessDenied')
  })

  it('lives five minutes', async () => {
    const token = await world.oidcToken()
    world.pass(299)
    expect(await withToken(token)).toHaveProperty('Credentials')
    world.pass(1)
    expect(await refusalName(withToken(token))).toBe('ExpiredTokenException')
  })

  it('with other claims than were signed is no token', async () => {
    const [header, payload = '', signature] = (await world.oidcToken()).split('.')
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString())
    const forged = Buffer.from(JSON.stringify({ ...claims, exp: claims.exp + 600 })).toString('base64url')

    expect(await refusalName(withToken(`${header}.${forged}.${signature}`))).toBe('InvalidIdentityTokenException')
    expect(await refusalName(withToken('not a token'))).toBe('InvalidIdentityTokenException')
  })
})

describe('a session', () => {
  it('ends with its time: ExpiredToken for STS, ExpiredTokenException for DynamoDB', async () => {
    const key = keyOf(await world.sts().assumeRole({ ...provisioning, DurationSeconds: 900 }))
    world.pass(899)
    expect(await world.dynamoDb(key).listTables()).toMatchObject({ TableNames: [] })
    world.pass(1)

    const said = 'The security token included in the request is expired'
    expect(await refusal(world.sts(key).getCallerIdentity({}))).toBe(`ExpiredToken: ${said}`)
    expect(await refusal(world.dynamoDb(key).listTables())).toBe(`ExpiredTokenException: ${said}`)
  })

  it('can be ended early, while keys of users live on', async () => {
    const key = keyOf(await world.sts().assumeRole(provisioning))
    world.sandbox.expireSessions()

    expect(await refusalName(world.dynamoDb(key).listTables())).toBe('ExpiredTokenException')
    expect(await world.sts().getCallerIdentity({})).toMatchObject({ Account: hub })
  })

  it('is known only by its own session token', async () => {
    const key = keyOf(await world.sts().assumeRole(provisioning))
    const said = 'The security token included in the request is invalid.'
    const { sessionToken: _, ...without } = key
    for (const wrong of [{ ...key, sessionToken: 'another' }, without, { ...key, accessKeyId: 'ASIAUNKNOWN' }]) {
      expect(await refusal(world.sts(wrong).getCallerIdentity({}))).toBe(`InvalidClientTokenId: ${said}`)
      expect(await refusal(world.dynamoDb(wrong).listTables())).toBe(`UnrecognizedClientException: ${said}`)
    }
  })

  it('may be one that the job began with, and ends when that does', async () => {
    const key = {
      accessKeyId: 'ASIAAMBIENT',
      secretAccessKey: 'ambient',
      sessionToken: 'ambient-token',
      principal: `arn:aws:sts::${hub}:assumed-role/runner/i-1`,
    }
    const other = await startWorld({
      accessKeys: [{ ...key, expiresAt: world.now() }],
      roles: [{ arn: openRole, principals: [key.principal] }],
    })
    const { principal: _, ...credentials } = key
    const answer = await other.sts(credentials).assumeRole({ ...session, RoleArn: openRole })
    other.pass((world.now() - other.now()) / 1000)
    const name = await refusalName(other.sts(credentials).getCallerIdentity({}))
    await other.close()

    expect([answer.AssumedRoleUser?.Arn, name]).toEqual([
      `arn:aws:sts::${target}:assumed-role/open/a-job`,
      'ExpiredToken',
    ])
  })

  it('is a secret of the sandbox, with all three of its parts and the tokens that led to it', async () => {
    const token = await world.oidcToken()
    const key = keyOf(await withToken(token))
    expect(world.sandbox.secrets).toEqual(expect.arrayContaining([token, ...Object.values(key)]))
  })
})

it('refuses an STS operation that it does not have', async () => {
  expect(await refusal(world.sts().getSessionToken({}))).toBe('InvalidAction: The sandbox has no GetSessionToken')
})
