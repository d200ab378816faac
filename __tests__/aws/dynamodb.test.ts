import {
  CreateTableCommand,
  DeleteTableCommand,
  DescribeTableCommand,
  DynamoDBClient,
  PutItemCommand,
  TagResourceCommand,
  UpdateTableCommand,
} from '@aws-sdk/client-dynamodb'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { mockClient } from 'aws-sdk-client-mock'
import * as commands from '../../src/aws/commands.ts'
import { clientOptionsFor } from '../../src/aws/connections.ts'
import { type DynamoDb, loadDynamoDb } from '../../src/aws/dynamodb.ts'
import { StoppedError } from '../../src/errors/errors.ts'
import { properties } from '../../src/table/properties/index.ts'
import { addressOf } from '../../src/table/target.ts'
import { createRequest } from '../../src/table/values.ts'
import { cancelled } from '../support/apply.ts'
import { aTarget, theTables } from '../support/builders.ts'
import { aRun, type FakeRun } from '../support/fakes.ts'

const aws = mockClient(DynamoDBClient)
const [, { properties: values }] = theTables()
const users = addressOf(aTarget(), 'users')
const inputs = { TableName: 'users' }
let run: FakeRun
let dynamoDb: DynamoDb
/** The number of times that the role chain was walked. */
let walks = 0
const openedEarly: string[] = []

/** Loads the SDK before the credentials are known, as a run does. */
async function load(region = 'ap-south-1') {
  const connections = {
    clientOptions: clientOptionsFor(region, new NodeHttpHandler()),
    waiting: Promise.resolve(),
    openEarly: (url: URL, count: number) => void openedEarly.push(`${count} x ${url.origin}`),
  }
  return await loadDynamoDb(connections, 6, run)
}

/** @param wait before the credentials are there */
async function connect(wait: () => Promise<void> = async () => undefined): Promise<DynamoDb> {
  const connectDynamoDb = await load()
  const credentials = async () => {
    await wait()
    walks += 1
    return { accessKeyId: 'a', secretAccessKey: 'b', expiration: new Date(Date.UTC(2100, 0)) }
  }
  return connectDynamoDb(credentials, aTarget())
}

beforeEach(async () => {
  aws.reset()
  walks = 0
  run = aRun()
  dynamoDb = await connect()
  openedEarly.length = 0
})

const describeTable = (TableName = 'users') => dynamoDb.ask('DescribeTable', { TableName })
const createTable = () => dynamoDb.write(createRequest(users, values))
/** For a write that does not depend on the time. */
const always = Number.POSITIVE_INFINITY
const deleteTable = (sendBefore = always) => dynamoDb.write({ operation: 'DeleteTable', input: inputs }, sendBefore)
const tagTable = () => dynamoDb.write({ operation: 'TagResource', input: { ResourceArn: users.arn, Tags: [] } }, always)

function refusal(name: string, message = 'as AWS says'): Error {
  const httpStatusCode = name === 'InternalServerError' ? 500 : 400
  return Object.assign(new Error(message), { name, $metadata: { httpStatusCode } })
}

const lostAnswers: readonly (readonly [string, Error])[] = [
  ['InternalServerError', refusal('InternalServerError')],
  ['the page of a proxy', Object.assign(refusal('Error'), { $metadata: { httpStatusCode: 502 } })],
  ['a connection that was reset', Object.assign(refusal('Error'), { code: 'ECONNRESET' })],
  ['a time-out', refusal('TimeoutError')],
]
const passingRefusals: readonly (readonly [string, Error])[] = [
  ['ThrottlingException', refusal('ThrottlingException', 'Rate exceeded')],
  ['ContinuousBackupsUnavailableException', refusal('ContinuousBackupsUnavailableException')],
  ['too many changes at once', refusal('LimitExceededException', 'Subscriber limit: simultaneously 500')],
]

describe('loading', () => {
  it.each([
    ['ap-south-1', 'https://dynamodb.ap-south-1.amazonaws.com'],
    ['cn-north-1', 'https://dynamodb.cn-north-1.amazonaws.com.cn'],
    ['us-gov-west-1', 'https://dynamodb.us-gov-west-1.amazonaws.com'],
  ])('opens connections to the host of the region %s without credentials', async (region, origin) => {
    await load(region)
    expect(openedEarly).toEqual([`6 x ${origin}`])
    expect([walks, aws.calls()]).toEqual([0, []])
  })

  it('reports an endpoint that the SDK cannot work out as a wrong setting', async () => {
    process.env.AWS_USE_FIPS_ENDPOINT = 'true'
    process.env.AWS_ENDPOINT_URL_DYNAMODB = 'http://127.0.0.1:9'
    await expect(load()).rejects.toMatchObject({
      message: 'The AWS SDK found no endpoint of DynamoDB.',
      remedy: expect.stringMatching(/^The AWS SDK sent no request\. Correct the setting that it names below/),
      cause: { message: expect.stringContaining('FIPS and custom endpoint are not supported') },
    })
    delete process.env.AWS_USE_FIPS_ENDPOINT
    delete process.env.AWS_ENDPOINT_URL_DYNAMODB
  })

  it('loads the command of every operation that a property or a step uses', () => {
    const used = properties.flatMap(({ actions }) => [...actions.read, ...actions.write])
    const operations = [...used, 'dynamodb:CreateTable', 'dynamodb:DeleteTable'].map((each) => each.split(':')[1])
    expect(Object.keys(commands)).toEqual(expect.arrayContaining(operations.map((each) => `${each}Command`)))
  })
})

describe('ask', () => {
  it('returns the answer of DynamoDB', async () => {
    const Table = { TableArn: users.arn, TableStatus: 'DELETING' as const }
    aws.on(DescribeTableCommand, inputs).resolves({ Table })
    expect(await describeTable()).toEqual({ Table })
  })

  it.each([
    ['ResourceNotFoundException', 'Requested resource not found'],
    ['TableNotFoundException', 'Table not found: users'],
    // moto's name.
    ['ResourceNotFound', 'Table not found'],
    ['ValidationException', 'Cannot describe time to live while table is in the state of CREATING'],
  ])('returns undefined where DynamoDB answers %s: %s', async (name, message) => {
    aws.rejects(refusal(name, message))
    expect(await describeTable()).toBeUndefined()
  })

  it('throws another ValidationException', async () => {
    aws.rejects(refusal('ValidationException', 'Invalid table name'))
    await expect(describeTable()).rejects.toMatchObject({ name: 'DynamoDbError', code: 'ValidationException' })
  })
})

describe('the SDK', () => {
  it('gets the abort signal of the run, makes one attempt, and sends all calls to one host', async () => {
    aws.on(TagResourceCommand).resolves({})
    await tagTable()
    const [call] = aws.commandCalls(TagResourceCommand)
    const { args, thisValue } = call as unknown as { args: readonly unknown[]; thisValue: DynamoDBClient }
    expect(args[1]).toEqual({ abortSignal: run.abort })
    expect(await thisValue.config.maxAttempts()).toBe(1)
    expect(await (thisValue.config.accountIdEndpointMode as () => Promise<string>)()).toBe('disabled')
  })

  it('gets the input of a write as it was given', async () => {
    aws.resolves({})
    await createTable()
    expect(aws.commandCalls(CreateTableCommand)[0]?.args[0].input).toEqual(createRequest(users, values).input)
  })
})

describe('a failed call', () => {
  it.each([...lostAnswers, ...passingRefusals])('is tried again after %s', async (_, failure) => {
    aws.on(CreateTableCommand).rejectsOnce(failure).resolves({})
    await createTable()
    expect([aws.calls().length, run.clock.sleeps.length]).toEqual([2, 1])
  })

  it.each<[string, Error]>([
    ['AccessDeniedException', refusal('AccessDeniedException')],
    ['locked tags', refusal('LimitExceededException', 'Table tags are being updated')],
    ['a spent budget', refusal('LimitExceededException', 'Encryption mode changes are limited')],
    ['a refused connection', Object.assign(refusal('Error'), { code: 'ECONNREFUSED' })],
  ])('is not tried again after %s', async (_, failure) => {
    aws.on(TagResourceCommand).rejects(failure)
    await expect(tagTable()).rejects.toMatchObject({ name: 'DynamoDbError', cause: failure })
    expect([aws.calls().length, run.clock.sleeps.length]).toEqual([1, 0])
  })

  it.each<[string, () => Promise<unknown>, string]>([
    ['DescribeTable', describeTable, 'users'],
    ['ListTagsOfResource', () => dynamoDb.ask('ListTagsOfResource', { ResourceArn: users.arn }), users.arn],
    ['DeleteTable', deleteTable, 'users'],
    ['TagResource', tagTable, users.arn],
    ['Query', () => dynamoDb.itemsWithin(run).query('users', { tenant_id: 'a' }), 'users'],
  ])('%s names its resource and the statement that allows it on the ARN', async (operation, call, resource) => {
    aws.rejects(refusal('AccessDeniedException'))
    await expect(call()).rejects.toMatchObject({
      message: `${operation} on "${resource}" failed.`,
      statements: [JSON.stringify({ Effect: 'Allow', Action: [`dynamodb:${operation}`], Resource: users.arn })],
    })
  })

  it.each<[string, Error, boolean]>([
    ['a refusal by DynamoDB', refusal('ValidationException'), false],
    ['a page of a proxy', Object.assign(new Error('<'), { $metadata: { httpStatusCode: 200 } }), true],
    ['a network without a route', Object.assign(new Error('no route'), { code: 'EHOSTUNREACH' }), true],
  ])('has an unknown outcome after a lost answer, and after %s: %s', async (_, error, isOutcomeUnknown) => {
    aws.on(CreateTableCommand).rejectsOnce(refusal('InternalServerError')).rejects(error)
    await expect(createTable()).rejects.toMatchObject({ isOutcomeUnknown: true })
    await expect(createTable()).rejects.toMatchObject({ isOutcomeUnknown })
  })
})

it.each([
  ...lostAnswers.map((each) => [...each, true] as const),
  ...passingRefusals.map((each) => [...each, false] as const),
])(
  'reports for a sample item whether an earlier try may have been performed, after %s',
  async (_, failure, isOutcomeUnknown) => {
    aws.on(PutItemCommand).rejectsOnce(failure).resolves({})
    const items = dynamoDb.itemsWithin(run)
    expect(await items.putIfAbsent('users', { tenant_id: 'a' }, 'tenant_id')).toEqual({ isOutcomeUnknown })
  },
)

describe('a write that relies on a read', () => {
  const stale = { name: 'StaleReadError', message: expect.stringContaining('DeleteTable on "users" was not sent') }
  const inTime = () => run.clock.now() + 5000

  it('is sent before its time, and not after', async () => {
    aws.on(DeleteTableCommand).resolves({})
    await deleteTable(inTime())
    expect(aws.calls()).toHaveLength(1)
    await expect(deleteTable(run.clock.now() - 1)).rejects.toMatchObject(stale)
    expect(aws.calls()).toHaveLength(1)
  })

  it.each(lostAnswers)('is not sent again after %s, because its outcome is unknown', async (_, cause) => {
    aws.on(DeleteTableCommand).rejects(cause)
    await expect(deleteTable()).rejects.toMatchObject({ name: 'DynamoDbError', cause, isOutcomeUnknown: true })
    expect([aws.calls().length, run.clock.sleeps.length]).toEqual([1, 0])
  })

  it.each(passingRefusals)('is sent again after %s, until its time', async (_, cause) => {
    aws.on(DeleteTableCommand).rejects(cause)
    const start = run.clock.now()
    await expect(deleteTable(inTime())).rejects.toMatchObject({ name: 'DynamoDbError', cause })
    expect(run.clock.now() - start).toBeLessThanOrEqual(5000)
    expect(aws.calls().length).toBeGreaterThan(2)
    expect(run.clock.sleeps).toHaveLength(aws.calls().length - 1)
  })

  it('is not sent after its time when other writes took their turn first', async () => {
    const others = Array.from({ length: 5 }, () =>
      dynamoDb.write({ operation: 'UpdateTable', input: { TableName: 'tenant' } }, always),
    )
    aws.on(UpdateTableCommand).callsFake(async () => await run.clock.sleep(6000, run.stop))
    await expect(deleteTable(inTime())).rejects.toMatchObject(stale)
    await Promise.all(others)
    expect(aws.commandCalls(DeleteTableCommand)).toEqual([])
  })

  it('is not sent again after its time when the session had to be renewed', async () => {
    dynamoDb = await connect(async () => {
      if (aws.calls().length > 0) await run.clock.sleep(6000, run.stop)
    })
    aws.on(DeleteTableCommand).rejectsOnce(refusal('ExpiredTokenException')).resolves({})
    await expect(deleteTable(inTime())).rejects.toMatchObject(stale)
    expect(aws.calls()).toHaveLength(1)
  })

  it('is not sent after its time when the credentials came late', async () => {
    dynamoDb = await connect(() => run.clock.sleep(6000, run.stop))
    await expect(deleteTable(inTime())).rejects.toMatchObject(stale)
    expect(aws.calls()).toEqual([])
  })
})

describe('a session that ended early', () => {
  it('is renewed once for each call', async () => {
    aws.on(DescribeTableCommand).rejectsOnce(refusal('ExpiredTokenException')).resolves({})
    expect(await describeTable()).toEqual({})
    expect(walks).toBe(2)

    aws.on(DescribeTableCommand).rejects(refusal('ExpiredTokenException'))
    await expect(describeTable()).rejects.toMatchObject({ code: 'ExpiredTokenException' })
    expect([walks, aws.calls().length]).toEqual([3, 4])
  })

  it('is renewed once for all calls, also for a call that fails after the renewal', async () => {
    let release: ((value: unknown) => void) | undefined
    const late = new Promise((resolve) => {
      release = resolve
    })
    aws.on(DescribeTableCommand).callsFake(async ({ TableName }) => {
      const isOld = walks === 1
      if (TableName === 'users') await late
      if (isOld) throw refusal('ExpiredTokenException')
      return {}
    })
    const calls = [describeTable('users'), describeTable('tenant')]
    await calls[1]
    release?.(undefined)
    await calls[0]
    expect([walks, aws.calls().length]).toEqual([2, 4])
  })

  it('fails with the error of the renewal when the credentials cannot be renewed', async () => {
    const gone = new StoppedError('No session.', 'Log in.')
    dynamoDb = await connect(async () => {
      if (aws.calls().length > 0) throw gone
    })
    aws.on(DescribeTableCommand).rejects(refusal('ExpiredTokenException'))
    await expect(describeTable()).rejects.toBe(gone)
    expect(aws.calls()).toHaveLength(1)
  })
})

describe('a stopped run', () => {
  it('names the call that it did not start', async () => {
    const reason = new StoppedError('cancelled', 'run again')
    run.stopNow(reason)
    await expect(describeTable()).rejects.toEqual(reason.whileWaitingFor('DescribeTable on "users"'))
  })

  it('names the call that it did not try again, and its last failure', async () => {
    const throttled = refusal('ThrottlingException', 'Rate exceeded')
    aws.on(DescribeTableCommand).callsFake(async () => {
      run.stopNow(new StoppedError('cancelled', 'run again'))
      throw throttled
    })
    await expect(describeTable()).rejects.toMatchObject({
      name: 'StoppedError',
      message: 'cancelled It was waiting for DescribeTable on "users".',
      cause: throttled,
    })
  })

  describe('sends no deletion', () => {
    const never = new AbortController().signal
    const otherWrite = () => dynamoDb.write({ operation: 'UpdateTable', input: { TableName: 'tenant' } }, always)
    const expectDeletions = async (deletion: Promise<void>, sent: number) => {
      await expect(deletion).rejects.toThrow(StoppedError)
      expect(aws.commandCalls(DeleteTableCommand)).toHaveLength(sent)
    }

    it('that waited for its turn behind five other writes', async () => {
      // A stop leaves calls in progress a second for their responses.
      aws.on(UpdateTableCommand).callsFake(() => run.clock.sleep(500, never))
      const others = Array.from({ length: 5 }, otherWrite)
      const deletion = deleteTable()
      const stop = run.clock.sleep(100, never).then(() => run.stopNow(cancelled))
      await expectDeletions(deletion, 0)
      await Promise.all([stop, ...others])
    })

    it('that waited behind one write in a throttled account', async () => {
      let tries = 0
      aws.on(UpdateTableCommand).callsFake(async () => {
        tries += 1
        // Three throttled tries reduce the number of writes at once from five to one.
        if (tries <= 3) throw refusal('ThrottlingException')
        await run.clock.sleep(500, never)
      })
      const other = otherWrite()
      while (tries < 4) await run.clock.sleep(10, never)
      const deletion = deleteTable()
      const stop = run.clock.sleep(10, never).then(() => run.stopNow(cancelled))
      await expectDeletions(deletion, 0)
      await Promise.all([stop, other])
    })

    it('that waited for credentials', async () => {
      dynamoDb = await connect(async () => {
        run.stopNow(cancelled)
        await run.clock.sleep(500, never)
      })
      await expectDeletions(deleteTable(), 0)
    })

    it('again after it waited for a new session', async () => {
      dynamoDb = await connect(async () => {
        if (aws.calls().length === 0) return
        run.stopNow(cancelled)
        await run.clock.sleep(500, never)
      })
      aws.on(DeleteTableCommand).rejectsOnce(refusal('ExpiredTokenException')).resolves({})
      await expectDeletions(deleteTable(), 1)
    })
  })
})
