/** The sandbox's GitHub API, called by Octokit. */
import type { Fault } from '../../sandbox/faults.ts'
import type { GitHubToken, RequestedOperation } from '../../sandbox/sandbox.ts'
import { type Harness, refusal, startHarness } from './harness.ts'

const { getOctokit } = await import('@actions/github')

const repository = 'acme/app'
const place = { owner: 'acme', repo: 'app', issue_number: 7 }
const bot = { login: 'github-actions[bot]', type: 'Bot' } as const
const someone = { login: 'octocat', type: 'User' } as const

function createToken(token: string, permissions: GitHubToken['permissions']): GitHubToken {
  return { token, ...bot, permissions }
}

let harness: Harness

beforeAll(async () => {
  harness = await startHarness({
    gitHub: {
      tokens: [
        createToken('ghs_all', { contents: 'read', 'pull-requests': 'write' }),
        createToken('ghs_reader', { contents: 'read', 'pull-requests': 'read' }),
        createToken('ghs_commenter', { 'pull-requests': 'write' }),
        createToken('ghs_code', { contents: 'read' }),
      ],
      pullRequests: [
        { repository, number: 7, state: 'open', headSha: 'aaaa', mergeCommitSha: 'a7a7' },
        { repository, number: 8, state: 'merged', headSha: 'bbbb', mergeCommitSha: 'b8b8', base: 'release' },
        { repository, number: 9, state: 'closed', headSha: 'cccc' },
        { repository, number: 10, state: 'open', headSha: 'aaaa' },
        { repository: 'acme/other', number: 7, state: 'open', headSha: 'dddd' },
        { repository, number: 11, state: 'open', headSha: 'f1f1', commits: ['f0f0'] },
        { repository: 'upstream/app', number: 404, state: 'open', headSha: 'ffff', headRepository: repository },
      ],
      commits: [{ repository, sha: 'eeee' }],
    },
  })
})
beforeEach(async () => {
  await harness.sandbox.reset()
  harness.sandbox.faults.clear()
  harness.sandbox.clearRequests()
})
afterAll(() => harness.close())

function gitHub(token = 'ghs_all') {
  return getOctokit(token, { baseUrl: harness.sandbox.environment.GITHUB_API_URL ?? '' })
}

const issues = (token?: string) => gitHub(token).rest.issues
const pullsOf = async (commit_sha: string, token?: string) =>
  await gitHub(token).rest.repos.listPullRequestsAssociatedWithCommit({ owner: 'acme', repo: 'app', commit_sha })

/** Returns the status and JSON of an error response. */
async function refused(call: Promise<unknown>): Promise<unknown> {
  return await call.then(
    () => 'no refusal',
    ({ status, response }) => ({ status, ...response.data }),
  )
}

function write(count: number): void {
  for (let number = 1; number <= count; number += 1) {
    harness.sandbox.gitHub.addComment(repository, 7, someone, `Comment ${number}`)
  }
}

describe('a token', () => {
  it.each(['token', 'Bearer', 'bearer'])('is accepted with the scheme "%s"', async (scheme) => {
    const answer = await fetch(`${harness.sandbox.url}/github/repos/acme/app/issues/7/comments`, {
      headers: { authorization: `${scheme} ghs_all` },
    })
    expect([answer.status, await answer.json()]).toEqual([200, []])
  })

  it('that is unknown or missing is rejected with 401', async () => {
    const badCredentials = { status: 401, message: 'Bad credentials' }
    expect(await refused(issues('ghs_stolen').listComments(place))).toEqual(badCredentials)
    expect(await refused(gitHub('ghs_stolen').graphql('{ viewer { login } }'))).toEqual(badCredentials)
    const answer = await fetch(`${harness.sandbox.url}/github/repos/acme/app/issues/7/comments`)
    expect([answer.status, await answer.json()]).toEqual([401, { message: 'Requires authentication' }])
  })

  it('without "pull-requests: write" cannot write comments', async () => {
    const { id } = harness.sandbox.gitHub.addComment(repository, 7, bot, 'Here first')
    const forbidden = { status: 403, message: 'Resource not accessible by integration' }
    for (const token of ['ghs_reader', 'ghs_code']) {
      expect(await refused(issues(token).createComment({ ...place, body: 'Hello' }))).toEqual(forbidden)
      expect(await refused(issues(token).updateComment({ ...place, comment_id: id, body: 'Hello' }))).toEqual(forbidden)
    }
    expect(harness.sandbox.gitHub.comments(repository, 7)).toMatchObject([{ body: 'Here first' }])
  })

  it('needs "pull-requests: read" to read comments', async () => {
    expect((await issues('ghs_reader').listComments(place)).data).toEqual([])
    expect(await refused(issues('ghs_code').listComments(place))).toMatchObject({ status: 403 })
  })

  it('needs "contents: read" and "pull-requests: read" to read the pull requests of a commit', async () => {
    expect((await pullsOf('aaaa', 'ghs_reader')).data).toHaveLength(2)
    for (const token of ['ghs_commenter', 'ghs_code']) {
      expect(await refused(pullsOf('aaaa', token))).toMatchObject({ status: 403 })
    }
  })

  it('is one of the secrets of the sandbox', () => {
    expect(harness.sandbox.secrets).toEqual(expect.arrayContaining(['ghs_all', 'ghs_reader', 'ghs_commenter']))
  })

  it('reads its login with the GraphQL query of the viewer', async () => {
    for (const query of [
      '{ viewer { login } }',
      'query { viewer { login } }',
      'query Me {\n  viewer {\n    login\n  }\n}',
    ]) {
      expect(await gitHub('ghs_code').graphql(query)).toEqual({ viewer: { login: bot.login } })
    }
  })

  it('gets an error for any other GraphQL query', async () => {
    expect(await refusal(gitHub().graphql('{ viewer { email } }'))).toMatch(
      /^GraphqlResponseError: .*The sandbox supports/s,
    )
  })
})

describe('a comment', () => {
  it('has the author of the token, and is updated in place', async () => {
    harness.advance(1)
    const written = await issues().createComment({ ...place, body: 'First' })
    expect(written.status).toBe(201)
    const { id } = written.data
    const writtenAt = new Date(harness.now()).toISOString().replace('.000', '')
    const comment = {
      id: expect.any(Number),
      node_id: expect.stringMatching(/^IC_\w+$/),
      html_url: `https://github.com/acme/app/pull/7#issuecomment-${id}`,
      body: 'First',
      created_at: writtenAt,
      updated_at: writtenAt,
      user: bot,
    }
    expect(written.data).toEqual(comment)

    harness.advance(60)
    const rewritten = await issues().updateComment({ ...place, comment_id: id, body: 'Second' })
    expect(rewritten.status).toBe(200)
    const updated_at = new Date(harness.now()).toISOString().replace('.000', '')
    expect(rewritten.data).toEqual({ ...comment, body: 'Second', updated_at })
    expect(harness.sandbox.gitHub.comments(repository, 7)).toEqual([rewritten.data])
    expect((await issues().listComments(place)).data).toEqual([rewritten.data])
  })

  it('is found only in its own pull request and repository', async () => {
    const { id } = harness.sandbox.gitHub.addComment(repository, 8, someone, 'Elsewhere')
    expect((await issues().listComments(place)).data).toEqual([])
    expect((await issues().listComments({ ...place, repo: 'other' })).data).toEqual([])
    const notFound = { status: 404, message: 'Not Found' }
    const changes = { comment_id: id, body: 'Changed' }
    expect(await refused(issues().updateComment({ ...place, ...changes, repo: 'other' }))).toEqual(notFound)
    expect(harness.sandbox.gitHub.comments(repository, 8)).toMatchObject([{ body: 'Elsewhere' }])
  })

  it('is 404 for an unknown repository, pull request, comment or route', async () => {
    const notFound = { status: 404, message: 'Not Found' }
    const body = 'Hello'
    expect(await refused(issues().listComments({ ...place, repo: 'none' }))).toEqual(notFound)
    expect(await refused(issues().listComments({ ...place, issue_number: 1 }))).toEqual(notFound)
    expect(await refused(issues().createComment({ ...place, issue_number: 1, body }))).toEqual(notFound)
    expect(await refused(issues().updateComment({ ...place, comment_id: 1, body }))).toEqual(notFound)
    expect(await refused(issues().deleteComment({ ...place, comment_id: 1 }))).toEqual(notFound)
  })

  it('has at most 65,536 characters, independent of their bytes', async () => {
    const longest = '🙂'.repeat(65_536)
    const { id } = (await issues().createComment({ ...place, body: longest })).data
    const tooLong = {
      status: 422,
      message: 'Validation Failed',
      errors: [
        {
          resource: 'IssueComment',
          code: 'unprocessable',
          field: 'data',
          message: 'Body is too long (maximum is 65536 characters)',
        },
      ],
    }
    const body = 'x'.repeat(65_537)
    expect(await refused(issues().createComment({ ...place, body }))).toEqual(tooLong)
    expect(await refused(issues().updateComment({ ...place, comment_id: id, body }))).toEqual(tooLong)
    expect(harness.sandbox.gitHub.comments(repository, 7)).toMatchObject([{ body: longest }])
  })

  it('is rejected if its body is blank, missing or not JSON', async () => {
    expect(await refused(issues().createComment({ ...place, body: ' \n' }))).toMatchObject({
      status: 422,
      errors: [{ resource: 'IssueComment', field: 'body', message: 'body cannot be blank' }],
    })
    const without = gitHub().request('POST /repos/acme/app/issues/7/comments', {})
    expect(await refused(without)).toEqual({ status: 422, message: 'Invalid request.\n\n"body" wasn\'t supplied.' })
    const half = gitHub().request('POST /repos/acme/app/issues/7/comments', { data: '{"body":' })
    expect(await refused(half)).toEqual({ status: 400, message: 'Problems parsing JSON' })
  })

  it('is deleted by a reset of the sandbox', async () => {
    write(1)
    await harness.sandbox.reset()
    expect(harness.sandbox.gitHub.comments(repository, 7)).toEqual([])
  })

  it('of an unknown pull request is an error of direct access', () => {
    const { gitHub } = harness.sandbox
    expect(() => gitHub.comments(repository, 1)).toThrow('There is no pull request acme/app#1')
    expect(() => gitHub.addComment(repository, 1, bot, 'Hello')).toThrow('There is no pull request acme/app#1')
  })
})

describe('a list of comments', () => {
  const link = async (parameters: object) => (await issues().listComments({ ...place, ...parameters })).headers.link
  /** Links contain the number of the repository instead of its name. */
  const to = (page: number, size: number, name: string) =>
    `<${harness.sandbox.url}/github/repositories/1/issues/7/comments?per_page=${size}&page=${page}>; rel="${name}"`

  it.each([
    [{}, 9],
    [{ per_page: 100 }, 3],
    [{ per_page: 50 }, 5],
  ])(
    'is read completely by a client that follows its links, oldest first: %j in %i requests',
    async (parameters, requests) => {
      write(250)
      const list = await gitHub().paginate(gitHub().rest.issues.listComments, { ...place, ...parameters })
      expect(list.map(({ body }) => body)).toEqual(Array.from({ length: 250 }, (_, index) => `Comment ${index + 1}`))
      expect(harness.sandbox.requests).toHaveLength(requests)
    },
  )

  it('has 30 comments on a page by default, and 100 at most', async () => {
    write(120)
    const length = async (parameters: object) => (await issues().listComments({ ...place, ...parameters })).data.length
    expect(await length({})).toBe(30)
    expect(await length({ per_page: 7 })).toBe(7)
    expect(await length({ per_page: 1000 })).toBe(100)
    expect(await length({ per_page: 0, page: 0 })).toBe(30)
    expect(await length({ per_page: 100, page: 2 })).toBe(20)
    expect(await length({ per_page: 100, page: 3 })).toBe(0)
  })

  it('links to the previous, next, first and last page', async () => {
    write(5)
    expect(await link({ per_page: 5 })).toBeUndefined()
    expect(await link({ per_page: 2 })).toBe([to(2, 2, 'next'), to(3, 2, 'last')].join(', '))
    expect(await link({ per_page: 2, page: 2 })).toBe(
      [to(1, 2, 'prev'), to(3, 2, 'next'), to(3, 2, 'last'), to(1, 2, 'first')].join(', '),
    )
    expect(await link({ per_page: 2, page: 3 })).toBe([to(2, 2, 'prev'), to(1, 2, 'first')].join(', '))
    expect(await link({ per_page: 2, page: 9 })).toBe([to(3, 2, 'prev'), to(1, 2, 'first')].join(', '))
  })
})

describe('the pull requests of a commit', () => {
  const numbers = async (sha: string) => (await pullsOf(sha)).data.map(({ number }) => number)

  it('are open and merged ones with this head or merge commit', async () => {
    expect(await numbers('aaaa')).toEqual([7, 10])
    expect(await numbers('bbbb')).toEqual([8])
    expect(await numbers('b8b8')).toEqual([8])
  })

  it('exclude closed ones, test merges, and commits without a pull request', async () => {
    expect(await Promise.all(['cccc', 'a7a7', 'eeee'].map(numbers))).toEqual([[], [], []])
  })

  it('include those with the commit below the head', async () => {
    expect(await numbers('f0f0')).toEqual([11])
  })

  it('are found in the repository of their branch, not in the base repository', async () => {
    expect((await pullsOf('ffff')).data).toMatchObject([
      { number: 404, base: { repo: { full_name: 'upstream/app' } }, head: { sha: 'ffff' } },
    ])
    const upstream = { owner: 'upstream', repo: 'app', commit_sha: 'ffff' }
    expect((await gitHub().rest.repos.listPullRequestsAssociatedWithCommit(upstream)).data).toEqual([])
  })

  it('have a state, a merge time and a base', async () => {
    const started = '2026-01-01T00:00:00Z'
    const repo = { id: 1, full_name: repository }
    expect((await pullsOf('aaaa')).data).toEqual([
      {
        number: 7,
        state: 'open',
        merge_commit_sha: 'a7a7',
        merged_at: null,
        head: { sha: 'aaaa' },
        base: { ref: 'main', repo },
      },
      {
        number: 10,
        state: 'open',
        merge_commit_sha: null,
        merged_at: null,
        head: { sha: 'aaaa' },
        base: { ref: 'main', repo },
      },
    ])
    expect((await pullsOf('b8b8')).data).toEqual([
      {
        number: 8,
        state: 'closed',
        merge_commit_sha: 'b8b8',
        merged_at: started,
        head: { sha: 'bbbb' },
        base: { ref: 'release', repo },
      },
    ])
  })

  it('are listed in pages', async () => {
    const route = gitHub().rest.repos.listPullRequestsAssociatedWithCommit
    const list = await gitHub().paginate(route, { owner: 'acme', repo: 'app', commit_sha: 'aaaa', per_page: 1 })
    expect(list.map(({ number }) => number)).toEqual([7, 10])
    expect(harness.sandbox.requests).toHaveLength(2)
  })

  it('are 422 for a commit that the repository does not have', async () => {
    expect(await refused(pullsOf('dddd'))).toEqual({ status: 422, message: 'No commit found for SHA: dddd' })
  })
})

it('every request is logged with its parameters and without its token', async () => {
  const named = { owner: 'acme', repo: 'app' }
  write(1)
  const [first] = harness.sandbox.gitHub.comments(repository, 7)
  await gitHub().graphql('{ viewer { login } }')
  await issues().listComments({ ...place, per_page: 100 })
  await issues().createComment({ ...place, body: 'Hello' })
  await issues().updateComment({ ...named, comment_id: first?.id ?? 0, body: 'Hello again' })
  await pullsOf('aaaa')
  await refused(gitHub().request('GET /user'))

  expect(
    harness.sandbox.requests.map(({ operation, input, status, error }) => [operation, input, status, error]),
  ).toEqual([
    ['Viewer', { query: '{ viewer { login } }' }, 200, undefined],
    ['ListComments', { ...named, issue_number: '7', per_page: '100' }, 200, undefined],
    ['CreateComment', { ...named, issue_number: '7', body: 'Hello' }, 201, undefined],
    ['UpdateComment', { ...named, comment_id: String(first?.id), body: 'Hello again' }, 200, undefined],
    ['ListPullsOfCommit', { ...named, commit_sha: 'aaaa' }, 200, undefined],
    ['GET /user', {}, 404, 'Not Found'],
  ])
  for (const { service, account, region, actions } of harness.sandbox.requests) {
    expect({ service, account, region, actions }).toEqual({ service: 'github', account: '', region: '', actions: [] })
  }
  expect(JSON.stringify(harness.sandbox.requests)).not.toContain('ghs_all')
})

describe('a fault', () => {
  it.each<[Fault, boolean, string | RegExp, number]>([
    [{ kind: 'throttle' }, false, /You have exceeded a secondary rate limit/, 403],
    [{ kind: 'throttle', status: 429 }, false, /You have exceeded a secondary rate limit/, 429],
    [{ kind: 'error' }, false, 'HttpError: Server Error', 500],
    [{ kind: 'error', status: 502, message: 'Bad Gateway' }, false, 'HttpError: Bad Gateway', 502],
    [{ kind: 'html' }, false, /503 Service Unavailable/, 503],
    [{ kind: 'reset' }, false, /other side closed|ECONNRESET/, 500],
    [{ kind: 'lost-answer' }, true, /other side closed|ECONNRESET/, 201],
    // Octokit reads a truncated response as an empty one.
    [{ kind: 'cut' }, true, /^no refusal: .*"data":""/, 201],
    [{ kind: 'delay', milliseconds: 1 }, true, /^no refusal: .*"body":"Hello"/, 201],
  ])('%j performs the operation: %s', async (fault, isDone, error, status) => {
    harness.sandbox.faults.add({ ...fault, service: 'github', operation: 'CreateComment' })
    expect((await issues().listComments(place)).data).toEqual([])
    expect(await refusal(issues().createComment({ ...place, body: 'Hello' }))).toMatch(error)
    expect(harness.sandbox.gitHub.comments(repository, 7)).toHaveLength(isDone ? 1 : 0)
    expect(harness.sandbox.requests.at(-1)).toMatchObject({ operation: 'CreateComment', status })
  })

  it('"throttle" sets retry-after', async () => {
    harness.sandbox.faults.add({ kind: 'throttle' })
    await expect(issues().listComments(place)).rejects.toMatchObject({ response: { headers: { 'retry-after': '1' } } })
    expect((await issues().listComments(place)).data).toEqual([])
  })

  it('of another service does not apply to GitHub', async () => {
    harness.sandbox.faults.add({ kind: 'throttle', service: 'dynamodb' })
    expect((await issues().listComments(place)).data).toEqual([])
  })
})

describe('a watcher', () => {
  it('is called before each operation, and between operation and response', async () => {
    const seen: [string, RequestedOperation, number][] = []
    const end = harness.sandbox.watch((moment, request) => {
      seen.push([moment, request, harness.sandbox.gitHub.comments(repository, 7).length])
    })
    const request = { service: 'github', operation: 'CreateComment' }
    await issues().createComment({ ...place, body: 'Hello' })
    expect(seen).toEqual([
      ['before', request, 0],
      ['after', request, 1],
    ])
    end()
    await issues().createComment({ ...place, body: 'Hello' })
    expect(seen).toHaveLength(2)
  })

  it('gets the table, and is called for requests with a fault', async () => {
    const seen: [string, RequestedOperation][] = []
    const end = harness.sandbox.watch((moment, request) => void seen.push([moment, request]))
    harness.sandbox.faults.add({ kind: 'reset', service: 'dynamodb' })
    await refusal(harness.dynamoDb().describeTable({ TableName: 'tenant' }))
    end()
    const request = { service: 'dynamodb', operation: 'DescribeTable', table: 'tenant' }
    expect(seen).toEqual([
      ['before', request],
      ['after', request],
    ])
  })

  it.each([
    ['before', 0],
    ['after', 1],
  ] as const)('can pause a request %s its operation', async (held, done) => {
    let release = () => {}
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    let isHeld = () => {}
    const holding = new Promise<void>((resolve) => {
      isHeld = resolve
    })
    const end = harness.sandbox.watch(async (moment) => {
      if (moment !== held) return
      isHeld()
      await released
    })
    const answer = issues().createComment({ ...place, body: 'Hello' })
    await holding
    expect(harness.sandbox.gitHub.comments(repository, 7)).toHaveLength(done)
    release()
    expect((await answer).status).toBe(201)
    end()
  })

  it('closes the connection if it throws', async () => {
    const end = harness.sandbox.watch(() => {
      throw new Error('enough')
    })
    expect(await refusal(issues().listComments(place))).toMatch(/other side closed|ECONNRESET/)
    end()
  })
})
