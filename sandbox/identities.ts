/** Who may call: every access key there is, and the account that each leads to. */
import { randomBytes } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { AwsError } from './errors.ts'
import type { AccessKey } from './options.ts'

export interface Caller {
  /** ARN of a user, or of a role's session. */
  readonly arn: string
  readonly account: string
  readonly partition: string
  /** A session of a role: role chaining begins with it. */
  readonly isRoleSession: boolean
}

export interface SessionKey {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string
  readonly expiresAt: number
}

export class Identities {
  readonly #keys = new Map<string, AccessKey>()
  readonly #secrets: string[] = []
  readonly #now: () => number

  constructor(accessKeys: readonly AccessKey[], now: () => number) {
    this.#now = now
    for (const key of accessKeys) this.#remember(key)
  }

  /** Everything that must never be seen outside the process it was given to. */
  get secrets(): readonly string[] {
    return this.#secrets
  }

  /** A secret of another kind, such as an OIDC token. */
  keepSecret(secret: string): void {
    this.#secrets.push(secret)
  }

  issue(principal: string, seconds: number): SessionKey {
    const key = {
      accessKeyId: `ASIA${randomBytes(8).toString('hex').toUpperCase()}`,
      secretAccessKey: randomBytes(30).toString('base64'),
      sessionToken: randomBytes(120).toString('base64'),
      expiresAt: this.#now() + seconds * 1000,
    }
    this.#remember({ ...key, principal })
    return key
  }

  /** Ends every session that was issued, as a clock that ran on would. */
  expireSessions(): void {
    for (const [id, key] of this.#keys) if (id.startsWith('ASIA')) this.#keys.set(id, { ...key, expiresAt: 0 })
  }

  /**
   * The caller of a signed request, and the region that it was signed for.
   *
   * @throws {AwsError} with the names that DynamoDB or STS use for it
   */
  authenticate(headers: IncomingHttpHeaders, service: 'dynamodb' | 'sts'): { caller: Caller; region: string } {
    const unknown = () =>
      service === 'sts'
        ? new AwsError('InvalidClientTokenId', 'The security token included in the request is invalid.', 403)
        : new AwsError('UnrecognizedClientException', 'The security token included in the request is invalid.')
    const [, id = '', region = ''] = /Credential=([^/]+)\/\d{8}\/([^/]+)\//.exec(headers.authorization ?? '') ?? []
    const key = this.#keys.get(id)
    if (key === undefined || (key.sessionToken ?? '') !== (headers['x-amz-security-token'] ?? '')) throw unknown()
    if (key.expiresAt !== undefined && key.expiresAt <= this.#now()) {
      throw service === 'sts'
        ? new AwsError('ExpiredToken', 'The security token included in the request is expired', 403)
        : new AwsError('ExpiredTokenException', 'The security token included in the request is expired')
    }
    return { caller: callerOf(key.principal), region }
  }

  #remember(key: AccessKey): void {
    this.#keys.set(key.accessKeyId, key)
    this.#secrets.push(key.secretAccessKey)
    if (key.sessionToken !== undefined) this.#secrets.push(key.sessionToken, key.accessKeyId)
  }
}

export function callerOf(arn: string): Caller {
  const [, partition = '', service, , account = ''] = arn.split(':')
  return { arn, account, partition, isRoleSession: service === 'sts' }
}
