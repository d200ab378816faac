/**
 * The action in this process against the sandbox, in a time that stands still while anything is on its way between them, and
 * jumps to the next thing that is waited for when nothing is. So a deadline is kept, or not, to the millisecond.
 */
import { jest } from '@jest/globals'
import type { RequestedOperation } from '../../sandbox/request-log.ts'
import { type AccountHands, type Sandbox, type SandboxOptions, startSandbox } from '../../sandbox/sandbox.ts'
import { externalId, hubRole, provisionerRole, twoAccounts } from '../../sandbox/two-accounts.ts'
import { main } from '../../src/main.ts'
import type { TimeOuts } from '../../src/network/network.ts'
import { type PassingClock, virtualClock } from './clock.ts'
import { type RecordedRun, recordingRunner } from './recording-runner.ts'

type Strings = Readonly<Record<string, string>>

export interface StillRun extends RecordedRun {
  /** How long the run took, by its own clock, in milliseconds. */
  readonly took: number
}

export interface StillBed {
  readonly sandbox: Sandbox
  readonly clock: PassingClock
  readonly hands: AccountHands
  /** One run in environment dev, through the hub. */
  readonly act: (inputs?: Strings, job?: Job) => Promise<StillRun>
  /** From now on no answer comes to these requests, until the next `begin`. */
  readonly hold: (matches: (request: RequestedOperation) => boolean) => void
  /** Runs once, when the first of these requests is done and not yet answered. */
  readonly after: (matches: (request: RequestedOperation) => boolean, then: () => void) => void
  /** Lets go of everything, and forgets all tables, requests, faults and what was armed. */
  readonly begin: () => Promise<void>
  readonly count: (operation: string, error?: string) => number
  readonly close: () => Promise<void>
}

export interface Job {
  readonly environment?: Strings
  readonly event?: unknown
  readonly timeOuts?: TimeOuts
  /** How far the runner's clock is ahead of AWS's, in milliseconds. */
  readonly clockOffBy?: number
}

/** So many turns of the event loop take a request from one end of a connection in this process to the other. */
const turnsOfARequest = 15

/** The SDK finds its endpoint in the environment of the process, so a process has one bed at a time. */
export async function openStillBed(options: SandboxOptions = {}): Promise<StillBed> {
  let [arrived, underWay, held, skew] = [0, 0, 0, 0]
  let release: (() => void)[] = []
  let holds: ((request: RequestedOperation) => boolean)[] = []
  let armed: { readonly matches: (request: RequestedOperation) => boolean; readonly then: () => void }[] = []

  const quiet = async () => {
    for (let still = 0; still < turnsOfARequest; ) {
      const before = arrived
      await new Promise((resolve) => setImmediate(resolve))
      still = underWay > held || arrived !== before ? 0 : still + 1
    }
  }
  const clock = virtualClock({ quiet })
  const sandbox = await startSandbox({
    ...twoAccounts('dev'),
    now: clock.now,
    // The SDK's clock is this one too, see below, so it can be held to it.
    signatureLifetimeMilliseconds: 300_000,
    ...options,
  })
  process.env.AWS_ENDPOINT_URL = sandbox.url
  const realNow = jest.spyOn(Date, 'now').mockImplementation(() => clock.now() + skew)

  sandbox.watch(async (moment, request) => {
    arrived += 1
    if (moment === 'after') {
      underWay -= 1
      const due = armed.filter(({ matches }) => matches(request))
      armed = armed.filter((each) => !due.includes(each))
      for (const { then } of due) then()
      return
    }
    underWay += 1
    if (!holds.some((matches) => matches(request))) return
    held += 1
    await new Promise<void>((resolve) => release.push(resolve))
    throw new Error('Nobody waits for this answer any more')
  })

  /** What a run gave up, or left behind, is done. */
  const calm = async () => {
    while (underWay > held) await new Promise((resolve) => setImmediate(resolve))
  }
  const begin = async () => {
    await calm()
    for (const letGo of release) letGo()
    holds = []
    armed = []
    release = []
    await new Promise((resolve) => setImmediate(resolve))
    underWay = 0
    held = 0
    sandbox.faults.clear()
    await sandbox.reset()
    sandbox.clearRequests()
  }

  return {
    sandbox,
    clock,
    hands: sandbox.account('222222222222', 'ap-south-1'),
    begin,
    hold: (matches) => void holds.push(matches),
    after: (matches, then) => void armed.push({ matches, then }),
    count: (operation, error) =>
      sandbox.requests.filter((each) => each.operation === operation && (error === undefined || each.error === error))
        .length,
    act: async (inputs = {}, job = {}) => {
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
      skew = job.clockOffBy ?? 0
      const began = clock.now()
      await main(runner, { ...clock, now: Date.now }, job.timeOuts)
      const took = clock.now() - began
      await calm()
      return { ...runner.recorded, took }
    },
    close: async () => {
      await begin()
      realNow.mockRestore()
      delete process.env.AWS_ENDPOINT_URL
      await sandbox.close()
    },
  }
}
