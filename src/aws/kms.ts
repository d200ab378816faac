/** The port to KMS: reads the keys that definitions name by an alias. */
import * as v from 'valibot'
import { RemedyError } from '../errors/errors.ts'
import { errorName } from '../errors/thrown.ts'
import type { Run } from '../run/run.ts'
import { describeKeyStatement, keyArn } from '../table/key-permissions.ts'
import type { ReadKey } from '../table/property.ts'
import { explainUnreadable } from '../table/response.ts'
import type { Target } from '../table/target.ts'
import { type Credentials, callsIn } from './calls.ts'
import type { ClientOptions } from './connections.ts'
import { isAllowMissing } from './denials.ts'
import { adaptivePace } from './pace.ts'
import { remedyForAws } from './remedies.ts'

/** The maximum number of concurrent calls. */
const mostReads = 10

/** Makes the port. The SDK is loaded with the first call: most runs make none. */
export function connectKms(clientOptions: ClientOptions, credentials: Credentials, run: Run, target: Target): ReadKey {
  const call = callsIn(credentials, ({ resource }, cause) => explainFailure(resource, target, cause))
  const pace = adaptivePace(mostReads)
  let loading: ReturnType<typeof load> | undefined
  const load = async () => {
    const { KMSClient, DescribeKeyCommand } = await import(/* webpackChunkName: "kms" */ './kms-commands.ts')
    return { client: new KMSClient({ ...clientOptions, credentials }), DescribeKeyCommand }
  }
  return async (key) => {
    loading ??= load()
    const { client, DescribeKeyCommand } = await loading
    const { KeyMetadata } = await call(run, pace, {
      operation: 'DescribeKey',
      resource: key,
      send: (abortSignal) => client.send(new DescribeKeyCommand({ KeyId: key }), { abortSignal }),
    })
    const read = v.safeParse(keySchema, KeyMetadata)
    if (!read.success) throw explainUnreadable('DescribeKey', key, new v.ValiError(read.issues), 'KMS')
    const { Arn, KeySpec } = read.output
    // Endpoints older than KeySpec have symmetric keys only.
    return { arn: Arn, isSymmetric: KeySpec === undefined || KeySpec === 'SYMMETRIC_DEFAULT' }
  }
}

const keySchema = v.object({
  Arn: v.pipe(v.string(), v.regex(/^arn:.*:key\/./)),
  KeySpec: v.optional(v.string()),
})

/** @param key the alias that a definition names */
function explainFailure(key: string, target: Target, cause: unknown): RemedyError {
  return new RemedyError(`DescribeKey on "${key}" in ${target.region} failed.`, remedyForKms(key, target, cause), {
    cause,
    statements: isAllowMissing(cause) ? [JSON.stringify(describeKeyStatement(keyArn(key, target)))] : [],
  })
}

function remedyForKms(key: string, { account, region }: Target, cause: unknown): string {
  if (cause instanceof RemedyError) return cause.remedy
  if (isAllowMissing(cause)) {
    return `Allow kms:DescribeKey on the key behind "${key}" in the policy of the role that works on the tables, and check that the policy of the key leaves permissions to IAM. Or name the key by its ARN, for which this call is not made.`
  }
  if (errorName(cause) === 'NotFoundException') {
    return `There is no "${key}" in ${region} of account ${account}. Correct KMSMasterKeyId, or create the alias there.`
  }
  return remedyForAws(cause, 'KMS')
}
