/** The IAM permissions of each command, as actions, statements and policies. */
import { RemedyError } from '../errors/errors.ts'
import type { TableCommand } from '../plan/plan.ts'
import { indexesOf } from '../table/indexes.ts'
import { type PropertyName, properties } from '../table/properties/index.ts'
import type { PolicyStatement, Property } from '../table/property.ts'
import type { TableDefinition } from '../table/table.ts'
import { type Place, tableArn } from '../table/target.ts'
import { propertyValues } from '../table/values.ts'
import type { AwsAccount } from './session-request.ts'

/** An IAM policy as it is written in JSON. */
export interface PolicyDocument {
  readonly Version: '2012-10-17'
  readonly Statement: readonly PolicyStatement[]
}

const sampleItemActions = ['dynamodb:DeleteItem', 'dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:Query']

/**
 * Lists the IAM actions that a command needs on a table, in the order of their names.
 *
 * @param declared the properties that the definition declares: a run writes no others
 */
export function actionsOf(command: TableCommand, declared: readonly PropertyName[]): readonly string[] {
  const isDeclared = ({ name }: Property<PropertyName>) => declared.includes(name)
  const written = properties.filter(isDeclared)
  const read = properties.filter(
    (property) => property.reading.kind === 'described' || property.reading.when === 'always' || isDeclared(property),
  )
  const beyondReads: Readonly<Record<TableCommand, readonly string[]>> = {
    plan: [],
    apply: [...creationActions(written), ...written.flatMap(({ actions }) => actions.write)],
    verify: sampleItemActions,
    destroy: ['dynamodb:DeleteTable'],
  }
  return distinct([...read.flatMap(({ actions }) => actions.read), ...beyondReads[command]])
}

/** Sorted. */
function distinct(actions: readonly string[]): readonly string[] {
  return [...new Set(actions)].sort()
}

/** The actions of CreateTable. It also needs the permissions for the properties that it sets. */
function creationActions(used: readonly Property<PropertyName>[]): readonly string[] {
  return ['dynamodb:CreateTable', ...used.flatMap(({ actions }) => actions.create ?? [])]
}

/** The IAM actions of one call. */
export function actionsOfOperation(operation: string): readonly string[] {
  return operation === 'CreateTable' ? creationActions(properties) : [`dynamodb:${operation}`]
}

/** The actions that are needed on one resource. */
interface Need {
  readonly resource: string
  readonly actions: readonly string[]
}

/**
 * The least-privilege policy of a command: the actions that it needs on the tables of a definition, and no others.
 *
 * @param definitions several definitions of one table, such as those of two environments, are taken together
 */
export function policyFor(
  command: TableCommand,
  place: Place,
  definitions: readonly TableDefinition[],
): PolicyDocument {
  return {
    Version: '2012-10-17',
    Statement: [
      ...statementsFor(definitions.flatMap((definition) => needsOf(command, place, definition))),
      ...otherStatements(command, place, definitions),
    ],
  }
}

function needsOf(command: TableCommand, place: Place, { name, properties: values }: TableDefinition): readonly Need[] {
  const resource = tableArn(place, name)
  const declared = propertyValues(values).map(({ property }) => property.name)
  const table = { resource, actions: actionsOf(command, declared) }
  if (command !== 'verify') return [table]
  // Each sample item is looked up in each index. IAM checks such a Query on the index alone.
  const indexes = indexesOf(values).map((index) => ({
    resource: indexArn(resource, index.name),
    actions: ['dynamodb:Query'],
  }))
  return [table, ...indexes]
}

export function indexArn(table: string, index: string): string {
  return `${table}/index/${index}`
}

/** One statement for all resources that need the same actions. */
function statementsFor(needs: readonly Need[]): readonly PolicyStatement[] {
  const actionsByResource = new Map<string, readonly string[]>()
  for (const { resource, actions } of needs) {
    actionsByResource.set(resource, distinct([...(actionsByResource.get(resource) ?? []), ...actions]))
  }
  const statements = new Map<string, PolicyStatement>()
  for (const [resource, Action] of actionsByResource) {
    const { Resource = [] } = statements.get(Action.join()) ?? {}
    statements.set(Action.join(), { Effect: 'Allow', Action, Resource: [...Resource, resource] })
  }
  return [...statements.values()]
}

function otherStatements(
  command: TableCommand,
  place: Place,
  definitions: readonly TableDefinition[],
): readonly PolicyStatement[] {
  // A deletion needs no other resource.
  if (command === 'destroy') return []
  const needed = definitions.flatMap(({ properties: values }) =>
    propertyValues(values).flatMap(({ property, value }) => {
      const { read = [], write = [] } = property.otherStatements?.(value, place) ?? {}
      return command === 'plan' ? read : [...read, ...write]
    }),
  )
  // Several tables may have the same key.
  return [...new Map(needed.map((statement) => [JSON.stringify(statement), statement])).values()]
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

/** The most characters of a managed policy. IAM does not count white space, and this JSON has none. */
export const longestPolicy = 6144

/** The most characters of a session policy that STS accepts. */
export const longestSessionPolicy = 2048

/**
 * An inline session policy: the session may do what both this policy and its role allow.
 *
 * @throws {RemedyError} if it is longer than STS allows, such as for many tables with long names
 */
export function sessionPolicy(command: TableCommand, place: Place, definitions: readonly TableDefinition[]): string {
  const policy = JSON.stringify(policyFor(command, place, definitions))
  if (policy.length <= longestSessionPolicy) return policy
  throw new RemedyError(
    `restrict-session makes a session policy of ${policy.length} characters, but STS takes ${longestSessionPolicy}.`,
    'Choose a shorter table-name-prefix or fewer tables in one file, or leave restrict-session out.',
  )
}
