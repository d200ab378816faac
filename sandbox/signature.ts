/**
 * Verification of Signature Version 4: the signature is computed again from the request and the secret key.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
import { createHash, createHmac } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'

export interface SignedRequest {
  readonly method: string
  /** Path and query as sent. */
  readonly target: string
  readonly headers: IncomingHttpHeaders
  readonly body: Uint8Array
}

export interface Authorization {
  readonly accessKeyId: string
  /** Such as `20260101/ap-south-1/dynamodb/aws4_request`. */
  readonly scope: string
  readonly day: string
  readonly region: string
  readonly service: string
  readonly signedHeaders: readonly string[]
  readonly signature: string
}

const algorithm = 'AWS4-HMAC-SHA256'
const authorizationForm =
  /^AWS4-HMAC-SHA256 Credential=([^/,\s]+)\/((\d{8})\/([^/]+)\/([^/]+)\/aws4_request),\s*SignedHeaders=([^,\s]+),\s*Signature=([^,\s]+)$/

/** Parses the Authorization header; undefined for no header or another scheme. */
export function readAuthorization(headers: IncomingHttpHeaders): Authorization | undefined {
  const match = authorizationForm.exec(headers.authorization ?? '')
  if (match === null) return undefined
  const [, accessKeyId = '', scope = '', day = '', region = '', service = '', names = '', signature = ''] = match
  return { accessKeyId, scope, day, region, service, signedHeaders: names.split(';'), signature }
}

/** Reads X-Amz-Date, in milliseconds since the epoch; undefined if it is absent or invalid. */
export function signedAt(headers: IncomingHttpHeaders): number | undefined {
  const [, year, month, day, hours, minutes, seconds] =
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(String(headers['x-amz-date'] ?? '')) ?? []
  if (year === undefined) return undefined
  return Date.parse(`${year}-${month}-${day}T${hours}:${minutes}:${seconds}Z`)
}

/** Formats a time as in X-Amz-Date. */
export function amzDate(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/[-:]|\.\d{3}/g, '')
}

/** Computes the signature that the request should have. */
export function signatureOf(request: SignedRequest, authorization: Authorization, secretAccessKey: string): string {
  const { day, region, service, scope } = authorization
  const content = [
    algorithm,
    String(request.headers['x-amz-date'] ?? ''),
    scope,
    hash(canonicalRequest(request, authorization.signedHeaders)),
  ].join('\n')
  const key = [day, region, service, 'aws4_request'].reduce<Buffer | string>(sign, `AWS4${secretAccessKey}`)
  return sign(key, content).toString('hex')
}

function canonicalRequest({ method, target, headers, body }: SignedRequest, signedHeaders: readonly string[]): string {
  const [path = '/', query = ''] = target.split('?')
  const values = signedHeaders.map(
    (name) =>
      `${name}:${String(headers[name] ?? '')
        .trim()
        .replace(/ +/g, ' ')}\n`,
  )
  return [method, path, query.split('&').sort().join('&'), values.join(''), signedHeaders.join(';'), hash(body)].join(
    '\n',
  )
}

function sign(key: Buffer | string, content: string): Buffer {
  return createHmac('sha256', key).update(content).digest()
}

function hash(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex')
}
