/** STS: AssumeRole, AssumeRoleWithWebIdentity and GetCallerIdentity. */
import { AwsError } from './errors.ts'
import { type Caller, callerOf, type Identities } from './identities.ts'
import { issuer, type OidcProvider } from './oidc.ts'
import type { Role } from './options.ts'
import { readSessionParameters, readWebIdentityParameters, type SessionParameters } from './session-parameters.ts'

export type StsAnswer = Readonly<Record<string, unknown>>

export interface Sts {
  readonly roles: readonly Role[]
  readonly identities: Identities
  readonly oidc: OidcProvider
}

/** Performs one operation. The caller is undefined for AssumeRoleWithWebIdentity, which is not signed. */
export function callSts(sts: Sts, operation: string, caller: Caller | undefined, input: URLSearchParams): StsAnswer {
  if (operation === 'AssumeRoleWithWebIdentity') return assumeRoleWithWebIdentity(sts, input)
  if (operation === 'AssumeRole' && caller !== undefined) return assumeRole(sts, caller, input)
  if (operation === 'GetCallerIdentity' && caller !== undefined) return getCallerIdentity(caller)
  throw new AwsError('InvalidAction', `The sandbox does not support ${operation}`)
}

export function assumeRoleWithWebIdentity({ roles, identities, oidc }: Sts, input: URLSearchParams): StsAnswer {
  const claims = oidc.verify(input.get('WebIdentityToken') ?? '')
  if (claims === undefined) {
    throw new AwsError('InvalidIdentityToken', 'The ID Token provided is not a valid JWT.')
  }
  if (claims === 'expired') throw new AwsError('ExpiredTokenException', 'Token expired: current date/time is later')
  const role = roles.find(({ arn }) => arn === input.get('RoleArn'))
  const trust = role?.webIdentity
  if (role === undefined || trust?.audience !== claims.aud || trust?.subject !== claims.sub) {
    throw new AwsError('AccessDenied', 'Not authorized to perform sts:AssumeRoleWithWebIdentity', 403)
  }
  return {
    ...issueSession(role, identities, input, readWebIdentityParameters(input)),
    SubjectFromWebIdentityToken: claims.sub,
    Provider: issuer,
    Audience: claims.aud,
  }
}

export function assumeRole({ roles, identities }: Sts, caller: Caller, input: URLSearchParams): StsAnswer {
  const arn = input.get('RoleArn') ?? ''
  const role = roles.find((each) => each.arn === arn)
  const trusted = role?.principals?.some((principal) => isTrusted(principal, caller)) ?? false
  if (
    role === undefined ||
    !trusted ||
    (role.externalId !== undefined && role.externalId !== input.get('ExternalId'))
  ) {
    throw new AwsError(
      'AccessDenied',
      `User: ${caller.arn} is not authorized to perform: sts:AssumeRole on resource: ${arn}`,
      403,
    )
  }
  if (caller.isRoleSession && Number(input.get('DurationSeconds') ?? 3600) > 3600) {
    throw new AwsError(
      'ValidationError',
      'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining',
    )
  }
  const parameters = readSessionParameters(input, caller.session)
  return {
    ...issueSession(role, identities, input, parameters),
    ...(parameters.sourceIdentity === undefined ? {} : { SourceIdentity: parameters.sourceIdentity }),
  }
}

export function getCallerIdentity(caller: Caller): StsAnswer {
  const UserId = caller.isRoleSession ? `AROASANDBOX:${caller.arn.split('/').at(-1)}` : 'AIDASANDBOX'
  return { Arn: caller.arn, Account: caller.account, UserId }
}

function isTrusted(principal: string, caller: Caller): boolean {
  if (principal === caller.arn) return true
  const { account, partition } = callerOf(principal)
  if (account !== caller.account || partition !== caller.partition) return false
  if (principal.endsWith(':root')) return true
  // The ARN of a session has the role's name without its path.
  const [, roleName] = /:role\/(?:.*\/)?([^/]+)$/.exec(principal) ?? []
  return roleName !== undefined && caller.arn.includes(`:assumed-role/${roleName}/`)
}

function issueSession(
  role: Role,
  identities: Identities,
  input: URLSearchParams,
  parameters: SessionParameters,
): StsAnswer {
  const session = input.get('RoleSessionName') ?? ''
  const refuse = (value: string | number, name: string) => {
    throw new AwsError('ValidationError', `Value '${value}' at '${name}' failed to satisfy constraint`)
  }
  if (!/^[\w+=,.@-]{2,64}$/.test(session)) refuse(session, 'roleSessionName')
  const seconds = Number(input.get('DurationSeconds') ?? 3600)
  if (!(seconds >= 900 && seconds <= 43_200)) refuse(seconds, 'durationSeconds')
  if (seconds > (role.maxSessionSeconds ?? 3600)) {
    throw new AwsError(
      'ValidationError',
      'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.',
    )
  }
  const { partition, account } = callerOf(role.arn)
  const arn = `arn:${partition}:sts::${account}:assumed-role/${role.arn.split('/').at(-1)}/${session}`
  const { accessKeyId, secretAccessKey, sessionToken, expiresAt } = identities.issue(arn, seconds, parameters)
  return {
    Credentials: {
      AccessKeyId: accessKeyId,
      SecretAccessKey: secretAccessKey,
      SessionToken: sessionToken,
      Expiration: new Date(expiresAt).toISOString(),
    },
    AssumedRoleUser: { Arn: arn, AssumedRoleId: `AROASANDBOX:${session}` },
  }
}
