/** The port to GitHub's API: one comment on one pull request. The only import of @actions/github, and a late one. */

import { retry } from '../aws/retry.ts'
import { describeError } from '../errors/description.ts'
import type { RemedyError } from '../errors/errors.ts'
import { ProxyError, proxyFor } from '../network/proxies.ts'
import { explainUnreachable, findNetworkError, remedyForCertificate, UnreachableError } from '../network/unreachable.ts'
import type { Run } from '../run/run.ts'
import type { CommitSearch } from './pull-request.ts'

export interface GitHub {
  /** The numbers of this repository's pull requests that the commit was merged as, or that have it as their head. */
  readonly findPullRequests: (commit: string, search: CommitSearch) => Promise<readonly number[]>
  /** Edits this token's own comment with the mark, or writes a new one. @returns its address */
  readonly writeComment: (pullRequest: number, mark: string, body: string) => Promise<string>
}

export interface GitHubPlace {
  readonly owner: string
  readonly repository: string
  readonly token: string
  /** Such as `https://api.github.com`. */
  readonly apiUrl: string
}

/** Has the shape of the SDK's errors, so that one rule decides what is tried again. */
export class GitHubError extends Error {
  override readonly name = 'GitHubError'
  readonly status: number
  readonly $metadata: { readonly httpStatusCode: number }

  constructor(message: string, status: number, isRateLimit: boolean, options: ErrorOptions) {
    super(message, options)
    this.status = status
    // GitHub answers 403 for a missing permission and for too many requests alike.
    this.$metadata = { httpStatusCode: isRateLimit ? 429 : status }
  }
}

/** For one answer. The run's deadline holds as well. */
const requestMilliseconds = 10_000

export async function connectGitHub(
  { owner, repository: repo, token, apiUrl }: GitHubPlace,
  run: Run,
): Promise<GitHub> {
  // Octokit passes over a proxy that it cannot read, and would go another way.
  const url = new URL(apiUrl)
  const proxy = proxyFor(url)
  // A file of its own in the bundle: a run without a comment does not read it.
  const { getOctokit } = await import(/* webpackChunkName: "comment" */ '@actions/github')
  const octokit = getOctokit(token, { baseUrl: apiUrl, log: silent })
  const call = <Answer>(send: (request: () => Request) => Promise<Answer>): Promise<Answer> =>
    retry(
      run,
      async (abort) => {
        try {
          return await send(() => ({
            log: silent,
            // Who answers for GitHub must not name another who does.
            redirect: 'error',
            signal: AbortSignal.any([abort, AbortSignal.timeout(requestMilliseconds)]),
          }))
        } catch (error) {
          throw explainNoAnswer(error, url, proxy) ?? describeFailure(error, run.clock.now())
        }
      },
      () => "GitHub's API",
    )

  /** The first is the oldest: of two that a race made, the same one is found each time. */
  async function findComment(issue_number: number, mark: string, request: () => Request): Promise<number | undefined> {
    const answer = await octokit.graphql<{ viewer: { login: string } }>('query { viewer { login } }', {
      request: request(),
    })
    const login = whole(answer?.viewer?.login, isText)
    const pages = pagesOf((page) =>
      octokit.rest.issues.listComments({ owner, repo, issue_number, per_page: 100, page, request: request() }),
    )
    for await (const comments of pages) {
      const found = comments.find(({ body, user }) => body?.startsWith(mark) && isBy(user, login))
      if (found !== undefined) return whole(found.id, Number.isInteger)
    }
    return undefined
  }

  return {
    findPullRequests: (commit_sha, search) =>
      call(async (request) => {
        const list = { owner, repo, commit_sha, per_page: 100 }
        const pages = pagesOf((page) =>
          octokit.rest.repos.listPullRequestsAssociatedWithCommit({ ...list, page, request: request() }),
        )
        const merged: number[] = []
        const open: number[] = []
        for await (const pulls of pages) {
          for (const { base, head, merge_commit_sha, merged_at, number, state } of pulls) {
            // In a fork GitHub lists the pull requests that its commits have in other repositories.
            if (base.repo.full_name.toLowerCase() !== `${owner}/${repo}`.toLowerCase()) continue
            const isMerged = typeof merged_at === 'string' && merge_commit_sha === commit_sha
            // It lists open ones that hold the commit below their head, too.
            const isOpen = state === 'open' && head.sha === commit_sha
            if (isMerged || isOpen) (isMerged ? merged : open).push(whole(number, Number.isInteger))
          }
        }
        return search === 'merged-or-open' && merged.length > 0 ? merged : open
      }),
    // Every try searches anew: one whose answer was lost may have written the comment.
    writeComment: (issue_number, mark, body) =>
      call(async (request) => {
        const comment_id = await findComment(issue_number, mark, request)
        const { data } =
          comment_id === undefined
            ? await octokit.rest.issues.createComment({ owner, repo, issue_number, body, request: request() })
            : await octokit.rest.issues.updateComment({ owner, repo, comment_id, body, request: request() })
        return whole(data?.html_url, isText)
      }),
  }
}

/** Octokit's own paging would drop the signal, and take an answer that was cut off for an empty page. */
async function* pagesOf<Item>(
  list: (page: number) => Promise<{ readonly data: Item[]; readonly headers: { readonly link?: string } }>,
): AsyncGenerator<readonly Item[]> {
  for (let page = 1; ; page += 1) {
    const { data, headers } = await list(page)
    yield whole(data, Array.isArray)
    // An endpoint that promises pages without end gives empty ones at last.
    if (data.length === 0 || !headers.link?.includes('rel="next"')) return
  }
}

interface Request {
  readonly log: typeof silent
  readonly redirect: 'error'
  readonly signal: AbortSignal
}

/** Octokit hands on an answer that was cut off as if it were empty; it must not be taken for one. */
function whole<Value>(value: Value, is: (value: unknown) => boolean): Value {
  if (is(value)) return value
  throw new GitHubError("GitHub's answer was cut off", 502, false, {})
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

/** GraphQL calls an app `github-actions`, or `github-actions[bot]` as REST does; only a bot may have the second name. */
function isBy(user: { readonly login: string; readonly type?: string } | null, login: string): boolean {
  return user !== null && (user.login === login || (user.type === 'Bot' && user.login === `${login}[bot]`))
}

/** Octokit would write deprecations and retries past our log. */
const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }

/** The error of a request that was not answered, where its code says why; undefined for any other. */
function explainNoAnswer(error: unknown, url: URL, proxy: URL | undefined): RemedyError | undefined {
  if (!isRequestError(error) || error.response !== undefined) return undefined
  const explained = explainUnreachable({ url, setting: 'GITHUB_API_URL' }, error)
  if (!(explained instanceof UnreachableError)) return undefined
  // Behind a proxy only TLS goes to GitHub itself.
  const isOfProxy = proxy !== undefined && remedyForCertificate(explained.code) === undefined
  return isOfProxy ? new ProxyError(proxy, url.host, findNetworkError(error)) : explained
}

/** Octokit's error as ours; anything else as it is. */
function describeFailure(error: unknown, now: number): unknown {
  if (!isRequestError(error)) return error
  const headers = error.response?.headers ?? {}
  const wait = Number(headers['retry-after'])
  const isRateLimit =
    error.status === 429 ||
    (error.status === 403 &&
      (wait > 0 || headers['x-ratelimit-remaining'] === '0' || /rate limit/i.test(error.message)))
  const status = tunnelStatus(error) ?? error.status
  // An hour is the longest that GitHub limits anybody; what is beyond any date is no time.
  const until =
    isRateLimit && wait > 0 && wait <= 86_400 ? `; try again after ${new Date(now + wait * 1000).toISOString()}` : ''
  return new GitHubError(`${error.message}${until}`, status, isRateLimit, { cause: error.cause })
}

/** Octokit gives 500 to whatever failed on the way; what a proxy said to it is in a cause of a cause. */
function tunnelStatus(error: unknown): number | undefined {
  const { message, causes } = describeError(error)
  const said = /Proxy response \((\d{3})\)/.exec([message, ...causes].join('\n'))?.[1]
  return said === undefined ? undefined : Number(said)
}

interface RequestError extends Error {
  readonly status: number
  readonly response?: { readonly headers: Readonly<Record<string, unknown>> }
}

function isRequestError(error: unknown): error is RequestError {
  return typeof error === 'object' && error !== null && 'status' in error && typeof error.status === 'number'
}
