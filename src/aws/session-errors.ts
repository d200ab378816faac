/** What kept us from a session -> what was found, and what to do. AWS's own words stay with it, as the cause. Pure. */

import { type Fact, RemedyError } from '../errors/errors.ts'
import { errorCode, errorName } from '../errors/thrown.ts'
import type { Command } from '../plan/plan.ts'
import { readDenial } from './denials.ts'
import { classifyFailure, isAnswerOfAnother, isUnsent } from './failures.ts'
import { allowStatement, trustStatement } from './iam.ts'
import type { Role, SessionRequest } from './session-request.ts'

export function explainIdentityRefusal(cause: unknown): RemedyError {
  const what = isNoAnswer(cause)
    ? 'STS could not be asked whose the credentials are.'
    : "STS refused the environment's credentials."
  return new RemedyError(what, remedyFor(cause), { cause })
}

/** The claims that trust policies speak of are shown; the token itself never is. Without a token it is GitHub that refused. */
export function explainTokenRefusal(
  role: Role,
  { command }: { readonly command: Command },
  token: string,
  cause: unknown,
): RemedyError {
  if (token === '') {
    return new RemedyError(
      'GitHub did not give this job an OIDC token.',
      errorName(cause) !== 'IdTokenError' || isNoAnswer(cause)
        ? "Run the job again. If it fails again, check GitHub's status, and what answers at ACTIONS_ID_TOKEN_REQUEST_URL."
        : 'Check that the job has "permissions: { id-token: write }", and GitHub\'s status, then run the job again.',
      { cause },
    )
  }
  const claims = readClaims(token)
  const facts = [roleFact(role), ...claimFacts(claims)]
  const refused = `STS did not let this job assume ${role.arn}.`
  const { iss = publicIssuer, aud, sub } = claims
  if (isNoAnswer(cause)) return new RemedyError(unreached(role), remedyFor(cause, String(iss)), { cause })
  if (errorName(cause) !== 'AccessDenied' || typeof sub !== 'string') {
    return new RemedyError(refused, remedyFor(cause, String(iss)), { cause, facts })
  }
  const denial = readDenial(cause)
  if (denial !== undefined) return new RemedyError(refused, `${denial.explanation} ${arrival}`, { cause, facts })
  const first = `Check that the role exists in account ${role.account}, and that it trusts the token's sub: the job must name the GitHub environment that the role trusts ("environment:" in the job; without it the sub names a branch or a pull request instead). ${arrival}`
  // Whoever can push a branch has a token of such a sub. A role that only reads may trust it.
  if (!sub.includes(':environment:') && command !== 'plan') {
    return new RemedyError(refused, `${first} A role that writes should trust no other sub.`, { cause, facts })
  }
  return new RemedyError(
    refused,
    `${first} The role's trust policy must allow sts:AssumeRoleWithWebIdentity to the OIDC provider of the role's account, on these conditions.`,
    { cause, facts, statements: [trustStatement(role, { iss: String(iss), aud: String(aud), sub })] },
  )
}

const publicIssuer = 'https://token.actions.githubusercontent.com'

export function explainRoleRefusal(
  role: Role,
  request: Pick<SessionRequest, 'roles' | 'externalId' | 'sourceIdentity' | 'sessionTags'>,
  cause: unknown,
): RemedyError {
  if (errorName(cause) !== 'AccessDenied') {
    if (isNoAnswer(cause)) return new RemedyError(unreached(role), remedyFor(cause), { cause })
    return new RemedyError(`STS did not let these credentials assume ${role.arn}.`, remedyFor(cause), {
      cause,
      facts: [roleFact(role)],
    })
  }
  const { externalId, sourceIdentity, sessionTags, roles } = request
  const refused = `STS did not let these credentials assume ${role.arn}.`
  const checkExternalId =
    externalId === undefined
      ? 'If the trust policy asks for an external id, give role-external-id.'
      : 'Check that the trust policy asks for the same external id as role-external-id.'
  const denial = readDenial(cause)
  if (denial !== undefined) {
    const isTrust = ['resource-based policy', 'role trust policy'].includes(denial.policy)
    const remedy = [denial.explanation, ...(isTrust ? [checkExternalId] : []), arrival].join(' ')
    return new RemedyError(refused, remedy, { cause, facts: [roleFact(role)] })
  }
  const more = [
    ...(sourceIdentity === undefined ? [] : ['sts:SetSourceIdentity']),
    // They are the last session's alone; the identity stays with all that follow.
    ...(sessionTags.size === 0 || role !== roles.at(-1) ? [] : ['sts:TagSession']),
  ]
  return new RemedyError(
    refused,
    [
      `Check that the role exists in account ${role.account}.`,
      checkExternalId,
      `Name the role of the caller that AWS names below as a principal in the trust policy of ${role.arn}, and allow sts:AssumeRole on it in the caller's policy.`,
      ...(more.length === 0 ? [] : [`Both must allow ${more.join(' and ')} too.`]),
      arrival,
      "The statement is for the caller's policy.",
    ].join(' '),
    { cause, facts: [roleFact(role)], statements: [allowStatement(['sts:AssumeRole', ...more], role.arn)] },
  )
}

function unreached(role: Role): string {
  return `STS could not be asked to assume ${role.arn}.`
}

/** Nobody refused anything: a setting, the network, or a service that is out of order kept the answer from us. */
function isNoAnswer(error: unknown): boolean {
  return (
    errorCode(error) !== '' || classifyFailure(error) === 'unavailable' || isUnsent(error) || isAnswerOfAnother(error)
  )
}

/** IAM is eventually consistent. */
export const arrival = 'A change in IAM takes up to a minute to arrive.'

/** What to do about an error of STS, or of what lies before it. */
export function remedyFor(error: unknown, issuer = publicIssuer): string {
  switch (errorName(error)) {
    case 'AccessDenied': {
      const denial = readDenial(error)
      return denial === undefined ? seeAws : `${denial.explanation} ${arrival}`
    }
    case 'InvalidIdentityToken':
    case 'InvalidIdentityTokenException':
      return `Create the OIDC provider ${issuer} in the role's account, with the audience of the token.`
    case 'ExpiredToken':
    case 'ExpiredTokenException':
      return 'The credentials or the token ran out. Get new ones right before this step, and check the clock of the machine.'
    case 'SignatureDoesNotMatch':
      return 'Check the clock of the machine, and the secret access key, then run again.'
    case 'RegionDisabledException':
    case 'InvalidClientTokenId':
    case 'UnrecognizedClientException':
      return 'Check that the access key is a live one. A region that must be opted into must be enabled in the account of the caller and in that of the role.'
    case 'ValidationError':
      return 'See what AWS says below. A session that comes from another role lasts 3600 seconds at most: give role-duration-seconds 3600 or less, or let the role allow longer sessions.'
    case 'PackedPolicyTooLarge':
    case 'PackedPolicyTooLargeException':
      return 'restrict-session and role-session-tags are together more than STS packs into a session. Give fewer or shorter tags, or leave restrict-session out.'
    default:
      if (isUnsent(error)) {
        return 'The AWS SDK sent no request. Correct the setting that it names below, then run again.'
      }
      if (isAnswerOfAnother(error)) {
        return 'Something else answered in the place of STS. Check what AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_STS name, and a proxy or a firewall on the way.'
      }
      return isNoAnswer(error) ? 'AWS or the network on the way to it failed. Run again.' : seeAws
  }
}

const seeAws = 'See what AWS says below, mend it, and run again.'

function roleFact(role: Role): Fact {
  return { name: 'role', value: role.arn }
}

/** The claims of the job's token that trust policies speak of. */
function claimFacts(claims: Readonly<Record<string, unknown>>): readonly Fact[] {
  return ['iss', 'sub', 'aud', 'job_workflow_ref'].flatMap((name) => {
    const value = claims[name]
    return typeof value === 'string' ? [{ name, value }] : []
  })
}

/** The payload of a JWT, unverified: it is only shown. An empty object where it cannot be read. */
function readClaims(token: string): Readonly<Record<string, unknown>> {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'))
    return typeof claims === 'object' && claims !== null ? { ...claims } : {}
  } catch {
    return {}
  }
}
