import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { classifyFailure } from '../../src/aws/failures.ts'
import { connectThrough, ProxyError, proxyFor, proxySecrets } from '../../src/network/proxies.ts'

const names = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy', 'NO_PROXY', 'no_proxy']
const before = Object.fromEntries(names.map((name) => [name, process.env[name]]))

function given(environment: Readonly<Record<string, string>>): void {
  for (const name of names) delete process.env[name]
  Object.assign(process.env, environment)
}

beforeEach(() => given({}))
afterAll(() => {
  given({})
  for (const [name, value] of Object.entries(before)) if (value !== undefined) process.env[name] = value
})

const secure = new URL('https://sts.ap-south-1.amazonaws.com/')
const plain = new URL('http://aws.example:8000/')

it('returns no proxy and no password where no variable names a proxy', () => {
  expect([proxyFor(secure), proxyFor(plain), proxySecrets()]).toEqual([undefined, undefined, []])
})

it.each([
  ['HTTPS_PROXY', secure, plain],
  ['https_proxy', secure, plain],
  ['HTTP_PROXY', plain, secure],
  ['http_proxy', plain, secure],
])('uses %s for its own scheme only', (name, its, other) => {
  given({ [name]: 'http://proxy.example:3128' })
  expect(proxyFor(its)?.href).toBe('http://proxy.example:3128/')
  expect(proxyFor(other)).toBeUndefined()
})

it('accepts an IP address without a scheme, and a proxy with TLS', () => {
  given({ HTTPS_PROXY: '10.1.2.3:3128' })
  expect(proxyFor(secure)?.href).toBe('http://10.1.2.3:3128/')
  given({ HTTPS_PROXY: 'https://proxy.example' })
  expect(proxyFor(secure)?.href).toBe('https://proxy.example/')
})

it.each([
  ['amazonaws.com', true],
  ['.amazonaws.com', true],
  ['STS.ap-south-1.amazonaws.com', true],
  ['other, sts.ap-south-1.amazonaws.com:443', true],
  ['*', true],
  ['mazonaws.com', false],
  ['sts.ap-south-1.amazonaws.com:8443', false],
  ['sts', false],
])('NO_PROXY with %s contains the host: %s', (list, isContained) => {
  for (const name of ['NO_PROXY', 'no_proxy']) {
    given({ HTTPS_PROXY: 'http://proxy.example', [name]: list })
    expect(proxyFor(secure) === undefined).toBe(isContained)
  }
})

it('uses no proxy for addresses of this machine', () => {
  given({ HTTP_PROXY: 'http://proxy.example' })
  const local = ['http://127.0.0.1:8000', 'http://localhost:8000', 'http://[::1]:8000']
  expect(local.map((url) => proxyFor(new URL(url)))).toEqual([undefined, undefined, undefined])
})

it.each([
  'socks5://proxy.example',
  'proxy.example:3128',
  'http://',
  'http://a b',
  'http://name:%zz@proxy.example',
  'ftp://x',
  '://',
])('refuses a value that is not the URL of a proxy, without showing it: %s', (value) => {
  given({ HTTPS_PROXY: value })
  expect(() => proxyFor(secure)).toThrow('HTTPS_PROXY does not hold the address of a proxy.')
  given({ http_proxy: value })
  expect(() => proxyFor(plain)).toThrow('HTTP_PROXY does not hold the address of a proxy.')
  given({ HTTPS_PROXY: value, NO_PROXY: '*' })
  expect(proxyFor(secure)).toBeUndefined()
})

it('returns the password of a proxy as written, decoded, and as sent, to be masked', () => {
  given({ HTTPS_PROXY: 'http://some%40one:p%40ss%2525@proxy.example' })
  expect(proxySecrets()).toEqual(['p%40ss%2525', 'p@ss%25', Buffer.from('some@one:p@ss%25').toString('base64')])
  // A proxy that cannot be read does not prevent that the other one's password is masked.
  given({ HTTPS_PROXY: 'http://name:%zz@proxy.example', HTTP_PROXY: 'http://name:password@proxy.example' })
  expect(proxySecrets()).toEqual(['password', 'password', Buffer.from('name:password').toString('base64')])
  given({ HTTP_PROXY: 'http://someone@proxy.example' })
  expect(proxySecrets()).toEqual([])
})

it.each([
  [new Error('Bad response: 407'), 'final', 'it answered with status 407.', 'Give the name and the password'],
  [new Error('Bad response: 403'), 'final', 'it answered with status 403.', 'allows sts:443'],
  [new Error('Bad response: 503'), 'unavailable', 'it answered with status 503.', 'NO_PROXY'],
  [Object.assign(new Error('reset'), { code: 'ECONNRESET' }), 'unavailable', 'connect to sts:443.', 'NO_PROXY'],
  [Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }), 'final', 'connect to sts:443.', 'Check HTTPS_PROXY'],
  [
    Object.assign(new Error('self-signed'), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }),
    'final',
    'connect to sts:443.',
    'NODE_EXTRA_CA_CERTS',
  ],
])('explains why the proxy did not connect, without its password: %s', (cause, kind, message, remedy) => {
  const error = new ProxyError(new URL('http://name:secret@proxy.example:3128'), 'sts:443', cause)
  expect(classifyFailure(error)).toBe(kind)
  expect(error.message).toMatch(/^The proxy proxy\.example:3128 did not connect to sts:443/)
  expect(error.message).toContain(message)
  expect(error.remedy).toContain(remedy)
  expect(error.message + error.remedy).not.toContain('secret')
})

it('connects to a proxy at an IPv6 address, and names an IPv6 target in brackets', async () => {
  const asked: (string | undefined)[] = []
  const server = createServer()
  server.on('connect', ({ url }, socket) => {
    asked.push(url)
    socket.end('HTTP/1.1 502 No\r\n\r\n')
  })
  server.listen(0, '::1')
  await once(server, 'listening')
  const proxy = new URL(`http://[::1]:${(server.address() as AddressInfo).port}`)
  const failure = await new Promise((resolve) => connectThrough(proxy, false, { host: 'fd00::1', port: 8000 }, resolve))
  expect(asked).toEqual(['[fd00::1]:8000'])
  expect(failure).toMatchObject({ message: expect.stringContaining('did not connect to [fd00::1]:8000') })
  server.close()
  await once(server, 'close')
})
