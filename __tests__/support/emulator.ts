/**
 * The action in this process against the sandbox, in virtual time: the clock stands still while a request is in progress,
 * and jumps to the next wait that ends when none is. So tests can check deadlines to the millisecond.
 */
import { jest } from '@jest/globals'
import type { RequestedOperation } from '../../sandbox/request-log.ts'
import {
  type AccountHands,
  type Sandbox,
  type SandboxOptions,
  startSandbox,
  type Watcher,
} from '../../sandbox/sandbox.ts'
import { externalId, hubRole, provisionerRole, twoAccounts } from '../../sandbox/two-accounts.ts'
import { main } from '../../src/main.ts'
import type { TimeOuts } from '../../src/network/network.ts'
import { type PassingClock, virtualClock } from './clock.ts'
import { type RecordedRun, type RecordingRunner, recordingRunner } from './recording-runner.ts'

type Strings = Readonly<Record<string, string>>
type Selection = (request: RequestedOperation) => boolean

export interface TimedRun extends RecordedRun {
  /** The duration by the clock of the run, in milliseconds. */
  readonly took: number
}

export interface Emulator {
  readonly sandbox: Sandbox
  readonly clock: PassingClock
  /** The account with the tables. */
  readonly hands: AccountHands
  /** Runs the action once, in environment dev through the hub account unless the inputs say otherwise. */
  readonly runAction: (inputs?: Strings, job?: Job) => Promise<TimedRun>
  /** Does the work of a run without `main`, and watches its requests. */
  readonly perform: <Result>(work: () => Promise<Result>, watcher?: Watcher) => Promise<Result>
  /** Sends no response to these requests until the next `reset`. */
  readonly hold: (matches: Selection) => void
  /** Calls `then` once, when the first of these requests has been performed and before its response. */
  readonly afterRequest: (matches: Selection, then: () => void) => void
  /** Ends held requests, and deletes tables, comments, the log of requests, faults and callbacks of `afterRequest`. */
  readonly reset: () => Promise<void>
  /** The number of requests, or of those that got this error. */
  readonly count: (operation: string, error?: string) => number
  readonly close: () => Promise<void>
}

export interface Job {
  readonly environment?: Strings
  /** The payload of the event that started the job. */
  readonly event?: unknown
  /** The content of files in the workspace, by path. */
  readonly files?: Strings
  readonly timeOuts?: TimeOuts
  /** How far the clock of the runner is ahead of AWS's, in milliseconds. */
  readonly clockOffBy?: number
  /** Watches the requests of this run. */
  readonly watch?: (runner: RecordingRunner) => Watcher
}

/** Turns of the event loop that a request takes, at most, from one end of a connection in this process to the other. */
const turnsOfARequest = 15

const never = () => false

/** The SDK reads its endpoint from the environment of the process, so a process has one emulator at a time. */
export async function startEmulator(options: SandboxOptions = {}): Promise<Emulator> {
  let [arrived, inProgress, held, skew] = [0, 0, 0, 0]
  let release: (() => void)[] = []
  let isHeld: Selection = never
  let watchRun: Watcher = () => undefined
  let awaited: { readonly matches: Selection; readonly then: () => void }[] = []

  const quiet = async () => {
    for (let still = 0; still < turnsOfARequest; ) {
      const before = arrived
      await nextTurn()
      still = inProgress > held || arrived !== before ? 0 : still + 1
    }
  }
  const clock = virtualClock({ quiet })
  const sandbox = await startSandbox({
    ...twoAccounts('dev'),
    now: clock.now,
    // AWS's limit. The SDK signs with this clock, too.
    signatureLifetimeMilliseconds: 300_000,
    ...options,
  })
  process.env.AWS_ENDPOINT_URL = sandbox.url
  const realNow = jest.spyOn(Date, 'now').mockImplementation(() => clock.now() + skew)

  sandbox.watch(async (moment, request) => {
    arrived += 1
    if (moment === 'after') {
      inProgress -= 1
      const due = awaited.filter(({ matches }) => matches(request))
      awaited = awaited.filter((each) => !due.includes(each))
      for (const { then } of due) then()
      return await watchRun(moment, request)
    }
    inProgress += 1
    try {
      await watchRun(moment, request)
    } catch (error) {
      inProgress -= 1
      throw error
    }
    if (!isHeld(request)) return
    held += 1
    await new Promise<void>((resolve) => release.push(resolve))
    throw new Error('This request gets no response')
  })

  /** Waits until the requests that an ended run left behind have been performed. */
  const settle = async () => {
    while (inProgress > held) await nextTurn()
  }

  const reset = async () => {
    await settle()
    for (const end of release) end()
    isHeld = never
    awaited = []
    release = []
    await nextTurn()
    inProgress = 0
    held = 0
    sandbox.faults.clear()
    await sandbox.reset()
    sandbox.clearRequests()
  }

  const runAction = async (inputs: Strings = {}, job: Job = {}): Promise<TimedRun> => {
    const runner = recordingRunner(
      {
        environment: 'dev',
        'aws-region': 'ap-south-1',
        'role-to-assume': `${hubRole}\n${provisionerRole}`,
        'role-external-id': externalId,
        ...inputs,
      },
      { ...sandbox.environment, GITHUB_REPOSITORY: 'acme/app', GITHUB_RUN_ID: '42', ...job.environment },
    )
    runner.recorded.event = job.event
    Object.assign(runner.recorded.files, job.files)
    skew = job.clockOffBy ?? 0
    watchRun = job.watch?.(runner) ?? (() => undefined)
    const start = clock.now()
    await main(runner, { ...clock, now: Date.now }, job.timeOuts)
    const took = clock.now() - start
    await settle()
    watchRun = () => undefined
    return { ...runner.recorded, took }
  }

  // The first run loads Octokit and the files of the SDK's configuration in real time, during which the clock would jump.
  await runAction(
    { command: 'plan', comment: 'true', 'github-token': 'ghs_nobody' },
    { environment: { GITHUB_EVENT_NAME: 'pull_request' }, event: { pull_request: { number: 7 } } },
  )
  await reset()

  return {
    sandbox,
    clock,
    hands: sandbox.account('222222222222', 'ap-south-1'),
    runAction,
    perform: async (work, watcher = () => undefined) => {
      watchRun = watcher
      try {
        return await work()
      } finally {
        await settle()
        watchRun = () => undefined
      }
    },
    hold: (matches) => {
      const before = isHeld
      isHeld = (request) => before(request) || matches(request)
    },
    afterRequest: (matches, then) => void awaited.push({ matches, then }),
    reset,
    count: (operation, error) =>
      sandbox.requests.filter((each) => each.operation === operation && (error === undefined || each.error === error))
        .length,
    close: async () => {
      await reset()
      realNow.mockRestore()
      delete process.env.AWS_ENDPOINT_URL
      await sandbox.close()
    },
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
