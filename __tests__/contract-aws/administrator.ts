/** The sandbox in virtual time, and a client with the access key of an administrator of the target account. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { SandboxOptions } from '../../sandbox/options.ts'
import { administratorAccessKey } from '../../sandbox/two-accounts.ts'
import { type Emulator, startEmulator } from '../support/emulator.ts'

export interface Administered {
  readonly emulator: Emulator
  readonly client: DynamoDBClient
}

export async function startAdministered(timings: SandboxOptions['timings']): Promise<Administered> {
  const emulator = await startEmulator({ ...(timings && { timings }), accessKeys: [administratorAccessKey] })
  const client = new DynamoDBClient({
    region: 'ap-south-1',
    endpoint: emulator.sandbox.url,
    credentials: administratorAccessKey,
    maxAttempts: 1,
  })
  return { emulator, client }
}
