/**
 * The committed bundle as a process of its own, killed or cancelled at every call of every scenario. What a killed run leaves
 * behind, the next one brings to its end. A cancelled run ends by itself, in time, and tells how far it got. No run writes
 * a secret anywhere.
 */
import { type LoggedRequest, startSandbox } from '../../sandbox/sandbox.ts'
import { twoAccounts } from '../../sandbox/two-accounts.ts'
import { type RunnerResult, runAction, type StartedRun } from '../support/runner.ts'
import { leaksIn } from '../support/secret-scan.ts'
import { divergencesOf, type End, holdingsOf, lossesOf, secretsFromNow, untoldOf } from './checks.ts'
import {
  account,
  gitHub,
  type Inputs,
  inputsOf,
  makeTables,
  ownTags,
  planInputs,
  pullRequest,
  region,
  repository,
  type Scenario,
  scenarios,
  timings,
  toldToGitHub,
} from './scenarios.ts'

export const signalScenarios: readonly Scenario[] = [
  ...scenarios,
  {
    name: 'plan, with a comment',
    inputs: { command: 'plan', comment: 'true', tags: 'team=planner' },
    prepare: (given) => makeTables(given, { tags: { ...ownTags, team: 'other' } }),
  },
]

/** Which signal comes at which moment of a call, and what AWS and GitHub answer from then on. */
export interface Signal {
  readonly name: string
  readonly signal: 'SIGINT' | 'SIGKILL'
  /** `before`: the call is performed only if it is answered. `after`: it is performed in any case. */
  readonly moment: 'before' | 'after'
  readonly unanswered: 'nothing' | 'this call' | 'everything'
  /** Whether it comes again with every call after that, as from somebody who loses patience. */
  readonly again?: true
}

export const signals: readonly Signal[] = [
  { name: 'killed before it', signal: 'SIGKILL', moment: 'before', unanswered: 'this call' },
  { name: 'killed after it', signal: 'SIGKILL', moment: 'after', unanswered: 'this call' },
  { name: 'cancelled, and it is answered', signal: 'SIGINT', moment: 'before', unanswered: 'nothing' },
  { name: 'cancelled, and it is not answered', signal: 'SIGINT', moment: 'before', unanswered: 'this call' },
  { name: 'cancelled after it, its answer does not come', signal: 'SIGINT', moment: 'after', unanswered: 'this call' },
  { name: 'cancelled, and nothing is answered any more', signal: 'SIGINT', moment: 'before', unanswered: 'everything' },
  { name: 'cancelled again and again', signal: 'SIGINT', moment: 'before', unanswered: 'nothing', again: true },
]

export interface SignalCase {
  readonly scenario: Scenario
  readonly signal: Signal
  /** Of the run's requests, from 1 up. */
  readonly call: number
}

export interface SignalResult {
  /** False where the run made fewer calls this time, and so was not disturbed. */
  readonly wasSent: boolean
  /** From SIGINT to exit. */
  readonly milliseconds?: number
  /** What should not be; empty where the case ended well. */
  readonly unexplained: readonly string[]
  readonly lost: readonly string[]
  readonly leaked: readonly string[]
}

export interface SignalBed {
  readonly countCalls: (scenario: Scenario) => Promise<number>
  readonly runCase: (each: SignalCase) => Promise<SignalResult>
  readonly close: () => Promise<void>
}

/** Of the sandbox to the process's, which waits in real time: a table is there before the action first looks. */
const speed = 20

/** A sandbox of its own, so that cases may run side by side. */
export async function openSignalBed(): Promise<SignalBed> {
  const start = Date.now()
  let skipped = 0
  const now = () => start + (Date.now() - start) * speed + skipped
  const sandbox = await startSandbox({
    ...twoAccounts('dev'),
    now,
    timings,
    gitHub,
  })
  const given = sandbox.secrets.length
  const hands = sandbox.account(account, region)
  const until = async (isSo: (now: number) => boolean) => {
    // Nobody works on it meanwhile, so its time can be set forward.
    while (!isSo(now())) skipped += 1000
  }

  async function begin({ prepare }: Scenario): Promise<void> {
    await sandbox.reset()
    await prepare?.({ hands, until })
    sandbox.clearRequests()
  }

  const act = ({ environment }: Scenario, inputs: Inputs, onStart?: (started: StartedRun) => void) =>
    runAction({
      inputs,
      environment: { ...sandbox.environment, ...environment },
      ...(onStart === undefined ? {} : { onStart }),
    })

  /** Runs the scenario, and sends the signal at the call. */
  async function disturb({ scenario, signal, call }: SignalCase): Promise<{ run: RunnerResult; wasSent: boolean }> {
    const { moment, unanswered, again = false } = signal
    let started: StartedRun | undefined
    let seen = 0
    const unwatch = sandbox.watch(async (when) => {
      if (when === moment) seen += 1
      const isTheCall = when === moment && seen === call
      if (isTheCall || (again && when === moment && seen > call)) started?.kill(signal.signal)
      if (isTheCall ? unanswered === 'nothing' : unanswered !== 'everything' || seen < call) return
      // An answer that nobody waits for any more is no answer.
      await started?.exited
      throw new Error('The process is gone')
    })
    const run = await act(scenario, inputsOf(scenario), (process) => {
      started = process
    })
    unwatch()
    return { run, wasSent: seen >= call }
  }

  return {
    countCalls: async (scenario) => {
      await begin(scenario)
      const { exitCode, stdout } = await act(scenario, inputsOf(scenario))
      if (exitCode !== 0) throw new Error(`${scenario.name} fails without a signal: ${stdout}`)
      return sandbox.requests.length
    },
    runCase: async (each) => {
      const { scenario, signal } = each
      await begin(scenario)
      const secrets = secretsFromNow(sandbox, given)
      const before = await holdingsOf(hands)
      const { run: first, wasSent } = await disturb(each)
      const seen = [...sandbox.requests]
      const second = await act(scenario, inputsOf(scenario))
      const isPlan = scenario.inputs.command === 'plan'
      // A run that finds nothing to do has planned, and is the look that is wanted.
      const isLook = isPlan || second.outputs['has-changes'] === 'false'
      const plan = isLook ? second : await act(scenario, planInputs(scenario))

      const comments = sandbox.gitHub.comments(repository, pullRequest)
      const written = [first.written, second.written, plan.written, toldToGitHub(sandbox)]
      return {
        wasSent,
        ...(first.millisecondsAfterInterrupt === undefined ? {} : { milliseconds: first.millisecondsAfterInterrupt }),
        unexplained: [
          ...(signal.signal === 'SIGINT' ? unexplainedBy({ ...each, run: first, seen, second }) : []),
          // A plan brings nothing about, but its comment.
          ...(isPlan
            ? commentProblems(comments.length, second)
            : divergencesOf(scenario, endOf(second), endOf(plan), hands)),
        ],
        lost: lossesOf({
          scenario,
          before,
          after: await holdingsOf(hands),
          requests: sandbox.requests,
          // Who was killed has only what it said before.
          told: signal.signal === 'SIGKILL' ? first.stdout : messagesOf(first, ['error', 'warning']).join('\n'),
        }),
        leaked: leaksIn(written.join('\n'), secrets()),
      }
    },
    close: () => sandbox.close(),
  }
}

/** What a cancelled job has: 7.5 s on GitHub, of which the action promises to take less. */
const mostMilliseconds = (scenario: Scenario) => (scenario.inputs.command === 'verify' ? 5000 : 2000)

const targetOutputs = ['aws-account-id', 'aws-region']
const planOutputs = [
  'tenant-table-arn',
  'users-table-arn',
  'tenant-table-name',
  'users-table-name',
  'tables',
  'has-changes',
  'changes-count',
  'changed',
  'plan',
  'plan-digest',
  'plan-file',
  'tenant-access-policy',
]
const writes = new Set(['CreateTable', 'DeleteTable', 'TagResource', 'UpdateContinuousBackups', 'UpdateTable'])

interface Cancelled extends SignalCase {
  readonly run: RunnerResult
  /** What the sandbox had performed when the run ended. */
  readonly seen: readonly LoggedRequest[]
  /** The run after it. */
  readonly second: RunnerResult
}

/** What a cancelled run promises, and did not do. */
function unexplainedBy({ scenario, signal, run, seen, second }: Cancelled): readonly string[] {
  const { exitCode, outputs, summary, millisecondsAfterInterrupt = 0 } = run
  const { command = 'apply' } = scenario.inputs
  const problems: string[] = []
  const should = (isSo: boolean, otherwise: string) => {
    if (!isSo) problems.push(otherwise)
  }
  const most = mostMilliseconds(scenario)
  should(millisecondsAfterInterrupt < most, `ended ${Math.round(millisecondsAfterInterrupt)} ms after SIGINT`)

  const hasPlanned = run.stdout.includes('::group::Plan')
  const hasWritten = seen.some(({ operation, isDone }) => writes.has(operation) && isDone)
  const hasFoundAccount = seen.some(({ service }) => service === 'dynamodb')
  const expected = [...(hasFoundAccount ? targetOutputs : []), ...(hasPlanned || hasWritten ? planOutputs : [])]
  const missing = expected.filter((name) => !outputs[name])
  should(missing.length === 0, `outputs are missing: ${missing.join()}`)
  should(outputs.changed !== 'false' || !hasWritten, 'says that nothing was changed, but something was')

  if (exitCode === 0) {
    // The signal came when nothing was left to be stopped.
    const isDone = command === 'plan' || command === 'verify' || second.outputs.changed === 'false'
    should(isDone, 'says that it succeeded, but the run after it had something to do')
    should(wasOnlyCommentLeft(run) || signal.unanswered === 'nothing', 'says that it succeeded without an answer')
  } else {
    should(exitCode === 1, `ended with ${exitCode ?? run.signal}`)
    should(summary.includes('The run was cancelled'), `the summary does not say why: ${summary}`)
    const hasBegun = hasPlanned && outputs['has-changes'] === 'true' && command !== 'plan'
    should(!hasBegun || summary.includes('Done before: '), `the summary does not say how far it got: ${summary}`)
    const isVerifying = hasPlanned && command === 'verify'
    should(!isVerifying || /sample items?/i.test(summary), `the summary does not tell of its items: ${summary}`)
    problems.push(...untoldOf(scenario, endOf(run)))
  }
  return problems
}

/** A comment is never worth a failure: where it cannot be written, a warning says so. */
function wasOnlyCommentLeft(run: RunnerResult): boolean {
  return messagesOf(run, ['warning']).some((message) =>
    message.startsWith('The pull request comment could not be written. The run was cancelled.'),
  )
}

function commentProblems(comments: number, second: RunnerResult): readonly string[] {
  return [
    ...(second.exitCode === 0 ? [] : [`did not converge: ${endOf(second).errors.join()}`]),
    ...(comments === 1 ? [] : [`there are ${comments} comments`]),
  ]
}

function endOf(run: RunnerResult): End {
  return { exitCode: run.exitCode, outputs: run.outputs, errors: messagesOf(run, ['error']) }
}

function messagesOf({ commands }: RunnerResult, levels: readonly string[]): readonly string[] {
  return commands.filter(({ command }) => levels.includes(command)).map(({ message }) => message)
}

/** Gives each work the first bed that is free, in the order of asking. */
export function shareBeds(beds: readonly SignalBed[]): WithBed {
  const free = [...beds]
  const waiting: ((bed: SignalBed) => void)[] = []
  return async (work) => {
    const bed = free.pop() ?? (await new Promise<SignalBed>((resolve) => waiting.push(resolve)))
    try {
      return await work(bed)
    } finally {
      const next = waiting.shift()
      if (next === undefined) free.push(bed)
      else next(bed)
    }
  }
}

export type WithBed = <Result>(work: (bed: SignalBed) => Promise<Result>) => Promise<Result>
