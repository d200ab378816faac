import type { DescribeTimeToLiveOutput } from '@aws-sdk/client-dynamodb'
import { actionsOf } from '../../../src/aws/iam.ts'
import { type TimeToLive, timeToLive } from '../../../src/table/properties/time-to-live.ts'
import type { Ask } from '../../../src/table/request.ts'
import { aTable, comparison } from '../../support/builders.ts'
import { startSandboxRuns } from '../../support/sandbox-runs.ts'

const { apply, hands, sandbox, clock } = await startSandboxRuns({ timings: { timeToLiveSettling: 0 } })

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
  const declared = aTable({ TimeToLiveSpecification: on('expires_at') })
  const anHour = 3_600_000
  const calls = () => sandbox.requests.map(({ operation }) => operation).filter((each) => each.includes('TimeToLive'))

  it('is turned on after the creation, found as declared by the next run, and turned off', async () => {
    const first = await apply(declared)
    expect(first.outcome.error).toBeUndefined()
    expect(first.steps[1]).toBe('update TimeToLiveSpecification of "users": time to live off -> on, expires_at')
    const second = await apply(declared)
    expect([second.steps, calls()]).toEqual([[], ['DescribeTimeToLive']])
    clock.pass(anHour)
    const third = await apply(aTable({ TimeToLiveSpecification: off }))
    expect(third.statuses).toEqual(['applied'])
    expect((await apply(aTable({ TimeToLiveSpecification: off }))).steps).toEqual([])
  })

  it('is neither read nor changed where the definition omits it', async () => {
    await apply(declared)
    const { steps } = await apply(aTable())
    expect([steps, calls()]).toEqual([[], []])
  })

  it('repairs drift', async () => {
    await apply(declared)
    clock.pass(anHour)
    await hands.call('UpdateTimeToLive', {
      TableName: 'users',
      TimeToLiveSpecification: { Enabled: false, AttributeName: 'expires_at' },
    })
    clock.pass(anHour)
    const { steps, statuses } = await apply(declared)
    expect([steps, statuses]).toEqual([
      ['update TimeToLiveSpecification of "users": time to live off -> on, expires_at'],
      ['applied'],
    ])
  })

  it('is deferred within an hour of another change, while the other steps are performed', async () => {
    await apply(declared)
    const changed = aTable({ TimeToLiveSpecification: off, DeletionProtectionEnabled: true })
    const { statuses, outcome } = await apply(changed)
    expect(statuses).toEqual(['applied', 'deferred'])
    expect(outcome.error).toMatchObject({
      message: expect.stringContaining('is deferred: AWS limits how often this may change'),
      remedy: expect.stringContaining('Run again when the limit allows it: one change an hour.'),
    })
  })
})
