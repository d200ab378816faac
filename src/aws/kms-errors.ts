/** The error of the port to KMS: the key, the error of AWS, and a remedy. */
import { RemedyError } from '../errors/errors.ts'
import { errorName } from '../errors/thrown.ts'
import { describeKeyStatement, keyArn } from '../table/key-permissions.ts'
import type { Target } from '../table/target.ts'
import { iamDelay, isAllowMissing, isDenied, readDenial } from './denials.ts'
import { remedyForAws } from './remedies.ts'

/** DescribeKey failed for good. */
export class KmsError extends RemedyError {
  override readonly name = 'KmsError'

  /** @param key the alias that a definition names */
  constructor(key: string, target: Target, cause: unknown) {
    const statement = JSON.stringify(describeKeyStatement(keyArn(key, target)))
    super(`DescribeKey on "${key}" in ${target.region} failed.`, remedyForKms(key, target, cause), {
      cause,
      statements: isAllowMissing(cause) ? [statement] : [],
    })
  }
}

function remedyForKms(key: string, { account, region }: Target, cause: unknown): string {
  if (cause instanceof RemedyError) return cause.remedy
  if (isDenied(cause)) {
    const denial = readDenial(cause)
    if (denial !== undefined) return `${denial.explanation} ${iamDelay}`
    return `Allow kms:DescribeKey on the key behind "${key}" in the policy of the role that works on the tables, and check that the policy of the key leaves permissions to IAM. Or name the key by its ARN, for which this call is not made.`
  }
  if (errorName(cause) === 'NotFoundException') {
    return `There is no "${key}" in ${region} of account ${account}. Correct KMSMasterKeyId, or create the alias there.`
  }
  return remedyForAws(cause, 'KMS')
}
