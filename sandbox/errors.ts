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
