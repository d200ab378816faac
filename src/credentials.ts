/** OIDC token or first credentials -> a chain of STS sessions, account checked. Nothing here leaves the process. */
import {
  AssumeRoleCommand,
  AssumeRoleWithWebIdentityCommand,
  type Credentials,
  GetCallerIdentityCommand,
  type STSClient,
} from '@aws-sdk/client-sts'
import type { AwsCredentialIdentity } from '@smithy/types'
import { errorCode, errorName, RemedyError } from './errors.ts'
import type { Inputs } from './inputs.ts'
import { allowStatement, trustStatement } from './permissions.ts'
import { retry } from './retry.ts'
import type { Run } from './run.ts'
import type { Role } from './session-inputs.ts'
import type { Tags } from './table.ts'

export interface Session {
  /** Whose tables the credentials work on, as STS says. */
  readonly principal: Principal
  /** For the SDK: it asks again before the session runs out, and the whole chain is walked anew. */
  readonly credentials: () => Promise<AwsCredentialIdentity>
}

/** What credentials are got from and told to. */
export interface CredentialPorts {
  /** An STS client of the run's region; without credentials for calls that carry a token instead. */
  readonly connectSts: (credentials: AwsCredentialIdentity | undefined) => STSClient
  /** A new OIDC token of the job. */
  readonly fetchIdToken: (audience: string, signal: AbortSignal) => Promise<string>
  /** The access key in the environment. */
  readonly accessKey: () => AwsCredentialIdentity
  /** The AWS SDK's own search: profiles, containers, instances. */
  readonly defaultChain: () => Promise<AwsCredentialIdentity>
  /** Keeps a secret out of everything that is printed from now on. */
  readonly mask: (secret: string) => void
}

type Request = Pick<
  Inputs,
  | 'roles'
  | 'credentialSource'
  | 'externalId'
  | 'sourceIdentity'
  | 'sessionTags'
  | 'sessionPolicy'
  | 'roleDurationSeconds'
  | 'roleSessionName'
  | 'audience'
  | 'allowedAccountIds'
>

/**
 * Walks the chain once, so that a wrong role or account fails before anything else is called.
 *
 * @throws {RemedyError} when a hop is refused, or when the account is not an allowed one
 */
export async function openSession(request: Request, ports: CredentialPorts, run: Run): Promise<Session> {
  run.log.info(`Credentials: ${describeSource(request)}, because ${request.credentialSource.reason}.`)
  const first = await walkChain(request, ports, run)
  const principal = first.principal ?? (await askIdentity(first.identity, ports, run))
  const { account } = principal
  const { allowedAccountIds } = request
  if (allowedAccountIds.length > 0 && !allowedAccountIds.includes(account)) {
    throw new RemedyError(
      `The credentials lead to account ${account}, which is not among allowed-account-ids: ${allowedAccountIds.join(', ')}.`,
      'Check role-to-assume, or add the account to allowed-account-ids.',
    )
  }
  let unused: AwsCredentialIdentity | undefined = first.identity
  return {
    principal,
    credentials: async () => {
      const identity = unused ?? (await renew(request, principal, ports, run))
      unused = undefined
      return withCredibleEnd(identity, run.clock.now())
    },
  }
}

/** @throws {RemedyError} where the chain leads to another account than before, as a profile or a variable may have changed */
async function renew(
  request: Request,
  before: Principal,
  ports: CredentialPorts,
  run: Run,
): Promise<AwsCredentialIdentity> {
  const hop = await walkChain(request, ports, run)
  const { account } = hop.principal ?? (await askIdentity(hop.identity, ports, run))
  if (account === before.account) return hop.identity
  throw new RemedyError(
    `The session ran out, and the credentials now lead to account ${account}, but this run works in ${before.account}.`,
    'Keep the credentials of the job as they are while it runs, then run again.',
  )
}

/** So long before the end of a session the SDK asks for another one, at each call. */
const renewedBeforeMilliseconds = 300_000

/** A new session that seems to be at its end seems so to a clock that is off. Without an end it is good until AWS refuses it. */
function withCredibleEnd(identity: AwsCredentialIdentity, now: number): AwsCredentialIdentity {
  const { expiration, ...endless } = identity
  return expiration !== undefined && expiration.getTime() - now <= renewedBeforeMilliseconds ? endless : identity
}

interface Hop {
  readonly identity: AwsCredentialIdentity
  /** Who STS says we are now; undefined where it was not asked. */
  readonly principal: Principal | undefined
}

export interface Principal {
  readonly partition: string
  readonly account: string
}

async function walkChain(request: Request, ports: CredentialPorts, run: Run): Promise<Hop> {
  const [firstRole, ...laterRoles] = request.roles
  const byToken = request.credentialSource.kind === 'oidc' && firstRole !== undefined
  let hop: Hop = byToken
    ? await assumeWithToken(request, firstRole, ports, run)
    : { identity: await firstCredentials(request, ports), principal: undefined }
  for (const role of byToken ? laterRoles : request.roles) {
    hop = await assumeRole(request, role, hop.identity, ports, run)
  }
  return hop
}

async function firstCredentials(request: Request, ports: CredentialPorts): Promise<AwsCredentialIdentity> {
  const identity =
    request.credentialSource.kind === 'access-key'
      ? ports.accessKey()
      : await ports.defaultChain().catch(explainNoCredentials)
  maskIdentity(identity, ports)
  return identity
}

function explainNoCredentials(cause: unknown): never {
  if (cause instanceof RemedyError) throw cause
  throw new RemedyError(
    'No credentials were found: no access key in the environment, no OIDC token, and nothing where the AWS SDK looks.',
    'Give the job "permissions: { id-token: write }" and name a role-to-assume that trusts it, or run aws-actions/configure-aws-credentials before this step.',
    { cause },
  )
}

async function assumeWithToken(request: Request, role: Role, ports: CredentialPorts, run: Run): Promise<Hop> {
  run.log.info(`Assuming ${role.arn} with the job's OIDC token`)
  const sts = ports.connectSts(undefined)
  let token = ''
  try {
    const answer = await retry(
      run,
      async (abortSignal) => {
        // A token lives five minutes, so each try gets a new one.
        token = ''
        token = await ports.fetchIdToken(request.audience, abortSignal)
        ports.mask(token)
        const command = new AssumeRoleWithWebIdentityCommand({
          RoleArn: role.arn,
          RoleSessionName: request.roleSessionName,
          WebIdentityToken: token,
          DurationSeconds: request.roleDurationSeconds,
          ...(role === request.roles.at(-1) ? policyOf(request) : {}),
        })
        return await sts.send(command, { abortSignal })
      },
      () => (token === '' ? "the job's OIDC token from GitHub" : `STS to let this job assume ${role.arn}`),
    )
    return hopFrom(role, answer, ports)
  } catch (error) {
    throw error instanceof RemedyError ? error : explainTokenRefusal(role, token, error)
  }
}

async function assumeRole(
  request: Request,
  role: Role,
  caller: AwsCredentialIdentity,
  ports: CredentialPorts,
  run: Run,
): Promise<Hop> {
  run.log.info(`Assuming ${role.arn}`)
  const sts = ports.connectSts(caller)
  const isLast = role === request.roles.at(-1)
  // The first that is assumed with credentials: a token brings its own identity.
  const isFirst = role === request.roles[request.credentialSource.kind === 'oidc' ? 1 : 0]
  const command = new AssumeRoleCommand({
    RoleArn: role.arn,
    RoleSessionName: request.roleSessionName,
    DurationSeconds: request.roleDurationSeconds,
    ...(isLast && request.externalId !== undefined ? { ExternalId: request.externalId } : {}),
    ...(isFirst && request.sourceIdentity !== undefined ? { SourceIdentity: request.sourceIdentity } : {}),
    ...(isLast && request.sessionTags.size > 0 ? { Tags: awsTags(request.sessionTags) } : {}),
    ...(isLast ? policyOf(request) : {}),
  })
  try {
    const answer = await retry(
      run,
      (abortSignal) => sts.send(command, { abortSignal }),
      () => `STS to let these credentials assume ${role.arn}`,
    )
    return hopFrom(role, answer, ports)
  } catch (error) {
    throw error instanceof RemedyError ? error : explainRoleRefusal(role, request, error)
  }
}

async function askIdentity(identity: AwsCredentialIdentity, ports: CredentialPorts, run: Run): Promise<Principal> {
  const sts = ports.connectSts(identity)
  try {
    const { Arn } = await retry(
      run,
      (abortSignal) => sts.send(new GetCallerIdentityCommand({}), { abortSignal }),
      () => 'STS to say whose the credentials are',
    )
    return principalOf(Arn)
  } catch (error) {
    if (error instanceof RemedyError) throw error
    throw new RemedyError("STS refused the environment's credentials.", remedyFor(error), { cause: error })
  }
}

function policyOf({ sessionPolicy }: Request): { Policy?: string } {
  return sessionPolicy === undefined ? {} : { Policy: sessionPolicy }
}

function awsTags(tags: Tags): { Key: string; Value: string }[] {
  return [...tags].map(([Key, Value]) => ({ Key, Value }))
}

interface AssumeRoleAnswer {
  readonly Credentials?: Credentials | undefined
  readonly AssumedRoleUser?: { readonly Arn?: string | undefined } | undefined
}

function hopFrom(role: Role, answer: AssumeRoleAnswer, ports: CredentialPorts): Hop {
  const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = answer.Credentials ?? {}
  if (!AccessKeyId || !SecretAccessKey || !SessionToken) {
    throw new RemedyError(`STS answered for ${role.arn}, but without credentials.`, 'Run again; if it stays, tell AWS.')
  }
  const identity = {
    accessKeyId: AccessKeyId,
    secretAccessKey: SecretAccessKey,
    sessionToken: SessionToken,
    // What answers in the place of STS may name no date at all.
    ...(Expiration instanceof Date ? { expiration: Expiration } : {}),
  }
  maskIdentity(identity, ports)
  const principal = principalOf(answer.AssumedRoleUser?.Arn)
  if (principal.account !== role.account) {
    throw new RemedyError(
      `STS assumed a role of account ${principal.account}, though ${role.arn} was asked for.`,
      'Check what AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_STS point at.',
    )
  }
  return { identity, principal }
}

function principalOf(arn: string | undefined): Principal {
  const [, partition, account] = /^arn:([^:]+):(?:sts|iam)::(\d{12}):/.exec(arn ?? '') ?? []
  if (partition === undefined || account === undefined) {
    throw new RemedyError(
      'STS did not say which account the credentials belong to.',
      'Check what AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_STS point at.',
    )
  }
  return { partition, account }
}

function maskIdentity(identity: AwsCredentialIdentity, { mask }: CredentialPorts): void {
  mask(identity.accessKeyId)
  mask(identity.secretAccessKey)
  if (identity.sessionToken !== undefined) mask(identity.sessionToken)
}

function describeSource({ credentialSource, roles }: Request): string {
  const chain = roles.map(({ arn }) => arn).join(', then ')
  switch (credentialSource.kind) {
    case 'access-key':
      return chain === '' ? 'the access key in the environment' : `the access key in the environment, then ${chain}`
    case 'oidc':
      return `the job's OIDC token for ${chain}`
    case 'default-chain':
      return chain === '' ? "the AWS SDK's default chain" : `the AWS SDK's default chain, then ${chain}`
  }
}

/** The claims that trust policies speak of are shown; the token itself never is. */
function explainTokenRefusal(role: Role, token: string, cause: unknown): RemedyError {
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

function explainRoleRefusal(role: Role, request: Request, cause: unknown): RemedyError {
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
