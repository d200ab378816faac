/** The way out: one pool of connections, one set of time-outs, for AWS and for the job's OIDC token alike. */
import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { STSClient } from '@aws-sdk/client-sts'
import { partition } from '@aws-sdk/core/client'
import { loadSharedConfigFiles } from '@smithy/core/config'
import { HttpRequest } from '@smithy/core/protocols'
import type { NodeHttpHandler } from '@smithy/node-http-handler'
import type { AwsCredentialIdentity } from '@smithy/types'
import { RemedyError } from '../errors/errors.ts'
import { openEarly } from '../network/early-connections.ts'
import { BoundedHandler } from '../network/http-handler.ts'
import { proxyFor, proxySecrets } from '../network/proxies.ts'
import { regionSetting } from '../network/unreachable.ts'
import { type Run, unlessAborted } from '../run/run.ts'
import { describeDefaultChain, explainDefaultChain } from './default-chain-errors.ts'
import type { CustomEndpoint, SdkSettings, SharedConfig } from './sdk-settings.ts'

/** What every AWS client of a run is made with. */
export interface ClientOptions {
  readonly region: string
  readonly requestHandler: NodeHttpHandler
  /** Trying again is retry.ts's, which knows the run's deadline. */
  readonly maxAttempts: 1
  /** The other mode slows calls down by itself, as pace.ts does. */
  readonly retryMode?: 'standard'
  /** Under another one, which a variable may prefer, STS's calls are signed for no region. */
  readonly authSchemePreference?: string[]
}

export interface Connections {
  readonly clientOptions: ClientOptions
  /** Resolves when the first request is on its way, or after a second. */
  readonly waiting: Promise<void>
  /** Opens so many connections, and sends nothing. */
  readonly openEarly: (url: URL, count: number) => void
  readonly connectSts: (credentials: AwsCredentialIdentity | undefined) => STSClient
  readonly fetchIdToken: (audience: string, signal: AbortSignal) => Promise<string>
  readonly accessKey: () => AwsCredentialIdentity
  readonly defaultChain: () => Promise<AwsCredentialIdentity>
}

/** The partition of a region, such as `aws-cn`; the SDK's table, so that we keep none. */
export function partitionOf(region: string): string {
  return partition(region).name
}

/** In milliseconds: until a connection stands, and until an answer, or more of its body, comes. */
export interface TimeOuts {
  readonly connect: number
  readonly request: number
}

/** To one host. DynamoDB limits some reads by connection, so many tables are read over many. */
const mostConnections = 50

export const timeOutsOfAWorkingNetwork: TimeOuts = { connect: 5000, request: 10_000 }

/** What the runner tells of the job, and what it must not show. */
export interface Job {
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly mask: (secret: string, origin: string) => void
  readonly warning?: (title: string, message: string) => void
  /** Absent where AWS is called at its own addresses, and everything that is set is read. */
  readonly sdkSettings?: SdkSettings | undefined
}

/** @throws {RemedyError} where the job names a proxy that nobody could connect to */
export function openConnections(
  region: string,
  { environment, mask, warning, sdkSettings }: Job,
  run: Run,
  timeOuts: TimeOuts = timeOutsOfAWorkingNetwork,
): Connections {
  for (const secret of proxySecrets()) mask(secret, 'password in HTTPS_PROXY or HTTP_PROXY')
  mask(environment.ACTIONS_ID_TOKEN_REQUEST_TOKEN ?? '', 'ACTIONS_ID_TOKEN_REQUEST_TOKEN')
  const { endpoints, warnings } = sdkSettings ?? { endpoints: [], warnings: [] }
  for (const message of warnings) warning?.('Tenant Tables', message)
  // AWS and GitHub are called by https; one that is not needed may be as it is.
  proxyFor(new URL('https://any.invalid'))
  const { httpAgent, httpsAgent, waiting, open, close } = openEarly(mostConnections, proxyFor)
  // The last signal of a run: nothing of it calls any more.
  run.leave.addEventListener('abort', close)
  const requestHandler = new BoundedHandler(
    {
      connectionTimeout: timeOuts.connect,
      requestTimeout: timeOuts.request,
      // The other time-out ends with the headers; a body that stalls is an idle socket.
      socketTimeout: timeOuts.request,
      throwOnRequestTimeout: true,
      httpAgent,
      httpsAgent,
    },
    (url) => settingNaming(url, environment, endpoints),
  )
  const clientOptions: ClientOptions = {
    region,
    requestHandler,
    maxAttempts: 1,
    retryMode: 'standard',
    authSchemePreference: ['sigv4'],
  }
  return {
    clientOptions,
    // A connection that is slow to stand must not hold back what else is to be done.
    waiting: Promise.race([waiting, run.clock.sleep(1000, run.stop).catch(() => undefined)]),
    openEarly: (url, count) => open(url, Math.min(count, mostConnections)),
    connectSts: (credentials) =>
      new STSClient({ ...clientOptions, ...(credentials === undefined ? {} : { credentials }) }),
    fetchIdToken: (audience, signal) => fetchIdToken(requestHandler, environment, audience, signal),
    accessKey: () => ({
      accessKeyId: environment.AWS_ACCESS_KEY_ID ?? '',
      secretAccessKey: environment.AWS_SECRET_ACCESS_KEY ?? '',
      ...(environment.AWS_SESSION_TOKEN ? { sessionToken: environment.AWS_SESSION_TOKEN } : {}),
    }),
    defaultChain: async () => {
      const sharedConfig = await loadSharedConfigFiles()
      await maskTokens(environment, sharedConfig, mask)
      const lines: string[] = []
      // The chain passes over a provider that fails, and says why in its log alone.
      const logger = {
        debug: (line: unknown) => void lines.push(String(line)),
        info: () => undefined,
        warn: (line: unknown) => run.log.info(String(line)),
        error: (line: unknown) => run.log.info(String(line)),
      }
      const chain = new STSClient({ ...clientOptions, logger }).config.credentials()
      return await unlessAborted(run, chain, describeDefaultChain(environment)).catch((error: unknown) => {
        throw error instanceof RemedyError ? error : explainDefaultChain(environment, sharedConfig, lines, error)
      })
    },
  }
}

/** The input or variable that names a host. */
function settingNaming(url: URL, environment: Job['environment'], endpoints: readonly CustomEndpoint[]): string {
  const named = [
    ...endpoints,
    { url: environment.ACTIONS_ID_TOKEN_REQUEST_URL ?? '', setting: 'ACTIONS_ID_TOKEN_REQUEST_URL' },
  ]
  return named.find((each) => URL.canParse(each.url) && new URL(each.url).host === url.host)?.setting ?? regionSetting
}

/** What the SDK's own chain sends somewhere to get credentials, so that an answer could hold it. */
async function maskTokens(
  environment: Job['environment'],
  { configFile, credentialsFile }: SharedConfig,
  mask: Job['mask'],
): Promise<void> {
  mask(environment.AWS_CONTAINER_AUTHORIZATION_TOKEN ?? '', 'AWS_CONTAINER_AUTHORIZATION_TOKEN')
  // Of all profiles: one may lead to another.
  const profiles = [...Object.entries(configFile), ...Object.entries(credentialsFile)]
  for (const [name, { aws_secret_access_key, aws_session_token }] of profiles) {
    mask(aws_secret_access_key ?? '', `aws_secret_access_key of the profile ${name}`)
    mask(aws_session_token ?? '', `aws_session_token of the profile ${name}`)
  }
  const variables = ['AWS_WEB_IDENTITY_TOKEN_FILE', 'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE']
  for (const [origin, path] of [
    ...variables.map((name) => [`file of ${name}`, environment[name]] as const),
    ...profiles.map(
      ([name, profile]) => [`web_identity_token_file of the profile ${name}`, profile.web_identity_token_file] as const,
    ),
  ]) {
    // A file that cannot be read is the chain's to tell.
    if (path) mask((await readFile(path, 'utf8').catch(() => '')).trim(), origin)
  }
}

/** @see https://docs.github.com/actions/reference/security/oidc#methods-for-requesting-the-oidc-token */
async function fetchIdToken(
  handler: NodeHttpHandler,
  environment: Readonly<Record<string, string | undefined>>,
  audience: string,
  signal: AbortSignal,
): Promise<string> {
  const url = new URL(environment.ACTIONS_ID_TOKEN_REQUEST_URL ?? '')
  url.searchParams.set('audience', audience)
  const { response } = await handler.handle(
    new HttpRequest({
      method: 'GET',
      protocol: url.protocol,
      hostname: url.hostname,
      ...(url.port === '' ? {} : { port: Number(url.port) }),
      path: url.pathname,
      query: Object.fromEntries(url.searchParams),
      headers: {
        host: url.host,
        accept: 'application/json',
        authorization: `Bearer ${environment.ACTIONS_ID_TOKEN_REQUEST_TOKEN ?? ''}`,
      },
    }),
    { abortSignal: signal },
  )
  const body = await text(response.body)
  if (response.statusCode !== 200) throw new IdTokenError(response.statusCode)
  const answer = parseJson(body)
  // What is no JSON comes from something in between, such as a proxy that has just begun, and may pass.
  if (answer === undefined)
    throw new IdTokenError(
      502,
      "GitHub answered the request for the job's OIDC token, but not with a token: with something that is no JSON",
    )
  const token = readToken(answer)
  if (token === undefined) {
    throw new RemedyError(
      "GitHub answered the request for the job's OIDC token, but not with a token.",
      'Run the job again; if it stays, see GitHub Status.',
    )
  }
  return token
}

/** Has the shape of the SDK's errors, so that one rule decides what is tried again. The body is not shown: it may hold a token. */
class IdTokenError extends Error {
  override readonly name = 'IdTokenError'
  readonly $metadata: { readonly httpStatusCode: number }

  constructor(
    httpStatusCode: number,
    message = `GitHub answered the request for the job's OIDC token with status ${httpStatusCode}`,
  ) {
    super(message)
    this.$metadata = { httpStatusCode }
  }
}

function readToken(answer: unknown): string | undefined {
  if (typeof answer !== 'object' || answer === null || !('value' in answer)) return undefined
  return typeof answer.value === 'string' && answer.value !== '' ? answer.value : undefined
}

/** undefined, which no JSON is, where it cannot be read. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
