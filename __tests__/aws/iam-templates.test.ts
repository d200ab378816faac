/** The CloudFormation templates in iam/: what they hold, whatever their parameters. */
import { execFile } from 'node:child_process'
import { accessSync, constants, readdirSync, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { parse } from 'yaml'

interface Parameter {
  readonly Type: string
  readonly Default?: string
  readonly AllowedPattern?: string
  readonly AllowedValues?: readonly string[]
}

interface Template {
  readonly Parameters: Readonly<Record<string, Parameter>>
  readonly Conditions: Readonly<Record<string, unknown>>
  readonly Resources: Readonly<
    Record<string, { readonly Type: string; readonly Properties: Readonly<Record<string, unknown>> }>
  >
  readonly Outputs: Readonly<Record<string, { readonly Value: unknown }>>
}

type Node = Readonly<Record<string, unknown>>

interface Statement {
  readonly Effect: string
  readonly Action: string | readonly string[]
  readonly Resource?: unknown
  readonly Principal?: unknown
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

const folder = new URL('../../iam/', import.meta.url)
const names = readdirSync(folder)
  .filter((name) => name.endsWith('.yml'))
  .sort()
const source = (name: string) => readFileSync(new URL(name, folder), 'utf8')
const template = (name: string) => parse(source(name)) as Template
const hub = template('hub.yml')
const provisioner = template('provisioner.yml')
const single = template('single-account.yml')

/** Every statement of a template, those that depend on a condition included. */
function statementsOf(node: unknown): readonly Statement[] {
  if (Array.isArray(node)) return node.flatMap(statementsOf)
  if (typeof node !== 'object' || node === null) return []
  if ('Effect' in node) return [node as Statement]
  return Object.values(node).flatMap(statementsOf)
}

/** Every text in it, and no key. */
function textsOf(node: unknown): readonly string[] {
  if (typeof node === 'string') return [node]
  return typeof node === 'object' && node !== null ? Object.values(node).flatMap(textsOf) : []
}

const roleOf = ({ Resources }: Template, name: string) => Resources[name]?.Properties ?? {}

/** The permission to set tags or a source identity, on one side; the templates must allow it on both. */
const onlyWhereAskedFor = (side: Readonly<Record<string, unknown>>) =>
  [
    ['MaySetSourceIdentity', { Sid: 'SourceIdentity', Effect: 'Allow', Action: 'sts:SetSourceIdentity', ...side }],
    ['MayTagSession', { Sid: 'SessionTags', Effect: 'Allow', Action: 'sts:TagSession', ...side }],
  ].map(([condition, statement]) => ({ 'Fn::If': [condition, statement, { Ref: 'AWS::NoValue' }] }))

/** The beginning of a table's ARN. CloudFormation cannot put references into the delimiter that joins the names. */
const anyPlace = 'arn:*:dynamodb:*:*:table/'
const regions: Readonly<Record<string, unknown>> = {
  'provisioner.yml': { Ref: 'Regions' },
  'single-account.yml': { 'Fn::If': ['NamesRegions', { Ref: 'Regions' }, { Ref: 'AWS::Region' }] },
}
const placeOf = (name: string) => ({
  StringEquals: { 'aws:RequestedRegion': regions[name], 'aws:ResourceAccount': { Ref: 'AWS::AccountId' } },
})

it('the folder has these templates', () => expect(names).toEqual(['hub.yml', 'provisioner.yml', 'single-account.yml']))

describe.each(names)('%s', (name) => {
  const { Parameters, Resources, Conditions } = template(name)
  const statements = statementsOf(Resources)

  it('grants, and only what it names: a wildcard is the place of a table that a condition names, or an index of a table', () => {
    expect(statements.length).toBeGreaterThan(1)
    for (const statement of statements) {
      expect(Object.keys(statement)).toEqual(expect.arrayContaining(['Sid', 'Effect', 'Action']))
      expect(Object.keys(statement)).not.toEqual(expect.arrayContaining(['NotAction']))
      expect(Object.keys(statement).filter((key) => key.startsWith('Not'))).toEqual([])
      expect(statement.Effect).toBe('Allow')
      expect('Resource' in statement).not.toBe('Principal' in statement)
      const texts = textsOf(statement).map((text) => text.replaceAll(anyPlace, '').replaceAll('/index/*', ''))
      expect(texts.filter((text) => /[*?]/.test(text))).toEqual([])
      // The wildcards of an ARN stand for what the condition names.
      if (textsOf(statement).some((text) => text.includes(anyPlace))) expect(statement.Condition).toEqual(placeOf(name))
      for (const operator of Object.keys(statement.Condition ?? {})) expect(operator).toBe('StringEquals')
    }
  })

  it('lets no wildcard and no variable of IAM in by a parameter', () => {
    for (const [parameter, { Type, AllowedPattern, AllowedValues, Default }] of Object.entries(Parameters)) {
      if (AllowedValues !== undefined) continue
      const pattern = new RegExp(`^(?:${AllowedPattern})$`)
      const arn = 'arn:aws:iam::111111111111:role/a'
      // biome-ignore lint/suspicious/noTemplateCurlyInString: IAM's variable, as it would be written in a policy.
      const forbidden = ['*', 'a*', 'a?', '${aws:username}', `${arn}*`, 'arn:aws:iam::*:role/a', 'a b', `${arn} `]
      expect([parameter, forbidden.filter((value) => pattern.test(value))]).toEqual([parameter, []])
      const defaults = Type === 'CommaDelimitedList' ? (Default?.split(',') ?? []) : [Default ?? '']
      if (Default !== undefined) expect(defaults.filter((value) => !pattern.test(value))).toEqual([])
    }
  })

  it('names no account, no partition and no region of its own', () => {
    const texts = textsOf(Resources).filter((text) => !text.startsWith('https://'))
    expect(texts.filter((text) => /\d{12}|arn:aws|[a-z]{2}-[a-z]+-\d/.test(text))).toEqual([])
  })

  it('names its roles, and ends their sessions within the hour that chained roles have', () => {
    const roles = Object.values(Resources).filter(({ Type }) => Type === 'AWS::IAM::Role')
    expect(roles.length).toBeGreaterThan(0)
    for (const { Properties } of roles) {
      expect(Properties.RoleName).toEqual({ Ref: expect.stringMatching(/RoleName$/) })
      expect(Properties.MaxSessionDuration).toBe(3600)
      expect(Properties).not.toHaveProperty('ManagedPolicyArns')
    }
  })

  it('uses every parameter and every condition', () => {
    const used = source(name)
    for (const parameter of Object.keys(Parameters))
      expect(used).toMatch(new RegExp(`Ref: ${parameter}\\b|\\$\\{${parameter}\\}`))
    for (const condition of Object.keys(Conditions)) expect(used.split(condition).length).toBeGreaterThan(2)
  })

  it('is written without the short forms of functions, so that any YAML parser reads it', () => {
    expect(source(name)).not.toMatch(/(^|\s)!\w/)
  })
})

const host = 'token.actions.githubusercontent.com'

describe.each([
  ['hub.yml', 'HubRole'],
  ['single-account.yml', 'Role'],
])('%s, for the tokens of GitHub', (name, role) => {
  it('trusts the tokens of one environment of one repository, in both forms of sub', () => {
    const [trust, ...others] = statementsOf(roleOf(template(name), role).AssumeRolePolicyDocument)
    expect(others).toEqual([])
    expect(trust?.Action).toBe('sts:AssumeRoleWithWebIdentity')
    expect(trust?.Principal).toEqual({
      Federated: { 'Fn::If': ['MakesOidcProvider', { Ref: 'OidcProvider' }, { Ref: 'ExistingOidcProviderArn' }] },
    })
    expect(trust?.Condition).toEqual({
      StringEquals: {
        [`${host}:aud`]: { Ref: 'Audience' },
        [`${host}:repository_id`]: { Ref: 'RepositoryId' },
        [`${host}:sub`]: [
          // biome-ignore lint/suspicious/noTemplateCurlyInString: CloudFormation's parameters.
          { 'Fn::Sub': 'repo:${Owner}/${Repository}:environment:${Environment}' },
          // biome-ignore lint/suspicious/noTemplateCurlyInString: CloudFormation's parameters.
          { 'Fn::Sub': 'repo:${Owner}@${OwnerId}/${Repository}@${RepositoryId}:environment:${Environment}' },
        ],
      },
    })
  })

  it('creates the OIDC provider unless it is given one, and keeps it when the stack is deleted', () => {
    expect(template(name).Resources.OidcProvider).toEqual({
      Type: 'AWS::IAM::OIDCProvider',
      Condition: 'MakesOidcProvider',
      DeletionPolicy: 'Retain',
      UpdateReplacePolicy: 'Retain',
      Properties: { Url: `https://${host}`, ClientIdList: [{ Ref: 'Audience' }] },
    })
  })
})

describe('the hub', () => {
  it('may assume the roles that are named, and tell CloudTrail of the session where that is asked for', () => {
    const roles = { Ref: 'TargetRoleArns' }
    expect(roleOf(hub, 'HubRole').Policies).toEqual([
      {
        PolicyName: 'assume-target-roles',
        PolicyDocument: {
          Version: '2012-10-17',
          Statement: [
            { Sid: 'AssumeTargetRoles', Effect: 'Allow', Action: 'sts:AssumeRole', Resource: roles },
            ...onlyWhereAskedFor({ Resource: roles }),
          ],
        },
      },
    ])
  })
})

/** The actions of a role's statements, and those that depend on a condition with its name. */
function grantsOf(properties: Readonly<Record<string, unknown>>): readonly unknown[] {
  const [policy] = properties.Policies as readonly [
    { readonly PolicyDocument: { readonly Statement: readonly Node[] } },
  ]
  const of = (node: unknown): unknown => {
    const [condition, whenTrue, whenFalse] = ((node as Node)?.['Fn::If'] ?? []) as readonly unknown[]
    if (condition === undefined) return node
    expect(whenFalse).toEqual({ Ref: 'AWS::NoValue' })
    return { [String(condition)]: whenTrue }
  }
  return policy.PolicyDocument.Statement.map((each) => {
    const statement = of(each) as Node
    const [[name, inner] = ['', undefined]] = Object.entries(statement)
    const { Sid, Action } = ('Effect' in statement ? statement : inner) as Statement & { readonly Sid: string }
    const actions = [Action].flat().map(of)
    return 'Effect' in statement ? { [Sid]: actions } : { [name]: { [Sid]: actions } }
  })
}

describe('the single account', () => {
  it('grants reads, and everything else only where its parameter asks for it', () => {
    expect(grantsOf(roleOf(single, 'Role'))).toEqual([
      {
        Reads: [
          'dynamodb:DescribeContinuousBackups',
          'dynamodb:DescribeTable',
          { MaySetTimeToLive: 'dynamodb:DescribeTimeToLive' },
          'dynamodb:ListTagsOfResource',
        ],
      },
      {
        MayApply: {
          Writes: [
            'dynamodb:CreateTable',
            'dynamodb:TagResource',
            'dynamodb:UpdateContinuousBackups',
            'dynamodb:UpdateTable',
            { MaySetTimeToLive: 'dynamodb:UpdateTimeToLive' },
          ],
        },
      },
      {
        MayVerify: {
          SampleItems: ['dynamodb:DeleteItem', 'dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:Query'],
        },
      },
      { MayVerify: { SampleItemsInIndexes: ['dynamodb:Query'] } },
      { MayDestroy: { Deletion: ['dynamodb:DeleteTable'] } },
    ])
    const defaults = (['AllowApply', 'AllowVerify', 'AllowTimeToLive', 'AllowDestroy'] as const).map(
      (name) => single.Parameters[name]?.Default,
    )
    expect(defaults).toEqual(['true', 'false', 'false', 'false'])
  })

  it('requires only the names and ids of the jobs that it trusts', () => {
    const required = Object.entries(single.Parameters).filter(([, { Default }]) => Default === undefined)
    expect(required.map(([name]) => name)).toEqual(['Owner', 'OwnerId', 'Repository', 'RepositoryId', 'Environment'])
  })

  it('has the ARNs that the workflow and the next stack need as outputs', () => {
    expect(Object.keys(single.Outputs)).toEqual(['RoleArn', 'OidcProviderArn'])
  })

  it('has the parameters of the other templates in the same form', () => {
    const shared = Object.entries(single.Parameters).flatMap(([name, parameter]) => {
      const other = hub.Parameters[name] ?? provisioner.Parameters[name]
      return other === undefined || name === 'Regions' ? [] : [[name, parameter, other] as const]
    })
    expect(shared.length).toBeGreaterThan(8)
    for (const [name, { Type, AllowedPattern, AllowedValues }, other] of shared)
      expect([name, Type, AllowedPattern, AllowedValues]).toEqual([
        name,
        other.Type,
        other.AllowedPattern,
        other.AllowedValues,
      ])
  })
})

describe('the target account', () => {
  it.each([
    ['ProvisionerRole', { Ref: 'HubRoleArn' }],
    ['PlanRole', { 'Fn::If': ['HasPlanHubRole', { Ref: 'PlanHubRoleArn' }, { Ref: 'HubRoleArn' }] }],
  ])('%s trusts one role of the hub, with the external id, and has the boundary', (role, principal) => {
    expect(roleOf(provisioner, role).AssumeRolePolicyDocument).toEqual({
      Version: '2012-10-17',
      Statement: [
        {
          Sid: 'HubRole',
          Effect: 'Allow',
          Principal: { AWS: principal },
          Action: 'sts:AssumeRole',
          Condition: { StringEquals: { 'sts:ExternalId': { Ref: 'ExternalId' } } },
        },
        ...onlyWhereAskedFor({ Principal: { AWS: principal } }),
      ],
    })
    expect(roleOf(provisioner, role).PermissionsBoundary).toEqual({ Ref: 'Boundary' })
  })

  it('verify, time to live and destroy are granted only where they are asked for', () => {
    const [policy] = roleOf(provisioner, 'ProvisionerRole').Policies as readonly [
      { readonly PolicyDocument: { readonly Statement: readonly Readonly<Record<string, unknown>>[] } },
    ]
    const conditional = policy.PolicyDocument.Statement.map((each) => (each['Fn::If'] as readonly unknown[])?.[0])
    expect(conditional).toEqual([undefined, 'MayVerify', 'MayVerify', 'MayDestroy'])
    const [tables] = policy.PolicyDocument.Statement as readonly [{ readonly Action: readonly unknown[] }]
    expect(tables.Action.filter((action) => typeof action !== 'string')).toEqual(
      ['dynamodb:DescribeTimeToLive', 'dynamodb:UpdateTimeToLive'].map((action) => ({
        'Fn::If': ['MaySetTimeToLive', action, { Ref: 'AWS::NoValue' }],
      })),
    )
    const defaults = (['AllowVerify', 'AllowTimeToLive', 'AllowDestroy'] as const).map(
      (name) => provisioner.Parameters[name]?.Default,
    )
    expect(defaults).toEqual(['false', 'false', 'false'])
  })

  it('the boundary holds just what the role that writes is granted', () => {
    const boundary = roleOf(provisioner, 'Boundary').PolicyDocument
    const [policy] = roleOf(provisioner, 'ProvisionerRole').Policies as readonly [{ readonly PolicyDocument: unknown }]
    expect(boundary).toEqual(policy.PolicyDocument)
  })

  it('says what the workflow needs', () => {
    expect(Object.keys(provisioner.Outputs)).toEqual(['ProvisionerRoleArn', 'PlanRoleArn', 'BoundaryArn'])
    expect(Object.keys(hub.Outputs)).toEqual(['HubRoleArn', 'OidcProviderArn'])
  })
})

it('what a session may say of itself is closed in both templates until it is opened', () => {
  for (const { Parameters, Conditions } of [hub, provisioner]) {
    expect([Parameters.AllowSourceIdentity?.Default, Parameters.AllowSessionTags?.Default]).toEqual(['false', 'false'])
    expect(Conditions).toMatchObject({
      MaySetSourceIdentity: { 'Fn::Equals': [{ Ref: 'AllowSourceIdentity' }, 'true'] },
      MayTagSession: { 'Fn::Equals': [{ Ref: 'AllowSessionTags' }, 'true'] },
    })
  }
})

describe('iam/README.md', () => {
  const readme = source('README.md')

  it.each(names)('deploys %s with parameters that it has, and with all that have no default', (name) => {
    const { Parameters } = template(name)
    const commands = [...readme.matchAll(/```sh\n([\s\S]*?)```/g)]
      .map(([, command = '']) => command)
      .filter((command) => command.includes(`iam/${name}`))
    expect(commands.length).toBeGreaterThan(0)
    for (const command of commands) {
      const given = [...command.matchAll(/^\s+(?:ParameterKey=)?(?!Parameter)[A-Z].*$/gm)].flatMap(([line]) =>
        [...line.matchAll(/(?:^\s*ParameterKey=|\s)([A-Z]\w+)(?=[=,])/g)].map(([, parameter = '']) => parameter),
      )
      expect(Object.keys(Parameters)).toEqual(expect.arrayContaining(given))
      const required = Object.entries(Parameters).filter(([, { Default }]) => Default === undefined)
      expect(given).toEqual(expect.arrayContaining(required.map(([parameter]) => parameter)))
      expect(command).toContain('--capabilities CAPABILITY_NAMED_IAM')
    }
  })

  it.each(names)('names every parameter of %s', (name) => {
    for (const parameter of Object.keys(template(name).Parameters)) expect(readme).toContain(parameter)
  })
})

describe('cfn-lint', () => {
  const isOnPath = (process.env.PATH ?? '').split(delimiter).some((path) => {
    try {
      accessSync(join(path, 'cfn-lint'), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
  // On GitHub it must be there; elsewhere its absence is seen in the list of tests.
  if (!isOnPath && !process.env.GITHUB_ACTIONS)
    it.skip('NOT RUN, because it is missing: pip install cfn-lint==1.51.0', () => {})
  else
    it.each(names)('has nothing to say of %s', async (name) => {
      const lint = promisify(execFile)('cfn-lint', ['--include-checks', 'I', '--', join('iam', name)], {
        env: process.env,
      })
      await expect(lint).resolves.toEqual({ stdout: '', stderr: '' })
    })
})
