/** An HTTP request, taken apart: which service it is for, what it asks, and of which table. */
import type { IncomingMessage } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { AwsError } from './errors.ts'
import type { LoggedRequest } from './request-log.ts'
import type { SignedRequest } from './signature.ts'
import type { Shape } from './table-record.ts'

export interface Request {
  readonly service: LoggedRequest['service']
  readonly operation: string
  readonly table?: string
  /** The parameters, tokens left out. */
  readonly input: Shape
  /** What STS was sent, tokens and all; empty for the others. */
  readonly form: URLSearchParams
  readonly signed: SignedRequest
  /** Why the body could not be read. */
  readonly flaw?: AwsError
}

/** @returns undefined for a request to nothing that is here */
export async function readRequest(message: IncomingMessage): Promise<Request | undefined> {
  const { method = '', url: target = '/', headers } = message
  const body = await buffer(message)
  const signed = { method, target, headers, body }
  const { pathname, searchParams } = new URL(target, 'http://127.0.0.1')
  if (method === 'GET' && pathname === '/oidc/token') {
    const input = Object.fromEntries(searchParams)
    return { service: 'oidc', operation: 'GetToken', input, form: new URLSearchParams(), signed }
  }
  if (method !== 'POST' || pathname !== '/') return undefined
  const dynamoDbTarget = headers['x-amz-target']
  if (typeof dynamoDbTarget === 'string') return readDynamoDbRequest(dynamoDbTarget, signed)
  const form = new URLSearchParams(body.toString('utf8'))
  const { WebIdentityToken: _, ...input } = Object.fromEntries(form)
  return { service: 'sts', operation: String(input.Action ?? ''), input, form, signed }
}

function readDynamoDbRequest(target: string, signed: SignedRequest): Request {
  const [, operation = ''] = /^DynamoDB_20120810\.(\w+)$/.exec(target) ?? []
  const { input, flaw } = parse(signed.body)
  const named = String(input.ResourceArn ?? input.TableName ?? '')
  // A table may be named by its ARN wherever its name is taken.
  const [, table = named] = /:table\/([^/]+)/.exec(named) ?? []
  return {
    service: 'dynamodb',
    operation,
    ...(table === '' ? {} : { table }),
    input,
    form: new URLSearchParams(),
    signed,
    ...(flaw === undefined ? {} : { flaw }),
  }
}

function parse(body: Uint8Array): { readonly input: Shape; readonly flaw?: AwsError } {
  try {
    const value: unknown = JSON.parse(Buffer.from(body).toString('utf8'))
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { input: { ...value } }
  } catch {
    // Answered below, as any other body that is no JSON object.
  }
  return { input: {}, flaw: new AwsError('SerializationException', 'The request body is not a JSON object') }
}
