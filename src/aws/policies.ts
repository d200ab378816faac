/** The policies that `command: policy` makes: one for each other command. */
import type { TableCommand } from '../plan/plan.ts'
import type { TableDefinition } from '../table/table.ts'
import type { Place } from '../table/target.ts'
import { partitionOf } from './connections.ts'
import { longestPolicy, longestSessionPolicy, type PolicyDocument, policyFor } from './iam.ts'
import type { Role } from './session-request.ts'

export type Policies = Readonly<Record<TableCommand, PolicyDocument>>

export interface PolicyRequest {
  /** The last one works on the tables. */
  readonly roles: readonly Role[]
  readonly allowedAccountIds: readonly string[]
  /** Empty if it is not given. */
  readonly region: string
  readonly sampleItems: boolean
}

/**
 * Makes the least-privilege policy of each command, without a call.
 *
 * @param definitions of one environment, or of several
 * @returns the policies, and notices about what they do not know and about limits of AWS that they exceed
 */
export function makePolicies(
  { roles, allowedAccountIds, region, sampleItems }: PolicyRequest,
  definitions: readonly TableDefinition[],
): { readonly policies: Policies; readonly notices: readonly string[] } {
  const role = roles.at(-1)
  const account = role?.account ?? (allowedAccountIds.length === 1 ? allowedAccountIds[0] : undefined)
  const place = {
    partition: role?.partition ?? (region === '' ? 'aws' : partitionOf(region)),
    account: account ?? '*',
    region: region === '' ? '*' : region,
  }
  const policies = {
    apply: policyFor('apply', place, definitions),
    plan: policyFor('plan', place, definitions),
    verify: policyFor(sampleItems ? 'verify' : 'plan', place, definitions),
    destroy: policyFor('destroy', place, definitions),
  }
  const limits = Object.entries(policies).flatMap(([name, policy]) => noticeLimits(name, policy))
  return { policies, notices: [...noticeUnknown(place), ...limits] }
}

function noticeUnknown({ partition, account, region }: Place): readonly string[] {
  return [
    ...(region === '*'
      ? [`No region is known, so the policies are for all regions of the partition ${partition}. Give aws-region.`]
      : []),
    ...(account === '*'
      ? [
          'No account is known, so the policies have * in its place. Give role-to-assume, or one account in allowed-account-ids.',
        ]
      : []),
  ]
}

/** Without white space, as IAM counts. */
function noticeLimits(name: string, policy: PolicyDocument): readonly string[] {
  const { length } = JSON.stringify(policy)
  return [
    ...(length > longestPolicy
      ? [
          `The policy ${name} has ${length} characters, but a managed policy of IAM takes ${longestPolicy}. Spread its statements over several policies.`,
        ]
      : []),
    ...(length > longestSessionPolicy
      ? [
          `The policy ${name} has ${length} characters, but a session policy of STS takes ${longestSessionPolicy}: restrict-session cannot be used with command: ${name}.`,
        ]
      : []),
  ]
}
