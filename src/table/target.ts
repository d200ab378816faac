/** The place that a run works on, and the tables in it. */

export interface Environment {
  readonly name: string
  readonly production: boolean
}

/** One account, region and environment. */
export interface Target {
  readonly account: string
  readonly partition: string
  readonly region: string
  readonly environment: Environment
}

/** A table as calls name it: most by its name, the calls for tags by its ARN. */
export interface TableAddress {
  readonly name: string
  readonly arn: string
}

/** Environment names are case-insensitive, also in the tag of a table. */
export function isSameEnvironment(left: string, right: string): boolean {
  return left.toLowerCase() === right.toLowerCase()
}

/** DynamoDB's rule for table names. */
export const tableNamePattern = /^[a-zA-Z0-9_.-]{3,255}$/

export function isTableName(text: string): boolean {
  return tableNamePattern.test(text)
}

/** The ARN that a table of this name has, or will have. */
export function tableArn(target: Pick<Target, 'account' | 'partition' | 'region'>, name: string): string {
  return `arn:${target.partition}:dynamodb:${target.region}:${target.account}:table/${name}`
}

export function addressOf(target: Target, name: string): TableAddress {
  return { name, arn: tableArn(target, name) }
}
