/** The items that `verify` writes, reads and deletes. */
import type { AttributeValue, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import * as v from 'valibot'
import type { Item } from '../definition/items.ts'
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
  /** Reads an item, consistently. Attributes of other types than string are left out. */
  readonly get: (table: string, key: Item) => Promise<Item | undefined>
  /** Reads all items of one partition, consistently. */
  readonly query: (table: string, partitionKey: string, value: string) => Promise<readonly Item[]>
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
    query: async (table, partitionKey, value) => {
      const items: Item[] = []
      let start: Record<string, AttributeValue> | undefined
      do {
        const command = new commands.QueryCommand({
          TableName: table,
          ConsistentRead: true,
          KeyConditionExpression: '#key = :value',
          ExpressionAttributeNames: { '#key': partitionKey },
          ExpressionAttributeValues: { ':value': { S: value } },
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

/** The string attributes of an item in DynamoDB's form. */
const itemSchema = v.pipe(
  v.record(v.string(), v.object({ S: v.optional(v.string()) })),
  v.transform(
    (item): Item =>
      Object.fromEntries(Object.entries(item).flatMap(([name, { S }]) => (S === undefined ? [] : [[name, S]]))),
  ),
)

function attributeValues(item: Item): Record<string, AttributeValue> {
  return Object.fromEntries(Object.entries(item).map(([name, value]) => [name, { S: value }]))
}
