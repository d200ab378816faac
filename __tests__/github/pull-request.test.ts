import { pullRequestFound, pullRequestOf } from '../../src/github/pull-request.ts'

/** The last commit of the default branch, which came from the merged pull request 7. */
const tip = '7777777777777777777777777777777777777777'
const head = '4242424242424242424242424242424242424242'
const repository = { id: 2, default_branch: 'main' }

/** The variables of an event that GitHub runs on the default branch. */
const onDefaultBranch = { GITHUB_SHA: tip, GITHUB_REF: 'refs/heads/main' }

const of = (event: string, payload: unknown, variables: Readonly<Record<string, string | undefined>> = {}) =>
  pullRequestOf({ ...onDefaultBranch, GITHUB_EVENT_NAME: event, ...variables }, payload)
const none = (reason: unknown = expect.any(String)) => ({ kind: 'none', reason })

describe('an event with a number', () => {
  it.each(['pull_request', 'pull_request_target', 'pull_request_review', 'pull_request_review_comment'])(
    '%s gives the number and the head of the pull request',
    (event) => {
      const payload = { pull_request: { number: 42, head: { sha: head } }, repository }
      expect(of(event, payload)).toEqual({ kind: 'number', number: 42, commit: head })
    },
  )

  it('gives no commit where the pull request names none, and never that of the default branch', () => {
    expect(of('pull_request', { pull_request: { number: 42 } })).toEqual({ kind: 'number', number: 42 })
  })

  it('issue_comment gives the pull request that was commented on', () => {
    const payload = { issue: { number: 42, pull_request: { url: 'https://api.github.com/x' } }, repository }
    expect(of('issue_comment', payload)).toEqual({ kind: 'number', number: 42 })
  })

  it.each([{ issue: { number: 42 } }, { issue: { number: 42, pull_request: null } }, {}])(
    'issue_comment on an issue gives none: %j',
    (payload) => expect(of('issue_comment', payload)).toEqual(none(expect.stringContaining('about an issue'))),
  )

  it.each([
    ['refs/heads/gh-readonly-queue/main/pr-42-0123456789abcdef0123456789abcdef01234567', 42],
    ['refs/heads/gh-readonly-queue/pr-7-abc/x/pr-42-0123456789abcdef0123456789abcdef01234567', 42],
  ])('merge_group gives the number in the ref %s and the commit of the group', (GITHUB_REF, number) => {
    const found = of('merge_group', {}, { GITHUB_REF, GITHUB_SHA: head })
    expect(found).toEqual({ kind: 'number', number, commit: head })
  })

  it.each(['refs/heads/main', 'refs/heads/pr-42-0123', 'refs/heads/gh-readonly-queue/main/pr-0-0123', ''])(
    'merge_group on another ref gives none: "%s"',
    (GITHUB_REF) => expect(of('merge_group', {}, { GITHUB_REF })).toEqual(none()),
  )
})

describe.each(['workflow_run', 'check_run', 'check_suite'])('%s', (event) => {
  const subject = (properties: object) => ({ [event]: { head_sha: head, ...properties }, repository })
  const pull = (number: number, base: number) => ({ number, base: { repo: { id: base } } })

  it('gives the pull request that it lists, with its own head', () => {
    const found = { kind: 'number', number: 42, commit: head }
    expect(of(event, subject({ pull_requests: [pull(42, 2)] }))).toEqual(found)
    expect(of(event, subject({ pull_requests: [{ number: 42 }] }))).toEqual(found)
    expect(of(event, subject({ pull_requests: [pull(42, 2), pull(42, 2)] }))).toEqual(found)
  })

  it('never gives one of another repository, such as a fork', () => {
    expect(of(event, subject({ pull_requests: [pull(9, 3), pull(42, 2)] }))).toMatchObject({ number: 42 })
    expect(of(event, subject({ pull_requests: [pull(9, 3)] }))).toEqual({
      kind: 'commit',
      commit: head,
      search: 'open',
    })
    const unknown = { [event]: { head_sha: head, pull_requests: [pull(9, 3)] } }
    expect(of(event, unknown)).toMatchObject({ kind: 'commit' })
  })

  it('gives none where it lists several', () => {
    expect(of(event, subject({ pull_requests: [pull(42, 2), pull(43, 2)] }))).toEqual(
      none('more than one pull request has this commit: #42, #43'),
    )
  })

  it.each([[], undefined, null, 'x', [null, 7, { number: '42' }]])(
    'is searched by its own head, never by GITHUB_SHA, where it lists none: %j',
    (pull_requests) => {
      expect(of(event, subject({ pull_requests }))).toEqual({ kind: 'commit', commit: head, search: 'open' })
      expect(of(event, { [event]: { pull_requests }, repository })).toEqual(none())
    },
  )
})

it('searches merged pull requests only for a workflow_run after a push', () => {
  const after = (event: string) => of('workflow_run', { workflow_run: { event, head_sha: tip, pull_requests: [] } })
  expect(after('push')).toEqual({ kind: 'commit', commit: tip, search: 'merged-or-open' })
  expect(after('schedule')).toEqual({ kind: 'commit', commit: tip, search: 'open' })
})

it.each(['schedule', 'workflow_dispatch', 'issue_comment', 'repository_dispatch'])(
  'gives none for a workflow_run after %s on the default branch, even if an open pull request has its commit as head',
  (event) => {
    const run = { event, head_branch: 'main', head_sha: tip, pull_requests: [] }
    expect(of('workflow_run', { workflow_run: run, repository })).toEqual(
      none(expect.stringContaining('default branch')),
    )
    const elsewhere = { ...run, head_branch: 'topic', head_sha: head }
    expect(of('workflow_run', { workflow_run: elsewhere, repository })).toMatchObject({ kind: 'commit', commit: head })
  },
)

describe('push', () => {
  it('is searched by the commit that was pushed', () => {
    expect(of('push', { repository })).toEqual({ kind: 'commit', commit: tip, search: 'merged-or-open' })
  })

  it('that deletes a branch gives none, because GITHUB_SHA is then the last commit of the default branch', () => {
    expect(of('push', { deleted: true, repository })).toEqual(none('the event push deleted a branch or tag'))
  })

  it.each([undefined, '', 'main', '../7'])('gives none where GITHUB_SHA is %j', (GITHUB_SHA) => {
    expect(of('push', {}, { GITHUB_SHA })).toEqual(none())
  })
})

describe('workflow_dispatch', () => {
  it('outside the default branch is searched by its commit among open pull requests', () => {
    for (const GITHUB_REF of ['refs/heads/feature', 'refs/heads/x/main', 'refs/tags/main']) {
      const found = of('workflow_dispatch', { repository }, { GITHUB_REF, GITHUB_SHA: head })
      expect(found).toEqual({ kind: 'commit', commit: head, search: 'open' })
    }
  })

  it('gives none on the default branch, and none where the default branch is unknown', () => {
    expect(of('workflow_dispatch', { repository })).toEqual(none(expect.stringContaining('on the default branch')))
    expect(of('workflow_dispatch', {}, { GITHUB_REF: 'refs/heads/feature' })).toEqual(none())
  })
})

describe('every other event', () => {
  it.each([
    ...['schedule', 'repository_dispatch', 'deployment', 'deployment_status', 'issues', 'release', 'create', 'delete'],
    ...['status', 'page_build', 'discussion_comment', 'toString', 'Pull_Request'],
  ])('%s gives none, whatever its payload holds', (event) => {
    const payload = {
      pull_request: { number: 7, head: { sha: head } },
      issue: { number: 7, pull_request: {} },
      repository,
    }
    expect(of(event, payload)).toEqual(none(`the event ${event} is not about a pull request`))
  })

  it('without a name gives none', () => {
    expect(of('', { pull_request: { number: 7 } })).toEqual(none('GITHUB_EVENT_NAME is not set'))
    expect(pullRequestOf({}, { pull_request: { number: 7 } })).toEqual(none('GITHUB_EVENT_NAME is not set'))
  })
})

describe('an untrusted payload', () => {
  const events = ['pull_request', 'issue_comment', 'workflow_run', 'check_suite', 'merge_group', 'workflow_dispatch']

  it.each([undefined, null, 7, 'text', [], [{ number: 7 }], { pull_request: 7, issue: [], workflow_run: 'x' }])(
    'in another form gives no pull request: %j',
    (payload) => {
      for (const event of events) expect(of(event, payload)).toEqual(none())
    },
  )

  it.each([0, -1, 1.5, 2 ** 53, Number.NaN, '42', null, [42], { number: 42 }])(
    'gives no pull request by the number %j',
    (number) => {
      expect(of('pull_request', { pull_request: { number } })).toEqual(none())
      expect(of('issue_comment', { issue: { number, pull_request: {} } })).toEqual(none())
      expect(of('check_run', { check_run: { pull_requests: [{ number }], head_sha: head } })).toMatchObject({
        kind: 'commit',
      })
    },
  )

  it.each([7, 'main', 'a/../b', `${head}\n`, null])('gives no commit by the text %j', (sha) => {
    expect(of('pull_request', { pull_request: { number: 42, head: { sha } } })).toEqual({ kind: 'number', number: 42 })
    expect(of('check_run', { check_run: { head_sha: sha } })).toEqual(none())
  })
})

describe('a search by commit', () => {
  const push = { kind: 'commit', commit: head, search: 'merged-or-open' } as const

  it('gives the only pull request that was found', () => {
    expect(pullRequestFound([42], push)).toEqual({ kind: 'number', number: 42, commit: head })
  })

  it('gives none where several were found, in any order', () => {
    expect(pullRequestFound([42, 7], push)).toEqual(none('more than one pull request has this commit: #42, #7'))
  })

  it('says what was not found', () => {
    expect(pullRequestFound([], push)).toEqual(
      none(`no pull request was merged as the commit ${head}, and no open one has it as its head`),
    )
    expect(pullRequestFound([], { ...push, search: 'open' })).toEqual(
      none(`no open pull request has the commit ${head} as its head`),
    )
  })
})
