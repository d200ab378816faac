/** What kept us from a session -> what was found, and what to do. AWS's own words stay with it, as the cause. Pure. */
import { errorCode, errorName, RemedyError } from './errors.ts'
import type { Inputs } from './inputs.ts'
import { allowStatement, trustStatement } from './permissions.ts'
import type { Role } from './session-inputs.ts'

export function explainNoCredentials(cause: unknown): RemedyError {
  return new RemedyError(
    'No credentials were found: no access key in the environment, no OIDC token, and nothing where the AWS SDK looks.',
    'Give the job "permissions: { id-token: write }" and name a role-to-assume that trusts it, or run aws-actions/configure-aws-credentials before this step.',
    { cause },
  )
}

export function explainIdentityRefusal(cause: unknown): RemedyError {
  return new RemedyError("STS refused the environment's credentials.", remedyFor(cause), { cause })
}

/** The claims that trust policies speak of are shown; the token itself never is. Without a token it is GitHub that refused. */
export function explainTokenRefusal(role: Role, token: string, cause: unknown): RemedyError {
  if (token === '') {
    return new RemedyError(
      'GitHub did not give this job an OIDC token.',
      'Check that the job has "permissions: { id-token: write }", and GitHub\'s status, then run the job again.',
      { cause },
    )
  }
  const claims = readClaims(token)
  const shown = ['iss', 'sub', 'aud', 'job_workflow_ref'].flatMap((name) => {
    const value = claims[name]
    return typeof value === 'string' ? [`${name} "${value}"`] : []
  })
  const facts = shown.length === 0 ? '' : ` The job's token says: ${shown.join(', ')}.`
  return new RemedyError(
    errorCode(cause) === '' ? `STS did not let this job assume ${role.arn}.${facts}` : unreached(role),
    errorName(cause) === 'AccessDenied' && typeof claims.sub === 'string'
      ? `First check that the job names the environment that the role trusts ("environment:" in the job; without it the token's sub names a branch instead). ` +
          `The role's trust policy must allow sts:AssumeRoleWithWebIdentity to the OIDC provider of the role's account, on these conditions. ` +
          `The statement to add to it: ${trustStatement(role, { iss: issuerOf(claims), aud: String(claims.aud), sub: claims.sub })}`
      : remedyFor(cause, issuerOf(claims)),
    { cause },
  )
}

const publicIssuer = 'https://token.actions.githubusercontent.com'

function issuerOf({ iss }: Readonly<Record<string, unknown>>): string {
  return typeof iss === 'string' ? iss : publicIssuer
}

export function explainRoleRefusal(
  role: Role,
  request: Pick<Inputs, 'externalId' | 'sourceIdentity' | 'sessionTags'>,
  cause: unknown,
): RemedyError {
  const { externalId, sourceIdentity, sessionTags } = request
  const more = [
    ...(sourceIdentity === undefined ? [] : ['sts:SetSourceIdentity']),
    ...(sessionTags.size === 0 ? [] : ['sts:TagSession']),
  ]
  const also = more.length === 0 ? '' : ` Both must allow ${more.join(' and ')} too.`
  return new RemedyError(
    errorCode(cause) === '' ? `STS did not let these credentials assume ${role.arn}.` : unreached(role),
    errorName(cause) === 'AccessDenied'
      ? `Allow sts:AssumeRole on ${role.arn} in the policy of the caller that AWS names below, and name that caller's role as a principal in the trust policy of ${role.arn}. ` +
          (externalId === undefined
            ? 'If the trust policy asks for an external id, give role-external-id.'
            : 'Check that the trust policy asks for the same external id as role-external-id.') +
          also +
          ` The statement to add to the caller's policy: ${allowStatement(['sts:AssumeRole', ...more], role.arn)}`
      : remedyFor(cause),
    { cause },
  )
}

/** A network error is nobody's refusal. */
function unreached(role: Role): string {
  return `STS could not be asked to assume ${role.arn}.`
}

function remedyFor(error: unknown, issuer = publicIssuer): string {
  switch (errorName(error)) {
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
    default:
      return ['ENOTFOUND', 'ECONNREFUSED'].includes(errorCode(error))
        ? 'Check that the machine can reach STS in this region, and what AWS_ENDPOINT_URL points at.'
        : 'See what AWS says below, mend it, and run again.'
  }
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
