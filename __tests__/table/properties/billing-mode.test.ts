import * as v from 'valibot'
import { nameStep } from '../../../src/plan/description.ts'
import { planTables } from '../../../src/plan/planner.ts'
import {
  type BillingMode,
  billingMode,
  isProvisioned,
  isSwitchToProvisioned,
} from '../../../src/table/properties/billing-mode.ts'
import type { Comparison, ValueChange } from '../../../src/table/property.ts'
import { aTable, aTarget, comparison, provisioned, readDescribed, ready, strictPolicy } from '../../support/builders.ts'
import { startSandboxRuns } from '../../support/sandbox-runs.ts'

const { apply, change, hands, sandbox } = await startSandboxRuns()

const onDemand = 'PAY_PER_REQUEST'
const units = (ReadCapacityUnits: number, WriteCapacityUnits = ReadCapacityUnits) => ({
  ReadCapacityUnits,
  WriteCapacityUnits,
})
const withUnits = (reads: number, writes = reads) => ({ ProvisionedThroughput: units(reads, writes) })
const index = (IndexName: string, count?: number) => ({
  IndexName,
  ...(count === undefined ? {} : withUnits(count)),
})

/** A comparison of a table and a definition with global indexes. */
function withIndexes(declared: readonly object[] | undefined, observed: readonly object[]): Comparison {
  const values = (indexes: readonly object[] | undefined) => ({ GlobalSecondaryIndexes: indexes }) as object
  return { table: 'users', declared: values(declared), observed: values(observed) }
}

describe('changes', () => {
  const changes = (from: BillingMode, to: BillingMode, context = comparison) => billingMode.changes(from, to, context)

  it('switches to on demand by a slow step', () => {
    expect(changes(withUnits(5), onDemand)).toEqual([
      { kind: 'update', from: withUnits(5), to: onDemand, risk: 'slow' },
    ])
  })

  it('switches to provisioned capacity by a slow step', () => {
    expect(changes(onDemand, withUnits(5))).toEqual([
      { kind: 'update', from: onDemand, to: withUnits(5), risk: 'slow' },
    ])
  })

  it('gives every index on the table its declared units in a switch to provisioned capacity, and no other index', () => {
    const context = withIndexes(
      [index('new', 1), index('by-email', 2), index('by-name', 3)],
      [index('by-email'), index('by-name')],
    )
    const to = { ...withUnits(5), GlobalSecondaryIndexes: [index('by-email', 2), index('by-name', 3)] }
    expect(changes(onDemand, withUnits(5), context)).toEqual([{ kind: 'update', from: onDemand, to, risk: 'slow' }])
  })

  it.each<[string, readonly object[] | undefined]>([
    ['is not declared', undefined],
    ['is not in the list', [index('by-name', 3)]],
    ['has no declared units', [index('by-email'), index('by-name', 3)]],
  ])('refuses a switch to provisioned capacity while an index on the table %s', (_, declared) => {
    expect(changes(onDemand, withUnits(5), withIndexes(declared, [index('by-email')]))).toEqual([
      {
        kind: 'impossible',
        reason:
          'The table "users" is on demand and its definition declares provisioned capacity, but no ProvisionedThroughput for the index "by-email". DynamoDB changes the table only together with all of its global indexes.',
        remedy: 'Declare ProvisionedThroughput for it in GlobalSecondaryIndexes, or delete it first. Then run again.',
      },
    ])
  })

  it('names every index without declared units', () => {
    expect(changes(onDemand, withUnits(5), withIndexes([], [index('by-email'), index('by-name')]))).toMatchObject([
      {
        reason: expect.stringContaining('for the indexes "by-email", "by-name".'),
        remedy: expect.stringContaining('for them in GlobalSecondaryIndexes, or delete them first'),
      },
    ])
  })

  it('warns that a switch to provisioned capacity removes the on-demand maximums of the table and its indexes', () => {
    const OnDemandThroughput = { MaxReadRequestUnits: 100, MaxWriteRequestUnits: -1 }
    const context = withIndexes([index('by-email', 2)], [{ ...index('by-email'), OnDemandThroughput }])
    const observed = { ...context.observed, OnDemandThroughput }
    expect(changes(onDemand, withUnits(5), { ...context, observed })).toMatchObject([
      {
        warning:
          'The change of "users" to provisioned capacity removes its on-demand maximums: MaxReadRequestUnits 100, MaxReadRequestUnits 100 of the index "by-email".',
      },
    ])
  })

  it('changes units by a safe step, which has no indexes', () => {
    const declared = { ...withUnits(5, 6), GlobalSecondaryIndexes: [index('by-email', 2)] } as BillingMode
    expect(changes(withUnits(5), declared)).toEqual([
      { kind: 'update', from: withUnits(5), to: withUnits(5, 6), risk: 'safe' },
    ])
  })

  it('changes nothing where the mode and the units match', () => {
    expect([changes(onDemand, onDemand), changes(withUnits(5, 6), withUnits(5, 6))]).toEqual([[], []])
  })
})

describe('request', () => {
  const input = (change: ValueChange<BillingMode>) => billingMode.request?.({ name: 'users', arn: 'arn' }, change).input

  it('to switch to on demand has the billing mode alone', () => {
    expect(input({ from: withUnits(5), to: onDemand })).toEqual({ TableName: 'users', BillingMode: onDemand })
  })

  it('to switch to provisioned capacity has the units of the table and of each index', () => {
    const to = { ...withUnits(5), GlobalSecondaryIndexes: [index('by-email', 2)] } as BillingMode
    expect(input({ from: onDemand, to })).toEqual({
      TableName: 'users',
      BillingMode: 'PROVISIONED',
      ...withUnits(5),
      GlobalSecondaryIndexUpdates: [{ Update: index('by-email', 2) }],
    })
    expect(input({ from: onDemand, to: withUnits(5) })).not.toHaveProperty('GlobalSecondaryIndexUpdates')
  })

  it('to change units has both units of the table alone', () => {
    expect(input({ from: withUnits(5), to: withUnits(5, 6) })).toEqual({ TableName: 'users', ...withUnits(5, 6) })
  })

  it.each<[string, BillingMode, BillingMode, string]>([
    ['units', withUnits(5), withUnits(6), '1 to 2 s'],
    ['on demand to provisioned', onDemand, withUnits(6), '1 to 2 minutes'],
    ['provisioned to on demand', withUnits(5), onDemand, '2 to 3 minutes the first time'],
  ])('has a wait of its own for a change of %s', (_, from, to, usual) => {
    const wait = billingMode.waits?.find(({ appliesTo }) => appliesTo === undefined || appliesTo({ from, to }))
    expect(wait?.usual).toBe(usual)
  })
})

describe('reading', () => {
  const read = (table: object) => readDescribed(billingMode, table)
  const zeros = { ProvisionedThroughput: units(0) }

  it('takes a table without a summary as provisioned', () => {
    expect(read(withUnits(5))).toEqual(withUnits(5))
  })

  it('ignores the zeros and the counter that DynamoDB shows', () => {
    expect(read({ BillingModeSummary: { BillingMode: onDemand }, ...zeros })).toBe(onDemand)
    const ProvisionedThroughput = { ...units(2), NumberOfDecreasesToday: 1, LastDecreaseDateTime: new Date() }
    expect(read({ BillingModeSummary: { BillingMode: 'PROVISIONED' }, ProvisionedThroughput })).toEqual(withUnits(2))
  })

  it('gives no value for a provisioned table without units', () => {
    for (const table of [{}, zeros]) expect(v.is(billingMode.schema, read(table))).toBe(false)
  })
})

describe('declaration', () => {
  const declare = (fields: Readonly<Record<string, unknown>>) => billingMode.declaration?.normalize(fields, new Map())

  it('takes units alone, and next to the billing mode, as provisioned', () => {
    expect([declare(withUnits(5)), declare({ BillingMode: 'PROVISIONED', ...withUnits(5) })]).toEqual([
      withUnits(5),
      withUnits(5),
    ])
  })

  it('takes on demand as it is, and no field as omitted', () => {
    expect([declare({ BillingMode: onDemand }), declare({})]).toEqual([onDemand, undefined])
    expect(() => declare({ BillingMode: 'PROVISIONED' })).toThrow('PROVISIONED needs ProvisionedThroughput')
  })

  it('accepts whole units of at least 1', () => {
    const { ProvisionedThroughput: schema } = billingMode.declaration?.fields ?? {}
    const accepted = [units(1), units(0), units(1.5), { ReadCapacityUnits: 1 }].map((value) =>
      v.is(schema as v.GenericSchema, value),
    )
    expect(accepted).toEqual([true, false, false, false])
  })
})

it('shows the units of the table and of the indexes that a switch changes', () => {
  const to = { ...withUnits(5, 6), GlobalSecondaryIndexes: [index('by-email', 2)] } as BillingMode
  expect(billingMode.settings(to)).toEqual([
    { name: 'billing', value: 'PROVISIONED, 5 read and 6 write units' },
    { group: 'units of index', name: 'by-email', value: '2 read and 2 write units' },
  ])
  expect(billingMode.settings(onDemand)).toEqual([{ name: 'billing', value: onDemand }])
})

it('reports a provisioned table whose definition omits the billing mode, and no other', () => {
  const unmanaged = (observed: BillingMode, declared?: BillingMode) => billingMode.unmanaged?.(observed, declared)
  expect(unmanaged(provisioned)).toEqual([{ path: 'billingMode', value: 'PROVISIONED, 5 read and 5 write units' }])
  expect([unmanaged(onDemand), unmanaged(provisioned, onDemand)]).toEqual([[], []])
})

it('knows the modes and the switch to provisioned capacity', () => {
  expect([isProvisioned(provisioned), isProvisioned(onDemand), isProvisioned(undefined)]).toEqual([true, false, false])
  const isSwitch = (declared: BillingMode, observed: BillingMode) =>
    isSwitchToProvisioned({ table: 'users', declared: { BillingMode: declared }, observed: { BillingMode: observed } })
  expect([
    isSwitch(provisioned, onDemand),
    isSwitch(provisioned, provisioned),
    isSwitch(onDemand, provisioned),
  ]).toEqual([true, false, false])
})

it('leaves a table as it is where the definition omits the billing mode, and reports it', () => {
  const table = aTable({ BillingMode: undefined })
  const { steps, tables } = planTables(
    aTarget(),
    [table],
    new Map([['users', ready(table, { BillingMode: provisioned })]]),
    strictPolicy,
  )
  expect([steps.map(nameStep), tables[0]?.unmanaged]).toEqual([
    [],
    [{ path: 'billingMode', value: 'PROVISIONED, 5 read and 5 write units' }],
  ])
})

it.each([
  'Subscriber limit exceeded: Update to PayPerRequest mode are limited to 4 in 24 hours. Next update can be made at noon',
  'Provisioned throughput decreases are limited. Next decrease can be made at noon',
])('recognizes that AWS allows no further change for now: %s', (message) => {
  expect(billingMode.budget?.isSpent.test(`LimitExceededException: ${message}`)).toBe(true)
  expect(billingMode.budget?.isSpent.test('Rate exceeded')).toBe(false)
})

describe('in the sandbox', () => {
  const declared = (reads: number, writes = reads) => aTable({ BillingMode: withUnits(reads, writes) })
  const updates = () => sandbox.requests.filter(({ operation }) => operation === 'UpdateTable')

  it('is on demand after the creation where the definition omits it', async () => {
    const table = aTable({ BillingMode: undefined })
    await apply(table)
    expect((await apply(aTable())).steps).toEqual([])
  })

  it('is created provisioned, found as declared by the next run, and changed in its units and its mode', async () => {
    const first = await apply(declared(5))
    expect([first.outcome.error, first.statuses]).toEqual([undefined, ['applied']])
    expect([(await apply(declared(5))).steps, updates()]).toEqual([[], []])
    const second = await apply(declared(6, 4))
    expect([second.steps, second.statuses]).toEqual([
      [
        'update BillingMode of "users": billing PROVISIONED, 5 read and 5 write units -> PROVISIONED, 6 read and 4 write units',
      ],
      ['applied'],
    ])
    expect((await apply(aTable())).statuses).toEqual(['applied'])
    expect((await apply(aTable())).steps).toEqual([])
    expect((await apply(declared(7))).statuses).toEqual(['applied'])
    expect((await apply(declared(7))).steps).toEqual([])
  })

  it('repairs drift of the units', async () => {
    await apply(declared(5))
    await change({ ProvisionedThroughput: units(9) })
    expect((await apply(declared(5))).statuses).toEqual(['applied'])
    expect((await apply(declared(5))).steps).toEqual([])
  })

  it('is deferred once the decreases of the day are spent, with the time of the next one, while the other steps are performed', async () => {
    await apply(declared(5))
    hands.exhaustBudget('users', 'decreases')
    const { statuses, outcome } = await apply(aTable({ BillingMode: withUnits(4), DeletionProtectionEnabled: true }))
    expect(statuses).toEqual(['applied', 'deferred'])
    expect(outcome.error).toMatchObject({
      message: expect.stringMatching(
        /allows the next change at \w+, \w+ \d+, \d{4} at [\d:]+ [AP]M Coordinated Universal Time\.$/,
      ),
    })
    expect((await apply(declared(6))).statuses).toEqual(['applied'])
  })
})
