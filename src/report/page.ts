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
  renderPolicies,
  renderRefusals,
  renderWarnings,
} from './sections.ts'

/** The place that a page is for. Texts are Markdown. */
export interface PagePlace {
  /** Stands before the title. */
  readonly mark?: string
  /** Stand after the digest of the plan. */
  readonly origin?: readonly string[]
  /** A sentence for a shortened page: where the whole plan is. */
  readonly whole: string
  readonly limit: number
  /** The size of a text in the unit of the limit. */
  readonly sizeOf: (text: string) => number
}

/** GitHub shows nothing of a longer job summary. In bytes. */
const longestSummary = 1024 * 1024

export function renderSummary(result: RunResult, redact: Redact): string {
  return renderPage(result, redact, {
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
  const { mark = '', origin = [], limit, sizeOf } = place
  const render = (sections: readonly string[]) => {
    const digest = plan === undefined ? [] : [`Plan digest ${markdown.code(digestPlan(plan))}`]
    return `${joinSections([mark, ...renderHead(markdown, result), ...sections, [...digest, ...origin].join(' · ')])}\n`
  }
  const renderWhole = (definition: string) =>
    render([
      ...(plan === undefined ? [] : [renderRefusals(markdown, plan.refusals)]),
      renderChanges(markdown, result),
      renderPolicies(markdown, result),
      ...(plan === undefined ? [] : [renderWarnings(markdown, plan), renderDetails(markdown, plan)]),
      definition,
      renderFailures(markdown, result),
    ])
  const definition = renderDefinition(markdown, result)
  // The changes matter more than the definition, which is in the repository.
  for (const shown of definition === '' ? [''] : [definition, definitionLeftOut]) {
    const whole = renderWhole(shown)
    if (sizeOf(whole) <= limit) return whole
  }
  const notice = `This report is shortened to GitHub's limit. ${describeTotals(result)}${place.whole}`
  const lines = renderReasons(markdown, result)
  const room = limit - sizeOf(render([notice, hiddenLine(lines.length)]))
  return render([notice, takeThatFit(lines, room, sizeOf).join('\n')])
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
