/** The OIDC token of a GitHub job. */
import { text } from 'node:stream/consumers'
import { HttpRequest, parseUrl } from '@smithy/core/protocols'
import type { NodeHttpHandler } from '@smithy/node-http-handler'
import * as v from 'valibot'
import { RemedyError } from '../errors/errors.ts'
import type { Variables } from '../run/variables.ts'

/**
 * Requests a new token from the endpoint that the runner names.
 *
 * @throws an error with the name IdTokenError and its status if the endpoint answers with another one than 200
 * @throws {RemedyError} if the response holds no token
 * @see https://docs.github.com/actions/reference/security/oidc#methods-for-requesting-the-oidc-token
 */
export async function requestIdToken(
  handler: NodeHttpHandler,
  environment: Variables,
  audience: string,
  signal: AbortSignal,
): Promise<string> {
  const url = new URL(environment.ACTIONS_ID_TOKEN_REQUEST_URL ?? '')
  url.searchParams.set('audience', audience)
  const { response } = await handler.handle(
    new HttpRequest({
      ...parseUrl(url),
      method: 'GET',
      headers: {
        host: url.host,
        accept: 'application/json',
        authorization: `Bearer ${environment.ACTIONS_ID_TOKEN_REQUEST_TOKEN ?? ''}`,
      },
    }),
    { abortSignal: signal },
  )
  const body = await text(response.body)
  const { statusCode: status } = response
  if (status !== 200) {
    // The body is not shown: it may hold a token.
    const message = `GitHub answered the request for the job's OIDC token with status ${status}`
    throw Object.assign(new Error(message), { name: 'IdTokenError', status })
  }
  const parsed = v.safeParse(tokenSchema, body)
  if (parsed.success) return parsed.output.value
  throw new RemedyError(
    "GitHub answered the request for the job's OIDC token, but not with a token.",
    'Run the job again. If it fails again, see GitHub Status.',
  )
}

const tokenSchema = v.pipe(v.string(), v.parseJson(), v.object({ value: v.pipe(v.string(), v.nonEmpty()) }))
