/** What a failed call says of itself, for every service alike. Pure. */
import { errorCode, errorMessage, errorName, httpStatus, metadataOf } from '../errors/thrown.ts'
import { properties } from '../table/properties/index.ts'

/**
 * Why a call failed, as far as trying again goes.
 *
 * - `throttled`: the account is busy; goes on until the deadline, more and more slowly.
 * - `not-ready`: the thing called upon is young or locked for seconds; looked at again about every second.
 * - `unavailable`: the service or the network broke; a few more tries.
 * - `misdated`: refused for the date in its signature; once more, by the clock as the answer has corrected it.
 * - `deferred`: a budget of changes, such as four in 24 hours, is spent. Only time refills it: another run does the rest.
 * - `final`: the same call would fail again.
 */
export type FailureKind = 'throttled' | 'not-ready' | 'unavailable' | 'misdated' | 'deferred' | 'final'

const throttledNames = new Set([
  'Throttling',
  'ThrottlingException',
  'ThrottledException',
  'RequestLimitExceeded',
  'RequestThrottled',
  'RequestThrottledException',
  'TooManyRequestsException',
  'ProvisionedThroughputExceededException',
])

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

/** What AWS calls a signature whose date is too far from its own clock, or that is wrong for another reason. */
const signatureNames = new Set(['InvalidSignatureException', 'SignatureDoesNotMatch', 'RequestExpired', 'AuthFailure'])

/** Connection lost or timed out. A refused connection or an unknown host is somebody's mistake, and final. */
const unavailableCodes = new Set([
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENETDOWN',
])

/** Node's parser could not read the answer as HTTP: part of it was lost, or something stands in between. */
const unreadableCode = /^HPE_/

/**
 * LimitExceededException names budgets, quotas and locks alike; these messages are locks that pass in seconds. The lock
 * on tags is not among them: somebody has just written tags, so what to write must be thought over.
 */
const passingLimits = ['simultaneously', 'Only 1 online index', 'indexed tables']

/** When AWS allows the next change, as its message names it; undefined where it names no time. */
export function nextChangeAllowedAt(error: unknown): string | undefined {
  return /can be made at (.{1,60})/i.exec(errorMessage(error))?.[1]?.replace(/[.\s]+$/, '')
}

/** A limit on changes of a property. The properties declare theirs. */
function isBudgetSpent(error: unknown): boolean {
  return properties.some(({ budget }) => budget?.isSpent.test(`${errorName(error)}: ${errorMessage(error)}`))
}

export function classifyFailure(error: unknown): FailureKind {
  const name = errorName(error)
  const message = errorMessage(error)
  if (isBudgetSpent(error)) return 'deferred'
  if (throttledNames.has(name)) return 'throttled'
  if (name === 'ContinuousBackupsUnavailableException') return 'not-ready'
  if (name === 'LimitExceededException') {
    if (passingLimits.some((passing) => message.includes(passing))) return 'not-ready'
    return 'final'
  }
  if (name.startsWith('InvalidIdentityToken') && message.includes("ouldn't retrieve verification key")) {
    return 'unavailable'
  }
  const code = errorCode(error)
  if (unavailableNames.has(name) || unavailableCodes.has(code) || unreadableCode.test(code)) return 'unavailable'
  // The SDK has just learnt from the answer how far the machine's clock is off, and signs the next try by that. Where the
  // clock is off it says so of every error, of those that have nothing to do with a date too.
  if (metadataOf(error).clockSkewCorrected === true && signatureNames.has(name)) return 'misdated'
  const status = httpStatus(error)
  if (status === 429) return 'throttled'
  return status >= 500 ? 'unavailable' : 'final'
}

/**
 * Whether the SDK failed before it sent anything, as over a setting that it cannot use: it gives such errors neither a
 * status nor a name of AWS.
 */
export function isUnsent(error: unknown): boolean {
  const code = errorCode(error)
  return unsentNames.has(errorName(error)) && httpStatus(error) === 0 && (code === '' || unsentCode.test(code))
}

const unsentNames = new Set([
  'Error',
  'TypeError',
  'RangeError',
  'EndpointError',
  'ProviderError',
  'CredentialsProviderError',
  'TokenProviderError',
])

/** Node's, for a URL or a header that cannot be sent. */
const unsentCode = /^ERR_(?:INVALID|UNESCAPED|HTTP_INVALID)_/

/** Another server answered in the place of AWS, such as a firewall with a page of its own. */
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
