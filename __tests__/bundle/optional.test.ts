/** The committed bundle where something optional fails: the tables are changed, the outputs set, and the step succeeds. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Sandbox, startSandbox } from '../../sandbox/sandbox.ts'
import { externalId, hubRole, provisionerRole, twoAccounts } from '../../sandbox/two-accounts.ts'
import { defaultToken, type RunnerOptions, type RunnerResult, runAction } from '../support/runner.ts'

const repository = 'acme/app'
const inputs = {
  environment: 'dev',
  'aws-region': 'ap-south-1',
  'role-to-assume': `${hubRole}\n${provisionerRole}`,
  'role-external-id': externalId,
}
/** The event of a push to the default branch: the commit is the merge of pull request 7. */
const tip = '0123456789abcdef0123456789abcdef01234567'
let sandbox: Sandbox
let folder: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'optional-'))
  sandbox = await startSandbox({
    ...twoAccounts('dev'),
    timings: { creating: 100, backupsMissing: 0, backupsUnavailable: 0, tagsUnreadable: 0, tagsLag: 0, tagsLock: 0 },
    gitHub: {
      tokens: [
        {
          token: defaultToken,
          login: 'github-actions[bot]',
          type: 'Bot',
          permissions: { contents: 'read', 'pull-requests': 'write' },
        },
      ],
      pullRequests: [
        { repository, number: 7, state: 'merged', headSha: 'a'.repeat(40), mergeCommitSha: tip },
        { repository, number: 42, state: 'open', headSha: 'b'.repeat(40) },
      ],
    },
  })
  await act(newTag())
})
afterAll(async () => {
  await sandbox.close()
  rmSync(folder, { recursive: true })
})

const act = (given: Readonly<Record<string, string>>, options: Partial<RunnerOptions> = {}): Promise<RunnerResult> =>
  runAction({
    ...options,
    inputs: { ...inputs, ...given },
    environment: { ...sandbox.environment, ...options.environment },
  })

/** A tag that no run before has set, so that there is something to apply without waiting for new tables. */
let lastTag = 0
const newTag = () => {
  lastTag += 1
  return { tags: `case=${lastTag}` }
}
const tagsOf = (prefix = '') =>
  ['tenant', 'users'].map((name) =>
    sandbox.account('222222222222', 'ap-south-1').table(`${prefix}${name}`)?.tags.get('case'),
  )
const applied = () => [String(lastTag), String(lastTag)]

const messages = ({ commands }: RunnerResult, command: string) =>
  commands.filter((each) => each.command === command).map(({ message }) => message)
const outputNames = [
  'aws-account-id',
  'aws-region',
  'changed',
  'changes-count',
  'has-changes',
  'plan',
  'plan-digest',
  'tables',
  'tenant-access-policy',
  'tenant-table-arn',
  'tenant-table-name',
  'users-table-arn',
  'users-table-name',
]

describe('an apply changes both tables, sets every other output and succeeds with one warning', () => {
  const planFile = /^The plan file could not be written, so the output plan-file is not set\./
  const summary = /^The job summary could not be written\./
  const comment = /^The pull request comment could not be written\./

  it.each<[string, Readonly<Record<string, string>>, Readonly<Record<string, string>>, RegExp]>([
    ['RUNNER_TEMP does not exist', {}, { RUNNER_TEMP: '/nonexistent/temporary' }, planFile],
    ['RUNNER_TEMP is a file', {}, { RUNNER_TEMP: '/dev/null' }, planFile],
    // A folder that even root cannot write to.
    ['RUNNER_TEMP is read-only', {}, { RUNNER_TEMP: '/sys' }, planFile],
    [
      'GITHUB_STEP_SUMMARY is in a folder that does not exist',
      {},
      { GITHUB_STEP_SUMMARY: '/nonexistent/summary' },
      summary,
    ],
    ['GITHUB_STEP_SUMMARY is a folder', {}, { GITHUB_STEP_SUMMARY: '/sys' }, summary],
    ['the device of GITHUB_STEP_SUMMARY is full', {}, { GITHUB_STEP_SUMMARY: '/dev/full' }, summary],
    ['a comment is wanted without a token', { comment: 'true', 'github-token': '' }, {}, comment],
    ['the event file does not exist', { comment: 'true' }, { GITHUB_EVENT_PATH: '/nonexistent/event.json' }, comment],
    ['the event file is a folder', { comment: 'true' }, { GITHUB_EVENT_PATH: '/sys' }, comment],
    ['nothing listens at GITHUB_API_URL', { comment: 'true' }, { GITHUB_API_URL: 'http://127.0.0.1:2' }, comment],
    ['GITHUB_API_URL is no URL', { comment: 'true' }, { GITHUB_API_URL: 'api.github.com' }, comment],
  ])('where %s', async (_, given, environment, warning) => {
    const result = await act({ ...given, ...newTag() }, { environment })
    expect([result.exitCode, messages(result, 'error'), tagsOf()]).toEqual([0, [], applied()])
    expect(messages(result, 'warning')).toEqual([expect.stringMatching(warning)])
    expect(result.outputs.changed).toBe('true')
    const isPlanFile = warning === planFile
    expect(Object.keys(result.outputs).sort()).toEqual([...outputNames, ...(isPlanFile ? [] : ['plan-file'])].sort())
    expect(result.summary === '').toBe(warning === summary)
  })
})

it.each([
  ['closed', undefined],
  // A shell would lose the inputs: their names have hyphens.
  [
    'a full device',
    `#!${process.execPath}
const full = require('node:fs').openSync('/dev/full', 'w')
const { spawnSync } = require('node:child_process')
process.exitCode = spawnSync(process.execPath, process.argv.slice(2), { stdio: ['ignore', full, full] }).status
`,
  ],
])(
  'annotations that cannot be written, because stdout is %s, leave outputs and success as they are',
  async (_, script) => {
    const node = join(folder, 'node')
    writeFileSync(node, script ?? '', { mode: 0o700 })
    const result = await act(
      { comment: 'true', 'github-token': '', ...newTag() },
      {
        environment: { RUNNER_TEMP: '/nonexistent/temporary' },
        ...(script === undefined ? { isUnread: true } : { node }),
      },
    )
    expect([result.exitCode, result.stdout, tagsOf()]).toEqual([0, '', applied()])
    expect(Object.keys(result.outputs).sort()).toEqual(outputNames)
    expect(result.summary).toContain('2 changes applied')
  },
)

it('new tables are made though all that is optional fails at once, and each warns for itself', async () => {
  const result = await act(
    { comment: 'true', 'github-token': '', 'table-name-prefix': 'new-', ...newTag() },
    { environment: { RUNNER_TEMP: '/nonexistent/temporary', GITHUB_STEP_SUMMARY: '/nonexistent/summary' } },
  )
  expect([result.exitCode, messages(result, 'warning').length, tagsOf('new-')]).toEqual([0, 3, applied()])
  expect(Object.keys(result.outputs).sort()).toEqual(outputNames)
})

it('outputs are not optional: where they cannot be written, the step fails after the tables are changed', async () => {
  const result = await act(newTag(), { environment: { GITHUB_OUTPUT: '/nonexistent/output' } })
  expect([result.exitCode, tagsOf()]).toEqual([1, applied()])
  expect(messages(result, 'error')).toEqual([expect.stringContaining('The outputs could not be written')])
})

describe('a reviewed plan in the workspace', () => {
  it('is read where RUNNER_TEMP does not exist', async () => {
    const tag = newTag()
    const { outputs } = await act({ command: 'plan', ...tag })
    const result = await act(
      { 'expected-plan': 'plan.json', ...tag },
      { workspaceFiles: { 'plan.json': outputs.plan ?? '' }, environment: { RUNNER_TEMP: '/nonexistent/temporary' } },
    )
    expect([result.exitCode, messages(result, 'error'), tagsOf()]).toEqual([0, [], applied()])
    expect(result.stdout).toContain(`Compared with the reviewed plan ${outputs['plan-digest']}`)
  })

  it('is an error where neither folder exists, and nothing is written', async () => {
    const environment = { RUNNER_TEMP: '/nonexistent/temporary', GITHUB_WORKSPACE: '/nonexistent/workspace' }
    const before = tagsOf()
    const given = { 'expected-plan': 'plan.json', ...newTag() }
    const result = await act(given, { workspaceFiles: { 'plan.json': '{}' }, environment })
    expect([result.exitCode, tagsOf()]).toEqual([1, before])
    expect(messages(result, 'error')).toEqual([expect.stringContaining('"plan.json"')])
  })
})

it('a comment goes to the pull request that was commented on, and the record of the last merge stays', async () => {
  await act({ comment: 'true', ...newTag() })
  const record = sandbox.gitHub.comments(repository, 7).map(({ body }) => body)
  expect(record).toEqual([expect.stringContaining('2 changes applied')])

  const result = await act(
    { comment: 'true', command: 'plan', ...newTag() },
    {
      environment: { GITHUB_EVENT_NAME: 'issue_comment' },
      event: { issue: { number: 42, pull_request: { url: 'https://api.github.com/repos/acme/app/pulls/42' } } },
    },
  )
  expect([result.exitCode, messages(result, 'warning'), messages(result, 'notice')]).toEqual([0, [], []])
  expect(sandbox.gitHub.comments(repository, 42).map(({ body }) => body)).toEqual([
    expect.stringContaining('2 changes planned'),
  ])
  expect(sandbox.gitHub.comments(repository, 7).map(({ body }) => body)).toEqual(record)
})
