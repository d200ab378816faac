/**
 * What goes wrong for long, or in the middle of a wait, in a time that a test decides: sessions that end, a token that does not
 * come, a clock that is off, a deadline, an account that is throttled, a permission that is missing.
 */
import type { Fault } from '../../sandbox/faults.ts'
import type { LoggedRequest, RequestedOperation } from '../../sandbox/request-log.ts'
import { externalId, hubAccessKey, hubRole, provisionerRole } from '../../sandbox/two-accounts.ts'
import { renderAsGitHub } from '../support/github-markdown.ts'
import { openStillBed, type StillBed, type StillRun } from '../support/still-bed.ts'
import { makeTables } from './scenarios.ts'

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

let bed: StillBed

beforeAll(async () => {
  bed = await openStillBed()
  // The SDK reads the files of its configuration once, and Octokit is loaded once, in real time.
  await bed.act({ command: 'plan', ...comment }, onPullRequest)
})
beforeEach(() => bed.begin())
afterAll(() => bed.close())

const comment = { comment: 'true', 'github-token': 'ghs_nobody' }
const onPullRequest = {
  environment: { GITHUB_EVENT_NAME: 'pull_request' },
  event: { pull_request: { number: 7 } },
}

const is = (operation: string, table?: string) => (request: RequestedOperation) =>
  request.operation === operation && (table === undefined || request.table === table)
const isWrite = ({ service, operation }: LoggedRequest) =>
  service === 'dynamodb' && !/^(Describe|List|Get|Query)/.test(operation)

/** Both tables, with an item each, as somebody left them. */
async function given(changes: Parameters<typeof makeTables>[1] = {}): Promise<void> {
  const until = async (isSo: (now: number) => boolean) => {
    while (!isSo(bed.clock.now())) bed.clock.pass(1000)
  }
  await makeTables({ hands: bed.hands, until }, changes)
}

const none = async () => undefined

describe('credentials that end in the middle of a wait', () => {
  /** The wait begins, or goes on, after the first of these calls. */
  const waits: readonly (readonly [string, string, Strings, () => Promise<void>])[] = [
    ['for new tables', 'CreateTable', {}, none],
    ['for another billing mode', 'UpdateTable', {}, () => given({ billing: 'PROVISIONED' })],
    ['for deletion protection', 'UpdateTable', live, () => given({ tags: liveTags, recovery: true })],
    ['for tables to be gone', 'DeleteTable', destroy, given],
    ['of a verification for its items', 'PutItem', { command: 'verify' }, given],
  ]
  /** When all of a run's calls of this kind are done. */
  const whenDone = (operation: string, then: () => void) =>
    bed.after(is(operation, 'tenant'), () =>
      bed.count(operation) > 1 ? then() : bed.after(is(operation, 'users'), then),
    )

  const slowly = (operation: string) => {
    // Of what follows, too, is enough left to be waited for.
    for (const table of tables) {
      bed.after(is(operation, table), () => {
        const record = bed.hands.table(table)
        if (operation === 'CreateTable') bed.hands.setTableStatus(table, 'CREATING')
        if (operation === 'UpdateTable') bed.hands.setTableStatus(table, 'UPDATING')
        if (operation === 'DeleteTable' && record !== undefined) record.goneAt = bed.clock.now() + 60_000
      })
      let looks = 0
      const settle = () => {
        looks += 1
        if (looks < 12) bed.after(is('DescribeTable', table), settle)
        else if (bed.hands.table(table) !== undefined) bed.hands.setTableStatus(table, undefined)
      }
      bed.after(is('DescribeTable', table), settle)
    }
  }
  const tokens = () =>
    bed.sandbox.requests.flatMap(({ operation, status }, index) =>
      operation === 'GetToken' && status === 200 ? [index] : [],
    )

  it.each(waits)(
    '%s: a session that runs out is renewed before it does, by one walk along the whole chain',
    async (_, operation, inputs, prepare) => {
      await prepare()
      slowly(operation)
      // Five minutes before the end of its fifteen the SDK asks for another.
      whenDone(operation, () => bed.clock.pass(601_000))
      const { exitCode, errors } = await bed.act({ 'role-duration-seconds': '900', ...inputs })
      expect([exitCode, errors, hops.map((hop) => bed.count(hop))]).toEqual([0, [], [2, 2, 2]])
      expect(bed.sandbox.requests.filter(({ error }) => error === 'ExpiredTokenException')).toEqual([])
      expect(goesOnAfter(tokens()[1])).toBe(true)
    },
  )

  it.each(waits)(
    '%s: a session that is revoked is renewed when that shows, by one walk along the whole chain',
    async (_, operation, inputs, prepare) => {
      await prepare()
      slowly(operation)
      whenDone(operation, () => bed.sandbox.expireSessions())
      const { exitCode, errors } = await bed.act(inputs)
      expect([exitCode, errors, hops.map((hop) => bed.count(hop))]).toEqual([0, [], [2, 2, 2]])
      expect(bed.sandbox.requests.some(({ error }) => error === 'ExpiredTokenException')).toBe(true)
      expect(goesOnAfter(tokens()[1])).toBe(true)
    },
  )

  it('a session that ends before a slow clock says so is renewed when that shows', async () => {
    slowly('CreateTable')
    whenDone('CreateTable', () => bed.clock.pass(901_000))
    const { exitCode, errors } = await bed.act({ 'role-duration-seconds': '900' }, { clockOffBy: -600_000 })
    expect([exitCode, errors, bed.count('GetToken')]).toEqual([0, [], 2])
    expect(bed.sandbox.requests.some(({ error }) => error === 'ExpiredTokenException')).toBe(true)
  })

  /** DynamoDB was called before that request and after it. */
  const goesOnAfter = (index = 0) =>
    [bed.sandbox.requests.slice(0, index), bed.sandbox.requests.slice(index)].every((requests) =>
      requests.some(({ service }) => service === 'dynamodb'),
    )

  it.each<[string, Partial<Fault>, readonly string[]]>([
    [
      'GitHub gives no token',
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
  ])(
    '%s when the chain is walked again: that is the error, with its remedy and with how far the run got',
    async (_, fault, words) => {
      whenDone('CreateTable', () => bed.sandbox.expireSessions())
      bed.sandbox.faults.add({ kind: 'error', ...fault, after: 1, times: always })
      const { exitCode, errors, outputs, summary } = await bed.act(live)
      expect([exitCode, errors.length]).toEqual([1, 1])
      for (const word of [...words, 'Sent, outcome unknown: create "tenant", create "users"']) {
        expect(errors[0]).toContain(word)
      }
      expect(errors[0]).toContain(
        'Not started: update PointInTimeRecoverySpecification of "tenant", update PointInTimeRecoverySpecification of "users"',
      )
      expect(summary).toContain('Not started')
      expect([outputs.changed, outputs['changes-count'], outputs['users-table-arn']]).toEqual([
        'true',
        '4',
        arnOf('users'),
      ])
    },
  )
})

describe("the job's OIDC token", () => {
  const failing = (...faults: readonly Partial<Fault>[]) => {
    for (const [after, fault] of faults.entries()) {
      bed.sandbox.faults.add({ kind: 'error', operation: 'GetToken', ...fault, after })
    }
  }

  it.each<[string, Partial<Fault>, Partial<Fault>]>([
    ['500, and again', { status: 500 }, { status: 500 }],
    ['500, then a connection that is reset', { status: 500 }, { kind: 'reset' }],
    ['503, then a page', { status: 503 }, { kind: 'html' }],
    ['429, then half an answer', { kind: 'throttle' }, { kind: 'cut' }],
  ])('is asked for until it comes: %s', async (_, ...faults) => {
    failing(...faults)
    const { exitCode, errors } = await bed.act({ command: 'plan' })
    expect([exitCode, errors, hops.map((hop) => bed.count(hop))]).toEqual([0, [], [3, 1, 1]])
  })

  it.each([403, 404])('that is refused with %d is asked for once, and nothing else is', async (status) => {
    bed.sandbox.faults.add({ kind: 'error', operation: 'GetToken', status, times: always })
    const { exitCode, errors } = await bed.act({ command: 'plan' })
    expect([exitCode, bed.sandbox.requests.map(({ operation }) => operation)]).toEqual([1, ['GetToken']])
    expect(errors).toEqual([
      expect.stringMatching(/^GitHub did not give .*\nTo fix: Check that the job has "permissions/),
    ])
  })

  /** Time-outs of connections are real, so the answers are late in real time too. */
  const hanging = { timeOuts: { connect: 2000, request: 30 } }
  const late = () => bed.sandbox.faults.add({ kind: 'delay', operation: 'GetToken', milliseconds: 60, times: always })

  it('that does not come is given up at the time-out, eight times in all, and the error says what to do', async () => {
    late()
    const { exitCode, errors, lines, took } = await bed.act({ command: 'plan' }, hanging)
    expect([exitCode, bed.count('GetToken'), bed.sandbox.requests.length]).toEqual([1, 8, 8])
    expect(lines.filter((line) => /^Trying again in .*TimeoutError/.test(line))).toHaveLength(7)
    expect(errors[0]).toMatch(/^GitHub did not give .*\nTo fix: .*GitHub's status.*\nCaused by: TimeoutError/)
    // Beside the eight time-outs, which are not in this time.
    expect(took).toBeLessThan(16_000)
  })

  it('that does not come is asked for no longer than until the deadline', async () => {
    late()
    const { exitCode, errors, took } = await bed.act({ command: 'plan', 'timeout-seconds': '1' }, hanging)
    expect([exitCode, took]).toEqual([1, 1000])
    expect(bed.count('GetToken')).toBeLessThan(8)
    expect(errors[0]).toMatch(/within its 1 seconds\. It was waiting for the job's OIDC token from GitHub\.\nTo fix: /)
  })
})

describe('a clock that is off', () => {
  const signatureErrors = ['SignatureDoesNotMatch', 'InvalidSignatureException']
  const misdated = () => bed.sandbox.requests.filter(({ error }) => signatureErrors.includes(error ?? ''))
  const off = [
    ['ten minutes fast', 600_000],
    ['ten minutes slow', -600_000],
  ] as const

  it.each(off)(
    '%s is set right by the first answer of each service, which costs each call under way one more try',
    async (_, clockOffBy) => {
      const { exitCode, errors, took } = await bed.act(live, { clockOffBy })
      expect([exitCode, errors]).toEqual([0, []])
      // No try waits for another one.
      expect(took).toBe(8850)
      const calls = misdated().map(({ operation, table = '' }) => `${operation} ${table}`)
      expect(calls.sort()).toEqual(
        ['AssumeRole ', ...tables.flatMap((table) => reads.map((read) => `${read} ${table}`))].sort(),
      )
      for (const { operation, table } of misdated()) {
        const again = bed.sandbox.requests.filter((each) => each.operation === operation && each.table === table)
        // Once more for the date; then in the closing look.
        expect(again.length - (operation === 'AssumeRole' ? 0 : looks(table, operation))).toBe(2)
      }
    },
  )

  /** Of a run that makes the tables: those that a wait makes, and the closing look. */
  const looks = (table: string | undefined, operation: string) =>
    bed.sandbox.requests.filter((each) => each.operation === operation && each.table === table && each.status === 200)
      .length

  it.each(off)('%s makes nothing else be tried again: what is final stays final', async (_, clockOffBy) => {
    bed.sandbox.faults.add(denial('DescribeContinuousBackups', { after: 1, table: 'users' }))
    // Between two answers the clocks move, and AWS tells its own in whole seconds: so the SDK corrects its own each time.
    const passing = () => {
      bed.clock.pass(70)
      bed.after(({ service }) => service === 'dynamodb', passing)
    }
    passing()
    const { exitCode, errors } = await bed.act({}, { clockOffBy })
    expect([exitCode, errors]).toEqual([1, [expect.stringContaining('Allow dynamodb:DescribeContinuousBackups')]])
    const calls = bed.sandbox.requests.filter(is('DescribeContinuousBackups', 'users'))
    expect(calls.map(({ error }) => error)).toEqual(['InvalidSignatureException', 'AccessDeniedException'])
  })

  it('ten minutes fast does not take a session of fifteen minutes for one that has to be renewed at each call', async () => {
    const { exitCode, errors } = await bed.act({ ...live, 'role-duration-seconds': '900' }, { clockOffBy: 600_000 })
    expect([exitCode, errors, bed.count('GetToken')]).toEqual([0, [], 1])
  })

  it.each(off)(
    '%s is not tried again for ever where the signature is wrong for another reason',
    async (_, clockOffBy) => {
      const environment = { AWS_ACCESS_KEY_ID: hubAccessKey.accessKeyId, AWS_SECRET_ACCESS_KEY: 'another-secret' }
      const inputs = { 'role-to-assume': provisionerRole, 'role-external-id': externalId }
      const { exitCode, errors } = await bed.act(inputs, { clockOffBy, environment })
      expect([exitCode, bed.sandbox.requests.map(({ error }) => error)]).toEqual([
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

describe('the deadline holds to the second', () => {
  interface State {
    readonly state: string
    /** What the error says that it waited for. */
    readonly waitingFor: string
    readonly inputs?: Strings
    readonly environment?: Strings
    readonly seconds?: number
    /** Calls under way are given up after a second, and what puts items away after 4.3 s. */
    readonly grace?: 0 | 1000 | 4300
    readonly arrange: () => Promise<void> | void
  }
  const force = (operation: string, status: string) => {
    for (const table of tables) bed.after(is(operation, table), () => bed.hands.setTableStatus(table, status))
  }
  let passed = 0

  const states: readonly State[] = [
    {
      state: 'a token that does not come',
      waitingFor: "the job's OIDC token from GitHub",
      grace: 1000,
      arrange: () => bed.hold(is('GetToken')),
    },
    {
      state: 'STS, which does not answer to the token',
      waitingFor: `STS to let this job assume ${hubRole}`,
      grace: 1000,
      arrange: () => bed.hold(is('AssumeRoleWithWebIdentity')),
    },
    {
      state: 'STS, which does not answer to the second hop',
      waitingFor: `STS to let these credentials assume ${provisionerRole}`,
      grace: 1000,
      arrange: () => bed.hold(is('AssumeRole')),
    },
    {
      state: 'a read that is not answered',
      waitingFor: 'DescribeTable on "users"',
      grace: 1000,
      arrange: () => bed.hold(is('DescribeTable', 'users')),
    },
    {
      state: 'a write that is not answered',
      waitingFor: 'CreateTable on "users"',
      grace: 1000,
      arrange: () => bed.hold(is('CreateTable', 'users')),
    },
    ...[
      { operation: 'UpdateTable', inputs: live, changes: { tags: liveTags, recovery: true } },
      { operation: 'UpdateContinuousBackups', inputs: live, changes: { tags: liveTags, isProtected: true } },
      { operation: 'DeleteTable', inputs: destroy, changes: {} },
    ].map(({ operation, inputs, changes }) => ({
      state: `${operation}, which is not answered`,
      waitingFor: `${operation} on "users"`,
      inputs,
      grace: 1000 as const,
      arrange: async () => {
        await given(changes)
        bed.hold(is(operation, 'users'))
      },
    })),
    {
      state: 'a tag write that is not answered',
      waitingFor: `TagResource on "${arnOf('users')}"`,
      inputs: { tags: 'team=planner' },
      grace: 1000,
      arrange: async () => {
        await given()
        bed.hold(is('TagResource', 'users'))
      },
    },
    {
      state: 'STS, which does not identify the credentials',
      waitingFor: 'STS to identify the credentials',
      inputs: { 'role-to-assume': '', 'role-external-id': '' },
      environment: ownKey,
      grace: 1000,
      arrange: () => bed.hold(is('GetCallerIdentity')),
    },
    {
      state: 'a session that is to be renewed in the middle of a wait',
      waitingFor: "the job's OIDC token from GitHub",
      inputs: { 'role-duration-seconds': '900' },
      seconds: 700,
      grace: 1000,
      arrange: () =>
        bed.after(is('CreateTable', 'users'), () => {
          for (const table of tables) bed.hands.setTableStatus(table, 'CREATING')
          bed.hold(is('GetToken'))
          bed.clock.pass(601_000)
        }),
    },
    {
      state: 'a deletion that DynamoDB is too busy for',
      waitingFor: 'DeleteTable on "tenant"',
      inputs: destroy,
      arrange: async () => {
        await given()
        bed.sandbox.faults.add({ kind: 'throttle', operation: 'DeleteTable', times: always })
      },
    },
    {
      state: 'a protection that was changed too short a time ago',
      waitingFor: 'DynamoDB to accept update DeletionProtectionEnabled of "tenant"',
      inputs: live,
      seconds: 20,
      arrange: async () => {
        await given({ tags: liveTags, recovery: true })
        bed.sandbox.faults.add({
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
      state: 'a look in a wait that is not answered',
      waitingFor: 'DescribeTable on "users"',
      grace: 1000,
      arrange: () =>
        bed.after(is('CreateTable', 'users'), () => {
          bed.hands.setTableStatus('users', 'CREATING')
          bed.hold(is('DescribeTable', 'users'))
        }),
    },
    {
      state: 'a table that is CREATING',
      waitingFor: 'the table "tenant" to be created, which usually takes 5 to 7 s; it is CREATING',
      arrange: () => force('CreateTable', 'CREATING'),
    },
    {
      state: 'a table that is UPDATING its protection',
      waitingFor:
        'the table "tenant" to be ready, with no change in progress, which usually takes seconds, and up to 3 minutes for a billing mode; it is UPDATING',
      inputs: live,
      arrange: async () => {
        await given({ tags: liveTags, recovery: true })
        force('UpdateTable', 'UPDATING')
      },
    },
    {
      state: 'a billing mode that changes',
      waitingFor:
        'the table "tenant" to change its billing mode, which usually takes 2 to 3 minutes the first time; it is UPDATING',
      arrange: () => given({ billing: 'PROVISIONED' }),
    },
    {
      state: 'a table that somebody else works on',
      waitingFor: 'the table "users" to be ready, with no change in progress, which usually takes seconds',
      arrange: async () => {
        await given()
        bed.hands.setTableStatus('users', 'UPDATING')
      },
    },
    {
      state: 'backups of a young table, which are not yet to be changed',
      waitingFor: 'UpdateContinuousBackups on "tenant"',
      inputs: live,
      arrange: () =>
        bed.sandbox.faults.add({
          kind: 'error',
          operation: 'UpdateContinuousBackups',
          errorName: 'ContinuousBackupsUnavailableException',
          status: 400,
          times: always,
        }),
    },
    {
      state: 'a table so new that its backups cannot be read',
      waitingFor:
        'the table "tenant" to be ready, with no change in progress, which usually takes seconds, and up to 3 minutes for a billing mode; it is so new that its tags or backups cannot be read yet',
      arrange: async () => {
        await given()
        bed.sandbox.faults.add(
          denial('DescribeContinuousBackups', { errorName: 'TableNotFoundException', table: 'tenant' }),
        )
      },
    },
    {
      state: 'tags that do not show in the closing look',
      waitingFor:
        'the state of the tables to match their definitions; it is different: update Tags of "tenant": tag team = planner; update Tags of "users"',
      inputs: { tags: 'team=planner' },
      seconds: 6,
      arrange: async () => {
        await given()
        for (const table of tables) {
          bed.after(is('TagResource', table), () => {
            const record = bed.hands.table(table)
            if (record !== undefined) record.tagsShownAt = Number.POSITIVE_INFINITY
          })
        }
      },
    },
    {
      state: 'someone else, who is changing a table',
      waitingFor: 'someone else, who is changing the table "users"',
      seconds: 6,
      arrange: () =>
        bed.sandbox.faults.add(denial('CreateTable', { errorName: 'ResourceInUseException', table: 'users' })),
    },
    {
      state: 'an account that is throttled',
      waitingFor: 'DescribeTable on "tenant"',
      arrange: () => bed.sandbox.faults.add({ kind: 'throttle', service: 'dynamodb', times: always }),
    },
    {
      state: 'a turn, behind a call that is not answered',
      waitingFor: 'DescribeTable on "users"',
      grace: 1000,
      arrange: () => {
        // After six throttled calls one may be under way at a time, and that one hangs.
        passed = 0
        bed.sandbox.faults.add({ kind: 'throttle', service: 'dynamodb', times: 6 })
        bed.hold(({ service }) => {
          passed += service === 'dynamodb' ? 1 : 0
          return service === 'dynamodb' && passed > 6
        })
      },
    },
    {
      state: 'tables that are being deleted',
      waitingFor: 'the table "tenant" to be deleted, which usually takes 3 to 10 s; it is DELETING',
      inputs: destroy,
      arrange: async () => {
        await given()
        for (const table of tables) {
          bed.after(is('DeleteTable', table), () => {
            const record = bed.hands.table(table)
            if (record !== undefined) record.goneAt = Number.POSITIVE_INFINITY
          })
        }
      },
    },
    {
      state: 'sample items that are not written',
      waitingFor: 'PutItem on "tenant"',
      inputs: { command: 'verify' },
      grace: 1000,
      arrange: async () => {
        await given()
        bed.hold(is('PutItem'))
      },
    },
    {
      state: 'sample items that are not found',
      waitingFor: 'Query on "users"',
      inputs: { command: 'verify' },
      grace: 1000,
      arrange: async () => {
        await given()
        // Those that were asked for before anything was written are answered.
        bed.after(is('PutItem', 'tenant'), () => bed.hold(is('Query')))
      },
    },
    {
      state: 'sample items that are not put away',
      waitingFor: 'Query on "users". Sample items could not be deleted: {"tenant_id":"',
      inputs: { command: 'verify' },
      grace: 4300,
      arrange: async () => {
        await given()
        bed.after(is('PutItem', 'tenant'), () => bed.hold(is('Query')))
        bed.hold(is('DeleteItem'))
      },
    },
  ]

  it.each(states.map((each) => [each.state, each] as const))(
    'while it waits for %s',
    async (_, { inputs, environment = {}, seconds = 30, grace = 0, arrange, waitingFor }) => {
      await arrange()
      const { exitCode, errors, took } = await bed.act(
        { ...inputs, 'timeout-seconds': String(seconds) },
        { environment },
      )
      expect([exitCode, took]).toEqual([1, seconds * 1000 + grace])
      expect(errors[0]).toContain(`did not finish within its ${seconds} seconds. It was waiting for ${waitingFor}`)
      expect(errors[0]).toContain('To fix: ')
    },
  )

  it('of the comment is a minute, however much time the run has left', async () => {
    bed.sandbox.faults.add({ service: 'github', kind: 'throttle', times: always })
    const { exitCode, warnings, took } = await bed.act(
      { command: 'plan', ...comment, 'timeout-seconds': '1800' },
      onPullRequest,
    )
    expect([exitCode, took]).toEqual([0, 60_000])
    expect(warnings).toEqual([expect.stringContaining("GitHub's API did not accept it within 60 seconds")])
  })

  it('while it waits for GitHub to take the comment, which is a warning, and the run is none the worse', async () => {
    await given()
    bed.hold(({ service }) => service === 'github')
    const { exitCode, warnings, took, outputs } = await bed.act({ ...comment, 'timeout-seconds': '30' }, onPullRequest)
    expect([exitCode, took, outputs['has-changes']]).toEqual([0, 31_000, 'false'])
    expect(warnings).toEqual([
      expect.stringContaining("did not finish within its 30 seconds. It was waiting for GitHub's API."),
    ])
  })
})

describe('a table that never becomes ACTIVE', () => {
  it.each<[string, Strings, () => Promise<void>, string, string, number]>([
    ['after its creation', {}, none, 'CreateTable', 'be created', 600],
    [
      'after a change of billing',
      {},
      () => given({ billing: 'PROVISIONED' }),
      'UpdateTable',
      'change its billing mode',
      1800,
    ],
  ])('%s ends the run with an error and a remedy that name it', async (_, inputs, prepare, operation, what, most) => {
    await prepare()
    const status = operation === 'CreateTable' ? 'CREATING' : 'UPDATING'
    bed.after(is(operation, 'users'), () => bed.hands.setTableStatus('users', status))
    const { exitCode, errors, took } = await bed.act({ ...inputs, 'timeout-seconds': '3600' })
    expect(exitCode).toBe(1)
    expect(errors[0]).toContain(`Waited ${most} s for the table "users" to ${what}`)
    expect(errors[0]).toContain(`It is ${status}.\nTo fix: Check in the AWS console what the table "users" is doing`)
    // The look after its time is the last one.
    expect(took).toBeGreaterThanOrEqual(most * 1000)
    expect(took).toBeLessThan((most + 40) * 1000)
  })
})

describe('a table that is ACTIVE, but not settled', () => {
  const isRefused = ({ error }: LoggedRequest) => error === 'ResourceInUseException'

  it('gets deletion protection once its new replica is there, after one refused call, and its recovery before that', async () => {
    await given({ tags: liveTags })
    await bed.hands.call('UpdateTable', {
      TableName: 'users',
      ReplicaUpdates: [{ Create: { RegionName: 'eu-west-1' } }],
    })
    bed.clock.pass(7000)
    const { exitCode, errors, lines, took } = await bed.act(live)
    expect([exitCode, errors]).toEqual([0, []])
    expect(bed.sandbox.requests.filter(isRefused)).toHaveLength(1)
    expect(took).toBeGreaterThan(15_000)
    expect(lines.join('\n')).toMatch(
      /someone else is changing the table, which usually takes .*: 1\d s so far; it is .*replica eu-west-1 CREATING/,
    )
    const order = bed.sandbox.requests.filter((request) => isWrite(request) && request.table === 'users')
    expect(order.map(({ operation, error }) => error ?? operation)).toEqual([
      'ResourceInUseException',
      'UpdateContinuousBackups',
      'UpdateTable',
    ])
  })

  it('gets deletion protection at once while its encryption or warm throughput changes', async () => {
    await given({ tags: liveTags, recovery: true })
    await bed.hands.call('UpdateTable', { TableName: 'users', SSESpecification: { Enabled: true } })
    await bed.hands.call('UpdateTable', {
      TableName: 'tenant',
      WarmThroughput: { ReadUnitsPerSecond: 20_000, WriteUnitsPerSecond: 8000 },
    })
    const { exitCode, took } = await bed.act(live)
    expect([exitCode, took < 5000, bed.sandbox.requests.filter(isRefused)]).toEqual([0, true, []])
  })

  it('is deleted once its encryption has changed', async () => {
    await given()
    await bed.hands.call('UpdateTable', { TableName: 'users', SSESpecification: { Enabled: true } })
    const { exitCode, lines } = await bed.act(destroy)
    expect([exitCode, bed.hands.table('users')]).toEqual([0, undefined])
    expect(bed.sandbox.requests.filter(isRefused)).toHaveLength(1)
    expect(lines.join('\n')).toContain('encryption UPDATING')
  })

  it('is not deleted while it has a replica, whose region is named, and is deleted once that is gone', async () => {
    await given()
    bed.hands.setReplicaStatus('users', 'eu-west-1', 'ACTIVE')
    const refused = await bed.act(destroy)
    expect([refused.exitCode, bed.count('DeleteTable')]).toEqual([1, 0])
    expect(refused.errors[0]).toContain('eu-west-1')
    bed.hands.setReplicaStatus('users', 'eu-west-1', undefined)
    await bed.hands.call('UpdateTable', {
      TableName: 'users',
      ReplicaUpdates: [{ Delete: { RegionName: 'eu-west-1' } }],
    })
    bed.clock.pass(40_000)
    const { exitCode, errors } = await bed.act(destroy)
    expect([exitCode, errors, bed.hands.table('users')]).toEqual([0, [], undefined])
  })
})

describe('a billing change that AWS allows only tomorrow', () => {
  const message =
    'Subscriber limit exceeded: Update to PayPerRequest mode are limited to once in 1 day(s). Last update at Wed Nov 25 18:29:23 UTC 2026. Next update can be made at Thu Nov 26 18:29:23 UTC 2026'

  it('does not keep recovery off in production, in any number of runs, and each run names the time', async () => {
    await given({ tags: liveTags, billing: 'PROVISIONED', isProtected: true })
    const errorName = 'LimitExceededException'
    bed.sandbox.faults.add({ kind: 'error', operation: 'UpdateTable', errorName, message, status: 400, times: always })
    for (const steps of ['2 of 4 steps', '0 of 2 steps']) {
      const { exitCode, errors, lines } = await bed.act(live)
      expect([exitCode, errors.length]).toEqual([1, 2])
      expect(errors[0]).toContain(
        'allows the next change at Thu Nov 26 18:29:23 UTC 2026.\nTo fix: Run again after Thu',
      )
      expect(lines.join('\n')).toContain(`${steps} applied, 2 deferred by AWS.`)
      expect(tables.map((table) => bed.hands.table(table)?.recovery.enabled)).toEqual([true, true])
    }
    expect(bed.count('UpdateContinuousBackups')).toBe(2)
    bed.sandbox.faults.clear()
    expect((await bed.act(live)).exitCode).toBe(0)
  })
})

describe('what is final is not tried again', () => {
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
  ])(
    '%s: one call for each name of a refusal, nothing after it, and a remedy',
    async (operation, inputs, environment) => {
      for (const errorName of stsNames) {
        await bed.begin()
        bed.sandbox.faults.add({ kind: 'error', operation, errorName, status: 403, times: always })
        const { exitCode, errors } = await bed.act({ command: 'plan', ...inputs }, { environment })
        expect([errorName, exitCode, bed.count(operation), bed.sandbox.requests.at(-1)?.operation]).toEqual([
          errorName,
          1,
          1,
          operation,
        ])
        expect(errors).toEqual([
          expect.stringMatching(new RegExp(`\nTo fix: .+\n(The statement to add: .+\n)?Caused by: ${errorName}`)),
        ])
      }
    },
  )

  const dynamoDbNames: readonly (readonly [string, string?])[] = [
    ['AccessDeniedException'],
    ['ValidationException'],
    ['LimitExceededException', 'Subscriber limit exceeded: the quota of 2500 tables is used up'],
    ['UnrecognizedClientException'],
    ['InvalidSignatureException'],
    ['MissingAuthenticationTokenException'],
    ['IncompleteSignatureException'],
    ['SerializationException'],
    ['UnknownOperationException'],
    ['SubscriberLimitExceededException'],
  ]
  const item = { command: 'verify' }

  it.each<[string, Strings, () => Promise<void>]>([
    ...reads.map((read): [string, Strings, () => Promise<void>] => [read, {}, given]),
    ['CreateTable', {}, none],
    ['UpdateTable', live, () => given({ tags: liveTags, recovery: true })],
    ['UpdateContinuousBackups', live, () => given({ tags: liveTags, isProtected: true })],
    ['TagResource', { tags: 'team=planner' }, given],
    ['DeleteTable', destroy, given],
    ['PutItem', item, given],
    ['GetItem', item, given],
    ['Query', item, given],
  ])('%s: one call for each name of a refusal, and a remedy', async (operation, inputs, prepare) => {
    // One read and one write meet every name, the others the most frequent ones.
    const isThorough = ['DescribeTable', 'CreateTable'].includes(operation)
    for (const [errorName, message] of isThorough ? dynamoDbNames : dynamoDbNames.slice(0, 3)) {
      await bed.begin()
      await prepare()
      bed.sandbox.faults.add({
        ...denial(operation, { errorName, table: 'tenant' }),
        ...(operation === 'Query' ? { table: 'users' } : {}),
        ...(message === undefined ? {} : { message }),
      })
      const { exitCode, errors } = await bed.act(inputs)
      const refused = bed.sandbox.requests.filter(({ error }) => error === errorName)
      // Verification asks for two tenants, side by side.
      const most = operation === 'Query' ? 2 : 1
      expect([errorName, exitCode, refused.length <= most && refused.length > 0]).toEqual([errorName, 1, true])
      expect(errors[0]).toMatch(
        new RegExp(`${operation} on .* failed\\.\nTo fix: .+\n(The statement to add: .+\n)?Caused by: ${errorName}`),
      )
    }
  })

  it('a session that is refused as run out is renewed once for each call, and then final', async () => {
    bed.sandbox.faults.add(denial('DescribeTable', { errorName: 'ExpiredTokenException', table: 'users' }))
    const { exitCode, errors } = await bed.act()
    expect([exitCode, bed.count('DescribeTable', 'ExpiredTokenException')]).toEqual([1, 2])
    expect(hops.map((hop) => bed.count(hop))).toEqual([2, 2, 2])
    expect(errors[0]).toContain('To fix: Check the clock of the machine')
  })

  it('a table that stays in use is looked at before each of six tries, in growing pauses, and is then final', async () => {
    bed.sandbox.faults.add(denial('CreateTable', { errorName: 'ResourceInUseException', table: 'users' }))
    const { exitCode } = await bed.act()
    const calls = bed.sandbox.requests.filter(({ table }) => table === 'users').map(({ operation }) => operation)
    const tries = calls.flatMap((operation, index) => (operation === 'CreateTable' ? [index] : []))
    expect([exitCode, tries.length]).toEqual([1, 6])
    for (const [index, at] of tries.entries()) {
      expect(calls.slice(index === 0 ? 0 : tries[index - 1], at)).toContain('DescribeTable')
    }
  })
})

describe('an account of 2,500 tables that throttles most calls', () => {
  /** With ours the account has as many tables as AWS lets one have. */
  const fill = async () => {
    for (let number = 0; number < 2498; number += 1) {
      await bed.hands.call('CreateTable', {
        TableName: `of-others-${number}`,
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
        BillingMode: 'PAY_PER_REQUEST',
      })
      // No more than 500 at once are made.
      bed.clock.pass(50)
    }
    bed.clock.pass(60_000)
  }

  it('still gets ours, in time, each write once, by a bounded number of calls, and has room for no more', async () => {
    await fill()
    // Two of three.
    for (let number = 0; number < 300; number += 1) {
      bed.sandbox.faults.add({ kind: 'throttle', service: 'dynamodb', after: number * 3, times: 2 })
    }
    const { exitCode, errors, took } = await bed.act({ ...live, 'timeout-seconds': '600' })
    expect([exitCode, errors]).toEqual([0, []])
    expect(took).toBeLessThan(600_000)
    const ofDynamoDb = bed.sandbox.requests.filter(({ service }) => service === 'dynamodb')
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

    // Now it is full, which is told once for each table that it has no room for, with what to do.
    bed.sandbox.faults.clear()
    bed.sandbox.clearRequests()
    const full = await bed.act({ 'table-name-prefix': 'more-' })
    expect([full.exitCode, bed.count('CreateTable'), bed.count('CreateTable', 'LimitExceededException')]).toEqual([
      1, 2, 2,
    ])
    expect(full.errors[0]).toContain(
      'To fix: The account has reached a limit of DynamoDB. Ask AWS to raise it, or make',
    )
  })
})

describe('a permission that is missing', () => {
  const statementIn = (error = '') => JSON.parse(/^The statement to add: (.*)$/m.exec(error)?.[1] ?? '{}')
  /** As it is copied from the code block on the page. */
  const statementOn = (page: string) =>
    JSON.parse(renderAsGitHub(page).blocks.find((block) => block.startsWith('{')) ?? '')
  const item = { command: 'verify' }
  const drift = () => given({ tags: { owner: 'somebody' }, billing: 'PROVISIONED' })

  async function denied(operation: string, inputs: Strings, table: string): Promise<StillRun> {
    bed.sandbox.faults.add(denial(operation, { table }))
    const run = await bed.act(inputs)
    expect([run.exitCode, bed.count(operation, 'AccessDeniedException') > 0]).toEqual([1, true])
    return run
  }

  it.each(
    reads.flatMap((read): [string, string, Strings, () => Promise<void>][] => [
      [`dynamodb:${read}`, 'apply', live, drift],
      [`dynamodb:${read}`, 'apply, where there is no table,', live, none],
      [`dynamodb:${read}`, 'plan', { command: 'plan' }, given],
      [`dynamodb:${read}`, 'destroy', destroy, given],
      [`dynamodb:${read}`, 'verify', item, given],
    ]),
  )(
    '%s, which %s reads with, is told with the statement to add before anything is written',
    async (permission, _, inputs, prepare) => {
      await prepare()
      const { errors } = await denied(permission.replace('dynamodb:', ''), inputs, 'users')
      expect(errors[0]).toContain(`To fix: Allow ${permission} on "`)
      expect(statementIn(errors[0])).toEqual({ Effect: 'Allow', Action: [permission], Resource: arnOf('users') })
      expect(bed.sandbox.requests.filter(isWrite)).toEqual([])
    },
  )

  it.each(['dynamodb:GetItem', 'dynamodb:Query'])(
    '%s, which verify reads items with, is told with the statement to add before an item is written',
    async (permission) => {
      await given()
      const { errors } = await denied(permission.replace('dynamodb:', ''), item, 'users')
      expect(errors[0]).toContain(`To fix: Allow ${permission} on "users"`)
      expect(statementIn(errors[0])).toEqual({ Effect: 'Allow', Action: [permission], Resource: arnOf('users') })
      expect(bed.sandbox.requests.filter(isWrite)).toEqual([])
    },
  )

  it.each<[string, Strings, () => Promise<void>, (readonly string[])?]>([
    ['CreateTable', {}, none, ['dynamodb:CreateTable', 'dynamodb:TagResource']],
    ['UpdateTable', {}, () => given({ billing: 'PROVISIONED' })],
    ['UpdateTable', live, () => given({ tags: liveTags, recovery: true })],
    ['UpdateContinuousBackups', live, () => given({ tags: liveTags, isProtected: true })],
    ['TagResource', { tags: 'team=planner' }, given],
    ['DeleteTable', destroy, given],
    ['PutItem', item, given],
    ['DeleteItem', item, given],
  ])(
    'dynamodb:%s is told with the table and the statement to add: %j',
    async (operation, inputs, prepare, actions = [`dynamodb:${operation}`]) => {
      await prepare()
      const { errors, summary } = await denied(operation, inputs, 'users')
      expect(errors[0]).toContain(`Allow ${actions.join(' and ')} on "`)
      expect(statementIn(errors[0])).toEqual({ Effect: 'Allow', Action: actions, Resource: arnOf('users') })
      expect(statementOn(summary)).toEqual(statementIn(errors[0]))
      const written = bed.sandbox.requests.filter((request) => isWrite(request) && request.status === 200)
      expect(written.filter(({ table, operation: other }) => table === 'users' && other === operation)).toEqual([])
    },
  )

  it.each<[string, Strings, readonly string[]]>([
    ['sts:AssumeRole', {}, ['sts:AssumeRole']],
    ['sts:TagSession', { 'role-session-tags': 'a=b' }, ['sts:AssumeRole', 'sts:TagSession']],
    ['sts:SetSourceIdentity', { 'role-source-identity': 'me' }, ['sts:AssumeRole', 'sts:SetSourceIdentity']],
  ])(
    '%s is told with the role and the statement to add, before DynamoDB is called',
    async (permission, inputs, actions) => {
      bed.sandbox.faults.add(denial('AssumeRole', { errorName: 'AccessDenied', status: 403 }))
      const { errors } = await bed.act(inputs)
      expect(errors[0]).toContain(permission)
      expect(statementIn(errors[0])).toEqual({ Effect: 'Allow', Action: actions, Resource: provisionerRole })
      expect(bed.sandbox.requests.some(({ service }) => service === 'dynamodb')).toBe(false)
    },
  )

  it('sts:AssumeRoleWithWebIdentity is told with the statement that the trust policy needs', async () => {
    bed.sandbox.faults.add(denial('AssumeRoleWithWebIdentity', { errorName: 'AccessDenied', status: 403 }))
    const { errors, summary } = await bed.act()
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
    // With the ids of its sub, which no invisible character may spoil.
    expect(statementOn(summary)).toEqual(statementIn(errors[0]))
    expect(renderAsGitHub(summary).blocks[0]?.split('\n')).toEqual([
      'role: arn:aws:iam::111111111111:role/github-hub',
      'iss: https://token.actions.githubusercontent.com',
      'sub: repo:acme@1/app@2:environment:dev',
      'aud: sts.amazonaws.com',
      expect.stringMatching(/^job_workflow_ref: acme\/app\/\.github\/workflows\/.*@refs\/heads\/main$/),
    ])
    expect(bed.sandbox.requests.map(({ operation }) => operation)).toEqual(['GetToken', 'AssumeRoleWithWebIdentity'])
  })
})
