/** The items that `verify` writes, reads and deletes. */
import type { AttributeValue as SdkValue } from '@aws-sdk/client-dynamodb'
import type { AttributeValue, Item } from '../definition/items.ts'
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
      return Item === undefined ? undefined : readItem(Item)
    },
    query: async (TableName, partition, index) => {
      const items: Item[] = []
      const values = Object.entries(attributeValues(partition))
      let ExclusiveStartKey: Record<string, SdkValue> | undefined
      do {
        const page: OutputOf<'Query'> = await send('Query', {
          TableName,
          // A global index cannot be read consistently.
          ...(index === undefined ? { ConsistentRead: true } : { IndexName: index }),
          KeyConditionExpression: values.map((_, at) => `#key${at} = :value${at}`).join(' AND '),
          ExpressionAttributeNames: Object.fromEntries(values.map(([name], at) => [`#key${at}`, name])),
          ExpressionAttributeValues: Object.fromEntries(values.map(([, value], at) => [`:value${at}`, value])),
          ExclusiveStartKey,
        })
        items.push(...(page.Items ?? []).map(readItem))
        ExclusiveStartKey = page.LastEvaluatedKey
      } while (ExclusiveStartKey !== undefined)
      return items
    },
    delete: async (TableName, key) => {
      await send('DeleteItem', { TableName, Key: attributeValues(key) })
    },
  }
}

/** The strings, numbers and bytes of an item in DynamoDB's form. */
function readItem(item: Record<string, SdkValue>): Item {
  return Object.fromEntries(
    Object.entries(item).flatMap(([name, { S, N, B }]) => {
      const value = S ?? B ?? (N === undefined ? undefined : Number(N))
      return value === undefined ? [] : [[name, value]]
    }),
  )
}

function attributeValues(item: Item): Record<string, SdkValue> {
  return Object.fromEntries(Object.entries(item).map(([name, value]) => [name, sdkValue(value)]))
}

function sdkValue(value: AttributeValue): SdkValue {
  if (typeof value === 'string') return { S: value }
  return typeof value === 'number' ? { N: String(value) } : { B: value }
}
