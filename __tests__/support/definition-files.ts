/** Random definition files of one table, in CloudFormation's words, that DynamoDB accepts. */
import fc from 'fast-check'

export type Fields = Readonly<Record<string, unknown>>

const attributes = ['tenant_id', 'a', 'b', 'c', 'd'] as const
type Attribute = (typeof attributes)[number]

/** The part of a table that DynamoDB fixes at its creation. */
export interface Identity {
  readonly types: Readonly<Record<Attribute, 'S' | 'N' | 'B'>>
  readonly key: readonly Attribute[]
  /** The sort keys of local indexes. Empty for a table without a sort key. */
  readonly local: readonly Attribute[]
}

export const identity: fc.Arbitrary<Identity> = fc
  .record({
    types: fc.record({
      tenant_id: fc.constant('S' as const),
      a: fc.constantFrom('S', 'N', 'B'),
      b: fc.constantFrom('S', 'N', 'B'),
      c: fc.constantFrom('S', 'N'),
      d: fc.constantFrom('S', 'N'),
    }),
    key: fc.shuffledSubarray([...attributes], { minLength: 1, maxLength: 2 }),
    local: fc.subarray(['c', 'd'] as const),
  })
  .map(({ types, key, local }) => ({
    types,
    key,
    local: key.length === 1 ? [] : local.filter((attribute) => !key.includes(attribute)),
  }))

const units = fc.constantFrom(1, 2, 5)
const throughput = fc.record({ ReadCapacityUnits: units, WriteCapacityUnits: units })
const most = fc.constantFrom(-1, 1, 10, 40)
const maximum = fc
  .record({ MaxReadRequestUnits: most, MaxWriteRequestUnits: most }, { requiredKeys: [] })
  .filter((given) => Object.keys(given).length > 0)

const projection = fc.oneof(
  fc.constantFrom({ ProjectionType: 'ALL' }, { ProjectionType: 'KEYS_ONLY' }),
  fc
    .subarray(['name', 'role', 'email'], { minLength: 1 })
    .map((NonKeyAttributes) => ({ ProjectionType: 'INCLUDE', NonKeyAttributes })),
)

function keyOf(hash: readonly string[], range: readonly string[]): readonly Fields[] {
  return [
    ...hash.map((AttributeName) => ({ AttributeName, KeyType: 'HASH' })),
    ...range.map((AttributeName) => ({ AttributeName, KeyType: 'RANGE' })),
  ]
}

/** A global index by its name. Its key has up to two attributes of each kind. */
function globalIndex(IndexName: string): fc.Arbitrary<Fields> {
  return fc
    .record({
      attributes: fc.shuffledSubarray([...attributes], { minLength: 1, maxLength: 4 }),
      hashes: fc.constantFrom(1, 2),
      Projection: projection,
      units: throughput,
      maximum: fc.option(maximum, { nil: undefined }),
    })
    .map(({ attributes: names, hashes, Projection, units, maximum }) => ({
      IndexName,
      KeySchema: keyOf(names.slice(0, hashes), names.slice(hashes)),
      Projection,
      ProvisionedThroughput: units,
      OnDemandThroughput: maximum,
    }))
}

const indexNames = ['by-one', 'by-two', 'by-three'] as const

const streams = ['KEYS_ONLY', 'NEW_IMAGE', 'NEW_AND_OLD_IMAGES'].map((StreamViewType) => ({ StreamViewType }))
const keys = ['alias/one', 'alias/two', '11111111-2222-4333-8444-555555555555']

/** Every property but those of the identity, each present or absent. */
const settings = fc.record(
  {
    billing: fc.oneof(
      fc.constant({ BillingMode: 'PAY_PER_REQUEST' }),
      throughput.map((ProvisionedThroughput) => ({ BillingMode: 'PROVISIONED', ProvisionedThroughput })),
      throughput.map((ProvisionedThroughput) => ({ ProvisionedThroughput })),
    ),
    OnDemandThroughput: maximum,
    TableClass: fc.constantFrom('STANDARD', 'STANDARD_INFREQUENT_ACCESS'),
    DeletionProtectionEnabled: fc.boolean(),
    PointInTimeRecoverySpecification: fc.oneof(
      fc.constantFrom({ PointInTimeRecoveryEnabled: false }, { PointInTimeRecoveryEnabled: true }),
      fc
        .constantFrom(1, 14, 35)
        .map((RecoveryPeriodInDays) => ({ PointInTimeRecoveryEnabled: true, RecoveryPeriodInDays })),
    ),
    SSESpecification: fc.oneof(
      fc.constantFrom({ SSEEnabled: false }, { SSEEnabled: true }),
      fc.constantFrom(...keys).map((KMSMasterKeyId) => ({ SSEEnabled: true, SSEType: 'KMS', KMSMasterKeyId })),
    ),
    StreamSpecification: fc.constantFrom<Fields>({ StreamEnabled: false }, ...streams),
    // DynamoDB needs two changes, an hour apart, for another attribute.
    TimeToLiveSpecification: fc.constantFrom({ Enabled: false }, { Enabled: true, AttributeName: 'expires_at' }),
    Tags: fc
      .uniqueArray(fc.constantFrom('team', 'cost', '__proto__'), { maxLength: 3 })
      .chain((tagKeys) =>
        fc.tuple(...tagKeys.map((Key) => fc.constantFrom('x', 'y').map((Value) => ({ Key, Value })))),
      ),
    indexes: fc
      .subarray([...indexNames])
      .chain((names) => fc.tuple(...names.map(globalIndex)))
      .map((all) => [...all]),
  },
  { requiredKeys: [] },
)

/** The fields of a table. Throughput is that of its billing mode; a table without one is on demand. */
export function tableOf({ types, key, local }: Identity): fc.Arbitrary<Fields> {
  return settings.map(({ billing = {}, indexes, OnDemandThroughput, ...rest }) => {
    const isProvisioned = 'ProvisionedThroughput' in billing
    const global = indexes?.map(
      ({ ProvisionedThroughput, OnDemandThroughput, ...index }): Fields => ({
        ...index,
        ...(isProvisioned ? { ProvisionedThroughput } : {}),
        ...(isProvisioned || OnDemandThroughput === undefined ? {} : { OnDemandThroughput }),
      }),
    )
    const LocalSecondaryIndexes = local.map(
      (attribute): Fields => ({
        IndexName: `local-${attribute}`,
        KeySchema: keyOf(key.slice(0, 1), [attribute]),
        Projection: { ProjectionType: 'ALL' },
      }),
    )
    const schemas = [
      keyOf(key.slice(0, 1), key.slice(1)),
      ...[...LocalSecondaryIndexes, ...(global ?? [])].map(({ KeySchema }) => KeySchema as readonly Fields[]),
    ]
    const used = new Set(schemas.flatMap((schema) => schema.map(({ AttributeName }) => String(AttributeName))))
    return {
      KeySchema: schemas[0],
      AttributeDefinitions: attributes
        .filter((name) => used.has(name))
        .map((AttributeName) => ({ AttributeName, AttributeType: types[AttributeName] })),
      ...billing,
      ...(isProvisioned || OnDemandThroughput === undefined ? {} : { OnDemandThroughput }),
      ...(LocalSecondaryIndexes.length === 0 ? {} : { LocalSecondaryIndexes }),
      ...(global === undefined ? {} : { GlobalSecondaryIndexes: global }),
      ...rest,
    }
  })
}

/** Two definitions of one table: the second changes only what DynamoDB may change. */
export const twoDefinitions: fc.Arbitrary<readonly [Fields, Fields]> = identity.chain((given) =>
  fc.tuple(tableOf(given), tableOf(given)),
)

/**
 * The table after the second definition was applied to one of the first: what the second omits stays, apart from the
 * throughput of another billing mode.
 */
export function appliedOnto(before: Fields, after: Fields): Fields {
  const isProvisioned = (fields: Fields) => 'ProvisionedThroughput' in fields
  const isBilled = isProvisioned(after) || 'BillingMode' in after
  const isSwitch = isBilled && isProvisioned(before) !== isProvisioned(after)
  const withoutThroughput = ({ ProvisionedThroughput: _, OnDemandThroughput: __, ...rest }: Fields) => rest
  const withoutMaximums = ({ OnDemandThroughput: _, ...rest }: Fields) => rest
  const withIndexes = (fields: Fields, change: (index: Fields) => Fields) =>
    'GlobalSecondaryIndexes' in fields
      ? { ...fields, GlobalSecondaryIndexes: listOf(fields, 'GlobalSecondaryIndexes').map(change) }
      : fields
  const {
    BillingMode,
    Tags = [],
    ...kept
  } = isSwitch ? withIndexes(withoutThroughput(before), withoutThroughput) : before
  // The table stays provisioned. The second definition is reached only if its maximums are all -1, which means none.
  const isStillProvisioned = !isBilled && isProvisioned(before)
  const declared = isStillProvisioned ? withIndexes(withoutMaximums(after), withoutMaximums) : after
  const types = [before, after].flatMap(({ AttributeDefinitions }) => AttributeDefinitions as readonly Fields[])
  const table: Fields = {
    ...kept,
    ...(isBilled || BillingMode === undefined ? {} : { BillingMode }),
    ...declared,
    Tags: [...(Tags as readonly Fields[]), ...((after.Tags ?? []) as readonly Fields[])],
  }
  const all = [table, ...['LocalSecondaryIndexes', 'GlobalSecondaryIndexes'].flatMap((name) => listOf(table, name))]
  const used = all.flatMap((each) => listOf(each, 'KeySchema').map(({ AttributeName }) => AttributeName))
  const byName = (all: readonly Fields[], member: string) => [
    ...new Map(all.map((each) => [each[member], each])).values(),
  ]
  return {
    ...table,
    Tags: byName(listOf(table, 'Tags'), 'Key'),
    AttributeDefinitions: byName(types, 'AttributeName').filter(({ AttributeName }) => used.includes(AttributeName)),
  }
}

function listOf(fields: Fields, name: string): readonly Fields[] {
  return (fields[name] ?? []) as readonly Fields[]
}

/** The text of a definition file. JSON is YAML. */
export function fileOf(table: Fields): string {
  return JSON.stringify({ tables: { table } })
}
