/** Opens the session of a run: first credentials or an OIDC token, then a chain of roles, then the check of the account. */
import {
  AssumeRoleCommand,
  AssumeRoleWithWebIdentityCommand,
  type Credentials,
  GetCallerIdentityCommand,
} from '@aws-sdk/client-sts'
import type { AwsCredentialIdentity } from '@smithy/types'
import { RemedyError } from '../errors/errors.ts'
import type { Run } from '../run/run.ts'
import type { TagMap } from '../table/properties/tags.ts'
import { type CredentialPorts, environmentVariables, maskIdentity, originsIn } from './credentials.ts'
import { retry } from './retry.ts'
import { explainIdentityRefusal, explainRoleRefusal, explainTokenRefusal } from './session-errors.ts'
import { type CommandSessionRequest, describeChain, type Role } from './session-request.ts'

export interface Session {
  /** The account that the credentials belong to, as STS reports it. */
  readonly awsAccount: AwsAccount
  /**
   * Returns credentials for the SDK. The SDK calls it again before the session expires; then all roles are assumed
   * again.
   */
  readonly credentials: () => Promise<AwsCredentialIdentity>
}

export interface AwsAccount {
  readonly partition: string
  readonly account: string
}

/**
 * Assumes the roles once, so that a wrong role or account fails before any other call.
 *
 * @throws {RemedyError} when a role is refused, or when the account is not in allowed-account-ids
 */
export async function openSession(request: CommandSessionRequest, ports: CredentialPorts, run: Run): Promise<Session> {
  run.log.info(`Credentials: ${describeChain(request)}, because ${request.credentialSource.reason}.`)
  const first = await walkChain(request, ports, run)
  const awsAccount = first.awsAccount ?? (await readAccount(first.identity, ports, run))
  const { account } = awsAccount
  const { allowedAccountIds } = request
  if (allowedAccountIds.length > 0 && !allowedAccountIds.includes(account)) {
    throw new RemedyError(
      `The credentials lead to account ${account}, which is not among allowed-account-ids: ${allowedAccountIds.join(', ')}.`,
      'Check role-to-assume, or add the account to allowed-account-ids.',
    )
  }
  let unused: AwsCredentialIdentity | undefined = first.identity
  return {
    awsAccount,
    credentials: async () => {
      const identity = unused ?? (await renew(request, awsAccount, ports, run))
      unused = undefined
      return withCredibleExpiration(identity, run.clock.now())
    },
  }
}

/**
 * Assumes the roles again.
 *
 * @throws {RemedyError} if the credentials now lead to another account, because a profile or a variable has changed
 */
async function renew(
  request: CommandSessionRequest,
  before: AwsAccount,
  ports: CredentialPorts,
  run: Run,
): Promise<AwsCredentialIdentity> {
  const hop = await walkChain(request, ports, run)
  const { account } = hop.awsAccount ?? (await readAccount(hop.identity, ports, run))
  if (account === before.account) return hop.identity
  throw new RemedyError(
    `The session expired, and the credentials now lead to account ${account}, but this run works in ${before.account}.`,
    'Do not change the credentials of the job while this step runs, then run again.',
  )
}

/** The SDK requests new credentials before a call if the present ones expire within this time. */
const renewedBeforeMilliseconds = 300_000

/**
 * Removes the expiration of new credentials that seem to expire within five minutes: the clock of the machine is wrong,
 * and the SDK would assume the roles before each call. They are then used until AWS refuses them.
 */
function withCredibleExpiration(identity: AwsCredentialIdentity, now: number): AwsCredentialIdentity {
  const { expiration, ...endless } = identity
  return expiration !== undefined && expiration.getTime() - now <= renewedBeforeMilliseconds ? endless : identity
}

/** One link of the role chain. */
interface Hop {
  readonly identity: AwsCredentialIdentity
  /** Undefined if no response of STS has named it yet. */
  readonly awsAccount: AwsAccount | undefined
}

async function walkChain(request: CommandSessionRequest, ports: CredentialPorts, run: Run): Promise<Hop> {
  const [firstRole, ...laterRoles] = request.roles
  const byToken = request.credentialSource.kind === 'oidc' && firstRole !== undefined
  let hop: Hop = byToken
    ? await assumeWithToken(request, firstRole, ports, run)
    : { identity: await firstCredentials(request, ports), awsAccount: undefined }
  for (const role of byToken ? laterRoles : request.roles) {
    hop = await assumeRole(request, role, hop.identity, ports, run)
  }
  return hop
}

async function firstCredentials(
  request: CommandSessionRequest,
  ports: CredentialPorts,
): Promise<AwsCredentialIdentity> {
  const isAccessKey = request.credentialSource.kind === 'access-key'
  const identity = isAccessKey ? ports.accessKey() : await ports.defaultChain()
  maskIdentity(identity, isAccessKey ? environmentVariables : originsIn("the AWS SDK's default chain"), ports.mask)
  return identity
}

async function assumeWithToken(
  request: CommandSessionRequest,
  role: Role,
  ports: CredentialPorts,
  run: Run,
): Promise<Hop> {
  run.log.info(`Assuming ${role.arn} with the job's OIDC token`)
  const sts = ports.connectSts(undefined)
  let token = ''
  try {
    const answer = await retry(
      run,
      async (abortSignal) => {
        // A token is valid for five minutes, so each try requests a new one.
        token = ''
        token = await ports.fetchIdToken(request.audience, abortSignal)
        ports.mask(token, "the job's OIDC token")
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
    throw error instanceof RemedyError ? error : explainTokenRefusal(role, request, token, error)
  }
}

async function assumeRole(
  request: CommandSessionRequest,
  role: Role,
  caller: AwsCredentialIdentity,
  ports: CredentialPorts,
  run: Run,
): Promise<Hop> {
  run.log.info(`Assuming ${role.arn}`)
  const sts = ports.connectSts(caller)
  const isLast = role === request.roles.at(-1)
  // The first role that is assumed with credentials: a token has a source identity of its own.
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

async function readAccount(identity: AwsCredentialIdentity, ports: CredentialPorts, run: Run): Promise<AwsAccount> {
  const sts = ports.connectSts(identity)
  try {
    const { Arn } = await retry(
      run,
      (abortSignal) => sts.send(new GetCallerIdentityCommand({}), { abortSignal }),
      () => 'STS to identify the credentials',
    )
    return accountOf(Arn)
  } catch (error) {
    throw error instanceof RemedyError ? error : explainIdentityRefusal(error)
  }
}

function policyOf({ sessionPolicy }: CommandSessionRequest): { Policy?: string } {
  return sessionPolicy === undefined ? {} : { Policy: sessionPolicy }
}

function awsTags(tags: TagMap): { Key: string; Value: string }[] {
  return [...tags].map(([Key, Value]) => ({ Key, Value }))
}

interface AssumeRoleAnswer {
  readonly Credentials?: Credentials | undefined
  readonly AssumedRoleUser?: { readonly Arn?: string | undefined } | undefined
}

function hopFrom(role: Role, answer: AssumeRoleAnswer, ports: CredentialPorts): Hop {
  const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = answer.Credentials ?? {}
  if (!AccessKeyId || !SecretAccessKey || !SessionToken) {
    throw new RemedyError(
      `STS answered for ${role.arn}, but without credentials.`,
      'Check that AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_STS are addresses of STS.',
    )
  }
  const identity = {
    accessKeyId: AccessKeyId,
    secretAccessKey: SecretAccessKey,
    sessionToken: SessionToken,
    // An emulator may give no date.
    ...(Expiration instanceof Date ? { expiration: Expiration } : {}),
  }
  maskIdentity(identity, originsIn(`the session of ${role.arn}`), ports.mask)
  return { identity, awsAccount: accountOf(answer.AssumedRoleUser?.Arn) }
}

function accountOf(arn: string | undefined): AwsAccount {
  const [, partition, account] = /^arn:([^:]+):(?:sts|iam)::(\d{12}):/.exec(arn ?? '') ?? []
  if (partition === undefined || account === undefined) {
    throw new RemedyError(
      'STS did not report which account the credentials belong to.',
      'Check that AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_STS are addresses of STS.',
    )
  }
  return { partition, account }
}
