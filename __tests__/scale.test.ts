/** Any number of tables: the cost grows with their number and no faster, and what an account throttles is respected. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { measureScale, type ScaleMeasurement, syntheticTables } from '../bench/scale.ts'
import { Accounts } from '../sandbox/accounts.ts'
import { measuredTimings } from '../sandbox/options.ts'
import type { Shape } from '../sandbox/table-record.ts'
import { applyPlan } from '../src/apply/apply.ts'
import { observeTables } from '../src/apply/observe.ts'
import { loadDynamoDb } from '../src/aws/dynamodb.ts'
import { planTables } from '../src/plan/planner.ts'
import { withinDeadline } from '../src/run/run.ts'
import { tableArn } from '../src/table/target.ts'
import { aTarget } from './support/builders.ts'
import { type PassingClock, virtualClock } from './support/clock.ts'
import { aRun } from './support/fakes.ts'

const timings = { creating: 0, backupsMissing: 0, backupsUnavailable: 0, tagsUnreadable: 0 }

describe('2, 20 and 200 tables', () => {
  let measured: readonly ScaleMeasurement[]

  beforeAll(async () => {
    measured = []
    for (const tables of [2, 20, 200]) {
      measured = [...measured, await measureScale(tables, { timings, writesAtOnce: 6 })]
    }
  }, 60_000)

  it('are three reads each where there is nothing to do', () => {
    expect(measured.map(({ noOp }) => noOp.calls)).toEqual([6, 60, 600])
  })

  it('are three reads, a creation, a look and three reads each where there is none', () => {
    // A look more each at most, where the machine is slow.
    for (const { tables, firstRun } of measured) {
      expect(firstRun.calls).toBeGreaterThanOrEqual(8 * tables)
      expect(firstRun.calls).toBeLessThanOrEqual(10 * tables)
    }
  })

  it('never have more writes under way than an account takes', () => {
    expect(measured.map(({ firstRun }) => firstRun.throttled)).toEqual([0, 0, 0])
  })
})

it('an account that takes less still converges, and is asked less and less', async () => {
  const { firstRun, noOp } = await measureScale(20, { timings, writesAtOnce: 2, latencyMilliseconds: 5 })
  expect(firstRun.throttled).toBeGreaterThan(0)
  expect(firstRun.throttled).toBeLessThan(40)
  expect(noOp.calls).toBe(60)
}, 60_000)

describe('2,500 tables, as many as an account has by default, in one that throttles most calls', () => {
  interface Sent {
    readonly operation: string
    readonly table: string
    /** Of its kind, itself included, when it was sent. */
    readonly underWay: number
    throttled: boolean
    done: boolean
  }

  /** DynamoDB without HTTP: calls take 20 ms of a time that does not pass, more than half of them to say that they are too many. */
  async function runOnce(account: Accounts, clock: PassingClock) {
    const sent: Sent[] = []
    const underWay = { reads: 0, writes: 0 }
    const never = new AbortController().signal
    let chance = 1
    const target = aTarget()
    const hands = account.hands(target.account, target.region)
    const send = async (command: { readonly constructor: { readonly name: string }; readonly input: Shape }) => {
      const operation = command.constructor.name.replace('Command', '')
      const kind = /^(Describe|List)/.test(operation) ? 'reads' : 'writes'
      const table = String(command.input.TableName ?? command.input.ResourceArn).replace(/.*\//, '')
      underWay[kind] += 1
      const call = { operation, table, underWay: underWay[kind], throttled: false, done: false }
      sent.push(call)
      await clock.sleep(20, never)
      underWay[kind] -= 1
      // The same chances in every run of this test.
      chance = (chance * 48_271) % 2_147_483_647
      const isTooMany = (kind === 'writes' && call.underWay > 3) || chance / 2_147_483_647 < 0.55
      if (isTooMany) {
        call.throttled = true
        throw Object.assign(new Error('Rate exceeded'), { name: 'ThrottlingException' })
      }
      const answer = await hands.call(operation, command.input)
      call.done = true
      const { Table } = answer as { readonly Table?: { readonly CreationDateTime: number } }
      if (Table === undefined) return answer
      // The SDK makes a Date of it.
      return { Table: { ...Table, CreationDateTime: new Date(Table.CreationDateTime * 1000) } }
    }
    const original = DynamoDBClient.prototype.send
    Object.assign(DynamoDBClient.prototype, { send })
    try {
      const clientOptions = { region: target.region, requestHandler: new NodeHttpHandler(), maxAttempts: 1 as const }
      const connections = { clientOptions, waiting: Promise.resolve(), openEarly: () => undefined }
      // The SDK reads the files of its configuration once, in real time, while the time of this test would run on.
      await loadDynamoDb(connections, 0, aRun())
      const log = { info: () => undefined, startGroup: () => undefined, endGroup: () => undefined }
      const interrupted = new AbortController().signal
      const outcome = await withinDeadline({ clock, log, timeoutSeconds: 1800, interrupted }, async (run) => {
        const connect = await loadDynamoDb(connections, 50, run)
        const dynamoDb = connect(
          async () => ({ accessKeyId: 'a', secretAccessKey: 'b' }),
          (table) => tableArn(target, table),
        )
        const desired = syntheticTables(2500)
        const { observed, lookedAt } = await observeTables(dynamoDb, target, desired, run)
        return await applyPlan({
          dynamoDb,
          target,
          desired,
          observed,
          lookedAt,
          plan: planTables(target, desired, observed),
          run,
        })
      })
      return { sent, outcome }
    } finally {
      Object.assign(DynamoDBClient.prototype, { send: original })
    }
  }

  it('converge within the deadline, each made once, and fewer and fewer calls are under way at once', async () => {
    const clock = virtualClock()
    const { sent, outcome } = await runOnce(new Accounts(measuredTimings, clock.now), clock)

    // After its steps the run has looked again, and seen every table as it is defined.
    expect(outcome.error).toBeUndefined()
    expect(outcome.steps.filter(({ result }) => result.status === 'applied')).toHaveLength(2500)
    const made = sent.filter(({ operation, done }) => operation === 'CreateTable' && done).map(({ table }) => table)
    expect([made.length, new Set(made).size]).toEqual([2500, 2500])
    expect(sent.filter(({ throttled }) => throttled).length).toBeGreaterThan(sent.length / 2)
    // Eight calls a table succeed, and as many again and a quarter are throttled.
    expect(sent.length).toBeLessThan(20 * 2500)

    const most = (calls: readonly Sent[]) => Math.max(...calls.map(({ underWay }) => underWay))
    const reads = sent.filter(({ operation }) => operation !== 'CreateTable')
    const writes = sent.filter(({ operation }) => operation === 'CreateTable')
    // Fifty at once are too many: each that is throttled halves what is allowed, and most were.
    expect([most(reads.slice(0, 50)), most(reads.slice(50))]).toEqual([50, 5])
    expect([most(writes.slice(0, 5)), most(writes.slice(20))]).toEqual([5, 4])
  }, 60_000)
})
