/** Forwards a port to an endpoint. Clients see another host and open separate connections. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export interface Forward {
  readonly url: string
  readonly close: () => Promise<void>
}

export async function startForward(target: URL): Promise<Forward> {
  const open = new Set<Socket>()
  const server = createServer({ noDelay: true }, (client) => {
    const onward = connect({ host: target.hostname, port: Number(target.port), noDelay: true })
    for (const [own, other] of [
      [client, onward],
      [onward, client],
    ] as const) {
      open.add(own)
      own.pipe(other)
      own.on('error', () => other.destroy())
      own.on('close', () => {
        open.delete(own)
        // Not destroyed: buffered data must still be sent.
        other.end()
      })
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      for (const socket of open) socket.destroy()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}
