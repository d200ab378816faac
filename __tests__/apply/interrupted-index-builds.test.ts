/** Runs that end at any call while they change indexes: the next run completes the work, and repeats no change. */
import type { Watcher } from '../../sandbox/sandbox.ts'
import type { GlobalIndexes } from '../../src/table/properties/global-secondary-indexes.ts'
import { createRequest } from '../../src/table/values.ts'
import { aTable, globalIndex as index } from '../support/builders.ts'
import { type RunOptions, startSandboxRuns } from '../support/sandbox-runs.ts'

// Short changes, which take few polls.
const timings = { creatingWithIndexes: 0, indexCreating: 4000, indexAllocating: 1500, updating: 1500 }
const { emulator, sandbox, hands, clock, apply, writes } = await startSandboxRuns({ timings })

const rebuilt = index('email', { Projection: { ProjectionType: 'ALL' } })
const withIndexes = (...indexes: GlobalIndexes) => aTable({ GlobalSecondaryIndexes: indexes })
const wanted = withIndexes(index('date'), rebuilt)
const changes = ['Create by-date', 'Delete by-email', 'Create by-email', 'Delete by-old']

/** Creates the table as an earlier run did. */
async function createTable(): Promise<void> {
  await emulator.reset()
  const { properties } = withIndexes(index('email'), index('old'))
  const { operation, input } = createRequest({ name: 'users', arn: '' }, properties)
  await hands.call(operation, { ...input })
  // Backups can be read after some seconds.
  clock.pass(10_000)
}

/** From the n-th call on no request arrives, as after SIGKILL. That call is performed, or not. */
function killedAt(at: number, moment: 'before' | 'after'): Watcher {
  let seen = 0
  return (when) => {
    if (when === 'before') seen += 1
    if (seen > at || (seen === at && when === moment)) throw new Error('The process was killed')
  }
}

it.each<[string, RunOptions]>([
  ['waits for its builds', {}],
  ['does not wait for its last build', { waitForIndexes: false }],
])(
  'a run that %s and is killed at any call is completed by the next one, and no change is made twice',
  async (_, setting) => {
    const run = { ...setting, allow: ['rebuild-index', 'delete-index'] }
    await createTable()
    const whole = await apply(wanted, run)
    const all = sandbox.requests.length
    expect([whole.error, all > 15]).toEqual([undefined, true])
    for (let at = 1; at <= all; at += 1) {
      for (const moment of ['before', 'after'] as const) {
        await createTable()
        await apply(wanted, { ...run, watch: killedAt(at, moment) }).catch(() => undefined)
        const made = [...writes()]
        const { error } = await apply(wanted, { ...run, waitForIndexes: true })
        made.push(...writes())
        expect({ at, moment, error, made }).toEqual({ at, moment, error: undefined, made: changes })
        const { Table } = await hands.call('DescribeTable', { TableName: 'users' })
        expect(Table).toMatchObject({
          GlobalSecondaryIndexes: [
            { IndexName: 'by-date', IndexStatus: 'ACTIVE' },
            { IndexName: 'by-email', IndexStatus: 'ACTIVE', Projection: { ProjectionType: 'ALL' } },
          ],
        })
      }
    }
    expect((await apply(wanted, run)).steps).toEqual([])
  },
  300_000,
)
