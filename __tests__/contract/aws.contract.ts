/** The contract on AWS itself. `npm run contract:aws` starts it, with the run in CONTRACT_RUN; `npm test` does not. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { ContractRun } from '../../scripts/contract-aws/cases.ts'
import { deleteRunTables } from '../../scripts/contract-aws/run-tables.ts'
import { systemClock } from '../../src/run/run.ts'
import { fastClock } from '../support/clock.ts'
import { describeContract } from './contract.ts'

const { account, region, mark, speed } = JSON.parse(process.env.CONTRACT_RUN ?? '') as ContractRun
const clock = speed === 1 ? systemClock : fastClock(speed)
const administrator = new DynamoDBClient({ region, maxAttempts: 10 })

describeContract('AWS', {
  account,
  region,
  prefix: mark.prefix,
  tags: { [mark.tag.Key]: mark.tag.Value },
  // The credentials of this process are those of the action, without a role to assume.
  environment: () =>
    Object.fromEntries(
      Object.entries(process.env).flatMap(([name, value]) =>
        name.startsWith('AWS_') && value !== undefined ? [[name, value]] : [],
      ),
    ),
  inputs: { 'credential-source': 'environment', 'allowed-account-ids': account },
  clock: () => clock,
  buildsIndexes: true,
  changesTimeToLiveAgain: false,
  administrator: async () => administrator,
  start: async () => undefined,
  reset: async () => {
    const { left } = await deleteRunTables(administrator, mark, clock)
    if (left.size > 0) throw new Error(`Not deleted: ${[...left].map((table) => table.join(': ')).join('; ')}`)
  },
  stop: async () => administrator.destroy(),
})
