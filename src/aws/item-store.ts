/** The items that `verify` writes, reads and deletes. */
import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import type { Item } from '../definition/items.ts'
import type { InputOf, Operation, OutputOf } from '../table/request.ts'

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

/** Sends one operation on one table, with retries. Reports each try that may have taken effect without a response. */
export type SendOperation = <Name extends Operation>(
  operation: Name,
  input: InputOf<Name>,
  onUnknownOutcome?: () => void,
) => Promise<OutputOf<Name>>

export function itemStore(send: SendOperation): ItemStore {
  return {
    putIfAbsent: async (TableName, item, partitionKey) => {
      const input = {
        TableName,
        Item: attributeValues(item),
        // The condition is about the item with the same key, sort key included.
        ConditionExpression: 'attribute_not_exists(#key)',
        ExpressionAttributeNames: { '#key': partitionKey },
      }
      let isOutcomeUnknown = false
      await send('PutItem', input, () => {
        isOutcomeUnknown = true
      })
      return { isOutcomeUnknown }
    },
    get: async (TableName, key) => {
      const { Item } = await send('GetItem', { TableName, Key: attributeValues(key), ConsistentRead: true })
      return Item === undefined ? undefined : stringsOf(Item)
    },
    query: async (TableName, partitionKey, value) => {
      const items: Item[] = []
      let ExclusiveStartKey: Record<string, AttributeValue> | undefined
      do {
        const page: OutputOf<'Query'> = await send('Query', {
          TableName,
          ConsistentRead: true,
          KeyConditionExpression: '#key = :value',
          ExpressionAttributeNames: { '#key': partitionKey },
          ExpressionAttributeValues: { ':value': { S: value } },
          ExclusiveStartKey,
        })
        items.push(...(page.Items ?? []).map(stringsOf))
        ExclusiveStartKey = page.LastEvaluatedKey
      } while (ExclusiveStartKey !== undefined)
      return items
    },
    delete: async (TableName, key) => {
      await send('DeleteItem', { TableName, Key: attributeValues(key) })
    },
  }
}

function stringsOf(item: Record<string, AttributeValue>): Item {
  return Object.fromEntries(Object.entries(item).flatMap(([name, { S }]) => (S === undefined ? [] : [[name, S]])))
}

function attributeValues(item: Item): Record<string, AttributeValue> {
  return Object.fromEntries(Object.entries(item).map(([name, value]) => [name, { S: value }]))
}
