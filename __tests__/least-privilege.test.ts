/**
 * The templates in iam/ allow the actions that the action needs, and no others. The sandbox logs the needed actions, and
 * a third-party evaluator of IAM policies decides what a policy allows. Not tested against AWS.
 */
import { readFileSync } from 'node:fs'
import { runSimulation, type Simulation } from '@cloud-copilot/iam-simulate'
import { parse } from 'yaml'
import type { IamAction } from '../sandbox/request-log.ts'
import type { LoggedRequest } from '../sandbox/sandbox.ts'
import { externalId, hubRole, provisionerRole, twoAccounts } from '../sandbox/two-accounts.ts'
import { policyFor } from '../src/aws/iam.ts'
import type { TableDefinition } from '../src/table/table.ts'
import { aTarget, theTables } from './support/builders.ts'
import { startEmulator } from './support/emulator.ts'
import { codeBlockUnder } from './support/pages.ts'
import { runDefinitions } from './support/sandbox-runs.ts'

const region = 'ap-south-1'
const account = '222222222222'
const hubAccount = '111111111111'
const prefix = 'app-'
const planRole = `arn:aws:iam::${account}:role/tenant-tables-planner`
const provider = `arn:aws:iam::${hubAccount}:oidc-provider/token.actions.githubusercontent.com`

// --- The policies in the templates

interface Statement {
  readonly Action: string | readonly string[]
  readonly Resource: string | readonly string[]
  readonly [name: string]: unknown
}

interface Policy {
  readonly Version: string
  readonly Statement: readonly Statement[]
}

interface Role {
  readonly RoleName: string
  readonly PermissionsBoundary?: string
  readonly AssumeRolePolicyDocument: Policy
  readonly Policies: readonly { readonly PolicyDocument: Policy }[]
  readonly ManagedPolicyArns?: unknown
}

type Strings = Readonly<Record<string, string>>
type Node = Readonly<Record<string, unknown>>

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')
const listed = (value: string | readonly string[]) => (typeof value === 'string' ? [value] : value)

/** Resolves the properties of a template's resources as CloudFormation does, apart from references to resources. */
function render(path: string, given: Strings): Readonly<Record<string, unknown>> {
  const { Parameters, Conditions, Resources } = parse(read(path)) as {
    readonly Parameters: Readonly<Record<string, { readonly Type: string; readonly Default?: string }>>
    readonly Conditions: Node
    readonly Resources: Readonly<Record<string, { readonly Properties: unknown }>>
  }
  const unknown = Object.keys(given).filter((name) => !name.startsWith('AWS::') && !(name in Parameters))
  if (unknown.length > 0) throw new Error(`${path} has no parameter ${unknown.join(', ')}`)
  const value = (name: string): unknown => {
    const known = given[name] ?? Parameters[name]?.Default
    if (known !== undefined) return Parameters[name]?.Type === 'CommaDelimitedList' ? known.split(',') : known
    if (name in Resources) return `the ${name} of this stack`
    throw new Error(`${path} refers to ${name}, which has no value`)
  }
  const absent = Symbol('AWS::NoValue')
  const resolve = (node: unknown): unknown => {
    if (Array.isArray(node)) return node.map(resolve).filter((each) => each !== absent)
    if (typeof node !== 'object' || node === null) return node
    const [[name, argument] = ['', undefined], ...others] = Object.entries(node)
    if (others.length === 0 && name === 'Ref') return argument === 'AWS::NoValue' ? absent : value(String(argument))
    if (others.length === 0 && name.startsWith('Fn::')) {
      if (name === 'Fn::Sub') {
        const [text, values] = Array.isArray(argument) ? argument : [argument, {}]
        const own = resolve(values) as Node
        return String(text).replace(/\$\{([^}]+)\}/g, (_, each) => String(own[each] ?? value(each)))
      }
      const [first, second, third] = argument as readonly unknown[]
      if (name === 'Fn::Join') return (resolve(second) as readonly string[]).join(String(first))
      if (name === 'Fn::Split') return String(resolve(second)).split(String(first))
      if (name === 'Fn::If') return resolve(resolve(Conditions[String(first)]) ? second : third)
      if (name === 'Fn::Equals') return resolve(first) === resolve(second)
      if (name === 'Fn::Not') return !resolve(first)
      throw new Error(`${path} has ${name}, which this test cannot resolve`)
    }
    return Object.fromEntries(
      Object.entries(node).flatMap(([key, each]) => {
        const resolved = resolve(each)
        return resolved === absent ? [] : [[key, resolved]]
      }),
    )
  }
  return Object.fromEntries(Object.entries(Resources).map(([name, { Properties }]) => [name, resolve(Properties)]))
}

interface TargetAccount {
  readonly ProvisionerRole: Role
  readonly PlanRole: Role
  readonly Boundary: { readonly PolicyDocument: Policy }
}

const renderTarget = (parameters: Strings = {}) =>
  render('iam/provisioner.yml', {
    'AWS::Partition': 'aws',
    'AWS::AccountId': account,
    HubRoleArn: hubRole,
    ExternalId: externalId,
    Regions: `${region},us-east-1`,
    TableNames: `${prefix}tenant,${prefix}users`,
    ...parameters,
  }) as unknown as TargetAccount

const renderHub = (parameters: Strings = {}) =>
  render('iam/hub.yml', {
    Owner: 'acme',
    OwnerId: '1',
    Repository: 'app',
    RepositoryId: '2',
    Environment: 'dev',
    TargetRoleArns: `${provisionerRole},${planRole}`,
    ExistingOidcProviderArn: provider,
    ...parameters,
  }) as unknown as { readonly HubRole: Role }

/** The role of the template for one account. Its provider is in the account of the tables. */
const renderSingle = (parameters: Strings = {}) =>
  (
    render('iam/single-account.yml', {
      'AWS::AccountId': account,
      'AWS::Region': region,
      Owner: 'acme',
      OwnerId: '1',
      Repository: 'app',
      RepositoryId: '2',
      Environment: 'dev',
      TableNames: `${prefix}tenant,${prefix}users`,
      ExistingOidcProviderArn: provider.replace(hubAccount, account),
      ...parameters,
    }) as unknown as { readonly Role: Role }
  ).Role

/** The only policy of a role. */
function policyOf({ Policies, ManagedPolicyArns }: Role): Policy {
  const [policy, ...others] = Policies
  if (policy === undefined || others.length > 0 || ManagedPolicyArns !== undefined) throw new Error('Not one policy')
  return policy.PolicyDocument
}

const actionsOf = ({ Statement }: Policy) => Statement.flatMap(({ Action }) => listed(Action)).sort()
const resourcesOf = ({ Statement }: Policy) =>
  [...new Set(Statement.flatMap(({ Resource }) => listed(Resource)))].sort()

/** The policy without one action, or without one resource of one of its statements. */
function without(policy: Policy, at: number, key: 'Action' | 'Resource', value: string): Policy {
  const left = policy.Statement.flatMap((statement, index) => {
    if (index !== at) return [statement]
    const values = listed(statement[key]).filter((each) => each !== value)
    return values.length === 0 ? [] : [{ ...statement, [key]: values }]
  })
  return { ...policy, Statement: left }
}

// --- The actions that runs need

/** An access key in the account of the tables, for runs of definitions that no input declares. */
const tablesKey = {
  accessKeyId: 'AKIALEASTPRIVILEGE01',
  secretAccessKey: 'sandbox/least/privilege/secret/0000000000',
  principal: `arn:aws:iam::${account}:user/test`,
}
const { sandbox, hands, clock, runAction, reset, close } = await startEmulator({
  accessKeys: [...(twoAccounts('dev').accessKeys ?? []), tablesKey],
  roles: [...(twoAccounts('dev').roles ?? []), { arn: planRole, principals: [hubRole], externalId }],
})
const tables = ['tenant', 'users'].map((name) => `${prefix}${name}`)
const onBoth = async (operation: string, input: (TableName: string) => Node) => {
  for (const name of tables) await hands.call(operation, input(name))
  // A change of the billing mode takes minutes.
  clock.pass(600_000)
}

const runAs = (role: string, inputs: Strings) =>
  runAction({ 'role-to-assume': `${hubRole}\n${role}`, 'table-name-prefix': prefix, ...inputs })

type Command = 'apply' | 'plan' | 'verify' | 'destroy'

interface Scenario {
  readonly command: Command
  readonly environment: 'dev' | 'prod'
  /** Whether an apply created the tables before. */
  readonly tables?: true
  readonly drift?: () => Promise<void>
  readonly inputs?: Strings
}

const roles = { apply: provisionerRole, verify: provisionerRole, destroy: provisionerRole, plan: planRole }
const confirmed = { 'confirm-destroy': tables.join('\n') }

const scenarios: Readonly<Record<string, Scenario>> = {
  'apply in dev': { command: 'apply', environment: 'dev' },
  'apply in dev, with protection, recovery and tags': {
    command: 'apply',
    environment: 'dev',
    inputs: { 'deletion-protection': 'true', 'point-in-time-recovery': 'true', tags: 'team=planner' },
  },
  'apply in prod': { command: 'apply', environment: 'prod' },
  'apply with nothing to do': { command: 'apply', environment: 'prod', tables: true },
  'drift of the billing mode': {
    command: 'apply',
    environment: 'prod',
    tables: true,
    drift: () =>
      onBoth('UpdateTable', (TableName) => ({
        TableName,
        BillingMode: 'PROVISIONED',
        ProvisionedThroughput: { ReadCapacityUnits: 1, WriteCapacityUnits: 1 },
      })),
  },
  'drift of tags': {
    command: 'apply',
    environment: 'prod',
    tables: true,
    drift: async () => {
      for (const name of tables) hands.setTags(name, { 'tenant-tables:managed-by': 'tenant-tables' })
    },
  },
  adoption: {
    command: 'apply',
    environment: 'prod',
    tables: true,
    inputs: { allow: 'adopt-table' },
    drift: async () => {
      for (const name of tables) hands.setTags(name, { owner: 'another-team' })
    },
  },
  'drift of deletion protection': {
    command: 'apply',
    environment: 'prod',
    tables: true,
    drift: () => onBoth('UpdateTable', (TableName) => ({ TableName, DeletionProtectionEnabled: false })),
  },
  'drift of recovery': {
    command: 'apply',
    environment: 'prod',
    tables: true,
    drift: () =>
      onBoth('UpdateContinuousBackups', (TableName) => ({
        TableName,
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: false },
      })),
  },
  'removal of protection and recovery': {
    command: 'apply',
    environment: 'prod',
    tables: true,
    inputs: {
      'deletion-protection': 'false',
      'point-in-time-recovery': 'false',
      allow: 'remove-deletion-protection\nremove-point-in-time-recovery',
    },
  },
  'plan without tables': { command: 'plan', environment: 'prod' },
  'plan with nothing to do': { command: 'plan', environment: 'prod', tables: true },
  'plan of a destruction': { command: 'plan', environment: 'dev', tables: true, inputs: { destroy: 'true' } },
  'verify in dev': { command: 'verify', environment: 'dev', tables: true },
  'verify in prod, without sample items': { command: 'verify', environment: 'prod', tables: true },
  'destroy in dev': { command: 'destroy', environment: 'dev', tables: true, inputs: confirmed },
  'destroy with nothing to do': { command: 'destroy', environment: 'dev', inputs: confirmed },
}

/** Creates the tables of the scenario, and clears the log of requests. */
async function prepare({ environment, tables, drift }: Scenario): Promise<void> {
  await reset()
  if (tables) expect((await runAs(provisionerRole, { environment })).errors).toEqual([])
  await drift?.()
  sandbox.clearRequests()
}

const run = ({ command, environment, inputs }: Scenario) => runAs(roles[command], { command, environment, ...inputs })

const recorded = new Map<string, readonly LoggedRequest[]>()

beforeAll(async () => {
  for (const [name, scenario] of Object.entries(scenarios)) {
    await prepare(scenario)
    const { exitCode, errors } = await run(scenario)
    expect({ name, exitCode, errors }).toEqual({ name, exitCode: 0, errors: [] })
    recorded.set(name, [...sandbox.requests])
  }
  await recordDefinition()
}, 120_000)
afterAll(() => close())

/** Tables with time to live and indexes, under the names of the built-in ones. */
const extended = theTables({ tableNamePrefix: prefix }).map((table): TableDefinition => {
  const KeySchema = [{ AttributeName: 'code', AttributeType: 'N', KeyType: 'HASH' }] as const
  const GlobalSecondaryIndexes = [{ IndexName: 'by-code', KeySchema, Projection: { ProjectionType: 'ALL' } }] as const
  const TimeToLiveSpecification = { Enabled: true, AttributeName: 'expires_at' }
  return {
    ...table,
    properties: { ...table.properties, TimeToLiveSpecification, GlobalSecondaryIndexes },
  }
})
/** The requests of each command on them. */
const recordedOfExtended = new Map<Command, readonly LoggedRequest[]>()

async function recordDefinition(): Promise<void> {
  const at = { target: aTarget(), key: tablesKey, clock }
  const record = async (command: Command) => {
    sandbox.clearRequests()
    await runDefinitions(command, extended, at)
    recordedOfExtended.set(command, [...(recordedOfExtended.get(command) ?? []), ...sandbox.requests])
  }
  await reset()
  await record('apply')
  for (const { name: TableName } of extended) {
    if ((await indexesOf(TableName)) > 0) continue
    await hands.call('UpdateTable', {
      TableName,
      AttributeDefinitions: [{ AttributeName: 'code', AttributeType: 'N' }],
      GlobalSecondaryIndexUpdates: [
        {
          Create: {
            IndexName: 'by-code',
            KeySchema: [{ AttributeName: 'code', KeyType: 'HASH' }],
            Projection: { ProjectionType: 'ALL' },
          },
        },
      ],
    })
  }
  clock.pass(3_600_000)
  await record('plan')
  await record('verify')
  await onBoth('UpdateTimeToLive', (TableName) => ({
    TableName,
    TimeToLiveSpecification: { Enabled: false, AttributeName: 'expires_at' },
  }))
  await onBoth('UpdateTable', (TableName) => ({
    TableName,
    BillingMode: 'PROVISIONED',
    ProvisionedThroughput: { ReadCapacityUnits: 1, WriteCapacityUnits: 1 },
    GlobalSecondaryIndexUpdates: [
      {
        Update: { IndexName: 'by-code', ProvisionedThroughput: { ReadCapacityUnits: 1, WriteCapacityUnits: 1 } },
      },
    ],
  }))
  clock.pass(3_600_000)
  await record('apply')
  await record('destroy')
}

async function indexesOf(TableName: string): Promise<number> {
  const { Table } = (await hands.call('DescribeTable', { TableName })) as {
    Table: { GlobalSecondaryIndexes?: unknown[] }
  }
  return Table.GlobalSecondaryIndexes?.length ?? 0
}

/** The actions that these requests needed of a service, each once. */
function actionsIn(
  requests: readonly LoggedRequest[],
  service: LoggedRequest['service'] = 'dynamodb',
): readonly IamAction[] {
  const actions = requests.filter((request) => request.service === service).flatMap((request) => request.actions)
  return [...new Map(actions.map((each) => [`${each.action} ${each.resource}`, each])).values()]
}

/** The actions that the scenarios of these commands needed of a service, each once. */
function neededBy(commands: readonly Command[], service: LoggedRequest['service'] = 'dynamodb'): readonly IamAction[] {
  const names = Object.keys(scenarios).filter((name) => commands.includes(scenarios[name]?.command ?? 'plan'))
  return actionsIn(
    names.flatMap((name) => recorded.get(name) ?? []),
    service,
  )
}

/** The queries of indexes, which only tables of a definition file have. */
function indexQueries(): readonly IamAction[] {
  return actionsIn(recordedOfExtended.get('verify') ?? []).filter(({ resource }) => resource.includes('/index/'))
}

/** The actions that the roles of a stack need for these commands. */
function neededOfStack(commands: readonly Command[]): readonly IamAction[] {
  return [...neededBy(commands), ...(commands.includes('verify') ? indexQueries() : [])]
}

/** Every action that the commands need, on each of these resources. */
function everyAction(resources: readonly string[]): readonly IamAction[] {
  const actions = new Set(neededBy(['apply', 'verify', 'destroy']).map(({ action }) => action))
  return [...actions].flatMap((action) => resources.map((resource) => ({ action, resource })))
}

// --- The evaluator

type Question = Pick<Simulation, 'identityPolicies'> &
  Partial<Pick<Simulation, 'permissionBoundaryPolicies' | 'resourcePolicy'>> & {
    readonly principal: string
    readonly contextVariables?: Readonly<Record<string, string | string[]>>
  }

async function isAllowed({ action, resource }: IamAction, question: Question): Promise<boolean> {
  const { principal, contextVariables = {}, ...policies } = question
  const accountId = resource.split(':')[4] ?? ''
  const simulation = await runSimulation(
    {
      request: { principal, action, resource: { resource, accountId }, contextVariables },
      ...policies,
      serviceControlPolicies: [],
      resourceControlPolicies: [],
    },
    {},
  )
  // The simulator also denies a question that it cannot evaluate.
  if (simulation.resultType !== 'single') throw new Error(JSON.stringify(simulation))
  expect(simulation.result.ignoredContextKeys).toEqual([])
  return simulation.overallResult === 'Allowed'
}

/** The context keys of the place of a request, which AWS sets in every request, and those of a KMS key. */
function contextOf({ resource, context = {} }: IamAction): Readonly<Record<string, string | string[]>> {
  const [, , , inRegion = '', inAccount = ''] = resource.split(':')
  const ofKey = Object.entries(context).map(([name, value]) => [name, typeof value === 'string' ? value : [...value]])
  return { 'aws:RequestedRegion': inRegion, 'aws:ResourceAccount': inAccount, ...Object.fromEntries(ofKey) }
}

/** Whether the resource of a policy, which may have wildcards, covers the resource of a request. */
function covers(pattern: string, resource: string): boolean {
  const [first = '', ...rest] = pattern.split('*').map((text) => text.replace(/[.\\/-]/g, '\\$&'))
  return new RegExp(`^${[first, ...rest].join('.*')}$`).test(resource)
}

/** The key policy that KMS gives a new key: the policies of IAM decide, which they do for no key without it. */
const defaultKeyPolicy = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${account}:root` }, Action: 'kms:*', Resource: '*' }],
}

/** The actions that a session of a role in the target account is denied. */
async function deniedOf(needed: readonly IamAction[], policy: Policy, boundary: Policy): Promise<readonly IamAction[]> {
  const answers = await Promise.all(
    needed.map((each) =>
      isAllowed(each, {
        principal: `arn:aws:sts::${account}:assumed-role/a-role/a-session`,
        contextVariables: contextOf(each),
        identityPolicies: [{ name: 'policy', policy }],
        permissionBoundaryPolicies: [{ name: 'boundary', policy: boundary }],
        ...(each.resource.startsWith('arn:aws:kms:') ? { resourcePolicy: defaultKeyPolicy } : {}),
      }),
    ),
  )
  return needed.filter((_, index) => !answers[index])
}

const everything: Policy = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] }

/**
 * Expects that the policy allows all needed actions, and that every action and resource in it is needed.
 *
 * @param isUnneeded selects what the policy has beyond that
 */
async function expectToBeLeast(
  policy: Policy,
  needed: readonly IamAction[],
  isUnneeded: (statement: Statement, value: string) => boolean = () => false,
): Promise<void> {
  expect(needed.length).toBeGreaterThan(5)
  expect(await deniedOf(needed, policy, everything)).toEqual([])
  for (const [at, statement] of policy.Statement.entries()) {
    for (const key of ['Action', 'Resource'] as const) {
      for (const value of listed(statement[key])) {
        const denied = await deniedOf(needed, without(policy, at, key, value), everything)
        expect([key, value, denied.length > 0]).toEqual([key, value, !isUnneeded(statement, value)])
      }
    }
  }
}

const verifying = { AllowVerify: 'true' }
const destroying = { AllowDestroy: 'true' }
const reads = ['dynamodb:DescribeContinuousBackups', 'dynamodb:DescribeTable', 'dynamodb:ListTagsOfResource']

describe.each<[name: string, commands: readonly Command[], role: 'ProvisionerRole' | 'PlanRole', parameters: Strings]>([
  ['the role that only plans', ['plan'], 'PlanRole', {}],
  ['the provisioner role', ['apply'], 'ProvisionerRole', {}],
  ['the provisioner role that may verify', ['apply', 'verify'], 'ProvisionerRole', verifying],
  ['the provisioner role that may destroy', ['apply', 'destroy'], 'ProvisionerRole', destroying],
  [
    'the provisioner role that may do both',
    ['apply', 'verify', 'destroy'],
    'ProvisionerRole',
    { ...verifying, ...destroying },
  ],
])('%s', (_, commands, role, parameters) => {
  const target = renderTarget(parameters)
  const policy = policyOf(target[role])
  const boundary = target.Boundary.PolicyDocument
  // Both roles share the boundary, and the role that only plans needs less of it.
  const wholeBoundary: Policy = role === 'PlanRole' ? { ...policy } : boundary

  it('allows all that its commands need, within its boundary', async () => {
    const needed = neededOfStack(commands)
    expect(needed.length).toBeGreaterThan(5)
    expect(await deniedOf(needed, policy, boundary)).toEqual([])
    expect(target[role].PermissionsBoundary).toBe('the Boundary of this stack')
  })

  it.each(policy.Statement.flatMap(({ Action }, at) => listed(Action).map((action) => ({ action, at }))))(
    'needs $action',
    async ({ action, at }) => {
      const needed = neededOfStack(commands)
      const resources = listed(policy.Statement[at]?.Resource ?? [])
      const denied = needed.filter(
        (each) => each.action === action && resources.some((resource) => covers(resource, each.resource)),
      )
      expect(denied).not.toEqual([])
      expect(await deniedOf(needed, without(policy, at, 'Action', action), boundary)).toEqual(denied)
      expect(await deniedOf(needed, policy, without(wholeBoundary, at, 'Action', action))).toEqual(denied)
    },
  )

  it.each(policy.Statement.flatMap(({ Resource }, at) => listed(Resource).map((resource) => ({ resource, at }))))(
    'needs statement $at for $resource',
    async ({ resource, at }) => {
      const needed = neededOfStack(commands)
      const actions = listed(policy.Statement[at]?.Action ?? [])
      const denied = needed.filter((each) => covers(resource, each.resource) && actions.includes(each.action))
      expect(denied).not.toEqual([])
      expect(await deniedOf(needed, without(policy, at, 'Resource', resource), boundary)).toEqual(denied)
      expect(await deniedOf(needed, policy, without(wholeBoundary, at, 'Resource', resource))).toEqual(denied)
    },
  )
})

describe('a stack for several regions, and for tables with time to live and indexes', () => {
  const opened = { ...verifying, ...destroying, AllowTimeToLive: 'true' }
  const roles = ['apply', 'verify', 'destroy'].map((command) => [command, 'ProvisionerRole'] as const)
  const { Boundary } = renderTarget(opened)
  const boundary = Boundary.PolicyDocument
  const needsOf = (command: string) => actionsIn(recordedOfExtended.get(command as Command) ?? [])
  const policyOfRole = (role: 'ProvisionerRole' | 'PlanRole', parameters: Strings) =>
    policyOf(renderTarget(parameters)[role])

  it.each([...roles, ['plan', 'PlanRole'] as const])('allows all that %s needs, to %s', async (command, role) => {
    const needed = needsOf(command)
    expect(needed.length).toBeGreaterThan(5)
    expect(await deniedOf(needed, policyOfRole(role, opened), boundary)).toEqual([])
    const elsewhere = needed.map(({ action, resource }) => ({
      action,
      resource: resource.replace(region, 'us-east-1'),
    }))
    expect(await deniedOf(elsewhere, policyOfRole(role, opened), boundary)).toEqual([])
  })

  it.each([...roles, ['plan', 'PlanRole'] as const])(
    'allows no call for time to live unless the parameter asks for it: %s, %s',
    async (command, role) => {
      const closed = { ...opened, AllowTimeToLive: 'false' }
      const needed = needsOf(command)
      const denied = needed.filter(({ action }) => action.includes('TimeToLive'))
      expect(denied).not.toEqual([])
      expect(await deniedOf(needed, policyOfRole(role, closed), boundary)).toEqual(denied)
      expect(await deniedOf(needed, everything, renderTarget(closed).Boundary.PolicyDocument)).toEqual(denied)
    },
  )

  it('names any number of tables', () => {
    const names = Array.from({ length: 20 }, (_, index) => `table-${index}`)
    const { ProvisionerRole } = renderTarget({ TableNames: names.join(',') })
    expect(resourcesOf(policyOf(ProvisionerRole))).toEqual(
      names.map((name) => `arn:*:dynamodb:*:*:table/${name}`).sort(),
    )
  })
})

describe('the role of a single account', () => {
  const planning = { AllowApply: 'false' }
  const all = { ...verifying, ...destroying, AllowTimeToLive: 'true' }
  const neededOfExtended = () => actionsIn([...recordedOfExtended.values()].flat())

  it.each<[name: string, commands: readonly Command[], parameters: Strings]>([
    ['as it is deployed without these parameters', ['apply', 'plan'], {}],
    ['that only plans', ['plan'], planning],
    ['that plans and verifies', ['plan', 'verify'], { ...planning, ...verifying }],
    ['that may verify', ['apply', 'plan', 'verify'], verifying],
    ['that may destroy', ['apply', 'plan', 'destroy'], destroying],
    ['that may do everything', ['apply', 'plan', 'verify', 'destroy'], { ...verifying, ...destroying }],
  ])('%s: allows all that its commands need, and no more', async (_, commands, parameters) => {
    await expectToBeLeast(policyOf(renderSingle(parameters)), neededOfStack(commands))
  })

  it('allows all that tables with time to live and indexes need, and no more', async () => {
    // UpdateContinuousBackups is for environments with recovery, which these tables do not have.
    const recovery = neededBy(['apply']).filter(({ action }) => action === 'dynamodb:UpdateContinuousBackups')
    await expectToBeLeast(policyOf(renderSingle(all)), [...neededOfExtended(), ...recovery])
  })

  it.each<[name: string, parameters: Strings, pattern: RegExp]>([
    ['AllowApply', { ...all, ...planning }, /:(Create|Update\w+|Tag)/],
    ['AllowVerify', { ...all, AllowVerify: 'false' }, /:(Query|\w+Item)$/],
    ['AllowTimeToLive', { ...all, AllowTimeToLive: 'false' }, /TimeToLive$/],
    ['AllowDestroy', { ...all, AllowDestroy: 'false' }, /:DeleteTable$/],
  ])('denies what %s would allow when it is false', async (_, parameters, pattern) => {
    const needed = neededOfExtended()
    const denied = needed.filter(({ action }) => pattern.test(action))
    expect(denied).not.toEqual([])
    expect(await deniedOf(needed, policyOf(renderSingle(parameters)), everything)).toEqual(denied)
  })

  it('denies other tables, names without the prefix, and other accounts and regions', async () => {
    const users = `arn:aws:dynamodb:${region}:${account}:table/${prefix}users`
    const elsewhere = everyAction([
      `${users}-archive`,
      users.replace(prefix, ''),
      users.replace(account, '333333333333'),
      users.replace(region, 'us-east-1'),
    ])
    expect(elsewhere.length).toBeGreaterThan(40)
    expect(await deniedOf(elsewhere, policyOf(renderSingle(all)), everything)).toEqual(elsewhere)
  })

  it.each<[number, Strings]>([
    [35, all],
    [90, { AllowTimeToLive: 'true' }],
  ])('has a policy for %i tables within the 10,240 characters that IAM allows for a role', (count, parameters) => {
    const names = Array.from({ length: count }, (_, index) => `table-${index}`.padEnd(20, 'x'))
    const policy = policyOf(renderSingle({ ...parameters, TableNames: names.join(',') }))
    expect(JSON.stringify(policy).length).toBeLessThanOrEqual(10_240)
    expect(JSON.stringify(policy).length).toBeGreaterThan(9_000)
  })

  it('allows the named regions instead of the region of the stack', async () => {
    const policy = policyOf(renderSingle({ Regions: 'eu-west-1,us-east-1' }))
    const needed = neededBy(['apply'])
    for (const named of ['eu-west-1', 'us-east-1']) {
      const there = needed.map((each) => ({ ...each, resource: each.resource.replace(region, named) }))
      expect(await deniedOf(there, policy, everything)).toEqual([])
    }
    expect(await deniedOf(needed, policy, everything)).toEqual(needed)
  })
})

describe('the policies of command: policy', () => {
  const commands = ['apply', 'plan', 'verify', 'destroy'] as const
  const made = async (inputs: Strings) => {
    sandbox.clearRequests()
    const run = await runAction({ command: 'policy', 'table-name-prefix': prefix, ...inputs })
    expect([run.exitCode, run.errors, sandbox.requests]).toEqual([0, [], []])
    return { ...run, policies: JSON.parse(run.outputs.policies ?? '') as Readonly<Record<Command, Policy>> }
  }

  it.each(commands)('for every environment allow all that %s needs, and no more', async (command) => {
    const { policies, notices } = await made({ environment: '' })
    expect(notices).toEqual([])
    await expectToBeLeast(policies[command], neededBy([command]))
  })

  it('for one environment allow no more than that environment needs', async () => {
    const { policies } = await made({ environment: 'dev' })
    const ofDev = actionsIn(recorded.get('apply in dev') ?? [])
    expect(await deniedOf(ofDev, policies.apply, everything)).toEqual([])
    const needed = neededBy(['apply'])
    const denied = await deniedOf(needed, policies.apply, everything)
    expect([...new Set(denied.map(({ action }) => action))]).toEqual(['dynamodb:UpdateContinuousBackups'])
  })

  it.each(commands)('of tables with time to live and indexes allow all that %s needs, and no more', async (command) => {
    const { Version, Statement } = policyFor(command, aTarget(), extended)
    const policy = { Version, Statement: Statement.map((statement) => ({ ...statement })) }
    await expectToBeLeast(policy, actionsIn(recordedOfExtended.get(command) ?? []))
  })

  it('stand for every region and account that is not known', async () => {
    const { policies, notices } = await made({
      environment: '',
      'role-to-assume': '',
      'role-external-id': '',
      'aws-region': '',
    })
    expect(notices).toEqual([
      'No region is known, so the policies are for all regions of the partition aws. Give aws-region.',
      'No account is known, so the policies have * in its place. Give role-to-assume, or one account in allowed-account-ids.',
    ])
    expect(resourcesOf(policies.plan)).toEqual(tables.map((name) => `arn:aws:dynamodb:*:*:table/${name}`))
    const needed = neededBy(['apply'])
    expect(await deniedOf(needed, policies.apply, everything)).toEqual([])
    const elsewhere = needed.map(({ action, resource }) => ({
      action,
      resource: resource.replace(region, 'eu-west-1'),
    }))
    expect(await deniedOf(elsewhere, policies.apply, everything)).toEqual([])
  })
})

describe('the policies of a file with every property', () => {
  const aliasKey = '11111111-2222-4333-8444-555555555555'
  const arnKey = '22222222-2222-4333-8444-555555555555'
  const keyArn = (id: string) => `arn:aws:kms:${region}:${account}:key/${id}`
  const file = `
tables:
  users:
    KeySchema: [{ AttributeName: tenant_id, KeyType: HASH }, { AttributeName: user_id, KeyType: RANGE }]
    AttributeDefinitions:
      - { AttributeName: tenant_id, AttributeType: S }
      - { AttributeName: user_id, AttributeType: S }
      - { AttributeName: email, AttributeType: S }
      - { AttributeName: created_at, AttributeType: N }
    OnDemandThroughput: { MaxReadRequestUnits: 100 }
    TableClass: STANDARD_INFREQUENT_ACCESS
    DeletionProtectionEnabled: false
    PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true }
    SSESpecification: { SSEEnabled: true, SSEType: KMS, KMSMasterKeyId: alias/users }
    StreamSpecification: { StreamViewType: NEW_IMAGE }
    TimeToLiveSpecification: { Enabled: true, AttributeName: expires_at }
    GlobalSecondaryIndexes:
      - { IndexName: by-email, KeySchema: [{ AttributeName: email, KeyType: HASH }], Projection: { ProjectionType: ALL } }
    LocalSecondaryIndexes:
      - IndexName: by-creation
        KeySchema: [{ AttributeName: tenant_id, KeyType: HASH }, { AttributeName: created_at, KeyType: RANGE }]
        Projection: { ProjectionType: KEYS_ONLY }
  orders:
    KeySchema: [{ AttributeName: order_id, KeyType: HASH }]
    AttributeDefinitions: [{ AttributeName: order_id, AttributeType: S }]
    BillingMode: PROVISIONED
    ProvisionedThroughput: { ReadCapacityUnits: 2, WriteCapacityUnits: 2 }
    SSESpecification: { SSEEnabled: true, SSEType: KMS, KMSMasterKeyId: '${keyArn(arnKey)}' }
`
  const runFile = async (command: Command | 'policy', inputs: Strings = {}) => {
    const ran = await runAction(
      {
        command,
        environment: 'dev',
        'definition-file': 'tables.yml',
        'timeout-seconds': '21600',
        ...(command === 'destroy' ? { 'confirm-destroy': 'users\norders' } : {}),
        ...inputs,
      },
      { files: { 'tables.yml': file } },
    )
    expect({ command, errors: ran.errors }).toEqual({ command, errors: [] })
    return ran
  }
  const change = async (operation: string, TableName: string, input: Node) => {
    await hands.call(operation, { TableName, ...input })
    // Longer than any change takes, and than DynamoDB refuses the next one.
    clock.pass(3_600_000)
  }
  const update = (table: string, input: Node) => change('UpdateTable', table, input)

  /** The actions of every request, those on keys included. The same action with other condition keys counts as another one. */
  const actionsOfAll = (requests: readonly LoggedRequest[]): readonly IamAction[] => {
    const all = requests.filter(({ service }) => service !== 'sts').flatMap(({ actions }) => actions)
    return [...new Map(all.map((each) => [JSON.stringify(each), each])).values()]
  }
  const needed = new Map<Command, readonly IamAction[]>()
  const sessionPolicies = new Map<Command, Policy>()

  beforeAll(async () => {
    const record = async (command: Command) => {
      sandbox.clearRequests()
      await runFile(command, { 'restrict-session': 'true' })
      needed.set(command, [...(needed.get(command) ?? []), ...actionsOfAll(sandbox.requests)])
      const last = sandbox.requests.findLast(({ operation }) => operation === 'AssumeRole')
      sessionPolicies.set(command, JSON.parse(String(last?.input.Policy)) as Policy)
    }
    await reset()
    hands.setKeyAlias('alias/users', aliasKey)
    await record('apply')
    clock.pass(3_600_000)
    await record('plan')
    await record('verify')
    const other = { Enabled: true, SSEType: 'KMS', KMSMasterKeyId: '33333333-2222-4333-8444-555555555555' }
    await update('users', { SSESpecification: other })
    await update('users', { TableClass: 'STANDARD' })
    await update('users', { StreamSpecification: { StreamEnabled: false } })
    await update('users', { GlobalSecondaryIndexUpdates: [{ Delete: { IndexName: 'by-email' } }] })
    await update('users', { OnDemandThroughput: { MaxReadRequestUnits: 1 } })
    await update('orders', { SSESpecification: { Enabled: false } })
    await update('orders', { ProvisionedThroughput: { ReadCapacityUnits: 5, WriteCapacityUnits: 5 } })
    await change('UpdateTimeToLive', 'users', {
      TimeToLiveSpecification: { Enabled: false, AttributeName: 'expires_at' },
    })
    await record('apply')
    clock.pass(60_000)
    await record('destroy')
  }, 60_000)

  // AWS documents a set of actions as the least on a customer's key. Operations on items use kms:Decrypt alone.
  const isOfWholeKey = ({ Action }: Statement, value: string) =>
    Action.includes('kms:CreateGrant') && value.startsWith('kms:') && value !== 'kms:Decrypt'

  const commands = ['apply', 'plan', 'verify', 'destroy'] as const
  it.each(commands)('allow all that %s needs, and no more', async (command) => {
    const { outputs } = await runFile('policy')
    const policies = JSON.parse(outputs.policies ?? '') as Readonly<Record<Command, Policy>>
    const session = sessionPolicies.get(command)
    expect(session).toEqual(policies[command])
    await expectToBeLeast(policies[command], needed.get(command) ?? [], command === 'verify' ? isOfWholeKey : undefined)
  })

  it.each(commands)('name the keys where %s needs them', (command) => {
    const ofKeys = [
      ...new Set(
        (needed.get(command) ?? []).filter(({ action }) => action.startsWith('kms:')).map(({ resource }) => resource),
      ),
    ]
    const byCommand = {
      apply: [keyArn(aliasKey), keyArn(arnKey)],
      plan: [keyArn(aliasKey)],
      verify: [keyArn(aliasKey), keyArn(arnKey)],
      destroy: [],
    }
    expect(ofKeys).toEqual(byCommand[command])
    const statements = (sessionPolicies.get(command)?.Statement ?? []).filter(({ Action }) =>
      listed(Action).join().includes('kms:'),
    )
    expect(statements.flatMap(({ Resource }) => listed(Resource)).length > 0).toBe(ofKeys.length > 0)
  })

  it('open no other key, and no key past DynamoDB', async () => {
    const policy = sessionPolicies.get('apply') ?? everything
    const ofKeys = (needed.get('apply') ?? []).filter(({ action }) => action.startsWith('kms:'))
    const elsewhere = ofKeys.flatMap((each): readonly IamAction[] => [
      {
        ...each,
        resource: keyArn('33333333-2222-4333-8444-555555555555'),
        context: {
          ...each.context,
          'kms:ResourceAliases': [],
          ...('kms:RequestAlias' in (each.context ?? {}) ? { 'kms:RequestAlias': 'alias/other' } : {}),
        },
      },
      { ...each, context: { 'kms:ResourceAliases': ['alias/users'], 'kms:ViaService': `s3.${region}.amazonaws.com` } },
    ])
    expect(elsewhere.length).toBeGreaterThan(20)
    expect(await deniedOf(elsewhere, policy, everything)).toEqual(elsewhere)
  })
})

describe('the policy of a restricted session', () => {
  it.each([
    'apply in prod',
    'plan with nothing to do',
    'verify in dev',
    'verify in prod, without sample items',
    'destroy in dev',
  ])('allows what it needs, and no more: %s', async (name) => {
    const scenario = scenarios[name]
    if (scenario === undefined) throw new Error(`There is no scenario ${name}`)
    await prepare(scenario)
    const restricted = { ...scenario, inputs: { ...scenario.inputs, 'restrict-session': 'true' } }
    expect((await run(restricted)).errors).toEqual([])
    const sent = sandbox.requests.findLast(({ operation }) => operation === 'AssumeRole')?.input.Policy
    const needed = sandbox.requests.filter(({ service }) => service === 'dynamodb').flatMap(({ actions }) => actions)
    const isPlan = scenario.command === 'verify' && scenario.environment === 'prod'
    const ofCommand = isPlan ? needed : [...needed, ...neededBy([scenario.command])]
    await expectToBeLeast(JSON.parse(String(sent)) as Policy, ofCommand)
  })
})

describe('a stack denies what its parameters do not allow', () => {
  const deniedActions = async (needed: readonly IamAction[], policy: Policy, boundary: Policy) =>
    [...new Set((await deniedOf(needed, policy, boundary)).map(({ action }) => action))].sort()
  const items = ['dynamodb:DeleteItem', 'dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:Query']

  it.each<[string, Strings, readonly string[]]>([
    ['verify and destroy', {}, ['dynamodb:DeleteItem', 'dynamodb:DeleteTable', ...items.slice(1)]],
    ['destroy', verifying, ['dynamodb:DeleteTable']],
    ['verify', destroying, items],
  ])('to the provisioner role: %s', async (_, parameters, denied) => {
    const { ProvisionerRole, Boundary } = renderTarget(parameters)
    const needed = neededBy(['apply', 'verify', 'destroy'])
    expect(await deniedActions(needed, policyOf(ProvisionerRole), Boundary.PolicyDocument)).toEqual(denied)
    // The boundary denies it, whatever other policy is attached to the role.
    expect(await deniedActions(needed, everything, Boundary.PolicyDocument)).toEqual(denied)
  })

  it('to the role that only plans: every write', async () => {
    const { PlanRole, Boundary } = renderTarget({ ...verifying, ...destroying })
    const needed = neededBy(['apply', 'verify', 'destroy'])
    const writes = [...new Set(needed.map(({ action }) => action))].filter((action) => !reads.includes(action)).sort()
    expect(writes).toHaveLength(9)
    expect(await deniedActions(needed, policyOf(PlanRole), Boundary.PolicyDocument)).toEqual(writes)
  })

  it('to every role: other tables, accounts and regions', async () => {
    const { ProvisionerRole, PlanRole, Boundary } = renderTarget({ ...verifying, ...destroying })
    const users = `arn:aws:dynamodb:${region}:${account}:table/${prefix}users`
    const elsewhere = everyAction([
      `${users}-archive`,
      users.replace(prefix, ''),
      users.replace(account, '333333333333'),
      users.replace(region, 'eu-west-1'),
    ])
    const boundary = Boundary.PolicyDocument
    expect(elsewhere.length).toBeGreaterThan(40)
    for (const policy of [policyOf(ProvisionerRole), policyOf(PlanRole), everything])
      expect(await deniedOf(elsewhere, policy, boundary)).toEqual(elsewhere)
  })
})

describe('the role chain', () => {
  const { HubRole } = renderHub()
  const { ProvisionerRole, PlanRole } = renderTarget()
  const trusts = new Map([
    [provisionerRole, ProvisionerRole.AssumeRolePolicyDocument],
    [planRole, PlanRole.AssumeRolePolicyDocument],
  ])
  const session = hubRole.replace(':iam:', ':sts:').replace(':role/', ':assumed-role/').concat('/a-session')
  const hops = () => neededBy(['apply', 'plan', 'verify', 'destroy'], 'sts')

  const mayAssume = (resource: string, changes: Partial<Question> = {}) =>
    isAllowed(
      { action: 'sts:AssumeRole', resource },
      {
        principal: session,
        identityPolicies: [{ name: 'hub', policy: policyOf(HubRole) }],
        resourcePolicy: trusts.get(resource) ?? ProvisionerRole.AssumeRolePolicyDocument,
        contextVariables: { 'sts:ExternalId': externalId },
        ...changes,
      },
    )

  it('has these roles, whose names are those of the templates', () => {
    expect(hops()).toEqual([
      { action: 'sts:AssumeRoleWithWebIdentity', resource: hubRole },
      { action: 'sts:AssumeRole', resource: provisionerRole },
      { action: 'sts:AssumeRole', resource: planRole },
    ])
    expect([hubRole, provisionerRole, planRole].map((arn) => arn.split('/').at(-1))).toEqual(
      [HubRole, ProvisionerRole, PlanRole].map(({ RoleName }) => RoleName),
    )
  })

  it('leads from the hub role to the roles that its policy names, and to no other', async () => {
    const policy = policyOf(HubRole)
    const assumed = hops().filter(({ action }) => action === 'sts:AssumeRole')
    expect(policy.Statement.map(({ Action, Resource }) => [Action, Resource])).toEqual([
      ['sts:AssumeRole', assumed.map(({ resource }) => resource)],
    ])
    for (const { resource } of assumed) {
      expect(await mayAssume(resource)).toBe(true)
      const policyWithout = without(policy, 0, 'Resource', resource)
      expect(await mayAssume(resource, { identityPolicies: [{ name: 'hub', policy: policyWithout }] })).toBe(false)
    }
    expect(await mayAssume(`arn:aws:iam::${account}:role/administrator`)).toBe(false)
    expect(await mayAssume(provisionerRole.replace(account, '333333333333'))).toBe(false)
  })

  it.each<[string, Partial<Question>]>([
    ['without the external id', { contextVariables: {} }],
    ['with another external id', { contextVariables: { 'sts:ExternalId': 'Tenant-Tables' } }],
    ['from another role of the hub account', { principal: session.replace('github-hub', 'other') }],
    ['from a role of that name in another account', { principal: session.replace(hubAccount, '333333333333') }],
  ])('is closed to a session %s', async (_, changes) => {
    const identityPolicies = [
      {
        name: 'everything',
        policy: { ...policyOf(HubRole), Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] },
      },
    ]
    for (const role of trusts.keys()) {
      expect(await mayAssume(role, { identityPolicies })).toBe(true)
      expect(await mayAssume(role, { identityPolicies, ...changes })).toBe(false)
    }
  })

  describe('with a source identity and session tags', () => {
    const inputs = { 'role-source-identity': 'deploy', 'role-session-tags': 'team=planner' }
    const opened = { AllowSourceIdentity: 'true', AllowSessionTags: 'true' }
    const hub = policyOf(renderHub(opened).HubRole)
    const target = renderTarget(opened)
    const named = new Map<string, Policy>([
      [provisionerRole, target.ProvisionerRole.AssumeRolePolicyDocument],
      [planRole, target.PlanRole.AssumeRolePolicyDocument],
    ])
    const hopTo = (resource: string): readonly IamAction[] =>
      ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'].map((action) => ({ action, resource }))
    const trustedBy = (role: string) => named.get(role) ?? { Version: '', Statement: [] }

    /** The denied actions on the way to a role. STS checks the external id for AssumeRole only. */
    async function deniedOnWayTo(role: string, hubPolicy: Policy, trust: Policy): Promise<readonly string[]> {
      const answers = await Promise.all(
        hopTo(role).map((each) =>
          isAllowed(each, {
            principal: session,
            identityPolicies: [{ name: 'hub', policy: hubPolicy }],
            resourcePolicy: trust,
            contextVariables: each.action === 'sts:AssumeRole' ? { 'sts:ExternalId': externalId } : {},
          }),
        ),
      )
      return hopTo(role).flatMap(({ action }, index) => (answers[index] ? [] : [action]))
    }

    it.each<[string, Command]>([
      [provisionerRole, 'apply'],
      [planRole, 'plan'],
    ])('leads to %s, and needs each action in both policies', async (role, command) => {
      await reset()
      expect((await runAs(role, { command, ...inputs })).errors).toEqual([])
      const last = sandbox.requests.findLast(({ operation }) => operation === 'AssumeRole')
      expect(last?.actions).toEqual(hopTo(role))

      const trust = trustedBy(role)
      expect(await deniedOnWayTo(role, hub, trust)).toEqual([])
      for (const [at, { Action }] of hub.Statement.entries()) {
        expect(await deniedOnWayTo(role, without(hub, at, 'Resource', role), trust)).toEqual([Action])
      }
      for (const { Action } of trust.Statement) {
        const less = { ...trust, Statement: trust.Statement.filter((each) => each.Action !== Action) }
        expect(await deniedOnWayTo(role, hub, less)).toEqual([Action])
      }
      expect(actionsOf(trust)).toEqual(actionsOf(hub))
    })

    it('is closed unless the parameters of both stacks allow it', async () => {
      const denied = ['sts:TagSession', 'sts:SetSourceIdentity']
      for (const role of named.keys()) {
        const closed = trusts.get(role) ?? hub
        expect(await deniedOnWayTo(role, policyOf(HubRole), trustedBy(role))).toEqual(denied)
        expect(await deniedOnWayTo(role, hub, closed)).toEqual(denied)
      }
    })

    it.each<[string, Strings, string]>([
      ['the source identity', { AllowSourceIdentity: 'true' }, 'sts:SetSourceIdentity'],
      ['session tags', { AllowSessionTags: 'true' }, 'sts:TagSession'],
    ])('%s can be allowed alone', (_, parameters, action) => {
      const opening = ['sts:AssumeRole', action]
      expect(actionsOf(policyOf(renderHub(parameters).HubRole))).toEqual(opening)
      for (const role of ['ProvisionerRole', 'PlanRole'] as const)
        expect(actionsOf(renderTarget(parameters)[role].AssumeRolePolicyDocument)).toEqual(opening)
    })

    it('is closed to other roles of the hub account', async () => {
      const { Statement, ...rest } = hub
      const everything = { ...rest, Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] }
      for (const [resource, resourcePolicy] of named)
        for (const { action } of hopTo(resource).slice(1))
          for (const [principal, open] of [
            [session, true],
            [session.replace('github-hub', 'other'), false],
          ] as const) {
            const identityPolicies = [{ name: 'everything', policy: everything }]
            expect(await isAllowed({ action, resource }, { principal, identityPolicies, resourcePolicy })).toBe(open)
          }
      expect(Statement).toHaveLength(3)
    })
  })

  it('leads to the role that only plans from its own hub role, where the template is given one', async () => {
    const planHubRole = `${hubRole}-plan`
    const { ProvisionerRole, PlanRole } = renderTarget({ PlanHubRoleArn: planHubRole })
    const principalOf = ({ AssumeRolePolicyDocument: { Statement } }: Role) => Statement.map((each) => each.Principal)
    expect(principalOf(ProvisionerRole)).toEqual([{ AWS: hubRole }])
    expect(principalOf(PlanRole)).toEqual([{ AWS: planHubRole }])
  })
})

describe.each<[name: string, role: Role, arn: string]>([
  ['the hub role', renderHub().HubRole, hubRole],
  ['the role of a single account', renderSingle(), `arn:aws:iam::${account}:role/tenant-tables`],
])('%s, for a token of GitHub', (_, role, arn) => {
  const host = 'token.actions.githubusercontent.com'
  // The simulator knows these two keys for Google's provider, but not for GitHub's. They mean the same.
  const asKnown = (text: string) => text.replaceAll(new RegExp(`${host}:(aud|sub)`, 'g'), 'accounts.google.com:$1')
  const claims = { aud: 'sts.amazonaws.com', sub: 'repo:acme@1/app@2:environment:dev', repository_id: '2' }
  const mayBegin = (changes: Partial<typeof claims>) =>
    isAllowed(
      { action: 'sts:AssumeRoleWithWebIdentity', resource: arn },
      {
        principal: provider.replace(hubAccount, arn.split(':')[4] ?? ''),
        identityPolicies: [],
        resourcePolicy: JSON.parse(asKnown(JSON.stringify(role.AssumeRolePolicyDocument))),
        contextVariables: Object.fromEntries(
          Object.entries({ ...claims, ...changes }).map(([name, value]) => [asKnown(`${host}:${name}`), value]),
        ),
      },
    )

  it.each([claims.sub, 'repo:acme/app:environment:dev'])('is open to %s', async (sub) => {
    expect(await mayBegin({ sub })).toBe(true)
  })

  it.each<[string, Partial<typeof claims>]>([
    ['another environment', { sub: 'repo:acme@1/app@2:environment:production' }],
    ['an environment with the same prefix', { sub: 'repo:acme@1/app@2:environment:dev2' }],
    ['a job without environment', { sub: 'repo:acme@1/app@2:ref:refs/heads/main' }],
    ['a pull request', { sub: 'repo:acme@1/app@2:pull_request' }],
    ['another repository', { sub: 'repo:acme/api:environment:dev' }],
    ['another owner', { sub: 'repo:evil/app:environment:dev' }],
    ['another owner who took over the name', { sub: 'repo:acme@9/app@9:environment:dev', repository_id: '9' }],
    ['a new repository under the old name', { sub: 'repo:acme/app:environment:dev', repository_id: '9' }],
    ['a star', { sub: 'repo:acme@1/app@2:*' }],
    ['another audience', { aud: 'https://github.com/acme' }],
  ])('is closed to %s', async (_, changes) => {
    expect(await mayBegin(changes)).toBe(false)
  })
})

describe('the printed policies are those of the templates:', () => {
  const page = 'docs/accounts-and-credentials.md'
  const headings: Readonly<Record<string, string>> = {
    hub: 'Policy: hub role',
    trust: 'Trust policy: jobs of one environment',
    'chained trust': 'Trust policy: target role',
  }
  const printed = (name: string) =>
    JSON.parse(codeBlockUnder(page, headings[name] ?? `Policy: ${name}`, 'json')) as Policy
  const target = renderTarget({ TableNames: 'tenant,users', ...verifying, ...destroying })
  const ofSid = (sid: string): Policy => {
    const policy = policyOf(target.ProvisionerRole)
    return { ...policy, Statement: policy.Statement.filter(({ Sid }) => Sid === sid) }
  }

  it.each([
    ['apply', ofSid('Tables')],
    ['verify', ofSid('SampleItems')],
    ['plan', policyOf(target.PlanRole)],
    ['hub', policyOf(renderHub({ TargetRoleArns: provisionerRole }).HubRole)],
  ])('%s', (name, granted) => {
    expect(actionsOf(granted)).not.toEqual([])
    expect(actionsOf(granted)).toEqual(actionsOf(printed(name)))
    // The account and the region are in the condition.
    const place = `arn:aws:dynamodb:${region}:${account}:`
    const named = resourcesOf(granted).map((resource) => resource.replace('arn:*:dynamodb:*:*:', place))
    expect(named).toEqual(resourcesOf(printed(name)))
  })

  it.each<[command: Command, names: readonly string[]]>([
    ['apply', ['apply']],
    ['plan', ['plan']],
    ['verify', ['plan', 'verify']],
  ])('what %s needs is allowed by the printed policies %p, and no more', async (command, names) => {
    const Statement = names.flatMap((name) => printed(name).Statement)
    // The tables of the page have no prefix.
    const needed = neededBy([command]).map(({ action, resource }) => ({
      action,
      resource: resource.replace(prefix, ''),
    }))
    await expectToBeLeast({ Version: '2012-10-17', Statement }, needed)
  })

  it('the printed policy of the hub role allows to assume the provisioner role', async () => {
    const [named = ''] = resourcesOf(printed('hub'))
    const mayAssume = (policy: Policy) =>
      isAllowed(
        { action: 'sts:AssumeRole', resource: named },
        {
          principal: `arn:aws:sts::${hubAccount}:assumed-role/github-hub/a-session`,
          identityPolicies: [{ name: 'printed', policy }],
          resourcePolicy: printed('chained trust'),
          contextVariables: { 'sts:ExternalId': externalId },
        },
      )
    expect(await mayAssume(printed('hub'))).toBe(true)
    expect(await mayAssume({ ...printed('hub'), Statement: [] })).toBe(false)
  })

  it('chained trust', () => {
    const { Statement } = target.ProvisionerRole.AssumeRolePolicyDocument
    const unnamed = Statement.map(({ Sid: _, ...statement }) => statement)
    expect(unnamed).toEqual(printed('chained trust').Statement)
  })

  it('trust, to which the template adds the older form of sub and the repository id', () => {
    const equalsOf = ({ Statement }: Policy) =>
      Statement.map(
        ({ Condition }) => (Condition as { readonly StringEquals: Readonly<Record<string, string>> }).StringEquals,
      )
    const [needed = {}] = equalsOf(printed('trust'))
    const [granted = {}] = equalsOf(renderHub({ Environment: 'production' }).HubRole.AssumeRolePolicyDocument)
    expect(Object.keys(needed)).not.toEqual([])
    for (const [key, value] of Object.entries(needed))
      expect(listed(granted[key] ?? [])).toEqual(expect.arrayContaining([...listed(value)]))
  })

  it('destroy, which the text names', () => {
    expect(actionsOf(ofSid('Deletion'))).toEqual(['dynamodb:DeleteTable'])
    expect(read(page)).toContain('| `destroy` | policy *plan* and `dynamodb:DeleteTable` |')
  })
})
