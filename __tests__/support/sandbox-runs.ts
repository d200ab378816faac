/** Runs that bring the table "users" in a sandbox to a definition, past the inputs and the session. */
import { type AccountHands, type Sandbox, type SandboxOptions, startSandbox } from '../../sandbox/sandbox.ts'
import { applyPlan } from '../../src/apply/apply.ts'
import { countReads, observeTables } from '../../src/apply/observe.ts'
import type { Outcome } from '../../src/apply/outcome.ts'
import { openConnections } from '../../src/aws/connections.ts'
import { loadDynamoDb } from '../../src/aws/dynamodb.ts'
import { connectKms } from '../../src/aws/kms.ts'
import { describeStep } from '../../src/plan/description.ts'
import type { Plan } from '../../src/plan/plan.ts'
import { planTables } from '../../src/plan/planner.ts'
import { withinDeadline } from '../../src/run/run.ts'
import { resolveDefinitions } from '../../src/table/resolve.ts'
import type { TableDefinition } from '../../src/table/table.ts'
import { aTarget } from './builders.ts'
import { fastClock } from './clock.ts'

const target = aTarget()
const key = { accessKeyId: 'AKIASANDBOXRUNSTEST1', secretAccessKey: 'sandbox/runs/test/secret/000000000000000' }

export interface SandboxRun {
  readonly plan: Plan
  readonly steps: readonly string[]
  readonly statuses: readonly string[]
  readonly outcome: Outcome
  /** The operations of the run, in their order. */
  readonly operations: readonly string[]
}

export interface SandboxRuns {
  readonly sandbox: Sandbox
  /** The account with the table, as someone else may change it. */
  readonly hands: AccountHands
  /** The time of the sandbox. */
  readonly now: () => number
  /** Plans for the definition and applies the plan, as a run does. */
  readonly apply: (definition: TableDefinition, allow?: readonly string[]) => Promise<SandboxRun>
  readonly close: () => Promise<void>
}

/** Starts a sandbox in which time passes fifty times faster, so that AWS's own durations take little of it. */
export async function startSandboxRuns(options: SandboxOptions = {}): Promise<SandboxRuns> {
  const clock = fastClock(50)
  const principal = `arn:aws:iam::${target.account}:user/test`
  const sandbox = await startSandbox({ now: clock.now, accessKeys: [{ ...key, principal }], ...options })
  process.env.AWS_ENDPOINT_URL = sandbox.url
  return {
    sandbox,
    hands: sandbox.account(target.account, target.region),
    now: clock.now,
    apply: async (definition, allow = []) => {
      sandbox.clearRequests()
      const log = { info: () => undefined, startGroup: () => undefined, endGroup: () => undefined }
      const interrupted = new AbortController().signal
      return await withinDeadline({ clock, log, timeoutSeconds: 1800, interrupted }, async (run) => {
        const connections = openConnections(target.region, { environment: {}, mask: () => undefined }, run)
        const connect = await loadDynamoDb(
          { ...connections, waiting: Promise.resolve() },
          countReads([definition]),
          run,
        )
        const dynamoDb = connect(async () => key, target)
        const describeKey = connectKms(connections.clientOptions, dynamoDb.credentials, run, target)
        const definitions = await resolveDefinitions([definition], target, describeKey)
        const observation = await observeTables(dynamoDb, target, definitions, run)
        const plan = planTables(target, definitions, observation.observed, { destroy: false, allow })
        const work = { dynamoDb, target, definitions, ...observation, plan, waitForIndexes: true, run }
        const outcome = await applyPlan(work)
        return {
          plan,
          steps: plan.steps.map(describeStep),
          statuses: outcome.steps.map(({ result }) => result.status),
          outcome,
          operations: sandbox.requests.map(({ operation }) => operation),
        }
      })
    },
    close: async () => {
      delete process.env.AWS_ENDPOINT_URL
      await sandbox.close()
    },
  }
}
