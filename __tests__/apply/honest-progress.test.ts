/** What may have been done is told as that, what was never sent is not, and no failure hides another. */
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { mockClient } from 'aws-sdk-client-mock'
import { AwsError } from '../../sandbox/errors.ts'
import type { Shape } from '../../sandbox/table-record.ts'
import { applyPlan } from '../../src/apply/apply.ts'
import { verifyTables } from '../../src/apply/verify.ts'
import { type DynamoDb, loadDynamoDb } from '../../src/aws/dynamodb.ts'
import { DynamoDbError } from '../../src/aws/dynamodb-errors.ts'
import { renderError } from '../../src/errors/description.ts'
import { StoppedError } from '../../src/errors/errors.ts'
import { planTables } from '../../src/plan/planner.ts'
import { describeProgress, failuresOf } from '../../src/report/failures.ts'
import { outputsOf } from '../../src/report/outputs.ts'
import type { RunResult } from '../../src/report/result.ts'
import type { ObservedTables } from '../../src/table/table.ts'
import { aTarget, managedOnly, ready, theTables } from '../support/builders.ts'
import { aRun, type FakeRun, type Model, modelDynamoDb, modelItems } from '../support/fakes.ts'
import { inTurn, World } from '../support/race.ts'

const target = aTarget()
const desired = theTables()
const [tenant, users] = desired
const all: ObservedTables = new Map(desired.map((table) => [table.name, ready(table)]))
const cancelled = new StoppedError('The run was cancelled.', 'Run it again.')

function failure(name: string, answerLost = false, httpStatusCode = 400): DynamoDbError {
  const cause = Object.assign(new Error('as AWS says'), { name, $metadata: { httpStatusCode } })
  return new DynamoDbError('SomeCall', 'table', cause, answerLost)
}

/** TagResource on users is done and its answer lost; on tenant it is denied. */
class LosingWorld extends World {
  override async ask(operation: string, input: Shape): Promise<Shape> {
    if (operation !== 'TagResource') return await super.ask(operation, input)
    if (String(input.ResourceArn).endsWith('tenant')) throw new AwsError('AccessDeniedException', 'as AWS says')
    await super.ask(operation, input)
    throw new AwsError('InternalServerError', 'as AWS says', 500)
  }
}

async function apply(
  observed: ObservedTables,
  destroy: boolean,
  changes: (model: Model, run: FakeRun) => Partial<DynamoDb>,
): Promise<{ result: RunResult; model: Model }> {
  const model = modelDynamoDb(observed)
  const run = aRun()
  const dynamoDb = { ...model.dynamoDb, ...changes(model, run) }
  const plan = planTables(target, desired, observed, { destroy, allow: [] })
  const outcome = await applyPlan({ dynamoDb, target, desired, observed, lookedAt: run.clock.now(), plan, run })
  return { result: { target, plan, outcome, command: destroy ? 'destroy' : 'apply' }, model }
}

it('a deletion that was done, but whose answer was lost, is not told as "not begun" where another table fails', async () => {
  const { result, model } = await apply(all, true, ({ dynamoDb }, { clock, stop }) => ({
    deleteTable: async (table, sendBefore) => {
      if (table === 'tenant') {
        await clock.sleep(10, stop)
        throw failure('AccessDeniedException')
      }
      // Done, and the connection breaks before the answer.
      await dynamoDb.deleteTable(table, sendBefore)
      throw failure('TimeoutError', true, 0)
    },
    // The look after the pause does not show it yet: DescribeTable is eventually consistent.
    describeTable: async (table) => await modelDynamoDb(all).dynamoDb.describeTable(table),
    describeRecovery: async () => ({ enabled: false }),
    listTags: async () => tenant.tags,
  }))
  expect(model.tables().get('users')).toEqual({ status: 'absent' })
  expect(describeProgress(result)).not.toContain('Not started: delete-table "users"')
})

it('nor is such a tag write, in a whole run against the sandbox, whose tags show 2 s late', async () => {
  const world = new LosingWorld()
  for (const table of ['tenant', 'users']) {
    const keys = table === 'users' ? ['tenant_id', 'user_id'] : ['tenant_id']
    await world.ask('CreateTable', {
      TableName: table,
      AttributeDefinitions: keys.map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
      KeySchema: keys.map((AttributeName, at) => ({ AttributeName, KeyType: at === 0 ? 'HASH' : 'RANGE' })),
      BillingMode: 'PAY_PER_REQUEST',
      Tags: [{ Key: 'team', Value: 'b' }],
    })
    await world.wait(60_000)
  }
  const inputs = { environment: 'dev', allow: 'adopt-table' }
  const [run] = await world.race(inTurn(), [{ start: 0, ways: [10], random: 0.5, inputs }])
  expect(world.seen('users')?.tags).toMatchObject({ 'tenant-tables:environment': 'dev' })
  expect([run?.errors.join(), run?.outputs.changed]).toEqual([expect.not.stringContaining('Not started'), 'true'])
})

it('a creation whose answer was lost counts as sent when the run is cancelled before the next try', async () => {
  const aws = mockClient(DynamoDBClient)
  try {
    const run = aRun()
    const clientOptions = { region: 'ap-south-1', requestHandler: new NodeHttpHandler(), maxAttempts: 1 as const }
    const connect = await loadDynamoDb(
      { clientOptions, waiting: Promise.resolve(), openEarly: () => undefined },
      0,
      run,
    )
    const dynamoDb = connect(
      async () => ({ accessKeyId: 'a', secretAccessKey: 'b' }),
      (table) => table,
    )
    aws.on(CreateTableCommand).callsFake(async () => {
      // The table is made; the answer is lost; then SIGTERM comes.
      run.stopNow(cancelled)
      throw Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' })
    })
    const observed: ObservedTables = new Map([['tenant', ready(tenant)]])
    const plan = planTables(target, desired, observed)
    const outcome = await applyPlan({ dynamoDb, target, desired, observed, lookedAt: run.clock.now(), plan, run })
    const result: RunResult = { target, plan, outcome, command: 'apply' }
    expect(aws.calls()).toHaveLength(1)
    expect(describeProgress(result)).toContain('Sent, outcome unknown: create-table "users".')
    expect(outputsOf(result).changed).toBe('true')
  } finally {
    aws.restore()
  }
})

it('a failure with a remedy of its own is told though the other table was stopped a moment before', async () => {
  const untagged = new Map(desired.map((table) => [table.name, ready(table, { tags: managedOnly })]))
  const denied = failure('AccessDeniedException')
  const { result } = await apply(untagged, false, (_, run) => ({
    tagTable: async (arn) => {
      if (arn.endsWith('tenant')) {
        // Waited to be sent again when SIGTERM came.
        run.stopNow(cancelled)
        throw cancelled
      }
      // Under way then, and answered within the second that such calls are given.
      await run.clock.sleep(500, new AbortController().signal)
      throw denied
    },
  }))
  expect(failuresOf(result).map(renderError).join('\n')).toContain('AccessDeniedException')
})

it('sample items that were never sent are not told as lost, nor deleted', async () => {
  const run = aRun()
  const model = modelItems()
  const deleted: string[] = []
  const verification = await verifyTables({
    plan: planTables(
      target,
      desired,
      new Map([
        ['tenant', ready(tenant)],
        ['users', ready(users)],
      ]),
    ),
    sampleItems: true,
    itemsWithin: () => ({
      ...model,
      // The run is cancelled while the reads before the first write are under way; they end in the second of grace.
      query: async () => {
        run.stopNow(cancelled)
        return []
      },
      // What the port does after that: retry.ts asks `stop` before it sends anything.
      putIfAbsent: async () => {
        run.stop.throwIfAborted()
        throw new Error('it was sent')
      },
      delete: async (table) => void deleted.push(table),
    }),
    run,
  })
  expect(verification.error).toBeDefined()
  expect([renderError(verification.error), verification.fate, deleted]).toEqual([
    expect.not.stringContaining('was lost'),
    'unwritten',
    [],
  ])
})
