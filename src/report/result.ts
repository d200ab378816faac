/** The result of a run. */
import type { Outcome, Verification } from '../apply/outcome.ts'
import type { Policies } from '../aws/policies.ts'
import type { CustomEndpoint } from '../aws/sdk-settings.ts'
import type { Command, Plan } from '../plan/plan.ts'
import type { ObservedTables, TableDefinition } from '../table/table.ts'
import type { Target } from '../table/target.ts'

/** Everything that a run reached. A part that it did not reach is absent. */
export interface RunResult {
  readonly command?: Command
  /** The rule that decided whether the environment is production, in words. */
  readonly productionRule?: string
  /** Warnings about the inputs. */
  readonly warnings?: readonly string[]
  /** The comparison with a reviewed plan, in a sentence. Empty if no sentence is needed. */
  readonly review?: string
  /** Information that needs no decision. */
  readonly notices?: readonly string[]
  readonly target?: Target
  /** The endpoints of AWS services that are not AWS's own. */
  readonly endpoints?: readonly CustomEndpoint[]
  /** The path of the definition file. Absent for the built-in tables. */
  readonly definitionFile?: string | undefined
  readonly definitions?: readonly TableDefinition[]
  /** The attribute whose value is the tenant of an item. */
  readonly tenantKey?: string
  /** As observed before the plan was made. */
  readonly observed?: ObservedTables
  readonly plan?: Plan
  /** The policies that `command: policy` makes. */
  readonly policies?: Policies
  readonly outcome?: Outcome
  readonly verification?: Verification
  /** The failure that ended the run, unless `outcome` or `verification` holds it. */
  readonly error?: unknown
}

/** Takes each result as soon as the run reaches it, so that an error loses none. */
export type RecordResult = (reached: RunResult) => void

/** Merges what a run reached, in its order. The warnings of all are kept. */
export function mergeResults(results: readonly RunResult[]): RunResult {
  return Object.assign({}, ...results, { warnings: results.flatMap(({ warnings = [] }) => warnings) })
}
