/** The port to KMS: reads the keys that definitions name by an alias. */
import * as v from 'valibot'
import type { Run } from '../run/run.ts'
import type { DescribeKey } from '../table/property.ts'
import { understand } from '../table/response.ts'
import type { Target } from '../table/target.ts'
import { type Credentials, callsIn } from './calls.ts'
import type { ClientOptions } from './connections.ts'
import { KmsError } from './kms-errors.ts'
import { adaptivePace } from './pace.ts'

/** The maximum number of concurrent calls. */
const mostReads = 10

/** Makes the port. The SDK is loaded with the first call: most runs make none. */
export function connectKms(
  clientOptions: ClientOptions,
  credentials: Credentials,
  run: Run,
  target: Target,
): DescribeKey {
  const call = callsIn(credentials, ({ resource }, cause) => new KmsError(resource, target, cause))
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
    const { Arn, KeySpec } = understand('DescribeKey', key, () => v.parse(keySchema, KeyMetadata), 'KMS')
    // Endpoints older than KeySpec have symmetric keys only.
    return { arn: Arn, isSymmetric: KeySpec === undefined || KeySpec === 'SYMMETRIC_DEFAULT' }
  }
}

const keySchema = v.object({
  Arn: v.pipe(v.string(), v.regex(/^arn:.*:key\/./)),
  KeySpec: v.optional(v.string()),
})
