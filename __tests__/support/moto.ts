import { type ChildProcess, spawn } from 'node:child_process'
import { accessSync, closeSync, constants, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** A moto server for these tests: STS and DynamoDB of all accounts and regions, in memory. */
export interface Moto {
  /** Such as `http://127.0.0.1:41234`, without a slash at the end: for AWS_ENDPOINT_URL. */
  readonly url: string
  /** Deletes all tables of all accounts. */
  reset(): Promise<void>
  /** Ends the server. May be called twice. Call it in afterAll: the server does not end with the worker. */
  stop(): Promise<void>
}

const startSeconds = 30
const stopSeconds = 5

/**
 * Starts moto_server on a free port of 127.0.0.1, which takes some seconds.
 *
 * @returns undefined where moto_server is not on PATH.
 * @throws {Error} when it does not answer within 30 s, or ends before it does; the message holds its log.
 */
export async function startMoto(): Promise<Moto | undefined> {
  if (!isOnPath('moto_server')) return undefined
  // Another process may take the port before the server starts.
  const attempts = 3
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startOn(await freePort())
    } catch (error) {
      if (attempt === attempts || !String(error).includes('in use')) throw error
    }
  }
}

async function startOn(port: number): Promise<Moto> {
  const url = `http://127.0.0.1:${port}`
  const folder = mkdtempSync(join(tmpdir(), 'moto-'))
  // A file, not a pipe: a pipe would have to be read, and would keep the jest worker alive.
  const logFile = join(folder, 'log')
  const log = openSync(logFile, 'w')
  // moto_server may be a wrapper that starts Python as a child; a process group of its own ends both.
  const server = spawn('moto_server', ['-H', '127.0.0.1', '-p', String(port)], {
    detached: true,
    // Jest's process.env is a copy, which spawn does not use by default.
    env: process.env,
    stdio: ['ignore', log, log],
  })
  closeSync(log)
  server.unref()
  const ended = new Promise<void>((resolve) => {
    server.once('exit', () => resolve())
    server.once('error', () => resolve())
  })
  const stop = async () => {
    await endGroup(server, ended)
    rmSync(folder, { recursive: true, force: true })
  }

  const deadline = performance.now() + startSeconds * 1000
  while (!(await answers(url))) {
    const hasEnded = server.pid === undefined || server.exitCode !== null || server.signalCode !== null
    if (hasEnded || performance.now() > deadline) {
      const text = readFileSync(logFile, 'utf8')
      await stop()
      const problem = hasEnded ? 'ended before it answered' : `did not answer within ${startSeconds} s`
      throw new Error(`moto_server ${problem}. Its log:\n${text}`)
    }
    await sleep(100)
  }

  return {
    url,
    stop,
    async reset() {
      const response = await fetch(`${url}/moto-api/reset`, { method: 'POST', signal: AbortSignal.timeout(10_000) })
      const text = await response.text()
      if (!response.ok) throw new Error(`moto did not reset: ${response.status} ${text}`)
    },
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/moto-api/data.json`, { signal: AbortSignal.timeout(2000) })
    await response.text()
    return response.ok
  } catch {
    return false
  }
}

async function endGroup(server: ChildProcess, ended: Promise<void>): Promise<void> {
  if (server.pid === undefined) return
  signalGroup(server.pid, 'SIGTERM')
  const giveUp = new AbortController()
  await Promise.race([ended, sleep(stopSeconds * 1000, undefined, { signal: giveUp.signal }).catch(() => undefined)])
  giveUp.abort()
  // The rest of the group: the server itself, or a child that the wrapper did not end.
  signalGroup(server.pid, 'SIGKILL')
  await ended
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal)
  } catch (error) {
    // ESRCH: the group has no process. instanceof does not work here: jest has an Error class of its own.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

export function isOnPath(command: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, command), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => {
        if (address === null || typeof address === 'string') reject(new Error('The system gave no port'))
        else resolve(address.port)
      })
    })
  })
}
