/** The pull request comment. */
import { createHash } from 'node:crypto'
import type { Target } from '../table/target.ts'
import type { Redact } from './markdown.ts'
import { renderPage } from './page.ts'
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

export interface CommentRequest {
  readonly result: RunResult
  readonly mark: string
  /** The commit that the run was for, as hexadecimal digits. Undefined if the event names none. */
  readonly commit?: string | undefined
  /** The address of the run that writes the comment. Undefined outside GitHub. Must not be able to end a Markdown link. */
  readonly runUrl?: string | undefined
  readonly redact: Redact
}

export function renderComment({ result, mark, commit, runUrl, redact }: CommentRequest): string {
  const run = runUrl === undefined ? [] : [`[the run](${runUrl})`]
  return renderPage(result, redact, {
    mark,
    origin: [...(commit === undefined ? [] : [`commit <code>${commit.slice(0, 7)}</code>`]), ...run],
    whole: `The whole plan is in the job summary${run.map((link) => ` of ${link}`).join('')}.`,
    limit: longestComment,
    sizeOf: ({ length }) => length,
  })
}
