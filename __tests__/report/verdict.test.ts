import type { StepResult } from '../../src/apply/outcome.ts'
import type { Plan } from '../../src/plan/plan.ts'
import type { RunResult } from '../../src/report/result.ts'
import { describeVerdict } from '../../src/report/verdict.ts'
import { applied, emptyPlan, outcomeOf, driftedPlan as plan, refusedPlan } from './results.ts'

const error = new Error('x')
const all = [applied, applied, applied, applied]
const building: StepResult = { status: 'applied', seconds: 1, isStillBuilding: true }
const deferred: StepResult = { status: 'deferred', error }
const destroyed: Plan = { ...emptyPlan, policy: { destroy: true, allow: [] } }
const absent: Plan = { ...destroyed, tables: destroyed.tables.map((table) => ({ ...table, status: 'absent' })) }

it.each<[string, RunResult]>([
  ['Nothing was done.', {}],
  ['Failed before anything was written.', { error }],
  ['Failed.', { plan, error }],
  ['Refused, for 1 reason. Nothing was written.', { plan: refusedPlan, outcome: outcomeOf(refusedPlan, []) }],
  ['4 steps planned. Nothing was changed.', { command: 'plan', plan }],
  ['Drift: 4 steps planned. Nothing was changed.', { command: 'plan', plan, error }],
  ['The tables are as defined. Nothing was changed.', { plan: emptyPlan, outcome: outcomeOf(emptyPlan, []) }],
  ['4 steps applied.', { command: 'apply', plan, outcome: outcomeOf(plan, all) }],
  ['3 steps applied, 1 done by another run.', { plan, outcome: outcomeOf(plan, [{ status: 'dropped' }, ...all]) }],
  [
    '3 steps applied, 1 left for the next run, 1 index build still in progress.',
    { plan, outcome: outcomeOf(plan, [applied, applied, building, { status: 'postponed' }]) },
  ],
  ['Failed after 1 of 4 steps.', { command: 'apply', plan, outcome: outcomeOf(plan, [applied], error) }],
  [
    '3 of 4 steps applied, 1 deferred by AWS.',
    { plan, outcome: outcomeOf(plan, [applied, applied, applied, deferred], error) },
  ],
  ['Failed after 3 of 4 steps.', { plan, outcome: outcomeOf(plan, [applied, applied, applied, deferred]), error }],
  ['There are no such tables in this account and region. Nothing was changed.', { command: 'destroy', plan: absent }],
  ['The tables are gone or being deleted. Nothing was changed.', { command: 'destroy', plan: destroyed }],
  ['Verification failed.', { plan: emptyPlan, verification: { sampleItems: true, error } }],
  [
    'The tables are as defined, and sample items were written, found and deleted again.',
    { plan: emptyPlan, verification: { sampleItems: true } },
  ],
  [
    'The tables are as defined. No sample items were written.',
    { plan: emptyPlan, verification: { sampleItems: false } },
  ],
])('describes a run in one sentence: %s', (sentence, result) => {
  expect(describeVerdict(result)).toBe(sentence)
})
