/** AWS in one process, on 127.0.0.1: STS, DynamoDB, and GitHub's OIDC endpoint. Every account and region apart. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { performance } from 'node:perf_hooks'
import { text } from 'node:stream/consumers'
import { setTimeout as wait } from 'node:timers/promises'
import { ControlPlane } from './control-plane.ts'
import { AwsError } from './errors.ts'
import { type Fault, Faults } from './faults.ts'
import { type Caller, Identities } from './identities.ts'
import { Items, itemOperations } from './items.ts'
import { OidcProvider } from './oidc.ts'
import { measuredTimings, type SandboxOptions } from './options.ts'
import { tableArn } from './parameters.ts'
import { iamActions, type LoggedRequest } from './request-log.ts'
import { callSts, type Sts } from './sts.ts'
import type { TableRecord } from './table-record.ts'

export interface Sandbox {
  readonly url: string
  readonly requests: readonly LoggedRequest[]
  readonly faults: Faults
  /** Every secret that it issued or was given. */
  readonly secrets: readonly string[]
  /** What leads a job here, access keys aside. */
  readonly environment: Readonly<Record<string, string>>
  clearRequests(): void
  /** Another person's hands: the same rules, no credentials, nothing logged. */
  account(account: string, region: string): AccountHands
  /** Lets every session run out at once. */
  expireSessions(): void
  /** Forgets all tables of all accounts. */
  reset(): Promise<void>
  close(): Promise<void>
}

export interface AccountHands {
  call(operation: string, input: Readonly<Record<string, unknown>>): Promise<Readonly<Record<string, unknown>>>
  table(name: string): TableRecord | undefined
  /** Puts a table into a state that only AWS can bring it to, such as ARCHIVED; undefined takes it back. */
  forceStatus(name: string, status: string | undefined): void
  /** Sets a tag that only AWS can, such as `aws:cloudformation:stack-name`. */
  tagAsAws(name: string, key: string, value: string): void
}

interface Account {
  readonly plane: ControlPlane
  readonly items: Items
}

/** One request, taken apart. */
interface Request {
  readonly service: LoggedRequest['service']
  readonly operation: string
  readonly table?: string
  readonly input: Readonly<Record<string, unknown>>
  readonly body: string
}

interface Identity {
  readonly caller: Caller
  readonly region: string
}

interface Answer {
  readonly status: number
  readonly type: string
  readonly body: string
  readonly error?: string
}

export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const now = options.now ?? Date.now
  const timings = { ...measuredTimings, ...options.timings }
  const latency = options.latencyMilliseconds ?? 0
  const identities = new Identities(options.accessKeys ?? [], now)
  const oidc = new OidcProvider(options.oidcClaims ?? {}, now)
  const sts: Sts = { roles: options.roles ?? [], identities, oidc }
  const faults = new Faults()
  const accounts = new Map<string, Account>()
  let requests: LoggedRequest[] = []
  let lastId = 0
  identities.keepSecret(oidc.requestToken)

  const accountOf = (account: string, region: string, partition = 'aws'): Account => {
    const place = `${account}/${region}`
    const found = accounts.get(place)
    if (found !== undefined) return found
    const plane = new ControlPlane({ account, region, partition }, timings, now)
    const made = { plane, items: new Items(plane) }
    accounts.set(place, made)
    return made
  }

  /** Who calls, and in which region; undefined where a token is shown instead of a signature. */
  function identify({ service, operation }: Request, message: IncomingMessage): Identity | undefined {
    if (service === 'oidc' || operation === 'AssumeRoleWithWebIdentity') return undefined
    return identities.authenticate(message.headers, service)
  }

  async function perform(request: Request, message: IncomingMessage, identity: Identity | undefined): Promise<Answer> {
    if (request.service === 'oidc') {
      if (!oidc.isJob(message.headers)) return json(401, { message: 'Unauthorized' })
      const token = oidc.issue(String(request.input.audience ?? ''))
      identities.keepSecret(token)
      return json(200, { value: token })
    }
    if (identity === undefined || request.service === 'sts') {
      return xml(
        request.operation,
        callSts(sts, request.operation, identity?.caller, new URLSearchParams(request.body)),
      )
    }
    const { caller, region } = identity
    const { plane, items } = accountOf(caller.account, region, caller.partition)
    return json(
      200,
      itemOperations.has(request.operation)
        ? await items.call(request.operation, request.input)
        : plane.call(request.operation, request.input),
    )
  }

  const seenSockets = new WeakSet<Socket>()

  async function serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const start = performance.now()
    const isNewConnection = !seenSockets.has(message.socket)
    seenSockets.add(message.socket)
    const request = readRequest(message, await text(message))
    const delay = latency + (isNewConnection ? (options.connectionMilliseconds ?? 0) : 0)
    if (delay > 0) await wait(delay)
    const fault = faults.next(request)
    if (fault?.kind === 'delay') await wait(fault.milliseconds ?? 0)
    let identity: Identity | undefined
    let answer: Answer
    try {
      identity = identify(request, message)
      const isDone = fault === undefined || ['delay', 'cut', 'lost-answer'].includes(fault.kind)
      answer = isDone ? await perform(request, message, identity) : brokenAnswer(request, fault)
    } catch (error) {
      answer = answerError(request, error)
    }
    const { account = '', partition = 'aws' } = identity?.caller ?? {}
    const region = identity?.region ?? ''
    lastId += 1
    requests.push({
      id: lastId,
      service: request.service,
      operation: request.operation,
      actions: iamActions(request, tableArn({ account, region, partition }, request.table ?? '*')),
      account,
      region,
      ...(request.table === undefined ? {} : { table: request.table }),
      input: request.input,
      start,
      end: performance.now(),
      status: answer.status,
      ...(answer.error === undefined ? {} : { error: answer.error }),
    })
    if (fault?.kind === 'reset' || fault?.kind === 'lost-answer') {
      message.socket.destroy()
      return
    }
    // The date is left to Node: an SDK that sees its clock corrected tries even final errors again.
    const headers = {
      'content-type': answer.type,
      'content-length': Buffer.byteLength(answer.body),
      'x-amzn-requestid': `sandbox-${lastId}`,
    }
    response.writeHead(answer.status, headers)
    if (fault?.kind === 'cut') {
      response.write(answer.body.slice(0, answer.body.length / 2), () => message.socket.destroy())
      return
    }
    response.end(answer.body)
  }

  const server = createServer((message, response) => {
    // A request that the other side gave up has nobody to answer to.
    serve(message, response).catch(() => message.socket.destroy())
  })
  server.keepAliveTimeout = 60_000
  const url = await listen(server, options.port ?? 0)

  const reset = async () => {
    const closing = [...accounts.values()].map(({ items }) => items.close())
    accounts.clear()
    await Promise.all(closing)
  }
  return {
    url,
    get requests() {
      return requests
    },
    faults,
    get secrets() {
      return identities.secrets
    },
    environment: {
      AWS_ENDPOINT_URL: url,
      AWS_EC2_METADATA_DISABLED: 'true',
      ACTIONS_ID_TOKEN_REQUEST_URL: `${url}/oidc/token?api-version=2`,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: oidc.requestToken,
    },
    clearRequests: () => {
      requests = []
    },
    account: (account, region) => hands(accountOf(account, region)),
    expireSessions: () => identities.expireSessions(),
    reset,
    close: async () => {
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
      await reset()
    },
  }
}

function hands({ plane, items }: Account): AccountHands {
  const find = (name: string) => {
    const record = plane.find(name)
    if (record === undefined) throw new Error(`There is no table "${name}"`)
    return record
  }
  return {
    call: async (operation, input) =>
      itemOperations.has(operation) ? await items.call(operation, input) : plane.call(operation, input),
    table: (name) => plane.find(name),
    forceStatus: (name, status) => {
      const record = find(name)
      if (status === undefined) delete record.forcedStatus
      else record.forcedStatus = status
    },
    tagAsAws: (name, key, value) => {
      const record = find(name)
      record.tags = new Map([...record.tags, [key, value]])
    },
  }
}

async function listen(server: Server, port: number): Promise<string> {
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function readRequest(message: IncomingMessage, body: string): Request {
  const target = String(message.headers['x-amz-target'] ?? '')
  if (target !== '') {
    const input = JSON.parse(body || '{}') as Readonly<Record<string, unknown>>
    const table = /:table\/([^/]+)/.exec(String(input.ResourceArn ?? input.TableName ?? ''))?.[1] ?? input.TableName
    return {
      service: 'dynamodb',
      operation: target.split('.').at(-1) ?? '',
      ...(typeof table === 'string' ? { table } : {}),
      input,
      body,
    }
  }
  const url = new URL(message.url ?? '/', 'http://127.0.0.1')
  if (message.method === 'GET' && url.pathname === '/oidc/token') {
    return { service: 'oidc', operation: 'GetToken', input: Object.fromEntries(url.searchParams), body }
  }
  const { WebIdentityToken: _, ...input } = Object.fromEntries(new URLSearchParams(body))
  return { service: 'sts', operation: String(input.Action ?? ''), input, body }
}

function answerError(request: Request, error: unknown): Answer {
  const known = error instanceof AwsError ? error : new AwsError('InternalFailure', String(error), 500)
  return request.service === 'sts' ? xmlError(known) : jsonError(known)
}

const throttledStatus = { sts: 400, dynamodb: 400, oidc: 429 }

/** What is answered without anything being done. */
function brokenAnswer(request: Request, fault: Fault): Answer {
  if (fault.kind === 'html') {
    return { status: 503, type: 'text/html', body: '<html><body><h1>503 Service Unavailable</h1></body></html>' }
  }
  const throttled = fault.kind === 'throttle'
  return answerError(
    request,
    new AwsError(
      fault.errorName ??
        (throttled ? (request.service === 'sts' ? 'Throttling' : 'ThrottlingException') : 'InternalServerError'),
      fault.message ?? (throttled ? 'Rate exceeded' : 'Internal server error'),
      fault.status ?? (throttled ? throttledStatus[request.service] : 500),
    ),
  )
}

function json(status: number, value: unknown): Answer {
  return { status, type: 'application/x-amz-json-1.0', body: JSON.stringify(value) }
}

function jsonError({ name, message, status }: AwsError): Answer {
  return { ...json(status, { __type: `com.amazonaws.dynamodb.v20120810#${name}`, message }), error: name }
}

function xml(operation: string, value: Readonly<Record<string, unknown>>): Answer {
  const body = `<${operation}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><${operation}Result>${elements(value)}</${operation}Result><ResponseMetadata><RequestId>sandbox</RequestId></ResponseMetadata></${operation}Response>`
  return { status: 200, type: 'text/xml', body }
}

function xmlError({ name, message, status }: AwsError): Answer {
  const error = elements({ Error: { Type: status < 500 ? 'Sender' : 'Receiver', Code: name, Message: message } })
  return {
    status,
    type: 'text/xml',
    body: `<ErrorResponse>${error}<RequestId>sandbox</RequestId></ErrorResponse>`,
    error: name,
  }
}

function elements(value: Readonly<Record<string, unknown>>): string {
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
