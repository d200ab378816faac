/** The run in order. */
import { loadSharedConfigFiles } from '@smithy/core/config'
import { applyPlan } from './apply.ts'
import { openConnections, partitionOf, type TimeOuts, timeOutsOfAWorkingNetwork } from './connections.ts'
import { openSession } from './credentials.ts'
import { desiredTables } from './definitions.ts'
import { loadDynamoDb } from './dynamodb.ts'
import { inputNames } from './input-reader.ts'
import { type Inputs, readInputs } from './inputs.ts'
import { observeTables, readsPerTable } from './observe.ts'
import { describePlace } from './place.ts'
import { planTables } from './planner.ts'
import { assertPublishable, publish } from './publish.ts'
import { publishComment } from './publish-comment.ts'
import { type RunResult, renderPlanLines } from './report.ts'
import { describeReview, holdToReview, readReview } from './review.ts'
import { type Clock, type Run, withinDeadline } from './run.ts'
import { logGroup, type Runner } from './runner.ts'
import { tableArn } from './table.ts'
import { findUnknownInputs } from './unknown-inputs.ts'
import { assertAsDefined, verifyTables } from './verify.ts'

/** Never rejects for what a run may meet: whatever was reached is published, with the error that ended it. */
export async function main(runner: Runner, clock: Clock, timeOuts = timeOutsOfAWorkingNetwork): Promise<void> {
  const result: RunResult = { warnings: findUnknownInputs(runner.environment, inputNames).warnings }
  try {
    const inputs = readInputs({ ...runner, partitionOf, sharedConfig: await loadSharedConfigFiles() })
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
  const desired = desiredTables(inputs)
  const [session, connectDynamoDb] = await Promise.all([
    openSession(inputs, { ...connections, mask: runner.mask }, run),
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
  if (inputs.command === 'apply' || inputs.command === 'destroy') {
    result.outcome = await applyPlan({ dynamoDb, target, desired, observed, lookedAt, plan, run })
  }
}
