/** A write that was sent and has no response may have taken effect; a write that was never sent has not. */
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { mockClient } from 'aws-sdk-client-mock'
import { AwsError } from '../../sandbox/errors.ts'
import type { Shape } from '../../sandbox/table-record.ts'
import { applyPlan } from '../../src/apply/apply.ts'
import { describeResult, type StepResult } from '../../src/apply/outcome.ts'
import { loadDynamoDb } from '../../src/aws/dynamodb.ts'
import { planTables } from '../../src/plan/planner.ts'
import { failuresOf } from '../../src/report/failures.ts'
import { apply, cancelled, failure, observedAs } from '../support/apply.ts'
import { aTarget, managedOnly, strictPolicy, theTables } from '../support/builders.ts'
import { aRun } from '../support/fakes.ts'
import { inTurn, World } from '../support/race.ts'

const target = aTarget()
const definitions = theTables()
const [tenant] = definitions
const untagged = observedAs(definitions, { users: { Tags: managedOnly } })

/** The result of the creation of "users" where the write behaves like this. */
async function resultOfCreation(write: () => Promise<void>): Promise<StepResult | undefined> {
  const { outcome } = await apply({ observed: observedAs([tenant]) }, () => ({ write }))
  return outcome.steps[0]?.result
}

it.each([
  ['known after a refusal by DynamoDB', failure('AccessDeniedException')],
  ['unknown where DynamoDB did not answer', failure('TimeoutError', { isOutcomeUnknown: true, httpStatusCode: 0 })],
  ['known where the run was stopped before the call', cancelled],
  ['unknown where the run was stopped during the call', cancelled.withUnknownOutcome()],
  ['unknown after an error that nobody expected', new Error('unexpected')],
])('the outcome of a step is %s', async (word, error) => {
  const isOutcomeUnknown = word.startsWith('unknown')
  expect(await resultOfCreation(() => Promise.reject(error))).toEqual({ status: 'failed', isOutcomeUnknown, error })
})

it('the outcome of a step is unknown where an earlier try had no response and the last one was refused', async () => {
  let tries = 0
  const { outcome } = await apply({ observed: untagged }, () => ({
    write: async () => {
      tries += 1
      throw tries === 1 ? failure('InternalServerError', { isOutcomeUnknown: true }) : failure('AccessDeniedException')
    },
  }))
  expect(tries).toBe(2)
  expect(outcome.steps[0]?.result).toMatchObject({ isOutcomeUnknown: true, error: { code: 'AccessDeniedException' } })
})

it('a protective step without a response is applied where the read before the next protective step shows its change', async () => {
  const environment = { name: 'prod', production: true }
  const [, users] = theTables({ environment })
  const unprotected = {
    DeletionProtectionEnabled: false,
    PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: false },
  }
  const { outcome, results, run } = await apply(
    { target: aTarget({ environment }), definitions: [users], observed: observedAs([users], { users: unprotected }) },
    () => ({
      write: async (step, send) => {
        await send()
        if (step.includes('DeletionProtection')) {
          throw failure('TimeoutError', { isOutcomeUnknown: true, httpStatusCode: 0 })
        }
      },
    }),
  )
  expect([outcome.error, results, run.clock.sleeps]).toEqual([
    undefined,
    [
      'update DeletionProtectionEnabled of "users": applied',
      'update PointInTimeRecoverySpecification of "users": applied',
    ],
    [],
  ])
})

it('a step is begun and not finished where the run was stopped during the wait that completes it', async () => {
  const { outcome, results } = await apply({ observed: observedAs([tenant]) }, (_, run) => ({
    write: async (_, send) => {
      await send()
      run.stopNow(cancelled)
    },
  }))
  expect(outcome.error).toMatchObject({
    message:
      'The run was cancelled. It was waiting for the table "users" to be created, which usually takes 5 to 7 s, with indexes up to 22 s.',
    remedy: 'Run it again. Check in the AWS console what the table "users" is doing, if it stays so.',
  })
  expect(results).toEqual(['create "users": failed'])
  const result = { status: 'failed', isOutcomeUnknown: true, isAccepted: true, error: outcome.error } as const
  expect(outcome.steps[0]?.result).toEqual(result)
  expect(describeResult(result)).toBe('begun, not finished')
})

it('the outcome of a deletion is unknown where another table fails before the next try', async () => {
  let tries = 0
  const { outcome, run } = await apply(
    { observed: observedAs(definitions), policy: { destroy: true, allow: [] } },
    (_, { clock, stop }) => ({
      write: async (step) => {
        if (step === 'delete "tenant"') {
          await clock.sleep(10, stop)
          throw failure('AccessDeniedException')
        }
        // DynamoDB may have begun the deletion. Reads are eventually consistent, and still show the table.
        tries += 1
        throw failure('TimeoutError', { isOutcomeUnknown: true, httpStatusCode: 0 })
      },
    }),
  )
  expect(tries).toBe(1)
  expect(outcome.steps.map(({ result }) => result)).toMatchObject([
    { status: 'failed', isOutcomeUnknown: false },
    { status: 'failed', isOutcomeUnknown: true },
  ])
  expect(run.lines).toContain('delete "users": sent, outcome unknown')
})

it('the outcome of a creation is unknown where the run is stopped between a lost response and the next try', async () => {
  const aws = mockClient(DynamoDBClient)
  try {
    const run = aRun()
    // Loaded late: the races of this file replace the connections before any module loads them.
    const { clientOptionsFor } = await import('../../src/aws/connections.ts')
    const clientOptions = clientOptionsFor('ap-south-1', new NodeHttpHandler())
    const waiting = Promise.resolve()
    const connect = await loadDynamoDb({ clientOptions, waiting, openEarly: () => undefined }, 0, run)
    const dynamoDb = connect(async () => ({ accessKeyId: 'a', secretAccessKey: 'b' }), target)
    aws.on(CreateTableCommand).callsFake(async () => {
      run.stopNow(cancelled)
      throw Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' })
    })
    const observed = observedAs([tenant])
    const plan = planTables(target, definitions, observed, strictPolicy)
    const { steps } = await applyPlan({
      dynamoDb,
      target,
      definitions,
      observed,
      readAt: run.clock.now(),
      plan,
      waitForIndexes: true,
      run,
    })
    expect(aws.calls()).toHaveLength(1)
    expect(steps[0]?.result).toMatchObject({ status: 'failed', isOutcomeUnknown: true })
  } finally {
    aws.restore()
  }
})

it('a failure with a remedy of its own is reported beside a table that was stopped a moment before', async () => {
  const denied = failure('AccessDeniedException')
  const bothUntagged = observedAs(definitions, { tenant: { Tags: managedOnly }, users: { Tags: managedOnly } })
  const { outcome } = await apply({ observed: bothUntagged }, (_, run) => ({
    write: async (step) => {
      if (step === 'update Tags of "tenant"') {
        run.stopNow(cancelled)
        throw cancelled
      }
      // The response to a call in progress arrives within the second that a stop leaves it.
      await run.clock.sleep(500, new AbortController().signal)
      throw denied
    },
  }))
  expect(failuresOf({ warnings: [], outcome })).toContain(denied)
})

/** TagResource is denied on "tenant". On "users" it takes effect, and its response is lost. */
class LosingWorld extends World {
  override async ask(operation: string, input: Shape): Promise<Shape> {
    if (operation !== 'TagResource') return await super.ask(operation, input)
    if (String(input.ResourceArn).endsWith('tenant')) throw new AwsError('AccessDeniedException', 'as AWS says')
    await super.ask(operation, input)
    throw new AwsError('InternalServerError', 'as AWS says', 500)
  }
}

it('a whole run reports a tag write without a response as sent, though tags show 2 s late', async () => {
  const world = new LosingWorld()
  for (const { name, properties } of definitions) {
    await world.ask('CreateTable', {
      TableName: name,
      AttributeDefinitions: properties.KeySchema.map(({ KeyType: _, ...attribute }) => attribute),
      KeySchema: properties.KeySchema.map(({ AttributeType: _, ...key }) => key),
      BillingMode: 'PAY_PER_REQUEST',
      Tags: [{ Key: 'team', Value: 'b' }],
    })
    await world.wait(60_000)
  }
  const inputs = { environment: 'dev', allow: 'adopt-table' }
  const [run] = await world.race(inTurn(), [{ start: 0, ways: [10], random: 0.5, inputs }])
  expect(world.seen('users')?.tags).toMatchObject({ 'tenant-tables:environment': 'dev' })
  expect([run?.errors.join(), run?.outputs.changed]).toEqual([
    expect.stringContaining('Sent, outcome unknown: update Tags of "users".'),
    'true',
  ])
})
