import { describeError } from '../../src/errors/description.ts'
import { RemedyError } from '../../src/errors/errors.ts'
import { explainUnreachable, regionSetting } from '../../src/network/unreachable.ts'

const sts = { url: new URL('https://sts.ap-south-1.amazonaws.com/'), setting: regionSetting }
const emulator = { url: new URL('http://localhost:4566/base'), setting: 'AWS_ENDPOINT_URL' }

const failure = (code: string) => Object.assign(new Error('as Node says'), { code })
const explain = (destination: typeof sts, cause: unknown) => describeError(explainUnreachable(destination, cause))

describe('a certificate that Node does not accept', () => {
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
  ])('is named with its host and NODE_EXTRA_CA_CERTS: %s', (code) => {
    expect(explain(sts, failure(code))).toMatchObject({
      message: `The certificate of https://sts.ap-south-1.amazonaws.com is not accepted: ${code}.`,
      remedy: expect.stringContaining('NODE_EXTRA_CA_CERTS'),
      causes: [`${code}: as Node says`],
    })
  })

  it('has a remedy of its own where it is out of date, or for another host', () => {
    expect(explain(sts, failure('CERT_HAS_EXPIRED')).remedy).toMatch(/^Check the clock of the machine/)
    expect(explain(sts, failure('ERR_TLS_CERT_ALTNAME_INVALID')).remedy).toContain('does not help here')
  })
})

describe('a host name that cannot be resolved', () => {
  it.each(['ENOTFOUND', 'EAI_AGAIN'])('is named with aws-region where it is made from that: %s', (code) => {
    expect(explain(sts, failure(code))).toMatchObject({
      message: `The host name sts.ap-south-1.amazonaws.com cannot be resolved: ${code}.`,
      remedy: expect.stringMatching(/^Check aws-region, /),
    })
  })

  it('is named with the variable that it stands in', () => {
    expect(explain(emulator, failure('ENOTFOUND')).remedy).toMatch(/^Check AWS_ENDPOINT_URL, which names the host/)
  })
})

it('a connection that is refused names the endpoint, and the variable that it stands in', () => {
  expect(explain(emulator, failure('ECONNREFUSED'))).toMatchObject({
    message: 'http://localhost:4566 refused the connection.',
    remedy: 'Check AWS_ENDPOINT_URL, and that a server listens at this address.',
  })
  expect(explain(sts, failure('ECONNREFUSED'))).toMatchObject({
    message: 'https://sts.ap-south-1.amazonaws.com refused the connection.',
    remedy: expect.stringContaining('HTTPS_PROXY'),
  })
})

it.each(['EPROTO', 'ERR_SSL_WRONG_VERSION_NUMBER'])('a server without TLS is named as such: %s', (code) => {
  expect(explain(emulator, failure(code))).toMatchObject({
    message: `The connection to http://localhost:4566 could not be encrypted: ${code}.`,
    remedy: expect.stringContaining('AWS_ENDPOINT_URL'),
  })
  expect(explain(sts, failure(code)).remedy).toMatch(/^Check what answers in the place of AWS/)
})

it('the code is found in the cause that fetch puts it into, and a circle of causes ends', () => {
  const fetched = new TypeError('fetch failed', { cause: failure('ENOTFOUND') })
  expect(explain(sts, fetched).message).toContain('cannot be resolved: ENOTFOUND')
  const circle = new Error('x')
  circle.cause = circle
  expect(explainUnreachable(sts, circle)).toBe(circle)
})

it('any other error stays as it is, and so does one whose remedy is known', () => {
  const known = new RemedyError('x', 'y', { cause: failure('ENOTFOUND') })
  for (const error of [failure('ECONNRESET'), new Error('x'), 'x', undefined, known]) {
    expect(explainUnreachable(sts, error)).toBe(error)
  }
})
