/** Connections that are opened before there is a request for them, so that opening them costs no time of their own. */
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { connect, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { connectThrough, placeOf } from './proxies.ts'

/** The one pool of a run. */
export interface EarlyConnections {
  readonly httpAgent: HttpAgent
  readonly httpsAgent: HttpsAgent
  /** Opens connections, TLS included, and sends nothing. One that fails is never handed to a request. */
  readonly open: (url: URL, count: number) => void
  /** Resolves when the first request of all is on its way. From then on this process waits, and has time to spare. */
  readonly waiting: Promise<void>
  /** Those that no request took, too. */
  readonly close: () => void
}

export function openEarly(maxSockets: number, proxyFor: (url: URL) => URL | undefined): EarlyConnections {
  const httpAgent = new HttpAgent({ keepAlive: true, maxSockets })
  const httpsAgent = new HttpsAgent({ keepAlive: true, maxSockets })
  /** Those that no request has taken. */
  const opened = new Map<string, EarlyConnection[]>()
  const sockets = new Set<Socket>()
  let beginToWait: () => void
  const waiting = new Promise<void>((resolve) => {
    beginToWait = resolve
  })
  for (const agent of [httpAgent, httpsAgent]) {
    const create = agent.createConnection.bind(agent)
    const connectNow: typeof agent.createConnection = (target, callback) => {
      const isSecure = agent === httpsAgent
      const proxy = proxyFor(new URL(`${isSecure ? 'https' : 'http'}://${placeOf(target.host, target.port)}`))
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
    agent.createConnection = (target, callback) => {
      const early = opened.get(placeOf(target.host, target.port)) ?? []
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
    waiting,
    close: () => {
      for (const socket of sockets) socket.destroy()
      httpAgent.destroy()
      httpsAgent.destroy()
    },
    open: (url, count) => {
      // Through a proxy a connection costs a request of its own, so none is made before it is needed.
      if (proxyFor(url) !== undefined) return
      const isSecure = url.protocol === 'https:'
      // The brackets of an IPv6 address belong to the URL.
      const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
      const port = Number(url.port || (isSecure ? 443 : 80))
      const early = Array.from({ length: count }, () => {
        const socket = isSecure
          ? connectTls({ host, port, ...(isIP(host) === 0 ? { servername: host } : {}) })
          : connect({ host, port })
        sockets.add(socket)
        socket.on('error', () => undefined)
        // One that no request takes must not keep the process.
        socket.unref()
        const isOpened = new Promise<boolean>((resolve) => {
          socket.once(isSecure ? 'secureConnect' : 'connect', () => resolve(true))
          socket.once('close', () => resolve(false))
        })
        return { socket, isOpened }
      })
      opened.set(placeOf(host, port), early)
    },
  }
}

interface EarlyConnection {
  readonly socket: Socket
  /** Resolves when the connection stands, or with false when it failed before. */
  readonly isOpened: Promise<boolean>
}

/** The first one that was opened and is not closed; it belongs to the request that takes it. undefined where none is left. */
async function takeUsable(early: EarlyConnection[]): Promise<Socket | undefined> {
  for (let next = early.shift(); next !== undefined; next = early.shift()) {
    const { socket, isOpened } = next
    socket.ref()
    if ((await isOpened) && !socket.destroyed && socket.writable) return socket
  }
  return undefined
}
