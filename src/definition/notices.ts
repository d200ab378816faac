/** Notices about a definition that is legal, but may not do what was meant. */
import type { TableDefinition } from '../table/table.ts'
import type { Environment } from '../table/target.ts'
import { listSome, quote } from '../text/readable.ts'
import { findSimilarWords } from '../text/similar.ts'
import { type Definition, environmentNamed } from './definition.ts'

interface DefinitionNotice {
  readonly level: 'notice' | 'warning'
  readonly message: string
}

/** Reports an environment that the definition does not have, and a time to live that deletes no item. */
export function noticesOf(
  definition: Definition,
  environment: Environment,
  tables: readonly TableDefinition[],
): readonly DefinitionNotice[] {
  return [...describeMissingEnvironment(definition, environment), ...tables.flatMap(describeTimeToLive)]
}

const mostNames = 10

/** A definition without any environment is the same in all of them, apart from the protections of production. */
function describeMissingEnvironment(
  definition: Definition,
  { name, production }: Environment,
): readonly DefinitionNotice[] {
  const names = [...definition.environments.keys()]
  // `command: policy` may be without an environment.
  if (name === '' || environmentNamed(definition, name) !== undefined) return []
  if (names.length === 0) {
    return production || findSimilarWords(name, ['production']) === undefined
      ? []
      : [{ level: 'warning', message: `The environment ${quote(name)} is not production. Did you mean "production"?` }]
  }
  const similar = findSimilarWords(name, names)
  const found = `The definition file has no environment ${quote(name)}, so its tables and defaults apply as they are.`
  return similar === undefined
    ? [{ level: 'notice', message: `${found} It has ${listSome(names.map(quote), mostNames, 'more environment')}.` }]
    : [{ level: 'warning', message: `${found} Did you mean ${quote(similar)}?` }]
}

/** DynamoDB accepts such an attribute, and deletes only items whose attribute is a number. */
function describeTimeToLive({ name, properties: { KeySchema, TimeToLiveSpecification }, fields }: TableDefinition) {
  const { Enabled = false, AttributeName } = TimeToLiveSpecification ?? {}
  const definitions = (fields.AttributeDefinitions ?? []) as readonly Readonly<Record<string, string>>[]
  const type = definitions.find((each) => each.AttributeName === AttributeName)?.AttributeType
  if (!Enabled || AttributeName === undefined || type === undefined) return []
  const isKey = KeySchema.some((key) => key.AttributeName === AttributeName)
  const start = `Time to live of "${name}" uses the attribute ${quote(AttributeName)}`
  const warn = (message: string): readonly DefinitionNotice[] => [{ level: 'warning', message: `${start}${message}` }]
  if (type !== 'N') {
    return warn(`, whose type is ${type}. DynamoDB deletes only items whose attribute is a number, so it deletes none.`)
  }
  return isKey ? warn(', which is part of the primary key: the time of an item can never be changed.') : []
}
