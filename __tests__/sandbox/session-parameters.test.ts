/** What a session is given: read and kept as STS does, or refused. */
import { readSessionParameters, readWebIdentityParameters } from '../../sandbox/session-parameters.ts'
import { hub, refusal, startWorld, target, userKey, type World } from './world.ts'

const read = (input: Record<string, string>, inherited?: Parameters<typeof readSessionParameters>[1]) =>
  readSessionParameters(new URLSearchParams(input), inherited)
const tag = (place: number, key: string, value = 'x') => ({
  [`Tags.member.${place}.Key`]: key,
  [`Tags.member.${place}.Value`]: value,
})

it('keeps tags, a source identity and a policy', () => {
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

it('keeps the source identity of a session for the rest of its chain', () => {
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
  ['a policy that is no JSON', { Policy: 'Allow' }, 'MalformedPolicyDocument'],
  ['a policy that is too long', { Policy: `{${' '.repeat(2047)}}` }, 'ValidationError'],
])('refuses %s', (_, input, name) => {
  expect(() => read(input)).toThrow(expect.objectContaining({ name }))
})

it('answers with the source identity, and passes it down the chain', async () => {
  const first = `arn:aws:iam::${hub}:role/first`
  const second = `arn:aws:iam::${target}:role/second`
  const world: World = await startWorld({
    roles: [
      { arn: first, principals: [userKey(hub).principal] },
      { arn: second, principals: [first] },
    ],
  })
  const session = { RoleSessionName: 'a-job' }
  const hop = await world.sts().assumeRole({ ...session, RoleArn: first, SourceIdentity: 'acme' })
  const { AccessKeyId = '', SecretAccessKey = '', SessionToken = '' } = hop.Credentials ?? {}
  const key = { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken }
  const next = await world.sts(key).assumeRole({ ...session, RoleArn: second })
  expect([hop.SourceIdentity, next.SourceIdentity]).toEqual(['acme', 'acme'])
  expect((await world.sts(key).getCallerIdentity()).UserId).toBe('AROASANDBOX:a-job')
  expect(await refusal(world.sts().assumeRole({ ...session, RoleArn: second }))).toMatch(/^AccessDenied/)
  await world.close()
})
