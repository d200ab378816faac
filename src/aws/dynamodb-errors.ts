/** What DynamoDB's port throws: which call on which table, what AWS said, and what to do. Pure. */

import { RemedyError } from '../errors/errors.ts'
import { errorMessage, errorName, httpStatus } from '../errors/thrown.ts'
import { readDenial } from './denials.ts'
import { classifyFailure, type FailureKind, isAnswerOfAnother, isUnsent, nextChangeAllowedAt } from './failures.ts'
import { actionsOfOperation, allowStatement } from './iam.ts'

/** A call that failed for good. */
export class DynamoDbError extends RemedyError {
  override readonly name = 'DynamoDbError'
  /** AWS's name for it. */
  readonly code: string
  readonly kind: FailureKind

  /**
   * @param isOutcomeUnknown because of this try, or of an earlier one of the same call
   * @param arn of the resource, which may be given by its name
   */
  constructor(operation: string, resource: string, cause: unknown, isOutcomeUnknown: boolean, arn = resource) {
    super(describeFailure(operation, resource, cause), remedyFor(operation, resource, cause), {
      cause,
      isOutcomeUnknown,
      statements:
        isDenied(cause) && readDenial(cause) === undefined ? [allowStatement(actionsOfOperation(operation), arn)] : [],
    })
    this.code = errorName(cause)
    this.kind = classifyFailure(cause)
  }
}

/** Only DynamoDB's own no, to every try of a write, tells that it was not done. */
export function isRefusal(cause: unknown): boolean {
  const status = httpStatus(cause)
  return status >= 400 && status < 500 && classifyFailure(cause) !== 'unavailable'
}

/** The read that a write relied on was too old before the write could be sent. Nothing was sent. */
export class StaleReadError extends RemedyError {
  override readonly name = 'StaleReadError'

  constructor(operation: string, resource: string) {
    super(`${operation} on "${resource}" was not sent: the read of the table is too old.`, 'Run again.')
  }
}

/** By IAM, and for DynamoDB itself: a key of KMS is another matter. */
function isDenied(error: unknown): boolean {
  return errorName(error) === 'AccessDeniedException' && !isDeniedByKms(error)
}

/** Who reads and writes the items of a table with a key of the customer's own must be allowed to use the key. */
function isDeniedByKms(error: unknown): boolean {
  return errorName(error) === 'AccessDeniedException' && /\bkms\b/i.test(errorMessage(error))
}

function describeFailure(operation: string, resource: string, cause: unknown): string {
  if (classifyFailure(cause) !== 'deferred') return `${operation} on "${resource}" failed.`
  const time = nextChangeAllowedAt(cause)
  return `${operation} on "${resource}" is deferred: AWS limits how often this may change${time === undefined ? '' : `, and allows the next change at ${time}`}.`
}

function remedyForDeferral(cause: unknown): string {
  const time = nextChangeAllowedAt(cause)
  return `Run again ${time === undefined ? 'when the limit that AWS names below allows it' : `after ${time}`}. The other steps do not wait for it.`
}

/** For a call that the SDK did not send. */
export const unsentRemedy =
  'The AWS SDK sent no request. Correct the setting that it names below, then run again: what was done so far is kept.'

function remedyFor(operation: string, resource: string, error: unknown): string {
  if (error instanceof RemedyError) return error.remedy
  const denial = errorName(error) === 'AccessDeniedException' ? readDenial(error) : undefined
  if (denial !== undefined) return `${denial.explanation} A change in IAM takes up to a minute to arrive.`
  if (isDeniedByKms(error)) {
    return `Allow what AWS names below to the role that works on the tables, in its policy and in that of the KMS key of "${resource}". A session under restrict-session, and a role within the boundary of iam/provisioner.yml, may use no key.`
  }
  if (errorName(error) === 'ValidationException' && /acted as a source region/i.test(errorMessage(error))) {
    return `Delete the replicas of "${resource}" in other regions and run again when they are gone, or run again 24 hours after the last of them was added.`
  }
  switch (errorName(error)) {
    case 'AccessDeniedException':
      return `Allow ${actionsOfOperation(operation).join(' and ')} on "${resource}" in the policy of the role that works on the tables, and check that no service control policy or permissions boundary denies it.`
    case 'InvalidSignatureException':
      return 'Check the clock of the machine, and the secret access key, then run again.'
    case 'UnrecognizedClientException':
      return 'Check that the region is enabled in the account, and that the credentials are those of the right partition.'
    case 'ExpiredTokenException':
      return 'Check the clock of the machine, then run again.'
    case 'LimitExceededException':
    case 'SubscriberLimitExceededException':
      if (classifyFailure(error) === 'deferred') return remedyForDeferral(error)
      return 'The account has reached a limit of DynamoDB. Ask AWS to raise it, or make room, then run again.'
    default:
      if (isUnsent(error)) return unsentRemedy
      if (isAnswerOfAnother(error)) {
        return 'Something else answered in the place of DynamoDB. Check what AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_DYNAMODB name, and a proxy or a firewall on the way.'
      }
      return classifyFailure(error) === 'unavailable'
        ? 'AWS or the network on the way to it failed. Run again: what was done so far is kept.'
        : 'See what AWS says below, mend it, and run again: what was done so far is kept.'
  }
}
