/** ListTables, a page at a time. */
import { validationError } from './errors.ts'
import type { Input } from './parameters.ts'
import type { Shape } from './table-record.ts'

const mostPerPage = 100

/** @param names of all tables, sorted */
export function listTables(names: readonly string[], input: Input): Shape {
  const limit = Number(input.Limit ?? mostPerPage)
  if (!(limit >= 1 && limit <= mostPerPage)) throw validationError(`Limit must be from 1 to ${mostPerPage}: ${limit}`)
  const start = String(input.ExclusiveStartTableName ?? '')
  const rest = names.filter((name) => name > start)
  const page = rest.slice(0, limit)
  return { TableNames: page, ...(page.length < rest.length ? { LastEvaluatedTableName: page.at(-1) } : {}) }
}
