/** Classifies a failed call of any service by its error. */
import { isThrottlingError } from '@smithy/core/retry'
import type { SdkError } from '@smithy/types'
import { errorCode, errorMessage, errorName, httpStatus, isErrorLike, metadataOf } from '../errors/thrown.ts'
import { properties } from '../table/properties/index.ts'

/**
 * The kind of a failure, which decides whether the call is repeated.
 *
 * - `throttled`: AWS limits the rate of calls. The call is repeated until the deadline, with growing delays.
 * - `not-ready`: the resource is new or locked. The call is repeated every 1 to 3 seconds.
 * - `unavailable`: the service or the network failed. The call is tried at most 8 times.
 * - `misdated`: refused because of the date in its signature. The SDK corrects its clock from the response, and the
 *   call is repeated once.
 * - `deferred`: a limit on changes, such as four in 24 hours, is reached. A later run must perform the step.
 * - `final`: the same call would fail again.
 */
export type FailureKind = 'throttled' | 'not-ready' | 'unavailable' | 'misdated' | 'deferred' | 'final'

const unavailableNames = new Set([
  'InternalFailure',
  'InternalServerError',
  'ServiceUnavailable',
  'ServiceUnavailableException',
  // STS could not reach GitHub's keys.
  'IDPCommunicationError',
  'IDPCommunicationErrorException',
  'TimeoutError',
  'RequestTimeout',
  'RequestTimeoutException',
])

/** The error names of AWS for a signature with a wrong date, or one that is wrong for another reason. */
const signatureNames = new Set(['InvalidSignatureException', 'SignatureDoesNotMatch', 'RequestExpired', 'AuthFailure'])

/**
 * The connection was lost or timed out, or Node could not parse the response as HTTP. A refused connection and an unknown
 * host are configuration mistakes, so they are not repeated.
 */
const unavailableCode = /^(?:ECONNRESET|EPIPE|ETIMEDOUT|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ENETDOWN|HPE_.*)$/

/** In the message for a table whose index is being built or deleted. DynamoDB changes one index of a table at a time. */
export const oneIndexAtATime = 'Only 1 online index'

/**
 * AWS uses LimitExceededException for budgets, quotas and locks. These messages mean a lock that ends by itself. The
 * lock on tags is not listed here: someone has just written tags, so the table must be read again before the write.
 */
const passingLimits = ['simultaneously', oneIndexAtATime, 'indexed tables']

/** Returns the time at which AWS allows the next change, as its message names it; undefined if it names no time. */
export function nextChangeAllowedAt(error: unknown): string | undefined {
  return /can be made at (.{1,80})/i.exec(errorMessage(error))?.[1]?.replace(/[.\s]+$/, '')
}

/**
 * Returns true if DynamoDB refused a KMS key of the wrong kind, such as an asymmetric one. It does so with HTTP 500, every
 * time, and changes nothing. Measured on AWS.
 */
export function isUnusableKey(error: unknown): boolean {
  return (
    errorName(error) === 'InternalServerError' &&
    errorMessage(error).includes('EncryptionContext is supported only when creating a grant for a symmetric encryption')
  )
}

/** Returns the limit on changes of a property that AWS names in the error, in words; undefined for any other error. */
export function spentLimit(error: unknown): string | undefined {
  const text = `${errorName(error)}: ${errorMessage(error)}`
  return properties.find(({ budget }) => budget?.isSpent.test(text))?.budget?.limit
}

export function classifyFailure(error: unknown): FailureKind {
  const name = errorName(error)
  const message = errorMessage(error)
  if (spentLimit(error) !== undefined) return 'deferred'
  if (isUnusableKey(error)) return 'final'
  if (name === 'ContinuousBackupsUnavailableException') return 'not-ready'
  // The SDK's rule counts every one as throttling, so it is asked later.
  if (name === 'LimitExceededException') {
    return passingLimits.some((passing) => message.includes(passing)) ? 'not-ready' : 'final'
  }
  if (httpStatus(error) === 429 || (isErrorLike(error) && isThrottlingError(error as SdkError))) return 'throttled'
  if (name.startsWith('InvalidIdentityToken') && message.includes("ouldn't retrieve verification key")) {
    return 'unavailable'
  }
  if (unavailableNames.has(name) || unavailableCode.test(errorCode(error))) return 'unavailable'
  // The SDK has corrected its clock from this response and signs the next try with it. It sets this flag on every error
  // while the clock is wrong, so the name of the error is checked too.
  if (metadataOf(error).clockSkewCorrected === true && signatureNames.has(name)) return 'misdated'
  return httpStatus(error) >= 500 ? 'unavailable' : 'final'
}

/**
 * Returns true if the SDK failed before it sent a request, for example because of an unusable setting. Such an error
 * has no HTTP status and no error name of AWS.
 */
export function isUnsent(error: unknown): boolean {
  const code = errorCode(error)
  return unsentName.test(errorName(error)) && httpStatus(error) === 0 && (code === '' || unsentCode.test(code))
}

const unsentName = /^(?:Error|TypeError|RangeError|EndpointError|ProviderError|(?:Credentials|Token)ProviderError)$/

/** Node's error codes for a URL or a header that cannot be sent. */
const unsentCode = /^ERR_(?:INVALID|UNESCAPED|HTTP_INVALID)_/

/** Returns true if another server answered in the place of AWS, such as a firewall with its own page. */
export function isAnswerOfAnother(error: unknown): boolean {
  if (httpStatus(error) === 0 || classifyFailure(error) === 'unavailable') return false
  const name = errorName(error)
  const message = errorMessage(error)
  return (
    name === 'Unknown' ||
    name === 'SyntaxError' ||
    (name === 'NotFound' && message === 'Unknown') ||
    /deserialization error|parse error/i.test(message)
  )
}
