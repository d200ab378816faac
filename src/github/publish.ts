/** Tells the result of a run: outputs for later steps, a job summary for people, annotations for both. */

import { tenantAccessPolicy } from '../aws/tenant-access.ts'
import { renderError } from '../errors/description.ts'
import { RemedyError } from '../errors/errors.ts'
import { digestPlan, renderPlanDocument } from '../plan/document.ts'
import type { Plan } from '../plan/plan.ts'
import { describeProgress, failuresOf, performedSteps, type RunResult, summarise } from '../report/report.ts'
import { renderSummary } from '../report/summary.ts'
import type { ObservedTable } from '../table/table.ts'
import { secretInOutputs } from './redaction.ts'
import type { Runner } from './runner.ts'

/** Sets what is known: nothing after wrong inputs, everything after a plan. */
export async function publish(result: RunResult, runner: Runner): Promise<void> {
  await runner.load()
  try {
    if (failuresOf(result).length === 0) assertOutputsHoldNoSecret(result, runner)
  } catch (error) {
    result.error = error
  }
  // After a failure, what would hold a secret is left out.
  const known = Object.entries(outputsOf(result))
  const outputs = Object.fromEntries(known.filter(([, value]) => runner.findSecret(value) === undefined))
  const planFile = await unlessItFails(runner, () => writePlanFile(outputs.plan, runner), {
    message: 'The plan file could not be written, so the output plan-file is not set.',
    remedy: 'Let RUNNER_TEMP name a folder that this step can write to. The output plan holds the plan, too.',
  })
  try {
    for (const [name, value] of Object.entries(outputs)) runner.setOutput(name, value)
    if (planFile !== undefined) runner.setOutput('plan-file', planFile)
  } catch (cause) {
    // What happened to the tables must still be told, in the summary too.
    const unwritten = new RemedyError(
      'The outputs could not be written, so later steps do not get them.',
      'Make room on the disk, and let GITHUB_OUTPUT name a file that this step can write to; then run again.',
      { cause },
    )
    if (failuresOf(result).length === 0) result.error = unwritten
    else runner.fail('Tenant Tables: failed', renderError(unwritten))
  }
  for (const warning of result.warnings ?? []) runner.warning('Tenant Tables', warning)
  for (const { level, message } of result.plan?.notices ?? []) {
    if (level === 'warning') runner.warning('Tenant Tables', message)
  }
  for (const warning of result.verification?.warnings ?? []) runner.warning('Tenant Tables', warning)
  reportFailures(result, runner)
  runner.log.info(summarise(result))
  await unlessItFails(runner, async () => runner.writeSummary(renderSummary(result, runner.redact)), {
    message: 'The job summary could not be written.',
    remedy: 'Let GITHUB_STEP_SUMMARY name a file that this step can write to. The log holds what it would say.',
  })
}

/** Does what is optional, which never decides whether the run succeeds: its failure is a warning. */
async function unlessItFails<Result>(
  runner: Runner,
  work: () => Promise<Result>,
  { message, remedy }: { readonly message: string; readonly remedy: string },
): Promise<Result | undefined> {
  try {
    return await work()
  } catch (cause) {
    runner.warning('Tenant Tables', renderError(new RemedyError(message, remedy, { cause })))
    return undefined
  }
}

async function writePlanFile(plan: string | undefined, runner: Runner): Promise<string | undefined> {
  return plan === undefined ? undefined : await runner.writeTemporaryFile('tenant-tables-plan.json', plan)
}

/**
 * Before anything is written, because the outputs could not be.
 *
 * @returns the plan as it is
 * @throws {RemedyError} where an output of the plan would hold a secret
 */
export function assertPublishable(plan: Plan, runner: Pick<Runner, 'findSecret'>): Plan {
  assertOutputsHoldNoSecret({ target: plan.target, plan }, runner)
  return plan
}

function assertOutputsHoldNoSecret(result: RunResult, { findSecret }: Pick<Runner, 'findSecret'>): void {
  const found = Object.entries(outputsOf(result)).flatMap(([name, value]) => {
    const origin = findSecret(value)
    return origin === undefined ? [] : [{ name, origin }]
  })
  if (found.length === 0) return
  throw secretInOutputs(
    found.map(({ name }) => `output ${name}`),
    found.map(({ origin }) => origin),
  )
}

/** Every output that can be told from this result, as the strings that later steps read. */
export function outputsOf(result: RunResult): Readonly<Record<string, string>> {
  const { target, plan, outcome } = result
  const deleted = outcome?.steps.filter(
    ({ step, result: { status } }) => step.action === 'delete-table' && status === 'applied',
  )
  if (target === undefined) return {}
  const outputs: Record<string, string> = { 'aws-account-id': target.account, 'aws-region': target.region }
  if (plan === undefined) return outputs
  const tables = plan.tables.map(({ logicalName, name, arn, id, streamArn }) => {
    const seen = outcome?.observed.get(name)
    if (seen?.status === 'absent' || deleted?.some(({ step }) => step.table === name)) return { logicalName, name, arn }
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
  const progress = describeProgress(result)
  for (const [index, error] of failuresOf(result).entries()) {
    // Once is enough: it is the same for all.
    runner.fail(
      'Tenant Tables: failed',
      `${renderError(error)}${index === 0 && progress !== '' ? `\n${progress}` : ''}`,
    )
  }
}
