/**
 * Connections through a proxy. HTTPS_PROXY, HTTP_PROXY and NO_PROXY, in upper or lower case, are read as GitHub's own actions
 * read them: a name in NO_PROXY includes its subdomains, and addresses of this machine never use the proxy.
 *
 * @see https://docs.github.com/actions/how-tos/manage-runners/self-hosted-runners/use-proxy-servers
 */
import type { ClientRequestArgs } from 'node:http'
import { isIPv6 } from 'node:net'
import type { Duplex } from 'node:stream'
import { checkBypass, getProxyUrl } from '@actions/http-client/lib/proxy'
import { HttpProxyAgent, HttpsProxyAgent } from 'hpagent'
import { RemedyError } from '../errors/errors.ts'
import { errorCode, errorMessage } from '../errors/thrown.ts'
import { remedyForCertificate } from './unreachable.ts'

/** A proxy that cannot be reached, or refuses the connection. */
export class ProxyError extends RemedyError {
  override readonly name = 'ProxyError'
  readonly code: string
  /** The HTTP status that the proxy gave; 0 if it gave none. */
  readonly status: number

  constructor(proxy: URL, place: string, cause: unknown) {
    const status = Number(/^Bad response: (\d{3})$/.exec(errorMessage(cause))?.[1] ?? 0)
    const code = errorCode(cause)
    super(
      `The proxy ${proxy.host} did not connect to ${place}${status > 0 ? `: it answered with status ${status}` : ''}.`,
      status === 407
        ? 'Give the name and the password that the proxy requires in HTTPS_PROXY, as http://name:password@host:port.'
        : (remedyForCertificate(code) ??
            `Check HTTPS_PROXY and HTTP_PROXY, and that the proxy allows ${place}; or name the host in NO_PROXY.`),
      { cause },
    )
    this.code = code
    this.status = status
  }
}

/**
 * The proxy for a URL; undefined if there is none.
 *
 * @throws {RemedyError} if the value is not the URL of a proxy. It is not shown, because it may hold a password.
 */
export function proxyFor(url: URL): URL | undefined {
  const { http_proxy, HTTP_PROXY, https_proxy, HTTPS_PROXY } = process.env
  const isGiven = Boolean(url.protocol === 'https:' ? https_proxy || HTTPS_PROXY : http_proxy || HTTP_PROXY)
  if (!isGiven || checkBypass(url)) return undefined
  const proxy = readProxy(url)
  // The library ignores a value that it cannot read. The requests must not bypass the proxy then.
  if (proxy !== undefined && ['http:', 'https:'].includes(proxy.protocol)) return proxy
  throw new RemedyError(
    `${url.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY'} does not hold the address of a proxy.`,
    'Give http://host:port or https://host:port, with name:password@ before the host if the proxy requires them. In a name or a password, write %25 for %, %40 for @ and %3A for :.',
  )
}

function readProxy(url: URL): URL | undefined {
  try {
    const found = getProxyUrl(url)
    // The library's URL returns its password decoded; `href` has it encoded.
    return found === undefined ? undefined : new URL(found.href)
  } catch {
    return undefined
  }
}

/**
 * The passwords of the proxies, in every form in which they are sent or written. A user name alone is not a secret, and may
 * be a word of a table's name.
 */
export function proxySecrets(): readonly string[] {
  return ['https://any.invalid', 'http://any.invalid'].flatMap((place) => {
    const { username, password } = readProxy(new URL(place)) ?? {}
    if (username === undefined || !password) return []
    const plain = decodeURIComponent(password)
    return [password, plain, Buffer.from(`${decodeURIComponent(username)}:${plain}`).toString('base64')]
  })
}

/** Connects through the proxy, with TLS to the target if `isSecure`. */
export function connectThrough(
  proxy: URL,
  isSecure: boolean,
  target: ClientRequestArgs,
  callback: (error: Error | null, connection: Duplex) => void,
): void {
  const Agent = isSecure ? HttpsProxyAgent : HttpProxyAgent
  const { protocol, port, username, password } = proxy
  // The library needs an IPv6 address without brackets.
  const address = { protocol, hostname: hostOf(proxy), port, username, password }
  const agent = new Agent({ proxy: address as URL })
  const place = placeOf(target.host, target.port)
  // TLS compares the host with the certificate, so it must have no brackets.
  const asked = isSecure ? target : { ...target, host: place.slice(0, place.lastIndexOf(':')) }
  agent.createConnection(asked, (error, connection) => {
    callback(error === null ? null : new ProxyError(proxy, place, error), connection)
  })
}

/** Returns the host of a URL without the brackets of an IPv6 address. */
export function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[(.*)\]$/, '$1')
}

/** Host and port as in a URL: an IPv6 address in brackets. */
export function placeOf(host: unknown, port: unknown): string {
  return `${isIPv6(String(host)) ? `[${host}]` : host}:${port}`
}
