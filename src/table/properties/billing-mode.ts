import * as v from 'valibot'
import type { Property } from '../property.ts'

export type BillingMode = 'PAY_PER_REQUEST' | 'PROVISIONED'

/** On demand or provisioned capacity. */
export const billingMode: Property<'BillingMode', BillingMode> = {
  name: 'BillingMode',
  description: 'On-demand capacity (PAY_PER_REQUEST) or provisioned capacity. On demand unless declared otherwise.',
  schema: v.picklist(['PAY_PER_REQUEST', 'PROVISIONED']),
  // DynamoDB omits the summary of a table that was never on demand.
  reading: {
    kind: 'described',
    of: ({ BillingModeSummary: summary }) => (summary ? summary.BillingMode : 'PROVISIONED'),
  },
  creation: { kind: 'in-create-table', input: (BillingMode) => ({ BillingMode }), otherwise: 'PAY_PER_REQUEST' },
  changes: (from, to) => (from === to ? [] : [{ kind: 'update', from, to, risk: 'slow' }]),
  request: ({ name: TableName }, { to }) => ({ operation: 'UpdateTable', input: { TableName, BillingMode: to } }),
  settings: (value) => [{ name: 'BillingMode', value }],
  // Measured on AWS: 129 to 172 s for the first change of a table.
  waits: [{ goal: 'change its billing mode', usual: '2 to 3 minutes the first time', firstPoll: 1, timeout: 1800 }],
  blockedBy: ['table', 'index', 'replica'],
  actions: { read: ['dynamodb:DescribeTable'], write: ['dynamodb:UpdateTable'] },
  budget: {
    limit: 'four changes to on-demand in 24 hours',
    isSpent: /^LimitExceededException: .*next (?:update|decrease) can be made at/is,
  },
}
