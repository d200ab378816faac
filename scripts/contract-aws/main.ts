/** `npm run contract:aws`: proves on AWS itself what the tests show on emulators. `prove.ts` says how. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { systemClock } from '../../src/run/run.ts'
import { describeCost } from './cost.ts'
import { evidencePath, renderEvidence } from './evidence.ts'
import { prove, readOptions, usage } from './prove.ts'

const words = process.argv.slice(2)
const print = (line: string) => console.log(line)
const interruption = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    print(`${signal}: stopping, then deleting the tables of this run. Please wait.`)
    interruption.abort()
  })
}

try {
  const options = readOptions(words, Boolean(process.env.AWS_ENDPOINT_URL))
  const region = process.env.AWS_REGION || process.env.AWS_DEFAULT_REGION
  if (!region) throw new Error('Nothing was called. Set AWS_REGION to the region of the test tables.')
  const { speed } = options
  const start = systemClock.now()
  const clock = {
    ...systemClock,
    now: () => start + (systemClock.now() - start) * speed,
    sleep: (milliseconds: number, signal: AbortSignal) => systemClock.sleep(milliseconds / speed, signal),
  }
  const saveEvidence: Parameters<typeof prove>[1]['saveEvidence'] = (evidence) => {
    const path = evidencePath(evidence.host)
    const commit = execFileSync('git', ['describe', '--always', '--dirty', '--abbrev=40'], { encoding: 'utf8' }).trim()
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, renderEvidence({ ...evidence, date: new Date().toISOString().slice(0, 10), commit }))
    print(`Wrote ${path}`)
  }
  const isProven = await prove(options, { region, clock, print, interrupted: interruption.signal, saveEvidence })
  print(isProven ? 'Passed.' : 'Failed.')
  process.exitCode = isProven ? 0 : 1
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  if (!words.includes('--yes-in')) print([usage, '', ...describeCost()].join('\n'))
  process.exitCode = 1
}
