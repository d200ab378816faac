/**
 * `npm run bench`: compares this action with the lower bound and with other tools on this machine. Prints tables, and
 * writes docs/performance.json, docs/performance.md, its charts, and the speed block of the README.
 * `npm run bench -- 5` runs five rounds instead of fifteen. `npm run bench -- render` writes the documents from
 * docs/performance.json without measuring.
 *
 * `BASELINE_BUNDLE=/path/to/another/dist/index.js npm run bench -- 40` compares that bundle with dist/index.js, or with the
 * bundle in the variable BUNDLE, and writes no file.
 */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { isOnPath, startMoto } from '../__tests__/support/moto.ts'
import { node24 } from '../__tests__/support/node24.ts'
import { repository } from '../__tests__/support/runner.ts'
import type { LoggedRequest } from '../sandbox/request-log.ts'
import { configureAwsCredentials, field, floor, naive, type Scene, thisAction, thisBundle } from './contestants.ts'
import { duel, type RequestCounter } from './duel.ts'
import { startLatencyProxy } from './latency-proxy.ts'
import { type Contestant, measureWall, type Spread, spreadOf } from './measure.ts'
import { thisActionName } from './names.ts'
import { plain, profiles } from './profiles.ts'
import { renderChart, renderDocument, renderDuel, renderProfile, replaceSpeed, roundsForAClaim } from './report.ts'
import type { Creation, Duel, Profile, Results } from './results.ts'
import { measureScale } from './scale.ts'
import { onStage, requestsOf, settledAtOnce } from './stage.ts'

const [, , given = String(roundsForAClaim)] = process.argv
const rounds = Number(given)
/** Few rounds are enough for memory. Without Python it is not measured. */
const memoryRounds = isOnPath('python3') ? Math.min(3, rounds) : 0

/** Chooses the contestants of a run without changes, and the names of those with which all are compared. */
type Field = (scene: Scene) => Promise<readonly [contestants: readonly Contestant[], yardsticks: readonly string[]]>

const thisActionBesideOthers: Field = async (scene) => {
  const lowest = floor(scene)
  const login = await configureAwsCredentials(scene)
  const contestants = [lowest, await thisAction(scene), naive(scene), ...(login === undefined ? [] : [login])]
  return [contestants, [lowest.name, thisActionName]]
}

async function noOp(profile: Profile, node: string, choose: Field): Promise<Duel> {
  return await onStage(profile, node, {}, async ({ scene, sandbox }) => {
    await measureWall(await thisAction(scene))
    const [contestants, yardsticks] = await choose(scene)
    const counter = requestsOf(sandbox)
    const rows = await duel({ contestants, yardsticks, rounds, memoryRounds, counter })
    return { ...profile, node: versionOf(node), rows }
  })
}

const versionOf = (node: string) => execFileSync(node, ['--version'], { encoding: 'utf8' }).trim()

const creatingSeconds = 8

/** Measures the time from ACTIVE of the last table to the end of the run. */
async function creation(choose: (scene: Scene) => Promise<Contestant>, node: string, count: number): Promise<Creation> {
  const wastes: number[] = []
  const requests: number[] = []
  let name = ''
  for (let round = 0; round < count; round += 1) {
    const timings = { ...settledAtOnce, creating: creatingSeconds * 1000 }
    await onStage(plain, node, { timings }, async ({ scene, sandbox }) => {
      const contestant = await choose(scene)
      name = contestant.name
      await measureWall(contestant)
      const end = performance.now()
      const creations = sandbox.requests.filter(
        ({ operation, status }) => operation === 'CreateTable' && status === 200,
      )
      const settled = Math.max(...creations.map((request: LoggedRequest) => request.end)) + creatingSeconds * 1000
      wastes.push((end - settled) / 1000)
      requests.push(sandbox.requests.length)
    })
  }
  return { name, creatingSeconds, wasteSeconds: spreadOf(wastes), requests: spreadOf(requests) }
}

/** Measures the time of a request in the sandbox itself. */
async function ownCost(node: string): Promise<Spread> {
  const free: Profile = { ...plain, latencyMilliseconds: 0 }
  return await onStage(free, node, {}, async ({ scene, sandbox }) => {
    await measureWall(await thisAction(scene))
    const times: number[] = []
    for (let round = 0; round < 5; round += 1) {
      sandbox.clearRequests()
      await measureWall(floor(scene))
      times.push(...sandbox.requests.map(({ start, end }) => end - start))
    }
    return spreadOf(times)
  })
}

async function againstMoto(node: string): Promise<Duel | undefined> {
  const moto = await startMoto()
  if (moto === undefined) return undefined
  const { login, latencyMilliseconds } = plain
  const proxy = await startLatencyProxy(new URL(moto.url), latencyMilliseconds)
  const folder = await mkdtemp(join(tmpdir(), 'tenant-tables-bench-'))
  let before = 0
  const counter: RequestCounter = {
    begin: () => {
      before = proxy.requests()
    },
    end: () => ({ requests: proxy.requests() - before }),
  }
  try {
    const scene: Scene = { node, login, folder, endpoints: { AWS_ENDPOINT_URL: proxy.url } }
    const own = await thisAction(scene)
    const contestants = [own, ...(await field(scene))]
    const turns = Math.ceil(rounds / 2)
    const rows = await duel({ contestants, yardsticks: [own.name], rounds: turns, memoryRounds, counter })
    return { login, latencyMilliseconds, connectionMilliseconds: 0, node: versionOf(node), rows }
  } finally {
    await proxy.close()
    await moto.stop()
    await rm(folder, { recursive: true })
  }
}

/** Measures runs without changes in every profile, and prints each result at once. */
async function noOps(nodes: readonly string[], choose: Field): Promise<readonly Duel[]> {
  const duels: Duel[] = []
  for (const node of nodes) {
    for (const profile of profiles) {
      const measured = await noOp(profile, node, choose)
      console.log(`\n${renderProfile(measured)}\n\n${renderDuel(measured)}`)
      duels.push(measured)
    }
  }
  return duels
}

async function compareBundles(baseline: string, candidate: string, nodes: readonly string[]): Promise<void> {
  for (const bundle of [baseline, candidate]) {
    if (existsSync(bundle) && existsSync(join(dirname(bundle), 'package.json'))) continue
    throw new Error(
      `${bundle} is not index.js in a complete dist folder. Name one with its package.json, by which Node chooses the module loader.`,
    )
  }
  await noOps(nodes, async (scene) => {
    const before = await thisAction(scene, baseline, 'baseline')
    const login = await configureAwsCredentials(scene)
    const contestants = [
      before,
      await thisAction(scene, candidate, 'candidate'),
      ...(login === undefined ? [] : [login]),
    ]
    return [contestants, [before.name, ...(login === undefined ? [] : [login.name])]]
  })
}

async function measureAll(nodes: readonly [string, ...string[]]): Promise<Results> {
  const [node] = nodes
  const duels = await noOps(nodes, thisActionBesideOthers)
  const creations = [
    await creation(thisAction, node, Math.max(2, Math.ceil(rounds / 2))),
    await creation(async (scene) => naive(scene), node, 2),
  ]
  const moto = await againstMoto(node)
  const { latencyMilliseconds } = plain
  const manyTables = { latencyMilliseconds, timings: { creating: 1000 }, writesAtOnce: 6 }
  return {
    machine: `${cpus().length} cores, ${cpus()[0]?.model ?? 'unknown'}`,
    date: new Date().toISOString().slice(0, 10),
    rounds,
    noOp: duels,
    creations,
    ...(moto === undefined ? {} : { moto }),
    scale: [await measureScale(2, manyTables), await measureScale(20, manyTables), await measureScale(200, manyTables)],
    sandboxMilliseconds: await ownCost(node),
  }
}

async function publish(results: Results): Promise<void> {
  const document = renderDocument(results)
  const readme = await readFile(join(repository, 'README.md'), 'utf8')
  const files = {
    'docs/performance.json': `${JSON.stringify(results, undefined, 2)}\n`,
    'docs/performance.md': document,
    'docs/performance-light.svg': renderChart(results, 'light'),
    'docs/performance-dark.svg': renderChart(results, 'dark'),
    'README.md': replaceSpeed(readme, results),
  }
  for (const [path, text] of Object.entries(files)) await writeFile(join(repository, path), text)
  console.log(document)
}

async function bench(): Promise<void> {
  if (given === 'render') {
    const text = await readFile(join(repository, 'docs', 'performance.json'), 'utf8')
    await publish(JSON.parse(text))
    return
  }
  if (!Number.isSafeInteger(rounds) || rounds < 1) {
    throw new Error(`The argument must be a number of rounds or "render", but is ${JSON.stringify(given)}.`)
  }
  // The runner's Node version first: the README shows its results.
  const runnersNode = await node24()
  const nodes: readonly [string, ...string[]] =
    runnersNode === undefined || runnersNode === process.execPath ? [process.execPath] : [runnersNode, process.execPath]
  console.log(`${rounds} rounds of each profile, with Node ${nodes.map(versionOf).join(' and ')}`)
  const { BASELINE_BUNDLE: baseline, BUNDLE: candidate = thisBundle } = process.env
  if (baseline === undefined) await publish(await measureAll(nodes))
  else await compareBundles(resolve(baseline), resolve(candidate), nodes)
}

await bench()
