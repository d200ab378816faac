/** The sections of the job summary and of the pull request comment, as Markdown. An empty section is an empty text. */
import { describeResult, type StepResult } from '../apply/outcome.ts'
import { type DescribedError, describeError } from '../errors/description.ts'
import { type SettingChange, settingChanges, usualDuration } from '../plan/description.ts'
import { digestPlan } from '../plan/document.ts'
import { type Notice, type Refusal, type Step, stepsOf } from '../plan/plan.ts'
import { isDisruptive, linesNeededBy } from '../plan/policy.ts'
import type { Tone } from '../run/run.ts'
import type { TableDefinition } from '../table/table.ts'
import { count, listSome, plural } from '../text/readable.ts'
import { consoleUrl } from './console.ts'
import { describeProgress, failuresOf } from './failures.ts'
import { alert, folded, type Markdown, table } from './markdown.ts'
import { describeTreatment } from './plan-lines.ts'
import type { RunResult } from './result.ts'
import { describeVerdict } from './verdict.ts'

const toneIcons: Readonly<Record<Tone, string>> = { success: '✅', attention: '🟡', failure: '🔴' }

/**
 * Verdict and place. Bounded in length.
 *
 * @param origin the run and the commit, as Markdown
 */
export function renderHead(
  { code, shortText, link }: Markdown,
  result: RunResult,
  origin: readonly string[],
): readonly string[] {
  const { target, endpoints } = result
  const { tone, subject, sentence } = describeVerdict(result)
  const title = `### ${toneIcons[tone]} ${shortText(subject)}: ${sentence}`
  if (target === undefined) return [title, origin.join(' · ')]
  const { account, region, environment } = target
  const place = [
    code(account),
    link(shortText(region), consoleUrl(target, endpoints)),
    `environment ${code(environment.name)}${environment.production ? ' 🔒' : ''}`,
    ...origin,
  ]
  return [title, place.join(' · ')]
}

/** Every refusal with its remedy. A line of `allow` that would permit the change stands in a block, once. */
export function renderRefusals({ text, block }: Markdown, refusals: readonly Refusal[]): string {
  if (refusals.length === 0) return ''
  const last = new Map(refusals.map(({ code }, index) => [code, index]))
  const sections = refusals.flatMap(({ code, reason, remedy }, index) => {
    // The remedy of a disruptive change ends with the line, which is its code.
    const hasLine = remedy.endsWith(`: ${code}`) && last.get(code) === index
    const shown = hasLine ? remedy.slice(0, -code.length).trimEnd() : remedy
    return [`**Refused:** ${text(reason)}`, `**To fix:** ${text(shown)}`, ...(hasLine ? [block([code])] : [])]
  })
  return alert('CAUTION', joinSections(sections))
}

/** A row for each step, the tables one after the other; the results only after an apply. */
export function renderChanges(markdown: Markdown, result: RunResult): string {
  const { plan, outcome, target, endpoints } = result
  if (plan === undefined || target === undefined || plan.steps.length === 0) return ''
  const { code, link } = markdown
  const results = new Map(outcome?.steps.map(({ step, result: ofStep }) => [step, ofStep]))
  const rows = plan.tables.flatMap(({ name }) =>
    stepsOf(plan, name).map((step, index) => [
      iconOf(step),
      index === 0 ? link(code(name), consoleUrl(target, endpoints, name)) : '',
      `${renderStep(markdown, step)}${renderRisk(markdown, step, results.get(step))}`,
      ...(outcome === undefined ? [] : [renderResult(results.get(step))]),
    ]),
  )
  return table(['', 'Table', 'Change', ...(outcome === undefined ? [] : ['Result'])], rows)
}

function iconOf(step: Step): string {
  if (step.kind === 'create') return '➕'
  if (step.kind === 'delete') return '🗑️'
  if (isDisruptive(step)) return '⚠️'
  return usualDuration(step) === undefined ? '✏️' : '🐢'
}

/** ` (2 to 3 minutes)` for a slow step that is not done, whose icon says the rest; ` (disruptive, by adopt-table)` */
function renderRisk({ code }: Markdown, step: Step, result: StepResult | undefined): string {
  const lines = linesNeededBy(step)
  if (isDisruptive(step)) return ` (disruptive${lines.length === 0 ? '' : `, by ${lines.map(code).join(', ')}`})`
  const duration = result?.status === 'applied' ? undefined : usualDuration(step)
  return duration === undefined ? '' : ` (${duration})`
}

const resultIcons: Partial<Readonly<Record<StepResult['status'], string>>> = { applied: '✅ ', failed: '❌ ' }

function renderResult(result: StepResult | undefined): string {
  // The unit stays with its number.
  const words = describeResult(result).replace(/(\d) s$/, '$1&#160;s')
  return `${resultIcons[result?.status ?? 'skipped'] ?? ''}${words}`
}

/** The most settings of one group in a row. */
const mostInGroup = 5

/** The settings of a step in one line. Of many settings of one group, such as tags, the new ones are only counted. */
function renderStep(markdown: Markdown, step: Step): string {
  const changes = settingChanges(step)
  const groups = [...new Set(changes.flatMap(({ group }) => group ?? []))]
  const single = changes.filter(({ group }) => group === undefined)
  if (step.kind === 'create') {
    const counted = groups.map((group) => count(membersOf(changes, group).length, group))
    return `create: ${[...single.map((change) => renderChange(markdown, change, ' ')), ...counted].join(', ')}`
  }
  return [
    ...single.map((change) => renderChange(markdown, change)),
    ...groups.map((group) => renderGroup(markdown, group, membersOf(changes, group))),
  ].join(', ')
}

/** `deletion protection: off → on`, `new tag team: planner` */
function renderChange(markdown: Markdown, change: SettingChange, separator = ': '): string {
  const { code, shortText } = markdown
  const { group, name, from } = change
  const setting = group === undefined ? shortText(name) : `${from === undefined ? 'new ' : ''}${group} ${code(name)}`
  return `${setting}${separator}${renderValues(markdown, change)}`
}

function renderValues({ code }: Markdown, { from, to }: SettingChange): string {
  return from === undefined ? code(to) : `${code(from)} → ${code(to)}`
}

/** `tags: 3 added, team: old → planner` */
function renderGroup(markdown: Markdown, group: string, members: readonly SettingChange[]): string {
  const [only] = members
  if (only !== undefined && members.length === 1) return renderChange(markdown, only)
  const changed = members.filter(({ from }) => from !== undefined)
  const added = members.length - changed.length
  const named = changed.map((member) => `${markdown.code(member.name)}: ${renderValues(markdown, member)}`)
  const parts = [
    ...(added === 0 ? [] : [`${added} added`]),
    ...(named.length === 0 ? [] : [listSome(named, mostInGroup, `more ${group}`)]),
  ]
  return `${plural(group)}: ${parts.join(', ')}`
}

function membersOf(changes: readonly SettingChange[], group: string): readonly SettingChange[] {
  return changes.filter((change) => change.group === group)
}

/** The notices of the plan and of the policies, the most important first. */
export function renderNotices({ text }: Markdown, { plan, notices = [] }: RunResult): readonly string[] {
  const messagesOf = (wanted: Notice['level']) =>
    plan?.notices.flatMap(({ level, message }) => (level === wanted ? [message] : [])) ?? []
  const render = (kind: 'WARNING' | 'NOTE', messages: readonly string[]) =>
    messages.length === 0 ? '' : alert(kind, messages.map((message) => text(message)).join('\n\n'))
  return [render('WARNING', messagesOf('warning')), render('NOTE', [...messagesOf('notice'), ...notices])]
}

/** A policy for each command, folded. */
export function renderPolicies({ block }: Markdown, { policies }: RunResult): readonly string[] {
  return Object.entries(policies ?? {}).map(([command, policy]) =>
    folded(`Policy for ${command}`, block(indentJson(JSON.stringify(policy)), 'json')),
  )
}

/**
 * Everything that few readers need, folded: tables and ARNs, each value that the changes only count, unmanaged settings,
 * the rule for production, the comparison with a reviewed plan, the digest, and the definition.
 *
 * @param definition of `renderDefinition`
 */
export function renderDetails(markdown: Markdown, result: RunResult, definition: string): string {
  const { code, text, block } = markdown
  const { plan, productionRule, review = '' } = result
  if (plan === undefined) return ''
  const { tables, steps, refusals } = plan
  const isRefused = (name: string) => refusals.some((refusal) => refusal.table === name)
  const rows = tables.map(({ name, status }) => {
    const changes = stepsOf(plan, name).length
    return [code(name), status, isRefused(name) ? 'refused' : changes === 0 ? 'unchanged' : count(changes, 'change')]
  })
  const values = steps.flatMap((step) => {
    const changes = settingChanges(step)
    return changes.length === 1
      ? []
      : changes.map((change) => `- ${code(step.table)}, ${renderChange(markdown, change)}`)
  })
  const unmanaged = tables.flatMap(({ name, unmanaged: settings }) =>
    settings.map(
      (setting) =>
        `- ${code(name)}, ${describeTreatment(plan, name, setting)}: ${code(setting.path)} = ${code(setting.value)}`,
    ),
  )
  const contents = [
    count(tables.length, 'table'),
    ...(values.length === 0 ? [] : [count(values.length, 'value')]),
    ...(unmanaged.length === 0 ? [] : [count(unmanaged.length, 'unmanaged setting')]),
    ...(definition === '' ? [] : ['definition']),
    'digest',
  ]
  return folded(
    `Details: ${contents.join(', ')}`,
    joinSections([
      table(['Table', 'Before the run', 'Plan'], rows),
      block(tables.map(({ arn }) => arn)),
      values.length === 0 ? '' : `Every value of the changes:\n\n${values.join('\n')}`,
      unmanaged.length === 0 ? '' : `Unmanaged settings:\n\n${unmanaged.join('\n')}`,
      productionRule === undefined ? '' : `The environment is ${text(productionRule)}.`,
      text(review),
      `Plan digest:\n\n${block([digestPlan(plan)])}`,
      definition,
    ]),
  )
}

/** The definition of each table after all layers of its file: what a plan compares the tables with. */
export function renderDefinition({ shortText, block }: Markdown, result: RunResult): string {
  const { command, definitionFile, definitions } = result
  if (command !== 'plan' || definitionFile === undefined || definitions === undefined) return ''
  return `Definition by ${shortText(definitionFile)} in this environment:\n\n${block(definitions.flatMap(renderFields), 'yaml')}`
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
  // After an apply, the results stand beside the changes.
  const progress = result.outcome === undefined ? describeProgress(result) : ''
  const failures = failuresOf(result).map((error, index) =>
    renderFailure(markdown, describeError(error), index === 0 ? progress : ''),
  )
  return failures.length === 0 ? '' : alert('CAUTION', joinSections(failures))
}

/** Sentences, then code blocks with the values that people copy or compare. */
function renderFailure({ text, block }: Markdown, error: DescribedError, progress: string): string {
  const { message, problems, remedy, facts, statements, causes } = error
  return joinSections([
    `**Failed:** ${text(message)}`,
    problems.map((problem) => `- ${text(problem)}`).join('\n'),
    remedy === undefined ? '' : `**To fix:** ${text(remedy)}`,
    text(progress),
    facts.length === 0 ? '' : block(facts.map(({ name, value }) => `${name}: ${value}`)),
    ...statements.map((statement) => `The statement to add:\n\n${block(indentJson(statement), 'json')}`),
    causes.length === 0 ? '' : `Caused by:\n\n${block(causes)}`,
  ])
}

function indentJson(json: string): readonly string[] {
  return JSON.stringify(JSON.parse(json), undefined, 2).split('\n')
}

/** Joins sections by blank lines, and leaves out the empty ones. */
export function joinSections(sections: readonly string[]): string {
  return sections.filter((section) => section !== '').join('\n\n')
}
