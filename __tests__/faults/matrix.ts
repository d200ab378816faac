/**
 * Every call of every scenario, broken in every way, one at a time. A case ends well when the run succeeds, or fails with an
 * error that says what to do; when the run after it converges; and when no item, no table and no id was lost on the way.
 */
import type { Fault } from '../../sandbox/faults.ts'
import { type Sandbox, startSandbox, type Watcher } from '../../sandbox/sandbox.ts'
import { twoAccounts } from '../../sandbox/two-accounts.ts'
import { main } from '../../src/main.ts'
import { fastClock } from '../support/clock.ts'
import { type RecordedRun, recordingRunner } from '../support/recording-runner.ts'
import { defaultToken } from '../support/runner.ts'
import { leaksIn } from '../support/secret-scan.ts'
import { divergencesOf, holdingsOf, lossesOf, secretsFromNow, untoldOf } from './checks.ts'
import {
  account,
  gitHub,
  type Inputs,
  inputsOf,
  planInputs,
  region,
  repository,
  type Scenario,
  timings,
  toldToGitHub,
} from './scenarios.ts'

/** How a call is broken. Severed: from there on nothing of the run arrives. The process itself is killed in `signals.ts`. */
export type Break =
  | { readonly name: string; readonly fault: Omit<Fault, 'after'> }
  | { readonly name: string; readonly severed: 'before' | 'after' }

export const breaks: readonly Break[] = [
  { name: 'throttled', fault: { kind: 'throttle' } },
  { name: 'answered 500', fault: { kind: 'error', status: 500 } },
  { name: 'answered 503', fault: { kind: 'error', status: 503, errorName: 'ServiceUnavailable' } },
  { name: 'reset', fault: { kind: 'reset' } },
  { name: 'cut off in the middle', fault: { kind: 'cut' } },
  { name: 'later than the time-out', fault: { kind: 'delay', milliseconds: 400 } },
  { name: 'answered with a page', fault: { kind: 'html' } },
  { name: 'answered with a page that says 200', fault: { kind: 'html', status: 200 } },
  { name: 'answered with a page that says 403', fault: { kind: 'html', status: 403 } },
  { name: 'denied', fault: { kind: 'error', status: 400, errorName: 'AccessDeniedException' } },
  { name: 'answered 500 from it on', fault: { kind: 'error', status: 500, times: Number.POSITIVE_INFINITY } },
  { name: 'done, its answer lost', fault: { kind: 'lost-answer' } },
  { name: 'severed from AWS before it', severed: 'before' },
  { name: 'severed from AWS after it', severed: 'after' },
]

export interface Case {
  readonly scenario: Scenario
  readonly broken: Break
  /** Of the run's requests, from 1 up. */
  readonly call: number
}

export interface CaseResult {
  readonly succeeded: boolean
  /** The run that was disturbed. */
  readonly first: RecordedRun
  /** What the runs after it did not bring about; of what should not be a part. */
  readonly diverged: readonly string[]
  /** What should not be; empty where the case ended well. */
  readonly unexplained: readonly string[]
  readonly lost: readonly string[]
  /** Secrets in what was written. */
  readonly leaked: readonly string[]
}

export interface FaultBed {
  readonly sandbox: Sandbox
  readonly countCalls: (scenario: Scenario) => Promise<number>
  readonly runCase: (each: Case) => Promise<CaseResult>
  readonly close: () => Promise<void>
}

/** Milliseconds: long for this machine, short beside the delay that is to exceed them. */
const timeOuts = { connect: 2000, request: 250 }

/** The SDK finds its endpoint in the environment of the process, so a process has one bed at a time. */
export async function openBed(speed = 200): Promise<FaultBed> {
  const clock = fastClock(speed)
  const sandbox = await startSandbox({ ...twoAccounts('dev'), now: clock.now, timings, gitHub })
  process.env.AWS_ENDPOINT_URL = sandbox.url
  const given = sandbox.secrets.length
  const hands = sandbox.account(account, region)
  let underWay = 0
  sandbox.watch((moment) => {
    underWay += moment === 'before' ? 1 : -1
  })

  async function act({ environment }: Scenario, inputs: Inputs): Promise<RecordedRun> {
    const commit = gitHub.pullRequests?.[0]?.mergeCommitSha
    const job = { GITHUB_REPOSITORY: repository, GITHUB_EVENT_NAME: 'push', GITHUB_SHA: commit }
    const runner = recordingRunner(
      { 'github-token': defaultToken, ...inputs },
      { ...job, ...sandbox.environment, ...environment },
    )
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
      const { exitCode, errors } = await act(scenario, inputsOf(scenario))
      if (exitCode !== 0) throw new Error(`${scenario.name} fails without a fault: ${errors.join()}`)
      return sandbox.requests.length
    },
    runCase: async ({ scenario, broken, call }) => {
      await begin(scenario)
      const secrets = secretsFromNow(sandbox, given)
      const before = await holdingsOf(hands)

      const isFault = 'fault' in broken
      if (isFault) sandbox.faults.add({ ...broken.fault, after: call - 1 })
      const unwatch = isFault ? undefined : sandbox.watch(severedAt(call, broken.severed))
      const first = await act(scenario, inputsOf(scenario))
      unwatch?.()
      sandbox.faults.clear()
      // What is late must arrive in this case, not in the next one. Of a severed run nothing is late.
      while (isFault && underWay > 0) await new Promise((resolve) => setImmediate(resolve))
      underWay = 0

      const second = await act(scenario, inputsOf(scenario))
      const plan = await act(scenario, planInputs(scenario))
      const diverged = divergencesOf(scenario, second, plan, hands)
      return {
        first,
        diverged,
        succeeded: first.exitCode === 0,
        unexplained: [...untoldOf(scenario, first), ...diverged],
        lost: lossesOf({
          scenario,
          before,
          after: await holdingsOf(hands),
          requests: sandbox.requests,
          // Who was severed, and who was told that an item is gone, has only what it said before.
          told: (isFault && broken.fault.kind !== 'answer' ? [...first.errors, ...first.warnings] : first.lines).join(),
        }),
        leaked: leaksIn([...[first, second, plan].map(writtenBy), toldToGitHub(sandbox)].join('\n'), secrets()),
      }
    },
    close: async () => {
      delete process.env.AWS_ENDPOINT_URL
      await sandbox.close()
    },
  }
}

/** From that call on nothing of the run arrives any more. */
function severedAt(call: number, moment: 'before' | 'after'): Watcher {
  let seen = 0
  return (when) => {
    if (when === 'before') seen += 1
    if (seen > call || (seen === call && when === moment)) throw new Error('No way to AWS any more')
  }
}

/** All that there is of it, but the masks. */
function writtenBy(recorded: RecordedRun): string {
  return JSON.stringify({ ...recorded, masked: [] })
}
