/** Parsing of HTTP requests: service, operation, table and parameters. */
import type { IncomingMessage } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { AwsError } from './errors.ts'
import { GitHubError } from './git-hub.ts'
import type { Service } from './request-log.ts'
import type { SignedRequest } from './signature.ts'
import type { Shape } from './table-record.ts'

export interface Request {
  readonly service: Service
  readonly operation: string
  readonly table?: string
  /** The parameters, without tokens. */
  readonly input: Shape
  /** The complete form of an STS request, with tokens; empty for other services. */
  readonly form: URLSearchParams
  readonly signed: SignedRequest
  /** Why the body could not be parsed. */
  readonly parseError?: AwsError | GitHubError
}

/** The path of GitHub's API. */
export const gitHubPrefix = '/github'

const repository = '/(?:repos/(?<owner>[^/]+)/(?<repo>[^/]+)|repositories/(?<repository_id>\\d+))'

const gitHubRoutes = [
  { route: 'POST /graphql', operation: 'Viewer' },
  { route: `GET ${repository}/issues/(?<issue_number>\\d+)/comments`, operation: 'ListComments' },
  { route: `POST ${repository}/issues/(?<issue_number>\\d+)/comments`, operation: 'CreateComment' },
  { route: `PATCH ${repository}/issues/comments/(?<comment_id>\\d+)`, operation: 'UpdateComment' },
  { route: `GET ${repository}/commits/(?<commit_sha>[^/]+)/pulls`, operation: 'ListPullsOfCommit' },
].map(({ route, operation }) => ({ route: new RegExp(`^${route}$`), operation }))

/** @returns undefined for a path that the sandbox does not have */
export async function readRequest(message: IncomingMessage): Promise<Request | undefined> {
  const { method = '', url: target = '/', headers } = message
  const body = await buffer(message)
  const signed = { method, target, headers, body }
  const { pathname, searchParams } = new URL(target, 'http://127.0.0.1')
  if (method === 'GET' && pathname === '/oidc/token') {
    const input = Object.fromEntries(searchParams)
    return { service: 'oidc', operation: 'GetToken', input, form: new URLSearchParams(), signed }
  }
  if (pathname.startsWith(`${gitHubPrefix}/`)) {
    return readGitHubRequest(pathname.slice(gitHubPrefix.length), searchParams, signed)
  }
  if (method !== 'POST' || pathname !== '/') return undefined
  const jsonTarget = headers['x-amz-target']
  if (typeof jsonTarget === 'string') {
    return jsonTarget.startsWith('TrentService.')
      ? readKmsRequest(jsonTarget, signed)
      : readDynamoDbRequest(jsonTarget, signed)
  }
  const form = new URLSearchParams(body.toString('utf8'))
  const { WebIdentityToken: _, ...input } = Object.fromEntries(form)
  return { service: 'sts', operation: String(input.Action ?? ''), input, form, signed }
}

function readDynamoDbRequest(target: string, signed: SignedRequest): Request {
  const [, operation = ''] = /^DynamoDB_20120810\.(\w+)$/.exec(target) ?? []
  const { input, ...others } = readJson(signed)
  const named = String(input.ResourceArn ?? input.TableName ?? '')
  // AWS accepts a table's ARN wherever it accepts the name.
  const [, table = named] = /:table\/([^/]+)/.exec(named) ?? []
  return {
    service: 'dynamodb',
    operation,
    ...(table === '' ? {} : { table }),
    input,
    ...others,
  }
}

/** KMS's API has the name of its first code. */
function readKmsRequest(target: string, signed: SignedRequest): Request {
  return { service: 'kms', operation: target.replace('TrentService.', ''), ...readJson(signed) }
}

function readJson(signed: SignedRequest): Omit<Request, 'service' | 'operation'> {
  const content = parse(signed.body)
  return {
    input: content ?? {},
    form: new URLSearchParams(),
    signed,
    ...(content === undefined
      ? { parseError: new AwsError('SerializationException', 'The request body is not a JSON object') }
      : {}),
  }
}

/** Parses a request to GitHub. An unknown route gets its method and path as the operation. */
function readGitHubRequest(path: string, query: URLSearchParams, signed: SignedRequest): Request {
  const line = `${signed.method} ${path}`
  const found = gitHubRoutes.find(({ route }) => route.test(line))
  // A request without a body has its parameters in the query.
  const content = signed.body.length === 0 ? Object.fromEntries(query) : parse(signed.body)
  return {
    service: 'github',
    operation: found?.operation ?? line,
    // Parameters of the path replace those of the same name in the body.
    input: { ...content, ...found?.route.exec(line)?.groups },
    form: new URLSearchParams(),
    signed,
    ...(content === undefined ? { parseError: new GitHubError(400, 'Problems parsing JSON') } : {}),
  }
}

/** @returns undefined if the body is not a JSON object */
function parse(body: Uint8Array): Shape | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(body).toString('utf8'))
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  } catch {
    // Not JSON.
  }
  return undefined
}
