/** ListTables. */
import type { Input } from './parameters.ts'
import type { Shape } from './table-record.ts'

const maximumPerPage = 100

/** @param names sorted names of all tables */
export function listTables(names: readonly string[], input: Input): Shape {
  const limit = Number(input.Limit ?? maximumPerPage)
  const start = String(input.ExclusiveStartTableName ?? '')
  const rest = names.filter((name) => name > start)
  const page = rest.slice(0, limit)
  return { TableNames: page, ...(page.length < rest.length ? { LastEvaluatedTableName: page.at(-1) } : {}) }
}
