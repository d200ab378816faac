/** The port to GitHub's API, with GitHub's own client, against the sandbox. */

import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Fault } from '../../sandbox/faults.ts'
import { type Sandbox, startSandbox } from '../../sandbox/sandbox.ts'
import { StoppedError } from '../../src/errors/errors.ts'
import { connectGitHub, type GitHub } from '../../src/github/api.ts'
import { fastClock } from '../support/clock.ts'
import { aRun, type FakeRun } from '../support/fakes.ts'

const repository = 'acme/app'
const bot = { login: 'github-actions[bot]', type: 'Bot' } as const
const mark = '<!-- tenant-tables 0 -->'
let sandbox: Sandbox
let run: FakeRun

beforeAll(async () => {
  sandbox = await startSandbox({
    gitHub: {
      tokens: [
        { token: 'ghs_writer', ...bot, permissions: { contents: 'read', 'pull-requests': 'write' } },
        { token: 'ghs_reader', ...bot, permissions: { contents: 'read', 'pull-requests': 'read' } },
        { token: 'ghs_short', login: 'github-actions', type: 'Bot', permissions: { 'pull-requests': 'write' } },
      ],
      pullRequests: [
        { repository, number: 7, state: 'open', headSha: 'aaaa' },
        { repository, number: 8, state: 'merged', headSha: 'bbbb', mergeCommitSha: 'b8b8' },
        { repository, number: 9, state: 'open', headSha: 'bbbb' },
        { repository, number: 10, state: 'merged', headSha: 'dddd', mergeCommitSha: 'd0d0' },
        { repository, number: 11, state: 'open', headSha: 'f1f1', commits: ['f0f0'], mergeCommitSha: 'f2f2' },
        { repository, number: 12, state: 'open', headSha: 'cccc' },
        { repository, number: 13, state: 'open', headSha: 'cccc' },
        { repository, number: 14, state: 'merged', headSha: 'b9b9', mergeCommitSha: 'bbbb' },
        { repository, number: 15, state: 'open', headSha: 'a1a1', mergeCommitSha: 'eeee' },
        { repository: 'upstream/app', number: 7, state: 'open', headSha: 'abab', headRepository: repository },
      ],
      commits: [{ repository, sha: 'eeee' }],
    },
  })
})
beforeEach(async () => {
  await sandbox.reset()
  sandbox.faults.clear()
  sandbox.clearRequests()
  run = { ...aRun(), clock: { ...fastClock(100), sleeps: [] } }
})
afterAll(() => sandbox.close())

/** Starts another server in the place of GitHub's API. */
async function serve(listener: RequestListener) {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const apiUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const close = () => {
    server.closeAllConnections()
    server.close()
  }
  return { place: { owner: 'acme', repository: 'app', token: 'ghs_writer', apiUrl }, close }
}

const connect = (token = 'ghs_writer'): Promise<GitHub> =>
  connectGitHub({ owner: 'acme', repository: 'app', token, apiUrl: sandbox.environment.GITHUB_API_URL ?? '' }, run)
const bodies = () => sandbox.gitHub.comments(repository, 7).map(({ body }) => body)
const operations = () => sandbox.requests.map(({ operation }) => operation)

describe('the comment', () => {
  it('is written once and then edited, and its address is returned', async () => {
    const gitHub = await connect()
    const first = await gitHub.writeComment(7, mark, `${mark} one`)
    const second = await gitHub.writeComment(7, mark, `${mark} two`)
    expect(bodies()).toEqual([`${mark} two`])
    expect([first, second]).toEqual([second, sandbox.gitHub.comments(repository, 7)[0]?.html_url])
  })

  it('is found on every page', async () => {
    for (let number = 1; number <= 201; number += 1) sandbox.gitHub.addComment(repository, 7, bot, `Comment ${number}`)
    const gitHub = await connect()
    await gitHub.writeComment(7, mark, `${mark} one`)
    await gitHub.writeComment(7, mark, `${mark} two`)
    expect(bodies()).toHaveLength(202)
    expect(bodies().at(-1)).toBe(`${mark} two`)
    expect(operations().filter((operation) => operation === 'ListComments')).toHaveLength(6)
  })

  it('is neither the comment of another author with the same mark, nor another comment of our own', async () => {
    const others = [
      [{ login: 'octocat', type: 'User' }, `${mark} mine now`],
      [{ login: 'github-actions', type: 'User' }, `${mark} mine too`],
      [{ login: 'other[bot]', type: 'Bot' }, `${mark} a bot's`],
      [bot, '<!-- tenant-tables 1 --> another target'],
      [bot, `quoting ${mark}`],
    ] as const
    for (const [user, body] of others) sandbox.gitHub.addComment(repository, 7, user, body)
    await (await connect()).writeComment(7, mark, `${mark} ours`)
    expect(bodies()).toEqual([...others.map(([, body]) => body), `${mark} ours`])
  })

  it('is found where GitHub names the app without [bot], and is not that of a user of that name', async () => {
    sandbox.gitHub.addComment(repository, 7, { login: bot.login, type: 'User' }, `${mark} not a bot's`)
    sandbox.gitHub.addComment(repository, 7, bot, `${mark} one`)
    await (await connect('ghs_short')).writeComment(7, mark, `${mark} two`)
    expect(bodies()).toEqual([`${mark} not a bot's`, `${mark} two`])
  })

  it('is the oldest where two concurrent runs wrote one each', async () => {
    sandbox.gitHub.addComment(repository, 7, bot, `${mark} one`)
    sandbox.gitHub.addComment(repository, 7, bot, `${mark} two`)
    await (await connect()).writeComment(7, mark, `${mark} three`)
    expect(bodies()).toEqual([`${mark} three`, `${mark} two`])
  })
})

describe('a fault', () => {
  const kinds: readonly Fault['kind'][] = ['throttle', 'html', 'reset', 'cut', 'lost-answer']
  const cases = ['Viewer', 'ListComments', 'CreateComment', 'UpdateComment'].flatMap((operation) =>
    kinds.map((kind) => [kind, operation] as const),
  )
  it.each(cases)('%s of %s leaves exactly one comment', async (kind, operation) => {
    const gitHub = await connect()
    if (operation === 'UpdateComment') await gitHub.writeComment(7, mark, `${mark} before`)
    sandbox.faults.add({ service: 'github', operation, kind, status: kind === 'html' ? 502 : 403 })
    await gitHub.writeComment(7, mark, `${mark} after`)
    expect(bodies()).toEqual([`${mark} after`])
    expect(run.lines.length).toBeGreaterThan(0)
  })

  it('of too many requests is followed by the wait that GitHub asks for', async () => {
    const sleeps: number[] = []
    const { clock } = run
    const sleep: FakeRun['clock']['sleep'] = async (milliseconds, signal) => {
      sleeps.push(milliseconds)
      await clock.sleep(milliseconds, signal)
    }
    run = { ...run, clock: { ...clock, sleep } }
    sandbox.faults.add({ service: 'github', operation: 'CreateComment', kind: 'throttle' })
    await (await connect()).writeComment(7, mark, `${mark} one`)
    expect(sleeps).toEqual([expect.any(Number)])
    // Retry-After is one second; another one is added because the message names whole seconds.
    expect(sleeps[0]).toBeGreaterThan(900)
  })

  it('of a response that never comes ends with the run', async () => {
    sandbox.faults.add({ service: 'github', kind: 'delay', milliseconds: 60_000 })
    const writing = (await connect()).writeComment(7, mark, `${mark} one`)
    setImmediate(() => run.abortNow(new Error('enough')))
    await expect(writing).rejects.toThrow('enough')
  })

  it.each([
    ['token that may only read', 'ghs_reader', 403, /not accessible by integration/],
    ['token that GitHub does not know', 'ghs_stolen', 401, /Bad credentials/],
  ])('of a %s is final at the first try', async (_, token, status, message) => {
    await expect((await connect(token)).writeComment(7, mark, `${mark} one`)).rejects.toMatchObject({
      name: 'GitHubError',
      status,
      message: expect.stringMatching(message),
    })
    expect([bodies(), run.lines]).toEqual([[], []])
  })
})

describe('a connection', () => {
  it('of a server that answers with anything but a comment fails', async () => {
    const { place, close } = await serve((_, response) => {
      response.setHeader('content-type', 'application/json')
      response.end('{"data":{"viewer":{"login":"github-actions[bot]"}}}')
    })
    try {
      const gitHub = await connectGitHub(place, run)
      const written = gitHub.writeComment(7, mark, `${mark} one`)
      await expect(written).rejects.toMatchObject({ message: "GitHub's response is not a comment" })
    } finally {
      close()
    }
  })

  it('follows no redirect', async () => {
    const asked: (string | undefined)[] = []
    const { place, close } = await serve((request, response) => {
      asked.push(request.url)
      if (request.url !== '/elsewhere') response.writeHead(302, { location: '/elsewhere' })
      response.end('[]')
    })
    const gitHub = await connectGitHub(place, run)
    await expect(gitHub.findPullRequests('b8b8', 'open')).rejects.toMatchObject({ name: 'GitHubError' })
    close()
    expect(asked).not.toEqual([])
    expect(asked).not.toContain('/elsewhere')
  })

  it('that is refused fails at the first try, with what to check', async () => {
    const { place, close } = await serve(() => undefined)
    close()
    const finding = (await connectGitHub(place, run)).findPullRequests('b8b8', 'open')
    await expect(finding).rejects.toMatchObject({
      name: 'UnreachableError',
      code: 'ECONNREFUSED',
      remedy: 'Check GITHUB_API_URL, and that a server listens at this address.',
    })
    expect(run.lines).toEqual([])
  })

  it('is not made without the proxy where its address cannot be read', async () => {
    const { HTTPS_PROXY: before } = process.env
    process.env.HTTPS_PROXY = 'http://bob:100%hunter@proxy.example:3128'
    const connecting = connectGitHub({ owner: 'a', repository: 'b', token: 'c', apiUrl: 'https://api.example' }, run)
    await expect(connecting).rejects.toMatchObject({ remedy: expect.stringContaining('write %25 for %') })
    if (before === undefined) delete process.env.HTTPS_PROXY
    else process.env.HTTPS_PROXY = before
  })
})

describe('the pull requests of a commit', () => {
  it.each([
    ['the one that was merged as this commit', 'b8b8', [8], []],
    ['the merged one rather than the open one with this head', 'bbbb', [14], [9]],
    ['the open one with this head', 'aaaa', [7], [7]],
    ['all open ones with this head', 'cccc', [12, 13], [12, 13]],
    ['no merged one whose head became another commit', 'dddd', [], []],
    ['no open one with another head', 'f0f0', [], []],
    ['no one of another repository', 'abab', [], []],
    ['none for a commit without one', 'eeee', [], []],
  ])('are %s: %s', async (_, commit, mergedOrOpen, open) => {
    const gitHub = await connect()
    await expect(gitHub.findPullRequests(commit, 'merged-or-open')).resolves.toEqual(mergedOrOpen)
    await expect(gitHub.findPullRequests(commit, 'open')).resolves.toEqual(open)
  })

  it('are found on every page', async () => {
    const below = { repository, state: 'open', headSha: 'ffff', commits: ['aaaa'] } as const
    const pullRequests = Array.from({ length: 249 }, (_, index) => ({ ...below, number: index + 1 }))
    const other = await startSandbox({
      gitHub: {
        tokens: [{ token: 't', ...bot, permissions: { contents: 'read', 'pull-requests': 'read' } }],
        pullRequests: [...pullRequests, { repository, number: 250, state: 'open', headSha: 'aaaa' }],
      },
    })
    const apiUrl = other.environment.GITHUB_API_URL ?? ''
    const gitHub = await connectGitHub({ owner: 'acme', repository: 'app', token: 't', apiUrl }, run)
    const found = await gitHub.findPullRequests('aaaa', 'merged-or-open')
    await other.close()
    expect([found, other.requests.length]).toEqual([[250], 3])
  })

  it('are found where GitHub spells the repository in another case', async () => {
    const { place, close } = await serve((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      const base = { repo: { full_name: 'Acme/App' } }
      response.end(JSON.stringify([{ number: 7, state: 'open', merged_at: null, base, head: { sha: 'aaaa' } }]))
    })
    const found = await (await connectGitHub(place, run)).findPullRequests('aaaa', 'open')
    close()
    expect(found).toEqual([7])
  })

  it.each<Fault['kind']>(['reset', 'cut', 'html'])('are searched again after the fault %s', async (kind) => {
    sandbox.faults.add({ service: 'github', kind, status: 502 })
    await expect((await connect()).findPullRequests('b8b8', 'merged-or-open')).resolves.toEqual([8])
  })
})

it('repeats a rate-limited call until the run must stop, and then names the time that GitHub gave', async () => {
  const { place, close } = await serve((_, response) => {
    response.writeHead(429, { 'retry-after': '60', 'content-type': 'application/json' })
    response.end('{"message":"slow down"}')
  })
  const cancelled = new StoppedError('The run was cancelled.', 'Run it again.')
  const sleep = async () => {
    run.stopNow(cancelled)
    throw cancelled
  }
  const limited = await connectGitHub(place, { ...run, clock: { ...run.clock, sleep } })
  const failed = await limited.findPullRequests('c', 'open').catch((error: unknown) => error)
  close()
  expect(failed).toMatchObject({
    name: 'StoppedError',
    cause: { name: 'GitHubError', message: expect.stringMatching(/; try again after 20/) },
  })
})
