/** The port to the GitHub runner: inputs, log, annotations, outputs, job summary. The only import of @actions/core. */
import { mkdtemp, readFile, realpath, stat, writeFile } from 'node:fs/promises'
import { isAbsolute, join, relative, resolve, sep } from 'node:path'
import { RemedyError } from '../errors/errors.ts'
import { errorCode, errorMessage } from '../errors/thrown.ts'
import type { Log } from '../run/run.ts'
import { decodeUtf8, nameEncoding } from '../text/encoding.ts'
import { visible } from '../text/readable.ts'
import { KnownSecrets, secretInOutputs } from './redaction.ts'
import type * as Toolkit from './toolkit.ts'

export interface Runner {
  readonly environment: Readonly<Record<string, string | undefined>>
  /** What is told before it is loaded is kept until then. */
  readonly load: () => Promise<void>
  /** Masks the value of an input that is a secret. */
  readonly input: (name: string) => string
  /**
   * Keeps a secret out of every log, ours and GitHub's.
   *
   * @param origin names the secret where its value must not be shown, such as `AWS_SECRET_ACCESS_KEY`
   */
  readonly mask: (secret: string, origin: string) => void
  readonly log: Log
  readonly notice: (title: string, message: string) => void
  readonly warning: (title: string, message: string) => void
  /** An error annotation; the step fails with exit code 1. */
  readonly fail: (title: string, message: string) => void
  /**
   * Outside GitHub, without a GITHUB_OUTPUT, it prints a line `name=value`.
   *
   * @throws {RemedyError} for a value that holds a secret: redacted, it would be a wrong value
   */
  readonly setOutput: (name: string, value: string) => void
  readonly writeSummary: (markdown: string) => Promise<void>
  /**
   * The text of a file in the workspace or in RUNNER_TEMP.
   *
   * @throws {RemedyError} for a file elsewhere, by a link too, for one that is not there, and for one over 1 MiB
   */
  readonly readFile: (path: string) => Promise<string>
  /**
   * Into a folder of its own in RUNNER_TEMP.
   *
   * @returns the path; undefined outside GitHub, where nobody would clean up
   * @throws {RemedyError} for content that holds a secret, and on GitHub where RUNNER_TEMP is not set
   */
  readonly writeTemporaryFile: (name: string, content: string) => Promise<string | undefined>
  /**
   * The payload of the event that started the workflow.
   *
   * @throws {RemedyError} where its file cannot be read
   */
  readonly readEvent: () => Promise<unknown>
  /** The text without the secrets that were masked so far. */
  readonly redact: (text: string) => string
  /** The origin of a masked secret that the text holds; undefined where it holds none. */
  readonly findSecret: (text: string) => string | undefined
  /** Fires on SIGINT and SIGTERM. */
  readonly interrupted: AbortSignal
}

/** The one input whose value is a secret. */
export const secretInput = 'github-token'

/** The runner that this process was started by. */
export function gitHubRunner(process: NodeJS.Process): Runner {
  const masked = new Set<string>()
  const secrets = new KnownSecrets()
  const interruption = new AbortController()
  // Not once: the second signal would end the process before it has told and put away anything.
  process.on('SIGINT', () => interruption.abort())
  process.on('SIGTERM', () => interruption.abort())
  // Who reads the log may be gone. What is written into files is still to be written, and what was begun to be ended.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined)
  const clean = (message: string) => harmless(secrets.redact(message))
  const assertHoldsNoSecret = (what: string, text: string) => {
    const origin = secrets.findOrigin(text)
    if (origin !== undefined) throw secretInOutputs([what], [origin])
  }
  // Loading the toolkit takes as long as a call to AWS, so it is left to when the run waits for one. What is told before is
  // told then, in its order: a secret is masked before anything that might hold it.
  let toolkit: typeof Toolkit | undefined
  let untold: ((core: typeof Toolkit) => void)[] = []
  const tell = (say: (core: typeof Toolkit) => void) => {
    if (toolkit === undefined) untold.push(say)
    else say(toolkit)
  }
  const known = new Set<string>()
  const remember = (secret: string, origin: string) => {
    if (secret === '' || known.has(secret)) return
    known.add(secret)
    secrets.add(secret, origin)
  }
  const mask = (secret: string, origin: string) => {
    if (secret === '' || masked.has(secret)) return
    masked.add(secret)
    remember(secret, origin)
    tell((core) => core.setSecret(secret))
  }
  const load = async () => {
    const core = await import(/* webpackMode: "eager" */ './toolkit.ts')
    // act, Gitea and Forgejo set it too.
    toolkit = process.env.GITHUB_ACTIONS === 'true' ? core : withoutCommands(core, process.env.GITHUB_OUTPUT)
    for (const say of untold) say(toolkit)
    untold = []
    return toolkit
  }

  return {
    environment: process.env,
    load: async () => void (await load()),
    input: (name) => {
      const value = process.env[`INPUT_${name.toUpperCase()}`]?.trim() ?? ''
      // No masking command: GitHub masks the job's token and the secrets of the repository by itself.
      if (name === secretInput) remember(value, name)
      return value
    },
    mask,
    log: {
      info: (line) => tell((core) => core.info(clean(line))),
      startGroup: (title) => tell((core) => core.startGroup(clean(title))),
      endGroup: () => tell((core) => core.endGroup()),
    },
    notice: (title, message) => tell((core) => core.notice(annotation(message, clean), { title })),
    warning: (title, message) => tell((core) => core.warning(annotation(message, clean), { title })),
    fail: (title, message) => {
      process.exitCode = 1
      tell((core) => core.error(annotation(message, clean), { title }))
    },
    setOutput: (name, value) => {
      assertHoldsNoSecret(`output ${name}`, value)
      tell((core) => core.setOutput(name, value))
    },
    writeSummary: async (markdown) => {
      // Outside GitHub there is no file to write to, and no one to read it.
      if (process.env.GITHUB_STEP_SUMMARY) await (await load()).summary.addRaw(secrets.redact(markdown)).write()
    },
    readFile: (path) => readFileWithin([process.env.GITHUB_WORKSPACE, process.env.RUNNER_TEMP], path),
    writeTemporaryFile: async (name, content) => {
      if (!process.env.RUNNER_TEMP) {
        if (process.env.GITHUB_ACTIONS !== 'true') return undefined
        throw new RemedyError('RUNNER_TEMP is not set.', 'Let RUNNER_TEMP name a folder that this step can write to.')
      }
      assertHoldsNoSecret(`file ${name}`, content)
      // Steps may run side by side, so no two share a folder.
      const path = join(await mkdtemp(join(process.env.RUNNER_TEMP, 'tenant-tables-')), name)
      await writeFile(path, content, { mode: 0o600 })
      return path
    },
    readEvent: async () => {
      const { GITHUB_EVENT_PATH: path = '' } = process.env
      try {
        return JSON.parse(decodeUtf8(await readFile(path)) ?? '')
      } catch (cause) {
        const remedy = 'Let GITHUB_EVENT_PATH name the file that the runner wrote for this job.'
        throw new RemedyError(`The event file "${path}" cannot be read.`, remedy, { cause })
      }
    },
    redact: (text) => secrets.redact(text),
    findSecret: (text) => secrets.findOrigin(text),
    interrupted: interruption.signal,
  }
}

/**
 * The toolkit for a terminal: plain lines instead of workflow commands, which only a runner obeys. `::add-mask::` would
 * print the secret that it is meant to hide. Files that GITHUB_OUTPUT and GITHUB_STEP_SUMMARY name are written all the same.
 */
function withoutCommands(core: typeof Toolkit, outputFile: string | undefined): typeof Toolkit {
  return {
    ...core,
    setSecret: () => undefined,
    startGroup: (title) => core.info(title),
    endGroup: () => undefined,
    notice: (message) => core.info(`Notice: ${message}`),
    warning: (message) => core.info(`Warning: ${message}`),
    error: (message) => core.info(`Error: ${message}`),
    setOutput: (name, value) => (outputFile ? core.setOutput(name, value) : core.info(harmless(`${name}=${value}`))),
  }
}

const largestFile = 1024 * 1024

/**
 * A relative path begins in the first of the folders that exist. Links are followed before it is asked where the file lies.
 */
async function readFileWithin(folders: readonly (string | undefined)[], path: string): Promise<string> {
  const remedy = 'Give the path of a file in the workspace or in RUNNER_TEMP that holds the output plan.'
  const resolved = await Promise.all(
    folders.map(async (folder) => (folder ? await realpath(folder).catch(() => undefined) : undefined)),
  )
  const roots = resolved.filter((root) => root !== undefined)
  try {
    const real = await realpath(resolve(roots[0] ?? '.', path))
    if (!roots.some((root) => isBelow(root, real))) {
      throw new RemedyError(`The file "${path}" lies outside of the workspace and of RUNNER_TEMP.`, remedy)
    }
    const found = await stat(real)
    // To read a pipe may take for ever.
    if (!found.isFile()) throw new RemedyError(`"${path}" is no file.`, remedy)
    const { size } = found
    if (size > largestFile) throw new RemedyError(`The file "${path}" has ${size} bytes, over ${largestFile}.`, remedy)
    const content = await readFile(real)
    const text = decodeUtf8(content)
    if (text === undefined) {
      throw new RemedyError(
        `The file "${path}" is ${nameEncoding(content)}, not UTF-8.`,
        'Save it as UTF-8. Windows PowerShell writes UTF-16 unless told otherwise: use Out-File -Encoding utf8.',
      )
    }
    return text
  } catch (error) {
    if (error instanceof RemedyError) throw error
    throw new RemedyError(`The file "${path}" cannot be read: ${errorCode(error) || errorMessage(error)}.`, remedy)
  }
}

function isBelow(folder: string, path: string): boolean {
  const way = relative(folder, path)
  return way !== '' && way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way)
}

/** GitHub cuts an annotation's message at this many characters. */
const longestAnnotation = 4096

/** An annotation may have several lines. Of one that is too long what happened is cut before what to do about it. */
function annotation(message: string, clean: (line: string) => string): string {
  const [first = '', ...more] = message.split('\n').map(clean)
  const rest = cut(more.map((line) => `\n${line}`).join(''), (longestAnnotation * 3) / 4)
  return cut(first, longestAnnotation - rest.length) + rest
}

function cut(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text
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

/** Lines under a title that folds in GitHub's log. */
export function logGroup(log: Log, title: string, lines: readonly string[]): void {
  log.startGroup(title)
  for (const line of lines) if (line !== '') log.info(line)
  log.endGroup()
}
