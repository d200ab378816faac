/** Responses in the format of each service (DynamoDB: JSON 1.0, KMS: JSON 1.1, STS: XML, GitHub: JSON), and of a proxy in between. */
import { STATUS_CODES } from 'node:http'
import { AwsError } from './errors.ts'
import type { Fault } from './faults.ts'
import { GitHubError, type GitHubReply } from './git-hub.ts'
import type { Service } from './request-log.ts'
import type { Shape } from './table-record.ts'

export interface Answer {
  readonly status: number
  readonly type: string
  readonly body: string
  readonly headers?: Readonly<Record<string, string>>
  /** AWS's name of the error, or GitHub's message. Absent for a success. */
  readonly error?: string
}

export function json(status: number, value: unknown): Answer {
  return { status, type: 'application/x-amz-json-1.0', body: JSON.stringify(value) }
}

export function xml(operation: string, value: Shape): Answer {
  const body = `<${operation}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><${operation}Result>${elements(value)}</${operation}Result><ResponseMetadata><RequestId>sandbox</RequestId></ResponseMetadata></${operation}Response>`
  return { status: 200, type: 'text/xml', body }
}

export function gitHubJson({ status, content, link }: GitHubReply): Answer {
  return {
    status,
    type: 'application/json; charset=utf-8',
    body: JSON.stringify(content),
    ...(link === undefined ? {} : { headers: { link } }),
  }
}

/** Formats a thrown error as the service would. An error of another class is a bug of the sandbox. */
export function answerError(service: Service, error: unknown): Answer {
  if (service === 'github') {
    return gitHubError(error instanceof GitHubError ? error : new GitHubError(500, String(error)))
  }
  const known = error instanceof AwsError ? error : new AwsError('InternalFailure', String(error), 500)
  if (service === 'sts') return xmlError(known)
  return service === 'kms' ? kmsError(known) : jsonError(known)
}

const throttling = {
  sts: { name: 'Throttling', status: 400 },
  dynamodb: { name: 'ThrottlingException', status: 400 },
  kms: { name: 'ThrottlingException', status: 400 },
  oidc: { name: 'ThrottlingException', status: 429 },
} as const

const answerTypes: Readonly<Record<Service, string>> = {
  sts: 'text/xml',
  dynamodb: 'application/x-amz-json-1.0',
  kms: 'application/x-amz-json-1.1',
  oidc: 'application/json',
  github: 'application/json; charset=utf-8',
}

/** The response of a fault that replaces the operation. */
export function brokenAnswer(service: Service, fault: Fault): Answer {
  if (fault.kind === 'html') {
    const { status = 503 } = fault
    return { status, type: 'text/html', body: `<html><body><h1>${status} ${STATUS_CODES[status]}</h1></body></html>` }
  }
  if (fault.kind === 'answer') {
    return { status: fault.status ?? 200, type: answerTypes[service], body: fault.body ?? '' }
  }
  if (service === 'github') return brokenGitHubAnswer(fault)
  const usual =
    fault.kind === 'throttle'
      ? { ...throttling[service], message: 'Rate exceeded' }
      : { name: 'InternalServerError', status: 500, message: 'Internal server error' }
  return answerError(
    service,
    new AwsError(fault.errorName ?? usual.name, fault.message ?? usual.message, fault.status ?? usual.status),
  )
}

function brokenGitHubAnswer({ kind, status, message }: Fault): Answer {
  if (kind !== 'throttle') return gitHubError(new GitHubError(status ?? 500, message ?? 'Server Error'))
  const limit = 'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.'
  return { ...gitHubError(new GitHubError(status ?? 403, message ?? limit)), headers: { 'retry-after': '1' } }
}

function gitHubError({ status, message, errors }: GitHubError): Answer {
  const content = errors === undefined ? { message } : { message, errors }
  return { ...gitHubJson({ status, content }), error: message }
}

function jsonError({ name, message, status }: AwsError): Answer {
  return { ...json(status, { __type: `com.amazonaws.dynamodb.v20120810#${name}`, message }), error: name }
}

function kmsError({ name, message, status }: AwsError): Answer {
  return { ...json(status, { __type: name, message }), type: answerTypes.kms, error: name }
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
