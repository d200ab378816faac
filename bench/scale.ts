/** Observes, plans and applies many tables in this process, to show how requests and time grow with their number. */
import { performance } from 'node:perf_hooks'
import { sequentialDepth } from '../sandbox/request-log.ts'
import { type SandboxOptions, startSandbox } from '../sandbox/sandbox.ts'
import { applyPlan } from '../src/apply/apply.ts'
import { countReads, observeTables } from '../src/apply/observe.ts'
import { openConnections } from '../src/aws/connections.ts'
import { loadDynamoDb } from '../src/aws/dynamodb.ts'
import { builtInDefinition } from '../src/definition/built-in.ts'
import { defineTables } from '../src/definition/definition.ts'
import { defaultTimeOuts } from '../src/network/network.ts'
import { planTables } from '../src/plan/planner.ts'
import { systemClock, withinDeadline } from '../src/run/run.ts'
import type { TableDefinition } from '../src/table/table.ts'
import type { Target } from '../src/table/target.ts'

export interface ScaleMeasurement {
  readonly tables: number
  readonly firstRun: Cost
  readonly noOp: Cost
}

export interface Cost {
  readonly calls: number
  readonly depth: number
  readonly wallMilliseconds: number
  readonly throttled: number
}

const target: Target = {
  account: '222222222222',
  partition: 'aws',
  region: 'ap-south-1',
  environment: { name: 'dev', production: false },
}

/** Tables that are like the built-in one for tenants, apart from their names. */
export function syntheticTables(count: number): readonly TableDefinition[] {
  const settings = { deletionProtection: 'auto', pointInTimeRecovery: 'auto', tags: new Map() } as const
  return Array.from({ length: count }, (_, index) => ({ tableNamePrefix: `${index}-` })).flatMap((prefix) =>
    defineTables(builtInDefinition, { ...target, ...settings, ...prefix }).slice(0, 1),
  )
}

const key = { accessKeyId: 'AKIASANDBOXBENCH0001', secretAccessKey: 'sandbox/bench/secret/access/key/00000000' }

export async function measureScale(count: number, options: SandboxOptions = {}): Promise<ScaleMeasurement> {
  const principal = 'arn:aws:iam::222222222222:user/bench'
  const sandbox = await startSandbox({ ...options, accessKeys: [{ ...key, principal }] })
  const definitions = syntheticTables(count)
  process.env.AWS_ENDPOINT_URL = sandbox.url
  const quiet = { info: () => undefined, startGroup: () => undefined, endGroup: () => undefined }

  async function runOnce(): Promise<Cost> {
    sandbox.clearRequests()
    const start = performance.now()
    const interrupted = new AbortController().signal
    await withinDeadline({ clock: systemClock, log: quiet, timeoutSeconds: 600, interrupted }, async (run) => {
      const job = { variables: {}, mask: () => undefined, endpoints: [] }
      const connections = openConnections(target.region, job, run, defaultTimeOuts)
      const connect = await loadDynamoDb({ ...connections, waiting: Promise.resolve() }, countReads(definitions), run)
      const dynamoDb = connect(async () => key, target)
      const observation = await observeTables(dynamoDb, target, definitions, run)
      const plan = planTables(target, definitions, observation.observed, { destroy: false, allow: [] })
      const { error } = await applyPlan({
        dynamoDb,
        target,
        definitions,
        ...observation,
        plan,
        waitForIndexes: true,
        run,
      })
      if (error !== undefined) throw error
    })
    return {
      calls: sandbox.requests.length,
      depth: sequentialDepth(sandbox.requests),
      wallMilliseconds: performance.now() - start,
      throttled: sandbox.requests.filter(({ error }) => error === 'ThrottlingException').length,
    }
  }

  try {
    return { tables: count, firstRun: await runOnce(), noOp: await runOnce() }
  } finally {
    delete process.env.AWS_ENDPOINT_URL
    await sandbox.close()
  }
}
