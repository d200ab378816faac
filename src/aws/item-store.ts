/** Items in DynamoDB, for verification alone. The SDK is handed in by dynamodb.ts, which loads it. */
import type { AttributeValue, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { Item } from '../definition/items.ts'
import { readItem, readItemPage, understood } from './dynamodb-answers.ts'
import type * as Sdk from './dynamodb-sdk.ts'
import { classifyFailure } from './failures.ts'

export interface ItemStore {
  /**
   * @returns whether an earlier try of the same write is still on its way, as far as can be known: it would write the item
   *   once more after a deletion
   * @throws {DynamoDbError} ConditionalCheckFailedException where the table has an item with this key
   */
  readonly putIfAbsent: (table: string, item: Item, partitionKey: string) => Promise<{ readonly mayComeLate: boolean }>
  /** By a consistent read; undefined where there is none. Attributes that are no strings are left out. */
  readonly get: (table: string, key: Item) => Promise<Item | undefined>
  /** All items of one partition, by consistent reads of all pages. */
  readonly query: (table: string, partitionKey: string, value: string) => Promise<readonly Item[]>
  /** Succeeds where there is none too. */
  readonly delete: (table: string, key: Item) => Promise<void>
}

/** One operation on one table, by its name or ARN, tried again where that helps. */
export type Call = <Answer>(
  operation: string,
  resource: string,
  send: (signal: AbortSignal) => Promise<Answer>,
) => Promise<Answer>

export function itemStore(sdk: typeof Sdk, client: DynamoDBClient, call: Call): ItemStore {
  return {
    putIfAbsent: async (table, item, partitionKey) => {
      const command = new sdk.PutItemCommand({
        TableName: table,
        Item: attributeValues(item),
        // Of the item with the same key, sort key included.
        ConditionExpression: 'attribute_not_exists(#key)',
        ExpressionAttributeNames: { '#key': partitionKey },
      })
      let mayComeLate = false
      await call('PutItem', table, async (abortSignal) => {
        try {
          await client.send(command, { abortSignal })
        } catch (error) {
          mayComeLate ||= classifyFailure(error) === 'unavailable'
          throw error
        }
      })
      return { mayComeLate }
    },
    get: async (table, key) => {
      const command = new sdk.GetItemCommand({ TableName: table, Key: attributeValues(key), ConsistentRead: true })
      return readItem(table, await call('GetItem', table, (abortSignal) => client.send(command, { abortSignal })))
    },
    query: async (table, partitionKey, value) => {
      const items: Item[] = []
      const seen = new Set<string>()
      let start: Record<string, AttributeValue> | undefined
      do {
        const command = new sdk.QueryCommand({
          TableName: table,
          ConsistentRead: true,
          KeyConditionExpression: '#key = :value',
          ExpressionAttributeNames: { '#key': partitionKey },
          ExpressionAttributeValues: { ':value': { S: value } },
          ExclusiveStartKey: start,
        })
        const page = await call('Query', table, (abortSignal) => client.send(command, { abortSignal }))
        const { items: some, last } = readItemPage(table, page)
        items.push(...some)
        start = last
        const place = JSON.stringify(last)
        understood('Query', table, () => {
          // An endpoint that begins again where it was would page for ever.
          if (seen.has(place)) throw new TypeError(`A page ends for the second time at ${place}`)
        })
        seen.add(place)
      } while (start !== undefined)
      return items
    },
    delete: async (table, key) => {
      const command = new sdk.DeleteItemCommand({ TableName: table, Key: attributeValues(key) })
      await call('DeleteItem', table, (abortSignal) => client.send(command, { abortSignal }))
    },
  }
}

function attributeValues(item: Item): Record<string, AttributeValue> {
  return Object.fromEntries(Object.entries(item).map(([name, value]) => [name, { S: value }]))
}
