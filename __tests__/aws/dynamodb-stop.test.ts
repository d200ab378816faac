/** After a run was stopped, no call starts any more, however long the call has waited. */
import { DeleteTableCommand, DynamoDBClient, UpdateTableCommand } from '@aws-sdk/client-dynamodb'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { mockClient } from 'aws-sdk-client-mock'
import { type DynamoDb, loadDynamoDb } from '../../src/aws/dynamodb.ts'
import { StoppedError } from '../../src/errors/errors.ts'
import { cancelled } from '../support/apply.ts'
import { aTarget } from '../support/builders.ts'
import { aRun, type FakeRun } from '../support/fakes.ts'

const aws = mockClient(DynamoDBClient)
const never = new AbortController().signal
let run: FakeRun

async function connect(credentials: () => Promise<void> = async () => undefined): Promise<DynamoDb> {
  const clientOptions = { region: 'ap-south-1', requestHandler: new NodeHttpHandler(), maxAttempts: 1 as const }
  const waiting = Promise.resolve()
  const load = await loadDynamoDb({ clientOptions, waiting, openEarly: () => undefined }, 0, run)
  return load(async () => {
    await credentials()
    return { accessKeyId: 'a', secretAccessKey: 'b' }
  }, aTarget())
}

beforeEach(() => {
  aws.reset()
  run = aRun()
  aws.on(DeleteTableCommand).resolves({})
})

function refuse(name: string): Error {
  return Object.assign(new Error('as AWS says'), { name, $metadata: { httpStatusCode: 400 } })
}

const changeBillingMode = ({ write }: DynamoDb, seconds: number) =>
  write(
    { operation: 'UpdateTable', input: { TableName: 'tenant', BillingMode: 'PAY_PER_REQUEST' } },
    run.clock.now() + seconds * 1000,
  )

/** Deletes a table; resolves with the error. */
const deleteTable = ({ write }: DynamoDb) =>
  write({ operation: 'DeleteTable', input: { TableName: 'users' } }, run.clock.now() + 5000).catch(
    (error: unknown) => error,
  )

async function expectDeletions(deletion: Promise<unknown>, sent: number): Promise<void> {
  expect([await deletion, aws.commandCalls(DeleteTableCommand).length]).toEqual([expect.any(StoppedError), sent])
}

it('sends no deletion that waited for its turn behind five other writes', async () => {
  const dynamoDb = await connect()
  // The response to calls in progress arrives within the second that a stop leaves them.
  aws.on(UpdateTableCommand).callsFake(async () => await run.clock.sleep(500, never))
  const others = Array.from({ length: 5 }, () => changeBillingMode(dynamoDb, 5))
  const deletion = deleteTable(dynamoDb)
  await run.clock.sleep(100, never)
  run.stopNow(cancelled)
  await Promise.all(others)
  await expectDeletions(deletion, 0)
})

it('sends no deletion that waited behind one write in a throttled account', async () => {
  const dynamoDb = await connect()
  let tries = 0
  aws.on(UpdateTableCommand).callsFake(async () => {
    tries += 1
    // Three throttled tries reduce the writes at once from five to one.
    if (tries <= 3) throw refuse('ThrottlingException')
    await run.clock.sleep(500, never)
  })
  const other = changeBillingMode(dynamoDb, 60)
  while (tries < 4) await run.clock.sleep(10, never)
  const deletion = deleteTable(dynamoDb)
  await run.clock.sleep(10, never)
  run.stopNow(cancelled)
  await other
  await expectDeletions(deletion, 0)
})

it('sends no deletion that waited for credentials', async () => {
  const dynamoDb = await connect(async () => {
    run.stopNow(cancelled)
    await run.clock.sleep(500, never)
  })
  await expectDeletions(deleteTable(dynamoDb), 0)
})

it('does not repeat a deletion that waited for a new session', async () => {
  let walks = 0
  const dynamoDb = await connect(async () => {
    walks += 1
    if (walks === 1) return
    run.stopNow(cancelled)
    await run.clock.sleep(500, never)
  })
  aws.on(DeleteTableCommand).rejectsOnce(refuse('ExpiredTokenException')).resolves({})
  await expectDeletions(deleteTable(dynamoDb), 1)
})
