/** The outputs of the action, which later steps read. */
import { type Outcome, performedSteps } from '../apply/outcome.ts'
import { tenantAccessPolicy } from '../aws/tenant-access.ts'
import { digestPlan, renderPlanDocument } from '../plan/document.ts'
import type { PlannedTable } from '../plan/plan.ts'
import type { RunResult } from './result.ts'

/** Every output that this result gives, by name. Not redacted: a changed ARN or plan would be wrong. */
export function outputsOf({ target, plan, outcome }: RunResult): Readonly<Record<string, string>> {
  if (target === undefined) return {}
  const place = { 'aws-account-id': target.account, 'aws-region': target.region }
  if (plan === undefined) return place
  const tables = plan.tables.map((table) => identify(table, outcome))
  return {
    ...place,
    ...Object.fromEntries(
      tables.flatMap(({ logicalName, name, arn }) => [
        [`${logicalName}-table-name`, name],
        [`${logicalName}-table-arn`, arn],
      ]),
    ),
    tables: JSON.stringify(Object.fromEntries(tables.map(({ logicalName, ...table }) => [logicalName, table]))),
    'has-changes': String(plan.steps.length > 0),
    'changes-count': String(plan.steps.length),
    changed: String(performedSteps(outcome).length > 0),
    plan: renderPlanDocument(plan),
    'plan-digest': digestPlan(plan),
    'tenant-access-policy': JSON.stringify(tenantAccessPolicy(tables.map(({ arn }) => arn))),
  }
}

/** ARN, id and stream as last observed. A table that is absent or was deleted has only its ARN. */
function identify({ logicalName, name, ...planned }: PlannedTable, outcome: Outcome | undefined) {
  const observed = outcome?.observed.get(name)
  const isDeleted = outcome?.steps.some(
    ({ step, result }) => step.kind === 'delete' && step.table === name && result.status === 'applied',
  )
  if (isDeleted || observed?.status === 'absent') return { logicalName, name, arn: planned.arn }
  const { arn, id, streamArn } = observed?.status === 'ready' ? observed : planned
  return { logicalName, name, arn, id, streamArn }
}
