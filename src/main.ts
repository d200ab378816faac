/** The run in order. */
import { loadSharedConfigFiles } from '@smithy/core/config'
import { applyPlan } from './apply/apply.ts'
import { observeTables, readsPerTable } from './apply/observe.ts'
import { assertAsDefined, verifyTables } from './apply/verify.ts'
import { openConnections, partitionOf } from './aws/connections.ts'
import { credentialPorts } from './aws/credentials.ts'
import { loadDynamoDb } from './aws/dynamodb.ts'
import { openSession } from './aws/session.ts'
import { defineTables } from './definition/built-in.ts'
import { assertPublishable, publish } from './github/publish.ts'
import { publishComment } from './github/publish-comment.ts'
import { logGroup, type Runner } from './github/runner.ts'
import { inputNames } from './inputs/input-reader.ts'
import { type Inputs, readInputs } from './inputs/inputs.ts'
import { findUnknownInputs } from './inputs/unknown-inputs.ts'
import { defaultTimeOuts, type TimeOuts } from './network/network.ts'
import { planTables } from './plan/planner.ts'
import { describeReview, holdToReview, readReview } from './plan/review.ts'
import { describePlace } from './report/place.ts'
import { type RunResult, renderPlanLines } from './report/report.ts'
import { type Clock, type Run, withinDeadline } from './run/run.ts'
import { tableArn } from './table/target.ts'

/** Never rejects for what a run may meet: whatever was reached is published, with the error that ended it. */
export async function main(runner: Runner, clock: Clock, timeOuts = defaultTimeOuts): Promise<void> {
  const result: RunResult = { warnings: findUnknownInputs(runner.environment, inputNames).warnings }
  try {
    const inputs = readInputs({ ...runner, partitionOf, sharedConfig: await loadSharedConfigFiles() })
    result.warnings = [...(result.warnings ?? []), ...(inputs.sdkSettings?.warnings ?? [])]
    runner.log.info(describePlace(inputs))
    await withinDeadline({ ...inputs, ...runner, clock }, async (run) => {
      await reconcile(inputs, runner, run, result, timeOuts).catch((error: unknown) => Object.assign(result, { error }))
      await publishComment(inputs, result, runner, run)
    })
  } catch (error) {
    result.error = error
  }
  await publish(result, runner)
}

async function reconcile(inputs: Inputs, runner: Runner, run: Run, result: RunResult, times: TimeOuts): Promise<void> {
  Object.assign(result, { command: inputs.command, productionRule: inputs.productionRule })
  const review = await readReview(inputs, runner.readFile)
  result.review = describeReview(review, inputs.command)
  const connections = openConnections(inputs.region, { ...runner, sdkSettings: inputs.sdkSettings }, run, times)
  const desired = defineTables(inputs)
  const [session, connectDynamoDb] = await Promise.all([
    openSession(inputs, credentialPorts(connections.clientOptions, runner, run), run),
    loadDynamoDb(connections, desired.length * readsPerTable, run),
    connections.waiting.then(runner.load),
  ])
  const target = { ...session.principal, region: inputs.region, environment: inputs.environment }
  result.target = target
  run.log.info(describePlace(inputs, target.account))
  const dynamoDb = connectDynamoDb(session.credentials, (table) => tableArn(target, table))
  const { observed, lookedAt } = await observeTables(dynamoDb, target, desired, run)
  const plan = assertPublishable(holdToReview(planTables(target, desired, observed, inputs.policy), review), runner)
  Object.assign(result, { plan, review: describeReview(review, inputs.command, plan) })
  logGroup(runner.log, 'Plan', [...renderPlanLines(plan), result.review])
  if (inputs.failOnDrift) assertAsDefined(plan)
  if (inputs.command === 'verify') result.verification = await verifyTables({ ...inputs, ...dynamoDb, plan, run })
  if (inputs.command === 'apply' || inputs.command === 'destroy')
    result.outcome = await applyPlan({ dynamoDb, target, desired, observed, lookedAt, plan, run })
}
