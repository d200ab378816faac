/** Tells the result of a run: outputs for later steps, a job summary for people, annotations for both. */
import { markComment, renderComment } from './comment.ts'
import { errorMessage, errorName, RemedyError, renderError } from './errors.ts'
import { connectGitHub, type GitHubError } from './github.ts'
import { digestPlan, renderPlanDocument } from './plan-document.ts'
import { describeProgress, failuresOf, performedSteps, type RunResult, summarise } from './report.ts'
import type { Run } from './run.ts'
import type { Runner } from './runner.ts'
import { renderSummary } from './summary.ts'
import type { ObservedTable } from './table.ts'
import { tenantAccessPolicy } from './tenant-access.ts'

/** Sets what is known: nothing after wrong inputs, everything after a plan. */
export async function publish(result: RunResult, runner: Runner): Promise<void> {
  await runner.load()
  try {
    for (const [name, value] of Object.entries(outputsOf(result))) runner.setOutput(name, value)
    const planFile =
      result.plan && (await runner.writeTemporaryFile('tenant-tables-plan.json', renderPlanDocument(result.plan)))
    if (planFile !== undefined) runner.setOutput('plan-file', planFile)
  } catch (error) {
    // What happened to the tables must still be told.
    runner.fail('Tenant Tables: failed', `The outputs could not be written. ${renderError(error)}`)
  }
  for (const { level, message } of result.plan?.notices ?? []) {
    if (level === 'warning') runner.warning('Tenant Tables', message)
  }
  for (const warning of result.verification?.warnings ?? []) runner.warning('Tenant Tables', warning)
  reportFailures(result, runner)
  runner.log.info(summarise(result))
  await runner.writeSummary(renderSummary(result, runner.redact)).catch((error: unknown) => {
    // The tables are what they are; a summary that cannot be written does not make the run a failure.
    runner.warning('Tenant Tables', `The job summary could not be written. ${renderError(error)}`)
  })
}

/** Where the comment goes, and what may be known of the run that writes it. */
export interface CommentInputs {
  readonly gitHubToken?: string
  readonly tableNamePrefix: string
}

/** Writes the pull request comment where one is wanted. Never fails the run: what is in its way is a warning. */
export async function publishComment(
  inputs: CommentInputs,
  result: RunResult,
  runner: Runner,
  run: Run,
): Promise<void> {
  const { gitHubToken: token, tableNamePrefix } = inputs
  if (token === undefined || result.target === undefined) return
  runner.mask(token)
  const { GITHUB_REPOSITORY: place = '', GITHUB_API_URL: apiUrl, GITHUB_SHA: commit } = runner.environment
  const [, owner, repository] = /^([\w.-]+)\/([\w.-]+)$/.exec(place) ?? []
  try {
    if (run.stop.aborted) throw run.stop.reason
    if (owner === undefined || repository === undefined || !apiUrl) {
      throw new RemedyError('GITHUB_REPOSITORY and GITHUB_API_URL are not set.', 'Run the action in a GitHub workflow.')
    }
    run.log.info('Writing the comment on the pull request')
    const gitHub = await connectGitHub({ owner, repository, token, apiUrl }, run)
    const pullRequest =
      pullRequestOf(await runner.readEvent()) ?? (commit ? await gitHub.findPullRequest(commit) : undefined)
    if (pullRequest === undefined) {
      runner.notice('Tenant Tables', `No comment was written: the commit ${commit ?? ''} came from no pull request.`)
      return
    }
    const mark = markComment(result.target, tableNamePrefix)
    const runUrl = runUrlOf(runner.environment)
    const body = renderComment({
      result,
      mark,
      ...(runUrl === undefined ? {} : { runUrl }),
      redact: runner.redact,
    })
    const url = await gitHub.writeComment(pullRequest, mark, runner.redact(body))
    run.log.info(`Comment: ${url}`)
  } catch (error) {
    runner.warning('Tenant Tables', `The pull request comment could not be written. ${explainRefusal(error)}`)
  }
}

/** An access that GitHub refuses is told by the permission that would open it. */
function explainRefusal(error: unknown): string {
  if (errorName(error) !== 'GitHubError' || ![401, 403, 404].includes((error as GitHubError).status)) {
    return renderError(error)
  }
  return `${errorMessage(error)}\nTo fix: give the job "permissions: { pull-requests: write, contents: read }". A pull request from a fork has a token that can only read.`
}

function pullRequestOf(event: unknown): number | undefined {
  if (typeof event !== 'object' || event === null || !('pull_request' in event)) return undefined
  const { pull_request: pullRequest } = event
  if (typeof pullRequest !== 'object' || pullRequest === null || !('number' in pullRequest)) return undefined
  return typeof pullRequest.number === 'number' ? pullRequest.number : undefined
}

/** Only what cannot end a Markdown link. */
function runUrlOf({ GITHUB_SERVER_URL, GITHUB_REPOSITORY, GITHUB_RUN_ID }: Runner['environment']): string | undefined {
  const url = `${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}/actions/runs/${GITHUB_RUN_ID}`
  return /^https?:\/\/[\w.:-]+\/[\w.-]+\/[\w.-]+\/actions\/runs\/\d+$/.test(url) ? url : undefined
}

/** Every output that can be told from this result, as the strings that later steps read. */
export function outputsOf(result: RunResult): Readonly<Record<string, string>> {
  const { target, plan, outcome } = result
  if (target === undefined) return {}
  const outputs: Record<string, string> = { 'aws-account-id': target.account, 'aws-region': target.region }
  if (plan === undefined) return outputs
  const tables = plan.tables.map(({ logicalName, name, arn, id, streamArn }) => {
    const seen = outcome?.observed.get(name)
    if (seen?.status === 'absent') return { logicalName, name, arn }
    return { logicalName, name, ...identityOf(seen?.status === 'ready' ? seen : { arn, id, streamArn }) }
  })
  for (const { logicalName, name, arn } of tables) {
    outputs[`${logicalName}-table-name`] = name
    outputs[`${logicalName}-table-arn`] = arn
  }
  return {
    ...outputs,
    tables: JSON.stringify(Object.fromEntries(tables.map(({ logicalName, ...table }) => [logicalName, table]))),
    'has-changes': String(plan.steps.length > 0),
    'changes-count': String(plan.steps.length),
    changed: String(performedSteps(outcome).length > 0),
    plan: renderPlanDocument(plan),
    'plan-digest': digestPlan(plan),
    'tenant-access-policy': JSON.stringify(tenantAccessPolicy(tables.map(({ arn }) => arn))),
  }
}

type Identity = Pick<Extract<ObservedTable, { status: 'ready' }>, 'arn'> & {
  readonly id?: string | undefined
  readonly streamArn?: string | undefined
}

function identityOf({ arn, id, streamArn }: Identity): Identity {
  return { arn, ...(id === undefined ? {} : { id }), ...(streamArn === undefined ? {} : { streamArn }) }
}

function reportFailures(result: RunResult, runner: Runner): void {
  for (const { reason, remedy } of result.plan?.refusals ?? []) {
    runner.fail('Tenant Tables: refused', `${reason}\nTo fix: ${remedy}`)
  }
  const progress = result.outcome === undefined ? '' : `\n${describeProgress(result.outcome)}`
  for (const [index, error] of failuresOf(result).entries()) {
    // Once is enough: it is the same for all.
    runner.fail('Tenant Tables: failed', `${renderError(error)}${index === 0 ? progress : ''}`)
  }
}
