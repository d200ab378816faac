/**
 * `npm run bench`: this action beside the floor and the field, in turn, on this machine. Prints a table, and writes
 * docs/performance.json, docs/performance.md and its charts. `npm run bench -- 5` makes five rounds instead of fifteen.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startMoto } from '../__tests__/support/moto.ts'
import { type LoggedRequest, sequentialDepth } from '../sandbox/request-log.ts'
import { type Sandbox, type SandboxOptions, startSandbox } from '../sandbox/sandbox.ts'
import { twoAccounts } from '../sandbox/two-accounts.ts'
import { configureAwsCredentials, field, floor, naive, region, thisAction } from './contestants.ts'
import { startLatencyProxy } from './latency-proxy.ts'
import { type Contestant, measure, type Spread, spreadOf } from './measure.ts'
import { renderChart, renderDocument } from './report.ts'
import type { Creation, Duel, Results, Row } from './results.ts'
import { measureScale } from './scale.ts'

const rounds = Number(process.argv[2] ?? 15)
const latencyMilliseconds = 40
const settledAtOnce = { creating: 100, backupsMissing: 0, backupsUnavailable: 0, tagsUnreadable: 0 }

async function run(contestant: Contestant): Promise<{ wall: number; peak: number | undefined }> {
  const { wallMilliseconds, exitCode, peakMegabytes, complaint } = await measure(contestant)
  if (exitCode !== 0) throw new Error(`${contestant.name} ended with ${exitCode}: ${complaint}`)
  return { wall: wallMilliseconds, peak: peakMegabytes }
}

/** In turn, so that a machine that grows slower slows all; ratios are taken round by round. */
async function duel(contestants: readonly Contestant[], count: number, calls: CallCounter): Promise<readonly Row[]> {
  const walls = new Map<string, number[]>()
  const peaks = new Map<string, number[]>()
  const counted = new Map<string, { calls: number; depth?: number }>()
  for (let round = 0; round <= count; round += 1) {
    for (const contestant of contestants) {
      calls.begin()
      const { wall, peak } = await run(contestant)
      counted.set(contestant.name, calls.end())
      // The first round warms caches, and makes the tables.
      if (round === 0) continue
      walls.set(contestant.name, [...(walls.get(contestant.name) ?? []), wall])
      if (peak !== undefined) peaks.set(contestant.name, [...(peaks.get(contestant.name) ?? []), peak])
    }
  }
  const [yardstick] = contestants
  const base = walls.get(yardstick?.name ?? '') ?? []
  return contestants.map(({ name }) => {
    const own = walls.get(name) ?? []
    const peak = peaks.get(name)
    return {
      name,
      wallMilliseconds: spreadOf(own),
      ratio: spreadOf(own.map((wall, index) => wall / (base[index] ?? Number.NaN))),
      ...(peak === undefined ? {} : { peakMegabytes: spreadOf(peak) }),
      ...counted.get(name),
    }
  })
}

interface CallCounter {
  readonly begin: () => void
  readonly end: () => { calls: number; depth?: number }
}

function callsOf(sandbox: Sandbox): CallCounter {
  return {
    begin: () => sandbox.clearRequests(),
    end: () => ({ calls: sandbox.requests.length, depth: sequentialDepth(sandbox.requests) }),
  }
}

async function withSandbox<Result>(
  options: SandboxOptions,
  work: (sandbox: Sandbox) => Promise<Result>,
): Promise<Result> {
  const sandbox = await startSandbox({ ...twoAccounts('dev'), timings: settledAtOnce, ...options })
  try {
    return await work(sandbox)
  } finally {
    await sandbox.close()
  }
}

async function noOp(connectionMilliseconds: number, scratch: string): Promise<Duel> {
  return await withSandbox({ latencyMilliseconds, connectionMilliseconds }, async (sandbox) => {
    await run(thisAction(sandbox.url))
    const login = await configureAwsCredentials(sandbox.url, scratch)
    const contestants = [
      floor(sandbox.url),
      thisAction(sandbox.url),
      naive(sandbox.url),
      ...(login === undefined ? [] : [login]),
    ]
    return { latencyMilliseconds, connectionMilliseconds, rows: await duel(contestants, rounds, callsOf(sandbox)) }
  })
}

const creatingSeconds = 8

/** How long a run goes on after the last table has become ACTIVE. */
async function creation(contestant: (url: string) => Contestant, count: number, backups: number): Promise<Creation> {
  const wastes: number[] = []
  const calls: number[] = []
  let name = ''
  for (let round = 0; round < count; round += 1) {
    const timings = { ...settledAtOnce, creating: creatingSeconds * 1000, backupsUnavailable: backups }
    await withSandbox({ latencyMilliseconds, timings }, async (sandbox) => {
      const given = contestant(sandbox.url)
      name = given.name
      await run(given)
      const end = performance.now()
      const creations = sandbox.requests.filter(
        ({ operation, status }) => operation === 'CreateTable' && status === 200,
      )
      const settled = Math.max(...creations.map((request: LoggedRequest) => request.end)) + creatingSeconds * 1000
      wastes.push((end - settled - backups) / 1000)
      calls.push(sandbox.requests.length)
    })
  }
  return { name, creatingSeconds, wasteSeconds: spreadOf(wastes), calls: spreadOf(calls) }
}

/** What the sandbox itself takes for a request, so that it is not taken for anybody's slowness. */
async function ownCost(): Promise<Spread> {
  return await withSandbox({}, async (sandbox) => {
    await run(thisAction(sandbox.url))
    const times: number[] = []
    for (let round = 0; round < 5; round += 1) {
      sandbox.clearRequests()
      await run(floor(sandbox.url))
      times.push(...sandbox.requests.map(({ start, end }) => end - start))
    }
    return spreadOf(times)
  })
}

async function againstMoto(scratch: string): Promise<Duel | undefined> {
  const moto = await startMoto()
  if (moto === undefined) return undefined
  const proxy = await startLatencyProxy(new URL(moto.url), latencyMilliseconds)
  let before = 0
  const counter: CallCounter = {
    begin: () => {
      before = proxy.requests()
    },
    end: () => ({ calls: proxy.requests() - before }),
  }
  try {
    const contestants = [thisAction(proxy.url), ...(await field(proxy.url, scratch))]
    return {
      latencyMilliseconds,
      connectionMilliseconds: 0,
      rows: await duel(contestants, Math.ceil(rounds / 3), counter),
    }
  } finally {
    await proxy.close()
    await moto.stop()
  }
}

const scratch = await mkdtemp(join(tmpdir(), 'tenant-tables-bench-'))
try {
  console.log(`${rounds} rounds each, ${region}, ${latencyMilliseconds} ms a request. This takes some minutes.`)
  const moto = await againstMoto(scratch)
  const results: Results = {
    machine: `${cpus().length} cores, ${cpus()[0]?.model ?? 'unknown'}, Node ${process.version}`,
    date: new Date().toISOString().slice(0, 10),
    rounds,
    noOp: await noOp(0, scratch),
    noOpWithConnections: await noOp(80, scratch),
    creations: [await creation(thisAction, Math.max(2, Math.ceil(rounds / 2)), 0), await creation(naive, 2, 0)],
    ...(moto === undefined ? {} : { moto }),
    scale: [
      await measureScale(2, { latencyMilliseconds, timings: { creating: 1000 }, writesAtOnce: 6 }),
      await measureScale(20, { latencyMilliseconds, timings: { creating: 1000 }, writesAtOnce: 6 }),
      await measureScale(200, { latencyMilliseconds, timings: { creating: 1000 }, writesAtOnce: 6 }),
    ],
    sandboxMilliseconds: await ownCost(),
  }
  const docs = fileURLToPath(new URL('../../docs/', import.meta.url))
  const document = renderDocument(results)
  await writeFile(join(docs, 'performance.json'), `${JSON.stringify(results, undefined, 2)}\n`)
  await writeFile(join(docs, 'performance.md'), document)
  for (const theme of ['light', 'dark'] as const) {
    await writeFile(join(docs, `performance-${theme}.svg`), renderChart(results, theme))
  }
  console.log(document)
} finally {
  await rm(scratch, { recursive: true })
}
