/** The pull request comment. */
import { createHash } from 'node:crypto'
import type { Target } from '../table/target.ts'
import { markdownOf, type Redact } from './markdown.ts'
import { type Origin, renderPage } from './page.ts'
import type { RunResult } from './result.ts'

/** GitHub refuses a longer comment. In characters. */
export const longestComment = 65_536

/**
 * The mark by which a run finds the comment of its target. It is not shown. It is a hash, because untrusted text could end
 * the HTML comment that holds it.
 *
 * @param tableNamePrefix distinguishes two sets of tables in one environment
 * @param definitionFile does so too. Absent for the built-in tables
 */
export function markComment(
  { account, region, environment }: Target,
  tableNamePrefix: string,
  definitionFile?: string,
): string {
  const file = definitionFile === undefined ? [] : [definitionFile]
  const identity = JSON.stringify([account, region, environment.name.toLowerCase(), tableNamePrefix, ...file])
  return `<!-- tenant-tables ${createHash('sha256').update(identity).digest('hex').slice(0, 32)} -->`
}

export interface CommentRequest extends Origin {
  readonly result: RunResult
  readonly mark: string
  readonly redact: Redact
}

export function renderComment({ result, mark, redact, ...origin }: CommentRequest): string {
  const { link } = markdownOf(redact)
  const ofRun = origin.runUrl === undefined ? '' : ` of ${link('the run', origin.runUrl)}`
  return renderPage(result, redact, {
    mark,
    origin,
    whole: `The whole plan is in the job summary${ofRun}.`,
    limit: longestComment,
    sizeOf: ({ length }) => length,
  })
}
