/** The outputs of the action, which later steps read. */
import { mayHaveChanged, type Outcome } from '../apply/outcome.ts'
import { tenantAccessPolicy, tenantResources } from '../aws/tenant-access.ts'
import { digestPlan, renderPlanDocument } from '../plan/document.ts'
import type { PlannedTable } from '../plan/plan.ts'
import { indexesOf } from '../table/indexes.ts'
import type { ObservedTable } from '../table/table.ts'
import type { RunResult } from './result.ts'

/** Tables with outputs of their own. action.yml declares outputs by name, so others are in the output `tables` only. */
const namedTables = ['tenant', 'users']

/** Every output that this result gives, by name. Not redacted: a changed ARN or plan would be wrong. */
export function outputsOf(result: RunResult): Readonly<Record<string, string>> {
  const { target, plan, outcome, policies } = result
  if (policies !== undefined) return { policies: JSON.stringify(policies) }
  if (target === undefined) return {}
  const place = { 'aws-account-id': target.account, 'aws-region': target.region }
  if (plan === undefined) return place
  const tables = plan.tables.map((table) => identify(table, result))
  return {
    ...place,
    ...Object.fromEntries(
      tables
        .filter(({ logicalName }) => namedTables.includes(logicalName))
        .flatMap(({ logicalName, name, arn }) => [
          [`${logicalName}-table-name`, name],
          [`${logicalName}-table-arn`, arn],
        ]),
    ),
    tables: JSON.stringify(Object.fromEntries(tables.map(({ logicalName, ...table }) => [logicalName, table]))),
    'has-changes': String(plan.steps.length > 0),
    'changes-count': String(plan.steps.length),
    changed: String(outcome?.steps.some(mayHaveChanged) ?? false),
    plan: renderPlanDocument(plan),
    'plan-digest': digestPlan(plan),
    ...describeTenantAccess(tables, result),
  }
}

interface TableIdentity extends Pick<PlannedTable, 'logicalName' | 'name' | 'arn' | 'id' | 'streamArn'> {
  /** Absent if the table has no index. */
  readonly indexNames?: readonly string[]
}

/** ARN, id, stream and indexes as last observed. A table that is absent or was deleted has only its ARN. */
function identify({ logicalName, name, ...planned }: PlannedTable, result: RunResult): TableIdentity {
  const observed = lastObserved(name, result)
  if (isDeleted(name, result.outcome) || observed?.status === 'absent') return { logicalName, name, arn: planned.arn }
  const { arn, id, streamArn } = observed?.status === 'ready' ? observed : planned
  const indexNames = observed?.status === 'ready' ? indexesOf(observed.properties).map((index) => index.name) : []
  return {
    logicalName,
    name,
    arn,
    ...(id === undefined ? {} : { id }),
    ...(streamArn === undefined ? {} : { streamArn }),
    ...(indexNames.length === 0 ? {} : { indexNames: indexNames.sort() }),
  }
}

function lastObserved(table: string, { observed, outcome }: RunResult): ObservedTable | undefined {
  return (outcome?.observed ?? observed)?.get(table)
}

function isDeleted(table: string, outcome: Outcome | undefined): boolean {
  const steps = outcome?.steps ?? []
  return steps.some(({ step, result }) => step.kind === 'delete' && step.table === table && result.status === 'applied')
}

/** Not set if the policy would allow nothing. */
function describeTenantAccess(tables: readonly TableIdentity[], result: RunResult): Readonly<Record<string, string>> {
  const { definitions = [], tenantKey = '' } = result
  const accessed = definitions.flatMap(({ name, properties: declared }) => {
    const arn = tables.find((table) => table.name === name)?.arn
    const observed = lastObserved(name, result)
    if (arn === undefined) return []
    return [{ arn, declared, ...(observed?.status === 'ready' ? { observed: observed.properties } : {}) }]
  })
  const policy = tenantAccessPolicy(tenantResources(accessed, tenantKey), tenantKey)
  return policy === undefined ? {} : { 'tenant-access-policy': JSON.stringify(policy) }
}
