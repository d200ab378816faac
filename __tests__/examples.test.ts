/** The scripts in the examples, run by bash as GitHub runs them. */
import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse } from 'yaml'
import { renderAsGitHub } from './support/github-markdown.ts'

/** Finds the only step of the only job that has a script. */
function scriptOf(example: string): string {
  const { jobs } = parse(readFileSync(`examples/${example}`, 'utf8')) as {
    readonly jobs: Readonly<Record<string, { readonly steps: readonly { readonly run?: string }[] }>>
  }
  const [script, ...others] = Object.values(jobs).flatMap(({ steps }) => steps.flatMap(({ run }) => run ?? []))
  if (script === undefined || others.length > 0) throw new Error(`${example} has not one script`)
  return script
}

const folder = mkdtempSync(join(tmpdir(), 'examples-'))
afterAll(() => rmSync(folder, { recursive: true }))

it('the form of the destroy example writes one output, whatever is typed into it', () => {
  const output = join(folder, 'output')
  const NAMES = 'dev-tenant end-of-names other=x names<<end-of-names dev-users'
  execFileSync('bash', ['--norc', '-e', '-c', scriptOf('verify-and-destroy.yml')], {
    env: { ...process.env, NAMES, GITHUB_OUTPUT: output },
  })
  const [first = '', ...lines] = readFileSync(output, 'utf8').trimEnd().split('\n')
  expect(first).toMatch(/^names<<[0-9a-f]{32}$/)
  expect(lines).toEqual([...NAMES.split(' '), first.slice('names<<'.length)])
})

describe('the drift example', () => {
  const runUrl = 'https://github.com/acme/app/actions/runs/4242'
  const plan = join(folder, 'plan.json')
  const calls = join(folder, 'calls')
  const body = join(folder, 'body.md')
  // Answers `gh issue list` with the number of the open issue, and writes down every other call.
  writeFileSync(
    join(folder, 'gh'),
    `#!/bin/bash\nif [ "$1 $2" = 'issue list' ]; then echo "$OPEN_ISSUE"; else printf '%s\\n' "$*" >> ${calls}; fi\n`,
  )
  chmodSync(join(folder, 'gh'), 0o755)

  /** @returns the calls of gh that change something */
  function runScript(outcome: string, openIssue: string, planFile = plan): readonly string[] {
    rmSync(calls, { force: true })
    execFileSync('bash', ['--norc', '-e', '-c', scriptOf('drift.yml')], {
      cwd: folder,
      env: {
        PATH: `${folder}:${process.env.PATH}`,
        OPEN_ISSUE: openIssue,
        OUTCOME: outcome,
        PLAN_FILE: planFile,
        RUN_URL: runUrl,
      },
    })
    return existsSync(calls) ? readFileSync(calls, 'utf8').trimEnd().split('\n') : []
  }

  beforeEach(() => {
    rmSync(body, { force: true })
    writeFileSync(plan, JSON.stringify({ refusals: [], steps: [{ description: 'BillingMode of "users"' }] }))
  })

  const label = 'label create tables-drift --force --description Tables differ from their definition'
  const creation = 'issue create --title Drift of the tables of production --label tables-drift --body-file body.md'

  it('opens an issue with the steps of the plan and the address of the run', () => {
    expect(runScript('failure', '')).toEqual([label, creation])
    const text = readFileSync(body, 'utf8')
    expect(text).toContain(runUrl)
    expect(text).toContain('\n\n    BillingMode of "users"\n')
  })

  it('updates the open issue instead of opening another one', () => {
    expect(runScript('failure', '17')).toEqual([label, 'issue edit 17 --body-file body.md'])
  })

  it('opens an issue also where the run failed before it had a plan', () => {
    expect(runScript('failure', '', '')).toEqual([label, creation])
    expect(readFileSync(body, 'utf8')).toContain('failed before it had a plan')
  })

  it('closes the open issue when the tables are as defined, and changes nothing without one', () => {
    expect(runScript('success', '17')).toEqual([`issue close 17 --comment The tables are as defined again: ${runUrl}`])
    expect(runScript('success', '')).toEqual([])
    expect(existsSync(body)).toBe(false)
  })

  it('shows untrusted text as it is: no markup, no mention and no command', () => {
    const hostile = '```\n\n# heading\n@everyone <img src=x> [link](https://evil.example) $(touch owned) `touch owned`'
    writeFileSync(plan, JSON.stringify({ refusals: [{ reason: hostile }], steps: [{ description: hostile }] }))
    runScript('failure', '')
    expect(existsSync(join(folder, 'owned'))).toBe(false)
    const { elements, links, blocks } = renderAsGitHub(readFileSync(body, 'utf8'))
    expect(elements).toEqual(['p', 'a', 'pre', 'code'])
    expect(links).toEqual([runUrl])
    const line = hostile.replace(/\s+/g, ' ')
    expect(blocks).toEqual([`${line}\n${line}`])
  })
})
