import * as v from 'valibot'
import { describeKeys, type KeySchema, keySchema } from '../../../src/table/properties/key-schema.ts'
import { comparison, theTables } from '../../support/builders.ts'

const [tenant, users] = theTables().map(({ properties }) => properties.KeySchema)
const [partition, sort] = users as KeySchema
if (tenant === undefined || partition === undefined || sort === undefined) throw new Error('There are two tables')
const keys: KeySchema = [partition, sort]

it.each<[string, KeySchema]>([
  ['another partition key', [{ ...partition, AttributeName: 'id' }, sort]],
  ['another type of its partition key', [{ ...partition, AttributeType: 'B' }, sort]],
  ['another sort key', [partition, { ...sort, AttributeName: 'id' }]],
  ['another type of its sort key', [partition, { ...sort, AttributeType: 'N' }]],
  ['no sort key', [partition]],
])('reports %s as impossible to change', (_, other) => {
  for (const [from, to] of [
    [other, keys],
    [keys, other],
  ] as const) {
    expect(keySchema.changes(from, to, comparison)).toEqual([
      {
        kind: 'impossible',
        reason: `The table "users" has the key ${describeKeys(from)}, but its definition declares ${describeKeys(to)}. DynamoDB cannot change the key of a table.`,
        remedy: expect.stringContaining('Choose another table-name-prefix'),
      },
    ])
  }
  expect(keySchema.changes(other, other, comparison)).toEqual([])
})

it('describes a key with its types, the partition key first', () => {
  expect(describeKeys(keys)).toBe('tenant_id (S), user_id (S)')
  expect(describeKeys(tenant)).toBe('tenant_id (S)')
})

it('sends the types of a key as attribute definitions', () => {
  const { creation } = keySchema
  expect(creation.kind === 'in-create-table' && creation.input(keys)).toEqual({
    AttributeDefinitions: [
      { AttributeName: 'tenant_id', AttributeType: 'S' },
      { AttributeName: 'user_id', AttributeType: 'S' },
    ],
    KeySchema: [
      { AttributeName: 'tenant_id', KeyType: 'HASH' },
      { AttributeName: 'user_id', KeyType: 'RANGE' },
    ],
  })
})

it.each<[string, readonly object[]]>([
  ['no attribute', []],
  ['no partition key', [sort]],
  ['the sort key first', [sort, partition]],
  ['two partition keys', [partition, { ...sort, KeyType: 'HASH' }]],
  ['two sort keys', [partition, sort, { ...sort, AttributeName: 'id' }]],
  ['one attribute twice', [partition, { ...sort, AttributeName: 'tenant_id' }]],
  ['an attribute without a type', [{ ...partition, AttributeType: undefined }]],
  ['an attribute without a name', [{ ...partition, AttributeName: '' }]],
])('refuses a key with %s', (_, value) => {
  expect(v.is(keySchema.schema, value)).toBe(false)
  expect(v.is(keySchema.schema, keys)).toBe(true)
})
