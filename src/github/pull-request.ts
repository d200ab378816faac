/** Finds the pull request that a workflow event is about. Pure: what the runner knows of the event is passed in. */

/**
 * Which pull requests of a commit count. `merged-or-open`: the one that was merged as this commit, else the open one whose
 * head it is. `open`: the open one alone.
 */
export type CommitSearch = 'merged-or-open' | 'open'

/** The commit is the one that the event is about; absent where the event names none. */
export interface KnownPullRequest {
  readonly kind: 'number'
  readonly number: number
  readonly commit?: string
}

/** Only GitHub's API knows the pull request of a commit. */
export interface CommitOfPullRequest {
  readonly kind: 'commit'
  readonly commit: string
  readonly search: CommitSearch
}

/** The reason is a clause, such as `the event schedule is not about a pull request`. */
export interface NoPullRequest {
  readonly kind: 'none'
  readonly reason: string
}

/**
 * Reads the pull request from what the event itself names. GITHUB_SHA counts for few events: for most of them it is the
 * last commit of the default branch, which came from another pull request.
 *
 * @param variables of the runner
 * @param payload of the webhook, untrusted
 * @see https://docs.github.com/en/actions/reference/workflows-and-actions/events-that-trigger-workflows
 */
export function pullRequestOf(
  variables: Readonly<Record<string, string | undefined>>,
  payload: unknown,
): KnownPullRequest | CommitOfPullRequest | NoPullRequest {
  const { GITHUB_EVENT_NAME: event = '', GITHUB_SHA: commit, GITHUB_REF: ref = '' } = variables
  switch (event) {
    case 'pull_request':
    case 'pull_request_target':
    case 'pull_request_review':
    case 'pull_request_review_comment': {
      const pullRequest = member(payload, 'pull_request')
      return byNumber(event, member(pullRequest, 'number'), member(member(pullRequest, 'head'), 'sha'))
    }
    case 'issue_comment': {
      const issue = member(payload, 'issue')
      return isObject(member(issue, 'pull_request'))
        ? byNumber(event, member(issue, 'number'))
        : none('the event issue_comment is about an issue, not about a pull request')
    }
    case 'workflow_run': {
      if (isOfDefaultBranchAlone(payload)) return none('the event workflow_run is about a run on the default branch')
      // Only a push makes the commit that a pull request was merged as; a scheduled run finds it on the default branch.
      const isOfPush = member(member(payload, event), 'event') === 'push'
      return byAssociation(event, payload, isOfPush ? 'merged-or-open' : 'open')
    }
    case 'check_run':
    case 'check_suite':
      return byAssociation(event, payload, 'open')
    case 'merge_group':
      return byNumber(event, numberOfQueuedRef(ref), commit)
    case 'push':
      // After a deletion GITHUB_SHA is the last commit of the default branch.
      return member(payload, 'deleted') === true
        ? none('the event push deleted a branch or tag')
        : byCommit(event, commit, 'merged-or-open')
    case 'workflow_dispatch': {
      const branch = member(member(payload, 'repository'), 'default_branch')
      if (!isText(branch)) return none('the event workflow_dispatch does not name the default branch')
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
): KnownPullRequest | NoPullRequest {
  return (
    onlyOne(numbers, commit) ??
    none(
      search === 'open'
        ? `no open pull request has the commit ${commit} as its head`
        : `no pull request was merged as the commit ${commit}, and no open one has it as its head`,
    )
  )
}

/** By the pull requests that GitHub associates with a run or check, else by the commit of the run or check. */
function byAssociation(
  event: 'workflow_run' | 'check_run' | 'check_suite',
  payload: unknown,
  search: CommitSearch,
): KnownPullRequest | CommitOfPullRequest | NoPullRequest {
  const subject = member(payload, event)
  const commit = member(subject, 'head_sha')
  const associated = member(subject, 'pull_requests')
  const numbers = (Array.isArray(associated) ? associated : [])
    .filter((each) => isOfRepository(each, member(payload, 'repository')))
    .map((each) => member(each, 'number'))
    .filter(isNumber)
  return onlyOne(numbers, commit) ?? byCommit(event, commit, search)
}

/** A scheduled or manual run on the default branch is about no pull request, though one may have its commit as head. */
function isOfDefaultBranchAlone(payload: unknown): boolean {
  const run = member(payload, 'workflow_run')
  const event = member(run, 'event')
  const isAboutCommit = event === 'push' || event === 'merge_group' || String(event).startsWith('pull_request')
  const branch = member(member(payload, 'repository'), 'default_branch')
  return !isAboutCommit && isText(branch) && member(run, 'head_branch') === branch
}

/** GitHub lists pull requests from this repository into a fork of it, too. Their numbers name others here. */
function isOfRepository(pullRequest: unknown, repository: unknown): boolean {
  const base = member(member(member(pullRequest, 'base'), 'repo'), 'id')
  return base === undefined || base === member(repository, 'id')
}

/** None of several: a guess could overwrite the comment of another pull request. Undefined without any. */
function onlyOne(numbers: readonly number[], commit: unknown): KnownPullRequest | NoPullRequest | undefined {
  const [number, ...others] = new Set(numbers)
  if (number === undefined) return undefined
  if (others.length === 0) return known(number, commit)
  return none(`more than one pull request has this commit: ${[number, ...others].map((each) => `#${each}`).join(', ')}`)
}

function byNumber(event: string, number: unknown, commit?: unknown): KnownPullRequest | NoPullRequest {
  return isNumber(number) ? known(number, commit) : none(`the event ${event} does not name its pull request`)
}

function byCommit(event: string, commit: unknown, search: CommitSearch): CommitOfPullRequest | NoPullRequest {
  return isCommit(commit) ? { kind: 'commit', commit, search } : none(`the event ${event} does not name its commit`)
}

function known(number: number, commit: unknown): KnownPullRequest {
  return { kind: 'number', number, ...(isCommit(commit) ? { commit } : {}) }
}

function none(reason: string): NoPullRequest {
  return { kind: 'none', reason }
}

/** The ref of a merge queue, such as `refs/heads/gh-readonly-queue/main/pr-42-0123abc`, ends with the base commit. */
function numberOfQueuedRef(ref: string): number {
  return Number(/^refs\/heads\/gh-readonly-queue\/.+\/pr-(\d+)-[0-9a-f]+$/.exec(ref)?.[1])
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0
}

function isCommit(value: unknown): value is string {
  return isText(value) && /^[0-9a-f]+$/.test(value)
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

function member(value: unknown, name: string): unknown {
  return isObject(value) ? Object.entries(value).find(([key]) => key === name)?.[1] : undefined
}
