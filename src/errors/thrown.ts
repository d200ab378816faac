/** Reads the parts of a thrown value by their shape. `instanceof` breaks if a bundle holds a class twice. */

/** The name to branch on; empty if the value is not an error. */
export function errorName(thrown: unknown): string {
  return isErrorLike(thrown) ? thrown.name : ''
}

export function errorMessage(thrown: unknown): string {
  return isErrorLike(thrown) ? thrown.message : String(thrown)
}

/** Node's code of a network or file error, such as ECONNRESET; empty if there is none. */
export function errorCode(thrown: unknown): string {
  return isErrorLike(thrown) && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : ''
}

/** The HTTP status of the response; 0 if there was none. The SDK has it in its metadata, our own errors in `status`. */
export function httpStatus(error: unknown): number {
  const own = isErrorLike(error) && 'status' in error ? error.status : 0
  const { httpStatusCode = own } = metadataOf(error)
  return typeof httpStatusCode === 'number' ? httpStatusCode : 0
}

/** The SDK's metadata of the response; empty if the error is not the SDK's. */
export function metadataOf(error: unknown): {
  readonly httpStatusCode?: unknown
  readonly clockSkewCorrected?: unknown
} {
  if (typeof error !== 'object' || error === null || !('$metadata' in error)) return {}
  return typeof error.$metadata === 'object' && error.$metadata !== null ? error.$metadata : {}
}

/** Checks the shape, because Node's own errors come from another realm in tests. */
export function isErrorLike(thrown: unknown): thrown is Error {
  return (
    typeof thrown === 'object' &&
    thrown !== null &&
    'name' in thrown &&
    typeof thrown.name === 'string' &&
    'message' in thrown &&
    typeof thrown.message === 'string'
  )
}
