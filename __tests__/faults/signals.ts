/**
 * The committed bundle as a process, killed or cancelled at every call of every scenario. The next run completes the work.
 * A cancelled run ends by itself in time and reports its progress. No run writes a secret anywhere.
 */
import { type LoggedRequest, startSandbox } from '../../sandbox/sandbox.ts'
import { twoAccounts } from '../../sandbox/two-accounts.ts'
import { type RunnerResult, runAction, type StartedRun } from '../support/runner.ts'
import { leaksIn } from '../support/secret-scan.ts'
import { type End, findDifferences, findLosses, missingExplanations, readAccount, secretsFromNow } from './checks.ts'
import {
  account,
  createTables,
  filesOf,
  gitHub,
  type Inputs,
  inputsOf,
  ownTags,
  planInputs,
  pullRequest,
  region,
  repository,
  type Scenario,
  scenarios,
  sentToGitHub,
  tablesOf,
  timings,
} from './scenarios.ts'

export const signalScenarios: readonly Scenario[] = [
  ...scenarios,
  {
    name: 'plan, with a comment',
    inputs: { command: 'plan', comment: 'true', tags: 'team=planner' },
    prepare: (given) => createTables(given, { tags: { ...ownTags, team: 'other' } }),
  },
]

/** A signal at a moment of a call, and the calls that get no response from then on. */
export interface Signal {
  readonly name: string
  readonly signal: 'SIGINT' | 'SIGKILL'
  /** `before`: the call is performed only if it gets a response. `after`: it is performed in any case. */
  readonly moment: 'before' | 'after'
  readonly unanswered: 'nothing' | 'this call' | 'everything'
  /** Whether the signal comes again at every later call. */
  readonly again?: true
}

export const signals: readonly Signal[] = [
  { name: 'killed before a call', signal: 'SIGKILL', moment: 'before', unanswered: 'this call' },
  { name: 'killed after a call', signal: 'SIGKILL', moment: 'after', unanswered: 'this call' },
  { name: 'cancelled before an answered call', signal: 'SIGINT', moment: 'before', unanswered: 'nothing' },
  { name: 'cancelled before an unanswered call', signal: 'SIGINT', moment: 'before', unanswered: 'this call' },
  { name: 'cancelled after an unanswered call', signal: 'SIGINT', moment: 'after', unanswered: 'this call' },
  { name: 'cancelled, and nothing is answered after it', signal: 'SIGINT', moment: 'before', unanswered: 'everything' },
  { name: 'cancelled at every call', signal: 'SIGINT', moment: 'before', unanswered: 'nothing', again: true },
]

export interface SignalCase {
  readonly scenario: Scenario
  readonly signal: Signal
  /** The number of the request in the run, from 1 up. */
  readonly call: number
}

export interface SignalResult {
  /** False where the run made fewer calls this time, so that the signal was not sent. */
  readonly wasSent: boolean
  /** The time from SIGINT to the end of the process. */
  readonly milliseconds?: number
  /** Missing explanations and differences; empty where the case passes. */
  readonly unexplained: readonly string[]
  readonly lost: readonly string[]
  readonly leaked: readonly string[]
}

export interface SignalRuns {
  readonly countCalls: (scenario: Scenario) => Promise<number>
  readonly runCase: (each: SignalCase) => Promise<SignalResult>
  readonly close: () => Promise<void>
}

/** The time of the sandbox is faster than that of the process: a table is ACTIVE before the action first polls. */
const speed = 20

/** Each has a sandbox of its own, so that cases can run side by side. */
export async function startSignalRuns(): Promise<SignalRuns> {
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
    // Nothing uses the sandbox meanwhile, so its time can be set forward.
    while (!isSo(now())) skipped += 1000
  }

  async function begin({ prepare }: Scenario): Promise<void> {
    await sandbox.reset()
    await prepare?.({ hands, until })
    sandbox.clearRequests()
  }

  const runScenario = (scenario: Scenario, inputs: Inputs, onStart?: (started: StartedRun) => void) =>
    runAction({
      inputs,
      environment: { ...sandbox.environment, ...scenario.environment },
      workspaceFiles: filesOf(scenario),
      ...(onStart === undefined ? {} : { onStart }),
    })

  /** Runs the scenario and sends the signal at the call. */
  async function runWithSignal({
    scenario,
    signal,
    call,
  }: SignalCase): Promise<{ run: RunnerResult; wasSent: boolean }> {
    const { moment, unanswered, again = false } = signal
    let started: StartedRun | undefined
    let seen = 0
    const unwatch = sandbox.watch(async (when) => {
      if (when === moment) seen += 1
      const isTheCall = when === moment && seen === call
      if (isTheCall || (again && when === moment && seen > call)) started?.kill(signal.signal)
      if (isTheCall ? unanswered === 'nothing' : unanswered !== 'everything' || seen < call) return
      // The call gets no response while the process lives.
      await started?.exited
      throw new Error('The process has ended')
    })
    const run = await runScenario(scenario, inputsOf(scenario), (process) => {
      started = process
    })
    unwatch()
    return { run, wasSent: seen >= call }
  }

  return {
    countCalls: async (scenario) => {
      await begin(scenario)
      const { exitCode, stdout } = await runScenario(scenario, inputsOf(scenario))
      if (exitCode !== 0) throw new Error(`${scenario.name} fails without a signal: ${stdout}`)
      return sandbox.requests.length
    },
    runCase: async (each) => {
      const { scenario, signal } = each
      await begin(scenario)
      const secrets = secretsFromNow(sandbox, given)
      const before = await readAccount(hands, scenario)
      const { run: first, wasSent } = await runWithSignal(each)
      const seen = [...sandbox.requests]
      const second = await runScenario(scenario, inputsOf(scenario))
      const isPlan = scenario.inputs.command === 'plan'
      // A run with nothing to do is a plan as well.
      const hasPlanned = isPlan || second.outputs['has-changes'] === 'false'
      const plan = hasPlanned ? second : await runScenario(scenario, planInputs(scenario))

      const comments = sandbox.gitHub.comments(repository, pullRequest)
      const written = [first.written, second.written, plan.written, sentToGitHub(sandbox)]
      return {
        wasSent,
        ...(first.millisecondsAfterInterrupt === undefined ? {} : { milliseconds: first.millisecondsAfterInterrupt }),
        unexplained: [
          ...(signal.signal === 'SIGINT' && wasSent ? brokenPromises({ ...each, run: first, seen, second }) : []),
          // A plan changes nothing except its comment.
          ...(isPlan
            ? commentProblems(comments.length, second)
            : findDifferences(scenario, endOf(second), endOf(plan), hands)),
        ],
        lost: findLosses({
          scenario,
          before,
          after: await readAccount(hands, scenario),
          requests: sandbox.requests,
          // A killed run names items only before it writes them.
          messages: signal.signal === 'SIGKILL' ? first.stdout : messagesOf(first, ['error', 'warning']).join('\n'),
        }),
        leaked: leaksIn(written.join('\n'), secrets()),
      }
    },
    close: () => sandbox.close(),
  }
}

/** The longest time that the action promises after a cancellation. GitHub allows 7.5 s. */
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
  /** The requests that the sandbox had received when the run ended. */
  readonly seen: readonly LoggedRequest[]
  /** The next run. */
  readonly second: RunnerResult
}

/** Finds broken promises of a cancelled run. */
function brokenPromises({ scenario, signal, run, seen, second }: Cancelled): readonly string[] {
  const { exitCode, outputs, summary, millisecondsAfterInterrupt = 0 } = run
  const { command = 'apply' } = scenario.inputs
  const problems: string[] = []
  const expectThat = (condition: boolean, problem: string) => {
    if (!condition) problems.push(problem)
  }
  const most = mostMilliseconds(scenario)
  expectThat(millisecondsAfterInterrupt < most, `ended ${Math.round(millisecondsAfterInterrupt)} ms after SIGINT`)

  const hasPlanned = run.stdout.includes('::group::Plan')
  const hasWritten = seen.some(({ operation, isDone }) => writes.has(operation) && isDone)
  const hasFoundAccount = seen.some(({ service }) => service === 'dynamodb')
  const expected = [...(hasFoundAccount ? targetOutputs : []), ...(hasPlanned || hasWritten ? planOutputs : [])]
  // A table that the scenario does not define has no outputs of its own.
  const isDefined = (name: string) =>
    !name.includes('-table-') || tablesOf(scenario).some((table) => name.startsWith(table))
  const missing = expected.filter((name) => isDefined(name) && !outputs[name])
  expectThat(missing.length === 0, `outputs are missing: ${missing.join()}`)
  expectThat(outputs.changed !== 'false' || !hasWritten, 'reports no change, but made one')

  if (exitCode === 0) {
    // The signal came too late to stop anything.
    const isDone = command === 'plan' || command === 'verify' || second.outputs.changed === 'false'
    expectThat(isDone, 'reports success, but the next run had something to do')
    expectThat(wasOnlyCommentLeft(run) || signal.unanswered === 'nothing', 'reports success without a response')
  } else {
    expectThat(exitCode === 1, `ended with ${exitCode ?? run.signal}`)
    expectThat(summary.includes('The run was cancelled'), `the summary does not name the cancellation: ${summary}`)
    const hasBegun = hasPlanned && outputs['has-changes'] === 'true' && command !== 'plan'
    const reported = summary.match(rowWithResult)?.length ?? 0
    const isReported = reported === Number(outputs['changes-count'])
    expectThat(!hasBegun || isReported, `the summary does not report the result of each step: ${summary}`)
    const isVerifying = hasPlanned && command === 'verify'
    expectThat(
      !isVerifying || /sample items?/i.test(summary),
      `the summary does not report the sample items: ${summary}`,
    )
    problems.push(...missingExplanations(scenario, endOf(run)))
  }
  return problems
}

/** A row of the summary's table of changes, whose last cell has the result of the step. */
const rowWithResult = /^\| .* \| (?:✅ applied in .*|❌ .*|not started|begun; .*|done by another run|left for .*) \|$/gm

/** A comment that cannot be written is a warning, and never fails a run. */
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

/** Gives each piece of work the first free sandbox, in the order of the calls. */
export function shareRuns(all: readonly SignalRuns[]): WithRuns {
  const free = [...all]
  const waiting: ((runs: SignalRuns) => void)[] = []
  return async (work) => {
    const runs = free.pop() ?? (await new Promise<SignalRuns>((resolve) => waiting.push(resolve)))
    try {
      return await work(runs)
    } finally {
      const next = waiting.shift()
      if (next === undefined) free.push(runs)
      else next(runs)
    }
  }
}

export type WithRuns = <Result>(work: (runs: SignalRuns) => Promise<Result>) => Promise<Result>
