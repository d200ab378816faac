/** Writes the result of a run on the pull request that the workflow event is about. */
import { renderError } from '../errors/description.ts'
import { RemedyError, StoppedError } from '../errors/errors.ts'
import { errorMessage } from '../errors/thrown.ts'
import type { Inputs } from '../inputs/inputs.ts'
import { markComment, renderComment } from '../report/comment.ts'
import type { RunResult } from '../report/result.ts'
import { type Run, withinSeconds } from '../run/run.ts'
import type { Variables } from '../run/variables.ts'
import type { Target } from '../table/target.ts'
import { connectGitHub, GitHubError, type GitHubPlace } from './api.ts'
import { originOf } from './publish.ts'
import { pullRequestFound, pullRequestOf } from './pull-request.ts'
import type { Runner } from './runner.ts'

type CommentInputs = Pick<
  Inputs,
  'gitHubToken' | 'tableNamePrefix' | 'definitionFile' | 'roles' | 'region' | 'environment'
>

/** The tables are done by then: a job should not wait longer for a comment. */
const longestSeconds = 60

/** Writes the comment if one is wanted. Never fails the run: a comment that cannot be written is a warning. */
export async function publishComment(
  inputs: CommentInputs,
  result: RunResult,
  runner: Runner,
  run: Run,
): Promise<void> {
  const { gitHubToken: token } = inputs
  if (token === undefined) return
  const tooLate = new StoppedError(
    `GitHub's API did not accept it within ${longestSeconds} seconds.`,
    "Check GitHub's status. The job summary holds the plan, too.",
  )
  try {
    runner.mask(token, 'github-token')
    if (run.stop.aborted) throw run.stop.reason
    await withinSeconds(run, longestSeconds, tooLate, (limited) => writeComment(inputs, token, result, runner, limited))
  } catch (error) {
    runner.warning('Tenant Tables', `The pull request comment could not be written. ${explainRefusal(error)}`)
  }
}

async function writeComment(
  inputs: CommentInputs,
  token: string,
  result: RunResult,
  runner: Runner,
  run: Run,
): Promise<void> {
  const { variables } = runner
  const place = placeOf(variables, token)
  const event = pullRequestOf(variables, await runner.readEvent())
  if (event.kind === 'none') return noticeAbsence(event.reason, runner)
  const target = result.target ?? expectedTarget(inputs)
  if (token === '') {
    throw new RemedyError(
      'comment is true, but github-token is empty.',
      'Omit github-token to use the token of the job, or give a token that may write to pull requests.',
    )
  }
  run.log.info('Writing the comment on the pull request')
  const gitHub = await connectGitHub(place, run)
  const pullRequest =
    event.kind === 'number' ? event : pullRequestFound(await gitHub.findPullRequests(event.commit, event.search), event)
  if (pullRequest.kind === 'none') return noticeAbsence(pullRequest.reason, runner)
  const { number, commit } = pullRequest
  const mark = markComment(target, inputs.tableNamePrefix, inputs.definitionFile)
  const body = renderComment({
    result: { ...result, target },
    mark,
    ...originOf(variables),
    commit,
    redact: runner.redact,
  })
  run.log.info(`Comment: ${await gitHub.writeComment(number, mark, runner.redact(body))}`)
}

function placeOf({ GITHUB_REPOSITORY = '', GITHUB_API_URL: apiUrl }: Variables, token: string): GitHubPlace {
  const [, owner, repository] = /^([\w.-]+)\/([\w.-]+)$/.exec(GITHUB_REPOSITORY) ?? []
  if (owner === undefined || repository === undefined || !apiUrl) {
    throw new RemedyError('GITHUB_REPOSITORY or GITHUB_API_URL is not set.', 'Run the action in a GitHub workflow.')
  }
  return { owner, repository, token, apiUrl }
}

/** The target of a run that failed before the login, from its last role: the comment of an earlier run must not stay. */
function expectedTarget({ roles, region, environment }: CommentInputs): Target {
  const role = roles.at(-1)
  if (role === undefined) {
    throw new RemedyError('The run failed before its account was known.', 'Fix the failure, and run again.')
  }
  return { account: role.account, partition: role.partition, region, environment }
}

function noticeAbsence(reason: string, runner: Runner): void {
  runner.notice('Tenant Tables', `No comment was written: ${reason}.`)
}

/** Explains an access that GitHub denies by the permission that the job needs. */
function explainRefusal(error: unknown): string {
  if (!(error instanceof GitHubError) || ![401, 403, 404].includes(error.status)) return renderError(error)
  return `${errorMessage(error)}\nTo fix: Give the job "permissions: { pull-requests: write, contents: read }". A pull request from a fork has a token that can only read.`
}
