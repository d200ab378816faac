/** An emulator of STS, DynamoDB, KMS, GitHub's OIDC provider and GitHub's API for comments, in one process on 127.0.0.1. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { performance } from 'node:perf_hooks'
import { setTimeout as wait } from 'node:timers/promises'
import { type AccountHands, Accounts, placeOf } from './accounts.ts'
import { type Answer, answerError, brokenAnswer, gitHubJson, json, xml } from './answers.ts'
import { type Fault, type FaultSwitch, Faults } from './faults.ts'
import { GitHub, type GitHubHands } from './git-hub.ts'
import { type Caller, Identities } from './identities.ts'
import { Keys } from './kms.ts'
import { OidcProvider } from './oidc.ts'
import { measuredTimings, type SandboxOptions } from './options.ts'
import { type Place, tableArn } from './parameters.ts'
import { RateLimits } from './rate-limits.ts'
import { gitHubPrefix, type Request, readRequest } from './request.ts'
import { iamActions, type LoggedRequest, type RequestedOperation, type RequestKeys } from './request-log.ts'
import { callSts, type Sts } from './sts.ts'

export type { AccountHands } from './accounts.ts'
export type { FaultSwitch } from './faults.ts'
export type { GitHubComment, GitHubHands } from './git-hub.ts'
export type {
  AccessKey,
  GitHubOptions,
  GitHubToken,
  GitHubUser,
  KmsKey,
  PullRequest,
  Role,
  SandboxOptions,
  Timings,
} from './options.ts'
export type { LoggedRequest, RequestedOperation } from './request-log.ts'

/**
 * Is called twice for each request, also if a fault applies: before the operation, and between operation and response,
 * when the request is logged. The request waits for it, so that a test can stop a run at either moment. An exception
 * closes the connection.
 */
export type Watcher = (moment: 'before' | 'after', request: RequestedOperation) => void | Promise<void>

export interface Sandbox {
  readonly url: string
  readonly requests: readonly LoggedRequest[]
  readonly faults: FaultSwitch
  readonly gitHub: GitHubHands
  /** Every secret that the sandbox issued or received. */
  readonly secrets: readonly string[]
  /** Environment variables that direct a job to the sandbox, without access keys. */
  readonly environment: Readonly<Record<string, string>>
  clearRequests(): void
  /** @returns a function that removes the watcher */
  watch(watcher: Watcher): () => void
  account(account: string, region: string): AccountHands
  /** Changes `latencyMilliseconds`. */
  setLatency(milliseconds: number): void
  /** Lets every issued session expire now. */
  expireSessions(): void
  /** Deletes all tables of all accounts, and all comments. */
  reset(): Promise<void>
  close(): Promise<void>
}

/** The caller and region of a signed request. */
interface Identity {
  readonly caller: Caller
  readonly region: string
}

type RequestTimes = Pick<LoggedRequest, 'connected' | 'start'>

const fiveMinutes = 300_000

export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const now = options.now ?? Date.now
  const signatureLifetime =
    options.signatureLifetimeMilliseconds ?? (options.now === undefined ? fiveMinutes : Number.POSITIVE_INFINITY)
  const identities = new Identities(options.accessKeys ?? [], now, signatureLifetime)
  const oidc = new OidcProvider(options.oidcClaims ?? {}, now)
  const sts: Sts = { roles: options.roles ?? [], identities, oidc }
  const faults = new Faults()
  const keys = new Keys(options.keys)
  const accounts = new Accounts({ ...measuredTimings, ...options.timings }, now, keys)
  const gitHub = new GitHub(options.gitHub ?? {}, now)
  const limits = new RateLimits(options, now)
  const watchers = new Set<Watcher>()
  const openedAt = new WeakMap<Socket, number>()
  const connection = options.connectionMilliseconds ?? 0
  let latency = options.latencyMilliseconds ?? 0
  let requests: LoggedRequest[] = []
  let lastId = 0
  identities.keepSecret(oidc.requestToken)
  for (const { token } of options.gitHub?.tokens ?? []) identities.keepSecret(token)

  function issueToken({ signed, input }: Request): Answer {
    if (!oidc.isJob(signed.headers)) return json(401, { message: 'Unauthorized' })
    const token = oidc.issue(String(input.audience ?? ''))
    identities.keepSecret(token)
    return json(200, { value: token })
  }

  /** Returns undefined for requests that carry a token instead of a signature. */
  function identify({ service, operation, signed }: Request): Identity | undefined {
    if (service === 'oidc' || service === 'github' || operation === 'AssumeRoleWithWebIdentity') return undefined
    return identities.authenticate(signed, service)
  }

  async function perform(request: Request, identity: Identity | undefined): Promise<Answer> {
    const { service, operation, input, form, signed, parseError } = request
    if (parseError !== undefined) throw parseError
    if (service === 'oidc') return issueToken(request)
    if (service === 'github') {
      const { authorization } = signed.headers
      return gitHubJson(gitHub.call({ operation, input, authorization, root: `${url}${gitHubPrefix}` }))
    }
    if (identity === undefined || service === 'sts') {
      return xml(operation, callSts(sts, operation, identity?.caller, form))
    }
    const { caller, region } = identity
    if (service === 'kms') return json(200, keys.call(operation, placeOf(caller.account, region), caller.arn, input))
    return json(200, await accounts.call(caller.account, region, operation, input))
  }

  async function notifyWatchers(moment: 'before' | 'after', { service, operation, table }: Request): Promise<void> {
    const requested = { service, operation, ...(table === undefined ? {} : { table }) }
    for (const watcher of watchers) await watcher(moment, requested)
  }

  /** The keys that IAM checks a request of this account and region for. */
  function keysOf(place: Place, table: string | undefined): RequestKeys {
    const find = (given: string) => {
      const arn = keys.arnOf(place, given)
      return arn === undefined ? undefined : { arn, aliases: keys.aliasesOf(place, arn) }
    }
    const used = table === undefined ? undefined : accounts.hands(place.account, place.region).table(table)?.encryption
    // The policy of a key that AWS manages allows its use through DynamoDB.
    const isOfCustomer = used?.keyArn !== undefined && used.keyArn !== keys.arnOf(place, 'alias/aws/dynamodb')
    return { region: place.region, find, ofTable: isOfCustomer ? find(used.keyArn) : undefined }
  }

  function logRequest(
    request: Request,
    answer: Answer & Pick<LoggedRequest, 'isDone'>,
    identity: Identity | undefined,
    times: RequestTimes,
  ): void {
    const { account = '', partition = 'aws' } = identity?.caller ?? {}
    const region = identity?.region ?? ''
    lastId += 1
    requests.push({
      id: lastId,
      service: request.service,
      operation: request.operation,
      actions: iamActions(
        request,
        tableArn({ account, region, partition }, request.table ?? '*'),
        keysOf({ account, region, partition }, identity === undefined ? undefined : request.table),
      ),
      account,
      region,
      ...(request.table === undefined ? {} : { table: request.table }),
      input: request.input,
      ...times,
      end: performance.now(),
      status: answer.status,
      isDone: answer.isDone,
      ...(answer.error === undefined ? {} : { error: answer.error }),
    })
  }

  async function serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const start = performance.now()
    const request = await readRequest(message)
    const { isThrottled, end } = limits.begin(request?.operation, message.socket)
    try {
      await answer(request, isThrottled, message, response, start)
    } finally {
      end()
    }
  }

  async function answer(
    request: Request | undefined,
    isThrottled: boolean,
    message: IncomingMessage,
    response: ServerResponse,
    start: number,
  ): Promise<void> {
    // A handshake starts when the connection is opened, not with its first request.
    const handshake = Math.max(0, (openedAt.get(message.socket) ?? start) + connection - performance.now())
    const delay = latency + handshake
    if (delay > 0) await wait(delay)
    if (request === undefined) {
      response.writeHead(404).end()
      return
    }
    await notifyWatchers('before', request)
    const fault: Fault | undefined = isThrottled ? { kind: 'throttle' } : faults.next(request)
    if (fault?.kind === 'delay') await wait(fault.milliseconds ?? 0)
    let identity: Identity | undefined
    let reply: Answer
    let isDone = false
    try {
      identity = identify(request)
      if (fault === undefined || ['delay', 'cut', 'lost-answer'].includes(fault.kind)) {
        reply = await perform(request, identity)
        isDone = true
      } else {
        reply = brokenAnswer(request.service, fault)
      }
    } catch (error) {
      reply = answerError(request.service, error)
    }
    logRequest(request, { ...reply, isDone }, identity, { connected: openedAt.get(message.socket) ?? start, start })
    const { service } = request
    const requestId = `sandbox-${lastId}`
    await notifyWatchers('after', request)
    if (fault?.kind === 'reset' || fault?.kind === 'lost-answer') {
      message.socket.destroy()
      return
    }
    response.writeHead(reply.status, {
      'content-type': reply.type,
      'content-length': Buffer.byteLength(reply.body),
      [service === 'github' ? 'x-github-request-id' : 'x-amzn-requestid']: requestId,
      ...reply.headers,
      // Only if dates of signatures are checked: an SDK that corrects its clock by this header retries final errors.
      ...(Number.isFinite(signatureLifetime) ? { date: new Date(now()).toUTCString() } : {}),
    })
    if (fault?.kind === 'cut') {
      response.write(reply.body.slice(0, reply.body.length / 2), () => message.socket.destroy())
      return
    }
    response.end(reply.body)
  }

  const server = createServer((message, response) => {
    // The client closed the connection, or a watcher threw.
    serve(message, response).catch(() => message.socket.destroy())
  })
  server.on('connection', (socket) => openedAt.set(socket, performance.now()))
  server.keepAliveTimeout = 60_000
  const url = await listen(server, options.port ?? 0)

  return {
    url,
    get requests() {
      return requests
    },
    faults,
    gitHub,
    get secrets() {
      return identities.secrets
    },
    environment: {
      AWS_ENDPOINT_URL: url,
      AWS_EC2_METADATA_DISABLED: 'true',
      ACTIONS_ID_TOKEN_REQUEST_URL: `${url}/oidc/token?api-version=2`,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: oidc.requestToken,
      GITHUB_API_URL: `${url}${gitHubPrefix}`,
    },
    clearRequests: () => {
      requests = []
    },
    watch: (watcher) => {
      watchers.add(watcher)
      return () => void watchers.delete(watcher)
    },
    account: (account, region) => accounts.hands(account, region),
    setLatency: (milliseconds) => {
      latency = milliseconds
    },
    expireSessions: () => identities.expireSessions(),
    reset: async () => {
      gitHub.reset()
      await accounts.reset()
    },
    close: async () => {
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
      await accounts.reset()
    },
  }
}

async function listen(server: Server, port: number): Promise<string> {
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
