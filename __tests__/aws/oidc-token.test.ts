import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { classifyFailure } from '../../src/aws/failures.ts'
import { requestIdToken } from '../../src/aws/oidc-token.ts'
import { retry } from '../../src/aws/retry.ts'
import { defaultTimeOuts, openNetwork } from '../../src/network/network.ts'
import { aRun } from '../support/fakes.ts'

let server: Server | undefined

afterEach(() => {
  server?.closeAllConnections()
  server?.close()
})

/** Requests a token from a server of this machine, with an audience and a signal. */
async function tokenEndpoint(answer: RequestListener, query = '?api-version=2', timeOuts = defaultTimeOuts) {
  server = createServer(answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const environment = {
    ACTIONS_ID_TOKEN_REQUEST_URL: `http://127.0.0.1:${port}/token${query}`,
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'request-token',
  }
  const { requestHandler } = openNetwork(() => 'a setting', aRun(), timeOuts)
  return (audience: string, signal: AbortSignal) => requestIdToken(requestHandler, environment, audience, signal)
}

const signal = new AbortController().signal

it("requests the job's token for the audience, with the job's request token", async () => {
  let seen: unknown
  const request = await tokenEndpoint(({ method, url, headers }, response) => {
    seen = { method, url, authorization: headers.authorization }
    response.end(JSON.stringify({ value: 'the.id.token' }))
  })
  expect(await request('sts.amazonaws.com', signal)).toBe('the.id.token')
  expect(seen).toEqual({
    method: 'GET',
    url: '/token?api-version=2&audience=sts.amazonaws.com',
    authorization: 'Bearer request-token',
  })
})

it('replaces an audience that the URL already has, and keeps the other parameters', async () => {
  let seen = ''
  const request = await tokenEndpoint(({ url }, response) => {
    seen = url ?? ''
    response.end('{"value":"the.id.token"}')
  }, '?audience=another&a=%26b')
  expect(await request('https://a.example/?b=c&d', signal)).toBe('the.id.token')
  expect([...new URL(seen, 'http://127.0.0.1').searchParams].sort()).toEqual([
    ['a', '&b'],
    ['audience', 'https://a.example/?b=c&d'],
  ])
})

it.each([500, 502, 503, 429])('repeats the request after a response with status %d', async (status) => {
  let requests = 0
  const request = await tokenEndpoint((_, response) => {
    requests += 1
    if (requests < 3) response.writeHead(status).end('busy')
    else response.end('{"value":"the.id.token"}')
  })
  const run = aRun()
  expect(
    await retry(
      run,
      (abort) => request('x', abort),
      () => 'the token',
    ),
  ).toBe('the.id.token')
  expect([requests, run.clock.sleeps.length]).toEqual([3, 2])
})

it('does not repeat the request after status 403, and does not show the body of the response', async () => {
  let requests = 0
  const request = await tokenEndpoint((_, response) => {
    requests += 1
    response.writeHead(403).end('{"value":"secret"}')
  })
  await expect(
    retry(
      aRun(),
      (abort) => request('x', abort),
      () => 'the token',
    ),
  ).rejects.toMatchObject({
    name: 'IdTokenError',
    message: "GitHub answered the request for the job's OIDC token with status 403",
    status: 403,
  })
  expect(requests).toBe(1)
})

it.each(['<html>', '{}', 'null', '{"value":""}', '{"value":1}'])(
  'refuses a response without a token: %s',
  async (body) => {
    const request = await tokenEndpoint((_, response) => response.end(body))
    await expect(request('x', signal)).rejects.toMatchObject({
      name: 'RemedyError',
      message: "GitHub answered the request for the job's OIDC token, but not with a token.",
    })
  },
)

it('fails without a request where the URL is missing, or where the signal fired before', async () => {
  const { requestHandler } = openNetwork(() => 'a setting', aRun(), defaultTimeOuts)
  const ofJob = { ACTIONS_ID_TOKEN_REQUEST_URL: 'https://token.invalid/' }
  const aborted = requestIdToken(requestHandler, ofJob, 'x', AbortSignal.abort())
  await expect(aborted).rejects.toMatchObject({ name: 'AbortError' })
  await expect(requestIdToken(requestHandler, {}, 'x', signal)).rejects.toMatchObject({ code: 'ERR_INVALID_URL' })
})

it('ends a request when the signal fires before the response, or within it', async () => {
  const [before, within] = [new AbortController(), new AbortController()]
  const unanswered = await tokenEndpoint(() => before.abort())
  await expect(unanswered('x', before.signal)).rejects.toMatchObject({ name: 'AbortError' })
  server?.close()
  const begun = await tokenEndpoint((_, response) => {
    response.writeHead(200)
    response.write('{"val', () => setTimeout(() => within.abort(), 20))
  })
  await expect(begun('x', within.signal)).rejects.toBeDefined()
})

it.each<[string, RequestListener]>([
  ['never begins', () => undefined],
  ['stalls in the middle', (_, response) => response.writeHead(200, { 'content-length': 100 }).write('{"va')],
])('times out on a response that %s, as a failure to try again', async (_, answer) => {
  const request = await tokenEndpoint(answer, '', { connect: 1000, request: 100 })
  const error = await request('x', signal).catch((thrown: unknown) => thrown)
  expect(classifyFailure(error)).toBe('unavailable')
})
