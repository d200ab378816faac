import type { Property } from '../property.ts'
import {
  changedMaximums,
  initialMaximums,
  maximumSettings,
  type OnDemandThroughput,
  onDemandThroughputSchema,
  readOnDemandThroughput,
  undeclaredMaximums,
} from '../throughput.ts'
import { isProvisioned } from './billing-mode.ts'

/** The most request units a second of a table that is on demand. */
export const onDemandThroughput: Property<'OnDemandThroughput', OnDemandThroughput> = {
  name: 'OnDemandThroughput',
  description:
    'The most read and write request units a second of an on-demand table; -1 removes a maximum. A member that is not declared is left as it is.',
  schema: onDemandThroughputSchema,
  reading: { kind: 'described', of: ({ OnDemandThroughput: given }) => readOnDemandThroughput(given) },
  creation: {
    kind: 'in-create-table',
    input: (declared) => {
      const OnDemandThroughput = initialMaximums(declared)
      return OnDemandThroughput === undefined ? {} : { OnDemandThroughput }
    },
  },
  changes: (from, to, { table, declared, observed }) => {
    const change = changedMaximums(from, to)
    if (change === undefined) return []
    if (isProvisioned(declared.BillingMode ?? observed.BillingMode)) {
      return [
        {
          kind: 'impossible',
          reason: `The table "${table}" has provisioned capacity, but its definition declares OnDemandThroughput. DynamoDB accepts it only for a table that is on demand.`,
          remedy: 'Declare BillingMode: PAY_PER_REQUEST, or remove OnDemandThroughput from the definition.',
        },
      ]
    }
    return [{ kind: 'update', ...change, risk: 'safe' }]
  },
  request: ({ name: TableName }, { to: OnDemandThroughput }) => ({
    operation: 'UpdateTable',
    input: { TableName, OnDemandThroughput },
  }),
  settings: maximumSettings,
  unmanaged: (observed, declared) =>
    maximumSettings(undeclaredMaximums(observed, declared)).map(({ name, value }) => ({
      path: 'onDemandThroughput',
      value: `${name} ${value}`,
    })),
  // It takes effect at once: DynamoDB reports the table as ACTIVE.
  blockedBy: () => ['table', 'index', 'replica'],
  follows: ['BillingMode'],
  actions: { read: ['dynamodb:DescribeTable'], write: ['dynamodb:UpdateTable'] },
}
