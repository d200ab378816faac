import * as v from 'valibot'
import type { Property } from '../property.ts'
import { explainProtectionOff } from '../protection.ts'

const removal = 'remove-deletion-protection'

/** Deletion protection: while it is on, DynamoDB refuses DeleteTable. */
export const deletionProtection: Property<'DeletionProtectionEnabled', boolean> = {
  name: 'DeletionProtectionEnabled',
  description: 'Deletion protection. On in production; elsewhere off at creation, then unmanaged.',
  schema: v.boolean(),
  reading: { kind: 'described', of: ({ DeletionProtectionEnabled }) => DeletionProtectionEnabled ?? false },
  creation: {
    kind: 'in-create-table',
    input: (DeletionProtectionEnabled) => ({ DeletionProtectionEnabled }),
    otherwise: false,
  },
  changes: (from, to) => (from === to ? [] : [{ kind: 'update', from, to, risk: to ? 'safe' : { allow: [removal] } }]),
  request: ({ name: TableName }, { to }) => ({
    operation: 'UpdateTable',
    input: { TableName, DeletionProtectionEnabled: to },
  }),
  settings: (value) => [{ name: 'deletion protection', value: value ? 'on' : 'off' }],
  blockedBy: () => ['replica'],
  actions: { read: ['dynamodb:DescribeTable'], write: ['dynamodb:UpdateTable'] },
  protection: {
    isOn: (value) => value,
    inProduction: true,
    off: false,
    input: 'deletion-protection',
    removal,
  },
  disruptions: [
    {
      name: removal,
      purpose: 'to turn it off',
      explain: (situation) => explainProtectionOff('deletion-protection', 'on', situation),
    },
  ],
}
