import type { SSEDescription } from '@aws-sdk/client-dynamodb'
import * as v from 'valibot'
import { RemedyError } from '../../errors/errors.ts'
import { describeKeyStatement, isAliasArn, keyArn, useKeyStatement } from '../key-permissions.ts'
import type { Key, Property, ReadKey } from '../property.ts'
import type { Target } from '../target.ts'

/**
 * The key that encrypts the table: AWS's own, or a KMS key of the account. Keys are compared by their ARNs: for another
 * name of the same key, DynamoDB would encrypt the table again, and it allows four changes in 24 hours.
 */
export interface Encryption {
  readonly SSEEnabled: boolean
  /**
   * The ARN of the key. In a definition that is not resolved yet also its id, an alias or the ARN of an alias; absent for
   * the AWS managed key.
   */
  readonly KMSMasterKeyId?: string | undefined
  /** `AWS` for the AWS managed key of DynamoDB. Absent in what DynamoDB reports. */
  readonly KeyManager?: 'AWS' | 'CUSTOMER' | undefined
}

const awsOwned: Encryption = { SSEEnabled: false }

/** The alias of the key that AWS manages for DynamoDB in each account and region. */
const awsManagedAlias = 'alias/aws/dynamodb'

const place = 'arn:aws[a-z-]*:kms:[a-z0-9-]+:\\d{12}:'
const alias = 'alias/[\\w/-]{1,250}'
/** `mrk-` is the id of a multi-Region key. */
const id = '(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32})'

/** KMS's rule for key ids, aliases and the ARNs of both. */
const keyPattern = new RegExp(`^(?:${id}|${place}key/${id}|(?:${place})?${alias})$`)

export const sseSpecification: Property<'SSESpecification', Encryption> = {
  name: 'SSESpecification',
  description:
    'The key that encrypts the table: owned by AWS (SSEEnabled: false), managed by AWS in the account (SSEEnabled: true), or your own by id, alias or ARN. DynamoDB encrypts the table again for another key; the table stays usable.',
  schema: v.pipe(
    v.strictObject({
      SSEEnabled: v.boolean(),
      KMSMasterKeyId: v.optional(v.pipe(v.string(), v.minLength(1))),
      KeyManager: v.optional(v.picklist(['AWS', 'CUSTOMER'])),
    }),
    v.check(
      ({ SSEEnabled, KMSMasterKeyId, KeyManager }) =>
        SSEEnabled || (KMSMasterKeyId === undefined && KeyManager === undefined),
      'no key where SSEEnabled is false',
    ),
  ),
  declaration: {
    fields: {
      SSESpecification: v.strictObject({
        SSEEnabled: v.boolean(),
        SSEType: v.optional(v.literal('KMS')),
        KMSMasterKeyId: v.optional(
          v.pipe(v.string(), v.regex(keyPattern, 'a key id, an alias such as alias/tables, or the ARN of either')),
        ),
      }),
    },
    normalize: ({ SSESpecification }) => {
      const { SSEEnabled, KMSMasterKeyId } = SSESpecification as Encryption
      return { SSEEnabled, ...(KMSMasterKeyId === undefined ? {} : { KMSMasterKeyId }) }
    },
  },
  resolve: async (value, target, readKey) => (value.SSEEnabled ? await resolveKey(value, target, readKey) : value),
  reading: { kind: 'described', of: ({ SSEDescription }) => readEncryption(SSEDescription) },
  settlesWith: 'encryption',
  creation: { kind: 'in-create-table', input: (value) => ({ SSESpecification: toInput(value) }) },
  changes: (from, to, { table }) => {
    if (keyOf(from) === keyOf(to)) return []
    if (to.SSEEnabled || !from.SSEEnabled) return [{ kind: 'update', from, to, risk: 'safe' }]
    const warning = `The table "${table}" is encrypted with a key that AWS owns, instead of ${describeKeyOf(from)}: permissions for that key no longer limit who reads its items. Keep that key enabled until the change is complete, and as long as you keep backups that were made with it.`
    return [{ kind: 'update', from, to, risk: 'safe', warning }]
  },
  request: ({ name: TableName }, { to }) => ({
    operation: 'UpdateTable',
    input: { TableName, SSESpecification: toInput(to) },
  }),
  settings: (value) => [{ name: 'encryption', value: describeKeyOf(value) }],
  unmanaged: ({ KMSMasterKeyId }, declared) =>
    declared === undefined && KMSMasterKeyId !== undefined ? [{ path: 'encryptionKey', value: KMSMasterKeyId }] : [],
  // Measured on AWS: 21 to 23 s, during which the table is ACTIVE; the old key shows for the first 8 to 9 s.
  waits: [
    {
      part: 'encryption',
      goal: 'change its encryption',
      usual: '21 to 23 s',
      firstPoll: 5,
      interval: 1,
      timeout: 1800,
    },
  ],
  blockedBy: () => ['encryption', 'replica'],
  actions: { read: ['dynamodb:DescribeTable'], write: ['dynamodb:UpdateTable'] },
  otherStatements: ({ SSEEnabled, KMSMasterKeyId = awsManagedAlias }, place) => {
    if (!SSEEnabled) return { read: [], write: [] }
    const key = keyArn(KMSMasterKeyId, place)
    return {
      read: isAliasArn(key) ? [describeKeyStatement(key)] : [],
      // The policy of the AWS managed key allows its use through DynamoDB to everyone in the account.
      write: isAwsManaged(key) ? [] : [useKeyStatement(key, place.region)],
    }
  },
  budget: {
    limit: 'four changes in 24 hours, then one in six hours',
    isSpent: /^LimitExceededException: .*Encryption mode changes are limited/is,
  },
}

/** While encryption is turned on or off, DynamoDB shows a status without a key. */
function readEncryption({ Status, KMSMasterKeyArn }: SSEDescription = {}): Encryption {
  const isOn = KMSMasterKeyArn !== undefined && Status !== 'DISABLED' && Status !== 'DISABLING'
  return isOn ? { SSEEnabled: true, KMSMasterKeyId: KMSMasterKeyArn } : awsOwned
}

function toInput({ SSEEnabled, KMSMasterKeyId, KeyManager }: Encryption) {
  if (!SSEEnabled) return { Enabled: false }
  return {
    Enabled: true,
    SSEType: 'KMS' as const,
    // AWS documents the key as a parameter for keys other than its own.
    ...(KMSMasterKeyId === undefined || KeyManager === 'AWS' ? {} : { KMSMasterKeyId }),
  }
}

/** The text by which keys are compared. Once a declared value is resolved, it is an ARN. */
function keyOf({ SSEEnabled, KMSMasterKeyId }: Encryption): string {
  return SSEEnabled ? (KMSMasterKeyId ?? awsManagedAlias) : ''
}

/** `AWS owned key`, `AWS managed key` or the ARN of the key */
function describeKeyOf({ SSEEnabled, KMSMasterKeyId, KeyManager }: Encryption): string {
  if (!SSEEnabled) return 'AWS owned key'
  return KMSMasterKeyId === undefined || KeyManager === 'AWS' ? 'AWS managed key' : KMSMasterKeyId
}

async function resolveKey(
  { KMSMasterKeyId: given = awsManagedAlias }: Encryption,
  target: Target,
  readKey: ReadKey,
): Promise<Encryption> {
  const key = keyArn(given, target)
  const [, , , region = ''] = key.split(':')
  if (region !== target.region) {
    throw new RemedyError(
      `The KMS key ${given} is in ${region}, but DynamoDB encrypts a table in ${target.region} only with a key of that region.`,
      `Name a key of ${target.region}. Of a multi-Region key, name the id, which begins with mrk-, or the ARN in ${target.region}.`,
    )
  }
  if (!isAliasArn(key)) return { SSEEnabled: true, KMSMasterKeyId: key, KeyManager: 'CUSTOMER' }
  if (isAwsManaged(key)) {
    const { arn } = await readKey(given)
    return { SSEEnabled: true, KMSMasterKeyId: arn, KeyManager: 'AWS' }
  }
  return { SSEEnabled: true, KMSMasterKeyId: checkKey(given, await readKey(given)).arn, KeyManager: 'CUSTOMER' }
}

/** DynamoDB refuses both kinds of key too, but only after other steps, and one of them by an error that looks transient. */
function checkKey(alias: string, key: Key): Key {
  if (/(?:^|:)alias\/aws\//.test(alias)) {
    throw new RemedyError(
      `The key ${alias} is managed by AWS for another service, which alone may use it.`,
      `Name a key of your own, or leave KMSMasterKeyId out, which means the key that AWS manages for DynamoDB.`,
    )
  }
  if (!key.isSymmetric) {
    throw new RemedyError(
      `The key ${alias} is no symmetric key for encryption. DynamoDB uses no other.`,
      'Name a key whose key spec is SYMMETRIC_DEFAULT.',
    )
  }
  return key
}

function isAwsManaged(arn: string): boolean {
  return arn.endsWith(`:${awsManagedAlias}`)
}
