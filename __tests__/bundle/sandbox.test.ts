/** The committed bundle against the sandbox: what moto cannot show. Calls, depth, trust, time, secrets. */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Fault } from '../../sandbox/faults.ts'
import type { SandboxOptions } from '../../sandbox/options.ts'
import { sequentialDepth } from '../../sandbox/request-log.ts'
import { type Sandbox, startSandbox } from '../../sandbox/sandbox.ts'
import { externalId, hubAccessKey, hubRole, provisionerRole, twoAccounts } from '../../sandbox/two-accounts.ts'
import { runAction } from '../support/runner.ts'
import { leaksIn } from '../support/secret-scan.ts'

const region = 'ap-south-1'
const chained = {
  environment: 'dev',
  'aws-region': region,
  'role-to-assume': `${hubRole}\n${provisionerRole}`,
  'role-external-id': externalId,
}
const single = { ...chained, 'role-to-assume': provisionerRole }
const hubKey = {
  AWS_ACCESS_KEY_ID: hubAccessKey.accessKeyId,
  AWS_SECRET_ACCESS_KEY: hubAccessKey.secretAccessKey,
}

let sandbox: Sandbox

async function start(options: SandboxOptions = {}): Promise<void> {
  // A table that takes a tenth of a second is still looked at after three: the action's own pace is not changed.
  sandbox = await startSandbox({
    ...twoAccounts('dev'),
    timings: { creating: 100, backupsMissing: 0, backupsUnavailable: 0, tagsUnreadable: 0 },
    ...options,
  })
}

afterEach(() => sandbox.close())

const operations = () => sandbox.requests.map(({ operation }) => operation)
const reads = ['DescribeTable', 'DescribeContinuousBackups', 'ListTagsOfResource']

describe('a run that has nothing to do', () => {
  it.each([
    ['one role, from an access key', single, hubKey, ['AssumeRole']],
    ['two roles, from an OIDC token', chained, {}, ['GetToken', 'AssumeRoleWithWebIdentity', 'AssumeRole']],
  ])('calls each hop once and reads each table once, side by side: %s', async (_, inputs, environment, hops) => {
    await start({ latencyMilliseconds: 40 })
    await runAction({ inputs, environment: { ...sandbox.environment, ...environment } })
    sandbox.clearRequests()

    const { exitCode, outputs } = await runAction({ inputs, environment: { ...sandbox.environment, ...environment } })

    expect([exitCode, outputs['has-changes']]).toEqual([0, 'false'])
    expect(operations().slice(0, hops.length)).toEqual(hops)
    expect(operations().slice(hops.length).sort()).toEqual([...reads, ...reads].sort())
    expect(sequentialDepth(sandbox.requests)).toBe(hops.length + 1)
    const tables = sandbox.requests.slice(hops.length)
    expect(new Set(tables.map(({ operation, table }) => `${operation} ${table}`)).size).toBe(6)
    expect(new Set(tables.map(({ account }) => account))).toEqual(new Set(['222222222222']))
  })

  it('opens its connections while STS answers: no read waits for one', async () => {
    await start({ latencyMilliseconds: 200 })
    const environment = { ...sandbox.environment, ...hubKey }
    await runAction({ inputs: single, environment })
    sandbox.clearRequests()

    await runAction({ inputs: single, environment })

    const [login, ...looks] = sandbox.requests
    expect([login?.operation, looks.length]).toEqual(['AssumeRole', 6])
    for (const { connected } of looks) expect(connected).toBeLessThan(login?.end ?? 0)
  })

  it('asks STS who it is only where it assumes no role', async () => {
    await start()
    await runAction({
      inputs: { ...chained, 'role-to-assume': '', 'role-external-id': '', command: 'plan' },
      environment: { ...sandbox.environment, ...hubKey },
    })

    expect(operations().sort()).toEqual(['GetCallerIdentity', ...reads, ...reads].sort())
  })
})

it('creates both tables through an OIDC token and a chained role, and nothing it writes holds a secret', async () => {
  await start()
  const result = await runAction({ inputs: { ...chained, environment: 'prod' }, environment: sandbox.environment })

  expect(result.exitCode).toBe(0)
  expect(result.outputs['tenant-table-arn']).toBe(`arn:aws:dynamodb:${region}:222222222222:table/tenant`)
  expect(JSON.parse(result.outputs.tables ?? '').users.id).toBe(
    sandbox.account('222222222222', region).table('users')?.id,
  )
  // The request token, a token, and two sessions of three secrets each, besides the hub user's key.
  expect(sandbox.secrets.length).toBeGreaterThanOrEqual(9)
  expect(leaksIn(result.written, sandbox.secrets)).toEqual([])
  const issued = sandbox.secrets.filter((secret) => secret !== hubAccessKey.secretAccessKey)
  const masked = result.commands.filter(({ command }) => command === 'add-mask').map(({ message }) => message)
  expect(new Set(masked)).toEqual(new Set(issued))
})

describe('where it acts', () => {
  it.each(['apply', 'plan', 'verify', 'destroy'])(
    'is the first line of the log of %s, and the account is named after login',
    async (command) => {
      await start()
      const { stdout } = await runAction({
        inputs: { ...chained, command, 'confirm-destroy': 'tenant\nusers' },
        environment: sandbox.environment,
      })

      const lines = stdout.split('\n')
      const place = `environment "dev" (not production: no part of its name is prod, production, prd or live), region ${region}, tables "tenant" and "users", STS and DynamoDB at ${sandbox.url.replace(/\/$/, '')} (AWS_ENDPOINT_URL)`
      expect(lines[0]).toBe(`Command ${command}: ${place}`)
      const login = lines.findIndex((line) => line.startsWith('Credentials: '))
      expect(login).toBeGreaterThan(0)
      expect(lines.indexOf('Account 222222222222')).toBeGreaterThan(login)
    },
  )

  it('is the first line of a run that cannot log in, too', async () => {
    const { oidcClaims = {} } = twoAccounts('staging')
    await start({ oidcClaims })
    const { exitCode, stdout } = await runAction({
      inputs: { ...chained, environment: 'dev-prod' },
      environment: sandbox.environment,
    })

    expect([exitCode, stdout.includes('Account 222222222222')]).toEqual([1, false])
    expect(stdout).toMatch(
      /^Command apply: environment "dev-prod" \(production, because its name has the part "prod"\), /,
    )
  })
})

describe('an input that the action does not have', () => {
  it.each([
    ['enviroment', 'environment'],
    ['table-name-prefx', 'table-name-prefix'],
    ['table-prefix', 'table-name-prefix'],
    ['dry-run', 'command: plan'],
  ])('stops the run before any call where it resembles one of ours: %s', async (name, meant) => {
    await start()
    const { exitCode, commands, outputs } = await runAction({
      inputs: { ...chained, [name]: 'true' },
      environment: sandbox.environment,
    })

    expect([exitCode, operations(), outputs]).toEqual([1, [], {}])
    expect(commands.filter(({ command }) => command === 'error')).toMatchObject([
      { message: expect.stringContaining(`${name} is not an input of this action. Did you mean ${meant}?`) },
    ])
  })

  it('is a warning where it resembles none, and nothing where it is empty', async () => {
    await start()
    const { exitCode, commands } = await runAction({
      inputs: { ...chained, command: 'plan', token: 'x', '::error::path': 'x', enviroment: '', region: '' },
      environment: sandbox.environment,
    })

    const annotations = commands.filter(({ command }) => ['warning', 'error'].includes(command))
    expect([exitCode, annotations.map(({ command, message }) => [command, message])]).toEqual([
      0,
      [['warning', 'The action does not have these inputs and ignores them: "::error::path", "token".']],
    ])
  })
})

describe('on a terminal, outside GitHub', () => {
  const terminal = { GITHUB_ACTIONS: '', GITHUB_OUTPUT: '', GITHUB_STEP_SUMMARY: '' }

  it('prints plain lines with the outputs, and neither a workflow command nor a secret', async () => {
    await start()
    const result = await runAction({
      inputs: { ...chained, environment: 'prod' },
      environment: { ...sandbox.environment, ...terminal },
    })

    expect([result.exitCode, result.commands, result.outputs, result.summary]).toEqual([0, [], {}, ''])
    expect(result.stdout).not.toMatch(/^\s*::|##\[/m)
    expect(result.stdout).toContain(`\nusers-table-arn=arn:aws:dynamodb:${region}:222222222222:table/users\n`)
    // Masking commands too would be a leak there.
    expect(leaksIn(result.written.replaceAll('::add-mask::', ''), sandbox.secrets)).toEqual([])
  })

  it('prints an error as a plain line', async () => {
    await start({ oidcClaims: twoAccounts('staging').oidcClaims ?? {} })
    const result = await runAction({ inputs: chained, environment: { ...sandbox.environment, ...terminal } })

    expect([result.exitCode, result.commands]).toEqual([1, []])
    expect(result.stdout).toMatch(/^Error: STS did not let this job assume /m)
    expect(leaksIn(result.written.replaceAll('::add-mask::', ''), sandbox.secrets)).toEqual([])
  })
})

it('works in the account that an emulator takes the access key id for, and hands on its ARNs', async () => {
  const account = '123456789012'
  const secretAccessKey = 'secret/of/the/emulator'
  await start({ accessKeys: [{ accessKeyId: account, secretAccessKey, principal: `arn:aws:iam::${account}:user/me` }] })
  const environment = {
    ...sandbox.environment,
    AWS_ACCESS_KEY_ID: account,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
  }
  const inputs = { environment: 'dev', 'aws-region': region }
  const plan = await runAction({ inputs: { ...inputs, command: 'plan' }, environment })
  const { exitCode, outputs, stdout } = await runAction({
    inputs: { ...inputs, 'expected-plan': plan.outputs.plan ?? '' },
    environment,
  })

  expect([exitCode, outputs['users-table-arn']]).toEqual([0, `arn:aws:dynamodb:${region}:${account}:table/users`])
  expect(outputs['tenant-access-policy']).toContain(`arn:aws:dynamodb:${region}:${account}:table/tenant`)
  expect(stdout).not.toContain(`::add-mask::${account}`)
})

it.each([
  ['a job of another environment', { ...chained }, twoAccounts('staging').oidcClaims, 'AssumeRoleWithWebIdentity'],
  ['a wrong external id', { ...chained, 'role-external-id': 'another' }, twoAccounts('dev').oidcClaims, 'AssumeRole'],
])('fails at the first refused hop, and calls nothing after it: %s', async (_, inputs, oidcClaims, last) => {
  await start(oidcClaims === undefined ? {} : { oidcClaims })
  const result = await runAction({ inputs, environment: sandbox.environment })

  expect(result.exitCode).toBe(1)
  expect(operations().at(-1)).toBe(last)
  expect(operations().filter((operation) => operation === last)).toHaveLength(1)
})

it('does not call DynamoDB in an account that is not allowed', async () => {
  await start()
  const result = await runAction({
    inputs: { ...chained, 'role-to-assume': '', 'role-external-id': '', 'allowed-account-ids': '222222222222' },
    environment: { ...sandbox.environment, ...hubKey },
  })

  expect(result.exitCode).toBe(1)
  expect(operations()).toEqual(['GetCallerIdentity'])
  expect(result.stdout).toContain('lead to account 111111111111')
})

it('waits out the backups of a young table', async () => {
  await start({ timings: { creating: 100, backupsMissing: 2500, backupsUnavailable: 4500, tagsUnreadable: 0 } })
  const result = await runAction({ inputs: { ...chained, environment: 'prod' }, environment: sandbox.environment })

  expect(result.exitCode).toBe(0)
  expect(sandbox.requests.some(({ error }) => error === 'ContinuousBackupsUnavailableException')).toBe(true)
  expect(sandbox.account('222222222222', region).table('users')?.recovery).toMatchObject({ enabled: true, days: 35 })
})

it('goes on with a table that a killed run left CREATING', async () => {
  await start({ timings: { creating: 2500, backupsMissing: 500, backupsUnavailable: 500, tagsUnreadable: 500 } })
  const killed = await runAction({
    inputs: { ...chained, environment: 'prod' },
    environment: sandbox.environment,
    killWhen: (output) => output.includes('::group::Apply'),
  })
  expect(killed.signal).toBe('SIGKILL')

  const next = await runAction({ inputs: { ...chained, environment: 'prod' }, environment: sandbox.environment })

  expect([next.exitCode, next.outputs.changed]).toEqual([0, 'true'])
  expect(operations().filter((operation) => operation === 'DeleteTable')).toEqual([])
  for (const name of ['tenant', 'users']) {
    expect(sandbox.account('222222222222', region).table(name)).toMatchObject({
      deletionProtection: true,
      recovery: { enabled: true, days: 35 },
    })
  }
})

it('walks the chain again, with a new token, when its session runs out under it', async () => {
  await start({ timings: { creating: 4000, backupsMissing: 0, backupsUnavailable: 0, tagsUnreadable: 0 } })
  let expired = false
  const result = await runAction({
    inputs: chained,
    environment: sandbox.environment,
    interruptWhen: (output) => {
      if (!expired && output.includes('::group::Apply')) {
        expired = true
        sandbox.expireSessions()
      }
      return false
    },
  })

  expect(result.exitCode).toBe(0)
  expect(sandbox.requests.some(({ error }) => error === 'ExpiredTokenException')).toBe(true)
  // Both tables may find out at once, and then share one new walk.
  expect(operations().filter((operation) => operation === 'GetToken')).toHaveLength(2)
})

it.each([
  ['fast', -600_000],
  ['slow', 600_000],
])(
  "makes each call once more by AWS's clock, and none twice more, where its own is ten minutes %s",
  async (_, ahead) => {
    // It is all the same whose clock is off.
    await start({ now: () => Date.now() + ahead, signatureLifetimeMilliseconds: 300_000 })
    const { exitCode } = await runAction({ inputs: { ...chained, command: 'plan' }, environment: sandbox.environment })

    expect(exitCode).toBe(0)
    const counted = (operation: string) =>
      sandbox.requests.filter((each) => each.operation === operation).map(({ error = 'done' }) => error)
    expect(counted('AssumeRole')).toEqual(['SignatureDoesNotMatch', 'done'])
    // Without tables every read is refused, which is final, whatever the clock says.
    for (const read of reads) {
      const refused = counted(read).filter((error) => error === 'InvalidSignatureException')
      expect([read, counted(read).length, refused.length]).toEqual([read, 4, 2])
    }
  },
)

it.each<[string, Partial<Fault>, Partial<Fault>]>([
  ['500, then a connection that is reset', { kind: 'error', status: 500 }, { kind: 'reset' }],
  ['503, then a page', { kind: 'error', status: 503 }, { kind: 'html' }],
])("asks for the job's token until it comes: %s", async (_, first, second) => {
  await start()
  sandbox.faults.add({ kind: 'reset', ...first, operation: 'GetToken' })
  sandbox.faults.add({ kind: 'reset', ...second, operation: 'GetToken', after: 1 })
  const { exitCode } = await runAction({ inputs: { ...chained, command: 'plan' }, environment: sandbox.environment })

  expect([exitCode, operations().slice(0, 5)]).toEqual([
    0,
    ['GetToken', 'GetToken', 'GetToken', 'AssumeRoleWithWebIdentity', 'AssumeRole'],
  ])
})

it.each<[string, Partial<Fault>]>([
  ['the network resets it', { kind: 'reset' }],
  ['its answer is cut off', { kind: 'cut' }],
  ['its answer is lost', { kind: 'lost-answer' }],
  ['something in between answers with a page', { kind: 'html' }],
  ['the service fails', { kind: 'error' }],
  ['the account is throttled', { kind: 'throttle' }],
])('finishes the job though every kind of call fails once, because %s', async (_, fault) => {
  await start()
  const every = [
    'GetToken',
    'AssumeRoleWithWebIdentity',
    'AssumeRole',
    ...reads,
    'CreateTable',
    'UpdateContinuousBackups',
  ]
  for (const operation of every) sandbox.faults.add({ kind: 'reset', ...fault, operation })

  const { exitCode, outputs } = await runAction({
    inputs: { ...chained, environment: 'prod' },
    environment: sandbox.environment,
  })

  expect([exitCode, outputs.changed, outputs['changes-count']]).toEqual([0, 'true', '4'])
  for (const name of ['tenant', 'users']) {
    expect(sandbox.account('222222222222', region).table(name)).toMatchObject({
      deletionProtection: true,
      recovery: { enabled: true, days: 35 },
    })
  }
  // Each was called again after its fault, but a change of which a look tells that it was done.
  const isDone = fault.kind === 'cut' || fault.kind === 'lost-answer'
  for (const operation of every) {
    const isOnce = operation === 'GetToken' || operation.startsWith('Assume')
    const least = isOnce || (isDone && operation === 'UpdateContinuousBackups') ? 2 : 3
    expect([operation, operations().filter((each) => each === operation).length >= least]).toEqual([operation, true])
  }
})

it('mends drift though the answer to every kind of change is lost', async () => {
  await start({
    timings: {
      creating: 0,
      updating: 100,
      billingModeUpdating: 100,
      tagsUnreadable: 0,
      tagsLag: 100,
      tagsLock: 200,
      backupsMissing: 0,
      backupsUnavailable: 0,
      deletionProtectionCooldown: 0,
    },
  })
  const hands = sandbox.account('222222222222', region)
  for (const { TableName, keys } of [
    { TableName: 'tenant', keys: ['tenant_id'] },
    { TableName: 'users', keys: ['tenant_id', 'user_id'] },
  ]) {
    await hands.call('CreateTable', {
      TableName,
      AttributeDefinitions: keys.map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
      KeySchema: keys.map((AttributeName, index) => ({ AttributeName, KeyType: index === 0 ? 'HASH' : 'RANGE' })),
      BillingMode: 'PROVISIONED',
      ProvisionedThroughput: { ReadCapacityUnits: 5, WriteCapacityUnits: 5 },
      Tags: [{ Key: 'tenant-tables:managed-by', Value: 'tenant-tables' }],
    })
  }
  for (const table of ['tenant', 'users']) {
    for (const operation of ['UpdateTable', 'TagResource', 'UpdateContinuousBackups']) {
      sandbox.faults.add({ kind: 'lost-answer', operation, table })
    }
    // UpdateTable is called for protection first, and then for billing.
    sandbox.faults.add({ kind: 'lost-answer', operation: 'UpdateTable', table, after: 2 })
  }
  const { exitCode, outputs, stdout } = await runAction({
    inputs: { ...chained, environment: 'prod' },
    environment: sandbox.environment,
  })

  expect([exitCode, outputs.changed, outputs['changes-count'], stdout.includes('failed')]).toEqual([
    0,
    'true',
    '8',
    false,
  ])
  for (const table of ['tenant', 'users']) {
    expect(hands.table(table)).toMatchObject({
      billingMode: 'PAY_PER_REQUEST',
      deletionProtection: true,
      recovery: { enabled: true, days: 35 },
      tags: new Map([
        ['tenant-tables:environment', 'prod'],
        ['tenant-tables:managed-by', 'tenant-tables'],
      ]),
    })
  }
})

describe('a comment on the pull request', () => {
  const repository = 'acme/app'
  const token = 'ghs_writerOfCommentsOfTheSandbox'
  const commit = '0123456789abcdef0123456789abcdef01234567'
  const gitHub: SandboxOptions['gitHub'] = {
    tokens: [
      {
        token,
        login: 'github-actions[bot]',
        type: 'Bot',
        permissions: { contents: 'read', 'pull-requests': 'write' },
      },
    ],
    pullRequests: [{ repository, number: 7, state: 'merged', headSha: 'a'.repeat(40), mergeCommitSha: commit }],
  }
  const inputs = { ...chained, command: 'plan', comment: 'true', 'github-token': token }

  it('is written by the bundle, and neither it nor anything else that is written holds a secret', async () => {
    await start({ gitHub: gitHub ?? {} })
    const result = await runAction({ inputs, environment: sandbox.environment })

    expect([result.exitCode, result.commands.filter(({ command }) => command === 'warning')]).toEqual([0, []])
    const [comment] = sandbox.gitHub.comments(repository, 7)
    expect(comment?.body).toContain('https://github.com/acme/app/actions/runs/1234567890')
    expect(comment?.body).toContain(result.outputs['plan-digest'])
    const sent = JSON.stringify(sandbox.requests.filter(({ service }) => service === 'github'))
    expect(sandbox.secrets).toContain(token)
    expect(leaksIn(`${result.written}\n${sent}`, sandbox.secrets)).toEqual([])
  })

  it('whose answer does not come keeps a cancelled job no longer than two seconds', async () => {
    await start({ gitHub: gitHub ?? {} })
    sandbox.faults.add({ service: 'github', kind: 'delay', milliseconds: 20_000 })
    const result = await runAction({
      inputs,
      environment: sandbox.environment,
      interruptWhen: (output) => output.includes('Writing the comment'),
    })

    expect(result.millisecondsAfterInterrupt).toBeLessThan(2000)
    expect(result.outputs['plan-digest']).toMatch(/^[0-9a-f]{64}$/)
    expect(result.stdout).toContain('The pull request comment could not be written. The run was cancelled.')
  })
})

it('hands the plan to a later step as a file that it may hold to', async () => {
  await start()
  const plan = await runAction({ inputs: { ...chained, command: 'plan' }, environment: sandbox.environment })
  expect(plan.outputs['plan-file']).toMatch(/\/temporary\/tenant-tables-[^/]+\/tenant-tables-plan\.json$/)
  // The file is gone with its runner; its text is among what was written.
  expect(plan.written).toContain(`tenant-tables-plan.json\n${plan.outputs.plan}`)

  const outside = await runAction({
    inputs: { ...chained, 'expected-plan': '/etc/passwd' },
    environment: sandbox.environment,
  })
  expect([outside.exitCode, outside.stdout]).toEqual([1, expect.stringContaining('is outside the workspace')])
  expect(outside.written).not.toContain('root:')
})

it('goes on to the end when nobody reads its log, and leaves its outputs, its summary and no sample item', async () => {
  await start()
  const made = await runAction({ inputs: chained, environment: sandbox.environment, isUnread: true })
  expect([made.exitCode, made.stdout, made.stderr]).toEqual([0, '', ''])
  expect(made.outputs['users-table-arn']).toContain('table/users')
  const inputs = { ...chained, command: 'verify' }
  const verified = await runAction({ inputs, environment: sandbox.environment, isUnread: true })
  expect([verified.exitCode, verified.summary]).toEqual([0, expect.stringContaining('deleted again')])
  const { Items } = await sandbox.account('222222222222', region).call('Scan', { TableName: 'users' })
  expect(Items).toEqual([])
})

it('verify, cancelled while DynamoDB does not answer, is gone within five seconds and names what it left', async () => {
  await start()
  await runAction({ inputs: chained, environment: sandbox.environment })
  sandbox.faults.add({ operation: 'DeleteItem', kind: 'delay', milliseconds: 20_000, times: 4 })
  // The first two ask whether the run may query at all, before anything is written.
  sandbox.faults.add({ operation: 'Query', kind: 'delay', milliseconds: 20_000, after: 2, times: 4 })
  const result = await runAction({
    inputs: { ...chained, command: 'verify' },
    environment: sandbox.environment,
    interruptWhen: (output) => output.includes('Sample items'),
  })

  expect([result.exitCode, result.signal]).toEqual([1, null])
  expect(result.millisecondsAfterInterrupt).toBeLessThan(5000)
  expect(result.stdout).toContain('Sample items could not be deleted: {"tenant_id":"')
  const { Items } = await sandbox.account('222222222222', region).call('Scan', { TableName: 'users' })
  for (const { user_id } of Items as { user_id: { S: string } }[]) expect(result.summary).toContain(user_id.S)
})

it('connects to what it is led to, and to nothing else', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'socket-guard-'))
  const token = 'ghs_writerOfCommentsOfTheSandbox'
  const writer = { token, login: 'github-actions[bot]', type: 'Bot', permissions: {} } as const
  await start({ gitHub: { tokens: [writer], pullRequests: [] } })
  const guard = fileURLToPath(new URL('../support/socket-guard.cjs', import.meta.url))
  const guarded = {
    ...sandbox.environment,
    NODE_OPTIONS: `--require ${guard}`,
    SOCKET_GUARD_FILE: join(folder, 'places'),
  }
  const commands: readonly Readonly<Record<string, string>>[] = [
    { comment: 'true', 'github-token': token },
    { command: 'verify' },
    { command: 'destroy', 'confirm-destroy': 'tenant\nusers' },
  ]
  for (const inputs of commands) {
    expect((await runAction({ inputs: { ...chained, ...inputs }, environment: guarded })).exitCode).toBe(0)
  }
  const places = readFileSync(join(folder, 'places'), 'utf8').trim().split('\n')
  rmSync(folder, { recursive: true })
  expect(places.length).toBeGreaterThan(10)
  expect(new Set(places)).toEqual(new Set([new URL(sandbox.url).host]))
  expect(sandbox.requests.some(({ service }) => service === 'github')).toBe(true)
})
