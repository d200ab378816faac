/** The port to GitHub's API: one comment on one pull request. The only import of @actions/github. */
import { retry } from '../aws/retry.ts'
import { renderError } from '../errors/description.ts'
import { isErrorLike } from '../errors/thrown.ts'
import { ProxyError, proxyFor } from '../network/proxies.ts'
import { explainUnreachable, findNetworkError, remedyForCertificate, UnreachableError } from '../network/unreachable.ts'
import type { Run } from '../run/run.ts'
import type { CommitSearch } from './pull-request.ts'

export interface GitHubPlace {
  readonly owner: string
  readonly repository: string
  readonly token: string
  /** Such as `https://api.github.com`. */
  readonly apiUrl: string
}

/** A failed call. */
export class GitHubError extends Error {
  override readonly name = 'GitHubError'
  /** The HTTP status, which is 429 for every rate limit. */
  readonly status: number
  /** In milliseconds by the clock of the run: the time before which GitHub accepts no other call, if it gave one. */
  readonly retryAt: number | undefined

  constructor(message: string, status: number, options: ErrorOptions & { readonly retryAt?: number | undefined } = {}) {
    super(message, options)
    this.status = status
    this.retryAt = options.retryAt
  }
}

/** The time-out of one response. */
const requestTimeoutMilliseconds = 10_000

export type GitHub = Awaited<ReturnType<typeof connectGitHub>>

export async function connectGitHub(place: GitHubPlace, run: Run) {
  const { owner, repository: repo, token, apiUrl: baseUrl } = place
  const url = new URL(baseUrl)
  // Octokit ignores a proxy that it cannot read, and would connect without it; this throws.
  const proxy = proxyFor(url)
  // A file of its own in the bundle: a run without a comment does not read it.
  const { getOctokit } = await import(/* webpackChunkName: "comment" */ '@actions/github')
  const { rest, graphql, paginate, hook } = getOctokit(token, { baseUrl, log: silent })
  hook.wrap('request', async (request, options) => {
    const signal = AbortSignal.any([run.abort, AbortSignal.timeout(requestTimeoutMilliseconds)])
    // Octokit gives every hook the same options, so they are changed in place. A redirect is an error: the token must not
    // go to another host.
    options.request = { ...options.request, log: silent, redirect: 'error', signal }
    const response = await request(options)
    // Octokit returns the text of JSON that it cannot parse.
    if (typeof response.data === 'string') throw new GitHubError("GitHub's response was cut off", 502)
    return response
  })
  const call = <Answer>(send: () => Promise<Answer>): Promise<Answer> =>
    retry(
      run,
      () =>
        send().catch((error: unknown) => {
          throw isRequestError(error) ? explainFailure(error, url, proxy, run.clock.now()) : error
        }),
      () => "GitHub's API",
    )

  return {
    /** The numbers of the pull requests of this repository that were merged as the commit, or that have it as their head. */
    findPullRequests: (commit_sha: string, search: CommitSearch): Promise<readonly number[]> =>
      call(async () => {
        const request = { owner, repo, commit_sha, per_page: 100 }
        const listed = await paginate(rest.repos.listPullRequestsAssociatedWithCommit, request)
        // For a commit of a fork, GitHub also lists pull requests in other repositories.
        const own = listed.filter(({ base }) => base.repo.full_name.toLowerCase() === `${owner}/${repo}`.toLowerCase())
        const merged = own.filter(({ merged_at, merge_commit_sha }) => merged_at && merge_commit_sha === commit_sha)
        // GitHub also lists open ones that hold the commit below their head.
        const open = own.filter(({ state, head }) => state === 'open' && head.sha === commit_sha)
        const chosen = search === 'merged-or-open' && merged.length > 0 ? merged : open
        return chosen.map(({ number }) => number)
      }),
    /** Edits the comment of this token that starts with the mark, or writes a new one. @returns its address */
    writeComment: (issue_number: number, mark: string, body: string): Promise<string> =>
      // Every try searches again: if its response was lost, an earlier try may have written the comment.
      call(async () => {
        const { viewer } = await graphql<{ viewer: { login: string } }>('query { viewer { login } }')
        const comments = await paginate(rest.issues.listComments, { owner, repo, issue_number, per_page: 100 })
        // The oldest: if two concurrent runs wrote a comment each, every later run finds the same one.
        const own = comments.find((comment) => comment.body?.startsWith(mark) && isBy(comment.user, viewer.login))
        const { data, status } =
          own === undefined
            ? await rest.issues.createComment({ owner, repo, issue_number, body })
            : await rest.issues.updateComment({ owner, repo, comment_id: own.id, body })
        // A server that is not GitHub may answer anything.
        if (typeof data.html_url !== 'string') throw new GitHubError("GitHub's response is not a comment", status)
        return data.html_url
      }),
  }
}

/** Keeps Octokit from writing deprecations and retries past our log. */
const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }

/** GraphQL names an app `github-actions`, or `github-actions[bot]` as REST does. Only a bot can have the second name. */
function isBy(user: { readonly login: string; readonly type?: string } | null, login: string): boolean {
  return user !== null && (user.login === login || (user.type === 'Bot' && user.login === `${login}[bot]`))
}

/** Converts an error of Octokit to ours. */
function explainFailure(error: RequestError, url: URL, proxy: URL | undefined, now: number): Error {
  const explained = explainUnreachable(url, 'GITHUB_API_URL', error)
  if (error.response === undefined && explained instanceof UnreachableError) {
    // Behind a proxy, only the certificate is GitHub's own.
    const isOfProxy = proxy !== undefined && remedyForCertificate(explained.code) === undefined
    return isOfProxy ? new ProxyError(proxy, url.host, findNetworkError(error)) : explained
  }
  const headers = error.response?.headers ?? {}
  const seconds = Number(headers['retry-after'] ?? 0)
  const isForbiddenByLimit =
    seconds > 0 || headers['x-ratelimit-remaining'] === '0' || /rate limit/i.test(error.message)
  // GitHub answers 403 both for a missing permission and for too many requests.
  const isRateLimit = error.status === 429 || (error.status === 403 && isForbiddenByLimit)
  const retryAt = isRateLimit && seconds > 0 ? now + seconds * 1000 : undefined
  const until = retryAt === undefined ? '' : `; try again after ${new Date(retryAt).toISOString()}`
  const status = isRateLimit ? 429 : (tunnelStatus(error) ?? error.status)
  return new GitHubError(`${error.message}${until}`, status, { cause: error.cause, retryAt })
}

/** The status that a proxy gave. Octokit gives 500 to every failure before the response of GitHub. */
function tunnelStatus(error: unknown): number | undefined {
  const [, status] = /Proxy response \((\d{3})\)/.exec(renderError(error)) ?? []
  return status === undefined ? undefined : Number(status)
}

interface RequestError extends Error {
  readonly status: number
  readonly response?: { readonly headers: Readonly<Record<string, unknown>> }
}

/** Octokit also gives a status to the AbortError of a request that was stopped. */
function isRequestError(error: unknown): error is RequestError {
  return isErrorLike(error) && 'status' in error && typeof error.status === 'number'
}
