/** The items of one account and region: a real database (dynalite), made when the first item is asked for. */
import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ControlPlane } from './control-plane.ts'
import { refuseWithoutKey } from './encryption.ts'
import { AwsError } from './errors.ts'
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
  readonly #plane: ControlPlane
  #server: Promise<{ readonly server: Server; readonly url: string }> | undefined
  /** What dynalite holds, by the name of the table. */
  readonly #made = new Map<string, { readonly id: string; readonly indexes: string }>()
  #making: Promise<void> = Promise.resolve()

  constructor(plane: ControlPlane) {
    this.#plane = plane
  }

  /** Performs one item operation. The control plane alone says which tables there are. */
  async call(operation: string, input: Readonly<Record<string, unknown>>): Promise<Shape> {
    // dynalite knows no ARNs.
    const TableName = input.TableName === undefined ? undefined : readTableName(this.#plane.place, input)
    const names = TableName === undefined ? Object.keys((input.RequestItems as Shape) ?? {}) : [TableName]
    for (const name of names) {
      const record = this.#plane.find(name)
      if (record !== undefined) refuseWithoutKey(record, this.#plane.now())
      const status = record === undefined ? 'absent' : statusOf(record, this.#plane.now())
      if (record === undefined || (status !== 'ACTIVE' && status !== 'UPDATING')) {
        throw new AwsError('ResourceNotFoundException', 'Requested resource not found')
      }
      // One at a time, or two first calls would both make the table.
      const making = this.#making.then(() => this.#make(record))
      this.#making = making.catch(() => {})
      await making
    }
    return await this.#forward(operation, TableName === undefined ? input : { ...input, TableName })
  }

  async close(): Promise<void> {
    const started = await this.#server
    if (started === undefined) return
    started.server.closeAllConnections()
    await new Promise<void>((resolve) => started.server.close(() => resolve()))
  }

  /** Makes the table in dynalite, or makes it again where it is another one, or has other indexes, than before. */
  async #make(record: TableRecord): Promise<void> {
    const definition = itemTable(record, this.#plane.now())
    const wanted = { id: record.id, indexes: JSON.stringify(definition.GlobalSecondaryIndexes ?? []) }
    const made = this.#made.get(record.name)
    if (made?.id === wanted.id && made.indexes === wanted.indexes) return
    // dynalite cannot add an index: the items move to a new table that has it.
    const items = made?.id === wanted.id ? await this.#allItems(record.name) : []
    if (made !== undefined) {
      await this.#forward('DeleteTable', { TableName: record.name })
      await this.#until(record.name, 'absent')
    }
    await this.#forward('CreateTable', definition)
    await this.#until(record.name, 'ACTIVE')
    for (const Item of items) await this.#forward('PutItem', { TableName: record.name, Item })
    this.#made.set(record.name, wanted)
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
    for (let looks = 0; looks < 2000; looks += 1) {
      const seen = await this.#forward('DescribeTable', { TableName: table }).then(
        ({ Table }) => (Table as Shape).TableStatus,
        () => 'absent',
      )
      if (seen === status) return
    }
    throw new AwsError('InternalServerError', `The item store did not bring ${table} to ${status}`, 500)
  }

  async #forward(operation: string, input: Readonly<Record<string, unknown>>): Promise<Shape> {
    this.#server ??= startServer(this.#plane)
    const { url } = await this.#server
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-amz-json-1.0',
        'x-amz-target': `DynamoDB_20120810.${operation}`,
        'x-amz-date': '20260101T000000Z',
        // It wants a signature, and checks none.
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

/** The table as dynalite is to make it: keys, and the indexes that can be queried now. */
function itemTable(record: TableRecord, now: number): Shape {
  const globalIndexes = record.globalIndexes.filter(({ activeAt, goneAt }) => activeAt <= now && goneAt === undefined)
  const used = keyAttributes({ ...record, globalIndexes })
  const index = ({ IndexName, KeySchema, Projection }: Shape) => ({ IndexName, KeySchema, Projection })
  return {
    TableName: record.name,
    KeySchema: record.keySchema,
    AttributeDefinitions: record.attributeDefinitions.filter(({ AttributeName }) => used.has(AttributeName)),
    BillingMode: 'PAY_PER_REQUEST',
    ...(globalIndexes.length === 0 ? {} : { GlobalSecondaryIndexes: globalIndexes.map(({ shape }) => index(shape)) }),
    ...(record.localIndexes.length === 0 ? {} : { LocalSecondaryIndexes: record.localIndexes.map(index) }),
  }
}

async function startServer(plane: ControlPlane): Promise<{ server: Server; url: string }> {
  const { default: dynalite } = await import('dynalite')
  const { AWS_ACCOUNT_ID, AWS_REGION } = process.env
  // It reads these once, when an instance is made.
  process.env.AWS_ACCOUNT_ID = plane.place.account
  process.env.AWS_REGION = plane.place.region
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
