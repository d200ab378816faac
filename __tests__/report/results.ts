/** Plans and outcomes for the tests of the report. */
import type { Outcome, StepResult } from '../../src/apply/outcome.ts'
import type { Plan } from '../../src/plan/plan.ts'
import { planTables } from '../../src/plan/planner.ts'
import {
  aTarget,
  managedOnly,
  production,
  provisioned,
  ready,
  strictPolicy,
  theTables,
  withTags,
} from '../support/builders.ts'

export const target = aTarget({ environment: production })

const tables = (zone: string) => theTables({ environment: production, tags: new Map([['zone', zone]]) })

export const [tenant, users] = tables('b')

/** Four steps for `users`: protection, recovery, tags, and the slow change of the billing mode. */
export const driftedPlan: Plan = planTables(
  target,
  [tenant, users],
  new Map([
    ['tenant', ready(tenant)],
    [
      'users',
      ready(users, {
        DeletionProtectionEnabled: false,
        BillingMode: provisioned,
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: false },
        Tags: withTags(managedOnly, { zone: 'a' }),
      }),
    ],
  ]),
  strictPolicy,
)

/** `users` has the key of `tenant`. */
export const refusedPlan: Plan = planTables(
  target,
  [users],
  new Map([['users', ready(users, { KeySchema: tenant.properties.KeySchema })]]),
  strictPolicy,
)

export const emptyPlan: Plan = planTables(target, [tenant], new Map([['tenant', ready(tenant)]]), strictPolicy)

export const applied: StepResult = { status: 'applied', seconds: 1 }

/** A step without a result was skipped. */
export function outcomeOf(plan: Plan, results: readonly StepResult[], error?: unknown): Outcome {
  return {
    steps: plan.steps.map((step, index) => ({ step, result: results[index] ?? { status: 'skipped' } })),
    observed: new Map(),
    ...(error === undefined ? {} : { error }),
  }
}
