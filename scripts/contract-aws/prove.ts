/** Runs the contract and the measurements in one account, and deletes everything that they created. */
import { randomUUID } from 'node:crypto'
import { parseArgs } from 'node:util'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import type { Clock } from '../../src/run/run.ts'
import { type CaseResult, runCases } from './cases.ts'
import { describeCost } from './cost.ts'
import type { Evidence } from './evidence.ts'
import { measureDurations } from './measurements.ts'
import { deleteRunTables, listTables, markOf, type RunMark } from './run-tables.ts'

export const usage = `npm run contract:aws -- --yes-in ACCOUNT_ID

Runs the contract tests against DynamoDB and STS in a real account, measures durations, writes docs/aws-evidence.md, and
deletes every table that it created, also after Ctrl-C and after a failure. It takes about 45 minutes.
Credentials and region come from the environment, as for the AWS CLI: AWS_REGION, AWS_PROFILE, AWS_ACCESS_KEY_ID and so on.

--yes-in ACCOUNT_ID   the account that the credentials must belong to; without it nothing is called
--run NAME            name of the run, part of the names of its tables; default: random
--delete-only         only delete the tables of the run that --run names
--only PATTERN        only the cases whose name matches
--speed N             speed of the clock of an emulator; needs AWS_ENDPOINT_URL`

export interface Options {
  readonly account: string
  readonly mark: RunMark
  readonly deleteOnly: boolean
  readonly only: string | undefined
  readonly speed: number
}

/** @throws {Error} with a message for the person who typed the arguments */
export function readOptions(words: readonly string[], hasEndpoint: boolean): Options {
  const { values } = parseArgs({
    args: [...words],
    options: {
      'yes-in': { type: 'string' },
      run: { type: 'string' },
      'delete-only': { type: 'boolean', default: false },
      only: { type: 'string' },
      speed: { type: 'string', default: '1' },
    },
  })
  const { 'yes-in': account = '', run, 'delete-only': deleteOnly, only, speed } = values
  if (!/^\d{12}$/.test(account)) throw new Error('Nothing was called. Give the id of the account: --yes-in ACCOUNT_ID')
  if (run !== undefined && !/^[a-z0-9-]{3,40}$/.test(run)) {
    throw new Error('--run must have 3 to 40 lower-case letters, digits or hyphens.')
  }
  if (deleteOnly && run === undefined) throw new Error('--delete-only needs the name of the run: --run NAME')
  if (!(Number(speed) > 0)) throw new Error(`--speed must be a number above 0, but is ${JSON.stringify(speed)}.`)
  if (speed !== '1' && !hasEndpoint) throw new Error('--speed is for emulators. Set AWS_ENDPOINT_URL, or leave it out.')
  return { account, mark: markOf(run ?? randomUUID().slice(0, 8)), deleteOnly, only, speed: Number(speed) }
}

export interface Ports {
  readonly region: string
  readonly clock: Clock
  readonly print: (line: string) => void
  /** Fires on SIGINT and SIGTERM. */
  readonly interrupted: AbortSignal
  readonly saveEvidence: (evidence: Omit<Evidence, 'date' | 'commit'>) => void
}

/** @returns whether every case passed, every duration was measured, and nothing is left in the account */
export async function prove(options: Options, ports: Ports): Promise<boolean> {
  const { mark, account, only, speed } = options
  const { region, clock, print, interrupted } = ports
  await assertAccount(options, region)
  const dynamoDb = new DynamoDBClient({ region, maxAttempts: 10 })
  const host = hostOf(dynamoDb)
  print(`Account ${account}, region ${region}, tables ${mark.prefix}*`)
  if (options.deleteOnly) return (await deleteRunTables(dynamoDb, mark, clock, print)).left.size === 0

  const present = await listTables(dynamoDb, mark.prefix)
  if (present.length > 0) {
    throw new Error(
      `There are tables of this run already: ${present.join(', ')}. Choose another --run, or use --delete-only.`,
    )
  }
  for (const line of describeCost()) print(line)
  const stopped = new AbortController()
  const stop = () => stopped.abort(new Error('stopped'))
  interrupted.addEventListener('abort', stop)
  if (interrupted.aborted) stop()
  const client = new DynamoDBClient({ region, maxAttempts: 1 })
  // Side by side, because an index takes ten minutes. Each has its own prefix: a case deletes all tables of the cases.
  const [cases, measurements] = await Promise.allSettled([
    runCases({ account, region, mark: within(mark, 'case-'), speed }, { only, stop: stopped.signal }),
    measureDurations({ client, mark: within(mark, 'time-'), clock, stop: stopped.signal }),
  ])
  print('Deleting the tables of this run')
  const deletion = await deleteRunTables(dynamoDb, mark, clock, print)
  if (cases.status === 'rejected') throw cases.reason
  if (measurements.status === 'rejected') throw measurements.reason
  for (const [name, reason] of deletion.left) print(`LEFT IN THE ACCOUNT: ${name}: ${reason}`)
  if (interrupted.aborted) {
    print('Stopped. No evidence was written.')
    return false
  }
  for (const problem of measurements.value.problems) print(`Not measured: ${problem}`)
  const evidence = {
    region,
    account,
    host: host(),
    only,
    cases: cases.value,
    measurements: measurements.value,
    deletion,
  }
  ports.saveEvidence(evidence)
  return hasPassed(cases.value) && measurements.value.problems.length === 0 && deletion.left.size === 0
}

const hasPassed = (cases: readonly CaseResult[]) =>
  cases.some(({ status }) => status === 'passed') && cases.every(({ status }) => status !== 'failed')

const within = (mark: RunMark, part: string): RunMark => ({ ...mark, prefix: `${mark.prefix}${part}` })

/** @throws {Error} if the credentials belong to another account */
async function assertAccount({ account }: Options, region: string): Promise<void> {
  const sts = new STSClient({ region, maxAttempts: 3 })
  const { Account, Arn = '' } = await sts.send(new GetCallerIdentityCommand({}))
  if (Account !== account) {
    throw new Error(`The credentials belong to account ${Account}, but --yes-in is ${account}. Nothing was written.`)
  }
  if (!Arn.startsWith('arn:aws:')) {
    throw new Error(`The contract tests are written for the partition aws, but the credentials are ${Arn}.`)
  }
}

/** Records the host that the client calls. */
function hostOf(client: DynamoDBClient): () => string {
  let host = ''
  client.middlewareStack.add(
    (next) => async (call) => {
      host = (call.request as { readonly hostname: string }).hostname
      return await next(call)
    },
    { step: 'finalizeRequest' },
  )
  return () => host
}
