import { InvalidInputsError } from '../../src/errors/errors.ts'
import { type Inputs, readInputs } from '../../src/inputs/inputs.ts'
import { sourceOf } from '../support/builders.ts'

const read = (inputs: Readonly<Record<string, string>>): Inputs => readInputs(sourceOf(inputs))

function problems(inputs: Readonly<Record<string, string>>): readonly string[] {
  try {
    read(inputs)
    return []
  } catch (error) {
    if (error instanceof InvalidInputsError) return error.problems
    throw error
  }
}

it.each(['apply', 'plan', 'verify'])('%s needs nothing but its name', (command) => {
  expect(read({ command })).toMatchObject({ command, policy: { destroy: false, allow: [] } })
})

describe('destroy', () => {
  const command = 'destroy'

  it.each(['tenant\nusers', 'users\n tenant \n\n'])('takes the full names of all tables, in any order: %j', (names) => {
    expect(read({ command, 'confirm-destroy': names }).policy.destroy).toBe(true)
  })

  it.each(['', 'tenant', 'tenant\nusers\norders', 'tenant,users', 'Tenant\nusers', 'x-tenant\nx-users'])(
    'takes no other confirmation: %j',
    (names) => {
      expect(problems({ command, 'confirm-destroy': names })).toEqual([
        expect.stringMatching(
          /^command is destroy, so confirm-destroy must list .*: "tenant", "users"; but it (is|has) /,
        ),
      ])
    },
  )

  it('asks for the names with their prefix', () => {
    const prefix = { 'table-name-prefix': 'x-' }
    expect(read({ command, ...prefix, 'confirm-destroy': 'x-tenant\nx-users' }).policy.destroy).toBe(true)
    expect(problems({ command, ...prefix, 'confirm-destroy': 'tenant\nusers' })[0]).toContain('"x-tenant", "x-users"')
  })

  it('is shown before by a plan, which needs no confirmation', () => {
    expect(read({ command: 'plan', destroy: 'true' }).policy.destroy).toBe(true)
    expect(read({ command: 'plan', destroy: 'false' }).policy.destroy).toBe(false)
  })

  it.each(['apply', 'verify'])('is no way to run %s', (other) => {
    expect(problems({ command: other, destroy: 'true' })).toEqual([
      expect.stringMatching(new RegExp(`^destroy is true, but command is ${other}`)),
    ])
  })
})

describe('allow', () => {
  it('takes a line for each kind, in any order, and keeps them in one', () => {
    expect(read({ allow: 'change-environment\n remove-deletion-protection \n' }).policy.allow).toEqual([
      'remove-deletion-protection',
      'change-environment',
    ])
  })

  it('names the kinds where a line is none of them', () => {
    expect(problems({ allow: 'everything\nchange-environment,remove-deletion-protection' })).toEqual([
      'allow must have one of remove-deletion-protection, remove-point-in-time-recovery, change-environment, adopt-table on each line, but has "everything".',
      expect.stringContaining('"change-environment,remove-deletion-protection"'),
    ])
  })
})

describe('the reviewed plan', () => {
  it('is JSON, or else a path', () => {
    expect(read({ 'expected-plan': ' {"formatVersion":1}\n' }).expectedPlan).toEqual({ json: '{"formatVersion":1}' })
    // As a shell reads it from a file with a byte order mark.
    expect(read({ 'expected-plan': '\ufeff{"formatVersion":1}' }).expectedPlan).toEqual({ json: '{"formatVersion":1}' })
    expect(read({ 'expected-plan': 'plans/plan.json' }).expectedPlan).toEqual({ path: 'plans/plan.json' })
    expect(read({}).expectedPlan).toBeUndefined()
    expect(problems({ 'expected-plan': 'a\nb' })).toEqual([expect.stringContaining('or the path of a file')])
  })

  it('has a digest of 64 hexadecimal digits, in upper case too', () => {
    expect(read({ 'expected-plan-digest': 'A'.repeat(64) }).expectedPlanDigest).toBe('a'.repeat(64))
    expect(problems({ 'expected-plan-digest': 'a'.repeat(63) })).toEqual([expect.stringContaining('64 hexadecimal')])
  })

  it('whose digest is the fallback for an empty output is reported as an empty output', () => {
    expect(problems({ 'expected-plan-digest': 'no-plan' })).toEqual([
      expect.stringMatching(
        /^expected-plan-digest is no-plan: the plan job's output is empty; GitHub drops outputs that contain a masked value, such as an account id\./,
      ),
    ])
  })

  it.each([
    ['expected-plan', 'no-plan'],
    ['expected-plan-digest', '{}'],
  ])('%s that is the other fallback, %s, is reported as an empty output as well', (name, value) => {
    expect(problems({ [name]: value })).toEqual([
      expect.stringContaining(`${name} is ${value}: the plan job's output is empty`),
    ])
  })

  it('is nothing to hold verify to', () => {
    expect(problems({ command: 'verify', 'expected-plan': '{}', 'expected-plan-digest': 'a'.repeat(64) })).toEqual([
      expect.stringMatching(/^expected-plan is given, but/),
      expect.stringMatching(/^expected-plan-digest is given, but/),
    ])
  })
})

it('drift fails a plan alone', () => {
  expect(read({ command: 'plan', 'fail-on-drift': 'true' }).failOnDrift).toBe(true)
  expect(problems({ 'fail-on-drift': 'true' })).toEqual([expect.stringContaining('command is apply')])
  expect(problems({ command: 'plan', 'fail-on-drift': 'true', destroy: 'true' })).toEqual([
    expect.stringContaining('no drift'),
  ])
  expect(problems({ command: 'plan', 'fail-on-drift': 'yes' })).toEqual([expect.stringContaining('"yes"')])
})

describe('sample items', () => {
  it.each([
    ['auto', 'dev', true],
    ['auto', 'prod', false],
    ['true', 'prod', true],
    ['false', 'dev', false],
  ])('%s in %s: %j', (choice, environment, expected) => {
    expect(read({ command: 'verify', 'sample-items': choice, environment }).sampleItems).toBe(expected)
  })

  it('are for verify alone', () => {
    expect(problems({ 'sample-items': 'true' })).toEqual([expect.stringContaining('command is apply')])
    expect(problems({ 'sample-items': 'auto' })).toEqual([])
  })
})

describe('the token', () => {
  it('is read only where a comment is wanted', () => {
    expect(read({ 'github-token': 'secret' }).gitHubToken).toBeUndefined()
    expect(read({ comment: 'true', 'github-token': 'secret' }).gitHubToken).toBe('secret')
  })

  it('may be empty where a comment is wanted: the comment is optional, so that is no input problem', () => {
    expect(read({ comment: 'true' }).gitHubToken).toBe('')
    expect(read({ comment: 'true', 'github-token': ' \n' }).gitHubToken).toBe('')
    expect(read({ comment: 'false' }).gitHubToken).toBeUndefined()
  })
})
