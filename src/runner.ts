/** The port to the GitHub runner: inputs, log, annotations, outputs, job summary. The only import of @actions/core. */
import * as core from '@actions/core'
import { visible } from './report.ts'
import type { Log } from './run.ts'

export interface Runner {
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly input: (name: string) => string
  /** Keeps a secret out of every log, ours and GitHub's. */
  readonly mask: (secret: string) => void
  readonly log: Log
  readonly notice: (title: string, message: string) => void
  readonly warning: (title: string, message: string) => void
  /** An error annotation; the step fails with exit code 1. */
  readonly fail: (title: string, message: string) => void
  readonly setOutput: (name: string, value: string) => void
  readonly writeSummary: (markdown: string) => Promise<void>
  /** The text without the secrets that were masked so far. */
  readonly redact: (text: string) => string
  /** Fires on SIGINT and SIGTERM. */
  readonly interrupted: AbortSignal
}

/** The runner that this process was started by. */
export function gitHubRunner(process: NodeJS.Process): Runner {
  const secrets = new Set<string>()
  const interruption = new AbortController()
  process.once('SIGINT', () => interruption.abort())
  process.once('SIGTERM', () => interruption.abort())
  const clean = (message: string) => harmless(redact(message, secrets))

  return {
    environment: process.env,
    input: core.getInput,
    mask: (secret) => {
      if (secret === '' || secrets.has(secret)) return
      secrets.add(secret)
      core.setSecret(secret)
    },
    log: {
      info: (line) => core.info(clean(line)),
      startGroup: (title) => core.startGroup(clean(title)),
      endGroup: core.endGroup,
    },
    notice: (title, message) => core.notice(annotation(message, clean), { title }),
    warning: (title, message) => core.warning(annotation(message, clean), { title }),
    fail: (title, message) => {
      process.exitCode = 1
      core.error(annotation(message, clean), { title })
    },
    setOutput: core.setOutput,
    writeSummary: async (markdown) => {
      // Outside GitHub there is no file to write to, and no one to read it.
      if (process.env.GITHUB_STEP_SUMMARY) await core.summary.addRaw(redact(markdown, secrets)).write()
    },
    redact: (text) => redact(text, secrets),
    interrupted: interruption.signal,
  }
}

/** GitHub cuts an annotation's message at this many characters. */
const longestAnnotation = 4096

/** An annotation may have several lines. */
function annotation(message: string, clean: (line: string) => string): string {
  const lines = message.split('\n').map(clean).join('\n')
  return lines.length > longestAnnotation ? `${lines.slice(0, longestAnnotation - 1)}…` : lines
}

/**
 * Makes a line of the log start nothing: the runner obeys `::name::` at the start of a line and `##[name]` anywhere in
 * it. Line breaks and other characters that do not show are written out.
 *
 * @see https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs
 */
export function harmless(line: string): string {
  return visible(line)
    .replaceAll('##[', '# #[')
    .replace(/^(\s*):(?=:)/, '$1: ')
}

/** The runner masks its log, but not what an action writes into files. Short values would hide more than they protect. */
function redact(message: string, secrets: ReadonlySet<string>): string {
  let redacted = message
  for (const secret of secrets) if (secret.length >= 8) redacted = redacted.replaceAll(secret, '***')
  return redacted
}

/** Lines under a title that folds in GitHub's log. */
export function logGroup(log: Log, title: string, lines: readonly string[]): void {
  log.startGroup(title)
  for (const line of lines) log.info(line)
  log.endGroup()
}
