/** Finds the pull request that a workflow event is about. */
import type { Variables } from '../run/variables.ts'

/**
 * The pull requests of a commit that count. `merged-or-open`: the one that was merged as this commit, else the open one with
 * this commit as its head. `open`: only the open one.
 */
export type CommitSearch = 'merged-or-open' | 'open'

/** The only pull request, with the commit that the event is about, if it names one; or a clause that says why there is none. */
export type FoundPullRequest =
  | { readonly kind: 'number'; readonly number: number; readonly commit: string | undefined }
  | { readonly kind: 'none'; readonly reason: string }

/** A pull request that only GitHub's API can find. */
export interface CommitOfPullRequest {
  readonly kind: 'commit'
  readonly commit: string
  readonly search: CommitSearch
}

/**
 * Reads the pull request from the event. GITHUB_SHA counts for few events: for most of them it is the last commit of the
 * default branch, which came from another pull request.
 *
 * @param payload of the webhook, untrusted
 * @see https://docs.github.com/en/actions/reference/workflows-and-actions/events-that-trigger-workflows
 */
export function pullRequestOf(variables: Variables, payload: unknown): FoundPullRequest | CommitOfPullRequest {
  const { GITHUB_EVENT_NAME: event = '', GITHUB_SHA: commit, GITHUB_REF: ref = '' } = variables
  switch (event) {
    case 'pull_request':
    case 'pull_request_target':
    case 'pull_request_review':
    case 'pull_request_review_comment':
      return byNumber(event, member(payload, 'pull_request', 'number'), member(payload, 'pull_request', 'head', 'sha'))
    case 'issue_comment':
      return member(payload, 'issue', 'pull_request')
        ? byNumber(event, member(payload, 'issue', 'number'))
        : none('the event issue_comment is about an issue, not about a pull request')
    case 'workflow_run':
      if (isOfDefaultBranch(payload)) return none('the event workflow_run is about a run on the default branch')
      // Only a push creates the commit that a pull request was merged as. A scheduled run finds it on the default branch.
      return byAssociation(event, payload, member(payload, event, 'event') === 'push' ? 'merged-or-open' : 'open')
    case 'check_run':
    case 'check_suite':
      return byAssociation(event, payload, 'open')
    case 'merge_group':
      // Such as `refs/heads/gh-readonly-queue/main/pr-42-0123abc`, which ends with the base commit.
      return byNumber(event, Number(/^refs\/heads\/gh-readonly-queue\/.+\/pr-(\d+)-[0-9a-f]+$/.exec(ref)?.[1]), commit)
    case 'push':
      // After a deletion, GITHUB_SHA is the last commit of the default branch.
      return member(payload, 'deleted') === true
        ? none('the event push deleted a branch or tag')
        : byCommit(event, commit, 'merged-or-open')
    case 'workflow_dispatch': {
      const branch = member(payload, 'repository', 'default_branch')
      if (typeof branch !== 'string') return none('the event workflow_dispatch does not name the default branch')
      return ref === `refs/heads/${branch}`
        ? none('the event workflow_dispatch on the default branch is not about a pull request')
        : byCommit(event, commit, 'open')
    }
    case '':
      return none('GITHUB_EVENT_NAME is not set')
    default:
      return none(`the event ${event} is not about a pull request`)
  }
}

/** The result of a search by commit, from the numbers of the pull requests that were found. */
export function pullRequestFound(
  numbers: readonly number[],
  { commit, search }: CommitOfPullRequest,
): FoundPullRequest {
  return (
    onlyOne(numbers, commit) ??
    none(
      search === 'open'
        ? `no open pull request has the commit ${commit} as its head`
        : `no pull request was merged as the commit ${commit}, and no open one has it as its head`,
    )
  )
}

/** Finds the pull request among those that GitHub associates with a run or check, else by its commit. */
function byAssociation(
  event: 'workflow_run' | 'check_run' | 'check_suite',
  payload: unknown,
  search: CommitSearch,
): FoundPullRequest | CommitOfPullRequest {
  const commit = member(payload, event, 'head_sha')
  const associated = member(payload, event, 'pull_requests')
  const numbers = (Array.isArray(associated) ? associated : [])
    .filter((each) => isOfRepository(each, member(payload, 'repository', 'id')))
    .map((each) => member(each, 'number'))
    .filter(isNumber)
  return onlyOne(numbers, commit) ?? byCommit(event, commit, search)
}

/** A scheduled or manual run on the default branch is about no pull request, even if one has its commit as head. */
function isOfDefaultBranch(payload: unknown): boolean {
  const event = String(member(payload, 'workflow_run', 'event'))
  const isAboutCommit = event === 'push' || event === 'merge_group' || event.startsWith('pull_request')
  const branch = member(payload, 'repository', 'default_branch')
  return !isAboutCommit && branch !== undefined && member(payload, 'workflow_run', 'head_branch') === branch
}

/** GitHub also lists pull requests from this repository into a fork of it. Their numbers mean other pull requests here. */
function isOfRepository(pullRequest: unknown, repository: unknown): boolean {
  const base = member(pullRequest, 'base', 'repo', 'id')
  return base === undefined || base === repository
}

/** Returns undefined without a number. Several numbers give none: a guess could overwrite another pull request's comment. */
function onlyOne(numbers: readonly number[], commit: unknown): FoundPullRequest | undefined {
  const [number, ...others] = new Set(numbers)
  if (number === undefined) return undefined
  if (others.length === 0) return known(number, commit)
  return none(`more than one pull request has this commit: ${[number, ...others].map((each) => `#${each}`).join(', ')}`)
}

function byNumber(event: string, number: unknown, commit?: unknown): FoundPullRequest {
  return isNumber(number) ? known(number, commit) : none(`the event ${event} does not name its pull request`)
}

function byCommit(event: string, commit: unknown, search: CommitSearch): FoundPullRequest | CommitOfPullRequest {
  return isCommit(commit) ? { kind: 'commit', commit, search } : none(`the event ${event} does not name its commit`)
}

function known(number: number, commit: unknown): FoundPullRequest {
  return { kind: 'number', number, commit: isCommit(commit) ? commit : undefined }
}

function none(reason: string): FoundPullRequest {
  return { kind: 'none', reason }
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0
}

function isCommit(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]+$/.test(value)
}

/** The member at the end of the path; undefined if there is none. */
function member(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (parent, name) =>
      typeof parent === 'object' && parent !== null ? (parent as Readonly<Record<string, unknown>>)[name] : undefined,
    value,
  )
}
