import * as v from 'valibot'
import type { Property } from '../property.ts'

/** The price class of a table: storage is cheaper and requests are dearer in STANDARD_INFREQUENT_ACCESS. */
export const tableClass: Property<'TableClass', string> = {
  name: 'TableClass',
  description: 'STANDARD, or STANDARD_INFREQUENT_ACCESS for items that are stored for long and rarely read.',
  // AWS may add a class. A table that has it, and whose definition omits the class, is still read.
  schema: v.pipe(v.string(), v.minLength(1)),
  declaration: {
    fields: { TableClass: v.picklist(['STANDARD', 'STANDARD_INFREQUENT_ACCESS']) },
    normalize: ({ TableClass }) => TableClass as string,
  },
  // DynamoDB omits the summary of a table whose class was never set.
  reading: { kind: 'described', of: ({ TableClassSummary: summary }) => (summary ? summary.TableClass : 'STANDARD') },
  creation: {
    kind: 'in-create-table',
    input: (value) => ({ TableClass: value as 'STANDARD' | 'STANDARD_INFREQUENT_ACCESS' }),
  },
  changes: (from, to, { table, replicas = [] }) => {
    if (from === to) return []
    if (replicas.length === 0) return [{ kind: 'update', from, to, risk: 'safe' }]
    const regions = replicas.map(({ region }) => region).join(', ')
    const warning = `The table class of "${table}" changes in its replicas too (${regions}), and counts there as one of the two changes in 30 days.`
    return [{ kind: 'update', from, to, risk: 'safe', warning }]
  },
  request: ({ name: TableName }, { to }) => ({
    operation: 'UpdateTable',
    input: { TableName, TableClass: to as 'STANDARD' | 'STANDARD_INFREQUENT_ACCESS' },
  }),
  settings: (value) => [{ name: 'table class', value }],
  unmanaged: (observed, declared) =>
    declared === undefined && observed !== 'STANDARD' ? [{ path: 'tableClass', value: observed }] : [],
  // Measured on AWS: 3.6 to 6.1 s on an empty table, and once 46 s. The new class shows when the table is ACTIVE.
  waits: [{ goal: 'change its table class', usual: '4 to 6 s, up to a minute', firstPoll: 3, timeout: 1800 }],
  blockedBy: () => ['table', 'replica'],
  actions: { read: ['dynamodb:DescribeTable'], write: ['dynamodb:UpdateTable'] },
  budget: {
    limit: 'two changes in 30 days',
    isSpent: /^LimitExceededException: .*TableClass are limited to/is,
  },
}
