/** GitHub as the sandbox plays it, asked by GitHub's own client. */
import type { Fault } from '../../sandbox/faults.ts'
import type { GitHubToken, RequestedOperation } from '../../sandbox/sandbox.ts'
import { refusal, startWorld, type World } from './world.ts'

const { getOctokit } = await import('@actions/github')

const repository = 'acme/app'
const place = { owner: 'acme', repo: 'app', issue_number: 7 }
const bot = { login: 'github-actions[bot]', type: 'Bot' } as const
const someone = { login: 'octocat', type: 'User' } as const

function aToken(token: string, permissions: GitHubToken['permissions']): GitHubToken {
  return { token, ...bot, permissions }
}

let world: World

beforeAll(async () => {
  world = await startWorld({
    gitHub: {
      tokens: [
        aToken('ghs_all', { contents: 'read', 'pull-requests': 'write' }),
        aToken('ghs_reader', { contents: 'read', 'pull-requests': 'read' }),
        aToken('ghs_commenter', { 'pull-requests': 'write' }),
        aToken('ghs_code', { contents: 'read' }),
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
  await world.sandbox.reset()
  world.sandbox.faults.clear()
  world.sandbox.clearRequests()
})
afterAll(() => world.close())

/** The client that an action would have. */
function gitHub(token = 'ghs_all') {
  return getOctokit(token, { baseUrl: world.sandbox.environment.GITHUB_API_URL ?? '' })
}

const issues = (token?: string) => gitHub(token).rest.issues
const pullsOf = async (commit_sha: string, token?: string) =>
  await gitHub(token).rest.repos.listPullRequestsAssociatedWithCommit({ owner: 'acme', repo: 'app', commit_sha })

/** What was refused, as GitHub answered it: its status and its JSON. */
async function refused(call: Promise<unknown>): Promise<unknown> {
  return await call.then(
    () => 'no refusal',
    ({ status, response }) => ({ status, ...response.data }),
  )
}

function write(count: number): void {
  for (let number = 1; number <= count; number += 1) {
    world.sandbox.gitHub.addComment(repository, 7, someone, `Comment ${number}`)
  }
}

describe('a token', () => {
  it.each(['token', 'Bearer', 'bearer'])('may be shown as "%s"', async (scheme) => {
    const answer = await fetch(`${world.sandbox.url}/github/repos/acme/app/issues/7/comments`, {
      headers: { authorization: `${scheme} ghs_all` },
    })
    expect([answer.status, await answer.json()]).toEqual([200, []])
  })

  it('that nobody gave opens nothing', async () => {
    const badCredentials = { status: 401, message: 'Bad credentials' }
    expect(await refused(issues('ghs_stolen').listComments(place))).toEqual(badCredentials)
    expect(await refused(gitHub('ghs_stolen').graphql('{ viewer { login } }'))).toEqual(badCredentials)
    const answer = await fetch(`${world.sandbox.url}/github/repos/acme/app/issues/7/comments`)
    expect([answer.status, await answer.json()]).toEqual([401, { message: 'Requires authentication' }])
  })

  it('without pull-requests: write may not comment', async () => {
    const { id } = world.sandbox.gitHub.addComment(repository, 7, bot, 'Here first')
    const forbidden = { status: 403, message: 'Resource not accessible by integration' }
    for (const token of ['ghs_reader', 'ghs_code']) {
      expect(await refused(issues(token).createComment({ ...place, body: 'Hello' }))).toEqual(forbidden)
      expect(await refused(issues(token).updateComment({ ...place, comment_id: id, body: 'Hello' }))).toEqual(forbidden)
    }
    expect(world.sandbox.gitHub.comments(repository, 7)).toMatchObject([{ body: 'Here first' }])
  })

  it('reads comments with pull-requests: read, and not without', async () => {
    expect((await issues('ghs_reader').listComments(place)).data).toEqual([])
    expect(await refused(issues('ghs_code').listComments(place))).toMatchObject({ status: 403 })
  })

  it('reads the pull requests of a commit with contents: read and pull-requests: read, and not with one alone', async () => {
    expect((await pullsOf('aaaa', 'ghs_reader')).data).toHaveLength(2)
    for (const token of ['ghs_commenter', 'ghs_code']) {
      expect(await refused(pullsOf('aaaa', token))).toMatchObject({ status: 403 })
    }
  })

  it('is a secret', () => {
    expect(world.sandbox.secrets).toEqual(expect.arrayContaining(['ghs_all', 'ghs_reader', 'ghs_commenter']))
  })

  it('is told whose it is', async () => {
    for (const query of [
      '{ viewer { login } }',
      'query { viewer { login } }',
      'query Me {\n  viewer {\n    login\n  }\n}',
    ]) {
      expect(await gitHub('ghs_code').graphql(query)).toEqual({ viewer: { login: bot.login } })
    }
  })

  it('is told nothing else by GraphQL', async () => {
    expect(await refusal(gitHub().graphql('{ viewer { email } }'))).toMatch(
      /^GraphqlResponseError: .*The sandbox knows/s,
    )
  })
})

describe('a comment', () => {
  it('is written by whom the token is of, and rewritten in place', async () => {
    world.pass(1)
    const written = await issues().createComment({ ...place, body: 'First' })
    expect(written.status).toBe(201)
    const { id } = written.data
    const writtenAt = new Date(world.now()).toISOString().replace('.000', '')
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

    world.pass(60)
    const rewritten = await issues().updateComment({ ...place, comment_id: id, body: 'Second' })
    expect(rewritten.status).toBe(200)
    const updated_at = new Date(world.now()).toISOString().replace('.000', '')
    expect(rewritten.data).toEqual({ ...comment, body: 'Second', updated_at })
    expect(world.sandbox.gitHub.comments(repository, 7)).toEqual([rewritten.data])
    expect((await issues().listComments(place)).data).toEqual([rewritten.data])
  })

  it('belongs to one pull request of one repository', async () => {
    const { id } = world.sandbox.gitHub.addComment(repository, 8, someone, 'Elsewhere')
    expect((await issues().listComments(place)).data).toEqual([])
    expect((await issues().listComments({ ...place, repo: 'other' })).data).toEqual([])
    const notFound = { status: 404, message: 'Not Found' }
    const changes = { comment_id: id, body: 'Mine now' }
    expect(await refused(issues().updateComment({ ...place, ...changes, repo: 'other' }))).toEqual(notFound)
    expect(world.sandbox.gitHub.comments(repository, 8)).toMatchObject([{ body: 'Elsewhere' }])
  })

  it('is not found where there is no such repository, pull request or comment', async () => {
    const notFound = { status: 404, message: 'Not Found' }
    const body = 'Hello'
    expect(await refused(issues().listComments({ ...place, repo: 'none' }))).toEqual(notFound)
    expect(await refused(issues().listComments({ ...place, issue_number: 1 }))).toEqual(notFound)
    expect(await refused(issues().createComment({ ...place, issue_number: 1, body }))).toEqual(notFound)
    expect(await refused(issues().updateComment({ ...place, comment_id: 1, body }))).toEqual(notFound)
    expect(await refused(issues().deleteComment({ ...place, comment_id: 1 }))).toEqual(notFound)
  })

  it('has at most 65,536 characters, however many bytes those are', async () => {
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
    expect(world.sandbox.gitHub.comments(repository, 7)).toMatchObject([{ body: longest }])
  })

  it('is not empty', async () => {
    expect(await refused(issues().createComment({ ...place, body: ' \n' }))).toMatchObject({
      status: 422,
      errors: [{ resource: 'IssueComment', field: 'body', message: 'body cannot be blank' }],
    })
    const without = gitHub().request('POST /repos/acme/app/issues/7/comments', {})
    expect(await refused(without)).toEqual({ status: 422, message: 'Invalid request.\n\n"body" wasn\'t supplied.' })
    const half = gitHub().request('POST /repos/acme/app/issues/7/comments', { data: '{"body":' })
    expect(await refused(half)).toEqual({ status: 400, message: 'Problems parsing JSON' })
  })

  it('is forgotten when all is', async () => {
    write(1)
    await world.sandbox.reset()
    expect(world.sandbox.gitHub.comments(repository, 7)).toEqual([])
  })

  it('cannot be looked up or added by hand where there is no pull request', () => {
    const { gitHub } = world.sandbox
    expect(() => gitHub.comments(repository, 1)).toThrow('There is no pull request acme/app#1')
    expect(() => gitHub.addComment(repository, 1, bot, 'Hello')).toThrow('There is no pull request acme/app#1')
  })
})

describe('a list of comments', () => {
  const link = async (parameters: object) => (await issues().listComments({ ...place, ...parameters })).headers.link
  /** A list's pages lie at its repository's number, not at its name. */
  const to = (page: number, size: number, name: string) =>
    `<${world.sandbox.url}/github/repositories/1/issues/7/comments?per_page=${size}&page=${page}>; rel="${name}"`

  it.each([
    [{}, 9],
    [{ per_page: 100 }, 3],
    [{ per_page: 50 }, 5],
  ])(
    'is gathered whole by a client that follows its links, oldest first: %j in %i requests',
    async (parameters, requests) => {
      write(250)
      const list = await gitHub().paginate(gitHub().rest.issues.listComments, { ...place, ...parameters })
      expect(list.map(({ body }) => body)).toEqual(Array.from({ length: 250 }, (_, index) => `Comment ${index + 1}`))
      expect(world.sandbox.requests).toHaveLength(requests)
    },
  )

  it('has 30 on a page unless told, and never more than 100', async () => {
    write(120)
    const length = async (parameters: object) => (await issues().listComments({ ...place, ...parameters })).data.length
    expect(await length({})).toBe(30)
    expect(await length({ per_page: 7 })).toBe(7)
    expect(await length({ per_page: 1000 })).toBe(100)
    expect(await length({ per_page: 0, page: 0 })).toBe(30)
    expect(await length({ per_page: 100, page: 2 })).toBe(20)
    expect(await length({ per_page: 100, page: 3 })).toBe(0)
  })

  it('links to the pages before and after, where there are any', async () => {
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

  it('are the open and merged ones that it is the head of, and the one whose merge made it', async () => {
    expect(await numbers('aaaa')).toEqual([7, 10])
    expect(await numbers('bbbb')).toEqual([8])
    expect(await numbers('b8b8')).toEqual([8])
  })

  it('are none where it is the head of a closed one, a merge that was only tried, or was pushed by hand', async () => {
    expect(await Promise.all(['cccc', 'a7a7', 'eeee'].map(numbers))).toEqual([[], [], []])
  })

  it('are those that hold the commit below their head, too', async () => {
    expect(await numbers('f0f0')).toEqual([11])
  })

  it('are listed by the repository of their branch, whatever repository they are for', async () => {
    expect((await pullsOf('ffff')).data).toMatchObject([
      { number: 404, base: { repo: { full_name: 'upstream/app' } }, head: { sha: 'ffff' } },
    ])
    const upstream = { owner: 'upstream', repo: 'app', commit_sha: 'ffff' }
    expect((await gitHub().rest.repos.listPullRequestsAssociatedWithCommit(upstream)).data).toEqual([])
  })

  it('say their state, and when they were merged', async () => {
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

  it('come in pages', async () => {
    const route = gitHub().rest.repos.listPullRequestsAssociatedWithCommit
    const list = await gitHub().paginate(route, { owner: 'acme', repo: 'app', commit_sha: 'aaaa', per_page: 1 })
    expect(list.map(({ number }) => number)).toEqual([7, 10])
    expect(world.sandbox.requests).toHaveLength(2)
  })

  it('cannot be asked of a commit that another repository has, or none', async () => {
    expect(await refused(pullsOf('dddd'))).toEqual({ status: 422, message: 'No commit found for SHA: dddd' })
  })
})

it('every request is logged, with what it asked and without its token', async () => {
  const named = { owner: 'acme', repo: 'app' }
  write(1)
  const [first] = world.sandbox.gitHub.comments(repository, 7)
  await gitHub().graphql('{ viewer { login } }')
  await issues().listComments({ ...place, per_page: 100 })
  await issues().createComment({ ...place, body: 'Hello' })
  await issues().updateComment({ ...named, comment_id: first?.id ?? 0, body: 'Hello again' })
  await pullsOf('aaaa')
  await refused(gitHub().request('GET /user'))

  expect(
    world.sandbox.requests.map(({ operation, input, status, error }) => [operation, input, status, error]),
  ).toEqual([
    ['Viewer', { query: '{ viewer { login } }' }, 200, undefined],
    ['ListComments', { ...named, issue_number: '7', per_page: '100' }, 200, undefined],
    ['CreateComment', { ...named, issue_number: '7', body: 'Hello' }, 201, undefined],
    ['UpdateComment', { ...named, comment_id: String(first?.id), body: 'Hello again' }, 200, undefined],
    ['ListPullsOfCommit', { ...named, commit_sha: 'aaaa' }, 200, undefined],
    ['GET /user', {}, 404, 'Not Found'],
  ])
  for (const { service, account, region, actions } of world.sandbox.requests) {
    expect({ service, account, region, actions }).toEqual({ service: 'github', account: '', region: '', actions: [] })
  }
  expect(JSON.stringify(world.sandbox.requests)).not.toContain('ghs_all')
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
    // GitHub's client takes half an answer for an empty one.
    [{ kind: 'cut' }, true, /^no refusal: .*"data":""/, 201],
    [{ kind: 'delay', milliseconds: 1 }, true, /^no refusal: .*"body":"Hello"/, 201],
  ])('%j: done or not, as it says', async (fault, isDone, said, status) => {
    world.sandbox.faults.add({ ...fault, service: 'github', operation: 'CreateComment' })
    expect((await issues().listComments(place)).data).toEqual([])
    expect(await refusal(issues().createComment({ ...place, body: 'Hello' }))).toMatch(said)
    expect(world.sandbox.gitHub.comments(repository, 7)).toHaveLength(isDone ? 1 : 0)
    expect(world.sandbox.requests.at(-1)).toMatchObject({ operation: 'CreateComment', status })
  })

  it('that is a throttle says when to come back', async () => {
    world.sandbox.faults.add({ kind: 'throttle' })
    await expect(issues().listComments(place)).rejects.toMatchObject({ response: { headers: { 'retry-after': '1' } } })
    expect((await issues().listComments(place)).data).toEqual([])
  })

  it('of another service leaves GitHub alone', async () => {
    world.sandbox.faults.add({ kind: 'throttle', service: 'dynamodb' })
    expect((await issues().listComments(place)).data).toEqual([])
  })
})

describe('who watches', () => {
  it('is told of each request before it is done, and after it is done and before it is answered', async () => {
    const seen: [string, RequestedOperation, number][] = []
    const end = world.sandbox.watch((moment, request) => {
      seen.push([moment, request, world.sandbox.gitHub.comments(repository, 7).length])
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

  it('is told of tables, and of requests that a fault keeps from being done', async () => {
    const seen: [string, RequestedOperation][] = []
    const end = world.sandbox.watch((moment, request) => void seen.push([moment, request]))
    world.sandbox.faults.add({ kind: 'reset', service: 'dynamodb' })
    await refusal(world.dynamoDb().describeTable({ TableName: 'tenant' }))
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
  ] as const)('can hold a request %s it is done', async (held, done) => {
    let release = () => {}
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    let isHeld = () => {}
    const holding = new Promise<void>((resolve) => {
      isHeld = resolve
    })
    const end = world.sandbox.watch(async (moment) => {
      if (moment !== held) return
      isHeld()
      await released
    })
    const answer = issues().createComment({ ...place, body: 'Hello' })
    await holding
    expect(world.sandbox.gitHub.comments(repository, 7)).toHaveLength(done)
    release()
    expect((await answer).status).toBe(201)
    end()
  })

  it('loses the connection where it throws', async () => {
    const end = world.sandbox.watch(() => {
      throw new Error('enough')
    })
    expect(await refusal(issues().listComments(place))).toMatch(/other side closed|ECONNRESET/)
    end()
  })
})
