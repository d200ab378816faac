import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { openConnections } from '../src/connections.ts'
import { aRun } from './support/fakes.ts'

let server: Server | undefined

afterEach(() => {
  server?.closeAllConnections()
  server?.close()
})

async function tokenEndpoint(answer: RequestListener) {
  server = createServer(answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return openConnections(
    'ap-south-1',
    {
      ACTIONS_ID_TOKEN_REQUEST_URL: `http://127.0.0.1:${port}/token?api-version=2`,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'request-token',
      AWS_ACCESS_KEY_ID: 'key',
      AWS_SECRET_ACCESS_KEY: 'secret',
      AWS_SESSION_TOKEN: 'token',
    },
    aRun(),
  )
}

const signal = new AbortController().signal

it("asks for the job's token with the audience, and shows who asks", async () => {
  let seen: unknown
  const { fetchIdToken } = await tokenEndpoint(({ method, url, headers }, response) => {
    seen = { method, url, authorization: headers.authorization }
    response.end(JSON.stringify({ value: 'the.id.token' }))
  })
  expect(await fetchIdToken('sts.amazonaws.com', signal)).toBe('the.id.token')
  expect(seen).toEqual({
    method: 'GET',
    url: '/token?api-version=2&audience=sts.amazonaws.com',
    authorization: 'Bearer request-token',
  })
})

it('fails with a status that decides whether it is tried again, and does not show the body', async () => {
  const { fetchIdToken } = await tokenEndpoint((_, response) => response.writeHead(503).end('{"value":"secret"}'))
  await expect(fetchIdToken('x', signal)).rejects.toMatchObject({
    message: "GitHub answered the request for the job's OIDC token with status 503",
    $metadata: { httpStatusCode: 503 },
  })
})

it.each(['<html>', '{}', 'null', '{"value":""}', '{"value":1}'])(
  'fails on an answer without a token: %s',
  async (body) => {
    const { fetchIdToken } = await tokenEndpoint((_, response) => response.end(body))
    await expect(fetchIdToken('x', signal)).rejects.toThrow('but not with a token')
  },
)

it('gives up when it is told to', async () => {
  const stopping = new AbortController()
  const { fetchIdToken } = await tokenEndpoint(() => stopping.abort())
  await expect(fetchIdToken('x', stopping.signal)).rejects.toMatchObject({ name: 'AbortError' })
})

it('makes clients that neither retry by themselves nor share credentials that they were not given', async () => {
  const { connectSts, accessKey, clientOptions, defaultChain } = await tokenEndpoint(() => undefined)
  expect(accessKey()).toEqual({ accessKeyId: 'key', secretAccessKey: 'secret', sessionToken: 'token' })
  const { config } = connectSts({ accessKeyId: 'a', secretAccessKey: 'b' })
  expect(await config.credentials()).toMatchObject({ accessKeyId: 'a' })
  expect(await config.maxAttempts()).toBe(1)
  expect(clientOptions.maxAttempts).toBe(1)
  process.env.AWS_ACCESS_KEY_ID = 'key-of-the-process'
  process.env.AWS_SECRET_ACCESS_KEY = 'secret-of-the-process'
  expect(await defaultChain()).toMatchObject({ accessKeyId: 'key-of-the-process' })
  delete process.env.AWS_ACCESS_KEY_ID
  delete process.env.AWS_SECRET_ACCESS_KEY
  expect(openConnections('ap-south-1', {}, aRun()).accessKey()).toEqual({ accessKeyId: '', secretAccessKey: '' })
  expect(connectSts(undefined)).toBeDefined()
})
