/**
 * The HTTP and HTTPS connections of a run. Those to DynamoDB are opened while the run waits for STS. The first reads then
 * need not wait for TCP and TLS, which take 80 ms in the measurements of decision 0021.
 */
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { connect, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { connectThrough, hostOf, placeOf } from './proxies.ts'

type ProxyFor = (url: URL) => URL | undefined

/** @param maxSockets to one host */
export function createConnectionPool(maxSockets: number, proxyFor: ProxyFor) {
  const httpAgent = new HttpAgent({ keepAlive: true, maxSockets })
  const httpsAgent = new HttpsAgent({ keepAlive: true, maxSockets })
  /** Early connections that no request has taken, by host and port. */
  const unused = new Map<string, EarlyConnection[]>()
  const opened: EarlyConnection[] = []
  let markSent: () => void
  const waiting = new Promise<void>((resolve) => {
    markSent = resolve
  })
  for (const agent of [httpAgent, httpsAgent]) {
    // The agent writes the request when its connection opens; by the next immediate it has been sent.
    const connectNow = connectorOf(agent, proxyFor, () => setImmediate(markSent))
    agent.createConnection = (target, callback) => {
      const early = unused.get(placeOf(target.host, target.port)) ?? []
      if (early.length === 0) return connectNow(target, callback)
      takeUsable(early)
        .then((socket) => socket ?? connectNow(target, callback))
        .then(
          (connection) => connection && callback?.(null, connection),
          (error: Error) => callback?.(error, undefined as never),
        )
      return undefined
    }
  }
  return {
    httpAgent,
    httpsAgent,
    /** Resolves when the first request has been sent. From then on the process waits for the network. */
    waiting,
    /** Opens connections, TLS included, and sends nothing. A connection that fails is never given to a request. */
    open: (url: URL, count: number) => {
      // Through a proxy an early connection would cost a request.
      if (proxyFor(url) !== undefined) return
      const early = Array.from({ length: count }, () => openConnection(url))
      opened.push(...early)
      unused.set(placeOf(hostOf(url), portOf(url)), [...early])
    },
    /** Destroys every connection, those that no request used included. */
    close: () => {
      for (const { socket } of opened) socket.destroy()
      httpAgent.destroy()
      httpsAgent.destroy()
    },
  }
}

/** Returns a function that connects to a target, through a proxy if there is one, and then calls `onConnected`. */
function connectorOf(
  agent: HttpAgent | HttpsAgent,
  proxyFor: ProxyFor,
  onConnected: () => void,
): HttpAgent['createConnection'] {
  const create = agent.createConnection.bind(agent)
  const isSecure = agent instanceof HttpsAgent
  return (target, callback) => {
    const proxy = proxyFor(new URL(`${isSecure ? 'https' : 'http'}://${placeOf(target.host, target.port)}`))
    if (proxy === undefined) return create(target, callback)?.once('connect', onConnected)
    connectThrough(proxy, isSecure, target, (error, made) => {
      callback?.(error, made)
      onConnected()
    })
    return undefined
  }
}

type EarlyConnection = ReturnType<typeof openConnection>

function openConnection(url: URL) {
  const isSecure = url.protocol === 'https:'
  const [host, port] = [hostOf(url), portOf(url)]
  const socket = isSecure
    ? connectTls({ host, port, ...(isIP(host) === 0 ? { servername: host } : {}) })
    : connect({ host, port })
  socket.on('error', () => undefined)
  // A connection that no request takes must not keep the process running.
  socket.unref()
  /** Resolves with true when the connection is open, or with false when it failed. */
  const isOpened = new Promise<boolean>((resolve) => {
    socket.once(isSecure ? 'secureConnect' : 'connect', () => resolve(true))
    socket.once('close', () => resolve(false))
  })
  return { socket, isOpened }
}

/** Takes the first connection that is open. Waits for a connection that is still opening. Undefined if none is left. */
async function takeUsable(early: EarlyConnection[]): Promise<Socket | undefined> {
  for (let next = early.shift(); next !== undefined; next = early.shift()) {
    const { socket, isOpened } = next
    socket.ref()
    if ((await isOpened) && !socket.destroyed && socket.writable) return socket
  }
  return undefined
}

function portOf({ port, protocol }: URL): number {
  return Number(port || (protocol === 'https:' ? 443 : 80))
}
