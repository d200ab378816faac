/** The life of two tables, in this process, against the sandbox: what holds when a run ends at any call, or goes on. */
import { type Sandbox, startSandbox, type Watcher } from '../sandbox/sandbox.ts'
import { externalId, hubRole, provisionerRole, twoAccounts } from '../sandbox/two-accounts.ts'
import { main } from '../src/main.ts'
import { systemClock } from '../src/run/run.ts'
import { fastClock } from './support/clock.ts'
import { renderAsGitHub } from './support/github-markdown.ts'
import { type RecordedRun, recordingRunner } from './support/recording-runner.ts'

const repository = 'acme/app'
const clock = fastClock(50)
const writer = 'ghs_writerOfComments'
let sandbox: Sandbox

beforeAll(async () => {
  sandbox = await startSandbox({
    ...twoAccounts('dev'),
    now: clock.now,
    gitHub: {
      tokens: [
        {
          token: writer,
          login: 'github-actions[bot]',
          type: 'Bot',
          permissions: { contents: 'read', 'pull-requests': 'write' },
        },
        {
          token: 'ghs_fork',
          login: 'github-actions[bot]',
          type: 'Bot',
          permissions: { contents: 'read', 'pull-requests': 'read' },
        },
      ],
      pullRequests: [
        { repository, number: 7, state: 'merged', headSha: 'aaaa', mergeCommitSha: 'cccc' },
        { repository, number: 42, state: 'open', headSha: 'abcd' },
        { repository, number: 43, state: 'open', headSha: 'dddd' },
        { repository, number: 44, state: 'open', headSha: 'dddd' },
      ],
      commits: [{ repository, sha: 'eeee' }],
    },
  })
})
beforeEach(async () => {
  await sandbox.reset()
  sandbox.clearRequests()
})
afterAll(() => sandbox.close())

interface Job {
  /** Default: push. */
  readonly eventName?: string
  readonly environment?: Readonly<Record<string, string>>
  readonly event?: unknown
  readonly watcher?: (runner: ReturnType<typeof recordingRunner>) => Watcher
  readonly clock?: typeof systemClock
}

/** The action, once, as a job in environment dev would run it. */
async function act(inputs: Readonly<Record<string, string>>, job: Job = {}): Promise<RecordedRun> {
  const runner = recordingRunner(
    {
      environment: 'dev',
      'aws-region': 'ap-south-1',
      'role-to-assume': `${hubRole}\n${provisionerRole}`,
      'role-external-id': externalId,
      ...inputs,
    },
    {
      ...sandbox.environment,
      GITHUB_REPOSITORY: repository,
      GITHUB_SERVER_URL: 'https://github.com',
      GITHUB_RUN_ID: '42',
      GITHUB_EVENT_NAME: job.eventName ?? 'push',
      ...job.environment,
    },
  )
  runner.recorded.event = job.event
  // The SDK takes its endpoint from the process it runs in.
  const before = process.env.AWS_ENDPOINT_URL
  process.env.AWS_ENDPOINT_URL = sandbox.url
  const unwatch = job.watcher === undefined ? () => undefined : sandbox.watch(job.watcher(runner))
  try {
    await main(runner, job.clock ?? clock)
  } finally {
    unwatch()
    if (before === undefined) delete process.env.AWS_ENDPOINT_URL
    else process.env.AWS_ENDPOINT_URL = before
  }
  return runner.recorded
}

const hands = () => sandbox.account('222222222222', 'ap-south-1')
const writes = () =>
  sandbox.requests.filter(
    ({ service, operation }) => service === 'dynamodb' && !/^(Describe|List|Get|Query)/.test(operation),
  )

describe('one comment', () => {
  const onPullRequest: Job = { eventName: 'pull_request', event: { pull_request: { number: 7 } } }
  const onMerge: Job = { event: { ref: 'refs/heads/main' }, environment: { GITHUB_SHA: 'cccc' } }
  const comment = { comment: 'true', 'github-token': writer }
  const comments = () => sandbox.gitHub.comments(repository, 7).map(({ body }) => renderAsGitHub(body).text)

  it('goes from plan to changed plan to the result of the apply on merge', async () => {
    await act({ command: 'plan', ...comment }, onPullRequest)
    expect(comments()).toEqual([expect.stringContaining('2 steps planned')])
    const changed = await act({ command: 'plan', ...comment, tags: 'team=planner' }, onPullRequest)
    expect(comments()).toEqual([expect.stringContaining('tag team')])

    const applied = await act(
      { ...comment, tags: 'team=planner', 'expected-plan': changed.outputs.plan ?? '' },
      onMerge,
    )

    expect([applied.exitCode, applied.warnings]).toEqual([0, []])
    expect(comments()).toEqual([expect.stringMatching(/Tenant Tables: apply of dev[\s\S]*2 steps applied/)])
  })

  it('is another one for another prefix, and keeps what somebody else wrote', async () => {
    sandbox.gitHub.addComment(repository, 7, { login: 'octocat', type: 'User' }, 'Looks good')
    await act({ command: 'plan', ...comment }, onPullRequest)
    await act({ command: 'plan', ...comment, 'table-name-prefix': 'x-' }, onPullRequest)
    expect(comments()).toHaveLength(3)
  })

  it('tells of a run that failed, too', async () => {
    hands()
    sandbox.faults.add({
      service: 'dynamodb',
      operation: 'CreateTable',
      kind: 'error',
      errorName: 'AccessDeniedException',
      status: 400,
      times: 2,
    })
    const { exitCode } = await act(comment, onPullRequest)
    sandbox.faults.clear()
    expect(exitCode).toBe(1)
    expect(comments()).toEqual([expect.stringMatching(/Failed after 0 of 2 steps[\s\S]*Allow dynamodb:CreateTable/)])
  })

  it('does not stay as it was when a later run fails before it knows anything, and names its commit', async () => {
    const pushed = (sha: string): Job => ({
      eventName: 'pull_request',
      event: { pull_request: { number: 7, head: { sha } } },
    })
    await act({ command: 'plan', ...comment }, pushed('1111111aaaa'))
    expect(comments()).toEqual([expect.stringMatching(/2 steps planned[\s\S]*commit 1111111/)])
    const wrong = { 'role-external-id': 'another', tags: 'team=planner' }
    const { exitCode, warnings } = await act({ command: 'plan', ...comment, ...wrong }, pushed('2222222bbbb'))
    expect([exitCode, warnings]).toEqual([1, []])
    expect(comments()).toEqual([
      expect.stringMatching(/plan of dev[\s\S]*Failed before anything was written[\s\S]*commit 2222222/),
    ])
  })

  it('that nobody can place, because the run failed before its account was known, is a warning', async () => {
    const { warnings } = await act(
      { command: 'plan', ...comment, 'role-to-assume': '', 'role-external-id': '' },
      { ...onPullRequest, environment: { AWS_ACCESS_KEY_ID: 'AKIANOBODY', AWS_SECRET_ACCESS_KEY: 'nothing' } },
    )
    expect(warnings).toEqual([expect.stringContaining('failed before its account was known')])
  })

  it('is not written where the commit came from no pull request, which is a notice', async () => {
    const { notices, warnings, exitCode } = await act(
      { command: 'plan', ...comment },
      { environment: { GITHUB_SHA: 'eeee' } },
    )
    expect([exitCode, warnings, notices]).toEqual([
      0,
      [],
      ['No comment was written: no pull request was merged as the commit eeee, and no open one has it as its head.'],
    ])
  })

  describe('on the pull request that the event is about', () => {
    /** The last commit of the default branch came from the merged pull request 7. */
    const onDefaultBranch = { GITHUB_SHA: 'cccc', GITHUB_REF: 'refs/heads/main' }
    const place = { repository: { id: 2, default_branch: 'main' } }
    const on = (eventName: string, payload: object, variables: Readonly<Record<string, string>> = {}): Job => ({
      eventName,
      event: { ...place, ...payload },
      environment: { ...onDefaultBranch, ...variables },
    })
    const bodies = (number: number) => sandbox.gitHub.comments(repository, number).map(({ body }) => body)
    const gitHubCalls = () =>
      sandbox.requests.filter(({ service }) => service === 'github').map(({ operation }) => operation)

    /** The apply on the merge of 7 has written its result there. */
    let record: readonly string[]
    beforeEach(async () => {
      await act(comment, onMerge)
      record = bodies(7)
      expect(record).toEqual([expect.stringContaining('2 steps applied')])
      sandbox.clearRequests()
    })

    it.each<[string, Job, string | undefined]>([
      ['pull_request', on('pull_request', { pull_request: { number: 42, head: { sha: 'abcd' } } }), 'abcd'],
      [
        'pull_request_target',
        on('pull_request_target', { pull_request: { number: 42, head: { sha: 'abcd' } } }),
        'abcd',
      ],
      ['issue_comment', on('issue_comment', { issue: { number: 42, pull_request: { url: 'x' } } }), undefined],
      [
        'workflow_run',
        on('workflow_run', { workflow_run: { head_sha: 'abcd', pull_requests: [{ number: 42 }] } }),
        'abcd',
      ],
      [
        'workflow_run without a list',
        on('workflow_run', { workflow_run: { head_sha: 'abcd', pull_requests: [] } }),
        'abcd',
      ],
      ['check_run', on('check_run', { check_run: { head_sha: 'abcd', pull_requests: [{ number: 42 }] } }), 'abcd'],
      [
        'check_suite without a list',
        on('check_suite', { check_suite: { head_sha: 'abcd', pull_requests: [] } }),
        'abcd',
      ],
      [
        'merge_group',
        on('merge_group', {}, { GITHUB_SHA: 'a1a1', GITHUB_REF: 'refs/heads/gh-readonly-queue/main/pr-42-cccc' }),
        'a1a1',
      ],
      ['push to its branch', on('push', {}, { GITHUB_SHA: 'abcd', GITHUB_REF: 'refs/heads/feature' }), 'abcd'],
      [
        'workflow_dispatch on its branch',
        on('workflow_dispatch', {}, { GITHUB_SHA: 'abcd', GITHUB_REF: 'refs/heads/feature' }),
        'abcd',
      ],
    ])('%s writes to 42, and leaves the record of 7 as it is', async (_, job, commit) => {
      const { exitCode, warnings, notices } = await act({ command: 'plan', ...comment, tags: 'team=planner' }, job)
      expect([exitCode, warnings, notices]).toEqual([0, [], []])
      expect(bodies(42)).toEqual([expect.stringContaining('2 steps planned')])
      expect(/commit <code>(\w+)<\/code>/.exec(bodies(42)[0] ?? '')?.[1]).toBe(commit)
      expect(bodies(7)).toEqual(record)
    })

    it.each<[string, Job, RegExp]>([
      ['schedule', on('schedule', { schedule: '17 3 * * *' }), /schedule is not about a pull request/],
      ['workflow_dispatch on the default branch', on('workflow_dispatch', {}), /on the default branch/],
      [
        'repository_dispatch',
        on('repository_dispatch', { client_payload: { pull_request: { number: 7 } } }),
        /repository_dispatch/,
      ],
      ['deployment_status', on('deployment_status', { deployment: { sha: 'cccc' } }), /deployment_status/],
      ['issue_comment on an issue', on('issue_comment', { issue: { number: 7 } }), /about an issue/],
      ['issues', on('issues', { issue: { number: 7, pull_request: {} } }), /event issues/],
      ['push that deletes a branch', on('push', { deleted: true, after: '0'.repeat(40) }), /deleted a branch/],
      [
        'check_suite of two pull requests',
        on('check_suite', { check_suite: { head_sha: 'dddd', pull_requests: [{ number: 43 }, { number: 44 }] } }),
        /#43, #44/,
      ],
      ['no event at all', on('', {}), /GITHUB_EVENT_NAME/],
    ])('%s has none: a notice that says why, no comment, and no call to GitHub', async (_, job, reason) => {
      const { exitCode, warnings, notices } = await act({ command: 'plan', ...comment, tags: 'team=planner' }, job)
      expect([exitCode, warnings]).toEqual([0, []])
      expect(notices).toEqual([expect.stringMatching(/^No comment was written: .*\.$/)])
      expect(notices[0]).toMatch(reason)
      expect([bodies(7), gitHubCalls()]).toEqual([record, []])
    })

    it.each<[string, Job]>([
      ['workflow_run of a schedule', on('workflow_run', { workflow_run: { event: 'schedule', head_sha: 'cccc' } })],
      [
        'check_suite of the default branch',
        on('check_suite', { check_suite: { head_sha: 'cccc', pull_requests: [] } }),
      ],
      [
        'workflow_dispatch on a branch at the same commit',
        on('workflow_dispatch', {}, { GITHUB_REF: 'refs/heads/new' }),
      ],
    ])('%s finds no open one, and leaves the merged one as it is', async (_, job) => {
      const { exitCode, warnings, notices } = await act({ command: 'plan', ...comment, tags: 'team=planner' }, job)
      expect([exitCode, warnings, notices]).toEqual([
        0,
        [],
        ['No comment was written: no open pull request has the commit cccc as its head.'],
      ])
      expect([bodies(7), gitHubCalls()]).toEqual([record, ['ListPullsOfCommit']])
    })

    it('a commit that two open pull requests have as their head is written to neither', async () => {
      const { notices } = await act({ command: 'plan', ...comment }, on('push', {}, { GITHUB_SHA: 'dddd' }))
      expect(notices).toEqual(['No comment was written: more than one pull request has this commit: #43, #44.'])
      expect([bodies(43), bodies(44)]).toEqual([[], []])
    })

    it('a run after the push of a merge writes to the pull request that was merged', async () => {
      const job = on('workflow_run', { workflow_run: { event: 'push', head_sha: 'cccc', pull_requests: [] } })
      await act({ command: 'plan', ...comment }, job)
      expect(bodies(7)).toEqual([expect.stringContaining('plan of')])
    })
  })

  it('without a token is a warning, and the apply goes on', async () => {
    const { exitCode, warnings, outputs, errors } = await act({ comment: 'true', 'github-token': '' }, onPullRequest)
    expect([exitCode, errors, outputs.changed, outputs['users-table-arn']]).toEqual([
      0,
      [],
      'true',
      'arn:aws:dynamodb:ap-south-1:222222222222:table/users',
    ])
    expect(warnings).toEqual([
      expect.stringMatching(
        /^The pull request comment could not be written\. comment is true, but github-token is empty\.\nTo fix: Omit github-token/,
      ),
    ])
    expect(sandbox.requests.filter(({ service }) => service === 'github')).toEqual([])
  })

  it.each([
    ['a token of a fork', { ...comment, 'github-token': 'ghs_fork' }, {}],
    ['a token that nobody gave', { ...comment, 'github-token': 'ghs_stolen' }, {}],
    ['a repository that is not there', comment, { GITHUB_REPOSITORY: 'acme/none' }],
  ])('%s is a warning that names the permission, and the run goes on', async (_, inputs, environment) => {
    const { exitCode, warnings, outputs } = await act(inputs, { ...onPullRequest, environment })
    expect([exitCode, outputs.changed]).toEqual([0, 'true'])
    expect(warnings).toEqual([
      expect.stringMatching(/To fix: give the job "permissions: \{ pull-requests: write, contents: read \}"/),
    ])
  })

  it('is asked of nobody outside of a workflow', async () => {
    const { warnings } = await act({ command: 'plan', ...comment }, { environment: { GITHUB_REPOSITORY: '' } })
    expect(warnings).toEqual([expect.stringContaining('Run the action in a GitHub workflow')])
  })

  it('costs no call where none is wanted', async () => {
    await act({ command: 'plan' }, onPullRequest)
    expect(sandbox.requests.filter(({ service }) => service === 'github')).toEqual([])
  })

  it('holds no secret, though others may have said one', async () => {
    await act({ command: 'plan', ...comment }, onPullRequest)
    const written = JSON.stringify(sandbox.requests.filter(({ service }) => service === 'github'))
    expect(sandbox.secrets.length).toBeGreaterThan(3)
    for (const secret of sandbox.secrets) expect(written).not.toContain(secret)
  })
})

/** How many requests a run makes, so that it can be stopped at each of them. */
async function countRequests(inputs: Readonly<Record<string, string>>): Promise<number> {
  sandbox.clearRequests()
  await act(inputs)
  return sandbox.requests.length
}

describe('an apply that dies at any call', () => {
  /** From the n-th call on nothing arrives any more, as after SIGKILL; that call is done, or not. */
  const dies = (at: number, moment: 'before' | 'after') => (): Watcher => {
    let seen = 0
    return (when) => {
      if (when === 'before') seen += 1
      if (seen > at || (seen === at && when === moment)) throw new Error('The process is gone')
    }
  }

  it('and is run again with the same reviewed plan finishes, and makes no table twice', async () => {
    const tables = { environment: 'live', 'production-environments': 'live' }
    const inputs = { ...tables, tags: 'team=planner' }
    const all = await countRequests(inputs)
    expect(all).toBeGreaterThan(12)
    for (let at = 1; at <= all; at += 1) {
      for (const moment of ['before', 'after'] as const) {
        await sandbox.reset()
        const reviewed = await act({ ...inputs, command: 'plan' })
        const held = { ...inputs, 'expected-plan': reviewed.outputs.plan ?? '' }
        sandbox.clearRequests()
        await act(held, { watcher: dies(at, moment) })
        const { exitCode, errors } = await act(held)
        expect({ at, moment, exitCode, errors }).toEqual({ at, moment, exitCode: 0, errors: [] })
        expect((await act({ ...inputs, command: 'plan' })).outputs['has-changes']).toBe('false')
        const created = sandbox.requests.filter(
          ({ operation, status }) => operation === 'CreateTable' && status === 200,
        )
        expect(created).toHaveLength(2)
      }
    }
  }, 120_000)
})

describe('verify', () => {
  const left = async () => {
    const scans = ['tenant', 'users'].map((TableName) => hands().call('Scan', { TableName }))
    return (await Promise.all(scans)).flatMap(
      ({ Items }) => Items as { user_id?: { S: string }; tenant_id: { S: string } }[],
    )
  }

  it('cancelled at any call leaves no item behind, or names it', async () => {
    await act({})
    const all = await countRequests({ command: 'verify' })
    expect(all).toBeGreaterThan(20)
    let interrupted = 0
    for (let at = 1; at <= all; at += 1) {
      for (const moment of ['before', 'after'] as const) {
        let seen = 0
        const { errors, exitCode } = await act(
          { command: 'verify' },
          {
            clock: systemClock,
            watcher: (runner) => (when) => {
              if (when === 'before') seen += 1
              if (seen === at && when === moment) runner.interrupt()
            },
          },
        )
        if (exitCode === 1) interrupted += 1
        const items = await left()
        for (const { tenant_id, user_id } of items) expect(errors.join()).toContain(user_id?.S ?? tenant_id.S)
        expect({ at, moment, items, errors: items.length > 0 ? errors : [] }).toEqual({
          at,
          moment,
          items: [],
          errors: [],
        })
      }
    }
    expect(interrupted).toBeGreaterThan(all / 2)
  }, 60_000)

  it('that cannot delete any more names every item that it left', async () => {
    await act({})
    sandbox.faults.add({
      service: 'dynamodb',
      operation: 'DeleteItem',
      kind: 'error',
      errorName: 'AccessDeniedException',
      status: 400,
      times: 4,
    })
    const { exitCode, errors } = await act({ command: 'verify' })
    sandbox.faults.clear()
    const items = await left()
    expect([exitCode, items.length]).toEqual([1, 4])
    for (const { tenant_id, user_id } of items) expect(errors.join()).toContain(user_id?.S ?? tenant_id.S)
  })
})

it('a destruction that dies and is run again with the same reviewed plan finishes', async () => {
  await act({})
  const plan = await act({ command: 'plan', destroy: 'true' })
  const held = { command: 'destroy', 'confirm-destroy': 'tenant\nusers', 'expected-plan': plan.outputs.plan ?? '' }
  let seen = 0
  await act(held, {
    watcher:
      () =>
      (moment, { operation }) => {
        if (operation === 'DeleteTable' && moment === 'after') seen += 1
        if (seen > 0) throw new Error('The process is gone')
      },
  })
  const { exitCode, errors, outputs, lines, summary } = await act(held)
  expect([seen > 0, exitCode, errors]).toEqual([true, 0, []])
  expect(JSON.parse(outputs.tables ?? '').users).toEqual({ name: 'users', arn: expect.any(String) })
  for (const told of [lines.join('\n'), summary])
    expect(told).toContain(`Compared with the reviewed plan ${plan.outputs['plan-digest']}`)
  expect([hands().table('tenant'), hands().table('users')]).toEqual([undefined, undefined])
})

it('a plan, a verification and a refused run write nothing', async () => {
  await act({})
  sandbox.clearRequests()
  await act({ command: 'plan' })
  await act({ command: 'plan', destroy: 'true' })
  await act({ command: 'verify', 'sample-items': 'false' })
  await act({ 'expected-plan-digest': '0'.repeat(64), tags: 'a=b' })
  expect(writes()).toEqual([])
})
