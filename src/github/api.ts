/** The port to GitHub's API: one comment on one pull request. The only import of @actions/github. */
import { retry } from '../aws/retry.ts'
import { describeError } from '../errors/description.ts'
import type { RemedyError } from '../errors/errors.ts'
import { ProxyError, proxyFor } from '../network/proxies.ts'
import { explainUnreachable, findNetworkError, remedyForCertificate, UnreachableError } from '../network/unreachable.ts'
import type { Run } from '../run/run.ts'
import type { CommitSearch } from './pull-request.ts'

export interface GitHub {
  /** The numbers of the pull requests of this repository that were merged as the commit, or that have it as their head. */
  readonly findPullRequests: (commit: string, search: CommitSearch) => Promise<readonly number[]>
  /** Edits the comment of this token that starts with the mark, or writes a new one. @returns its address */
  readonly writeComment: (pullRequest: number, mark: string, body: string) => Promise<string>
}

export interface GitHubPlace {
  readonly owner: string
  readonly repository: string
  readonly token: string
  /** Such as `https://api.github.com`. */
  readonly apiUrl: string
}

/** A failed call. Has the shape of the SDK's errors, so that one rule decides which calls are repeated. */
export class GitHubError extends Error {
  override readonly name = 'GitHubError'
  readonly status: number
  readonly $metadata: { readonly httpStatusCode: number }

  constructor(message: string, status: number, isRateLimit: boolean, options: ErrorOptions) {
    super(message, options)
    this.status = status
    // GitHub answers 403 both for a missing permission and for too many requests.
    this.$metadata = { httpStatusCode: isRateLimit ? 429 : status }
  }
}

/** The time-out of one response. */
const requestTimeoutMilliseconds = 10_000

export async function connectGitHub(place: GitHubPlace, run: Run): Promise<GitHub> {
  const { owner, repository: repo, token, apiUrl: baseUrl } = place
  const url = new URL(baseUrl)
  // Octokit ignores a proxy that it cannot read, and would connect without it; this throws.
  const proxy = proxyFor(url)
  // A file of its own in the bundle: a run without a comment does not read it.
  const { getOctokit } = await import(/* webpackChunkName: "comment" */ '@actions/github')
  const octokit = getOctokit(token, { baseUrl, log: silent })
  const call = <Answer>(send: (request: () => ReturnType<typeof requestUntil>) => Promise<Answer>): Promise<Answer> =>
    retry(
      run,
      (abort) =>
        send(() => requestUntil(abort)).catch((error: unknown) => {
          throw explainUnanswered(error, url, proxy) ?? describeFailure(error, run.clock.now())
        }),
      () => "GitHub's API",
    )

  return {
    findPullRequests: (commit_sha, search) =>
      call(async (request) => {
        const list = { owner, repo, commit_sha, per_page: 100 }
        const found = await allPages((page) =>
          octokit.rest.repos.listPullRequestsAssociatedWithCommit({ ...list, page, request: request() }),
        )
        return choosePullRequests(found, commit_sha, search, `${owner}/${repo}`)
      }),
    // Every try searches again: if its response was lost, an earlier try may have written the comment.
    writeComment: (issue_number, mark, body) =>
      call(async (request) => {
        const answer = await octokit.graphql<{ viewer: { login: string } }>('query { viewer { login } }', {
          request: request(),
        })
        const login = complete(answer?.viewer?.login, isText)
        const comments = await allPages((page) =>
          octokit.rest.issues.listComments({ owner, repo, issue_number, per_page: 100, page, request: request() }),
        )
        // The oldest: if two concurrent runs wrote a comment each, every later run finds the same one.
        const own = comments.find((comment) => comment.body?.startsWith(mark) && isBy(comment.user, login))
        const { data } =
          own === undefined
            ? await octokit.rest.issues.createComment({ owner, repo, issue_number, body, request: request() })
            : await octokit.rest.issues.updateComment({ owner, repo, comment_id: own.id, body, request: request() })
        return complete(data?.html_url, isText)
      }),
  }
}

/** A redirect is an error: the token must not go to another host. */
function requestUntil(abort: AbortSignal) {
  const signal = AbortSignal.any([abort, AbortSignal.timeout(requestTimeoutMilliseconds)])
  return { log: silent, redirect: 'error' as const, signal }
}

/** Keeps Octokit from writing deprecations and retries past our log. */
const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }

interface PullRequest {
  readonly number: number
  readonly state: string
  readonly merged_at: string | null
  readonly merge_commit_sha: string | null
  readonly head: { readonly sha: string }
  readonly base: { readonly repo: { readonly full_name: string } }
}

function choosePullRequests(
  pullRequests: readonly PullRequest[],
  commit: string,
  search: CommitSearch,
  repository: string,
): readonly number[] {
  // For a commit of a fork, GitHub also lists pull requests in other repositories.
  const own = pullRequests.filter(({ base }) => base.repo.full_name.toLowerCase() === repository.toLowerCase())
  const merged = own.filter(({ merged_at, merge_commit_sha }) => merged_at && merge_commit_sha === commit)
  // GitHub also lists open ones that hold the commit below their head.
  const open = own.filter(({ merged_at, state, head }) => !merged_at && state === 'open' && head.sha === commit)
  const chosen = search === 'merged-or-open' && merged.length > 0 ? merged : open
  return chosen.map(({ number }) => complete(number, Number.isInteger))
}

/** Octokit's own paging drops the signal, and takes a truncated response for an empty page. */
async function allPages<Item>(
  list: (page: number) => Promise<{ readonly data: Item[]; readonly headers: { readonly link?: string } }>,
): Promise<readonly Item[]> {
  const items: Item[] = []
  for (let page = 1; ; page += 1) {
    const { data, headers } = await list(page)
    items.push(...complete(data, Array.isArray))
    if (!headers.link?.includes('rel="next"')) return items
  }
}

/** Octokit returns a truncated response as if it were empty. */
function complete<Value>(value: Value, isComplete: (value: unknown) => boolean): Value {
  if (isComplete(value)) return value
  throw new GitHubError("GitHub's response was cut off", 502, false, {})
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

/** GraphQL names an app `github-actions`, or `github-actions[bot]` as REST does. Only a bot can have the second name. */
function isBy(user: { readonly login: string; readonly type?: string } | null, login: string): boolean {
  return user !== null && (user.login === login || (user.type === 'Bot' && user.login === `${login}[bot]`))
}

/** The error of a request without a response, if its code says why; undefined for any other. */
function explainUnanswered(error: unknown, url: URL, proxy: URL | undefined): RemedyError | undefined {
  if (!isRequestError(error) || error.response !== undefined) return undefined
  const explained = explainUnreachable({ url, setting: 'GITHUB_API_URL' }, error)
  if (!(explained instanceof UnreachableError)) return undefined
  // Behind a proxy, only the certificate is GitHub's own.
  const isOfProxy = proxy !== undefined && remedyForCertificate(explained.code) === undefined
  return isOfProxy ? new ProxyError(proxy, url.host, findNetworkError(error)) : explained
}

/** Converts Octokit's error to ours; returns any other as it is. */
function describeFailure(error: unknown, now: number): unknown {
  if (!isRequestError(error)) return error
  const headers = error.response?.headers ?? {}
  const seconds = Number(headers['retry-after'] ?? 0)
  const isForbiddenByLimit =
    seconds > 0 || headers['x-ratelimit-remaining'] === '0' || /rate limit/i.test(error.message)
  const isRateLimit = error.status === 429 || (error.status === 403 && isForbiddenByLimit)
  // The retry waits until the time that the message names.
  const until = isRateLimit && seconds > 0 ? `; try again after ${new Date(now + seconds * 1000).toISOString()}` : ''
  return new GitHubError(`${error.message}${until}`, tunnelStatus(error) ?? error.status, isRateLimit, {
    cause: error.cause,
  })
}

/** The status that a proxy gave. Octokit gives 500 to every failure before the response of GitHub. */
function tunnelStatus(error: unknown): number | undefined {
  const { message, causes } = describeError(error)
  const [, status] = /Proxy response \((\d{3})\)/.exec([message, ...causes].join('\n')) ?? []
  return status === undefined ? undefined : Number(status)
}

interface RequestError extends Error {
  readonly status: number
  readonly response?: { readonly headers: Readonly<Record<string, unknown>> }
}

function isRequestError(error: unknown): error is RequestError {
  return typeof error === 'object' && error !== null && 'status' in error && typeof error.status === 'number'
}
