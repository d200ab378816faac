/** The access keys that the sandbox accepts, and the caller of each. */
import { randomBytes } from 'node:crypto'
import { AwsError } from './errors.ts'
import type { AccessKey } from './options.ts'
import type { SessionParameters } from './session-parameters.ts'
import {
  type Authorization,
  amzDate,
  readAuthorization,
  type SignedRequest,
  signatureOf,
  signedAt,
} from './signature.ts'

export interface Caller {
  /** ARN of a user or of a role session. */
  readonly arn: string
  readonly account: string
  readonly partition: string
  /** AssumeRole by a role session is role chaining. */
  readonly isRoleSession: boolean
  /** Parameters of the AssumeRole call that began the session. */
  readonly session?: SessionParameters
}

export interface SessionKey {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string
  readonly expiresAt: number
}

type SignedService = 'dynamodb' | 'kms' | 'sts'

interface KnownKey extends AccessKey {
  readonly session?: SessionParameters
}

/** The names of the same refusal at STS, and at DynamoDB and KMS, which answer in JSON. */
const refusals = {
  unsigned: { json: 'MissingAuthenticationTokenException', sts: 'MissingAuthenticationToken' },
  unknown: { json: 'UnrecognizedClientException', sts: 'InvalidClientTokenId' },
  expired: { json: 'ExpiredTokenException', sts: 'ExpiredToken' },
  signature: { json: 'InvalidSignatureException', sts: 'SignatureDoesNotMatch' },
} as const

const statuses = { json: 400, sts: 403 } as const

export class Identities {
  readonly #keys = new Map<string, KnownKey>()
  readonly #secrets: string[] = []
  readonly #now: () => number
  readonly #signatureLifetime: number

  /** @param signatureLifetime largest accepted difference between a signature's date and `now`, in milliseconds */
  constructor(accessKeys: readonly AccessKey[], now: () => number, signatureLifetime: number) {
    this.#now = now
    this.#signatureLifetime = signatureLifetime
    for (const key of accessKeys) this.#remember(key)
  }

  /** Every secret, so that tests can search outputs and logs for them. */
  get secrets(): readonly string[] {
    return this.#secrets
  }

  /** Adds a secret that is no access key, such as an OIDC token. */
  keepSecret(secret: string): void {
    this.#secrets.push(secret)
  }

  issue(principal: string, seconds: number, session: SessionParameters): SessionKey {
    const key = {
      accessKeyId: `ASIA${randomBytes(8).toString('hex').toUpperCase()}`,
      secretAccessKey: randomBytes(30).toString('base64'),
      sessionToken: randomBytes(120).toString('base64'),
      expiresAt: this.#now() + seconds * 1000,
    }
    this.#remember({ ...key, principal, session })
    return key
  }

  /** Lets every issued session expire now. */
  expireSessions(): void {
    for (const [id, key] of this.#keys) if (id.startsWith('ASIA')) this.#keys.set(id, { ...key, expiresAt: 0 })
  }

  /**
   * Returns the caller of a signed request, and the region that it is signed for.
   *
   * @throws {AwsError} with the error names of the service
   */
  authenticate(request: SignedRequest, service: SignedService): { caller: Caller; region: string } {
    const kind = service === 'sts' ? 'sts' : 'json'
    const refuse = (reason: keyof typeof refusals, message: string) =>
      new AwsError(refusals[reason][kind], message, statuses[kind])
    const authorization = readAuthorization(request.headers)
    if (authorization === undefined) throw refuse('unsigned', 'Request is missing Authentication Token')
    const key = this.#keys.get(authorization.accessKeyId)
    if (key === undefined || (key.sessionToken ?? '') !== (request.headers['x-amz-security-token'] ?? '')) {
      throw refuse('unknown', 'The security token included in the request is invalid.')
    }
    if (key.expiresAt !== undefined && key.expiresAt <= this.#now()) {
      throw refuse('expired', 'The security token included in the request is expired')
    }
    const invalid = this.#signatureError(request, authorization, key, service)
    if (invalid !== undefined) throw refuse('signature', invalid)
    return {
      caller: { ...callerOf(key.principal), ...(key.session === undefined ? {} : { session: key.session }) },
      region: authorization.region,
    }
  }

  /** Returns AWS's message for an invalid signature; undefined for a valid one. */
  #signatureError(
    request: SignedRequest,
    authorization: Authorization,
    key: AccessKey,
    service: SignedService,
  ): string | undefined {
    if (authorization.service !== service) return `Credential should be scoped to correct service: '${service}'.`
    const now = this.#now()
    const date = signedAt(request.headers)
    const lifetime = this.#signatureLifetime
    if (date === undefined || !amzDate(date).startsWith(authorization.day)) {
      return 'Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP'
    }
    const minutes = `${lifetime / 60_000} min.`
    if (date < now - lifetime) {
      return `Signature expired: ${amzDate(date)} is now earlier than ${amzDate(now - lifetime)} (${amzDate(now)} - ${minutes})`
    }
    if (date > now + lifetime) {
      return `Signature not yet current: ${amzDate(date)} is still later than ${amzDate(now + lifetime)} (${amzDate(now)} + ${minutes})`
    }
    if (signatureOf(request, authorization, key.secretAccessKey) !== authorization.signature) {
      return 'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.'
    }
    return undefined
  }

  #remember(key: KnownKey): void {
    this.#keys.set(key.accessKeyId, key)
    this.#secrets.push(key.secretAccessKey)
    if (key.sessionToken !== undefined) this.#secrets.push(key.sessionToken, key.accessKeyId)
  }
}

export function callerOf(arn: string): Caller {
  const [, partition = '', service, , account = ''] = arn.split(':')
  return { arn, account, partition, isRoleSession: service === 'sts' }
}
