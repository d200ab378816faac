/** Runs that apply a definition of their own to the emulator, in virtual time: plan, apply, closing read. */
import type { Timings } from '../../sandbox/options.ts'
import type { Watcher } from '../../sandbox/sandbox.ts'
import { applyPlan } from '../../src/apply/apply.ts'
import { observeTables } from '../../src/apply/observe.ts'
import type { Outcome } from '../../src/apply/outcome.ts'
import { openConnections } from '../../src/aws/connections.ts'
import { loadDynamoDb } from '../../src/aws/dynamodb.ts'
import { describeStep, nameStep } from '../../src/plan/description.ts'
import type { Plan } from '../../src/plan/plan.ts'
import { planTables } from '../../src/plan/planner.ts'
import { withinDeadline } from '../../src/run/run.ts'
import type { TableDefinition } from '../../src/table/table.ts'
import { aTarget } from './builders.ts'
import { type Emulator, startEmulator } from './emulator.ts'

const key = { accessKeyId: 'AKIADEFINITIONRUN001', secretAccessKey: 'sandbox/definition/run/secret/000000000000' }

export interface DefinitionRun {
  /** Default: none. */
  readonly allow?: readonly string[]
  /** Default: true. */
  readonly waitForIndexes?: boolean
  readonly watch?: Watcher
  /** Fires as on SIGINT. */
  readonly interrupted?: AbortSignal
}

export interface FinishedRun {
  /** Absent if the run ended before the plan was made. */
  readonly plan?: Plan
  readonly outcome?: Outcome
  /** The failure that ended the run, or that of its apply. */
  readonly error?: unknown
  readonly steps: readonly string[]
  /** Such as `update Tags of "users": applied`. */
  readonly results: readonly string[]
  readonly lines: readonly string[]
  /** In seconds, by the clock of the run. */
  readonly took: number
}

export interface DefinitionRuns {
  readonly emulator: Emulator
  /** Applies the definition of the table "users". Never rejects. The request log has only the requests of this run. */
  readonly apply: (definition: TableDefinition, run?: DefinitionRun) => Promise<FinishedRun>
  /** The writes of the last run that were performed, such as `Create by-email` for an index. */
  readonly writes: () => readonly string[]
}

export async function startDefinitionRuns(timings: Partial<Timings> = {}): Promise<DefinitionRuns> {
  const target = aTarget()
  const principal = `arn:aws:iam::${target.account}:user/test`
  const emulator = await startEmulator({ timings, accessKeys: [{ ...key, principal }] })
  const { clock, sandbox } = emulator

  const apply = async (definition: TableDefinition, given: DefinitionRun = {}): Promise<FinishedRun> => {
    const { allow = [], waitForIndexes = true, watch, interrupted = new AbortController().signal } = given
    const lines: string[] = []
    const log = {
      info: (line: string) => void lines.push(line),
      startGroup: () => undefined,
      endGroup: () => undefined,
    }
    const start = clock.now()
    let plan: Plan | undefined
    let outcome: Outcome | undefined
    let error: unknown
    sandbox.clearRequests()
    const work = async () =>
      await withinDeadline({ clock, log, timeoutSeconds: 21_600, interrupted }, async (run) => {
        const connections = openConnections(target.region, { environment: {}, mask: () => undefined }, run)
        const connect = await loadDynamoDb({ ...connections, waiting: Promise.resolve() }, 1, run)
        const dynamoDb = connect(async () => key, target)
        const observation = await observeTables(dynamoDb, target, [definition], run)
        plan = planTables(target, [definition], observation.observed, { destroy: false, allow })
        const definitions = [definition]
        outcome = await applyPlan({ dynamoDb, target, definitions, ...observation, plan, waitForIndexes, run })
        error = outcome.error
      }).catch((reason: unknown) => {
        error = reason
      })
    await emulator.perform(work, watch)
    return {
      ...(plan === undefined ? {} : { plan }),
      ...(outcome === undefined ? {} : { outcome }),
      ...(error === undefined ? {} : { error }),
      steps: ((plan as Plan | undefined)?.steps ?? []).map(describeStep),
      results: ((outcome as Outcome | undefined)?.steps ?? []).map(
        ({ step, result }) => `${nameStep(step)}: ${result.status}`,
      ),
      lines,
      took: (clock.now() - start) / 1000,
    }
  }

  const writes = () =>
    sandbox.requests
      .filter(({ operation, isDone }) => isDone && !/^(Describe|List)/.test(operation))
      .map(({ operation, input }) => {
        const [update] =
          (input as { GlobalSecondaryIndexUpdates?: readonly object[] }).GlobalSecondaryIndexUpdates ?? []
        const [[action, index] = []] = Object.entries(update ?? {}) as [string, { IndexName: string }][]
        return action === undefined ? operation : `${action} ${index?.IndexName}`
      })

  return { emulator, apply, writes }
}
