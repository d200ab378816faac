/** A proxy that adds latency to an endpoint on this machine, such as moto. */
import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'

export interface LatencyProxy {
  readonly url: string
  readonly requests: () => number
  readonly close: () => Promise<void>
}

export async function startLatencyProxy(target: URL, milliseconds: number): Promise<LatencyProxy> {
  let requests = 0
  const server = createServer((message, response) => {
    requests += 1
    const forward = async () => {
      await wait(milliseconds)
      const { method, url: path, headers } = message
      const forwarded = request({ host: target.hostname, port: target.port, method, path, headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers)
        answer.pipe(response)
      })
      forwarded.on('error', () => response.destroy())
      message.pipe(forwarded)
    }
    forward().catch(() => response.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: () => requests,
    close: async () => {
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}
