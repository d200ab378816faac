/**
 * The way out where there is a proxy: HTTPS_PROXY, HTTP_PROXY and NO_PROXY in both cases, as GitHub's own actions read them.
 * So a name in NO_PROXY stands for what ends with it too, and what is on this machine is never proxied.
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

/** A proxy that cannot be reached, or does not let us through. Has the shape of the SDK's errors, so that one rule decides what is tried again. */
export class ProxyError extends RemedyError {
  override readonly name = 'ProxyError'
  readonly code: string
  readonly $metadata: { readonly httpStatusCode?: number }

  constructor(proxy: URL, place: string, cause: unknown) {
    const status = Number(/^Bad response: (\d{3})$/.exec(errorMessage(cause))?.[1])
    const code = errorCode(cause)
    super(
      `The proxy ${proxy.host} did not connect to ${place}${status > 0 ? `: it answered with status ${status}` : ''}.`,
      status === 407
        ? 'Give the name and the password that the proxy asks for in HTTPS_PROXY, as http://name:password@host:port.'
        : (remedyForCertificate(code) ??
            `Check HTTPS_PROXY and HTTP_PROXY, and that the proxy lets ${place} through; or name the host in NO_PROXY.`),
      { cause },
    )
    this.code = code
    this.$metadata = status > 0 ? { httpStatusCode: status } : {}
  }
}

/**
 * The proxy for a URL; undefined where there is none.
 *
 * @throws {RemedyError} for one that nobody could connect to; its value is not shown, since it may hold a password
 */
export function proxyFor(url: URL): URL | undefined {
  const { http_proxy, HTTP_PROXY, https_proxy, HTTPS_PROXY } = process.env
  const isGiven = Boolean(url.protocol === 'https:' ? https_proxy || HTTPS_PROXY : http_proxy || HTTP_PROXY)
  if (!isGiven || checkBypass(url)) return undefined
  const proxy = readProxy(url)
  // The library passes over what it cannot read; what should go through a proxy must not go another way.
  if (proxy === undefined || !['http:', 'https:'].includes(proxy.protocol)) throw unusable(url)
  return proxy
}

function readProxy(url: URL): URL | undefined {
  try {
    const found = getProxyUrl(url)
    // The library's URL shows its password decoded, and would be decoded once more.
    return found === undefined ? undefined : new URL(found.href)
  } catch {
    return undefined
  }
}

function unusable({ protocol }: URL): RemedyError {
  return new RemedyError(
    `${protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY'} does not hold the address of a proxy.`,
    'Give http://host:port or https://host:port, with name:password@ before the host where the proxy asks for them. In a name or a password, % is written %25, @ %40 and : %3A.',
  )
}

/**
 * What must not be shown of the proxies: their passwords, in every form that they are sent or written in. Of a proxy that
 * cannot be read there is none to tell. A name alone is no secret, and may well be a word of a table's name.
 */
export function proxySecrets(): readonly string[] {
  return ['https://any.invalid', 'http://any.invalid'].flatMap((place) => {
    const { username, password } = readProxy(new URL(place)) ?? {}
    if (username === undefined || !password) return []
    const plain = decodeURIComponent(password)
    return [password, plain, Buffer.from(`${decodeURIComponent(username)}:${plain}`).toString('base64')]
  })
}

/** A connection through the proxy, with TLS to the target where it is to be secure. */
export function connectThrough(
  proxy: URL,
  isSecure: boolean,
  target: ClientRequestArgs,
  callback: (error: Error | null, connection: Duplex) => void,
): void {
  const Agent = isSecure ? HttpsProxyAgent : HttpProxyAgent
  const { protocol, hostname, port, username, password } = proxy
  // The library connects to the proxy's host as it stands: the brackets of an IPv6 address belong to the URL.
  const address = { protocol, hostname: hostname.replace(/^\[(.*)\]$/, '$1'), port, username, password }
  const agent = new Agent({ proxy: address as URL })
  const place = placeOf(target.host, target.port)
  // Of a TLS connection the host is compared with the certificate, without brackets.
  const asked = isSecure ? target : { ...target, host: place.slice(0, place.lastIndexOf(':')) }
  agent.createConnection(asked, (error, connection) => {
    callback(error === null ? null : new ProxyError(proxy, place, error), connection)
  })
}

/** Host and port as a URL has them: an IPv6 address in brackets. */
export function placeOf(host: unknown, port: unknown): string {
  return `${isIPv6(String(host)) ? `[${host}]` : host}:${port}`
}
