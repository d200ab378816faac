/** Runs of a command on any definitions against the sandbox, as the action makes them after its login. */
import type { SandboxOptions, Watcher } from '../../sandbox/sandbox.ts'
import { applyPlan } from '../../src/apply/apply.ts'
import { countReads, observeTables } from '../../src/apply/observe.ts'
import type { Outcome } from '../../src/apply/outcome.ts'
import { verifyTables } from '../../src/apply/verify.ts'
import { openConnections } from '../../src/aws/connections.ts'
import { loadDynamoDb } from '../../src/aws/dynamodb.ts'
import { connectKms } from '../../src/aws/kms.ts'
import { defaultTimeOuts } from '../../src/network/network.ts'
import { describeStep, nameStep } from '../../src/plan/description.ts'
import type { Plan, TableCommand } from '../../src/plan/plan.ts'
import { planTables } from '../../src/plan/planner.ts'
import { type Clock, withinDeadline } from '../../src/run/run.ts'
import { resolveDefinitions } from '../../src/table/resolve.ts'
import type { TableDefinition } from '../../src/table/table.ts'
import type { Target } from '../../src/table/target.ts'
import { aTarget } from './builders.ts'
import { type Emulator, startEmulator } from './emulator.ts'

export interface Login {
  readonly target: Target
  /** An access key that the sandbox knows, of the account of the target. */
  readonly key: { readonly accessKeyId: string; readonly secretAccessKey: string }
  readonly clock: Clock
}

export interface RunOptions {
  /** Default: none. */
  readonly allow?: readonly string[]
  /** Default: true. */
  readonly waitForIndexes?: boolean
  /** Fires as on SIGINT. */
  readonly interrupted?: AbortSignal
}

interface Result {
  readonly plan: Plan
  readonly outcome: Outcome
  readonly lines: readonly string[]
}

/** Performs one run. Throws the error that ended it before its outcome. */
async function perform(
  command: TableCommand,
  declared: readonly TableDefinition[],
  { target, key, clock }: Login,
  { allow = [], waitForIndexes = true, interrupted = new AbortController().signal }: RunOptions = {},
): Promise<Result> {
  const lines: string[] = []
  const log = { info: (line: string) => void lines.push(line), startGroup: () => undefined, endGroup: () => undefined }
  return await withinDeadline({ clock, log, timeoutSeconds: 21_600, interrupted }, async (run) => {
    const job = { variables: {}, mask: () => undefined, endpoints: [] }
    const connections = openConnections(target.region, job, run, defaultTimeOuts)
    const connect = await loadDynamoDb({ ...connections, waiting: Promise.resolve() }, countReads(declared), run)
    const dynamoDb = connect(async () => key, target)
    const readKey = connectKms(connections.clientOptions, dynamoDb.credentials, run, target)
    const definitions = await resolveDefinitions(declared, target, readKey)
    const observation = await observeTables(dynamoDb, target, definitions, run)
    const plan = planTables(target, definitions, observation.observed, { destroy: command === 'destroy', allow })
    const work = { dynamoDb, target, definitions, ...observation, plan, waitForIndexes, run }
    if (command === 'apply' || command === 'destroy') return { plan, outcome: await applyPlan(work), lines }
    const { error } = command === 'verify' ? await verifyTables({ ...work, sampleItems: true }) : {}
    return { plan, outcome: { steps: [], observed: observation.observed, error }, lines }
  })
}

/** Runs a command with a login of the test. Throws the error of the run. */
export async function runDefinitions(
  command: TableCommand,
  definitions: readonly TableDefinition[],
  login: Login,
): Promise<void> {
  const { plan, outcome } = await perform(command, definitions, login)
  if (plan.refusals.length > 0) throw new Error(JSON.stringify(plan.refusals))
  if (outcome.error !== undefined) throw outcome.error
}

export interface SandboxRun extends Result {
  /** The steps of the plan, as text. */
  readonly steps: readonly string[]
  readonly statuses: readonly string[]
  /** Such as `update Tags of "users": applied`. */
  readonly results: readonly string[]
  /** The reason why the tables do not match their definitions. */
  readonly error: unknown
  /** The operations of the run, in their order. */
  readonly operations: readonly string[]
  /** In seconds, by the clock of the run. */
  readonly took: number
}

export interface SandboxRuns extends Pick<Emulator, 'sandbox' | 'clock' | 'hands'> {
  readonly emulator: Emulator
  /** Applies the definition of the table "users". The log of requests has only the requests of this run. */
  readonly apply: (
    definition: TableDefinition,
    options?: RunOptions & { readonly watch?: Watcher },
  ) => Promise<SandboxRun>
  /** Makes an UpdateTable of the table "users", as someone else. */
  readonly change: (input: object) => Promise<void>
  /** The writes of the last run that were performed, such as `Create by-email` for an index. */
  readonly writes: () => readonly string[]
}

const key = { accessKeyId: 'AKIASANDBOXRUNSTEST1', secretAccessKey: 'sandbox/runs/test/secret/000000000000000' }

/** Starts an emulator for the tests of a file. Each test begins without tables. */
export async function startSandboxRuns(options: SandboxOptions = {}): Promise<SandboxRuns> {
  const target = aTarget()
  const principal = `arn:aws:iam::${target.account}:user/test`
  const emulator = await startEmulator({ accessKeys: [{ ...key, principal }], ...options })
  const { clock, sandbox, hands } = emulator
  beforeEach(() => emulator.reset())
  afterAll(() => emulator.close())
  return {
    emulator,
    clock,
    sandbox,
    hands,
    apply: async (definition, { watch, ...given } = {}) => {
      sandbox.clearRequests()
      const start = clock.now()
      const work = () => perform('apply', [definition], { target, key, clock }, given)
      const result = await emulator.perform(work, watch)
      const { plan, outcome } = result
      return {
        ...result,
        steps: plan.steps.map(describeStep),
        statuses: outcome.steps.map(({ result: { status } }) => status),
        results: outcome.steps.map(({ step, result: { status } }) => `${nameStep(step)}: ${status}`),
        error: outcome.error,
        operations: sandbox.requests.map(({ operation }) => operation),
        took: (clock.now() - start) / 1000,
      }
    },
    change: async (input) => {
      await hands.call('UpdateTable', { TableName: 'users', ...input })
    },
    writes: () =>
      sandbox.requests
        .filter(({ operation, isDone }) => isDone && !/^(Describe|List)/.test(operation))
        .map(({ operation, input }) => {
          const [update] =
            (input as { GlobalSecondaryIndexUpdates?: readonly object[] }).GlobalSecondaryIndexUpdates ?? []
          const [[action, index] = []] = Object.entries(update ?? {}) as [string, { IndexName: string }][]
          return action === undefined ? operation : `${action} ${index?.IndexName}`
        }),
  }
}
