/** ListTables, a page at a time. */
import type { Input } from './parameters.ts'
import type { Shape } from './table-record.ts'

const mostPerPage = 100

/** @param names of all tables, sorted */
export function listTables(names: readonly string[], input: Input): Shape {
  const limit = Number(input.Limit ?? mostPerPage)
  const start = String(input.ExclusiveStartTableName ?? '')
  const rest = names.filter((name) => name > start)
  const page = rest.slice(0, limit)
  return { TableNames: page, ...(page.length < rest.length ? { LastEvaluatedTableName: page.at(-1) } : {}) }
}
