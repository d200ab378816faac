/** A sandbox to which a test applies definitions, as runs do. */

import type { Timings } from '../../sandbox/options.ts'
import { type Sandbox, startSandbox } from '../../sandbox/sandbox.ts'
import { applyPlan } from '../../src/apply/apply.ts'
import { countReads, observeTables } from '../../src/apply/observe.ts'
import type { Outcome } from '../../src/apply/outcome.ts'
import { openConnections } from '../../src/aws/connections.ts'
import { loadDynamoDb } from '../../src/aws/dynamodb.ts'
import { describeStep } from '../../src/plan/description.ts'
import type { Refusal } from '../../src/plan/plan.ts'
import { planTables } from '../../src/plan/planner.ts'
import { withinDeadline } from '../../src/run/run.ts'
import type { TableDefinition } from '../../src/table/table.ts'
import { aTarget } from './builders.ts'
import { fastClock } from './clock.ts'

const key = { accessKeyId: 'AKIAPROPERTYTEST0001', secretAccessKey: 'sandbox/property/test/secret/0000000000000' }

export interface PropertySandbox {
  /** @param timings in addition to those of the block */
  start(timings?: Partial<Timings>): Promise<void>
  sandbox(): Sandbox
  /** Plans for the definition and applies the plan, as a run does. The request log has only the requests of this run. */
  apply(definition: TableDefinition): Promise<{
    readonly steps: readonly string[]
    readonly refusals: readonly Refusal[]
    readonly outcome: Outcome
    readonly statuses: readonly string[]
  }>
  /** Makes an UpdateTable of the table "users", as someone else. */
  change(input: object): Promise<void>
}

/** The sandbox of a describe block, closed after each test. Tables are ACTIVE at once. */
export function startPropertySandbox(timings: Partial<Timings> = {}): PropertySandbox {
  const target = aTarget()
  const clock = fastClock(10)
  let sandbox: Sandbox

  afterEach(async () => {
    delete process.env.AWS_ENDPOINT_URL
    await sandbox.close()
  })

  return {
    sandbox: () => sandbox,
    start: async (more = {}) => {
      const principal = `arn:aws:iam::${target.account}:user/test`
      sandbox = await startSandbox({
        now: clock.now,
        timings: { creating: 0, creatingWithIndexes: 0, ...timings, ...more },
        accessKeys: [{ ...key, principal }],
      })
      process.env.AWS_ENDPOINT_URL = sandbox.url
    },
    change: async (input) => {
      await sandbox.account(target.account, target.region).call('UpdateTable', { TableName: 'users', ...input })
    },
    apply: async (definition) => {
      sandbox.clearRequests()
      const log = { info: () => undefined, startGroup: () => undefined, endGroup: () => undefined }
      const interrupted = new AbortController().signal
      return await withinDeadline({ clock, log, timeoutSeconds: 600, interrupted }, async (run) => {
        const connections = openConnections(target.region, { environment: {}, mask: () => undefined }, run)
        const connect = await loadDynamoDb(
          { ...connections, waiting: Promise.resolve() },
          countReads([definition]),
          run,
        )
        const dynamoDb = connect(async () => key, target)
        const observation = await observeTables(dynamoDb, target, [definition], run)
        const plan = planTables(target, [definition], observation.observed)
        const outcome = await applyPlan({
          dynamoDb,
          target,
          definitions: [definition],
          ...observation,
          plan,
          waitForIndexes: true,
          run,
        })
        return {
          steps: plan.steps.map(describeStep),
          refusals: plan.refusals,
          outcome,
          statuses: outcome.steps.map(({ result }) => result.status),
        }
      })
    },
  }
}
