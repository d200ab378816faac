/** The HTTP handler of a run: one pool of connections and one set of time-outs, for AWS and for the job's OIDC token. */
import { NodeHttpHandler, type NodeHttpHandlerOptions } from '@smithy/node-http-handler'
import type { Run } from '../run/run.ts'
import { createConnectionPool } from './connection-pool.ts'
import { proxyFor } from './proxies.ts'
import { explainUnreachable } from './unreachable.ts'

export interface Network {
  readonly requestHandler: NodeHttpHandler
  /** Resolves when the first request has been sent, or after a second. */
  readonly waiting: Promise<void>
  /** Opens connections to a host, and sends nothing. */
  readonly openEarly: (url: URL, count: number) => void
}

/** Milliseconds: until a connection is open, and until a response begins or continues. */
export interface TimeOuts {
  readonly connect: number
  readonly request: number
}

export const defaultTimeOuts: TimeOuts = { connect: 5000, request: 10_000 }

/** To one host. DynamoDB limits some reads by connection, so many tables are read over many connections. */
const mostConnections = 50

/**
 * @param settingOf names the input or variable that holds the host of a URL, for error messages
 * @throws {RemedyError} if HTTPS_PROXY holds no usable address
 */
export function openNetwork(settingOf: (url: URL) => string, run: Run, timeOuts: TimeOuts): Network {
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
    requestHandler: new ExplainingHandler(options, settingOf),
    // A slow connection must not delay the work that waits for this.
    waiting: Promise.race([waiting, run.clock.sleep(1000, run.stop).catch(() => undefined)]),
    openEarly: (url, count) => open(url, Math.min(count, mostConnections)),
  }
}

/** The SDK's HTTP handler, with errors that explain why a host was not reached. */
class ExplainingHandler extends NodeHttpHandler {
  readonly #settingOf: (url: URL) => string

  constructor(options: NodeHttpHandlerOptions, settingOf: (url: URL) => string) {
    super(options)
    this.#settingOf = settingOf
  }

  override async handle(...given: Parameters<NodeHttpHandler['handle']>): ReturnType<NodeHttpHandler['handle']> {
    return await super.handle(...given).catch((error: unknown) => {
      const [{ protocol, hostname, port }] = given
      const url = new URL(`${protocol}//${hostname}${port === undefined ? '' : `:${port}`}`)
      throw explainUnreachable({ url, setting: this.#settingOf(url) }, error)
    })
  }
}
