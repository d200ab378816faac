import { classifyFailure, type FailureKind, isAnswerOfAnother } from '../../src/aws/failures.ts'
import { retry, retryDelay } from '../../src/aws/retry.ts'
import { StoppedError } from '../../src/errors/errors.ts'
import { UnreachableError } from '../../src/network/unreachable.ts'
import type { Run } from '../../src/run/run.ts'
import { aRun } from '../support/fakes.ts'

function anError(name: string, message = 'as AWS says', more: object = {}): Error {
  return Object.assign(new Error(message), { name }, more)
}

function repeat<Answer>(run: Run, send: (signal: AbortSignal) => Promise<Answer>): Promise<Answer> {
  return retry(run, send, () => 'AWS')
}

const kinds: readonly [FailureKind, Error][] = [
  ['throttled', anError('ThrottlingException', 'Rate exceeded')],
  ['throttled', anError('Throttling')],
  ['throttled', anError('Unknown', 'x', { $metadata: { httpStatusCode: 429 } })],
  ['not-ready', anError('ContinuousBackupsUnavailableException')],
  // Somebody has just written tags: what to write must be thought over, not sent again.
  ['final', anError('LimitExceededException', 'Table tags are being updated')],
  ['not-ready', anError('LimitExceededException', 'Subscriber limit exceeded: simultaneously')],
  ['final', anError('LimitExceededException', 'The account has too many tables')],
  ['deferred', anError('LimitExceededException', 'Next update can be made at Thu Jan 01 00:00:00 UTC 2026')],
  ['final', anError('ValidationException', 'Next update can be made at Thu Jan 01 00:00:00 UTC 2026')],
  ['unavailable', anError('InternalServerError')],
  ['unavailable', anError('IDPCommunicationErrorException')],
  ['unavailable', anError('InvalidIdentityToken', "Couldn't retrieve verification key from your identity provider")],
  ['final', anError('InvalidIdentityToken', 'No OpenIDConnect provider found in your account')],
  ...['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'ENETDOWN'].map(
    (code): [FailureKind, Error] => ['unavailable', anError('Error', code, { code })],
  ),
  ['unavailable', anError('Error', 'Parse Error: Expected HTTP/', { code: 'HPE_INVALID_CONSTANT' })],
  ['unavailable', anError('SyntaxError', 'Unexpected token <', { $metadata: { httpStatusCode: 503 } })],
  ['final', anError('SyntaxError', 'Unexpected token <', { $metadata: { httpStatusCode: 200 } })],
  ['unavailable', anError('Odd', 'x', { $metadata: { httpStatusCode: 500 } })],
  ['final', anError('Odd', 'x', { $metadata: { httpStatusCode: 499 } })],
  ['final', anError('Odd', 'x', { $metadata: { httpStatusCode: '503' } })],
  ['final', anError('AccessDenied', "Couldn't retrieve verification key from your identity provider")],
  ['final', anError('Odd', 'x', { $metadata: null })],
  ['final', anError('Odd', 'x', { $metadata: {} })],
  ['final', anError('Odd', 'x', { $metadata: { httpStatusCode: 'many' } })],
  // An error of ours has its status in a member of its own, also after the SDK added its metadata.
  ['throttled', anError('GitHubError', 'x', { status: 429 })],
  ['unavailable', anError('IdTokenError', 'x', { status: 503, $metadata: { attempts: 1 } })],
  ['final', anError('ProxyError', 'x', { status: 407 })],
  ['final', anError('Odd', 'x', { status: 'many' })],
  ...[
    'AccessDeniedException',
    'ValidationException',
    'ResourceInUseException',
    'UnrecognizedClientException',
    'SerializationException',
    'UnknownOperationException',
    'SubscriberLimitExceededException',
  ].map((name): [FailureKind, Error] => ['final', anError(name)]),
  ['final', anError('Error', 'connect ECONNREFUSED', { code: 'ECONNREFUSED' })],
  ...['SELF_SIGNED_CERT_IN_CHAIN', 'CERT_HAS_EXPIRED', 'ENOTFOUND', 'ECONNREFUSED', 'EPROTO'].map(
    (code): [FailureKind, Error] => ['final', new UnreachableError(`It failed: ${code}`, 'Check it.', code, undefined)],
  ),
  ['unavailable', new UnreachableError('It failed: EAI_AGAIN', 'Check it.', 'EAI_AGAIN', undefined)],
]

it.each(kinds)('classifies an error as %s: %s', (kind, error) => {
  expect(classifyFailure(error)).toBe(kind)
})

it('classifies a value that is not an error as final', () => {
  expect(classifyFailure('thrown')).toBe('final')
  expect(classifyFailure(undefined)).toBe('final')
})

describe('the delay before the next try', () => {
  const delay = (error: Error, tries: number, random = 1) => retryDelay(classifyFailure(error), error, tries, 0, random)

  it('is undefined for a final error', () => {
    expect(delay(anError('AccessDenied'), 1)).toBeUndefined()
  })

  it('doubles under throttling up to 20 s, with full jitter, for as long as it takes', () => {
    const throttled = anError('ThrottlingException')
    expect([1, 2, 3, 10, 1000].map((tries) => delay(throttled, tries))).toEqual([500, 1000, 2000, 20_000, 20_000])
    expect(delay(throttled, 5, 0)).toBe(0)
  })

  it('is undefined after eight tries where the service is unavailable', () => {
    const unavailable = anError('InternalServerError')
    expect([1, 7].map((tries) => delay(unavailable, tries))).toEqual([200, 5000])
    expect(delay(unavailable, 8)).toBeUndefined()
  })

  it('is about a second for a table that is not ready, and grows to three', () => {
    const young = anError('ContinuousBackupsUnavailableException')
    expect([1, 20, 40, 500].map((tries) => delay(young, tries, 0))).toEqual([800, 800, 1800, 3000])
    expect(delay(young, 1, 1)).toBe(1000)
  })

  it('follows the time that DynamoDB names, up to a minute', () => {
    const named = (time: string) => anError('ThrottlingException', `Please try again after ${time}.`)
    expect(delay(named('1970-01-01T00:00:15Z'), 1)).toBe(16_500)
    expect(delay(named('Thu Jan 01 00:00:15 UTC 1970'), 1)).toBe(16_500)
    expect(delay(named('1970-01-02T00:00:00Z'), 1)).toBe(61_500)
    expect(delay(named('a while'), 1)).toBe(500)
    expect(delay(anError('ThrottlingException', 'please TRY again after 1970-01-01T00:00:15Z'), 1)).toBe(16_500)
  })

  it('follows the time that an error has as a member, whatever its message says', () => {
    const named = anError('GitHubError', 'x; try again after 1970-01-01T00:00:40Z', { status: 429, retryAt: 15_000 })
    expect(delay(named, 1)).toBe(16_500)
    expect(delay(anError('GitHubError', 'x', { status: 429, retryAt: undefined }), 1)).toBe(500)
  })

  it('counts from now to the time that DynamoDB names, and is a second where that time has passed', () => {
    const named = anError('ThrottlingException', 'Please try again after 1970-01-01T00:00:15Z.')
    expect(retryDelay('throttled', named, 1, 5000, 1)).toBe(11_500)
    expect(retryDelay('throttled', named, 1, 15_000, 0)).toBe(1000)
    expect(retryDelay('throttled', named, 1, 3_600_000, 1)).toBe(1500)
  })
})

describe('retry', () => {
  it('returns the first response, and logs each delay before it with its reason', async () => {
    const run = aRun()
    let tries = 0
    const answer = await repeat(run, async () => {
      tries += 1
      if (tries < 3) throw anError('ThrottlingException', 'Rate exceeded')
      return tries
    })
    expect(answer).toBe(3)
    expect(run.clock.sleeps).toEqual([250, 500])
    expect(run.lines).toEqual([
      'Trying again in 0.3 s: ThrottlingException: Rate exceeded',
      'Trying again in 0.5 s: ThrottlingException: Rate exceeded',
    ])
  })

  it.each([
    [1, 'AccessDenied'],
    [8, 'InternalServerError'],
  ])('throws the last error unchanged after %d tries: %s', async (expected, name) => {
    const failure = anError(name)
    let tries = 0
    const call = repeat(aRun(), async () => {
      tries += 1
      throw failure
    })
    await expect(call).rejects.toBe(failure)
    expect(tries).toBe(expected)
  })

  it('throws a reason to stop that is not a StoppedError unchanged', async () => {
    const run = aRun()
    const reason = new Error('stopped')
    const call = repeat(run, async () => {
      queueMicrotask(() => run.stopNow(reason))
      throw anError('ThrottlingException')
    })
    await expect(call).rejects.toBe(reason)
  })

  it('makes no call when the run must stop', async () => {
    const run = aRun()
    const reason = new StoppedError('Cancelled.', 'Run again.')
    run.stopNow(reason)
    let called = false
    const call = repeat(run, async () => {
      called = true
    })
    await expect(call).rejects.toEqual(reason.whileWaitingFor('AWS'))
    expect(called).toBe(false)
  })

  it('ends its wait when the run must stop, with the last error as the cause', async () => {
    const run = aRun()
    const throttled = anError('ThrottlingException')
    const call = repeat(run, async () => {
      queueMicrotask(() => run.stopNow(new StoppedError('Too late.', 'Run again.')))
      throw throttled
    })
    await expect(call).rejects.toMatchObject({
      name: 'StoppedError',
      message: 'Too late. It was waiting for AWS.',
      cause: throttled,
    })
  })

  it('throws the reason to stop for a call that the run aborted', async () => {
    const run = aRun()
    const reason = new StoppedError('Cancelled.', 'Run again.')
    const call = repeat(run, async (signal) => {
      run.abortNow(reason)
      throw anError('AbortError', String(signal.aborted))
    })
    await expect(call).rejects.toMatchObject({
      message: 'Cancelled. It was waiting for AWS.',
      cause: { name: 'AbortError' },
    })
  })
})

it.each(['InvalidSignatureException', 'SignatureDoesNotMatch', 'RequestExpired', 'AuthFailure'])(
  'repeats a call at once where the SDK has corrected the clock: %s',
  (name) => {
    const skewed = anError(name, 'Signature expired', { $metadata: { httpStatusCode: 400, clockSkewCorrected: true } })
    expect(classifyFailure(skewed)).toBe('misdated')
    expect(retryDelay('misdated', skewed, 1, 0, 1)).toBe(0)
    expect(classifyFailure(anError(name))).toBe('final')
  },
)

it('does not repeat a call twice because of the clock', async () => {
  const skewed = anError('SignatureDoesNotMatch', 'Signature expired', { $metadata: { clockSkewCorrected: true } })
  let tries = 0
  const call = repeat(aRun(), async () => {
    tries += 1
    throw tries === 1 ? anError('ThrottlingException') : skewed
  })
  await expect(call).rejects.toBe(skewed)
  expect(tries).toBe(3)
})

it.each(['ResourceNotFoundException', 'AccessDenied', 'ValidationException', 'ResourceInUseException'])(
  '%s stays final although the SDK reports a corrected clock, as it does for every error',
  (name) => {
    const $metadata = { httpStatusCode: 400, clockSkewCorrected: true }
    expect(classifyFailure(anError(name, 'as AWS says', { $metadata }))).toBe('final')
  },
)

it('counts tries by the kind of failure: one broken connection after eight throttled calls is repeated', async () => {
  let tries = 0
  const answer = repeat(aRun(), async () => {
    tries += 1
    if (tries <= 8) throw anError('ThrottlingException')
    if (tries === 9) throw anError('TimeoutError')
    return 'answered'
  })
  await expect(answer).resolves.toBe('answered')
})

it.each<[boolean, string, number, string]>([
  [true, 'Unknown', 404, 'UnknownError'],
  [true, 'NotFound', 404, 'Unknown'],
  [true, 'SyntaxError', 200, 'Unexpected token <'],
  [true, 'Error', 403, '@aws-sdk XML parse error'],
  [false, 'AccessDenied', 403, 'Not authorized'],
  [false, 'Unknown', 503, 'UnknownError'],
  [false, 'SyntaxError', 0, 'Unexpected token <'],
])(
  'recognises a response of another server than AWS: %s for %s with status %d',
  (expected, name, httpStatusCode, message) => {
    const metadata = httpStatusCode === 0 ? {} : { $metadata: { httpStatusCode } }
    expect(isAnswerOfAnother(anError(name, message, metadata))).toBe(expected)
  },
)
