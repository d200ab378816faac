/** The first table of the README, and its next steps: the blocks of the page, given to the bundle and the sandbox. */
import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import type { Role } from '../../sandbox/options.ts'
import { type Sandbox, startSandbox } from '../../sandbox/sandbox.ts'
import { type Deployment, deploymentIn, type Template } from '../support/deployments.ts'
import { codeBlocksOf, codeBlockUnder, read } from '../support/pages.ts'
import { runAction } from '../support/runner.ts'

type Inputs = Readonly<Record<string, string>>

const firstTable = 'Ten minutes to your first table'
const secondEnvironment = 'A second environment'
const ownTable = 'Your own table with an index'
const removal = 'Remove what you created'

const account = '222222222222'
const region = 'ap-south-1'

interface Job {
  readonly environment: string
  readonly concurrency: string
  readonly permissions: Readonly<Record<string, string>>
  readonly steps: readonly { readonly uses?: string; readonly id?: string; readonly with?: Inputs }[]
}

const workflow = parse(codeBlockUnder('README.md', firstTable, 'yaml')) as { readonly jobs: { readonly tables: Job } }
const job = workflow.jobs.tables
const inputs = job.steps[0]?.with ?? {}

/** The part of a job that is shown under a heading. */
const partUnder = (heading: string) => {
  const [part] = codeBlocksOf('README.md').filter(
    (block) => block.heading === heading && block.language === 'yaml' && /^steps:$/m.test(block.text),
  )
  return parse(part?.text ?? '') as Job
}

const definition = codeBlocksOf('README.md').find(({ text }) => text.startsWith('tables:'))?.text ?? ''

/** The deployment of the role under a heading, with the defaults of the template. */
function deploymentUnder(heading: string): Deployment {
  const [deployment, ...others] = codeBlocksOf('README.md')
    .filter((block) => block.heading === heading && block.language === 'sh')
    .flatMap(({ text }) => deploymentIn(text.replaceAll('\\\n', ' ')) ?? [])
  if (deployment === undefined || others.length > 0) throw new Error(`Not one deployment under "${heading}"`)
  const { Parameters } = parse(readFileSync(deployment.template, 'utf8')) as Template
  const defaults = Object.entries(Parameters).map(([name, { Default = '' }]) => [name, Default])
  return { ...deployment, parameters: { ...Object.fromEntries(defaults), ...deployment.parameters } }
}

/** The role of a deployment, with the trust in newer repositories that the template gives it. */
function roleOf({ parameters }: Deployment): Role {
  const { Owner, OwnerId, Repository, RepositoryId, Environment, RoleName, Audience = '' } = parameters
  const subject = `repo:${Owner}@${OwnerId}/${Repository}@${RepositoryId}:environment:${Environment}`
  return { arn: `arn:aws:iam::${account}:role/${RoleName}`, webIdentity: { audience: Audience, subject } }
}

let sandbox: Sandbox
afterEach(() => sandbox.close())

/** Starts one account with one role. The token of the job is that of its environment on GitHub. */
async function startAccount(role: Role, environment: string): Promise<void> {
  sandbox = await startSandbox({
    roles: [role],
    oidcClaims: { sub: `repo:acme@1/app@2:environment:${environment}`, repository: 'acme/app' },
    timings: { creating: 100, backupsMissing: 0, backupsUnavailable: 0, tagsUnreadable: 0 },
  })
}

const run = (given: Inputs, workspaceFiles: Inputs = {}) =>
  runAction({ inputs: given, environment: sandbox.environment, workspaceFiles })

/** The title of a job summary, without its icon. */
const titleOf = (summary: string) => /^### \S+ (.*)$/m.exec(summary)?.[1]

/** The verdicts that the README shows for the runs under a heading, up to the next heading. */
const verdictUnder = (heading: string, environment: string) => {
  const [, text = ''] = read('README.md').split(new RegExp(`\n#+ ${heading}\n`))
  const [section = ''] = text.split(/\n#+ /)
  return [...section.matchAll(new RegExp(`\`(${environment}: [^\`]+)\``, 'g'))].map(([, verdict = '']) => verdict)
}

const calledTables = () => [...new Set(sandbox.requests.flatMap(({ table }) => table ?? []))].sort()

it('the first workflow creates both tables, and the second run has nothing to do', async () => {
  const deployment = deploymentUnder(firstTable)
  await startAccount(roleOf(deployment), job.environment)

  const first = await run(inputs)

  const [applied = '', unchanged = ''] = verdictUnder(firstTable, 'dev')
  expect([first.exitCode, first.outputs['changes-count'], first.outputs.changed]).toEqual([0, '2', 'true'])
  expect(titleOf(first.summary)).toBe(applied)
  for (const name of ['tenant', 'users']) expect(sandbox.account(account, region).table(name)).toBeDefined()
  expect(first.outputs['users-table-arn']).toBe(`arn:aws:dynamodb:${region}:${account}:table/users`)
  expect(calledTables()).toEqual(deployment.parameters.TableNames?.split(','))
  // The template grants the region of its stack.
  expect([deployment.region, deployment.parameters.Regions]).toEqual([region, ''])

  const second = await run(inputs)

  expect([second.exitCode, second.outputs['has-changes']]).toEqual([0, 'false'])
  expect(titleOf(second.summary)).toBe(unchanged)
})

it('the later step of the first workflow reads an output that the action has', () => {
  const [, output = ''] = /steps\.tables\.outputs\.([\w-]+)/.exec(JSON.stringify(job.steps[1])) ?? []
  const { outputs } = parse(readFileSync('action.yml', 'utf8')) as { readonly outputs: object }
  expect(output).toBe('users-table-arn')
  expect(Object.keys(outputs)).toContain(output)
})

it('the first role is refused to a job of another environment, and the error names its sub', async () => {
  await startAccount(roleOf(deploymentUnder(firstTable)), 'staging')

  const { exitCode, stdout } = await run(inputs)

  expect(exitCode).toBe(1)
  expect(stdout).toContain('repo:acme@1/app@2:environment:staging')
})

it('the second environment creates two tables of its own, with its own role', async () => {
  const deployment = deploymentUnder(secondEnvironment)
  const { environment, concurrency, steps } = partUnder(secondEnvironment)
  const changes = steps[0]?.with ?? {}
  await startAccount(roleOf(deployment), environment)

  const { exitCode, outputs, summary } = await run({ ...inputs, ...changes })

  expect([titleOf(summary)]).toEqual(verdictUnder(secondEnvironment, 'staging'))
  expect([exitCode, outputs['changes-count']]).toEqual([0, '2'])
  expect(calledTables()).toEqual(['staging-tenant', 'staging-users'])
  expect(deployment.parameters.TableNames?.split(',')).toEqual(['staging-tenant', 'staging-users'])
  // Its runs wait for no run of the first environment.
  expect([concurrency, changes.environment]).toEqual(['tables-staging', environment])
  expect(job.concurrency).toBe('tables-dev')
})

it('the definition file creates its table with the index, and leaves the first tables alone', async () => {
  const first = deploymentUnder(firstTable)
  const deployment = deploymentUnder(ownTable)
  expect(deployment.stack).toBe(first.stack)
  await startAccount(roleOf(first), job.environment)

  const given = partUnder(ownTable).steps[1]?.with ?? {}
  const { exitCode, outputs, summary } = await run(given, { '.github/tables.yml': definition })

  expect([titleOf(summary)]).toEqual(verdictUnder(ownTable, 'dev'))
  expect([exitCode, outputs['changes-count']]).toEqual([0, '1'])
  expect(JSON.parse(outputs.tables ?? '')).toMatchObject({
    orders: { arn: `arn:aws:dynamodb:${region}:${account}:table/orders`, indexNames: ['by-order'] },
  })
  expect(calledTables()).toEqual(['orders'])
  expect(deployment.parameters.TableNames).toBe(`${first.parameters.TableNames},orders`)
})

it('the job with a definition file is the first one, checks out the repository, and reads the ARN of its table', () => {
  const { permissions, steps } = partUnder(ownTable)
  expect(permissions).toEqual({ ...job.permissions, contents: 'read' })
  const [checkout, own, later, ...others] = steps
  expect(checkout?.uses).toMatch(/^actions\/checkout@[0-9a-f]{40}$/)
  expect(own).toEqual({ ...job.steps[0], with: { 'definition-file': '.github/tables.yml', ...inputs } })
  expect(JSON.stringify(later)).toContain('fromJSON(steps.tables.outputs.tables).orders.arn')
  expect(others).toEqual([])
})

it('the inputs for the removal delete the tables that the first workflow created', async () => {
  const first = deploymentUnder(firstTable)
  const deployment = deploymentUnder(removal)
  expect([deployment.stack, deployment.parameters.AllowDestroy]).toEqual([first.stack, 'true'])
  const changes = parse(codeBlockUnder('README.md', removal, 'yaml')) as Inputs
  await startAccount(roleOf(first), job.environment)
  await run(inputs)

  const { exitCode, summary } = await run({ ...inputs, ...changes })

  expect([exitCode, titleOf(summary)]).toEqual([0, ...verdictUnder(removal, 'dev')])
  for (const name of ['tenant', 'users']) expect(sandbox.account(account, region).table(name)).toBeUndefined()
})
