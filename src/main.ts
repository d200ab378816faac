/** A run, in order. */
import { loadSharedConfigFiles } from '@smithy/core/config'
import { applyPlan } from './apply/apply.ts'
import { countReads, observeTables } from './apply/observe.ts'
import { assertAsDefined, verifyTables } from './apply/verify.ts'
import { connectToAws } from './aws/connect.ts'
import { partitionOf } from './aws/connections.ts'
import { logGroup } from './github/log.ts'
import { assertPublishable, publish } from './github/publish.ts'
import { publishComment } from './github/publish-comment.ts'
import type { Runner } from './github/runner.ts'
import { showPolicies } from './github/show-policies.ts'
import { loadDefinitionFile } from './inputs/definition-file.ts'
import { type Inputs, readInputs } from './inputs/inputs.ts'
import { findUnknownInputs } from './inputs/unknown-inputs.ts'
import { defaultTimeOuts, type TimeOuts } from './network/network.ts'
import { planTables } from './plan/planner.ts'
import { describeReview, holdToReview, readReview } from './plan/review.ts'
import { describePlace } from './report/place.ts'
import { renderPlanLines } from './report/plan-lines.ts'
import { mergeResults, type RecordResult, type RunResult } from './report/result.ts'
import { type Clock, type Run, withinDeadline } from './run/run.ts'
import { resolveDefinitions } from './table/resolve.ts'

/** Never rejects: everything that the run reached is published, with the error that ended it. */
export async function main(runner: Runner, clock: Clock, timeOuts = defaultTimeOuts): Promise<void> {
  const { input, variables, log, interrupted } = runner
  const results: RunResult[] = [{ warnings: findUnknownInputs(variables).warnings }]
  const record: RecordResult = (reached) => void results.push(reached)
  try {
    const definitionFile = await loadDefinitionFile(input, runner.readDefinitionFile)
    const sharedConfig = await loadSharedConfigFiles()
    const inputs = readInputs({ input, variables, partitionOf, sharedConfig, definitionFile })
    for (const { level, message } of inputs.definitionNotices) runner[level]('Tenant Tables', message)
    log.info(describePlace(inputs))
    await withinDeadline({ clock, log, interrupted, timeoutSeconds: inputs.timeoutSeconds }, async (run) => {
      await reconcile(inputs, runner, run, timeOuts, record).catch((error: unknown) => record({ error }))
      await publishComment(inputs, mergeResults(results), runner, run)
    })
  } catch (error) {
    record({ error })
  }
  await publish(mergeResults(results), runner)
}

/** Plans the changes of the tables, and performs the command. */
export async function reconcile(inputs: Inputs, runner: Runner, run: Run, timeOuts: TimeOuts, record: RecordResult) {
  const { command, productionRule, policy, definition, definitionFile, definitions: declared, waitForIndexes } = inputs
  record({ command, productionRule, definitionFile, ...inputs.sdkSettings })
  if (command === 'policy') return record(showPolicies(inputs, runner))
  const reviewed = await readReview(inputs, runner.readFile)
  record({ review: describeReview(reviewed, command) })
  const { target, dynamoDb, readKey } = await connectToAws(inputs, runner, countReads(declared), run, timeOuts)
  record({ target })
  run.log.info(`Account ${target.account}`)
  const definitions = policy.destroy ? declared : await resolveDefinitions(declared, target, readKey)
  const { observed, readAt } = await observeTables(dynamoDb, target, definitions, run)
  const plan = holdToReview(planTables(target, definitions, observed, policy), reviewed)
  const review = describeReview(reviewed, command, plan)
  record(assertPublishable({ target, definitions, tenantKey: definition.tenantKey, observed, plan, review }, runner))
  logGroup(runner.log, 'Plan', [...renderPlanLines(plan), review])
  if (inputs.failOnDrift) assertAsDefined(plan)
  const work = { dynamoDb, target, definitions, observed, readAt, plan, run }
  if (command === 'verify') record({ verification: await verifyTables({ ...work, sampleItems: inputs.sampleItems }) })
  if (command === 'apply' || command === 'destroy') record({ outcome: await applyPlan({ ...work, waitForIndexes }) })
}
