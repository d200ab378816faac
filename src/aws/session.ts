/** Opens the session of a run: first credentials or an OIDC token, then a chain of roles, then the check of the account. */
import {
  AssumeRoleCommand,
  type AssumeRoleResponse,
  AssumeRoleWithWebIdentityCommand,
  GetCallerIdentityCommand,
} from '@aws-sdk/client-sts'
import type { AwsCredentialIdentity } from '@smithy/types'
import { RemedyError } from '../errors/errors.ts'
import type { Run } from '../run/run.ts'
import { type CredentialPorts, maskIdentity, originsIn, originsInVariables } from './credentials.ts'
import { retry } from './retry.ts'
import { explainIdentityRefusal, explainRoleRefusal, explainTokenRefusal } from './session-errors.ts'
import { type AwsAccount, describeChain, type Role, type SessionRequest } from './session-request.ts'

/**
 * Assumes the roles once, so that a wrong role or account fails before any other call.
 *
 * @throws {RemedyError} when a role is refused, or when the account is not in allowed-account-ids
 */
export async function openSession(request: SessionRequest, ports: CredentialPorts, run: Run) {
  run.log.info(`Credentials: ${describeChain(request)}`)
  const chain = new RoleChain(request, ports, run)
  const { awsAccount, identity } = await chain.walk()
  const { account } = awsAccount
  const { allowedAccountIds } = request
  if (allowedAccountIds.length > 0 && !allowedAccountIds.includes(account)) {
    throw new RemedyError(
      `The credentials lead to account ${account}, which is not among allowed-account-ids: ${allowedAccountIds.join(', ')}.`,
      'Check role-to-assume, or add the account to allowed-account-ids.',
    )
  }
  let unused: AwsCredentialIdentity | undefined = identity
  return {
    /** The account that the credentials belong to, as STS reports it. */
    awsAccount,
    /** Returns credentials for the SDK, which calls it again before they expire; then all roles are assumed again. */
    credentials: async (): Promise<AwsCredentialIdentity> => {
      const current = unused ?? (await renew(chain, account))
      unused = undefined
      return withCredibleExpiration(current, run.clock.now())
    },
  }
}

/**
 * Assumes the roles again.
 *
 * @throws {RemedyError} if the credentials now lead to another account, because a profile or a variable has changed
 */
async function renew(chain: RoleChain, before: string): Promise<AwsCredentialIdentity> {
  const { awsAccount, identity } = await chain.walk()
  if (awsAccount.account === before) return identity
  throw new RemedyError(
    `The session expired, and the credentials now lead to account ${awsAccount.account}, but this run works in ${before}.`,
    'Do not change the credentials of the job while this step runs, then run again.',
  )
}

/**
 * Removes the expiration of new credentials that seem to expire within five minutes: the clock of the machine is wrong,
 * and the SDK, which renews credentials five minutes early, would assume the roles before each call.
 */
function withCredibleExpiration(identity: AwsCredentialIdentity, now: number): AwsCredentialIdentity {
  const { expiration, ...endless } = identity
  return expiration !== undefined && expiration.getTime() - now <= 300_000 ? endless : identity
}

/** One link of the role chain. */
interface Hop {
  readonly identity: AwsCredentialIdentity
  readonly awsAccount: AwsAccount
}

/** The chain of roles of a request: each role is assumed with the session before it. */
class RoleChain {
  readonly #request: SessionRequest
  readonly #ports: CredentialPorts
  readonly #run: Run

  constructor(request: SessionRequest, ports: CredentialPorts, run: Run) {
    this.#request = request
    this.#ports = ports
    this.#run = run
  }

  async walk(): Promise<Hop> {
    const { roles, credentialSource } = this.#request
    const [firstRole] = roles
    let hop =
      credentialSource.kind === 'oidc' && firstRole !== undefined ? await this.#assumeWithToken(firstRole) : undefined
    let identity = hop?.identity ?? (await this.#readFirstCredentials())
    for (const role of hop === undefined ? roles : roles.slice(1)) {
      hop = await this.#assumeRole(role, identity)
      identity = hop.identity
    }
    return hop ?? { identity, awsAccount: await this.#readAccount(identity) }
  }

  async #readFirstCredentials(): Promise<AwsCredentialIdentity> {
    const { accessKey, defaultChain, mask } = this.#ports
    const isAccessKey = this.#request.credentialSource.kind === 'access-key'
    const identity = isAccessKey ? accessKey() : await defaultChain()
    maskIdentity(identity, isAccessKey ? originsInVariables : originsIn("the AWS SDK's default chain"), mask)
    return identity
  }

  async #assumeWithToken(role: Role): Promise<Hop> {
    const { connectSts, fetchIdToken, mask } = this.#ports
    const sts = connectSts(undefined)
    let token = ''
    const response = await this.#ask(
      async (abortSignal) => {
        // A token is valid for five minutes, so each try requests a new one.
        token = ''
        token = await fetchIdToken(this.#request.audience, abortSignal)
        mask(token, "the job's OIDC token")
        const input = { ...this.#parametersOf(role), WebIdentityToken: token }
        return await sts.send(new AssumeRoleWithWebIdentityCommand(input), { abortSignal })
      },
      () => (token === '' ? "the job's OIDC token from GitHub" : `STS to let this job assume ${role.arn}`),
      (cause) => explainTokenRefusal(role, this.#request, token, cause),
    )
    return this.#readHop(role, response)
  }

  async #assumeRole(role: Role, caller: AwsCredentialIdentity): Promise<Hop> {
    const { roles, credentialSource, externalId, sourceIdentity, sessionTags } = this.#request
    const tags = [...sessionTags].map(([Key, Value]) => ({ Key, Value }))
    // A token has a source identity of its own.
    const isFirstWithCredentials = role === roles[credentialSource.kind === 'oidc' ? 1 : 0]
    const command = new AssumeRoleCommand({
      ...this.#parametersOf(role),
      ...(isFirstWithCredentials ? { SourceIdentity: sourceIdentity } : {}),
      ...(role === roles.at(-1) ? { ExternalId: externalId, Tags: tags.length > 0 ? tags : undefined } : {}),
    })
    const sts = this.#ports.connectSts(caller)
    const response = await this.#ask(
      (abortSignal) => sts.send(command, { abortSignal }),
      () => `STS to let these credentials assume ${role.arn}`,
      (cause) => explainRoleRefusal(role, this.#request, cause),
    )
    return this.#readHop(role, response)
  }

  async #readAccount(identity: AwsCredentialIdentity): Promise<AwsAccount> {
    const sts = this.#ports.connectSts(identity)
    const { Arn } = await this.#ask(
      (abortSignal) => sts.send(new GetCallerIdentityCommand({}), { abortSignal }),
      () => 'STS to identify the credentials',
      explainIdentityRefusal,
    )
    return accountOf(Arn)
  }

  /** Sends a call with retries, and explains a failure that has no remedy yet. */
  async #ask<Response>(
    send: (abortSignal: AbortSignal) => Promise<Response>,
    waitingFor: () => string,
    explain: (cause: unknown) => RemedyError,
  ): Promise<Response> {
    return await retry(this.#run, send, waitingFor).catch((error: unknown) => {
      throw error instanceof RemedyError ? error : explain(error)
    })
  }

  /** The parameters that both ways to assume a role have. */
  #parametersOf(role: Role) {
    const { roles, roleSessionName, roleDurationSeconds, sessionPolicy } = this.#request
    return {
      RoleArn: role.arn,
      RoleSessionName: roleSessionName,
      DurationSeconds: roleDurationSeconds,
      ...(role === roles.at(-1) ? { Policy: sessionPolicy } : {}),
    }
  }

  #readHop(role: Role, { Credentials, AssumedRoleUser }: AssumeRoleResponse): Hop {
    const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = Credentials ?? {}
    if (!AccessKeyId || !SecretAccessKey || !SessionToken) {
      throw unusableAnswer(`STS answered for ${role.arn}, but without credentials.`)
    }
    const identity = {
      accessKeyId: AccessKeyId,
      secretAccessKey: SecretAccessKey,
      sessionToken: SessionToken,
      // An emulator may give no date.
      ...(Expiration instanceof Date ? { expiration: Expiration } : {}),
    }
    maskIdentity(identity, originsIn(`the session of ${role.arn}`), this.#ports.mask)
    return { identity, awsAccount: accountOf(AssumedRoleUser?.Arn) }
  }
}

function accountOf(arn: string | undefined): AwsAccount {
  const [, partition, account] = /^arn:([^:]+):(?:sts|iam)::(\d{12}):/.exec(arn ?? '') ?? []
  if (partition === undefined || account === undefined) {
    throw unusableAnswer('STS did not report which account the credentials belong to.')
  }
  return { partition, account }
}

function unusableAnswer(message: string): RemedyError {
  return new RemedyError(message, 'Check that AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_STS are addresses of STS.')
}
