import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts'
import { openConnections, type TimeOuts } from '../../src/aws/connections.ts'
import { classifyFailure } from '../../src/aws/failures.ts'
import { retry } from '../../src/aws/retry.ts'
import { StoppedError } from '../../src/errors/errors.ts'
import { aRun } from '../support/fakes.ts'

let server: Server | undefined

afterEach(() => {
  server?.closeAllConnections()
  server?.close()
})

async function tokenEndpoint(answer: RequestListener, query = '?api-version=2', timeOuts?: TimeOuts) {
  server = createServer(answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const environment = {
    ACTIONS_ID_TOKEN_REQUEST_URL: `http://127.0.0.1:${port}/token${query}`,
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'request-token',
    AWS_ACCESS_KEY_ID: 'key',
    AWS_SECRET_ACCESS_KEY: 'secret',
    AWS_SESSION_TOKEN: 'token',
  }
  return openConnections('ap-south-1', jobWith(environment), aRun(), timeOuts)
}

function jobWith(environment: Readonly<Record<string, string>>) {
  return { environment, mask: () => undefined }
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

it('gives up on an answer that stops in the middle when it is told to', async () => {
  const stopping = new AbortController()
  const { fetchIdToken } = await tokenEndpoint((_, response) => {
    response.writeHead(200)
    response.write('{"val', () => setTimeout(() => stopping.abort(), 20))
  })
  await expect(fetchIdToken('x', stopping.signal)).rejects.toBeDefined()
})

it('a page instead of a token passes, whatever its status: the request is made again', async () => {
  let asked = 0
  const { fetchIdToken } = await tokenEndpoint((_, response) => {
    asked += 1
    response.end(asked < 3 ? '<html>Please wait</html>' : '{"value":"the.id.token"}')
  })
  expect(await retry(aRun(), (abort) => fetchIdToken('x', abort))).toBe('the.id.token')
  expect(asked).toBe(3)
})

it.each([500, 502, 429])('an answer of %d passes: the request is made again', async (status) => {
  let asked = 0
  const { fetchIdToken } = await tokenEndpoint((_, response) => {
    asked += 1
    if (asked < 3) response.writeHead(status).end('busy')
    else response.end('{"value":"the.id.token"}')
  })
  const run = aRun()
  expect(await retry(run, (abort) => fetchIdToken('x', abort))).toBe('the.id.token')
  expect([asked, run.clock.sleeps.length]).toEqual([3, 2])
})

it('an answer of 403 stays: the request is made once', async () => {
  let asked = 0
  const { fetchIdToken } = await tokenEndpoint((_, response) => {
    asked += 1
    response.writeHead(403).end()
  })
  await expect(retry(aRun(), (abort) => fetchIdToken('x', abort))).rejects.toMatchObject({ name: 'IdTokenError' })
  expect(asked).toBe(1)
})

it('replaces an audience that the address names already, and keeps what else it asks for', async () => {
  let seen = ''
  const { fetchIdToken } = await tokenEndpoint(({ url }, response) => {
    seen = url ?? ''
    response.end('{"value":"the.id.token"}')
  }, '?audience=another&a=%26b')
  expect(await fetchIdToken('https://a.example/?b=c&d', signal)).toBe('the.id.token')
  expect([...new URL(seen, 'http://127.0.0.1').searchParams].sort()).toEqual([
    ['a', '&b'],
    ['audience', 'https://a.example/?b=c&d'],
  ])
})

it('asks nothing where it was told to give up before, or does not know whom to ask', async () => {
  const ofJob = { ACTIONS_ID_TOKEN_REQUEST_URL: 'https://token.invalid/' }
  const given = openConnections('ap-south-1', jobWith(ofJob), aRun())
  await expect(given.fetchIdToken('x', AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' })
  const none = openConnections('ap-south-1', jobWith({}), aRun())
  await expect(none.fetchIdToken('x', signal)).rejects.toMatchObject({ code: 'ERR_INVALID_URL' })
})

it("masks what is sent to log in, the SDK's own chain included, with the name that each can be told by", async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tokens-'))
  await writeFile(join(folder, 'web'), 'token-of-the-web\n')
  const masked: (readonly [string, string])[] = []
  const mask = (secret: string, origin: string) => void (secret === '' || masked.push([secret, origin]))
  const environment = {
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'token-of-the-request',
    AWS_CONTAINER_AUTHORIZATION_TOKEN: 'token-of-the-container',
    AWS_WEB_IDENTITY_TOKEN_FILE: join(folder, 'web'),
    AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: join(folder, 'not-there'),
  }
  const run = aRun()
  run.abortNow(new StoppedError('The run was cancelled.', 'Run it again.'))
  const { defaultChain } = openConnections('ap-south-1', { environment, mask }, run)
  await expect(defaultChain()).rejects.toMatchObject({ name: 'StoppedError' })
  expect(masked).toEqual([
    ['token-of-the-request', 'ACTIONS_ID_TOKEN_REQUEST_TOKEN'],
    ['token-of-the-container', 'AWS_CONTAINER_AUTHORIZATION_TOKEN'],
    ['token-of-the-web', 'file of AWS_WEB_IDENTITY_TOKEN_FILE'],
  ])
  await rm(folder, { recursive: true })
})

it('hands out no credentials when the run is over', async () => {
  process.env.AWS_ACCESS_KEY_ID = 'key-of-the-process'
  process.env.AWS_SECRET_ACCESS_KEY = 'secret-of-the-process'
  const run = aRun()
  const { defaultChain } = openConnections('ap-south-1', jobWith({}), run)
  expect(await defaultChain()).toMatchObject({ accessKeyId: 'key-of-the-process' })
  const over = new StoppedError('The run was cancelled.', 'Run it again.')
  run.abortNow(over)
  await expect(defaultChain()).rejects.toBe(over)
  delete process.env.AWS_ACCESS_KEY_ID
  delete process.env.AWS_SECRET_ACCESS_KEY
})

it('waits 5 s for a connection and 10 s for an answer, and then fails', async () => {
  const { clientOptions, fetchIdToken } = await tokenEndpoint((_, response) => response.end('{"value":"the.id.token"}'))
  // The handler knows its settings from the first request on.
  await fetchIdToken('x', signal)
  expect(clientOptions.requestHandler.httpHandlerConfigs()).toMatchObject({
    connectionTimeout: 5000,
    requestTimeout: 10_000,
    throwOnRequestTimeout: true,
    httpAgent: { keepAlive: true, maxSockets: 50 },
    httpsAgent: { keepAlive: true, maxSockets: 50 },
  })
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
  const pair = { AWS_ACCESS_KEY_ID: 'key', AWS_SECRET_ACCESS_KEY: 'secret' }
  expect(openConnections('ap-south-1', jobWith(pair), aRun()).accessKey()).toStrictEqual({
    accessKeyId: 'key',
    secretAccessKey: 'secret',
  })
  expect(openConnections('ap-south-1', jobWith({}), aRun()).accessKey()).toEqual({
    accessKeyId: '',
    secretAccessKey: '',
  })
  expect(connectSts(undefined)).toBeDefined()
})

it.each<[string, RequestListener]>([
  ['never begins', () => undefined],
  ['stalls in the middle', (_, response) => response.writeHead(200, { 'content-length': 100 }).write('{"va')],
])('gives up an answer that %s, as something to try again', async (_, answer) => {
  const { fetchIdToken } = await tokenEndpoint(answer, '', { connect: 1000, request: 100 })
  const error = await fetchIdToken('x', signal).catch((thrown: unknown) => thrown)
  expect(classifyFailure(error)).toBe('unavailable')
})

it('signs for its region whatever scheme a variable prefers, and works without a mode of defaults', async () => {
  let seen: string | undefined
  server = createServer(({ headers }, response) => {
    seen = headers.authorization
    response.writeHead(503).end()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const variables = {
    AWS_ENDPOINT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    AWS_AUTH_SCHEME_PREFERENCE: 'sigv4a',
    AWS_DEFAULTS_MODE: '',
    AWS_RETRY_MODE: 'adaptive',
  }
  Object.assign(process.env, variables)
  const { connectSts } = openConnections('ap-south-1', jobWith({}), aRun())
  const sts = connectSts({ accessKeyId: 'a', secretAccessKey: 'b' })
  await expect(sts.send(new GetCallerIdentityCommand({}))).rejects.toMatchObject({ $metadata: { httpStatusCode: 503 } })
  expect(seen).toMatch(/^AWS4-HMAC-SHA256 Credential=a\/\d{8}\/ap-south-1\/sts\/aws4_request/)
  for (const name of Object.keys(variables)) delete process.env[name]
})

it('warns of settings that are not read before anything is called', () => {
  const run = aRun()
  const warned: string[] = []
  const sdkSettings = { endpoints: [], warnings: ['AWS_CA_BUNDLE is set.'] }
  const warning = (title: string, message: string) => void warned.push(`${title}: ${message}`)
  openConnections('ap-south-1', { ...jobWith({}), warning, sdkSettings }, run)
  expect(warned).toEqual(['Tenant Tables: AWS_CA_BUNDLE is set.'])
})

it.each([
  ['the token', 'ACTIONS_ID_TOKEN_REQUEST_URL'],
  ['STS', 'AWS_ENDPOINT_URL_STS'],
])('names the variable that holds the address of %s where nobody listens there', async (what, setting) => {
  const environment = { ACTIONS_ID_TOKEN_REQUEST_URL: 'http://127.0.0.1:9/token' }
  const endpoint = { service: 'STS', url: 'http://127.0.0.1:8', setting: 'AWS_ENDPOINT_URL_STS' }
  const job = { ...jobWith(environment), sdkSettings: { endpoints: [endpoint], warnings: [] } }
  process.env.AWS_ENDPOINT_URL_STS = endpoint.url
  const { connectSts, fetchIdToken } = openConnections('ap-south-1', job, aRun())
  const sts = connectSts({ accessKeyId: 'a', secretAccessKey: 'b' })
  const call = what === 'STS' ? sts.send(new GetCallerIdentityCommand({})) : fetchIdToken('x', signal)
  await expect(call).rejects.toMatchObject({
    name: 'UnreachableError',
    remedy: `Check ${setting}, and that a server listens at this address.`,
  })
  delete process.env.AWS_ENDPOINT_URL_STS
})
