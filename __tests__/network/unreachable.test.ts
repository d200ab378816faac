import { describeError } from '../../src/errors/description.ts'
import { RemedyError } from '../../src/errors/errors.ts'
import { explainUnreachable, regionSetting } from '../../src/network/unreachable.ts'

const sts = { url: new URL('https://sts.ap-south-1.amazonaws.com/'), setting: regionSetting }
const emulator = { url: new URL('http://localhost:4566/base'), setting: 'AWS_ENDPOINT_URL' }

const failure = (code: string) => Object.assign(new Error('as Node says'), { code })
const explain = (destination: typeof sts, cause: unknown) =>
  describeError(explainUnreachable(destination.url, destination.setting, cause))

it.each([
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_UNTRUSTED',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'INVALID_CA',
  'ERR_TLS_CERT_ALTNAME_INVALID',
])('explains a certificate that Node does not accept with its host and NODE_EXTRA_CA_CERTS: %s', (code) => {
  expect(explain(sts, failure(code))).toMatchObject({
    message: `The certificate of https://sts.ap-south-1.amazonaws.com is not accepted: ${code}.`,
    remedy: expect.stringContaining('NODE_EXTRA_CA_CERTS'),
    causes: [`${code}: as Node says`],
  })
})

const unresolved = 'The host name sts.ap-south-1.amazonaws.com cannot be resolved'
const refused = 'http://localhost:4566 refused the connection.'
const unencrypted = 'The connection to http://localhost:4566 could not be encrypted'
const intercepted = 'Check whether another server, such as a proxy or a firewall, answers instead of AWS'
it.each([
  ['CERT_HAS_EXPIRED', sts, 'is not accepted', 'Check the clock of the machine'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', sts, 'is not accepted', 'does not help here'],
  ['ENOTFOUND', sts, `${unresolved}: ENOTFOUND.`, 'Check aws-region, '],
  ['EAI_AGAIN', sts, `${unresolved}: EAI_AGAIN.`, 'Check aws-region, '],
  ['ENOTFOUND', emulator, 'localhost cannot be resolved', 'Check AWS_ENDPOINT_URL, which names the host'],
  ['ECONNREFUSED', sts, 'https://sts.ap-south-1.amazonaws.com refused the connection.', 'HTTPS_PROXY'],
  ['ECONNREFUSED', emulator, refused, 'Check AWS_ENDPOINT_URL, and that a server listens at this address.'],
  ['EPROTO', sts, 'could not be encrypted: EPROTO', intercepted],
  ['EPROTO', emulator, `${unencrypted}: EPROTO.`, 'AWS_ENDPOINT_URL'],
  ['ERR_SSL_WRONG_VERSION_NUMBER', emulator, `${unencrypted}: ERR_SSL_WRONG_VERSION_NUMBER.`, 'AWS_ENDPOINT_URL'],
])('explains %s by the setting that names the host: %j', (code, destination, message, remedy) => {
  expect(explain(destination, failure(code))).toMatchObject({
    message: expect.stringContaining(message),
    remedy: expect.stringContaining(remedy),
  })
})

it('finds the code in the cause, where fetch puts it', () => {
  const fetched = new TypeError('fetch failed', { cause: failure('ENOTFOUND') })
  expect(explain(sts, fetched).message).toContain('cannot be resolved: ENOTFOUND')
})

it('returns any other error unchanged, and one with a known remedy too', () => {
  const known = new RemedyError('x', 'y', { cause: failure('ENOTFOUND') })
  for (const error of [failure('ECONNRESET'), new Error('x'), 'x', undefined, known]) {
    expect(explainUnreachable(sts.url, sts.setting, error)).toBe(error)
  }
})
