import * as v from 'valibot'
import type { Property } from '../property.ts'
import { attributeName } from './key-schema.ts'

/** Off, or on with the name of the attribute. DynamoDB forgets the name once it is off. */
export interface TimeToLive {
  readonly Enabled: boolean
  readonly AttributeName?: string | undefined
}

const off: TimeToLive = { Enabled: false }

const form = v.strictObject({ Enabled: v.boolean(), AttributeName: v.optional(attributeName) })

/** Time to live: DynamoDB deletes items whose attribute holds a time in the past. */
export const timeToLive: Property<'TimeToLiveSpecification', TimeToLive> = {
  name: 'TimeToLiveSpecification',
  description:
    'Time to live: the attribute after whose time DynamoDB deletes an item. Read only where it is declared. Another attribute takes two runs, an hour apart: off, then on.',
  schema: v.pipe(
    form,
    v.check(({ Enabled, AttributeName }) => !Enabled || AttributeName !== undefined, 'AttributeName is required'),
  ),
  declaration: {
    fields: { TimeToLiveSpecification: form },
    normalize: ({ TimeToLiveSpecification }) => TimeToLiveSpecification as TimeToLive,
  },
  reading: {
    kind: 'asked',
    when: 'declared',
    isTooNew: /^ValidationException: Cannot describe time to live while table is in/,
    ask: async (ask, { name: TableName }) => {
      const answer = await ask('DescribeTimeToLive', { TableName })
      if (answer === undefined) return undefined
      const { TimeToLiveStatus: status, AttributeName } = answer.TimeToLiveDescription ?? {}
      if (status === 'DISABLED' || status === 'DISABLING') return off
      if (status !== 'ENABLED' && status !== 'ENABLING') throw new TypeError(`TimeToLiveStatus is ${status}`)
      return { Enabled: true, AttributeName }
    },
  },
  creation: { kind: 'after-creation', initial: off },
  changes: (from, to, { table }) => {
    if (from.Enabled === to.Enabled && (!to.Enabled || from.AttributeName === to.AttributeName)) return []
    if (from.Enabled && to.Enabled) {
      return [
        {
          kind: 'impossible',
          reason: `Time to live of the table "${table}" uses the attribute "${from.AttributeName}", but its definition declares "${to.AttributeName}". DynamoDB cannot rename it in one change, and allows one change an hour.`,
          remedy: 'Declare Enabled: false and run. Declare the new attribute and run again an hour later.',
        },
      ]
    }
    if (to.Enabled) {
      const warning = `Time to live of "${table}" is turned on: DynamoDB deletes the items whose attribute "${to.AttributeName}" holds a time in the past, in seconds since 1970.`
      return [{ kind: 'update', from, to, risk: 'safe', warning }]
    }
    // DynamoDB needs the present name to turn it off.
    return [{ kind: 'update', from, to: { Enabled: false, AttributeName: from.AttributeName }, risk: 'safe' }]
  },
  request: ({ name: TableName }, { to: { Enabled, AttributeName } }) => ({
    operation: 'UpdateTimeToLive',
    input: { TableName, TimeToLiveSpecification: { Enabled, AttributeName } },
  }),
  settings: ({ Enabled, AttributeName }) => [{ name: 'time to live', value: Enabled ? `on, ${AttributeName}` : 'off' }],
  // DynamoDB accepts the call while the table is UPDATING and while an index is built.
  blockedBy: () => [],
  actions: { read: ['dynamodb:DescribeTimeToLive'], write: ['dynamodb:UpdateTimeToLive'] },
  budget: {
    limit: 'one change an hour',
    isSpent: /^ValidationException: Time to live has been modified multiple times/i,
  },
}
