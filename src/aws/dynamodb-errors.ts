/** The errors of the port to DynamoDB: the call, the table, the error of AWS, and a remedy. */
import { RemedyError } from '../errors/errors.ts'
import { errorMessage, errorName, httpStatus } from '../errors/thrown.ts'
import { isAllowMissing } from './denials.ts'
import { classifyFailure, type FailureKind, isUnusableKey, nextChangeAllowedAt, spentLimit } from './failures.ts'
import { actionsOfOperation, allowStatement } from './iam.ts'
import { remedyForAws } from './remedies.ts'

/** A call that failed for good. */
export class DynamoDbError extends RemedyError {
  override readonly name = 'DynamoDbError'
  /** The error name of AWS. */
  readonly code: string
  readonly kind: FailureKind

  /**
   * @param isOutcomeUnknown true if this try, or an earlier one of the same call, may have taken effect
   * @param arn the ARN of the resource, because `resource` may be its name
   */
  constructor(operation: string, resource: string, cause: unknown, isOutcomeUnknown: boolean, arn: string) {
    super(describeFailure(operation, resource, cause), remedyForDynamoDb(operation, resource, cause), {
      cause,
      isOutcomeUnknown,
      statements:
        isAllowMissing(cause) && !isAboutKms(cause) ? [allowStatement(actionsOfOperation(operation), arn)] : [],
    })
    this.code = errorName(cause)
    this.kind = classifyFailure(cause)
  }
}

/** Returns true if DynamoDB itself refused this try. A write was not performed if every try was refused. */
export function isRefusal(cause: unknown): boolean {
  const status = httpStatus(cause)
  return (status >= 400 && status < 500 && classifyFailure(cause) !== 'unavailable') || isUnusableKey(cause)
}

/** The read that a write relied on was too old before the write could be sent. Nothing was sent. */
export class StaleReadError extends RemedyError {
  override readonly name = 'StaleReadError'

  constructor(operation: string, resource: string) {
    super(`${operation} on "${resource}" was not sent: the read of the table is too old.`, 'Run again.')
  }
}

/** A caller that reads or writes items of a table with a customer managed key needs permission for that key. */
function isAboutKms(error: unknown): boolean {
  return /\bkms\b/i.test(errorMessage(error))
}

function describeFailure(operation: string, resource: string, cause: unknown): string {
  if (classifyFailure(cause) !== 'deferred') return `${operation} on "${resource}" failed.`
  const time = nextChangeAllowedAt(cause)
  return `${operation} on "${resource}" is deferred: AWS limits how often this may change${time === undefined ? '' : `, and allows the next change at ${time}`}.`
}

function remedyForDynamoDb(operation: string, resource: string, error: unknown): string {
  if (error instanceof RemedyError) return error.remedy
  if (classifyFailure(error) === 'deferred') {
    const time = nextChangeAllowedAt(error)
    return `Run again ${time === undefined ? `when the limit allows it: ${spentLimit(error)}` : `after ${time}`}. The other steps do not wait for it.`
  }
  if (isAllowMissing(error)) {
    return isAboutKms(error)
      ? `Allow what AWS names below to the role that works on the tables, in its policy and in that of the KMS key of "${resource}". A session under restrict-session, and a role within the boundary of iam/provisioner.yml, may use no key.`
      : `Allow ${actionsOfOperation(operation).join(' and ')} on "${resource}" in the policy of the role that works on the tables, and check that no service control policy or permissions boundary denies it.`
  }
  if (/acted as a source region/i.test(errorMessage(error))) {
    return `Delete the replicas of "${resource}" in other regions and run again when they are gone, or run again 24 hours after the last of them was added.`
  }
  if (isUnusableKey(error)) return 'Name a KMS key whose key spec is SYMMETRIC_DEFAULT. DynamoDB uses no other.'
  if (errorName(error).endsWith('LimitExceededException')) {
    return 'The account has reached a limit of DynamoDB. Ask AWS to raise it, or make room, then run again.'
  }
  return `${remedyForAws(error, 'DynamoDB')} What was done so far is kept.`
}
