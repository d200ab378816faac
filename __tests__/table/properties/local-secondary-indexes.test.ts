import * as v from 'valibot'
import { type LocalIndexes, localSecondaryIndexes } from '../../../src/table/properties/local-secondary-indexes.ts'
import type { SecondaryIndex } from '../../../src/table/secondary-index.ts'
import { aTable, comparison } from '../../support/builders.ts'
import { startSandboxRuns } from '../../support/sandbox-runs.ts'

const { apply, writes } = await startSandboxRuns()

const index = (IndexName: string, changes: Partial<SecondaryIndex> = {}): SecondaryIndex => ({
  IndexName,
  KeySchema: [
    { AttributeName: 'tenant_id', AttributeType: 'S', KeyType: 'HASH' },
    { AttributeName: 'created_at', AttributeType: 'N', KeyType: 'RANGE' },
  ],
  Projection: { ProjectionType: 'KEYS_ONLY' },
  ...changes,
})
const all = { Projection: { ProjectionType: 'ALL' } } as const

describe('changes', () => {
  const changes = (from: LocalIndexes, to: LocalIndexes) => localSecondaryIndexes.changes(from, to, comparison)

  it('has none where every declared index is on the table, whatever else is', () => {
    const included = (names: string[]) =>
      index('by-date', { Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: names } })
    expect(changes([included(['a', 'b']), index('other')], [included(['b', 'a'])])).toEqual([])
  })

  it('refuses an index that the table lacks, and one that differs: DynamoDB fixes them at creation', () => {
    expect(changes([index('other', all)], [index('by-date'), index('other')])).toEqual([
      {
        kind: 'impossible',
        reason:
          'The definition of "users" declares the local index "by-date" with tenant_id (S), created_at (N); keys only, but the table has no such index. DynamoDB fixes local indexes when it creates a table.',
        remedy:
          'Remove "by-date" from the definition, or declare a global index instead. For the local index choose another table-name-prefix, so that new tables are created beside this one.',
      },
      {
        kind: 'impossible',
        reason:
          'The definition of "users" declares the local index "other" with tenant_id (S), created_at (N); keys only, but the table has it with tenant_id (S), created_at (N); all attributes. DynamoDB fixes local indexes when it creates a table.',
        remedy:
          'Declare the index as it is, or declare a global index instead. For the local index choose another table-name-prefix, so that new tables are created beside this one.',
      },
    ])
  })
})

it('describes an index by its keys and its projection', () => {
  expect(localSecondaryIndexes.settings([index('by-date')])).toEqual([
    { group: 'local index', name: 'by-date', value: 'tenant_id (S), created_at (N); keys only' },
  ])
})

describe('the declaration', () => {
  const { declaration } = localSecondaryIndexes
  const field = declaration?.fields.LocalSecondaryIndexes as v.GenericSchema
  const declared = (...KeySchema: readonly object[]) => [
    { IndexName: 'by-date', KeySchema, Projection: { ProjectionType: 'ALL' } },
  ]
  const key = (AttributeName: string, KeyType: string) => ({ AttributeName, KeyType })

  it('becomes indexes with the types of their keys', () => {
    const given = v.parse(field, declared(key('tenant_id', 'HASH'), key('created_at', 'RANGE')))
    const types = new Map([
      ['tenant_id', 'S'],
      ['created_at', 'N'],
    ] as const)
    expect(declaration?.normalize({ LocalSecondaryIndexes: given }, types)).toEqual([index('by-date', all)])
  })
})

describe('in the sandbox', () => {
  const declared = aTable({ LocalSecondaryIndexes: [index('by-date')] })

  it('are made with the table, and found as declared by the next run', async () => {
    const first = await apply(declared)
    expect([first.outcome.error, writes()]).toEqual([undefined, ['CreateTable']])
    const second = await apply(declared)
    expect([second.steps, second.plan.refusals, writes()]).toEqual([[], [], []])
  })

  it('are left alone where the definition omits them, and refused where it declares another one', async () => {
    await apply(declared)
    expect((await apply(aTable())).steps).toEqual([])
    const { plan } = await apply(aTable({ LocalSecondaryIndexes: [index('by-date'), index('later')] }))
    expect(plan.refusals.map(({ code, reason }) => [code, reason])).toEqual([
      ['impossible-change', expect.stringContaining('declares the local index "later"')],
    ])
    expect(writes()).toEqual([])
  })
})
