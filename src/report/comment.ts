/** Plan and outcome -> the pull request comment, in stages that fit GitHub's limit. Pure. */
import { createHash } from 'node:crypto'
import { describeError } from '../errors/description.ts'
import { describeResult, nameStep } from '../plan/description.ts'
import { type Plan, stepKinds, stepsOf } from '../plan/plan.ts'
import type { Target } from '../table/target.ts'
import { count } from '../text/readable.ts'
import { folded, type Markdown, markdownOf, type Redact } from './markdown.ts'
import { failuresOf, type RunResult, summarise } from './report.ts'
import {
  renderChanges,
  renderDigest,
  renderFailure,
  renderNotes,
  renderRefusals,
  renderSlowSteps,
  renderTarget,
  renderTitle,
  section,
} from './summary.ts'

/** GitHub refuses a longer one. */
export const longestComment = 65_536

/**
 * Marks the one comment of a target, and is not shown. A hash, because what is hashed is foreign and could end the mark.
 *
 * @param tableNamePrefix tells apart two sets of tables in one environment
 */
export function markComment({ account, region, environment }: Target, tableNamePrefix: string): string {
  const identity = JSON.stringify([account, region, environment.name.toLowerCase(), tableNamePrefix])
  return `<!-- tenant-tables ${createHash('sha256').update(identity).digest('hex').slice(0, 32)} -->`
}

export interface CommentRequest {
  readonly result: RunResult
  readonly mark: string
  /** That the run was for; absent where nobody knows. */
  readonly commit?: string
  /** Of the run that writes the comment; absent outside GitHub. */
  readonly runUrl?: string
  readonly redact: Redact
}

/** How much is told. Totals, refusals and digest are told at every stage. */
interface Stage {
  readonly changes: 'settings' | 'steps' | 'totals'
  readonly notes: boolean
  readonly whole: boolean
}

const stages: readonly Stage[] = [
  { changes: 'settings', notes: true, whole: true },
  { changes: 'settings', notes: false, whole: true },
  { changes: 'steps', notes: false, whole: true },
  { changes: 'totals', notes: false, whole: true },
  { changes: 'totals', notes: false, whole: false },
]

/** The first stage that fits; of the last one the refusals are cut, and counted. */
export function renderComment(request: CommentRequest): string {
  let body = ''
  for (const stage of stages) {
    body = renderStage(request, stage)
    if (body.length <= longestComment) return body
  }
  const { plan } = request.result
  for (
    let shown = plan?.refusals.length ?? 0;
    shown > 0 && body.length > longestComment;
    shown = Math.floor(shown / 2)
  ) {
    body = renderStage(request, { changes: 'totals', notes: false, whole: false }, Math.floor(shown / 2))
  }
  return body
}

function renderStage(
  { result, mark, commit, runUrl, redact }: CommentRequest,
  stage: Stage,
  mostRefusals?: number,
): string {
  const { target, plan } = result
  const markdown = markdownOf(redact)
  const { code, text } = markdown
  const origin = [
    ...(commit === undefined ? [] : [`commit ${code(commit.slice(0, 7))}`]),
    ...(runUrl === undefined ? [] : [`[the run](${runUrl})`]),
  ]
  const sections = [
    mark,
    `## ${renderTitle(markdown, result)}`,
    `**${text(summarise(result))}**`,
    ...(target === undefined ? [] : [renderTarget(markdown, target, result)]),
    ...(result.review ? [text(result.review)] : []),
    ...(plan === undefined ? [] : renderPlan(markdown, plan, result, stage, mostRefusals)),
    ...section('Failed', stage.whole ? renderFailure(markdown, result) : renderShortFailure(markdown, result)),
    [...(plan === undefined ? [] : [renderDigest(markdown, plan)]), ...origin].join(' · '),
  ]
  return `${sections.filter((each) => each !== '').join('\n\n')}\n`
}

function renderPlan(
  markdown: Markdown,
  plan: Plan,
  result: RunResult,
  stage: Stage,
  mostRefusals?: number,
): readonly string[] {
  const notes = renderNotes(markdown, plan)
  const totals = stage.changes === 'settings' && stage.notes ? [] : [renderTotals(plan, notes.length)]
  return [
    ...totals,
    ...renderTables(markdown, plan),
    ...section(
      'Refused',
      stage.whole ? renderRefusals(markdown, plan.refusals) : renderShortRefusals(markdown, plan, mostRefusals),
    ),
    ...section('Changes', renderChangesOf(markdown, plan, result, stage)),
    ...section('Slow', renderSlowSteps(markdown, plan)),
    ...(stage.notes && notes.length > 0 ? [folded(`${count(notes.length, 'thing')} to know`, notes)] : []),
  ]
}

/** Said where not everything could be. */
function renderTotals({ steps, refusals }: Plan, notes: number): string {
  return `This comment has been shortened to fit: ${count(steps.length, 'step')}, ${count(refusals.length, 'refusal')} and ${count(notes, 'thing')} to know are in the job summary in full.`
}

/** A line for each table with something to tell; the others folded. */
function renderTables({ code }: Markdown, plan: Plan): readonly string[] {
  const lines = plan.tables.map((table) => {
    const steps = stepsOf(plan, table.name)
    const refusals = plan.refusals.filter((refusal) => refusal.table === table.name)
    const isQuiet = steps.length === 0 && refusals.length === 0
    const parts = [
      ...(refusals.length > 0 ? [`refused, for ${count(refusals.length, 'reason')}`] : []),
      ...(steps.length > 0
        ? [`${count(steps.length, 'step')}: ${steps.map(({ action }) => code(action)).join(', ')}`]
        : []),
    ]
    return { isQuiet, line: `- ${code(table.name)} (${table.status}): ${isQuiet ? 'nothing to do' : parts.join('; ')}` }
  })
  const loud = lines.filter(({ isQuiet }) => !isQuiet).map(({ line }) => line)
  const quiet = lines.filter(({ isQuiet }) => isQuiet).map(({ line }) => line)
  return [
    ...(loud.length > 0 ? [loud.join('\n')] : []),
    ...(quiet.length > 0 ? [folded(`${count(quiet.length, 'table')} unchanged`, quiet)] : []),
  ]
}

function renderChangesOf(markdown: Markdown, plan: Plan, { outcome }: RunResult, { changes }: Stage): string {
  if (changes === 'settings') return renderChanges(markdown, plan, outcome)
  const results = new Map(outcome?.steps.map(({ step, result }) => [step, result]))
  if (changes === 'steps') {
    return plan.steps
      .map((step) => `- ${markdown.code(nameStep(step))}: ${describeResult(results.get(step))}`)
      .join('\n')
  }
  const classes = plan.steps.map(({ action }) => stepKinds[action].class)
  return [...new Set(classes)]
    .map((each) => `- ${each}: ${classes.filter((other) => other === each).length}`)
    .join('\n')
}

function renderShortRefusals({ shortText }: Markdown, { refusals }: Plan, most = refusals.length): string {
  const hidden = refusals.length - most
  return [
    ...refusals.slice(0, most).map(({ reason, remedy }) => `- ${shortText(reason)} **To fix:** ${shortText(remedy)}`),
    ...(hidden > 0 ? [`- and ${count(hidden, 'more refusal')}`] : []),
  ].join('\n')
}

function renderShortFailure({ shortText }: Markdown, result: RunResult): string {
  return failuresOf(result)
    .map((error) => `- ${shortText(describeError(error).message)}`)
    .join('\n')
}
