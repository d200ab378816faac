/** What the action is to do, on what, for those who break it on the way. */
import type { SandboxOptions } from '../../sandbox/options.ts'
import type { AccountHands, Sandbox } from '../../sandbox/sandbox.ts'
import { directRole, externalId, hubAccessKey, hubRole, provisionerRole } from '../../sandbox/two-accounts.ts'
import { defaultToken } from '../support/runner.ts'

export const region = 'ap-south-1'
export const account = '222222222222'
export const tables = ['tenant', 'users'] as const
export type Inputs = Readonly<Record<string, string>>

export interface Preparation {
  readonly hands: AccountHands
  /** Waits for the clock that states follow. */
  readonly until: (isSo: (now: number) => boolean) => Promise<void>
}

export interface Scenario {
  readonly name: string
  readonly inputs: Inputs
  /** What the account holds before; nothing unless said. */
  readonly prepare?: (preparation: Preparation) => Promise<void>
  readonly environment?: Inputs
}

export const repository = 'acme/app'
export const pullRequest = 7

/** What a comment is written to: the pull request that the commit came from which the runner says it was started for. */
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

/** All that GitHub was sent, and what it shows of it. */
export function toldToGitHub(sandbox: Sandbox): string {
  const sent = sandbox.requests.filter(({ service }) => service === 'github').map(({ input }) => input)
  return JSON.stringify([sent, sandbox.gitHub.comments(repository, pullRequest)])
}

export const ownTags = { 'tenant-tables:environment': 'dev', 'tenant-tables:managed-by': 'tenant-tables' }

/** Of the sandbox, where AWS would keep a scenario waiting for minutes. */
export const timings = { billingModeUpdating: 10_000, deletionProtectionCooldown: 0 }

/** What a run is given: the inputs of the scenario, and what is `own` to this run. */
export function inputsOf({ inputs }: Scenario, own: Inputs = {}): Inputs {
  return {
    environment: 'dev',
    'aws-region': region,
    'role-to-assume': `${hubRole}\n${provisionerRole}`,
    'role-external-id': externalId,
    ...inputs,
    ...own,
  }
}

/** Looks at what a scenario is to reach. */
export function planInputs(scenario: Scenario): Inputs {
  const { command } = scenario.inputs
  return inputsOf(scenario, { command: 'plan', ...(command === 'destroy' ? { destroy: 'true' } : {}) })
}

/** Both tables with an item each, as the action leaves them, and then as somebody changed them. */
export async function makeTables(
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
      [hash]: { S: 'item-of-somebody' },
      ...(range === undefined ? {} : { [range]: { S: 'item-of-somebody' } }),
    }
    await hands.call('PutItem', { TableName, Item: { ...key, note: { S: 'not to be lost' } } })
    if (recovery) {
      const PointInTimeRecoverySpecification = { PointInTimeRecoveryEnabled: true, RecoveryPeriodInDays: 35 }
      await hands.call('UpdateContinuousBackups', { TableName, PointInTimeRecoverySpecification })
    }
  }
}

const live = { environment: 'live', 'production-environments': 'live' }
const liveTags = { ...ownTags, 'tenant-tables:environment': 'live' }

export const scenarios: readonly Scenario[] = [
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
    prepare: (given) => makeTables(given, { billing: 'PROVISIONED' }),
  },
  {
    name: 'drift: a tag, reported in a comment',
    inputs: { tags: 'team=planner', comment: 'true' },
    prepare: (given) => makeTables(given, { tags: { ...ownTags, team: 'other' } }),
  },
  {
    name: 'drift: protection',
    inputs: live,
    prepare: (given) => makeTables(given, { tags: liveTags, recovery: true }),
  },
  {
    name: 'drift: recovery',
    inputs: live,
    prepare: (given) => makeTables(given, { tags: liveTags, isProtected: true }),
  },
  {
    name: 'adoption of tables that differ in everything',
    inputs: { ...live, allow: 'adopt-table' },
    prepare: (given) => makeTables(given, { tags: { owner: 'somebody' }, billing: 'PROVISIONED' }),
  },
  { name: 'verify', inputs: { command: 'verify' }, prepare: (given) => makeTables(given) },
  {
    name: 'destroy',
    inputs: { command: 'destroy', 'confirm-destroy': 'tenant\nusers' },
    prepare: (given) => makeTables(given),
  },
]
