/** The files that a run reads and writes. */
import { mkdtemp, readFile, realpath, stat, writeFile } from 'node:fs/promises'
import { join, resolve, sep } from 'node:path'
import { RemedyError } from '../errors/errors.ts'
import { errorCode, errorMessage } from '../errors/thrown.ts'
import { isGitHubJob, type Variables } from '../run/variables.ts'

const largestFile = 1024 * 1024

/**
 * Reads a UTF-8 file in the workspace, or outside GitHub in the current folder, or in RUNNER_TEMP. A relative path starts in
 * the first of these that exists. Links are followed before the place of the file is checked.
 *
 * @throws {RemedyError} for a file elsewhere, a missing or unreadable file, and a file over 1 MiB
 */
export async function readGivenFile(environment: Variables, path: string): Promise<string> {
  const { workspace, name } = workspaceOf(environment)
  return await readFileIn([workspace, environment.RUNNER_TEMP], path, {
    place: `${name} and RUNNER_TEMP`,
    remedy: `Give the path of a file in ${name} or in RUNNER_TEMP that holds the output plan.`,
  })
}

/**
 * Reads a UTF-8 file in the workspace, or outside GitHub in the current folder. Links are followed before the place of the
 * file is checked.
 *
 * @throws {RemedyError} for a file elsewhere, a missing or unreadable file, and a file over 1 MiB
 */
export async function readDefinitionFile(environment: Variables, path: string): Promise<string> {
  const { workspace, name, origin } = workspaceOf(environment)
  return await readFileIn([workspace], path, {
    place: name,
    remedy: `Give the path of a YAML or JSON file in ${name}${origin}.`,
  })
}

function workspaceOf({ GITHUB_WORKSPACE: workspace }: Variables) {
  if (!workspace) return { workspace: '.', name: 'the current folder', origin: '' }
  return { workspace, name: 'the workspace', origin: '; actions/checkout puts the repository there' }
}

async function readFileIn(
  candidates: readonly (string | undefined)[],
  path: string,
  { place, remedy }: { readonly place: string; readonly remedy: string },
): Promise<string> {
  const folders = await existing(candidates)
  try {
    const file = await realpath(resolve(folders[0] ?? '.', path))
    if (!folders.some((folder) => file.startsWith(`${folder}${sep}`))) {
      throw new RemedyError(`The file "${path}" is outside ${place}.`, remedy)
    }
    const found = await stat(file)
    // A pipe might never end.
    if (!found.isFile()) throw new RemedyError(`"${path}" is not a file.`, remedy)
    if (found.size > largestFile) {
      throw new RemedyError(`The file "${path}" has ${found.size} bytes, more than ${largestFile}.`, remedy)
    }
    return decodeUtf8(await readFile(file))
  } catch (error) {
    if (error instanceof RemedyError) throw error
    const code = errorCode(error)
    if (code !== 'ERR_ENCODING_INVALID_ENCODED_DATA') {
      throw new RemedyError(`The file "${path}" cannot be read: ${code || errorMessage(error)}.`, remedy)
    }
    throw new RemedyError(
      `The file "${path}" is not in UTF-8.`,
      'Save it as UTF-8. Windows PowerShell writes UTF-16 by default: use Out-File -Encoding utf8.',
    )
  }
}

/**
 * Writes a file into a new folder in RUNNER_TEMP: steps may run side by side.
 *
 * @returns the path; undefined outside GitHub, where no runner deletes the file after the job
 * @throws {RemedyError} on GitHub if RUNNER_TEMP is not set
 */
export async function writeTemporaryFile(
  variables: Variables,
  name: string,
  content: string,
): Promise<string | undefined> {
  const { RUNNER_TEMP } = variables
  if (!RUNNER_TEMP) {
    if (!isGitHubJob(variables)) return undefined
    throw new RemedyError('RUNNER_TEMP is not set.', 'Set RUNNER_TEMP to a folder that this step can write to.')
  }
  const path = join(await mkdtemp(join(RUNNER_TEMP, 'tenant-tables-')), name)
  await writeFile(path, content, { mode: 0o600 })
  return path
}

/** Reads the payload of the event that started the workflow. Throws a RemedyError if it cannot be read. */
export async function readEventFile({ GITHUB_EVENT_PATH: path = '' }: Variables): Promise<unknown> {
  try {
    return JSON.parse(decodeUtf8(await readFile(path)))
  } catch (cause) {
    const remedy = 'Set GITHUB_EVENT_PATH to the file that the runner wrote for this job.'
    throw new RemedyError(`The event file "${path}" cannot be read.`, remedy, { cause })
  }
}

/** Removes a byte order mark. Throws for another encoding. */
function decodeUtf8(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
}

/** The folders that exist, with links followed. */
async function existing(folders: readonly (string | undefined)[]): Promise<readonly string[]> {
  const found = folders.map((folder) => (folder ? realpath(folder).catch(() => undefined) : undefined))
  return (await Promise.all(found)).filter((folder) => folder !== undefined)
}
