/** The HTTP handler of a run: one pool of connections and one set of time-outs, for AWS and for the job's OIDC token. */
import { NodeHttpHandler, type NodeHttpHandlerOptions } from '@smithy/node-http-handler'
import type { Run } from '../run/run.ts'
import { createConnectionPool } from './connection-pool.ts'
import { proxyFor } from './proxies.ts'
import { explainUnreachable } from './unreachable.ts'

/** Milliseconds: until a connection is open, and until a response begins or continues. */
export const defaultTimeOuts = { connect: 5000, request: 10_000 }

export type TimeOuts = typeof defaultTimeOuts

/** To one host. DynamoDB limits some reads by connection, so many tables are read over many connections. */
const mostConnections = 50

/**
 * @param settingOf names the input or variable that holds the host of a URL, for error messages
 * @throws {RemedyError} if HTTPS_PROXY holds no usable address
 */
export function openNetwork(settingOf: (url: URL) => string, run: Run, timeOuts: TimeOuts) {
  // AWS and GitHub are called by https. HTTP_PROXY is checked only when it is needed.
  proxyFor(new URL('https://any.invalid'))
  const { httpAgent, httpsAgent, waiting, open, close } = createConnectionPool(mostConnections, proxyFor)
  // The last signal of a run: no call is made after it.
  run.leave.addEventListener('abort', close)
  const options = {
    connectionTimeout: timeOuts.connect,
    requestTimeout: timeOuts.request,
    // `requestTimeout` ends with the headers. A body that stalls is an idle socket.
    socketTimeout: timeOuts.request,
    throwOnRequestTimeout: true,
    httpAgent,
    httpsAgent,
  }
  return {
    requestHandler: explainingHandler(options, settingOf),
    /** Resolves when the first request has been sent, or after a second: a slow connection must not delay other work. */
    waiting: Promise.race([waiting, run.clock.sleep(1000, run.stop).catch(() => undefined)]),
    /** Opens connections to a host, and sends nothing. */
    openEarly: (url: URL, count: number) => open(url, Math.min(count, mostConnections)),
  }
}

/** Makes the SDK's HTTP handler, with errors that explain why a host was not reached. */
function explainingHandler(options: NodeHttpHandlerOptions, settingOf: (url: URL) => string): NodeHttpHandler {
  const handler = new NodeHttpHandler(options)
  const handle = handler.handle.bind(handler)
  handler.handle = async (request, handlerOptions) =>
    await handle(request, handlerOptions).catch((error: unknown) => {
      const { protocol, hostname, port } = request
      const url = new URL(`${protocol}//${hostname}${port === undefined ? '' : `:${port}`}`)
      throw explainUnreachable(url, settingOf(url), error)
    })
  return handler
}
