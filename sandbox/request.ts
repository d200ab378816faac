/** An HTTP request, taken apart: which service it is for, what it asks, and of which table. */
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
  /** The parameters, tokens left out. */
  readonly input: Shape
  /** What STS was sent, tokens and all; empty for the others. */
  readonly form: URLSearchParams
  readonly signed: SignedRequest
  /** Why the body could not be read. */
  readonly flaw?: AwsError | GitHubError
}

/** GitHub's API lies below this path. */
export const gitHubPrefix = '/github'

const repository = '/(?:repos/(?<owner>[^/]+)/(?<repo>[^/]+)|repositories/(?<repository_id>\\d+))'

const gitHubRoutes = [
  { route: 'POST /graphql', operation: 'Viewer' },
  { route: `GET ${repository}/issues/(?<issue_number>\\d+)/comments`, operation: 'ListComments' },
  { route: `POST ${repository}/issues/(?<issue_number>\\d+)/comments`, operation: 'CreateComment' },
  { route: `PATCH ${repository}/issues/comments/(?<comment_id>\\d+)`, operation: 'UpdateComment' },
  { route: `GET ${repository}/commits/(?<commit_sha>[^/]+)/pulls`, operation: 'ListPullsOfCommit' },
].map(({ route, operation }) => ({ route: new RegExp(`^${route}$`), operation }))

/** @returns undefined for a request to nothing that is here */
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
  const dynamoDbTarget = headers['x-amz-target']
  if (typeof dynamoDbTarget === 'string') return readDynamoDbRequest(dynamoDbTarget, signed)
  const form = new URLSearchParams(body.toString('utf8'))
  const { WebIdentityToken: _, ...input } = Object.fromEntries(form)
  return { service: 'sts', operation: String(input.Action ?? ''), input, form, signed }
}

function readDynamoDbRequest(target: string, signed: SignedRequest): Request {
  const [, operation = ''] = /^DynamoDB_20120810\.(\w+)$/.exec(target) ?? []
  const content = parse(signed.body)
  const input = content ?? {}
  const named = String(input.ResourceArn ?? input.TableName ?? '')
  // A table may be named by its ARN wherever its name is taken.
  const [, table = named] = /:table\/([^/]+)/.exec(named) ?? []
  return {
    service: 'dynamodb',
    operation,
    ...(table === '' ? {} : { table }),
    input,
    form: new URLSearchParams(),
    signed,
    ...(content === undefined
      ? { flaw: new AwsError('SerializationException', 'The request body is not a JSON object') }
      : {}),
  }
}

/** What GitHub does not know goes by its method and path. */
function readGitHubRequest(path: string, query: URLSearchParams, signed: SignedRequest): Request {
  const line = `${signed.method} ${path}`
  const found = gitHubRoutes.find(({ route }) => route.test(line))
  // No body is an empty one.
  const content = signed.body.length === 0 ? Object.fromEntries(query) : parse(signed.body)
  return {
    service: 'github',
    operation: found?.operation ?? line,
    // What the path says, or leaves unsaid, nothing else can say.
    input: { ...content, ...found?.route.exec(line)?.groups },
    form: new URLSearchParams(),
    signed,
    ...(content === undefined ? { flaw: new GitHubError(400, 'Problems parsing JSON') } : {}),
  }
}

/** @returns undefined for whatever is no JSON object */
function parse(body: Uint8Array): Shape | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(body).toString('utf8'))
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  } catch {
    // No JSON is no JSON object either.
  }
  return undefined
}
