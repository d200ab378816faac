/** Reads responses of DynamoDB and KMS, and explains those that cannot be read. */
import * as v from 'valibot'
import { RemedyError } from '../errors/errors.ts'

/**
 * Reads an answer. An endpoint that is not AWS may answer anything.
 *
 * @throws {RemedyError} if `read` throws anything else
 */
export function understand<Value>(
  operation: string,
  resource: string,
  read: () => Value,
  service: 'DynamoDB' | 'KMS' = 'DynamoDB',
): Value {
  const explain = (cause: unknown): never => {
    if (cause instanceof RemedyError) throw cause
    throw new RemedyError(
      `The answer of ${service} to ${operation} on "${resource}" cannot be read.`,
      `Check the endpoints in AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_${service.toUpperCase()}.`,
      { cause },
    )
  }
  try {
    const value = read()
    return value instanceof Promise ? (value.catch(explain) as Value) : value
  } catch (cause) {
    return explain(cause)
  }
}

/** @throws {TypeError} if the value does not have the form of the schema */
export function parseValue(name: string, schema: v.GenericSchema, value: unknown): unknown {
  const result = v.safeParse(schema, value)
  if (result.success) return result.output
  const problems = result.issues.map((issue) => [v.getDotPath(issue), issue.message].filter(Boolean).join(': '))
  throw new TypeError(`${name}: ${problems.join('; ')}`)
}
