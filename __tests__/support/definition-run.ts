/** Runs a command on any definitions against the sandbox, as the action does after its login. */
import { applyPlan } from '../../src/apply/apply.ts'
import { countReads, observeTables } from '../../src/apply/observe.ts'
import { verifyTables } from '../../src/apply/verify.ts'
import { openConnections } from '../../src/aws/connections.ts'
import { loadDynamoDb } from '../../src/aws/dynamodb.ts'
import type { TableCommand } from '../../src/plan/plan.ts'
import { planTables } from '../../src/plan/planner.ts'
import { type Clock, withinDeadline } from '../../src/run/run.ts'
import type { TableDefinition } from '../../src/table/table.ts'
import type { Target } from '../../src/table/target.ts'

export interface DefinitionRun {
  readonly target: Target
  /** An access key that the sandbox knows, of the account of the target. */
  readonly key: { readonly accessKeyId: string; readonly secretAccessKey: string }
  readonly clock: Clock
}

/** @returns the lines of the log; throws the error of the run */
export async function runDefinitions(
  command: TableCommand,
  definitions: readonly TableDefinition[],
  { target, key, clock }: DefinitionRun,
): Promise<readonly string[]> {
  const lines: string[] = []
  const log = { info: (line: string) => void lines.push(line), startGroup: () => undefined, endGroup: () => undefined }
  const interrupted = new AbortController().signal
  await withinDeadline({ clock, log, timeoutSeconds: 1800, interrupted }, async (run) => {
    const connections = openConnections(target.region, { environment: {}, mask: () => undefined }, run)
    const connect = await loadDynamoDb({ ...connections, waiting: Promise.resolve() }, countReads(definitions), run)
    const dynamoDb = connect(async () => key, target)
    const observation = await observeTables(dynamoDb, target, definitions, run)
    const plan = planTables(target, definitions, observation.observed, { destroy: command === 'destroy', allow: [] })
    if (plan.refusals.length > 0) throw new Error(JSON.stringify(plan.refusals))
    const work = { dynamoDb, target, definitions, ...observation, plan, sampleItems: true, waitForIndexes: true, run }
    const result = command === 'verify' ? await verifyTables(work) : command === 'plan' ? {} : await applyPlan(work)
    if ('error' in result && result.error !== undefined) throw result.error
  })
  return lines
}
