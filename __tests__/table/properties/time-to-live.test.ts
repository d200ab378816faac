import type { DescribeTimeToLiveOutput } from '@aws-sdk/client-dynamodb'
import { type Sandbox, startSandbox } from '../../../sandbox/sandbox.ts'
import { applyPlan } from '../../../src/apply/apply.ts'
import { countReads, observeTables } from '../../../src/apply/observe.ts'
import { openConnections } from '../../../src/aws/connections.ts'
import { loadDynamoDb } from '../../../src/aws/dynamodb.ts'
import { actionsOf } from '../../../src/aws/iam.ts'
import { describeStep } from '../../../src/plan/description.ts'
import { planTables } from '../../../src/plan/planner.ts'
import { systemClock, withinDeadline } from '../../../src/run/run.ts'
import { type TimeToLive, timeToLive } from '../../../src/table/properties/time-to-live.ts'
import type { Ask } from '../../../src/table/request.ts'
import type { TableDefinition } from '../../../src/table/table.ts'
import { aTable, aTarget, comparison } from '../../support/builders.ts'

const off: TimeToLive = { Enabled: false }
const on = (AttributeName: string): TimeToLive => ({ Enabled: true, AttributeName })

describe('changes', () => {
  const changes = (from: TimeToLive, to: TimeToLive) => timeToLive.changes(from, to, comparison)

  it('turns time to live on with a warning that DynamoDB deletes expired items', () => {
    expect(changes(off, on('expires_at'))).toEqual([
      {
        kind: 'update',
        from: off,
        to: on('expires_at'),
        risk: 'safe',
        warning:
          'Time to live of "users" is turned on: DynamoDB deletes the items whose attribute "expires_at" holds a time in the past, in seconds since 1970.',
      },
    ])
  })

  it('turns time to live off with the present attribute, which DynamoDB requires', () => {
    const to = { Enabled: false, AttributeName: 'expires_at' }
    expect(changes(on('expires_at'), off)).toEqual([{ kind: 'update', from: on('expires_at'), to, risk: 'safe' }])
  })

  it('refuses another attribute: a rename takes two changes, an hour apart', () => {
    expect(changes(on('expires_at'), on('ends_at'))).toEqual([
      {
        kind: 'impossible',
        reason: expect.stringContaining('"ends_at"'),
        remedy: expect.stringContaining('an hour later'),
      },
    ])
  })

  it('changes nothing where the table matches, whatever name a disabled definition has', () => {
    const disabled = { Enabled: false, AttributeName: 'expires_at' }
    expect([changes(off, off), changes(on('a'), on('a')), changes(off, disabled)]).toEqual([[], [], []])
  })
})

it.each<[DescribeTimeToLiveOutput['TimeToLiveDescription'], unknown]>([
  [{ TimeToLiveStatus: 'ENABLED', AttributeName: 'a' }, on('a')],
  [{ TimeToLiveStatus: 'ENABLING', AttributeName: 'a' }, on('a')],
  [{ TimeToLiveStatus: 'DISABLING', AttributeName: 'a' }, off],
  [{ TimeToLiveStatus: 'DISABLED' }, off],
])('reads %j', async (TimeToLiveDescription, value) => {
  if (timeToLive.reading.kind !== 'asked') throw new Error('Time to live has a call of its own')
  const ask = (async () => ({ TimeToLiveDescription })) as unknown as Ask
  await expect(timeToLive.reading.ask(ask, { name: 'users', arn: 'arn' })).resolves.toEqual(value)
})

it('takes its permissions only where a definition declares it', () => {
  const actions = ['dynamodb:DescribeTimeToLive', 'dynamodb:UpdateTimeToLive']
  const permitted = (declared: readonly 'TimeToLiveSpecification'[]) =>
    actions.filter((action) => actionsOf('apply', declared).includes(action))
  expect([permitted([]), permitted(['TimeToLiveSpecification'])]).toEqual([[], actions])
  expect(actionsOf('plan', ['TimeToLiveSpecification'])).not.toContain('dynamodb:UpdateTimeToLive')
})

describe('in the sandbox', () => {
  const key = { accessKeyId: 'AKIATIMETOLIVETEST01', secretAccessKey: 'sandbox/time/to/live/secret/000000000000' }
  const target = aTarget()
  const declared = aTable({ TimeToLiveSpecification: on('expires_at') })
  let sandbox: Sandbox

  async function start(timeToLiveCooldown = 0) {
    const principal = `arn:aws:iam::${target.account}:user/test`
    const timings = { creating: 0, timeToLiveSettling: 0, timeToLiveCooldown }
    sandbox = await startSandbox({ timings, accessKeys: [{ ...key, principal }] })
    process.env.AWS_ENDPOINT_URL = sandbox.url
  }

  afterEach(async () => {
    delete process.env.AWS_ENDPOINT_URL
    await sandbox.close()
  })

  /** Plans for the definition and applies the plan, as a run does. */
  async function apply(definition: TableDefinition) {
    sandbox.clearRequests()
    const log = { info: () => undefined, startGroup: () => undefined, endGroup: () => undefined }
    const interrupted = new AbortController().signal
    return await withinDeadline({ clock: systemClock, log, timeoutSeconds: 60, interrupted }, async (run) => {
      const connections = openConnections(target.region, { environment: {}, mask: () => undefined }, run)
      const connect = await loadDynamoDb({ ...connections, waiting: Promise.resolve() }, countReads([definition]), run)
      const dynamoDb = connect(async () => key, target)
      const observation = await observeTables(dynamoDb, target, [definition], run)
      const plan = planTables(target, [definition], observation.observed)
      const outcome = await applyPlan({
        dynamoDb,
        target,
        definitions: [definition],
        ...observation,
        plan,
        waitForIndexes: true,
        run,
      })
      return {
        steps: plan.steps.map(describeStep),
        outcome,
        statuses: outcome.steps.map(({ result }) => result.status),
      }
    })
  }
  const calls = () => sandbox.requests.map(({ operation }) => operation).filter((each) => each.includes('TimeToLive'))

  it('is turned on after the creation, found as declared by the next run, and turned off', async () => {
    await start()
    const first = await apply(declared)
    expect(first.outcome.error).toBeUndefined()
    expect(first.steps[1]).toBe(
      'update TimeToLiveSpecification of "users": TimeToLiveSpecification off -> on, expires_at',
    )
    const second = await apply(declared)
    expect([second.steps, calls()]).toEqual([[], ['DescribeTimeToLive']])
    const third = await apply(aTable({ TimeToLiveSpecification: off }))
    expect(third.statuses).toEqual(['applied'])
    expect((await apply(aTable({ TimeToLiveSpecification: off }))).steps).toEqual([])
  })

  it('is neither read nor changed where the definition omits it', async () => {
    await start()
    await apply(declared)
    const { steps } = await apply(aTable())
    expect([steps, calls()]).toEqual([[], []])
  })

  it('repairs drift', async () => {
    await start()
    await apply(declared)
    await sandbox.account(target.account, target.region).call('UpdateTimeToLive', {
      TableName: 'users',
      TimeToLiveSpecification: { Enabled: false, AttributeName: 'expires_at' },
    })
    const { steps, statuses } = await apply(declared)
    expect([steps, statuses]).toEqual([
      ['update TimeToLiveSpecification of "users": TimeToLiveSpecification off -> on, expires_at'],
      ['applied'],
    ])
  })

  it('is deferred within an hour of another change, while the other steps are performed', async () => {
    await start(3_600_000)
    await apply(declared)
    const changed = aTable({ TimeToLiveSpecification: off, DeletionProtectionEnabled: true })
    const { statuses, outcome } = await apply(changed)
    expect(statuses).toEqual(['applied', 'deferred'])
    expect(outcome.error).toMatchObject({
      message: expect.stringContaining('is deferred: AWS limits how often this may change'),
    })
  })
})
