/** Plan and outcome -> the job summary, and the sections that it shares with the pull request comment. Pure. */
import { describeError } from './errors.ts'
import { code, table, text, wholeCode } from './markdown.ts'
import { shorten } from './plain-text.ts'
import { type Outcome, type Plan, type Refusal, stepKinds } from './plan.ts'
import { digestPlan } from './plan-document.ts'
import { changesOf, describeProgress, describeResult, failuresOf, type RunResult, summarise } from './report.ts'
import type { Target } from './table.ts'

/** Takes secrets out of what others said; before it is escaped and cut, since after that none is found. */
export type Redact = (text: string) => string

/** The job summary in Markdown, all foreign text escaped. */
export function renderSummary(result: RunResult, redact: Redact = (text) => text): string {
  const { target, plan, outcome } = result
  const sections = [
    `## ${renderTitle(result)}`,
    `**${text(summarise(result))}**`,
    ...(target === undefined ? [] : [renderTarget(target)]),
    ...(result.review ? [text(result.review)] : []),
    ...(plan === undefined
      ? []
      : [
          ...section('Refused', renderRefusals(plan.refusals)),
          ...section('Changes', renderChanges(plan, outcome)),
          ...section('Slow', renderSlowSteps(plan)),
          ...section('Tables', renderTables(plan)),
          ...section('To know', renderNotes(plan).join('\n')),
          renderDigest(plan),
        ]),
    ...section('Failed', renderFailure(result, redact)),
  ]
  return `${sections.join('\n\n')}\n`
}

export function section(title: string, body: string): readonly string[] {
  return body === '' ? [] : [`### ${title}`, body]
}

/** `Tenant Tables: plan of <code>dev</code>` */
export function renderTitle({ command, target }: RunResult): string {
  return `Tenant Tables: ${command ?? 'run'}${target === undefined ? '' : ` of ${code(target.environment.name)}`}`
}

export function renderTarget({ account, region, environment }: Target): string {
  return `Account ${code(account)}, region ${code(region)}, environment ${code(environment.name)} (${environment.production ? 'production' : 'not production'})`
}

export function renderRefusals(refusals: readonly Refusal[]): string {
  return refusals.map(({ reason, remedy }) => `- ${text(reason)} **To fix:** ${text(remedy)}`).join('\n')
}

/** Setting by setting, from what to what. Empty without steps. */
export function renderChanges(plan: Plan, outcome: Outcome | undefined): string {
  const results = new Map(outcome?.steps.map(({ step, result }) => [step, result]))
  const rows = plan.steps.flatMap((step) =>
    changesOf(step).map(({ setting, from, to }, index) => [
      code(step.table),
      `${code(step.action)}${stepKinds[step.action].class === 'disruptive' ? ' **disruptive**' : ''}`,
      text(shorten(setting)),
      from === undefined ? '' : code(from),
      code(to),
      // Once a step: its time is that of all its settings together.
      index === 0 ? text(describeResult(results.get(step))) : '',
    ]),
  )
  return rows.length === 0 ? '' : table(['Table', 'Step', 'Setting', 'From', 'To', 'Result'], rows)
}

export function renderSlowSteps({ steps }: Plan): string {
  return steps
    .flatMap(({ action, table: name }) => {
      const { usualDuration } = stepKinds[action]
      return usualDuration === undefined ? [] : [`- ${code(action)} on ${code(name)} usually takes ${usualDuration}`]
    })
    .join('\n')
}

function renderTables({ tables }: Plan): string {
  return table(
    ['Table', 'ARN', 'Before the run'],
    tables.map(({ name, arn, status }) => [code(name), code(arn), text(status)]),
  )
}

/** A line for each notice and each unmanaged setting. */
export function renderNotes({ notices, tables }: Plan): readonly string[] {
  return [
    ...notices.map(({ level, message }) => `- ${level === 'warning' ? '**Warning:** ' : ''}${text(message)}`),
    ...tables.flatMap(({ name, unmanaged }) =>
      unmanaged.map(({ path, value }) => `- Unmanaged on ${code(name)}, left as it is: ${code(path)} = ${code(value)}`),
    ),
  ]
}

export function renderDigest(plan: Plan): string {
  return `Plan digest ${code(digestPlan(plan))}`
}

/** Empty where nothing failed. */
export function renderFailure(result: RunResult, redact: Redact): string {
  const progress = describeProgress(result)
  return failuresOf(result)
    .flatMap((error, index) => {
      const { message, problems, remedy, statements, causes } = describeError(error)
      return [
        `- ${text(redact(message))}`,
        ...problems.map((problem) => `  - ${text(redact(problem))}`),
        ...(remedy === undefined ? [] : [`- **To fix:** ${text(redact(remedy))}`]),
        ...statements.map((statement) => `- The statement to add: ${wholeCode(redact(statement))}`),
        ...(progress === '' || index > 0 ? [] : [`- ${text(progress)}`]),
        ...causes.map((cause) => `- Caused by: ${code(redact(cause))}`),
      ]
    })
    .join('\n')
}
