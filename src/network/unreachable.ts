/** Explains by Node's error code why a host was not reached, with a remedy, for every service. */
import { RemedyError } from '../errors/errors.ts'
import { errorCode, isErrorLike } from '../errors/thrown.ts'

/** Has the code of its cause, by which failures.ts decides whether the call is repeated. */
export class UnreachableError extends RemedyError {
  override readonly name = 'UnreachableError'
  readonly code: string

  constructor(message: string, remedy: string, code: string, cause: unknown) {
    super(message, remedy, { cause })
    this.code = code
  }
}

/** The setting of every host whose name AWS makes from the region. */
export const regionSetting = 'aws-region'

/**
 * Returns an UnreachableError if the code identifies the problem, else the error itself, as one with a known remedy.
 *
 * @param setting the input or variable that names the host
 */
export function explainUnreachable(url: URL, setting: string, cause: unknown): unknown {
  if (cause instanceof RemedyError) return cause
  const code = errorCode(findNetworkError(cause))
  const place = url.origin
  const explain = (message: string, remedy: string) => new UnreachableError(message, remedy, code, cause)
  const certificateRemedy = remedyForCertificate(code)
  if (certificateRemedy !== undefined) {
    return explain(`The certificate of ${place} is not accepted: ${code}.`, certificateRemedy)
  }
  const isAws = setting === regionSetting
  if (unresolvedCodes.has(code)) {
    return explain(
      `The host name ${url.hostname} cannot be resolved: ${code}.`,
      isAws
        ? 'Check aws-region, which is part of the name, and that the machine can resolve the names of AWS.'
        : `Check ${setting}, which names the host, and that the machine can resolve it.`,
    )
  }
  if (code === 'ECONNREFUSED') {
    return explain(
      `${place} refused the connection.`,
      isAws
        ? 'Check that a firewall lets the machine connect to it, or name a proxy in HTTPS_PROXY.'
        : `Check ${setting}, and that a server listens at this address.`,
    )
  }
  if (tlsCode.test(code)) {
    return explain(
      `The connection to ${place} could not be encrypted: ${code}.`,
      isAws
        ? 'Check whether another server, such as a proxy or a firewall, answers instead of AWS.'
        : `Check that ${setting} names a port that takes https://, or give an http:// URL.`,
    )
  }
  return cause
}

/** A remedy for a certificate that Node did not accept; undefined for every other code. */
export function remedyForCertificate(code: string): string | undefined {
  if (!certificateCode.test(code)) return undefined
  const authority =
    'set NODE_EXTRA_CA_CERTS, in the env of the step or of the job, to the path of a PEM file with the certificate of the authority that signed it; if it is set, check that file'
  switch (code) {
    case 'CERT_HAS_EXPIRED':
    case 'CERT_NOT_YET_VALID':
      return `Check the clock of the machine, and renew the certificate. If it belongs to a proxy with its own certificate authority, ${authority}.`
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return 'Check the host name, and which server answers there: its certificate is for other names. NODE_EXTRA_CA_CERTS does not help here.'
    default:
      return `If the server or a proxy on the way uses its own certificate authority, ${authority}. AWS_CA_BUNDLE is not read.`
  }
}

/** Node's and OpenSSL's. @see https://nodejs.org/api/tls.html#x509-certificate-error-codes */
const certificateCode =
  /^(?:CERT_|CRL_|DEPTH_ZERO_|ERR_TLS_CERT_|ERROR_IN_C|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_|SELF_SIGNED_|UNABLE_TO_)/

const unresolvedCodes = new Set(['ENOTFOUND', 'EAI_AGAIN', 'EAI_NODATA', 'EAI_NONAME', 'EAI_FAIL'])

/** Node's error codes of a failed TLS handshake, for example with a server that does not speak TLS. */
const tlsCode = /^(?:EPROTO$|ERR_SSL_)/

/** Finds the first error with a code, else the error itself: `fetch` keeps the error of Node as a cause. */
export function findNetworkError(error: unknown): unknown {
  let found = error
  while (isErrorLike(found)) {
    if (errorCode(found) !== '') return found
    found = found.cause
  }
  return error
}
