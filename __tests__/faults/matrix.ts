/**
 * Every call of every scenario, broken in every way, one at a time. A case ends well when the run succeeds, or fails with an
 * error that says what to do; when the run after it converges; and when no item, no table and no id was lost on the way.
 */
import type { Fault } from '../../sandbox/faults.ts'
import { type AccountHands, type Sandbox, startSandbox, type Watcher } from '../../sandbox/sandbox.ts'
import { externalId, hubAccessKey, hubRole, provisionerRole, twoAccounts } from '../../sandbox/two-accounts.ts'
import { main } from '../../src/main.ts'
import { fastClock } from '../support/clock.ts'
import { type RecordedRun, recordingRunner } from '../support/recording-runner.ts'

const region = 'ap-south-1'
const account = '222222222222'
const tables = ['tenant', 'users'] as const
type Inputs = Readonly<Record<string, string>>

interface Preparation {
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

const ownTags = { 'tenant-tables:environment': 'dev', 'tenant-tables:managed-by': 'tenant-tables' }

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
    name: 'drift: a tag',
    inputs: { tags: 'team=planner' },
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
    name: 'drift: everything, on tables of a stack',
    inputs: live,
    prepare: (given) => makeTables(given, { tags: { owner: 'somebody' }, billing: 'PROVISIONED' }),
  },
  { name: 'verify', inputs: { command: 'verify' }, prepare: (given) => makeTables(given) },
  {
    name: 'destroy',
    inputs: { command: 'destroy', 'confirm-destroy': 'tenant\nusers' },
    prepare: (given) => makeTables(given),
  },
]

/** How a call is broken. */
export type Break =
  | { readonly name: string; readonly fault: Omit<Fault, 'after' | 'times'> }
  | { readonly name: string; readonly killed: 'before' | 'after' }

export const breaks: readonly Break[] = [
  { name: 'throttled', fault: { kind: 'throttle' } },
  { name: 'answered 500', fault: { kind: 'error', status: 500 } },
  { name: 'answered 503', fault: { kind: 'error', status: 503, errorName: 'ServiceUnavailable' } },
  { name: 'reset', fault: { kind: 'reset' } },
  { name: 'cut off in the middle', fault: { kind: 'cut' } },
  { name: 'later than the time-out', fault: { kind: 'delay', milliseconds: 400 } },
  { name: 'answered with a page', fault: { kind: 'html' } },
  { name: 'done, its answer lost', fault: { kind: 'lost-answer' } },
  { name: 'killed before it', killed: 'before' },
  { name: 'killed after it', killed: 'after' },
]

export interface Case {
  readonly scenario: Scenario
  readonly broken: Break
  /** Of the run's requests, from 1 up. */
  readonly call: number
}

export interface CaseResult {
  readonly succeeded: boolean
  /** What should not be; empty where the case ended well. */
  readonly unexplained: readonly string[]
  readonly lost: readonly string[]
}

type Item = Readonly<Record<string, { readonly S: string }>>

export interface FaultBed {
  readonly sandbox: Sandbox
  readonly countCalls: (scenario: Scenario) => Promise<number>
  readonly runCase: (each: Case) => Promise<CaseResult>
  readonly close: () => Promise<void>
}

/** Milliseconds: long for this machine, short beside the delay that is to exceed them. */
const timeOuts = { connect: 2000, request: 250 }

/** The SDK finds its endpoint in the environment of the process, so a process has one bed at a time. */
export async function openBed(speed = 200): Promise<FaultBed> {
  const clock = fastClock(speed)
  const timings = { billingModeUpdating: 10_000, deletionProtectionCooldown: 0 }
  const sandbox = await startSandbox({ ...twoAccounts('dev'), now: clock.now, timings })
  process.env.AWS_ENDPOINT_URL = sandbox.url
  const hands = sandbox.account(account, region)
  let underWay = 0
  sandbox.watch((moment) => {
    underWay += moment === 'before' ? 1 : -1
  })

  async function act({ inputs, environment }: Scenario, own: Inputs = {}): Promise<RecordedRun> {
    const runner = recordingRunner(
      {
        environment: 'dev',
        'aws-region': region,
        'role-to-assume': `${hubRole}\n${provisionerRole}`,
        'role-external-id': externalId,
        ...inputs,
        ...own,
      },
      { ...sandbox.environment, ...environment },
    )
    await main(runner, clock, timeOuts)
    return runner.recorded
  }

  async function begin({ prepare }: Scenario): Promise<void> {
    sandbox.faults.clear()
    await sandbox.reset()
    await prepare?.({ hands, until })
    sandbox.clearRequests()
  }

  const until = async (isSo: (now: number) => boolean) => {
    while (!isSo(clock.now())) await new Promise((resolve) => setImmediate(resolve))
  }

  const idOf = (name: string): string | undefined => hands.table(name)?.id

  async function itemsIn(name: string): Promise<readonly Item[] | undefined> {
    // A table that is being deleted shows none.
    const scanned = await hands.call('Scan', { TableName: name }).catch(() => undefined)
    return scanned?.Items as readonly Item[] | undefined
  }

  return {
    sandbox,
    countCalls: async (scenario) => {
      await begin(scenario)
      const { exitCode, errors } = await act(scenario)
      if (exitCode !== 0) throw new Error(`${scenario.name} fails without a fault: ${errors.join()}`)
      return sandbox.requests.length
    },
    runCase: async ({ scenario, broken, call }) => {
      await begin(scenario)
      const before = new Map(tables.map((name) => [name, idOf(name)]))
      const itemsBefore = JSON.stringify(await Promise.all(tables.map(itemsIn)))
      const isDestroy = scenario.inputs.command === 'destroy'

      const isFault = 'fault' in broken
      if (isFault) sandbox.faults.add({ ...broken.fault, after: call - 1 })
      const unwatch = isFault ? undefined : sandbox.watch(killedAt(call, broken.killed))
      const first = await act(scenario)
      unwatch?.()
      sandbox.faults.clear()
      // What is late must arrive in this case, not in the next one. Of a killed run nothing is late.
      while (isFault && underWay > 0) await new Promise((resolve) => setImmediate(resolve))
      underWay = 0

      const unexplained: string[] = []
      if (first.exitCode === 1 && !first.errors.some((error) => error.includes('To fix: '))) {
        unexplained.push(`no remedy: ${first.errors.join() || 'no error at all'}`)
      }
      const second = await act(scenario)
      if (second.exitCode !== 0) unexplained.push(`did not converge: ${second.errors.join()}`)
      const plan = await act(scenario, { command: 'plan', ...(isDestroy ? { destroy: 'true' } : {}) })
      if (plan.outputs['has-changes'] !== 'false') unexplained.push(`something is left to do: ${plan.outputs.plan}`)

      const lost: string[] = []
      const succeeded = (operation: string) =>
        sandbox.requests.filter((request) => request.operation === operation && request.status === 200)
      for (const name of tables) {
        const created = succeeded('CreateTable').filter(({ table }) => table === name).length
        if (created > 1) lost.push(`"${name}" was made ${created} times`)
        if (isDestroy) continue
        if (before.get(name) !== undefined && idOf(name) !== before.get(name)) lost.push(`"${name}" is another table`)
      }
      if (!isDestroy && succeeded('DeleteTable').length > 0) lost.push('a table was deleted')
      // What was left behind, and named so that somebody can put it away, is not lost.
      const named = [...first.errors, ...first.warnings].join()
      const isNamed = ({ user_id, tenant_id }: Item) => named.includes((user_id ?? tenant_id)?.S ?? ' ')
      const after = (await Promise.all(tables.map(itemsIn))).map((items) => items?.filter((item) => !isNamed(item)))
      const itemsAfter = JSON.stringify(after)
      const isKept = scenario.prepare === undefined || itemsAfter === itemsBefore
      // Sample items of a verification that was cut off may stay, where no error could name them any more.
      const mayHaveLeft = scenario.inputs.command === 'verify' && 'killed' in broken
      if (!isDestroy && !isKept && !mayHaveLeft) lost.push(`items are other than before: ${itemsAfter}`)
      return { succeeded: first.exitCode === 0, unexplained, lost }
    },
    close: async () => {
      delete process.env.AWS_ENDPOINT_URL
      await sandbox.close()
    },
  }
}

/** From that call on nothing of the run arrives any more. */
function killedAt(call: number, moment: 'before' | 'after'): Watcher {
  let seen = 0
  return (when) => {
    if (when === 'before') seen += 1
    if (seen > call || (seen === call && when === moment)) throw new Error('The process is gone')
  }
}
