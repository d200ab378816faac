/** Completes declared values by facts of the account, before they are compared with the tables. */
import type { Key, ReadKey } from './property.ts'
import type { TableDefinition } from './table.ts'
import type { Target } from './target.ts'
import { propertyValues } from './values.ts'

/**
 * Reads each key that the definitions name by an alias, once. Makes no call for other definitions.
 *
 * @throws {RemedyError} if a key cannot be read, or DynamoDB cannot use it
 */
export async function resolveDefinitions(
  definitions: readonly TableDefinition[],
  target: Target,
  readKey: ReadKey,
): Promise<readonly TableDefinition[]> {
  const answers = new Map<string, Promise<Key>>()
  const readOnce: ReadKey = (key) => {
    const answer = answers.get(key) ?? readKey(key)
    answers.set(key, answer)
    return answer
  }
  return await Promise.all(
    definitions.map(async (definition) => {
      const resolved = propertyValues(definition.properties).flatMap(({ property: { name, resolve }, value }) =>
        resolve === undefined ? [] : [resolve(value, target, readOnce).then((result) => [name, result])],
      )
      const values = Object.fromEntries(await Promise.all(resolved))
      return { ...definition, properties: { ...definition.properties, ...values } }
    }),
  )
}
