/** Tells the result of a run on the pull request that it came from. */

import type { Principal } from '../aws/session.ts'
import { renderError } from '../errors/description.ts'
import { RemedyError, StoppedError } from '../errors/errors.ts'
import { errorMessage, errorName } from '../errors/thrown.ts'
import { markComment, renderComment } from '../report/comment.ts'
import type { RunResult } from '../report/report.ts'
import { type Run, withinSeconds } from '../run/run.ts'
import type { Environment, Target } from '../table/target.ts'
import { connectGitHub, type GitHubError } from './api.ts'
import { type NoPullRequest, pullRequestFound, pullRequestOf } from './pull-request.ts'
import type { Runner } from './runner.ts'

/** Where the comment goes, and what may be known of the run that writes it. */
export interface CommentInputs {
  /** Absent where no comment is wanted; empty where one is wanted and no token is given. */
  readonly gitHubToken?: string
  readonly tableNamePrefix: string
  readonly roles: readonly Principal[]
  readonly region: string
  readonly environment: Environment
}

/** The tables are done by then, and a job should not wait longer for words about them. */
const mostSecondsForComment = 60

/** Writes the pull request comment where one is wanted. Never fails the run: what is in its way is a warning. */
export async function publishComment(
  inputs: CommentInputs,
  result: RunResult,
  runner: Runner,
  run: Run,
): Promise<void> {
  const { gitHubToken: token } = inputs
  if (token === undefined) return
  const tooLate = new StoppedError(
    `GitHub's API did not take it within ${mostSecondsForComment} seconds.`,
    "See GitHub's status, and the plan in the job summary.",
  )
  try {
    runner.mask(token, 'github-token')
    if (run.stop.aborted) throw run.stop.reason
    await withinSeconds(run, mostSecondsForComment, tooLate, (limited) =>
      writeComment(inputs, token, result, runner, limited),
    )
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
  const { GITHUB_REPOSITORY: place = '', GITHUB_API_URL: apiUrl } = runner.environment
  const [, owner, repository] = /^([\w.-]+)\/([\w.-]+)$/.exec(place) ?? []
  if (owner === undefined || repository === undefined || !apiUrl) {
    throw new RemedyError('GITHUB_REPOSITORY and GITHUB_API_URL are not set.', 'Run the action in a GitHub workflow.')
  }
  const event = pullRequestOf(runner.environment, await runner.readEvent())
  if (event.kind === 'none') {
    reportAbsence(event, runner)
    return
  }
  // Of a run that failed before STS told, the last role does: what stood in the comment before must not stay there.
  const last = inputs.roles.at(-1)
  const target = result.target ?? (last && targetOf(inputs, last))
  if (target === undefined) {
    throw new RemedyError('The run failed before it knew the account.', 'Mend what failed, and run again.')
  }
  if (token === '') {
    throw new RemedyError(
      'comment is true, but github-token is empty.',
      'Leave github-token out, which takes the token of the job, or give a token that may write to pull requests.',
    )
  }
  run.log.info('Writing the comment on the pull request')
  const gitHub = await connectGitHub({ owner, repository, token, apiUrl }, run)
  const pullRequest =
    event.kind === 'number' ? event : pullRequestFound(await gitHub.findPullRequests(event.commit, event.search), event)
  if (pullRequest.kind === 'none') {
    reportAbsence(pullRequest, runner)
    return
  }
  const mark = markComment(target, inputs.tableNamePrefix)
  const runUrl = runUrlOf(runner.environment)
  const body = renderComment({
    result: { ...result, target },
    mark,
    ...(pullRequest.commit === undefined ? {} : { commit: pullRequest.commit }),
    ...(runUrl === undefined ? {} : { runUrl }),
    redact: runner.redact,
  })
  const url = await gitHub.writeComment(pullRequest.number, mark, runner.redact(body))
  run.log.info(`Comment: ${url}`)
}

function reportAbsence({ reason }: NoPullRequest, runner: Runner): void {
  runner.notice('Tenant Tables', `No comment was written: ${reason}.`)
}

/** An access that GitHub refuses is told by the permission that would open it. */
function explainRefusal(error: unknown): string {
  if (errorName(error) !== 'GitHubError' || ![401, 403, 404].includes((error as GitHubError).status)) {
    return renderError(error)
  }
  return `${errorMessage(error)}\nTo fix: give the job "permissions: { pull-requests: write, contents: read }". A pull request from a fork has a token that can only read.`
}

function targetOf({ region, environment }: CommentInputs, { account, partition }: Principal): Target {
  return { account, partition, region, environment }
}

/** Only what cannot end a Markdown link. */
function runUrlOf({ GITHUB_SERVER_URL, GITHUB_REPOSITORY, GITHUB_RUN_ID }: Runner['environment']): string | undefined {
  const url = `${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}/actions/runs/${GITHUB_RUN_ID}`
  return /^https?:\/\/[\w.:-]+\/[\w.-]+\/[\w.-]+\/actions\/runs\/\d+$/.test(url) ? url : undefined
}
