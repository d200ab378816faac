/** Answers of DynamoDB that cannot be read. */
import { RemedyError } from '../errors/errors.ts'

/**
 * Reads an answer. An endpoint that is not AWS may answer anything.
 *
 * @throws {RemedyError} where `read` throws
 */
export function understand<Value>(operation: string, resource: string, read: () => Value): Value {
  try {
    return read()
  } catch (cause) {
    throw new RemedyError(
      `The answer of DynamoDB to ${operation} on "${resource}" cannot be read.`,
      'Check the endpoints in AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_DYNAMODB.',
      { cause },
    )
  }
}
