import { once } from 'node:events'
import { createServer, request, type Server } from 'node:http'
import { createServer as createSecureServer, request as requestSecurely } from 'node:https'
import { type AddressInfo, Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { jest } from '@jest/globals'
import { generate } from 'selfsigned'
import { createConnectionPool } from '../../src/network/connection-pool.ts'
import { proxyFor } from '../../src/network/proxies.ts'

let server: Server
let sockets: Socket[]
let url: URL

beforeEach(async () => {
  sockets = []
  server = createServer((message, response) => response.end(message.url))
  server.on('connection', (socket) => sockets.push(socket))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
})

afterEach(async () => {
  jest.restoreAllMocks()
  server.closeAllConnections()
  server.close()
  await once(server, 'close')
})

const connected = async (count: number) => {
  while (sockets.length < count) await new Promise((resolve) => setImmediate(resolve))
}

function send(early: ReturnType<typeof createConnectionPool>, place = url): Promise<number | undefined> {
  const isSecure = place.protocol === 'https:'
  const begin = isSecure ? requestSecurely : request
  const agent = isSecure ? early.httpsAgent : early.httpAgent
  return new Promise((resolve, reject) => {
    const sent = begin(place, { agent, rejectUnauthorized: false }, (answer) => {
      answer.resume()
      answer.on('end', () => resolve(answer.statusCode))
    })
    sent.on('error', reject)
    sent.end()
  })
}

it('opens connections without sending anything, and later requests use them', async () => {
  const early = createConnectionPool(10, proxyFor)
  let requests = 0
  server.on('request', () => {
    requests += 1
  })
  early.open(url, 3)
  await connected(3)
  expect(requests).toBe(0)

  await expect(Promise.all([send(early), send(early), send(early)])).resolves.toEqual([200, 200, 200])
  expect(sockets).toHaveLength(3)

  await Promise.all([send(early), send(early), send(early), send(early)])
  expect(sockets).toHaveLength(4)
})

it('does not give a request an early connection that was closed', async () => {
  const early = createConnectionPool(10, proxyFor)
  early.open(url, 2)
  await connected(2)
  // Ended, not destroyed: a socket closes when the other side has seen the end.
  await Promise.all(sockets.map((socket) => once(socket.end(), 'close')))
  await expect(send(early)).resolves.toBe(200)
  expect(sockets).toHaveLength(3)
})

it('ignores an early connection that cannot be opened', async () => {
  const early = createConnectionPool(10, proxyFor)
  early.open(new URL('http://127.0.0.1:9/'), 2)
  await expect(send(early)).resolves.toBe(200)
})

it('opens an early connection to an IPv6 address, which the request uses', async () => {
  server.close()
  await once(server, 'close')
  server.listen(0, '::1')
  await once(server, 'listening')
  url = new URL(`http://[::1]:${(server.address() as AddressInfo).port}/`)
  const early = createConnectionPool(10, proxyFor)
  early.open(url, 1)
  await expect(send(early)).resolves.toBe(200)
  expect(sockets).toHaveLength(1)
})

describe('an early connection that fails', () => {
  /** Its certificate is trusted by the request alone, so that each early connection fails. */
  async function untrusted(): Promise<{ readonly place: URL; readonly close: () => Promise<unknown> }> {
    const { private: key, cert } = await generate([{ name: 'commonName', value: 'test' }], { keyType: 'ec' })
    const secure = createSecureServer({ key, cert }, (_, response) => response.end())
    secure.listen(0, '127.0.0.1')
    await once(secure, 'listening')
    return {
      place: new URL(`https://127.0.0.1:${(secure.address() as AddressInfo).port}/`),
      close: () => {
        const closed = once(secure, 'close')
        secure.closeAllConnections()
        secure.close()
        return closed
      },
    }
  }

  it('is replaced by a new one where a request was already waiting for it', async () => {
    const { place, close } = await untrusted()
    const early = createConnectionPool(10, proxyFor)
    early.open(place, 2)
    await expect(Promise.all([1, 2, 3].map(() => send(early, place)))).resolves.toEqual([200, 200, 200])
    await close()
  })

  it('is skipped by later requests', async () => {
    const { place, close } = await untrusted()
    const connect = jest.spyOn(Socket.prototype, 'connect')
    const early = createConnectionPool(10, proxyFor)
    early.open(place, 2)
    await Promise.all(connect.mock.contexts.map((socket) => once(socket as Socket, 'close').catch(() => undefined)))
    await expect(send(early, place)).resolves.toBe(200)
    await close()
  })

  it('does not change the error of the connection that the request opens itself', async () => {
    const early = createConnectionPool(10, proxyFor)
    server.close()
    await once(server, 'close')
    early.open(url, 1)
    await expect(send(early)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  })
})

it.each([
  ['https://localhost/', 443, TLSSocket],
  ['https://127.0.0.1:8443/', 8443, TLSSocket],
  ['http://127.0.0.1/', 80, Socket],
])('opens an early connection to %s at port %i, with TLS for https', (address, port, kind) => {
  const connect = jest.spyOn(Socket.prototype, 'connect').mockReturnThis()
  const early = createConnectionPool(10, proxyFor)
  early.open(new URL(address), 1)
  expect(connect.mock.calls.flat(2)).toContainEqual(expect.objectContaining({ host: new URL(address).hostname, port }))
  expect(connect.mock.contexts.map((socket) => (socket as Socket).constructor)).toEqual([kind])
  early.close()
})

it('closes all connections, those that no request used included', async () => {
  const early = createConnectionPool(10, proxyFor)
  early.open(url, 2)
  await connected(2)
  await send(early)
  const closed = Promise.all(sockets.map((socket) => once(socket, 'close')))
  early.close()
  await expect(closed).resolves.toHaveLength(2)
})

it('does not give an early connection to a request to another host', async () => {
  const early = createConnectionPool(10, proxyFor)
  early.open(new URL(`http://localhost:${url.port}/`), 1)
  await send(early)
  expect(sockets.length).toBeGreaterThanOrEqual(1)
  expect(early.httpAgent.freeSockets[`${url.hostname}:${url.port}:`]).toHaveLength(1)
})

it('resolves `waiting` when the first request has been sent, and not before', async () => {
  const early = createConnectionPool(10, proxyFor)
  const order: string[] = []
  early.waiting.then(
    () => order.push('waiting'),
    () => undefined,
  )
  early.open(url, 1)
  await connected(1)
  expect(order).toEqual([])
  const another = createConnectionPool(10, proxyFor)
  server.prependListener('request', () => order.push('request arrived'))
  await Promise.all([send(another), another.waiting.then(() => order.push('on its way'))])
  expect(order).toEqual(expect.arrayContaining(['request arrived', 'on its way']))
})
