/**
 * Every call of every scenario with every fault, one at a time. A case passes when the run succeeds or fails with a remedy,
 * the next run converges, and no table or item is lost.
 */
import type { Fault } from '../../sandbox/faults.ts'
import { type Sandbox, startSandbox, type Watcher } from '../../sandbox/sandbox.ts'
import { twoAccounts } from '../../sandbox/two-accounts.ts'
import { main } from '../../src/main.ts'
import { fastClock } from '../support/clock.ts'
import { type RecordedRun, recordingRunner } from '../support/recording-runner.ts'
import { defaultToken } from '../support/runner.ts'
import { leaksIn } from '../support/secret-scan.ts'
import { findDifferences, findLosses, missingExplanations, readAccount, secretsFromNow } from './checks.ts'
import {
  account,
  filesOf,
  gitHub,
  type Inputs,
  inputsOf,
  planInputs,
  region,
  repository,
  type Scenario,
  sentToGitHub,
  timings,
} from './scenarios.ts'

/** A fault of one call. From a severed call on, no request of the run arrives. `signals.ts` kills the process itself. */
export type CallFault =
  | { readonly name: string; readonly fault: Omit<Fault, 'after'> }
  | { readonly name: string; readonly severed: 'before' | 'after' }

export const callFaults: readonly CallFault[] = [
  { name: 'throttled', fault: { kind: 'throttle' } },
  { name: 'answered 500', fault: { kind: 'error', status: 500 } },
  { name: 'answered 503', fault: { kind: 'error', status: 503, errorName: 'ServiceUnavailable' } },
  { name: 'reset', fault: { kind: 'reset' } },
  { name: 'cut off within the response', fault: { kind: 'cut' } },
  { name: 'answered after the time-out', fault: { kind: 'delay', milliseconds: 400 } },
  { name: 'answered with an HTML page', fault: { kind: 'html' } },
  { name: 'answered with an HTML page and status 200', fault: { kind: 'html', status: 200 } },
  { name: 'answered with an HTML page and status 403', fault: { kind: 'html', status: 403 } },
  { name: 'denied', fault: { kind: 'error', status: 400, errorName: 'AccessDeniedException' } },
  {
    name: 'answered 500, as are all calls after it',
    fault: { kind: 'error', status: 500, times: Number.POSITIVE_INFINITY },
  },
  { name: 'performed, but its response is lost', fault: { kind: 'lost-answer' } },
  { name: 'severed before it is performed', severed: 'before' },
  { name: 'severed after it is performed', severed: 'after' },
]

export interface Case {
  readonly scenario: Scenario
  readonly callFault: CallFault
  /** The number of the request in the run, from 1 up. */
  readonly call: number
}

export interface CaseResult {
  readonly succeeded: boolean
  /** The run with the fault. */
  readonly first: RecordedRun
  /** Differences that the next runs left. Part of `unexplained`. */
  readonly diverged: readonly string[]
  /** Missing explanations and differences; empty where the case passes. */
  readonly unexplained: readonly string[]
  readonly lost: readonly string[]
  /** Secrets in anything that the runs wrote. */
  readonly leaked: readonly string[]
}

export interface FaultRuns {
  readonly sandbox: Sandbox
  readonly countCalls: (scenario: Scenario) => Promise<number>
  readonly runCase: (each: Case) => Promise<CaseResult>
  readonly close: () => Promise<void>
}

/** Milliseconds: long for this machine, and shorter than the delay that must exceed them. */
const timeOuts = { connect: 2000, request: 250 }

/** The SDK reads its endpoint from the environment of the process, so a process has one of these at a time. */
export async function startFaultRuns(speed = 200): Promise<FaultRuns> {
  const clock = fastClock(speed)
  const sandbox = await startSandbox({ ...twoAccounts('dev'), now: clock.now, timings, gitHub })
  process.env.AWS_ENDPOINT_URL = sandbox.url
  const given = sandbox.secrets.length
  const hands = sandbox.account(account, region)
  let inProgress = 0
  sandbox.watch((moment) => {
    inProgress += moment === 'before' ? 1 : -1
  })

  async function runAction(scenario: Scenario, inputs: Inputs): Promise<RecordedRun> {
    const { environment } = scenario
    const commit = gitHub.pullRequests?.[0]?.mergeCommitSha
    const job = { GITHUB_REPOSITORY: repository, GITHUB_EVENT_NAME: 'push', GITHUB_SHA: commit }
    const runner = recordingRunner(
      { 'github-token': defaultToken, ...inputs },
      { ...job, ...sandbox.environment, ...environment },
    )
    Object.assign(runner.recorded.files, filesOf(scenario))
    await main(runner, clock, timeOuts)
    return runner.recorded
  }

  async function begin({ prepare }: Scenario): Promise<void> {
    sandbox.faults.clear()
    await sandbox.reset()
    await prepare?.({ hands, until })
    sandbox.clearRequests()
  }

  const until = async (isSo: (now: number) => boolean) => {
    while (!isSo(clock.now())) await new Promise((resolve) => setImmediate(resolve))
  }

  return {
    sandbox,
    countCalls: async (scenario) => {
      await begin(scenario)
      const { exitCode, errors } = await runAction(scenario, inputsOf(scenario))
      if (exitCode !== 0) throw new Error(`${scenario.name} fails without a fault: ${errors.join()}`)
      return sandbox.requests.length
    },
    runCase: async ({ scenario, callFault, call }) => {
      await begin(scenario)
      const secrets = secretsFromNow(sandbox, given)
      const before = await readAccount(hands, scenario)

      const isFault = 'fault' in callFault
      if (isFault) sandbox.faults.add({ ...callFault.fault, after: call - 1 })
      const unwatch = isFault ? undefined : sandbox.watch(severedAt(call, callFault.severed))
      const first = await runAction(scenario, inputsOf(scenario))
      unwatch?.()
      sandbox.faults.clear()
      // Late requests must be performed in this case, not in the next one. A severed run has none.
      while (isFault && inProgress > 0) await new Promise((resolve) => setImmediate(resolve))
      inProgress = 0

      const second = await runAction(scenario, inputsOf(scenario))
      const plan = await runAction(scenario, planInputs(scenario))
      const diverged = findDifferences(scenario, second, plan, hands)
      const mayArriveLate = isFault && callFault.fault.kind === 'delay'
      return {
        first,
        diverged,
        succeeded: first.exitCode === 0,
        unexplained: [...missingExplanations(scenario, first, mayArriveLate), ...diverged],
        lost: findLosses({
          scenario,
          before,
          after: await readAccount(hands, scenario),
          requests: sandbox.requests,
          mayArriveLate,
          // A severed run, and one that got a false response to a deletion, name items only before they write them.
          messages: (isFault && callFault.fault.kind !== 'answer'
            ? [...first.errors, ...first.warnings]
            : first.lines
          ).join(),
        }),
        leaked: leaksIn([...[first, second, plan].map(writtenBy), sentToGitHub(sandbox)].join('\n'), secrets()),
      }
    },
    close: async () => {
      delete process.env.AWS_ENDPOINT_URL
      await sandbox.close()
    },
  }
}

/** Closes the connection of this call and of every later one. */
function severedAt(call: number, moment: 'before' | 'after'): Watcher {
  let seen = 0
  return (when) => {
    if (when === 'before') seen += 1
    if (seen > call || (seen === call && when === moment)) throw new Error('The connection is severed')
  }
}

/** Everything that a run wrote, apart from the masks. */
function writtenBy(recorded: RecordedRun): string {
  return JSON.stringify({ ...recorded, masked: [] })
}
