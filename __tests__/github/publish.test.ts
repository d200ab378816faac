import { tenantAccessPolicy } from '../../src/aws/tenant-access.ts'
import { InvalidInputsError, RemedyError, StoppedError } from '../../src/errors/errors.ts'
import { outputsOf, publish } from '../../src/github/publish.ts'
import { digestPlan, renderPlanDocument } from '../../src/plan/document.ts'
import type { Outcome } from '../../src/plan/plan.ts'
import { planTables } from '../../src/plan/planner.ts'
import type { RunResult } from '../../src/report/report.ts'
import { aTarget, ready, theTables } from '../support/builders.ts'
import { recordingRunner } from '../support/recording-runner.ts'

const target = aTarget()
const [tenant, users] = theTables()
const desired = [tenant, users]
const absentPlan = planTables(target, desired, new Map())
const arnOf = (table: string) => `arn:aws:dynamodb:ap-south-1:222222222222:table/${table}`

async function published(result: RunResult) {
  const runner = recordingRunner({})
  await publish(result, runner)
  return runner.recorded
}

it('sets nothing after wrong inputs, and fails with all of them', async () => {
  const { outputs, exitCode, errors } = await published({ error: new InvalidInputsError(['a must be b.']) })
  expect([outputs, exitCode, errors]).toEqual([{}, 1, ['An input is wrong.\n- a must be b.']])
})

it('sets account and region once they are known', () => {
  expect(outputsOf({ target, error: new Error('x') })).toEqual({
    'aws-account-id': '222222222222',
    'aws-region': 'ap-south-1',
  })
})

it('sets the ARNs that absent tables will have, after a plan', () => {
  expect(outputsOf({ command: 'plan', target, plan: absentPlan })).toEqual({
    'aws-account-id': '222222222222',
    'aws-region': 'ap-south-1',
    'tenant-table-name': 'tenant',
    'tenant-table-arn': arnOf('tenant'),
    'users-table-name': 'users',
    'users-table-arn': arnOf('users'),
    tables: JSON.stringify({
      tenant: { name: 'tenant', arn: arnOf('tenant') },
      users: { name: 'users', arn: arnOf('users') },
    }),
    'has-changes': 'true',
    'changes-count': '2',
    changed: 'false',
    plan: renderPlanDocument(absentPlan),
    'plan-digest': digestPlan(absentPlan),
    'tenant-access-policy': JSON.stringify(tenantAccessPolicy([arnOf('tenant'), arnOf('users')])),
  })
})

it('tells ARNs, ids and streams as AWS gave them, those of new tables too', () => {
  const [createTenant, createUsers] = absentPlan.steps
  if (createTenant === undefined || createUsers === undefined) throw new Error('Two steps were expected')
  const outcome: Outcome = {
    steps: [
      { step: createTenant, result: { status: 'applied', seconds: 1 } },
      { step: createUsers, result: { status: 'dropped' } },
    ],
    observed: new Map([
      ['tenant', ready(tenant, { streamArn: 'arn:stream' })],
      ['users', ready(users, { arn: 'arn:as-aws-says' })],
    ]),
  }
  const outputs = outputsOf({ command: 'apply', target, plan: absentPlan, outcome })
  expect([outputs['users-table-arn'], outputs.changed]).toEqual(['arn:as-aws-says', 'true'])
  expect(JSON.parse(outputs.tables ?? '')).toEqual({
    tenant: { name: 'tenant', arn: arnOf('tenant'), id: 'id-of-tenant', streamArn: 'arn:stream' },
    users: { name: 'users', arn: 'arn:as-aws-says', id: 'id-of-users' },
  })
})

it('after a refusal the plan holds steps and refusals, nothing changed, and the run fails with each remedy', async () => {
  const plan = planTables(target, desired, new Map([['users', { status: 'unavailable', tableStatus: 'DELETING' }]]))
  const { outputs, exitCode, errors } = await published({ command: 'apply', target, plan })
  expect([exitCode, outputs.changed, outputs['users-table-arn']]).toEqual([1, 'false', arnOf('users')])
  expect(JSON.parse(outputs.plan ?? '')).toMatchObject({
    steps: [{ action: 'create-table' }],
    refusals: [{ table: 'users' }],
  })
  expect(errors).toEqual([expect.stringMatching(/^The table "users" is DELETING\.\nTo fix: Wait/)])
})

it('a run that failed halfway sets what it knows, and says what was done before', async () => {
  const [createTenant, createUsers] = absentPlan.steps
  if (createTenant === undefined || createUsers === undefined) throw new Error('Two steps were expected')
  const error = new RemedyError('It broke.', 'Mend it.')
  const outcome: Outcome = {
    steps: [
      { step: createTenant, result: { status: 'failed', sent: true, error } },
      { step: createUsers, result: { status: 'skipped' } },
    ],
    observed: new Map(),
    error,
  }
  const { outputs, errors, summary } = await published({ command: 'apply', target, plan: absentPlan, outcome })
  expect([outputs.changed, outputs['tenant-table-arn']]).toEqual(['true', arnOf('tenant')])
  expect(errors).toEqual([
    'It broke.\nTo fix: Mend it.\nDone before: nothing. Sent to DynamoDB, end not seen: create-table "tenant". Not begun: create-table "users".',
  ])
  expect(summary).toContain('### Failed')
})

it('tells what each table met, and once what both met alike', async () => {
  const [createTenant, createUsers] = absentPlan.steps
  if (createTenant === undefined || createUsers === undefined) throw new Error('Two steps were expected')
  const failing = async (ofTenant: Error, ofUsers: Error) => {
    const outcome: Outcome = {
      steps: [
        { step: createTenant, result: { status: 'failed', sent: false, error: ofTenant } },
        { step: createUsers, result: { status: 'failed', sent: false, error: ofUsers } },
      ],
      observed: new Map(),
      error: ofTenant,
    }
    return await published({ command: 'apply', target, plan: absentPlan, outcome })
  }
  const [first, second] = [new RemedyError('It broke.', 'Mend it.'), new RemedyError('It is full.', 'Make room.')]
  const { errors, summary } = await failing(first, second)
  expect(errors).toEqual([
    expect.stringMatching(/^It broke\.\nTo fix: Mend it\.\nFailed: .*\. Done before: nothing\./),
    'It is full.\nTo fix: Make room.',
  ])
  expect(summary).toMatch(/It broke[\s\S]*It is full[\s\S]*Make room/)
  expect((await failing(first, new RemedyError('It broke.', 'Mend it.'))).errors).toHaveLength(1)
  const cancelled = new StoppedError('The run was cancelled.', 'Run it again.')
  expect((await failing(cancelled, cancelled.whileWaitingFor('users'))).errors).toHaveLength(1)
})

it('names no id of a table that it deleted, though the run failed after that', () => {
  const observed = new Map([
    ['tenant', ready(tenant)],
    ['users', ready(users)],
  ])
  const plan = planTables(target, desired, observed, { destroy: true, allow: [] })
  const [deleteTenant, deleteUsers] = plan.steps
  if (deleteTenant === undefined || deleteUsers === undefined) throw new Error('Two steps were expected')
  const error = new Error('no')
  const outcome: Outcome = {
    steps: [
      { step: deleteTenant, result: { status: 'applied', seconds: 1 } },
      { step: deleteUsers, result: { status: 'failed', sent: false, error } },
    ],
    observed,
    error,
  }
  const { tenant: gone, users: left } = JSON.parse(
    outputsOf({ command: 'destroy', target, plan, outcome }).tables ?? '',
  )
  expect([gone.id, left.id]).toEqual([undefined, 'id-of-users'])
})

it('warns where a warning is due, and no more', async () => {
  const replicas = [{ region: 'eu-west-1', status: 'CREATION_FAILED' }]
  const observed = ready(tenant, { replicas, deletionProtection: true })
  const plan = planTables(target, [tenant], new Map([['tenant', observed]]), { destroy: false, allow: ['adopt-table'] })
  expect(plan.notices.map(({ level }) => level)).toEqual(['warning', 'notice', 'notice'])
  const { warnings, notices, exitCode } = await published({ command: 'plan', target, plan })
  expect([warnings, notices, exitCode]).toEqual([[expect.stringContaining('is CREATION_FAILED')], [], 0])
})

describe('what is optional never decides success:', () => {
  const readOnly = async () => {
    throw Object.assign(new Error('read-only file system'), { code: 'EROFS' })
  }
  const whole = { command: 'apply', target, plan: absentPlan, outcome: { steps: [], observed: new Map() } } as const
  const { 'plan-file': _, ...allButTheFile } = { 'plan-file': '', ...outputsOf(whole) }

  it('a plan file that cannot be written is one warning, and every other output is set', async () => {
    const runner = { ...recordingRunner({}), writeTemporaryFile: readOnly }
    await publish({ ...whole }, runner)
    expect(runner.recorded).toMatchObject({ exitCode: 0, errors: [], outputs: allButTheFile })
    expect(Object.keys(runner.recorded.outputs)).toEqual(Object.keys(allButTheFile))
    expect(runner.recorded.warnings).toEqual([
      'The plan file could not be written, so the output plan-file is not set.\nTo fix: Let RUNNER_TEMP name a folder that this step can write to. The output plan holds the plan, too.\nCaused by: EROFS: read-only file system',
    ])
    expect(runner.recorded.summary).toContain('apply of')
  })

  it('a job summary that cannot be written or rendered is one warning', async () => {
    const unwritable = { ...recordingRunner({}), writeSummary: readOnly }
    let redacted = 0
    const unmade = {
      ...recordingRunner({}),
      redact: () => {
        redacted += 1
        throw new Error('no text')
      },
    }
    for (const runner of [unwritable, unmade]) {
      await publish({ ...whole }, runner)
      expect(runner.recorded).toMatchObject({ exitCode: 0, errors: [], summary: '' })
      expect(runner.recorded.outputs['plan-file']).toBeDefined()
      expect(runner.recorded.warnings).toEqual([
        expect.stringMatching(/^The job summary could not be written\.\nTo fix: .*GITHUB_STEP_SUMMARY/),
      ])
    }
    expect(redacted).toBeGreaterThan(0)
  })

  it('a plan file and a job summary that both fail are two warnings', async () => {
    const runner = { ...recordingRunner({}), writeTemporaryFile: readOnly, writeSummary: readOnly }
    await publish({ ...whole }, runner)
    expect([runner.recorded.exitCode, runner.recorded.warnings]).toEqual([
      0,
      [expect.stringContaining('plan file'), expect.stringContaining('job summary')],
    ])
  })

  it('but an output that cannot be set fails the run, also the one that names the plan file', async () => {
    const runner = recordingRunner({})
    const { setOutput } = runner
    const full = {
      ...runner,
      setOutput: (name: string, value: string) => {
        if (name === 'plan-file') throw new Error('disk full')
        setOutput(name, value)
      },
    }
    await publish({ ...whole }, full)
    expect([runner.recorded.exitCode, runner.recorded.errors]).toEqual([
      1,
      [expect.stringContaining('The outputs could not be written')],
    ])
  })
})

describe('a run that did all it planned', () => {
  const outcome: Outcome = {
    steps: absentPlan.steps.map((step) => ({ step, result: { status: 'applied', seconds: 6 } })),
    observed: new Map([
      ['tenant', ready(tenant)],
      ['users', ready(users)],
    ]),
  }

  it('sets every output, writes the summary, and neither warns nor fails', async () => {
    const recorded = await published({ command: 'apply', target, plan: absentPlan, outcome })
    expect(recorded).toEqual({
      exitCode: 0,
      outputs: {
        'aws-account-id': '222222222222',
        'aws-region': 'ap-south-1',
        'tenant-table-name': 'tenant',
        'tenant-table-arn': arnOf('tenant'),
        'users-table-name': 'users',
        'users-table-arn': arnOf('users'),
        tables: JSON.stringify({
          tenant: { name: 'tenant', arn: arnOf('tenant'), id: 'id-of-tenant' },
          users: { name: 'users', arn: arnOf('users'), id: 'id-of-users' },
        }),
        'has-changes': 'true',
        'changes-count': '2',
        changed: 'true',
        plan: renderPlanDocument(absentPlan),
        'plan-digest': digestPlan(absentPlan),
        'tenant-access-policy': JSON.stringify(tenantAccessPolicy([arnOf('tenant'), arnOf('users')])),
        'plan-file': '/runner/tenant-tables-plan.json',
      },
      files: { '/runner/tenant-tables-plan.json': renderPlanDocument(absentPlan) },
      event: undefined,
      lines: ['2 steps applied.'],
      notices: [],
      warnings: [],
      errors: [],
      masked: [],
      summary: expect.stringContaining('applied in 6.0 s'),
    })
  })

  it('has changed nothing where another run did it all', () => {
    const dropped: Outcome = {
      ...outcome,
      steps: absentPlan.steps.map((step) => ({ step, result: { status: 'dropped' } })),
    }
    const outputs = outputsOf({ command: 'apply', target, plan: absentPlan, outcome: dropped })
    expect([outputs['has-changes'], outputs.changed]).toEqual(['true', 'false'])
  })
})

it('has changes from one step on', () => {
  const plan = planTables(target, desired, new Map([['users', ready(users)]]))
  const outputs = outputsOf({ command: 'plan', target, plan })
  expect([outputs['has-changes'], outputs['changes-count']]).toEqual(['true', '1'])
})

it('has nothing to change where the tables are as defined', () => {
  const plan = planTables(target, desired, new Map(desired.map((table) => [table.name, ready(table)])))
  const outputs = outputsOf({ command: 'apply', target, plan, outcome: { steps: [], observed: new Map() } })
  expect([outputs['has-changes'], outputs['changes-count'], outputs.changed]).toEqual(['false', '0', 'false'])
})

it('an error before the first step is told without progress, for there was none', async () => {
  const { errors, outputs } = await published({ target, error: new RemedyError('It broke.', 'Mend it.') })
  expect([errors, Object.keys(outputs)]).toEqual([['It broke.\nTo fix: Mend it.'], ['aws-account-id', 'aws-region']])
})

it('tells what happened to the tables though the outputs cannot be written', async () => {
  const runner = {
    ...recordingRunner({}),
    setOutput: () => {
      throw new Error('no such file')
    },
  }
  await publish({ command: 'plan', target, plan: absentPlan, error: new Error('It broke.') }, runner)
  const unwritten = expect.stringMatching(/^The outputs could not be written.*\nTo fix: .*\nCaused by: .*no such file$/)
  expect(runner.recorded.errors).toEqual([unwritten, expect.stringContaining('It broke.')])
  expect(runner.recorded.summary).toContain('It broke.')

  const alone = { ...recordingRunner({}), setOutput: runner.setOutput }
  await publish({ command: 'apply', target, plan: absentPlan, outcome: { steps: [], observed: new Map() } }, alone)
  expect([alone.recorded.exitCode, alone.recorded.errors[0]]).toEqual([1, expect.stringContaining('Make room')])
  expect(alone.recorded.summary).toContain('The outputs could not be written')
})

describe('an output that would hold a secret', () => {
  const secret = 'arn:aws:dynamodb:ap-south-1:222222222222:table/users'
  const withSecret = () => {
    const runner = recordingRunner({})
    runner.mask(secret, 'AWS_SECRET_ACCESS_KEY')
    return runner
  }

  it('is left out, and fails a run that succeeded until then', async () => {
    const runner = withSecret()
    await publish({ command: 'plan', target, plan: absentPlan }, runner)
    const { outputs, errors, exitCode, files, summary } = runner.recorded
    expect(Object.keys(outputs)).toEqual(expect.arrayContaining(['aws-account-id', 'tenant-table-arn', 'plan-digest']))
    for (const name of ['users-table-arn', 'tables', 'plan', 'tenant-access-policy', 'plan-file']) {
      expect(outputs).not.toHaveProperty(name)
    }
    expect([exitCode, files]).toEqual([1, {}])
    expect(errors).toEqual([
      expect.stringMatching(
        /^The secret AWS_SECRET_ACCESS_KEY occurs in what later steps would read: output users-table-arn, output tables, /,
      ),
    ])
    expect(summary).toContain('The secret AWS_SECRET_ACCESS_KEY occurs')
  })

  it('is left out of what a failed run sets, whose own failure is told', async () => {
    const runner = withSecret()
    await publish(
      { command: 'plan', target, plan: absentPlan, error: new RemedyError('It broke.', 'Mend it.') },
      runner,
    )
    expect(runner.recorded.errors).toEqual(['It broke.\nTo fix: Mend it.'])
    expect(runner.recorded.outputs).not.toHaveProperty('users-table-arn')
    expect(JSON.stringify(runner.recorded.outputs)).not.toContain('***')
  })
})

it('takes secrets out of what others said before it is escaped or cut', async () => {
  const runner = recordingRunner({})
  const secret = `${'s_'.repeat(150)}end`
  runner.mask(secret, 'ORIGIN')
  const error = new RemedyError('It broke.', 'Mend it.', { cause: new Error(`cannot parse ${secret}`) })
  await publish({ command: 'plan', target, plan: absentPlan, error }, runner)
  expect(runner.recorded.summary).toContain('cannot parse ***')
  expect(runner.recorded.summary).not.toMatch(/s(_|&#95;)s/)
})
