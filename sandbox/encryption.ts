/** Server-side encryption: the key of a request, and a change of key, during which the table stays ACTIVE. */
import { spendBudget } from './budgets.ts'
import { invalidParameter, validationError } from './errors.ts'
import { inUse, isEncryptionChanging, refuseWhileUpdating } from './jobs.ts'
import type { Input, OperationContext } from './parameters.ts'
import { type Shape, statusOf, type TableRecord } from './table-record.ts'

/** @returns a key id, an alias, or the ARN of either; undefined for the AWS-owned key */
export function readEncryptionKey(given: unknown): string | undefined {
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
  return String(KMSMasterKeyId ?? 'alias/aws/dynamodb')
}

/** Refuses the ARN of the present key as a no-op. Its id or alias is accepted, and encrypts the table again. */
export function setEncryption(context: OperationContext, record: TableRecord, input: Input): () => void {
  const now = context.now()
  const given = readEncryptionKey(input.SSESpecification)
  const present = record.encryption?.keyArn
  if (given === undefined && present === undefined) throw invalidParameter('Table is already encrypted by default')
  if (given !== undefined && given === present) {
    throw invalidParameter(
      'Table is already encrypted with given KMSMasterKeyId. Use KMSMasterKeyId parameter if you want to change Master Key',
    )
  }
  refuseWithoutKey(record, now)
  refuseWhileUpdating(record, now, 'encryption')
  const useKey = () => (given === undefined ? undefined : context.keys.use(context.place, given))
  if (isEncryptionChanging(record, now)) {
    if (useKey() !== present) throw inUse(record, 'Server-Side Encryption is still being updated')
    return () => {}
  }
  // A spent budget is reported before a key that cannot be used (081).
  const spend = spendBudget(record, now, 'encryption')
  const key = useKey()
  return () => {
    spend()
    // A change of table class goes on, but the table no longer shows it (287, 450).
    record.pending = record.pending.map((job) => (job.kind === 'tableClass' ? { ...job, isHidden: true } : job))
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
