/** Once a run was told to stop nothing is sent any more, however late the turn of a call comes. */
import { DeleteTableCommand, DynamoDBClient, UpdateTableCommand } from '@aws-sdk/client-dynamodb'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { mockClient } from 'aws-sdk-client-mock'
import { type DynamoDb, loadDynamoDb } from '../../src/aws/dynamodb.ts'
import { StoppedError } from '../../src/errors/errors.ts'
import { aRun, type FakeRun } from '../support/fakes.ts'

const aws = mockClient(DynamoDBClient)
const cancelled = new StoppedError('The run was cancelled.', 'Run it again.')
const never = new AbortController().signal
let run: FakeRun

async function port(credentials: () => Promise<void> = async () => undefined): Promise<DynamoDb> {
  const clientOptions = { region: 'ap-south-1', requestHandler: new NodeHttpHandler(), maxAttempts: 1 as const }
  const connect = await loadDynamoDb({ clientOptions, waiting: Promise.resolve(), openEarly: () => undefined }, 0, run)
  return connect(
    async () => {
      await credentials()
      return { accessKeyId: 'a', secretAccessKey: 'b' }
    },
    (table) => table,
  )
}

beforeEach(() => {
  aws.reset()
  run = aRun()
  aws.on(DeleteTableCommand).resolves({})
})

const fresh = () => run.clock.now() + 5000
const deletions = () => aws.commandCalls(DeleteTableCommand).length

it('no deletion is sent after the run was cancelled while it waited for its turn', async () => {
  const dynamoDb = await port()
  // Five writes are under way, as many as may be; they are answered in the second of grace after the signal.
  aws.on(UpdateTableCommand).callsFake(async () => await run.clock.sleep(500, never))
  const others = Array.from({ length: 5 }, () => dynamoDb.setBillingMode('tenant', 'PAY_PER_REQUEST', fresh()))
  const deletion = dynamoDb.deleteTable('users', fresh()).catch((error: unknown) => error)
  await run.clock.sleep(100, never)
  run.stopNow(cancelled)
  await Promise.all(others)
  expect([await deletion, deletions()]).toEqual([expect.any(StoppedError), 0])
})

it('nor with two tables on an account that throttles, where one write at a time is left', async () => {
  const dynamoDb = await port()
  // Three throttled tries bring five at once to one.
  let tries = 0
  aws.on(UpdateTableCommand).callsFake(async () => {
    tries += 1
    if (tries <= 3)
      throw Object.assign(new Error('Rate exceeded'), {
        name: 'ThrottlingException',
        $metadata: { httpStatusCode: 400 },
      })
    await run.clock.sleep(500, never)
  })
  const other = dynamoDb.setBillingMode('tenant', 'PAY_PER_REQUEST', run.clock.now() + 60_000)
  while (tries < 4) await run.clock.sleep(10, never)
  const deletion = dynamoDb.deleteTable('users', fresh()).catch((error: unknown) => error)
  await run.clock.sleep(10, never)
  run.stopNow(cancelled)
  await other
  expect([await deletion, deletions()]).toEqual([expect.any(StoppedError), 0])
})

it('nor while it waited for credentials', async () => {
  const dynamoDb = await port(async () => {
    // STS answers 500 ms after the signal, within the second that calls under way are given.
    run.stopNow(cancelled)
    await run.clock.sleep(500, never)
  })
  const deletion = dynamoDb.deleteTable('users', fresh()).catch((error: unknown) => error)
  expect([await deletion, deletions()]).toEqual([expect.any(StoppedError), 0])
})

it('nor after a session that was renewed meanwhile', async () => {
  let walks = 0
  const dynamoDb = await port(async () => {
    walks += 1
    if (walks === 1) return
    run.stopNow(cancelled)
    await run.clock.sleep(500, never)
  })
  const expired = Object.assign(new Error('x'), { name: 'ExpiredTokenException', $metadata: { httpStatusCode: 400 } })
  aws.on(DeleteTableCommand).rejectsOnce(expired).resolves({})
  const deletion = dynamoDb.deleteTable('users', fresh()).catch((error: unknown) => error)
  expect([await deletion, deletions()]).toEqual([expect.any(StoppedError), 1])
})
