/** Explains why STS or GitHub gave no session, with a remedy. The error of AWS stays as the cause. */
import { type Fact, RemedyError } from '../errors/errors.ts'
import { errorName } from '../errors/thrown.ts'
import { iamDelay, isAllowMissing, isDenied, readDenial } from './denials.ts'
import { allowStatement, trustStatement } from './iam.ts'
import { isUnanswered, remedyForAws } from './remedies.ts'
import type { Role, SessionRequest } from './session-request.ts'

export function explainIdentityRefusal(cause: unknown): RemedyError {
  return (
    explainNoAnswer('identify the credentials', cause) ??
    new RemedyError('STS refused the credentials.', remedyForSts(cause), { cause })
  )
}

/** @param token the token that STS refused, of which only claims are shown; empty if GitHub gave none */
export function explainTokenRefusal(
  role: Role,
  { command }: Pick<SessionRequest, 'command'>,
  token: string,
  cause: unknown,
): RemedyError {
  if (token === '') return explainMissingToken(cause)
  const unanswered = explainNoAnswer(`assume ${role.arn}`, cause)
  if (unanswered !== undefined) return unanswered
  const claims = readClaims(token)
  const { iss = publicIssuer, aud, sub } = claims
  const facts = [{ name: 'role', value: role.arn }, ...claimFacts(claims)]
  const refuse = (remedy: string, statements: readonly string[] = []) =>
    new RemedyError(`STS did not let this job assume ${role.arn}.`, remedy, { cause, facts, statements })
  if (!isAllowMissing(cause) || typeof sub !== 'string') {
    return refuse(remedyForSts(cause, String(iss)))
  }
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
  const mayLackPermission = errorName(cause) === 'IdTokenError' && !isUnanswered(cause)
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
  const unanswered = explainNoAnswer(`assume ${role.arn}`, cause)
  if (unanswered !== undefined) return unanswered
  const refuse = (remedy: string, statements: readonly string[] = []) =>
    new RemedyError(`STS did not let these credentials assume ${role.arn}.`, remedy, {
      cause,
      facts: [{ name: 'role', value: role.arn }],
      statements,
    })
  if (!isDenied(cause)) return refuse(remedyForSts(cause))
  const { externalId, sourceIdentity, sessionTags, roles } = request
  const checkExternalId =
    externalId === undefined
      ? 'If the trust policy asks for an external id, give role-external-id.'
      : 'Check that the trust policy asks for the same external id as role-external-id.'
  const denial = readDenial(cause)
  if (denial !== undefined) {
    const isTrust = denial.policy === 'resource-based policy' || denial.policy === 'role trust policy'
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
      "The statement is for the caller's policy, if that does not have it yet.",
    ].join(' '),
    [allowStatement(['sts:AssumeRole', ...more], role.arn)],
  )
}

/** Returns an error for a call that STS did not answer; undefined if it did. */
function explainNoAnswer(request: string, cause: unknown): RemedyError | undefined {
  if (!isUnanswered(cause)) return undefined
  return new RemedyError(`STS could not be asked to ${request}.`, remedyForAws(cause, 'STS'), { cause })
}

/** @param issuer of the token that STS refused */
export function remedyForSts(error: unknown, issuer = publicIssuer): string {
  return errorName(error).startsWith('InvalidIdentityToken')
    ? `Create the OIDC provider ${issuer} in the role's account, with the audience of the token.`
    : remedyForAws(error, 'STS')
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
