/** IAM statements for KMS keys. */
import type { PolicyStatement } from './property.ts'
import type { Place } from './target.ts'

/** The ARN of a key or an alias, which is in the given place unless it says otherwise. */
export function keyArn(given: string, { partition, region, account }: Place): string {
  if (given.startsWith('arn:')) return given
  return `arn:${partition}:kms:${region}:${account}:${given.startsWith('alias/') ? given : `key/${given}`}`
}

export function isAliasArn(arn: string): boolean {
  return arn.includes(':alias/')
}

/**
 * Allows reading the key behind an alias by that alias. In IAM an alias is a condition, not a resource.
 *
 * @param alias the ARN of the alias
 * @see https://docs.aws.amazon.com/kms/latest/developerguide/alias-authorization.html
 */
export function describeKeyStatement(alias: string): PolicyStatement {
  return {
    Effect: 'Allow',
    Action: ['kms:DescribeKey'],
    Resource: [anyKeyBeside(alias)],
    Condition: { StringEquals: { 'kms:RequestAlias': nameOf(alias) } },
  }
}

/**
 * Allows what DynamoDB does with the key of a table on behalf of its caller, and only through DynamoDB.
 *
 * @param key the ARN of the key, or of an alias that it has
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html
 */
export function useKeyStatement(key: string, region: string): PolicyStatement {
  const [, partition] = key.split(':')
  // AWS documents the end of a service's name for its partition `aws` only.
  const viaService = `dynamodb.${region}.${partition === 'aws' ? 'amazonaws.com' : '*'}`
  const isAlias = isAliasArn(key)
  return {
    Effect: 'Allow',
    Action: [
      'kms:CreateGrant',
      'kms:Decrypt',
      'kms:DescribeKey',
      'kms:Encrypt',
      'kms:GenerateDataKey*',
      'kms:ReEncrypt*',
    ],
    Resource: [isAlias ? anyKeyBeside(key) : key],
    Condition: {
      // Not `StringEquals`: the region may be `*`.
      StringLike: { 'kms:ViaService': viaService },
      // The requests name the key by its ARN, so `kms:RequestAlias` would not match.
      ...(isAlias ? { 'ForAnyValue:StringEquals': { 'kms:ResourceAliases': nameOf(key) } } : {}),
    },
  }
}

/** All keys of the account and region of an alias. */
function anyKeyBeside(alias: string): string {
  return alias.replace(/:alias\/.*$/, ':key/*')
}

/** `alias/tables` */
function nameOf(alias: string): string {
  return alias.replace(/^.*:(?=alias\/)/, '')
}
