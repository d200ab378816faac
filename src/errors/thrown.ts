/** The parts of a thrown value, read by their shape. `instanceof` breaks where a bundle holds a class twice. */

/** The name to branch on. `instanceof` breaks where two copies of a class meet in a bundle. */
export function errorName(thrown: unknown): string {
  return isErrorLike(thrown) ? thrown.name : ''
}

export function errorMessage(thrown: unknown): string {
  return isErrorLike(thrown) ? thrown.message : String(thrown)
}

/** Node's code of a network or file error, such as ECONNRESET; empty where there is none. */
export function errorCode(thrown: unknown): string {
  return isErrorLike(thrown) && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : ''
}

/** The status of the answer, whoever gave it; 0 where there was none. */
export function httpStatus(error: unknown): number {
  const { httpStatusCode } = metadataOf(error)
  return typeof httpStatusCode === 'number' ? httpStatusCode : 0
}

/** What the SDK knows of the answer; empty where the error is not the SDK's. */
export function metadataOf(error: unknown): {
  readonly httpStatusCode?: unknown
  readonly clockSkewCorrected?: unknown
} {
  if (typeof error !== 'object' || error === null || !('$metadata' in error)) return {}
  return typeof error.$metadata === 'object' && error.$metadata !== null ? error.$metadata : {}
}

/** By shape: errors of Node's own come from another realm where tests run in one. */
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
