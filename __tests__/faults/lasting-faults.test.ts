/**
 * Faults that last, or that begin during a wait: expired sessions, no OIDC token, a wrong clock, the deadline, a throttled
 * account, a missing permission. In virtual time.
 */
import type { Fault } from '../../sandbox/faults.ts'
import type { LoggedRequest, RequestedOperation } from '../../sandbox/request-log.ts'
import { externalId, hubAccessKey, hubRole, provisionerRole } from '../../sandbox/two-accounts.ts'
import { actionsOf } from '../../src/aws/iam.ts'
import { builtInProperties } from '../support/builders.ts'
import { startEmulator } from '../support/emulator.ts'
import { renderAsGitHub } from '../support/github-markdown.ts'
import { createTables as createTablesIn } from './scenarios.ts'

type Strings = Readonly<Record<string, string>>

const live = { environment: 'live', 'production-environments': 'live' }
const liveTags = { 'tenant-tables:environment': 'live', 'tenant-tables:managed-by': 'tenant-tables' }
const destroy = { command: 'destroy', 'confirm-destroy': 'tenant\nusers' }
const tables = ['tenant', 'users']
const arnOf = (table: string) => `arn:aws:dynamodb:ap-south-1:222222222222:table/${table}`
const hops = ['GetToken', 'AssumeRoleWithWebIdentity', 'AssumeRole']
const reads = ['DescribeTable', 'DescribeContinuousBackups', 'ListTagsOfResource']
const always = 1_000_000
const ownKey = {
  AWS_ACCESS_KEY_ID: hubAccessKey.accessKeyId,
  AWS_SECRET_ACCESS_KEY: hubAccessKey.secretAccessKey,
}

const { sandbox, clock, hands, runAction, hold, afterRequest, count, reset, close } = await startEmulator()
beforeEach(() => reset())
afterAll(() => close())

const comment = { comment: 'true', 'github-token': 'ghs_nobody' }
const onPullRequest = {
  environment: { GITHUB_EVENT_NAME: 'pull_request' },
  event: { pull_request: { number: 7 } },
}

/** Selects requests by operation and table. */
const of = (operation: string, table?: string) => (request: RequestedOperation) =>
  request.operation === operation && (table === undefined || request.table === table)
const isWrite = ({ service, operation }: LoggedRequest) =>
  service === 'dynamodb' && !/^(Describe|List|Get|Query)/.test(operation)

/** Creates both tables with an item each. */
async function createTables(changes: Parameters<typeof createTablesIn>[1] = {}): Promise<void> {
  const until = async (isSo: (now: number) => boolean) => {
    while (!isSo(clock.now())) clock.pass(1000)
  }
  await createTablesIn({ hands: hands, until }, changes)
}

const createNothing = async () => undefined

describe('credentials that expire during a wait', () => {
  /** The operation whose calls begin the wait. */
  const waits: readonly (readonly [string, string, Strings, () => Promise<void>])[] = [
    ['the wait for new tables', 'CreateTable', {}, createNothing],
    ['the wait for another billing mode', 'UpdateTable', {}, () => createTables({ billing: 'PROVISIONED' })],
    ['the wait for deletion protection', 'UpdateTable', live, () => createTables({ tags: liveTags, recovery: true })],
    ['the wait for the deletion of tables', 'DeleteTable', destroy, createTables],
    ['the verification of sample items', 'PutItem', { command: 'verify' }, createTables],
  ]
  /** Calls `then` when the operation has been performed on both tables. */
  const afterBoth = (operation: string, then: () => void) =>
    afterRequest(of(operation, 'tenant'), () =>
      count(operation) > 1 ? then() : afterRequest(of(operation, 'users'), then),
    )

  /** Lets each table stay in a transient state for twelve polls. */
  const slowDown = (operation: string) => {
    for (const table of tables) {
      afterRequest(of(operation, table), () => {
        const record = hands.table(table)
        if (operation === 'CreateTable') hands.setTableStatus(table, 'CREATING')
        if (operation === 'UpdateTable') hands.setTableStatus(table, 'UPDATING')
        if (operation === 'DeleteTable' && record !== undefined) record.goneAt = clock.now() + 60_000
      })
      let polls = 0
      const settle = () => {
        polls += 1
        if (polls < 12) afterRequest(of('DescribeTable', table), settle)
        else if (hands.table(table) !== undefined) hands.setTableStatus(table, undefined)
      }
      afterRequest(of('DescribeTable', table), settle)
    }
  }
  const tokens = () =>
    sandbox.requests.flatMap(({ operation, status }, index) =>
      operation === 'GetToken' && status === 200 ? [index] : [],
    )

  it.each(waits)(
    'during %s a session is renewed before it expires, by walking the role chain once',
    async (_, operation, inputs, prepare) => {
      await prepare()
      slowDown(operation)
      // The SDK renews a session five minutes before it expires.
      afterBoth(operation, () => clock.pass(601_000))
      const { exitCode, errors } = await runAction({ 'role-duration-seconds': '900', ...inputs })
      expect([exitCode, errors, hops.map((hop) => count(hop))]).toEqual([0, [], [2, 2, 2]])
      expect(sandbox.requests.filter(({ error }) => error === 'ExpiredTokenException')).toEqual([])
      expect(goesOnAfter(tokens()[1])).toBe(true)
    },
  )

  it.each(waits)(
    'during %s a revoked session is renewed after the first refusal, by walking the role chain once',
    async (_, operation, inputs, prepare) => {
      await prepare()
      slowDown(operation)
      afterBoth(operation, () => sandbox.expireSessions())
      const { exitCode, errors } = await runAction(inputs)
      expect([exitCode, errors, hops.map((hop) => count(hop))]).toEqual([0, [], [2, 2, 2]])
      expect(sandbox.requests.some(({ error }) => error === 'ExpiredTokenException')).toBe(true)
      expect(goesOnAfter(tokens()[1])).toBe(true)
    },
  )

  it('a session that expires while the clock of the runner is slow is renewed after the first refusal', async () => {
    slowDown('CreateTable')
    afterBoth('CreateTable', () => clock.pass(901_000))
    const { exitCode, errors } = await runAction({ 'role-duration-seconds': '900' }, { clockOffBy: -600_000 })
    expect([exitCode, errors, count('GetToken')]).toEqual([0, [], 2])
    expect(sandbox.requests.some(({ error }) => error === 'ExpiredTokenException')).toBe(true)
  })

  /** Whether DynamoDB was called before the request with this index and after it. */
  const goesOnAfter = (index = 0) =>
    [sandbox.requests.slice(0, index), sandbox.requests.slice(index)].every((requests) =>
      requests.some(({ service }) => service === 'dynamodb'),
    )

  it.each<[string, Partial<Fault>, readonly string[]]>([
    [
      'GitHub issues no token',
      { operation: 'GetToken', status: 403 },
      [
        'GitHub did not give this job an OIDC token.',
        'To fix: Check that the job has "permissions: { id-token: write }"',
      ],
    ],
    [
      'STS refuses the job',
      { operation: 'AssumeRoleWithWebIdentity', errorName: 'AccessDenied', status: 403 },
      [
        `STS did not let this job assume ${hubRole}.`,
        'To fix: Check that the role exists in account 111111111111, and that it trusts',
      ],
    ],
    [
      'STS refuses the second role',
      { operation: 'AssumeRole', errorName: 'AccessDenied', status: 403 },
      [
        `STS did not let these credentials assume ${provisionerRole}.`,
        'To fix: Check that the role exists in account 222222222222.',
      ],
    ],
  ])('reports that %s during the renewal, with the remedy and the progress of the run', async (_, fault, words) => {
    afterBoth('CreateTable', () => sandbox.expireSessions())
    sandbox.faults.add({ kind: 'error', ...fault, after: 1, times: always })
    const { exitCode, errors, outputs, summary } = await runAction(live)
    expect([exitCode, errors.length]).toEqual([1, 1])
    for (const word of [...words, 'Sent, outcome unknown: create "tenant", create "users"']) {
      expect(errors[0]).toContain(word)
    }
    expect(errors[0]).toContain(
      'Not started: update PointInTimeRecoverySpecification of "tenant", update PointInTimeRecoverySpecification of "users"',
    )
    expect(summary).toContain('not started')
    expect([outputs.changed, outputs['changes-count'], outputs['users-table-arn']]).toEqual([
      'true',
      '4',
      arnOf('users'),
    ])
  })
})

describe('the OIDC token of the job', () => {
  const failing = (...faults: readonly Partial<Fault>[]) => {
    for (const [after, fault] of faults.entries()) {
      sandbox.faults.add({ kind: 'error', operation: 'GetToken', ...fault, after })
    }
  }

  it.each<[string, Partial<Fault>, Partial<Fault>]>([
    ['500 twice', { status: 500 }, { status: 500 }],
    ['500, then a reset connection', { status: 500 }, { kind: 'reset' }],
    ['503, then an HTML page', { status: 503 }, { kind: 'html' }],
    ['429, then half a response', { kind: 'throttle' }, { kind: 'cut' }],
  ])('is requested until GitHub issues it: %s', async (_, ...faults) => {
    failing(...faults)
    const { exitCode, errors } = await runAction({ command: 'plan' })
    expect([exitCode, errors, hops.map((hop) => count(hop))]).toEqual([0, [], [3, 1, 1]])
  })

  it.each([403, 404])('is requested once after the status %d, which ends the run', async (status) => {
    sandbox.faults.add({ kind: 'error', operation: 'GetToken', status, times: always })
    const { exitCode, errors } = await runAction({ command: 'plan' })
    expect([exitCode, sandbox.requests.map(({ operation }) => operation)]).toEqual([1, ['GetToken']])
    expect(errors).toEqual([
      expect.stringMatching(/^GitHub did not give .*\nTo fix: Check that the job has "permissions/),
    ])
  })

  /** Time-outs of connections count real time, so the responses are late in real time. */
  const hanging = { timeOuts: { connect: 2000, request: 30 } }
  const late = () => sandbox.faults.add({ kind: 'delay', operation: 'GetToken', milliseconds: 60, times: always })

  it('is requested eight times where no response comes, and then the error has a remedy', async () => {
    late()
    const { exitCode, errors, lines, took } = await runAction({ command: 'plan' }, hanging)
    expect([exitCode, count('GetToken'), sandbox.requests.length]).toEqual([1, 8, 8])
    expect(lines.filter((line) => /^Trying again in .*TimeoutError/.test(line))).toHaveLength(7)
    expect(errors[0]).toMatch(/^GitHub did not give .*\nTo fix: .*GitHub's status.*\nCaused by: TimeoutError/)
    // Virtual time does not include the eight time-outs.
    expect(took).toBeLessThan(16_000)
  })

  it('is not requested after the deadline', async () => {
    late()
    const { exitCode, errors, took } = await runAction({ command: 'plan', 'timeout-seconds': '1' }, hanging)
    expect([exitCode, took]).toEqual([1, 1000])
    expect(count('GetToken')).toBeLessThan(8)
    expect(errors[0]).toMatch(/within its 1 seconds\. It was waiting for the job's OIDC token from GitHub\.\nTo fix: /)
  })
})

describe('a clock of the runner that is', () => {
  const signatureErrors = ['SignatureDoesNotMatch', 'InvalidSignatureException']
  const misdated = () => sandbox.requests.filter(({ error }) => signatureErrors.includes(error ?? ''))
  const off = [
    ['ten minutes fast', 600_000],
    ['ten minutes slow', -600_000],
  ] as const

  it.each(off)(
    '%s is corrected by the first response of each service, after one more try of each call in progress',
    async (_, clockOffBy) => {
      const { exitCode, errors, took } = await runAction(live, { clockOffBy })
      expect([exitCode, errors]).toEqual([0, []])
      // The tries do not wait for each other.
      expect(took).toBe(8850)
      const calls = misdated().map(({ operation, table = '' }) => `${operation} ${table}`)
      expect(calls.sort()).toEqual(
        ['AssumeRole ', ...tables.flatMap((table) => reads.map((read) => `${read} ${table}`))].sort(),
      )
      for (const { operation, table } of misdated()) {
        const again = sandbox.requests.filter((each) => each.operation === operation && each.table === table)
        // One more try because of the date, and the closing read.
        expect(again.length - (operation === 'AssumeRole' ? 0 : successes(table, operation))).toBe(2)
      }
    },
  )

  /** The number of successful calls. */
  const successes = (table: string | undefined, operation: string) =>
    sandbox.requests.filter((each) => each.operation === operation && each.table === table && each.status === 200)
      .length

  it.each(off)('%s does not make a run try a refused call again', async (_, clockOffBy) => {
    sandbox.faults.add(denial('DescribeContinuousBackups', { after: 1, table: 'users' }))
    // AWS sends its time in whole seconds, so the SDK corrects its clock after every response.
    const passing = () => {
      clock.pass(70)
      afterRequest(({ service }) => service === 'dynamodb', passing)
    }
    passing()
    const { exitCode, errors } = await runAction({}, { clockOffBy })
    expect([exitCode, errors]).toEqual([1, [expect.stringContaining('Allow dynamodb:DescribeContinuousBackups')]])
    const calls = sandbox.requests.filter(of('DescribeContinuousBackups', 'users'))
    expect(calls.map(({ error }) => error)).toEqual(['InvalidSignatureException', 'AccessDeniedException'])
  })

  it('ten minutes fast does not renew a session of fifteen minutes at each call', async () => {
    const { exitCode, errors } = await runAction({ ...live, 'role-duration-seconds': '900' }, { clockOffBy: 600_000 })
    expect([exitCode, errors, count('GetToken')]).toEqual([0, [], 1])
  })

  it.each(off)(
    '%s does not hide a wrong secret access key, which ends the run after two tries',
    async (_, clockOffBy) => {
      const environment = { AWS_ACCESS_KEY_ID: hubAccessKey.accessKeyId, AWS_SECRET_ACCESS_KEY: 'another-secret' }
      const inputs = { 'role-to-assume': provisionerRole, 'role-external-id': externalId }
      const { exitCode, errors } = await runAction(inputs, { clockOffBy, environment })
      expect([exitCode, sandbox.requests.map(({ error }) => error)]).toEqual([
        1,
        ['SignatureDoesNotMatch', 'SignatureDoesNotMatch'],
      ])
      expect(errors[0]).toContain('To fix: Check the clock of the machine, and the secret access key')
    },
  )
})

function denial(operation: string, more: Partial<Fault> = {}): Fault {
  return { kind: 'error', errorName: 'AccessDeniedException', status: 400, operation, times: always, ...more }
}

describe('the deadline', () => {
  interface State {
    readonly state: string
    /** The goal of the wait, as the error names it. */
    readonly waitingFor: string
    readonly inputs?: Strings
    readonly environment?: Strings
    readonly seconds?: number
    /** Milliseconds after the deadline: calls in progress are aborted after a second, the deletion of items after 4.3 s. */
    readonly grace?: 0 | 1000 | 4300
    readonly arrange: () => Promise<void> | void
  }
  const force = (operation: string, status: string) => {
    for (const table of tables) afterRequest(of(operation, table), () => hands.setTableStatus(table, status))
  }
  let passed = 0

  const states: readonly State[] = [
    {
      state: 'an OIDC token',
      waitingFor: "the job's OIDC token from GitHub",
      grace: 1000,
      arrange: () => hold(of('GetToken')),
    },
    {
      state: 'the first role of the chain',
      waitingFor: `STS to let this job assume ${hubRole}`,
      grace: 1000,
      arrange: () => hold(of('AssumeRoleWithWebIdentity')),
    },
    {
      state: 'the second role of the chain',
      waitingFor: `STS to let these credentials assume ${provisionerRole}`,
      grace: 1000,
      arrange: () => hold(of('AssumeRole')),
    },
    {
      state: 'the response to a read',
      waitingFor: 'DescribeTable on "users"',
      grace: 1000,
      arrange: () => hold(of('DescribeTable', 'users')),
    },
    {
      state: 'the response to CreateTable',
      waitingFor: 'CreateTable on "users"',
      grace: 1000,
      arrange: () => hold(of('CreateTable', 'users')),
    },
    ...[
      { operation: 'UpdateTable', inputs: live, changes: { tags: liveTags, recovery: true } },
      { operation: 'UpdateContinuousBackups', inputs: live, changes: { tags: liveTags, isProtected: true } },
      { operation: 'DeleteTable', inputs: destroy, changes: {} },
    ].map(({ operation, inputs, changes }) => ({
      state: `the response to ${operation}`,
      waitingFor: `${operation} on "users"`,
      inputs,
      grace: 1000 as const,
      arrange: async () => {
        await createTables(changes)
        hold(of(operation, 'users'))
      },
    })),
    {
      state: 'the response to TagResource',
      waitingFor: `TagResource on "${arnOf('users')}"`,
      inputs: { tags: 'team=planner' },
      grace: 1000,
      arrange: async () => {
        await createTables()
        hold(of('TagResource', 'users'))
      },
    },
    {
      state: 'the identity of the credentials',
      waitingFor: 'STS to identify the credentials',
      inputs: { 'role-to-assume': '', 'role-external-id': '' },
      environment: ownKey,
      grace: 1000,
      arrange: () => hold(of('GetCallerIdentity')),
    },
    {
      state: 'the renewal of a session',
      waitingFor: "the job's OIDC token from GitHub",
      inputs: { 'role-duration-seconds': '900' },
      seconds: 700,
      grace: 1000,
      arrange: () =>
        afterRequest(of('CreateTable', 'users'), () => {
          for (const table of tables) hands.setTableStatus(table, 'CREATING')
          hold(of('GetToken'))
          clock.pass(601_000)
        }),
    },
    {
      state: 'the deletion of a table in a throttled account',
      waitingFor: 'DeleteTable on "tenant"',
      inputs: destroy,
      arrange: async () => {
        await createTables()
        sandbox.faults.add({ kind: 'throttle', operation: 'DeleteTable', times: always })
      },
    },
    {
      state: 'deletion protection that changed too recently',
      waitingFor: 'DynamoDB to accept update DeletionProtectionEnabled of "tenant"',
      inputs: live,
      seconds: 20,
      arrange: async () => {
        await createTables({ tags: liveTags, recovery: true })
        sandbox.faults.add({
          kind: 'error',
          operation: 'UpdateTable',
          errorName: 'ThrottlingException',
          status: 400,
          message: 'You can change it again. Please try again after 2100-01-01T00:00:00Z.',
          times: always,
        })
      },
    },
    {
      state: 'the response to a poll',
      waitingFor: 'DescribeTable on "users"',
      grace: 1000,
      arrange: () =>
        afterRequest(of('CreateTable', 'users'), () => {
          hands.setTableStatus('users', 'CREATING')
          hold(of('DescribeTable', 'users'))
        }),
    },
    {
      state: 'a table to become ACTIVE',
      waitingFor:
        'the table "tenant" to be created, which usually takes 5 to 7 s, with indexes up to 22 s; it is CREATING',
      arrange: () => force('CreateTable', 'CREATING'),
    },
    {
      state: 'a table that is UPDATING',
      waitingFor:
        'the table "tenant" to be ready, with no change in progress, which usually takes seconds, and up to 3 minutes for a billing mode; it is UPDATING',
      inputs: live,
      arrange: async () => {
        await createTables({ tags: liveTags, recovery: true })
        force('UpdateTable', 'UPDATING')
      },
    },
    {
      state: 'a change of the billing mode',
      waitingFor:
        'the table "tenant" to change its billing mode, which usually takes 2 to 3 minutes the first time; it is UPDATING',
      arrange: () => createTables({ billing: 'PROVISIONED' }),
    },
    {
      state: 'a table that someone else is changing',
      waitingFor: 'the table "users" to be ready, with no change in progress, which usually takes seconds',
      arrange: async () => {
        await createTables()
        hands.setTableStatus('users', 'UPDATING')
      },
    },
    {
      state: 'point-in-time recovery of a young table',
      waitingFor: 'UpdateContinuousBackups on "tenant"',
      inputs: live,
      arrange: () =>
        sandbox.faults.add({
          kind: 'error',
          operation: 'UpdateContinuousBackups',
          errorName: 'ContinuousBackupsUnavailableException',
          status: 400,
          times: always,
        }),
    },
    {
      state: 'backups of a young table to be readable',
      waitingFor:
        'the table "tenant" to be ready, with no change in progress, which usually takes seconds, and up to 3 minutes for a billing mode; it is so new that its tags or backups cannot be read yet',
      arrange: async () => {
        await createTables()
        sandbox.faults.add(
          denial('DescribeContinuousBackups', { errorName: 'TableNotFoundException', table: 'tenant' }),
        )
      },
    },
    {
      state: 'tags to show in the closing read',
      waitingFor:
        'the state of the tables to match their definitions; it is different: update Tags of "tenant": tag team = planner; update Tags of "users"',
      inputs: { tags: 'team=planner' },
      seconds: 6,
      arrange: async () => {
        await createTables()
        for (const table of tables) {
          afterRequest(of('TagResource', table), () => {
            const record = hands.table(table)
            if (record !== undefined) record.tagsShownAt = Number.POSITIVE_INFINITY
          })
        }
      },
    },
    {
      state: 'a conflict with another run',
      waitingFor: 'someone else, who is changing the table "users"',
      seconds: 6,
      arrange: () => sandbox.faults.add(denial('CreateTable', { errorName: 'ResourceInUseException', table: 'users' })),
    },
    {
      state: 'a throttled account',
      waitingFor: 'DescribeTable on "tenant"',
      arrange: () => sandbox.faults.add({ kind: 'throttle', service: 'dynamodb', times: always }),
    },
    {
      state: 'a turn behind a call without a response',
      waitingFor: 'DescribeTable on "tenant"',
      grace: 1000,
      arrange: () => {
        // After six throttled calls the run makes one call at a time, and this one gets no response.
        passed = 0
        sandbox.faults.add({ kind: 'throttle', service: 'dynamodb', times: 6 })
        hold(({ service }) => {
          passed += service === 'dynamodb' ? 1 : 0
          return service === 'dynamodb' && passed > 6
        })
      },
    },
    {
      state: 'the deletion of tables',
      waitingFor: 'the table "tenant" to be deleted, which usually takes 3 to 10 s; it is DELETING',
      inputs: destroy,
      arrange: async () => {
        await createTables()
        for (const table of tables) {
          afterRequest(of('DeleteTable', table), () => {
            const record = hands.table(table)
            if (record !== undefined) record.goneAt = Number.POSITIVE_INFINITY
          })
        }
      },
    },
    {
      state: 'the writing of sample items',
      waitingFor: 'PutItem on "tenant"',
      inputs: { command: 'verify' },
      grace: 1000,
      arrange: async () => {
        await createTables()
        hold(of('PutItem'))
      },
    },
    {
      state: 'the query of sample items',
      waitingFor: 'Query on "tenant"',
      inputs: { command: 'verify' },
      grace: 1000,
      arrange: async () => {
        await createTables()
        // The queries before the first write are answered.
        afterRequest(of('PutItem', 'tenant'), () => hold(of('Query')))
      },
    },
    {
      state: 'the deletion of sample items',
      waitingFor: 'Query on "tenant". Sample items could not be deleted: {"tenant_id":"',
      inputs: { command: 'verify' },
      grace: 4300,
      arrange: async () => {
        await createTables()
        afterRequest(of('PutItem', 'tenant'), () => hold(of('Query')))
        hold(of('DeleteItem'))
      },
    },
  ]

  it.each(states.map((each) => [each.state, each] as const))(
    'ends a run that waits for %s, and the error names the wait',
    async (_, { inputs, environment = {}, seconds = 30, grace = 0, arrange, waitingFor }) => {
      await arrange()
      const { exitCode, errors, took } = await runAction(
        { ...inputs, 'timeout-seconds': String(seconds) },
        { environment },
      )
      expect([exitCode, took]).toEqual([1, seconds * 1000 + grace])
      expect(errors[0]).toContain(`did not finish within its ${seconds} seconds. It was waiting for ${waitingFor}`)
      expect(errors[0]).toContain('To fix: ')
    },
  )

  it('of the comment is a minute, even if the run has more time left', async () => {
    sandbox.faults.add({ service: 'github', kind: 'throttle', times: always })
    const { exitCode, warnings, took } = await runAction(
      { command: 'plan', ...comment, 'timeout-seconds': '1800' },
      onPullRequest,
    )
    expect([exitCode, took]).toEqual([0, 60_000])
    expect(warnings).toEqual([expect.stringContaining("GitHub's API did not accept it within 60 seconds")])
  })

  it('ends the wait for the comment with a warning, and does not fail the run', async () => {
    await createTables()
    hold(({ service }) => service === 'github')
    const { exitCode, warnings, took, outputs } = await runAction(
      { ...comment, 'timeout-seconds': '30' },
      onPullRequest,
    )
    expect([exitCode, took, outputs['has-changes']]).toEqual([0, 31_000, 'false'])
    expect(warnings).toEqual([
      expect.stringContaining("did not finish within its 30 seconds. It was waiting for GitHub's API."),
    ])
  })
})

describe('a table that never becomes ACTIVE', () => {
  it.each<[string, Strings, () => Promise<void>, string, string, number]>([
    ['after its creation', {}, createNothing, 'CreateTable', 'be created', 600],
    [
      'after a change of billing',
      {},
      () => createTables({ billing: 'PROVISIONED' }),
      'UpdateTable',
      'change its billing mode',
      1800,
    ],
  ])('%s ends the run with an error and a remedy that name it', async (_, inputs, prepare, operation, goal, most) => {
    await prepare()
    const status = operation === 'CreateTable' ? 'CREATING' : 'UPDATING'
    afterRequest(of(operation, 'users'), () => hands.setTableStatus('users', status))
    const { exitCode, errors, took } = await runAction({ ...inputs, 'timeout-seconds': '3600' })
    expect(exitCode).toBe(1)
    expect(errors[0]).toContain(`Waited ${most} s for the table "users" to ${goal}`)
    expect(errors[0]).toContain(`It is ${status}.\nTo fix: Check in the AWS console what the table "users" is doing`)
    // The wait fails after a poll that began after its time.
    expect(took).toBeGreaterThanOrEqual(most * 1000)
    expect(took).toBeLessThan((most + 40) * 1000)
  })
})

describe('an ACTIVE table with a change in progress', () => {
  const isRefused = ({ error }: LoggedRequest) => error === 'ResourceInUseException'

  it('gets deletion protection when its new replica is ACTIVE, after one refused call, and recovery before that', async () => {
    await createTables({ tags: liveTags })
    await hands.call('UpdateTable', {
      TableName: 'users',
      ReplicaUpdates: [{ Create: { RegionName: 'eu-west-1' } }],
    })
    clock.pass(7000)
    const { exitCode, errors, lines, took } = await runAction(live)
    expect([exitCode, errors]).toEqual([0, []])
    expect(sandbox.requests.filter(isRefused)).toHaveLength(1)
    expect(took).toBeGreaterThan(15_000)
    expect(lines.join('\n')).toMatch(
      /someone else is changing the table, which usually takes .*: 1\d s so far; it is .*replica eu-west-1 CREATING/,
    )
    const order = sandbox.requests.filter((request) => isWrite(request) && request.table === 'users')
    expect(order.map(({ operation, error }) => error ?? operation)).toEqual([
      'ResourceInUseException',
      'UpdateContinuousBackups',
      'UpdateTable',
    ])
  })

  it('gets deletion protection at once while its encryption or warm throughput changes', async () => {
    await createTables({ tags: liveTags, recovery: true })
    await hands.call('UpdateTable', { TableName: 'users', SSESpecification: { Enabled: true } })
    await hands.call('UpdateTable', {
      TableName: 'tenant',
      WarmThroughput: { ReadUnitsPerSecond: 20_000, WriteUnitsPerSecond: 8000 },
    })
    const { exitCode, took } = await runAction(live)
    expect([exitCode, took < 5000, sandbox.requests.filter(isRefused)]).toEqual([0, true, []])
  })

  it('is deleted when its encryption has changed', async () => {
    await createTables()
    await hands.call('UpdateTable', { TableName: 'users', SSESpecification: { Enabled: true } })
    const { exitCode, lines } = await runAction(destroy)
    expect([exitCode, hands.table('users')]).toEqual([0, undefined])
    expect(sandbox.requests.filter(isRefused)).toHaveLength(1)
    expect(lines.join('\n')).toContain('encryption UPDATING')
  })

  it('is not deleted while it has a replica, whose region the error names, and is deleted without it', async () => {
    await createTables()
    hands.setReplicaStatus('users', 'eu-west-1', 'ACTIVE')
    const refused = await runAction(destroy)
    expect([refused.exitCode, count('DeleteTable')]).toEqual([1, 0])
    expect(refused.errors[0]).toContain('eu-west-1')
    hands.setReplicaStatus('users', 'eu-west-1', undefined)
    await hands.call('UpdateTable', {
      TableName: 'users',
      ReplicaUpdates: [{ Delete: { RegionName: 'eu-west-1' } }],
    })
    clock.pass(40_000)
    const { exitCode, errors } = await runAction(destroy)
    expect([exitCode, errors, hands.table('users')]).toEqual([0, [], undefined])
  })
})

describe('a change of the billing mode that AWS allows only tomorrow', () => {
  const message =
    'Subscriber limit exceeded: Update to PayPerRequest mode are limited to once in 1 day(s). Last update at Wed Nov 25 18:29:23 UTC 2026. Next update can be made at Thu Nov 26 18:29:23 UTC 2026'

  it('does not delay recovery in production, and every run names the time of the next change', async () => {
    await createTables({ tags: liveTags, billing: 'PROVISIONED', isProtected: true })
    const errorName = 'LimitExceededException'
    sandbox.faults.add({ kind: 'error', operation: 'UpdateTable', errorName, message, status: 400, times: always })
    for (const changes of ['2 of 4 changes', '0 of 2 changes']) {
      const { exitCode, errors, lines } = await runAction(live)
      expect([exitCode, errors.length]).toEqual([1, 2])
      expect(errors[0]).toContain(
        'allows the next change at Thu Nov 26 18:29:23 UTC 2026.\nTo fix: Run again after Thu',
      )
      expect(lines.join('\n')).toContain(`${changes} applied, 2 deferred by AWS`)
      expect(tables.map((table) => hands.table(table)?.recovery.enabled)).toEqual([true, true])
    }
    expect(count('UpdateContinuousBackups')).toBe(2)
    sandbox.faults.clear()
    expect((await runAction(live)).exitCode).toBe(0)
  })
})

describe('a refusal', () => {
  const stsNames = [
    'AccessDenied',
    'ValidationError',
    'MalformedPolicyDocument',
    'PackedPolicyTooLarge',
    'RegionDisabledException',
    'InvalidIdentityToken',
    'IDPRejectedClaim',
    'ExpiredTokenException',
    'InvalidClientTokenId',
    'UnrecognizedClientException',
    'SignatureDoesNotMatch',
    'LimitExceeded',
  ]
  const withoutRole = { 'role-to-assume': '', 'role-external-id': '' }

  it.each<[string, Strings, Strings]>([
    ['AssumeRoleWithWebIdentity', {}, {}],
    ['AssumeRole', {}, {}],
    ['GetCallerIdentity', withoutRole, ownKey],
  ])('of %s by any name ends the run after one call, with a remedy', async (operation, inputs, environment) => {
    for (const errorName of stsNames) {
      await reset()
      sandbox.faults.add({ kind: 'error', operation, errorName, status: 403, times: always })
      const { exitCode, errors } = await runAction({ command: 'plan', ...inputs }, { environment })
      expect([errorName, exitCode, count(operation), sandbox.requests.at(-1)?.operation]).toEqual([
        errorName,
        1,
        1,
        operation,
      ])
      expect(errors).toEqual([
        expect.stringMatching(new RegExp(`\nTo fix: .+\n(The statement to add: .+\n)?Caused by: ${errorName}`)),
      ])
    }
  })

  it('of a call because its session expired ends the run after one renewal', async () => {
    sandbox.faults.add(denial('DescribeTable', { errorName: 'ExpiredTokenException', table: 'users' }))
    const { exitCode, errors } = await runAction()
    expect([exitCode, count('DescribeTable', 'ExpiredTokenException')]).toEqual([1, 2])
    expect(hops.map((hop) => count(hop))).toEqual([2, 2, 2])
    expect(errors[0]).toContain('To fix: Check the clock of the machine')
  })

  it('of CreateTable because the table is in use ends the run after six tries, each after a read of the table', async () => {
    sandbox.faults.add(denial('CreateTable', { errorName: 'ResourceInUseException', table: 'users' }))
    const { exitCode } = await runAction()
    const calls = sandbox.requests.filter(({ table }) => table === 'users').map(({ operation }) => operation)
    const tries = calls.flatMap((operation, index) => (operation === 'CreateTable' ? [index] : []))
    expect([exitCode, tries.length]).toEqual([1, 6])
    for (const [index, at] of tries.entries()) {
      expect(calls.slice(index === 0 ? 0 : tries[index - 1], at)).toContain('DescribeTable')
    }
  })
})

describe('an account of 2,500 tables that throttles most calls', () => {
  /** Fills the account to its default quota, apart from the two tables of the action. */
  const fill = async () => {
    for (let number = 0; number < 2498; number += 1) {
      await hands.call('CreateTable', {
        TableName: `other-${number}`,
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
        BillingMode: 'PAY_PER_REQUEST',
      })
      // At most 500 tables may be in creation at once.
      clock.pass(50)
    }
    clock.pass(60_000)
  }

  it('gets both tables before the deadline, with one call for each write, and then has reached its quota', async () => {
    await fill()
    // Two of three calls are throttled.
    for (let number = 0; number < 300; number += 1) {
      sandbox.faults.add({ kind: 'throttle', service: 'dynamodb', after: number * 3, times: 2 })
    }
    const { exitCode, errors, took } = await runAction({ ...live, 'timeout-seconds': '600' })
    expect([exitCode, errors]).toEqual([0, []])
    expect(took).toBeLessThan(600_000)
    const ofDynamoDb = sandbox.requests.filter(({ service }) => service === 'dynamodb')
    const throttled = ofDynamoDb.filter(({ error }) => error === 'ThrottlingException')
    expect(throttled.length).toBeGreaterThan(ofDynamoDb.length / 2)
    expect(ofDynamoDb.length).toBeLessThan(150)
    const written = ofDynamoDb.filter((request) => isWrite(request) && request.status === 200)
    expect(written.map(({ operation, table }) => `${operation} ${table}`).sort()).toEqual([
      'CreateTable tenant',
      'CreateTable users',
      'UpdateContinuousBackups tenant',
      'UpdateContinuousBackups users',
    ])

    sandbox.faults.clear()
    sandbox.clearRequests()
    const full = await runAction({ 'table-name-prefix': 'more-' })
    expect([full.exitCode, count('CreateTable'), count('CreateTable', 'LimitExceededException')]).toEqual([1, 2, 2])
    expect(full.errors[0]).toContain(
      'To fix: The account has reached a limit of DynamoDB. Ask AWS to raise it, or make',
    )
  })
})

describe('a missing permission', () => {
  const statementIn = (error = '') => JSON.parse(/^The statement to add: (.*)$/m.exec(error)?.[1] ?? '{}')
  /** The first code block of a page that holds JSON. */
  const statementOn = (page: string) =>
    JSON.parse(renderAsGitHub(page).blocks.find((block) => block.startsWith('{')) ?? '')
  const verify = { command: 'verify' }
  const drift = () => createTables({ tags: { owner: 'another-team' }, billing: 'PROVISIONED' })

  const cases: readonly (readonly [operation: string, purpose: string, Strings, () => Promise<void>])[] = [
    ...reads.flatMap((read): [string, string, Strings, () => Promise<void>][] => [
      [read, 'apply', live, drift],
      [read, 'apply without tables', live, createNothing],
      [read, 'plan', { command: 'plan' }, createTables],
      [read, 'destroy', destroy, createTables],
      [read, 'verify', verify, createTables],
    ]),
    ['GetItem', 'verify', verify, createTables],
    ['Query', 'verify', verify, createTables],
    ['CreateTable', 'apply', {}, createNothing],
    ['UpdateTable', 'billing mode', {}, () => createTables({ billing: 'PROVISIONED' })],
    ['UpdateTable', 'deletion protection', live, () => createTables({ tags: liveTags, recovery: true })],
    ['UpdateContinuousBackups', 'recovery', live, () => createTables({ tags: liveTags, isProtected: true })],
    ['TagResource', 'tags', { tags: 'team=planner' }, createTables],
    ['DeleteTable', 'destroy', destroy, createTables],
    ['PutItem', 'verify', verify, createTables],
    ['DeleteItem', 'verify', verify, createTables],
  ]

  it('is tested for every action that a command needs', () => {
    const needed = (['plan', 'apply', 'verify', 'destroy'] as const).flatMap((command) =>
      actionsOf(command, builtInProperties()),
    )
    const tested = new Set(cases.map(([operation]) => `dynamodb:${operation}`))
    expect([...tested].sort()).toEqual([...new Set(needed)].sort())
  })

  it.each(cases)(
    'dynamodb:%s for %s is named with its table and the statement to add, and a missing read prevents all writes',
    async (operation, _, inputs, prepare) => {
      await prepare()
      sandbox.faults.add(denial(operation, { table: 'users' }))
      const { exitCode, errors, summary } = await runAction(inputs)
      const denied = sandbox.requests.filter(({ error }) => error === 'AccessDeniedException')
      const inputsOfDenied = new Set(denied.map(({ input }) => JSON.stringify(input)))
      // No refused call is tried again.
      expect([exitCode, denied.length > 0, inputsOfDenied.size]).toEqual([1, true, denied.length])
      const actions = [`dynamodb:${operation}`, ...(operation === 'CreateTable' ? ['dynamodb:TagResource'] : [])]
      expect(errors[0]).toContain(`Allow ${actions.join(' and ')} on "`)
      expect(statementIn(errors[0])).toEqual({ Effect: 'Allow', Action: actions, Resource: arnOf('users') })
      expect(statementOn(summary)).toEqual(statementIn(errors[0]))
      const isRead = [...reads, 'GetItem', 'Query'].includes(operation)
      const isDeniedWrite = of(operation, 'users')
      const writes = sandbox.requests.filter((each) => isWrite(each) && (isRead || isDeniedWrite(each)))
      expect(writes.filter(({ status }) => isRead || status === 200)).toEqual([])
    },
  )

  it.each<[string, Strings, readonly string[]]>([
    ['sts:AssumeRole', {}, ['sts:AssumeRole']],
    ['sts:TagSession', { 'role-session-tags': 'a=b' }, ['sts:AssumeRole', 'sts:TagSession']],
    ['sts:SetSourceIdentity', { 'role-source-identity': 'me' }, ['sts:AssumeRole', 'sts:SetSourceIdentity']],
  ])(
    '%s is named with the role and the statement to add, before DynamoDB is called',
    async (permission, inputs, actions) => {
      sandbox.faults.add(denial('AssumeRole', { errorName: 'AccessDenied', status: 403 }))
      const { errors } = await runAction(inputs)
      expect(errors[0]).toContain(permission)
      expect(statementIn(errors[0])).toEqual({ Effect: 'Allow', Action: actions, Resource: provisionerRole })
      expect(sandbox.requests.some(({ service }) => service === 'dynamodb')).toBe(false)
    },
  )

  it('sts:AssumeRoleWithWebIdentity is named with the statement that the trust policy needs', async () => {
    sandbox.faults.add(denial('AssumeRoleWithWebIdentity', { errorName: 'AccessDenied', status: 403 }))
    const { errors, summary } = await runAction()
    expect(statementIn(errors[0])).toEqual({
      Effect: 'Allow',
      Principal: {
        Federated: 'arn:aws:iam::111111111111:oidc-provider/token.actions.githubusercontent.com',
      },
      Action: 'sts:AssumeRoleWithWebIdentity',
      Condition: {
        StringEquals: {
          'token.actions.githubusercontent.com:aud': 'sts.amazonaws.com',
          'token.actions.githubusercontent.com:sub': 'repo:acme@1/app@2:environment:dev',
        },
      },
    })
    // The page may add no invisible character to the ids in `sub`, which people copy.
    expect(statementOn(summary)).toEqual(statementIn(errors[0]))
    expect(renderAsGitHub(summary).blocks[0]?.split('\n')).toEqual([
      'role: arn:aws:iam::111111111111:role/github-hub',
      'iss: https://token.actions.githubusercontent.com',
      'sub: repo:acme@1/app@2:environment:dev',
      'aud: sts.amazonaws.com',
      expect.stringMatching(/^job_workflow_ref: acme\/app\/\.github\/workflows\/.*@refs\/heads\/main$/),
    ])
    expect(sandbox.requests.map(({ operation }) => operation)).toEqual(['GetToken', 'AssumeRoleWithWebIdentity'])
  })
})
