/** Remedies for the errors that a call to any service of AWS may meet. */
import { errorCode, errorName } from '../errors/thrown.ts'
import { iamDelay, readDenial } from './denials.ts'
import { classifyFailure, isAnswerOfAnother, isUnsent } from './failures.ts'

const wrongSignature = 'Check the clock of the machine, and the secret access key, then run again.'

const wrongAccessKey =
  'Check that the access key is active, and of the partition of the region. An opt-in region must be enabled in the account of the caller and in that of the role.'

/** Remedies by the error name of AWS, without `Exception` at its end: STS and DynamoDB differ in it. */
const remedies: ReadonlyMap<string, string> = new Map([
  [
    'ExpiredToken',
    'Check the clock of the machine, and get new credentials or a new token right before this step, then run again.',
  ],
  ['InvalidSignature', wrongSignature],
  ['SignatureDoesNotMatch', wrongSignature],
  ['RegionDisabled', wrongAccessKey],
  ['InvalidClientTokenId', wrongAccessKey],
  ['UnrecognizedClient', wrongAccessKey],
  [
    'ValidationError',
    'See what AWS says below. A session that comes from another role lasts 3600 seconds at most: give role-duration-seconds 3600 or less, or let the role allow longer sessions.',
  ],
  [
    'PackedPolicyTooLarge',
    'restrict-session and role-session-tags together are larger than STS allows. Give fewer or shorter tags, or leave restrict-session out.',
  ],
])

/** The remedy for a call that the SDK did not send. */
export const unsentRemedy = 'The AWS SDK sent no request. Correct the setting that it names below, then run again.'

export function remedyForAws(error: unknown, service: 'STS' | 'DynamoDB' | 'KMS'): string {
  const denial = readDenial(error)
  if (denial !== undefined) return `${denial.explanation} ${iamDelay}`
  const known = remedies.get(errorName(error).replace(/Exception$/, ''))
  if (known !== undefined) return known
  if (isUnsent(error)) return unsentRemedy
  if (isAnswerOfAnother(error)) {
    return `Another server answered instead of ${service}. Check AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_${service.toUpperCase()}, and any proxy or firewall on the way.`
  }
  return isUnanswered(error)
    ? 'AWS or the network on the way to it failed. Run again.'
    : 'Correct what AWS reports below, then run again.'
}

/** Returns true if nothing was refused: a setting, the network or a failing service prevented the response. */
export function isUnanswered(error: unknown): boolean {
  return (
    errorCode(error) !== '' || classifyFailure(error) === 'unavailable' || isUnsent(error) || isAnswerOfAnother(error)
  )
}
