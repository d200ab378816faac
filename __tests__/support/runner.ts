import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, readlink, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'

export interface RunnerOptions {
  /** By the names of action.yml, such as `role-to-assume`. Undeclared names are passed on too. */
  readonly inputs: Readonly<Record<string, string>>
  /** Replaces variables that the runner sets. Of process.env only PATH is passed on. */
  readonly environment?: Readonly<Record<string, string>>
  /** The payload of the event; an empty object unless given. */
  readonly event?: object
  /** The content of files in the workspace, by name. */
  readonly workspaceFiles?: Readonly<Record<string, string>>
  /** The script to run; `dist/index.js` of the repository unless given. */
  readonly entry?: string
  /** The declaration of inputs and defaults; `action.yml` of the repository unless given. May be missing. */
  readonly actionFile?: string
  /** Path of the node binary; the one that runs the tests unless given. */
  readonly node?: string
  /** Gets all of stdout whenever it grows. SIGINT is sent when this first returns true. */
  readonly interruptWhen?: (output: string) => boolean
  /** The same for SIGKILL. */
  readonly killWhen?: (output: string) => boolean
  /** Gets the process as soon as it has started. */
  readonly onStart?: (started: StartedRun) => void
  /** Closes the pipe of the log at once, so that writing to it fails. */
  readonly isUnread?: boolean
  /** Kills the run after this time and rejects. Default: 60,000. */
  readonly timeoutMilliseconds?: number
}

/** A run in progress. */
export interface StartedRun {
  readonly kill: (signal: 'SIGINT' | 'SIGKILL') => void
  /** Resolves when the process has ended. */
  readonly exited: Promise<void>
}

/** A command that the runner would obey. */
export interface WorkflowCommand {
  /** In lower case: the runner ignores case. */
  readonly command: string
  readonly properties: Readonly<Record<string, string>>
  readonly message: string
}

export interface RunnerResult {
  /** Null when a signal ended the process. */
  readonly exitCode: number | null
  /** Such as `SIGINT`; null when the process ended by itself. */
  readonly signal: string | null
  readonly stdout: string
  readonly stderr: string
  readonly outputs: Readonly<Record<string, string>>
  /** The final contents of GITHUB_STEP_SUMMARY, GITHUB_STATE, GITHUB_ENV and GITHUB_PATH. */
  readonly summary: string
  readonly state: string
  readonly environmentFile: string
  readonly pathFile: string
  /** The time from start to exit. */
  readonly milliseconds: number
  /** The time from SIGINT to exit; absent when no SIGINT was sent. */
  readonly millisecondsAfterInterrupt?: number
  /** The commands in stdout, then in stderr: the runner obeys both. */
  readonly commands: readonly WorkflowCommand[]
  /** stdout, stderr, and the name and content of every file below the temporary folder: for secret scans. */
  readonly written: string
}

/** The root of the repository. Compiled to lib, this file is one folder deeper. */
export const repository =
  ['../../', '../../../']
    .map((up) => fileURLToPath(new URL(up, import.meta.url)))
    .find((folder) => existsSync(join(folder, 'action.yml'))) ?? '.'

/** The value of `${{ github.token }}`. A server that does not know it rejects it. */
export const defaultToken = 'ghs_aTokenThatOpensNothing'

/**
 * Runs an action as the GitHub runner does: a clean environment, inputs with the defaults of action.yml,
 * files for outputs and summary, the workspace as working directory. Everything is in a temporary
 * folder (HOME and TMPDIR too) that is deleted afterwards.
 *
 * The run cannot reach GitHub by accident: GITHUB_API_URL is a closed port of this machine unless
 * `environment` says otherwise.
 *
 * @throws {Error} when the entry is missing, when action.yml holds an expression other than `github.*`,
 *   when the run takes too long (the message holds its output), when a predicate throws, or when the
 *   runner could not read the output file, which would fail the step.
 */
export async function runAction(options: RunnerOptions): Promise<RunnerResult> {
  const entry = options.entry ?? join(repository, 'dist', 'index.js')
  if (!existsSync(entry)) throw new Error(`There is no ${entry} to run. To fix: npm run build.`)

  const { folder, files, environment } = await prepareStep(options)
  try {
    await writeFile(files.event, JSON.stringify(options.event ?? {}))
    for (const [name, text] of Object.entries(options.workspaceFiles ?? {})) {
      await mkdir(dirname(join(files.workspace, name)), { recursive: true })
      await writeFile(join(files.workspace, name), text)
    }
    const ended = await runProcess(options, entry, environment, files.workspace)
    return {
      ...ended,
      outputs: parseOutputs(await readFile(files.output, 'utf8')),
      summary: await readFile(files.summary, 'utf8'),
      state: await readFile(files.state, 'utf8'),
      environmentFile: await readFile(files.environment, 'utf8'),
      pathFile: await readFile(files.path, 'utf8'),
      commands: [...parseCommands(ended.stdout), ...parseCommands(ended.stderr)],
      written: [ended.stdout, ended.stderr, ...(await readTree(folder, folder, files.event))].join('\n'),
    }
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 })
  }
}

export interface PreparedStep {
  /** Holds all files of the step. The caller removes it. */
  readonly folder: string
  readonly files: RunnerFiles
  /** The whole environment of the process. */
  readonly environment: Readonly<Record<string, string>>
}

/**
 * Creates what the runner creates before it starts an action: files, folders, and the environment with every declared input.
 *
 * @throws {Error} when action.yml holds an expression other than `github.*`
 */
export async function prepareStep(
  options: Pick<RunnerOptions, 'inputs' | 'environment' | 'actionFile'>,
  parentFolder = tmpdir(),
): Promise<PreparedStep> {
  const folder = await realpath(await mkdtemp(join(parentFolder, 'runner-')))
  try {
    const files = await makeFiles(folder)
    const github = runnerEnvironment(folder, files)
    const inputs = { ...(await readDefaults(options.actionFile ?? join(repository, 'action.yml'), github)) }
    for (const [name, value] of Object.entries(options.inputs)) inputs[inputVariable(name)] = value
    return { folder, files, environment: { ...github, ...inputs, ...options.environment } }
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  }
}

/**
 * Reads the text of GITHUB_OUTPUT: `name=value` lines, and `name<<delimiter` up to the delimiter alone on a line.
 *
 * @throws {Error} where the runner would fail the step: no `=` or `<<`, an empty name, or no closing delimiter.
 * @see https://github.com/actions/runner/blob/main/src/Runner.Worker/FileCommandManager.cs
 */
export function parseOutputs(text: string): Record<string, string> {
  const outputs: [string, string][] = []
  // Only a line feed ends a line here, unlike in the log.
  const lines = text.split('\n')
  for (let index = 0; index < lines.length; index += 1) {
    const line = lines[index] ?? ''
    if (line === '') continue
    const equals = line.indexOf('=')
    const heredoc = line.indexOf('<<')
    if (equals >= 0 && (heredoc < 0 || equals < heredoc)) {
      if (equals === 0) throw new Error(`The runner cannot read the output line "${line}": it has no name`)
      outputs.push([line.slice(0, equals), line.slice(equals + 1)])
    } else {
      const name = line.slice(0, Math.max(heredoc, 0))
      const delimiter = line.slice(heredoc + 2)
      if (name === '' || delimiter === '') throw new Error(`The runner cannot read the output line "${line}"`)
      const end = lines.indexOf(delimiter, index + 1)
      if (end < 0) throw new Error(`The output "${name}" has no closing delimiter "${delimiter}"`)
      outputs.push([name, lines.slice(index + 1, end).join('\n')])
      index = end
    }
  }
  return Object.fromEntries(outputs)
}

// The commands that the runner knows. Any other name is plain text.
const registeredCommands: ReadonlySet<string> = new Set([
  'add-mask',
  'add-matcher',
  'add-path',
  'debug',
  'echo',
  'endgroup',
  'error',
  'group',
  'notice',
  'remove-matcher',
  'save-state',
  'set-env',
  'set-output',
  'stop-commands',
  'warning',
])

const dataEscapes: readonly Escape[] = [
  ['%0D', '\r'],
  ['%0A', '\n'],
  ['%25', '%'],
]
const propertyEscapes: readonly Escape[] = [
  ['%0D', '\r'],
  ['%0A', '\n'],
  ['%3A', ':'],
  ['%2C', ','],
  ['%25', '%'],
]
const olderEscapes: readonly Escape[] = [
  ['%3B', ';'],
  ['%0D', '\r'],
  ['%0A', '\n'],
  ['%5D', ']'],
  ['%25', '%'],
]
type Escape = readonly [escaped: string, plain: string]

/**
 * Finds the commands that the runner would obey: `::name key=value,...::message` at the start of a line
 * (after white space), else the first `##[name key=value;...]message` anywhere in it. Between
 * `::stop-commands::word` and `::word::` nothing is obeyed; those two are listed.
 *
 * @see https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs
 */
export function parseCommands(text: string): WorkflowCommand[] {
  const commands: WorkflowCommand[] = []
  let resumeWord: string | undefined
  // .NET reads lines: a carriage return alone ends one too.
  for (const line of text.split(/\r\n|\r|\n/)) {
    const isCommand = (name: string) => registeredCommands.has(name) || name === resumeWord
    const found = parseCommand(line, isCommand) ?? parseOlderCommand(line, isCommand)
    if (found === undefined) continue
    if (resumeWord !== undefined) {
      if (found.command !== resumeWord) continue
      resumeWord = undefined
    } else if (found.command === 'stop-commands') {
      resumeWord = found.message.toLowerCase()
    }
    commands.push(found)
  }
  return commands
}

function parseCommand(line: string, isCommand: (name: string) => boolean): WorkflowCommand | undefined {
  const trimmed = line.trimStart()
  if (!trimmed.startsWith('::')) return undefined
  const end = trimmed.indexOf('::', 2)
  if (end < 0) return undefined
  const { name, properties } = parseHead(trimmed.slice(2, end), ',', propertyEscapes)
  if (!isCommand(name)) return undefined
  return { command: name, properties, message: unescapeText(trimmed.slice(end + 2), dataEscapes) }
}

function parseOlderCommand(line: string, isCommand: (name: string) => boolean): WorkflowCommand | undefined {
  const start = line.indexOf('##[')
  const end = start < 0 ? -1 : line.indexOf(']', start)
  if (end < 0) return undefined
  const { name, properties } = parseHead(line.slice(start + 3, end), ';', olderEscapes)
  if (!isCommand(name)) return undefined
  return { command: name, properties, message: unescapeText(line.slice(end + 1), olderEscapes) }
}

function parseHead(head: string, separator: string, escapes: readonly Escape[]) {
  const space = head.indexOf(' ')
  const name = (space < 0 ? head : head.slice(0, space)).toLowerCase()
  const properties: [string, string][] = []
  for (const pair of space < 0
    ? []
    : head
        .slice(space + 1)
        .trim()
        .split(separator)) {
    const equals = pair.indexOf('=')
    // The runner drops a property without a name or without a value.
    if (equals <= 0 || equals === pair.length - 1) continue
    properties.push([pair.slice(0, equals), unescapeText(pair.slice(equals + 1), escapes)])
  }
  return { name, properties: Object.fromEntries(properties) }
}

function unescapeText(text: string, escapes: readonly Escape[]): string {
  return escapes.reduce((unescaped, [escaped, plain]) => unescaped.replaceAll(escaped, plain), text)
}

interface RunnerFiles {
  readonly output: string
  readonly summary: string
  readonly state: string
  readonly environment: string
  readonly path: string
  readonly event: string
  readonly workspace: string
}

/** Creates the empty files and folders that the runner creates before a step. */
async function makeFiles(folder: string): Promise<RunnerFiles> {
  for (const name of ['commands', 'home', 'temporary', 'tools', 'workspace']) await mkdir(join(folder, name))
  const files: RunnerFiles = {
    output: join(folder, 'commands', 'set_output'),
    summary: join(folder, 'commands', 'step_summary'),
    state: join(folder, 'commands', 'save_state'),
    environment: join(folder, 'commands', 'set_env'),
    path: join(folder, 'commands', 'add_path'),
    event: join(folder, 'event.json'),
    workspace: join(folder, 'workspace'),
  }
  for (const file of [files.output, files.summary, files.state, files.environment, files.path]) {
    await writeFile(file, '')
  }
  return files
}

function runnerEnvironment(folder: string, files: RunnerFiles): Record<string, string> {
  return {
    PATH: process.env.PATH ?? '',
    HOME: join(folder, 'home'),
    TMPDIR: join(folder, 'temporary'),
    AWS_EC2_METADATA_DISABLED: 'true',
    CI: 'true',
    GITHUB_ACTION: '__acme_tenant-tables',
    GITHUB_ACTIONS: 'true',
    GITHUB_ACTION_REF: 'v1',
    GITHUB_ACTION_REPOSITORY: 'acme/tenant-tables',
    GITHUB_ACTOR: 'octocat',
    GITHUB_ACTOR_ID: '583231',
    GITHUB_API_URL: 'http://127.0.0.1:9',
    GITHUB_BASE_REF: '',
    GITHUB_ENV: files.environment,
    GITHUB_EVENT_NAME: 'push',
    GITHUB_EVENT_PATH: files.event,
    GITHUB_GRAPHQL_URL: 'http://127.0.0.1:9/graphql',
    GITHUB_HEAD_REF: '',
    GITHUB_JOB: 'tables',
    GITHUB_OUTPUT: files.output,
    GITHUB_PATH: files.path,
    GITHUB_REF: 'refs/heads/main',
    GITHUB_REF_NAME: 'main',
    GITHUB_REF_PROTECTED: 'true',
    GITHUB_REF_TYPE: 'branch',
    GITHUB_REPOSITORY: 'acme/app',
    GITHUB_REPOSITORY_ID: '2',
    GITHUB_REPOSITORY_OWNER: 'acme',
    GITHUB_REPOSITORY_OWNER_ID: '1',
    GITHUB_RETENTION_DAYS: '90',
    GITHUB_RUN_ATTEMPT: '1',
    GITHUB_RUN_ID: '1234567890',
    GITHUB_RUN_NUMBER: '42',
    GITHUB_SERVER_URL: 'https://github.com',
    GITHUB_SHA: '0123456789abcdef0123456789abcdef01234567',
    GITHUB_STATE: files.state,
    GITHUB_STEP_SUMMARY: files.summary,
    GITHUB_TRIGGERING_ACTOR: 'octocat',
    GITHUB_WORKFLOW: 'deploy',
    GITHUB_WORKFLOW_REF: 'acme/app/.github/workflows/deploy.yml@refs/heads/main',
    GITHUB_WORKFLOW_SHA: '0123456789abcdef0123456789abcdef01234567',
    GITHUB_WORKSPACE: files.workspace,
    RUNNER_ARCH: 'X64',
    RUNNER_ENVIRONMENT: 'github-hosted',
    RUNNER_NAME: 'GitHub Actions 7',
    RUNNER_OS: 'Linux',
    RUNNER_TEMP: join(folder, 'temporary'),
    RUNNER_TOOL_CACHE: join(folder, 'tools'),
  }
}

// Hyphens stay, so most inputs cannot be read by a shell; @actions/core reads them.
function inputVariable(name: string): string {
  return `INPUT_${name.replaceAll(' ', '_').toUpperCase()}`
}

/** Sets every declared input to its default, or to the empty string. */
async function readDefaults(
  file: string,
  github: Readonly<Record<string, string>>,
): Promise<Readonly<Record<string, string>>> {
  if (!existsSync(file)) return {}
  // The failsafe schema keeps scalars as text: `300` and `true` are strings, as for the runner.
  const action: { inputs?: Record<string, { default?: string | null } | null> | null } | null = parse(
    await readFile(file, 'utf8'),
    { schema: 'failsafe' },
  )
  const defaults: Record<string, string> = {}
  for (const [name, input] of Object.entries(action?.inputs ?? {})) {
    defaults[inputVariable(name)] = (input?.default ?? '').replace(/\$\{\{(.*?)\}\}/g, (text, expression: string) => {
      const property = /^\s*github\.(\w+)\s*$/.exec(expression)?.[1]
      const value = property === 'token' ? defaultToken : github[`GITHUB_${property?.toUpperCase()}`]
      if (value === undefined) throw new Error(`The default of input "${name}" holds ${text}, which is not known here`)
      return value
    })
  }
  return defaults
}

type ProcessEnd = Pick<
  RunnerResult,
  'exitCode' | 'signal' | 'stdout' | 'stderr' | 'milliseconds' | 'millisecondsAfterInterrupt'
>

function runProcess(
  options: RunnerOptions,
  entry: string,
  environment: Readonly<Record<string, string>>,
  workspace: string,
): Promise<ProcessEnd> {
  const timeoutMilliseconds = options.timeoutMilliseconds ?? 60_000
  return new Promise((resolve, reject) => {
    const started = performance.now()
    const child = spawn(options.node ?? process.execPath, [entry], {
      cwd: workspace,
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let stdout = ''
    let stderr = ''
    let exited = started
    let interrupted: number | undefined
    let killed = false

    const kill = (signal: 'SIGINT' | 'SIGKILL') => {
      if (signal === 'SIGINT') interrupted ??= performance.now()
      child.kill(signal)
    }
    const giveUp = (error: unknown) => {
      clearTimeout(timer)
      child.kill('SIGKILL')
      // A grandchild may keep the pipes open, which must not keep the tests running.
      child.stdout.destroy()
      child.stderr.destroy()
      reject(error)
    }
    const timer = setTimeout(() => {
      const seconds = timeoutMilliseconds / 1000
      giveUp(new Error(`The run took more than ${seconds} s.\nstdout:\n${stdout}\nstderr:\n${stderr}`))
    }, timeoutMilliseconds)

    if (options.isUnread) for (const stream of [child.stdout, child.stderr]) stream.destroy()
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
      try {
        if (interrupted === undefined && options.interruptWhen?.(stdout)) kill('SIGINT')
        if (!killed && options.killWhen?.(stdout)) {
          killed = true
          kill('SIGKILL')
        }
      } catch (error) {
        giveUp(error)
      }
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    child.on('error', giveUp)
    const gone = new Promise<void>((resolve) => {
      child.on('exit', () => {
        exited = performance.now()
        resolve()
      })
    })
    options.onStart?.({ kill, exited: gone })
    // Not at exit: the pipes may still hold output then.
    child.on('close', (exitCode, signal) => {
      clearTimeout(timer)
      resolve({
        exitCode,
        signal,
        stdout,
        stderr,
        milliseconds: exited - started,
        ...(interrupted === undefined ? {} : { millisecondsAfterInterrupt: exited - interrupted }),
      })
    })
  })
}

/** The names and contents of all files below a folder, apart from the file that this module wrote. */
async function readTree(folder: string, root: string, except: string): Promise<string[]> {
  const texts: string[] = []
  for (const found of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, found.name)
    if (path === except) continue
    texts.push(relative(root, path))
    if (found.isDirectory()) texts.push(...(await readTree(path, root, except)))
    else if (found.isSymbolicLink()) texts.push(await readlink(path))
    // In a file a masking command masks nothing, so it must not look like one to a secret scan.
    else if (found.isFile()) texts.push((await readFile(path, 'utf8')).replaceAll(/^::add-mask::/gm, ' $&'))
  }
  return texts
}
