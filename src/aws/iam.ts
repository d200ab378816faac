/** The IAM actions that each command needs on its tables, and a session policy that allows only these. */
import { RemedyError } from '../errors/errors.ts'
import type { Command } from '../plan/plan.ts'
import { type PropertyName, properties } from '../table/properties/index.ts'
import type { Property } from '../table/property.ts'
import type { AwsAccount } from './session-request.ts'

const itemActions = ['dynamodb:DeleteItem', 'dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:Query']

/**
 * Lists the IAM actions that a command needs on its tables, in the order of their names.
 *
 * @param declared properties; those that are read of every table count always
 */
export function actionsOf(command: Command, declared: readonly PropertyName[] = []): readonly string[] {
  const used = properties.filter(
    ({ name, reading }) => reading.kind === 'described' || reading.when === 'always' || declared.includes(name),
  )
  const beyondReads: Readonly<Record<Command, readonly string[]>> = {
    plan: [],
    apply: [...creationActions(used), ...used.flatMap(({ actions }) => actions.write)],
    verify: itemActions,
    destroy: ['dynamodb:DeleteTable'],
  }
  return [...new Set([...used.flatMap(({ actions }) => actions.read), ...beyondReads[command]])].sort()
}

/** The actions of CreateTable. It also needs the permissions for the properties that it sets. */
function creationActions(used: readonly Property<PropertyName>[]): readonly string[] {
  return ['dynamodb:CreateTable', ...used.flatMap(({ actions }) => actions.create ?? [])]
}

/** The IAM actions of one call. */
export function actionsOfOperation(operation: string): readonly string[] {
  return operation === 'CreateTable' ? creationActions(properties) : [`dynamodb:${operation}`]
}

/** A statement that allows the actions, to paste into the caller's policy. */
export function allowStatement(actions: readonly string[], resource: string): string {
  return JSON.stringify({ Effect: 'Allow', Action: actions, Resource: resource })
}

/** A statement that lets a GitHub job assume a role, to paste into the role's trust policy. */
export function trustStatement(
  { partition, account }: AwsAccount,
  claims: { readonly iss: string; readonly aud: string; readonly sub: string },
): string {
  // GitHub Enterprise Server is an issuer of its own.
  const provider = claims.iss.replace(/^https:\/\//, '')
  return JSON.stringify({
    Effect: 'Allow',
    Principal: { Federated: `arn:${partition}:iam::${account}:oidc-provider/${provider}` },
    Action: 'sts:AssumeRoleWithWebIdentity',
    Condition: { StringEquals: { [`${provider}:aud`]: claims.aud, [`${provider}:sub`]: claims.sub } },
  })
}

/** The maximum length of a session policy that STS accepts, in characters. */
const longestSessionPolicy = 2048

/**
 * An inline session policy: the session may do what both this policy and its role allow.
 *
 * @throws {RemedyError} if it is longer than STS allows, such as for many tables with long names
 */
export function sessionPolicy(
  command: Command,
  tableArns: readonly string[],
  declared: readonly PropertyName[] = [],
): string {
  const policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: actionsOf(command, declared), Resource: tableArns }],
  })
  if (policy.length <= longestSessionPolicy) return policy
  throw new RemedyError(
    `restrict-session makes a session policy of ${policy.length} characters, but STS takes ${longestSessionPolicy}.`,
    'Choose a shorter table-name-prefix, or leave restrict-session out.',
  )
}
