/** ListTables, a page at a time. */
import type { ControlPlane } from './control-plane.ts'
import { validationError } from './errors.ts'
import type { Input } from './parameters.ts'
import type { Shape } from './table-record.ts'

const mostPerPage = 100

export function listTables(plane: ControlPlane, input: Input): Shape {
  const limit = Number(input.Limit ?? mostPerPage)
  if (!(limit >= 1 && limit <= mostPerPage)) throw validationError(`Limit must be from 1 to ${mostPerPage}: ${limit}`)
  const start = String(input.ExclusiveStartTableName ?? '')
  const rest = plane.names().filter((name) => name > start)
  const page = rest.slice(0, limit)
  return { TableNames: page, ...(page.length < rest.length ? { LastEvaluatedTableName: page.at(-1) } : {}) }
}
