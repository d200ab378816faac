/** A page about a run, such as the job summary: whole, or shortened to a limit. */
import { describeError } from '../errors/description.ts'
import { digestPlan } from '../plan/document.ts'
import { count } from '../text/readable.ts'
import { failuresOf } from './failures.ts'
import { type Markdown, markdownOf, type Redact } from './markdown.ts'
import type { RunResult } from './result.ts'
import {
  joinSections,
  renderChanges,
  renderDefinition,
  renderDetails,
  renderFailures,
  renderHead,
  renderNotices,
  renderPolicies,
  renderRefusals,
} from './sections.ts'

/** The place that a page is for. */
export interface PagePlace {
  /** Stands before the title. As Markdown. */
  readonly mark?: string
  readonly origin: Origin
  /** A sentence for a shortened page: where the whole plan is. As Markdown. */
  readonly whole: string
  readonly limit: number
  /** The size of a text in the unit of the limit. */
  readonly sizeOf: (text: string) => number
}

/** The origin of a page. Its parts are absent where they are not known, such as outside GitHub. */
export interface Origin {
  /** The address of the run. */
  readonly runUrl?: string | undefined
  /** The commit that the run was for, as hexadecimal digits. */
  readonly commit?: string | undefined
}

/** GitHub shows nothing of a longer job summary. In bytes. */
const longestSummary = 1024 * 1024

export function renderSummary(result: RunResult, redact: Redact, origin: Origin): string {
  return renderPage(result, redact, {
    origin,
    whole: 'The whole plan is in the log.',
    limit: longestSummary,
    sizeOf: (text) => Buffer.byteLength(text),
  })
}

const definitionLeftOut =
  "The definition that results from the file is left out: with it, the report is over GitHub's limit."

/** The whole page; if that is over the limit, the page without the definition, or else a shortened one. */
export function renderPage(result: RunResult, redact: Redact, place: PagePlace): string {
  const markdown = markdownOf(redact)
  const { plan } = result
  const { mark = '', limit, sizeOf } = place
  const head = [mark, ...renderHead(markdown, result, renderOrigin(markdown, place.origin))]
  const render = (sections: readonly string[]) => `${joinSections([...head, ...sections])}\n`
  const renderWhole = (definition: string) =>
    render([
      renderRefusals(markdown, plan?.refusals ?? []),
      renderFailures(markdown, result),
      renderChanges(markdown, result),
      ...renderNotices(markdown, result),
      ...renderPolicies(markdown, result),
      renderDetails(markdown, result, definition),
    ])
  const definition = renderDefinition(markdown, result)
  // The changes matter more than the definition, which is in the repository.
  for (const shown of definition === '' ? [''] : [definition, definitionLeftOut]) {
    const whole = renderWhole(shown)
    if (sizeOf(whole) <= limit) return whole
  }
  const notice = `This report is shortened to GitHub's limit. ${describeTotals(result)}${place.whole}`
  const digest = plan === undefined ? '' : `Plan digest ${markdown.code(digestPlan(plan))}`
  const lines = renderReasons(markdown, result)
  const room = limit - sizeOf(render([notice, hiddenLine(lines.length), digest]))
  return render([notice, takeThatFit(lines, room, sizeOf).join('\n'), digest])
}

/** `run 4242` as a link, and the first digits of the commit */
function renderOrigin({ code, link }: Markdown, { runUrl, commit }: Origin): readonly string[] {
  const run = runUrl === undefined ? [] : [link(`run ${/\d*$/.exec(runUrl)?.[0]}`, runUrl)]
  return [...run, ...(commit === undefined ? [] : [code(commit.slice(0, 7))])]
}

function describeTotals({ plan }: RunResult): string {
  if (plan === undefined) return ''
  return `The plan has ${count(plan.steps.length, 'step')} and ${count(plan.refusals.length, 'refusal')}. `
}

/** A line of bounded length for each refusal, then for each failure. */
function renderReasons({ shortText }: Markdown, result: RunResult): readonly string[] {
  const toFix = (remedy: string | undefined) => (remedy === undefined ? '' : ` **To fix:** ${shortText(remedy)}`)
  return [
    ...(result.plan?.refusals ?? []).map(({ reason, remedy }) => `- Refused: ${shortText(reason)}${toFix(remedy)}`),
    ...failuresOf(result)
      .map(describeError)
      .map(({ message, remedy }) => `- Failed: ${shortText(message)}${toFix(remedy)}`),
  ]
}

/** The first lines that fit, and the number of the others. */
function takeThatFit(lines: readonly string[], room: number, sizeOf: PagePlace['sizeOf']): readonly string[] {
  let left = room
  const tooMany = lines.findIndex((line) => {
    left -= sizeOf(`${line}\n`)
    return left < 0
  })
  return tooMany === -1 ? lines : [...lines.slice(0, tooMany), hiddenLine(lines.length - tooMany)]
}

function hiddenLine(hidden: number): string {
  return `- and ${count(hidden, 'more reason')}`
}
