/**
 * A forward proxy on 127.0.0.1 behind which AWS and GitHub are the sandbox: it says yes to every host, ends TLS with a
 * certificate for all of them, and hands what it is told to the sandbox. So a run may be led to the hosts that it would
 * call in earnest, and none of them hears of it.
 */
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { generate } from 'selfsigned'

export interface ForwardProxyOptions {
  /** Where everything ends up. */
  readonly sandbox: string
  /** Of the certificate; `*.example.com` stands for one name in front. */
  readonly hosts: readonly string[]
  /** `name:password`, where it asks for one. */
  readonly login?: string
  /** Answered to so many requests for a connection before the first good one. */
  readonly refusals?: readonly number[]
}

export interface ForwardProxy {
  /** `127.0.0.1:8080` */
  readonly place: string
  /** The port that takes TLS without a proxy in between. */
  readonly directPort: number
  /** The places that were asked for, in order, as `host:port`. */
  readonly asked: readonly string[]
  /** What makes a process trust the certificate. */
  readonly environment: Readonly<Record<string, string>>
  readonly close: () => Promise<void>
}

export async function startProxy({ sandbox, hosts, login, refusals = [] }: ForwardProxyOptions): Promise<ForwardProxy> {
  const { private: key, cert } = await generate([{ name: 'commonName', value: 'proxy of the tests' }], {
    keyType: 'ec',
    extensions: [
      { name: 'basicConstraints', cA: true },
      { name: 'subjectAltName', altNames: hosts.map((value) => ({ type: 2, value })) },
    ],
  })
  const folder = mkdtempSync(join(tmpdir(), 'proxy-'))
  const certificate = join(folder, 'certificate.pem')
  writeFileSync(certificate, cert)

  const relay = (message: IncomingMessage, response: ServerResponse) => {
    const { method, headers } = message
    const onward = request(`${sandbox}${sandboxPath(headers.host ?? '', message.url ?? '')}`, { method, headers })
    onward.on('response', (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    })
    onward.on('error', () => response.destroy())
    message.pipe(onward)
  }
  const secure = createSecureServer({ key, cert }, relay)
  const plain = createServer(relay)
  const asked: string[] = []
  const sockets = new Set<Duplex>()
  const proxy = createServer((_, response) => response.writeHead(400).end('This proxy makes tunnels alone'))
  const left = [...refusals]
  proxy.on('connect', (message: IncomingMessage, socket: Duplex) => {
    sockets.add(socket)
    const mayPass =
      login === undefined || message.headers['proxy-authorization'] === `Basic ${Buffer.from(login).toString('base64')}`
    const status = mayPass ? (left.shift() ?? 200) : 407
    if (status !== 200) {
      socket.end(`HTTP/1.1 ${status} No\r\nContent-Length: 0\r\n\r\n`)
      return
    }
    asked.push(message.url ?? '')
    socket.write('HTTP/1.1 200 Connection Established\r\n\r\n')
    const server = message.url?.endsWith(':443') ? secure : plain
    server.emit('connection', socket)
  })
  secure.on('connection', (socket) => sockets.add(socket))
  const directPort = await listen(secure)
  return {
    place: `127.0.0.1:${await listen(proxy)}`,
    directPort,
    asked,
    environment: { NODE_EXTRA_CA_CERTS: certificate },
    close: async () => {
      for (const socket of sockets) socket.destroy()
      for (const server of [proxy, secure]) {
        server.closeAllConnections()
        server.close()
        await once(server, 'close')
      }
      rmSync(folder, { recursive: true })
    },
  }
}

/** The sandbox plays GitHub's hosts below paths of its own. */
function sandboxPath(host: string, path: string): string {
  if (host === 'api.github.com') return `/github${path}`
  // GitHub Enterprise Server has everything on one host.
  return path
    .replace(/^\/api\/(?:v3(?=\/))?/, '/github/')
    .replace(/^\/github\/\//, '/github/')
    .replace('/_services/', '/oidc/')
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}
