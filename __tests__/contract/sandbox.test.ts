/** The contract on the sandbox, which has the durations, tag lags, tag locks and role trust of AWS. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { type Sandbox, startSandbox } from '../../sandbox/sandbox.ts'
import {
  administratorAccessKey,
  externalId,
  hubRole,
  provisionerRole,
  twoAccounts,
} from '../../sandbox/two-accounts.ts'
import { mostUnits } from '../../scripts/contract-aws/cost.ts'
import { fastClock } from '../support/clock.ts'
import { describeContract } from './contract.ts'

const region = 'ap-south-1'
// One clock for the sandbox and the action, 50 times faster than real time.
const clock = fastClock(50)
let sandbox: Sandbox

describeContract('the sandbox', {
  account: '222222222222',
  region,
  prefix: '',
  tags: {},
  environment: () => sandbox.environment,
  inputs: { 'role-to-assume': `${hubRole}\n${provisionerRole}`, 'role-external-id': externalId },
  clock: () => clock,
  buildsIndexes: true,
  changesTimeToLiveAgain: true,
  administrator: async () =>
    new DynamoDBClient({ region, endpoint: sandbox.url, credentials: administratorAccessKey, maxAttempts: 10 }),
  start: async () => {
    const options = twoAccounts('dev')
    sandbox = await startSandbox({
      ...options,
      now: clock.now,
      timings: { billingModeUpdating: 20_000, indexCreating: 30_000, indexAllocating: 5000, timeToLiveCooldown: 0 },
      accessKeys: [...(options.accessKeys ?? []), administratorAccessKey],
    })
  },
  reset: () => sandbox.reset(),
  stop: () => sandbox.close(),
})

it('the contract sends fewer requests for items than npm run contract:aws says before it starts', () => {
  const count = (...operations: readonly string[]) =>
    sandbox.requests.filter(({ operation }) => operations.includes(operation)).length
  const writes = count('PutItem', 'UpdateItem', 'DeleteItem')
  const reads = count('GetItem', 'Query', 'Scan')
  expect([writes > 0, reads > 0]).toEqual([true, true])
  // Each write of an item also writes it to at most three indexes.
  expect(writes * 4).toBeLessThan(mostUnits.writeRequests)
  expect(reads).toBeLessThan(mostUnits.readRequests)
})
