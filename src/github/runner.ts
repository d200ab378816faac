/** The port to the GitHub runner: inputs, log, annotations, outputs, job summary. */
import type { Log, Tone } from '../run/run.ts'
import { isGitHubJob, type Variables } from '../run/variables.ts'
import { shorten } from '../text/readable.ts'
import { readDefinitionFile, readEventFile, readGivenFile, writeTemporaryFile } from './files.ts'
import { cutAnnotation, escapeLine, hasColours, paint } from './log.ts'
import { KnownSecrets, secretInOutputs } from './redaction.ts'
import type * as Toolkit from './toolkit.ts'

export interface Runner {
  /** The environment variables of the process. */
  readonly variables: Variables
  /** Loads the toolkit. Everything that is written before that is kept until then. */
  readonly load: () => Promise<void>
  /** The value of an input; empty if it is not given. The value of `secretInput` is redacted from then on. */
  readonly input: (name: string) => string
  /** Keeps a secret out of every log, ours and GitHub's. Messages name its origin, such as `AWS_SECRET_ACCESS_KEY`. */
  readonly mask: (secret: string, origin: string) => void
  readonly log: Log
  readonly notice: (title: string, message: string) => void
  readonly warning: (title: string, message: string) => void
  /** Writes an error annotation; the step fails with exit code 1. */
  readonly fail: (title: string, message: string) => void
  /** Sets an output. Throws a RemedyError for a value that holds a secret: redacted, it would be a wrong value. */
  readonly setOutput: (name: string, value: string) => void
  readonly writeSummary: (markdown: string) => Promise<void>
  /** Reads a file; see `readGivenFile`. */
  readonly readFile: (path: string) => Promise<string>
  /** Reads a definition file; see `readDefinitionFile`. */
  readonly readDefinitionFile: (path: string) => Promise<string>
  /** Writes a file; see `writeTemporaryFile`. Throws a RemedyError for content that holds a secret, too. */
  readonly writeTemporaryFile: (name: string, content: string) => Promise<string | undefined>
  /** Reads the event; see `readEventFile`. */
  readonly readEvent: () => Promise<unknown>
  /** The text without the secrets that are known so far. */
  readonly redact: (text: string) => string
  /** The origin of a known secret that the text holds; undefined if it holds none. */
  readonly findSecret: (text: string) => string | undefined
  /** Fires on SIGINT and SIGTERM. */
  readonly interrupted: AbortSignal
}

/** The input whose value is redacted from all texts. */
export const secretInput = 'github-token'

/** The runner that started this process. */
export function gitHubRunner(process: NodeJS.Process): Runner {
  const { env, stdout } = process
  const isColoured = hasColours(env, stdout.isTTY)
  // act, Gitea and Forgejo set GITHUB_ACTIONS too.
  return createRunner(process, env, isColoured, (core) =>
    isGitHubJob(env) ? core : withoutCommands(core, isColoured, env.GITHUB_OUTPUT),
  )
}

/**
 * A terminal or a script that started this process with arguments.
 *
 * @param variables those of the process, with an INPUT_ variable for each flag
 */
export function commandRunner(process: NodeJS.Process, variables: Variables): Runner {
  const isColoured = hasColours(variables, process.stderr.isTTY)
  return createRunner(process, variables, isColoured, (core) =>
    withTwoStreams(core, isColoured, variables.GITHUB_OUTPUT, process),
  )
}

/** @param adapt makes the toolkit of this runner from that of GitHub */
function createRunner(
  process: NodeJS.Process,
  variables: Variables,
  isColoured: boolean,
  adapt: (core: typeof Toolkit) => typeof Toolkit,
): Runner {
  const secrets = new KnownSecrets()
  const masked = new Set<string>()
  const toolkit = lateToolkit(adapt)
  const clean = (line: string) => escapeLine(secrets.redact(line))
  const annotate = (level: 'notice' | 'warning' | 'error') => (title: string, message: string) => {
    const cleaned = cutAnnotation(message.split('\n').map(clean))
    toolkit.use((core) => core[level](cleaned, { title }))
  }
  const assertHoldsNoSecret = (what: string, text: string) => {
    const origin = secrets.findOrigin(text)
    if (origin !== undefined) throw secretInOutputs([{ output: what, origin }])
  }
  // The definition file is read before a session masks these.
  for (const name of ['AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN', 'ACTIONS_ID_TOKEN_REQUEST_TOKEN']) {
    secrets.add(variables[name] ?? '', name)
  }
  // The reader of the log may be gone. The run continues: it writes files, and must complete what it began.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined)
  return {
    variables,
    load: async () => void (await toolkit.load()),
    input: (name) => {
      const value = variables[`INPUT_${name.toUpperCase()}`]?.trim() ?? ''
      // The value is redacted from here on. No masking command is sent, because GitHub itself masks the token of the
      // job and the secrets of the repository.
      if (name === secretInput) secrets.add(value, name)
      return value
    },
    mask: (secret, origin) => {
      if (secret === '' || masked.has(secret)) return
      masked.add(secret)
      secrets.add(secret, origin)
      toolkit.use((core) => core.setSecret(secret))
    },
    log: {
      info: (line, tone) => toolkit.use((core) => core.info(paint(clean(line), isColoured ? tone : undefined))),
      startGroup: (title) => toolkit.use((core) => core.startGroup(clean(title))),
      endGroup: () => toolkit.use((core) => core.endGroup()),
    },
    notice: annotate('notice'),
    warning: annotate('warning'),
    fail: (title, message) => {
      process.exitCode = 1
      annotate('error')(title, message)
    },
    setOutput: (name, value) => {
      assertHoldsNoSecret(`output ${name}`, value)
      toolkit.use((core) => core.setOutput(name, value))
    },
    writeSummary: async (markdown) => {
      // There is no summary outside GitHub.
      if (variables.GITHUB_STEP_SUMMARY) await (await toolkit.load()).summary.addRaw(secrets.redact(markdown)).write()
    },
    readFile: (path) => readGivenFile(variables, path),
    readDefinitionFile: (path) => readDefinitionFile(variables, path),
    writeTemporaryFile: async (name, content) => {
      assertHoldsNoSecret(`file ${name}`, content)
      return await writeTemporaryFile(variables, name, content)
    },
    readEvent: () => readEventFile(variables),
    redact: (text) => secrets.redact(text),
    findSecret: (text) => secrets.findOrigin(text),
    interrupted: interruptionOf(process),
  }
}

/** Listens for every signal: without a listener, the second one would end the process before it has written its result. */
function interruptionOf(process: NodeJS.Process): AbortSignal {
  const interruption = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => interruption.abort())
  return interruption.signal
}

/**
 * Loads @actions/core, which takes about 1 ms, while the run waits for its first response. Calls before that are kept, and
 * made in the same order then. Log lines are redacted only then: a secret that was masked in between is hidden in them too.
 */
function lateToolkit(adapt: (core: typeof Toolkit) => typeof Toolkit) {
  let toolkit: typeof Toolkit | undefined
  let waiting: ((core: typeof Toolkit) => void)[] = []
  return {
    load: async () => {
      toolkit = adapt(await import(/* webpackMode: "eager" */ './toolkit.ts'))
      for (const call of waiting) call(toolkit)
      waiting = []
      return toolkit
    },
    use: (call: (core: typeof Toolkit) => void) => {
      if (toolkit === undefined) waiting.push(call)
      else call(toolkit)
    },
  }
}

/**
 * The toolkit for a terminal: plain lines instead of workflow commands, which only a runner obeys. `::add-mask::` would
 * print the secret that it should hide. The files that GITHUB_OUTPUT and GITHUB_STEP_SUMMARY name are written as on GitHub.
 */
function withoutCommands(core: typeof Toolkit, isColoured: boolean, outputFile: string | undefined): typeof Toolkit {
  const colour = (line: string, tone: Tone) => core.info(paint(line, isColoured ? tone : undefined))
  return {
    ...core,
    setSecret: () => undefined,
    startGroup: (title) => core.info(title),
    endGroup: () => undefined,
    notice: (message) => core.info(`Notice: ${message}`),
    warning: (message) => colour(`Warning: ${message}`, 'attention'),
    error: (message) => colour(`Error: ${message}`, 'failure'),
    setOutput: (name, value) => (outputFile ? core.setOutput(name, value) : core.info(escapeLine(`${name}=${value}`))),
  }
}

/** In characters; ARNs and digests are shorter. */
const longestShown = 120

/**
 * The toolkit for a command: the log goes to stderr, and the outputs to stdout, so that a script can read them. A step of
 * a workflow that runs the command gets the outputs too.
 */
function withTwoStreams(
  core: typeof Toolkit,
  isColoured: boolean,
  outputFile: string | undefined,
  { stdout, stderr }: NodeJS.Process,
): typeof Toolkit {
  const log = (line: string) => void stderr.write(`${line}\n`)
  return {
    ...withoutCommands({ ...core, info: log }, isColoured, undefined),
    setOutput: (name, value) => {
      // A person reads no plan of thousands of characters. A script gets all of it.
      core.info(escapeLine(`${name}=${stdout.isTTY ? shorten(value, longestShown) : value}`))
      if (outputFile) core.setOutput(name, value)
    },
  }
}
