/** The rules for every workflow of this repository, and those of a release. */
import { execFile } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { parse } from 'yaml'
import { repository } from './support/runner.ts'

const read = (path: string) => readFileSync(join(repository, path), 'utf8')
const workflows = readdirSync(join(repository, '.github/workflows')).map((name) => `.github/workflows/${name}`)

interface Job {
  readonly 'timeout-minutes'?: number
  readonly permissions?: Readonly<Record<string, string>>
  readonly steps: readonly {
    readonly uses?: string
    readonly run?: string
    readonly with?: Readonly<Record<string, unknown>>
  }[]
}
const jobsOf = (path: string) => (parse(read(path)) as { readonly jobs: Readonly<Record<string, Job>> }).jobs

/** The actions that a file uses, with the comment behind the commit. */
const usesIn = (path: string) =>
  [...read(path).matchAll(/uses: ([\w./-]+)@(\S+)(?: # (\S+))?$/gm)].map(
    ([, action = '', commit = '', version = '']) => ({
      action,
      commit,
      version,
    }),
  )

describe.each(workflows)('%s', (path) => {
  it('ends every job after a time', () => {
    for (const [name, job] of Object.entries(jobsOf(path))) {
      expect([name, job['timeout-minutes']]).toEqual([name, expect.any(Number)])
      expect(job['timeout-minutes']).toBeLessThanOrEqual(120)
    }
  })

  it('grants write permissions only to jobs that use them', () => {
    const granted = Object.entries(jobsOf(path)).flatMap(([name, { permissions = {} }]) =>
      Object.entries(permissions).flatMap(([scope, level]) => (level === 'write' ? [`${name}: ${scope}`] : [])),
    )
    const used: Readonly<Record<string, readonly string[]>> = {
      'codeql.yml': ['analyze: security-events'],
      'contract-aws.yml': ['prove: id-token'],
      'release.yml': ['publish: attestations', 'publish: contents', 'publish: id-token'],
      'scorecard.yml': ['score: id-token', 'score: security-events'],
      'zizmor.yml': ['audit: security-events'],
    }
    expect(granted.sort()).toEqual(used[path.split('/').at(-1) ?? ''] ?? [])
  })

  it('keeps the token of the job out of the files that it checks out', () => {
    const checkouts = Object.values(jobsOf(path)).flatMap(({ steps }) =>
      steps.filter(({ uses }) => uses?.startsWith('actions/checkout@')),
    )
    for (const step of checkouts) expect(step.with?.['persist-credentials']).toBe(false)
  })

  it('names the version of every pinned action, which is the same commit in every workflow', () => {
    for (const { action, commit, version } of usesIn(path)) {
      expect([action, version]).toEqual([action, expect.stringMatching(/^v\d+\.\d+\.\d+$/)])
      const owner = action.split('/').slice(0, 2).join('/')
      const elsewhere = workflows.flatMap(usesIn).filter((each) => `${each.action}/`.startsWith(`${owner}/`))
      expect(elsewhere.map((each) => [owner, each.commit, each.version])).toEqual(
        elsewhere.map(() => [owner, commit, version]),
      )
    }
  })

  it('puts no expression into a script', () => {
    for (const { steps } of Object.values(jobsOf(path))) {
      for (const { run = '' } of steps) expect(run).not.toContain('${{')
    }
  })
})

describe('a release', () => {
  const path = '.github/workflows/release.yml'

  it('is made from an exact version only', () => {
    const { on } = parse(read(path)) as { readonly on: unknown }
    expect(on).toEqual({ push: { tags: ['v[0-9]+.[0-9]+.[0-9]+'] } })
  })

  it('is written by a job that runs no code of the repository and no package, after the bundle was compared', () => {
    const { build, publish } = jobsOf(path)
    const commands = (job: Job | undefined) => job?.steps.flatMap(({ run }) => run?.trim().split('\n') ?? []) ?? []
    expect(commands(build)).toEqual(expect.arrayContaining(['npm ci', 'npm run check-dist']))
    expect(commands(publish).length).toBeGreaterThan(1)
    for (const command of commands(publish)) expect(command).toMatch(/^gh release (create|verify) /)
    expect(publish?.steps.map(({ uses }) => uses).join()).not.toContain('actions/checkout@')
  })

  it('moves no tag', () => {
    for (const workflow of workflows) expect(read(workflow)).not.toMatch(/git (tag|push)|git\/refs|--clobber/)
  })
})

describe('the notes of a release', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'release-'))
    mkdirSync(join(folder, 'scripts'))
    cpSync(join(repository, 'scripts/release-notes.js'), join(folder, 'scripts/release-notes.js'))
    writeFileSync(join(folder, 'package.json'), '{ "version": "1.2.3", "type": "module" }')
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  const notes = async (tag: string, changelog: string) => {
    writeFileSync(join(folder, 'CHANGELOG.md'), changelog)
    const run = promisify(execFile)(process.execPath, ['scripts/release-notes.js', tag], { cwd: folder })
    return await run.then(
      ({ stdout }) => stdout,
      ({ stderr }: { readonly stderr: string }) => /Error: (.*)/.exec(stderr)?.[1],
    )
  }
  const changelog =
    '# Changelog\n\n## [Unreleased]\n\n- later\n\n## [1.2.3] - 2026-12-01\n\n### Fixed\n\n- this\n\n## [1.2.2] - 2026-11-01\n\n- before\n'

  it('are the section of the version in the changelog', async () => {
    expect(await notes('v1.2.3', changelog)).toBe('### Fixed\n\n- this\n')
  })

  it.each([
    ['v1.2.4', changelog, 'The tag is v1.2.4, but the version of package.json is 1.2.3.'],
    ['1.2.3', changelog, 'The tag is 1.2.3, but the version of package.json is 1.2.3.'],
    ['v1.2.3', '## [Unreleased]\n\n- later\n', 'CHANGELOG.md has no section "## [1.2.3] - DATE".'],
    ['v1.2.3', '## [1.2.3] - soon\n\n- this\n', '"## [1.2.3] - soon" has no date such as 2026-12-31.'],
    [
      'v1.2.3',
      '## [1.2.3] - 2026-12-01\n\n## [1.2.2] - 2026-11-01\n\n- before\n',
      'The section of 1.2.3 in CHANGELOG.md is empty.',
    ],
  ])('are refused for %s and a changelog that is not ready: %j', async (tag, text, message) => {
    expect(await notes(tag, text)).toBe(message)
  })
})

it('the changelog begins with what is not released, and its last release is the version of package.json', () => {
  const headings = [...read('CHANGELOG.md').matchAll(/^## (.*)$/gm)].map(([, heading = '']) => heading)
  expect(headings[0]).toBe('[Unreleased]')
  const { version } = JSON.parse(read('package.json')) as { readonly version: string }
  const [, latest] = headings
  if (latest !== undefined) expect(latest).toMatch(new RegExp(`^\\[${version}\\] - \\d{4}-\\d\\d-\\d\\d$`))
})

it('dependabot watches packages and actions, waits a week after a release, and groups its pull requests', () => {
  const { updates } = parse(read('.github/dependabot.yml')) as {
    readonly updates: readonly {
      readonly 'package-ecosystem': string
      readonly cooldown: { readonly 'default-days': number }
      readonly groups: object
    }[]
  }
  expect(updates.map((each) => each['package-ecosystem'])).toEqual(['npm', 'github-actions'])
  for (const { cooldown, groups } of updates) {
    expect(cooldown['default-days']).toBeGreaterThanOrEqual(7)
    expect(Object.keys(groups).length).toBeGreaterThan(0)
  }
})

describe.each(['bug', 'feature'])('the issue form %s', (name) => {
  const { body } = parse(read(`.github/ISSUE_TEMPLATE/${name}.yml`)) as {
    readonly body: readonly {
      readonly type: string
      readonly id?: string
      readonly attributes: Readonly<Record<string, unknown>>
    }[]
  }

  it('asks for no credentials', () => {
    expect(JSON.stringify(body)).toContain('Never paste an access key, a token')
  })

  it('has fields of GitHub, each with a label and an id of its own', () => {
    const fields = body.filter(({ type }) => type !== 'markdown')
    for (const { type, attributes } of fields) {
      expect(['input', 'textarea', 'dropdown', 'checkboxes']).toContain(type)
      expect(attributes.label).toEqual(expect.any(String))
    }
    expect(new Set(fields.map(({ id }) => id)).size).toBe(fields.length)
  })
})

it('the community files exist that GitHub links to', () => {
  for (const path of ['CODE_OF_CONDUCT.md', 'CONTRIBUTING.md', 'SECURITY.md', 'LICENSE', '.github/CODEOWNERS']) {
    expect([path, existsSync(join(repository, path))]).toEqual([path, true])
  }
  expect(read('.github/pull_request_template.md')).toContain('.ci/run')
})
