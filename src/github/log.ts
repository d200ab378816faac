/** Untrusted text made safe for the runner's log: lines, groups and annotations. */
import type { Log, Tone } from '../run/run.ts'
import { isGitHubJob, type Variables } from '../run/variables.ts'
import { visible } from '../text/readable.ts'

/**
 * Keeps a line from starting a workflow command: the runner obeys `::name::` at the start of a line and `##[name]` anywhere
 * in it. Line breaks and other characters that do not show are written out.
 *
 * @see https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs
 */
export function escapeLine(line: string): string {
  return visible(line)
    .replaceAll('##[', '# #[')
    .replace(/^(\s*):(?=:)/, '$1: ')
}

const colours: Readonly<Record<Tone, number>> = { success: 32, attention: 33, failure: 31 }

/** Colours a line by an ANSI sequence, which GitHub's log shows. The line must be escaped before: escaping removes the colour. */
export function paint(line: string, tone: Tone | undefined): string {
  return tone === undefined ? line : `\u001b[${colours[tone]}m${line}\u001b[0m`
}

/**
 * Returns true if the log shows colours: on GitHub and in a terminal, unless a variable says otherwise.
 *
 * @see https://no-color.org and https://force-color.org
 */
export function hasColours(variables: Variables, isTerminal: boolean): boolean {
  const { NO_COLOR, FORCE_COLOR } = variables
  if (NO_COLOR) return false
  return FORCE_COLOR ? FORCE_COLOR !== '0' : isTerminal || isGitHubJob(variables)
}

/** Writes lines under a title that folds in GitHub's log. Empty lines are left out. */
export function logGroup(log: Log, title: string, lines: readonly string[]): void {
  log.startGroup(title)
  for (const line of lines) if (line !== '') log.info(line)
  log.endGroup()
}

/** GitHub cuts the message of an annotation at this many characters. */
const longestAnnotation = 4096

/** Cuts a message to the limit. The first line says what happened: it is cut before the lines that say what to do. */
export function cutAnnotation([first = '', ...more]: readonly string[]): string {
  const rest = cut(more.map((line) => `\n${line}`).join(''), (longestAnnotation * 3) / 4)
  return cut(first, longestAnnotation - rest.length) + rest
}

function cut(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text
}
