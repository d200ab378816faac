/** OIDC token or first credentials -> a chain of STS sessions, account checked. Nothing here leaves the process. */
import {
  AssumeRoleCommand,
  AssumeRoleWithWebIdentityCommand,
  type Credentials,
  GetCallerIdentityCommand,
} from '@aws-sdk/client-sts'
import type { AwsCredentialIdentity } from '@smithy/types'
import { RemedyError } from '../errors/errors.ts'
import type { Command } from '../plan/plan.ts'
import type { Run } from '../run/run.ts'
import type { Tags } from '../table/table.ts'
import { type CredentialPorts, environmentVariables, maskIdentity, originsIn } from './credentials.ts'
import { retry } from './retry.ts'
import { explainIdentityRefusal, explainRoleRefusal, explainTokenRefusal } from './session-errors.ts'
import type { Role, SessionRequest } from './session-request.ts'

export interface Session {
  /** Whose tables the credentials work on, as STS says. */
  readonly principal: Principal
  /** For the SDK: it asks again before the session runs out, and the whole chain is walked anew. */
  readonly credentials: () => Promise<AwsCredentialIdentity>
}

/** The command of the run decides which trust policy a refusal recommends. */
type Request = SessionRequest & { readonly command: Command }

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
  const isAccessKey = request.credentialSource.kind === 'access-key'
  const identity = isAccessKey ? ports.accessKey() : await ports.defaultChain()
  maskIdentity(identity, isAccessKey ? environmentVariables : originsIn("the AWS SDK's default chain"), ports.mask)
  return identity
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
    throw error instanceof RemedyError ? error : explainIdentityRefusal(error)
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
    throw new RemedyError(
      `STS answered for ${role.arn}, but without credentials.`,
      'Run again. If it stays, check what answers in the place of STS: a proxy on the way, or what AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_STS point at.',
    )
  }
  const identity = {
    accessKeyId: AccessKeyId,
    secretAccessKey: SecretAccessKey,
    sessionToken: SessionToken,
    // What answers in the place of STS may name no date at all.
    ...(Expiration instanceof Date ? { expiration: Expiration } : {}),
  }
  maskIdentity(identity, originsIn(`the session of ${role.arn}`), ports.mask)
  const principal = principalOf(answer.AssumedRoleUser?.Arn)
  if (principal.account !== role.account || principal.partition !== role.partition) {
    throw new RemedyError(
      `STS assumed a role of account ${principal.account} in the partition ${principal.partition}, though ${role.arn} was asked for.`,
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
