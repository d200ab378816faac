/**
 * The constraints of DynamoDB's API model, for the operations of the sandbox. They are checked first: an
 * invalid request for a missing table is a ValidationException.
 */
import { AwsError, validationError } from './errors.ts'
import type { Shape } from './table-record.ts'

/** @returns AWS's message for each constraint that the value violates */
type Constraint = (value: unknown, path: string) => readonly string[]

interface TextOptions {
  readonly minimum?: number
  readonly maximum?: number
  readonly pattern?: string
  readonly among?: readonly string[]
}

function text({ minimum = 0, maximum = Number.POSITIVE_INFINITY, pattern, among }: TextOptions = {}): Constraint {
  return (value, path) => {
    if (typeof value !== 'string') throw wrongType(value, 'String')
    return [
      ...(among === undefined || among.includes(value) ? [] : [`satisfy enum value set: [${among.join(', ')}]`]),
      ...(pattern === undefined || new RegExp(`^${pattern}$`).test(value)
        ? []
        : [`satisfy regular expression pattern: ${pattern}`]),
      ...lengthRules(value.length, minimum, maximum),
    ].map((rule) => violation(value, path, rule))
  }
}

function whole({ minimum = Number.NEGATIVE_INFINITY, maximum = Number.POSITIVE_INFINITY } = {}): Constraint {
  return (value, path) => {
    if (typeof value !== 'number') throw wrongType(value, 'Long')
    return [
      ...(value < minimum ? [`have value greater than or equal to ${minimum}`] : []),
      ...(value > maximum ? [`have value less than or equal to ${maximum}`] : []),
    ].map((rule) => violation(value, path, rule))
  }
}

const flag: Constraint = (value) => {
  if (typeof value !== 'boolean') throw wrongType(value, 'Boolean')
  return []
}

function list(of: Constraint, { minimum = 0, maximum = Number.POSITIVE_INFINITY } = {}): Constraint {
  return (value, path) => {
    if (!Array.isArray(value)) throw new AwsError('SerializationException', 'Expected list or null')
    return [
      ...lengthRules(value.length, minimum, maximum).map((rule) => violation(value, path, rule)),
      ...value.flatMap((member, index) => of(member, `${path}.${index + 1}.member`)),
    ]
  }
}

function structure(members: Readonly<Record<string, Constraint>>, required: readonly string[] = []): Constraint {
  return (value, path) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new AwsError('SerializationException', 'Unrecognized collection type class java.util.LinkedHashMap')
    }
    const given = value as Shape
    return Object.entries(members).flatMap(([name, constraint]) => {
      const place = path === '' ? lowerFirst(name) : `${path}.${lowerFirst(name)}`
      const member = given[name] ?? undefined
      if (member !== undefined) return constraint(member, place)
      return required.includes(name) ? [violation(undefined, place, 'not be null')] : []
    })
  }
}

function lengthRules(length: number, minimum: number, maximum: number): readonly string[] {
  return [
    ...(length < minimum ? [`have length greater than or equal to ${minimum}`] : []),
    ...(length > maximum ? [`have length less than or equal to ${maximum}`] : []),
  ]
}

function violation(value: unknown, path: string, rule: string): string {
  const shown = value === undefined ? 'null' : `'${show(value)}'`
  return `Value ${shown} at '${path}' failed to satisfy constraint: Member must ${rule}`
}

function show(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(show).join(', ')}]`
  if (typeof value !== 'object' || value === null) return String(value)
  const name = 'KeyType' in value ? 'KeySchemaElement' : ''
  return `${name}(${Object.entries(value)
    .map(([member, content]) => `${lowerFirst(member)}=${show(content)}`)
    .join(', ')})`
}

function lowerFirst(name: string): string {
  return `${name.charAt(0).toLowerCase()}${name.slice(1)}`
}

function wrongType(value: unknown, wanted: string): AwsError {
  const kinds: Readonly<Record<string, string>> = { string: 'STRING_VALUE', number: 'NUMBER_VALUE' }
  const kind = kinds[typeof value] ?? (value === true ? 'TRUE_VALUE' : 'FALSE_VALUE')
  return new AwsError(
    'SerializationException',
    typeof value === 'object'
      ? 'Start of structure or map found where not expected'
      : `${kind} cannot be converted to ${wanted}`,
  )
}

const attributeName = text({ minimum: 1, maximum: 255 })
const indexName = text({ minimum: 3, maximum: 255, pattern: '[a-zA-Z0-9_.-]+' })
const keySchemaElement = structure({ AttributeName: attributeName, KeyType: text({ among: ['HASH', 'RANGE'] }) }, [
  'AttributeName',
  'KeyType',
])
const attributeDefinitions = list(
  structure({ AttributeName: attributeName, AttributeType: text({ among: ['B', 'N', 'S'] }) }, [
    'AttributeName',
    'AttributeType',
  ]),
)
const provisionedThroughput = structure(
  { WriteCapacityUnits: whole({ minimum: 1 }), ReadCapacityUnits: whole({ minimum: 1 }) },
  ['WriteCapacityUnits', 'ReadCapacityUnits'],
)
const onDemandThroughput = structure({ MaxReadRequestUnits: whole(), MaxWriteRequestUnits: whole() })
const warmThroughput = structure({ ReadUnitsPerSecond: whole(), WriteUnitsPerSecond: whole() })
const projection = structure({
  ProjectionType: text({ among: ['ALL', 'INCLUDE', 'KEYS_ONLY'] }),
  NonKeyAttributes: list(attributeName, { minimum: 1, maximum: 20 }),
})
const globalIndex = structure(
  {
    IndexName: indexName,
    KeySchema: list(keySchemaElement, { minimum: 1, maximum: 8 }),
    Projection: projection,
    ProvisionedThroughput: provisionedThroughput,
    OnDemandThroughput: onDemandThroughput,
    WarmThroughput: warmThroughput,
  },
  ['IndexName', 'KeySchema', 'Projection'],
)
const localIndex = structure(
  { IndexName: indexName, KeySchema: list(keySchemaElement, { minimum: 1, maximum: 2 }), Projection: projection },
  ['IndexName', 'KeySchema', 'Projection'],
)

/** Parameters of both CreateTable and UpdateTable. */
const tableSettings = {
  BillingMode: text({ among: ['PROVISIONED', 'PAY_PER_REQUEST'] }),
  ProvisionedThroughput: provisionedThroughput,
  OnDemandThroughput: onDemandThroughput,
  WarmThroughput: warmThroughput,
  StreamSpecification: structure(
    {
      StreamEnabled: flag,
      StreamViewType: text({ among: ['OLD_IMAGE', 'KEYS_ONLY', 'NEW_AND_OLD_IMAGES', 'NEW_IMAGE'] }),
    },
    ['StreamEnabled'],
  ),
  SSESpecification: structure({ Enabled: flag, SSEType: text({ among: ['AES256', 'KMS'] }), KMSMasterKeyId: text() }),
  TableClass: text({ among: ['STANDARD', 'STANDARD_INFREQUENT_ACCESS'] }),
  DeletionProtectionEnabled: flag,
}

const replicaAction = structure({ RegionName: text() }, ['RegionName'])
const tags = list(structure({ Key: text(), Value: text() }))

const requests: Readonly<Record<string, Constraint>> = {
  CreateTable: structure(
    {
      AttributeDefinitions: attributeDefinitions,
      KeySchema: list(keySchemaElement, { minimum: 1, maximum: 2 }),
      GlobalSecondaryIndexes: list(globalIndex),
      LocalSecondaryIndexes: list(localIndex),
      ...tableSettings,
      Tags: tags,
      ResourcePolicy: text(),
    },
    ['AttributeDefinitions', 'KeySchema'],
  ),
  UpdateTable: structure({
    AttributeDefinitions: attributeDefinitions,
    GlobalSecondaryIndexUpdates: list(
      structure({
        Create: globalIndex,
        Update: structure(
          {
            IndexName: indexName,
            ProvisionedThroughput: provisionedThroughput,
            OnDemandThroughput: onDemandThroughput,
            WarmThroughput: warmThroughput,
          },
          ['IndexName'],
        ),
        Delete: structure({ IndexName: indexName }, ['IndexName']),
      }),
    ),
    ReplicaUpdates: list(structure({ Create: replicaAction, Update: replicaAction, Delete: replicaAction }), {
      minimum: 1,
    }),
    ...tableSettings,
  }),
  UpdateTimeToLive: structure(
    {
      TimeToLiveSpecification: structure({ Enabled: flag, AttributeName: attributeName }, ['Enabled', 'AttributeName']),
    },
    ['TimeToLiveSpecification'],
  ),
  UpdateContinuousBackups: structure(
    {
      PointInTimeRecoverySpecification: structure(
        { PointInTimeRecoveryEnabled: flag, RecoveryPeriodInDays: whole({ minimum: 1, maximum: 35 }) },
        ['PointInTimeRecoveryEnabled'],
      ),
    },
    ['PointInTimeRecoverySpecification'],
  ),
  ListTables: structure({
    ExclusiveStartTableName: text({ minimum: 3, maximum: 255, pattern: '[a-zA-Z0-9_.-]+' }),
    Limit: whole({ minimum: 1, maximum: 100 }),
  }),
  TagResource: structure({ ResourceArn: text({ minimum: 1 }), Tags: tags }, ['ResourceArn', 'Tags']),
  UntagResource: structure({ ResourceArn: text({ minimum: 1 }), TagKeys: list(text()) }, ['ResourceArn', 'TagKeys']),
  ListTagsOfResource: structure({ ResourceArn: text({ minimum: 1 }), NextToken: text() }, ['ResourceArn']),
}

const tableName = text({ minimum: 3, maximum: 255, pattern: '[a-zA-Z0-9_.-]+' })

/** @throws {AwsError} SerializationException for a wrong type, ValidationException for a violated constraint */
export function checkRequest(operation: string, input: Shape): void {
  refuse(requests[operation]?.(input, '') ?? [])
}

export function checkTableName(name: string): void {
  refuse(tableName(name, 'tableName'))
}

function refuse(violations: readonly string[]): void {
  if (violations.length === 0) return
  const count = `${violations.length} validation error${violations.length === 1 ? '' : 's'} detected`
  throw validationError(`${count}: ${violations.join('; ')}`)
}
