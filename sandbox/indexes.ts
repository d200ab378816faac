/** Keys and indexes of a table: validation, and the creation and deletion of global indexes. */
import { checkMaximums, refuseAboveQuota } from './capacity.ts'
import { invalidParameter, limitExceeded, notFound, validationError } from './errors.ts'
import { inUse, refuseWhileUpdating } from './jobs.ts'
import { type Input, type OperationContext, shapes } from './parameters.ts'
import { type IndexRecord, indexStatusOf, keyAttributes, type Shape, type TableRecord } from './table-record.ts'
import type { Throughput } from './throughput-changes.ts'

const maximumGlobalIndexes = 20
const maximumLocalIndexes = 5
const maximumKeysOfOneKind = 4

/** Validates keys and indexes of CreateTable in AWS's order: unused attribute definitions hide errors of indexes. */
export function checkSchema(input: Input): void {
  const keySchema = shapes(input.KeySchema)
  const globalIndexes = shapes(input.GlobalSecondaryIndexes)
  const localIndexes = shapes(input.LocalSecondaryIndexes)
  checkKeySchema(keySchema)
  checkDefinitions(keySchema, globalIndexes, localIndexes, shapes(input.AttributeDefinitions))
  if (input.GlobalSecondaryIndexes !== undefined && globalIndexes.length === 0) {
    throw invalidParameter('List of GlobalSecondaryIndexes is empty')
  }
  if (input.LocalSecondaryIndexes !== undefined && localIndexes.length === 0) {
    throw invalidParameter('List of LocalSecondaryIndexes is empty')
  }
  if (globalIndexes.length > maximumGlobalIndexes) {
    throw invalidParameter(`GlobalSecondaryIndex count exceeds the per-table limit of ${maximumGlobalIndexes}`)
  }
  if (localIndexes.length > maximumLocalIndexes) {
    throw invalidParameter(`Number of LocalSecondaryIndexes exceeds per-table limit of ${maximumLocalIndexes}`)
  }
  const names = [...globalIndexes, ...localIndexes].map(({ IndexName }) => IndexName)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw invalidParameter(`Duplicate index name: ${twice}`)
  for (const index of localIndexes) checkLocalIndex(index, keySchema)
  for (const index of globalIndexes) checkGlobalIndex(index)
  const isOnDemand = input.BillingMode === 'PAY_PER_REQUEST'
  for (const { IndexName, ProvisionedThroughput } of globalIndexes) {
    if (isOnDemand && ProvisionedThroughput !== undefined) {
      throw invalidParameter(
        `ProvisionedThroughput should not be specified for index: ${IndexName} when BillingMode is PAY_PER_REQUEST`,
      )
    }
    if (!isOnDemand && ProvisionedThroughput === undefined) {
      throw invalidParameter(`ProvisionedThroughput is not specified for index: ${IndexName}`)
    }
  }
}

/** Validates the key of a table or of a local index, which has at most two attributes. */
function checkKeySchema([first, second]: readonly Shape[]): void {
  if (first?.KeyType !== 'HASH') {
    throw validationError('Invalid KeySchema: The first KeySchemaElement is not a HASH key type')
  }
  if (second === undefined) return
  if (second.KeyType !== 'RANGE') {
    throw validationError('Invalid KeySchema: The second KeySchemaElement is not a RANGE key type')
  }
  if (second.AttributeName === first.AttributeName) throw undefinedKey()
}

function checkDefinitions(
  keySchema: readonly Shape[],
  globalIndexes: readonly Shape[],
  localIndexes: readonly Shape[],
  definitions: readonly Shape[],
): void {
  const defined = definitions.map(({ AttributeName }) => AttributeName)
  const twice = defined.find((name, index) => defined.indexOf(name) !== index)
  if (twice !== undefined) throw validationError(`Attribute Name is duplicated: ${twice}`)
  if (defined.length === 0) throw undefinedKey()
  const indexes = globalIndexes.map((shape) => ({ shape: shape as IndexRecord['shape'] }))
  const used = [...keyAttributes({ keySchema, localIndexes, globalIndexes: indexes })]
  checkDefined(used, defined)
  if (defined.length === used.length) return
  throw invalidParameter(
    globalIndexes.length + localIndexes.length === 0
      ? 'Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions'
      : `Some AttributeDefinitions are not used. AttributeDefinitions: [${defined.join(', ')}], keys used: [${used.join(', ')}]`,
  )
}

function checkDefined(keys: readonly unknown[], defined: readonly unknown[]): void {
  if (keys.every((key) => defined.includes(key))) return
  throw invalidParameter(
    `Some index key attributes are not defined in AttributeDefinitions. Keys: [${keys.join(', ')}], AttributeDefinitions: [${defined.join(', ')}]`,
  )
}

function checkLocalIndex(index: Shape, tableKeys: readonly Shape[]): void {
  const keys = shapes(index.KeySchema)
  checkKeySchema(keys)
  if (tableKeys.length < 2) {
    throw invalidParameter(
      'Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex',
    )
  }
  const [hash, tableHash] = [keys[0]?.AttributeName, tableKeys[0]?.AttributeName]
  if (hash !== tableHash) {
    throw invalidParameter(
      `Index KeySchema does not have the same leading hash key as table KeySchema for index: ${index.IndexName}. index hash key: ${hash}, table hash key: ${tableHash}`,
    )
  }
  if (keys.length < 2) {
    throw invalidParameter(`Index KeySchema does not have a range key for index: ${index.IndexName}`)
  }
  checkProjection(index.Projection as Shape)
}

/** Validates a global index, whose key may have several attributes of each kind. */
function checkGlobalIndex(index: Shape): void {
  const keys = shapes(index.KeySchema)
  if (keys[0]?.KeyType !== 'HASH') {
    throw validationError('Invalid KeySchema: The first KeySchemaElement is not a HASH key type')
  }
  const kinds = keys.map(({ KeyType }) => KeyType)
  if (kinds.lastIndexOf('HASH') > kinds.indexOf('RANGE') && kinds.includes('RANGE')) {
    throw invalidParameter('All HASH key attributes must precede RANGE key attributes in the KeySchema')
  }
  for (const kind of ['HASH', 'RANGE']) {
    if (kinds.filter((each) => each === kind).length > maximumKeysOfOneKind) {
      throw invalidParameter(`The KeySchema exceeds the maximum allowed number of ${kind} key attributes`)
    }
  }
  if (new Set(keys.map(({ AttributeName }) => AttributeName)).size < keys.length) {
    throw invalidParameter('The KeySchema contains multiple key attributes with the same name')
  }
  checkProjection(index.Projection as Shape)
}

function checkProjection({ ProjectionType, NonKeyAttributes }: Shape): void {
  if (ProjectionType === undefined) throw invalidParameter('Unknown ProjectionType: null')
  const names = NonKeyAttributes as readonly string[] | undefined
  if (ProjectionType === 'INCLUDE' && names === undefined) {
    throw invalidParameter('ProjectionType is INCLUDE, but NonKeyAttributes is not specified')
  }
  if (ProjectionType !== 'INCLUDE' && names !== undefined) {
    throw invalidParameter(`ProjectionType is ${ProjectionType}, but NonKeyAttributes is specified`)
  }
  const twice = names?.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw invalidParameter(`Duplicate element in NonKeyAttributes: ${twice}`)
}

/** Validates GlobalSecondaryIndexUpdates, independent of the table. */
export function checkIndexUpdates(updates: readonly Shape[]): void {
  const named = updates.map((update) => {
    const actions = [update.Update, update.Create, update.Delete].filter((action) => action !== undefined)
    if (actions.length === 0) {
      throw invalidParameter(
        'One of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, GlobalSecondaryIndexUpdate.Delete must not be null',
      )
    }
    if (actions.length > 1) {
      throw invalidParameter('Only one global secondary index action is allowed per GlobalSecondaryIndexUpdate object')
    }
    return (actions[0] as Shape).IndexName
  })
  const twice = named.find((name, index) => named.indexOf(name) !== index)
  if (twice !== undefined) {
    throw invalidParameter(
      `Only one global secondary index update per index is allowed simultaneously. Index: ${twice}`,
    )
  }
}

/** Checks the creation or deletion of an index, of which AWS allows one at a time. */
export function changeIndexes(context: OperationContext, record: TableRecord, input: Input): () => void {
  const now = context.now()
  const asked = shapes(input.GlobalSecondaryIndexUpdates).filter(({ Update }) => Update === undefined)
  const created = asked[0]?.Create as IndexRecord['shape'] | undefined
  const deleted = asked[0]?.Delete as { readonly IndexName: string } | undefined
  const name = created?.IndexName ?? deleted?.IndexName ?? ''
  const isBusy = record.globalIndexes.some(
    (index) => index.shape.IndexName !== name && ['CREATING', 'DELETING'].includes(indexStatusOf(index, now)),
  )
  if (asked.length > 1 || isBusy) {
    throw limitExceeded('Only 1 online index can be created or deleted simultaneously per table')
  }
  const present = record.globalIndexes.find(({ shape }) => shape.IndexName === name)
  const where = `Table: ${record.name} Index: ${name}`
  if (present?.goneAt !== undefined) throw inUse(record, `Index is being deleted. ${where}`)
  if (created !== undefined) return createIndex(context, record, created, input)
  if (record.localIndexes.some(({ IndexName }) => IndexName === name)) {
    throw invalidParameter(`Cannot delete an index that is not a GlobalSecondaryIndex: ${name}`)
  }
  if (present === undefined) throw notFound(`Index ${name} for table ${record.name}`)
  if (present.backfillsFrom !== undefined && now < present.backfillsFrom) {
    throw inUse(
      record,
      `Index creation is in resource allocation phase. Retry deletion during backfilling phase or when the index is active. ${where}`,
    )
  }
  refuseWhileUpdating(record, now, 'index')
  const at = now + context.timings.updating
  return () => {
    record.globalIndexes = record.globalIndexes.map((index) => (index === present ? { ...index, goneAt: at } : index))
    record.pending = [...record.pending, { kind: 'indexDeletion', at, apply: () => {} }]
  }
}

function createIndex(
  context: OperationContext,
  record: TableRecord,
  shape: IndexRecord['shape'],
  input: Input,
): () => void {
  const now = context.now()
  const name = shape.IndexName
  if (
    [...record.localIndexes, ...record.globalIndexes.map((index) => index.shape)].some(
      (each) => each.IndexName === name,
    )
  ) {
    throw invalidParameter(`Attempting to create an index which already exists: ${name}`)
  }
  checkGlobalIndex(shape)
  const isOnDemand = (input.BillingMode ?? record.billingMode) === 'PAY_PER_REQUEST'
  if (isOnDemand && shape.ProvisionedThroughput !== undefined) {
    throw invalidParameter(
      `ProvisionedThroughput should not be specified for index: ${name} when BillingMode is PAY_PER_REQUEST`,
    )
  }
  if (!isOnDemand && shape.ProvisionedThroughput === undefined) {
    throw invalidParameter(`Both ReadCapacityUnits and WriteCapacityUnits must be specified for index: ${name}`)
  }
  checkMaximums(context.place, shape.OnDemandThroughput, `index : ${name}`, isOnDemand, 1)
  refuseAboveQuota(context.place, shape.ProvisionedThroughput as Throughput | undefined, name)
  if (input.AttributeDefinitions === undefined) {
    throw invalidParameter(`AttributeDefinitions is not specified for index: ${name}`)
  }
  // DynamoDB accepts another type for an attribute that is already defined, and ignores it.
  const known = new Set(record.attributeDefinitions.map(({ AttributeName }) => AttributeName))
  const merged = [
    ...record.attributeDefinitions,
    ...shapes(input.AttributeDefinitions).filter(({ AttributeName }) => !known.has(AttributeName)),
  ]
  checkDefined(
    shapes(shape.KeySchema).map(({ AttributeName }) => AttributeName),
    merged.map(({ AttributeName }) => AttributeName),
  )
  if (record.globalIndexes.length >= maximumGlobalIndexes) {
    throw limitExceeded(`Number of global secondary indexes exceeds per-table limit of ${maximumGlobalIndexes}`)
  }
  refuseWhileUpdating(record, now, 'index')
  const activeAt = now + context.timings.indexCreating
  const backfillsFrom = Math.min(activeAt, now + context.timings.indexAllocating)
  return () => {
    record.globalIndexes = [...record.globalIndexes, { shape, activeAt, backfillsFrom }]
    const used = keyAttributes(record)
    // DynamoDB drops definitions that no key uses, without an error.
    record.attributeDefinitions = merged.filter(({ AttributeName }) => used.has(AttributeName))
    record.pending = [...record.pending, { kind: 'indexCreation', at: backfillsFrom, apply: () => {} }]
  }
}

function undefinedKey(): Error {
  return validationError('Invalid KeySchema: Some index key attribute have no definition')
}
