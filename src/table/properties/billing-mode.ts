import type { TableDescription } from '@aws-sdk/client-dynamodb'
import * as v from 'valibot'
import { listSome } from '../../text/readable.ts'
import type { Change, Comparison, Impossible, Property, ValueChange } from '../property.ts'
import {
  describeThroughput,
  isSameThroughput,
  maximumSettings,
  type OnDemandThroughput,
  type Throughput,
  throughputSchema,
  undeclaredMaximums,
} from '../throughput.ts'

/** On demand, or provisioned with the units of the table. */
export type BillingMode = 'PAY_PER_REQUEST' | ProvisionedCapacity

interface ProvisionedCapacity {
  readonly ProvisionedThroughput: Throughput
  /**
   * The units of every global index on the table. Only in the new value of a change from on demand: DynamoDB takes the
   * units of the table and of all its indexes in one call.
   */
  readonly GlobalSecondaryIndexes?: readonly IndexThroughput[] | undefined
}

interface IndexThroughput {
  readonly IndexName: string
  readonly ProvisionedThroughput: Throughput
}

const mode = v.picklist(['PAY_PER_REQUEST', 'PROVISIONED'])

/** On demand or provisioned capacity. */
export const billingMode: Property<'BillingMode', BillingMode> = {
  name: 'BillingMode',
  description:
    'On-demand capacity (PAY_PER_REQUEST), or provisioned capacity with its ProvisionedThroughput. A new table is on demand unless ProvisionedThroughput is declared.',
  schema: v.union([
    v.literal('PAY_PER_REQUEST'),
    v.strictObject({
      ProvisionedThroughput: throughputSchema,
      GlobalSecondaryIndexes: v.optional(
        v.array(v.strictObject({ IndexName: v.string(), ProvisionedThroughput: throughputSchema })),
      ),
    }),
  ]),
  declaration: {
    fields: { BillingMode: mode, ProvisionedThroughput: throughputSchema },
    normalize: (fields) => {
      const { BillingMode, ProvisionedThroughput } = fields as {
        readonly BillingMode?: v.InferOutput<typeof mode>
        readonly ProvisionedThroughput?: Throughput
      }
      if (ProvisionedThroughput !== undefined) return { ProvisionedThroughput }
      if (BillingMode === 'PROVISIONED') throw new TypeError('PROVISIONED needs ProvisionedThroughput')
      return BillingMode
    },
  },
  reading: { kind: 'described', of: readBillingMode },
  creation: {
    kind: 'in-create-table',
    input: (value) =>
      isProvisioned(value)
        ? { BillingMode: 'PROVISIONED', ProvisionedThroughput: value.ProvisionedThroughput }
        : { BillingMode: value },
    otherwise: 'PAY_PER_REQUEST',
  },
  changes: (from, to, comparison) => {
    if (!isProvisioned(to)) return isProvisioned(from) ? [{ kind: 'update', from, to, risk: 'slow' }] : []
    if (!isProvisioned(from)) return [switchToProvisioned(to, comparison)]
    // DynamoDB refuses units that do not change.
    if (isSameThroughput(from.ProvisionedThroughput, to.ProvisionedThroughput)) return []
    return [{ kind: 'update', from: unitsOf(from), to: unitsOf(to), risk: 'safe' }]
  },
  request: ({ name: TableName }, change) => ({
    operation: 'UpdateTable',
    input: { TableName, ...inputOf(change) },
  }),
  settings: (value) => {
    if (!isProvisioned(value)) return [{ name: 'billing', value }]
    const { ProvisionedThroughput, GlobalSecondaryIndexes = [] } = value
    return [
      { name: 'billing', value: `PROVISIONED, ${describeThroughput(ProvisionedThroughput)}` },
      ...GlobalSecondaryIndexes.map((index) => ({
        group: 'units of index',
        name: index.IndexName,
        value: describeThroughput(index.ProvisionedThroughput),
      })),
    ]
  },
  unmanaged: (observed, declared) =>
    declared === undefined && isProvisioned(observed)
      ? [{ path: 'billingMode', value: `PROVISIONED, ${describeThroughput(observed.ProvisionedThroughput)}` }]
      : [],
  waits: [
    {
      appliesTo: ({ from, to }) => isProvisioned(from) && isProvisioned(to),
      goal: 'change its throughput',
      usual: '1 to 2 s',
      firstPoll: 1,
      timeout: 600,
    },
    // Measured on AWS: 60 to 113 s, with and without indexes.
    {
      appliesTo: ({ to }) => isProvisioned(to),
      goal: 'change its billing mode to provisioned',
      usual: '1 to 2 minutes',
      firstPoll: 1,
      timeout: 1800,
    },
    // Measured on AWS: 107 to 172 s for the first change of a table that was created provisioned, later 2 to 5 s.
    { goal: 'change its billing mode', usual: '2 to 3 minutes the first time', firstPoll: 1, timeout: 1800 },
  ],
  blockedBy: () => ['table', 'index', 'replica'],
  actions: { read: ['dynamodb:DescribeTable'], write: ['dynamodb:UpdateTable'] },
  budget: {
    limit: 'four changes to on-demand in 24 hours, and four decreases of units a day (UTC), then one an hour',
    isSpent: /^LimitExceededException: .*next (?:update|decrease) can be made at/is,
  },
}

/** @param value undefined if the definition omits it */
export function isProvisioned(value: BillingMode | undefined): value is ProvisionedCapacity {
  return typeof value === 'object'
}

/**
 * Returns true if the definition changes the table from on demand to provisioned. That one call sets the units of every
 * global index that is on the table.
 */
export function isSwitchToProvisioned({ declared, observed }: Comparison): boolean {
  return isProvisioned(declared.BillingMode) && observed.BillingMode === 'PAY_PER_REQUEST'
}

/** DynamoDB omits the summary of a table that was never on demand. */
function readBillingMode({ BillingModeSummary: summary, ProvisionedThroughput = {} }: TableDescription): unknown {
  const name = summary ? summary.BillingMode : 'PROVISIONED'
  const { ReadCapacityUnits, WriteCapacityUnits } = ProvisionedThroughput
  return name === 'PROVISIONED' ? { ProvisionedThroughput: { ReadCapacityUnits, WriteCapacityUnits } } : name
}

/** A global index without declared units makes the change impossible: DynamoDB needs those of every index. */
function switchToProvisioned(
  { ProvisionedThroughput }: ProvisionedCapacity,
  { table, declared, observed }: Comparison,
): Change<BillingMode> | Impossible {
  const { GlobalSecondaryIndexes: declaredIndexes = [] } = declared
  const indexes = (observed.GlobalSecondaryIndexes ?? []).map(({ IndexName }) => ({
    IndexName,
    ProvisionedThroughput: declaredIndexes.find((each) => each.IndexName === IndexName)?.ProvisionedThroughput,
  }))
  const withoutUnits = indexes.filter((index) => index.ProvisionedThroughput === undefined)
  if (withoutUnits.length > 0) {
    const names = withoutUnits.map(({ IndexName }) => `"${IndexName}"`)
    const [these, them] = names.length === 1 ? ['the index', 'it'] : ['the indexes', 'them']
    return {
      kind: 'impossible',
      reason: `The table "${table}" is on demand and its definition declares provisioned capacity, but no ProvisionedThroughput for ${these} ${listSome(names, 20, 'more index')}. DynamoDB changes the table only together with all of its global indexes.`,
      remedy: `Declare ProvisionedThroughput for ${them} in GlobalSecondaryIndexes, or delete ${them} first. Then run again.`,
    }
  }
  const GlobalSecondaryIndexes = indexes as readonly IndexThroughput[]
  const to = { ProvisionedThroughput, ...(indexes.length === 0 ? {} : { GlobalSecondaryIndexes }) }
  const removed = maximumsOf(observed)
  const warning = `The change of "${table}" to provisioned capacity removes its on-demand maximums: ${listSome(removed, 20, 'more maximum')}.`
  return { kind: 'update', from: 'PAY_PER_REQUEST', to, risk: 'slow', ...(removed.length === 0 ? {} : { warning }) }
}

/** `MaxReadRequestUnits 100`, `MaxReadRequestUnits 100 of the index "by-email"` */
function maximumsOf({ OnDemandThroughput, GlobalSecondaryIndexes = [] }: Comparison['observed']): readonly string[] {
  const list = (maximums: OnDemandThroughput | undefined, of: string) =>
    maximumSettings(undeclaredMaximums(maximums ?? {})).map(({ name, value }) => `${name} ${value}${of}`)
  return [
    ...list(OnDemandThroughput, ''),
    ...GlobalSecondaryIndexes.flatMap((index) => list(index.OnDemandThroughput, ` of the index "${index.IndexName}"`)),
  ]
}

function unitsOf({ ProvisionedThroughput }: ProvisionedCapacity): ProvisionedCapacity {
  return { ProvisionedThroughput }
}

function inputOf({ from, to }: ValueChange<BillingMode>) {
  if (!isProvisioned(to)) return { BillingMode: to }
  const { ProvisionedThroughput, GlobalSecondaryIndexes = [] } = to
  if (isProvisioned(from)) return { ProvisionedThroughput }
  const updates = GlobalSecondaryIndexes.map((Update) => ({ Update }))
  return {
    BillingMode: 'PROVISIONED' as const,
    ProvisionedThroughput,
    ...(updates.length === 0 ? {} : { GlobalSecondaryIndexUpdates: updates }),
  }
}
