import { EventEmitter } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Outcome } from '../../src/apply/outcome.ts'
import { InvalidInputsError, RemedyError } from '../../src/errors/errors.ts'
import { assertPublishable, publish } from '../../src/github/publish.ts'
import { gitHubRunner } from '../../src/github/runner.ts'
import { renderPlanDocument } from '../../src/plan/document.ts'
import { planTables } from '../../src/plan/planner.ts'
import { renderComment } from '../../src/report/comment.ts'
import { outputsOf } from '../../src/report/outputs.ts'
import type { RunResult } from '../../src/report/result.ts'
import { aTarget, ready, strictPolicy, theTables, withTags } from '../support/builders.ts'
import { recordingRunner } from '../support/recording-runner.ts'
import { leaksIn } from '../support/secret-scan.ts'

const target = aTarget()
const [tenant, users] = theTables()
const definitions = [tenant, users]
const plan = planTables(target, definitions, new Map(), strictPolicy)
const broken = new RemedyError('It broke.', 'Fix it.')

const outcome: Outcome = {
  steps: plan.steps.map((step) => ({ step, result: { status: 'applied', seconds: 6 } })),
  observed: new Map(definitions.map((table) => [table.name, ready(table)])),
}
const succeeded: RunResult = { command: 'apply', target, plan, outcome }

async function published(result: RunResult) {
  const runner = recordingRunner({})
  await publish(result, runner)
  return runner.recorded
}

it('sets no output after wrong inputs, and fails with all of them', async () => {
  const { outputs, exitCode, errors } = await published({ error: new InvalidInputsError(['a must be b.']) })
  expect([outputs, exitCode, errors]).toEqual([{}, 1, ['The inputs have 1 problem.\n- a must be b.']])
})

it('sets every output of a run that succeeded, writes the summary, and neither warns nor fails', async () => {
  expect(await published(succeeded)).toEqual({
    exitCode: 0,
    outputs: { ...outputsOf(succeeded), 'plan-file': '/runner/tenant-tables-plan.json' },
    files: { '/runner/tenant-tables-plan.json': renderPlanDocument(plan) },
    event: undefined,
    lines: [expect.stringMatching(/: 2 changes applied$/)],
    notices: [],
    warnings: [],
    errors: [],
    masked: [],
    summary: expect.stringContaining('applied in 6.0&#160;s'),
  })
})

it('sets every output of a refused run, and fails with each remedy', async () => {
  const refused = planTables(
    target,
    definitions,
    new Map([['users', { status: 'unavailable', tableStatus: 'DELETING' }]]),
    strictPolicy,
  )
  const { outputs, exitCode, errors } = await published({ command: 'apply', target, plan: refused })
  expect([exitCode, outputs]).toEqual([1, expect.objectContaining(outputsOf({ target, plan: refused }))])
  expect(errors).toEqual([expect.stringMatching(/^The table "users" is DELETING\.\nTo fix: Wait/)])
})

it('sets the outputs of a run that failed halfway, and names what was done before, once for all failures', async () => {
  const [first, second] = plan.steps
  if (first === undefined || second === undefined) throw new Error('Two steps were expected')
  const full = new RemedyError('It is full.', 'Free space.')
  const failed: Outcome = {
    steps: [
      { step: first, result: { status: 'failed', isOutcomeUnknown: true, error: broken } },
      { step: second, result: { status: 'failed', isOutcomeUnknown: false, error: full } },
    ],
    observed: new Map(),
    error: broken,
  }
  const { outputs, errors, summary } = await published({ command: 'apply', target, plan, outcome: failed })
  expect(outputs.changed).toBe('true')
  expect(errors).toEqual([
    'It broke.\nTo fix: Fix it.\nFailed: create "users". Done before: nothing. Sent, outcome unknown: create "tenant".',
    'It is full.\nTo fix: Free space.',
  ])
  expect(summary).toMatch(/\[!CAUTION\][\s\S]*It broke[\s\S]*It is full[\s\S]*Free space/)
})

it('reports a failure before the plan without progress', async () => {
  const { errors, outputs } = await published({ target, error: broken })
  expect([errors, Object.keys(outputs)]).toEqual([['It broke.\nTo fix: Fix it.'], ['aws-account-id', 'aws-region']])
})

it('warns of inputs, of the plan and of the verification, and only where a warning is due', async () => {
  const warned = { level: 'warning', code: 'replica-unavailable', message: 'of the plan' } as const
  const noticed = { level: 'notice', code: 'adopted', message: 'A notice.' } as const
  const { warnings, notices, exitCode } = await published({
    ...succeeded,
    warnings: ['of the inputs'],
    plan: { ...plan, notices: [noticed, warned] },
    verification: { sampleItems: true, warnings: ['of the verification'] },
  })
  expect([warnings, notices, exitCode]).toEqual([['of the inputs', 'of the plan', 'of the verification'], [], 0])
})

describe('optional work never decides success:', () => {
  const readOnly = async () => {
    throw Object.assign(new Error('read-only file system'), { code: 'EROFS' })
  }

  it('a plan file that cannot be written is a warning, and every other output is set', async () => {
    const runner = { ...recordingRunner({}), writeTemporaryFile: readOnly }
    await publish(succeeded, runner)
    expect(runner.recorded).toMatchObject({ exitCode: 0, errors: [] })
    expect(runner.recorded.outputs).toEqual(outputsOf(succeeded))
    expect(runner.recorded.warnings).toEqual([
      'The plan file could not be written, so the output plan-file is not set.\nTo fix: Set RUNNER_TEMP to a folder that this step can write to. The output plan holds the plan, too.\nCaused by: EROFS: read-only file system',
    ])
    expect(runner.recorded.summary).toContain('2 changes applied')
  })

  it.each([
    ['written', { writeSummary: readOnly }],
    [
      'rendered',
      {
        redact: () => {
          throw new Error('no text')
        },
      },
    ],
  ])('a job summary that cannot be %s is a warning', async (_, changes) => {
    const runner = { ...recordingRunner({}), ...changes }
    await publish(succeeded, runner)
    expect(runner.recorded).toMatchObject({ exitCode: 0, errors: [], summary: '' })
    expect(runner.recorded.outputs['plan-file']).toBeDefined()
    expect(runner.recorded.warnings).toEqual([
      expect.stringMatching(/^The job summary could not be written\.\nTo fix: .*GITHUB_STEP_SUMMARY/),
    ])
  })
})

describe('outputs that cannot be written', () => {
  const unwritten = expect.stringMatching(
    /^The outputs could not be written.*\nTo fix: Free space.*\nCaused by: .*disk full$/,
  )
  const runnerWithout = (isWritten: (name: string) => boolean) => {
    const runner = recordingRunner({})
    const setOutput = (name: string, value: string) => {
      if (!isWritten(name)) throw new Error('disk full')
      runner.setOutput(name, value)
    }
    return { ...runner, setOutput }
  }

  it.each([
    ['all of them', () => false],
    ['the one that names the plan file', (name: string) => name !== 'plan-file'],
  ])('fail a run that succeeded: %s', async (_, isWritten) => {
    const runner = runnerWithout(isWritten)
    await publish(succeeded, runner)
    expect([runner.recorded.exitCode, runner.recorded.errors]).toEqual([
      1,
      [expect.stringContaining('The outputs could not be written')],
    ])
    expect(runner.recorded.summary).toContain('The outputs could not be written')
  })

  it('do not replace the failure of the run', async () => {
    const runner = runnerWithout(() => false)
    await publish({ command: 'plan', target, plan, error: broken }, runner)
    expect(runner.recorded.errors).toEqual([unwritten, expect.stringContaining('It broke.')])
    expect(runner.recorded.summary).toContain('It broke.')
  })
})

describe('a secret in an output', () => {
  const secret = 'arn:aws:dynamodb:ap-south-1:222222222222:table/users'
  const runnerThatMasks = () => {
    const runner = recordingRunner({})
    runner.mask(secret, 'AWS_SECRET_ACCESS_KEY')
    return runner
  }

  it('fails a run that succeeded, which sets the other outputs only', async () => {
    const runner = runnerThatMasks()
    await publish({ command: 'plan', target, plan }, runner)
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

  it('is left out of the outputs of a run that failed, without redaction, and without replacing its failure', async () => {
    const runner = runnerThatMasks()
    await publish({ command: 'plan', target, plan, error: broken }, runner)
    expect(runner.recorded.errors).toEqual(['It broke.\nTo fix: Fix it.'])
    expect(runner.recorded.outputs).not.toHaveProperty('users-table-arn')
    expect(JSON.stringify(runner.recorded.outputs)).not.toContain('***')
  })

  it('is found before anything is written to AWS', () => {
    const result = { target, definitions, tenantKey: 'tenant_id', plan }
    expect(() => assertPublishable(result, runnerThatMasks())).toThrow('The secret AWS_SECRET_ACCESS_KEY occurs')
    expect(assertPublishable(result, recordingRunner({}))).toEqual({ ...result, warnings: [] })
  })
})

describe('an output over a limit', () => {
  const many = (count: number) =>
    Array.from({ length: count }, (_, index) => ({ ...users, name: `${'x'.repeat(200)}-${index}` }))
  const checked = (tables: typeof definitions) => {
    const runner = recordingRunner({})
    const result = {
      target,
      definitions: tables,
      tenantKey: 'tenant_id',
      plan: planTables(target, tables, new Map(), strictPolicy),
    }
    const { warnings } = assertPublishable(result, runner)
    return { warnings, lines: runner.recorded.lines }
  }

  it('is named before anything is written to AWS: the policy for applications', () => {
    const { warnings, lines } = checked(many(23))
    expect(warnings).toEqual([
      expect.stringMatching(
        /^The output tenant-access-policy has 6\d{3} characters, but a managed policy of IAM takes 6144\./,
      ),
    ])
    expect(lines).toEqual(warnings)
    expect(checked(many(20))).toEqual({ warnings: [], lines: [] })
  })

  it('is named before anything is written to AWS: the plan', () => {
    const { warnings } = checked(many(600))
    expect(warnings).toContainEqual(
      expect.stringMatching(/^The output plan has \d{6} characters, but GitHub hands at most 524288 to another job\./),
    )
  })
})

describe('a masked secret in a tag', () => {
  const secret = 'github_pat_11AAAAAAA0_abcdefghijklmnopqrstuvwxyz'

  const folder = mkdtempSync(join(tmpdir(), 'masked-'))
  // The toolkit reads the name of the summary once in a process.
  const files = { GITHUB_OUTPUT: join(folder, 'output'), GITHUB_STEP_SUMMARY: join(folder, 'summary') }
  const write = process.stdout.write
  let printed = ''

  beforeEach(() => {
    for (const file of Object.values(files)) writeFileSync(file, '')
    Object.assign(process.env, files)
    printed = ''
    process.stdout.write = ((chunk: unknown) => {
      printed += String(chunk)
      return true
    }) as typeof process.stdout.write
  })
  afterEach(() => {
    process.stdout.write = write
    for (const name of Object.keys(files)) delete process.env[name]
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  const foreign = { 'tenant-tables:managed-by': 'someone' }
  it.each([
    ['a tag of a table that is not adopted', { ...foreign, owner: secret }],
    ['the end of a long tag', { ...foreign, owner: `${'x'.repeat(180)} ${secret}` }],
    ['the tag of another environment', { 'tenant-tables:environment': secret }],
    ['a tag that the run would change', { 'tenant-tables:managed-by': secret }],
  ])('is shown neither in log, outputs and summary nor in the comment: %s', async (_, tags) => {
    const observed = definitions.map(
      (table) => [table.name, ready(table, { Tags: withTags(table.properties.Tags, tags) })] as const,
    )
    const result: RunResult = {
      command: 'plan',
      target,
      plan: planTables(target, definitions, new Map(observed), strictPolicy),
    }
    const streams = { stdout: new EventEmitter(), stderr: new EventEmitter() }
    const started = Object.assign(new EventEmitter(), { env: { ...process.env, RUNNER_TEMP: folder }, ...streams })
    const runner = gitHubRunner(started as unknown as NodeJS.Process)
    runner.mask(secret, 'ORIGIN')
    await publish(result, runner)
    const comment = renderComment({ result, mark: '', redact: runner.redact })
    const written = [printed, ...Object.values(files).map((file) => readFileSync(file, 'utf8')), comment]
    expect(leaksIn(written.join('\n'), [secret, secret.slice(0, 20)])).toEqual([])
    expect([comment, written[2]]).toEqual(Array(2).fill(expect.stringContaining('&#42;&#42;&#42;')))
  })
})
