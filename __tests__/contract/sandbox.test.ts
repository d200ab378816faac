/** The contract on our own sandbox, where tables take their time, tags lag and lock, and trust is checked. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { type Sandbox, startSandbox } from '../../sandbox/sandbox.ts'
import { externalId, hubRole, provisionerRole, twoAccounts } from '../../sandbox/two-accounts.ts'
import { fastClock } from '../support/clock.ts'
import { describeContract } from './contract.ts'

const region = 'ap-south-1'
// The sandbox and the action live in the same time, 50 times faster than ours.
const clock = fastClock(50)
const administratorKey = {
  accessKeyId: 'AKIASANDBOXADMIN0001',
  secretAccessKey: 'sandbox/target/administrator/secret/key0',
}
let sandbox: Sandbox

describeContract('the sandbox', {
  environment: () => sandbox.environment,
  inputs: { 'role-to-assume': `${hubRole}\n${provisionerRole}`, 'role-external-id': externalId },
  clock: () => clock,
  administrator: async () =>
    new DynamoDBClient({ region, endpoint: sandbox.url, credentials: administratorKey, maxAttempts: 10 }),
  start: async () => {
    const world = twoAccounts('dev')
    const principal = 'arn:aws:iam::222222222222:user/administrator'
    sandbox = await startSandbox({
      ...world,
      now: clock.now,
      timings: { billingModeUpdating: 20_000 },
      accessKeys: [...(world.accessKeys ?? []), { ...administratorKey, principal }],
    })
  },
  reset: () => sandbox.reset(),
  stop: () => sandbox.close(),
})
