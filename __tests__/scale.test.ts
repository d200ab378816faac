/** Many tables: the number of calls is proportional to the number of tables, and the run respects throttling. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { measureScale, type ScaleMeasurement, syntheticTables } from '../bench/scale.ts'
import { Accounts } from '../sandbox/accounts.ts'
import { measuredTimings } from '../sandbox/options.ts'
import type { Shape } from '../sandbox/table-record.ts'
import { applyPlan } from '../src/apply/apply.ts'
import { observeTables } from '../src/apply/observe.ts'
import { clientOptionsFor } from '../src/aws/connections.ts'
import { loadDynamoDb } from '../src/aws/dynamodb.ts'
import { planTables } from '../src/plan/planner.ts'
import { withinDeadline } from '../src/run/run.ts'
import { aTarget, strictPolicy } from './support/builders.ts'
import { type PassingClock, virtualClock } from './support/clock.ts'
import { aRun } from './support/fakes.ts'

const timings = { creating: 0, backupsMissing: 0, backupsUnavailable: 0, tagsUnreadable: 0 }

describe('2, 10 and 50 tables', () => {
  let measured: readonly ScaleMeasurement[]

  beforeAll(async () => {
    measured = []
    for (const tables of [2, 10, 50]) {
      measured = [...measured, await measureScale(tables, { timings, writesAtOnce: 6 })]
    }
  }, 60_000)

  it('take three reads each when nothing differs', () => {
    expect(measured.map(({ noOp }) => noOp.calls)).toEqual([6, 30, 150])
  })

  it('take three reads, a creation, a poll and three reads each when no table exists', () => {
    // On a slow machine a table takes up to two more calls.
    for (const { tables, firstRun } of measured) {
      expect(firstRun.calls).toBeGreaterThanOrEqual(8 * tables)
      expect(firstRun.calls).toBeLessThanOrEqual(10 * tables)
    }
  })

  it('never have more writes in progress than an account accepts', () => {
    expect(measured.map(({ firstRun }) => firstRun.throttled)).toEqual([0, 0, 0])
  })
})

it('20 tables converge in an account that accepts two writes at once, with fewer and fewer writes at once', async () => {
  const { firstRun, noOp } = await measureScale(20, { timings, writesAtOnce: 2, latencyMilliseconds: 5 })
  expect(firstRun.throttled).toBeGreaterThan(0)
  expect(firstRun.throttled).toBeLessThan(40)
  expect(noOp.calls).toBe(60)
}, 60_000)

describe('2,500 tables, the default quota of an account, in an account that throttles most calls', () => {
  interface Sent {
    readonly operation: string
    readonly table: string
    /** The reads or writes in progress when the call was sent, itself included. */
    readonly inProgress: number
    throttled: boolean
    done: boolean
  }

  /** Applies all tables to DynamoDB without HTTP: each call takes 20 ms of virtual time, and more than half are throttled. */
  async function runOnce(account: Accounts, clock: PassingClock) {
    const sent: Sent[] = []
    const inProgress = { reads: 0, writes: 0 }
    const never = new AbortController().signal
    let chance = 1
    const target = aTarget()
    const hands = account.hands(target.account, target.region)
    const send = async (command: { readonly constructor: { readonly name: string }; readonly input: Shape }) => {
      const operation = command.constructor.name.replace('Command', '')
      const kind = /^(Describe|List)/.test(operation) ? 'reads' : 'writes'
      const table = String(command.input.TableName ?? command.input.ResourceArn).replace(/.*\//, '')
      inProgress[kind] += 1
      const call = { operation, table, inProgress: inProgress[kind], throttled: false, done: false }
      sent.push(call)
      await clock.sleep(20, never)
      inProgress[kind] -= 1
      // A generator of pseudo-random numbers, so that every run of this test is the same.
      chance = (chance * 48_271) % 2_147_483_647
      const isTooMany = (kind === 'writes' && call.inProgress > 3) || chance / 2_147_483_647 < 0.55
      if (isTooMany) {
        call.throttled = true
        throw Object.assign(new Error('Rate exceeded'), { name: 'ThrottlingException' })
      }
      const answer = await hands.call(operation, command.input)
      call.done = true
      const { Table } = answer as { readonly Table?: { readonly CreationDateTime: number } }
      if (Table === undefined) return answer
      // The SDK converts the time to a Date.
      return { Table: { ...Table, CreationDateTime: new Date(Table.CreationDateTime * 1000) } }
    }
    const original = DynamoDBClient.prototype.send
    Object.assign(DynamoDBClient.prototype, { send })
    try {
      const clientOptions = clientOptionsFor(target.region, new NodeHttpHandler())
      const connections = { clientOptions, waiting: Promise.resolve(), openEarly: () => undefined }
      // The SDK reads the files of its configuration once, in real time, and virtual time would pass meanwhile.
      await loadDynamoDb(connections, 0, aRun())
      const log = { info: () => undefined, startGroup: () => undefined, endGroup: () => undefined }
      const interrupted = new AbortController().signal
      const outcome = await withinDeadline({ clock, log, timeoutSeconds: 1800, interrupted }, async (run) => {
        const connect = await loadDynamoDb(connections, 50, run)
        const dynamoDb = connect(async () => ({ accessKeyId: 'a', secretAccessKey: 'b' }), target)
        const definitions = syntheticTables(2500)
        const observation = await observeTables(dynamoDb, target, definitions, run)
        const plan = planTables(target, definitions, observation.observed, strictPolicy)
        return await applyPlan({ dynamoDb, target, definitions, ...observation, plan, waitForIndexes: true, run })
      })
      return { sent, outcome }
    } finally {
      Object.assign(DynamoDBClient.prototype, { send: original })
    }
  }

  it('converge within the deadline, each created once, with fewer and fewer calls at once', async () => {
    const clock = virtualClock()
    const { sent, outcome } = await runOnce(new Accounts(measuredTimings, clock.now), clock)

    // The closing read found every table as defined.
    expect(outcome.error).toBeUndefined()
    expect(outcome.steps.filter(({ result }) => result.status === 'applied')).toHaveLength(2500)
    const created = sent.filter(({ operation, done }) => operation === 'CreateTable' && done).map(({ table }) => table)
    expect([created.length, new Set(created).size]).toEqual([2500, 2500])
    expect(sent.filter(({ throttled }) => throttled).length).toBeGreaterThan(sent.length / 2)
    // Eight calls for each table succeed, and about ten are throttled.
    expect(sent.length).toBeLessThan(20 * 2500)

    const most = (calls: readonly Sent[]) => Math.max(...calls.map(({ inProgress }) => inProgress))
    const reads = sent.filter(({ operation }) => operation !== 'CreateTable')
    const writes = sent.filter(({ operation }) => operation === 'CreateTable')
    // Each throttled call halves the number of calls at once, which begins with 50 reads and 5 writes.
    expect([most(reads.slice(0, 50)), most(reads.slice(50))]).toEqual([50, 5])
    expect([most(writes.slice(0, 5)), most(writes.slice(20))]).toEqual([5, 4])
  }, 60_000)
})
