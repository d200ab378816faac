import * as v from 'valibot'
import { classifyFailure } from '../../../src/aws/failures.ts'
import { tableClass } from '../../../src/table/properties/table-class.ts'
import { aTable, comparison, readDescribed } from '../../support/builders.ts'
import { startSandboxRuns } from '../../support/sandbox-runs.ts'

const { apply, change, hands } = await startSandboxRuns()
const [standard, infrequent] = ['STANDARD', 'STANDARD_INFREQUENT_ACCESS']

it('changes the class by one safe step, and only where it differs', () => {
  expect(tableClass.changes(standard, infrequent, comparison)).toEqual([
    { kind: 'update', from: standard, to: infrequent, risk: 'safe' },
  ])
  expect(tableClass.changes(infrequent, infrequent, comparison)).toEqual([])
})

it('warns that the class of replicas changes too, which counts in their limit', () => {
  const replicas = [
    { region: 'eu-west-1', status: 'ACTIVE' },
    { region: 'us-east-1', status: 'ACTIVE' },
  ]
  expect(tableClass.changes(standard, infrequent, { ...comparison, replicas })).toMatchObject([
    { risk: 'safe', warning: expect.stringContaining('replicas too (eu-west-1, us-east-1)') },
  ])
})

it('reads a table without a summary of its class as STANDARD, and any class that AWS may add', () => {
  const { schema } = tableClass
  expect(readDescribed(tableClass, {})).toBe(standard)
  expect(readDescribed(tableClass, { TableClassSummary: { TableClass: 'STANDARD_INFREQUENT_ACCESS' } })).toBe(
    infrequent,
  )
  expect([v.is(schema, 'A_NEW_CLASS'), v.is(schema, undefined)]).toEqual([true, false])
})

it('is declared with a class that the action knows', () => {
  const field = tableClass.declaration?.fields.TableClass
  if (field === undefined) throw new Error('The declaration has the field TableClass')
  expect([standard, infrequent, 'A_NEW_CLASS', 'standard'].map((value) => v.is(field, value))).toEqual([
    true,
    true,
    false,
    false,
  ])
})

it('sends UpdateTable with the class alone', () => {
  expect(tableClass.request?.({ name: 'users', arn: 'arn' }, { from: standard, to: infrequent })).toEqual({
    operation: 'UpdateTable',
    input: { TableName: 'users', TableClass: infrequent },
  })
})

it('is reported as unmanaged only if it is not STANDARD and no definition declares it', () => {
  expect(tableClass.unmanaged?.(infrequent, undefined)).toEqual([{ path: 'tableClass', value: infrequent }])
  expect([tableClass.unmanaged?.(standard, undefined), tableClass.unmanaged?.(infrequent, infrequent)]).toEqual([
    [],
    [],
  ])
})

it("recognizes AWS's message that no further change is allowed for now", () => {
  const message = 'Subscriber limit exceeded: Updates to TableClass are limited to 2 times in 30 day(s).'
  const error = Object.assign(new Error(message), { name: 'LimitExceededException' })
  expect(classifyFailure(error)).toBe('deferred')
})

describe('in the sandbox', () => {
  const declared = aTable({ TableClass: infrequent })

  it('is created with the table, and the next run changes nothing', async () => {
    const { steps, outcome } = await apply(declared)
    expect(steps).toEqual([expect.stringContaining(`table class = ${infrequent}`)])
    expect(outcome.error).toBeUndefined()
    const { operations } = await apply(declared)
    expect(operations).not.toContain('UpdateTable')
  })

  it('is changed in place and waited for, and repaired after a change by hand', async () => {
    await apply(aTable({ TableClass: standard }))
    const step = `update TableClass of "users": table class ${standard} -> ${infrequent}`
    const changed = await apply(declared)
    expect([changed.steps, changed.statuses, changed.outcome.error]).toEqual([[step], ['applied'], undefined])
    // The table is UPDATING for some seconds, which the step waits for.
    expect(changed.outcome.observed.get('users')).toMatchObject({ properties: { TableClass: infrequent } })
    expect((await apply(declared)).steps).toEqual([])
    expect((await apply(aTable({ TableClass: standard }))).statuses).toEqual(['applied'])
  })

  it('is left alone and reported where the definition omits it', async () => {
    await apply(declared)
    const { steps, plan } = await apply(aTable())
    expect([steps, plan.tables[0]?.unmanaged]).toEqual([[], [{ path: 'tableClass', value: infrequent }]])
  })

  it('waits until a change by someone else is complete', async () => {
    await apply(aTable())
    await change({ TableClass: infrequent })
    const { steps } = await apply(declared)
    expect(steps).toEqual([])
  })

  it('is deferred after two changes in 30 days, while the other steps are performed', async () => {
    await apply(declared)
    hands.exhaustBudget('users', 'tableClass')
    const { statuses, outcome } = await apply(aTable({ TableClass: standard, DeletionProtectionEnabled: true }))
    expect(statuses).toEqual(['applied', 'deferred'])
    expect(outcome.error).toMatchObject({ message: expect.stringContaining('is deferred') })
  })
})
