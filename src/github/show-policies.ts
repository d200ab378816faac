/** Makes the policies of `command: policy`, and shows them in the log. */
import { makePolicies } from '../aws/policies.ts'
import { defineEverywhere } from '../definition/definition.ts'
import type { Inputs } from '../inputs/inputs.ts'
import type { RunResult } from '../report/result.ts'
import { logGroup } from './log.ts'
import type { Runner } from './runner.ts'

/** Calls nothing. Without an environment, the policies are for the tables of all environments. */
export function showPolicies(inputs: Inputs, { log }: Pick<Runner, 'log'>): RunResult {
  const { definition, environment } = inputs
  const definitions = environment.name === '' ? defineEverywhere(definition, inputs) : inputs.definitions
  const { policies, notices } = makePolicies(inputs, definitions)
  for (const [name, policy] of Object.entries(policies)) {
    logGroup(log, `Policy ${name}`, JSON.stringify(policy, undefined, 2).split('\n'))
  }
  return { policies, notices }
}
