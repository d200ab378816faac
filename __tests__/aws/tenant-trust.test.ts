/** The trust policy that docs/tenant-isolation.md gives to a tenant's role, asked by an evaluator of IAM policies that is not ours. */
import { runSimulation } from '@cloud-copilot/iam-simulate'
import { codeBlockUnder } from '../support/pages.ts'

interface TrustPolicy {
  readonly Version: string
  readonly Statement: readonly [
    {
      readonly Principal: { readonly AWS: string }
      readonly Condition: Readonly<Record<string, unknown>>
    },
  ]
}

const policy = JSON.parse(
  codeBlockUnder('docs/tenant-isolation.md', 'Trust policy: role of a tenant', 'json'),
) as TrustPolicy
const [statement] = policy.Statement
const application = statement.Principal.AWS
const account = application.split(':')[4] ?? ''

interface Call {
  readonly principal?: string
  readonly tags?: Readonly<Record<string, string>>
}

/** Allowed when both are: with tags, STS asks for AssumeRole and TagSession; without, for AssumeRole alone. */
async function mayAssume(asked: TrustPolicy, { principal = application, tags = {} }: Call): Promise<boolean> {
  const tagged = Object.keys(tags).length > 0
  const answers: boolean[] = []
  for (const action of tagged ? ['sts:AssumeRole', 'sts:TagSession'] : ['sts:AssumeRole']) {
    const simulation = await runSimulation(
      {
        request: {
          principal,
          action,
          resource: { resource: `arn:aws:iam::${account}:role/tenant`, accountId: account },
          contextVariables: {
            ...Object.fromEntries(Object.entries(tags).map(([key, value]) => [`aws:RequestTag/${key}`, value])),
            ...(tagged ? { 'aws:TagKeys': Object.keys(tags) } : {}),
          },
        },
        // The caller's own policies must not decide.
        identityPolicies: [
          {
            name: 'everything',
            policy: { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] },
          },
        ],
        serviceControlPolicies: [],
        resourceControlPolicies: [],
        resourcePolicy: asked,
      },
      {},
    )
    if (simulation.resultType !== 'single') throw new Error(JSON.stringify(simulation))
    expect(simulation.result.ignoredContextKeys).toEqual([])
    answers.push(simulation.overallResult === 'Allowed')
  }
  return !answers.includes(false)
}

const tags = { tenant_id: '6f1c9a52-0b7e-4d3f-9c1a-2e8d5b7f4a60' }
const forbidden: Readonly<Record<string, Call>> = {
  'a session without a tag': {},
  'a session whose tenant_id is empty': { tags: { tenant_id: '' } },
  'a session with another tag alone': { tags: { team: 'blue' } },
  'a session with another tag besides': { tags: { ...tags, team: 'blue' } },
  'a tag key in another case': { tags: { Tenant_Id: tags.tenant_id } },
  'another role of the account': { principal: `arn:aws:iam::${account}:role/other`, tags },
  'a session of another role': { principal: `arn:aws:sts::${account}:assumed-role/other/session`, tags },
  'the tenant role itself': { principal: `arn:aws:sts::${account}:assumed-role/tenant/session`, tags },
  'a role of the same name in another account': { principal: application.replace(account, '333333333333'), tags },
}

async function brokenBy(asked: TrustPolicy): Promise<readonly string[]> {
  const broken: string[] = []
  for (const [rule, call] of Object.entries(forbidden)) if (await mayAssume(asked, call)) broken.push(rule)
  return broken
}

it('lets the application begin a session for one tenant', async () => {
  expect(await mayAssume(policy, { tags })).toBe(true)
  const session = `arn:aws:sts::${account}:assumed-role/${application.split('/').at(-1)}/session`
  expect(await mayAssume(policy, { principal: session, tags })).toBe(true)
})

it.each(Object.entries(forbidden))('refuses %s', async (_, call) => {
  expect(await mayAssume(policy, call)).toBe(false)
})

it('refuses them by its conditions and its principal, each for its own part', async () => {
  const { StringLike: hasTenant, 'ForAllValues:StringEquals': noOtherTag } = statement.Condition
  const changed = (changes: object) =>
    ({ ...policy, Statement: [{ ...statement, ...changes }] }) as unknown as TrustPolicy
  expect(Object.keys(statement.Condition).sort()).toEqual(['ForAllValues:StringEquals', 'StringLike'])
  expect(await brokenBy(changed({ Condition: { 'ForAllValues:StringEquals': noOtherTag } }))).toEqual([
    'a session without a tag',
    'a session whose tenant_id is empty',
  ])
  expect(await brokenBy(changed({ Condition: { StringLike: hasTenant } }))).toEqual([
    'a session with another tag besides',
    'a tag key in another case',
  ])
  expect(await brokenBy(changed({ Principal: { AWS: `arn:aws:iam::${account}:root` } }))).toEqual([
    'another role of the account',
    'a session of another role',
    'the tenant role itself',
  ])
})
