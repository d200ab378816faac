import * as v from 'valibot'
import type { BillingMode } from '../../../src/table/properties/billing-mode.ts'
import { onDemandThroughput } from '../../../src/table/properties/on-demand-throughput.ts'
import type { OnDemandThroughput } from '../../../src/table/throughput.ts'
import { aTable, comparison, provisioned, readDescribed } from '../../support/builders.ts'
import { startSandboxRuns } from '../../support/sandbox-runs.ts'

const { apply, change, hands, sandbox } = await startSandboxRuns()

const reads = (MaxReadRequestUnits: number) => ({ MaxReadRequestUnits })
const both = (MaxReadRequestUnits: number, MaxWriteRequestUnits: number) => ({
  MaxReadRequestUnits,
  MaxWriteRequestUnits,
})
const none = both(-1, -1)

describe('changes', () => {
  const changes = (from: OnDemandThroughput, to: OnDemandThroughput) => onDemandThroughput.changes(from, to, comparison)

  it('have only the members that differ', () => {
    expect(changes(both(100, 200), both(100, 300))).toEqual([
      {
        kind: 'update',
        from: { MaxWriteRequestUnits: 200 },
        to: { MaxWriteRequestUnits: 300 },
        risk: 'safe',
      },
    ])
  })

  it('leave a member alone that the definition omits', () => {
    expect(changes(both(100, 200), reads(100))).toEqual([])
    expect(changes(both(100, 200), {})).toEqual([])
  })

  it('remove a maximum by -1, and send nothing for a maximum that is not there', () => {
    expect(changes(both(100, -1), none)).toEqual([{ kind: 'update', from: reads(100), to: reads(-1), risk: 'safe' }])
    expect(changes(none, none)).toEqual([])
  })

  const mode = (declared: BillingMode | undefined, observed: BillingMode) => {
    const values = { ...(declared === undefined ? {} : { BillingMode: declared }) }
    return onDemandThroughput.changes(none, reads(100), {
      table: 'users',
      declared: values,
      observed: { BillingMode: observed },
    })
  }

  it('are impossible on a provisioned table whose billing mode the definition omits', () => {
    expect(mode(undefined, provisioned)).toEqual([
      {
        kind: 'impossible',
        reason:
          'The table "users" has provisioned capacity, but its definition declares OnDemandThroughput. DynamoDB accepts it only for a table that is on demand.',
        remedy: 'Declare BillingMode: PAY_PER_REQUEST, or remove OnDemandThroughput from the definition.',
      },
    ])
  })

  it('follow the switch of a provisioned table to on demand', () => {
    expect([mode('PAY_PER_REQUEST', provisioned), mode(undefined, 'PAY_PER_REQUEST')]).toMatchObject([
      [{ kind: 'update' }],
      [{ kind: 'update' }],
    ])
  })
})

it('sends the changed members alone', () => {
  const change = { from: reads(100), to: reads(-1) }
  expect(onDemandThroughput.request?.({ name: 'users', arn: 'arn' }, change)).toEqual({
    operation: 'UpdateTable',
    input: { TableName: 'users', OnDemandThroughput: reads(-1) },
  })
})

it.each<[OnDemandThroughput, object]>([
  [both(100, 200), { OnDemandThroughput: both(100, 200) }],
  [both(100, -1), { OnDemandThroughput: reads(100) }],
  [none, {}],
  [{}, {}],
])('creates a table with the maximums of %j, without -1, which CreateTable refuses', (declared, input) => {
  const { creation } = onDemandThroughput
  if (creation.kind !== 'in-create-table') throw new Error('The maximum is in CreateTable')
  expect(creation.input(declared)).toEqual(input)
})

it.each<[object, OnDemandThroughput]>([
  [{}, none],
  [{ OnDemandThroughput: reads(100) }, both(100, -1)],
  [{ OnDemandThroughput: both(-1, 500) }, both(-1, 500)],
])('reads %j', (table, value) => {
  expect(readDescribed(onDemandThroughput, table)).toEqual(value)
})

it('accepts whole numbers from 1, and -1', () => {
  const accepted = [1, 100, -1, 0, -2, 1.5].map((units) => v.is(onDemandThroughput.schema, reads(units)))
  expect(accepted).toEqual([true, true, true, false, false, false])
})

it('shows each member, and -1 in words', () => {
  expect(onDemandThroughput.settings(both(100, -1))).toEqual([
    { name: 'MaxReadRequestUnits', value: '100' },
    { name: 'MaxWriteRequestUnits', value: 'no maximum' },
  ])
})

it('reports the maximums that the definition does not mention', () => {
  const unmanaged = (declared?: OnDemandThroughput) =>
    onDemandThroughput.unmanaged?.(both(100, 200), declared).map(({ path, value }) => `${path} ${value}`)
  expect(unmanaged()).toEqual([
    'onDemandThroughput MaxReadRequestUnits 100',
    'onDemandThroughput MaxWriteRequestUnits 200',
  ])
  expect(unmanaged(reads(50))).toEqual(['onDemandThroughput MaxWriteRequestUnits 200'])
  expect(onDemandThroughput.unmanaged?.(none, undefined)).toEqual([])
})

describe('in the sandbox', () => {
  const declared = (OnDemandThroughput: OnDemandThroughput) => aTable({ OnDemandThroughput })
  const updates = () => sandbox.requests.filter(({ operation }) => operation === 'UpdateTable')

  it('is created, found as declared by the next run, changed by member, and removed', async () => {
    expect((await apply(declared(both(100, -1)))).statuses).toEqual(['applied'])
    expect([(await apply(declared(both(100, -1)))).steps, updates()]).toEqual([[], []])
    const { steps, statuses } = await apply(declared(both(100, 300)))
    expect([steps, statuses]).toEqual([
      ['update OnDemandThroughput of "users": MaxWriteRequestUnits no maximum -> 300'],
      ['applied'],
    ])
    expect((await apply(declared(none))).statuses).toEqual(['applied'])
    expect([(await apply(declared(none))).steps, updates()]).toEqual([[], []])
  })

  it('repairs drift, and leaves a member alone that the definition omits', async () => {
    await apply(declared(reads(100)))
    await change({ OnDemandThroughput: both(50, 500) })
    const { steps } = await apply(declared(reads(100)))
    expect(steps).toEqual(['update OnDemandThroughput of "users": MaxReadRequestUnits 50 -> 100'])
    expect((await apply(aTable())).steps).toEqual([])
    expect((await apply(declared(both(100, 500)))).steps).toEqual([])
  })

  it('is set after the switch of a provisioned table to on demand', async () => {
    await apply(aTable({ BillingMode: provisioned }))
    const { steps, statuses } = await apply(declared(reads(100)))
    expect([steps.map((step) => step.split(':')[0]), statuses]).toEqual([
      ['update BillingMode of "users"', 'update OnDemandThroughput of "users"'],
      ['applied', 'applied'],
    ])
    expect((await apply(declared(reads(100)))).steps).toEqual([])
  })

  it('is deferred together with the switch to on demand that it needs', async () => {
    await apply(aTable({ BillingMode: provisioned }))
    hands.exhaustBudget('users', 'onDemand')
    const { statuses, outcome } = await apply(declared(reads(100)))
    expect([statuses, updates()]).toMatchObject([['deferred', 'deferred'], [{ error: 'LimitExceededException' }]])
    expect(outcome.error).toMatchObject({ message: expect.stringContaining('UpdateTable on "users" is deferred') })
  })

  it('refuses a table that is found provisioned where the definition omits the billing mode', async () => {
    await apply(aTable({ BillingMode: provisioned }))
    const { plan } = await apply(aTable({ BillingMode: undefined, OnDemandThroughput: reads(100) }))
    expect([plan.refusals, updates()]).toMatchObject([[{ code: 'impossible-change' }], []])
  })
})
