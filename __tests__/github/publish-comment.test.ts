/** The comment on a pull request in whole runs, against GitHub's API in the sandbox. */
import { type Job, startEmulator } from '../support/emulator.ts'
import { renderAsGitHub } from '../support/github-markdown.ts'

const repository = 'acme/app'
const writer = 'ghs_writerOfComments'
const token = (name: string, access: 'read' | 'write') => ({
  token: name,
  login: 'github-actions[bot]',
  type: 'Bot' as const,
  permissions: { contents: 'read', 'pull-requests': access } as const,
})
const { sandbox, runAction, reset, close } = await startEmulator({
  gitHub: {
    tokens: [token(writer, 'write'), token('ghs_fork', 'read')],
    pullRequests: [
      { repository, number: 7, state: 'merged', headSha: 'aaaa', mergeCommitSha: 'cccc' },
      { repository, number: 42, state: 'open', headSha: 'abcd' },
    ],
    commits: [{ repository, sha: 'eeee' }],
  },
})
beforeEach(() => reset())
afterAll(() => close())

const aJob = (eventName: string, event?: unknown, environment: Readonly<Record<string, string>> = {}): Job => ({
  event,
  environment: { GITHUB_EVENT_NAME: eventName, GITHUB_SERVER_URL: 'https://github.com', ...environment },
})
const onPullRequest = aJob('pull_request', { pull_request: { number: 7 } })
const onMerge = aJob('push', { ref: 'refs/heads/main' }, { GITHUB_SHA: 'cccc' })
describe('the comment', () => {
  const comment = { comment: 'true', 'github-token': writer }
  const comments = () => sandbox.gitHub.comments(repository, 7).map(({ body }) => renderAsGitHub(body).text)

  it('shows the plan, then the changed plan, then the result of the apply on merge', async () => {
    await runAction({ command: 'plan', ...comment }, onPullRequest)
    expect(comments()).toEqual([expect.stringContaining('2 changes planned')])
    const changed = await runAction({ command: 'plan', ...comment, tags: 'team=planner' }, onPullRequest)
    expect(comments()).toEqual([expect.stringContaining('new tag team: planner')])

    const applied = await runAction(
      { ...comment, tags: 'team=planner', 'expected-plan': changed.outputs.plan ?? '' },
      onMerge,
    )

    expect([applied.exitCode, applied.warnings]).toEqual([0, []])
    expect(comments()).toEqual([expect.stringMatching(/dev: 2 changes applied/)])
  })

  it('is another comment for another table name prefix, and leaves comments of other people alone', async () => {
    sandbox.gitHub.addComment(repository, 7, { login: 'octocat', type: 'User' }, 'Looks good')
    await runAction({ command: 'plan', ...comment }, onPullRequest)
    await runAction({ command: 'plan', ...comment, 'table-name-prefix': 'x-' }, onPullRequest)
    expect(comments()).toHaveLength(3)
  })

  it('shows the error of a failed run', async () => {
    sandbox.faults.add({
      service: 'dynamodb',
      operation: 'CreateTable',
      kind: 'error',
      errorName: 'AccessDeniedException',
      status: 400,
      times: 2,
    })
    const { exitCode } = await runAction(comment, onPullRequest)
    expect(exitCode).toBe(1)
    expect(comments()).toEqual([
      expect.stringMatching(/dev: failed after 0 of 2 changes[\s\S]*Allow dynamodb:CreateTable/),
    ])
  })

  it('shows a later run that fails before it reads tables, with its commit', async () => {
    const pushed = (sha: string) => aJob('pull_request', { pull_request: { number: 7, head: { sha } } })
    await runAction({ command: 'plan', ...comment }, pushed('1111111aaaa'))
    expect(comments()).toEqual([expect.stringMatching(/2 changes planned[\s\S]* · 1111111\n/)])
    const wrong = { 'role-external-id': 'another', tags: 'team=planner' }
    const { exitCode, warnings } = await runAction({ command: 'plan', ...comment, ...wrong }, pushed('2222222bbbb'))
    expect([exitCode, warnings]).toEqual([1, []])
    expect(comments()).toEqual([expect.stringMatching(/dev: failed before anything was written[\s\S]* · 2222222\n/)])
  })

  it('is not written where the run fails before its account is known, which is a warning', async () => {
    const { warnings } = await runAction(
      { command: 'plan', ...comment, 'role-to-assume': '', 'role-external-id': '' },
      aJob('pull_request', onPullRequest.event, { AWS_ACCESS_KEY_ID: 'AKIANOBODY', AWS_SECRET_ACCESS_KEY: 'nothing' }),
    )
    expect(warnings).toEqual([expect.stringContaining('failed before its account was known')])
  })

  it('is not written where the commit came from no pull request, which is a notice', async () => {
    const { notices, warnings, exitCode } = await runAction(
      { command: 'plan', ...comment },
      aJob('push', undefined, { GITHUB_SHA: 'eeee' }),
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
    const on = (eventName: string, payload: object, variables: Readonly<Record<string, string>> = {}) =>
      aJob(eventName, { ...place, ...payload }, { ...onDefaultBranch, ...variables })
    const bodies = (number: number) => sandbox.gitHub.comments(repository, number).map(({ body }) => body)
    const gitHubCalls = () =>
      sandbox.requests.filter(({ service }) => service === 'github').map(({ operation }) => operation)

    /** The comments on pull request 7 after the apply on its merge. */
    let record: readonly string[]
    beforeEach(async () => {
      await runAction(comment, onMerge)
      record = bodies(7)
      expect(record).toEqual([expect.stringContaining('2 changes applied')])
      sandbox.clearRequests()
    })

    it.each<[string, Job, string | undefined]>([
      ['pull_request', on('pull_request', { pull_request: { number: 42, head: { sha: 'abcd' } } }), 'abcd'],
      ['issue_comment', on('issue_comment', { issue: { number: 42, pull_request: { url: 'x' } } }), undefined],
      ['check_run', on('check_run', { check_run: { head_sha: 'abcd', pull_requests: [{ number: 42 }] } }), 'abcd'],
      [
        'merge_group',
        on('merge_group', {}, { GITHUB_SHA: 'a1a1', GITHUB_REF: 'refs/heads/gh-readonly-queue/main/pr-42-cccc' }),
        'a1a1',
      ],
      ['push to its branch', on('push', {}, { GITHUB_SHA: 'abcd', GITHUB_REF: 'refs/heads/feature' }), 'abcd'],
    ])('%s writes to pull request 42, and leaves the comment on 7 as it is', async (_, job, commit) => {
      const { exitCode, warnings, notices } = await runAction(
        { command: 'plan', ...comment, tags: 'team=planner' },
        job,
      )
      expect([exitCode, warnings, notices]).toEqual([0, [], []])
      expect(bodies(42)).toEqual([expect.stringContaining('2 changes planned')])
      expect(/ · <code>([a-z]\w+)<\/code>\n/.exec(bodies(42)[0] ?? '')?.[1]).toBe(commit)
      expect(bodies(7)).toEqual(record)
    })

    it.each<[string, Job, RegExp]>([
      ['schedule', on('schedule', { schedule: '17 3 * * *' }), /schedule is not about a pull request/],
      ['push that deletes a branch', on('push', { deleted: true, after: '0'.repeat(40) }), /deleted a branch/],
      [
        'check_suite of two pull requests',
        on('check_suite', { check_suite: { head_sha: 'dddd', pull_requests: [{ number: 43 }, { number: 44 }] } }),
        /#43, #44/,
      ],
      ['no event at all', on('', {}), /GITHUB_EVENT_NAME/],
    ])('%s has no pull request: a notice gives the reason, and GitHub is not called', async (_, job, reason) => {
      const { exitCode, warnings, notices } = await runAction(
        { command: 'plan', ...comment, tags: 'team=planner' },
        job,
      )
      expect([exitCode, warnings]).toEqual([0, []])
      expect(notices).toEqual([expect.stringMatching(/^No comment was written: .*\.$/)])
      expect(notices[0]).toMatch(reason)
      expect([bodies(7), gitHubCalls()]).toEqual([record, []])
    })

    it.each<[string, Job]>([
      ['workflow_run of a schedule', on('workflow_run', { workflow_run: { event: 'schedule', head_sha: 'cccc' } })],
    ])('%s finds no open pull request, and leaves the comment on the merged one as it is', async (_, job) => {
      const { exitCode, warnings, notices } = await runAction(
        { command: 'plan', ...comment, tags: 'team=planner' },
        job,
      )
      expect([exitCode, warnings, notices]).toEqual([
        0,
        [],
        ['No comment was written: no open pull request has the commit cccc as its head.'],
      ])
      expect([bodies(7), gitHubCalls()]).toEqual([record, ['ListPullsOfCommit']])
    })
  })

  it('needs a token, without which a warning is printed and the apply continues', async () => {
    const { exitCode, warnings, outputs, errors } = await runAction(
      { comment: 'true', 'github-token': '' },
      onPullRequest,
    )
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
    ['an unknown token', { ...comment, 'github-token': 'ghs_stolen' }, {}],
    ['an unknown repository', comment, { GITHUB_REPOSITORY: 'acme/none' }],
  ])('fails with %s, a warning names the permission, and the run continues', async (_, inputs, environment) => {
    const { exitCode, warnings, outputs } = await runAction(
      inputs,
      aJob('pull_request', onPullRequest.event, environment),
    )
    expect([exitCode, outputs.changed]).toEqual([0, 'true'])
    expect(warnings).toEqual([
      expect.stringMatching(/To fix: Give the job "permissions: \{ pull-requests: write, contents: read \}"/),
    ])
  })

  it('cannot be written outside of a GitHub workflow, which is a warning', async () => {
    const { warnings } = await runAction(
      { command: 'plan', ...comment },
      aJob('push', undefined, { GITHUB_REPOSITORY: '' }),
    )
    expect(warnings).toEqual([expect.stringContaining('Run the action in a GitHub workflow')])
  })

  it('takes no call to GitHub where the input comment is not true', async () => {
    await runAction({ command: 'plan' }, onPullRequest)
    expect(sandbox.requests.filter(({ service }) => service === 'github')).toEqual([])
  })

  it('holds no secret that the sandbox issued', async () => {
    await runAction({ command: 'plan', ...comment }, onPullRequest)
    const written = JSON.stringify(sandbox.requests.filter(({ service }) => service === 'github'))
    expect(sandbox.secrets.length).toBeGreaterThan(3)
    for (const secret of sandbox.secrets) expect(written).not.toContain(secret)
  })
})
