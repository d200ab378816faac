/** The scenarios of the fault tests: an account, and what the action does in it. */
import type { SandboxOptions } from '../../sandbox/options.ts'
import type { AccountHands, Sandbox } from '../../sandbox/sandbox.ts'
import { directRole, externalId, hubAccessKey, hubRole, provisionerRole } from '../../sandbox/two-accounts.ts'
import { defaultToken } from '../support/runner.ts'
import { fileScenarios } from './file-scenarios.ts'

export const region = 'ap-south-1'
export const account = '222222222222'
export const tables = ['tenant', 'users'] as const
export type Inputs = Readonly<Record<string, string>>

export interface Preparation {
  readonly hands: AccountHands
  /** Waits until this is true at the present time of the sandbox. */
  readonly until: (isSo: (now: number) => boolean) => Promise<void>
}

export interface Scenario {
  readonly name: string
  readonly inputs: Inputs
  /** Default: the built-in tables. */
  readonly definition?: FileDefinition
  /** Prepares the account, which is empty otherwise. */
  readonly prepare?: (preparation: Preparation) => Promise<void>
  readonly environment?: Inputs
}

/** A definition file, and what its tables must become. */
export interface FileDefinition {
  readonly text: string
  /** By the names of the tables. `checks.ts` describes tables in these words. */
  readonly tables: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  /** The changes that the run makes of each index and stream, such as `users: Create by-email`. */
  readonly changes: readonly string[]
}

export const definitionPath = 'tables.yml'

/** The content of the files in the workspace, by path. */
export function filesOf({ definition }: Scenario): Inputs {
  return definition === undefined ? {} : { [definitionPath]: definition.text }
}

export function tablesOf({ definition }: Scenario): readonly string[] {
  return definition === undefined ? tables : Object.keys(definition.tables)
}

export const repository = 'acme/app'
export const pullRequest = 7

/** The pull request that gets the comment: it was merged as the commit of the job. */
export const gitHub: NonNullable<SandboxOptions['gitHub']> = {
  tokens: [
    {
      token: defaultToken,
      login: 'github-actions[bot]',
      type: 'Bot',
      permissions: { contents: 'read', 'pull-requests': 'write' },
    },
  ],
  pullRequests: [
    {
      repository,
      number: pullRequest,
      state: 'merged',
      headSha: 'a'.repeat(40),
      mergeCommitSha: '0123456789abcdef0123456789abcdef01234567',
    },
  ],
}

/** Everything that GitHub received, and the comments that it shows. */
export function sentToGitHub(sandbox: Sandbox): string {
  const sent = sandbox.requests.filter(({ service }) => service === 'github').map(({ input }) => input)
  return JSON.stringify([sent, sandbox.gitHub.comments(repository, pullRequest)])
}

export const ownTags = { 'tenant-tables:environment': 'dev', 'tenant-tables:managed-by': 'tenant-tables' }

/** Shorter waits than those of AWS, which would take minutes. */
export const timings = {
  billingModeUpdating: 10_000,
  provisionedUpdating: 10_000,
  deletionProtectionCooldown: 0,
  indexCreating: 6000,
  indexAllocating: 2000,
  timeToLiveCooldown: 20_000,
}

/** @param own inputs of this run, which replace those of the scenario */
export function inputsOf({ inputs, definition }: Scenario, own: Inputs = {}): Inputs {
  return {
    ...(definition === undefined ? {} : { 'definition-file': definitionPath }),
    environment: 'dev',
    'aws-region': region,
    'role-to-assume': `${hubRole}\n${provisionerRole}`,
    'role-external-id': externalId,
    ...inputs,
    ...own,
  }
}

/** The inputs of a plan that shows what the scenario has left to do. */
export function planInputs(scenario: Scenario): Inputs {
  const { command } = scenario.inputs
  return inputsOf(scenario, { command: 'plan', ...(command === 'destroy' ? { destroy: 'true' } : {}) })
}

/** Creates both tables with an item each, as the action defines them apart from the changes. */
export async function createTables(
  { hands, until }: Preparation,
  changes: {
    tags?: Inputs
    billing?: 'PROVISIONED' | 'PAY_PER_REQUEST'
    isProtected?: boolean
    recovery?: boolean
  } = {},
): Promise<void> {
  const { tags = ownTags, billing = 'PAY_PER_REQUEST', isProtected = false, recovery = false } = changes
  for (const TableName of tables) {
    const keys = TableName === 'users' ? ['tenant_id', 'user_id'] : ['tenant_id']
    await hands.call('CreateTable', {
      TableName,
      AttributeDefinitions: keys.map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
      KeySchema: keys.map((AttributeName, index) => ({ AttributeName, KeyType: index === 0 ? 'HASH' : 'RANGE' })),
      BillingMode: billing,
      ...(billing === 'PROVISIONED' ? { ProvisionedThroughput: { ReadCapacityUnits: 1, WriteCapacityUnits: 1 } } : {}),
      DeletionProtectionEnabled: isProtected,
    })
  }
  await until((now) => tables.every((name) => (hands.table(name)?.activeAt ?? now) < now - 10_000))
  for (const TableName of tables) {
    const keys = TableName === 'users' ? ['tenant_id', 'user_id'] : ['tenant_id']
    hands.setTags(TableName, tags)
    const [hash = '', range] = keys
    const key = {
      [hash]: { S: 'item-of-another-team' },
      ...(range === undefined ? {} : { [range]: { S: 'item-of-another-team' } }),
    }
    await hands.call('PutItem', { TableName, Item: { ...key, note: { S: 'must be kept' } } })
    if (recovery) {
      const PointInTimeRecoverySpecification = { PointInTimeRecoveryEnabled: true, RecoveryPeriodInDays: 35 }
      await hands.call('UpdateContinuousBackups', { TableName, PointInTimeRecoverySpecification })
    }
  }
}

const live = { environment: 'live', 'production-environments': 'live' }
const liveTags = { ...ownTags, 'tenant-tables:environment': 'live' }

export const builtInScenarios: readonly Scenario[] = [
  { name: 'create in dev', inputs: {} },
  { name: 'create in production', inputs: live },
  {
    name: 'create in dev with one role',
    inputs: { 'role-to-assume': directRole, 'role-external-id': '' },
  },
  {
    name: 'create in dev with an access key and one role',
    inputs: { 'role-to-assume': provisionerRole },
    environment: {
      AWS_ACCESS_KEY_ID: hubAccessKey.accessKeyId,
      AWS_SECRET_ACCESS_KEY: hubAccessKey.secretAccessKey,
    },
  },
  {
    name: 'drift: billing',
    inputs: {},
    prepare: (given) => createTables(given, { billing: 'PROVISIONED' }),
  },
  {
    name: 'drift: a tag, reported in a comment',
    inputs: { tags: 'team=planner', comment: 'true' },
    prepare: (given) => createTables(given, { tags: { ...ownTags, team: 'other' } }),
  },
  {
    name: 'drift: protection',
    inputs: live,
    prepare: (given) => createTables(given, { tags: liveTags, recovery: true }),
  },
  {
    name: 'drift: recovery',
    inputs: live,
    prepare: (given) => createTables(given, { tags: liveTags, isProtected: true }),
  },
  {
    name: 'adoption of tables that differ in everything',
    inputs: { ...live, allow: 'adopt-table' },
    prepare: (given) => createTables(given, { tags: { owner: 'another-team' }, billing: 'PROVISIONED' }),
  },
  { name: 'verify', inputs: { command: 'verify' }, prepare: (given) => createTables(given) },
  {
    name: 'destroy',
    inputs: { command: 'destroy', 'confirm-destroy': 'tenant\nusers' },
    prepare: (given) => createTables(given),
  },
]

export const scenarios: readonly Scenario[] = [...builtInScenarios, ...fileScenarios]
