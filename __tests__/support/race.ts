/**
 * Concurrent runs of `main` in this process, on one account of the sandbox, without a network. A scheduler decides the order
 * in which requests and responses arrive. Time passes only when no request is in progress.
 */
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { jest } from '@jest/globals'
import { HttpResponse } from '@smithy/core/protocols'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import type { Scheduler } from 'fast-check'
import { Accounts } from '../../sandbox/accounts.ts'
import { answerError, json, xml } from '../../sandbox/answers.ts'
import { AwsError } from '../../sandbox/errors.ts'
import { itemOperations } from '../../sandbox/items.ts'
import { Keys } from '../../sandbox/kms.ts'
import { measuredTimings } from '../../sandbox/options.ts'
import { type Shape, statusOf, type TableRecord } from '../../sandbox/table-record.ts'
import { heldClock } from './clock.ts'
import { aRun } from './fakes.ts'
import { type RecordedRun, recordingRunner } from './recording-runner.ts'

// Otherwise the runs would open real connections early.
jest.unstable_mockModule('../../src/network/connection-pool.ts', () => ({
  createConnectionPool: () => ({
    httpAgent: new HttpAgent(),
    httpsAgent: new HttpsAgent(),
    open: () => undefined,
    waiting: Promise.resolve(),
    close: () => undefined,
  }),
}))
const { main } = await import('../../src/main.ts')
const { clientOptionsFor } = await import('../../src/aws/connections.ts')
const { loadDynamoDb } = await import('../../src/aws/dynamodb.ts')

const account = '222222222222'
const region = 'ap-south-1'

// The SDK is loaded and reads the files of its configuration once, in real time, during which the clock of a race would jump.
const clientOptions = clientOptionsFor(region, new NodeHttpHandler())
await loadDynamoDb({ clientOptions, waiting: Promise.resolve(), openEarly: () => undefined }, 0, aRun())

/** One run of a race. */
export interface Participant {
  readonly inputs: Readonly<Record<string, string>>
  /** The files of the workspace, by path. */
  readonly files?: Readonly<Record<string, string>>
  /** The start of the run, in milliseconds after the start of the race. */
  readonly start: number
  /** The shortest durations of the requests and responses of the run in turn, in milliseconds. */
  readonly ways: readonly number[]
  /** The time of a cancellation, in milliseconds after the start of the run. Absent: none. */
  readonly cancelledAfter?: number
  /** The result of its `Clock.random`. */
  readonly random: number
}

export interface Finished extends RecordedRun {
  readonly command: string
  readonly environment: string
  /** The duration by the clock of the run. */
  readonly seconds: number
  /** The calls of the run, in the order of their arrival. */
  readonly calls: readonly Call[]
}

/** The state of a table at one moment. */
export interface Seen {
  readonly id: string
  readonly status: string
  readonly billingMode: string
  /** The number of accepted changes that do not show yet. */
  readonly pending: number
  readonly deletionProtection: boolean
  readonly recovery: TableRecord['recovery']
  readonly tags: Readonly<Record<string, string>>
}

export interface Call {
  readonly participant: number
  readonly operation: string
  readonly table: string
  readonly input: Shape
  /** `sent`, `arrived` and `answered` number all events of a world in their order. */
  readonly sent: number
  /** The time of sending by the clock of the world, in milliseconds. */
  readonly sentAt: number
  readonly arrived: number
  answered?: number
  readonly error?: string
  readonly answer: Shape
  readonly before: Seen | undefined
  readonly after: Seen | undefined
}

export type Item = Readonly<Record<string, { readonly S: string }>>

/** Decides which request or response arrives next, such as fast-check's scheduler. */
export type Order = Pick<Scheduler, 'schedule' | 'count' | 'waitNext'>

/** The order in which they were sent. */
export function inTurn(): Order {
  const waiting: (() => void)[] = []
  return {
    schedule: async (task) => {
      await new Promise<void>((resolve) => waiting.push(resolve))
      return await task
    },
    count: () => waiting.length,
    waitNext: async () => waiting.shift()?.(),
  }
}

const mostRounds = 20_000

/** The account and the runs in it. */
export class World {
  readonly clock = heldClock()
  readonly calls: Call[] = []
  readonly #keys = new Keys()
  readonly #accounts = new Accounts(measuredTimings, this.clock.now, this.#keys)
  readonly hands = this.#accounts.hands(account, region)
  /** Items by the id of their table, then by their key. */
  readonly #items = new Map<string, Map<string, Item>>()
  #moments = 0

  /** Runs the participants until all have ended, and the requests that they left behind have arrived. */
  async race(order: Order, participants: readonly Participant[]): Promise<readonly Finished[]> {
    const first = this.calls.length
    const runners = participants.map(({ inputs }, index) =>
      recordingRunner(
        { 'aws-region': region, ...inputs },
        // The access key identifies the run of a request.
        { AWS_ACCESS_KEY_ID: `RUN${index}`, AWS_SECRET_ACCESS_KEY: 'secret' },
      ),
    )
    for (const [index, { files = {} }] of participants.entries())
      Object.assign(runners[index]?.recorded.files ?? {}, files)
    const lines = participants.map(({ ways }, index) => this.#line(order, index, ways))
    const spy = jest.spyOn(NodeHttpHandler.prototype, 'handle').mockImplementation(async (request) => {
      const [, index = ''] = /Credential=RUN(\d+)\//.exec(request.headers.authorization ?? '') ?? []
      const line = lines[Number(index)]
      if (line === undefined) throw new Error(`No run of this race sends to ${request.hostname}`)
      return { response: await line(request) }
    })
    const seconds: number[] = []
    let inProgress = participants.length
    const never = new AbortController().signal
    try {
      const done = participants.map(async ({ start, random, cancelledAfter }, index) => {
        const runner = runners[index]
        if (runner === undefined) return
        if (start > 0) await this.clock.sleep(start, never)
        const began = this.clock.now()
        const ended = new AbortController()
        if (cancelledAfter !== undefined) {
          this.clock.sleep(cancelledAfter, ended.signal).then(runner.interrupt, () => undefined)
        }
        await main(runner, { ...this.clock, random: () => random })
        ended.abort()
        seconds[index] = (this.clock.now() - began) / 1000
        inProgress -= 1
      })
      for (let rounds = 0; inProgress > 0 || order.count() > 0; rounds += 1) {
        await quiet()
        const isAtWork = rounds < mostRounds && (order.count() > 0 || inProgress === 0 || this.clock.pass())
        if (!isAtWork) {
          const logs = runners.map(({ recorded }, index) => `run ${index}:\n${recorded.lines.join('\n')}`)
          throw new Error(`The race does not end.\n${logs.join('\n\n')}`)
        }
        if (order.count() > 0) await order.waitNext(1)
      }
      await Promise.all(done)
    } finally {
      spy.mockRestore()
    }
    return runners.map(({ recorded }, index) => ({
      ...recorded,
      command: participants[index]?.inputs.command ?? 'apply',
      environment: participants[index]?.inputs.environment ?? '',
      seconds: seconds[index] ?? 0,
      calls: this.calls.slice(first).filter(({ participant }) => participant === index),
    }))
  }

  /** Lets time pass without runs. */
  async wait(milliseconds: number): Promise<void> {
    const slept = this.clock.sleep(milliseconds, new AbortController().signal)
    this.clock.pass()
    await slept
  }

  seen(table: string): Seen | undefined {
    const record = this.hands.table(table)
    return record === undefined ? undefined : stateOf(record, this.clock.now())
  }

  items(table: string): readonly Item[] {
    const record = this.hands.table(table)
    return record === undefined ? [] : [...(this.#items.get(record.id)?.values() ?? [])]
  }

  /** Performs an operation as another user of the account. */
  async ask(operation: string, input: Shape): Promise<Shape> {
    return itemOperations.has(operation)
      ? this.#performOnItems(operation, input)
      : await this.hands.call(operation, input)
  }

  /** The way of the requests of one run to AWS and back. */
  #line(order: Order, participant: number, ways: readonly number[]) {
    const never = new AbortController().signal
    let used = 0
    const travel = async (label: string) => {
      const way = ways[used++ % ways.length] ?? 0
      if (way > 0) await this.clock.sleep(way, never)
      await order.schedule(Promise.resolve(), label)
    }
    return async ({ headers, body }: { headers: Record<string, string>; body?: unknown }) => {
      const [service, operation] = headers['x-amz-target']?.split('.') ?? []
      if (operation === undefined) {
        const identity = { Arn: `arn:aws:iam::${account}:user/run`, UserId: 'run', Account: account }
        return respond(xml('GetCallerIdentity', identity))
      }
      const input = JSON.parse(new TextDecoder().decode(body as Uint8Array)) as Shape
      if (service === 'TrentService') {
        const place = { partition: 'aws', account, region }
        return respond(json(200, this.#keys.call(operation, place, 'arn:aws:iam::222222222222:user/run', input)))
      }
      const table = String(input.TableName ?? String(input.ResourceArn).split('/')[1])
      const sent = ++this.#moments
      const sentAt = this.clock.now()
      await travel(`run ${participant}: ${operation} ${table} arrives`)
      const before = this.seen(table)
      const answer = await this.ask(operation, input).then(
        (value) => json(200, value),
        (error: unknown) => answerError('dynamodb', error),
      )
      const call: Call = {
        participant,
        operation,
        table,
        input,
        sent,
        sentAt,
        arrived: ++this.#moments,
        ...(answer.error === undefined ? {} : { error: answer.error }),
        answer: JSON.parse(answer.body) as Shape,
        before,
        after: this.seen(table),
      }
      this.calls.push(call)
      await travel(`run ${participant}: ${operation} ${table} is answered: ${answer.error ?? 'done'}`)
      call.answered = ++this.#moments
      return respond(answer)
    }
  }

  /** Performs item operations as far as sample items need them. The sandbox stores items behind a network. */
  #performOnItems(operation: string, input: Shape): Shape {
    const record = this.hands.table(String(input.TableName))
    if (record === undefined || !['ACTIVE', 'UPDATING'].includes(statusOf(record, this.clock.now()))) {
      throw new AwsError('ResourceNotFoundException', 'Requested resource not found')
    }
    const items = this.#items.get(record.id) ?? new Map<string, Item>()
    this.#items.set(record.id, items)
    const keyOf = (item: Item) =>
      record.keySchema.map(({ AttributeName }) => item[String(AttributeName)]?.S ?? '').join('/')
    const key = (input.Item ?? input.Key ?? {}) as Item
    switch (operation) {
      case 'PutItem':
        if (input.ConditionExpression !== undefined && items.has(keyOf(key))) {
          throw new AwsError('ConditionalCheckFailedException', 'The conditional request failed')
        }
        items.set(keyOf(key), key)
        return {}
      case 'DeleteItem':
        items.delete(keyOf(key))
        return {}
      case 'GetItem':
        return items.has(keyOf(key)) ? { Item: items.get(keyOf(key)) } : {}
      case 'Query': {
        const tenant = (input.ExpressionAttributeValues as Item)[':value0']?.S
        return { Items: [...items.values()].filter(({ tenant_id }) => tenant_id?.S === tenant) }
      }
      default:
        throw new AwsError('UnknownOperationException', `The race has no ${operation}`)
    }
  }
}

/** Waits until no run has work left. Without files and sockets this takes one turn of the event loop. */
async function quiet(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
}

function stateOf(record: TableRecord, now: number): Seen {
  return {
    id: record.id,
    status: statusOf(record, now),
    billingMode: record.billingMode,
    pending: record.pending.length,
    deletionProtection: record.deletionProtection,
    recovery: record.recovery,
    tags: Object.fromEntries(record.tags),
  }
}

function respond({ status, type, body }: { status: number; type: string; body: string }): HttpResponse {
  return new HttpResponse({
    statusCode: status,
    headers: { 'content-type': type },
    body: new Uint8Array(Buffer.from(body)),
  })
}
