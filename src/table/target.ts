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

/** The account and region of tables. In a policy each part may be `*`, which stands for all. */
export type Place = Pick<Target, 'account' | 'partition' | 'region'>

/** A table as calls name it: most by its name, the calls for tags by its ARN. */
export interface TableAddress {
  readonly name: string
  readonly arn: string
}

/** Environment names are case-insensitive, also in the tag of a table. */
export function isSameEnvironment(left: string, right: string): boolean {
  return left.toLowerCase() === right.toLowerCase()
}

/** DynamoDB's rule for the names of tables and of indexes. */
export const namePattern = /^[a-zA-Z0-9_.-]{3,255}$/

/** The same in words. Completes the sentence `must be ...`. */
export const nameRule = '3 to 255 letters, digits and _ . - and nothing else'

/** The ARN that a table of this name has, or will have. */
export function tableArn({ account, partition, region }: Place, name: string): string {
  return `arn:${partition}:dynamodb:${region}:${account}:table/${name}`
}

export function addressOf(target: Target, name: string): TableAddress {
  return { name, arn: tableArn(target, name) }
}
