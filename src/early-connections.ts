/** Connections that are opened before there is a request for them, so that opening them costs no time of their own. */
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { connect, isIP, isIPv6, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { connectThrough } from './proxies.ts'

/** The one pool of a run. */
export interface EarlyConnections {
  readonly httpAgent: HttpAgent
  readonly httpsAgent: HttpsAgent
  /** Opens connections, TLS included, and sends nothing. Those that fail are forgotten: the request will find out. */
  readonly open: (url: URL, count: number) => void
  /** Resolves when the first request of all is on its way. From then on this process waits, and has time to spare. */
  readonly waiting: Promise<void>
  /** Those that no request took, too. */
  readonly close: () => void
}

export function openEarly(maxSockets: number, proxyFor: (url: URL) => URL | undefined): EarlyConnections {
  const httpAgent = new HttpAgent({ keepAlive: true, maxSockets })
  const httpsAgent = new HttpsAgent({ keepAlive: true, maxSockets })
  const opened = new Map<string, Socket[]>()
  let beginToWait: () => void
  const waiting = new Promise<void>((resolve) => {
    beginToWait = resolve
  })
  for (const agent of [httpAgent, httpsAgent]) {
    const create = agent.createConnection.bind(agent)
    agent.createConnection = (target, callback) => {
      const place = placeOf(target.host, target.port)
      const socket = takeUsable(opened.get(place))
      if (socket !== undefined) return socket
      const isSecure = agent === httpsAgent
      const proxy = proxyFor(new URL(`${isSecure ? 'https' : 'http'}://${place}`))
      if (proxy !== undefined) {
        connectThrough(proxy, isSecure, target, (error, made) => {
          callback?.(error, made)
          setImmediate(beginToWait)
        })
        return undefined
      }
      const made = create(target, callback)
      // What was written before the connection stood leaves right after; an immediate later it is gone.
      made?.once('connect', () => setImmediate(beginToWait))
      return made
    }
  }
  return {
    httpAgent,
    httpsAgent,
    waiting,
    close: () => {
      for (const socket of [...opened.values()].flat()) socket.destroy()
      httpAgent.destroy()
      httpsAgent.destroy()
    },
    open: (url, count) => {
      // Through a proxy a connection costs a request of its own, so none is made before it is needed.
      if (proxyFor(url) !== undefined) return
      const isSecure = url.protocol === 'https:'
      const host = url.hostname
      const port = Number(url.port || (isSecure ? 443 : 80))
      const sockets = Array.from({ length: count }, () => {
        const socket = isSecure
          ? connectTls({ host, port, ...(isIP(host) === 0 ? { servername: host } : {}) })
          : connect({ host, port })
        socket.on('error', () => undefined)
        // One that no request takes must not keep the process.
        socket.unref()
        return socket
      })
      opened.set(placeOf(host, port), sockets)
    },
  }
}

/** As a URL has it. */
function placeOf(host: unknown, port: unknown): string {
  return `${isIPv6(String(host)) ? `[${host}]` : host}:${port}`
}

/** One that still stands, or is about to; it belongs to whoever takes it. */
function takeUsable(sockets: Socket[] = []): Socket | undefined {
  for (let socket = sockets.shift(); socket !== undefined; socket = sockets.shift()) {
    if (!socket.destroyed && socket.writable) return socket.ref()
  }
  return undefined
}
