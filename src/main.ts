/** A run, in order. */
import { loadSharedConfigFiles } from '@smithy/core/config'
import { applyPlan } from './apply/apply.ts'
import { countReads, observeTables } from './apply/observe.ts'
import { assertAsDefined, verifyTables } from './apply/verify.ts'
import { connectToAws } from './aws/connect.ts'
import { partitionOf } from './aws/connections.ts'
import { defineTables } from './definition/definition.ts'
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
import { collectResults, type RunResult, type Stages } from './report/result.ts'
import { type Clock, type Run, withinDeadline } from './run/run.ts'
import { resolveDefinitions } from './table/resolve.ts'

/** Never rejects: everything that the run reached is published, with the error that ended it. */
export async function main(runner: Runner, clock: Clock, timeOuts = defaultTimeOuts): Promise<void> {
  let result: RunResult = { warnings: findUnknownInputs(runner.environment).warnings }
  try {
    const definitionFile = await loadDefinitionFile(runner.input, runner.readDefinitionFile)
    const inputs = readInputs({ ...runner, partitionOf, sharedConfig: await loadSharedConfigFiles(), definitionFile })
    for (const { level, message } of inputs.definitionNotices) runner[level]('Tenant Tables', message)
    runner.log.info(describePlace(inputs))
    await withinDeadline({ ...inputs, ...runner, clock }, async (run) => {
      result = await collectResults(result, reconcile(inputs, runner, run, timeOuts))
      await publishComment(inputs, result, runner, run)
    })
  } catch (error) {
    result = { ...result, error }
  }
  await publish(result, runner)
}

/** Yields each result as soon as it is reached, so that an error loses none. */
export async function* reconcile(inputs: Inputs, runner: Runner, run: Run, timeOuts: TimeOuts): Stages {
  const { command, productionRule, region, environment, policy, definition, definitionFile } = inputs
  yield { command, productionRule, definitionFile, ...inputs.sdkSettings }
  if (command === 'policy') return yield showPolicies(inputs, runner)
  const reviewed = await readReview(inputs, runner.readFile)
  yield { review: describeReview(reviewed, command) }
  const declared = defineTables(definition, inputs)
  const aws = await connectToAws(inputs, runner, countReads(declared), run, timeOuts)
  const target = { ...aws.account, region, environment }
  yield { target }
  run.log.info(`Account ${target.account}`)
  const { dynamoDb, describeKey } = aws.open(target)
  const definitions = policy.destroy ? declared : await resolveDefinitions(declared, target, describeKey)
  const { observed, readAt } = await observeTables(dynamoDb, target, definitions, run)
  const plan = holdToReview(planTables(target, definitions, observed, policy), reviewed)
  const review = describeReview(reviewed, command, plan)
  yield assertPublishable({ target, definitions, tenantKey: definition.tenantKey, observed, plan, review }, runner)
  logGroup(runner.log, 'Plan', [...renderPlanLines(plan), review])
  if (inputs.failOnDrift) assertAsDefined(plan)
  const work = { ...inputs, dynamoDb, target, definitions, observed, readAt, plan, run }
  if (command === 'verify') yield { verification: await verifyTables(work) }
  if (command === 'apply' || command === 'destroy') yield { outcome: await applyPlan(work) }
}
