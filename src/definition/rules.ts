/**
 * DynamoDB's rules between the values of a definition. The form and the limits of single values are in fields.ts.
 *
 * The schema of a property repeats some rules: it checks plans and AWS's answers, which have another form, and no line
 * to report.
 */
import type { KeyAttribute } from '../table/properties/key-schema.ts'
import { mostDeclaredTags, mostTags, type Tag } from '../table/properties/tags.ts'
import { count, quote } from '../text/readable.ts'
import {
  allLayers,
  type Definition,
  type Fields,
  layersOf,
  type MergedFields,
  mergeLayers,
  type Path,
  valuesOf,
} from './definition.ts'
import { tableFields } from './fields.ts'

/** A broken rule. */
export interface Problem {
  readonly path: Path
  /** Sentences that say what was found and what may stand there. */
  readonly message: string
  /** True if the problem is the name of a member, not its value. */
  readonly isOfName?: boolean
}

type KeyElement = Omit<KeyAttribute, 'AttributeType'>

interface Index {
  readonly IndexName: string
  readonly KeySchema: readonly KeyElement[]
  readonly Projection: { readonly ProjectionType: string; readonly NonKeyAttributes?: readonly string[] }
  readonly ProvisionedThroughput?: object
  readonly OnDemandThroughput?: object
}

/** The fields of a table whose forms were checked. */
interface TableFields {
  readonly AttributeDefinitions?: readonly { readonly AttributeName: string }[]
  readonly BillingMode?: 'PAY_PER_REQUEST' | 'PROVISIONED'
  readonly GlobalSecondaryIndexes?: readonly Index[]
  readonly KeySchema?: readonly KeyElement[]
  readonly LocalSecondaryIndexes?: readonly Index[]
  readonly OnDemandThroughput?: object
  readonly PointInTimeRecoverySpecification?: {
    readonly PointInTimeRecoveryEnabled: boolean
    readonly RecoveryPeriodInDays?: number
  }
  readonly ProvisionedThroughput?: object
  readonly SSESpecification?: {
    readonly SSEEnabled: boolean
    readonly SSEType?: string
    readonly KMSMasterKeyId?: string
  }
  readonly StreamSpecification?: { readonly StreamEnabled?: boolean; readonly StreamViewType?: string }
  readonly Tags?: readonly Tag[]
  readonly TimeToLiveSpecification?: { readonly Enabled: boolean; readonly AttributeName?: string }
}

type Value<Field extends keyof TableFields> = NonNullable<TableFields[Field]>

/** Rules for the value of one field, wherever it stands. The paths begin in the value. */
const valueRules: {
  readonly [Field in keyof TableFields]?: (value: Value<Field>) => Iterable<Problem>
} = {
  AttributeDefinitions: (definitions) => findRepeatedAttributes([], definitions),
  GlobalSecondaryIndexes: checkGlobalIndexes,
  KeySchema: checkTableKey,
  LocalSecondaryIndexes: (indexes) => checkIndexes(indexes, 5),
  PointInTimeRecoverySpecification: checkRecovery,
  SSESpecification: checkEncryption,
  StreamSpecification: checkStream,
  Tags: (tags) =>
    findRepeated(
      tags.map(({ Key }) => Key),
      (index) => [index, 'Key'],
      'the key',
    ),
  TimeToLiveSpecification: checkTimeToLive,
}

/** Checks the fields of one table in one environment together. The paths begin with the name of a field. */
interface TableRule {
  readonly check: (fields: TableFields) => Iterable<Problem>
  /** The fields that the rule reads. It is skipped if one of them is wrong by itself. */
  readonly reads: readonly (keyof TableFields)[]
  /** True for a rule that finds something missing: a field with a misspelt name may be it. */
  readonly findsMissing?: boolean
}

const tableRules: readonly TableRule[] = [
  { check: checkPresence, reads: ['KeySchema', 'AttributeDefinitions'], findsMissing: true },
  { check: checkLocalKeys, reads: ['KeySchema', 'LocalSecondaryIndexes'] },
  {
    check: checkAttributes,
    reads: ['AttributeDefinitions', 'KeySchema', 'GlobalSecondaryIndexes', 'LocalSecondaryIndexes'],
    findsMissing: true,
  },
  { check: checkIndexNames, reads: ['GlobalSecondaryIndexes', 'LocalSecondaryIndexes'] },
  { check: checkProjectedAttributes, reads: ['GlobalSecondaryIndexes', 'LocalSecondaryIndexes'] },
  {
    check: checkBilling,
    reads: ['BillingMode', 'ProvisionedThroughput', 'OnDemandThroughput', 'GlobalSecondaryIndexes'],
    findsMissing: true,
  },
  { check: checkTags, reads: ['Tags'] },
]

/**
 * Finds the broken rules of a definition, without an environment and in each of its environments.
 *
 * @param wrong the places whose values do not have their form
 */
export function findBrokenRules(definition: Definition, wrong: readonly Path[]): readonly Problem[] {
  const found = new Map<string, Problem>()
  const add = (problem: Problem) => found.set(JSON.stringify(problem), problem)
  for (const problem of checkValues(definition, wrong)) add(problem)
  for (const environment of [undefined, ...definition.environments.keys()]) {
    for (const { path, message } of checkTables(definition, environment, wrong)) {
      // A broken rule that no environment changes is reported once.
      if (found.has(JSON.stringify({ path, message }))) continue
      const isOfTable = environment === undefined || path[0] === 'environments'
      const where = isOfTable ? '' : ` This is so in the environment ${quote(environment)}.`
      add({ path, message: `${message}${where}` })
    }
  }
  return [...found.values()]
}

function* checkValues(definition: Definition, wrong: readonly Path[]): Generator<Problem> {
  for (const { path: layer, fields } of allLayers(definition)) {
    for (const [field, value] of Object.entries(fields)) {
      const at = [...layer, field]
      if (wrong.some((place) => isOneOnTheOther(place, at))) continue
      const check = valueRules[field as keyof TableFields] as ((given: unknown) => Iterable<Problem>) | undefined
      for (const { path, message } of check?.(value) ?? []) yield { path: [...at, ...path], message }
    }
  }
}

function* checkTables(
  definition: Definition,
  environment: string | undefined,
  wrong: readonly Path[],
): Generator<Problem> {
  const named = new Map<string, string>()
  for (const logicalName of definition.tables.keys()) {
    const layers = layersOf(definition, environment, logicalName)
    const isRight = (field: string) =>
      layers.every(({ path }) => !wrong.some((place) => isOneOnTheOther(place, [...path, field])))
    const hasUnknownField = wrong.some((place) => layers.some(({ path }) => isUnknownField(place, path)))
    const merged = mergeLayers(layers.map(({ path, fields }) => ({ path, fields: pickRight(fields, isRight) })))
    const at = (path: Path) => placeOf(merged, logicalName, path)
    if (isRight('TableName'))
      yield* checkName(String(merged.get('TableName')?.value ?? logicalName), logicalName, named, at)
    const fields = valuesOf(merged)
    for (const { check, reads, findsMissing } of tableRules) {
      if (!reads.every(isRight) || (findsMissing && hasUnknownField)) continue
      for (const { path, message } of check(fields)) yield { path: at(path), message }
    }
  }
}

function pickRight(fields: Fields, isRight: (field: string) => boolean): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([field]) => isRight(field)))
}

function isUnknownField(place: Path, layer: Path): boolean {
  const name = String(place.at(-1))
  return place.length === layer.length + 1 && startsWith(place, layer) && !Object.hasOwn(tableFields, name)
}

/** Returns true if one of the two paths leads through the other. */
function isOneOnTheOther(left: Path, right: Path): boolean {
  return left.length < right.length ? startsWith(right, left) : startsWith(left, right)
}

export function startsWith(path: Path, above: Path): boolean {
  return above.every((step, index) => path[index] === step)
}

function* checkName(
  name: string,
  logicalName: string,
  named: Map<string, string>,
  at: (path: Path) => Path,
): Generator<Problem> {
  const other = named.get(name)
  if (other !== undefined) {
    yield {
      path: at(['TableName']),
      message: `gives the table the name ${quote(name)}, which ${quote(other)} has too.`,
    }
  }
  named.set(name, logicalName)
  if (name.length < 3)
    yield { path: at([]), message: 'is no name for a table, which has 3 characters or more. Add a TableName.' }
}

/** The place in the file of a path that begins with the name of a field; the table itself for a field that it lacks. */
function placeOf(merged: MergedFields, logicalName: string, [field, ...inner]: Path): Path {
  const declared = merged.get(String(field))
  return declared === undefined ? ['tables', logicalName] : [...declared.path, ...inner]
}

/** @param noun such as `the attribute` */
function* findRepeated(names: readonly string[], pathOf: (index: number) => Path, noun: string): Generator<Problem> {
  for (const [index, name] of names.entries()) {
    if (names.indexOf(name) < index) yield { path: pathOf(index), message: describeRepeated(noun, name) }
  }
}

function describeRepeated(noun: string, name: string): string {
  return `has ${noun} ${quote(name)} a second time.`
}

function* checkPresence({ KeySchema, AttributeDefinitions }: TableFields): Generator<Problem> {
  if (KeySchema === undefined) {
    yield {
      path: ['KeySchema'],
      message: 'KeySchema is missing, here and in the defaults. Give the primary key of the table.',
    }
  } else if (AttributeDefinitions === undefined) {
    yield {
      path: ['AttributeDefinitions'],
      message: 'AttributeDefinitions is missing, here and in the defaults. Give the type of each key attribute.',
    }
  }
}

const hashFirst = 'has no partition key in the first place. Begin with the element of KeyType HASH.'

function* checkTableKey(keys: readonly KeyElement[]): Generator<Problem> {
  const [first, second] = keys
  if (first?.KeyType !== 'HASH') yield { path: [0, 'KeyType'], message: hashFirst }
  else if (second?.KeyType === 'HASH') {
    yield {
      path: [1, 'KeyType'],
      message:
        'is a second partition key. A table has one HASH, then at most one RANGE; only global indexes have more.',
    }
  }
  yield* findRepeatedAttributes([], keys)
}

function findRepeatedAttributes(
  path: Path,
  attributes: readonly { readonly AttributeName: string }[],
): Iterable<Problem> {
  const names = attributes.map(({ AttributeName }) => AttributeName)
  return findRepeated(names, (index) => [...path, index, 'AttributeName'], 'the attribute')
}

const mostOfKeyType = 4

function* checkGlobalIndexes(indexes: readonly Index[]): Generator<Problem> {
  yield* checkIndexes(indexes, 20)
  for (const [index, { KeySchema }] of indexes.entries()) {
    const path: Path = [index, 'KeySchema']
    const types = KeySchema.map(({ KeyType }) => KeyType)
    const lateHash = types.findIndex((type, place) => type === 'HASH' && types[place - 1] === 'RANGE')
    if (types[0] === 'RANGE') yield { path: [...path, 0, 'KeyType'], message: hashFirst }
    else if (lateHash !== -1) {
      yield { path: [...path, lateHash, 'KeyType'], message: 'is HASH after a RANGE. Give all HASH elements first.' }
    }
    for (const type of ['HASH', 'RANGE'] as const) {
      const number = types.filter((each) => each === type).length
      if (number > mostOfKeyType) {
        yield {
          path,
          message: `has ${number} elements of KeyType ${type}. A global index has at most ${mostOfKeyType}.`,
        }
      }
    }
  }
}

function* checkLocalKeys({ KeySchema = [], LocalSecondaryIndexes = [] }: TableFields): Generator<Problem> {
  const [tableHash, tableRange] = KeySchema
  if (LocalSecondaryIndexes.length > 0 && tableHash !== undefined && tableRange === undefined) {
    yield {
      path: ['LocalSecondaryIndexes'],
      message: 'needs a table with a sort key, but KeySchema has only a partition key. Use a global index.',
    }
  }
  for (const [index, { KeySchema: keys }] of LocalSecondaryIndexes.entries()) {
    const path: Path = ['LocalSecondaryIndexes', index, 'KeySchema']
    const [hash, range] = keys
    const isRightHash =
      hash?.KeyType === 'HASH' && hash.AttributeName === (tableHash?.AttributeName ?? hash.AttributeName)
    if (!isRightHash || range?.KeyType !== 'RANGE' || keys.length > 2) {
      const wanted = tableHash === undefined ? '' : `, ${quote(tableHash.AttributeName)},`
      yield { path, message: `must be the partition key of the table${wanted} as HASH, then one RANGE.` }
    }
  }
}

/** DynamoDB demands a definition of each attribute of a key, and no other. */
function* checkAttributes(fields: TableFields): Generator<Problem> {
  const { AttributeDefinitions, KeySchema } = fields
  if (AttributeDefinitions === undefined || KeySchema === undefined) return
  const defined = AttributeDefinitions.map(({ AttributeName }) => AttributeName)
  const keys = [
    { path: ['KeySchema'] as Path, keys: KeySchema },
    ...placedIndexes(fields).map(({ path, index }) => ({ path: [...path, 'KeySchema'], keys: index.KeySchema })),
  ]
  for (const { path, keys: elements } of keys) {
    for (const [place, { AttributeName }] of elements.entries()) {
      if (defined.includes(AttributeName)) continue
      yield {
        path: [...path, place, 'AttributeName'],
        message: `is ${quote(AttributeName)}, which AttributeDefinitions lacks. Add it there, with its type S, N or B.`,
      }
    }
  }
  const used = new Set(keys.flatMap(({ keys: elements }) => elements.map(({ AttributeName }) => AttributeName)))
  for (const [index, name] of defined.entries()) {
    if (used.has(name)) continue
    yield {
      path: ['AttributeDefinitions', index],
      message: `defines ${quote(name)}, which no key uses. Define the attributes of keys only: all others need no definition.`,
    }
  }
}

function placedIndexes(fields: TableFields): readonly { readonly path: Path; readonly index: Index }[] {
  return (['GlobalSecondaryIndexes', 'LocalSecondaryIndexes'] as const).flatMap((field) =>
    (fields[field] ?? []).map((index, place) => ({ path: [field, place], index })),
  )
}

/** Rules for a list of global or of local indexes. */
function* checkIndexes(indexes: readonly Index[], most: number): Generator<Problem> {
  if (indexes.length > most) {
    yield { path: [], message: `has ${indexes.length} indexes. A table has at most ${most} of them.` }
  }
  const names = indexes.map(({ IndexName }) => IndexName)
  yield* findRepeated(names, (index) => [index, 'IndexName'], indexName)
  for (const [index, { KeySchema, Projection }] of indexes.entries()) {
    yield* findRepeatedAttributes([index, 'KeySchema'], KeySchema)
    const { ProjectionType, NonKeyAttributes } = Projection
    const path: Path = [index, 'Projection']
    if (ProjectionType === 'INCLUDE' && NonKeyAttributes === undefined) {
      yield { path, message: 'is INCLUDE without NonKeyAttributes. Give 1 to 20 attributes.' }
    }
    if (ProjectionType !== 'INCLUDE' && NonKeyAttributes !== undefined) {
      yield {
        path: [...path, 'NonKeyAttributes'],
        message: `goes only with ProjectionType INCLUDE, but the type is ${ProjectionType}.`,
      }
    } else {
      yield* findRepeated(NonKeyAttributes ?? [], (place) => [...path, 'NonKeyAttributes', place], 'the attribute')
    }
  }
}

const indexName = 'the name of an index,'

/** Global and local indexes share their names. */
function* checkIndexNames({
  GlobalSecondaryIndexes = [],
  LocalSecondaryIndexes = [],
}: TableFields): Generator<Problem> {
  const global = GlobalSecondaryIndexes.map(({ IndexName }) => IndexName)
  for (const [index, { IndexName }] of LocalSecondaryIndexes.entries()) {
    const path = ['LocalSecondaryIndexes', index, 'IndexName']
    if (global.includes(IndexName)) yield { path, message: describeRepeated(indexName, IndexName) }
  }
}

/** DynamoDB counts an attribute once for each index. */
const mostProjected = 100

function* checkProjectedAttributes(fields: TableFields): Generator<Problem> {
  let projected = 0
  for (const { path, index } of placedIndexes(fields)) {
    const { ProjectionType, NonKeyAttributes = [] } = index.Projection
    const before = projected
    projected += ProjectionType === 'INCLUDE' ? NonKeyAttributes.length : 0
    if (before <= mostProjected && projected > mostProjected) {
      yield {
        path: [...path, 'Projection', 'NonKeyAttributes'],
        message: `with this index, the indexes of the table project ${projected} attributes. DynamoDB allows ${mostProjected} over all indexes of a table.`,
      }
    }
  }
}

function* checkBilling(fields: TableFields): Generator<Problem> {
  const { BillingMode, ProvisionedThroughput, OnDemandThroughput, GlobalSecondaryIndexes = [] } = fields
  const isProvisioned =
    BillingMode === 'PROVISIONED' || (BillingMode === undefined && ProvisionedThroughput !== undefined)
  const cause =
    BillingMode === undefined ? 'ProvisionedThroughput makes the table PROVISIONED' : `BillingMode is ${BillingMode}`
  if (BillingMode === 'PROVISIONED' && ProvisionedThroughput === undefined) {
    yield {
      path: ['BillingMode'],
      message:
        'is PROVISIONED without ProvisionedThroughput. Give both in one place: BillingMode drops the throughput of lower layers.',
    }
  }
  if (BillingMode === 'PAY_PER_REQUEST' && ProvisionedThroughput !== undefined) {
    yield { path: ['ProvisionedThroughput'], message: `goes only with BillingMode PROVISIONED, but ${cause}.` }
  }
  const maximums = [
    { path: ['OnDemandThroughput'] as Path, value: OnDemandThroughput },
    ...GlobalSecondaryIndexes.map(({ OnDemandThroughput: value }, place) => ({
      path: ['GlobalSecondaryIndexes', place, 'OnDemandThroughput'],
      value,
    })),
  ]
  for (const { path, value } of maximums) {
    if (value === undefined) continue
    if (isProvisioned) yield { path, message: `goes only with BillingMode PAY_PER_REQUEST, but ${cause}.` }
    // UpdateTable answers an empty one with an internal error.
    if (Object.keys(value).length === 0) {
      yield { path, message: 'has no member. Give MaxReadRequestUnits, MaxWriteRequestUnits or both.' }
    }
  }
  for (const [place, index] of GlobalSecondaryIndexes.entries()) {
    const path: Path = ['GlobalSecondaryIndexes', place]
    if (isProvisioned && index.ProvisionedThroughput === undefined) {
      yield { path, message: `needs a ProvisionedThroughput of its own, because ${cause}.` }
    }
    if (!isProvisioned && index.ProvisionedThroughput !== undefined) {
      const why = BillingMode === undefined ? 'the table has no ProvisionedThroughput' : cause
      yield {
        path: [...path, 'ProvisionedThroughput'],
        message: `goes only with ProvisionedThroughput of the table, but ${why}.`,
      }
    }
  }
}

function* checkRecovery({
  PointInTimeRecoveryEnabled,
  RecoveryPeriodInDays,
}: Value<'PointInTimeRecoverySpecification'>): Generator<Problem> {
  if (RecoveryPeriodInDays === undefined || PointInTimeRecoveryEnabled) return
  yield { path: ['RecoveryPeriodInDays'], message: 'goes only with PointInTimeRecoveryEnabled: true.' }
}

function* checkEncryption(encryption: Value<'SSESpecification'>): Generator<Problem> {
  if (encryption.SSEEnabled) return
  for (const member of ['SSEType', 'KMSMasterKeyId'] as const) {
    if (encryption[member] !== undefined) yield { path: [member], message: 'goes only with SSEEnabled: true.' }
  }
}

function* checkStream({ StreamEnabled, StreamViewType }: Value<'StreamSpecification'>): Generator<Problem> {
  if (StreamEnabled === false && StreamViewType !== undefined) {
    yield { path: ['StreamViewType'], message: 'does not go with StreamEnabled: false.' }
  }
  if (StreamEnabled !== false && StreamViewType === undefined) {
    yield { path: [], message: 'needs a StreamViewType; or StreamEnabled: false, to have no stream.' }
  }
}

function* checkTimeToLive({ Enabled, AttributeName }: Value<'TimeToLiveSpecification'>): Generator<Problem> {
  if (!Enabled || AttributeName !== undefined) return
  yield { path: [], message: 'needs AttributeName, the attribute that holds the time, because Enabled is true.' }
}

function* checkTags({ Tags = [] }: TableFields): Generator<Problem> {
  if (Tags.length <= mostDeclaredTags) return
  yield {
    path: ['Tags'],
    message: `makes ${count(Tags.length, 'tag')} with those of lower layers. A table has at most ${mostTags}, and the action adds ${mostTags - mostDeclaredTags}.`,
  }
}
