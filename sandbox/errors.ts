/** An error response of AWS. */
export class AwsError extends Error {
  readonly status: number

  constructor(name: string, message: string, status = 400) {
    super(message)
    this.name = name
    this.status = status
  }
}

export function validationError(message: string): AwsError {
  return new AwsError('ValidationException', message)
}

/** A parameter of the right type with an invalid value. */
export function invalidParameter(rule: string): AwsError {
  return validationError(`One or more parameter values were invalid: ${rule}`)
}

export function notFound(resource: string): AwsError {
  return new AwsError('ResourceNotFoundException', `Requested resource not found: ${resource}`)
}

export function limitExceeded(limit: string): AwsError {
  return new AwsError('LimitExceededException', `Subscriber limit exceeded: ${limit}`)
}

/** An HTTP 500 that DynamoDB returns for this request every time. */
export function internalFailure(): AwsError {
  return new AwsError('InternalFailure', '', 500)
}
