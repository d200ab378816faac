/** Server-side encryption: the key of a request, and a change of key, during which the table stays ACTIVE. */
import { spendBudget } from './budgets.ts'
import { invalidParameter, validationError } from './errors.ts'
import { inUse, isEncryptionChanging, refuseWhileUpdating } from './jobs.ts'
import type { Input, OperationContext, Place } from './parameters.ts'
import { type Shape, statusOf, type TableRecord } from './table-record.ts'

/** @returns the ARN of the key; undefined for the AWS-owned key */
export function readEncryptionKey(place: Place, given: unknown): string | undefined {
  const { Enabled, SSEType, KMSMasterKeyId } = (given ?? {}) as Shape
  if (Enabled === false) {
    if (SSEType !== undefined) throw invalidParameter('SSEType can not be specified if Enabled is false')
    if (KMSMasterKeyId !== undefined) throw invalidParameter('KMSMasterKeyId can not be specified if Enabled is false')
    return undefined
  }
  if (SSEType === 'AES256') throw invalidParameter('SSEType AES256 is not supported')
  if (SSEType === undefined && KMSMasterKeyId !== undefined) {
    throw invalidParameter('SSEType KMS is required if KMSMasterKeyId is specified')
  }
  if (Enabled === undefined && SSEType === undefined) return undefined
  return keyArn(place, String(KMSMasterKeyId ?? 'alias/aws/dynamodb'))
}

/** @param given a key id, an alias, or the ARN of either */
function keyArn({ partition, region, account }: Place, given: string): string {
  if (given.includes(':key/')) return given
  const id = given
    .split(':')
    .at(-1)
    ?.replace(/^(alias|key)\//, '')
  return `arn:${partition}:kms:${region}:${account}:key/${id}`
}

/** Refuses the ARN of the present key as a no-op. Its id or alias is accepted, and encrypts the table again. */
export function setEncryption(context: OperationContext, record: TableRecord, input: Input): () => void {
  const now = context.now()
  const specification = input.SSESpecification as Shape
  const key = readEncryptionKey(context.place, specification)
  const present = record.encryption?.keyArn
  if (key === undefined && present === undefined) throw invalidParameter('Table is already encrypted by default')
  if (present !== undefined && specification.KMSMasterKeyId === present) {
    throw invalidParameter(
      'Table is already encrypted with given KMSMasterKeyId. Use KMSMasterKeyId parameter if you want to change Master Key',
    )
  }
  refuseWithoutKey(record, now)
  refuseWhileUpdating(record, now, 'encryption')
  if (isEncryptionChanging(record, now)) {
    if (key !== present) throw inUse(record, 'Server-Side Encryption is still being updated')
    return () => {}
  }
  const spend = spendBudget(record, now, 'encryption')
  return () => {
    spend()
    record.encryption = {
      keyArn: key,
      keyBefore: present,
      keyShownAt: now + context.timings.encryptionKeyShown,
      settledAt: now + context.timings.encryptionUpdating,
    }
  }
}

/** @throws {AwsError} ValidationException if the table's key is disabled */
export function refuseWithoutKey(record: TableRecord, now: number): void {
  if (statusOf(record, now) !== 'INACCESSIBLE_ENCRYPTION_CREDENTIALS') return
  throw validationError(
    `KMS key disabled error: com.amazonaws.services.kms.model.DisabledException: ${record.encryption?.keyArn} is disabled. (Service: AWSKMS; Status Code: 400; Error Code: DisabledException)`,
  )
}
