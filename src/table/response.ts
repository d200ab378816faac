/** Reads responses of DynamoDB and KMS, and explains those that cannot be read. */
import * as v from 'valibot'
import { RemedyError } from '../errors/errors.ts'

/**
 * Makes the error of an answer that cannot be read: an endpoint that is not AWS may answer anything.
 *
 * @returns the cause itself if it is an error with a remedy
 */
export function explainUnreadable(
  operation: string,
  resource: string,
  cause: unknown,
  service: 'DynamoDB' | 'KMS' = 'DynamoDB',
): RemedyError {
  if (cause instanceof RemedyError) return cause
  return new RemedyError(
    `The answer of ${service} to ${operation} on "${resource}" cannot be read.`,
    `Check the endpoints in AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_${service.toUpperCase()}.`,
    { cause },
  )
}

/** @throws {TypeError} if the value does not have the form of the schema */
export function parseValue(name: string, schema: v.GenericSchema, value: unknown): unknown {
  const result = v.safeParse(schema, value)
  if (result.success) return result.output
  const problems = result.issues.map((issue) => [v.getDotPath(issue), issue.message].filter(Boolean).join(': '))
  throw new TypeError(`${name}: ${problems.join('; ')}`)
}
