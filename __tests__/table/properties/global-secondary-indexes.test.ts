import type { GlobalSecondaryIndexDescription, TableDescription } from '@aws-sdk/client-dynamodb'
import * as v from 'valibot'
import { planTables } from '../../../src/plan/planner.ts'
import {
  type GlobalIndex,
  type GlobalIndexes,
  globalSecondaryIndexes,
} from '../../../src/table/properties/global-secondary-indexes.ts'
import type { PropertyValues } from '../../../src/table/properties/index.ts'
import type { KeyAttribute } from '../../../src/table/properties/key-schema.ts'
import type { Change, Comparison } from '../../../src/table/property.ts'
import type { TableValues } from '../../../src/table/table.ts'
import { createRequest } from '../../../src/table/values.ts'
import { aTable, aTarget, managedOnly, readDescribed, ready, strictPolicy } from '../../support/builders.ts'

const hash = (AttributeName: string, AttributeType: 'S' | 'N' = 'S'): KeyAttribute => ({
  AttributeName,
  AttributeType,
  KeyType: 'HASH',
})
const range = (AttributeName: string, AttributeType: 'S' | 'N' = 'S'): KeyAttribute => ({
  ...hash(AttributeName, AttributeType),
  KeyType: 'RANGE',
})
const index = (IndexName: string, changes: Partial<GlobalIndex> = {}): GlobalIndex => ({
  IndexName,
  KeySchema: [hash('email')],
  Projection: { ProjectionType: 'KEYS_ONLY' },
  ...changes,
})
const units = (count: number) => ({ ReadCapacityUnits: count, WriteCapacityUnits: count })
const unlimited = { OnDemandThroughput: { MaxReadRequestUnits: -1, MaxWriteRequestUnits: -1 } }
const all = { Projection: { ProjectionType: 'ALL' } } as const
const provisioned = { ProvisionedThroughput: units(5) }

/** On demand unless said otherwise. An observed index on demand has no maximum unless said otherwise. */
function changes(
  from: GlobalIndexes,
  to: GlobalIndexes,
  { declared = {}, observed = {} }: { declared?: Partial<TableValues>; observed?: Partial<TableValues> } = {},
) {
  const comparison: Comparison = {
    table: 'users',
    declared: { ...declared, GlobalSecondaryIndexes: to },
    observed: { BillingMode: 'PAY_PER_REQUEST', ...observed, GlobalSecondaryIndexes: from },
  }
  return globalSecondaryIndexes.changes(from, to, comparison)
}

/** Such as `+by-email`, `-by-email` and `~by-email`; an optional one in brackets. */
function inShort(found: ReturnType<typeof changes>): readonly string[] {
  return found.map((change) => {
    if (change.kind === 'impossible') return 'impossible'
    const { from, to, isOptional } = change
    const mark = from.length === 0 ? '+' : to.length === 0 ? '-' : '~'
    const text = `${mark}${[...from, ...to][0]?.IndexName}`
    return isOptional ? `(${text})` : text
  })
}

const many = (count: number) => Array.from({ length: count }, (_, number) => index(`index-${10 + number}`))

describe('changes', () => {
  it('creates one index by each change, as a slow one', () => {
    const to = [index('by-date'), index('by-email', { OnDemandThroughput: { MaxReadRequestUnits: 100 } })]
    expect(changes([], to)).toEqual(to.map((each) => ({ kind: 'update', from: [], to: [each], risk: 'slow' })))
  })

  it('changes nothing where a declared index is on the table, whatever its order and its undeclared throughput', () => {
    const included = (names: string[]) =>
      index('a', { Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: names } })
    const observed = [{ ...included(['b', 'c']), ...unlimited }, index('by-email', unlimited)]
    expect(changes(observed, [included(['c', 'b']), index('by-email')])).toEqual([])
  })

  it('deletes an index that the list lacks only as an optional change, which tells what it breaks', () => {
    expect(changes([index('old', unlimited)], [])).toEqual([
      {
        kind: 'update',
        from: [index('old')],
        to: [],
        risk: { allow: ['delete-index'] },
        isOptional: true,
        warning: 'The index "old" of "users" is deleted: queries of it fail from then on.',
      },
    ])
  })

  it('creates before it deletes, so that queries are served throughout', () => {
    expect(inShort(changes([index('old')], [index('new')]))).toEqual(['+new', '(-old)'])
  })

  it.each<[string, Partial<GlobalIndex>]>([
    ['a projection', all],
    ['a key', { KeySchema: [hash('user_id')] }],
    ['a type of a key', { KeySchema: [hash('email', 'N')] }],
    ['a kind of a key', { KeySchema: [hash('email'), hash('user_id')] }],
  ])('rebuilds an index with another value of %s: deletes it, then creates it', (_, changed) => {
    const found = changes([index('by-email', unlimited)], [index('by-email', changed)])
    expect(found).toEqual([
      {
        kind: 'update',
        from: [index('by-email')],
        to: [],
        risk: { allow: ['rebuild-index'] },
        warning: expect.stringContaining('queries of it fail until it is built'),
      },
      { kind: 'update', from: [], to: [index('by-email', changed)], risk: 'slow' },
    ])
  })

  it('rebuilds one index after the other, after creations and before deletions', () => {
    const from = [index('a'), index('b'), index('old')]
    expect(inShort(changes(from, [index('a', all), index('b', all), index('new')]))).toEqual([
      '+new',
      '-a',
      '+a',
      '-b',
      '+b',
      '(-old)',
    ])
  })

  it('deletes every index first that gives an attribute another type than a new index does', () => {
    const key = (type: 'S' | 'N') => ({ KeySchema: [hash('email', type)] })
    const from = [index('a', key('S')), index('b', key('S')), index('c', { KeySchema: [hash('user_id')] })]
    const to = [index('a', key('N')), index('b', key('N')), index('c', { ...all, KeySchema: [hash('user_id')] })]
    expect(inShort(changes(from, to))).toEqual(['-a', '-b', '+a', '+b', '-c', '+c'])
  })

  it('makes room first on a table with 20 indexes, and then one deletion is no longer optional', () => {
    const kept = many(18)
    const full = [...kept, index('old-1'), index('old-2')]
    expect(inShort(changes(full, [...kept, index('new')]))).toEqual(['-old-1', '(-old-2)', '+new'])
    expect(inShort(changes(full.slice(1), [...kept.slice(1), index('new')]))).toEqual(['+new', '(-old-1)', '(-old-2)'])
  })

  it('plans the same deletions and creations after any of them was performed, so that an apply only drops steps', () => {
    const kept = many(18)
    const from = [index('a'), ...kept, index('old')]
    const to = [index('a', all), ...kept, index('new')]
    const isPlanned = (change: unknown) => planned.some((each) => JSON.stringify(each) === JSON.stringify(change))
    const stepOf = ({ from: before, to: after, risk }: Change<GlobalIndexes>) => ({ before, after, risk })
    const planned = changes(from, to).map((change) => stepOf(change as Change<GlobalIndexes>))
    expect(planned).toHaveLength(4)
    let present: GlobalIndexes = from
    for (const { before, after } of planned) {
      present = [...present.filter(({ IndexName }) => IndexName !== before[0]?.IndexName), ...after]
      const next = changes(present, to).map((change) => stepOf(change as Change<GlobalIndexes>))
      expect(next.filter((change) => !isPlanned(change))).toEqual([])
    }
    expect(changes(present, to)).toEqual([])
  })
})

describe('throughput', () => {
  const onDemand = { BillingMode: 'PAY_PER_REQUEST' } as const
  const observed = { BillingMode: provisioned }

  it('is changed first, one index by each change, with only what differs', () => {
    const from = [index('a', provisioned), index('b', provisioned)]
    const to = [index('a', { ProvisionedThroughput: units(6) }), index('b'), index('c', provisioned)]
    const found = changes(from, to, { observed })
    expect(inShort(found)).toEqual(['~a', '+c'])
    expect(found[0]).toEqual({ kind: 'update', from: [from[0]], to: [to[0]], risk: 'safe' })
  })

  it('on demand is compared by declared member', () => {
    const maximum = (MaxReadRequestUnits: number) => ({ OnDemandThroughput: { MaxReadRequestUnits } })
    const present = index('a', { OnDemandThroughput: { MaxReadRequestUnits: 10, MaxWriteRequestUnits: 20 } })
    expect(changes([present], [index('a', maximum(10))])).toEqual([])
    expect(changes([present], [index('a', maximum(-1))])).toEqual([
      { kind: 'update', from: [index('a', maximum(10))], to: [index('a', maximum(-1))], risk: 'safe' },
    ])
  })

  it('is not changed again where the billing mode changes to provisioned, which sets the units of every index', () => {
    const to = [index('a', provisioned), index('b', provisioned)]
    const found = changes([index('a', unlimited)], to, { declared: { BillingMode: provisioned } })
    expect(inShort(found)).toEqual(['+b'])
  })

  it('on demand is set after a change of the billing mode, by the same step before and after that change', () => {
    const to = [index('a', { OnDemandThroughput: { MaxReadRequestUnits: 10 } })]
    const before = changes([index('a', provisioned)], to, { declared: onDemand, observed })
    expect(inShort(before)).toEqual(['~a'])
    expect(changes([index('a', unlimited)], to, { declared: onDemand })).toEqual(before)
  })

  it.each<[string, GlobalIndexes, GlobalIndexes, PropertyValues['BillingMode'], string, string]>([
    [
      'a new index without units on a table that is provisioned',
      [],
      [index('a')],
      provisioned,
      'declares no ProvisionedThroughput for the new index "a"',
      'Declare ProvisionedThroughput for "a" and for the table, or declare BillingMode: PAY_PER_REQUEST.',
    ],
    [
      'a rebuilt index without units on a table that is provisioned',
      [index('a', provisioned)],
      [index('a', all)],
      provisioned,
      'declares no ProvisionedThroughput for the new index "a"',
      'Declare ProvisionedThroughput for "a" and for the table, or declare BillingMode: PAY_PER_REQUEST.',
    ],
    [
      'a new index with units on a table that is on demand',
      [],
      [index('a', provisioned)],
      'PAY_PER_REQUEST',
      'is on demand, but its definition declares ProvisionedThroughput for the index "a"',
      'Declare BillingMode: PROVISIONED, with ProvisionedThroughput for the table, or remove ProvisionedThroughput',
    ],
    [
      'units of an index on a table that is on demand',
      [index('a', unlimited)],
      [index('a', provisioned)],
      'PAY_PER_REQUEST',
      'is on demand, but its definition declares ProvisionedThroughput for the index "a"',
      'Declare BillingMode: PROVISIONED, with ProvisionedThroughput for the table, or remove ProvisionedThroughput',
    ],
    [
      'an on-demand maximum on a table that is provisioned',
      [index('a', provisioned)],
      [index('a', { OnDemandThroughput: { MaxReadRequestUnits: 1 } })],
      provisioned,
      'has provisioned capacity, but its definition declares OnDemandThroughput for the index "a"',
      'Declare BillingMode: PAY_PER_REQUEST, or remove OnDemandThroughput of the index from the definition.',
    ],
  ])('refuses %s', (_, from, to, BillingMode, reason, remedy) => {
    expect(changes(from, to, { observed: { BillingMode } })).toEqual([
      { kind: 'impossible', reason: expect.stringContaining(reason), remedy: expect.stringContaining(remedy) },
    ])
  })
})

describe('a key attribute whose type another index of the table gives otherwise', () => {
  const byNumber = index('new', { KeySchema: [hash('email', 'N')] })

  it('is refused, because DynamoDB would ignore the declared type', () => {
    expect(changes([index('old')], [byNumber])).toEqual([
      {
        kind: 'impossible',
        reason:
          'The definition of "users" declares the attribute "email" with the type N for the index "new", but the index "old" of the table has it with the type S. DynamoDB keeps one type for each attribute.',
        remedy: 'Declare the type S, or another attribute; or delete the index "old" by hand, then run again.',
      },
    ])
  })

  it('is refused with no advice to delete a local index, which cannot be deleted', () => {
    const LocalSecondaryIndexes = [index('local', { KeySchema: [hash('tenant_id'), range('email')] })]
    expect(changes([], [byNumber], { observed: { LocalSecondaryIndexes } })).toEqual([
      expect.objectContaining({ remedy: 'Declare the type S, or another attribute.' }),
    ])
  })
})

describe('in a plan', () => {
  const plan = (observed: GlobalIndexes, declared: GlobalIndexes | undefined, allow: readonly string[] = []) => {
    const definition = aTable({ GlobalSecondaryIndexes: declared })
    const table = ready(definition, { GlobalSecondaryIndexes: observed })
    return planTables(aTarget(), [definition], new Map([['users', table]]), { destroy: false, allow })
  }
  const unmanagedIn = ({ tables }: ReturnType<typeof plan>) =>
    tables[0]?.unmanaged.map(({ path, value }) => [path, value])

  it('an index that the definition does not mention is reported, and stays', () => {
    for (const declared of [undefined, []]) {
      const made = plan([index('old')], declared)
      expect([made.steps, made.refusals, unmanagedIn(made)]).toEqual([[], [], [['globalIndex', 'old']]])
    }
  })

  it('allow: delete-index deletes the indexes that a declared list lacks, and none where there is no list', () => {
    const made = plan([index('old')], [], ['delete-index'])
    expect(made.steps).toMatchObject([{ property: 'GlobalSecondaryIndexes', from: [{ IndexName: 'old' }], to: [] }])
    expect(made.notices.map(({ message }) => message)).toEqual([
      'The index "old" of "users" is deleted: queries of it fail from then on.',
    ])
    const withoutList = plan([index('old')], undefined, ['delete-index'])
    expect([withoutList.steps, withoutList.notices.map(({ code }) => code)]).toEqual([[], ['unneeded-allow']])
  })

  it('a rebuild is refused with a free name for the new index, and no step of it is planned', () => {
    const { steps, refusals } = plan(
      [index('by-email'), index('by-email-3')],
      [index('by-email', all), index('by-email-2')],
    )
    expect(steps).toMatchObject([{ to: [{ IndexName: 'by-email-2' }] }])
    expect(refusals).toEqual([
      {
        table: 'users',
        code: 'rebuild-index',
        reason:
          'The index "by-email" of "users" has email (S); keys only, but its definition declares email (S); all attributes. DynamoDB can change neither keys nor projection of an index.',
        remedy:
          'Declare "by-email" as it is, and beside it the new index under another name, such as "by-email-4". When that is built, let the readers use it; then remove "by-email" from the definition, and run with the line delete-index in allow. Or, to delete the index and build it again under its name, while queries of it fail, add this line to allow: rebuild-index',
      },
    ])
  })

  it('a rebuild is planned with allow: rebuild-index, and its deletion alone is disruptive', () => {
    const { steps, refusals } = plan([index('by-email')], [index('by-email', all)], ['rebuild-index'])
    expect(refusals).toEqual([])
    expect(steps).toMatchObject([
      { to: [], risk: { allow: ['rebuild-index'] } },
      { from: [], risk: 'slow' },
    ])
  })

  it('one refusal explains a table that has no room for a declared index', () => {
    const kept = many(18)
    const { refusals } = plan([...kept, index('old-1'), index('old-2')], [...kept, index('new')])
    expect(refusals).toEqual([
      {
        table: 'users',
        code: 'delete-index',
        reason:
          'The table "users" has no room for the declared "new": it has 20 global indexes, and DynamoDB allows 20. Not declared, so left alone: "old-1", "old-2".',
        remedy:
          'Declare fewer indexes, or delete an index that nothing uses by hand. Or, to delete the indexes that the definition lacks, add this line to allow: delete-index',
      },
    ])
  })

  it('a build of a declared index is a notice, and a build of another one is none', () => {
    const definition = aTable({ GlobalSecondaryIndexes: [index('by-email')] })
    const noticesDuring = (name: string) => {
      const changesInProgress = [{ part: 'index', name, status: 'CREATING' }] as const
      const table = { ...ready(definition), changesInProgress }
      return planTables(aTarget(), [definition], new Map([['users', table]]), strictPolicy).notices
    }
    expect(noticesDuring('by-email')).toEqual([
      {
        table: 'users',
        level: 'notice',
        code: 'index-building',
        message:
          'The index "by-email" of "users" is being built, and counts as present. An apply waits until it is built, unless wait-for-indexes is false.',
      },
    ])
    expect(noticesDuring('other')).toEqual([])
  })

  it('an adoption lists the indexes that it would create', () => {
    const definition = aTable({ GlobalSecondaryIndexes: [index('by-email')] })
    const foreign = ready(definition, { GlobalSecondaryIndexes: [], Tags: [] })
    const { refusals } = planTables(aTarget(), [definition], new Map([['users', foreign]]), strictPolicy)
    expect(refusals).toMatchObject([
      { code: 'adopt-table', reason: expect.stringContaining('index by-email = email (S); keys only') },
    ])
    expect(managedOnly).toHaveLength(1)
  })
})

describe('requests', () => {
  const address = { name: 'users', arn: 'arn' }
  const request = (from: GlobalIndexes, to: GlobalIndexes) =>
    globalSecondaryIndexes.request?.(address, { from, to })?.input

  it('create an index with the types of its keys, without a maximum of -1, which DynamoDB does not accept there', () => {
    const declared = index('by-date', {
      KeySchema: [hash('tenant_id'), range('created_at', 'N')],
      Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: ['name', 'role'] },
      OnDemandThroughput: { MaxReadRequestUnits: 10, MaxWriteRequestUnits: -1 },
    })
    expect(request([], [declared])).toEqual({
      TableName: 'users',
      AttributeDefinitions: [
        { AttributeName: 'tenant_id', AttributeType: 'S' },
        { AttributeName: 'created_at', AttributeType: 'N' },
      ],
      GlobalSecondaryIndexUpdates: [
        {
          Create: {
            IndexName: 'by-date',
            KeySchema: [
              { AttributeName: 'tenant_id', KeyType: 'HASH' },
              { AttributeName: 'created_at', KeyType: 'RANGE' },
            ],
            Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: ['name', 'role'] },
            OnDemandThroughput: { MaxReadRequestUnits: 10 },
          },
        },
      ],
    })
  })

  it('delete and update an index by its name', () => {
    expect(request([index('a')], [])).toEqual({
      TableName: 'users',
      GlobalSecondaryIndexUpdates: [{ Delete: { IndexName: 'a' } }],
    })
    expect(request([index('a', provisioned)], [index('a', { ProvisionedThroughput: units(6) })])).toEqual({
      TableName: 'users',
      GlobalSecondaryIndexUpdates: [{ Update: { IndexName: 'a', ProvisionedThroughput: units(6) } }],
    })
    const maximum = (MaxReadRequestUnits: number) => ({ OnDemandThroughput: { MaxReadRequestUnits } })
    expect(request([index('a', maximum(1))], [index('a', maximum(-1))])).toEqual({
      TableName: 'users',
      GlobalSecondaryIndexUpdates: [{ Update: { IndexName: 'a', ...maximum(-1) } }],
    })
  })

  it('of CreateTable have no empty list, which DynamoDB refuses, and the type of each key attribute once', () => {
    const { creation } = globalSecondaryIndexes
    if (creation.kind !== 'in-create-table') throw new Error('Indexes are made by CreateTable')
    expect(creation.input([])).toEqual({})
    const indexes = [index('a'), index('b', { KeySchema: [hash('email'), range('at', 'N')] })]
    const { properties } = aTable({ GlobalSecondaryIndexes: indexes })
    expect(createRequest({ name: 'users', arn: '' }, properties).input).toMatchObject({
      GlobalSecondaryIndexes: [{ IndexName: 'a' }, { IndexName: 'b' }],
      AttributeDefinitions: [
        { AttributeName: 'tenant_id', AttributeType: 'S' },
        { AttributeName: 'user_id', AttributeType: 'S' },
        { AttributeName: 'email', AttributeType: 'S' },
        { AttributeName: 'at', AttributeType: 'N' },
      ],
    })
  })

  it('to change the throughput of one index are not blocked by the build of another', () => {
    const blockers = (from: GlobalIndexes, to: GlobalIndexes) => globalSecondaryIndexes.blockedBy({ from, to })
    expect(blockers([index('a')], [index('a')])).toEqual(['replica'])
    expect(blockers([], [index('a')])).toEqual(['table', 'index', 'replica'])
    expect(blockers([index('a')], [])).toEqual(['table', 'index', 'replica'])
  })
})

describe('reading', () => {
  const read = (indexes: readonly GlobalSecondaryIndexDescription[] | undefined) => {
    const table: TableDescription = {
      AttributeDefinitions: [
        { AttributeName: 'created_at', AttributeType: 'N' },
        { AttributeName: 'email', AttributeType: 'S' },
      ],
      ...(indexes === undefined ? {} : { GlobalSecondaryIndexes: [...indexes] }),
    }
    return v.parse(globalSecondaryIndexes.schema, readDescribed(globalSecondaryIndexes, table))
  }
  const described = (changes: GlobalSecondaryIndexDescription = {}): GlobalSecondaryIndexDescription => ({
    IndexName: 'by-email',
    KeySchema: [{ AttributeName: 'email', KeyType: 'HASH' }],
    Projection: { ProjectionType: 'KEYS_ONLY' },
    IndexStatus: 'ACTIVE',
    ProvisionedThroughput: { ReadCapacityUnits: 0, WriteCapacityUnits: 0, NumberOfDecreasesToday: 0 },
    ...changes,
  })

  it('of a table without indexes gives an empty list', () => expect(read(undefined)).toEqual([]))

  it('sorts indexes, the kinds of keys and projected attributes, and gives both maximums on demand', () => {
    const byDate = described({
      IndexName: 'by-date',
      KeySchema: [
        { AttributeName: 'created_at', KeyType: 'RANGE' },
        { AttributeName: 'email', KeyType: 'HASH' },
      ],
      Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: ['z', 'a'] },
      OnDemandThroughput: { MaxReadRequestUnits: 7 },
    })
    expect(read([described(), byDate])).toEqual([
      {
        IndexName: 'by-date',
        KeySchema: [hash('email'), range('created_at', 'N')],
        Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: ['a', 'z'] },
        OnDemandThroughput: { MaxReadRequestUnits: 7, MaxWriteRequestUnits: -1 },
      },
      index('by-email', unlimited),
    ])
  })

  it('gives the units of a provisioned index, and no maximum', () => {
    const ProvisionedThroughput = { ...units(5), NumberOfDecreasesToday: 1 }
    expect(read([described({ ProvisionedThroughput })])).toEqual([index('by-email', provisioned)])
  })

  it('counts an index that is CREATING as present, and one that is DELETING as absent', () => {
    expect(read([described({ IndexStatus: 'CREATING', Backfilling: true })])).toHaveLength(1)
    expect(read([described({ IndexStatus: 'DELETING' })])).toEqual([])
  })
})

describe('settings', () => {
  const settingsOf = (changes: Partial<GlobalIndex>) => globalSecondaryIndexes.settings([index('by-email', changes)])

  it.each<[string, Partial<GlobalIndex>]>([
    ['email (S); keys only', unlimited],
    [
      'tenant_id (S), created_at (N); includes name, role; 5 read and 5 write units',
      {
        KeySchema: [hash('tenant_id'), range('created_at', 'N')],
        Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: ['name', 'role'] },
        ...provisioned,
      },
    ],
    [
      'tenant_id (S) + region (S), year (N), day (N); all attributes; MaxReadRequestUnits 10',
      {
        KeySchema: [hash('tenant_id'), hash('region'), range('year', 'N'), range('day', 'N')],
        ...all,
        OnDemandThroughput: { MaxReadRequestUnits: 10, MaxWriteRequestUnits: -1 },
      },
    ],
  ])('describe an index as %s', (value, changed) => {
    expect(settingsOf(changed)).toEqual([{ group: 'index', name: 'by-email', value }])
  })
})

describe('the declaration', () => {
  const { declaration } = globalSecondaryIndexes
  const field = declaration?.fields.GlobalSecondaryIndexes as v.GenericSchema
  const declared = (changes: object = {}) => ({
    IndexName: 'by-email',
    KeySchema: [{ AttributeName: 'email', KeyType: 'HASH' }],
    Projection: { ProjectionType: 'KEYS_ONLY' },
    ...changes,
  })
  const key = (AttributeName: string, KeyType: 'HASH' | 'RANGE') => ({ AttributeName, KeyType })
  const keys = (KeyType: 'HASH' | 'RANGE', count: number) =>
    Array.from({ length: count }, (_, number) => key(`${KeyType}-${number}`, KeyType))

  it('becomes indexes sorted by name, with the types of their keys', () => {
    const types = new Map([
      ['email', 'S'],
      ['at', 'N'],
    ] as const)
    const given = [
      declared({ Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: ['z', 'a'] }, ...provisioned }),
      declared({ IndexName: 'by-date', KeySchema: [key('email', 'HASH'), key('at', 'RANGE')] }),
    ]
    expect(declaration?.normalize({ GlobalSecondaryIndexes: v.parse(field, given) }, types)).toEqual([
      index('by-date', { KeySchema: [hash('email'), range('at', 'N')] }),
      index('by-email', { Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: ['a', 'z'] }, ...provisioned }),
    ])
  })

  it.each<[string, object]>([
    ['four attributes of each kind', declared({ KeySchema: [...keys('HASH', 4), ...keys('RANGE', 4)] })],
    ['units', declared(provisioned)],
    ['a maximum', declared({ OnDemandThroughput: { MaxReadRequestUnits: 1 } })],
  ])('accepts an index with %s', (_, given) => expect(v.is(field, [given])).toBe(true))

  it.each<[string, object]>([
    ['no projection', declared({ Projection: undefined })],
    ['a name of two characters', declared({ IndexName: 'ab' })],
    ['zero units', declared({ ProvisionedThroughput: units(0) })],
    ['an unknown member', declared({ WarmThroughput: {} })],
  ])('does not accept an index with %s', (_, given) => expect(v.is(field, [given])).toBe(false))
})
