/** Plan and outcome -> the job summary, and the sections that it shares with the pull request comment. Pure. */
import { type DescribedError, describeError } from '../errors/description.ts'
import { changesOf, describeResult } from '../plan/description.ts'
import { digestPlan } from '../plan/document.ts'
import { type Outcome, type Plan, type Refusal, stepKinds } from '../plan/plan.ts'
import type { Target } from '../table/target.ts'
import { type Markdown, markdownOf, type Redact, table } from './markdown.ts'
import { describeProgress, describeTreatment, failuresOf, type RunResult, summarise } from './report.ts'

/** In bytes. Of a longer one GitHub shows nothing. */
const longestSummary = 1024 * 1024

/** The job summary, all foreign text escaped. */
export function renderSummary(result: RunResult, redact: Redact): string {
  const { target, plan, outcome } = result
  const markdown = markdownOf(redact)
  const head = [
    `## ${renderTitle(markdown, result)}`,
    `**${markdown.text(summarise(result))}**`,
    ...(target === undefined ? [] : [renderTarget(markdown, target, result)]),
    ...(result.review ? [markdown.text(result.review)] : []),
  ]
  const details =
    plan === undefined
      ? []
      : [
          ...section('Refused', renderRefusals(markdown, plan.refusals)),
          ...section('Changes', renderChanges(markdown, plan, outcome)),
          ...section('Slow', renderSlowSteps(markdown, plan)),
          ...section('Tables', renderTables(markdown, plan)),
          ...section('To know', renderNotes(markdown, plan).join('\n')),
        ]
  const digest = plan === undefined ? [] : [renderDigest(markdown, plan)]
  const whole = [...head, ...details, ...digest, ...section('Failed', renderFailure(markdown, result))].join('\n\n')
  if (Buffer.byteLength(whole) < longestSummary) return `${whole}\n`
  return `${[...head, 'The rest does not fit into a summary. It is in the log.', ...digest].join('\n\n')}\n`
}

export function section(title: string, body: string): readonly string[] {
  return body === '' ? [] : [`### ${title}`, body]
}

/** `Tenant Tables: plan of <code>dev</code>` */
export function renderTitle({ code }: Markdown, { command, target }: RunResult): string {
  return `Tenant Tables: ${command ?? 'run'}${target === undefined ? '' : ` of ${code(target.environment.name)}`}`
}

export function renderTarget(
  { code, text }: Markdown,
  { account, region, environment }: Target,
  { productionRule = environment.production ? 'production' : 'not production' }: RunResult,
): string {
  return `Account ${code(account)}, region ${code(region)}, environment ${code(environment.name)} (${text(productionRule)})`
}

export function renderRefusals({ text }: Markdown, refusals: readonly Refusal[]): string {
  return refusals.map(({ reason, remedy }) => `- ${text(reason)} **To fix:** ${text(remedy)}`).join('\n')
}

/** Setting by setting, from what to what. Empty without steps. */
export function renderChanges({ code, text, shortText }: Markdown, plan: Plan, outcome: Outcome | undefined): string {
  const results = new Map(outcome?.steps.map(({ step, result }) => [step, result]))
  const rows = plan.steps.flatMap((step) =>
    changesOf(step).map(({ setting, from, to }, index) => [
      code(step.table),
      `${code(step.action)}${stepKinds[step.action].class === 'disruptive' ? ' **disruptive**' : ''}`,
      shortText(setting),
      from === undefined ? '' : code(from),
      code(to),
      // Once a step: its time is that of all its settings together.
      index === 0 ? text(describeResult(results.get(step))) : '',
    ]),
  )
  return rows.length === 0 ? '' : table(['Table', 'Step', 'Setting', 'From', 'To', 'Result'], rows)
}

export function renderSlowSteps({ code }: Markdown, { steps }: Plan): string {
  return steps
    .flatMap(({ action, table: name }) => {
      const { usualDuration } = stepKinds[action]
      return usualDuration === undefined ? [] : [`- ${code(action)} on ${code(name)} usually takes ${usualDuration}`]
    })
    .join('\n')
}

function renderTables({ code, text, block }: Markdown, { tables }: Plan): string {
  const rows = tables.map(({ name, status }) => [code(name), text(status)])
  return `${table(['Table', 'Before the run'], rows)}\n\n${block(tables.map(({ arn }) => arn))}`
}

/** A line for each notice and each unmanaged setting. */
export function renderNotes({ code, text }: Markdown, plan: Plan): readonly string[] {
  const { notices, tables } = plan
  return [
    ...notices.map(({ level, message }) => `- ${level === 'warning' ? '**Warning:** ' : ''}${text(message)}`),
    ...tables.flatMap(({ name, unmanaged }) =>
      unmanaged.map(
        (setting) =>
          `- Unmanaged on ${code(name)}, ${describeTreatment(plan, setting)}: ${code(setting.path)} = ${code(setting.value)}`,
      ),
    ),
  ]
}

export function renderDigest({ code }: Markdown, plan: Plan): string {
  return `Plan digest ${code(digestPlan(plan))}`
}

/** Empty where nothing failed. */
export function renderFailure(markdown: Markdown, result: RunResult): string {
  const progress = describeProgress(result)
  return failuresOf(result)
    .map((error, index) => renderError(markdown, describeError(error), index === 0 ? progress : ''))
    .join('\n\n')
}

/** Sentences as a list, and what is to be copied or compared in code blocks below it. */
function renderError({ text, block }: Markdown, error: DescribedError, progress: string): string {
  const { message, problems, remedy, facts, statements, causes } = error
  const sentences = [
    `- ${text(message)}`,
    ...problems.map((problem) => `  - ${text(problem)}`),
    ...(remedy === undefined ? [] : [`- **To fix:** ${text(remedy)}`]),
    ...(progress === '' ? [] : [`- ${text(progress)}`]),
  ]
  return [
    sentences.join('\n'),
    ...(facts.length === 0 ? [] : [block(facts.map(({ name, value }) => `${name}: ${value}`))]),
    ...statements.map((statement) => `The statement to add:\n\n${block(indentJson(statement), 'json')}`),
    ...(causes.length === 0 ? [] : [`Caused by:\n\n${block(causes)}`]),
  ].join('\n\n')
}

function indentJson(json: string): readonly string[] {
  return JSON.stringify(JSON.parse(json), undefined, 2).split('\n')
}
