import { type Difference, diffTable, tagChanges } from '../../src/plan/diff.ts'
import type { TableDefinition, ObservedTable, ReadyTable } from '../../src/table/table.ts'
import { aTable, production, ready, theTables } from '../support/builders.ts'

const users = aTable()
const [, usersInProduction] = theTables({ environment: production })

/** What differs where a table is as defined but for the changes. */
function differences(changes: Partial<ReadyTable>, desired: TableDefinition = users): readonly Difference[] {
  return diffTable(desired, ready(desired, changes))
}

it('a table that is as defined does not differ', () => {
  expect(differences({})).toEqual([])
  expect(differences({}, usersInProduction)).toEqual([])
})

it('a table that is absent differs in that, and in the recovery that CreateTable cannot give it', () => {
  const absent: ObservedTable = { status: 'absent' }
  const existence = { path: 'existence', from: 'absent', to: 'present' }
  expect(diffTable(users, absent)).toEqual([existence])
  expect(diffTable(aTable({ pointInTimeRecovery: { enabled: false } }), absent)).toEqual([existence])
  expect(diffTable(usersInProduction, absent)).toEqual([
    existence,
    { path: 'pointInTimeRecovery', from: { enabled: false }, to: { enabled: true, recoveryPeriodDays: 35 } },
  ])
})

it('of a table that cannot be worked with, nothing else is compared', () => {
  expect(diffTable(usersInProduction, { status: 'unavailable', tableStatus: 'ARCHIVED' })).toEqual([
    { path: 'availability', from: 'ARCHIVED', to: 'ACTIVE' },
  ])
})

it('every difference is told, in the order in which DynamoDB can take the changes', () => {
  const keys = { partitionKey: { name: 'id', type: 'N' } } as const
  const found = differences(
    {
      keys,
      deletionProtection: false,
      billingMode: 'PROVISIONED',
      pointInTimeRecovery: { enabled: true, recoveryPeriodDays: 7 },
      tags: new Map([['tenant-tables:environment', 'staging']]),
    },
    usersInProduction,
  )
  expect(found).toEqual([
    { path: 'keys', from: keys, to: usersInProduction.keys },
    { path: 'deletionProtection', from: false, to: true },
    {
      path: 'pointInTimeRecovery',
      from: { enabled: true, recoveryPeriodDays: 7 },
      to: { enabled: true, recoveryPeriodDays: 35 },
    },
    {
      path: 'environment',
      from: 'staging',
      to: 'prod',
      changes: [
        { key: 'tenant-tables:environment', from: 'staging', to: 'prod' },
        { key: 'tenant-tables:managed-by', to: 'tenant-tables' },
      ],
    },
    { path: 'billingMode', from: 'PROVISIONED', to: 'PAY_PER_REQUEST' },
  ])
})

it('what the definition omits never differs', () => {
  expect(
    differences({ deletionProtection: true, pointInTimeRecovery: { enabled: true, recoveryPeriodDays: 7 } }),
  ).toEqual([])
})

it('a setting that is asked to be off differs where it is on, and only there; protection goes last', () => {
  const off = aTable({ deletionProtection: false, pointInTimeRecovery: { enabled: false } })
  const on = { deletionProtection: true, pointInTimeRecovery: { enabled: true, recoveryPeriodDays: 35 } } as const
  expect(differences({}, off)).toEqual([])
  expect(differences(on, off)).toEqual([
    { path: 'pointInTimeRecovery', from: { enabled: true, recoveryPeriodDays: 35 }, to: { enabled: false } },
    { path: 'deletionProtection', from: true, to: false },
  ])
})

describe('keys differ', () => {
  const { partitionKey } = users.keys
  it.each([
    ['in the name of the partition key', { ...users.keys, partitionKey: { name: 'id', type: 'S' as const } }],
    ['in its type alone', { ...users.keys, partitionKey: { ...partitionKey, type: 'B' as const } }],
    ['in the name of the sort key', { partitionKey, sortKey: { name: 'id', type: 'S' as const } }],
    ['in its type alone, too', { partitionKey, sortKey: { name: 'user_id', type: 'N' as const } }],
    ['in having no sort key', { partitionKey }],
  ])('%s', (_, keys) => expect(differences({ keys })).toEqual([{ path: 'keys', from: keys, to: users.keys }]))

  it('in a sort key that nobody asked for', () => {
    const [tenant] = theTables()
    expect(differences({ keys: users.keys }, tenant)).toEqual([{ path: 'keys', from: users.keys, to: tenant.keys }])
  })
})

describe('tags', () => {
  it('that are missing or have another value differ, and those of others do not', () => {
    const desired = new Map([
      ['b', '1'],
      ['a', '2'],
      ['same', 'x'],
    ])
    const observed = new Map([
      ['a', 'old'],
      ['same', 'x'],
      ['other', 'y'],
    ])
    expect(tagChanges(desired, observed)).toStrictEqual([
      { key: 'a', from: 'old', to: '2' },
      { key: 'b', to: '1' },
    ])
  })

  it('are in the order of their code units, however they were given', () => {
    const keys = ['Z', 'a', 'Ä', '__proto__', '10', '9', 'constructor']
    const tags = (from: readonly string[]) => new Map(from.map((key) => [key, 'v'] as const))
    const sorted = ['10', '9', 'Z', '__proto__', 'a', 'constructor', 'Ä']
    for (const order of [keys, [...keys].reverse()]) {
      expect(tagChanges(tags(order), new Map()).map(({ key }) => key)).toEqual(sorted)
    }
  })

  it('tell an empty value from no tag at all', () => {
    expect(tagChanges(new Map([['a', '']]), new Map())).toStrictEqual([{ key: 'a', to: '' }])
    expect(tagChanges(new Map([['a', 'x']]), new Map([['a', '']]))).toStrictEqual([{ key: 'a', from: '', to: 'x' }])
  })

  it('name the environment once: a table that says which it is keeps its spelling', () => {
    const prod = new Map([['tenant-tables:environment', 'prod']])
    expect(tagChanges(prod, new Map([['tenant-tables:environment', 'PROD']]))).toEqual([])
    expect(tagChanges(prod, new Map())).toEqual([{ key: 'tenant-tables:environment', to: 'prod' }])
  })
})

describe('the environment', () => {
  const tagged = (name: string) => ({ tags: new Map([...users.tags, ['tenant-tables:environment', name]]) })

  it('differs where the tag names another, and not in case', () => {
    const changes = [{ key: 'tenant-tables:environment', from: 'staging', to: 'dev' }]
    expect(differences(tagged('staging'))).toEqual([{ path: 'environment', from: 'staging', to: 'dev', changes }])
    expect(differences(tagged('DEV'))).toEqual([])
  })

  it('does not differ where the definition names none', () => {
    expect(diffTable(aTable({ tags: new Map() }), ready(users))).toEqual([])
  })
})

it('neither argument is changed', () => {
  const desired = aTable({ tags: new Map([['z', '1'], ['a', '2'], ...users.tags]) })
  const observed = ready(users, { tags: new Map([['y', '1']]), billingMode: 'PROVISIONED' })
  const before = structuredClone([desired, observed])
  diffTable(desired, observed)
  expect([desired, observed]).toEqual(before)
  expect([...desired.tags.keys()].slice(0, 2)).toEqual(['z', 'a'])
})
