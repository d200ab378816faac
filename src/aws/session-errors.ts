/** Explains why STS or GitHub gave no session, with a remedy. The error of AWS stays as the cause. */

import { type Fact, RemedyError } from '../errors/errors.ts'
import { errorCode, errorName } from '../errors/thrown.ts'
import { iamDelay, readDenial } from './denials.ts'
import { classifyFailure, isAnswerOfAnother, isUnsent } from './failures.ts'
import { allowStatement, trustStatement } from './iam.ts'
import type { CommandSessionRequest, Role, SessionRequest } from './session-request.ts'

export function explainIdentityRefusal(cause: unknown): RemedyError {
  const message = isNoAnswer(cause)
    ? 'STS could not be asked to identify the credentials.'
    : 'STS refused the credentials.'
  return new RemedyError(message, remedyForSts(cause), { cause })
}

/** @param token the token that STS refused, of which only claims are shown; empty if GitHub gave none */
export function explainTokenRefusal(
  role: Role,
  { command }: Pick<CommandSessionRequest, 'command'>,
  token: string,
  cause: unknown,
): RemedyError {
  if (token === '') return explainMissingToken(cause)
  const claims = readClaims(token)
  const { iss = publicIssuer, aud, sub } = claims
  const unanswered = explainNoAnswer(role, cause, String(iss))
  if (unanswered !== undefined) return unanswered
  const facts = [roleFact(role), ...claimFacts(claims)]
  const refuse = (remedy: string, statements: readonly string[] = []) =>
    new RemedyError(`STS did not let this job assume ${role.arn}.`, remedy, { cause, facts, statements })
  if (errorName(cause) !== 'AccessDenied' || typeof sub !== 'string') return refuse(remedyForSts(cause, String(iss)))
  const denial = readDenial(cause)
  if (denial !== undefined) return refuse(`${denial.explanation} ${iamDelay}`)
  const first = `Check that the role exists in account ${role.account}, and that it trusts the token's sub: the job must name the GitHub environment that the role trusts ("environment:" in the job; without it the sub names a branch or a pull request instead). ${iamDelay}`
  // Anyone who can push a branch gets a token with such a sub. Only a role that only reads may trust it.
  if (!sub.includes(':environment:') && command !== 'plan') {
    return refuse(`${first} A role that writes should trust no other sub.`)
  }
  return refuse(
    `${first} The role's trust policy must allow sts:AssumeRoleWithWebIdentity to the OIDC provider of the role's account, on these conditions.`,
    [trustStatement(role, { iss: String(iss), aud: String(aud), sub })],
  )
}

function explainMissingToken(cause: unknown): RemedyError {
  const mayLackPermission = errorName(cause) === 'IdTokenError' && !isNoAnswer(cause)
  const remedy = mayLackPermission
    ? 'Check that the job has "permissions: { id-token: write }", and GitHub\'s status, then run the job again.'
    : "Run the job again. If it fails again, check GitHub's status, and what answers at ACTIONS_ID_TOKEN_REQUEST_URL."
  return new RemedyError('GitHub did not give this job an OIDC token.', remedy, { cause })
}

const publicIssuer = 'https://token.actions.githubusercontent.com'

export function explainRoleRefusal(
  role: Role,
  request: Pick<SessionRequest, 'roles' | 'externalId' | 'sourceIdentity' | 'sessionTags'>,
  cause: unknown,
): RemedyError {
  const unanswered = explainNoAnswer(role, cause)
  if (unanswered !== undefined) return unanswered
  const refuse = (remedy: string, statements: readonly string[] = []) =>
    new RemedyError(`STS did not let these credentials assume ${role.arn}.`, remedy, {
      cause,
      facts: [roleFact(role)],
      statements,
    })
  if (errorName(cause) !== 'AccessDenied') return refuse(remedyForSts(cause))
  const { externalId, sourceIdentity, sessionTags, roles } = request
  const checkExternalId =
    externalId === undefined
      ? 'If the trust policy asks for an external id, give role-external-id.'
      : 'Check that the trust policy asks for the same external id as role-external-id.'
  const denial = readDenial(cause)
  if (denial !== undefined) {
    const isTrust = ['resource-based policy', 'role trust policy'].includes(denial.policy)
    return refuse([denial.explanation, ...(isTrust ? [checkExternalId] : []), iamDelay].join(' '))
  }
  const more = [
    // Every later session inherits the source identity. Tags are given to the last role only.
    ...(sourceIdentity === undefined ? [] : ['sts:SetSourceIdentity']),
    ...(sessionTags.size === 0 || role !== roles.at(-1) ? [] : ['sts:TagSession']),
  ]
  return refuse(
    [
      `Check that the role exists in account ${role.account}.`,
      checkExternalId,
      `Name the role of the caller that AWS names below as a principal in the trust policy of ${role.arn}, and allow sts:AssumeRole on it in the caller's policy.`,
      ...(more.length === 0 ? [] : [`Both must allow ${more.join(' and ')} too.`]),
      iamDelay,
      "The statement is for the caller's policy.",
    ].join(' '),
    [allowStatement(['sts:AssumeRole', ...more], role.arn)],
  )
}

/** Returns an error for a call that STS did not answer; undefined if it did. */
function explainNoAnswer(role: Role, cause: unknown, issuer?: string): RemedyError | undefined {
  if (!isNoAnswer(cause)) return undefined
  return new RemedyError(`STS could not be asked to assume ${role.arn}.`, remedyForSts(cause, issuer), { cause })
}

/** Returns true if nothing was refused: a setting, the network or a failing service prevented the response. */
function isNoAnswer(error: unknown): boolean {
  return (
    errorCode(error) !== '' || classifyFailure(error) === 'unavailable' || isUnsent(error) || isAnswerOfAnother(error)
  )
}

/** A remedy for an error of STS, or for one that prevented its answer. */
export function remedyForSts(error: unknown, issuer = publicIssuer): string {
  switch (errorName(error)) {
    case 'AccessDenied': {
      const denial = readDenial(error)
      return denial === undefined ? seeAws : `${denial.explanation} ${iamDelay}`
    }
    case 'InvalidIdentityToken':
    case 'InvalidIdentityTokenException':
      return `Create the OIDC provider ${issuer} in the role's account, with the audience of the token.`
    case 'ExpiredToken':
    case 'ExpiredTokenException':
      return 'The credentials or the token expired. Get new ones right before this step, and check the clock of the machine.'
    case 'SignatureDoesNotMatch':
      return 'Check the clock of the machine, and the secret access key, then run again.'
    case 'RegionDisabledException':
    case 'InvalidClientTokenId':
    case 'UnrecognizedClientException':
      return 'Check that the access key is active. An opt-in region must be enabled in the account of the caller and in that of the role.'
    case 'ValidationError':
      return 'See what AWS says below. A session that comes from another role lasts 3600 seconds at most: give role-duration-seconds 3600 or less, or let the role allow longer sessions.'
    case 'PackedPolicyTooLarge':
    case 'PackedPolicyTooLargeException':
      return 'restrict-session and role-session-tags together are larger than STS allows. Give fewer or shorter tags, or leave restrict-session out.'
    default:
      if (isUnsent(error)) {
        return 'The AWS SDK sent no request. Correct the setting that it names below, then run again.'
      }
      if (isAnswerOfAnother(error)) {
        return 'Another server answered instead of STS. Check AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_STS, and any proxy or firewall on the way.'
      }
      return isNoAnswer(error) ? 'AWS or the network on the way to it failed. Run again.' : seeAws
  }
}

const seeAws = 'Correct what AWS reports below, then run again.'

function roleFact(role: Role): Fact {
  return { name: 'role', value: role.arn }
}

/** The claims of the job's token that trust policies compare. */
function claimFacts(claims: Readonly<Record<string, unknown>>): readonly Fact[] {
  return ['iss', 'sub', 'aud', 'job_workflow_ref'].flatMap((name) => {
    const value = claims[name]
    return typeof value === 'string' ? [{ name, value }] : []
  })
}

/** Reads the payload of a JWT, unverified, because it is only shown. An empty object if it cannot be read. */
function readClaims(token: string): Readonly<Record<string, unknown>> {
  try {
    return { ...JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')) }
  } catch {
    return {}
  }
}
