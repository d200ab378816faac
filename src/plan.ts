/** Differences -> steps and refusals. Pure: the same arguments give the same plan, byte for byte. */
import { type Difference, diffTable, type TagChange, tagChanges } from './diff.ts'
import {
  type BillingMode,
  type DesiredTable,
  describeKeys,
  describeRecovery,
  isAwsTag,
  type Keys,
  managedByTag,
  managedByValue,
  type ObservedTable,
  type ObservedTables,
  type PointInTimeRecovery,
  type ReadyTable,
  stackNameTag,
  type Target,
  tableArn,
  type UnmanagedSetting,
} from './table.ts'

/** One change to one table: one AWS call and the wait that ends it. */
export type Step =
  | {
      readonly action: 'create-table'
      readonly table: string
      readonly keys: Keys
      readonly billingMode: 'PAY_PER_REQUEST'
      readonly deletionProtection: boolean
      readonly tags: readonly TagChange[]
    }
  | { readonly action: 'enable-deletion-protection'; readonly table: string; readonly from: false; readonly to: true }
  | { readonly action: 'tag-table'; readonly table: string; readonly tags: readonly TagChange[] }
  | {
      readonly action: 'set-billing-mode'
      readonly table: string
      readonly from: BillingMode
      readonly to: 'PAY_PER_REQUEST'
    }
  | {
      readonly action: 'set-point-in-time-recovery'
      readonly table: string
      readonly from: PointInTimeRecovery
      readonly to: PointInTimeRecovery & { readonly enabled: true }
    }

/** Something that the run will not do. One refusal anywhere means that nothing is written anywhere. */
export interface Refusal {
  readonly table: string
  readonly code:
    | 'table-unavailable'
    | 'different-keys'
    | 'other-environment'
    | 'deletion-protection-off'
    | 'point-in-time-recovery-off'
    | 'too-many-tags'
  readonly reason: string
  readonly remedy: string
}

/** Something to know about a table that needs no step. */
export interface Notice {
  readonly table: string
  readonly level: 'notice' | 'warning'
  readonly code: 'adopted' | 'made-by-stack' | 'deletion-protection-kept' | 'point-in-time-recovery-kept'
  readonly message: string
}

/** A declared table as it was observed. */
export interface PlannedTable {
  readonly logicalName: string
  readonly name: string
  /** As AWS told it; for a table that is absent, what it will be. */
  readonly arn: string
  readonly id?: string
  readonly streamArn?: string
  readonly status: ObservedTable['status']
  readonly unmanaged: readonly UnmanagedSetting[]
}

/** Published as the `plan` output. `formatVersion` grows when a reader of the old form would go wrong. */
export interface Plan {
  readonly formatVersion: 1
  readonly target: Target
  readonly tables: readonly PlannedTable[]
  readonly steps: readonly Step[]
  readonly refusals: readonly Refusal[]
  readonly notices: readonly Notice[]
}

export type StepResult =
  | { readonly status: 'applied'; readonly seconds: number }
  /** Another run did it first. */
  | { readonly status: 'dropped' }
  /** `sent`: DynamoDB took the call, or may have, but its end was not seen. */
  | { readonly status: 'failed'; readonly sent: boolean; readonly error: unknown }
  | { readonly status: 'skipped' }

export interface StepOutcome {
  readonly step: Step
  readonly result: StepResult
}

export interface Outcome {
  /** One for each step of the plan, in its order. */
  readonly steps: readonly StepOutcome[]
  /** As seen after the last step; as before the first where the apply failed. */
  readonly observed: ObservedTables
  /** Why the apply did not reach the definition. */
  readonly error?: unknown
}

/** DynamoDB's limit; its own `aws:` tags do not count. */
export const mostTags = 50

/**
 * Works out the steps that turn the observed tables into the desired ones, table by table in the order given.
 *
 * Tables that exist but are not desired are left alone: we do not know who else uses the account.
 */
export function planTables(target: Target, desired: readonly DesiredTable[], observed: ObservedTables): Plan {
  const planned = desired.map((table) => planTable(target, table, observed.get(table.name) ?? { status: 'absent' }))
  return {
    formatVersion: 1,
    target,
    tables: planned.map(({ table }) => table),
    steps: planned.flatMap(({ steps }) => steps),
    refusals: planned.flatMap(({ refusals }) => refusals),
    notices: planned.flatMap(({ notices }) => notices),
  }
}

/** The steps of one table, in their order. */
export function stepsOf(plan: Pick<Plan, 'steps'>, table: string): readonly Step[] {
  return plan.steps.filter((step) => step.table === table)
}

interface TablePlan {
  readonly table: PlannedTable
  readonly steps: readonly Step[]
  readonly refusals: readonly Refusal[]
  readonly notices: readonly Notice[]
}

function planTable(target: Target, desired: DesiredTable, observed: ObservedTable): TablePlan {
  const differences = diffTable(desired, observed)
  const ready = observed.status === 'ready' ? observed : undefined
  const decisions = differences.flatMap((difference) => decide(desired, difference))
  const refusals = decisions.filter((decision) => 'code' in decision)
  const table = describePlanned(target, desired, observed)
  // Of a table that is not ours to change nothing more is said: no step of it would ever be taken, and no advice on how
  // to make it fit should be.
  if (refusals.some(({ code }) => code === 'different-keys' || code === 'other-environment')) {
    return { table, steps: [], refusals, notices: [] }
  }
  return {
    table,
    steps: decisions.filter((decision) => 'action' in decision),
    refusals: [...refusals, ...refuseOff(target, desired, ready), ...refuseTooManyTags(desired, ready)],
    notices: ready === undefined ? [] : noticesFor(desired, ready),
  }
}

/** Each difference becomes a step or a refusal; only what `refuseOff` speaks of becomes neither here. */
function decide(desired: DesiredTable, difference: Difference): readonly (Step | Refusal)[] {
  const table = desired.name
  switch (difference.path) {
    case 'existence':
      return [
        {
          action: 'create-table',
          table,
          keys: desired.keys,
          billingMode: desired.billingMode,
          deletionProtection: desired.deletionProtection ?? false,
          tags: tagChanges(desired.tags, new Map()),
        },
      ]
    case 'availability':
      return [{ table, code: 'table-unavailable', ...explainUnavailable(table, difference.from) }]
    case 'keys':
      return [
        {
          table,
          code: 'different-keys',
          reason: `The table "${table}" has the key ${describeKeys(difference.from)}, but its definition asks for ${describeKeys(difference.to)}. DynamoDB cannot change the key of a table.`,
          remedy: `Choose another table-name-prefix, so that new tables are made beside this one; or move the items elsewhere and delete "${table}" by hand.`,
        },
      ]
    case 'environment':
      return [
        {
          table,
          code: 'other-environment',
          reason: `The table "${table}" belongs to the environment "${difference.from}", as its tag tenant-tables:environment says, but this run is for "${difference.to}".`,
          remedy: `Choose another table-name-prefix for "${difference.to}", or check that the role leads to the right account.`,
        },
      ]
    case 'deletionProtection':
      return difference.to ? [{ action: 'enable-deletion-protection', table, from: false, to: true }] : []
    case 'tags':
      return [{ action: 'tag-table', table, tags: difference.changes }]
    case 'billingMode':
      return [{ action: 'set-billing-mode', table, from: difference.from, to: difference.to }]
    case 'pointInTimeRecovery':
      return difference.to.enabled
        ? [{ action: 'set-point-in-time-recovery', table, from: difference.from, to: difference.to }]
        : []
  }
}

function explainUnavailable(table: string, tableStatus: string): Pick<Refusal, 'reason' | 'remedy'> {
  const reason = `The table "${table}" is ${tableStatus}.`
  switch (tableStatus) {
    case 'DELETING':
      return {
        reason,
        remedy: 'Wait until it is gone, then run again: the table will be created anew, without its items.',
      }
    case 'ARCHIVING':
    case 'ARCHIVED':
      return {
        reason: `${reason} DynamoDB archives a table whose encryption key could not be used for seven days.`,
        remedy: 'Restore the backup that DynamoDB made of it under another name, or delete it by hand, then run again.',
      }
    case 'INACCESSIBLE_ENCRYPTION_CREDENTIALS':
      return {
        reason: `${reason} DynamoDB cannot use the table's KMS key.`,
        remedy: "Enable the KMS key and the table's grant on it again, then run again.",
      }
    case 'REPLICATION_NOT_AUTHORIZED':
      return {
        reason,
        remedy: 'Give the replication role of the global table its permissions back, then run again.',
      }
    default:
      return { reason, remedy: 'Bring it back to ACTIVE, then run again.' }
  }
}

/** `false` speaks of creation. It neither takes protection away nor leaves production without it. */
function refuseOff(target: Target, desired: DesiredTable, ready: ReadyTable | undefined): readonly Refusal[] {
  const table = desired.name
  const settings = [
    {
      code: 'deletion-protection-off',
      input: 'deletion-protection',
      asked: desired.deletionProtection === false,
      found: ready?.deletionProtection === true,
    },
    {
      code: 'point-in-time-recovery-off',
      input: 'point-in-time-recovery',
      asked: desired.pointInTimeRecovery?.enabled === false,
      found: ready?.pointInTimeRecovery.enabled === true,
    },
  ] as const
  return settings.flatMap(({ code, input, asked, found }) => {
    if (!asked || !(found || target.environment.production)) return []
    const reason = found
      ? `${input} is false, but it is on for the table "${table}". This action does not take it away.`
      : `${input} is false, but "${target.environment.name}" is a production environment, where "${table}" must have it on.`
    const remedy = found
      ? `Set ${input} to auto, which keeps it as it is; or turn it off by hand.`
      : `Set ${input} to auto or true.`
    return [{ table, code, reason, remedy }]
  })
}

function refuseTooManyTags(desired: DesiredTable, ready: ReadyTable | undefined): readonly Refusal[] {
  const found = [...(ready?.tags.keys() ?? [])].filter((key) => !isAwsTag(key))
  const count = new Set([...found, ...desired.tags.keys()]).size
  if (count <= mostTags) return []
  return [
    {
      table: desired.name,
      code: 'too-many-tags',
      reason: `The table "${desired.name}" would carry ${count} tags: ${desired.tags.size} declared ones beside ${count - desired.tags.size} others. DynamoDB allows ${mostTags}.`,
      remedy: 'Declare fewer tags, or remove tags that nobody needs from the table.',
    },
  ]
}

function noticesFor(desired: DesiredTable, ready: ReadyTable): readonly Notice[] {
  const table = desired.name
  const notices: Notice[] = []
  const adopted = ready.tags.get(managedByTag) !== managedByValue
  if (adopted) {
    notices.push({
      table,
      level: 'notice',
      code: 'adopted',
      message: `The table "${table}" exists already and its keys match: it is adopted, with its items.`,
    })
  }
  const stack = ready.tags.get(stackNameTag)
  if (stack !== undefined) {
    notices.push({
      table,
      // The tag stays when the stack lets go of the table, so it must not cry wolf for ever.
      level: adopted ? 'warning' : 'notice',
      code: 'made-by-stack',
      message: `The table "${table}" was made by the CloudFormation stack "${stack}". While the stack holds it, deleting or changing the stack can delete the table. To let go of it: set its DeletionPolicy to Retain (CDK: RemovalPolicy.RETAIN) and deploy, then remove the table from the stack and deploy again.`,
    })
  }
  if (desired.deletionProtection === undefined && ready.deletionProtection) {
    notices.push({
      table,
      level: 'notice',
      code: 'deletion-protection-kept',
      message: `Deletion protection of "${table}" is on, though its environment does not ask for it. It stays on.`,
    })
  }
  if (desired.pointInTimeRecovery === undefined && ready.pointInTimeRecovery.enabled) {
    notices.push({
      table,
      level: 'notice',
      code: 'point-in-time-recovery-kept',
      message: `Point-in-time recovery of "${table}" is ${describeRecovery(ready.pointInTimeRecovery)}, though its environment does not ask for it. It stays on.`,
    })
  }
  return notices
}

function describePlanned(target: Target, desired: DesiredTable, observed: ObservedTable): PlannedTable {
  const { logicalName, name } = desired
  if (observed.status !== 'ready') {
    return { logicalName, name, arn: tableArn(target, name), status: observed.status, unmanaged: [] }
  }
  const undeclaredTags = [...observed.tags]
    .filter(([key]) => !desired.tags.has(key) && !isAwsTag(key))
    .map(([key, value]) => ({ path: `tags.${key}`, value }))
    .sort((left, right) => (left.path < right.path ? -1 : 1))
  return {
    logicalName,
    name,
    arn: observed.arn,
    ...(observed.id === undefined ? {} : { id: observed.id }),
    ...(observed.streamArn === undefined ? {} : { streamArn: observed.streamArn }),
    status: observed.status,
    unmanaged: [...observed.unmanaged, ...undeclaredTags],
  }
}
