/** Answers in the form of each service: JSON 1.0 of DynamoDB, XML of STS, and what stands between us and both. */
import { AwsError } from './errors.ts'
import type { Fault } from './faults.ts'
import type { LoggedRequest } from './request-log.ts'
import type { Shape } from './table-record.ts'

export interface Answer {
  readonly status: number
  readonly type: string
  readonly body: string
  /** AWS's name of the error that this is. */
  readonly error?: string
}

export function json(status: number, value: unknown): Answer {
  return { status, type: 'application/x-amz-json-1.0', body: JSON.stringify(value) }
}

export function xml(operation: string, value: Shape): Answer {
  const body = `<${operation}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><${operation}Result>${elements(value)}</${operation}Result><ResponseMetadata><RequestId>sandbox</RequestId></ResponseMetadata></${operation}Response>`
  return { status: 200, type: 'text/xml', body }
}

/** Anything thrown, as the service would say it. What is not AWS's is a flaw of the sandbox. */
export function answerError(service: LoggedRequest['service'], error: unknown): Answer {
  const known = error instanceof AwsError ? error : new AwsError('InternalFailure', String(error), 500)
  return service === 'sts' ? xmlError(known) : jsonError(known)
}

const throttling = {
  sts: { name: 'Throttling', status: 400 },
  dynamodb: { name: 'ThrottlingException', status: 400 },
  oidc: { name: 'ThrottlingException', status: 429 },
} as const

/** What is answered without anything being done. */
export function brokenAnswer(service: LoggedRequest['service'], fault: Fault): Answer {
  if (fault.kind === 'html') {
    return { status: 503, type: 'text/html', body: '<html><body><h1>503 Service Unavailable</h1></body></html>' }
  }
  const usual =
    fault.kind === 'throttle'
      ? { ...throttling[service], message: 'Rate exceeded' }
      : { name: 'InternalServerError', status: 500, message: 'Internal server error' }
  return answerError(
    service,
    new AwsError(fault.errorName ?? usual.name, fault.message ?? usual.message, fault.status ?? usual.status),
  )
}

function jsonError({ name, message, status }: AwsError): Answer {
  return { ...json(status, { __type: `com.amazonaws.dynamodb.v20120810#${name}`, message }), error: name }
}

function xmlError({ name, message, status }: AwsError): Answer {
  const error = elements({ Error: { Type: status < 500 ? 'Sender' : 'Receiver', Code: name, Message: message } })
  return {
    status,
    type: 'text/xml',
    body: `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">${error}<RequestId>sandbox</RequestId></ErrorResponse>`,
    error: name,
  }
}

function elements(value: Shape): string {
  return Object.entries(value)
    .map(([name, content]) => {
      const inner =
        typeof content === 'object' && content !== null
          ? elements({ ...content })
          : String(content).replace(/[<>&"]/g, (character) => `&#${character.charCodeAt(0)};`)
      return `<${name}>${inner}</${name}>`
    })
    .join('')
}
