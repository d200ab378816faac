/** GitHub's OIDC provider: issues tokens to jobs, and verifies them for STS. */
import { createSign, createVerify, generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'

export const issuer = 'https://token.actions.githubusercontent.com'

const lifetimeSeconds = 300

export type Claims = Readonly<Record<string, unknown>>

export class OidcProvider {
  /** The bearer token with which a job requests an OIDC token. */
  readonly requestToken = randomBytes(32).toString('base64url')
  readonly #keys = generateKeyPairSync('rsa', { modulusLength: 2048 })
  readonly #claims: Claims
  readonly #now: () => number

  constructor(claims: Claims, now: () => number) {
    this.#claims = claims
    this.#now = now
  }

  isJob(headers: IncomingHttpHeaders): boolean {
    return headers.authorization === `Bearer ${this.requestToken}`
  }

  issue(audience: string): string {
    const seconds = Math.floor(this.#now() / 1000)
    const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const content = `${encode({ alg: 'RS256', typ: 'JWT', kid: 'sandbox' })}.${encode({
      iss: issuer,
      ...this.#claims,
      aud: audience,
      jti: randomUUID(),
      iat: seconds,
      exp: seconds + lifetimeSeconds,
    })}`
    return `${content}.${createSign('RSA-SHA256').update(content).sign(this.#keys.privateKey).toString('base64url')}`
  }

  /** Returns the claims; 'expired' for an expired token, undefined for one of another issuer. */
  verify(token: string): Claims | 'expired' | undefined {
    const [header = '', payload = '', signature = ''] = token.split('.')
    const isOurs = createVerify('RSA-SHA256')
      .update(`${header}.${payload}`)
      .verify(this.#keys.publicKey, Buffer.from(signature, 'base64url'))
    if (!isOurs) return undefined
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as Claims
    return Number(claims.exp) * 1000 <= this.#now() ? 'expired' : claims
  }
}
