/** The sections of the job summary and of the pull request comment, as Markdown. An empty section is an empty text. */
import { describeResult } from '../apply/outcome.ts'
import { type DescribedError, describeError } from '../errors/description.ts'
import { settingChanges } from '../plan/description.ts'
import type { Plan, Refusal } from '../plan/plan.ts'
import type { TableDefinition } from '../table/table.ts'
import { count } from '../text/readable.ts'
import { describeProgress, failuresOf } from './failures.ts'
import { folded, type Markdown, table } from './markdown.ts'
import { describeRisk, describeTreatment } from './plan-lines.ts'
import type { RunResult } from './result.ts'
import { describeVerdict } from './verdict.ts'

/** Title, verdict, target and review. Bounded in length. */
export function renderHead({ code, shortText }: Markdown, result: RunResult): readonly string[] {
  const { command = 'run', target, productionRule, review = '' } = result
  const verdict = `**${describeVerdict(result)}**`
  if (target === undefined) return [`## Tenant Tables: ${command}`, verdict, shortText(review)]
  const { account, region, environment } = target
  const rule = productionRule ?? (environment.production ? 'production' : 'not production')
  return [
    `## Tenant Tables: ${command} of ${code(environment.name)}`,
    verdict,
    `Account ${code(account)}, region ${code(region)}, environment ${code(environment.name)} (${shortText(rule)})`,
    shortText(review),
  ]
}

export function renderRefusals({ text }: Markdown, refusals: readonly Refusal[]): string {
  const lines = refusals.map(({ reason, remedy }) => `- ${text(reason)} **To fix:** ${text(remedy)}`)
  return titled('Refused', lines.join('\n'))
}

/** A row for each setting, from its old to its new value. */
export function renderChanges({ code, shortText }: Markdown, { plan, outcome }: RunResult): string {
  const results = new Map(outcome?.steps.map(({ step, result }) => [step, result]))
  const rows = (plan?.steps ?? []).flatMap((step) =>
    settingChanges(step).map(({ setting, from, to }, index) => [
      code(step.table),
      `${step.kind}${describeRisk(step)}`,
      shortText(setting),
      from === undefined ? '' : code(from),
      code(to),
      // Once for each step: its time is the time of all its settings.
      index === 0 ? describeResult(results.get(step)) : '',
    ]),
  )
  return rows.length === 0 ? '' : titled('Changes', table(['Table', 'Step', 'Setting', 'From', 'To', 'Result'], rows))
}

export function renderWarnings({ text }: Markdown, { notices }: Plan): string {
  const warnings = notices.filter(({ level }) => level === 'warning')
  return titled('Warnings', warnings.map(({ message }) => `- ${text(message)}`).join('\n'))
}

/** A policy for each command, and what they do not know. */
export function renderPolicies({ text, block }: Markdown, { policies, notices = [] }: RunResult): string {
  if (policies === undefined) return ''
  const documents = Object.entries(policies.documents).map(
    ([command, policy]) => `**${command}**\n\n${block(indentJson(JSON.stringify(policy)), 'json')}`,
  )
  return titled('Policies', joinSections([notices.map((notice) => `- ${text(notice)}`).join('\n'), ...documents]))
}

/** Tables with their ARNs, notices and unmanaged settings, folded. */
export function renderDetails({ code, text, block }: Markdown, plan: Plan): string {
  const { notices, tables } = plan
  const notes = [
    ...notices.filter(({ level }) => level === 'notice').map(({ message }) => `- ${text(message)}`),
    ...tables.flatMap(({ name, unmanaged }) =>
      unmanaged.map(
        (setting) =>
          `- Unmanaged on ${code(name)}, ${describeTreatment(plan, name, setting)}: ${code(setting.path)} = ${code(setting.value)}`,
      ),
    ),
  ]
  const rows = tables.map(({ name, status }) => [code(name), status])
  const body = [table(['Table', 'Before the run'], rows), block(tables.map(({ arn }) => arn)), notes.join('\n')]
  const title = `${count(tables.length, 'table')}${notes.length === 0 ? '' : `, ${count(notes.length, 'note')}`}`
  return folded(title, joinSections(body))
}

/** The definition of each table after all layers of its file, folded: what a plan compares the tables with. */
export function renderDefinition({ shortText, block }: Markdown, result: RunResult): string {
  const { command, definitionFile, definitions } = result
  if (command !== 'plan' || definitionFile === undefined || definitions === undefined) return ''
  return folded(
    `Definition by ${shortText(definitionFile)} in this environment`,
    block(definitions.flatMap(renderFields), 'yaml'),
  )
}

/** YAML with one line for each value or item of a list. A value is JSON, which is YAML too. */
function renderFields({ logicalName, fields }: TableDefinition): readonly string[] {
  const lines = Object.entries(fields).flatMap(([name, value]) =>
    Array.isArray(value) && value.length > 0
      ? [`  ${name}:`, ...value.map((item) => `    - ${renderOnOneLine(item)}`)]
      : [`  ${name}: ${renderOnOneLine(value)}`],
  )
  return [`${JSON.stringify(logicalName)}:`, ...lines]
}

/** `{ "Key": "team", "Value": "planner" }`. A line break in a text is written as an escape, so every other one is layout. */
function renderOnOneLine(value: unknown): string {
  return JSON.stringify(value, undefined, 1).replace(/\n */g, ' ')
}

export function renderFailures(markdown: Markdown, result: RunResult): string {
  const progress = describeProgress(result)
  const failures = failuresOf(result).map((error, index) =>
    renderFailure(markdown, describeError(error), index === 0 ? progress : ''),
  )
  return titled('Failed', joinSections(failures))
}

/** Sentences as a list, then code blocks with the values that people copy or compare. */
function renderFailure({ text, block }: Markdown, error: DescribedError, progress: string): string {
  const { message, problems, remedy, facts, statements, causes } = error
  const sentences = [
    `- ${text(message)}`,
    ...problems.map((problem) => `  - ${text(problem)}`),
    ...(remedy === undefined ? [] : [`- **To fix:** ${text(remedy)}`]),
    ...(progress === '' ? [] : [`- ${text(progress)}`]),
  ]
  return joinSections([
    sentences.join('\n'),
    facts.length === 0 ? '' : block(facts.map(({ name, value }) => `${name}: ${value}`)),
    ...statements.map((statement) => `The statement to add:\n\n${block(indentJson(statement), 'json')}`),
    causes.length === 0 ? '' : `Caused by:\n\n${block(causes)}`,
  ])
}

function indentJson(json: string): readonly string[] {
  return JSON.stringify(JSON.parse(json), undefined, 2).split('\n')
}

function titled(title: string, body: string): string {
  return body === '' ? '' : `### ${title}\n\n${body}`
}

/** Joins sections by blank lines, and leaves out the empty ones. */
export function joinSections(sections: readonly string[]): string {
  return sections.filter((section) => section !== '').join('\n\n')
}
