import { describeError } from '../../src/errors/description.ts'
import { RemedyError } from '../../src/errors/errors.ts'
import { explainUnreachable, regionSetting } from '../../src/network/unreachable.ts'

const sts = { url: new URL('https://sts.ap-south-1.amazonaws.com/'), setting: regionSetting }
const emulator = { url: new URL('http://localhost:4566/base'), setting: 'AWS_ENDPOINT_URL' }

const failure = (code: string) => Object.assign(new Error('as Node says'), { code })
const explain = (destination: typeof sts, cause: unknown) =>
  describeError(explainUnreachable(destination.url, destination.setting, cause))

describe('explains a certificate that Node does not accept', () => {
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
  ])('with its host and NODE_EXTRA_CA_CERTS: %s', (code) => {
    expect(explain(sts, failure(code))).toMatchObject({
      message: `The certificate of https://sts.ap-south-1.amazonaws.com is not accepted: ${code}.`,
      remedy: expect.stringContaining('NODE_EXTRA_CA_CERTS'),
      causes: [`${code}: as Node says`],
    })
  })

  it('with another remedy where it has expired, or is for another host', () => {
    expect(explain(sts, failure('CERT_HAS_EXPIRED')).remedy).toMatch(/^Check the clock of the machine/)
    expect(explain(sts, failure('ERR_TLS_CERT_ALTNAME_INVALID')).remedy).toContain('does not help here')
  })
})

describe('explains a host name that cannot be resolved', () => {
  it.each(['ENOTFOUND', 'EAI_AGAIN'])('with aws-region, which AWS makes the name from: %s', (code) => {
    expect(explain(sts, failure(code))).toMatchObject({
      message: `The host name sts.ap-south-1.amazonaws.com cannot be resolved: ${code}.`,
      remedy: expect.stringMatching(/^Check aws-region, /),
    })
  })

  it('with the variable that holds the name', () => {
    expect(explain(emulator, failure('ENOTFOUND')).remedy).toMatch(/^Check AWS_ENDPOINT_URL, which names the host/)
  })
})

it('explains a refused connection with the endpoint, and the variable that holds it', () => {
  expect(explain(emulator, failure('ECONNREFUSED'))).toMatchObject({
    message: 'http://localhost:4566 refused the connection.',
    remedy: 'Check AWS_ENDPOINT_URL, and that a server listens at this address.',
  })
  expect(explain(sts, failure('ECONNREFUSED'))).toMatchObject({
    message: 'https://sts.ap-south-1.amazonaws.com refused the connection.',
    remedy: expect.stringContaining('HTTPS_PROXY'),
  })
})

it.each(['EPROTO', 'ERR_SSL_WRONG_VERSION_NUMBER'])('explains a server without TLS: %s', (code) => {
  expect(explain(emulator, failure(code))).toMatchObject({
    message: `The connection to http://localhost:4566 could not be encrypted: ${code}.`,
    remedy: expect.stringContaining('AWS_ENDPOINT_URL'),
  })
  expect(explain(sts, failure(code)).remedy).toMatch(
    /^Check whether another server, such as a proxy or a firewall, answers instead of AWS/,
  )
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
