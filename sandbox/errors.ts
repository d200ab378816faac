/** An error that AWS would answer with. */
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

/** A parameter that has the right type, and breaks a rule. */
export function invalidParameter(rule: string): AwsError {
  return validationError(`One or more parameter values were invalid: ${rule}`)
}

export function notFound(resource: string): AwsError {
  return new AwsError('ResourceNotFoundException', `Requested resource not found: ${resource}`)
}

export function limitExceeded(limit: string): AwsError {
  return new AwsError('LimitExceededException', `Subscriber limit exceeded: ${limit}`)
}

/** A fault of DynamoDB's own, which the same request meets every time. */
export function internalFailure(): AwsError {
  return new AwsError('InternalFailure', '', 500)
}
