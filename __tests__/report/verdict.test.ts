import type { StepResult } from '../../src/apply/outcome.ts'
import type { Plan } from '../../src/plan/plan.ts'
import type { RunResult } from '../../src/report/result.ts'
import { describeVerdict } from '../../src/report/verdict.ts'
import type { Tone } from '../../src/run/run.ts'
import { applied, emptyPlan, outcomeOf, driftedPlan as plan, refusedPlan, target } from './results.ts'

const error = new Error('x')
const all = [applied, applied, applied, applied]
const building: StepResult = { status: 'applied', seconds: 1, isStillBuilding: true }
const deferred: StepResult = { status: 'deferred', error }
const destroyed: Plan = { ...emptyPlan, policy: { destroy: true, allow: [] } }
const absent: Plan = { ...destroyed, tables: destroyed.tables.map((table) => ({ ...table, status: 'absent' })) }

it.each<[Tone, string, RunResult]>([
  ['success', 'nothing was done', {}],
  ['failure', 'failed before anything was written', { error }],
  ['failure', 'failed', { plan, error }],
  [
    'failure',
    'refused for 1 reason, nothing written',
    { plan: refusedPlan, outcome: outcomeOf(refusedPlan, []), error },
  ],
  ['failure', 'refused for 1 reason, nothing written', { command: 'plan', plan: refusedPlan }],
  ['attention', '4 changes planned, nothing written yet', { command: 'plan', plan }],
  ['failure', 'drift: 4 changes planned, nothing written', { command: 'plan', plan, error }],
  ['success', 'as defined, nothing changed', { plan: emptyPlan, outcome: outcomeOf(emptyPlan, []) }],
  ['success', '4 changes applied', { command: 'apply', plan, outcome: outcomeOf(plan, all) }],
  [
    'success',
    '3 changes applied, 1 done by another run',
    { plan, outcome: outcomeOf(plan, [{ status: 'dropped' }, ...all]) },
  ],
  [
    'attention',
    '3 changes applied, 1 left for the next run, 1 index build still in progress',
    { plan, outcome: outcomeOf(plan, [applied, applied, building, { status: 'postponed' }]) },
  ],
  ['failure', 'failed after 1 of 4 changes', { command: 'apply', plan, outcome: outcomeOf(plan, [applied], error) }],
  [
    'failure',
    '3 of 4 changes applied, 1 deferred by AWS',
    { plan, outcome: outcomeOf(plan, [applied, applied, applied, deferred], error) },
  ],
  [
    'failure',
    'failed after 3 of 4 changes',
    { plan, outcome: outcomeOf(plan, [applied, applied, applied, deferred]), error },
  ],
  ['success', 'no such tables in this account and region, nothing changed', { command: 'destroy', plan: absent }],
  ['success', 'the tables are gone or being deleted, nothing changed', { command: 'destroy', plan: destroyed }],
  ['failure', 'verification failed', { plan: emptyPlan, verification: { sampleItems: true, error } }],
  [
    'success',
    'as defined; sample items were written, found and deleted again',
    { plan: emptyPlan, verification: { sampleItems: true } },
  ],
  ['success', 'as defined; no sample items were written', { plan: emptyPlan, verification: { sampleItems: false } }],
])('is %s for a run that ends as: %s', (tone, sentence, result) => {
  expect(describeVerdict(result)).toEqual({ tone, subject: 'Tenant Tables', sentence })
})

it('is about the environment where the target is known', () => {
  expect(describeVerdict({ target, plan: emptyPlan }).subject).toBe('prod')
})
