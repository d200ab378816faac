/** The remedies for failures that calls to every service have in common. */
import { errorName } from '../errors/thrown.ts'
import { classifyFailure, isAnswerOfAnother, isUnsent } from './failures.ts'

/** The remedy for a call that the SDK did not send. */
export const unsentRemedy =
  'The AWS SDK sent no request. Correct the setting that it names below, then run again: what was done so far is kept.'

export function remedyForCall(error: unknown, service: 'DynamoDB' | 'KMS'): string {
  switch (errorName(error)) {
    case 'InvalidSignatureException':
      return 'Check the clock of the machine, and the secret access key, then run again.'
    case 'UnrecognizedClientException':
      return 'Check that the region is enabled in the account, and that the credentials are those of the right partition.'
    case 'ExpiredTokenException':
      return 'Check the clock of the machine, then run again.'
  }
  if (isUnsent(error)) return unsentRemedy
  if (isAnswerOfAnother(error)) {
    return `Something else answered in the place of ${service}. Check what AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_${service.toUpperCase()} name, and a proxy or a firewall on the way.`
  }
  return classifyFailure(error) === 'unavailable'
    ? 'AWS or the network on the way to it failed. Run again: what was done so far is kept.'
    : 'See what AWS says below, fix it, and run again: what was done so far is kept.'
}
