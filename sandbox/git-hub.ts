/** GitHub's API for comments on pull requests, with the permissions of each token. */
import type { GitHubOptions, GitHubToken, GitHubUser, PullRequest } from './options.ts'

/** An error response of GitHub, which has a message and no name. */
export class GitHubError extends Error {
  readonly status: number
  readonly errors: readonly object[] | undefined

  constructor(status: number, message: string, errors?: readonly object[]) {
    super(message)
    this.name = 'GitHubError'
    this.status = status
    this.errors = errors
  }
}

export interface GitHubComment {
  readonly id: number
  readonly node_id: string
  readonly html_url: string
  readonly body: string
  /** ISO 8601 in seconds, such as `2026-01-01T00:00:00Z`. */
  readonly created_at: string
  readonly updated_at: string
  readonly user: GitHubUser
}

/** Direct access to comments for tests, past HTTP and permissions. */
export interface GitHubHands {
  /**
   * Returns the comments of a pull request, oldest first.
   *
   * @param repository such as `acme/app`
   * @throws {Error} if there is no such pull request
   */
  comments(repository: string, number: number): readonly GitHubComment[]
  /** Adds a comment, of any length. Throws like {@link comments}. */
  addComment(repository: string, number: number, user: GitHubUser, body: string): GitHubComment
}

export interface GitHubCall {
  readonly operation: string
  /** Parameters of path, query and body, by their names in GitHub's API reference. */
  readonly input: Readonly<Record<string, unknown>>
  /** The Authorization header. */
  readonly authorization: string | undefined
  /** The base URL of the links in lists. */
  readonly root: string
}

export interface GitHubReply {
  readonly status: number
  readonly content: unknown
  /** The Link header of a list with several pages. */
  readonly link?: string
}

type Permission = keyof GitHubToken['permissions']

const longestBody = 65_536

const notFound = () => new GitHubError(404, 'Not Found')

export class GitHub implements GitHubHands {
  readonly #tokens: readonly GitHubToken[]
  readonly #pullRequests: readonly PullRequest[]
  /** All commits, by repository. */
  readonly #commits = new Map<string, Set<string>>()
  readonly #comments = new Map<PullRequest, GitHubComment[]>()
  readonly #now: () => number
  readonly #startedAt: string
  #lastId = 3_000_000_000

  /** @param now milliseconds since the epoch */
  constructor({ tokens = [], pullRequests = [], commits = [] }: GitHubOptions, now: () => number) {
    this.#tokens = tokens
    this.#pullRequests = pullRequests
    this.#now = now
    this.#startedAt = timestamp(now())
    const known = [
      ...commits,
      ...pullRequests.flatMap((one) => [
        { repository: one.repository, sha: one.headSha },
        { repository: one.repository, sha: one.mergeCommitSha ?? one.headSha },
        ...branchOf(one).map((sha) => ({ repository: one.headRepository ?? one.repository, sha })),
      ]),
    ]
    for (const { repository, sha } of known) {
      this.#commits.set(repository, (this.#commits.get(repository) ?? new Set()).add(sha))
    }
  }

  comments(repository: string, number: number): readonly GitHubComment[] {
    return [...this.#commentsOf(this.#known(repository, number))]
  }

  addComment(repository: string, number: number, user: GitHubUser, body: string): GitHubComment {
    return this.#write(this.#known(repository, number), user, body)
  }

  /** Deletes all comments. */
  reset(): void {
    this.#comments.clear()
  }

  /** @throws {GitHubError} */
  call({ operation, input, authorization, root }: GitHubCall): GitHubReply {
    const token = this.#authenticate(authorization)
    if (operation === 'Viewer') return { status: 200, content: viewer(token, input) }
    const repository = this.#repository(input)
    switch (operation) {
      case 'ListComments': {
        allow(token, 'pull-requests', 'read')
        const pullRequest = this.#pullRequest(repository, input)
        const path = `issues/${pullRequest.number}/comments`
        return page(this.#commentsOf(pullRequest), input, `${root}/repositories/${this.#id(repository)}/${path}`)
      }
      case 'CreateComment': {
        allow(token, 'pull-requests', 'write')
        const pullRequest = this.#pullRequest(repository, input)
        return { status: 201, content: this.#write(pullRequest, userOf(token), checkedBody(input)) }
      }
      case 'UpdateComment':
        allow(token, 'pull-requests', 'write')
        return { status: 200, content: this.#rewrite(repository, input) }
      case 'ListPullsOfCommit': {
        allow(token, 'contents', 'read')
        allow(token, 'pull-requests', 'read')
        const sha = String(input.commit_sha)
        return page(
          this.#pullsOf(repository, sha).map((pullRequest) => this.#shown(pullRequest)),
          input,
          `${root}/repositories/${this.#id(repository)}/commits/${sha}/pulls`,
        )
      }
      default:
        throw notFound()
    }
  }

  #authenticate(authorization: string | undefined): GitHubToken {
    if (authorization === undefined) throw new GitHubError(401, 'Requires authentication')
    const [, shown] = /^(?:token|bearer) +(\S+)$/i.exec(authorization) ?? []
    const token = this.#tokens.find(({ token }) => token === shown)
    if (token === undefined) throw new GitHubError(401, 'Bad credentials')
    return token
  }

  /** Reads the repository, which requests name and links in responses give by number. */
  #repository({ owner, repo, repository_id }: GitHubCall['input']): string {
    const repository = repository_id === undefined ? `${owner}/${repo}` : this.#names[Number(repository_id) - 1]
    if (repository === undefined || !this.#commits.has(repository)) throw notFound()
    return repository
  }

  get #names(): readonly string[] {
    return [...this.#commits.keys()]
  }

  #id(repository: string): number {
    return this.#names.indexOf(repository) + 1
  }

  #find(repository: string, number: number): PullRequest | undefined {
    return this.#pullRequests.find((one) => one.repository === repository && one.number === number)
  }

  #pullRequest(repository: string, { issue_number }: GitHubCall['input']): PullRequest {
    const pullRequest = this.#find(repository, Number(issue_number))
    if (pullRequest === undefined) throw notFound()
    return pullRequest
  }

  #known(repository: string, number: number): PullRequest {
    const pullRequest = this.#find(repository, number)
    if (pullRequest === undefined) throw new Error(`There is no pull request ${repository}#${number}`)
    return pullRequest
  }

  #commentsOf(pullRequest: PullRequest): GitHubComment[] {
    const comments = this.#comments.get(pullRequest) ?? []
    this.#comments.set(pullRequest, comments)
    return comments
  }

  #write(pullRequest: PullRequest, user: GitHubUser, body: string): GitHubComment {
    this.#lastId += 1
    const id = this.#lastId
    const writtenAt = timestamp(this.#now())
    const comment: GitHubComment = {
      id,
      node_id: `IC_${Buffer.from(String(id)).toString('base64url')}`,
      html_url: `https://github.com/${pullRequest.repository}/pull/${pullRequest.number}#issuecomment-${id}`,
      body,
      created_at: writtenAt,
      updated_at: writtenAt,
      user,
    }
    this.#commentsOf(pullRequest).push(comment)
    return comment
  }

  #rewrite(repository: string, input: GitHubCall['input']): GitHubComment {
    for (const [pullRequest, comments] of this.#comments) {
      const index = comments.findIndex(({ id }) => id === Number(input.comment_id))
      const comment = comments[index]
      if (comment === undefined || pullRequest.repository !== repository) continue
      const rewritten = { ...comment, body: checkedBody(input), updated_at: timestamp(this.#now()) }
      comments[index] = rewritten
      return rewritten
    }
    throw notFound()
  }

  /**
   * Finds the pull requests of a commit, except closed ones. The merge commit counts only once the pull request is
   * merged: before that, it is GitHub's test merge. Commits of a fork's branch are found in the fork.
   */
  #pullsOf(repository: string, sha: string): readonly PullRequest[] {
    if (this.#commits.get(repository)?.has(sha) !== true) {
      throw new GitHubError(422, `No commit found for SHA: ${sha}`)
    }
    return this.#pullRequests.filter((one) => {
      const { repository: base, headRepository = base, state, mergeCommitSha } = one
      if (state === 'closed') return false
      const isOfBranch = branchOf(one).includes(sha)
      const isMerged = state === 'merged' && (isOfBranch || mergeCommitSha === sha)
      return (isOfBranch && headRepository === repository) || (isMerged && base === repository)
    })
  }

  #shown({ repository, number, state, headSha, mergeCommitSha, base = 'main' }: PullRequest): object {
    return {
      number,
      state: state === 'open' ? 'open' : 'closed',
      merge_commit_sha: mergeCommitSha ?? null,
      merged_at: state === 'merged' ? this.#startedAt : null,
      head: { sha: headSha },
      base: { ref: base, repo: { id: this.#id(repository), full_name: repository } },
    }
  }
}

function branchOf({ headSha, commits = [] }: PullRequest): readonly string[] {
  return [headSha, ...commits]
}

/** GraphQL returns its errors with status 200. */
function viewer({ login }: GitHubToken, { query }: GitHubCall['input']): object {
  const isKnown = /^\s*(?:query\b[^{}]*)?\{\s*viewer\s*\{\s*login\s*\}\s*\}\s*$/.test(String(query))
  return isKnown
    ? { data: { viewer: { login } } }
    : { errors: [{ message: 'The sandbox supports only the query { viewer { login } }' }] }
}

function allow({ permissions }: GitHubToken, permission: Permission, least: 'read' | 'write'): void {
  const given = permissions[permission]
  if (given === 'write' || given === least) return
  throw new GitHubError(403, 'Resource not accessible by integration')
}

function userOf({ login, type }: GitHubToken): GitHubUser {
  return { login, type }
}

function checkedBody({ body }: GitHubCall['input']): string {
  if (typeof body !== 'string') throw new GitHubError(422, 'Invalid request.\n\n"body" wasn\'t supplied.')
  if (body.trim() === '') throw invalidComment('custom', 'body', 'body cannot be blank')
  if ([...body].length > longestBody) {
    throw invalidComment('unprocessable', 'data', `Body is too long (maximum is ${longestBody} characters)`)
  }
  return body
}

function invalidComment(code: string, field: string, message: string): GitHubError {
  return new GitHubError(422, 'Validation Failed', [{ resource: 'IssueComment', code, field, message }])
}

/** One page of a list, with links to the others. Invalid page numbers and sizes count as absent. */
function page(items: readonly unknown[], input: GitHubCall['input'], address: string): GitHubReply {
  const wholeNumber = (value: unknown, otherwise: number) =>
    /^[1-9]\d*$/.test(String(value)) ? Number(value) : otherwise
  const size = Math.min(wholeNumber(input.per_page, 30), 100)
  const number = wholeNumber(input.page, 1)
  const last = Math.max(1, Math.ceil(items.length / size))
  const links = [
    ...(number > 1 ? [{ to: Math.min(number - 1, last), name: 'prev' }] : []),
    ...(number < last
      ? [
          { to: number + 1, name: 'next' },
          { to: last, name: 'last' },
        ]
      : []),
    ...(number > 1 ? [{ to: 1, name: 'first' }] : []),
  ].map(({ to, name }) => `<${address}?per_page=${size}&page=${to}>; rel="${name}"`)
  return {
    status: 200,
    content: items.slice((number - 1) * size, number * size),
    ...(links.length === 0 ? {} : { link: links.join(', ') }),
  }
}

function timestamp(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d{3}/, '')
}
