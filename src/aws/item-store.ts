/** The items that `verify` writes, reads and deletes. */
import type { DynamoDBClient, AttributeValue as SdkValue } from '@aws-sdk/client-dynamodb'
import * as v from 'valibot'
import type { AttributeValue, Item } from '../definition/items.ts'
import { understand } from '../table/response.ts'
import type * as Commands from './commands.ts'
import { isRefusal } from './dynamodb-errors.ts'

export interface ItemStore {
  /**
   * Writes an item.
   *
   * @returns whether an earlier try of the same write has no response: that try may arrive late, and after a deletion of
   *   the item it writes the item again
   * @throws {DynamoDbError} ConditionalCheckFailedException if the table has an item with this key
   */
  readonly putIfAbsent: (
    table: string,
    item: Item,
    partitionKey: string,
  ) => Promise<{ readonly isOutcomeUnknown: boolean }>
  /** Reads an item, consistently. Attributes of other types than string, number and bytes are left out. */
  readonly get: (table: string, key: Item) => Promise<Item | undefined>
  /**
   * Reads all items of one partition: of the table consistently, of an index as it is.
   *
   * @param partition the attributes of the partition key
   */
  readonly query: (table: string, partition: Item, index?: string) => Promise<readonly Item[]>
  /** Deletes an item. Succeeds also if there is none. */
  readonly delete: (table: string, key: Item) => Promise<void>
}

/** Sends one operation on one table, with retries. */
export type Call = <Answer>(
  operation: string,
  resource: string,
  send: (signal: AbortSignal) => Promise<Answer>,
) => Promise<Answer>

export function itemStore(commands: typeof Commands, client: DynamoDBClient, call: Call): ItemStore {
  return {
    putIfAbsent: async (table, item, partitionKey) => {
      const command = new commands.PutItemCommand({
        TableName: table,
        Item: attributeValues(item),
        // The condition is about the item with the same key, sort key included.
        ConditionExpression: 'attribute_not_exists(#key)',
        ExpressionAttributeNames: { '#key': partitionKey },
      })
      let isOutcomeUnknown = false
      await call('PutItem', table, async (abortSignal) => {
        try {
          await client.send(command, { abortSignal })
        } catch (error) {
          isOutcomeUnknown ||= !isRefusal(error)
          throw error
        }
      })
      return { isOutcomeUnknown }
    },
    get: async (table, key) => {
      const command = new commands.GetItemCommand({ TableName: table, Key: attributeValues(key), ConsistentRead: true })
      const { Item } = await call('GetItem', table, (abortSignal) => client.send(command, { abortSignal }))
      return understand('GetItem', table, () => v.parse(v.optional(itemSchema), Item))
    },
    query: async (table, partition, index) => {
      const items: Item[] = []
      const names = Object.keys(partition)
      let start: Record<string, SdkValue> | undefined
      do {
        const command = new commands.QueryCommand({
          TableName: table,
          // A global index cannot be read consistently.
          ...(index === undefined ? { ConsistentRead: true } : { IndexName: index }),
          KeyConditionExpression: names.map((_, at) => `#key${at} = :value${at}`).join(' AND '),
          ExpressionAttributeNames: Object.fromEntries(names.map((name, at) => [`#key${at}`, name])),
          ExpressionAttributeValues: Object.fromEntries(
            Object.values(attributeValues(partition)).map((value, at) => [`:value${at}`, value]),
          ),
          ExclusiveStartKey: start,
        })
        const page = await call('Query', table, (abortSignal) => client.send(command, { abortSignal }))
        items.push(...understand('Query', table, () => v.parse(v.array(itemSchema), page.Items)))
        start = page.LastEvaluatedKey
      } while (start !== undefined)
      return items
    },
    delete: async (table, key) => {
      const command = new commands.DeleteItemCommand({ TableName: table, Key: attributeValues(key) })
      await call('DeleteItem', table, (abortSignal) => client.send(command, { abortSignal }))
    },
  }
}

/** The strings, numbers and bytes of an item in DynamoDB's form. */
const itemSchema = v.pipe(
  v.record(
    v.string(),
    v.object({ S: v.optional(v.string()), N: v.optional(v.string()), B: v.optional(v.instance(Uint8Array)) }),
  ),
  v.transform(
    (item): Item =>
      Object.fromEntries(
        Object.entries(item).flatMap(([name, { S, N, B }]) => {
          const value = S ?? B ?? (N === undefined ? undefined : Number(N))
          return value === undefined ? [] : [[name, value]]
        }),
      ),
  ),
)

function attributeValues(item: Item): Record<string, SdkValue> {
  return Object.fromEntries(Object.entries(item).map(([name, value]) => [name, sdkValue(value)]))
}

function sdkValue(value: AttributeValue): SdkValue {
  if (typeof value === 'string') return { S: value }
  return typeof value === 'number' ? { N: String(value) } : { B: value }
}
