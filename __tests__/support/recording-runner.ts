/** A runner that records outputs and messages, for tests that run `main` in their own process. */
import { KnownSecrets } from '../../src/github/redaction.ts'
import { type Runner, secretInput } from '../../src/github/runner.ts'

export interface RecordedRun {
  exitCode: 0 | 1
  readonly outputs: Record<string, string>
  readonly lines: string[]
  readonly notices: string[]
  readonly warnings: string[]
  readonly errors: string[]
  readonly masked: string[]
  summary: string
  /** The content of readable and written files by path. */
  readonly files: Record<string, string>
  /** The payload of the event. */
  event: unknown
}

export interface RecordingRunner extends Runner {
  readonly recorded: RecordedRun
  /** Cancels the run, as SIGINT does. */
  readonly interrupt: () => void
}

export function recordingRunner(
  inputs: Readonly<Record<string, string>>,
  variables: Readonly<Record<string, string | undefined>> = {},
): RecordingRunner {
  const recorded: RecordedRun = {
    exitCode: 0,
    outputs: {},
    lines: [],
    notices: [],
    warnings: [],
    errors: [],
    masked: [],
    summary: '',
    files: {},
    event: undefined,
  }
  const secrets = new KnownSecrets()
  const mask = (secret: string, origin: string) => {
    if (secret === '') return
    recorded.masked.push(secret)
    secrets.add(secret, origin)
  }
  const interruption = new AbortController()
  return {
    recorded,
    interrupt: () => interruption.abort(),
    variables,
    load: async () => undefined,
    input: (name) => {
      const value = inputs[name] ?? ''
      if (name === secretInput && value !== '') secrets.add(value, name)
      return value
    },
    mask,
    log: {
      info: (line) => void recorded.lines.push(line),
      startGroup: (title) => void recorded.lines.push(`> ${title}`),
      endGroup: () => undefined,
    },
    notice: (_, message) => void recorded.notices.push(message),
    warning: (_, message) => void recorded.warnings.push(message),
    fail: (_, message) => {
      recorded.exitCode = 1
      recorded.errors.push(message)
    },
    setOutput: (name, value) => {
      recorded.outputs[name] = value
    },
    writeSummary: async (markdown) => {
      recorded.summary += markdown
    },
    readFile: async (path) => {
      const content = recorded.files[path]
      if (content === undefined) throw new Error(`There is no file ${path}`)
      return content
    },
    readDefinitionFile: async (path) => {
      const content = recorded.files[path]
      if (content === undefined) throw new Error(`There is no file ${path}`)
      return content
    },
    writeTemporaryFile: async (name, content) => {
      recorded.files[`/runner/${name}`] = content
      return `/runner/${name}`
    },
    readEvent: async () => recorded.event,
    redact: (text) => secrets.redact(text),
    findSecret: (text) => secrets.findOrigin(text),
    interrupted: interruption.signal,
  }
}
