/** Writes the result of a run: outputs for later steps, annotations, and the job summary. */
import { longestPolicy } from '../aws/iam.ts'
import { renderError } from '../errors/description.ts'
import { RemedyError } from '../errors/errors.ts'
import { describeProgress, failuresOf } from '../report/failures.ts'
import { outputsOf } from '../report/outputs.ts'
import { type Origin, renderSummary } from '../report/page.ts'
import type { RunResult } from '../report/result.ts'
import { describeVerdict } from '../report/verdict.ts'
import type { Variables } from '../run/variables.ts'
import { secretInOutputs } from './redaction.ts'
import type { Runner } from './runner.ts'

/** Sets every output that the result gives: none after wrong inputs, all of them after a plan. */
export async function publish(reached: RunResult, runner: Runner): Promise<void> {
  await runner.load()
  const outputs = outputsOf(reached)
  const error = failuresOf(reached).length === 0 ? findSecretError(outputs, runner) : undefined
  const result = await writeOutputs(error === undefined ? reached : { ...reached, error }, outputs, runner)
  reportWarnings(result, runner)
  reportFailures(result, runner)
  const { tone, subject, sentence } = describeVerdict(result)
  runner.log.info(`${subject}: ${sentence}`, tone)
  await unlessItFails(
    runner,
    async () => runner.writeSummary(renderSummary(result, runner.redact, originOf(runner.variables))),
    'The job summary could not be written.',
    'Set GITHUB_STEP_SUMMARY to a file that this step can write to. The log says the same.',
  )
}

/** The run, and the commit that GitHub checks out for it. */
export function originOf({ GITHUB_SERVER_URL, GITHUB_REPOSITORY, GITHUB_RUN_ID, GITHUB_SHA = '' }: Variables): Origin {
  const runUrl = `${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}/actions/runs/${GITHUB_RUN_ID}`
  return {
    ...(/^https?:\/\/[\w.:-]+\/[\w.-]+\/[\w.-]+\/actions\/runs\/\d+$/.test(runUrl) ? { runUrl } : {}),
    ...(/^[0-9a-f]+$/.test(GITHUB_SHA) ? { commit: GITHUB_SHA } : {}),
  }
}

/** The most characters of an output that GitHub hands to another job: 1 MB in UTF-16. */
const longestOutput = 524_288

/**
 * Checks the outputs of a plan before anything is written to AWS, and logs those that are over a limit.
 *
 * @returns the same result, with warnings
 * @throws {RemedyError} if an output would hold a secret
 */
export function assertPublishable(result: RunResult, runner: Pick<Runner, 'findSecret' | 'log'>): RunResult {
  const outputs = outputsOf(result)
  const error = findSecretError(outputs, runner)
  if (error !== undefined) throw error
  const warnings = [
    ...Object.entries(outputs)
      .filter(([, { length }]) => length > longestOutput)
      .map(
        ([name, { length }]) =>
          `The output ${name} has ${length} characters, but GitHub hands at most ${longestOutput} to another job. Define fewer tables in one file, or pass the file that plan-file names as an artifact.`,
      ),
    ...warnOfPolicy(outputs['tenant-access-policy']),
  ]
  for (const warning of warnings) runner.log.info(warning)
  return { ...result, warnings }
}

function warnOfPolicy(policy = ''): readonly string[] {
  if (policy.length <= longestPolicy) return []
  return [
    `The output tenant-access-policy has ${policy.length} characters, but a managed policy of IAM takes ${longestPolicy}. Define fewer tables in one file, with a role for each file.`,
  ]
}

type Outputs = ReturnType<typeof outputsOf>

/** Makes the error of outputs that hold a secret; undefined if none does. */
function findSecretError(outputs: Outputs, { findSecret }: Pick<Runner, 'findSecret'>): RemedyError | undefined {
  const found = Object.entries(outputs).flatMap(([name, value]) => {
    const origin = findSecret(value)
    return origin === undefined ? [] : [{ output: `output ${name}`, origin }]
  })
  return found.length === 0 ? undefined : secretInOutputs(found)
}

/** Writes the outputs that hold no secret, and the plan file. Returns the result, with an error if that is not possible. */
async function writeOutputs(result: RunResult, all: Outputs, runner: Runner): Promise<RunResult> {
  const outputs = Object.entries(all).filter(([, value]) => runner.findSecret(value) === undefined)
  const plan = outputs.find(([name]) => name === 'plan')?.[1]
  const planFile = await unlessItFails(
    runner,
    async () => (plan === undefined ? undefined : runner.writeTemporaryFile('tenant-tables-plan.json', plan)),
    'The plan file could not be written, so the output plan-file is not set.',
    'Set RUNNER_TEMP to a folder that this step can write to. The output plan holds the plan, too.',
  )
  try {
    for (const [name, value] of outputs) runner.setOutput(name, value)
    if (planFile !== undefined) runner.setOutput('plan-file', planFile)
    return result
  } catch (cause) {
    const error = new RemedyError(
      'The outputs could not be written, so later steps do not get them.',
      'Free space on the disk, set GITHUB_OUTPUT to a file that this step can write to, and run again.',
      { cause },
    )
    if (failuresOf(result).length === 0) return { ...result, error }
    runner.fail('Tenant Tables: failed', renderError(error))
    return result
  }
}

/** Does optional work, which never decides whether the run succeeds: its failure is a warning. */
async function unlessItFails<Result>(
  runner: Runner,
  work: () => Promise<Result>,
  message: string,
  remedy: string,
): Promise<Result | undefined> {
  try {
    return await work()
  } catch (cause) {
    runner.warning('Tenant Tables', renderError(new RemedyError(message, remedy, { cause })))
    return undefined
  }
}

function reportWarnings({ warnings = [], notices = [], plan, verification }: RunResult, runner: Runner): void {
  for (const notice of notices) runner.notice('Tenant Tables', notice)
  const ofPlan = plan?.notices.flatMap(({ level, message }) => (level === 'warning' ? [message] : [])) ?? []
  for (const warning of [...warnings, ...ofPlan, ...(verification?.warnings ?? [])]) {
    runner.warning('Tenant Tables', warning)
  }
}

function reportFailures(result: RunResult, runner: Runner): void {
  for (const { reason, remedy } of result.plan?.refusals ?? []) {
    runner.fail('Tenant Tables: refused', `${reason}\nTo fix: ${remedy}`)
  }
  const progress = describeProgress(result)
  for (const [index, error] of failuresOf(result).entries()) {
    // Once: the progress is the same for every failure.
    const after = index === 0 && progress !== '' ? `\n${progress}` : ''
    runner.fail('Tenant Tables: failed', `${renderError(error)}${after}`)
  }
}
