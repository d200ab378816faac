/** Parameters of sessions: tags, source identity and session policy. */
import { readSessionParameters, readWebIdentityParameters } from '../../sandbox/session-parameters.ts'
import { type Harness, hub, refusal, startHarness, target, userKey } from './harness.ts'

const read = (input: Record<string, string>, inherited?: Parameters<typeof readSessionParameters>[1]) =>
  readSessionParameters(new URLSearchParams(input), inherited)
const tag = (place: number, key: string, value = 'x') => ({
  [`Tags.member.${place}.Key`]: key,
  [`Tags.member.${place}.Value`]: value,
})

it('reads tags, source identity and policy; AssumeRoleWithWebIdentity takes only a policy', () => {
  expect(read({ ...tag(1, 'team', 'core'), ...tag(2, 'run', ''), SourceIdentity: 'acme', Policy: '{}' })).toEqual({
    tags: new Map([
      ['team', 'core'],
      ['run', ''],
    ]),
    sourceIdentity: 'acme',
    policy: '{}',
  })
  expect(readWebIdentityParameters(new URLSearchParams({ ...tag(1, 'team'), Policy: '{}' }))).toEqual({
    tags: new Map(),
    policy: '{}',
  })
})

it('inherits the source identity, and not the tags, of the calling session', () => {
  expect(read({}, { tags: new Map([['team', 'core']]), sourceIdentity: 'acme' })).toEqual({
    tags: new Map(),
    sourceIdentity: 'acme',
  })
})

it.each<[string, Record<string, string>, string]>([
  ['a source identity of one character', { SourceIdentity: 'a' }, 'ValidationError'],
  ['a tag without a key', tag(1, ''), 'ValidationError'],
  ['a tag key that is too long', tag(1, 'k'.repeat(129)), 'ValidationError'],
  ['a tag value that is too long', tag(1, 'key', 'v'.repeat(257)), 'ValidationError'],
  ['tag keys that differ only in case', { ...tag(1, 'Team'), ...tag(2, 'team') }, 'InvalidParameterValue'],
  [
    '51 tags',
    Object.assign({}, ...Array.from({ length: 51 }, (_, place) => tag(place + 1, `k${place}`))),
    'ValidationError',
  ],
  ['a policy that is not JSON', { Policy: 'Allow' }, 'MalformedPolicyDocument'],
])('rejects %s', (_, input, name) => {
  expect(() => read(input)).toThrow(expect.objectContaining({ name }))
})

it('returns the source identity, also for the next role of the chain', async () => {
  const first = `arn:aws:iam::${hub}:role/first`
  const second = `arn:aws:iam::${target}:role/second`
  const harness: Harness = await startHarness({
    roles: [
      { arn: first, principals: [userKey(hub).principal] },
      { arn: second, principals: [first] },
    ],
  })
  const session = { RoleSessionName: 'a-job' }
  const firstSession = await harness.sts().assumeRole({ ...session, RoleArn: first, SourceIdentity: 'acme' })
  const { AccessKeyId = '', SecretAccessKey = '', SessionToken = '' } = firstSession.Credentials ?? {}
  const key = { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken }
  const secondSession = await harness.sts(key).assumeRole({ ...session, RoleArn: second })
  expect([firstSession.SourceIdentity, secondSession.SourceIdentity]).toEqual(['acme', 'acme'])
  expect((await harness.sts(key).getCallerIdentity()).UserId).toBe('AROASANDBOX:a-job')
  expect(await refusal(harness.sts().assumeRole({ ...session, RoleArn: second }))).toMatch(/^AccessDenied/)
  await harness.close()
})
