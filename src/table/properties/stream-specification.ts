import * as v from 'valibot'
import type { Property, Situation } from '../property.ts'
import type { Replica } from '../table.ts'

/** Off, or on with the part of an item that each record holds. */
export interface Stream {
  readonly StreamEnabled: boolean
  readonly StreamViewType?: string | undefined
}

type ViewType = (typeof viewTypes)[number]

const viewTypes = ['KEYS_ONLY', 'NEW_IMAGE', 'OLD_IMAGE', 'NEW_AND_OLD_IMAGES'] as const

const off: Stream = { StreamEnabled: false }

/**
 * The stream of changes of items. DynamoDB changes the view type only by a new stream: off, then on. Each stream has an ARN
 * of its own, and consumers read one ARN.
 */
export const streamSpecification: Property<'StreamSpecification', Stream> = {
  name: 'StreamSpecification',
  description: 'The stream of changes of items. Another view type is another stream, with another ARN.',
  // AWS may add a view type. A table that has it, and whose definition omits the stream, is still read.
  schema: v.pipe(
    v.strictObject({ StreamEnabled: v.boolean(), StreamViewType: v.optional(v.pipe(v.string(), v.minLength(1))) }),
    v.check(
      ({ StreamEnabled, StreamViewType }) => StreamEnabled === (StreamViewType !== undefined),
      'a StreamViewType where StreamEnabled is true, and none where it is false',
    ),
  ),
  declaration: {
    fields: {
      // CloudFormation has StreamViewType alone, and no form for a stream that is off.
      StreamSpecification: v.strictObject({
        StreamEnabled: v.optional(v.boolean(), true),
        StreamViewType: v.optional(v.picklist(viewTypes)),
      }),
    },
    normalize: ({ StreamSpecification }) => toStream(StreamSpecification as Stream),
  },
  reading: { kind: 'described', of: ({ StreamSpecification }) => toStream(StreamSpecification) },
  creation: { kind: 'in-create-table', input: (value) => ({ StreamSpecification: toInput(value) }) },
  changes: (from, to, { table, replicas = [] }) => {
    if (isSame(from, to)) return []
    if (!from.StreamEnabled) return [{ kind: 'update', from, to, risk: 'safe' }]
    if (replicas.length > 0) return [refuseForReplicas(table, from, to, replicas)]
    const consequence = to.StreamEnabled
      ? 'Changes of items until the new stream is on are in neither. The new stream has another ARN, to which its consumers must be moved'
      : 'Later changes of items are in no stream'
    const warning = `The stream of "${table}" ends. ${consequence}. The records of the old stream stay readable under its ARN for 24 hours.`
    return [
      { kind: 'update', from, to: off, risk: { allow: ['end-stream'] }, warning },
      ...(to.StreamEnabled ? [{ kind: 'update', from: off, to, risk: 'safe' } as const] : []),
    ]
  },
  request: ({ name: TableName }, { to }) => ({
    operation: 'UpdateTable',
    input: { TableName, StreamSpecification: toInput(to) },
  }),
  settings: (value) => [{ name: 'stream', value: describeStream(value) }],
  unmanaged: ({ StreamViewType }, declared) =>
    declared === undefined && StreamViewType !== undefined ? [{ path: 'stream', value: StreamViewType }] : [],
  // Measured on AWS: 4 to 5 s for either change. The table is UPDATING meanwhile.
  waits: [{ goal: 'turn its stream on or off', usual: '4 to 5 s', firstPoll: 3, timeout: 600 }],
  blockedBy: () => ['table', 'replica'],
  actions: { read: ['dynamodb:DescribeTable'], write: ['dynamodb:UpdateTable'] },
  disruptions: [{ name: 'end-stream', purpose: 'to end the stream', explain: explainEnd }],
}

/** A stream that is off may keep its view type in the answer. */
function toStream({
  StreamEnabled,
  StreamViewType,
}: { [Member in keyof Stream]?: Stream[Member] | undefined } = off): Stream {
  return StreamEnabled ? { StreamEnabled, StreamViewType } : off
}

/** DynamoDB takes a view type only for a stream that is on. */
function toInput({ StreamEnabled, StreamViewType }: Stream) {
  return StreamEnabled ? { StreamEnabled, StreamViewType: StreamViewType as ViewType } : { StreamEnabled }
}

function isSame(from: Stream, to: Stream): boolean {
  return from.StreamEnabled === to.StreamEnabled && from.StreamViewType === to.StreamViewType
}

/** `off` or `on, NEW_IMAGE` */
function describeStream({ StreamEnabled, StreamViewType }: Stream): string {
  return StreamEnabled ? `on, ${StreamViewType}` : 'off'
}

/** DynamoDB replicates items by the stream, and changes it only while the table has no replica. */
function refuseForReplicas(table: string, from: Stream, to: Stream, replicas: readonly Replica[]) {
  const listed = replicas.map(({ region, status }) => `${region} (${status})`).join(', ')
  return {
    kind: 'impossible',
    reason: `The stream of the table "${table}" is ${describeStream(from)}, but its definition declares ${describeStream(to)}. The table has replicas: ${listed}. DynamoDB does not change the stream of a table that has replicas.`,
    remedy: `Declare the stream as it is, or leave StreamSpecification out. Or delete the replicas, and run again when they are gone.`,
  } as const
}

function explainEnd({ table, observed }: Situation<Stream>) {
  return {
    reason: `The stream of the table "${table}" is ${describeStream(observed)}, but its definition declares another value, and DynamoDB cannot change a stream: it must end. Consumers that read its ARN, such as Lambda functions, then get no later change. Its records stay readable under that ARN for 24 hours. A stream that is turned on afterwards has another ARN, and lacks the changes of items in between.`,
    remedy:
      'Declare the stream as it is, or leave StreamSpecification out, which keeps it. Before a stream ends, decide how its consumers read it to its end, and move to the new ARN.',
  }
}
