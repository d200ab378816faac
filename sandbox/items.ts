/** The items of one account and region. They are stored by dynalite, which starts with the first item operation. */
import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ControlPlane } from './control-plane.ts'
import { refuseWithoutKey } from './encryption.ts'
import { AwsError, validationError } from './errors.ts'
import { readTableName, shapes } from './parameters.ts'
import { keyAttributes, type Shape, statusOf, type TableRecord } from './table-record.ts'

export const itemOperations = new Set([
  'PutItem',
  'GetItem',
  'UpdateItem',
  'DeleteItem',
  'Query',
  'Scan',
  'BatchGetItem',
  'BatchWriteItem',
])

export class Items {
  readonly #controlPlane: ControlPlane
  #server: Promise<{ readonly server: Server; readonly url: string }> | undefined
  /** The tables in dynalite, by name. */
  readonly #created = new Map<string, { readonly id: string; readonly indexes: string }>()
  #creating: Promise<void> = Promise.resolve()

  constructor(controlPlane: ControlPlane) {
    this.#controlPlane = controlPlane
  }

  /** Performs one item operation. The control plane decides which tables exist. */
  async call(operation: string, input: Readonly<Record<string, unknown>>): Promise<Shape> {
    // dynalite does not accept an ARN as a table name.
    const TableName = input.TableName === undefined ? undefined : readTableName(this.#controlPlane.place, input)
    const names = TableName === undefined ? Object.keys((input.RequestItems as Shape) ?? {}) : [TableName]
    for (const name of names) {
      const record = this.#controlPlane.find(name)
      if (record !== undefined) refuseWithoutKey(record, this.#controlPlane.now())
      const status = record === undefined ? 'absent' : statusOf(record, this.#controlPlane.now())
      if (record === undefined || (status !== 'ACTIVE' && status !== 'UPDATING')) {
        throw new AwsError('ResourceNotFoundException', 'Requested resource not found')
      }
      // One at a time: two first calls would both create the table.
      const creating = this.#creating.then(() => this.#create(record))
      this.#creating = creating.catch(() => {})
      await creating
    }
    const forwarded = TableName === undefined ? input : { ...input, TableName }
    return operation === 'Query' ? await this.#query(forwarded) : await this.#forward(operation, forwarded)
  }

  async #query(input: Shape): Promise<Shape> {
    const record = this.#controlPlane.find(String(input.TableName))
    const indexes = record === undefined ? [] : queriedIndexes(record, this.#controlPlane.now())
    const index = indexes.find(({ IndexName }) => IndexName === input.IndexName)
    if (record === undefined || index === undefined || !hasLongKey(index)) return await this.#forward('Query', input)
    return asProjected(index, record.keySchema, await this.#forward('Scan', asScan(index, input)))
  }

  async close(): Promise<void> {
    const started = await this.#server
    if (started === undefined) return
    started.server.closeAllConnections()
    await new Promise<void>((resolve) => started.server.close(() => resolve()))
  }

  /** Creates the table in dynalite, and replaces it if the table was recreated or its indexes changed. */
  async #create(record: TableRecord): Promise<void> {
    const definition = itemTable(record, this.#controlPlane.now())
    const wanted = { id: record.id, indexes: JSON.stringify(definition.GlobalSecondaryIndexes ?? []) }
    const created = this.#created.get(record.name)
    if (created?.id === wanted.id && created.indexes === wanted.indexes) return
    // dynalite cannot add an index, so the items are copied to a new table with the index.
    const items = created?.id === wanted.id ? await this.#allItems(record.name) : []
    if (created !== undefined) {
      await this.#forward('DeleteTable', { TableName: record.name })
      await this.#until(record.name, 'absent')
    }
    await this.#forward('CreateTable', definition)
    await this.#until(record.name, 'ACTIVE')
    for (const Item of items) await this.#forward('PutItem', { TableName: record.name, Item })
    this.#created.set(record.name, wanted)
  }

  async #allItems(TableName: string): Promise<readonly Shape[]> {
    const items: Shape[] = []
    let from: Shape = {}
    for (;;) {
      const page = await this.#forward('Scan', { TableName, ...from })
      items.push(...shapes(page.Items))
      if (page.LastEvaluatedKey === undefined) return items
      from = { ExclusiveStartKey: page.LastEvaluatedKey }
    }
  }

  async #until(table: string, status: 'ACTIVE' | 'absent'): Promise<void> {
    for (let reads = 0; reads < 2000; reads += 1) {
      const seen = await this.#forward('DescribeTable', { TableName: table }).then(
        ({ Table }) => (Table as Shape).TableStatus,
        () => 'absent',
      )
      if (seen === status) return
    }
    throw new AwsError('InternalServerError', `dynalite did not bring table ${table} to ${status}`, 500)
  }

  async #forward(operation: string, input: Readonly<Record<string, unknown>>): Promise<Shape> {
    this.#server ??= startServer(this.#controlPlane)
    const { url } = await this.#server
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-amz-json-1.0',
        'x-amz-target': `DynamoDB_20120810.${operation}`,
        'x-amz-date': '20260101T000000Z',
        // dynalite requires a signature, and does not verify it.
        authorization:
          'AWS4-HMAC-SHA256 Credential=SANDBOX/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0',
      },
      body: JSON.stringify(input),
    })
    const answer = (await response.json()) as Shape
    if (response.ok) return answer
    throw new AwsError(String(answer.__type).split('#').at(-1) ?? '', String(answer.message), response.status)
  }
}

/** The CreateTable request for dynalite: keys, and those of the indexes that can be queried now that it can have. */
function itemTable(record: TableRecord, now: number): Shape {
  const globalIndexes = queriedIndexes(record, now).filter((index) => !hasLongKey(index))
  const used = keyAttributes({ ...record, globalIndexes: globalIndexes.map((shape) => ({ shape })) })
  const index = ({ IndexName, KeySchema, Projection }: Shape) => ({ IndexName, KeySchema, Projection })
  return {
    TableName: record.name,
    KeySchema: record.keySchema,
    AttributeDefinitions: record.attributeDefinitions.filter(({ AttributeName }) => used.has(AttributeName)),
    BillingMode: 'PAY_PER_REQUEST',
    ...(globalIndexes.length === 0 ? {} : { GlobalSecondaryIndexes: globalIndexes.map(index) }),
    ...(record.localIndexes.length === 0 ? {} : { LocalSecondaryIndexes: record.localIndexes.map(index) }),
  }
}

function queriedIndexes(record: TableRecord, now: number) {
  return record.globalIndexes
    .filter(({ activeAt, goneAt }) => activeAt <= now && goneAt === undefined)
    .map(({ shape }) => shape)
}

/** Returns true if the index has several attributes in a part of its key, which dynalite does not accept. */
function hasLongKey({ KeySchema }: Shape): boolean {
  const keys = shapes(KeySchema)
  return keys.length > 2 || keys.filter(({ KeyType }) => KeyType === 'HASH').length > 1
}

/**
 * A Query of an index with a long key as a Scan of the table, whose filter takes the same expression. The items have no
 * order, and `Limit` counts the items of the table.
 */
function asScan({ KeySchema }: Shape, query: Shape): Shape {
  const { KeyConditionExpression, ExpressionAttributeNames, IndexName, Select, ConsistentRead, ...rest } = query
  if (ConsistentRead === true) {
    throw validationError('Consistent reads are not supported on global secondary indexes')
  }
  const keys = shapes(KeySchema)
  const names = { ...(ExpressionAttributeNames as Shape | undefined) }
  const condition = String(KeyConditionExpression)
  const missing = keys.find(
    ({ AttributeName, KeyType }) => KeyType === 'HASH' && !isEqualityOf(String(AttributeName), condition, names),
  )
  if (missing !== undefined) {
    throw validationError(`Query condition missed key schema element: ${missing.AttributeName}`)
  }
  // An item without one of the key attributes is not in the index.
  const exist = keys.map((_, at) => `attribute_exists(#sandboxKey${at})`)
  const own = Object.fromEntries(keys.map(({ AttributeName }, at) => [`#sandboxKey${at}`, AttributeName]))
  return {
    ...rest,
    FilterExpression: [condition, ...exist].join(' AND '),
    ExpressionAttributeNames: { ...names, ...own },
  }
}

/** Returns true if the condition has `name = :value`, or the same with a placeholder of the name. */
function isEqualityOf(name: string, condition: string, names: Shape): boolean {
  return [...condition.matchAll(/([#\w.-]+)\s*=/g)].some(([, given = '']) => (names[given] ?? given) === name)
}

/** Leaves the attributes that the index has: the keys of the table and its own, and the projected ones. */
function asProjected({ KeySchema, Projection }: Shape, tableKey: readonly Shape[], response: Shape): Shape {
  const { ProjectionType, NonKeyAttributes = [] } = Projection as Shape
  if (ProjectionType === 'ALL') return response
  const keys = [...tableKey, ...shapes(KeySchema)].map(({ AttributeName }) => AttributeName)
  const kept = new Set([...keys, ...(NonKeyAttributes as readonly unknown[])])
  const Items = shapes(response.Items).map((item) =>
    Object.fromEntries(Object.entries(item).filter(([name]) => kept.has(name))),
  )
  return { ...response, Items }
}

async function startServer(controlPlane: ControlPlane): Promise<{ server: Server; url: string }> {
  const { default: dynalite } = await import('dynalite')
  const { AWS_ACCOUNT_ID, AWS_REGION } = process.env
  // dynalite reads these variables once, when an instance is created.
  process.env.AWS_ACCOUNT_ID = controlPlane.place.account
  process.env.AWS_REGION = controlPlane.place.region
  const server = dynalite({ createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 })
  restore('AWS_ACCOUNT_ID', AWS_ACCOUNT_ID)
  restore('AWS_REGION', AWS_REGION)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

function restore(name: string, value: string | undefined): void {
  if (value === undefined) delete process.env[name]
  else process.env[name] = value
}
