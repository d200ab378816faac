/**
 * A forward proxy on 127.0.0.1 that sends the requests for every host to the sandbox. It ends TLS with a certificate for all
 * hosts, so that a run can use the real host names of AWS and GitHub without reaching them.
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
  /** The URL of the sandbox. */
  readonly sandbox: string
  /** The host names in the certificate; `*.example.com` matches one label. */
  readonly hosts: readonly string[]
  /** `name:password`, where the proxy requires them. */
  readonly login?: string
  /** The status that the first connection requests get, and their number. */
  readonly refusals?: readonly number[]
}

export interface ForwardProxy {
  /** `127.0.0.1:8080` */
  readonly place: string
  /** The port that accepts TLS without a proxy. */
  readonly directPort: number
  /** The requested hosts in their order, as `host:port`. */
  readonly asked: readonly string[]
  /** The hosts to which it made no tunnel. */
  readonly refused: readonly string[]
  /** Environment variables with which a process trusts the certificate. */
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
  const refused: string[] = []
  const sockets = new Set<Duplex>()
  const proxy = createServer((_, response) => response.writeHead(400).end('This proxy makes tunnels alone'))
  const left = [...refusals]
  proxy.on('connect', (message: IncomingMessage, socket: Duplex) => {
    sockets.add(socket)
    const mayPass =
      login === undefined || message.headers['proxy-authorization'] === `Basic ${Buffer.from(login).toString('base64')}`
    const status = mayPass ? (left.shift() ?? 200) : 407
    if (status !== 200) {
      refused.push(message.url ?? '')
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
    refused,
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

/** The sandbox serves GitHub's hosts below paths of its own. */
function sandboxPath(host: string, path: string): string {
  if (host === 'api.github.com') return `/github${path}`
  // GitHub Enterprise Server has one host.
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
