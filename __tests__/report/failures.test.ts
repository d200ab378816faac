import type { StepResult, Verification } from '../../src/apply/outcome.ts'
import { RemedyError, StoppedError } from '../../src/errors/errors.ts'
import { describeProgress, failuresOf } from '../../src/report/failures.ts'
import { applied, outcomeOf, driftedPlan as plan } from './results.ts'

const failed = (error: unknown): StepResult => ({ status: 'failed', isOutcomeUnknown: false, error })
const broken = new RemedyError('It broke.', 'Fix it.')
const full = new RemedyError('It is full.', 'Free space.')
const cancelled = new StoppedError('The run was cancelled.', 'Run it again.')

describe('failures', () => {
  it('are none for a run that succeeded', () => {
    expect(failuresOf({ plan, outcome: outcomeOf(plan, [applied, applied, applied, applied]) })).toEqual([])
  })

  it('begin with the error that ended the run, and then name what each step met', () => {
    const outcome = outcomeOf(plan, [failed(full), failed(broken), { status: 'deferred', error: cancelled }], broken)
    expect(failuresOf({ plan, outcome })).toEqual([broken, full, cancelled])
    expect(failuresOf({ plan, outcome, error: cancelled })).toEqual([cancelled, full, broken])
    expect(failuresOf({ verification: { sampleItems: true, error: full } })).toEqual([full])
  })

  it('name an error once that several steps met', () => {
    const same = new RemedyError('It broke.', 'Fix it.')
    expect(failuresOf({ outcome: outcomeOf(plan, [failed(broken), failed(same)], broken) })).toEqual([broken])
  })

  it('name a cancellation once, whatever each step was waiting for', () => {
    const waiting = cancelled.whileWaitingFor('the table "users"')
    expect(failuresOf({ outcome: outcomeOf(plan, [failed(waiting), failed(full)], cancelled) })).toEqual([
      cancelled,
      full,
    ])
  })
})

describe('the progress before a failure', () => {
  const protection = 'update DeletionProtectionEnabled of "users"'
  const recovery = 'update PointInTimeRecoverySpecification of "users"'
  const tags = 'update Tags of "users"'
  const billing = 'update BillingMode of "users"'

  it.each<[string, readonly StepResult[]]>([
    [`Failed: ${protection}. Done before: nothing. Not started: ${recovery}, ${tags}, ${billing}.`, [failed(broken)]],
    [
      `Done before: ${protection}, ${recovery}, ${tags}. Sent, outcome unknown: ${billing}.`,
      [applied, applied, applied, { status: 'failed', isOutcomeUnknown: true, error: broken }],
    ],
    [
      `Done before: ${protection}. Done by another run: ${recovery}, ${tags}. Deferred by AWS: ${billing}.`,
      [applied, { status: 'dropped' }, { status: 'dropped' }, { status: 'deferred', error: broken }],
    ],
  ])('names each step by its result: %s', (sentence, results) => {
    expect(describeProgress({ outcome: outcomeOf(plan, results) })).toBe(sentence)
  })

  it.each<[string, Verification]>([
    ['No sample item was written.', { sampleItems: true, itemState: 'unwritten', error: broken }],
    ['The sample items were deleted again.', { sampleItems: true, itemState: 'deleted', error: broken }],
    // The error names those that are left.
    ['', { sampleItems: true, error: broken }],
    ['', { sampleItems: false, itemState: 'unwritten', error: broken }],
  ])('says what became of sample items: "%s"', (sentence, verification) => {
    expect(describeProgress({ verification })).toBe(sentence)
  })

  it('is empty for a run that did not reach a step', () => {
    expect(describeProgress({ plan, error: broken })).toBe('')
  })
})
