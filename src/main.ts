/** The run in order. */
import { applyPlan } from './apply.ts'
import { openConnections, partitionOf, type TimeOuts, timeOutsOfAWorkingNetwork } from './connections.ts'
import { openSession } from './credentials.ts'
import { desiredTables } from './definitions.ts'
import { loadDynamoDb } from './dynamodb.ts'
import { type Inputs, readInputs } from './inputs.ts'
import { observeTables, readsPerTable } from './observe.ts'
import { planTables } from './planner.ts'
import { assertPublishable, publish } from './publish.ts'
import { publishComment } from './publish-comment.ts'
import { type RunResult, renderPlanLines } from './report.ts'
import { describeReview, holdToReview, readReview } from './review.ts'
import { type Clock, type Run, withinDeadline } from './run.ts'
import { logGroup, type Runner } from './runner.ts'
import { tableArn } from './table.ts'
import { assertAsDefined, verifyTables } from './verify.ts'

/** Never rejects for what a run may meet: whatever was reached is published, with the error that ended it. */
export async function main(runner: Runner, clock: Clock, timeOuts = timeOutsOfAWorkingNetwork): Promise<void> {
  const result: RunResult = {}
  try {
    const inputs = readInputs({ ...runner, partitionOf })
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
  result.command = inputs.command
  const review = await readReview(inputs, runner.readFile)
  result.review = describeReview(review, inputs.command)
  const connections = openConnections(inputs.region, runner, run, times)
  const desired = desiredTables(inputs)
  const [session, connectDynamoDb] = await Promise.all([
    openSession(inputs, { ...connections, mask: runner.mask }, run),
    loadDynamoDb(connections, desired.length * readsPerTable, run),
    connections.waiting.then(runner.load),
  ])
  const target = { ...session.principal, region: inputs.region, environment: inputs.environment }
  result.target = target
  const dynamoDb = connectDynamoDb(session.credentials, (table) => tableArn(target, table))
  const { observed, lookedAt } = await observeTables(dynamoDb, target, desired, run)
  const plan = assertPublishable(holdToReview(planTables(target, desired, observed, inputs.policy), review), runner)
  Object.assign(result, { plan, review: describeReview(review, inputs.command, plan) })
  logGroup(runner.log, 'Plan', [...renderPlanLines(plan), result.review])
  if (inputs.command === 'plan') {
    if (inputs.failOnDrift) assertAsDefined(plan)
  } else if (inputs.command === 'verify') {
    result.verification = await verifyTables({ ...inputs, ...dynamoDb, plan, run })
  } else {
    result.outcome = await applyPlan({ dynamoDb, target, desired, observed, lookedAt, plan, run })
  }
}
