/** What the run is to do, as the workflow's inputs say. Pure: what it reads is passed in. */
import { builtInTables } from '../definition/built-in.ts'
import { emptyOutput, isFallback } from '../plan/document.ts'
import type { Command, Disruption, Policy } from '../plan/plan.ts'
import { disruptions } from '../plan/policy.ts'
import type { ExpectedPlan } from '../plan/review.ts'
import type { Environment } from '../table/target.ts'
import { quote } from '../text/readable.ts'
import { explainLines, type InputReader } from './input-reader.ts'

export interface CommandInputs {
  readonly command: Command
  readonly policy: Policy
  readonly expectedPlan?: ExpectedPlan
  /** SHA-256 in lower case. */
  readonly expectedPlanDigest?: string
  readonly failOnDrift: boolean
  readonly sampleItems: boolean
  /** Absent where no comment is wanted; empty where one is wanted and no token is given. */
  readonly gitHubToken?: string
}

/** Problems are the reader's to keep. */
export function readCommandInputs(read: InputReader, environment: Environment, tableNamePrefix: string): CommandInputs {
  const command = read.choice('command', ['apply', 'plan', 'verify', 'destroy'], 'apply')
  const destroy = read.choice('destroy', ['true', 'false'], 'false') === 'true'
  if (destroy && (command === 'apply' || command === 'verify')) {
    read.problem(
      'destroy',
      `destroy is true, but command is ${command}. destroy: true is for command: plan, to see what command: destroy would delete.`,
    )
  }
  if (command === 'destroy') requireConfirmation(read, tableNamePrefix)
  const expectedPlan = readExpectedPlan(read)
  const expectedPlanDigest = readExpectedPlanDigest(read)
  if (command === 'verify') {
    for (const name of ['expected-plan', 'expected-plan-digest'] as const) {
      if (read.text(name) !== '') {
        read.problem(name, `${name} is given, but command: verify changes nothing that it could hold to. Leave it out.`)
      }
    }
  }
  const failOnDrift = read.choice('fail-on-drift', ['true', 'false'], 'false') === 'true'
  if (failOnDrift && command !== 'plan') {
    read.problem('fail-on-drift', `fail-on-drift is true, but command is ${command}. It is for command: plan alone.`)
  }
  if (failOnDrift && destroy) {
    read.problem(
      'fail-on-drift',
      'fail-on-drift is true, but so is destroy: what would be deleted is no drift. Give one of them.',
    )
  }
  const gitHubToken = readCommentToken(read)
  return {
    command,
    policy: { destroy: command === 'destroy' || destroy, allow: readAllow(read) },
    ...(expectedPlan === undefined ? {} : { expectedPlan }),
    ...(expectedPlanDigest === undefined ? {} : { expectedPlanDigest }),
    failOnDrift,
    sampleItems: readSampleItems(read, command, environment),
    ...(gitHubToken === undefined ? {} : { gitHubToken }),
  }
}

/** Typing the names in is what keeps a wrong environment or prefix from deleting somebody's tables. */
function requireConfirmation(read: InputReader, tableNamePrefix: string): void {
  const names = builtInTables.map(({ logicalName }) => `${tableNamePrefix}${logicalName}`)
  const confirmed = read.lines('confirm-destroy')
  const missing = names.filter((name) => !confirmed.includes(name))
  const unknown = confirmed.filter((name) => !names.includes(name))
  if (missing.length === 0 && unknown.length === 0) return
  const found = confirmed.length === 0 ? 'is empty' : `has ${confirmed.map(quote).join(', ')}`
  read.problem(
    'confirm-destroy',
    `command is destroy, so confirm-destroy must list the full names of the tables to delete, one a line: ${names.map(quote).join(', ')}; but it ${found}.${explainLines('confirm-destroy', confirmed)}`,
  )
}

function readAllow(read: InputReader): readonly Disruption[] {
  const lines = read.lines('allow')
  for (const line of lines) {
    if (!disruptions.some((disruption) => disruption === line)) {
      read.problem(
        'allow',
        `allow must have one of ${disruptions.join(', ')} on each line, but has ${quote(line)}.${explainLines('allow', [line])}`,
      )
    }
  }
  // In one order, so that the same leave makes the same plan.
  return disruptions.filter((disruption) => lines.includes(disruption))
}

function readExpectedPlan(read: InputReader): ExpectedPlan | undefined {
  const given = read.text('expected-plan')
  if (given === '') return undefined
  if (given === 'no-plan') {
    read.problem('expected-plan', `expected-plan is no-plan: ${emptyOutput}.`)
    return undefined
  }
  if (given.startsWith('{')) return { json: given }
  if (/\p{Cc}/u.test(given)) {
    read.problem(
      'expected-plan',
      `expected-plan must be the JSON of the output plan, or the path of a file that holds it, but is ${quote(given)}.`,
    )
  }
  return { path: given }
}

function readExpectedPlanDigest(read: InputReader): string | undefined {
  const given = read.text('expected-plan-digest')
  if (given === '') return undefined
  if (isFallback(given)) {
    read.problem('expected-plan-digest', `expected-plan-digest is ${given}: ${emptyOutput}.`)
  } else if (!/^[0-9a-f]{64}$/i.test(given)) {
    read.problem(
      'expected-plan-digest',
      `expected-plan-digest must be the 64 hexadecimal digits of the output plan-digest, but is ${quote(given)}.`,
    )
  }
  return given.toLowerCase()
}

function readSampleItems(read: InputReader, command: Command, environment: Environment): boolean {
  const choice = read.choice('sample-items', ['auto', 'true', 'false'], 'auto')
  if (choice === 'true' && command !== 'verify') {
    read.problem('sample-items', `sample-items is true, but command is ${command}. It is for command: verify alone.`)
  }
  return choice === 'auto' ? !environment.production : choice === 'true'
}

/** No problem without a token: the comment is optional, and must not keep the tables from being changed. */
function readCommentToken(read: InputReader): string | undefined {
  // Read in any case: from then on it is a known secret, which must not occur in outputs.
  const token = read.text('github-token')
  return read.choice('comment', ['true', 'false'], 'false') === 'true' ? token : undefined
}
