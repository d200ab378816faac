import { fileURLToPath } from 'node:url'
import { measure, spreadOf, type Contestant } from './measure.ts'
import { startSandbox } from '../sandbox/sandbox.ts'
import { externalId, hubAccessKey, provisionerRole, twoAccounts } from '../sandbox/two-accounts.ts'
const sandbox = await startSandbox({ ...twoAccounts('dev'), latencyMilliseconds: 40, connectionMilliseconds: Number(process.env.CONN ?? 0), timings: { creating: 100, backupsMissing: 0, backupsUnavailable: 0, tagsUnreadable: 0 } })
const env = { ...sandbox.environment, AWS_ACCESS_KEY_ID: hubAccessKey.accessKeyId, AWS_SECRET_ACCESS_KEY: hubAccessKey.secretAccessKey, AWS_REGION: 'ap-south-1' }
const bundle = (path: string): Contestant => ({ name: path, command: process.execPath, words: [path], environment: { ...env, INPUT_ENVIRONMENT: 'dev', 'INPUT_ROLE-TO-ASSUME': provisionerRole, 'INPUT_ROLE-EXTERNAL-ID': externalId } })
const floor: Contestant = { name: 'floor', command: process.execPath, words: [fileURLToPath(new URL('floor.js', import.meta.url)), provisionerRole, externalId, 'tenant', 'users'], environment: env }
const all = [floor, ...process.argv.slice(2).map(bundle)]
if (process.env.ABSENT === undefined) await measure(all[1]!)
const walls = new Map<string, number[]>(), peaks = new Map<string, number[]>()
const n = Number(process.env.N ?? 10)
for (let i = 0; i < n; i++) for (const c of all) {
  const m = await measure(c)
  if (m.exitCode !== 0) console.log(c.name, m.exitCode, m.complaint)
  if (i === 0) continue
  walls.set(c.name, [...(walls.get(c.name) ?? []), m.wallMilliseconds]); peaks.set(c.name, [...(peaks.get(c.name) ?? []), m.peakMegabytes ?? 0])
}
const f = walls.get('floor')!
for (const c of all) { const w = walls.get(c.name)!; const s = spreadOf(w); const r = spreadOf(w.map((x, i) => x / f[i]!)); console.log(c.name.padEnd(30), `median ${s.median.toFixed(0)} ms (${s.least.toFixed(0)}-${s.most.toFixed(0)})  ratio ${r.median.toFixed(2)}  peak ${spreadOf(peaks.get(c.name)!).median.toFixed(0)} MB`) }
await sandbox.close()
