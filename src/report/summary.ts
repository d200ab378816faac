/** The job summary. */
import type { Redact } from './markdown.ts'
import { renderPage } from './page.ts'
import type { RunResult } from './result.ts'

/** GitHub shows nothing of a longer summary. In bytes. */
const longestSummary = 1024 * 1024

/** @param redact removes secrets from untrusted text */
export function renderSummary(result: RunResult, redact: Redact): string {
  return renderPage(result, redact, {
    whole: 'The whole plan is in the log.',
    limit: longestSummary,
    sizeOf: (text) => Buffer.byteLength(text),
  })
}
