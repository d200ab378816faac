/** Writes what a run of `npm run contract:aws` found, as Markdown. */
import { measuredTimings } from '../../sandbox/options.ts'
import type { CaseResult } from './cases.ts'
import {
  type MeasuredName,
  type Measurements,
  measured,
  pollMilliseconds,
  slowPollMilliseconds,
} from './measurements.ts'
import type { Deletion } from './run-tables.ts'

export interface Evidence {
  readonly date: string
  readonly region: string
  readonly account: string
  /** The host that answered the calls of DynamoDB. */
  readonly host: string
  /** The commit of the sources. */
  readonly commit: string
  readonly only: string | undefined
  readonly cases: readonly CaseResult[]
  readonly measurements: Measurements
  readonly deletion: Deletion
}

/** The path of the evidence. A run on an emulator writes elsewhere: docs/ has only evidence of AWS. */
export function evidencePath(host: string): string {
  return isHostOfAws(host) ? 'docs/aws-evidence.md' : 'lib/contract-aws/emulator-evidence.md'
}

/** The account id is shown by its last four digits. */
export function renderEvidence(evidence: Evidence): string {
  const { account, region, date, host, commit, only, cases, measurements, deletion } = evidence
  const count = (status: CaseResult['status']) => cases.filter((each) => each.status === status).length
  const isAws = isHostOfAws(host)
  const page = `# Proof on ${isAws ? 'AWS' : 'an emulator, not on AWS'}

Written by \`npm run contract:aws\`, which runs the cases of \`__tests__/contract/contract.ts\` ${isAws ? 'in a real account' : `on ${host}`}.

| date | region | account | host | commit |
|---|---|---|---|---|
| ${date} | ${region} | ${account} | ${host} | ${commit} |

## Cases

${count('passed')} passed, ${count('failed')} failed, ${count('not run')} not run${only === undefined ? '' : `, with \`--only\``}.
Not among the cases: time to live that is turned on again, because AWS admits one change in half an hour.
The tables of the run: ${deletion.deleted.length} deleted at the end, ${deletion.left.size} left.

| case | result | seconds |
|---|---|---|
${cases.map(({ name, status, seconds }) => `| ${cell(name)} | ${status} | ${status === 'not run' ? '' : seconds} |`).join('\n')}

## Durations

In seconds. A duration is exact to ${pollMilliseconds / 1000} s, and to ${slowPollMilliseconds / 1000} s where it takes minutes. The sandbox
uses the values of \`measuredTimings\` in \`sandbox/options.ts\`.

| what | measured | the sandbox | name in the sandbox |
|---|---|---|---|
${(Object.keys(measured) as MeasuredName[]).map((name) => measuredRow(name, measurements)).join('\n')}
${measurements.problems.map((problem) => `\nNot measured: ${cell(problem)}`).join('')}`
  return `${page.replaceAll(account, `********${account.slice(-4)}`).trimEnd()}\n`
}

function measuredRow(name: MeasuredName, { durations }: Measurements): string {
  const values = [...(durations.get(name) ?? [])].sort((left, right) => left - right).map(inSeconds)
  return `| ${measured[name]} | ${values.join(', ') || 'not measured'} | ${inSeconds(measuredTimings[name])} | \`${name}\` |`
}

function isHostOfAws(host: string): boolean {
  return /(^|\.)amazonaws\.com$/.test(host)
}

const inSeconds = (milliseconds: number) => String(Math.round(milliseconds / 100) / 10)
const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ')
